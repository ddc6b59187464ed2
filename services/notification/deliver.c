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

enum { UNDER_WAY_MAX = 256, POLL_EACH_MS = 500, POLL_SOON_MS = 20, TIMEOUT_MS = 20000, ERROR_BYTES = 160 };
enum { WAITING = 1, DELIVERED = 2, DEAD = 3 };

struct delivery {
    struct delivery *next;
    struct notification *n;
    struct db_group *group;
    int64_t id, created_at, endpoint;
    int attempts, state, status;
    time_ms next_at;
    char error[ERROR_BYTES];
};

static const struct db_statement POLL = {
    "deliver_poll",
    "SELECT d.id, d.created_at, d.endpoint, d.ticket, d.request, d.seq, d.type, d.at, d.attempts, e.version, e.body, "
    "coalesce((SELECT r.external_id FROM request r WHERE r.id = d.request), '') "
    "FROM unnest($1::int8[], $2::int4[]) AS p (endpoint, room) CROSS JOIN LATERAL ("
    "  SELECT * FROM delivery w WHERE w.endpoint = p.endpoint AND w.state = 1 AND w.next_at <= $3::int8 AND w.id <> "
    "ALL ($4::int8[]) "
    "  AND NOT EXISTS (SELECT FROM delivery b WHERE b.endpoint = w.endpoint AND b.ticket = w.ticket AND b.state = 1 "
    "AND b.id < w.id) "
    "  ORDER BY w.id LIMIT p.room) d "
    "JOIN event e ON e.ticket = d.ticket AND e.at = d.at AND e.seq = d.seq"};
static const struct db_statement DONE = {
    "deliver_done",
    "UPDATE delivery SET state = $3::int2, attempts = $4::int2, next_at = $5::int8, status = $6::int4, "
    "error = $7::text, delivered_at = $8::int8 WHERE id = $1::int8 AND created_at = $2::int8 AND state = 1"};

/* ---- the end of an attempt -------------------------------------------------------------------------------------------------------- */

static void forget(struct delivery *d) {
    struct notification *n = d->n;
    for (struct delivery **at = &n->deliveries; *at; at = &(*at)->next) {
        if (*at != d) continue;
        *at = d->next;
        break;
    }
    struct endpoint *endpoint = endpoint_by_id(n, d->endpoint);
    if (endpoint && endpoint->under_way) endpoint->under_way--;
    n->under_way--;
    metric_set(&under_way, 0, (double)n->under_way);
    db_group_free(&d->group);
    free(d);
    if (n->poll_at > clock_monotonic_ms() + POLL_SOON_MS) n->poll_at = clock_monotonic_ms() + POLL_SOON_MS;
}

static void on_recorded(void *context, const struct db_reply *reply) {
    struct delivery *d = context;
    if (reply->err != ERR_NONE) log_warn("delivery_not_recorded", LOG_ID("delivery", d->id), LOG_ERR(reply->err));
    forget(d); /* unrecorded: the row still waits and is sent again, under the same id */
}

static void record(struct delivery *d) {
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
    db_send(d->n->db, d->group, TIMEOUT_MS, on_recorded, d);
}

/* retry_first, doubled each time, up to retry_max; +-20 % so that a returning endpoint is not hit by all at once. */
static int64_t pause_ms(int attempts_made, int64_t retry_after_s) {
    int64_t pause = notification_config.retry_first;
    for (int i = 1; i < attempts_made && pause < notification_config.retry_max; i++) pause *= 2;
    if (pause > notification_config.retry_max) pause = notification_config.retry_max;
    uint32_t random;
    crypto_random(&random, sizeof random);
    pause += pause * ((int64_t)(random % 400) - 200) / 1000;
    if (retry_after_s > 0 && retry_after_s * 1000 > pause)
        pause =
            retry_after_s * 1000 < notification_config.retry_max ? retry_after_s * 1000 : notification_config.retry_max;
    return pause;
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
        d->next_at = clock_now() + pause_ms(d->attempts, response->retry_after_s);
    }
    metric_add(&attempts, d->state == DELIVERED ? 0 : d->state == WAITING ? 1 : 2, 1);
    if (d->state == DEAD) log_warn("dead_letter", LOG_ID("delivery", d->id), LOG_INT("status", d->status));
    record(d);
}

/* ---- an attempt ----------------------------------------------------------------------------------------------------------------------- */

