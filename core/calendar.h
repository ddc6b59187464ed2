/* Working-time calendar: when is a limit due, how much working time lies between, and why. Pure: no clock, no memory, no
 * I/O; every time is an argument in UTC ms. Not for storage or file reading (the importer hands rows to calendar_row).
 *
 * Rules (numbers as in docs/rules.md):
 *  C1  A working day as a limit is the calendar's nominal day of working time (limit.h).
 *  C2  A pause keeps the remaining time to the millisecond (limit.h).
 *  C3  Hours of a day: an exception day's own; else the dated season's; else the yearly season's; else the week's.
 *  C4  A span is [open, close): 08:30 counts, 12:00 does not. No span crosses midnight; a desk that does has two spans.
 *  C5  Due = the earliest t >= start with (working time from start to t) >= limit. So a limit used up exactly at closing
 *      time is due at closing time, not next morning; a zero limit is due at its start, also at night.
 *  C6  A swapped workday (调休) without own spans has the hours of a Monday of that date's season.
 *  C7  Exception days must lie in the published range. Outside it, seasons and the week's pattern go on (within
 *      CALENDAR_DAYS_MAX days from the first published day; beyond or before: the week's pattern alone), and
 *      calendar_published says that the due time may still move.
 *  C8  Natural time knows no calendar: it runs at night and on holidays.
 *  C9  A percentage of a limit is that share of its own kind of time, counted from the same start.
 *  C10 The UTC offset is fixed per calendar (+08:00): no daylight saving.
 *
 * Building: calendar_init, then rows in any order after `published` (calendar_row with the columns of a CSV file, or the
 * typed functions), then calendar_seal. A refused row changes nothing. All other functions demand a sealed calendar.
 *
 * CSV columns:  calendar,row,from,to,weekdays,spans,name_zh,name_en
 *     published  2024-01-01 2026-12-31               the years whose holidays are known; a further row may follow on
 *     nominal    -  -  -  07:30                      length of one working day as a limit (C1), in the spans column
 *     hours      -  -  1-5  "08:30-12:00 13:00-17:00"   the week (1 = Monday .. 7 = Sunday); weekdays not named are off
 *     hours      05-01 09-30  1-5  "..."             season of every year, may wrap over New Year
 *     hours      2025-07-07 2025-08-15  1-5  "..."   season of one year; empty spans = closed on those weekdays
 *     off        2024-02-10 2024-02-17  - -  春节,Spring Festival       holiday (to may be empty: one day)
 *     work       2024-02-04  -  -  -  春节,Spring Festival              swapped workday; own spans allowed
 *     half       2024-02-09  -  -  "08:30-12:00"  除夕,New Year's Eve   day with its own spans */
#ifndef CORE_CALENDAR_H
#define CORE_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/lang.h"
#include "core/limit.h"

enum {
    CALENDAR_DAYS_MAX = 4096,     /* days in the table: eleven years from the first published day */
    CALENDAR_SPANS_MAX = 4,       /* spans in one day */
    CALENDAR_HOURS_MAX = 96,      /* different daily hours in one calendar */
    CALENDAR_SEASONS_MAX = 32,    /* rows of seasons */
    CALENDAR_OCCASIONS_MAX = 320, /* rows of exception days; a row may be several days in a row */
    CALENDAR_NAME_ZH_SIZE = 32,   /* bytes with NUL */
    CALENDAR_NAME_EN_SIZE = 48,
    CALENDAR_LINES_MAX = 400, /* lines of one explanation: enough for 30 working days over any holiday */
    CALENDAR_LINE_TEXT_SIZE = 256,
};

/* Times outside [-1 day, year 9999] are cut to it, so that no arithmetic overflows. */
#define CALENDAR_TIME_MAX ((time_ms)253402214400000)

/* ---- building ---- */

