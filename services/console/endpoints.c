/* See endpoints.h. A secret is sealed with the field key, bound to its row, so the row's number is taken first. */
#include "services/console/endpoints.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "common/json.h"
#include "common/weburl.h"
#include "services/console/networks.h"
#include "services/console/ticket_json.h"
#include "services/console/users.h"
#include "services/kit/sealed.h"

enum { EVENTS_MAX = 64 };

static const struct db_statement LIST = {
    "endpoints_list",
    "SELECT id, name, url, coalesce(unit, 0), coalesce(source, 0), array_to_string(events, ','), paused, created_at, "
    "channel FROM endpoint ORDER BY id LIMIT 1000"};
static const struct db_statement NEXT = {"endpoints_next", "SELECT nextval('endpoint_id_seq')"};
static const struct db_statement INSERT = {
    "endpoints_insert",
    "INSERT INTO endpoint (id, name, url, unit, source, events, secret_sealed, created_at) OVERRIDING SYSTEM VALUE "
    "VALUES ($1::int8, $2::text, $3::text, nullif($4::int4, 0), nullif($5::int4, 0), $6::int2[], $7::bytea, $8::int8)"};
static const struct db_statement UPDATE = {
    "endpoints_update",
    "UPDATE endpoint SET url = coalesce($2::text, url), paused = coalesce($3::bool, paused), events = CASE WHEN "
    "$4::bool THEN $5::int2[] ELSE events END WHERE name = $1::text RETURNING id"};
static const struct db_statement REMOVE = {"endpoints_remove",
                                           "DELETE FROM endpoint WHERE name = $1::text RETURNING id"};

struct endpoint {
    int64_t id;
    const char *name, *url;
    uint32_t unit, source;
    int events[EVENTS_MAX], event_count;
    bool events_given, paused, paused_given;
    char secret[CRYPTO_WEBHOOK_SECRET_BYTES];
};

/* ---- list --------------------------------------------------------------------------------------------------------------------------------------------- */

