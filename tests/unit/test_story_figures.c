/* Stories of the figures: what each step counts, for whom and on which day; how rates are weighed. */
#include "core/score.h"
#include "services/kit/tally.h"
#include "tests/unit/story.h"

/* a line of the diary is a line of the file */
/* clang-format off */

static struct tally *tally;
static struct event events[400];
static size_t event_count;

static void listen(const struct event *e) {
    assert_true(event_count < sizeof events / sizeof events[0]);
    events[event_count++] = *e;
    assert_true(tally_take(tally, city_world(), e));
}

static void begin_counting(const char *time) {
    begin(time);
    city.quiet = true;
    city_hears = listen;
    event_count = 0;
    if (tally != NULL) tally_free(&tally);
    tally = tally_new(false, 100);
}

/* What counted for a unit from one day to another, under a matter (-1: any). */
static struct figures counted(uint32_t unit, int32_t from, int32_t to, int matter) {
    struct figures sum = {0};
    for (size_t i = 0; i < tally_count(tally); i++) {
        const struct tally_cell *c = tally_cell(tally, i);
        if (c->unit == unit && c->period >= from && c->period <= to && (matter < 0 || c->matter == (uint32_t)matter))
            figures_add(&sum, &c->figures);
    }
    return sum;
}

static void note(const char *format, ...) {
    char line[300];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    city.quiet = false;
    write_down(&city, "%s\n", line);
    city.quiet = true;
}

static const char *name_of(uint32_t unit) {
    return unit == 0 ? "全区" : city_names[unit];
}

static void note_counters(uint32_t unit) {
    struct figures f = counted(unit, 0, 99999999, -1);
    assert_true(figures_hold(&f));
    note("%s：收到 %d = 结案 %d + 转出 %d + 在办 %d，督办 %d", name_of(unit), (int)f.n[FIGURE_RECEIVED], (int)f.n[FIGURE_CLOSED],
         (int)f.n[FIGURE_LEFT], (int)figures_in_progress(&f), (int)f.n[FIGURE_SUPERVISED]);
}

static void note_rate(uint32_t unit, enum rate rate) {
    struct figures f = counted(unit, 0, 99999999, -1);
    struct figure_rate r = figures_rate(&f, rate);
    int32_t permille = figures_permille(r);
    if (permille < 0)
        note("%s：%s 无（%s）", name_of(unit), figures_rate_row(rate)->zh, figures_rate_row(rate)->formula_zh);
    else
        note("%s：%s %d.%d%% = %d / %d", name_of(unit), figures_rate_row(rate)->zh, permille / 10, permille % 10, (int)r.hit, (int)r.of);
}

static void close_it(bool satisfied) {
    DO(&city, 1, GRID_WORKER, SIGN);
    DO(&city, 1, GRID_WORKER, CONTACT, .note = TEXT("已联系"));
    DO(&city, 1, GRID_WORKER, FINISH, .answer = TEXT("已清运"));
    DO(&city, 1, COMMUNITY_CLERK, PASS);
    DO(&city, 1, OPERATOR, SOLVED, .satisfied = satisfied);
}

static void test_whose_ticket_it_is(void **state) {
    SHOWS("F1 F2 F3");
    begin_counting("2026-03-02 09:00");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, OPERATOR, SUPERVISE, .note = TEXT("请说明"));
    note("派给米市一网格，并督办：");
    note_counters(0);
    note_counters(GRID_A);
    note_counters(STREET_A);
    DO(&city, 1, OPERATOR, DISPATCH, .unit = COMMUNITY_A, BECAUSE("需要清运车"));
    note("改派给社区，街道一直没有失去它：");
    note_counters(GRID_A);
    note_counters(COMMUNITY_A);
    note_counters(STREET_A);
    DO(&city, 1, COMMUNITY_CLERK, RETURN, NOT_OUR_DUTY);
    DO(&city, 1, OPERATOR, VOID, BECAUSE("重复"));
    note("退单后作废：");
    note_counters(0);
    note_counters(STREET_A);
    reads(&city,
          "派给米市一网格，并督办：\n"
          "全区：收到 1 = 结案 0 + 转出 0 + 在办 1，督办 1\n"
          "米市一网格：收到 1 = 结案 0 + 转出 0 + 在办 1，督办 1\n"
          "汀桥街道：收到 1 = 结案 0 + 转出 0 + 在办 1，督办 1\n"
          "改派给社区，街道一直没有失去它：\n"
          "米市一网格：收到 1 = 结案 0 + 转出 1 + 在办 0，督办 0\n"
          "米市社区：收到 1 = 结案 0 + 转出 0 + 在办 1，督办 1\n"
          "汀桥街道：收到 1 = 结案 0 + 转出 0 + 在办 1，督办 1\n"
          "退单后作废：\n"
          "全区：收到 1 = 结案 1 + 转出 0 + 在办 0，督办 0\n"
          "汀桥街道：收到 1 = 结案 0 + 转出 1 + 在办 0，督办 0\n");
}

