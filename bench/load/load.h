/* The load generator: `load SCENARIO key=value ...` runs one scenario against running services and prints one JSON line. Rates are
 * kept by schedule, not by response: each request has its intended time, and latency counts from it, so that a stall is seen by all
 * who would have come meanwhile. Counts are bounded; nothing here runs for ever.
 *
 *     main.c       options, the table of scenarios
 *     meter.c      CPU by process, WAL, memory       histogram.c  latencies
 *     city.c       the district: units, and what people ask (db/demo/day.csv)
 *     watch.c      when each ticket stood in its queue (Redis) and its change was delivered (bus)
 *     plan.c       intended times, answers, the result line
 *     web.c        HTTP connections                  push.c       (a) batches, (b) single, (c) bus
 *     lives.c      (d)                               restart.c    (f)
 *     watchers.c   (g)                               timers.c     (h)
 *     fill.c       many open or closed tickets, through the router's own engine and writer
 *     bare.c       PostgreSQL alone                  rabbit.c     RabbitMQ's quorum queue
 *     machine.c    the machine alone: disk, memory, time lost to other machines on its host */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "bench/load/histogram.h"
#include "bench/load/meter.h"
#include "common/buffer.h"
#include "common/db_blocking.h"
#include "common/loop.h"

struct load {
    int argument_count;
    char **arguments;
    struct loop *loop;
    struct db_blocking
        *db;         /* as superuser, for looking things up and WAL figures; NULL in scenarios without PostgreSQL */
    const char *run; /* the run folder: bus/, http/, redis.sock, postgres/ */
    struct meter before, after;
};

/* The value of key=value among the arguments, the last when given twice; `otherwise` when absent. */
const char *option_text(const struct load *load, const char *key, const char *otherwise);
int64_t option_int(const struct load *load, const char *key, int64_t otherwise);

/* Says what is wrong and exits 1: a benchmark has nothing to save. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);
#define NEED(err_expression, what)                                                                                     \
    do {                                                                                                               \
        enum err need_err_ = (err_expression);                                                                         \
        if (need_err_ != ERR_NONE) die("%s: %s", what, err_name(need_err_));                                           \
    } while (0)

/* A query as superuser; dies when refused. Free the result. */
struct db_result *query(struct load *load, const char *sql, const struct db_call *parameters);
int64_t query_int(struct load *load, const char *sql);

/* "NAME_us": {"p50": ..., "p99": ..., "p999": ..., "max": ...} */
void put_latency(struct json_writer *w, const char *name, const struct histogram *histogram);
/* Starts the result line with what the caller's arguments say of it (row=, name=, run=, open=, closed=). */
void result_open(struct load *load, struct json_writer *w, struct buffer *line);
/* Ends and prints it. */
void result_close(struct json_writer *w, struct buffer *line);

typedef void scenario(struct load *load);
scenario scenario_push, scenario_lives, scenario_restart, scenario_watchers, scenario_timers, scenario_fill,
    scenario_bare, scenario_rabbit, scenario_hash, scenario_machine;

#endif
