/* See history.h. */
#include "tests/sim/history.h"

#include <stdio.h>
#include <string.h>

#include "core/lifecycle.h"
#include "core/verdict.h"
#include "proto/must.h"
#include "tests/sim/check.h"
#include "tests/sim/disk.h"

enum { SECOND = 1000000, STEPS_MAX = 3000000, PATIENCE_S = 30 };

static void pass(int64_t us) {
    if (!machine_run_until(sim.now_us + us)) broken("I14", "a history needs more than %d steps", STEPS_MAX);
}

static void until_answered(void) {
    for (int64_t until = sim.now_us + PATIENCE_S * (int64_t)SECOND; people_waiting() || check_unrouted();) {
        pass(20000);
        if (sim.now_us > until) broken("I14", "nothing is answered for %d s in good weather", PATIENCE_S);
    }
}

static int open_tickets(void) {
    int count = 0;
    for (size_t i = 0; i < disk.tickets.count; i++) count += ((struct ticket_row *)disk.tickets.entries[i].row)->open;
    return count;
}

static bool somebody_waits_on_the_ledger(void) {
    for (size_t i = 0; i < disk.tickets.count; i++)
        if (((struct ticket_row *)disk.tickets.entries[i].row)->state == STATE_SUSPENDED) return true;
    return false;
}

/* A minute, an afternoon, some days; or to just after the next deadline. */
static void let_time_pass(void) {
    int64_t next = check_next_deadline(), now = sim_wall_ms();
    int64_t to = now + between(60000, chance(200000) ? 5 * 86400000LL : 4 * 3600000LL);
    if (next > now && chance(500000)) to = next + between(-1500, 1500);
    if (to > now) sim.wall_ms += to - now;
    pass(2 * SECOND);
}

void history_run(uint64_t seed, bool tracing, struct history_report *ret_report) {
    machine_start(seed, STEPS_MAX, tracing, NULL);
    story_set_up();
    pass(2 * SECOND);
    people_push((int)between(1, 3));
    until_answered();
    for (int commands = (int)between(HISTORY_COMMANDS_MIN, 2 * HISTORY_COMMANDS_MIN); commands > 0; commands--) {
        if (open_tickets() == 0 || chance(20000)) people_push(1);
        if (chance(250000)) let_time_pass();
        if (chance(somebody_waits_on_the_ledger() ? 60000 : 15000))
            people_change_world(); /* so that its unit closes now and then */
        until_answered();
        people_order();
        until_answered();
        check_promises();
    }
    const char *why = NULL;
    for (int i = 0; i < 10 * PATIENCE_S && (why = check_quiet()); i++) pass(100000);
    if (why) broken("I14", "not quiet after a history: %s", why);
    check_all();
    ret_report->tally = *people_tally();
    ret_report->checks = *check_tally();
    must(ret_report->tally.commands >= HISTORY_COMMANDS_MIN);
    story_take_down(&ret_report->report);
}

/* ---- telling ------------------------------------------------------------------------------------------------------------------ */

void history_add(struct history_report *sum, const struct history_report *one) {
    sum->report.tickets += one->report.tickets;
    sum->report.requests += one->report.requests;
    sum->report.events += one->report.events;
    sum->report.steps += one->report.steps;
    sum->tally.commands += one->tally.commands;
    for (int i = 0; i < COMMAND_COUNT; i++) sum->tally.done[i] += one->tally.done[i];
    for (int i = 0; i < VERDICT_MAX; i++) sum->tally.refused[i] += one->tally.refused[i];
    for (int i = 0; i < CHECK_ROWS_MAX; i++) sum->checks.rows[i] += one->checks.rows[i];
    sum->checks.promises += one->checks.promises;
}

static void tell_refusals(const struct people_tally *t) {
    for (int i = 1; i < VERDICT_MAX; i++)
        if (t->refused[i])
            printf("#   %8llu  %-4s %s\n", (unsigned long long)t->refused[i], verdict_row(i)->rule,
                   verdict_say((enum verdict)i, LANG_EN));
}

static int tell_steps(const struct check_tally *c) {
    size_t count;
    const struct lifecycle_row *rows = lifecycle_rows(&count);
    int taken = 0;
    for (size_t i = 0; i < count; i++) taken += c->rows[i] > 0;
    printf("# steps of the lifecycle table taken: %d of %zu\n", taken, count);
    for (size_t i = 0; i < count; i++)
        if (c->rows[i] == 0)
            printf("#   never: %s -> %s%s%s\n", word_text(WORDS_command_name, rows[i].command),
                   word_text(WORDS_event_type, rows[i].event), rows[i].when ? ", " : "",
                   lifecycle_when_say((enum when)rows[i].when, LANG_EN));
    return (int)count - taken;
}

int history_tell(const struct history_report *sum, uint64_t histories) {
    const struct people_tally *t = &sum->tally;
    uint64_t done = 0, refused = 0;
    for (int i = 0; i < COMMAND_COUNT; i++) done += t->done[i];
    for (int i = 0; i < VERDICT_MAX; i++) refused += t->refused[i];
    printf("# %llu histories of %d to %d commands: %llu commands, %llu done, %llu refused; %lld tickets, %lld events\n",
           (unsigned long long)histories, HISTORY_COMMANDS_MIN, 2 * HISTORY_COMMANDS_MIN,
           (unsigned long long)t->commands, (unsigned long long)done, (unsigned long long)refused,
           (long long)sum->report.tickets, (long long)sum->report.events);
    printf("# one owner, one deadline, one next action, one armed timer: demanded %llu times of open tickets\n",
           (unsigned long long)sum->checks.promises);
    printf("# done, by command:\n");
    for (int i = 1; i < COMMAND_COUNT; i++)
        if (t->done[i]) printf("#   %8llu  %s\n", (unsigned long long)t->done[i], word_text(WORDS_command_name, i));
    printf("# refused, by rule (each is in docs/rules.md):\n");
    tell_refusals(t);
    return tell_steps(&sum->checks);
}
