/* Endpoints and approved networks as the database has them, read again when a change is told (NOTIFY) and every few seconds anyway.
 * How an endpoint stands (struct endpoint_now) is carried over; a new address begins unproven. */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "proto/must.h"
#include "services/kit/sealed.h"
#include "services/notification/notification.h"

enum { READ_EACH_MS = 3000, COUNT_EACH_MS = 30000, TIMEOUT_MS = 20000, NETWORKS_MAX = 256 };

static const struct db_statement ENDPOINTS = {
    "notification_endpoints",
    "SELECT id, channel, url, coalesce(unit, 0), coalesce(source, 0), secret_sealed, paused, coalesce((SELECT "
    "sum(DISTINCT 1::int8 << t) FROM unnest(events) t)::int8, 0), array_to_string(matters, ','), secret_old_sealed, "
    "secret_old_until, unverified, verified_at FROM endpoint ORDER BY id LIMIT 1000"};
static const struct db_statement NETWORKS = {"notification_networks", "SELECT cidr FROM approved_network LIMIT 256"};
/* How much waits, and how many attempts were logged. */
static const struct db_statement COUNTS = {
    "notification_counts",
    "SELECT e.id, (SELECT count(*) FROM (SELECT FROM delivery d WHERE d.endpoint = e.id AND d.state = 1 LIMIT "
    "$1::int8 + 1) w), "
    "coalesce((SELECT slot FROM endpoint_attempt a WHERE a.endpoint = e.id ORDER BY at DESC, slot DESC LIMIT 1), -1) + "
    "1 FROM endpoint e ORDER BY e.id LIMIT 1000"};

/* ---- one row ------------------------------------------------------------------------------------------------------------------ */

static int by_id(const void *id, const void *endpoint) {
    int64_t a = *(const int64_t *)id, b = ((const struct endpoint *)endpoint)->id;
    return a < b ? -1 : a > b;
}

struct endpoint *endpoint_by_id(struct notification *n, int64_t id) {
    return n->endpoint_count ? bsearch(&id, n->endpoints, n->endpoint_count, sizeof *n->endpoints, by_id) : NULL;
}

static bool read_secret(const struct notification *n, int64_t id, const struct db_result *rows, int i, int column,
                        char *ret_secret) {
    size_t len, secret_len;
    const uint8_t *sealed = db_get_bytes(rows, i, column, &len);
    struct crypto_place place = SEALED_SECRET(id);
    if (len <= CRYPTO_WEBHOOK_SECRET_BYTES * 2 + CRYPTO_SEAL_BYTES - 1 &&
        crypto_unseal(n->keys, &place, sealed, len, ret_secret, &secret_len) == ERR_NONE)
        return true;
    log_error("endpoint_secret_unreadable", LOG_ID("endpoint", id));
    return false;
}

/* "02,030501": what begins with these digits. */
static void read_matters(const char *text, struct endpoint *to) {
    for (char *end; *text && to->matter_count < ENDPOINT_MATTERS_MAX; text = *end ? end + 1 : end) {
        uint32_t first = (uint32_t)strtoul(text, &end, 10), size = 1;
        must(end > text);
        for (ptrdiff_t digits = end - text; digits < 6; digits++) first *= 10, size *= 10;
        to->matters[to->matter_count++] = (struct matter_range){first, first + size - 1};
    }
}

static struct endpoint_now carried_over(struct notification *n, const struct endpoint *fresh) {
    const struct endpoint *old = endpoint_by_id(n, fresh->id);
    if (!old) return (struct endpoint_now){0};
    struct endpoint_now now = old->now;
    if (strcmp(old->url, fresh->url) != 0) now.failures = now.challenges = 0, now.probe_at = now.rests = 0;
    return now;
}

