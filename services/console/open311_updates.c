/* See open311.h: what happened to requests (service request updates), and what their source adds. Told are the steps a requester may
 * know; an answer only once it was checked, a supplement's text only to whoever has a key. */
#include <string.h>

#include "common/crypto.h"
#include "common/number.h"
#include "core/verdict.h"
#include "services/console/commands_inner.h"
#include "services/console/event_read.h"
#include "services/console/open311.h"
#include "services/console/ticket_json.h"
#include "services/kit/answer.h"

#define SPAN_MS (90 * 24 * 3600 * INT64_C(1000))

enum { REQUEST = 12, ANSWER, ASKED };

static const struct db_statement UPDATES = {
    "open311_updates",
    "SELECT e.seq, e.shard, e.epoch, e.ticket, e.version, e.at, e.type, e.cause, e.user_id, e.role, e.unit, e.body, "
    "r.id, CASE e.type WHEN 29 THEN answer_before(e.ticket, e.version, 28::int2) ELSE '' END, CASE e.type WHEN 29 THEN "
    "answer_before(e.ticket, e.version, 56::int2) ELSE '' END FROM ticket_request tr JOIN request r ON r.id = "
    "tr.request JOIN ticket t ON t.id = tr.ticket JOIN "
    "event e ON e.ticket = t.id WHERE e.at BETWEEN $3::int8 AND $4::int8 AND e.type = ANY ($5::int2[]) AND ($1::bool "
    "OR (NOT r.confidential AND coalesce(nullif(t.matter, 0), r.matter) = ANY ($2::int4[]))) AND ($6::int8 = 0 OR "
    "r.id = $6::int8) ORDER BY e.at DESC, e.seq DESC, r.id LIMIT $7::int8 OFFSET $8::int8"};
static const struct db_statement TICKET_OF = {
    "open311_ticket_of",
    "SELECT t.body FROM ticket_request tr JOIN request r ON r.id = tr.request JOIN ticket t ON t.id "
    "= tr.ticket WHERE tr.request = $1::int8"};

/* ---- told --------------------------------------------------------------------------------------------------------------------------- */

static const uint8_t told[] = {EVENT_RECEIVED,  EVENT_ASKED,       EVENT_SUPPLEMENTED,     EVENT_GIVEN_UP,
                               EVENT_DECLINED,  EVENT_DISPATCHED,  EVENT_SIGNED,           EVENT_CONTACTED,
                               EVENT_SUSPENDED, EVENT_RESUMED,     EVENT_FINISHED,         EVENT_CHECK_PASSED,
                               EVENT_SOLVED,    EVENT_UNSOLVED,    EVENT_CLOSED,           EVENT_VOIDED,
                               EVENT_REOPENED,  EVENT_TRANSFERRED, EVENT_OUTSIDE_ANSWERED, EVENT_TAKEN_BACK};

static bool ends(int type) {
    return type == EVENT_GIVEN_UP || type == EVENT_DECLINED || type == EVENT_CLOSED || type == EVENT_VOIDED ||
           type == EVENT_TRANSFERRED || type == EVENT_OUTSIDE_ANSWERED;
}

static void put_update_id(struct open311 *o, struct call *call, int64_t ticket, uint32_t version) {
    char number[NUMBER_TEXT_BYTES];
    number_format_ticket(ticket, number);
    open311_string(o, "update_id", call_printf(call, "%s-%u", number, (unsigned)version));
}

