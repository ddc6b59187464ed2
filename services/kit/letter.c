/* See letter.h. */
#include "services/kit/letter.h"

#include <stdio.h>
#include <string.h>

#include "common/number.h"

enum { MINUTE_CHARACTERS = 16 }; /* 2026-11-22T16:20 */

static const char *word_in(enum word_set set, int value, enum language language) {
    const struct word *word = word_by_value(set, value);
    return !word ? "" : language == LANGUAGE_EN ? word->en : word->zh;
}

static const char *what(const struct letter_notice *notice, enum language language, struct arena *arena) {
    bool english = language == LANGUAGE_EN;
    if (notice->type != EVENT_RUNG) return word_in(WORDS_event_type, notice->type, language);
    const char *rung = word_in(WORDS_rung, notice->rung, language);
    return notice->reminder ? arena_printf(arena, english ? "%s (reminder)" : "%s（再次提醒）", rung) : rung;
}

static const char *minute(time_ms at, struct arena *arena) {
    char text[CLOCK_TEXT_BYTES];
    clock_format(at, text);
    text[10] = ' ';
    return arena_copy(arena, text, MINUTE_CHARACTERS);
}

static const char *ticket_of(const struct letter_notice *notice, struct arena *arena) {
    char number[NUMBER_TEXT_BYTES];
    return arena_copy(arena, number, number_format_ticket(notice->ticket, number));
}

static void put(struct letter_said *said, const char *name, const char *value) {
    said->values[said->count++] = (struct template_value){name, value ? value : ""};
}

static void put_notice(struct letter_said *said, const struct reference *reference, const struct letter_notice *notice,
                       enum language language, struct arena *arena) {
    bool english = language == LANGUAGE_EN;
    const char *unit = reference_unit_name(reference, notice->about, english);
    const char *stage = word_in(WORDS_stage, notice->stage, language);
    put(said, "what", what(notice, language, arena));
    put(said, "ticket", ticket_of(notice, arena));
    put(said, "unit", unit);
    put(said, "stage", stage);
    put(said, "about", arena_printf(arena, "%s%s%s", unit, *unit && *stage ? english ? ", " : "，" : "", stage));
    put(said, "at", minute(notice->at, arena));
}

static const char *rendered(const char *text, const struct letter_said *said, struct arena *arena) {
    struct buffer out = {0};
    template_render(text, said->values, said->count, &out);
    const char *copy = arena_copy(arena, buffer_text(&out), out.length);
    buffer_done(&out);
    return copy;
}

static const char *list_of(const struct reference *reference, const struct letter_notice *notices, int count, int total,
                           const struct template_text *line, enum language language, struct arena *arena) {
    struct buffer out = {0};
    for (int i = 0; i < count; i++) {
        struct letter_said one = {.count = 0};
        put_notice(&one, reference, &notices[i], language, arena);
        if (i) buffer_append_byte(&out, '\n');
        template_render(line->body, one.values, one.count, &out);
    }
    if (total > count)
        buffer_format(&out, language == LANGUAGE_EN ? "\n... and %d more" : "\n…… 另有 %d 条", total - count);
    const char *copy = arena_copy(arena, buffer_text(&out), out.length);
    buffer_done(&out);
    return copy;
}

bool letter_say(const struct reference *reference, const struct letter_notice *notices, int count, int total,
                const struct template_text *texts, enum language language, struct arena *arena,
                struct letter_said *ret_said) {
    struct letter_said *said = ret_said;
    *said = (struct letter_said){.template_ = total > 1 ? TEMPLATE_DIGEST : TEMPLATE_NOTICE};
    put_notice(said, reference, &notices[0], language, arena); /* a digest's carrier may want those of its first */
    put(said, "count", arena_printf(arena, "%d", total));
    put(said, "list", list_of(reference, notices, count, total, &texts[TEMPLATE_LINE], language, arena));
    said->subject = rendered(texts[said->template_].subject, said, arena);
    said->text = rendered(texts[said->template_].body, said, arena);
    put(said, "subject", said->subject);
    put(said, "text", said->text);
    return said->subject && said->text;
}
