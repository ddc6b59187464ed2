/* Ways to reach people: a person's own, in the person's order; a unit's desk's and, for whoever cannot do it, a person's, by the security
 * administrator. Numbers and mailboxes are sealed; shown again they are masked, and one that stays is named by its id. */
#ifndef CONSOLE_WAYS_H
#define CONSOLE_WAYS_H

#include "services/console/call.h"

void ways_get(struct call *call);
void ways_post(struct call *call); /* the whole list, in its order */
void ways_admin_get(struct call *call);
void ways_admin_post(struct call *call);

#endif
