/* What an administrator may write in a calendar file, what is refused and why; and the text forms of limits. */
#include "tests/unit/calendar_fixture.h"

#include <cjson/cJSON.h>

static struct calendar *fresh(void) {
    static struct calendar cal;
    calendar_init(&cal, 480);
    assert_int_equal(
        calendar_row(&cal, &(struct calendar_row){.row = "published", .from = "2024-01-01", .to = "2024-12-31"}),
        CALENDAR_OK);
    assert_int_equal(
        calendar_row(&cal, &(struct calendar_row){.row = "hours", .weekdays = "1-5", .spans = "09:00-17:00"}),
        CALENDAR_OK);
    return &cal;
}

/* A row as in the file: row,from,to,weekdays,spans,name_zh,name_en */
static enum calendar_error add_row(struct calendar *cal, const char *text) {
    char copy[256], *cell[7] = {copy};
    snprintf(copy, sizeof copy, "%s", text);
    for (int i = 1; i < 7; i++) {
        char *comma = strchr(cell[i - 1], ';');
        if (!comma) fail_msg("too few columns: %s", text);
        *comma = '\0';
        cell[i] = comma + 1;
    }
    return calendar_row(cal, &(struct calendar_row){cell[0], cell[1], cell[2], cell[3], cell[4], cell[5], cell[6]});
}

static void test_refused_rows_say_why_and_change_nothing(void **state) {
    static const struct {
        const char *row;
        enum calendar_error error;
    } rows[] = {
        {"holiday;2024-05-01;;;;劳动节;Labour Day", CALENDAR_UNKNOWN_ROW},
        {"off;2024-02-30;;;;春节;Spring Festival", CALENDAR_BAD_DATE},
        {"off;2024-2-3;;;;春节;Spring Festival", CALENDAR_BAD_DATE},
        {"off;05-01;;;;劳动节;Labour Day", CALENDAR_BAD_DATE},
        {"off;;;;;劳动节;Labour Day", CALENDAR_BAD_DATE},
        {"off;2024-05-05;2024-05-01;;;劳动节;Labour Day", CALENDAR_BAD_RANGE},
        {"off;2024-05-01;;1-5;;劳动节;Labour Day", CALENDAR_BAD_WEEKDAYS},
        {"off;2024-05-01;;;09:00-10:00;劳动节;Labour Day", CALENDAR_BAD_SPANS},
        {"half;2024-05-01;;;;劳动节;Labour Day", CALENDAR_BAD_SPANS},
        {"off;2024-05-01;;;;;Labour Day", CALENDAR_NAME_MISSING},
        {"off;2024-05-01;;;;劳动节;", CALENDAR_NAME_MISSING},
        {"off;2024-05-01;;;;一个怎么也写不进那一栏的很长的名字;Labour Day", CALENDAR_NAME_TOO_LONG},
        {"off;2025-05-01;;;;劳动节;Labour Day", CALENDAR_NOT_PUBLISHED},
        {"off;2024-12-31;2025-01-01;;;元旦;New Year's Day", CALENDAR_NOT_PUBLISHED},
        {"published;2024-06-01;2025-12-31;;;;", CALENDAR_PUBLISHED_GAP},
        {"published;2025-01-01;2036-12-31;;;;", CALENDAR_TOO_MANY},
        {"published;2025-01-01;;;;;", CALENDAR_BAD_DATE},
        {"hours;;;1-5;09:00-17:00;;", CALENDAR_OVERLAP},
        {"hours;;;6-5;09:00-17:00;;", CALENDAR_BAD_WEEKDAYS},
        {"hours;;;0;09:00-17:00;;", CALENDAR_BAD_WEEKDAYS},
        {"hours;;;;09:00-17:00;;", CALENDAR_BAD_WEEKDAYS},
        {"hours;;;6,;09:00-17:00;;", CALENDAR_BAD_WEEKDAYS},
        {"hours;;;6;17:00-09:00;;", CALENDAR_SPAN_ORDER},
        {"hours;;;6;13:00-17:00 09:00-12:00;;", CALENDAR_SPAN_ORDER},
        {"hours;;;6;09:00-12:00 11:00-13:00;;", CALENDAR_SPAN_ORDER},
        {"hours;;;6;09:00-09:00;;", CALENDAR_SPAN_ORDER},
        {"hours;;;6;9:00-17:00;;", CALENDAR_BAD_SPANS},
        {"hours;;;6;09:00-24:01;;", CALENDAR_BAD_SPANS},
        {"hours;;;6;09:60-17:00;;", CALENDAR_BAD_SPANS},
        {"hours;;;6;09:00-10:00  11:00-12:00;;", CALENDAR_BAD_SPANS},
        {"hours;;;6;09:00-10:00 ;;", CALENDAR_BAD_SPANS},
        {"hours;;;6;01:00-02:00 03:00-04:00 05:00-06:00 07:00-08:00 09:00-10:00;;", CALENDAR_TOO_MANY},
        {"hours;05-01;;1-5;09:00-17:00;;", CALENDAR_BAD_DATE},
        {"hours;;09-30;1-5;09:00-17:00;;", CALENDAR_BAD_DATE},
        {"hours;02-30;09-30;1-5;09:00-17:00;;", CALENDAR_BAD_DATE},
        {"hours;05-01;2024-09-30;1-5;09:00-17:00;;", CALENDAR_BAD_DATE},
        {"nominal;;;;00:00;;", CALENDAR_BAD_SPANS},
        {"nominal;;;;8;;", CALENDAR_BAD_SPANS},
    };
    struct calendar *cal = fresh();
    static struct calendar before;
    before = *cal;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum calendar_error error = add_row(cal, rows[i].row);
        if (error != rows[i].error) fail_msg("%s: %s", rows[i].row, calendar_error_text(error, LANG_EN));
        if (memcmp(cal, &before, sizeof before) != 0) fail_msg("%s changed the calendar", rows[i].row);
    }
}

