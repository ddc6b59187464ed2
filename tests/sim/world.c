/* See world.h; also the loader of reference data, which asks the simulated database for the version alone. */
#include "tests/sim/world.h"

#include <stdlib.h>
#include <string.h>

#include "proto/must.h"
#include "services/kit/reference.h"
#include "tests/sim/disk.h"

/* ---- units, matters, policy ---------------------------------------------------------------------------------------------- */

enum { VERSIONS = WORLD_VERSIONS, POLICIES = 2 };

static struct unit units[VERSIONS][UNIT_COUNT];
static struct policy policies[VERSIONS];
static struct calendar calendars[VERSIONS][2];
static const struct calendar *calendar_list[VERSIONS][2];
static struct world worlds[VERSIONS];

static const struct matter matters[MATTER_COUNT] = {
    {.code = 10101, .department = URBAN, .start = UNIT_GRID, .urgency = URGENCY_NORMAL, .is_public = true},
    {.code = 10302, .department = URBAN, .start = UNIT_STREET, .urgency = URGENCY_NORMAL, .is_public = true},
    {.code = 20101,
     .department = MUNICIPAL,
     .assists = {WATER},
     .assist_count = 1,
     .start = UNIT_DEPARTMENT,
     .urgency = URGENCY_URGENT,
     .is_public = true},
    {.code = 20202, .department = WATER, .start = UNIT_COMMUNITY, .urgency = URGENCY_NORMAL, .is_public = true},
    {.code = 30201, .department = WATER, .start = UNIT_DEPARTMENT, .urgency = URGENCY_DANGER, .is_public = true},
    {.code = 90901, .department = GONE, .start = UNIT_DEPARTMENT, .urgency = URGENCY_COMPLEX},
};
static const struct admission admissions[] = {{0, 10101, 10199}, {0, 20200, 20299}};

uint32_t world_matter_code(int i) {
    return matters[i].code;
}

static void unit(int version, uint32_t id, enum unit_kind kind, uint32_t parent, bool staffed) {
    units[version][id] = (struct unit){.id = id,
                                       .parent = parent,
                                       .kind = (uint8_t)kind,
                                       .calendar = kind == UNIT_CENTER || kind == UNIT_DISTRICT ? 1 : 0,
                                       .staffed = staffed};
}

/* Rule W5: closed, below the one it went into, and so is what lay below it. */
static void merge(int v, uint32_t id, uint32_t into) {
    for (uint32_t below = 1; below < UNIT_COUNT; below++)
        if (units[v][below].parent == id) units[v][below].parent = into;
    units[v][id].parent = into;
    units[v][id].closed = true;
}

static void build_units(int v) {
    unit(v, CENTER, UNIT_CENTER, 0, true);
    unit(v, DISTRICT, UNIT_DISTRICT, CENTER, true);
    unit(v, STREET_A, UNIT_STREET, DISTRICT, true);
    unit(v, STREET_B, UNIT_STREET, DISTRICT, true);
    for (uint32_t i = 0; i < 4; i++) unit(v, COMMUNITY_A + i, UNIT_COMMUNITY, STREET_A + i / 2, true);
    for (uint32_t i = 0; i < 8; i++) unit(v, GRID_FIRST + i, UNIT_GRID, COMMUNITY_A + i / 2, i != 5);
    unit(v, GRID_DEDICATED, UNIT_GRID, COMMUNITY_A, true);
    units[v][GRID_DEDICATED].dedicated = true;
    unit(v, WATER, UNIT_DEPARTMENT, DISTRICT, true);
    unit(v, MUNICIPAL, UNIT_DEPARTMENT, DISTRICT, true);
    unit(v, URBAN, UNIT_DEPARTMENT, DISTRICT, true);
    unit(v, GONE, UNIT_DEPARTMENT, DISTRICT, false);
    unit(v, WATERWORKS, UNIT_ENTERPRISE, WATER, true);
    units[v][GONE].closed = true;
    units[v][WATER].reviews = true;
    units[v][GRID_FIRST + 7].closed = v % POLICIES == 1;
    if (v / POLICIES == 1) {
        merge(v, WATER, MUNICIPAL);
        merge(v, GRID_FIRST + 2, GRID_FIRST + 3);
        merge(v, COMMUNITY_D, COMMUNITY_C);
    } else if (v / POLICIES == 2) {
        units[v][URBAN].closed = true; /* nobody takes over */
        units[v][COMMUNITY_B].closed = true;
        merge(v, STREET_B, STREET_A);
        merge(v, MUNICIPAL, WATER);
    }
}

