/* Stories of the working day: when a ticket is due, and why, as a clerk would find it with the wall calendar in hand.
 * The city's offices: Monday to Friday 08:30-12:00 and 13:00-17:00, from May to September 13:30-17:30 in the afternoon. */
#include "tests/unit/story_clock.h"

/* a line of the diary is a line of the file */
/* clang-format off */

/* Friday afternoon: the weekend is nobody's time. */
static void test_friday_afternoon(void **state) {
    SHOWS("C4 C11");
    open_story("2026-03-06 16:00");
    int64_t id = come_in(MATTER_SIGN, STREET_A, PLACE_BY_ADDRESS);
    reads(&city,
          "2026-03-06 周五 16:00  诉求进来。派给汀桥街道：事项从街道开始办理；事项“违规广告牌”；地点“汀桥街道”（依据地址）；责任部门为城管局。\n"
          "2026-03-06 周五 16:00  系统  已受理登记\n"
          "2026-03-06 周五 16:00  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-03-09 周一 09:30 前\n");
    IN_WORDS(id, STAGE_SIGN,
          "2026-03-06（周五）16:00 起算，时限 2 个工作小时\n"
          "2026-03-06（周五）16:00-17:00 计入 1 小时\n"
          "2026-03-06（周五）17:00-24:00 下班时间，不计\n"
          "2026-03-07（周六）00:00 至 2026-03-08（周日）24:00 周末，不计\n"
          "2026-03-09（周一）00:00-08:30 下班时间，不计\n"
          "2026-03-09（周一）08:30-09:30 计入 1 小时\n"
          "2026-03-09（周一）09:30 到期，共计 2 小时\n");
}

static void test_lunch(void **state) {
    SHOWS("C1");
    open_story("2026-03-04 11:15");
    int64_t id = come_in(MATTER_SIGN, STREET_A, PLACE_BY_ADDRESS);
    reads(&city,
          "2026-03-04 周三 11:15  诉求进来。派给汀桥街道：事项从街道开始办理；事项“违规广告牌”；地点“汀桥街道”（依据地址）；责任部门为城管局。\n"
          "2026-03-04 周三 11:15  系统  已受理登记\n"
          "2026-03-04 周三 11:15  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-03-04 周三 14:15 前\n");
    IN_WORDS(id, STAGE_SIGN,
          "2026-03-04（周三）11:15 起算，时限 2 个工作小时\n"
          "2026-03-04（周三）11:15-12:00 计入 45 分\n"
          "2026-03-04（周三）12:00-13:00 午休，不计\n"
          "2026-03-04（周三）13:00-14:15 计入 1 小时 15 分\n"
          "2026-03-04（周三）14:15 到期，共计 2 小时\n");
    IN_ENGLISH(id, STAGE_SIGN,
          "2026-03-04 Wed 11:15: start, limit 2 working hours\n"
          "2026-03-04 Wed 11:15-12:00: counted 45 min\n"
          "2026-03-04 Wed 12:00-13:00: lunch break, not counted\n"
          "2026-03-04 Wed 13:00-14:15: counted 1 h 15 min\n"
          "2026-03-04 Wed 14:15: due, in all 2 h\n");
}

/* 30 April still keeps the winter's lunch, 6 May the summer's; Labour Day lies between. */
static void test_from_winter_to_summer_hours(void **state) {
    SHOWS("C3");
    open_story("2026-04-30 16:30");
    int64_t id = come_in(MATTER_SIGN, STREET_A, PLACE_BY_ADDRESS);
    DO(&city, id, STREET_CLERK, SIGN);
    reads(&city,
          "2026-04-30 周四 16:30  诉求进来。派给汀桥街道：事项从街道开始办理；事项“违规广告牌”；地点“汀桥街道”（依据地址）；责任部门为城管局。\n"
          "2026-04-30 周四 16:30  系统  已受理登记\n"
          "2026-04-30 周四 16:30  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-05-06 周三 10:00 前\n"
          "2026-04-30 周四 16:30  汀桥街道  已签收\n"
          "        【处置中】汀桥街道：联系诉求人，2026-05-06 周三 17:00 前\n");
    IN_WORDS(id, STAGE_CONTACT,
          "2026-04-30（周四）16:30 起算，时限 1 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2026-04-30（周四）16:30-17:00 计入 30 分\n"
          "2026-04-30（周四）17:00-24:00 下班时间，不计\n"
          "2026-05-01（周五）00:00 至 2026-05-05（周二）24:00 劳动节放假，不计\n"
          "2026-05-06（周三）00:00-08:30 下班时间，不计\n"
          "2026-05-06（周三）08:30-12:00 计入 3 小时 30 分\n"
          "2026-05-06（周三）12:00-13:30 午休，不计\n"
          "2026-05-06（周三）13:30-17:00 计入 3 小时 30 分\n"
          "2026-05-06（周三）17:00 到期，共计 7 小时 30 分\n");
}

