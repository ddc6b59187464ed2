/* Small things: errors' names, numbers, the arena, files, failpoints. */
#include "common/arena.h"
#include "common/err.h"
#include "common/failpoint.h"
#include "common/file.h"
#include "common/number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void every_error_has_a_name(void **state) {
    for (int i = 0; i < ERR_COUNT; i++) assert_true(strlen(err_name((enum err)i)) > 1);
    assert_string_equal(err_name(ERR_UNKNOWN_OUTCOME), "UNKNOWN_OUTCOME");
    assert_string_equal(err_name((enum err)99), "?");
    assert_int_equal(err_from_errno(0), ERR_NONE);
    assert_int_equal(err_from_errno(ENOENT), ERR_NOT_FOUND);
    assert_int_equal(err_from_errno(EXDEV), ERR_IO);
}

/* ---- numbers */

static void numbers_are_written_and_read(void **state) {
    char text[NUMBER_TEXT_BYTES];
    int64_t request = number_request(20261121, 123), ticket = number_ticket(20261121, 1, 123), back;
    number_format_request(request, text);
    assert_string_equal(text, "R20261121000000123");
    assert_int_equal(number_parse_request(text, 18, &back), ERR_NONE);
    assert_int_equal(back, request);
    assert_int_equal(number_format_ticket(ticket, text), 18);
    assert_string_equal(text, "T20261121010000123");
    assert_int_equal(number_parse_ticket("t20261121010000123", 18, &back), ERR_NONE);
    assert_int_equal(back, ticket);
    assert_int_equal(number_date(ticket), 20261121);
    assert_int_equal(number_ticket_shard(ticket), 1);
    assert_int_equal(number_ticket_n(ticket), 123);
    assert_int_equal(number_request_n(number_request(99991231, NUMBER_REQUEST_N_MAX)), NUMBER_REQUEST_N_MAX);
    number_format_ticket(number_ticket(99991231, 99, NUMBER_TICKET_N_MAX), text);
    assert_string_equal(text, "T99991231999999999");
}

static void other_numbers_are_refused(void **state) {
    static const char *const bad[] = {"R2026112100000012",  "R202611210000001234", "T20261121010000123",
                                      "R20261121000000000", "R20261301000000001",  "R2026112100000012x",
                                      "20261121000000123R", "R-0261121000000123"};
    int64_t back = 7;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(number_parse_request(bad[i], strlen(bad[i]), &back), ERR_INVALID);
    assert_int_equal(number_parse_ticket("T20261121010000000", 18, &back), ERR_INVALID);
    assert_int_equal(back, 7);
}

static void integers_are_read_strictly(void **state) {
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"0", 0}, {"-1", -1}, {"9223372036854775807", INT64_MAX}, {"-9223372036854775808", INT64_MIN}};
    static const char *const bad[] = {"",
                                      "-",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "01",
                                      "-0",
                                      "1.0",
                                      "1e3",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t value;
        assert_int_equal(number_parse_int(good[i].text, strlen(good[i].text), &value), ERR_NONE);
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t value;
        if (!number_parse_int(bad[i], strlen(bad[i]), &value)) fail_msg("%s", bad[i]);
    }
}

/* ---- arena */

static void an_arena_gives_until_its_limit_and_again_after_a_reset(void **state) {
    struct arena arena;
    arena_init(&arena, 1024, 10 * 1024);
    for (int round = 0; round < 3; round++) {
        int count = 0;
        for (unsigned char *at; (at = arena_take(&arena, 100)); count++) {
            assert_int_equal((uintptr_t)at % 16, 0);
            memset(at, round, 100);
        }
        assert_in_range(count, 80, 102);
        assert_true(arena.bytes_held <= 10 * 1024);
        assert_null(arena_take(&arena, SIZE_MAX));
        assert_null(arena_zeroed(&arena, SIZE_MAX / 2, 4));
        arena_reset(&arena);
        assert_int_equal(arena.bytes_used, 0);
    }
    assert_null(arena_take(&arena, 20 * 1024));
    assert_non_null(arena_take(&arena, 5 * 1024)); /* larger than a chunk */
    arena_reset(&arena);
    assert_string_equal(arena_printf(&arena, "%s %d", "路", 5), "路 5");
    assert_string_equal(arena_copy(&arena, "abc", 2), "ab");
    assert_non_null(arena_take(&arena, 0));
    const int *zeros = arena_zeroed(&arena, 4, sizeof *zeros);
    assert_int_equal(zeros[0] | zeros[3], 0);
    arena_done(&arena);
}

