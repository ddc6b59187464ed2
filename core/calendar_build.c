/* Building a calendar from typed rows, and the day table. Each function checks everything before it changes anything.
 * Not for text (calendar_text.c). See calendar.h. */
#include "core/calendar.h"

#include <string.h>

#include "proto/must.h"

enum { DAY_MINUTES = 1440, ALL_WEEKDAYS = 127, AS_MONDAY = UINT8_MAX, YEAR_2999 = 376000 /* days from 1970 */ };

void calendar_init(struct calendar *cal, int32_t offset_minutes) {
    must(offset_minutes >= -720 && offset_minutes <= 840);
    memset(cal, 0, sizeof *cal);
    cal->offset_ms = (int64_t)offset_minutes * 60000;
    cal->day_minutes = 480;
    cal->hours_count = 1; /* hours[0]: closed */
}

enum calendar_error calendar_published_range(struct calendar *cal, int32_t first_day, int32_t last_day) {
    if (first_day > last_day) return CALENDAR_BAD_RANGE;
    if (first_day < 0 || last_day > YEAR_2999) return CALENDAR_BAD_DATE;
    if (cal->has_published && first_day != cal->published_last + 1) return CALENDAR_PUBLISHED_GAP;
    int32_t start = cal->has_published ? cal->published_first : first_day;
    if ((int64_t)last_day - start >= CALENDAR_DAYS_MAX) return CALENDAR_TOO_MANY;
    cal->published_first = start;
    cal->published_last = last_day;
    cal->has_published = true;
    cal->sealed = false;
    return CALENDAR_OK;
}

enum calendar_error calendar_nominal(struct calendar *cal, int32_t day_minutes) {
    if (day_minutes < 1 || day_minutes > DAY_MINUTES) return CALENDAR_BAD_SPANS;
    cal->day_minutes = day_minutes;
    return CALENDAR_OK;
}

/* ---- hours ---- */

static enum calendar_error check_spans(const struct calendar_spans *spans) {
    if (spans->count < 0 || spans->count > CALENDAR_SPANS_MAX) return CALENDAR_TOO_MANY;
    int32_t free_from = 0;
    for (int i = 0; i < spans->count; i++) {
        const struct calendar_span *span = &spans->span[i];
        if (span->from < 0 || span->to > DAY_MINUTES) return CALENDAR_BAD_SPANS;
        if (span->from < free_from || span->to <= span->from) return CALENDAR_SPAN_ORDER;
        free_from = span->to;
    }
    return CALENDAR_OK;
}

static bool same_spans(const struct calendar_spans *a, const struct calendar_spans *b) {
    if (a->count != b->count) return false;
    for (int i = 0; i < a->count; i++) {
        if (a->span[i].from != b->span[i].from || a->span[i].to != b->span[i].to) return false;
    }
    return true;
}

/* The last thing a row does before it is accepted: equal hours share one entry. Touching spans (12:00-12:00) stay apart. */
static enum calendar_error intern_hours(struct calendar *cal, const struct calendar_spans *spans, uint8_t *ret_hours) {
    for (int i = 0; i < cal->hours_count; i++) {
        if (!same_spans(&cal->hours[i].spans, spans)) continue;
        *ret_hours = (uint8_t)i;
        return CALENDAR_OK;
    }
    if (cal->hours_count == CALENDAR_HOURS_MAX) return CALENDAR_TOO_MANY;
    struct calendar_hours *hours = &cal->hours[cal->hours_count];
    memset(hours, 0, sizeof *hours);
    hours->spans.count = spans->count;
    for (int i = 0; i < spans->count; i++) {
        hours->spans.span[i] = spans->span[i];
        hours->minutes += spans->span[i].to - spans->span[i].from;
    }
    *ret_hours = (uint8_t)cal->hours_count++;
    return CALENDAR_OK;
}

static bool weekdays_valid(uint32_t weekdays) {
    return weekdays != 0 && weekdays <= ALL_WEEKDAYS;
}

