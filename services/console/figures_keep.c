/* See figures_keep.h. The way of a page: read events; read the earlier events of tickets that are not remembered; count; and once it is
 * time, or somebody waits for figures, store: the same cells change again and again, and to store them costs more than to count. While
 * nobody waits it rests between pages, not only after the last: a page is little work, a log that ran ahead is seconds of it, on the
 * cores of who pushes. */
#include "services/console/figures_keep.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/metrics.h"
#include "proto/must.h"
#include "services/console/figures_sql.h"
#include "services/kit/tally.h"

METRIC_COUNTER(counted, "paidan_console_figures_events_total", "Events counted into the figures.");
METRIC_COUNTER(restarts, "paidan_console_figures_restarts_total", "Times the figures were begun anew.");
METRIC_GAUGE(reached, "paidan_console_figures_seq", "What was counted is stored to here.");

enum {
    PAGE = 1000,
    CELLS_MAX = 6000, /* then they are stored, whatever the time */
    TICKETS_MAX = 50000,
    TIMEOUT_MS = 30000,
    AGAIN_MS = 1000,
    REST_MAX_MS = 60000,
    LOOK_EACH_MS = 5000, /* at the end of the log */
    REST_FACTOR = 19,    /* a twentieth of the time: tickets come first, who asks for figures wakes it */
    TREE_BYTES = 5,      /* a unit: kind, parent */
};

enum work { WORK_NONE, WORK_RESTING, WORK_STATE, WORK_READING, WORK_LEARNING, WORK_STORING, WORK_RESTARTING };

struct figures_keeper {
    struct console *console;
    struct db *db;
    struct db_group *group;
    struct loop_timer *timer;
    struct tally *tally;
    struct reference *reference; /* held while what it counts by it is not stored */
    enum work work;
    bool known;                  /* `stored` was read */
    bool restart, wake, kept_up; /* kept_up: the end of the log was seen */
    int64_t stored, seq, at;     /* in the database; counted in memory; time of that event */
    int64_t refused;             /* since it was stored */
    int64_t began_ms;            /* monotonic */
    int64_t page_ms;             /* when the page was begun, monotonic */
    struct event *events;        /* the page; texts are not kept, as figures need none */
    size_t event_count;
    struct buffer tree, old_tree, cells;
};

static void look(void *context);

static void rest(struct figures_keeper *k, int64_t ms) {
    k->work = WORK_NONE;
    loop_timer_start(k->timer, k->wake ? 0 : ms, 0);
}

/* Milliseconds, by how long the page before took. */
static int64_t rest_before_page(const struct figures_keeper *k) {
    if (k->kept_up) return console_config.figures_each < LOOK_EACH_MS ? console_config.figures_each : LOOK_EACH_MS;
    int64_t rest = (clock_monotonic_ms() - k->page_ms) * REST_FACTOR;
    return rest < REST_MAX_MS ? rest : REST_MAX_MS;
}

/* What is in memory: begin from the database again. */
static void forget(struct figures_keeper *k) {
    k->known = false;
    tally_reset(k->tally);
}

/* What is in memory is not what is stored any more. */
static void doubt(struct figures_keeper *k, const struct db_reply *reply) {
    if (strcmp(reply->sqlstate, "PD002") != 0 && reply->err != ERR_CLOSED)
        log_warn("figures_not_kept", LOG_ERR(reply->err), LOG_TEXT("sqlstate", reply->sqlstate));
    forget(k);
    k->wake = false;
    rest(k, AGAIN_MS);
}

static void begin(struct figures_keeper *k, enum db_group_kind kind) {
    db_group_begin(k->group, kind);
    db_group_add(k->group, &FIGURES_EVERYTHING);
}

static void go(struct figures_keeper *k, enum work work, db_done *done) {
    k->work = work;
    db_send(k->db, k->group, TIMEOUT_MS, done, k);
}

static int16_t shard(void) {
    return (int16_t)console_config.shard;
}

/* ---- the organisation it is counted by ----------------------------------------------------------------------------------- */

static void write_tree(const struct world *world, struct buffer *to) {
    buffer_clear(to);
    for (uint32_t id = 0; id < world->unit_count; id++) {
        const struct unit *u = &world->units[id];
        uint8_t row[TREE_BYTES] = {u->kind, (uint8_t)(u->parent >> 24), (uint8_t)(u->parent >> 16),
                                   (uint8_t)(u->parent >> 8), (uint8_t)u->parent};
        buffer_append(to, row, sizeof row);
    }
}

/* A unit that came later changes nothing of what was counted. */
static bool is_grown_from(const struct buffer *now, const struct buffer *old) {
    static const uint8_t none[TREE_BYTES];
    for (size_t at = 0; at + TREE_BYTES <= old->length; at += TREE_BYTES) {
        if (!memcmp(old->data + at, none, TREE_BYTES)) continue;
        if (at + TREE_BYTES > now->length || memcmp(old->data + at, now->data + at, TREE_BYTES)) return false;
    }
    return true;
}

