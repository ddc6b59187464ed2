/* The ladder: the rungs a clock reaches, when, and who is told. Pure; a rung that is reached becomes an event in ticket_decide
 * (COMMAND_TIMER). Not for sending anything.
 *
 *  D1  A rung is reached at its policy's share of the limit: urge at 80 %, warning at 100 %, yellow and red card beyond.
 *  D2  Who is told accumulates: urge: the unit's desk; warning: also its leader; yellow card: also the parent unit's leader and
 *      the centre; red card: also the district's leader.
 *  D3  Nobody who is away is told, and no unit that nobody staffs. When nobody is left, the duty desk of the centre is, and the
 *      event says so.
 *  D4  A red card opens a supervision, unless one is open.
 *  D5  After its last rung a clock reminds whom the last rung told once a day of its own kind of time (working or natural)
 *      until its stage ends; reminders that were missed are not made up for.
 *  D6  The supplement limit and a suspension's review have no ladder: they act when they are used up.
 *  D9  People are looked up when the rung is reached: at the desk those on shift by the roster, else everybody there; for a leader
 *      who is away the stand-in, else a deputy leader, else (above the unit itself) its desk.
 *  D10 Quiet hours let an ordinary notice wait, never the rung: not a red card, not urgent danger, not who is on shift, not the
 *      duty desk. A person's own come before the unit's, those before the policy's. */
#ifndef CORE_LADDER_H
#define CORE_LADDER_H

#include "core/world.h"
#include "proto/messages.h"

/* A rung that is reached. */
struct ladder_reached {
    enum rung rung;
    bool reminder;
    uint32_t unit; /* whose clock it was */
    uint16_t policy;
    uint8_t urgency;
    time_ms now;
};

struct ladder_told {
    uint16_t count, told_count;
    uint32_t units[EVENT_UNITS_MAX];
    struct recipient told[EVENT_TOLD_MAX]; /* the same by person or desk, innermost unit first */
    bool fallback;                         /* nobody was there: the centre's duty desk alone */
};

/* Sets clock->next to the time of the first rung after clock->rung that lies after `after`; rungs passed over count as
 * reached. Without further rung: the next reminder, counted from `now` (D5). A stage without ladder acts at its due time (D6).
 * Demands a running clock whose due and yellow are right. */
void ladder_arm(const struct world *world, struct clock *clock, time_ms after, time_ms now);
/* How many rungs the clock reaches by `at` of those it has not reached yet: after a load these fire at once. A stage without ladder
 * counts as one when it is due. *ret_highest: the highest of them, 0 without. None for a clock that does not run or is only shown. */
int ladder_rungs_by(const struct world *world, const struct clock *clock, time_ms at, enum rung *ret_highest);
/* The rung that clock->next stands for; a reminder repeats the last one. 0 for a clock without ladder (D6). */
enum rung ladder_due_rung(const struct world *world, const struct clock *clock);
/* Whether reaching it would be a reminder (D5). */
bool ladder_is_reminder(const struct world *world, const struct clock *clock);
/* Whether the stage has no ladder but acts when its limit is used up (D6). */
bool ladder_is_plain(int stage);
/* Whom it tells, and from when on. */
void ladder_call(const struct world *world, const struct ladder_reached *reached, struct ladder_told *ret_told);
/* The end of the quiet hours that `at` lies in for who is told (D10): the person's own, else the unit's, else the policy's; 0: it lies in
 * none. */
time_ms ladder_quiet_until(const struct world *world, const struct recipient *told, uint16_t policy, time_ms at);
/* Whether somebody is away then, and who stands in (0: nobody). */
bool ladder_is_away(const struct world *world, int64_t person, time_ms at, int64_t *ret_stand_in);

#endif
