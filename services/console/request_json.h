/* Requests as JSON: what was said, with the person masked. Unmasking is requests.c's, and audited. */
#ifndef CONSOLE_REQUEST_JSON_H
#define CONSOLE_REQUEST_JSON_H

#include "services/console/call.h"

/* Columns of a request, for `SELECT ` REQUEST_COLUMNS ` FROM request r`. */
#define REQUEST_COLUMNS                                                                                                \
    "r.id, r.source, r.external_id, r.channel, r.received_at, coalesce(r.occurred_at, 0), r.matter, r.matter_given, "  \
    "r.urgency, r.title, r.description, r.lon, r.lat, r.address, r.place, r.place_by, r.confidential, r.name_sealed, " \
    "r.phone_sealed, r.document_sealed, attachments_shown(r.id, r.attachments)::text"
enum {
    REQUEST_COLUMN_COUNT = 21,
    REQUEST_SOURCE = 1,
    REQUEST_OWN_ID = 2,
    REQUEST_RECEIVED = 4,
    REQUEST_TITLE = 9,
    REQUEST_DESCRIPTION = 10,
    REQUEST_CONFIDENTIAL = 16
};

/* Members of one request into an object that is open. shows_person: whether even the masked person may be shown (false for who
 * must not know a confidential requester). */
void put_request(struct json_writer *w, struct call *call, const struct db_result *rows, int row, bool shows_person);

/* "location": {...}, or null when nothing is known. */
void put_location(struct json_writer *w, struct call *call, const struct db_result *rows, int row);

/* Opens one sealed column into ret_plain (NUL-terminated). False: nothing there, or no key. */
enum { PERSON_BYTES_MAX = 512 };
bool request_unseal(struct call *call, const struct db_result *rows, int row, int column,
                    char ret_plain[PERSON_BYTES_MAX], size_t *ret_len);
enum { REQUEST_NAME_SEALED = 17, REQUEST_PHONE_SEALED = 18, REQUEST_DOCUMENT_SEALED = 19 };

#endif
