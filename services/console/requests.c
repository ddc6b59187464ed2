/* See requests.h. Unmasking is an act: it needs a reason and is written to the audit before the answer leaves. */
#include "services/console/requests.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "common/json.h"
#include "common/log.h"
#include "common/number.h"
#include "common/text.h"
#include "services/console/request_answer.h"
#include "services/console/request_json.h"
#include "services/console/ticket_read.h"

static const struct db_statement BY_NUMBER = {"request_by_number",
                                              "SELECT " REQUEST_COLUMNS " FROM request r WHERE r.id = $1::int8"};
static const struct db_statement BY_OWN_ID = {
    "request_by_own_id",
    "SELECT " REQUEST_COLUMNS " FROM request_key k JOIN request r ON r.id = k.request WHERE k.source = $1::int4 "
    "AND k.external_id = $2::text"};
/* The ticket that answers it; where that is not to be seen, its own, which was merged into it. */
static const struct db_statement TICKET_OF = {
    "request_ticket", "SELECT t.body, tr.origin FROM ticket_request tr JOIN ticket t ON t.id IN (tr.ticket, tr.origin) "
                      "WHERE tr.request = $1::int8 ORDER BY t.id = tr.ticket DESC LIMIT 1"};
static const struct db_statement TICKET_OF_OWN_ID = {
    "request_ticket_own",
    "SELECT t.body, tr.origin FROM request_key k JOIN ticket_request tr ON tr.request = k.request JOIN ticket t ON "
    "t.id IN (tr.ticket, tr.origin) WHERE k.source = $1::int4 AND k.external_id = $2::text "
    "ORDER BY t.id = tr.ticket DESC LIMIT 1"};

/* ---- following ---------------------------------------------------------------------------------------------------------------------------------------- */

static bool read_ticket(const struct db_result *rows, struct ticket *ret_ticket) {
    size_t len;
    if (db_rows(rows) != 1) return false;
    const uint8_t *body = db_get_bytes(rows, 0, 0, &len);
    return ticket_of_body(body, len, ret_ticket);
}

static void put_ticket(struct json_writer *w, struct call *call, const struct ticket *ticket) {
    json_put_open(w, "ticket");
    put_ticket_row(w, call->reference, ticket, NULL, clock_now());
    json_close(w);
    put_word(w, "state", WORDS_state, ticket->state);
}

static void on_request(struct call *call, const struct db_reply *reply) {
    static struct ticket ticket;
    const struct db_result *rows = reply->results[1];
    if (db_rows(rows) != 1) {
        call_not_found(call);
        return;
    }
    uint32_t source = (uint32_t)db_get_int(rows, 0, REQUEST_SOURCE);
    bool has_ticket = read_ticket(reply->results[2], &ticket);
    struct principal by = who_toward(&call->who, source);
    uint32_t relations = access_source(source, &by) | (has_ticket ? access_ticket(call_world(call), &ticket, &by) : 0);
    if (!access_allowed(by.role, ACTION_FOLLOW_REQUEST, relations)) {
        call_not_found(call);
        return;
    }
    bool shows_person =
        !db_get_bool(rows, 0, REQUEST_CONFIDENTIAL) || (relations & (RELATION_CENTRE | RELATION_SOURCE));
    struct json_writer *w = call_json(call);
    json_open(w);
    put_request(w, call, rows, 0, shows_person);
    if (has_ticket) {
        put_ticket(w, call, &ticket);
    } else { /* accepted; its ticket is on the way */
        json_put_null(w, "ticket");
        json_put_null(w, "state");
    }
    put_answer_and_callback(w, call, reply->results[3]);
    json_close(w);
    call_answer(call, 200);
}

void request_get(struct call *call) {
    int64_t request;
    if (!call_request_number(call, &request)) return;
    call_read(call);
    db_set_int8(call_add(call, &BY_NUMBER), 1, request);
    db_set_int8(call_add(call, &TICKET_OF), 1, request);
    db_set_int8(call_add(call, &ANSWERS_OF), 1, request);
    call_send(call, on_request);
}

void requests_get(struct call *call) {
    const char *source = http_query(call->request, "source"), *external_id = http_query(call->request, "external_id");
    const struct reference_source *known = reference_source_by_code(call->reference, source, strlen(source));
    if (strlen(external_id) > EXTERNAL_ID_BYTES_MAX) call_wrong(call, "external_id", "过长", "is too long");
    if (call_is_wrong(call, 400)) return;
    if (!known) {
        call_not_found(call);
        return;
    }
    call_read(call);
    struct db_call *calls[] = {call_add(call, &BY_OWN_ID), call_add(call, &TICKET_OF_OWN_ID),
                               call_add(call, &ANSWERS_OF_OWN_ID)};
    for (int i = 0; i < 3; i++) {
        db_set_int4(calls[i], 1, (int32_t)known->id);
        db_set_string(calls[i], 2, external_id);
    }
    call_send(call, on_request);
}

