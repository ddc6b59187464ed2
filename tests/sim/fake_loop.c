/* common/loop.h, clock.h and log.h, failpoint.h, mistake.h and what services use of the kit, in virtual time. One struct loop
 * is one process. A timer is late only as the weather makes its process late. */
#include "common/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/failpoint.h"
#include "common/log.h"
#include "common/mistake.h"
#include "proto/must.h"
#include "tests/sim/fakes.h"

/* A struct loop is never looked into: its address is its process'. */
struct loop *fake_loop_of(struct proc *proc) {
    return (struct loop *)(void *)proc;
}
struct proc *fake_proc_of(struct loop *loop) {
    return (struct proc *)(void *)loop;
}

/* ---- timers ---------------------------------------------------------------------------------------------------------- */

struct loop_timer {
    struct proc *proc;
    void (*fn)(void *context);
    void *context;
    uint64_t armed; /* the arming in force; 0: none */
    uint64_t armings;
    int64_t repeat_ms;
    int pending; /* events that hold the address */
    bool freed;
};

static void ring(void *context, uint64_t arg, bool live) {
    struct loop_timer *timer = context;
    timer->pending--;
    if (live && !timer->freed && timer->armed == arg) {
        timer->armed = 0;
        if (timer->repeat_ms) loop_timer_start(timer, timer->repeat_ms, timer->repeat_ms);
        timer->pending++; /* its own callback may free it */
        timer->fn(timer->context);
        timer->pending--;
    }
    if (timer->freed && !timer->pending) free(timer);
}

struct loop_timer *loop_timer_new(struct loop *loop, void (*fn)(void *context), void *context) {
    struct loop_timer *timer = calloc(1, sizeof *timer);
    must(timer);
    timer->proc = fake_proc_of(loop);
    timer->fn = fn;
    timer->context = context;
    return timer;
}

void loop_timer_start(struct loop_timer *timer, int64_t delay_ms, int64_t repeat_ms) {
    timer->armed = ++timer->armings;
    timer->repeat_ms = repeat_ms;
    timer->pending++;
    event_in(timer->proc, (delay_ms > 0 ? delay_ms : 0) * 1000, ring, timer, timer->armed);
}

void loop_timer_stop(struct loop_timer *timer) {
    timer->armed = 0;
    timer->repeat_ms = 0;
}

bool loop_timer_is_armed(const struct loop_timer *timer) {
    return timer->armed != 0;
}

void loop_timer_free(struct loop_timer **timer_at) {
    struct loop_timer *timer = *timer_at;
    *timer_at = NULL;
    if (!timer) return;
    timer->freed = true;
    timer->armed = 0;
    if (!timer->pending) free(timer);
}

/* ---- hooks ------------------------------------------------------------------------------------------------------------ */

struct loop_hook {
    struct loop_hook *next;
    enum loop_moment moment;
    bool (*fn)(void *context); /* NULL: freed */
    void *context;
};

struct loop_hook *loop_hook_new(struct loop *loop, enum loop_moment moment, bool (*fn)(void *context), void *context) {
    struct loop_hook *hook = calloc(1, sizeof *hook);
    must(hook);
    *hook = (struct loop_hook){.moment = moment, .fn = fn, .context = context};
    struct loop_hook **link = &fake_proc_of(loop)->hooks;
    while (*link) link = &(*link)->next;
    *link = hook;
    return hook;
}

void loop_hook_free(struct loop_hook **hook) {
    if (*hook) (*hook)->fn = NULL;
    *hook = NULL;
}

bool fake_run_hooks(struct proc *proc) {
    bool more = false;
    for (struct loop_hook **link = &proc->hooks; *link;) {
        struct loop_hook *hook = *link;
        if (hook->fn && !proc->dying && hook->fn(hook->context)) more = true;
        if (hook->fn) {
            link = &hook->next;
        } else {
            *link = hook->next;
            free(hook);
        }
    }
    return more;
}

bool fake_hooks_are_free(struct proc *proc) {
    bool all = true;
    for (struct loop_hook *hook = proc->hooks, *next; hook; hook = next) {
        next = hook->next;
        all = all && !hook->fn;
        free(hook);
    }
    proc->hooks = NULL;
    return all;
}

void loop_stay_awake(struct loop *loop) {
    fake_proc_of(loop)->stay_awake = true;
}
void loop_stop(struct loop *loop) {
    fake_proc_of(loop)->leaving = true;
}
int64_t loop_now_ms(const struct loop *loop) {
    (void)loop;
    return clock_monotonic_ms();
}

/* ---- the clock: the linker's --wrap sends callers here; the calendar part of common/clock.c stays ------------------------- */

time_ms __wrap_clock_now(void);
int64_t __wrap_clock_monotonic_ms(void);
int64_t __wrap_clock_monotonic_ns(void);

time_ms __wrap_clock_now(void) {
    return sim_wall_ms() + (sim.current ? sim.current->skew_ms : 0);
}

enum { UPTIME_US = 1000000000 }; /* the machine has been up for a while: monotonic time never is near 0 */

int64_t __wrap_clock_monotonic_ms(void) {
    return (sim.now_us + UPTIME_US) / 1000;
}
int64_t __wrap_clock_monotonic_ns(void) {
    return (sim.now_us + UPTIME_US) * 1000;
}

/* ---- log: into the trace ---------------------------------------------------------------------------------------------------- */

bool log_is_on(enum log_level level) {
    return sim.tracing && level > LOG_DEBUG;
}
void log_open(const char *service, enum log_level level_min) {
    (void)service, (void)level_min;
}
void log_to(int fd) {
    (void)fd;
}
int64_t log_lost_count(void) {
    return 0;
}

void log_write(struct log_site *site, enum log_level level, const char *event, const struct log_field *fields,
               size_t count) {
    (void)site, (void)level;
    char text[200] = "";
    size_t len = 0;
    for (size_t i = 0; i < count && len < sizeof text - 1; i++) {
        const struct log_field *f = &fields[i];
        int more = f->kind == LOG_KIND_TEXT && f->len == (size_t)-1
                       ? snprintf(text + len, sizeof text - len, " %s=%s", f->name, f->value.text)
                   : f->kind == LOG_KIND_INT || f->kind == LOG_KIND_ID
                       ? snprintf(text + len, sizeof text - len, " %s=%lld", f->name, (long long)f->value.integer)
                       : 0;
        len += more > 0 ? (size_t)more : 0;
    }
    trace("log %s%s", event, text);
}

/* ---- failpoints kill by the weather; mistakes by name ------------------------------------------------------------------------ */

enum err failpoint(const char *name) {
    proc_dies_here(name);
    return ERR_NONE;
}

bool mistake(const char *name) {
    return sim.mistake && strcmp(sim.mistake, name) == 0;
}

/* ---- kit --------------------------------------------------------------------------------------------------------------------- */

void kit_path(const struct kit *kit, const char *below_run_dir, char ret_path[KIT_PATH_BYTES]) {
    snprintf(ret_path, KIT_PATH_BYTES, "%s/%s", kit->config->run_dir, below_run_dir);
}

void kit_fail(struct kit *kit, const char *why) {
    (void)kit;
    trace("ends itself: %s", why);
    must(sim.current);
    sim.current->leaving = true;
}
