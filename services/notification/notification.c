/* The notification service: endpoints and reference data kept fresh, the bell heard, its parts given their turns. */
#define _GNU_SOURCE /* asprintf */
#include "services/notification/notification.h"
#include "services/notification/people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "proto/codec.h"
#include "proto/must.h"

enum { TICK_MS = 20, TIMEOUT_MS = 20000, PROBES_ROOM = 64 };

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
    CONFIG_KEY(struct notification_config, waiting_max, CONFIG_INT, "100000", .min = 1, .max = 10000000,
               .doc_en = "Deliveries that may wait for one endpoint; beyond it new ones become dead letters at once.",
               .doc_zh = "一个接收端最多可积压的投递; 超过后新的投递直接转为死信。"),
    CONFIG_KEY(struct notification_config, digest, CONFIG_DURATION, "5m", .min = 0, .max = 86400000,
               .doc_en = "How long an ordinary notice to somebody waits for others, to go out with them as one letter.",
               .doc_zh = "普通通知等待合并外发的时间。"),
    CONFIG_KEY(struct notification_config, letter_attempts, CONFIG_INT, "3", .min = 1, .max = 100,
               .doc_en = "Attempts by one way before a letter takes the recipient's next one.",
               .doc_zh = "一种告知方式失败多少次后改用下一种。"),
    CONFIG_KEY(struct notification_config, ca_file, CONFIG_PATH, "",
               .doc_en =
                   "Certificates of the authorities that endpoints and carriers are trusted by; empty: the system's.",
               .doc_zh = "核验接收端和通道所用的根证书文件; 空为系统自带。"),
    CONFIG_END};

static const struct db_statement LISTEN = {"notification_listen", "LISTEN endpoints"};

static void on_notify(void *context, const char *channel, const char *payload) {
    (void)channel, (void)payload;
    endpoints_changed(context);
    people_changed(context);
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
    endpoints_turn(n);
    load_reference(n);
    if (n->draining) return;
    probes_turn(n);
    follow_turn(n);
    notices_turn(n);
    deliver_turn(n);
    people_turn(n);
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
    /* how many run is decided per endpoint (slots.c); none waits in the client, where its time would run */
    enum { CALLS = UNDER_WAY_MAX + PROBES_ROOM + LETTERS_UNDER_WAY_MAX };
    const char *ca_file = notification_config.ca_file;
    struct client_options client_options = {
        .calls_max = CALLS, .calls_per_host_max = CALLS, .user_agent = "Paidan", .ca_file = *ca_file ? ca_file : NULL};
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
    probes_open(n);
    people_open(n);
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
    return n->under_way == 0 && !n->following && !n->polling && people_are_done(n);
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
    probes_close(n);
    people_close(n);
    db_group_free(&n->endpoint_group);
    db_group_free(&n->listen_group);
    reference_loader_free(&n->loader);
    bus_free(&n->bus);
    endpoints_free(n);
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
