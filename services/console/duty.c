/* Who is on the desk, the hand-over of the desk, and the list of unit changes. See duty.h. */
#include "services/console/duty.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "common/json.h"
#include "common/number.h"
#include "services/console/ticket_json.h"

enum { SHIFTS = 40, HANDOVERS = 20, TICKETS_MAX = 50, CHANGES = 200 };

static const struct db_statement ROSTER = {
    "duty_shifts",
    "SELECT a.login, r.from_at, r.to_at, r.from_at <= $2::int8, is_away(a.id, $2::int8), NOT a.disabled AND EXISTS "
    "(SELECT FROM post p WHERE p.account = a.id AND p.unit = r.unit AND p.role BETWEEN 1 AND 6 AND p.from_at <= "
    "greatest(r.from_at, $2::int8) AND (p.to_at = 0 OR p.to_at > greatest(r.from_at, $2::int8))) FROM roster r JOIN "
    "account "
    "a ON a.id = r.account WHERE r.unit = $1::int4 AND r.to_at > $2::int8 ORDER BY r.from_at, a.login LIMIT 40"};
static const struct db_statement PEOPLE = {"duty_people",
                                           "SELECT a.login, p.rank, is_away(a.id, $2::int8), (SELECT s.login FROM "
                                           "absence b JOIN account s ON s.id = b.stand_in WHERE "
                                           "b.account = a.id AND b.from_at <= $2::int8 AND $2::int8 < b.to_at LIMIT 1) "
                                           "FROM post p JOIN account a ON a.id = p.account "
                                           "WHERE p.unit = $1::int4 AND NOT a.disabled AND p.from_at <= $2::int8 AND "
                                           "(p.to_at = 0 OR $2::int8 < p.to_at) ORDER BY "
                                           "p.rank = 1, p.rank, a.login LIMIT 200"};
static const struct db_statement HANDED = {
    "duty_handovers",
    "SELECT h.id, h.at, g.login, t.login, h.note, h.open, h.overdue, h.taken_at, array_to_string(h.tickets, ',') "
    "FROM handover h LEFT JOIN account g ON g.id = h.giver LEFT JOIN account t ON t.id = CASE WHEN h.taken_by "
    "<> 0 THEN h.taken_by ELSE h.taker END WHERE h.unit = $1::int4 ORDER BY h.id DESC LIMIT 20"};
/* To one person: to somebody else who holds a post there, now or later, or stands in for who does (W9). */
#define TAKER                                                                                                          \
    "SELECT a.id FROM account a WHERE a.login = $7::text AND NOT a.disabled AND a.id <> $2::int8 AND (EXISTS (SELECT " \
    "FROM post p WHERE p.account = a.id AND p.unit = $4::int4 AND (p.to_at = 0 OR $1::int8 < p.to_at)) OR EXISTS "     \
    "(SELECT FROM posts_of(a.id, $1::int8) p WHERE p.unit = $4::int4))"
static const struct db_statement HAND_OVER = {
    "duty_hand_over",
    CALL_AUDITED("INSERT INTO handover (unit, at, giver, taker, note, open, overdue, tickets) SELECT $4::int4, "
                 "$1::int8, $2::int8, coalesce((" TAKER "), 0), $8::text, count(*), count(*) FILTER (WHERE t.due < "
                 "$1::int8), $9::int8[] FROM ticket t WHERE t.open AND t.owner = $4::int4 HAVING $7::text = '' OR "
                 "EXISTS (" TAKER ") RETURNING id")};
static const struct db_statement TAKE = {
    "duty_take",
    CALL_AUDITED("UPDATE handover SET taken_at = $1::int8, taken_by = $2::int8 WHERE id = $7::int8 AND unit = $4::int4 "
                 "AND taken_at = 0 AND giver <> $2::int8 AND (taker = 0 OR taker = $2::int8) RETURNING id")};
static const struct db_statement LIST = {
    "duty_changes",
    "SELECT id, unit, kind, coalesce(target, 0), at, reason, applied_at, outcome FROM unit_change ORDER BY "
    "applied_at = 0 DESC, at DESC, id DESC LIMIT 200"};

static const char *text_at(const struct db_result *rows, int row, int column) {
    size_t len;
    const char *text = db_get_text(rows, row, column, &len);
    return text && len ? text : NULL;
}

