/* See feed.h. */
#include "services/console/feed.h"

#include <string.h>

#include "core/lifecycle.h"
#include "proto/codec.h"
#include "services/console/event_read.h"
#include "services/console/kept.h"
#include "services/console/ticket_json.h"
#include "services/console/tickets.h"

enum {
    LIMIT = 50,
    LIMIT_MAX = 200,
    EVENTS_WINDOW = 50000,
    FLOW_WINDOW = 5000,
    FLOW_KEPT_MS = 5000,
    MINUTES = 60,
    MINUTES_MAX = 1440
};
#define MINUTE_MS 60000LL

/* The columns event_of_row reads. */
#define LATEST_OF(types)                                                                                               \
    "SELECT e.seq, e.shard, e.epoch, e.ticket, e.version, e.at, e.type, e.cause, e.user_id, e.role, e.unit, e.body "   \
    "FROM shard s CROSS JOIN LATERAL (SELECT * FROM event e WHERE e.shard = s.id AND e.seq >= s.next_seq - $3::int8 "  \
    "AND " types "e.type = ANY ($1::int2[]) ORDER BY e.seq DESC LIMIT $2::int4) e ORDER BY e.at DESC, e.seq DESC "     \
    "LIMIT $2::int4"
static const struct db_statement LATEST = {"events_latest", LATEST_OF("")};
/* Of the types that an index of their own holds (event_notice): nothing else is read to find them. */
static const struct db_statement LATEST_INDEXED = {"events_latest_indexed",
                                                   LATEST_OF("e.type IN (42, 43, 45, 50, 51, 52, 53, 61) AND ")};

/* The last column is the ticket's event before it: whose turn it was. */
static const struct db_statement FLOW = {
    "events_flow",
    "SELECT e.at, e.body, (SELECT p.body FROM event p WHERE p.ticket = e.ticket AND p.version = e.version - 1) FROM "
    "shard s CROSS JOIN LATERAL (SELECT * FROM event e WHERE e.shard = s.id AND e.seq >= s.next_seq - $2::int8 AND "
    "e.at >= $1::int8 ORDER BY e.seq DESC LIMIT $2::int8) e ORDER BY e.at DESC"};

/* ---- events ----------------------------------------------------------------------------------------------------------------------------- */

static void push_types(struct call *call, struct db_call *latest, const char *text) {
    db_set_array(latest, 1, DB_INT2);
    if (!text || !*text) {
        size_t count;
        const struct word *words = word_list(WORDS_event_type, &count);
        for (size_t i = 0; i < count; i++) db_push_int2(latest, 1, (int16_t)words[i].value);
        return;
    }
    for (const char *at = text; *at;) {
        size_t len = strcspn(at, ",");
        db_push_int2(latest, 1, (int16_t)word_value(WORDS_event_type, at, len));
        at += len + (at[len] == ',');
    }
}

static bool check_types(struct call *call, const char *text) {
    for (const char *at = text ? text : ""; *at;) {
        size_t len = strcspn(at, ",");
        if (!word_value(WORDS_event_type, at, len)) {
            call_wrong_word(call, "type", WORDS_event_type);
            return false;
        }
        at += len + (at[len] == ',');
    }
    return true;
}

static bool are_indexed(const char *text) {
    static const uint8_t indexed[] = {EVENT_URGED,         EVENT_SUPERVISED,     EVENT_WHISTLED,      EVENT_RUNG,
                                      EVENT_CARD_APPEALED, EVENT_CARD_WITHDRAWN, EVENT_APPEAL_REFUSED};
    for (const char *at = text ? text : ","; *at;) {
        size_t len = strcspn(at, ",");
        int type = word_value(WORDS_event_type, at, len);
        if (!type || !memchr(indexed, type, sizeof indexed)) return false;
        at += len + (at[len] == ',');
    }
    return true;
}

