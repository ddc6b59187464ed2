/* When each new ticket stood in its queue: its change was delivered on the router's event stream, and Redis' marker says that the live
 * queues hold it. Both must be so; the later moment counts. Tickets are found by their number within the day. */
#ifndef BENCH_WATCH_H
#define BENCH_WATCH_H

#include "bench/load/load.h"
#include "proto/messages.h"

struct watch;

/* Called for each change as it arrives; may be NULL. */
typedef void watch_change(void *context, const struct change *change);

/* Room for `capacity` new tickets. Returns when both sides are connected. */
struct watch *watch_new(struct load *load, int64_t capacity, watch_change *on_change, void *context);
void watch_free(struct watch **watch);

int64_t watch_count(const struct watch *watch);                       /* new tickets that stood in their queue */
int64_t watch_last_ns(const struct watch *watch);                     /* when the last of them did */
int64_t watch_ns_of(const struct watch *watch, int64_t ticket);       /* monotonic; 0: not seen */
int64_t watch_heard_ns_of(const struct watch *watch, int64_t ticket); /* the event alone */
int64_t watch_changes(const struct watch *watch);                     /* changes heard, of any ticket */

#endif
