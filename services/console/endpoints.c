/* See endpoints.h. A secret is sealed with the field key, bound to its row, so the row's number is taken first. */
#include "services/console/endpoints.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "common/json.h"
#include "services/console/endpoints_inner.h"
#include "services/console/networks.h"
#include "services/console/ticket_json.h"
#include "services/console/users.h"

static const struct db_statement LIST = {
    "endpoints_list",
    "SELECT e.id, name, url, coalesce(unit, 0), coalesce(source, 0), array_to_string(events, ','), paused, created_at, "
    "channel, array_to_string(matters, ','), NOT unverified, verified_at, w.count, w.since, secret_old_until FROM "
    "endpoint e, LATERAL (SELECT count(*), coalesce(min(at), 0) AS since FROM (SELECT at FROM delivery WHERE endpoint "
    "= "
    "e.id AND state = 1 LIMIT 100001) d) w ORDER BY e.id LIMIT 1000"};
static const struct db_statement NEXT = {"endpoints_next", "SELECT nextval('endpoint_id_seq')"};
/* One at a time, so that the count holds: those who read them read no more than that. */
static const struct db_statement ALONE = {"endpoints_alone", "SELECT pg_advisory_xact_lock(hashtext('endpoint'))"};
static const struct db_statement INSERT = {
    "endpoints_insert",
    "INSERT INTO endpoint (id, name, url, unit, source, events, secret_sealed, created_at, matters) OVERRIDING SYSTEM "
    "VALUE SELECT $1::int8, $2::text, $3::text, nullif($4::int4, 0), nullif($5::int4, 0), $6::int2[], $7::bytea, "
    "$8::int8, $9::text[] WHERE (SELECT count(*) FROM endpoint) < 1000 RETURNING id"};
/* A new address must prove itself before anything else is sent there. */
static const struct db_statement UPDATE = {
    "endpoints_update",
    "UPDATE endpoint SET unverified = unverified OR coalesce($2::text <> url, false), url = coalesce($2::text, url), "
    "paused = coalesce($3::bool, paused), events = CASE WHEN $4::bool THEN $5::int2[] ELSE events END, matters = CASE "
    "WHEN $6::bool THEN $7::text[] ELSE matters END WHERE name = $1::text RETURNING id"};
static const struct db_statement FIND = {
    "endpoints_find", "SELECT id, (SELECT count(*) FROM delivery WHERE endpoint = e.id AND state = 1) FROM endpoint e "
                      "WHERE name = $1::text"};
static const struct db_statement REMOVE = {"endpoints_remove", "DELETE FROM endpoint WHERE id = $1::int8 RETURNING id"};
static const struct db_statement DISCARD = {
    "endpoints_discard", "UPDATE delivery SET state = 4, error = 'the endpoint was removed' WHERE endpoint = $1::int8 "
                         "AND state = 1"};
static const struct db_statement FORGET = {"endpoints_forget",
                                           "DELETE FROM endpoint_attempt WHERE endpoint = $1::int8"};

/* ---- list --------------------------------------------------------------------------------------------------------------------------------------------- */

static void put_events(struct json_writer *w, const char *numbers) {
    json_put_open_list(w, "events");
    for (char *end; numbers && *numbers; numbers = *end ? end + 1 : end)
        json_string(w, word_text(WORDS_event_type, (int)strtol(numbers, &end, 10)));
    json_close_list(w);
}

static void put_matters(struct json_writer *w, const char *at) {
    json_put_open_list(w, "matters");
    for (size_t len; *at; at += len + (at[len] != '\0')) {
        len = strcspn(at, ",");
        json_text(w, at, len);
    }
    json_close_list(w);
}

static void on_list(struct call *call, const struct db_reply *reply) {
    const struct db_result *rows = reply->results[1];
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_open_list(w, "endpoints");
    for (int i = 0; i < db_rows(rows); i++) {
        size_t len;
        const struct reference_source *source = reference_source(call->reference, (uint32_t)db_get_int(rows, i, 4));
        json_open(w);
        json_put_id(w, "id", db_get_int(rows, i, 0));
        json_put_string(w, "name", db_get_text(rows, i, 1, &len));
        json_put_string(w, "channel", db_get_text(rows, i, 8, &len));
        json_put_string(w, "url", db_get_text(rows, i, 2, &len));
        put_unit(w, "unit", call->reference, (uint32_t)db_get_int(rows, i, 3));
        json_put_string(w, "source", source ? source->code : NULL);
        put_events(w, db_get_text(rows, i, 5, &len));
        put_matters(w, db_get_text(rows, i, 9, &len));
        json_put_bool(w, "paused", db_get_bool(rows, i, 6));
        json_put_bool(w, "verified", db_get_bool(rows, i, 10));
        json_put_time_or_null(w, "verified_at", db_get_int(rows, i, 11));
        json_put_int(w, "waiting", db_get_int(rows, i, 12));
        json_put_time_or_null(w, "waiting_since", db_get_int(rows, i, 13));
        json_put_time_or_null(w, "old_secret_until",
                              db_get_int(rows, i, 14) > clock_now() ? db_get_int(rows, i, 14) : 0);
        json_put_time(w, "created", db_get_int(rows, i, 7));
        json_close(w);
    }
    json_close_list(w);
    json_close(w);
    call_answer(call, 200);
}

void endpoints_get(struct call *call) {
    call_read(call);
    call_add(call, &LIST);
    call_send(call, on_list);
}

/* ---- new ------------------------------------------------------------------------------------------------------------------------------------------------ */

