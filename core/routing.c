/* Place, matter and routing rules to unit. See routing.h; the sentence that says why is core/routing_say.c's.
 *
 *  R1  The place gives the chain: its grid, community, street, district.
 *  R2  A dedicated grid wins over the basic grid it lies in.
 *  R3  A place that is not known, or lies outside, goes to triage; a matter that starts at a department needs none.
 *  R4  Without a matter of the catalogue: triage.
 *  R5  A place too coarse for the matter's starting level: the next level above that is known takes it.
 *  R6  A community and its grids are given only what its admission list allows; else the street takes it. A district without
 *      any row keeps no list.
 *  R7  A unit that is closed is passed over for the next level above. Nobody left: triage.
 *  R8  A grid that nobody staffs still gets the ticket: the ladder, and A5, see to it.
 *  R9  The catalogue's assisting departments join when the ticket goes to the responsible department itself.
 *  R15 A rule whose target cannot have it is passed over, and that is said. None left: by R1 to R9.
 *  R16 A rule may also set matter, urgency and assists.
 *  R18 A place in a unit that was merged lies in the unit it went into. */
#include "core/routing.h"

#include "core/rule.h"
#include "proto/must.h"

uint32_t routing_place(const struct world *world, const uint32_t *grids, uint32_t count) {
    uint32_t best = 0;
    bool best_dedicated = false;
    for (uint32_t i = 0; i < count; i++) {
        const struct unit *grid = world_unit(world, grids[i]);
        if (grid == NULL) continue;
        bool better = grid->dedicated != best_dedicated ? grid->dedicated : grid->id < best;
        if (best != 0 && !better) continue;
        best = grid->id;
        best_dedicated = grid->dedicated;
    }
    return best;
}

static void consider(struct route *route, uint32_t unit, enum route_reason why) {
    if (route->considered_count == ROUTE_CONSIDERED_MAX) return;
    route->considered[route->considered_count++] = (struct considered){.unit = unit, .why = (uint8_t)why};
}

/* A merged unit lies, closed, below one of its own kind (rule W5). */
static bool was_merged(const struct world *world, const struct unit *u) {
    const struct unit *above = world_unit(world, u->parent);
    return u->closed && above != NULL && above->kind == u->kind;
}

static void fill_chain(const struct world *world, uint32_t place, struct route *route) {
    for (const struct unit *u = world_unit(world, place); u != NULL; u = world_unit(world, u->parent)) {
        if (was_merged(world, u)) continue;
        bool in_chain =
            u->kind == UNIT_GRID || u->kind == UNIT_COMMUNITY || u->kind == UNIT_STREET || u->kind == UNIT_DISTRICT;
        if (in_chain && route->chain_count < 6) route->chain[route->chain_count++] = u->id;
    }
}

static void to_triage(struct route *route, enum route_reason reason) {
    route->unit = 0;
    route->reason = (uint8_t)reason;
}

static void to_unit(struct route *route, uint32_t unit, enum route_reason reason) {
    route->unit = unit;
    route->reason = (uint8_t)reason;
    for (uint16_t i = 0; i < route->considered_count; i++) {
        if (route->considered[i].unit == unit) {
            route->considered[i].taken = true;
            return;
        }
    }
    consider(route, unit, reason);
    if (route->considered_count > 0) {
        struct considered *last = &route->considered[route->considered_count - 1];
        last->taken = last->unit == unit;
    }
}

static void to_department(const struct world *world, const struct matter *matter, struct route *route) {
    const struct unit *department = world_unit(world, matter->department);
    if (department == NULL || department->closed) {
        if (department != NULL) consider(route, department->id, ROUTE_UNIT_CLOSED);
        to_triage(route, department != NULL ? ROUTE_UNIT_CLOSED : ROUTE_NO_UNIT);
        return;
    }
    for (uint8_t i = 0; i < matter->assist_count; i++) {
        const struct unit *assist = world_unit(world, matter->assists[i]);
        if (assist != NULL && !assist->closed && assist->id != department->id) {
            route->assists[route->assists_count++] = assist->id;
        }
    }
    to_unit(route, department->id, ROUTE_START_DEPARTMENT);
}

