#define _GNU_SOURCE
/* common/client.h against peers that misbehave in every way. */
#include "common/buffer.h"
#include "common/client.h"
#include "common/clock.h"
#include "common/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20 * 1000, PEERS_MAX = 64 };

static struct loop *loop;
static struct client *client;
static struct netaddr_range loopback;

/* ---- a peer that answers what the test says ---------------------------------------------------------------------------- */

struct peer {
    int fd;
    struct loop_fd *watcher;
    struct buffer got;
};

static struct {
    int fd, port, accepted, requests, open, open_most;
    struct loop_fd *watcher;
    struct peer peers[PEERS_MAX];
    const char *answer; /* NULL: none, the peer hangs */
    bool endless, keep_open;
    char last[4096];
} server;

static void peer_close(struct peer *peer) {
    if (peer->watcher == NULL) return;
    loop_fd_free(&peer->watcher);
    close(peer->fd);
    buffer_done(&peer->got);
    server.open--;
}

static void on_peer(void *context, int ready) {
    struct peer *peer = context;
    static char flood[65536];
    if (ready & LOOP_READ) {
        ssize_t size = recv(peer->fd, buffer_room(&peer->got, 4096), 4096, 0);
        if (size == 0 || (size < 0 && errno != EAGAIN)) {
            peer_close(peer);
            return;
        }
        if (size > 0) peer->got.length += (size_t)size;
    }
    const char *text = buffer_text(&peer->got), *end = strstr(text, "\r\n\r\n"),
               *length = strstr(text, "Content-Length: ");
    if (end == NULL || (length != NULL && peer->got.length < (size_t)(end - text) + 4 + (size_t)atol(length + 16)))
        return;
    if (peer->got.length < sizeof server.last) strcpy(server.last, text);
    if (server.answer == NULL) return;
    if (!server.endless || !(ready & LOOP_WRITE)) {
        server.requests++;
        assert_true(send(peer->fd, server.answer, strlen(server.answer), MSG_NOSIGNAL) >= 0);
        if (server.endless) {
            loop_fd_watch(peer->watcher, LOOP_READ | LOOP_WRITE);
            return;
        }
        if (server.keep_open)
            buffer_clear(&peer->got);
        else
            peer_close(peer);
    } else if (send(peer->fd, flood, sizeof flood, MSG_NOSIGNAL) < 0 && errno != EAGAIN) {
        peer_close(peer);
    }
}

static void on_accept(void *context, int ready) {
    int fd = accept4(server.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    struct peer *peer = server.peers;
    while (peer->watcher != NULL) peer++;
    assert_true(peer < server.peers + PEERS_MAX);
    server.accepted++;
    if (++server.open > server.open_most) server.open_most = server.open;
    peer->fd = fd;
    assert_int_equal(loop_fd_new(loop, fd, on_peer, peer, &peer->watcher), ERR_NONE);
    loop_fd_watch(peer->watcher, LOOP_READ);
}

static int setup(void **unused) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    memset(&server, 0, sizeof server);
    loop = loop_new();
    server.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server.fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server.fd, 64), 0);
    assert_int_equal(getsockname(server.fd, (struct sockaddr *)&address, &length), 0);
    server.port = ntohs(address.sin_port);
    server.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    assert_int_equal(loop_fd_new(loop, server.fd, on_accept, NULL, &server.watcher), ERR_NONE);
    loop_fd_watch(server.watcher, LOOP_READ);
    assert_int_equal(netaddr_range_parse("127.0.0.0/8", &loopback), ERR_NONE);
    client =
        client_new(loop, &(struct client_options){.approved = &loopback, .approved_count = 1, .calls_per_host_max = 3});
    return 0;
}

static int teardown(void **unused) {
    client_free(&client);
    for (int i = 0; i < PEERS_MAX; i++) peer_close(&server.peers[i]);
    loop_fd_free(&server.watcher);
    close(server.fd);
    loop_free(&loop);
    return 0;
}

/* ---- asking --------------------------------------------------------------------------------------------------------------- */

struct outcome {
    bool ended, sent;
    enum err err;
    int status;
    size_t length;
    int64_t retry_after_s, took_ms;
    char body[128], address[NETADDR_TEXT_MAX], message[256];
};

static void keep(void *context, const struct client_response *response) {
    struct outcome *outcome = context;
    assert_false(outcome->ended);
    *outcome = (struct outcome){.ended = true,
                                .sent = response->sent,
                                .err = response->err,
                                .status = response->status,
                                .length = response->body_length,
                                .retry_after_s = response->retry_after_s,
                                .took_ms = response->took_ms};
    size_t kept = response->body_length < 127 ? response->body_length : 127;
    if (kept > 0 && response->body) memcpy(outcome->body, response->body, kept);
    strcpy(outcome->address, response->address);
    snprintf(outcome->message, sizeof outcome->message, "%s", response->message);
}

