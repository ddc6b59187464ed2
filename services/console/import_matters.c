/* matters.csv: the catalogue. Matters in the file are made or changed; those that are not in it stay, as tickets name them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/must.h"
#include "services/console/import.h"
#include "services/console/sheet.h"

enum {
    CODE,
    ZH_1,
    EN_1,
    ZH_2,
    EN_2,
    ZH,
    EN,
    LEAD,
    START,
    URGENCY,
    ASSIST,
    POLICY,
    PUBLIC,
    SENSITIVE,
    SIGN,
    CONTACT,
    HANDLE,
    CHECK
};
static const char *const columns[] = {"code",          "name_zh_1",    "name_en_1",   "name_zh_2", "name_en_2",
                                      "name_zh",       "name_en",      "lead",        "start",     "urgency",
                                      "assist",        "policy",       "public",      "sensitive", "sign_limit",
                                      "contact_limit", "handle_limit", "check_limit", NULL};
static const struct {
    int column, stage;
} limits[] = {{SIGN, STAGE_SIGN}, {CONTACT, STAGE_CONTACT}, {HANDLE, STAGE_HANDLE}, {CHECK, STAGE_CHECK}};
enum { LIMITS = sizeof limits / sizeof limits[0], NAMES = 6, ASSISTS_MAX = 4 };

struct row {
    uint32_t code;
    size_t number;
    const char *names[NAMES]; /* zh_1, en_1, zh_2, en_2, zh, en */
    uint32_t lead, assists[ASSISTS_MAX];
    int assist_count, start, urgency;
    uint32_t policy;
    bool is_public, sensitive;
    const char *limits[LIMITS];
};

struct plan {
    struct row *rows;
    uint32_t count;
};

static const struct db_statement STORE = {
    "import_matters",
    "INSERT INTO matter (code, level1_zh, level1_en, level2_zh, level2_en, name_zh, name_en, department, assists, "
    "start, urgency, policy, "
    "public, sensitive) SELECT c, z1, e1, z2, e2, z, e, d, a::int4[], s, u, p, pub, sens FROM unnest($1::int4[], "
    "$2::text[], "
    "$3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int4[], $9::text[], $10::int2[], $11::int2[], "
    "$12::int4[], "
    "$13::bool[], $14::bool[]) AS m (c, z1, e1, z2, e2, z, e, d, a, s, u, p, pub, sens) ON CONFLICT (code) DO UPDATE "
    "SET "
    "level1_zh = excluded.level1_zh, level1_en = excluded.level1_en, level2_zh = excluded.level2_zh, level2_en = "
    "excluded.level2_en, "
    "name_zh = excluded.name_zh, name_en = excluded.name_en, department = excluded.department, assists = "
    "excluded.assists, "
    "start = excluded.start, urgency = excluded.urgency, policy = excluded.policy, public = excluded.public, "
    "sensitive = excluded.sensitive"};
static const struct db_statement DROP_LIMITS = {"import_matter_limits_drop",
                                                "DELETE FROM matter_limit WHERE matter = ANY ($1::int4[])"};
static const struct db_statement STORE_LIMITS = {"import_matter_limits",
                                                 "INSERT INTO matter_limit (matter, stage, limit_text) SELECT * FROM "
                                                 "unnest($1::int4[], $2::int2[], $3::text[])"};

static void read_assists(struct sheet *s, struct row *row) {
    for (const char *at = sheet_text(s, ASSIST); *at;) {
        size_t len = strcspn(at, ";");
        uint32_t unit = len ? sheet_unit_of(s, ASSIST, at, len) : 0;
        if (unit && row->assist_count == ASSISTS_MAX) {
            sheet_fault(s, ASSIST, "协办单位最多 4 个", "at most 4 units assist");
            return;
        }
        if (unit && unit == row->lead) sheet_fault(s, ASSIST, "协办不能是主办单位", "the lead cannot assist");
        if (unit) row->assists[row->assist_count++] = unit;
        at += len + (at[len] != 0);
    }
}

static uint32_t read_policy(struct sheet *s) {
    const struct reference *reference = s->in->reference;
    const char *code = sheet_text(s, POLICY);
    if (!*code) code = "standard";
    for (uint32_t id = 0; id < reference->world.policy_count; id++)
        if (reference->policy_codes[id] && !strcmp(reference->policy_codes[id], code)) return id;
    sheet_fault(s, POLICY, "没有这个时限规则; 请先导入", "there is no such policy; load policies first");
    return 0;
}

static void read_start(struct sheet *s, struct row *row) {
    row->start = sheet_word(s, START, WORDS_unit_kind, 0);
    if (row->start && row->start != UNIT_GRID && row->start != UNIT_COMMUNITY && row->start != UNIT_STREET &&
        row->start != UNIT_DEPARTMENT)
        sheet_fault(s, START, "“%s” 须为 grid community street department 之一",
                    "\"%s\" must be one of grid, community, street, department");
}

