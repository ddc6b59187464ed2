/* Figures: reading sums and making lines of them. See figures.h. What was committed before somebody asked is in the answer: it waits for
 * the keeper, a moment; what is still missing then is told as `behind`. The place the keeper has come to is read before and after the
 * sums; if it moved on meanwhile they are read again, so that one answer is one place of the log. */
#include "services/console/figures.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/metrics.h"
#include "proto/must.h"
#include "services/console/figures_keep.h"

METRIC_COUNTER(asked, "paidan_console_figures_total", "Figures asked for.", "outcome", "ok", "behind", "failed");

enum { PATIENCE_MS = 3000, AGAIN_MS = 15, SEGMENTS_MAX = 2 * SCORE_RULES_MAX + 2 };

/* ---- lines -------------------------------------------------------------------------------------------------------------- */

static struct figures_line *add_line(struct figures_answer *a, uint32_t key, int32_t from_day, int32_t to_day) {
    if (a->line_count == a->line_room) {
        a->line_room = a->line_room ? a->line_room * 2 : 32;
        a->lines = realloc(a->lines, a->line_room * sizeof *a->lines);
        must(a->lines);
    }
    struct figures_line *line = &a->lines[a->line_count++];
    memset(line, 0, sizeof *line);
    line->key = key;
    line->from_day = from_day;
    line->to_day = to_day;
    return line;
}

/* Whether it is a line of its own below the unit asked for. */
static bool is_listed(const struct figures_question *q, const struct world *world, const struct unit *u) {
    if (!u->kind || u->kind == UNIT_CENTER || u->kind == UNIT_DISTRICT) return false;
    if (q->unit && (u->id == q->unit || !world_in_subtree(world, q->unit, u->id))) return false;
    if (q->unit_kind) return u->kind == q->unit_kind;
    if (q->unit) return u->parent == q->unit;
    const struct unit *above = world_unit(world, u->parent);
    return !above || above->kind == UNIT_CENTER || above->kind == UNIT_DISTRICT;
}

static void prepare_lines(struct figures_answer *a) {
    const struct figures_question *q = &a->question;
    const struct world *world = call_world(a->call);
    a->line_count = 0;
    if (q->by == FIGURES_KEY_UNIT) {
        for (uint32_t id = 1; id < world->unit_count; id++)
            if (is_listed(q, world, &world->units[id])) add_line(a, id, q->from_day, q->to_day);
    } else if (q->each) {
        for (int32_t day = q->from_day; day <= q->to_day;) {
            int32_t first = figures_first_day(day, q->each), next = figures_next_day(first, 1);
            if (q->each == FIGURES_EACH_WEEK) next = figures_next_day(first, 7);
            if (q->each == FIGURES_EACH_MONTH) next = figures_first_day(figures_next_day(first, 31), q->each);
            int32_t last = figures_next_day(next, -1);
            add_line(a, 0, day, last < q->to_day ? last : q->to_day);
            day = next;
        }
    } else if (!q->by) {
        add_line(a, 0, q->from_day, q->to_day);
    }
}

/* The line that a key of the sums belongs to: of a series a day or month. `start`: where the one before was, as keys ascend. */
static struct figures_line *line_of(struct figures_answer *a, int64_t key, size_t *start) {
    const struct figures_question *q = &a->question;
    for (; *start < a->line_count; ++*start) {
        struct figures_line *line = &a->lines[*start];
        if (q->each ? (key < 1000000 ? key == line->from_day / 100 : key <= line->to_day) : line->key == key)
            return line;
    }
    return NULL;
}

static int compare_keys(const void *a, const void *b) {
    const struct figures_line *x = a, *y = b;
    return (x->key > y->key) - (x->key < y->key);
}

/* By matter and channel there is a line for each key that has something. */
static void find_keys(struct figures_answer *a, const struct db_result *before, const struct db_result *within) {
    const struct figures_question *q = &a->question;
    if (q->by != FIGURES_KEY_MATTER && q->by != FIGURES_KEY_CHANNEL) return;
    const struct db_result *both[] = {before, within};
    for (int n = 0; n < 2; n++)
        for (int i = 0; i < db_rows(both[n]); i++)
            add_line(a, (uint32_t)db_get_int(both[n], i, 0), q->from_day, q->to_day);
    if (!a->line_count) return;
    qsort(a->lines, a->line_count, sizeof *a->lines, compare_keys);
    size_t kept = 1;
    for (size_t i = 1; i < a->line_count; i++)
        if (a->lines[i].key != a->lines[kept - 1].key) a->lines[kept++] = a->lines[i];
    a->line_count = kept;
}

