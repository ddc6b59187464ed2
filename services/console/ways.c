/* See ways.h. */
#include "services/console/ways.h"

#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "common/crypto.h"
#include "common/json.h"
#include "common/number.h"
#include "common/text.h"
#include "services/console/ticket_json.h"
#include "services/console/users.h"
#include "services/kit/carrier.h"
#include "services/kit/sealed.h"

enum { WAYS_MAX = 5, ADDRESS_MAX = 200 };

#define OF_WHOM "CASE WHEN $1::int8 <> 0 THEN w.account = $1::int8 ELSE w.unit = $2::int4 END"
static const struct db_statement LIST = {
    "ways_list", "SELECT w.id, c.name, (c.settings::json) ->> 'kind', w.language, w.address_sealed, w.carrier FROM way "
                 "w JOIN carrier c ON c.id = w.carrier WHERE " OF_WHOM " ORDER BY w.position"};
static const struct db_statement ACCOUNT = {"ways_account", "SELECT id FROM account WHERE login = $1::text"};
static const struct db_statement CARRIERS = {
    "ways_carriers", "SELECT id, name, (settings::json) ->> 'kind' FROM carrier ORDER BY name LIMIT 200"};
static const struct db_statement NEXT = {"ways_next",
                                         "SELECT nextval('way_id_seq') FROM generate_series(1, 5)"}; /* WAYS_MAX */
static const struct db_statement REMOVE = {"ways_remove",
                                           "DELETE FROM way w WHERE " OF_WHOM " AND w.id <> ALL ($3::int8[])"};
static const struct db_statement KEEP = {
    "ways_keep", "UPDATE way w SET position = $3::int2, language = coalesce($4::text, language) WHERE " OF_WHOM
                 " AND w.id = $5::int8"};
static const struct db_statement INSERT = {
    "ways_insert", "INSERT INTO way (id, account, unit, position, carrier, address_sealed, language) OVERRIDING SYSTEM "
                   "VALUE VALUES ($3::int8, nullif($1::int8, 0), nullif($2::int4, 0), $4::int2, $5::int8, $6::bytea, "
                   "$7::text)"};

struct way {
    int64_t id; /* given: one that stays */
    const char *carrier, *address, *language;
};

struct wanted {
    int64_t account;
    uint32_t unit;
    const char *login; /* to be found first; NULL: whom is known */
    bool writes;
    struct way ways[WAYS_MAX];
    int count;
};

static void set_whom(struct db_call *to, const struct wanted *m) {
    db_set_int8(to, 1, m->account);
    db_set_int4(to, 2, (int32_t)m->unit);
}

/* ---- shown ---- */

/* A telephone number as everywhere; of a mailbox its first character and the domain; of a robot's key its first four. */
static void mask(int kind, const char *address, size_t len, char ret_text[ADDRESS_MAX + TEXT_MASK_BYTES]) {
    const char *sign = strchr(address, '@');
    if (kind == CARRIER_SMS)
        text_mask_phone(address, len, ret_text);
    else if (kind == CARRIER_MAIL && sign)
        snprintf(ret_text, ADDRESS_MAX + TEXT_MASK_BYTES, "%c***%s", address[0], sign);
    else
        snprintf(ret_text, ADDRESS_MAX + TEXT_MASK_BYTES, "%.*s****", len > 8 ? 4 : 0, address);
}

static void put_address(struct json_writer *w, struct call *call, const struct db_result *rows, int i, int kind) {
    char plain[ADDRESS_MAX + 1], masked[ADDRESS_MAX + TEXT_MASK_BYTES];
    size_t len, plain_len;
    const uint8_t *sealed = db_get_bytes(rows, i, 4, &len);
    struct crypto_place place = SEALED_WAY(db_get_int(rows, i, 0));
    bool open = call->console->keys && len <= ADDRESS_MAX + CRYPTO_SEAL_BYTES &&
                crypto_unseal(call->console->keys, &place, sealed, len, plain, &plain_len) == ERR_NONE;
    if (open) mask(kind, plain, plain_len, masked);
    json_put_string(w, "address", open ? masked : NULL);
    crypto_forget(plain, sizeof plain);
}

