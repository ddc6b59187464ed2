/* What a step does inside handling, and what presses on it: assists, whistles, approvals, finishing, urging, supervision, rungs
 * and recomputed deadlines. See core/ticket_acts.c. */
#include <string.h>

#include "core/ladder.h"
#include "core/ticket_acts.h"
#include "core/ticket_recount.h"
#include "proto/must.h"

/* An event about the lead, or about the ticket's owner while there is none. */
static struct event *about_lead(struct decision *d) {
    const struct assignment *lead = ticket_lead(d->ticket);
    struct event *e = act_event(d);
    act_texts(d, e);
    e->effect.unit = ticket_responsible(d->ticket);
    if (lead != NULL && lead->unit == e->effect.unit) e->effect.assignment = lead->no;
    return e;
}

static struct event *about(struct decision *d, const struct assignment *a) {
    uint8_t no = a->no;
    uint32_t unit = a->unit;
    struct event *e = act_event(d);
    act_texts(d, e);
    e->effect.assignment = no;
    e->effect.unit = unit;
    return e;
}

/* ---- the lead ---- */

/* Contact counts from dispatch like everything a unit owes (C11); what ran out before signing brings no card again (C12). */
static void act_signed(struct decision *d) {
    const struct assignment *lead = ticket_lead(d->ticket);
    bool late = clock_is_late(&lead->turn, d->now);
    struct clock contact = act_start(d, STAGE_CONTACT, lead->unit, lead->offered_at, d->now);
    struct event *e = about_lead(d);
    e->effect.late = late;
    act_clock(e, 2 * lead->no, contact);
}

static void act_contacted(struct decision *d) {
    const struct assignment *lead = ticket_lead(d->ticket);
    bool first = lead->turn.stage == STAGE_CONTACT, late = clock_is_late(&lead->turn, d->now);
    struct event *e = about_lead(d);
    e->effect.late = first && late;
}

static void act_noted(struct decision *d) {
    about_lead(d);
}

/* Rule L41: inside the unit; nothing leaves it, and its clock runs on. A request for approval that waits is withdrawn by it. */
static void act_finish_asked(struct decision *d) {
    struct event *e = about_lead(d);
    e->effect.owner = e->effect.unit;
    e->effect.result = d->command->result != 0 ? d->command->result : RESULT_SOLVED;
}

static void act_finish_refused(struct decision *d) {
    about_lead(d);
}

static void act_finished(struct decision *d) {
    const struct assignment *lead = ticket_lead(d->ticket);
    uint32_t checker = ticket_checker(d->world, d->ticket, lead->unit, d->by.unit);
    struct event *e = about_lead(d);
    e->effect.late = clock_is_late(&lead->handle, d->now);
    e->effect.checker = checker;
    e->effect.result = d->command->result;
    if (d->cause == COMMAND_FINISH && e->effect.result == 0) e->effect.result = RESULT_SOLVED;
    e->effect.owner = checker;
    act_clock(e, CLOCK_SLOT_TICKET, act_start(d, STAGE_CHECK, checker, d->now, d->now));
}

/* ---- assists ---- */

static void act_passed_down(struct decision *d) {
    uint32_t unit = d->command->unit;
    int no = d->ticket->assignment_last + 1;
    uint16_t policy = ticket_terms(d->world, d->ticket).policy;
    struct event *e = act_event(d);
    act_texts(d, e);
    e->effect.unit = unit;
    e->effect.assignment = (uint8_t)no;
    e->effect.until = d->command->until;
    act_clock(e, 2 * no, act_start(d, STAGE_SIGN, unit, d->now, d->now));
    act_clock(e, 2 * no + 1, clock_until(d->world, policy, STAGE_HANDLE, unit, d->now, d->command->until));
}

