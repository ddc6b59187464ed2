/* Stories of the organisation: units that close and merge while tickets are open; what a ticket has with them follows. */
#include "tests/unit/story.h"

/* a line of the diary is a line of the file */
/* clang-format off */

#define AS_ORDERED .reason = TEXT("区编办〔2026〕3 号")

static void follows(int64_t id) {
    DO(&city, id, SYSTEM, FOLLOW, AS_ORDERED);
}

/* Two departments become one: what was signed stays signed, and no clock begins anew. */
static void test_a_department_is_merged(void **state) {
    SHOWS("W5 L43");
    begin("2026-03-02 09:00");
    come_in(MATTER_COLD, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-03-02 09:30");
    DO(&city, 1, WATER_CLERK, SIGN);
    until(&city, "2026-03-02 10:00");
    city_close(WATER, MUNICIPAL);
    follows(1);
    follows(1);
    DO(&city, 1, WATER_CLERK, CONTACT, .note = TEXT("已联系"));
    DO(&city, 1, MUNICIPAL_CLERK, CONTACT, .note = TEXT("已联系"));
    DO(&city, 1, MUNICIPAL_CLERK, FINISH, .answer = TEXT("已恢复供水"));
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给水务局：事项直派责任部门；事项“停水”；地点“米市一网格”（依据坐标）。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 水务局\n"
          "        【待签收】水务局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:30  水务局  已签收\n"
          "        【处置中】水务局：联系诉求人，2026-03-02 周一 13:00 前\n"
          "2026-03-02 周一 10:00  系统  随单位调整移交，自 水务局 → 市政局：区编办〔2026〕3 号\n"
          "        【处置中】市政局：联系诉求人，2026-03-02 周一 13:00 前\n"
          "2026-03-02 周一 10:00  系统  要随单位调整，不行：没有需要变更的内容（C15）\n"
          "2026-03-02 周一 10:00  水务局  要联系诉求人，不行：没有这张工单（A2）\n"
          "2026-03-02 周一 10:00  市政局  已联系诉求人\n"
          "        【处置中】市政局：办理并答复，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 10:00  市政局  已办结\n"
          "        【待核查】米市社区：核查，2026-03-03 周二 10:00 前\n");
}

/* A community is closed: its street is the next level above, and has its full time. */
static void test_a_community_is_closed(void **state) {
    SHOWS("W5 L43");
    begin("2026-03-02 09:00");
    come_in(MATTER_DRAIN, COMMUNITY_A, PLACE_BY_ADDRESS);
    DO(&city, 1, COMMUNITY_CLERK, SIGN);
    until(&city, "2026-03-03 10:00");
    city_close(COMMUNITY_A, 0);
    follows(1);
    DO(&city, 1, STREET_CLERK, SIGN);
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给米市社区：事项从社区开始办理；事项“雨水口堵塞”；地点“米市社区”（依据地址）；责任部门为水务局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 米市社区\n"
          "        【待签收】米市社区：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  米市社区  已签收\n"
          "        【处置中】米市社区：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 16:00  系统  催办（联系时限）→ 米市社区，告知 米市社区\n"
          "2026-03-03 周二 09:00  系统  预警（联系时限）→ 米市社区，告知 米市社区\n"
          "2026-03-03 周二 10:00  系统  随单位调整移交，自 米市社区 → 汀桥街道：区编办〔2026〕3 号\n"
          "        【待签收】汀桥街道：签收，2026-03-03 周二 12:00 前\n"
          "2026-03-03 周二 10:00  汀桥街道  已签收\n"
          "        【处置中】汀桥街道：联系诉求人，2026-03-04 周三 10:00 前\n");
}

