/* The HTTP server of every service: a unix socket behind nginx, a table of routes, answers now or later, problem+json, and
 * streams (SSE). nginx normalises what comes in from the world, and this still refuses what must never pass: a length given
 * twice or beside Transfer-Encoding, NULs, invalid UTF-8, a body over its route's limit (before it is read).
 *
 * Life of a request: the handler is called once, with the whole body. It calls http_answer (or http_problem, or
 * http_stream_open) exactly once, from inside or later; until then the request is kept, also when the client has gone.
 * A request not answered within answer_within_ms is answered 503 by the server; the handler's own answer, when it comes,
 * is then dropped. One thread, the loop's. */
#ifndef COMMON_HTTP_H
#define COMMON_HTTP_H

#include "common/buffer.h"
#include "common/err.h"
#include "common/sentence.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct arena;
struct http;
struct http_request;

/* ---- routes ------------------------------------------------------------------------------------------------------ */

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE };

enum http_route_flags {
    HTTP_BODY_JSON = 1,   /* the body must be application/json (415 otherwise) */
    HTTP_BODY_NDJSON = 2, /* application/x-ndjson */
    HTTP_BODY_FORM = 4,   /* application/x-www-form-urlencoded: decoded into http_form */
    HTTP_BODY_ANY = 8,    /* of any type */
    HTTP_ALWAYS = 16,     /* served above requests_max and while draining: health, metrics */
    HTTP_QUERY_ANY = 32,  /* the handler looks at the query itself */
    HTTP_BODY_GB18030 =
        64, /* JSON and NDJSON also with charset=gb18030 (gbk, gb2312); http_body is UTF-8 all the same */
    HTTP_BODY_PARTS =
        128 /* multipart/form-data, never in memory: the handler is called with the head alone, http_read_parts below */
};

typedef void http_handler(void *context, struct http_request *request);

/* The pattern's words in braces are parameters of one path part each: "/api/v1/tickets/{number}/{command}". A part spelled out
 * wins over a parameter. A GET route answers HEAD too. Ends with a row whose pattern is NULL. Borrowed for the server's life. */
struct http_route {
    enum http_method method;
    const char *pattern;
    http_handler *handler;
    size_t body_max; /* bytes; 0 with no body flag: a body is refused */
    unsigned flags;
    const char *
        query; /* names of the query parameters, blanks between; NULL: none. "name!" must be given and not be empty. A missing
                          one, another one, or one given twice is 400 that names it: a mistyped filter must not widen a list.
                          Health and HTTP_QUERY_ANY are not looked at */
    const void *about; /* the service's own: who may, what it is called; http_route_of(request)->about */
};

/* ---- the server -------------------------------------------------------------------------------------------------- */

struct http_options {
    const char *socket_path; /* a stale socket file is removed, a living one (somebody accepts) is ERR_EXISTS */
    unsigned socket_mode;    /* 0600, or 0660 when nginx runs under the same group */
    const struct http_route *routes;
    void *context;            /* handed to every handler */
    int connections_max;      /* 0: 2,048 */
    int requests_max;         /* being answered at once, streams not counted; 0: 1,024; more get 503 with Retry-After */
    int64_t answer_within_ms; /* 0: 30,000 */
    int64_t idle_timeout_ms;  /* of a keep-alive connection, and between bytes of a request; 0: 75,000, which is
                                 longer than nginx keeps one, so that no request meets a closing connection */
    int streams_max;          /* 0: 2,000 */
    int64_t heartbeat_ms;     /* of streams; 0: 15,000 */
};

MUST_USE enum err http_new(struct loop *loop, const struct http_options *options, struct http **ret_http);

/* Stops listening, removes the socket file, closes streams, lets requests finish until timeout_ms has passed, then calls
 * drained (never from inside). New requests on open connections get 503 and Connection: close. */
void http_drain(struct http *http, int64_t timeout_ms, void (*drained)(void *context), void *context);

/* At once: every connection is cut. Requests kept by handlers stay valid until answered into the void. */
void http_free(struct http **http);

struct http_counters {
    uint64_t requests, answered_2xx, answered_3xx, answered_4xx, answered_5xx;
    uint64_t shed;         /* 503 for requests_max or draining */
    uint64_t late;         /* answered by answer_within_ms */
    uint64_t clients_gone; /* before their answer */
    uint64_t streams_opened, streams_slow_closed, frames_sent, stream_bytes_sent;
    int requests_now, streams_now, connections_now;
};
void http_counters(const struct http *http, struct http_counters *ret_counters);

/* ---- what was asked ---------------------------------------------------------------------------------------------- */

const struct http_route *http_route_of(const struct http_request *request);
enum http_method http_method_of(const struct http_request *request); /* HEAD is HTTP_GET */
const char *http_path(const struct http_request *request);           /* decoded, valid UTF-8, without the query */

