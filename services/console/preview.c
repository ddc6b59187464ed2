/* See preview.h. Reading, recounting, summing up; the answers' shapes are preview_write.c's. */
#include "services/console/preview.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "core/ladder.h"
#include "core/ticket_inner.h"
#include "proto/must.h"
#include "services/console/ticket_json.h"

enum { TIMEOUT_MS = 20000, LIMIT = 1000, LIMIT_MAX = 500000, STREAM_BUFFER_MAX = 64 << 20 };

/* An administrator of calendars sees numbers, units and times of every ticket (C21), and nothing else is read here. */
static const struct db_statement SCOPE = {"preview_scope", "SELECT set_config('paidan.everything', '1', true)"};
static const struct db_statement COUNT = {
    "preview_count", "SELECT (SELECT count(*) FROM ticket WHERE open), coalesce((SELECT min(world) FROM shard), 0)"};
static const struct db_statement OPEN = {
    "preview_open", "SELECT id, body FROM ticket WHERE open AND id > $1::int8 ORDER BY id LIMIT $2::int4"};

static void ask_page(struct preview *p);

static void preview_free(struct preview *p) {
    if (p->stream) http_stream_close(p->stream); /* on_closed frees the rest */
    if (p->stream) return;
    reference_release(&p->reference);
    arena_done(&p->arena);
    db_group_free(&p->group);
    buffer_done(&p->out);
    free(p->moves);
    free(p->by_unit);
    free(p);
}

/* ---- recounting ------------------------------------------------------------------------------------------------------------ */

int64_t preview_by_ms(const struct preview_move *move) {
    if (move->to.paused) return move->to.left_ms - move->from.left_ms;
    return move->to.due - move->from.due;
}

static void add(struct preview_sums *sums, const struct preview_move *move) {
    int64_t by = preview_by_ms(move);
    sums->tickets += sums->last_ticket != move->ticket;
    sums->last_ticket = move->ticket;
    sums->deadlines++;
    sums->later += by > 0;
    sums->earlier += by < 0;
    sums->paused += move->to.paused;
    sums->rungs += by == 0 && move->from.next != move->to.next;
    sums->restated += by == 0 && move->from.next == move->to.next;
    sums->rungs_at_once += move->rungs_at_once;
    sums->red_cards_at_once += move->highest_at_once == RUNG_RED_CARD;
    if (by > sums->most_later_ms) sums->most_later_ms = by;
    if (-by > sums->most_earlier_ms) sums->most_earlier_ms = -by;
}

static void recount(struct preview *p, const struct ticket *ticket) {
    static struct recount recount;
    ticket_recount(&p->world, ticket, p->at, &recount);
    for (uint16_t i = 0; i < recount.count; i++) {
        struct preview_move move = {.ticket = ticket->id,
                                    .from = recount.before[i],
                                    .to = recount.sets[i].clock,
                                    .unit = recount.units[i],
                                    .slot = recount.sets[i].slot};
        enum rung highest;
        move.rungs_at_once = (uint8_t)ladder_rungs_by(&p->world, &move.to, p->at, &highest);
        move.highest_at_once = (uint8_t)highest;
        p->moves[p->move_count++] = move;
        add(&p->sums, &move);
        add(&p->by_unit[move.unit < p->world.unit_count ? move.unit : 0], &move);
    }
}

/* ---- answering ---------------------------------------------------------------------------------------------------------------- */

static void on_closed(void *context, struct http_stream *stream, bool slow) {
    struct preview *p = context;
    (void)stream;
    (void)slow;
    p->stream = NULL;
    if (!db_group_under_way(p->group)) preview_free(p);
}

static void tell(struct preview *p, const char *event, const struct buffer *json) {
    struct http_frame *frame = http_frame_event(NULL, event, json->data, json->length);
    if (p->stream) http_stream_send(p->stream, frame);
    http_frame_release(&frame);
}

/* The page's moves are told and forgotten. */
static void tell_page(struct preview *p) {
    struct buffer text = {0};
    struct json_writer w;
    if (p->out.length) {
        buffer_format(&text, "{\"moves\":[%.*s]}", (int)p->out.length, (const char *)p->out.data);
        tell(p, "moves", &text);
        buffer_clear(&p->out);
        buffer_clear(&text);
    }
    json_writer_init(&w, &text);
    json_open(&w);
    json_put_int(&w, "done", p->done);
    json_put_int(&w, "open", p->open);
    json_put_int(&w, "tickets", p->sums.tickets);
    json_close(&w);
    tell(p, "progress", &text);
    buffer_done(&text);
}

static void answer_whole(struct preview *p) {
    struct call *call = p->call;
    if (p->format == PREVIEW_CSV) {
        http_set_header(call->request, "Content-Disposition", "attachment; filename=\"moves.csv\"");
        call_answer_bytes(call, 200, "text/csv; charset=utf-8", &p->out);
        return;
    }
    struct json_writer *w = call_json(call);
    struct buffer list = {0};
    buffer_append_byte(&list, '[');
    buffer_append(&list, p->out.data, p->out.length);
    buffer_append_byte(&list, ']');
    json_open(w);
    preview_put_summary(w, p);
    json_key(w, "moves");
    json_raw(w, list.data, list.length);
    json_close(w);
    buffer_done(&list);
    call_answer(call, 200);
}

