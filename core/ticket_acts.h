/* Making events, shared by core/ticket_acts*.c. Not for others. */
#ifndef CORE_TICKET_ACTS_H
#define CORE_TICKET_ACTS_H

#include "core/ticket_inner.h"

/* The next event of the step, with head, state and owner as d->row says; earlier ones are folded into d->ticket. */
struct event *act_event(struct decision *d);
/* The command's texts, on the event it asked for, not on those that follow from it. */
void act_texts(const struct decision *d, struct event *e);
void act_clock(struct event *e, int slot, struct clock clock);
/* A clock by the ticket's matter and urgency. */
struct clock act_start(const struct decision *d, enum stage stage, uint32_t unit, time_ms at, time_ms now);
/* Assists `first_no`, `first_no` + 1, ... with both their clocks. */
void act_assists(const struct decision *d, struct event *e, const uint32_t *units, uint32_t count, int first_no,
                 enum stage first_stage);
/* A step of the system's own, because of what just happened. */
void act_follow(struct decision *d, enum command_name command);

/* The ticket comes to the centre, whose clock for this state begins now. */
struct event *act_to_centre(struct decision *d, enum stage stage);
/* Fills an event that gives the ticket to `unit` as its new lead. */
void act_offer(const struct decision *d, struct event *e, uint32_t unit);
/* Every request is called back by itself; when all are done and the centre owes no reply, the ticket that answers them closes (rules
 * L19, L26, L40). */
void act_close_when_done(struct decision *d);
/* core/ticket_follow.c */
void act_followed(struct decision *d);

typedef void (*act_function)(struct decision *d);
/* What happens inside handling: core/ticket_acts_work.c. NULL: not there. */
act_function act_work(int event);

#endif
