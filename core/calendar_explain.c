/* Why a deadline is when it is: the way from start to due, cut into pieces that a person can check one by one. Not for
 * wording (calendar_say.c). The due time itself comes from calendar.c; a piece only names what lies between. */
#include "core/calendar.h"

#include "proto/must.h"

enum { MINUTE_MS = 60000, DAY_MS = 86400000, LAST_LINES = 3 /* FOLDED, DUE or PAUSED, UNPUBLISHED */ };

struct story {
    const struct calendar *cal;
    struct limit kind;
    struct calendar_line *lines;
    int32_t count, max;
};

static struct calendar_line *push(struct story *story, enum calendar_line_kind kind, time_ms from, time_ms to) {
    must(story->count < story->max);
    struct calendar_line *line = &story->lines[story->count++];
    *line = (struct calendar_line){.kind = kind, .from = from, .to = to};
    return line;
}

static bool is_folding(const struct story *story) {
    return story->count > 0 && story->lines[story->count - 1].kind == CALENDAR_LINE_FOLDED;
}

static void fold(struct story *story, time_ms from, time_ms to, int64_t counted_ms) {
    struct calendar_line *line =
        is_folding(story) ? &story->lines[story->count - 1] : push(story, CALENDAR_LINE_FOLDED, from, to);
    line->to = to;
    line->counted_ms += counted_ms;
}

/* Adds a piece of time; one that only goes on (the night over midnight, Saturday and Sunday) lengthens the line before. */
static void add_piece(struct story *story, enum calendar_line_kind kind, time_ms from, time_ms to, int32_t occasion) {
    bool counts = kind == CALENDAR_LINE_WORKED || kind == CALENDAR_LINE_NATURAL;
    if (from >= to) return;
    struct calendar_line *last = story->count > 0 ? &story->lines[story->count - 1] : NULL;
    if (!counts && last && last->kind == kind && last->to == from &&
        (kind == CALENDAR_LINE_NIGHT || last->occasion == occasion)) {
        last->to = to;
        return;
    }
    if (story->count >= story->max - LAST_LINES || is_folding(story)) {
        fold(story, from, to, counts ? to - from : 0);
        return;
    }
    struct calendar_line *line = push(story, kind, from, to);
    line->occasion = occasion;
    line->counted_ms = counts ? to - from : 0;
}

/* ---- one day ---- */

static enum calendar_line_kind kind_of_day_off(const struct calendar *cal, int32_t day) {
    if (calendar_occasion_on(cal, day)) return CALENDAR_LINE_HOLIDAY;
    return calendar_weekday_of(day) >= 6 ? CALENDAR_LINE_WEEKEND : CALENDAR_LINE_CLOSED;
}

static time_ms later(time_ms a, time_ms b) {
    return a > b ? a : b;
}

static time_ms earlier(time_ms a, time_ms b) {
    return a < b ? a : b;
}

/* The part of the local day that lies in [from, to). */
static void add_day(struct story *story, int32_t day, time_ms from, time_ms to) {
    const struct calendar *cal = story->cal;
    const struct calendar_spans *spans = calendar_spans_on(cal, day);
    int32_t occasion = calendar_occasion_on(cal, day);
    time_ms midnight = calendar_at(cal, day, 0), done = later(from, midnight), end = earlier(to, midnight + DAY_MS);
    if (spans->count == 0) {
        add_piece(story, kind_of_day_off(cal, day), done, end, occasion);
        return;
    }
    for (int i = 0; i < spans->count; i++) {
        time_ms open = calendar_at(cal, day, spans->span[i].from), close = calendar_at(cal, day, spans->span[i].to);
        time_ms begin = earlier(later(done, open), end), stop = earlier(later(begin, close), end);
        add_piece(story, i == 0 ? CALENDAR_LINE_NIGHT : CALENDAR_LINE_BREAK, done, begin, 0);
        add_piece(story, CALENDAR_LINE_WORKED, begin, stop, occasion);
        done = stop;
    }
    add_piece(story, CALENDAR_LINE_NIGHT, done, end, 0);
}

