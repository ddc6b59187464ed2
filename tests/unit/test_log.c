/* Log records: shape, escaping, bounds, rate limit. */
#include "common/clock.h"
#include "common/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int ends[2];
static char heard[1 << 16];

static int begin(void **state) {
    log_open("test", LOG_INFO);
    clock_pin(1795305600123); /* 2026-11-22T08:00:00.123+08:00 */
    return pipe(ends) ? -1 : (log_to(ends[1]), 0);
}

static int end(void **state) {
    close(ends[0]);
    close(ends[1]);
    log_to(STDERR_FILENO);
    clock_unpin();
    return 0;
}

static const char *hear(void) {
    close(ends[1]);
    size_t len = 0;
    for (ssize_t got; (got = read(ends[0], heard + len, sizeof heard - 1 - len)) > 0;) len += (size_t)got;
    heard[len] = 0;
    return heard;
}

#define HEAD(level, event)                                                                                             \
    "{\"time\":\"2026-11-22T08:00:00.123+08:00\",\"level\":\"" level "\",\"service\":\"test\",\"event\":\"" event "\""

static void a_record_is_one_line_of_json(void **state) {
    log_info("nothing");
    log_debug("not_written");
    log_warn("all_kinds", LOG_TEXT("text", "a\"\n路"), LOG_BYTES("bytes", "xyz", 2), LOG_INT("int", -5),
             LOG_ID("id", 20261121000000123), LOG_REAL("real", 0.25), LOG_REAL("nan", NAN), LOG_BOOL("bool", true),
             LOG_ERR(ERR_TIMEOUT), LOG_TEXT("none", NULL));
    assert_string_equal(hear(), HEAD("info", "nothing") "}\n" HEAD(
                                    "warn", "all_kinds") ",\"text\":\"a\\\"\\n路\",\"bytes\":\"xy\",\"int\":-5,\"id\":"
                                                         "\"20261121000000123\",\"real\":0.25,\"nan\":null,"
                                                         "\"bool\":true,\"err\":\"TIMEOUT\",\"none\":null}\n");
}

static void a_record_is_bounded(void **state) {
    char text[3000];
    memset(text, 1, sizeof text); /* each becomes six characters */
    log_error("long", LOG_BYTES("a", text, sizeof text), LOG_INT("b", 1));
    memset(text, 'x', sizeof text);
    log_error("long", LOG_BYTES("a", text, sizeof text), LOG_BYTES("b", text, sizeof text),
              LOG_BYTES("c", text, sizeof text), LOG_BYTES("d", text, sizeof text), LOG_INT("e", 1));
    const char *first = hear(), *second = strchr(first, '\n') + 1;
    assert_true(second - first <= LOG_LINE_BYTES);
    assert_true(strlen(second) <= LOG_LINE_BYTES);
    assert_non_null(strstr(second, ",\"e\":1,\"cut\":true}\n")); /* d did not fit, e did */
}

static void a_noisy_place_is_quietened(void **state) {
    for (int i = 0; i < 200; i++) log_info("noise");
    struct log_site site = {.window_start_ms = 1, .suppressed = 7};
    log_write(&site, LOG_INFO, "after", NULL, 0);
    int lines = 0;
    for (const char *at = hear(); (at = strchr(at, '\n')); at++) lines++;
    assert_int_equal(lines, LOG_BURST + 1);
    assert_non_null(strstr(heard, HEAD("info", "after") ",\"suppressed\":7}\n"));
}

static void what_cannot_be_written_is_counted(void **state) {
    int64_t before = log_lost_count();
    log_to(-1);
    log_info("lost");
    assert_int_equal(log_lost_count() - before, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_record_is_one_line_of_json, begin, end),
        cmocka_unit_test_setup_teardown(a_record_is_bounded, begin, end),
        cmocka_unit_test_setup_teardown(a_noisy_place_is_quietened, begin, end),
        cmocka_unit_test_setup_teardown(what_cannot_be_written_is_counted, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
