/* Stories between units: returns and adjudication, passing up and down, whistles, merging, splitting, the world outside. */
#include "tests/unit/story.h"

/* a line of the diary is a line of the file */
/* clang-format off */

static void test_returned_twice_and_forced(void **state) {
    SHOWS("L7 L8 L9");
    begin("2026-03-02 09:00");
    come_in(MATTER_COLD, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, WATER_CLERK, RETURN, .reason = TEXT("not_our_duty"));
    DO(&city, 1, WATER_CLERK, RETURN, NOT_OUR_DUTY);
    DO(&city, 1, OPERATOR, DISPATCH, .unit = HOUSING);
    DO(&city, 1, HOUSING_CLERK, RETURN, NOT_OUR_DUTY);
    DO(&city, 1, OPERATOR, FORCE, BECAUSE("小区二次供水由住建局监管"));
    DO(&city, 1, HOUSING_CLERK, RETURN, NOT_OUR_DUTY);
    DO(&city, 1, HOUSING_CLERK, SIGN);
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给水务局：事项直派责任部门；事项“停水”；地点“米市一网格”（依据坐标）。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 水务局\n"
          "        【待签收】水务局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  水务局  要退单，不行：退单须写明法律或职责依据（L7）\n"
          "2026-03-02 周一 09:00  水务局  已退单：不属本单位职责，依据《三定方案》第三条\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 09:30 前\n"
          "2026-03-02 周一 09:00  指挥中心  已派单 → 住建局\n"
          "        【待签收】住建局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  住建局  已退单：不属本单位职责，依据《三定方案》第三条\n"
          "2026-03-02 周一 09:00  系统  退单待裁定 → 住建局\n"
          "        【退单待裁定】指挥中心：裁定，2026-03-02 周一 10:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  已裁定强制办理 → 住建局：小区二次供水由住建局监管\n"
          "        【待签收】住建局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  住建局  要退单，不行：已裁定强制办理, 不能再退（L9）\n"
          "2026-03-02 周一 09:00  住建局  已签收\n"
          "        【处置中】住建局：联系诉求人，2026-03-02 周一 13:00 前\n");
}

/* An accepted return holds: neither by hand nor by a route does the ticket come back, until an adjudication gives it back for good. */
static void test_an_accepted_return_holds(void **state) {
    SHOWS("L46 L9");
    received("2026-03-02 09:00", MATTER_COLD, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, WATER_CLERK, RETURN, NOT_OUR_DUTY);
    DO(&city, 1, OPERATOR, DISPATCH, .unit = WATER);
    DO(&city, 1, OPERATOR, SUPPLEMENT, .note = TEXT("整栋楼停水"), .route = {.unit = WATER});
    DO(&city, 1, OPERATOR, DISPATCH, .unit = MUNICIPAL, .units = {WATER}, .units_count = 1);
    DO(&city, 1, OPERATOR, DISPATCH, .unit = WATER, BECAUSE("再派一次"));
    DO(&city, 1, MUNICIPAL_CLERK, RETURN, NOT_OUR_DUTY);
    DO(&city, 1, OPERATOR, ADJUDICATE, .unit = WATER, BECAUSE("供水由水务局负责"));
    DO(&city, 1, WATER_CLERK, RETURN, NOT_OUR_DUTY);
    DO(&city, 1, WATER_CLERK, SIGN);
    reads(&city,
          "2026-03-02 周一 09:00  水务局  已退单：不属本单位职责，依据《三定方案》第三条\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 09:30 前\n"
          "2026-03-02 周一 09:00  指挥中心  要派单，不行：该单位已退单且退单已被接受, 只能经裁定再派给它（L46）\n"
          "2026-03-02 周一 09:00  指挥中心  已补充\n"
          "2026-03-02 周一 09:00  指挥中心  已派单 → 市政局，协办 水务局\n"
          "        【待签收】市政局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  要派单，不行：该单位已退单且退单已被接受, 只能经裁定再派给它（L46）\n"
          "2026-03-02 周一 09:00  市政局  已退单：不属本单位职责，依据《三定方案》第三条\n"
          "2026-03-02 周一 09:00  系统  退单待裁定 → 市政局\n"
          "        【退单待裁定】指挥中心：裁定，2026-03-02 周一 10:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  已裁定改派 → 水务局：供水由水务局负责\n"
          "        【待签收】水务局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  水务局  要退单，不行：已裁定强制办理, 不能再退（L9）\n"
          "2026-03-02 周一 09:00  水务局  已签收\n"
          "        【处置中】水务局：联系诉求人，2026-03-02 周一 13:00 前\n");
}

