/* POST /rules/preview: which tickets the rules of a file would have sent elsewhere: those of the last 30 days and everything that
 * is open, a page at a time (next_cursor), so that nobody else waits for it; `of` on the first page says how many there are. Each
 * is routed twice by core, with the rules in force and with those of the file, by what is known of it now. `moves`: POST
 * /rules/reroute would move it, which core says to both (ticket_may_reroute, rule R17). So a ticket that an earlier change of rules
 * left where it was is named too, from where it waits.
 * POST /rules/test: one request's words through the rules in force. */
#include <cjson/cJSON.h>
#include <string.h>

#include "common/number.h"
#include "core/routing.h"
#include "core/ticket.h"
#include "proto/must.h"
#include "services/console/rules.h"
#include "services/console/ticket_json.h"

enum { DAYS = 30, PAGE = 500, PAGE_MAX = 2000, SENTENCE_BYTES = 1200 };
#define DAY_MS INT64_C(86400000)

/* ---- the page ---- */

/* $1 below this number, $2 the oldest of the last 30 days, $3 how many. Newer ones first, then what is older and still open. */
static const struct db_statement TICKETS = {
    "rules_preview",
    "SELECT * FROM ((SELECT t.id, t.body, q.title, q.description FROM ticket t LEFT JOIN request q ON q.id = t.request "
    "WHERE t.id < $1::int8 AND t.id >= $2::int8 ORDER BY t.id DESC LIMIT $3::int4) "
    "UNION ALL "
    "(SELECT t.id, t.body, q.title, q.description FROM ticket t LEFT JOIN request q ON q.id = t.request "
    "WHERE t.open AND t.id < least($1::int8, $2::int8) ORDER BY t.id DESC LIMIT $3::int4)) p "
    "ORDER BY id DESC LIMIT $3::int4"};
static const struct db_statement HOW_MANY = {"rules_preview_count",
                                             "SELECT (SELECT count(*) FROM ticket WHERE id >= $1::int8) + "
                                             "(SELECT count(*) FROM ticket WHERE open AND id < $1::int8)"};

struct page {
    struct import *in;
    time_ms at;
    int64_t below;
    int limit;
    bool first;
};

static struct span column(const struct db_result *rows, int i, int number) {
    size_t len;
    const char *text = db_get_text(rows, i, number, &len);
    return (struct span){text ? text : "", text ? len : 0};
}

static void route(struct arena *arena, const struct world *world, const struct ticket *ticket, struct span title,
                  struct span description, time_ms at, struct route *ret_route) {
    struct request_new known = routing_as_known(ticket);
    known.rules_count = rule_text_find(arena, world, title, description, known.rules);
    routing_decide_at(world, &known, at, ret_route);
}

/* Of a ticket that waits for a unit, or for its signature: the unit it waits at, 0 for triage. */
static uint32_t waits_at(const struct ticket *ticket) {
    uint32_t unit = 0;
    for (int i = 0; i < ticket->assignments_count && ticket->state == STATE_OFFERED; i++)
        if (ticket->assignments[i].kind == ASSIGNMENT_LEAD) unit = ticket->assignments[i].unit;
    return unit;
}

static void put_rule_no(struct json_writer *w, const char *key, int64_t rule) {
    if (rule)
        json_put_id(w, key, rule);
    else
        json_put_null(w, key);
}

static void put_moved(struct json_writer *w, const struct page *p, const struct ticket *ticket,
                      const struct route *from, const struct route *to, bool moves) {
    const struct rules_plan *plan = p->in->plan;
    const struct reference *reference = p->in->reference;
    uint32_t at = moves ? waits_at(ticket) : from->unit;
    json_open(w);
    put_ticket_number(w, "ticket", ticket->id);
    json_put_id(w, "version", ticket->version);
    json_put_string(w, "state", word_text(WORDS_state, ticket->state));
    json_put_bool(w, "open", ticket_is_open(ticket));
    json_put_bool(w, "moves", moves);
    json_put_time(w, "received", ticket->received_at);
    put_unit(w, "from", reference, at);
    put_unit(w, "to", reference, to->unit);
    put_rule_no(w, "from_rule", at == from->unit ? from->rule : 0);
    put_rule_no(w, "to_rule", to->rule);
    json_put_string(w, "to_rule_name", reference_rule_name(&plan->imagined, (uint32_t)to->rule));
    json_close(w);
}

