/* See story.h. */
#include "tests/sim/story.h"

#include <stdio.h>
#include <string.h>

#include "proto/must.h"
#include "services/escalation/escalation.h"
#include "services/router/router.h"
#include "tests/sim/check.h"
#include "tests/sim/fakes.h"
#include "tests/sim/hotline.h"
#include "tests/sim/people.h"
#include "tests/sim/server.h"
#include "tests/sim/world.h"

enum { SECOND = 1000000, QUIET_WITHIN_S = 30, BUSY_TRIES = 25, AGAIN_TRIES = 125 };

static uint32_t likes[FAULT_COUNT]; /* how much this seed likes each fault: 0 to 3 */
static int64_t rounds;

/* ---- time passes ------------------------------------------------------------------------------------------------------------ */

static bool pass(int64_t us) {
    return machine_run_until(sim.now_us + us);
}

/* Moves every clock to shortly before the next deadline. */
static void leap(void) {
    int64_t next = check_next_deadline(), now = sim_wall_ms();
    if (!next) return;
    int64_t to = next - between(0, 2500);
    if (to <= now + 3000) return;
    fault_happens(FAULT_LEAP, "by %.1f h", (double)(to - now) / 3600000.0);
    sim.wall_ms += to - now;
}

/* ---- bad weather --------------------------------------------------------------------------------------------------------------- */

static struct proc *some_proc(void) {
    return &sim.procs[below(PROC_COUNT)];
}

static void kill_some(void) {
    struct proc *proc = some_proc();
    if (!proc->alive) return;
    fault_happens(FAULT_KILL, "%s", proc->name);
    proc_kill(proc);
}

static void continue_later(void *context, uint64_t life, bool live) {
    struct proc *proc = context;
    if (live && proc->life == life) proc_continue(proc);
}

static void pause_one(struct proc *proc, int64_t us) {
    if (!proc->alive || proc->paused) return;
    fault_happens(FAULT_PAUSE, "%s for %.1f s", proc->name, (double)us / SECOND);
    proc_pause(proc);
    event_in(NULL, us, continue_later, proc, proc->life);
}

static void pause_some(void) {
    struct proc *proc = chance(600000) ? &sim.procs[below(2)] : some_proc();
    pause_one(proc, between(50000, chance(300000) ? 20 * SECOND : 3 * SECOND));
}

static void second_router(void) {
    struct proc *proc = &sim.procs[PROC_ROUTER_B];
    if (proc->alive) return;
    fault_happens(FAULT_SECOND_ROUTER, " ");
    proc_start(proc);
    if (chance(850000)) pause_one(&sim.procs[PROC_ROUTER_A], between(SECOND, 10 * SECOND)); /* a zombie in the making */
}

static void partition_some(void) {
    int a = (int)below(PROC_COUNT), b = (int)below(PROC_COUNT);
    fault_happens(FAULT_PARTITION, "%s to %s", sim.procs[a].name, sim.procs[b].name);
    fake_bus_cut(a, b, true);
}

static void redis_comes_back(void *context, uint64_t arg, bool live) {
    (void)context, (void)arg;
    if (live) fake_cache_full(false);
}
static void disk_comes_back(void *context, uint64_t arg, bool live) {
    (void)context, (void)arg;
    if (live) server_fill_disk(false);
}

static void outage(void) {
    fault_happens(FAULT_OUTAGE, " ");
    for (int i = 0; i < PROC_COUNT; i++) proc_kill(&sim.procs[i]);
    server_restart(between(100000, 2 * SECOND));
    sim.wall_ms += between(3600000, 3 * 86400000);
}

