/* What a row of the lifecycle table demands: the functions behind GUARD of core/lifecycle.def, up to the end of the work; from then on
 * core/ticket_guards_end.c. A guard looks and answers; nothing changes here. Rules L1 to L36 of docs/rules.md. */
#include <string.h>

#include "core/ticket_guards.h"

static bool by_system(const struct decision *d) {
    return d->by.role == ROLE_SYSTEM;
}

/* ---- in at the door ---- */

enum verdict guard_NONE(const struct decision *d) {
    return VERDICT_OK;
}

enum verdict guard_REQUEST(const struct decision *d) {
    NEED(d, d->command->request != 0, VERDICT_REQUEST_MISSING);
    return VERDICT_OK;
}

bool ticket_says(struct text text) {
    const unsigned char *at = (const unsigned char *)text.at;
    for (uint32_t i = 0; i < text.len; i++) {
        uint32_t left = text.len - i;
        if (at[i] == ' ' || (at[i] >= '\t' && at[i] <= '\r')) continue;
        bool wide = left >= 3 && ((at[i] == 0xE3 && at[i + 1] == 0x80 && at[i + 2] == 0x80) ||
                                  (at[i] == 0xE2 && at[i + 1] == 0x80 && at[i + 2] <= 0x8B) ||
                                  (at[i] == 0xEF && at[i + 1] == 0xBB && at[i + 2] == 0xBF));
        bool narrow = left >= 2 && at[i] == 0xC2 && at[i + 1] == 0xA0;
        if (!wide && !narrow) return true;
        i += wide ? 2 : 1;
    }
    return false;
}

enum verdict guard_REASON(const struct decision *d) {
    NEED(d, ticket_says(d->command->reason), VERDICT_REASON_MISSING);
    return VERDICT_OK;
}

enum verdict ticket_replied(const struct decision *d, uint32_t unit) {
    bool owes = d->ticket->supervised && d->ticket->supervised_unit == unit;
    return owes ? VERDICT_REPLY_FIRST : VERDICT_OK;
}

/* Those merged into it would be left without a leading ticket: rule L22. */
enum verdict guard_ASK(const struct decision *d) {
    DEMAND(d->ticket->request_count == 1, VERDICT_LEADS_OTHERS);
    return guard_REASON(d);
}
enum verdict guard_END(const struct decision *d) {
    PASS_ON(ticket_replied(d, d->world->center));
    return guard_ASK(d);
}
enum verdict guard_TRANSFER(const struct decision *d) {
    return guard_END(d);
}

enum verdict guard_NOTE(const struct decision *d) {
    NEED(d, ticket_says(d->command->note), VERDICT_NOTE_MISSING);
    return VERDICT_OK;
}

enum verdict guard_SUPPLEMENT(const struct decision *d) {
    if (d->command == NULL) return VERDICT_OK;
    const struct command *c = d->command;
    bool sets = c->matter != 0 || c->place != 0 || c->urgency != 0;
    DEMAND(ticket_says(c->note) || sets, VERDICT_SUPPLEMENT_EMPTY);
    DEMAND(!sets || ticket_is_looking(d->ticket), VERDICT_SUPPLEMENT_LATE);
    return ticket_fit_matter_and_place(d);
}

/* ---- to the unit that must act ---- */

static enum verdict route_fits(const struct decision *d) {
    return ticket_route_fits(d) ? VERDICT_OK : VERDICT_UNIT_MISSING;
}

static enum verdict waits_by_rule(const struct ticket *ticket) {
    bool waits = ticket->state == STATE_RECEIVED || ticket->state == STATE_TRIAGE || ticket->state == STATE_OFFERED;
    DEMAND(waits, VERDICT_NOT_LEGAL_NOW);
    DEMAND(ticket->by_rule && ticket->returns == 0 && !ticket->forced, VERDICT_NOT_REROUTABLE);
    return VERDICT_OK;
}

