/* What becomes of the three kinds of message: a request that waits for its ticket, a command, a deadline that is reached. */
#include <string.h>

#include "common/mistake.h"
#include "core/lifecycle.h"
#include "core/routing.h"
#include "services/router/engine_inner.h"

/* ---- the three kinds of message -------------------------------------------------------------------------------------- */

static enum verdict decide(struct engine *engine, struct work *work, const struct command *command) {
    int64_t other_number = command->other ? command->other : work ? work->ticket.merged_into : 0;
    struct work *other = engine_work(engine, other_number);
    enum verdict verdict = ticket_decide(engine->world, work ? &work->ticket : NULL, other ? &other->ticket : NULL,
                                         command, engine_new_number(engine), engine->room->batch.now, &engine->step);
    if (verdict == VERDICT_OK) engine_take_step(engine);
    return verdict;
}

/* A ticket that is still looking for its unit is routed again by what was supplemented; one that nobody has signed, by rules that
 * changed (R17). */
static void route_again(const struct engine *engine, const struct ticket *ticket, struct command *command) {
    bool looking =
        ticket->state == STATE_RECEIVED || ticket->state == STATE_INCOMPLETE || ticket->state == STATE_TRIAGE;
    if (!looking && command->name == COMMAND_SUPPLEMENT) return;
    struct request_new known = routing_as_known(ticket);
    if (command->matter) known.matter = command->matter;
    if (command->urgency) known.urgency = command->urgency;
    if (command->place) known.place = command->place, known.place_by = command->place_by;
    known.rules_count = command->rules_count;
    memcpy(known.rules, command->rules, sizeof known.rules);
    struct route route;
    routing_decide_at(engine->world, &known, engine->room->batch.now, &route);
    if (command->name == COMMAND_SUPPLEMENT)
        routing_set(&route, command);
    else
        command->route = route;
}

static int64_t known_ticket(const struct engine *engine, int64_t request) {
    if (mistake("dedupe_off")) return 0;
    int64_t ticket = recent_get(engine->recent, request);
    for (uint32_t i = 0; !ticket && i < engine->request_lent_count; i++)
        if (engine->requests_lent[i].request == request) ticket = engine->requests_lent[i].ticket;
    return ticket;
}

void engine_request(struct engine *engine, const struct request_new *request, struct request_routed *ret_routed) {
    *ret_routed =
        (struct request_routed){.request = request->request, .ticket = known_ticket(engine, request->request)};
    if (ret_routed->ticket) return;
    engine_new_message(engine);
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
    struct route route;
    routing_decide(engine->world, request, &route);
    routing_set(&route, &receive);
    int64_t ticket = engine_new_number(engine);
    ret_routed->verdict = decide(engine, NULL, &receive);
    if (ret_routed->verdict != VERDICT_OK) return;
    const struct work *work = engine_work(engine, ticket);
    must(engine->room->batch.link_count < BATCH_COMMANDS_MAX);
    engine->room->links[engine->room->batch.link_count++] = (struct batch_link){request->request, ticket};
    recent_put(engine->recent, request->request, ticket); /* taken back when the batch is */
    ret_routed->ticket = ticket;
    ret_routed->state = work->ticket.state;
}

static const struct reply *first_answer(const struct engine *engine, const struct command *command,
                                        bool *ret_other_body) {
    const uint8_t *said = (const uint8_t *)command->key.at;
    const struct batch_key *key = engine_key(engine->room, said);
    if (!key) key = engine_key(engine->before, said);
    const uint8_t *body = key ? key->body : NULL;
    const struct reply *reply = key ? &key->reply : NULL;
    for (uint32_t i = 0; !reply && i < engine->reply_lent_count; i++)
        if (memcmp(engine->replies_lent[i].key, said, COMMAND_KEY_BYTES) == 0)
            reply = &engine->replies_lent[i].reply, body = engine->replies_lent[i].body;
    *ret_other_body = reply && memcmp(body, command->key_body.at, COMMAND_KEY_BYTES) != 0;
    return reply;
}

void engine_command(struct engine *engine, const struct command *command, struct reply *ret_reply) {
    bool keyed = command->key.len == COMMAND_KEY_BYTES && command->key_body.len == COMMAND_KEY_BYTES;
    if (keyed) {
        bool other_body;
        const struct reply *first = mistake("keys_ignored") ? NULL : first_answer(engine, command, &other_body);
        if (first) {
            *ret_reply = *first;
            ret_reply->repeated = true;
            if (other_body) *ret_reply = (struct reply){.verdict = VERDICT_KEY_REUSED, .ticket = command->ticket};
            return;
        }
    }
    engine_new_message(engine);
    struct work *work = engine_work(engine, command->ticket);
    *ret_reply = (struct reply){.ticket = command->ticket};
    int64_t made = engine->room->batch.after.next_ticket, made_number = engine_new_number(engine);
    if (!work)
        ret_reply->verdict = VERDICT_NOT_VISIBLE;
    else if (command->version && command->version != work->ticket.version)
        ret_reply->verdict = VERDICT_STALE_VERSION;
    else if (command->name == COMMAND_SUPPLEMENT ||
             (command->name == COMMAND_DISPATCH && command->by.role == ROLE_SYSTEM)) {
        struct command routed = *command;
        route_again(engine, &work->ticket, &routed);
        ret_reply->verdict = decide(engine, work, &routed);
    } else
        ret_reply->verdict = decide(engine, work, command);
    if (work) {
        ret_reply->version = work->ticket.version;
        ret_reply->state = work->ticket.state;
        if (work->row) ret_reply->seq = work->row->change.last_seq;
    }
    if (engine->room->batch.after.next_ticket != made) ret_reply->other = made_number;
    /* a refusal is an answer too: a copy that waits must not be done after its sender was told no */
    if (keyed) engine_keep_key(engine, command, ret_reply);
}

void engine_timer(struct engine *engine, const struct timer_due *timer, struct timer_done *ret_done) {
    *ret_done = (struct timer_done){.ticket = timer->ticket, .generation = timer->generation};
    engine_new_message(engine);
    struct work *work = engine_work(engine, timer->ticket);
    if (mistake("sender_clock_trusted") && timer->due > engine->room->batch.now) engine->room->batch.now = timer->due;
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
