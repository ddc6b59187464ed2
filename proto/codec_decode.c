/* The walker that reads. It goes over the bytes with a cursor of its own, because msgpack-c's unpackers build a tree and allocate
 * what a length announces before they look whether it is there (docs/decisions/decode.md).
 *
 * Every head is checked against the bytes that are left when it is read, so nothing behind it can be led astray by a lie. */
#include "proto/codec.h"
#include "proto/utf8.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

struct reader {
    const uint8_t *start, *at, *end;
    struct codec_fault fault;
};

/* What stands next in the bytes. */
enum shape { SHAPE_NONE, SHAPE_NUMBER, SHAPE_FLAG, SHAPE_TEXT, SHAPE_BYTES, SHAPE_LIST, SHAPE_MAP, SHAPE_OTHER };

struct head {
    enum shape shape;
    bool negative;       /* a number: `value` is an int64_t */
    uint64_t value;      /* a number, a flag; or how many items, or how many bytes follow */
    const uint8_t *from; /* its first byte */
};

__attribute__((cold, noinline)) static enum codec_error fail(struct reader *r, enum codec_error error,
                                                             const uint8_t *at) {
    r->fault.error = error;
    r->fault.offset = (uint32_t)(at - r->start);
    r->fault.path[0] = 0;
    return error;
}

/* Puts a step in front of the path, on the way out. */
__attribute__((cold, noinline)) static void path_push(struct codec_fault *fault, const char *step) {
    size_t have = strlen(fault->path), add = strlen(step);
    bool dot = have > 0 && fault->path[0] != '[';
    if (have + add + dot >= sizeof fault->path) return;
    memmove(fault->path + add + dot, fault->path, have + 1);
    memcpy(fault->path, step, add);
    if (dot) fault->path[add] = '.';
}

__attribute__((cold, noinline)) static void path_push_number(struct codec_fault *fault, const char *form,
                                                             uint64_t number) {
    char step[32];
    snprintf(step, sizeof step, form, (unsigned long long)number);
    path_push(fault, step);
}

/* ---- heads --------------------------------------------------------------------------------------------------------- */

/* The heads from 0xc0 to 0xdf: what they begin, and in how many bytes the number or length follows. */
static const struct {
    uint8_t shape, width;
} wide_heads[32] = {
    {SHAPE_OTHER, 0},  {SHAPE_NONE, 0},   {SHAPE_FLAG, 0},   {SHAPE_FLAG, 0},   /* c0 nil, unused, false, true */
    {SHAPE_BYTES, 1},  {SHAPE_BYTES, 2},  {SHAPE_BYTES, 4},  {SHAPE_OTHER, 1},  /* c4 bin, ext */
    {SHAPE_OTHER, 2},  {SHAPE_OTHER, 4},  {SHAPE_OTHER, 0},  {SHAPE_OTHER, 0},  /* c8 ext, float */
    {SHAPE_NUMBER, 1}, {SHAPE_NUMBER, 2}, {SHAPE_NUMBER, 4}, {SHAPE_NUMBER, 8}, /* cc unsigned */
    {SHAPE_NUMBER, 1}, {SHAPE_NUMBER, 2}, {SHAPE_NUMBER, 4}, {SHAPE_NUMBER, 8}, /* d0 signed */
    {SHAPE_OTHER, 0},  {SHAPE_OTHER, 0},  {SHAPE_OTHER, 0},  {SHAPE_OTHER, 0},  /* d4 ext of 1 2 4 8 */
    {SHAPE_OTHER, 0},  {SHAPE_TEXT, 1},   {SHAPE_TEXT, 2},   {SHAPE_TEXT, 4},   /* d8 ext of 16, str */
    {SHAPE_LIST, 2},   {SHAPE_LIST, 4},   {SHAPE_MAP, 2},    {SHAPE_MAP, 4},    /* dc array, map */
};

static uint64_t load(const uint8_t *at, unsigned width) {
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (width) {
    case 1:
        return *at;
    case 2:
        memcpy(&two, at, 2);
        return be16toh(two);
    case 4:
        memcpy(&four, at, 4);
        return be32toh(four);
    default:
        memcpy(&eight, at, 8);
        return be64toh(eight);
    }
}

/* Bytes that follow the heads of no interest to us: extensions (and their type byte) and floats. */
static uint64_t other_bytes(uint8_t first, uint64_t value) {
    if (first >= 0xc7 && first <= 0xc9) return value + 1;
    if (first >= 0xd4 && first <= 0xd8) return (1ULL << (first - 0xd4)) + 1;
    return first == 0xca ? 4 : first == 0xcb ? 8 : 0;
}

