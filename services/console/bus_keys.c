/* Keys of outside systems on the bus, over HTTP: registered for a token, withdrawn. What they are for: gateway.h. */
#include <string.h>

#include <cjson/cJSON.h>

#include "common/json.h"
#include "services/console/gateway.h"
#include "services/console/ticket_json.h"
#include "services/console/users.h"

static const struct db_statement LIST = {
    "bus_keys_list", "SELECT k.name, k.public_key, t.name, t.role, coalesce(t.unit, 0), k.created_at, t.disabled OR "
                     "t.expires_at <= $1::int8 FROM bus_key k JOIN token t ON t.id = k.token ORDER BY k.id LIMIT 1000"};
static const struct db_statement INSERT = {
    "bus_keys_insert", "INSERT INTO bus_key (name, public_key, token, created_at) SELECT $1::text, $2::text, id, "
                       "$4::int8 FROM token WHERE name = $3::text AND NOT disabled AND expires_at > $4::int8 AND "
                       "(SELECT count(*) FROM bus_key) < 1000 RETURNING id"};
static const struct db_statement REMOVE = {"bus_keys_remove", "DELETE FROM bus_key WHERE name = $1::text RETURNING id"};

struct bus_key {
    const char *name, *public_key, *token;
};

static void put_door(struct json_writer *w, struct call *call) {
    const struct gateway *gateway = call->console->gateway;
    json_put_string(w, "address", console_config.bus_address);
    json_put_string(w, "server_key", gateway_server_key(gateway));
    json_put_bool(w, "listening", gateway_is_listening(gateway));
}

static void on_list(struct call *call, const struct db_reply *reply) {
    const struct db_result *rows = reply->results[1];
    struct json_writer *w = call_json(call);
    size_t len;
    json_open(w);
    put_door(w, call);
    json_put_open_list(w, "keys");
    for (int i = 0; i < db_rows(rows); i++) {
        json_open(w);
        json_put_string(w, "name", db_get_text(rows, i, 0, &len));
        json_put_string(w, "public_key", db_get_text(rows, i, 1, &len));
        json_put_string(w, "token", db_get_text(rows, i, 2, &len));
        json_put_string(w, "role", word_text(WORDS_role, (int)db_get_int(rows, i, 3)));
        put_unit(w, "unit", call->reference, (uint32_t)db_get_int(rows, i, 4));
        json_put_time(w, "created", db_get_int(rows, i, 5));
        json_put_bool(w, "disabled", db_get_bool(rows, i, 6));
        json_close(w);
    }
    json_close_list(w);
    json_close(w);
    call_answer(call, 200);
}

void bus_keys_get(struct call *call) {
    call_read(call);
    db_set_int8(call_add(call, &LIST), 1, clock_now());
    call_send(call, on_list);
}

/* The keys as they are now, in the transaction that changed them: in force when the answer is given. */
static void ask_keys(struct call *call) {
    db_set_int8(call_add(call, &GATEWAY_KEYS), 1, clock_now());
}

static void take_keys(struct call *call, const struct db_result *rows) {
    if (gateway_is_listening(call->console->gateway)) gateway_take_keys(call->console->gateway, rows);
}

static void on_inserted(struct call *call, const struct db_reply *reply) {
    const struct bus_key *key = call->self;
    if (!db_rows(reply->results[1])) {
        call_wrong(call, "/token", "没有这个令牌, 或已停用、已过期",
                   "there is no such token, or it is disabled or has expired");
        call_is_wrong(call, 422);
        return;
    }
    take_keys(call, reply->results[2]);
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_string(w, "name", key->name);
    json_put_string(w, "public_key", key->public_key);
    json_put_string(w, "token", key->token);
    put_door(w, call);
    json_close(w);
    call_answer(call, 201);
}

void bus_keys_post(struct call *call) {
    struct bus_key *key = call_take(call, sizeof *key);
    call->self = key;
    cJSON *tree = call_json_body(call);
    if (!tree) return;
    if (json_get_text(tree, "name", &key->name) != ERR_NONE || !login_is_well_formed(key->name))
        call_wrong(call, "/name", "名称须为 1 到 60 个字母、数字或 . _ - @",
                   "a name has 1 to 60 letters, digits or . _ - @");
    if (json_get_text(tree, "public_key", &key->public_key) != ERR_NONE || !bus_curve_is_key(key->public_key))
        call_wrong(call, "/public_key", "须为 CURVE 公钥, Z85 编码, 40 个字符",
                   "must be a public CURVE key in Z85, 40 characters");
    if (json_get_text(tree, "token", &key->token) != ERR_NONE || !login_is_well_formed(key->token))
        call_wrong(call, "/token", "请给出令牌名称", "name the token it speaks as");
    if (call_is_wrong(call, 422)) return;
    call_transact(call);
    struct db_call *insert = call_add(call, &INSERT);
    db_set_string(insert, 1, key->name);
    db_set_string(insert, 2, key->public_key);
    db_set_string(insert, 3, key->token);
    db_set_int8(insert, 4, clock_now());
    ask_keys(call);
    call_audit(call, "bus_key_create", call_printf(call, "name:%s", key->name), "asked", NULL);
    call_send(call, on_inserted);
}

static void on_removed(struct call *call, const struct db_reply *reply) {
    if (!db_rows(reply->results[1])) {
        call_not_found(call);
        return;
    }
    take_keys(call, reply->results[2]);
    call_answer_nothing(call);
}

void bus_key_delete(struct call *call) {
    const char *name = http_param(call->request, "name");
    if (!login_is_well_formed(name)) {
        call_not_found(call);
        return;
    }
    call_transact(call);
    db_set_string(call_add(call, &REMOVE), 1, name);
    ask_keys(call);
    call_audit(call, "bus_key_remove", call_printf(call, "name:%s", name), "asked", NULL);
    call_send(call, on_removed);
}
