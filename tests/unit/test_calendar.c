/* When is it due? The demo calendars of 2024-2026, case by case, as a clerk would check them on a wall calendar.
 * standard: Monday to Friday 08:30-12:00 and 13:00-17:00; from May to September the afternoon is 13:30-17:30.
 * hall: 09:00-17:00 without lunch break, Saturday 09:00-12:00, New Year's Eve of 2024 (a half day) 09:00-12:00. */
#include "tests/unit/calendar_fixture.h"

/* ---- the day ---- */

static void test_within_a_morning(void **state) {
    assert_due("standard", "2024-03-05 09:00", "2wh", "2024-03-05 11:00");
    assert_due("standard", "2024-03-05 09:00:20", "90wm", "2024-03-05 10:30:20");
}

static void test_lunch_does_not_count(void **state) {
    assert_due("standard", "2024-03-05 11:00", "2wh", "2024-03-05 14:00");
    assert_due("hall", "2024-03-05 11:00", "2wh", "2024-03-05 13:00");
}

static void test_summer_lunch_is_longer(void **state) {
    assert_due("standard", "2024-04-30 11:00", "2wh", "2024-04-30 14:00");
    assert_due("standard", "2024-06-04 11:00", "2wh", "2024-06-04 14:30");
    assert_due("standard", "2024-09-30 11:00", "2wh", "2024-09-30 14:30");
    assert_due("standard", "2024-10-08 11:00", "2wh", "2024-10-08 14:00");
}

static void test_night_does_not_count(void **state) {
    assert_due("standard", "2024-03-05 16:00", "2wh", "2024-03-06 09:30");
}

static void test_ends_exactly_at_closing_time(void **state) {
    assert_due("standard", "2024-03-05 15:00", "2wh", "2024-03-05 17:00");
    assert_due("standard", "2024-03-05 11:00", "1wh", "2024-03-05 12:00");
    assert_due("standard", "2024-03-05 15:00", "121wm", "2024-03-06 08:31");
}

static void test_starts_exactly_at_opening_and_closing(void **state) {
    assert_due("standard", "2024-03-05 08:30", "3wh", "2024-03-05 11:30");
    assert_due("standard", "2024-03-05 12:00", "1wh", "2024-03-05 14:00");
    assert_due("standard", "2024-03-05 13:00", "1wh", "2024-03-05 14:00");
    assert_due("standard", "2024-03-05 17:00", "1wh", "2024-03-06 09:30");
}

static void test_starts_outside_hours(void **state) {
    assert_due("standard", "2024-03-05 06:00", "1wh", "2024-03-05 09:30");
    assert_due("standard", "2024-03-05 12:30", "30wm", "2024-03-05 13:30");
    assert_due("standard", "2024-03-05 22:00", "1wh", "2024-03-06 09:30");
    assert_due("standard", "2024-03-09 10:00", "1wh", "2024-03-11 09:30"); /* Saturday */
}

static void test_zero_limit_is_due_at_once(void **state) {
    assert_due("standard", "2024-03-05 10:00", "0wm", "2024-03-05 10:00");
    assert_due("standard", "2024-03-09 23:00", "0wd", "2024-03-09 23:00");
    assert_due("standard", "2024-03-09 23:00", "0nd", "2024-03-09 23:00");
}

static void test_no_limit_is_never_due(void **state) {
    time_ms due = 7;
    assert_false(calendar_add(demo_calendar("standard"), at("2024-03-05 10:00"), (struct limit){0}, &due));
    assert_int_equal(due, 7);
}

/* ---- working days ---- */

static void test_a_working_day_is_its_nominal_length(void **state) {
    assert_due("standard", "2024-03-05 09:00", "1wd", "2024-03-06 09:00"); /* 7.5 h */
    assert_due("standard", "2024-03-05 10:00", "7wd", "2024-03-14 10:00");
    assert_due("standard", "2024-03-05 10:00", "15wd", "2024-03-26 10:00");
    assert_due("hall", "2024-03-05 10:00", "1wd", "2024-03-06 10:00"); /* 8 h */
    assert_due("hall", "2024-03-08 10:00", "1wd", "2024-03-09 10:00"); /* Friday to Saturday */
    assert_due("always", "2024-03-09 22:10", "1wd", "2024-03-10 22:10");
}

