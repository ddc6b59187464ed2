/* See ticket_read.h. */
#include "services/console/ticket_read.h"

const struct db_statement TICKET_BODY = {"ticket_body", "SELECT body FROM ticket WHERE id = $1::int8"};

bool ticket_read(const struct call *call, const struct db_reply *reply, int place, struct ticket *ret_ticket) {
    const struct db_result *rows = reply->results[place];
    size_t len;
    if (db_rows(rows) != 1) return false;
    const uint8_t *body = db_get_bytes(rows, 0, 0, &len);
    if (!ticket_of_body(body, len, ret_ticket)) return false;
    struct principal by = who_toward(&call->who, ret_ticket->source);
    return ticket_visible(call_world(call), ret_ticket, &by);
}

bool ticket_ask(struct call *call, int64_t *ret_ticket) {
    if (!call_ticket_number(call, ret_ticket)) return false;
    call_read(call);
    db_set_int8(call_add(call, &TICKET_BODY), 1, *ret_ticket);
    return true;
}
