/* GET /tickets/{number}: where the ticket stands, who takes part, its clocks, the requests it answers, and what may be done now. */
#include <string.h>

#include "core/clock.h"
#include "services/console/request_json.h"
#include "services/console/ticket_read.h"
#include "services/console/tickets.h"

/* A merged ticket's own request is answered by the leading one; it is shown all the same. */
static const struct db_statement REQUESTS = {
    "ticket_requests", "SELECT " REQUEST_COLUMNS
                       " FROM request r WHERE r.id IN (SELECT request FROM ticket_request WHERE ticket = $1::int8 "
                       "UNION SELECT request FROM ticket WHERE id = $1::int8) ORDER BY r.id LIMIT 50"};

static const struct db_statement FILES = {
    "ticket_files",
    "SELECT id, type, bytes, sha256, width, height, thumbnail, uploaded_at FROM attachment WHERE ticket "
    "= $1::int8 AND ready AND NOT swept AND $2::int8 IN (0, user_id) ORDER BY uploaded_at, id LIMIT 200"};

/* What came with its steps, to a source only what it sent itself (rule A7); what came with its requests stands there. */
static void put_files(struct json_writer *w, struct call *call, const struct db_result *rows) {
    size_t len;
    json_put_open_list(w, "attachments");
    for (int i = 0; i < db_rows(rows); i++) {
        const char *id = db_get_text(rows, i, 0, &len);
        const uint8_t *hash;
        json_open(w);
        json_put_string(w, "id", id);
        json_put_string(w, "type", db_get_text(rows, i, 1, &len));
        json_put_int(w, "bytes", db_get_int(rows, i, 2));
        hash = db_get_bytes(rows, i, 3, &len);
        json_key(w, "sha256");
        json_hex(w, hash, len);
        json_put_int(w, "width", db_get_int(rows, i, 4));
        json_put_int(w, "height", db_get_int(rows, i, 5));
        json_put_string(w, "url", call_printf(call, "/api/v1/attachments/%s", id));
        json_put_string(w, "thumbnail_url",
                        db_get_bool(rows, i, 6) ? call_printf(call, "/api/v1/attachments/%s/thumbnail", id) : NULL);
        json_put_time(w, "uploaded_at", db_get_int(rows, i, 7));
        json_close(w);
    }
    json_close_list(w);
}

static void put_limit(struct json_writer *w, const struct clock *clock) {
    char text[LIMIT_TEXT_SIZE];
    limit_format(clock_limit(clock), text, sizeof text);
    json_put_string(w, "limit", clock->fixed ? NULL : text);
}

static void put_clock(struct json_writer *w, const struct reference *reference, const struct clock *clock,
                      uint32_t unit, int assignment) {
    if (!clock->stage) return;
    json_open(w);
    put_word(w, "stage", WORDS_stage, clock->stage);
    put_unit(w, "unit", reference, unit);
    if (assignment) json_put_int(w, "assignment", assignment);
    json_put_time(w, "started", clock->started);
    json_put_time_or_null(w, "due", clock->due);
    json_put_time_or_null(w, "yellow_at", clock->yellow);
    json_put_time_or_null(w, "next_rung_at", clock->next);
    put_word(w, "rung", WORDS_rung, clock->rung);
    put_limit(w, clock);
    json_put_bool(w, "paused", clock->paused);
    if (clock->paused) json_put_int(w, "left_ms", clock->left_ms);
    json_put_bool(w, "extended", clock->extended_ms > 0 && !clock->fixed);
    json_close(w);
}

static bool is_open(const struct assignment *a) {
    return a->state == ASSIGNMENT_OFFERED || a->state == ASSIGNMENT_SIGNED;
}

static void put_clocks(struct json_writer *w, const struct reference *reference, const struct ticket *ticket) {
    json_put_open_list(w, "clocks");
    put_clock(w, reference, &ticket->clock, ticket->owner, 0);
    put_clock(w, reference, &ticket->supervision, ticket->supervised_unit, 0);
    for (int i = 0; i < ticket->assignments_count; i++) {
        const struct assignment *a = &ticket->assignments[i];
        if (!is_open(a)) continue;
        put_clock(w, reference, &a->turn, a->unit, a->no);
        put_clock(w, reference, &a->handle, a->unit, a->no);
    }
    json_close_list(w);
}

static void put_assignments(struct json_writer *w, const struct reference *reference, const struct ticket *ticket) {
    json_put_open_list(w, "assignments");
    for (int i = 0; i < ticket->assignments_count; i++) {
        const struct assignment *a = &ticket->assignments[i];
        json_open(w);
        json_put_int(w, "no", a->no);
        put_word(w, "kind", WORDS_assignment_kind, a->kind);
        put_word(w, "state", WORDS_assignment_state, a->state);
        put_unit(w, "unit", reference, a->unit);
        json_put_time(w, "offered_at", a->offered_at);
        json_put_time_or_null(w, "signed_at", a->signed_at);
        json_put_time_or_null(w, "contacted_at", a->contacted_at);
        json_put_time_or_null(w, "ended_at", a->ended_at);
        json_put_time_or_null(w, "due",
                              is_open(a) ? (a->turn.stage && !a->turn.paused ? a->turn.due : a->handle.due) : 0);
        json_put_bool(w, "forced", a->forced);
        json_put_bool(w, "whistled", a->whistled);
        json_put_time_or_null(w, "arrived_at", a->arrived_at);
        if (a->score) json_put_int(w, "score", a->score);
        json_close(w);
    }
    json_close_list(w);
}

