/* Holding the shard. The router owns its shard's tickets only while it holds the lease under its epoch; every transaction proves
 * it. Any doubt (connection lost, unknown outcome, fence) ends the round: memory is dropped, the lease taken again, everything
 * loaded anew. That is also how the service starts, so recovery is the path that is always used. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/failpoint.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/mistake.h"
#include "common/number.h"
#include "proto/must.h"
#include "services/kit/rule_text.h"
#include "services/router/router.h"

METRIC_COUNTER(rounds, "paidan_router_rounds_total", "Times the shard was taken and loaded.");
METRIC_COUNTER(swept, "paidan_router_swept_total", "Requests found without a ticket and routed by the sweep.");
METRIC_GAUGE(open_tickets, "paidan_router_open_tickets", "Open tickets in memory.");
METRIC_GAUGE(store_memory, "paidan_router_store_bytes", "Memory of the open tickets.");

enum {
    TIMEOUT_MS = 5000,
    LOAD_PAGE = 20000,
    RECOUNT_PIECE = 500,
    LOAD_TIMEOUT_MS = 60000,
    SWEEP_EACH_MS = 2000,
    SWEEP_PAGE = 2000,
    SWEEP_AGE_MS = 3000, /* younger requests are on their way by the bus, told up to three times */
    SWEEP_SETTLED_MS =
        15000, /* numbers given out so long ago are committed or never will be: intake's deadline is shorter */
    BEAT_EACH_MS = BEATS_SILENT_MS / 3
};

static const struct db_statement TAKE = {"shard_take", "SELECT shard_take($1::int2, $2::int8, $3::int8)"};
static const struct db_statement HEAD = {
    "shard_head", "SELECT epoch, next_seq, next_ticket, last_at, chain, swept_to, world, "
                  "coalesce((SELECT max(request) FROM ticket_request), 0) FROM shard WHERE id = $1::int2"};
static const struct db_statement PARTITIONS = {"shard_partitions", "SELECT ensure_partitions($1::int4, 4)"};
static const struct db_statement LOAD = {"shard_load",
                                         "SELECT id, body FROM ticket WHERE open AND shard = $1::int2 AND "
                                         "id > $2::int8 ORDER BY id LIMIT 20000"};
static const struct db_statement WORLD = {"shard_world", "SELECT version FROM world"};
static const struct db_statement NEWEST = {"shard_newest", "SELECT coalesce(max(id), 0) FROM request"};
static const struct db_statement SWEEP = {
    "shard_sweep",
    "SELECT r.id, r.source, r.channel, r.matter, r.urgency, r.place, r.place_by, r.confidential, r.received_at, "
    "r.dedicated, r.matter = 0 AND r.matter_given <> '', CASE WHEN $3::bool THEN r.title ELSE '' END, "
    "CASE WHEN $3::bool THEN r.description ELSE '' END FROM request r WHERE r.id > $1::int8 AND r.id <= $2::int8 "
    "AND NOT EXISTS (SELECT FROM ticket_request t WHERE t.request = r.id AND t.request > $1::int8 AND t.request <= "
    "$2::int8) " /* said twice, or every request there ever was is looked at */
    "AND NOT EXISTS (SELECT FROM parked p WHERE p.number = r.id) "
    /* Mostly there are as many links as requests, and then nothing is missing: counted first, a third of the work. Not where the page
     * before was full: then there is more. A link is made for a stored request only (paidan verify asks for it), so equal is enough. */
    "AND ($4::bool OR (SELECT count(*) FROM request WHERE id > $1::int8 AND id <= $2::int8) <> "
    "(SELECT count(*) FROM ticket_request WHERE request > $1::int8 AND request <= $2::int8)) ORDER BY r.id LIMIT 2000"};

static void take_lease(struct router *r);
static void load_page(struct router *r);

/* ---- dropping ----------------------------------------------------------------------------------------------------------- */

void shard_drop(struct router *r, const char *why) {
    log_warn("shard_dropped", LOG_TEXT("why", why));
    r->round++;
    cycle_drop(r);
    engine_rolled_back(r->engine);
    projection_stop(r->projection);
    r->state = db_is_up(r->db) ? ROUTER_LEASING : ROUTER_AWAY;
}

void shard_db_state(void *context, struct db *db, enum err err, const char *message) {
    struct router *r = context;
    quiet_connection(r->quiet, db, err == ERR_NONE);
    if (err != ERR_NONE) {
        if (r->state == ROUTER_AWAY) return;
        shard_drop(r, message);
        r->state = ROUTER_AWAY;
    } else {
        r->state = ROUTER_LEASING;
        take_lease(r);
    }
}

