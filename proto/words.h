/* The vocabulary of proto/words.def as enums and tables. A word set is found by its enum word_set; within it a word is found
 * by value or by text. All strings are static. */
#ifndef PROTO_WORDS_H
#define PROTO_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/words.def"

#define WORD_ENUM_ITEM(value, name, text, zh, en) name = value,
#define WORD_ENUM(set, list)                      enum set { list(WORD_ENUM_ITEM) };
WORD_SETS(WORD_ENUM)

#define WORD_SET_ITEM(set, list) WORDS_##set,
enum word_set { WORD_SETS(WORD_SET_ITEM) WORD_SET_COUNT };

#define WORD_COUNT_ITEM(value, name, text, zh, en) +1
#define WORD_COUNT(list)                           (0 list(WORD_COUNT_ITEM))
enum {
    STATE_COUNT = WORD_COUNT(STATE_WORDS) + 1, /* sizes of arrays indexed by the word's value; 0 is "not given" */
    COMMAND_COUNT = WORD_COUNT(COMMAND_WORDS) + 1,
    EVENT_COUNT = WORD_COUNT(EVENT_WORDS) + 1,
    ROLE_COUNT = WORD_COUNT(ROLE_WORDS) + 1,
    URGENCY_COUNT = WORD_COUNT(URGENCY_WORDS) + 1,
    STAGE_COUNT = WORD_COUNT(STAGE_WORDS) + 1,
    RUNG_COUNT = WORD_COUNT(RUNG_WORDS) + 1,
    CHANNEL_COUNT = WORD_COUNT(CHANNEL_WORDS) + 1,
    UNIT_KIND_COUNT = WORD_COUNT(UNIT_KIND_WORDS) + 1,
};

struct word {
    int value;
    const char *name; /* the C name */
    const char *text; /* in JSON, SQL, command line */
    const char *zh, *en;
};

/* The words of a set, `*ret_count` of them, in order of value. */
const struct word *word_list(enum word_set set, size_t *ret_count);
/* The set's own name, such as "state". */
const char *word_set_name(enum word_set set);
/* The word with this value, or NULL. */
const struct word *word_by_value(enum word_set set, int value);
/* Text of a value; "" when there is none (0 or unknown). Never NULL. */
const char *word_text(enum word_set set, int value);
/* All texts of a set, ", " between, into ret_text; cut at a whole word when `size` is too small. Returns ret_text. */
const char *word_texts(enum word_set set, char *ret_text, size_t size);
/* Value of a text (exact bytes), or 0. */
int word_value(enum word_set set, const char *text, size_t len);

#endif
