/* Stories of the ladder and of people: who is told of each rung, who stands in, who is on the desk at night, when quiet hours let a
 * notice wait; appeals, and the supervision that a red card opens. */
#include "tests/unit/story.h"

/* a line of the diary is a line of the file */
/* clang-format off */

enum { JIA = 101, YI, BING, DING, WU, JI };

static struct post posts[8];
static struct absence absences[4];
static struct shift shifts[4];
static struct person_quiet quiets[4];

static void leads(uint32_t unit, int64_t person, enum rank rank) {
    posts[city_the_world.post_count++] = (struct post){.unit = unit, .rank = rank, .person = person};
    city_the_world.posts = posts;
}

static void is_away(int64_t person, const char *from, const char *to, int64_t stand_in) {
    absences[city_the_world.absence_count++] = (struct absence){person, stand_in, at(from), at(to)};
    city_the_world.absences = absences;
}

static void has_the_desk(uint32_t unit, int64_t person, const char *from, const char *to) {
    shifts[city_the_world.shift_count++] = (struct shift){unit, person, at(from), at(to)};
    city_the_world.shifts = shifts;
}

static void wants_quiet(int64_t person, int from, int to) {
    quiets[city_the_world.quiet_count++] = (struct person_quiet){person, {(int16_t)from, (int16_t)to}};
    city_the_world.quiets = quiets;
}

/* Each rung tells those of the one before, and more. */
static void test_recipients_accumulate(void **state) {
    SHOWS("D2 D9");
    begin("2026-03-02 09:00");
    leads(DISTRICT, DING, RANK_LEADER);
    leads(STREET_A, YI, RANK_LEADER);
    leads(COMMUNITY_A, JIA, RANK_LEADER);
    has_the_desk(CENTER, JI, "2026-03-02 08:00", "2026-03-02 20:00");
    come_in(MATTER_DRAIN, COMMUNITY_A, PLACE_BY_ADDRESS);
    until(&city, "2026-03-02 12:00");
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给米市社区：事项从社区开始办理；事项“雨水口堵塞”；地点“米市社区”（依据地址）；责任部门为水务局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 米市社区\n"
          "        【待签收】米市社区：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 10:36  系统  催办（签收时限）→ 米市社区，告知 米市社区\n"
          "2026-03-02 周一 11:00  系统  预警（签收时限）→ 米市社区，告知 米市社区、米市社区负责人甲\n"
          "2026-03-02 周一 11:24  系统  黄牌（签收时限）→ 米市社区，告知 米市社区、米市社区负责人甲、汀桥街道负责人乙、指挥中心当班人员己\n"
          "2026-03-02 周一 12:00  系统  红牌（签收时限）→ 米市社区，告知 米市社区、米市社区负责人甲、汀桥街道负责人乙、指挥中心当班人员己、云汀区负责人丁\n"
          "2026-03-02 周一 12:00  系统  已督办 → 米市社区\n");
}

/* The leader is on leave: who stands in is told; back from leave, the leader is. */
static void test_the_leader_is_away(void **state) {
    SHOWS("D9 W8");
    begin("2026-03-02 09:00");
    leads(STREET_A, JIA, RANK_LEADER);
    is_away(JIA, "2026-03-01 00:00", "2026-03-02 11:10", YI);
    come_in(MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-03-02 11:30");
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给汀桥街道：事项从街道开始办理；事项“违规广告牌”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 10:36  系统  催办（签收时限）→ 汀桥街道，告知 汀桥街道\n"
          "2026-03-02 周一 11:00  系统  预警（签收时限）→ 汀桥街道，告知 汀桥街道、汀桥街道代理负责人乙\n"
          "2026-03-02 周一 11:24  系统  黄牌（签收时限）→ 汀桥街道，告知 汀桥街道、汀桥街道负责人甲、云汀区、指挥中心\n");
}