static void test_exception_rows_need_the_published_years_first(void **state) {
    static struct calendar cal;
    calendar_init(&cal, 480);
    assert_int_equal(add_row(&cal, "off;2024-05-01;;;;劳动节;Labour Day"), CALENDAR_NOT_PUBLISHED);
    assert_int_equal(calendar_seal(&cal), CALENDAR_NOT_PUBLISHED);
    assert_int_equal(add_row(&cal, "published;2024-01-01;2024-12-31;;;;"), CALENDAR_OK);
    assert_int_equal(calendar_seal(&cal), CALENDAR_NO_HOURS);
    assert_int_equal(add_row(&cal, "hours;;;7;00:00-00:01;;"), CALENDAR_OK);
    assert_int_equal(calendar_seal(&cal), CALENDAR_OK);
}

static void test_the_next_year_follows_on(void **state) {
    struct calendar *cal = fresh();
    assert_int_equal(add_row(cal, "off;2024-12-30;2024-12-31;;;元旦;New Year's Day"), CALENDAR_OK);
    assert_int_equal(calendar_seal(cal), CALENDAR_OK);
    assert_false(calendar_published(cal, at("2025-01-01 10:00")));
    assert_int_equal(add_row(cal, "published;2025-01-01;2025-12-31;;;;"), CALENDAR_OK);
    assert_int_equal(add_row(cal, "off;2025-01-01;;-;-;元旦;New Year's Day"), CALENDAR_OK); /* "-" reads as empty */
    assert_int_equal(calendar_seal(cal), CALENDAR_OK);
    assert_true(calendar_published(cal, at("2025-01-01 10:00")));
    assert_false(calendar_is_working(cal, at("2025-01-01 10:00")));
    assert_false(calendar_is_working(cal, at("2024-12-31 10:00")));
    assert_true(calendar_is_working(cal, at("2025-01-02 10:00")));
}

static void test_a_day_has_one_exception_row(void **state) {
    struct calendar *cal = fresh();
    assert_int_equal(add_row(cal, "off;2024-05-01;2024-05-05;;;劳动节;Labour Day"), CALENDAR_OK);
    assert_int_equal(add_row(cal, "work;2024-05-05;;;;劳动节;Labour Day"), CALENDAR_OVERLAP);
    assert_int_equal(add_row(cal, "off;2024-04-28;2024-05-01;;;劳动节;Labour Day"), CALENDAR_OVERLAP);
    assert_int_equal(add_row(cal, "half;2024-05-06;;;09:00-12:00;劳动节;Labour Day"), CALENDAR_OK);
    assert_int_equal(calendar_occasion_on(cal, calendar_day_of(2024, 5, 5)), 1);
    assert_int_equal(calendar_occasion_on(cal, calendar_day_of(2024, 5, 6)), 2);
    assert_int_equal(calendar_occasion_on(cal, calendar_day_of(2024, 5, 7)), 0);
}

