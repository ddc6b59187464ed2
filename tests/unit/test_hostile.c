#define _GNU_SOURCE
/* Hostile webhook addresses, as many ways to write or to name a private place as are known, in a network of the test's own where each of
 * them leads to a listener. The listener counts who comes: with the guard nobody comes to an address that is not public; without it
 * (everything approved) they do come, so it is the guard that keeps them away. Also what is said when such an address is given. */
#include "common/client.h"
#include "common/clock.h"
#include "common/loop.h"
#include "common/weburl.h"
#include "tests/unit/own_network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20 * 1000, PORTS = 6, REACHED_MIN = 70 };

#define PATH_540 LABEL_60 LABEL_60 LABEL_60 LABEL_60 LABEL_60 LABEL_60 LABEL_60 LABEL_60 LABEL_60
#define LABEL_60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* What is told at registration: 'n' it is the network, 'w' the way it is written, '-' nothing: the name says nothing, the connect tells. */
static const struct {
    char told;
    const char *url;
} HOSTILE[] = {
    /* this machine, in every notation */
    {'n', "http://127.0.0.1/"},
    {'n', "http://127.0.0.1:8080/"},
    {'n', "https://127.0.0.1/"},
    {'n', "http://127.1.2.3/"},
    {'n', "http://127.255.255.254/"},
    {'w', "http://127.1/"},
    {'w', "http://127.0.1/"},
    {'w', "http://2130706433/"},
    {'w', "http://017700000001/"},
    {'w', "http://0x7f000001/"},
    {'w', "http://0x7F.1/"},
    {'w', "http://0177.0.0.1/"},
    {'w', "http://0177.0000.0000.0001/"},
    {'w', "http://0x7f.0x0.0x0.0x1/"},
    {'w', "http://127.0x0.00.1/"},
    {'w', "http://00000177.1/"},
    {'w', "http://127.0.0.01/"},
    {'w', "http://127.65535.1/"},
    {'w', "http://127.0.0.1./"},
    {'w', "http://127.0.0.1../"},
    {'w', "http://%31%32%37.0.0.1/"},
    {'w', "http://127%2e0%2e0%2e1/"},
    {'w', "http://127.0.0.1%00.example.org/"},
    {'w', "http://①②⑦.0.0.1/"},
    {'w', "http://１２７.０.０.１/"},
    {'w', "http://127。0。0。1/"},
    {'w', "http://127．0．0．1/"},
    {'w', "http://127｡0｡0｡1/"},
    {'w', "http://𝟏𝟐𝟕.𝟎.𝟎.𝟏/"},
    {'w', "http://١٢٧.0.0.1/"},
    {'n', "http://0.0.0.0/"},
    {'w', "http://0/"},
    {'w', "http://0x0/"},
    {'w', "http://00.0/"},
    {'n', "http://0.1.2.3/"},
    {'-', "http://localhost/"},
    {'-', "http://LOCALHOST/"},
    {'w', "http://localhost./"},
    {'w', "http://ⓛocalhost/"},
    {'-', "http://ip6-localhost/"},
    {'-', "http://localhost.localdomain/"},
    {'-', "http://this-machine/"},
    /* the same in IPv6, and IPv4 inside IPv6 */
    {'n', "http://[::1]/"},
    {'n', "https://[::1]/"},
    {'n', "http://[0:0:0:0:0:0:0:1]/"},
    {'n', "http://[0000:0000:0000:0000:0000:0000:0000:0001]/"},
    {'w', "http://[::1%lo]/"},
    {'w', "http://[::1%25lo]/"},
    {'n', "http://[::]/"},
    {'n', "http://[::127.0.0.1]/"},
    {'n', "http://[::7f00:1]/"},
    {'n', "http://[::ffff:127.0.0.1]/"},
    {'n', "http://[::ffff:7f00:1]/"},
    {'n', "http://[::FFFF:0A00:0001]/"},
    {'n', "http://[::ffff:169.254.169.254]/"},
    {'n', "http://[::ffff:192.168.0.1]/"},
    {'n', "http://[::ffff:0:127.0.0.1]/"},
    {'n', "http://[::ffff:0.0.0.0]/"},
    {'n', "http://[64:ff9b::127.0.0.1]/"},
    {'n', "http://[64:ff9b::7f00:1]/"},
    {'n', "http://[64:ff9b::a9fe:a9fe]/"},
    {'n', "http://[64:ff9b::10.0.0.1]/"},
    {'n', "http://[64:ff9b:1::127.0.0.1]/"},
    {'n', "http://[2002:7f00:1::]/"},
    {'n', "http://[2002:a9fe:a9fe::1]/"},
    {'n', "http://[2002:c0a8:1::1]/"},
    {'n', "http://[2001:0:7f00:1::]/"},
    {'n', "http://[2001:10::1]/"},
    {'n', "http://[2001:db8::1]/"},
    {'n', "http://[3fff::1]/"},
    {'n', "http://[fc00::1]/"},
    {'n', "http://[fd00::1]/"},
    {'n', "http://[fd00:ec2::254]/latest/meta-data/"},
    {'n', "http://[fdff:ffff:ffff::1]/"},
    {'n', "http://[fe80::1]/"},
    {'w', "http://[fe80::1%25lo]/"},
    {'n', "http://[febf::1]/"},
    {'n', "http://[fec0::1]/"},
    {'n', "http://[ff02::1]/"},
    {'n', "http://[ff05::2]/"},
    {'n', "http://[100::1]/"},
    {'n', "http://[5f00::1]/"},
    {'n', "http://[4000::1]/"},
    {'w', "http://[127.0.0.1]/"},
    {'w', "http://[::1/"},
    {'w', "http://::1/"},
    /* where clouds keep their metadata, and link-local */
    {'n', "http://169.254.169.254/latest/meta-data/"},
    {'w', "http://2852039166/latest/meta-data/"},
    {'w', "http://0xa9fea9fe/"},
    {'w', "http://0xA9.0xFE.0xA9.0xFE/"},
    {'w', "http://0251.0376.0251.0376/"},
    {'w', "http://169.254.43518/"},
    {'n', "http://169.254.170.2/v2/credentials"},
    {'n', "http://169.254.0.1/"},
    {'n', "http://100.100.100.200/latest/meta-data/"},
    {'n', "http://192.0.0.192/latest/"},
    {'-', "http://metadata.test/computeMetadata/v1/"},
    /* private and special IPv4 */
    {'n', "http://10.0.0.1/"},
    {'n', "http://10.255.255.255/"},
    {'w', "http://10.1/"},
    {'w', "http://167772161/"},
    {'w', "http://012.0.0.1/"},
    {'n', "http://172.16.0.1/"},
    {'n', "http://172.31.255.254/"},
    {'w', "http://0xac100001/"},
    {'n', "http://192.168.0.1/"},
    {'n', "http://192.168.255.254/"},
    {'w', "http://3232235521/"},
    {'n', "http://100.64.0.1/"},
    {'n', "http://100.127.255.254/"},
    {'n', "http://192.0.2.1/"},
    {'n', "http://192.88.99.1/"},
    {'n', "http://198.18.0.1/"},
    {'n', "http://198.19.255.254/"},
    {'n', "http://198.51.100.1/"},
    {'n', "http://203.0.113.1/"},
    {'n', "http://224.0.0.1/"},
    {'n', "http://239.255.255.250/"},
    {'n', "http://240.0.0.1/"},
    {'n', "http://255.255.255.255/"},
    /* names that lead there */
    {'-', "http://private.test/"},
    {'-', "http://loop.test/"},
    {'-', "https://loop.test/"},
    {'-', "http://deep.name.of.a.private.host.test/"},
    {'-', "http://127.0.0.1.nip.test/"},
    {'-', "http://a9fea9fe.nip.test/"},
    {'-', "http://mapped.test/"},
    {'-', "http://unique-local.test/"},
    {'-', "http://nat64.test/"},
    {'-', "http://both.test/"},
    {'-', "http://several.test/"},
    {'-', "http://public-is-away.test/"},
    {'-', "http://six-to-four.test/"},
    {'-', "http://any.test/"},
    /* a private host behind a public-looking beginning */
    {'w', "http://example.org@127.0.0.1/"},
    {'w', "http://example.org:80@127.0.0.1/"},
    {'w', "http://user:secret@127.0.0.1/"},
    {'w', "http://:@127.0.0.1/"},
    {'w', "http://@127.0.0.1/"},
    {'w', "http://127.0.0.1:80\\@example.org/"},
    {'w', "http://127.0.0.1\\.example.org/"},
    {'w', "http://127.0.0.1#@example.org/"},
    {'n', "http://127.0.0.1?@example.org/"},
    {'w', "http://127.0.0.1 .example.org/"},
    {'w', "http://127.0.0.1\t/"},
    {'w', "http://127.0.0.1\r\nHost: example.org/"},
    {'w', "http:127.0.0.1/"},
    {'w', "http:/127.0.0.1/"},
    {'w', "http:///127.0.0.1/"},
    {'w', "http:////127.0.0.1/"},
    {'w', "http:\\\\127.0.0.1\\"},
    {'w', "//127.0.0.1/"},
    {'w', "127.0.0.1"},
    {'w', "127.0.0.1:80/"},
    {'w', " http://127.0.0.1/"},
    {'n', "HTTP://127.0.0.1/"},
    {'n', "hTTps://127.0.0.1/"},
    /* other schemes */
    {'w', "ftp://127.0.0.1/"},
    {'w', "file:///etc/passwd"},
    {'w', "file://127.0.0.1/etc/passwd"},
    {'w', "gopher://127.0.0.1:80/_GET"},
    {'w', "dict://127.0.0.1:80/x"},
    {'w', "ldap://127.0.0.1:80/"},
    {'w', "smtp://127.0.0.1:25/"},
    {'w', "telnet://127.0.0.1:80/"},
    {'w', "tftp://127.0.0.1/x"},
    {'w', "smb://127.0.0.1/x"},
    {'w', "ws://127.0.0.1/"},
    {'w', "unix:///run/docker.sock"},
    {'w', "javascript:alert(1)"},
    {'w', "data:text/plain,x"},
    {'w', "jar:http://127.0.0.1/!/"},
    /* ports */
    {'n', "http://127.0.0.1:6379/"},
    {'w', "http://loop.test:22/"},
    {'w', "http://loop.test:25/"},
    {'w', "http://loop.test:0/"},
    {'w', "http://loop.test:65536/"},
    {'w', "http://loop.test:4294967376/"},
    {'w', "http://loop.test:-80/"},
    {'w', "http://loop.test:+80/"},
    {'w', "http://loop.test:80:80/"},
    {'w', "http://loop.test:0x50/"},
    {'w', "http://loop.test:８０/"},
    {'w', "http://loop.test:/"},
    /* lengths and dots */
    {'w', ""},
    {'w', "http://"},
    {'w', "http://."},
    {'w', "http://.loop.test/"},
    {'w', "http://loop..test/"},
    {'w', "http://loop.test./"},
    {'w', "http://-loop.test/"},
    {'w', "http://loop.test,127.0.0.1/"},
    {'w', "http://{loop,private}.test/"},
    {'w', "http://" LABEL_60 LABEL_60 ".test/"},
    {'w', "http://" LABEL_60 "." LABEL_60 "." LABEL_60 "." LABEL_60 ".loop.test.long/"},
    {'w', "http://127.0.0.1/" PATH_540 PATH_540 PATH_540 PATH_540},
};
enum { HOSTILE_COUNT = sizeof HOSTILE / sizeof *HOSTILE };

