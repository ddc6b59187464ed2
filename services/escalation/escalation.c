/* The escalation service: knows every open ticket's next deadline and tells the router when one is reached. It decides nothing: the
 * router looks at the ticket and says whether the deadline still means anything, so a deadline may be sent twice or late
 * without harm. Deadlines are read from PostgreSQL at start and kept up by the router's news; a gap in the news is filled
 * from the event table. */
#include "services/escalation/escalation.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/bus.h"
#include "common/clock.h"
#include "common/db.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/mistake.h"
#include "core/verdict.h"
#include "proto/codec.h"
#include "proto/must.h"
#include "services/escalation/organisation.h"
#include "services/escalation/timers.h"

METRIC_COUNTER(sent, "paidan_escalation_sent_total", "Deadlines sent to the router.", "try", "first", "again");
METRIC_COUNTER(answered, "paidan_escalation_answered_total", "Answers of the router.", "answer", "fired", "stale",
               "early", "other");
METRIC_COUNTER(gaps, "paidan_escalation_gaps_total", "Gaps in the news, filled from the database.");
METRIC_GAUGE(armed, "paidan_escalation_armed", "Deadlines armed.");
METRIC_HISTOGRAM(late_seconds, "paidan_escalation_late_seconds", "How late a deadline was sent first.", METRIC_LATENCY);

enum {
    TICK_MS = 20,
    TAKE_PER_TICK = 2000,
    PATIENCE_MS = 2000, /* without an answer a deadline is sent again */
    EARLY_AGAIN_MS = 50,
    EARLY_MOVES_MS = 200,
    CLOCKS_APART_MS = 2000, /* the router's clock and ours: beyond this nothing is fired */
    NEWS_SILENT_MS = 5000,
    PAGE = 20000,
    TIMEOUT_MS = 60000
};

static struct escalation_config { int64_t shard; } config;

static const struct config_key keys[] = {
    CONFIG_KEY(struct escalation_config, shard, CONFIG_INT, "1", .min = 1, .max = 99,
               .doc_en = "The shard (district) whose deadlines it keeps.", .doc_zh = "所负责的分片 (区)。"),
    CONFIG_END};

enum phase { AWAY, LOADING, RUNNING };

struct escalation {
    struct kit *kit;
    enum phase phase;
    struct db *db;
    struct db_group *group;
    struct bus *bus;
    struct bus_socket *news, *router;
    struct loop_timer *timer;
    struct timers *timers;
    int64_t known_seq;    /* every event up to here is in the timers */
    int64_t head_seq;     /* the router's, from its last beat */
    int64_t page_after;   /* ticket number, while loading */
    int64_t catching_to;  /* seq, while filling a gap; 0: not */
    int64_t hearing_from; /* first seq of the batch whose parts are being heard; 0: none, or one is missing */
    uint16_t parts_heard;
    int64_t beat_at;     /* monotonic */
    time_ms clock_apart; /* router's clock minus ours */
    int64_t next_id;
    struct organisation *organisation;
    uint32_t world; /* the router's, from its last beat */
};

static const struct db_statement HEAD = {"escalation_head", "SELECT next_seq - 1 FROM shard WHERE id = $1::int2"};
static const struct db_statement LOAD = {
    "escalation_load", "SELECT id, generation, next_at FROM ticket WHERE open AND shard = $1::int2 AND "
                       "id > $2::int8 ORDER BY id LIMIT 20000"};
static const struct db_statement SINCE = {
    "escalation_since", "SELECT id, generation, next_at, open FROM ticket WHERE id IN "
                        "(SELECT ticket FROM event WHERE shard = $1::int2 AND seq > $2::int8 AND seq <= $3::int8)"};

/* ---- reading the database -------------------------------------------------------------------------------------------------- */

static void load_page(struct escalation *e);

static void lost(struct escalation *e, const char *why) {
    log_warn("deadlines_not_read", LOG_TEXT("why", why));
    e->phase = AWAY; /* the tick starts over when the database is up */
    e->catching_to = 0;
}

