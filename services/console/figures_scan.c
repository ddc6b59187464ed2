/* Folding the log for one question, ticket by ticket, a page a turn: which tickets a rate is made of, and whether what is kept equals
 * what the events say. The same fold as the keeper's (services/kit/tally.h), so the tickets of a rate add up to it. One at a time
 * for each principal, and few in all; a long walk is cut into answers by the cursor. See figures.h. */
#include <stdlib.h>
#include <string.h>

#include "proto/must.h"
#include "services/console/figures.h"
#include "services/console/ticket_json.h"
#include "services/kit/tally.h"

enum {
    AT_ONCE_MAX = 4,
    PAGE_TICKETS = 200,
    EXPLAIN_MS = 2000,
    RECOUNT_MS = 20000,
    LIMIT = 100,
    LIMIT_MAX = 1000,
};

enum part { PART_DENOMINATOR, PART_NUMERATOR, PART_MISSED };
static const char *const parts[] = {"denominator", "numerator", "missed"};

struct found {
    int64_t ticket;
    struct figure_rate rate, left_out;
};

struct scan {
    struct figures_answer *answer;
    int who_kind; /* who asks, for the limit of one each */
    int64_t who;
    struct tally *tally;
    int64_t after;   /* tickets up to here are done */
    int64_t current; /* being folded; 0: none */
    int64_t until;   /* monotonic */
    bool more;       /* the walk was cut */
    /* explaining */
    int rate;
    enum part part;
    int limit, found_count;
    struct found *found;
    /* recounting */
    bool recount;
    int64_t tickets, events;
    struct figures sum;
};

static struct scan *under_way[AT_ONCE_MAX];

static const struct db_statement PAGE = {
    "figures_scan",
    "WITH page AS (SELECT DISTINCT ticket FROM event WHERE shard = $1::int2 AND "
    "ticket > $2::int8 AND at >= $3::int8 AND "
    "at < $4::int8 AND seq + 0 <= $5::int8 ORDER BY ticket LIMIT 200) "
    "SELECT " TALLY_EVENT_COLUMNS " FROM page JOIN event USING (ticket) WHERE at < $4::int8 AND seq + 0 <= $5::int8 "
    "ORDER BY ticket, version"};

/* ---- one ticket -------------------------------------------------------------------------------------------------------------- */

static bool is_asked(const struct figures_question *q, const struct tally_cell *c) {
    return c->unit == q->unit && c->period >= q->from_day && (q->to_now || c->period <= q->to_day) &&
           c->matter >= q->matter_from && c->matter <= q->matter_to && (!q->channel || c->channel == q->channel);
}

static void look_at_cells(struct scan *s) {
    const struct figures_answer *a = s->answer;
    struct found found = {.ticket = s->current};
    for (size_t i = 0; i < tally_count(s->tally); i++) {
        const struct tally_cell *c = tally_cell(s->tally, i);
        if (!is_asked(&a->question, c)) continue;
        if (s->recount) {
            figures_add(&s->sum, &c->figures);
            continue;
        }
        struct figure_rate rate = figures_rate(&c->figures, s->rate);
        bool out = score_leaves_out(a->rules, a->rule_count, c->period, s->rate, c->matter, c->channel);
        struct figure_rate *to = out ? &found.left_out : &found.rate;
        to->of += rate.of;
        to->hit += rate.hit;
    }
    if (s->recount) return;
    int64_t of = found.rate.of + found.left_out.of, hit = found.rate.hit + found.left_out.hit;
    bool fits = s->part == PART_NUMERATOR ? hit != 0 : s->part == PART_MISSED ? of > hit : of != 0 || hit != 0;
    if (fits) s->found[s->found_count++] = found;
}

static void end_ticket(struct scan *s) {
    if (!s->current) return;
    look_at_cells(s);
    s->after = s->current;
    s->current = 0;
    s->tickets++;
    tally_reset(s->tally);
}

/* Returns how many tickets the page held. */
static int fold_page(struct scan *s, const struct db_result *rows) {
    static struct event event;
    int tickets = 0;
    for (int i = 0; i < db_rows(rows); i++) {
        bool sound = tally_event(rows, i, &event);
        if (event.ticket != s->current) {
            end_ticket(s);
            if (!s->recount && s->found_count == s->limit) break;
            s->current = event.ticket;
            tickets++;
        }
        s->events++;
        if (sound)
            (void)tally_take(s->tally, call_world(s->answer->call), &event); /* refused: it was told by the keeper */
        else
            tally_refuse(s->tally, event.ticket);
    }
    end_ticket(s);
    return tickets;
}

/* ---- the answers -------------------------------------------------------------------------------------------------------------- */

static void leave(void *self) {
    for (int i = 0; i < AT_ONCE_MAX; i++)
        if (under_way[i] == self) under_way[i] = NULL;
}

static void finish(struct scan *s) {
    leave(s);
    tally_free(&s->tally);
    free(s->found);
    figures_answer_done(s->answer);
}

