/* What a step does to the way of a ticket: in at the door, to units and back, checked, closed. A step appends one event; those
 * that follow from it are steps of their own, taken by the system from the same table (rule L4). Guards have passed: nothing
 * here refuses. What happens inside handling: core/ticket_acts_work.c. */
#include "core/ticket_acts.h"
#include "proto/must.h"

/* ---- to the centre ---- */

struct event *act_to_centre(struct decision *d, enum stage stage) {
    struct event *e = act_event(d);
    act_texts(d, e);
    e->effect.owner = d->world->center;
    act_clock(e, CLOCK_SLOT_TICKET, act_start(d, stage, d->world->center, d->now, d->now));
    return e;
}

static void set_matter(const struct decision *d, struct event *e, uint32_t matter) {
    const struct matter *m = world_matter(d->world, matter);
    if (m == NULL) return;
    e->effect.matter = matter;
    e->effect.sensitive = m->sensitive;
}

static void set_fields(const struct decision *d, struct event *e) {
    const struct command *c = d->command;
    set_matter(d, e, c->matter);
    e->effect.urgency = c->urgency;
    e->effect.place = c->place;
    if (c->place != 0) e->effect.place_by = c->place_by != 0 ? c->place_by : PLACE_BY_OPERATOR;
}

/* The terms after an event that may set them. */
static struct terms terms_after(const struct decision *d, const struct event *e) {
    const struct effect *f = &e->effect;
    return ticket_terms_of(d->world, f->matter != 0 ? f->matter : d->ticket->matter,
                           f->urgency != 0 ? f->urgency : d->ticket->urgency);
}

static struct clock total_clock(const struct decision *d, struct terms terms, time_ms at) {
    enum { NO_UNIT = 0 }; /* the default calendar: the whole limit is the city's, not a unit's */
    return clock_shown(d->world, terms.matter, terms.policy, terms.urgency, STAGE_HANDLE, NO_UNIT, at);
}

/* Rule C20: what changes the matter or the urgency changes the whole limit with it. It still counts from its start, with the
 * pauses and extensions it had; while the requester was asked it was paused (C17). */
static void renew_total(const struct decision *d, struct event *e) {
    struct clock total = d->ticket->total;
    if (e->effect.matter == 0 && e->effect.urgency == 0 && !total.paused) return;
    struct terms terms = terms_after(d, e);
    clock_resume(d->world, &total, d->now);
    clock_recompute(d->world, terms.matter, terms.policy, terms.urgency, 0, &total, d->now);
    if (!clock_equal(&total, &d->ticket->total)) act_clock(e, CLOCK_SLOT_TOTAL, total);
}

/* Triage counts from receipt too; of a ticket that was split off, from then. */
static void received(struct decision *d, int64_t request, time_ms received_at, time_ms triage_from) {
    const struct command *c = d->command;
    struct event *e = act_event(d);
    struct effect *f = &e->effect;
    f->request = request;
    f->source = c->source;
    f->channel = c->channel;
    f->confidential = c->confidential;
    f->received_at = received_at;
    set_matter(d, e, c->matter);
    const struct matter *m = world_matter(d->world, c->matter);
    f->urgency = c->urgency != 0 ? c->urgency : m != NULL ? m->urgency : URGENCY_NORMAL;
    f->place = c->place;
    f->place_by = c->place_by;
    f->owner = d->world->center;
    struct terms terms = terms_after(d, e);
    uint32_t centre = d->world->center;
    struct clock triage = clock_start(d->world, terms.matter, terms.policy, terms.urgency, STAGE_TRIAGE, centre,
                                      triage_from, triage_from);
    act_clock(e, CLOCK_SLOT_TICKET, triage);
    act_clock(e, CLOCK_SLOT_TOTAL, total_clock(d, terms, received_at));
}

static void act_received(struct decision *d) {
    const struct command *c = d->command;
    time_ms received_at = c->received_at != 0 ? c->received_at : d->now;
    received(d, c->request, received_at, received_at);
    act_follow(d, ticket_route_fits(d) ? COMMAND_DISPATCH : COMMAND_TRIAGE);
}

