/* See request_answer.h. Which events count is the SQL function's; what they say is read here. */
#include "services/console/request_answer.h"

#include "services/console/event_read.h"
#include "services/console/ticket_json.h"
#include "services/kit/answer.h"

const struct db_statement ANSWERS_OF = {"request_answers",
                                        "SELECT " ANSWER_COLUMNS " FROM answers_of_request($1::int8) a"};
const struct db_statement ANSWERS_OF_OWN_ID = {
    "request_answers_own", "SELECT " ANSWER_COLUMNS " FROM request_key k, answers_of_request(k.request) a "
                           "WHERE k.source = $1::int4 AND k.external_id = $2::text"};

static bool is_callback(int type) {
    return type == EVENT_SOLVED || type == EVENT_UNSOLVED || type == EVENT_UNREACHABLE;
}

bool request_answer_find(const struct db_result *rows, int from, int to, struct event *ret_event) {
    struct answer_search search = {.ended = false};
    for (int i = from; i < to; i++) {
        if (!event_of_row(rows, i, ret_event) || is_callback(ret_event->type)) continue;
        if (!answer_look(&search, ret_event->type, &ret_event->effect)) continue;
        ret_event->effect.result = search.result;
        return true;
    }
    return false;
}

static bool find_callback(const struct db_result *rows, struct event *ret_event) {
    for (int i = 0; i < db_rows(rows); i++)
        if (event_of_row(rows, i, ret_event) && is_callback(ret_event->type)) return true;
    return false;
}

void put_answer_and_callback(struct json_writer *w, struct call *call, const struct db_result *rows) {
    static struct event event;
    if (request_answer_find(rows, 0, db_rows(rows), &event)) {
        json_put_open(w, "answer");
        json_put_time(w, "at", event.at);
        json_put_text(w, "text", event.effect.answer.at, event.effect.answer.len);
        put_word(w, "result", WORDS_result, event.effect.result);
        put_unit(w, "unit", call->reference, event.effect.unit);
        json_close(w);
    } else {
        json_put_null(w, "answer");
    }
    if (find_callback(rows, &event)) {
        json_put_open(w, "callback");
        json_put_time(w, "at", event.at);
        put_word(w, "outcome", WORDS_event_type, event.type);
        json_put_bool(w, "satisfied", event.effect.satisfied);
        json_close(w);
    } else {
        json_put_null(w, "callback");
    }
}
