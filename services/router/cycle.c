/* The batch cycle: take what waits, read what the engine needs, decide, write one transaction, then answer. While a transaction is
 * under way the inbox gathers the next batch, so the batch grows with the load and a lone message waits for one commit only. When
 * enough has gathered, that batch is decided on what the one under way leaves and sent behind it, so that PostgreSQL never waits for
 * us. Answers, news and live queues leave only after COMMIT. A batch that PostgreSQL refuses for its data is halved until the one
 * culprit stands alone; that one is parked, visibly, and never tried again unchanged. */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/failpoint.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/mistake.h"
#include "proto/must.h"
#include "services/router/router.h"

METRIC_COUNTER(batches, "paidan_router_batches_total", "Transactions, by outcome.", "outcome", "committed", "nothing",
               "split", "retried", "unknown");
METRIC_COUNTER(events_written, "paidan_router_events_total", "Events committed.");
METRIC_COUNTER(parked, "paidan_router_parked_total", "Messages PostgreSQL refused to store.");
METRIC_HISTOGRAM(commit_seconds, "paidan_router_commit_seconds", "From sending a batch to its commit.", METRIC_LATENCY);

enum {
    COMMIT_TIMEOUT_MS = 10000,
    READ_TIMEOUT_MS = 5000,
    EARLY_MIN = 32,
    /* after a batch of so many, one that is not much larger begins so long after it */
    GATHER_AFTER = 12,
    GATHER_MS = 5,
    GATHER_ENOUGH = 128
};

static void finish(struct flight *f) {
    for (uint32_t i = 0; i < f->count; i++) free(f->items[i]);
    f->count = 0;
    f->state = FLIGHT_FREE;
}

/* It ended, in whatever way. */
static void leave(struct router *r, const struct flight *f) {
    if (f == r->first) r->first = r->second;
    r->second = NULL;
}

void cycle_drop(struct router *r) {
    for (int i = 0; i < FLIGHTS; i++) finish(&r->flights[i]);
    r->first = r->second = NULL;
    for (struct item *item = r->retry, *next; item; item = next) {
        next = item->next;
        free(item);
    }
    r->retry = NULL;
    r->retry_run = 0;
}

bool cycle_is_idle(const struct router *r) {
    return !r->first && !r->inbox && !r->retry;
}

/* ---- choosing the messages of the next batch ---------------------------------------------------------------------------- */

static struct item *take_first(struct item **list) {
    struct item *item = *list;
    if (item) *list = item->next;
    return item;
}

static void take_batch(struct router *r, struct flight *f) {
    uint32_t max = (uint32_t)router_config.batch_max;
    f->count = 0;
    f->retried = r->retry != NULL;
    if (r->retry) { /* a half of a refused batch goes alone, so that the culprit is found */
        uint32_t run = r->retry_run ? r->retry_run : 1;
        while (f->count < run && r->retry) f->items[f->count++] = take_first(&r->retry);
        return;
    }
    while (f->count < max && r->inbox) {
        f->items[f->count++] = take_first(&r->inbox);
        r->inbox_count--;
    }
    if (!r->inbox) r->inbox_end = &r->inbox;
    if (r->inbox_count < (size_t)router_config.backlog_max / 2 && r->door) bus_pause(r->door, false);
}

/* Those from `done` on go first into the next batch. */
static void give_back(struct router *r, struct flight *f, uint32_t done) {
    while (f->count > done) {
        struct item *item = f->items[--f->count];
        if (f->retried) {
            item->next = r->retry;
            r->retry = item;
            continue;
        }
        item->next = r->inbox;
        r->inbox = item;
        if (!item->next) r->inbox_end = &item->next;
        r->inbox_count++;
    }
}

static void gather_needs(struct router *r, struct flight *f) {
    struct writer_needs *n = &f->needs;
    n->ticket_count = n->request_count = n->key_count = 0;
    for (uint32_t i = 0; i < f->count; i++) {
        const struct item *item = f->items[i];
        int64_t number;
        if (item->type == MESSAGE_request_new) {
            number = engine_needs_request(r->engine, item->in.request_new.request);
            if (number) n->requests[n->request_count++] = number;
        } else if (item->type == MESSAGE_timer_due) { /* that a ticket is not open is the database's to say */
            number = engine_needs_ticket(r->engine, item->in.timer_due.ticket);
            if (number) n->tickets[n->ticket_count++] = number;
        } else if (item->type == MESSAGE_command) {
            const struct command *command = &item->in.command;
            number = engine_needs_ticket(r->engine, command->ticket);
            if (number) n->tickets[n->ticket_count++] = number;
            number = engine_needs_ticket(r->engine, command->other);
            if (number) n->tickets[n->ticket_count++] = number;
            if (command->key.len == COMMAND_KEY_BYTES)
                memcpy(n->keys[n->key_count++], command->key.at, COMMAND_KEY_BYTES);
        }
    }
}

/* ---- after the transaction ------------------------------------------------------------------------------------------------ */

