/* See board_reader.h. */
#include "services/console/board_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/metrics.h"
#include "proto/must.h"
#include "services/console/board.h"
#include "services/console/news.h"
#include "services/console/queues.lua.h"
#include "services/console/stream.h"

METRIC_COUNTER(readings, "paidan_console_queue_readings_total", "Readings of the live queues.", "from", "redis",
               "database", "failed");
METRIC_HISTOGRAM(reading_seconds, "paidan_console_queue_reading_seconds", "Time of one reading from Redis.",
                 METRIC_LATENCY);
METRIC_GAUGE(degraded, "paidan_console_degraded", "1 while the queues are read from PostgreSQL.");

enum {
    EACH_MS = 1000,   /* for what changes by time alone, and from PostgreSQL */
    REST_MS = 5000,   /* the same while nobody looks */
    BEHIND_MS = 1000, /* Redis may be behind the log for so long */
    AGAIN_MS = 10,    /* after a reading that was behind */
    SHARE = 10,       /* a reading may take a tenth of the time */
    FRAMES = 5000,    /* to screens a second, each told of each reading: a frame costs 90 us here and in nginx */
    WAIT_MS = 500,
    REDIS_TIMEOUT_MS = 2000,
    DB_TIMEOUT_MS = 10000,
    GENERATION_BYTES = 40
};

struct waiter {
    struct waiter *next;
    void (*fn)(void *context, bool current);
    void *context;
    int64_t seq, from, until; /* what was read before `from` is too old */
};

struct board_reader {
    struct console *console;
    struct cache_command *command;
    struct db_group *group;
    struct picture picture;   /* being filled */
    struct board_row *queues; /* by unit and state: what was last read of each, at `seq` of `generation` */
    uint32_t unit_count;
    int64_t seq;
    char generation[GENERATION_BYTES]; /* '' when all are to be read next */
    bool woken, under_way;
    /* monotonic; whole_at: all were asked for; all_at: asked for what `queues` holds; shown_at: for what the board shows */
    int64_t started_at, whole_at, all_at, shown_at, next_at, behind_since, db_next_at;
    int64_t behind_head; /* the log's head at behind_since */
    bool is_degraded;
    struct waiter *waiters;
};

static const struct cache_script READ = {"console_queues", QUEUES_LUA_READ};
static const struct db_statement EVERYTHING = {"board_scope", "SELECT set_config('paidan.everything', '1', true)"};
static const struct db_statement HEAD = {"board_head",
                                         "SELECT next_seq - 1, next_ticket - 1 FROM shard WHERE id = $1::int2"};
static const struct db_statement GROUPED = {
    "board_grouped",
    "SELECT owner, state, count(*), min(entered_at), count(*) FILTER (WHERE due > 0 AND due <= $2::int8), "
    "count(*) FILTER (WHERE yellow > 0 AND yellow <= $2::int8 AND (due = 0 OR due > $2::int8)), "
    "count(*) FILTER (WHERE due > $2::int8 AND due <= $2::int8 + 1800000), "
    "count(*) FILTER (WHERE due > $2::int8 AND due <= $2::int8 + 3600000), "
    "count(*) FILTER (WHERE due > $2::int8 AND due <= $2::int8 + 7200000), count(*) FILTER (WHERE supervised) "
    "FROM ticket WHERE open AND shard = $1::int2 GROUP BY owner, state"};

static bool anybody_looks(const struct board_reader *r) {
    return r->waiters || streams_count(r->console->streams) > 0;
}

/* A reading holds up Redis, and with it the router, for milliseconds. */
static bool rests(const struct board_reader *r) {
    return !anybody_looks(r) && board_now(r->console->board)->rows && !r->is_degraded;
}

static bool shows(const struct board_reader *r, int64_t seq, int64_t from) {
    const struct picture *now = board_now(r->console->board);
    return now->rows && now->seq >= seq && r->shown_at >= from;
}

