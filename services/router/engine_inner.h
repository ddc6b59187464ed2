/* The engine's inside, shared by engine.c (life, loading, lending, the end of a batch), engine_work.c (tickets and events of the
 * batch) and engine_decide.c (the three kinds of message). Nobody else includes it. */
#ifndef ROUTER_ENGINE_INNER_H
#define ROUTER_ENGINE_INNER_H

#include "proto/codec.h"
#include "proto/must.h"
#include "services/router/engine.h"
#include "services/router/recent.h"
#include "services/router/store.h"

enum {
    TICKETS_MAX = BATCH_COMMANDS_MAX * 2 + 2, /* a command touches at most two, or makes one */
    EVENTS_MAX = BATCH_COMMANDS_MAX * 4 + STEP_EVENTS_MAX * 2,
    ASSIGNMENTS_MAX = EVENTS_MAX * 2,
    BYTES_MAX = 32 << 20,
    LENT_MAX = BATCH_COMMANDS_MAX,
    MOVES_MAX = 40,     /* each is a statement of its own */
    WORK_INDEX = 16384, /* a power of two above 2 * TICKETS_MAX */
    KEY_INDEX = 4096,   /* a power of two above 2 * BATCH_COMMANDS_MAX */
    ROOMS = 3,
    WORKS_MAX = 4 /* a command's own ticket, its other, one that it makes; and one to spare */
};

struct lent_ticket {
    int64_t ticket;
    uint8_t *body;
    size_t len;
};
struct lent_reply {
    uint8_t key[COMMAND_KEY_BYTES], body[COMMAND_KEY_BYTES];
    struct reply reply;
};

/* Where a batch lies: three, used in turn. While one is decided, the one before it may be on its way to the database, and the one
 * before that stays whole for those who tell of it. */
struct room {
    struct batch batch;
    bool stands;                     /* what it left is so, or will be: not rolled back, not forgotten */
    uint16_t work_index[WORK_INDEX]; /* place in tickets + 1, by number */
    uint16_t key_index[KEY_INDEX];   /* place in keys + 1, by key */
    struct batch_event *events;
    struct batch_ticket *tickets;
    struct batch_assignment *assignments;
    struct batch_link *links;
    struct batch_move *moves;
    struct batch_key *keys;
    uint8_t *bytes; /* encoded effects and tickets */
    size_t byte_count;
};

/* A ticket in hand: whole, as long as one message is decided. */
struct work {
    struct ticket ticket;
    struct batch_ticket *row; /* NULL while the batch has not touched it */
};

struct engine {
    const struct world *world;
    struct store *store;
    struct recent *recent;
    struct engine_head head;
    size_t supervised;
    /* lent for the coming batch */
    struct lent_ticket tickets_lent[3 * LENT_MAX]; /* a command's own, its other, and who leads it */
    struct batch_link requests_lent[LENT_MAX];
    struct lent_reply replies_lent[LENT_MAX];
    uint32_t ticket_lent_count, request_lent_count, reply_lent_count;
    /* batches */
    bool deciding;
    int pending; /* decided and neither committed nor rolled back: at most two */
    struct room rooms[ROOMS];
    struct room *room, *before; /* of the batch, or of the last one; of the one before it */
    struct step step;           /* of the command being decided; 19 kB, so not on the stack */
    struct work works[WORKS_MAX];
    int work_count;
};

/* As the room left it; NULL when it did not touch it. */
const struct batch_ticket *engine_left(const struct room *room, int64_t ticket);
/* The first answer to this key in the room; NULL when there is none. */
const struct batch_key *engine_key(const struct room *room, const uint8_t key[COMMAND_KEY_BYTES]);
void engine_keep_key(struct engine *engine, const struct command *command, const struct reply *reply);
/* Puts away what the last message had in hand. */
void engine_new_message(struct engine *engine);
/* The ticket as the batch has it so far; NULL when there is none with this number. */
struct work *engine_work(struct engine *engine, int64_t ticket);
/* The number the next ticket made gets. */
int64_t engine_new_number(const struct engine *engine);
/* Applies engine->step: each event to its ticket, in order. */
void engine_take_step(struct engine *engine);
/* Encodes into the batch's bytes. must: fits (engine_has_room). */
uint8_t *engine_encode(struct engine *engine, const struct type_info *type, const void *value, size_t max,
                       uint32_t *ret_len);

#endif