/* Puts the first batch back to be tried again, `run` of it at a time, and behind it the second, which was decided on what is not so. */
static void put_back(struct router *r, uint32_t run) {
    struct flight *f = r->first, *second = r->second;
    if (second) {
        give_back(r, second, 0);
        second->state = second->state == FLIGHT_NOTHING ? FLIGHT_FREE : FLIGHT_GIVEN_UP;
    }
    f->retried = true;
    give_back(r, f, 0);
    r->retry_run = run;
    f->state = FLIGHT_FREE;
    r->first = r->second = NULL;
}

static void on_parked(void *context, const struct db_reply *reply) {
    struct router *r = context;
    if (reply->err != ERR_NONE && r->state == ROUTER_SERVING) shard_drop(r, "a refused message could not be parked");
}

static void park(struct router *r, struct item *item, const char *sqlstate) {
    static const char *const what[] = {
        [MESSAGE_request_new] = "request", [MESSAGE_command] = "command", [MESSAGE_timer_due] = "timer"};
    int64_t number = item->type == MESSAGE_request_new ? item->in.request_new.request
                     : item->type == MESSAGE_command   ? item->in.command.ticket
                                                       : item->in.timer_due.ticket;
    metric_add(&parked, 0, 1);
    log_error("message_parked", LOG_TEXT("what", what[item->type]), LOG_ID("number", number),
              LOG_TEXT("sqlstate", sqlstate));
    memset(&item->out, 0, sizeof item->out);
    if (item->type == MESSAGE_command)
        item->out.reply = (struct reply){.verdict = VERDICT_BAD_DATA, .ticket = number};
    else if (item->type == MESSAGE_request_new)
        item->out.request_routed = (struct request_routed){.request = number, .verdict = VERDICT_BAD_DATA};
    doors_answer(r, item);
    writer_park(r->park_group, clock_now(), sqlstate, what[item->type], number, item->bytes, item->len);
    db_send(r->db, r->park_group, READ_TIMEOUT_MS, on_parked, r);
}

static void on_refused(struct router *r, const struct db_reply *reply) {
    struct flight *f = r->first;
    engine_rolled_back(r->engine);
    if (db_is_bad_input(reply) && f->count > 1 && !mistake("culprit_takes_others")) {
        metric_add(&batches, 2, 1);
        put_back(r, (f->count + 1) / 2);
    } else if (db_is_bad_input(reply) && !db_group_under_way(r->park_group)) {
        park(r, f->items[0], reply->sqlstate);
        finish(f);
        put_back(r, r->retry_run);
    } else if (db_is_retryable(reply) || db_is_bad_input(reply)) {
        metric_add(&batches, 3, 1);
        put_back(r, f->count);
    } else {
        shard_drop(r, reply->message);
    }
}

static void answer_all(struct router *r, struct flight *f) {
    for (uint32_t i = 0; i < f->count; i++) doors_answer(r, f->items[i]);
    finish(f);
    leave(r, f);
}

static void on_committed(struct router *r) {
    static struct item *items[BATCH_COMMANDS_MAX];
    struct flight *f = r->first;
    failpoint("router.after_commit");
    metric_observe(&commit_seconds, (double)(clock_monotonic_ns() - f->sent_at_ns) / 1e9);
    metric_add(&batches, 0, 1);
    metric_add(&events_written, 0, f->batch->event_count);
    const struct batch batch = *f->batch;
    uint32_t count = f->count;
    memcpy(items, f->items, count * sizeof(struct item *));
    engine_committed(r->engine);
    f->count = 0;
    f->state = FLIGHT_FREE;
    leave(r, f);
    /* PostgreSQL works on the next batch while this one is told; a few messages rather wait for more */
    if (r->inbox_count >= EARLY_MIN) cycle_turn(r);
    if (batch.event_count > 0) {
        doors_publish(r, &batch);
        projection_apply(r->projection, &batch);
    }
    failpoint("router.before_reply");
    for (uint32_t i = 0; i < count; i++) {
        doors_answer(r, items[i]);
        free(items[i]);
    }
    if (r->first && r->first->state == FLIGHT_NOTHING) answer_all(r, r->first);
}

static void on_written(void *context, const struct db_reply *reply) {
    struct flight *f = context;
    struct router *r = f->router;
    if (f->state == FLIGHT_GIVEN_UP) {
        f->state = FLIGHT_FREE;
        if (reply->err == ERR_NONE && r->state == ROUTER_SERVING && f->round == r->round)
            shard_drop(r, "a batch was stored after the one before it was refused");
        return;
    }
    if (r->state != ROUTER_SERVING || f != r->first || f->state != FLIGHT_WRITING || f->round != r->round) return;
    bool lost = reply->err != ERR_NONE && reply->err != ERR_REFUSED;
    if (reply->err == ERR_NONE || (lost && mistake("unknown_is_done"))) {
        r->held_since = f->sent_at_ns / 1000000;
        on_committed(r);
    } else if (reply->err == ERR_REFUSED) {
        on_refused(r, reply);
    } else {
        metric_add(&batches, 4, 1);
        shard_drop(r, "a commit whose end was not seen");
    }
}

