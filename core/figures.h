/* Figures: a pure fold of events into counters, so that anybody can recompute them from the log. One struct per unit (with
 * everything below it) and period, or any finer cell of matter and channel; adding structs adds cells that do not overlap.
 * Which counters and rates there are is core/figures.def; how they are weighed is core/score.h; which rules they follow is
 * docs/rules.md, F. Not for storing (services/kit/tally.h).
 *
 *  F1  received = closed + left + in progress; left is 0 for the whole district (unit 0).
 *  F2  A ticket counts for a unit while its lead lies in the unit's subtree: received when it comes in, left when it goes to
 *      another (return, pass up, redispatch), closed when it ends there. A reopened ticket is in progress again.
 *  F3  supervised is a part of in progress.
 *  F4  A rate is `hit` of `of`; where nothing could hit there is no rate. Returns, reworks, extensions and whistles are per
 *      ticket received; a ticket may have several.
 *  F5  On time: the step came at or before the due time of its clock; closing: at or before the ticket's whole limit. A return
 *      in time is an answer in time. Finishing without ever having contacted the requester is a contact missed.
 *  F6  Solved and satisfied are of callbacks that reached somebody.
 *  F7  Time in a state is added when the ticket goes on to another owner or state; a stay is counted when the state ends.
 *  F8  A withdrawn card stays in history and is subtracted, once, from the cards of the unit it was given to; a reminder is no card.
 *  F9  What happened counts on its own day, in city time. A later correction counts on the day it is made.
 *  F10 A ticket counts under the matter it has then. When its matter changes, it moves: one less under the old, one more under
 *      the new.
 *  F11 Figures go by the organisation as it stands now. */
#ifndef CORE_FIGURES_H
#define CORE_FIGURES_H

#include "core/figures.def"
#include "core/world.h"
#include "proto/messages.h"

#define FIGURES_COUNTER_ENUM(NAME, name, zh, en) FIGURE_##NAME,
enum figure { FIGURE_NONE, FIGURES_COUNTERS(FIGURES_COUNTER_ENUM) FIGURE_COUNT };
#define FIGURES_RATE_ENUM(NAME, ...) RATE_##NAME,
#define FIGURES_RATE_NO_SUM(...)
enum rate { RATE_NONE, FIGURES_RATES(FIGURES_RATE_ENUM, FIGURES_RATE_NO_SUM) RATE_COUNT };

struct figures {
    int64_t n[FIGURE_COUNT]; /* by enum figure; [0] stays 0 */
};

struct figure_rate {
    int64_t of, hit;
};

enum { FIGURES_SUM_MAX = 3, FIGURES_SCOPES_MAX = 128 };

struct figure_row {
    const char *name, *zh, *en;
};
struct rate_row {
    const char *code, *zh, *en, *formula_zh, *formula_en;
    uint8_t numerator[FIGURES_SUM_MAX], denominator[FIGURES_SUM_MAX]; /* enum figure */
    uint8_t version;
    int8_t better; /* 1 more is better, -1 less is, 0 neither */
};
/* By enum figure, by enum rate; static. [0] is empty. */
const struct figure_row *figures_counter(int figure);
const struct rate_row *figures_rate_row(int rate);
/* Whether it is a share, of which the rest was missed. Returns, reworks, extensions and whistles are counted per ticket received (F4)
 * and may pass 1. */
bool figures_rate_is_share(int rate);
/* RATE_NONE when there is none of this code. */
enum rate figures_rate_by_code(const char *code, size_t length);

/* Adds what one event means for `unit` and everything below it (0: the whole district). `before` is the ticket before the
 * event (zeroed for its first), `after` the ticket after ticket_apply. */
void figures_fold(struct figures *figures, const struct world *world, uint32_t unit, const struct ticket *before,
                  const struct ticket *after, const struct event *event);
/* Rule F10: the ticket as it was before the event goes over from one cell of the same unit to another. */
void figures_move(struct figures *from, struct figures *to, const struct world *world, uint32_t unit,
                  const struct ticket *before);
/* Units for which figures_fold may say anything about this event: 0 first, then leads' and others' with all above them, but for
 * the centre and the district, which are the whole. At most FIGURES_SCOPES_MAX; returns how many. */
size_t figures_scopes(const struct world *world, const struct ticket *before, const struct ticket *after,
                      const struct event *event, uint32_t ret_units[FIGURES_SCOPES_MAX]);

void figures_add(struct figures *figures, const struct figures *more);
int64_t figures_in_progress(const struct figures *figures);
struct figure_rate figures_rate(const struct figures *figures, int rate);
/* Tenths of a percent, rounded half up; -1 when there is no rate (F4). */
int32_t figures_permille(struct figure_rate rate);
/* F1 and F3. */
bool figures_hold(const struct figures *figures);
/* F8, of a unit's whole log: no more cards withdrawn than given. A day or a matter alone may have more. */
bool figures_cards_hold(const struct figures *figures);

#endif
