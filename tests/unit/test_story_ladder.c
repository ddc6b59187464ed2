/* Stories of time: nobody signs, and each rung is reached at its own minute, over a weekend, the Spring Festival and a swapped
 * Sunday (2026 as published); a grid without staff; a service that was away; deadlines that move with a new calendar. */
#include "tests/unit/story.h"

/* a line of the diary is a line of the file */
/* clang-format off */

/* 2 working hours, 40 minutes of them on Friday; the weekend does not count. */
static void test_over_a_weekend(void **state) {
    SHOWS("D1 D2");
    begin("2026-03-06 16:20");
    come_in(MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-03-09 12:00");
    reads(&city,
          "2026-03-06 周五 16:20  诉求进来。派给汀桥街道：事项从街道开始办理；事项“违规广告牌”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-06 周五 16:20  系统  已受理登记\n"
          "2026-03-06 周五 16:20  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-03-09 周一 09:50 前\n"
          "2026-03-09 周一 09:26  系统  催办（签收时限）→ 汀桥街道，告知 汀桥街道\n"
          "2026-03-09 周一 09:50  系统  预警（签收时限）→ 汀桥街道，告知 汀桥街道\n"
          "2026-03-09 周一 10:14  系统  黄牌（签收时限）→ 汀桥街道，告知 汀桥街道、云汀区、指挥中心\n"
          "2026-03-09 周一 10:50  系统  红牌（签收时限）→ 汀桥街道，告知 汀桥街道、云汀区、指挥中心\n"
          "2026-03-09 周一 10:50  系统  已督办 → 汀桥街道\n");
}

/* 14 February is a Saturday people work, 15 to 23 is the Spring Festival. */
static void test_over_the_spring_festival(void **state) {
    SHOWS("C7");
    begin("2026-02-14 16:20");
    come_in(MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-02-24 12:00");
    reads(&city,
          "2026-02-14 周六 16:20  诉求进来。派给汀桥街道：事项从街道开始办理；事项“违规广告牌”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-02-14 周六 16:20  系统  已受理登记\n"
          "2026-02-14 周六 16:20  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-02-24 周二 09:50 前\n"
          "2026-02-24 周二 09:26  系统  催办（签收时限）→ 汀桥街道，告知 汀桥街道\n"
          "2026-02-24 周二 09:50  系统  预警（签收时限）→ 汀桥街道，告知 汀桥街道\n"
          "2026-02-24 周二 10:14  系统  黄牌（签收时限）→ 汀桥街道，告知 汀桥街道、云汀区、指挥中心\n"
          "2026-02-24 周二 10:50  系统  红牌（签收时限）→ 汀桥街道，告知 汀桥街道、云汀区、指挥中心\n"
          "2026-02-24 周二 10:50  系统  已督办 → 汀桥街道\n");
}

/* 20 September is a Sunday people work for the National Day; summer hours end at 17:30. */
static void test_over_a_swapped_sunday(void **state) {
    SHOWS("C6");
    begin("2026-09-18 16:50");
    come_in(MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-09-20 12:00");
    reads(&city,
          "2026-09-18 周五 16:50  诉求进来。派给汀桥街道：事项从街道开始办理；事项“违规广告牌”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-09-18 周五 16:50  系统  已受理登记\n"
          "2026-09-18 周五 16:50  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-09-20 周日 09:50 前\n"
          "2026-09-20 周日 09:26  系统  催办（签收时限）→ 汀桥街道，告知 汀桥街道\n"
          "2026-09-20 周日 09:50  系统  预警（签收时限）→ 汀桥街道，告知 汀桥街道\n"
          "2026-09-20 周日 10:14  系统  黄牌（签收时限）→ 汀桥街道，告知 汀桥街道、云汀区、指挥中心\n"
          "2026-09-20 周日 10:50  系统  红牌（签收时限）→ 汀桥街道，告知 汀桥街道、云汀区、指挥中心\n"
          "2026-09-20 周日 10:50  系统  已督办 → 汀桥街道\n");
}

/* Water, power, gas and heat count natural time: the desk is open day and night. */
static void test_urgent_at_night(void **state) {
    SHOWS("C8");
    begin("2026-02-16 23:30");
    come_in(MATTER_COLD, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-02-17 02:00");
    DO(&city, 1, WATER_CLERK, SIGN);
    DO(&city, 1, WATER_CLERK, REPLY, .note = TEXT("值班员已到岗"));
    reads(&city,
          "2026-02-16 周一 23:30  诉求进来。派给水务局：事项直派责任部门；事项“停水”；地点“米市一网格”（依据坐标）。\n"
          "2026-02-16 周一 23:30  系统  已受理登记\n"
          "2026-02-16 周一 23:30  系统  已派单 → 水务局\n"
          "        【待签收】水务局：签收，2026-02-17 周二 01:30 前\n"
          "2026-02-17 周二 01:06  系统  催办（签收时限）→ 水务局，告知 水务局\n"
          "2026-02-17 周二 01:30  系统  预警（签收时限）→ 水务局，告知 水务局\n"
          "2026-02-17 周二 01:54  系统  黄牌（签收时限）→ 水务局，告知 水务局、云汀区、指挥中心\n"
          "2026-02-17 周二 02:00  水务局  已签收（逾期）\n"
          "        【处置中】水务局：联系诉求人，2026-02-17 周二 03:30 前\n"
          "2026-02-17 周二 02:00  水务局  要督办回复，不行：没有待回复的督办（L25）\n");
}

/* A grid that nobody staffs gets its ticket; the duty desk hears of each rung; the community signs for it. */
static void test_nobody_on_duty(void **state) {
    SHOWS("D3 A5 R8");
    begin("2026-03-06 09:00");
    come_in(MATTER_GARBAGE, GRID_EMPTY, PLACE_BY_POINT);
    until(&city, "2026-03-06 11:30");
    DO(&city, 1, COMMUNITY_CLERK, SIGN);
    reads(&city,
          "2026-03-06 周五 09:00  诉求进来。派给米市二网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市二网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-06 周五 09:00  系统  已受理登记\n"
          "2026-03-06 周五 09:00  系统  已派单 → 米市二网格\n"
          "        【待签收】米市二网格：签收，2026-03-06 周五 11:00 前\n"
          "2026-03-06 周五 10:36  系统  催办（签收时限）→ 米市二网格，告知 指挥中心（无人在岗，转值班席）\n"
          "2026-03-06 周五 11:00  系统  预警（签收时限）→ 米市二网格，告知 指挥中心（无人在岗，转值班席）\n"
          "2026-03-06 周五 11:24  系统  黄牌（签收时限）→ 米市二网格，告知 米市社区、指挥中心\n"
          "2026-03-06 周五 11:30  米市社区  已签收 → 米市二网格（逾期）\n"
          "        【处置中】米市二网格：联系诉求人，2026-03-09 周一 09:00 前\n");
}

/* The centre, too, has a clock. */
static void test_the_centre_is_late(void **state) {
    begin("2026-03-06 09:00");
    come_in(0, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-03-06 12:30");
    DO(&city, 1, OPERATOR, DISPATCH, .matter = MATTER_GARBAGE, .unit = GRID_A);
    reads(&city,
          "2026-03-06 周五 09:00  诉求进来。转人工派遣：未给出事项；地点“米市一网格”（依据坐标）。\n"
          "2026-03-06 周五 09:00  系统  已受理登记\n"
          "2026-03-06 周五 09:00  系统  转人工派遣\n"
          "        【待派遣】指挥中心：派遣，2026-03-06 周五 11:00 前\n"
          "2026-03-06 周五 10:36  系统  催办（派遣时限）→ 指挥中心，告知 指挥中心\n"
          "2026-03-06 周五 11:00  系统  预警（派遣时限）→ 指挥中心，告知 指挥中心\n"
          "2026-03-06 周五 11:24  系统  黄牌（派遣时限）→ 指挥中心，告知 指挥中心\n"
          "2026-03-06 周五 12:00  系统  红牌（派遣时限）→ 指挥中心，告知 指挥中心、云汀区\n"
          "2026-03-06 周五 12:00  系统  已督办 → 指挥中心\n"
          "2026-03-06 周五 12:30  指挥中心  已派单 → 米市一网格\n"
          "        【待签收】米市一网格：签收，2026-03-06 周五 15:00 前\n");
}

/* Contact ran out before anybody signed: that silence had its cards; no second set for the same. */
static void test_contact_ran_out_before_signing(void **state) {
    SHOWS("C12");
    begin("2026-03-02 09:00");
    come_in(MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    city.quiet = true;
    until(&city, "2026-03-04 09:00");
    city.quiet = false;
    DO(&city, 1, STREET_CLERK, SIGN);
    DO(&city, 1, STREET_CLERK, CONTACT, .note = TEXT("已上门"));
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给汀桥街道：事项从街道开始办理；事项“违规广告牌”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-04 周三 09:00  汀桥街道  已签收（逾期）\n"
          "        【处置中】汀桥街道：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-04 周三 09:00  汀桥街道  已联系诉求人（逾期）\n"
          "        【处置中】汀桥街道：回复督办，2026-03-05 周四 12:00 前\n");
}

/* The escalation service was away: what it missed is made up for in order, at once; reminders are not. */
static void test_after_an_outage(void **state) {
    SHOWS("D7");
    begin("2026-03-02 09:00");
    come_in(MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    city.now = at("2026-03-06 15:00");
    until(&city, "2026-03-06 15:00");
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给汀桥街道：事项从街道开始办理；事项“违规广告牌”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-06 周五 15:00  系统  催办（签收时限）→ 汀桥街道，告知 汀桥街道（本应在 2026-03-02 周一 10:36）\n"
          "2026-03-06 周五 15:00  系统  预警（签收时限）→ 汀桥街道，告知 汀桥街道（本应在 2026-03-02 周一 11:00）\n"
          "2026-03-06 周五 15:00  系统  黄牌（签收时限）→ 汀桥街道，告知 汀桥街道、云汀区、指挥中心（本应在 2026-03-02 周一 11:24）\n"
          "2026-03-06 周五 15:00  系统  红牌（签收时限）→ 汀桥街道，告知 汀桥街道、云汀区、指挥中心（本应在 2026-03-02 周一 12:00）\n"
          "2026-03-06 周五 15:00  系统  已督办 → 汀桥街道\n");
}

/* The holidays are published in November: deadlines move, and an event says why. */
static void test_a_new_calendar(void **state) {
    SHOWS("C15");
    static struct calendar with_strike;
    begin("2026-03-02 09:00");
    come_in(MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, STREET_CLERK, SIGN);
    DO(&city, 1, STREET_CLERK, CONTACT, .note = TEXT("已上门"));
    with_strike = *demo_calendar("standard");
    struct calendar_spans none = {0};
    int32_t from = calendar_day_of(2026, 3, 5);
    assert_int_equal(calendar_day(&with_strike, CALENDAR_OFF, from, from + 1, &none, "临时放假", "extra holiday"),
                     CALENDAR_OK);
    assert_int_equal(calendar_seal(&with_strike), CALENDAR_OK);
    const struct calendar *calendars[2] = {&with_strike, demo_calendar("always")};
    struct world *world = (struct world *)city_world();
    struct world before = *world;
    world->calendars = calendars;
    DO(&city, 1, SYSTEM, RECOMPUTE, BECAUSE("3 月 5 日、6 日临时放假"));
    *world = before;
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给汀桥街道：事项从街道开始办理；事项“违规广告牌”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  汀桥街道  已签收\n"
          "        【处置中】汀桥街道：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  汀桥街道  已联系诉求人\n"
          "        【处置中】汀桥街道：办理并答复，2026-03-11 周三 09:00 前\n"
          "2026-03-02 周一 09:00  系统  时限已重算 → 汀桥街道：3 月 5 日、6 日临时放假\n"
          "        【处置中】汀桥街道：办理并答复，2026-03-13 周五 09:00 前\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_over_a_weekend),
        cmocka_unit_test(test_over_the_spring_festival),
        cmocka_unit_test(test_over_a_swapped_sunday),
        cmocka_unit_test(test_urgent_at_night),
        cmocka_unit_test(test_nobody_on_duty),
        cmocka_unit_test(test_the_centre_is_late),
        cmocka_unit_test(test_contact_ran_out_before_signing),
        cmocka_unit_test(test_after_an_outage),
        cmocka_unit_test(test_a_new_calendar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