static void wait_until(const bool *flag) {
    int64_t until = clock_monotonic_ms() + PATIENCE_MS;
    while (!*flag && clock_monotonic_ms() < until) loop_turn(loop, 50);
    assert_true(*flag);
}

static const char *url_of(const char *host, const char *path) {
    static char url[256];
    snprintf(url, sizeof url, "http://%s:%d%s", host, server.port, path);
    return url;
}

static struct outcome ask(const struct client_request *request) {
    struct outcome outcome = {0};
    client_send(client, request, keep, &outcome, NULL);
    assert_false(outcome.ended);
    wait_until(&outcome.ended);
    return outcome;
}

static struct outcome get(const char *url) {
    return ask(&(struct client_request){.method = "GET", .url = url, .timeout_ms = 5000});
}

/* ---- what works ----------------------------------------------------------------------------------------------------------- */

static void a_post_arrives_and_its_answer_comes_back(void **unused) {
    static const char *const HEADERS[] = {"Content-Type: application/json", "webhook-id: 7"};
    struct outcome outcome = ask(&(struct client_request){.method = "POST",
                                                          .url = url_of("127.0.0.1", "/hook?a=1"),
                                                          .headers = HEADERS,
                                                          .header_count = 2,
                                                          .body = "{\"a\":1}",
                                                          .body_length = 7});
    assert_int_equal(outcome.err, ERR_NONE);
    assert_int_equal(outcome.status, 200);
    assert_string_equal(outcome.body, "ok");
    assert_true(outcome.sent);
    assert_string_equal(outcome.address, "127.0.0.1");
    assert_non_null(strstr(server.last, "POST /hook?a=1 HTTP/1.1\r\n"));
    assert_non_null(strstr(server.last, "webhook-id: 7\r\n"));
    assert_non_null(strstr(server.last, "\r\n\r\n{\"a\":1}"));
    assert_null(strstr(server.last, "Expect"));
    assert_int_equal(ask(&(struct client_request){.method = "DELETE", .url = url_of("127.0.0.1", "/x")}).err, ERR_NONE);
    assert_non_null(strstr(server.last, "DELETE /x HTTP/1.1\r\n"));
}

static void statuses_are_answers(void **unused) {
    server.answer = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n";
    struct outcome outcome = get(url_of("127.0.0.1", "/"));
    assert_int_equal(outcome.err, ERR_NONE);
    assert_int_equal(outcome.status, 500);
    assert_int_equal(outcome.retry_after_s, -1);
    server.answer = "HTTP/1.1 429 Slow\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n";
    assert_int_equal(get(url_of("127.0.0.1", "/")).retry_after_s, 17);
    server.answer = "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n";
    assert_int_equal(get(url_of("127.0.0.1", "/")).status, 410);
}

static void a_redirect_is_not_followed(void **unused) {
    char answer[256];
    snprintf(answer, sizeof answer,
             "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/inner\r\nContent-Length: 0\r\n\r\n", server.port);
    server.answer = answer;
    struct outcome outcome = get(url_of("127.0.0.1", "/outer"));
    assert_int_equal(outcome.err, ERR_NONE);
    assert_int_equal(outcome.status, 302);
    assert_int_equal(server.requests, 1);
}

/* ---- addresses ------------------------------------------------------------------------------------------------------------- */

static void nothing_private_is_reached_however_it_is_written(void **unused) {
    static const char *const HOSTS[] = {
        "127.0.0.1",  "127.1",      "2130706433",         "0x7f000001",      "0177.0.0.1",    "0x7f.1",  "localhost",
        "LOCALHOST.", "[::1]",      "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "0.0.0.0", "0",
        "[::]",       "127.0.0.1.", "%31%32%37.0.0.1",    "127。0。0。1",    "①②⑦.0.0.1"};
    client_approve(client, NULL, 0);
    for (size_t i = 0; i < sizeof HOSTS / sizeof *HOSTS; i++) {
        struct outcome outcome = get(url_of(HOSTS[i], "/"));
        if (outcome.err != ERR_REFUSED && outcome.err != ERR_INVALID && outcome.err != ERR_CLOSED)
            fail_msg("%s: %d, %s", HOSTS[i], outcome.err, outcome.message);
        assert_false(outcome.sent);
    }
    assert_int_equal(server.accepted, 0);
    assert_int_equal(get(url_of("127.0.0.1", "/")).err, ERR_REFUSED);
    client_approve(client, &loopback, 1);
    assert_int_equal(get(url_of("127.0.0.1", "/")).err, ERR_NONE);
    assert_int_equal(server.accepted, 1);
}

