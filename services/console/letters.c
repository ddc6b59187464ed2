/* Letters to people, as the system administrator sees how they went: to whom by name, by which carriers, and what came of each attempt.
 * No address, no text. See carriers.h; writing them is the notification service's. */
#include <string.h>

#include "common/number.h"
#include "core/tell.h"
#include "services/console/carriers.h"
#include "services/console/ticket_json.h"
#include "services/kit/attempt.h"

enum { PAGE = 50, PAGE_MAX = 200 };

#define COLUMNS                                                                                                        \
    "l.id, l.created_at, coalesce(a.login, ''), CASE WHEN l.person = 0 THEN l.unit ELSE 0 END, l.count, l.state, "     \
    "coalesce(c.name, ''), l.attempts, l.next_at, l.ended_at, l.status, l.error, array_to_string(array(SELECT "        \
    "n.ticket FROM notice n WHERE n.letter = l.id ORDER BY n.id LIMIT 20), ',') "
#define FROM_LETTER "FROM letter l LEFT JOIN account a ON a.id = l.person LEFT JOIN carrier c ON c.id = l.carrier "
static const struct db_statement LIST = {"letters_list", "SELECT " COLUMNS FROM_LETTER
                                                         "WHERE l.id < $1::int8 AND ($2::int2 = 0 OR l.state = "
                                                         "$2::int2) ORDER BY l.id DESC LIMIT $3::int4"};
static const struct db_statement ONE = {"letters_one", "SELECT " COLUMNS FROM_LETTER "WHERE l.id = $1::int8"};
static const struct db_statement ATTEMPTS = {
    "letters_attempts",
    "SELECT t.at, coalesce(c.name, ''), t.event, t.outcome, t.status, t.took_ms, t.reference, t.why FROM "
    "letter_attempt t LEFT JOIN carrier c ON c.id = t.carrier WHERE t.letter = $1::int8 ORDER BY t.id LIMIT 100"};

static void put_tickets(struct json_writer *w, const char *at) {
    json_put_open_list(w, "tickets");
    while (*at) {
        size_t len = strcspn(at, ",");
        int64_t ticket;
        char number[NUMBER_TEXT_BYTES];
        if (number_parse_int(at, len, &ticket) == ERR_NONE) {
            number_format_ticket(ticket, number);
            json_string(w, number);
        }
        at += len + (at[len] != '\0');
    }
    json_close_list(w);
}

static void put_letter(struct json_writer *w, struct call *call, const struct db_result *rows, int i) {
    size_t len;
    int state = (int)db_get_int(rows, i, 5);
    const char *user = db_get_text(rows, i, 2, &len);
    json_put_id(w, "id", db_get_int(rows, i, 0));
    json_put_time(w, "created", db_get_int(rows, i, 1));
    json_put_string(w, "user", *user ? user : NULL);
    put_unit(w, "desk", call->reference, (uint32_t)db_get_int(rows, i, 3));
    json_put_int(w, "notices", db_get_int(rows, i, 4));
    put_word(w, "state", WORDS_letter_state, state);
    json_put_string(w, "carrier", db_get_text(rows, i, 6, &len));
    json_put_int(w, "attempts", db_get_int(rows, i, 7));
    json_put_time_or_null(w, "next_at", state == LETTER_WAITING || state == LETTER_SENT ? db_get_int(rows, i, 8) : 0);
    json_put_time_or_null(w, "ended_at", db_get_int(rows, i, 9));
    json_put_int(w, "status", db_get_int(rows, i, 10));
    json_put_string(w, "error", db_get_text(rows, i, 11, &len));
    put_tickets(w, db_get_text(rows, i, 12, &len));
}

static void on_list(struct call *call, const struct db_reply *reply) {
    const struct db_result *rows = reply->results[1];
    int limit = (int)call_query_int(call, "limit", PAGE, PAGE_MAX), count = db_rows(rows);
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_open_list(w, "letters");
    for (int i = 0; i < count && i < limit; i++) {
        json_open(w);
        put_letter(w, call, rows, i);
        json_close(w);
    }
    json_close_list(w);
    call_put_next(call, w, count > limit ? call_cursor(call, db_get_int(rows, limit - 1, 0), 0) : NULL);
    json_close(w);
    call_answer(call, 200);
}

void letters_get(struct call *call) {
    int64_t cursor[2] = {INT64_MAX, 0};
    const char *state = http_query(call->request, "state");
    int value = state ? word_value(WORDS_letter_state, state, strlen(state)) : 0;
    call_query_cursor(call, cursor);
    int64_t limit = call_query_int(call, "limit", PAGE, PAGE_MAX);
    if (state && !value) call_wrong(call, "state", "没有这个状态", "there is no such state");
    if (call_is_wrong(call, 400)) return;
    call_read(call);
    struct db_call *list = call_add(call, &LIST);
    db_set_int8(list, 1, cursor[0]);
    db_set_int2(list, 2, (int16_t)value);
    db_set_int4(list, 3, (int32_t)limit + 1);
    call_send(call, on_list);
}

/* ---- one, with all that was tried ---- */

static const char *event_code(int event) {
    static const char *const codes[] = {[TELL_TAKEN] = "taken",
                                        [TELL_REFUSED] = "refused",
                                        [TELL_FAILED] = "failed",
                                        [TELL_DELIVERED] = "delivered",
                                        [TELL_READ] = "read",
                                        [TELL_UNDELIVERED] = "undelivered",
                                        [TELL_UNCONFIRMED] = "unconfirmed"};
    return event >= TELL_TAKEN && event <= TELL_UNCONFIRMED ? codes[event] : "";
}

static void on_one(struct call *call, const struct db_reply *reply) {
    const struct db_result *rows = reply->results[1], *tried = reply->results[2];
    size_t len;
    if (!db_rows(rows)) {
        call_not_found(call);
        return;
    }
    struct json_writer *w = call_json(call);
    json_open(w);
    put_letter(w, call, rows, 0);
    json_put_open_list(w, "log");
    for (int i = 0; i < db_rows(tried); i++) {
        int outcome = (int)db_get_int(tried, i, 3);
        json_open(w);
        json_put_time(w, "at", db_get_int(tried, i, 0));
        json_put_string(w, "carrier", db_get_text(tried, i, 1, &len));
        json_put_string(w, "event", event_code((int)db_get_int(tried, i, 2)));
        json_put_string(w, "outcome", outcome ? attempt_outcome_code(outcome) : NULL);
        json_put_int(w, "status", db_get_int(tried, i, 4));
        json_put_int(w, "took_ms", db_get_int(tried, i, 5));
        json_put_string(w, "reference", db_get_text(tried, i, 6, &len));
        json_put_string(w, "detail", db_get_text(tried, i, 7, &len));
        json_close(w);
    }
    json_close_list(w);
    json_close(w);
    call_answer(call, 200);
}

void letter_get(struct call *call) {
    const char *text = http_param(call->request, "id");
    int64_t id;
    if (number_parse_int(text, strlen(text), &id) != ERR_NONE) {
        call_not_found(call);
        return;
    }
    call_read(call);
    db_set_int8(call_add(call, &ONE), 1, id);
    db_set_int8(call_add(call, &ATTEMPTS), 1, id);
    call_send(call, on_one);
}
