/* What core/ticket_guards.c and core/ticket_fit.c share. Not for others. */
#ifndef CORE_TICKET_GUARDS_H
#define CORE_TICKET_GUARDS_H

#include "core/ticket_inner.h"

/* A field's demand; satisfied while only asking what is possible. */
#define NEED(d, condition, verdict)                                                                                    \
    do {                                                                                                               \
        if ((d)->command != NULL && !(condition)) return (verdict);                                                    \
    } while (0)
/* A demand on the ticket or on who acts. */
#define DEMAND(condition, verdict)                                                                                     \
    do {                                                                                                               \
        if (!(condition)) return (verdict);                                                                            \
    } while (0)
#define PASS_ON(expression)                                                                                            \
    do {                                                                                                               \
        enum verdict verdict_ = (expression);                                                                          \
        if (verdict_ != VERDICT_OK) return verdict_;                                                                   \
    } while (0)

/* No time that somebody names lies further ahead (L15). */
#define UNTIL_AHEAD_MS ((time_ms)366 * 86400000)

/* A guard of the lifecycle table: looks and answers, changes nothing. */
#define GUARD_DECLARATION(name, zh, en) enum verdict guard_##name(const struct decision *d);
GUARDS(GUARD_DECLARATION)

/* Rule L26: that the unit owes no reply to a supervision. */
enum verdict ticket_replied(const struct decision *d, uint32_t unit);
/* Whether a text says anything: white space alone, the full-width space too, does not (L6, L7, L14, L25). */
bool ticket_says(struct text text);
/* A unit that may lead: it exists, is not closed, takes tickets, and is admitted to the matter (R6, L33). */
enum verdict ticket_fit_target(const struct decision *d, uint32_t unit, uint32_t matter);
/* Units that join as assists: each may, none twice, and there is room beside a lead (L34). `called`: by a whistle (L27). */
enum verdict ticket_fit_assists(const struct decision *d, const uint32_t *units, uint32_t count, uint32_t lead,
                                bool called);
/* The command's matter and place, where it names them. */
enum verdict ticket_fit_matter_and_place(const struct decision *d);

#endif