static void test_weekend(void **state) {
    assert_due("standard", "2024-03-08 16:00", "2wh", "2024-03-11 09:30");
    assert_due("hall", "2024-03-08 16:00", "2wh", "2024-03-09 10:00");
    assert_due("hall", "2024-03-09 11:30", "1wh", "2024-03-11 09:30");
    assert_due("always", "2024-03-08 16:00", "24wh", "2024-03-09 16:00");
}

static void test_leap_day(void **state) {
    assert_due("standard", "2024-02-28 16:00", "2wh", "2024-02-29 09:30");
    assert_due("standard", "2024-02-29 09:00", "1wd", "2024-03-01 09:00");
    assert_due("standard", "2025-02-28 16:00", "2wh", "2025-03-03 09:30"); /* no 29th; a Friday */
    assert_due("standard", "2024-02-28 10:00", "1nd", "2024-02-29 10:00");
    assert_due("standard", "2024-02-29 10:00", "1nd", "2024-03-01 10:00");
}

static void test_half_day(void **state) {
    assert_due("hall", "2024-02-09 10:00", "2wh", "2024-02-09 12:00");
    assert_due("hall", "2024-02-09 11:00", "2wh", "2024-02-18 10:00");
    assert_due("hall", "2024-02-09 15:00", "1wh", "2024-02-18 10:00");
}

/* ---- holidays: half an hour of the last working day before, half an hour of the first one after ---- */

static void test_every_holiday_of_2024_to_2026(void **state) {
    static const struct {
        const char *holiday, *start, *due;
    } rows[] = {
        {"元旦", "2023-12-29 16:30", "2024-01-02 09:00"},
        {"春节", "2024-02-09 16:30", "2024-02-18 09:00"},   /* to a swapped Sunday */
        {"清明节", "2024-04-03 16:30", "2024-04-07 09:00"}, /* to a swapped Sunday */
        {"劳动节", "2024-04-30 16:30", "2024-05-06 09:00"}, /* from winter to summer hours */
        {"端午节", "2024-06-07 17:00", "2024-06-11 09:00"},
        {"中秋节", "2024-09-14 17:00", "2024-09-18 09:00"}, /* from a swapped Saturday */
        {"国庆节", "2024-09-30 17:00", "2024-10-08 09:00"}, /* from summer to winter hours */
        {"元旦", "2024-12-31 16:30", "2025-01-02 09:00"},
        {"春节", "2025-01-27 16:30", "2025-02-05 09:00"},
        {"清明节", "2025-04-03 16:30", "2025-04-07 09:00"},
        {"劳动节", "2025-04-30 16:30", "2025-05-06 09:00"},
        {"端午节", "2025-05-30 17:00", "2025-06-03 09:00"},
        {"国庆节、中秋节", "2025-09-30 17:00", "2025-10-09 09:00"},
        {"元旦", "2025-12-31 16:30", "2026-01-04 09:00"}, /* to a swapped Sunday */
        {"春节", "2026-02-14 16:30", "2026-02-24 09:00"}, /* from a swapped Saturday */
        {"清明节", "2026-04-03 16:30", "2026-04-07 09:00"},
        {"劳动节", "2026-04-30 16:30", "2026-05-06 09:00"},
        {"端午节", "2026-06-18 17:00", "2026-06-22 09:00"},
        {"中秋节", "2026-09-24 17:00", "2026-09-28 09:00"},
        {"国庆节", "2026-09-30 17:00", "2026-10-08 09:00"},
    };
    const struct calendar *cal = demo_calendar("standard");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_due("standard", rows[i].start, "1wh", rows[i].due);
        assert_int_equal(calendar_between(cal, at(rows[i].start), at(rows[i].due)), 3600000);
        /* the holiday in between bears its name */
        int32_t day = calendar_local_day(cal, at(rows[i].due)), number = 0;
        while (number == 0 || calendar_occasion(cal, number)->kind != CALENDAR_OFF)
            number = calendar_occasion_on(cal, --day);
        assert_string_equal(calendar_occasion(cal, number)->name_zh, rows[i].holiday);
    }
}

