/* Time: the real clock, the test clock's offset in a mapped file, RFC 3339 text, local dates. */
#include "common/clock.h"

#include "proto/must.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DAY_MS   86400000LL
#define TIME_MAX 253402271999999LL /* 9999-12-31T23:59:59.999+08:00 */

static const int64_t *offset_ms; /* mapped, or NULL */
static bool is_pinned;
static time_ms pinned_at;

static int64_t read_clock_ns(clockid_t which) {
    struct timespec now;
    clock_gettime(which, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

time_ms clock_now(void) {
    if (is_pinned) return pinned_at;
    time_ms real = read_clock_ns(CLOCK_REALTIME) / 1000000;
    return offset_ms ? real + __atomic_load_n(offset_ms, __ATOMIC_RELAXED) : real;
}

int64_t clock_monotonic_ms(void) {
    return read_clock_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t clock_monotonic_ns(void) {
    return read_clock_ns(CLOCK_MONOTONIC);
}

bool clock_is_test(void) {
    return is_pinned || offset_ms;
}

void clock_pin(time_ms now) {
    is_pinned = true;
    pinned_at = now;
}

void clock_unpin(void) {
    is_pinned = false;
}

enum err clock_open(const char *path) {
    const int64_t *mapped = NULL;
    if (path && *path) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0) return err_from_errno(errno);
        struct stat stat;
        /* a shorter file would end the process with SIGBUS at the first read */
        if (fstat(fd, &stat) || stat.st_size != sizeof *mapped) {
            close(fd);
            return ERR_INVALID;
        }
        mapped = mmap(NULL, sizeof *mapped, PROT_READ, MAP_SHARED, fd, 0);
        close(fd);
        if (mapped == MAP_FAILED) return ERR_IO;
    }
    if (offset_ms) munmap((void *)offset_ms, sizeof *offset_ms);
    offset_ms = mapped;
    return ERR_NONE;
}

enum err clock_set_offset(const char *path, int64_t offset) {
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return err_from_errno(errno);
    ssize_t written = pwrite(fd, &offset, sizeof offset, 0); /* one aligned word: readers see the old or the new one */
    close(fd);
    return written == sizeof offset ? ERR_NONE : ERR_IO;
}

enum err clock_get_offset(const char *path, int64_t *ret_offset_ms) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return err_from_errno(errno);
    int64_t offset[2];
    ssize_t got = pread(fd, offset, sizeof offset, 0);
    close(fd);
    if (got != sizeof offset[0]) return ERR_INVALID;
    *ret_offset_ms = offset[0];
    return ERR_NONE;
}

/* Days between 1970-01-01 and a date of the proleptic Gregorian calendar: years begin in March, so that the leap day is last. */
static int64_t days_of(int year, int month, int day) {
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static void date_of_days(int64_t days, int *ret_year, int *ret_month, int *ret_day) {
    int64_t z = days + 719468, era = z / 146097, day_of_era = z - era * 146097;
    int64_t year = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    *ret_day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *ret_month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *ret_year = (int)(year + era * 400 + (*ret_month <= 2));
}

static int days_in_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap);
}

bool clock_date_is_valid(int32_t date) {
    int year = date / 10000, month = date / 100 % 100, day = date % 100;
    return year >= 1970 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= days_in_month(year, month);
}

int32_t clock_date(time_ms time) {
    must(time >= -CLOCK_LOCAL_OFFSET_MS && time <= TIME_MAX);
    int year, month, day;
    date_of_days((time + CLOCK_LOCAL_OFFSET_MS) / DAY_MS, &year, &month, &day);
    return year * 10000 + month * 100 + day;
}

time_ms clock_date_start(int32_t date) {
    must(clock_date_is_valid(date));
    return days_of(date / 10000, date / 100 % 100, date % 100) * DAY_MS - CLOCK_LOCAL_OFFSET_MS;
}

