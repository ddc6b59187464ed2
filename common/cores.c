/* See cores.h. */
#define _GNU_SOURCE /* sched_setaffinity, CPU_COUNT */
#include "common/cores.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/must.h"

struct cores {
    cpu_set_t one, before; /* before: where this process could run */
    bool together;
    struct along {
        const void *whose; /* NULL: none from here on */
        int pid;           /* 0: it has ended */
        cpu_set_t before;
    } along[CORES_ALONG_MAX];
};

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

static void keep(int pid, const cpu_set_t *cores) {
    (void)!sched_setaffinity(pid, sizeof *cores, cores);
}

/* Threads are begun by the main one alone, which is here: none is missed. */
static void keep_all_threads(const cpu_set_t *cores) {
    DIR *threads = opendir("/proc/self/task");
    if (!threads) return;
    for (struct dirent *entry; (entry = readdir(threads));)
        if (atoi(entry->d_name) > 0) keep(atoi(entry->d_name), cores);
    closedir(threads);
}

struct cores *cores_new(int core) {
    cpu_set_t before;
    if (core < 0 || core >= CPU_SETSIZE || sched_getaffinity(0, sizeof before, &before) != 0) return NULL;
    if (!CPU_ISSET(core, &before) || CPU_COUNT(&before) < 2) return NULL;
    struct cores *cores = calloc(1, sizeof *cores);
    must(cores);
    cores->before = before;
    CPU_SET(core, &cores->one);
    return cores;
}

void cores_free(struct cores **cores) {
    if (!*cores) return;
    cores_gather(*cores, false);
    free(*cores);
    *cores = NULL;
}

void cores_along(struct cores *cores, const void *whose, int pid, const char *name) {
    struct along *along = cores->along, *end = along + CORES_ALONG_MAX;
    while (along < end && along->whose && along->whose != whose) along++;
    if (along == end) return;
    *along = (struct along){.whose = whose};
    if (pid <= 0 || !is_named(pid, name) || sched_getaffinity(pid, sizeof along->before, &along->before) != 0) return;
    cpu_set_t there;
    CPU_AND(&there, &along->before, &cores->one);
    if (!CPU_COUNT(&there)) return; /* somebody keeps it elsewhere */
    along->pid = pid;
    if (cores->together) keep(pid, &cores->one);
}

void cores_gather(struct cores *cores, bool together) {
    if (cores->together == together) return;
    cores->together = together;
    keep_all_threads(together ? &cores->one : &cores->before);
    for (struct along *along = cores->along; along < cores->along + CORES_ALONG_MAX; along++)
        if (along->pid) keep(along->pid, together ? &cores->one : &along->before);
}
