/* The router service's parts and how they share one struct. The parts, in the order a message meets them:
 *     doors.c   messages from the bus into the inbox, answers and changes out to it
 *     cycle.c   inbox -> batch -> engine -> transaction -> answers: the self-clocking group commit
 *     shard.c   holding the shard: lease, loading, sweeping up requests without a ticket
 *     router.c  the service: configuration, start, health
 * engine*.c, store.c, writer.c, projection.c know nothing of this struct. */
#ifndef ROUTER_ROUTER_H
#define ROUTER_ROUTER_H

#include "common/bus.h"
#include "common/db.h"
#include "common/loop.h"
#include "services/kit/kit.h"
#include "services/kit/quiet.h"
#include "services/kit/reference.h"
#include "services/router/engine.h"
#include "services/router/projection.h"
#include "services/router/writer.h"

struct router_config {
    int64_t shard;
    int64_t lease;     /* ms */
    int64_t batch_max; /* commands in a transaction */
    int64_t ahead_min; /* commands that make a second one beside it */
    int64_t backlog_max;
    int64_t quiet_core; /* -1: none */
};

/* One message waiting for, or in, a batch. */
struct item {
    struct item *next;
    struct bus_peer peer; /* len 0: from the sweep, nobody waits for an answer */
    int64_t id;           /* the sender's */
    int type;             /* MESSAGE_request_new, MESSAGE_command or MESSAGE_timer_due */
    union {
        struct request_new request_new;
        struct command command; /* texts point into bytes */
        struct timer_due timer_due;
    } in;
    union {
        struct request_routed request_routed;
        struct reply reply;
        struct timer_done timer_done;
    } out;
    size_t len;
    uint8_t bytes[];
};

/* A batch from the moment its messages leave the inbox until they are answered. Two may be under way: while the first is being
 * stored, the second is decided on what the first one leaves and sent after it. The fence refuses it if the first was refused. */
enum flight_state {
    FLIGHT_FREE,
    FLIGHT_READING, /* what it needs to be decided */
    FLIGHT_WRITING,
    FLIGHT_NOTHING, /* nothing to store: its answers wait for the first one's end */
    FLIGHT_GIVEN_UP /* with the first one; its transaction is refused by the fence */
};
struct flight {
    struct router *router;
    enum flight_state state;
    uint64_t round; /* of the router, when it was sent */
    struct item *items[BATCH_COMMANDS_MAX];
    uint32_t count;
    bool retried;              /* from the retry list */
    const struct batch *batch; /* as the engine gave it, good until the second one after it begins */
    int64_t sent_at_ns;        /* monotonic */
    struct writer_needs needs;
    struct db_group *read, *write;
};

enum { SWEEP_MARKS = 16, FLIGHTS = 2 };

enum router_state {
    ROUTER_AWAY,    /* no database */
    ROUTER_LEASING, /* asking for the lease */
    ROUTER_LOADING, /* reading reference data and open tickets */
    ROUTER_SERVING
};

struct router {
    struct kit *kit;
    enum router_state state;
    uint64_t round;   /* counts the times everything was dropped; answers from an earlier round mean nothing */
    struct db *db;    /* the one that writes; the lease is its backend's */
    struct db *reads; /* what batches need to be decided */
    struct db *side;  /* reads that need not wait for the batch: reference data, sweeps */
    struct bus *bus;
    struct bus_socket *door, *news; /* NULL while another may hold the shard */
    int64_t beat_at;                /* monotonic */
    uint32_t bound_epoch;           /* under which they were bound, or kept */
    struct engine *engine;
    struct projection *projection;
    struct reference_loader *loader;
    struct reference *reference;
    bool reference_stale; /* a newer version is in the database */
    bool reference_loading;
    struct loop_timer *timer, *gather;
    struct loop_hook *hook;
    /* inbox */
    struct item *inbox, **inbox_end;
    size_t inbox_count;
    bool draining;
    /* batches under way */
    struct flight flights[FLIGHTS], *first, *second;
    uint32_t batch_last; /* messages in the one begun last */
    uint64_t taken;      /* messages in all of them */
    int64_t sent_at_ns;  /* monotonic, when the last one was sent */
    struct item
        *retry; /* halves of a batch that was refused, tried before the inbox; each run ends where `split` says */
    uint32_t retry_run;
    struct db_group *lease_group, *load_group, *sweep_group, *park_group, *partition_group;
    /* holding the shard */
    time_ms lease_until;
    int64_t held_since, asked_at; /* monotonic: when the lease in force was asked for; when it was last asked for */
    bool keeping;
    uint32_t taken_epoch; /* what the lease was taken under; 0: it was not */
    int64_t loaded_to;    /* number of the last open ticket read; -1: the head is not read yet */
    bool loaded;          /* all are read; to serve, the lease must be held too */
    int64_t loading_since;
    int64_t swept_to, swept_at;              /* request number, monotonic */
    int64_t seen_to, seeing_to, settling_to; /* request numbers: looked at once; of the sweep under way */
    struct sweep_mark {
        int64_t at, newest; /* monotonic; the newest request number then */
    } marks[SWEEP_MARKS];
    uint32_t mark_next;
    bool sweeping, sweep_more; /* under way; the last one found a full page */
    uint32_t counted_by;       /* version of the reference data all open deadlines are counted by */
    int64_t *recount;          /* tickets whose deadlines are still to be counted anew */
    size_t recount_next, recount_count;
    bool recount_closed;                    /* there are closed units a ticket may stand with */
    char recount_why[REASON_BYTES_MAX + 1]; /* what was loaded since; goes into their events */
    int32_t partitions_date;                /* local date for which partitions were last ensured */
    struct quiet *quiet;                    /* NULL: it runs where there is room */
    uint64_t taken_before;                  /* messages, when the load was asked for */
};

extern struct router_config router_config;
extern const struct service router_service;

/* doors.c */
void doors_open(struct router *router);
void doors_close(struct router *router);
/* Takes the addresses over, as the one that holds the shard; nothing when it has them. */
enum err doors_bind(struct router *router);
/* Another router holds the shard: whoever is connected here must find that one. Empties the inbox. */
void doors_unbind(struct router *router);
void doors_push(struct router *router, struct item *item);
/* Sends what item.out says; frees nothing. */
void doors_answer(struct router *router, const struct item *item);
/* Tells everybody what a committed batch changed. */
void doors_publish(struct router *router, const struct batch *batch);
void doors_beat(struct router *router);
/* Empties the inbox; senders will ask again. */
void doors_drop(struct router *router);

/* cycle.c: one turn of the batch cycle; true when it did something. */
bool cycle_turn(void *router);
void cycle_drop(struct router *router);
bool cycle_is_idle(const struct router *router);

/* shard.c */
void shard_db_state(void *router, struct db *db, enum err err, const char *message);
void shard_tick(void *router); /* each 50 ms */
/* Something is not as it must be: drop the memory, take the lease again, reload. */
void shard_drop(struct router *router, const char *why);
/* Reads newer reference data; a batch begun after it uses them. */
void shard_reload_reference(struct router *router);
/* Whether the lease still runs by our own clock. A process that was stopped answers nothing from memory before it knows. */
bool shard_is_held(const struct router *router);
time_ms shard_next_lease(struct router *router);

#endif
