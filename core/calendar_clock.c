/* A limit at work: paused, resumed, extended. Stores what is used up, never what is left, so that an extension granted
 * during a pause needs no special case. Rule C2. See limit.h for the struct. */
#include "core/calendar.h"

#include "proto/must.h"

static int64_t used_at(const struct calendar *cal, const struct limit_clock *clock, time_ms at) {
    if (!clock->running || at <= clock->since) return clock->used_ms; /* a clock set back must not give time back */
    return clock->used_ms + calendar_elapsed(cal, clock->limit, clock->since, at);
}

static int64_t whole_ms(const struct calendar *cal, const struct limit_clock *clock) {
    return calendar_limit_ms(cal, clock->limit) + clock->extra_ms;
}

void calendar_clock_start(struct limit_clock *clock, struct limit limit, time_ms at) {
    must(limit_valid(limit));
    *clock = (struct limit_clock){.limit = limit, .since = at, .running = limit.unit != LIMIT_NONE};
}

void calendar_clock_pause(const struct calendar *cal, struct limit_clock *clock, time_ms at) {
    if (!clock->running) return;
    clock->used_ms = used_at(cal, clock, at);
    clock->since = 0;
    clock->running = false;
}

void calendar_clock_resume(struct limit_clock *clock, time_ms at) {
    if (clock->running || clock->limit.unit == LIMIT_NONE) return;
    clock->since = at;
    clock->running = true;
}

static struct limit in_kind_of(struct limit kind, struct limit more) {
    static const enum limit_unit other[] = {
        [LIMIT_WORKING_MINUTES] = LIMIT_NATURAL_MINUTES, [LIMIT_WORKING_HOURS] = LIMIT_NATURAL_HOURS,
        [LIMIT_WORKING_DAYS] = LIMIT_NATURAL_DAYS,       [LIMIT_NATURAL_MINUTES] = LIMIT_WORKING_MINUTES,
        [LIMIT_NATURAL_HOURS] = LIMIT_WORKING_HOURS,     [LIMIT_NATURAL_DAYS] = LIMIT_WORKING_DAYS,
    };
    if (more.unit != LIMIT_NONE && limit_is_natural(kind) != limit_is_natural(more)) more.unit = other[more.unit];
    return more;
}

int64_t calendar_extension_ms(const struct calendar *cal, struct limit kind, struct limit more) {
    return calendar_limit_ms(cal, in_kind_of(kind, more));
}

void calendar_clock_extend(const struct calendar *cal, struct limit_clock *clock, struct limit more) {
    if (clock->limit.unit == LIMIT_NONE) return;
    clock->extra_ms += calendar_extension_ms(cal, clock->limit, more);
}

int64_t calendar_convert_ms(const struct calendar *cal, struct limit from, struct limit to, int64_t ms) {
    if (ms == 0 || limit_is_natural(from) == limit_is_natural(to)) return ms;
    int64_t working = cal->day_minutes, natural = 24 * 60;
    int64_t was = limit_is_natural(to) ? working : natural, is = limit_is_natural(to) ? natural : working;
    return ms / was * is + ms % was * is / was;
}

bool calendar_clock_due(const struct calendar *cal, const struct limit_clock *clock, int32_t percent,
                        time_ms *ret_due) {
    must(percent >= 0 && percent <= LIMIT_PERCENT_MAX);
    if (!clock->running) return false;
    int64_t left = whole_ms(cal, clock) * percent / 100 - clock->used_ms;
    *ret_due = calendar_add_ms(cal, clock->since, clock->limit, left);
    return true;
}

int64_t calendar_clock_remaining(const struct calendar *cal, const struct limit_clock *clock, time_ms at) {
    if (clock->limit.unit == LIMIT_NONE) return 0;
    return whole_ms(cal, clock) - used_at(cal, clock, at);
}