enum calendar_error calendar_week(struct calendar *cal, uint32_t weekdays, const struct calendar_spans *spans) {
    if (!weekdays_valid(weekdays)) return CALENDAR_BAD_WEEKDAYS;
    if (cal->week_given & weekdays) return CALENDAR_OVERLAP;
    enum calendar_error error = check_spans(spans);
    if (error) return error;
    uint8_t hours;
    error = intern_hours(cal, spans, &hours);
    if (error) return error;
    for (int i = 0; i < 7; i++) {
        if (weekdays >> i & 1) cal->week[i] = hours;
    }
    cal->week_given |= weekdays;
    cal->sealed = false;
    return CALENDAR_OK;
}

/* ---- seasons ---- */

static bool in_year(int32_t from, int32_t to, int32_t month_day) {
    if (from <= to) return month_day >= from && month_day <= to;
    return month_day >= from || month_day <= to;
}

static bool seasons_meet(const struct calendar_season_row *a, const struct calendar_season_row *b) {
    if (a->yearly != b->yearly || !(a->weekdays & b->weekdays)) return false;
    if (!a->yearly) return a->from <= b->to && b->from <= a->to;
    return in_year(a->from, a->to, b->from) || in_year(b->from, b->to, a->from);
}

static enum calendar_error add_season(struct calendar *cal, struct calendar_season_row row,
                                      const struct calendar_spans *spans) {
    if (!weekdays_valid(row.weekdays)) return CALENDAR_BAD_WEEKDAYS;
    enum calendar_error error = check_spans(spans);
    if (error) return error;
    for (int i = 0; i < cal->season_count; i++) {
        if (seasons_meet(&cal->season[i], &row)) return CALENDAR_OVERLAP;
    }
    if (cal->season_count == CALENDAR_SEASONS_MAX) return CALENDAR_TOO_MANY;
    error = intern_hours(cal, spans, &row.hours);
    if (error) return error;
    cal->season[cal->season_count++] = row;
    cal->sealed = false;
    return CALENDAR_OK;
}

enum calendar_error calendar_season(struct calendar *cal, int32_t first_day, int32_t last_day, uint32_t weekdays,
                                    const struct calendar_spans *spans) {
    if (first_day > last_day) return CALENDAR_BAD_RANGE;
    if (first_day < 0 || last_day > YEAR_2999) return CALENDAR_BAD_DATE;
    struct calendar_season_row row = {.from = first_day, .to = last_day, .weekdays = weekdays};
    return add_season(cal, row, spans);
}

static bool month_day_valid(int32_t month_day) {
    static const int8_t days[13] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int32_t month = month_day / 100, day = month_day % 100;
    return month_day > 0 && month >= 1 && month <= 12 && day >= 1 && day <= days[month];
}

enum calendar_error calendar_season_yearly(struct calendar *cal, int32_t from, int32_t to, uint32_t weekdays,
                                           const struct calendar_spans *spans) {
    if (!month_day_valid(from) || !month_day_valid(to)) return CALENDAR_BAD_DATE;
    struct calendar_season_row row = {.from = from, .to = to, .weekdays = weekdays, .yearly = true};
    return add_season(cal, row, spans);
}

/* ---- exception days ---- */

static enum calendar_error check_name(const char *name, size_t size) {
    if (!name || !name[0]) return CALENDAR_NAME_MISSING;
    return strlen(name) < size ? CALENDAR_OK : CALENDAR_NAME_TOO_LONG;
}

static enum calendar_error check_days(const struct calendar *cal, int32_t first_day, int32_t last_day) {
    if (first_day > last_day) return CALENDAR_BAD_RANGE;
    if (!cal->has_published || first_day < cal->published_first || last_day > cal->published_last) {
        return CALENDAR_NOT_PUBLISHED;
    }
    for (int32_t day = first_day; day <= last_day; day++) {
        if (cal->day_occasion[day - cal->published_first]) return CALENDAR_OVERLAP;
    }
    return cal->occasion_count == CALENDAR_OCCASIONS_MAX ? CALENDAR_TOO_MANY : CALENDAR_OK;
}