static void test_seasons_of_one_rank_must_not_meet(void **state) {
    struct calendar *cal = fresh();
    assert_int_equal(add_row(cal, "hours;11-01;02-29;1-5;10:00-16:00;;"), CALENDAR_OK); /* over New Year */
    assert_int_equal(add_row(cal, "hours;01-31;04-30;1;10:00-16:00;;"), CALENDAR_OVERLAP);
    assert_int_equal(add_row(cal, "hours;06-01;11-01;5;10:00-16:00;;"), CALENDAR_OVERLAP);
    assert_int_equal(add_row(cal, "hours;10-01;12-31;6;10:00-16:00;;"), CALENDAR_OK);  /* other weekday */
    assert_int_equal(add_row(cal, "hours;2024-01-01;2024-01-31;1-5;;;"), CALENDAR_OK); /* one year's wins: closed */
    assert_int_equal(add_row(cal, "hours;2024-01-31;2024-02-01;3;10:00-16:00;;"), CALENDAR_OVERLAP);
    assert_int_equal(calendar_seal(cal), CALENDAR_OK);
    assert_false(calendar_is_working(cal, at("2024-01-30 11:00")));
    assert_true(calendar_is_working(cal, at("2024-02-29 15:59")));
    assert_false(calendar_is_working(cal, at("2024-02-29 16:00")));
    assert_true(calendar_is_working(cal, at("2024-03-01 16:00")));
    assert_true(calendar_is_working(cal, at("2025-01-01 11:00")));
    assert_false(calendar_is_working(cal, at("2025-01-01 09:00")));
    assert_true(calendar_is_working(cal, at("2024-10-05 11:00")));
    assert_false(calendar_is_working(cal, at("2024-09-28 11:00")));
}

static void test_bounds(void **state) {
    struct calendar *cal = fresh();
    char row[128];
    enum calendar_error error = CALENDAR_OK;
    int hours = 0;
    for (; hours < 400 && !error; hours++) {
        int32_t month, day, year;
        calendar_date_of(calendar_day_of(2024, 1, 1) + hours, &year, &month, &day);
        snprintf(row, sizeof row, "half;%04d-%02d-%02d;;;09:00-%02d:%02d;某;some", year, month, day, 10 + hours / 60,
                 hours % 60);
        error = add_row(cal, row);
    }
    assert_int_equal(error, CALENDAR_TOO_MANY);
    assert_int_equal(cal->hours_count, CALENDAR_HOURS_MAX);

    cal = fresh();
    error = calendar_row(cal, &(struct calendar_row){.row = "published", .from = "2025-01-01", .to = "2030-12-31"});
    for (int i = 0; i < 400 && !error; i++) {
        const struct calendar_spans none = {0};
        int32_t day = calendar_day_of(2024, 1, 1) + i;
        error = calendar_day(cal, CALENDAR_OFF, day, day, &none, "某", "some");
    }
    assert_int_equal(error, CALENDAR_TOO_MANY);
    assert_int_equal(cal->occasion_count, CALENDAR_OCCASIONS_MAX);

    cal = fresh();
    error = CALENDAR_OK;
    for (int32_t i = 0; i < 50 && !error; i++) {
        const struct calendar_spans none = {0};
        error = calendar_season(cal, 20000 + i, 20000 + i, 127, &none);
    }
    assert_int_equal(error, CALENDAR_TOO_MANY);
    assert_int_equal(cal->season_count, CALENDAR_SEASONS_MAX);
}

static void test_every_error_has_two_sentences(void **state) {
    for (int error = 0; error < CALENDAR_ERROR_COUNT; error++) {
        assert_true(strlen(calendar_error_text((enum calendar_error)error, LANG_ZH)) > 0);
        assert_true(strlen(calendar_error_text((enum calendar_error)error, LANG_EN)) > 0);
    }
}

/* The shipped files against the published tables, day by day, where those lie beside the project. */
static void test_demo_calendar_agrees_with_the_published_days(void **state) {
    const struct calendar *cal = demo_calendar("standard");
    static char text[65536];
    for (int year = 2024; year <= 2026; year++) {
        char path[64];
        snprintf(path, sizeof path, "../shared/data/holidays/%d.json", year);
        FILE *file = fopen(path, "r");
        if (!file) skip();
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        fclose(file);
        cJSON *root = cJSON_Parse(text), *item;
        assert_non_null(root);
        int listed = 0, ours = 0;
        cJSON_ArrayForEach(item, cJSON_GetObjectItem(root, "days")) {
            int32_t day;
            assert_true(calendar_date_parse(cJSON_GetObjectItem(item, "date")->valuestring, &day));
            int32_t number = calendar_occasion_on(cal, day);
            assert_int_not_equal(number, 0);
            bool off = cJSON_IsTrue(cJSON_GetObjectItem(item, "off"));
            assert_int_equal(calendar_occasion(cal, number)->kind, off ? CALENDAR_OFF : CALENDAR_SWAPPED);
            assert_string_equal(calendar_occasion(cal, number)->name_zh,
                                cJSON_GetObjectItem(item, "name")->valuestring);
            listed++;
        }
        cJSON_Delete(root);
        for (int32_t day = calendar_day_of(year, 1, 1); day <= calendar_day_of(year, 12, 31); day++) {
            ours += calendar_occasion_on(cal, day) != 0;
        }
        assert_int_equal(ours, listed);
    }
}

