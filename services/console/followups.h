/* Follow-up messages: what a source says later about a request of its own, by its own number. A message is kept first and done then,
 * each once: followups.c takes and shows them, followups_work.c gives them to the router as commands, in the order of their arrival,
 * as soon as the request is there (and, of a rating, as soon as the ticket stands at its callback). Which step that is and whether it
 * is legal stays core's decision; a refusal is kept with its rule. */
#ifndef CONSOLE_FOLLOWUPS_H
#define CONSOLE_FOLLOWUPS_H

#include "services/console/call.h"

void followups_post(struct call *call); /* POST /followups */
void followups_get(struct call *call);  /* GET /followups */

/* ---- one message, for other doors that take them: seal, add to a transaction as its last statements, see what became of it */

struct followup_said {
    uint32_t source;
    const char *external_id, *message_id, *kind, *note;
    bool solved, satisfied;
    struct principal by;
    uint8_t content[CRYPTO_HASH_BYTES]; /* followup_seal's */
};
enum followup_taken {
    FOLLOWUP_NEW,
    FOLLOWUP_SAME,   /* it was taken before */
    FOLLOWUP_OTHER,  /* the id was used with other content */
    FOLLOWUP_UNCLEAR /* somebody else is committing it at this moment */
};
void followup_seal(struct call *call, struct followup_said *said);
void followup_add(struct call *call, const struct followup_said *said);
/* Of the reply to a group of nothing but followup_add. */
enum followup_taken followup_taken(const struct db_reply *reply, const struct followup_said *said);

struct followups;
struct followups *followups_new(struct console *console);
/* After the pool. */
void followups_free(struct followups **followups);
/* Often: gives what may be done to the router. */
void followups_tick(struct followups *followups);
/* Somebody left a message: look at once. */
void followups_wake(struct followups *followups);
/* A reply from the bus. False: it is not to one of these. */
bool followups_on_reply(struct followups *followups, int64_t id, const struct reply *reply);

#endif
