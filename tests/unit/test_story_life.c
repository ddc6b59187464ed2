/* Stories of one ticket's life: the straight way, work that was not done, callbacks, reopening, assists, what is missing. */
#include "tests/unit/story.h"

/* a line of the diary is a line of the file */
/* clang-format off */

static void test_the_straight_way(void **state) {
    SHOWS("L4 L14 L39");
    begin("2026-03-02 09:00");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-03-02 09:20");
    DO(&city, 1, GRID_WORKER, SIGN);
    until(&city, "2026-03-02 09:40");
    DO(&city, 1, GRID_WORKER, CONTACT, .note = TEXT("已电话联系"));
    until(&city, "2026-03-02 11:00");
    DO(&city, 1, GRID_WORKER, FINISH, .answer = TEXT("垃圾已清运"), .note = TEXT("保洁公司漏收"));
    until(&city, "2026-03-02 14:00");
    DO(&city, 1, COMMUNITY_CLERK, PASS);
    until(&city, "2026-03-03 10:00");
    DO(&city, 1, OPERATOR, SOLVED, .satisfied = true);
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 米市一网格\n"
          "        【待签收】米市一网格：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:20  米市一网格  已签收\n"
          "        【处置中】米市一网格：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:40  米市一网格  已联系诉求人\n"
          "        【处置中】米市一网格：办理并答复，2026-03-11 周三 09:00 前\n"
          "2026-03-02 周一 11:00  米市一网格  已办结\n"
          "        【待核查】米市社区：核查，2026-03-04 周三 11:00 前\n"
          "2026-03-02 周一 14:00  米市社区  核查通过 → 米市一网格\n"
          "        【待回访】指挥中心：回访，2026-03-04 周三 14:00 前\n"
          "2026-03-03 周二 10:00  指挥中心  回访: 已解决 → 米市一网格\n"
          "2026-03-03 周二 10:00  系统  已结案 → 米市一网格\n"
          "        【已结案】\n");
}

static void test_nobody_checks_their_own_work(void **state) {
    SHOWS("L10 L11");
    received("2026-03-02 09:00", MATTER_DRAIN, COMMUNITY_A, PLACE_BY_ADDRESS);
    done_and_checked(&COMMUNITY_CLERK, &COMMUNITY_CLERK);
    DO(&city, 1, STREET_CLERK, FAIL);
    DO(&city, 1, STREET_CLERK, FAIL, BECAUSE("现场仍有积水"));
    until(&city, "2026-03-03 09:00");
    DO(&city, 1, COMMUNITY_CLERK, FINISH, .answer = TEXT("已重新疏通"));
    DO(&city, 1, STREET_CLERK, PASS);
    reads(&city,
          "2026-03-02 周一 09:00  汀桥街道  要核查不通过，不行：请写明原因（L6）\n"
          "2026-03-02 周一 09:00  汀桥街道  核查不通过, 重办 → 米市社区：现场仍有积水\n"
          "        【处置中】米市社区：办理并答复，2026-03-11 周三 09:00 前\n"
          "2026-03-03 周二 09:00  米市社区  已办结\n"
          "        【待核查】汀桥街道：核查，2026-03-05 周四 09:00 前\n"
          "2026-03-03 周二 09:00  汀桥街道  核查通过 → 米市社区\n"
          "        【待回访】指挥中心：回访，2026-03-05 周四 09:00 前\n");
}

static void the_requester_hears(const struct event *e) {
    if (lifecycle_tells_answer(e->type)) write_down(&city, "        诉求人得到答复\n");
}

