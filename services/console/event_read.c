/* See event_read.h. */
#include "services/console/event_read.h"

#include "common/log.h"
#include "core/lifecycle.h"
#include "proto/codec.h"

const struct db_statement EVENTS_OF_TICKET = {
    "events_of_ticket",
    "SELECT seq, shard, epoch, ticket, version, at, type, cause, user_id, role, unit, body FROM event "
    "WHERE ticket = $1::int8 AND version > $2::int4 ORDER BY version LIMIT $3::int4"};

void events_ask(struct call *call, int64_t ticket, uint32_t after_version, int limit) {
    struct db_call *events = call_add(call, &EVENTS_OF_TICKET);
    db_set_int8(events, 1, ticket);
    db_set_int4(events, 2, (int32_t)after_version);
    db_set_int4(events, 3, limit);
}

bool event_of_row(const struct db_result *rows, int i, struct event *ret_event) {
    struct codec_fault fault;
    size_t len;
    const uint8_t *body = db_get_bytes(rows, i, 11, &len);
    *ret_event = (struct event){.seq = db_get_int(rows, i, 0),
                                .shard = (uint16_t)db_get_int(rows, i, 1),
                                .epoch = (uint32_t)db_get_int(rows, i, 2),
                                .ticket = db_get_int(rows, i, 3),
                                .version = (uint32_t)db_get_int(rows, i, 4),
                                .at = db_get_int(rows, i, 5),
                                .type = (uint8_t)db_get_int(rows, i, 6),
                                .cause = (uint8_t)db_get_int(rows, i, 7),
                                .user = db_get_int(rows, i, 8),
                                .role = (uint8_t)db_get_int(rows, i, 9),
                                .actor_unit = (uint32_t)db_get_int(rows, i, 10)};
    if (codec_decode(&type_effect, body, len, &ret_event->effect, &fault) == CODEC_OK) return true;
    log_error("event_unreadable", LOG_ID("ticket", ret_event->ticket), LOG_INT("version", ret_event->version),
              LOG_TEXT("why", codec_error_text(fault.error)));
    return false;
}

bool event_follows(const struct event *event, const struct ticket *ticket) {
    return event->version == ticket->version + 1 &&
           lifecycle_legal(ticket->state, event->cause, event->type, event->effect.to);
}
