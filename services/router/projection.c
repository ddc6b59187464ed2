/* See projection.h. States: AWAY (no connection), CHECKING (the marker is asked for), FILLING (a new generation is being filled,
 * in pieces, between batches), LIVE (batches are applied as they commit). Batches committed while FILLING go into the new
 * generation too; each row is a ticket's whole place, so the later write wins whatever the order of pieces. */
#include "services/router/projection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/mistake.h"
#include "proto/must.h"
#include "services/router/queue_rows.h"
#include "services/router/queues.lua.h"

METRIC_COUNTER(rebuilds, "paidan_router_queue_rebuilds_total", "Rebuilds of the live queues.");
METRIC_COUNTER(refused, "paidan_router_queue_refusals_total", "Batches the live queues refused, by reason.", "reason",
               "marker", "error");
METRIC_GAUGE(live, "paidan_router_queues_live", "1 when Redis holds all that is committed.");

static const struct cache_script APPLY = {"queues_apply", QUEUES_LUA_APPLY};
static const struct cache_script FILL = {"queues_fill", QUEUES_LUA_FILL};
static const struct cache_script FLIP = {"queues_flip", QUEUES_LUA_FLIP};
static const struct cache_script DROP = {"queues_drop", QUEUES_LUA_DROP};
static const struct cache_script MARKER = {"queues_marker", QUEUES_LUA_MARKER};

enum { PIECE = 500, PIECES_UNDER_WAY_MAX = 4, BATCHES_UNDER_WAY_MAX = 256, CHECK_EACH_MS = 1000, DEADLINE_MS = 3000 };

enum projection_state { AWAY, CHECKING, FILLING, LIVE };

struct projection {
    struct cache *cache;
    struct cache_command *command;
    struct queue_rows *rows;
    const struct engine *engine;
    struct loop_timer *timer;
    enum projection_state state;
    bool running; /* from restart to stop: the engine is the shard's truth */
    char key[32];
    char generation[40];
    uint32_t generations; /* made under this epoch */
    uint64_t round;       /* answers to what was sent in an earlier round mean nothing */
    int batches_under_way, pieces_under_way;
    int64_t *tickets; /* still to be filled in */
    size_t ticket_count, ticket_next;
};

struct ask { /* context of a command under way */
    struct projection *projection;
    uint64_t round;
};

static struct ask *ask_new(struct projection *p) {
    struct ask *ask = malloc(sizeof *ask);
    must(ask);
    *ask = (struct ask){p, p->round};
    return ask;
}

/* Whether the answer still matters; frees the ask. */
static bool ask_done(struct ask *ask, struct projection **ret_projection) {
    *ret_projection = ask->projection;
    bool current = ask->round == ask->projection->round;
    free(ask);
    return current;
}

/* What is under way counts no more: its answers are not looked at. */
static void new_round(struct projection *p) {
    p->round++;
    p->batches_under_way = p->pieces_under_way = 0;
}

static void enter(struct projection *p, enum projection_state state) {
    p->state = state;
    metric_set(&live, 0, state == LIVE);
}

static bool says(const struct cache_reply *reply, const char *word) {
    size_t len;
    const char *text = reply ? cache_reply_text(reply, &len) : NULL;
    return text && len == strlen(word) && memcmp(text, word, len) == 0;
}

/* ---- rows ------------------------------------------------------------------------------------------------------------- */

static void begin(struct projection *p) {
    cache_command_begin(p->command, "");
    cache_command_text(p->command, p->key);
    cache_command_text(p->command, p->generation);
}

static void add_counters(struct projection *p, int64_t seq_before, const struct engine_head *head) {
    cache_command_int(p->command, seq_before);
    cache_command_int(p->command, head->next_seq - 1);
    cache_command_int(p->command, head->next_ticket - 1);
    cache_command_int(p->command, (int64_t)engine_open_count(p->engine));
    cache_command_int(p->command, (int64_t)engine_supervised_count(p->engine));
    cache_command_int(p->command, head->last_at);
}

/* ---- rebuild ---------------------------------------------------------------------------------------------------------- */

static void fill_more(struct projection *p);

/* Generations other than ours that were begun and not removed: the one before, and what crashes and lost connections left. One of a later
 * epoch is not ours to remove: another router holds the shard, and this order may be carried out long after it was given. */
