/* Looking up reference data. See world.h. Rules W1 to W5 of docs/rules.md. */
#include "core/world.h"

#include "proto/must.h"

enum { DEPTH_MAX = 32 };

static bool exists(const struct unit *units, uint32_t unit_count, uint32_t id) {
    return id > 0 && id < unit_count && units[id].kind != 0;
}

/* Depth of one unit, or 0xffff when its chain of parents is broken or has no end. */
static uint16_t depth_of(const struct unit *units, uint32_t unit_count, uint32_t id) {
    uint16_t depth = 0;
    while (units[id].parent != 0) {
        id = units[id].parent;
        if (++depth > DEPTH_MAX || !exists(units, unit_count, id)) return UINT16_MAX;
    }
    return depth;
}

/* Needs no memory of its own: until a unit gets its number, `last` holds the size of its subtree; afterwards the number its
 * next child will get, which in the end is one past the last. */
bool world_seal(struct unit *units, uint32_t unit_count, uint32_t *ret_unit) {
    uint16_t deepest = 0;
    for (uint32_t id = 0; id < unit_count; id++) {
        units[id].first = units[id].last = 0;
        units[id].depth = 0;
    }
    for (uint32_t id = 1; id < unit_count; id++) {
        if (units[id].kind == 0) continue;
        units[id].depth = depth_of(units, unit_count, id);
        if (units[id].depth == UINT16_MAX) {
            *ret_unit = id;
            return false;
        }
        if (units[id].depth > deepest) deepest = units[id].depth;
        for (uint32_t above = id; above != 0; above = units[above].parent) units[above].last++;
    }
    uint32_t next_root = 1;
    for (uint16_t depth = 0; depth <= deepest; depth++) {
        for (uint32_t id = 1; id < unit_count; id++) {
            struct unit *unit = &units[id];
            if (unit->kind == 0 || unit->depth != depth) continue;
            uint32_t *next = unit->parent != 0 ? &units[unit->parent].last : &next_root;
            unit->first = *next;
            *next += unit->last;
            unit->last = unit->first + 1;
        }
    }
    for (uint32_t id = 1; id < unit_count; id++) units[id].last -= units[id].kind != 0;
    return true;
}

const struct unit *world_unit(const struct world *world, uint32_t id) {
    return exists(world->units, world->unit_count, id) ? &world->units[id] : NULL;
}

const struct matter *world_matter(const struct world *world, uint32_t code) {
    uint32_t low = 0, high = world->matter_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (world->matters[middle].code < code) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < world->matter_count && world->matters[low].code == code ? &world->matters[low] : NULL;
}

const struct policy *world_policy(const struct world *world, uint16_t id) {
    must(world->policy_count > 0);
    return &world->policies[id < world->policy_count ? id : 0];
}

const struct calendar *world_calendar(const struct world *world, uint16_t id) {
    must(world->calendar_count > 0);
    return world->calendars[id < world->calendar_count && world->calendars[id] != NULL ? id : 0];
}

bool world_in_subtree(const struct world *world, uint32_t root, uint32_t unit) {
    const struct unit *top = world_unit(world, root), *below = world_unit(world, unit);
    return top != NULL && below != NULL && top->first <= below->first && below->first <= top->last;
}

uint32_t world_above(const struct world *world, uint32_t unit, enum unit_kind kind) {
    for (const struct unit *u = world_unit(world, unit); u != NULL; u = world_unit(world, u->parent)) {
        if (u->kind == kind) return u->id;
    }
    return 0;
}

uint32_t world_above_open(const struct world *world, uint32_t unit, enum unit_kind kind) {
    for (const struct unit *u = world_unit(world, unit); u != NULL; u = world_unit(world, u->parent)) {
        if (u->kind == kind && !u->closed) return u->id;
    }
    return 0;
}

bool world_kind_takes_tickets(int kind) {
    return kind == UNIT_STREET || kind == UNIT_COMMUNITY || kind == UNIT_GRID || kind == UNIT_DEPARTMENT ||
           kind == UNIT_ENTERPRISE || kind == UNIT_POOL;
}

bool world_kind_works(int kind) {
    return kind == UNIT_CENTER || world_kind_takes_tickets(kind);
}

uint32_t world_heir(const struct world *world, uint32_t unit) {
    const struct unit *u = world_unit(world, unit);
    while (u != NULL && (u = world_unit(world, u->parent)) != NULL) {
        if (!u->closed && world_kind_takes_tickets(u->kind)) return u->id;
    }
    return 0;
}

struct limit world_limit(const struct world *world, const struct matter *matter, uint16_t policy, enum stage stage,
                         uint8_t urgency) {
    must(stage > 0 && (int)stage < STAGE_COUNT);
    if (urgency == 0 || urgency >= URGENCY_COUNT) urgency = URGENCY_NORMAL;
    struct limit own = matter != NULL ? matter->limits[stage] : (struct limit){0};
    struct limit limit = world_policy(world, policy)->limits[stage][urgency];
    bool more_urgent = matter != NULL && urgency < matter->urgency && limit.unit != LIMIT_NONE; /* rule C22 */
    return own.unit != LIMIT_NONE && !more_urgent ? own : limit;
}

bool world_admitted(const struct world *world, uint32_t community, uint32_t matter) {
    if (world->admission_count == 0) return true;
    for (uint32_t i = 0; i < world->admission_count; i++) {
        const struct admission *row = &world->admissions[i];
        if ((row->community == 0 || row->community == community) && row->from <= matter && matter <= row->to)
            return true;
    }
    return false;
}
