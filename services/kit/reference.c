/* See reference.h. One group of SELECTs; every string is copied into the snapshot's own arena. */
#define _GNU_SOURCE /* qsort_r */
#include "services/kit/reference_snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/quiet.h"
#include "proto/must.h"
#include "services/kit/reference_parts.h"
#include "services/kit/rule_text.h"

enum { ARENA_CHUNK = 1 << 20, ARENA_MAX = 512 << 20, LOAD_TIMEOUT_MS = 20000, MESSAGE_BYTES = 240 };

struct reference_loader {
    struct db *db;
    struct db_group *group;
    reference_done *done;
    void *context;
    char message[MESSAGE_BYTES];
};

enum {
    Q_VERSION,
    Q_CALENDARS,
    Q_CALENDAR_ROWS,
    Q_POLICIES,
    Q_POLICY_LIMITS,
    Q_POLICY_RUNGS,
    Q_UNITS,
    Q_MATTERS,
    Q_MATTER_LIMITS,
    Q_ADMISSIONS,
    Q_PLACES,
    Q_SOURCES,
    Q_POSTS,
    Q_ABSENCES,
    Q_SHIFTS,
    Q_QUIETS,
    Q_LOADS,
    Q_RULES,
    Q_COUNT
};

static const struct db_statement QUERIES[Q_COUNT] = {
    [Q_VERSION] = {"reference_version", "SELECT version, recount FROM world"},
    [Q_CALENDARS] = {"reference_calendars", "SELECT id, code FROM calendar ORDER BY id"},
    [Q_CALENDAR_ROWS] =
        {"reference_calendar_rows",
         "SELECT calendar, no, kind, from_day, to_day, weekdays, spans, name_zh, name_en FROM calendar_row "
         "ORDER BY calendar, no"},
    [Q_POLICIES] = {"reference_policies",
                    "SELECT id, code, returns_before_dispute, extensions_max, callback_tries_max, "
                    "reopen_limit, quiet FROM policy ORDER BY id"},
    [Q_POLICY_LIMITS] = {"reference_policy_limits", "SELECT policy, stage, urgency, limit_text FROM policy_limit"},
    [Q_POLICY_RUNGS] = {"reference_policy_rungs", "SELECT policy, rung, percent FROM policy_rung"},
    [Q_UNITS] =
        {"reference_units",
         "SELECT u.id, u.code, u.kind, coalesce(u.parent, 0), u.name_zh, u.name_en, u.calendar, u.dedicated, u.closed, "
         "coalesce(u.lon, 0), coalesce(u.lat, 0), u.area, u.staffed, u.review, u.quiet, u.closed_at, u.closed_for FROM "
         "unit u ORDER BY u.id"},
    [Q_MATTERS] =
        {"reference_matters",
         "SELECT code, level1_zh, level1_en, level2_zh, level2_en, name_zh, name_en, department, "
         "coalesce(assists[1], 0), coalesce(assists[2], 0), coalesce(assists[3], 0), coalesce(assists[4], 0), start, "
         "urgency, policy, public, sensitive FROM matter ORDER BY code"},
    [Q_MATTER_LIMITS] = {"reference_matter_limits",
                         "SELECT matter, stage, limit_text FROM matter_limit ORDER BY matter"},
    [Q_ADMISSIONS] = {"reference_admissions", "SELECT coalesce(community, 0), matter_from, matter_to FROM admission"},
    [Q_PLACES] = {"reference_places", "SELECT pattern, unit FROM place ORDER BY length(pattern) DESC, pattern"},
    [Q_POSTS] = {"reference_posts",
                 "SELECT p.unit, p.rank, p.account, p.from_at, p.to_at FROM post p JOIN account a ON "
                 "a.id = p.account WHERE p.rank > 1 AND NOT a.disabled ORDER BY p.unit, p.account"},
    [Q_ABSENCES] =
        {"reference_absences",
         "SELECT account, coalesce(stand_in, 0), from_at, to_at FROM absence WHERE to_at > (SELECT as_of FROM "
         "world) ORDER BY account, from_at"},
    /* a shift counts only while its person holds a post in the unit (W9): who holds none may not open its tickets */
    [Q_SHIFTS] = {"reference_shifts",
                  "SELECT DISTINCT r.unit, r.account, greatest(r.from_at, p.from_at) AS from_at, "
                  "CASE WHEN p.to_at = 0 THEN r.to_at ELSE least(r.to_at, p.to_at) END AS to_at FROM roster r JOIN "
                  "account a ON a.id = r.account JOIN post p ON p.account = r.account AND p.unit = r.unit WHERE "
                  "p.role BETWEEN 1 AND 6 AND p.from_at < r.to_at AND (p.to_at = 0 OR p.to_at > r.from_at) AND "
                  "r.to_at > (SELECT as_of FROM world) AND NOT a.disabled ORDER BY r.unit, from_at, r.account"},
    [Q_QUIETS] =
        {"reference_people",
         "SELECT a.id, a.quiet, a.login FROM account a WHERE a.quiet <> '' OR a.id IN (SELECT account FROM post "
         "WHERE rank > 1 UNION SELECT account FROM roster UNION SELECT account FROM absence UNION SELECT stand_in "
         "FROM absence) ORDER BY a.id"},
    [Q_SOURCES] = {"reference_sources", "SELECT id, code, channel, name_zh, name_en, mapping FROM source ORDER BY id"},
    [Q_LOADS] = {"reference_loads", "SELECT version, kind, names FROM world_load ORDER BY version DESC LIMIT 50"},
    [Q_RULES] =
        {"reference_rules",
         "SELECT number, version, name, priority, disabled, from_at, to_at, without_matter, matter_from, matter_to, "
         "coalesce(place, 0), coalesce(source, 0), channels, hours, weekdays, minute_from, minute_to, words, target, "
         "coalesce(unit, 0), coalesce(assists[1], 0), coalesce(assists[2], 0), coalesce(assists[3], 0), "
         "coalesce(assists[4], 0), urgency, set_matter, note, author, changed_at FROM routing_rule"},
};

