/* See rule.h.
 *  R11  A rule holds when all it asks holds.
 *  R12  The highest priority first, then the smallest number.
 *  R13  In force from its first day, until before its last, while it is not disabled.
 *  R14  Keywords are looked for in folded text, `|` between alternatives, `+` between words that must all be there. */
#include "core/rule.h"

#include <string.h>

#include "proto/must.h"

enum { DAY_MINUTES = 1440, MINUTE_MS = 60000 };

/* ---- keywords ---- */

static size_t char_bytes(const char *at, size_t left) {
    unsigned char first = (unsigned char)*at;
    size_t len = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    return len < left ? len : left;
}

static int compare(const char *a, size_t a_len, const char *b, size_t b_len) {
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

/* The first keyword that is not before these bytes. */
static uint32_t first_from(const struct world *world, const char *at, size_t len) {
    uint32_t low = 0, high = world->rule_word_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const struct rule_word *word = &world->rule_words[middle];
        if (compare(word->at, word->len, at, len) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Keywords that begin with the character at this place are neighbours. */
static void find_at(const struct world *world, const char *at, size_t left, uint16_t *found) {
    size_t first = char_bytes(at, left);
    for (uint32_t i = first_from(world, at, first); i < world->rule_word_count; i++) {
        const struct rule_word *word = &world->rule_words[i];
        if (word->len < first || memcmp(word->at, at, first) != 0) return;
        if (word->len <= left && memcmp(word->at, at, word->len) == 0) found[word->rule] |= word->bit;
    }
}

static uint32_t filter_bit(const char *at, size_t left) {
    uint32_t hash = 0;
    for (size_t i = 0, len = char_bytes(at, left); i < len; i++) hash = hash * 67 + (unsigned char)at[i];
    return hash % (RULE_FILTER_BYTES * 8);
}

void rule_filter(const struct rule_word *words, uint32_t count, uint8_t ret_filter[RULE_FILTER_BYTES]) {
    memset(ret_filter, 0, RULE_FILTER_BYTES);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bit = filter_bit(words[i].at, words[i].len);
        ret_filter[bit / 8] |= (uint8_t)(1u << bit % 8);
    }
}

static bool has_alternative(const struct rule *rule, uint16_t found) {
    for (uint8_t i = 0; i < rule->alternative_count; i++)
        if ((rule->alternatives[i] & ~found) == 0) return true;
    return false;
}

uint16_t rule_find(const struct world *world, const struct text *texts, int text_count,
                   uint32_t ret_rules[ROUTE_RULES_MAX]) {
    if (world->rule_word_count == 0) return 0;
    must(world->rule_count <= RULES_MAX);
    uint16_t found[RULES_MAX], count = 0;
    const uint8_t *filter = world->rule_filter;
    memset(found, 0, world->rule_count * sizeof found[0]);
    for (int n = 0; n < text_count; n++) {
        const char *at = texts[n].at, *end = at + texts[n].len;
        for (; at < end; at += char_bytes(at, (size_t)(end - at))) {
            uint32_t bit = filter_bit(at, (size_t)(end - at));
            if (filter[bit / 8] >> bit % 8 & 1) find_at(world, at, (size_t)(end - at), found);
        }
    }
    for (uint32_t i = 0; i < world->rule_count && count < ROUTE_RULES_MAX; i++)
        if (found[i] != 0 && has_alternative(&world->rules[i], found[i])) ret_rules[count++] = world->rules[i].no;
    return count;
}

/* ---- what else a rule asks ---- */

static bool text_holds(const struct rule *rule, const struct request_new *request) {
    if (rule->alternative_count == 0) return true;
    for (uint16_t i = 0; i < request->rules_count; i++)
        if (request->rules[i] == rule->no) return true;
    return false;
}

static bool matter_holds(const struct rule *rule, uint32_t matter) {
    if (rule->without_matter) return matter == 0;
    return rule->matter_to == 0 || (matter >= rule->matter_from && matter <= rule->matter_to);
}

static bool time_holds(const struct world *world, const struct rule *rule, time_ms at) {
    if (rule->hours == 0 && rule->weekdays == 0 && rule->minute_from == rule->minute_to) return true;
    const struct calendar *calendar = world_calendar(world, 0);
    int32_t day = calendar_local_day(calendar, at);
    if (rule->hours != 0 && calendar_is_working(calendar, at) != (rule->hours == RULE_HOURS_WORKING)) return false;
    int64_t minute = (at - calendar_at(calendar, day, 0)) / MINUTE_MS;
    bool over_midnight = rule->minute_to < rule->minute_from;
    /* what began before midnight belongs to the day it began on */
    if (over_midnight && minute < rule->minute_to) {
        day--;
        minute += DAY_MINUTES;
    }
    int64_t to = over_midnight ? rule->minute_to + DAY_MINUTES : rule->minute_to;
    if (rule->minute_from != rule->minute_to && (minute < rule->minute_from || minute >= to)) return false;
    return rule->weekdays == 0 || (rule->weekdays >> calendar_weekday_of(day) & 1) != 0;
}

bool rule_holds(const struct world *world, const struct rule *rule, const struct request_new *request,
                time_ms in_force_at) {
    if (rule->disabled || in_force_at < rule->from || (rule->to != 0 && in_force_at >= rule->to)) return false;
    if (rule->channels != 0 && (rule->channels >> request->channel & 1) == 0) return false;
    if (rule->source != 0 && rule->source != request->source) return false;
    if (rule->place != 0 && !world_in_subtree(world, rule->place, request->place)) return false;
    return matter_holds(rule, request->matter) && text_holds(rule, request) &&
           time_holds(world, rule, request->received_at);
}

int rule_order(const struct rule *a, const struct rule *b) {
    if (a->priority != b->priority) return a->priority > b->priority ? -1 : 1;
    return (a->no > b->no) - (a->no < b->no);
}

const struct rule *rule_by_no(const struct world *world, uint32_t no) {
    for (uint32_t i = 0; i < world->rule_count; i++)
        if (world->rules[i].no == no) return &world->rules[i];
    return NULL;
}
