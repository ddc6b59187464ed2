/* The table of core/access.def, and how a principal stands to a ticket. See access.h; rules A1 to A6. */
#include "core/access.h"

#include "proto/must.h"

/* what the cells of the table are called */
enum { NO = SCOPE_NONE, OWN = SCOPE_OWN, PLACE = SCOPE_PLACE, SRC = SCOPE_SOURCE, ALL = SCOPE_ALL };

#define ALLOW_ROW(action, operator, supervisor, street, community, grid_worker, department, integration, admin_system, \
                  admin_security, admin_audit, readonly, system)                                                       \
    [action] = {[ROLE_OPERATOR] = operator,                                                                            \
                [ROLE_SUPERVISOR] = supervisor,                                                                        \
                [ROLE_STREET] = street,                                                                                \
                [ROLE_COMMUNITY] = community,                                                                          \
                [ROLE_GRID_WORKER] = grid_worker,                                                                      \
                [ROLE_DEPARTMENT] = department,                                                                        \
                [ROLE_INTEGRATION] = integration,                                                                      \
                [ROLE_ADMIN_SYSTEM] = admin_system,                                                                    \
                [ROLE_ADMIN_SECURITY] = admin_security,                                                                \
                [ROLE_ADMIN_AUDIT] = admin_audit,                                                                      \
                [ROLE_READONLY] = readonly,                                                                            \
                [ROLE_SYSTEM] = system},
static const uint8_t scopes[ACTION_COUNT][ROLE_COUNT] = {ACCESS(ALLOW_ROW)};

static const uint32_t relations_of[] = {
    [SCOPE_NONE] = 0,
    [SCOPE_OWN] = RELATION_LEAD | RELATION_ASSIST | RELATION_CHECKER | RELATION_OWNER | RELATION_SUPERVISED |
                  RELATION_TOOK_PART | RELATION_WHISTLER | RELATION_ABOVE,
    [SCOPE_PLACE] = RELATION_LEAD | RELATION_ASSIST | RELATION_CHECKER | RELATION_OWNER | RELATION_SUPERVISED |
                    RELATION_TOOK_PART | RELATION_WHISTLER | RELATION_ABOVE | RELATION_PLACE,
    [SCOPE_SOURCE] = RELATION_SOURCE,
};

enum scope access_scope(int role, int action) {
    if (role <= 0 || role >= ROLE_COUNT || action <= 0 || action >= ACTION_COUNT) return SCOPE_NONE;
    return (enum scope)scopes[action][role];
}

#define CARDED_ITEM(action) [action] = RELATION_CARDED,
static const uint32_t carded[ACTION_COUNT] = {ACCESS_CARDED(CARDED_ITEM)};

bool access_allowed(int role, int action, uint32_t relations) {
    enum scope scope = access_scope(role, action);
    if (scope == SCOPE_NONE || scope == SCOPE_ALL) return scope == SCOPE_ALL;
    uint32_t enough = relations_of[scope];
    if (scope == SCOPE_OWN || scope == SCOPE_PLACE) enough |= carded[action];
    return (enough & relations) != 0;
}

static bool is_manned(const struct unit *u) {
    return u->staffed && world_kind_works(u->kind);
}

bool access_acts_for(const struct world *world, uint32_t unit, const struct principal *by) {
    const struct unit *u = world_unit(world, unit);
    if (u == NULL || by->unit == 0) return false;
    if (unit == by->unit) return true;
    if (u->staffed || !world_in_subtree(world, by->unit, unit)) return false;
    while ((u = world_unit(world, u->parent)) != NULL && u->id != by->unit && !is_manned(u)) {
    }
    return u != NULL && u->id == by->unit && world_kind_works(u->kind);
}

/* Rule A4. */
static bool stands_above_all(const struct world *world, const struct principal *by) {
    const struct unit *unit = world_unit(world, by->unit);
    return unit != NULL && (unit->kind == UNIT_CENTER || unit->kind == UNIT_DISTRICT);
}

static bool is_centre(const struct world *world, const struct principal *by) {
    const struct unit *unit = world_unit(world, by->unit);
    if (unit == NULL || (unit->kind != UNIT_CENTER && unit->id != world->center)) return false;
    return by->role == ROLE_OPERATOR || by->role == ROLE_SUPERVISOR;
}

