/* Folding one event into a ticket: the only place where a ticket changes. Everything that needed the world was decided before
 * and stands in the event; so replay needs nothing but the events (I4). See ticket.h. */
#include <string.h>

#include "core/ticket_inner.h"
#include "proto/must.h"

static void count_up(uint8_t *counter) {
    *counter += *counter < UINT8_MAX;
}

/* ---- assignments ---- */

static struct assignment *assignment(struct ticket *t, uint8_t no) {
    struct assignment *a = (struct assignment *)ticket_assignment(t, no);
    must(a != NULL);
    return a;
}

static struct assignment *lead(struct ticket *t) {
    struct assignment *a = (struct assignment *)ticket_lead(t);
    must(a != NULL);
    return a;
}

static void stop_clocks(struct assignment *a) {
    a->turn = (struct clock){0};
    a->handle = (struct clock){0};
}

static void end_assignment(struct assignment *a, enum assignment_state state, time_ms at) {
    if (assignment_is_open(a)) {
        a->state = (uint8_t)state;
        a->ended_at = at;
    }
    stop_clocks(a);
}

static void remove_assignment(struct ticket *t, const struct assignment *a) {
    size_t index = (size_t)(a - t->assignments);
    t->assignments_count--;
    memmove(&t->assignments[index], &t->assignments[index + 1], (t->assignments_count - index) * sizeof *a);
}

/* When all places are taken, one goes whose part is over, rather not one that is still to be scored. Guards see to it that there is
 * one. */
static void make_room(struct ticket *t) {
    if (t->assignments_count < TICKET_ASSIGNMENTS_MAX) return;
    const struct assignment *goes = NULL;
    for (uint16_t i = 0; i < t->assignments_count; i++) {
        const struct assignment *a = &t->assignments[i];
        if (a->kind != ASSIGNMENT_ASSIST || assignment_is_open(a)) continue;
        if (goes == NULL || (assignment_owes_score(goes) && !assignment_owes_score(a))) goes = a;
    }
    must(goes != NULL);
    remove_assignment(t, goes);
}

static struct assignment *add_assignment(struct ticket *t, uint8_t no, enum assignment_kind kind, uint32_t unit,
                                         time_ms at) {
    must(no == t->assignment_last + 1);
    make_room(t);
    struct assignment *a = &t->assignments[t->assignments_count++];
    memset(a, 0, sizeof *a);
    a->no = no;
    a->kind = (uint8_t)kind;
    a->state = ASSIGNMENT_OFFERED;
    a->unit = unit;
    a->offered_at = at;
    t->assignment_last = no;
    return a;
}

/* The lead before leaves the ticket; a unit that assisted and now leads stops assisting. */
static void new_lead(struct ticket *t, const struct event *e) {
    const struct assignment *before = ticket_lead(t);
    if (before != NULL) remove_assignment(t, before);
    struct assignment *assisting = (struct assignment *)ticket_assignment_of(t, e->effect.unit);
    if (assisting != NULL) end_assignment(assisting, ASSIGNMENT_RELEASED, e->at);
    struct assignment *a = add_assignment(t, e->effect.assignment, ASSIGNMENT_LEAD, e->effect.unit, e->at);
    a->forced = e->effect.forced;
}

static void new_assists(struct ticket *t, const struct event *e, uint8_t first, uint32_t whistled_by) {
    for (uint16_t i = 0; i < e->effect.units_count; i++) {
        struct assignment *a = add_assignment(t, (uint8_t)(first + i), ASSIGNMENT_ASSIST, e->effect.units[i], e->at);
        a->whistled = whistled_by != 0;
        a->whistled_by = whistled_by;
    }
}

/* Another unit takes over what the closed one had, as it stands. */
static void take_over(struct ticket *t, const struct event *e, struct assignment *from) {
    struct assignment a = *from;
    struct assignment *taking = (struct assignment *)ticket_assignment_of(t, e->effect.unit);
    if (taking != NULL) end_assignment(taking, ASSIGNMENT_RELEASED, e->at);
    if (a.kind == ASSIGNMENT_LEAD)
        remove_assignment(t, from);
    else
        end_assignment(from, ASSIGNMENT_RELEASED, e->at);
    struct assignment *to =
        add_assignment(t, e->effect.assignment, (enum assignment_kind)a.kind, e->effect.unit, e->at);
    a.no = to->no;
    a.unit = to->unit;
    *to = a; /* its clocks stand in the event too */
    stop_clocks(to);
}