static void on_list(struct call *call, const struct db_reply *reply) {
    const struct db_result *rows = reply->results[1];
    struct json_writer *w = call_json(call);
    size_t len;
    json_open(w);
    json_put_open_list(w, "ways");
    for (int i = 0; i < db_rows(rows); i++) {
        const char *kind = db_get_text(rows, i, 2, &len);
        int value = word_value(WORDS_carrier_kind, kind, len);
        json_open(w);
        json_put_id(w, "id", db_get_int(rows, i, 0));
        json_put_string(w, "carrier", db_get_text(rows, i, 1, &len));
        put_word(w, "kind", WORDS_carrier_kind, value);
        put_address(w, call, rows, i, value);
        json_put_string(w, "language", db_get_text(rows, i, 3, &len));
        json_close(w);
    }
    json_close_list(w);
    json_put_open_list(w, "carriers"); /* to choose from */
    const struct db_result *carriers = reply->results[2];
    for (int i = 0; i < db_rows(carriers); i++) {
        json_open(w);
        json_put_string(w, "name", db_get_text(carriers, i, 1, &len));
        const char *kind = db_get_text(carriers, i, 2, &len);
        put_word(w, "kind", WORDS_carrier_kind, word_value(WORDS_carrier_kind, kind, len));
        json_close(w);
    }
    json_close_list(w);
    json_close(w);
    call_answer(call, 200);
}

static void list(struct call *call) {
    call_read(call);
    set_whom(call_add(call, &LIST), call->self);
    call_add(call, &CARRIERS);
    call_send(call, on_list);
}

/* ---- written ---- */

static void on_stored(struct call *call, const struct db_reply *reply) {
    (void)reply;
    list(call);
}

static int row_of(const struct db_result *rows, int column, const char *name) {
    size_t len;
    for (int i = 0; i < db_rows(rows); i++)
        if (!strcmp(db_get_text(rows, i, column, &len), name)) return i;
    return -1;
}

static bool is_kept(const struct db_result *rows, int64_t id) {
    for (int i = 0; i < db_rows(rows); i++)
        if (db_get_int(rows, i, 0) == id) return true;
    return false;
}

/* Of each new way its carrier's row; of one that stays -1. False: told. */
static bool check_ways(struct call *call, const struct wanted *m, const struct db_reply *reply,
                       int ret_rows[WAYS_MAX]) {
    for (int i = 0; i < m->count; i++) {
        const struct way *way = &m->ways[i];
        struct sentence wrong;
        size_t len;
        ret_rows[i] = -1;
        if (way->id) {
            if (!is_kept(reply->results[1], way->id))
                call_wrong(call, call_printf(call, "/ways/%d/id", i), "没有这个告知方式", "there is no such way");
            continue;
        }
        ret_rows[i] = way->carrier ? row_of(reply->results[2], 1, way->carrier) : -1;
        if (ret_rows[i] < 0) {
            call_wrong(call, call_printf(call, "/ways/%d/carrier", i), "没有这个通道", "there is no such carrier");
            continue;
        }
        const char *kind = db_get_text(reply->results[2], ret_rows[i], 2, &len);
        if (!way->address || strlen(way->address) > ADDRESS_MAX ||
            !carrier_address_is_fit(word_value(WORDS_carrier_kind, kind, len), way->address, &wrong))
            call_wrong(call, call_printf(call, "/ways/%d/address", i), way->address ? wrong.zh : "请给出号码或地址",
                       way->address ? wrong.en : "give the number or address");
    }
    return !call_is_wrong(call, 422);
}

static void insert_way(struct call *call, const struct wanted *m, int i, int64_t id, int64_t carrier) {
    uint8_t sealed[ADDRESS_MAX + CRYPTO_SEAL_BYTES];
    struct crypto_place place = SEALED_WAY(id);
    size_t len = strlen(m->ways[i].address);
    struct db_call *insert = call_add(call, &INSERT);
    set_whom(insert, m);
    db_set_int8(insert, 3, id);
    db_set_int2(insert, 4, (int16_t)(i + 1));
    db_set_int8(insert, 5, carrier);
    crypto_seal(call->console->keys, &place, m->ways[i].address, len, sealed);
    db_set_bytes(insert, 6, sealed, len + CRYPTO_SEAL_BYTES);
    db_set_string(insert, 7, m->ways[i].language ? m->ways[i].language : "zh");
}

static void on_known(struct call *call, const struct db_reply *reply) {
    const struct wanted *m = call->self;
    int rows[WAYS_MAX];
    int64_t ids[WAYS_MAX], carriers[WAYS_MAX];
    if (!check_ways(call, m, reply, rows)) return;
    for (int i = 0; i < m->count; i++) {
        ids[i] = db_get_int(reply->results[3], i, 0);
        carriers[i] = rows[i] < 0 ? 0 : db_get_int(reply->results[2], rows[i], 0);
    }
    call_transact(call);
    struct db_call *remove = call_add(call, &REMOVE);
    set_whom(remove, m);
    db_set_array(remove, 3, DB_INT8);
    for (int i = 0; i < m->count; i++) db_push_int8(remove, 3, m->ways[i].id);
    for (int i = 0; i < m->count; i++) {
        if (!m->ways[i].id) {
            insert_way(call, m, i, ids[i], carriers[i]);
            continue;
        }
        struct db_call *keep = call_add(call, &KEEP);
        set_whom(keep, m);
        db_set_int2(keep, 3, (int16_t)(i + 1));
        db_set_string(keep, 4, m->ways[i].language);
        db_set_int8(keep, 5, m->ways[i].id);
    }
    call_audit(call, "ways_change",
               m->account ? call_printf(call, "account:%lld", (long long)m->account)
                          : call_printf(call, "unit:%s", reference_unit_code(call->reference, m->unit)),
               "ok", call_printf(call, "{\"ways\":%d}", m->count));
    call_send(call, on_stored);
}

