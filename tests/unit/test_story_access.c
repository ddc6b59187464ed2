/* Stories of who may do what, of commands that come too late or twice, and of what never changes: rules A, L1 to L5, L36, D8, W. */
#include "tests/unit/story.h"

/* a line of the diary is a line of the file */
/* clang-format off */

/* Only what the table has a row for happens, and a refusal leaves everything as it was. */
static void test_what_is_not_possible_now(void **state) {
    SHOWS("L1 L5 L39");
    received("2026-03-02 09:00", MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    struct ticket before = city.tickets[0];
    DO(&city, 1, GRID_WORKER, FINISH, .answer = TEXT("已清运"));
    DO(&city, 1, COMMUNITY_CLERK, PASS);
    DO(&city, 1, OPERATOR, SOLVED);
    DO(&city, 1, OPERATOR, REOPEN, BECAUSE("再看看"));
    assert_memory_equal(&before, &city.tickets[0], sizeof before);
    DO(&city, 1, GRID_WORKER, SIGN);
    DO(&city, 1, GRID_WORKER, RETURN, NOT_OUR_DUTY);
    reads(&city,
          "2026-03-02 周一 09:00  米市一网格  要办结，不行：工单在当前状态下不能这样办理（L1）\n"
          "2026-03-02 周一 09:00  米市社区  要核查通过，不行：工单在当前状态下不能这样办理（L1）\n"
          "2026-03-02 周一 09:00  指挥中心  要回访已解决，不行：工单在当前状态下不能这样办理（L1）\n"
          "2026-03-02 周一 09:00  指挥中心  要重新办理，不行：工单在当前状态下不能这样办理（L1）\n"
          "2026-03-02 周一 09:00  米市一网格  已签收\n"
          "        【处置中】米市一网格：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  米市一网格  要退单，不行：这不是您或您单位可以办理的（L2）\n");
}

/* A role may sign; but only the one whose ticket it is signs. */
static void test_not_everybodys_step(void **state) {
    SHOWS("L2 A1");
    received("2026-03-02 09:00", MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, COMMUNITY_CLERK, SIGN);
    DO(&city, 1, OPERATOR, SIGN);
    DO(&city, 1, GRID_WORKER, VOID, BECAUSE("不想办"));
    DO(&city, 1, GRID_WORKER, WHISTLE, .unit = WATER, .note = TEXT("来一趟"));
    DO(&city, 1, GRID_WORKER, SIGN);
    reads(&city,
          "2026-03-02 周一 09:00  米市社区  要签收，不行：这不是您或您单位可以办理的（L2）\n"
          "2026-03-02 周一 09:00  指挥中心  要签收，不行：这不是您或您单位可以办理的（L2）\n"
          "2026-03-02 周一 09:00  米市一网格  要作废，不行：这不是您或您单位可以办理的（L2）\n"
          "2026-03-02 周一 09:00  米市一网格  要吹哨，不行：这不是您或您单位可以办理的（L2）\n"
          "2026-03-02 周一 09:00  米市一网格  已签收\n"
          "        【处置中】米市一网格：联系诉求人，2026-03-03 周二 09:00 前\n");
}

static void test_decided_on_an_old_version(void **state) {
    SHOWS("L3");
    received("2026-03-02 09:00", MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    uint32_t seen = city.tickets[0].version;
    DO(&city, 1, OPERATOR, NOTE, .note = TEXT("已通知网格"));
    DO(&city, 1, GRID_WORKER, SIGN, .version = seen);
    DO(&city, 1, GRID_WORKER, SIGN, .version = seen + 1);
    reads(&city,
          "2026-03-02 周一 09:00  指挥中心  进展说明 → 米市一网格\n"
          "2026-03-02 周一 09:00  米市一网格  要签收，不行：工单已有变化, 请刷新后再办（L3）\n"
          "2026-03-02 周一 09:00  米市一网格  已签收\n"
          "        【处置中】米市一网格：联系诉求人，2026-03-03 周二 09:00 前\n");
}

/* Who sees it: those who take part, those above them, those of the place, the source; to all others there is no such ticket. */
static void test_who_sees_a_ticket(void **state) {
    SHOWS("A2 A3 W3");
    received("2026-03-02 09:00", MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, STREET_CLERK_B, NOTE, .note = TEXT("看一看"));
    DO(&city, 1, URBAN_CLERK, NOTE, .note = TEXT("看一看"));
    DO(&city, 1, PROVINCE, URGE);
    DO(&city, 1, STREET_CLERK, NOTE, .note = TEXT("本街道的"));
    DO(&city, 1, HOTLINE, URGE);
    DO(&city, 1, OPERATOR, DISPATCH, .unit = URBAN, BECAUSE("需要执法"));
    DO(&city, 1, URBAN_CLERK, SIGN);
    DO(&city, 1, URBAN_CLERK, NOTE, .note = TEXT("现在是我们的"));
    DO(&city, 1, COMMUNITY_CLERK, NOTE, .note = TEXT("地点仍在本社区"));
    reads(&city,
          "2026-03-02 周一 09:00  望槐街道  要进展说明，不行：没有这张工单（A2）\n"
          "2026-03-02 周一 09:00  城管局  要进展说明，不行：没有这张工单（A2）\n"
          "2026-03-02 周一 09:00  省平台  要催办，不行：没有这张工单（A2）\n"
          "2026-03-02 周一 09:00  汀桥街道  进展说明 → 米市一网格\n"
          "2026-03-02 周一 09:00  热线  已催办 → 米市一网格\n"
          "2026-03-02 周一 09:00  指挥中心  已派单 → 城管局：需要执法\n"
          "        【待签收】城管局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  城管局  已签收\n"
          "        【处置中】城管局：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  城管局  进展说明\n"
          "2026-03-02 周一 09:00  米市社区  进展说明 → 城管局\n");
}

static void test_the_centre_and_the_district_stand_above_all(void **state) {
    SHOWS("A4");
    received("2026-03-02 09:00", MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, GRID_WORKER, SIGN);
    DO(&city, 1, SUPERVISOR, URGE);
    DO(&city, 1, SUPERVISOR, SUPERVISE, .note = TEXT("请今日答复"));
    DO(&city, 1, OPERATOR, ADD_ASSIST, .unit = URBAN);
    reads(&city,
          "2026-03-02 周一 09:00  米市一网格  已签收\n"
          "        【处置中】米市一网格：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  督导  已催办 → 米市一网格\n"
          "2026-03-02 周一 09:00  督导  已督办 → 米市一网格\n"
          "2026-03-02 周一 09:00  指挥中心  已增加协办 → 城管局\n");
}

/* Nobody staffs 米市二网格: its community signs and handles for it, and its street checks. */
static void test_the_unit_above_acts_for_one_that_nobody_staffs(void **state) {
    SHOWS("A5 R8 L11");
    begin("2026-03-02 09:00");
    come_in(MATTER_GARBAGE, GRID_EMPTY, PLACE_BY_POINT);
    DO(&city, 1, STREET_CLERK, SIGN);
    DO(&city, 1, COMMUNITY_CLERK, SIGN);
    DO(&city, 1, COMMUNITY_CLERK, FINISH, .answer = TEXT("已清运"));
    DO(&city, 1, COMMUNITY_CLERK, PASS);
    DO(&city, 1, STREET_CLERK, PASS);
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给米市二网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市二网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 米市二网格\n"
          "        【待签收】米市二网格：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  汀桥街道  要签收，不行：这不是您或您单位可以办理的（L2）\n"
          "2026-03-02 周一 09:00  米市社区  已签收 → 米市二网格\n"
          "        【处置中】米市二网格：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 09:00  米市社区  已办结 → 米市二网格\n"
          "        【待核查】汀桥街道：核查，2026-03-04 周三 09:00 前\n"
          "2026-03-02 周一 09:00  米市社区  要核查通过，不行：这不是您或您单位可以办理的（L2）\n"
          "2026-03-02 周一 09:00  汀桥街道  核查通过 → 米市二网格\n"
          "        【待回访】指挥中心：回访，2026-03-04 周三 09:00 前\n");
}

/* The district's supervisor answers for the streets, and works on no ticket: what nobody below can check or sign is the centre's. */
static void test_the_district_only_watches(void **state) {
    SHOWS("L47 L11 A5");
    received("2026-03-02 09:00", MATTER_SIGN, STREET_A, PLACE_BY_ADDRESS);
    taken_on(&STREET_CLERK);
    DO(&city, 1, STREET_CLERK, FINISH, .answer = TEXT("广告牌已拆除"));
    DO(&city, 1, SUPERVISOR, PASS);
    DO(&city, 1, OPERATOR, PASS);
    city_units[WATER].staffed = false;
    city.quiet = true;
    come_in(MATTER_COLD, GRID_A, PLACE_BY_POINT);
    city.quiet = false;
    DO(&city, 2, SUPERVISOR, SIGN);
    DO(&city, 2, OPERATOR, SIGN);
    reads(&city,
          "2026-03-02 周一 09:00  汀桥街道  已办结\n"
          "        【待核查】指挥中心：核查，2026-03-04 周三 09:00 前\n"
          "2026-03-02 周一 09:00  督导  要核查通过，不行：这不是您或您单位可以办理的（L2）\n"
          "2026-03-02 周一 09:00  指挥中心  核查通过 → 汀桥街道\n"
          "        【待回访】指挥中心：回访，2026-03-04 周三 09:00 前\n"
          "2026-03-02 周一 09:00  督导  要签收，不行：这不是您或您单位可以办理的（L2）\n"
          "2026-03-02 周一 09:00  指挥中心  已签收 → 水务局\n"
          "        【处置中】水务局：联系诉求人，2026-03-02 周一 13:00 前\n");
}

/* Everybody of the street and of one whistled department is away: the centre ends what they had begun. */
static void test_the_centre_does_what_nobody_is_left_for(void **state) {
    SHOWS("A5 L47");
    received("2026-03-02 09:00", MATTER_SIGN, STREET_A, PLACE_BY_ADDRESS);
    taken_on(&STREET_CLERK);
    city.quiet = true;
    DO(&city, 1, STREET_CLERK, WHISTLE, .units = {URBAN, HOUSING}, .units_count = 2);
    DO(&city, 1, HOUSING_CLERK, ARRIVE);
    DO(&city, 1, HOUSING_CLERK, ANSWER, .note = TEXT("墙体无隐患"));
    city.quiet = false;
    city_units[STREET_A].staffed = city_units[URBAN].staffed = false;
    DO(&city, 1, SUPERVISOR, ARRIVE);
    DO(&city, 1, OPERATOR, ARRIVE);
    DO(&city, 1, OPERATOR, ANSWER, .note = TEXT("已责令拆除"));
    DO(&city, 1, OPERATOR, SCORE, .unit = URBAN, .score = 4);
    DO(&city, 1, OPERATOR, SCORE, .unit = HOUSING, .score = 5);
    DO(&city, 1, OPERATOR, PASS_UP, BECAUSE("街道无人办理"));
    reads(&city,
          "2026-03-02 周一 09:00  督导  要报到，不行：这不是您或您单位可以办理的（L2）\n"
          "2026-03-02 周一 09:00  指挥中心  已报到 → 城管局\n"
          "2026-03-02 周一 09:00  指挥中心  协办已答复 → 城管局\n"
          "2026-03-02 周一 09:00  指挥中心  已评分 → 城管局 4 分\n"
          "2026-03-02 周一 09:00  指挥中心  已评分 → 住建局 5 分\n"
          "2026-03-02 周一 09:00  指挥中心  已提级 → 城管局：街道无人办理\n"
          "        【待签收】城管局：签收，2026-03-02 周一 11:00 前\n");
}

/* Who keeps the system, its accounts or its audit neither sees tickets nor acts on them. */
static void test_administrators_stay_outside(void **state) {
    SHOWS("A6 A1");
    static const enum role roles[] = {ROLE_ADMIN_SYSTEM, ROLE_ADMIN_SECURITY, ROLE_ADMIN_AUDIT};
    received("2026-03-02 09:00", MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    for (size_t i = 0; i < 3; i++) {
        struct principal admin = {.user = 80 + (int64_t)i, .role = (uint8_t)roles[i], .unit = CENTER};
        assert_false(ticket_visible(city_world(), &city.tickets[0], &admin));
        assert_int_equal(ticket_possible(city_world(), &city.tickets[0], &admin, city.now), 0);
        for (int name = 1; name < COMMAND_COUNT; name++) {
            struct command command = {.name = (uint8_t)name, .reason = TEXT("试试"), .note = TEXT("试试")};
            assert_int_equal(city_try(&city, 1, &admin, command), VERDICT_NOT_VISIBLE);
        }
        for (size_t k = 0; k < 3; k++) { /* no action is held by two of them, but what everybody may */
            for (int action = ACTION_USER_ADMIN; i != k && action <= ACTION_VERIFY; action++)
                assert_false(access_scope(roles[i], action) != SCOPE_NONE && access_scope(roles[k], action) != SCOPE_NONE);
        }
    }
}

/* Photos of a confidential request or a sensitive matter: whoever has a part in it now needs them, whoever only looks on does not. */
static void test_files_that_are_shown_to_few(void **state) {
    SHOWS("A7 A2");
    static const struct principal readonly = {.user = 90, .role = ROLE_READONLY, .unit = CENTER};
    received("2026-03-02 09:00", MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    struct ticket ticket = city.tickets[0]; /* offered to the grid; its community and street stand above */
    const struct principal *all[] = {&GRID_WORKER, &COMMUNITY_CLERK, &STREET_CLERK, &OPERATOR, &readonly};
    for (size_t i = 0; i < 5; i++) assert_true(ticket_shows_files(city_world(), &ticket, TICKET_FILE_STEP, all[i]));
    for (int how = 0; how < 3; how++) {
        ticket.confidential = how == 0;
        ticket.sensitive = how == 1; /* 2: only this one request's requester is */
        for (size_t i = 0; i < 5; i++)
            assert_int_equal(ticket_shows_files(city_world(), &ticket,
                                                how == 2 ? TICKET_FILE_CONFIDENTIAL : TICKET_FILE_REQUEST, all[i]),
                             i == 0 || i == 3);
        assert_true(ticket_shows_files(city_world(), &ticket, TICKET_FILE_CONFIDENTIAL, &HOTLINE));
        assert_false(ticket_shows_files(city_world(), &ticket, TICKET_FILE_STEP, &HOTLINE)); /* as an internal note */
    }
    assert_false(ticket_shows_files(city_world(), &ticket, TICKET_FILE_REQUEST, &WATER_CLERK));
}

/* A clock that was set back does not turn a ticket's time back. */
static void test_time_never_falls(void **state) {
    SHOWS("L36");
    received("2026-03-02 09:00", MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-03-02 10:00");
    DO(&city, 1, GRID_WORKER, SIGN);
    city.now = at("2026-03-02 09:30");
    DO(&city, 1, GRID_WORKER, CONTACT, .note = TEXT("已联系"));
    reads(&city,
          "2026-03-02 周一 10:00  米市一网格  已签收\n"
          "        【处置中】米市一网格：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 10:00  米市一网格  已联系诉求人\n"
          "        【处置中】米市一网格：办理并答复，2026-03-11 周三 09:00 前\n");
}

/* A deadline's timer is sent twice, and once more after the deadline has moved: it acts once. */
static void test_a_timer_acts_once(void **state) {
    SHOWS("D8 D1");
    begin("2026-03-02 09:00");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    uint32_t generation = city.tickets[0].generation;
    DO(&city, 1, SYSTEM, TIMER, .generation = generation);
    city.now = at("2026-03-02 10:36");
    DO(&city, 1, SYSTEM, TIMER, .generation = generation);
    DO(&city, 1, SYSTEM, TIMER, .generation = generation);
    DO(&city, 1, GRID_WORKER, SIGN);
    city.now = at("2026-03-02 11:00");
    DO(&city, 1, SYSTEM, TIMER, .generation = generation + 1);
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 米市一网格\n"
          "        【待签收】米市一网格：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  系统  要时限到，不行：时限未到（D8）\n"
          "2026-03-02 周一 10:36  系统  催办（签收时限）→ 米市一网格，告知 米市一网格\n"
          "2026-03-02 周一 10:36  系统  要时限到，不行：该时限已不再有效（D8）\n"
          "2026-03-02 周一 10:36  米市一网格  已签收\n"
          "        【处置中】米市一网格：联系诉求人，2026-03-03 周二 09:00 前\n"
          "2026-03-02 周一 11:00  系统  要时限到，不行：该时限已不再有效（D8）\n");
}

/* 撤并局 was closed: its number stays its own, what it did can be read, and it gets nothing new. */
static void test_a_closed_unit_keeps_its_number(void **state) {
    SHOWS("W1 W2 R7");
    begin("2026-03-02 09:00");
    come_in(MATTER_ORPHAN, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, OPERATOR, DISPATCH, .unit = GONE);
    assert_int_equal(world_unit(city_world(), GONE)->id, GONE);
    assert_true(world_in_subtree(city_world(), DISTRICT, GONE));
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。转人工派遣：单位已停用；事项“旧事项”；地点“米市一网格”（依据坐标）；责任部门为撤并局；未派撤并局：单位已停用。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  转人工派遣\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  要派单，不行：该单位已停用（L33）\n");
}

/* 米市一网格 moves to another street: from that day the other street sees what it has to do, and the old one only what lies in its place. */
static void test_a_unit_moves_with_its_work(void **state) {
    SHOWS("W4 W3");
    uint32_t wrong;
    begin("2026-03-02 09:00");
    come_in(MATTER_DRAIN, STREET_A, PLACE_BY_ADDRESS);
    DO(&city, 1, OPERATOR, DISPATCH, .unit = GRID_A, BECAUSE("就近办理"));
    DO(&city, 1, STREET_CLERK_B, URGE);
    city_units[GRID_A].parent = COMMUNITY_B;
    assert_true(world_seal(city_units, UNIT_COUNT, &wrong));
    DO(&city, 1, STREET_CLERK_B, URGE);
    DO(&city, 1, GRID_WORKER, SIGN);
    city_units[GRID_A].parent = COMMUNITY_A;
    assert_true(world_seal(city_units, UNIT_COUNT, &wrong));
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给汀桥街道：地点不够具体, 由上一级办理；事项“雨水口堵塞”；地点“汀桥街道”（依据地址）；责任部门为水务局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  指挥中心  已派单 → 米市一网格：就近办理\n"
          "        【待签收】米市一网格：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:00  望槐街道  要催办，不行：没有这张工单（A2）\n"
          "2026-03-02 周一 09:00  望槐街道  已催办 → 米市一网格\n"
          "2026-03-02 周一 09:00  米市一网格  已签收\n"
          "        【处置中】米市一网格：联系诉求人，2026-03-03 周二 09:00 前\n");
}

/* After the last rung the last ones told are reminded once a working day, and the red card opened a supervision. */
static void test_a_red_card_and_what_follows(void **state) {
    SHOWS("D2 D4 D5 C19");
    received("2026-03-02 09:00", MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    struct next next = ticket_next(&city.tickets[0]);
    assert_int_equal(ticket_light(&next, at("2026-03-02 10:35")), LIGHT_GREEN);
    assert_int_equal(ticket_light(&next, at("2026-03-02 10:36")), LIGHT_YELLOW);
    assert_int_equal(ticket_light(&next, at("2026-03-02 11:00")), LIGHT_YELLOW);
    assert_int_equal(ticket_light(&next, at("2026-03-02 11:00") + 1), LIGHT_RED);
    until(&city, "2026-03-04 17:00");
    reads(&city,
          "2026-03-02 周一 10:36  系统  催办（签收时限）→ 米市一网格，告知 米市一网格\n"
          "2026-03-02 周一 11:00  系统  预警（签收时限）→ 米市一网格，告知 米市一网格\n"
          "2026-03-02 周一 11:24  系统  黄牌（签收时限）→ 米市一网格，告知 米市一网格、米市社区、指挥中心\n"
          "2026-03-02 周一 12:00  系统  红牌（签收时限）→ 米市一网格，告知 米市一网格、米市社区、指挥中心、云汀区\n"
          "2026-03-02 周一 12:00  系统  已督办 → 米市一网格\n"
          "2026-03-03 周二 12:00  系统  仍未办，每日提醒（签收时限）→ 米市一网格，告知 米市一网格、米市社区、指挥中心、云汀区\n"
          "2026-03-04 周三 12:00  系统  仍未办，每日提醒（签收时限）→ 米市一网格，告知 米市一网格、米市社区、指挥中心、云汀区\n"
          "2026-03-04 周三 16:00  系统  催办（督办回复时限）→ 米市一网格，告知 米市一网格\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_not_possible_now),
        cmocka_unit_test(test_not_everybodys_step),
        cmocka_unit_test(test_decided_on_an_old_version),
        cmocka_unit_test(test_who_sees_a_ticket),
        cmocka_unit_test(test_the_centre_and_the_district_stand_above_all),
        cmocka_unit_test(test_the_unit_above_acts_for_one_that_nobody_staffs), cmocka_unit_test(test_the_district_only_watches), cmocka_unit_test(test_the_centre_does_what_nobody_is_left_for),
        cmocka_unit_test(test_administrators_stay_outside),
        cmocka_unit_test(test_files_that_are_shown_to_few),
        cmocka_unit_test(test_time_never_falls),
        cmocka_unit_test(test_a_timer_acts_once),
        cmocka_unit_test(test_a_closed_unit_keeps_its_number),
        cmocka_unit_test(test_a_unit_moves_with_its_work),
        cmocka_unit_test(test_a_red_card_and_what_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
