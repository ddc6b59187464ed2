/* Requests as those who pushed them, or who handle them, follow them. Pushing is intake's. */
#ifndef CONSOLE_REQUESTS_H
#define CONSOLE_REQUESTS_H

#include "services/console/call.h"

void request_get(struct call *call);         /* GET /requests/{number} */
void requests_get(struct call *call);        /* GET /requests?source=&external_id= */
void request_unmask_post(struct call *call); /* POST /requests/{number}/unmask */

#endif
