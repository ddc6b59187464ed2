/* The live queues. The list of a unit's tickets (with `below` of all below it too) takes members and numbers from Redis by one script, and what people read from
 * PostgreSQL; when the two differ, because something happened in between, both are read again. */
#include "services/console/queues.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/metrics.h"
#include "common/number.h"
#include "proto/must.h"
#include "services/console/board.h"
#include "services/console/news.h"
#include "services/console/queues.lua.h"
#include "services/console/ticket_json.h"
#include "services/console/totals.h"

METRIC_COUNTER(lists, "paidan_console_queue_lists_total", "Lists of one queue, by where they were read.", "from",
               "redis", "database");
METRIC_COUNTER(again, "paidan_console_queue_lists_again_total", "Lists read again because a ticket moved meanwhile.");

enum { LIMIT = 50, LIMIT_MAX = 200, SKIP_MAX = 10000000, TRIES_MAX = 5, REDIS_TIMEOUT_MS = 1000, AGAIN_AFTER_MS = 5 };
#define MINUTE_MS 60000LL

/* ---- all units --------------------------------------------------------------------------------------------------------------------- */

static void answer_queues(struct call *call, const struct board_totals *totals) {
    struct console *console = call->console;
    board_write(call_json(call), console->board, call->reference, call->reach.root, totals);
    call_answer(call, 200);
}

static void on_totals(struct call *call, const struct db_reply *reply) {
    struct board_totals totals = totals_of_reply(reply, 1);
    answer_queues(call, &totals);
}

static void on_current(void *context, bool current) {
    struct call *call = context;
    const struct picture *now = board_now(call->console->board);
    (void)current; /* "degraded" or the version tells */
    if (!now->rows) {
        call_problem(call, 503, "队列尚未读出, 请稍后再试", "The queues are not read yet, try again");
    } else if (!call->reach.root) {
        answer_queues(call, &now->totals);
    } else {
        call_read(call);
        totals_add(call_add(call, &TOTALS), call_world(call), call->reach.root);
        call_send(call, on_totals);
    }
}

void queues_get(struct call *call) {
    board_reader_when_current(call->console->reader, on_current, call);
}

/* ---- one unit ------------------------------------------------------------------------------------------------------------------------ */

struct member {
    int64_t ticket;
    time_ms due;
    uint8_t state;
};

struct list {
    struct call *call;
    uint32_t unit;
    bool below;        /* and all units below it */
    int light, within; /* 0: all; minutes */
    time_ms now;       /* when it was asked: what light and within are counted from */
    int limit, skip, tries;
    bool has_cursor, from_database;
    int64_t cursor[2]; /* due, ticket of the last one seen */
    uint16_t states;   /* bits */
    int64_t head;      /* what was committed when it was asked */
    int64_t seq;
    struct board_row row;
    int count; /* may be limit + 1: then there is a next page */
    struct member *members;
    struct loop_timer *timer;
};

static const struct db_statement DETAILS = {
    "queue_details", "SELECT t.id, t.body, r.title FROM ticket t LEFT JOIN request r ON r.id = t.request "
                     "WHERE t.id = ANY ($1::int8[])"};
static const struct db_statement MEMBERS = {
    "queue_members",
    "SELECT t.id, t.body, r.title, t.state, t.due FROM ticket t LEFT JOIN request r ON r.id = t.request "
    "WHERE t.open AND t.owner = ANY ($1::text::int4[]) AND t.state = ANY ($2::int2[]) AND (t.due, t.id) > ($3::int8, "
    "$4::int8) AND t.due BETWEEN $6::int8 AND $7::int8 AND ($8::int8 = 0 OR (t.yellow BETWEEN 1 AND $8::int8 AND "
    "(t.due "
    "= 0 OR t.due > $8::int8))) ORDER BY t.due, t.id LIMIT $5::int4 OFFSET $9::int4"};

static void start(struct list *list);

static void write_version(struct json_writer *w, const struct list *list) {
    const struct board *board = list->call->console->board;
    char version[BOARD_VERSION_BYTES];
    snprintf(version, sizeof version, "%lld.000000", (long long)list->seq);
    json_put_string(w, "version", list->seq == board_now(board)->seq ? board_version(board) : version);
}

static bool is_of(const struct list *list, uint32_t unit) {
    return unit == list->unit || (list->below && world_in_subtree(call_world(list->call), list->unit, unit));
}

