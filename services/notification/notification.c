/* The notification service: endpoints and reference data kept fresh, the bell heard, its parts given their turns. */
#define _GNU_SOURCE /* asprintf */
#include "services/notification/notification.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "proto/codec.h"
#include "proto/must.h"
#include "services/kit/sealed.h"

enum { TICK_MS = 20, ENDPOINTS_EACH_MS = 3000, TIMEOUT_MS = 20000 };

struct notification_config notification_config;

static const struct config_key keys[] = {
    CONFIG_KEY(struct notification_config, shard, CONFIG_INT, "1", .min = 1, .max = 99,
               .doc_en = "The shard (district) whose events it sends out.", .doc_zh = "所负责的分片 (区)。"),
    CONFIG_KEY(struct notification_config, attempts_max, CONFIG_INT, "12", .min = 1, .max = 100,
               .doc_en = "Attempts before a delivery becomes a dead letter.", .doc_zh = "投递多少次仍失败后转为死信。"),
    CONFIG_KEY(struct notification_config, timeout, CONFIG_DURATION, "10s", .min = 100, .max = 60000,
               .doc_en = "Longest time of one attempt.", .doc_zh = "一次投递的最长时间。"),
    CONFIG_KEY(struct notification_config, retry_first, CONFIG_DURATION, "1s", .min = 10, .max = 3600000,
               .doc_en = "Pause before the second attempt; doubled after each.",
               .doc_zh = "第二次投递前的间隔, 之后逐次加倍。"),
    CONFIG_KEY(struct notification_config, retry_max, CONFIG_DURATION, "1h", .min = 10, .max = 86400000,
               .doc_en = "Longest pause between attempts.", .doc_zh = "两次投递间的最长间隔。"),
    CONFIG_KEY(struct notification_config, per_endpoint, CONFIG_INT, "4", .min = 1, .max = 64,
               .doc_en = "Deliveries to one endpoint at the same time.", .doc_zh = "对同一接收端同时进行的投递数。"),
    CONFIG_END};

static const struct db_statement ENDPOINTS = {
    "notification_endpoints", "SELECT id, channel, url, coalesce(unit, 0), coalesce(source, 0), secret_sealed, paused, "
                              "coalesce((SELECT sum(DISTINCT 1::int8 << t) FROM unnest(events) t)::int8, 0) FROM "
                              "endpoint ORDER BY id LIMIT 1000"};
static const struct db_statement LISTEN = {"notification_listen", "LISTEN endpoints"};
static const struct db_statement NETWORKS = {"notification_networks", "SELECT cidr FROM approved_network LIMIT 256"};

/* ---- endpoints ---------------------------------------------------------------------------------------------------------------- */

struct endpoint *endpoint_by_id(struct notification *n, int64_t id) {
    for (size_t i = 0; i < n->endpoint_count; i++)
        if (n->endpoints[i].id == id) return &n->endpoints[i];
    return NULL;
}

static void free_endpoints(struct endpoint *endpoints, size_t count) {
    for (size_t i = 0; i < count; i++) {
        crypto_forget(endpoints[i].secret, sizeof endpoints[i].secret);
        free(endpoints[i].url);
    }
    free(endpoints);
}

static bool read_endpoint(struct notification *n, const struct db_result *rows, int i, struct endpoint *to) {
    size_t len, secret_len;
    to->id = db_get_int(rows, i, 0);
    to->channel = channel_by_name(db_get_text(rows, i, 1, &len));
    if (!to->channel) {
        log_error("channel_unknown", LOG_ID("endpoint", to->id));
        return false;
    }
    const uint8_t *sealed = db_get_bytes(rows, i, 5, &len);
    struct crypto_place place = SEALED_SECRET(to->id);
    if (len > sizeof to->secret + CRYPTO_SEAL_BYTES - 1 ||
        crypto_unseal(n->keys, &place, sealed, len, to->secret, &secret_len) != ERR_NONE) {
        log_error("endpoint_secret_unreadable", LOG_ID("endpoint", to->id));
        return false;
    }
    to->url = strdup(db_get_text(rows, i, 2, &len));
    must(to->url);
    to->unit = (uint32_t)db_get_int(rows, i, 3);
    to->source = (uint32_t)db_get_int(rows, i, 4);
    to->paused = db_get_bool(rows, i, 6);
    to->events = (uint64_t)db_get_int(rows, i, 7);
    const struct endpoint *old = endpoint_by_id(n, to->id);
    if (old) to->under_way = old->under_way;
    return true;
}