enum calendar_error {
    CALENDAR_OK,
    CALENDAR_UNKNOWN_ROW,  /* the row column names no known kind */
    CALENDAR_BAD_DATE,     /* not YYYY-MM-DD or MM-DD, or no such day */
    CALENDAR_BAD_RANGE,    /* `to` lies before `from` */
    CALENDAR_BAD_WEEKDAYS, /* not like 1-5 or 1,3,6 */
    CALENDAR_BAD_SPANS,    /* not like 08:30-12:00 13:30-17:30 */
    CALENDAR_SPAN_ORDER,   /* a span ends before it starts, or spans overlap or are out of order */
    CALENDAR_NAME_TOO_LONG,
    CALENDAR_NAME_MISSING,  /* an exception day needs both names */
    CALENDAR_NOT_PUBLISHED, /* no published row yet, or the day lies outside the published range */
    CALENDAR_PUBLISHED_GAP, /* a second published row must follow on the first one's last day */
    CALENDAR_OVERLAP,       /* the day, or the season's weekday, already has a row of the same rank */
    CALENDAR_TOO_MANY,      /* a bound above is reached */
    CALENDAR_NO_HOURS,      /* seal: the week has no working time at all */
    CALENDAR_ERROR_COUNT
};

enum calendar_day_kind { CALENDAR_OFF = 1, CALENDAR_SWAPPED, CALENDAR_HALF };

struct calendar_span {
    int16_t from, to;
}; /* minutes of the day, 0..1440 */

struct calendar_spans {
    int32_t count;
    struct calendar_span span[CALENDAR_SPANS_MAX];
};

/* The text columns of one row after `calendar`, each NUL-ended UTF-8 or NULL (= empty). Borrowed. */
struct calendar_row {
    const char *row, *from, *to, *weekdays, *spans, *name_zh, *name_en;
};

struct calendar;

/* offset_minutes: of local time from UTC, +480 for China; in -720..840. */
void calendar_init(struct calendar *cal, int32_t offset_minutes);
/* One row of the CSV; what `paidan calendar import` calls per line and a service per stored row. */
enum calendar_error calendar_row(struct calendar *cal, const struct calendar_row *row);
/* The same, typed. Days are local day numbers (calendar_day_of). weekdays: bit 0 = Monday .. bit 6 = Sunday. */
enum calendar_error calendar_published_range(struct calendar *cal, int32_t first_day, int32_t last_day);
enum calendar_error calendar_nominal(struct calendar *cal, int32_t day_minutes);
enum calendar_error calendar_week(struct calendar *cal, uint32_t weekdays, const struct calendar_spans *spans);
enum calendar_error calendar_season(struct calendar *cal, int32_t first_day, int32_t last_day, uint32_t weekdays,
                                    const struct calendar_spans *spans);
/* from, to: month * 100 + day. */
enum calendar_error calendar_season_yearly(struct calendar *cal, int32_t from, int32_t to, uint32_t weekdays,
                                           const struct calendar_spans *spans);
/* spans: empty for OFF; may be empty for SWAPPED (rule C6); at least one for HALF. Names are copied. */
enum calendar_error calendar_day(struct calendar *cal, enum calendar_day_kind kind, int32_t first_day, int32_t last_day,
                                 const struct calendar_spans *spans, const char *name_zh, const char *name_en);
/* Computes the day table. More rows may follow later, then seal again. */
enum calendar_error calendar_seal(struct calendar *cal);
/* A sentence for the administrator; static storage. */
const char *calendar_error_text(enum calendar_error error, enum lang lang);

/* ---- dates; local day number = days since 1970-01-01 ---- */

int32_t calendar_day_of(int32_t year, int32_t month, int32_t day);
void calendar_date_of(int32_t day_number, int32_t *ret_year, int32_t *ret_month, int32_t *ret_day);
/* YYYY-MM-DD of the years 1970..2990 */
bool calendar_date_parse(const char *text, int32_t *ret_day_number);
/* 1 = Monday .. 7 = Sunday */
int32_t calendar_weekday_of(int32_t day_number);
int32_t calendar_local_day(const struct calendar *cal, time_ms at);
/* The instant of local midnight plus minutes. */
time_ms calendar_at(const struct calendar *cal, int32_t day_number, int32_t minute);

/* ---- asking (sealed) ---- */