static void on_page(struct call *call, const struct db_reply *reply) {
    const struct page *p = call->self;
    const struct rules_plan *plan = p->in->plan;
    const struct db_result *rows = reply->results[1];
    static struct ticket ticket;
    struct arena scratch;
    struct json_writer *w = call_json(call);
    int count = db_rows(rows), changed = 0;
    arena_init(&scratch, 1 << 17, 1 << 22);
    json_open(w);
    json_put_int(w, "world", p->in->reference->world.version);
    json_put_time(w, "at", p->at);
    json_put_int(w, "looked", count);
    if (p->first)
        json_put_int(w, "of", db_get_int(reply->results[2], 0, 0));
    else
        json_put_null(w, "of");
    json_put_open_list(w, "tickets");
    for (int i = 0; i < count; i++) {
        size_t len;
        const uint8_t *body = db_get_bytes(rows, i, 1, &len);
        struct route from, to;
        if (!ticket_of_body(body, len, &ticket)) continue;
        struct span title = column(rows, i, 2), description = column(rows, i, 3);
        route(&scratch, &p->in->reference->world, &ticket, title, description, p->at, &from);
        route(&scratch, &plan->imagined.world, &ticket, title, description, p->at, &to);
        arena_reset(&scratch);
        bool moves = ticket_may_reroute(&ticket, to.unit) == VERDICT_OK;
        if (from.unit == to.unit && !moves) continue;
        put_moved(w, p, &ticket, &from, &to, moves);
        changed++;
    }
    json_close_list(w);
    arena_done(&scratch);
    json_put_int(w, "changed", changed);
    int64_t last = count ? db_get_int(rows, count - 1, 0) : 0;
    call_put_next(call, w, count == p->limit ? call_cursor(call, last, p->at) : NULL);
    json_put_open_list(w, "warnings");
    for (int i = 0; i < p->in->warning_count && i < IMPORT_WARNINGS_MAX; i++) {
        json_open(w);
        json_put_string(w, "zh", p->in->warnings[i].zh);
        json_put_string(w, "en", p->in->warnings[i].en);
        json_close(w);
    }
    json_close_list(w);
    json_close(w);
    import_end(p->in);
    call_answer(call, 200);
}

/* What the file holds that is not looked at, because it begins later. */
static void warn_of_later(struct import *in, const struct rules_plan *plan, time_ms at) {
    for (uint32_t i = 0; i < plan->count; i++) {
        if (plan->change[i] < RULE_CHANGED || plan->rules[i].from <= at) continue;
        import_warn(
            in, import_printf(in, "第 %u 号规则尚未生效, 未计入; 用 at= 指定生效后的日期可以预览", plan->rules[i].no),
            import_printf(
                in, "rule %u is not in force yet and was left out; name a later date with at=", plan->rules[i].no));
    }
}

void rules_preview_begin(struct import *in) {
    struct call *call = in->call;
    struct page *p = call_take(call, sizeof *p);
    int64_t cursor[2] = {INT64_MAX, 0};
    p->in = in;
    p->first = !call_query_cursor(call, cursor);
    p->below = cursor[0];
    time_ms named = call_query_time(call, "at");
    p->at = p->first ? named ? named : clock_now() : cursor[1];
    if (p->at > CALENDAR_TIME_MAX) {
        const char *which = p->first ? "at" : "cursor";
        call_wrong(call, which, "晚于日历所及", "lies behind the end of the calendar");
    }
    p->limit = (int)call_query_int(call, "limit", PAGE, PAGE_MAX);
    if (call->wrong_count) {
        import_end(in);
        call_is_wrong(call, 400);
        return;
    }
    if (p->first) warn_of_later(in, in->plan, p->at);
    call->self = p;
    int64_t oldest = (int64_t)clock_date(clock_now() - DAYS * DAY_MS) * 1000000000;
    call_read(call);
    struct db_call *page = call_add(call, &TICKETS);
    db_set_int8(page, 1, p->below);
    db_set_int8(page, 2, oldest);
    db_set_int4(page, 3, p->limit);
    if (p->first) db_set_int8(call_add(call, &HOW_MANY), 1, oldest);
    call_send(call, on_page);
}

