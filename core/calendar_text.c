/* The calendar's rows as text: dates, weekdays, spans, and a sentence for each error. Not for CSV quoting and files, which
 * are the importer's. See calendar.h for the columns. */
#include "core/calendar.h"

#include <string.h>

#include "proto/must.h"

enum { YEAR_MIN = 1970, YEAR_MAX = 2990 };

static bool is_empty(const char *text) {
    return !text || !text[0] || (text[0] == '-' && !text[1]);
}

/* Exactly `count` digits at *text, which is moved on. -1 when there are none. */
static int32_t take_digits(const char **text, int count) {
    int32_t number = 0;
    for (int i = 0; i < count; i++) {
        char c = **text;
        if (c < '0' || c > '9') return -1;
        number = number * 10 + (c - '0');
        ++*text;
    }
    return number;
}

static bool take_char(const char **text, char c) {
    if (**text != c) return false;
    ++*text;
    return true;
}

static int32_t days_in_month(int32_t year, int32_t month) {
    static const int8_t days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month] + (month == 2 && leap);
}

bool calendar_date_parse(const char *text, int32_t *ret_day_number) {
    int32_t year = take_digits(&text, 4);
    if (year < YEAR_MIN || year > YEAR_MAX || !take_char(&text, '-')) return false;
    int32_t month = take_digits(&text, 2);
    if (month < 1 || month > 12 || !take_char(&text, '-')) return false;
    int32_t day = take_digits(&text, 2);
    if (day < 1 || day > days_in_month(year, month) || *text) return false;
    *ret_day_number = calendar_day_of(year, month, day);
    return true;
}

/* MM-DD; whether that day exists is checked where the season is made. */
static bool parse_month_day(const char *text, int32_t *ret_month_day) {
    int32_t month = take_digits(&text, 2);
    if (month < 0 || !take_char(&text, '-')) return false;
    int32_t day = take_digits(&text, 2);
    if (day < 0 || *text) return false;
    *ret_month_day = month * 100 + day;
    return true;
}

/* HH:MM, 24:00 included; -1 when it is not. */
static int32_t take_time(const char **text) {
    int32_t hour = take_digits(text, 2);
    if (hour < 0 || !take_char(text, ':')) return -1;
    int32_t minute = take_digits(text, 2);
    if (minute < 0 || minute > 59 || hour * 60 + minute > 1440) return -1;
    return hour * 60 + minute;
}

static enum calendar_error parse_spans(const char *text, struct calendar_spans *ret_spans) {
    struct calendar_spans spans;
    memset(&spans, 0, sizeof spans);
    if (is_empty(text)) text = "";
    while (*text) {
        if (spans.count == CALENDAR_SPANS_MAX) return CALENDAR_TOO_MANY;
        int32_t from = take_time(&text);
        if (from < 0 || !take_char(&text, '-')) return CALENDAR_BAD_SPANS;
        int32_t to = take_time(&text);
        if (to < 0) return CALENDAR_BAD_SPANS;
        spans.span[spans.count++] = (struct calendar_span){(int16_t)from, (int16_t)to};
        if (*text && (!take_char(&text, ' ') || !*text)) return CALENDAR_BAD_SPANS;
    }
    *ret_spans = spans;
    return CALENDAR_OK;
}

/* 1-5, 6, 1,3,5-7 */
static bool parse_weekdays(const char *text, uint32_t *ret_weekdays) {
    uint32_t weekdays = 0;
    if (!text) return false;
    for (;;) {
        int32_t from = take_digits(&text, 1), to = from;
        if (from > 0 && take_char(&text, '-')) to = take_digits(&text, 1);
        if (from < 1 || to < from || to > 7) return false;
        for (int32_t day = from; day <= to; day++) weekdays |= 1u << (day - 1);
        if (!*text) break;
        if (!take_char(&text, ',')) return false;
    }
    *ret_weekdays = weekdays;
    return true;
}

/* ---- rows ---- */

/* `to` empty means one day. */
static enum calendar_error parse_range(const struct calendar_row *row, int32_t *ret_first, int32_t *ret_last) {
    if (is_empty(row->from) || !calendar_date_parse(row->from, ret_first)) return CALENDAR_BAD_DATE;
    *ret_last = *ret_first;
    if (!is_empty(row->to) && !calendar_date_parse(row->to, ret_last)) return CALENDAR_BAD_DATE;
    return *ret_last < *ret_first ? CALENDAR_BAD_RANGE : CALENDAR_OK;
}

static enum calendar_error published_row(struct calendar *cal, const struct calendar_row *row) {
    int32_t first, last;
    if (is_empty(row->to)) return CALENDAR_BAD_DATE;
    enum calendar_error error = parse_range(row, &first, &last);
    return error ? error : calendar_published_range(cal, first, last);
}

static enum calendar_error nominal_row(struct calendar *cal, const struct calendar_row *row) {
    const char *text = is_empty(row->spans) ? "" : row->spans;
    int32_t minutes = take_time(&text);
    if (minutes < 0 || *text) return CALENDAR_BAD_SPANS;
    return calendar_nominal(cal, minutes);
}

