/* Duplicate candidates (rules R19, R20): how alike two tickets are, with what each likeness counts, so that somebody can see why. Pure:
 * texts come folded; which tickets are looked at is the asker's. Nothing is ever merged by a score. */
#ifndef CORE_SIMILAR_H
#define CORE_SIMILAR_H

#include "core/lang.h"
#include "core/world.h"
#include "proto/messages.h"

enum { SIMILAR_PAIRS_MAX = 512, SIMILAR_SHOWN = 40, SIMILAR_DAYS = 30 };

/* Pairs of neighbouring letters and characters of a text (spaces and punctuation left out), as a sorted set; of a long text the
 * beginning. */
struct similar_text {
    uint16_t count;
    uint32_t pairs[SIMILAR_PAIRS_MAX];
};
void similar_text_read(const struct text *folded, int text_count, struct similar_text *ret_text);
/* What both have of what either has, in per cent (Jaccard); 0 when either has nothing. */
int similar_texts(const struct similar_text *a, const struct similar_text *b);

struct similar_side {
    uint32_t place, matter;
    time_ms received_at;
    bool has_point;
    double lon, lat;
    const struct similar_text *text;
    struct bytes caller; /* blind index of the telephone number; empty: none */
};

/* Points of 100, and what they are of. */
struct similar_score {
    uint8_t text, place, matter, time, caller; /* at most 45, 25, 15, 5, 10 */
    uint8_t text_percent;
    int32_t metres; /* between the points; -1: not both have one */
    int32_t hours;  /* between the receipts */
    uint8_t total;
};
void similar_score(const struct world *world, const struct similar_side *a, const struct similar_side *b,
                   struct similar_score *ret_score);

/* Why, in a sentence; returns its length. */
size_t similar_say(const struct similar_score *score, enum lang lang, char *ret_text, size_t size);

#endif