/* What was written when the work was reported done goes out when somebody else has seen that it is. */
static void test_an_answer_is_told_once_it_was_checked(void **state) {
    SHOWS("L48 L14");
    received("2026-03-02 09:00", MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    taken_on(&GRID_WORKER);
    city_hears = the_requester_hears;
    DO(&city, 1, GRID_WORKER, FINISH, .answer = TEXT("已清运"));
    DO(&city, 1, COMMUNITY_CLERK, FAIL, BECAUSE("只清了一半"));
    DO(&city, 1, GRID_WORKER, FINISH, .answer = TEXT("全部清运"));
    DO(&city, 1, COMMUNITY_CLERK, PASS);
    DO(&city, 1, HOTLINE, SOLVED);
    city_hears = NULL;
    reads(&city,
          "2026-03-02 周一 09:00  米市一网格  已办结\n"
          "        【待核查】米市社区：核查，2026-03-04 周三 09:00 前\n"
          "2026-03-02 周一 09:00  米市社区  核查不通过, 重办 → 米市一网格：只清了一半\n"
          "        【处置中】米市一网格：办理并答复，2026-03-11 周三 09:00 前\n"
          "2026-03-02 周一 09:00  米市一网格  已办结\n"
          "        【待核查】米市社区：核查，2026-03-04 周三 09:00 前\n"
          "2026-03-02 周一 09:00  米市社区  核查通过 → 米市一网格\n"
          "        诉求人得到答复\n"
          "        【待回访】指挥中心：回访，2026-03-04 周三 09:00 前\n"
          "2026-03-02 周一 09:00  热线  回访: 已解决 → 米市一网格\n"
          "2026-03-02 周一 09:00  系统  已结案 → 米市一网格\n"
          "        【已结案】\n");
}

static void test_not_solved_then_reopened(void **state) {
    SHOWS("L20 L21 C14");
    received("2026-03-02 09:00", MATTER_GARBAGE, GRID_A, PLACE_BY_GRID);
    done_and_checked(&GRID_WORKER, &COMMUNITY_CLERK);
    DO(&city, 1, HOTLINE, UNSOLVED, BECAUSE("只清了一半"));
    until(&city, "2026-03-02 15:00");
    DO(&city, 1, GRID_WORKER, FINISH, .answer = TEXT("全部清运"));
    DO(&city, 1, COMMUNITY_CLERK, PASS);
    DO(&city, 1, HOTLINE, SOLVED);
    until(&city, "2026-03-20 10:00");
    DO(&city, 1, HOTLINE, REOPEN, BECAUSE("又堆起来了"));
    until(&city, "2026-03-20 11:00");
    DO(&city, 1, GRID_WORKER, FINISH, .answer = TEXT("已增加清运频次"));
    DO(&city, 1, COMMUNITY_CLERK, PASS);
    DO(&city, 1, HOTLINE, SOLVED, .satisfied = true);
    until(&city, "2026-05-20 10:00");
    DO(&city, 1, HOTLINE, REOPEN, BECAUSE("还有"));
    reads(&city,
          "2026-03-02 周一 09:00  热线  回访: 未解决, 重办 → 米市一网格：只清了一半\n"
          "        【处置中】米市一网格：办理并答复，2026-03-11 周三 09:00 前\n"
          "2026-03-02 周一 15:00  米市一网格  已办结\n"
          "        【待核查】米市社区：核查，2026-03-04 周三 15:00 前\n"
          "2026-03-02 周一 15:00  米市社区  核查通过 → 米市一网格\n"
          "        【待回访】指挥中心：回访，2026-03-04 周三 15:00 前\n"
          "2026-03-02 周一 15:00  热线  回访: 已解决 → 米市一网格\n"
          "2026-03-02 周一 15:00  系统  已结案 → 米市一网格\n"
          "        【已结案】\n"
          "2026-03-20 周五 10:00  热线  已重新办理 → 米市一网格：又堆起来了\n"
          "        【处置中】米市一网格：办理并答复，2026-03-31 周二 10:00 前\n"
          "2026-03-20 周五 11:00  米市一网格  已办结\n"
          "        【待核查】米市社区：核查，2026-03-24 周二 11:00 前\n"
          "2026-03-20 周五 11:00  米市社区  核查通过 → 米市一网格\n"
          "        【待回访】指挥中心：回访，2026-03-22 周日 11:00 前\n"
          "2026-03-20 周五 11:00  热线  回访: 已解决 → 米市一网格\n"
          "2026-03-20 周五 11:00  系统  已结案 → 米市一网格\n"
          "        【已结案】\n"
          "2026-05-20 周三 10:00  热线  要重新办理，不行：已过重新办理的期限（L21）\n");
}

static void test_requester_cannot_be_reached(void **state) {
    SHOWS("L19");
    received("2026-03-02 09:00", MATTER_GARBAGE, GRID_A, PLACE_BY_GRID);
    done_and_checked(&GRID_WORKER, &COMMUNITY_CLERK);
    until(&city, "2026-03-02 10:00");
    DO(&city, 1, OPERATOR, UNREACHABLE, .note = TEXT("无人接听"));
    until(&city, "2026-03-02 15:00");
    DO(&city, 1, OPERATOR, UNREACHABLE, .note = TEXT("无人接听"));
    until(&city, "2026-03-03 09:00");
    DO(&city, 1, OPERATOR, UNREACHABLE, .note = TEXT("无人接听"));
    until(&city, "2026-03-03 17:00");
    DO(&city, 1, OPERATOR, UNREACHABLE, .note = TEXT("关机"));
    reads(&city,
          "2026-03-02 周一 10:00  指挥中心  回访: 未接通 → 米市一网格\n"
          "2026-03-02 周一 15:00  指挥中心  要回访未接通，不行：距上次回访太近, 请隔些时候再试（L19）\n"
          "2026-03-03 周二 09:00  指挥中心  回访: 未接通 → 米市一网格\n"
          "2026-03-03 周二 17:00  指挥中心  回访: 未接通 → 米市一网格\n"
          "2026-03-03 周二 17:00  系统  已结案 → 米市一网格\n"
          "        【已结案】\n");
}

static void test_lead_waits_for_its_assists(void **state) {
    SHOWS("L13");
    begin("2026-03-02 09:00");
    come_in(MATTER_POTHOLE, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, MUNICIPAL_CLERK, SIGN);
    DO(&city, 1, MUNICIPAL_CLERK, ADD_ASSIST, .unit = HOUSING);
    DO(&city, 1, MUNICIPAL_CLERK, FINISH, .answer = TEXT("已修补"));
    until(&city, "2026-03-02 10:00");
    DO(&city, 1, WATER_CLERK, SIGN);
    DO(&city, 1, WATER_CLERK, ANSWER, .note = TEXT("管网无渗漏"));
    DO(&city, 1, MUNICIPAL_CLERK, FINISH, .answer = TEXT("已修补"));
    DO(&city, 1, MUNICIPAL_CLERK, RELEASE_ASSIST, .unit = HOUSING, BECAUSE("不涉及房屋"));
    DO(&city, 1, MUNICIPAL_CLERK, FINISH, .answer = TEXT("已修补"));
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给市政局：事项直派责任部门；事项“路面坑洼”；地点“米市一网格”（依据坐标）。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 市政局，协办 水务局\n"
          "        【待签收】市政局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  市政局  已签收\n"
          "        【处置中】市政局：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  市政局  已增加协办 → 住建局\n"
          "2026-03-02 周一 09:00  市政局  要办结，不行：还有协办单位未答复（L13）\n"
          "2026-03-02 周一 10:00  水务局  协办已签收\n"
          "2026-03-02 周一 10:00  水务局  协办已答复\n"
          "2026-03-02 周一 10:00  市政局  要办结，不行：还有协办单位未答复（L13）\n"
          "2026-03-02 周一 10:00  市政局  已解除协办 → 住建局：不涉及房屋\n"
          "2026-03-02 周一 10:00  市政局  已办结\n"
          "        【待核查】米市社区：核查，2026-03-04 周三 10:00 前\n");
}