static void test_from_summer_to_winter_hours(void **state) {
    open_story("2026-09-30 16:30");
    int64_t id = come_in(MATTER_SIGN, STREET_A, PLACE_BY_ADDRESS);
    IN_WORDS(id, STAGE_SIGN,
          "2026-09-30（周三）16:30 起算，时限 2 个工作小时\n"
          "2026-09-30（周三）16:30-17:30 计入 1 小时\n"
          "2026-09-30（周三）17:30-24:00 下班时间，不计\n"
          "2026-10-01（周四）00:00 至 2026-10-07（周三）24:00 国庆节放假，不计\n"
          "2026-10-08（周四）00:00-08:30 下班时间，不计\n"
          "2026-10-08（周四）08:30-09:30 计入 1 小时\n"
          "2026-10-08（周四）09:30 到期，共计 2 小时\n");
}

/* Used up exactly at closing time: due at closing time, not next morning; at the due time is on time (C5, C19). */
static void test_exactly_at_closing_time(void **state) {
    SHOWS("C5 C19");
    open_story("2026-03-04 15:00");
    int64_t id = come_in(MATTER_SIGN, STREET_A, PLACE_BY_ADDRESS);
    city.now = at("2026-03-04 17:00");
    DO(&city, id, STREET_CLERK, SIGN);
    reads(&city,
          "2026-03-04 周三 15:00  诉求进来。派给汀桥街道：事项从街道开始办理；事项“违规广告牌”；地点“汀桥街道”（依据地址）；责任部门为城管局。\n"
          "2026-03-04 周三 15:00  系统  已受理登记\n"
          "2026-03-04 周三 15:00  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-03-04 周三 17:00 前\n"
          "2026-03-04 周三 17:00  汀桥街道  已签收\n"
          "        【处置中】汀桥街道：联系诉求人，2026-03-05 周四 15:00 前\n");
}

/* A service hall keeps its own hours: New Year's Eve is half a day there, and Saturday mornings are open. */
static void test_half_a_day_in_the_hall(void **state) {
    SHOWS("C6");
    use_calendar(1, demo_calendar("hall"));
    open_story("2024-02-09 11:00");
    int64_t id = come_in(0, 0, 0);
    DO(&city, id, OPERATOR, DISPATCH, .unit = WATERWORKS, .matter = MATTER_SIGN);
    reads(&city,
          "2024-02-09 周五 11:00  诉求进来。转人工派遣：未给出事项。\n"
          "2024-02-09 周五 11:00  系统  已受理登记\n"
          "2024-02-09 周五 11:00  系统  转人工派遣\n"
          "        【待派遣】指挥中心：派遣，2024-02-18 周日 10:00 前\n"
          "2024-02-09 周五 11:00  指挥中心  已派单 → 供水公司\n"
          "        【待签收】供水公司：签收，2024-02-18 周日 10:00 前\n");
    IN_WORDS(id, STAGE_SIGN,
          "2024-02-09（周五）11:00 起算，时限 2 个工作小时\n"
          "2024-02-09（周五，除夕特别时段）11:00-12:00 计入 1 小时\n"
          "2024-02-09（周五）12:00-24:00 下班时间，不计\n"
          "2024-02-10（周六）00:00 至 2024-02-17（周六）24:00 春节放假，不计\n"
          "2024-02-18（周日）00:00-09:00 下班时间，不计\n"
          "2024-02-18（周日，春节调休上班）09:00-10:00 计入 1 小时\n"
          "2024-02-18（周日）10:00 到期，共计 2 小时\n");
}

/* The same ticket, two units, two calendars: each assist is measured by its own. */
static void test_every_unit_by_its_own_calendar(void **state) {
    SHOWS("C11 C10");
    open_story("2026-03-06 16:00");
    int64_t id = come_in(0, 0, 0);
    DO(&city, id, OPERATOR, DISPATCH, .unit = MUNICIPAL, .units = {WATERWORKS}, .units_count = 1, .matter = MATTER_SIGN);
    reads(&city,
          "2026-03-06 周五 16:00  诉求进来。转人工派遣：未给出事项。\n"
          "2026-03-06 周五 16:00  系统  已受理登记\n"
          "2026-03-06 周五 16:00  系统  转人工派遣\n"
          "        【待派遣】指挥中心：派遣，2026-03-06 周五 18:00 前\n"
          "2026-03-06 周五 16:00  指挥中心  已派单 → 市政局，协办 供水公司\n"
          "        【待签收】市政局：签收，2026-03-09 周一 09:30 前\n");
    assert_string_equal(show(city.tickets[0].assignments[0].turn.due), "2026-03-09 09:30:00");
    assert_string_equal(show(city.tickets[0].assignments[1].turn.due), "2026-03-06 18:00:00");
    assert_string_equal(show(city.tickets[0].assignments[1].handle.due), "2026-03-13 16:00:00");
}

