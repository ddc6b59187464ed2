/* GET /tickets/{number}/explain: why it went where it is, in one sentence, and each running deadline line by line: its start, its
 * limit, every skipped night, holiday, pause and extension. Pauses and extensions are found in the ticket's events. */
#include <string.h>

#include "core/calendar.h"
#include "core/clock_story.h"
#include "core/routing.h"
#include "proto/must.h"
#include "services/console/event_read.h"
#include "services/console/loaded.h"
#include "services/console/ticket_read.h"
#include "services/console/tickets.h"

enum { EVENTS_MAX = 1000, SENTENCE_BYTES = 1200, MINUTE_MS = 60000 };

/* ---- the route ------------------------------------------------------------------------------------------------------------------------------------- */

static void put_route(struct json_writer *w, struct call *call, const struct route *route) {
    struct routing_names names = reference_names(call->reference);
    char zh[SENTENCE_BYTES], en[SENTENCE_BYTES];
    if (!route->reason) {
        put_names(w, "route", "没有自动派单记录", "no automatic decision is recorded");
        return;
    }
    routing_say(route, &names, LANG_ZH, zh, sizeof zh);
    routing_say(route, &names, LANG_EN, en, sizeof en);
    put_names(w, "route", zh, en);
}

/* Who decided since: the last dispatch by a person. */
static void put_moved(struct json_writer *w, struct call *call, const struct event *event) {
    if (!event->type) {
        json_put_null(w, "moved");
        return;
    }
    char when[CLOCK_TEXT_BYTES];
    const struct word *word = word_by_value(WORDS_event_type, event->type);
    const struct reference *reference = call->reference;
    clock_format(event->at, when);
    when[10] = ' ';
    when[16] = 0;
    bool system = event->user == 0;
    const char *zh_by = system ? "系统" : reference_unit_name(reference, event->actor_unit, false);
    const char *en_by = system ? "the system" : reference_unit_name(reference, event->actor_unit, true);
    uint32_t to = event->effect.unit ? event->effect.unit : event->effect.owner;
    put_names(
        w, "moved",
        call_printf(call, "%s %s：由%s派给%s", when, word->zh, zh_by, reference_unit_name(reference, to, false)),
        call_printf(call, "%s: %s by %s, to %s", when, word->en, en_by, reference_unit_name(reference, to, true)));
}

/* ---- its lines ------------------------------------------------------------------------------------------------------------------------------------------- */

/* Why it was computed anew: what was loaded, or what the centre changed. */
static const char *why(struct call *call, const struct clock_story *s, int recount, bool english) {
    if (s->matters[recount])
        return call_printf(call, english ? "the matter is now %s" : "事项改为%s",
                           reference_names(call->reference)
                               .matter((void *)call->reference, s->matters[recount], english ? LANG_EN : LANG_ZH));
    const struct word *urgency = word_by_value(WORDS_urgency, s->urgencies[recount]);
    if (urgency)
        return call_printf(call, english ? "the urgency is now %s" : "紧急程度改为%s",
                           english ? urgency->en : urgency->zh);
    return loaded_say(call, s->reasons[recount], english);
}

static const char *line_text(struct call *call, const struct clock_story *s, const struct calendar *cal,
                             const struct calendar_line *line, enum lang lang) {
    char text[CALENDAR_LINE_TEXT_SIZE];
    calendar_line_say(cal, line, lang, text, sizeof text);
    const char *because =
        line->kind == CALENDAR_LINE_RECOMPUTED ? why(call, s, line->occasion - 1, lang == LANG_EN) : "";
    return call_printf(call, *because ? lang == LANG_EN ? "%s (%s)" : "%s（%s）" : "%s%s", text, because);
}

static void put_line(struct json_writer *w, struct call *call, const struct clock_story *s, const struct calendar *cal,
                     const struct calendar_line *line) {
    json_open(w);
    json_put_time_or_null(w, "at", line->from);
    json_put_time_or_null(w, "to", line->to != line->from ? line->to : 0);
    json_put_string(w, "zh", line_text(call, s, cal, line, LANG_ZH));
    json_put_string(w, "en", line_text(call, s, cal, line, LANG_EN));
    json_close(w);
}

/* To the second: a time that somebody named need not be a whole minute. */
static void set_due(struct calendar_line *line, const struct clock *clock) {
    time_ms off = line->from - clock->due;
    if (line->kind == CALENDAR_LINE_DUE && off < MINUTE_MS && off > -MINUTE_MS) line->from = line->to = clock->due;
}

