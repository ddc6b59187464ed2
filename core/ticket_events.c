/* Making the events of a step, one after the other, each decided on the ticket as the ones before left it. See ticket_acts.h. */
#include <string.h>

#include "core/ticket_acts.h"
#include "proto/must.h"

void ticket_settle(struct decision *d) {
    if (!d->pending) return;
    if (d->ticket != d->work) {
        size_t used = offsetof(struct ticket, assignments) + d->ticket->assignments_count * sizeof(struct assignment);
        size_t rest = offsetof(struct ticket, assignments) + sizeof d->ticket->assignments;
        memcpy(d->work, d->ticket, used);
        memcpy((char *)d->work + rest, (const char *)d->ticket + rest, sizeof *d->work - rest);
        d->ticket = d->work;
    }
    ticket_apply(d->work, &d->step->events[d->step->count - 1]);
    d->pending = false;
}

struct event *act_event(struct decision *d) {
    ticket_settle(d);
    must(d->step->count < STEP_EVENTS_MAX);
    struct event *e = &d->step->events[d->step->count++];
    memset(e, 0, sizeof *e);
    d->pending = true;
    e->ticket = d->id;
    e->version = d->ticket->version + 1;
    e->at = d->now;
    e->type = d->row->event;
    e->cause = d->cause;
    e->user = d->by.user;
    e->role = d->by.role;
    e->actor_unit = d->by.unit;
    e->effect.to = d->row->to != 0 ? d->row->to : d->ticket->state;
    e->effect.owner = lifecycle_is_open(e->effect.to) ? d->ticket->owner : 0;
    return e;
}

void act_texts(const struct decision *d, struct event *e) {
    if (d->follows) return;
    e->effect.reason = d->command->reason;
    e->effect.basis = d->command->basis;
    e->effect.note = d->command->note;
    e->effect.answer = d->command->answer;
    e->effect.request = d->command->request;
    e->effect.files_count = d->command->files_count;
    memcpy(e->effect.files, d->command->files, sizeof e->effect.files);
}

void act_clock(struct event *e, int slot, struct clock clock) {
    must(e->effect.clocks_count < EVENT_CLOCKS_MAX);
    e->effect.clocks[e->effect.clocks_count++] = (struct clock_set){.slot = (uint8_t)slot, .clock = clock};
}

struct clock act_start(const struct decision *d, enum stage stage, uint32_t unit, time_ms at, time_ms now) {
    struct terms terms = ticket_terms(d->world, d->ticket);
    return clock_start(d->world, terms.matter, terms.policy, terms.urgency, stage, unit, at, now);
}

void act_follow(struct decision *d, enum command_name command) {
    ticket_settle(d);
    d->by = (struct principal){.role = ROLE_SYSTEM};
    d->relations = RELATION_SYSTEM;
    d->cause = (uint8_t)command;
    d->follows = true;
    must(ticket_choose(d, command) == VERDICT_OK);
    ticket_act(d);
}
