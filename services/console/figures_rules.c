/* How rates are weighed, as data: reading the rules, loading them from a file, writing them out again (core/score.h). A file replaces what
 * was there as a whole; its columns:
 *     row      weight, coefficient, exclusion
 *     rate     code of a rate; * of an exclusion: every rate
 *     kind     weight, coefficient: for units of this kind
 *     unit     coefficient: of this unit; exclusion: this unit is not scored
 *     matter   exclusion: two, four or six digits      channel  exclusion: word of a channel
 *     value    weight: parts, a whole number; coefficient: 0.001 to 10
 *     from,to  days, both in it; no `to`: until further notice      note */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/csv.h"
#include "proto/must.h"
#include "services/console/figures.h"
#include "services/console/import.h"
#include "services/console/sheet.h"
#include "services/console/ticket_json.h"

const struct db_statement FIGURES_RULES = {
    "figures_rules",
    "SELECT kind, rate, unit_kind, coalesce(unit, 0), matter_from, matter_to, channel, value, from_day, to_day "
    "FROM score_rule ORDER BY no LIMIT 500"};

static const char *const kinds[] = {"", "weight", "coefficient", "exclusion"};

const struct score_rule *figures_rules_of(struct call *call, const struct db_result *rows, size_t *ret_count) {
    size_t count = 0, len;
    struct score_rule *rules = call_take(call, ((size_t)db_rows(rows) + 1) * sizeof *rules);
    for (int i = 0; i < db_rows(rows); i++) {
        const char *code = db_get_text(rows, i, 1, &len);
        int rate = len ? figures_rate_by_code(code, len) : 0;
        if (len && !rate) continue;
        rules[count++] = (struct score_rule){.kind = (uint8_t)db_get_int(rows, i, 0),
                                             .rate = (uint8_t)rate,
                                             .unit_kind = (uint8_t)db_get_int(rows, i, 2),
                                             .unit = (uint32_t)db_get_int(rows, i, 3),
                                             .matter_from = (uint32_t)db_get_int(rows, i, 4),
                                             .matter_to = (uint32_t)db_get_int(rows, i, 5),
                                             .channel = (uint8_t)db_get_int(rows, i, 6),
                                             .value = (int32_t)db_get_int(rows, i, 7),
                                             .from_day = (int32_t)db_get_int(rows, i, 8),
                                             .to_day = (int32_t)db_get_int(rows, i, 9)};
    }
    *ret_count = count;
    return rules;
}

enum { MATTER_TEXT = 16 };

static void matter_text(const struct score_rule *r, char text[MATTER_TEXT]) {
    text[0] = 0;
    if (!r->matter_to) return;
    if (r->matter_to - r->matter_from == 9999)
        snprintf(text, MATTER_TEXT, "%02u", r->matter_from / 10000);
    else if (r->matter_to - r->matter_from == 99)
        snprintf(text, MATTER_TEXT, "%04u", r->matter_from / 100);
    else
        snprintf(text, MATTER_TEXT, "%06u", r->matter_from);
}

static void put_day(struct json_writer *w, const char *key, int32_t day) {
    char text[24];
    snprintf(text, sizeof text, "%04d-%02d-%02d", day / 10000, day / 100 % 100, day % 100);
    json_put_string(w, key, day ? text : NULL);
}

void figures_write_rule(struct json_writer *w, const struct reference *reference, const struct score_rule *r) {
    char matter[MATTER_TEXT];
    matter_text(r, matter);
    json_open(w);
    json_put_string(w, "row", kinds[r->kind]);
    json_put_string(w, "rate", r->rate ? figures_rate_row(r->rate)->code : NULL);
    json_put_string(w, "kind", r->unit_kind ? word_text(WORDS_unit_kind, r->unit_kind) : NULL);
    json_put_string(w, "unit", r->unit ? reference_unit_code(reference, r->unit) : NULL);
    json_put_string(w, "matter", *matter ? matter : NULL);
    json_put_string(w, "channel", r->channel ? word_text(WORDS_channel, r->channel) : NULL);
    if (r->kind == SCORE_COEFFICIENT)
        json_put_double(w, "value", r->value / 1000.0);
    else
        json_put_int(w, "value", r->value);
    put_day(w, "from", r->from_day);
    put_day(w, "to", r->to_day);
    json_close(w);
}

