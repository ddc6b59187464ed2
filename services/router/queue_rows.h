/* A batch's rows for the live queues, put in order by queue: what leaves and what enters each, as the scripts of queues.lua.h take them.
 * A queue is "unit:state". Not for what becomes of them in Redis (projection.h). */
#ifndef ROUTER_QUEUE_ROWS_H
#define ROUTER_QUEUE_ROWS_H

#include "common/cache.h"
#include "proto/messages.h"

struct queue_rows;
struct queue_rows *queue_rows_new(void);
void queue_rows_free(struct queue_rows **rows);

/* `was_owner` 0: it was in no queue. A ticket once between two calls of queue_rows_put. */
void queue_rows_add(struct queue_rows *rows, const struct change *change, uint32_t was_owner, uint8_t was_state);
/* Appends the sections and begins anew. */
void queue_rows_put(struct queue_rows *rows, struct cache_command *command);

#endif
