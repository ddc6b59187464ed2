/* GET /tickets/{number}/explain: why it went where it is, in one sentence, and each running deadline line by line: its start, its
 * limit, every skipped night, holiday, pause and extension. Pauses and extensions are found in the ticket's events. */
#include <string.h>

#include "core/calendar.h"
#include "core/clock.h"
#include "core/routing.h"
#include "proto/must.h"
#include "services/console/event_read.h"
#include "services/console/ticket_read.h"
#include "services/console/tickets.h"

enum {
    EVENTS_MAX = 1000,
    LINES_MAX = 200,
    CHANGES_MAX = 32,
    SENTENCE_BYTES = 1200,
    MINUTE_MS = 60000,
    SLOT_TOTAL = 255
};

/* ---- the route ------------------------------------------------------------------------------------------------------------------------------------- */

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

static void put_route(struct json_writer *w, struct call *call, const struct route *route) {
    struct routing_names names = {call->reference, unit_name, matter_name, rule_name};
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
        call_printf(call, "%s %s由%s派给%s", when, word->zh, zh_by, reference_unit_name(reference, to, false)),
        call_printf(call, "%s: %s by %s, to %s", when, word->en, en_by, reference_unit_name(reference, to, true)));
}

/* ---- what happened to one clock -------------------------------------------------------------------------------------------------------------------------- */

struct story {
    int slot;
    const struct clock *clock; /* as it is now */
    uint32_t unit;
    struct calendar_pause pauses[CHANGES_MAX];
    struct calendar_extension extensions[CHANGES_MAX];
    int pause_count, extension_count;
    int64_t extended_ms; /* told so far */
    bool paused;
};

/* In the largest whole unit, as people say it. */
static struct limit limit_of(const struct calendar *cal, bool natural, int64_t ms) {
    int64_t minutes = ms / MINUTE_MS, day = natural ? 24 * 60 : cal->day_minutes;
    if (minutes % day == 0)
        return (struct limit){(int32_t)(minutes / day), natural ? LIMIT_NATURAL_DAYS : LIMIT_WORKING_DAYS};
    if (minutes % 60 == 0)
        return (struct limit){(int32_t)(minutes / 60), natural ? LIMIT_NATURAL_HOURS : LIMIT_WORKING_HOURS};
    return (struct limit){(int32_t)minutes, natural ? LIMIT_NATURAL_MINUTES : LIMIT_WORKING_MINUTES};
}

static void hear_extension(struct story *s, const struct calendar *cal, time_ms at, const struct clock *clock) {
    int64_t more = clock->extended_ms - s->extended_ms;
    s->extended_ms = clock->extended_ms;
    if (more < MINUTE_MS || s->extension_count == CHANGES_MAX) return;
    s->extensions[s->extension_count++] =
        (struct calendar_extension){at, limit_of(cal, limit_is_natural(clock_limit(clock)), more)};
}

static void hear_pause(struct story *s, time_ms at, const struct clock *clock) {
    if (clock->paused && !s->paused && s->pause_count < CHANGES_MAX)
        s->pauses[s->pause_count++] = (struct calendar_pause){.from = at};
    else if (!clock->paused && s->paused && s->pause_count)
        s->pauses[s->pause_count - 1].to = at;
    s->paused = clock->paused;
}

static void hear(struct story *s, const struct calendar *cal, const struct event *event) {
    for (int i = 0; i < event->effect.clocks_count; i++) {
        const struct clock_set *set = &event->effect.clocks[i];
        if (set->slot != s->slot || set->clock.stage != s->clock->stage || set->clock.started != s->clock->started)
            continue;
        if (set->clock.fixed && s->extended_ms == 0)
            s->extended_ms = set->clock.extended_ms; /* the odd seconds of a named time */
        hear_extension(s, cal, event->at, &set->clock);
        hear_pause(s, event->at, &set->clock);
    }
}

/* ---- its lines ------------------------------------------------------------------------------------------------------------------------------------------- */