static void test_rates_of_one_life(void **state) {
    SHOWS("F4 F5 F6");
    begin_counting("2026-03-02 09:00");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-03-02 11:00");
    DO(&city, 1, GRID_WORKER, SIGN); /* at its due time is on time */
    DO(&city, 1, GRID_WORKER, FINISH, .answer = TEXT("已清运")); /* without having called anybody */
    DO(&city, 1, COMMUNITY_CLERK, PASS);
    DO(&city, 1, OPERATOR, UNREACHABLE); /* nobody answers: neither solved nor not */
    until(&city, "2026-03-03 09:00");
    DO(&city, 1, OPERATOR, UNSOLVED, BECAUSE("仍有异味"));
    DO(&city, 1, GRID_WORKER, FINISH, .answer = TEXT("又清运"));
    DO(&city, 1, COMMUNITY_CLERK, PASS);
    DO(&city, 1, OPERATOR, SOLVED, .satisfied = false);
    note_rate(GRID_A, RATE_SIGN_ON_TIME);
    note_rate(GRID_A, RATE_CONTACT_ON_TIME);
    note_rate(GRID_A, RATE_FINISH_ON_TIME);
    note_rate(GRID_A, RATE_CLOSE_ON_TIME);
    note_rate(GRID_A, RATE_SOLVED);
    note_rate(GRID_A, RATE_SATISFIED);
    note_rate(GRID_A, RATE_REWORKED);
    note_rate(GRID_A, RATE_RETURNED);
    note_rate(GRID_A, RATE_ARRIVED);
    note_rate(0, RATE_LOCAL);
    reads(&city,
          "米市一网格：按时签收率 100.0% = 1 / 1\n"
          "米市一网格：响应率 0.0% = 0 / 1\n"
          "米市一网格：按时办结率 100.0% = 2 / 2\n"
          "米市一网格：按时结案率 100.0% = 1 / 1\n"
          "米市一网格：解决率 50.0% = 1 / 2\n"
          "米市一网格：满意率 0.0% = 0 / 1\n"
          "米市一网格：重办率 100.0% = 1 / 1\n"
          "米市一网格：退单率 0.0% = 0 / 1\n"
          "米市一网格：吹哨报到率 无（报到数 / 被吹哨数）\n"
          "全区：就地化解率 100.0% = 1 / 1\n");
}

static void test_time_by_stage(void **state) {
    SHOWS("F7");
    begin_counting("2026-03-02 09:00");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-03-02 10:00");
    DO(&city, 1, OPERATOR, DISPATCH, .unit = URBAN, BECAUSE("地点在路面")); /* another owner, the same state: one stay, two hours in all */
    until(&city, "2026-03-02 11:00");
    DO(&city, 1, URBAN_CLERK, SIGN);
    struct figures all = counted(0, 0, 99999999, -1), grid = counted(GRID_A, 0, 99999999, -1), urban = counted(URBAN, 0, 99999999, -1);
    note("待签收：全区 %d 次 %d 小时", (int)all.n[FIGURE_STAYS_OFFERED], (int)(all.n[FIGURE_MS_OFFERED] / 3600000));
    note("待签收：米市一网格 %d 次 %d 小时", (int)grid.n[FIGURE_STAYS_OFFERED], (int)(grid.n[FIGURE_MS_OFFERED] / 3600000));
    note("待签收：城管局 %d 次 %d 小时", (int)urban.n[FIGURE_STAYS_OFFERED], (int)(urban.n[FIGURE_MS_OFFERED] / 3600000));
    reads(&city,
          "待签收：全区 1 次 2 小时\n"
          "待签收：米市一网格 0 次 1 小时\n"
          "待签收：城管局 1 次 1 小时\n");
}

static void note_day(int32_t day, int matter) {
    struct figures f = counted(0, day, day, matter);
    note("%d 月 %d 日%s：收到 %d，结案 %d，红牌 %d，撤销红牌 %d", day / 100 % 100, day % 100, matter < 0 ? "" : matter == 0 ? "（无事项）" : "（违规广告牌）",
         (int)f.n[FIGURE_RECEIVED], (int)f.n[FIGURE_CLOSED], (int)f.n[FIGURE_RUNG_RED_CARD], (int)f.n[FIGURE_WITHDRAWN_RED_CARD]);
}

