/* Why is it due then? Explanations as a clerk reads them, in both languages, and the promise that the pieces leave no gap. */
#include "tests/unit/calendar_fixture.h"

static char story[8192];

static const char *told(const char *calendar, const struct calendar_question *question, enum lang lang) {
    static struct calendar_line lines[CALENDAR_LINES_MAX];
    const struct calendar *cal = demo_calendar(calendar);
    int32_t count = calendar_explain(cal, question, lines, CALENDAR_LINES_MAX);
    size_t length = 0;
    story[0] = '\0';
    for (int32_t i = 0; i < count; i++) {
        length += calendar_line_say(cal, &lines[i], lang, story + length, sizeof story - length);
        story[length++] = '\n';
        story[length] = '\0';
    }
    return story;
}

static void test_spring_festival_and_a_swapped_sunday(void **state) {
    struct calendar_question question = {.start = at("2024-02-09 16:00"), .limit = limit_of("2wh")};
    assert_string_equal(told("standard", &question, LANG_ZH),
                        "2024-02-09（周五）16:00 起算，时限 2 个工作小时\n"
                        "2024-02-09（周五）16:00-17:00 计入 1 小时\n"
                        "2024-02-09（周五）17:00-24:00 下班时间，不计\n"
                        "2024-02-10（周六）00:00 至 2024-02-17（周六）24:00 春节放假，不计\n"
                        "2024-02-18（周日）00:00-08:30 下班时间，不计\n"
                        "2024-02-18（周日，春节调休上班）08:30-09:30 计入 1 小时\n"
                        "2024-02-18（周日）09:30 到期，共计 2 小时\n");
    assert_string_equal(told("standard", &question, LANG_EN),
                        "2024-02-09 Fri 16:00: start, limit 2 working hours\n"
                        "2024-02-09 Fri 16:00-17:00: counted 1 h\n"
                        "2024-02-09 Fri 17:00-24:00: outside hours, not counted\n"
                        "2024-02-10 Sat 00:00 to 2024-02-17 Sat 24:00: Spring Festival holiday, not counted\n"
                        "2024-02-18 Sun 00:00-08:30: outside hours, not counted\n"
                        "2024-02-18 Sun, workday swapped for Spring Festival 08:30-09:30: counted 1 h\n"
                        "2024-02-18 Sun 09:30: due, in all 2 h\n");
}

static void test_lunch_night_weekend(void **state) {
    struct calendar_question question = {.start = at("2024-03-08 11:20:30"), .limit = limit_of("1wd")};
    assert_string_equal(told("standard", &question, LANG_ZH),
                        "2024-03-08（周五）11:20 起算，时限 1 个工作日（每个工作日按 7 小时 30 分计）\n"
                        "2024-03-08（周五）11:20-12:00 计入 40 分\n"
                        "2024-03-08（周五）12:00-13:00 午休，不计\n"
                        "2024-03-08（周五）13:00-17:00 计入 4 小时\n"
                        "2024-03-08（周五）17:00-24:00 下班时间，不计\n"
                        "2024-03-09（周六）00:00 至 2024-03-10（周日）24:00 周末，不计\n"
                        "2024-03-11（周一）00:00-08:30 下班时间，不计\n"
                        "2024-03-11（周一）08:30-11:20 计入 2 小时 50 分\n"
                        "2024-03-11（周一）11:20 到期，共计 7 小时 30 分\n");
}

static void test_one_night_is_one_line(void **state) {
    struct calendar_question question = {.start = at("2024-03-05 16:30"), .limit = limit_of("1wh"), .percent = 80};
    assert_string_equal(told("standard", &question, LANG_EN),
                        "2024-03-05 Tue 16:30: start, limit 1 working hour, of which 80%\n"
                        "2024-03-05 Tue 16:30-17:00: counted 30 min\n"
                        "2024-03-05 Tue 17:00 to 2024-03-06 Wed 08:30: outside hours, not counted\n"
                        "2024-03-06 Wed 08:30-08:48: counted 18 min\n"
                        "2024-03-06 Wed 08:48: 80% reached, in all 48 min\n");
}