static void put_time_or_null(struct json_writer *w, const char *key, time_ms at) {
    if (at)
        json_put_time(w, key, at);
    else
        json_put_string(w, key, NULL);
}

/* ---- who ------------------------------------------------------------------------------------------------------------------------------------------ */

static void put_handover(struct json_writer *w, struct call *call, const struct db_result *rows, int i) {
    json_open(w);
    json_put_id(w, "id", db_get_int(rows, i, 0));
    json_put_time(w, "at", db_get_int(rows, i, 1));
    json_put_string(w, "giver", text_at(rows, i, 2));
    json_put_string(w, "taker", text_at(rows, i, 3));
    json_put_string(w, "note", text_at(rows, i, 4));
    json_put_int(w, "open", db_get_int(rows, i, 5));
    json_put_int(w, "overdue", db_get_int(rows, i, 6));
    json_put_open_list(w, "tickets");
    for (const char *at = text_at(rows, i, 8); at && *at;) {
        size_t len = strcspn(at, ",");
        int64_t ticket;
        char number[NUMBER_TEXT_BYTES];
        if (number_parse_int(at, len, &ticket) == ERR_NONE) {
            number_format_ticket(ticket, number);
            json_string(w, number);
        }
        at += len + (at[len] != 0);
    }
    json_close_list(w);
    put_time_or_null(w, "taken_at", db_get_int(rows, i, 7));
    json_close(w);
}

static void on_duty(struct call *call, const struct db_reply *reply) {
    const struct db_result *shifts = reply->results[1], *people = reply->results[2], *handed = reply->results[3];
    uint32_t unit = *(uint32_t *)call->self;
    struct json_writer *w = call_json(call);
    json_open(w);
    put_unit(w, "unit", call->reference, unit);
    json_put_time(w, "at", clock_now());
    json_put_bool(w, "staffed", call->reference->world.units[unit].staffed);
    json_put_open_list(w, "shifts");
    for (int i = 0; i < db_rows(shifts); i++) {
        json_open(w);
        json_put_string(w, "user", text_at(shifts, i, 0));
        json_put_time(w, "from", db_get_int(shifts, i, 1));
        json_put_time(w, "to", db_get_int(shifts, i, 2));
        json_put_bool(w, "now", db_get_bool(shifts, i, 3));
        json_put_bool(w, "away", db_get_bool(shifts, i, 4));
        json_put_bool(w, "has_post", db_get_bool(shifts, i, 5));
        json_close(w);
    }
    json_close_list(w);
    json_put_open_list(w, "people");
    for (int i = 0; i < db_rows(people); i++) {
        json_open(w);
        json_put_string(w, "user", text_at(people, i, 0));
        put_word(w, "rank", WORDS_rank, (int)db_get_int(people, i, 1));
        json_put_bool(w, "away", db_get_bool(people, i, 2));
        json_put_string(w, "stand_in", text_at(people, i, 3));
        json_close(w);
    }
    json_close_list(w);
    json_put_open_list(w, "handovers");
    for (int i = 0; i < db_rows(handed); i++) put_handover(w, call, handed, i);
    json_close_list(w);
    json_close(w);
    call_answer(call, 200);
}

void duty_get(struct call *call) {
    uint32_t *unit = call_take(call, sizeof *unit);
    const struct principal *by = &call->who.principal;
    *unit = call_query_unit(call, "unit");
    if (call_is_wrong(call, 400)) return;
    if (!*unit) *unit = by->unit;
    call->self = unit;
    if (!access_allowed(by->role, ACTION_DUTY, access_unit(&call->reference->world, *unit, by))) {
        call_not_found(call);
        return;
    }
    call_read(call);
    const struct db_statement *statements[] = {&ROSTER, &PEOPLE};
    for (int i = 0; i < 2; i++) {
        struct db_call *query = call_add(call, statements[i]);
        db_set_int4(query, 1, (int32_t)*unit);
        db_set_int8(query, 2, clock_now());
    }
    db_set_int4(call_add(call, &HANDED), 1, (int32_t)*unit);
    call_send(call, on_duty);
}

/* ---- hand-over ------------------------------------------------------------------------------------------------------------------------------------ */