/* ---- small helpers -------------------------------------------------------------------------------------------------------- */

static void *take(struct snapshot *s, size_t count, size_t size) {
    void *memory = arena_zeroed(&s->arena, count ? count : 1, size);
    must(memory);
    return memory;
}

static const char *copy(struct snapshot *s, const struct db_result *result, int row, int column) {
    size_t len;
    const char *text = db_get_text(result, row, column, &len);
    char *kept = arena_copy(&s->arena, text ? text : "", len);
    must(kept);
    return kept;
}

static uint32_t get_u32(const struct db_result *result, int row, int column) {
    return (uint32_t)db_get_int(result, row, column);
}

static bool get_limit(const struct db_result *result, int row, int column, struct limit *ret_limit) {
    size_t len;
    const char *text = db_get_text(result, row, column, &len);
    return limit_parse(text ? text : "", len, ret_limit);
}

#define FAIL(loader, ...) (snprintf((loader)->message, MESSAGE_BYTES, __VA_ARGS__), false)

static struct quiet get_quiet(const struct db_result *result, int row, int column) {
    struct quiet quiet = {0, 0};
    size_t len;
    const char *text = db_get_text(result, row, column, &len);
    (void)quiet_parse(text ? text : "", len, &quiet); /* checked when it was loaded */
    return quiet;
}

/* ---- people ------------------------------------------------------------------------------------------------------------------- */

static void build_posts(struct snapshot *s, const struct db_result *rows) {
    struct world *world = &s->reference.world;
    struct post *posts = take(s, (size_t)db_rows(rows), sizeof *posts);
    for (int i = 0; i < db_rows(rows); i++)
        posts[i] = (struct post){.unit = get_u32(rows, i, 0),
                                 .rank = (uint8_t)db_get_int(rows, i, 1),
                                 .person = db_get_int(rows, i, 2),
                                 .from = db_get_int(rows, i, 3),
                                 .to = db_get_int(rows, i, 4)};
    world->posts = posts;
    world->post_count = (uint32_t)db_rows(rows);
}

