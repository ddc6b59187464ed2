/* The notification service's parts:
 *     follow.c      committed events -> delivery rows, cursor and rows in one transaction
 *     deliver.c     delivery rows -> attempts, in order per ticket and endpoint, with retry and dead letters
 *     channels.def  the ways out, one row each; channel_NAME.c composes what is sent
 *                   (what a webhook says is services/kit/event_json.h)
 *     notification.c  the service: endpoints, configuration, health */
#ifndef NOTIFICATION_NOTIFICATION_H
#define NOTIFICATION_NOTIFICATION_H

#include "common/bus.h"
#include "common/client.h"
#include "common/crypto.h"
#include "common/db.h"
#include "services/kit/event_json.h"
#include "services/kit/kit.h"
#include "services/kit/reference.h"
#include "services/notification/channels.def"

enum { ENDPOINTS_MAX = 1000, ENDPOINT_EVENTS_MAX = 64 };

struct notification_config {
    int64_t shard;
    int64_t attempts_max;
    int64_t timeout;     /* of one attempt, ms */
    int64_t retry_first; /* ms */
    int64_t retry_max;   /* ms */
    int64_t per_endpoint;
};

struct endpoint {
    int64_t id;
    const struct notification_channel *channel;
    char *url;
    char secret[CRYPTO_WEBHOOK_SECRET_BYTES * 2];
    uint32_t unit, source; /* one of them */
    uint64_t events;       /* bits 1 << enum event_type; 0: all it may know */
    bool paused;
    int under_way;
};

struct notification {
    struct kit *kit;
    char *conninfo;
    struct db *db;
    struct bus *bus;
    struct bus_socket *news;
    struct client *client;
    struct crypto_keys *keys;
    struct reference_loader *loader;
    struct reference *reference;
    bool reference_loading;
    uint32_t world; /* version the router works with */
    struct endpoint *endpoints;
    size_t endpoint_count;
    bool endpoints_loading, endpoints_changed;
    int64_t endpoints_at; /* monotonic, of the last load */
    struct db_group *endpoint_group, *listen_group;
    struct loop_timer *timer;
    bool draining;
    /* follow.c */
    struct db_group *follow_group, *write_group;
    bool following;
    int64_t cursor;            /* events up to here were looked at; -1: not read yet */
    int64_t stored, stored_at; /* the cursor in the database; monotonic */
    int64_t head_seq, follow_to;
    struct notices *notices; /* notices.c */
    /* deliver.c */
    struct db_group *poll_group;
    bool polling;
    int64_t poll_at; /* monotonic: when to look next */
    size_t under_way;
    struct delivery *deliveries; /* under way */
};

extern struct notification_config notification_config;
extern const struct service notification_service;

void follow_open(struct notification *n);
void follow_turn(struct notification *n);
void follow_close(struct notification *n);

void notices_open(struct notification *n);
void notices_turn(struct notification *n); /* each tick */
void notices_close(struct notification *n);

void deliver_open(struct notification *n);
void deliver_turn(struct notification *n);
void deliver_close(struct notification *n);

/* By id; NULL when it is gone. */
struct endpoint *endpoint_by_id(struct notification *n, int64_t id);

/* ---- channels: the ways out ---- */

enum { LETTER_HEADERS_MAX = 6, LETTER_HEADER_BYTES = 200 };

/* One HTTP POST as a channel composed it. */
struct letter {
    struct buffer body;
    char headers[LETTER_HEADERS_MAX][LETTER_HEADER_BYTES]; /* "Name: value" */
    size_t header_count;
};

struct notification_channel {
    const char *name; /* endpoint.channel */
    /* Composes the letter for one event; `id` is the event's constant one. False when it cannot be: a dead letter. */
    bool (*compose)(const struct reference *reference, const struct endpoint *endpoint, const struct event_row *row,
                    const char *id, time_ms now, struct letter *letter);
};
/* The head of that function, in channel_NAME.c. */
#define CHANNEL_COMPOSE(name)                                                                                          \
    bool channel_##name##_compose(const struct reference *reference, const struct endpoint *endpoint,                  \
                                  const struct event_row *row, const char *id, time_ms now, struct letter *letter)
#define CHANNEL_DECLARE(name) CHANNEL_COMPOSE(name);
CHANNELS(CHANNEL_DECLARE)

/* NULL when there is no channel of that name. */
const struct notification_channel *channel_by_name(const char *name);
/* Appends a header; false when it does not fit. */
bool letter_header(struct letter *letter, const char *name, const char *value);

#endif