enum verdict ticket_may_reroute(const struct ticket *ticket, uint32_t unit) {
    PASS_ON(waits_by_rule(ticket));
    DEMAND(unit != 0, VERDICT_UNIT_MISSING);
    DEMAND(ticket->state != STATE_OFFERED || ticket_lead(ticket)->unit != unit, VERDICT_NOTHING_CHANGES);
    return VERDICT_OK;
}

/* Rule R17: what nobody has taken on or decided yet may follow changed rules, to the unit that was said beforehand. */
enum verdict guard_REROUTE(const struct decision *d) {
    PASS_ON(waits_by_rule(d->ticket));
    if (d->command == NULL) return VERDICT_OK;
    PASS_ON(route_fits(d));
    DEMAND(d->command->route.unit == d->command->unit, VERDICT_ROUTED_ELSEWHERE);
    return ticket_may_reroute(d->ticket, d->command->unit);
}

enum verdict guard_DISPATCH(const struct decision *d) {
    if (by_system(d) && !d->follows) return guard_REROUTE(d);
    if (d->command == NULL) return VERDICT_OK;
    if (by_system(d)) return route_fits(d);
    PASS_ON(ticket_fit_matter_and_place(d));
    PASS_ON(ticket_fit_target(d, d->command->unit, d->command->matter != 0 ? d->command->matter : d->ticket->matter));
    bool binding = d->cause == COMMAND_ADJUDICATE;
    DEMAND(binding || !ticket_was_returned_by(d->ticket, d->command->unit), VERDICT_RETURNED_BEFORE);
    return ticket_fit_assists(d, d->command->units, d->command->units_count, d->command->unit, false);
}

static enum verdict another_unit(const struct decision *d) {
    PASS_ON(guard_DISPATCH(d));
    const struct assignment *lead = ticket_lead(d->ticket);
    NEED(d, lead == NULL || lead->unit != d->command->unit, VERDICT_SAME_UNIT);
    return guard_REASON(d);
}

enum verdict guard_REDISPATCH(const struct decision *d) {
    return another_unit(d);
}
enum verdict guard_ADJUDICATE(const struct decision *d) {
    return another_unit(d);
}

enum verdict guard_FORCE(const struct decision *d) {
    const struct unit *u = world_unit(d->world, ticket_lead(d->ticket)->unit);
    DEMAND(u != NULL && !u->closed, VERDICT_UNIT_CLOSED);
    DEMAND(d->ticket->assignment_last < CLOCK_ASSIGNMENTS_MAX, VERDICT_TOO_MANY_UNITS);
    return guard_REASON(d);
}

#define RETURN_REASON_TEXT(value, name, text, zh, en) text,
static bool is_return_reason(struct text reason) {
    static const char *const texts[] = {RETURN_REASON_WORDS(RETURN_REASON_TEXT)};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strlen(texts[i]) == reason.len && memcmp(texts[i], reason.at, reason.len) == 0) return true;
    }
    return false;
}

static enum verdict reason_and_basis(const struct decision *d) {
    PASS_ON(guard_REASON(d));
    NEED(d, is_return_reason(d->command->reason), VERDICT_REASON_UNKNOWN);
    NEED(d, ticket_says(d->command->basis), VERDICT_BASIS_MISSING);
    return VERDICT_OK;
}

enum verdict guard_RETURN(const struct decision *d) {
    DEMAND(!d->ticket->forced, VERDICT_FORCED);
    PASS_ON(ticket_replied(d, ticket_lead(d->ticket)->unit));
    return reason_and_basis(d);
}

enum verdict guard_ASSIST_SIGN(const struct decision *d) {
    DEMAND(d->mine->state == ASSIGNMENT_OFFERED, VERDICT_ALREADY_DONE);
    return VERDICT_OK;
}

