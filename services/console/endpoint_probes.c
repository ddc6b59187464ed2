/* What an administrator asks of an endpoint now, a test event or the challenge, and the log of what was tried there lately. The
 * notification service does the sending, on the way events go too, so that what is told here is what events would meet; the console
 * asks by a row and finds the outcome in the log. */
#include <stdio.h>
#include <string.h>

#include "services/console/endpoints.h"
#include "services/console/endpoints_inner.h"
#include "services/console/ticket_json.h"
#include "services/kit/attempt.h"
#include "services/kit/event_json.h"

enum { LOOK_EACH_MS = 50, PATIENCE_MS = 13000 }; /* an attempt ends within 10 seconds */

#define ATTEMPTS                                                                                                       \
    "SELECT a.at, a.kind, a.outcome, a.about, a.status, a.took_ms, a.address, a.said, a.why, coalesce(d.ticket, 0), "  \
    "coalesce(d.type, 0), coalesce(d.seq, 0), coalesce(d.request, 0) FROM endpoint_attempt a LEFT JOIN delivery d ON " \
    "a.kind = 1 AND d.id = a.about "
static const struct db_statement FIND = {"probe_find", "SELECT id, unverified FROM endpoint WHERE name = $1::text"};
static const struct db_statement ASK = {
    "probe_ask", "INSERT INTO endpoint_probe (endpoint, kind, asked_at) VALUES ($1::int8, $2::int2, $3::int8) "
                 "RETURNING id"};
static const struct db_statement OUTCOME = {"probe_outcome", ATTEMPTS
                                            "WHERE a.endpoint = $1::int8 AND a.kind = $2::int2 AND a.about = $3::int8"};
static const struct db_statement GIVE_UP = {"probe_give_up", "DELETE FROM endpoint_probe WHERE id = $1::int8"};
static const struct db_statement LOG = {
    "attempts_list", ATTEMPTS "WHERE a.endpoint = (SELECT id FROM endpoint WHERE name = $1::text) ORDER BY a.at DESC, "
                              "a.slot DESC LIMIT 100"};

/* ---- one attempt ---------------------------------------------------------------------------------------------------------- */

static void put_attempt(struct call *call, struct json_writer *w, const struct db_result *rows, int i) {
    int kind = (int)db_get_int(rows, i, 1), outcome = (int)db_get_int(rows, i, 2), status = (int)db_get_int(rows, i, 4);
    int64_t about = db_get_int(rows, i, 3), ticket = db_get_int(rows, i, 9);
    struct sentence reason = attempt_outcome_reason(outcome);
    size_t len;
    json_open(w);
    json_put_time(w, "at", db_get_int(rows, i, 0));
    json_put_string(w, "kind", attempt_kind_code(kind));
    struct event_row row = {
        .shard = (uint16_t)console_config.shard, .seq = db_get_int(rows, i, 11), .request = db_get_int(rows, i, 12)};
    char id[EVENT_ID_BYTES] = "";
    if (row.seq) event_id(&row, id);
    if (kind == ATTEMPT_TEST) snprintf(id, sizeof id, "tst_%lld", (long long)about);
    json_put_string(w, "webhook_id", *id ? id : NULL);
    put_ticket_number(w, "ticket", ticket);
    json_put_string(w, "event", ticket ? word_text(WORDS_event_type, (int)db_get_int(rows, i, 10)) : NULL);
    json_put_string(w, "outcome", attempt_outcome_code(outcome));
    json_put_string(w, "reason", call_lang(call) == LANG_EN ? reason.en : reason.zh);
    if (status)
        json_put_int(w, "status", status);
    else
        json_put_null(w, "status");
    json_put_int(w, "took_ms", db_get_int(rows, i, 5));
    json_put_string(w, "address", db_get_text(rows, i, 6, &len));
    json_put_string(w, "said", db_get_text(rows, i, 7, &len));
    json_put_string(w, "detail", db_get_text(rows, i, 8, &len));
    json_close(w);
}

static void on_log(struct call *call, const struct db_reply *reply) {
    const struct db_result *rows = reply->results[2];
    if (!db_rows(reply->results[1])) {
        call_not_found(call);
        return;
    }
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_open_list(w, "attempts");
    for (int i = 0; i < db_rows(rows); i++) put_attempt(call, w, rows, i);
    json_close_list(w);
    json_close(w);
    call_answer(call, 200);
}

