/* The simulated machine: virtual time, one source of randomness, processes that can be paused and killed, a trace. Everything
 * that happens is an event in one queue, ordered by (time, number); a seed decides all of it, so a seed is a whole run.
 * Not for what the fakes of common's headers do with it: fakes.h. One seed is run in a process of its own (main.c). */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/kit/kit.h"

/* ---- what may go wrong; each is counted when it really happens ---- */
#define FAULTS(F)                                                                                                      \
    F(KILL, "process killed between two events")                                                                       \
    F(KILL_INSIDE, "process killed at an effect or failpoint")                                                         \
    F(PAUSE, "process stopped and continued")                                                                          \
    F(SECOND_ROUTER, "second router started for the shard")                                                            \
    F(STALL, "process late by up to 200 ms")                                                                           \
    F(BUS_DROP, "message lost")                                                                                        \
    F(BUS_REPEAT, "message repeated")                                                                                  \
    F(BUS_DELAY, "message delayed past later ones")                                                                    \
    F(PARTITION, "one-way partition")                                                                                  \
    F(DB_CUT, "connection to PostgreSQL lost")                                                                         \
    F(DB_LOST_BEFORE, "commit lost on the way there")                                                                  \
    F(DB_LOST_AFTER, "commit done, its answer lost")                                                                   \
    F(DB_LATE, "commit done after the client gave up")                                                                 \
    F(DB_SPARED, "backend of the old holder not ended at takeover")                                                    \
    F(DB_RESTART, "PostgreSQL restarted")                                                                              \
    F(DB_REFUSED, "transaction refused, may be tried again")                                                           \
    F(DB_FULL, "disk full")                                                                                            \
    F(DB_SLOW, "transaction slow")                                                                                     \
    F(DB_POISON, "row refused for its data")                                                                           \
    F(REDIS_FLUSH, "FLUSHALL")                                                                                         \
    F(REDIS_RESTART, "Redis restarted empty")                                                                          \
    F(REDIS_HANG, "Redis hangs")                                                                                       \
    F(REDIS_CUT, "connection to Redis lost")                                                                           \
    F(REDIS_FULL, "Redis out of memory")                                                                               \
    F(REDIS_KEY, "key removed from Redis by hand")                                                                     \
    F(LEAP, "clock moved on to the next deadline")                                                                     \
    F(OUTAGE, "everything down for hours")                                                                             \
    F(SKEW, "clock of one process moved")                                                                              \
    F(WORLD, "reference data changed")                                                                                 \
    F(BURST, "hundreds of requests at once")                                                                           \
    F(GARBAGE, "message that cannot be read")

#define FAULT_ITEM(name, text) FAULT_##name,
enum fault { FAULTS(FAULT_ITEM) FAULT_COUNT };
const char *fault_text(enum fault fault);

/* ---- processes ---- */

enum proc_number { PROC_ROUTER_A, PROC_ROUTER_B, PROC_ESCALATION, PROC_INTAKE, PROC_DESK, PROC_COUNT };

struct loop_hook;
struct event;

struct proc {
    const char *name;
    const struct service *service;
    struct kit kit;
    struct kit_config config;
    bool alive, paused;
    bool dying;   /* nothing it still does reaches anybody: it is dead, only its stack has not come back yet */
    bool leaving; /* it ends itself after this turn */
    bool wanted;  /* the supervisor starts it again */
    uint32_t life;
    int64_t skew_ms, busy_until_us;
    struct loop_hook *hooks;
    bool stay_awake;
    struct event *held, **held_end; /* while paused */
};

/* ---- the machine ---- */

struct sim {
    uint64_t seed, steps, steps_max, hash, random[2];
    int64_t now_us;
    int64_t wall_ms; /* wall clock at now_us = 0 */
    struct proc procs[PROC_COUNT];
    struct proc *current; /* NULL: the outside world acts */
    bool tracing;
    const char *mistake; /* the seeded bug in force, or NULL */
    /* dials of the present weather, per million */
    uint32_t kill_inside, bus_drop, bus_repeat, bus_delay, db_trouble, db_slow, stall;
    uint64_t faults[FAULT_COUNT];
    int64_t worst_late_ms, worst_recovery_ms;
};
extern struct sim sim;

void machine_start(uint64_t seed, uint64_t steps_max, bool tracing, const char *bug);

/* ---- randomness ---- */
uint64_t draw(void);
uint32_t below(uint32_t n);                /* 0..n-1; n > 0 */
int64_t between(int64_t from, int64_t to); /* both included */
bool chance(uint32_t per_million);
void fault_happens(enum fault fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- time ---- */
int64_t sim_wall_ms(void); /* without anybody's skew */

/* fn(context, arg, live): live is false when the process that should run it is dead: then only give back what context holds.
 * proc NULL: the outside world. */
typedef void event_fn(void *context, uint64_t arg, bool live);
void event_at(struct proc *proc, int64_t at_us, event_fn *fn, void *context, uint64_t arg);
void event_in(struct proc *proc, int64_t delay_us, event_fn *fn, void *context, uint64_t arg);

/* Runs events until the time is reached or the steps are used up (false). */
bool machine_run_until(int64_t at_us);
bool machine_out_of_steps(void);

/* ---- processes ---- */
void proc_start(struct proc *proc);
void proc_kill(struct proc *proc); /* SIGKILL: what it sent is out, what it did not is not */
void proc_pause(struct proc *proc);
void proc_continue(struct proc *proc);
/* The process that acts dies here, perhaps: by the weather. Returns true when it is dead: then the effect must not happen. */
bool proc_dies_here(const char *where);
/* Whether what the present process does can still be seen by anybody. */
bool proc_is_silent(void);
void proc_all_stop(void); /* the end of the run: everything is closed, so that the sanitizer finds leaks */

/* ---- the trace: readable text, only while tracing ---- */
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
void hash_bytes(const void *bytes, size_t len);
void hash_number(uint64_t number);
/* An invariant is broken: says so, with the trace so far, and ends the process. */
_Noreturn void broken(const char *invariant, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
