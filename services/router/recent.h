/* Which requests got a ticket since the shard was loaded, bounded: the oldest are forgotten, and `floor` then says up to which
 * request number memory cannot answer and the database must be asked. */
#ifndef ROUTER_RECENT_H
#define ROUTER_RECENT_H

#include <stdbool.h>
#include <stdint.h>

enum { RECENT_MAX = 1 << 19 };

struct recent;

struct recent *recent_new(void);
void recent_free(struct recent **recent);
/* Forgets all; requests up to `floor` are for the database to answer. */
void recent_reset(struct recent *recent, int64_t floor);
void recent_put(struct recent *recent, int64_t request, int64_t ticket);
/* The ticket, or 0: none known here. */
int64_t recent_get(const struct recent *recent, int64_t request);
/* Whether an absent request may still have a ticket that only the database knows of. */
bool recent_is_unsure(const struct recent *recent, int64_t request);

#endif