/* ---- what was read --------------------------------------------------------------------------------------------------------------- */

static void answer_waiters(struct board_reader *r) {
    int64_t now = clock_monotonic_ms();
    struct waiter *due = NULL, **end = &due;
    for (struct waiter **at = &r->waiters; *at;) {
        struct waiter *w = *at;
        if (!shows(r, w->seq, w->from) && now < w->until) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        w->next = NULL;
        *end = w;
        end = &w->next;
    }
    for (struct waiter *w = due, *next; w; w = next) { /* they may ask again meanwhile */
        next = w->next;
        w->fn(w->context, shows(r, w->seq, w->from));
        free(w);
    }
}

static void take(struct board_reader *r) {
    struct console *console = r->console;
    bool was_degraded = r->is_degraded;
    r->is_degraded = r->picture.degraded;
    metric_set(&degraded, 0, r->is_degraded);
    if (was_degraded != r->is_degraded) log_warn("queues_degraded", LOG_BOOL("degraded", r->is_degraded));
    enum board_news news = board_take(console->board, &r->picture);
    if (news != BOARD_OLDER) r->shown_at = r->is_degraded ? r->started_at : r->all_at;
    if (news != BOARD_OLDER) streams_board(console->streams, was_degraded != r->is_degraded);
    answer_waiters(r);
}

static void finished(struct board_reader *r) {
    int64_t now = clock_monotonic_ms(), took = now - r->started_at;
    r->under_way = false;
    int64_t telling = (int64_t)streams_count(r->console->streams) * 1000 / FRAMES;
    int64_t pause = took * SHARE > console_config.queues_each ? took * SHARE : console_config.queues_each;
    r->next_at = r->started_at + (pause > telling ? pause : telling);
}

/* ---- Redis ----------------------------------------------------------------------------------------------------------------------- */

enum { WHOLE_FIELD = 5, HEAD_FIELDS = 7, FIELDS = 9 };

static int64_t field(const struct cache_reply *reply, size_t i) {
    return cache_reply_int(cache_reply_item(reply, i));
}

static struct board_row *queue_of(struct board_reader *r, int64_t unit, int64_t state) {
    bool is = unit > 0 && unit < r->unit_count && state > 0 && state < STATE_COUNT;
    return is ? &r->queues[unit * STATE_COUNT + state] : NULL;
}

static void forget_queues(struct board_reader *r) {
    r->unit_count = r->console->reference->world.unit_count;
    r->queues = realloc(r->queues, r->unit_count * STATE_COUNT * sizeof *r->queues);
    must(r->queues);
    memset(r->queues, 0, r->unit_count * STATE_COUNT * sizeof *r->queues);
}

/* All queues, or those that changed since the last reading. */
static void keep_queues(struct board_reader *r, const struct cache_reply *reply) {
    if (field(reply, WHOLE_FIELD)) {
        forget_queues(r);
        r->all_at = r->started_at;
    }
    r->seq = field(reply, 1);
    for (size_t i = HEAD_FIELDS; i + FIELDS <= cache_reply_count(reply); i += FIELDS) {
        struct board_row *queue = queue_of(r, field(reply, i), field(reply, i + 1));
        if (!queue) continue;
        *queue = (struct board_row){.depth = (uint32_t)field(reply, i + 2),
                                    .oldest = field(reply, i + 3),
                                    .red = (uint32_t)field(reply, i + 4),
                                    .yellow = (uint32_t)field(reply, i + 5),
                                    .breach_30 = (uint32_t)field(reply, i + 6),
                                    .breach_60 = (uint32_t)field(reply, i + 7),
                                    .breach_120 = (uint32_t)field(reply, i + 8)};
    }
}