static const char HOSTS[] = "127.0.0.1 localhost localhost.localdomain this-machine\n::1 localhost ip6-localhost\n";

#define PUBLIC "198.41.0.4"
#define AWAY   "199.7.83.42" /* public, and there is no way to it */

static struct own_name names[] = {
    {"private.test", {"10.0.0.5"}, NULL, 0},
    {"loop.test", {"127.0.0.1"}, NULL, 0},
    {"metadata.test", {"169.254.169.254"}, NULL, 0},
    {"deep.name.of.a.private.host.test", {"192.168.7.7"}, NULL, 0},
    {"127.0.0.1.nip.test", {"127.0.0.1"}, NULL, 0},
    {"a9fea9fe.nip.test", {"169.254.169.254"}, NULL, 0},
    {"mapped.test", {"::ffff:127.0.0.1"}, NULL, 0},
    {"unique-local.test", {"fd00::5"}, NULL, 0},
    {"nat64.test", {"64:ff9b::7f00:1"}, NULL, 0},
    {"six-to-four.test", {"2002:7f00:1::1"}, NULL, 0},
    {"any.test", {"0.0.0.0", "::"}, NULL, 0},
    {"both.test", {"10.0.0.6", "fd00::6"}, NULL, 0},
    {"several.test", {"10.0.0.7", "172.16.0.7", "192.168.0.7", "::1"}, NULL, 0},
    {"public-is-away.test", {AWAY, "127.0.0.1"}, NULL, 0},
    {"public.test", {PUBLIC}, NULL, 0},
    {"rebind.test", {PUBLIC}, "127.0.0.1", 0},
};

