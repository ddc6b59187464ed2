/* See audit.h. */
#include "services/console/audit.h"

#include <string.h>

#include "common/number.h"
#include "services/console/ticket_json.h"

enum { LIMIT = 100, LIMIT_MAX = 500, TEXT_MAX = 200 };

struct listing {
    int limit;
};

/* Accounts and tokens share one range of numbers, so a number names one of them. Nobody is asked for by 0 or by an unknown name:
 * then no row fits. */
static const struct db_statement ROWS = {
    "audit_rows",
    "SELECT a.id, a.at, a.user_id, coalesce(u.login, t.name, ''), a.role, a.unit, a.action, a.object, a.outcome, "
    "a.detail::text, a.hash FROM audit a LEFT JOIN account u ON u.id = a.user_id LEFT JOIN token t ON t.id = a.user_id "
    "WHERE a.id < $1::int8 AND a.at >= $2::int8 AND a.at < $3::int8 AND ($4::text IS NULL OR a.action = $4::text) "
    "AND ($5::text IS NULL OR a.user_id IN (SELECT id FROM account WHERE login = $5::text UNION ALL SELECT id FROM "
    "token WHERE name = $5::text UNION ALL SELECT $6::int8)) AND ($7::text IS NULL OR a.object = $7::text) "
    "ORDER BY a.id DESC LIMIT $8::int4"};

static void put_text(struct json_writer *w, const char *key, const struct db_result *rows, int row, int column) {
    size_t len;
    const char *text = db_get_text(rows, row, column, &len);
    json_put_text(w, key, text, len);
}

static void write_row(struct json_writer *w, struct call *call, const struct db_result *rows, int i) {
    size_t len;
    json_open(w);
    json_put_id(w, "id", db_get_int(rows, i, 0));
    json_put_time(w, "at", db_get_int(rows, i, 1));
    put_text(w, "user", rows, i, 3);
    json_put_id(w, "user_id", db_get_int(rows, i, 2));
    int64_t role = db_get_int(rows, i, 4);
    json_put_string(w, "role", role ? word_text(WORDS_role, (int)role) : NULL);
    put_unit(w, "unit", call->reference, (uint32_t)db_get_int(rows, i, 5));
    put_text(w, "action", rows, i, 6);
    put_text(w, "object", rows, i, 7);
    put_text(w, "outcome", rows, i, 8);
    json_key(w, "detail");
    if (db_is_null(rows, i, 9)) {
        json_null(w);
    } else {
        const char *detail = db_get_text(rows, i, 9, &len);
        json_raw(w, detail, len);
    }
    const uint8_t *hash = db_get_bytes(rows, i, 10, &len);
    json_key(w, "hash");
    json_hex(w, hash, len);
    json_close(w);
}

static void on_rows(struct call *call, const struct db_reply *reply) {
    const struct listing *listing = call->self;
    const struct db_result *rows = reply->results[1];
    struct json_writer *w = call_json(call);
    int count = db_rows(rows) > listing->limit ? listing->limit : db_rows(rows);
    bool more = db_rows(rows) > listing->limit;
    json_open(w);
    json_put_open_list(w, "rows");
    for (int i = 0; i < count; i++) write_row(w, call, rows, i);
    json_close_list(w);
    call_put_next(call, w, more ? call_cursor(call, db_get_int(rows, count - 1, 0), 0) : NULL);
    json_close(w);
    call_answer(call, 200);
}

/* NULL when absent. */
static const char *filter(struct call *call, const char *name) {
    const char *text = http_query(call->request, name);
    if (text && (!*text || strlen(text) > TEXT_MAX))
        call_wrong(call, name, "长度须为 1 到 200 字节", "must be 1 to 200 bytes long");
    return text;
}

void audit_get(struct call *call) {
    struct listing *listing = call_take(call, sizeof *listing);
    int64_t cursor[2] = {INT64_MAX, 0}, number = -1;
    call->self = listing;
    listing->limit = (int)call_query_int(call, "limit", LIMIT, LIMIT_MAX);
    (void)call_query_cursor(call, cursor);
    time_ms from, to;
    call_query_period(call, &from, &to);
    const char *action = filter(call, "action"), *user = filter(call, "user"), *object = filter(call, "object");
    if (call_is_wrong(call, 400)) return;
    if (user && number_parse_int(user, strlen(user), &number) != ERR_NONE) number = -1;
    call_read(call);
    struct db_call *rows = call_add(call, &ROWS);
    db_set_int8(rows, 1, cursor[0]);
    db_set_int8(rows, 2, from);
    db_set_int8(rows, 3, http_query(call->request, "to") ? to : INT64_MAX);
    db_set_string(rows, 4, action);
    db_set_string(rows, 5, user);
    db_set_int8(rows, 6, number);
    db_set_string(rows, 7, object);
    db_set_int4(rows, 8, listing->limit + 1);
    call_send(call, on_rows);
}
