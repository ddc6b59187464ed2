/* Being away, standing in, and the posts somebody may act in (rules W7, W8). See duty.h. */
#include <string.h>

#include <cjson/cJSON.h>

#include "common/json.h"
#include "common/number.h"
#include "services/console/duty.h"
#include "services/console/ticket_json.h"

enum { DAY_MS = 86400000, AWAY_DAYS_MAX = 366 };

static const struct db_statement LIST = {
    "absences_list",
    "SELECT b.id, b.from_at, b.to_at, s.login, b.reason FROM absence b LEFT JOIN account s ON s.id = b.stand_in "
    "WHERE b.account = $1::int8 AND b.to_at > $2::int8 ORDER BY b.from_at LIMIT 100"};
static const struct db_statement INSERT = {
    "absences_insert",
    CALL_AUDITED("INSERT INTO absence (account, from_at, to_at, stand_in, reason) SELECT a.id, $7::int8, $8::int8, "
                 "(SELECT id FROM account s WHERE s.login = $9::text AND NOT s.disabled AND s.id <> a.id), $10::text "
                 "FROM account a WHERE a.id = $2::int8 AND ($9::text = '' OR EXISTS (SELECT FROM account s WHERE "
                 "s.login = $9::text AND NOT s.disabled AND s.id <> a.id AND s.role NOT BETWEEN 7 AND 11)) RETURNING "
                 "id")};
static const struct db_statement REMOVE = {
    "absences_remove", CALL_AUDITED("DELETE FROM absence WHERE id = $7::int8 AND account = $2::int8 RETURNING id")};
/* So that everybody reads it; dates that are reached count at once. */
static const struct db_statement RAISE = {"absences_raise", "UPDATE world SET version = version + 1"};
static const struct db_statement APPLY = {"absences_apply", "SELECT changed FROM organisation_apply($1::int8)"};
static const struct db_statement POSTS = {"posts_list", "SELECT p.unit, p.role, p.rank, p.unit = me.unit AND p.role = "
                                                        "me.role, CASE WHEN p.for_account <> $1::int8 THEN a.login END "
                                                        "FROM account me, posts_of($1::int8, $2::int8) p JOIN account "
                                                        "a ON a.id = p.for_account WHERE me.id = $1::int8 ORDER BY "
                                                        "p.for_account <> $1::int8, p.unit, p.role"};
static const struct db_statement ACTIVATE = {"posts_activate",
                                             "SELECT post_activate($1::int8, $2::int4, $3::int4, $4::int8)"};

static void add_apply(struct call *call) {
    call_add(call, &RAISE);
    db_set_int8(call_add(call, &APPLY), 1, clock_now());
}

/* ---- absences -------------------------------------------------------------------------------------------------------------------------------------- */

static void on_absences(struct call *call, const struct db_reply *reply) {
    const struct db_result *rows = reply->results[1];
    struct json_writer *w = call_json(call);
    size_t len;
    json_open(w);
    json_put_open_list(w, "absences");
    for (int i = 0; i < db_rows(rows); i++) {
        json_open(w);
        json_put_id(w, "id", db_get_int(rows, i, 0));
        json_put_time(w, "from", db_get_int(rows, i, 1));
        json_put_time(w, "to", db_get_int(rows, i, 2));
        json_put_string(w, "stand_in", db_get_text(rows, i, 3, &len));
        json_put_string(w, "reason", db_get_text(rows, i, 4, &len));
        json_close(w);
    }
    json_close_list(w);
    json_close(w);
    call_answer(call, 200);
}

void absences_get(struct call *call) {
    call_read(call);
    struct db_call *list = call_add(call, &LIST);
    db_set_int8(list, 1, call->who.principal.user);
    db_set_int8(list, 2, clock_now());
    call_send(call, on_absences);
}

static time_ms read_time(struct call *call, const cJSON *tree, const char *key, const char *pointer) {
    const char *text;
    time_ms at = 0;
    if (json_get_text(tree, key, &text) != ERR_NONE || clock_parse(text, strlen(text), &at) != ERR_NONE)
        call_wrong(call, pointer, "须为时间, 如 2026-12-01T08:00:00+08:00",
                   "must be a time: 2026-12-01T08:00:00+08:00");
    return at;
}

static void on_made(struct call *call, const struct db_reply *reply) {
    if (!db_rows(reply->results[1])) {
        call_wrong(call, "/stand_in", "没有可以代理的这个用户", "there is no such user who could stand in");
        call_is_wrong(call, 422);
        return;
    }
    console_world_changed(call->console, 0);
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_id(w, "id", db_get_int(reply->results[1], 0, 0));
    json_close(w);
    call_answer(call, 201);
}

