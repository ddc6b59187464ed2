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

const char *word_texts(enum word_set set, char *ret_text, size_t size) {
    size_t used = 0;
    ret_text[0] = 0;
    for (size_t i = 0; i < sets[set].count; i++) {
        const char *text = sets[set].words[i].text;
        size_t len = strlen(text), gap = i > 0 ? 2 : 0;
        if (used + gap + len + 1 > size) break;
        memcpy(ret_text + used, ", ", gap);
        memcpy(ret_text + used + gap, text, len + 1);
        used += gap + len;
    }
    return ret_text;
}
