/* What core/ticket*.c share: a decision under way, and small questions about a ticket. Not for others: they include
 * core/ticket.h. */
#ifndef CORE_TICKET_INNER_H
#define CORE_TICKET_INNER_H

#include "core/clock.h"
#include "core/lifecycle.h"
#include "core/ticket.h"

/* One command being decided. Events go into step; `ticket` is the ticket as of all of them but the last. */
struct decision {
    const struct world *world;
    const struct command *command; /* NULL: asking what is possible; what depends on its fields counts as satisfied */
    const struct ticket *other;
    struct principal by; /* changes to the system for the events that follow from the first */
    uint32_t relations;
    uint8_t cause; /* enum command_name */
    time_ms now;
    int64_t id, new_id;
    const struct ticket *ticket; /* all zero when there is none yet */
    const struct lifecycle_row *row;
    const struct assignment *mine; /* the assist assignment acted in, for rows of ASSIST */
    int slot;                      /* COMMAND_TIMER: the clock that is due, see earliest_clock */
    uint32_t pressed;              /* the unit whose clock reached a rung */
    struct step *step;
    struct ticket *work; /* room for `ticket` once an event was folded in */
    bool pending;        /* the last event is not folded in yet */
    bool follows;        /* the present row is the own step of the system, because of what the command did */
};

/* A matter's terms for the clocks of a ticket. */
struct terms {
    const struct matter *matter;
    uint16_t policy;
    uint8_t urgency;
};

/* ---- core/ticket_choose.c, core/ticket_guards.c, core/ticket_fit.c ---- */

/* The row that this state, command and principal select, with guards held: d->row and d->mine are set. Or the refusal. */
enum verdict ticket_choose(struct decision *d, enum command_name command);

/* The row of the other ticket's side, which nobody asks for: d->ticket is that other one. NULL: none in its state. */
const struct lifecycle_row *ticket_choose_echo(const struct decision *d, enum command_name command);

/* What the row's guard says. */
enum verdict ticket_guard(const struct decision *d, int guard);
/* Whether the command carries a route to a unit that takes this ticket. */
bool ticket_route_fits(const struct decision *d);
/* The assist that a command names by number or by unit, open or ended; NULL: none. */
const struct assignment *ticket_named_assist(const struct decision *d);

/* ---- core/ticket_cards.c ---- */

/* NULL: there is none with this number, or it went for want of room. */
const struct card *ticket_card(const struct ticket *ticket, uint16_t no);
/* The card that d->command, an appeal or a judgement, is about; or why it cannot be (L45). With d->command NULL: whether there is any. */
enum verdict ticket_fit_card(const struct decision *d, const struct card **ret_card);
/* Folds what the event says of a card. */
void ticket_apply_card(struct ticket *ticket, const struct event *event);
/* As ticket_check, of the cards alone. */
const char *ticket_check_cards(const struct ticket *ticket);

/* ---- core/ticket_follow.c ---- */

/* The first thing of an open ticket that stands with a unit which was closed, and where it goes (L43). */
struct stray {
    enum { STRAY_LEAD, STRAY_ASSIST, STRAY_CHECKER, STRAY_SUPERVISION } kind;
    const struct assignment *assignment; /* of lead and assist */
    uint32_t unit, heir;                 /* the closed one; who has it from now on, 0: nobody */
    bool as_it_stands;
};
bool ticket_stray(const struct world *world, const struct ticket *ticket, struct stray *ret_stray);

/* ---- core/ticket_acts.c, core/ticket_acts_work.c: what a step does; appends its event and those that follow ---- */

void ticket_act(struct decision *d);
/* Folds the last event into d->ticket, so that what comes next is decided on the ticket as it then is. */
void ticket_settle(struct decision *d);

/* ---- core/ticket_parts.c ---- */

bool assignment_is_open(const struct assignment *a);
/* Called by a whistle, it came and answered, and has no score yet (L28). */
bool assignment_owes_score(const struct assignment *a);
/* The present lead, also when it answered, returned or was released; NULL before the first dispatch. */
const struct assignment *ticket_lead(const struct ticket *ticket);
const struct assignment *ticket_assignment(const struct ticket *ticket, uint8_t no);
/* The open assignment of a unit, or NULL. */
const struct assignment *ticket_assignment_of(const struct ticket *ticket, uint32_t unit);
uint32_t ticket_open_assists(const struct ticket *ticket);
/* Whether it is with no unit yet, or with none any more: matter and place may still be set by a supplement (L31). */
bool ticket_is_looking(const struct ticket *ticket);
/* Rule L46: whether the unit returned it and that return was accepted. */
bool ticket_was_returned_by(const struct ticket *ticket, uint32_t unit);
/* Who must answer for the ticket now: the lead's unit while it has it, else the owner. */
uint32_t ticket_responsible(const struct ticket *ticket);
/* The clock in a slot, or NULL. */
const struct clock *ticket_clock(const struct ticket *ticket, int slot);
/* The slot whose `next` comes first, or -1; *ret_at its time. Ties go to the lower slot. */
int ticket_earliest_clock(const struct ticket *ticket, time_ms *ret_at);
struct terms ticket_terms(const struct world *world, const struct ticket *ticket);
struct terms ticket_terms_of(const struct world *world, uint32_t matter, uint8_t urgency);
/* The round of callbacks a ticket is in: work that came back begins a new one (rule L40). Never 0. */
uint8_t ticket_round(const struct ticket *ticket);
/* Whether every request it answers has been called back in this round: its own and those merged into it. */
bool ticket_all_called_back(const struct ticket *ticket);
/* Whether it is at callback, all are called back, and the centre, whose turn it is, owes no reply (L26). */
bool ticket_may_close(const struct world *world, const struct ticket *ticket);
/* Whether the unit did some of the work that is to be checked. */
bool ticket_took_part(const struct ticket *ticket, uint32_t unit);
/* Rule L11: who checks the work of `handler`, which a person of `actor` says is done (0: nobody in particular; for a unit that nobody
 * staffs the one above acts, A5). Never 0. */
uint32_t ticket_checker(const struct world *world, const struct ticket *ticket, uint32_t handler, uint32_t actor);
/* Rule L17: the unit that takes what `unit` cannot solve; 0: none, the centre dispatches. */
uint32_t ticket_level_above(const struct world *world, const struct ticket *ticket, uint32_t unit);

#endif
