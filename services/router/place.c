/* Where the router runs: while little is to be decided, on one core with those that take requests in (`quiet_core`). A lone ticket then
 * goes from one to the next without waking a core that sleeps; many tickets need all cores. */
#include "common/clock.h"
#include "common/metrics.h"
#include "services/router/router.h"

METRIC_GAUGE(quiet, "paidan_router_quiet", "1 while the router keeps to its quiet core.");

/* Messages a second. At 1,200 the p99 of a ticket is still better on one core, at 2,000 the median is worse. */
enum { QUIET_BELOW = 900, BUSY_ABOVE = 1200, LOOK_EACH_MS = 200, QUIET_AFTER_MS = 1000 };

enum along { ALONG_WRITES, ALONG_READS };

void place_open(struct router *r) {
    r->cores = cores_new((int)router_config.quiet_core);
    r->looked_at = r->busy_at = clock_monotonic_ms();
}

void place_close(struct router *r) {
    cores_free(&r->cores);
}

void place_connected(struct router *r, const struct db *db) {
    if (r->cores) cores_along(r->cores, db == r->db ? ALONG_WRITES : ALONG_READS, db_backend_pid(db), "postgres");
}

void place_tick(struct router *r) {
    int64_t now = clock_monotonic_ms(), since = now - r->looked_at;
    if (!r->cores || since < LOOK_EACH_MS) return;
    int64_t rate = (int64_t)(r->taken - r->taken_before) * 1000 / since;
    r->looked_at = now;
    r->taken_before = r->taken;
    bool works = r->state != ROUTER_SERVING || !projection_is_live(r->projection); /* on something else */
    if (works || rate > BUSY_ABOVE || (rate > QUIET_BELOW && !r->quiet)) r->busy_at = now;
    r->quiet = now - r->busy_at >= QUIET_AFTER_MS;
    cores_gather(r->cores, r->quiet);
    metric_set(&quiet, 0, r->quiet);
}
