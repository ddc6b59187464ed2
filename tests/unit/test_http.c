#define _GNU_SOURCE
/* common/http.h over its real socket: what is refused, answers now and later, streams with a stuck reader, draining. */
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

static void say(void *context, struct http_request *request) {
    struct buffer text = {0};
    const char *q = http_query(request, "q"), *user = http_cookie(request, "user");
    buffer_format(&text, "%s|%s|q=%s|c=%s", http_path(request), (const char *)http_route_of(request)->about,
                  q ? q : "-", user ? user : "-");
    http_set_header(request, "X-Test", "yes");
    http_answer(request, 200, "text/plain", text.data, text.length);
    buffer_done(&text);
}

static void say_params(void *context, struct http_request *request) {
    struct buffer text = {0};
    buffer_format(&text, "%s/%s", http_param(request, "number"), http_param(request, "command"));
    http_answer(request, 200, "text/plain", text.data, text.length);
    buffer_done(&text);
}

static void echo(void *context, struct http_request *request) {
    size_t length;
    const uint8_t *body = http_body(request, &length);
    http_answer(request, 201, "application/json", body, length);
}

static void say_form(void *context, struct http_request *request) {
    const char *name = http_form(request, "name");
    http_answer(request, 200, "text/plain", name != NULL ? name : "-", name != NULL ? strlen(name) : 1);
}

static void hold(void *context, struct http_request *request) {
    held[held_count++] = request;
}

static void refuse(void *context, struct http_request *request) {
    struct http_fault faults[] = {{"/title", {"不能为空", "must not be empty"}},
                                  {"/matter", {"没有这个事项", "no such matter"}}};
    http_problem(request, &(struct http_problem){.status = 422,
                                                 .type = "request-unacceptable",
                                                 .title = {"内容无法接受", "Not acceptable"},
                                                 .detail = {"有两处错误", "two mistakes"},
                                                 .faults = faults,
                                                 .fault_count = 2});
}

static void on_closed(void *context, struct http_stream *stream, bool slow) {
    closed_count++;
    slow_count += slow;
    for (int i = 0; i < stream_count; i++)
        if (streams[i] == stream) streams[i] = NULL;
}

static void watch(void *context, struct http_request *request) {
    struct http_stream *stream = http_stream_open(request, stream_buffer_max, on_closed, NULL);
    if (stream == NULL) return;
    struct http_frame *snapshot = http_frame_event("1", "snapshot", "{}", 2);
    http_stream_send(stream, snapshot);
    http_frame_release(&snapshot);
    streams[stream_count++] = stream;
}

static const struct http_route ROUTES[] = {
    {HTTP_GET, "/", say, 0, 0, "root"},
    {HTTP_GET, "/api/v1/tickets", say, 0, 0, "tickets"},
    {HTTP_GET, "/api/v1/tickets/{number}", say, 0, 0, "ticket"},
    {HTTP_GET, "/api/v1/tickets/{number}/history", say, 0, 0, "history"},
    {HTTP_POST, "/api/v1/tickets/{number}/{command}", say_params, 100, HTTP_BODY_JSON, "command"},
    {HTTP_DELETE, "/api/v1/tickets/{number}", say, 0, 0, "delete"},
    {HTTP_POST, "/echo", echo, 1 << 20, HTTP_BODY_JSON, NULL},
    {HTTP_POST, "/lines", echo, 1 << 20, HTTP_BODY_NDJSON | HTTP_BODY_JSON, NULL},
    {HTTP_POST, "/form", say_form, 1000, HTTP_BODY_FORM, NULL},
    {HTTP_GET, "/hold", hold, 0, 0, NULL},
    {HTTP_GET, "/refuse", refuse, 0, 0, NULL},
    {HTTP_GET, "/stream", watch, 0, 0, NULL},
    {HTTP_GET, "/healthz", say, 0, HTTP_ALWAYS, "health"},
    {0}};

