/* Every deadline of a ticket computed anew, after calendars, policies, matters or units were loaded (rule C15). One function
 * says what changes: the recompute command puts it into its event, and a preview shows it for a world that is not in force
 * yet (C21), so the two cannot differ. Not for a single clock: core/clock.h. */
#ifndef CORE_TICKET_RECOUNT_H
#define CORE_TICKET_RECOUNT_H

#include "core/world.h"
#include "proto/messages.h"

struct recount {
    uint16_t count;
    struct clock_set sets[EVENT_CLOCKS_MAX]; /* the clocks that change, as they will be */
    struct clock before[EVENT_CLOCKS_MAX];   /* as they are */
    uint32_t units[EVENT_CLOCKS_MAX];        /* whose clock; 0: the whole limit, which is the city's */
};

/* Returns how many clocks of the ticket change in `world`; 0: it gets no event. */
uint16_t ticket_recount(const struct world *world, const struct ticket *ticket, time_ms now,
                        struct recount *ret_recount);

#endif
