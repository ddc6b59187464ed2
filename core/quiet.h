/* Quiet hours as text: 22:00-07:00, local time, over midnight when the first is the later; "-" never quiet; "" not given.
 * Used in CSV, tables and the API. What they mean is rule D10 (core/ladder.h). */
#ifndef CORE_QUIET_H
#define CORE_QUIET_H

#include <stddef.h>

#include "core/world.h"

enum { QUIET_TEXT_SIZE = 16 };

/* False, and *ret_quiet untouched, when the text is none. */
bool quiet_parse(const char *text, size_t length, struct quiet *ret_quiet);
/* Writes it with a NUL; returns the length. size must be at least QUIET_TEXT_SIZE. */
size_t quiet_format(struct quiet quiet, char *ret_text, size_t size);

#endif
