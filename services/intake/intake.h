/* The intake service's parts, in the order a request meets them:
 *     door.c     HTTP: one request, or a batch of lines; the answer
 *     pushers.c  who pushes: a program by its token, a person by the session, a resident with neither
 *     open311_door.c a form of Open311, one request
 *     bus_door.c the same over ZeroMQ, one request a message
 *     said.c     what was said, checked field by field; said_json.c reads it from JSON
 *     accept.c   group commit: a row once, a number, repeat or conflict
 *     forward.c  the router is told
 *     intake.c   the service: reference data, health */
#ifndef INTAKE_INTAKE_H
#define INTAKE_INTAKE_H

#include "services/intake/accept.h"
#include "services/intake/forward.h"
#include "services/intake/keys.h"
#include "services/intake/pushers.h"
#include "services/kit/bearer.h"
#include "services/kit/kit.h"
#include "services/kit/places.h"
#include "services/kit/quiet.h"
#include "services/kit/reference.h"
#include "services/kit/who.h"

struct intake_config {
    int64_t waiting_max;
    int64_t unconfirmed_max;
    int64_t connections;
    char *disk_path;
    int64_t disk_free_min;
    char *resident_source;
    int64_t quiet_core; /* -1: none */
};

struct intake {
    struct kit *kit;
    struct db_pool *pool; /* accepting, and looking up tokens */
    struct db *side;      /* reference data, the probe */
    struct crypto_keys *keys;
    struct bearers *bearers;
    struct who_finder *who;
    struct accept *accept;
    struct forward *forward;
    struct keys *push_keys;
    struct bus_door *bus_door;
    struct reference_loader *loader;
    struct reference *reference;
    struct places *places;
    bool loading;
    int64_t load_failed_at; /* monotonic; 0: the last load went well */
    uint32_t world_wanted;  /* version the router works with */
    struct loop_timer *timer;
    struct db_group *probe;
    bool can_commit; /* the last probe said so */
    bool disk_full;
    bool draining;
    struct quiet *quiet;            /* NULL: it runs where there is room */
    struct accept_sent sent_before; /* when the load was asked for */
};

extern struct intake_config intake_config;
extern const struct service intake_service;
extern const struct http_route intake_routes[];

/* Counts a push that was refused; the order is that of the metric's labels. */
enum intake_refusal { INTAKE_NO_TOKEN, INTAKE_BAD_TOKEN, INTAKE_NOT_ALLOWED, INTAKE_MALFORMED, INTAKE_BUSY };
void intake_refused(enum intake_refusal why);

/* open311_door.c: context is the struct kit. */
void open311_post(void *context, struct http_request *http);

/* bus_door.c. NULL when the socket cannot be bound (logged). */
struct bus_door *bus_door_new(struct intake *intake);
void bus_door_free(struct bus_door **door); /* what still waits for its commit must have ended */

#endif