static enum codec_error get_wide_head(struct reader *r, struct head *h) {
    uint8_t first = *h->from;
    unsigned width = wide_heads[first - 0xc0].width;
    h->shape = wide_heads[first - 0xc0].shape;
    if (h->shape == SHAPE_NONE) return fail(r, CODEC_BYTE, h->from);
    if ((size_t)(r->end - r->at) < width) return fail(r, CODEC_SHORT, h->from);
    h->value = width ? load(r->at, width) : 0;
    r->at += width;
    if (h->shape == SHAPE_FLAG) h->value = first & 1;
    if (h->shape == SHAPE_OTHER) h->value = other_bytes(first, h->value);
    if (first >= 0xd0 && first <= 0xd3) { /* sign extended */
        unsigned spare = 64 - 8 * width;
        int64_t value = (int64_t)(h->value << spare) >> spare;
        h->value = (uint64_t)value;
        h->negative = value < 0;
    }
    return CODEC_OK;
}

static inline enum codec_error get_head(struct reader *r, struct head *h) {
    h->shape = SHAPE_NONE;
    if (r->at == r->end) return fail(r, CODEC_SHORT, r->at);
    uint8_t first = *(h->from = r->at++);
    h->negative = false;
    if (first <= 0x7f) {
        h->shape = SHAPE_NUMBER;
        h->value = first;
        return CODEC_OK;
    }
    if (first >= 0xe0) {
        h->shape = SHAPE_NUMBER;
        h->value = (uint64_t)(int64_t)(int8_t)first;
        h->negative = true;
        return CODEC_OK;
    }
    if (first < 0xc0) {
        h->shape = first <= 0x8f ? SHAPE_MAP : first <= 0x9f ? SHAPE_LIST : SHAPE_TEXT;
        h->value = first & (first <= 0x9f ? 0x0f : 0x1f);
    } else {
        enum codec_error error = get_wide_head(r, h);
        if (error) return error;
    }
    if (h->shape <= SHAPE_FLAG) return CODEC_OK;
    size_t left = (size_t)(r->end - r->at); /* every item takes at least a byte, every pair of a map two */
    if (h->value > (h->shape == SHAPE_MAP ? left / 2 : left)) return fail(r, CODEC_LENGTH, h->from);
    return CODEC_OK;
}

/* Passes over one value of any shape. */
static enum codec_error skip(struct reader *r, int depth) {
    struct head h;
    enum codec_error error = get_head(r, &h);
    if (error) return error;
    if (h.shape <= SHAPE_FLAG) return CODEC_OK;
    if (h.shape != SHAPE_LIST && h.shape != SHAPE_MAP) {
        r->at += h.value;
        return CODEC_OK;
    }
    if (depth > MESSAGE_DEPTH_MAX) return fail(r, CODEC_DEPTH, h.from);
    for (uint64_t left = h.shape == SHAPE_MAP ? 2 * h.value : h.value; left > 0; left--)
        if ((error = skip(r, depth + 1))) return error;
    return CODEC_OK;
}

/* ---- values -------------------------------------------------------------------------------------------------------- */

static enum codec_error get_struct(struct reader *r, const struct type_info *type, uint8_t *to, int depth);

static enum codec_error set_number(struct reader *r, const struct field_info *f, const struct head *h, uint8_t *to) {
    if (h->shape != SHAPE_NUMBER) return fail(r, CODEC_KIND, h->from);
    struct number_range range = table_range(f);
    bool fits = h->negative ? (int64_t)h->value >= range.min : h->value <= (uint64_t)range.max;
    if (!fits) return fail(r, f->kind == FIELD_word ? CODEC_WORD : CODEC_RANGE, h->from);
    table_number_set(f->kind, to, (int64_t)h->value);
    return CODEC_OK;
}

static enum codec_error set_text(struct reader *r, const struct head *h, struct text *to) {
    if (h->shape != SHAPE_TEXT) return fail(r, CODEC_KIND, h->from);
    const char *at = (const char *)r->at;
    size_t good = utf8_span(at, h->value);
    if (good < h->value) return fail(r, CODEC_TEXT, r->at + good);
    if (h->value) *to = (struct text){at, (uint32_t)h->value};
    r->at += h->value;
    return CODEC_OK;
}

static enum codec_error set_bytes(struct reader *r, const struct head *h, struct bytes *to) {
    if (h->shape != SHAPE_BYTES) return fail(r, CODEC_KIND, h->from);
    if (h->value) *to = (struct bytes){r->at, (uint32_t)h->value};
    r->at += h->value;
    return CODEC_OK;
}

