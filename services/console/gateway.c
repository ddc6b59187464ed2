/* See gateway.h. Who a peer is was settled by CURVE before its first byte came through; here each message asks again whether that
 * key is still registered, so withdrawing one also silences connections that are open. */
#include "services/console/gateway_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/metrics.h"
#include "common/number.h"
#include "proto/must.h"

METRIC_COUNTER(taken, "paidan_console_gateway_messages_total", "Messages of outside systems, by what they were.",
               "message", "subscribe", "act", "other", "unreadable");
METRIC_COUNTER(refused, "paidan_console_gateway_refused_total", "Messages of outside systems that were refused.");

enum { TICK_MS = 20, KEYS_EACH_MS = 2000, BIND_EACH_MS = 2000, QUEUE = 1000, TURN = 64, AUDITS_MAX = 100 };

const struct db_statement GATEWAY_KEYS = {
    "gateway_keys", "SELECT k.id, k.name, k.public_key, t.id, t.role, coalesce(t.unit, 0), s.no, s.source FROM bus_key "
                    "k JOIN token t ON t.id = k.token LEFT JOIN LATERAL unnest(t.sources) WITH ORDINALITY AS s "
                    "(source, no) ON true WHERE NOT t.disabled AND t.expires_at > $1::int8 ORDER BY k.id, s.no"};
static const struct db_statement AUDIT = {
    "gateway_audit", "SELECT audit_append($1::int8, $2::int8, $3::int2, $4::int4, $5::text, $6::text, $7::text, NULL)"};

/* ---- keys -------------------------------------------------------------------------------------------------------------------------- */

const struct gateway_key *gateway_key_by_id(const struct gateway *g, int64_t id) {
    for (size_t i = 0; i < g->key_count; i++)
        if (g->keys[i].id == id) return &g->keys[i];
    return NULL;
}

static void copy_text(char *to, size_t size, const struct db_result *rows, int row, int column) {
    size_t len;
    const char *text = db_get_text(rows, row, column, &len);
    snprintf(to, size, "%.*s", (int)len, text);
}

void gateway_take_keys(struct gateway *g, const struct db_result *rows) {
    g->key_round++;
    g->key_count = 0;
    for (int i = 0; i < db_rows(rows); i++) {
        struct gateway_key *key = g->key_count ? &g->keys[g->key_count - 1] : NULL;
        if (!key || key->id != db_get_int(rows, i, 0)) {
            if (g->key_count == GATEWAY_KEYS_MAX) break;
            key = &g->keys[g->key_count++];
            *key = (struct gateway_key){.id = db_get_int(rows, i, 0), .who = {.kind = WHO_TOKEN}};
            copy_text(key->who.name, sizeof key->who.name, rows, i, 1);
            copy_text(key->public_key, sizeof key->public_key, rows, i, 2);
            key->who.principal = (struct principal){.user = db_get_int(rows, i, 3),
                                                    .role = (uint8_t)db_get_int(rows, i, 4),
                                                    .unit = (uint32_t)db_get_int(rows, i, 5)};
        }
        if (db_is_null(rows, i, 7) || key->who.source_count == WHO_SOURCES_MAX) continue;
        key->who.sources[key->who.source_count++] = (uint32_t)db_get_int(rows, i, 7);
        key->who.principal.source = key->who.sources[0];
    }
}

static void on_keys(void *context, const struct db_reply *reply) {
    struct gateway *g = context;
    g->keys_loading = false;
    if (g->closing || reply->err != ERR_NONE) return; /* those known stay in force; the next round asks again */
    if (g->asked_round == g->key_round) gateway_take_keys(g, reply->results[0]);
}

static void load_keys(struct gateway *g) {
    if (g->keys_loading || db_pool_up(g->console->pool) == 0) return;
    g->keys_loading = true;
    g->asked_round = g->key_round;
    g->keys_at = clock_monotonic_ms() + KEYS_EACH_MS;
    db_group_begin(g->key_group, DB_READ);
    db_set_int8(db_group_add(g->key_group, &GATEWAY_KEYS), 1, clock_now());
    db_pool_send(g->console->pool, g->key_group, GATEWAY_TIMEOUT_MS, on_keys, g);
}