enum verdict guard_ASSIST_RETURN(const struct decision *d) {
    PASS_ON(guard_ASSIST_SIGN(d));
    PASS_ON(ticket_replied(d, d->mine->unit));
    return reason_and_basis(d); /* what was forced was forced on the lead */
}

/* ---- the work ---- */

enum verdict guard_PASS_UP(const struct decision *d) {
    PASS_ON(ticket_replied(d, ticket_lead(d->ticket)->unit));
    return guard_REASON(d);
}

enum verdict guard_PASS_DOWN(const struct decision *d) {
    const struct assignment *lead = ticket_lead(d->ticket);
    if (d->command == NULL) return VERDICT_OK;
    uint32_t unit = d->command->unit;
    PASS_ON(ticket_fit_target(d, unit, d->ticket->matter));
    DEMAND(unit != lead->unit && world_in_subtree(d->world, lead->unit, unit), VERDICT_NOT_BELOW);
    DEMAND(d->command->until != 0, VERDICT_UNTIL_MISSING);
    DEMAND(d->command->until > d->now, VERDICT_UNTIL_TOO_EARLY);
    DEMAND(d->command->until <= lead->handle.due, VERDICT_SUB_DEADLINE);
    return ticket_fit_assists(d, &unit, 1, lead->unit, false);
}

static enum verdict some_assists(const struct decision *d, bool called) {
    if (d->command == NULL) return VERDICT_OK;
    const struct command *c = d->command;
    DEMAND(c->units_count > 0 || c->unit != 0, VERDICT_UNITS_MISSING);
    const struct assignment *lead = ticket_lead(d->ticket);
    uint32_t count = c->units_count > 0 ? c->units_count : 1;
    return ticket_fit_assists(d, c->units_count > 0 ? c->units : &c->unit, count, lead->unit, called);
}

enum verdict guard_ADD_ASSIST(const struct decision *d) {
    return some_assists(d, false);
}

enum verdict guard_WHISTLE(const struct decision *d) {
    const struct unit *u = world_unit(d->world, ticket_lead(d->ticket)->unit);
    DEMAND(u != NULL && u->kind == UNIT_STREET, VERDICT_NOT_A_STREET);
    return some_assists(d, true);
}

const struct assignment *ticket_named_assist(const struct decision *d) {
    const struct command *c = d->command;
    for (uint16_t i = d->ticket->assignments_count; i > 0; i--) {
        const struct assignment *a = &d->ticket->assignments[i - 1];
        bool named = c->assignment != 0 ? a->no == c->assignment : c->unit != 0 && a->unit == c->unit;
        if (named && a->kind == ASSIGNMENT_ASSIST) return a;
    }
    return NULL;
}

enum verdict guard_RELEASE(const struct decision *d) {
    DEMAND(ticket_open_assists(d->ticket) > 0, VERDICT_ASSIGNMENT_UNKNOWN);
    if (d->command == NULL) return VERDICT_OK;
    const struct assignment *a = ticket_named_assist(d);
    DEMAND(a != NULL && assignment_is_open(a), VERDICT_ASSIGNMENT_UNKNOWN);
    return guard_REASON(d);
}

enum verdict guard_ANSWER(const struct decision *d) {
    DEMAND(!d->mine->whistled || d->mine->arrived_at != 0, VERDICT_NOT_ARRIVED);
    DEMAND(d->mine->state == ASSIGNMENT_SIGNED, VERDICT_NOT_SIGNED);
    PASS_ON(ticket_replied(d, d->mine->unit));
    NEED(d, ticket_says(d->command->note) || ticket_says(d->command->answer), VERDICT_NOTE_MISSING);
    return VERDICT_OK;
}

enum verdict guard_ARRIVE(const struct decision *d) {
    DEMAND(d->mine->whistled, VERDICT_NOT_WHISTLED);
    DEMAND(d->mine->arrived_at == 0, VERDICT_ALREADY_DONE);
    return VERDICT_OK;
}