/* One value: a field, or an item of a list. */
static enum codec_error get_value(struct reader *r, const struct field_info *f, uint8_t *to, int depth) {
    if (f->kind == FIELD_struct) return get_struct(r, f->type, to, depth);
    struct head h;
    enum codec_error error = get_head(r, &h);
    if (error) return error;
    switch (f->kind) {
    case FIELD_text:
        return set_text(r, &h, (void *)to);
    case FIELD_bytes:
        return set_bytes(r, &h, (void *)to);
    case FIELD_flag:
        if (h.shape != SHAPE_FLAG) return fail(r, CODEC_KIND, h.from);
        table_number_set(FIELD_flag, to, (int64_t)h.value);
        return CODEC_OK;
    default:
        return set_number(r, f, &h, to);
    }
}

static enum codec_error get_list(struct reader *r, const struct field_info *f, uint8_t *to, int depth) {
    struct head h;
    enum codec_error error = get_head(r, &h);
    if (error) return error;
    if (h.shape != SHAPE_LIST) return fail(r, CODEC_KIND, h.from);
    if (h.value > f->max) return fail(r, CODEC_LIST, h.from);
    if (depth > MESSAGE_DEPTH_MAX) return fail(r, CODEC_DEPTH, h.from);
    uint8_t *item = to + f->items;
    for (unsigned i = 0; i < h.value; i++, item += f->size)
        if ((error = get_value(r, f, item, depth + 1))) {
            path_push_number(&r->fault, "[%llu]", i);
            return error;
        }
    *(uint16_t *)(void *)to = (uint16_t)h.value;
    return CODEC_OK;
}

static enum codec_error get_tag(struct reader *r, uint64_t after, uint64_t *ret_tag) {
    struct head h;
    enum codec_error error = get_head(r, &h);
    if (error) return error;
    if (h.shape != SHAPE_NUMBER || h.negative || h.value <= after) return fail(r, CODEC_TAG, h.from);
    *ret_tag = h.value;
    return CODEC_OK;
}

/* `to` is all zero. Tags ascend in the bytes as in the table, so one pass over both is enough. */
static enum codec_error get_struct(struct reader *r, const struct type_info *type, uint8_t *to, int depth) {
    struct head h;
    enum codec_error error = get_head(r, &h);
    if (error) return error;
    if (h.shape != SHAPE_MAP) return fail(r, CODEC_KIND, h.from);
    if (depth > MESSAGE_DEPTH_MAX) return fail(r, CODEC_DEPTH, h.from);
    const struct field_info *f = type->fields, *end = f + type->count;
    uint64_t tag = 0;
    for (uint64_t left = h.value; left > 0; left--) {
        if ((error = get_tag(r, tag, &tag))) return error;
        while (f < end && f->tag < tag) f++;
        if (f == end || f->tag != tag) {
            if ((error = skip(r, depth + 1))) {
                path_push_number(&r->fault, "#%llu", tag);
                return error;
            }
            continue;
        }
        error = f->max ? get_list(r, f, to + f->offset, depth + 1) : get_value(r, f, to + f->offset, depth + 1);
        if (error) {
            path_push(&r->fault, f->name);
            return error;
        }
    }
    return CODEC_OK;
}

static enum codec_error decode(const struct type_info *type, struct reader *r, bool whole, void *ret_struct) {
    memset(ret_struct, 0, type->size);
    enum codec_error error =
        r->end - r->start > MESSAGE_BYTES_MAX ? fail(r, CODEC_LARGE, r->start) : get_struct(r, type, ret_struct, 1);
    if (!error && whole && r->at != r->end) error = fail(r, CODEC_TRAILING, r->at);
    if (error) memset(ret_struct, 0, type->size);
    return error;
}

enum codec_error codec_decode(const struct type_info *type, const uint8_t *buf, size_t len, void *ret_struct,
                              struct codec_fault *ret_fault) {
    struct reader r = {.start = buf, .at = buf, .end = buf + len};
    enum codec_error error = decode(type, &r, true, ret_struct);
    if (error && ret_fault) *ret_fault = r.fault;
    return error;
}

enum codec_error codec_decode_front(const struct type_info *type, const uint8_t *buf, size_t len, void *ret_struct,
                                    size_t *ret_used, struct codec_fault *ret_fault) {
    struct reader r = {.start = buf, .at = buf, .end = buf + len};
    enum codec_error error = decode(type, &r, false, ret_struct);
    if (!error) *ret_used = (size_t)(r.at - buf);
    if (error && ret_fault) *ret_fault = r.fault;
    return error;
}