static void test_pause_and_extension(void **state) {
    const struct calendar_pause pause = {at("2024-03-05 10:00"), at("2024-03-06 09:00")};
    const struct calendar_extension extension = {at("2024-03-05 15:00"), limit_of("30wm")};
    struct calendar_question question = {.start = at("2024-03-05 09:00"),
                                         .limit = limit_of("2wh"),
                                         .pauses = &pause,
                                         .pause_count = 1,
                                         .extensions = &extension,
                                         .extension_count = 1};
    assert_string_equal(told("standard", &question, LANG_ZH),
                        "2024-03-05（周二）09:00 起算，时限 2 个工作小时\n"
                        "2024-03-05（周二）15:00 批准延期 30 个工作分钟\n"
                        "2024-03-05（周二）09:00-10:00 计入 1 小时\n"
                        "2024-03-05（周二）10:00 至 2024-03-06（周三）09:00 暂停计时，不计\n"
                        "2024-03-06（周三）09:00-10:30 计入 1 小时 30 分\n"
                        "2024-03-06（周三）10:30 到期，共计 2 小时 30 分\n");
}

static void test_still_paused(void **state) {
    const struct calendar_pause pause = {at("2024-03-05 10:00"), 0};
    struct calendar_question question = {
        .start = at("2024-03-05 09:00"), .limit = limit_of("2wh"), .pauses = &pause, .pause_count = 1};
    assert_string_equal(told("standard", &question, LANG_ZH), "2024-03-05（周二）09:00 起算，时限 2 个工作小时\n"
                                                              "2024-03-05（周二）09:00-10:00 计入 1 小时\n"
                                                              "2024-03-05（周二）10:00 起暂停计时，剩余 1 小时\n");
}

/* A pause that begins when the time is used up, or later, explains nothing. */
static void test_pause_after_the_due_time(void **state) {
    struct calendar_pause pause = {at("2024-03-05 10:00"), at("2024-03-05 11:00")};
    struct calendar_question question = {
        .start = at("2024-03-05 09:00"), .limit = limit_of("1wh"), .pauses = &pause, .pause_count = 1};
    const char *expected = "2024-03-05 Tue 09:00: start, limit 1 working hour\n"
                           "2024-03-05 Tue 09:00-10:00: counted 1 h\n"
                           "2024-03-05 Tue 10:00: due, in all 1 h\n";
    assert_string_equal(told("standard", &question, LANG_EN), expected);
    pause.from = at("2024-03-05 10:30");
    assert_string_equal(told("standard", &question, LANG_EN), expected);
}

static void test_natural_limit(void **state) {
    struct calendar_question question = {.start = at("2024-02-09 16:00"), .limit = limit_of("24nh")};
    assert_string_equal(told("standard", &question, LANG_ZH),
                        "2024-02-09（周五）16:00 起算，时限 24 小时（自然时间）\n"
                        "2024-02-09（周五）16:00 至 2024-02-10（周六）16:00 计入 24 小时\n"
                        "2024-02-10（周六）16:00 到期，共计 24 小时\n");
}

static void test_half_day_closed_day_and_break(void **state) {
    struct calendar_question question = {.start = at("2024-02-09 11:00"), .limit = limit_of("90wm")};
    assert_string_equal(told("hall", &question, LANG_ZH),
                        "2024-02-09（周五）11:00 起算，时限 90 个工作分钟\n"
                        "2024-02-09（周五，除夕特别时段）11:00-12:00 计入 1 小时\n"
                        "2024-02-09（周五）12:00-24:00 下班时间，不计\n"
                        "2024-02-10（周六）00:00 至 2024-02-17（周六）24:00 春节放假，不计\n"
                        "2024-02-18（周日）00:00-09:00 下班时间，不计\n"
                        "2024-02-18（周日，春节调休上班）09:00-09:30 计入 30 分\n"
                        "2024-02-18（周日）09:30 到期，共计 1 小时 30 分\n");
}

static void test_not_yet_published(void **state) {
    struct calendar_question question = {.start = at("2026-12-31 16:00"), .limit = limit_of("2wh")};
    assert_string_equal(told("standard", &question, LANG_ZH),
                        "2026-12-31（周四）16:00 起算，时限 2 个工作小时\n"
                        "2026-12-31（周四）16:00-17:00 计入 1 小时\n"
                        "2026-12-31（周四）17:00 至 2027-01-01（周五）08:30 下班时间，不计\n"
                        "2027-01-01（周五）08:30-09:30 计入 1 小时\n"
                        "2027-01-01（周五）09:30 到期，共计 2 小时\n"
                        "2027-01-01（周五）09:30 的放假安排尚未公布，到期时间可能调整\n");
}

