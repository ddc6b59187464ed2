/* Letters to people: texts filled in and put into each carrier's shape without breaking out of it; mistakes in a carrier's settings
 * told with their place; answers and receipts understood. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "common/json.h"
#include "services/kit/carrier.h"
#include "services/kit/letter.h"
#include "services/notification/people.h"
#include "tests/unit/told.h"

/* as tests/unit/city.h has it */
#define SHOWS(rules) (void)(rules)

static struct carrier carrier_of(const cJSON *tree) {
    struct carrier carrier;
    told[0] = '\0';
    if (!carrier_read(tree, &arena, on_wrong, NULL, &carrier)) fail_msg("%s", told);
    return carrier;
}

static void check_wrong(const char *settings, const char *expected) {
    cJSON *tree = tree_of(settings);
    struct carrier carrier;
    told[0] = '\0';
    assert_false(carrier_read(tree, &arena, on_wrong, NULL, &carrier));
    assert_string_equal(told, expected);
    json_free(&tree);
}

/* ---- texts ---- */

static void test_texts_are_filled_in(void **state) {
    static const struct template_value values[] = {{"ticket", "T1"}, {"what", "{ticket}"}};
    struct buffer out = {0};
    (void)state;
    template_render("{what} {{x}} {ticket}{nothing}!", values, 2, &out);
    assert_string_equal(buffer_text(&out), "{ticket} {x} T1!"); /* what is filled in is not looked at again */
    buffer_done(&out);
}

static void test_a_text_that_cannot_be_used_is_refused(void **state) {
    static const char *const bad[] = {"{phone}", "{", "}", "{what", "{}", "{wha}", "{what ticket}", "a\x01", "{list}"};
    struct sentence wrong;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(template_is_fit(TEMPLATE_NOTICE, bad[i], true, &wrong));
        assert_true(*wrong.zh && *wrong.en);
    }
    assert_true(template_is_fit(TEMPLATE_NOTICE, "{what}\n{{{ticket}}}", true, &wrong));
    assert_false(template_is_fit(TEMPLATE_NOTICE, "{what}\n", false, &wrong)); /* a subject is one line */
    for (int i = 0; i < TEMPLATE_COUNT; i++) {
        for (int k = 0; k < 2; k++) {
            struct template_text text = template_built_in((enum template_name)i, (enum language)k);
            assert_true(template_is_fit((enum template_name)i, text.body, true, &wrong));
            assert_true(template_is_fit((enum template_name)i, text.subject, false, &wrong));
        }
    }
}

/* ---- both languages ---- */

static struct letter_said say(enum language language, int total) {
    static struct reference_unit units[2] = {{.name_zh = "", .name_en = ""}, {.name_zh = "水务局", .name_en = "Water"}};
    static struct unit known[2] = {{0}, {.id = 1, .kind = UNIT_DEPARTMENT}};
    static struct reference reference = {.units = units};
    reference.world.units = known;
    reference.world.unit_count = 2;
    static const struct letter_notice notices[2] = {{.type = EVENT_RUNG,
                                                     .rung = RUNG_RED_CARD,
                                                     .stage = STAGE_SIGN,
                                                     .about = 1,
                                                     .ticket = 20261122010000042,
                                                     .at = 1795338000000},
                                                    {.type = EVENT_RUNG,
                                                     .rung = RUNG_URGE,
                                                     .reminder = true,
                                                     .stage = STAGE_HANDLE,
                                                     .about = 1,
                                                     .ticket = 20261122010000043,
                                                     .at = 1795338060000}};
    struct template_text texts[TEMPLATE_COUNT];
    struct letter_said said;
    for (int i = 0; i < TEMPLATE_COUNT; i++) texts[i] = template_built_in((enum template_name)i, language);
    assert_true(letter_say(&reference, notices, total > 2 ? 2 : total, total, texts, language, &arena, &said));
    return said;
}

