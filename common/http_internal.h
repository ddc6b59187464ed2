/* What the files of http_*.c share. Not for others. */
#ifndef COMMON_HTTP_INTERNAL_H
#define COMMON_HTTP_INTERNAL_H

#include "common/arena.h"
#include "common/clock.h"
#include "common/http.h"
#include "common/list.h"
#include "common/loop.h"

#include <microhttpd.h>
#include <string.h>

enum {
    HTTP_SEGMENTS_MAX = 16,
    HTTP_HEADERS_MAX = 100,
    HTTP_PAIRS_MAX = 256, /* of a query or form */
    HTTP_ANSWER_HEADERS_MAX = 16,
    HTTP_METHODS = 5
};

struct http_pair {
    const char *name, *value;
};

struct http_pairs {
    int count;
    struct http_pair *list;
};

struct http_segment {
    const char *bytes; /* of the pattern, borrowed; a parameter's without its braces */
    size_t length;
    bool is_parameter;
};

struct http_pattern {
    int count;
    struct http_segment segments[HTTP_SEGMENTS_MAX];
};

struct http_request {
    struct list_place place;           /* in http->owed or http->overdue, oldest first; or in http->spare */
    struct http *http;                 /* NULL: the server is gone */
    struct MHD_Connection *connection; /* NULL: it has ended */
    struct arena arena;
    struct buffer body;

    char *target;                       /* as sent */
    uintptr_t target_at, target_length; /* where it stood in the daemon's memory, to find a NUL in it */
    char *path;                         /* decoded */
    enum http_method method;
    bool is_head, method_known;
    const struct http_route *route;
    const struct http_pattern *pattern;
    int part_count;
    const char *parts[HTTP_SEGMENTS_MAX]; /* decoded */
    struct http_pairs query, form, headers;
    uint64_t body_length; /* as announced */
    char traceparent[56], trace_id[33];
    int64_t received_ms;
    void *user;

    struct http_parts *reading; /* HTTP_BODY_PARTS: the handler reads them; in the arena */
    uint64_t body_seen;         /* bytes of it that came */

    bool started;    /* its headers were looked at */
    bool head_done;  /* HTTP_BODY_PARTS: the daemon goes on to the body */
    bool dispatched; /* the handler was called */
    bool counted;    /* in http->requests_active */
    bool suspended;  /* in the daemon */
    bool close_after;
    struct MHD_Response *response; /* waits to be queued */
    int status;
    struct http_stream *stream;
    int answer_header_count;
    struct http_pair answer_headers[HTTP_ANSWER_HEADERS_MAX];
};

struct http {
    struct loop *loop;
    struct http_options options;
    char *socket_path;
    uint64_t socket_device, socket_inode;
    int route_count;
    struct http_pattern *patterns;

    struct MHD_Daemon *daemon;
    struct loop_fd *watcher;
    struct loop_hook *hook;
    struct loop_timer *timer;    /* the daemon's time-outs */
    struct loop_timer *patience; /* answer_within_ms of the oldest owed */
    struct loop_timer *heartbeat;
    bool run_again;
    bool stopping;

    struct list owed;    /* the handler was called and has not answered */
    struct list overdue; /* the same, and the server has answered in its place */
    struct list spare;   /* finished ones, for reuse */
    struct http_stream *streams;
    int requests_active;
    struct http_counters counters;

    bool draining, is_drained;
    struct loop_timer *drain_timer;
    void (*drained)(void *context);
    void *drained_context;
};

/* http_socket.c */
enum err http_socket_listen(const char *path, unsigned mode, int *ret_fd);
void http_socket_remove(struct http *http);
enum err http_socket_remember(struct http *http);

/* http_route.c */
void http_pattern_read(const char *pattern, struct http_pattern *ret_pattern);
/* The route for method and path; otherwise NULL and which methods the path knows, as bits. */
bool http_route_find(const struct http *http, struct http_request *request, unsigned *ret_methods);
const char *http_method_name(enum http_method method);

/* http_parse.c */
enum http_parse { HTTP_PARSE_FINE, HTTP_PARSE_BAD, HTTP_PARSE_TOO_MANY, HTTP_PARSE_LENGTH_REQUIRED };
enum http_parse http_parse_head(struct http_request *request, const char *method, const char *version,
                                const char **ret_why);
bool http_parse_pairs(struct arena *arena, const char *text, size_t length, struct http_pairs *ret_pairs);
const char *http_pairs_get(const struct http_pairs *pairs, const char *name);

/* http_trace.c */
void http_trace_make(struct http_request *request);

/* http_answer.c */
void http_answer_begin(struct http_request *request, int status, struct MHD_Response *response);
enum MHD_Result http_answer_queue(struct http_request *request);

/* http_exchange.c: what the daemon calls */
void *http_on_begin(void *http, const char *target, struct MHD_Connection *connection);
enum MHD_Result http_on_access(void *http, struct MHD_Connection *connection, const char *target, const char *method,
                               const char *version, const char *upload, size_t *upload_length, void **slot);
void http_on_completed(void *http, struct MHD_Connection *connection, void **slot, enum MHD_RequestTerminationCode how);
void http_answer_overdue(void *http);
/* The handler answers now. False: nobody waits any more, and the request may be gone. */
bool http_settle(struct http_request *request);
void http_request_destroy(struct http_request *request);

/* http_parts.c */
void http_parts_feed(struct http_request *request, const char *bytes, size_t length);
/* The body is at its end, or nobody waits any more; `end` is called, at most once. */
void http_parts_finish(struct http_request *request, enum err err);

/* http.c */
void http_wake(struct http *http); /* the daemon has something to do */
void http_drain_step(struct http *http);

/* http_stream.c */
void http_stream_ended(struct http_stream *stream);
void http_stream_close_all(struct http *http);
void http_stream_resume_all(struct http *http);
void http_stream_heartbeat(void *http);

#endif
