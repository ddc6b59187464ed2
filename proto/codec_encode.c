/* The walker that writes. The forms of numbers, lengths and heads are msgpack-c's own templates, bound here to a buffer of fixed
 * size instead of a callback. */
#include "proto/codec.h"
#include "proto/must.h"

#include <string.h>

struct writer {
    uint8_t *at, *end;
    bool full; /* something did not fit; what was written is worthless */
};

static inline int append(struct writer *w, const void *bytes, size_t len) {
    if ((size_t)(w->end - w->at) < len) {
        w->full = true;
        return -1;
    }
    if (len) memcpy(w->at, bytes, len);
    w->at += len;
    return 0;
}

#include <msgpack/pack_define.h>
#include <msgpack/timestamp.h>
#define msgpack_pack_inline_func(name)        static inline int pack##name
#define msgpack_pack_inline_func_cint(name)   static inline int pack##name
#define msgpack_pack_inline_func_fixint(name) static inline int pack_fixed##name
#define msgpack_pack_user                     struct writer *
#define msgpack_pack_append_buffer            return append
#include <msgpack/pack_template.h>

static unsigned put_struct(struct writer *w, const struct type_info *type, const uint8_t *from);

static void put_number(struct writer *w, int64_t value) {
    if (value >= 0)
        pack_uint64(w, (uint64_t)value);
    else
        pack_int64(w, value);
}

static void put_value(struct writer *w, const struct field_info *f, const uint8_t *at) {
    switch (f->kind) {
    case FIELD_struct:
        put_struct(w, f->type, at);
        break;
    case FIELD_text: {
        const struct text *text = (const void *)at;
        pack_str(w, text->len);
        pack_str_body(w, text->at, text->len);
        break;
    }
    case FIELD_bytes: {
        const struct bytes *bytes = (const void *)at;
        pack_bin(w, bytes->len);
        pack_bin_body(w, bytes->at, bytes->len);
        break;
    }
    case FIELD_flag:
        table_number(FIELD_flag, at) ? pack_true(w) : pack_false(w);
        break;
    default:
        put_number(w, table_number(f->kind, at));
    }
}

/* Whether a value is certainly empty. A struct with stray bytes in its padding is not caught here but by its field count. */
static bool looks_empty(const struct field_info *f, const uint8_t *at) {
    if (f->kind == FIELD_text) return ((const struct text *)(const void *)at)->len == 0;
    if (f->kind == FIELD_bytes) return ((const struct bytes *)(const void *)at)->len == 0;
    if (f->kind != FIELD_struct) return table_number(f->kind, at) == 0;
    uint64_t eight = 0;
    size_t i = 0;
    for (; i + sizeof eight <= f->size && eight == 0; i += sizeof eight) memcpy(&eight, at + i, sizeof eight);
    for (; i < f->size && eight == 0; i++) eight = at[i];
    return eight == 0;
}

static bool put_list(struct writer *w, const struct field_info *f, const uint8_t *at) {
    unsigned count = *(const uint16_t *)(const void *)at;
    if (count == 0) return false;
    must(count <= f->max);
    pack_uint8(w, f->tag);
    pack_array(w, count);
    at += f->items;
    for (unsigned i = 0; i < count; i++, at += f->size) put_value(w, f, at);
    return true;
}

static bool put_field(struct writer *w, const struct field_info *f, const uint8_t *at) {
    if (f->max) return put_list(w, f, at);
    if (looks_empty(f, at)) return false;
    uint8_t *start = w->at;
    pack_uint8(w, f->tag);
    if (f->kind == FIELD_struct) {
        if (put_struct(w, f->type, at) == 0) {
            w->at = start;
            return false;
        }
        return true;
    }
    must(f->kind != FIELD_word || *at <= f->word_max);
    put_value(w, f, at);
    return true;
}

/* The map's head is one byte until there are more than 15 fields; only then what follows moves up by two. */
static void put_map_head(struct writer *w, uint8_t *head, unsigned count) {
    if (count < 16) {
        *head = (uint8_t)(0x80 | count);
        return;
    }
    if (w->end - w->at < 2) {
        w->full = true;
        return;
    }
    memmove(head + 3, head + 1, (size_t)(w->at - (head + 1)));
    w->at += 2;
    struct writer at_head = {head, head + 3, false};
    pack_map(&at_head, count);
}

/* Returns how many fields were not empty. */
static unsigned put_struct(struct writer *w, const struct type_info *type, const uint8_t *from) {
    if (w->at == w->end) {
        w->full = true;
        return 1;
    }
    uint8_t *head = w->at++;
    unsigned count = 0;
    const struct field_info *end = type->fields + type->count;
    for (const struct field_info *f = type->fields; f < end; f++) count += put_field(w, f, from + f->offset);
    put_map_head(w, head, count);
    return count;
}

enum codec_error codec_encode(const struct type_info *type, const void *from, uint8_t *buf, size_t cap,
                              size_t *ret_len) {
    struct writer w = {buf, buf + (cap < MESSAGE_BYTES_MAX ? cap : MESSAGE_BYTES_MAX), false};
    put_struct(&w, type, from);
    if (w.full) return CODEC_FULL;
    *ret_len = (size_t)(w.at - buf);
    return CODEC_OK;
}