static void build_absences(struct snapshot *s, const struct db_result *rows) {
    struct world *world = &s->reference.world;
    struct absence *absences = take(s, (size_t)db_rows(rows), sizeof *absences);
    for (int i = 0; i < db_rows(rows); i++)
        absences[i] = (struct absence){db_get_int(rows, i, 0), db_get_int(rows, i, 1), db_get_int(rows, i, 2),
                                       db_get_int(rows, i, 3)};
    world->absences = absences;
    world->absence_count = (uint32_t)db_rows(rows);
}

static void build_shifts(struct snapshot *s, const struct db_result *rows) {
    struct world *world = &s->reference.world;
    struct shift *shifts = take(s, (size_t)db_rows(rows), sizeof *shifts);
    for (int i = 0; i < db_rows(rows); i++)
        shifts[i] =
            (struct shift){get_u32(rows, i, 0), db_get_int(rows, i, 1), db_get_int(rows, i, 2), db_get_int(rows, i, 3)};
    world->shifts = shifts;
    world->shift_count = (uint32_t)db_rows(rows);
}

static void build_people(struct snapshot *s, const struct db_reply *r) {
    const struct db_result *rows = r->results[Q_QUIETS];
    struct world *world = &s->reference.world;
    struct person_quiet *quiets = take(s, (size_t)db_rows(rows), sizeof *quiets);
    const char **logins = take(s, (size_t)db_rows(rows), sizeof *logins);
    for (int i = 0; i < db_rows(rows); i++) {
        quiets[i] = (struct person_quiet){db_get_int(rows, i, 0), get_quiet(rows, i, 1)};
        logins[i] = copy(s, rows, i, 2);
    }
    s->reference.logins = logins;
    world->quiets = quiets;
    world->quiet_count = (uint32_t)db_rows(rows);
    build_posts(s, r->results[Q_POSTS]);
    build_absences(s, r->results[Q_ABSENCES]);
    build_shifts(s, r->results[Q_SHIFTS]);
}

/* ---- calendars and policies ------------------------------------------------------------------------------------------------ */

static bool build_calendars(struct reference_loader *l, struct snapshot *s, const struct db_reply *r) {
    const struct db_result *ids = r->results[Q_CALENDARS], *rows = r->results[Q_CALENDAR_ROWS];
    const char **codes = take(s, CALENDARS_MAX, sizeof *codes);
    struct calendar **calendars = take(s, CALENDARS_MAX, sizeof *calendars);
    uint32_t count = 0;
    for (int i = 0; i < db_rows(ids); i++) {
        uint32_t id = get_u32(ids, i, 0);
        must(id < CALENDARS_MAX);
        s->calendars[id] = calendars[id] = malloc(sizeof(struct calendar));
        must(calendars[id]);
        calendar_init(calendars[id], 480);
        codes[id] = copy(s, ids, i, 1);
        count = id + 1;
    }
    for (int i = 0; i < db_rows(rows); i++) {
        uint32_t id = get_u32(rows, i, 0);
        size_t len;
        struct calendar_row row = {db_get_text(rows, i, 2, &len), db_get_text(rows, i, 3, &len),
                                   db_get_text(rows, i, 4, &len), db_get_text(rows, i, 5, &len),
                                   db_get_text(rows, i, 6, &len), db_get_text(rows, i, 7, &len),
                                   db_get_text(rows, i, 8, &len)};
        enum calendar_error error = calendar_row(calendars[id], &row);
        if (error != CALENDAR_OK)
            return FAIL(l, "calendar %s row %lld: %s", codes[id], (long long)db_get_int(rows, i, 1),
                        calendar_error_text(error, LANG_EN));
    }
    for (uint32_t id = 0; id < count; id++) {
        if (!calendars[id]) continue;
        enum calendar_error error = calendar_seal(calendars[id]);
        if (error != CALENDAR_OK) return FAIL(l, "calendar %s: %s", codes[id], calendar_error_text(error, LANG_EN));
    }
    s->reference.calendar_codes = codes;
    s->reference.world.calendars = (const struct calendar *const *)calendars;
    s->reference.world.calendar_count = count;
    return true;
}

