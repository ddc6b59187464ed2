/* See stream.h. What changed comes from two sides: numbers from the board, tickets from the router's news. A ticket is told with the
 * first board that holds it, so that a screen never shows a ticket its badges do not count. */
#include "services/console/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/metrics.h"
#include "common/number.h"
#include "proto/must.h"
#include "services/console/board.h"
#include "services/console/totals.h"

METRIC_COUNTER(frames, "paidan_console_frames_total", "Frames encoded for the live stream.", "event", "snapshot",
               "delta", "degraded");
METRIC_COUNTER(ended, "paidan_console_streams_ended_total", "Streams ended here.", "why", "slow", "no_longer_allowed");
METRIC_GAUGE(watching, "paidan_console_watchers", "Open streams.");

enum { WAITING_MAX = 5000, KEPT_FRAMES = 32, BUFFER_MAX = 8 << 20, CHECK_EACH_MS = 2000, CHECK_TIMEOUT_MS = 2000 };

struct watcher {
    struct watcher *next, **link;
    struct group *group;
    struct http_stream *stream;
    enum who_kind kind;
    uint8_t key[WHO_KEY_BYTES];
    struct principal principal;
    bool still_may; /* not refuted by the check under way */
    bool closing;
};

/* All who watch the same units. */
struct group {
    struct group *next;
    struct streams *streams;
    uint32_t root; /* 0: everything */
    struct watcher *watchers;
    struct board_totals totals; /* of a root; everything's are the board's */
    struct totals_reading reading;
    struct http_frame *snapshot; /* as it was encoded last */
    char snapshot_version[BOARD_VERSION_BYTES];
    bool behind; /* was not told of the last boards: needs a snapshot */
    /* the last frames, for who comes back */
    struct http_frame *kept[KEPT_FRAMES];
    char kept_version[KEPT_FRAMES][BOARD_VERSION_BYTES];
    char kept_since[KEPT_FRAMES][BOARD_VERSION_BYTES]; /* the version told before it */
    uint32_t kept_count;                               /* ever */
    char version[BOARD_VERSION_BYTES];                 /* of the last frame, or the snapshot it began with */
};

struct streams {
    struct console *console;
    struct group *groups;
    int count;
    struct change *waiting; /* the last change of each ticket that no board held yet */
    uint32_t waiting_count;
    bool missed, orphaned;
    char told[BOARD_VERSION_BYTES]; /* version of the board that was told last */
    struct db_group *check;
    int64_t check_at;
};

struct streams *streams_new(struct console *console) {
    struct streams *s = calloc(1, sizeof *s);
    must(s);
    s->console = console;
    s->waiting = calloc(WAITING_MAX, sizeof *s->waiting);
    must(s->waiting);
    s->check = db_group_new();
    return s;
}

int streams_count(const struct streams *s) {
    return s->count;
}

/* ---- groups ------------------------------------------------------------------------------------------------------------------------ */

static void forget_frames(struct group *g) {
    for (int i = 0; i < KEPT_FRAMES; i++)
        if (g->kept[i]) http_frame_release(&g->kept[i]);
    if (g->snapshot) http_frame_release(&g->snapshot);
    g->kept_count = 0;
}

static struct group *group_of(struct streams *s, uint32_t root) {
    for (struct group *g = s->groups; g; g = g->next)
        if (g->root == root) return g;
    struct group *g = calloc(1, sizeof *g);
    must(g);
    g->next = s->groups;
    g->streams = s;
    g->root = root;
    snprintf(g->version, sizeof g->version, "%s", board_version(s->console->board));
    s->groups = g;
    return g;
}

/* Groups without watchers are let go when no reading of theirs is under way. */
static void drop_empty_groups(struct streams *s) {
    for (struct group **at = &s->groups; *at;) {
        struct group *g = *at;
        if (g->watchers || totals_under_way(&g->reading)) {
            at = &g->next;
            continue;
        }
        *at = g->next;
        forget_frames(g);
        totals_done(&g->reading);
        free(g);
    }
}

static const struct board_totals *totals_of(const struct group *g) {
    return g->root ? &g->totals : &board_now(g->streams->console->board)->totals;
}

/* ---- frames ------------------------------------------------------------------------------------------------------------------------ */

static void send_all(struct group *g, struct http_frame *frame) {
    for (struct watcher *w = g->watchers, *next; w; w = next) {
        next = w->next;
        http_stream_send(w->stream, frame);
    }
}