/* The key check: `who` becomes the key's number. */
static bool allow(void *context, const char *public_key, char ret_who[BUS_WHO_BYTES]) {
    const struct gateway *g = context;
    for (size_t i = 0; i < g->key_count; i++) {
        if (strcmp(g->keys[i].public_key, public_key)) continue;
        snprintf(ret_who, BUS_WHO_BYTES, "%lld", (long long)g->keys[i].id);
        return true;
    }
    log_warn("bus_key_unknown", LOG_TEXT("key", public_key));
    return false;
}

/* ---- out ----------------------------------------------------------------------------------------------------------------------------- */

bool gateway_send(struct gateway *g, const struct bus_peer *peer, enum message_type type, int64_t id,
                  const void *body) {
    static uint8_t bytes[MESSAGE_BYTES_MAX];
    struct envelope envelope = {.id = id, .sent_at = clock_now(), .shard = (uint16_t)console_config.shard};
    size_t len;
    return message_encode(type, &envelope, body, bytes, sizeof bytes, &len) == CODEC_OK &&
           bus_send_to(g->socket, peer, bytes, len) == ERR_NONE;
}

void gateway_refuse(struct gateway *g, const struct bus_peer *peer, int64_t id, int status, const char *pointer,
                    const char *detail) {
    struct outcome outcome = {.status = (uint16_t)status,
                              .pointer = {pointer, (uint32_t)strlen(pointer)},
                              .detail = {detail, (uint32_t)strlen(detail)}};
    metric_add(&refused, 0, 1);
    if (!gateway_send(g, peer, MESSAGE_outcome, id, &outcome)) log_debug("refusal_not_sent");
}

static void on_audited(void *context, const struct db_reply *reply) {
    struct db_group *group = context;
    if (reply->err != ERR_NONE) log_warn("refusal_not_audited", LOG_ERR(reply->err));
    db_group_free(&group);
}

void gateway_audit(struct gateway *g, const struct principal *by, const char *action, const char *object,
                   const char *outcome) {
    if (g->audits >= AUDITS_MAX) return; /* in these two seconds; a flood of refusals is counted, not listed */
    g->audits++;
    struct db_group *group = db_group_new();
    db_group_begin(group, DB_WRITE);
    struct db_call *audit = db_group_add(group, &AUDIT);
    db_set_int8(audit, 1, clock_now());
    db_set_int8(audit, 2, by->user);
    db_set_int2(audit, 3, by->role);
    db_set_int4(audit, 4, (int32_t)by->unit);
    db_set_string(audit, 5, action);
    db_set_string(audit, 6, object);
    db_set_string(audit, 7, outcome);
    db_pool_send(g->console->pool, group, GATEWAY_TIMEOUT_MS, on_audited, group);
}

/* ---- in ------------------------------------------------------------------------------------------------------------------------------ */

static void refuse_other(struct gateway *g, const struct bus_message *in, const struct gateway_key *key,
                         const struct message *message) {
    char detail[160];
    metric_add(&taken, 2, 1);
    gateway_audit(g, &key->who.principal, "bus_message", message->info->type->name, "role");
    snprintf(detail, sizeof detail, "a %s is not for this door to take: it takes subscribe and act",
             message->info->type->name);
    gateway_refuse(g, in->peer, message->envelope.id, 403, "", detail);
}