static bool fill_from_redis(struct board_reader *r, const struct cache_reply *reply) {
    size_t len;
    const char *generation = cache_reply_text(cache_reply_item(reply, 0), &len);
    r->generation[0] = '\0';
    if (!generation || len == 0 || len >= GENERATION_BYTES || cache_reply_count(reply) < HEAD_FIELDS) return false;
    snprintf(r->generation, GENERATION_BYTES, "%.*s", (int)len, generation);
    keep_queues(r, reply);
    picture_clear(&r->picture, r->console->reference->world.unit_count);
    struct picture *p = &r->picture;
    p->seq = r->seq;
    p->at = field(reply, 6);
    p->totals = (struct board_totals){
        .received = field(reply, 2), .in_progress = field(reply, 3), .supervised = field(reply, 4)};
    p->totals.closed = p->totals.received - p->totals.in_progress;
    for (uint32_t unit = 1; unit < r->unit_count; unit++)
        for (uint32_t state = 1; state < STATE_COUNT; state++) picture_add(p, unit, state, queue_of(r, unit, state));
    return true;
}

static void read_database(struct board_reader *r);

static void on_redis(void *context, enum err err, const struct cache_reply *reply) {
    struct board_reader *r = context;
    finished(r);
    if (!r->console->reference) return;
    int64_t now = clock_monotonic_ms(), head = news_head(r->console->news);
    metric_observe(&reading_seconds, (double)(now - r->started_at) / 1000);
    if (err != ERR_NONE) r->generation[0] = '\0';
    bool usable = err == ERR_NONE && fill_from_redis(r, reply);
    bool current = usable && r->picture.seq >= head;
    metric_add(&readings, usable ? 0 : 2, 1);
    if (current) {
        r->behind_since = 0;
        take(r);
        return;
    }
    /* under load Redis is always a batch behind; it counts as behind only while it has not reached a head of long ago */
    if (!r->behind_since || (usable && r->picture.seq >= r->behind_head)) {
        r->behind_since = now;
        r->behind_head = head;
    }
    bool long_ago = now - r->behind_since >= BEHIND_MS;
    if (usable && !long_ago) { /* the router's script is on its way */
        if (!r->is_degraded) take(r);
        if (!rests(r)) r->woken = true;
        if (r->next_at < now + AGAIN_MS) r->next_at = now + AGAIN_MS;
    } else {
        read_database(r);
    }
}

static void read_redis(struct board_reader *r) {
    char key[32];
    time_ms now = clock_now();
    r->under_way = true;
    r->woken = false;
    r->started_at = clock_monotonic_ms();
    bool whole = !r->generation[0] || r->started_at - r->whole_at >= EACH_MS ||
                 r->unit_count != r->console->reference->world.unit_count;
    if (whole) r->whole_at = r->started_at;
    snprintf(key, sizeof key, "paidan:%lld", (long long)console_config.shard);
    cache_command_begin(r->command, "");
    cache_command_text(r->command, key);
    cache_command_int(r->command, now);
    cache_command_text(r->command, whole ? "" : r->generation);
    cache_command_int(r->command, r->seq);
    cache_run(r->console->cache, &READ, 1, r->command, REDIS_TIMEOUT_MS, on_redis, r);
}

/* ---- PostgreSQL ------------------------------------------------------------------------------------------------------------------- */

static void fill_from_rows(struct board_reader *r, const struct db_reply *reply) {
    const struct db_result *head = reply->results[1], *rows = reply->results[2];
    picture_clear(&r->picture, r->console->reference->world.unit_count);
    struct picture *p = &r->picture;
    p->degraded = true;
    p->at = clock_now();
    p->seq = db_get_int(head, 0, 0);
    p->totals.received = db_get_int(head, 0, 1);
    for (int i = 0; i < db_rows(rows); i++) {
        struct board_row row = {.depth = (uint32_t)db_get_int(rows, i, 2),
                                .oldest = db_get_int(rows, i, 3),
                                .red = (uint32_t)db_get_int(rows, i, 4),
                                .yellow = (uint32_t)db_get_int(rows, i, 5),
                                .breach_30 = (uint32_t)db_get_int(rows, i, 6),
                                .breach_60 = (uint32_t)db_get_int(rows, i, 7),
                                .breach_120 = (uint32_t)db_get_int(rows, i, 8)};
        picture_add(p, (uint32_t)db_get_int(rows, i, 0), (uint32_t)db_get_int(rows, i, 1), &row);
        p->totals.in_progress += row.depth;
        p->totals.supervised += db_get_int(rows, i, 9);
    }
    p->totals.closed = p->totals.received - p->totals.in_progress;
}

