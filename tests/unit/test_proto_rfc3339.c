/* Times as text, against the C library's calendar and by hand at the edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/rfc3339.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *text_of(time_ms time) {
    static char text[RFC3339_BYTES];
    size_t len = rfc3339_write(time, text);
    assert_int_equal(len, strlen(text));
    return text;
}

static void times_are_written(void **state) {
    assert_string_equal(text_of(0), "1970-01-01T08:00:00+08:00");
    assert_string_equal(text_of(1795224600000), "2026-11-21T09:30:00+08:00");
    assert_string_equal(text_of(1795224600007), "2026-11-21T09:30:00.007+08:00");
    assert_string_equal(text_of(-1), "1970-01-01T07:59:59.999+08:00");
    assert_string_equal(text_of(INT64_MAX), "9999-12-31T23:59:59.999+08:00");
    assert_string_equal(text_of(INT64_MIN), "0000-01-01T00:00:00+08:00");
}

static void every_day_of_ten_thousand_years_agrees_with_the_c_library(void **state) {
    const int64_t day = 86400;
    for (int64_t second = -62167219200 + day; second < 253402300800 - day; second += day - 1) {
        time_t local = (time_t)(second + 8 * 3600);
        struct tm tm;
        char expected[64];
        gmtime_r(&local, &tm);
        snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02d+08:00", tm.tm_year + 1900, tm.tm_mon + 1,
                 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        if (strcmp(text_of(second * 1000), expected) != 0) fail_msg("%s, not %s", text_of(second * 1000), expected);
        time_ms back = 0;
        assert_true(rfc3339_read(expected, strlen(expected), &back));
        assert_true(back == second * 1000);
    }
}

static void every_form_is_read(void **state) {
    static const struct {
        const char *text;
        time_ms time;
    } cases[] = {
        {"2026-11-21T09:30:00+08:00", 1795224600000},
        {"2026-11-21T01:30:00Z", 1795224600000},
        {"2026-11-21t01:30:00z", 1795224600000},
        {"2026-11-20T20:00:00-05:30", 1795224600000},
        {"2026-11-21T01:30:00+00:00", 1795224600000},
        {"2026-11-21T01:30:00.5Z", 1795224600500},
        {"2026-11-21T01:30:00.123456789Z", 1795224600123},
        {"2026-11-21T01:30:00.000Z", 1795224600000},
        {"1970-01-01T00:00:00Z", 0},
        {"1969-12-31T23:59:59.999Z", -1},
        {"2016-12-31T23:59:60Z", 1483228800000},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"2000-02-29T00:00:00Z", 951782400000},
        {"9999-12-31T23:59:59Z", 253402300799000},
        {"0000-01-01T00:00:00Z", -62167219200000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        time_ms time = 4711;
        if (!rfc3339_read(cases[i].text, strlen(cases[i].text), &time) || time != cases[i].time)
            fail_msg("%s gives %lld", cases[i].text, (long long)time);
    }
}

static void other_text_is_refused(void **state) {
    static const char *const cases[] = {
        "",
        "2026",
        "2026-11-21",
        "2026-11-21T09:30:00",
        "2026-11-21 09:30:00+08:00",
        "2026-11-21T09:30+08:00",
        "2026-11-21T09:30:00+0800",
        "2026-11-21T09:30:00+08",
        "2026-11-21T09:30:00.+08:00",
        "2026-11-21T09:30:00,5+08:00",
        "2026-11-21T09:30:00+08:00 ",
        " 2026-11-21T09:30:00+08:00",
        "2026-11-21T24:00:00+08:00",
        "2026-11-21T09:60:00+08:00",
        "2026-11-21T09:30:61+08:00",
        "2026-11-21T09:30:00+24:00",
        "2026-11-21T09:30:00+08:60",
        "2026-00-21T09:30:00+08:00",
        "2026-13-21T09:30:00+08:00",
        "2026-11-00T09:30:00+08:00",
        "2026-11-31T09:30:00+08:00",
        "2026-02-29T09:30:00+08:00",
        "1900-02-29T09:30:00+08:00",
        "+026-11-21T09:30:00+08:00",
        "2026-11-21T09:30:0a+08:00",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        time_ms time = 4711;
        if (rfc3339_read(cases[i], strlen(cases[i]), &time)) fail_msg("%s was taken", cases[i]);
        assert_true(time == 4711);
    }
    time_ms time;
    for (size_t len = 0; len < 25; len++) assert_false(rfc3339_read("2026-11-21T09:30:00+08:00", len, &time));
    assert_false(rfc3339_read("2026-11-21\0T09:30:00+08:00", 26, &time));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_written),
        cmocka_unit_test(every_day_of_ten_thousand_years_agrees_with_the_c_library),
        cmocka_unit_test(every_form_is_read),
        cmocka_unit_test(other_text_is_refused),
    };
    return cmocka_run_group_tests_name("proto rfc3339", tests, NULL, NULL);
}
