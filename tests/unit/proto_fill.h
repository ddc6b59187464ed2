/* For tests of the walkers: fills any struct of proto/messages.def with values from a seed, and compares two field by field,
 * which is independent of the walkers themselves. */
#ifndef TESTS_UNIT_PROTO_FILL_H
#define TESTS_UNIT_PROTO_FILL_H

#include "proto/table.h"

#include <stdio.h>
#include <string.h>

struct fill {
    uint64_t state;   /* the seed at first */
    unsigned percent; /* of the fields that are set */
};

/* xorshift64*: small, good enough, the same everywhere. */
static inline uint64_t fill_random(struct fill *fill) {
    fill->state ^= fill->state >> 12;
    fill->state ^= fill->state << 25;
    fill->state ^= fill->state >> 27;
    return fill->state * 0x2545F4914F6CDD1DULL;
}

static inline unsigned fill_below(struct fill *fill, unsigned limit) {
    return (unsigned)(fill_random(fill) >> 33) % limit;
}

/* Now and then a limit of the type, otherwise of any magnitude. */
static inline int64_t fill_number(struct fill *fill, const struct field_info *f) {
    struct number_range range = table_range(f);
    unsigned choice = fill_below(fill, 8);
    if (choice == 0) return range.max;
    if (choice == 1) return range.min;
    int64_t value = (int64_t)(fill_random(fill) >> fill_below(fill, 64));
    if (choice == 2) value = -value;
    if (range.max != INT64_MAX) value %= range.max + 1;
    return value < range.min ? range.min : value;
}

static inline void fill_struct(struct fill *fill, const struct type_info *type, void *to);

static inline void fill_value(struct fill *fill, const struct field_info *f, uint8_t *to) {
    static const char *const texts[] = {"a",
                                        "路灯不亮",
                                        "1234567890123456789012345678901",
                                        "\"\\/\b\f\n\r\t\x01\x7f",
                                        "楼道杂物堆放, 已通知物业三次仍未清理, 请尽快处理并回电 🙏 é ß",
                                        "12345678901234567890123456789012 and more than thirty-two bytes <script>"};
    static const uint8_t blob[300] = {1, 0, 255, 128};
    const char *text = texts[fill_below(fill, sizeof texts / sizeof texts[0])];
    switch (f->kind) {
    case FIELD_struct:
        fill_struct(fill, f->type, to);
        break;
    case FIELD_text:
        *(struct text *)(void *)to = (struct text){text, (uint32_t)strlen(text)};
        break;
    case FIELD_bytes:
        *(struct bytes *)(void *)to = (struct bytes){blob, 1 + fill_below(fill, sizeof blob - 1)};
        break;
    default:
        table_number_set((enum field_kind)f->kind, to, fill_number(fill, f));
    }
}

/* Fields that are not set stay as they are. */
static inline void fill_struct(struct fill *fill, const struct type_info *type, void *to) {
    for (const struct field_info *f = type->fields; f < type->fields + type->count; f++) {
        uint8_t *at = (uint8_t *)to + f->offset;
        if (fill_below(fill, 100) >= fill->percent) continue;
        if (!f->max) {
            fill_value(fill, f, at);
            continue;
        }
        unsigned count = fill_below(fill, f->max + 1u);
        *(uint16_t *)(void *)at = (uint16_t)count;
        for (unsigned i = 0; i < count; i++) fill_value(fill, f, at + f->items + (size_t)i * f->size);
    }
}

/* NULL, or the name of the first field that differs. */
static inline const char *differing_field(const struct type_info *type, const void *a, const void *b);

static inline bool same_value(const struct field_info *f, const uint8_t *a, const uint8_t *b) {
    if (f->kind == FIELD_struct) return !differing_field(f->type, a, b);
    if (f->kind == FIELD_text) {
        const struct text *x = (const void *)a, *y = (const void *)b;
        return x->len == y->len && (x->len == 0 || memcmp(x->at, y->at, x->len) == 0);
    }
    if (f->kind == FIELD_bytes) {
        const struct bytes *x = (const void *)a, *y = (const void *)b;
        return x->len == y->len && (x->len == 0 || memcmp(x->at, y->at, x->len) == 0);
    }
    return table_number((enum field_kind)f->kind, a) == table_number((enum field_kind)f->kind, b);
}

static inline const char *differing_field(const struct type_info *type, const void *a, const void *b) {
    for (const struct field_info *f = type->fields; f < type->fields + type->count; f++) {
        const uint8_t *x = (const uint8_t *)a + f->offset, *y = (const uint8_t *)b + f->offset;
        unsigned count = 1;
        if (f->max) {
            count = *(const uint16_t *)(const void *)x;
            if (count != *(const uint16_t *)(const void *)y) return f->name;
            x += f->items, y += f->items;
        }
        for (unsigned i = 0; i < count; i++, x += f->size, y += f->size)
            if (!same_value(f, x, y)) return f->name;
    }
    return NULL;
}

/* All structs, then all messages; NULL behind the last. */
static inline const struct type_info *nth_type(size_t n) {
    size_t structs, messages;
    const struct type_info *const *types = table_structs(&structs);
    const struct message_info *infos = table_messages(&messages);
    if (n < structs) return types[n];
    return n < structs + messages ? infos[n - structs].type : NULL;
}

/* Room for any struct, aligned for all of them. */
union any_struct {
#define FILL_MEMBER(name, fields, doc)                           struct name name;
#define FILL_MESSAGE_MEMBER(number, name, fields, from, to, doc) struct name message_##name;
    STRUCTS(FILL_MEMBER)
    MESSAGES(FILL_MESSAGE_MEMBER)
};

#endif
