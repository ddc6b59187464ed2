/* What a request has heard: the public answer, and how its callback went. Each request has its own callback; a merged one has the
 * leading ticket's answer (rules L14, L22, L40), once it is told (L48). Never the internal note. */
#ifndef CONSOLE_REQUEST_ANSWER_H
#define CONSOLE_REQUEST_ANSWER_H

#include "services/console/call.h"

/* $1 the request's number; or $1 source, $2 its own id. */
extern const struct db_statement ANSWERS_OF, ANSWERS_OF_OWN_ID;

/* Of answers_of_request(...) a, for a statement of one's own; the request's number may stand in column ANSWERS_REQUEST behind them. */
#define ANSWER_COLUMNS                                                                                                 \
    "a.seq, a.shard, a.epoch, a.ticket, a.version, a.at, a.type, a.cause, a.user_id, a.role, a.unit, a.body"
enum { ANSWERS_REQUEST = 12 };

/* The public answer among rows from..to-1, which belong to one request. False: none yet. */
bool request_answer_find(const struct db_result *rows, int from, int to, struct event *ret_event);

/* "answer" and "callback", null as long as there is none. */
void put_answer_and_callback(struct json_writer *w, struct call *call, const struct db_result *rows);

#endif