enum verdict guard_SCORE(const struct decision *d) {
    if (d->command == NULL) return VERDICT_OK;
    const struct assignment *a = ticket_named_assist(d);
    DEMAND(a != NULL, VERDICT_ASSIGNMENT_UNKNOWN);
    DEMAND(a->whistled, VERDICT_NOT_WHISTLED);
    DEMAND(access_acts_for(d->world, a->whistled_by, &d->by), VERDICT_NOT_YOUR_WHISTLE);
    DEMAND(a->arrived_at != 0, VERDICT_NOT_ARRIVED);
    DEMAND(a->score == 0, VERDICT_ALREADY_DONE);
    DEMAND(d->command->score >= 1 && d->command->score <= 5, VERDICT_SCORE_UNFIT);
    return VERDICT_OK;
}

/* Whom the present lead called, and who came, is scored before it finishes (L28); another lead need not wait for that. */
static bool owes_scores(const struct ticket *t) {
    for (uint16_t i = 0; i < t->assignments_count; i++) {
        const struct assignment *a = &t->assignments[i];
        if (assignment_owes_score(a) && a->whistled_by == ticket_lead(t)->unit) return true;
    }
    return false;
}

/* What must be done before the lead's work can be (L13, L26, L28). */
static enum verdict ready_to_finish(const struct decision *d) {
    DEMAND(ticket_open_assists(d->ticket) == 0, VERDICT_ASSIST_OPEN);
    DEMAND(!owes_scores(d->ticket), VERDICT_SCORE_FIRST);
    return ticket_replied(d, ticket_lead(d->ticket)->unit);
}

enum verdict guard_FINISH(const struct decision *d) {
    DEMAND(d->ticket->asked != TICKET_ASKED_FINISH, VERDICT_ALREADY_ASKED);
    PASS_ON(ready_to_finish(d));
    NEED(d, ticket_says(d->command->answer), VERDICT_ANSWER_MISSING);
    return VERDICT_OK;
}

/* Rule L41: whoever did the work does not let it pass; somebody else of the unit, or above it, does. */
enum verdict guard_REFUSE_FINISH(const struct decision *d) {
    DEMAND(d->ticket->asked == TICKET_ASKED_FINISH, VERDICT_NOT_ASKED);
    DEMAND(d->by.user != d->ticket->asked_by, VERDICT_OWN_REQUEST);
    return guard_REASON(d);
}

enum verdict guard_GRANT_FINISH(const struct decision *d) {
    DEMAND(d->ticket->asked == TICKET_ASKED_FINISH, VERDICT_NOT_ASKED);
    DEMAND(d->by.user != d->ticket->asked_by, VERDICT_OWN_REQUEST);
    return ready_to_finish(d);
}

/* ---- approval ---- */

/* Rule C16: an extension adds time of the limit's own kind; over a weekend it may add none. */
static bool adds_time(const struct decision *d, time_ms until) {
    const struct clock *handle = &ticket_lead(d->ticket)->handle;
    const struct calendar *cal = world_calendar(d->world, handle->calendar);
    return calendar_elapsed(cal, clock_limit(handle), handle->due, until) > 0;
}

enum verdict guard_ASK_EXTENSION(const struct decision *d) {
    const struct ticket *t = d->ticket;
    const struct assignment *lead = ticket_lead(t);
    DEMAND(t->asked == 0, VERDICT_ALREADY_ASKED);
    DEMAND(d->now <= lead->handle.due, VERDICT_TOO_LATE);
    const struct policy *policy = world_policy(d->world, ticket_terms(d->world, t).policy);
    DEMAND(t->extensions < policy->extensions_max, VERDICT_EXTENSIONS_USED);
    PASS_ON(guard_REASON(d));
    NEED(d, d->command->until != 0, VERDICT_UNTIL_MISSING);
    NEED(d, d->command->until > lead->handle.due, VERDICT_UNTIL_TOO_EARLY);
    NEED(d, adds_time(d, d->command->until), VERDICT_UNTIL_ADDS_NONE);
    NEED(d, d->command->until <= d->now + UNTIL_AHEAD_MS, VERDICT_UNTIL_TOO_LATE);
    return VERDICT_OK;
}