static void test_the_leap_day(void **state) {
    open_story("2024-02-28 16:00");
    int64_t id = come_in(MATTER_SIGN, STREET_A, PLACE_BY_ADDRESS);
    IN_WORDS(id, STAGE_SIGN,
          "2024-02-28（周三）16:00 起算，时限 2 个工作小时\n"
          "2024-02-28（周三）16:00-17:00 计入 1 小时\n"
          "2024-02-28（周三）17:00 至 2024-02-29（周四）08:30 下班时间，不计\n"
          "2024-02-29（周四）08:30-09:30 计入 1 小时\n"
          "2024-02-29（周四）09:30 到期，共计 2 小时\n");
    open_story("2025-02-28 16:00");
    id = come_in(MATTER_SIGN, STREET_A, PLACE_BY_ADDRESS);
    IN_WORDS(id, STAGE_SIGN,
          "2025-02-28（周五）16:00 起算，时限 2 个工作小时\n"
          "2025-02-28（周五）16:00-17:00 计入 1 小时\n"
          "2025-02-28（周五）17:00-24:00 下班时间，不计\n"
          "2025-03-01（周六）00:00 至 2025-03-02（周日）24:00 周末，不计\n"
          "2025-03-03（周一）00:00-08:30 下班时间，不计\n"
          "2025-03-03（周一）08:30-09:30 计入 1 小时\n"
          "2025-03-03（周一）09:30 到期，共计 2 小时\n");
}

/* Urgent matters run day and night, holidays included (C8). */
static void test_no_water_at_new_year(void **state) {
    SHOWS("C8");
    open_story("2026-02-16 22:40");
    int64_t id = come_in(MATTER_COLD, STREET_A, PLACE_BY_ADDRESS);
    reads(&city,
          "2026-02-16 周一 22:40  诉求进来。派给水务局：事项直派责任部门；事项“停水”；地点“汀桥街道”（依据地址）。\n"
          "2026-02-16 周一 22:40  系统  已受理登记\n"
          "2026-02-16 周一 22:40  系统  已派单 → 水务局\n"
          "        【待签收】水务局：签收，2026-02-17 周二 00:40 前\n");
    IN_WORDS(id, STAGE_HANDLE,
          "2026-02-16（周一）22:40 起算，时限 24 小时（自然时间）\n"
          "2026-02-16（周一）22:40 至 2026-02-17（周二）22:40 计入 24 小时\n"
          "2026-02-17（周二）22:40 到期，共计 24 小时\n");
}

/* Over the turn of the year: 4 January 2026 is a Sunday that is worked. */
static void test_over_the_turn_of_the_year(void **state) {
    SHOWS("C7");
    open_story("2025-12-30 15:00");
    int64_t id = come_in(MATTER_SIGN, STREET_A, PLACE_BY_ADDRESS);
    DO(&city, id, STREET_CLERK, SIGN);
    IN_WORDS(id, STAGE_HANDLE,
          "2025-12-30（周二）15:00 起算，时限 7 个工作日（每个工作日按 7 小时 30 分计）\n"
          "2025-12-30（周二）15:00-17:00 计入 2 小时\n"
          "2025-12-30（周二）17:00 至 2025-12-31（周三）08:30 下班时间，不计\n"
          "2025-12-31（周三）08:30-12:00 计入 3 小时 30 分\n"
          "……\n"
          "2026-01-01（周四）00:00 至 2026-01-03（周六）24:00 元旦放假，不计\n"
          "……\n"
          "2026-01-09（周五）13:00-15:00 计入 2 小时\n"
          "2026-01-09（周五）15:00 到期，共计 52 小时 30 分\n");
    reads(&city,
          "2025-12-30 周二 15:00  诉求进来。派给汀桥街道：事项从街道开始办理；事项“违规广告牌”；地点“汀桥街道”（依据地址）；责任部门为城管局。\n"
          "2025-12-30 周二 15:00  系统  已受理登记\n"
          "2025-12-30 周二 15:00  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2025-12-30 周二 17:00 前\n"
          "2025-12-30 周二 15:00  汀桥街道  已签收\n"
          "        【处置中】汀桥街道：联系诉求人，2025-12-31 周三 15:00 前\n");
}