static enum route_reason start_reason(int kind) {
    if (kind == UNIT_GRID) return ROUTE_START_GRID;
    return kind == UNIT_COMMUNITY ? ROUTE_START_COMMUNITY : ROUTE_START_STREET;
}

/* Levels above each other: a grid lies deepest. */
static int level_of(int kind) {
    if (kind == UNIT_GRID) return 3;
    if (kind == UNIT_COMMUNITY) return 2;
    return kind == UNIT_STREET ? 1 : 0;
}

/* From the innermost unit that is not deeper than the starting level outwards, until one may have it. */
static void to_level(const struct world *world, const struct matter *matter, struct route *route) {
    enum route_reason reason = start_reason(matter->start);
    bool found = false;
    for (uint16_t i = 0; i < route->chain_count; i++) {
        const struct unit *unit = world_unit(world, route->chain[i]);
        int level = level_of(unit->kind);
        if (level == 0 || level > level_of(matter->start)) continue;
        if (!found && level < level_of(matter->start)) reason = ROUTE_PLACE_TOO_COARSE;
        if (!found && unit->kind == UNIT_GRID && unit->dedicated) reason = ROUTE_DEDICATED;
        found = true;
        if (unit->closed) {
            reason = ROUTE_UNIT_CLOSED;
            consider(route, unit->id, reason);
            continue;
        }
        if (level >= 2 && !world_admitted(world, world_above_open(world, unit->id, UNIT_COMMUNITY), matter->code)) {
            reason = ROUTE_NOT_ADMITTED;
            consider(route, unit->id, reason);
            continue;
        }
        to_unit(route, unit->id, reason);
        return;
    }
    to_triage(route, reason == ROUTE_UNIT_CLOSED || reason == ROUTE_NOT_ADMITTED ? reason : ROUTE_NO_UNIT);
}

/* By place and catalogue alone. */
static void decide_plain(const struct world *world, const struct request_new *request, struct route *ret_route) {
    struct route *route = ret_route;
    *route = (struct route){.matter = request->matter, .place = request->place, .place_by = request->place_by};
    fill_chain(world, request->place, route);
    const struct matter *matter = world_matter(world, request->matter);
    if (matter == NULL) {
        bool given = request->matter != 0 || request->unknown_matter;
        to_triage(route, given ? ROUTE_UNKNOWN_MATTER : ROUTE_NO_MATTER);
        return;
    }
    route->department = matter->department;
    if (matter->start == UNIT_DEPARTMENT) {
        to_department(world, matter, route);
    } else if (route->chain_count > 0) {
        to_level(world, matter, route);
    } else if (request->place_by == PLACE_OUTSIDE) {
        to_triage(route, ROUTE_OUTSIDE);
    } else if (request->place_by == PLACE_UNKNOWN) {
        to_triage(route, ROUTE_ADDRESS_UNKNOWN);
    } else {
        to_triage(route, ROUTE_NO_PLACE);
    }
}

/* ---- routing rules ---- */

static bool one_takes(const struct world *world, uint32_t id, uint32_t matter, enum route_reason *ret_why) {
    const struct unit *unit = world_unit(world, id);
    *ret_why = unit == NULL ? ROUTE_NO_UNIT : ROUTE_UNIT_CLOSED;
    if (unit == NULL || unit->closed) return false;
    *ret_why = ROUTE_NOT_ADMITTED;
    bool low = unit->kind == UNIT_COMMUNITY || unit->kind == UNIT_GRID;
    return !low || world_admitted(world, world_above(world, id, UNIT_COMMUNITY), matter);
}

static uint8_t level_kind(int target) {
    if (target == RULE_TO_GRID) return UNIT_GRID;
    return target == RULE_TO_COMMUNITY ? UNIT_COMMUNITY : UNIT_STREET;
}