static void on_inserted(struct call *call, const struct db_reply *reply) {
    struct endpoint *e = call->self;
    if (!db_rows(reply->results[2])) {
        call_problem(
            call, 409, "已有 1000 个推送地址, 达到上限; 请先删除不再需要的",
            "There are 1,000 endpoints, which is as many as there may be: remove one that is not needed any more");
        return;
    }
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_id(w, "id", e->id);
    json_put_string(w, "name", e->name);
    json_put_string(w, "url", e->url);
    json_put_string(w, "secret", e->secret); /* this once */
    json_put_bool(w, "verified", false);     /* the challenge goes out now */
    json_close(w);
    crypto_forget(e->secret, sizeof e->secret);
    call_answer(call, 201);
}

static void on_number(struct call *call, const struct db_reply *reply) {
    struct endpoint *e = call->self;
    if (!endpoint_check_url(call, e, reply->results[2])) return;
    e->id = db_get_int(reply->results[1], 0, 0);
    call_transact(call);
    call_add(call, &ALONE);
    struct db_call *insert = call_add(call, &INSERT);
    db_set_int8(insert, 1, e->id);
    db_set_string(insert, 2, e->name);
    db_set_string(insert, 3, e->url);
    db_set_int4(insert, 4, (int32_t)e->unit);
    db_set_int4(insert, 5, (int32_t)e->source);
    endpoint_set_events(insert, 6, e);
    endpoint_seal(call, e, insert, 7);
    db_set_int8(insert, 8, clock_now());
    endpoint_set_matters(insert, 9, e);
    call_audit(call, "endpoint_create", call_printf(call, "endpoint:%lld", (long long)e->id), "ok", NULL);
    call_send(call, on_inserted);
}

void endpoints_post(struct call *call) {
    struct endpoint *e = call_take(call, sizeof *e);
    call->self = e;
    cJSON *tree = call_json_body(call);
    if (!tree) return;
    if (json_get_text(tree, "name", &e->name) != ERR_NONE || !login_is_well_formed(e->name))
        call_wrong(call, "/name", "名称须为 1 到 60 个字母、数字或 . _ - @",
                   "a name has 1 to 60 letters, digits or . _ - @");
    endpoint_read_url(call, tree, e);
    if (!e->url) call_wrong(call, "/url", "请给出地址", "give the address");
    endpoint_read_whose(call, tree, e);
    endpoint_read_events(call, tree, e);
    endpoint_read_matters(call, tree, e);
    if (call_is_wrong(call, 422)) return;
    if (!call->console->keys) {
        call_problem(call, 503, "没有配置密钥文件", "No key file is configured");
        return;
    }
    call_transact(call);
    call_add(call, &NEXT);
    networks_ask(call);
    call_send(call, on_number);
}

/* ---- changed and removed ---------------------------------------------------------------------------------------------------------------------------------- */

static void on_changed(struct call *call, const struct db_reply *reply) {
    if (db_rows(reply->results[1]) == 0)
        call_not_found(call);
    else
        call_answer_nothing(call);
}

static void on_networks_known(struct call *call, const struct db_reply *reply) {
    const struct endpoint *e = call->self;
    if (!endpoint_check_url(call, e, reply->results[1])) return;
    call_transact(call);
    struct db_call *update = call_add(call, &UPDATE);
    db_set_string(update, 1, e->name);
    db_set_string(update, 2, e->url);
    if (e->paused_given)
        db_set_bool(update, 3, e->paused);
    else
        db_set_null(update, 3, DB_BOOL);
    db_set_bool(update, 4, e->events_given);
    endpoint_set_events(update, 5, e);
    db_set_bool(update, 6, e->matters_given);
    endpoint_set_matters(update, 7, e);
    call_audit(call, "endpoint_change", call_printf(call, "name:%s", e->name), "asked", NULL);
    call_send(call, on_changed);
}

void endpoint_post(struct call *call) {
    struct endpoint *e = call_take(call, sizeof *e);
    call->self = e;
    if (!endpoint_name(call, &e->name)) return;
    cJSON *tree = call_json_body(call);
    if (!tree) return;
    endpoint_read_url(call, tree, e);
    endpoint_read_events(call, tree, e);
    endpoint_read_matters(call, tree, e);
    enum err err = json_get_bool(tree, "paused", &e->paused);
    e->paused_given = err == ERR_NONE;
    if (err == ERR_INVALID) call_wrong(call, "/paused", "须为 true 或 false", "must be true or false");
    if (call_is_wrong(call, 422)) return;
    call_read(call);
    networks_ask(call);
    call_send(call, on_networks_known);
}

/* What waits for it waits for nobody any more: discarded in the same transaction, told in the audit. Dead letters stay at the desk. */
static void on_found(struct call *call, const struct db_reply *reply) {
    const struct db_result *rows = reply->results[1];
    const char *name = call->self;
    if (!db_rows(rows)) {
        call_not_found(call);
        return;
    }
    int64_t id = db_get_int(rows, 0, 0), waiting = db_get_int(rows, 0, 1);
    call_transact(call);
    const struct db_statement *const statements[] = {&REMOVE, &DISCARD, &FORGET};
    for (int i = 0; i < 3; i++) db_set_int8(call_add(call, statements[i]), 1, id);
    call_audit(call, "endpoint_remove", call_printf(call, "endpoint:%lld", (long long)id), "ok",
               call_printf(call, "{\"name\":\"%s\",\"discarded\":%lld,\"reason\":\"the endpoint was removed\"}", name,
                           (long long)waiting));
    call_send(call, on_changed);
}

void endpoint_delete(struct call *call) {
    const char *name;
    if (!endpoint_name(call, &name)) return;
    call->self = (void *)name;
    call_read(call);
    db_set_string(call_add(call, &FIND), 1, name);
    call_send(call, on_found);
}
