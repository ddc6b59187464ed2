/* The walker that writes a struct as JSON. */
#include "proto/json.h"
#include "proto/must.h"
#include "proto/rfc3339.h"

#include <string.h>

struct writer {
    char *at, *end;
    bool full;
};

static unsigned put_struct(struct writer *w, const struct type_info *type, const uint8_t *from);

static void put(struct writer *w, const char *text, size_t len) {
    if ((size_t)(w->end - w->at) < len) {
        w->full = true;
        return;
    }
    memcpy(w->at, text, len);
    w->at += len;
}
static void put_char(struct writer *w, char c) {
    put(w, &c, 1);
}
static void put_literal(struct writer *w, const char *text) {
    put(w, text, strlen(text));
}

static void put_number(struct writer *w, int64_t value) {
    char digits[20], *at = digits + sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do *--at = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (value < 0) put_char(w, '-');
    put(w, at, (size_t)(digits + sizeof digits - at));
}

static void put_escape(struct writer *w, unsigned char c) {
    static const char hex[] = "0123456789abcdef";
    char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    switch (c) {
    case '"':
    case '\\':
        put(w, (char[]){'\\', (char)c}, 2);
        break;
    case '\n':
        put(w, "\\n", 2);
        break;
    case '\r':
        put(w, "\\r", 2);
        break;
    case '\t':
        put(w, "\\t", 2);
        break;
    default:
        put(w, escape, sizeof escape);
    }
}

static void put_text(struct writer *w, const char *text, size_t len) {
    put_char(w, '"');
    size_t done = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) continue;
        put(w, text + done, i - done);
        put_escape(w, c);
        done = i + 1;
    }
    if (len) put(w, text + done, len - done);
    put_char(w, '"');
}

static void put_hex(struct writer *w, const struct bytes *bytes) {
    static const char hex[] = "0123456789abcdef";
    put_char(w, '"');
    for (uint32_t i = 0; i < bytes->len; i++) put(w, (char[]){hex[bytes->at[i] >> 4], hex[bytes->at[i] & 15]}, 2);
    put_char(w, '"');
}

static void put_value(struct writer *w, const struct field_info *f, const uint8_t *at) {
    switch (f->kind) {
    case FIELD_struct:
        put_struct(w, f->type, at);
        break;
    case FIELD_text: {
        const struct text *text = (const void *)at;
        put_text(w, text->at, text->len);
        break;
    }
    case FIELD_bytes:
        put_hex(w, (const void *)at);
        break;
    case FIELD_flag:
        put_literal(w, table_number(FIELD_flag, at) ? "true" : "false");
        break;
    case FIELD_word: {
        const char *word = word_text(f->word_set, *at);
        put_text(w, word, strlen(word));
        break;
    }
    case FIELD_time: {
        char text[RFC3339_BYTES];
        put_text(w, text, rfc3339_write(table_number(FIELD_time, at), text));
        break;
    }
    case FIELD_i64:
        put_char(w, '"');
        put_number(w, table_number(FIELD_i64, at));
        put_char(w, '"');
        break;
    default:
        put_number(w, table_number(f->kind, at));
    }
}

static void put_list(struct writer *w, const struct field_info *f, const uint8_t *at) {
    unsigned count = *(const uint16_t *)(const void *)at;
    must(count <= f->max);
    put_char(w, '[');
    at += f->items;
    for (unsigned i = 0; i < count; i++, at += f->size) {
        if (i > 0) put_char(w, ',');
        put_value(w, f, at);
    }
    put_char(w, ']');
}

static bool is_empty(const struct field_info *f, const uint8_t *at) {
    if (f->max) return *(const uint16_t *)(const void *)at == 0;
    if (f->kind == FIELD_struct) return false; /* shows when it is written */
    if (f->kind == FIELD_text) return ((const struct text *)(const void *)at)->len == 0;
    if (f->kind == FIELD_bytes) return ((const struct bytes *)(const void *)at)->len == 0;
    return table_number(f->kind, at) == 0;
}

static bool put_field(struct writer *w, const struct field_info *f, const uint8_t *at, bool first) {
    if (is_empty(f, at)) return false;
    char *start = w->at;
    if (!first) put_char(w, ',');
    put_char(w, '"');
    put_literal(w, f->name);
    put_literal(w, "\":");
    if (f->max) {
        put_list(w, f, at);
    } else if (f->kind != FIELD_struct) {
        put_value(w, f, at);
    } else if (put_struct(w, f->type, at) == 0) {
        w->at = start;
        return false;
    }
    return true;
}

/* Returns how many fields were not empty. */
static unsigned put_struct(struct writer *w, const struct type_info *type, const uint8_t *from) {
    unsigned count = 0;
    put_char(w, '{');
    const struct field_info *end = type->fields + type->count;
    for (const struct field_info *f = type->fields; f < end; f++)
        count += put_field(w, f, from + f->offset, count == 0);
    put_char(w, '}');
    return count;
}

bool json_write_struct(const struct type_info *type, const void *from, char *buf, size_t cap, size_t *ret_len) {
    struct writer w = {buf, buf + cap, false};
    put_struct(&w, type, from);
    put_char(&w, 0);
    if (w.full) return false;
    *ret_len = (size_t)(w.at - buf) - 1;
    return true;
}