static struct loop *loop;
static struct client *client;
static bool has_network;

/* ---- who comes ------------------------------------------------------------------------------------------------------------- */

static struct canary {
    int fd;
    struct loop_fd *watcher;
} canaries[PORTS];
static const int PORT[PORTS] = {80, 443, 22, 25, 6379, 8080};
static int came, came_where_nobody_may;
static const char *answer;

static void on_guest(void *context, int ready) {
    const struct canary *canary = context;
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    int fd = accept4(canary->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) return;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    came++;
    came_where_nobody_may += !netaddr_is_public((struct sockaddr *)&at);
    assert_true(send(fd, answer, strlen(answer), MSG_NOSIGNAL) > 0);
    close(fd);
}

static void listen_at(struct canary *canary, int port) {
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    canary->fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (canary->fd < 0 || bind(canary->fd, (struct sockaddr *)&v6, sizeof v6)) {
        canary->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(canary->fd, (struct sockaddr *)&v4, sizeof v4), 0);
    }
    assert_int_equal(listen(canary->fd, 64), 0);
    assert_int_equal(loop_fd_new(loop, canary->fd, on_guest, canary, &canary->watcher), ERR_NONE);
    loop_fd_watch(canary->watcher, LOOP_READ);
}

static int setup(void **unused) {
    uint8_t away[4];
    loop = loop_new();
    came = came_where_nobody_may = 0;
    answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    client = client_new(loop, &(struct client_options){0});
    if (!has_network) return 0;
    for (int i = 0; i < PORTS; i++) listen_at(&canaries[i], PORT[i]);
    assert_true(own_names_open(loop, names, sizeof names / sizeof *names));
    inet_pton(AF_INET, AWAY, away);
    own_network_route(AF_INET, RTN_UNREACHABLE, away); /* there already in the second test */
    return 0;
}

