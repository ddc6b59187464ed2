/* Clocks of a ticket by the calendar of a unit. See clock.h; rules C1 to C20. */
#include "core/clock.h"

#include <string.h>

#include "core/ladder.h"
#include "proto/must.h"

enum { MINUTE_MS = 60000, LIGHT_PERCENT = 80 };
static const time_ms BEFORE_ALL = INT64_MIN;

struct limit clock_limit(const struct clock *clock) {
    return (struct limit){.amount = clock->limit_amount, .unit = (enum limit_unit)clock->limit_unit};
}

struct limit_clock clock_as_limit(const struct clock *clock) {
    return (struct limit_clock){.limit = clock_limit(clock),
                                .extra_ms = clock->extended_ms,
                                .used_ms = clock->used_ms,
                                .since = clock->since,
                                .running = clock_is_running(clock)};
}

bool clock_is_running(const struct clock *clock) {
    return clock->stage != 0 && !clock->paused;
}

bool clock_is_late(const struct clock *clock, time_ms at) {
    return clock_is_running(clock) && at > clock->due;
}

bool clock_equal(const struct clock *a, const struct clock *b) {
    return a->stage == b->stage && a->started == b->started && a->due == b->due && a->yellow == b->yellow &&
           a->next == b->next && a->rung == b->rung && a->limit_unit == b->limit_unit &&
           a->limit_amount == b->limit_amount && a->calendar == b->calendar && a->left_ms == b->left_ms &&
           a->paused == b->paused && a->extended_ms == b->extended_ms && a->policy == b->policy &&
           a->since == b->since && a->used_ms == b->used_ms && a->fixed == b->fixed && a->silent == b->silent;
}

static uint16_t calendar_of(const struct world *world, uint32_t unit) {
    const struct unit *u = world_unit(world, unit);
    return u != NULL ? u->calendar : 0;
}

/* due and yellow of a running clock, from its limit and what was used up */
static void aim(const struct world *world, struct clock *clock) {
    const struct calendar *cal = world_calendar(world, clock->calendar);
    struct limit_clock limit = clock_as_limit(clock);
    must(calendar_clock_due(cal, &limit, 100, &clock->due));
    must(calendar_clock_due(cal, &limit, LIGHT_PERCENT, &clock->yellow));
}

/* Rule C13: a stage that nobody gave a limit gets one, so that no open ticket is without a deadline. */
static struct limit limit_of(const struct world *world, const struct matter *matter, uint16_t policy, uint8_t urgency,
                             enum stage stage) {
    struct limit limit = world_limit(world, matter, policy, stage, urgency);
    if (limit.unit == LIMIT_NONE && stage != STAGE_CONTACT) limit = (struct limit){1, LIMIT_WORKING_DAYS};
    return limit;
}

struct clock clock_start(const struct world *world, const struct matter *matter, uint16_t policy, uint8_t urgency,
                         enum stage stage, uint32_t unit, time_ms at, time_ms now) {
    struct limit limit = limit_of(world, matter, policy, urgency, stage);
    if (limit.unit == LIMIT_NONE) return (struct clock){0};
    struct clock clock = {.stage = (uint8_t)stage,
                          .started = at,
                          .since = at,
                          .limit_unit = (uint8_t)limit.unit,
                          .limit_amount = limit.amount,
                          .calendar = calendar_of(world, unit),
                          .policy = policy};
    aim(world, &clock);
    ladder_arm(world, &clock, at < now ? now : BEFORE_ALL, now);
    return clock;
}

struct clock clock_until(const struct world *world, uint16_t policy, enum stage stage, uint32_t unit, time_ms at,
                         time_ms until) {
    must(until > at);
    struct clock clock = {.stage = (uint8_t)stage,
                          .started = at,
                          .since = at,
                          .limit_unit = LIMIT_NATURAL_MINUTES,
                          .limit_amount = (int32_t)((until - at) / MINUTE_MS),
                          .extended_ms = (until - at) % MINUTE_MS,
                          .calendar = calendar_of(world, unit),
                          .policy = policy,
                          .fixed = true};
    aim(world, &clock);
    ladder_arm(world, &clock, BEFORE_ALL, at);
    return clock;
}

