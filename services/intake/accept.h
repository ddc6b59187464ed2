/* Durable acceptance: what was said becomes a row, once, and only after COMMIT is anybody told. Everything that waits goes together
 * in one transaction; two are under way at a time, so the next group gathers while one commits. Also the rule "the same
 * (source, external id): the same number again, or a conflict when the content differs". */
#ifndef INTAKE_ACCEPT_H
#define INTAKE_ACCEPT_H

#include "common/db.h"
#include "common/loop.h"
#include "services/intake/said.h"

enum accept_outcome {
    ACCEPT_NEW,      /* committed now */
    ACCEPT_REPEAT,   /* committed before, same content: the same number */
    ACCEPT_CONFLICT, /* committed before with other content; number is that one's */
    ACCEPT_BAD,      /* PostgreSQL will never take it; parked where an operator sees it */
    ACCEPT_BUSY,     /* nothing was sent: too many wait, or the database is away; try again */
    ACCEPT_UNKNOWN   /* it may have been committed; the same request again tells */
};

struct accept_answer {
    enum accept_outcome outcome;
    int64_t number;
    time_ms received_at;
};

/* Called later, once per waiting row. */
typedef void accept_done(void *context, const struct said *said, const struct accept_answer *answer);

struct accept;
struct accept *accept_new(struct loop *loop, struct db_pool *pool, const struct crypto_keys *keys, int64_t waiting_max);
void accept_free(struct accept **accept);

/* `said` and what it borrows must live until done. False: too many wait already; done is not called. */
bool accept_add(struct accept *accept, const struct said *said, accept_done *done, void *context);
bool accept_has_room(const struct accept *accept, size_t rows);
size_t accept_waiting(const struct accept *accept);

struct accept_sent {
    uint64_t rows, groups;
};
struct accept_sent accept_sent(const struct accept *accept); /* to PostgreSQL, since accept_new */

/* Told of each row that is new, as soon as its group is committed and before anybody is answered. */
typedef void accept_stored(void *context, const struct said *said, int64_t number, time_ms received_at);
void accept_set_stored(struct accept *accept, accept_stored *stored, void *context);

/* After a repeat so many groups, 1 or more, are looked up row by row instead of in the hope that all is new; 100 unless said. */
void accept_set_careful(struct accept *accept, int groups);

/* While hold(context) is true no further group is sent: what waits goes on waiting. Asked each turn of the loop. */
void accept_set_hold(struct accept *accept, bool (*hold)(const void *context), const void *context);

#endif
