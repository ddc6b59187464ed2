/* The walker that reads a struct from a tree of cJSON. It goes on after a misfit, so that a form's errors are told at once. */
#include "proto/json.h"
#include "proto/rfc3339.h"
#include "proto/utf8.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

struct reader {
    struct misfit *misfits;
    size_t max, count;
    char pointer[MISFIT_POINTER_MAX];
    size_t len; /* of the pointer; when cut it stays at its longest */
};

static void get_struct(struct reader *r, const struct type_info *type, cJSON *from, uint8_t *to);

static void misfit(struct reader *r, enum misfit_kind kind) {
    if (r->count < r->max) {
        struct misfit *m = &r->misfits[r->count];
        m->kind = kind;
        memcpy(m->pointer, r->pointer, r->len);
        m->pointer[r->len] = 0;
    }
    r->count++;
}

/* ---- the pointer: one step per level, taken back on the way out ---------------------------------------------------- */

static bool push(struct reader *r, const char *bytes, size_t len) {
    if (r->len + len >= sizeof r->pointer) return false;
    memcpy(r->pointer + r->len, bytes, len);
    r->len += len;
    return true;
}

static size_t enter(struct reader *r, const char *name) {
    size_t before = r->len;
    if (!push(r, "/", 1)) return before;
    while (*name) {
        size_t size = 1; /* whole characters: a first byte and the 10xxxxxx behind it */
        while ((name[size] & 0xC0) == 0x80) size++;
        bool pushed = *name == '~' ? push(r, "~0", 2) : *name == '/' ? push(r, "~1", 2) : push(r, name, size);
        if (!pushed) break;
        name += size;
    }
    return before;
}

static size_t enter_item(struct reader *r, unsigned number) {
    char text[12];
    snprintf(text, sizeof text, "%u", number);
    return enter(r, text);
}

static void leave(struct reader *r, size_t before) {
    r->len = before;
}

/* ---- values -------------------------------------------------------------------------------------------------------- */

static void get_number(struct reader *r, const struct field_info *f, const cJSON *from, uint8_t *to) {
    struct number_range range = table_range(f);
    double value = from->valuedouble;
    if (!cJSON_IsNumber(from))
        misfit(r, MISFIT_NUMBER);
    else if (!(value >= (double)range.min && value <= (double)range.max)) /* so that NaN is none either */
        misfit(r, MISFIT_RANGE);
    else if (value != (double)(int64_t)value)
        misfit(r, MISFIT_NUMBER);
    else
        table_number_set(f->kind, to, (int64_t)value);
}

/* Digits only, a minus sign perhaps, nothing in front of them, and no zero in front of other digits. */
static bool read_id(const char *text, int64_t *ret_value, enum misfit_kind *ret_why) {
    *ret_why = MISFIT_ID;
    bool negative = *text == '-';
    const char *at = text + negative;
    if (*at < '0' || *at > '9' || (*at == '0' && (at[1] || negative))) return false;
    uint64_t value = 0, most = (uint64_t)INT64_MAX + negative;
    for (; *at; at++) {
        if (*at < '0' || *at > '9') return false;
        uint64_t digit = (uint64_t)(*at - '0');
        if (value > (most - digit) / 10) {
            *ret_why = MISFIT_RANGE;
            return false;
        }
        value = value * 10 + digit;
    }
    *ret_value = (int64_t)(negative ? 0 - value : value);
    return true;
}

static void get_id(struct reader *r, const struct field_info *f, const cJSON *from, uint8_t *to) {
    int64_t value;
    enum misfit_kind why = MISFIT_ID;
    if (cJSON_IsString(from) && read_id(from->valuestring, &value, &why))
        table_number_set(f->kind, to, value);
    else
        misfit(r, why);
}

static void get_time(struct reader *r, const struct field_info *f, const cJSON *from, uint8_t *to) {
    time_ms value;
    if (cJSON_IsString(from) && rfc3339_read(from->valuestring, strlen(from->valuestring), &value))
        table_number_set(f->kind, to, value);
    else
        misfit(r, MISFIT_TIME);
}

static void get_word(struct reader *r, const struct field_info *f, const cJSON *from, uint8_t *to) {
    int value = cJSON_IsString(from) ? word_value(f->word_set, from->valuestring, strlen(from->valuestring)) : 0;
    if (value > 0)
        table_number_set(FIELD_word, to, value);
    else
        misfit(r, MISFIT_WORD);
}