static void put_update(struct open311 *o, struct call *call, const struct db_result *rows, int row) {
    static struct event event;
    const struct open311_asked *asked = call->self;
    char number[NUMBER_TEXT_BYTES];
    if (!event_of_row(rows, row, &event)) return;
    const struct word *word = word_by_value(WORDS_event_type, event.type);
    struct text more = {"", 0};
    struct answer_bodies before;
    uint8_t result;
    before.at[0] = db_get_bytes(rows, row, ANSWER, &before.len[0]);
    before.at[1] = db_get_bytes(rows, row, ASKED, &before.len[1]);
    (void)answer_told(event.type, &event.effect, &before, &more, &result);
    if (event.type == EVENT_SUPPLEMENTED && asked->has_key) more = event.effect.note;
    const char *said = call_printf(call, "%s%s%.*s", call_lang(call) == LANG_EN ? word->en : word->zh,
                                   more.len ? ": " : "", (int)more.len, more.len ? more.at : "");
    number_format_request(db_get_int(rows, row, REQUEST), number);
    open311_item(o, "request_update");
    put_update_id(o, call, event.ticket, event.version);
    open311_string(o, "service_request_id", number);
    open311_string(o, "status", ends(event.type) ? "closed" : "open");
    open311_time(o, "updated_datetime", event.at);
    open311_string(o, "description", open311_public_text(call, said, strlen(said)));
    open311_string(o, "media_url", NULL);
    open311_item_end(o);
}

static void on_updates(struct call *call, const struct db_reply *reply) {
    struct open311 o;
    if (open311_failed(call, reply)) return;
    const struct db_result *rows = reply->results[1];
    open311_start(call, &o);
    open311_list(&o, "service_request_updates");
    for (int i = 0; i < db_rows(rows); i++) put_update(&o, call, rows, i);
    open311_list_end(&o);
    open311_finish(call, &o);
}

static void updates(struct call *call) {
    const struct open311_asked *asked = call->self;
    const char *id = http_query(call->request, "service_request_id");
    time_ms from, to;
    int64_t offset, limit, request = 0;
    if (id && *id && number_parse_request(id, strlen(id), &request) != ERR_NONE) {
        open311_refuse(call, 404, "没有这件诉求", "There is no such service_request_id");
        return;
    }
    if (!open311_query_time(call, "start_date", &from) || !open311_query_time(call, "end_date", &to) ||
        !open311_query_page(call, &offset, &limit))
        return;
    if (!to) to = clock_now();
    if (!from) from = to - SPAN_MS;
    if (from > to) {
        open311_refuse(call, 400, "start_date 须早于 end_date", "start_date must lie before end_date");
        return;
    }
    call_read(call);
    struct db_call *rows = call_add(call, &UPDATES);
    db_set_bool(rows, 1, asked->has_key);
    open311_set_services(call, rows, 2);
    db_set_int8(rows, 3, from);
    db_set_int8(rows, 4, to);
    db_set_array(rows, 5, DB_INT2);
    for (size_t i = 0; i < sizeof told; i++) db_push_int2(rows, 5, told[i]);
    db_set_int8(rows, 6, request);
    db_set_int8(rows, 7, limit);
    db_set_int8(rows, 8, offset);
    call_send(call, on_updates);
}

void open311_updates_get(struct call *call) {
    open311_enter(call, NULL, false, ACTION_FOLLOW_REQUEST, updates);
}

/* ---- added ---------------------------------------------------------------------------------------------------------------------------- */

struct adding {
    struct pending pending;
    int64_t request;
};

static void on_replied(struct pending *p) {
    struct call *call = p->call;
    struct open311 o;
    const struct verdict_row *row = verdict_row((int)p->reply.verdict);
    if (p->reply.verdict != VERDICT_OK) {
        open311_refuse(call, row->status, row->zh, row->en);
        return;
    }
    open311_start(call, &o);
    open311_list(&o, "service_request_updates");
    open311_item(&o, "request_update");
    put_update_id(&o, call, p->reply.ticket, p->reply.version);
    open311_item_end(&o);
    open311_list_end(&o);
    open311_finish(call, &o);
}

static void on_unknown(struct pending *p) {
    open311_refuse(p->call, 503, "未能及时得到结果, 请用同一 update_id 重试",
                   "No answer came in time: try again with the same update_id");
}