/* clang-format on */

/* ---- every holiday and every swapped workday of the shipped file ---- */

/* By reading the occasions alone: is this day worked? */
static bool worked(const struct calendar *cal, int32_t day) {
    bool is_worked = (day + 3) % 7 < 5; /* 1970-01-01 was a Thursday */
    for (int32_t i = 1; i <= cal->occasion_count; i++) {
        const struct calendar_occasion *o = calendar_occasion(cal, i);
        if (day >= o->first_day && day <= o->last_day) is_worked = o->kind != CALENDAR_OFF;
    }
    return is_worked;
}

static const char *day_text(int32_t day) {
    static char texts[4][32];
    static unsigned next;
    char *text = texts[next++ % 4];
    int32_t year, month, date;
    calendar_date_of(day, &year, &month, &date);
    snprintf(text, sizeof texts[0], "%04d-%02d-%02d", year, month, date);
    return text;
}

/* In summer the afternoon ends half an hour later. */
static const char *an_hour_before_closing(int32_t day) {
    static char text[48];
    int32_t year, month, date;
    calendar_date_of(day, &year, &month, &date);
    snprintf(text, sizeof text, "%s %s", day_text(day), month >= 5 && month <= 9 ? "16:30" : "16:00");
    return text;
}

/* What comes in an hour before the last closing time is to be signed an hour after the first opening. */
static void test_every_holiday_of_the_file(void **state) {
    const struct calendar *cal = demo_calendar("standard");
    int holidays = 0;
    for (int32_t i = 1; i <= cal->occasion_count; i++) {
        const struct calendar_occasion *o = calendar_occasion(cal, i);
        if (o->kind != CALENDAR_OFF) continue;
        int32_t before = o->first_day - 1, after = o->last_day + 1;
        char due[48], said[128], text[4096];
        while (!worked(cal, before)) before--;
        while (!worked(cal, after)) after++;
        open_story(an_hour_before_closing(before));
        int64_t id = come_in(MATTER_SIGN, STREET_A, PLACE_BY_ADDRESS);
        snprintf(due, sizeof due, "%s 09:30:00", day_text(after));
        if (strcmp(show(ticket_next(&city.tickets[0]).due), due) != 0)
            fail_msg("%s of %s: due %s instead of %s", o->name_zh, day_text(o->first_day),
                     show(ticket_next(&city.tickets[0]).due), due);
        explain(id, STAGE_SIGN, false, LANG_ZH, text, sizeof text);
        snprintf(said, sizeof said, " %s放假，不计\n", o->name_zh);
        if (!strstr(text, said)) fail_msg("nothing is said of %s in\n%s", o->name_zh, text);
        holidays++;
    }
    assert_int_equal(holidays, 20);
}

static void test_every_swapped_workday_of_the_file(void **state) {
    const struct calendar *cal = demo_calendar("standard");
    int days = 0;
    for (int32_t i = 1; i <= cal->occasion_count; i++) {
        const struct calendar_occasion *o = calendar_occasion(cal, i);
        if (o->kind != CALENDAR_SWAPPED) continue;
        char time[48], due[48], said[128], text[4096];
        snprintf(time, sizeof time, "%s 09:00", day_text(o->first_day));
        snprintf(due, sizeof due, "%s 11:00:00", day_text(o->first_day));
        snprintf(said, sizeof said, "，%s调休上班）09:00-11:00 计入 2 小时\n", o->name_zh);
        open_story(time);
        int64_t id = come_in(MATTER_SIGN, STREET_A, PLACE_BY_ADDRESS);
        assert_string_equal(show(ticket_next(&city.tickets[0]).due), due);
        explain(id, STAGE_SIGN, false, LANG_ZH, text, sizeof text);
        if (!strstr(text, said)) fail_msg("nothing is said of %s in\n%s", o->name_zh, text);
        assert_true((o->first_day + 3) % 7 >= 5); /* a Saturday or Sunday */
        days++;
    }
    assert_int_equal(days, 19);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define STORY(name) cmocka_unit_test_setup(name, use_the_usual)
        STORY(test_friday_afternoon),
        STORY(test_lunch),
        STORY(test_from_winter_to_summer_hours),
        STORY(test_from_summer_to_winter_hours),
        STORY(test_exactly_at_closing_time),
        STORY(test_half_a_day_in_the_hall),
        STORY(test_every_unit_by_its_own_calendar),
        STORY(test_the_leap_day),
        STORY(test_no_water_at_new_year),
        STORY(test_over_the_turn_of_the_year),
        STORY(test_every_holiday_of_the_file),
        STORY(test_every_swapped_workday_of_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
