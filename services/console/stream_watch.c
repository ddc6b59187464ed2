/* Coming to the live stream, coming back to it, and who may no longer watch. See stream_internal.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/metrics.h"
#include "proto/must.h"
#include "services/console/stream_internal.h"

METRIC_COUNTER(ended, "paidan_console_streams_ended_total", "Streams ended here.", "why", "slow", "no_longer_allowed");
METRIC_GAUGE(watching, "paidan_console_watchers", "Open streams.");

enum { CHECK_EACH_MS = 2000, CHECK_TIMEOUT_MS = 2000 };

/* ---- opening ------------------------------------------------------------------------------------------------------------------------ */

static void on_closed(void *context, struct http_stream *stream, bool slow) {
    struct watcher *w = context;
    struct streams *s = w->group->streams;
    (void)stream;
    if (slow) metric_add(&ended, 0, 1);
    *w->link = w->next;
    if (w->next) w->next->link = w->link;
    free(w);
    metric_set(&watching, 0, --s->count);
    if (s->orphaned && s->count == 0) streams_free(&s);
}

/* Sends what was missed since `last`; false when that is not known any more, or is no version of this time. */
static bool resume(struct watcher *w, const char *last) {
    struct group *g = w->group;
    if (g->behind || !board_is_version(last) || board_is_newer(last, board_version(g->streams->console->board)))
        return false;
    uint32_t first = g->kept_count > STREAM_KEPT_FRAMES ? g->kept_count - STREAM_KEPT_FRAMES : 0;
    const char *since = first < g->kept_count ? g->kept_since[first % STREAM_KEPT_FRAMES] : g->version;
    if (board_is_newer(since, last)) return false;
    for (uint32_t i = first; i < g->kept_count; i++)
        if (board_is_newer(g->kept_version[i % STREAM_KEPT_FRAMES], last))
            http_stream_send(w->stream, g->kept[i % STREAM_KEPT_FRAMES]);
    return true;
}

static void open_stream(struct call *call, const struct board_totals *totals) {
    struct streams *s = call->console->streams;
    const char *last = http_header(call->request, "Last-Event-ID");
    char known[BOARD_VERSION_BYTES];
    snprintf(known, sizeof known, "%s", last ? last : "");
    struct watcher *w = calloc(1, sizeof *w);
    must(w);
    w->kind = call->who.kind;
    w->principal = call->who.principal;
    w->still_may = true;
    memcpy(w->key, call->who.key, sizeof w->key);
    uint32_t root = call->reach.root;
    struct http_request *request = call->request;
    call_release(call);
    http_set_header(request, "Cache-Control", "no-store");
    http_set_header(request, "X-Accel-Buffering", "no");
    w->stream = http_stream_open(request, STREAM_BUFFER_MAX, on_closed, w);
    if (!w->stream) {
        free(w);
        return;
    }
    struct group *g = w->group = stream_group(s, root);
    if (totals) g->totals = *totals;
    bool first = !g->watchers;
    w->next = g->watchers;
    w->link = &g->watchers;
    if (w->next) w->next->link = &w->next;
    g->watchers = w;
    metric_set(&watching, 0, ++s->count);
    if (known[0] && resume(w, known)) return;
    struct http_frame *frame = stream_snapshot(g);
    if (first) {
        stream_forget_frames(g);
        g->behind = false;
        snprintf(g->version, sizeof g->version, "%s", board_version(s->console->board));
    }
    http_stream_send(w->stream, frame);
    http_frame_release(&frame);
}

static void on_totals(struct call *call, const struct db_reply *reply) {
    struct board_totals totals = totals_of_reply(reply, 1);
    open_stream(call, &totals);
}

static void on_current(void *context, bool current) {
    struct call *call = context;
    (void)current; /* the stream will tell the rest */
    if (!board_now(call->console->board)->rows) {
        call_problem(call, 503, "队列尚未读出, 请稍后再试", "The queues are not read yet, try again");
        return;
    }
    if (!call->reach.root) {
        open_stream(call, NULL);
        return;
    }
    call_read(call);
    totals_add(call_add(call, &TOTALS), call_world(call), call->reach.root);
    call_send(call, on_totals);
}

void stream_get(struct call *call) {
    board_reader_when_current(call->console->reader, on_current, call);
}

/* ---- who may no longer watch ------------------------------------------------------------------------------------------------------------ */

static const struct db_statement SESSIONS = {
    "stream_sessions",
    "SELECT s.hash, a.id, a.role, coalesce(a.unit, 0) FROM session s JOIN account a ON a.id = s.account "
    "WHERE s.hash = ANY ($1::bytea[]) AND NOT a.disabled AND s.expires_at > $2::int8 "
    "AND s.seen_at + s.idle_ms > $2::int8"};
static const struct db_statement TOKENS = {
    "stream_tokens",
    "SELECT hash, id, role, coalesce(unit, 0) FROM token WHERE hash = ANY ($1::bytea[]) AND NOT disabled "
    "AND expires_at > $2::int8"};

static void mark(struct streams *s, const struct db_result *rows, int row) {
    size_t len;
    const uint8_t *key = db_get_bytes(rows, row, 0, &len);
    for (struct group *g = s->groups; g; g = g->next)
        for (struct watcher *w = g->watchers; w; w = w->next)
            if (len == sizeof w->key && !memcmp(w->key, key, len))
                w->still_may =
                    w->principal.role == db_get_int(rows, row, 2) && w->principal.unit == db_get_int(rows, row, 3);
}

static void on_checked(void *context, const struct db_reply *reply) {
    struct streams *s = context;
    if (reply->err != ERR_NONE) return;
    for (int n = 0; n < 2; n++)
        for (int i = 0; i < db_rows(reply->results[n]); i++) mark(s, reply->results[n], i);
    for (struct group *g = s->groups; g; g = g->next)
        for (struct watcher *w = g->watchers, *next; w; w = next) {
            next = w->next;
            if (w->still_may || w->closing) continue;
            metric_add(&ended, 1, 1);
            w->closing = true;
            http_stream_close(w->stream);
        }
}

static void check(struct streams *s) {
    time_ms now = clock_now();
    db_group_begin(s->check, DB_READ);
    struct db_call *calls[2] = {db_group_add(s->check, &SESSIONS), db_group_add(s->check, &TOKENS)};
    for (int n = 0; n < 2; n++) {
        db_set_array(calls[n], 1, DB_BYTEA);
        db_set_int8(calls[n], 2, now);
    }
    for (struct group *g = s->groups; g; g = g->next)
        for (struct watcher *w = g->watchers; w; w = w->next) {
            w->still_may = false;
            db_push_bytes(calls[w->kind == WHO_TOKEN], 1, w->key, sizeof w->key);
        }
    db_pool_send(s->console->pool, s->check, CHECK_TIMEOUT_MS, on_checked, s);
}

void stream_check_tick(struct streams *s) {
    int64_t now = clock_monotonic_ms();
    if (!s->count || now - s->check_at < CHECK_EACH_MS || db_group_under_way(s->check)) return;
    s->check_at = now;
    check(s);
}