static void on_events(struct call *call, const struct db_reply *reply) {
    static struct event event;
    const struct db_result *rows = reply->results[1];
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_open_list(w, "events");
    for (int i = 0; i < db_rows(rows); i++)
        if (event_of_row(rows, i, &event)) put_event(w, call, &event, true);
    json_close_list(w);
    json_close(w);
    call_answer(call, 200);
}

void feed_events_get(struct call *call) {
    const char *types = http_query(call->request, "type");
    int limit = (int)call_query_int(call, "limit", LIMIT, LIMIT_MAX);
    check_types(call, types);
    if (call_is_wrong(call, 400)) return;
    call_read(call);
    struct db_call *latest = call_add(call, are_indexed(types) ? &LATEST_INDEXED : &LATEST);
    push_types(call, latest, types);
    db_set_int4(latest, 2, limit);
    db_set_int8(latest, 3, EVENTS_WINDOW);
    call_send(call, on_events);
}

/* ---- flow ------------------------------------------------------------------------------------------------------------------------------- */

static struct kept kept_flow;

struct flow {
    int64_t minutes;
    time_ms from, to;
    uint32_t unit_count;
    uint32_t *came, *left; /* by unit */
    int64_t received, ended;
};

/* Whose turn it is after the event; 0: nobody's, it has ended or there was none. */
static uint32_t owner_after(const struct db_result *rows, int row, int column, uint32_t unit_count) {
    static struct effect effect;
    struct codec_fault fault;
    size_t len;
    const uint8_t *body = db_get_bytes(rows, row, column, &len);
    if (!body || codec_decode(&type_effect, body, len, &effect, &fault) != CODEC_OK) return 0;
    return effect.owner < unit_count ? effect.owner : 0;
}

static void count_row(struct flow *f, const struct db_result *rows, int i) {
    uint32_t before = owner_after(rows, i, 2, f->unit_count), after = owner_after(rows, i, 1, f->unit_count);
    if (before == after) return;
    if (before)
        f->left[before]++;
    else
        f->received++;
    if (after)
        f->came[after]++;
    else
        f->ended++;
}

static void on_flow(struct call *call, const struct db_reply *reply) {
    struct flow *f = call->self;
    const struct db_result *rows = reply->results[1];
    int count = db_rows(rows);
    for (int i = 0; i < count; i++) count_row(f, rows, i);
    if (count >= FLOW_WINDOW) f->from = db_get_int(rows, count - 1, 0);
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_time(w, "from", f->from);
    json_put_time(w, "to", f->to);
    json_put_int(w, "received", f->received);
    json_put_int(w, "ended", f->ended);
    json_put_open_list(w, "units");
    for (uint32_t id = 1; id < f->unit_count; id++) {
        if (!f->came[id] && !f->left[id]) continue;
        json_open(w);
        json_put_string(w, "unit", reference_unit_code(call->reference, id));
        json_put_int(w, "came", f->came[id]);
        json_put_int(w, "left", f->left[id]);
        json_close(w);
    }
    json_close_list(w);
    json_close(w);
    kept_take(&kept_flow, call, f->minutes, FLOW_KEPT_MS);
    call_answer(call, 200);
}

void feed_flow_get(struct call *call) {
    struct flow *f = call_take(call, sizeof *f);
    int64_t minutes = call_query_int(call, "minutes", MINUTES, MINUTES_MAX);
    if (call_is_wrong(call, 400) || kept_answered(&kept_flow, call, minutes)) return;
    f->minutes = minutes;
    f->unit_count = call_world(call)->unit_count;
    f->came = call_take(call, 2 * f->unit_count * sizeof *f->came);
    f->left = f->came + f->unit_count;
    f->to = clock_now();
    f->from = f->to - minutes * MINUTE_MS;
    call->self = f;
    call_read(call);
    struct db_call *flow = call_add(call, &FLOW);
    db_set_int8(flow, 1, f->from);
    db_set_int8(flow, 2, FLOW_WINDOW);
    call_send(call, on_flow);
}
