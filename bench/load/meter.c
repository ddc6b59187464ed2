/* See meter.h. /proc/PID/stat counts in hundredths of a second, exact enough over the seconds a measurement lasts. */
#include "bench/load/meter.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "proto/must.h"

bool meter_init(struct meter *m, const char *pids) {
    memset(m, 0, sizeof *m);
    for (const char *at = pids; *at;) {
        struct meter_process *p = &m->processes[m->count++];
        int used = 0;
        if (m->count == METER_PROCESSES_MAX || sscanf(at, "%23[a-z]=%d%n", p->name, &p->pid, &used) != 2) return false;
        at += used;
        if (*at == ',') at++;
    }
    struct meter_process *self = &m->processes[m->count++];
    snprintf(self->name, sizeof self->name, "load");
    self->pid = (int)getpid();
    return true;
}

static bool read_file(const char *path, char *ret_text, size_t size) {
    FILE *file = fopen(path, "r");
    if (!file) return false;
    size_t len = fread(ret_text, 1, size - 1, file);
    fclose(file);
    ret_text[len] = '\0';
    return len > 0;
}

/* Parent, and time on the CPU so far, that of ended and awaited children included. */
static bool read_stat(int pid, int *ret_parent, int64_t *ret_us) {
    char path[64], text[1024];
    unsigned long user, system;
    long children_user, children_system;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (!read_file(path, text, sizeof text)) return false;
    const char *at = strrchr(text, ')');
    if (!at || sscanf(at + 2, "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld", ret_parent, &user, &system,
                      &children_user, &children_system) != 5)
        return false;
    int64_t tick_us = 1000000 / sysconf(_SC_CLK_TCK);
    *ret_us = (int64_t)(user + system + (unsigned long)children_user + (unsigned long)children_system) * tick_us;
    return true;
}

static int64_t memory_of(int pid) {
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    if (!read_file(path, text, sizeof text)) return 0;
    const char *at = strstr(text, "RssAnon:");
    return at ? strtoll(at + 8, NULL, 10) * 1024 : 0;
}

static struct meter_process *process_of(struct meter *m, int pid, int parent) {
    for (int i = 0; i < m->count; i++)
        if (m->processes[i].pid == pid || m->processes[i].pid == parent) return &m->processes[i];
    return NULL;
}

void meter_read(struct meter *m, struct db_blocking *db) {
    struct db_result *result = NULL;
    m->wal_bytes = 0;
    if (db && db_run_blocking(db, "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8", NULL, &result) ==
                  ERR_NONE)
        m->wal_bytes = db_get_int(result, 0, 0);
    db_result_free(&result);
    for (int i = 0; i < m->count; i++) m->processes[i].cpu_us = m->processes[i].memory_bytes = 0;
    DIR *proc = opendir("/proc");
    must(proc);
    for (struct dirent *entry; (entry = readdir(proc));) {
        int pid = atoi(entry->d_name), parent;
        int64_t us;
        if (pid <= 0 || !read_stat(pid, &parent, &us)) continue;
        struct meter_process *p = process_of(m, pid, parent);
        if (!p) continue;
        p->cpu_us += us;
        p->memory_bytes += memory_of(pid);
    }
    closedir(proc);
    m->at_ns = clock_monotonic_ns();
}

void meter_write(struct json_writer *w, const struct meter *before, const struct meter *after, int64_t units) {
    double total = 0;
    json_put_double(w, "seconds", (double)(after->at_ns - before->at_ns) / 1e9);
    json_put_open(w, "cpu_us");
    for (int i = 0; i < after->count; i++) {
        double us = (double)(after->processes[i].cpu_us - before->processes[i].cpu_us) / (double)units;
        json_put_double(w, after->processes[i].name, us);
        total += us;
    }
    json_put_double(w, "total", total);
    json_close(w);
    json_put_int(w, "wal_bytes", (after->wal_bytes - before->wal_bytes) / units);
    json_put_open(w, "memory_bytes");
    for (int i = 0; i < after->count; i++)
        json_put_int(w, after->processes[i].name,
                     (after->processes[i].memory_bytes - before->processes[i].memory_bytes) / units);
    json_close(w);
}
