/* Running the system: how it stands, dead letters, rebuilding the live queues. The audit log is audit.h. */
#ifndef CONSOLE_OPERATIONS_H
#define CONSOLE_OPERATIONS_H

#include "services/console/call.h"

void status_get(struct call *call);
void deadletters_get(struct call *call);
void deadletter_replay_post(struct call *call);
void deadletter_discard_post(struct call *call);
void deadletter_correct_post(struct call *call);
void endpoint_replay_post(struct call *call);
void rebuild_post(struct call *call);

#endif
