/* The same shape for every service: arguments, configuration, log, clock, loop, metrics and health by HTTP, readiness, signals and
 * draining, exit codes. A service is a struct service and a main() of a few lines:
 *
 *     int main(int argc, char **argv) { return kit_main(argc, argv, &router_service); }
 *
 * Not for what services do. Crash-only: start is the recovery path; draining is only politeness.
 * Exit codes: 0 drained or --help and the like; 1 could not start or gave up (a restart may help); 2 usage or configuration (a
 * restart does not help); 4 the drain deadline passed. */
#ifndef KIT_KIT_H
#define KIT_KIT_H

#include "common/config.h"
#include "common/err.h"
#include "common/http.h"
#include "common/loop.h"

#include <stdbool.h>
#include <stddef.h>

enum { KIT_EXIT_OK = 0, KIT_EXIT_FAILED = 1, KIT_EXIT_USAGE = 2, KIT_EXIT_DRAIN_TIMEOUT = 4 };

#define KIT_WHY_BYTES 200

/* Keys every service has; see kit_keys in kit.c. Texts are never NULL. */
struct kit_config {
    char *run_dir;      /* sockets: bus/, http/ below it, 0700 */
    int log_level;      /* enum log_level */
    char *clock_file;   /* "" = the real clock */
    int64_t drain_ms;   /* how long SIGTERM waits for work under way */
    char *database;     /* libpq connection string */
    char *redis_socket; /* path */
    char *key_file;     /* keys of personal fields; "" for a service that must not have them */
};

/* What a service gets. Lives as long as the process. */
struct kit {
    const struct service *service;
    const struct kit_config *config;
    struct loop *loop;
    struct http *http; /* made by the kit from service->routes and its own; socket <run_dir>/http/NAME.sock */
    void *self;        /* the service's own, from open(); the routes' context too, once open() has returned */
};

struct service {
    const char *name; /* "router"; the program is paidan-router */
    const char *about_en, *about_zh;
    const struct config_key *config_keys; /* up to CONFIG_END; NULL: none */
    void *config;                         /* the struct these fill */
    const struct http_route
        *routes; /* beside /healthz /readyz /metrics; NULL: none. Handlers get the struct kit as context */

    /* Builds everything; may return before it is ready. On failure it logs why, and close is still called. */
    enum err (*open)(struct kit *kit);

    /* Whether its job can be done now; when not, says why in English, for people ("the database does not answer"). Cheap. */
    bool (*ready)(struct kit *kit, char ret_why[KIT_WHY_BYTES]);

    /* After SIGTERM: the first call stops taking work; called again each 20 ms until it says true (nothing is under way). NULL: at once. */
    bool (*drain)(struct kit *kit);

    /* Frees everything, also what a failed open left. NULL: nothing to free. */
    void (*close)(struct kit *kit);
};

int kit_main(int argc, char **argv, const struct service *service);

/* The service ends itself: why is logged, the exit code is KIT_EXIT_FAILED (restart is the recovery). No draining; from a
 * handler it takes effect after the turn. The first call counts. */
void kit_fail(struct kit *kit, const char *why);

/* "<run_dir>/http/router.sock" and the like; must: fits. */
#define KIT_PATH_BYTES 256
void kit_path(const struct kit *kit, const char *below, char ret_path[KIT_PATH_BYTES]);

#endif