static void get_text(struct reader *r, const cJSON *from, struct text *to) {
    if (!cJSON_IsString(from)) {
        misfit(r, MISFIT_TEXT);
        return;
    }
    size_t len = strlen(from->valuestring);
    if (len > UINT32_MAX || utf8_span(from->valuestring, len) < len) {
        misfit(r, MISFIT_UTF8);
        return;
    }
    if (len) *to = (struct text){from->valuestring, (uint32_t)len};
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Two digits become one byte, so decoding never overtakes what is still to be read. */
static void get_bytes(struct reader *r, cJSON *from, struct bytes *to) {
    size_t len = cJSON_IsString(from) ? strlen(from->valuestring) : 1;
    bool good = len % 2 == 0 && len / 2 <= UINT32_MAX;
    for (size_t i = 0; good && i < len; i++) good = hex_digit(from->valuestring[i]) >= 0;
    if (!good) {
        misfit(r, MISFIT_BYTES);
        return;
    }
    uint8_t *bytes = (uint8_t *)from->valuestring;
    for (size_t i = 0; i < len; i += 2)
        bytes[i / 2] = (uint8_t)(hex_digit(from->valuestring[i]) << 4 | hex_digit(from->valuestring[i + 1]));
    if (len) *to = (struct bytes){bytes, (uint32_t)(len / 2)};
}

static void get_value(struct reader *r, const struct field_info *f, cJSON *from, uint8_t *to) {
    switch (f->kind) {
    case FIELD_struct:
        get_struct(r, f->type, from, to);
        break;
    case FIELD_text:
        get_text(r, from, (void *)to);
        break;
    case FIELD_bytes:
        get_bytes(r, from, (void *)to);
        break;
    case FIELD_word:
        get_word(r, f, from, to);
        break;
    case FIELD_time:
        get_time(r, f, from, to);
        break;
    case FIELD_i64:
        get_id(r, f, from, to);
        break;
    case FIELD_flag:
        if (cJSON_IsBool(from))
            table_number_set(FIELD_flag, to, cJSON_IsTrue(from));
        else
            misfit(r, MISFIT_FLAG);
        break;
    default:
        get_number(r, f, from, to);
    }
}

static void get_list(struct reader *r, const struct field_info *f, cJSON *from, uint8_t *to) {
    if (!cJSON_IsArray(from)) {
        misfit(r, MISFIT_LIST);
        return;
    }
    unsigned count = 0;
    for (cJSON *item = from->child; item; item = item->next, count++) {
        if (count == f->max) {
            misfit(r, MISFIT_LONG);
            return;
        }
        size_t before = enter_item(r, count);
        get_value(r, f, item, to + f->items + (size_t)count * f->size);
        leave(r, before);
    }
    *(uint16_t *)(void *)to = (uint16_t)count;
}

static const struct field_info *field_named(const struct type_info *type, const char *name) {
    for (const struct field_info *f = type->fields; f < type->fields + type->count; f++)
        if (strcmp(f->name, name) == 0) return f;
    return NULL;
}

static void get_member(struct reader *r, const struct type_info *type, cJSON *from, uint8_t *to, uint64_t *seen) {
    const struct field_info *f = field_named(type, from->string);
    if (!f) {
        misfit(r, MISFIT_UNKNOWN);
        return;
    }
    uint64_t bit = 1ULL << (f - type->fields); /* a struct has at most 64 fields (checked by a test) */
    if (*seen & bit) {
        misfit(r, MISFIT_TWICE);
        return;
    }
    *seen |= bit;
    if (cJSON_IsNull(from)) return;
    if (f->max)
        get_list(r, f, from, to + f->offset);
    else
        get_value(r, f, from, to + f->offset);
}

static void get_struct(struct reader *r, const struct type_info *type, cJSON *from, uint8_t *to) {
    if (!cJSON_IsObject(from)) {
        misfit(r, MISFIT_OBJECT);
        return;
    }
    uint64_t seen = 0;
    for (cJSON *member = from->child; member; member = member->next) {
        size_t before = enter(r, member->string);
        get_member(r, type, member, to, &seen);
        leave(r, before);
    }
}

size_t json_read_struct(const struct type_info *type, struct cJSON *tree, void *ret_struct, struct misfit *ret_misfits,
                        size_t misfits_max) {
    struct reader r = {.misfits = ret_misfits, .max = misfits_max};
    memset(ret_struct, 0, type->size);
    get_struct(&r, type, tree, ret_struct);
    if (r.count) memset(ret_struct, 0, type->size);
    return r.count;
}

#define MISFIT_ROW(name, zh, en) [name] = {zh, en},
static const struct { const char *zh, *en; } sentences[MISFIT_COUNT] = {{"", ""}, MISFITS(MISFIT_ROW)};

const char *misfit_zh(enum misfit_kind kind) {
    return (int)kind < MISFIT_COUNT ? sentences[kind].zh : "";
}
const char *misfit_en(enum misfit_kind kind) {
    return (int)kind < MISFIT_COUNT ? sentences[kind].en : "";
}
