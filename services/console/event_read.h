/* Events of one ticket as rows: read page by page, decoded. For history and explanation. */
#ifndef CONSOLE_EVENT_READ_H
#define CONSOLE_EVENT_READ_H

#include "services/console/call.h"

/* $1 ticket, $2 after this version, $3 how many. */
extern const struct db_statement EVENTS_OF_TICKET;
void events_ask(struct call *call, int64_t ticket, uint32_t after_version, int limit);

/* Row i; texts point into the result. False: it cannot be read (logged). */
bool event_of_row(const struct db_result *rows, int i, struct event *ret_event);

/* Whether ticket_apply may be given it: the ticket's own next event, and a step there is. A log that somebody else wrote into
 * must not end the service. */
bool event_follows(const struct event *event, const struct ticket *ticket);

#endif
