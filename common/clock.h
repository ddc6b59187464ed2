/* The only door to time. Wall time is UTC milliseconds (time_ms) and may be moved by the test and demo clock; monotonic time
 * is for durations alone and never moves. Nothing else in the project calls time(), gettimeofday() or SQL's now().
 * Not for working time and calendars (core/calendar.h). Local time is +08:00 everywhere, without summer time. */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t time_ms; /* UTC milliseconds since 1970; C11 allows the same typedef in core's headers */

#define CLOCK_LOCAL_OFFSET_MS (8 * 3600 * 1000LL)
#define CLOCK_TEXT_BYTES      32 /* room for clock_format with its NUL */

/* UTC now: the real clock plus the offset of the test clock, if one is open. */
time_ms clock_now(void);

/* Monotonic since some start; not comparable between machines or restarts. */
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_ns(void);

/* Reads the offset (8 bytes, signed, milliseconds, host order) from this file from now on, by mmap: a write by another
 * process is seen at the next clock_now(). NULL or "" goes back to the real clock. ERR_NOT_FOUND, ERR_INVALID when the file
 * is not 8 bytes long. */
MUST_USE enum err clock_open(const char *path);

/* Whether time can be moved: an open clock file or a pinned clock. Services say so in readiness and on screens. */
bool clock_is_test(void);

/* For tests and the simulator inside one process: clock_now() answers exactly this until clock_unpin(). */
void clock_pin(time_ms now);
void clock_unpin(void);

/* For tools: sets or reads the offset in a clock file; set makes the file when absent (mode 0600). Never replaces the file, as
 * services keep it mapped. Blocks on disk. */
MUST_USE enum err clock_set_offset(const char *path, int64_t offset_ms);
MUST_USE enum err clock_get_offset(const char *path, int64_t *ret_offset_ms);

/* RFC 3339 with offset: 2026-11-21T09:30:00+08:00, with .123 before the offset when not a whole second. Years 1970..9999, else
 * must fails. Returns the length. */
size_t clock_format(time_ms time, char ret_text[CLOCK_TEXT_BYTES]);

/* RFC 3339 with a mandatory offset (Z or +hh:mm); a fraction of any length is cut to milliseconds, second 60 counts as the
 * next minute's 0, T and Z in either case. Years 1970..9999. ERR_INVALID for anything else. */
MUST_USE enum err clock_parse(const char *text, size_t len, time_ms *ret_time);

/* The local date of a moment as yyyymmdd, and the moment a local date begins. */
int32_t clock_date(time_ms time);
time_ms clock_date_start(int32_t date);

/* Whether yyyymmdd is a real day of the years 1970..9999. */
bool clock_date_is_valid(int32_t date);

#endif
