/* See rule_text.h. */
#include "services/kit/rule_text.h"

#include <stdlib.h>
#include <string.h>

#include "proto/must.h"

static bool add_word(struct span word, struct rule_word *words, uint32_t *count, uint16_t *mask) {
    for (uint32_t i = 0; i < *count; i++) {
        if (words[i].len != word.len || memcmp(words[i].at, word.at, word.len) != 0) continue;
        *mask |= words[i].bit;
        return true;
    }
    if (*count == RULE_WORDS_MAX) return false;
    words[*count] = (struct rule_word){word.at, (uint16_t)word.len, (uint16_t)(1u << *count), 0};
    *mask |= words[(*count)++].bit;
    return true;
}

/* Up to the mark, moved behind it. */
static struct span part(const char **at, const char *end, char mark) {
    const char *from = *at, *to = memchr(from, mark, (size_t)(end - from));
    if (!to) to = end;
    *at = to < end ? to + 1 : end;
    return text_trim(from, (size_t)(to - from));
}

enum rule_text_fault rule_text_read(struct arena *arena, const char *text, size_t len, struct rule *rule,
                                    struct rule_word ret_words[RULE_WORDS_MAX], uint32_t *ret_count) {
    struct span folded;
    *ret_count = 0;
    rule->alternative_count = 0;
    if (text_fold(arena, text, len, &folded) != ERR_NONE) return RULE_TEXT_INVALID;
    for (const char *at = folded.at, *end = at + folded.len; at < end;) {
        struct span alternative = part(&at, end, '|');
        if (rule->alternative_count == RULE_WORDS_MAX) return RULE_TEXT_TOO_MANY;
        uint16_t *mask = &rule->alternatives[rule->alternative_count++];
        *mask = 0;
        const char *inner = alternative.at, *inner_end = inner + alternative.len;
        do {
            struct span word = part(&inner, inner_end, '+');
            if (text_length(word.at, word.len) < 2) return RULE_TEXT_TOO_SHORT;
            if (word.len > RULE_WORD_BYTES_MAX) return RULE_TEXT_TOO_LONG;
            if (!add_word(word, ret_words, ret_count, mask)) return RULE_TEXT_TOO_MANY;
        } while (inner < inner_end);
    }
    return RULE_TEXT_OK;
}

uint16_t rule_text_find(struct arena *arena, const struct world *world, struct span title, struct span description,
                        uint32_t ret_rules[ROUTE_RULES_MAX]) {
    const struct span said[] = {title, description};
    struct text texts[2];
    int count = 0;
    if (world->rule_word_count == 0) return 0;
    for (int i = 0; i < 2; i++) {
        struct span folded;
        if (!said[i].len || text_fold(arena, said[i].at, said[i].len, &folded) != ERR_NONE) continue;
        texts[count++] = (struct text){folded.at, (uint32_t)folded.len};
    }
    return rule_find(world, texts, count, ret_rules);
}

static int by_bytes(const void *a_, const void *b_) {
    const struct rule_word *a = a_, *b = b_;
    int order = memcmp(a->at, b->at, a->len < b->len ? a->len : b->len);
    return order ? order : (a->len > b->len) - (a->len < b->len);
}

struct pair {
    struct rule rule;
    struct reference_rule text;
};

static int by_order(const void *a, const void *b) {
    return rule_order(&((const struct pair *)a)->rule, &((const struct pair *)b)->rule);
}

static void sort_rules(struct rule *rules, struct reference_rule *texts, uint32_t count) {
    struct pair *pairs = calloc(count + 1, sizeof *pairs);
    must(pairs);
    for (uint32_t i = 0; i < count; i++) pairs[i] = (struct pair){rules[i], texts[i]};
    qsort(pairs, count, sizeof *pairs, by_order);
    for (uint32_t i = 0; i < count; i++) rules[i] = pairs[i].rule, texts[i] = pairs[i].text;
    free(pairs);
}

void rule_text_seal(struct arena *arena, struct rule *rules, struct reference_rule *texts, uint32_t count,
                    struct reference *reference) {
    struct rule_word *words = arena_zeroed(arena, (size_t)count * RULE_WORDS_MAX + 1, sizeof *words);
    uint8_t *filter = arena_zeroed(arena, RULE_FILTER_BYTES, 1);
    uint32_t word_count = 0;
    must(words && filter && count <= RULES_MAX);
    sort_rules(rules, texts, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t added;
        must(rule_text_read(arena, texts[i].words, strlen(texts[i].words), &rules[i], words + word_count, &added) ==
             RULE_TEXT_OK);
        for (uint32_t n = 0; n < added; n++) words[word_count + n].rule = i;
        if (!rules[i].disabled) word_count += added; /* nobody asks for the others */
    }
    qsort(words, word_count, sizeof *words, by_bytes);
    rule_filter(words, word_count, filter);
    struct world *world = &reference->world;
    world->rules = rules;
    world->rule_count = count;
    world->rule_words = words;
    world->rule_word_count = word_count;
    world->rule_filter = filter;
    reference->rules = texts;
}