static struct limit limit_of(const char *text) {
    struct limit limit;
    must(limit_parse(text, strlen(text), &limit));
    return limit;
}

static void build_policy(int v) {
    static const struct {
        enum stage stage;
        const char *danger, *urgent, *normal, *complex;
    } rows[] = {
        {STAGE_TRIAGE, "10nm", "30nm", "2wh", "4wh"}, {STAGE_SUPPLEMENT, "1nh", "24nh", "7nd", "7nd"},
        {STAGE_SIGN, "30nm", "2nh", "2wh", "2wh"},    {STAGE_CONTACT, "1nh", "4nh", "1wd", "1wd"},
        {STAGE_HANDLE, "2nh", "24nh", "7wd", "15wd"}, {STAGE_ADJUDICATE, "15nm", "1nh", "4wh", "1wd"},
        {STAGE_CHECK, "4nh", "24nh", "2wd", "3wd"},   {STAGE_CALLBACK, "24nh", "24nh", "2wd", "3wd"},
        {STAGE_REVIEW, "1nd", "7nd", "30nd", "90nd"}, {STAGE_SUPERVISE, "2nh", "24nh", "3wd", "3wd"},
        {STAGE_ARRIVE, "30nm", "1nh", "1wd", "1wd"},
    };
    struct policy *p = &policies[v];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        p->limits[rows[i].stage][URGENCY_DANGER] = limit_of(rows[i].danger);
        p->limits[rows[i].stage][URGENCY_URGENT] = limit_of(rows[i].urgent);
        p->limits[rows[i].stage][URGENCY_NORMAL] = limit_of(v % POLICIES ? rows[i].complex : rows[i].normal);
        p->limits[rows[i].stage][URGENCY_COMPLEX] = limit_of(rows[i].complex);
    }
    p->rung_percent[RUNG_URGE] = 80;
    p->rung_percent[RUNG_WARNING] = 100;
    p->rung_percent[RUNG_YELLOW_CARD] = 120;
    p->rung_percent[RUNG_RED_CARD] = 150;
    p->extensions_max = 2;
    p->callback_tries_max = 3;
    p->returns_before_dispute = 2;
    p->reopen = limit_of("30nd");
}

static void row(struct calendar *cal, const char *kind, const char *from, const char *to, const char *days,
                const char *spans) {
    struct calendar_row r = {kind, from, to, days, spans, "节", "Holiday"};
    must(calendar_row(cal, &r) == CALENDAR_OK);
}

static void build_calendars(int v) {
    for (int i = 0; i < 2; i++) {
        struct calendar *cal = &calendars[v][i];
        calendar_init(cal, 480);
        row(cal, "published", "2026-01-01", "2026-12-31", "", "");
        row(cal, "hours", "", "", i ? "1-7" : "1-5",
            i              ? "00:00-24:00"
            : v % POLICIES ? "09:00-12:00 13:30-17:30"
                           : "08:30-12:00 13:00-17:00");
        if (!i) {
            row(cal, "off", "2026-10-01", "2026-10-07", "", "");
            row(cal, "work", "2026-10-10", "", "", "");
            row(cal, "half", "2026-12-31", "", "", "08:30-12:00");
        }
        must(calendar_seal(cal) == CALENDAR_OK);
        calendar_list[v][i] = cal;
    }
}

/* In every other version of the world: drains go to the street, urgently, and to triage out of hours; what has no matter goes to the
 * water works; a rule for a closed unit is passed over. */
static const struct rule rules[] = {
    {.no = 2,
     .priority = 9,
     .matter_from = 20200,
     .matter_to = 20299,
     .hours = RULE_HOURS_OUT,
     .target = RULE_TO_TRIAGE},
    {.no = 1,
     .priority = 5,
     .matter_from = 20200,
     .matter_to = 20299,
     .target = RULE_TO_STREET,
     .urgency = URGENCY_URGENT},
    {.no = 3, .priority = 5, .without_matter = true, .target = RULE_TO_UNIT, .unit = GONE},
    {.no = 4, .priority = 5, .without_matter = true, .matter = 30201, .target = RULE_TO_DEPARTMENT}};

