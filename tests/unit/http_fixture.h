/* What the tests of common/http.h share: a server with routes of every kind, and a client in the same thread. */
#ifndef TESTS_UNIT_HTTP_FIXTURE_H
#define TESTS_UNIT_HTTP_FIXTURE_H

#include "common/arena.h"
#include "common/clock.h"
#include "common/http.h"
#include "common/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20 * 1000 };

static struct loop *loop;
static struct http *http;
static char folder[] = "/tmp/paidan-http-XXXXXX", path[64];
static struct http_request *held[64];
static int held_count;
static struct http_stream *streams[1000];
static int stream_count, closed_count, slow_count;
static size_t stream_buffer_max;

/* ---- handlers ------------------------------------------------------------------------------------------------------ */

static inline void say(void *context, struct http_request *request) {
    struct buffer text = {0};
    const char *q = http_query(request, "q"), *user = http_cookie(request, "user");
    buffer_format(&text, "%s|%s|q=%s|c=%s", http_path(request), (const char *)http_route_of(request)->about,
                  q ? q : "-", user ? user : "-");
    http_set_header(request, "X-Test", "yes");
    http_answer(request, 200, "text/plain", text.data, text.length);
    buffer_done(&text);
}

static inline void say_params(void *context, struct http_request *request) {
    struct buffer text = {0};
    buffer_format(&text, "%s/%s", http_param(request, "number"), http_param(request, "command"));
    http_answer(request, 200, "text/plain", text.data, text.length);
    buffer_done(&text);
}

static inline void echo(void *context, struct http_request *request) {
    size_t length;
    const uint8_t *body = http_body(request, &length);
    http_answer(request, 201, "application/json", body, length);
}

static inline void say_form(void *context, struct http_request *request) {
    const char *name = http_form(request, "name");
    http_answer(request, 200, "text/plain", name != NULL ? name : "-", name != NULL ? strlen(name) : 1);
}

static inline void hold(void *context, struct http_request *request) {
    held[held_count++] = request;
}

static inline void refuse(void *context, struct http_request *request) {
    struct http_fault faults[] = {{"/title", {"不能为空", "must not be empty"}},
                                  {"/matter", {"没有这个事项", "no such matter"}}};
    http_problem(request, &(struct http_problem){.status = 422,
                                                 .type = "request-unacceptable",
                                                 .title = {"内容无法接受", "Not acceptable"},
                                                 .detail = {"有两处错误", "two mistakes"},
                                                 .faults = faults,
                                                 .fault_count = 2});
}

static inline void on_closed(void *context, struct http_stream *stream, bool slow) {
    closed_count++;
    slow_count += slow;
    for (int i = 0; i < stream_count; i++)
        if (streams[i] == stream) streams[i] = NULL;
}

static inline void watch(void *context, struct http_request *request) {
    struct http_stream *stream = http_stream_open(request, stream_buffer_max, on_closed, NULL);
    if (stream == NULL) return;
    struct http_frame *snapshot = http_frame_event("1", "snapshot", "{}", 2);
    http_stream_send(stream, snapshot);
    http_frame_release(&snapshot);
    streams[stream_count++] = stream;
}

static const struct http_route ROUTES[] = {
    {HTTP_GET, "/", say, 0, 0, NULL, "root"},
    {HTTP_GET, "/api/v1/tickets", say, 0, 0, "q x", "tickets"},
    {HTTP_GET, "/api/v1/tickets/{number}", say, 0, 0, NULL, "ticket"},
    {HTTP_GET, "/api/v1/requests", say, 0, 0, "q! x", "requests"},
    {HTTP_GET, "/api/v1/tickets/{number}/history", say, 0, 0, NULL, "history"},
    {HTTP_POST, "/api/v1/tickets/{number}/{command}", say_params, 100, HTTP_BODY_JSON, NULL, "command"},
    {HTTP_DELETE, "/api/v1/tickets/{number}", say, 0, 0, NULL, "delete"},
    {HTTP_POST, "/echo", echo, 1 << 20, HTTP_BODY_JSON, NULL, NULL},
    {HTTP_POST, "/lines", echo, 1 << 20, HTTP_BODY_NDJSON | HTTP_BODY_JSON, NULL, NULL},
    {HTTP_POST, "/form", say_form, 1000, HTTP_BODY_FORM, NULL, NULL},
    {HTTP_GET, "/hold", hold, 0, 0, NULL, NULL},
    {HTTP_GET, "/refuse", refuse, 0, 0, NULL, NULL},
    {HTTP_GET, "/stream", watch, 0, 0, NULL, NULL},
    {HTTP_GET, "/healthz", say, 0, HTTP_ALWAYS, NULL, "health"},
    {0}};

