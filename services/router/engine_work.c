/* The tickets a batch touches and the events that change them. Each event is numbered, chained and encoded as it is taken, so a
 * batch holds heads and bytes, not whole events. */
#include <string.h>

#include "common/clock.h"
#include "common/mistake.h"
#include "common/number.h"
#include "services/kit/chain.h"
#include "services/router/engine_inner.h"

/* ---- the tickets of the batch ----------------------------------------------------------------------------------------- */

static uint32_t ticket_slot(const struct room *room, int64_t ticket) {
    uint32_t i = (uint32_t)(((uint64_t)ticket * UINT64_C(0x9e3779b97f4a7c15)) >> 40) & (WORK_INDEX - 1);
    while (room->work_index[i] && room->tickets[room->work_index[i] - 1].change.ticket != ticket)
        i = (i + 1) & (WORK_INDEX - 1);
    return i;
}

static struct batch_ticket *row_of(const struct room *room, int64_t ticket) {
    uint16_t place = room->work_index[ticket_slot(room, ticket)];
    return place ? &room->tickets[place - 1] : NULL;
}

const struct batch_ticket *engine_left(const struct room *room, int64_t ticket) {
    return room->stands && !mistake("left_unseen") ? row_of(room, ticket) : NULL;
}

static const uint8_t *body_of(const struct engine *engine, int64_t ticket, size_t *ret_len) {
    const struct batch_ticket *left = engine_left(engine->before, ticket);
    if (left) {
        *ret_len = left->body_len;
        return left->body;
    }
    const uint8_t *body = store_get(engine->store, ticket, ret_len);
    for (uint32_t i = 0; !body && i < engine->ticket_lent_count; i++) {
        if (engine->tickets_lent[i].ticket != ticket) continue;
        body = engine->tickets_lent[i].body;
        *ret_len = engine->tickets_lent[i].len;
    }
    return body;
}

void engine_new_message(struct engine *engine) {
    engine->work_count = 0;
}

static struct work *work_new(struct engine *engine) {
    must(engine->work_count < WORKS_MAX);
    return &engine->works[engine->work_count++];
}

struct work *engine_work(struct engine *engine, int64_t ticket) {
    if (ticket <= 0) return NULL;
    for (int i = 0; i < engine->work_count; i++)
        if (engine->works[i].ticket.id == ticket) return &engine->works[i];
    struct batch_ticket *row = row_of(engine->room, ticket);
    size_t len = row ? row->body_len : 0;
    const uint8_t *body = row ? row->body : body_of(engine, ticket, &len);
    if (!body) return NULL;
    struct work *work = work_new(engine);
    must(codec_decode(&type_ticket, body, len, &work->ticket, NULL) == CODEC_OK);
    work->row = row;
    return work;
}

/* The ticket is about to be changed: it gets its row, which keeps what it was before. */
static void touch(struct engine *engine, struct work *work, bool created) {
    struct room *room = engine->room;
    const struct ticket *t = &work->ticket;
    if (work->row) return;
    must(room->batch.ticket_count < TICKETS_MAX);
    uint32_t slot = ticket_slot(room, t->id);
    work->row = &room->tickets[room->batch.ticket_count++];
    room->work_index[slot] = (uint16_t)room->batch.ticket_count;
    *work->row = (struct batch_ticket){.change = {.ticket = t->id, .created = created}};
    if (created) return;
    work->row->was_open = ticket_is_open(t);
    work->row->was_owner = t->owner;
    work->row->was_state = t->state;
    work->row->was_supervised = t->supervised;
}

/* A step has changed it: its row says how it is now. */
static void settle(struct engine *engine, struct work *work) {
    const struct ticket *t = &work->ticket;
    struct batch_ticket *row = work->row;
    ticket_change(t, &row->change);
    row->request = t->request;
    row->merged_into = t->merged_into;
    row->received_at = t->received_at;
    row->ended_at = t->ended_at;
    row->owner = t->owner;
    row->matter = t->matter;
    row->source = t->source;
    row->place = t->place;
    row->outside = t->outside;
    row->channel = t->channel;
    row->body = engine_encode(engine, &type_ticket, t, TICKET_BODY_MAX, &row->body_len);
}

int64_t engine_new_number(const struct engine *engine) {
    const struct engine_head *after = &engine->room->batch.after;
    return number_ticket(clock_date(engine->room->batch.now), after->shard,
                         (int32_t)((after->next_ticket - 1) % NUMBER_TICKET_N_MAX) + 1);
}

/* ---- keys --------------------------------------------------------------------------------------------------------------- */

static uint32_t key_slot(const struct room *room, const uint8_t key[COMMAND_KEY_BYTES]) {
    uint64_t head;
    memcpy(&head, key, sizeof head);
    uint32_t i = (uint32_t)((head * UINT64_C(0x9e3779b97f4a7c15)) >> 40) & (KEY_INDEX - 1);
    while (room->key_index[i] && memcmp(room->keys[room->key_index[i] - 1].key, key, COMMAND_KEY_BYTES) != 0)
        i = (i + 1) & (KEY_INDEX - 1);
    return i;
}

