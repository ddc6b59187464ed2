/* Random histories in good weather: the real router, escalation and intake, a few tickets, and anybody asking for anything, possible
 * or not, with time passing in between. After each answer the promise is demanded of every ticket, not only of the one acted on. */
#ifndef SIM_HISTORY_H
#define SIM_HISTORY_H

#include "tests/sim/check.h"
#include "tests/sim/people.h"
#include "tests/sim/story.h"

enum { HISTORY_COMMANDS_MIN = 30 };

struct history_report {
    struct report report;
    struct people_tally tally;
    struct check_tally checks;
};

/* One history of at least HISTORY_COMMANDS_MIN commands. Ends the process when something is broken. */
void history_run(uint64_t seed, bool tracing, struct history_report *ret_report);

/* Adds one to a sum; both by the caller. */
void history_add(struct history_report *sum, const struct history_report *one);
/* What was asked, done and refused, by which rules; which steps of the lifecycle table were never taken: how many. */
int history_tell(const struct history_report *sum, uint64_t histories);

#endif
