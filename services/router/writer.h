/* A batch as one transaction: the fence first, then events, ticket rows, assignments, links. Knows the SQL and nothing of what a
 * step means. Also reads what the engine needs before a batch. */
#ifndef ROUTER_WRITER_H
#define ROUTER_WRITER_H

#include "common/db.h"
#include "services/router/engine.h"

/* Fills the group with the whole transaction. */
void writer_fill(struct db_group *group, const struct batch *batch, time_ms lease_until);
/* A transaction without events that only keeps the lease. */
void writer_keep(struct db_group *group, uint16_t shard, uint32_t epoch, time_ms lease_until, int64_t swept_to,
                 uint32_t world);

/* What a batch needs from the database before it is decided. */
struct writer_needs {
    int64_t tickets[2 * BATCH_COMMANDS_MAX], requests[BATCH_COMMANDS_MAX];
    uint8_t keys[BATCH_COMMANDS_MAX][COMMAND_KEY_BYTES];
    uint32_t ticket_count, request_count, key_count;
};
bool writer_needs_nothing(const struct writer_needs *needs);
void writer_read(struct db_group *group, const struct writer_needs *needs, uint16_t shard);
/* Lends the engine what was read. False, and nothing lent: another router holds the shard, what was read may be of its making. */
bool writer_lend(const struct db_reply *reply, struct engine *engine);

/* Puts a refused message away, visibly, outside any batch. `number` is its request or ticket. */
void writer_park(struct db_group *group, time_ms now, const char *sqlstate, const char *what, int64_t number,
                 const void *bytes, size_t len);

#endif