time_ms shard_next_lease(struct router *r) {
    r->lease_until = clock_now() + router_config.lease;
    return r->lease_until;
}

/* ---- counting deadlines anew after units, policies or calendars changed ----------------------------------------------------- */

/* "calendars: standard; policies: standard": the loads since the deadlines were last counted, oldest first (rule C15). */
static void say_why(struct router *r) {
    const struct reference *reference = r->reference;
    size_t used = 0, room = sizeof r->recount_why - 1;
    r->recount_why[0] = 0;
    for (uint32_t i = reference->load_count; i-- > 0;) {
        const struct reference_load *load = &reference->loads[i];
        if (load->version <= r->counted_by) continue;
        bool named = load->names[0] && used + strlen(load->kind) + strlen(load->names) + 4 <= room;
        if (!named && used + strlen(load->kind) + 2 > room) break;
        used += (size_t)snprintf(r->recount_why + used, sizeof r->recount_why - used, "%s%s%s%s", used ? "; " : "",
                                 load->kind, named ? ": " : "", named ? load->names : "");
    }
}

static struct item *own_command(int64_t ticket, enum command_name name, const char *why, time_ms until) {
    size_t len = strlen(why);
    struct item *item = calloc(1, sizeof *item + len);
    must(item);
    memcpy(item->bytes, why, len);
    item->type = MESSAGE_command;
    item->in.command = (struct command){.ticket = ticket,
                                        .name = (uint8_t)name,
                                        .by = {.role = ROLE_SYSTEM},
                                        .until = until,
                                        .reason = {(const char *)item->bytes, (uint32_t)len}};
    return item;
}

/* What stands with a closed unit follows first (rule L43), with the reason and the effective date of the change; then the
 * deadlines. */
static void look_anew(struct router *r, int64_t ticket) {
    uint32_t closed = r->recount_closed ? engine_strays(r->engine, ticket) : 0;
    if (closed) {
        const struct reference_unit *unit = &r->reference->units[closed];
        doors_push(r, own_command(ticket, COMMAND_FOLLOW, unit->closed_for, unit->closed_at));
    }
    doors_push(r, own_command(ticket, COMMAND_RECOMPUTE, r->recount_why, 0));
}

static bool has_closed_units(const struct world *world) {
    for (uint32_t id = 1; id < world->unit_count; id++)
        if (world->units[id].closed) return true;
    return false;
}

static void recount_all(struct router *r) {
    if (r->counted_by == r->reference->world.version) return;
    if (r->counted_by >= r->reference->recount) { /* people and rosters changed: no clock, no unit */
        r->counted_by = r->reference->world.version;
        return;
    }
    say_why(r);
    r->recount_closed = has_closed_units(&r->reference->world);
    free(r->recount);
    r->recount_count = engine_open_count(r->engine);
    r->recount_next = 0;
    r->recount = malloc((r->recount_count + 1) * sizeof *r->recount);
    must(r->recount);
    engine_tickets(r->engine, r->recount);
}

/* A piece at a time, behind what people wait for; a ticket whose deadlines stay as they are gets no event. */
static void recount_some(struct router *r) {
    if (!r->recount || r->inbox_count > RECOUNT_PIECE) return;
    for (int n = 0; n < RECOUNT_PIECE && r->recount_next < r->recount_count; n++)
        look_anew(r, r->recount[r->recount_next++]);
    if (r->recount_next < r->recount_count || r->inbox_count || r->first) return;
    log_info("deadlines_recounted", LOG_INT("tickets", (int64_t)r->recount_count),
             LOG_INT("world", r->reference->world.version));
    free(r->recount);
    r->recount = NULL;
    r->counted_by = r->reference->world.version;
}

/* ---- taking the lease ------------------------------------------------------------------------------------------------------ */

static void on_reference(void *context, enum err err, struct reference *reference, const char *message) {
    struct router *r = context;
    r->reference_loading = false;
    if (err != ERR_NONE) { /* go on with the one in force; the sweep sees the newer version again */
        log_error("reference_not_loaded", LOG_ERR(err), LOG_TEXT("why", message));
        if (r->state == ROUTER_LOADING) shard_drop(r, "no reference data");
        return;
    }
    struct reference *old = r->reference;
    r->reference = reference;
    engine_set_world(r->engine, &reference->world);
    reference_release(&old);
    log_info("reference_loaded", LOG_INT("version", reference->world.version));
    if (r->state == ROUTER_LOADING) load_page(r);
    if (r->state == ROUTER_SERVING) recount_all(r);
}

