/* What a stretch of work costs: CPU by process (with its children, as PostgreSQL's backends and nginx's workers), WAL bytes, memory.
 * Taken twice, before and after; the difference belongs to the work. */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <stdint.h>

#include "common/db_blocking.h"
#include "common/json_writer.h"

enum { METER_PROCESSES_MAX = 16, METER_NAME_BYTES = 24 };

struct meter_process {
    char name[METER_NAME_BYTES];
    int pid;
    int64_t cpu_us;
    int64_t memory_bytes; /* resident and anonymous, so that shared buffers are not counted once per backend */
};

struct meter {
    struct meter_process processes[METER_PROCESSES_MAX]; /* the last one is this program, "load" */
    int count;
    int64_t wal_bytes;
    int64_t at_ns;
};

/* pids: "postgres=12,redis=13,...". False when it cannot be read so. */
bool meter_init(struct meter *meter, const char *pids);
void meter_read(struct meter *meter, struct db_blocking *db);
/* "seconds", and per unit of work: "cpu_us": {...}, "wal_bytes", and "memory_bytes": {...} grown. */
void meter_write(struct json_writer *w, const struct meter *before, const struct meter *after, int64_t units);

#endif
