/* Small questions about a ticket that deciding, folding and showing share. See ticket_inner.h. */
#include "core/ticket_inner.h"
#include "proto/must.h"

bool assignment_is_open(const struct assignment *a) {
    return a->state == ASSIGNMENT_OFFERED || a->state == ASSIGNMENT_SIGNED;
}

bool assignment_owes_score(const struct assignment *a) {
    return a->whistled && a->arrived_at != 0 && a->state == ASSIGNMENT_ANSWERED && a->score == 0;
}

const struct assignment *ticket_lead(const struct ticket *ticket) {
    for (int i = ticket->assignments_count - 1; i >= 0; i--) {
        if (ticket->assignments[i].kind == ASSIGNMENT_LEAD) return &ticket->assignments[i];
    }
    return NULL;
}

const struct assignment *ticket_assignment(const struct ticket *ticket, uint8_t no) {
    for (uint16_t i = 0; i < ticket->assignments_count; i++) {
        if (ticket->assignments[i].no == no) return &ticket->assignments[i];
    }
    return NULL;
}

const struct assignment *ticket_assignment_of(const struct ticket *ticket, uint32_t unit) {
    for (uint16_t i = 0; i < ticket->assignments_count; i++) {
        const struct assignment *a = &ticket->assignments[i];
        if (a->unit == unit && assignment_is_open(a)) return a;
    }
    return NULL;
}

uint32_t ticket_open_assists(const struct ticket *ticket) {
    uint32_t count = 0;
    for (uint16_t i = 0; i < ticket->assignments_count; i++) {
        const struct assignment *a = &ticket->assignments[i];
        if (a->kind == ASSIGNMENT_ASSIST && assignment_is_open(a)) count++;
    }
    return count;
}

bool ticket_is_looking(const struct ticket *ticket) {
    return ticket->state == STATE_RECEIVED || ticket->state == STATE_INCOMPLETE || ticket->state == STATE_TRIAGE;
}

bool ticket_was_returned_by(const struct ticket *ticket, uint32_t unit) {
    for (uint16_t i = 0; i < ticket->returned_by_count; i++) {
        if (ticket->returned_by[i] == unit) return true;
    }
    return false;
}

uint32_t ticket_responsible(const struct ticket *ticket) {
    const struct assignment *lead = ticket_lead(ticket);
    return lead != NULL && assignment_is_open(lead) ? lead->unit : ticket->owner;
}

const struct clock *ticket_clock(const struct ticket *ticket, int slot) {
    if (slot == CLOCK_SLOT_TICKET) return &ticket->clock;
    if (slot == CLOCK_SLOT_SUPERVISION) return &ticket->supervision;
    if (slot == CLOCK_SLOT_TOTAL) return &ticket->total;
    const struct assignment *a = ticket_assignment(ticket, (uint8_t)(slot / 2));
    if (a == NULL) return NULL;
    return slot % 2 == 0 ? &a->turn : &a->handle;
}

static void earlier(const struct clock *clock, int slot, int *best, time_ms *ret_at) {
    if (clock->next == 0 || (*best >= 0 && clock->next >= *ret_at)) return;
    *best = slot;
    *ret_at = clock->next;
}

int ticket_earliest_clock(const struct ticket *ticket, time_ms *ret_at) {
    int best = -1;
    *ret_at = 0;
    earlier(&ticket->clock, CLOCK_SLOT_TICKET, &best, ret_at);
    earlier(&ticket->supervision, CLOCK_SLOT_SUPERVISION, &best, ret_at);
    for (uint16_t i = 0; i < ticket->assignments_count; i++) {
        const struct assignment *a = &ticket->assignments[i];
        earlier(&a->turn, 2 * a->no, &best, ret_at);
        earlier(&a->handle, 2 * a->no + 1, &best, ret_at);
    }
    return best;
}

struct terms ticket_terms_of(const struct world *world, uint32_t matter, uint8_t urgency) {
    const struct matter *m = world_matter(world, matter);
    return (struct terms){.matter = m, .policy = m != NULL ? m->policy : 0, .urgency = urgency};
}

struct terms ticket_terms(const struct world *world, const struct ticket *ticket) {
    return ticket_terms_of(world, ticket->matter, ticket->urgency);
}

uint8_t ticket_round(const struct ticket *ticket) {
    return ticket->reworks < UINT8_MAX ? (uint8_t)(ticket->reworks + 1) : UINT8_MAX;
}

bool ticket_all_called_back(const struct ticket *ticket) {
    return ticket->called_back && ticket->called + 1 >= ticket->request_count;
}

bool ticket_may_close(const struct world *world, const struct ticket *ticket) {
    bool owes_reply = ticket->supervised && ticket->supervised_unit == world->center;
    return ticket->state == STATE_CALLBACK && ticket_all_called_back(ticket) && !owes_reply;
}

bool ticket_took_part(const struct ticket *ticket, uint32_t unit) {
    for (uint16_t i = 0; i < ticket->assignments_count; i++) {
        const struct assignment *a = &ticket->assignments[i];
        if (a->unit == unit && (assignment_is_open(a) || a->state == ASSIGNMENT_ANSWERED)) return true;
    }
    return ticket->handled_by == unit;
}

/* Rules L11, L47. */
static bool may_check(const struct world *world, const struct ticket *ticket, uint32_t unit, uint32_t handler,
                      uint32_t actor) {
    const struct unit *u = world_unit(world, unit);
    return u != NULL && unit != actor && !u->closed && u->staffed && world_kind_works(u->kind) &&
           !world_in_subtree(world, handler, unit) && !ticket_took_part(ticket, unit);
}

uint32_t ticket_checker(const struct world *world, const struct ticket *ticket, uint32_t handler, uint32_t actor) {
    uint32_t community = world_above_open(world, ticket->place, UNIT_COMMUNITY);
    if (may_check(world, ticket, community, handler, actor)) return community;
    uint32_t street = world_above_open(world, ticket->place, UNIT_STREET);
    if (may_check(world, ticket, street, handler, actor)) return street;
    const struct unit *u = world_unit(world, handler);
    while (u != NULL && (u = world_unit(world, u->parent)) != NULL) {
        if (may_check(world, ticket, u->id, handler, actor)) return u->id;
    }
    return world->center;
}

/* It is not closed, has not returned it (L46), and is admitted to the matter (R6). */
static bool takes(const struct world *world, const struct ticket *ticket, const struct unit *u) {
    if (u == NULL || u->closed || ticket_was_returned_by(ticket, u->id)) return false;
    return u->kind != UNIT_COMMUNITY || world_admitted(world, u->id, ticket->matter);
}

uint32_t ticket_level_above(const struct world *world, const struct ticket *ticket, uint32_t unit) {
    const struct unit *u = world_unit(world, unit);
    bool local = false;
    for (; u != NULL; u = world_unit(world, u->parent)) {
        bool passes =
            u->id != unit && (u->kind == UNIT_COMMUNITY || u->kind == UNIT_STREET || u->kind == UNIT_DEPARTMENT);
        if (passes && takes(world, ticket, u)) return u->id;
        local = local || u->kind == UNIT_STREET;
    }
    const struct matter *matter = local ? world_matter(world, ticket->matter) : NULL;
    if (matter == NULL || !takes(world, ticket, world_unit(world, matter->department))) return 0;
    return matter->department;
}
