/* Asking a sealed calendar: working time is a non-decreasing function of time, `position`; between is a difference of two
 * positions, add goes from a time to its position and back. Days in the table are found by prefix sums, others by the
 * week's arithmetic. See calendar.h for the rules. */
#include "core/calendar.h"

#include "proto/must.h"

enum { MINUTE_MS = 60000, DAY_MINUTES = 1440, DAY_MS = 86400000 };

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

static time_ms clamp_time(time_ms at) {
    if (at < -DAY_MS) return -DAY_MS;
    return at > CALENDAR_TIME_MAX ? CALENDAR_TIME_MAX : at;
}

/* ---- dates ---- */

/* Counted in years that begin in March, so that the leap day is a year's last and months need no table. */
int32_t calendar_day_of(int32_t year, int32_t month, int32_t day) {
    must(year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= 31);
    int32_t y = month > 2 ? year : year - 1;
    int32_t month_from_march = (month + 9) % 12;
    int32_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

void calendar_date_of(int32_t day_number, int32_t *ret_year, int32_t *ret_month, int32_t *ret_day) {
    int32_t days = day_number + 719468; /* since 0000-03-01 */
    must(days >= 306);
    int32_t era = days / 146097, day_of_era = days % 146097;
    int32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int32_t month_from_march = (5 * day_of_year + 2) / 153;
    *ret_day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    *ret_month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    *ret_year = era * 400 + year_of_era + (*ret_month <= 2);
}

/* 1970-01-01 was a Thursday. */
int32_t calendar_weekday_of(int32_t day_number) {
    return (int32_t)(day_number + 3 - 7 * floor_div(day_number + 3, 7)) + 1;
}

int32_t calendar_local_day(const struct calendar *cal, time_ms at) {
    return (int32_t)floor_div(clamp_time(at) + cal->offset_ms, DAY_MS);
}

time_ms calendar_at(const struct calendar *cal, int32_t day_number, int32_t minute) {
    return (int64_t)day_number * DAY_MS + (int64_t)minute * MINUTE_MS - cal->offset_ms;
}

/* ---- position ---- */

/* Working ms of the week's pattern before the day, from an arbitrary Monday on. */
static int64_t week_position(const struct calendar *cal, int64_t day) {
    int64_t week = floor_div(day + 3, 7);
    return (week * cal->week_before[7] + cal->week_before[day + 3 - week * 7]) * MINUTE_MS;
}

static const struct calendar_hours *hours_of(const struct calendar *cal, int32_t day) {
    int32_t index = day - cal->published_first;
    if (index >= 0 && index < cal->day_count) return &cal->hours[cal->day_hours[index]];
    return &cal->hours[cal->week[calendar_weekday_of(day) - 1]];
}

const struct calendar_spans *calendar_spans_on(const struct calendar *cal, int32_t day_number) {
    must(cal->sealed);
    return &hours_of(cal, day_number)->spans;
}

/* Working ms before the day, 0 at the table's first. */
static int64_t day_position(const struct calendar *cal, int32_t day) {
    int32_t index = day - cal->published_first;
    if (index < 0) return week_position(cal, day) - week_position(cal, cal->published_first);
    if (index <= cal->day_count) return (int64_t)cal->before[index] * MINUTE_MS;
    return (int64_t)cal->before[cal->day_count] * MINUTE_MS + week_position(cal, day) -
           week_position(cal, cal->published_first + cal->day_count);
}

static int64_t worked_in_day(const struct calendar_spans *spans, int64_t time_of_day) {
    int64_t worked = 0;
    for (int i = 0; i < spans->count; i++) {
        int64_t from = (int64_t)spans->span[i].from * MINUTE_MS, to = (int64_t)spans->span[i].to * MINUTE_MS;
        if (time_of_day <= from) break;
        worked += (time_of_day < to ? time_of_day : to) - from;
    }
    return worked;
}

static int64_t position(const struct calendar *cal, time_ms at) {
    int32_t day = calendar_local_day(cal, at);
    return day_position(cal, day) + worked_in_day(&hours_of(cal, day)->spans, at - calendar_at(cal, day, 0));
}

/* ---- and back ---- */

/* The day of the week's pattern in which `target` (a week_position) is reached: the first day ending at or after it. */
static int64_t week_day_reaching(const struct calendar *cal, int64_t target) {
    int64_t week_ms = (int64_t)cal->week_before[7] * MINUTE_MS;
    int64_t week = floor_div(target - 1, week_ms), rest = target - week * week_ms; /* rest in 1..week_ms */
    int weekday = 0;
    while ((int64_t)cal->week_before[weekday + 1] * MINUTE_MS < rest) weekday++;
    return week * 7 - 3 + weekday;
}

/* The same in the table, in doubling steps from `hint`: most limits end a few days from their start. */
static int32_t table_index_reaching(const struct calendar *cal, int64_t target, int32_t hint) {
    int32_t minutes = (int32_t)((target + MINUTE_MS - 1) / MINUTE_MS);
    int32_t low = 0, high = cal->day_count - 1;
    if (hint > 0 && hint < cal->day_count && cal->before[hint] < minutes) {
        int32_t step = 1;
        low = hint;
        while (low + step < cal->day_count && cal->before[low + step] < minutes) {
            low += step;
            step *= 2;
        }
        if (low + step < cal->day_count) high = low + step - 1;
    }
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (cal->before[middle + 1] >= minutes) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static int64_t day_reaching(const struct calendar *cal, int64_t target, int32_t hint) {
    int64_t end = (int64_t)cal->before[cal->day_count] * MINUTE_MS;
    int32_t first = cal->published_first;
    if (target <= 0) return week_day_reaching(cal, target + week_position(cal, first));
    if (target <= end) return first + table_index_reaching(cal, target, hint - first);
    return week_day_reaching(cal, target - end + week_position(cal, (int64_t)first + cal->day_count));
}

/* The time of day at which `worked` ms are done; at a break: its start, or its end when `late`. */
static int64_t time_of_day_at(const struct calendar_spans *spans, int64_t worked, bool late) {
    for (int i = 0; i < spans->count; i++) {
        int64_t from = (int64_t)spans->span[i].from * MINUTE_MS, to = (int64_t)spans->span[i].to * MINUTE_MS;
        if (late ? worked < to - from : worked <= to - from) return from + worked;
        worked -= to - from;
    }
    must(!"the day holds the position");
    return 0;
}

/* The earliest time with that position, or the latest when `late`. */
static time_ms time_at(const struct calendar *cal, int64_t target, int32_t hint, bool late) {
    int64_t day = day_reaching(cal, late ? target + 1 : target, hint);
    if (day * DAY_MS > CALENDAR_TIME_MAX) return CALENDAR_TIME_MAX;
    if (day * DAY_MS < -DAY_MS) return -DAY_MS;
    int64_t worked = target - day_position(cal, (int32_t)day);
    return calendar_at(cal, (int32_t)day, 0) + time_of_day_at(&hours_of(cal, (int32_t)day)->spans, worked, late);
}

/* ---- the questions ---- */

bool calendar_is_working(const struct calendar *cal, time_ms at) {
    must(cal->sealed);
    at = clamp_time(at);
    int32_t day = calendar_local_day(cal, at);
    const struct calendar_spans *spans = &hours_of(cal, day)->spans;
    int64_t time_of_day = at - calendar_at(cal, day, 0);
    for (int i = 0; i < spans->count; i++) {
        if (time_of_day < (int64_t)spans->span[i].from * MINUTE_MS) return false;
        if (time_of_day < (int64_t)spans->span[i].to * MINUTE_MS) return true;
    }
    return false;
}

time_ms calendar_next_working(const struct calendar *cal, time_ms at) {
    must(cal->sealed);
    at = clamp_time(at);
    return clamp_time(time_at(cal, position(cal, at), calendar_local_day(cal, at), true));
}

bool calendar_published(const struct calendar *cal, time_ms at) {
    int32_t day = calendar_local_day(cal, at);
    return cal->has_published && day >= cal->published_first && day <= cal->published_last;
}

int64_t calendar_between(const struct calendar *cal, time_ms from, time_ms to) {
    must(cal->sealed);
    return position(cal, clamp_time(to)) - position(cal, clamp_time(from));
}

int64_t calendar_elapsed(const struct calendar *cal, struct limit kind, time_ms from, time_ms to) {
    if (limit_is_natural(kind)) return clamp_time(to) - clamp_time(from);
    return calendar_between(cal, from, to);
}

int64_t calendar_limit_ms(const struct calendar *cal, struct limit limit) {
    return limit_ms(limit, cal->day_minutes);
}

bool calendar_add(const struct calendar *cal, time_ms start, struct limit limit, time_ms *ret_due) {
    return calendar_add_percent(cal, start, limit, 100, ret_due);
}

bool calendar_add_percent(const struct calendar *cal, time_ms start, struct limit limit, int32_t percent,
                          time_ms *ret_due) {
    must(percent >= 0 && percent <= LIMIT_PERCENT_MAX);
    if (limit.unit == LIMIT_NONE) return false;
    /* whole minutes times percent over 100: no remainder is lost */
    *ret_due = calendar_add_ms(cal, start, limit, calendar_limit_ms(cal, limit) * percent / 100);
    return true;
}

time_ms calendar_add_ms(const struct calendar *cal, time_ms start, struct limit kind, int64_t ms) {
    must(cal->sealed);
    start = clamp_time(start);
    if (ms > CALENDAR_TIME_MAX) ms = CALENDAR_TIME_MAX;
    if (ms < -CALENDAR_TIME_MAX) ms = -CALENDAR_TIME_MAX;
    if (ms == 0) return start;
    if (limit_is_natural(kind)) return clamp_time(start + ms);
    return clamp_time(time_at(cal, position(cal, start) + ms, calendar_local_day(cal, start), ms < 0));
}