/* The street has returned it: what the community cannot solve goes past the street, to the department. */
static void test_passed_up_past_who_returned_it(void **state) {
    SHOWS("L46 L17");
    received("2026-03-02 09:00", MATTER_GARBAGE, STREET_A, PLACE_BY_ADDRESS);
    DO(&city, 1, STREET_CLERK, RETURN, NOT_OUR_DUTY);
    DO(&city, 1, OPERATOR, DISPATCH, .unit = COMMUNITY_A);
    DO(&city, 1, COMMUNITY_CLERK, SIGN);
    DO(&city, 1, COMMUNITY_CLERK, PASS_UP, BECAUSE("需要执法"));
    reads(&city,
          "2026-03-02 周一 09:00  汀桥街道  已退单：不属本单位职责，依据《三定方案》第三条\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  已派单 → 米市社区\n"
          "        【待签收】米市社区：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  米市社区  已签收\n"
          "        【处置中】米市社区：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  米市社区  已提级 → 城管局：需要执法\n"
          "        【待签收】城管局：签收，2026-03-02 周一 11:00 前\n");
}

/* What is forced is forced on the lead. */
static void test_an_assist_of_a_forced_ticket_may_return(void **state) {
    SHOWS("L46 L8");
    begin("2026-03-02 09:00");
    city.quiet = true;
    come_in(MATTER_COLD, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, WATER_CLERK, RETURN, NOT_OUR_DUTY);
    DO(&city, 1, OPERATOR, DISPATCH, .unit = MUNICIPAL);
    DO(&city, 1, MUNICIPAL_CLERK, RETURN, NOT_OUR_DUTY);
    city.quiet = false;
    DO(&city, 1, OPERATOR, FORCE, BECAUSE("管网在道路下"));
    DO(&city, 1, OPERATOR, ADD_ASSIST, .unit = URBAN);
    DO(&city, 1, URBAN_CLERK, RETURN, NOT_OUR_DUTY);
    DO(&city, 1, MUNICIPAL_CLERK, RETURN, NOT_OUR_DUTY);
    reads(&city,
          "2026-03-02 周一 09:00  指挥中心  已裁定强制办理 → 市政局：管网在道路下\n"
          "        【待签收】市政局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  已增加协办 → 城管局\n"
          "2026-03-02 周一 09:00  城管局  已退单：不属本单位职责，依据《三定方案》第三条\n"
          "2026-03-02 周一 09:00  市政局  要退单，不行：已裁定强制办理, 不能再退（L9）\n");
}

static void test_adjudicated_elsewhere(void **state) {
    SHOWS("L9");
    begin("2026-03-02 09:00");
    come_in(MATTER_POTHOLE, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, MUNICIPAL_CLERK, RETURN, NOT_OUR_DUTY);
    DO(&city, 1, OPERATOR, DISPATCH, .unit = URBAN);
    DO(&city, 1, URBAN_CLERK, RETURN, NOT_OUR_DUTY);
    DO(&city, 1, OPERATOR, ADJUDICATE, .unit = URBAN, BECAUSE("再议"));
    DO(&city, 1, OPERATOR, ADJUDICATE, .unit = WATER, BECAUSE("塌陷由管网渗漏引起"));
    DO(&city, 1, WATER_CLERK, SIGN);
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给市政局：事项直派责任部门；事项“路面坑洼”；地点“米市一网格”（依据坐标）。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 市政局，协办 水务局\n"
          "        【待签收】市政局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  市政局  已退单：不属本单位职责，依据《三定方案》第三条\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  已派单 → 城管局\n"
          "        【待签收】城管局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  城管局  已退单：不属本单位职责，依据《三定方案》第三条\n"
          "2026-03-02 周一 09:00  系统  退单待裁定 → 城管局\n"
          "        【退单待裁定】指挥中心：裁定，2026-03-02 周一 13:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  要裁定改派，不行：须改派给其他单位（L9）\n"
          "2026-03-02 周一 09:00  指挥中心  已裁定改派 → 水务局：塌陷由管网渗漏引起\n"
          "        【待签收】水务局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  水务局  已签收\n"
          "        【处置中】水务局：联系诉求人，2026-03-03 周二 09:00 前\n");
}