static bool build_policies(struct reference_loader *l, struct snapshot *s, const struct db_reply *r) {
    const struct db_result *ids = r->results[Q_POLICIES], *limits = r->results[Q_POLICY_LIMITS],
                           *rungs = r->results[Q_POLICY_RUNGS];
    struct policy *policies = take(s, POLICIES_MAX, sizeof *policies);
    const char **codes = take(s, POLICIES_MAX, sizeof *codes);
    uint32_t count = 0;
    for (int i = 0; i < db_rows(ids); i++) {
        uint32_t id = get_u32(ids, i, 0);
        must(id < POLICIES_MAX);
        struct policy *p = &policies[id];
        p->id = (uint16_t)id;
        codes[id] = copy(s, ids, i, 1);
        p->returns_before_dispute = (uint8_t)db_get_int(ids, i, 2);
        p->extensions_max = (uint8_t)db_get_int(ids, i, 3);
        p->callback_tries_max = (uint8_t)db_get_int(ids, i, 4);
        if (!get_limit(ids, i, 5, &p->reopen)) return FAIL(l, "policy %s: the reopen limit is not a limit", codes[id]);
        p->quiet = get_quiet(ids, i, 6);
        count = id + 1;
    }
    for (int i = 0; i < db_rows(limits); i++) {
        uint32_t id = get_u32(limits, i, 0), stage = get_u32(limits, i, 1), urgency = get_u32(limits, i, 2);
        if (stage >= STAGE_COUNT || urgency >= URGENCY_COUNT ||
            !get_limit(limits, i, 3, &policies[id].limits[stage][urgency]))
            return FAIL(l, "policy %s: a limit of stage %u is not a limit", codes[id], stage);
    }
    for (int i = 0; i < db_rows(rungs); i++) {
        uint32_t id = get_u32(rungs, i, 0), rung = get_u32(rungs, i, 1);
        if (rung < RUNG_COUNT) policies[id].rung_percent[rung] = (uint16_t)db_get_int(rungs, i, 2);
    }
    s->reference.policy_codes = codes;
    s->reference.world.policies = policies;
    s->reference.world.policy_count = count;
    return true;
}

/* ---- units and matters ------------------------------------------------------------------------------------------------------- */

static void build_unit(struct snapshot *s, const struct db_result *rows, int i, struct unit *unit,
                       struct reference_unit *names) {
    *unit = (struct unit){.id = get_u32(rows, i, 0),
                          .kind = (uint8_t)db_get_int(rows, i, 2),
                          .parent = get_u32(rows, i, 3),
                          .calendar = (uint16_t)db_get_int(rows, i, 6),
                          .dedicated = db_get_bool(rows, i, 7),
                          .closed = db_get_bool(rows, i, 8),
                          .staffed = db_get_bool(rows, i, 12),
                          .reviews = db_get_bool(rows, i, 13)};
    size_t len;
    const char *code = db_get_text(rows, i, 1, &len);
    must(len < sizeof names->code);
    memcpy(names->code, code, len);
    names->name_zh = copy(s, rows, i, 4);
    names->name_en = copy(s, rows, i, 5);
    names->closed_at = db_get_int(rows, i, 15);
    names->closed_for = copy(s, rows, i, 16);
    unit->quiet = get_quiet(rows, i, 14);
    names->lon = db_get_float8(rows, i, 9);
    names->lat = db_get_float8(rows, i, 10);
    const uint8_t *area = db_get_bytes(rows, i, 11, &len);
    if (!area || !len) return;
    names->area = memcpy(take(s, len, 1), area, len);
    names->area_len = len;
}

