/* Where events go (webhooks): kept by the system administrator. Delivering is the notification service's. */
#ifndef CONSOLE_ENDPOINTS_H
#define CONSOLE_ENDPOINTS_H

#include "services/console/call.h"

void endpoints_get(struct call *call);
void endpoints_post(struct call *call); /* the signing secret is told once */
void endpoint_post(struct call *call);  /* pauses, goes on, changes url and events */
void endpoint_delete(struct call *call);

#endif
