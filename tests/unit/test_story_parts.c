/* Stories of taking part: assists, whistled units, units that take no tickets, levels, and more time. */
#include "tests/unit/story.h"

/* a line of the diary is a line of the file */
/* clang-format off */

/* The department takes over, and the one that was called is still on its way. */
static void test_a_whistled_unit_arrives_while_the_lead_changes(void **state) {
    SHOWS("L28 L17");
    received("2026-03-02 09:00", MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, STREET_CLERK, SIGN);
    DO(&city, 1, STREET_CLERK, WHISTLE, .unit = WATER, .note = TEXT("现场有漏水"));
    DO(&city, 1, STREET_CLERK, PASS_UP, BECAUSE("需要执法权"));
    DO(&city, 1, WATER_CLERK, ANSWER, .note = TEXT("已关阀"));
    DO(&city, 1, WATER_CLERK, ARRIVE);
    DO(&city, 1, WATER_CLERK, ARRIVE);
    DO(&city, 1, WATER_CLERK, ANSWER, .note = TEXT("已关阀"));
    reads(&city,
          "2026-03-02 周一 09:00  汀桥街道  已签收\n"
          "        【处置中】汀桥街道：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  汀桥街道  已吹哨 → 水务局\n"
          "2026-03-02 周一 09:00  汀桥街道  已提级 → 城管局：需要执法权\n"
          "        【待签收】城管局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  水务局  要协办答复，不行：该单位尚未报到（L28）\n"
          "2026-03-02 周一 09:00  水务局  已报到\n"
          "2026-03-02 周一 09:00  水务局  要报到，不行：已经办过了（L5）\n"
          "2026-03-02 周一 09:00  水务局  协办已答复\n");
}

/* Whom the street called it scores, also when the department leads by then, and after the end. */
static void test_the_street_scores_when_another_leads(void **state) {
    SHOWS("L28");
    begin("2026-03-02 09:00");
    city.quiet = true;
    come_in(MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, STREET_CLERK, SIGN);
    DO(&city, 1, STREET_CLERK, WHISTLE, .units = {WATER, HOUSING}, .units_count = 2, .note = TEXT("现场会商"));
    DO(&city, 1, STREET_CLERK, PASS_UP, BECAUSE("需要执法权"));
    DO(&city, 1, URBAN_CLERK, SIGN);
    DO(&city, 1, WATER_CLERK, ARRIVE);
    DO(&city, 1, WATER_CLERK, ANSWER, .note = TEXT("已关阀"));
    DO(&city, 1, HOUSING_CLERK, ARRIVE);
    DO(&city, 1, HOUSING_CLERK, ANSWER, .note = TEXT("墙体无隐患"));
    city.quiet = false;
    DO(&city, 1, URBAN_CLERK, SCORE, .unit = WATER, .score = 5);
    DO(&city, 1, STREET_CLERK_B, SCORE, .unit = WATER, .score = 5);
    DO(&city, 1, STREET_CLERK, SCORE, .unit = WATER, .score = 4);
    DO(&city, 1, URBAN_CLERK, FINISH, .answer = TEXT("已拆除"));
    DO(&city, 1, COMMUNITY_CLERK, PASS);
    DO(&city, 1, HOTLINE, SOLVED, .satisfied = true);
    DO(&city, 1, STREET_CLERK, SCORE, .unit = HOUSING, .score = 3);
    reads(&city,
          "2026-03-02 周一 09:00  城管局  要评分，不行：这不是您或您单位可以办理的（L2）\n"
          "2026-03-02 周一 09:00  望槐街道  要评分，不行：没有这张工单（A2）\n"
          "2026-03-02 周一 09:00  汀桥街道  已评分 → 水务局 4 分\n"
          "2026-03-02 周一 09:00  城管局  已办结\n"
          "        【待核查】米市社区：核查，2026-03-04 周三 09:00 前\n"
          "2026-03-02 周一 09:00  米市社区  核查通过 → 城管局\n"
          "        【待回访】指挥中心：回访，2026-03-04 周三 09:00 前\n"
          "2026-03-02 周一 09:00  热线  回访: 已解决 → 城管局\n"
          "2026-03-02 周一 09:00  系统  已结案 → 城管局\n"
          "        【已结案】\n"
          "2026-03-02 周一 09:00  汀桥街道  已评分 → 住建局 3 分\n");
}

