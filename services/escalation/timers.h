/* The armed deadlines of all open tickets, one per ticket, earliest first. A heap with an index by ticket, sized for millions.
 * Pure memory: what is due is handed out, sending it is escalation.c's. A deadline that was handed out waits for its answer
 * and is handed out again when none comes; only a newer generation or the answer ends it. */
#ifndef ESCALATION_TIMERS_H
#define ESCALATION_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/limits.h"

struct timers;

struct timers *timers_new(void);
void timers_free(struct timers **timers);
void timers_clear(struct timers *timers);

/* Arms, moves or (at = 0) disarms a ticket's deadline, unless what is known of it is newer (a higher generation). */
void timers_set(struct timers *timers, int64_t ticket, uint32_t generation, time_ms at);

/* The earliest deadline that was not handed out; 0: none. */
time_ms timers_first(const struct timers *timers);

struct timer {
    int64_t ticket;
    uint32_t generation;
    time_ms at;
};
/* Hands out the earliest deadline when it is due: at <= now. False when none is, or `timers_waiting` has reached its bound. The
 * order is that of the deadlines, also after a long outage. */
bool timers_take(struct timers *timers, time_ms now, int64_t monotonic_ms, struct timer *ret_timer);
/* A deadline handed out more than `patience_ms` ago without an answer; it counts as handed out again now. False: none. */
bool timers_again(struct timers *timers, int64_t monotonic_ms, int64_t patience_ms, struct timer *ret_timer);
/* The answer came: the ticket's next deadline (at = 0: none). An answer for an older generation than is known means nothing. */
void timers_answered(struct timers *timers, int64_t ticket, uint32_t generation, uint32_t next_generation,
                     time_ms next_at);
/* Not due yet by the router's clock: back into the heap, not before `at`. */
void timers_postpone(struct timers *timers, int64_t ticket, uint32_t generation, time_ms at);

size_t timers_count(const struct timers *timers);   /* armed, handed out ones included */
size_t timers_waiting(const struct timers *timers); /* handed out and not answered */

enum { TIMERS_WAITING_MAX = 4000 };

#endif