/* The grid cannot, the community cannot, the street cannot: the department; each with its full time. */
static void test_passed_up_from_the_grid_to_the_department(void **state) {
    SHOWS("L17");
    begin("2026-03-02 09:00");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, GRID_WORKER, SIGN);
    DO(&city, 1, GRID_WORKER, PASS_UP);
    DO(&city, 1, GRID_WORKER, PASS_UP, BECAUSE("需要车辆"));
    until(&city, "2026-03-02 10:00");
    DO(&city, 1, COMMUNITY_CLERK, SIGN);
    DO(&city, 1, COMMUNITY_CLERK, PASS_UP, BECAUSE("建筑垃圾, 无处置权限"));
    until(&city, "2026-03-02 11:00");
    DO(&city, 1, STREET_CLERK, SIGN);
    DO(&city, 1, STREET_CLERK, PASS_UP, BECAUSE("需要执法"));
    until(&city, "2026-03-02 14:00");
    DO(&city, 1, URBAN_CLERK, SIGN);
    DO(&city, 1, URBAN_CLERK, PASS_UP, BECAUSE("责任主体在外区"));
    DO(&city, 1, OPERATOR, TRANSFER, BECAUSE("转邻区 12345 平台"));
    until(&city, "2026-03-04 09:00");
    DO(&city, 1, HOTLINE, TAKE_BACK, BECAUSE("邻区查明属本区"));
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 米市一网格\n"
          "        【待签收】米市一网格：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  米市一网格  已签收\n"
          "        【处置中】米市一网格：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  米市一网格  要提级，不行：请写明原因（L6）\n"
          "2026-03-02 周一 09:00  米市一网格  已提级 → 米市社区：需要车辆\n"
          "        【待签收】米市社区：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 10:00  米市社区  已签收\n"
          "        【处置中】米市社区：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 10:00  米市社区  已提级 → 汀桥街道：建筑垃圾, 无处置权限\n"
          "        【待签收】汀桥街道：签收，2026-03-02 周一 12:00 前\n"
          "2026-03-02 周一 11:00  汀桥街道  已签收\n"
          "        【处置中】汀桥街道：联系诉求人，2026-03-03 周二 10:00 前\n"
          "2026-03-02 周一 11:00  汀桥街道  已提级 → 城管局：需要执法\n"
          "        【待签收】城管局：签收，2026-03-02 周一 14:00 前\n"
          "2026-03-02 周一 13:36  系统  催办（签收时限）→ 城管局，告知 城管局\n"
          "2026-03-02 周一 14:00  系统  预警（签收时限）→ 城管局，告知 城管局\n"
          "2026-03-02 周一 14:00  城管局  已签收\n"
          "        【处置中】城管局：联系诉求人，2026-03-03 周二 11:00 前\n"
          "2026-03-02 周一 14:00  城管局  已提级：责任主体在外区\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 16:00 前\n"
          "2026-03-02 周一 14:00  指挥中心  已转外部：转邻区 12345 平台\n"
          "        【转外部】\n"
          "2026-03-04 周三 09:00  热线  外部已退回：邻区查明属本区\n"
          "        【待派遣】指挥中心：派遣，2026-03-04 周三 11:00 前\n");
}

static void test_passed_down_inside_the_own_deadline(void **state) {
    SHOWS("L18");
    received("2026-03-02 09:00", MATTER_GARBAGE, STREET_A, PLACE_BY_ADDRESS);
    taken_on(&STREET_CLERK);
    DO(&city, 1, STREET_CLERK, PASS_DOWN, .unit = GRID_A, .until = at("2026-04-02 12:00"));
    DO(&city, 1, STREET_CLERK, PASS_DOWN, .unit = GRID_A, .until = at("2026-03-03 12:00"));
    DO(&city, 1, GRID_WORKER, SIGN);
    DO(&city, 1, STREET_CLERK, FINISH, .answer = TEXT("已清运"));
    DO(&city, 1, GRID_WORKER, ANSWER, .note = TEXT("已清理三处"));
    DO(&city, 1, STREET_CLERK, FINISH, .answer = TEXT("已清运"));
    reads(&city,
          "2026-03-02 周一 09:00  汀桥街道  要加派，不行：加派的时限须在本单位时限之内（L18）\n"
          "2026-03-02 周一 09:00  汀桥街道  已加派 → 米市一网格，至 2026-03-03 周二 12:00\n"
          "2026-03-02 周一 09:00  米市一网格  协办已签收\n"
          "2026-03-02 周一 09:00  汀桥街道  要办结，不行：还有协办单位未答复（L13）\n"
          "2026-03-02 周一 09:00  米市一网格  协办已答复\n"
          "2026-03-02 周一 09:00  汀桥街道  已办结\n"
          "        【待核查】指挥中心：核查，2026-03-04 周三 09:00 前\n");
}