void absences_post(struct call *call) {
    const cJSON *tree = call_json_body(call);
    const char *stand_in = "", *reason = "";
    if (!tree) return;
    time_ms from = read_time(call, tree, "from", "/from"), to = read_time(call, tree, "to", "/to"), now = clock_now();
    if (from && to && (to <= from || to <= now || to - from > (time_ms)AWAY_DAYS_MAX * DAY_MS))
        call_wrong(call, "/to", "须晚于开始和现在, 且不超过一年",
                   "must come after the beginning and now, within a year");
    if (json_get_text(tree, "stand_in", &stand_in) == ERR_INVALID)
        call_wrong(call, "/stand_in", "须为用户名", "must be a user");
    if (json_get_text(tree, "reason", &reason) == ERR_INVALID || strlen(reason) > REASON_BYTES_MAX)
        call_wrong(call, "/reason", "须为文字, 不超过一百字", "must be a text of a hundred characters at most");
    if (call_is_wrong(call, 422)) return;
    call_transact(call);
    struct db_call *insert = call_add_audited(call, &INSERT, "absence",
                                              call_printf(call, "account:%lld", (long long)call->who.principal.user));
    db_set_int8(insert, 7, from);
    db_set_int8(insert, 8, to);
    db_set_string(insert, 9, stand_in);
    db_set_string(insert, 10, reason);
    add_apply(call);
    call_send(call, on_made);
}

static void on_removed(struct call *call, const struct db_reply *reply) {
    if (!db_rows(reply->results[1])) {
        call_not_found(call);
        return;
    }
    console_world_changed(call->console, 0);
    call_answer_nothing(call);
}

void absence_delete(struct call *call) {
    int64_t id;
    const char *text = http_param(call->request, "id");
    if (number_parse_int(text, strlen(text), &id) != ERR_NONE) {
        call_not_found(call);
        return;
    }
    call_transact(call);
    db_set_int8(call_add_audited(call, &REMOVE, "absence_over",
                                 call_printf(call, "account:%lld", (long long)call->who.principal.user)),
                7, id);
    add_apply(call);
    call_send(call, on_removed);
}

/* ---- posts ------------------------------------------------------------------------------------------------------------------------------------------ */

static void on_posts(struct call *call, const struct db_reply *reply) {
    const struct db_result *rows = reply->results[1];
    struct json_writer *w = call_json(call);
    size_t len;
    json_open(w);
    json_put_open_list(w, "posts");
    for (int i = 0; i < db_rows(rows); i++) {
        json_open(w);
        put_unit(w, "unit", call->reference, (uint32_t)db_get_int(rows, i, 0));
        json_put_string(w, "role", word_text(WORDS_role, (int)db_get_int(rows, i, 1)));
        put_word(w, "rank", WORDS_rank, (int)db_get_int(rows, i, 2));
        json_put_bool(w, "active", db_get_bool(rows, i, 3));
        json_put_string(w, "for", db_get_text(rows, i, 4, &len));
        json_close(w);
    }
    json_close_list(w);
    json_close(w);
    call_answer(call, 200);
}

void posts_get(struct call *call) {
    call_read(call);
    struct db_call *list = call_add(call, &POSTS);
    db_set_int8(list, 1, call->who.principal.user);
    db_set_int8(list, 2, clock_now());
    call_send(call, on_posts);
}

static void on_chosen(struct call *call, const struct db_reply *reply) {
    if (!db_get_bool(reply->results[1], 0, 0)) {
        call_problem(call, 409, "您现在没有这个岗位", "You do not hold that post now");
        return;
    }
    who_forget(call->console->who);
    call_answer_nothing(call);
}

void post_choose_post(struct call *call) {
    const cJSON *tree = call_json_body(call);
    const char *unit = "", *role = "";
    if (!tree) return;
    uint32_t id = json_get_text(tree, "unit", &unit) == ERR_NONE
                      ? reference_unit_by_code(call->reference, unit, strlen(unit))
                      : 0;
    int value = json_get_text(tree, "role", &role) == ERR_NONE ? word_value(WORDS_role, role, strlen(role)) : 0;
    if (!id) call_wrong(call, "/unit", "没有这个单位", "there is no such unit");
    if (!value) call_wrong_word(call, "/role", WORDS_role);
    if (call_is_wrong(call, 422)) return;
    call_transact(call);
    struct db_call *activate = call_add(call, &ACTIVATE);
    db_set_int8(activate, 1, call->who.principal.user);
    db_set_int4(activate, 2, (int32_t)id);
    db_set_int4(activate, 3, value);
    db_set_int8(activate, 4, clock_now());
    call_audit(call, "post", call_printf(call, "account:%lld", (long long)call->who.principal.user), "asked", NULL);
    call_send(call, on_chosen);
}