static int teardown(void **unused) {
    client_free(&client);
    for (int i = 0; i < PORTS && has_network; i++) {
        loop_fd_free(&canaries[i].watcher);
        close(canaries[i].fd);
    }
    if (has_network) own_names_close();
    loop_free(&loop);
    return 0;
}

/* ---- asking ------------------------------------------------------------------------------------------------------------------ */

struct outcome {
    bool ended, sent;
    enum err err;
    int status;
    char address[NETADDR_TEXT_MAX];
};

static void keep(void *context, const struct client_response *response) {
    struct outcome *outcome = context;
    *outcome =
        (struct outcome){.ended = true, .sent = response->sent, .err = response->err, .status = response->status};
    strcpy(outcome->address, response->address);
}

static struct outcome post(const char *url) {
    static struct outcome outcome;
    outcome = (struct outcome){0};
    int64_t until = clock_monotonic_ms() + PATIENCE_MS;
    client_send(
        client,
        &(struct client_request){.method = "POST", .url = url, .body = "{}", .body_length = 2, .timeout_ms = 9000},
        keep, &outcome, NULL);
    while (!outcome.ended && clock_monotonic_ms() < until) loop_turn(loop, 50);
    assert_true(outcome.ended);
    return outcome;
}

static void approve_everything(void) {
    struct netaddr_range all;
    assert_int_equal(netaddr_range_parse("::/0", &all), ERR_NONE);
    client_approve(client, &all, 1);
}

/* ---- the tests ----------------------------------------------------------------------------------------------------------------- */

static void no_hostile_address_is_reached(void **unused) {
    if (!has_network) skip();
    assert_true(HOSTILE_COUNT >= 100);
    for (int i = 0; i < HOSTILE_COUNT; i++) {
        struct outcome outcome = post(HOSTILE[i].url);
        if (outcome.err == ERR_NONE || outcome.sent || outcome.status || came)
            fail_msg("%s: err %d, status %d, %d came (%s)", HOSTILE[i].url, outcome.err, outcome.status, came,
                     outcome.address);
    }
    assert_int_equal(came, 0);
    assert_int_equal(post("http://public.test/").err, ERR_NONE); /* the listener does hear who may come */
    assert_int_equal(post("http://" PUBLIC "/").err, ERR_NONE);
    assert_int_equal(came, 2);
    assert_int_equal(came_where_nobody_may, 0);
}

/* So that the test above means something: each of these leads somewhere, and only the guard stands between. */
static void without_the_guard_they_are_reached(void **unused) {
    if (!has_network) skip();
    approve_everything();
    for (int i = 0; i < HOSTILE_COUNT; i++) post(HOSTILE[i].url);
    print_message("# %d of %d addresses lead to a listener without the guard\n", came_where_nobody_may, HOSTILE_COUNT);
    assert_true(came_where_nobody_may >= REACHED_MIN);
}