static void add_sums(struct figures_answer *a, const struct db_result *rows, bool before) {
    struct figures sums;
    size_t start = 0;
    for (int i = 0; i < db_rows(rows); i++) {
        if (a->question.each) start = 0; /* months sort before days */
        struct figures_line *line =
            before && a->question.each ? &a->lines[0] : line_of(a, db_get_int(rows, i, 0), &start);
        if (!line) continue;
        figures_of_row(rows, i, 1, &sums);
        figures_add(before ? &line->before : &line->within, &sums);
    }
}

/* ---- exclusions (F15) -------------------------------------------------------------------------------------------------------- */

static bool is_filter(const struct score_rule *r, const struct figures_question *q) {
    return r->kind == SCORE_EXCLUSION && !r->unit && r->from_day <= q->to_day &&
           (!r->to_day || r->to_day >= q->from_day);
}

static int compare_days(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Stretches of days within which the same exclusions are in force, and some are. */
static int segments(const struct figures_answer *a, int32_t lows[SEGMENTS_MAX], int32_t highs[SEGMENTS_MAX]) {
    const struct figures_question *q = &a->question;
    int32_t cuts[SEGMENTS_MAX];
    int cut_count = 0, count = 0;
    cuts[cut_count++] = q->from_day;
    for (size_t i = 0; i < a->rule_count; i++) {
        const struct score_rule *r = &a->rules[i];
        if (!is_filter(r, q)) continue;
        if (r->from_day > q->from_day) cuts[cut_count++] = r->from_day;
        if (r->to_day && r->to_day < q->to_day) cuts[cut_count++] = figures_next_day(r->to_day, 1);
    }
    qsort(cuts, (size_t)cut_count, sizeof *cuts, compare_days);
    for (int i = 0; i < cut_count; i++) {
        if (i + 1 < cut_count && cuts[i + 1] == cuts[i]) continue;
        bool any = false;
        for (size_t n = 0; n < a->rule_count && !any; n++)
            any = is_filter(&a->rules[n], q) && score_in_force(&a->rules[n], cuts[i]);
        if (!any) continue;
        lows[count] = cuts[i];
        highs[count++] = i + 1 < cut_count ? figures_next_day(cuts[i + 1], -1) : q->to_day;
    }
    return count;
}

static void add_left_out(struct figures_answer *a, const struct db_result *rows) {
    int32_t lows[SEGMENTS_MAX], highs[SEGMENTS_MAX];
    struct figures sums;
    size_t start = 0;
    (void)segments(a, lows, highs);
    for (int i = 0; i < db_rows(rows); i++) {
        struct figures_line *line = line_of(a, db_get_int(rows, i, 0), &start);
        if (!line) continue;
        figures_of_row(rows, i, 4, &sums);
        int32_t day = lows[db_get_int(rows, i, 3) - 1];
        for (int rate = 1; rate < RATE_COUNT; rate++) {
            if (!score_leaves_out(a->rules, a->rule_count, day, rate, (uint32_t)db_get_int(rows, i, 1),
                                  (int)db_get_int(rows, i, 2)))
                continue;
            struct figure_rate less = figures_rate(&sums, rate);
            line->left_out[rate].of += less.of;
            line->left_out[rate].hit += less.hit;
        }
    }
}

/* ---- scores ------------------------------------------------------------------------------------------------------------------- */

static const struct unit *scored_unit(const struct figures_answer *a, const struct figures_line *line) {
    return world_unit(call_world(a->call), a->question.by == FIGURES_KEY_UNIT ? line->key : a->question.unit);
}

static int compare_scores(const void *a, const void *b) {
    const struct figures_line *x = a, *y = b;
    if (x->score.hundredths != y->score.hundredths) return x->score.hundredths < y->score.hundredths ? 1 : -1;
    return compare_keys(a, b);
}

static void finish_lines(struct figures_answer *a) {
    for (size_t i = 0; i < a->line_count; i++) {
        struct figures_line *line = &a->lines[i];
        if (i && a->question.each) {
            line->before = a->lines[i - 1].before;
            figures_add(&line->before, &a->lines[i - 1].within);
        }
        for (int rate = 1; rate < RATE_COUNT; rate++) {
            line->rates[rate] = figures_rate(&line->within, rate);
            line->rates[rate].of -= line->left_out[rate].of;
            line->rates[rate].hit -= line->left_out[rate].hit;
        }
        score_of(a->rules, a->rule_count, line->to_day, scored_unit(a, line), line->rates, &line->score);
    }
    if (a->question.by != FIGURES_KEY_UNIT) return;
    qsort(a->lines, a->line_count, sizeof *a->lines, compare_scores);
    for (size_t i = 0; i < a->line_count; i++) {
        bool same = i && a->lines[i].score.hundredths == a->lines[i - 1].score.hundredths;
        a->lines[i].rank = a->lines[i].score.hundredths < 0 ? 0 : same ? a->lines[i - 1].rank : (int)i + 1;
    }
}

/* ---- reading ------------------------------------------------------------------------------------------------------------------- */

void figures_answer_done(struct figures_answer *a) {
    if (a->timer) loop_timer_free(&a->timer);
    free(a->lines);
    a->lines = NULL;
}

static void fail(struct figures_answer *a, const struct db_reply *reply) {
    struct call *call = a->call;
    metric_add(&asked, 2, 1);
    if (a->failed) a->failed(a->self);
    figures_answer_done(a);
    call_db_problem(call, reply);
}

static void read_head(struct db_result const *row, struct figures_answer *a) {
    bool any = db_rows(row) > 0;
    a->head = any ? db_get_int(row, 0, 0) : 0;
    a->counted = any ? db_get_int(row, 0, 1) : 0;
    a->counted_at = any ? db_get_int(row, 0, 2) : 0;
    a->refused = any ? db_get_int(row, 0, 3) : 0;
}

static void add_head(struct call *call) {
    db_set_int2(call_add(call, &FIGURES_HEAD), 1, (int16_t)console_config.shard);
}

static void push_units(struct db_call *sums, const struct figures_answer *a) {
    db_set_array(sums, 2, DB_INT4);
    if (a->question.by != FIGURES_KEY_UNIT) db_push_int4(sums, 2, (int32_t)a->question.unit);
    if (a->question.by == FIGURES_KEY_UNIT)
        for (size_t i = 0; i < a->line_count; i++) db_push_int4(sums, 2, (int32_t)a->lines[i].key);
}

static struct db_call *add_query(struct figures_answer *a, enum figures_statement statement, enum figures_key key) {
    const struct figures_question *q = &a->question;
    struct db_call *sums = call_add(a->call, figures_statement(statement));
    db_set_int2(sums, 1, (int16_t)console_config.shard);
    push_units(sums, a);
    db_set_array(sums, 3, DB_INT4);
    db_set_array(sums, 4, DB_INT4);
    db_set_int4(sums, 5, (int32_t)q->matter_from);
    db_set_int4(sums, 6, (int32_t)q->matter_to);
    db_set_int2(sums, 7, q->channel);
    db_set_int4(sums, 8, (int32_t)key);
    return sums;
}

static void push_ranges(struct db_call *sums, const struct figures_ranges *ranges) {
    for (int i = 0; i < ranges->count; i++) {
        db_push_int4(sums, 3, ranges->low[i]);
        db_push_int4(sums, 4, ranges->high[i]);
    }
}

static bool add_exclusions(struct figures_answer *a, enum figures_key key) {
    int32_t lows[SEGMENTS_MAX], highs[SEGMENTS_MAX];
    int count = segments(a, lows, highs);
    if (!count) return false;
    struct db_call *sums = add_query(a, FIGURES_LEFT_OUT, key);
    for (int i = 0; i < count; i++) {
        db_push_int4(sums, 3, lows[i]);
        db_push_int4(sums, 4, highs[i]);
    }
    db_set_array(sums, 9, DB_INT4);
    db_set_array(sums, 10, DB_INT4);
    db_set_array(sums, 11, DB_INT2);
    for (size_t i = 0; i < a->rule_count; i++) {
        const struct score_rule *r = &a->rules[i];
        if (!is_filter(r, &a->question)) continue;
        db_push_int4(sums, 9, (int32_t)r->matter_from);
        db_push_int4(sums, 10, r->matter_to ? (int32_t)r->matter_to : 999999);
        db_push_int2(sums, 11, r->channel);
    }
    return true;
}

static void read_sums(struct figures_answer *a);

static void on_sums(struct call *call, const struct db_reply *reply) {
    struct figures_answer *a = call->self;
    if (reply->err != ERR_NONE) {
        fail(a, reply);
        return;
    }
    int last = reply->call_count - 1;
    read_head(reply->results[1], a);
    int64_t counted = a->counted;
    read_head(reply->results[last], a);
    if (counted != a->counted && clock_monotonic_ms() < a->until + PATIENCE_MS) {
        read_sums(a); /* the keeper stored something in between */
        return;
    }
    find_keys(a, reply->results[2], reply->results[3]);
    add_sums(a, reply->results[2], true);
    add_sums(a, reply->results[3], false);
    if (last == 5) add_left_out(a, reply->results[4]);
    finish_lines(a);
    metric_add(&asked, a->counted < a->head, 1);
    a->then(a);
}

static void read_sums(struct figures_answer *a) {
    const struct figures_question *q = &a->question;
    struct figures_ranges before = figures_ranges_before(q),
                          within = figures_ranges(q, q->each == FIGURES_EACH_DAY || q->each == FIGURES_EACH_WEEK);
    enum figures_key key = q->each ? FIGURES_KEY_PERIOD : q->by;
    prepare_lines(a);
    call_read(a->call);
    add_head(a->call);
    push_ranges(add_query(a, FIGURES_SUMS, q->each ? FIGURES_KEY_NONE : q->by), &before);
    push_ranges(add_query(a, FIGURES_SUMS, key), &within);
    add_exclusions(a, key);
    add_head(a->call);
    call_send(a->call, on_sums);
}

static void read_first(void *context);

static void on_first(struct call *call, const struct db_reply *reply) {
    struct figures_answer *a = call->self;
    if (reply->err != ERR_NONE) {
        fail(a, reply);
        return;
    }
    read_head(reply->results[1], a);
    if (a->counted < a->head && clock_monotonic_ms() < a->until) {
        figures_keeper_wake(call->console->figures);
        loop_timer_start(a->timer, AGAIN_MS, 0);
        return;
    }
    a->rules = figures_rules_of(call, reply->results[2], &a->rule_count);
    read_sums(a);
}

static void read_first(void *context) {
    struct figures_answer *a = context;
    call_read(a->call);
    add_head(a->call);
    call_add(a->call, &FIGURES_RULES);
    call_send(a->call, on_first);
}

void figures_answer_start(struct call *call, const struct figures_question *q,
                          void (*then)(struct figures_answer *answer), void (*failed)(void *self), void *self) {
    struct figures_answer *a = call_take(call, sizeof *a);
    call->self = a;
    call->takes_errors = true;
    *a = (struct figures_answer){.call = call, .question = *q, .then = then, .failed = failed, .self = self};
    a->until = clock_monotonic_ms() + PATIENCE_MS;
    a->timer = loop_timer_new(call->console->kit->loop, read_first, a);
    read_first(a);
}

/* ---- the doors -------------------------------------------------------------------------------------------------------------------- */

static void write_json(struct figures_answer *a) {
    struct call *call = a->call;
    figures_write(call_json(call), a);
    figures_answer_done(a);
    call_answer(call, 200);
}

void figures_get(struct call *call) {
    struct figures_question q;
    if (figures_ask(call, &q)) figures_answer_start(call, &q, write_json, NULL, NULL);
}

static void write_csv(struct figures_answer *a) {
    static struct buffer out;
    struct call *call = a->call;
    buffer_clear(&out);
    figures_write_csv(&out, a, call_lang(call) == LANG_EN);
    figures_answer_done(a);
    http_set_header(call->request, "Content-Disposition", "attachment; filename=\"figures.csv\"");
    call_answer_bytes(call, 200, "text/csv; charset=utf-8", &out);
}

/* What leaves as a file is written down first. */
static void on_audited(struct call *call, const struct db_reply *reply) {
    struct figures_question *q = call->self;
    figures_answer_start(call, q, write_csv, NULL, NULL);
}

void figures_export_get(struct call *call) {
    struct figures_question *q = call_take(call, sizeof *q);
    if (!figures_ask(call, q)) return;
    call->self = q;
    call_transact(call);
    call_audit(call, "export", "figures", "ok", NULL);
    call_send(call, on_audited);
}

static void on_restart(struct call *call, const struct db_reply *reply) {
    figures_keeper_restart(call->console->figures);
    call_answer_nothing(call);
}

void figures_restart_post(struct call *call) {
    call_transact(call);
    call_audit(call, "figures_restart", "figures", "ok", NULL);
    call_send(call, on_restart);
}