static int row_of(const struct db_result *rows, int64_t ticket) {
    for (int i = 0; i < db_rows(rows); i++)
        if (db_get_int(rows, i, 0) == ticket) return i;
    return -1;
}

static bool read_row(const struct db_result *rows, int i, struct ticket *ret_ticket) {
    size_t len;
    const uint8_t *body = i < 0 ? NULL : db_get_bytes(rows, i, 1, &len);
    return body && ticket_of_body(body, len, ret_ticket);
}

/* Whether PostgreSQL still shows every member where Redis had it. */
static bool agrees(const struct list *list, const struct db_result *rows) {
    for (int m = 0; m < list->count && m < list->limit; m++) {
        struct ticket ticket;
        if (!read_row(rows, row_of(rows, list->members[m].ticket), &ticket)) return false;
        if (!is_of(list, ticket.owner) || ticket.state != list->members[m].state) return false;
    }
    return true;
}

static void write_tickets(struct json_writer *w, const struct list *list, const struct db_result *rows) {
    struct call *call = list->call;
    time_ms now = clock_now();
    json_put_open_list(w, "tickets");
    for (int m = 0; m < list->count && m < list->limit; m++) {
        struct ticket ticket;
        int i = row_of(rows, list->members[m].ticket);
        if (!read_row(rows, i, &ticket) || !is_of(list, ticket.owner)) continue;
        if (!ticket_visible(call_world(call), &ticket, &call->who.principal)) continue;
        size_t len;
        json_open(w);
        put_ticket_row(w, call->reference, &ticket, db_get_text(rows, i, 2, &len), now);
        json_close(w);
    }
    json_close_list(w);
}

static void answer_list(struct list *list, const struct db_result *rows) {
    struct call *call = list->call;
    struct json_writer *w = call_json(call);
    json_open(w);
    write_version(w, list);
    json_put_bool(w, "degraded", list->from_database);
    json_key(w, "unit");
    board_write_row(w, call->reference, list->unit, &list->row);
    write_tickets(w, list, rows);
    const struct member *last = list->count > list->limit ? &list->members[list->limit - 1] : NULL;
    call_put_next(call, w, last ? call_cursor(call, last->due, last->ticket) : NULL);
    json_close(w);
    call_answer(call, 200);
}

/* Adds up what is asked for, of a picture. */
static void take_rows(struct list *list, const struct picture *picture) {
    list->row = (struct board_row){0};
    for (uint32_t unit = 1; picture->rows && unit < picture->unit_count; unit++) {
        const struct board_row *row = &picture->rows[unit];
        if (!row->depth || !is_of(list, unit)) continue;
        for (int state = 0; state < STATE_COUNT; state++) list->row.states[state] += row->states[state];
        if (!list->row.oldest || (row->oldest && row->oldest < list->row.oldest)) list->row.oldest = row->oldest;
        list->row.depth += row->depth;
        list->row.yellow += row->yellow;
        list->row.red += row->red;
        list->row.breach_30 += row->breach_30;
        list->row.breach_60 += row->breach_60;
        list->row.breach_120 += row->breach_120;
    }
}

/* "{1,2,3}" of those asked for. */
static const struct buffer *units_text(const struct list *list) {
    static struct buffer text;
    buffer_clear(&text);
    if (list->below)
        reach_units_text(call_world(list->call), list->unit, &text);
    else
        buffer_format(&text, "{%u}", list->unit);
    return &text;
}

static void start_again(void *context) {
    struct list *list = context;
    loop_timer_free(&list->timer);
    start(list);
}

static void read_again(struct list *list) {
    list->timer = loop_timer_new(list->call->console->kit->loop, start_again, list);
    loop_timer_start(list->timer, AGAIN_AFTER_MS, 0);
}

/* ---- from PostgreSQL -------------------------------------------------------------------------------------------------------------------- */

static void on_members(struct call *call, const struct db_reply *reply) {
    struct list *list = call->self;
    const struct db_result *rows = reply->results[1];
    const struct picture *now = board_now(call->console->board);
    list->count = db_rows(rows);
    for (int i = 0; i < list->count; i++)
        list->members[i] =
            (struct member){db_get_int(rows, i, 0), db_get_int(rows, i, 4), (uint8_t)db_get_int(rows, i, 3)};
    list->seq = now->seq;
    take_rows(list, now);
    metric_add(&lists, 1, 1);
    answer_list(list, rows);
}