static void offer_anew(struct ticket *t, const struct event *e, struct assignment *from) {
    if (from->kind == ASSIGNMENT_LEAD) {
        new_lead(t, e);
        t->forced = false;
        return;
    }
    uint32_t called_by = from->whistled && from->arrived_at == 0 ? from->whistled_by : 0;
    end_assignment(from, ASSIGNMENT_RELEASED, e->at);
    struct assignment *a = add_assignment(t, e->effect.assignment, ASSIGNMENT_ASSIST, e->effect.unit, e->at);
    a->whistled = called_by != 0;
    a->whistled_by = called_by;
}

/* effect.stage says which of the ticket's things went to another unit (core/ticket_follow.c). */
static void on_followed(struct ticket *t, const struct event *e) {
    const struct effect *f = &e->effect;
    struct assignment *from = (struct assignment *)ticket_assignment_of(t, f->from_unit);
    switch (f->stage) {
    case STAGE_CHECK:
        t->checker = f->checker;
        break;
    case STAGE_SUPERVISE:
        t->supervised_unit = f->unit;
        break;
    case STAGE_TRIAGE:
        end_assignment(lead(t), ASSIGNMENT_RELEASED, e->at);
        break;
    default:
        if (from == NULL) from = lead(t); /* it has answered */
        if (f->unit == 0)
            end_assignment(from, ASSIGNMENT_RELEASED, e->at);
        else if (f->stage == STAGE_SIGN)
            offer_anew(t, e, from);
        else
            take_over(t, e, from);
    }
}

static void forget_return(struct ticket *t, uint32_t unit) {
    for (uint16_t i = 0; i < t->returned_by_count; i++) {
        if (t->returned_by[i] != unit) continue;
        t->returned_by_count--;
        memmove(&t->returned_by[i], &t->returned_by[i + 1], (t->returned_by_count - i) * sizeof t->returned_by[0]);
        return;
    }
}

/* Rule L46; one that is forced back after all was not accepted. */
static void remember_return(struct ticket *t, uint32_t unit) {
    forget_return(t, unit);
    if (t->returned_by_count == TICKET_RETURNED_MAX) forget_return(t, t->returned_by[0]);
    t->returned_by[t->returned_by_count++] = unit;
}

static void on_returned(struct ticket *t, const struct event *e) {
    struct assignment *a = assignment(t, e->effect.assignment);
    if (a->kind == ASSIGNMENT_LEAD) {
        count_up(&t->returns);
        remember_return(t, a->unit);
    }
    end_assignment(a, ASSIGNMENT_RETURNED, e->at);
}

static void sign(struct assignment *a, time_ms at) {
    a->state = ASSIGNMENT_SIGNED;
    if (a->signed_at == 0) a->signed_at = at;
}

/* Back to handling: the lead takes up its work again. */
static void rework(struct ticket *t) {
    struct assignment *a = lead(t);
    a->state = ASSIGNMENT_SIGNED;
    a->ended_at = 0;
    count_up(&t->reworks);
}

/* ---- what each event means ---- */

static void on_received(struct ticket *t, const struct event *e) {
    const struct effect *f = &e->effect;
    t->id = e->ticket;
    t->shard = e->shard;
    t->request = f->request;
    t->request_count = 1;
    t->source = f->source;
    t->channel = f->channel;
    t->confidential = f->confidential;
    t->received_at = f->received_at;
    t->split_from = f->other;
}

