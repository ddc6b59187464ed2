/* Who may do what: a principal's role, an action and how the principal stands to the ticket or unit. One compiled table
 * (core/access.def), default deny, for every door. Not for the order of steps: core/lifecycle.h.
 *
 *  A1  What the table does not allow is refused, whoever asks.
 *  A2  A ticket is visible to those whose role may read it in a scope that holds it; to all others there is no such ticket.
 *  A3  OWN: a unit below mine takes part, or mine does. PLACE: OWN, and tickets whose place lies in my unit. SOURCE: tickets
 *      that came from the source I speak for. ALL: every ticket.
 *  A4  The command centre and the district stand above every unit.
 *  A5  For a unit that nobody staffs the nearest staffed unit above it acts; not a district, which only watches (L47).
 *  A6  The three administrators are apart: none of them acts on or reads tickets.
 *  A7  A file of a sensitive ticket or of a confidential requester is given to the centre, to the source and to who has a
 *      part in it now, and each time is audited; any other file to who may read the ticket. */
#ifndef CORE_ACCESS_H
#define CORE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/access.def"
#include "core/world.h"
#include "proto/messages.h"

#define RELATION_ENUM_ITEM(bit, name, text, zh, en) name = 1 << bit,
enum relation { RELATIONS(RELATION_ENUM_ITEM) };
#define RELATION_COUNT_ITEM(bit, name, text, zh, en) +1
enum { RELATION_COUNT = 0 RELATIONS(RELATION_COUNT_ITEM) };

/* An enum command_name is an action too, under its own number. */
#define ACTION_ENUM_ITEM(number, name, text, zh, en) name = number,
enum action { ACTIONS(ACTION_ENUM_ITEM) ACTION_COUNT };

enum scope { SCOPE_NONE, SCOPE_OWN, SCOPE_PLACE, SCOPE_SOURCE, SCOPE_ALL };

/* SCOPE_NONE for what the table does not know. */
enum scope access_scope(int role, int action);
/* `relations`: bits of enum relation, from access_ticket or access_unit. */
bool access_allowed(int role, int action, uint32_t relations);

/* How the principal stands to the ticket. RELATION_LEAD and _ASSIST are of assignments that it may act in (A5), ended ones
 * of a lead that answered included; RELATION_TOOK_PART of all others that its unit had. */
uint32_t access_ticket(const struct world *world, const struct ticket *ticket, const struct principal *by);
/* How it stands to a unit (queues, figures): OWNER when it is its own, ABOVE when it lies below, CENTRE as for tickets. */
uint32_t access_unit(const struct world *world, uint32_t unit, const struct principal *by);
/* How it stands to a request's source: SOURCE when it speaks for it. */
uint32_t access_source(uint32_t source, const struct principal *by);
/* Whether `by` may act as `unit`: it is its own, or unstaffed and `by` is of the nearest staffed unit above that works (A5, L47). */
bool access_acts_for(const struct world *world, uint32_t unit, const struct principal *by);

/* For documents, tests and screens; static. */
struct access_word {
    int value; /* action number, or relation bit */
    const char *name, *text, *zh, *en;
};
const struct access_word *access_actions(size_t *ret_count); /* without the commands: those are word set command_name */
const struct access_word *access_relations(size_t *ret_count);
const char *access_scope_text(enum scope scope); /* "none", "own", "place", "source", "all" */

#endif
