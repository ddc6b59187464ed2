/* What the calendar tests share: a demo calendar read from its file, and times written as people write them (+08:00). */
#ifndef TESTS_UNIT_CALENDAR_FIXTURE_H
#define TESTS_UNIT_CALENDAR_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/calendar.h"

/* The demo files hold neither quotes nor commas inside a field. */
static inline void load_calendar(const char *path, struct calendar *ret_cal) {
    FILE *file = fopen(path, "r");
    if (!file) fail_msg("cannot open %s: run the tests from the project's root", path);
    calendar_init(ret_cal, 480);
    char line[512];
    int number = 1;
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, "calendar,row,from,to,weekdays,spans,name_zh,name_en\n");
    while (fgets(line, sizeof line, file)) {
        char *cell[8] = {line}, *end;
        number++;
        line[strcspn(line, "\n")] = '\0';
        for (int i = 1; i < 8; i++) {
            end = strchr(cell[i - 1], ',');
            if (!end) fail_msg("%s:%d: too few columns", path, number);
            *end = '\0';
            cell[i] = end + 1;
        }
        struct calendar_row row = {cell[1], cell[2], cell[3], cell[4], cell[5], cell[6], cell[7]};
        enum calendar_error error = calendar_row(ret_cal, &row);
        if (error) fail_msg("%s:%d: %s", path, number, calendar_error_text(error, LANG_EN));
    }
    fclose(file);
    assert_int_equal(calendar_seal(ret_cal), CALENDAR_OK);
}

static inline const struct calendar *demo_calendar(const char *name) {
    static struct calendar calendars[3];
    static const char *const names[3] = {"standard", "hall", "always"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(names[i], name) != 0) continue;
        char path[128];
        snprintf(path, sizeof path, "db/demo/calendars/%s.csv", name);
        if (!calendars[i].sealed) load_calendar(path, &calendars[i]);
        return &calendars[i];
    }
    fail_msg("no demo calendar %s", name);
    return NULL;
}

/* "2024-02-09 16:00" or "2024-02-09 16:00:30" */
static inline time_ms at(const char *text) {
    int year, month, day, hour, minute, second = 0;
    if (sscanf(text, "%d-%d-%d %d:%d:%d", &year, &month, &day, &hour, &minute, &second) < 5)
        fail_msg("not a time: %s", text);
    return ((int64_t)calendar_day_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - 8 * 3600) * 1000;
}

static inline const char *show(time_ms time) {
    static char texts[4][48];
    static unsigned next;
    char *text = texts[next++ % 4];
    int64_t local = time / 1000 + 8 * 3600;
    int year, month, day;
    calendar_date_of((int32_t)(local / 86400), &year, &month, &day);
    snprintf(text, 48, "%04d-%02d-%02d %02d:%02d:%02d", year, month, day, (int)(local / 3600 % 24),
             (int)(local / 60 % 60), (int)(local % 60));
    return text;
}

static inline struct limit limit_of(const char *text) {
    struct limit limit;
    if (!limit_parse(text, strlen(text), &limit)) fail_msg("not a limit: %s", text);
    return limit;
}

static inline time_ms due_of(const char *calendar, const char *start, const char *limit, int percent) {
    time_ms due = 0;
    assert_true(calendar_add_percent(demo_calendar(calendar), at(start), limit_of(limit), percent, &due));
    return due;
}

#define assert_due(calendar, start, limit, due)                                                                        \
    assert_string_equal(show(due_of(calendar, start, limit, 100)), show(at(due)))

#endif
