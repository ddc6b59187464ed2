/* See carriers.h. Settings are checked whole (kit/carrier.h), secrets sealed to their row; nobody is shown one again. */
#include "services/console/carriers.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "common/crypto.h"
#include "common/json.h"
#include "common/text.h"
#include "common/weburl.h"
#include "services/console/networks.h"
#include "services/console/users.h"
#include "services/kit/carrier.h"
#include "services/kit/sealed.h"

enum { SECRET_MAX = 200 };

static const struct db_statement LIST = {
    "carriers_list",
    "SELECT c.name, c.settings, c.secret_sealed IS NOT NULL, c.changed_at, (SELECT count(*) FROM way w WHERE w.carrier "
    "= c.id), (SELECT count(*) FROM (SELECT FROM letter l WHERE l.carrier = c.id AND l.state = 1 LIMIT 100001) q), "
    "(SELECT count(*) FROM (SELECT FROM letter l WHERE l.carrier = c.id AND l.state = 3 LIMIT 100001) q) FROM carrier "
    "c "
    "ORDER BY c.name LIMIT 200"};
static const struct db_statement FIND = {
    "carriers_find",
    "SELECT coalesce((SELECT id FROM carrier WHERE name = $1::text), 0), (SELECT count(*) FROM way w JOIN carrier c ON "
    "c.id = w.carrier WHERE c.name = $1::text), (SELECT secret_sealed IS NOT NULL FROM carrier WHERE name = $1::text)"};
static const struct db_statement NEXT = {"carriers_next", "SELECT nextval('carrier_id_seq')"};
static const struct db_statement INSERT = {
    "carriers_insert", "INSERT INTO carrier (id, name, settings, secret_sealed, receipt_hash, changed_at) OVERRIDING "
                       "SYSTEM VALUE VALUES ($1::int8, $2::text, $3::text, $4::bytea, $5::bytea, $6::int8)"};
static const struct db_statement UPDATE = {
    "carriers_update", "UPDATE carrier SET settings = $2::text, secret_sealed = coalesce($3::bytea, secret_sealed), "
                       "receipt_hash = coalesce($4::bytea, receipt_hash), changed_at = $5::int8 WHERE id = $1::int8"};
static const struct db_statement REMOVE = {"carriers_remove", "DELETE FROM carrier WHERE name = $1::text RETURNING id"};
static const struct db_statement DISCARD = {
    "carriers_discard", "UPDATE letter SET state = 4, ended_at = $2::int8 WHERE state IN (1, 5) AND carrier = (SELECT "
                        "id FROM carrier WHERE name = $1::text)"};

struct making {
    const char *name, *secret; /* secret NULL: as before */
    char *settings;
    const char *url; /* as an address would make it; NULL: of mail */
    int64_t id;
    bool needs_secret, new_receipts;
    char receipts[CRYPTO_TOKEN_BYTES];
};

/* ---- list ---- */

static void on_list(struct call *call, const struct db_reply *reply) {
    const struct db_result *rows = reply->results[1];
    struct json_writer *w = call_json(call);
    size_t len;
    json_open(w);
    json_put_open_list(w, "carriers");
    for (int i = 0; i < db_rows(rows); i++) {
        json_open(w);
        json_put_string(w, "name", db_get_text(rows, i, 0, &len));
        const char *settings = db_get_text(rows, i, 1, &len);
        json_key(w, "settings");
        json_raw(w, settings, len);
        json_put_bool(w, "has_secret", db_get_bool(rows, i, 2));
        json_put_time(w, "changed_at", db_get_int(rows, i, 3));
        json_put_int(w, "ways", db_get_int(rows, i, 4));
        json_put_int(w, "waiting", db_get_int(rows, i, 5));
        json_put_int(w, "dead", db_get_int(rows, i, 6));
        json_close(w);
    }
    json_close_list(w);
    json_close(w);
    call_answer(call, 200);
}

void carriers_get(struct call *call) {
    call_read(call);
    call_add(call, &LIST);
    call_send(call, on_list);
}

/* ---- made or changed ---- */

static void on_stored(struct call *call, const struct db_reply *reply) {
    struct making *m = call->self;
    (void)reply;
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_string(w, "name", m->name);
    json_put_string(w, "receipts_path", call_printf(call, "/api/v1/receipts/%s", m->name));
    json_put_string(w, "receipts_secret", m->new_receipts ? m->receipts : NULL); /* this once */
    json_close(w);
    crypto_forget(m->receipts, sizeof m->receipts);
    call_answer(call, 200);
}

static void set_secret(struct call *call, struct db_call *to, int number) {
    const struct making *m = call->self;
    uint8_t sealed[SECRET_MAX + CRYPTO_SEAL_BYTES];
    struct crypto_place place = SEALED_CARRIER(m->id);
    if (!m->secret) {
        db_set_null(to, number, DB_BYTEA);
        return;
    }
    size_t len = strlen(m->secret);
    crypto_seal(call->console->keys, &place, m->secret, len, sealed);
    db_set_bytes(to, number, sealed, len + CRYPTO_SEAL_BYTES);
}

static void set_receipts(struct making *m, struct db_call *to, int number) {
    uint8_t hash[CRYPTO_HASH_BYTES];
    if (!m->new_receipts) {
        db_set_null(to, number, DB_BYTEA);
        return;
    }
    crypto_token_new("pdrcpt", m->receipts);
    crypto_token_hash(m->receipts, strlen(m->receipts), hash);
    db_set_bytes(to, number, hash, sizeof hash);
}

