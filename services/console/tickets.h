/* Reading tickets: the list, one ticket, its history, and why it is where it is. */
#ifndef CONSOLE_TICKETS_H
#define CONSOLE_TICKETS_H

#include "services/console/call.h"

void tickets_get(struct call *call);        /* tickets_list.c */
void ticket_get(struct call *call);         /* ticket_detail.c */
void ticket_history_get(struct call *call); /* ticket_history.c */
void ticket_explain_get(struct call *call); /* ticket_explain.c */

#endif
