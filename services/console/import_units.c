/* units.csv: the organisation. Units in the file are made or changed; units that are not in it stay (a unit is closed, never
 * removed: tickets and events name it). What a unit is (its kind) does not change. */
#include <stdlib.h>
#include <string.h>

#include "proto/must.h"
#include "services/console/import.h"
#include "services/console/sheet.h"

enum { CODE, KIND, PARENT, NAME_ZH, NAME_EN, LON, LAT, FLAGS, CALENDAR, QUIET };
static const char *const columns[] = {"code", "kind",  "parent",   "name_zh", "name_en", "lon",
                                      "lat",  "flags", "calendar", "quiet",   NULL};

struct row {
    const char *quiet;
    const char *code, *parent_code, *name_zh, *name_en;
    size_t number;
    uint32_t id, parent;
    int kind;
    uint32_t calendar;
    bool dedicated, closed, review, has_point;
    double lon, lat;
};

struct plan {
    struct row *rows;
    uint32_t count;
    struct row **by_code;
    /* the whole tree as it would be: parent and kind by id */
    uint32_t *parents, unit_count;
    uint8_t *kinds;
};

static const struct db_statement STORE = {
    "import_units",
    "INSERT INTO unit (id, code, kind, parent, name_zh, name_en, calendar, dedicated, closed, lon, lat, review, quiet) "
    "SELECT "
    "* FROM "
    "unnest($1::int4[], "
    "$2::text[], $3::int2[], $4::int4[], $5::text[], $6::text[], $7::int4[], $8::bool[], $9::bool[], $10::float8[], "
    "$11::float8[], $12::bool[], $13::text[]) "
    "ON CONFLICT (id) DO UPDATE SET parent = excluded.parent, name_zh = excluded.name_zh, name_en = excluded.name_en, "
    "calendar = excluded.calendar, dedicated = excluded.dedicated, closed = excluded.closed, lon = excluded.lon, lat = "
    "excluded.lat, review = excluded.review, quiet = excluded.quiet"};

/* ---- rows ------------------------------------------------------------------------------------------------------------------------------------- */

static void read_point(struct sheet *s, struct row *row) {
    const char *lon = sheet_text(s, LON), *lat = sheet_text(s, LAT);
    char *lon_end, *lat_end;
    if (!*lon && !*lat) return;
    row->lon = strtod(lon, &lon_end);
    row->lat = strtod(lat, &lat_end);
    row->has_point = true;
    if (!*lon || *lon_end || !(row->lon >= -180 && row->lon <= 180))
        sheet_fault(s, LON, "“%s” 不是经度", "\"%s\" is no longitude");
    if (!*lat || *lat_end || !(row->lat >= -90 && row->lat <= 90))
        sheet_fault(s, LAT, "“%s” 不是纬度", "\"%s\" is no latitude");
}

static void read_flags(struct sheet *s, struct row *row) {
    for (const char *at = sheet_text(s, FLAGS); *at;) {
        size_t len = strcspn(at, "; ");
        if (len == 9 && !memcmp(at, "dedicated", 9))
            row->dedicated = true;
        else if (len == 6 && !memcmp(at, "closed", 6))
            row->closed = true;
        else if (len == 6 && !memcmp(at, "review", 6))
            row->review = true;
        else if (len)
            sheet_fault(s, FLAGS, "“%s” 中有不认识的标志", "\"%s\" holds a mark that is not known");
        at += len + (at[len] != 0);
    }
}

static uint32_t read_calendar(struct sheet *s) {
    const char *code = sheet_text(s, CALENDAR);
    const struct reference *reference = s->in->reference;
    if (!*code) code = "standard";
    for (uint32_t id = 0; id < reference->world.calendar_count; id++)
        if (reference->calendar_codes[id] && !strcmp(reference->calendar_codes[id], code)) return id;
    sheet_fault(s, CALENDAR, "没有这个日历; 请先导入日历", "there is no such calendar; load calendars first");
    return 0;
}

static void read_row(struct sheet *s, struct row *row) {
    row->number = s->number;
    row->code = sheet_needed(s, CODE, 16);
    if (*row->code && !sheet_is_code(row->code, strlen(row->code)))
        sheet_fault(s, CODE, "“%s” 须为 1 到 16 个 a-z 0-9 -", "\"%s\" must be 1 to 16 of a-z, 0-9, -");
    row->kind = sheet_word(s, KIND, WORDS_unit_kind, 0);
    row->parent_code = sheet_text(s, PARENT);
    row->name_zh = sheet_needed(s, NAME_ZH, NAME_BYTES_MAX);
    row->name_en = sheet_text(s, NAME_EN);
    if (!*row->name_en) row->name_en = row->name_zh;
    read_point(s, row);
    read_flags(s, row);
    row->calendar = read_calendar(s);
    row->quiet = sheet_quiet(s, QUIET);
    if (row->dedicated && row->kind != UNIT_GRID)
        sheet_fault(s, FLAGS, "只有网格可以是专属的", "only a grid can be dedicated");
}

