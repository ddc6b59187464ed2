/* rules.csv: routing rules. A row with the number of a rule that is there changes it, any other adds one; rules that are not in
 * the file stay. Numbers are never used again, rules never removed: a rule that is no longer wanted is disabled. */
#include <string.h>

#include "common/clock.h"
#include "proto/must.h"
#include "services/console/rules.h"

static const struct db_statement STORE = {
    "import_rules",
    "WITH i AS (SELECT * FROM unnest($4::int4[], $5::text[], $6::int4[], $7::bool[], $8::int8[], $9::int8[], "
    "$10::bool[], $11::int4[], $12::int4[], $13::int4[], $14::int4[], $15::int4[], $16::int2[], $17::int2[], "
    "$18::int2[], $19::int2[], $20::text[], $21::int2[], $22::int4[], $23::text[], $24::int2[], $25::int4[], "
    "$26::text[], $27::text[]) AS i (number, name, priority, disabled, from_at, to_at, without_matter, matter_from, "
    "matter_to, place, source, channels, hours, weekdays, minute_from, minute_to, words, target, unit, assists, "
    "urgency, set_matter, note, fields)), "
    "u AS (INSERT INTO routing_rule AS r (number, name, priority, disabled, from_at, to_at, without_matter, "
    "matter_from, matter_to, place, source, channels, hours, weekdays, minute_from, minute_to, words, target, unit, "
    "assists, urgency, set_matter, note, author, changed_at) "
    "SELECT number, name, priority, disabled, from_at, to_at, without_matter, matter_from, matter_to, "
    "nullif(place, 0), nullif(source, 0), channels, hours, weekdays, minute_from, minute_to, words, target, "
    "nullif(unit, 0), assists::int4[], urgency, set_matter, note, $3::text, $1::int8 FROM i "
    "ON CONFLICT (number) DO UPDATE SET version = r.version + 1, name = excluded.name, priority = excluded.priority, "
    "disabled = excluded.disabled, from_at = excluded.from_at, to_at = excluded.to_at, "
    "without_matter = excluded.without_matter, matter_from = excluded.matter_from, matter_to = excluded.matter_to, "
    "place = excluded.place, source = excluded.source, channels = excluded.channels, hours = excluded.hours, "
    "weekdays = excluded.weekdays, minute_from = excluded.minute_from, minute_to = excluded.minute_to, "
    "words = excluded.words, target = excluded.target, unit = excluded.unit, assists = excluded.assists, "
    "urgency = excluded.urgency, set_matter = excluded.set_matter, note = excluded.note, author = excluded.author, "
    "changed_at = excluded.changed_at RETURNING r.number, r.version) "
    "INSERT INTO routing_rule_version (number, version, changed_at, user_id, author, fields) "
    "SELECT u.number, u.version, $1::int8, $2::int8, $3::text, string_to_array(i.fields, E'\\x1f') "
    "FROM u JOIN i ON i.number = u.number"};

/* ---- checking ---- */

static void begin_plan(struct import *in, struct rules_plan *plan) {
    const struct reference *reference = in->reference;
    uint32_t there = reference->world.rule_count;
    plan->rules = import_take(in, RULES_MAX, sizeof *plan->rules);
    plan->texts = import_take(in, RULES_MAX, sizeof *plan->texts);
    plan->change = import_take(in, RULES_MAX, 1);
    plan->count = there;
    plan->next = 1;
    for (uint32_t i = 0; i < there; i++) {
        plan->rules[i] = reference->world.rules[i];
        plan->texts[i] = reference->rules[i];
        if (plan->rules[i].no >= plan->next) plan->next = plan->rules[i].no + 1;
    }
}

static bool is_same(struct import *in, const struct rule *rule, const struct reference_rule *text, uint32_t place) {
    const char *ours[RULE_COLUMNS], *theirs[RULE_COLUMNS];
    rule_write(&in->arena, in->reference, rule, text, ours);
    rule_write(&in->arena, in->reference, &in->reference->world.rules[place], &in->reference->rules[place], theirs);
    for (int i = 0; i < RULE_COLUMNS; i++)
        if (i != RULE_VERSION && strcmp(ours[i], theirs[i])) return false;
    return true;
}