static void test_every_swapped_workday_of_2024_to_2026(void **state) {
    static const char *const days[] = {"2024-02-04", "2024-02-18", "2024-04-07", "2024-04-28", "2024-05-11",
                                       "2024-09-14", "2024-09-29", "2024-10-12", "2025-01-26", "2025-02-08",
                                       "2025-04-27", "2025-09-28", "2025-10-11", "2026-01-04", "2026-02-14",
                                       "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"};
    const struct calendar *cal = demo_calendar("standard");
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        char start[32], due[32];
        snprintf(start, sizeof start, "%s 09:00", days[i]);
        snprintf(due, sizeof due, "%s 10:00", days[i]);
        assert_due("standard", start, "1wh", due);
        int32_t day = calendar_local_day(cal, at(start));
        assert_true(calendar_weekday_of(day) >= 6);
        assert_int_equal(calendar_occasion(cal, calendar_occasion_on(cal, day))->kind, CALENDAR_SWAPPED);
    }
    int swapped = 0;
    for (int32_t i = 1; i <= cal->occasion_count; i++) swapped += calendar_occasion(cal, i)->kind == CALENDAR_SWAPPED;
    assert_int_equal(swapped, sizeof days / sizeof days[0]);
}

/* A Saturday that is worked has Monday's hours, also where Saturdays have hours of their own. */
static void test_swapped_saturday_has_mondays_hours(void **state) {
    assert_due("hall", "2024-05-11 11:00", "2wh", "2024-05-11 13:00");
    assert_due("standard", "2024-05-11 11:00", "2wh", "2024-05-11 14:30");
}

/* ---- natural time ---- */

static void test_natural_time_runs_at_night_and_on_holidays(void **state) {
    assert_due("standard", "2024-02-09 16:00", "24nh", "2024-02-10 16:00");
    assert_due("standard", "2024-02-09 23:50", "30nm", "2024-02-10 00:20");
    assert_due("standard", "2024-02-09 16:00", "15nd", "2024-02-24 16:00");
}

/* ---- shares of a limit ---- */

static void test_ladder_over_a_weekend(void **state) {
    static const struct {
        int percent;
        const char *due;
    } rungs[] = {{0, "2024-03-08 16:00"},   {80, "2024-03-11 09:06"},  {100, "2024-03-11 09:30"},
                 {120, "2024-03-11 09:54"}, {150, "2024-03-11 10:30"}, {400, "2024-03-11 16:30"}};
    for (size_t i = 0; i < sizeof rungs / sizeof rungs[0]; i++) {
        assert_string_equal(show(due_of("standard", "2024-03-08 16:00", "2wh", rungs[i].percent)),
                            show(at(rungs[i].due)));
    }
    /* 24 h of natural time: the urge after 19:12 */
    assert_string_equal(show(due_of("standard", "2024-03-08 16:00", "24nh", 80)), show(at("2024-03-09 11:12")));
    /* a share may be less than a minute: 1 % of 1 minute */
    assert_int_equal(due_of("standard", "2024-03-08 16:00", "1wm", 1), at("2024-03-08 16:00") + 600);
}

/* ---- asking the other way round ---- */

static void test_between(void **state) {
    const struct calendar *cal = demo_calendar("standard");
    const int64_t hour = 3600000;
    assert_int_equal(calendar_between(cal, at("2024-02-09 16:00"), at("2024-02-18 09:30")), 2 * hour);
    assert_int_equal(calendar_between(cal, at("2024-02-18 09:30"), at("2024-02-09 16:00")), -2 * hour);
    assert_int_equal(calendar_between(cal, at("2024-02-10 00:00"), at("2024-02-18 08:30")), 0);
    assert_int_equal(calendar_between(cal, at("2024-03-04 00:00"), at("2024-03-11 00:00")), 75 * hour / 2);
    assert_int_equal(calendar_elapsed(cal, limit_of("1nh"), at("2024-02-09 16:00"), at("2024-02-10 16:00")), 24 * hour);
}