/* Encoded once a version, however many come at once; a reference of the caller's own. */
static struct http_frame *snapshot_frame(struct group *g) {
    struct console *console = g->streams->console;
    const char *version = board_version(console->board);
    struct json_writer w;
    if (g->snapshot && !strcmp(g->snapshot_version, version)) return http_frame_hold(g->snapshot);
    if (g->snapshot) http_frame_release(&g->snapshot);
    buffer_clear(&console->out);
    json_writer_init(&w, &console->out);
    board_write(&w, console->board, console->reference, g->root, totals_of(g));
    metric_add(&frames, 0, 1);
    g->snapshot = http_frame_event(version, "snapshot", console->out.data, console->out.length);
    snprintf(g->snapshot_version, sizeof g->snapshot_version, "%s", version);
    return http_frame_hold(g->snapshot);
}

static bool in_group(const struct group *g, uint32_t unit) {
    return !g->root || world_in_subtree(&g->streams->console->reference->world, g->root, unit);
}

static bool concerns(const struct group *g, const struct change *change) {
    if (in_group(g, change->owner)) return true;
    for (int i = 0; i < change->units_count; i++)
        if (in_group(g, change->units[i])) return true;
    return false;
}

static int write_units(struct json_writer *w, struct group *g) {
    struct console *console = g->streams->console;
    const struct picture *now = board_now(console->board);
    static const struct board_row none;
    uint32_t count;
    const uint32_t *changed = board_changed(console->board, &count);
    int written = 0;
    json_put_open_list(w, "units");
    for (uint32_t i = 0; i < count; i++) {
        if (changed[i] >= console->reference->world.unit_count || !console->reference->world.units[changed[i]].kind ||
            !in_group(g, changed[i]))
            continue;
        board_write_row(w, console->reference, changed[i],
                        changed[i] < now->unit_count ? &now->rows[changed[i]] : &none);
        written++;
    }
    json_close_list(w);
    return written;
}

static int write_tickets(struct json_writer *w, struct group *g) {
    struct streams *s = g->streams;
    int64_t seq = board_now(s->console->board)->seq;
    int written = 0;
    json_put_open_list(w, "tickets");
    for (uint32_t i = 0; i < s->waiting_count; i++) {
        const struct change *c = &s->waiting[i];
        char text[NUMBER_TEXT_BYTES];
        if (c->last_seq > seq || !concerns(g, c)) continue;
        number_format_ticket(c->ticket, text);
        json_open(w);
        json_put_string(w, "number", text);
        json_put_string(w, "unit", c->open ? reference_unit_code(s->console->reference, c->owner) : NULL);
        json_put_string(w, "state", word_text(WORDS_state, c->state));
        json_put_time_or_null(w, "due", c->due);
        json_put_id(w, "version", c->version);
        json_close(w);
        written++;
    }
    json_close_list(w);
    return written;
}

/* NULL: nothing of it concerns the group. */
static struct http_frame *delta_frame(struct group *g, bool totals_changed) {
    struct console *console = g->streams->console;
    struct json_writer w;
    buffer_clear(&console->out);
    json_writer_init(&w, &console->out);
    json_open(&w);
    json_put_string(&w, "version", board_version(console->board));
    json_put_time(&w, "at", board_now(console->board)->at);
    board_write_totals(&w, totals_of(g));
    int written = write_units(&w, g);
    written += write_tickets(&w, g);
    json_close(&w);
    if (written == 0 && !totals_changed) return NULL;
    metric_add(&frames, 1, 1);
    return http_frame_event(board_version(console->board), "delta", console->out.data, console->out.length);
}

static void keep(struct group *g, struct http_frame *frame) {
    uint32_t place = g->kept_count++ % KEPT_FRAMES;
    if (g->kept[place]) http_frame_release(&g->kept[place]);
    g->kept[place] = frame;
    memcpy(g->kept_since[place], g->version, sizeof g->version);
    snprintf(g->version, sizeof g->version, "%s", board_version(g->streams->console->board));
    memcpy(g->kept_version[place], g->version, sizeof g->version);
}

static void tell(struct group *g, bool everything_new) {
    if (everything_new || g->behind) {
        forget_frames(g);
        g->behind = false;
        struct http_frame *frame = snapshot_frame(g);
        snprintf(g->version, sizeof g->version, "%s", board_version(g->streams->console->board));
        send_all(g, frame);
        http_frame_release(&frame);
        return;
    }
    struct http_frame *frame = delta_frame(g, !g->root);
    if (!frame) return;
    send_all(g, frame);
    keep(g, frame);
    if (g->root) totals_want(&g->reading);
}

/* ---- what happens ------------------------------------------------------------------------------------------------------------------- */

void streams_missed(struct streams *s) {
    s->missed = true;
}