static int compare_codes(const void *a, const void *b, void *names) {
    const struct reference_unit *units = names;
    return strcmp(units[*(const uint32_t *)a].code, units[*(const uint32_t *)b].code);
}

static bool build_units(struct reference_loader *l, struct snapshot *s, const struct db_reply *r) {
    const struct db_result *rows = r->results[Q_UNITS];
    int count = db_rows(rows);
    uint32_t size = count ? get_u32(rows, count - 1, 0) + 1 : 1;
    must(size <= UNITS_MAX);
    struct unit *units = take(s, size, sizeof *units);
    struct reference_unit *names = take(s, size, sizeof *names);
    for (uint32_t i = 0; i < size; i++) names[i].name_zh = names[i].name_en = names[i].closed_for = "";
    struct world *world = &s->reference.world;
    for (int i = 0; i < count; i++) {
        uint32_t id = get_u32(rows, i, 0);
        build_unit(s, rows, i, &units[id], &names[id]);
        if (units[id].kind == UNIT_CENTER && !world->center) world->center = id;
        if (units[id].kind == UNIT_DISTRICT && !world->district) world->district = id;
    }
    uint32_t bad;
    if (!world_seal(units, size, &bad))
        return FAIL(l, "unit %s: its parent is missing or lies below it", names[bad < size ? bad : 0].code);
    world->units = units;
    world->unit_count = size;
    s->reference.units = names;
    s->by_code =
        take(s, (size_t)count, sizeof *s->by_code); /* the query is ordered by id, codes need their own order */
    for (int i = 0; i < count; i++) s->by_code[i] = get_u32(rows, i, 0);
    s->by_code_count = (uint32_t)count;
    qsort_r(s->by_code, (size_t)count, sizeof *s->by_code, compare_codes, names);
    return true;
}

static void build_matter(struct snapshot *s, const struct db_result *rows, int i, struct matter *m,
                         struct reference_matter *names) {
    *m = (struct matter){.code = get_u32(rows, i, 0),
                         .department = get_u32(rows, i, 7),
                         .start = (uint8_t)db_get_int(rows, i, 12),
                         .urgency = (uint8_t)db_get_int(rows, i, 13),
                         .policy = (uint16_t)db_get_int(rows, i, 14),
                         .is_public = db_get_bool(rows, i, 15),
                         .sensitive = db_get_bool(rows, i, 16)};
    for (int a = 0; a < 4; a++) {
        uint32_t assist = get_u32(rows, i, 8 + a);
        if (assist) m->assists[m->assist_count++] = assist;
    }
    const char **texts[] = {&names->level1_zh, &names->level1_en, &names->level2_zh,
                            &names->level2_en, &names->name_zh,   &names->name_en};
    for (int n = 0; n < 6; n++) *texts[n] = copy(s, rows, i, 1 + n);
}

static bool build_matters(struct reference_loader *l, struct snapshot *s, const struct db_reply *r) {
    const struct db_result *rows = r->results[Q_MATTERS], *limits = r->results[Q_MATTER_LIMITS];
    int count = db_rows(rows);
    must(count <= MATTERS_MAX);
    struct matter *matters = take(s, (size_t)count, sizeof *matters);
    struct reference_matter *names = take(s, (size_t)count, sizeof *names);
    for (int i = 0; i < count; i++) build_matter(s, rows, i, &matters[i], &names[i]);
    int at = 0;
    for (int i = 0; i < db_rows(limits); i++) { /* both ascend by matter */
        while (at < count && matters[at].code < get_u32(limits, i, 0)) at++;
        uint32_t stage = get_u32(limits, i, 1);
        if (stage >= STAGE_COUNT || !get_limit(limits, i, 2, &matters[at].limits[stage]))
            return FAIL(l, "matter %06u: a limit of stage %u is not a limit", matters[at].code, stage);
    }
    s->reference.world.matters = matters;
    s->reference.world.matter_count = (uint32_t)count;
    s->reference.matters = names;
    return true;
}

/* ---- the rest ------------------------------------------------------------------------------------------------------------------ */

