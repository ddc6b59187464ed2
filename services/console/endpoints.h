/* Where events go (webhooks): kept by the system administrator. Delivering is the notification service's. */
#ifndef CONSOLE_ENDPOINTS_H
#define CONSOLE_ENDPOINTS_H

#include "services/console/call.h"

void endpoints_get(struct call *call);
void endpoints_post(struct call *call); /* the signing secret is told once */
void endpoint_post(struct call *call);  /* pauses, goes on, changes url and events */
void endpoint_delete(struct call *call);
void endpoint_secret_post(struct call *call); /* a new secret, told once; the old one signs along for a while */
void endpoint_test_post(struct call *call);   /* sends a test event now and tells what came of it */
void endpoint_verify_post(struct call *call); /* sends the challenge now, likewise */
void endpoint_attempts_get(struct call *call);

#endif
