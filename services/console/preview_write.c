/* A preview as JSON and CSV. See preview.h. */
#include <stdio.h>
#include <string.h>

#include "common/csv.h"
#include "common/number.h"
#include "core/clock.h"
#include "services/console/preview.h"
#include "services/console/ticket_json.h"

enum { MINUTE_MS = 60000 };

/* What changes: the due time, what is left of a paused clock, the next rung alone, or only how the limit is written. */
static const char *change_of(const struct preview_move *m) {
    if (m->to.paused) return m->to.left_ms != m->from.left_ms ? "left" : "limit";
    if (m->to.due != m->from.due) return "due";
    return m->to.next != m->from.next ? "rung" : "limit";
}

static int assignment_of(const struct preview_move *m) {
    return m->slot < CLOCK_SLOT_ASSIGNMENT || m->slot == CLOCK_SLOT_TOTAL ? 0 : m->slot / 2;
}

static void put_limit(struct json_writer *w, const char *key, const struct clock *clock) {
    char text[LIMIT_TEXT_SIZE];
    limit_format(clock_limit(clock), text, sizeof text);
    json_put_string(w, key, text);
}

static void put_move(struct json_writer *w, const struct preview *p, const struct preview_move *m) {
    json_open(w);
    put_ticket_number(w, "ticket", m->ticket);
    put_word(w, "stage", WORDS_stage, m->to.stage);
    json_put_bool(w, "total", m->slot == CLOCK_SLOT_TOTAL);
    if (assignment_of(m))
        json_put_int(w, "assignment", assignment_of(m));
    else
        json_put_null(w, "assignment");
    put_unit(w, "unit", p->reference, m->unit);
    json_put_string(w, "change", change_of(m));
    put_limit(w, "limit_from", &m->from);
    put_limit(w, "limit_to", &m->to);
    json_put_time_or_null(w, "due_from", m->from.due);
    json_put_time_or_null(w, "due_to", m->to.due);
    json_put_int(w, "by_minutes", preview_by_ms(m) / MINUTE_MS);
    json_put_time_or_null(w, "rung_from", m->from.next);
    json_put_time_or_null(w, "rung_to", m->to.next);
    json_put_bool(w, "paused", m->to.paused);
    json_put_int(w, "rungs_at_once", m->rungs_at_once);
    json_close(w);
}

static void put_sums(struct json_writer *w, const struct preview_sums *s) {
    json_put_int(w, "tickets", s->tickets);
    json_put_int(w, "deadlines", s->deadlines);
    json_put_int(w, "later", s->later);
    json_put_int(w, "earlier", s->earlier);
    json_put_int(w, "paused", s->paused);
    json_put_int(w, "rungs", s->rungs);
    json_put_int(w, "restated", s->restated);
    json_put_int(w, "rungs_at_once", s->rungs_at_once);
    json_put_int(w, "red_cards_at_once", s->red_cards_at_once);
    json_put_int(w, "most_later_minutes", s->most_later_ms / MINUTE_MS);
    json_put_int(w, "most_earlier_minutes", s->most_earlier_ms / MINUTE_MS);
}

void preview_put_summary(struct json_writer *w, const struct preview *p) {
    json_put_string(w, "kind", p->kind);
    json_put_time(w, "at", p->at);
    json_put_int(w, "world", p->reference->world.version);
    json_put_bool(w, "counted", p->counted);
    json_put_int(w, "open", p->done);
    put_sums(w, &p->sums);
    json_put_int(w, "left_off", p->format == PREVIEW_JSON ? p->sums.deadlines - p->listed : 0);
    json_put_open_list(w, "units");
    for (uint32_t unit = 0; unit < p->world.unit_count; unit++) {
        if (!p->by_unit[unit].deadlines) continue;
        json_open(w);
        put_unit(w, "unit", p->reference, unit);
        put_sums(w, &p->by_unit[unit]);
        json_close(w);
    }
    json_close_list(w);
}

/* ---- CSV --------------------------------------------------------------------------------------------------------------------- */

static void field(struct buffer *out, const char *text, bool first) {
    csv_write_field(out, text, strlen(text), first);
}

static void time_field(struct buffer *out, time_ms time) {
    char text[CLOCK_TEXT_BYTES] = "";
    if (time) clock_format(time, text);
    field(out, text, false);
}

static void int_field(struct buffer *out, int64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    field(out, text, false);
}

static void limit_field(struct buffer *out, const struct clock *clock) {
    char text[LIMIT_TEXT_SIZE];
    limit_format(clock_limit(clock), text, sizeof text);
    field(out, text, false);
}

void preview_write_titles(struct buffer *out) {
    buffer_append_text(out, "ticket,stage,total,assignment,unit,unit_name_zh,unit_name_en,change,limit_from,limit_to,"
                            "due_from,due_to,by_minutes,rung_from,rung_to,paused,rungs_at_once");
    csv_write_end(out);
}

static void write_row(struct buffer *out, const struct preview *p, const struct preview_move *m) {
    char number[NUMBER_TEXT_BYTES];
    number_format_ticket(m->ticket, number);
    field(out, number, true);
    field(out, word_text(WORDS_stage, m->to.stage), false);
    field(out, m->slot == CLOCK_SLOT_TOTAL ? "yes" : "no", false);
    if (assignment_of(m))
        int_field(out, assignment_of(m));
    else
        field(out, "", false);
    field(out, reference_unit_code(p->reference, m->unit), false);
    field(out, m->unit ? reference_unit_name(p->reference, m->unit, false) : "", false);
    field(out, m->unit ? reference_unit_name(p->reference, m->unit, true) : "", false);
    field(out, change_of(m), false);
    limit_field(out, &m->from);
    limit_field(out, &m->to);
    time_field(out, m->from.due);
    time_field(out, m->to.due);
    int_field(out, preview_by_ms(m) / MINUTE_MS);
    time_field(out, m->from.next);
    time_field(out, m->to.next);
    field(out, m->to.paused ? "yes" : "no", false);
    int_field(out, m->rungs_at_once);
    csv_write_end(out);
}

/* ---- a page ------------------------------------------------------------------------------------------------------------------- */

void preview_write_moves(struct preview *p) {
    for (size_t i = 0; i < p->move_count; i++) {
        struct json_writer w;
        if (p->format == PREVIEW_CSV) {
            write_row(&p->out, p, &p->moves[i]);
            continue;
        }
        if (p->listed == p->limit) break;
        p->listed++;
        if (p->out.length) buffer_append_byte(&p->out, ',');
        json_writer_init(&w, &p->out);
        put_move(&w, p, &p->moves[i]);
        json_writer_end(&w);
    }
    p->move_count = 0;
}