/* The hours of a local day, rule C3; borrowed. */
const struct calendar_spans *calendar_spans_on(const struct calendar *cal, int32_t day_number);
bool calendar_is_working(const struct calendar *cal, time_ms at);
/* `at` itself when it is working time, else the next opening. */
time_ms calendar_next_working(const struct calendar *cal, time_ms at);
/* False: holidays of that day are not published yet, the pattern was assumed (C7). */
bool calendar_published(const struct calendar *cal, time_ms at);
/* Working ms from..to; negative when to < from. */
int64_t calendar_between(const struct calendar *cal, time_ms from, time_ms to);
/* The same in a limit's own kind of time: working or natural. */
int64_t calendar_elapsed(const struct calendar *cal, struct limit kind, time_ms from, time_ms to);
int64_t calendar_limit_ms(const struct calendar *cal, struct limit limit);

/* Due time (C5). False, *ret_due untouched, when there is no limit. Inverse of elapsed: elapsed(start, due) == limit.
 */
bool calendar_add(const struct calendar *cal, time_ms start, struct limit limit, time_ms *ret_due);
/* percent: 80, 100, 120, ... of the limit's time from the same start (C9). */
bool calendar_add_percent(const struct calendar *cal, time_ms start, struct limit limit, int32_t percent,
                          time_ms *ret_due);
/* ms of the limit's kind of time; negative goes back: the latest t <= start with -ms between t and start. */
time_ms calendar_add_ms(const struct calendar *cal, time_ms start, struct limit kind, int64_t ms);

/* ---- a running limit: pauses and extensions (C2) ---- */

void calendar_clock_start(struct limit_clock *clock, struct limit limit, time_ms at);
/* Without effect when it is paused already, or has no limit. */
void calendar_clock_pause(const struct calendar *cal, struct limit_clock *clock, time_ms at);
/* Without effect when it runs already, or has no limit. */
void calendar_clock_resume(struct limit_clock *clock, time_ms at);
/* What an extension is worth on a limit: a day stays a day, an hour an hour, in the limit's own kind of time. */
int64_t calendar_extension_ms(const struct calendar *cal, struct limit kind, struct limit more);
void calendar_clock_extend(const struct calendar *cal, struct limit_clock *clock, struct limit more);
/* What was used up or granted in one kind of time, when the limit changes to the other (C20): a day stays a day, and a part of
 * one the same part. */
int64_t calendar_convert_ms(const struct calendar *cal, struct limit from, struct limit to, int64_t ms);
/* When `percent` of limit plus extensions is used up. False: no limit, or paused (nothing is due while off the clock).
 * A share used up before the last pause gives a time before the present run: as long ago, in the limit's kind of time, as
 * it is overdue. */
bool calendar_clock_due(const struct calendar *cal, const struct limit_clock *clock, int32_t percent, time_ms *ret_due);
/* Left of limit plus extensions at `at`; negative = overdue by so much. 0 without limit. */
int64_t calendar_clock_remaining(const struct calendar *cal, const struct limit_clock *clock, time_ms at);

/* ---- why: one deadline line by line ---- */

enum calendar_line_kind {
    CALENDAR_LINE_START,     /* from = to = start; the limit, or after = the time that was named */
    CALENDAR_LINE_WORKED,    /* counted; occasion set when a swapped or half day */
    CALENDAR_LINE_NATURAL,   /* counted, natural time, in one piece */
    CALENDAR_LINE_BREAK,     /* between two spans of a day (lunch) */
    CALENDAR_LINE_NIGHT,     /* before opening, after closing; runs over midnight */
    CALENDAR_LINE_WEEKEND,   /* whole days off, Saturday or Sunday */
    CALENDAR_LINE_CLOSED,    /* whole days off by the week's pattern or season, other weekdays */
    CALENDAR_LINE_HOLIDAY,   /* whole days off by an exception row: occasion */
    CALENDAR_LINE_PAUSE,     /* off the clock */
    CALENDAR_LINE_EXTENSION, /* from = to = when granted; limit = how much */
    CALENDAR_LINE_RECOMPUTED, /* from = to = when; before, after: due times; was, limit; occasion = number of the recount */
    CALENDAR_LINE_CARRIED,     /* from = to = a pause's start: counted_ms more (or less) was counted then than is now */
    CALENDAR_LINE_FOLDED,      /* lines left out because the caller's room ended; counted_ms is theirs */
    CALENDAR_LINE_PAUSED,      /* ends the story: still paused, remaining in counted_ms */
    CALENDAR_LINE_DUE,         /* ends the story: from = to = due; counted_ms = the whole; limit, percent */
    CALENDAR_LINE_UNPUBLISHED, /* after DUE: due lies beyond the published holidays */
};

