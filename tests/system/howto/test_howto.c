/* What the recipes of docs/howto.md made, used: put into a copy of the tree by tests/system/howto.test.mjs. */
#include "proto/codec.h"
#include "services/notification/notification.h"
#include "tests/unit/story.h"

static void test_the_new_step_in_a_story(void **state) {
    begin("2026-03-02 09:00");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, GRID_WORKER, SIGN);
    DO(&city, 1, GRID_WORKER, VISIT);
    DO(&city, 1, OPERATOR, VISIT, .note = TEXT("看过"));
    DO(&city, 1, GRID_WORKER, VISIT, .note = TEXT("现场堆放三处"));
    reads(&city, "2026-03-02 周一 09:00  "
                 "诉求进来。派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责"
                 "任部门为城管局。\n"
                 "2026-03-02 周一 09:00  系统  已受理登记\n"
                 "2026-03-02 周一 09:00  系统  已派单 → 米市一网格\n"
                 "        【待签收】米市一网格：签收，2026-03-02 周一 11:00 前\n"
                 "2026-03-02 周一 09:00  米市一网格  已签收\n"
                 "        【处置中】米市一网格：联系诉求人，2026-03-03 周二 09:00 前\n"
                 "2026-03-02 周一 09:00  米市一网格  要现场查看，不行：请写明情况（L6）\n"
                 "2026-03-02 周一 09:00  指挥中心  要现场查看，不行：这不是您或您单位可以办理的（L2）\n"
                 "2026-03-02 周一 09:00  米市一网格  已现场查看\n");
}

static void test_the_new_message_there_and_back(void **state) {
    static struct message back;
    uint8_t frame[256];
    size_t len;
    struct codec_fault fault;
    struct envelope envelope = {.id = 7};
    struct onlookers onlookers = {.count = 12};
    assert_int_equal(message_encode(MESSAGE_onlookers, &envelope, &onlookers, frame, sizeof frame, &len), CODEC_OK);
    assert_int_equal(message_decode(frame, len, &back, &fault), CODEC_OK);
    assert_int_equal(back.info->number, MESSAGE_onlookers);
    assert_int_equal(back.onlookers.count, 12);
}

static void test_the_new_channel_composes_a_letter(void **state) {
    const struct notification_channel *channel = channel_by_name("plain");
    assert_non_null(channel);
    struct endpoint endpoint = {.channel = channel};
    struct event_row row = {.ticket = 20261121010000001, .type = EVENT_SIGNED};
    struct letter letter = {.header_count = 0};
    assert_true(channel->compose(NULL, &endpoint, &row, "msg_1", 0, &letter));
    assert_string_equal(buffer_text(&letter.body), "20261121010000001 8\n");
    assert_string_equal(letter.headers[0], "Content-Type: text/plain");
    buffer_done(&letter.body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_new_step_in_a_story),
        cmocka_unit_test(test_the_new_message_there_and_back),
        cmocka_unit_test(test_the_new_channel_composes_a_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
