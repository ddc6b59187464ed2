/* Stories of routing rules: what a rule asks, where it sends, which of several decides, and the sentence that says so. */
#define _GNU_SOURCE /* strsep */
#include "tests/unit/city_rules.h"

/* clang-format off */

#define GARBAGE_AT_A .matter = MATTER_GARBAGE, .place = GRID_A, .place_by = PLACE_BY_POINT

/* R11: 夜间的噪声，派给城管局而不是网格。条件都成立才算。 */
static void test_r11_all_conditions_hold(void **state) {
    add_rule((struct rule){.no = 12, .priority = 50, .matter_from = 10100, .matter_to = 10199, .place = STREET_A,
                           .channels = 1u << CHANNEL_PHONE, .target = RULE_TO_UNIT, .unit = URBAN},
             "汀桥电话报来的环卫事项直派城管局", NULL);
    begin("2026-03-02 09:00");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给城管局：第 12 号派单规则；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；若无规则则派给米市一网格：事项从网格开始办理。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 城管局\n"
          "        【待签收】城管局：签收，2026-03-02 周一 11:00 前\n");
    /* another street, another channel, another matter: not this rule's */
    assert_string_equal(goes("2026-03-02 09:00", (struct request_new){.matter = MATTER_GARBAGE, .place = GRID_B, .channel = CHANNEL_PHONE}, LANG_ZH),
                        "派给槐南网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“槐南网格”；责任部门为城管局。");
    assert_non_null(strstr(goes("2026-03-02 09:00", (struct request_new){GARBAGE_AT_A, .channel = CHANNEL_WECHAT}, LANG_ZH), "派给米市一网格"));
    assert_non_null(strstr(goes("2026-03-02 09:00", (struct request_new){.matter = MATTER_DRAIN, .place = GRID_A, .channel = CHANNEL_PHONE}, LANG_ZH), "派给米市社区"));
}

/* R12: 优先级高的定，同级的编号小的定；其余的写在说明里。 */
static void test_r12_the_highest_priority_decides(void **state) {
    add_rule((struct rule){.no = 31, .priority = 90, .target = RULE_TO_UNIT, .unit = HOUSING}, "物业", "物业");
    add_rule((struct rule){.no = 7, .priority = 50, .target = RULE_TO_UNIT, .unit = URBAN}, "", "垃圾");
    add_rule((struct rule){.no = 8, .priority = 50, .target = RULE_TO_UNIT, .unit = MUNICIPAL}, "", "垃圾");
    assert_string_equal(goes("2026-03-02 09:00", saying("物业不清垃圾", (struct request_new){GARBAGE_AT_A}), LANG_ZH),
                        "派给住建局：第 31 号派单规则“物业”；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局；"
                        "若无规则则派给米市一网格：事项从网格开始办理；未用第 7 号派单规则（城管局：优先级较低）；未用第 8 号派单规则（市政局：优先级较低）。");
    assert_string_equal(goes("2026-03-02 09:00", saying("没人清垃圾", (struct request_new){GARBAGE_AT_A}), LANG_EN),
                        "Sent to 城管局: routing rule 7; matter \"生活垃圾未清运\"; place \"米市一网格\" (by point); "
                        "without rules to 米市一网格: the matter starts at the grid; not by routing rule 8 (市政局: a rule of higher priority decided).");
}

/* R13: 规则从生效日起、到失效日前有效；停用的不算。 */
static void test_r13_in_force_between_its_days(void **state) {
    add_rule((struct rule){.no = 1, .priority = 9, .from = at("2026-05-01 00:00"), .to = at("2026-10-01 00:00"), .target = RULE_TO_UNIT, .unit = WATER}, "汛期", "积水");
    add_rule((struct rule){.no = 2, .priority = 8, .disabled = true, .target = RULE_TO_UNIT, .unit = HOUSING}, "", "积水");
    struct request_new flood = saying("路面积水", (struct request_new){.matter = MATTER_POTHOLE});
    assert_non_null(strstr(goes("2026-04-30 23:59", flood, LANG_ZH), "派给市政局"));
    assert_non_null(strstr(goes("2026-05-01 00:00", flood, LANG_ZH), "派给水务局：第 1 号派单规则“汛期”"));
    assert_non_null(strstr(goes("2026-09-30 23:59", flood, LANG_ZH), "派给水务局"));
    assert_non_null(strstr(goes("2026-10-01 00:00", flood, LANG_ZH), "派给市政局"));
}