/* ---- in ----------------------------------------------------------------------------------------------------------------- */

enum { ROW, RATE, FROM, VALUE, KIND, UNIT, MATTER, CHANNEL, TO, NOTE };
static const char *const columns[] = {"row",    "rate",    "from", "value", "kind", "unit",
                                      "matter", "channel", "to",   "note",  NULL};
enum { REQUIRED = 4 };

struct plan {
    struct score_rule *rules;
    const char **notes;
    uint32_t count;
};

static int32_t read_day(struct sheet *s, int column) {
    int year, month, day, used = 0;
    const char *text = sheet_text(s, column);
    if (!*text) return 0;
    if (strlen(text) == 10 && sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) == 3 && used == 10) {
        int32_t date = year * 10000 + month * 100 + day;
        if (clock_date_is_valid(date)) return date;
    }
    sheet_fault(s, column, "“%s” 须为日期, 如 2026-01-01", "\"%s\" must be a date such as 2026-01-01");
    return 0;
}

static void read_matter(struct sheet *s, struct score_rule *r) {
    const char *text = sheet_text(s, MATTER);
    size_t len = strlen(text);
    if (!len) return;
    if ((len != 2 && len != 4 && len != 6) || strspn(text, "0123456789") != len) {
        sheet_fault(s, MATTER, "“%s” 须为 2、4 或 6 位数字", "\"%s\" must have 2, 4 or 6 digits");
        return;
    }
    uint32_t step = len == 2 ? 10000 : len == 4 ? 100 : 1;
    r->matter_from = (uint32_t)strtoul(text, NULL, 10) * step;
    r->matter_to = r->matter_from + step - 1;
}

static int optional_word(struct sheet *s, int column, enum word_set set) {
    return *sheet_text(s, column) ? sheet_word(s, column, set, 0) : 0;
}

static void read_value(struct sheet *s, struct score_rule *r) {
    const char *text = sheet_text(s, VALUE);
    char *end;
    if (r->kind == SCORE_WEIGHT) {
        r->value = (int32_t)sheet_int(s, VALUE, 1, SCORE_WEIGHT_MAX, 0);
        if (!*text) sheet_fault(s, VALUE, "权重不能为空", "a weight must not be empty");
    } else if (r->kind == SCORE_COEFFICIENT) {
        double value = strtod(text, &end);
        bool plain = *text && strspn(text, "0123456789.") == strlen(text) && !*end;
        r->value = plain && value <= 10 ? (int32_t)(value * 1000 + 0.5) : 0;
        if (r->value < 1) sheet_fault(s, VALUE, "系数 “%s” 须为 0.001 到 10", "coefficient \"%s\" must be 0.001 to 10");
    } else if (*text) {
        sheet_fault(s, VALUE, "剔除没有数值", "an exclusion has no value");
    }
}

static void empty(struct sheet *s, int column) {
    if (*sheet_text(s, column)) sheet_fault(s, column, "这种行不用此列: “%s”", "a row of this kind has none: \"%s\"");
}

static void check_columns(struct sheet *s, struct score_rule *r) {
    bool filter = *sheet_text(s, MATTER) || *sheet_text(s, CHANNEL);
    switch (r->kind) {
    case SCORE_WEIGHT:
        if (r->rate && !figures_rate_row(r->rate)->better)
            sheet_fault(s, RATE, "“%s” 不分高低, 不能计分", "\"%s\" is neither good nor bad, so it is not scored");
        if (!r->rate) sheet_fault(s, RATE, "权重须写明指标", "a weight needs its rate");
        empty(s, UNIT);
        empty(s, MATTER);
        empty(s, CHANNEL);
        break;
    case SCORE_COEFFICIENT:
        empty(s, RATE);
        empty(s, MATTER);
        empty(s, CHANNEL);
        if (r->unit && r->unit_kind) sheet_fault(s, KIND, "单位和类型只写其一", "either a unit or a kind");
        break;
    default:
        empty(s, KIND);
        if (!filter && !r->unit && !r->rate)
            sheet_fault(s, ROW, "剔除须写明指标、单位、事项或渠道",
                        "an exclusion names a rate, unit, matter or channel");
        if (r->unit && (filter || r->rate))
            sheet_fault(s, UNIT, "“%s” 整个不计分, 不再写指标、事项或渠道",
                        "\"%s\" is not scored at all: no rate, matter or channel with it");
    }
}

