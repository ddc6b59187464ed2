/* See operations.h. */
#include "services/console/operations.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "common/json.h"
#include "common/number.h"
#include "services/console/board.h"
#include "services/console/commands.h"
#include "services/console/news.h"
#include "services/console/stream.h"
#include "services/console/ticket_json.h"
#include "services/console/users.h"
#include "services/kit/event_json.h"

enum { PAGE = 100, PAGE_MAX = 1000 };

/* ---- status -------------------------------------------------------------------------------------------------------------------------------------------- */

static const struct db_statement STATUS = {"status",
                                           "SELECT (SELECT count(*) FROM delivery WHERE state = 1), (SELECT count(*) "
                                           "FROM delivery WHERE state = 3), (SELECT count(*) "
                                           "FROM parked), (SELECT next_seq - 1 FROM shard WHERE id = $1::int2), "
                                           "(SELECT epoch FROM shard WHERE id = $1::int2), "
                                           "(SELECT id FROM audit_head), pg_database_size(current_database())"};

static void on_status(struct call *call, const struct db_reply *reply) {
    struct console *console = call->console;
    const struct db_result *row = reply->err == ERR_NONE ? reply->results[1] : NULL;
    const struct picture *now = board_now(console->board);
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_time(w, "at", clock_now());
    json_put_bool(w, "test_clock", clock_is_test());
    json_put_int(w, "world", call->reference->world.version);
    json_put_open(w, "database");
    json_put_bool(w, "answers", row != NULL);
    if (row) json_put_int(w, "bytes", db_get_int(row, 0, 6));
    json_close(w);
    json_put_open(w, "queues");
    json_put_bool(w, "redis", cache_is_up(console->cache));
    json_put_bool(w, "degraded", now->degraded);
    json_put_string(w, "version", board_version(console->board));
    json_close(w);
    json_put_open(w, "router");
    json_put_bool(w, "alive", news_router_lives(console->news));
    json_put_id(w, "head", row ? db_get_int(row, 0, 3) : news_head(console->news));
    json_put_int(w, "epoch", row ? db_get_int(row, 0, 4) : news_epoch(console->news));
    json_close(w);
    board_write_totals(w, &now->totals);
    json_put_open(w, "deliveries");
    if (row) json_put_int(w, "waiting", db_get_int(row, 0, 0));
    if (row) json_put_int(w, "dead", db_get_int(row, 0, 1));
    json_close(w);
    if (row) json_put_int(w, "parked", db_get_int(row, 0, 2));
    if (row) json_put_id(w, "audit_head", db_get_int(row, 0, 5));
    json_put_int(w, "streams", streams_count(console->streams));
    json_put_int(w, "commands_under_way", commands_under_way(console->commands));
    json_close(w);
    call_answer(call, 200);
}

static void on_current(void *context, bool current) {
    struct call *call = context;
    (void)current;             /* "degraded" and the version tell */
    call->takes_errors = true; /* that the database is away is a status too */
    call_read(call);
    db_set_int2(call_add(call, &STATUS), 1, (int16_t)console_config.shard);
    call_send(call, on_status);
}

void status_get(struct call *call) {
    board_reader_when_current(call->console->reader, on_current, call);
}

/* ---- dead letters ---------------------------------------------------------------------------------------------------------------------------------------- */

static const struct db_statement DEADLETTERS = {
    "deadletters",
    "(SELECT d.id, coalesce(e.name, ''), d.ticket, d.request, d.type, d.at, d.attempts, d.status, d.error, "
    "d.created_at, d.seq, '', '', 0 FROM delivery d LEFT JOIN endpoint e ON e.id = d.endpoint WHERE d.state = 3 AND "
    "d.id > $1::int8 ORDER BY d.id LIMIT $2::int4) UNION ALL "
    "(SELECT l.id, '', n.ticket, 0::int8, n.type, n.at, l.attempts, l.status, l.error, l.created_at, n.seq, "
    "coalesce(c.name, ''), coalesce(a.login, ''), CASE WHEN l.person = 0 THEN l.unit ELSE 0 END FROM letter l JOIN "
    "notice n ON n.id = l.notice LEFT JOIN carrier c ON c.id = l.carrier LEFT JOIN account a ON a.id = l.person WHERE "
    "l.state = 3 AND l.id > $1::int8 ORDER BY l.id LIMIT $2::int4) ORDER BY 1 LIMIT $2::int4"};
static const struct db_statement REPLAY = {
    "deadletter_replay",
    "UPDATE delivery SET state = 1, attempts = 0, next_at = $2::int8 WHERE id = $1::int8 AND state = 3 RETURNING id"};
static const struct db_statement DISCARD = {
    "deadletter_discard", "UPDATE delivery SET state = 4 WHERE id = $1::int8 AND state = 3 RETURNING id"};

