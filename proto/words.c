/* Tables behind proto/words.h, made from proto/words.def. */
#include "proto/words.h"

#include <string.h>

#define WORD_ROW(value, name, text, zh, en) {value, #name, text, zh, en},
#define WORD_TABLE(set, list)               static const struct word words_##set[] = {list(WORD_ROW)};
WORD_SETS(WORD_TABLE)

#define WORD_SET_ROW(set, list) {#set, words_##set, sizeof words_##set / sizeof words_##set[0]},
static const struct {
    const char *name;
    const struct word *words;
    size_t count;
} sets[] = {WORD_SETS(WORD_SET_ROW)};

const struct word *word_list(enum word_set set, size_t *ret_count) {
    *ret_count = sets[set].count;
    return sets[set].words;
}

const char *word_set_name(enum word_set set) {
    return sets[set].name;
}

const struct word *word_by_value(enum word_set set, int value) {
    /* values run 1..count without gaps (checked by a test) */
    if (value < 1 || (size_t)value > sets[set].count) return NULL;
    return &sets[set].words[value - 1];
}

const char *word_text(enum word_set set, int value) {
    const struct word *w = word_by_value(set, value);
    return w ? w->text : "";
}

int word_value(enum word_set set, const char *text, size_t len) {
    for (size_t i = 0; i < sets[set].count; i++) {
        const char *t = sets[set].words[i].text;
        if (strlen(t) == len && memcmp(t, text, len) == 0) return sets[set].words[i].value;
    }
    return 0;
}