/* ---- storing --------------------------------------------------------------------------------------------------------------- */

static void on_stored(void *context, const struct db_reply *reply) {
    struct figures_keeper *k = context;
    if (reply->err != ERR_NONE) {
        doubt(k, reply);
        return;
    }
    k->stored = k->seq;
    k->refused = 0;
    metric_set(&reached, 0, (double)k->stored);
    tally_clear_cells(k->tally);
    buffer_clear(&k->old_tree);
    buffer_append(&k->old_tree, k->tree.data, k->tree.length);
    if (k->kept_up) k->wake = k->restart;
    rest(k, rest_before_page(k));
}

static void store(struct figures_keeper *k) {
    buffer_clear(&k->cells);
    tally_write(k->tally, shard(), &k->cells);
    begin(k, DB_TRANSACTION);
    struct db_call *advance = db_group_add(k->group, &FIGURES_ADVANCE);
    db_set_int2(advance, 1, shard());
    db_set_int8(advance, 2, k->stored);
    db_set_int8(advance, 3, k->seq);
    db_set_int8(advance, 4, k->at);
    db_set_int8(advance, 5, k->refused);
    db_set_int4(advance, 6, FIGURES_FORMULAS);
    db_set_bytes(advance, 7, k->tree.data, k->tree.length);
    db_set_text(db_group_add(k->group, figures_statement(FIGURES_STORE)), 1, (const char *)k->cells.data,
                k->cells.length);
    go(k, WORK_STORING, on_stored);
}

/* ---- counting --------------------------------------------------------------------------------------------------------------- */

static void read_page(struct figures_keeper *k);

static void count_page(struct figures_keeper *k) {
    int64_t refused = 0, example = 0;
    for (size_t i = 0; i < k->event_count; i++) {
        const struct event *event = &k->events[i];
        if (!tally_take(k->tally, &k->reference->world, event)) {
            refused++;
            example = event->ticket;
        }
        k->seq = event->seq;
        k->at = event->at;
    }
    k->refused += refused;
    if (refused) log_error("events_not_counted", LOG_INT("events", refused), LOG_ID("ticket", example));
    metric_add(&counted, 0, (double)k->event_count);
    k->kept_up = k->event_count < PAGE;
    bool is_time = k->page_ms - k->began_ms >= console_config.figures_each;
    bool is_full = tally_count(k->tally) >= CELLS_MAX || tally_is_full(k->tally);
    if (k->seq == k->stored) {
        k->wake = k->restart;
        rest(k, rest_before_page(k));
    } else if (is_time || is_full || (k->wake && k->kept_up)) {
        store(k);
    } else if (k->wake) {
        read_page(k);
    } else {
        k->work = WORK_RESTING;
        loop_timer_start(k->timer, rest_before_page(k), 0);
    }
}

static void on_history(void *context, const struct db_reply *reply) {
    struct figures_keeper *k = context;
    static struct event event;
    if (reply->err != ERR_NONE) {
        doubt(k, reply);
        return;
    }
    const struct db_result *rows = reply->results[1];
    for (int i = 0; i < db_rows(rows); i++) {
        if (tally_event(rows, i, &event))
            tally_learn(k->tally, &event);
        else
            tally_refuse(k->tally, event.ticket);
    }
    count_page(k);
}

/* Tickets of the page that are not remembered, and did not come in within it. */
static int ask_history(struct figures_keeper *k) {
    begin(k, DB_READ);
    struct db_call *call = db_group_add(k->group, &FIGURES_HISTORY);
    int missing = 0;
    db_set_array(call, 1, DB_INT8);
    db_set_int8(call, 2, k->seq);
    for (size_t i = 0; i < k->event_count; i++) {
        const struct event *event = &k->events[i];
        if (tally_knows(k->tally, event->ticket, event->version)) continue;
        db_push_int8(call, 1, event->ticket);
        missing++;
    }
    return missing;
}

static void on_page(void *context, const struct db_reply *reply) {
    struct figures_keeper *k = context;
    if (reply->err != ERR_NONE) {
        doubt(k, reply);
        return;
    }
    const struct db_result *rows = reply->results[1];
    k->event_count = 0;
    for (int i = 0; i < db_rows(rows) && i < PAGE; i++) {
        struct event *event = &k->events[k->event_count];
        bool sound = tally_event(rows, i, event);
        if (event->seq != k->seq + (int64_t)k->event_count + 1) break; /* never over a gap */
        if (!sound) event->version = 0;                                /* follows nothing, so it is refused */
        k->event_count++;
    }
    if (ask_history(k) > 0)
        go(k, WORK_LEARNING, on_history);
    else
        count_page(k);
}

static void read_page(struct figures_keeper *k) {
    k->page_ms = clock_monotonic_ms();
    begin(k, DB_READ);
    struct db_call *call = db_group_add(k->group, &FIGURES_EVENTS);
    db_set_int2(call, 1, shard());
    db_set_int8(call, 2, k->seq);
    db_set_int4(call, 3, PAGE);
    go(k, WORK_READING, on_page);
}

