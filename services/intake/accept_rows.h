/* A group of requests on its way to PostgreSQL: the statement that stores it, and a request as its row. Not for when a group goes nor for
 * what its answer means to whom (accept.h). */
#ifndef INTAKE_ACCEPT_ROWS_H
#define INTAKE_ACCEPT_ROWS_H

#include "common/db.h"
#include "services/intake/said.h"

/* How many of `count` requests go in one call. */
uint32_t accept_rows_each(bool new_keys, uint32_t count);

/* Adds a call that stores `each` requests; an accept_rows_push for each of them follows. Its result, a row a request:
 *   new_keys    the number, in the order of the requests. A key that is there already refuses all (db_is_duplicate)
 *   otherwise   which request (from 1); its number, or null when somebody else is committing its key just now; whether it is new; and of
 *               one that is not what was stored: hash of the content, and when it was received */
struct db_call *accept_rows_begin(struct db_group *db, bool new_keys, time_ms received_at, uint32_t each);
/* `row` is what its sealed fields are bound to (kit/sealed.h). */
void accept_rows_push(struct db_call *call, const struct crypto_keys *keys, int64_t row, const struct said *said);

#endif