void shard_reload_reference(struct router *r) {
    r->reference_stale = true;
}

/* What is announced from here on may be newer than what is being read: it is read again then. */
static void start_reference(struct router *r) {
    r->reference_stale = false;
    r->reference_loading = true;
    reference_load(r->loader, on_reference, r);
}

static void on_head(void *context, const struct db_reply *reply) {
    struct router *r = context;
    if (r->state != ROUTER_LOADING) return;
    if (reply->err != ERR_NONE || db_rows(reply->results[0]) != 1) {
        shard_drop(r, reply->err ? reply->message : "there is no such shard");
        return;
    }
    const struct db_result *row = reply->results[0];
    struct engine_head head = {.shard = (uint16_t)router_config.shard,
                               .epoch = (uint32_t)db_get_int(row, 0, 0),
                               .next_seq = db_get_int(row, 0, 1),
                               .next_ticket = db_get_int(row, 0, 2),
                               .last_at = db_get_int(row, 0, 3)};
    if (head.epoch != r->taken_epoch && !mistake("epoch_of_another")) { /* never write under another's epoch */
        shard_drop(r, "another router took the shard meanwhile");
        return;
    }
    size_t len;
    const uint8_t *chain = db_get_bytes(row, 0, 4, &len);
    must(len == CHAIN_BYTES);
    memcpy(head.chain, chain, CHAIN_BYTES);
    r->swept_to = db_get_int(row, 0, 5);
    r->counted_by = (uint32_t)db_get_int(row, 0, 6);
    engine_reset(r->engine, &head, db_get_int(row, 0, 7));
    r->loaded_to = 0;
    start_reference(r);
}

static void on_taken(void *context, const struct db_reply *reply) {
    struct router *r = context;
    if (r->state != ROUTER_LEASING) return;
    if (reply->err != ERR_NONE) {
        log_warn("lease_not_taken", LOG_ERR(reply->err), LOG_TEXT("why", reply->message));
        return; /* the tick asks again */
    }
    r->taken_epoch = (uint32_t)db_get_int(reply->results[0], 0, 0);
    if (r->taken_epoch == 0) { /* another holds it */
        doors_unbind(r);
        return;
    }
    metric_add(&rounds, 0, 1);
    r->state = ROUTER_LOADING;
    r->loaded_to = -1;
    r->loaded = false;
    r->loading_since = clock_monotonic_ms();
    r->held_since = r->asked_at;
    db_group_begin(r->load_group, DB_READ);
    db_set_int2(db_group_add(r->load_group, &HEAD), 1, (int16_t)router_config.shard);
    db_send(r->db, r->load_group, LOAD_TIMEOUT_MS, on_head, r);
}

static void take_lease(struct router *r) {
    if (db_group_under_way(r->lease_group) || db_group_under_way(r->load_group) || r->reference_loading) return;
    r->asked_at = clock_monotonic_ms();
    db_group_begin(r->lease_group, DB_WRITE);
    struct db_call *call = db_group_add(r->lease_group, &TAKE);
    db_set_int2(call, 1, (int16_t)router_config.shard);
    db_set_int8(call, 2, clock_now());
    db_set_int8(call, 3, shard_next_lease(r));
    db_send(r->db, r->lease_group, TIMEOUT_MS, on_taken, r);
}

/* ---- loading ------------------------------------------------------------------------------------------------------------------ */

static void serve(struct router *r) {
    /* Stopped for a while, or slow: another may hold the shard by now, and binding would take the addresses from it for good. The lease is
     * being kept meanwhile; serving begins when that is answered. */
    if (!shard_is_held(r) && !mistake("epoch_of_another")) return;
    uint32_t epoch = engine_head(r->engine)->epoch;
    if (epoch != r->bound_epoch + 1) doors_unbind(r); /* another held the shard meanwhile, and the addresses with it */
    r->bound_epoch = epoch;
    if (doors_bind(r) != ERR_NONE) {
        kit_fail(r->kit, "the bus cannot be bound");
        return;
    }
    r->state = ROUTER_SERVING;
    r->swept_at = 0;
    memset(r->marks, 0, sizeof r->marks);
    log_info("serving", LOG_INT("epoch", engine_head(r->engine)->epoch),
             LOG_INT("open", (int64_t)engine_open_count(r->engine)),
             LOG_INT("ms", clock_monotonic_ms() - r->loading_since));
    projection_restart(r->projection);
    recount_all(r);
    doors_beat(r);
}

