/* See engine.h. Life, loading, lending, and the beginning and end of a batch. The batch works on copies; the store
 * changes only when the batch is committed. */
#include <stdlib.h>
#include <string.h>

#include "common/mistake.h"
#include "services/router/engine_inner.h"

/* ---- life ---------------------------------------------------------------------------------------------------------- */

static void *need(void *memory) {
    must(memory);
    return memory;
}

static void room_open(struct room *room) {
    room->events = need(malloc(EVENTS_MAX * sizeof *room->events));
    room->tickets = need(malloc(TICKETS_MAX * sizeof *room->tickets));
    room->assignments = need(malloc(ASSIGNMENTS_MAX * sizeof *room->assignments));
    room->links = need(malloc(BATCH_COMMANDS_MAX * sizeof *room->links));
    room->moves = need(malloc(BATCH_COMMANDS_MAX * sizeof *room->moves));
    room->keys = need(malloc(BATCH_COMMANDS_MAX * sizeof *room->keys));
    room->bytes = need(malloc(BYTES_MAX));
}

static void room_close(struct room *room) {
    free(room->events);
    free(room->tickets);
    free(room->assignments);
    free(room->links);
    free(room->moves);
    free(room->keys);
    free(room->bytes);
}

struct engine *engine_new(void) {
    struct engine *engine = need(calloc(1, sizeof *engine));
    engine->store = store_new();
    engine->recent = recent_new();
    for (int i = 0; i < ROOMS; i++) room_open(&engine->rooms[i]);
    engine->room = &engine->rooms[0];
    engine->before = &engine->rooms[ROOMS - 1];
    return engine;
}

static void return_lent(struct engine *engine) {
    for (uint32_t i = 0; i < engine->ticket_lent_count; i++) free(engine->tickets_lent[i].body);
    engine->ticket_lent_count = engine->request_lent_count = engine->reply_lent_count = 0;
}

void engine_free(struct engine **engine_at) {
    struct engine *engine = *engine_at;
    if (!engine) return;
    return_lent(engine);
    store_free(&engine->store);
    recent_free(&engine->recent);
    for (int i = 0; i < ROOMS; i++) room_close(&engine->rooms[i]);
    free(engine);
    *engine_at = NULL;
}

static void nothing_pending(struct engine *engine) {
    return_lent(engine);
    for (int i = 0; i < ROOMS; i++) engine->rooms[i].stands = false;
    engine->pending = 0;
    engine->deciding = false;
}

void engine_reset(struct engine *engine, const struct engine_head *head, int64_t request_floor) {
    nothing_pending(engine);
    if (mistake("memory_kept") && engine->head.epoch) {
        engine->head = *head;
        return;
    }
    store_clear(engine->store);
    recent_reset(engine->recent, request_floor);
    engine->head = *head;
    engine->supervised = 0;
}

bool engine_load(struct engine *engine, const uint8_t *body, size_t len) {
    struct ticket ticket;
    if (codec_decode(&type_ticket, body, len, &ticket, NULL) != CODEC_OK) return false;
    if (!ticket_is_open(&ticket)) return false;
    store_put(engine->store, ticket.id, body, len);
    engine->supervised += ticket.supervised;
    return true;
}

void engine_set_world(struct engine *engine, const struct world *world) {
    must(!engine->deciding);
    engine->world = world;
}

const struct world *engine_world(const struct engine *engine) {
    return engine->world;
}
const struct engine_head *engine_head(const struct engine *engine) {
    return &engine->head;
}
size_t engine_open_count(const struct engine *engine) {
    return store_count(engine->store);
}
size_t engine_supervised_count(const struct engine *engine) {
    return engine->supervised;
}
size_t engine_bytes(const struct engine *engine) {
    return store_bytes(engine->store);
}
uint32_t engine_strays(const struct engine *engine, int64_t ticket) {
    size_t len;
    const uint8_t *body = store_get(engine->store, ticket, &len);
    struct ticket open;
    if (!body || codec_decode(&type_ticket, body, len, &open, NULL) != CODEC_OK) return 0;
    return ticket_strays(engine->world, &open);
}

void engine_tickets(const struct engine *engine, int64_t *ret_tickets) {
    store_tickets(engine->store, ret_tickets);
}

bool engine_ticket(const struct engine *engine, int64_t ticket, struct ticket *ret_ticket) {
    size_t len;
    const uint8_t *body = store_get(engine->store, ticket, &len);
    if (!body) return false;
    must(codec_decode(&type_ticket, body, len, ret_ticket, NULL) == CODEC_OK);
    return true;
}

/* ---- lending ------------------------------------------------------------------------------------------------------- */

static bool is_at_hand(const struct engine *engine, int64_t ticket) {
    size_t len;
    return engine_left(engine->room, ticket) || store_get(engine->store, ticket, &len);
}

int64_t engine_needs_ticket(const struct engine *engine, int64_t ticket) {
    const struct batch_ticket *left = ticket > 0 ? engine_left(engine->room, ticket) : NULL;
    if (left) ticket = left->merged_into; /* who leads it comes with one that is read */
    return ticket > 0 && !is_at_hand(engine, ticket) ? ticket : 0;
}

