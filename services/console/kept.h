/* An answer that is the same for everybody who sees everything, kept for a moment: two hundred screens that ask for it within that
 * moment cost one reading. Whoever sees less is answered from the database. */
#ifndef CONSOLE_KEPT_H
#define CONSOLE_KEPT_H

#include "services/console/call.h"

/* One a route, static; zero is a valid start. */
struct kept {
    struct buffer bytes;
    int64_t until; /* monotonic */
    int64_t asked; /* what tells one question from another: a limit, minutes */
};

/* Answers from it and returns true when it holds what this call asks and is still fresh. */
bool kept_answered(const struct kept *kept, struct call *call, int64_t asked);
/* Keeps the body that was just written with call_json, for so long, if the call's principal sees everything. */
void kept_take(struct kept *kept, struct call *call, int64_t asked, int ms);

#endif
