/* Works the delivery rows off: at least once, one constant id per event and receiver, deliveries of one ticket to one endpoint in order. An
 * attempt that fails is tried again with growing, jittered pauses until attempts_max, then it is a dead letter an operator can
 * see and replay; 410 Gone makes it one at once. A row is "under way" only in memory: after a crash it is simply sent again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/failpoint.h"
#include "common/log.h"
#include "common/metrics.h"
#include "proto/must.h"
#include "services/notification/notification.h"

METRIC_COUNTER(attempts, "paidan_notification_attempts_total", "Attempts, by outcome.", "outcome", "delivered", "retry",
               "dead");
METRIC_GAUGE(under_way, "paidan_notification_under_way", "Deliveries under way.");

enum { POLL_EACH_MS = 500, TIMEOUT_MS = 20000 };
enum { WAITING = 1, DELIVERED = 2, DEAD = 3 };

static const struct db_statement POLL = {
    "deliver_poll",
    "SELECT d.id, d.created_at, d.endpoint, d.ticket, d.request, d.seq, d.type, d.at, d.attempts, e.version, e.body, "
    "coalesce((SELECT r.external_id FROM request r WHERE r.id = d.request), ''), "
    "CASE WHEN d.type = 29 AND d.request <> 0 THEN answer_before(d.ticket, e.version, 28::int2) ELSE '' END, "
    "CASE WHEN d.type = 29 AND d.request <> 0 THEN answer_before(d.ticket, e.version, 56::int2) ELSE '' END "
    "FROM unnest($1::int8[], $2::int4[]) AS p (endpoint, room) CROSS JOIN LATERAL ("
    "  SELECT * FROM delivery w WHERE w.endpoint = p.endpoint AND w.state = 1 AND w.next_at <= $3::int8 AND w.id <> "
    "ALL ($4::int8[]) "
    "  AND NOT EXISTS (SELECT FROM delivery b WHERE b.endpoint = w.endpoint AND b.ticket = w.ticket AND b.state = 1 "
    "AND b.id < w.id) "
    "  ORDER BY w.next_at, w.id LIMIT p.room) d "
    "JOIN event e ON e.ticket = d.ticket AND e.at = d.at AND e.seq = d.seq"};
static const struct db_statement DONE = {
    "deliver_done",
    "UPDATE delivery SET state = $3::int2, attempts = $4::int2, next_at = $5::int8, status = $6::int4, "
    "error = $7::text, delivered_at = $8::int8 WHERE id = $1::int8 AND created_at = $2::int8 AND state = 1"};
/* What stands behind a delivery waits as long as it does: so what is due is what can go, however much is piled up. */
static const struct db_statement BEHIND = {
    "deliver_behind", "UPDATE delivery SET next_at = $4::int8 WHERE ticket = $1::int8 AND endpoint = $2::int8 AND id > "
                      "$3::int8 AND state = 1 AND next_at < $4::int8"};

/* ---- the end of an attempt -------------------------------------------------------------------------------------------------------- */

static void forget(struct delivery *d) {
    struct notification *n = d->n;
    for (struct delivery **at = &n->deliveries; *at; at = &(*at)->next) {
        if (*at != d) continue;
        *at = d->next;
        break;
    }
    struct endpoint *endpoint = endpoint_by_id(n, d->endpoint);
    if (endpoint && endpoint->now.under_way) endpoint->now.under_way--;
    if (endpoint && d->state != WAITING && endpoint->now.waiting) endpoint->now.waiting--;
    n->under_way--;
    metric_set(&under_way, 0, (double)n->under_way);
    db_group_free(&d->group);
    free(d);
    n->poll_at = 0; /* a slot is free */
}

static void on_recorded(void *context, const struct db_reply *reply) {
    struct delivery *d = context;
    struct notification *n = d->n;
    if (reply->err != ERR_NONE) log_warn("delivery_not_recorded", LOG_ID("delivery", d->id), LOG_ERR(reply->err));
    forget(d); /* unrecorded: the row still waits and is sent again, under the same id; but not in haste */
    if (reply->err != ERR_NONE) n->poll_at = clock_monotonic_ms() + POLL_EACH_MS;
    deliver_turn(n);
}

/* response NULL: it could not be composed. */
static void record(struct delivery *d, const struct client_response *response) {
    struct endpoint *endpoint = endpoint_by_id(d->n, d->endpoint);
    struct attempt attempt = {ATTEMPT_EVENT, attempt_outcome_of(response), d->id, response};
    db_group_begin(d->group, DB_WRITE);
    struct db_call *call = db_group_add(d->group, &DONE);
    db_set_int8(call, 1, d->id);
    db_set_int8(call, 2, d->created_at);
    db_set_int2(call, 3, (int16_t)d->state);
    db_set_int2(call, 4, (int16_t)d->attempts);
    db_set_int8(call, 5, d->next_at);
    db_set_int4(call, 6, d->status);
    db_set_string(call, 7, d->error);
    db_set_int8(call, 8, d->state == DELIVERED ? clock_now() : 0);
    if (d->state == WAITING) {
        call = db_group_add(d->group, &BEHIND);
        db_set_int8(call, 1, d->ticket);
        db_set_int8(call, 2, d->endpoint);
        db_set_int8(call, 3, d->id);
        db_set_int8(call, 4, d->next_at);
    }
    if (endpoint) {
        slots_attempted(endpoint, attempt.outcome == ATTEMPT_DELIVERED);
        attempt_log(endpoint, &attempt, d->group);
    }
    db_send(d->n->db, d->group, TIMEOUT_MS, on_recorded, d);
}

