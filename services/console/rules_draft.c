/* An adjudication proposes a rule: the next request of that matter in that street goes where this one was sent in the end. Drafts are
 * not stored; they are what the events say, until a rule names the ticket they came from in its note. GET /rules/drafts: those
 * of the last 90 days, with numbers and codes only, since administrators do not read tickets (rule A6). */
#include <string.h>

#include "proto/codec.h"
#include "proto/must.h"
#include "services/console/event_read.h"
#include "services/console/rules.h"
#include "services/console/ticket_json.h"

enum { DAYS = 90, DRAFTS_MAX = 200, DRAFT_PRIORITY = 100 };
#define DAY_MS INT64_C(86400000)

static const struct db_statement ADJUDICATED = {
    "rules_adjudicated", "SELECT e.at, (SELECT t.body FROM ticket t WHERE t.id = e.ticket), e.body FROM event e "
                         "WHERE e.type = 11 AND e.at >= $1::int8 ORDER BY e.at DESC LIMIT 200"};

static const char *ticket_text(struct arena *arena, int64_t ticket) {
    return arena_printf(arena, "T%017lld", (long long)ticket);
}

/* A rule that was made of it names the ticket in its note. */
static bool is_taken(struct arena *arena, const struct reference *reference, int64_t ticket) {
    const char *text = ticket_text(arena, ticket);
    for (uint32_t i = 0; i < reference->world.rule_count; i++)
        if (strstr(reference->rules[i].note, text)) return true;
    return false;
}

static void draft(struct arena *arena, const struct reference *reference, const struct ticket *ticket, uint32_t unit,
                  const char *fields[RULE_COLUMNS]) {
    const struct reference_matter *matter = reference_matter(reference, ticket->matter);
    uint32_t street = world_above(&reference->world, ticket->place, UNIT_STREET);
    struct rule rule = {.priority = DRAFT_PRIORITY,
                        .matter_from = ticket->matter,
                        .matter_to = ticket->matter,
                        .without_matter = ticket->matter == 0,
                        .place = street,
                        .target = RULE_TO_UNIT,
                        .unit = unit};
    struct reference_rule text = {.name = arena_printf(arena, "%s%s%s派%s",
                                                       street ? reference_unit_name(reference, street, false) : "",
                                                       street ? ": " : "", matter ? matter->name_zh : "未给事项",
                                                       reference_unit_name(reference, unit, false)),
                                  .words = "",
                                  .note = arena_printf(arena, "据工单 %s 的裁定拟定", ticket_text(arena, ticket->id))};
    rule_write(arena, reference, &rule, &text, fields);
}

void put_rule_draft(struct json_writer *w, struct arena *arena, const struct reference *reference,
                    const struct ticket *ticket, uint32_t unit) {
    const char *fields[RULE_COLUMNS];
    if (!unit || is_taken(arena, reference, ticket->id)) return;
    draft(arena, reference, ticket, unit, fields);
    json_put_open(w, "rule_draft");
    put_rule_fields(w, fields);
    json_close(w);
}

static void on_adjudicated(struct call *call, const struct db_reply *reply) {
    const struct db_result *rows = reply->results[1];
    static struct ticket ticket;
    static struct effect effect;
    struct arena arena;
    arena_init(&arena, 1 << 16, 1 << 24);
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_open_list(w, "drafts");
    for (int i = 0; i < db_rows(rows); i++) {
        size_t len, effect_len;
        const uint8_t *body = db_get_bytes(rows, i, 1, &len), *said = db_get_bytes(rows, i, 2, &effect_len);
        bool sound = body && ticket_of_body(body, len, &ticket) &&
                     codec_decode(&type_effect, said, effect_len, &effect, NULL) == CODEC_OK;
        if (!sound || is_taken(&arena, call->reference, ticket.id)) continue;
        json_open(w);
        put_ticket_number(w, "ticket", ticket.id);
        json_put_time(w, "adjudicated_at", db_get_int(rows, i, 0));
        put_unit(w, "unit", call->reference, effect.unit);
        put_rule_draft(w, &arena, call->reference, &ticket, effect.unit);
        json_close(w);
    }
    json_close_list(w);
    json_close(w);
    arena_done(&arena);
    call_answer(call, 200);
}

void rule_drafts_get(struct call *call) {
    call_read(call);
    struct db_call *read = call_add(call, &ADJUDICATED);
    _Static_assert(EVENT_ADJUDICATED == 11, "the number in the statement, which its partial index needs");
    db_set_int8(read, 1, clock_now() - DAYS * DAY_MS);
    call_send(call, on_adjudicated);
}
