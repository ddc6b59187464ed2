/* Keeps the live queues in Redis equal to the engine's tickets: one compare-and-set script per committed batch; a rebuild into a
 * new generation whenever the marker is not what was left there (flush, restart, foreign write, missed batch). Redis holds a
 * picture: nothing here ever delays or decides a commit. */
#ifndef ROUTER_PROJECTION_H
#define ROUTER_PROJECTION_H

#include "common/cache.h"
#include "common/loop.h"
#include "services/router/engine.h"

struct projection;

/* The engine and socket path are borrowed. */
struct projection *projection_new(struct loop *loop, const char *redis_socket, const struct engine *engine);
void projection_free(struct projection **projection);

/* The engine was loaded anew: whatever Redis holds is checked, and rebuilt when it differs. */
void projection_restart(struct projection *projection);
/* The shard is not ours any more: the live queues are somebody else's to keep, until projection_restart. */
void projection_stop(struct projection *projection);
/* After a commit. */
void projection_apply(struct projection *projection, const struct batch *batch);
/* Builds a new generation from the engine, whatever state Redis is in. */
void projection_rebuild(struct projection *projection);
/* Whether Redis holds all that is committed, as far as is known. */
bool projection_is_live(const struct projection *projection);

#endif