struct clock clock_shown(const struct world *world, const struct matter *matter, uint16_t policy, uint8_t urgency,
                         enum stage stage, uint32_t unit, time_ms at) {
    struct clock clock = clock_start(world, matter, policy, urgency, stage, unit, at, at);
    clock.silent = true;
    clock.rung = 0;
    clock.next = 0;
    return clock;
}

void clock_pause(const struct world *world, struct clock *clock, time_ms now) {
    if (!clock_is_running(clock)) return;
    const struct calendar *cal = world_calendar(world, clock->calendar);
    struct limit_clock limit = clock_as_limit(clock);
    calendar_clock_pause(cal, &limit, now);
    clock->used_ms = limit.used_ms;
    clock->left_ms = calendar_clock_remaining(cal, &limit, now);
    clock->since = clock->due = clock->yellow = clock->next = 0;
    clock->paused = true;
}

void clock_resume(const struct world *world, struct clock *clock, time_ms now) {
    if (clock->stage == 0 || !clock->paused) return;
    clock->paused = false;
    clock->left_ms = 0;
    clock->since = now;
    aim(world, clock);
    ladder_arm(world, clock, BEFORE_ALL, now);
}

void clock_extend(const struct world *world, struct clock *clock, time_ms until, time_ms now) {
    must(clock_is_running(clock));
    const struct calendar *cal = world_calendar(world, clock->calendar);
    int64_t more_ms = calendar_elapsed(cal, clock_limit(clock), clock->due, until);
    clock->extended_ms += more_ms > 0 ? more_ms : 0;
    clock->rung = 0;
    aim(world, clock);
    ladder_arm(world, clock, now, now);
}

/* Rule C20: what was used up and granted goes along. */
static void take_limit(const struct world *world, const struct matter *matter, uint8_t urgency, struct clock *clock) {
    struct limit before = clock_limit(clock);
    struct limit limit = limit_of(world, matter, clock->policy, urgency, (enum stage)clock->stage);
    if (limit.unit == LIMIT_NONE) return; /* a stage that lost its limit keeps the one it began with */
    const struct calendar *cal = world_calendar(world, clock->calendar);
    clock->limit_unit = (uint8_t)limit.unit;
    clock->limit_amount = limit.amount;
    clock->used_ms = calendar_convert_ms(cal, before, limit, clock->used_ms);
    clock->extended_ms = calendar_convert_ms(cal, before, limit, clock->extended_ms);
}

bool clock_recompute(const struct world *world, const struct matter *matter, uint16_t policy, uint8_t urgency,
                     uint32_t unit, struct clock *clock, time_ms now) {
    if (clock->stage == 0) return false;
    struct clock before = *clock;
    clock->calendar = calendar_of(world, unit);
    clock->policy = policy;
    if (!clock->fixed) take_limit(world, matter, urgency, clock);
    if (clock->paused) {
        struct limit_clock limit = clock_as_limit(clock);
        clock->left_ms = calendar_clock_remaining(world_calendar(world, clock->calendar), &limit, now);
        return !clock_equal(&before, clock);
    }
    aim(world, clock);
    if (!clock->silent && ladder_is_reminder(world, clock)) return !clock_equal(&before, clock);
    ladder_arm(world, clock, BEFORE_ALL, now);
    return !clock_equal(&before, clock);
}

const struct clock *clock_first_due(const struct effect *effect) {
    const struct clock *first = NULL;
    for (uint16_t i = 0; i < effect->clocks_count; i++) {
        const struct clock *clock = &effect->clocks[i].clock;
        if (!clock_is_running(clock) || clock->due == 0 || clock->silent) continue;
        if (first == NULL || clock->due < first->due) first = clock;
    }
    return first;
}
