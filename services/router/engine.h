/* The deterministic half of the router: the open tickets of one shard and the batch being decided. Commands go in, events and new
 * ticket rows come out; the caller stores them and says whether that happened. No I/O, no clock, no threads: the simulator runs
 * this very code. What a step means is core's; what PostgreSQL, Redis and the bus are told is writer.c, projection.c and doors.c.
 *
 * A batch: engine_needs for each waiting message (and lending what it asks for), engine_begin, then engine_request /
 * engine_command / engine_timer for each, then the caller stores engine_batch and calls engine_committed or
 * engine_rolled_back. Until then nothing outside the batch has changed. One more batch may be decided on top of one that is being
 * stored; it sees what that one left, is committed after it and rolled back with it. */
#ifndef ROUTER_ENGINE_H
#define ROUTER_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/ticket.h"
#include "core/world.h"
#include "proto/messages.h"

enum { CHAIN_BYTES = 32, COMMAND_KEY_BYTES = 16, TICKET_BODY_MAX = 8192, EFFECT_BYTES_MAX = 32768 };

struct engine;

/* Where the log of a shard stands. */
struct engine_head {
    uint16_t shard;
    uint32_t epoch;
    int64_t next_seq;    /* the seq the next event gets */
    int64_t next_ticket; /* 1, 2, 3 ... : how many tickets were ever made, plus one */
    time_ms last_at;     /* of the last event; time never falls */
    uint8_t chain[CHAIN_BYTES];
};

struct engine *engine_new(void);
void engine_free(struct engine **engine);

/* Forgets everything and stands at this head. Requests up to `floor` may have tickets the engine does not know of. */
void engine_reset(struct engine *engine, const struct engine_head *head, int64_t request_floor);
/* An open ticket read from the database: its body as stored. False when it cannot be decoded or is not open. */
bool engine_load(struct engine *engine, const uint8_t *body, size_t len);
/* Borrowed; must outlive the engine or be replaced. Not while a batch is decided. */
void engine_set_world(struct engine *engine, const struct world *world);
const struct world *engine_world(const struct engine *engine);

/* The head after the last committed batch. */
const struct engine_head *engine_head(const struct engine *engine);
size_t engine_open_count(const struct engine *engine);
size_t engine_supervised_count(const struct engine *engine);
size_t engine_bytes(const struct engine *engine);
/* The closed unit that something of this open ticket stands with; 0: none, or no such ticket. */
uint32_t engine_strays(const struct engine *engine, int64_t ticket);
/* Numbers of the open tickets, in no order; room for engine_open_count. */
void engine_tickets(const struct engine *engine, int64_t *ret_tickets);
/* The committed state of an open ticket. False when it is not open. */
bool engine_ticket(const struct engine *engine, int64_t ticket, struct ticket *ret_ticket);

/* ---- what a message needs from the database before it can be decided; 0 when nothing ------------------------------- */

int64_t engine_needs_ticket(const struct engine *engine, int64_t ticket); /* a ticket not in memory: closed, or none */
int64_t engine_needs_request(const struct engine *engine, int64_t request); /* whether it has a ticket already */
/* Lent for the coming batch only; what was asked for and not lent does not exist. What is lent was read after the batch before the
 * last one decided was committed: what the last one left counts before it. */
void engine_lend_ticket(struct engine *engine, const uint8_t *body, size_t len);
void engine_lend_request(struct engine *engine, int64_t request, int64_t ticket);
void engine_lend_reply(struct engine *engine, const uint8_t key[COMMAND_KEY_BYTES],
                       const uint8_t body[COMMAND_KEY_BYTES], const struct reply *reply);

/* ---- a batch ------------------------------------------------------------------------------------------------------- */

/* must: at most one batch is pending. */
void engine_begin(struct engine *engine, time_ms now);
/* Whether one more message certainly fits the batch's bounds. */
bool engine_has_room(const struct engine *engine);
void engine_request(struct engine *engine, const struct request_new *request, struct request_routed *ret_routed);
void engine_command(struct engine *engine, const struct command *command, struct reply *ret_reply);
void engine_timer(struct engine *engine, const struct timer_due *timer, struct timer_done *ret_done);

struct batch_event {
    int64_t seq, ticket, user;
    time_ms at;
    uint32_t version, unit;
    uint8_t type, cause, role;
    const uint8_t *body; /* encoded effect */
    uint32_t body_len;
    uint8_t hash[CHAIN_BYTES];
};
/* A ticket as the batch leaves it: its row, and what it was before. A whole struct ticket is 3.7 kB; a batch of them would not stay in a
 * processor's cache from deciding to telling. */
struct batch_ticket {
    struct change change; /* its place in the live queues; created: a row to insert, else to update */
    int64_t request, merged_into;
    time_ms received_at, ended_at;
    uint32_t owner, matter, source, place, outside;
    uint8_t channel;
    bool was_open, was_supervised;
    uint32_t was_owner;
    uint8_t was_state;
    const uint8_t *body; /* encoded */
    uint32_t body_len;
};
struct batch_assignment { /* made in this batch */
    int64_t ticket;
    time_ms offered_at;
    uint32_t unit;
    uint8_t no, kind;
};
struct batch_link { /* a request got its ticket */
    int64_t request, ticket;
};
/* A merge or unmerge, by the event seq: requests answered by `from` are now answered by `to`; back: those whose origin is `to`. */
struct batch_move {
    int64_t from, to, seq;
    bool back;
};
struct batch_key {
    uint8_t key[COMMAND_KEY_BYTES], body[COMMAND_KEY_BYTES];
    struct reply reply;
};

struct batch {
    struct engine_head before, after;
    const struct batch_event *events;
    const struct batch_ticket *tickets;
    const struct batch_assignment *assignments;
    const struct batch_link *links;
    const struct batch_move *moves;
    const struct batch_key *keys;
    uint32_t event_count, ticket_count, assignment_count, link_count, move_count, key_count;
    time_ms now;
};
/* Closes the batch. It is pending now. Borrowed until it is rolled back, or until the second batch after it begins.
 * Neither events nor keys: nothing to store, dismiss it. */
const struct batch *engine_batch(struct engine *engine);
/* The last batch holds nothing to store: it is not pending any more. */
void engine_dismiss(struct engine *engine);

/* The older of the pending ones. */
void engine_committed(struct engine *engine);
/* All that are pending, and what is being decided. */
void engine_rolled_back(struct engine *engine);

#endif