/* The connection is open and could be reused, but its address is not approved any more. */
static void an_approval_taken_back_counts_at_once(void **unused) {
    server.keep_open = true;
    assert_int_equal(get(url_of("127.0.0.1", "/")).err, ERR_NONE);
    assert_int_equal(get(url_of("127.0.0.1", "/")).err, ERR_NONE);
    assert_int_equal(server.accepted, 1);
    client_approve(client, NULL, 0);
    struct outcome outcome = get(url_of("127.0.0.1", "/"));
    assert_int_equal(outcome.err, ERR_REFUSED);
    assert_false(outcome.sent);
    assert_int_equal(server.requests, 2);
}

static void other_protocols_and_forms_are_no_requests(void **unused) {
    static const char *const URLS[] = {"file:///etc/passwd",
                                       "ftp://127.0.0.1/",
                                       "gopher://127.0.0.1/",
                                       "dict://127.0.0.1/",
                                       "smtp://127.0.0.1/",
                                       "http://user:secret@127.0.0.1/",
                                       "http://user@127.0.0.1/",
                                       "http:///",
                                       "",
                                       "://",
                                       "http://a b/",
                                       "http://127.0.0.1\r\nX: y/",
                                       "unix:///tmp/x",
                                       "telnet://127.0.0.1"};
    for (size_t i = 0; i < sizeof URLS / sizeof *URLS; i++) {
        struct outcome outcome = get(URLS[i]);
        if (outcome.err != ERR_INVALID) fail_msg("%s: %d, %s", URLS[i], outcome.err, outcome.message);
    }
    static const char *const SPLIT[] = {"X-A: b\r\nX-Evil: 1"}, *const NAMELESS[] = {"nothing"};
    struct client_request request = {
        .method = "GET", .url = url_of("127.0.0.1", "/"), .headers = SPLIT, .header_count = 1};
    assert_int_equal(ask(&request).err, ERR_INVALID);
    request.headers = NAMELESS;
    assert_int_equal(ask(&request).err, ERR_INVALID);
    request.header_count = 0;
    request.method = "GET / HTTP/1.1\r\nX:";
    assert_int_equal(ask(&request).err, ERR_INVALID);
    assert_int_equal(server.accepted, 0);
}

/* ---- bounds ------------------------------------------------------------------------------------------------------------------ */

static void an_endless_body_is_cut_off(void **unused) {
    server.answer = "HTTP/1.1 200 OK\r\n\r\n";
    server.endless = true;
    struct outcome outcome =
        ask(&(struct client_request){.method = "GET", .url = url_of("127.0.0.1", "/"), .response_max = 1000});
    assert_int_equal(outcome.err, ERR_TOO_LARGE);
    assert_int_equal(outcome.length, 1000);
    assert_int_equal(outcome.status, 200);
}

static void a_body_goes_into_a_file_and_is_bounded_there_too(void **unused) {
    char kept[64] = "";
    FILE *file = tmpfile();
    assert_non_null(file);
    server.answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nphoto";
    struct outcome outcome = ask(&(struct client_request){
        .method = "GET", .url = url_of("127.0.0.1", "/"), .response_max = 5, .response_fd = fileno(file)});
    assert_int_equal(outcome.err, ERR_NONE);
    assert_int_equal(outcome.length, 5);
    assert_int_equal(pread(fileno(file), kept, sizeof kept, 0), 5);
    assert_memory_equal(kept, "photo", 5);
    server.answer = "HTTP/1.1 200 OK\r\n\r\n";
    server.endless = true;
    outcome = ask(&(struct client_request){
        .method = "GET", .url = url_of("127.0.0.1", "/"), .response_max = 1000, .response_fd = fileno(file)});
    assert_int_equal(outcome.err, ERR_TOO_LARGE);
    assert_int_equal(lseek(fileno(file), 0, SEEK_END), 1005);
    fclose(file);
}

static void a_hanging_peer_costs_its_deadline_and_nobody_elses(void **unused) {
    server.answer = NULL;
    static struct outcome slow[8]; /* static: a failing assertion leaves calls behind that end later */
    for (int i = 0; i < 8; i++)    /* one more than run at once on one host, and then some */
        client_send(client,
                    &(struct client_request){.method = "GET", .url = url_of("127.0.0.1", "/"), .timeout_ms = 600}, keep,
                    &slow[i], NULL);
    for (int i = 0; i < 5; i++) loop_turn(loop, 20);
    assert_int_equal(server.open_most, 3);
    server.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    struct outcome other = get(url_of("localhost", "/")); /* the same peer under another name */
    assert_int_equal(other.err, ERR_NONE);
    assert_true(other.took_ms < 400);
    int timeouts = 0, answers = 0;
    for (int i = 0; i < 8; i++) {
        wait_until(&slow[i].ended);
        timeouts += slow[i].err == ERR_TIMEOUT;
        answers += slow[i].err == ERR_NONE;
        assert_true(slow[i].took_ms < 1500);
        if (i < 3) assert_true(slow[i].sent && slow[i].err == ERR_TIMEOUT);
    }
    assert_int_equal(timeouts + answers, 8);
    assert_int_equal(client_under_way(client), 0);
}

