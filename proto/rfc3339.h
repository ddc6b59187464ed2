/* Times as text: RFC 3339, always shown in the district's offset +08:00, which has no summer time. */
#ifndef PROTO_RFC3339_H
#define PROTO_RFC3339_H

#include "proto/limits.h"

#include <stdbool.h>
#include <stddef.h>

enum { RFC3339_BYTES = 30 }; /* "2026-11-21T09:30:00.123+08:00" and a NUL */

/* Returns the length. Milliseconds are shown when there are any. What lies outside the years 0000 to 9999 is shown as the
 * nearest that does not. */
size_t rfc3339_write(time_ms time, char ret_text[RFC3339_BYTES]);

/* Any offset, "T" and "Z" also small; digits behind milliseconds are dropped; a leap second is the second after. False, and
 * *ret_time untouched, when it is no such time. */
bool rfc3339_read(const char *text, size_t len, time_ms *ret_time);

#endif
