/* What a request has heard: the public answer, and how its callback went. Each request has its own callback; a merged one has the
 * leading ticket's answer (rules L14, L22, L40). Never the internal note. */
#ifndef CONSOLE_REQUEST_ANSWER_H
#define CONSOLE_REQUEST_ANSWER_H

#include "services/console/call.h"

/* $1 the request's number; or $1 source, $2 its own id. */
extern const struct db_statement ANSWERS_OF, ANSWERS_OF_OWN_ID;

/* "answer" and "callback", null as long as there is none. */
void put_answer_and_callback(struct json_writer *w, struct call *call, const struct db_result *rows);

#endif
