/* See ticket_json.h. */
#include "services/console/ticket_json.h"

#include <stdio.h>

#include "common/log.h"
#include "common/number.h"
#include "proto/codec.h"

static const char *unit_name(void *context, uint32_t id, enum lang lang) {
    return reference_unit_name(context, id, lang == LANG_EN);
}

static const char *matter_name(void *context, uint32_t code, enum lang lang) {
    const struct reference_matter *names = reference_matter(context, code);
    return !names ? "" : lang == LANG_EN ? names->name_en : names->name_zh;
}

static const char *rule_name(void *context, uint32_t no) {
    return reference_rule_name(context, no);
}

struct routing_names reference_names(const struct reference *reference) {
    return (struct routing_names){(void *)reference, unit_name, matter_name, rule_name};
}

void put_names(struct json_writer *w, const char *key, const char *zh, const char *en) {
    json_put_open(w, key);
    json_put_string(w, "zh", zh);
    json_put_string(w, "en", en);
    json_close(w);
}

void put_unit(struct json_writer *w, const char *key, const struct reference *reference, uint32_t unit) {
    if (!world_unit(&reference->world, unit)) {
        json_put_null(w, key);
        return;
    }
    json_put_open(w, key);
    json_put_string(w, "code", reference_unit_code(reference, unit));
    put_names(w, "name", reference_unit_name(reference, unit, false), reference_unit_name(reference, unit, true));
    json_close(w);
}

void put_matter(struct json_writer *w, const char *key, const struct reference *reference, uint32_t matter) {
    const struct reference_matter *names = matter ? reference_matter(reference, matter) : NULL;
    if (!matter) {
        json_put_null(w, key);
        return;
    }
    char code[12];
    snprintf(code, sizeof code, "%06u", matter);
    json_put_open(w, key);
    json_put_string(w, "code", code);
    put_names(w, "name", names ? names->name_zh : "", names ? names->name_en : "");
    json_close(w);
}

void put_word(struct json_writer *w, const char *key, enum word_set set, int value) {
    const struct word *word = word_by_value(set, value);
    if (!word) {
        json_put_null(w, key);
        return;
    }
    json_put_open(w, key);
    json_put_string(w, "code", word->text);
    json_put_string(w, "zh", word->zh);
    json_put_string(w, "en", word->en);
    json_close(w);
}

void put_ticket_number(struct json_writer *w, const char *key, int64_t ticket) {
    char text[NUMBER_TEXT_BYTES];
    if (ticket) number_format_ticket(ticket, text);
    json_put_string(w, key, ticket ? text : NULL);
}

void put_request_number(struct json_writer *w, const char *key, int64_t request) {
    char text[NUMBER_TEXT_BYTES];
    if (request) number_format_request(request, text);
    json_put_string(w, key, request ? text : NULL);
}

bool ticket_of_body(const uint8_t *body, size_t len, struct ticket *ret_ticket) {
    struct codec_fault fault;
    if (body && codec_decode(&type_ticket, body, len, ret_ticket, &fault) == CODEC_OK) return true;
    log_error("ticket_unreadable", LOG_TEXT("why", body ? codec_error_text(fault.error) : "empty"));
    return false;
}

void put_ticket_row(struct json_writer *w, const struct reference *reference, const struct ticket *ticket,
                    const char *title, time_ms now) {
    struct next next = ticket_next(ticket);
    bool open = ticket_is_open(ticket);
    put_ticket_number(w, "number", ticket->id);
    if (title) json_put_string(w, "title", title); /* not where only the ticket was read: that would say it has none */
    json_put_string(w, "state", word_text(WORDS_state, ticket->state));
    json_put_id(w, "version", ticket->version);
    json_put_string(w, "unit", open ? reference_unit_code(reference, ticket->owner) : NULL);
    put_unit(w, "owner", reference, open ? ticket->owner : 0);
    put_matter(w, "matter", reference, ticket->matter);
    json_put_string(w, "urgency", ticket->urgency ? word_text(WORDS_urgency, ticket->urgency) : NULL);
    json_put_string(w, "light", open ? word_text(WORDS_light, (int)ticket_light(&next, now)) : NULL);
    json_put_time(w, "received", ticket->received_at);
    json_put_time(w, "entered", ticket->entered_at);
    json_put_time_or_null(w, "ended", ticket->ended_at);
    json_put_time_or_null(w, "yellow_at", next.yellow);
    json_put_time_or_null(w, "due", next.due);
    json_put_string(w, "stage", next.stage ? word_text(WORDS_stage, next.stage) : NULL);
    put_word(w, "next_action", WORDS_next_action, open ? next.action : 0);
    json_put_bool(w, "supervised", ticket->supervised);
}

void put_possible(struct json_writer *w, const struct reference *reference, const struct ticket *ticket,
                  const struct principal *by, time_ms now) {
    uint64_t possible = ticket_possible(&reference->world, ticket, by, now);
    size_t count;
    const struct word *words = word_list(WORDS_command_name, &count);
    json_put_open_list(w, "possible");
    for (size_t i = 0; i < count; i++) {
        if (!(possible >> words[i].value & 1)) continue;
        json_open(w);
        json_put_string(w, "command", words[i].text);
        json_put_string(w, "zh", words[i].zh);
        json_put_string(w, "en", words[i].en);
        json_close(w);
    }
    json_close_list(w);
}
