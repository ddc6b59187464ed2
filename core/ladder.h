/* The ladder: the rungs a clock reaches, when, and who is told. Pure; a rung that is reached becomes an event in ticket_decide
 * (COMMAND_TIMER). Not for sending anything.
 *
 *  D1  A rung is reached at its policy's share of the limit: urge at 80 %, warning at 100 %, yellow and red card beyond.
 *  D2  Who is told accumulates: urge: the unit; warning: the unit and its leader; yellow card: also the parent unit and the
 *      centre; red card: also the district.
 *  D3  A unit that nobody staffs is not told. When nobody is left, the duty desk of the centre is, and the event says so.
 *  D4  A red card opens a supervision, unless one is open.
 *  D5  After its last rung a clock reminds whom the last rung told once a day of its own kind of time (working or natural)
 *      until its stage ends; reminders that were missed are not made up for.
 *  D6  The supplement limit and a suspension's review have no ladder: they act when they are used up. */
#ifndef CORE_LADDER_H
#define CORE_LADDER_H

#include "core/world.h"
#include "proto/messages.h"

struct ladder_told {
    uint16_t count;
    uint32_t units[EVENT_UNITS_MAX];
    bool fallback; /* nobody was staffed: units holds the centre alone */
};

/* Sets clock->next to the time of the first rung after clock->rung that lies after `after`; rungs passed over count as
 * reached. Without further rung: the next reminder, counted from `now` (D5). A stage without ladder acts at its due time (D6).
 * Demands a running clock whose due and yellow are right. */
void ladder_arm(const struct world *world, struct clock *clock, time_ms after, time_ms now);
/* The rung that clock->next stands for; a reminder repeats the last one. 0 for a clock without ladder (D6). */
enum rung ladder_due_rung(const struct world *world, const struct clock *clock);
/* Whether reaching it would be a reminder (D5). */
bool ladder_is_reminder(const struct world *world, const struct clock *clock);
/* Whether the stage has no ladder but acts when its limit is used up (D6). */
bool ladder_is_plain(int stage);
/* Whom a rung tells, when the clock is `unit`'s. */
void ladder_call(const struct world *world, enum rung rung, uint32_t unit, struct ladder_told *ret_told);

#endif
