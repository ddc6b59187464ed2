/* Which events people read about, and who: the notices in somebody's inbox (rule D11). Pure; the rows are made by the notification
 * service. Not for webhooks, which hear of everything their unit takes part in. */
#ifndef CORE_NOTICE_H
#define CORE_NOTICE_H

#include "core/world.h"
#include "proto/messages.h"

/* The event types, for asking the database; `*ret_count` of them. */
const uint8_t *notice_types(int *ret_count);
/* Fills who is told of the event, and returns how many; 0: nobody. A recipient without person is a unit's desk. */
uint16_t notice_recipients(const struct world *world, const struct event *event,
                           struct recipient ret_recipients[EVENT_TOLD_MAX]);

#endif