static void on_rows(void *context, const struct db_reply *reply) {
    struct board_reader *r = context;
    finished(r);
    if (!r->console->reference) return;
    metric_add(&readings, reply->err == ERR_NONE ? 1 : 2, 1);
    if (reply->err != ERR_NONE || db_rows(reply->results[1]) != 1) {
        log_warn("queues_not_read", LOG_ERR(reply->err));
        return;
    }
    fill_from_rows(r, reply);
    news_heard(r->console->news, r->picture.seq);
    take(r);
}

static void read_database(struct board_reader *r) {
    int64_t now = clock_monotonic_ms();
    if (now < r->db_next_at || db_group_under_way(r->group)) return;
    r->db_next_at = now + EACH_MS;
    r->under_way = true;
    r->started_at = r->whole_at = now;
    db_group_begin(r->group, DB_TRANSACTION);
    db_group_set_begin(r->group, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    db_group_add(r->group, &EVERYTHING);
    db_set_int2(db_group_add(r->group, &HEAD), 1, (int16_t)console_config.shard);
    struct db_call *grouped = db_group_add(r->group, &GROUPED);
    db_set_int2(grouped, 1, (int16_t)console_config.shard);
    db_set_int8(grouped, 2, clock_now());
    db_pool_send(r->console->pool, r->group, DB_TIMEOUT_MS, on_rows, r);
}

/* ---- when -------------------------------------------------------------------------------------------------------------------------- */

void board_reader_wake(struct board_reader *r) {
    r->woken = true;
    board_reader_tick(r);
}

void board_reader_news(struct board_reader *r) {
    if (anybody_looks(r)) board_reader_wake(r); /* who asks later waits for a new reading */
}

void board_reader_tick(struct board_reader *r) {
    int64_t now = clock_monotonic_ms();
    if (r->waiters) answer_waiters(r);
    if (r->under_way || !r->console->reference) return;
    bool time_passed = now - r->whole_at >= (rests(r) ? REST_MS : EACH_MS);
    if (!time_passed && !(r->woken && now >= r->next_at)) return;
    if (cache_is_up(r->console->cache)) {
        read_redis(r);
    } else {
        if (!r->behind_since) r->behind_since = now;
        read_database(r);
    }
}

void board_reader_when_current(struct board_reader *r, void (*fn)(void *context, bool current), void *context) {
    int64_t seq = news_head(r->console->news), now = clock_monotonic_ms();
    if (shows(r, seq, now - EACH_MS)) {
        fn(context, true);
        return;
    }
    struct waiter *w = calloc(1, sizeof *w);
    must(w);
    *w = (struct waiter){
        .next = r->waiters, .fn = fn, .context = context, .seq = seq, .from = now - EACH_MS, .until = now + WAIT_MS};
    r->waiters = w;
    board_reader_wake(r);
}

struct board_reader *board_reader_new(struct console *console) {
    struct board_reader *r = calloc(1, sizeof *r);
    must(r);
    r->console = console;
    r->command = cache_command_new();
    r->group = db_group_new();
    return r;
}

void board_reader_free(struct board_reader **reader) {
    struct board_reader *r = *reader;
    *reader = NULL;
    if (!r) return;
    must(!r->under_way); /* the cache and the pool are closed before */
    for (struct waiter *w = r->waiters, *next; w; w = next) {
        next = w->next;
        free(w);
    }
    cache_command_free(&r->command);
    db_group_free(&r->group);
    picture_done(&r->picture);
    free(r->queues);
    free(r);
}
