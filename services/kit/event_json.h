/* An event as outside systems are told of it: one CloudEvents 1.0 JSON object under an id that never changes. The one maker for all
 * ways out: what a webhook carries (services/notification) and what is fetched by polling (services/console) are the same bytes. Not
 * for people's screens (console's ticket_history.c) nor for the bus (gateway_events.c). */
#ifndef KIT_EVENT_JSON_H
#define KIT_EVENT_JSON_H

#include "common/buffer.h"
#include "services/kit/answer.h"
#include "services/kit/reference.h"

/* request 0: told to a unit, with the internal note. Else told to the source of that request, with its number and the source's own. */
struct event_row {
    uint16_t shard;
    int64_t seq, ticket, request;
    time_ms at;
    uint32_t version;
    int type;
    const char *external_id;
    const uint8_t *body; /* encoded effect */
    size_t body_len;
    struct answer_bodies answer; /* of a check_passed that is told to a source */
};

enum { EVENT_ID_BYTES = 80 };
/* "evt_1_123", for a source "evt_1_123_R20261121000000123": of the event and the request, so it is the same by every way and in
 * every attempt. */
void event_id(const struct event_row *row, char ret_id[EVENT_ID_BYTES]);

/* Appended to `out`. False when the row cannot be read. */
bool event_json(const struct reference *reference, const struct event_row *row, struct buffer *out);

/* Whether an event of this type concerns a source at all (what the requester's side must know). */
bool event_is_for_source(int type);

#endif