static void write_question(struct json_writer *w, const struct figures_answer *a) {
    put_unit(w, "unit", a->call->reference, a->question.unit);
    json_put_time(w, "from", a->question.from);
    json_put_time(w, "to", a->question.to);
}

static void write_weights(struct json_writer *w, const struct figures_answer *a, int rate) {
    json_put_open_list(w, "rules");
    for (size_t i = 0; i < a->rule_count; i++) {
        const struct score_rule *r = &a->rules[i];
        bool about = r->rate == rate || (!r->rate && r->kind == SCORE_EXCLUSION);
        bool when = r->from_day <= a->question.to_day && (!r->to_day || r->to_day >= a->question.from_day);
        if (about && when) figures_write_rule(w, a->call->reference, r);
    }
    json_close_list(w);
}

static void answer_explain(struct scan *s) {
    const struct figures_answer *a = s->answer;
    struct call *call = a->call;
    struct json_writer *w = call_json(call);
    json_open(w);
    write_question(w, a);
    json_put_open(w, "rate");
    figures_write_rate(w, &a->lines[0], s->rate, true);
    json_put_int(w, "better", figures_rate_row(s->rate)->better);
    json_put_bool(w, "share", figures_rate_is_share(s->rate));
    json_close(w);
    write_weights(w, a, s->rate);
    json_put_string(w, "part", parts[s->part]);
    json_put_open_list(w, "tickets");
    for (int i = 0; i < s->found_count; i++) {
        const struct found *f = &s->found[i];
        json_open(w);
        put_ticket_number(w, "number", f->ticket);
        json_put_int(w, "numerator", f->rate.hit);
        json_put_int(w, "denominator", f->rate.of);
        json_put_bool(w, "excluded", f->left_out.of || f->left_out.hit);
        json_close(w);
    }
    json_close_list(w);
    figures_write_counted(w, a);
    call_put_next(call, w, s->more ? call_cursor(call, s->after, 0) : NULL);
    json_close(w);
    finish(s);
    call_answer(call, 200);
}

static void answer_recount(struct scan *s) {
    const struct figures_answer *a = s->answer;
    struct call *call = a->call;
    const struct figures *kept = &a->lines[0].within;
    struct json_writer *w = call_json(call);
    json_open(w);
    write_question(w, a);
    json_put_bool(w, "equal", !memcmp(kept, &s->sum, sizeof *kept));
    json_put_int(w, "tickets", s->tickets);
    json_put_int(w, "events", s->events);
    json_put_open_list(w, "differences");
    for (int i = 1; i < FIGURE_COUNT; i++) {
        if (kept->n[i] == s->sum.n[i]) continue;
        json_open(w);
        json_put_string(w, "counter", figures_counter(i)->name);
        put_names(w, "name", figures_counter(i)->zh, figures_counter(i)->en);
        json_put_int(w, "kept", kept->n[i]);
        json_put_int(w, "recounted", s->sum.n[i]);
        json_close(w);
    }
    json_close_list(w);
    figures_write_counted(w, a);
    json_close(w);
    finish(s);
    call_answer(call, 200);
}

/* ---- page after page ------------------------------------------------------------------------------------------------------------- */

static void read_page(struct scan *s);

static void on_page(struct call *call, const struct db_reply *reply) {
    struct scan *s = ((struct figures_answer *)call->self)->self;
    if (reply->err != ERR_NONE) {
        finish(s);
        call_db_problem(call, reply);
        return;
    }
    bool last = fold_page(s, reply->results[1]) < PAGE_TICKETS && (s->recount || s->found_count < s->limit);
    bool late = clock_monotonic_ms() >= s->until;
    s->more = !last;
    if (!last && !late && (s->recount || s->found_count < s->limit)) {
        read_page(s);
    } else if (!s->recount) {
        answer_explain(s);
    } else if (last) {
        answer_recount(s);
    } else {
        finish(s);
        call_problem(
            call, 503, "数据过多, 未能及时算完; 请缩短期间或选定单位, 或用 paidan figures verify",
            "Too much to count in the time there is; ask for a shorter period or one unit, or use paidan figures "
            "verify");
    }
}

static void read_page(struct scan *s) {
    const struct figures_answer *a = s->answer;
    struct call *call = a->call;
    call_read(call);
    struct db_call *page = call_add(call, &PAGE);
    db_set_int2(page, 1, (int16_t)console_config.shard);
    db_set_int8(page, 2, s->after);
    db_set_int8(page, 3, a->question.from);
    db_set_int8(page, 4, a->question.to_now ? INT64_MAX : a->question.to);
    db_set_int8(page, 5, a->counted);
    call_send(call, on_page);
}

static void start(struct figures_answer *a) {
    struct scan *s = a->self;
    s->answer = a;
    s->until = clock_monotonic_ms() + (s->recount ? RECOUNT_MS : EXPLAIN_MS);
    s->tally = tally_new(false, 0);
    s->found = calloc((size_t)s->limit + 1, sizeof *s->found);
    must(s->found);
    if (s->recount)
        a->call->reach = (struct reach){.everything = true}; /* numbers only, of a unit that may be asked for */
    read_page(s);
}

