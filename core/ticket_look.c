/* Looking at a ticket: whose turn, until when, to do what; the row of the live queues; and the check of the promise itself.
 * See ticket.h. */
#include "core/ticket_inner.h"
#include "proto/must.h"

bool ticket_is_open(const struct ticket *ticket) {
    return lifecycle_is_open(ticket->state);
}

static struct next of_clock(uint32_t owner, enum next_action action, const struct clock *clock) {
    return (struct next){
        .owner = owner, .action = (uint8_t)action, .stage = clock->stage, .due = clock->due, .yellow = clock->yellow};
}

static struct next while_handling(const struct ticket *t, const struct assignment *lead) {
    if (t->asked == TICKET_ASKED_FINISH) return of_clock(t->owner, NEXT_DECIDE_FINISH, &lead->handle);
    if (t->asked != 0) {
        enum next_action decide = t->asked == TICKET_ASKED_EXTENSION ? NEXT_DECIDE_EXTENSION : NEXT_DECIDE_SUSPENSION;
        return of_clock(t->owner, decide, &lead->handle);
    }
    if (lead->turn.stage == STAGE_CONTACT && lead->turn.due < lead->handle.due) {
        return of_clock(t->owner, NEXT_CONTACT, &lead->turn);
    }
    return of_clock(t->owner, NEXT_FINISH, &lead->handle);
}

static struct next by_state(const struct ticket *t) {
    static const struct clock none;
    static const struct assignment nobody;
    const struct assignment *lead = ticket_lead(t);
    if (lead == NULL) lead = &nobody;
    switch (t->state) {
    case STATE_RECEIVED:
    case STATE_TRIAGE:
        return of_clock(t->owner, NEXT_DISPATCH, &t->clock);
    case STATE_INCOMPLETE:
        return of_clock(t->owner, NEXT_SUPPLEMENT, &t->clock);
    case STATE_OFFERED:
        return of_clock(t->owner, NEXT_SIGN, &lead->turn);
    case STATE_DISPUTED:
        return of_clock(t->owner, NEXT_ADJUDICATE, &t->clock);
    case STATE_HANDLING:
        return while_handling(t, lead);
    case STATE_SUSPENDED:
        return of_clock(t->owner, NEXT_REVIEW, &t->clock);
    case STATE_CHECK:
        return of_clock(t->owner, NEXT_CHECK, &t->clock);
    case STATE_CALLBACK:
        return of_clock(t->owner, NEXT_CALLBACK, &t->clock);
    default:
        return of_clock(0, 0, &none);
    }
}

struct next ticket_next(const struct ticket *ticket) {
    struct next next = by_state(ticket);
    bool done = ticket->state == STATE_CALLBACK && ticket_all_called_back(ticket); /* the reply is what it waits for */
    bool first = done || ticket->supervision.due < next.due;
    bool reply = ticket->supervised && ticket->supervised_unit == next.owner && first;
    return reply ? of_clock(next.owner, NEXT_REPLY, &ticket->supervision) : next;
}

enum light ticket_light(const struct next *next, time_ms now) {
    if (next->due == 0 || now < next->yellow) return LIGHT_GREEN;
    return now <= next->due ? LIGHT_YELLOW : LIGHT_RED;
}

/* ---- the live-queue row ---- */

static void show_to(struct change *change, uint32_t unit) {
    if (unit == 0 || change->units_count == CHANGE_UNITS_MAX) return;
    for (uint16_t i = 0; i < change->units_count; i++) {
        if (change->units[i] == unit) return;
    }
    change->units[change->units_count++] = unit;
}

void ticket_change(const struct ticket *ticket, struct change *ret_change) {
    struct next next = ticket_next(ticket);
    struct change *c = ret_change;
    c->ticket = ticket->id;
    c->version = ticket->version;
    c->state = ticket->state;
    c->owner = next.owner;
    c->due = next.due;
    c->yellow = next.yellow;
    c->next_at = ticket->next_at;
    c->generation = ticket->generation;
    c->entered_at = ticket->entered_at;
    c->next_action = next.action;
    c->urgency = ticket->urgency;
    c->open = ticket_is_open(ticket);
    c->supervised = ticket->supervised;
    c->units_count = 0;
    show_to(c, next.owner);
    show_to(c, ticket->place);
    for (uint16_t i = ticket->assignments_count; i > 0; i--) show_to(c, ticket->assignments[i - 1].unit);
}

/* ---- the promise (I3) ---- */

static const char *check_ended(const struct ticket *t) {
    if (t->owner != 0) return "a ticket that ended has an owner";
    if (t->next_at != 0) return "a ticket that ended has an armed deadline";
    if (t->ended_at == 0) return "a ticket that ended has no end";
    if (t->supervised || t->asked != 0) return "a ticket that ended waits for somebody";
    for (uint16_t i = 0; i < t->assignments_count; i++) {
        if (assignment_is_open(&t->assignments[i])) return "a ticket that ended has an open assignment";
    }
    return NULL;
}

static const char *check_clock(const struct clock *c) {
    if (c->stage == 0) return c->next != 0 || c->due != 0 ? "a clock without stage runs" : NULL;
    if (c->paused) return c->next != 0 || c->due != 0 ? "a paused clock runs" : NULL;
    if (c->due == 0 || c->next == 0) return "a running clock is not armed";
    if (c->yellow > c->due || c->since < c->started) return "a clock's times are out of order";
    return NULL;
}