/* ---- all rows together -------------------------------------------------------------------------------------------------------------------------- */

static int compare_codes(const void *a, const void *b) {
    return strcmp((*(struct row *const *)a)->code, (*(struct row *const *)b)->code);
}

static void fault(struct import *in, const struct row *row, int column, const char *zh, const char *en) {
    import_fault(in, row->number, columns[column], zh, en);
}

static void find_twins(struct import *in, struct plan *plan) {
    plan->by_code = import_take(in, plan->count, sizeof *plan->by_code);
    for (uint32_t i = 0; i < plan->count; i++) plan->by_code[i] = &plan->rows[i];
    qsort(plan->by_code, plan->count, sizeof *plan->by_code, compare_codes);
    for (uint32_t i = 1; i < plan->count; i++)
        if (*plan->by_code[i]->code && !strcmp(plan->by_code[i]->code, plan->by_code[i - 1]->code))
            fault(in, plan->by_code[i], CODE, "编码在文件中重复", "the code stands in the file twice");
}

static void give_ids(struct import *in, struct plan *plan) {
    const struct reference *reference = in->reference;
    uint32_t next = reference->world.unit_count > 1 ? reference->world.unit_count : 1;
    for (uint32_t i = 0; i < plan->count; i++) {
        struct row *row = &plan->rows[i];
        row->id = reference_unit_by_code(reference, row->code, strlen(row->code));
        if (row->id) {
            in->updated++;
            if (reference->world.units[row->id].kind != row->kind && row->kind)
                fault(in, row, KIND, "已有单位的类别不能改变", "the kind of a unit that exists cannot change");
            if (reference->world.units[row->id].closed && !row->closed)
                fault(in, row, FLAGS, "已停用的单位不能恢复; 请新建单位", "a closed unit stays closed; make a new one");
        } else {
            in->created++;
            row->id = next++;
        }
    }
    plan->unit_count = next;
    if (next > UNITS_MAX) import_fault(in, 0, "", "单位过多", "too many units");
}

static const struct row *row_by_code(const struct plan *plan, const char *code) {
    const struct row key = {.code = code}, *pointer = &key;
    struct row **found = bsearch(&pointer, plan->by_code, plan->count, sizeof *plan->by_code, compare_codes);
    return found ? *found : NULL;
}

static void find_parents(struct import *in, struct plan *plan) {
    const struct world *world = &in->reference->world;
    plan->parents = import_take(in, plan->unit_count, sizeof *plan->parents);
    plan->kinds = import_take(in, plan->unit_count, sizeof *plan->kinds);
    for (uint32_t id = 1; id < world->unit_count; id++) {
        plan->parents[id] = world->units[id].parent;
        plan->kinds[id] = world->units[id].kind;
    }
    for (uint32_t i = 0; i < plan->count; i++) {
        struct row *row = &plan->rows[i];
        const struct row *parent = *row->parent_code ? row_by_code(plan, row->parent_code) : NULL;
        row->parent =
            parent ? parent->id : reference_unit_by_code(in->reference, row->parent_code, strlen(row->parent_code));
        if (*row->parent_code && !row->parent)
            fault(in, row, PARENT, import_printf(in, "没有单位 “%.20s”", row->parent_code),
                  import_printf(in, "there is no unit \"%.20s\"", row->parent_code));
        plan->parents[row->id] = row->parent;
        plan->kinds[row->id] = (uint8_t)row->kind;
    }
}

bool unit_may_stand_below(int kind, int parent) {
    switch (kind) {
    case UNIT_GRID:
        return parent == UNIT_COMMUNITY;
    case UNIT_BUILDING:
        return parent == UNIT_GRID || parent == UNIT_COMMUNITY;
    case UNIT_COMMUNITY:
        return parent == UNIT_STREET;
    case UNIT_STREET:
        return parent == UNIT_DISTRICT;
    case UNIT_DISTRICT:
        return parent == UNIT_CENTER || parent == UNIT_DISTRICT;
    case UNIT_CENTER:
        return parent == UNIT_DISTRICT;
    default: /* department, enterprise, pool */
        return parent != UNIT_GRID && parent != UNIT_BUILDING;
    }
}