/* ---- unmasking ---------------------------------------------------------------------------------------------------------------------------------------- */

struct unmasking {
    int64_t request;
    const char *reason;
    char name[PERSON_BYTES_MAX], phone[PERSON_BYTES_MAX], document[PERSON_BYTES_MAX];
    bool has_name, has_phone, has_document;
};

static void put_plain(struct json_writer *w, const char *key, bool has, char *plain) {
    json_put_string(w, key, has ? plain : NULL);
    crypto_forget(plain, PERSON_BYTES_MAX);
}

static void on_audited(struct call *call, const struct db_reply *reply) {
    struct unmasking *u = call->self;
    struct json_writer *w = call_json(call);
    json_open(w);
    put_request_number(w, "number", u->request);
    json_put_open(w, "requester");
    put_plain(w, "name", u->has_name, u->name);
    put_plain(w, "phone", u->has_phone, u->phone);
    put_plain(w, "document", u->has_document, u->document);
    json_close(w);
    json_close(w);
    call_answer(call, 200);
}

static void audit_then_tell(struct call *call, const struct ticket *ticket) {
    struct unmasking *u = call->self;
    char request[NUMBER_TEXT_BYTES], number[NUMBER_TEXT_BYTES];
    static struct buffer detail;
    struct json_writer w;
    number_format_request(u->request, request);
    number_format_ticket(ticket->id, number);
    buffer_clear(&detail);
    json_writer_init(&w, &detail);
    json_open(&w);
    json_put_string(&w, "ticket", number);
    json_put_string(&w, "reason", u->reason);
    json_close(&w);
    call_transact(call);
    call_audit(call, "unmask", request, "ok", buffer_text(&detail));
    call_send(call, on_audited);
}

static void on_masked(struct call *call, const struct db_reply *reply) {
    static struct ticket ticket;
    struct unmasking *u = call->self;
    const struct db_result *rows = reply->results[1];
    size_t len;
    if (db_rows(rows) != 1 || !read_ticket(reply->results[2], &ticket)) {
        call_not_found(call);
        return;
    }
    struct principal by = who_toward(&call->who, ticket.source);
    uint32_t relations = access_ticket(call_world(call), &ticket, &by);
    if (!ticket_visible(call_world(call), &ticket, &by)) {
        call_not_found(call);
        return;
    }
    bool hidden = db_get_bool(rows, 0, REQUEST_CONFIDENTIAL) && !(relations & RELATION_CENTRE);
    if (!access_allowed(by.role, ACTION_UNMASK, relations) || hidden) {
        char request[NUMBER_TEXT_BYTES];
        number_format_request(u->request, request);
        call_audit_alone(call, "unmask", request, hidden ? "confidential" : "role");
        if (hidden)
            call_problem(call, 403, "诉求人要求对单位保密", "The requester asked to stay unknown to the units");
        else
            call_not_permitted(call);
        return;
    }
    u->has_name = request_unseal(call, rows, 0, REQUEST_NAME_SEALED, u->name, &len);
    u->has_phone = request_unseal(call, rows, 0, REQUEST_PHONE_SEALED, u->phone, &len);
    u->has_document = request_unseal(call, rows, 0, REQUEST_DOCUMENT_SEALED, u->document, &len);
    audit_then_tell(call, &ticket);
}

void request_unmask_post(struct call *call) {
    struct unmasking *u = call_take(call, sizeof *u);
    call->self = u;
    if (!call_request_number(call, &u->request)) return;
    cJSON *tree = call_json_body(call);
    if (!tree) return;
    if (json_get_text(tree, "reason", &u->reason) != ERR_NONE || text_length(u->reason, strlen(u->reason)) < 2)
        call_wrong(call, "/reason", "请写明查看原因", "say why it must be seen");
    else if (strlen(u->reason) > REASON_BYTES_MAX || text_has_control(u->reason, strlen(u->reason), false))
        call_wrong(call, "/reason", "过长或含有控制字符", "is too long, or holds control characters");
    if (call_is_wrong(call, 422)) return;
    call_read(call);
    db_set_int8(call_add(call, &BY_NUMBER), 1, u->request);
    db_set_int8(call_add(call, &TICKET_OF), 1, u->request);
    call_send(call, on_masked);
}