static void take_row(struct sheet *s, struct rules_plan *plan) {
    struct import *in = s->in;
    struct rule rule;
    struct reference_rule text;
    rule_read(s, &rule, &text);
    uint32_t place = 0;
    while (place < plan->count && (!rule.no || plan->rules[place].no != rule.no)) place++;
    if (place < plan->count && plan->change[place]) {
        sheet_fault(s, RULE_NUMBER, "编号 “%s” 在文件中重复", "the number \"%s\" stands in the file twice");
        return;
    }
    if (place == RULES_MAX) {
        sheet_fault(s, -1, "规则过多, 最多 1000 条", "too many rules: 1000 at most");
        return;
    }
    if (place == plan->count) {
        if (!rule.no) rule.no = plan->next;
        if (rule.no >= plan->next) plan->next = rule.no + 1;
        plan->count++;
        plan->change[place] = RULE_NEW;
        text.version = 0;
        in->created++;
    } else {
        uint32_t version = plan->texts[place].version;
        in->stale |= text.version && text.version != version;
        if (text.version && text.version != version)
            sheet_fault(s, RULE_VERSION, "规则已被修改, “%s” 不是当前版本; 请重新导出后再改",
                        "the rule has changed: \"%s\" is not its present version; export it again");
        bool same = !in->fault_count && is_same(in, &rule, &text, place);
        plan->change[place] = same ? RULE_SAME : RULE_CHANGED;
        in->updated += !same;
        text.version = version;
        text.author = plan->texts[place].author;
    }
    plan->rules[place] = rule;
    plan->texts[place] = text;
}

/* The reference as it would be: everything but the rules is the present one's. */
static void imagine(struct import *in, struct rules_plan *plan) {
    struct rule *rules = import_take(in, plan->count, sizeof *rules);
    struct reference_rule *texts = import_take(in, plan->count, sizeof *texts);
    memcpy(rules, plan->rules, plan->count * sizeof *rules);
    memcpy(texts, plan->texts, plan->count * sizeof *texts);
    plan->imagined = *in->reference;
    rule_text_seal(&in->arena, rules, texts, plan->count, &plan->imagined);
}

static void check(struct import *in) {
    struct rules_plan *plan = in->plan = import_take(in, 1, sizeof *plan);
    struct sheet s;
    begin_plan(in, plan);
    bool more = sheet_open(&s, in, rule_columns, 0);
    if (more && s.places[RULE_TARGET] == CSV_FIELDS_MAX) {
        import_fault(in, 1, rule_columns[RULE_TARGET], "缺少这一列", "this column is missing");
        more = false;
    }
    for (more = more && sheet_next(&s); more; more = sheet_next(&s)) take_row(&s, plan);
    sheet_close(&s);
    if (!in->fault_count) imagine(in, plan);
}

/* ---- storing ---- */

static const enum db_type types[] = {DB_INT4, DB_TEXT, DB_INT4, DB_BOOL, DB_INT8, DB_INT8, DB_BOOL, DB_INT4,
                                     DB_INT4, DB_INT4, DB_INT4, DB_INT4, DB_INT2, DB_INT2, DB_INT2, DB_INT2,
                                     DB_TEXT, DB_INT2, DB_INT4, DB_TEXT, DB_INT2, DB_INT4, DB_TEXT, DB_TEXT};

static void push_text(struct db_call *call, int number, const char *text) {
    db_push_text(call, number, text, strlen(text));
}

