/* Puts dated changes of the organisation in force: units that move, merge or close, posts and absences that begin or end (rule W6).
 * What they mean is decided in one function of the database, organisation_apply; here is only when to call it: at start, at
 * each date, and when reference data changed. Late after an outage does no harm: what is due is done once, in order. */
#ifndef ESCALATION_ORGANISATION_H
#define ESCALATION_ORGANISATION_H

#include "common/db.h"

struct organisation;

/* The connection is borrowed; `changed` hears of each new version of the reference data it made. */
struct organisation *organisation_new(struct db *db, void (*changed)(void *context, uint32_t world), void *context);
/* After the connection was freed, so that nothing is under way. */
void organisation_free(struct organisation **organisation);
/* Some dates may be others now: the router's beat names another version, or the database came back. */
void organisation_stale(struct organisation *organisation);
/* Each tick. */
void organisation_turn(struct organisation *organisation);

#endif
