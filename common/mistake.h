/* Named mistakes that a test can switch on: "the same code with the fence left out". A checker that cannot fail is worth
 * nothing, so each of these must be caught by the simulator or the chaos campaign, and the code without them must pass.
 *
 *     if (mistake("sweep_off")) return;
 *
 * Compiled out of release builds: only -DPAIDAN_TEST_BUILD has them. In a running service PAIDAN_MISTAKE=name switches one on.
 * Not for faults of the world (failpoint.h). */
#ifndef COMMON_MISTAKE_H
#define COMMON_MISTAKE_H

#include <stdbool.h>

#ifdef PAIDAN_TEST_BUILD
bool mistake(const char *name);
#else
static inline bool mistake(const char *name) {
    (void)name;
    return false;
}
#endif

#endif
