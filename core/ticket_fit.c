/* Whether units, a matter and a place named in a command will do. See ticket_guards.h; rules R6, L33, L34. */
#include "core/ticket_guards.h"

enum verdict ticket_fit_target(const struct decision *d, uint32_t unit, uint32_t matter) {
    DEMAND(unit != 0, VERDICT_UNIT_MISSING);
    const struct unit *u = world_unit(d->world, unit);
    DEMAND(u != NULL, VERDICT_UNIT_UNKNOWN);
    DEMAND(!u->closed, VERDICT_UNIT_CLOSED);
    DEMAND(world_kind_takes_tickets(u->kind), VERDICT_UNIT_UNFIT);
    if (u->kind == UNIT_COMMUNITY || u->kind == UNIT_GRID) {
        uint32_t community = world_above_open(d->world, unit, UNIT_COMMUNITY);
        DEMAND(world_admitted(d->world, community, matter), VERDICT_NOT_ADMITTED);
    }
    return VERDICT_OK;
}

enum verdict ticket_fit_assists(const struct decision *d, const uint32_t *units, uint32_t count, uint32_t lead,
                                bool called) {
    for (uint32_t i = 0; i < count; i++) {
        const struct unit *u = world_unit(d->world, units[i]);
        DEMAND(u != NULL && !u->closed && world_kind_takes_tickets(u->kind), VERDICT_UNITS_UNFIT);
        DEMAND(!called || u->kind == UNIT_DEPARTMENT || u->kind == UNIT_ENTERPRISE || u->kind == UNIT_POOL,
               VERDICT_UNITS_UNFIT);
        DEMAND(units[i] != lead && ticket_assignment_of(d->ticket, units[i]) == NULL, VERDICT_UNITS_TWICE);
        for (uint32_t k = 0; k < i; k++) DEMAND(units[k] != units[i], VERDICT_UNITS_TWICE);
    }
    DEMAND(ticket_open_assists(d->ticket) + count < TICKET_ASSIGNMENTS_MAX, VERDICT_TOO_MANY_UNITS);
    DEMAND(d->ticket->assignment_last + 1 + count <= CLOCK_ASSIGNMENTS_MAX, VERDICT_TOO_MANY_UNITS);
    return VERDICT_OK;
}

enum verdict ticket_fit_matter_and_place(const struct decision *d) {
    const struct command *c = d->command;
    if (c->matter != 0) DEMAND(world_matter(d->world, c->matter) != NULL, VERDICT_MATTER_UNKNOWN);
    if (c->place != 0) {
        const struct unit *u = world_unit(d->world, c->place);
        DEMAND(u != NULL && (u->kind == UNIT_GRID || u->kind == UNIT_COMMUNITY || u->kind == UNIT_STREET ||
                             u->kind == UNIT_BUILDING || u->kind == UNIT_DISTRICT),
               VERDICT_PLACE_UNKNOWN);
    }
    return VERDICT_OK;
}

bool ticket_route_fits(const struct decision *d) {
    const struct unit *u = world_unit(d->world, d->command->route.unit);
    if (u == NULL || u->closed || !world_kind_takes_tickets(u->kind)) return false;
    return !ticket_was_returned_by(d->ticket, u->id) && d->ticket->assignment_last < CLOCK_ASSIGNMENTS_MAX;
}