static void on_page(void *context, const struct db_reply *reply) {
    struct router *r = context;
    if (r->state != ROUTER_LOADING) return;
    if (reply->err != ERR_NONE) {
        shard_drop(r, reply->message);
        return;
    }
    const struct db_result *rows = reply->results[0];
    for (int i = 0; i < db_rows(rows); i++) {
        size_t len;
        const uint8_t *body = db_get_bytes(rows, i, 1, &len);
        r->loaded_to = db_get_int(rows, i, 0);
        if (!engine_load(r->engine, body, len)) {
            log_error("ticket_unreadable", LOG_ID("ticket", r->loaded_to));
            kit_fail(r->kit, "an open ticket cannot be read; run paidan verify");
            return;
        }
    }
    r->loaded = db_rows(rows) < LOAD_PAGE;
    if (r->loaded)
        serve(r);
    else
        load_page(r);
}

static void load_page(struct router *r) {
    db_group_begin(r->load_group, DB_READ);
    struct db_call *call = db_group_add(r->load_group, &LOAD);
    db_set_int2(call, 1, (int16_t)router_config.shard);
    db_set_int8(call, 2, r->loaded_to);
    db_send(r->db, r->load_group, LOAD_TIMEOUT_MS, on_page, r);
}

/* ---- keeping the lease ---------------------------------------------------------------------------------------------------------- */

static void on_kept(void *context, const struct db_reply *reply) {
    struct router *r = context;
    r->keeping = false;
    if (r->state != ROUTER_SERVING && r->state != ROUTER_LOADING) return;
    if (reply->err != ERR_NONE) {
        shard_drop(r, reply->message);
        return;
    }
    r->held_since = r->asked_at;
    if (r->state == ROUTER_LOADING && r->loaded) serve(r);
}

bool shard_is_held(const struct router *r) {
    return clock_monotonic_ms() - r->held_since < router_config.lease;
}

static void keep_lease(struct router *r) {
    if (r->keeping || r->first || clock_monotonic_ms() - r->held_since < router_config.lease / 4) return;
    r->keeping = true;
    r->asked_at = clock_monotonic_ms();
    writer_keep(r->lease_group, (uint16_t)router_config.shard, engine_head(r->engine)->epoch, shard_next_lease(r),
                r->swept_to, r->counted_by);
    db_send(r->db, r->lease_group, TIMEOUT_MS, on_kept, r);
}

/* ---- sweeping: requests that were accepted and never got their ticket -------------------------------------------------------------
 * Each request is looked at twice: soon after it came (from seen_to on), and once more when its number is so old that no
 * transaction below it can still be under way (from swept_to on, which is what a restart begins with). */

static struct span span_of(const struct db_result *rows, int i, int column) {
    size_t len;
    const char *text = db_get_text(rows, i, column, &len);
    return (struct span){text ? text : "", text ? len : 0};
}

static struct item *item_of_row(const struct router *r, const struct db_result *rows, int i) {
    struct item *item = calloc(1, sizeof *item);
    must(item);
    item->type = MESSAGE_request_new;
    item->in.request_new = (struct request_new){.request = db_get_int(rows, i, 0),
                                                .source = (uint32_t)db_get_int(rows, i, 1),
                                                .channel = (uint8_t)db_get_int(rows, i, 2),
                                                .matter = (uint32_t)db_get_int(rows, i, 3),
                                                .urgency = (uint8_t)db_get_int(rows, i, 4),
                                                .place = (uint32_t)db_get_int(rows, i, 5),
                                                .place_by = (uint8_t)db_get_int(rows, i, 6),
                                                .confidential = db_get_bool(rows, i, 7),
                                                .received_at = db_get_int(rows, i, 8),
                                                .dedicated = db_get_bool(rows, i, 9),
                                                .unknown_matter = db_get_bool(rows, i, 10)};
    struct arena scratch;
    arena_init(&scratch, 1 << 16, 1 << 20);
    item->in.request_new.rules_count = rule_text_find(&scratch, &r->reference->world, span_of(rows, i, 11),
                                                      span_of(rows, i, 12), item->in.request_new.rules);
    arena_done(&scratch);
    return item;
}

/* The newest number as it was at least that long ago. */
static int64_t newest_ago(const struct router *r, int64_t now, int64_t age_ms) {
    int64_t number = 0;
    for (int i = 0; i < SWEEP_MARKS; i++)
        if (now - r->marks[i].at >= age_ms && r->marks[i].newest > number) number = r->marks[i].newest;
    return number;
}

static bool push_swept(struct router *r, const struct db_result *rows) {
    for (int i = 0; i < db_rows(rows); i++) doors_push(r, item_of_row(r, rows, i));
    metric_add(&swept, 0, db_rows(rows));
    return db_rows(rows) == 0;
}

