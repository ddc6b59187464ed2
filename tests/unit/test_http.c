#define _GNU_SOURCE
/* common/http.h over its real socket: routes, bodies, and what must never pass. */
#include "tests/unit/http_fixture.h"

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

static void a_query_holds_what_the_route_knows_once(void **unused) {
    expect(ask_for("GET", "/api/v1/tickets?x=&q=1", ""), 200, NULL);
    expect(ask_for("GET", "/api/v1/tickets?q=1&colour=red", ""), 400, "\"pointer\":\"colour\"");
    expect(ask_for("GET", "/api/v1/tickets?q=1&q=1", ""), 400, "\"pointer\":\"q\"");
    expect(ask_for("GET", "/?q=1", ""), 400, NULL);
    expect(ask_for("GET", "/api/v1/requests?x=1", ""), 400, "\"pointer\":\"q\"");
    expect(ask_for("GET", "/api/v1/requests?q=", ""), 400, "\"pointer\":\"q\"");
    expect(ask_for("GET", "/api/v1/requests?q=1&x=", ""), 200, NULL);
    expect(ask_for("GET", "/api/v1/requests?q=1&q!=1", ""), 400, NULL);
    expect(ask_for("GET", "/healthz?probe=7", ""), 200, NULL); /* a probe may add what it likes */
}

static void an_encoded_body_is_not_taken(void **unused) {
    static const char head[] =
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n";
    struct buffer text = {0};
    buffer_format(&text, "%sContent-Encoding: gzip\r\n\r\n{}", head);
    expect(ask(buffer_text(&text)), 415, "Content-Encoding");
    buffer_clear(&text);
    buffer_format(&text, "%sContent-Encoding: identity\r\n\r\n{}", head);
    expect(ask(buffer_text(&text)), 201, NULL);
    buffer_done(&text);
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

int main(void) {
    if (mkdtemp(folder) == NULL) return 1;
    snprintf(path, sizeof path, "%s/test.sock", folder);
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(routes_are_found_and_the_nearest_wins),
        TEST(unknown_addresses_and_methods),
        TEST(bodies_are_checked_by_type_and_length),
        TEST(a_query_holds_what_the_route_knows_once),
        TEST(an_encoded_body_is_not_taken),
        TEST(a_refusal_keeps_the_connection),
        TEST(a_large_body_arrives_whole),
        TEST(a_body_over_the_limit_is_read_and_dropped),
        TEST(a_gigabyte_is_refused_before_it_is_sent),
        TEST(smuggling_pairs_are_refused_and_the_connection_closed),
        TEST(malformed_targets_are_refused),
        TEST(random_bytes_break_nothing),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buffer_done(&got);
    unlink(path);
    rmdir(folder);
    return failed;
}
