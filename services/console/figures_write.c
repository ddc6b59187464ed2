/* Figures: telling them as JSON. Every rate comes with what it is of, by which formula and version, and what exclusions left out. See
 * figures.h. */
#include <stdio.h>

#include "services/console/figures.h"
#include "services/console/ticket_json.h"

/* Per cent with one digit behind the point, null when there is nothing it could be of (rule F4). */
static void put_rate(struct json_writer *w, struct figure_rate rate) {
    int32_t permille = figures_permille(rate);
    json_put_int(w, "numerator", rate.hit);
    json_put_int(w, "denominator", rate.of);
    if (permille < 0)
        json_put_null(w, "value");
    else
        json_put_double(w, "value", permille / 10.0);
}

void figures_write_rate(struct json_writer *w, const struct figures_line *line, int rate, bool formula) {
    const struct rate_row *row = figures_rate_row(rate);
    json_put_string(w, "code", row->code);
    put_names(w, "name", row->zh, row->en);
    put_rate(w, line->rates[rate]);
    if (line->left_out[rate].of || line->left_out[rate].hit) {
        json_put_open(w, "excluded");
        json_put_int(w, "numerator", line->left_out[rate].hit);
        json_put_int(w, "denominator", line->left_out[rate].of);
        json_close(w);
    }
    if (!formula) return;
    put_names(w, "formula", row->formula_zh, row->formula_en);
    json_put_int(w, "version", row->version);
}

static void write_rates(struct json_writer *w, const struct figures_line *line, bool formulas) {
    json_put_open_list(w, "rates");
    for (int rate = 1; rate < RATE_COUNT; rate++) {
        json_open(w);
        figures_write_rate(w, line, rate, formulas);
        json_close(w);
    }
    json_close_list(w);
}

/* 就地化解率 level by level: where the work of the closed tickets was done. */
static void write_levels(struct json_writer *w, const struct figures *f) {
    json_put_open_list(w, "levels");
    for (int kind = 1; kind < UNIT_KIND_COUNT; kind++) {
        const struct word *word = word_by_value(WORDS_unit_kind, kind);
        int64_t closed = f->n[FIGURE_CLOSED_AT_CENTER + kind - UNIT_CENTER];
        if (!closed) continue;
        json_open(w);
        json_put_string(w, "code", word->text);
        put_names(w, "name", word->zh, word->en);
        put_rate(w, (struct figure_rate){.of = f->n[FIGURE_ENDED_CLOSED], .hit = closed});
        put_names(w, "formula", "本级办理后结案数 / 结案数", "closed after work at this level / closed");
        json_close(w);
    }
    json_close_list(w);
}

static void write_states(struct json_writer *w, const struct figures *f) {
    json_put_open_list(w, "times");
    for (int state = STATE_RECEIVED; state <= STATE_CALLBACK; state++) {
        int64_t stays = f->n[FIGURE_STAYS_RECEIVED + state - STATE_RECEIVED];
        if (stays <= 0) continue;
        const struct word *word = word_by_value(WORDS_state, state);
        json_open(w);
        json_put_string(w, "state", word->text);
        put_names(w, "name", word->zh, word->en);
        json_put_int(w, "stays", stays);
        json_put_int(w, "mean_ms", f->n[FIGURE_MS_RECEIVED + state - STATE_RECEIVED] / stays);
        json_close(w);
    }
    json_close_list(w);
    json_put_open(w, "ended");
    for (int state = STATE_CLOSED; state < STATE_COUNT; state++) {
        int64_t ended = f->n[FIGURE_ENDED_CLOSED + state - STATE_CLOSED];
        if (ended) json_put_int(w, word_text(WORDS_state, state), ended);
    }
    json_close(w);
}

static void write_pressure(struct json_writer *w, const struct figures *f) {
    json_put_open_list(w, "cards");
    for (int rung = 1; rung < RUNG_COUNT; rung++) {
        const struct word *word = word_by_value(WORDS_rung, rung);
        json_open(w);
        json_put_string(w, "rung", word->text);
        put_names(w, "name", word->zh, word->en);
        json_put_int(w, "given", f->n[FIGURE_RUNG_URGE + rung - RUNG_URGE]);
        json_put_int(w, "withdrawn", f->n[FIGURE_WITHDRAWN_URGE + rung - RUNG_URGE]);
        json_close(w);
    }
    json_close_list(w);
    json_put_int(w, "fallbacks", f->n[FIGURE_FALLBACKS]);
    json_put_int(w, "urged", f->n[FIGURE_URGED]);
    json_put_int(w, "supervisions", f->n[FIGURE_SUPERVISIONS]);
    json_put_int(w, "replies", f->n[FIGURE_REPLIES]);
    json_put_int(w, "reopened", f->n[FIGURE_REOPENED]);
    json_put_open(w, "ways"); /* received = by rule + by hand + not dispatched */
    json_put_int(w, "by_rule", f->n[FIGURE_BY_RULE]);
    json_put_int(w, "by_hand", f->n[FIGURE_BY_HAND]);
    json_close(w);
    json_put_open(w, "whistles");
    json_put_int(w, "blown", f->n[FIGURE_WHISTLES]);
    json_put_int(w, "called", f->n[FIGURE_CALLED]);
    json_put_int(w, "arrived", f->n[FIGURE_ARRIVED]);
    if (f->n[FIGURE_SCORES])
        json_put_double(w, "mean_score", (double)(f->n[FIGURE_SCORE_SUM] * 100 / f->n[FIGURE_SCORES]) / 100.0);
    else
        json_put_null(w, "mean_score");
    json_close(w);
}

