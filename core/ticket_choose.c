/* Which row of the lifecycle table a command takes: by state, by who asks, and by which of several outcomes this is (the functions
 * behind WHEN of core/lifecycle.def). What the row then demands is core/ticket_guards.c's. */
#include "core/ticket_inner.h"

static bool last_return(const struct decision *d) {
    const struct policy *policy = world_policy(d->world, ticket_terms(d->world, d->ticket).policy);
    return policy->returns_before_dispute != 0 && d->ticket->returns + 1 >= policy->returns_before_dispute;
}

static bool lead_stands(const struct decision *d) {
    const struct assignment *lead = ticket_lead(d->ticket);
    const struct unit *u = lead != NULL ? world_unit(d->world, lead->unit) : NULL;
    return u != NULL && !u->closed;
}

/* Rule L41. */
static bool review_wanted(const struct decision *d) {
    const struct assignment *lead = ticket_lead(d->ticket);
    const struct unit *u = lead != NULL ? world_unit(d->world, lead->unit) : NULL;
    return u != NULL && u->reviews;
}

static bool level_above_exists(const struct decision *d) {
    return d->ticket->assignment_last < CLOCK_ASSIGNMENTS_MAX &&
           ticket_level_above(d->world, d->ticket, ticket_lead(d->ticket)->unit) != 0;
}

static bool ticket_clock_is_due(const struct decision *d, int stage) {
    return d->ticket->clock.stage == stage && d->slot == CLOCK_SLOT_TICKET;
}

static bool heir_is(const struct decision *d, bool above) {
    struct stray stray;
    if (!ticket_stray(d->world, d->ticket, &stray) || stray.kind != STRAY_LEAD || stray.as_it_stands) return false;
    return (stray.heir != 0) == above;
}

static bool holds(const struct decision *d, int when) {
    switch (when) {
    case WHEN_RETURN_LEFT:
        return !last_return(d);
    case WHEN_RETURN_LAST:
        return last_return(d);
    case WHEN_LEVEL_ABOVE:
        return level_above_exists(d);
    case WHEN_NO_LEVEL:
        return !level_above_exists(d);
    case WHEN_NO_REVIEW:
        return !review_wanted(d);
    case WHEN_REVIEW_WANTED:
        return review_wanted(d);
    case WHEN_LEAD_STANDS:
        return lead_stands(d);
    case WHEN_LEAD_GONE:
        return !lead_stands(d);
    case WHEN_SUPPLEMENT_OVER:
        return ticket_clock_is_due(d, STAGE_SUPPLEMENT);
    case WHEN_REVIEW_OVER:
        return ticket_clock_is_due(d, STAGE_REVIEW);
    case WHEN_HEIR_ABOVE:
        return heir_is(d, true);
    case WHEN_NO_HEIR:
        return heir_is(d, false);
    default:
        return true;
    }
}

/* The assist assignment the principal acts in: the one the command names, else its first open one. */
static const struct assignment *acting_assist(const struct decision *d) {
    uint8_t named = d->command != NULL ? d->command->assignment : 0;
    for (uint16_t i = 0; i < d->ticket->assignments_count; i++) {
        const struct assignment *a = &d->ticket->assignments[i];
        bool fits = a->kind == ASSIGNMENT_ASSIST && assignment_is_open(a) && access_acts_for(d->world, a->unit, &d->by);
        if (fits && (named == 0 || a->no == named)) return a;
    }
    return NULL;
}

static bool row_is_ones(const struct decision *d, const struct lifecycle_row *row) {
    if ((row->who & d->relations) == 0) return false;
    if (row->who == RELATION_LEAD && d->command != NULL && d->command->assignment != 0) {
        /* one that acts for lead and assist both names the assignment it means */
        const struct assignment *a = ticket_assignment(d->ticket, d->command->assignment);
        bool own_choice = row->command == COMMAND_SIGN || row->command == COMMAND_RETURN;
        if (own_choice && a != NULL && a->kind == ASSIGNMENT_ASSIST) return false;
    }
    return row->who != RELATION_ASSIST || acting_assist(d) != NULL;
}

const struct lifecycle_row *ticket_choose_echo(const struct decision *d, enum command_name command) {
    const struct lifecycle_row *row = NULL;
    while ((row = lifecycle_next(row, d->ticket->state, command)) != NULL) {
        if (row->who == 0 && holds(d, row->when)) return row;
    }
    return NULL;
}

enum verdict ticket_choose(struct decision *d, enum command_name command) {
    enum verdict verdict = VERDICT_NOT_LEGAL_NOW;
    for (const struct lifecycle_row *row = NULL; (row = lifecycle_next(row, d->ticket->state, command)) != NULL;) {
        if (row->who == 0) continue;
        verdict = VERDICT_NOT_YOURS;
        if (!row_is_ones(d, row) || !holds(d, row->when)) continue;
        d->row = row;
        d->mine = row->who == RELATION_ASSIST ? acting_assist(d) : NULL;
        return ticket_guard(d, row->guard);
    }
    return verdict;
}