static void join(struct decision *d, enum stage first_stage) {
    const struct command *c = d->command;
    int no = d->ticket->assignment_last + 1;
    struct event *e = act_event(d);
    act_texts(d, e);
    e->effect.assignment = (uint8_t)no;
    act_assists(d, e, c->units_count > 0 ? c->units : &c->unit, c->units_count > 0 ? c->units_count : 1, no,
                first_stage);
}

static void act_assist_added(struct decision *d) {
    join(d, STAGE_SIGN);
}
static void act_whistled(struct decision *d) {
    join(d, STAGE_ARRIVE);
}

/* A whistled unit's first limit is its arrival: signing alone does not end it. */
static void act_assist_signed(struct decision *d) {
    const struct assignment *a = d->mine;
    struct event *e = about(d, a);
    e->effect.late = clock_is_late(&a->turn, d->now);
    if (!a->whistled) act_clock(e, 2 * a->no, (struct clock){0});
}

static void act_arrived(struct decision *d) {
    const struct assignment *a = d->mine;
    about(d, a)->effect.late = clock_is_late(&a->turn, d->now);
}

static void act_assist_answered(struct decision *d) {
    const struct assignment *a = d->mine;
    about(d, a)->effect.late = clock_is_late(&a->handle, d->now);
}

static void act_assist_released(struct decision *d) {
    about(d, ticket_named_assist(d));
}

static void act_scored(struct decision *d) {
    about(d, ticket_named_assist(d))->effect.score = d->command->score;
}

/* ---- approval ---- */

/* While it waits it is the centre's turn; the lead's clock runs on. */
static void act_approval_asked(struct decision *d) {
    struct event *e = about_lead(d);
    e->effect.until = d->command->until;
    e->effect.owner = d->world->center;
}

static struct event *back_to_owner(struct decision *d) {
    struct event *e = about_lead(d);
    e->effect.owner = e->effect.unit;
    return e;
}

static void act_approval_refused(struct decision *d) {
    back_to_owner(d);
}

static time_ms until_decided(const struct decision *d) {
    return d->command->until != 0 ? d->command->until : d->ticket->asked_until;
}

static void act_extension_granted(struct decision *d) {
    const struct assignment *lead = ticket_lead(d->ticket);
    time_ms until = until_decided(d);
    struct clock handle = lead->handle, total = d->ticket->total;
    int64_t more_ms = handle.extended_ms;
    clock_extend(d->world, &handle, until, d->now);
    more_ms = handle.extended_ms - more_ms;
    struct event *e = back_to_owner(d);
    e->effect.until = until;
    act_clock(e, 2 * lead->no + 1, handle);
    if (!clock_is_running(&total)) return;
    const struct calendar *cal = world_calendar(d->world, total.calendar);
    time_ms total_until = calendar_add_ms(cal, total.due, clock_limit(&handle), more_ms);
    clock_extend(d->world, &total, total_until, d->now);
    act_clock(e, CLOCK_SLOT_TOTAL, total);
}

/* Everybody is off the clock, and so is the whole limit. */
static void act_suspended(struct decision *d) {
    const struct ticket *t = d->ticket;
    time_ms until = until_decided(d);
    struct event *e = back_to_owner(d);
    e->effect.until = until;
    struct terms terms = ticket_terms(d->world, t);
    act_clock(e, CLOCK_SLOT_TICKET, clock_until(d->world, terms.policy, STAGE_REVIEW, e->effect.unit, d->now, until));
    struct clock total = t->total;
    clock_pause(d->world, &total, d->now);
    if (total.stage != 0) act_clock(e, CLOCK_SLOT_TOTAL, total);
    for (uint16_t i = 0; i < t->assignments_count; i++) {
        const struct assignment *a = &t->assignments[i];
        struct clock turn = a->turn, handle = a->handle;
        clock_pause(d->world, &turn, d->now);
        clock_pause(d->world, &handle, d->now);
        if (turn.stage != 0) act_clock(e, 2 * a->no, turn);
        if (handle.stage != 0) act_clock(e, 2 * a->no + 1, handle);
    }
}

