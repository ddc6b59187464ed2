/* Reconciliation with a source, day by day: how many of its requests were accepted in each hour and a hash over them, so that both
 * sides find in one look whether they hold the same; and the rows of an hour, to find what differs. What is compared is what never
 * changes: the source's own number and ours. Not for tickets' progress, which the webhooks tell. */
#ifndef CONSOLE_RECONCILE_H
#define CONSOLE_RECONCILE_H

#include "services/console/call.h"

void reconciliation_get(struct call *call);          /* GET /reconciliation?source=&date= */
void reconciliation_requests_get(struct call *call); /* GET /reconciliation/requests?source=&date=&hour= */

#endif
