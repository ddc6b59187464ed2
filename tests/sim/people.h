/* The people outside: a hotline that pushes requests until it has an answer, and staff who act on tickets; each through a
 * process of our own (intake with its real accept.c and forward.c, and a desk that speaks to the router as the console does). */
#ifndef SIM_PEOPLE_H
#define SIM_PEOPLE_H

#include "proto/words.h"
#include "services/kit/kit.h"

#define POISON "\x01poison" /* a text PostgreSQL refuses */
enum { POISON_SOURCE = 66 };

extern const struct service intake_door, staff_desk;

/* Pushes n requests, now. */
void people_push(int n);
/* Everybody works (dials per second), or only finishes what was begun. */
void people_work(int requests_per_second, int commands_per_second);
/* Requests pushed and not answered for good, and commands. */
int people_waiting(void);
/* The desk tells the router that reference data changed, until its beat says so. */
void people_change_world(void);
uint32_t people_world_seen(void);
void people_done(void);

/* One more command by somebody on some ticket, now; half of them possible. */
void people_order(void);
/* What became of the commands of this run. */
enum { VERDICT_MAX = 128 };
struct people_tally {
    uint64_t commands, done[COMMAND_COUNT], refused[VERDICT_MAX];
};
const struct people_tally *people_tally(void);

/* For the checker: what a note's number means. */
int64_t people_note_number(const char *note, size_t len); /* 0: none of ours */
bool people_note_is_keyed(int64_t number);
int64_t people_acknowledged(void); /* I1: checks the journal against the disk; returns how many were acknowledged */

#endif