static const char *check_assignments(const struct ticket *t) {
    uint32_t leads = 0;
    for (uint16_t i = 0; i < t->assignments_count; i++) {
        const struct assignment *a = &t->assignments[i];
        const char *broken = check_clock(&a->turn);
        if (broken == NULL) broken = check_clock(&a->handle);
        if (broken != NULL) return broken;
        if (a->no == 0 || a->no > t->assignment_last) return "an assignment has no number";
        if (i > 0 && a->no <= t->assignments[i - 1].no) return "assignments are out of order";
        if (assignment_is_open(a) && ticket_assignment_of(t, a->unit) != a) return "a unit takes part twice";
        if (assignment_is_open(a) && a->handle.stage != STAGE_HANDLE) return "an open assignment has no handling limit";
        if (!assignment_is_open(a) && (a->turn.stage != 0 || a->handle.stage != 0))
            return "an ended assignment has a clock";
        if (!assignment_is_open(a) && a->ended_at == 0) return "an ended assignment has no end";
        leads += a->kind == ASSIGNMENT_LEAD;
    }
    return leads > 1 ? "two leads" : NULL;
}

/* The stage of the ticket's own clock, and the state of the lead's assignment (0: any, or none) that go with a state. */
static const struct shape {
    uint8_t stage, lead;
    bool centre; /* the owner is the centre */
} shapes[STATE_COUNT] = {
    [STATE_RECEIVED] = {STAGE_TRIAGE, 0, true},
    [STATE_INCOMPLETE] = {STAGE_SUPPLEMENT, 0, true},
    [STATE_TRIAGE] = {STAGE_TRIAGE, 0, true},
    [STATE_OFFERED] = {0, ASSIGNMENT_OFFERED, false},
    [STATE_DISPUTED] = {STAGE_ADJUDICATE, ASSIGNMENT_RETURNED, true},
    [STATE_HANDLING] = {0, ASSIGNMENT_SIGNED, false},
    [STATE_SUSPENDED] = {STAGE_REVIEW, ASSIGNMENT_SIGNED, false},
    [STATE_CHECK] = {STAGE_CHECK, ASSIGNMENT_ANSWERED, false},
    [STATE_CALLBACK] = {STAGE_CALLBACK, ASSIGNMENT_ANSWERED, true},
};

static const char *check_owner(const struct world *world, const struct ticket *t, const struct assignment *lead) {
    if (t->owner == 0) return "an open ticket has no owner";
    if (world == NULL) return NULL;
    if (world_unit(world, t->owner) == NULL) return "the owner does not exist";
    if (shapes[t->state].centre || (t->asked != 0 && t->asked != TICKET_ASKED_FINISH)) {
        return t->owner == world->center ? NULL : "the owner should be the centre";
    }
    if (t->state == STATE_CHECK) {
        if (t->owner != t->checker) return "the owner should be the checker";
        return t->checker == t->handled_by && t->checker != world->center ? "a unit checks its own work" : NULL;
    }
    return lead == NULL || t->owner == lead->unit ? NULL : "the owner should be the lead";
}

static const char *check_open(const struct world *world, const struct ticket *t) {
    const struct shape *shape = &shapes[t->state];
    const struct assignment *lead = ticket_lead(t);
    if (t->clock.stage != shape->stage) return "the ticket's clock is not its state's";
    if (shape->lead != 0 && (lead == NULL || lead->state != shape->lead)) return "the lead is not where the state says";
    if (shape->lead == 0 && lead != NULL && assignment_is_open(lead))
        return "a lead is open while nobody has the ticket";
    if (t->state == STATE_OFFERED && lead->turn.stage != STAGE_SIGN) return "an offered ticket has no sign limit";
    if (t->asked != 0 && t->state != STATE_HANDLING) return "approval is asked outside handling";
    if ((t->state == STATE_CHECK || t->state == STATE_CALLBACK) && ticket_open_assists(t) > 0)
        return "an assist is open after finishing";
    if (t->supervised != (t->supervision.stage == STAGE_SUPERVISE)) return "a supervision has no reply limit";
    if (t->supervised != (t->supervised_unit != 0)) return "nobody is asked to reply to the supervision";
    struct next next = ticket_next(t);
    if (next.owner != t->owner || next.action == 0 || next.due == 0) return "no next action";
    if (t->next_at == 0) return "no armed deadline";
    if (t->ended_at != 0) return "an open ticket has an end";
    return check_owner(world, t, lead);
}

const char *ticket_check(const struct world *world, const struct ticket *ticket) {
    const struct ticket *t = ticket;
    if (t->state == 0 || t->state >= STATE_COUNT) return "no state";
    if (t->id == 0 || t->version == 0 || t->request == 0 || t->request_count == 0)
        return "no number, version or request";
    if (t->assignments_count > TICKET_ASSIGNMENTS_MAX) return "too many assignments";
    time_ms next_at;
    ticket_earliest_clock(t, &next_at);
    if (next_at != t->next_at) return "next_at is not the earliest armed deadline";
    const char *broken = check_clock(&t->clock);
    if (broken == NULL) broken = check_clock(&t->supervision);
    if (broken == NULL) broken = check_assignments(t);
    if (broken == NULL) broken = ticket_check_cards(t);
    if (broken != NULL) return broken;
    return ticket_is_open(t) ? check_open(world, t) : check_ended(t);
}
