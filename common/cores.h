/* Which of the machine's cores processes run on. Two that wait for each other at each request are faster on one core, as waking a core
 * that sleeps takes longer than the work (docs/performance.md); who starts a process says where (taskset). */
#ifndef COMMON_CORES_H
#define COMMON_CORES_H

/* If this process is kept to some of the machine's cores, keeps process `pid` to the same. Only one whose name (/proc/PID/comm) is
 * `name`, as the number may come from another machine, and that we may move (of our user). Anything else is left as it is; never an
 * error. */
void cores_share(int pid, const char *name);

#endif
