/* The life of a service, in a child process: ready, health, metrics, draining, giving up, exit codes. */
#include "common/file.h"
#include "services/kit/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- the service under test; what it does is configured */

enum mode { MODE_GOOD, MODE_NEVER_READY, MODE_NOT_OPENED, MODE_GIVES_UP, MODE_STUCK };

static struct {
    int mode;
    int64_t tickets_max;
} own;

static const struct config_key own_keys[] = {
    {.name = "mode",
     .type = CONFIG_CHOICE,
     .offset = 0,
     .size = sizeof own.mode,
     .default_text = "good",
     .choices = "good never_ready not_opened gives_up stuck",
     .doc_en = "Mode",
     .doc_zh = "方式"},
    {.name = "tickets_max",
     .type = CONFIG_INT,
     .offset = offsetof(__typeof__(own), tickets_max),
     .size = sizeof own.tickets_max,
     .default_text = "5",
     .doc_en = "Most",
     .doc_zh = "上限"},
    CONFIG_END,
};

struct tester {
    struct kit *kit;
    int asked_ready, asked_drain;
};

static void give_up(void *context) {
    kit_fail(context, "the lease is another's");
}

static enum err open_tester(struct kit *kit) {
    if (own.mode == MODE_NOT_OPENED) return ERR_NOT_FOUND;
    struct tester *tester = calloc(1, sizeof *tester);
    tester->kit = kit;
    kit->self = tester;
    if (own.mode == MODE_GIVES_UP) loop_timer_start(loop_timer_new(kit->loop, give_up, kit), 20, 0);
    return ERR_NONE;
}

static bool tester_is_ready(struct kit *kit, char ret_why[KIT_WHY_BYTES]) {
    struct tester *tester = kit->self;
    if (own.mode != MODE_NEVER_READY && tester->asked_ready++ >= 3) return true;
    strcpy(ret_why, "still loading");
    return false;
}

static bool drain_tester(struct kit *kit) {
    return own.mode != MODE_STUCK && ((struct tester *)kit->self)->asked_drain++ >= 3;
}

static void close_tester(struct kit *kit) {
    free(kit->self);
}

static void answer_hello(void *context, struct http_request *request) {
    struct kit *kit = context;
    struct tester *tester = kit->self;
    http_answer(request, 200, "text/plain", tester->kit->service->name, strlen(kit->service->name));
}

static const struct http_route routes[] = {{.method = HTTP_GET, .pattern = "/hello", .handler = answer_hello}, {0}};

static const struct service tester_service = {
    .name = "tester",
    .about_en = "a service for tests",
    .about_zh = "测试用服务",
    .config_keys = own_keys,
    .config = &own,
    .routes = routes,
    .open = open_tester,
    .ready = tester_is_ready,
    .drain = drain_tester,
    .close = close_tester,
};

/* ---- a child that runs it */

struct child {
    pid_t pid;
    int ready_fd, output_fd;
    char folder[64], said[65536];
};

static int begin(void **state) {
    struct child *child = calloc(1, sizeof *child);
    strcpy(child->folder, "/tmp/paidan-kit-XXXXXX");
    *state = child;
    return mkdtemp(child->folder) ? 0 : -1;
}

static int end(void **state) {
    struct child *child = *state;
    char path[100];
    static const char *const left[] = {"http/tester.sock", "http", "bus", ""};
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", child->folder, left[i]);
        remove(path);
    }
    free(child);
    return 0;
}

/* Starts `paidan-tester --ready-fd N --set run_dir=FOLDER` and up to two more arguments. */
static void start(struct child *child, const char *first, const char *second) {
    int ready[2], output[2];
    assert_int_equal(pipe(ready) | pipe(output), 0);
    child->pid = fork();
    if (child->pid == 0) {
        char fd[16], run_dir[100];
        snprintf(fd, sizeof fd, "%d", ready[1]);
        snprintf(run_dir, sizeof run_dir, "run_dir=%s", child->folder);
        char *args[] = {"paidan-tester", "--ready-fd", fd, "--set", run_dir, (char *)first, (char *)second, NULL};
        dup2(output[1], 1);
        dup2(output[1], 2);
        int count = 5 + (first != NULL) + (second != NULL), code = kit_main(count, args, &tester_service);
        exit(code); /* not _exit: the sanitizer looks for leaks */
    }
    close(ready[1]);
    close(output[1]);
    child->ready_fd = ready[0];
    child->output_fd = output[0];
}

static bool becomes_ready(struct child *child) {
    char byte = 0;
    return read(child->ready_fd, &byte, 1) == 1 && byte == '\n';
}

