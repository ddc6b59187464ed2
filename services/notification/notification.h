/* The notification service's parts:
 *     endpoints.c   where things go: kept fresh, how each stands now
 *     follow.c      committed events -> delivery rows, cursor and rows in one transaction
 *     deliver.c     delivery rows -> attempts, in order per ticket and endpoint, with retry and dead letters
 *     slots.c       how many attempts an endpoint may have under way, so that one that hangs delays nobody else
 *     probe.c       challenges that prove an address, and tests somebody asked for
 *     attempt.c     what came of an attempt, and the log of them
 *     notices.c     committed events -> what people read
 *     people.h      what of that goes out to people: letters by SMS, mail, robots of chat groups
 *     channels.def  the ways out to systems, one row each; channel_NAME.c composes what is sent
 *                   (what a webhook says is services/kit/event_json.h)
 *     notification.c  the service: configuration, news, health */
#ifndef NOTIFICATION_NOTIFICATION_H
#define NOTIFICATION_NOTIFICATION_H

#include "common/bus.h"
#include "common/client.h"
#include "common/crypto.h"
#include "common/db.h"
#include "services/kit/attempt.h"
#include "services/kit/event_json.h"
#include "services/kit/kit.h"
#include "services/kit/reference.h"
#include "services/notification/channels.def"

enum { ENDPOINT_MATTERS_MAX = 32, UNDER_WAY_MAX = 256, LETTERS_UNDER_WAY_MAX = 256 };

struct notification_config {
    int64_t shard;
    int64_t attempts_max;
    int64_t timeout;     /* of one attempt, ms */
    int64_t retry_first; /* ms */
    int64_t retry_max;   /* ms */
    int64_t per_endpoint;
    int64_t waiting_max; /* deliveries of one endpoint, letters of one carrier */
    int64_t digest;      /* ms */
    int64_t letter_attempts;
    char *ca_file;
};

/* How an endpoint stands, beside its row; kept when the rows are read again. */
struct endpoint_now {
    int under_way;
    int64_t oldest;   /* monotonic: since when; only good while slots are given out */
    int failures;     /* in a row */
    int64_t rests;    /* monotonic: no attempt begins before */
    int64_t waiting;  /* delivery rows; counted anew now and then */
    bool told_full;   /* in the log */
    bool probing;     /* a challenge is under way */
    int challenges;   /* in a row that failed */
    int64_t probe_at; /* monotonic: when to challenge next */
    int64_t attempts; /* logged so far: the ring's next slot */
};

/* A part of the catalogue: matters from first to last. */
struct matter_range {
    uint32_t first, last;
};

struct endpoint {
    int64_t id;
    const struct notification_channel *channel;
    char *url;
    char secret[CRYPTO_WEBHOOK_SECRET_BYTES * 2], secret_old[CRYPTO_WEBHOOK_SECRET_BYTES * 2];
    time_ms secret_old_until; /* 0: there is none */
    uint32_t unit, source;    /* one of them */
    uint64_t events;          /* bits 1 << enum event_type; 0: all it may know */
    struct matter_range matters[ENDPOINT_MATTERS_MAX];
    int matter_count; /* 0: every matter */
    bool paused;
    bool unverified; /* the address as it is now: nothing but the challenge goes there */
    time_ms verified_at;
    struct endpoint_now now;
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
    int64_t endpoints_at, counted_at; /* monotonic, of the last load; when what waits was counted */
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
    struct probes *probes;   /* probe.c */
    struct people *people;   /* people.h */
    size_t turn;             /* slots.c: the endpoint whose turn it is to begin */
    /* deliver.c */
    struct db_group *poll_group;
    bool polling;
    int64_t poll_at; /* monotonic: when to look next */
    size_t under_way;
    struct delivery *deliveries; /* under way */
};

/* A delivery under way (deliver.c). */
struct delivery {
    struct delivery *next;
    struct notification *n;
    struct db_group *group;
    int64_t id, created_at, endpoint, ticket;
    int64_t began; /* monotonic */
    int attempts, state, status;
    time_ms next_at;
    char error[160];
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

/* ---- endpoints.c ---- */

/* Reads them and the approved networks when they changed or it is time. */
void endpoints_turn(struct notification *n);
void endpoints_changed(struct notification *n); /* now; nothing is followed until they are read */
void endpoints_free(struct notification *n);
/* By id; NULL when it is gone. */
struct endpoint *endpoint_by_id(struct notification *n, int64_t id);
/* Whether deliveries may go there now. */
static inline bool endpoint_is_open(const struct endpoint *endpoint) {
    return !endpoint->paused && !endpoint->unverified;
}

/* ---- slots.c ---- */

/* Fills unnest($1 endpoints, $2 rooms) of the statement that looks for work. False: there is no room anywhere. */
bool slots_give(struct notification *n, struct db_call *call);
/* An attempt ended: who fails a dozen times in a row rests between attempts, up to 200 ms. */
void slots_attempted(struct endpoint *endpoint, bool taken);

/* ---- probe.c ---- */

void probes_open(struct notification *n);
void probes_turn(struct notification *n); /* each tick: challenges that are due */
void probes_take(struct notification *n); /* what somebody asked for; endpoints are fresh */
void probes_close(struct notification *n);

/* ---- attempt.c ---- */

/* Of a response (NULL: there was none, it could not be composed). */
struct attempt {
    int kind, outcome; /* kit/attempt.h */
    int64_t about;     /* delivery or probe */
    const struct client_response *response;
};
/* Adds the row of the log to a writing group. */
void attempt_log(struct endpoint *endpoint, const struct attempt *attempt, struct db_group *group);
/* retry_first, doubled each time, up to retry_max; +-20 % so that a returning endpoint is not hit by all at once. ms */
int64_t attempt_pause_ms(int attempts_made, int64_t retry_after_s);

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
/* Signs letter->body as it stands, by Standard Webhooks: id, time and signature (while a secret is being replaced, both) as headers. */
bool webhook_sign(const struct endpoint *endpoint, const char *id, time_ms now, struct letter *letter);
/* Sends the letter to the endpoint's address. */
void letter_send(struct notification *n, const struct endpoint *endpoint, const struct letter *letter,
                 int64_t timeout_ms, client_done *done, void *context);
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
