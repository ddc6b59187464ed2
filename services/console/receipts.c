/* A carrier reports what became of letters. Its own secret, in the query as such gateways want it, is what lets it in; whatever is wrong
 * with name or secret is the same 404. A receipt is stored before it is acknowledged; what it makes of its letter is the notification
 * service's to write. */
#include <string.h>

#include <cjson/cJSON.h>

#include "common/crypto.h"
#include "common/json.h"
#include "services/console/carriers.h"
#include "services/console/users.h"
#include "services/kit/carrier.h"

static const struct db_statement FIND = {
    "receipts_find", "SELECT id, settings FROM carrier WHERE name = $1::text AND receipt_hash = $2::bytea"};
static const struct db_statement INSERT = {
    "receipts_insert",
    "INSERT INTO receipt (at, carrier, event, letter, way, reference, said) SELECT $1::int8, $2::int8, * FROM "
    "unnest($3::int2[], $4::int8[], $5::int8[], $6::text[], $7::text[])"};

/* What the carrier wants to hear. */
static void on_stored(struct call *call, const struct db_reply *reply) {
    const char *answer = call->self;
    (void)reply;
    struct json_writer *w = call_json(call);
    json_raw(w, answer ? answer : "{}", answer ? strlen(answer) : 2);
    call_answer(call, 200);
}

static void store(struct call *call, int64_t carrier, const struct carrier_receipt *receipts, int count) {
    static const enum db_type types[] = {DB_INT2, DB_INT8, DB_INT8, DB_TEXT, DB_TEXT};
    call_transact(call);
    struct db_call *insert = call_add(call, &INSERT);
    db_set_int8(insert, 1, clock_now());
    db_set_int8(insert, 2, carrier);
    for (int i = 0; i < 5; i++) db_set_array(insert, 3 + i, types[i]);
    for (int i = 0; i < count; i++) {
        db_push_int2(insert, 3, (int16_t)receipts[i].event);
        db_push_int8(insert, 4, receipts[i].letter);
        db_push_int8(insert, 5, receipts[i].way);
        db_push_text(insert, 6, receipts[i].reference, strlen(receipts[i].reference));
        db_push_text(insert, 7, receipts[i].said, strlen(receipts[i].said));
    }
    call_send(call, on_stored);
}

static void on_wrong(void *context, int status, const char *pointer, const char *zh, const char *en) {
    (void)context, (void)status, (void)pointer, (void)zh, (void)en; /* the settings were checked when they came */
}

static void on_found(struct call *call, const struct db_reply *reply) {
    static struct carrier_receipt receipts[CARRIER_RECEIPTS_MAX];
    const struct db_result *rows = reply->results[1];
    struct arena *arena = http_arena(call->request);
    struct carrier carrier;
    struct json_fault fault;
    struct cJSON *settings = NULL;
    size_t len;
    if (!db_rows(rows)) {
        call_not_found(call);
        return;
    }
    int64_t id = db_get_int(rows, 0, 0);
    const char *text = db_get_text(rows, 0, 1, &len);
    int count = -1;
    if (json_parse(text, len, NULL, &settings, &fault) == ERR_NONE &&
        carrier_read(settings, arena, on_wrong, NULL, &carrier))
        count = carrier_receipts(&carrier, call->tree, arena, receipts);
    const cJSON *answer = json_member(json_member(settings, "receipts"), "answer");
    call->self = NULL;
    if (count < 0) {
        call_wrong(call, "", "不是这个通道的回执, 或超过 500 条",
                   "is no list of this carrier's receipts, or of more than 500");
        call_is_wrong(call, 422);
    } else {
        char *copy = answer ? cJSON_PrintUnformatted(answer) : NULL;
        call->self = copy ? call_printf(call, "%s", copy) : NULL;
        cJSON_free(copy);
        store(call, id, receipts, count);
    }
    json_free(&settings);
}

void receipts_post(struct call *call) {
    const char *name = http_param(call->request, "carrier"), *secret = http_query(call->request, "secret");
    uint8_t hash[CRYPTO_HASH_BYTES];
    struct json_fault fault;
    size_t length;
    const uint8_t *body = http_body(call->request, &length);
    if (!login_is_well_formed(name) || !secret || !*secret || strlen(secret) >= CRYPTO_TOKEN_BYTES) {
        call_not_found(call);
        return;
    }
    if (json_parse(body, length, NULL, &call->tree, &fault) != ERR_NONE) {
        struct sentence wrong = json_sentence(fault.wrong);
        call_wrong(call, call_printf(call, "%s", fault.pointer), wrong.zh, wrong.en);
        call_is_wrong(call, 400);
        return;
    }
    crypto_token_hash(secret, strlen(secret), hash);
    call_read(call);
    struct db_call *find = call_add(call, &FIND);
    db_set_string(find, 1, name);
    db_set_bytes(find, 2, hash, sizeof hash);
    call_send(call, on_found);
}