static void test_the_street_whistles(void **state) {
    SHOWS("L27 L28");
    received("2026-03-02 09:00", MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    taken_on(&STREET_CLERK);
    DO(&city, 1, STREET_CLERK, WHISTLE, .units = {URBAN, HOUSING}, .units_count = 2);
    until(&city, "2026-03-02 14:00");
    DO(&city, 1, URBAN_CLERK, ARRIVE);
    DO(&city, 1, URBAN_CLERK, ANSWER, .note = TEXT("已责令拆除"));
    until(&city, "2026-03-03 09:30");
    DO(&city, 1, HOUSING_CLERK, ANSWER, .note = TEXT("无需到场"));
    DO(&city, 1, HOUSING_CLERK, ARRIVE);
    DO(&city, 1, HOUSING_CLERK, ANSWER, .note = TEXT("墙体无隐患"));
    DO(&city, 1, STREET_CLERK, SCORE, .unit = URBAN, .score = 5);
    DO(&city, 1, STREET_CLERK, SCORE, .unit = HOUSING, .score = 3);
    DO(&city, 1, STREET_CLERK, FINISH, .answer = TEXT("已拆除"));
    reads(&city,
          "2026-03-02 周一 09:00  汀桥街道  已吹哨 → 城管局、住建局\n"
          "2026-03-02 周一 14:00  城管局  已报到\n"
          "2026-03-02 周一 14:00  城管局  协办已答复\n"
          "2026-03-02 周一 16:00  系统  催办（报到时限）→ 住建局，告知 住建局\n"
          "2026-03-03 周二 09:00  系统  预警（报到时限）→ 住建局，告知 住建局\n"
          "2026-03-03 周二 09:30  住建局  要协办答复，不行：该单位尚未报到（L28）\n"
          "2026-03-03 周二 09:30  住建局  已报到（逾期）\n"
          "2026-03-03 周二 09:30  住建局  协办已答复\n"
          "2026-03-03 周二 09:30  汀桥街道  已评分 → 城管局 5 分\n"
          "2026-03-03 周二 09:30  汀桥街道  已评分 → 住建局 3 分\n"
          "2026-03-03 周二 09:30  汀桥街道  已办结\n"
          "        【待核查】指挥中心：核查，2026-03-05 周四 09:30 前\n");
}

/* Each caller stays whole: own number, own callback, whatever happens to the work. */
static void test_merged_and_unmerged(void **state) {
    SHOWS("L22 L23 L40");
    begin("2026-03-02 09:00");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-03-02 09:10");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    come_in(MATTER_GARBAGE, GRID_B, PLACE_BY_POINT);
    DO(&city, 2, OPERATOR, MERGE, .other = 1);
    DO(&city, 3, OPERATOR, MERGE, .other = 1);
    DO(&city, 3, OPERATOR, UNMERGE, .other = 1, BECAUSE("不是同一地点"));
    DO(&city, 1, GRID_WORKER, SIGN);
    DO(&city, 2, HOTLINE, SOLVED);
    DO(&city, 1, GRID_WORKER, FINISH, .answer = TEXT("已清运"));
    DO(&city, 1, COMMUNITY_CLERK, PASS);
    DO(&city, 1, HOTLINE, SOLVED, .satisfied = true);
    DO(&city, 2, HOTLINE, SOLVED);
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 米市一网格\n"
          "        【待签收】米市一网格：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:10  诉求进来。派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 09:10  系统  已受理登记\n"
          "2026-03-02 周一 09:10  系统  已派单 → 米市一网格\n"
          "        【待签收】米市一网格：签收，2026-03-02 周一 11:10 前\n"
          "2026-03-02 周一 09:10  诉求进来。派给槐南网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“槐南网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 09:10  系统  已受理登记\n"
          "2026-03-02 周一 09:10  系统  已派单 → 槐南网格\n"
          "        【待签收】槐南网格：签收，2026-03-02 周一 11:10 前\n"
          "2026-03-02 周一 09:10  指挥中心  已并入（第 1 号）\n"
          "2026-03-02 周一 09:10  指挥中心  并入一单（第 2 号）\n"
          "        【待签收】米市一网格：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:10  指挥中心  已并入（第 1 号）\n"
          "2026-03-02 周一 09:10  指挥中心  并入一单（第 3 号）\n"
          "2026-03-02 周一 09:10  指挥中心  已取消并案（第 1 号）：不是同一地点\n"
          "2026-03-02 周一 09:10  指挥中心  一单移出（第 3 号）\n"
          "2026-03-02 周一 09:10  米市一网格  已签收\n"
          "        【处置中】米市一网格：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:10  热线  要回访已解决，不行：牵头工单尚未办结（L22）\n"
          "2026-03-02 周一 09:10  米市一网格  已办结\n"
          "        【待核查】米市社区：核查，2026-03-04 周三 09:10 前\n"
          "2026-03-02 周一 09:10  米市社区  核查通过 → 米市一网格\n"
          "        【待回访】指挥中心：回访，2026-03-04 周三 09:10 前\n"
          "2026-03-02 周一 09:10  热线  回访: 已解决 → 米市一网格\n"
          "2026-03-02 周一 09:10  热线  回访: 已解决 → 米市一网格\n"
          "2026-03-02 周一 09:10  热线  并案诉求已回访 → 米市一网格（第 2 号）\n"
          "2026-03-02 周一 09:10  系统  已结案 → 米市一网格\n"
          "        【已结案】\n");
}

