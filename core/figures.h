/* Figures: a pure fold of events into counters, so that anybody can recompute them from the log. One struct per unit (with
 * everything below it) and period; adding structs adds periods or units that do not overlap.
 *
 *  F1  received = closed + left + in progress; left is 0 for the whole district (unit 0).
 *  F2  A ticket counts for a unit while its lead lies in the unit's subtree: received when it comes in, left when it goes to
 *      another (return, pass up, redispatch), closed when it ends there. A reopened ticket is in progress again.
 *  F3  supervised is a part of in progress.
 *  F4  A rate is `hit` of `of`; where nothing could hit there is no rate. Returns, reworks and extensions are per ticket
 *      received; a ticket may have several.
 *  F5  On time: the step came at or before the due time of its clock; closing: at or before the ticket's whole limit. A return
 *      in time is an answer in time. Finishing without ever having contacted the requester is a contact missed.
 *  F6  Solved and satisfied are of callbacks that reached somebody.
 *  F7  Time in a state is added when the ticket goes on to another owner or state; a stay is counted when the state ends.
 *  F8  A withdrawn card stays in history and is subtracted from the cards; a reminder is no card. */
#ifndef CORE_FIGURES_H
#define CORE_FIGURES_H

#include "core/world.h"
#include "proto/messages.h"

struct figure_rate {
    int64_t of, hit;
};

struct figures {
    int64_t received, closed, left, in_progress, supervised;
    struct figure_rate sign_on_time, contact_on_time, finish_on_time, close_on_time;
    struct figure_rate solved, satisfied;            /* of callbacks that reached somebody; of solved ones */
    struct figure_rate returned, reworked, extended; /* of tickets received: returns, reworks, extensions granted */
    struct figure_rate arrived_on_time;              /* of whistled departments that arrived */
    int64_t ended[STATE_COUNT];                      /* closed, by the state they ended in */
    int64_t closed_at[UNIT_KIND_COUNT]; /* CLOSED, by kind of the unit that did the work (就地化解率) */
    int64_t rungs[RUNG_COUNT], cards_withdrawn[RUNG_COUNT];
    int64_t fallbacks; /* rungs that found nobody and went to the duty desk */
    int64_t urged, supervisions, replies;
    struct {
        int64_t stays, total_ms;
    } time_in[STATE_COUNT];
};

/* Adds what one event means for `unit` and everything below it (0: the whole district). `before` is the ticket before the
 * event (zeroed for its first), `after` the ticket after ticket_apply. */
void figures_fold(struct figures *figures, const struct world *world, uint32_t unit, const struct ticket *before,
                  const struct ticket *after, const struct event *event);
void figures_add(struct figures *figures, const struct figures *more);
/* Tenths of a percent, rounded half up; -1 when there is no rate (F4). */
int32_t figures_permille(struct figure_rate rate);
/* F1 and F3. */
bool figures_hold(const struct figures *figures);

#endif
