/* Keeps a service, and the PostgreSQL processes behind its connections, to one core while it is quiet. A lone ticket then goes from one to
 * the next without waking a core that sleeps; many tickets need all cores. Why, and what it brings: docs/decisions/cores.md. */
#ifndef KIT_QUIET_H
#define KIT_QUIET_H

#include "common/db.h"
#include "common/loop.h"

struct quiet_options {
    int core;
    int64_t leave_above, return_below; /* of what `load` says */
    /* The load since the last call, elapsed_ms ago. QUIET_NEVER: busy with something that it does not count. */
    int64_t (*load)(void *context, int64_t elapsed_ms);
    void *context;
};

#define QUIET_NEVER INT64_MAX

/* The configuration key of a service that can be quiet. */
#define QUIET_CONFIG_KEY(config)                                                                                       \
    CONFIG_KEY(config, quiet_core, CONFIG_INT, "-1", .min = -1, .max = 1023,                                           \
               .doc_en =                                                                                               \
                   "The core on which the service and its connections run while it has little to do; the same for "    \
                   "intake and the router. -1: wherever there is room.",                                               \
               .doc_zh = "空闲时本进程及其数据库连接所用的处理器核 (受理与路由进程同核); -1 表示不限。")

struct quiet;

/* NULL, which the functions below take, when there is nothing to choose (core -1, or one this process may not run on). Each 0.2 s it asks
 * for the load; it goes to the core after a second of quiet. */
struct quiet *quiet_new(struct loop *loop, const struct quiet_options *options);
void quiet_free(struct quiet **quiet); /* everything back to where it was */

/* A connection that goes along; to be told each time it is up or lost. */
void quiet_connection(struct quiet *quiet, const struct db *db, bool up);

#endif