static void test_corrections_count_on_their_own_day(void **state) {
    SHOWS("F8 F9");
    begin_counting("2026-03-02 09:00");
    come_in(MATTER_COLD, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-03-02 16:00"); /* nobody signs: three hours after two is a red card */
    DO(&city, 1, WATER_CLERK, SIGN);
    until(&city, "2026-03-03 09:00");
    DO(&city, 1, SUPERVISOR, WITHDRAW_CARD, .rung = RUNG_RED_CARD, BECAUSE("系统停机所致"));
    note_day(20260302, -1);
    note_day(20260303, -1);
    reads(&city,
          "3 月 2 日：收到 1，结案 0，红牌 1，撤销红牌 0\n"
          "3 月 3 日：收到 0，结案 0，红牌 0，撤销红牌 1\n");
    begin_counting("2026-03-02 09:00");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    close_it(true);
    until(&city, "2026-03-05 09:00");
    DO(&city, 1, OPERATOR, REOPEN, BECAUSE("又有垃圾"));
    note_day(20260302, -1);
    note_day(20260305, -1);
    note_counters(0);
    reads(&city,
          "3 月 2 日：收到 1，结案 1，红牌 0，撤销红牌 0\n"
          "3 月 5 日：收到 0，结案 -1，红牌 0，撤销红牌 0\n"
          "全区：收到 1 = 结案 0 + 转出 0 + 在办 1，督办 0\n");
}

static void note_cards(uint32_t unit) {
    struct figures f = counted(unit, 0, 99999999, -1);
    assert_true(figures_cards_hold(&f));
    note("%s：预警 %d，撤销 %d；黄牌 %d，撤销 %d", name_of(unit), (int)f.n[FIGURE_RUNG_WARNING], (int)f.n[FIGURE_WITHDRAWN_WARNING],
         (int)f.n[FIGURE_RUNG_YELLOW_CARD], (int)f.n[FIGURE_WITHDRAWN_YELLOW_CARD]);
}

/* The ticket has gone to another unit; the card that is withdrawn is the first one's, and counts once. */
static void test_a_card_leaves_the_figures_of_its_unit(void **state) {
    SHOWS("F8 L30 L44");
    begin_counting("2026-03-02 09:00");
    come_in(MATTER_COLD, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-03-02 11:30");
    DO(&city, 1, OPERATOR, DISPATCH, .unit = MUNICIPAL, BECAUSE("水务局未签收"));
    until(&city, "2026-03-02 14:00");
    note("两个单位都晚了：");
    note_cards(WATER);
    note_cards(MUNICIPAL);
    DO(&city, 1, WATER_CLERK, APPEAL_CARD, .rung = RUNG_YELLOW_CARD, BECAUSE("派单时停电"));
    DO(&city, 1, SUPERVISOR, WITHDRAW_CARD, BECAUSE("停电属实"));
    DO(&city, 1, SUPERVISOR, WITHDRAW_CARD, .card = 2, BECAUSE("再撤一次"));
    note("水务局的黄牌撤销后：");
    note_cards(WATER);
    note_cards(MUNICIPAL);
    note_cards(0);
    reads(&city,
          "两个单位都晚了：\n"
          "水务局：预警 1，撤销 0；黄牌 1，撤销 0\n"
          "市政局：预警 1，撤销 0；黄牌 1，撤销 0\n"
          "水务局的黄牌撤销后：\n"
          "水务局：预警 1，撤销 0；黄牌 1，撤销 1\n"
          "市政局：预警 1，撤销 0；黄牌 1，撤销 0\n"
          "全区：预警 2，撤销 0；黄牌 2，撤销 1\n");
}

static void test_a_matter_is_set_right(void **state) {
    SHOWS("F10");
    begin_counting("2026-03-02 23:30");
    come_in(0, GRID_A, PLACE_BY_POINT);
    until(&city, "2026-03-03 00:30");
    DO(&city, 1, OPERATOR, DISPATCH, .unit = STREET_A, .matter = MATTER_SIGN);
    note_day(20260302, 0);
    note_day(20260303, 0);
    note_day(20260303, MATTER_SIGN);
    note_counters(0);
    note_counters(STREET_A);
    reads(&city,
          "3 月 2 日（无事项）：收到 1，结案 0，红牌 0，撤销红牌 0\n"
          "3 月 3 日（无事项）：收到 -1，结案 0，红牌 0，撤销红牌 0\n"
          "3 月 3 日（违规广告牌）：收到 1，结案 0，红牌 0，撤销红牌 0\n"
          "全区：收到 1 = 结案 0 + 转出 0 + 在办 1，督办 0\n"
          "汀桥街道：收到 1 = 结案 0 + 转出 0 + 在办 1，督办 0\n");
}

/* The community comes under another street: counted anew, what it ever did is that street's. */
static void test_another_street(void **state) {
    SHOWS("F11");
    begin_counting("2026-03-02 09:00");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    close_it(true);
    note("现在：");
    note_counters(STREET_A);
    note_counters(STREET_B);
    static struct unit units[UNIT_COUNT];
    struct world moved = *city_world();
    uint32_t wrong;
    memcpy(units, city_units, sizeof units);
    units[COMMUNITY_A].parent = STREET_B;
    assert_true(world_seal(units, UNIT_COUNT, &wrong));
    moved.units = units;
    tally_reset(tally);
    for (size_t i = 0; i < event_count; i++) assert_true(tally_take(tally, &moved, &events[i]));
    note("米市社区划归望槐街道后：");
    note_counters(STREET_A);
    note_counters(STREET_B);
    reads(&city,
          "现在：\n"
          "汀桥街道：收到 1 = 结案 1 + 转出 0 + 在办 0，督办 0\n"
          "望槐街道：收到 0 = 结案 0 + 转出 0 + 在办 0，督办 0\n"
          "米市社区划归望槐街道后：\n"
          "汀桥街道：收到 0 = 结案 0 + 转出 0 + 在办 0，督办 0\n"
          "望槐街道：收到 1 = 结案 1 + 转出 0 + 在办 0，督办 0\n");
}

static void note_score(const char *what, const struct score_rule *rules, size_t count, uint32_t unit, const struct figure_rate *rates) {
    struct score score;
    score_of(rules, count, 20260331, &city_units[unit], rates, &score);
    if (score.hundredths < 0)
        note("%s：%s", what, score.excluded ? "不计分" : "无得分");
    else
        note("%s：%d.%02d 分", what, score.hundredths / 100, score.hundredths % 100);
}

static void test_weights_with_dates(void **state) {
    SHOWS("F13 F14 F15");
    begin_counting("2026-03-31 09:00");
    struct figure_rate rates[RATE_COUNT] = {
        [RATE_SOLVED] = {.of = 10, .hit = 8}, [RATE_SATISFIED] = {.of = 8, .hit = 4}, [RATE_RETURNED] = {.of = 20, .hit = 1}};
    const struct score_rule rules[] = {
        {.kind = SCORE_WEIGHT, .rate = RATE_SOLVED, .value = 100, .from_day = 20250101, .to_day = 20251231},
        {.kind = SCORE_WEIGHT, .rate = RATE_SOLVED, .value = 60, .from_day = 20260101},
        {.kind = SCORE_WEIGHT, .rate = RATE_SATISFIED, .value = 20, .from_day = 20260101},
        {.kind = SCORE_WEIGHT, .rate = RATE_RETURNED, .value = 20, .from_day = 20260101},
        {.kind = SCORE_WEIGHT, .rate = RATE_ARRIVED, .value = 50, .from_day = 20260101},
        {.kind = SCORE_WEIGHT, .rate = RATE_SATISFIED, .unit_kind = UNIT_DEPARTMENT, .value = 1, .from_day = 20260101},
        {.kind = SCORE_COEFFICIENT, .unit_kind = UNIT_STREET, .value = 1100, .from_day = 20260101},
        {.kind = SCORE_COEFFICIENT, .unit = STREET_B, .value = 900, .from_day = 20260101},
        {.kind = SCORE_EXCLUSION, .unit = GRID_A, .from_day = 20260101},
        {.kind = SCORE_EXCLUSION, .rate = RATE_SOLVED, .matter_from = 10000, .matter_to = 19999, .from_day = 20260301, .to_day = 20260315},
    };
    size_t count = sizeof rules / sizeof rules[0];
    /* (60 * 80 + 20 * 50 + 20 * 95) / 100: nobody was called by a whistle, so that weight stays out */
    note_score("社区", rules, count, COMMUNITY_A, rates);
    note_score("街道，系数 1.1", rules, count, STREET_A, rates);
    note_score("望槐街道，系数 0.9", rules, count, STREET_B, rates);
    note_score("委办局，只计满意率", rules, count, URBAN, rates);
    note_score("米市一网格", rules, count, GRID_A, rates);
    note_score("没有权重", rules, 0, COMMUNITY_A, rates);
    note("垃圾，3 月 10 日，%s解决率", score_leaves_out(rules, count, 20260310, RATE_SOLVED, MATTER_GARBAGE, 0) ? "不计入" : "计入");
    note("垃圾，3 月 16 日，%s解决率", score_leaves_out(rules, count, 20260316, RATE_SOLVED, MATTER_GARBAGE, 0) ? "不计入" : "计入");
    note("停水，3 月 10 日，%s解决率", score_leaves_out(rules, count, 20260310, RATE_SOLVED, MATTER_COLD, 0) ? "不计入" : "计入");
    note("垃圾，3 月 10 日，%s满意率", score_leaves_out(rules, count, 20260310, RATE_SATISFIED, MATTER_GARBAGE, 0) ? "不计入" : "计入");
    reads(&city,
          "社区：77.00 分\n"
          "街道，系数 1.1：84.70 分\n"
          "望槐街道，系数 0.9：69.30 分\n"
          "委办局，只计满意率：50.00 分\n"
          "米市一网格：不计分\n"
          "没有权重：无得分\n"
          "垃圾，3 月 10 日，不计入解决率\n"
          "垃圾，3 月 16 日，计入解决率\n"
          "停水，3 月 10 日，计入解决率\n"
          "垃圾，3 月 10 日，计入满意率\n");
}

static void test_by_rule_and_by_hand(void **state) {
    SHOWS("F16");
    begin_counting("2026-03-02 09:00");
    come_in(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    come_in(0, GRID_A, PLACE_BY_POINT);
    come_in(0, GRID_A, PLACE_BY_POINT);
    DO(&city, 2, OPERATOR, DISPATCH, .unit = URBAN, .matter = MATTER_SIGN);
    DO(&city, 2, URBAN_CLERK, RETURN, NOT_OUR_DUTY);
    DO(&city, 2, OPERATOR, DISPATCH, .unit = HOUSING);
    struct figures f = counted(0, 0, 99999999, -1);
    note("收到 %d：自动派单 %d，人工派单 %d，还没派 %d", (int)f.n[FIGURE_RECEIVED], (int)f.n[FIGURE_BY_RULE], (int)f.n[FIGURE_BY_HAND],
         (int)(f.n[FIGURE_RECEIVED] - f.n[FIGURE_BY_RULE] - f.n[FIGURE_BY_HAND]));
    reads(&city, "收到 3：自动派单 1，人工派单 1，还没派 1\n");
}

static void test_a_whistle(void **state) {
    SHOWS("F17");
    begin_counting("2026-03-02 09:00");
    come_in(MATTER_SIGN, GRID_A, PLACE_BY_POINT);
    DO(&city, 1, STREET_CLERK, SIGN);
    DO(&city, 1, STREET_CLERK, WHISTLE, .units = {URBAN, WATER, HOUSING}, .units_count = 3, BECAUSE("现场会商"));
    DO(&city, 1, URBAN_CLERK, SIGN);
    DO(&city, 1, URBAN_CLERK, ARRIVE);
    until(&city, "2026-03-05 09:00");
    DO(&city, 1, WATER_CLERK, SIGN);
    DO(&city, 1, WATER_CLERK, ARRIVE);
    note_rate(STREET_A, RATE_WHISTLED);
    note_rate(STREET_A, RATE_ARRIVED);
    note_rate(0, RATE_ARRIVED);
    note_rate(URBAN, RATE_ARRIVED_ON_TIME);
    note_rate(WATER, RATE_ARRIVED_ON_TIME);
    note_rate(HOUSING, RATE_ARRIVED);
    reads(&city,
          "汀桥街道：吹哨率 100.0% = 1 / 1\n"
          "汀桥街道：吹哨报到率 无（报到数 / 被吹哨数）\n"
          "全区：吹哨报到率 66.7% = 2 / 3\n"
          "城管局：吹哨按时报到率 100.0% = 1 / 1\n"
          "水务局：吹哨按时报到率 0.0% = 0 / 1\n"
          "住建局：吹哨报到率 0.0% = 0 / 1\n");
}

static int end(void **state) {
    if (tally != NULL) tally_free(&tally);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whose_ticket_it_is),
        cmocka_unit_test(test_rates_of_one_life),
        cmocka_unit_test(test_time_by_stage),
        cmocka_unit_test(test_corrections_count_on_their_own_day),
        cmocka_unit_test(test_a_card_leaves_the_figures_of_its_unit),
        cmocka_unit_test(test_a_matter_is_set_right),
        cmocka_unit_test(test_another_street),
        cmocka_unit_test(test_weights_with_dates),
        cmocka_unit_test(test_by_rule_and_by_hand),
        cmocka_unit_test(test_a_whistle),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
