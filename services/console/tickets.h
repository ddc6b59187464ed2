/* Reading tickets: the list, one ticket, its history, and why it is where it is. */
#ifndef CONSOLE_TICKETS_H
#define CONSOLE_TICKETS_H

#include "core/ticket.h"
#include "services/console/call.h"

void tickets_get(struct call *call);        /* tickets_list.c */
void ticket_get(struct call *call);         /* ticket_detail.c */
void ticket_history_get(struct call *call); /* ticket_history.c */
void ticket_explain_get(struct call *call); /* ticket_explain.c */
void ticket_similar_get(struct call *call); /* ticket_similar.c */

/* One event as an object, in words (ticket_history.c). names_ticket: also whose it is, where tickets stand together. */
void put_event(struct json_writer *w, struct call *call, const struct event *event, bool names_ticket);

#endif