static inline struct http_options options(void) {
    return (struct http_options){.socket_path = path, .socket_mode = 0600, .routes = ROUTES};
}

static inline void start(struct http_options wanted) {
    stream_buffer_max = 64 * 1024;
    held_count = stream_count = closed_count = slow_count = 0;
    loop = loop_new();
    assert_int_equal(http_new(loop, &wanted, &http), ERR_NONE);
}

static inline int setup(void **unused) {
    start(options());
    return 0;
}

static inline int teardown(void **unused) {
    http_free(&http);
    loop_free(&loop);
    return 0;
}

static inline void restart(struct http_options wanted) {
    teardown(NULL);
    start(wanted);
}

/* ---- a client, in the same thread ----------------------------------------------------------------------------------- */

static inline int dial(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static inline void turns(int count) {
    for (int i = 0; i < count; i++) loop_turn(loop, 1);
}

static inline void put(int fd, const void *bytes, size_t length) {
    int64_t until = clock_monotonic_ms() + PATIENCE_MS;
    for (size_t at = 0; at < length && clock_monotonic_ms() < until;) {
        ssize_t sent = send(fd, (const char *)bytes + at, length - at, MSG_NOSIGNAL);
        if (sent > 0)
            at += (size_t)sent;
        else if (errno == EPIPE || errno == ECONNRESET)
            return;
        turns(1);
    }
}

static inline void put_text(int fd, const char *text) {
    put(fd, text, strlen(text));
}

static struct buffer got;
static bool was_closed, no_body;

static inline bool is_complete(void) {
    const char *text = buffer_text(&got), *end = strstr(text, "\r\n\r\n"),
               *length = strcasestr(text, "\r\nContent-Length: ");
    if (end == NULL) return false;
    if (no_body || strncmp(text, "HTTP/1.1 204", 12) == 0) return true;
    return length != NULL && length < end && got.length >= (size_t)(end - text) + 4 + (size_t)atol(length + 18);
}

/* Reads one whole answer, or to the end. */
static inline const char *get(int fd) {
    int64_t until = clock_monotonic_ms() + PATIENCE_MS;
    buffer_clear(&got);
    was_closed = false;
    while (!is_complete() && !was_closed && clock_monotonic_ms() < until) {
        loop_turn(loop, 2);
        ssize_t size = recv(fd, buffer_room(&got, 65536), 65536, 0);
        if (size > 0) got.length += (size_t)size;
        if (size == 0 || (size < 0 && errno != EAGAIN)) was_closed = true;
    }
    return buffer_text(&got);
}

static inline bool ends(int fd) {
    char byte;
    for (int i = 0; i < 500; i++) {
        loop_turn(loop, 2);
        ssize_t size = recv(fd, &byte, 1, 0);
        if (size == 0 || (size < 0 && errno != EAGAIN)) return true;
    }
    return false;
}

static inline const char *ask_bytes(const char *bytes, size_t length) {
    int fd = dial();
    put(fd, bytes, length);
    const char *answer = get(fd);
    close(fd);
    turns(3);
    return answer;
}
static inline const char *ask(const char *bytes) {
    return ask_bytes(bytes, strlen(bytes));
}

static inline const char *ask_for(const char *method, const char *target, const char *more) {
    char text[4096];
    snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: x\r\n%s\r\n", method, target, more);
    return ask(text);
}

static inline void expect(const char *answer, int status, const char *part) {
    char line[32];
    snprintf(line, sizeof line, "HTTP/1.1 %d ", status);
    if (strncmp(answer, line, strlen(line)) != 0) fail_msg("wanted %d, got: %s", status, answer);
    if (part != NULL && strstr(answer, part) == NULL) fail_msg("no \"%s\" in: %s", part, answer);
}

#endif
