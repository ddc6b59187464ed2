/* GET /queues and GET /queues/{unit}: the live queues as one answer. The stream is stream.h. */
#ifndef CONSOLE_QUEUES_H
#define CONSOLE_QUEUES_H

#include "services/console/call.h"

void queues_get(struct call *call);
void queue_get(struct call *call);

#endif
