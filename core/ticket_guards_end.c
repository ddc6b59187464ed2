/* What a row of the lifecycle table demands once the work is said to be done: checks, callbacks, the other ends, and what presses. See
 * core/ticket_guards.c for the rest. Rules L10, L19 to L32, L40, D8, C15 of docs/rules.md. */
#include "core/ticket_guards.h"
#include "core/ticket_recount.h"

static bool by_system(const struct decision *d) {
    return d->by.role == ROLE_SYSTEM;
}

/* ---- was it done? ---- */

enum verdict guard_PASS(const struct decision *d) {
    const struct ticket *t = d->ticket;
    DEMAND(t->finished_by == 0 || d->by.user != t->finished_by, VERDICT_OWN_WORK);
    DEMAND(!ticket_took_part(t, d->by.unit), VERDICT_OWN_WORK);
    return (d->relations & RELATION_CHECKER) != 0 ? ticket_replied(d, t->checker) : VERDICT_OK;
}

enum verdict guard_FAIL(const struct decision *d) {
    PASS_ON(guard_PASS(d));
    return guard_REASON(d);
}

static enum verdict the_other(const struct decision *d, int64_t id) {
    if (d->command == NULL) return VERDICT_OK;
    DEMAND(d->other != NULL, VERDICT_OTHER_MISSING);
    DEMAND(d->other->id == id, VERDICT_OTHER_UNFIT);
    return VERDICT_OK;
}

enum verdict guard_CALLBACK(const struct decision *d) {
    DEMAND(!d->ticket->called_back, VERDICT_ALREADY_DONE);
    return VERDICT_OK;
}

/* Rule L19: the k-th of n tries counts after k - 1 n-ths of the callback limit, so that they are not made in one minute. */
static enum verdict fit_try(const struct decision *d, const struct clock *callback, uint8_t tries) {
    const struct policy *policy = world_policy(d->world, ticket_terms(d->world, d->ticket).policy);
    if (tries == 0 || policy->callback_tries_max == 0 || !clock_is_running(callback)) return VERDICT_OK;
    int32_t percent = tries < policy->callback_tries_max ? 100 * tries / policy->callback_tries_max : 100;
    struct limit_clock limit = clock_as_limit(callback);
    time_ms from;
    bool limited = calendar_clock_due(world_calendar(d->world, callback->calendar), &limit, percent, &from);
    DEMAND(!limited || d->now >= from, VERDICT_TRY_TOO_SOON);
    return VERDICT_OK;
}

enum verdict guard_TRY(const struct decision *d) {
    PASS_ON(guard_CALLBACK(d));
    return fit_try(d, &d->ticket->clock, d->ticket->callback_tries);
}

static bool leading_is_done(const struct decision *d) {
    return d->other->state == STATE_CALLBACK || d->other->state == STATE_CLOSED;
}

/* Whether a merged request's callbacks are of the round its leading ticket is in. */
static bool in_this_round(const struct decision *d) {
    return d->ticket->callback_round == ticket_round(d->other);
}

enum verdict guard_LEADING_DONE(const struct decision *d) {
    PASS_ON(the_other(d, d->ticket->merged_into));
    NEED(d, leading_is_done(d), VERDICT_LEADING_NOT_DONE);
    NEED(d, !d->ticket->called_back || !in_this_round(d), VERDICT_ALREADY_DONE);
    return VERDICT_OK;
}

enum verdict guard_LEADING_TRY(const struct decision *d) {
    PASS_ON(guard_LEADING_DONE(d));
    if (d->command == NULL || d->other->state != STATE_CALLBACK || !in_this_round(d)) return VERDICT_OK;
    return fit_try(d, &d->other->clock, d->ticket->callback_tries);
}

enum verdict guard_CLOSE(const struct decision *d) {
    if (by_system(d)) return VERDICT_OK;
    PASS_ON(ticket_replied(d, d->world->center));
    return guard_REASON(d);
}

/* Rule L21. */
static enum verdict may_be_reopened(const struct decision *d, const struct ticket *closed) {
    const struct policy *policy = world_policy(d->world, ticket_terms(d->world, closed).policy);
    const struct unit *centre = world_unit(d->world, d->world->center);
    time_ms latest;
    bool limited = calendar_add(world_calendar(d->world, centre != NULL ? centre->calendar : 0), closed->ended_at,
                                policy->reopen, &latest);
    DEMAND(!limited || d->now <= latest, VERDICT_REOPEN_LATE);
    return VERDICT_OK;
}

enum verdict guard_REOPEN(const struct decision *d) {
    PASS_ON(may_be_reopened(d, d->ticket));
    return guard_REASON(d);
}