/* From the door the dispatch limit goes on counting from receipt; taken back from a unit it begins anew. */
static void act_triaged(struct decision *d) {
    struct event *e = act_to_centre(d, STAGE_TRIAGE); /* after it d->ticket is as it was before this event */
    if (d->ticket->state == STATE_RECEIVED) e->effect.clocks[0].clock = d->ticket->clock;
    if (d->ticket->state == STATE_OFFERED) e->effect.unit = ticket_lead(d->ticket)->unit;
    e->effect.route = d->command->route;
}

/* The requester's time is nobody's here: the whole limit waits (C17). */
static void act_asked(struct decision *d) {
    struct event *e = act_to_centre(d, STAGE_SUPPLEMENT);
    struct clock total = d->ticket->total;
    clock_pause(d->world, &total, d->now);
    act_clock(e, CLOCK_SLOT_TOTAL, total);
}

/* What was missing may be what routing needed: the router then gives a new route. */
static void act_supplemented(struct decision *d) {
    bool routable = ticket_is_looking(d->ticket);
    struct event *e = d->row->to == STATE_TRIAGE ? act_to_centre(d, STAGE_TRIAGE) : act_event(d);
    act_texts(d, e);
    if (!routable) return;
    set_fields(d, e);
    if (d->row->to == STATE_TRIAGE) {
        struct terms terms = terms_after(d, e);
        uint32_t centre = d->world->center;
        e->effect.clocks[0].clock =
            clock_start(d->world, terms.matter, terms.policy, terms.urgency, STAGE_TRIAGE, centre, d->now, d->now);
    }
    renew_total(d, e);
    if (ticket_route_fits(d)) act_follow(d, COMMAND_DISPATCH);
}

/* ---- to a unit ---- */

static void clocks_of_assignment(const struct decision *d, struct event *e, struct terms terms, int no, uint32_t unit,
                                 enum stage first) {
    act_clock(e, 2 * no, clock_start(d->world, terms.matter, terms.policy, terms.urgency, first, unit, d->now, d->now));
    act_clock(e, 2 * no + 1,
              clock_start(d->world, terms.matter, terms.policy, terms.urgency, STAGE_HANDLE, unit, d->now, d->now));
}

void act_assists(const struct decision *d, struct event *e, const uint32_t *units, uint32_t count, int first_no,
                 enum stage first_stage) {
    struct terms terms = terms_after(d, e);
    for (uint32_t i = 0; i < count; i++) {
        e->effect.units[e->effect.units_count++] = units[i];
        clocks_of_assignment(d, e, terms, first_no + (int)i, units[i], first_stage);
    }
}

static void offer(const struct decision *d, struct event *e, uint32_t unit, const uint32_t *assists, uint32_t count) {
    int no = d->ticket->assignment_last + 1;
    e->effect.owner = unit;
    e->effect.unit = unit;
    e->effect.assignment = (uint8_t)no;
    clocks_of_assignment(d, e, terms_after(d, e), no, unit, STAGE_SIGN);
    act_assists(d, e, assists, count, no + 1, STAGE_SIGN);
}

void act_offer(const struct decision *d, struct event *e, uint32_t unit) {
    offer(d, e, unit, NULL, 0);
}

/* Of the units the catalogue or a rule names, those that can join now: a system's choice is trimmed, not refused. */
static uint32_t joinable(const struct decision *d, const uint32_t *units, uint32_t count, uint32_t lead,
                         uint32_t ret_units[EVENT_UNITS_MAX]) {
    uint32_t room = TICKET_ASSIGNMENTS_MAX - 1 - ticket_open_assists(d->ticket), taken = 0;
    for (uint32_t i = 0; i < count && taken < room; i++) {
        const struct unit *u = world_unit(d->world, units[i]);
        bool numbers_left = d->ticket->assignment_last + 1 + taken < CLOCK_ASSIGNMENTS_MAX;
        if (u == NULL || u->closed || units[i] == lead || !numbers_left) continue;
        if (ticket_assignment_of(d->ticket, units[i]) == NULL) ret_units[taken++] = units[i];
    }
    return taken;
}