/* With numbers, by which an appeal and a judgement name them (rule L45). */
static void put_cards(struct json_writer *w, const struct reference *reference, const struct ticket *ticket) {
    json_put_open_list(w, "cards");
    for (int i = 0; i < ticket->cards_count; i++) {
        const struct card *card = &ticket->cards[i];
        json_open(w);
        json_put_int(w, "no", card->no);
        put_unit(w, "unit", reference, card->unit);
        put_word(w, "stage", WORDS_stage, card->stage);
        put_word(w, "rung", WORDS_rung, card->rung);
        json_put_bool(w, "withdrawn", card->withdrawn);
        json_put_bool(w, "appealed", card->appealed_unit != 0);
        json_close(w);
    }
    json_close_list(w);
}

static void put_asked(struct json_writer *w, const struct ticket *ticket) {
    if (!ticket->asked) {
        json_put_null(w, "asked");
        return;
    }
    json_put_open(w, "asked");
    static const char *const what[] = {[TICKET_ASKED_EXTENSION] = "extension",
                                       [TICKET_ASKED_SUSPENSION] = "suspension",
                                       [TICKET_ASKED_FINISH] = "finish"};
    json_put_string(w, "what", what[ticket->asked]);
    json_put_time_or_null(w, "until", ticket->asked_until);
    json_close(w);
}

static void put_rest(struct json_writer *w, const struct reference *reference, const struct ticket *ticket) {
    const struct matter *matter = world_matter(&reference->world, ticket->matter);
    put_word(w, "state_word", WORDS_state, ticket->state);
    put_unit(w, "place", reference, ticket->place);
    put_word(w, "channel", WORDS_channel, ticket->channel);
    json_put_time_or_null(w, "total_due", ticket->total_due);
    json_key(w, "total"); /* the whole limit, which is nobody's alone (C17) */
    if (ticket->total.stage)
        put_clock(w, reference, &ticket->total, 0, 0);
    else
        json_null(w);
    put_unit(w, "handled_by", reference, ticket->handled_by);
    put_unit(w, "checker", reference, ticket->checker);
    put_unit(w, "supervised_unit", reference, ticket->supervised ? ticket->supervised_unit : 0);
    put_asked(w, ticket);
    json_put_int(w, "returns", ticket->returns);
    json_put_int(w, "reworks", ticket->reworks);
    json_put_int(w, "extensions", ticket->extensions);
    json_put_int(w, "urges", ticket->urges);
    json_put_int(w, "callback_tries", ticket->callback_tries);
    json_put_bool(w, "forced", ticket->forced);
    put_word(w, "highest_rung", WORDS_rung, ticket->highest_rung);
    put_ticket_number(w, "merged_into", ticket->merged_into);
    put_ticket_number(w, "split_from", ticket->split_from);
    json_put_int(w, "request_count", ticket->request_count);
    json_put_bool(w, "public", matter && matter->is_public && !ticket->confidential && !ticket->sensitive);
    json_put_bool(w, "sensitive", ticket->sensitive);
    json_put_bool(w, "confidential", ticket->confidential);
}

/* Its first request's row, or -1 when who asks may not see it. */
static int first_request(const struct ticket *ticket, const struct db_result *requests) {
    for (int i = 0; i < db_rows(requests); i++)
        if (db_get_int(requests, i, 0) == ticket->request) return i;
    return -1;
}

static void on_detail(struct call *call, const struct db_reply *reply) {
    static struct ticket ticket;
    if (!ticket_read(call, reply, 1, &ticket)) {
        call_not_found(call);
        return;
    }
    const struct db_result *requests = reply->results[2];
    struct principal by = who_toward(&call->who, ticket.source);
    bool centre = access_ticket(call_world(call), &ticket, &by) & (RELATION_CENTRE | RELATION_SOURCE);
    time_ms now = clock_now();
    int first = first_request(&ticket, requests);
    size_t len;
    struct json_writer *w = call_json(call);
    json_open(w);
    put_ticket_row(w, call->reference, &ticket, first >= 0 ? db_get_text(requests, first, REQUEST_TITLE, &len) : "",
                   now);
    if (first >= 0) {
        const char *description = db_get_text(requests, first, REQUEST_DESCRIPTION, &len);
        json_put_text(w, "description", description ? description : "", len);
        put_location(w, call, requests, first);
    }
    put_rest(w, call->reference, &ticket);
    put_assignments(w, call->reference, &ticket);
    put_clocks(w, call->reference, &ticket);
    put_cards(w, call->reference, &ticket);
    put_possible(w, call->reference, &ticket, &by, now);
    json_put_open_list(w, "requests");
    for (int i = 0; i < db_rows(requests); i++) {
        json_open(w);
        put_request(w, call, requests, i, centre || !db_get_bool(requests, i, REQUEST_CONFIDENTIAL));
        json_close(w);
    }
    json_close_list(w);
    put_files(w, call, reply->results[3]);
    json_close(w);
    call_answer(call, 200);
}

void ticket_get(struct call *call) {
    int64_t ticket;
    if (!ticket_ask(call, &ticket)) return;
    db_set_int8(call_add(call, &REQUESTS), 1, ticket);
    struct db_call *files = call_add(call, &FILES);
    db_set_int8(files, 1, ticket);
    db_set_int8(files, 2, call->who.principal.role == ROLE_INTEGRATION ? call->who.principal.user : 0);
    call_send(call, on_detail);
}