static void read_rule(struct sheet *s, struct score_rule *r) {
    const char *row = sheet_needed(s, ROW, 20), *rate = sheet_text(s, RATE);
    for (int kind = 1; kind <= SCORE_EXCLUSION; kind++)
        if (!strcmp(row, kinds[kind])) r->kind = (uint8_t)kind;
    if (!r->kind) {
        if (*row)
            sheet_fault(s, ROW, "“%s” 须为 weight、coefficient 或 exclusion",
                        "\"%s\" must be weight, coefficient or exclusion");
        return;
    }
    if (*rate && strcmp(rate, "*")) {
        r->rate = (uint8_t)figures_rate_by_code(rate, strlen(rate));
        if (!r->rate) sheet_fault(s, RATE, "没有指标 “%s”", "there is no rate \"%s\"");
    }
    r->unit = sheet_unit(s, UNIT);
    r->unit_kind = (uint8_t)optional_word(s, KIND, WORDS_unit_kind);
    r->channel = (uint8_t)optional_word(s, CHANNEL, WORDS_channel);
    read_matter(s, r);
    read_value(s, r);
    r->from_day = read_day(s, FROM);
    r->to_day = read_day(s, TO);
    if (!*sheet_text(s, FROM)) sheet_fault(s, FROM, "须写明生效日", "the first day must be given");
    if (r->to_day && r->to_day < r->from_day) sheet_fault(s, TO, "“%s” 早于生效日", "\"%s\" is before the first day");
    check_columns(s, r);
}

/* Two rows that would both say what counts on a day. */
static void find_twins(struct import *in, const struct plan *plan) {
    for (uint32_t i = 0; i < plan->count; i++)
        for (uint32_t k = 0; k < i; k++) {
            const struct score_rule *a = &plan->rules[i], *b = &plan->rules[k];
            if (a->kind == SCORE_EXCLUSION || a->kind != b->kind || a->rate != b->rate || a->unit != b->unit ||
                a->unit_kind != b->unit_kind)
                continue;
            bool apart = (a->to_day && a->to_day < b->from_day) || (b->to_day && b->to_day < a->from_day);
            if (!apart)
                import_fault(in, i + 2, "from", import_printf(in, "与第 %u 行同一天都有效", k + 2),
                             import_printf(in, "in force on the same days as row %u", k + 2));
        }
}

static void check(struct import *in) {
    struct plan *plan = in->plan = import_take(in, 1, sizeof *plan);
    struct sheet s;
    plan->rules = import_take(in, SCORE_RULES_MAX, sizeof *plan->rules);
    plan->notes = import_take(in, SCORE_RULES_MAX, sizeof *plan->notes);
    for (bool more = sheet_open(&s, in, columns, REQUIRED) && sheet_next(&s); more; more = sheet_next(&s)) {
        if (plan->count == SCORE_RULES_MAX) {
            sheet_fault(&s, ROW, "行数过多, 至多 500 行", "too many rows, 500 at most");
            break;
        }
        plan->notes[plan->count] = sheet_text(&s, NOTE);
        read_rule(&s, &plan->rules[plan->count++]);
    }
    sheet_close(&s);
    if (!in->fault_count) find_twins(in, plan);
    in->created = plan->count;
}

static const struct db_statement DROP = {"import_scores_drop", "DELETE FROM score_rule"};
static const struct db_statement STORE = {
    "import_scores",
    "INSERT INTO score_rule (no, kind, rate, unit_kind, unit, matter_from, matter_to, channel, value, from_day, "
    "to_day, note) "
    "SELECT n, k, r, uk, nullif(u, 0), f, t, c, v, fd, td, x FROM unnest($1::int4[], $2::int2[], $3::text[], "
    "$4::int2[], "
    "$5::int4[], $6::int4[], $7::int4[], $8::int2[], $9::int4[], $10::int4[], $11::int4[], $12::text[]) "
    "AS s (n, k, r, uk, u, f, t, c, v, fd, td, x)"};