static bool is_below(const struct world *world, const struct principal *by, uint32_t unit) {
    return unit != by->unit && world_in_subtree(world, by->unit, unit);
}

static uint32_t of_assignment(const struct world *world, const struct assignment *a, const struct principal *by) {
    if (is_below(world, by, a->unit) && !access_acts_for(world, a->unit, by)) return RELATION_ABOVE;
    if (!access_acts_for(world, a->unit, by)) return 0;
    uint32_t above = a->unit == by->unit ? 0 : RELATION_ABOVE;
    bool open = a->state == ASSIGNMENT_OFFERED || a->state == ASSIGNMENT_SIGNED;
    if (a->kind == ASSIGNMENT_LEAD && (open || a->state == ASSIGNMENT_ANSWERED)) return RELATION_LEAD | above;
    if (a->kind == ASSIGNMENT_ASSIST && open) return RELATION_ASSIST | above;
    return RELATION_TOOK_PART | above;
}

uint32_t access_ticket(const struct world *world, const struct ticket *ticket, const struct principal *by) {
    if (by->role == ROLE_SYSTEM) return RELATION_SYSTEM;
    if (by->role == ROLE_INTEGRATION) return access_source(ticket->source, by) | access_source(ticket->outside, by);
    if (world_unit(world, by->unit) == NULL) return 0;
    uint32_t relations = 0;
    if (is_centre(world, by)) relations |= RELATION_CENTRE;
    if (stands_above_all(world, by)) relations |= RELATION_ABOVE | RELATION_PLACE;
    for (uint16_t i = 0; i < ticket->assignments_count; i++) {
        const struct assignment *a = &ticket->assignments[i];
        relations |= of_assignment(world, a, by);
        if (access_acts_for(world, a->whistled_by, by)) relations |= RELATION_WHISTLER;
    }
    for (uint16_t i = 0; i < ticket->cards_count; i++) {
        if (access_acts_for(world, ticket->cards[i].unit, by)) relations |= RELATION_CARDED;
    }
    if (access_acts_for(world, ticket->owner, by)) relations |= RELATION_OWNER;
    if (is_below(world, by, ticket->owner)) relations |= RELATION_ABOVE;
    if (ticket->state == STATE_CHECK && access_acts_for(world, ticket->checker, by)) relations |= RELATION_CHECKER;
    if (ticket->supervised && access_acts_for(world, ticket->supervised_unit, by)) relations |= RELATION_SUPERVISED;
    if (ticket->handled_by != 0 && ticket->handled_by == by->unit) relations |= RELATION_TOOK_PART;
    if (world_in_subtree(world, by->unit, ticket->place)) relations |= RELATION_PLACE;
    return relations;
}

uint32_t access_unit(const struct world *world, uint32_t unit, const struct principal *by) {
    if (by->role == ROLE_SYSTEM) return RELATION_SYSTEM;
    if (by->role == ROLE_INTEGRATION || world_unit(world, by->unit) == NULL) return 0;
    uint32_t relations = 0;
    if (is_centre(world, by)) relations |= RELATION_CENTRE;
    if (world_unit(world, unit) == NULL) return relations;
    if (unit == by->unit) relations |= RELATION_OWNER;
    if (is_below(world, by, unit) || stands_above_all(world, by)) relations |= RELATION_ABOVE;
    return relations;
}

uint32_t access_source(uint32_t source, const struct principal *by) {
    return by->role == ROLE_INTEGRATION && by->source != 0 && by->source == source ? RELATION_SOURCE : 0;
}

#define ACTION_WORD(number, name, text, zh, en) {number, #name, text, zh, en},
static const struct access_word actions[] = {ACTIONS(ACTION_WORD)};
#define RELATION_WORD(bit, name, text, zh, en) {1 << bit, #name, text, zh, en},
static const struct access_word relations_words[] = {RELATIONS(RELATION_WORD)};

const struct access_word *access_actions(size_t *ret_count) {
    *ret_count = sizeof actions / sizeof actions[0];
    return actions;
}

const struct access_word *access_relations(size_t *ret_count) {
    *ret_count = sizeof relations_words / sizeof relations_words[0];
    return relations_words;
}

const char *access_scope_text(enum scope scope) {
    static const char *const texts[] = {"none", "own", "place", "source", "all"};
    return texts[scope];
}
