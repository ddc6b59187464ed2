/* Frames of the live stream: one encoding for all who watch the same units. See stream_internal.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/metrics.h"
#include "common/number.h"
#include "proto/must.h"
#include "services/console/stream_internal.h"

METRIC_COUNTER(frames, "paidan_console_frames_total", "Frames encoded for the live stream.", "event", "snapshot",
               "delta");

/* ---- groups ------------------------------------------------------------------------------------------------------------------------ */

void stream_forget_frames(struct group *g) {
    for (int i = 0; i < STREAM_KEPT_FRAMES; i++)
        if (g->kept[i]) http_frame_release(&g->kept[i]);
    if (g->snapshot) http_frame_release(&g->snapshot);
    g->kept_count = 0;
}

struct group *stream_group(struct streams *s, uint32_t root) {
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
void stream_drop_empty_groups(struct streams *s) {
    for (struct group **at = &s->groups; *at;) {
        struct group *g = *at;
        if (g->watchers || totals_under_way(&g->reading)) {
            at = &g->next;
            continue;
        }
        *at = g->next;
        stream_forget_frames(g);
        totals_done(&g->reading);
        free(g);
    }
}

static const struct board_totals *totals_of(const struct group *g) {
    return g->root ? &g->totals : &board_now(g->streams->console->board)->totals;
}

/* ---- frames ------------------------------------------------------------------------------------------------------------------------ */

void stream_send_all(struct group *g, struct http_frame *frame) {
    for (struct watcher *w = g->watchers, *next; w; w = next) {
        next = w->next;
        http_stream_send(w->stream, frame);
    }
}

/* Encoded once a version, however many come at once; a reference of the caller's own. */
struct http_frame *stream_snapshot(struct group *g) {
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
    g->reading.changed = false; /* each frame has the totals */
    uint32_t place = g->kept_count++ % STREAM_KEPT_FRAMES;
    if (g->kept[place]) http_frame_release(&g->kept[place]);
    g->kept[place] = frame;
    memcpy(g->kept_since[place], g->version, sizeof g->version);
    snprintf(g->version, sizeof g->version, "%s", board_version(g->streams->console->board));
    memcpy(g->kept_version[place], g->version, sizeof g->version);
}

void stream_tell(struct group *g, bool everything_new) {
    if (everything_new || g->behind) {
        stream_forget_frames(g);
        g->behind = false;
        struct http_frame *frame = stream_snapshot(g);
        snprintf(g->version, sizeof g->version, "%s", board_version(g->streams->console->board));
        stream_send_all(g, frame);
        http_frame_release(&frame);
        if (g->root) totals_want(&g->reading);
        return;
    }
    struct http_frame *frame = delta_frame(g, !g->root);
    if (!frame) return;
    stream_send_all(g, frame);
    keep(g, frame);
    if (g->root) totals_want(&g->reading);
}

void stream_tell_totals(struct group *g) {
    struct http_frame *frame = delta_frame(g, true);
    stream_send_all(g, frame);
    keep(g, frame);
}