static void on_assignment(struct ticket *t, const struct event *e) {
    const struct effect *f = &e->effect;
    switch (e->type) {
    case EVENT_DISPATCHED:
    case EVENT_ADJUDICATED:
    case EVENT_FORCED:
        new_lead(t, e);
        new_assists(t, e, (uint8_t)(f->assignment + 1), 0);
        t->forced = f->forced;
        if (f->forced) forget_return(t, f->unit);
        break;
    case EVENT_PASSED_UP:
        t->forced = false;
        if (f->to == STATE_OFFERED) {
            new_lead(t, e);
            new_assists(t, e, (uint8_t)(f->assignment + 1), 0);
        } else {
            end_assignment(lead(t), ASSIGNMENT_RELEASED, e->at);
        }
        break;
    case EVENT_TRIAGED:
        if (t->state == STATE_OFFERED) end_assignment(lead(t), ASSIGNMENT_RELEASED, e->at);
        break;
    case EVENT_FOLLOWED:
        on_followed(t, e);
        break;
    case EVENT_PASSED_DOWN:
        add_assignment(t, f->assignment, ASSIGNMENT_ASSIST, f->unit, e->at);
        break;
    case EVENT_ASSIST_ADDED:
        new_assists(t, e, f->assignment, 0);
        break;
    case EVENT_WHISTLED:
        new_assists(t, e, f->assignment, lead(t)->unit);
        break;
    case EVENT_SIGNED:
    case EVENT_ASSIST_SIGNED:
        sign(assignment(t, f->assignment), e->at);
        break;
    case EVENT_RETURNED:
        on_returned(t, e);
        break;
    case EVENT_ASSIST_ANSWERED:
        end_assignment(assignment(t, f->assignment), ASSIGNMENT_ANSWERED, e->at);
        break;
    case EVENT_ASSIST_RELEASED:
        end_assignment(assignment(t, f->assignment), ASSIGNMENT_RELEASED, e->at);
        break;
    case EVENT_CONTACTED:
        lead(t)->contacted_at = e->at;
        lead(t)->turn = (struct clock){0};
        break;
    case EVENT_ARRIVED:
        assignment(t, f->assignment)->arrived_at = e->at;
        assignment(t, f->assignment)->turn = (struct clock){0};
        sign(assignment(t, f->assignment), e->at);
        break;
    case EVENT_SCORED:
        assignment(t, f->assignment)->score = f->score;
        break;
    case EVENT_FINISHED:
        end_assignment(lead(t), ASSIGNMENT_ANSWERED, e->at);
        t->handled_by = f->unit;
        t->finished_by = t->asked == TICKET_ASKED_FINISH ? t->asked_by : e->user;
        break;
    default:
        break;
    }
}

static void on_approval(struct ticket *t, const struct event *e) {
    switch (e->type) {
    case EVENT_EXTENSION_ASKED:
    case EVENT_SUSPENSION_ASKED:
        t->asked = e->type == EVENT_EXTENSION_ASKED ? TICKET_ASKED_EXTENSION : TICKET_ASKED_SUSPENSION;
        t->asked_by = e->user;
        t->asked_unit = e->actor_unit;
        t->asked_until = e->effect.until;
        break;
    case EVENT_FINISH_ASKED:
        t->asked = TICKET_ASKED_FINISH;
        t->asked_by = e->user;
        t->asked_unit = e->actor_unit;
        t->asked_until = 0;
        break;
    case EVENT_EXTENSION_GRANTED:
        count_up(&t->extensions); /* fallthrough */
    case EVENT_EXTENSION_REFUSED:
    case EVENT_SUSPENSION_REFUSED:
    case EVENT_FINISH_REFUSED:
        t->asked = 0;
        break;
    case EVENT_SUPERVISED:
        t->supervised = true;
        t->supervised_unit = e->effect.unit;
        break;
    case EVENT_REPLIED:
        t->supervised = false;
        t->supervised_unit = 0;
        t->supervision = (struct clock){0};
        break;
    default:
        break;
    }
}

/* A merged request is called back on its own ticket, once a round of the leading one. */
static void on_callback(struct ticket *t, const struct event *e) {
    if (e->effect.round != t->callback_round) t->callback_tries = 0;
    t->callback_round = e->effect.round;
    t->called_back = e->effect.called_back;
    if (e->type == EVENT_UNREACHABLE) count_up(&t->callback_tries);
}

static void on_the_rest(struct ticket *t, const struct event *e) {
    switch (e->type) {
    case EVENT_CHECK_FAILED:
    case EVENT_MERGED_UNSOLVED:
        if (e->effect.to == STATE_HANDLING)
            rework(t);
        else
            count_up(&t->reworks);
        break;
    case EVENT_UNSOLVED:
        if (e->effect.to == STATE_HANDLING) rework(t);
        if (e->effect.to == STATE_TRIAGE) count_up(&t->reworks); /* its unit is gone */
        if (t->state == STATE_MERGED) on_callback(t, e);
        break;
    case EVENT_REOPENED:
        if (e->effect.to == STATE_HANDLING)
            rework(t);
        else
            count_up(&t->reworks);
        break;
    case EVENT_SOLVED:
    case EVENT_UNREACHABLE:
        on_callback(t, e);
        break;
    case EVENT_CALLED_BACK:
        t->called += t->called < UINT16_MAX;
        break;
    case EVENT_LEFT:
        if (e->effect.called_back && t->called > 0) t->called--;
        break;
    case EVENT_TRANSFERRED:
        t->outside = e->effect.source;
        break;
    case EVENT_TAKEN_BACK:
    case EVENT_OUTSIDE_ANSWERED:
        t->outside = 0;
        break;
    case EVENT_URGED:
        count_up(&t->urges);
        break;
    case EVENT_MERGED:
        t->merged_into = e->effect.other;
        break;
    case EVENT_UNMERGED:
        t->merged_into = 0;
        t->callback_round = 0;
        break;
    case EVENT_RUNG:
        if (e->effect.rung > t->highest_rung) t->highest_rung = e->effect.rung; /* fallthrough */
    case EVENT_CARD_APPEALED:
    case EVENT_CARD_WITHDRAWN:
    case EVENT_APPEAL_REFUSED:
        ticket_apply_card(t, e);
        break;
    default:
        break;
    }
}