static void put_events(struct json_writer *w, const char *numbers) {
    json_put_open_list(w, "events");
    for (char *end; numbers && *numbers; numbers = *end ? end + 1 : end)
        json_string(w, word_text(WORDS_event_type, (int)strtol(numbers, &end, 10)));
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
        json_put_bool(w, "paused", db_get_bool(rows, i, 6));
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

/* ---- what is asked -------------------------------------------------------------------------------------------------------------------------------------- */

static void read_url(struct call *call, const cJSON *tree, struct endpoint *e) {
    enum err err = json_get_text(tree, "url", &e->url);
    if (err == ERR_NOT_FOUND) e->url = NULL;
    if (err == ERR_INVALID) call_wrong(call, "/url", "须为文字", "must be a text");
}

/* Once it is known which private networks are approved. False: answered. */
static bool check_url(struct call *call, const struct endpoint *e, const struct db_result *networks) {
    struct netaddr_range ranges[NETWORKS_MAX];
    struct sentence wrong;
    if (!e->url || weburl_is_fit(e->url, ranges, networks_read(networks, ranges), &wrong)) return true;
    call_wrong(call, "/url", wrong.zh, wrong.en);
    call_is_wrong(call, 422);
    return false;
}

static void read_events(struct call *call, const cJSON *tree, struct endpoint *e) {
    const cJSON *list = NULL, *item;
    enum err err = json_get_list(tree, "events", &list);
    if (err == ERR_INVALID) call_wrong(call, "/events", "须为数组", "must be a list");
    e->events_given = err == ERR_NONE;
    int n = 0;
    cJSON_ArrayForEach(item, list) {
        int type =
            cJSON_IsString(item) ? word_value(WORDS_event_type, item->valuestring, strlen(item->valuestring)) : 0;
        if (!type || e->event_count == EVENTS_MAX)
            call_wrong(call, call_printf(call, "/events/%d", n), "没有这种事件", "there is no such event");
        else
            e->events[e->event_count++] = type;
        n++;
    }
}

static void read_whose(struct call *call, const cJSON *tree, struct endpoint *e) {
    const char *unit = NULL, *source = NULL;
    bool has_unit = json_get_text(tree, "unit", &unit) == ERR_NONE && *unit;
    bool has_source = json_get_text(tree, "source", &source) == ERR_NONE && *source;
    if (has_unit == has_source) {
        call_wrong(call, "/unit", "须给出 unit 或 source 之一", "give either unit or source");
        return;
    }
    if (has_unit) {
        e->unit = reference_unit_by_code(call->reference, unit, strlen(unit));
        if (!e->unit) call_wrong(call, "/unit", "没有这个单位", "there is no such unit");
        return;
    }
    const struct reference_source *known = reference_source_by_code(call->reference, source, strlen(source));
    if (known)
        e->source = known->id;
    else
        call_wrong(call, "/source", "没有这个来源", "there is no such source");
}

static void set_events(struct db_call *call, int number, const struct endpoint *e) {
    db_set_array(call, number, DB_INT2);
    for (int i = 0; i < e->event_count; i++) db_push_int2(call, number, (int16_t)e->events[i]);
}

/* ---- new ------------------------------------------------------------------------------------------------------------------------------------------------ */

static void on_inserted(struct call *call, const struct db_reply *reply) {
    struct endpoint *e = call->self;
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_id(w, "id", e->id);
    json_put_string(w, "name", e->name);
    json_put_string(w, "url", e->url);
    json_put_string(w, "secret", e->secret); /* this once */
    json_close(w);
    crypto_forget(e->secret, sizeof e->secret);
    call_answer(call, 201);
}

static void on_number(struct call *call, const struct db_reply *reply) {
    struct endpoint *e = call->self;
    uint8_t sealed[CRYPTO_WEBHOOK_SECRET_BYTES + CRYPTO_SEAL_BYTES];
    if (!check_url(call, e, reply->results[2])) return;
    e->id = db_get_int(reply->results[1], 0, 0);
    crypto_webhook_secret(e->secret);
    size_t len = strlen(e->secret);
    struct crypto_place place = SEALED_SECRET(e->id);
    crypto_seal(call->console->keys, &place, e->secret, len, sealed);
    call_transact(call);
    struct db_call *insert = call_add(call, &INSERT);
    db_set_int8(insert, 1, e->id);
    db_set_string(insert, 2, e->name);
    db_set_string(insert, 3, e->url);
    db_set_int4(insert, 4, (int32_t)e->unit);
    db_set_int4(insert, 5, (int32_t)e->source);
    set_events(insert, 6, e);
    db_set_bytes(insert, 7, sealed, len + CRYPTO_SEAL_BYTES);
    db_set_int8(insert, 8, clock_now());
    call_audit(call, "endpoint_create", call_printf(call, "endpoint:%lld", (long long)e->id), "ok", NULL);
    call_send(call, on_inserted);
}

void endpoints_post(struct call *call) {
    static const char *const keys[] = {"name", "url", "unit", "source", "events", NULL};
    struct endpoint *e = call_take(call, sizeof *e);
    call->self = e;
    cJSON *tree = call_json_body(call, keys);
    if (!tree) return;
    if (json_get_text(tree, "name", &e->name) != ERR_NONE || !login_is_well_formed(e->name))
        call_wrong(call, "/name", "名称须为 1 到 60 个字母、数字或 . _ - @",
                   "a name has 1 to 60 letters, digits or . _ - @");
    read_url(call, tree, e);
    if (!e->url) call_wrong(call, "/url", "请给出地址", "give the address");
    read_whose(call, tree, e);
    read_events(call, tree, e);
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

static bool read_name(struct call *call, const char **ret_name) {
    *ret_name = http_param(call->request, "name");
    if (login_is_well_formed(*ret_name)) return true;
    call_not_found(call);
    return false;
}

static void on_networks_known(struct call *call, const struct db_reply *reply) {
    const struct endpoint *e = call->self;
    if (!check_url(call, e, reply->results[1])) return;
    call_transact(call);
    struct db_call *update = call_add(call, &UPDATE);
    db_set_string(update, 1, e->name);
    db_set_string(update, 2, e->url);
    if (e->paused_given)
        db_set_bool(update, 3, e->paused);
    else
        db_set_null(update, 3, DB_BOOL);
    db_set_bool(update, 4, e->events_given);
    set_events(update, 5, e);
    call_audit(call, "endpoint_change", call_printf(call, "name:%s", e->name), "asked", NULL);
    call_send(call, on_changed);
}

void endpoint_post(struct call *call) {
    static const char *const keys[] = {"url", "events", "paused", NULL};
    struct endpoint *e = call_take(call, sizeof *e);
    call->self = e;
    if (!read_name(call, &e->name)) return;
    cJSON *tree = call_json_body(call, keys);
    if (!tree) return;
    read_url(call, tree, e);
    read_events(call, tree, e);
    enum err err = json_get_bool(tree, "paused", &e->paused);
    e->paused_given = err == ERR_NONE;
    if (err == ERR_INVALID) call_wrong(call, "/paused", "须为 true 或 false", "must be true or false");
    if (call_is_wrong(call, 422)) return;
    call_read(call);
    networks_ask(call);
    call_send(call, on_networks_known);
}

void endpoint_delete(struct call *call) {
    const char *name;
    if (!read_name(call, &name)) return;
    call_transact(call);
    db_set_string(call_add(call, &REMOVE), 1, name);
    call_audit(call, "endpoint_remove", call_printf(call, "name:%s", name), "asked", NULL);
    call_send(call, on_changed);
}