static void approve_networks(struct notification *n, const struct db_result *rows) {
    struct netaddr_range ranges[256];
    size_t count = 0, len;
    for (int i = 0; i < db_rows(rows) && count < 256; i++)
        if (netaddr_range_parse(db_get_text(rows, i, 0, &len), &ranges[count]) == ERR_NONE) count++;
    client_approve(n->client, ranges, count);
}

static void load_endpoints(struct notification *n);

static void on_endpoints(void *context, const struct db_reply *reply) {
    struct notification *n = context;
    n->endpoints_loading = false;
    if (n->endpoints_changed) { /* meanwhile: what was read may be old already */
        load_endpoints(n);
        return;
    }
    if (reply->err != ERR_NONE) return;
    const struct db_result *rows = reply->results[0];
    struct endpoint *fresh = calloc((size_t)db_rows(rows) + 1, sizeof *fresh);
    must(fresh);
    size_t count = 0;
    for (int i = 0; i < db_rows(rows); i++) count += read_endpoint(n, rows, i, &fresh[count]);
    free_endpoints(n->endpoints, n->endpoint_count);
    n->endpoints = fresh;
    n->endpoint_count = count;
    n->endpoints_at = clock_monotonic_ms();
    approve_networks(n, reply->results[1]);
}

static void load_endpoints(struct notification *n) {
    if (n->endpoints_loading || !db_is_up(n->db)) return;
    if (n->endpoints_changed) n->endpoints_at = 0; /* nothing is followed until they are read */
    n->endpoints_changed = false;
    if (n->endpoints_at && clock_monotonic_ms() - n->endpoints_at < ENDPOINTS_EACH_MS) return;
    n->endpoints_loading = true;
    db_group_begin(n->endpoint_group, DB_READ);
    db_group_add(n->endpoint_group, &ENDPOINTS);
    db_group_add(n->endpoint_group, &NETWORKS);
    db_send(n->db, n->endpoint_group, TIMEOUT_MS, on_endpoints, n);
}

static void on_notify(void *context, const char *channel, const char *payload) {
    struct notification *n = context;
    (void)channel, (void)payload;
    n->endpoints_changed = true;
    load_endpoints(n);
}

static void on_listening(void *context, const struct db_reply *reply) {
    (void)context;
    if (reply->err != ERR_NONE) log_warn("not_listening", LOG_ERR(reply->err)); /* the periodic look goes on */
}

static void on_db_state(void *context, struct db *db, enum err err, const char *message) {
    struct notification *n = context;
    if (err != ERR_NONE) {
        log_warn("database_lost", LOG_TEXT("why", message));
        return;
    }
    n->endpoints_changed = true; /* whatever changed while nobody listened */
    if (db_group_under_way(n->listen_group)) return;
    db_group_begin(n->listen_group, DB_WRITE);
    db_group_add(n->listen_group, &LISTEN);
    db_send(db, n->listen_group, TIMEOUT_MS, on_listening, n);
}

/* ---- reference data -------------------------------------------------------------------------------------------------------------- */

static void on_reference(void *context, enum err err, struct reference *reference, const char *message) {
    struct notification *n = context;
    n->reference_loading = false;
    if (err != ERR_NONE) {
        log_error("reference_not_loaded", LOG_ERR(err), LOG_TEXT("why", message));
        return;
    }
    reference_release(&n->reference);
    n->reference = reference;
}

static void load_reference(struct notification *n) {
    bool fresh = n->reference && n->reference->world.version >= n->world;
    if (fresh || n->reference_loading || !db_is_up(n->db)) return;
    n->reference_loading = true;
    reference_load(n->loader, on_reference, n);
}

/* ---- turns ---------------------------------------------------------------------------------------------------------------------------- */

static void on_news(void *context, const struct bus_message *in) {
    struct notification *n = context;
    static struct message message;
    if (message_decode(in->bytes, in->len, &message, NULL) != CODEC_OK) return;
    int64_t head = 0;
    if (message.info->number == MESSAGE_changes) head = message.changes.to_seq;
    if (message.info->number == MESSAGE_beat) {
        head = message.beat.head_seq;
        n->world = message.beat.world;
    }
    if (head > n->head_seq) n->head_seq = head;
    follow_turn(n);
}

