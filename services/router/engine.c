/* See engine.h. The batch works on copies (struct work); the store changes only when the batch is committed. */
#include "services/router/engine.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/number.h"
#include "core/lifecycle.h"
#include "core/routing.h"
#include "proto/codec.h"
#include "proto/must.h"
#include "services/kit/chain.h"
#include "services/router/recent.h"
#include "services/router/store.h"

enum {
    TICKETS_MAX = BATCH_COMMANDS_MAX * 2 + 2, /* a command touches at most two, or makes one */
    EVENTS_MAX = BATCH_COMMANDS_MAX * 4 + STEP_EVENTS_MAX * 2,
    ASSIGNMENTS_MAX = EVENTS_MAX * 2,
    BYTES_MAX = 32 << 20,
    LENT_MAX = BATCH_COMMANDS_MAX,
    MOVES_MAX = 40,    /* each is a statement of its own */
    WORK_INDEX = 16384 /* a power of two above 2 * TICKETS_MAX */
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

struct engine {
    const struct world *world;
    struct store *store;
    struct recent *recent;
    struct engine_head head;
    size_t supervised;
    /* lent for the coming batch */
    struct lent_ticket tickets_lent[LENT_MAX];
    struct batch_link requests_lent[LENT_MAX];
    struct lent_reply replies_lent[LENT_MAX];
    uint32_t ticket_lent_count, request_lent_count, reply_lent_count;
    /* the batch */
    bool in_batch;
    struct batch batch;
    struct batch_event *events;
    struct batch_ticket *work;
    uint16_t work_index[WORK_INDEX]; /* place in work + 1, by ticket */
    struct batch_assignment *assignments;
    struct batch_link *links;
    struct batch_move *moves;
    struct batch_key *keys;
    uint8_t *bytes; /* encoded effects and tickets */
    size_t byte_count;
    struct step step; /* of the command being decided; 19 kB, so not on the stack */
};

/* ---- life ---------------------------------------------------------------------------------------------------------- */

static void *need(void *memory) {
    must(memory);
    return memory;
}

struct engine *engine_new(void) {
    struct engine *engine = need(calloc(1, sizeof *engine));
    engine->store = store_new();
    engine->recent = recent_new();
    engine->events = need(malloc(EVENTS_MAX * sizeof *engine->events));
    engine->work = need(malloc(TICKETS_MAX * sizeof *engine->work));
    engine->assignments = need(malloc(ASSIGNMENTS_MAX * sizeof *engine->assignments));
    engine->links = need(malloc(BATCH_COMMANDS_MAX * sizeof *engine->links));
    engine->moves = need(malloc(BATCH_COMMANDS_MAX * sizeof *engine->moves));
    engine->keys = need(malloc(BATCH_COMMANDS_MAX * sizeof *engine->keys));
    engine->bytes = need(malloc(BYTES_MAX));
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
    free(engine->events);
    free(engine->work);
    free(engine->assignments);
    free(engine->links);
    free(engine->moves);
    free(engine->keys);
    free(engine->bytes);
    free(engine);
    *engine_at = NULL;
}

void engine_reset(struct engine *engine, const struct engine_head *head, int64_t request_floor) {
    return_lent(engine);
    store_clear(engine->store);
    recent_reset(engine->recent, request_floor);
    engine->head = *head;
    engine->supervised = 0;
    engine->in_batch = false;
    memset(engine->work_index, 0, sizeof engine->work_index);
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
    must(!engine->in_batch);
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

int64_t engine_needs_ticket(const struct engine *engine, int64_t ticket) {
    size_t len;
    return ticket > 0 && !store_get(engine->store, ticket, &len) ? ticket : 0;
}

int64_t engine_needs_request(const struct engine *engine, int64_t request) {
    return recent_is_unsure(engine->recent, request) ? request : 0;
}

void engine_lend_ticket(struct engine *engine, const uint8_t *body, size_t len) {
    struct ticket ticket;
    if (engine->ticket_lent_count == LENT_MAX || codec_decode(&type_ticket, body, len, &ticket, NULL) != CODEC_OK)
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

/* ---- the tickets of the batch ----------------------------------------------------------------------------------------- */

static uint32_t work_slot(const struct engine *engine, int64_t ticket) {
    uint32_t i = (uint32_t)(((uint64_t)ticket * UINT64_C(0x9e3779b97f4a7c15)) >> 40) & (WORK_INDEX - 1);
    while (engine->work_index[i] && engine->work[engine->work_index[i] - 1].ticket.id != ticket)
        i = (i + 1) & (WORK_INDEX - 1);
    return i;
}

static struct batch_ticket *work_new(struct engine *engine, uint32_t slot) {
    must(engine->batch.ticket_count < TICKETS_MAX);
    struct batch_ticket *work = &engine->work[engine->batch.ticket_count++];
    engine->work_index[slot] = (uint16_t)engine->batch.ticket_count;
    work->is_new = work->touched = work->was_open = work->was_supervised = false;
    work->event_count = 0;
    return work;
}

/* The ticket as the batch has it so far; NULL when there is none with this number. */
static struct batch_ticket *work_get(struct engine *engine, int64_t ticket) {
    if (ticket <= 0) return NULL;
    uint32_t slot = work_slot(engine, ticket);
    if (engine->work_index[slot]) return &engine->work[engine->work_index[slot] - 1];
    size_t len;
    const uint8_t *body = store_get(engine->store, ticket, &len);
    for (uint32_t i = 0; !body && i < engine->ticket_lent_count; i++) {
        if (engine->tickets_lent[i].ticket != ticket) continue;
        body = engine->tickets_lent[i].body;
        len = engine->tickets_lent[i].len;
    }
    if (!body) return NULL;
    struct batch_ticket *work = work_new(engine, slot);
    must(codec_decode(&type_ticket, body, len, &work->ticket, NULL) == CODEC_OK);
    work->was_open = ticket_is_open(&work->ticket);
    work->was_supervised = work->ticket.supervised;
    return work;
}

static int64_t new_number(const struct engine *engine) {
    const struct engine_head *after = &engine->batch.after;
    return number_ticket(clock_date(engine->batch.now), after->shard,
                         (int32_t)((after->next_ticket - 1) % NUMBER_TICKET_N_MAX) + 1);
}

/* ---- events ---------------------------------------------------------------------------------------------------------- */

struct seen_assignment {
    uint8_t no, state;
    time_ms signed_at, ended_at;
};

static uint16_t see_assignments(const struct ticket *ticket, struct seen_assignment *ret_seen) {
    for (uint16_t i = 0; i < ticket->assignments_count; i++) {
        const struct assignment *a = &ticket->assignments[i];
        ret_seen[i] = (struct seen_assignment){a->no, a->state, a->signed_at, a->ended_at};
    }
    return ticket->assignments_count;
}

static void add_assignment(struct engine *engine, int64_t ticket, const struct assignment *a) {
    /* a later state in the same batch replaces the earlier: one row per assignment and batch */
    for (uint32_t i = engine->batch.assignment_count; i-- > 0;) {
        struct batch_assignment *row = &engine->assignments[i];
        if (row->ticket != ticket || row->no != a->no) continue;
        row->state = a->state, row->signed_at = a->signed_at, row->ended_at = a->ended_at;
        return;
    }
    must(engine->batch.assignment_count < ASSIGNMENTS_MAX);
    engine->assignments[engine->batch.assignment_count++] =
        (struct batch_assignment){ticket, a->offered_at, a->signed_at, a->ended_at, a->unit, a->no, a->kind, a->state};
}

static void note_assignments(struct engine *engine, const struct ticket *ticket, const struct seen_assignment *before,
                             uint16_t before_count) {
    for (uint16_t i = 0; i < ticket->assignments_count; i++) {
        const struct assignment *a = &ticket->assignments[i];
        const struct seen_assignment *old = NULL;
        for (uint16_t j = 0; j < before_count; j++)
            if (before[j].no == a->no) old = &before[j];
        if (!old || old->state != a->state || old->signed_at != a->signed_at || old->ended_at != a->ended_at)
            add_assignment(engine, ticket->id, a);
    }
}

static uint8_t *encode(struct engine *engine, const struct type_info *type, const void *value, size_t max,
                       uint32_t *ret_len) {
    must(engine->byte_count + max <= BYTES_MAX);
    uint8_t *at = engine->bytes + engine->byte_count;
    size_t len;
    must(codec_encode(type, value, at, max, &len) == CODEC_OK);
    engine->byte_count += len;
    *ret_len = (uint32_t)len;
    return at;
}

static void append_event(struct engine *engine, struct batch_ticket *work, struct event *event) {
    struct engine_head *after = &engine->batch.after;
    must(engine->batch.event_count < EVENTS_MAX);
    must(event->at >= after->last_at);
    event->seq = after->next_seq++;
    event->shard = after->shard;
    event->epoch = after->epoch;
    after->last_at = event->at;
    struct batch_event *row = &engine->events[engine->batch.event_count++];
    *row = (struct batch_event){.seq = event->seq,
                                .ticket = event->ticket,
                                .user = event->user,
                                .at = event->at,
                                .version = event->version,
                                .unit = event->actor_unit,
                                .type = event->type,
                                .cause = event->cause,
                                .role = event->role};
    row->body = encode(engine, &type_effect, &event->effect, EFFECT_BYTES_MAX, &row->body_len);
    struct chain_event link = {event->shard,      event->seq,  event->epoch, event->ticket, event->version,
                               event->at,         event->type, event->cause, event->user,   event->role,
                               event->actor_unit, row->body,   row->body_len};
    chain_step(after->chain, &link, after->chain);
    memcpy(row->hash, after->chain, CHAIN_BYTES);
    if (work->event_count < STEP_EVENTS_MAX) work->events[work->event_count++] = event->type;
    work->last_seq = event->seq;
    work->touched = true;
}

static void move_requests(struct engine *engine, const struct event *event) {
    if (event->type != EVENT_MERGED && event->type != EVENT_UNMERGED) return;
    must(engine->batch.move_count < BATCH_COMMANDS_MAX);
    bool back = event->type == EVENT_UNMERGED;
    int64_t leading = event->effect.other;
    engine->moves[engine->batch.move_count++] =
        (struct batch_move){back ? leading : event->ticket, back ? event->ticket : leading, back};
}

/* Applies the step decided: each event to its ticket, in order. */
static void take_step(struct engine *engine) {
    for (uint16_t i = 0; i < engine->step.count; i++) {
        struct event *event = &engine->step.events[i];
        struct batch_ticket *work = work_get(engine, event->ticket);
        if (!work) { /* the command made it */
            work = work_new(engine, work_slot(engine, event->ticket));
            memset(&work->ticket, 0, sizeof work->ticket);
            work->ticket.id = event->ticket;
            work->is_new = true;
            engine->batch.after.next_ticket++;
        }
        struct seen_assignment before[TICKET_ASSIGNMENTS_MAX];
        uint16_t before_count = see_assignments(&work->ticket, before);
        append_event(engine, work, event);
        ticket_apply(&work->ticket, event);
        note_assignments(engine, &work->ticket, before, before_count);
        move_requests(engine, event);
    }
}

/* ---- the three kinds of message -------------------------------------------------------------------------------------- */

void engine_begin(struct engine *engine, time_ms now) {
    must(!engine->in_batch && engine->world);
    engine->in_batch = true;
    engine->byte_count = 0;
    engine->batch = (struct batch){.before = engine->head, .after = engine->head};
    engine->batch.now = now > engine->head.last_at ? now : engine->head.last_at;
}

bool engine_has_room(const struct engine *engine) {
    const struct batch *b = &engine->batch;
    return b->ticket_count + 4 <= TICKETS_MAX && b->move_count < MOVES_MAX && b->link_count < BATCH_COMMANDS_MAX &&
           b->event_count + 2 * STEP_EVENTS_MAX <= EVENTS_MAX &&
           b->assignment_count + 4 * STEP_EVENTS_MAX <= ASSIGNMENTS_MAX &&
           engine->byte_count + 2 * STEP_EVENTS_MAX * EFFECT_BYTES_MAX + TICKETS_MAX * 512 <= BYTES_MAX;
}

static enum verdict decide(struct engine *engine, struct batch_ticket *work, const struct command *command) {
    int64_t other_number = command->other ? command->other : work ? work->ticket.merged_into : 0;
    struct batch_ticket *other = work_get(engine, other_number);
    enum verdict verdict = ticket_decide(engine->world, work ? &work->ticket : NULL, other ? &other->ticket : NULL,
                                         command, new_number(engine), engine->batch.now, &engine->step);
    if (verdict == VERDICT_OK) take_step(engine);
    return verdict;
}

/* A ticket that is still looking for its unit is routed again by what was supplemented. */
static void route_again(const struct engine *engine, const struct ticket *ticket, struct command *command) {
    if (ticket->state != STATE_RECEIVED && ticket->state != STATE_INCOMPLETE && ticket->state != STATE_TRIAGE) return;
    const struct request_new as_known = {.request = ticket->request,
                                         .source = ticket->source,
                                         .channel = ticket->channel,
                                         .matter = command->matter ? command->matter : ticket->matter,
                                         .urgency = command->urgency ? command->urgency : ticket->urgency,
                                         .place = command->place ? command->place : ticket->place,
                                         .place_by = command->place ? command->place_by : ticket->place_by,
                                         .confidential = ticket->confidential,
                                         .received_at = ticket->received_at};
    routing_decide(engine->world, &as_known, &command->route);
}

static int64_t known_ticket(const struct engine *engine, int64_t request) {
    int64_t ticket = recent_get(engine->recent, request);
    for (uint32_t i = 0; !ticket && i < engine->request_lent_count; i++)
        if (engine->requests_lent[i].request == request) ticket = engine->requests_lent[i].ticket;
    for (uint32_t i = engine->batch.link_count; !ticket && i-- > 0;)
        if (engine->links[i].request == request) ticket = engine->links[i].ticket;
    return ticket;
}

void engine_request(struct engine *engine, const struct request_new *request, struct request_routed *ret_routed) {
    *ret_routed =
        (struct request_routed){.request = request->request, .ticket = known_ticket(engine, request->request)};
    if (ret_routed->ticket) return;
    const struct principal system = {.role = ROLE_SYSTEM};
    struct command receive = {.name = COMMAND_RECEIVE,
                              .by = system,
                              .request = request->request,
                              .source = request->source,
                              .channel = request->channel,
                              .matter = request->matter,
                              .urgency = request->urgency,
                              .place = request->place,
                              .place_by = request->place_by,
                              .confidential = request->confidential,
                              .received_at = request->received_at};
    routing_decide(engine->world, request, &receive.route);
    int64_t ticket = new_number(engine);
    ret_routed->verdict = decide(engine, NULL, &receive);
    if (ret_routed->verdict != VERDICT_OK) return;
    const struct batch_ticket *work = work_get(engine, ticket);
    must(engine->batch.link_count < BATCH_COMMANDS_MAX);
    engine->links[engine->batch.link_count++] = (struct batch_link){request->request, ticket};
    ret_routed->ticket = ticket;
    ret_routed->state = work->ticket.state;
}

static const struct reply *first_answer(const struct engine *engine, const struct command *command,
                                        bool *ret_other_body) {
    const uint8_t *body = NULL;
    const struct reply *reply = NULL;
    for (uint32_t i = 0; !reply && i < engine->reply_lent_count; i++)
        if (memcmp(engine->replies_lent[i].key, command->key.at, COMMAND_KEY_BYTES) == 0)
            reply = &engine->replies_lent[i].reply, body = engine->replies_lent[i].body;
    for (uint32_t i = 0; !reply && i < engine->batch.key_count; i++)
        if (memcmp(engine->keys[i].key, command->key.at, COMMAND_KEY_BYTES) == 0)
            reply = &engine->keys[i].reply, body = engine->keys[i].body;
    *ret_other_body = reply && memcmp(body, command->key_body.at, COMMAND_KEY_BYTES) != 0;
    return reply;
}

void engine_command(struct engine *engine, const struct command *command, struct reply *ret_reply) {
    bool keyed = command->key.len == COMMAND_KEY_BYTES && command->key_body.len == COMMAND_KEY_BYTES;
    if (keyed) {
        bool other_body;
        const struct reply *first = first_answer(engine, command, &other_body);
        if (first) {
            *ret_reply = *first;
            ret_reply->repeated = true;
            if (other_body) *ret_reply = (struct reply){.verdict = VERDICT_KEY_REUSED, .ticket = command->ticket};
            return;
        }
    }
    struct batch_ticket *work = work_get(engine, command->ticket);
    *ret_reply = (struct reply){.ticket = command->ticket};
    int64_t made = engine->batch.after.next_ticket, made_number = new_number(engine);
    if (!work)
        ret_reply->verdict = VERDICT_NOT_VISIBLE;
    else if (command->version && command->version != work->ticket.version)
        ret_reply->verdict = VERDICT_STALE_VERSION;
    else if (command->name == COMMAND_SUPPLEMENT) {
        struct command routed = *command;
        route_again(engine, &work->ticket, &routed);
        ret_reply->verdict = decide(engine, work, &routed);
    } else
        ret_reply->verdict = decide(engine, work, command);
    if (work) {
        ret_reply->version = work->ticket.version;
        ret_reply->state = work->ticket.state;
        ret_reply->seq = work->last_seq;
    }
    if (engine->batch.after.next_ticket != made) ret_reply->other = made_number;
    if (keyed && ret_reply->verdict == VERDICT_OK) {
        must(engine->batch.key_count < BATCH_COMMANDS_MAX);
        struct batch_key *key = &engine->keys[engine->batch.key_count++];
        memcpy(key->key, command->key.at, COMMAND_KEY_BYTES);
        memcpy(key->body, command->key_body.at, COMMAND_KEY_BYTES);
        key->reply = *ret_reply;
    }
}

void engine_timer(struct engine *engine, const struct timer_due *timer, struct timer_done *ret_done) {
    *ret_done = (struct timer_done){.ticket = timer->ticket, .generation = timer->generation};
    struct batch_ticket *work = work_get(engine, timer->ticket);
    if (!work) {
        ret_done->verdict = VERDICT_TIMER_STALE;
        return;
    }
    struct command command = {
        .ticket = timer->ticket, .name = COMMAND_TIMER, .by = {.role = ROLE_SYSTEM}, .generation = timer->generation};
    ret_done->verdict = decide(engine, work, &command);
    ret_done->next_at = work->ticket.next_at;
    ret_done->next_generation = work->ticket.generation;
}

/* ---- the end of a batch ------------------------------------------------------------------------------------------------ */

const struct batch *engine_batch(struct engine *engine) {
    must(engine->in_batch);
    for (uint32_t i = 0; i < engine->batch.ticket_count; i++) {
        struct batch_ticket *work = &engine->work[i];
        if (work->touched) work->body = encode(engine, &type_ticket, &work->ticket, TICKET_BODY_MAX, &work->body_len);
    }
    struct batch *batch = &engine->batch;
    batch->events = engine->events;
    batch->tickets = engine->work;
    batch->assignments = engine->assignments;
    batch->links = engine->links;
    batch->moves = engine->moves;
    batch->keys = engine->keys;
    return batch;
}

void engine_change(const struct batch_ticket *ticket, struct change *ret_change) {
    ticket_change(&ticket->ticket, ret_change);
    ret_change->events_count = ticket->event_count;
    memcpy(ret_change->events, ticket->events, ticket->event_count);
    ret_change->last_seq = ticket->last_seq;
    ret_change->created = ticket->is_new;
}

static void end_batch(struct engine *engine) {
    memset(engine->work_index, 0, sizeof engine->work_index);
    return_lent(engine);
    engine->in_batch = false;
}

void engine_committed(struct engine *engine) {
    must(engine->in_batch);
    for (uint32_t i = 0; i < engine->batch.ticket_count; i++) {
        const struct batch_ticket *work = &engine->work[i];
        if (!work->touched) continue;
        bool open = ticket_is_open(&work->ticket);
        engine->supervised += (size_t)(open && work->ticket.supervised);
        engine->supervised -= (size_t)(work->was_open && work->was_supervised);
        if (open)
            store_put(engine->store, work->ticket.id, work->body, work->body_len);
        else
            store_remove(engine->store, work->ticket.id);
    }
    for (uint32_t i = 0; i < engine->batch.link_count; i++)
        recent_put(engine->recent, engine->links[i].request, engine->links[i].ticket);
    engine->head = engine->batch.after;
    end_batch(engine);
}

void engine_rolled_back(struct engine *engine) {
    if (engine->in_batch) end_batch(engine);
}