static void add_stretch(struct story *story, time_ms from, time_ms to) {
    if (limit_is_natural(story->kind)) {
        add_piece(story, CALENDAR_LINE_NATURAL, from, to, 0);
        return;
    }
    for (int32_t day = calendar_local_day(story->cal, from); from < to; day++) {
        if (is_folding(story)) { /* no room for days: no need to walk them */
            fold(story, from, to, calendar_between(story->cal, from, to));
            return;
        }
        add_day(story, day, from, to);
        from = calendar_at(story->cal, day + 1, 0);
    }
}

/* ---- the whole ---- */

static void add_extension(struct story *story, const struct calendar_extension *extension) {
    if (story->count >= story->max / 2) return;
    push(story, CALENDAR_LINE_EXTENSION, extension->at, extension->at)->limit = extension->limit;
}

static void add_recount(struct story *story, const struct calendar_recount *recount, int32_t number) {
    if (story->count >= story->max / 2) return;
    struct calendar_line *line = push(story, CALENDAR_LINE_RECOMPUTED, recount->at, recount->at);
    line->before = recount->before;
    line->after = recount->after;
    line->was = recount->was;
    line->limit = recount->limit;
    line->occasion = number;
}

/* What was granted and what was computed anew, in order of time. */
static int64_t add_head(struct story *story, const struct calendar_question *question, int32_t percent) {
    int64_t whole = calendar_limit_ms(story->cal, question->limit);
    struct calendar_line *line = push(story, CALENDAR_LINE_START, question->start, question->start);
    line->limit = question->limit;
    line->percent = percent;
    line->after = question->named;
    int32_t told = 0;
    for (int32_t i = 0; i < question->extension_count; i++) {
        const struct calendar_extension *extension = &question->extensions[i];
        whole += calendar_extension_ms(story->cal, question->limit, extension->limit);
        for (; told < question->recount_count && question->recounts[told].at < extension->at; told++)
            add_recount(story, &question->recounts[told], told + 1);
        add_extension(story, extension);
    }
    for (; told < question->recount_count; told++) add_recount(story, &question->recounts[told], told + 1);
    return whole * percent / 100;
}

/* What the calendar in force then had counted more, or less, than the present one does. */
static void add_carried(struct story *story, time_ms at, int64_t more) {
    if (more == 0 || story->count >= story->max - LAST_LINES) return;
    push(story, CALENDAR_LINE_CARRIED, at, at)->counted_ms = more;
}

static void add_due(struct story *story, time_ms due, int64_t counted_ms, int32_t percent) {
    struct calendar_line *line = push(story, CALENDAR_LINE_DUE, due, due);
    line->counted_ms = counted_ms;
    line->limit = story->kind;
    line->percent = percent;
    if (!limit_is_natural(story->kind) && !calendar_published(story->cal, due)) {
        push(story, CALENDAR_LINE_UNPUBLISHED, due, due);
    }
}

int32_t calendar_explain(const struct calendar *cal, const struct calendar_question *question,
                         struct calendar_line *ret_lines, int32_t max) {
    must(cal->sealed && limit_valid(question->limit) && max >= 8);
    int32_t percent = question->percent ? question->percent : 100;
    must(percent > 0 && percent <= LIMIT_PERCENT_MAX);
    if (question->limit.unit == LIMIT_NONE) return 0;
    struct story story = {.cal = cal, .kind = question->limit, .lines = ret_lines, .max = max};
    int64_t whole = add_head(&story, question, percent), left = whole;
    time_ms at = question->start;
    for (int32_t i = 0; i < question->pause_count; i++) {
        const struct calendar_pause *pause = &question->pauses[i];
        must(pause->from >= at && (pause->to == 0 || pause->to >= pause->from));
        int64_t computed = calendar_elapsed(cal, story.kind, at, pause->from);
        int64_t used = question->used_ms != NULL ? question->used_ms[i] - (whole - left) : computed;
        if (used >= left) break; /* due before that pause */
        add_stretch(&story, at, pause->from);
        add_carried(&story, pause->from, used - computed);
        left -= used;
        at = pause->to;
        if (pause->to == 0) {
            push(&story, CALENDAR_LINE_PAUSED, pause->from, 0)->counted_ms = left;
            return story.count;
        }
        add_piece(&story, CALENDAR_LINE_PAUSE, pause->from, pause->to, 0);
    }
    time_ms due = calendar_add_ms(cal, at, story.kind, left);
    add_stretch(&story, at, due);
    add_due(&story, due, whole, percent);
    return story.count;
}