/* ---- by rule or by hand ---- */

/* Rule R17: whether it is where the rules put it. Whatever else moves it on is a decision, or work that somebody took on; a closed
 * unit's work that follows (L43) is neither. */
static bool waits_by_rule(const struct ticket *t, const struct event *e) {
    switch (e->type) {
    case EVENT_RECEIVED:
        return t->split_from == 0;
    case EVENT_DISPATCHED:
        return e->role == ROLE_SYSTEM;
    case EVENT_TRIAGED:
        return t->by_rule && e->role == ROLE_SYSTEM;
    case EVENT_SUPPLEMENTED:
        return t->by_rule || (t->state == STATE_INCOMPLETE && e->effect.to == STATE_TRIAGE);
    case EVENT_FOLLOWED:
        return t->by_rule;
    default:
        return t->by_rule && e->effect.to == t->state;
    }
}

/* ---- state, clocks, the promise ---- */

static void set_fields(struct ticket *t, const struct effect *f) {
    if (f->matter != 0) {
        t->matter = f->matter;
        t->sensitive = f->sensitive;
    }
    if (f->urgency != 0) t->urgency = f->urgency;
    if (f->place != 0) t->place = f->place;
    if (f->place_by != 0) t->place_by = f->place_by;
    if (f->request_count != 0) t->request_count = f->request_count;
}

static void end_all(struct ticket *t, time_ms at) {
    for (uint16_t i = 0; i < t->assignments_count; i++) end_assignment(&t->assignments[i], ASSIGNMENT_RELEASED, at);
    t->supervision = (struct clock){0};
    t->total = (struct clock){0};
    t->supervised = false;
    t->supervised_unit = 0;
    t->ended_at = at;
}

/* A state's clock ends with the state; what only one state needs is forgotten with it. */
static void move(struct ticket *t, const struct event *e) {
    const struct effect *f = &e->effect;
    if (f->to != t->state || f->owner != t->owner) t->entered_at = e->at;
    t->owner = f->owner;
    if (f->to == t->state) return;
    bool was_open = lifecycle_is_open(t->state);
    t->state = f->to;
    t->clock = (struct clock){0};
    t->checker = f->to == STATE_CHECK ? f->checker : 0;
    t->resume_state = 0;
    if (f->to == STATE_INCOMPLETE) t->resume_state = STATE_TRIAGE;
    if (f->to == STATE_SUSPENDED) t->resume_state = STATE_HANDLING;
    if (f->to != STATE_CALLBACK) {
        t->callback_tries = 0;
        t->called_back = false;
        t->called = 0;
    }
    if (f->to != STATE_HANDLING) t->asked = 0;
    if (!lifecycle_is_open(f->to)) end_all(t, e->at);
    if (lifecycle_is_open(f->to) && !was_open) t->ended_at = 0;
}

static void set_clocks(struct ticket *t, const struct effect *f) {
    for (uint16_t i = 0; i < f->clocks_count; i++) {
        struct clock *clock = (struct clock *)ticket_clock(t, f->clocks[i].slot);
        must(clock != NULL);
        *clock = f->clocks[i].clock;
    }
    if (t->total.stage != 0) t->total_due = t->total.due;
}

static void arm(struct ticket *t) {
    time_ms next_at;
    ticket_earliest_clock(t, &next_at);
    if (next_at != t->next_at) t->generation++;
    t->next_at = next_at;
}

void ticket_apply(struct ticket *t, const struct event *e) {
    must(e->version == t->version + 1 && (t->version == 0 || e->ticket == t->id));
    if (e->type == EVENT_RECEIVED) on_received(t, e);
    t->version = e->version;
    t->changed_at = e->at;
    set_fields(t, &e->effect);
    on_assignment(t, e);
    on_approval(t, e);
    on_the_rest(t, e);
    t->by_rule = waits_by_rule(t, e);
    move(t, e);
    if (t->asked == 0) {
        t->asked_by = 0;
        t->asked_unit = 0;
        t->asked_until = 0;
    }
    set_clocks(t, &e->effect);
    arm(t);
}
