/* Tells the router of each accepted request, so that its ticket exists milliseconds later. Only speed: a request that is not
 * confirmed after a few tries is found by the router itself, in PostgreSQL. Also the rule that under a flood acceptance keeps
 * pace with a living router: else the machine's time goes into accepting, and requests wait for their tickets by the second. */
#ifndef INTAKE_FORWARD_H
#define INTAKE_FORWARD_H

#include "common/bus.h"
#include "services/intake/said.h"

struct forward;
/* Connects to the router's door in run_dir. NULL when the bus cannot be used (logged). `on_world` is called with the version of
 * the reference data the router works with. */
struct forward *forward_new(struct loop *loop, const char *router_address, const char *news_address,
                            int64_t unconfirmed_max, void (*on_world)(void *context, uint32_t world), void *context);
void forward_free(struct forward **forward);

/* An accept_stored: tells the router. */
void forward_stored(void *forward, const struct said *said, int64_t number, time_ms received_at);
size_t forward_unconfirmed(const struct forward *forward);
/* Whether a router that confirms has enough before it already. False when it has been silent: acceptance waits for nobody dead. */
bool forward_is_enough(const void *forward);

#endif