/* ---- deciding --------------------------------------------------------------------------------------------------------------- */

static void decide_item(struct router *r, struct item *item) {
    switch (item->type) {
    case MESSAGE_request_new:
        engine_request(r->engine, &item->in.request_new, &item->out.request_routed);
        break;
    case MESSAGE_command:
        engine_command(r->engine, &item->in.command, &item->out.reply);
        break;
    default:
        engine_timer(r->engine, &item->in.timer_due, &item->out.timer_done);
    }
}

static void decide(struct router *r, struct flight *f) {
    engine_begin(r->engine, clock_now());
    uint32_t done = 0;
    while (done < f->count && engine_has_room(r->engine)) decide_item(r, f->items[done++]);
    give_back(r, f, done); /* no room left */
    const struct batch *batch = f->batch = engine_batch(r->engine);
    if (batch->event_count == 0 && batch->key_count == 0) {
        metric_add(&batches, 1, 1);
        engine_dismiss(r->engine);
        f->state = FLIGHT_NOTHING;
        if (f != r->first && !mistake("answered_ahead")) return;
        answer_all(r, f);
        return;
    }
    writer_fill(f->write, batch, shard_next_lease(r));
    if (mistake("answer_before_commit"))
        for (uint32_t i = 0; i < f->count; i++) doors_answer(r, f->items[i]);
    f->state = FLIGHT_WRITING;
    f->sent_at_ns = r->sent_at_ns = clock_monotonic_ns();
    failpoint("router.before_commit");
    db_send(r->db, f->write, COMMIT_TIMEOUT_MS, on_written, f);
}

static void on_needs_read(void *context, const struct db_reply *reply) {
    struct flight *f = context;
    struct router *r = f->router;
    if (f->state == FLIGHT_GIVEN_UP) f->state = FLIGHT_FREE;
    if (r->state != ROUTER_SERVING || f->state != FLIGHT_READING || f->round != r->round) return;
    if (reply->err != ERR_NONE) { /* the connection was lost, or too slow: again */
        log_warn("needs_not_read", LOG_ERR(reply->err), LOG_TEXT("why", reply->message));
        give_back(r, f, 0);
        f->state = FLIGHT_FREE;
        leave(r, f);
        return;
    }
    if (writer_lend(reply, r->engine))
        decide(r, f);
    else
        shard_drop(r, "another router took the shard");
}

/* Whether the next batch waits for more: where many push one by one, each batch as it comes is small and costs as much as a large
 * one, on cores the pushes need. A lone ticket, and few at a time, never wait. */
static bool gathers(struct router *r) {
    if (r->retry || r->draining || r->batch_last < GATHER_AFTER || r->inbox_count >= GATHER_ENOUGH) return false;
    int64_t left = GATHER_MS - (clock_monotonic_ns() - r->sent_at_ns) / 1000000;
    if (left > 0) loop_timer_start(r->gather, left, 0);
    return left > 0;
}

/* A batch beside the one under way: only when it is large, as the first will be back in a moment. Not on one that only keeps answers:
 * without events the fence could not tell that it was refused. */
static bool may_go_ahead(const struct router *r) {
    return !r->second && !r->retry && r->inbox_count >= (size_t)router_config.ahead_min &&
           r->first->state == FLIGHT_WRITING && r->first->batch->event_count > 0;
}

static struct flight *free_flight(struct router *r) {
    for (int i = 0; i < FLIGHTS; i++) {
        struct flight *f = &r->flights[i];
        if (f->state != FLIGHT_FREE) continue;
        if (!db_group_under_way(f->write) && !db_group_under_way(f->read)) return f; /* else of an earlier round */
    }
    return NULL;
}

bool cycle_turn(void *context) {
    struct router *r = context;
    if (r->state != ROUTER_SERVING || (!r->inbox && !r->retry)) return false;
    if (r->first && !may_go_ahead(r)) return false;
    if (r->reference_stale || r->reference_loading) return false; /* a newer world first */
    if (!shard_is_held(r)) return false;                          /* what memory says may be another's past */
    if (!db_is_up(r->reads)) return false;
    if (gathers(r)) return false;
    struct flight *f = free_flight(r);
    if (!f) return false;
    take_batch(r, f);
    gather_needs(r, f);
    r->batch_last = f->count;
    r->taken += f->count;
    f->round = r->round;
    *(r->first ? &r->second : &r->first) = f;
    f->state = FLIGHT_READING;
    if (!writer_needs_nothing(&f->needs)) {
        writer_read(f->read, &f->needs, (uint16_t)router_config.shard);
        db_send(r->reads, f->read, READ_TIMEOUT_MS, on_needs_read, f);
    } else {
        decide(r, f);
    }
    return true;
}
