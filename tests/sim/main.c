/* The simulator's command line: one seed, a campaign of seeds for a time, or the seeded bugs that must all be caught.
 *     sim --seed 7 [--steps 20000] [--mistake NAME] [--trace]     one seed, twice: the same hash
 *     sim --seconds 30 [--seed FIRST] [--jobs 2]                  as many seeds as fit
 *     sim --mistakes [--steps N]                                  each seeded bug until it is caught
 *     sim --histories 10000 [--seed FIRST] [--jobs 2]             random histories in good weather (tests/sim/history.h)
 * Each seed runs in a process of its own, so that nothing is carried over. A seed that fails is run again with its trace. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/check.h"
#include "tests/sim/history.h"
#include "tests/sim/story.h"

/* The seeded bugs, and what is expected to notice. */
static const struct {
    const char *name, *about;
} mistakes[] = {
    {"answer_before_commit", "answers leave before the commit"},
    {"no_fence", "the transaction does not check the epoch"},
    {"epoch_of_another",
     "a router goes on, with its doors open, under the epoch of the one that took over while it was loading"},
    {"dedupe_off", "a request that comes twice gets two tickets"},
    {"keys_ignored", "idempotency keys are not looked up"},
    {"unknown_is_done", "an unknown outcome is taken for a commit"},
    {"left_unseen", "a batch decided ahead does not see what the one before it leaves"},
    {"answered_ahead", "a batch decided ahead is answered before the one before it is stored"},
    {"sweep_off", "requests whose message was lost are not looked for"},
    {"sweep_settles_at_once", "the sweep forgets numbers whose transaction may still commit"},
    {"memory_kept", "after the lease is taken again memory is not read anew"},
    {"culprit_takes_others", "a refused batch is parked whole"},
    {"marker_ignored", "the live queues' marker is not compared"},
    {"queue_rows_skipped", "changes of tickets do not reach the live queues"},
    {"queues_kept", "a router that lost the shard goes on keeping the live queues"},
    {"doors_kept", "a router that lost the shard keeps its sockets"},
    {"timer_dropped", "a deadline is dropped on reload"},
    {"gaps_ignored", "gaps in the news are not filled"},
    {"timer_not_repeated", "a deadline is sent to the router once only"},
    {"sender_clock_trusted", "the router believes the clock of who sends a deadline"},
};
enum { MISTAKES = sizeof mistakes / sizeof *mistakes, SEEDS_PER_MISTAKE = 200 };

struct options {
    uint64_t seed, steps, histories;
    int seconds, jobs;
    bool one, all_mistakes, tracing;
    const char *mistake;
};

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- a seed in a child ------------------------------------------------------------------------------------------------------ */

struct child {
    pid_t pid;
    int fd;
    uint64_t seed;
};

static struct child start(uint64_t seed, uint64_t steps, const char *mistake, bool loud) {
    int fds[2];
    fflush(stdout);
    if (pipe(fds)) exit(2);
    pid_t pid = fork();
    if (pid < 0) exit(2);
    if (pid == 0) {
        struct report report;
        close(fds[0]);
        if (!loud && (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))) _Exit(2);
        alarm(120);
        story_run(seed, steps, loud, mistake, &report);
        exit(write(fds[1], &report, sizeof report) == sizeof report ? 0 : 2);
    }
    close(fds[1]);
    return (struct child){pid, fds[0], seed};
}