static void test_both_languages(void **state) {
    SHOWS("N8");
    (void)state;
    struct letter_said zh = say(LANGUAGE_ZH, 1), en = say(LANGUAGE_EN, 1);
    assert_string_equal(zh.text,
                        "红牌：工单 T20261122010000042，水务局，签收时限，2026-11-22 17:00。请登录派单系统查看。");
    assert_string_equal(
        en.text,
        "red card: ticket T20261122010000042, Water, sign limit, 2026-11-22 17:00. Sign in to Paidan for the rest.");
    assert_string_equal(zh.subject, "红牌：T20261122010000042");
    zh = say(LANGUAGE_ZH, 7);
    assert_string_equal(zh.subject, "7 条工单通知");
    assert_string_equal(
        zh.text,
        "7 条通知：\n红牌 T20261122010000042 水务局，签收时限 2026-11-22 17:00\n"
        "催办（再次提醒） T20261122010000043 水务局，处置时限 2026-11-22 17:01\n…… 另有 5 条\n请登录派单系统查看。");
    en = say(LANGUAGE_EN, 2);
    assert_string_equal(
        en.text,
        "2 notices:\nred card T20261122010000042 Water, sign limit 2026-11-22 17:00\n"
        "urge (reminder) T20261122010000043 Water, handling limit 2026-11-22 17:01\nSign in to Paidan for the rest.");
}

/* ---- shapes ---- */

static const struct template_value hostile[] = {
    {"text", "\"}, \"to\": \"1\n&x=1 %00 \xe7\xba\xa2"}, {"address", "1/../?a=b&c"}, {"id", "L1-2"}, {"code", "SMS_1"}};

static void check_composed(const char *settings, const char *url, const char *body) {
    cJSON *tree = tree_of(settings);
    struct carrier carrier = carrier_of(tree);
    struct carrier_request request = {.content_type = NULL};
    carrier_compose(&carrier, hostile, 4, &request);
    assert_string_equal(buffer_text(&request.url), url);
    assert_string_equal(buffer_text(&request.body), body);
    buffer_done(&request.url);
    buffer_done(&request.body);
    json_free(&tree);
}

static void test_what_is_filled_in_stays_in_its_place(void **state) {
    (void)state;
    check_composed("{\"kind\":\"robot\",\"url\":\"https://a.example/"
                   "send?key={address}\",\"json\":{\"t\":\"{text}\",\"n\":[1,true,null,\"{id}\"]}}",
                   "https://a.example/send?key=1%2F..%2F%3Fa%3Db%26c",
                   "{\"t\":\"\\\"}, \\\"to\\\": \\\"1\\n&x=1 %00 \xe7\xba\xa2\",\"n\":[1,true,null,\"L1-2\"]}");
    check_composed(
        "{\"kind\":\"sms\",\"url\":\"https://a.example/\",\"form\":{\"a b\":\"{address}\",\"T\":{\"t\":\"{text}\"}}}",
        "https://a.example/",
        "a%20b=1%2F..%2F%3Fa%3Db%26c&T=%7B%22t%22%3A%22%5C%22%7D%2C%20%5C%22to%5C%22%3A%20%5C%221%5Cn%26x%3D1%20%2500%"
        "20%E7%BA%A2%22%7D");
}

static void test_a_mail_has_the_head_it_was_given(void **state) {
    (void)state;
    struct letter_said said = {.subject = "红牌\r\nBcc: x@example.org 一二三四五六七八九十一二三四五六七八九十",
                               .text = ".\r\nQUIT\r\n"};
    struct buffer out = {0};
    letter_mail("paidan@example.org", "desk@example.org", "L1-2", &said, 1795334400000, &out);
    const char *text = buffer_text(&out), *end = strstr(text, "\r\n\r\n");
    assert_non_null(end);
    assert_null(strstr(text, "Bcc"));
    assert_null(strstr(text, "QUIT"));
    assert_non_null(strstr(text, "Message-ID: <L1-2@example.org>\r\n"));
    assert_non_null(strstr(text, "Date: Sun, 22 Nov 2026 16:00:00 +0800\r\n"));
    for (const char *line = text; line; line = strstr(line, "\r\n"), line = line ? line + 2 : NULL)
        assert_true(strcspn(line, "\r") <= 78);
    buffer_done(&out);
}

