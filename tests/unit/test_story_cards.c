/* Stories of warnings and cards after they were given: appealed by the unit that got them, judged by somebody else, withdrawn once. */
#include "tests/unit/story.h"

/* a line of the diary is a line of the file */
/* clang-format off */

/* Nobody signs; the warning and the yellow card are the street's, numbers 1 and 2. */
static void a_street_with_two_cards(void) {
    begin("2026-03-02 09:00");
    city.quiet = true;
    come_in(MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-03-02 11:30");
    DO(&city, 1, STREET_CLERK, SIGN);
    city.quiet = false;
}

static void test_a_card_is_appealed(void **state) {
    SHOWS("L30 L12");
    a_street_with_two_cards();
    DO(&city, 1, STREET_CLERK, APPEAL_CARD, .rung = RUNG_RED_CARD, BECAUSE("没有红牌"));
    DO(&city, 1, STREET_CLERK, APPEAL_CARD, .rung = RUNG_YELLOW_CARD, BECAUSE("当日停电, 无法签收"));
    DO(&city, 1, STREET_CLERK, APPEAL_CARD, .rung = RUNG_WARNING, BECAUSE("同一事由"));
    DO(&city, 1, STREET_CLERK, WITHDRAW_CARD, .rung = RUNG_YELLOW_CARD, BECAUSE("自行撤销"));
    DO(&city, 1, SUPERVISOR, REFUSE_APPEAL, BECAUSE("当日未停电"));
    DO(&city, 1, STREET_CLERK, APPEAL_CARD, .rung = RUNG_YELLOW_CARD, BECAUSE("附停电公告"));
    DO(&city, 1, SUPERVISOR, WITHDRAW_CARD, BECAUSE("公告属实"));
    assert_int_equal(city.tickets[0].highest_rung, RUNG_WARNING);
    reads(&city,
          "2026-03-02 周一 11:30  汀桥街道  要申诉，不行：没有这张可申诉或撤销的牌（L45），仍有效：1 号预警（汀桥街道，签收时限）、2 号黄牌（汀桥街道，签收时限）\n"
          "2026-03-02 周一 11:30  汀桥街道  已申诉（黄牌）：当日停电, 无法签收\n"
          "2026-03-02 周一 11:30  汀桥街道  要申诉，不行：已有一项申请待审批（L15）\n"
          "2026-03-02 周一 11:30  汀桥街道  要撤销亮牌，不行：这不是您或您单位可以办理的（L2）\n"
          "2026-03-02 周一 11:30  督导  申诉已驳回 → 汀桥街道（黄牌）：当日未停电\n"
          "2026-03-02 周一 11:30  汀桥街道  已申诉（黄牌）：附停电公告\n"
          "2026-03-02 周一 11:30  督导  亮牌已撤销 → 汀桥街道（黄牌）：公告属实\n");
}

/* It was withdrawn; it cannot be withdrawn again, nor appealed, however it is named. */
static void test_a_card_is_withdrawn_once(void **state) {
    SHOWS("L44");
    a_street_with_two_cards();
    DO(&city, 1, SUPERVISOR, WITHDRAW_CARD, .rung = RUNG_YELLOW_CARD, BECAUSE("系统停机所致"));
    DO(&city, 1, SUPERVISOR, WITHDRAW_CARD, .rung = RUNG_YELLOW_CARD, BECAUSE("再撤一次"));
    DO(&city, 1, SUPERVISOR, WITHDRAW_CARD, .card = 2, BECAUSE("再撤一次"));
    DO(&city, 1, STREET_CLERK, APPEAL_CARD, .card = 2, BECAUSE("再申诉一次"));
    DO(&city, 1, SUPERVISOR, WITHDRAW_CARD, BECAUSE("系统停机所致"));
    DO(&city, 1, SUPERVISOR, WITHDRAW_CARD, .card = 1, BECAUSE("再撤一次"));
    assert_int_equal(city.tickets[0].highest_rung, RUNG_URGE);
    reads(&city,
          "2026-03-02 周一 11:30  督导  亮牌已撤销 → 汀桥街道（黄牌）：系统停机所致\n"
          "2026-03-02 周一 11:30  督导  要撤销亮牌，不行：这张牌已经撤销（L44），仍有效：1 号预警（汀桥街道，签收时限）\n"
          "2026-03-02 周一 11:30  督导  要撤销亮牌，不行：这张牌已经撤销（L44），仍有效：1 号预警（汀桥街道，签收时限）\n"
          "2026-03-02 周一 11:30  汀桥街道  要申诉，不行：这张牌已经撤销（L44），仍有效：1 号预警（汀桥街道，签收时限）\n"
          "2026-03-02 周一 11:30  督导  亮牌已撤销 → 汀桥街道（预警）：系统停机所致\n"
          "2026-03-02 周一 11:30  督导  要撤销亮牌，不行：这张牌已经撤销（L44）\n");
}

static void test_which_card_is_meant(void **state) {
    SHOWS("L45");
    a_street_with_two_cards();
    DO(&city, 1, STREET_CLERK, APPEAL_CARD, BECAUSE("当日停电"));
    DO(&city, 1, STREET_CLERK, APPEAL_CARD, .card = 2, .rung = RUNG_WARNING, BECAUSE("当日停电"));
    DO(&city, 1, SUPERVISOR, WITHDRAW_CARD, BECAUSE("当日停电"));
    DO(&city, 1, STREET_CLERK, APPEAL_CARD, .card = 1, BECAUSE("当日停电"));
    DO(&city, 1, SUPERVISOR, WITHDRAW_CARD, BECAUSE("属实"));
    DO(&city, 1, STREET_CLERK, APPEAL_CARD, BECAUSE("当日停电"));
    DO(&city, 1, SUPERVISOR, REFUSE_APPEAL, .card = 1, BECAUSE("不予采纳"));
    DO(&city, 1, SUPERVISOR, REFUSE_APPEAL, BECAUSE("不予采纳"));
    DO(&city, 1, SUPERVISOR, REFUSE_APPEAL, BECAUSE("不予采纳"));
    reads(&city,
          "2026-03-02 周一 11:30  汀桥街道  要申诉，不行：有几张牌都符合, 请写明牌号（L45），仍有效：1 号预警（汀桥街道，签收时限）、2 号黄牌（汀桥街道，签收时限）\n"
          "2026-03-02 周一 11:30  汀桥街道  要申诉，不行：没有这张可申诉或撤销的牌（L45），仍有效：1 号预警（汀桥街道，签收时限）、2 号黄牌（汀桥街道，签收时限）\n"
          "2026-03-02 周一 11:30  督导  要撤销亮牌，不行：有几张牌都符合, 请写明牌号（L45），仍有效：1 号预警（汀桥街道，签收时限）、2 号黄牌（汀桥街道，签收时限）\n"
          "2026-03-02 周一 11:30  汀桥街道  已申诉（预警）：当日停电\n"
          "2026-03-02 周一 11:30  督导  亮牌已撤销 → 汀桥街道（预警）：属实\n"
          "2026-03-02 周一 11:30  汀桥街道  已申诉（黄牌）：当日停电\n"
          "2026-03-02 周一 11:30  督导  要驳回申诉，不行：这张牌已经撤销（L44），仍有效：2 号黄牌（汀桥街道，签收时限）\n"
          "2026-03-02 周一 11:30  督导  申诉已驳回 → 汀桥街道（黄牌）：不予采纳\n"
          "2026-03-02 周一 11:30  督导  要驳回申诉，不行：没有待审批的申请（L15）\n");
}

/* The water bureau let it lie, the centre gave it to another: the card stays the water bureau's, and the other has its own. */
static void test_a_card_stays_with_its_unit(void **state) {
    SHOWS("L30 A3");
    begin("2026-03-02 09:00");
    come_in(MATTER_COLD, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-03-02 11:30");
    DO(&city, 1, OPERATOR, DISPATCH, .unit = MUNICIPAL, BECAUSE("水务局未签收"));
    until(&city, "2026-03-02 13:40");
    DO(&city, 1, MUNICIPAL_CLERK, SIGN);
    DO(&city, 1, MUNICIPAL_CLERK, APPEAL_CARD, .rung = RUNG_YELLOW_CARD, BECAUSE("不是我局的"));
    DO(&city, 1, MUNICIPAL_CLERK, APPEAL_CARD, .card = 2, BECAUSE("不是我局的"));
    DO(&city, 1, HOUSING_CLERK, APPEAL_CARD, .card = 2, BECAUSE("没有牌"));
    DO(&city, 1, WATER_CLERK, NOTE, .note = TEXT("想说一句"));
    DO(&city, 1, WATER_CLERK, APPEAL_CARD, .rung = RUNG_YELLOW_CARD, BECAUSE("派单时停电"));
    DO(&city, 1, MUNICIPAL_CLERK, APPEAL_CARD, BECAUSE("移交过迟"));
    DO(&city, 1, SUPERVISOR, WITHDRAW_CARD, .rung = RUNG_YELLOW_CARD, BECAUSE("停电属实"));
    assert_true(ticket_visible(city_world(), &city.tickets[0], &WATER_CLERK));
    assert_false(access_allowed(ROLE_DEPARTMENT, ACTION_UNMASK, access_ticket(city_world(), &city.tickets[0], &WATER_CLERK)));
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给水务局：事项直派责任部门；事项“停水”；地点“米市一网格”（依据坐标）。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 水务局\n"
          "        【待签收】水务局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 10:36  系统  催办（签收时限）→ 水务局，告知 水务局\n"
          "2026-03-02 周一 11:00  系统  预警（签收时限）→ 水务局，告知 水务局\n"
          "2026-03-02 周一 11:24  系统  黄牌（签收时限）→ 水务局，告知 水务局、云汀区、指挥中心\n"
          "2026-03-02 周一 11:30  指挥中心  已派单 → 市政局：水务局未签收\n"
          "        【待签收】市政局：签收，2026-03-02 周一 13:30 前\n"
          "2026-03-02 周一 13:06  系统  催办（签收时限）→ 市政局，告知 市政局\n"
          "2026-03-02 周一 13:30  系统  预警（签收时限）→ 市政局，告知 市政局\n"
          "2026-03-02 周一 13:40  市政局  已签收（逾期）\n"
          "        【处置中】市政局：联系诉求人，2026-03-02 周一 15:30 前\n"
          "2026-03-02 周一 13:40  市政局  要申诉，不行：这张牌不是给您单位的（L30），仍有效：1 号预警（水务局，签收时限）、2 号黄牌（水务局，签收时限）、3 号预警（市政局，签收时限）\n"
          "2026-03-02 周一 13:40  市政局  要申诉，不行：这张牌不是给您单位的（L30），仍有效：1 号预警（水务局，签收时限）、2 号黄牌（水务局，签收时限）、3 号预警（市政局，签收时限）\n"
          "2026-03-02 周一 13:40  住建局  要申诉，不行：没有这张工单（A2）\n"
          "2026-03-02 周一 13:40  水务局  要进展说明，不行：这不是您或您单位可以办理的（L2）\n"
          "2026-03-02 周一 13:40  水务局  已申诉（黄牌）：派单时停电\n"
          "2026-03-02 周一 13:40  市政局  已申诉（预警）：移交过迟\n"
          "2026-03-02 周一 13:40  督导  亮牌已撤销 → 水务局（黄牌）：停电属实\n");
}

/* A ticket that has ended is still on the unit's record, and so are its cards. */
static void test_a_card_of_a_ticket_that_ended(void **state) {
    SHOWS("L30");
    a_street_with_two_cards();
    come_in(MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, OPERATOR, MERGE, .other = 2);
    DO(&city, 1, STREET_CLERK, APPEAL_CARD, .card = 2, BECAUSE("当日停电"));
    DO(&city, 1, SUPERVISOR, WITHDRAW_CARD, BECAUSE("属实"));
    reads(&city,
          "2026-03-02 周一 11:30  诉求进来。派给汀桥街道：事项从街道开始办理；事项“违规广告牌”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 11:30  系统  已受理登记\n"
          "2026-03-02 周一 11:30  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-03-02 周一 14:30 前\n"
          "2026-03-02 周一 11:30  指挥中心  已并入（第 2 号）\n"
          "2026-03-02 周一 11:30  指挥中心  并入一单（第 1 号）\n"
          "2026-03-02 周一 11:30  汀桥街道  已申诉（黄牌）：当日停电\n"
          "        【并案】\n"
          "2026-03-02 周一 11:30  督导  亮牌已撤销 → 汀桥街道（黄牌）：属实\n");
}

/* Nobody staffs the grid: its community appeals for it, and nobody of the community judges. */
static void test_a_card_of_a_unit_nobody_staffs(void **state) {
    SHOWS("L30 L12 A5");
    static const struct principal community_supervisor = {.user = 91, .role = ROLE_SUPERVISOR, .unit = COMMUNITY_A};
    begin("2026-03-02 09:00");
    city.quiet = true;
    come_in(MATTER_GARBAGE, GRID_EMPTY, PLACE_BY_POINT);
    until(&city, "2026-03-02 11:00");
    city.quiet = false;
    DO(&city, 1, COMMUNITY_CLERK, APPEAL_CARD, BECAUSE("网格员尚未到岗"));
    DO(&city, 1, community_supervisor, WITHDRAW_CARD, BECAUSE("情况属实"));
    DO(&city, 1, SUPERVISOR, WITHDRAW_CARD, BECAUSE("情况属实"));
    reads(&city,
          "2026-03-02 周一 11:00  米市社区  已申诉 → 米市二网格（预警）：网格员尚未到岗\n"
          "2026-03-02 周一 11:00  督导  要撤销亮牌，不行：不能审批自己的申请（L12）\n"
          "2026-03-02 周一 11:00  督导  亮牌已撤销 → 米市二网格（预警）：情况属实\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_card_is_appealed),
        cmocka_unit_test(test_a_card_is_withdrawn_once),
        cmocka_unit_test(test_which_card_is_meant),
        cmocka_unit_test(test_a_card_stays_with_its_unit),
        cmocka_unit_test(test_a_card_of_a_ticket_that_ended),
        cmocka_unit_test(test_a_card_of_a_unit_nobody_staffs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