static void store(struct import *in) {
    static const enum db_type types[] = {DB_INT4, DB_INT2, DB_TEXT, DB_INT2, DB_INT4, DB_INT4,
                                         DB_INT4, DB_INT2, DB_INT4, DB_INT4, DB_INT4, DB_TEXT};
    const struct plan *plan = in->plan;
    call_add(in->call, &DROP);
    struct db_call *call = call_add(in->call, &STORE);
    for (int i = 0; i < 12; i++) db_set_array(call, i + 1, types[i]);
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct score_rule *r = &plan->rules[i];
        const char *rate = r->rate ? figures_rate_row(r->rate)->code : "";
        const int32_t numbers[] = {(int32_t)r->unit, (int32_t)r->matter_from, (int32_t)r->matter_to};
        db_push_int4(call, 1, (int32_t)i + 1);
        db_push_int2(call, 2, r->kind);
        db_push_text(call, 3, rate, strlen(rate));
        db_push_int2(call, 4, r->unit_kind);
        for (int n = 0; n < 3; n++) db_push_int4(call, 5 + n, numbers[n]);
        db_push_int2(call, 8, r->channel);
        db_push_int4(call, 9, r->value);
        db_push_int4(call, 10, r->from_day);
        db_push_int4(call, 11, r->to_day);
        db_push_text(call, 12, plan->notes[i], strlen(plan->notes[i]));
    }
}

void import_scores(struct call *call) {
    static const struct import_kind kind = {.name = "scores", .tables = "{score_rule}", .check = check, .store = store};
    import_start(call, &kind, NULL);
}

/* ---- out ------------------------------------------------------------------------------------------------------------------- */

static const struct db_statement WRITE_OUT = {
    "export_scores",
    "SELECT kind, rate, unit_kind, coalesce(unit, 0), matter_from, matter_to, channel, value, from_day, "
    "to_day, note FROM score_rule ORDER BY no"};

static void field(struct buffer *out, const char *text, bool first) {
    csv_write_field(out, text, strlen(text), first);
}

static void field_day(struct buffer *out, int32_t day) {
    char text[24] = "";
    if (day) snprintf(text, sizeof text, "%04d-%02d-%02d", day / 10000, day / 100 % 100, day % 100);
    field(out, text, false);
}

static void on_read(struct call *call, const struct db_reply *reply) {
    static struct buffer out;
    size_t count, len;
    const struct db_result *rows = reply->results[2];
    const struct score_rule *rules = figures_rules_of(call, rows, &count);
    buffer_clear(&out);
    buffer_append_text(&out, "row,rate,kind,unit,matter,channel,value,from,to,note");
    csv_write_end(&out);
    for (size_t i = 0; i < count; i++) {
        const struct score_rule *r = &rules[i];
        char text[24] = "", matter[MATTER_TEXT];
        matter_text(r, matter);
        if (r->kind == SCORE_WEIGHT) snprintf(text, sizeof text, "%d", r->value);
        if (r->kind == SCORE_COEFFICIENT) snprintf(text, sizeof text, "%.3f", r->value / 1000.0);
        field(&out, kinds[r->kind], true);
        field(&out, r->rate ? figures_rate_row(r->rate)->code : "", false);
        field(&out, r->unit_kind ? word_text(WORDS_unit_kind, r->unit_kind) : "", false);
        field(&out, reference_unit_code(call->reference, r->unit), false);
        field(&out, matter, false);
        field(&out, r->channel ? word_text(WORDS_channel, r->channel) : "", false);
        field(&out, text, false);
        field_day(&out, r->from_day);
        field_day(&out, r->to_day);
        const char *note = db_get_text(rows, (int)i, 10, &len);
        csv_write_field(&out, note, len, false);
        csv_write_end(&out);
    }
    http_set_header(call->request, "Content-Disposition", "attachment; filename=\"scores.csv\"");
    call_answer_bytes(call, 200, "text/csv; charset=utf-8", &out);
}

void export_scores(struct call *call) {
    call_transact(call);
    call_audit(call, "export", "scores", "ok", NULL);
    call_add(call, &WRITE_OUT);
    call_send(call, on_read);
}