/* While the street leads, it does not finish before it has scored who came. */
static void test_the_street_scores_before_it_finishes(void **state) {
    SHOWS("L28");
    begin("2026-03-02 09:00");
    city.quiet = true;
    come_in(MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, STREET_CLERK, SIGN);
    DO(&city, 1, STREET_CLERK, WHISTLE, .units = {WATER, HOUSING}, .units_count = 2, .note = TEXT("现场会商"));
    DO(&city, 1, WATER_CLERK, ARRIVE);
    DO(&city, 1, WATER_CLERK, ANSWER, .note = TEXT("已关阀"));
    city.quiet = false;
    DO(&city, 1, STREET_CLERK, RELEASE_ASSIST, .unit = HOUSING, BECAUSE("不必再来"));
    DO(&city, 1, STREET_CLERK, FINISH, .answer = TEXT("已拆除"));
    DO(&city, 1, STREET_CLERK, SCORE, .unit = WATER, .score = 5);
    DO(&city, 1, STREET_CLERK, FINISH, .answer = TEXT("已拆除"));
    reads(&city,
          "2026-03-02 周一 09:00  汀桥街道  已解除协办 → 住建局：不必再来\n"
          "2026-03-02 周一 09:00  汀桥街道  要办结，不行：吹哨调来的单位还没有评分（L28）\n"
          "2026-03-02 周一 09:00  汀桥街道  已评分 → 水务局 5 分\n"
          "2026-03-02 周一 09:00  汀桥街道  已办结\n"
          "        【待核查】指挥中心：核查，2026-03-04 周三 09:00 前\n");
}

static void test_a_unit_takes_part_once(void **state) {
    SHOWS("L34 L33");
    received("2026-03-02 09:00", MATTER_POTHOLE, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, MUNICIPAL_CLERK, SIGN);
    DO(&city, 1, MUNICIPAL_CLERK, ADD_ASSIST, .unit = WATER);
    DO(&city, 1, MUNICIPAL_CLERK, ADD_ASSIST, .unit = MUNICIPAL);
    DO(&city, 1, MUNICIPAL_CLERK, ADD_ASSIST, .unit = GONE);
    DO(&city, 1, MUNICIPAL_CLERK, ADD_ASSIST, .unit = CENTER);
    DO(&city, 1, MUNICIPAL_CLERK, ADD_ASSIST, .units = {URBAN, HOUSING, STREET_A, STREET_B, WATERWORKS, GRID_A, GRID_B}, .units_count = 7);
    DO(&city, 1, MUNICIPAL_CLERK, ADD_ASSIST, .units = {URBAN, HOUSING, STREET_A, STREET_B, WATERWORKS, GRID_A}, .units_count = 6);
    DO(&city, 1, MUNICIPAL_CLERK, ADD_ASSIST, .unit = GRID_B);
    DO(&city, 1, OPERATOR, RELEASE_ASSIST, .unit = STREET_B, BECAUSE("不在本街道"));
    DO(&city, 1, MUNICIPAL_CLERK, ADD_ASSIST, .unit = GRID_B);
    reads(&city,
          "2026-03-02 周一 09:00  市政局  已签收\n"
          "        【处置中】市政局：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  市政局  要增加协办，不行：同一单位不能在一张工单上出现两次（L34）\n"
          "2026-03-02 周一 09:00  市政局  要增加协办，不行：同一单位不能在一张工单上出现两次（L34）\n"
          "2026-03-02 周一 09:00  市政局  要增加协办，不行：所列单位中有不存在、已停用或不能参与的（L34）\n"
          "2026-03-02 周一 09:00  市政局  要增加协办，不行：所列单位中有不存在、已停用或不能参与的（L34）\n"
          "2026-03-02 周一 09:00  市政局  要增加协办，不行：参与单位过多（L34）\n"
          "2026-03-02 周一 09:00  市政局  已增加协办 → 城管局、住建局、汀桥街道、望槐街道、供水公司、米市一网格\n"
          "2026-03-02 周一 09:00  市政局  要增加协办，不行：参与单位过多（L34）\n"
          "2026-03-02 周一 09:00  指挥中心  已解除协办 → 望槐街道：不在本街道\n"
          "2026-03-02 周一 09:00  市政局  已增加协办 → 槐南网格\n");
}

