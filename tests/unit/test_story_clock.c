/* Stories of deadlines: how a limit falls in the day, the week and the year. Rules C1 to C14. */
#include "tests/unit/story.h"

/* a line of the diary is a line of the file */
/* clang-format off */

/* A request at 15:00 is to be signed within two hours: at closing time, and that is still in time. A minute after closing is next morning's. */
static void test_due_exactly_at_closing_time(void **state) {
    SHOWS("C4 C5 C19");
    begin("2026-03-02 15:00");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    city.now = at("2026-03-02 17:00");
    DO(&city, 1, GRID_WORKER, SIGN);
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    city.now = at("2026-03-03 08:30");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    reads(&city,
          "2026-03-02 周一 15:00  诉求进来。派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 15:00  系统  已受理登记\n"
          "2026-03-02 周一 15:00  系统  已派单 → 米市一网格\n"
          "        【待签收】米市一网格：签收，2026-03-02 周一 17:00 前\n"
          "2026-03-02 周一 17:00  米市一网格  已签收\n"
          "        【处置中】米市一网格：联系诉求人，2026-03-03 周二 15:00 前\n"
          "2026-03-02 周一 17:00  诉求进来。派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 17:00  系统  已受理登记\n"
          "2026-03-02 周一 17:00  系统  已派单 → 米市一网格\n"
          "        【待签收】米市一网格：签收，2026-03-03 周二 10:30 前\n"
          "2026-03-02 周一 17:00  诉求进来。派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 17:00  系统  已受理登记\n"
          "2026-03-02 周一 17:00  系统  已派单 → 米市一网格\n"
          "2026-03-03 周二 08:30  诉求进来。派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-03 周二 08:30  系统  已受理登记\n"
          "2026-03-03 周二 08:30  系统  已派单 → 米市一网格\n");
}

static void test_over_lunch(void **state) {
    SHOWS("C4 C9");
    begin("2026-03-02 11:30");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-03-02 14:30");
    reads(&city,
          "2026-03-02 周一 11:30  诉求进来。派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 11:30  系统  已受理登记\n"
          "2026-03-02 周一 11:30  系统  已派单 → 米市一网格\n"
          "        【待签收】米市一网格：签收，2026-03-02 周一 14:30 前\n"
          "2026-03-02 周一 14:06  系统  催办（签收时限）→ 米市一网格，告知 米市一网格\n"
          "2026-03-02 周一 14:30  系统  预警（签收时限）→ 米市一网格，告知 米市一网格\n");
}

/* Seven working days are seven times a working day's nominal time, so they end at the hour they began. */
static void test_seven_working_days(void **state) {
    SHOWS("C1 C11");
    begin("2026-03-02 09:00");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    write_down(&city, "        处置时限 %s\n", when(ticket_lead(&city.tickets[0])->handle.due));
    city.now = at("2026-03-06 16:30");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    write_down(&city, "        处置时限 %s\n", when(ticket_lead(&city.tickets[1])->handle.due));
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 米市一网格\n"
          "        【待签收】米市一网格：签收，2026-03-02 周一 11:00 前\n"
          "        处置时限 2026-03-11 周三 09:00\n"
          "2026-03-06 周五 16:30  诉求进来。派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-06 周五 16:30  系统  已受理登记\n"
          "2026-03-06 周五 16:30  系统  已派单 → 米市一网格\n"
          "        【待签收】米市一网格：签收，2026-03-09 周一 10:00 前\n"
          "        处置时限 2026-03-17 周二 16:30\n");
}

/* From May to September the afternoon is half an hour later. Beyond the published years the week's pattern goes on: nobody has said yet
 * that 1 January 2027 is a holiday. */
static void test_summer_hours_and_the_unpublished_year(void **state) {
    SHOWS("C3 C7");
    begin("2026-04-30 16:00");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    city.now = at("2026-05-06 12:30");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    city.now = at("2026-05-06 16:30");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    city.now = at("2026-12-31 16:00");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    reads(&city,
          "2026-04-30 周四 16:00  诉求进来。派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-04-30 周四 16:00  系统  已受理登记\n"
          "2026-04-30 周四 16:00  系统  已派单 → 米市一网格\n"
          "        【待签收】米市一网格：签收，2026-05-06 周三 09:30 前\n"
          "2026-05-06 周三 12:30  诉求进来。派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-05-06 周三 12:30  系统  已受理登记\n"
          "2026-05-06 周三 12:30  系统  已派单 → 米市一网格\n"
          "        【待签收】米市一网格：签收，2026-05-06 周三 15:30 前\n"
          "2026-05-06 周三 16:30  诉求进来。派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-05-06 周三 16:30  系统  已受理登记\n"
          "2026-05-06 周三 16:30  系统  已派单 → 米市一网格\n"
          "        【待签收】米市一网格：签收，2026-05-07 周四 09:30 前\n"
          "2026-12-31 周四 16:00  诉求进来。派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-12-31 周四 16:00  系统  已受理登记\n"
          "2026-12-31 周四 16:00  系统  已派单 → 米市一网格\n"
          "        【待签收】米市一网格：签收，2027-01-01 周五 09:30 前\n");
}

