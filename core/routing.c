/* Place and matter to unit, and the sentence that says why. See routing.h.
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
 *  R9  The catalogue's assisting departments join when the ticket goes to the responsible department itself. */
#include "core/routing.h"

#include "core/say.h"
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

static void fill_chain(const struct world *world, uint32_t place, struct route *route) {
    for (const struct unit *u = world_unit(world, place); u != NULL; u = world_unit(world, u->parent)) {
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
        if (level >= 2 && !world_admitted(world, world_above(world, unit->id, UNIT_COMMUNITY), matter->code)) {
            reason = ROUTE_NOT_ADMITTED;
            consider(route, unit->id, reason);
            continue;
        }
        to_unit(route, unit->id, reason);
        return;
    }
    to_triage(route, reason == ROUTE_UNIT_CLOSED || reason == ROUTE_NOT_ADMITTED ? reason : ROUTE_NO_UNIT);
}

void routing_decide(const struct world *world, const struct request_new *request, struct route *ret_route) {
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

/* ---- in a sentence ---- */

struct telling {
    struct say say;
    const struct routing_names *names;
    enum lang lang;
};

static void put(struct telling *t, const char *zh, const char *en) {
    say_text(&t->say, t->lang == LANG_ZH ? zh : en);
}

static void put_unit(struct telling *t, uint32_t unit) {
    say_text(&t->say, t->names->unit(t->names->context, unit, t->lang));
}

/* The words as tables of this file's own: core asks nothing of other rooms but types. */
#define WORD_TEXTS(value, name, text, zh, en) [value] = {zh, en},
static const char *const reason_texts[][2] = {ROUTE_REASON_WORDS(WORD_TEXTS)};
static const char *const place_by_texts[][2] = {PLACE_BY_WORDS(WORD_TEXTS)};
enum {
    REASON_TEXTS = sizeof reason_texts / sizeof reason_texts[0],
    PLACE_BY_TEXTS = sizeof place_by_texts / sizeof place_by_texts[0],
};

static void put_reason(struct telling *t, int reason) {
    if (reason > 0 && reason < REASON_TEXTS) put(t, reason_texts[reason][0], reason_texts[reason][1]);
}

static void put_matter_and_place(struct telling *t, const struct route *route) {
    if (route->matter != 0) {
        put(t, "；事项“", "; matter \"");
        say_text(&t->say, t->names->matter(t->names->context, route->matter, t->lang));
        put(t, "”", "\"");
    }
    if (route->place != 0) {
        put(t, "；地点“", "; place \"");
        put_unit(t, route->place);
        put(t, "”", "\"");
        if (route->place_by != 0 && route->place_by < PLACE_BY_TEXTS) {
            put(t, "（依据", " (by ");
            put(t, place_by_texts[route->place_by][0], place_by_texts[route->place_by][1]);
            put(t, "）", ")");
        }
    }
    if (route->department != 0 && route->department != route->unit) {
        put(t, "；责任部门为", "; responsible department: ");
        put_unit(t, route->department);
    }
}

static void put_passed_over(struct telling *t, const struct route *route) {
    for (uint16_t i = 0; i < route->considered_count; i++) {
        if (route->considered[i].taken) continue;
        put(t, "；未派", "; not to ");
        put_unit(t, route->considered[i].unit);
        put(t, "：", ": ");
        put_reason(t, route->considered[i].why);
    }
}

size_t routing_say(const struct route *route, const struct routing_names *names, enum lang lang, char *ret_text,
                   size_t size) {
    struct telling t = {.names = names, .lang = lang};
    say_init(&t.say, ret_text, size);
    if (route->unit != 0) {
        put(&t, "派给", "Sent to ");
        put_unit(&t, route->unit);
    } else {
        put(&t, "转人工派遣", "Sent to triage");
    }
    put(&t, "：", ": ");
    put_reason(&t, route->reason);
    put_matter_and_place(&t, route);
    put_passed_over(&t, route);
    put(&t, "。", ".");
    return t.say.length;
}