static void test_split(void **state) {
    SHOWS("L24");
    received("2026-03-02 09:00", MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-03-02 10:00");
    DO(&city, 1, OPERATOR, SPLIT, .matter = MATTER_SIGN, BECAUSE("另有广告牌一事"));
    DO(&city, 2, OPERATOR, DISPATCH, .unit = STREET_A);
    reads(&city,
          "2026-03-02 周一 10:00  指挥中心  已拆分（第 2 号）：另有广告牌一事\n"
          "2026-03-02 周一 10:00  指挥中心  已受理登记（第 1 号）\n"
          "2026-03-02 周一 10:00  系统  转人工派遣\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 12:00 前\n"
          "2026-03-02 周一 10:00  指挥中心  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-03-02 周一 12:00 前\n");
}

/* What nobody signs the centre takes back or gives to another. */
static void test_dispatched_anew(void **state) {
    SHOWS("L9");
    begin("2026-03-02 09:00");
    come_in(MATTER_POTHOLE, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-03-02 11:10");
    DO(&city, 1, OPERATOR, DISPATCH, .unit = MUNICIPAL, BECAUSE("再派"));
    DO(&city, 1, OPERATOR, DISPATCH, .unit = URBAN, BECAUSE("市政局搬迁"));
    DO(&city, 1, OPERATOR, TRIAGE, BECAUSE("核实地点"));
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给市政局：事项直派责任部门；事项“路面坑洼”；地点“米市一网格”（依据坐标）。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 市政局，协办 水务局\n"
          "        【待签收】市政局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 10:36  系统  催办（签收时限）→ 市政局，告知 市政局\n"
          "2026-03-02 周一 10:36  系统  催办（签收时限）→ 水务局，告知 水务局\n"
          "2026-03-02 周一 11:00  系统  预警（签收时限）→ 市政局，告知 市政局\n"
          "2026-03-02 周一 11:00  系统  预警（签收时限）→ 水务局，告知 水务局\n"
          "2026-03-02 周一 11:10  指挥中心  要派单，不行：须改派给其他单位（L9）\n"
          "2026-03-02 周一 11:10  指挥中心  已派单 → 城管局：市政局搬迁\n"
          "        【待签收】城管局：签收，2026-03-02 周一 14:10 前\n"
          "2026-03-02 周一 11:10  指挥中心  转人工派遣，自 城管局：核实地点\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 13:10 前\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_returned_twice_and_forced),
        cmocka_unit_test(test_an_accepted_return_holds),
        cmocka_unit_test(test_passed_up_past_who_returned_it),
        cmocka_unit_test(test_an_assist_of_a_forced_ticket_may_return),
        cmocka_unit_test(test_adjudicated_elsewhere),
        cmocka_unit_test(test_passed_up_from_the_grid_to_the_department),
        cmocka_unit_test(test_passed_down_inside_the_own_deadline),
        cmocka_unit_test(test_the_street_whistles),
        cmocka_unit_test(test_merged_and_unmerged),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_dispatched_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