/* R14: 关键词不分繁简、全半角、大小写；| 是或，+ 是同时出现。 */
static void test_r14_keywords_are_folded(void **state) {
    add_rule((struct rule){.no = 5, .priority = 1, .target = RULE_TO_UNIT, .unit = HOUSING}, "", "電梯|LED+不亮|外墙+脱落");
    static const struct { const char *text; bool holds; } said[] = {
        {"小区电梯停了", true}, {"小區電梯停了", true}, {"ＬＥＤ路灯全都不亮", true}, {"不亮的是led灯", true},
        {"LED 屏太亮", false}, {"外牆有磚脫落", true}, {"外墙脏", false}, {"脱落", false}, {"", false}, {"梯", false}, {"电", false},
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        struct request_new request = saying(said[i].text, (struct request_new){GARBAGE_AT_A});
        if ((request.rules_count == 1) != said[i].holds) fail_msg("%s", said[i].text);
        assert_true((strstr(goes("2026-03-02 09:00", request, LANG_ZH), "派给住建局") != NULL) == said[i].holds);
    }
}

/* R14: 未给事项、只有文字的诉求，也能按关键词派出去，并补上事项。 */
static void test_r14_without_a_matter(void **state) {
    add_rule((struct rule){.no = 6, .priority = 1, .without_matter = true, .matter = MATTER_COLD, .target = RULE_TO_DEPARTMENT,
                           .urgency = URGENCY_DANGER}, "没有事项的停水", "停水|没水");
    begin("2026-03-02 09:00");
    receive(&city, saying("三号楼没水了", (struct request_new){.channel = CHANNEL_WEB}));
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给水务局：第 6 号派单规则；事项“停水”；若无规则则转人工派遣：未给出事项。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 水务局\n"
          "        【待签收】水务局：签收，2026-03-02 周一 09:30 前\n");
    assert_int_equal(city.tickets[0].matter, MATTER_COLD);
    assert_int_equal(city.tickets[0].urgency, URGENCY_DANGER);
    assert_non_null(strstr(goes("2026-03-02 09:00", saying("没水", (struct request_new){GARBAGE_AT_A}), LANG_ZH), "派给米市一网格"));
}

/* R11: 下班后、周末、夜里跨零点。看的是收到诉求的时间。 */
static void test_r11_by_the_time_of_receipt(void **state) {
    add_rule((struct rule){.no = 1, .priority = 3, .hours = RULE_HOURS_OUT, .matter_from = MATTER_COLD, .matter_to = MATTER_COLD, .target = RULE_TO_UNIT, .unit = WATERWORKS},
             "非工作时间停水直派供水公司", NULL);
    struct request_new cold = {.matter = MATTER_COLD};
    assert_non_null(strstr(goes("2026-03-02 09:00", cold, LANG_ZH), "派给水务局"));  /* Monday at work */
    assert_non_null(strstr(goes("2026-03-02 20:00", cold, LANG_ZH), "派给供水公司")); /* Monday evening */
    assert_non_null(strstr(goes("2026-03-01 10:00", cold, LANG_ZH), "派给供水公司")); /* Sunday */
    no_rules();
    add_rule((struct rule){.no = 2, .priority = 3, .minute_from = 22 * 60, .minute_to = 6 * 60, .weekdays = 1u << 5, .target = RULE_TO_UNIT, .unit = URBAN}, "周五夜里", NULL);
    struct request_new noise = {GARBAGE_AT_A};
    assert_non_null(strstr(goes("2026-03-06 21:59", noise, LANG_ZH), "派给米市一网格"));
    assert_non_null(strstr(goes("2026-03-06 22:00", noise, LANG_ZH), "派给城管局")); /* Friday night ... */
    assert_non_null(strstr(goes("2026-03-07 05:59", noise, LANG_ZH), "派给城管局")); /* ... until Saturday morning */
    assert_non_null(strstr(goes("2026-03-07 06:00", noise, LANG_ZH), "派给米市一网格"));
    assert_non_null(strstr(goes("2026-03-07 23:00", noise, LANG_ZH), "派给米市一网格"));
    assert_non_null(strstr(goes("2026-03-06 03:00", noise, LANG_ZH), "派给米市一网格")); /* Thursday's night */
}