static void act_resumed(struct decision *d) {
    struct event *e = about_lead(d);
    const struct ticket *t = d->ticket;
    struct clock total = t->total;
    clock_resume(d->world, &total, d->now);
    if (total.stage != 0) act_clock(e, CLOCK_SLOT_TOTAL, total);
    for (uint16_t i = 0; i < t->assignments_count; i++) {
        const struct assignment *a = &t->assignments[i];
        struct clock turn = a->turn, handle = a->handle;
        clock_resume(d->world, &turn, d->now);
        clock_resume(d->world, &handle, d->now);
        if (turn.stage != 0) act_clock(e, 2 * a->no, turn);
        if (handle.stage != 0) act_clock(e, 2 * a->no + 1, handle);
    }
}

/* ---- pressure ---- */

static void act_urged(struct decision *d) {
    about_lead(d);
}

static void act_supervised(struct decision *d) {
    struct event *e = about_lead(d);
    if (d->follows) e->effect.unit = d->pressed; /* the unit whose card it was */
    uint32_t unit = e->effect.unit;
    if (d->follows || d->command->until == 0) {
        act_clock(e, CLOCK_SLOT_SUPERVISION, act_start(d, STAGE_SUPERVISE, unit, d->now, d->now));
        return;
    }
    uint16_t policy = ticket_terms(d->world, d->ticket).policy;
    e->effect.until = d->command->until;
    act_clock(e, CLOCK_SLOT_SUPERVISION,
              clock_until(d->world, policy, STAGE_SUPERVISE, unit, d->now, d->command->until));
}

static void act_replied(struct decision *d) {
    struct event *e = act_event(d);
    act_texts(d, e);
    e->effect.unit = d->ticket->supervised_unit;
    e->effect.late = clock_is_late(&d->ticket->supervision, d->now);
    act_close_when_done(d);
}

static void act_card(struct decision *d) {
    const struct card *found;
    must(ticket_fit_card(d, &found) == VERDICT_OK);
    struct card card = *found;
    struct event *e = act_event(d);
    act_texts(d, e);
    e->effect.card = card.no;
    e->effect.unit = card.unit;
    e->effect.stage = card.stage;
    e->effect.rung = card.rung;
}

/* ---- time ---- */

static uint32_t unit_of_clock(const struct ticket *t, int slot) {
    if (slot == CLOCK_SLOT_TICKET || slot == CLOCK_SLOT_TOTAL) return t->owner;
    if (slot == CLOCK_SLOT_SUPERVISION) return t->supervised_unit;
    return ticket_assignment(t, (uint8_t)(slot / 2))->unit;
}

static void act_rung(struct decision *d) {
    int slot = d->slot;
    struct event *e = act_event(d);
    const struct ticket *t = d->ticket;
    struct clock clock = *ticket_clock(t, slot);
    struct ladder_told told;
    uint32_t unit = unit_of_clock(t, slot);
    enum rung rung = ladder_due_rung(d->world, &clock);
    struct terms terms = ticket_terms(d->world, t);
    struct ladder_reached reached = {.rung = rung,
                                     .reminder = ladder_is_reminder(d->world, &clock),
                                     .unit = unit,
                                     .policy = terms.policy,
                                     .urgency = terms.urgency,
                                     .now = d->now};
    ladder_call(d->world, &reached, &told);
    e->effect.stage = clock.stage;
    e->effect.rung = (uint8_t)rung;
    e->effect.reminder = reached.reminder;
    if (rung >= RUNG_WARNING && !reached.reminder) e->effect.card = (uint16_t)(t->card_last + 1);
    e->effect.unit = unit;
    e->effect.assignment = (uint8_t)(slot == CLOCK_SLOT_TICKET || slot == CLOCK_SLOT_SUPERVISION ? 0 : slot / 2);
    e->effect.until = clock.next;
    e->effect.fallback = told.fallback;
    e->effect.units_count = told.count;
    memcpy(e->effect.units, told.units, told.count * sizeof told.units[0]);
    e->effect.told_count = told.told_count;
    memcpy(e->effect.told, told.told, told.told_count * sizeof told.told[0]);
    clock.rung = (uint8_t)rung;
    ladder_arm(d->world, &clock, INT64_MIN, d->now);
    act_clock(e, slot, clock);
    d->pressed = unit;
    if (rung == RUNG_RED_CARD && !e->effect.reminder && !t->supervised) act_follow(d, COMMAND_SUPERVISE);
}

