/* A new signing secret. For a while the one before signs as well (Standard Webhooks: several signatures in one header), so that the
 * receiver can change over when it suits. Two at most: a further change within that while would cut off whoever has not changed yet, so
 * it is refused, unless both are to end at once. */
#include <string.h>

#include <cjson/cJSON.h>

#include "common/json.h"
#include "services/console/endpoints.h"
#include "services/console/endpoints_inner.h"

enum { HOUR_MS = 3600 * 1000, OVERLAP_HOURS = 24, OVERLAP_HOURS_MAX = 24 * 7 };

static const struct db_statement FIND = {"secret_find",
                                         "SELECT id, secret_old_until FROM endpoint WHERE name = $1::text"};
static const struct db_statement REPLACE = {
    "secret_replace",
    "UPDATE endpoint SET secret_old_sealed = CASE WHEN $3::int8 > 0 THEN secret_sealed END, secret_old_until = "
    "$3::int8, secret_sealed = $2::bytea WHERE id = $1::int8 AND secret_old_until = $4::int8 RETURNING id"};

struct rotation {
    struct endpoint endpoint;
    int64_t overlap_hours;
    time_ms until; /* 0: the old one ends now */
};

static void on_replaced(struct call *call, const struct db_reply *reply) {
    struct rotation *rotation = call->self;
    if (!db_rows(reply->results[1])) {
        call_problem(call, 409, "密钥刚被他人更换", "Somebody else has just changed the secret");
        return;
    }
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_string(w, "name", rotation->endpoint.name);
    json_put_string(w, "secret", rotation->endpoint.secret); /* this once */
    json_put_time_or_null(w, "old_secret_until", rotation->until);
    json_close(w);
    crypto_forget(rotation->endpoint.secret, sizeof rotation->endpoint.secret);
    call_answer(call, 200);
}

static void on_found(struct call *call, const struct db_reply *reply) {
    struct rotation *rotation = call->self;
    const struct db_result *rows = reply->results[1];
    if (!db_rows(rows)) {
        call_not_found(call);
        return;
    }
    time_ms now = clock_now(), running = db_get_int(rows, 0, 1);
    if (running > now && rotation->overlap_hours) {
        call_problem(call, 409, "上次更换的旧密钥仍在有效期内; 请等其到期, 或以 overlap_hours 为 0 立即停用全部旧密钥",
                     "The secret before this one still signs: wait until it ends, or end all old ones at once with "
                     "overlap_hours 0");
        return;
    }
    rotation->endpoint.id = db_get_int(rows, 0, 0);
    rotation->until = rotation->overlap_hours ? now + rotation->overlap_hours * HOUR_MS : 0;
    call_transact(call);
    struct db_call *replace = call_add(call, &REPLACE);
    db_set_int8(replace, 1, rotation->endpoint.id);
    endpoint_seal(call, &rotation->endpoint, replace, 2);
    db_set_int8(replace, 3, rotation->until);
    db_set_int8(replace, 4, running);
    call_audit(call, "endpoint_secret", call_printf(call, "endpoint:%lld", (long long)rotation->endpoint.id), "asked",
               call_printf(call, "{\"overlap_hours\":%d}", (int)rotation->overlap_hours));
    call_send(call, on_replaced);
}

void endpoint_secret_post(struct call *call) {
    struct rotation *rotation = call_take(call, sizeof *rotation);
    call->self = rotation;
    rotation->overlap_hours = OVERLAP_HOURS;
    if (!endpoint_name(call, &rotation->endpoint.name)) return;
    cJSON *tree = call_json_body(call);
    if (!tree) return;
    enum err err = json_get_int(tree, "overlap_hours", &rotation->overlap_hours);
    if (err == ERR_INVALID || rotation->overlap_hours < 0 || rotation->overlap_hours > OVERLAP_HOURS_MAX)
        call_wrong(call, "/overlap_hours", "须为 0 到 168 的整数 (小时)",
                   "must be a whole number of hours from 0 to 168");
    if (call_is_wrong(call, err == ERR_INVALID ? 400 : 422)) return;
    if (!call->console->keys) {
        call_problem(call, 503, "没有配置密钥文件", "No key file is configured");
        return;
    }
    call_read(call);
    db_set_string(call_add(call, &FIND), 1, rotation->endpoint.name);
    call_send(call, on_found);
}
