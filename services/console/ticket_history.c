/* GET /tickets/{number}/history: what happened, who did it, when, in words. */
#include <stdio.h>
#include <string.h>

#include "services/console/event_read.h"
#include "services/console/loaded.h"
#include "services/console/ticket_read.h"
#include "services/console/tickets.h"

enum { LIMIT = 100, LIMIT_MAX = 200 };

/* The event in a few words: what happened, and the one thing that tells it apart. */
static const char *say(struct call *call, const struct event *event, bool english) {
    const struct effect *effect = &event->effect;
    const struct word *word = word_by_value(WORDS_event_type, event->type);
    const char *what = word ? (english ? word->en : word->zh) : "?";
    const char *unit = effect->unit ? reference_unit_name(call->reference, effect->unit, english) : "";
    switch (event->type) {
    case EVENT_DISPATCHED:
    case EVENT_ADJUDICATED:
    case EVENT_FORCED:
    case EVENT_PASSED_UP:
    case EVENT_PASSED_DOWN:
    case EVENT_SUPERVISED:
        return *unit ? call_printf(call, english ? "%s: %s" : "%s：%s", what, unit) : what;
    case EVENT_CARD_APPEALED:
    case EVENT_CARD_WITHDRAWN:
    case EVENT_APPEAL_REFUSED:
    case EVENT_RUNG: {
        const struct word *rung = word_by_value(WORDS_rung, effect->rung),
                          *stage = word_by_value(WORDS_stage, effect->stage);
        if (!rung || !stage) return what;
        if (event->type != EVENT_RUNG)
            return call_printf(call, english ? "%s: %s, %s" : "%s：%s，%s", what, english ? rung->en : rung->zh,
                               english ? stage->en : stage->zh);
        if (english) return call_printf(call, "%s: %s%s", rung->en, stage->en, effect->reminder ? ", again" : "");
        return call_printf(call, "%s：%s%s", rung->zh, stage->zh, effect->reminder ? " (再次提醒)" : "");
    }
    case EVENT_RECOMPUTED: {
        const char *why = loaded_say(call, effect->reason, english);
        return *why ? call_printf(call, english ? "%s: %s" : "%s：%s", what, why) : what;
    }
    default:
        return what;
    }
}

static void put_actor(struct json_writer *w, struct call *call, const struct event *event) {
    const struct word *role = word_by_value(WORDS_role, event->role);
    const struct reference *reference = call->reference;
    bool system = event->role == ROLE_SYSTEM || event->user == 0;
    const char *zh = system ? "系统" : reference_unit_name(reference, event->actor_unit, false);
    const char *en = system ? "the system" : reference_unit_name(reference, event->actor_unit, true);
    json_put_open(w, "actor");
    json_put_string(w, "zh", *zh ? zh : role ? role->zh : "");
    json_put_string(w, "en", *en ? en : role ? role->en : "");
    json_put_string(w, "role", role ? role->text : NULL);
    json_put_string(w, "unit", system || !event->actor_unit ? NULL : reference_unit_code(reference, event->actor_unit));
    if (!system) json_put_id(w, "user", event->user);
    json_close(w);
}

static void put_said(struct json_writer *w, const char *key, struct text text) {
    if (text.len) json_put_text(w, key, text.at, text.len);
}

/* A return's reason is a word. */
static void put_reason(struct json_writer *w, struct text reason) {
    int value = reason.len ? word_value(WORDS_return_reason, reason.at, reason.len) : 0;
    if (value) put_word(w, "return_reason", WORDS_return_reason, value);
    put_said(w, "reason", reason);
}

/* Whom a rung told, as what, and from when on (rules D9, D10). */
static void put_told(struct json_writer *w, struct call *call, const struct effect *effect) {
    json_put_open_list(w, "told");
    for (int i = 0; i < effect->told_count; i++) {
        const struct recipient *told = &effect->told[i];
        json_open(w);
        put_unit(w, "unit", call->reference, told->unit);
        put_word(w, "as", WORDS_told_as, told->as);
        if (told->person) json_put_string(w, "user", reference_person_login(call->reference, told->person));
        if (told->not_before) json_put_time(w, "not_before", told->not_before);
        json_close(w);
    }
    json_close_list(w);
}

