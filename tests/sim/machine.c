/* See machine.h. A binary heap of events; a process' events at one moment make one turn, closed by its hooks, as in the real loop. */
#include "tests/sim/machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/loop.h"
#include "proto/must.h"
#include "tests/sim/fakes.h"

enum { TURN_ROUNDS_MAX = 5000, TRACE_LINES = 60, TRACE_LINE_BYTES = 240 };

struct sim sim;

#define FAULT_TEXT(name, text) text,
static const char *const fault_texts[] = {FAULTS(FAULT_TEXT)};
const char *fault_text(enum fault fault) {
    return fault_texts[fault];
}

/* ---- randomness: xoroshiro128+ ------------------------------------------------------------------------------------- */

static uint64_t rotate(uint64_t x, int by) {
    return x << by | x >> (64 - by);
}

uint64_t draw(void) {
    uint64_t a = sim.random[0], b = sim.random[1], result = a + b;
    b ^= a;
    sim.random[0] = rotate(a, 24) ^ b ^ b << 16;
    sim.random[1] = rotate(b, 37);
    return result;
}

uint32_t below(uint32_t n) {
    must(n > 0);
    return (uint32_t)((draw() >> 32) * n >> 32);
}

int64_t between(int64_t from, int64_t to) {
    must(from <= to);
    return from + (int64_t)(draw() % (uint64_t)(to - from + 1));
}

bool chance(uint32_t per_million) {
    return per_million && below(1000000) < per_million;
}

void fault_happens(enum fault fault, const char *format, ...) {
    sim.faults[fault]++;
    hash_number(fault);
    if (!sim.tracing) return;
    char text[160];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    trace("!! %s %s", fault_text(fault), text);
}

/* ---- trace --------------------------------------------------------------------------------------------------------- */

static char lines[TRACE_LINES][TRACE_LINE_BYTES];
static uint64_t line_count;

void trace(const char *format, ...) {
    if (!sim.tracing) return;
    char *line = lines[line_count++ % TRACE_LINES];
    int len = snprintf(line, TRACE_LINE_BYTES, "%10.3f s  %-11s ", (double)sim.now_us / 1e6,
                       sim.current ? sim.current->name : "");
    va_list args;
    va_start(args, format);
    vsnprintf(line + len, TRACE_LINE_BYTES - (size_t)len, format, args);
    va_end(args);
    if (getenv("SIM_VERBOSE")) fprintf(stderr, "%s\n", line);
}

void hash_number(uint64_t number) {
    sim.hash = (sim.hash ^ number) * UINT64_C(0x9e3779b97f4a7c15);
    sim.hash ^= sim.hash >> 29;
}

void hash_bytes(const void *bytes, size_t len) {
    const uint8_t *at = bytes;
    for (uint64_t word; len >= 8; at += 8, len -= 8) {
        memcpy(&word, at, 8);
        hash_number(word);
    }
    uint64_t rest = len;
    while (len--) rest = rest << 8 | at[len];
    hash_number(rest);
}

void broken(const char *invariant, const char *format, ...) {
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    printf("broken %s: %s\n  seed %llu, step %llu, virtual second %.3f%s%s\n", invariant, text,
           (unsigned long long)sim.seed, (unsigned long long)sim.steps, (double)sim.now_us / 1e6,
           sim.mistake ? ", seeded bug " : "", sim.mistake ? sim.mistake : "");
    uint64_t first = line_count > TRACE_LINES ? line_count - TRACE_LINES : 0;
    for (uint64_t i = first; i < line_count; i++) printf("  %s\n", lines[i % TRACE_LINES]);
    fflush(stdout);
    _Exit(1);
}

_Noreturn void must_failed(const char *condition, const char *file, int line) {
    broken("must", "%s at %s:%d", condition, file, line);
}

/* ---- events --------------------------------------------------------------------------------------------------------- */

struct event {
    int64_t at_us;
    uint64_t number;
    struct proc *proc;
    uint32_t life;
    event_fn *fn;
    void *context;
    uint64_t arg;
    struct event *next; /* while held by a paused process */
};

