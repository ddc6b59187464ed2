/* See stream.h. What changed comes from two sides: numbers from the board, tickets from the router's news. A ticket is told with the
 * first board that holds it, so that a screen never shows a ticket its badges do not count. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/metrics.h"
#include "proto/must.h"
#include "services/console/stream_internal.h"

METRIC_COUNTER(changes_of_degraded, "paidan_console_degraded_changes_total",
               "Times the queues began or ceased to be degraded.");

struct streams *streams_new(struct console *console) {
    struct streams *s = calloc(1, sizeof *s);
    must(s);
    s->console = console;
    s->waiting = calloc(STREAM_WAITING_MAX, sizeof *s->waiting);
    must(s->waiting);
    s->check = db_group_new();
    return s;
}

int streams_count(const struct streams *s) {
    return s->count;
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
        if (at == STREAM_WAITING_MAX) {
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
    metric_add(&changes_of_degraded, 0, 1);
    for (struct group *g = s->groups; g; g = g->next) stream_send_all(g, frame);
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
            stream_tell(g, s->missed);
        else
            g->behind = true;
    s->missed = false;
    forget_told(s);
    snprintf(s->told, sizeof s->told, "%s", board_version(board));
}

void streams_tick(struct streams *s) {
    stream_check_tick(s);
    stream_drop_empty_groups(s);
}

void streams_totals(struct streams *s) {
    for (struct group *g = s->groups; g; g = g->next) {
        if (!g->root || !g->watchers || !s->console->reference) continue;
        totals_refresh(s->console, &g->reading, g->root, &g->totals);
        if (!g->reading.changed || s->missed || g->behind) continue; /* a snapshot comes, and tells */
        if (strcmp(s->told, board_version(s->console->board))) continue;
        board_touch(s->console->board);
        stream_tell_totals(g);
        snprintf(s->told, sizeof s->told, "%s", board_version(s->console->board));
    }
}

void streams_free(struct streams **streams) {
    struct streams *s = *streams;
    *streams = NULL;
    if (!s) return;
    s->orphaned = true;
    if (s->count) return; /* the server ends them after this, and the last one comes back here */
    stream_drop_empty_groups(s);
    db_group_free(&s->check);
    free(s->waiting);
    free(s);
}