static bool leads_to_root(const struct plan *plan, uint32_t id) {
    for (int steps = 0; steps < 64; steps++) {
        if (id == 0) return true;
        id = plan->parents[id];
    }
    return false;
}

static void check_tree(struct import *in, struct plan *plan) {
    uint32_t roots = 0, centers = 0, districts = 0;
    for (uint32_t id = 1; id < plan->unit_count; id++) {
        if (!plan->kinds[id]) continue;
        roots += plan->parents[id] == 0;
        centers += plan->kinds[id] == UNIT_CENTER;
        districts += plan->kinds[id] == UNIT_DISTRICT;
    }
    if (roots != 1) import_fault(in, 0, "", "须恰有一个没有上级的单位", "exactly one unit must have no parent");
    if (centers != 1)
        import_fault(in, 0, "", "须恰有一个指挥中心 (center)", "there must be exactly one command centre (center)");
    if (districts == 0) import_fault(in, 0, "", "须有一个区 (district)", "there must be a district");
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct row *row = &plan->rows[i];
        if (!leads_to_root(plan, row->id))
            fault(in, row, PARENT, "上级关系成环", "its parents form a loop");
        else if (row->closed && row->kind == plan->kinds[row->parent])
            continue; /* merged (W5) */
        else if (row->parent && row->kind && !unit_may_stand_below(row->kind, plan->kinds[row->parent]))
            fault(in, row, PARENT,
                  import_printf(in, "%s不能隶属于%s", word_by_value(WORDS_unit_kind, row->kind)->zh,
                                word_by_value(WORDS_unit_kind, plan->kinds[row->parent])->zh),
                  import_printf(in, "a %s cannot stand below a %s", word_text(WORDS_unit_kind, row->kind),
                                word_text(WORDS_unit_kind, plan->kinds[row->parent])));
    }
}

static void check(struct import *in) {
    struct plan *plan = in->plan = import_take(in, 1, sizeof *plan);
    struct sheet s;
    uint32_t room = 0;
    for (bool more = sheet_open(&s, in, columns, 4) && sheet_next(&s); more; more = sheet_next(&s)) {
        if (plan->count == room) {
            room = room ? room * 2 : 512;
            struct row *rows = import_take(in, room, sizeof *rows);
            if (plan->count) memcpy(rows, plan->rows, plan->count * sizeof *rows);
            plan->rows = rows;
        }
        read_row(&s, &plan->rows[plan->count++]);
    }
    sheet_close(&s);
    if (in->fault_count) return;
    find_twins(in, plan);
    give_ids(in, plan);
    if (in->fault_count) return;
    find_parents(in, plan);
    if (in->fault_count) return;
    check_tree(in, plan);
}

static void store(struct import *in) {
    const struct plan *plan = in->plan;
    struct db_call *call = call_add(in->call, &STORE);
    static const enum db_type types[] = {DB_INT4, DB_TEXT, DB_INT2,   DB_INT4,   DB_TEXT, DB_TEXT, DB_INT4,
                                         DB_BOOL, DB_BOOL, DB_FLOAT8, DB_FLOAT8, DB_BOOL, DB_TEXT};
    for (int i = 0; i < 13; i++) db_set_array(call, i + 1, types[i]);
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct row *row = &plan->rows[i];
        db_push_int4(call, 1, (int32_t)row->id);
        db_push_text(call, 2, row->code, strlen(row->code));
        db_push_int2(call, 3, (int16_t)row->kind);
        if (row->parent)
            db_push_int4(call, 4, (int32_t)row->parent);
        else
            db_push_null(call, 4);
        db_push_text(call, 5, row->name_zh, strlen(row->name_zh));
        db_push_text(call, 6, row->name_en, strlen(row->name_en));
        db_push_int4(call, 7, (int32_t)row->calendar);
        db_push_bool(call, 8, row->dedicated);
        db_push_bool(call, 9, row->closed);
        db_push_bool(call, 12, row->review);
        db_push_text(call, 13, row->quiet, strlen(row->quiet));
        if (row->has_point) {
            db_push_float8(call, 10, row->lon);
            db_push_float8(call, 11, row->lat);
        } else {
            db_push_null(call, 10);
            db_push_null(call, 11);
        }
    }
}

void import_units(struct call *call) {
    static const struct import_kind kind = {.name = "units", .tables = "{unit}", .check = check, .store = store};
    import_start(call, &kind, NULL);
}