static void on_message(void *context, const struct bus_message *in) {
    struct gateway *g = context;
    static struct message message; /* large; one thread */
    struct codec_fault fault;
    int64_t number = 0;
    const struct gateway_key *key =
        number_parse_int(in->who, strlen(in->who), &number) == ERR_NONE ? gateway_key_by_id(g, number) : NULL;
    if (message_decode(in->bytes, in->len, &message, &fault) != CODEC_OK) {
        char detail[256];
        metric_add(&taken, 3, 1);
        snprintf(detail, sizeof detail, "the message cannot be read: %s, at byte %u, in \"%s\"",
                 codec_error_doc(fault.error), fault.offset, fault.path);
        gateway_refuse(g, in->peer, message.envelope.id, 400, "", detail);
    } else if (!key) {
        gateway_refuse(g, in->peer, message.envelope.id, 401, "",
                       "the key was withdrawn, or its token is disabled or has expired");
    } else if (!g->console->reference || g->console->draining) {
        gateway_refuse(g, in->peer, message.envelope.id, 503, "", "not ready now: send it again later, same key");
    } else if (message.info->number == MESSAGE_subscribe) {
        metric_add(&taken, 0, 1);
        gateway_subscribe(g, in->peer, key, message.envelope.id, &message.subscribe);
    } else if (message.info->number == MESSAGE_act) {
        metric_add(&taken, 1, 1);
        gateway_act(g, in->peer, key, in);
    } else {
        refuse_other(g, in, key, &message);
    }
}

/* ---- life ---------------------------------------------------------------------------------------------------------------------------- */

static void bind_door(struct gateway *g) {
    struct bus_options options = bus_defaults();
    options.send_max = options.receive_max = QUEUE;
    options.message_bytes_max = MESSAGE_BYTES_MAX;
    options.turn_max = TURN;
    options.curve = &g->curve;
    enum err err = bus_bind_router(g->bus, console_config.bus_address, &options, on_message, g, &g->socket);
    if (err == ERR_NONE)
        log_info("gateway_open", LOG_TEXT("address", console_config.bus_address));
    else
        log_error("gateway_not_bound", LOG_ERR(err), LOG_TEXT("why", bus_explain(g->bus)));
}

static void on_tick(void *context) {
    struct gateway *g = context;
    int64_t now = clock_monotonic_ms();
    if (now >= g->keys_at) {
        g->audits = 0;
        load_keys(g);
    }
    if (!g->socket && g->key_round &&
        now >= g->bound_at) { /* not before the keys are known: libzmq's clients give up when
                                                               they are refused once */
        g->bound_at = now + BIND_EACH_MS;
        bind_door(g);
    }
    if (g->socket) gateway_events_tick(g);
}

enum err gateway_open(struct console *console) {
    struct gateway *g = calloc(1, sizeof *g);
    must(g);
    console->gateway = g;
    g->console = console;
    if (!*console_config.bus_key_file) return ERR_NONE;
    enum err err = bus_curve_load(console_config.bus_key_file, &g->curve);
    if (err != ERR_NONE) {
        log_error("bus_key_file_unreadable", LOG_ERR(err), LOG_TEXT("path", console_config.bus_key_file));
        return err;
    }
    if (!*console_config.bus_address) return ERR_NONE;
    g->keys = calloc(GATEWAY_KEYS_MAX, sizeof *g->keys);
    must(g->keys);
    g->key_group = db_group_new();
    g->bus = bus_new(console->kit->loop);
    err = bus_curve_server(g->bus, allow, g);
    if (err != ERR_NONE) {
        log_error("gateway_without_key_check", LOG_ERR(err), LOG_TEXT("why", bus_explain(g->bus)));
        return err;
    }
    g->timer = loop_timer_new(console->kit->loop, on_tick, g);
    loop_timer_start(g->timer, TICK_MS, TICK_MS);
    return ERR_NONE;
}

void gateway_close(struct console *console) {
    struct gateway *g = console->gateway;
    g->closing = true;
    if (g->timer) loop_timer_free(&g->timer);
    if (g->bus) bus_free(&g->bus);
    g->socket = NULL;
}

void gateway_free(struct console *console) {
    struct gateway *g = console->gateway;
    gateway_events_free(g);
    db_group_free(&g->key_group);
    free(g->keys);
    explicit_bzero(&g->curve, sizeof g->curve);
    free(g);
    console->gateway = NULL;
}

bool gateway_is_listening(const struct gateway *g) {
    return g->socket != NULL;
}

const char *gateway_server_key(const struct gateway *g) {
    return g->curve.public_key;
}