/* What a merged caller finds unsolved goes back to work on the leading ticket: rule L40. */
enum verdict guard_LEADING_AGAIN(const struct decision *d) {
    PASS_ON(the_other(d, d->ticket->merged_into));
    if (d->command == NULL) return VERDICT_OK;
    DEMAND(leading_is_done(d), VERDICT_LEADING_NOT_DONE);
    if (d->other->state == STATE_CLOSED) PASS_ON(may_be_reopened(d, d->other));
    return guard_REASON(d);
}

/* ---- other ends ---- */

enum verdict guard_MERGE(const struct decision *d) {
    DEMAND(d->ticket->request_count == 1, VERDICT_LEADS_OTHERS);
    PASS_ON(ticket_replied(d, d->world->center));
    if (d->command == NULL) return VERDICT_OK;
    PASS_ON(the_other(d, d->command->other));
    DEMAND(d->other->id != d->ticket->id && ticket_is_open(d->other), VERDICT_OTHER_UNFIT);
    DEMAND(d->other->request_count < UINT16_MAX, VERDICT_OTHER_UNFIT);
    DEMAND(d->other->state != STATE_INCOMPLETE, VERDICT_OTHER_UNFIT); /* it may yet be given up */
    return VERDICT_OK;
}

enum verdict guard_UNMERGE(const struct decision *d) {
    PASS_ON(the_other(d, d->ticket->merged_into));
    return guard_REASON(d);
}

enum verdict guard_SPLIT(const struct decision *d) {
    if (d->command != NULL) PASS_ON(ticket_fit_matter_and_place(d));
    return guard_REASON(d);
}

/* Rule L29: the system that the ticket was given to speaks for it, and the centre. */
static enum verdict holds_it_outside(const struct decision *d) {
    uint32_t outside = d->ticket->outside;
    DEMAND(d->by.role != ROLE_INTEGRATION || outside == 0 || d->by.source == outside, VERDICT_NOT_YOURS);
    return VERDICT_OK;
}

enum verdict guard_TAKE_BACK(const struct decision *d) {
    PASS_ON(holds_it_outside(d));
    return guard_REASON(d);
}

enum verdict guard_OUTSIDE_ANSWER(const struct decision *d) {
    PASS_ON(holds_it_outside(d));
    NEED(d, ticket_says(d->command->answer), VERDICT_ANSWER_MISSING);
    return VERDICT_OK;
}

/* ---- pressure ---- */

enum verdict guard_SUPERVISE(const struct decision *d) {
    DEMAND(!d->ticket->supervised, VERDICT_SUPERVISED_ALREADY);
    if (d->command == NULL || d->follows) return VERDICT_OK;
    DEMAND(by_system(d) || ticket_says(d->command->note), VERDICT_NOTE_MISSING);
    DEMAND(d->command->until == 0 || d->command->until > d->now, VERDICT_UNTIL_TOO_EARLY);
    DEMAND(d->command->until <= d->now + UNTIL_AHEAD_MS, VERDICT_UNTIL_TOO_LATE);
    return VERDICT_OK;
}

enum verdict guard_REPLY(const struct decision *d) {
    DEMAND(d->ticket->supervised, VERDICT_NOT_SUPERVISED);
    DEMAND((d->relations & RELATION_SUPERVISED) != 0, VERDICT_NOT_YOURS);
    return guard_NOTE(d);
}

static enum verdict fit_card(const struct decision *d) {
    const struct card *card;
    PASS_ON(ticket_fit_card(d, &card));
    return guard_REASON(d);
}

enum verdict guard_APPEAL(const struct decision *d) {
    return fit_card(d);
}
enum verdict guard_WITHDRAW(const struct decision *d) {
    return fit_card(d);
}
enum verdict guard_REFUSE_APPEAL(const struct decision *d) {
    return fit_card(d);
}

enum verdict guard_TIMER(const struct decision *d) {
    NEED(d, d->follows || d->command->generation == d->ticket->generation, VERDICT_TIMER_STALE);
    DEMAND(d->ticket->next_at != 0 && d->ticket->next_at <= d->now, VERDICT_TIMER_EARLY);
    return VERDICT_OK;
}

enum verdict guard_RECOMPUTE(const struct decision *d) {
    struct recount recount;
    return ticket_recount(d->world, d->ticket, d->now, &recount) > 0 ? VERDICT_OK : VERDICT_NOTHING_CHANGES;
}

enum verdict guard_FOLLOW(const struct decision *d) {
    return ticket_strays(d->world, d->ticket) ? VERDICT_OK : VERDICT_NOTHING_CHANGES;
}