/* R15: 规则指定的单位停用了、不在准入清单内、地点不明，就跳过，用下一条；都不行就照目录。 */
static void test_r15_a_rule_whose_unit_cannot_have_it(void **state) {
    add_rule((struct rule){.no = 1, .priority = 9, .target = RULE_TO_UNIT, .unit = GONE}, "旧规则", NULL);
    assert_string_equal(goes("2026-03-02 09:00", (struct request_new){GARBAGE_AT_A}, LANG_ZH),
                        "派给米市一网格：事项从网格开始办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局；未用第 1 号派单规则“旧规则”（撤并局：单位已停用）。");
    add_rule((struct rule){.no = 2, .priority = 8, .target = RULE_TO_GRID}, "", NULL);
    add_rule((struct rule){.no = 3, .priority = 7, .target = RULE_TO_STREET}, "", NULL);
    assert_string_equal(goes("2026-03-02 09:00", (struct request_new){.matter = MATTER_SIGN}, LANG_ZH),
                        "转人工派遣：未给出地点；事项“违规广告牌”；责任部门为城管局；未用第 1 号派单规则“旧规则”（撤并局：单位已停用）；"
                        "未用第 2 号派单规则（未给出地点）；未用第 3 号派单规则（未给出地点）。");
    no_rules();
    add_rule((struct rule){.no = 4, .priority = 8, .target = RULE_TO_UNIT, .unit = COMMUNITY_A}, "", NULL);
    assert_string_equal(goes("2026-03-02 09:00", (struct request_new){.matter = MATTER_SIGN, .place = GRID_A, .place_by = PLACE_BY_GRID}, LANG_EN),
                        "Sent to 汀桥街道: the matter starts at the street office; matter \"违规广告牌\"; place \"米市一网格\" (by grid named); "
                        "responsible department: 城管局; not by routing rule 4 (米市社区: not on the community's admission list, so the street office handles it).");
}

/* R16: 派给所在街道，并请住建局协办；或一律转人工。 */
static void test_r16_levels_assists_and_triage(void **state) {
    add_rule((struct rule){.no = 9, .priority = 2, .target = RULE_TO_STREET, .assists = {HOUSING, GONE}, .assist_count = 2}, "", "信访");
    add_rule((struct rule){.no = 10, .priority = 1, .target = RULE_TO_TRIAGE, .urgency = URGENCY_URGENT}, "敏感", "爆炸");
    begin("2026-03-02 09:00");
    receive(&city, saying("信访件", (struct request_new){GARBAGE_AT_A}));
    assert_int_equal(city.tickets[0].assignments_count, 2);
    assert_int_equal(city.tickets[0].assignments[0].unit, STREET_A);
    assert_int_equal(city.tickets[0].assignments[1].unit, HOUSING);
    assert_string_equal(goes("2026-03-02 09:00", saying("有爆炸声", (struct request_new){GARBAGE_AT_A}), LANG_ZH),
                        "转人工派遣：第 10 号派单规则“敏感”；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局；若无规则则派给米市一网格：事项从网格开始办理。");
    receive(&city, saying("有爆炸声", (struct request_new){GARBAGE_AT_A}));
    assert_int_equal(city.tickets[1].state, STATE_TRIAGE);
    assert_int_equal(city.tickets[1].urgency, URGENCY_URGENT);
}