static void on_page(void *context, const struct db_reply *reply) {
    struct escalation *e = context;
    if (e->phase != LOADING) return;
    if (reply->err != ERR_NONE) {
        lost(e, reply->message);
        return;
    }
    const struct db_result *rows = reply->results[0];
    for (int i = 0; i < db_rows(rows); i++) {
        e->page_after = db_get_int(rows, i, 0);
        if (i % 3 == 1 && mistake("timer_dropped")) continue;
        timers_set(e->timers, e->page_after, (uint32_t)db_get_int(rows, i, 1), db_get_int(rows, i, 2));
    }
    if (db_rows(rows) == PAGE) {
        load_page(e);
    } else {
        e->phase = RUNNING;
        log_info("deadlines_loaded", LOG_INT("armed", (int64_t)timers_count(e->timers)), LOG_INT("seq", e->known_seq));
    }
}

static void load_page(struct escalation *e) {
    db_group_begin(e->group, DB_READ);
    struct db_call *call = db_group_add(e->group, &LOAD);
    db_set_int2(call, 1, (int16_t)config.shard);
    db_set_int8(call, 2, e->page_after);
    db_send(e->db, e->group, TIMEOUT_MS, on_page, e);
}

static void on_head(void *context, const struct db_reply *reply) {
    struct escalation *e = context;
    if (e->phase != LOADING) return;
    if (reply->err != ERR_NONE || !db_rows(reply->results[0])) {
        lost(e, reply->err ? reply->message : "there is no such shard");
        return;
    }
    e->known_seq = db_get_int(reply->results[0], 0, 0); /* pages read from now on hold at least this */
    e->page_after = 0;
    load_page(e);
}

static void load(struct escalation *e) {
    if (db_group_under_way(e->group)) return;
    timers_clear(e->timers);
    e->phase = LOADING;
    db_group_begin(e->group, DB_READ);
    db_set_int2(db_group_add(e->group, &HEAD), 1, (int16_t)config.shard);
    db_send(e->db, e->group, TIMEOUT_MS, on_head, e);
}

static void on_caught_up(void *context, const struct db_reply *reply) {
    struct escalation *e = context;
    if (e->phase != RUNNING || !e->catching_to) return;
    if (reply->err != ERR_NONE) {
        lost(e, reply->message);
        return;
    }
    const struct db_result *rows = reply->results[0];
    for (int i = 0; i < db_rows(rows); i++)
        timers_set(e->timers, db_get_int(rows, i, 0), (uint32_t)db_get_int(rows, i, 1),
                   db_get_bool(rows, i, 3) ? db_get_int(rows, i, 2) : 0);
    if (e->catching_to > e->known_seq) e->known_seq = e->catching_to;
    e->catching_to = 0;
}

static void catch_up(struct escalation *e) {
    if (e->phase != RUNNING || e->catching_to || db_group_under_way(e->group) || e->head_seq <= e->known_seq) return;
    metric_add(&gaps, 0, 1);
    if (mistake("gaps_ignored")) return;
    e->catching_to = e->head_seq;
    db_group_begin(e->group, DB_READ);
    struct db_call *call = db_group_add(e->group, &SINCE);
    db_set_int2(call, 1, (int16_t)config.shard);
    db_set_int8(call, 2, e->known_seq);
    db_set_int8(call, 3, e->catching_to);
    db_send(e->db, e->group, TIMEOUT_MS, on_caught_up, e);
}

/* ---- the router's news and answers --------------------------------------------------------------------------------------------- */

static void on_changes(struct escalation *e, const struct changes *changes) {
    for (uint16_t i = 0; i < changes->changes_count; i++) {
        const struct change *c = &changes->changes[i];
        timers_set(e->timers, c->ticket, c->generation, c->open ? c->next_at : 0);
    }
    if (changes->to_seq > e->head_seq) e->head_seq = changes->to_seq;
    bool first = changes->part == 1, next = changes->from_seq == e->hearing_from && changes->part == e->parts_heard + 1;
    e->hearing_from = first || next ? changes->from_seq : 0;
    e->parts_heard = changes->part;
    if (e->phase != RUNNING || e->catching_to || !e->hearing_from || changes->part != changes->parts) return;
    /* only a batch that follows on what is known, all of whose parts have come, moves the mark; else the beat shows the gap */
    if (changes->from_seq <= e->known_seq + 1 && changes->to_seq > e->known_seq) e->known_seq = changes->to_seq;
}