static void on_board(void *context, bool current) {
    struct list *list = context;
    struct call *call = list->call;
    (void)current; /* the version tells */
    call_read(call);
    struct db_call *members = call_add(call, &MEMBERS);
    const struct buffer *units = units_text(list);
    db_set_text(members, 1, (const char *)units->data, units->length);
    db_set_array(members, 2, DB_INT2);
    for (int state = 1; state < STATE_COUNT; state++)
        if (list->states >> state & 1) db_push_int2(members, 2, (int16_t)state);
    db_set_int8(members, 3, list->has_cursor ? list->cursor[0] : -1);
    db_set_int8(members, 4, list->cursor[1]);
    db_set_int4(members, 5, list->limit + 1);
    db_set_int8(members, 6, list->within ? list->now + 1 : list->light == LIGHT_RED ? 1 : 0);
    db_set_int8(members, 7,
                list->within               ? list->now + list->within * MINUTE_MS
                : list->light == LIGHT_RED ? list->now
                                           : INT64_MAX);
    db_set_int8(members, 8, list->light == LIGHT_YELLOW ? list->now : 0);
    db_set_int4(members, 9, list->skip);
    call_send(call, on_members);
}

static void read_database(struct list *list) {
    list->from_database = true;
    board_reader_when_current(list->call->console->reader, on_board, list); /* the numbers are the board's */
}

/* ---- from Redis ------------------------------------------------------------------------------------------------------------------------- */

static void on_details(struct call *call, const struct db_reply *reply) {
    struct list *list = call->self;
    if (!agrees(list, reply->results[1]) && list->tries < TRIES_MAX) {
        metric_add(&again, 0, 1);
        read_again(list);
        return;
    }
    metric_add(&lists, 0, 1);
    answer_list(list, reply->results[1]);
}

static void read_details(struct list *list) {
    struct call *call = list->call;
    call_read(call);
    struct db_call *details = call_add(call, &DETAILS);
    db_set_array(details, 1, DB_INT8);
    for (int i = 0; i < list->count && i < list->limit; i++) db_push_int8(details, 1, list->members[i].ticket);
    call_send(call, on_details);
}

static int by_due(const void *a, const void *b) {
    const struct member *x = a, *y = b;
    if (x->due != y->due) return x->due < y->due ? -1 : 1;
    return x->ticket < y->ticket ? -1 : x->ticket > y->ticket;
}

static int64_t field(const struct cache_reply *reply, size_t i) {
    return cache_reply_int(cache_reply_item(reply, i));
}

static void take_numbers(struct list *list, const struct cache_reply *numbers) {
    struct picture picture = {0};
    picture_clear(&picture, call_world(list->call)->unit_count);
    for (size_t i = 0; i + 9 <= cache_reply_count(numbers); i += 9) {
        struct board_row row = {.depth = (uint32_t)field(numbers, i + 2),
                                .oldest = field(numbers, i + 3),
                                .red = (uint32_t)field(numbers, i + 4),
                                .yellow = (uint32_t)field(numbers, i + 5),
                                .breach_30 = (uint32_t)field(numbers, i + 6),
                                .breach_60 = (uint32_t)field(numbers, i + 7),
                                .breach_120 = (uint32_t)field(numbers, i + 8)};
        picture_add(&picture, (uint32_t)field(numbers, i), (uint32_t)field(numbers, i + 1), &row);
    }
    take_rows(list, &picture);
    picture_done(&picture);
}

static void take_members(struct list *list, const struct cache_reply *reply) {
    int room = 4 * (list->limit + 1); /* the script gives no more */
    struct member *all = call_take(list->call, (size_t)room * sizeof *all);
    list->count = 0;
    for (size_t i = 7; i + 3 <= cache_reply_count(reply) && list->count < room; i += 3)
        all[list->count++] = (struct member){field(reply, i), field(reply, i + 2), (uint8_t)field(reply, i + 1)};
    qsort(all, (size_t)list->count, sizeof *all, by_due);
    if (list->count > list->limit + 1) list->count = list->limit + 1;
    list->members = all;
}

static void on_redis(void *context, enum err err, const struct cache_reply *reply) {
    struct list *list = context;
    size_t len;
    const char *generation = err == ERR_NONE ? cache_reply_text(cache_reply_item(reply, 0), &len) : NULL;
    if (!generation || len == 0) {
        read_database(list);
        return;
    }
    list->seq = field(reply, 1);
    if (list->seq < list->head) { /* committed, and on its way to Redis */
        if (list->tries < TRIES_MAX)
            read_again(list);
        else
            read_database(list);
        return;
    }
    take_numbers(list, cache_reply_item(reply, 5));
    take_members(list, reply);
    read_details(list);
}

