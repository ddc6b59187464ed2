/* Who a bearer token is: found by its hash in PostgreSQL, remembered for a few seconds, so that a disabled token ends within
 * them. Not for sessions of people (console) nor for what the principal may do (core/access.h). */
#ifndef KIT_BEARER_H
#define KIT_BEARER_H

#include "common/db.h"
#include "proto/messages.h"

enum { BEARER_SOURCES_MAX = 16, BEARER_KEPT_MS = 4000, BEARERS_MAX = 4096 };

struct bearer {
    struct principal principal; /* user is the token's number; source its first source */
    uint32_t sources[BEARER_SOURCES_MAX];
    uint16_t source_count;
};

struct bearers;
struct bearers *bearers_new(struct db_pool *pool);
void bearers_free(struct bearers **bearers);

/* ERR_NONE: *bearer is who it is. ERR_NOT_FOUND: no such token, or expired, or disabled. Otherwise the database did not answer.
 * `bearer` is good until done returns. */
typedef void bearer_done(void *context, enum err err, const struct bearer *bearer);

/* Calls done at once when the token is remembered, else later. `token` is the text after "Bearer ". */
void bearer_find(struct bearers *bearers, const char *token, size_t len, bearer_done *done, void *context);

#endif