/* 2028 is a leap year; four natural hours are four hours, at night, on any day: the distance from UTC is fixed. */
static void test_over_a_leap_day(void **state) {
    SHOWS("C8 C10");
    begin("2028-02-28 23:00");
    come_in(MATTER_COLD, GRID_A, PLACE_BY_POINT);
    city.now = at("2028-02-29 23:00");
    come_in(MATTER_COLD, GRID_A, PLACE_BY_POINT);
    assert_int_equal(at("2028-02-29 00:00"), INT64_C(1835366400000)); /* 16:00 UTC of the day before */
    reads(&city,
          "2028-02-28 周一 23:00  诉求进来。派给水务局：事项直派责任部门；事项“停水”；地点“米市一网格”（依据坐标）。\n"
          "2028-02-28 周一 23:00  系统  已受理登记\n"
          "2028-02-28 周一 23:00  系统  已派单 → 水务局\n"
          "        【待签收】水务局：签收，2028-02-29 周二 01:00 前\n"
          "2028-02-29 周二 23:00  诉求进来。派给水务局：事项直派责任部门；事项“停水”；地点“米市一网格”（依据坐标）。\n"
          "2028-02-29 周二 23:00  系统  已受理登记\n"
          "2028-02-29 周二 23:00  系统  已派单 → 水务局\n"
          "        【待签收】水务局：签收，2028-03-01 周三 01:00 前\n");
}

/* A policy that gives no limit for the check: one working day, so that nobody is without a deadline. */
static void test_a_stage_without_a_limit(void **state) {
    SHOWS("C13");
    struct policy *policy = (struct policy *)city_policy();
    struct limit kept = policy->limits[STAGE_CHECK][URGENCY_NORMAL];
    policy->limits[STAGE_CHECK][URGENCY_NORMAL] = (struct limit){0};
    begin("2026-03-02 09:00");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, GRID_WORKER, SIGN);
    DO(&city, 1, GRID_WORKER, FINISH, .answer = TEXT("已清运"));
    policy->limits[STAGE_CHECK][URGENCY_NORMAL] = kept;
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 米市一网格\n"
          "        【待签收】米市一网格：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  米市一网格  已签收\n"
          "        【处置中】米市一网格：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  米市一网格  已办结\n"
          "        【待核查】米市社区：核查，2026-03-03 周二 09:00 前\n");
}

/* Dispatched as another matter, more urgent: the whole limit is the new one's, and still counts from receipt. */
static void test_another_matter_has_another_whole_limit(void **state) {
    SHOWS("C20 C17");
    begin("2026-03-02 09:00");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    write_down(&city, "        工单总时限 %s\n", when(city.tickets[0].total_due));
    until(&city, "2026-03-02 10:00");
    DO(&city, 1, OPERATOR, DISPATCH, .unit = WATER, .matter = MATTER_COLD, .urgency = URGENCY_URGENT, BECAUSE("是停水"));
    write_down(&city, "        工单总时限 %s\n", when(city.tickets[0].total_due));
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 米市一网格\n"
          "        【待签收】米市一网格：签收，2026-03-02 周一 11:00 前\n"
          "        工单总时限 2026-03-11 周三 09:00\n"
          "2026-03-02 周一 10:00  指挥中心  已派单 → 水务局：是停水\n"
          "        【待签收】水务局：签收，2026-03-02 周一 12:00 前\n"
          "        工单总时限 2026-03-03 周二 09:00\n");
}

/* Suspended on the eve of a holiday, resumed after it: the lead has what it had left, no minute more or less. */
static void test_a_pause_across_a_holiday(void **state) {
    SHOWS("C2 L16");
    begin("2026-09-25 09:00");
    come_in(MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, STREET_CLERK, SIGN);
    DO(&city, 1, STREET_CLERK, CONTACT, .note = TEXT("已联系"));
    until(&city, "2026-09-29 16:00");
    DO(&city, 1, STREET_CLERK, ASK_SUSPENSION, BECAUSE("国庆期间封路"), .until = at("2026-10-08 10:00"));
    DO(&city, 1, OPERATOR, GRANT_SUSPENSION);
    until(&city, "2026-10-08 12:00");
    reads(&city,
          "2026-09-25 周五 09:00  诉求进来。派给汀桥街道：事项从街道开始办理；事项“违规广告牌”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-09-25 周五 09:00  系统  已受理登记\n"
          "2026-09-25 周五 09:00  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-09-28 周一 10:30 前\n"
          "2026-09-25 周五 09:00  汀桥街道  已签收\n"
          "        【处置中】汀桥街道：联系诉求人，2026-09-28 周一 17:30 前\n"
          "2026-09-25 周五 09:00  汀桥街道  已联系诉求人\n"
          "        【处置中】汀桥街道：办理并答复，2026-10-12 周一 17:00 前\n"
          "2026-09-29 周二 16:00  汀桥街道  已申请挂账，至 2026-10-08 周四 10:00：国庆期间封路\n"
          "        【处置中】指挥中心：审批挂账，2026-10-12 周一 17:00 前\n"
          "2026-09-29 周二 16:00  指挥中心  已挂账 → 汀桥街道，至 2026-10-08 周四 10:00\n"
          "        【挂账】汀桥街道：挂账复核，2026-10-08 周四 10:00 前\n"
          "2026-10-08 周四 10:00  系统  挂账复核到期\n"
          "2026-10-08 周四 10:00  系统  已恢复办理 → 汀桥街道\n"
          "        【处置中】汀桥街道：办理并答复，2026-10-14 周三 11:30 前\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_due_exactly_at_closing_time),
        cmocka_unit_test(test_over_lunch),
        cmocka_unit_test(test_seven_working_days),
        cmocka_unit_test(test_summer_hours_and_the_unpublished_year),
        cmocka_unit_test(test_over_a_leap_day),
        cmocka_unit_test(test_a_stage_without_a_limit),
        cmocka_unit_test(test_another_matter_has_another_whole_limit),
        cmocka_unit_test(test_a_pause_across_a_holiday),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
