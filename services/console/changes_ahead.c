/* What would come of changes of units, for a dry run: which open tickets follow by a recorded command (rule L43), found by core's own
 * question in a world where the change is in force; which units come along, how many matters and people. Numbers and codes alone,
 * as an administrator reads no ticket (rule A6). */
#include "services/console/changes.h"

#include <string.h>

#include "common/clock.h"
#include "core/ticket.h"
#include "proto/must.h"
#include "services/console/ticket_json.h"
#include "services/console/ticket_read.h"

enum { PAGE = 2000 };

static const struct db_statement SCOPE = {"changes_scope", "SELECT set_config('paidan.everything', '1', true)"};
static const struct db_statement CONCERNED = {
    "changes_concerned",
    "SELECT t.id, t.body FROM ticket t WHERE t.open AND t.id > $1::int8 AND (t.owner = ANY ($2::int4[]) OR EXISTS "
    "(SELECT FROM assignment a WHERE a.ticket = t.id AND a.unit = ANY ($2::int4[]))) ORDER BY t.id LIMIT $3::int4"};
static const struct db_statement PEOPLE = {
    "changes_people", "SELECT p.unit, count(DISTINCT p.account) FROM post p JOIN account a ON a.id = p.account WHERE "
                      "NOT a.disabled AND p.unit = ANY ($1::int4[]) GROUP BY p.unit"};

/* ---- looking ---- */

static bool moves_only(const struct change_row *row) {
    return row->change == UNIT_CHANGE_MOVE;
}

/* A closed unit's own; of one that moves what lies with it and below. */
static bool concerns(struct import *in, struct world *ahead, const struct change_row *row,
                     const struct ticket *ticket) {
    struct changes_plan *plan = in->plan;
    if (moves_only(row)) {
        const struct world *now = &in->reference->world;
        bool with = world_in_subtree(now, row->unit, ticket->owner);
        for (int i = 0; i < ticket->assignments_count && !with; i++)
            with =
                ticket->assignments[i].ended_at == 0 && world_in_subtree(now, row->unit, ticket->assignments[i].unit);
        return with;
    }
    plan->units[row->unit].closed = true; /* this one alone, so that each change is counted for itself */
    bool follows = ticket_strays(ahead, ticket) == row->unit;
    plan->units[row->unit].closed = false;
    return follows;
}

static void count_ticket(struct import *in, struct world *ahead, const struct ticket *ticket) {
    struct changes_plan *plan = in->plan;
    for (uint32_t i = 0; i < plan->count; i++) {
        struct change_row *row = &plan->rows[i];
        if (!concerns(in, ahead, row, ticket)) continue;
        if (row->tickets < CHANGE_NAMED) row->first_tickets[row->tickets] = ticket->id;
        row->tickets++;
    }
}

static void set_units(struct db_call *call, int number, const struct import *in) {
    const struct changes_plan *plan = in->plan;
    const struct world *world = &in->reference->world;
    db_set_array(call, number, DB_INT4);
    for (uint32_t i = 0; i < plan->count; i++)
        for (uint32_t id = 1; id < world->unit_count; id++)
            if (id == plan->rows[i].unit ||
                (moves_only(&plan->rows[i]) && world_in_subtree(world, plan->rows[i].unit, id)))
                db_push_int4(call, number, (int32_t)id);
}

static void ask(struct import *in, int64_t after, bool first, call_done *done) {
    struct call *call = in->call;
    call->takes_errors = true;
    call_read(call);
    call_add(call, &SCOPE);
    struct db_call *page = call_add(call, &CONCERNED);
    db_set_int8(page, 1, after);
    set_units(page, 2, in);
    db_set_int4(page, 3, PAGE);
    if (first) set_units(call_add(call, &PEOPLE), 1, in);
    call_send(call, done);
}

static void take_people(struct changes_plan *plan, const struct db_result *rows) {
    for (int n = 0; n < db_rows(rows); n++)
        for (uint32_t i = 0; i < plan->count; i++)
            if (plan->rows[i].unit == (uint32_t)db_get_int(rows, n, 0)) plan->rows[i].people = db_get_int(rows, n, 1);
}

static void take_page(struct import *in, const struct db_result *rows) {
    static struct ticket ticket;
    struct changes_plan *plan = in->plan;
    struct world ahead = in->reference->world;
    uint32_t bad;
    for (uint32_t i = 0; i < plan->count; i++) plan->units[plan->rows[i].unit].closed = false;
    must(world_seal(plan->units, ahead.unit_count, &bad)); /* it was played without a loop */
    ahead.units = plan->units;
    for (int i = 0; i < db_rows(rows); i++) {
        size_t len;
        const uint8_t *body = db_get_bytes(rows, i, 1, &len);
        if (ticket_of_body(body, len, &ticket)) count_ticket(in, &ahead, &ticket);
    }
}

static void on_page(struct call *call, const struct db_reply *reply) {
    struct import *in = call->self;
    if (reply->err != ERR_NONE) {
        import_fail(in, reply);
        return;
    }
    const struct db_result *rows = reply->results[2];
    int count = db_rows(rows);
    if (reply->call_count > 3) take_people(in->plan, reply->results[3]);
    take_page(in, rows);
    if (count == PAGE)
        ask(in, db_get_int(rows, count - 1, 0), false, on_page);
    else
        import_answer(in);
}

static uint32_t count_matters(const struct world *world, uint32_t unit) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < world->matter_count; i++) {
        const struct matter *m = &world->matters[i];
        bool has = m->department == unit;
        for (int a = 0; a < m->assist_count; a++) has |= m->assists[a] == unit;
        count += has;
    }
    return count;
}

