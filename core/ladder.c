/* Rungs: when. To whom is core/ladder_call.c. See ladder.h; rules D1 to D10. */
#include "core/ladder.h"

#include "core/clock.h"
#include "proto/must.h"

bool ladder_is_plain(int stage) {
    return stage == STAGE_SUPPLEMENT || stage == STAGE_REVIEW;
}

/* The lowest rung above `rung` that the policy uses, or 0. */
static int rung_after(const struct policy *policy, int rung) {
    for (rung++; rung < RUNG_COUNT; rung++) {
        if (policy->rung_percent[rung] != 0) return rung;
    }
    return 0;
}

static time_ms time_of(const struct world *world, const struct clock *clock, int percent) {
    if (percent == 100) return clock->due;
    if (percent == 80) return clock->yellow; /* the light turns with the same share */
    struct limit_clock limit = clock_as_limit(clock);
    time_ms at;
    must(calendar_clock_due(world_calendar(world, clock->calendar), &limit, percent, &at));
    return at;
}

void ladder_arm(const struct world *world, struct clock *clock, time_ms after, time_ms now) {
    must(clock_is_running(clock));
    if (clock->silent) {
        clock->next = 0;
        return;
    }
    if (ladder_is_plain(clock->stage)) {
        clock->next = clock->due;
        return;
    }
    const struct policy *policy = world_policy(world, clock->policy);
    for (int rung; (rung = rung_after(policy, clock->rung)) != 0; clock->rung = (uint8_t)rung) {
        clock->next = time_of(world, clock, policy->rung_percent[rung]);
        if (clock->next > after) return;
    }
    bool natural = limit_is_natural(clock_limit(clock));
    struct limit day = {1, natural ? LIMIT_NATURAL_DAYS : LIMIT_WORKING_DAYS};
    must(calendar_add(world_calendar(world, clock->calendar), now, day, &clock->next));
}

int ladder_rungs_by(const struct world *world, const struct clock *clock, time_ms at, enum rung *ret_highest) {
    int count = 0;
    *ret_highest = 0;
    if (!clock_is_running(clock) || clock->silent) return 0;
    if (ladder_is_plain(clock->stage)) return clock->due <= at;
    const struct policy *policy = world_policy(world, clock->policy);
    for (int rung = clock->rung; (rung = rung_after(policy, rung)) != 0; count++) {
        if (time_of(world, clock, policy->rung_percent[rung]) > at) break;
        *ret_highest = (enum rung)rung;
    }
    return count;
}

bool ladder_is_reminder(const struct world *world, const struct clock *clock) {
    return !ladder_is_plain(clock->stage) && rung_after(world_policy(world, clock->policy), clock->rung) == 0;
}

enum rung ladder_due_rung(const struct world *world, const struct clock *clock) {
    if (ladder_is_plain(clock->stage)) return 0;
    int rung = rung_after(world_policy(world, clock->policy), clock->rung);
    if (rung == 0) rung = clock->rung != 0 ? clock->rung : RUNG_WARNING; /* a policy may use no rung at all */
    return (enum rung)rung;
}
