/* Who pushes over HTTP, and what may be said that way. A program says whom it speaks for by its token; a person who is signed in
 * (the phone, /m) speaks for the sources of its own kind: a grid worker for those of the channel grid, other units for those of the
 * channel unit; a resident needs no account and speaks for resident_source only. Not for what was said (said.h). */
#ifndef INTAKE_PUSHERS_H
#define INTAKE_PUSHERS_H

#include "common/http.h"
#include "services/intake/keys.h"
#include "services/intake/said.h"

struct intake;
struct cJSON;

enum pusher_kind { PUSHER_PROGRAM, PUSHER_PERSON, PUSHER_RESIDENT };

struct pusher {
    enum pusher_kind kind;
    struct bearer bearer; /* a person's or resident's as if it had a token for its sources */
    struct push_key key;
};

typedef void push_handler(struct intake *in, struct http_request *http, const struct pusher *who);

/* Calls push, now or later, or the request was answered. people: whether a session will do as well as a token. */
void pushers_find(struct intake *in, struct http_request *http, bool people, push_handler *push);
void pushers_resident(struct intake *in, struct http_request *http, push_handler *push);

/* Before it is read: adds the source a person or resident need not name, and finds at fault what is not theirs to say. */
void pusher_prepare(const struct pusher *who, const struct reference *reference, struct cJSON *tree,
                    struct said_faults *faults);
/* Once it is read: what must be known of a resident, so that the answer finds its way back. */
void pusher_check(const struct pusher *who, const struct said *said, struct said_faults *faults);

#endif