const struct batch_key *engine_key(const struct room *room, const uint8_t key[COMMAND_KEY_BYTES]) {
    uint16_t place = room->stands ? room->key_index[key_slot(room, key)] : 0;
    return place ? &room->keys[place - 1] : NULL;
}

void engine_keep_key(struct engine *engine, const struct command *command, const struct reply *reply) {
    struct room *room = engine->room;
    must(room->batch.key_count < BATCH_COMMANDS_MAX);
    struct batch_key *key = &room->keys[room->batch.key_count++];
    memcpy(key->key, command->key.at, COMMAND_KEY_BYTES);
    memcpy(key->body, command->key_body.at, COMMAND_KEY_BYTES);
    key->reply = *reply;
    room->key_index[key_slot(room, key->key)] = (uint16_t)room->batch.key_count;
}

/* ---- events ---------------------------------------------------------------------------------------------------------- */

/* Numbers only grow: those above `before` are new. */
static void note_assignments(struct engine *engine, const struct ticket *ticket, uint8_t before) {
    for (uint16_t i = 0; i < ticket->assignments_count; i++) {
        const struct assignment *a = &ticket->assignments[i];
        if (a->no <= before) continue;
        must(engine->room->batch.assignment_count < ASSIGNMENTS_MAX);
        engine->room->assignments[engine->room->batch.assignment_count++] =
            (struct batch_assignment){ticket->id, a->offered_at, a->unit, a->no, a->kind};
    }
}

uint8_t *engine_encode(struct engine *engine, const struct type_info *type, const void *value, size_t max,
                       uint32_t *ret_len) {
    must(engine->room->byte_count + max <= BYTES_MAX);
    uint8_t *at = engine->room->bytes + engine->room->byte_count;
    size_t len;
    must(codec_encode(type, value, at, max, &len) == CODEC_OK);
    engine->room->byte_count += len;
    *ret_len = (uint32_t)len;
    return at;
}

static void append_event(struct engine *engine, struct batch_ticket *ticket, struct event *event) {
    struct engine_head *after = &engine->room->batch.after;
    must(engine->room->batch.event_count < EVENTS_MAX);
    must(event->at >= after->last_at);
    event->seq = after->next_seq++;
    event->shard = after->shard;
    event->epoch = after->epoch;
    after->last_at = event->at;
    struct batch_event *row = &engine->room->events[engine->room->batch.event_count++];
    *row = (struct batch_event){.seq = event->seq,
                                .ticket = event->ticket,
                                .user = event->user,
                                .at = event->at,
                                .version = event->version,
                                .unit = event->actor_unit,
                                .type = event->type,
                                .cause = event->cause,
                                .role = event->role};
    row->body = engine_encode(engine, &type_effect, &event->effect, EFFECT_BYTES_MAX, &row->body_len);
    struct chain_event link = {event->shard,      event->seq,  event->epoch, event->ticket, event->version,
                               event->at,         event->type, event->cause, event->user,   event->role,
                               event->actor_unit, row->body,   row->body_len};
    chain_step(after->chain, &link, after->chain);
    memcpy(row->hash, after->chain, CHAIN_BYTES);
    struct change *change = &ticket->change;
    if (change->events_count < STEP_EVENTS_MAX) change->events[change->events_count++] = event->type;
    change->last_seq = event->seq;
}

static void move_requests(struct engine *engine, const struct event *event) {
    if (event->type != EVENT_MERGED && event->type != EVENT_UNMERGED) return;
    must(engine->room->batch.move_count < BATCH_COMMANDS_MAX);
    bool back = event->type == EVENT_UNMERGED;
    int64_t leading = event->effect.other;
    engine->room->moves[engine->room->batch.move_count++] =
        (struct batch_move){back ? leading : event->ticket, back ? event->ticket : leading, event->seq, back};
}

/* Applies the step decided: each event to its ticket, in order. */
void engine_take_step(struct engine *engine) {
    for (uint16_t i = 0; i < engine->step.count; i++) {
        struct event *event = &engine->step.events[i];
        struct work *work = engine_work(engine, event->ticket);
        bool created = !work; /* by the command */
        if (created) {
            work = work_new(engine);
            memset(work, 0, sizeof *work);
            work->ticket.id = event->ticket;
            engine->room->batch.after.next_ticket++;
        }
        touch(engine, work, created);
        uint8_t before = work->ticket.assignment_last;
        append_event(engine, work->row, event);
        ticket_apply(&work->ticket, event);
        note_assignments(engine, &work->ticket, before);
        move_requests(engine, event);
    }
    for (int i = 0; i < engine->work_count; i++)
        if (engine->works[i].row) settle(engine, &engine->works[i]);
}