static enum verdict somebody_else_decides(const struct decision *d, int asked) {
    const struct ticket *t = d->ticket;
    DEMAND(t->asked == asked, VERDICT_NOT_ASKED);
    bool own_unit = d->by.unit == ticket_lead(t)->unit || d->by.unit == t->asked_unit; /* it may act for the lead: A5 */
    DEMAND(d->by.user != t->asked_by && !own_unit, VERDICT_OWN_REQUEST);
    return VERDICT_OK;
}

static time_ms until_decided(const struct decision *d) {
    return d->command->until != 0 ? d->command->until : d->ticket->asked_until;
}

enum verdict guard_GRANT_EXTENSION(const struct decision *d) {
    PASS_ON(somebody_else_decides(d, TICKET_ASKED_EXTENSION));
    DEMAND(d->ticket->extensions == 0 || d->by.role == ROLE_SUPERVISOR, VERDICT_HIGHER_ROLE);
    NEED(d, until_decided(d) > d->now && until_decided(d) > ticket_lead(d->ticket)->handle.due,
         VERDICT_UNTIL_TOO_EARLY);
    NEED(d, adds_time(d, until_decided(d)), VERDICT_UNTIL_ADDS_NONE);
    NEED(d, until_decided(d) <= d->now + UNTIL_AHEAD_MS, VERDICT_UNTIL_TOO_LATE);
    return VERDICT_OK;
}

enum verdict guard_REFUSE_EXTENSION(const struct decision *d) {
    PASS_ON(somebody_else_decides(d, TICKET_ASKED_EXTENSION));
    return guard_REASON(d);
}

/* A suspension is looked at again after the review limit at the latest. */
static enum verdict fit_review(const struct decision *d, time_ms until) {
    DEMAND(until > d->now, VERDICT_UNTIL_TOO_EARLY);
    time_ms latest = d->now + UNTIL_AHEAD_MS;
    struct terms terms = ticket_terms(d->world, d->ticket);
    struct limit limit = world_limit(d->world, terms.matter, terms.policy, STAGE_REVIEW, terms.urgency);
    const struct unit *centre = world_unit(d->world, d->world->center);
    const struct calendar *cal = world_calendar(d->world, centre != NULL ? centre->calendar : 0);
    (void)calendar_add(cal, d->now, limit, &latest); /* without a limit: `latest` stays */
    DEMAND(until <= latest, VERDICT_UNTIL_TOO_LATE);
    return VERDICT_OK;
}

enum verdict guard_ASK_SUSPENSION(const struct decision *d) {
    DEMAND(d->ticket->asked == 0, VERDICT_ALREADY_ASKED);
    if (d->command == NULL) return VERDICT_OK;
    PASS_ON(guard_REASON(d));
    DEMAND(d->command->until != 0, VERDICT_UNTIL_MISSING);
    return fit_review(d, d->command->until);
}

enum verdict guard_GRANT_SUSPENSION(const struct decision *d) {
    PASS_ON(somebody_else_decides(d, TICKET_ASKED_SUSPENSION));
    return d->command == NULL ? VERDICT_OK : fit_review(d, until_decided(d));
}

enum verdict guard_REFUSE_SUSPENSION(const struct decision *d) {
    PASS_ON(somebody_else_decides(d, TICKET_ASKED_SUSPENSION));
    return guard_REASON(d);
}

#define GUARD_FUNCTION(name, zh, en) guard_##name,
static enum verdict (*const guards[GUARD_COUNT])(const struct decision *d) = {GUARDS(GUARD_FUNCTION)};

enum verdict ticket_guard(const struct decision *d, int guard) {
    return guards[guard](d);
}