/* A letter begins with the recipient's first way again; without any it stays. */
static const struct db_statement LETTER_REPLAY = {
    "deadletter_letter_replay",
    "UPDATE letter l SET state = 1, tries = 0, taken = false, next_at = $2::int8, ended_at = 0, way = f.way, position "
    "= f.position, carrier = f.carrier FROM (SELECT d.id, w.* FROM letter d, LATERAL (SELECT x.id AS way, x.position, "
    "x.carrier FROM way x WHERE CASE WHEN d.person = 0 THEN x.unit = d.unit ELSE x.account = d.person END ORDER BY "
    "x.position LIMIT 1) w WHERE d.id = $1::int8 AND d.state = 3) f WHERE l.id = f.id AND l.state = 3 RETURNING l.id"};
static const struct db_statement LETTER_DISCARD = {
    "deadletter_letter_discard", "UPDATE letter SET state = 4 WHERE id = $1::int8 AND state = 3 RETURNING id"};

static const struct db_statement IS_DEAD = {"deadletter_is",
                                            "SELECT id FROM delivery WHERE id = $1::int8 AND state = 3"};
/* Only to whom it may be told: an endpoint of the request's source, or one of the same unit as before. */
static const struct db_statement CORRECT = {
    "deadletter_correct",
    "UPDATE delivery d SET endpoint = n.id, state = 1, attempts = 0, next_at = $3::int8 FROM endpoint n WHERE d.id = "
    "$1::int8 AND d.state = 3 AND n.name = $2::text AND CASE WHEN d.request <> 0 THEN n.source = (SELECT r.source FROM "
    "request r WHERE r.id = d.request) ELSE n.unit = (SELECT o.unit FROM endpoint o WHERE o.id = d.endpoint) END "
    "RETURNING d.id"};
static const struct db_statement REPLAY_ALL = {
    "deadletter_replay_all",
    "WITH replayed AS (UPDATE delivery SET state = 1, attempts = 0, next_at = $2::int8 WHERE state = 3 AND endpoint = "
    "(SELECT id FROM endpoint WHERE name = $1::text) RETURNING id) SELECT (SELECT count(*) FROM replayed) FROM "
    "endpoint "
    "WHERE name = $1::text"};

/* As it stands in the event itself and in webhook-id. */
static void put_event_id(struct json_writer *w, const struct db_result *rows, int i) {
    char id[EVENT_ID_BYTES];
    const struct event_row row = {
        .shard = (uint16_t)console_config.shard, .seq = db_get_int(rows, i, 10), .request = db_get_int(rows, i, 3)};
    event_id(&row, id);
    json_put_string(w, "event_id", id);
}

/* Of a letter to somebody: by what and to whom. */
static void put_letter(struct json_writer *w, struct call *call, const struct db_result *rows, int i) {
    size_t len;
    const char *carrier = db_get_text(rows, i, 11, &len), *user = db_get_text(rows, i, 12, &len);
    json_put_string(w, "carrier", *carrier ? carrier : NULL);
    json_put_string(w, "user", *user ? user : NULL);
    put_unit(w, "desk", call->reference, (uint32_t)db_get_int(rows, i, 13));
}

static void on_deadletters(struct call *call, const struct db_reply *reply) {
    const struct db_result *rows = reply->results[1];
    int limit = (int)call_query_int(call, "limit", PAGE, PAGE_MAX), count = db_rows(rows);
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_open_list(w, "deadletters");
    for (int i = 0; i < count && i < limit; i++) {
        size_t len;
        json_open(w);
        json_put_id(w, "id", db_get_int(rows, i, 0));
        json_put_string(w, "endpoint", db_get_text(rows, i, 1, &len));
        put_ticket_number(w, "ticket", db_get_int(rows, i, 2));
        put_request_number(w, "request", db_get_int(rows, i, 3));
        json_put_string(w, "event", word_text(WORDS_event_type, (int)db_get_int(rows, i, 4)));
        put_event_id(w, rows, i);
        put_letter(w, call, rows, i);
        json_put_time(w, "at", db_get_int(rows, i, 5));
        json_put_int(w, "attempts", db_get_int(rows, i, 6));
        json_put_int(w, "status", db_get_int(rows, i, 7));
        json_put_string(w, "error", db_get_text(rows, i, 8, &len));
        json_put_time(w, "created", db_get_int(rows, i, 9));
        json_close(w);
    }
    json_close_list(w);
    call_put_next(call, w, count > limit ? call_cursor(call, db_get_int(rows, limit - 1, 0), 0) : NULL);
    json_close(w);
    call_answer(call, 200);
}

