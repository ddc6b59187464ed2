/* The public answer: which text of a ticket's events it is, and which event tells it to the requester's side (rule L48). It stands in
 * what ended the work; with a review inside the unit (rule L41) it may stand in what was asked before, and what was agreed to afterwards
 * says no more than yes. The one home for all that tell it: a request's own page, webhooks, polling, Open311. */
#ifndef KIT_ANSWER_H
#define KIT_ANSWER_H

#include <stddef.h>

#include "proto/messages.h"

struct answer_search {
    bool ended;
    uint8_t result;
};

/* Given a ticket's events from the newest on, of `declined`, `finished`, `finish_asked` and `outside_answered`: true when this one's text
 * is the answer; search->result is how the work ended then (enum result; 0: not said). Begin with a zeroed search. */
bool answer_look(struct answer_search *search, int type, const struct effect *effect);

/* What passed its check: the encoded effects of the `finished` and the `finish_asked` before it (SQL answer_before), borrowed. */
struct answer_bodies {
    const uint8_t *at[2];
    size_t len[2]; /* 0: there is none */
};

/* The answer that an event tells the requester's side. False: none, by rule L48 or because nothing was said. ret_text lies in the
 * event or in the bodies; ret_result 0: not said. */
bool answer_told(int type, const struct effect *effect, const struct answer_bodies *before, struct text *ret_text,
                 uint8_t *ret_result);

#endif
