/* The invariants of design, checked after every commit, at every message that leaves a process, and when all is quiet. */
#ifndef SIM_CHECK_H
#define SIM_CHECK_H

#include "tests/sim/disk.h"
#include "tests/sim/machine.h"

void check_start(void);
/* What a transaction wrote, just before anybody else can see it. */
void check_commit(const struct transaction *t);
/* A message on its way out: it may tell only what is committed. */
void check_leaving(const struct proc *from, const void *bytes, size_t len);
/* From now on (NULL: not) deadlines must be met within 2 s. */
void check_be_punctual(bool punctual);
/* NULL, or what keeps the system from being quiet: unrouted requests, overdue deadlines, live queues that differ. */
const char *check_quiet(void);
extern const char QUIET_OVERDUE[]; /* the one of a deadline */
/* Everything from the beginning: the log folded anew, every table against it. */
void check_all(void);
/* The earliest armed deadline of an open ticket; 0: none. */
int64_t check_next_deadline(void);
int64_t check_event_count(void);
void check_tell_overdue(void); /* into the trace */
int check_unrouted(void);
void check_done(void);

/* ---- check_figures.c: called by the others */
void check_figures_start(void);
void check_figures_event(const struct event *event); /* was just committed, in order */
void check_figures(int64_t head_seq);                /* all up to here */
void check_figures_done(void);

/* A refusal's rule stands in docs/rules.md. */
void check_rule(uint32_t verdict);
/* Every open ticket, as the log has it and as its row has it: exactly one owner, one deadline, one next action, one armed timer. */
void check_promises(void);
/* Steps of the lifecycle table that were taken, and how often the promise was demanded. */
enum { CHECK_ROWS_MAX = 192 };
struct check_tally {
    uint64_t rows[CHECK_ROWS_MAX], promises;
};
const struct check_tally *check_tally(void);

#endif