static void put_files(struct json_writer *w, const struct effect *effect) {
    char url[100];
    json_put_open_list(w, "attachments");
    for (int i = 0; i < effect->files_count; i++) {
        const struct file *file = &effect->files[i];
        json_open(w);
        json_put_text(w, "id", file->id.at, file->id.len);
        json_put_text(w, "sha256", file->sha256.at, file->sha256.len);
        snprintf(url, sizeof url, "/api/v1/attachments/%.*s", (int)file->id.len, file->id.at);
        json_put_string(w, "url", url);
        json_close(w);
    }
    json_close_list(w);
}

void put_event(struct json_writer *w, struct call *call, const struct event *event, bool names_ticket) {
    const struct effect *effect = &event->effect;
    json_open(w);
    if (names_ticket) put_ticket_number(w, "ticket", event->ticket);
    json_put_id(w, "seq", event->seq);
    json_put_id(w, "version", event->version);
    json_put_time(w, "at", event->at);
    json_put_string(w, "event", word_text(WORDS_event_type, event->type));
    json_put_string(w, "command", word_text(WORDS_command_name, event->cause));
    json_put_string(w, "zh", say(call, event, false));
    json_put_string(w, "en", say(call, event, true));
    put_actor(w, call, event);
    json_put_string(w, "state", effect->to ? word_text(WORDS_state, effect->to) : NULL);
    if (effect->unit) put_unit(w, "unit", call->reference, effect->unit);
    if (effect->units_count) {
        json_put_open_list(w, "units");
        for (int i = 0; i < effect->units_count; i++)
            json_string(w, reference_unit_code(call->reference, effect->units[i]));
        json_close_list(w);
    }
    put_reason(w, effect->reason);
    put_said(w, "basis", effect->basis);
    put_said(w, "note", effect->note);
    put_said(w, "answer", effect->answer);
    if (effect->until) json_put_time(w, "until", effect->until);
    if (effect->rung) put_word(w, "rung", WORDS_rung, effect->rung);
    if (effect->card) json_put_int(w, "card", effect->card);
    if (effect->stage) put_word(w, "stage", WORDS_stage, effect->stage);
    if (effect->request) put_request_number(w, "request", effect->request);
    if (effect->other) put_ticket_number(w, "other", effect->other);
    if (effect->score) json_put_int(w, "score", effect->score);
    if (effect->result) put_word(w, "result", WORDS_result, effect->result);
    if (event->type == EVENT_SOLVED) json_put_bool(w, "satisfied", effect->satisfied);
    if (effect->late) json_put_bool(w, "late", true);
    if (effect->fallback) json_put_bool(w, "fallback", true);
    if (effect->from_unit) put_unit(w, "from_unit", call->reference, effect->from_unit);
    if (effect->told_count) put_told(w, call, effect);
    if (effect->files_count) put_files(w, effect);
    json_close(w);
}

static void on_history(struct call *call, const struct db_reply *reply) {
    static struct ticket ticket;
    static struct event event;
    if (!ticket_read(call, reply, 1, &ticket)) {
        call_not_found(call);
        return;
    }
    const struct db_result *rows = reply->results[2];
    int limit = *(int *)call->self, count = db_rows(rows);
    struct json_writer *w = call_json(call);
    json_open(w);
    put_ticket_number(w, "ticket", ticket.id);
    json_put_open_list(w, "events");
    for (int i = 0; i < count && i < limit; i++)
        if (event_of_row(rows, i, &event)) put_event(w, call, &event, false);
    json_close_list(w);
    call_put_next(call, w, count > limit ? call_cursor(call, db_get_int(rows, limit - 1, 4), 0) : NULL);
    json_close(w);
    call_answer(call, 200);
}

void ticket_history_get(struct call *call) {
    int64_t ticket, cursor[2] = {0};
    int *limit = call_take(call, sizeof *limit);
    call_query_cursor(call, cursor);
    *limit = (int)call_query_int(call, "limit", LIMIT, LIMIT_MAX);
    if (call_is_wrong(call, 400) || !ticket_ask(call, &ticket)) return;
    call->self = limit;
    events_ask(call, ticket, (uint32_t)cursor[0], *limit + 1);
    call_send(call, on_history);
}