static bool read_endpoint(struct notification *n, const struct db_result *rows, int i, struct endpoint *to) {
    size_t len;
    *to = (struct endpoint){.id = db_get_int(rows, i, 0)};
    to->channel = channel_by_name(db_get_text(rows, i, 1, &len));
    if (!to->channel) {
        log_error("channel_unknown", LOG_ID("endpoint", to->id));
        return false;
    }
    if (!read_secret(n, to->id, rows, i, 5, to->secret)) return false;
    to->secret_old_until = db_is_null(rows, i, 9) ? 0 : db_get_int(rows, i, 10);
    if (to->secret_old_until > clock_now() && !read_secret(n, to->id, rows, i, 9, to->secret_old)) return false;
    to->url = strdup(db_get_text(rows, i, 2, &len));
    must(to->url);
    to->unit = (uint32_t)db_get_int(rows, i, 3);
    to->source = (uint32_t)db_get_int(rows, i, 4);
    to->paused = db_get_bool(rows, i, 6);
    to->events = (uint64_t)db_get_int(rows, i, 7);
    read_matters(db_get_text(rows, i, 8, &len), to);
    to->unverified = db_get_bool(rows, i, 11);
    to->verified_at = db_get_int(rows, i, 12);
    to->now = carried_over(n, to);
    return true;
}

/* ---- all of them ---------------------------------------------------------------------------------------------------------------- */

void endpoints_free(struct notification *n) {
    for (size_t i = 0; i < n->endpoint_count; i++) {
        crypto_forget(n->endpoints[i].secret, sizeof n->endpoints[i].secret);
        crypto_forget(n->endpoints[i].secret_old, sizeof n->endpoints[i].secret_old);
        free(n->endpoints[i].url);
    }
    free(n->endpoints);
    n->endpoints = NULL;
    n->endpoint_count = 0;
}

static void take_rows(struct notification *n, const struct db_result *rows) {
    struct endpoint *fresh = calloc((size_t)db_rows(rows) + 1, sizeof *fresh);
    must(fresh);
    size_t count = 0;
    for (int i = 0; i < db_rows(rows); i++) count += read_endpoint(n, rows, i, &fresh[count]);
    endpoints_free(n);
    n->endpoints = fresh;
    n->endpoint_count = count;
}

static void take_counts(struct notification *n, const struct db_result *rows) {
    for (int i = 0; i < db_rows(rows); i++) {
        struct endpoint *endpoint = endpoint_by_id(n, db_get_int(rows, i, 0));
        if (!endpoint) continue;
        endpoint->now.waiting = db_get_int(rows, i, 1);
        if (endpoint->now.waiting < notification_config.waiting_max) endpoint->now.told_full = false;
        if (!n->counted_at) endpoint->now.attempts = db_get_int(rows, i, 2);
    }
}

static void approve_networks(struct notification *n, const struct db_result *rows) {
    struct netaddr_range ranges[NETWORKS_MAX];
    size_t count = 0, len;
    for (int i = 0; i < db_rows(rows) && count < NETWORKS_MAX; i++)
        if (netaddr_range_parse(db_get_text(rows, i, 0, &len), &ranges[count]) == ERR_NONE) count++;
    client_approve(n->client, ranges, count);
}

static void on_read(void *context, const struct db_reply *reply) {
    struct notification *n = context;
    n->endpoints_loading = false;
    if (n->endpoints_changed) { /* meanwhile: what was read may be old already */
        endpoints_turn(n);
        return;
    }
    if (reply->err != ERR_NONE) return;
    take_rows(n, reply->results[0]);
    approve_networks(n, reply->results[1]);
    if (reply->call_count > 2) {
        take_counts(n, reply->results[2]);
        n->counted_at = clock_monotonic_ms();
    }
    n->endpoints_at = clock_monotonic_ms();
    probes_take(n);
}

void endpoints_turn(struct notification *n) {
    if (n->endpoints_loading || !db_is_up(n->db)) return;
    int64_t now = clock_monotonic_ms();
    if (n->endpoints_changed) n->endpoints_at = 0; /* nothing is followed until they are read */
    n->endpoints_changed = false;
    if (n->endpoints_at && now - n->endpoints_at < READ_EACH_MS) return;
    n->endpoints_loading = true;
    db_group_begin(n->endpoint_group, DB_READ);
    db_group_add(n->endpoint_group, &ENDPOINTS);
    db_group_add(n->endpoint_group, &NETWORKS);
    if (!n->counted_at || now - n->counted_at >= COUNT_EACH_MS)
        db_set_int8(db_group_add(n->endpoint_group, &COUNTS), 1, notification_config.waiting_max);
    db_send(n->db, n->endpoint_group, TIMEOUT_MS, on_read, n);
}

void endpoints_changed(struct notification *n) {
    n->endpoints_changed = true;
    endpoints_turn(n);
}