static void test_is_working(void **state) {
    const struct calendar *cal = demo_calendar("standard");
    assert_false(calendar_is_working(cal, at("2024-03-05 08:30") - 1));
    assert_true(calendar_is_working(cal, at("2024-03-05 08:30")));
    assert_true(calendar_is_working(cal, at("2024-03-05 12:00") - 1));
    assert_false(calendar_is_working(cal, at("2024-03-05 12:00")));
    assert_false(calendar_is_working(cal, at("2024-02-13 10:00")));
    assert_true(calendar_is_working(cal, at("2024-02-18 10:00")));
}

static void test_next_working(void **state) {
    const struct calendar *cal = demo_calendar("standard");
    assert_string_equal(show(calendar_next_working(cal, at("2024-03-05 10:10"))), "2024-03-05 10:10:00");
    assert_string_equal(show(calendar_next_working(cal, at("2024-03-05 12:00"))), "2024-03-05 13:00:00");
    assert_string_equal(show(calendar_next_working(cal, at("2024-02-09 17:00"))), "2024-02-18 08:30:00");
}

/* Going back over a break: the latest time that still has so much work before the start. */
static void test_going_back(void **state) {
    const struct calendar *cal = demo_calendar("standard");
    struct limit working = limit_of("1wh");
    assert_string_equal(show(calendar_add_ms(cal, at("2024-02-18 09:30"), working, -7200000)), "2024-02-09 16:00:00");
    assert_string_equal(show(calendar_add_ms(cal, at("2024-02-18 09:30"), working, -3600000)), "2024-02-18 08:30:00");
    assert_string_equal(show(calendar_add_ms(cal, at("2024-02-18 09:30"), limit_of("1nh"), -7200000)),
                        "2024-02-18 07:30:00");
}

/* ---- pauses and extensions ---- */

static time_ms clock_due(const struct limit_clock *clock, int percent) {
    time_ms due = 0;
    assert_true(calendar_clock_due(demo_calendar("standard"), clock, percent, &due));
    return due;
}

static void test_pause_across_a_holiday_keeps_the_rest(void **state) {
    const struct calendar *cal = demo_calendar("standard");
    struct limit_clock clock;
    time_ms due;
    calendar_clock_start(&clock, limit_of("1wd"), at("2024-02-09 09:00")); /* 7.5 h */
    assert_string_equal(show(clock_due(&clock, 100)), "2024-02-18 09:00:00");
    calendar_clock_pause(cal, &clock, at("2024-02-09 11:00"));
    assert_false(calendar_clock_due(cal, &clock, 100, &due)); /* off the clock: nothing is due */
    assert_int_equal(calendar_clock_remaining(cal, &clock, at("2024-02-14 11:00")), 11 * 1800000); /* 5.5 h */
    calendar_clock_resume(&clock, at("2024-02-19 10:00"));
    assert_string_equal(show(clock_due(&clock, 100)), "2024-02-19 16:30:00");
    assert_string_equal(show(clock_due(&clock, 80)), "2024-02-19 15:00:00"); /* 6 h, of which 2 h before the pause */
}

static void test_pause_taken_and_ended_on_days_off(void **state) {
    const struct calendar *cal = demo_calendar("standard");
    struct limit_clock clock;
    calendar_clock_start(&clock, limit_of("2wh"), at("2024-02-09 16:00"));
    calendar_clock_pause(cal, &clock, at("2024-02-12 20:00"));
    calendar_clock_resume(&clock, at("2024-02-15 03:00"));
    assert_string_equal(show(clock_due(&clock, 100)), "2024-02-18 09:30:00"); /* nothing was lost or won */
}

static void test_extension_is_added_to_the_whole(void **state) {
    const struct calendar *cal = demo_calendar("standard");
    struct limit_clock clock;
    calendar_clock_start(&clock, limit_of("7wd"), at("2024-03-05 10:00"));
    calendar_clock_extend(cal, &clock, limit_of("3wd"));
    assert_string_equal(show(clock_due(&clock, 100)), "2024-03-19 10:00:00");
    assert_string_equal(show(clock_due(&clock, 80)), "2024-03-15 10:00:00"); /* 8 of 10 days */
    calendar_clock_extend(cal, &clock, limit_of("1nd"));                     /* a day stays a day */
    assert_string_equal(show(clock_due(&clock, 100)), "2024-03-20 10:00:00");
}

