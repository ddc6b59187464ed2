/* See event_json.h. Ids are strings, times RFC 3339. */
#include "services/kit/event_json.h"

#include <stdio.h>

#include "common/json_writer.h"
#include "common/number.h"
#include "core/clock.h"
#include "proto/codec.h"

/* product.md: the hotline is told of acceptance, dispatch, signing, extension, answer, closing, and refusals with their reason. */
bool event_is_for_source(int type) {
    switch (type) {
    case EVENT_RECEIVED:
    case EVENT_TRIAGED:
    case EVENT_ASKED:
    case EVENT_SUPPLEMENTED:
    case EVENT_GIVEN_UP:
    case EVENT_DECLINED:
    case EVENT_DISPATCHED:
    case EVENT_SIGNED:
    case EVENT_RETURNED:
    case EVENT_ADJUDICATED:
    case EVENT_FORCED:
    case EVENT_EXTENSION_GRANTED:
    case EVENT_SUSPENDED:
    case EVENT_RESUMED:
    case EVENT_FINISHED:
    case EVENT_CHECK_PASSED:
    case EVENT_CHECK_FAILED:
    case EVENT_SOLVED:
    case EVENT_UNSOLVED:
    case EVENT_CLOSED:
    case EVENT_VOIDED:
    case EVENT_REOPENED:
    case EVENT_MERGED:
    case EVENT_UNMERGED:
    case EVENT_TRANSFERRED:
    case EVENT_OUTSIDE_ANSWERED:
    case EVENT_TAKEN_BACK:
        return true;
    default:
        return false;
    }
}

static void put_unit(struct json_writer *w, const char *key, const struct reference *reference, uint32_t unit) {
    if (!unit) return;
    json_put_open(w, key);
    json_put_string(w, "code", reference_unit_code(reference, unit));
    json_put_string(w, "name", reference_unit_name(reference, unit, false));
    json_close(w);
}

static void put_text(struct json_writer *w, const char *key, struct text text) {
    if (text.len) json_put_text(w, key, text.at, text.len);
}

/* Who works on it sees what was answered as it was written; the requester's side hears what passed its check. */
static void put_answer(struct json_writer *w, const struct event_row *row, const struct effect *effect) {
    struct text answer = effect->answer;
    uint8_t result = effect->result;
    if (row->request && !answer_told(row->type, effect, &row->answer, &answer, &result)) return;
    put_text(w, "answer", answer);
    if (result) json_put_string(w, "result", word_text(WORDS_result, result));
}

static void put_data(struct json_writer *w, const struct reference *reference, const struct event_row *row,
                     const struct effect *effect) {
    char number[NUMBER_TEXT_BYTES], matter[12];
    number_format_ticket(row->ticket, number);
    json_put_string(w, "ticket", number);
    json_put_int(w, "version", row->version);
    json_put_string(w, "event", word_text(WORDS_event_type, row->type));
    if (effect->to) json_put_string(w, "state", word_text(WORDS_state, effect->to));
    put_unit(w, "owner", reference, effect->owner);
    put_unit(w, "unit", reference, effect->unit);
    if (effect->matter) {
        snprintf(matter, sizeof matter, "%06u", effect->matter);
        json_put_string(w, "matter", matter);
    }
    if (effect->urgency) json_put_string(w, "urgency", word_text(WORDS_urgency, effect->urgency));
    if (effect->rung) json_put_string(w, "rung", word_text(WORDS_rung, effect->rung));
    if (effect->card) json_put_int(w, "card", effect->card);
    const struct clock *clock = clock_first_due(effect);
    if (clock) {
        json_put_string(w, "stage", word_text(WORDS_stage, clock->stage));
        json_put_time(w, "due", clock->due);
    }
    if (effect->until) json_put_time(w, "until", effect->until);
    put_text(w, "reason", effect->reason);
    put_text(w, "basis", effect->basis);
    put_answer(w, row, effect);
    if (row->type == EVENT_SOLVED) json_put_bool(w, "satisfied", effect->satisfied);
    if (row->request) {
        number_format_request(row->request, number);
        json_put_string(w, "request", number);
        json_put_string(w, "external_id", row->external_id);
    } else {
        put_text(w, "note", effect->note);
    }
}

void event_id(const struct event_row *row, char ret_id[EVENT_ID_BYTES]) {
    char number[NUMBER_TEXT_BYTES] = "";
    if (row->request) number_format_request(row->request, number);
    snprintf(ret_id, EVENT_ID_BYTES, "evt_%u_%lld%s%s", row->shard, (long long)row->seq, *number ? "_" : "", number);
}

bool event_json(const struct reference *reference, const struct event_row *row, struct buffer *out) {
    static struct effect effect; /* large; one thread */
    if (codec_decode(&type_effect, row->body, row->body_len, &effect, NULL) != CODEC_OK) return false;
    char id[EVENT_ID_BYTES], subject[NUMBER_TEXT_BYTES], type[64];
    event_id(row, id);
    snprintf(type, sizeof type, "paidan.ticket.%s", word_text(WORDS_event_type, row->type));
    number_format_ticket(row->ticket, subject);
    struct json_writer w;
    json_writer_init(&w, out);
    json_open(&w);
    json_put_string(&w, "specversion", "1.0");
    json_put_string(&w, "id", id);
    json_put_string(&w, "source", "/paidan");
    json_put_string(&w, "type", type);
    json_put_string(&w, "subject", subject);
    json_put_time(&w, "time", row->at);
    json_put_string(&w, "datacontenttype", "application/json");
    json_put_open(&w, "data");
    put_data(&w, reference, row, &effect);
    json_close(&w);
    json_close(&w);
    json_writer_end(&w);
    return true;
}