static void act_dispatched(struct decision *d) {
    const struct command *c = d->command;
    struct event *e = act_event(d);
    if (d->by.role == ROLE_SYSTEM) {
        uint32_t assists[EVENT_UNITS_MAX];
        uint32_t count = joinable(d, c->route.assists, c->route.assists_count, c->route.unit, assists);
        e->effect.route = c->route;
        if (!d->follows && c->route.rule != 0) { /* routed again; on receipt what the rule sets came with the command */
            if (c->route.matter != d->ticket->matter) set_matter(d, e, c->route.matter);
            e->effect.urgency = c->route.urgency;
        }
        offer(d, e, c->route.unit, assists, count);
        renew_total(d, e);
        return;
    }
    act_texts(d, e);
    set_fields(d, e);
    e->effect.forced =
        ticket_was_returned_by(d->ticket, c->unit); /* only an adjudication gives it back: it binds (L46) */
    offer(d, e, c->unit, c->units, c->units_count);
    renew_total(d, e);
}

static void act_forced(struct decision *d) {
    uint32_t unit = ticket_lead(d->ticket)->unit;
    struct event *e = act_event(d);
    act_texts(d, e);
    e->effect.forced = true;
    offer(d, e, unit, NULL, 0);
}

static void act_passed_up(struct decision *d) {
    if (d->row->to == STATE_TRIAGE) {
        struct event *e = act_to_centre(d, STAGE_TRIAGE);
        e->effect.unit = ticket_lead(d->ticket)->unit;
        return;
    }
    uint32_t unit = ticket_level_above(d->world, d->ticket, ticket_lead(d->ticket)->unit);
    uint32_t assists[EVENT_UNITS_MAX], count = 0;
    const struct matter *m = world_matter(d->world, d->ticket->matter);
    if (m != NULL && m->department == unit) count = joinable(d, m->assists, m->assist_count, unit, assists);
    struct event *e = act_event(d);
    act_texts(d, e);
    offer(d, e, unit, assists, count);
}

static void act_returned(struct decision *d) {
    bool assist = d->row->who == RELATION_ASSIST;
    const struct assignment *a = assist ? d->mine : ticket_lead(d->ticket);
    uint8_t no = a->no;
    uint32_t unit = a->unit;
    bool late = clock_is_late(&a->turn, d->now);
    struct event *e;
    if (assist) {
        e = act_event(d);
        act_texts(d, e);
    } else {
        e = act_to_centre(d, d->row->to == STATE_DISPUTED ? STAGE_ADJUDICATE : STAGE_TRIAGE);
    }
    e->effect.unit = unit;
    e->effect.assignment = no;
    e->effect.late = late;
    if (!assist && d->row->to == STATE_DISPUTED) act_follow(d, COMMAND_RETURN);
}

static void act_disputed(struct decision *d) {
    act_event(d)->effect.unit = ticket_lead(d->ticket)->unit;
}

/* ---- was it done? ---- */

/* Back to handling: the lead gets its full time again, and the whole limit shows what the citizen waits (rule C14). To triage when
 * its unit was closed and nobody took over. */
static struct event *back_to_lead(struct decision *d) {
    if (d->row->to == STATE_TRIAGE) return act_to_centre(d, STAGE_TRIAGE);
    const struct assignment *lead = ticket_lead(d->ticket);
    uint32_t unit = lead->unit;
    int slot = 2 * lead->no + 1;
    struct event *e = act_event(d);
    act_texts(d, e);
    e->effect.owner = unit;
    e->effect.unit = unit;
    e->effect.assignment = lead->no;
    act_clock(e, slot, act_start(d, STAGE_HANDLE, unit, d->now, d->now));
    return e;
}

static void act_check_passed(struct decision *d) {
    struct event *e = act_to_centre(d, STAGE_CALLBACK);
    e->effect.unit = d->ticket->handled_by;
    e->effect.late = clock_is_late(&d->ticket->clock, d->now);
}

static void act_check_failed(struct decision *d) {
    bool late = clock_is_late(&d->ticket->clock, d->now);
    back_to_lead(d)->effect.late = late;
}

static void tell_leading(struct decision *d);

void act_close_when_done(struct decision *d) {
    ticket_settle(d);
    if (ticket_may_close(d->world, d->ticket)) act_follow(d, COMMAND_CLOSE);
}