static void test_an_assist_returns_its_part(void **state) {
    SHOWS("L8 R9 L13");
    begin("2026-03-02 09:00");
    come_in(MATTER_POTHOLE, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, WATER_CLERK, ANSWER, .note = TEXT("与我局无关"));
    DO(&city, 1, WATER_CLERK, RETURN, NOT_OUR_DUTY);
    DO(&city, 1, MUNICIPAL_CLERK, RETURN, NOT_OUR_DUTY);
    write_down(&city, "        退单 %d 次\n", city.tickets[0].returns);
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给市政局：事项直派责任部门；事项“路面坑洼”；地点“米市一网格”（依据坐标）。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 市政局，协办 水务局\n"
          "        【待签收】市政局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  水务局  要协办答复，不行：尚未签收（L13）\n"
          "2026-03-02 周一 09:00  水务局  已退单：不属本单位职责，依据《三定方案》第三条\n"
          "2026-03-02 周一 09:00  市政局  已退单：不属本单位职责，依据《三定方案》第三条\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 11:00 前\n"
          "        退单 1 次\n");
}

static void test_work_goes_only_to_units_that_take_it(void **state) {
    SHOWS("L33 W2 R6");
    begin("2026-03-02 09:00");
    come_in(0, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, OPERATOR, DISPATCH);
    DO(&city, 1, OPERATOR, DISPATCH, .unit = 99);
    DO(&city, 1, OPERATOR, DISPATCH, .unit = GONE);
    DO(&city, 1, OPERATOR, DISPATCH, .unit = DISTRICT);
    DO(&city, 1, OPERATOR, DISPATCH, .unit = COMMUNITY_A, .matter = MATTER_SIGN);
    DO(&city, 1, OPERATOR, DISPATCH, .unit = COMMUNITY_A, .matter = MATTER_DRAIN);
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。转人工派遣：未给出事项；地点“米市一网格”（依据坐标）。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  转人工派遣\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  要派单，不行：请指定单位（L33）\n"
          "2026-03-02 周一 09:00  指挥中心  要派单，不行：没有这个单位（L33）\n"
          "2026-03-02 周一 09:00  指挥中心  要派单，不行：该单位已停用（L33）\n"
          "2026-03-02 周一 09:00  指挥中心  要派单，不行：不能向该类单位派单（L33）\n"
          "2026-03-02 周一 09:00  指挥中心  要派单，不行：该事项不在社区准入清单内（R6）\n"
          "2026-03-02 周一 09:00  指挥中心  已派单 → 米市社区\n"
          "        【待签收】米市社区：签收，2026-03-02 周一 11:00 前\n");
}

