#define _GNU_SOURCE
/* common/http.h over its real socket: answers now and later, streams with a stuck reader, starting and draining. */
#include "tests/unit/http_fixture.h"

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
