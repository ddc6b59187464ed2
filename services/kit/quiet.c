/* See quiet.h. */
#include "services/kit/quiet.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/cores.h"
#include "common/metrics.h"
#include "proto/must.h"

METRIC_GAUGE(is_quiet, "paidan_quiet", "1 while the service keeps to its quiet core.");

enum { LOOK_EACH_MS = 200, QUIET_AFTER_MS = 1000 };

struct quiet {
    struct quiet_options options;
    struct cores *cores;
    struct loop_timer *timer;
    bool quiet;
    int64_t looked_at, busy_at; /* monotonic */
};

static void look(void *context) {
    struct quiet *q = context;
    int64_t now = clock_monotonic_ms(), elapsed = now - q->looked_at;
    if (elapsed <= 0) return;
    int64_t load = q->options.load(q->options.context, elapsed);
    q->looked_at = now;
    if (load > q->options.leave_above || (load >= q->options.return_below && !q->quiet)) q->busy_at = now;
    q->quiet = now - q->busy_at >= QUIET_AFTER_MS;
    cores_gather(q->cores, q->quiet);
    metric_set(&is_quiet, 0, q->quiet);
}

struct quiet *quiet_new(struct loop *loop, const struct quiet_options *options) {
    struct cores *cores = cores_new(options->core);
    if (!cores) return NULL;
    struct quiet *q = calloc(1, sizeof *q);
    must(q);
    q->options = *options;
    q->cores = cores;
    q->looked_at = q->busy_at = clock_monotonic_ms();
    q->timer = loop_timer_new(loop, look, q);
    loop_timer_start(q->timer, LOOK_EACH_MS, LOOK_EACH_MS);
    return q;
}

void quiet_free(struct quiet **quiet) {
    if (!*quiet) return;
    loop_timer_free(&(*quiet)->timer);
    cores_free(&(*quiet)->cores);
    free(*quiet);
    *quiet = NULL;
}

void quiet_connection(struct quiet *q, const struct db *db, bool up) {
    if (q) cores_along(q->cores, db, up ? db_backend_pid(db) : 0, "postgres");
}