static void on_too_long(struct pending *p) {
    open311_refuse(p->call, 413, "内容过长", "The texts are too long together");
}

static const struct command_ends ends_here = {on_replied, on_unknown, on_too_long};

/* An update_id of the sender's makes the update happen once, as an Idempotency-Key does. */
static void set_key(struct pending *p, const char *update_id) {
    uint8_t hash[CRYPTO_HASH_BYTES];
    size_t len;
    const uint8_t *body = http_body(p->call->request, &len);
    if (update_id && *update_id) {
        const char *whole = call_printf(p->call, "open311/%lld/%s", (long long)p->command.by.user, update_id);
        crypto_digest(whole, strlen(whole), hash);
        memcpy(p->key, hash, KEY_BYTES);
        crypto_digest(body, len, hash);
        memcpy(p->key_body, hash, KEY_BYTES);
    } else {
        crypto_random(p->key, KEY_BYTES);
        crypto_random(p->key_body, KEY_BYTES);
    }
    p->command.key = (struct bytes){p->key, KEY_BYTES};
    p->command.key_body = (struct bytes){p->key_body, KEY_BYTES};
}

static void on_ticket(struct call *call, const struct db_reply *reply) {
    static struct ticket ticket;
    struct adding *adding = ((struct open311_asked *)call->self)->self;
    struct pending *p = &adding->pending;
    size_t len;
    if (open311_failed(call, reply)) return;
    const struct db_result *rows = reply->results[1];
    const uint8_t *body = db_rows(rows) == 1 ? db_get_bytes(rows, 0, 0, &len) : NULL;
    if (!body || !ticket_of_body(body, len, &ticket)) {
        open311_refuse(call, 404, "没有这件诉求, 或尚未建单",
                       "There is no such service_request_id, or it has no ticket yet");
        return;
    }
    const char *description = http_form(call->request, "description");
    p->call = call;
    p->ends = &ends_here;
    p->command.name = COMMAND_SUPPLEMENT;
    p->command.ticket = ticket.id;
    p->command.note = (struct text){description, (uint32_t)strlen(description)};
    p->command.by = who_toward(&call->who, ticket.source);
    set_key(p, http_form(call->request, "update_id"));
    if (!command_start(call->console->commands, p))
        open311_refuse(call, 503, "系统繁忙, 请稍后再试", "Too busy now, try again");
}

static void add(struct call *call) {
    struct adding *adding = call_take(call, sizeof *adding);
    const char *id = http_form(call->request, "service_request_id"),
               *description = http_form(call->request, "description"), *status = http_form(call->request, "status"),
               *update_id = http_form(call->request, "update_id");
    ((struct open311_asked *)call->self)->self = adding;
    if (!id || !*id)
        open311_refuse(call, 400, "请给出 service_request_id", "Give the service_request_id");
    else if (number_parse_request(id, strlen(id), &adding->request) != ERR_NONE)
        open311_refuse(call, 404, "没有这件诉求", "There is no such service_request_id");
    else if (!description || !*description || strlen(description) > NOTE_BYTES_MAX)
        open311_refuse(call, 400, "请给出 description, 不超过 4096 字节", "Give a description of at most 4,096 bytes");
    else if (status && *status && strcmp(status, "open") && strcmp(status, "closed"))
        open311_refuse(call, 400, "status 只能是 open 或 closed", "status is open or closed");
    else if (update_id && strlen(update_id) > KEY_BYTES_MAX)
        open311_refuse(call, 400, "update_id 不超过 120 字节", "update_id has at most 120 bytes");
    else {
        call_read(call);
        db_set_int8(call_add(call, &TICKET_OF), 1, adding->request);
        call_send(call, on_ticket);
    }
}

void open311_updates_post(struct call *call) {
    const char *key = http_form(call->request, "api_key");
    open311_enter(call, key, true, COMMAND_SUPPLEMENT, add);
}
