/* Short lists: admission.csv (what a community may be given), places.csv (names in addresses), sources.csv (who pushes requests).
 * The first two are replaced as a whole; sources are made or changed, never removed, as requests name them. */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "proto/must.h"
#include "services/console/import.h"
#include "services/console/sheet.h"

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* ---- admission ---------------------------------------------------------------------------------------------------------------------------------- */

enum { COMMUNITY, MATTER, NOTE };
static const char *const admission_columns[] = {"community", "matter", "note", NULL};

struct admissions {
    struct admission *rows;
    uint32_t count;
};

static const struct db_statement DROP_ADMISSION = {"import_admission_drop", "DELETE FROM admission"};
static const struct db_statement STORE_ADMISSION = {
    "import_admission",
    "INSERT INTO admission (community, matter_from, matter_to) SELECT nullif(c, 0), f, t FROM unnest($1::int4[], "
    "$2::int4[], $3::int4[]) AS a (c, f, t)"};

static void read_admission(struct sheet *s, struct admission *row) {
    const char *community = sheet_needed(s, COMMUNITY, 16), *matter = sheet_needed(s, MATTER, 6);
    if (strcmp(community, "*")) {
        row->community = *community ? sheet_unit(s, COMMUNITY) : 0;
        const struct unit *unit = world_unit(&s->in->reference->world, row->community);
        if (unit && unit->kind != UNIT_COMMUNITY) sheet_fault(s, COMMUNITY, "“%s” 不是社区", "\"%s\" is no community");
    }
    size_t len = strlen(matter);
    if ((len != 2 && len != 4 && len != 6) || strspn(matter, "0123456789") != len) {
        sheet_fault(s, MATTER, "“%s” 须为 2、4 或 6 位数字", "\"%s\" must have 2, 4 or 6 digits");
        return;
    }
    uint32_t step = len == 2 ? 10000 : len == 4 ? 100 : 1;
    row->from = (uint32_t)strtoul(matter, NULL, 10) * step;
    row->to = row->from + step - 1;
    const struct world *world = &s->in->reference->world;
    bool any = false;
    for (uint32_t i = 0; i < world->matter_count && !any; i++)
        any = world->matters[i].code >= row->from && world->matters[i].code <= row->to;
    if (!any) sheet_fault(s, MATTER, "目录中没有 “%s” 的事项", "the catalogue has no matter \"%s\"");
}

static void check_admission(struct import *in) {
    struct admissions *plan = in->plan = import_take(in, 1, sizeof *plan);
    struct sheet s;
    plan->rows = import_take(in, IMPORT_ROWS_MAX, sizeof *plan->rows);
    for (bool more = sheet_open(&s, in, admission_columns, 2) && sheet_next(&s); more && plan->count < IMPORT_ROWS_MAX;
         more = sheet_next(&s))
        read_admission(&s, &plan->rows[plan->count++]);
    sheet_close(&s);
    in->created = plan->count;
    in->removed = in->reference->world.admission_count;
}

static void store_admission(struct import *in) {
    const struct admissions *plan = in->plan;
    call_add(in->call, &DROP_ADMISSION);
    struct db_call *call = call_add(in->call, &STORE_ADMISSION);
    for (int i = 1; i <= 3; i++) db_set_array(call, i, DB_INT4);
    for (uint32_t i = 0; i < plan->count; i++) {
        db_push_int4(call, 1, (int32_t)plan->rows[i].community);
        db_push_int4(call, 2, (int32_t)plan->rows[i].from);
        db_push_int4(call, 3, (int32_t)plan->rows[i].to);
    }
}

void import_admission(struct call *call) {
    static const struct import_kind kind = {
        .name = "admission", .tables = "{admission}", .check = check_admission, .store = store_admission};
    import_start(call, &kind, NULL);
}

/* ---- places ------------------------------------------------------------------------------------------------------------------------------------- */

enum { PATTERN, UNIT, PLACE_KIND };
static const char *const place_columns[] = {"pattern", "unit", "kind", NULL};

struct places {
    const char **patterns;
    uint32_t *units, count;
};

static const struct db_statement DROP_PLACES = {"import_places_drop", "DELETE FROM place"};
static const struct db_statement STORE_PLACES = {
    "import_places", "INSERT INTO place (pattern, unit) SELECT * FROM unnest($1::text[], $2::int4[])"};

static void read_place(struct sheet *s, struct places *plan) {
    const char *pattern = sheet_needed(s, PATTERN, 200);
    uint32_t unit = sheet_unit(s, UNIT);
    const struct unit *u = world_unit(&s->in->reference->world, unit);
    struct span folded;
    if (!*sheet_text(s, UNIT)) sheet_fault(s, UNIT, "不能为空", "must not be empty");
    if (u && u->kind != UNIT_GRID && u->kind != UNIT_COMMUNITY && u->kind != UNIT_STREET)
        sheet_fault(s, UNIT, "“%s” 不是网格、社区或街道", "\"%s\" is no grid, community or street");
    if (text_fold(&s->in->arena, pattern, strlen(pattern), &folded) != ERR_NONE ||
        (*pattern && text_length(folded.at, folded.len) < 2)) {
        sheet_fault(s, PATTERN, "“%s” 太短, 至少两个字", "\"%s\" is too short: two characters at least");
        return;
    }
    plan->patterns[plan->count] = arena_copy(&s->in->arena, folded.at, folded.len);
    must(plan->patterns[plan->count]);
    plan->units[plan->count++] = unit;
}

