/* One seed's story: rounds of bad weather, healing, quiet, and calm days in which every deadline must be met. */
#ifndef SIM_STORY_H
#define SIM_STORY_H

#include "tests/sim/machine.h"

struct report {
    uint64_t steps, hash, faults[FAULT_COUNT];
    int64_t virtual_ms, events, tickets, requests, rounds, worst_late_ms, worst_recovery_ms;
};

/* Ends the process when an invariant is broken (broken()). */
void story_run(uint64_t seed, uint64_t steps, bool tracing, const char *mistake, struct report *ret_report);

/* The two ends of every story: the district with all its processes, and what became of it. */
void story_set_up(void);
void story_take_down(struct report *ret_report);

#endif