/* False: the answer was given. */
static bool begin(struct call *call, struct scan *s) {
    const struct who *who = &call->who;
    int room = -1;
    for (int i = 0; i < AT_ONCE_MAX; i++) {
        const struct scan *other = under_way[i];
        if (!other) {
            room = i;
        } else if (other->who_kind == (int)who->kind && other->who == who->principal.user) {
            call_problem(call, 429, "您的上一次核对还在计算",
                         "Your last question of this sort is still being worked out");
            return false;
        }
    }
    if (room < 0) {
        call_problem(call, 503, "系统繁忙, 请稍后再试", "Too busy now, try again");
        return false;
    }
    s->who_kind = (int)who->kind;
    s->who = who->principal.user;
    under_way[room] = s;
    return true;
}

static bool is_plain(struct call *call, const struct figures_question *q) {
    if (q->by) call_wrong(call, "by", "此处不分组", "is not for here");
    if (q->each) call_wrong(call, "each", "此处不分段", "is not for here");
    return !call_is_wrong(call, 400);
}

static void ask_rate(struct call *call, struct scan *s) {
    const char *rate = http_query(call->request, "rate"), *part = http_query(call->request, "part");
    s->rate = rate ? figures_rate_by_code(rate, strlen(rate)) : 0;
    if (!s->rate)
        call_wrong(call, "rate", "须为一项指标的代码, 见 /api/v1/figures/formulas",
                   "must be the code of a rate, see /api/v1/figures/formulas");
    for (int i = 1; part && i < 3; i++)
        if (!strcmp(part, parts[i])) s->part = (enum part)i;
    if (part && !s->part && strcmp(part, parts[0]) != 0)
        call_wrong(call, "part", "须为 numerator、denominator 或 missed", "must be numerator, denominator or missed");
    if (s->rate && s->part == PART_MISSED && !figures_rate_is_share(s->rate))
        call_wrong(
            call, "part", "该指标按件计次, 可超过 100%, 没有未达到的部分; 须为 numerator 或 denominator",
            "this rate counts occasions per ticket and may pass 100 %: nothing of it is missed; must be numerator or "
            "denominator");
    s->limit = (int)call_query_int(call, "limit", LIMIT, LIMIT_MAX);
    int64_t cursor[2];
    if (call_query_cursor(call, cursor)) s->after = cursor[0];
}

void figures_explain_get(struct call *call) {
    struct scan *s = call_take(call, sizeof *s);
    struct figures_question q;
    ask_rate(call, s);
    if (!figures_ask(call, &q) || !is_plain(call, &q) || !begin(call, s)) return;
    figures_answer_start(call, &q, start, leave, s);
}

void figures_recount_get(struct call *call) {
    struct scan *s = call_take(call, sizeof *s);
    struct figures_question q;
    s->recount = true;
    if (!figures_ask(call, &q) || !is_plain(call, &q) || !begin(call, s)) return;
    figures_answer_start(call, &q, start, leave, s);
}

/* ---- what there is to ask for --------------------------------------------------------------------------------------------------- */

static void write_names(struct json_writer *w, const char *key, const uint8_t *sum) {
    json_put_open_list(w, key);
    for (int i = 0; i < FIGURES_SUM_MAX; i++)
        if (sum[i]) json_string(w, figures_counter(sum[i])->name);
    json_close_list(w);
}

static void on_rules(struct call *call, const struct db_reply *reply) {
    size_t count;
    const struct score_rule *rules = figures_rules_of(call, reply->results[1], &count);
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_int(w, "version", FIGURES_FORMULAS);
    json_put_open_list(w, "rates");
    for (int rate = 1; rate < RATE_COUNT; rate++) {
        const struct rate_row *row = figures_rate_row(rate);
        json_open(w);
        json_put_string(w, "code", row->code);
        put_names(w, "name", row->zh, row->en);
        put_names(w, "formula", row->formula_zh, row->formula_en);
        json_put_int(w, "version", row->version);
        json_put_int(w, "better", row->better);
        json_put_bool(w, "share", figures_rate_is_share(rate));
        write_names(w, "numerator", row->numerator);
        write_names(w, "denominator", row->denominator);
        json_close(w);
    }
    json_close_list(w);
    json_put_open_list(w, "counters");
    for (int i = 1; i < FIGURE_COUNT; i++) {
        json_open(w);
        json_put_string(w, "code", figures_counter(i)->name);
        put_names(w, "name", figures_counter(i)->zh, figures_counter(i)->en);
        json_close(w);
    }
    json_close_list(w);
    json_put_open_list(w, "rules");
    for (size_t i = 0; i < count; i++) figures_write_rule(w, call->reference, &rules[i]);
    json_close_list(w);
    json_close(w);
    call_answer(call, 200);
}

void figures_formulas_get(struct call *call) {
    call_read(call);
    call_add(call, &FIGURES_RULES);
    call_send(call, on_rules);
}
