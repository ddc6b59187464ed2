/* A stage's clock as it is stored with a ticket (struct clock of proto/messages.def): started, paused, extended, recomputed.
 * Everything that needs a calendar happens here, while deciding; the results travel in the event's clock_set, so that folding
 * events needs no calendar. Not for when rungs are due beyond that: core/ladder.h; nor for the arithmetic: core/calendar.h. */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include "core/world.h"
#include "proto/messages.h"

/* Slots of struct clock_set. */
enum {
    CLOCK_SLOT_TICKET = 0,
    CLOCK_SLOT_SUPERVISION = 1,
    CLOCK_SLOT_ASSIGNMENT = 2, /* of assignment n: turn 2n, handle 2n + 1 */
    CLOCK_SLOT_TOTAL = 255,
    CLOCK_ASSIGNMENTS_MAX = 126, /* assignments a ticket may have in its whole life: their slots must fit */
};

/* A clock of `stage` that counts from `at` by the calendar of `unit` (rule C11), with rungs that lie after `now`: those that
 * fell before it are passed over (C12). No limit: a stage that needs one gets a working day (C13), for others (contact) the
 * clock comes back without stage. */
struct clock clock_start(const struct world *world, const struct matter *matter, uint16_t policy, uint8_t urgency,
                         enum stage stage, uint32_t unit, time_ms at, time_ms now);
/* A clock that is due at a given time (review date, sub-deadline): natural time from `at`. */
struct clock clock_until(const struct world *world, uint16_t policy, enum stage stage, uint32_t unit, time_ms at,
                         time_ms until);
/* A clock that is only shown, for the whole limit. */
struct clock clock_shown(const struct world *world, const struct matter *matter, uint16_t policy, uint8_t urgency,
                         enum stage stage, uint32_t unit, time_ms at);
/* Off the clock and on it again (C2). Without effect on a clock that is not running, or not paused. */
void clock_pause(const struct world *world, struct clock *clock, time_ms now);
void clock_resume(const struct world *world, struct clock *clock, time_ms now);
/* Moves the due time to `until`: what lies between is an extension in the clock's own kind of time. Rungs that now lie in the
 * future again may be reached again. */
void clock_extend(const struct world *world, struct clock *clock, time_ms until, time_ms now);
/* Computes limit, due, yellow and next anew, after another calendar or policy was loaded (C15) or the ticket got another matter
 * or urgency (C20). True when something changed. Start, pauses and extensions stay; a rung that was reached stays reached. Of a
 * paused clock what is left is computed; its due time follows when it is resumed. */
bool clock_recompute(const struct world *world, const struct matter *matter, uint16_t policy, uint8_t urgency,
                     uint32_t unit, struct clock *clock, time_ms now);

bool clock_is_running(const struct clock *clock);          /* it has a stage and is not paused */
bool clock_is_late(const struct clock *clock, time_ms at); /* it has a stage and its limit was used up before `at` */
/* Of the clocks an event sets and that run, the one used up first: what those outside are told of. NULL: none. Borrowed from effect. */
const struct clock *clock_first_due(const struct effect *effect);
bool clock_equal(const struct clock *a, const struct clock *b);

/* The same clock in the calendar's terms, and the limit. */
struct limit_clock clock_as_limit(const struct clock *clock);
struct limit clock_limit(const struct clock *clock);

#endif