/* Rule F1 for a period: what was in progress before it came over. */
static void write_counters(struct json_writer *w, const struct figures_line *line) {
    char text[160];
    struct figures all = line->before;
    figures_add(&all, &line->within);
    const int64_t *n = line->within.n;
    int64_t carried = figures_in_progress(&line->before), in_progress = figures_in_progress(&all);
    json_put_open(w, "counters");
    json_put_int(w, "carried_over", carried);
    json_put_int(w, "received", n[FIGURE_RECEIVED]);
    json_put_int(w, "closed", n[FIGURE_CLOSED]);
    json_put_int(w, "left", n[FIGURE_LEFT]);
    json_put_int(w, "in_progress", in_progress);
    json_put_int(w, "supervised", all.n[FIGURE_SUPERVISED]);
    json_close(w);
    snprintf(text, sizeof text, "%lld + %lld = %lld + %lld + %lld", (long long)carried, (long long)n[FIGURE_RECEIVED],
             (long long)n[FIGURE_CLOSED], (long long)n[FIGURE_LEFT], (long long)in_progress);
    json_put_open(w, "identity");
    json_put_bool(w, "holds", figures_hold(&all) && carried >= 0);
    json_put_string(w, "text", text);
    put_names(w, "formula", "期初在办 + 收到 = 结案 + 转出 + 期末在办; 督办为期末在办的一部分",
              "carried over + received = closed + left + in progress; supervised is a part of in progress");
    json_close(w);
}

static void write_score(struct json_writer *w, const struct score *score) {
    if (!score->line_count && !score->excluded) {
        json_put_null(w, "score");
        return;
    }
    json_put_open(w, "score");
    if (score->hundredths < 0)
        json_put_null(w, "value");
    else
        json_put_double(w, "value", score->hundredths / 100.0);
    json_put_double(w, "coefficient", score->coefficient / 1000.0);
    json_put_bool(w, "excluded", score->excluded);
    json_put_open_list(w, "of");
    for (int i = 0; i < score->line_count; i++) {
        const struct score_line *part = &score->lines[i];
        json_open(w);
        json_put_string(w, "rate", figures_rate_row(part->rate)->code);
        json_put_int(w, "weight", part->weight);
        if (part->permille < 0)
            json_put_null(w, "points");
        else
            json_put_double(w, "points", part->permille / 10.0);
        json_close(w);
    }
    json_close_list(w);
    json_close(w);
}

static void write_line(struct json_writer *w, const struct figures_line *line, bool whole) {
    write_counters(w, line);
    write_rates(w, line, whole);
    write_levels(w, &line->within);
    write_states(w, &line->within);
    write_pressure(w, &line->within);
    write_score(w, &line->score);
}

static void write_key(struct json_writer *w, const struct figures_answer *a, const struct figures_line *line) {
    const struct reference *reference = a->call->reference;
    if (a->question.by == FIGURES_KEY_UNIT) put_unit(w, "unit", reference, line->key);
    if (a->question.by == FIGURES_KEY_MATTER) put_matter(w, "matter", reference, line->key);
    if (a->question.by == FIGURES_KEY_CHANNEL) put_word(w, "channel", WORDS_channel, (int)line->key);
    if (a->question.each) {
        json_put_time(w, "from", clock_date_start(line->from_day));
        json_put_time(w, "to", clock_date_start(figures_next_day(line->to_day, 1)));
    }
    if (line->rank)
        json_put_int(w, "rank", line->rank);
    else if (a->question.by == FIGURES_KEY_UNIT)
        json_put_null(w, "rank");
}

void figures_write_counted(struct json_writer *w, const struct figures_answer *a) {
    json_put_open(w, "counted");
    json_put_id(w, "seq", a->counted);
    json_put_time_or_null(w, "at", a->counted_at);
    json_put_int(w, "behind", a->head - a->counted);
    json_close(w);
    json_put_int(w, "unread", a->refused);
}

void figures_write(struct json_writer *w, const struct figures_answer *a) {
    static const char *const bys[] = {NULL, "unit", "matter", "channel"}, *const eachs[] = {NULL, "day", "week",
                                                                                            "month"};
    const struct figures_question *q = &a->question;
    json_open(w);
    put_unit(w, "unit", a->call->reference, q->unit);
    json_put_time(w, "from", q->from);
    json_put_time(w, "to", q->to);
    if (q->by) json_put_string(w, "by", bys[q->by]);
    if (q->each) json_put_string(w, "each", eachs[q->each]);
    if (!q->by && !q->each) {
        write_line(w, &a->lines[0], true);
    } else {
        json_put_open_list(w, "rows");
        for (size_t i = 0; i < a->line_count; i++) {
            json_open(w);
            write_key(w, a, &a->lines[i]);
            write_line(w, &a->lines[i], false);
            json_close(w);
        }
        json_close_list(w);
    }
    figures_write_counted(w, a);
    json_close(w);
}