static struct http_options options(void) {
    return (struct http_options){.socket_path = path, .socket_mode = 0600, .routes = ROUTES};
}

static void start(struct http_options wanted) {
    stream_buffer_max = 64 * 1024;
    held_count = stream_count = closed_count = slow_count = 0;
    loop = loop_new();
    assert_int_equal(http_new(loop, &wanted, &http), ERR_NONE);
}

static int setup(void **unused) {
    start(options());
    return 0;
}

static int teardown(void **unused) {
    http_free(&http);
    loop_free(&loop);
    return 0;
}

static void restart(struct http_options wanted) {
    teardown(NULL);
    start(wanted);
}

/* ---- a client, in the same thread ----------------------------------------------------------------------------------- */

static int dial(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void turns(int count) {
    for (int i = 0; i < count; i++) loop_turn(loop, 1);
}

static void put(int fd, const void *bytes, size_t length) {
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

static void put_text(int fd, const char *text) {
    put(fd, text, strlen(text));
}

static struct buffer got;
static bool was_closed, no_body;

static bool is_complete(void) {
    const char *text = buffer_text(&got), *end = strstr(text, "\r\n\r\n"),
               *length = strcasestr(text, "\r\nContent-Length: ");
    if (end == NULL) return false;
    if (no_body || strncmp(text, "HTTP/1.1 204", 12) == 0) return true;
    return length != NULL && length < end && got.length >= (size_t)(end - text) + 4 + (size_t)atol(length + 18);
}

/* Reads one whole answer, or to the end. */
static const char *get(int fd) {
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

static bool ends(int fd) {
    char byte;
    for (int i = 0; i < 500; i++) {
        loop_turn(loop, 2);
        ssize_t size = recv(fd, &byte, 1, 0);
        if (size == 0 || (size < 0 && errno != EAGAIN)) return true;
    }
    return false;
}

static const char *ask_bytes(const char *bytes, size_t length) {
    int fd = dial();
    put(fd, bytes, length);
    const char *answer = get(fd);
    close(fd);
    turns(3);
    return answer;
}
static const char *ask(const char *bytes) {
    return ask_bytes(bytes, strlen(bytes));
}

static const char *ask_for(const char *method, const char *target, const char *more) {
    char text[4096];
    snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: x\r\n%s\r\n", method, target, more);
    return ask(text);
}

static void expect(const char *answer, int status, const char *part) {
    char line[32];
    snprintf(line, sizeof line, "HTTP/1.1 %d ", status);
    if (strncmp(answer, line, strlen(line)) != 0) fail_msg("wanted %d, got: %s", status, answer);
    if (part != NULL && strstr(answer, part) == NULL) fail_msg("no \"%s\" in: %s", part, answer);
}

/* ---- routes and what is asked ------------------------------------------------------------------------------------------ */

static void routes_are_found_and_the_nearest_wins(void **unused) {
    expect(ask_for("GET", "/", ""), 200, "/|root|q=-|c=-");
    expect(ask_for("GET", "/api/v1/tickets?q=%E8%B7%AF+a%2Bb&x=1", ""), 200, "tickets|q=路 a+b|");
    expect(ask_for("GET", "/api/v1/tickets/T1/history", ""), 200, "|history|");
    expect(ask_for("DELETE", "/api/v1/tickets/T1", ""), 200, "|delete|");
    expect(ask_for("POST", "/api/v1/tickets/T%2F1/%E7%AD%BE", "Content-Length: 0\r\n"), 200, "T/1/签");
    expect(ask_for("POST", "/api/v1/tickets/T1/history", "Content-Length: 0\r\n"), 200, "T1/history");
    expect(ask_for("GET", "/", "Cookie: a=1; user=abc; userx=2\r\n"), 200, "c=abc");
    expect(ask_for("GET", "/", "X-A: a \r\nX-B:\r\nX-C:c\r\nX-D:  \t d\r\n"), 200, "X-Test: yes");
    expect(ask("GET / HTTP/1.0\r\n\r\n"), 200, NULL);
}

static void unknown_addresses_and_methods(void **unused) {
    expect(ask_for("GET", "/api/v1/nothing", ""), 404, "application/problem+json");
    expect(ask_for("GET", "/api/v1/tickets/", ""), 404, NULL);
    expect(ask_for("GET", "//", ""), 404, NULL);
    expect(ask_for("GET", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r", ""), 404, NULL);
    expect(ask_for("PUT", "/api/v1/tickets/T1", "Content-Length: 0\r\n"), 405, "Allow: GET, HEAD, DELETE\r\n");
    expect(ask_for("BREW", "/api/v1/tickets", ""), 405, "Allow: GET, HEAD\r\n");
    no_body = true;
    const char *answer = ask_for("HEAD", "/", "");
    no_body = false;
    expect(answer, 200, "Content-Length: 14");
    assert_null(strstr(answer, "|root|"));
}

static void bodies_are_checked_by_type_and_length(void **unused) {
    expect(
        ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}"),
        201, "{\"a\":1}");
    expect(ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: "
               "2\r\n\r\n{}"),
           201, "{}");
    expect(ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json; charset=gbk\r\nContent-Length: "
               "2\r\n\r\n{}"),
           415, NULL);
    expect(ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}"), 415, NULL);
    expect(ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"), 415, NULL);
    expect(ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/jsonx\r\nContent-Length: 2\r\n\r\n{}"), 415,
           NULL);
    expect(ask("POST /lines HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Length: 2\r\n\r\n{}"),
           201, NULL);
    expect(ask("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"), 413, NULL);
    expect(ask("POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
               "14\r\n\r\nname=%E8%B7%AF"),
           200, "路");
    expect(ask("POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
               "8\r\n\r\nname=%ff"),
           400, NULL);
}

static const char BAD_FORM[] = "POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                               "Content-Length: 1\r\n\r\n%";

/* nginx keeps its connections to us: a refusal must not cost one. */
static void a_refusal_keeps_the_connection(void **unused) {
    static const char *const REFUSED[] = {
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
        "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n",
        BAD_FORM};
    static const int STATUSES[] = {415, 404, 405, 413, 404, 400};
    int fd = dial();
    for (int i = 0; i < 6; i++) {
        put_text(fd, REFUSED[i]);
        expect(get(fd), STATUSES[i], "application/problem+json");
        if (was_closed || strstr(buffer_text(&got), "Connection: close") != NULL) fail_msg("closed: %s", REFUSED[i]);
    }
    put_text(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(get(fd), 200, "|root|");
    close(fd);
}

static void a_large_body_arrives_whole(void **unused) {
    enum { LENGTH = 1 << 20 };
    struct buffer text = {0};
    buffer_format(&text,
                  "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
                  LENGTH);
    size_t head = text.length;
    for (int i = 0; i < LENGTH; i++) buffer_append_byte(&text, (uint8_t)('a' + i % 26));
    int fd = dial();
    put(fd, text.data, text.length);
    const char *answer = get(fd);
    expect(answer, 201, NULL);
    assert_memory_equal(strstr(answer, "\r\n\r\n") + 4, text.data + head, LENGTH);
    close(fd);
    buffer_done(&text);
}

/* A body that nginx lets through, but this route does not, is read to its end: nginx answers 502 when it cannot hand it over. */
static void a_body_over_the_limit_is_read_and_dropped(void **unused) {
    enum { LENGTH = 4 << 20 };
    struct buffer text = {0};
    buffer_format(&text,
                  "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
                  LENGTH);
    memset(buffer_extend(&text, LENGTH), 'x', LENGTH);
    int fd = dial();
    put(fd, text.data, text.length);
    expect(get(fd), 413, "application/problem+json");
    put_text(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(get(fd), 200, "|root|");
    close(fd);
    buffer_done(&text);
}

static void a_gigabyte_is_refused_before_it_is_sent(void **unused) {
    int fd = dial();
    const char *head =
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n";
    put(fd, head, strlen(head));
    expect(get(fd), 413, "application/problem+json");
    assert_true(ends(fd));
    close(fd);
}

/* ---- what must never pass ---------------------------------------------------------------------------------------------- */

static void smuggling_pairs_are_refused_and_the_connection_closed(void **unused) {
    static const char *const HEADS[] = {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                                        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                                        "Content-Length: 5\r\nContent-Length: 6\r\n",
                                        "Content-Length: 5\r\nContent-Length: 5\r\n",
                                        "Content-Length: +5\r\n",
                                        "Content-Length: 5, 5\r\n",
                                        "Content-Length: 0x5\r\n",
                                        "Content-Length: -1\r\n",
                                        "Content-Length: 99999999999999999999\r\n",
                                        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                                        "Transfer-Encoding: chunked\r\n",
                                        "Transfer-Encoding: xchunked\r\n",
                                        "Content-Length : 5\r\n",
                                        "Transfer-Encoding : chunked\r\n",
                                        "Host: y\r\n",
                                        "X-A: a\001b\r\n",
                                        "Content-Type: application/json\r\nContent-Type: text/plain\r\n",
                                        "X(Y): 1\r\n",
                                        "X-A: a\nX-B: b\r\n",
                                        "X-A: a\rX-B: b\r\n",
                                        "X-A: a\r\n folded\r\n",
                                        "X-A: a\n"};
    for (size_t i = 0; i < sizeof HEADS / sizeof *HEADS; i++) {
        char text[512];
        int fd = dial();
        snprintf(text, sizeof text,
                 "POST /echo HTTP/1.1\r\nHost: x\r\n%s\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", HEADS[i]);
        put(fd, text, strlen(text));
        const char *answer = get(fd);
        if (strncmp(answer, "HTTP/1.1 4", 10) != 0 && !(was_closed && got.length == 0))
            fail_msg("%s: %s", HEADS[i], answer);
        if (strstr(answer, "|health|") != NULL) fail_msg("smuggled by %s", HEADS[i]);
        if (!was_closed) assert_true(ends(fd));
        close(fd);
    }
    struct http_counters counters;
    http_counters(http, &counters);
    assert_int_equal(counters.answered_2xx, 0);
}

static void malformed_targets_are_refused(void **unused) {
    static const char *const TARGETS[] = {"/a%00b", "/a%",         "/a%4",      "/a%zz", "/%ff",    "/%c0%af",
                                          "/..",    "/api/../etc", "/%2e%2e/x", "/.",    "/?q=%00", "/?q=%ff",
                                          "/?q=%",  "http://x/",   "*",         "/a#b"};
    for (size_t i = 0; i < sizeof TARGETS / sizeof *TARGETS; i++) {
        const char *answer = ask_for("GET", TARGETS[i], "");
        if (strncmp(answer, "HTTP/1.1 400 ", 13) != 0) fail_msg("%s: %s", TARGETS[i], answer);
    }
    static const char NUL_TARGET[] = "GET /\0healthz HTTP/1.1\r\nHost: x\r\n\r\n",
                      NUL_HEADER[] = "GET / HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n";
    const char *answer = ask_bytes(NUL_TARGET, sizeof NUL_TARGET - 1);
    if (got.length > 0 && strncmp(answer, "HTTP/1.1 4", 10) != 0) fail_msg("NUL in target: %s", answer);
    answer = ask_bytes(NUL_HEADER, sizeof NUL_HEADER - 1);
    if (got.length > 0 && strncmp(answer, "HTTP/1.1 4", 10) != 0) fail_msg("NUL in header: %s", answer);
    struct buffer many = {0};
    for (int i = 0; i < 300; i++) buffer_format(&many, "X-%d: 1\r\n", i);
    answer = ask_for("GET", "/", buffer_text(&many));
    if (strncmp(answer, "HTTP/1.1 431 ", 13) != 0) fail_msg("300 headers: %s", answer);
    buffer_done(&many);
    buffer_append_text(&many, "GET /?");
    for (int i = 0; i < 300; i++) buffer_format(&many, "a%d&", i);
    buffer_append_text(&many, " HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(ask(buffer_text(&many)), 400, NULL);
    buffer_done(&many);
}

static void random_bytes_break_nothing(void **unused) {
    static const char *const PARTS[] = {"GET ",
                                        "POST ",
                                        "/",
                                        "/echo",
                                        " HTTP/1.1",
                                        "\r\n",
                                        "\n",
                                        "\r",
                                        "Host: x",
                                        "Content-Length: ",
                                        "3",
                                        ":",
                                        " ",
                                        "Transfer-Encoding: chunked",
                                        "\r\n\r\n",
                                        "%41",
                                        "?a=b",
                                        "\x80",
                                        "Content-Type: application/json",
                                        "{}"};
    srand(7);
    for (int round = 0; round < 300; round++) {
        struct buffer text = {0};
        for (int i = rand() % 20; i >= 0; i--) {
            const char *part = PARTS[rand() % (sizeof PARTS / sizeof *PARTS)];
            buffer_append_text(&text, part);
            if (rand() % 20 == 0) buffer_append_byte(&text, 0);
        }
        int fd = dial();
        put(fd, text.data, text.length);
        turns(2);
        close(fd);
        buffer_done(&text);
    }
    turns(20);
    expect(ask_for("GET", "/healthz", ""), 200, NULL);
}

/* ---- answers ------------------------------------------------------------------------------------------------------------- */

static void problems_speak_two_languages(void **unused) {
    expect(ask_for("GET", "/refuse", ""), 422,
           "{\"type\":\"urn:paidan:problem:request-unacceptable\",\"title\":\"内容无法接受\",\"status\":422,"
           "\"detail\":\"有两处错误\",\"errors\":[{\"pointer\":\"/title\",\"detail\":\"不能为空\"},");
    expect(ask_for("GET", "/refuse", "Accept-Language: en-GB, zh;q=0.5\r\n"), 422, "\"title\":\"Not acceptable\"");
    expect(ask_for("GET", "/refuse", "Accept-Language: en-GB, zh;q=0.5\r\n"), 422, "Content-Language: en");
    assert_int_equal(language_accepted(NULL), LANGUAGE_ZH);
    assert_int_equal(language_accepted("en"), LANGUAGE_EN);
    assert_int_equal(language_accepted("en;q=0.8, zh-CN;q=0.9"), LANGUAGE_ZH);
    assert_int_equal(language_accepted("zh;q=0.8,en;q=0.9"), LANGUAGE_EN);
    assert_int_equal(language_accepted("zh;q=0, *"), LANGUAGE_EN);
    assert_int_equal(language_accepted("*"), LANGUAGE_ZH);
    assert_int_equal(language_accepted("fr, de;q=0.9"), LANGUAGE_ZH);
    assert_int_equal(language_accepted("english"), LANGUAGE_ZH);
    assert_int_equal(language_accepted("en;q=x"), LANGUAGE_ZH);
}

static void every_answer_carries_a_traceparent(void **unused) {
    expect(ask_for("GET", "/", "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"), 200,
           "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-");
    assert_null(strstr(buffer_text(&got), "00f067aa0ba902b7"));
    expect(ask_for("GET", "/nothing", "traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-01\r\n"), 404,
           "traceparent: 00-");
    assert_null(strstr(buffer_text(&got), "00-0000000000000000"));
}

static void one_connection_serves_many_requests(void **unused) {
    int fd = dial();
    for (int i = 0; i < 50; i++) {
        const char *text =
            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
        put(fd, text, strlen(text));
        expect(get(fd), 201, NULL);
        assert_false(was_closed);
    }
    close(fd);
    struct http_counters counters;
    turns(3);
    http_counters(http, &counters);
    assert_int_equal(counters.requests, 50);
    assert_int_equal(counters.answered_2xx, 50);
    assert_int_equal(counters.connections_now, 0);
}

static void an_answer_may_come_later(void **unused) {
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = dial();
        put_text(fds[i], "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    for (int i = 0; i < 100 && held_count < 3; i++) turns(1);
    assert_int_equal(held_count, 3);
    for (int i = 2; i >= 0; i--) {
        char text[2] = {(char)('0' + i), 0};
        http_answer(held[i], 200, "text/plain", text, 1);
    }
    for (int i = 0; i < 3; i++) {
        char text[] = {'\n', (char)('0' + i), 0};
        expect(get(fds[i]), 200, text);
        close(fds[i]);
    }
}

static void a_client_that_went_away_harms_nothing(void **unused) {
    int fd = dial();
    put_text(fd, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < 100 && held_count < 1; i++) turns(1);
    close(fd);
    turns(5);
    http_answer(held[0], 200, "text/plain", "x", 1);
    turns(5);
    struct http_counters counters;
    http_counters(http, &counters);
    assert_int_equal(counters.requests_now, 0);
    assert_int_equal(counters.connections_now, 0);
}

static void what_is_not_answered_in_time_is_answered_for(void **unused) {
    struct http_options wanted = options();
    wanted.answer_within_ms = 100;
    restart(wanted);
    int fd = dial(), gone = dial();
    put_text(fd, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    put_text(gone, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(get(fd), 503, "Retry-After: 1");
    close(gone);
    for (int i = 0; i < 200; i++) loop_turn(loop, 1);
    struct http_counters counters;
    http_counters(http, &counters);
    assert_int_equal(counters.late, 2);
    assert_int_equal(counters.requests_now, 0);
    put_text(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(get(fd), 200, NULL); /* the connection goes on */
    http_answer(held[0], 200, "text/plain", "too late", 8);
    http_problem_status(held[1], 404, (struct sentence){"无", "no"});
    close(fd);
}

static void too_many_at_once_are_shed(void **unused) {
    struct http_options wanted = options();
    wanted.requests_max = 2;
    restart(wanted);
    int fds[2] = {dial(), dial()};
    for (int i = 0; i < 2; i++) put_text(fds[i], "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < 100 && held_count < 2; i++) turns(1);
    expect(ask_for("GET", "/", ""), 503, "Retry-After: 1");
    expect(ask_for("GET", "/healthz", ""), 200, NULL);
    http_answer(held[0], 204, NULL, NULL, 0);
    expect(get(fds[0]), 204, NULL);
    expect(ask_for("GET", "/", ""), 200, NULL);
    http_answer(held[1], 204, NULL, NULL, 0);
    turns(5);
    close(fds[0]);
    close(fds[1]);
}

static void requests_outlive_the_server(void **unused) {
    int fd = dial();
    put_text(fd, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < 100 && held_count < 1; i++) turns(1);
    http_free(&http);
    assert_null(http_header(held[0], "X-None"));
    assert_string_equal(http_path(held[0]), "/hold");
    http_answer(held[0], 200, "text/plain", "x", 1);
    close(fd);
}

/* ---- streams -------------------------------------------------------------------------------------------------------------- */

static size_t read_all(int fd, struct buffer *into) {
    size_t before = into->length;
    for (;;) {
        ssize_t size = recv(fd, buffer_room(into, 65536), 65536, 0);
        if (size <= 0) break;
        into->length += (size_t)size;
    }
    return into->length - before;
}

static int open_stream(void) {
    int fd = dial(), before = stream_count;
    put_text(fd, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < 100 && stream_count == before; i++) turns(1);
    assert_int_equal(stream_count, before + 1);
    return fd;
}

static void a_stream_carries_events(void **unused) {
    struct buffer text = {0};
    int fd = open_stream();
    struct http_frame *delta = http_frame_event("2", "delta", "{\"a\":1}", 7),
                      *bare = http_frame_event(NULL, NULL, "x", 1);
    http_stream_send(streams[0], delta);
    http_stream_send(streams[0], bare);
    turns(5);
    read_all(fd, &text);
    assert_non_null(strstr(buffer_text(&text), "Content-Type: text/event-stream"));
    assert_non_null(strstr(buffer_text(&text), "X-Accel-Buffering: no"));
    assert_non_null(strstr(buffer_text(&text), "id: 1\nevent: snapshot\ndata: {}\n\n"));
    assert_non_null(strstr(buffer_text(&text), "id: 2\nevent: delta\ndata: {\"a\":1}\n\n"));
    assert_non_null(strstr(buffer_text(&text), "data: x\n\n"));
    buffer_clear(&text);
    http_stream_send(streams[0], delta);
    http_stream_close(streams[0]);
    turns(5);
    read_all(fd, &text);
    assert_non_null(strstr(buffer_text(&text), "id: 2\n")); /* what waited was still sent */
    assert_non_null(strstr(buffer_text(&text), "0\r\n\r\n"));
    assert_int_equal(closed_count, 1);
    assert_int_equal(slow_count, 0);
    http_frame_release(&delta);
    http_frame_release(&bare);
    close(fd);
    buffer_done(&text);
}

static void a_gone_watcher_is_found_by_the_heartbeat(void **unused) {
    struct http_options wanted = options();
    wanted.heartbeat_ms = 50;
    restart(wanted);
    struct buffer text = {0};
    int fd = open_stream(), stays = open_stream();
    turns(3);
    close(fd);
    for (int i = 0; i < 500 && closed_count == 0; i++) loop_turn(loop, 2);
    assert_int_equal(closed_count, 1);
    turns(5);
    read_all(stays, &text);
    assert_non_null(strstr(buffer_text(&text), ":\n\n"));
    struct http_counters counters;
    http_counters(http, &counters);
    assert_int_equal(counters.streams_now, 1);
    close(stays);
    buffer_done(&text);
}

static void five_hundred_streams_and_one_stuck_reader(void **unused) {
    enum { WATCHERS = 500, DELTAS = 300 };
    static int fds[WATCHERS];
    static struct buffer texts[WATCHERS];
    char data[1024];
    memset(data, 'd', sizeof data);
    for (int i = 0; i < WATCHERS; i++) fds[i] = open_stream();
    for (int delta = 0; delta < DELTAS; delta++) {
        struct http_frame *frame = http_frame_event("7", "delta", data, sizeof data);
        for (int i = 0; i < WATCHERS; i++)
            if (streams[i] != NULL) http_stream_send(streams[i], frame);
        http_frame_release(&frame);
        turns(2);
        for (int i = 0; i < WATCHERS; i++)
            if (i != 77) read_all(fds[i], &texts[i]); /* number 77 never reads */
    }
    for (int i = 0; i < 20; i++) turns(1);
    assert_int_equal(closed_count, 1);
    assert_int_equal(slow_count, 1);
    assert_null(streams[77]);
    for (int i = 0; i < WATCHERS; i++) {
        if (i == 77) continue;
        read_all(fds[i], &texts[i]);
        int events = 0;
        for (const char *at = buffer_text(&texts[i]); (at = strstr(at, "event: delta\n")) != NULL; at++) events++;
        assert_int_equal(events, DELTAS);
        buffer_done(&texts[i]);
    }
    for (int i = 0; i < WATCHERS; i++) close(fds[i]);
}

static void too_many_streams_are_refused(void **unused) {
    struct http_options wanted = options();
    wanted.streams_max = 2;
    restart(wanted);
    int first = open_stream(), second = open_stream();
    expect(ask_for("GET", "/stream", ""), 503, "Retry-After");
    close(first);
    close(second);
}

/* ---- starting and stopping --------------------------------------------------------------------------------------------------- */

static bool has_drained;
static void drained(void *context) {
    has_drained = true;
}

static void draining_finishes_what_runs(void **unused) {
    int fd = dial(), idle = dial(), stream = open_stream();
    put_text(fd, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    put_text(idle, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(get(idle), 200, NULL);
    for (int i = 0; i < 100 && held_count < 1; i++) turns(1);
    has_drained = false;
    http_drain(http, 5000, drained, NULL);
    assert_int_equal(access(path, F_OK), -1);
    turns(5);
    assert_int_equal(closed_count, 1);
    assert_false(has_drained);
    put_text(idle, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(get(idle), 503, "Connection: close");
    http_answer(held[0], 200, "text/plain", "done", 4);
    expect(get(fd), 200, "done");
    for (int i = 0; i < 100 && !has_drained; i++) turns(1);
    assert_true(has_drained);
    close(fd);
    close(idle);
    close(stream);
}

static void draining_ends_in_time(void **unused) {
    int fd = dial();
    put_text(fd, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < 100 && held_count < 1; i++) turns(1);
    has_drained = false;
    http_drain(http, 100, drained, NULL);
    for (int i = 0; i < 300 && !has_drained; i++) loop_turn(loop, 1);
    assert_true(has_drained);
    http_free(&http);
    http_answer(held[0], 200, NULL, NULL, 0);
    close(fd);
}

static void the_socket_file_is_ours_alone(void **unused) {
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    struct http *second = NULL;
    struct http_options wanted = options();
    assert_int_equal(http_new(loop, &wanted, &second), ERR_EXISTS); /* somebody lives there */
    assert_null(second);
    http_free(&http);
    assert_int_equal(access(path, F_OK), -1);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd); /* a dead one stays behind */
    wanted.socket_mode = 0660;
    assert_int_equal(http_new(loop, &wanted, &http), ERR_NONE);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0660);
    expect(ask_for("GET", "/", ""), 200, NULL);
    http_free(&http);
    fd = open(path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    assert_int_equal(http_new(loop, &wanted, &http), ERR_EXISTS); /* a plain file is never removed */
    unlink(path);
}

int main(void) {
    if (mkdtemp(folder) == NULL) return 1;
    snprintf(path, sizeof path, "%s/test.sock", folder);
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(routes_are_found_and_the_nearest_wins),
        TEST(unknown_addresses_and_methods),
        TEST(bodies_are_checked_by_type_and_length),
        TEST(a_refusal_keeps_the_connection),
        TEST(a_large_body_arrives_whole),
        TEST(a_body_over_the_limit_is_read_and_dropped),
        TEST(a_gigabyte_is_refused_before_it_is_sent),
        TEST(smuggling_pairs_are_refused_and_the_connection_closed),
        TEST(malformed_targets_are_refused),
        TEST(random_bytes_break_nothing),
        TEST(problems_speak_two_languages),
        TEST(every_answer_carries_a_traceparent),
        TEST(one_connection_serves_many_requests),
        TEST(an_answer_may_come_later),
        TEST(a_client_that_went_away_harms_nothing),
        TEST(what_is_not_answered_in_time_is_answered_for),
        TEST(too_many_at_once_are_shed),
        TEST(requests_outlive_the_server),
        TEST(a_stream_carries_events),
        TEST(a_gone_watcher_is_found_by_the_heartbeat),
        TEST(five_hundred_streams_and_one_stuck_reader),
        TEST(too_many_streams_are_refused),
        TEST(draining_finishes_what_runs),
        TEST(draining_ends_in_time),
        TEST(the_socket_file_is_ours_alone),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buffer_done(&got);
    unlink(path);
    rmdir(folder);
    return failed;
}