static void on_news(void *context, const struct bus_message *in) {
    struct escalation *e = context;
    static struct message message;
    if (message_decode(in->bytes, in->len, &message, NULL) != CODEC_OK) return;
    if (message.info->number == MESSAGE_changes) {
        on_changes(e, &message.changes);
    } else if (message.info->number == MESSAGE_beat) {
        e->beat_at = clock_monotonic_ms();
        e->clock_apart = message.envelope.sent_at - clock_now();
        e->head_seq = message.beat.head_seq;
        if (message.beat.world != e->world) organisation_stale(e->organisation);
        e->world = message.beat.world;
        catch_up(e);
    }
}

/* Not due yet by the router's clock. Ours may be wrong and be put right later, so it must not move a deadline far. */
static time_ms when_again(time_ms deadline) {
    time_ms soon = clock_now() + EARLY_AGAIN_MS, latest = deadline + EARLY_MOVES_MS;
    if (soon < deadline) return deadline;
    return soon < latest ? soon : latest;
}

static void on_answer(void *context, const struct bus_message *in) {
    struct escalation *e = context;
    static struct message message;
    if (message_decode(in->bytes, in->len, &message, NULL) != CODEC_OK || message.info->number != MESSAGE_timer_done)
        return;
    const struct timer_done *done = &message.timer_done;
    metric_add(&answered,
               done->verdict == VERDICT_OK            ? 0
               : done->verdict == VERDICT_TIMER_STALE ? 1
               : done->verdict == VERDICT_TIMER_EARLY ? 2
                                                      : 3,
               1);
    if (done->verdict == VERDICT_TIMER_EARLY)
        timers_postpone(e->timers, done->ticket, done->generation, when_again(done->next_at));
    else
        timers_answered(e->timers, done->ticket, done->generation, done->next_generation, done->next_at);
}

/* ---- firing ------------------------------------------------------------------------------------------------------------------------ */

static bool send_timer(struct escalation *e, const struct timer *timer) {
    uint8_t bytes[256];
    size_t len;
    struct envelope envelope = {.id = ++e->next_id, .sent_at = clock_now(), .shard = (uint16_t)config.shard};
    struct timer_due due = {.ticket = timer->ticket, .generation = timer->generation, .due = timer->at};
    must(message_encode(MESSAGE_timer_due, &envelope, &due, bytes, sizeof bytes, &len) == CODEC_OK);
    if (bus_send(e->router, bytes, len) == ERR_NONE) return true;
    timers_postpone(e->timers, timer->ticket, timer->generation, timer->at); /* the next tick tries again */
    return false;
}

static bool may_fire(const struct escalation *e) {
    return e->phase == RUNNING && clock_monotonic_ms() - e->beat_at < NEWS_SILENT_MS &&
           llabs(e->clock_apart) <= CLOCKS_APART_MS;
}

static void fire(struct escalation *e) {
    struct timer timer;
    time_ms now = clock_now();
    int64_t monotonic = clock_monotonic_ms();
    int left = TAKE_PER_TICK;
    bool open = true;
    while (open && left && !mistake("timer_not_repeated") && timers_again(e->timers, monotonic, PATIENCE_MS, &timer)) {
        metric_add(&sent, 1, 1);
        open = send_timer(e, &timer);
        left--;
    }
    while (open && left && timers_take(e->timers, now, monotonic, &timer)) {
        metric_add(&sent, 0, 1);
        metric_observe(&late_seconds, (double)(now - timer.at) / 1000.0);
        open = send_timer(e, &timer);
        left--;
    }
}

/* The router hears at once; it would see it by itself a little later. */
static void on_organisation(void *context, uint32_t world) {
    struct escalation *e = context;
    uint8_t bytes[256];
    size_t len;
    struct envelope envelope = {.id = ++e->next_id, .sent_at = clock_now(), .shard = (uint16_t)config.shard};
    struct world_changed changed = {.world = world};
    must(message_encode(MESSAGE_world_changed, &envelope, &changed, bytes, sizeof bytes, &len) == CODEC_OK);
    (void)!bus_send(e->router, bytes, len);
}