/* ---- one request's words ---- */

static const char *text_of(struct call *call, const char *key) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(call->tree, key);
    if (!item || cJSON_IsNull(item)) return "";
    if (cJSON_IsString(item)) return item->valuestring;
    call_wrong(call, call_printf(call, "/%s", key), "须为文字", "must be a text");
    return "";
}

static struct request_new said(struct call *call, struct arena *arena) {
    const struct reference *reference = call->reference;
    const char *title = text_of(call, "title"), *description = text_of(call, "description");
    const char *matter = text_of(call, "matter"), *place = text_of(call, "place");
    const char *channel = text_of(call, "channel"), *source = text_of(call, "source"), *at = text_of(call, "at");
    struct request_new r = {.received_at = clock_now()};
    int64_t code = 0;
    bool digits = strlen(matter) == 6 && strspn(matter, "0123456789") == 6; /* codes may begin with 0 */
    for (int i = 0; digits && i < 6; i++) code = code * 10 + (matter[i] - '0');
    if (*matter && !digits) call_wrong(call, "/matter", "须为六位数字", "must be six digits");
    r.matter = world_matter(&reference->world, (uint32_t)code) ? (uint32_t)code : 0;
    r.unknown_matter = code && !r.matter;
    if (*place && !(r.place = reference_unit_by_code(reference, place, strlen(place))))
        call_wrong(call, "/place", "没有这个单位", "there is no such unit");
    if (r.place) r.place_by = PLACE_BY_OPERATOR;
    if (*channel && !(r.channel = (uint8_t)word_value(WORDS_channel, channel, strlen(channel))))
        call_wrong_word(call, "/channel", WORDS_channel);
    const struct reference_source *known = reference_source_by_code(reference, source, strlen(source));
    if (*source && !known) call_wrong(call, "/source", "没有这个来源", "there is no such source");
    if (known) r.source = known->id;
    if (known && !r.channel) r.channel = known->channel;
    if (*at && clock_parse(at, strlen(at), &r.received_at) != ERR_NONE)
        call_wrong(call, "/at", "应如 2026-11-21T09:30:00+08:00", "must be like 2026-11-21T09:30:00+08:00");
    r.rules_count = rule_text_find(arena, &reference->world, (struct span){title, strlen(title)},
                                   (struct span){description, strlen(description)}, r.rules);
    return r;
}

void rules_test_post(struct call *call) {
    if (!call_json_body(call)) return;
    struct arena arena;
    struct route decided;
    arena_init(&arena, 1 << 16, 1 << 20);
    struct request_new request = said(call, &arena);
    arena_done(&arena);
    if (call_is_wrong(call, 422)) return;
    routing_decide(call_world(call), &request, &decided);
    struct routing_names names = reference_names(call->reference);
    char zh[SENTENCE_BYTES], en[SENTENCE_BYTES];
    routing_say(&decided, &names, LANG_ZH, zh, sizeof zh);
    routing_say(&decided, &names, LANG_EN, en, sizeof en);
    struct json_writer *w = call_json(call);
    json_open(w);
    put_unit(w, "unit", call->reference, decided.unit);
    put_rule_no(w, "rule", decided.rule);
    put_matter(w, "matter", call->reference, decided.matter);
    put_word(w, "urgency", WORDS_urgency, decided.urgency);
    json_put_open_list(w, "assists");
    for (int i = 0; i < decided.assists_count; i++)
        json_string(w, reference_unit_code(call->reference, decided.assists[i]));
    json_close_list(w);
    put_names(w, "route", zh, en);
    json_close(w);
    call_answer(call, 200);
}