static void test_too_long_for_the_room_is_folded(void **state) {
    const struct calendar *cal = demo_calendar("standard");
    struct calendar_line lines[8];
    struct calendar_question question = {.start = at("2024-03-05 09:00"), .limit = limit_of("3600wd")};
    int32_t count = calendar_explain(cal, &question, lines, 8);
    time_ms due;
    assert_true(calendar_add(cal, question.start, question.limit, &due));
    assert_int_equal(count, 8);
    assert_int_equal(lines[5].kind, CALENDAR_LINE_FOLDED);
    assert_int_equal(lines[5].to, due);
    assert_int_equal(lines[6].kind, CALENDAR_LINE_DUE);
    assert_int_equal(lines[6].to, due);
    assert_int_equal(lines[7].kind, CALENDAR_LINE_UNPUBLISHED);
    int64_t counted = 0;
    for (int i = 1; i < 6; i++) counted += lines[i].counted_ms;
    assert_int_equal(counted, lines[6].counted_ms);
}

/* 30 working days over the longest holidays fit without folding, and the pieces leave no gap. */
static void test_thirty_working_days_fit(void **state) {
    static struct calendar_line lines[CALENDAR_LINES_MAX];
    const struct calendar *cal = demo_calendar("standard");
    for (time_ms start = at("2024-01-01 00:00"); start < at("2026-11-01 00:00"); start += 86400000LL * 3 + 3333333) {
        struct calendar_question question = {.start = start, .limit = limit_of("30wd")};
        int32_t count = calendar_explain(cal, &question, lines, CALENDAR_LINES_MAX);
        assert_true(count < CALENDAR_LINES_MAX / 2);
        int64_t counted = 0;
        time_ms end = start;
        for (int32_t i = 1; lines[i].kind != CALENDAR_LINE_DUE; i++) {
            assert_int_equal(lines[i].from, end);
            end = lines[i].to;
            counted += lines[i].counted_ms;
        }
        time_ms due;
        assert_true(calendar_add(cal, start, question.limit, &due));
        assert_int_equal(end, due);
        assert_int_equal(counted, calendar_limit_ms(cal, question.limit));
    }
}

static void test_a_sentence_is_cut_at_a_whole_character(void **state) {
    const struct calendar *cal = demo_calendar("standard");
    struct calendar_line lines[16];
    struct calendar_question question = {.start = at("2024-02-09 16:00"), .limit = limit_of("2wh")};
    char whole[CALENDAR_LINE_TEXT_SIZE], cut[CALENDAR_LINE_TEXT_SIZE];
    assert_int_equal(calendar_explain(cal, &question, lines, 16), 7);
    size_t length = calendar_line_say(cal, &lines[3], LANG_ZH, whole, sizeof whole);
    for (size_t size = 1; size <= length + 1; size++) {
        size_t got = calendar_line_say(cal, &lines[3], LANG_ZH, cut, size);
        assert_true(got < size && got + 3 >= size - 1 && strlen(cut) == got);
        assert_memory_equal(cut, whole, got);
        assert_true(((unsigned char)whole[got] & 0xC0) != 0x80);
    }
}

static void test_no_limit_no_story(void **state) {
    struct calendar_line lines[8];
    struct calendar_question question = {.start = at("2024-02-09 16:00")};
    assert_int_equal(calendar_explain(demo_calendar("standard"), &question, lines, 8), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spring_festival_and_a_swapped_sunday),
        cmocka_unit_test(test_lunch_night_weekend),
        cmocka_unit_test(test_one_night_is_one_line),
        cmocka_unit_test(test_pause_and_extension),
        cmocka_unit_test(test_still_paused),
        cmocka_unit_test(test_pause_after_the_due_time),
        cmocka_unit_test(test_natural_limit),
        cmocka_unit_test(test_half_day_closed_day_and_break),
        cmocka_unit_test(test_not_yet_published),
        cmocka_unit_test(test_too_long_for_the_room_is_folded),
        cmocka_unit_test(test_thirty_working_days_fit),
        cmocka_unit_test(test_a_sentence_is_cut_at_a_whole_character),
        cmocka_unit_test(test_no_limit_no_story),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