static void store(struct call *call, bool is_new) {
    struct making *m = call->self;
    call_transact(call);
    struct db_call *to = call_add(call, is_new ? &INSERT : &UPDATE);
    int at = 1;
    db_set_int8(to, at++, m->id);
    if (is_new) db_set_string(to, at++, m->name);
    db_set_string(to, at++, m->settings);
    set_secret(call, to, at++);
    set_receipts(m, to, at++);
    db_set_int8(to, at, clock_now());
    call_audit(call, is_new ? "carrier_create" : "carrier_change", call_printf(call, "carrier:%lld", (long long)m->id),
               "ok", call_printf(call, "{\"name\":\"%s\",\"secret\":%s}", m->name, m->secret ? "true" : "false"));
    call_send(call, on_stored);
}

static void on_found(struct call *call, const struct db_reply *reply) {
    struct making *m = call->self;
    struct netaddr_range ranges[NETWORKS_MAX];
    struct sentence wrong;
    const struct db_result *found = reply->results[1];
    int64_t id = db_get_int(found, 0, 0);
    if (m->url && !weburl_is_fit(m->url, ranges, networks_read(reply->results[3], ranges), &wrong))
        call_wrong(call, "/settings/url", wrong.zh, wrong.en);
    if (m->needs_secret && !m->secret && !db_get_bool(found, 0, 2))
        call_wrong(call, "/secret", "这个通道需要密钥或口令", "this carrier needs a secret");
    if (call_is_wrong(call, 422)) return;
    m->id = id ? id : db_get_int(reply->results[2], 0, 0);
    m->new_receipts |= !id;
    store(call, !id);
}

static void on_settings_wrong(void *context, int status, const char *pointer, const char *zh, const char *en) {
    struct call *call = context;
    (void)status;
    call_wrong(call, call_printf(call, "/settings%s", pointer), zh, en);
}

/* The URL with some address in it. */
static const char *url_of(struct call *call, const struct carrier *carrier) {
    static const struct template_value values[] = {{"address", "x"}, {"id", "x"}};
    struct buffer url = {0};
    template_render(carrier->url, values, 2, &url);
    const char *copy = call_printf(call, "%s", buffer_text(&url));
    buffer_done(&url);
    return copy;
}

static void read_settings(struct call *call, const cJSON *tree, struct making *m) {
    const cJSON *settings = json_member(tree, "settings");
    struct carrier carrier;
    if (!settings || !carrier_read(settings, http_arena(call->request), on_settings_wrong, call, &carrier)) return;
    char *text = cJSON_PrintUnformatted(settings);
    m->settings = text ? call_printf(call, "%s", text) : "";
    cJSON_free(text);
    if (strlen(m->settings) > CARRIER_BYTES_MAX) call_wrong(call, "/settings", "设置过长", "the settings are too long");
    m->needs_secret = carrier_needs_secret(&carrier);
    m->url = carrier.kind == CARRIER_MAIL ? NULL : url_of(call, &carrier);
}

void carriers_post(struct call *call) {
    struct making *m = call_take(call, sizeof *m);
    call->self = m;
    cJSON *tree = call_json_body(call);
    if (!tree) return;
    if (json_get_text(tree, "name", &m->name) != ERR_NONE || !login_is_well_formed(m->name))
        call_wrong(call, "/name", "名称须为 1 到 60 个字母、数字或 . _ - @",
                   "a name has 1 to 60 letters, digits or . _ - @");
    if (json_get_text(tree, "secret", &m->secret) != ERR_NONE) m->secret = NULL;
    if (m->secret && text_has_control(m->secret, strlen(m->secret), false))
        call_wrong(call, "/secret", "不能有控制字符", "no control characters are taken");
    if (json_get_bool(tree, "new_receipts_secret", &m->new_receipts) != ERR_NONE) m->new_receipts = false;
    read_settings(call, tree, m);
    if (call_is_wrong(call, 422)) return;
    if (!call->console->keys) {
        call_problem(call, 503, "没有配置密钥文件", "No key file is configured");
        return;
    }
    call_transact(call);
    db_set_string(call_add(call, &FIND), 1, m->name);
    call_add(call, &NEXT);
    networks_ask(call);
    call_send(call, on_found);
}

/* ---- removed ---- */

static void on_removed(struct call *call, const struct db_reply *reply) {
    (void)reply;
    call_answer_nothing(call);
}

static void on_found_to_remove(struct call *call, const struct db_reply *reply) {
    const char *name = call->self;
    if (!db_get_int(reply->results[1], 0, 0)) {
        call_not_found(call);
        return;
    }
    if (db_get_int(reply->results[1], 0, 1)) {
        call_problem(call, 409, "还有人的告知方式用到它, 须先改走",
                     "Somebody's way still leads over it; change that first");
        return;
    }
    call_transact(call);
    struct db_call *discard = call_add(call, &DISCARD);
    db_set_string(discard, 1, name);
    db_set_int8(discard, 2, clock_now());
    db_set_string(call_add(call, &REMOVE), 1, name);
    call_audit(call, "carrier_remove", call_printf(call, "name:%s", name), "ok", NULL);
    call_send(call, on_removed);
}

void carrier_delete(struct call *call) {
    const char *name = http_param(call->request, "name");
    if (!login_is_well_formed(name)) {
        call_not_found(call);
        return;
    }
    call->self = (void *)name;
    call_read(call);
    db_set_string(call_add(call, &FIND), 1, name);
    call_send(call, on_found_to_remove);
}