/* A request's callback, on its own ticket; merged, it tells the leading one. */
static struct event *called_back(struct decision *d, bool done) {
    bool merged = d->ticket->state == STATE_MERGED;
    struct event *e = act_event(d);
    act_texts(d, e);
    e->effect.unit = merged ? d->other->handled_by : d->ticket->handled_by;
    e->effect.round = merged ? ticket_round(d->other) : 0;
    e->effect.called_back = done;
    return e;
}

static void after_callback(struct decision *d, bool done) {
    if (d->ticket->state == STATE_MERGED && done && d->other->state == STATE_CALLBACK) tell_leading(d);
    if (done) act_close_when_done(d);
}

static void act_solved(struct decision *d) {
    called_back(d, true)->effect.satisfied = d->command->satisfied;
    after_callback(d, true);
}

static void act_unsolved(struct decision *d) {
    if (d->row->to != 0) {
        back_to_lead(d);
        return;
    }
    called_back(d, true);
    tell_leading(d);
}

static void act_unreachable(struct decision *d) {
    const struct ticket *t = d->ticket;
    const struct policy *policy = world_policy(d->world, ticket_terms(d->world, t).policy);
    bool anew = t->state == STATE_MERGED && t->callback_round != ticket_round(d->other);
    uint8_t tries = (uint8_t)(anew ? 1 : t->callback_tries + 1);
    bool done = policy->callback_tries_max != 0 && tries >= policy->callback_tries_max;
    called_back(d, done);
    after_callback(d, done);
}

static void act_closed(struct decision *d) {
    struct event *e = act_event(d);
    act_texts(d, e);
    e->effect.unit = d->ticket->handled_by;
    e->effect.late = d->now > d->ticket->total_due && d->ticket->total_due != 0;
}

/* The leading ticket's side of it: one more request is done, or the work begins again. */
static void act_called_back(struct decision *d) {
    uint32_t unit = d->ticket->handled_by;
    act_event(d)->effect.unit = unit;
}

static void act_merged_unsolved(struct decision *d) {
    back_to_lead(d);
}

/* A reopened ticket's whole limit counts from reopening. */
static void act_reopened(struct decision *d) {
    struct event *e = d->row->to == STATE_HANDLING ? back_to_lead(d) : act_to_centre(d, STAGE_TRIAGE);
    act_clock(e, CLOCK_SLOT_TOTAL, total_clock(d, ticket_terms(d->world, d->ticket), d->now));
}

/* ---- other ends ---- */

static void act_ended(struct decision *d) {
    act_texts(d, act_event(d));
}

/* Merged or outside, it was nobody's clock; back again its whole limit still counts from receipt. */
static struct event *back_to_triage(struct decision *d) {
    struct event *e = act_to_centre(d, STAGE_TRIAGE);
    act_clock(e, CLOCK_SLOT_TOTAL, total_clock(d, ticket_terms(d->world, d->ticket), d->ticket->received_at));
    return e;
}

static void act_taken_back(struct decision *d) {
    back_to_triage(d);
}

static void act_transferred(struct decision *d) {
    struct event *e = act_event(d);
    act_texts(d, e);
    e->effect.source = d->command->source;
}

/* The outside system's answer is the requester's; its limit was not ours, so it is neither in time nor late. */
static void act_outside_answered(struct decision *d) {
    struct event *e = act_event(d);
    act_texts(d, e);
    e->effect.source = d->ticket->outside;
    e->effect.result = d->command->result != 0 ? d->command->result : RESULT_SOLVED;
}

/* The rest of this step is about another ticket. */
static void turn_to(struct decision *d, const struct ticket *ticket, int64_t id) {
    ticket_settle(d);
    d->ticket = ticket;
    d->id = id;
}

/* The row of the other ticket's side, which nobody asks for. */
static const struct lifecycle_row *echo_of(int from, int command) {
    const struct lifecycle_row *row = lifecycle_next(NULL, from, command);
    while (row != NULL && row->who != 0) row = lifecycle_next(row, from, command);
    must(row != NULL);
    return row;
}