/* A department is closed and nobody takes over: the centre dispatches anew. */
static void test_a_department_is_closed(void **state) {
    SHOWS("W5 L43");
    begin("2026-03-02 09:00");
    come_in(MATTER_COLD, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, WATER_CLERK, SIGN);
    DO(&city, 1, WATER_CLERK, ASK_EXTENSION, .until = at("2026-03-06 09:00"), BECAUSE("管网改造"));
    city_close(WATER, 0);
    follows(1);
    DO(&city, 1, OPERATOR, DISPATCH, .unit = WATER);
    DO(&city, 1, OPERATOR, DISPATCH, .unit = HOUSING);
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给水务局：事项直派责任部门；事项“停水”；地点“米市一网格”（依据坐标）。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 水务局\n"
          "        【待签收】水务局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  水务局  已签收\n"
          "        【处置中】水务局：联系诉求人，2026-03-02 周一 13:00 前\n"
          "2026-03-02 周一 09:00  水务局  已申请延期，至 2026-03-06 周五 09:00：管网改造\n"
          "        【处置中】指挥中心：审批延期，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  系统  随单位调整移交，自 水务局：区编办〔2026〕3 号\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 09:30 前\n"
          "2026-03-02 周一 09:00  指挥中心  要派单，不行：该单位已停用（L33）\n"
          "2026-03-02 周一 09:00  指挥中心  已派单 → 住建局\n"
          "        【待签收】住建局：签收，2026-03-02 周一 11:00 前\n");
}

/* The department only assists: it is merged into the lead, and its part ends; another one is merged into a third. */
static void test_assists_follow(void **state) {
    SHOWS("L43");
    begin("2026-03-02 09:00");
    come_in(MATTER_POTHOLE, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, MUNICIPAL_CLERK, SIGN);
    DO(&city, 1, MUNICIPAL_CLERK, ADD_ASSIST, .units = {URBAN}, .units_count = 1);
    DO(&city, 1, URBAN_CLERK, SIGN, .assignment = 3);
    city_close(WATER, MUNICIPAL);
    city_close(URBAN, HOUSING);
    follows(1);
    DO(&city, 1, MUNICIPAL_CLERK, FINISH, .answer = TEXT("已修补"));
    DO(&city, 1, HOUSING_CLERK, ANSWER, .note = TEXT("围挡已撤"));
    DO(&city, 1, MUNICIPAL_CLERK, FINISH, .answer = TEXT("已修补"));
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给市政局：事项直派责任部门；事项“路面坑洼”；地点“米市一网格”（依据坐标）。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 市政局，协办 水务局\n"
          "        【待签收】市政局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  市政局  已签收\n"
          "        【处置中】市政局：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  市政局  已增加协办 → 城管局\n"
          "2026-03-02 周一 09:00  城管局  协办已签收\n"
          "2026-03-02 周一 09:00  系统  随单位调整移交，自 水务局：区编办〔2026〕3 号\n"
          "2026-03-02 周一 09:00  系统  随单位调整移交，自 城管局 → 住建局：区编办〔2026〕3 号\n"
          "2026-03-02 周一 09:00  市政局  要办结，不行：还有协办单位未答复（L13）\n"
          "2026-03-02 周一 09:00  住建局  协办已答复\n"
          "2026-03-02 周一 09:00  市政局  已办结\n"
          "        【待核查】米市社区：核查，2026-03-04 周三 09:00 前\n");
}