/* ---- settings ---- */

static void test_mistakes_are_told_with_their_place(void **state) {
    (void)state;
    check_wrong("[]", "400 ; ");
    check_wrong("{}", "400 /kind; 400 /url; ");
    check_wrong("{\"kind\":\"fax\",\"url\":\"https://a.example\"}", "422 /kind; ");
    check_wrong("{\"kind\":\"sms\",\"url\":\"smtp://a.example\",\"json\":{}}", "422 /url; ");
    check_wrong("{\"kind\":\"sms\",\"url\":\"https://a.example\",\"json\":{},\"form\":{}}", "400 /json; ");
    check_wrong("{\"kind\":\"sms\",\"url\":\"https://a.example\",\"json\":{\"a\":[{\"b\":\"{phone}\"}]}}",
                "422 /json/a/0/b; ");
    check_wrong("{\"kind\":\"sms\",\"url\":\"https://a.example/{text}\",\"json\":{}}", "422 /url; ");
    check_wrong("{\"kind\":\"sms\",\"url\":\"https://a.example\",\"json\":{},\"headers\":{\"a\":\"b\\r\\nc: d\"}}",
                "422 /headers/a; ");
    check_wrong("{\"kind\":\"sms\",\"url\":\"https://a.example\",\"json\":{},\"sign\":{\"method\":\"tc3\"}}",
                "400 /sign/key; 400 /sign/service; ");
    check_wrong("{\"kind\":\"sms\",\"url\":\"https://a.example\",\"json\":{},\"taken\":{\"at\":\"Code\"}}",
                "422 /taken/at; 400 /taken/is; ");
    check_wrong("{\"kind\":\"sms\",\"url\":\"https://a.example\",\"json\":{},\"confirm_minutes\":5}",
                "422 /confirm_minutes; ");
    check_wrong("{\"kind\":\"mail\",\"url\":\"smtp://a.example\",\"from\":\"a@b\\nc\",\"tls\":\"no\"}",
                "422 /from; 422 /tls; ");
    check_wrong("{\"kind\":\"mail\",\"url\":\"smtp://a.example\",\"from\":\"a@b\",\"user\":\"a\",\"tls\":\"none\"}",
                "422 /tls; ");
}

static void test_addresses(void **state) {
    static const char *const fit[] = {"13800000000", "+8613800000000", "desk@example.org", "a.b+c@x.example",
                                      "0d1f-key"};
    static const int fit_kind[] = {CARRIER_SMS, CARRIER_SMS, CARRIER_MAIL, CARRIER_MAIL, CARRIER_ROBOT};
    static const char *const unfit[] = {"138 0000 0000",        "1",     "",     "desk", "a@b@c",
                                        "a@b\r\nRCPT TO:<c@d>", "a b@c", "a\nb", "<a@b>"};
    static const int unfit_kind[] = {CARRIER_SMS,  CARRIER_SMS,  CARRIER_SMS,   CARRIER_MAIL, CARRIER_MAIL,
                                     CARRIER_MAIL, CARRIER_MAIL, CARRIER_ROBOT, CARRIER_MAIL};
    struct sentence wrong;
    (void)state;
    for (int i = 0; i < 5; i++) assert_true(carrier_address_is_fit(fit_kind[i], fit[i], &wrong));
    for (int i = 0; i < 9; i++) assert_false(carrier_address_is_fit(unfit_kind[i], unfit[i], &wrong));
}

/* ---- the examples: how each gateway says yes and no ---- */

static cJSON *example(const char *name) {
    static char text[CARRIER_BYTES_MAX];
    char path[100];
    snprintf(path, sizeof path, "docs/examples/carriers/%s.json", name);
    FILE *file = fopen(path, "r");
    if (!file) fail_msg("no %s", path);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return tree_of(text);
}