void streams_changed(struct streams *s, const struct changes *changes, bool whole) {
    if (!whole) s->missed = true;
    if (!s->groups) return;
    for (int i = 0; i < changes->changes_count; i++) {
        const struct change *c = &changes->changes[i];
        uint32_t at = s->waiting_count;
        for (uint32_t n = at; n-- > 0 && at - n < 256;) /* the same ticket again soon after is the common case */
            if (s->waiting[n].ticket == c->ticket) {
                at = n;
                break;
            }
        if (at == WAITING_MAX) {
            s->missed = true;
            return;
        }
        if (at == s->waiting_count) s->waiting_count++;
        s->waiting[at] = *c;
    }
}

static void forget_told(struct streams *s) {
    int64_t seq = board_now(s->console->board)->seq;
    uint32_t left = 0;
    for (uint32_t i = 0; i < s->waiting_count; i++)
        if (s->waiting[i].last_seq > seq) s->waiting[left++] = s->waiting[i];
    s->waiting_count = left;
}

static void tell_degraded(struct streams *s) {
    struct buffer text = {0};
    buffer_format(&text, "{\"degraded\":%s}", board_now(s->console->board)->degraded ? "true" : "false");
    struct http_frame *frame = http_frame_event(NULL, "degraded", text.data, text.length);
    metric_add(&frames, 2, 1);
    for (struct group *g = s->groups; g; g = g->next) send_all(g, frame);
    http_frame_release(&frame);
    buffer_done(&text);
}

/* Whether news wait that the board now holds. */
static bool has_tellable(const struct streams *s) {
    int64_t seq = board_now(s->console->board)->seq;
    for (uint32_t i = 0; i < s->waiting_count; i++)
        if (s->waiting[i].last_seq <= seq) return true;
    return false;
}

void streams_board(struct streams *s, bool degraded_changed) {
    struct board *board = s->console->board;
    if (degraded_changed) tell_degraded(s);
    if (!strcmp(s->told, board_version(board))) {
        if (!s->missed && !has_tellable(s)) return;
        board_touch(board); /* the numbers were told before the news of their tickets came */
    }
    for (struct group *g = s->groups; g; g = g->next)
        if (g->watchers)
            tell(g, s->missed);
        else
            g->behind = true;
    s->missed = false;
    forget_told(s);
    snprintf(s->told, sizeof s->told, "%s", board_version(board));
}

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
    uint32_t first = g->kept_count > KEPT_FRAMES ? g->kept_count - KEPT_FRAMES : 0;
    const char *since = first < g->kept_count ? g->kept_since[first % KEPT_FRAMES] : g->version;
    if (board_is_newer(since, last)) return false;
    for (uint32_t i = first; i < g->kept_count; i++)
        if (board_is_newer(g->kept_version[i % KEPT_FRAMES], last))
            http_stream_send(w->stream, g->kept[i % KEPT_FRAMES]);
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
    w->stream = http_stream_open(request, BUFFER_MAX, on_closed, w);
    if (!w->stream) {
        free(w);
        return;
    }
    struct group *g = w->group = group_of(s, root);
    if (totals) g->totals = *totals;
    bool first = !g->watchers;
    w->next = g->watchers;
    w->link = &g->watchers;
    if (w->next) w->next->link = &w->next;
    g->watchers = w;
    metric_set(&watching, 0, ++s->count);
    if (known[0] && resume(w, known)) return;
    struct http_frame *frame = snapshot_frame(g);
    if (first) {
        forget_frames(g);
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
    "WHERE s.hash = ANY ($1::bytea[]) AND NOT a.disabled AND s.expires_at > $2::int8 AND s.seen_at > $3::int8"};
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
    db_set_int8(calls[0], 3, now - console_config.session_idle);
    for (struct group *g = s->groups; g; g = g->next)
        for (struct watcher *w = g->watchers; w; w = w->next) {
            w->still_may = false;
            db_push_bytes(calls[w->kind == WHO_TOKEN], 1, w->key, sizeof w->key);
        }
    db_pool_send(s->console->pool, s->check, CHECK_TIMEOUT_MS, on_checked, s);
}

void streams_tick(struct streams *s) {
    int64_t now = clock_monotonic_ms();
    if (s->count && now - s->check_at >= CHECK_EACH_MS && !db_group_under_way(s->check)) {
        s->check_at = now;
        check(s);
    }
    for (struct group *g = s->groups; g; g = g->next)
        if (g->root && g->watchers) totals_refresh(s->console, &g->reading, g->root, &g->totals);
    drop_empty_groups(s);
}

void streams_free(struct streams **streams) {
    struct streams *s = *streams;
    *streams = NULL;
    if (!s) return;
    s->orphaned = true;
    if (s->count) return; /* the server ends them after this, and the last one comes back here */
    drop_empty_groups(s);
    db_group_free(&s->check);
    free(s->waiting);
    free(s);
}
