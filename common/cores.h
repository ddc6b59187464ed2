/* Which of the machine's cores processes run on. Those that wait for each other at each request are faster on one core, as waking a core
 * that sleeps takes longer than the work (docs/performance.md), until that core has more to do than it can. Who starts a process says
 * where (taskset, configuration). Only processes of our user can be moved, and nothing here is ever an error: what cannot be moved
 * stays. */
#ifndef COMMON_CORES_H
#define COMMON_CORES_H

#include <stdbool.h>

/* One core this process goes to and leaves again as a whole, and others with it. */
struct cores;

/* NULL when there is nothing to choose: this process may not run there, or nowhere else. It does not move yet. */
struct cores *cores_new(int core);

/* Leaves the core. NULL is allowed. */
void cores_free(struct cores **cores);

enum { CORES_ALONG_MAX = 32 };

/* Process `pid` goes along from now on, in place of the one given for the same `whose` before; 0: that one has ended. Only one whose name
 * (/proc/PID/comm) is `name`, as the number may come from another machine, and that may run there. Of more than CORES_ALONG_MAX the
 * others stay. */
void cores_along(struct cores *cores, const void *whose, int pid, const char *name);

/* All of them to the core, or each back to where it was. Cheap when they are there. */
void cores_gather(struct cores *cores, bool together);

#endif