static void on_tick(void *context) {
    struct notification *n = context;
    load_endpoints(n);
    load_reference(n);
    if (n->draining) return;
    follow_turn(n);
    notices_turn(n);
    deliver_turn(n);
}

/* ---- the service ------------------------------------------------------------------------------------------------------------------------ */

static enum err notification_open(struct kit *kit) {
    struct notification *n = calloc(1, sizeof *n);
    must(n);
    kit->self = n;
    n->kit = kit;
    char message[CRYPTO_MESSAGE_BYTES], path[KIT_PATH_BYTES], address[KIT_PATH_BYTES + 8];
    enum err err = crypto_open();
    if (err == ERR_NONE) err = crypto_keys_load(kit->config->key_file, &n->keys, message);
    if (err != ERR_NONE) {
        log_error("keys_not_loaded", LOG_ERR(err), LOG_TEXT("why", message));
        return err;
    }
    n->bus = bus_new(kit->loop);
    kit_path(kit, "bus/events", path);
    snprintf(address, sizeof address, "ipc://%s", path);
    struct bus_options bus_options = bus_defaults();
    bus_options.receive_max = 20000;
    bus_options.silent_ms = BEATS_SILENT_MS;
    err = bus_connect_sub(n->bus, address, &bus_options, on_news, n, &n->news);
    if (err != ERR_NONE) {
        log_error("bus_not_connected", LOG_ERR(err), LOG_TEXT("why", bus_explain(n->bus)));
        return err;
    }
    struct client_options client_options = {
        .calls_max = 256, .calls_per_host_max = (int)notification_config.per_endpoint * 4, .user_agent = "Paidan"};
    n->client = client_new(kit->loop, &client_options);
    /* a page of events joins a few hundred rows to big tables by key, whatever the planner believes of their sizes */
    must(asprintf(&n->conninfo,
                  "%s options='-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off'",
                  kit->config->database) > 0);
    struct db_options db_options = {.conninfo = n->conninfo,
                                    .application_name = "paidan-notification",
                                    .backoff_max_ms = 500,
                                    .on_state = on_db_state,
                                    .on_notify = on_notify,
                                    .context = n};
    n->db = db_new(kit->loop, &db_options);
    n->loader = reference_loader_new(n->db);
    n->endpoint_group = db_group_new();
    n->listen_group = db_group_new();
    follow_open(n);
    notices_open(n);
    deliver_open(n);
    n->timer = loop_timer_new(kit->loop, on_tick, n);
    loop_timer_start(n->timer, TICK_MS, TICK_MS);
    return ERR_NONE;
}

static bool notification_ready(struct kit *kit, char ret_why[KIT_WHY_BYTES]) {
    const struct notification *n = kit->self;
    const char *why = !db_is_up(n->db) ? "the database does not answer"
                      : !n->reference  ? "reference data are being loaded"
                                       : "";
    snprintf(ret_why, KIT_WHY_BYTES, "%s", why);
    return !why[0];
}

static bool notification_drain(struct kit *kit) {
    struct notification *n = kit->self;
    n->draining = true;
    return n->under_way == 0 && !n->following && !n->polling;
}

static void notification_close(struct kit *kit) {
    struct notification *n = kit->self;
    if (!n) return;
    loop_timer_free(&n->timer);
    client_free(&n->client);
    db_free(&n->db);
    if (n->poll_group) deliver_close(n);
    if (n->follow_group) follow_close(n);
    notices_close(n);
    db_group_free(&n->endpoint_group);
    db_group_free(&n->listen_group);
    reference_loader_free(&n->loader);
    bus_free(&n->bus);
    free_endpoints(n->endpoints, n->endpoint_count);
    reference_release(&n->reference);
    crypto_keys_free(&n->keys);
    free(n->conninfo);
    free(n);
    kit->self = NULL;
}

const struct service notification_service = {
    .name = "notification",
    .about_en =
        "Carries what happened to those who must know it: signed webhooks, retried until delivered or a dead letter.",
    .about_zh = "把工单进展送达应知者: 签名回调, 重试至送达或转为死信。",
    .config_keys = keys,
    .config = &notification_config,
    .open = notification_open,
    .ready = notification_ready,
    .drain = notification_drain,
    .close = notification_close,
};