static void push_rule(struct db_call *call, struct import *in, const struct rule *rule,
                      const struct reference_rule *text) {
    const char *fields[RULE_COLUMNS], *joined = "", *assists = "{";
    rule_write(&in->arena, in->reference, rule, text, fields);
    for (int i = 0; i < RULE_COLUMNS; i++)
        joined = arena_printf(&in->arena, "%s%s%s", joined, i ? "\x1f" : "",
                              i == RULE_VERSION ? arena_printf(&in->arena, "%u", text->version + 1) : fields[i]);
    for (int i = 0; i < rule->assist_count; i++)
        assists = arena_printf(&in->arena, "%s%s%u", assists, i ? "," : "", rule->assists[i]);
    db_push_int4(call, 4, (int32_t)rule->no);
    push_text(call, 5, text->name);
    db_push_int4(call, 6, rule->priority);
    db_push_bool(call, 7, rule->disabled);
    db_push_int8(call, 8, rule->from);
    db_push_int8(call, 9, rule->to);
    db_push_bool(call, 10, rule->without_matter);
    db_push_int4(call, 11, (int32_t)rule->matter_from);
    db_push_int4(call, 12, (int32_t)rule->matter_to);
    db_push_int4(call, 13, (int32_t)rule->place);
    db_push_int4(call, 14, (int32_t)rule->source);
    db_push_int4(call, 15, rule->channels);
    db_push_int2(call, 16, rule->hours);
    db_push_int2(call, 17, rule->weekdays);
    db_push_int2(call, 18, (int16_t)rule->minute_from);
    db_push_int2(call, 19, (int16_t)rule->minute_to);
    push_text(call, 20, text->words);
    db_push_int2(call, 21, rule->target);
    db_push_int4(call, 22, (int32_t)rule->unit);
    push_text(call, 23, arena_printf(&in->arena, "%s}", assists));
    db_push_int2(call, 24, rule->urgency);
    db_push_int4(call, 25, (int32_t)rule->matter);
    push_text(call, 26, text->note);
    push_text(call, 27, joined);
}

static void store(struct import *in) {
    const struct rules_plan *plan = in->plan;
    const struct who *who = &in->call->who;
    struct db_call *call = call_add(in->call, &STORE);
    db_set_int8(call, 1, clock_now());
    db_set_int8(call, 2, who->principal.user);
    db_set_string(call, 3, who->name[0] ? who->name : call_printf(in->call, "%lld", (long long)who->principal.user));
    for (int i = 0; i < 24; i++) db_set_array(call, 4 + i, types[i]);
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->change[i] == RULE_NEW || plan->change[i] == RULE_CHANGED)
            push_rule(call, in, &plan->rules[i], &plan->texts[i]);
}

/* ---- telling ---- */

static void tell(struct import *in, struct json_writer *w) {
    static const char *const words[] = {[RULE_SAME] = "unchanged", [RULE_CHANGED] = "updated", [RULE_NEW] = "created"};
    const struct rules_plan *plan = in->plan;
    json_put_open_list(w, "rules");
    for (uint32_t i = 0; i < plan->count; i++) {
        if (!plan->change[i]) continue;
        json_open(w);
        json_put_id(w, "number", plan->rules[i].no);
        json_put_id(w, "version", plan->texts[i].version + (plan->change[i] != RULE_SAME));
        json_put_string(w, "name", plan->texts[i].name);
        json_put_string(w, "change", words[plan->change[i]]);
        json_close(w);
    }
    json_close_list(w);
}

static const struct import_kind kind = {.name = "rules",
                                        .tables = "{routing_rule,routing_rule_version}",
                                        .check = check,
                                        .store = store,
                                        .tell = tell,
                                        .preview = rules_preview_begin};

void import_rules(struct call *call) {
    import_start(call, &kind, NULL);
}

void rules_preview_post(struct call *call) {
    import_preview(call, &kind);
}

/* ---- one rule ---- */

static void append_field(struct buffer *to, const char *text, bool first) {
    csv_write_field(to, text, strlen(text), first);
}

void rules_import_one(struct call *call, const char *const fields[RULE_COLUMNS]) {
    struct buffer csv = {0};
    for (int i = 0; i < RULE_COLUMNS; i++) append_field(&csv, rule_columns[i], i == 0);
    csv_write_end(&csv);
    for (int i = 0; i < RULE_COLUMNS; i++) append_field(&csv, fields[i], i == 0);
    csv_write_end(&csv);
    char *bytes = call_take(call, csv.length + 1);
    memcpy(bytes, csv.data, csv.length);
    size_t len = csv.length;
    buffer_done(&csv);
    import_one(call, &kind, bytes, len);
}
