/* What anybody may ask without an account: how far a request is, by its number and the last four digits of the phone it was made with;
 * and, opened the same way, to say more or whether it is solved. Shown are the stage in plain words and the public answer; never
 * tickets, units' notes, other people's requests, or that a request was merged. Whether a number exists is not told: a wrong number
 * and wrong digits get the same answer, at the same time after the question. Pushing is intake's (services/intake/pushers.h). */
#ifndef CONSOLE_PUBLIC_H
#define CONSOLE_PUBLIC_H

#include "services/console/call.h"

void public_progress_post(struct call *call);  /* POST /public/progress */
void public_followups_post(struct call *call); /* POST /public/followups */
void public_district_get(struct call *call);   /* GET /public/district: what the form needs */

/* ---- shared by public*.c */

enum { PUBLIC_FOLLOWUPS_MAX = 20 };

struct public_asked {
    call_done *then;
    int64_t request;
    char number[24], address[64], digits[8];
    void *self;
};

/* Reads `number` and `digits` of the body; message_id: of what is to be said, "" when nothing is; `then` gets the rows once the digits fit (call->self is the struct public_asked), else the
 * answer was given. Reaches past every scope from here on: nothing but what belongs to this request may be asked or told. */
void public_enter(struct call *call, const struct cJSON *tree, const char *message_id, call_done *then);

/* results of the group `then` gets */
enum { PUBLIC_REQUEST = 1, PUBLIC_TICKET, PUBLIC_ANSWERS, PUBLIC_QUESTION, PUBLIC_FOLLOWUPS };
/* and columns of the last: messages left this way, ratings of these that wait, those under message_id */
enum { PUBLIC_COUNT, PUBLIC_RATINGS, PUBLIC_SAME };

#endif
