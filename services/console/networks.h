/* Which private networks endpoints may lie in: approved by the security administrator, who makes no endpoints. That nothing else is
 * reached is seen to at each connect (common/client.h). */
#ifndef CONSOLE_NETWORKS_H
#define CONSOLE_NETWORKS_H

#include "common/netaddr.h"
#include "services/console/call.h"

enum { NETWORKS_MAX = 256 };

void networks_get(struct call *call);
void networks_post(struct call *call);
void networks_delete(struct call *call);

/* Adds the statement that lists them to the call's group; and reads its result. */
void networks_ask(struct call *call);
size_t networks_read(const struct db_result *rows, struct netaddr_range ret_ranges[NETWORKS_MAX]);

#endif