static void happen(enum fault fault) {
    switch (fault) {
    case FAULT_KILL:
        kill_some();
        break;
    case FAULT_PAUSE:
        pause_some();
        break;
    case FAULT_SECOND_ROUTER:
        second_router();
        break;
    case FAULT_PARTITION:
        partition_some();
        break;
    case FAULT_DB_CUT:
        fake_db_cut();
        break;
    case FAULT_DB_RESTART:
        server_restart(between(20000, 4 * SECOND));
        break;
    case FAULT_DB_FULL:
        server_fill_disk(true);
        event_in(NULL, between(100000, 3 * SECOND), disk_comes_back, NULL, 0);
        break;
    case FAULT_REDIS_FLUSH:
        fault_happens(fault, " ");
        fake_cache_flush();
        break;
    case FAULT_REDIS_RESTART:
        fault_happens(fault, " ");
        fake_cache_restart();
        break;
    case FAULT_REDIS_HANG: {
        int64_t us = between(100000, 6 * SECOND);
        fault_happens(fault, "for %.1f s", (double)us / SECOND);
        fake_cache_hang(us);
        break;
    }
    case FAULT_REDIS_CUT:
        fault_happens(fault, " ");
        fake_cache_cut();
        break;
    case FAULT_REDIS_FULL:
        fake_cache_full(true);
        event_in(NULL, between(100000, 3 * SECOND), redis_comes_back, NULL, 0);
        break;
    case FAULT_REDIS_KEY:
        if (fake_cache_remove_key()) fault_happens(fault, " ");
        break;
    case FAULT_LEAP:
        leap();
        break;
    case FAULT_OUTAGE:
        if (chance(300000)) outage();
        break;
    case FAULT_SKEW: {
        struct proc *proc = &sim.procs[chance(700000) ? PROC_ESCALATION : PROC_INTAKE];
        proc->skew_ms = between(-3600000, 3600000);
        fault_happens(fault, "%s by %.0f s", proc->name, (double)proc->skew_ms / 1000);
        break;
    }
    case FAULT_WORLD:
        people_change_world();
        break;
    case FAULT_BURST: {
        int n = (int)between(20, 400);
        fault_happens(fault, "of %d", n);
        people_push(n);
        break;
    }
    default: /* a dial of the weather */
        break;
    }
}

static void choose_weather(void) {
    for (int i = 0; i < FAULT_COUNT; i++) likes[i] = chance(450000) ? 0 : 1 + below(3);
    sim.kill_inside = likes[FAULT_KILL_INSIDE] * 150;
    sim.bus_drop = likes[FAULT_BUS_DROP] * 8000;
    sim.bus_repeat = likes[FAULT_BUS_REPEAT] * 8000;
    sim.bus_delay = likes[FAULT_BUS_DELAY] * 6000;
    sim.db_trouble = likes[FAULT_DB_REFUSED] * 4000;
    sim.db_slow = likes[FAULT_DB_SLOW] * 15000;
    sim.stall = likes[FAULT_STALL] * 400;
    router_config.batch_max = chance(300000) ? between(1, 5) : 1000;
    router_config.ahead_min = chance(500000) ? 1 : between(1, 100);
    router_config.lease = between(500, 3000);
    router_config.backlog_max = chance(200000) ? 100 : 50000;
}

static void storm(int64_t us) {
    int64_t until = sim.now_us + us;
    uint32_t total = 0;
    choose_weather();
    for (int i = 0; i < FAULT_COUNT; i++) total += likes[i];
    people_work((int)between(1, 40), (int)between(2, 50));
    while (sim.now_us < until && !machine_out_of_steps()) {
        if (!pass(between(30000, 900000)) || !total) continue;
        uint32_t which = below(total);
        int fault = 0;
        while (which >= likes[fault]) which -= likes[fault++];
        happen((enum fault)fault);
    }
}

/* ---- healing ----------------------------------------------------------------------------------------------------------------------- */

static void heal(void) {
    sim.kill_inside = sim.bus_drop = sim.bus_repeat = sim.bus_delay = sim.db_trouble = sim.db_slow = sim.stall = 0;
    for (int a = 0; a < PROC_COUNT; a++) {
        for (int b = 0; b < PROC_COUNT; b++) fake_bus_cut(a, b, false);
        sim.procs[a].skew_ms = 0;
        proc_continue(&sim.procs[a]);
    }
    fake_cache_full(false);
    fake_cache_wake();
    server_heal();
    people_work(0, 0);
}

static bool all_are_there(void) {
    for (int i = 0; i < PROC_COUNT; i++)
        if (sim.procs[i].wanted && !sim.procs[i].alive) return false;
    return true;
}

/* For whoever reads the trace of a run that does not come to rest. */
static void tell_states(void) {
    static const char *const states[] = {"away", "leasing", "loading", "serving"};
    for (int i = 0; i < PROC_COUNT; i++) {
        const struct proc *proc = &sim.procs[i];
        const struct router *r = proc->alive && i <= PROC_ROUTER_B ? proc->kit.self : NULL;
        trace("%s: %s%s%s, inbox %zu, batch %d, epoch %u", proc->name, proc->alive ? "alive" : "dead",
              proc->paused ? ", paused" : "", r ? states[r->state] : "", r ? r->inbox_count : 0,
              r ? r->first != NULL : 0, r ? engine_head(r->engine)->epoch : 0);
    }
    check_tell_overdue();
    trace("epoch %d, head %lld, %d unrouted, world %u of %u; waiting: %d pushes, %d in all", disk.shard.epoch,
          (long long)disk.shard.next_seq - 1, check_unrouted(), disk.shard.world, disk.world_version, hotline_waiting(),
          people_waiting());
}

