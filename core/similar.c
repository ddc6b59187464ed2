/* See similar.h.
 *  R19  Duplicate candidates are shown with a score and its reasons; never merged by it.
 *  R20  The score: text up to 45, place 25, matter 15, the same caller 10, time 5. From 40 on it is shown. */
#include "core/similar.h"

#include <string.h>

#include "core/say.h"

enum { TEXT_POINTS = 45, PLACE_POINTS = 25, MATTER_POINTS = 15, TIME_POINTS = 5, CALLER_POINTS = 10 };
enum { NEAR_METRES = 150, AREA_METRES = 1000, HOUR_MS = 3600000, POINTS_MAX = 1024 };

/* ---- texts ---- */

static uint32_t next_point(const char *at, size_t left, size_t *ret_len) {
    unsigned char first = (unsigned char)*at;
    size_t len = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (len > left) len = left;
    uint32_t point = len == 1 ? first : first & (0xFFu >> (len + 1));
    for (size_t i = 1; i < len; i++) point = point << 6 | ((unsigned char)at[i] & 0x3Fu);
    *ret_len = len;
    return point;
}

/* What carries meaning: letters, digits, and everything beyond Latin punctuation and the general punctuation of Chinese. */
static bool counts(uint32_t point) {
    if (point < 0x80)
        return (point >= '0' && point <= '9') || (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z');
    return !(point < 0xC0 || (point >= 0x2000 && point <= 0x206F) || (point >= 0x3000 && point <= 0x303F) ||
             (point >= 0xFF00 && point <= 0xFFEF));
}

/* Insertion into a sorted set. */
static void add_pair(struct similar_text *text, uint32_t pair) {
    uint16_t low = 0, high = text->count;
    while (low < high) {
        uint16_t middle = (uint16_t)((low + high) / 2);
        if (text->pairs[middle] < pair)
            low = (uint16_t)(middle + 1);
        else
            high = middle;
    }
    if ((low < text->count && text->pairs[low] == pair) || text->count == SIMILAR_PAIRS_MAX) return;
    memmove(&text->pairs[low + 1], &text->pairs[low], (size_t)(text->count - low) * sizeof text->pairs[0]);
    text->pairs[low] = pair;
    text->count++;
}

void similar_text_read(const struct text *folded, int text_count, struct similar_text *ret_text) {
    ret_text->count = 0;
    for (int n = 0; n < text_count; n++) {
        uint32_t before = 0;
        size_t len;
        int points = 0;
        for (size_t at = 0; at < folded[n].len && points < POINTS_MAX; at += len, points++) {
            uint32_t point = next_point(folded[n].at + at, folded[n].len - at, &len);
            if (!counts(point)) continue;
            if (before != 0) add_pair(ret_text, before * UINT32_C(0x9E3779B1) ^ point);
            before = point;
        }
    }
}

int similar_texts(const struct similar_text *a, const struct similar_text *b) {
    uint16_t i = 0, k = 0, both = 0;
    while (i < a->count && k < b->count) {
        if (a->pairs[i] == b->pairs[k])
            both++, i++, k++;
        else if (a->pairs[i] < b->pairs[k])
            i++;
        else
            k++;
    }
    int either = a->count + b->count - both;
    return a->count == 0 || b->count == 0 ? 0 : both * 100 / either;
}

/* ---- the score ---- */

/* Good to a few metres within a city: a degree of latitude is 111,320 m, one of longitude that times the cosine. */
static int32_t metres_between(const struct similar_side *a, const struct similar_side *b) {
    double middle = (a->lat + b->lat) / 2 * 0.017453292519943295, square = middle * middle;
    double cosine = 1 - square / 2 + square * square / 24 - square * square * square / 720;
    double x = (a->lon - b->lon) * 111320 * cosine, y = (a->lat - b->lat) * 111320, length = x * x + y * y;
    if (length > 1e12) return 1000000;
    int32_t low = 0, high = 1000000; /* the root, to the metre */
    while (low < high) {
        int32_t guess = (low + high + 1) / 2;
        if ((double)guess * guess <= length)
            low = guess;
        else
            high = guess - 1;
    }
    return low;
}

static uint8_t place_points(const struct world *world, const struct similar_side *a, const struct similar_side *b,
                            int32_t metres) {
    if (metres >= 0 && metres <= NEAR_METRES) return PLACE_POINTS;
    if (a->place == 0 || b->place == 0) return 0;
    if (a->place == b->place) return metres > AREA_METRES ? 10 : 20;
    uint32_t community = world_above(world, a->place, UNIT_COMMUNITY);
    if (community != 0 && community == world_above(world, b->place, UNIT_COMMUNITY)) return 10;
    uint32_t street = world_above(world, a->place, UNIT_STREET);
    return street != 0 && street == world_above(world, b->place, UNIT_STREET) ? 4 : 0;
}

static uint8_t matter_points(uint32_t a, uint32_t b) {
    if (a == 0 || b == 0) return 0;
    if (a == b) return MATTER_POINTS;
    return a / 100 == b / 100 ? 8 : a / 10000 == b / 10000 ? 3 : 0;
}

void similar_score(const struct world *world, const struct similar_side *a, const struct similar_side *b,
                   struct similar_score *ret_score) {
    struct similar_score s = {.metres = a->has_point && b->has_point ? metres_between(a, b) : -1};
    int64_t apart = a->received_at > b->received_at ? a->received_at - b->received_at : b->received_at - a->received_at;
    int percent = similar_texts(a->text, b->text);
    s.hours = (int32_t)(apart / HOUR_MS);
    s.text_percent = (uint8_t)percent;
    /* people describe one thing in different words: half the pairs in common is as good as all */
    s.text = (uint8_t)(percent >= 50 ? TEXT_POINTS : percent * TEXT_POINTS / 50);
    s.place = place_points(world, a, b, s.metres);
    s.matter = matter_points(a->matter, b->matter);
    if (s.hours < 24 * SIMILAR_DAYS) s.time = (uint8_t)(TIME_POINTS - s.hours * TIME_POINTS / (24 * SIMILAR_DAYS));
    if (a->caller.len > 0 && a->caller.len == b->caller.len && memcmp(a->caller.at, b->caller.at, a->caller.len) == 0)
        s.caller = CALLER_POINTS;
    s.total = (uint8_t)(s.text + s.place + s.matter + s.time + s.caller);
    *ret_score = s;
}

/* ---- in a sentence ---- */

struct telling {
    struct say say;
    enum lang lang;
    bool any;
};

static void put(struct telling *t, const char *zh, const char *en) {
    say_text(&t->say, t->lang == LANG_ZH ? zh : en);
}

static void put_part(struct telling *t, const char *zh, const char *en) {
    if (t->any) put(t, "；", "; ");
    t->any = true;
    put(t, zh, en);
}

static void put_points(struct telling *t, int points) {
    say_text(&t->say, " +");
    say_number(&t->say, points, 0);
}

static void put_place(struct telling *t, const struct similar_score *s) {
    if (s->metres >= 0 && s->metres <= AREA_METRES) {
        put_part(t, "相距 ", "");
        say_number(&t->say, s->metres, 0);
        put(t, " 米", " m apart");
    } else if (s->place >= 20) {
        put_part(t, "同一地点", "the same place");
    } else if (s->place == 10) {
        put_part(t, "同一社区", "the same community");
    } else {
        put_part(t, "同一街道", "the same street");
    }
    put_points(t, s->place);
}

size_t similar_say(const struct similar_score *s, enum lang lang, char *ret_text, size_t size) {
    struct telling t = {.lang = lang};
    say_init(&t.say, ret_text, size);
    if (s->text > 0) {
        put_part(&t, "内容相同 ", "");
        say_number(&t.say, s->text_percent, 0);
        put(&t, "%", " % of the words in common");
        put_points(&t, s->text);
    }
    if (s->place > 0) put_place(&t, s);
    if (s->matter > 0) {
        put_part(&t, s->matter == MATTER_POINTS ? "同一事项" : "同类事项",
                 s->matter == MATTER_POINTS ? "the same matter" : "matters of one kind");
        put_points(&t, s->matter);
    }
    if (s->caller > 0) {
        put_part(&t, "同一来电号码", "the same telephone number");
        put_points(&t, s->caller);
    }
    if (s->time > 0) {
        put_part(&t, "相隔 ", "");
        say_number(&t.say, s->hours < 48 ? s->hours : s->hours / 24, 0);
        put(&t, s->hours < 48 ? " 小时" : " 天", s->hours < 48 ? " hours apart" : " days apart");
        put_points(&t, s->time);
    }
    return t.say.length;
}