/* Nobody was named to stand in: the deputy leader is told; the deputy is away too: the desk alone. */
static void test_the_deputy_leader(void **state) {
    SHOWS("D9 W7");
    begin("2026-03-02 09:00");
    leads(STREET_A, JIA, RANK_LEADER);
    leads(STREET_A, BING, RANK_DEPUTY);
    is_away(JIA, "2026-03-01 00:00", "2026-03-08 00:00", 0);
    is_away(BING, "2026-03-02 11:20", "2026-03-08 00:00", 0);
    come_in(MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-03-02 11:30");
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给汀桥街道：事项从街道开始办理；事项“违规广告牌”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 10:36  系统  催办（签收时限）→ 汀桥街道，告知 汀桥街道\n"
          "2026-03-02 周一 11:00  系统  预警（签收时限）→ 汀桥街道，告知 汀桥街道、汀桥街道代理负责人丙\n"
          "2026-03-02 周一 11:24  系统  黄牌（签收时限）→ 汀桥街道，告知 汀桥街道、云汀区、指挥中心\n");
}

/* At night the roster says who is on the desk; at six the shift changes. */
static void test_the_desk_by_roster(void **state) {
    SHOWS("D9 W9");
    begin("2026-03-02 22:50");
    has_the_desk(WATER, JIA, "2026-03-02 18:00", "2026-03-03 00:40");
    has_the_desk(WATER, YI, "2026-03-03 00:40", "2026-03-03 08:00");
    come_in(MATTER_COLD, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-03-03 01:30");
    reads(&city,
          "2026-03-02 周一 22:50  诉求进来。派给水务局：事项直派责任部门；事项“停水”；地点“米市一网格”（依据坐标）。\n"
          "2026-03-02 周一 22:50  系统  已受理登记\n"
          "2026-03-02 周一 22:50  系统  已派单 → 水务局\n"
          "        【待签收】水务局：签收，2026-03-03 周二 00:50 前\n"
          "2026-03-03 周二 00:26  系统  催办（签收时限）→ 水务局，告知 水务局当班人员甲\n"
          "2026-03-03 周二 00:50  系统  预警（签收时限）→ 水务局，告知 水务局当班人员乙\n"
          "2026-03-03 周二 01:14  系统  黄牌（签收时限）→ 水务局，告知 水务局当班人员乙、云汀区、指挥中心\n");
}

/* A unit whose desk is empty at that hour, and nobody staffs it otherwise: the duty desk of the centre, by name. */
static void test_nobody_but_the_duty_desk(void **state) {
    SHOWS("D3");
    begin("2026-03-06 09:00");
    has_the_desk(CENTER, JI, "2026-03-06 08:00", "2026-03-06 20:00");
    come_in(MATTER_GARBAGE, GRID_EMPTY, PLACE_BY_POINT);
    until(&city, "2026-03-06 11:10");
    reads(&city,
          "2026-03-06 周五 09:00  诉求进来。派给米市二网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市二网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-06 周五 09:00  系统  已受理登记\n"
          "2026-03-06 周五 09:00  系统  已派单 → 米市二网格\n"
          "        【待签收】米市二网格：签收，2026-03-06 周五 11:00 前\n"
          "2026-03-06 周五 10:36  系统  催办（签收时限）→ 米市二网格，告知 指挥中心当班人员己（无人在岗，转值班席）\n"
          "2026-03-06 周五 11:00  系统  预警（签收时限）→ 米市二网格，告知 指挥中心当班人员己（无人在岗，转值班席）\n");
}

/* Quiet hours let a warning wait till morning, but no red card and nobody on shift; the rungs themselves come in their minute. */
static void test_quiet_hours(void **state) {
    SHOWS("D10");
    begin("2026-03-02 20:30");
    leads(WATER, JIA, RANK_LEADER);
    leads(DISTRICT, DING, RANK_LEADER);
    has_the_desk(CENTER, JI, "2026-03-02 20:00", "2026-03-03 08:00");
    city_units[WATER].quiet = (struct quiet){22 * 60, 7 * 60};
    city_units[CENTER].quiet = (struct quiet){22 * 60, 7 * 60};
    come_in(MATTER_COLD, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-03-02 23:40");
    reads(&city,
          "2026-03-02 周一 20:30  诉求进来。派给水务局：事项直派责任部门；事项“停水”；地点“米市一网格”（依据坐标）。\n"
          "2026-03-02 周一 20:30  系统  已受理登记\n"
          "2026-03-02 周一 20:30  系统  已派单 → 水务局\n"
          "        【待签收】水务局：签收，2026-03-02 周一 22:30 前\n"
          "2026-03-02 周一 22:06  系统  催办（签收时限）→ 水务局，告知 水务局（免打扰，2026-03-03 周二 07:00 起）\n"
          "2026-03-02 周一 22:30  系统  预警（签收时限）→ 水务局，告知 水务局（免打扰，2026-03-03 周二 07:00 起）、水务局负责人甲（免打扰，2026-03-03 周二 07:00 起）\n"
          "2026-03-02 周一 22:54  系统  黄牌（签收时限）→ 水务局，告知 水务局（免打扰，2026-03-03 周二 07:00 起）、水务局负责人甲（免打扰，2026-03-03 周二 07:00 起）、云汀区负责人丁、指挥中心当班人员己\n"
          "2026-03-02 周一 23:30  系统  红牌（签收时限）→ 水务局，告知 水务局、水务局负责人甲、云汀区负责人丁、指挥中心当班人员己\n"
          "2026-03-02 周一 23:30  系统  已督办 → 水务局\n");
}

/* A person's own hours come before the unit's; urgent danger waits for nobody. */
static void test_quiet_hours_of_a_person(void **state) {
    SHOWS("D10");
    begin("2026-03-02 22:30");
    leads(WATER, JIA, RANK_LEADER);
    city_units[WATER].quiet = (struct quiet){22 * 60, 7 * 60};
    wants_quiet(JIA, -1, 0);
    come_in(MATTER_COLD, GRID_A, PLACE_BY_POINT);
    receive(&city, (struct request_new){.matter = MATTER_COLD, .urgency = URGENCY_DANGER, .place = GRID_A, .place_by = PLACE_BY_POINT});
    until(&city, "2026-03-02 23:01");
    DO(&city, 2, WATER_CLERK, SIGN);
    until(&city, "2026-03-03 00:35");
    reads(&city,
          "2026-03-02 周一 22:30  诉求进来。派给水务局：事项直派责任部门；事项“停水”；地点“米市一网格”（依据坐标）。\n"
          "2026-03-02 周一 22:30  系统  已受理登记\n"
          "2026-03-02 周一 22:30  系统  已派单 → 水务局\n"
          "        【待签收】水务局：签收，2026-03-03 周二 00:30 前\n"
          "2026-03-02 周一 22:30  诉求进来。派给水务局：事项直派责任部门；事项“停水”；地点“米市一网格”（依据坐标）。\n"
          "2026-03-02 周一 22:30  系统  已受理登记\n"
          "2026-03-02 周一 22:30  系统  已派单 → 水务局\n"
          "        【待签收】水务局：签收，2026-03-02 周一 23:00 前\n"
          "2026-03-02 周一 22:54  系统  催办（签收时限）→ 水务局，告知 水务局\n"
          "2026-03-02 周一 23:00  系统  预警（签收时限）→ 水务局，告知 水务局、水务局负责人甲\n"
          "2026-03-02 周一 23:01  水务局  已签收（逾期）\n"
          "        【处置中】水务局：联系诉求人，2026-03-02 周一 23:30 前\n"
          "2026-03-02 周一 23:18  系统  催办（联系时限）→ 水务局，告知 水务局\n"
          "2026-03-02 周一 23:30  系统  预警（联系时限）→ 水务局，告知 水务局、水务局负责人甲\n"
          "2026-03-02 周一 23:42  系统  黄牌（联系时限）→ 水务局，告知 水务局、水务局负责人甲、云汀区、指挥中心\n"
          "2026-03-03 周二 00:00  系统  红牌（联系时限）→ 水务局，告知 水务局、水务局负责人甲、云汀区、指挥中心\n"
          "2026-03-03 周二 00:00  系统  已督办 → 水务局\n"
          "2026-03-03 周二 00:06  系统  催办（签收时限）→ 水务局，告知 水务局（免打扰，2026-03-03 周二 07:00 起）\n"
          "        【待签收】水务局：签收，2026-03-03 周二 00:30 前\n"
          "2026-03-03 周二 00:06  系统  催办（处置时限）→ 水务局，告知 水务局\n"
          "        【处置中】水务局：联系诉求人，2026-03-02 周一 23:30 前\n"
          "2026-03-03 周二 00:30  系统  预警（签收时限）→ 水务局，告知 水务局（免打扰，2026-03-03 周二 07:00 起）、水务局负责人甲\n"
          "        【待签收】水务局：签收，2026-03-03 周二 00:30 前\n"
          "2026-03-03 周二 00:30  系统  预警（处置时限）→ 水务局，告知 水务局、水务局负责人甲\n"
          "        【处置中】水务局：联系诉求人，2026-03-02 周一 23:30 前\n");
}

/* A red card opens a supervision; without the written reply the work cannot be finished. */
static void test_a_red_card_wants_its_reply(void **state) {
    SHOWS("D4 L26");
    received("2026-03-02 09:00", MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    city.quiet = true;
    until(&city, "2026-03-02 14:30");
    city.quiet = false;
    DO(&city, 1, STREET_CLERK, SIGN);
    DO(&city, 1, STREET_CLERK, CONTACT, .note = TEXT("已上门"));
    DO(&city, 1, STREET_CLERK, FINISH, .answer = TEXT("广告牌已拆除"));
    DO(&city, 1, STREET_CLERK_B, REPLY, .note = TEXT("代为回复"));
    DO(&city, 1, STREET_CLERK, REPLY);
    DO(&city, 1, STREET_CLERK, REPLY, .note = TEXT("签收延误系值班安排疏漏, 已整改"));
    DO(&city, 1, STREET_CLERK, FINISH, .answer = TEXT("广告牌已拆除"));
    reads(&city,
          "2026-03-02 周一 14:30  汀桥街道  已签收（逾期）\n"
          "        【处置中】汀桥街道：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 14:30  汀桥街道  已联系诉求人\n"
          "        【处置中】汀桥街道：回复督办，2026-03-05 周四 12:00 前\n"
          "2026-03-02 周一 14:30  汀桥街道  要办结，不行：督办尚未回复, 请先回复（L26）\n"
          "2026-03-02 周一 14:30  望槐街道  要督办回复，不行：没有这张工单（A2）\n"
          "2026-03-02 周一 14:30  汀桥街道  要督办回复，不行：请写明情况（L6）\n"
          "2026-03-02 周一 14:30  汀桥街道  督办已回复\n"
          "        【处置中】汀桥街道：办理并答复，2026-03-11 周三 09:00 前\n"
          "2026-03-02 周一 14:30  汀桥街道  已办结\n"
          "        【待核查】指挥中心：核查，2026-03-04 周三 14:30 前\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recipients_accumulate), cmocka_unit_test(test_the_leader_is_away),
        cmocka_unit_test(test_the_deputy_leader),     cmocka_unit_test(test_the_desk_by_roster),
        cmocka_unit_test(test_nobody_but_the_duty_desk), cmocka_unit_test(test_quiet_hours),
        cmocka_unit_test(test_quiet_hours_of_a_person),
        cmocka_unit_test(test_a_red_card_wants_its_reply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
