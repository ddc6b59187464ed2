/* See events.h. Nothing is skipped: numbers (seq) are given out under the shard's lock, so they commit in their order, and each look goes
 * no further than the head that was read before it. A look goes over as many events as a page may hold; when none of them is the
 * caller's, a wider one follows at once. */
#include "services/console/events.h"

#include <stdlib.h>

#include "common/log.h"
#include "proto/must.h"
#include "services/console/news.h"
#include "services/kit/event_json.h"

enum {
    PAGE = 100,
    PAGE_MAX = 500,
    WAIT_MAX_S = 20,
    WAITING_MAX = 200,
    SPAN = 100,
    SPAN_MAX = 6400,
    LOOKS_MAX = 12,
    LOOK_EACH_MS = 50
};

struct poll {
    struct poll *next;
    struct call *call;
    int64_t seq, request;       /* told up to here; request INT64_MAX: all of that event */
    int64_t head;               /* of the log when it was last looked at */
    int64_t look_at, answer_at; /* monotonic; 0: does not wait */
    int limit, looks, span;
};

struct events_waiting {
    struct console *console;
    struct poll *polls;
    int count;
};

static const struct db_statement HEAD = {"events_head", "SELECT next_seq - 1 FROM shard WHERE id = $1::int2"};
static const struct db_statement OF_UNITS = {"events_of_units",
                                             "SELECT seq, ticket, version, at, type, body, 0::int8, '', ''::bytea, "
                                             "''::bytea FROM events_of_units($1::int2, $2::int8, "
                                             "$3::int8, $4::bool, (SELECT units_in_scope()), $5::int4)"};
static const struct db_statement OF_SOURCES = {
    "events_of_sources", "SELECT seq, ticket, version, at, type, body, request, external_id, answer, asked FROM "
                         "events_of_sources($1::int2, $2::int8, $3::int8, $4::int8, $5::int2[], $6::int4)"};
enum { SEQ, TICKET, VERSION, AT, TYPE, BODY, REQUEST, EXTERNAL_ID, ANSWER, ASKED };

/* ---- answering -------------------------------------------------------------------------------------------------------------------------- */

static void put_event(struct json_writer *w, struct call *call, const struct db_result *rows, int i) {
    static struct buffer json;
    size_t len;
    struct event_row row = {.shard = (uint16_t)console_config.shard,
                            .seq = db_get_int(rows, i, SEQ),
                            .ticket = db_get_int(rows, i, TICKET),
                            .request = db_get_int(rows, i, REQUEST),
                            .at = db_get_int(rows, i, AT),
                            .version = (uint32_t)db_get_int(rows, i, VERSION),
                            .type = (int)db_get_int(rows, i, TYPE),
                            .external_id = db_get_text(rows, i, EXTERNAL_ID, &len)};
    row.body = db_get_bytes(rows, i, BODY, &row.body_len);
    row.answer.at[0] = db_get_bytes(rows, i, ANSWER, &row.answer.len[0]);
    row.answer.at[1] = db_get_bytes(rows, i, ASKED, &row.answer.len[1]);
    buffer_clear(&json);
    if (event_json(call->reference, &row, &json))
        json_raw(w, json.data, json.length);
    else
        log_error("event_unreadable", LOG_INT("seq", row.seq));
}

/* rows NULL: none. */
static void answer(struct poll *poll, const struct db_result *rows) {
    struct call *call = poll->call;
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_open_list(w, "events");
    for (int i = 0; rows && i < db_rows(rows); i++) put_event(w, call, rows, i);
    json_close_list(w);
    json_put_string(w, "next_cursor", call_cursor(call, poll->seq, poll->request));
    json_put_bool(w, "more", poll->request != INT64_MAX || poll->seq < poll->head);
    json_close(w);
    call_answer(call, 200);
}

/* ---- looking ---------------------------------------------------------------------------------------------------------------------------- */

static void look(struct poll *poll);

static void wait_for_news(struct poll *poll) {
    struct events_waiting *waiting = poll->call->console->events;
    if (waiting->count >= WAITING_MAX || poll->call->console->draining) {
        answer(poll, NULL);
        return;
    }
    poll->looks = 0;
    poll->next = waiting->polls;
    waiting->polls = poll;
    waiting->count++;
}

static void on_page(struct call *call, const struct db_reply *reply) {
    struct poll *poll = call->self;
    const struct db_result *rows = reply->results[2];
    int count = db_rows(rows);
    poll->head = db_rows(reply->results[1]) ? db_get_int(reply->results[1], 0, 0) : 0;
    if (poll->seq > poll->head) { /* the log was put back to an earlier state */
        call_wrong(
            call, "cursor", "游标在现有记录之后, 数据可能已恢复到较早的备份; 请不带游标重新领取, 按 id 去重",
            "lies ahead of the log, which may have been restored from a backup: ask without cursor and go by the ids");
        call_is_wrong(call, 400);
        return;
    }
    if (count == poll->limit) {
        poll->seq = db_get_int(rows, count - 1, SEQ);
        poll->request = call->reach.source_count ? db_get_int(rows, count - 1, REQUEST) : INT64_MAX;
    } else {
        int64_t end = poll->seq + poll->span, last = count ? db_get_int(rows, count - 1, SEQ) : 0;
        poll->seq = end < poll->head ? end : poll->head;
        if (last > poll->seq) poll->seq = last; /* committed since the head was read, and all before it */
        poll->request = INT64_MAX;
    }
    if (count) {
        answer(poll, rows);
    } else if (poll->seq < poll->head && ++poll->looks < LOOKS_MAX) {
        if (poll->span < SPAN_MAX) poll->span *= 2;
        look(poll);
    } else if (poll->seq == poll->head && clock_monotonic_ms() < poll->answer_at) {
        wait_for_news(poll);
    } else {
        answer(poll, NULL);
    }
}