static void check_answer(const char *name, int status, const char *answer, int event, const char *reference) {
    cJSON *tree = example(name);
    struct carrier carrier = carrier_of(tree);
    char found[CARRIER_REFERENCE_BYTES];
    assert_int_equal(carrier_answer(&carrier, status, answer, strlen(answer), found), event);
    assert_string_equal(found, reference);
    json_free(&tree);
}

static void test_answers(void **state) {
    (void)state;
    check_answer("aliyun-sms", 200, "{\"Code\":\"OK\",\"BizId\":\"9006^0\"}", TELL_TAKEN, "9006^0");
    check_answer("aliyun-sms", 200, "{\"Code\":\"isv.MOBILE_NUMBER_ILLEGAL\"}", TELL_REFUSED, "");
    check_answer("aliyun-sms", 200, "{\"Code\":\"isv.BUSINESS_LIMIT_CONTROL\"}", TELL_FAILED, "");
    check_answer("aliyun-sms", 200, "<html>", TELL_FAILED, "");
    check_answer("aliyun-sms", 503, "", TELL_FAILED, "");
    check_answer("aliyun-sms", 403, "{\"Code\":\"SignatureDoesNotMatch\"}", TELL_REFUSED, "");
    check_answer("tencent-sms", 200, "{\"Response\":{\"SendStatusSet\":[{\"SerialNo\":\"5000:1\",\"Code\":\"Ok\"}]}}",
                 TELL_TAKEN, "5000:1");
    check_answer("tencent-sms", 200, "{\"Response\":{\"Error\":{\"Code\":\"AuthFailure\"}}}", TELL_REFUSED, "");
    check_answer("dingtalk-robot", 200, "{\"errcode\":0,\"errmsg\":\"ok\"}", TELL_TAKEN, "");
    check_answer("dingtalk-robot", 200, "{\"errcode\":310000}", TELL_REFUSED, "");
    check_answer("wecom-robot", 200, "{\"errcode\":45009}", TELL_FAILED, "");
}

static void test_receipts(void **state) {
    static struct carrier_receipt found[CARRIER_RECEIPTS_MAX];
    cJSON *settings = example("aliyun-sms"), *other = example("tencent-sms");
    struct carrier aliyun = carrier_of(settings), tencent = carrier_of(other);
    (void)state;
    cJSON *body = tree_of(
        "[{\"success\":true,\"err_code\":\"DELIVERED\",\"out_id\":\"L7-3\",\"biz_id\":\"9\"},"
        "{\"success\":false,\"err_code\":\"MK:0001\",\"out_id\":\"other\",\"biz_id\":\"10\"},{\"success\":\"?\"},7]");
    assert_int_equal(carrier_receipts(&aliyun, body, &arena, found), 2);
    assert_int_equal(found[0].event, TELL_DELIVERED);
    assert_int_equal(found[0].letter, 7);
    assert_int_equal(found[0].way, 3);
    assert_string_equal(found[0].said, "DELIVERED");
    assert_int_equal(found[1].event, TELL_UNDELIVERED);
    assert_int_equal(found[1].letter, 0);
    assert_string_equal(found[1].reference, "10");
    json_free(&body);
    body = tree_of("[{\"report_status\":\"SUCCESS\",\"sid\":\"5000:1\"}]");
    assert_int_equal(carrier_receipts(&tencent, body, &arena, found), 1);
    assert_string_equal(found[0].reference, "5000:1");
    json_free(&body);
    body = tree_of("\"text\"");
    assert_int_equal(carrier_receipts(&tencent, body, &arena, found), -1);
    json_free(&body);
    json_free(&settings);
    json_free(&other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_are_filled_in),
        cmocka_unit_test(test_a_text_that_cannot_be_used_is_refused),
        cmocka_unit_test(test_both_languages),
        cmocka_unit_test(test_what_is_filled_in_stays_in_its_place),
        cmocka_unit_test(test_a_mail_has_the_head_it_was_given),
        cmocka_unit_test(test_mistakes_are_told_with_their_place),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_receipts),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
