/* The server: the daemon of libmicrohttpd inside our loop, from start to drain. The daemon's epoll descriptor is
 * watched; it runs when that is ready, when its time-out has come, or once before the loop sleeps when something was resumed. */
#include "common/http_internal.h"
#include "proto/must.h"

#include <stdlib.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 2048,
    REQUESTS_MAX = 1024,
    STREAMS_MAX = 2000,
    ANSWER_WITHIN_MS = 30000,
    IDLE_TIMEOUT_MS = 75000,
    HEARTBEAT_MS = 15000,
    READ_INCREMENT = 8 * 1024
};

/* ---- running ------------------------------------------------------------------------------------------------------------ */

static void run(struct http *http) {
    MHD_UNSIGNED_LONG_LONG wait_ms;
    http->run_again = false;
    must(MHD_run(http->daemon) == MHD_YES);
    if (MHD_get_timeout(http->daemon, &wait_ms) != MHD_YES) {
        loop_timer_stop(http->timer);
    } else if (wait_ms == 0) {
        http_wake(http);
    } else {
        loop_timer_start(http->timer, (int64_t)wait_ms, 0);
    }
}

static void on_ready(void *context, int ready) {
    run(context);
}

static void on_timer(void *context) {
    run(context);
}

static bool before_wait(void *context) {
    struct http *http = context;
    if (!http->run_again) return false;
    run(http);
    return true;
}

void http_wake(struct http *http) {
    http->run_again = true;
    loop_stay_awake(http->loop);
}

/* We decode by ourselves, from the target as sent. */
static size_t do_not_decode(void *context, struct MHD_Connection *connection, char *text) {
    return strlen(text);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **slot,
                          enum MHD_ConnectionNotificationCode what) {
    struct http *http = context;
    http->counters.connections_now += what == MHD_CONNECTION_NOTIFY_STARTED ? 1 : -1;
}

/* ---- the life of the server ---------------------------------------------------------------------------------------------------- */

static int64_t or_default(int64_t value, int64_t otherwise) {
    return value > 0 ? value : otherwise;
}

static void set_options(struct http *http, const struct http_options *options) {
    http->options = *options;
    http->options.connections_max = (int)or_default(options->connections_max, CONNECTIONS_MAX);
    http->options.requests_max = (int)or_default(options->requests_max, REQUESTS_MAX);
    http->options.streams_max = (int)or_default(options->streams_max, STREAMS_MAX);
    http->options.answer_within_ms = or_default(options->answer_within_ms, ANSWER_WITHIN_MS);
    http->options.idle_timeout_ms = or_default(options->idle_timeout_ms, IDLE_TIMEOUT_MS);
    http->options.heartbeat_ms = or_default(options->heartbeat_ms, HEARTBEAT_MS);
    while (options->routes[http->route_count].pattern != NULL) http->route_count++;
    http->patterns = calloc((size_t)http->route_count + 1, sizeof *http->patterns);
    must(http->patterns != NULL);
    for (int i = 0; i < http->route_count; i++) http_pattern_read(options->routes[i].pattern, &http->patterns[i]);
}

static enum err daemon_start(struct http *http, int fd) {
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO, 0, NULL, NULL, http_on_access, http,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)http->options.connections_max,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)((http->options.idle_timeout_ms + 999) / 1000),
        MHD_OPTION_CONNECTION_MEMORY_INCREMENT, (size_t)READ_INCREMENT, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, http, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
        MHD_OPTION_URI_LOG_CALLBACK, http_on_begin, http, MHD_OPTION_UNESCAPE_CALLBACK, do_not_decode, http,
        MHD_OPTION_END);
    if (http->daemon == NULL) {
        close(fd);
        return ERR_IO;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    must(info != NULL && loop_fd_new(http->loop, info->epoll_fd, on_ready, http, &http->watcher) == ERR_NONE);
    loop_fd_watch(http->watcher, LOOP_READ);
    return ERR_NONE;
}

enum err http_new(struct loop *loop, const struct http_options *options, struct http **ret_http) {
    int fd;
    enum err err = http_socket_listen(options->socket_path, options->socket_mode, &fd);
    if (err != ERR_NONE) return err;
    struct http *http = calloc(1, sizeof *http);
    must(http != NULL);
    http->loop = loop;
    http->socket_path = strdup(options->socket_path);
    must(http->socket_path != NULL);
    set_options(http, options);
    http->timer = loop_timer_new(loop, on_timer, http);
    http->patience = loop_timer_new(loop, http_answer_overdue, http);
    http->heartbeat = loop_timer_new(loop, http_stream_heartbeat, http);
    http->hook = loop_hook_new(loop, LOOP_BEFORE_WAIT, before_wait, http);
    loop_timer_start(http->heartbeat, http->options.heartbeat_ms, http->options.heartbeat_ms);
    err = http_socket_remember(http);
    if (err == ERR_NONE) err = daemon_start(http, fd);
    if (err == ERR_NONE)
        *ret_http = http;
    else
        http_free(&http);
    return err;
}

static void say_drained(void *context) {
    struct http *http = context;
    http->is_drained = true;
    http->drained(http->drained_context);
}

void http_drain_step(struct http *http) {
    if (http->draining && !http->is_drained && http->requests_active == 0) loop_timer_start(http->drain_timer, 0, 0);
}

void http_drain(struct http *http, int64_t timeout_ms, void (*drained)(void *context), void *context) {
    must(!http->draining);
    http->draining = true;
    http->drained = drained;
    http->drained_context = context;
    http->drain_timer = loop_timer_new(http->loop, say_drained, http);
    loop_timer_start(http->drain_timer, timeout_ms, 0);
    MHD_socket fd = MHD_quiesce_daemon(http->daemon);
    if (fd != MHD_INVALID_SOCKET) close(fd);
    http_socket_remove(http);
    http_stream_close_all(http);
    http_drain_step(http);
}

/* The daemon cannot stop while a connection is suspended. */
static void resume_owed(const struct list *list) {
    for (struct http_request *request = list_first(list); request != NULL; request = list_next(request))
        if (request->suspended) MHD_resume_connection(request->connection);
}

static void forget_server(struct list *list) {
    for (struct http_request *request; (request = list_pop(list)) != NULL;) request->http = NULL;
}

void http_free(struct http **http_) {
    struct http *http = *http_;
    *http_ = NULL;
    if (http == NULL) return;
    http->stopping = true;
    loop_fd_free(&http->watcher);
    resume_owed(&http->owed);
    http_stream_resume_all(http);
    http_socket_remove(http);
    if (http->daemon != NULL) MHD_stop_daemon(http->daemon);
    forget_server(&http->owed);
    forget_server(&http->overdue);
    loop_hook_free(&http->hook);
    loop_timer_free(&http->timer);
    loop_timer_free(&http->patience);
    loop_timer_free(&http->heartbeat);
    loop_timer_free(&http->drain_timer);
    for (struct http_request *request; (request = list_pop(&http->spare)) != NULL;) http_request_destroy(request);
    free(http->patterns);
    free(http->socket_path);
    free(http);
}

void http_counters(const struct http *http, struct http_counters *ret_counters) {
    *ret_counters = http->counters;
    ret_counters->requests_now = http->owed.count;
}
