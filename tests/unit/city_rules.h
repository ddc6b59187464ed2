/* Routing rules for the stories: written down as an administrator would, keywords and texts folded as the services do. */
#ifndef TESTS_UNIT_CITY_RULES_H
#define TESTS_UNIT_CITY_RULES_H

#include <stdlib.h>

#include "common/text.h"
#include "core/rule.h"
#include "tests/unit/story.h"

#pragma GCC diagnostic ignored "-Wunused-function"

enum { CITY_RULES_MAX = 8, CITY_WORDS_MAX = 64 };
static struct rule city_rules[CITY_RULES_MAX];
static struct rule_word city_words[CITY_WORDS_MAX];
static uint8_t city_filter[RULE_FILTER_BYTES];
static const char *city_rule_names[CITY_RULES_MAX + 100];
static struct arena city_text;

static struct text folded(const char *text) {
    struct span span;
    assert_int_equal(text_fold(&city_text, text, strlen(text), &span), ERR_NONE);
    return (struct text){span.at, (uint32_t)span.len};
}

static int by_bytes(const void *a_, const void *b_) {
    const struct rule_word *a = a_, *b = b_;
    int order = memcmp(a->at, b->at, a->len < b->len ? a->len : b->len);
    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

/* One more rule; they are given in the order in which they are tried. `words`: "灯+不亮|路灯", or NULL. */
static void add_rule(struct rule rule, const char *name, const char *words) {
    struct world *world = (struct world *)city_world();
    uint32_t place = world->rule_count, count = world->rule_word_count;
    uint16_t bit = 1;
    char copy[400];
    snprintf(copy, sizeof copy, "%s", words != NULL ? words : "");
    for (char *one, *rest = copy; (one = strsep(&rest, "|")) != NULL && *one != 0; rule.alternative_count++) {
        for (char *word; (word = strsep(&one, "+")) != NULL; bit = (uint16_t)(bit << 1)) {
            struct text text = folded(word);
            city_words[count++] = (struct rule_word){text.at, (uint16_t)text.len, bit, place};
            rule.alternatives[rule.alternative_count] |= bit;
        }
    }
    qsort(city_words, count, sizeof city_words[0], by_bytes);
    rule_filter(city_words, count, city_filter);
    city_rules[place] = rule;
    city_rule_names[rule.no] = name;
    world->rules = city_rules;
    world->rule_count = place + 1;
    world->rule_words = city_words;
    world->rule_word_count = count;
    world->rule_filter = city_filter;
}

static void no_rules(void) {
    struct world *world = (struct world *)city_world();
    world->rule_count = world->rule_word_count = 0;
    arena_reset(&city_text);
}

static const char *city_rule_name(void *context, uint32_t no) {
    return city_rule_names[no] != NULL ? city_rule_names[no] : "";
}

/* A request with words, as the door sees it. */
static struct request_new saying(const char *title, struct request_new request) {
    struct text text = folded(title);
    request.rules_count = rule_find(city_world(), &text, 1, request.rules);
    if (request.place != 0 && request.place_by == 0) request.place_by = PLACE_BY_POINT;
    if (request.channel == 0) request.channel = CHANNEL_PHONE;
    return request;
}

/* The sentence that says where it goes when it comes in at this time. */
static const char *goes(const char *time, struct request_new request, enum lang lang) {
    static char texts[8][1200];
    static unsigned next;
    char *text = texts[next++ % 8];
    struct routing_names names = city_routing_names;
    struct route route;
    names.rule = city_rule_name;
    request.received_at = at(time);
    routing_decide(city_world(), &request, &route);
    routing_say(&route, &names, lang, text, sizeof texts[0]);
    return text;
}

static int rules_begin(void **state) {
    arena_init(&city_text, 1 << 16, 1 << 22);
    no_rules();
    return 0;
}

static int rules_end(void **state) {
    no_rules();
    arena_done(&city_text);
    return 0;
}

#endif