static void find_twins(struct import *in, const struct places *plan) {
    const char **sorted = import_take(in, plan->count, sizeof *sorted);
    memcpy(sorted, plan->patterns, plan->count * sizeof *sorted);
    qsort(sorted, plan->count, sizeof *sorted, compare_texts);
    for (uint32_t i = 1; i < plan->count; i++)
        if (!strcmp(sorted[i], sorted[i - 1]))
            import_fault(in, 0, "", import_printf(in, "地名 “%.60s” 在文件中重复", sorted[i]),
                         import_printf(in, "the place name \"%.60s\" stands in the file twice", sorted[i]));
}

static void check_places(struct import *in) {
    struct places *plan = in->plan = import_take(in, 1, sizeof *plan);
    struct sheet s;
    plan->patterns = import_take(in, IMPORT_ROWS_MAX, sizeof *plan->patterns);
    plan->units = import_take(in, IMPORT_ROWS_MAX, sizeof *plan->units);
    for (bool more = sheet_open(&s, in, place_columns, 2) && sheet_next(&s); more && plan->count < IMPORT_ROWS_MAX;
         more = sheet_next(&s))
        read_place(&s, plan);
    sheet_close(&s);
    find_twins(in, plan);
    in->created = plan->count;
    in->removed = in->reference->place_count;
}

static void store_places(struct import *in) {
    const struct places *plan = in->plan;
    call_add(in->call, &DROP_PLACES);
    struct db_call *call = call_add(in->call, &STORE_PLACES);
    db_set_array(call, 1, DB_TEXT);
    db_set_array(call, 2, DB_INT4);
    for (uint32_t i = 0; i < plan->count; i++) {
        db_push_text(call, 1, plan->patterns[i], strlen(plan->patterns[i]));
        db_push_int4(call, 2, (int32_t)plan->units[i]);
    }
}

void import_places(struct call *call) {
    static const struct import_kind kind = {
        .name = "places", .tables = "{place}", .check = check_places, .store = store_places};
    import_start(call, &kind, NULL);
}

/* ---- sources ------------------------------------------------------------------------------------------------------------------------------------ */

enum { CODE, CHANNEL, NAME_ZH, NAME_EN };
static const char *const source_columns[] = {"code", "channel", "name_zh", "name_en", NULL};
enum { SOURCES_MAX = 1000 };

struct sources {
    struct source {
        const char *code, *name_zh, *name_en;
        size_t number;
        int channel;
        uint32_t id;
    } * rows;
    uint32_t count;
};

static const struct db_statement STORE_SOURCES = {
    "import_sources",
    "INSERT INTO source (id, code, channel, name_zh, name_en) SELECT * FROM unnest($1::int4[], $2::text[], $3::int2[], "
    "$4::text[], $5::text[]) ON CONFLICT (id) DO UPDATE SET channel = excluded.channel, name_zh = excluded.name_zh, "
    "name_en = excluded.name_en"};

static void read_source(struct sheet *s, struct sources *plan, uint32_t *next) {
    if (plan->count == SOURCES_MAX) {
        sheet_fault(s, -1, "来源过多", "too many sources");
        return;
    }
    struct source *row = &plan->rows[plan->count++];
    row->number = s->number;
    row->code = sheet_needed(s, CODE, SOURCE_BYTES_MAX);
    row->channel = sheet_word(s, CHANNEL, WORDS_channel, 0);
    row->name_zh = sheet_text(s, NAME_ZH);
    row->name_en = sheet_text(s, NAME_EN);
    if (strspn(row->code, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(row->code))
        sheet_fault(s, CODE, "“%s” 只能含 a-z 0-9 -", "\"%s\" may hold a-z, 0-9 and - only");
    for (uint32_t i = 0; i + 1 < plan->count; i++)
        if (!strcmp(plan->rows[i].code, row->code))
            sheet_fault(s, CODE, "编码在文件中重复", "the code stands in the file twice");
    const struct reference_source *known = reference_source_by_code(s->in->reference, row->code, strlen(row->code));
    row->id = known ? known->id : (*next)++;
    *(known ? &s->in->updated : &s->in->created) += 1;
}

static void check_sources(struct import *in) {
    struct sources *plan = in->plan = import_take(in, 1, sizeof *plan);
    struct sheet s;
    uint32_t next = 1;
    for (uint32_t i = 0; i < in->reference->source_count; i++)
        if (in->reference->sources[i].id >= next) next = in->reference->sources[i].id + 1;
    plan->rows = import_take(in, SOURCES_MAX, sizeof *plan->rows);
    for (bool more = sheet_open(&s, in, source_columns, 2) && sheet_next(&s); more; more = sheet_next(&s))
        read_source(&s, plan, &next);
    sheet_close(&s);
}

static void store_sources(struct import *in) {
    const struct sources *plan = in->plan;
    struct db_call *call = call_add(in->call, &STORE_SOURCES);
    static const enum db_type types[] = {DB_INT4, DB_TEXT, DB_INT2, DB_TEXT, DB_TEXT};
    for (int i = 0; i < 5; i++) db_set_array(call, i + 1, types[i]);
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct source *row = &plan->rows[i];
        db_push_int4(call, 1, (int32_t)row->id);
        db_push_text(call, 2, row->code, strlen(row->code));
        db_push_int2(call, 3, (int16_t)row->channel);
        db_push_text(call, 4, row->name_zh, strlen(row->name_zh));
        db_push_text(call, 5, row->name_en, strlen(row->name_en));
    }
}

void import_sources(struct call *call) {
    static const struct import_kind kind = {
        .name = "sources", .tables = "{source}", .check = check_sources, .store = store_sources};
    import_start(call, &kind, NULL);
}