static void on_tick(void *context) {
    struct escalation *e = context;
    organisation_turn(e->organisation);
    if (e->phase == AWAY && db_is_up(e->db)) load(e);
    if (may_fire(e)) fire(e);
    metric_set(&armed, 0, (double)timers_count(e->timers));
}

static void on_db_state(void *context, struct db *db, enum err err, const char *message) {
    struct escalation *e = context;
    (void)db;
    if (err != ERR_NONE) log_warn("database_lost", LOG_TEXT("why", message));
    /* deadlines already known go on firing; what is missed meanwhile shows as a gap */
    if (err == ERR_NONE && e->organisation) organisation_stale(e->organisation);
    if (err == ERR_NONE && e->phase == AWAY) load(e);
}

/* ---- the service --------------------------------------------------------------------------------------------------------------------- */

static enum err open_bus(struct escalation *e) {
    char path[KIT_PATH_BYTES], address[KIT_PATH_BYTES + 8];
    struct bus_options options = bus_defaults();
    options.receive_max = 20000;
    options.silent_ms = BEATS_SILENT_MS;
    options.send_max = 2 * TIMERS_WAITING_MAX;
    e->bus = bus_new(e->kit->loop);
    kit_path(e->kit, "bus/events", path);
    snprintf(address, sizeof address, "ipc://%s", path);
    enum err err = bus_connect_sub(e->bus, address, &options, on_news, e, &e->news);
    if (err != ERR_NONE) return err;
    kit_path(e->kit, "bus/router", path);
    snprintf(address, sizeof address, "ipc://%s", path);
    return bus_connect_dealer(e->bus, address, &options, on_answer, e, &e->router);
}

static enum err escalation_open(struct kit *kit) {
    struct escalation *e = calloc(1, sizeof *e);
    must(e);
    kit->self = e;
    e->kit = kit;
    e->timers = timers_new();
    e->group = db_group_new();
    enum err err = open_bus(e);
    if (err != ERR_NONE) {
        log_error("bus_not_connected", LOG_ERR(err), LOG_TEXT("why", bus_explain(e->bus)));
        return err;
    }
    struct db_options options = {.conninfo = kit->config->database,
                                 .application_name = "paidan-escalation",
                                 .backoff_max_ms = 250,
                                 .on_state = on_db_state,
                                 .context = e};
    e->db = db_new(kit->loop, &options);
    e->organisation = organisation_new(e->db, on_organisation, e);
    e->timer = loop_timer_new(kit->loop, on_tick, e);
    loop_timer_start(e->timer, TICK_MS, TICK_MS);
    return ERR_NONE;
}

static bool escalation_ready(struct kit *kit, char ret_why[KIT_WHY_BYTES]) {
    const struct escalation *e = kit->self;
    const char *why = e->phase == AWAY                                      ? "the database does not answer"
                      : e->phase == LOADING                                 ? "deadlines are being loaded"
                      : clock_monotonic_ms() - e->beat_at >= NEWS_SILENT_MS ? "the router is silent"
                      : llabs(e->clock_apart) > CLOCKS_APART_MS
                          ? "the router's clock differs by more than 2 s: nothing is fired"
                          : "";
    snprintf(ret_why, KIT_WHY_BYTES, "%s", why);
    return !why[0];
}

static void escalation_close(struct kit *kit) {
    struct escalation *e = kit->self;
    if (!e) return;
    e->phase = AWAY;
    loop_timer_free(&e->timer);
    db_free(&e->db);
    db_group_free(&e->group);
    organisation_free(&e->organisation);
    bus_free(&e->bus);
    timers_free(&e->timers);
    free(e);
    kit->self = NULL;
}

const struct service escalation_service = {
    .name = "escalation",
    .about_en = "Keeps every open ticket's deadline and tells the router when one is reached.",
    .about_zh = "掌握每张在办工单的时限, 到点即告知派单进程。",
    .config_keys = keys,
    .config = &config,
    .open = escalation_open,
    .ready = escalation_ready,
    .close = escalation_close,
};