/* What a merged request's callback means for the leading ticket. */
static void tell_leading(struct decision *d) {
    int64_t merged = d->id, request = d->ticket->request;
    turn_to(d, d->other, d->other->id);
    d->row = ticket_choose_echo(d, (enum command_name)d->cause);
    must(d->row != NULL);
    ticket_act(d);
    struct effect *f = &d->step->events[d->step->count - 1].effect;
    f->other = merged;
    f->request = request;
    f->note = f->basis = f->answer = (struct text){0}; /* said once, on the request's own ticket; why is said on both */
}

static void tell_other(struct decision *d, int64_t about, uint16_t request_count) {
    turn_to(d, d->other, d->other->id);
    d->row = echo_of(d->other->state, d->cause);
    struct event *e = act_event(d);
    e->effect.other = about;
    e->effect.request_count = request_count;
}

static void act_merged(struct decision *d) {
    struct event *e = act_event(d);
    act_texts(d, e);
    e->effect.other = d->other->id;
    tell_other(d, d->id, (uint16_t)(d->other->request_count + d->ticket->request_count));
}

static void act_unmerged(struct decision *d) {
    bool called = d->ticket->called_back && d->ticket->callback_round == ticket_round(d->other);
    back_to_triage(d)->effect.other = d->other->id;
    uint16_t left = (uint16_t)(d->other->request_count - d->ticket->request_count);
    tell_other(d, d->id, left > 0 ? left : 1);
    d->step->events[d->step->count - 1].effect.called_back = called;
    act_close_when_done(d);
}

static void act_split(struct decision *d) {
    static const struct ticket none;
    must(d->new_id != 0);
    struct event *e = act_event(d);
    act_texts(d, e);
    e->effect.other = d->new_id;
    int64_t from = d->id;
    struct command receive = *d->command;
    const struct ticket *t = d->ticket;
    receive.source = t->source;
    receive.channel = t->channel;
    receive.confidential = t->confidential;
    if (receive.matter == 0) receive.matter = t->matter;
    if (receive.urgency == 0) receive.urgency = t->urgency;
    if (receive.place == 0) {
        receive.place = t->place;
        receive.place_by = t->place_by;
    }
    int64_t request = t->request;
    time_ms received_at = t->received_at;
    turn_to(d, &none, d->new_id);
    d->row = echo_of(0, COMMAND_SPLIT);
    d->command = &receive;
    received(d, request, received_at, d->now);
    d->step->events[d->step->count - 1].effect.other = from;
    act_follow(d, COMMAND_TRIAGE);
}

static const act_function ways[EVENT_COUNT] = {
    [EVENT_RECEIVED] = act_received,
    [EVENT_TRIAGED] = act_triaged,
    [EVENT_ASKED] = act_asked,
    [EVENT_SUPPLEMENTED] = act_supplemented,
    [EVENT_DECLINED] = act_ended,
    [EVENT_DISPATCHED] = act_dispatched,
    [EVENT_ADJUDICATED] = act_dispatched,
    [EVENT_FORCED] = act_forced,
    [EVENT_PASSED_UP] = act_passed_up,
    [EVENT_RETURNED] = act_returned,
    [EVENT_DISPUTED] = act_disputed,
    [EVENT_CHECK_PASSED] = act_check_passed,
    [EVENT_CHECK_FAILED] = act_check_failed,
    [EVENT_SOLVED] = act_solved,
    [EVENT_UNSOLVED] = act_unsolved,
    [EVENT_UNREACHABLE] = act_unreachable,
    [EVENT_CLOSED] = act_closed,
    [EVENT_REOPENED] = act_reopened,
    [EVENT_VOIDED] = act_ended,
    [EVENT_TRANSFERRED] = act_transferred,
    [EVENT_OUTSIDE_ANSWERED] = act_outside_answered,
    [EVENT_CALLED_BACK] = act_called_back,
    [EVENT_MERGED_UNSOLVED] = act_merged_unsolved,
    [EVENT_TAKEN_BACK] = act_taken_back,
    [EVENT_MERGED] = act_merged,
    [EVENT_UNMERGED] = act_unmerged,
    [EVENT_SPLIT] = act_split,
    [EVENT_FOLLOWED] = act_followed,
};

void ticket_act(struct decision *d) {
    act_function act = d->row->command == COMMAND_FOLLOW ? act_followed : ways[d->row->event];
    if (act == NULL) act = act_work(d->row->event);
    must(act != NULL);
    act(d);
}
