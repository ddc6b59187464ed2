/* The tables behind proto/table.h: proto/messages.def read once more, this time as data. */
#include "proto/table.h"

#include "proto/must.h"

enum {
#define TABLE_WORD_MAX(set, list) WORD_MAX_##set = WORD_COUNT(list),
    WORD_SETS(TABLE_WORD_MAX)
};

/* A row of messages.def does not say which struct it stands in, but offsetof needs it. So a row macro is handed over in two
 * parts: ROW(ticket, ROW_F) is the beginning of an initialiser that ends in the name ROW_F, and the (tag, kind, name, doc)
 * that messages.def writes behind it become the arguments of ROW_F, which writes the rest. */
/* clang-format off */
#define ROW(owner, rest) {.offset = __builtin_offsetof(struct owner, rest

#define ROW_F(tag_, kind_, name_, doc_)                                                                                \
    name_), .tag = tag_, .kind = FIELD_##kind_, .size = sizeof(KIND_##kind_), .name = #name_, .doc = doc_},
#define ROW_E(tag_, set_, name_, doc_)                                                                                 \
    name_), .tag = tag_, .kind = FIELD_word, .word_set = WORDS_##set_, .word_max = WORD_MAX_##set_,                    \
        .size = sizeof(uint8_t), .name = #name_, .doc = doc_},
#define ROW_S(tag_, of, name_, doc_)                                                                                   \
    name_), .tag = tag_, .kind = FIELD_struct, .type = &type_##of, .size = sizeof(struct of), .name = #name_,          \
        .doc = doc_},
#define ROW_L(tag_, kind_, name_, max_, doc_)                                                                          \
    name_##_count), .tag = tag_, .kind = FIELD_##kind_, .max = max_, .items = LIST_GAP(KIND_##kind_),                  \
        .size = sizeof(KIND_##kind_), .name = #name_, .doc = doc_},
#define ROW_LS(tag_, of, name_, max_, doc_)                                                                            \
    name_##_count), .tag = tag_, .kind = FIELD_struct, .type = &type_##of, .max = max_, .items = LIST_GAP(struct of),  \
        .size = sizeof(struct of), .name = #name_, .doc = doc_},
#define LIST_GAP(item) __builtin_offsetof(struct { uint16_t count; item items[1]; }, items)
/* clang-format on */

#define TABLE_ROWS(owner, fields)                                                                                      \
    fields(ROW(owner, ROW_F), ROW(owner, ROW_E), ROW(owner, ROW_S), ROW(owner, ROW_L), ROW(owner, ROW_LS))
#define TABLE_TYPE(name_, fields_, doc_)                                                                               \
    static const struct field_info fields_##name_[] = {TABLE_ROWS(name_, fields_)};                                    \
    _Static_assert(sizeof(struct name_) <= UINT16_MAX, "offsets are 16 bits");                                         \
    const struct type_info type_##name_ = {.name = #name_,                                                             \
                                           .doc = doc_,                                                                \
                                           .fields = fields_##name_,                                                   \
                                           .count = sizeof fields_##name_ / sizeof fields_##name_[0],                  \
                                           .size = sizeof(struct name_)};
#define TABLE_MESSAGE_TYPE(number, name, fields, from, to, doc) TABLE_TYPE(name, fields, doc)
STRUCTS(TABLE_TYPE)
MESSAGES(TABLE_MESSAGE_TYPE)

#define TABLE_STRUCT_ROW(name, fields, doc) &type_##name,
static const struct type_info *const structs[] = {STRUCTS(TABLE_STRUCT_ROW)};

#define TABLE_MESSAGE_ROW(number, name, fields, from, to, doc) {number, #name, from, to, doc, &type_##name},
static const struct message_info messages[] = {MESSAGES(TABLE_MESSAGE_ROW)};
enum { MESSAGE_COUNT = sizeof messages / sizeof messages[0] };

const struct type_info *const *table_structs(size_t *ret_count) {
    *ret_count = sizeof structs / sizeof structs[0];
    return structs;
}

const struct message_info *table_messages(size_t *ret_count) {
    *ret_count = MESSAGE_COUNT;
    return messages;
}

const struct message_info *table_message(int number) {
    return number >= 1 && number <= MESSAGE_COUNT ? &messages[number - 1] : NULL;
}

const char *table_kind_name(enum field_kind kind) {
    static const char *const names[FIELD_KIND_COUNT] = {"",     "u8",   "u16",  "u32",   "i32",  "i64",
                                                        "flag", "time", "text", "bytes", "word", "struct"};
    must((int)kind < FIELD_KIND_COUNT);
    return names[kind];
}

const struct number_range table_ranges[FIELD_KIND_COUNT] = {
    [FIELD_u8] = {0, UINT8_MAX},           [FIELD_u16] = {0, UINT16_MAX},        [FIELD_u32] = {0, UINT32_MAX},
    [FIELD_i32] = {INT32_MIN, INT32_MAX},  [FIELD_i64] = {INT64_MIN, INT64_MAX}, [FIELD_flag] = {0, 1},
    [FIELD_time] = {INT64_MIN, INT64_MAX}, [FIELD_word] = {0, UINT8_MAX},
};
