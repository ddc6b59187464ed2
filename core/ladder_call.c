/* Rungs: to whom, found when the rung is reached. See ladder.h; rules D2, D3, D9, D10. */
#include "core/ladder.h"

#include "proto/must.h"

enum { DESK_PEOPLE_MAX = 2, MINUTE_MS = 60000, DAY_MINUTES = 1440, LOCAL_MINUTES = 480 /* C10 */ };

struct calling {
    const struct world *world;
    const struct ladder_reached *reached;
    struct ladder_told *told;
};

static bool covers(time_ms from, time_ms to, time_ms at) {
    return from <= at && (to == 0 || at < to);
}

bool ladder_is_away(const struct world *world, int64_t person, time_ms at, int64_t *ret_stand_in) {
    uint32_t low = 0, high = world->absence_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (world->absences[middle].person < person) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < world->absence_count && world->absences[low].person == person; low++) {
        const struct absence *a = &world->absences[low];
        if (!covers(a->from, a->to, at)) continue;
        *ret_stand_in = a->stand_in;
        return true;
    }
    return false;
}

static bool is_here(const struct world *world, int64_t person, time_ms at) {
    int64_t stand_in;
    return person != 0 && !ladder_is_away(world, person, at, &stand_in);
}

/* ---- quiet hours (D10) ---- */

static struct quiet quiet_of_person(const struct world *world, int64_t person) {
    uint32_t low = 0, high = world->quiet_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (world->quiets[middle].person < person) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < world->quiet_count && world->quiets[low].person == person;
    return found ? world->quiets[low].quiet : (struct quiet){0, 0};
}

static bool is_given(struct quiet quiet) {
    return quiet.from != quiet.to;
}

/* The end of the quiet hours that `at` lies in; 0: it lies in none. */
static time_ms quiet_until(struct quiet quiet, time_ms at) {
    if (!is_given(quiet) || quiet.from < 0) return 0;
    int64_t minutes = at / MINUTE_MS + LOCAL_MINUTES;
    int64_t midnight = minutes - minutes % DAY_MINUTES, of_day = minutes % DAY_MINUTES;
    bool over_midnight = quiet.from > quiet.to;
    bool within = over_midnight ? of_day >= quiet.from || of_day < quiet.to : of_day >= quiet.from && of_day < quiet.to;
    if (!within) return 0;
    int64_t end = midnight + quiet.to + (over_midnight && of_day >= quiet.from ? DAY_MINUTES : 0);
    return (end - LOCAL_MINUTES) * MINUTE_MS;
}

time_ms ladder_quiet_until(const struct world *world, const struct recipient *told, uint16_t policy, time_ms at) {
    struct quiet quiet = quiet_of_person(world, told->person);
    const struct unit *unit = world_unit(world, told->unit);
    if (!is_given(quiet) && unit != NULL) quiet = unit->quiet;
    if (!is_given(quiet)) quiet = world_policy(world, policy)->quiet;
    return quiet_until(quiet, at);
}

static void set_hour(const struct calling *c, struct recipient *told) {
    const struct ladder_reached *r = c->reached;
    bool ordinary = (r->rung != RUNG_RED_CARD || r->reminder) && r->urgency != URGENCY_DANGER;
    told->at_once = !ordinary || told->as == TOLD_ON_DUTY || told->as == TOLD_DUTY_DESK;
    told->not_before = told->at_once ? 0 : ladder_quiet_until(c->world, told, r->policy, r->now);
}

/* ---- who ---- */

static void add_unit(struct ladder_told *told, uint32_t unit) {
    for (uint16_t i = 0; i < told->count; i++) {
        if (told->units[i] == unit) return;
    }
    if (told->count < EVENT_UNITS_MAX) told->units[told->count++] = unit;
}

static void tell(struct calling *c, uint32_t unit, int64_t person, enum told_as as) {
    struct ladder_told *told = c->told;
    for (uint16_t i = 0; i < told->told_count; i++) {
        if (told->told[i].unit == unit && told->told[i].person == person) return;
    }
    if (told->told_count == EVENT_TOLD_MAX) return;
    struct recipient *one = &told->told[told->told_count++];
    *one = (struct recipient){.unit = unit, .person = person, .as = (uint8_t)as};
    set_hour(c, one);
    add_unit(told, unit);
}

/* Those on shift; without any, everybody at the desk. False: nobody is there. */
static bool tell_desk(struct calling *c, uint32_t id) {
    const struct world *world = c->world;
    const struct unit *unit = world_unit(world, id);
    if (unit == NULL) return false;
    int found = 0;
    uint32_t low = 0, high = world->shift_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (world->shifts[middle].unit < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < world->shift_count && world->shifts[low].unit == id && found < DESK_PEOPLE_MAX; low++) {
        const struct shift *s = &world->shifts[low];
        if (!covers(s->from, s->to, c->reached->now) || !is_here(world, s->person, c->reached->now)) continue;
        tell(c, id, s->person, TOLD_ON_DUTY);
        found++;
    }
    if (found == 0 && unit->staffed) {
        tell(c, id, 0, TOLD_DESK);
        found = 1;
    }
    return found > 0;
}

/* The leader; for one who is away the stand-in, else a deputy leader who is here. False: the unit has nobody of them here. */
static bool tell_leader(struct calling *c, uint32_t id) {
    const struct world *world = c->world;
    time_ms now = c->reached->now;
    int64_t deputy = 0, stand_in = 0;
    for (uint32_t i = 0; i < world->post_count; i++) {
        const struct post *post = &world->posts[i];
        if (post->unit != id || !covers(post->from, post->to, now)) continue;
        int64_t instead = 0;
        bool away = ladder_is_away(world, post->person, now, &instead);
        if (post->rank == RANK_LEADER && !away) {
            tell(c, id, post->person, TOLD_LEADER);
            return true;
        }
        if (post->rank == RANK_LEADER && stand_in == 0 && is_here(world, instead, now)) stand_in = instead;
        if (post->rank == RANK_DEPUTY && deputy == 0 && !away) deputy = post->person;
    }
    if (stand_in == 0) stand_in = deputy;
    if (stand_in != 0) tell(c, id, stand_in, TOLD_DEPUTY);
    return stand_in != 0;
}

static void tell_leader_or_desk(struct calling *c, uint32_t id) {
    if (world_unit(c->world, id) != NULL && !tell_leader(c, id)) tell_desk(c, id);
}

void ladder_call(const struct world *world, const struct ladder_reached *reached, struct ladder_told *ret_told) {
    *ret_told = (struct ladder_told){0};
    struct calling c = {.world = world, .reached = reached, .told = ret_told};
    tell_desk(&c, reached->unit);
    if (reached->rung >= RUNG_WARNING) tell_leader(&c, reached->unit);
    if (reached->rung >= RUNG_YELLOW_CARD) {
        const struct unit *u = world_unit(world, reached->unit);
        if (u != NULL) tell_leader_or_desk(&c, u->parent);
        tell_desk(&c, world->center);
    }
    if (reached->rung >= RUNG_RED_CARD) tell_leader_or_desk(&c, world->district);
    if (ret_told->told_count > 0) return;
    ret_told->fallback = true;
    if (tell_desk(&c, world->center)) {
        for (uint16_t i = 0; i < ret_told->told_count; i++) {
            ret_told->told[i].not_before = 0;
            ret_told->told[i].at_once = true;
            if (ret_told->told[i].as == TOLD_DESK) ret_told->told[i].as = TOLD_DUTY_DESK;
        }
        return;
    }
    tell(&c, world->center, 0, TOLD_DUTY_DESK); /* it is the last resort: never dropped */
}