/* What is due at `now`, in order of time. What does not fit into one step stays armed and is due at once (rule D7). */
static void act_timer(struct decision *d) {
    enum { EVENTS_A_RUNG_MAKES = 2 };
    for (bool first = true; d->step->count + EVENTS_A_RUNG_MAKES <= STEP_EVENTS_MAX; first = false) {
        if (!first) {
            time_ms at;
            ticket_settle(d);
            d->slot = ticket_earliest_clock(d->ticket, &at);
            if (d->slot < 0 || at > d->now || !ticket_is_open(d->ticket)) return;
            d->cause = COMMAND_TIMER;
            d->follows = true;
            must(ticket_choose(d, COMMAND_TIMER) == VERDICT_OK);
        }
        switch (d->row->event) {
        case EVENT_RUNG:
            act_rung(d);
            break;
        case EVENT_RESUME_DUE:
            about_lead(d)->effect.until = d->ticket->clock.due;
            act_follow(d, COMMAND_RESUME);
            break;
        default:
            about_lead(d)->effect.until = d->ticket->clock.due; /* given up */
        }
    }
}

/* The reason says what was loaded. */
static void act_recomputed(struct decision *d) {
    struct recount recount;
    struct event *e = about_lead(d);
    ticket_recount(d->world, d->ticket, d->now, &recount);
    for (uint16_t i = 0; i < recount.count; i++) act_clock(e, recount.sets[i].slot, recount.sets[i].clock);
}

static const act_function works[EVENT_COUNT] = {
    [EVENT_SIGNED] = act_signed,
    [EVENT_CONTACTED] = act_contacted,
    [EVENT_NOTED] = act_noted,
    [EVENT_FINISHED] = act_finished,
    [EVENT_FINISH_ASKED] = act_finish_asked,
    [EVENT_FINISH_REFUSED] = act_finish_refused,
    [EVENT_PASSED_DOWN] = act_passed_down,
    [EVENT_ASSIST_ADDED] = act_assist_added,
    [EVENT_WHISTLED] = act_whistled,
    [EVENT_ASSIST_SIGNED] = act_assist_signed,
    [EVENT_ARRIVED] = act_arrived,
    [EVENT_ASSIST_ANSWERED] = act_assist_answered,
    [EVENT_ASSIST_RELEASED] = act_assist_released,
    [EVENT_SCORED] = act_scored,
    [EVENT_EXTENSION_ASKED] = act_approval_asked,
    [EVENT_EXTENSION_GRANTED] = act_extension_granted,
    [EVENT_EXTENSION_REFUSED] = act_approval_refused,
    [EVENT_SUSPENSION_ASKED] = act_approval_asked,
    [EVENT_SUSPENDED] = act_suspended,
    [EVENT_SUSPENSION_REFUSED] = act_approval_refused,
    [EVENT_RESUMED] = act_resumed,
    [EVENT_URGED] = act_urged,
    [EVENT_SUPERVISED] = act_supervised,
    [EVENT_REPLIED] = act_replied,
    [EVENT_CARD_APPEALED] = act_card,
    [EVENT_CARD_WITHDRAWN] = act_card,
    [EVENT_APPEAL_REFUSED] = act_card,
    [EVENT_RUNG] = act_timer,
    [EVENT_GIVEN_UP] = act_timer,
    [EVENT_RESUME_DUE] = act_timer,
    [EVENT_RECOMPUTED] = act_recomputed,
};

act_function act_work(int event) {
    return works[event];
}
