/* The table of legal steps (core/lifecycle.def) as data: looked up by core/ticket.c, printed by tools/docs.c, walked by tests.
 * Not for deciding: when and guard are evaluated by ticket_decide alone. */
#ifndef CORE_LIFECYCLE_H
#define CORE_LIFECYCLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/access.h"
#include "core/lang.h"
#include "core/lifecycle.def"
#include "proto/words.h"

#define WHEN_ENUM_ITEM(name, zh, en) WHEN_##name,
enum when { WHENS(WHEN_ENUM_ITEM) WHEN_COUNT };
#define GUARD_ENUM_ITEM(name, zh, en) GUARD_##name,
enum guard { GUARDS(GUARD_ENUM_ITEM) GUARD_COUNT };

/* Sets of states as bits 1 << enum state; bit 0 is "there is no ticket yet". */
enum {
    LIFECYCLE_NOTHING = 1,
    LIFECYCLE_IN_OPEN = LIFECYCLE_IN(RECEIVED) | LIFECYCLE_IN(INCOMPLETE) | LIFECYCLE_IN(TRIAGE) |
                        LIFECYCLE_IN(OFFERED) | LIFECYCLE_IN(DISPUTED) | LIFECYCLE_IN(HANDLING) |
                        LIFECYCLE_IN(SUSPENDED) | LIFECYCLE_IN(CHECK) | LIFECYCLE_IN(CALLBACK),
    LIFECYCLE_IN_ASSISTED = LIFECYCLE_IN(TRIAGE) | LIFECYCLE_IN(OFFERED) | LIFECYCLE_IN(DISPUTED) |
                            LIFECYCLE_IN(HANDLING), /* assists work on while the lead changes */
    LIFECYCLE_IN_ANY = LIFECYCLE_IN_OPEN | LIFECYCLE_IN(CLOSED) | LIFECYCLE_IN(VOID) | LIFECYCLE_IN(DECLINED) |
                       LIFECYCLE_IN(MERGED) | LIFECYCLE_IN(TRANSFERRED),
};

struct lifecycle_row {
    uint16_t from;   /* set of states */
    uint8_t command; /* enum command_name */
    uint8_t to;      /* enum state; 0: it stays */
    uint8_t event;   /* enum event_type */
    uint8_t when;    /* enum when */
    uint8_t guard;   /* enum guard */
    uint16_t who;    /* bits of enum relation; 0: the other ticket's side, nobody asks for it */
};

/* All rows in the table's order. */
const struct lifecycle_row *lifecycle_rows(size_t *ret_count);
/* The next row after `after` (NULL: the first) of this state (0: no ticket) and command, or NULL. */
const struct lifecycle_row *lifecycle_next(const struct lifecycle_row *after, int from, int command);
/* Whether an event of this type, caused by this command, may lead from one state to the other: for replay and verify. */
bool lifecycle_legal(int from, int command, int event, int to);
/* Whether tickets in this state are open: an owner has something to do. */
bool lifecycle_is_open(int state);
/* Commands that have a row in this state, as bits 1 << enum command_name. */
uint64_t lifecycle_commands(int state);

/* Rule L48: whether an event of this type is what tells the requester the public answer. */
bool lifecycle_tells_answer(int event);

/* Texts for documents and screens; "" for ALWAYS and NONE. Static. */
const char *lifecycle_when_say(enum when when, enum lang lang);
const char *lifecycle_guard_say(enum guard guard, enum lang lang);

#endif