/* R17: 新规则不动已派的单；改派只动待派遣和未签收的，退过的、强制的不动。 */
static void test_r17_what_nobody_has_signed_may_follow_new_rules(void **state) {
    begin("2026-03-02 09:00");
    int64_t pothole = come_in(MATTER_POTHOLE, GRID_A, PLACE_BY_POINT);
    add_rule((struct rule){.no = 20, .priority = 1, .matter_from = 20100, .matter_to = 20199, .target = RULE_TO_UNIT, .unit = HOUSING}, "", NULL);
    struct command again = {.name = COMMAND_DISPATCH, .unit = HOUSING};
    struct request_new known = routing_as_known(&city.tickets[0]);
    routing_decide_at(city_world(), &known, city.now, &again.route);
    assert_int_equal(again.route.unit, HOUSING);
    until(&city, "2026-03-02 09:30");
    static const struct principal ADMINISTRATOR = {.user = 99, .role = ROLE_SYSTEM};
    city_do(&city, pothole, &ADMINISTRATOR, again);
    city_do(&city, pothole, &ADMINISTRATOR, again); /* twice: nothing would change */
    again.unit = URBAN;
    city_do(&city, pothole, &ADMINISTRATOR, again); /* not where the rules send it */
    again.unit = again.route.unit = WATERWORKS;
    DO(&city, pothole, HOUSING_CLERK, RETURN, NOT_OUR_DUTY);
    city_do(&city, pothole, &ADMINISTRATOR, again); /* returned: people decide */
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给市政局：事项直派责任部门；事项“路面坑洼”；地点“米市一网格”（依据坐标）。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 市政局，协办 水务局\n"
          "        【待签收】市政局：签收，2026-03-02 周一 11:00 前\n"
          "2026-03-02 周一 09:30  系统  已派单 → 住建局\n"
          "        【待签收】住建局：签收，2026-03-02 周一 11:30 前\n"
          "2026-03-02 周一 09:30  系统  要派单，不行：没有需要变更的内容（C15）\n"
          "2026-03-02 周一 09:30  系统  要派单，不行：按现行规则不会派给该单位（R17）\n"
          "2026-03-02 周一 09:30  住建局  已退单：不属本单位职责，依据《三定方案》第三条\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 11:30 前\n"
          "2026-03-02 周一 09:30  系统  要派单，不行：已由人决定去向的工单（退单、强制、人工派遣、收回、拆分）不按规则改派（R17）\n");
}

/* What the preview asks and what the step does, of one ticket: both the same. */
static enum verdict asked_and_done(int64_t id, uint32_t unit) {
    static const struct principal ADMINISTRATOR = {.user = 99, .role = ROLE_SYSTEM};
    struct command again = {.name = COMMAND_DISPATCH, .unit = unit, .route = {.unit = unit, .reason = ROUTE_RULE}};
    enum verdict asked = ticket_may_reroute(city_ticket(&city, id), unit);
    assert_int_equal(city_try(&city, id, &ADMINISTRATOR, again), asked);
    return asked;
}