/* Its exit code, or minus the signal. What it printed is in said. */
static int wait_for(struct child *child) {
    int status;
    size_t len = 0;
    for (ssize_t got; (got = read(child->output_fd, child->said + len, sizeof child->said - 1 - len)) > 0;)
        len += (size_t)got;
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    close(child->ready_fd);
    close(child->output_fd);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* The whole answer; tries for three seconds to connect. */
static const char *get(struct child *child, const char *path) {
    static char answer[65536];
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s/http/tester.sock", child->folder);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), tries = 0;
    while (connect(fd, (struct sockaddr *)&name, sizeof name) && tries++ < 300)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    dprintf(fd, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    size_t len = 0;
    for (ssize_t got; (got = read(fd, answer + len, sizeof answer - 1 - len)) > 0;) len += (size_t)got;
    answer[len] = 0;
    close(fd);
    return answer;
}

static void assert_has(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("no \"%s\" in:\n%s", part, text);
}

/* ---- the stories */

static void it_becomes_ready_answers_and_drains(void **state) {
    struct child *child = *state;
    start(child, NULL, NULL);
    assert_true(becomes_ready(child));
    assert_has(get(child, "/healthz"), "200 OK");
    assert_has(get(child, "/readyz"), "\"status\":\"ready\"");
    assert_has(get(child, "/hello"), "tester");
    const char *metrics = get(child, "/metrics");
    assert_has(metrics, "\npaidan_ready 1\n");
    assert_has(metrics, "\nprocess_resident_memory_bytes ");
    assert_has(metrics, "\npaidan_http_answers_total{status=\"2xx\"} ");
    assert_has(metrics, "\npaidan_loop_turn_seconds_count ");
    kill(child->pid, SIGTERM);
    assert_int_equal(wait_for(child), KIT_EXIT_OK);
    assert_has(child->said, "\"event\":\"not_ready\",\"why\":\"still loading\"");
    assert_has(child->said, "\"event\":\"stopped\",\"exit_code\":0");
}

static void why_it_is_not_ready_can_be_read(void **state) {
    struct child *child = *state;
    start(child, "--set", "mode=never_ready");
    const char *answer = get(child, "/readyz");
    assert_has(answer, " 503 ");
    assert_has(answer, "Retry-After: 1");
    assert_has(answer, "still loading");
    assert_has(get(child, "/healthz"), " 200 ");
    kill(child->pid, SIGINT);
    assert_int_equal(wait_for(child), KIT_EXIT_OK);
    assert_false(becomes_ready(child));
}

static void what_cannot_open_exits_with_1(void **state) {
    struct child *child = *state;
    start(child, "--set", "mode=not_opened");
    assert_int_equal(wait_for(child), KIT_EXIT_FAILED);
    assert_has(child->said, "\"event\":\"not_opened\",\"err\":\"NOT_FOUND\"");
}

static void what_gives_up_exits_with_1_and_says_why(void **state) {
    struct child *child = *state;
    start(child, "--set", "mode=gives_up");
    assert_int_equal(wait_for(child), KIT_EXIT_FAILED);
    assert_has(child->said, "the lease is another's");
}

static void draining_has_a_deadline(void **state) {
    struct child *child = *state;
    start(child, "--set=mode=stuck", "--set=drain_ms=100ms");
    assert_true(becomes_ready(child));
    kill(child->pid, SIGTERM);
    assert_int_equal(wait_for(child), KIT_EXIT_DRAIN_TIMEOUT);
}

static void a_second_signal_ends_draining(void **state) {
    struct child *child = *state;
    start(child, "--set=mode=stuck", "--set=drain_ms=1min");
    assert_true(becomes_ready(child));
    kill(child->pid, SIGTERM);
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    kill(child->pid, SIGTERM);
    assert_int_equal(wait_for(child), KIT_EXIT_DRAIN_TIMEOUT);
}

static void mistakes_of_the_operator_exit_with_2(void **state) {
    struct child *child = *state;
    static const char *const mistakes[][2] = {{"--set=mode=perhaps", "mode must be one of"},
                                              {"--config=/nowhere/at.all", "No such file"},
                                              {"--set=clock_file=/nowhere/clock", "clock_not_opened"},
                                              {"--unheard-of", "--help"},
                                              {"surplus", "--help"}};
    for (size_t i = 0; i < 5; i++) {
        start(child, mistakes[i][0], NULL);
        assert_int_equal(wait_for(child), KIT_EXIT_USAGE);
        assert_has(child->said, mistakes[i][1]);
    }
}

static void it_explains_itself(void **state) {
    struct child *child = *state;
    start(child, "--help", NULL);
    assert_int_equal(wait_for(child), KIT_EXIT_OK);
    assert_has(child->said, "测试用服务");
    start(child, "--version", NULL);
    assert_int_equal(wait_for(child), KIT_EXIT_OK);
    assert_has(child->said, "paidan-tester ");
    start(child, "--config-doc", NULL);
    assert_int_equal(wait_for(child), KIT_EXIT_OK);
    assert_has(child->said, "| `run_dir` | ");
    assert_has(child->said, "| `tickets_max` | a whole number | `5` | 上限 | Most |");
    start(child, "--show-config", "--set=tickets_max=7");
    assert_int_equal(wait_for(child), KIT_EXIT_OK);
    assert_has(child->said, "tickets_max = 7\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_becomes_ready_answers_and_drains, begin, end),
        cmocka_unit_test_setup_teardown(why_it_is_not_ready_can_be_read, begin, end),
        cmocka_unit_test_setup_teardown(what_cannot_open_exits_with_1, begin, end),
        cmocka_unit_test_setup_teardown(what_gives_up_exits_with_1_and_says_why, begin, end),
        cmocka_unit_test_setup_teardown(draining_has_a_deadline, begin, end),
        cmocka_unit_test_setup_teardown(a_second_signal_ends_draining, begin, end),
        cmocka_unit_test_setup_teardown(mistakes_of_the_operator_exit_with_2, begin, end),
        cmocka_unit_test_setup_teardown(it_explains_itself, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
