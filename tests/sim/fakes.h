/* What stands in for common/loop.h, clock.h, bus.h, db.h, cache.h, log.h and the kit while the real services run in the
 * simulator. The linker takes these instead of the archive's, as they define the same functions. This header is only what the
 * simulator itself asks of them; what the services see are the real headers. */
#ifndef SIM_FAKES_H
#define SIM_FAKES_H

#include <stdbool.h>

#include "tests/sim/machine.h"

/* fake_loop.c */
struct loop *fake_loop_of(struct proc *proc);
bool fake_run_hooks(struct proc *proc);
bool fake_hooks_are_free(struct proc *proc);
struct proc *fake_proc_of(struct loop *loop);

/* fake_bus.c */
void fake_bus_forget(struct proc *proc);       /* its sockets are gone, as the system closes them */
void fake_bus_cut(int from, int to, bool cut); /* one way */
void fake_bus_done(void);

/* fake_db.c: the client's half; the server's is disk.h */
void fake_db_cut(void); /* some connection of somebody is lost */
void fake_db_done(void);

/* fake_cache.c, fake_redis.c */
void fake_cache_cut(void);
void fake_cache_flush(void);
void fake_cache_restart(void);
void fake_cache_hang(int64_t for_us);
void fake_cache_wake(void); /* it hangs no more */
void fake_redis_wake(void);
void fake_cache_full(bool full);
bool fake_cache_remove_key(void); /* false: nothing was there */
void fake_cache_done(void);
void fake_redis_done(void);
/* NULL, or how the live queues differ from PostgreSQL's tickets (I7). */
const char *fake_cache_differs(void);

#endif
