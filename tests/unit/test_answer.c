/* When the public answer is told, and which text it is (rule L48): what an outside system reads in each event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/codec.h"
#include "services/kit/event_json.h"

#define TEXT(string) ((struct text){string, sizeof(string) - 1})

static struct body {
    uint8_t bytes[2000];
    size_t len;
} own, finished, asked;

static void encode(struct body *body, struct text answer, int result) {
    struct effect effect = {.answer = answer, .result = (uint8_t)result};
    assert_int_equal(codec_encode(&type_effect, &effect, body->bytes, sizeof body->bytes, &body->len), CODEC_OK);
}

/* The whole event as its receiver gets it; request 0: a unit. */
static const char *told(int type, int64_t request) {
    static struct reference reference;
    static struct buffer json;
    struct event_row row = {.shard = 1,
                            .seq = 7,
                            .ticket = 20261121010000123,
                            .request = request,
                            .version = 3,
                            .type = type,
                            .external_id = "x",
                            .body = own.bytes,
                            .body_len = own.len,
                            .answer = {{finished.bytes, asked.bytes}, {finished.len, asked.len}}};
    buffer_clear(&json);
    assert_true(event_json(&reference, &row, &json));
    return buffer_text(&json);
}

static int setup(void **state) {
    encode(&own, TEXT(""), 0);
    finished.len = asked.len = 0;
    return 0;
}

static void holds(const char *json, const char *answer, const char *result) {
    char want[80];
    snprintf(want, sizeof want, "\"answer\":\"%s\"", answer);
    if (!strstr(json, want)) fail_msg("no %s in %s", want, json);
    snprintf(want, sizeof want, "\"result\":\"%s\"", result);
    if (!strstr(json, want)) fail_msg("no %s in %s", want, json);
}

static void test_a_requester_hears_nothing_before_the_check(void **state) {
    encode(&own, TEXT("done"), RESULT_SOLVED);
    holds(told(EVENT_FINISHED, 0), "done", "solved");
    holds(told(EVENT_FINISH_ASKED, 0), "done", "solved");
    assert_null(strstr(told(EVENT_FINISHED, 20261121000000123), "\"answer\""));
    assert_null(strstr(told(EVENT_FINISHED, 20261121000000123), "\"result\""));
    holds(told(EVENT_OUTSIDE_ANSWERED, 20261121000000123), "done", "solved");
    encode(&own, TEXT("elsewhere"), 0);
    assert_non_null(strstr(told(EVENT_DECLINED, 20261121000000123), "\"answer\":\"elsewhere\""));
}

static void test_what_passed_is_told(void **state) {
    assert_null(strstr(told(EVENT_CHECK_PASSED, 20261121000000123), "\"answer\""));
    encode(&finished, TEXT("done"), RESULT_PARTLY);
    holds(told(EVENT_CHECK_PASSED, 20261121000000123), "done", "partly");
    assert_null(strstr(told(EVENT_CHECK_PASSED, 0), "\"answer\"")); /* its unit has read it before */
    encode(&asked, TEXT("an older one"), RESULT_SOLVED);
    holds(told(EVENT_CHECK_PASSED, 20261121000000123), "done", "partly");
}

/* Agreed to without another word: the answer is what was asked for; what whoever agreed wrote goes before it. */
static void test_a_review_inside_the_unit(void **state) {
    encode(&asked, TEXT("as asked"), RESULT_EXPLAINED);
    assert_null(strstr(told(EVENT_CHECK_PASSED, 20261121000000123), "\"answer\"")); /* not agreed to */
    encode(&finished, TEXT(""), 0);
    holds(told(EVENT_CHECK_PASSED, 20261121000000123), "as asked", "explained");
    encode(&finished, TEXT(""), RESULT_PARTLY);
    holds(told(EVENT_CHECK_PASSED, 20261121000000123), "as asked", "partly");
    encode(&finished, TEXT("better said"), 0);
    assert_non_null(strstr(told(EVENT_CHECK_PASSED, 20261121000000123), "\"answer\":\"better said\""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_requester_hears_nothing_before_the_check, setup),
        cmocka_unit_test_setup(test_what_passed_is_told, setup),
        cmocka_unit_test_setup(test_a_review_inside_the_unit, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