/* What heals and breaks by turns is not quiet. */
static void stay_quiet(const char *after) {
    for (int i = 0; i < 10; i++) {
        pass(between(50000, 500000));
        if (!check_quiet()) continue;
        /* what fell due is worked off, a few at a time where batches are small; a deadline that a router dropped with its shard comes again
         * after the escalation's two seconds of patience */
        const char *why = NULL;
        for (int tries = 0; tries < (why == QUIET_OVERDUE ? AGAIN_TRIES : BUSY_TRIES); tries++) {
            pass(20000);
            if (!(why = check_quiet())) break;
        }
        if (!why) continue;
        tell_states();
        broken("I14", "quiet %s, but not for long: %s", after, why);
    }
}

static void wait_until_quiet(const char *after) {
    int64_t began = sim.now_us;
    const char *why = "a process does not come back";
    for (int tries = 0; tries < QUIET_WITHIN_S * 20; tries++) {
        pass(50000);
        if (!all_are_there() || (why = check_quiet())) {
            if (tries % 20 == 19) trace("not quiet %s: %s", after, why);
            continue;
        }
        int64_t took = (sim.now_us - began) / 1000;
        if (took > sim.worst_recovery_ms) sim.worst_recovery_ms = took;
        check_all();
        trace("all is quiet %s after %lld ms", after, (long long)took);
        stay_quiet(after);
        return;
    }
    tell_states();
    broken("I14", "not quiet %d s %s: %s", QUIET_WITHIN_S, after, why);
}

/* ---- calm: nothing fails, so every deadline is met -------------------------------------------------------------------------------------- */

static void calm(void) {
    proc_kill(&sim.procs[PROC_ROUTER_B]);
    people_work(2, 10);
    pass(3 * SECOND);
    check_be_punctual(true);
    for (int days = (int)between(3, 12); days > 0 && !machine_out_of_steps(); days--) {
        if (!hotline_waiting() && !check_unrouted()) leap(); /* a request on its way has its own deadlines already */
        pass(between(3 * SECOND, 5 * SECOND));
    }
    check_be_punctual(false);
    people_work(0, 0);
    sim.steps_max += 1000000;
    wait_until_quiet("in calm");
    sim.steps_max -= 1000000;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------------- */

void story_set_up(void) {
    rounds = 0;
    static const struct service *const services[] = {&router_service, &router_service, &escalation_service,
                                                     &intake_door, &staff_desk};
    world_build();
    disk = (struct disk){.shard = {.next_seq = 1, .next_ticket = 1}, .xid = 1, .world_version = 2};
    /* a day of 2026, in the working morning: 1 January 2026 00:00 at +08:00 is 1767196800 s */
    sim.wall_ms = 1767196800000 + between(0, 340) * 86400000 + between(7, 18) * 3600000;
    router_config = (struct router_config){
        .shard = 1, .lease = 2000, .batch_max = 1000, .ahead_min = 100, .backlog_max = 50000, .quiet_core = -1};
    *(int64_t *)escalation_service.config = 1; /* its shard */
    for (int i = 0; i < PROC_COUNT; i++) {
        sim.procs[i].service = services[i];
        sim.procs[i].wanted = i != PROC_ROUTER_B;
        if (sim.procs[i].wanted) proc_start(&sim.procs[i]);
    }
    check_start();
}

void story_take_down(struct report *ret_report) {
    *ret_report = (struct report){.steps = sim.steps,
                                  .virtual_ms = sim.now_us / 1000,
                                  .events = check_event_count(),
                                  .tickets = (int64_t)disk.tickets.count,
                                  .requests = (int64_t)disk.requests.count,
                                  .rounds = rounds,
                                  .worst_late_ms = sim.worst_late_ms,
                                  .worst_recovery_ms = sim.worst_recovery_ms};
    hash_number(sim.steps);
    hash_bytes(disk.shard.chain, sizeof disk.shard.chain);
    ret_report->hash = sim.hash;
    memcpy(ret_report->faults, sim.faults, sizeof sim.faults);
    proc_all_stop();
    server_done();
    fake_db_done();
    fake_bus_done();
    fake_cache_done();
    people_done();
    check_done();
    disk_done();
}

void story_run(uint64_t seed, uint64_t steps, bool tracing, const char *mistake, struct report *ret_report) {
    machine_start(seed, steps, tracing, mistake);
    story_set_up();
    people_work(10, 10);
    pass(2 * SECOND);
    while (!machine_out_of_steps()) {
        rounds++;
        storm(between(5, 40) * SECOND);
        sim.steps_max += 1000000; /* healing is seen to its end */
        heal();
        wait_until_quiet("after healing");
        sim.steps_max -= 1000000;
        calm();
    }
    story_take_down(ret_report);
}
