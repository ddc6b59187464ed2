/* Metrics: counting and the text Prometheus reads. */
#include "common/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

METRIC_COUNTER(answers, "test_b_answers_total", "Answers.", "result", "created", "repeated");
METRIC_GAUGE(depth, "test_a_depth", "Depth.");
METRIC_HISTOGRAM(wait, "test_c_wait_seconds", "Wait.", 0.1, 1);

static void the_text_is_what_prometheus_reads(void **state) {
    struct buffer out = {0};
    metric_add(&answers, 0, 1);
    metric_add(&answers, 1, 2);
    metric_set(&depth, 0, -1.5);
    metric_observe(&wait, 0.1); /* a bound belongs to its bucket */
    metric_observe(&wait, 0.5);
    metric_observe(&wait, 7);
    assert_true(metric_value(&answers, 1) == 2);
    assert_true(metric_value(&wait, 0) == 3);
    metrics_render(&out);
    const char *text = strstr(buffer_text(&out), "# HELP test_a");
    const char *expected =
        "# HELP test_a_depth Depth.\n# TYPE test_a_depth gauge\ntest_a_depth -1.5\n"
        "# HELP test_b_answers_total Answers.\n# TYPE test_b_answers_total counter\n"
        "test_b_answers_total{result=\"created\"} 1\ntest_b_answers_total{result=\"repeated\"} 2\n"
        "# HELP test_c_wait_seconds Wait.\n# TYPE test_c_wait_seconds histogram\n"
        "test_c_wait_seconds_bucket{le=\"0.1\"} 1\ntest_c_wait_seconds_bucket{le=\"1\"} 2\n"
        "test_c_wait_seconds_bucket{le=\"+Inf\"} 3\ntest_c_wait_seconds_sum 7.6\ntest_c_wait_seconds_count 3\n";
    assert_non_null(text);
    assert_int_equal(strncmp(text, expected, strlen(expected)), 0);
    buffer_done(&out);
}

static double value_of(const char *text, const char *name) {
    const char *at = strstr(text, name);
    assert_non_null(at);
    return atof(at + strlen(name));
}

static void the_process_is_measured(void **state) {
    struct buffer out = {0};
    metrics_render(&out);
    const char *text = buffer_text(&out);
    assert_true(value_of(text, "\nprocess_resident_memory_bytes ") > 1e6);
    assert_true(value_of(text, "\nprocess_open_fds ") >= 3);
    assert_true(value_of(text, "\nprocess_threads ") >= 1);
    assert_true(value_of(text, "\nprocess_cpu_seconds_total ") >= 0);
    assert_true(value_of(text, "\nprocess_age_seconds ") < 600);
    buffer_done(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_text_is_what_prometheus_reads),
                                       cmocka_unit_test(the_process_is_measured)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
