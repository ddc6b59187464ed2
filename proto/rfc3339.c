/* Days of the Gregorian calendar are counted in years that begin in March, so that the leap day is a year's last. */
#include "proto/rfc3339.h"

#include <string.h>

#define SECOND_MS 1000LL
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)
#define OFFSET_MS (8 * HOUR_MS)

enum {
    DAYS_TO_EPOCH = 719468, /* from 0000-03-01 to 1970-01-01 */
    DAYS_IN_400_YEARS = 146097
};

/* Days from 0000-03-01 to the first day of a March year (>= -1), and from there to the first of a month (0 is March). */
static int64_t year_start(int64_t year) {
    int64_t y = year + 400;
    return y * 365 + y / 4 - y / 100 + y / 400 - DAYS_IN_400_YEARS;
}
static int month_start(int month) {
    return (153 * month + 2) / 5;
}

static int64_t days_of(int year, int month, int day) {
    int march_month = (month + 9) % 12;
    return year_start(year - (month < 3)) + month_start(march_month) + day - 1 - DAYS_TO_EPOCH;
}

static void date_of(int64_t days, int *ret_year, int *ret_month, int *ret_day) {
    int64_t since = days + DAYS_TO_EPOCH;
    int64_t year = since * 400 / DAYS_IN_400_YEARS;
    while (year_start(year) > since) year--;
    while (year_start(year + 1) <= since) year++;
    int in_year = (int)(since - year_start(year));
    int march_month = (5 * in_year + 2) / 153;
    *ret_day = in_year - month_start(march_month) + 1;
    *ret_month = (march_month + 2) % 12 + 1;
    *ret_year = (int)year + (*ret_month < 3);
}

static char *put_digits(char *at, int value, int digits) {
    for (int i = digits - 1; i >= 0; i--, value /= 10) at[i] = (char)('0' + value % 10);
    return at + digits;
}

size_t rfc3339_write(time_ms time, char ret_text[RFC3339_BYTES]) {
    int64_t first = days_of(0, 1, 1) * DAY_MS, last = days_of(9999, 12, 31) * DAY_MS + DAY_MS - 1;
    if (time < first - OFFSET_MS) time = first - OFFSET_MS;
    if (time > last - OFFSET_MS) time = last - OFFSET_MS;
    int64_t local = time + OFFSET_MS - first; /* never negative */
    int64_t in_day = local % DAY_MS;
    int year, month, day;
    date_of(local / DAY_MS + first / DAY_MS, &year, &month, &day);
    char *at = put_digits(ret_text, year, 4);
    *at++ = '-';
    at = put_digits(at, month, 2);
    *at++ = '-';
    at = put_digits(at, day, 2);
    *at++ = 'T';
    at = put_digits(at, (int)(in_day / HOUR_MS), 2);
    *at++ = ':';
    at = put_digits(at, (int)(in_day / MINUTE_MS % 60), 2);
    *at++ = ':';
    at = put_digits(at, (int)(in_day / SECOND_MS % 60), 2);
    if (in_day % SECOND_MS) {
        *at++ = '.';
        at = put_digits(at, (int)(in_day % SECOND_MS), 3);
    }
    memcpy(at, "+08:00", sizeof "+08:00");
    return (size_t)(at - ret_text) + strlen("+08:00");
}

/* ---- reading ------------------------------------------------------------------------------------------------------- */

struct cursor {
    const char *at, *end;
};

static bool take_digits(struct cursor *c, int digits, int low, int high, int *ret_value) {
    int value = 0;
    if (c->end - c->at < digits) return false;
    for (int i = 0; i < digits; i++) {
        char digit = *c->at++;
        if (digit < '0' || digit > '9') return false;
        value = value * 10 + (digit - '0');
    }
    *ret_value = value;
    return value >= low && value <= high;
}

static bool take(struct cursor *c, const char *one_of) {
    if (c->at == c->end || !*c->at || !strchr(one_of, *c->at)) return false;
    c->at++;
    return true;
}

static int month_days(int year, int month) {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

static bool take_fraction(struct cursor *c, int64_t *ret_ms) {
    *ret_ms = 0;
    if (!take(c, ".")) return true;
    int64_t weight = 100;
    const char *start = c->at;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++, weight /= 10) *ret_ms += weight * (*c->at - '0');
    return c->at > start;
}

static bool take_offset(struct cursor *c, int64_t *ret_ms) {
    *ret_ms = 0;
    if (take(c, "Zz")) return true;
    bool west = c->at < c->end && *c->at == '-';
    int hour, minute;
    if (!take(c, "+-") || !take_digits(c, 2, 0, 23, &hour) || !take(c, ":") || !take_digits(c, 2, 0, 59, &minute))
        return false;
    *ret_ms = (hour * HOUR_MS + minute * MINUTE_MS) * (west ? -1 : 1);
    return true;
}

bool rfc3339_read(const char *text, size_t len, time_ms *ret_time) {
    struct cursor c = {text, text + len};
    int year, month, day, hour, minute, second;
    int64_t fraction, offset;
    if (!take_digits(&c, 4, 0, 9999, &year) || !take(&c, "-") || !take_digits(&c, 2, 1, 12, &month) || !take(&c, "-") ||
        !take_digits(&c, 2, 1, month_days(year, month), &day))
        return false;
    if (!take(&c, "Tt") || !take_digits(&c, 2, 0, 23, &hour) || !take(&c, ":") || !take_digits(&c, 2, 0, 59, &minute) ||
        !take(&c, ":") || !take_digits(&c, 2, 0, 60, &second))
        return false;
    if (!take_fraction(&c, &fraction) || !take_offset(&c, &offset) || c.at != c.end) return false;
    *ret_time = days_of(year, month, day) * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS +
                fraction - offset;
    return true;
}