int64_t engine_needs_request(const struct engine *engine, int64_t request) {
    return recent_is_unsure(engine->recent, request) ? request : 0;
}

void engine_lend_ticket(struct engine *engine, const uint8_t *body, size_t len) {
    struct ticket ticket;
    if (engine->ticket_lent_count == 3 * LENT_MAX || codec_decode(&type_ticket, body, len, &ticket, NULL) != CODEC_OK)
        return;
    struct lent_ticket *lent = &engine->tickets_lent[engine->ticket_lent_count++];
    *lent = (struct lent_ticket){ticket.id, need(malloc(len)), len};
    memcpy(lent->body, body, len);
}

void engine_lend_request(struct engine *engine, int64_t request, int64_t ticket) {
    if (engine->request_lent_count == LENT_MAX) return;
    engine->requests_lent[engine->request_lent_count++] = (struct batch_link){request, ticket};
}

void engine_lend_reply(struct engine *engine, const uint8_t key[COMMAND_KEY_BYTES],
                       const uint8_t body[COMMAND_KEY_BYTES], const struct reply *reply) {
    if (engine->reply_lent_count == LENT_MAX) return;
    struct lent_reply *lent = &engine->replies_lent[engine->reply_lent_count++];
    memcpy(lent->key, key, COMMAND_KEY_BYTES);
    memcpy(lent->body, body, COMMAND_KEY_BYTES);
    lent->reply = *reply;
}

/* ---- a batch: its beginning ----------------------------------------------------------------------------------------------- */

static struct room *room_at(struct engine *engine, const struct room *from, int steps) {
    return &engine->rooms[(from - engine->rooms + steps) % ROOMS];
}

void engine_begin(struct engine *engine, time_ms now) {
    must(!engine->deciding && engine->pending < 2 && engine->world);
    const struct engine_head *head = engine->pending ? &engine->room->batch.after : &engine->head;
    engine->deciding = true;
    engine->before = engine->room;
    struct room *room = engine->room = room_at(engine, engine->room, 1);
    memset(room->work_index, 0, sizeof room->work_index);
    memset(room->key_index, 0, sizeof room->key_index);
    room->byte_count = 0;
    room->stands = true;
    room->batch = (struct batch){.before = *head, .after = *head, .now = now > head->last_at ? now : head->last_at};
}

bool engine_has_room(const struct engine *engine) {
    const struct batch *b = &engine->room->batch;
    return b->ticket_count + 4 <= TICKETS_MAX && b->move_count < MOVES_MAX && b->link_count < BATCH_COMMANDS_MAX &&
           b->event_count + 2 * STEP_EVENTS_MAX <= EVENTS_MAX &&
           b->assignment_count + 4 * STEP_EVENTS_MAX <= ASSIGNMENTS_MAX &&
           engine->room->byte_count + 2 * STEP_EVENTS_MAX * EFFECT_BYTES_MAX + WORKS_MAX * TICKET_BODY_MAX <= BYTES_MAX;
}

/* ---- the end of a batch ------------------------------------------------------------------------------------------------ */

const struct batch *engine_batch(struct engine *engine) {
    struct room *room = engine->room;
    must(engine->deciding);
    struct batch *batch = &room->batch;
    batch->events = room->events;
    batch->tickets = room->tickets;
    batch->assignments = room->assignments;
    batch->links = room->links;
    batch->moves = room->moves;
    batch->keys = room->keys;
    return_lent(engine);
    engine->deciding = false;
    engine->pending++;
    return batch;
}

void engine_dismiss(struct engine *engine) {
    must(!engine->deciding && engine->pending && !engine->room->batch.event_count && !engine->room->batch.key_count);
    engine->pending--;
    engine->room->stands = false;
    engine->room = engine->before;
    engine->before = room_at(engine, engine->room, ROOMS - 1);
}

void engine_committed(struct engine *engine) {
    must(engine->pending && !engine->deciding);
    const struct room *room = engine->pending == 2 ? engine->before : engine->room;
    for (uint32_t i = 0; i < room->batch.ticket_count; i++) {
        const struct batch_ticket *t = &room->tickets[i];
        engine->supervised += (size_t)(t->change.open && t->change.supervised);
        engine->supervised -= (size_t)(t->was_open && t->was_supervised);
        if (t->change.open)
            store_put(engine->store, t->change.ticket, t->body, t->body_len);
        else
            store_remove(engine->store, t->change.ticket);
    }
    engine->head = room->batch.after;
    engine->pending--;
}

static void unlink_requests(struct engine *engine, const struct room *room) {
    for (uint32_t i = 0; i < room->batch.link_count; i++) recent_put(engine->recent, room->links[i].request, 0);
}

void engine_rolled_back(struct engine *engine) {
    int rooms = engine->pending + engine->deciding;
    if (rooms > 0) unlink_requests(engine, engine->room);
    if (rooms > 1) unlink_requests(engine, engine->before);
    nothing_pending(engine);
}