/* An assist's clock counts from when it was asked, not from when the lead was. */
static void test_assist_asked_late_has_its_full_time(void **state) {
    SHOWS("C11 C17");
    begin("2026-03-02 09:00");
    come_in(MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, STREET_CLERK, SIGN);
    DO(&city, 1, STREET_CLERK, CONTACT, .note = TEXT("已上门"));
    until(&city, "2026-03-05 14:00");
    DO(&city, 1, STREET_CLERK, ADD_ASSIST, .unit = URBAN);
    until(&city, "2026-03-05 16:00");
    DO(&city, 1, URBAN_CLERK, SIGN);
    const struct assignment *urban = ticket_assignment_of(&city.tickets[0], URBAN);
    write_down(&city, "        城管局处置时限 %s，工单总时限 %s\n", when(urban->handle.due),
               when(city.tickets[0].total_due));
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给汀桥街道：事项从街道开始办理；事项“违规广告牌”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  汀桥街道  已签收\n"
          "        【处置中】汀桥街道：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  汀桥街道  已联系诉求人\n"
          "        【处置中】汀桥街道：办理并答复，2026-03-11 周三 09:00 前\n"
          "2026-03-05 周四 14:00  汀桥街道  已增加协办 → 城管局\n"
          "2026-03-05 周四 15:36  系统  催办（签收时限）→ 城管局，告知 城管局\n"
          "2026-03-05 周四 16:00  系统  预警（签收时限）→ 城管局，告知 城管局\n"
          "2026-03-05 周四 16:00  城管局  协办已签收\n"
          "        城管局处置时限 2026-03-16 周一 14:00，工单总时限 2026-03-11 周三 09:00\n");
}