static void build_lists(struct snapshot *s, const struct db_reply *r) {
    const struct db_result *admissions = r->results[Q_ADMISSIONS], *places = r->results[Q_PLACES];
    struct admission *a = take(s, (size_t)db_rows(admissions), sizeof *a);
    for (int i = 0; i < db_rows(admissions); i++)
        a[i] = (struct admission){get_u32(admissions, i, 0), get_u32(admissions, i, 1), get_u32(admissions, i, 2)};
    s->reference.world.admissions = a;
    s->reference.world.admission_count = (uint32_t)db_rows(admissions);
    struct reference_place *p = take(s, (size_t)db_rows(places), sizeof *p);
    for (int i = 0; i < db_rows(places); i++) {
        p[i] = (struct reference_place){.pattern = copy(s, places, i, 0), .unit = get_u32(places, i, 1)};
        p[i].pattern_len = strlen(p[i].pattern);
    }
    s->reference.places = p;
    s->reference.place_count = (uint32_t)db_rows(places);
    reference_read_sources(&s->arena, r->results[Q_SOURCES], &s->reference);
}

static void build_loads(struct snapshot *s, const struct db_result *rows) {
    struct reference_load *loads = take(s, (size_t)db_rows(rows), sizeof *loads);
    for (int i = 0; i < db_rows(rows); i++)
        loads[i] = (struct reference_load){get_u32(rows, i, 0), copy(s, rows, i, 1), copy(s, rows, i, 2)};
    s->reference.loads = loads;
    s->reference.load_count = (uint32_t)db_rows(rows);
}

static void on_read(void *context, const struct db_reply *reply) {
    struct reference_loader *l = context;
    if (reply->err != ERR_NONE) {
        l->done(l->context, reply->err, NULL, reply->message);
        return;
    }
    struct snapshot *s = calloc(1, sizeof *s);
    must(s);
    arena_init(&s->arena, ARENA_CHUNK, ARENA_MAX);
    s->holders = 1;
    s->reference.world.version = get_u32(reply->results[Q_VERSION], 0, 0);
    s->reference.recount = get_u32(reply->results[Q_VERSION], 0, 1);
    struct reference *reference = &s->reference;
    l->message[0] = 0;
    if (build_calendars(l, s, reply) && build_policies(l, s, reply) && build_units(l, s, reply) &&
        build_matters(l, s, reply)) {
        build_lists(s, reply);
        build_people(s, reply);
        build_loads(s, reply->results[Q_LOADS]);
        reference_read_rules(&s->arena, reply->results[Q_RULES], &s->reference);
        l->done(l->context, ERR_NONE, reference, "");
    } else {
        reference_release(&reference);
        l->done(l->context, ERR_INVALID, NULL, l->message);
    }
}

struct reference_loader *reference_loader_new(struct db *db) {
    struct reference_loader *l = calloc(1, sizeof *l);
    must(l);
    l->db = db;
    l->group = db_group_new();
    return l;
}

void reference_loader_free(struct reference_loader **loader) {
    if (!*loader) return;
    db_group_free(&(*loader)->group);
    free(*loader);
    *loader = NULL;
}

void reference_load(struct reference_loader *l, reference_done *done, void *context) {
    l->done = done;
    l->context = context;
    db_group_begin(l->group, DB_TRANSACTION);
    db_group_set_begin(l->group, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    for (int q = 0; q < Q_COUNT; q++) db_group_add(l->group, &QUERIES[q]);
    db_send(l->db, l->group, LOAD_TIMEOUT_MS, on_read, l);
}

struct reference *reference_hold(struct reference *reference) {
    ((struct snapshot *)reference)->holders++;
    return reference;
}

void reference_release(struct reference **reference) {
    struct snapshot *s = (struct snapshot *)*reference;
    *reference = NULL;
    if (!s || --s->holders) return;
    for (int i = 0; i < CALENDARS_MAX; i++) free(s->calendars[i]);
    arena_done(&s->arena);
    free(s);
}