static void write_ways(struct call *call) {
    call_transact(call);
    set_whom(call_add(call, &LIST), call->self);
    call_add(call, &CARRIERS);
    call_add(call, &NEXT);
    call_send(call, on_known);
}

static void read_ways(struct call *call, const cJSON *tree, struct wanted *m) {
    const cJSON *ways = NULL, *item;
    m->writes = true;
    if (json_get_list(tree, "ways", &ways) != ERR_NONE || cJSON_GetArraySize(ways) > WAYS_MAX) {
        call_wrong(call, "/ways", "须为列表, 至多 5 个", "must be a list, 5 at most");
        return;
    }
    cJSON_ArrayForEach(item, ways) {
        struct way *way = &m->ways[m->count++];
        if (json_get_id(item, "id", &way->id) != ERR_NONE) way->id = 0;
        if (json_get_text(item, "carrier", &way->carrier) != ERR_NONE) way->carrier = NULL;
        if (json_get_text(item, "address", &way->address) != ERR_NONE) way->address = NULL;
        if (json_get_text(item, "language", &way->language) != ERR_NONE) way->language = NULL;
    }
}

static void go(struct call *call) {
    const struct wanted *m = call->self;
    if (m->writes)
        write_ways(call);
    else
        list(call);
}

/* ---- one's own ---- */

/* A token is nobody: its list is empty. */
static struct wanted *own(struct call *call) {
    struct wanted *m = call_take(call, sizeof *m);
    m->account = call->who.principal.user;
    call->self = m;
    return m;
}

void ways_get(struct call *call) {
    own(call);
    go(call);
}

static bool has_keys(struct call *call) {
    if (call->console->keys) return true;
    call_problem(call, 503, "没有配置密钥文件", "No key file is configured");
    return false;
}

void ways_post(struct call *call) {
    struct wanted *m = own(call);
    const cJSON *tree = call_json_body(call);
    if (!tree) return;
    read_ways(call, tree, m);
    if (call_is_wrong(call, 422) || !has_keys(call)) return;
    if (call->who.kind != WHO_SESSION)
        call_problem(call, 409, "令牌没有自己的告知方式", "A token has no ways of its own");
    else
        go(call);
}

/* ---- somebody's ---- */

static void on_account(struct call *call, const struct db_reply *reply) {
    struct wanted *m = call->self;
    if (!db_rows(reply->results[1])) {
        call_wrong(call, m->writes ? "/user" : "user", "没有这个用户", "there is no such user");
        call_is_wrong(call, 422);
        return;
    }
    m->account = db_get_int(reply->results[1], 0, 0);
    go(call);
}

static void find_whom(struct call *call, struct wanted *m, const char *unit) {
    const char *slash = m->writes ? "/" : "";
    if (!m->login == !unit)
        call_wrong(call, call_printf(call, "%suser", slash), "须指明用户或单位之一", "name a user or a unit");
    if (unit && !m->login) m->unit = reference_unit_by_code(call->reference, unit, strlen(unit));
    if (unit && !m->login && !m->unit)
        call_wrong(call, call_printf(call, "%sunit", slash), "没有这个单位", "there is no such unit");
    if (call_is_wrong(call, 422) || (m->writes && !has_keys(call))) return;
    if (!m->login) {
        go(call);
        return;
    }
    call_read(call);
    db_set_string(call_add(call, &ACCOUNT), 1, m->login);
    call_send(call, on_account);
}

void ways_admin_get(struct call *call) {
    struct wanted *m = call_take(call, sizeof *m);
    call->self = m;
    m->login = http_query(call->request, "user");
    find_whom(call, m, http_query(call->request, "unit"));
}

void ways_admin_post(struct call *call) {
    struct wanted *m = call_take(call, sizeof *m);
    const char *unit = NULL;
    call->self = m;
    const cJSON *tree = call_json_body(call);
    if (!tree) return;
    if (json_get_text(tree, "user", &m->login) != ERR_NONE) m->login = NULL;
    if (json_get_text(tree, "unit", &unit) != ERR_NONE) unit = NULL;
    read_ways(call, tree, m);
    find_whom(call, m, unit);
}
