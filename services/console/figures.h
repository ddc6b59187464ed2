/* Figures for people: what happened to the tickets of a unit (and all below it) in a period, in one sum, by unit, matter or channel, or
 * as a series of days, weeks or months; scored and ranked; and which tickets a rate is made of. Read from what the keeper
 * keeps (figures_keep.h), so a month of a city takes milliseconds; the same numbers come from the log alone (figures_scan.c).
 *
 *     figures_ask.c      what is asked: unit, period, filter, grouping
 *     figures.c          reading sums and making lines of them
 *     figures_write.c    lines as JSON; figures_csv.c as CSV
 *     figures_scan.c     folding the log for one question: explain and recount
 *     figures_rules.c    weights, coefficients, exclusions: reading, import, export */
#ifndef CONSOLE_FIGURES_H
#define CONSOLE_FIGURES_H

#include "core/figures.h"
#include "core/score.h"
#include "services/console/call.h"
#include "services/console/figures_sql.h"

void figures_get(struct call *call);
void figures_export_get(struct call *call);
void figures_explain_get(struct call *call);
void figures_recount_get(struct call *call);
void figures_formulas_get(struct call *call);
void figures_restart_post(struct call *call);

/* ---- what is asked ---- */

enum figures_each { FIGURES_EACH_NONE, FIGURES_EACH_DAY, FIGURES_EACH_WEEK, FIGURES_EACH_MONTH };

struct figures_question {
    uint32_t unit;            /* 0: the whole district */
    time_ms from, to;         /* whole days of the city; `to` is not in it, or is now */
    int32_t from_day, to_day; /* yyyymmdd, both in it */
    bool to_now;              /* the period is still going on */
    uint32_t matter_from, matter_to;
    uint8_t channel;     /* 0: every one */
    enum figures_key by; /* NONE, UNIT, MATTER or CHANNEL */
    uint8_t unit_kind;   /* by unit: units of this kind instead of those next below; 0: none given */
    enum figures_each each;
};

/* Reads the query; false: the answer was given. Narrows call->reach to the unit asked for. */
bool figures_ask(struct call *call, struct figures_question *ret_question);
int32_t figures_next_day(int32_t day, int days);
/* The first day of the day, week or month that `day` lies in. */
int32_t figures_first_day(int32_t day, enum figures_each each);

enum { FIGURES_RANGES_MAX = 4, FIGURES_LINES_MAX = UNITS_MAX };
struct figures_ranges {
    int count;
    int32_t low[FIGURES_RANGES_MAX], high[FIGURES_RANGES_MAX]; /* periods, both in it: months or days */
};
/* Whole months as months where they may be, everything else as days. */
struct figures_ranges figures_ranges(const struct figures_question *question, bool days_only);
struct figures_ranges figures_ranges_before(const struct figures_question *question);

/* ---- what comes out ---- */

struct figures_line {
    uint32_t key;                            /* unit, matter or channel; 0: the whole question */
    int32_t from_day, to_day;                /* the point of a series, or the question's */
    struct figures before, within;           /* up to the period; in it */
    struct figure_rate left_out[RATE_COUNT]; /* by exclusions (F15) */
    struct figure_rate rates[RATE_COUNT];    /* what counts */
    struct score score;
    int rank; /* 0: none */
};

struct figures_answer {
    struct call *call;
    struct figures_question question;
    struct figures_line *lines; /* owned */
    size_t line_count, line_room;
    const struct score_rule *rules;
    size_t rule_count;
    int64_t head, counted, counted_at, refused;
    int64_t until; /* monotonic: how long it waits for the keeper */
    struct loop_timer *timer;
    void (*then)(struct figures_answer *answer); /* lines are there: answers, and ends with figures_answer_done */
    void (*failed)(void *self);                  /* instead, when the answer was given already; may be NULL */
    void *self;                                  /* of both */
};

/* Waits for the keeper, reads and makes the lines. Answers by itself when that fails. */
void figures_answer_start(struct call *call, const struct figures_question *question,
                          void (*then)(struct figures_answer *answer), void (*failed)(void *self), void *self);
void figures_answer_done(struct figures_answer *answer);

void figures_write(struct json_writer *w, const struct figures_answer *answer);
/* Members of one rate into an object that is open. */
void figures_write_rate(struct json_writer *w, const struct figures_line *line, int rate, bool formula);
void figures_write_counted(struct json_writer *w, const struct figures_answer *answer);
void figures_write_csv(struct buffer *out, const struct figures_answer *answer, bool english);

/* ---- weights, coefficients, exclusions ---- */

extern const struct db_statement FIGURES_RULES;
/* In the call's arena. A row of a rate that is not there any more is passed over. */
const struct score_rule *figures_rules_of(struct call *call, const struct db_result *rows, size_t *ret_count);
void figures_write_rule(struct json_writer *w, const struct reference *reference, const struct score_rule *rule);
void import_scores(struct call *call);
void export_scores(struct call *call);

#endif
