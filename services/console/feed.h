/* What happens across tickets: the latest events of chosen types, newest first, and how many tickets came to each unit and left it
 * lately. Bounded by a window over the newest events of each shard, because the log has no index by type or time; the answer
 * says how far back it reaches. */
#ifndef CONSOLE_FEED_H
#define CONSOLE_FEED_H

#include "services/console/call.h"

/* GET /feed?type=rung,urged&limit= */
void feed_events_get(struct call *call);
/* GET /flow?minutes=60 */
void feed_flow_get(struct call *call);

#endif
