/* Stories of more time: extensions asked and decided, suspension and its ledger. */
#include "tests/unit/story.h"

/* a line of the diary is a line of the file */
/* clang-format off */

static void work_on_a_sign(void) {
    received("2026-03-02 09:00", MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    taken_on(&STREET_CLERK);
}

static void test_extension_refused_then_granted_by_another(void **state) {
    SHOWS("L12 L15");
    work_on_a_sign();
    until(&city, "2026-03-09 09:00");
    DO(&city, 1, STREET_CLERK, ASK_EXTENSION, .until = at("2026-03-20 17:00"), BECAUSE("产权人在外地"));
    DO(&city, 1, STREET_CLERK, GRANT_EXTENSION);
    DO(&city, 1, OPERATOR, REFUSE_EXTENSION, BECAUSE("请先电话联系产权人"));
    until(&city, "2026-03-10 09:00");
    DO(&city, 1, STREET_CLERK, ASK_EXTENSION, .until = at("2026-03-20 17:00"), BECAUSE("产权人约定 19 日到场"));
    DO(&city, 1, OPERATOR, GRANT_EXTENSION);
    until(&city, "2026-03-17 09:00");
    DO(&city, 1, STREET_CLERK, ASK_EXTENSION, .until = at("2026-03-27 17:00"), BECAUSE("改约"));
    DO(&city, 1, OPERATOR, GRANT_EXTENSION);
    DO(&city, 1, SUPERVISOR, GRANT_EXTENSION, .until = at("2026-03-24 17:00"));
    DO(&city, 1, STREET_CLERK, ASK_EXTENSION, .until = at("2026-04-30 17:00"), BECAUSE("再改约"));
    reads(&city,
          "2026-03-09 周一 09:00  汀桥街道  已申请延期，至 2026-03-20 周五 17:00：产权人在外地\n"
          "        【处置中】指挥中心：审批延期，2026-03-11 周三 09:00 前\n"
          "2026-03-09 周一 09:00  汀桥街道  要同意延期，不行：这不是您或您单位可以办理的（L2）\n"
          "2026-03-09 周一 09:00  指挥中心  不同意延期 → 汀桥街道：请先电话联系产权人\n"
          "        【处置中】汀桥街道：办理并答复，2026-03-11 周三 09:00 前\n"
          "2026-03-09 周一 14:30  系统  催办（处置时限）→ 汀桥街道，告知 汀桥街道\n"
          "2026-03-10 周二 09:00  汀桥街道  已申请延期，至 2026-03-20 周五 17:00：产权人约定 19 日到场\n"
          "        【处置中】指挥中心：审批延期，2026-03-11 周三 09:00 前\n"
          "2026-03-10 周二 09:00  指挥中心  已同意延期 → 汀桥街道，至 2026-03-20 周五 17:00\n"
          "        【处置中】汀桥街道：办理并答复，2026-03-20 周五 17:00 前\n"
          "2026-03-17 周二 09:00  汀桥街道  已申请延期，至 2026-03-27 周五 17:00：改约\n"
          "        【处置中】指挥中心：审批延期，2026-03-20 周五 17:00 前\n"
          "2026-03-17 周二 09:00  指挥中心  要同意延期，不行：再次延期须由督导审批（L12）\n"
          "2026-03-17 周二 09:00  督导  已同意延期 → 汀桥街道，至 2026-03-24 周二 17:00\n"
          "        【处置中】汀桥街道：办理并答复，2026-03-24 周二 17:00 前\n"
          "2026-03-17 周二 09:00  汀桥街道  要申请延期，不行：延期次数已用完（L15）\n");
}

/* Nobody staffs the community: its street asks for it, and nobody of the street approves that. */
static void test_nobody_approves_what_their_unit_asked_for_another(void **state) {
    SHOWS("L12 A5");
    static const struct principal street_leader = {.user = 29, .role = ROLE_STREET, .unit = STREET_A};
    begin("2026-03-02 09:00");
    city.quiet = true;
    city_units[COMMUNITY_A].staffed = false;
    come_in(MATTER_DRAIN, COMMUNITY_A, PLACE_BY_ADDRESS);
    DO(&city, 1, STREET_CLERK, SIGN);
    DO(&city, 1, STREET_CLERK, CONTACT, .note = TEXT("已联系"));
    city.quiet = false;
    DO(&city, 1, STREET_CLERK, ASK_EXTENSION, .until = at("2026-03-20 17:00"), BECAUSE("等清淤车"));
    DO(&city, 1, street_leader, GRANT_EXTENSION);
    DO(&city, 1, OPERATOR, GRANT_EXTENSION);
    city_units[COMMUNITY_A].staffed = true;
    reads(&city,
          "2026-03-02 周一 09:00  汀桥街道  已申请延期 → 米市社区，至 2026-03-20 周五 17:00：等清淤车\n"
          "        【处置中】指挥中心：审批延期，2026-03-11 周三 09:00 前\n"
          "2026-03-02 周一 09:00  汀桥街道  要同意延期，不行：不能审批自己的申请（L12）\n"
          "2026-03-02 周一 09:00  指挥中心  已同意延期 → 米市社区，至 2026-03-20 周五 17:00\n"
          "        【处置中】米市社区：办理并答复，2026-03-20 周五 17:00 前\n");
}

static void test_extension_asked_too_late(void **state) {
    SHOWS("L15");
    work_on_a_sign();
    city.quiet = true;
    until(&city, "2026-03-11 09:01");
    city.quiet = false;
    DO(&city, 1, STREET_CLERK, ASK_EXTENSION, .until = at("2026-03-20 17:00"), BECAUSE("来不及"));
    reads(&city,
          "2026-03-11 周三 09:01  汀桥街道  要申请延期，不行：须在时限届满之前申请（L15）\n");
}

/* Off the clock over the winter, on a ledger, and back by itself on the review date with the time that was left. */
static void test_suspended_and_back_by_date(void **state) {
    SHOWS("L16 C2");
    work_on_a_sign();
    until(&city, "2026-03-05 09:00");
    DO(&city, 1, STREET_CLERK, ASK_SUSPENSION, .until = at("2026-05-05 09:00"), BECAUSE("拆除须待停电检修"));
    DO(&city, 1, STREET_CLERK, ASK_SUSPENSION, .until = at("2026-03-30 09:00"), BECAUSE("拆除须待停电检修"));
    DO(&city, 1, SUPERVISOR, GRANT_SUSPENSION);
    until(&city, "2026-03-31 09:00");
    reads(&city,
          "2026-03-05 周四 09:00  汀桥街道  要申请挂账，不行：时间过晚（L15）\n"
          "2026-03-05 周四 09:00  汀桥街道  已申请挂账，至 2026-03-30 周一 09:00：拆除须待停电检修\n"
          "        【处置中】指挥中心：审批挂账，2026-03-11 周三 09:00 前\n"
          "2026-03-05 周四 09:00  督导  已挂账 → 汀桥街道，至 2026-03-30 周一 09:00\n"
          "        【挂账】汀桥街道：挂账复核，2026-03-30 周一 09:00 前\n"
          "2026-03-30 周一 09:00  系统  挂账复核到期\n"
          "2026-03-30 周一 09:00  系统  已恢复办理 → 汀桥街道\n"
          "        【处置中】汀桥街道：办理并答复，2026-04-03 周五 09:00 前\n");
}

static void test_suspended_and_back_by_hand(void **state) {
    SHOWS("L16");
    work_on_a_sign();
    DO(&city, 1, STREET_CLERK, ADD_ASSIST, .unit = URBAN);
    until(&city, "2026-03-02 10:00");
    DO(&city, 1, STREET_CLERK, ASK_SUSPENSION, .until = at("2026-03-30 09:00"), BECAUSE("暴雪"));
    DO(&city, 1, OPERATOR, REFUSE_SUSPENSION, BECAUSE("明日转晴"));
    DO(&city, 1, STREET_CLERK, ASK_SUSPENSION, .until = at("2026-03-04 09:00"), BECAUSE("暴雪"));
    DO(&city, 1, OPERATOR, GRANT_SUSPENSION);
    until(&city, "2026-03-03 09:00");
    DO(&city, 1, STREET_CLERK, RESUME, .note = TEXT("雪停"));
    write_down(&city, "        城管局签收时限 %s\n", when(ticket_assignment_of(&city.tickets[0], URBAN)->turn.due));
    reads(&city,
          "2026-03-02 周一 09:00  汀桥街道  已增加协办 → 城管局\n"
          "2026-03-02 周一 10:00  汀桥街道  已申请挂账，至 2026-03-30 周一 09:00：暴雪\n"
          "        【处置中】指挥中心：审批挂账，2026-03-11 周三 09:00 前\n"
          "2026-03-02 周一 10:00  指挥中心  不同意挂账 → 汀桥街道：明日转晴\n"
          "        【处置中】汀桥街道：办理并答复，2026-03-11 周三 09:00 前\n"
          "2026-03-02 周一 10:00  汀桥街道  已申请挂账，至 2026-03-04 周三 09:00：暴雪\n"
          "        【处置中】指挥中心：审批挂账，2026-03-11 周三 09:00 前\n"
          "2026-03-02 周一 10:00  指挥中心  已挂账 → 汀桥街道，至 2026-03-04 周三 09:00\n"
          "        【挂账】汀桥街道：挂账复核，2026-03-04 周三 09:00 前\n"
          "2026-03-03 周二 09:00  汀桥街道  已恢复办理\n"
          "        【处置中】汀桥街道：办理并答复，2026-03-11 周三 16:30 前\n"
          "        城管局签收时限 2026-03-03 周二 10:00\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_extension_refused_then_granted_by_another),
        cmocka_unit_test(test_nobody_approves_what_their_unit_asked_for_another),
        cmocka_unit_test(test_extension_asked_too_late),
        cmocka_unit_test(test_suspended_and_back_by_date),
        cmocka_unit_test(test_suspended_and_back_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