/* All strings: decoded, valid UTF-8 without NUL, live as long as the request. NULL when absent. */
const char *http_param(const struct http_request *request, const char *name); /* never NULL for a name of the pattern */
const char *http_query(const struct http_request *request, const char *name); /* "" for "?name" */
const char *http_form(const struct http_request *request, const char *name);
const char *http_header(const struct http_request *request, const char *name); /* any case; bytes as sent */
const char *http_cookie(const struct http_request *request, const char *name);

const uint8_t *http_body(const struct http_request *request, size_t *ret_length);

/* ---- a body in parts (HTTP_BODY_PARTS): taken as it comes, by a handler that has first looked at who asks. A handler that answers
 * instead has the body read and dropped. */
struct http_part {
    const char *name;     /* "" when none was given; not checked for UTF-8 */
    const char *filename; /* NULL: a plain field */
    const void *bytes;
    size_t length;
    uint64_t offset; /* 0: a new part begins; an empty part comes once, with length 0 */
};
/* False: nothing more is wanted; the rest is read and dropped. */
typedef bool http_take_part(void *context, const struct http_part *part);
/* Called once when the body is at its end; from then on the answer is owed. ERR_NONE: all of it was taken. ERR_INVALID: it is no
 * well-formed multipart body, or was cut. ERR_REFUSED: take said false. ERR_CLOSED, ERR_TIMEOUT: nobody waits any more;
 * answer all the same. */
typedef void http_parts_end(void *context, enum err err);
/* Instead of an answer. False: nobody waits any more, or the Content-Type has no usable boundary (then answer 400). */
bool http_read_parts(struct http_request *request, http_take_part *take, http_parts_end *end, void *context);

struct arena *http_arena(struct http_request *request); /* freed with the request */
enum language http_language(const struct http_request *request);
const char *http_traceparent(const struct http_request *request); /* W3C: the one given with a new parent id, or new */
const char *http_trace_id(const struct http_request *request);    /* its 32 hex digits */
int64_t http_received_ms(const struct http_request *request);     /* monotonic */

/* The service's own, e.g. who is asking. */
void http_set_user(struct http_request *request, void *user);
void *http_user(const struct http_request *request);

/* ---- the answer -------------------------------------------------------------------------------------------------- */

/* Before the answer. A value with CR, LF or NUL is a must(): values from outside are cleaned by whoever puts them here. */
void http_set_header(struct http_request *request, const char *name, const char *value);

/* The bytes are copied. The request must not be touched afterwards. content_type NULL: no body. */
void http_answer(struct http_request *request, int status, const char *content_type, const void *body, size_t length);
void http_answer_json(struct http_request *request, int status, const struct buffer *json);
/* The file's first `length` bytes, never in memory. fd is taken over and closed, whatever becomes of the answer. */
void http_answer_file(struct http_request *request, int status, const char *content_type, int fd, uint64_t length);

struct http_fault {
    const char *pointer; /* JSON pointer into the body, or the name of a query parameter; copied */
    struct sentence detail;
};

/* RFC 9457. Only status and title are needed. */
struct http_problem {
    int status;
    const char *type; /* after "urn:paidan:problem:"; NULL: about:blank */
    struct sentence title;
    struct sentence detail; /* may be {NULL, NULL} */
    const struct http_fault *faults;
    int fault_count;
    int retry_after_s; /* > 0: Retry-After; must be set for 429 and 503 */
};
void http_problem(struct http_request *request, const struct http_problem *problem);
/* The same with the title that belongs to the status, for the ordinary ones. Sets Retry-After: 1 for 429 and 503. */
void http_problem_status(struct http_request *request, int status, struct sentence detail);

/* ---- streams (text/event-stream) ----------------------------------------------------------------------------------- */

/* A frame is encoded once and shared by every stream it is sent to. */
struct http_frame;
struct http_frame *http_frame_new(const void *bytes, size_t length); /* one reference, the caller's */
struct http_frame *http_frame_hold(struct http_frame *frame);
void http_frame_release(struct http_frame **frame);
/* An SSE event: "id: ...\nevent: ...\ndata: ...\n\n"; id and event may be NULL; data must hold no newline (JSON does not). */
struct http_frame *http_frame_event(const char *id, const char *event, const void *data, size_t length);

struct http_stream;
/* Called once, when the stream has ended from either side; it must not be used afterwards. slow: closed for falling behind. */
typedef void http_stream_closed(void *context, struct http_stream *stream, bool slow);

/* Is the answer to the request: 200, text/event-stream. The request must not be touched afterwards, so read from it what is
 * needed first. Returns NULL, after answering 503, when there are streams_max already. buffer_max: bytes waiting to be sent
 * beyond which the client counts as too slow and is cut. A cut or gone client is noticed at the next frame or heartbeat. */
struct http_stream *http_stream_open(struct http_request *request, size_t buffer_max, http_stream_closed *closed,
                                     void *context);
/* Holds the frame until it is sent. False: the stream is closing (too slow, or gone); closed will be called. */
bool http_stream_send(struct http_stream *stream, struct http_frame *frame);
/* Sends what is waiting, then ends; closed is called later. */
void http_stream_close(struct http_stream *stream);

#endif