void deadletters_get(struct call *call) {
    int64_t cursor[2] = {0};
    call_query_cursor(call, cursor);
    int64_t limit = call_query_int(call, "limit", PAGE, PAGE_MAX);
    if (call_is_wrong(call, 400)) return;
    call_read(call);
    struct db_call *list = call_add(call, &DEADLETTERS);
    db_set_int8(list, 1, cursor[0]);
    db_set_int4(list, 2, (int32_t)limit + 1);
    call_send(call, on_deadletters);
}

static void on_changed(struct call *call, const struct db_reply *reply) {
    if (db_rows(reply->results[1]) + db_rows(reply->results[2]) == 0)
        call_not_found(call);
    else
        call_answer_nothing(call);
}

/* Deliveries and letters have their numbers from one row: a number is one of them. */
static void change(struct call *call, const struct db_statement *of_delivery, const struct db_statement *of_letter,
                   const char *action) {
    const char *text = http_param(call->request, "id");
    int64_t id;
    if (number_parse_int(text, strlen(text), &id) != ERR_NONE) {
        call_not_found(call);
        return;
    }
    call_transact(call);
    const struct db_statement *const statements[] = {of_delivery, of_letter};
    for (int i = 0; i < 2; i++) {
        struct db_call *update = call_add(call, statements[i]);
        db_set_int8(update, 1, id);
        if (of_delivery == &REPLAY) db_set_int8(update, 2, clock_now());
    }
    call_audit(call, action, call_printf(call, "delivery:%lld", (long long)id), "asked", NULL);
    call_send(call, on_changed);
}

void deadletter_replay_post(struct call *call) {
    change(call, &REPLAY, &LETTER_REPLAY, "deadletter_replay");
}

void deadletter_discard_post(struct call *call) {
    change(call, &DISCARD, &LETTER_DISCARD, "deadletter_discard");
}

static void on_corrected(struct call *call, const struct db_reply *reply) {
    if (!db_rows(reply->results[1]))
        call_not_found(call);
    else if (!db_rows(reply->results[2]))
        call_problem(call, 409, "该地址不属于同一来源或单位", "The endpoint is not of the same source or unit");
    else
        call_answer_nothing(call);
}

void deadletter_correct_post(struct call *call) {
    const char *text = http_param(call->request, "id"), *name = "";
    int64_t id;
    if (number_parse_int(text, strlen(text), &id) != ERR_NONE) {
        call_not_found(call);
        return;
    }
    cJSON *tree = call_json_body(call);
    if (!tree) return;
    if (json_get_text(tree, "endpoint", &name) != ERR_NONE || !login_is_well_formed(name))
        call_wrong(call, "/endpoint", "请给出推送地址的名称", "give the name of an endpoint");
    if (call_is_wrong(call, 422)) return;
    call_transact(call);
    db_set_int8(call_add(call, &IS_DEAD), 1, id);
    struct db_call *correct = call_add(call, &CORRECT);
    db_set_int8(correct, 1, id);
    db_set_string(correct, 2, name);
    db_set_int8(correct, 3, clock_now());
    call_audit(call, "deadletter_correct", call_printf(call, "delivery:%lld", (long long)id), "asked",
               call_printf(call, "{\"endpoint\":\"%s\"}", name));
    call_send(call, on_corrected);
}

static void on_replayed(struct call *call, const struct db_reply *reply) {
    if (!db_rows(reply->results[1])) {
        call_not_found(call);
        return;
    }
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_int(w, "replayed", db_get_int(reply->results[1], 0, 0));
    json_close(w);
    call_answer(call, 200);
}

void endpoint_replay_post(struct call *call) {
    const char *name = http_param(call->request, "name");
    if (!login_is_well_formed(name)) {
        call_not_found(call);
        return;
    }
    call_transact(call);
    struct db_call *replay = call_add(call, &REPLAY_ALL);
    db_set_string(replay, 1, name);
    db_set_int8(replay, 2, clock_now());
    call_audit(call, "deadletter_replay", call_printf(call, "name:%s", name), "asked", NULL);
    call_send(call, on_replayed);
}

/* ---- rebuilding ------------------------------------------------------------------------------------------------------------------------------------------ */

static void on_rebuild_audited(struct call *call, const struct db_reply *reply) {
    struct rebuild rebuild = {.by = call->who.principal};
    if (news_send(call->console->news, MESSAGE_rebuild, 0, http_traceparent(call->request), &rebuild) != ERR_NONE) {
        call_problem(call, 503, "派单服务暂不可用, 请稍后再试", "The router is not available, try again");
        return;
    }
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_bool(w, "asked", true);
    json_close(w);
    call_answer(call, 202);
}

void rebuild_post(struct call *call) {
    call_transact(call);
    call_audit(call, "rebuild", "queues", "asked", NULL);
    call_send(call, on_rebuild_audited);
}