static void drop_others(struct projection *p, const struct cache_reply *begun) {
    for (size_t i = 0; i < cache_reply_count(begun); i++) {
        size_t len;
        const char *name = cache_reply_text(cache_reply_item(begun, i), &len);
        if (!name || (len == strlen(p->generation) && memcmp(name, p->generation, len) == 0)) continue;
        if (strtoul(name, NULL, 10) > engine_head(p->engine)->epoch) continue; /* a name begins with its epoch */
        cache_command_begin(p->command, "");
        cache_command_text(p->command, p->key);
        cache_command_bytes(p->command, name, len);
        cache_run(p->cache, &DROP, 1, p->command, DEADLINE_MS, NULL,
                  NULL); /* if it is lost, the next check finds it again */
    }
}

static void on_flipped(void *context, enum err err, const struct cache_reply *reply) {
    struct projection *p;
    if (!ask_done(context, &p)) return;
    if (err != ERR_NONE) {
        projection_rebuild(p);
        return;
    }
    log_info("queues_rebuilt", LOG_TEXT("generation", p->generation), LOG_INT("tickets", (int64_t)p->ticket_count));
    drop_others(p, reply);
}

static void flip(struct projection *p) {
    begin(p);
    add_counters(p, 0, engine_head(p->engine));
    enter(p, LIVE); /* batches committed from here on are sent after the flip, on the same connection */
    cache_run(p->cache, &FLIP, 1, p->command, DEADLINE_MS, on_flipped, ask_new(p));
}

static void on_filled(void *context, enum err err, const struct cache_reply *reply) {
    struct projection *p;
    if (!ask_done(context, &p)) return;
    p->pieces_under_way--;
    if (err != ERR_NONE || !says(reply, "ok")) {
        log_warn("queues_fill_failed", LOG_ERR(err));
        new_round(p);
        enter(p, cache_is_up(p->cache) ? CHECKING : AWAY); /* the timer tries again */
        return;
    }
    fill_more(p);
}

static void fill_more(struct projection *p) {
    while (p->ticket_next < p->ticket_count && p->pieces_under_way < PIECES_UNDER_WAY_MAX) {
        begin(p);
        for (int n = 0; n < PIECE && p->ticket_next < p->ticket_count; p->ticket_next++) {
            struct ticket ticket;
            struct change change;
            if (!engine_ticket(p->engine, p->tickets[p->ticket_next], &ticket)) continue;
            ticket_change(&ticket, &change);
            queue_rows_add(p->rows, &change, 0, 0);
            n++;
        }
        queue_rows_put(p->rows, p->command);
        p->pieces_under_way++;
        cache_run(p->cache, &FILL, 1, p->command, DEADLINE_MS, on_filled, ask_new(p));
    }
    if (p->ticket_next == p->ticket_count && p->pieces_under_way == 0) flip(p);
}

void projection_rebuild(struct projection *p) {
    new_round(p);
    if (!cache_is_up(p->cache)) {
        enter(p, AWAY);
        return;
    }
    metric_add(&rebuilds, 0, 1);
    enter(p, FILLING);
    /* the monotonic part keeps generations apart also after a flush and a restart under the same epoch */
    snprintf(p->generation, sizeof p->generation, "%u.%u.%lld", engine_head(p->engine)->epoch, ++p->generations,
             (long long)(clock_monotonic_ms() % 1000000));
    free(p->tickets);
    p->ticket_count = engine_open_count(p->engine);
    p->ticket_next = 0;
    p->tickets = malloc((p->ticket_count + 1) * sizeof *p->tickets);
    must(p->tickets);
    engine_tickets(p->engine, p->tickets);
    fill_more(p);
}

/* ---- batches ---------------------------------------------------------------------------------------------------------- */

static void on_applied(void *context, enum err err, const struct cache_reply *reply) {
    struct projection *p;
    if (!ask_done(context, &p)) return;
    p->batches_under_way--;
    if (err == ERR_NONE && (says(reply, "ok") || mistake("marker_ignored"))) return;
    metric_add(&refused, err == ERR_NONE ? 0 : 1, 1);
    log_warn("queues_refused_batch", LOG_ERR(err));
    if (err == ERR_NONE) {
        projection_rebuild(p);
    } else {
        new_round(p);
        enter(p, cache_is_up(p->cache) ? CHECKING : AWAY);
    }
}

