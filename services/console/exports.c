/* See exports.h. Most of it is in the console's memory already; calendars' rows and accounts are read. Each export is audited
 * before it leaves. */
#include "services/console/exports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/csv.h"
#include "core/quiet.h"
#include "services/console/area.h"
#include "services/console/rule_fields.h"

typedef void writer(struct buffer *out, struct call *call, const struct db_result *rows);

struct export {
    const char *name;
    const char *type;
    writer *write;
    const struct db_statement *statement; /* what must be read; NULL: nothing */
};

static void on_audited(struct call *call, const struct db_reply *reply) {
    const struct export *export = call->self;
    static struct buffer out;
    buffer_clear(&out);
    export->write(&out, call, export->statement ? reply->results[2] : NULL);
    bool csv = !strcmp(export->type, "text/csv");
    http_set_header(call->request, "Content-Disposition",
                    call_printf(call, "attachment; filename=\"%s.%s\"", export->name, csv ? "csv" : "geojson"));
    call_answer_bytes(call, 200, csv ? "text/csv; charset=utf-8" : export->type, &out);
}

static void start(struct call *call, const struct export *export) {
    call->self = (void *)export;
    call_transact(call);
    call_audit(call, "export", export->name, "ok", NULL);
    if (export->statement) call_add(call, export->statement);
    call_send(call, on_audited);
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------------------------------------- */

static void titles(struct buffer *out, const char *text) {
    buffer_append_text(out, text);
    csv_write_end(out);
}

static void first(struct buffer *out, const char *text) {
    csv_write_field(out, text, strlen(text), true);
}

static void next(struct buffer *out, const char *text) {
    csv_write_field(out, text, strlen(text), false);
}

static void next_degrees(struct buffer *out, bool has, double degrees) {
    char text[32] = "";
    if (has) snprintf(text, sizeof text, "%.15g", degrees);
    if (has && strtod(text, NULL) != degrees) snprintf(text, sizeof text, "%.17g", degrees);
    next(out, text);
}

static void next_limit(struct buffer *out, struct limit limit) {
    char text[LIMIT_TEXT_SIZE] = "";
    if (limit.unit != LIMIT_NONE) limit_format(limit, text, sizeof text);
    next(out, text);
}

static void next_quiet(struct buffer *out, struct quiet quiet) {
    char text[QUIET_TEXT_SIZE];
    quiet_format(quiet, text, sizeof text);
    next(out, text);
}

static const char *calendar_code(const struct reference *reference, uint32_t id) {
    return id < reference->world.calendar_count && reference->calendar_codes[id] ? reference->calendar_codes[id] : "";
}

static const char *policy_code(const struct reference *reference, uint32_t id) {
    return id < reference->world.policy_count && reference->policy_codes[id] ? reference->policy_codes[id] : "";
}

static void write_units(struct buffer *out, struct call *call, const struct db_result *rows) {
    const struct reference *reference = call->reference;
    titles(out, "code,kind,parent,name_zh,name_en,lon,lat,flags,calendar,quiet");
    for (uint32_t id = 1; id < reference->world.unit_count; id++) {
        const struct unit *u = &reference->world.units[id];
        const struct reference_unit *names = &reference->units[id];
        if (!u->kind) continue;
        bool has_point = names->lon != 0 || names->lat != 0;
        first(out, names->code);
        next(out, word_text(WORDS_unit_kind, u->kind));
        next(out, reference_unit_code(reference, u->parent));
        next(out, names->name_zh);
        next(out, names->name_en);
        next_degrees(out, has_point, names->lon);
        next_degrees(out, has_point, names->lat);
        char flags[32];
        snprintf(flags, sizeof flags, "%s%s%s", u->dedicated ? ";dedicated" : "", u->closed ? ";closed" : "",
                 u->reviews ? ";review" : "");
        next(out, *flags ? flags + 1 : flags);
        next(out, calendar_code(reference, u->calendar));
        next_quiet(out, u->quiet);
        csv_write_end(out);
    }
}

static void write_matters(struct buffer *out, struct call *call, const struct db_result *rows) {
    const struct reference *reference = call->reference;
    titles(out, "code,name_zh_1,name_en_1,name_zh_2,name_en_2,name_zh,name_en,lead,assist,start,urgency,policy,public,"
                "sensitive,sign_limit,"
                "contact_limit,handle_limit,check_limit");
    for (uint32_t i = 0; i < reference->world.matter_count; i++) {
        const struct matter *m = &reference->world.matters[i];
        const struct reference_matter *names = &reference->matters[i];
        const char *texts[] = {names->level1_zh, names->level1_en, names->level2_zh,
                               names->level2_en, names->name_zh,   names->name_en};
        char text[120] = "";
        size_t used = 0;
        snprintf(text, sizeof text, "%06u", m->code);
        first(out, text);
        for (int n = 0; n < 6; n++) next(out, texts[n]);
        next(out, reference_unit_code(reference, m->department));
        text[0] = 0;
        for (int a = 0; a < m->assist_count; a++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", a ? ";" : "",
                                     reference_unit_code(reference, m->assists[a]));
        next(out, text);
        next(out, word_text(WORDS_unit_kind, m->start));
        next(out, word_text(WORDS_urgency, m->urgency));
        next(out, policy_code(reference, m->policy));
        next(out, m->is_public ? "yes" : "no");
        next(out, m->sensitive ? "yes" : "no");
        next_limit(out, m->limits[STAGE_SIGN]);
        next_limit(out, m->limits[STAGE_CONTACT]);
        next_limit(out, m->limits[STAGE_HANDLE]);
        next_limit(out, m->limits[STAGE_CHECK]);
        csv_write_end(out);
    }
}

static void policy_row(struct buffer *out, const char *policy, const char *row, const char *name, const char *urgency,
                       const char *value) {
    first(out, policy);
    next(out, row);
    next(out, name);
    next(out, urgency);
    next(out, value);
    next(out, "");
    csv_write_end(out);
}

static void write_policy(struct buffer *out, const char *code, const struct policy *p) {
    char text[32];
    const int settings[] = {p->returns_before_dispute, p->extensions_max, p->callback_tries_max};
    static const char *const names[] = {"returns_before_dispute", "extensions_max", "callback_tries_max"};
    for (int i = 0; i < 3; i++) {
        snprintf(text, sizeof text, "%d", settings[i]);
        policy_row(out, code, "setting", names[i], "", text);
    }
    limit_format(p->reopen, text, sizeof text);
    policy_row(out, code, "setting", "reopen", "", text);
    if (p->quiet.from != p->quiet.to) {
        char quiet[QUIET_TEXT_SIZE];
        quiet_format(p->quiet, quiet, sizeof quiet);
        policy_row(out, code, "setting", "quiet", "", quiet);
    }
    for (int stage = 1; stage < STAGE_COUNT; stage++)
        for (int urgency = 1; urgency < URGENCY_COUNT; urgency++) {
            if (p->limits[stage][urgency].unit == LIMIT_NONE) continue;
            limit_format(p->limits[stage][urgency], text, sizeof text);
            policy_row(out, code, "limit", word_text(WORDS_stage, stage), word_text(WORDS_urgency, urgency), text);
        }
    for (int rung = 1; rung < RUNG_COUNT; rung++) {
        if (!p->rung_percent[rung]) continue;
        snprintf(text, sizeof text, "%u", p->rung_percent[rung]);
        policy_row(out, code, "rung", word_text(WORDS_rung, rung), "", text);
    }
}

static void write_policies(struct buffer *out, struct call *call, const struct db_result *rows) {
    const struct reference *reference = call->reference;
    titles(out, "policy,row,name,urgency,value,note");
    for (uint32_t id = 0; id < reference->world.policy_count; id++)
        if (reference->policy_codes[id]) write_policy(out, reference->policy_codes[id], &reference->world.policies[id]);
}

static void write_admission(struct buffer *out, struct call *call, const struct db_result *rows) {
    const struct reference *reference = call->reference;
    titles(out, "community,matter,note");
    for (uint32_t i = 0; i < reference->world.admission_count; i++) {
        const struct admission *a = &reference->world.admissions[i];
        char text[12];
        if (a->to - a->from == 9999)
            snprintf(text, sizeof text, "%02u", a->from / 10000);
        else if (a->to - a->from == 99)
            snprintf(text, sizeof text, "%04u", a->from / 100);
        else
            snprintf(text, sizeof text, "%06u", a->from);
        first(out, a->community ? reference_unit_code(reference, a->community) : "*");
        next(out, text);
        next(out, "");
        csv_write_end(out);
    }
}

static void write_places(struct buffer *out, struct call *call, const struct db_result *rows) {
    const struct reference *reference = call->reference;
    titles(out, "pattern,unit,kind");
    for (uint32_t i = 0; i < reference->place_count; i++) {
        first(out, reference->places[i].pattern);
        next(out, reference_unit_code(reference, reference->places[i].unit));
        next(out, "");
        csv_write_end(out);
    }
}

static void write_sources(struct buffer *out, struct call *call, const struct db_result *rows) {
    const struct reference *reference = call->reference;
    titles(out, "code,channel,name_zh,name_en");
    for (uint32_t i = 0; i < reference->source_count; i++) {
        first(out, reference->sources[i].code);
        next(out, word_text(WORDS_channel, reference->sources[i].channel));
        next(out, reference->sources[i].name_zh);
        next(out, reference->sources[i].name_en);
        csv_write_end(out);
    }
}

static void write_areas(struct buffer *out, struct call *call, const struct db_result *rows) {
    const struct reference *reference = call->reference;
    struct json_writer w;
    json_writer_init(&w, out);
    json_open(&w);
    json_put_string(&w, "type", "FeatureCollection");
    json_put_open_list(&w, "features");
    for (uint32_t id = 1; id < reference->world.unit_count; id++) {
        const struct reference_unit *names = &reference->units[id];
        if (!names->area) continue;
        json_open(&w);
        json_put_string(&w, "type", "Feature");
        json_put_open(&w, "properties");
        json_put_string(&w, "code", names->code);
        json_put_string(&w, "kind", word_text(WORDS_unit_kind, reference->world.units[id].kind));
        json_put_string(&w, "name", names->name_zh);
        json_close(&w);
        json_key(&w, "geometry");
        if (!area_write_geojson(&w, names->area, names->area_len)) json_null(&w);
        json_close(&w);
    }
    json_close_list(&w);
    json_close(&w);
    json_writer_end(&w);
}

/* ---- read from the database ---------------------------------------------------------------------------------------------------------------------------------- */

static const struct db_statement CALENDARS = {
    "export_calendars",
    "SELECT c.code, r.kind, r.from_day, r.to_day, r.weekdays, r.spans, r.name_zh, r.name_en FROM calendar_row r JOIN "
    "calendar c ON c.id = r.calendar ORDER BY c.id, r.no"};
static void write_rules(struct buffer *out, struct call *call, const struct db_result *rows) {
    const struct reference *reference = call->reference;
    struct arena arena;
    arena_init(&arena, 1 << 16, 1 << 24);
    for (int i = 0; i < RULE_COLUMNS; i++) (i ? next : first)(out, rule_columns[i]);
    csv_write_end(out);
    for (uint32_t i = 0; i < reference->world.rule_count; i++) {
        const char *fields[RULE_COLUMNS];
        rule_write(&arena, reference, &reference->world.rules[i], &reference->rules[i], fields);
        for (int n = 0; n < RULE_COLUMNS; n++) (n ? next : first)(out, fields[n]);
        csv_write_end(out);
    }
    arena_done(&arena);
}

static const struct db_statement PEOPLE = {
    "export_people",
    "SELECT a.login, coalesce(p.role, a.role), coalesce(u.code, ''), coalesce(p.rank, 1), coalesce(p.from_at, 0), "
    "coalesce(p.to_at, 0), a.quiet FROM account a LEFT JOIN post p ON p.account = a.id LEFT JOIN unit u ON u.id = "
    "p.unit "
    "WHERE NOT a.disabled ORDER BY a.id, coalesce(p.unit <> a.unit OR p.role <> a.role, false), p.unit, p.role LIMIT "
    "100000"};
static const struct db_statement ROSTER = {
    "export_roster",
    "SELECT u.code, r.from_at, r.to_at, a.login FROM roster r JOIN unit u ON u.id = r.unit JOIN account a "
    "ON a.id = r.account ORDER BY r.unit, r.from_at, a.login LIMIT 100000"};
static const struct db_statement ORGANISATION = {
    "export_organisation", "SELECT u.code, c.kind, coalesce(t.code, ''), c.at, c.reason FROM unit_change c JOIN unit u "
                           "ON u.id = c.unit LEFT JOIN "
                           "unit t ON t.id = c.target WHERE c.applied_at = 0 ORDER BY c.at, c.id LIMIT 5000"};

static void next_column(struct buffer *out, const struct db_result *rows, int row, int column, bool is_first) {
    size_t len;
    const char *text = db_get_text(rows, row, column, &len);
    csv_write_field(out, text, len, is_first);
}

static void write_calendars(struct buffer *out, struct call *call, const struct db_result *rows) {
    titles(out, "calendar,row,from,to,weekdays,spans,name_zh,name_en");
    for (int i = 0; i < db_rows(rows); i++) {
        for (int column = 0; column < 8; column++) next_column(out, rows, i, column, column == 0);
        csv_write_end(out);
    }
}

/* A day when it is one, else to the minute; as an end a day is its last moment (sheet_moment). "" for none. */
static void next_moment(struct buffer *out, time_ms at, bool until) {
    char text[CLOCK_TEXT_BYTES] = "";
    bool day = at && clock_date_start(clock_date(at)) == at;
    if (at) clock_format(until && day ? at - 1 : at, text);
    if (at) text[10] = ' ', text[day ? 10 : 16] = 0;
    next(out, text);
}

static void write_people(struct buffer *out, struct call *call, const struct db_result *rows) {
    titles(out, "user,role,unit,rank,from,to,quiet");
    for (int i = 0; i < db_rows(rows); i++) {
        next_column(out, rows, i, 0, true);
        next(out, word_text(WORDS_role, (int)db_get_int(rows, i, 1)));
        next_column(out, rows, i, 2, false);
        next(out, word_text(WORDS_rank, (int)db_get_int(rows, i, 3)));
        next_moment(out, db_get_int(rows, i, 4), false);
        next_moment(out, db_get_int(rows, i, 5), true);
        next_column(out, rows, i, 6, false);
        csv_write_end(out);
    }
}

static void write_roster(struct buffer *out, struct call *call, const struct db_result *rows) {
    titles(out, "unit,from,to,person");
    for (int i = 0; i < db_rows(rows); i++) {
        next_column(out, rows, i, 0, true);
        next_moment(out, db_get_int(rows, i, 1), false);
        next_moment(out, db_get_int(rows, i, 2), false);
        next_column(out, rows, i, 3, false);
        csv_write_end(out);
    }
}

static void write_organisation(struct buffer *out, struct call *call, const struct db_result *rows) {
    titles(out, "unit,change,target,at,reason");
    for (int i = 0; i < db_rows(rows); i++) {
        next_column(out, rows, i, 0, true);
        next(out, word_text(WORDS_unit_change, (int)db_get_int(rows, i, 1)));
        next_column(out, rows, i, 2, false);
        next_moment(out, db_get_int(rows, i, 3), false);
        next_column(out, rows, i, 4, false);
        csv_write_end(out);
    }
}

#define EXPORT(kind, type, statement)                                                                                  \
    void export_##kind(struct call *call) {                                                                            \
        static const struct export export = {#kind, type, write_##kind, statement};                                    \
        start(call, &export);                                                                                          \
    }
EXPORT(units, "text/csv", NULL)
EXPORT(areas, "application/geo+json", NULL)
EXPORT(matters, "text/csv", NULL)
EXPORT(policies, "text/csv", NULL)
EXPORT(calendars, "text/csv", &CALENDARS)
EXPORT(admission, "text/csv", NULL)
EXPORT(places, "text/csv", NULL)
EXPORT(sources, "text/csv", NULL)
EXPORT(rules, "text/csv", NULL)
EXPORT(people, "text/csv", &PEOPLE)
EXPORT(roster, "text/csv", &ROSTER)
EXPORT(organisation, "text/csv", &ORGANISATION)