static void post(struct notification *n, struct endpoint *endpoint, const struct event_row *row, struct delivery *d) {
    struct letter letter = {.header_count = 0};
    const char *headers[LETTER_HEADERS_MAX];
    char id[EVENT_ID_BYTES];
    event_id(row, id);
    if (endpoint->channel->compose(n->reference, endpoint, row, id, clock_now(), &letter)) {
        for (size_t i = 0; i < letter.header_count; i++) headers[i] = letter.headers[i];
        struct client_request request = {.method = "POST",
                                         .url = endpoint->url,
                                         .headers = headers,
                                         .header_count = letter.header_count,
                                         .body = letter.body.data,
                                         .body_length = letter.body.length,
                                         .timeout_ms = notification_config.timeout};
        client_send(n->client, &request, on_response, d, NULL);
    } else {
        d->state = DEAD;
        d->attempts++;
        snprintf(d->error, sizeof d->error, "the event could not be composed");
        record(d);
    }
    buffer_done(&letter.body);
}

static void start(struct notification *n, const struct db_result *rows, int i) {
    struct endpoint *endpoint = endpoint_by_id(n, db_get_int(rows, i, 2));
    if (!endpoint || endpoint->paused) return;
    struct delivery *d = calloc(1, sizeof *d);
    must(d);
    *d = (struct delivery){.next = n->deliveries,
                           .n = n,
                           .group = db_group_new(),
                           .id = db_get_int(rows, i, 0),
                           .created_at = db_get_int(rows, i, 1),
                           .endpoint = endpoint->id,
                           .attempts = (int)db_get_int(rows, i, 8)};
    n->deliveries = d;
    n->under_way++;
    endpoint->under_way++;
    size_t len, external_len;
    struct event_row row = {.shard = (uint16_t)notification_config.shard,
                            .ticket = db_get_int(rows, i, 3),
                            .request = db_get_int(rows, i, 4),
                            .seq = db_get_int(rows, i, 5),
                            .type = (int)db_get_int(rows, i, 6),
                            .at = db_get_int(rows, i, 7),
                            .version = (uint32_t)db_get_int(rows, i, 9),
                            .external_id = db_get_text(rows, i, 11, &external_len)};
    row.body = db_get_bytes(rows, i, 10, &len);
    row.body_len = len;
    post(n, endpoint, &row, d);
}

static void on_polled(void *context, const struct db_reply *reply) {
    struct notification *n = context;
    n->polling = false;
    n->poll_at = clock_monotonic_ms() + POLL_EACH_MS;
    if (reply->err != ERR_NONE) return;
    const struct db_result *rows = reply->results[0];
    for (int i = 0; i < db_rows(rows) && n->under_way < UNDER_WAY_MAX; i++) start(n, rows, i);
    metric_set(&under_way, 0, (double)n->under_way);
}

void deliver_turn(struct notification *n) {
    if (n->polling || n->draining || clock_monotonic_ms() < n->poll_at || !db_is_up(n->db) || !n->reference) return;
    int ready = 0;
    db_group_begin(n->poll_group, DB_READ);
    struct db_call *call = db_group_add(n->poll_group, &POLL);
    db_set_array(call, 1, DB_INT8);
    db_set_array(call, 2, DB_INT4);
    db_set_int8(call, 3, clock_now());
    db_set_array(call, 4, DB_INT8);
    for (size_t i = 0; i < n->endpoint_count; i++) {
        const struct endpoint *endpoint = &n->endpoints[i];
        if (endpoint->paused || endpoint->under_way >= notification_config.per_endpoint) continue;
        db_push_int8(call, 1, endpoint->id);
        db_push_int4(call, 2, (int32_t)(notification_config.per_endpoint - endpoint->under_way));
        ready++;
    }
    for (const struct delivery *d = n->deliveries; d; d = d->next) db_push_int8(call, 4, d->id);
    if (!ready || n->under_way >= UNDER_WAY_MAX) {
        n->poll_at = clock_monotonic_ms() + POLL_EACH_MS;
        return;
    }
    n->polling = true;
    db_send(n->db, n->poll_group, TIMEOUT_MS, on_polled, n);
}

void deliver_open(struct notification *n) {
    n->poll_group = db_group_new();
}

void deliver_close(struct notification *n) {
    while (n->deliveries) forget(n->deliveries);
    db_group_free(&n->poll_group);
}