static struct event **heap, *spare;
static size_t heap_count, heap_size;
static uint64_t event_number;

static bool comes_before(const struct event *a, const struct event *b) {
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->number < b->number;
}

static void push(struct event *event) {
    if (heap_count == heap_size) {
        heap_size = heap_size ? heap_size * 2 : 1024;
        heap = realloc(heap, heap_size * sizeof *heap);
        must(heap);
    }
    size_t i = heap_count++;
    while (i && comes_before(event, heap[(i - 1) / 2])) {
        heap[i] = heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap[i] = event;
}

static struct event *pop(void) {
    struct event *first = heap[0], *last = heap[--heap_count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < heap_count; i = child) {
        if (child + 1 < heap_count && comes_before(heap[child + 1], heap[child])) child++;
        if (!comes_before(heap[child], last)) break;
        heap[i] = heap[child];
    }
    if (heap_count) heap[i] = last;
    return first;
}

void event_at(struct proc *proc, int64_t at_us, event_fn *fn, void *context, uint64_t arg) {
    struct event *event = spare ? spare : malloc(sizeof *event);
    must(event);
    if (spare) spare = spare->next;
    *event = (struct event){.at_us = at_us > sim.now_us ? at_us : sim.now_us,
                            .number = ++event_number,
                            .proc = proc,
                            .life = proc ? proc->life : 0,
                            .fn = fn,
                            .context = context,
                            .arg = arg};
    push(event);
}

void event_in(struct proc *proc, int64_t delay_us, event_fn *fn, void *context, uint64_t arg) {
    event_at(proc, sim.now_us + (delay_us > 0 ? delay_us : 0), fn, context, arg);
}

int64_t sim_wall_ms(void) {
    return sim.wall_ms + sim.now_us / 1000;
}

/* ---- turns ---------------------------------------------------------------------------------------------------------- */

static void run_event(struct event *event) {
    struct proc *proc = event->proc;
    bool live = !proc || (proc->alive && proc->life == event->life && !proc->dying);
    struct event now = *event;
    event->next = spare;
    spare = event;
    sim.current = live ? proc : NULL;
    now.fn(now.context, now.arg, live);
    sim.current = NULL;
}

static void run_hooks(struct proc *proc) {
    for (int round = 0; proc->alive && !proc->dying; round++) {
        if (round == TURN_ROUNDS_MAX) broken("loop", "%s does not come to rest", proc->name);
        bool more = proc->stay_awake;
        proc->stay_awake = false;
        sim.current = proc;
        more = fake_run_hooks(proc) || more;
        sim.current = NULL;
        if (!more) return;
    }
}

static void bury(struct proc *proc);

/* One turn: all that is due for this process, then its hooks. */
static void turn(struct event *event) {
    struct proc *proc = event->proc;
    run_event(event);
    if (!proc) return;
    while (heap_count && heap[0]->proc == proc && heap[0]->at_us <= sim.now_us && proc->alive && !proc->dying) {
        sim.steps++;
        run_event(pop());
    }
    run_hooks(proc);
    if (proc->alive && (proc->dying || proc->leaving)) bury(proc);
}

static void hold(struct event *event) {
    event->next = NULL;
    *event->proc->held_end = event;
    event->proc->held_end = &event->next;
}

bool machine_out_of_steps(void) {
    return sim.steps >= sim.steps_max;
}

bool machine_run_until(int64_t at_us) {
    while (heap_count && heap[0]->at_us <= at_us) {
        if (machine_out_of_steps()) return false;
        struct event *event = pop();
        must(event->at_us >= sim.now_us);
        struct proc *proc = event->proc;
        bool lives = proc && proc->alive && proc->life == event->life;
        if (lives && proc->paused) {
            hold(event);
            continue;
        }
        if (lives && proc->busy_until_us > event->at_us) {
            event->at_us = proc->busy_until_us;
            push(event);
            continue;
        }
        sim.now_us = event->at_us;
        sim.steps++;
        turn(event);
        if (lives && chance(sim.stall)) {
            fault_happens(FAULT_STALL, "%s", proc->name);
            proc->busy_until_us = sim.now_us + between(1000, 200000);
        }
    }
    if (at_us > sim.now_us) sim.now_us = at_us;
    return true;
}

/* ---- processes ------------------------------------------------------------------------------------------------------- */

void proc_start(struct proc *proc) {
    if (proc->alive) return;
    trace("%s starts", proc->name);
    proc->life++;
    proc->alive = true;
    proc->dying = proc->leaving = proc->paused = proc->stay_awake = false;
    proc->busy_until_us = 0;
    proc->skew_ms = 0;
    proc->held = NULL;
    proc->held_end = &proc->held;
    proc->config = (struct kit_config){.run_dir = "/sim", .database = "sim", .redis_socket = "/sim/redis"};
    proc->kit = (struct kit){.service = proc->service, .config = &proc->config, .loop = fake_loop_of(proc)};
    sim.current = proc;
    must(proc->service->open(&proc->kit) == ERR_NONE);
    sim.current = NULL;
    run_hooks(proc);
    if (proc->dying || proc->leaving) bury(proc);
}

static void release_held(struct proc *proc) {
    for (struct event *event = proc->held, *next; event; event = next) {
        next = event->next;
        event->at_us = sim.now_us;
        push(event);
    }
    proc->held = NULL;
    proc->held_end = &proc->held;
}

static void supervisor(void *context, uint64_t life, bool live) {
    (void)live;
    struct proc *proc = context;
    if (!proc->alive && proc->wanted && proc->life == life) proc_start(proc);
}

static void bury(struct proc *proc) {
    trace("%s is gone", proc->name);
    proc->dying = true;
    sim.current = proc;
    proc->service->close(&proc->kit);
    fake_bus_forget(proc);
    sim.current = NULL;
    must(!proc->hooks || fake_hooks_are_free(proc));
    proc->alive = proc->dying = proc->leaving = proc->paused = false;
    release_held(proc);
    if (proc->wanted) event_in(NULL, between(20000, 1200000), supervisor, proc, proc->life);
}

void proc_kill(struct proc *proc) {
    if (proc->alive) bury(proc);
}

void proc_pause(struct proc *proc) {
    proc->paused = true;
}

void proc_continue(struct proc *proc) {
    if (!proc->alive || !proc->paused) return;
    trace("%s goes on", proc->name);
    proc->paused = false;
    release_held(proc);
}

bool proc_is_silent(void) {
    return sim.current && sim.current->dying;
}

bool proc_dies_here(const char *where) {
    if (proc_is_silent()) return true;
    if (!sim.current || !chance(sim.kill_inside)) return false;
    fault_happens(FAULT_KILL_INSIDE, "%s %s", sim.current->name, where);
    sim.current->dying = true;
    return true;
}

void proc_all_stop(void) {
    for (int i = 0; i < PROC_COUNT; i++) {
        sim.procs[i].wanted = false;
        proc_kill(&sim.procs[i]);
    }
    while (heap_count) {
        struct event *event = pop();
        if (event->proc) {
            run_event(event);
        } else {
            event->fn(event->context, event->arg, false);
            free(event);
        }
    }
    for (struct event *next; spare; spare = next) {
        next = spare->next;
        free(spare);
    }
    free(heap);
    heap = NULL;
    heap_size = 0;
}

void machine_start(uint64_t seed, uint64_t steps_max, bool tracing, const char *bug) {
    static const char *const names[] = {"router-a", "router-b", "escalation", "intake", "desk"};
    sim = (struct sim){.seed = seed, .steps_max = steps_max, .tracing = tracing, .mistake = bug};
    uint64_t x = seed + UINT64_C(0x9e3779b97f4a7c15);
    for (int i = 0; i < 2; i++, x += UINT64_C(0x9e3779b97f4a7c15)) {
        uint64_t y = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        y = (y ^ y >> 27) * UINT64_C(0x94d049bb133111eb);
        sim.random[i] = y ^ y >> 31;
    }
    sim.hash = seed;
    for (int i = 0; i < PROC_COUNT; i++) {
        sim.procs[i].name = names[i];
        sim.procs[i].held_end = &sim.procs[i].held;
    }
}