static void a_name_that_changes_its_mind_is_followed_to_no_private_place(void **unused) {
    if (!has_network) skip();
    assert_int_equal(post("http://rebind.test/").err, ERR_NONE);
    assert_int_equal(came, 1);
    client_free(&client); /* what it remembers of names as well */
    client = client_new(loop, &(struct client_options){0});
    struct outcome outcome = post("http://rebind.test/");
    assert_int_equal(outcome.err, ERR_REFUSED);
    assert_string_equal(outcome.address, "127.0.0.1");
    assert_int_equal(came, 1);
}

static void a_redirect_leads_nowhere(void **unused) {
    if (!has_network) skip();
    static const char *const places[] = {"http://127.0.0.1/", "http://169.254.169.254/", "http://[::1]/",
                                         "//loop.test/",      "gopher://127.0.0.1:80/",  "file:///etc/passwd"};
    static const int statuses[] = {301, 302, 303, 307, 308};
    char text[200];
    answer = text;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        for (size_t s = 0; s < sizeof statuses / sizeof *statuses; s++) {
            snprintf(text, sizeof text, "HTTP/1.1 %d Go\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", statuses[s],
                     places[i]);
            came = 0;
            assert_int_equal(post("http://public.test/").status, statuses[s]);
            assert_int_equal(came, 1);
        }
    assert_int_equal(came_where_nobody_may, 0);
}

static void approved_is_what_was_approved_and_nothing_beside_it(void **unused) {
    if (!has_network) skip();
    static const struct {
        const char *url;
        bool reached;
    } cases[] = {{"http://10.1.2.3/", true},
                 {"http://10.1.255.255/", true},
                 {"http://10.2.0.0/", false},
                 {"http://10.0.255.255/", false},
                 {"http://private.test/", false},
                 {"http://[::ffff:10.1.2.3]/", true},
                 {"http://[64:ff9b::a01:203]/", false},
                 {"http://127.0.0.1/", false}};
    struct netaddr_range range;
    assert_int_equal(netaddr_range_parse("10.1.0.0/16", &range), ERR_NONE);
    client_approve(client, &range, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        came = 0;
        enum err err = post(cases[i].url).err;
        if (came != cases[i].reached || (err == ERR_NONE) != cases[i].reached)
            fail_msg("%s: %d, %d came", cases[i].url, err, came);
    }
}

static void whoever_registers_one_is_told_what_is_wrong(void **unused) {
    for (int i = 0; i < HOSTILE_COUNT; i++) {
        struct sentence wrong = {"", ""};
        bool fit = weburl_is_fit(HOSTILE[i].url, NULL, 0, &wrong);
        bool of_network = strstr(wrong.en, "no public address") != NULL;
        char told = fit ? '-' : of_network ? 'n' : 'w';
        if (told != HOSTILE[i].told || (!fit && (!*wrong.zh || !*wrong.en)))
            fail_msg("%s: '%c' instead of '%c': %s", HOSTILE[i].url, told, HOSTILE[i].told, wrong.en);
    }
}

static void what_is_fit(void **unused) {
    static const char *const fit[] = {"https://example.org",
                                      "http://example.org/",
                                      "HTTPS://Example.org:8443/a/b?c=d&e=@",
                                      "https://hooks.water.example.org/%E6%B0%B4",
                                      "http://intranet-host/",
                                      "http://xn--fiqs8s/",
                                      "https://8.8.8.8/",
                                      "https://[2001:4860:4860::8888]:443/",
                                      "http://10.1.2.3:3000/hook"};
    struct netaddr_range range;
    struct sentence wrong = {"", ""};
    assert_int_equal(netaddr_range_parse("10.1.0.0/16", &range), ERR_NONE);
    for (size_t i = 0; i < sizeof fit / sizeof *fit; i++)
        if (!weburl_is_fit(fit[i], &range, 1, &wrong)) fail_msg("%s: %s", fit[i], wrong.en);
    assert_false(weburl_is_fit("http://10.2.0.1/", &range, 1, &wrong));
    assert_non_null(strstr(wrong.zh, "network approve"));
}

int main(void) {
    has_network = own_network_enter(HOSTS);
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(no_hostile_address_is_reached),
        TEST(without_the_guard_they_are_reached),
        TEST(a_name_that_changes_its_mind_is_followed_to_no_private_place),
        TEST(a_redirect_leads_nowhere),
        TEST(approved_is_what_was_approved_and_nothing_beside_it),
        cmocka_unit_test(whoever_registers_one_is_told_what_is_wrong),
        cmocka_unit_test(what_is_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