static void on_response(void *context, const struct client_response *response) {
    struct delivery *d = context;
    failpoint("notification.after_post");
    d->status = response->status;
    d->attempts++;
    if (response->err == ERR_NONE && response->status >= 200 && response->status < 300) {
        d->state = DELIVERED;
        d->error[0] = 0;
    } else {
        snprintf(d->error, sizeof d->error, "%s", response->err == ERR_NONE ? "unexpected status" : response->message);
        bool dead = response->status == 410 || d->attempts >= notification_config.attempts_max;
        d->state = dead ? DEAD : WAITING;
        d->next_at = clock_now() + attempt_pause_ms(d->attempts, response->retry_after_s);
    }
    metric_add(&attempts, d->state == DELIVERED ? 0 : d->state == WAITING ? 1 : 2, 1);
    if (d->state == DEAD) log_warn("dead_letter", LOG_ID("delivery", d->id), LOG_INT("status", d->status));
    record(d, response);
}

/* ---- an attempt ----------------------------------------------------------------------------------------------------------------------- */

static void post(struct notification *n, struct endpoint *endpoint, const struct event_row *row, struct delivery *d) {
    struct letter letter = {.header_count = 0};
    char id[EVENT_ID_BYTES];
    event_id(row, id);
    if (endpoint->channel->compose(n->reference, endpoint, row, id, clock_now(), &letter)) {
        letter_send(n, endpoint, &letter, notification_config.timeout, on_response, d);
    } else {
        d->state = DEAD;
        d->attempts++;
        snprintf(d->error, sizeof d->error, "the event could not be composed");
        record(d, NULL);
    }
    buffer_done(&letter.body);
}

static void start(struct notification *n, const struct db_result *rows, int i) {
    struct endpoint *endpoint = endpoint_by_id(n, db_get_int(rows, i, 2));
    if (!endpoint || !endpoint_is_open(endpoint)) return;
    struct delivery *d = calloc(1, sizeof *d);
    must(d);
    *d = (struct delivery){.next = n->deliveries,
                           .n = n,
                           .group = db_group_new(),
                           .id = db_get_int(rows, i, 0),
                           .created_at = db_get_int(rows, i, 1),
                           .endpoint = endpoint->id,
                           .ticket = db_get_int(rows, i, 3),
                           .began = clock_monotonic_ms(),
                           .attempts = (int)db_get_int(rows, i, 8)};
    n->deliveries = d;
    n->under_way++;
    endpoint->now.under_way++;
    size_t external_len;
    struct event_row row = {.shard = (uint16_t)notification_config.shard,
                            .ticket = d->ticket,
                            .request = db_get_int(rows, i, 4),
                            .seq = db_get_int(rows, i, 5),
                            .type = (int)db_get_int(rows, i, 6),
                            .at = db_get_int(rows, i, 7),
                            .version = (uint32_t)db_get_int(rows, i, 9),
                            .external_id = db_get_text(rows, i, 11, &external_len)};
    row.body = db_get_bytes(rows, i, 10, &row.body_len);
    row.answer.at[0] = db_get_bytes(rows, i, 12, &row.answer.len[0]);
    row.answer.at[1] = db_get_bytes(rows, i, 13, &row.answer.len[1]);
    post(n, endpoint, &row, d);
}

static void on_polled(void *context, const struct db_reply *reply) {
    struct notification *n = context;
    n->polling = false;
    if (reply->err != ERR_NONE) return;
    const struct db_result *rows = reply->results[0];
    for (int i = 0; i < db_rows(rows) && n->under_way < UNDER_WAY_MAX; i++) start(n, rows, i);
    metric_set(&under_way, 0, (double)n->under_way);
    deliver_turn(n); /* if a slot or a row came free meanwhile */
}

void deliver_turn(struct notification *n) {
    if (n->polling || n->draining || clock_monotonic_ms() < n->poll_at || !db_is_up(n->db) || !n->reference) return;
    db_group_begin(n->poll_group, DB_READ);
    struct db_call *call = db_group_add(n->poll_group, &POLL);
    db_set_int8(call, 3, clock_now());
    db_set_array(call, 4, DB_INT8);
    for (const struct delivery *d = n->deliveries; d; d = d->next) db_push_int8(call, 4, d->id);
    if (!slots_give(n, call)) {
        n->poll_at = clock_monotonic_ms() + POLL_EACH_MS;
        return;
    }
    n->polling = true;
    n->poll_at = clock_monotonic_ms() + POLL_EACH_MS;
    db_send(n->db, n->poll_group, TIMEOUT_MS, on_polled, n);
}

void deliver_open(struct notification *n) {
    n->poll_group = db_group_new();
}

void deliver_close(struct notification *n) {
    while (n->deliveries) forget(n->deliveries);
    db_group_free(&n->poll_group);
}