/* Lowest and highest due, and whether yellow ones only, as the script takes them. */
static void put_bounds(const struct list *list, struct cache_command *command) {
    const struct call *call = list->call;
    bool red = list->light == LIGHT_RED;
    const char *low = list->within ? call_printf((struct call *)call, "(%lld", (long long)list->now)
                      : red        ? "(0"
                                   : "-inf";
    const char *high = list->within
                           ? call_printf((struct call *)call, "%lld", (long long)(list->now + list->within * MINUTE_MS))
                       : red ? call_printf((struct call *)call, "%lld", (long long)list->now)
                             : "+inf";
    cache_command_text(command, low);
    cache_command_text(command, high);
    cache_command_text(command, list->light == LIGHT_YELLOW ? "yellow" : "");
}

static void start(struct list *list) {
    struct console *console = list->call->console;
    static struct cache_command *command;
    char key[32];
    list->tries++;
    if (!cache_is_up(console->cache) || board_now(console->board)->degraded) {
        read_database(list);
        return;
    }
    if (!command) command = cache_command_new();
    snprintf(key, sizeof key, "paidan:%lld", (long long)console_config.shard);
    cache_command_begin(command, "");
    cache_command_text(command, key);
    cache_command_int(command, list->now);
    const struct buffer *units = units_text(list);
    cache_command_bytes(command, units->data, units->length);
    cache_command_int(command, list->limit);
    if (list->has_cursor) {
        cache_command_int(command, list->cursor[0]);
        cache_command_int(command, list->cursor[1]);
    } else {
        cache_command_text(command, "");
        cache_command_text(command, "");
    }
    put_bounds(list, command);
    cache_command_int(command, list->skip);
    for (int state = 1; state < STATE_COUNT; state++)
        if (list->states >> state & 1) cache_command_int(command, state);
    static const struct cache_script LIST = {"console_queue", QUEUES_LUA_LIST};
    cache_run(console->cache, &LIST, 1, command, REDIS_TIMEOUT_MS, on_redis, list);
}

/* "OFFERED" or "OFFERED,HANDLING"; without it every state. */
static uint16_t states_of(struct call *call) {
    const char *text = http_query(call->request, "state");
    uint16_t states = 0;
    if (!text) return (uint16_t)~0u;
    for (const char *at = text; *at;) {
        size_t len = strcspn(at, ",");
        int state = word_value(WORDS_state, at, len);
        if (!state) {
            call_wrong_word(call, "state", WORDS_state);
            return 0;
        }
        states |= (uint16_t)(1u << state);
        at += len + (at[len] == ',');
    }
    return states;
}

/* Green ones have no list of their own: they are what is left. */
static int light_of(struct call *call) {
    const char *text = http_query(call->request, "light");
    int light = text ? word_value(WORDS_light, text, strlen(text)) : 0;
    if (text && light != LIGHT_YELLOW && light != LIGHT_RED)
        call_wrong(call, "light", "须为 yellow red 之一", "must be yellow or red");
    return light;
}

void queue_get(struct call *call) {
    const char *code = http_param(call->request, "unit");
    struct list *list = call_take(call, sizeof *list);
    call->self = list;
    list->call = call;
    list->head = news_head(call->console->news);
    list->unit = reference_unit_by_code(call->reference, code, strlen(code));
    if (!list->unit || !reach_has_unit(&call->reach, call_world(call), list->unit)) {
        call_not_found(call);
        return;
    }
    list->limit = (int)call_query_int(call, "limit", LIMIT, LIMIT_MAX);
    list->has_cursor = call_query_cursor(call, list->cursor);
    list->skip = (int)call_query_int(call, "skip", 0, SKIP_MAX);
    if (list->skip && list->has_cursor)
        call_wrong(call, "skip", "不能与 cursor 同用", "cannot be used together with cursor");
    list->states = states_of(call);
    list->below = call_query_int(call, "below", 0, 1) == 1;
    list->within = (int)call_query_int(call, "within", 0, 1440);
    list->light = light_of(call);
    list->now = clock_now();
    if (call_is_wrong(call, 400)) return;
    list->members = call_take(call, (size_t)(list->limit + 1) * sizeof *list->members);
    start(list);
}