static void read_row(struct sheet *s, struct row *row) {
    const struct world *world = &s->in->reference->world;
    const char *code = sheet_needed(s, CODE, 6);
    row->number = s->number;
    if (strlen(code) != 6 || strspn(code, "0123456789") != 6 || !(row->code = (uint32_t)strtoul(code, NULL, 10)))
        sheet_fault(s, CODE, "“%s” 须为六位数字", "\"%s\" must be six digits");
    for (int i = 0; i < NAMES; i++) {
        row->names[i] = sheet_text(s, ZH_1 + i);
        if (i % 2 == 0 && !*row->names[i]) sheet_fault(s, ZH_1 + i, "不能为空", "must not be empty");
        if (i % 2 == 1 && !*row->names[i]) row->names[i] = row->names[i - 1];
    }
    row->lead = sheet_unit(s, LEAD);
    if (!row->lead && !*sheet_text(s, LEAD)) sheet_fault(s, LEAD, "不能为空", "must not be empty");
    const struct unit *lead = world_unit(world, row->lead);
    if (lead && lead->kind != UNIT_DEPARTMENT && lead->kind != UNIT_ENTERPRISE)
        sheet_fault(s, LEAD, "“%s” 不是委办局或企业", "\"%s\" is no department or enterprise");
    read_assists(s, row);
    read_start(s, row);
    row->urgency = sheet_word(s, URGENCY, WORDS_urgency, URGENCY_NORMAL);
    row->policy = read_policy(s);
    row->is_public = sheet_yes(s, PUBLIC, true);
    row->sensitive = sheet_yes(s, SENSITIVE, false);
    for (int i = 0; i < LIMITS; i++) {
        row->limits[i] = sheet_limit(s, limits[i].column);
        if (strcmp(row->limits[i], "-")) continue;
        row->limits[i] = "";
        import_warn(
            s->in,
            import_printf(s->in, "第 %zu 行 %s: 事项不能没有时限, 按时限规则", s->number, columns[limits[i].column]),
            import_printf(s->in, "row %zu, %s: a matter cannot be without a limit; the policy's holds", s->number,
                          columns[limits[i].column]));
    }
}

static int compare(const void *a, const void *b) {
    const struct row *x = a, *y = b;
    return x->code != y->code ? (x->code < y->code ? -1 : 1) : (x->number > y->number) - (x->number < y->number);
}

static void check(struct import *in) {
    struct plan *plan = in->plan = import_take(in, 1, sizeof *plan);
    struct sheet s;
    plan->rows = import_take(in, MATTERS_MAX, sizeof *plan->rows);
    for (bool more = sheet_open(&s, in, columns, 10) && sheet_next(&s); more; more = sheet_next(&s)) {
        if (plan->count == MATTERS_MAX) {
            import_fault(in, s.number, "", "事项过多", "too many matters");
            break;
        }
        read_row(&s, &plan->rows[plan->count++]);
    }
    sheet_close(&s);
    qsort(plan->rows, plan->count, sizeof *plan->rows, compare);
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct row *row = &plan->rows[i];
        if (i && row->code && row->code == row[-1].code)
            import_fault(in, row->number, "code", "事项编码在文件中重复", "the code stands in the file twice");
        if (world_matter(&in->reference->world, row->code))
            in->updated++;
        else
            in->created++;
    }
    if (in->reference->world.matter_count + in->created > MATTERS_MAX)
        import_fault(in, 0, "", "事项过多", "too many matters");
}

static void push_assists(struct db_call *call, const struct row *row) {
    char text[64], *at = text;
    *at++ = '{';
    for (int i = 0; i < row->assist_count; i++)
        at += snprintf(at, (size_t)(text + sizeof text - at), "%s%u", i ? "," : "", row->assists[i]);
    *at++ = '}';
    db_push_text(call, 9, text, (size_t)(at - text));
}

static void store(struct import *in) {
    const struct plan *plan = in->plan;
    static const enum db_type types[] = {DB_INT4, DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT, DB_TEXT,
                                         DB_INT4, DB_TEXT, DB_INT2, DB_INT2, DB_INT4, DB_BOOL, DB_BOOL};
    struct db_call *call = call_add(in->call, &STORE);
    for (int i = 0; i < 14; i++) db_set_array(call, i + 1, types[i]);
    struct db_call *drop = call_add(in->call, &DROP_LIMITS), *more = call_add(in->call, &STORE_LIMITS);
    db_set_array(drop, 1, DB_INT4);
    db_set_array(more, 1, DB_INT4);
    db_set_array(more, 2, DB_INT2);
    db_set_array(more, 3, DB_TEXT);
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct row *row = &plan->rows[i];
        db_push_int4(call, 1, (int32_t)row->code);
        for (int n = 0; n < NAMES; n++) db_push_text(call, 2 + n, row->names[n], strlen(row->names[n]));
        db_push_int4(call, 8, (int32_t)row->lead);
        push_assists(call, row);
        db_push_int2(call, 10, (int16_t)row->start);
        db_push_int2(call, 11, (int16_t)row->urgency);
        db_push_int4(call, 12, (int32_t)row->policy);
        db_push_bool(call, 13, row->is_public);
        db_push_bool(call, 14, row->sensitive);
        db_push_int4(drop, 1, (int32_t)row->code);
        for (int n = 0; n < LIMITS; n++) {
            if (!*row->limits[n]) continue;
            db_push_int4(more, 1, (int32_t)row->code);
            db_push_int2(more, 2, (int16_t)limits[n].stage);
            db_push_text(more, 3, row->limits[n], strlen(row->limits[n]));
        }
    }
}

void import_matters(struct call *call) {
    static const struct import_kind kind = {
        .name = "matters", .tables = "{matter,matter_limit}", .check = check, .store = store};
    import_start(call, &kind, NULL);
}