/* On the ledger: the suspension goes on with who takes over; with nobody, the ticket comes back and goes to triage. */
static void test_suspended_work_follows(void **state) {
    SHOWS("L43");
    begin("2026-03-02 09:00");
    for (int i = 0; i < 2; i++) {
        int64_t id = come_in(i == 0 ? MATTER_COLD : MATTER_POTHOLE, GRID_A, PLACE_BY_POINT);
        const struct principal *clerk = i == 0 ? &WATER_CLERK : &MUNICIPAL_CLERK;
        DO(&city, id, *clerk, SIGN);
        DO(&city, id, *clerk, ASK_SUSPENSION, .until = at("2026-03-05 09:00"), BECAUSE("等候天气转暖"));
        DO(&city, id, OPERATOR, GRANT_SUSPENSION);
    }
    city_close(WATER, HOUSING);
    city_close(MUNICIPAL, 0);
    follows(1);
    follows(2);
    city.quiet = true;
    until(&city, "2026-03-05 08:59");
    city.quiet = false;
    until(&city, "2026-03-05 09:00");
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给水务局：事项直派责任部门；事项“停水”；地点“米市一网格”（依据坐标）。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 水务局\n"
          "        【待签收】水务局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  水务局  已签收\n"
          "        【处置中】水务局：联系诉求人，2026-03-02 周一 13:00 前\n"
          "2026-03-02 周一 09:00  水务局  已申请挂账，至 2026-03-05 周四 09:00：等候天气转暖\n"
          "        【处置中】指挥中心：审批挂账，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  已挂账 → 水务局，至 2026-03-05 周四 09:00\n"
          "        【挂账】水务局：挂账复核，2026-03-05 周四 09:00 前\n"
          "2026-03-02 周一 09:00  诉求进来。派给市政局：事项直派责任部门；事项“路面坑洼”；地点“米市一网格”（依据坐标）。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 市政局，协办 水务局\n"
          "        【待签收】市政局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  市政局  已签收\n"
          "        【处置中】市政局：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  市政局  已申请挂账，至 2026-03-05 周四 09:00：等候天气转暖\n"
          "        【处置中】指挥中心：审批挂账，2026-03-11 周三 09:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  已挂账 → 市政局，至 2026-03-05 周四 09:00\n"
          "        【挂账】市政局：挂账复核，2026-03-05 周四 09:00 前\n"
          "2026-03-02 周一 09:00  系统  随单位调整移交，自 水务局 → 住建局：区编办〔2026〕3 号\n"
          "        【挂账】住建局：挂账复核，2026-03-05 周四 09:00 前\n"
          "2026-03-02 周一 09:00  系统  已恢复办理 → 市政局：区编办〔2026〕3 号\n"
          "2026-03-02 周一 09:00  系统  随单位调整移交，自 市政局：区编办〔2026〕3 号\n"
          "2026-03-02 周一 09:00  系统  随单位调整移交，自 水务局 → 住建局：区编办〔2026〕3 号\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 11:00 前\n"
          "2026-03-05 周四 09:00  系统  挂账复核到期\n"
          "2026-03-05 周四 09:00  系统  已恢复办理 → 住建局\n"
          "        【处置中】住建局：联系诉求人，2026-03-05 周四 13:00 前\n");
}

/* The checker is closed: another one by rule L11. The unit that did the work is merged: rework goes to who took over. */
static void test_check_and_rework_follow(void **state) {
    SHOWS("L43 L11");
    begin("2026-03-02 09:00");
    come_in(MATTER_COLD, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, WATER_CLERK, SIGN);
    DO(&city, 1, WATER_CLERK, CONTACT, .note = TEXT("已联系"));
    DO(&city, 1, WATER_CLERK, FINISH, .answer = TEXT("已恢复供水"));
    city_close(COMMUNITY_A, COMMUNITY_B);
    city_close(WATER, MUNICIPAL);
    follows(1);
    static const struct principal CLERK_OF_B = {.user = 32, .role = ROLE_COMMUNITY, .unit = COMMUNITY_B};
    DO(&city, 1, CLERK_OF_B, FAIL, BECAUSE("高层仍无水"));
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给水务局：事项直派责任部门；事项“停水”；地点“米市一网格”（依据坐标）。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 水务局\n"
          "        【待签收】水务局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  水务局  已签收\n"
          "        【处置中】水务局：联系诉求人，2026-03-02 周一 13:00 前\n"
          "2026-03-02 周一 09:00  水务局  已联系诉求人\n"
          "        【处置中】水务局：办理并答复，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  水务局  已办结\n"
          "        【待核查】米市社区：核查，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  系统  随单位调整移交，自 水务局 → 市政局：区编办〔2026〕3 号\n"
          "2026-03-02 周一 09:00  系统  随单位调整移交，自 米市社区 → 槐南社区：区编办〔2026〕3 号\n"
          "        【待核查】槐南社区：核查，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  槐南社区  核查不通过, 重办 → 市政局：高层仍无水\n"
          "        【处置中】市政局：办理并答复，2026-03-03 周二 09:00 前\n");
}