/* The centre takes back what it gave wrongly, before it is signed: the dispatch limit begins anew. */
static void test_taken_back_by_the_centre(void **state) {
    SHOWS("C18 L6");
    received("2026-03-02 09:00", MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-03-02 10:00");
    DO(&city, 1, OPERATOR, TRIAGE);
    DO(&city, 1, OPERATOR, TRIAGE, BECAUSE("地点有误"));
    DO(&city, 1, OPERATOR, DISPATCH, .unit = GRID_B);
    reads(&city,
          "2026-03-02 周一 10:00  指挥中心  要转人工派遣，不行：请写明原因（L6）\n"
          "2026-03-02 周一 10:00  指挥中心  转人工派遣，自 米市一网格：地点有误\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 12:00 前\n"
          "2026-03-02 周一 10:00  指挥中心  已派单 → 槐南网格\n"
          "        【待签收】槐南网格：签收，2026-03-02 周一 12:00 前\n");
}

/* A department has nobody above it to pass to: the centre dispatches. */
static void test_passed_up_from_the_top(void **state) {
    SHOWS("L17");
    received("2026-03-02 09:00", MATTER_COLD, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, WATER_CLERK, SIGN);
    DO(&city, 1, WATER_CLERK, PASS_UP);
    DO(&city, 1, WATER_CLERK, PASS_UP, BECAUSE("水源不在本区"));
    reads(&city,
          "2026-03-02 周一 09:00  水务局  已签收\n"
          "        【处置中】水务局：联系诉求人，2026-03-02 周一 13:00 前\n"
          "2026-03-02 周一 09:00  水务局  要提级，不行：请写明原因（L6）\n"
          "2026-03-02 周一 09:00  水务局  已提级：水源不在本区\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 09:30 前\n");
}

static void test_reopened_when_its_unit_is_gone(void **state) {
    SHOWS("L21 W2");
    received("2026-03-02 09:00", MATTER_COLD, GRID_A, PLACE_BY_POINT);
    done_and_checked(&WATER_CLERK, &COMMUNITY_CLERK);
    DO(&city, 1, HOTLINE, SOLVED);
    city_units[WATER].closed = true;
    DO(&city, 1, HOTLINE, REOPEN, BECAUSE("又停了"));
    city_units[WATER].closed = false;
    reads(&city,
          "2026-03-02 周一 09:00  热线  回访: 已解决 → 水务局\n"
          "2026-03-02 周一 09:00  系统  已结案 → 水务局\n"
          "        【已结案】\n"
          "2026-03-02 周一 09:00  热线  已重新办理：又停了\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 09:30 前\n");
}

static void test_further_extensions(void **state) {
    SHOWS("L12 L15 C16");
    received("2026-03-02 09:00", MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    taken_on(&GRID_WORKER);
    DO(&city, 1, GRID_WORKER, ASK_EXTENSION, BECAUSE("车辆检修"), .until = at("2026-03-14 12:00"));
    DO(&city, 1, OPERATOR, GRANT_EXTENSION);
    DO(&city, 1, GRID_WORKER, ASK_EXTENSION, BECAUSE("仍未修好"), .until = at("2026-03-20 12:00"));
    DO(&city, 1, OPERATOR, GRANT_EXTENSION);
    DO(&city, 1, SUPERVISOR, GRANT_EXTENSION);
    DO(&city, 1, GRID_WORKER, ASK_EXTENSION, BECAUSE("还要几天"), .until = at("2026-03-27 12:00"));
    reads(&city,
          "2026-03-02 周一 09:00  米市一网格  已申请延期，至 2026-03-14 周六 12:00：车辆检修\n"
          "        【处置中】指挥中心：审批延期，2026-03-11 周三 09:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  已同意延期 → 米市一网格，至 2026-03-14 周六 12:00\n"
          "        【处置中】米市一网格：办理并答复，2026-03-13 周五 17:00 前\n"
          "2026-03-02 周一 09:00  米市一网格  已申请延期，至 2026-03-20 周五 12:00：仍未修好\n"
          "        【处置中】指挥中心：审批延期，2026-03-13 周五 17:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  要同意延期，不行：再次延期须由督导审批（L12）\n"
          "2026-03-02 周一 09:00  督导  已同意延期 → 米市一网格，至 2026-03-20 周五 12:00\n"
          "        【处置中】米市一网格：办理并答复，2026-03-20 周五 12:00 前\n"
          "2026-03-02 周一 09:00  米市一网格  要申请延期，不行：延期次数已用完（L15）\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whistled_unit_arrives_while_the_lead_changes),
        cmocka_unit_test(test_the_street_scores_when_another_leads),
        cmocka_unit_test(test_the_street_scores_before_it_finishes),
        cmocka_unit_test(test_a_unit_takes_part_once),
        cmocka_unit_test(test_an_assist_returns_its_part),
        cmocka_unit_test(test_work_goes_only_to_units_that_take_it),
        cmocka_unit_test(test_taken_back_by_the_centre),
        cmocka_unit_test(test_passed_up_from_the_top),
        cmocka_unit_test(test_reopened_when_its_unit_is_gone),
        cmocka_unit_test(test_further_extensions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