/* ---- beginning ----------------------------------------------------------------------------------------------------------------- */

static void on_restarted(void *context, const struct db_reply *reply) {
    struct figures_keeper *k = context;
    if (reply->err == ERR_NONE) {
        k->restart = false;
        forget(k);
        metric_add(&restarts, 0, 1);
        rest(k, 0);
    } else {
        doubt(k, reply);
    }
}

static void start_over(struct figures_keeper *k, const char *why) {
    log_info("figures_counted_anew", LOG_TEXT("why", why));
    begin(k, DB_TRANSACTION);
    db_set_int2(db_group_add(k->group, &FIGURES_RESTART), 1, shard());
    go(k, WORK_RESTARTING, on_restarted);
}

static void on_state(void *context, const struct db_reply *reply) {
    struct figures_keeper *k = context;
    if (reply->err != ERR_NONE) {
        doubt(k, reply);
        return;
    }
    const struct db_result *row = reply->results[1];
    size_t len = 0;
    buffer_clear(&k->old_tree);
    k->known = true;
    k->stored = k->seq = k->at = k->refused = 0;
    k->restart = k->restart && db_rows(row); /* nothing is kept yet: it begins there anyway */
    if (db_rows(row)) {
        const uint8_t *tree = db_get_bytes(row, 0, 3, &len);
        k->stored = k->seq = db_get_int(row, 0, 0);
        k->at = db_get_int(row, 0, 1);
        k->restart |= db_get_int(row, 0, 2) != FIGURES_FORMULAS;
        buffer_append(&k->old_tree, tree, len);
    }
    rest(k, 0);
}

static void read_state(struct figures_keeper *k) {
    begin(k, DB_READ);
    db_set_int2(db_group_add(k->group, &FIGURES_STATE), 1, shard());
    go(k, WORK_STATE, on_state);
}

/* The next page of what is under way; or one unit of work begins, with nothing counted that is not stored. */
static void look(void *context) {
    struct figures_keeper *k = context;
    struct console *console = k->console;
    if (k->work == WORK_RESTING && k->restart) { /* nothing of it would be left */
        forget(k);
        k->work = WORK_NONE;
    }
    if (k->work == WORK_RESTING && k->reference == console->reference) {
        read_page(k);
    } else if (k->work == WORK_RESTING) { /* what comes may name a unit that is new */
        k->page_ms = clock_monotonic_ms();
        store(k);
    }
    if (k->work != WORK_NONE) return;
    if (!console->reference || !db_is_up(k->db)) {
        loop_timer_start(k->timer, AGAIN_MS, 0);
        return;
    }
    if (k->reference != console->reference) {
        if (k->reference) reference_release(&k->reference);
        k->reference = reference_hold(console->reference);
        write_tree(&k->reference->world, &k->tree);
    }
    k->began_ms = clock_monotonic_ms();
    if (!k->known)
        read_state(k);
    else if (k->restart)
        start_over(k, "asked, or another formula");
    else if (!is_grown_from(&k->tree, &k->old_tree))
        start_over(k, "the organisation changed");
    else
        read_page(k);
}

void figures_keeper_wake(struct figures_keeper *k) {
    k->wake = true;
    if (k->work == WORK_NONE || k->work == WORK_RESTING) loop_timer_start(k->timer, 0, 0);
}

void figures_keeper_restart(struct figures_keeper *k) {
    k->restart = true;
    figures_keeper_wake(k);
}

/* Whoever comes back may not have all that it had: what is in memory goes with the connection. What is under way is told by its answer. */
static void on_connection(void *context, struct db *db, enum err err, const char *message) {
    struct figures_keeper *k = context;
    (void)db;
    (void)message;
    if (k->work != WORK_NONE && k->work != WORK_RESTING) return;
    forget(k);
    rest(k, err != ERR_NONE ? AGAIN_MS : 0);
}

struct figures_keeper *figures_keeper_new(struct console *console) {
    struct figures_keeper *k = calloc(1, sizeof *k);
    must(k);
    k->console = console;
    k->events = calloc(PAGE, sizeof *k->events);
    must(k->events);
    k->tally = tally_new(true, TICKETS_MAX);
    k->group = db_group_new();
    k->timer = loop_timer_new(console->kit->loop, look, k);
    struct db_options options = {.conninfo = console->kit->config->database,
                                 .application_name = "paidan-console-figures",
                                 .force_generic_plan = true, /* planning a page took as long as reading it */
                                 .on_state = on_connection,
                                 .context = k};
    k->db = db_new(console->kit->loop, &options);
    return k;
}

void figures_keeper_free(struct figures_keeper **keeper) {
    struct figures_keeper *k = *keeper;
    *keeper = NULL;
    db_free(&k->db); /* calls back what is under way */
    loop_timer_free(&k->timer);
    db_group_free(&k->group);
    tally_free(&k->tally);
    if (k->reference) reference_release(&k->reference);
    buffer_done(&k->tree);
    buffer_done(&k->old_tree);
    buffer_done(&k->cells);
    free(k->events);
    free(k);
}
