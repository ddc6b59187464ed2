/* Polling instead of webhooks: what happened behind a cursor, to the requests of the caller's sources or to the tickets of its unit,
 * as the very CloudEvents the webhooks carry (kit/event_json.h), in the order of the log. A caller that keeps the cursor only after
 * it has stored what came before misses nothing and, by the ids, takes nothing twice. Not the screens' list of news (feed.h). */
#ifndef CONSOLE_EVENTS_H
#define CONSOLE_EVENTS_H

#include "services/console/call.h"

struct events_waiting;

/* GET /events?cursor=&limit=&wait= */
void events_get(struct call *call);

struct events_waiting *events_waiting_new(struct console *console);
/* Answers those who wait; before the pool is freed. */
void events_waiting_end(struct events_waiting *waiting);
void events_waiting_free(struct events_waiting **waiting);
/* Often: looks again for those who wait, once something happened. */
void events_tick(struct events_waiting *waiting);

#endif
