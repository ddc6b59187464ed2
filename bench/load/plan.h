/* The plan of an open-loop run: how many requests, when each is meant to be sent, what was answered. Rate 0: as fast as the door
 * takes them within its bound of unanswered ones. */
#ifndef BENCH_PLAN_H
#define BENCH_PLAN_H

#include "bench/load/watch.h"

struct plan {
    int64_t count, rate; /* requests, per second */
    char prefix[40];     /* of external ids, new for each run */
    int64_t start_ns, next;
    int64_t *sent_ns; /* as meant; as it was when the rate is 0 */
    int64_t answered, accepted, refused;
    struct histogram answers; /* from the moment meant to the answer */
    int timer_fd;
    struct loop_fd *timer;
};

/* Sends requests first..first+count-1, or as many of them as the door takes now; returns how many. */
typedef int64_t plan_send(void *context, int64_t first, int64_t count);

void plan_init(struct load *load, struct plan *plan);
void plan_done(struct plan *plan);
/* Runs until all are answered. Dies when nothing happens for half a minute. */
void plan_run(struct load *load, struct plan *plan, plan_send *send, void *context);
void plan_answered(struct plan *plan, int64_t request, bool accepted);

/* Waits until `watch` has seen all that were accepted, asks PostgreSQL which ticket answers which request (each must have exactly
 * one), and fills in the time from the moment meant to the queue. */
void plan_settle(struct load *load, struct plan *plan, struct watch *watch, struct histogram *ret_queued);

#endif