void projection_apply(struct projection *p, const struct batch *batch) {
    if (p->state != LIVE && p->state != FILLING) return;
    if (p->batches_under_way >= BATCHES_UNDER_WAY_MAX) { /* Redis hangs: stop feeding it, check when it answers again */
        new_round(p);
        enter(p, CHECKING);
        return;
    }
    begin(p);
    if (p->state == LIVE) add_counters(p, batch->before.next_seq - 1, &batch->after);
    for (uint32_t i = 0; i < batch->ticket_count; i++) {
        const struct batch_ticket *ticket = &batch->tickets[i];
        if (!ticket->change.created && mistake("queue_rows_skipped")) continue;
        queue_rows_add(p->rows, &ticket->change, ticket->was_open ? ticket->was_owner : 0, ticket->was_state);
    }
    queue_rows_put(p->rows, p->command);
    if (p->state == LIVE) {
        p->batches_under_way++;
        cache_run(p->cache, &APPLY, 1, p->command, DEADLINE_MS, on_applied, ask_new(p));
    } else {
        p->pieces_under_way++;
        cache_run(p->cache, &FILL, 1, p->command, DEADLINE_MS, on_filled, ask_new(p));
    }
}

/* ---- checking the marker -------------------------------------------------------------------------------------------------- */

static void on_marker(void *context, enum err err, const struct cache_reply *reply) {
    struct projection *p;
    if (!ask_done(context, &p)) return;
    if (err != ERR_NONE || (p->state != CHECKING && p->state != LIVE)) return;
    char head[24];
    snprintf(head, sizeof head, "%lld", (long long)(engine_head(p->engine)->next_seq - 1));
    size_t len;
    const char *generation = cache_reply_text(cache_reply_item(reply, 0), &len);
    bool same_generation =
        p->generation[0] && generation && len == strlen(p->generation) && !memcmp(generation, p->generation, len);
    bool full = cache_reply_int(cache_reply_item(reply, 2)) == (int64_t)engine_open_count(p->engine);
    /* while batches are under way the counts may differ for a moment: only a quiet marker is compared */
    if (same_generation && p->batches_under_way > 0) return;
    if (mistake("marker_ignored")) enter(p, LIVE);
    if (p->state == LIVE && mistake("marker_ignored")) return;
    if (!same_generation || !full || !says(cache_reply_item(reply, 1), head)) {
        projection_rebuild(p);
        return;
    }
    enter(p, LIVE);
    drop_others(p, cache_reply_item(reply, 3));
}

static void check(struct projection *p) {
    cache_command_begin(p->command, "");
    cache_command_text(p->command, p->key);
    cache_run(p->cache, &MARKER, 1, p->command, DEADLINE_MS, on_marker, ask_new(p));
}

static void on_timer(void *context) {
    struct projection *p = context;
    if (!p->running || !cache_is_up(p->cache)) return;
    if (p->state == AWAY) enter(p, CHECKING);
    if (p->state == CHECKING || (p->state == LIVE && p->batches_under_way == 0)) check(p);
}

static void on_cache_state(void *context, struct cache *cache, enum err err, const char *message) {
    struct projection *p = context;
    (void)cache;
    new_round(p);
    if (err != ERR_NONE) {
        if (p->state != AWAY) log_warn("redis_lost", LOG_TEXT("why", message ? message : ""));
        enter(p, AWAY);
    } else if (p->running) {
        enter(p, CHECKING);
        check(p);
    }
}

void projection_restart(struct projection *p) {
    new_round(p);
    p->running = true;
    p->generation[0] = 0;
    p->generations = 0;
    snprintf(p->key, sizeof p->key, "paidan:%u", engine_head(p->engine)->shard);
    projection_rebuild(p);
}

void projection_stop(struct projection *p) {
    if (mistake("queues_kept")) return;
    p->running = false;
    new_round(p);
    enter(p, AWAY);
}

bool projection_is_live(const struct projection *p) {
    return p->state == LIVE;
}

struct projection *projection_new(struct loop *loop, const char *redis_socket, const struct engine *engine) {
    struct projection *p = calloc(1, sizeof *p);
    must(p);
    p->engine = engine;
    p->command = cache_command_new();
    p->rows = queue_rows_new();
    p->timer = loop_timer_new(loop, on_timer, p);
    struct cache_options options = {.socket_path = redis_socket, .on_state = on_cache_state, .context = p};
    p->cache = cache_new(loop, &options);
    loop_timer_start(p->timer, CHECK_EACH_MS, CHECK_EACH_MS);
    return p;
}

void projection_free(struct projection **projection) {
    struct projection *p = *projection;
    if (!p) return;
    p->round++;
    loop_timer_free(&p->timer);
    cache_free(&p->cache);
    cache_command_free(&p->command);
    queue_rows_free(&p->rows);
    free(p->tickets);
    free(p);
    *projection = NULL;
}