static void test_extension_granted_during_a_pause(void **state) {
    const struct calendar *cal = demo_calendar("standard");
    struct limit_clock clock;
    calendar_clock_start(&clock, limit_of("2wh"), at("2024-03-05 09:00"));
    calendar_clock_pause(cal, &clock, at("2024-03-05 10:00"));
    calendar_clock_extend(cal, &clock, limit_of("30wm"));
    calendar_clock_resume(&clock, at("2024-03-06 09:00"));
    assert_string_equal(show(clock_due(&clock, 100)), "2024-03-06 10:30:00");
}

static void test_overdue_stays_overdue_by_as_much(void **state) {
    const struct calendar *cal = demo_calendar("standard");
    struct limit_clock clock;
    calendar_clock_start(&clock, limit_of("1wh"), at("2024-03-05 09:00"));
    calendar_clock_pause(cal, &clock, at("2024-03-05 11:00"));
    assert_int_equal(calendar_clock_remaining(cal, &clock, at("2024-03-07 00:00")), -3600000);
    calendar_clock_resume(&clock, at("2024-03-06 09:00"));
    assert_int_equal(calendar_clock_remaining(cal, &clock, at("2024-03-06 09:00")), -3600000);
    assert_string_equal(show(clock_due(&clock, 100)), "2024-03-05 16:30:00");
}

static void test_pausing_twice_resuming_twice_and_a_clock_set_back(void **state) {
    const struct calendar *cal = demo_calendar("standard");
    struct limit_clock clock, copy;
    calendar_clock_start(&clock, limit_of("2wh"), at("2024-03-05 09:00"));
    calendar_clock_resume(&clock, at("2024-03-05 10:00"));
    assert_string_equal(show(clock_due(&clock, 100)), "2024-03-05 11:00:00");
    calendar_clock_pause(cal, &clock, at("2024-03-05 08:50")); /* before its start: nothing used, nothing given back */
    assert_int_equal(calendar_clock_remaining(cal, &clock, 0), 7200000);
    copy = clock;
    calendar_clock_pause(cal, &clock, at("2024-03-05 16:00"));
    assert_memory_equal(&clock, &copy, sizeof clock);
    memset(&clock, 0, sizeof clock);
    calendar_clock_resume(&clock, at("2024-03-05 10:00")); /* no limit: no clock */
    calendar_clock_extend(cal, &clock, limit_of("1wd"));
    assert_false(clock.running);
    assert_int_equal(clock.extra_ms, 0);
}

/* ---- beyond what is known ---- */

static void test_beyond_the_published_holidays(void **state) {
    const struct calendar *cal = demo_calendar("standard");
    assert_due("standard", "2026-12-31 16:00", "2wh",
               "2027-01-01 09:30"); /* the week's pattern, until 2027 is loaded */
    assert_true(calendar_published(cal, at("2026-12-31 23:59")));
    assert_false(calendar_published(cal, at("2027-01-01 00:00")));
    assert_false(calendar_published(cal, at("2023-12-31 23:59")));
    assert_due("standard", "2027-06-01 11:00", "2wh", "2027-06-01 14:30"); /* summer hours go on */
    assert_due("standard", "2040-06-05 11:00", "2wh", "2040-06-05 14:00"); /* beyond the table: the week alone */
    assert_due("standard", "2034-03-01 10:00", "800wd",
               "2037-03-25 10:00"); /* across the table's end, summers included */
}

/* A limit that ends with the last hour the table holds, before days that only the table knows to be closed. */
static void test_ends_with_the_table(void **state) {
    static struct calendar cal;
    const struct calendar_spans hours = {1, {{540, 1020}}}, none = {0};
    int32_t first = calendar_day_of(2024, 1, 1), end = first + CALENDAR_DAYS_MAX;
    calendar_init(&cal, 480);
    assert_int_equal(calendar_published_range(&cal, first, first + 365), CALENDAR_OK);
    assert_int_equal(calendar_week(&cal, 127, &hours), CALENDAR_OK);
    assert_int_equal(calendar_season(&cal, end - 3, end - 1, 127, &none), CALENDAR_OK);
    assert_int_equal(calendar_seal(&cal), CALENDAR_OK);
    time_ms due;
    assert_true(calendar_add(&cal, calendar_at(&cal, end - 4, 960), limit_of("1wh"), &due));
    assert_int_equal(due, calendar_at(&cal, end - 4, 1020));
    assert_true(calendar_add(&cal, calendar_at(&cal, end - 4, 960), limit_of("2wh"), &due));
    assert_int_equal(due, calendar_at(&cal, end, 600));
}

