/* A composite score of rates: weights, coefficients and exclusions are data with effective dates, as they differ by city and
 * year. Pure arithmetic over figures; loaded and stored by the console. Not for what a rate is (core/figures.def).
 *
 *  F13 The score is the mean of the weighted rates, of 100 points. A rate of which less is better counts as what it lacks to 100.
 *      A rate without occasions leaves its weight out. Weights and coefficients are those in force on the period's last day;
 *      weights for a kind of unit go before those for all.
 *  F14 A coefficient multiplies a unit's score: the unit's own, else that of its kind.
 *  F15 An exclusion takes what happened on its days under its matter and channel out of the rate, never out of the counters. A
 *      unit that is excluded has no score and no rank. */
#ifndef CORE_SCORE_H
#define CORE_SCORE_H

#include "core/figures.h"

enum score_kind { SCORE_WEIGHT = 1, SCORE_COEFFICIENT, SCORE_EXCLUSION };

enum { SCORE_RULES_MAX = 500, SCORE_WEIGHT_MAX = 1000, SCORE_THOUSANDTHS_MAX = 10000 };

struct score_rule {
    uint8_t kind;                    /* enum score_kind */
    uint8_t rate;                    /* enum rate; 0: every one */
    uint8_t channel;                 /* 0: every one */
    uint8_t unit_kind;               /* weight, coefficient: for units of this kind; 0: of every */
    uint32_t unit;                   /* coefficient, exclusion: for this unit; 0: none in particular */
    uint32_t matter_from, matter_to; /* both 0: every matter */
    int32_t value;                   /* weight: parts; coefficient: thousandths */
    int32_t from_day, to_day;        /* yyyymmdd, both included; to_day 0: until further notice */
};

struct score_line {
    uint8_t rate;
    int32_t weight;
    int32_t permille; /* as it counts: turned round where less is better; -1: no occasions */
};

struct score {
    int32_t hundredths;  /* of a point; -1: no score */
    int32_t coefficient; /* thousandths; 1000 when there is none */
    bool excluded;       /* the unit is not scored at all */
    uint8_t line_count;
    struct score_line lines[RATE_COUNT];
};

bool score_in_force(const struct score_rule *rule, int32_t day);
/* Whether what happened that day under this matter and channel is left out of the rate (F15). */
bool score_leaves_out(const struct score_rule *rules, size_t count, int32_t day, int rate, uint32_t matter,
                      int channel);
/* `rates` by enum rate, exclusions taken out already; unit 0: the whole district. */
void score_of(const struct score_rule *rules, size_t count, int32_t day, const struct unit *unit,
              const struct figure_rate rates[RATE_COUNT], struct score *ret_score);

#endif