/* ---- limits ---- */

static void test_limits_as_text(void **state) {
    static const struct {
        const char *text;
        struct limit limit;
        const char *zh, *en;
    } rows[] = {
        {"-", {0, LIMIT_NONE}, "无时限", "no limit"},
        {"30wm", {30, LIMIT_WORKING_MINUTES}, "30 个工作分钟", "30 working minutes"},
        {"1wh", {1, LIMIT_WORKING_HOURS}, "1 个工作小时", "1 working hour"},
        {"7wd", {7, LIMIT_WORKING_DAYS}, "7 个工作日", "7 working days"},
        {"0nm", {0, LIMIT_NATURAL_MINUTES}, "0 分钟（自然时间）", "0 minutes (natural)"},
        {"24nh", {24, LIMIT_NATURAL_HOURS}, "24 小时（自然时间）", "24 hours (natural)"},
        {"15nd", {15, LIMIT_NATURAL_DAYS}, "15 个自然日", "15 natural days"},
        {"1000000wm", {1000000, LIMIT_WORKING_MINUTES}, "1000000 个工作分钟", "1000000 working minutes"},
    };
    char text[64];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct limit limit = limit_of(rows[i].text);
        assert_int_equal(limit.amount, rows[i].limit.amount);
        assert_int_equal(limit.unit, rows[i].limit.unit);
        assert_int_equal(limit_format(limit, text, LIMIT_TEXT_SIZE), strlen(rows[i].text));
        assert_string_equal(text, rows[i].text);
        limit_say(limit, LANG_ZH, text, sizeof text);
        assert_string_equal(text, rows[i].zh);
        limit_say(limit, LANG_EN, text, sizeof text);
        assert_string_equal(text, rows[i].en);
    }
    assert_int_equal(limit_of("").unit, LIMIT_NONE);
    assert_int_equal(limit_say(limit_of("7wd"), LANG_ZH, text, 8), 5); /* cut at a whole character */
    assert_string_equal(text, "7 个");
}

static void test_what_is_no_limit(void **state) {
    static const char *const texts[] = {"2h", "24", "wd",  "7 wd",      "7wD",    "-7wd",       "07wd",  "7wdd",
                                        "7w", "7d", "7xd", "1000001wm", "3661nd", "99999999wd", "1e3wm", "--"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct limit limit = {5, LIMIT_WORKING_DAYS};
        if (limit_parse(texts[i], strlen(texts[i]), &limit)) fail_msg("%s was taken", texts[i]);
        assert_int_equal(limit.amount, 5);
    }
    assert_false(limit_valid((struct limit){-1, LIMIT_WORKING_DAYS}));
    assert_false(limit_valid((struct limit){1, LIMIT_NONE}));
    assert_false(limit_valid((struct limit){1, (enum limit_unit)7}));
    assert_false(limit_valid((struct limit){1, (enum limit_unit) - 1}));
}

/* Every limit of the shipped policies is one, and each policy has each of its rungs in rising order. */
static void test_demo_policies(void **state) {
    FILE *file = fopen("db/demo/policies.csv", "r");
    assert_non_null(file);
    char line[256];
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, "policy,row,name,urgency,value,note\n");
    int limits = 0, rungs = 0, percent_before = 0;
    while (fgets(line, sizeof line, file)) {
        char policy[32], row[16], name[32], urgency[16], value[16];
        if (sscanf(line, "%31[^,],%15[^,],%31[^,],%15[^,],%15[^,]", policy, row, name, urgency, value) == 5) {
            assert_string_equal(row, "limit");
            assert_true(limit_of(value).unit != LIMIT_NONE);
            limits++;
        } else if (sscanf(line, "%31[^,],rung,%31[^,],,%15[^,]", policy, name, value) == 3) {
            assert_true(atoi(value) > percent_before);
            percent_before = atoi(value);
            rungs++;
        }
    }
    fclose(file);
    assert_int_equal(limits % (11 * 4), 0); /* stages x urgencies */
    assert_int_equal(rungs, 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_rows_say_why_and_change_nothing),
        cmocka_unit_test(test_exception_rows_need_the_published_years_first),
        cmocka_unit_test(test_the_next_year_follows_on),
        cmocka_unit_test(test_a_day_has_one_exception_row),
        cmocka_unit_test(test_seasons_of_one_rank_must_not_meet),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_every_error_has_two_sentences),
        cmocka_unit_test(test_demo_calendar_agrees_with_the_published_days),
        cmocka_unit_test(test_limits_as_text),
        cmocka_unit_test(test_what_is_no_limit),
        cmocka_unit_test(test_demo_policies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