static void waiting_counts_against_the_deadline(void **unused) {
    server.answer = NULL;
    static struct outcome outcomes[5];
    for (int i = 0; i < 5; i++)
        client_send(client,
                    &(struct client_request){
                        .method = "GET", .url = url_of("127.0.0.1", "/"), .timeout_ms = i < 3 ? 2000 : 200},
                    keep, &outcomes[i], NULL);
    for (int i = 3; i < 5; i++) {
        wait_until(&outcomes[i].ended);
        assert_int_equal(outcomes[i].err, ERR_TIMEOUT);
        assert_false(outcomes[i].sent);
        assert_true(outcomes[i].took_ms < 1000);
    }
    assert_false(outcomes[0].ended);
    client_free(&client);
    for (int i = 0; i < 3; i++) assert_int_equal(outcomes[i].err, ERR_CLOSED);
}

static void too_many_waiting_are_refused(void **unused) {
    client_free(&client);
    client = client_new(
        loop, &(struct client_options){.approved = &loopback, .approved_count = 1, .calls_max = 1, .waiting_max = 2});
    server.answer = NULL;
    static struct outcome outcomes[4];
    struct client_call *calls[4];
    for (int i = 0; i < 4; i++)
        client_send(client, &(struct client_request){.method = "GET", .url = url_of("127.0.0.1", "/")}, keep,
                    &outcomes[i], &calls[i]);
    wait_until(&outcomes[3].ended);
    assert_int_equal(outcomes[3].err, ERR_FULL);
    assert_false(outcomes[0].ended);
    client_cancel(client, calls[0]);
    client_cancel(client, calls[2]);
    assert_false(outcomes[0].ended);
    wait_until(&outcomes[0].ended);
    wait_until(&outcomes[2].ended);
    assert_int_equal(outcomes[0].err, ERR_CLOSED);
    assert_false(outcomes[1].ended);
}

static void a_peer_that_is_away_or_cuts_off(void **unused) {
    server.answer = "";
    struct outcome outcome = get(url_of("127.0.0.1", "/"));
    assert_int_equal(outcome.err, ERR_CLOSED);
    assert_true(outcome.sent); /* who knows what it did */
    server.answer = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart";
    assert_int_equal(get(url_of("127.0.0.1", "/")).err, ERR_CLOSED);
    server.answer = "nonsense\r\n\r\n";
    assert_int_equal(get(url_of("127.0.0.1", "/")).err, ERR_CLOSED);
    outcome = get("http://127.0.0.1:1/");
    assert_int_equal(outcome.err, ERR_CLOSED);
    assert_false(outcome.sent);
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", server.port);
    server.answer = "HTTP/1.1 400 no TLS here\r\n\r\n";
    outcome = ask(&(struct client_request){.method = "GET", .url = url, .timeout_ms = 500});
    assert_true(outcome.err == ERR_CLOSED || outcome.err == ERR_TIMEOUT);
    assert_false(outcome.sent);
}

static void free_it(void *context, const struct client_response *response) {
    client_free(&client);
    *(bool *)context = true;
}

static void freed_in_its_own_callback(void **unused) {
    bool freed = false;
    struct outcome outcome = {0};
    struct client_request request = {.method = "GET", .url = url_of("127.0.0.1", "/")};
    client_send(client, &request, free_it, &freed, NULL);
    wait_until(&freed);
    assert_null(client);
    client = client_new(loop, &(struct client_options){.approved = &loopback, .approved_count = 1});
    server.answer = NULL;
    client_send(client, &request, keep, &outcome, NULL);
    request.method = "";
    freed = false;
    client_send(client, &request, free_it, &freed, NULL);
    wait_until(&freed);
    assert_true(outcome.ended);
    assert_int_equal(outcome.err, ERR_CLOSED);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_post_arrives_and_its_answer_comes_back),
        TEST(statuses_are_answers),
        TEST(a_redirect_is_not_followed),
        TEST(nothing_private_is_reached_however_it_is_written),
        TEST(an_approval_taken_back_counts_at_once),
        TEST(other_protocols_and_forms_are_no_requests),
        TEST(an_endless_body_is_cut_off),
        TEST(a_body_goes_into_a_file_and_is_bounded_there_too),
        TEST(a_hanging_peer_costs_its_deadline_and_nobody_elses),
        TEST(waiting_counts_against_the_deadline),
        TEST(too_many_waiting_are_refused),
        TEST(a_peer_that_is_away_or_cuts_off),
        TEST(freed_in_its_own_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