static void tell_summary(struct preview *p) {
    struct buffer text = {0};
    struct json_writer w;
    json_writer_init(&w, &text);
    json_open(&w);
    preview_put_summary(&w, p);
    json_close(&w);
    tell(p, "summary", &text);
    buffer_done(&text);
}

static void finish(struct preview *p) {
    log_info("previewed", LOG_TEXT("kind", p->kind), LOG_INT("open", p->done), LOG_INT("tickets", p->sums.tickets),
             LOG_INT("deadlines", p->sums.deadlines));
    if (p->call)
        answer_whole(p);
    else
        tell_summary(p);
    preview_free(p);
}

static void give_up(struct preview *p, const struct db_reply *reply) {
    static const char text[] =
        "{\"zh\":\"数据库暂不可用, 请稍后再试\",\"en\":\"The database does not answer, try again\"}";
    if (p->call) {
        call_db_problem(p->call, reply);
    } else {
        struct http_frame *frame = http_frame_event(NULL, "failed", text, sizeof text - 1);
        if (p->stream) http_stream_send(p->stream, frame);
        http_frame_release(&frame);
    }
    preview_free(p);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------------ */

static void on_page(void *context, const struct db_reply *reply) {
    static struct ticket ticket;
    struct preview *p = context;
    if (!p->call && !p->stream) { /* nobody watches any more */
        preview_free(p);
        return;
    }
    if (reply->err != ERR_NONE) {
        give_up(p, reply);
        return;
    }
    const struct db_result *rows = reply->results[1];
    int count = db_rows(rows);
    for (int i = 0; i < count; i++) {
        size_t len;
        const uint8_t *body = db_get_bytes(rows, i, 1, &len);
        p->last = db_get_int(rows, i, 0);
        if (ticket_of_body(body, len, &ticket)) recount(p, &ticket);
    }
    p->done += count;
    preview_write_moves(p);
    if (!p->call) tell_page(p);
    if (count == PREVIEW_PAGE)
        ask_page(p);
    else
        finish(p);
}

static void ask_page(struct preview *p) {
    db_group_begin(p->group, DB_READ);
    db_group_add(p->group, &SCOPE);
    struct db_call *open = db_group_add(p->group, &OPEN);
    db_set_int8(open, 1, p->last);
    db_set_int4(open, 2, PREVIEW_PAGE);
    db_pool_send(p->console->pool, p->group, TIMEOUT_MS, on_page, p);
}

static void on_count(void *context, const struct db_reply *reply) {
    struct preview *p = context;
    if (!p->call && !p->stream) {
        preview_free(p);
        return;
    }
    if (reply->err != ERR_NONE) {
        give_up(p, reply);
        return;
    }
    p->open = db_get_int(reply->results[1], 0, 0);
    p->counted = (uint32_t)db_get_int(reply->results[1], 0, 1) == p->reference->world.version;
    ask_page(p);
}

static void ask_count(struct preview *p) {
    db_group_begin(p->group, DB_READ);
    db_group_add(p->group, &SCOPE);
    db_group_add(p->group, &COUNT);
    db_pool_send(p->console->pool, p->group, TIMEOUT_MS, on_count, p);
}

/* ---- beginning ------------------------------------------------------------------------------------------------------------------ */

static enum preview_format read_format(struct call *call) {
    const char *text = http_query(call->request, "format");
    static const char *const formats[] = {"json", "csv", "events"};
    for (int i = 0; text && i < 3; i++)
        if (!strcmp(text, formats[i])) return (enum preview_format)i;
    if (text) call_wrong(call, "format", "须为 json csv events 之一", "must be one of json, csv, events");
    return PREVIEW_JSON;
}

void preview_begin(struct import *in) {
    struct call *call = in->call;
    enum preview_format format = read_format(call);
    int64_t limit = call_query_int(call, "limit", LIMIT, LIMIT_MAX);
    if (call_is_wrong(call, 400)) {
        arena_done(&in->arena);
        return;
    }
    struct preview *p = calloc(1, sizeof *p);
    must(p);
    *p = (struct preview){.format = format,
                          .kind = in->kind->name,
                          .console = call->console,
                          .reference = reference_hold(call->reference),
                          .world = in->reference->world,
                          .call = call,
                          .group = db_group_new(),
                          .at = clock_now(),
                          .limit = format == PREVIEW_JSON ? limit : INT64_MAX};
    if (format == PREVIEW_CSV) preview_write_titles(&p->out);
    in->kind->imagine(in, &p->world);
    p->arena = in->arena;
    memset(&in->arena, 0, sizeof in->arena);
    p->by_unit = calloc(p->world.unit_count + 1, sizeof *p->by_unit);
    p->moves = malloc(PREVIEW_PAGE * EVENT_CLOCKS_MAX * sizeof *p->moves);
    must(p->by_unit && p->moves);
    call_audit_alone(call, "preview", p->kind, "ok");
    if (format == PREVIEW_EVENTS) {
        struct http_request *request = call->request;
        p->call = NULL;
        call_release(call);
        http_set_header(request, "Cache-Control", "no-store");
        http_set_header(request, "X-Accel-Buffering", "no");
        p->stream = http_stream_open(request, STREAM_BUFFER_MAX, on_closed, p);
        if (!p->stream) {
            preview_free(p);
            return;
        }
    }
    ask_count(p);
}