static void put_story(struct json_writer *w, struct call *call, const struct clock_story *s) {
    static struct calendar_line lines[CALENDAR_LINES_MAX];
    const struct calendar *cal = world_calendar(call_world(call), s->clock.calendar);
    struct calendar_question question = clock_story_question(s);
    int32_t count = calendar_explain(cal, &question, lines, CALENDAR_LINES_MAX);
    json_open(w);
    json_put_string(w, "stage", word_text(WORDS_stage, s->clock.stage));
    put_word(w, "stage_word", WORDS_stage, s->clock.stage);
    put_unit(w, "unit", call->reference, s->unit);
    json_put_time(w, "started", s->clock.started);
    json_put_time_or_null(w, "due", s->clock.due);
    json_put_bool(w, "paused", s->clock.paused);
    json_put_bool(w, "total", s->slot == CLOCK_SLOT_TOTAL);
    json_put_open_list(w, "lines");
    for (int32_t i = 0; i < count; i++) {
        set_due(&lines[i], &s->clock);
        put_line(w, call, s, cal, &lines[i]);
    }
    json_close_list(w);
    json_close(w);
}

/* ---- the light ------------------------------------------------------------------------------------------------------------------------------------------- */

static void put_light(struct json_writer *w, struct call *call, const struct ticket *ticket) {
    struct next next = ticket_next(ticket);
    if (!ticket_is_open(ticket)) {
        json_put_null(w, "light");
        return;
    }
    enum light light = ticket_light(&next, clock_now());
    const struct word *word = word_by_value(WORDS_light, (int)light), *stage = word_by_value(WORDS_stage, next.stage);
    char due[CLOCK_TEXT_BYTES] = "", yellow[CLOCK_TEXT_BYTES] = "";
    if (next.due) clock_format(next.due, due);
    if (next.yellow) clock_format(next.yellow, yellow);
    due[16] = yellow[16] = 0; /* to the minute */
    if (due[0]) due[10] = ' ';
    if (yellow[0]) yellow[10] = ' ';
    json_put_open(w, "light");
    json_put_string(w, "code", word->text);
    json_put_string(
        w, "zh",
        call_printf(call, "%s: %s到期 %s, 用到八成时 (%s) 变黄", word->zh, stage ? stage->zh : "", due, yellow));
    json_put_string(w, "en",
                    call_printf(call, "%s: the %s ends %s, yellow from 80 %% of it (%s)", word->en,
                                stage ? stage->en : "deadline", due, yellow));
    json_close(w);
}

/* ---- the answer ------------------------------------------------------------------------------------------------------------------------------------------ */

static bool is_move(const struct event *event) {
    return event->type == EVENT_DISPATCHED || event->type == EVENT_ADJUDICATED || event->type == EVENT_FORCED ||
           event->type == EVENT_PASSED_UP;
}

static void on_explain(struct call *call, const struct db_reply *reply) {
    static struct ticket ticket;
    static struct event event, moved;
    static struct clock_story stories[CLOCK_STORIES_MAX];
    struct route route = {0};
    if (!ticket_read(call, reply, 1, &ticket)) {
        call_not_found(call);
        return;
    }
    const struct db_result *rows = reply->results[2];
    int count = clock_stories(&ticket, stories);
    memset(&moved, 0, sizeof moved);
    for (int i = 0; i < db_rows(rows); i++) {
        if (!event_of_row(rows, i, &event)) continue;
        if (event.effect.route.reason) route = event.effect.route;
        if (is_move(&event) && !event.effect.route.reason) moved = event;
        for (int n = 0; n < count; n++)
            clock_story_hear(&stories[n], world_calendar(call_world(call), stories[n].clock.calendar), &event);
    }
    struct json_writer *w = call_json(call);
    json_open(w);
    put_ticket_number(w, "ticket", ticket.id);
    put_route(w, call, &route);
    put_moved(w, call, &moved);
    put_light(w, call, &ticket);
    json_put_open_list(w, "deadlines");
    for (int n = 0; n < count; n++) put_story(w, call, &stories[n]);
    json_close_list(w);
    json_close(w);
    call_answer(call, 200);
}

void ticket_explain_get(struct call *call) {
    static const char *const languages[] = {"zh", "en", NULL};
    int64_t ticket;
    (void)call_query_choice(call, "lang", languages);
    if (call_is_wrong(call, 400)) return;
    if (!ticket_ask(call, &ticket)) return;
    events_ask(call, ticket, 0, EVENTS_MAX);
    call_send(call, on_explain);
}
