/* Tickets and what belongs to them as JSON for people: codes with their names in both languages, times with offset. */
#ifndef CONSOLE_TICKET_JSON_H
#define CONSOLE_TICKET_JSON_H

#include "common/json_writer.h"
#include "core/ticket.h"
#include "services/kit/reference.h"

/* "key": {"code", "name": {"zh", "en"}}, or null for 0. */
void put_unit(struct json_writer *w, const char *key, const struct reference *reference, uint32_t unit);
void put_matter(struct json_writer *w, const char *key, const struct reference *reference, uint32_t matter);
/* "key": {"code", "zh", "en"}, or null for 0. */
void put_word(struct json_writer *w, const char *key, enum word_set set, int value);
void put_names(struct json_writer *w, const char *key, const char *zh, const char *en); /* {"zh", "en"} */
void put_ticket_number(struct json_writer *w, const char *key, int64_t ticket);         /* null for 0 */
void put_request_number(struct json_writer *w, const char *key, int64_t request);

/* How core's sentences name units, matters and rules. Good as long as `reference` is. */
struct routing_names reference_names(const struct reference *reference);

/* A ticket's body as stored. False: it cannot be read (logged). Texts point into the bytes. */
bool ticket_of_body(const uint8_t *body, size_t len, struct ticket *ret_ticket);

/* The members every list shows, into an object that is open. title may be NULL. */
void put_ticket_row(struct json_writer *w, const struct reference *reference, const struct ticket *ticket,
                    const char *title, time_ms now);

/* "possible": commands the principal may give now, with their words. */
void put_possible(struct json_writer *w, const struct reference *reference, const struct ticket *ticket,
                  const struct principal *by, time_ms now);

#endif