/* Closed for good while at callback: what is not solved goes to triage. */
static void test_rework_of_a_closed_unit(void **state) {
    begin("2026-03-02 09:00");
    come_in(MATTER_COLD, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, WATER_CLERK, SIGN);
    DO(&city, 1, WATER_CLERK, FINISH, .answer = TEXT("已恢复供水"));
    DO(&city, 1, COMMUNITY_CLERK, PASS);
    city_close(WATER, 0);
    follows(1);
    DO(&city, 1, OPERATOR, UNSOLVED, BECAUSE("仍无水"));
    assert_int_equal(city.tickets[0].reworks, 1);
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给水务局：事项直派责任部门；事项“停水”；地点“米市一网格”（依据坐标）。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 水务局\n"
          "        【待签收】水务局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  水务局  已签收\n"
          "        【处置中】水务局：联系诉求人，2026-03-02 周一 13:00 前\n"
          "2026-03-02 周一 09:00  水务局  已办结\n"
          "        【待核查】米市社区：核查，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  米市社区  核查通过 → 水务局\n"
          "        【待回访】指挥中心：回访，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  系统  要随单位调整，不行：没有需要变更的内容（C15）\n"
          "2026-03-02 周一 09:00  指挥中心  回访: 未解决, 重办：仍无水\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 09:30 前\n");
}

/* A supervision goes with its unit. */
static void test_a_supervision_follows(void **state) {
    SHOWS("L43");
    begin("2026-03-02 09:00");
    come_in(MATTER_COLD, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, WATER_CLERK, SIGN);
    DO(&city, 1, SUPERVISOR, SUPERVISE, .note = TEXT("今日恢复供水"));
    city_close(WATER, MUNICIPAL);
    follows(1);
    DO(&city, 1, MUNICIPAL_CLERK, REPLY, .note = TEXT("已抢修"));
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给水务局：事项直派责任部门；事项“停水”；地点“米市一网格”（依据坐标）。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 水务局\n"
          "        【待签收】水务局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  水务局  已签收\n"
          "        【处置中】水务局：联系诉求人，2026-03-02 周一 13:00 前\n"
          "2026-03-02 周一 09:00  督导  已督办 → 水务局\n"
          "2026-03-02 周一 09:00  系统  随单位调整移交，自 水务局 → 市政局：区编办〔2026〕3 号\n"
          "2026-03-02 周一 09:00  系统  随单位调整移交，自 水务局 → 市政局：区编办〔2026〕3 号\n"
          "        【处置中】市政局：联系诉求人，2026-03-02 周一 13:00 前\n"
          "2026-03-02 周一 09:00  市政局  督办已回复\n");
}

/* Requests that come afterwards: a place in a merged grid lies in the grid it went into. */
static void test_new_requests_after_a_merger(void **state) {
    SHOWS("R18");
    begin("2026-03-02 09:00");
    city_close(GRID_A, GRID_DEDICATED);
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    city_close(COMMUNITY_A, 0);
    come_in(MATTER_DRAIN, COMMUNITY_A, PLACE_BY_ADDRESS);
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给商场专属网格：专属网格优先；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 商场专属网格\n"
          "        【待签收】商场专属网格：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  诉求进来。派给汀桥街道：单位已停用；事项“雨水口堵塞”；地点“米市社区”（依据地址）；责任部门为水务局；未派米市社区：单位已停用。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-03-02 周一 11:00 前\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_department_is_merged),  cmocka_unit_test(test_a_community_is_closed),
        cmocka_unit_test(test_a_department_is_closed),  cmocka_unit_test(test_assists_follow),
        cmocka_unit_test(test_suspended_work_follows),  cmocka_unit_test(test_check_and_rework_follow),
        cmocka_unit_test(test_rework_of_a_closed_unit), cmocka_unit_test(test_a_supervision_follows),
        cmocka_unit_test(test_new_requests_after_a_merger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
