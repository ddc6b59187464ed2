/* A calendar file (docs/calendars.md): weekly hours, seasons, holidays and swapped workdays. The calendars that are in the file are
 * replaced as a whole; others stay. Every row is tried on a real calendar first, so what is stored is what core can read.
 * "standard" is the default one, number 0. */
#include <string.h>

#include "core/calendar.h"
#include "proto/must.h"
#include "services/console/preview.h"
#include "services/console/sheet.h"

enum { CALENDAR, ROW, FROM, TO, WEEKDAYS, SPANS, NAME_ZH, NAME_EN, COLUMNS };
static const char *const columns[] = {"calendar", "row", "from", "to", "weekdays", "spans", "name_zh", "name_en", NULL};
enum { ROWS_MAX = 20000, OFFSET_MINUTES = 480 };

struct line {
    uint32_t calendar; /* place in plan->calendars */
    size_t number;
    const char *texts[COLUMNS - 1]; /* from ROW on */
};

struct plan {
    struct {
        const char *code;
        struct calendar *calendar;
        size_t number, rows;
        uint32_t id;
    } calendars[CALENDARS_MAX];
    uint32_t count;
    struct line *lines;
    uint32_t line_count;
};

static const struct db_statement STORE = {
    "import_calendars",
    "INSERT INTO calendar (id, code) SELECT * FROM unnest($1::int4[], $2::text[]) ON CONFLICT (id) DO NOTHING"};
static const struct db_statement DROP = {"import_calendar_rows_drop",
                                         "DELETE FROM calendar_row WHERE calendar = ANY ($1::int4[])"};
static const struct db_statement STORE_ROWS = {
    "import_calendar_rows",
    "INSERT INTO calendar_row (calendar, no, kind, from_day, to_day, weekdays, spans, name_zh, name_en) SELECT * FROM "
    "unnest($1::int4[], "
    "$2::int4[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])"};

static int calendar_of(struct sheet *s, struct plan *plan) {
    const char *code = sheet_needed(s, CALENDAR, 40);
    for (uint32_t i = 0; i < plan->count; i++)
        if (!strcmp(plan->calendars[i].code, code)) return (int)i;
    if (plan->count == CALENDARS_MAX) {
        sheet_fault(s, CALENDAR, "日历过多", "too many calendars");
        return -1;
    }
    uint32_t at = plan->count++;
    plan->calendars[at].code = code;
    plan->calendars[at].number = s->number;
    plan->calendars[at].calendar = import_take(s->in, 1, sizeof(struct calendar));
    calendar_init(plan->calendars[at].calendar, OFFSET_MINUTES);
    return (int)at;
}

static void read_line(struct sheet *s, struct plan *plan, struct line *line) {
    int calendar = calendar_of(s, plan);
    if (calendar < 0) return;
    line->calendar = (uint32_t)calendar;
    line->number = ++plan->calendars[calendar].rows; /* within its calendar, however many are in the file */
    for (int c = ROW; c < COLUMNS; c++) line->texts[c - ROW] = sheet_text(s, c);
    struct calendar_row row = {line->texts[0], line->texts[1], line->texts[2], line->texts[3],
                               line->texts[4], line->texts[5], line->texts[6]};
    enum calendar_error error = calendar_row(plan->calendars[calendar].calendar, &row);
    if (error != CALENDAR_OK)
        sheet_fault(s, -1, calendar_error_text(error, LANG_ZH), calendar_error_text(error, LANG_EN));
}