/* So many digits and what comes behind them; returns the place behind that. */
static char *put(char *at, int value, int digits, char behind) {
    for (int i = digits; i-- > 0; value /= 10) at[i] = (char)('0' + value % 10);
    at[digits] = behind;
    return at + digits + 1;
}

size_t clock_format(time_ms time, char ret_text[CLOCK_TEXT_BYTES]) {
    int32_t date = clock_date(time);
    int64_t in_day = (time + CLOCK_LOCAL_OFFSET_MS) % DAY_MS;
    int seconds = (int)(in_day / 1000), fraction = (int)(in_day % 1000);
    char *at = ret_text; /* digit by digit: each answer to each request says a time */
    at = put(at, date / 10000, 4, '-');
    at = put(at, date / 100 % 100, 2, '-');
    at = put(at, date % 100, 2, 'T');
    at = put(at, seconds / 3600, 2, ':');
    at = put(at, seconds / 60 % 60, 2, ':');
    at = put(at, seconds % 60, 2, fraction ? '.' : '+');
    if (fraction) at = put(at, fraction, 3, '+');
    at = put(at, 8, 2, ':');
    at = put(at, 0, 2, 0);
    return (size_t)(at - ret_text) - 1;
}

/* ---- reading: a cursor that remembers failure, so that the grammar reads from top to bottom */

struct reading {
    const char *at, *end;
    bool failed;
};

static int read_digits(struct reading *in, int count, int min, int max) {
    int value = 0;
    for (; count > 0; count--) {
        if (in->at == in->end || *in->at < '0' || *in->at > '9') {
            in->failed = true;
            return min;
        }
        value = value * 10 + (*in->at++ - '0');
    }
    if (value < min || value > max) in->failed = true;
    return value;
}

static char read_one_of(struct reading *in, const char *chars) {
    if (in->at == in->end || !strchr(chars, *in->at) || !*in->at) {
        in->failed = true;
        return 0;
    }
    return *in->at++;
}

static int read_fraction_ms(struct reading *in) {
    if (in->at == in->end || *in->at != '.') return 0;
    in->at++;
    int millis = 0, count = 0;
    for (; in->at < in->end && *in->at >= '0' && *in->at <= '9'; in->at++, count++) {
        if (count < 3) millis = millis * 10 + (*in->at - '0');
    }
    if (count == 0) in->failed = true;
    for (; count < 3; count++) millis *= 10;
    return millis;
}

static int64_t read_offset_ms(struct reading *in) {
    char sign = read_one_of(in, "Zz+-");
    if (in->failed || sign == 'Z' || sign == 'z') return 0;
    int hours = read_digits(in, 2, 0, 23);
    read_one_of(in, ":");
    int minutes = read_digits(in, 2, 0, 59);
    return (sign == '-' ? -60000LL : 60000LL) * (hours * 60 + minutes);
}

enum err clock_parse(const char *text, size_t len, time_ms *ret_time) {
    struct reading in = {.at = text, .end = text + len};
    int year = read_digits(&in, 4, 1970, 9999);
    read_one_of(&in, "-");
    int month = read_digits(&in, 2, 1, 12);
    read_one_of(&in, "-");
    int day = read_digits(&in, 2, 1, 31);
    read_one_of(&in, "Tt");
    int hour = read_digits(&in, 2, 0, 23);
    read_one_of(&in, ":");
    int minute = read_digits(&in, 2, 0, 59);
    read_one_of(&in, ":");
    int second = read_digits(&in, 2, 0, 60);
    int fraction = read_fraction_ms(&in);
    int64_t offset = read_offset_ms(&in);
    if (in.failed || in.at != in.end || day > days_in_month(year, month)) return ERR_INVALID;
    if (second == 60) fraction = 0; /* a leap second is the next minute's first moment */
    int64_t seconds = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    time_ms time = seconds * 1000 + fraction - offset;
    if (time < 0 || time > TIME_MAX) return ERR_INVALID;
    *ret_time = time;
    return ERR_NONE;
}