/* Where the rule's target lies for this request; false, with the unit and the reason: it cannot have it (rule R15). */
static bool target_of(const struct world *world, const struct rule *rule, const struct request_new *request,
                      struct route *route, enum route_reason *ret_why) {
    const struct matter *matter = world_matter(world, route->matter);
    *ret_why = ROUTE_RULE;
    switch (rule->target) {
    case RULE_TO_TRIAGE:
        route->unit = 0;
        return true;
    case RULE_TO_UNIT:
        route->unit = rule->unit;
        return one_takes(world, rule->unit, route->matter, ret_why);
    case RULE_TO_DEPARTMENT:
        *ret_why = request->matter == 0 ? ROUTE_NO_MATTER : ROUTE_UNKNOWN_MATTER;
        if (matter == NULL) return false;
        to_department(world, matter, route);
        break;
    default:
        *ret_why = ROUTE_NO_PLACE;
        if (route->chain_count == 0) return false;
        to_level(world, &(struct matter){.code = route->matter, .start = level_kind(rule->target)}, route);
    }
    *ret_why = (enum route_reason)route->reason;
    if (route->unit == 0 && route->considered_count > 0) route->unit = route->considered[0].unit;
    return route->considered_count > 0 && route->considered[route->considered_count - 1].taken;
}

static void consider_rule(struct route *route, const struct rule *rule, uint32_t unit, enum route_reason why) {
    uint16_t before = route->considered_count;
    consider(route, unit, why);
    if (route->considered_count > before) route->considered[before].rule = rule->no;
}

/* What the rule makes of it, or false with the unit and the reason. */
static bool try_rule(const struct world *world, const struct rule *rule, const struct request_new *request,
                     struct route *ret_route, enum route_reason *ret_why) {
    struct route *route = ret_route;
    *route = (struct route){.matter = rule->matter != 0 ? rule->matter : request->matter,
                            .place = request->place,
                            .place_by = request->place_by,
                            .urgency = rule->urgency,
                            .rule = rule->no};
    fill_chain(world, request->place, route);
    const struct matter *matter = world_matter(world, route->matter);
    if (matter != NULL) route->department = matter->department;
    if (!target_of(world, rule, request, route, ret_why)) return false;
    if (rule->assist_count > 0) route->assists_count = 0;
    for (uint8_t i = 0; i < rule->assist_count; i++) {
        const struct unit *assist = world_unit(world, rule->assists[i]);
        if (assist != NULL && !assist->closed && assist->id != route->unit)
            route->assists[route->assists_count++] = assist->id;
    }
    route->reason = ROUTE_RULE;
    route->considered_count = 0;
    return true;
}

void routing_decide_at(const struct world *world, const struct request_new *request, time_ms in_force_at,
                       struct route *ret_route) {
    struct route plain, passed = {0}, ruled;
    bool decided = false;
    decide_plain(world, request, &plain);
    for (uint32_t i = 0; i < world->rule_count; i++) {
        const struct rule *rule = &world->rules[i];
        if (!rule_holds(world, rule, request, in_force_at)) continue;
        struct route tried;
        enum route_reason why;
        bool works = try_rule(world, rule, request, &tried, &why);
        if (works && !decided)
            ruled = tried;
        else
            consider_rule(&passed, rule, tried.unit, works ? ROUTE_OUTRANKED : why);
        decided |= works;
    }
    if (decided) {
        *ret_route = ruled;
        consider(ret_route, plain.unit, (enum route_reason)plain.reason); /* where it would have gone without rules */
    } else {
        *ret_route = plain;
    }
    for (uint16_t i = 0; i < passed.considered_count; i++) {
        if (ret_route->considered_count == ROUTE_CONSIDERED_MAX) break;
        ret_route->considered[ret_route->considered_count++] = passed.considered[i];
    }
}

void routing_decide(const struct world *world, const struct request_new *request, struct route *ret_route) {
    routing_decide_at(world, request, request->received_at, ret_route);
}

void routing_set(const struct route *route, struct command *command) {
    command->route = *route;
    if (route->rule == 0) return;
    if (route->matter != 0) command->matter = route->matter;
    if (route->urgency != 0) command->urgency = route->urgency;
}

struct request_new routing_as_known(const struct ticket *ticket) {
    return (struct request_new){.request = ticket->request,
                                .source = ticket->source,
                                .channel = ticket->channel,
                                .matter = ticket->matter,
                                .urgency = ticket->urgency,
                                .place = ticket->place,
                                .place_by = ticket->place_by,
                                .confidential = ticket->confidential,
                                .received_at = ticket->received_at};
}
