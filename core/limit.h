/* A limit: an amount of working time or natural time. And a limit clock: one limit running, paused, extended.
 * Not for dates: turning a limit into a due time needs a calendar (core/calendar.h).
 *
 * Text form, used in every CSV, API and command line: AMOUNT w|n m|h|d, the kind of time is always written.
 *     30wm  30 working minutes    2wh  2 working hours    7wd  7 working days
 *     30nm  30 natural minutes    24nh 24 natural hours   15nd 15 natural days      -  no limit
 * Rule C1: one working day as a limit is the calendar's nominal day (8 h unless its `nominal` row says otherwise) of
 * working time, whatever the hours of the days it falls on. One natural day is 24 h. */
#ifndef CORE_LIMIT_H
#define CORE_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/lang.h"

typedef int64_t time_ms; /* UTC milliseconds since 1970 */

enum limit_unit {
    LIMIT_NONE,
    LIMIT_WORKING_MINUTES,
    LIMIT_WORKING_HOURS,
    LIMIT_WORKING_DAYS,
    LIMIT_NATURAL_MINUTES,
    LIMIT_NATURAL_HOURS,
    LIMIT_NATURAL_DAYS,
};

/* Stored and sent as two numbers; {0, LIMIT_NONE}, all zero, is "no limit". An amount of 0 with a unit is due at once.
 */
struct limit {
    int32_t amount;
    enum limit_unit unit;
};

enum {
    LIMIT_AMOUNT_MAX = 1000000, /* of the unit, and in all no more than LIMIT_DAYS_MAX days of 24 h */
    LIMIT_DAYS_MAX = 3660,
    LIMIT_PERCENT_MAX = 10000,
    LIMIT_TEXT_SIZE = 16, /* room for limit_format's longest answer and its NUL */
};

/* True when the unit is known, the amount lies in 0..max, and "none" has amount 0. Check what comes from outside. */
bool limit_valid(struct limit limit);
bool limit_is_natural(struct limit limit);
/* The whole of the limit in ms of its own kind of time; day_minutes: the calendar's nominal day. 0 for LIMIT_NONE. */
int64_t limit_ms(struct limit limit, int32_t day_minutes);

/* Reads the text form. False, and *ret_limit untouched, when it is none. "" reads as no limit too. */
bool limit_parse(const char *text, size_t length, struct limit *ret_limit);
/* Writes the text form with a NUL; returns its length. size must be at least LIMIT_TEXT_SIZE. */
size_t limit_format(struct limit limit, char *ret_text, size_t size);
/* For people: 7 个工作日, 7 working days. Cut at a whole character when size is too small; always NUL-ended. */
size_t limit_say(struct limit limit, enum lang lang, char *ret_text, size_t size);

/* One limit at work, as stored with an assignment: five numbers, all zero = no clock. The arithmetic is in calendar.h:
 * calendar_clock_start, _pause, _resume, _extend, _due. Rule C2: a pause keeps the remaining time to the millisecond;
 * what was used up before a pause stays used up, also when another calendar is loaded later. */
struct limit_clock {
    struct limit limit;
    int64_t extra_ms; /* granted extensions, in the limit's kind of time */
    int64_t used_ms;  /* used up in the runs before `since`; may exceed the limit (overdue when paused) */
    time_ms since;    /* start of the present run; meaningless while paused */
    bool running;
};

#endif