static void test_never_supplemented(void **state) {
    SHOWS("L31 D6");
    received("2026-03-02 09:00", 0, 0, 0);
    DO(&city, 1, OPERATOR, ASK, BECAUSE("请说明地点"));
    until(&city, "2026-03-09 10:00");
    reads(&city,
          "2026-03-02 周一 09:00  指挥中心  已请诉求人补充：请说明地点\n"
          "        【待补充】指挥中心：等待补充，2026-03-09 周一 09:00 前\n"
          "2026-03-09 周一 09:00  系统  逾期未补充\n"
          "        【不予受理】\n");
}

static void test_supplemented_and_routed(void **state) {
    SHOWS("L31");
    received("2026-03-02 09:00", 0, 0, 0);
    DO(&city, 1, OPERATOR, ASK, BECAUSE("请说明地点"));
    until(&city, "2026-03-03 10:00");
    struct request_new now_known = {.matter = MATTER_GARBAGE, .place = GRID_A, .place_by = PLACE_BY_ADDRESS};
    struct route route;
    routing_decide(city_world(), &now_known, &route);
    DO(&city, 1, HOTLINE, SUPPLEMENT, .note = TEXT("米市街 3 号门前"), .matter = MATTER_GARBAGE, .place = GRID_A,
       .place_by = PLACE_BY_ADDRESS, .route = route);
    reads(&city,
          "2026-03-02 周一 09:00  指挥中心  已请诉求人补充：请说明地点\n"
          "        【待补充】指挥中心：等待补充，2026-03-09 周一 09:00 前\n"
          "2026-03-03 周二 10:00  热线  已补充\n"
          "2026-03-03 周二 10:00  系统  已派单 → 米市一网格\n"
          "        【待签收】米市一网格：签收，2026-03-03 周二 12:00 前\n");
}

/* A unit has it: what comes in afterwards is a note, and nothing is dropped in silence. */
static void test_supplemented_while_a_unit_has_it(void **state) {
    SHOWS("L31");
    received("2026-03-02 09:00", MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, HOTLINE, SUPPLEMENT, .matter = MATTER_DRAIN);
    DO(&city, 1, HOTLINE, SUPPLEMENT, .note = TEXT("其实是雨水口堵了"), .place = GRID_B);
    DO(&city, 1, HOTLINE, SUPPLEMENT, .note = TEXT("其实是雨水口堵了"));
    reads(&city,
          "2026-03-02 周一 09:00  热线  要补充，不行：工单已派出, 补充只能写在说明里, 不能改事项、地点和紧急程度（L31）\n"
          "2026-03-02 周一 09:00  热线  要补充，不行：工单已派出, 补充只能写在说明里, 不能改事项、地点和紧急程度（L31）\n"
          "2026-03-02 周一 09:00  热线  已补充\n");
}

