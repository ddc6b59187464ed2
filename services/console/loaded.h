/* Why deadlines were recomputed, in words: the reason of a RECOMPUTED event ("calendars: standard; policies: standard", as the
 * router writes it) for people. Not for other reasons, which people wrote themselves. */
#ifndef CONSOLE_LOADED_H
#define CONSOLE_LOADED_H

#include "services/console/call.h"

/* "载入工作日历 standard" or "working calendar standard loaded"; "" when the reason says nothing. In the call's arena. */
const char *loaded_say(struct call *call, struct text reason, bool english);

#endif