void world_build(void) {
    for (int v = 0; v < VERSIONS; v++) {
        uint32_t wrong;
        build_units(v);
        build_policy(v);
        build_calendars(v);
        must(world_seal(units[v], UNIT_COUNT, &wrong));
        worlds[v] = (struct world){.center = CENTER,
                                   .district = DISTRICT,
                                   .units = units[v],
                                   .unit_count = UNIT_COUNT,
                                   .matters = matters,
                                   .matter_count = MATTER_COUNT,
                                   .policies = &policies[v],
                                   .policy_count = 1,
                                   .calendars = calendar_list[v],
                                   .calendar_count = 2,
                                   .admissions = admissions,
                                   .admission_count = sizeof admissions / sizeof *admissions,
                                   .rules = rules,
                                   .rule_count = v % 2 ? sizeof rules / sizeof *rules : 0};
    }
}

const struct world *world_now(void) {
    return &worlds[disk.world_version % VERSIONS];
}

const struct principal *world_people(int *ret_count) {
    static struct principal people[2 * UNIT_COUNT];
    static int count;
    if (!count) {
        for (uint32_t id = 1; id < UNIT_COUNT; id++) {
            const struct unit *u = &units[0][id];
            enum role role = u->kind == UNIT_CENTER      ? ROLE_OPERATOR
                             : u->kind == UNIT_DISTRICT  ? ROLE_SUPERVISOR
                             : u->kind == UNIT_STREET    ? ROLE_STREET
                             : u->kind == UNIT_COMMUNITY ? ROLE_COMMUNITY
                             : u->kind == UNIT_GRID      ? ROLE_GRID_WORKER
                                                         : ROLE_DEPARTMENT;
            people[count++] = (struct principal){.user = 100 + id, .role = (uint8_t)role, .unit = id};
            if (role <= ROLE_STREET)
                people[count++] = (struct principal){.user = 200 + id, .role = (uint8_t)role, .unit = id};
        }
        people[count++] = (struct principal){.user = 300, .role = ROLE_INTEGRATION, .source = SOURCE_HOTLINE};
    }
    *ret_count = count;
    return people;
}

/* ---- the loader: one query for the version; the rest is here --------------------------------------------------------------- */

struct snapshot {
    struct reference reference; /* first */
    int holders;
};
struct reference_loader {
    struct db *db;
    struct db_group *group;
    reference_done *done;
    void *context;
};
static const struct db_statement ALL = {"reference_all", ""};

struct reference *reference_hold(struct reference *reference) {
    ((struct snapshot *)reference)->holders++;
    return reference;
}

void reference_release(struct reference **reference) {
    struct snapshot *s = (struct snapshot *)*reference;
    *reference = NULL;
    if (s && --s->holders == 0) free(s);
}

struct reference_loader *reference_loader_new(struct db *db) {
    struct reference_loader *loader = calloc(1, sizeof *loader);
    must(loader);
    loader->db = db;
    loader->group = db_group_new();
    return loader;
}

void reference_loader_free(struct reference_loader **loader) {
    if (!*loader) return;
    db_group_free(&(*loader)->group);
    free(*loader);
    *loader = NULL;
}

static void on_version(void *context, const struct db_reply *reply) {
    struct reference_loader *loader = context;
    if (reply->err != ERR_NONE) {
        loader->done(loader->context, reply->err, NULL, reply->message);
        return;
    }
    struct snapshot *s = calloc(1, sizeof *s);
    must(s);
    uint32_t version = (uint32_t)db_get_int(reply->results[0], 0, 0);
    static struct reference_unit names[UNIT_COUNT];
    for (int i = 0; i < UNIT_COUNT; i++) names[i].closed_for = "机构改革";
    s->reference.world = worlds[version % VERSIONS];
    s->reference.units = names;
    s->reference.world.version = s->reference.recount = version;
    s->holders = 1;
    loader->done(loader->context, ERR_NONE, &s->reference, "");
}

void reference_load(struct reference_loader *loader, reference_done *done, void *context) {
    loader->done = done;
    loader->context = context;
    db_group_begin(loader->group, DB_READ);
    db_group_add(loader->group, &ALL);
    db_send(loader->db, loader->group, 20000, on_version, loader);
}