void changes_ahead(struct import *in) {
    struct changes_plan *plan = in->plan;
    plan->told = true;
    for (uint32_t i = 0; i < plan->count; i++)
        plan->rows[i].matters = count_matters(&in->reference->world, plan->rows[i].unit);
    if (plan->count)
        ask(in, 0, true, on_page);
    else
        import_answer(in);
}

/* ---- telling ---- */

static const char *tickets_of(struct import *in, const struct change_row *row) {
    const char *text = "";
    for (int i = 0; i < row->tickets && i < CHANGE_NAMED; i++)
        text = import_printf(in, "%s%sT%017lld", text, i ? ", " : "", (long long)row->first_tickets[i]);
    return row->tickets > CHANGE_NAMED ? import_printf(in, "%s ...", text) : text;
}

static const char *children_of(struct import *in, const struct change_row *row) {
    const char *text = "";
    for (uint32_t i = 0; i < row->children && i < CHANGE_NAMED; i++)
        text = import_printf(in, "%s%s%s", text, i ? ", " : "",
                             reference_unit_code(in->reference, row->first_children[i]));
    return row->children > CHANGE_NAMED ? import_printf(in, "%s ...", text) : text;
}

static const char *what(struct import *in, const struct change_row *row, bool english) {
    const char *unit = reference_unit_name(in->reference, row->unit, english);
    const char *target = row->target ? reference_unit_name(in->reference, row->target, english) : "";
    const struct word *word = word_by_value(WORDS_unit_change, row->change);
    if (english) return import_printf(in, "%s: %s%s%s", unit, word->en, *target ? " to " : "", target);
    return import_printf(in, "%s%s%s", unit, row->change == UNIT_CHANGE_MOVE ? "改隶" : word->zh, target);
}

static const char *say_zh(struct import *in, const struct change_row *row, const char *at) {
    const char *text =
        import_printf(in, "%s, %s%s", what(in, row, false), at, row->at <= clock_now() ? " (已过, 导入即生效)" : "");
    const char *tickets = tickets_of(in, row), *children = children_of(in, row);
    if (row->tickets)
        text = import_printf(in, "%s; 在办工单 %lld 张%s (%s)", text, (long long)row->tickets,
                             moves_only(row) ? "随单位划转, 不另派" : "随之转办", tickets);
    if (row->children) text = import_printf(in, "%s; 下级单位 %u 个随之转隶 (%s)", text, row->children, children);
    if (moves_only(row)) return text;
    if (row->change == UNIT_CHANGE_MERGE)
        return import_printf(in, "%s; %u 个事项、%lld 人转入", text, row->matters, (long long)row->people);
    return import_printf(in, "%s; %u 个事项失去责任或协办单位, %lld 人失去岗位", text, row->matters,
                         (long long)row->people);
}

static const char *say_en(struct import *in, const struct change_row *row, const char *at) {
    const char *text =
        import_printf(in, "%s, %s%s", what(in, row, true), at, row->at <= clock_now() ? " (has passed: at once)" : "");
    const char *tickets = tickets_of(in, row), *children = children_of(in, row);
    if (row->tickets)
        text = import_printf(in, "%s; %lld open tickets %s (%s)", text, (long long)row->tickets,
                             moves_only(row) ? "go along as they are" : "follow", tickets);
    if (row->children) text = import_printf(in, "%s; %u units below come along (%s)", text, row->children, children);
    if (moves_only(row)) return text;
    if (row->change == UNIT_CHANGE_MERGE)
        return import_printf(in, "%s; %u matters and %lld people go over", text, row->matters, (long long)row->people);
    return import_printf(in, "%s; %u matters lose their department or assist, %lld people a post", text, row->matters,
                         (long long)row->people);
}

static void tell_row(struct import *in, struct json_writer *w, const struct change_row *row) {
    char at[CLOCK_TEXT_BYTES];
    clock_format(row->at, at);
    at[10] = ' ', at[16] = 0;
    json_open(w);
    json_put_int(w, "row", (int64_t)row->number);
    put_unit(w, "unit", in->reference, row->unit);
    put_word(w, "change", WORDS_unit_change, row->change);
    put_unit(w, "target", in->reference, row->target);
    json_put_time(w, "at", row->at);
    json_put_bool(w, "at_once", row->at <= clock_now());
    json_put_bool(w, "by_command", !moves_only(row));
    json_put_int(w, "tickets", row->tickets);
    json_put_open_list(w, "first_tickets");
    for (int i = 0; i < row->tickets && i < CHANGE_NAMED; i++)
        json_string(w, import_printf(in, "T%017lld", (long long)row->first_tickets[i]));
    json_close_list(w);
    json_put_int(w, "children", row->children);
    json_put_open_list(w, "first_children");
    for (uint32_t i = 0; i < row->children && i < CHANGE_NAMED; i++)
        json_string(w, reference_unit_code(in->reference, row->first_children[i]));
    json_close_list(w);
    json_put_int(w, "matters", row->matters);
    json_put_int(w, "people", row->people);
    json_put_string(w, "zh", say_zh(in, row, at));
    json_put_string(w, "en", say_en(in, row, at));
    json_close(w);
}

void changes_tell(struct import *in, struct json_writer *w) {
    const struct changes_plan *plan = in->plan;
    if (!plan->told) return;
    json_put_open_list(w, "consequences");
    for (uint32_t i = 0; i < plan->count; i++) tell_row(in, w, &plan->rows[i]);
    json_close_list(w);
}