static void on_handed_over(struct call *call, const struct db_reply *reply) {
    if (!db_rows(reply->results[1])) {
        call_wrong(call, "/to", "本单位没有这位可以接班的同事; 不写则由下一班接",
                   "is no colleague with a post in this unit; without it whoever comes next takes over");
        call_is_wrong(call, 422);
        return;
    }
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_id(w, "id", db_get_int(reply->results[1], 0, 0));
    json_close(w);
    call_answer(call, 201);
}

static int read_tickets(struct call *call, const cJSON *tree, int64_t ret_tickets[TICKETS_MAX]) {
    const cJSON *list, *item;
    int count = 0;
    enum err err = json_get_list(tree, "tickets", &list);
    if (err == ERR_NOT_FOUND) return 0;
    if (err != ERR_NONE || cJSON_GetArraySize(list) > TICKETS_MAX) {
        call_wrong(call, "/tickets", "须为工单编号的列表, 至多 50 个", "must be a list of ticket numbers, 50 at most");
        return 0;
    }
    cJSON_ArrayForEach(item, list) {
        if (cJSON_IsString(item) &&
            number_parse_ticket(item->valuestring, strlen(item->valuestring), &ret_tickets[count]) == ERR_NONE)
            count++;
        else
            call_wrong(call, "/tickets", "有不是工单编号的", "one of them is no ticket number");
    }
    return count;
}

void handover_post(struct call *call) {
    const cJSON *tree = call_json_body(call);
    const char *note = "", *to = "";
    int64_t tickets[TICKETS_MAX];
    if (!tree) return;
    if (json_get_text(tree, "note", &note) != ERR_NONE || !*note || strlen(note) > NOTE_BYTES_MAX)
        call_wrong(call, "/note", "请写明交接事项", "a note is needed");
    enum err err = json_get_text(tree, "to", &to);
    if (err == ERR_INVALID) call_wrong(call, "/to", "须为用户名", "must be a user");
    if (err != ERR_NONE) to = "";
    int count = read_tickets(call, tree, tickets);
    if (call_is_wrong(call, 422)) return;
    const struct principal *by = &call->who.principal;
    call_transact(call);
    struct db_call *insert =
        call_add_audited(call, &HAND_OVER, "hand_over", reference_unit_code(call->reference, by->unit));
    db_set_string(insert, 7, to);
    db_set_string(insert, 8, note);
    db_set_array(insert, 9, DB_INT8);
    for (int i = 0; i < count; i++) db_push_int8(insert, 9, tickets[i]);
    call_send(call, on_handed_over);
}

static void on_taken(struct call *call, const struct db_reply *reply) {
    if (!db_rows(reply->results[1]))
        call_problem(call, 404, "没有可由您接班的这项交接", "There is no such hand-over for you to take");
    else
        call_answer_nothing(call);
}

void handover_take_post(struct call *call) {
    int64_t id;
    const char *text = http_param(call->request, "id");
    if (number_parse_int(text, strlen(text), &id) != ERR_NONE) {
        call_not_found(call);
        return;
    }
    call_transact(call);
    db_set_int8(call_add_audited(call, &TAKE, "take_over", text), 7, id);
    call_send(call, on_taken);
}

/* ---- changes of units ------------------------------------------------------------------------------------------------------------------------------ */

static void on_changes(struct call *call, const struct db_reply *reply) {
    const struct db_result *rows = reply->results[1];
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_open_list(w, "changes");
    for (int i = 0; i < db_rows(rows); i++) {
        json_open(w);
        json_put_id(w, "id", db_get_int(rows, i, 0));
        put_unit(w, "unit", call->reference, (uint32_t)db_get_int(rows, i, 1));
        put_word(w, "change", WORDS_unit_change, (int)db_get_int(rows, i, 2));
        put_unit(w, "target", call->reference, (uint32_t)db_get_int(rows, i, 3));
        json_put_time(w, "at", db_get_int(rows, i, 4));
        json_put_string(w, "reason", text_at(rows, i, 5));
        put_time_or_null(w, "applied_at", db_get_int(rows, i, 6));
        const char *outcome = text_at(rows, i, 7);
        put_word(w, "outcome", WORDS_change_outcome,
                 outcome ? word_value(WORDS_change_outcome, outcome, strlen(outcome)) : 0);
        json_close(w);
    }
    json_close_list(w);
    json_close(w);
    call_answer(call, 200);
}

void unit_changes_get(struct call *call) {
    call_read(call);
    call_add(call, &LIST);
    call_send(call, on_changes);
}
