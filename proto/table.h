/* Field tables made from proto/messages.def: plain data that the walkers (codec.h, json.h), the lock file and the documents
 * read. A struct's table is `type_NAME`, such as `&type_ticket`. Everything here is static and constant. */
#ifndef PROTO_TABLE_H
#define PROTO_TABLE_H

#include "proto/messages.h"

enum field_kind {
    FIELD_u8 = 1,
    FIELD_u16,
    FIELD_u32,
    FIELD_i32,
    FIELD_i64,
    FIELD_flag,
    FIELD_time,
    FIELD_text,
    FIELD_bytes,
    FIELD_word,
    FIELD_struct
};
enum { FIELD_KIND_COUNT = FIELD_struct + 1 };

struct field_info {
    uint8_t tag;
    uint8_t kind;                 /* enum field_kind: of the field, or of the items of a list */
    uint8_t word_set;             /* FIELD_word: enum word_set */
    uint8_t word_max;             /* FIELD_word: the last word's value */
    uint16_t max;                 /* a list: how many items it can hold; otherwise 0 */
    uint16_t offset;              /* of the value; of a list: of its uint16_t count */
    uint16_t items;               /* a list: from its count to its first item */
    uint16_t size;                /* of the value, or of one item */
    const struct type_info *type; /* FIELD_struct: its table */
    const char *name, *doc;
};

struct type_info {
    const char *name, *doc;
    const struct field_info *fields; /* tags ascending */
    uint16_t count;
    uint16_t size; /* sizeof the C struct */
};

struct message_info {
    int number; /* enum message_type */
    const char *name, *from, *to, *doc;
    const struct type_info *type;
};

#define TABLE_DECLARE(name, fields, doc)                           extern const struct type_info type_##name;
#define TABLE_DECLARE_MESSAGE(number, name, fields, from, to, doc) TABLE_DECLARE(name, fields, doc)
STRUCTS(TABLE_DECLARE)
MESSAGES(TABLE_DECLARE_MESSAGE)

/* All structs that are no messages, and all messages in order of number (1..n without gaps). */
const struct type_info *const *table_structs(size_t *ret_count);
const struct message_info *table_messages(size_t *ret_count);

/* NULL when there is no such message. */
const struct message_info *table_message(int number);

/* "u32", "time", "struct" ... */
const char *table_kind_name(enum field_kind kind);

/* The value at `at` as one number: integers, times, words and flags. */
static inline int64_t table_number(enum field_kind kind, const void *at) {
    switch (kind) {
    case FIELD_u8:
    case FIELD_word:
        return *(const uint8_t *)at;
    case FIELD_u16:
        return *(const uint16_t *)at;
    case FIELD_u32:
        return *(const uint32_t *)at;
    case FIELD_i32:
        return *(const int32_t *)at;
    case FIELD_i64:
    case FIELD_time:
        return *(const int64_t *)at;
    case FIELD_flag:
        return *(const bool *)at;
    default:
        return 0;
    }
}

/* The reverse; the caller has checked that the value lies in the kind's range. */
static inline void table_number_set(enum field_kind kind, void *at, int64_t value) {
    switch (kind) {
    case FIELD_u8:
    case FIELD_word:
        *(uint8_t *)at = (uint8_t)value;
        break;
    case FIELD_u16:
        *(uint16_t *)at = (uint16_t)value;
        break;
    case FIELD_u32:
        *(uint32_t *)at = (uint32_t)value;
        break;
    case FIELD_i32:
        *(int32_t *)at = (int32_t)value;
        break;
    case FIELD_i64:
    case FIELD_time:
        *(int64_t *)at = value;
        break;
    case FIELD_flag:
        *(bool *)at = value != 0;
        break;
    default:
        break;
    }
}

struct number_range {
    int64_t min, max;
};
extern const struct number_range table_ranges[FIELD_KIND_COUNT]; /* what the C type of each kind can hold */

/* What the field can hold: its C type's range, for a word what the vocabulary has. */
static inline struct number_range table_range(const struct field_info *field) {
    if (field->kind == FIELD_word) return (struct number_range){0, field->word_max};
    return table_ranges[field->kind];
}

#endif
