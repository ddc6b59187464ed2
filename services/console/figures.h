/* GET /figures: what happened to the tickets of a unit (and all below it) in a period, folded from the event log by core/figures.h, so
 * that anybody with the log comes to the same numbers. Read in bounded pages behind row level security; one at a time for
 * each principal. */
#ifndef CONSOLE_FIGURES_H
#define CONSOLE_FIGURES_H

#include "core/figures.h"
#include "services/console/call.h"

void figures_get(struct call *call);

/* What was asked and what came out. */
struct figures_period {
    uint32_t unit;         /* 0: the whole district */
    time_ms from, to;      /* events at or after `from`, before `to` */
    int64_t tickets;       /* that took part */
    int64_t events;        /* in the period */
    int64_t unread;        /* tickets whose events cannot be folded; 0 unless the log was damaged */
    struct figures before; /* up to `from` */
    struct figures within; /* the period's */
};

/* One event more; *ticket is the ticket before it (zeroed for the first), and after it when true comes back. False: the event does
 * not follow, and nothing was counted. */
bool figures_take(struct figures_period *period, const struct world *world, struct ticket *ticket,
                  const struct event *event);

/* The answer as an object. */
void figures_write(struct json_writer *w, const struct reference *reference, const struct figures_period *period);

#endif