static void give_ids(struct import *in, struct plan *plan) {
    const struct reference *reference = in->reference;
    uint32_t next = reference->world.calendar_count ? reference->world.calendar_count : 1;
    for (uint32_t i = 0; i < plan->count; i++) {
        const char *code = plan->calendars[i].code;
        uint32_t id = 0;
        while (id < reference->world.calendar_count &&
               (!reference->calendar_codes[id] || strcmp(reference->calendar_codes[id], code)))
            id++;
        bool known = id < reference->world.calendar_count;
        plan->calendars[i].id = known ? id : strcmp(code, "standard") ? next++ : 0;
        *(known ? &in->updated : &in->created) += 1;
        if (plan->calendars[i].id >= CALENDARS_MAX)
            import_fault(in, plan->calendars[i].number, "calendar", "日历过多", "too many calendars");
        enum calendar_error error = calendar_seal(plan->calendars[i].calendar);
        if (error != CALENDAR_OK)
            import_fault(in, plan->calendars[i].number, "calendar",
                         import_printf(in, "日历 “%s”: %s", code, calendar_error_text(error, LANG_ZH)),
                         import_printf(in, "calendar \"%s\": %s", code, calendar_error_text(error, LANG_EN)));
    }
}

static void check(struct import *in) {
    struct plan *plan = in->plan = import_take(in, 1, sizeof *plan);
    struct sheet s;
    plan->lines = import_take(in, ROWS_MAX, sizeof *plan->lines);
    for (bool more = sheet_open(&s, in, columns, 2) && sheet_next(&s); more; more = sheet_next(&s)) {
        if (plan->line_count == ROWS_MAX) {
            import_fault(in, s.number, "", "行数过多", "too many rows");
            break;
        }
        read_line(&s, plan, &plan->lines[plan->line_count++]);
    }
    sheet_close(&s);
    if (!in->fault_count) give_ids(in, plan);
    in->names = "";
    for (uint32_t i = 0; i < plan->count; i++)
        in->names = import_printf(in, "%s%s%s", in->names, i ? ", " : "", plan->calendars[i].code);
}

static void store(struct import *in) {
    const struct plan *plan = in->plan;
    struct db_call *call = call_add(in->call, &STORE), *drop = call_add(in->call, &DROP),
                   *rows = call_add(in->call, &STORE_ROWS);
    db_set_array(call, 1, DB_INT4);
    db_set_array(call, 2, DB_TEXT);
    db_set_array(drop, 1, DB_INT4);
    db_set_array(rows, 1, DB_INT4);
    db_set_array(rows, 2, DB_INT4);
    for (int i = 0; i < COLUMNS - 1; i++) db_set_array(rows, 3 + i, DB_TEXT);
    for (uint32_t i = 0; i < plan->count; i++) {
        db_push_int4(call, 1, (int32_t)plan->calendars[i].id);
        db_push_text(call, 2, plan->calendars[i].code, strlen(plan->calendars[i].code));
        db_push_int4(drop, 1, (int32_t)plan->calendars[i].id);
    }
    for (uint32_t i = 0; i < plan->line_count; i++) {
        const struct line *line = &plan->lines[i];
        db_push_int4(rows, 1, (int32_t)plan->calendars[line->calendar].id);
        db_push_int4(rows, 2, (int32_t)line->number);
        for (int c = 0; c < COLUMNS - 1; c++) db_push_text(rows, 3 + c, line->texts[c], strlen(line->texts[c]));
    }
}

static void imagine(struct import *in, struct world *world) {
    const struct plan *plan = in->plan;
    const struct calendar **calendars = import_take(in, CALENDARS_MAX, sizeof *calendars);
    memcpy(calendars, world->calendars, world->calendar_count * sizeof *calendars);
    for (uint32_t i = 0; i < plan->count; i++) {
        uint32_t id = plan->calendars[i].id;
        calendars[id] = plan->calendars[i].calendar;
        if (id >= world->calendar_count) world->calendar_count = id + 1;
    }
    world->calendars = calendars;
}

static const struct import_kind kind = {
    .name = "calendars", .tables = "{calendar,calendar_row}", .check = check, .store = store, .imagine = imagine};

void import_calendars(struct call *call) {
    import_start(call, &kind, NULL);
}

void preview_calendars(struct call *call) {
    import_preview(call, &kind);
}