static void add_types(struct db_call *page) {
    size_t count;
    const struct word *words = word_list(WORDS_event_type, &count);
    db_set_array(page, 5, DB_INT2);
    for (size_t i = 0; i < count; i++)
        if (event_is_for_source(words[i].value)) db_push_int2(page, 5, (int16_t)words[i].value);
}

static void look(struct poll *poll) {
    struct call *call = poll->call;
    bool of_sources = call->reach.source_count > 0;
    poll->look_at = clock_monotonic_ms() + LOOK_EACH_MS;
    call_read(call);
    db_set_int2(call_add(call, &HEAD), 1, (int16_t)console_config.shard);
    struct db_call *page = call_add(call, of_sources ? &OF_SOURCES : &OF_UNITS);
    db_set_int2(page, 1, (int16_t)console_config.shard);
    db_set_int8(page, 2, poll->seq);
    if (of_sources) {
        db_set_int8(page, 3, poll->request);
        db_set_int8(page, 4, poll->seq + poll->span);
        add_types(page);
        db_set_int4(page, 6, poll->limit);
    } else {
        db_set_int8(page, 3, poll->seq + poll->span);
        db_set_bool(page, 4, call->reach.everything);
        db_set_int4(page, 5, poll->limit);
    }
    call_send(call, on_page);
}

void events_get(struct call *call) {
    struct poll *poll = call_take(call, sizeof *poll);
    int64_t cursor[2] = {0, INT64_MAX};
    call->self = poll;
    call_query_cursor(call, cursor);
    int64_t limit = call_query_int(call, "limit", PAGE, PAGE_MAX), wait = call_query_int(call, "wait", 0, WAIT_MAX_S);
    if (cursor[0] < 0 || cursor[0] > INT64_MAX - 2 * SPAN_MAX)
        call_wrong(call, "cursor", "不是有效的游标", "is not a cursor of this list");
    if (call_is_wrong(call, 400)) return;
    *poll = (struct poll){.call = call,
                          .seq = cursor[0],
                          .request = cursor[1],
                          .limit = (int)limit,
                          .span = limit > SPAN ? (int)limit : SPAN,
                          .answer_at = wait ? clock_monotonic_ms() + wait * 1000 : 0};
    look(poll);
}

/* ---- those who wait --------------------------------------------------------------------------------------------------------------------- */

/* Whoever was let in may have lost the right meanwhile. */
static void on_who(void *context, enum who_result result, const struct who *who) {
    struct poll *poll = context;
    struct call *call = poll->call;
    if (result != WHO_IS) {
        if (result == WHO_AWAY)
            call_problem(call, 503, "数据库暂不可用, 请稍后再试", "The database does not answer, try again");
        else
            call_problem(call, 401, "登录或令牌已失效", "The session or token is not valid any more");
        return;
    }
    reference_release(&call->reference);
    call->reference = reference_hold(call->console->reference);
    call->who = *who;
    call->reach = reach_of(call_world(call), who, call->action);
    if (reach_is_empty(&call->reach))
        call_not_permitted(call);
    else
        look(poll);
}

void events_tick(struct events_waiting *waiting) {
    int64_t now = clock_monotonic_ms(), head = news_head(waiting->console->news);
    struct poll *polls = waiting->polls;
    waiting->polls = NULL; /* who goes on waiting comes back */
    waiting->count = 0;
    for (struct poll *poll = polls, *next; poll; poll = next) {
        next = poll->next;
        if (now >= poll->answer_at || waiting->console->draining) {
            answer(poll, NULL);
        } else if (head > poll->seq && now >= poll->look_at) {
            who_find(waiting->console->who, poll->call->request, on_who, poll);
        } else {
            wait_for_news(poll);
        }
    }
}

struct events_waiting *events_waiting_new(struct console *console) {
    struct events_waiting *waiting = calloc(1, sizeof *waiting);
    must(waiting);
    waiting->console = console;
    return waiting;
}

void events_waiting_end(struct events_waiting *waiting) {
    for (struct poll *poll = waiting->polls, *next; poll; poll = next) {
        next = poll->next;
        answer(poll, NULL);
    }
    waiting->polls = NULL;
}

void events_waiting_free(struct events_waiting **waiting) {
    free(*waiting);
    *waiting = NULL;
}
