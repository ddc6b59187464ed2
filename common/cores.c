/* See cores.h. */
#define _GNU_SOURCE /* sched_setaffinity, CPU_COUNT */
#include "common/cores.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_named(int pid, const char *name) {
    char path[32], found[32] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    FILE *file = fopen(path, "re");
    if (!file) return false;
    bool is = fgets(found, sizeof found, file) != NULL;
    fclose(file);
    found[strcspn(found, "\n")] = '\0';
    return is && strcmp(found, name) == 0;
}

void cores_share(int pid, const char *name) {
    cpu_set_t ours;
    if (sched_getaffinity(0, sizeof ours, &ours) != 0) return; /* more cores than the set has room for */
    if (CPU_COUNT(&ours) >= sysconf(_SC_NPROCESSORS_ONLN)) return;
    if (pid > 0 && is_named(pid, name)) (void)!sched_setaffinity(pid, sizeof ours, &ours);
}