enum calendar_error calendar_day(struct calendar *cal, enum calendar_day_kind kind, int32_t first_day, int32_t last_day,
                                 const struct calendar_spans *spans, const char *name_zh, const char *name_en) {
    must(kind == CALENDAR_OFF || kind == CALENDAR_SWAPPED || kind == CALENDAR_HALF);
    enum calendar_error error = check_spans(spans);
    if (!error && kind == CALENDAR_OFF && spans->count > 0) error = CALENDAR_BAD_SPANS;
    if (!error && kind == CALENDAR_HALF && spans->count == 0) error = CALENDAR_BAD_SPANS;
    if (!error) error = check_name(name_zh, CALENDAR_NAME_ZH_SIZE);
    if (!error) error = check_name(name_en, CALENDAR_NAME_EN_SIZE);
    if (!error) error = check_days(cal, first_day, last_day);
    if (error) return error;

    struct calendar_occasion occasion;
    memset(&occasion, 0, sizeof occasion);
    occasion.kind = kind;
    occasion.first_day = first_day;
    occasion.last_day = last_day;
    if (kind == CALENDAR_SWAPPED && spans->count == 0) {
        occasion.hours = AS_MONDAY;
    } else {
        error = intern_hours(cal, spans, &occasion.hours);
        if (error) return error;
    }
    memcpy(occasion.name_zh, name_zh, strlen(name_zh));
    memcpy(occasion.name_en, name_en, strlen(name_en));
    cal->occasion[cal->occasion_count++] = occasion;
    for (int32_t day = first_day; day <= last_day; day++) {
        cal->day_occasion[day - cal->published_first] = (uint16_t)cal->occasion_count;
    }
    cal->sealed = false;
    return CALENDAR_OK;
}

const struct calendar_occasion *calendar_occasion(const struct calendar *cal, int32_t number) {
    must(number >= 1 && number <= cal->occasion_count);
    return &cal->occasion[number - 1];
}

int32_t calendar_occasion_on(const struct calendar *cal, int32_t day_number) {
    if (!cal->has_published || day_number < cal->published_first || day_number > cal->published_last) return 0;
    return cal->day_occasion[day_number - cal->published_first];
}

/* ---- the day table ---- */

/* Rule C3 without exception days: a dated season wins over a yearly one, that over the week. */
static uint8_t pattern_hours(const struct calendar *cal, int32_t day, int32_t weekday) {
    int32_t year, month, month_day;
    calendar_date_of(day, &year, &month, &month_day);
    month_day += month * 100;
    const struct calendar_season_row *yearly = NULL;
    for (int i = 0; i < cal->season_count; i++) {
        const struct calendar_season_row *row = &cal->season[i];
        if (!(row->weekdays >> (weekday - 1) & 1)) continue;
        if (!row->yearly && day >= row->from && day <= row->to) return row->hours;
        if (row->yearly && in_year(row->from, row->to, month_day)) yearly = row;
    }
    return yearly ? yearly->hours : cal->week[weekday - 1];
}

static uint8_t table_hours(const struct calendar *cal, int32_t day) {
    int32_t number = calendar_occasion_on(cal, day);
    if (number == 0) return pattern_hours(cal, day, calendar_weekday_of(day));
    uint8_t hours = cal->occasion[number - 1].hours;
    return hours == AS_MONDAY ? pattern_hours(cal, day, 1) : hours; /* rule C6 */
}

enum calendar_error calendar_seal(struct calendar *cal) {
    if (!cal->has_published) return CALENDAR_NOT_PUBLISHED;
    cal->week_before[0] = 0;
    for (int i = 0; i < 7; i++) cal->week_before[i + 1] = cal->week_before[i] + cal->hours[cal->week[i]].minutes;
    if (cal->week_before[7] == 0) return CALENDAR_NO_HOURS;
    cal->before[0] = 0;
    for (int32_t i = 0; i < CALENDAR_DAYS_MAX; i++) {
        cal->day_hours[i] = table_hours(cal, cal->published_first + i);
        cal->before[i + 1] = cal->before[i] + cal->hours[cal->day_hours[i]].minutes;
    }
    cal->day_count = CALENDAR_DAYS_MAX;
    cal->sealed = true;
    return CALENDAR_OK;
}
