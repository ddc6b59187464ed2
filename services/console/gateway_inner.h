/* What gateway*.c share; for nobody else. */
#ifndef CONSOLE_GATEWAY_INNER_H
#define CONSOLE_GATEWAY_INNER_H

#include "proto/codec.h"
#include "services/console/gateway.h"

enum { GATEWAY_KEYS_MAX = 1000, GATEWAY_NAME_BYTES = 64, GATEWAY_TIMEOUT_MS = 10000 };

struct gateway_key {
    int64_t id;
    char public_key[BUS_KEY_BYTES];
    struct who who; /* kind WHO_TOKEN; name is the key's */
};

struct gateway_sub;

struct gateway {
    struct console *console;
    struct bus *bus; /* of its own: the key check is for this door alone */
    struct bus_socket *socket;
    struct bus_curve curve;
    struct gateway_key *keys;
    size_t key_count;
    struct db_group *key_group;
    uint32_t key_round, asked_round; /* changes of keys here; at which one the database was asked */
    bool keys_loading, closing;
    int64_t keys_at, bound_at; /* monotonic: when next */
    struct loop_timer *timer;
    struct gateway_sub *subs;
    int sub_count, act_count, audits;
};

/* NULL: withdrawn. Good until the loop's next turn. */
const struct gateway_key *gateway_key_by_id(const struct gateway *gateway, int64_t id);

/* False: the peer has gone, or does not read. */
bool gateway_send(struct gateway *gateway, const struct bus_peer *peer, enum message_type type, int64_t id,
                  const void *body);
void gateway_refuse(struct gateway *gateway, const struct bus_peer *peer, int64_t id, int status, const char *pointer,
                    const char *detail);
/* A refusal into the audit log; nobody waits for it. */
void gateway_audit(struct gateway *gateway, const struct principal *by, const char *action, const char *object,
                   const char *outcome);

/* gateway_events.c */
void gateway_subscribe(struct gateway *gateway, const struct bus_peer *peer, const struct gateway_key *key, int64_t id,
                       const struct subscribe *subscribe);
void gateway_events_tick(struct gateway *gateway);
void gateway_events_free(struct gateway *gateway);

/* gateway_act.c. bytes: the whole message. */
void gateway_act(struct gateway *gateway, const struct bus_peer *peer, const struct gateway_key *key,
                 const struct bus_message *in);

#endif