void endpoint_attempts_get(struct call *call) {
    const char *name;
    if (!endpoint_name(call, &name)) return;
    call_read(call);
    db_set_string(call_add(call, &FIND), 1, name);
    db_set_string(call_add(call, &LOG), 1, name);
    call_send(call, on_log);
}

/* ---- a probe ---------------------------------------------------------------------------------------------------------------- */

struct probe {
    const char *name;
    int kind;
    int64_t endpoint, id, until; /* until: monotonic */
    struct loop_timer *timer;
};

static void on_given_up(struct call *call, const struct db_reply *reply) {
    call_problem(call, 503, "推送服务没有应答, 请稍后再试; 结果以投递记录为准",
                 "The notification service does not answer, try again; the log of attempts tells what came of it");
}

static void look_later(struct call *call) {
    struct probe *probe = call->self;
    if (clock_monotonic_ms() < probe->until && !call->console->draining) {
        loop_timer_start(probe->timer, LOOK_EACH_MS, 0);
        return;
    }
    loop_timer_free(&probe->timer);
    call_transact(call);
    db_set_int8(call_add(call, &GIVE_UP), 1, probe->id);
    call_send(call, on_given_up);
}

static void on_outcome(struct call *call, const struct db_reply *reply) {
    struct probe *probe = call->self;
    if (reply->err != ERR_NONE) {
        loop_timer_free(&probe->timer);
        call_db_problem(call, reply);
        return;
    }
    if (!db_rows(reply->results[1])) {
        look_later(call);
        return;
    }
    loop_timer_free(&probe->timer);
    struct json_writer *w = call_json(call);
    put_attempt(call, w, reply->results[1], 0);
    call_answer(call, 200);
}

static void look(void *context) {
    struct call *call = context;
    const struct probe *probe = call->self;
    call->takes_errors = true; /* the timer must end with the call */
    call_read(call);
    struct db_call *outcome = call_add(call, &OUTCOME);
    db_set_int8(outcome, 1, probe->endpoint);
    db_set_int2(outcome, 2, (int16_t)probe->kind);
    db_set_int8(outcome, 3, probe->id);
    call_send(call, on_outcome);
}

static void on_asked(struct call *call, const struct db_reply *reply) {
    struct probe *probe = call->self;
    probe->id = db_get_int(reply->results[1], 0, 0);
    probe->until = clock_monotonic_ms() + PATIENCE_MS;
    probe->timer = loop_timer_new(call->console->kit->loop, look, call);
    loop_timer_start(probe->timer, LOOK_EACH_MS, 0);
}

static void on_found(struct call *call, const struct db_reply *reply) {
    struct probe *probe = call->self;
    const struct db_result *rows = reply->results[1];
    if (!db_rows(rows)) {
        call_not_found(call);
        return;
    }
    if (probe->kind == ATTEMPT_TEST && db_get_bool(rows, 0, 1)) {
        call_problem(call, 409, "此地址尚未通过验证, 只能发送验证 (verify)",
                     "This address has not proved itself yet: only the challenge may go there (verify)");
        return;
    }
    probe->endpoint = db_get_int(rows, 0, 0);
    call_transact(call);
    struct db_call *ask = call_add(call, &ASK);
    db_set_int8(ask, 1, probe->endpoint);
    db_set_int2(ask, 2, (int16_t)probe->kind);
    db_set_int8(ask, 3, clock_now());
    call_audit(call, probe->kind == ATTEMPT_TEST ? "endpoint_test" : "endpoint_verify",
               call_printf(call, "endpoint:%lld", (long long)probe->endpoint), "asked", NULL);
    call_send(call, on_asked);
}

static void begin(struct call *call, int kind) {
    struct probe *probe = call_take(call, sizeof *probe);
    call->self = probe;
    probe->kind = kind;
    if (!endpoint_name(call, &probe->name)) return;
    call_read(call);
    db_set_string(call_add(call, &FIND), 1, probe->name);
    call_send(call, on_found);
}

void endpoint_test_post(struct call *call) {
    begin(call, ATTEMPT_TEST);
}

void endpoint_verify_post(struct call *call) {
    begin(call, ATTEMPT_CHALLENGE);
}
