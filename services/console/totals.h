/* Totals of a part of the organisation: tickets its units ever took part in, and what became of them. The whole's totals come with
 * the live queues; a part's are counted by PostgreSQL, soon after something changed, for a small share of the time. received =
 * closed + in_progress, always. */
#ifndef CONSOLE_TOTALS_H
#define CONSOLE_TOTALS_H

#include "services/console/board.h"
#include "services/console/console.h"

extern const struct db_statement TOTALS;
/* Fills the statement's parameters. */
void totals_add(struct db_call *call, const struct world *world, uint32_t root);
/* From the result of TOTALS at this place. */
struct board_totals totals_of_reply(const struct db_reply *reply, int place);

/* Totals kept for as long as somebody watches. Zero is a valid start. */
struct totals_reading {
    struct db_group *group;
    struct board_totals *totals; /* borrowed */
    bool wanted;
    bool changed;              /* since it was told: set here, taken back by who tells */
    int64_t asked_at, next_at; /* monotonic */
};
void totals_want(struct totals_reading *reading);
/* Reads when it is wanted and was not read just before; *totals is set later. */
void totals_refresh(struct console *console, struct totals_reading *reading, uint32_t root,
                    struct board_totals *totals);
bool totals_under_way(const struct totals_reading *reading);
void totals_done(struct totals_reading *reading);

#endif