static void put_line(struct json_writer *w, const struct calendar *cal, const struct calendar_line *line) {
    char zh[CALENDAR_LINE_TEXT_SIZE], en[CALENDAR_LINE_TEXT_SIZE];
    calendar_line_say(cal, line, LANG_ZH, zh, sizeof zh);
    calendar_line_say(cal, line, LANG_EN, en, sizeof en);
    json_open(w);
    json_put_time_or_null(w, "at", line->from);
    json_put_time_or_null(w, "to", line->to != line->from ? line->to : 0);
    json_put_string(w, "zh", zh);
    json_put_string(w, "en", en);
    json_close(w);
}

static void put_story(struct json_writer *w, struct call *call, const struct story *s) {
    static struct calendar_line lines[LINES_MAX];
    const struct calendar *cal = world_calendar(call_world(call), s->clock->calendar);
    struct calendar_question question = {.start = s->clock->started,
                                         .limit = clock_limit(s->clock),
                                         .pauses = s->pauses,
                                         .pause_count = s->pause_count,
                                         .extensions = s->extensions,
                                         .extension_count = s->extension_count};
    int32_t count = calendar_explain(cal, &question, lines, LINES_MAX);
    json_open(w);
    json_put_string(w, "stage", word_text(WORDS_stage, s->clock->stage));
    put_word(w, "stage_word", WORDS_stage, s->clock->stage);
    put_unit(w, "unit", call->reference, s->unit);
    json_put_time(w, "started", s->clock->started);
    json_put_time_or_null(w, "due", s->clock->due);
    json_put_bool(w, "paused", s->clock->paused);
    json_put_bool(w, "total", s->slot == SLOT_TOTAL);
    json_put_open_list(w, "lines");
    for (int32_t i = 0; i < count; i++) {
        if (lines[i].kind == CALENDAR_LINE_DUE && s->clock->due)
            lines[i].from = lines[i].to = s->clock->due; /* to the second */
        put_line(w, cal, &lines[i]);
    }
    json_close_list(w);
    json_close(w);
}

static int add_story(struct story *stories, int count, int slot, const struct clock *clock, uint32_t unit) {
    if (!clock->stage) return count;
    stories[count] = (struct story){.slot = slot, .clock = clock, .unit = unit};
    return count + 1;
}

static int find_stories(const struct ticket *ticket, struct story *stories) {
    int count = add_story(stories, 0, CLOCK_SLOT_TICKET, &ticket->clock, ticket->owner);
    count = add_story(stories, count, CLOCK_SLOT_SUPERVISION, &ticket->supervision, ticket->supervised_unit);
    for (int i = 0; i < ticket->assignments_count; i++) {
        const struct assignment *a = &ticket->assignments[i];
        if (a->state != ASSIGNMENT_OFFERED && a->state != ASSIGNMENT_SIGNED) continue;
        count = add_story(stories, count, 2 * a->no, &a->turn, a->unit);
        count = add_story(stories, count, 2 * a->no + 1, &a->handle, a->unit);
    }
    bool same = false; /* the whole limit, unless another clock says the same */
    for (int n = 0; n < count; n++) same |= stories[n].clock->due == ticket->total.due;
    return ticket_is_open(ticket) && !same ? add_story(stories, count, SLOT_TOTAL, &ticket->total, 0) : count;
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
    static struct story stories[4 + 2 * TICKET_ASSIGNMENTS_MAX];
    struct route route = {0};
    if (!ticket_read(call, reply, 1, &ticket)) {
        call_not_found(call);
        return;
    }
    const struct db_result *rows = reply->results[2];
    int count = find_stories(&ticket, stories);
    memset(&moved, 0, sizeof moved);
    for (int i = 0; i < db_rows(rows); i++) {
        if (!event_of_row(rows, i, &event)) continue;
        if (event.effect.route.reason) route = event.effect.route;
        if (is_move(&event) && !event.effect.route.reason) moved = event;
        for (int n = 0; n < count; n++)
            hear(&stories[n], world_calendar(call_world(call), stories[n].clock->calendar), &event);
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