/* All lines but START, EXTENSION, RECOMPUTED, CARRIED and the last ones cut [start, due] into pieces: each begins where the one before
 * ended, and their counted_ms, CARRIED's included, add up to the limit. */
struct calendar_line {
    enum calendar_line_kind kind;
    time_ms from, to;
    int64_t counted_ms;
    struct limit limit, was;
    int32_t percent;
    int32_t occasion; /* 0 = none; calendar_occasion */
    time_ms before, after;
};

struct calendar_pause {
    time_ms from, to;
}; /* to = 0: still paused */
struct calendar_extension {
    time_ms at;
    struct limit limit;
};
/* The due time was computed anew (C15, C20): from before to after (0: was paused), the limit from was to limit. */
struct calendar_recount {
    time_ms at, before, after;
    struct limit was, limit;
};

struct calendar_question {
    time_ms start;
    struct limit limit;
    time_ms named;   /* the limit ends at a time somebody named, which is told instead; 0: it does not */
    int32_t percent; /* 0 = 100 */
    const struct calendar_pause *pauses; /* in order, not overlapping, none before start; borrowed */
    int32_t pause_count;
    const int64_t
        *used_ms; /* beside pauses: used up in all until each, by the calendar in force then (C2); NULL: computed */
    const struct calendar_extension *extensions; /* in order; borrowed */
    int32_t extension_count;
    const struct calendar_recount *recounts; /* in order; borrowed; only told, `limit` is the present one */
    int32_t recount_count;
};

/* Fills at most `max` (>= 8) lines, returns how many. 0 when there is no limit. The due time found equals
 * calendar_clock_due's for the same history, but for a share used up before a pause: here that moment itself. */
int32_t calendar_explain(const struct calendar *cal, const struct calendar_question *question,
                         struct calendar_line *ret_lines, int32_t max);
/* One line as a sentence, to the minute, local time; cut at a whole character if `size` is too small; returns its
 * length. */
size_t calendar_line_say(const struct calendar *cal, const struct calendar_line *line, enum lang lang, char *ret_text,
                         size_t size);

struct calendar_occasion {
    enum calendar_day_kind kind;
    int32_t first_day, last_day;
    uint8_t hours; /* index into calendar.hours */
    char name_zh[CALENDAR_NAME_ZH_SIZE];
    char name_en[CALENDAR_NAME_EN_SIZE];
};
/* number: 1-based, as in a line. */
const struct calendar_occasion *calendar_occasion(const struct calendar *cal, int32_t number);
/* The exception row of a local day, 0 when it has none. */
int32_t calendar_occasion_on(const struct calendar *cal, int32_t day_number);

/* ---- the struct: about 64 KiB, plain data, may be copied whole; its fields are calendar.c's ---- */

struct calendar_hours {
    struct calendar_spans spans;
    int32_t minutes; /* working minutes of such a day */
};

struct calendar_season_row {
    int32_t from, to; /* day numbers, or month * 100 + day when yearly */
    uint32_t weekdays;
    uint8_t hours;
    bool yearly;
};

struct calendar {
    int64_t offset_ms;
    int32_t day_minutes; /* nominal working day, rule C1 */
    int32_t published_first, published_last;
    bool has_published, sealed;

    int32_t hours_count, season_count, occasion_count;
    struct calendar_hours hours[CALENDAR_HOURS_MAX]; /* [0] = closed */
    uint8_t week[7];                                 /* Monday first: index into hours */
    uint32_t week_given;                             /* weekdays that have a row */
    struct calendar_season_row season[CALENDAR_SEASONS_MAX];
    struct calendar_occasion occasion[CALENDAR_OCCASIONS_MAX];

    /* made by calendar_seal */
    int32_t week_before[8];                   /* working minutes of Monday .. the day before; [7] = a whole week */
    int32_t day_count;                        /* days in the table, from published_first */
    uint8_t day_hours[CALENDAR_DAYS_MAX];     /* index into hours */
    uint16_t day_occasion[CALENDAR_DAYS_MAX]; /* 1-based, 0 = none; kept from the first row on */
    int32_t before[CALENDAR_DAYS_MAX + 1];    /* working minutes before the day: prefix sums */
};

#endif