static void on_swept(void *context, const struct db_reply *reply) {
    struct router *r = context;
    bool first = !r->swept_at;
    r->sweeping = false;
    r->swept_at = clock_monotonic_ms();
    if (r->state != ROUTER_SERVING) return;
    if (reply->err != ERR_NONE) {
        log_warn("sweep_failed", LOG_ERR(reply->err));
        return;
    }
    int64_t newest = db_get_int(reply->results[0], 0, 0);
    r->marks[r->mark_next++ % SWEEP_MARKS] = (struct sweep_mark){r->swept_at, newest};
    push_swept(r, reply->results[1]);
    /* the message that says so may have been lost */
    if ((uint32_t)db_get_int(reply->results[3], 0, 0) != r->reference->world.version) shard_reload_reference(r);
    r->sweep_more = db_rows(reply->results[1]) == SWEEP_PAGE;
    if (r->sweep_more)
        r->swept_at = 0; /* come back at once, when these are routed */
    else
        r->seen_to = first ? newest : r->seeing_to;
    if (push_swept(r, reply->results[2]) && r->settling_to > r->swept_to) r->swept_to = r->settling_to;
}

static void add_sweep(struct router *r, int64_t from, int64_t to) {
    struct db_call *call = db_group_add(r->sweep_group, &SWEEP);
    db_set_int8(call, 1, from);
    db_set_int8(call, 2, to);
    db_set_bool(call, 3, r->reference->world.rule_word_count > 0);
    db_set_bool(call, 4, r->sweep_more);
}

static void sweep(struct router *r) {
    int64_t now = clock_monotonic_ms();
    if (mistake("sweep_off")) return;
    if (r->sweeping || r->inbox_count > SWEEP_PAGE || (r->swept_at && now - r->swept_at < SWEEP_EACH_MS)) return;
    if (!r->swept_at && !cycle_is_idle(r)) return;
    r->sweeping = true;
    if (!r->swept_at) r->seen_to = r->swept_to;
    r->seeing_to = r->swept_at ? newest_ago(r, now, SWEEP_AGE_MS) : INT64_MAX;
    if (r->seeing_to < r->seen_to) r->seeing_to = r->seen_to;
    r->settling_to = newest_ago(r, now, mistake("sweep_settles_at_once") ? 0 : SWEEP_SETTLED_MS);
    db_group_begin(r->sweep_group, DB_READ);
    db_group_add(r->sweep_group, &NEWEST);
    add_sweep(r, r->seen_to, r->seeing_to);
    add_sweep(r, r->swept_to, r->settling_to);
    db_group_add(r->sweep_group, &WORLD);
    db_send(r->side, r->sweep_group, LOAD_TIMEOUT_MS, on_swept, r);
}

/* ---- once a day: the next months' partitions ------------------------------------------------------------------------------- */

static void on_partitions(void *context, const struct db_reply *reply) {
    (void)context;
    if (reply->err != ERR_NONE) log_warn("partitions_not_made", LOG_ERR(reply->err), LOG_TEXT("why", reply->message));
}

static void make_partitions(struct router *r) {
    int32_t date = clock_date(clock_now());
    if (date == r->partitions_date || db_group_under_way(r->partition_group) || !db_is_up(r->side)) return;
    r->partitions_date = date;
    db_group_begin(r->partition_group, DB_WRITE);
    db_set_int4(db_group_add(r->partition_group, &PARTITIONS), 1, date / 100);
    db_send(r->side, r->partition_group, LOAD_TIMEOUT_MS, on_partitions, r);
}

/* ---- each 50 ms -------------------------------------------------------------------------------------------------------------------- */

void shard_tick(void *context) {
    struct router *r = context;
    if (r->state == ROUTER_LEASING) take_lease(r);
    if (r->state == ROUTER_LOADING || r->state == ROUTER_SERVING) {
        if (r->loaded_to >= 0) keep_lease(r);
    }
    if (r->state != ROUTER_SERVING) return;
    if (r->reference_stale && !r->reference_loading && !r->first) start_reference(r);
    if (!r->draining) sweep(r);
    recount_some(r);
    make_partitions(r);
    if (clock_monotonic_ms() - r->beat_at >= BEAT_EACH_MS) {
        r->beat_at = clock_monotonic_ms();
        doors_beat(r);
        metric_set(&open_tickets, 0, (double)engine_open_count(r->engine));
        metric_set(&store_memory, 0, (double)engine_bytes(r->engine));
    }
}