/* ---- files */

static void files_are_read_and_replaced_whole(void **state) {
    char folder[] = "/tmp/paidan-file-XXXXXX", path[64], deep[80], *bytes = NULL;
    size_t len;
    struct stat stat_;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a", folder);
    snprintf(deep, sizeof deep, "%s/x/y/z", folder);
    assert_int_equal(file_read(path, 100, &bytes, &len), ERR_NOT_FOUND);
    assert_int_equal(file_write(path, "hello", 5, 0640), ERR_NONE);
    assert_int_equal(stat(path, &stat_), 0);
    assert_int_equal(stat_.st_mode & 0777, 0640);
    assert_int_equal(file_read(path, 4, &bytes, &len), ERR_TOO_LARGE);
    assert_int_equal(file_read(path, 5, &bytes, &len), ERR_NONE);
    assert_string_equal(bytes, "hello");
    assert_int_equal(len, 5);
    free(bytes);
    assert_int_equal(file_read(folder, 100, &bytes, &len), ERR_INVALID);
    assert_int_equal(file_make_folder(deep, 0700), ERR_NONE);
    assert_int_equal(file_make_folder(deep, 0700), ERR_NONE);
    assert_int_equal(file_make_folder(path, 0700), ERR_EXISTS);
    unlink(path);
    for (int i = 0; i < 3; i++, *strrchr(deep, '/') = 0) assert_int_equal(rmdir(deep), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* ---- failpoints: a child passes a point five times and tells how often "error" came */

#ifdef PAIDAN_TEST_BUILD
static int pass_points(const char *armed, const char *fired) {
    pid_t child = fork();
    if (child == 0) {
        int errors = 0;
        setenv("PAIDAN_FAILPOINTS", armed, 1);
        if (fired) setenv("PAIDAN_FAILPOINTS_FIRED", fired, 1);
        freopen("/dev/null", "w", stderr);
        for (int i = 0; i < 5; i++) errors += failpoint("router.after_commit") != ERR_NONE;
        _exit(10 + errors);
    }
    int status;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}
#endif

static void failpoints_act_at_the_named_pass(void **state) {
#ifdef PAIDAN_TEST_BUILD
    assert_int_equal(pass_points("", NULL), 10);
    assert_int_equal(pass_points("other=kill", NULL), 10);
    assert_int_equal(pass_points("router.after_commit=kill", NULL), -SIGKILL);
    assert_int_equal(pass_points("router.after_commit=kill:6", NULL), 10);
    assert_int_equal(pass_points("router.after_commit=exit:5", NULL), 1);
    assert_int_equal(pass_points("x=kill router.after_commit=error:2", NULL), 11);
    assert_int_equal(pass_points("router.after_commit=error:*", NULL), 15);
    assert_int_equal(pass_points("router.after_commit=explode", NULL), -SIGABRT);
    assert_int_equal(pass_points("router.after_commit", NULL), -SIGABRT);
    assert_int_equal(pass_points("router.after_commit=kill:0", NULL), -SIGABRT);
    char path[] = "/tmp/paidan-fired-XXXXXX", *text;
    size_t len;
    close(mkstemp(path));
    assert_int_equal(pass_points("router.after_commit=kill:2", path), -SIGKILL);
    assert_int_equal(pass_points("router.after_commit=kill:2", path), 10); /* the restarted one runs on */
    assert_int_equal(file_read(path, 1000, &text, &len), ERR_NONE);
    assert_int_equal(strncmp(text, "router.after_commit kill ", 25), 0);
    free(text);
    unlink(path);
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_name),
        cmocka_unit_test(numbers_are_written_and_read),
        cmocka_unit_test(other_numbers_are_refused),
        cmocka_unit_test(integers_are_read_strictly),
        cmocka_unit_test(an_arena_gives_until_its_limit_and_again_after_a_reset),
        cmocka_unit_test(files_are_read_and_replaced_whole),
        cmocka_unit_test(failpoints_act_at_the_named_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
