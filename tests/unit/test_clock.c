/* Time as text, local dates, the movable clock. */
#include "common/clock.h"
#include "common/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void check_format(time_ms time, const char *expected) {
    char text[CLOCK_TEXT_BYTES];
    assert_int_equal(clock_format(time, text), strlen(expected));
    assert_string_equal(text, expected);
    time_ms back = -1;
    assert_int_equal(clock_parse(text, strlen(text), &back), ERR_NONE);
    assert_int_equal(back, time);
}

static void times_are_written_with_the_local_offset(void **state) {
    check_format(0, "1970-01-01T08:00:00+08:00");
    check_format(1795224600000, "2026-11-21T09:30:00+08:00");
    check_format(1795224600007, "2026-11-21T09:30:00.007+08:00");
    check_format(1709135999999, "2024-02-28T23:59:59.999+08:00");
    check_format(1709136000000, "2024-02-29T00:00:00+08:00");
    check_format(253402271999999, "9999-12-31T23:59:59.999+08:00");
}

static void check_parse(const char *text, time_ms expected) {
    time_ms time = -1;
    assert_int_equal(clock_parse(text, strlen(text), &time), ERR_NONE);
    assert_int_equal(time, expected);
}

static void times_are_read_with_any_offset(void **state) {
    check_parse("2026-11-21T09:30:00+08:00", 1795224600000);
    check_parse("2026-11-21T01:30:00Z", 1795224600000);
    check_parse("2026-11-21t01:30:00z", 1795224600000);
    check_parse("2026-11-20T20:00:00-05:30", 1795224600000);
    check_parse("2026-11-21T01:30:00.1Z", 1795224600100);
    check_parse("2026-11-21T01:30:00.123999999Z", 1795224600123);
    check_parse("2016-12-31T23:59:60Z", 1483228800000);
    check_parse("2016-12-31T23:59:60.9Z", 1483228800000);
}

static void everything_else_is_refused(void **state) {
    static const char *const bad[] = {"",
                                      "2026-11-21",
                                      "2026-11-21T09:30:00",
                                      "2026-11-21 09:30:00+08:00",
                                      "2026-11-21T09:30:00+0800",
                                      "2026-11-21T09:30+08:00",
                                      "2026-02-29T00:00:00Z",
                                      "2026-13-01T00:00:00Z",
                                      "2026-00-01T00:00:00Z",
                                      "2026-01-32T00:00:00Z",
                                      "2026-01-01T24:00:00Z",
                                      "2026-01-01T00:60:00Z",
                                      "2026-01-01T00:00:61Z",
                                      "2026-01-01T00:00:00.Z",
                                      "2026-01-01T00:00:00Zx",
                                      "1969-12-31T23:59:59Z",
                                      "1970-01-01T00:00:00+08:00",
                                      "2026-01-01T00:00:00+24:00",
                                      "026-01-01T00:00:00Z",
                                      "2026-01-01T00:00:00*08:00"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        time_ms time = 7;
        if (clock_parse(bad[i], strlen(bad[i]), &time) != ERR_INVALID || time != 7) fail_msg("%s", bad[i]);
    }
    time_ms time;
    assert_int_equal(clock_parse("2026-01-01T00:00:00\0Z", 21, &time), ERR_INVALID);
}

/* Every day of the years people will use, against the C library. */
static void dates_agree_with_the_library(void **state) {
    setenv("TZ", "UTC", 1);
    tzset();
    for (int64_t day = 0; day < 60000; day++) {
        time_t moment = (time_t)(day * 86400);
        struct tm parts;
        gmtime_r(&moment, &parts);
        int32_t date = (parts.tm_year + 1900) * 10000 + (parts.tm_mon + 1) * 100 + parts.tm_mday;
        time_ms start = day * 86400000 - CLOCK_LOCAL_OFFSET_MS;
        if (!clock_date_is_valid(date) || clock_date_start(date) != start) fail_msg("%d", date);
        if (clock_date(start) != date || clock_date(start + 86399999) != date) fail_msg("%d", date);
    }
    assert_false(clock_date_is_valid(20260229));
    assert_false(clock_date_is_valid(20261301));
    assert_false(clock_date_is_valid(0));
    assert_false(clock_date_is_valid(-20260101));
}

static void the_test_clock_moves_wall_time_alone(void **state) {
    char path[] = "/tmp/paidan-clock-XXXXXX";
    close(mkstemp(path));
    assert_int_equal(clock_open(path), ERR_INVALID); /* empty: reading it would end the process */
    assert_int_equal(clock_set_offset(path, 86400000), ERR_NONE);
    assert_false(clock_is_test());
    time_ms real = clock_now();
    int64_t monotonic = clock_monotonic_ms();
    assert_int_equal(clock_open(path), ERR_NONE);
    assert_true(clock_is_test());
    assert_in_range(clock_now() - real, 86400000, 86400000 + 5000);
    assert_int_equal(clock_set_offset(path, -3600000), ERR_NONE); /* seen without opening it again */
    assert_in_range(clock_now() - real + 3600000, 0, 5000);
    assert_in_range(clock_monotonic_ms() - monotonic, 0, 5000);
    int64_t offset;
    assert_int_equal(clock_get_offset(path, &offset), ERR_NONE);
    assert_int_equal(offset, -3600000);
    assert_int_equal(clock_open(""), ERR_NONE);
    assert_false(clock_is_test());
    assert_int_equal(clock_open("/nowhere/clock"), ERR_NOT_FOUND);
    clock_pin(42);
    assert_int_equal(clock_now(), 42);
    clock_unpin();
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_written_with_the_local_offset),
        cmocka_unit_test(times_are_read_with_any_offset),
        cmocka_unit_test(everything_else_is_refused),
        cmocka_unit_test(dates_agree_with_the_library),
        cmocka_unit_test(the_test_clock_moves_wall_time_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
