/* Reading one ticket as the principal may see it. */
#ifndef CONSOLE_TICKET_READ_H
#define CONSOLE_TICKET_READ_H

#include "services/console/call.h"
#include "services/console/ticket_json.h"

/* SELECT body of a ticket by number, behind row level security. */
extern const struct db_statement TICKET_BODY;

/* From the result of TICKET_BODY at this place. False: there is no such ticket, or it is not visible to who asks (core's own
 * judgement, whatever the database let through). Texts and the struct are good until the callback returns. */
bool ticket_read(const struct call *call, const struct db_reply *reply, int place, struct ticket *ret_ticket);

/* Reads the ticket of {number}; `then` gets it, or the answer 404 was given. The group's results[2] and on are of what the caller
 * added in between; use: if (ticket_ask(call, &ticket)) { call_add(...); call_send(call, then); } */
bool ticket_ask(struct call *call, int64_t *ret_ticket);

#endif
