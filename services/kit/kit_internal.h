/* What kit*.c share; for nobody else. */
#ifndef KIT_KIT_INTERNAL_H
#define KIT_KIT_INTERNAL_H

#include "services/kit/kit.h"

#define KIT_OVERRIDES_MAX 32

enum kit_mode { KIT_RUN, KIT_HELP, KIT_VERSION, KIT_SHOW_CONFIG, KIT_CONFIG_DOC };

struct kit_args {
    enum kit_mode mode;
    const char *config_path;
    const char *overrides[KIT_OVERRIDES_MAX];
    size_t override_count;
    int ready_fd; /* -1: none */
};

/* False: what is wrong was printed. */
bool kit_args_parse(int argc, char **argv, const struct service *service, struct kit_args *ret_args);
void kit_args_help(const struct service *service);

/* The kit's own keys. */
extern const struct config_key kit_keys[];

/* The state of one service's life. */
struct kit_life {
    struct kit kit; /* first: what the service sees is this */
    struct kit_config config;
    struct loop_timer *tick, *drain_deadline;
    struct loop_signal *on_term, *on_int;
    struct loop_hook *turn_begins, *turn_ends;
    int64_t turn_began_ns;
    struct http_route *routes;
    int ready_fd;
    bool is_ready, is_draining, is_http_drained, has_failed;
    char why[KIT_WHY_BYTES]; /* not ready */
    char failure[KIT_WHY_BYTES];
    int exit_code;
};

/* The routes of health and metrics and then the service's, ended; free() it. */
struct http_route *kit_health_routes(const struct service *service);

#endif
