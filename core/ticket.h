/* The life of a ticket as three pure functions: decide says which events a command causes or why it is refused, apply folds
 * one event into the ticket, next says whose turn it is, until when, and to do what. Time, world and principal are arguments;
 * nothing here reads a clock, allocates or does I/O. Which step is legal is core/lifecycle.def; who may do it core/access.def;
 * every refusal is a row of core/verdict.def and names its rule of docs/rules.md. */
#ifndef CORE_TICKET_H
#define CORE_TICKET_H

#include "core/routing.h"
#include "core/verdict.h"
#include "core/world.h"
#include "proto/messages.h"

/* Values of ticket.asked: what waits for approval. */
enum { TICKET_ASKED_EXTENSION = 1, TICKET_ASKED_SUSPENSION = 2, TICKET_ASKED_FINISH = 3 };

/* What one command causes, in order. Events about the ticket commanded have `ticket` = its id; those of a merge or split
 * about the other one carry the other's id. seq, shard and epoch are left 0: the router sets them. texts are borrowed from
 * the command. */
struct step {
    uint16_t count;
    struct event events[STEP_EVENTS_MAX];
};

/* Decides one command at `now`. Returns VERDICT_OK and fills *ret_step (its `count` events; the rest is left as it was), or a
 * refusal and leaves *ret_step alone. Same arguments, same answer. `now` before the ticket's last event is taken as that
 * event's time (rule L36).
 *   ticket   NULL for COMMAND_RECEIVE
 *   other    the other ticket: of merge the leading one to be (command->other), of unmerge and of a callback on a merged ticket
 *            the leading one (ticket->merged_into), open or closed; else NULL. NULL where it is needed: refused
 *   new_id   the number for a ticket the command creates (receive, split); an unused one does no harm
 *   command  `route` is routing's decision for receive and for a supplement of what is not yet dispatched, zero otherwise.
 *            A generation is read for COMMAND_TIMER alone
 * Not visible comes before not yours, not yours before a stale version, then the step itself: not legal now, not yours in this
 * state, and what its guard demands. What follows from a step (dispatch after receipt, closing after a solved callback, a
 * supervision after a red card) is in the same *ret_step as events of the system, each with its own row of the table (L4).
 * A step may hold events of two tickets; versions run per ticket. */
enum verdict ticket_decide(const struct world *world, const struct ticket *ticket, const struct ticket *other,
                           const struct command *command, int64_t new_id, time_ms now, struct step *ret_step);

/* Folds one event; *ticket is zeroed for EVENT_RECEIVED by the caller. Must be given the ticket's own next event: version
 * is checked with must(). After it ticket_check holds. Needs neither world nor calendar: what was decided stands in the event.
 * A state's clock and an ended assignment's clocks end without a clock_set of their own. The list of assignments holds open ones,
 * the present lead, and ended assists until their room is needed; a lead that was followed by another is gone from it. */
void ticket_apply(struct ticket *ticket, const struct event *event);

/* The promise of product.md: one owner, one next deadline, one next action. Zero for a ticket that is not open, but
 * armed may be set (a closed ticket has none). */
struct next {
    uint32_t owner;
    uint8_t action; /* enum next_action */
    uint8_t stage;  /* the stage whose limit `due` is */
    time_ms due;    /* the owner's next deadline; a deadline that has passed stays until the stage ends */
    time_ms yellow; /* when its light turns yellow */
};
struct next ticket_next(const struct ticket *ticket);

bool ticket_is_open(const struct ticket *ticket);
enum light ticket_light(const struct next *next, time_ms now);

/* The invariant every apply keeps (I3): NULL, or a sentence saying what is broken. Used by the simulator after each step
 * and by `paidan verify`. */
const char *ticket_check(const struct world *world, const struct ticket *ticket);

/* The live-queue row of a ticket; events, last_seq and created are left for the router to fill. */
void ticket_change(const struct ticket *ticket, struct change *ret_change);

/* Commands that are legal now for this principal, as a bit set by enum command_name (buttons, and the "what is possible"
 * of a 409). Guards that depend on the command's fields are taken as satisfied. */
uint64_t ticket_possible(const struct world *world, const struct ticket *ticket, const struct principal *by,
                         time_ms now);

/* Rule R17: whether changed rules may take the ticket to `unit`, by its own state. OK, or why not. The preview and the step itself
 * ask this same question. */
enum verdict ticket_may_reroute(const struct ticket *ticket, uint32_t unit);

/* The closed unit that something of an open ticket stands with: COMMAND_FOLLOW then moves it (L43). 0: none. */
uint32_t ticket_strays(const struct world *world, const struct ticket *ticket);

/* The cards that stand, with number, rung, unit and stage, commas between; "" when none does. Names are looked up by the caller's
 * function. Returns the length written, cut at a whole character when `size` is too small. */
size_t ticket_cards_say(const struct ticket *ticket, const struct routing_names *names, enum lang lang, char *ret_text,
                        size_t size);

/* Whether the principal may see the ticket (list, read); see core/access.def. */
bool ticket_visible(const struct world *world, const struct ticket *ticket, const struct principal *by);

/* Of a file: what it came with. */
enum ticket_file {
    TICKET_FILE_REQUEST,
    TICKET_FILE_CONFIDENTIAL /* request of a confidential requester */,
    TICKET_FILE_STEP
};

/* Whether a file that came with the ticket or one of its requests may be given to the principal (rule A7): who sees the ticket, but of
 * a sensitive ticket or a confidential requester only the centre, the source and who has a part in it now. What came with a step is
 * between the units, as its note is: no source gets it, whoever sent it excepted, which is the caller's to know. */
bool ticket_shows_files(const struct world *world, const struct ticket *ticket, enum ticket_file file,
                        const struct principal *by);

#endif
