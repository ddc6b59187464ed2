/* What becomes of a ticket whose unit was closed or merged (rule L43): one FOLLOWED event for each thing that stood with such a
 * unit, in the order lead, assists, checker, supervision. By the system alone. See core/ticket_acts.c. */
#include "core/ticket_acts.h"
#include "proto/must.h"

static bool is_closed(const struct world *world, uint32_t id) {
    const struct unit *unit = world_unit(world, id);
    return unit != NULL && unit->closed;
}

static bool of_one_kind(const struct world *world, uint32_t a, uint32_t b) {
    const struct unit *first = world_unit(world, a), *second = world_unit(world, b);
    return first != NULL && second != NULL && first->kind == second->kind;
}

static bool stray_lead(const struct world *world, const struct ticket *t, struct stray *ret_stray) {
    const struct assignment *lead = ticket_lead(t);
    if (lead == NULL || !is_closed(world, lead->unit)) return false;
    uint32_t heir = world_heir(world, lead->unit);
    /* what may come is rework: without an heir that goes to triage (L20); reopened and in triage it is nobody's any more */
    bool done = lead->state == ASSIGNMENT_ANSWERED && (t->state == STATE_CHECK || t->state == STATE_CALLBACK);
    if (!assignment_is_open(lead) && !(done && heir != 0)) return false;
    bool stays = done || of_one_kind(world, heir, lead->unit) || (t->state == STATE_SUSPENDED && heir != 0);
    if (t->assignment_last == CLOCK_ASSIGNMENTS_MAX) {
        if (done) return false;
        heir = 0; /* no number is left for another unit: the centre decides */
    }
    *ret_stray = (struct stray){STRAY_LEAD, lead, lead->unit, heir, heir != 0 && stays};
    return true;
}

static bool stray_assist(const struct world *world, const struct ticket *t, struct stray *ret_stray) {
    for (uint16_t i = 0; i < t->assignments_count; i++) {
        const struct assignment *a = &t->assignments[i];
        if (a->kind != ASSIGNMENT_ASSIST || !assignment_is_open(a) || !is_closed(world, a->unit)) continue;
        uint32_t heir = world_heir(world, a->unit);
        const struct assignment *lead = ticket_lead(t);
        bool in_it = ticket_assignment_of(t, heir) != NULL || (lead != NULL && lead->unit == heir);
        if (in_it || t->assignment_last == CLOCK_ASSIGNMENTS_MAX) heir = 0;
        *ret_stray = (struct stray){STRAY_ASSIST, a, a->unit, heir, of_one_kind(world, heir, a->unit)};
        return true;
    }
    return false;
}

bool ticket_stray(const struct world *world, const struct ticket *t, struct stray *ret_stray) {
    if (!ticket_is_open(t)) return false;
    if (stray_lead(world, t, ret_stray) || stray_assist(world, t, ret_stray)) return true;
    if (t->state == STATE_CHECK && is_closed(world, t->checker)) {
        *ret_stray = (struct stray){STRAY_CHECKER, NULL, t->checker, ticket_checker(world, t, t->handled_by, 0), false};
        return true;
    }
    if (t->supervised && is_closed(world, t->supervised_unit)) {
        uint32_t heir = world_heir(world, t->supervised_unit);
        if (heir == 0) heir = ticket_responsible(t);
        if (is_closed(world, heir)) heir = world->center;
        *ret_stray = (struct stray){STRAY_SUPERVISION, NULL, t->supervised_unit, heir, true};
        return true;
    }
    return false;
}

uint32_t ticket_strays(const struct world *world, const struct ticket *ticket) {
    struct stray stray;
    return ticket_stray(world, ticket, &stray) ? stray.unit : 0;
}

/* `stage` says which of the things it was: HANDLE what is taken over as it stands or ends, SIGN what is offered anew, TRIAGE,
 * CHECK, SUPERVISE. */
static void say(const struct decision *d, struct event *e, const struct stray *stray, enum stage stage) {
    e->effect.stage = (uint8_t)stage;
    e->effect.from_unit = stray->unit;
    e->effect.unit = stray->heir;
    e->effect.reason = d->command->reason;
    e->effect.until = d->command->until;
}

/* The same work under another number, with the clocks as they run. */
static void take_over(struct decision *d, const struct stray *stray) {
    struct assignment a = *stray->assignment;
    bool whose_turn = a.kind == ASSIGNMENT_LEAD && d->ticket->owner == stray->unit;
    int no = d->ticket->assignment_last + 1;
    struct event *e = act_event(d);
    say(d, e, stray, STAGE_HANDLE);
    e->effect.assignment = (uint8_t)no;
    if (whose_turn) e->effect.owner = stray->heir;
    if (a.turn.stage != 0) act_clock(e, 2 * no, a.turn);
    if (a.handle.stage != 0) act_clock(e, 2 * no + 1, a.handle);
}

static void follow_lead(struct decision *d, const struct stray *stray) {
    if (d->row->event == EVENT_RESUMED) { /* nobody is left to wait for: off the ledger, then to triage */
        act_work(EVENT_RESUMED)(d);
    } else if (d->row->to == STATE_TRIAGE) {
        struct event *e = act_to_centre(d, STAGE_TRIAGE);
        say(d, e, stray, STAGE_TRIAGE);
    } else if (d->row->to == STATE_OFFERED) {
        struct event *e = act_event(d);
        act_offer(d, e, stray->heir);
        say(d, e, stray, STAGE_SIGN);
    } else {
        take_over(d, stray);
    }
}

static void follow_assist(struct decision *d, const struct stray *stray) {
    if (stray->as_it_stands) {
        take_over(d, stray);
        return;
    }
    uint8_t no = stray->assignment->no;
    bool called = stray->assignment->whistled && stray->assignment->arrived_at == 0;
    int last = d->ticket->assignment_last;
    struct event *e = act_event(d);
    say(d, e, stray, stray->heir != 0 ? STAGE_SIGN : STAGE_HANDLE);
    e->effect.assignment = stray->heir != 0 ? (uint8_t)(last + 1) : no;
    if (stray->heir == 0) return;
    enum stage first = called ? STAGE_ARRIVE : STAGE_SIGN;
    act_clock(e, 2 * (last + 1), act_start(d, first, stray->heir, d->now, d->now));
    act_clock(e, 2 * (last + 1) + 1, act_start(d, STAGE_HANDLE, stray->heir, d->now, d->now));
}

void act_followed(struct decision *d) {
    struct stray stray;
    must(ticket_stray(d->world, d->ticket, &stray));
    switch (stray.kind) {
    case STRAY_LEAD:
        follow_lead(d, &stray);
        break;
    case STRAY_ASSIST:
        follow_assist(d, &stray);
        break;
    case STRAY_CHECKER: {
        struct event *e = act_event(d);
        say(d, e, &stray, STAGE_CHECK);
        e->effect.checker = stray.heir;
        e->effect.owner = stray.heir;
        act_clock(e, CLOCK_SLOT_TICKET, act_start(d, STAGE_CHECK, stray.heir, d->now, d->now));
        break;
    }
    case STRAY_SUPERVISION:
        say(d, act_event(d), &stray, STAGE_SUPERVISE);
        break;
    }
    ticket_settle(d);
    if (ticket_strays(d->world, d->ticket) != 0) act_follow(d, COMMAND_FOLLOW);
}