static bool finish(struct child child, struct report *ret_report) {
    int status = 0;
    bool whole = read(child.fd, ret_report, sizeof *ret_report) == sizeof *ret_report;
    close(child.fd);
    waitpid(child.pid, &status, 0);
    return whole && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool run_seed(uint64_t seed, uint64_t steps, const char *mistake, bool loud, struct report *ret_report) {
    return finish(start(seed, steps, mistake, loud), ret_report);
}

/* ---- telling ------------------------------------------------------------------------------------------------------------------ */

static void add(struct report *sum, const struct report *one) {
    sum->steps += one->steps;
    sum->virtual_ms += one->virtual_ms;
    sum->events += one->events;
    sum->tickets += one->tickets;
    sum->requests += one->requests;
    sum->rounds += one->rounds;
    for (int i = 0; i < FAULT_COUNT; i++) sum->faults[i] += one->faults[i];
    if (one->worst_late_ms > sum->worst_late_ms) sum->worst_late_ms = one->worst_late_ms;
    if (one->worst_recovery_ms > sum->worst_recovery_ms) sum->worst_recovery_ms = one->worst_recovery_ms;
}

static void tell(const struct report *r) {
    printf("# %llu steps, %.1f virtual hours between leaps, %lld rounds; %lld requests, %lld tickets, %lld events\n",
           (unsigned long long)r->steps, (double)r->virtual_ms / 3600000.0, (long long)r->rounds,
           (long long)r->requests, (long long)r->tickets, (long long)r->events);
    printf("# worst recovery %lld virtual ms, latest deadline in calm %lld ms; faults that really happened:\n",
           (long long)r->worst_recovery_ms, (long long)r->worst_late_ms);
    for (int i = 0; i < FAULT_COUNT; i++)
        printf("#   %8llu  %s\n", (unsigned long long)r->faults[i], fault_text((enum fault)i));
}

static void show_failure(uint64_t seed, const struct options *o) {
    struct report report;
    printf("# seed %llu again, with its trace (make sim SIM_SEED=%llu):\n", (unsigned long long)seed,
           (unsigned long long)seed);
    run_seed(seed, o->steps, o->mistake, true, &report);
}

/* ---- the three modes ------------------------------------------------------------------------------------------------------------ */

static int one_seed(const struct options *o) {
    struct report first, second;
    if (!run_seed(o->seed, o->steps, o->mistake, false, &first)) {
        printf("not ok 1 - seed %llu holds every invariant\n", (unsigned long long)o->seed);
        show_failure(o->seed, o);
        return 1;
    }
    printf("ok 1 - seed %llu holds every invariant\n", (unsigned long long)o->seed);
    bool same = run_seed(o->seed, o->steps, o->mistake, o->tracing, &second) && first.hash == second.hash;
    printf("%sok 2 - seed %llu gives hash %016llx twice\n", same ? "" : "not ", (unsigned long long)o->seed,
           (unsigned long long)first.hash);
    tell(&first);
    return !same;
}

static int campaign(const struct options *o) {
    double began = now_s();
    struct report sum = {0}, report, again;
    struct child children[16];
    int running = 0, failed = 0;
    uint64_t seed = o->seed, seeds = 0;
    while (running || (now_s() - began < o->seconds && !failed)) {
        while (running < o->jobs && now_s() - began < o->seconds && !failed)
            children[running++] = start(seed++, o->steps, o->mistake, false);
        if (!running) break;
        struct child child = children[0];
        memmove(children, children + 1, (size_t)--running * sizeof *children);
        bool ok = finish(child, &report);
        seeds++;
        if (ok && seeds % 16 == 1)
            ok = run_seed(child.seed, o->steps, o->mistake, false, &again) && again.hash == report.hash;
        if (ok) {
            add(&sum, &report);
            continue;
        }
        failed++;
        printf("not ok 1 - seed %llu holds every invariant, the same each time\n", (unsigned long long)child.seed);
        show_failure(child.seed, o);
    }
    if (!failed)
        printf("ok 1 - %llu seeds from %llu hold every invariant\n", (unsigned long long)seeds,
               (unsigned long long)o->seed);
    tell(&sum);
    return failed != 0;
}

/* The first seed that notices a mistake, or the one after the last tried. */
static uint64_t first_to_notice(const struct options *o, const char *mistake, uint64_t last) {
    struct child children[16];
    uint64_t next = o->seed, first = last;
    for (int running = 0; running || (next < last && first == last);) {
        while (running < o->jobs && next < last && first == last)
            children[running++] = start(next++, o->steps, mistake, false);
        struct report report;
        struct child child = children[0];
        memmove(children, children + 1, (size_t)--running * sizeof *children);
        if (!finish(child, &report) && child.seed < first) first = child.seed;
    }
    return first;
}

static int seeded_bugs(const struct options *o) {
    int missed = 0;
    for (int i = 0; i < MISTAKES; i++) {
        uint64_t last = o->seed + SEEDS_PER_MISTAKE, seed = first_to_notice(o, mistakes[i].name, last);
        missed += seed == last;
        if (seed < last)
            printf("ok %d - caught after %llu seeds: %s\n", i + 1, (unsigned long long)(seed - o->seed + 1),
                   mistakes[i].about);
        else
            printf("not ok %d - never caught: %s (%s)\n", i + 1, mistakes[i].about, mistakes[i].name);
        fflush(stdout);
    }
    return missed != 0;
}

/* ---- histories ------------------------------------------------------------------------------------------------------------------ */

enum { HISTORIES_A_CHILD = 25, ALL_STEPS_FROM = 5000 /* fewer may miss a rare one */ };

/* A child plays some histories, one after the other; what a failing one says is shown, for the same seed fails again. */
static struct child start_histories(uint64_t seed, uint64_t count) {
    int fds[2];
    fflush(stdout);
    if (pipe(fds)) exit(2);
    pid_t pid = fork();
    if (pid < 0) exit(2);
    if (pid == 0) {
        static struct history_report sum, one;
        close(fds[0]);
        alarm(300);
        for (uint64_t i = 0; i < count; i++) {
            history_run(seed + i, false, &one);
            history_add(&sum, &one);
        }
        exit(write(fds[1], &sum, sizeof sum) == sizeof sum ? 0 : 2);
    }
    close(fds[1]);
    return (struct child){pid, fds[0], seed};
}

static bool finish_histories(struct child child, struct history_report *ret_report) {
    int status = 0;
    bool whole = read(child.fd, ret_report, sizeof *ret_report) == sizeof *ret_report;
    close(child.fd);
    waitpid(child.pid, &status, 0);
    return whole && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int histories(const struct options *o) {
    static struct history_report sum, one;
    struct child children[16];
    uint64_t next = o->seed, last = o->seed + o->histories, done = 0;
    int running = 0, failed = 0;
    double began = now_s();
    while (running || (next < last && !failed)) {
        while (running < o->jobs && next < last && !failed) {
            uint64_t count = last - next < HISTORIES_A_CHILD ? last - next : HISTORIES_A_CHILD;
            children[running++] = start_histories(next, count);
            next += count;
        }
        struct child child = children[0];
        memmove(children, children + 1, (size_t)--running * sizeof *children);
        if (!finish_histories(child, &one)) {
            failed++;
            printf("not ok 1 - a history from seed %llu on keeps every rule\n", (unsigned long long)child.seed);
            continue;
        }
        history_add(&sum, &one);
        done += last - child.seed < HISTORIES_A_CHILD ? last - child.seed : HISTORIES_A_CHILD;
    }
    if (!failed)
        printf("ok 1 - %llu random histories from seed %llu keep every rule, in %.0f s\n", (unsigned long long)done,
               (unsigned long long)o->seed, now_s() - began);
    int never = done ? history_tell(&sum, done) : 0;
    if (done >= ALL_STEPS_FROM && never) printf("not ok 2 - every step of the lifecycle table is taken\n");
    if (done >= ALL_STEPS_FROM && !never) printf("ok 2 - every step of the lifecycle table is taken\n");
    return failed || (done >= ALL_STEPS_FROM && never);
}

static int one_history(const struct options *o) {
    static struct history_report report;
    history_run(o->seed, true, &report);
    history_tell(&report, 1);
    return 0;
}

int main(int argc, char **argv) {
    struct options o = {.seed = 1, .steps = 20000, .jobs = 1};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(argv[i], "--seed"))
            o.seed = strtoull(value, NULL, 10), o.one = true, i++;
        else if (!strcmp(argv[i], "--steps"))
            o.steps = strtoull(value, NULL, 10), i++;
        else if (!strcmp(argv[i], "--histories"))
            o.histories = strtoull(value, NULL, 10), i++;
        else if (!strcmp(argv[i], "--seconds"))
            o.seconds = atoi(value), i++;
        else if (!strcmp(argv[i], "--jobs"))
            o.jobs = atoi(value), i++;
        else if (!strcmp(argv[i], "--mistake"))
            o.mistake = value, i++;
        else if (!strcmp(argv[i], "--mistakes"))
            o.all_mistakes = true;
        else if (!strcmp(argv[i], "--trace"))
            o.tracing = true;
        else {
            fprintf(stderr, "usage: sim [--seed N] [--steps N] [--seconds S] [--jobs N] [--mistake NAME | --mistakes | "
                            "--histories N] [--trace]\n");
            return 2;
        }
    }
    if (o.jobs < 1 || o.jobs > 16) o.jobs = 1;
    if (o.histories) return o.tracing ? one_history(&o) : histories(&o);
    if (o.all_mistakes) return seeded_bugs(&o);
    return o.seconds ? campaign(&o) : one_seed(&o);
}