static enum calendar_error hours_row(struct calendar *cal, const struct calendar_row *row) {
    uint32_t weekdays;
    struct calendar_spans spans;
    if (!parse_weekdays(row->weekdays, &weekdays)) return CALENDAR_BAD_WEEKDAYS;
    enum calendar_error error = parse_spans(row->spans, &spans);
    if (error) return error;
    if (is_empty(row->from)) return is_empty(row->to) ? calendar_week(cal, weekdays, &spans) : CALENDAR_BAD_DATE;
    if (is_empty(row->to)) return CALENDAR_BAD_DATE;
    int32_t from, to;
    if (parse_month_day(row->from, &from)) {
        if (!parse_month_day(row->to, &to)) return CALENDAR_BAD_DATE;
        return calendar_season_yearly(cal, from, to, weekdays, &spans);
    }
    error = parse_range(row, &from, &to);
    return error ? error : calendar_season(cal, from, to, weekdays, &spans);
}

static enum calendar_error day_row(struct calendar *cal, const struct calendar_row *row, enum calendar_day_kind kind) {
    int32_t first, last;
    struct calendar_spans spans;
    enum calendar_error error = parse_range(row, &first, &last);
    if (error) return error;
    if (!is_empty(row->weekdays)) return CALENDAR_BAD_WEEKDAYS;
    error = parse_spans(row->spans, &spans);
    if (error) return error;
    return calendar_day(cal, kind, first, last, &spans, row->name_zh, row->name_en);
}

enum calendar_error calendar_row(struct calendar *cal, const struct calendar_row *row) {
    const char *kind = row->row ? row->row : "";
    size_t size = strlen(kind) + 1;
    if (size == sizeof "published" && !memcmp(kind, "published", size)) return published_row(cal, row);
    if (size == sizeof "nominal" && !memcmp(kind, "nominal", size)) return nominal_row(cal, row);
    if (size == sizeof "hours" && !memcmp(kind, "hours", size)) return hours_row(cal, row);
    if (size == sizeof "off" && !memcmp(kind, "off", size)) return day_row(cal, row, CALENDAR_OFF);
    if (size == sizeof "work" && !memcmp(kind, "work", size)) return day_row(cal, row, CALENDAR_SWAPPED);
    if (size == sizeof "half" && !memcmp(kind, "half", size)) return day_row(cal, row, CALENDAR_HALF);
    return CALENDAR_UNKNOWN_ROW;
}

const char *calendar_error_text(enum calendar_error error, enum lang lang) {
    static const char *const texts[CALENDAR_ERROR_COUNT][2] = {
        [CALENDAR_OK] = {"正确", "correct"},
        [CALENDAR_UNKNOWN_ROW] = {"row 列只能是 published、nominal、hours、off、work、half",
                                  "the row column must be published, nominal, hours, off, work or half"},
        [CALENDAR_BAD_DATE] = {"日期应写作 2026-10-01（每年的季节写作 05-01），且确有其日",
                               "a date is written 2026-10-01 (a season of every year 05-01) and must exist"},
        [CALENDAR_BAD_RANGE] = {"to 早于 from", "`to` lies before `from`"},
        [CALENDAR_BAD_WEEKDAYS] = {"weekdays 应写作 1-5 或 1,3,6（1 为周一）；off、work、half 行不填",
                                   "weekdays are written 1-5 or 1,3,6 (1 is Monday); none in off, work and half rows"},
        [CALENDAR_BAD_SPANS] = {"时段应写作 08:30-12:00 13:30-17:30；off 行不填，half 行必填，nominal 行写作 07:30",
                                "spans are written 08:30-12:00 13:30-17:30; none in an off row, at least one in a half "
                                "row, 07:30 in a nominal row"},
        [CALENDAR_SPAN_ORDER] = {"时段须先后有序、互不重叠，结束晚于开始",
                                 "spans must be in order, must not overlap, and end after they start"},
        [CALENDAR_NAME_TOO_LONG] = {"名称过长（中文最多 10 个字，英文最多 47 个字母）",
                                    "the name is too long (10 Chinese characters, 47 letters)"},
        [CALENDAR_NAME_MISSING] = {"特殊日期须有中英文名称", "an exception day needs a Chinese and an English name"},
        [CALENDAR_NOT_PUBLISHED] = {"日期不在 published 行给出的年份内（published 行须在最前）",
                                    "the day lies outside the published years (the published row comes first)"},
        [CALENDAR_PUBLISHED_GAP] = {"第二个 published 行须紧接前一个的最后一天",
                                    "a second published row must follow on the last day of the first"},
        [CALENDAR_OVERLAP] = {"该日期（或该星期几）已有同类行", "the day, or the weekday, already has such a row"},
        [CALENDAR_TOO_MANY] = {"超出上限（每天最多 4 个时段，最多 320 个特殊日期行，32 个季节行，11 年）",
                               "too many (4 spans a day, 320 exception rows, 32 seasons, 11 years)"},
        [CALENDAR_NO_HOURS] = {"每周没有任何工作时间", "the week has no working time at all"},
    };
    must((int)error >= 0 && error < CALENDAR_ERROR_COUNT);
    return texts[error][lang == LANG_ZH ? 0 : 1];
}