/* R17: 只有规则派到那里、还没人决定过的，才跟着新规则走；预览和改派问的是同一句话。 */
static void test_r17_what_a_person_decided_stays(void **state) {
    SHOWS("R17");
    begin("2026-03-02 09:00");
    int64_t by_rule = come_in(MATTER_POTHOLE, GRID_A, PLACE_BY_POINT);
    assert_int_equal(asked_and_done(by_rule, HOUSING), VERDICT_OK);
    assert_int_equal(asked_and_done(by_rule, HOUSING), VERDICT_NOTHING_CHANGES);
    assert_int_equal(asked_and_done(by_rule, URBAN), VERDICT_OK); /* and on, when the rules change again */
    DO(&city, by_rule, OPERATOR, URGE);
    DO(&city, by_rule, OPERATOR, ADD_ASSIST, .units = {WATER}, .units_count = 1);
    assert_int_equal(asked_and_done(by_rule, HOUSING), VERDICT_OK); /* neither says where it goes */
    DO(&city, by_rule, HOUSING_CLERK, SIGN);
    assert_int_equal(asked_and_done(by_rule, URBAN), VERDICT_NOT_LEGAL_NOW);

    begin("2026-03-02 09:00");
    int64_t nowhere = come_in(0, 0, 0); /* the rules know no unit for it: it waits in triage */
    assert_int_equal(city.tickets[0].state, STATE_TRIAGE);
    assert_int_equal(ticket_may_reroute(&city.tickets[0], URBAN), VERDICT_OK);
    assert_int_equal(ticket_may_reroute(&city.tickets[0], 0), VERDICT_UNIT_MISSING);
    DO(&city, nowhere, OPERATOR, ASK, BECAUSE("在哪里"));
    assert_int_equal(asked_and_done(nowhere, URBAN), VERDICT_NOT_LEGAL_NOW);
    DO(&city, nowhere, OPERATOR, SUPPLEMENT, .note = TEXT("还是不清楚"));
    assert_int_equal(city.tickets[0].state, STATE_TRIAGE);
    assert_int_equal(asked_and_done(nowhere, URBAN), VERDICT_OK);

    begin("2026-03-02 09:00");
    int64_t by_hand = come_in(0, 0, 0);
    DO(&city, by_hand, OPERATOR, DISPATCH, .unit = URBAN);
    assert_int_equal(asked_and_done(by_hand, HOUSING), VERDICT_NOT_REROUTABLE);
    DO(&city, by_hand, OPERATOR, TRIAGE, BECAUSE("派错了"));
    assert_int_equal(asked_and_done(by_hand, HOUSING), VERDICT_NOT_REROUTABLE); /* recalled */
    int64_t recalled = come_in(MATTER_POTHOLE, GRID_A, PLACE_BY_POINT);
    DO(&city, recalled, OPERATOR, TRIAGE, BECAUSE("先等等"));
    assert_int_equal(asked_and_done(recalled, HOUSING), VERDICT_NOT_REROUTABLE);
    DO(&city, recalled, OPERATOR, SPLIT, BECAUSE("两件事"));
    assert_int_equal(city.tickets[2].state, STATE_TRIAGE);
    assert_int_equal(asked_and_done(3, HOUSING), VERDICT_NOT_REROUTABLE); /* split off */

    begin("2026-03-02 09:00");
    int64_t leading = come_in(MATTER_POTHOLE, GRID_A, PLACE_BY_POINT);
    int64_t merged = come_in(MATTER_POTHOLE, GRID_A, PLACE_BY_POINT);
    DO(&city, merged, OPERATOR, MERGE, .other = leading);
    DO(&city, merged, OPERATOR, UNMERGE, BECAUSE("不是一件事"));
    assert_int_equal(asked_and_done(merged, HOUSING), VERDICT_NOT_REROUTABLE);
    DO(&city, leading, OPERATOR, DISPATCH, .unit = URBAN, BECAUSE("先由城管看"));
    assert_int_equal(asked_and_done(leading, HOUSING), VERDICT_NOT_REROUTABLE);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, rules_begin, rules_end)
int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(test_r11_all_conditions_hold),
        STORY(test_r11_by_the_time_of_receipt),
        STORY(test_r12_the_highest_priority_decides),
        STORY(test_r13_in_force_between_its_days),
        STORY(test_r14_keywords_are_folded),
        STORY(test_r14_without_a_matter),
        STORY(test_r15_a_rule_whose_unit_cannot_have_it),
        STORY(test_r16_levels_assists_and_triage),
        STORY(test_r17_what_nobody_has_signed_may_follow_new_rules),
        STORY(test_r17_what_a_person_decided_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