static void test_times_at_the_ends_of_the_world(void **state) {
    const struct calendar *cal = demo_calendar("standard");
    assert_due("standard", "1970-01-01 08:00", "1wh", "1970-01-01 09:30");
    assert_int_equal(calendar_add_ms(cal, CALENDAR_TIME_MAX, limit_of("1wh"), 3600000), CALENDAR_TIME_MAX);
    assert_int_equal(calendar_add_ms(cal, INT64_MAX, limit_of("1wh"), INT64_MAX), CALENDAR_TIME_MAX);
    assert_int_equal(calendar_add_ms(cal, INT64_MIN, limit_of("1wh"), INT64_MIN), -86400000);
    assert_true(calendar_between(cal, INT64_MIN, INT64_MAX) > 0);
    assert_int_equal(calendar_next_working(cal, INT64_MAX), CALENDAR_TIME_MAX);
}

/* ---- dates ---- */

static void test_dates(void **state) {
    assert_int_equal(calendar_day_of(1970, 1, 1), 0);
    assert_int_equal(calendar_day_of(2024, 2, 29), 19782);
    assert_int_equal(calendar_weekday_of(0), 4);
    int32_t year = 1970, month = 1, day = 1;
    for (int32_t number = 0; number < 366000; number++) { /* a thousand years, one day after the other */
        static const int lengths[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        int32_t y, m, d;
        calendar_date_of(number, &y, &m, &d);
        if (y != year || m != month || d != day || calendar_day_of(y, m, d) != number) fail_msg("day %d", number);
        if (calendar_weekday_of(number) != (number + 3) % 7 + 1) fail_msg("weekday of day %d", number);
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        if (++day > lengths[month] + (month == 2 && leap)) {
            day = 1;
            if (++month > 12) {
                month = 1;
                year++;
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_within_a_morning),
        cmocka_unit_test(test_lunch_does_not_count),
        cmocka_unit_test(test_summer_lunch_is_longer),
        cmocka_unit_test(test_night_does_not_count),
        cmocka_unit_test(test_ends_exactly_at_closing_time),
        cmocka_unit_test(test_starts_exactly_at_opening_and_closing),
        cmocka_unit_test(test_starts_outside_hours),
        cmocka_unit_test(test_zero_limit_is_due_at_once),
        cmocka_unit_test(test_no_limit_is_never_due),
        cmocka_unit_test(test_a_working_day_is_its_nominal_length),
        cmocka_unit_test(test_weekend),
        cmocka_unit_test(test_leap_day),
        cmocka_unit_test(test_half_day),
        cmocka_unit_test(test_every_holiday_of_2024_to_2026),
        cmocka_unit_test(test_every_swapped_workday_of_2024_to_2026),
        cmocka_unit_test(test_swapped_saturday_has_mondays_hours),
        cmocka_unit_test(test_natural_time_runs_at_night_and_on_holidays),
        cmocka_unit_test(test_ladder_over_a_weekend),
        cmocka_unit_test(test_between),
        cmocka_unit_test(test_is_working),
        cmocka_unit_test(test_next_working),
        cmocka_unit_test(test_going_back),
        cmocka_unit_test(test_pause_across_a_holiday_keeps_the_rest),
        cmocka_unit_test(test_pause_taken_and_ended_on_days_off),
        cmocka_unit_test(test_extension_is_added_to_the_whole),
        cmocka_unit_test(test_extension_granted_during_a_pause),
        cmocka_unit_test(test_overdue_stays_overdue_by_as_much),
        cmocka_unit_test(test_pausing_twice_resuming_twice_and_a_clock_set_back),
        cmocka_unit_test(test_beyond_the_published_holidays),
        cmocka_unit_test(test_ends_with_the_table),
        cmocka_unit_test(test_times_at_the_ends_of_the_world),
        cmocka_unit_test(test_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