static void test_supervised_from_above(void **state) {
    SHOWS("L25 L26 L35");
    received("2026-03-02 09:00", MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, GRID_WORKER, SIGN);
    DO(&city, 1, HOTLINE, URGE, .note = TEXT("来电催促"));
    DO(&city, 1, SUPERVISOR, SUPERVISE, .note = TEXT("两日内书面说明"));
    DO(&city, 1, GRID_WORKER, FINISH, .answer = TEXT("已清运"));
    DO(&city, 1, GRID_WORKER, REPLY, .note = TEXT("车辆故障, 今日完成"));
    DO(&city, 1, GRID_WORKER, FINISH, .answer = TEXT("已清运"));
    reads(&city,
          "2026-03-02 周一 09:00  米市一网格  已签收\n"
          "        【处置中】米市一网格：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  热线  已催办 → 米市一网格\n"
          "2026-03-02 周一 09:00  督导  已督办 → 米市一网格\n"
          "2026-03-02 周一 09:00  米市一网格  要办结，不行：督办尚未回复, 请先回复（L26）\n"
          "2026-03-02 周一 09:00  米市一网格  督办已回复\n"
          "2026-03-02 周一 09:00  米市一网格  已办结\n"
          "        【待核查】米市社区：核查，2026-03-04 周三 09:00 前\n");
}

static void test_declined_voided_closed_by_hand(void **state) {
    SHOWS("L6 L19 L32");
    begin("2026-03-02 09:00");
    come_in(0, 0, 0);
    DO(&city, 1, OPERATOR, DECLINE);
    DO(&city, 1, OPERATOR, DECLINE, BECAUSE("已由法院受理"));
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    DO(&city, 2, OPERATOR, VOID, BECAUSE("测试数据"));
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    DO(&city, 3, GRID_WORKER, SIGN);
    DO(&city, 3, GRID_WORKER, FINISH, .answer = TEXT("已清运"));
    DO(&city, 3, COMMUNITY_CLERK, PASS);
    DO(&city, 3, OPERATOR, CLOSE, BECAUSE("匿名诉求, 无法回访"));
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。转人工派遣：未给出事项。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  转人工派遣\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  要不予受理，不行：请写明原因（L6）\n"
          "2026-03-02 周一 09:00  指挥中心  不予受理：已由法院受理\n"
          "        【不予受理】\n"
          "2026-03-02 周一 09:00  诉求进来。派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 米市一网格\n"
          "        【待签收】米市一网格：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  已作废：测试数据\n"
          "        【作废】\n"
          "2026-03-02 周一 09:00  诉求进来。派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 米市一网格\n"
          "        【待签收】米市一网格：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  米市一网格  已签收\n"
          "        【处置中】米市一网格：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  米市一网格  已办结\n"
          "        【待核查】米市社区：核查，2026-03-04 周三 09:00 前\n"
          "2026-03-02 周一 09:00  米市社区  核查通过 → 米市一网格\n"
          "        【待回访】指挥中心：回访，2026-03-04 周三 09:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  已结案 → 米市一网格：匿名诉求, 无法回访\n"
          "        【已结案】\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_straight_way),           cmocka_unit_test(test_nobody_checks_their_own_work),
        cmocka_unit_test(test_an_answer_is_told_once_it_was_checked), cmocka_unit_test(test_not_solved_then_reopened),   cmocka_unit_test(test_requester_cannot_be_reached),
        cmocka_unit_test(test_lead_waits_for_its_assists), cmocka_unit_test(test_assist_asked_late_has_its_full_time),
        cmocka_unit_test(test_never_supplemented),         cmocka_unit_test(test_supplemented_and_routed),
        cmocka_unit_test(test_supplemented_while_a_unit_has_it),
        cmocka_unit_test(test_supervised_from_above),      cmocka_unit_test(test_declined_voided_closed_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
