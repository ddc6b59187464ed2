/* Imports: every mistake is told with its row, nothing of a bad file is stored, and what is exported comes back unchanged. */
#define _GNU_SOURCE
#include "tests/unit/console_fixture.h"

static struct person security, admin;

static int setup(void **state) {
    begin("", false);
    wait_ready("console");
    security = set_up();
    make_user(&security, "system", "admin_system", NULL);
    admin = must_sign_in("system");
    return 0;
}

static cJSON *load(int status, const char *kind, const char *query, const char *text) {
    struct answer answer = import_bytes(strcmp(kind, "people") ? &admin : &security, kind, query, text, strlen(text));
    if (answer.status != status) fail_msg("%s: %d instead of %d: %.600s", kind, answer.status, status, answer.body);
    cJSON *tree = answer.json;
    answer.json = NULL;
    answer_done(&answer);
    return tree;
}

/* The file is refused, and the first mistake is this. */
static void refused(const char *kind, const char *text, const char *pointer, const char *detail) {
    int64_t version = sql_int("SELECT version FROM world");
    cJSON *tree = load(422, kind, "", text);
    assert_string_equal(text_at(tree, "errors.0.pointer"), pointer);
    if (!strstr(text_at(tree, "errors.0.detail"), detail))
        fail_msg("\"%s\" does not say \"%s\"", text_at(tree, "errors.0.detail"), detail);
    cJSON_Delete(tree);
    assert_int_equal(sql_int("SELECT version FROM world"), version);
}

static void taken(const char *kind, const char *text) {
    cJSON_Delete(load(200, kind, "", text));
}

#define CALENDAR                                                                                                       \
    "calendar,row,from,to,weekdays,spans,name_zh,name_en\nstandard,published,2026-01-01,2026-12-31,,,,\n"              \
    "standard,hours,,,1-5,08:30-12:00 13:00-17:00,,\n"
#define POLICY "policy,row,name,urgency,value,note\nstandard,limit,sign,normal,2wh,\n"
#define UNITS  "code,kind,parent,name_zh,name_en,lon,lat,flags,calendar\n"
#define TREE                                                                                                             \
    UNITS "d1,district,center,区,,,,,\ncenter,center,,中心,,,,,\nwater,department,d1,水务,Water,,,,\ns1,street,d1," \
          "街道,,,,,\n"                                                                                                \
          "c1,community,s1,社区,,,,,\ng1,grid,c1,网格,,,,,\ng2,grid,c1,网格二,,,,,\nz1,grid,c1,专属,,,,dedicated,\n"

static void test_calendars(void **state) {
    refused("calendars",
            "calendar,row,from,to,weekdays,spans,name_zh,name_en\nstandard,published,2026-01-01,,,,,\nstandard,off,"
            "2025-13-01,,,,a,b\n",
            "/rows/2", "row 2");
    refused("calendars", CALENDAR "standard,off,2027-01-01,,,,元旦,New Year\n", "/rows/4", "published");
    refused("calendars", "calendar,row\nx,published\n", "/rows/2", "");
    taken("calendars", CALENDAR "standard,off,2026-10-01,2026-10-07,,,国庆,National Day\n");
    assert_int_equal(sql_int("SELECT id FROM calendar WHERE code = 'standard'"), 0);
    assert_int_equal(sql_int("SELECT count(*) FROM calendar_row"), 3);
}

static void test_policies(void **state) {
    refused("policies", "policy,row,name,urgency,value,note\nstandard,limit,sign,normal,2 hours,\n", "/rows/2/value",
            "2 hours");
    refused("policies", "policy,row,name,urgency,value,note\nstandard,limit,signing,normal,2wh,\n", "/rows/2/name",
            "signing");
    refused("policies", POLICY "standard,limit,sign,normal,3wh,\n", "/rows/3/name", "twice");
    refused("policies", POLICY "standard,rung,urge,,100,\nstandard,rung,warning,,80,\n", "/rows/2/policy", "must rise");
    refused("policies", POLICY "standard,setting,colour,,1,\n", "/rows/3/name", "colour");
    refused("policies", POLICY "standard,rule,x,,1,\n", "/rows/3/row", "rule");
    taken("policies", POLICY);
}

static void test_units(void **state) {
    refused("units", "code,kind\na,center\n", "/rows/1/parent", "missing");
    refused("units", UNITS "a,center,,中心,,,,,\na,district,a,区,,,,,\n", "/rows/3/code", "twice");
    refused("units", UNITS "A!,center,,中心,,,,,\n", "/rows/2/code", "A!");
    refused("units", UNITS "a,castle,,中心,,,,,\n", "/rows/2/kind", "castle");
    refused("units", UNITS "a,center,,,,,,,\n", "/rows/2/name_zh", "empty");
    refused("units", UNITS "a,center,,中心,,east,41,,\n", "/rows/2/lon", "longitude");
    refused("units", UNITS "a,center,,中心,,1,2,pretty,\n", "/rows/2/flags", "pretty");
    refused("units", UNITS "a,center,,中心,,,,,lunar\n", "/rows/2/calendar", "calendar");
    refused("units", UNITS "a,center,,中心,,,,,\nb,district,nowhere,区,,,,,\n", "/rows/3/parent", "nowhere");
    refused("units", UNITS "a,center,,中心,,,,,\nb,district,a,区,,,,,\nc,grid,b,网格,,,,,\n", "/rows/4/parent",
            "a grid cannot stand below a district");
    refused("units", UNITS "a,center,,中心,,,,,\nb,district,a,区,,,,,\np,pool,q,池,,,,,\nq,pool,p,池,,,,,\n",
            "/rows/4/parent", "loop");
    refused("units", UNITS "a,center,,中心,,,,,\n", "", "district");
    refused("units", UNITS "a,center,,\"中心\n", "/rows/2/name_zh", "never closed");
    refused("units", UNITS "a,center,,中心\n", "/rows/2", "has 4 fields");
    refused("units", UNITS "a,center,,\xff\xfe,,,,,\n", "/rows/2/name_zh", "row 2, name_zh: not valid UTF-8");
    refused("units", UNITS "a,center,\"d1,x\n", "/rows/2/parent", "never closed");
    refused("units", "code,ki\"nd\n", "/rows/1", "row 1: column 2: a quote");
    refused("units", "PK\3\4\24\n", "", "this is a workbook (xlsx): save it as \"CSV UTF-8\"");
    refused("units",
            "\xff\xfe"
            "c",
            "", "UTF-16");
    refused("policies", "policy,row,name,urgency,value,note\nstandard,setting,x,,2,\n", "/rows/2/name",
            "one of: returns_before_dispute");
    refused("policies", "policy,row,name,urgency,value,note\nstandard,limit,sgin,normal,2wh,\n", "/rows/2/name",
            "one of: triage");
    refused("units", "", "", "empty");
    cJSON *dry = load(200, "units", "?dry_run=1", TREE);
    assert_int_equal(int_at(dry, "created"), 8);
    cJSON_Delete(dry);
    assert_int_equal(sql_int("SELECT count(*) FROM unit"), 0);
    taken("units", TREE);
    assert_int_equal(sql_int("SELECT count(*) FROM unit WHERE dedicated"), 1);
    refused("units", UNITS "s1,community,c1,街道,,,,,\n", "/rows/2/kind", "cannot change");
    taken("units", UNITS "s9,street,d1,旧街道,,,,,\n");
    int64_t id = sql_int("SELECT id FROM unit WHERE code = 's9'");
    taken("units", UNITS "s9,street,d1,旧街道,,,,closed,\n");
    assert_int_equal(sql_int("SELECT id FROM unit WHERE code = 's9' AND closed"), id);
    refused("units", UNITS "s9,street,d1,旧街道,,,,,\n", "/rows/2/flags", "stays closed");
    assert_int_equal(sql_int("SELECT count(*) FROM unit"), 9);
}

#define SQUARE(west, east)                                                                                             \
    "{\"type\":\"Polygon\",\"coordinates\":[[[" west ",41.0],[" east ",41.0],[" east ",41.1],[" west ",41.1],[" west   \
    ",41.0]]]}"
#define FEATURE(code, geometry)                                                                                        \
    "{\"type\":\"Feature\",\"properties\":{\"code\":\"" code "\"},\"geometry\":" geometry "}"
#define COLLECTION(features) "{\"type\":\"FeatureCollection\",\"features\":[" features "]}"

static void test_areas(void **state) {
    refused("areas", "[]", "", "FeatureCollection");
    refused("areas", "{\"type\":", "", "byte");
    refused("areas", COLLECTION(FEATURE("nowhere", SQUARE("123.0", "123.1"))), "/rows/1/properties/code", "nowhere");
    refused("areas", COLLECTION(FEATURE("g1", "{\"type\":\"Point\",\"coordinates\":[1,2]}")), "/rows/1/geometry",
            "Polygon");
    refused("areas", COLLECTION(FEATURE("g1", "{\"type\":\"Polygon\",\"coordinates\":[[[1,2],[3,4],[5,6],[1,3]]]}")),
            "/rows/1/geometry", "end where it begins");
    refused("areas",
            COLLECTION(FEATURE("g1", "{\"type\":\"Polygon\",\"coordinates\":[[[41,123],[42,123],[42,124],[41,123]]]}")),
            "/rows/1/geometry", "longitude comes first");
    refused("areas",
            COLLECTION(FEATURE("g1", "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}")),
            "/rows/1/geometry", "Self-intersection");
    cJSON *taken_areas = load(
        200, "areas", "",
        COLLECTION(FEATURE("g1", SQUARE("123.0", "123.1")) "," FEATURE("g2", SQUARE("123.05", "123.2")) "," FEATURE(
            "z1", SQUARE("123.0", "123.02")) "," FEATURE("d1", SQUARE("123.0", "123.3"))));
    assert_int_equal(int_at(taken_areas, "warning_count"),
                     2); /* g1 and g2 overlap; d1 is not covered; z1 may lie on g1 */
    assert_non_null(strstr(text_at(taken_areas, "warnings.0.en"), "g1 and g2 overlap by"));
    assert_non_null(strstr(text_at(taken_areas, "warnings.1.en"), "lie in no grid"));
    cJSON_Delete(taken_areas);
    assert_int_equal(sql_int("SELECT count(*) FROM unit WHERE area IS NOT NULL"), 4);
}

#define MATTERS                                                                                                        \
    "code,name_zh_1,name_en_1,name_zh_2,name_en_2,name_zh,name_en,lead,assist,start,urgency,policy,public,sensitive,"  \
    "sign_limit,contact_limit,handle_limit,check_limit\n"
#define MATTER "020305,市政,,照明,,路灯不亮,,water,,department,normal,standard,yes,no,,,3wd,\n"

static void test_matters_and_lists(void **state) {
    refused("matters", MATTERS "20305,市政,,照明,,路灯,,water,,department,normal,,,,,,,\n", "/rows/2/code",
            "six digits");
    refused("matters", MATTERS "020305,市政,,照明,,路灯,,s1,,department,normal,,,,,,,\n", "/rows/2/lead", "s1");
    refused("matters", MATTERS "020305,市政,,照明,,路灯,,water,nobody,department,normal,,,,,,,\n", "/rows/2/assist",
            "nobody");
    refused("matters", MATTERS "020305,市政,,照明,,路灯,,water,,pool,normal,,,,,,,\n", "/rows/2/start", "pool");
    refused("matters", MATTERS "020305,市政,,照明,,路灯,,water,,grid,normal,,maybe,,,,,\n", "/rows/2/public", "maybe");
    refused("matters", MATTERS "020305,市政,,照明,,路灯,,water,,grid,normal,loose,,,,,,\n", "/rows/2/policy",
            "policies");
    refused("matters", MATTERS MATTER MATTER, "/rows/3/code", "twice");
    taken("matters", MATTERS MATTER);
    assert_int_equal(sql_int("SELECT count(*) FROM matter_limit WHERE stage = 5 AND limit_text = '3wd'"), 1);
    refused("admission", "community,matter,note\ns1,020305,\n", "/rows/2/community", "s1");
    refused("admission", "community,matter,note\n*,0203051,\n", "/rows/2/matter", "");
    refused("admission", "community,matter,note\nc1,03,\n", "/rows/2/matter", "catalogue");
    taken("admission", "community,matter,note\n*,020305,\nc1,02,市政\n");
    refused("places", "pattern,unit,kind\n汀,c1,\n", "/rows/2/pattern", "short");
    refused("places", "pattern,unit,kind\n汀桥,water,\n", "/rows/2/unit", "water");
    refused("places", "pattern,unit,kind\n汀桥,c1,\n汀橋,s1,\n", "", "twice"); /* one name once folded */
    taken("places", "pattern,unit,kind\n汀桥大街,c1,road\nＡ座,s1,\n");
    refused("sources", "code,channel,name_zh,name_en\nHot Line,phone,,\n", "/rows/2/code", "Hot Line");
    refused("sources", "code,channel,name_zh,name_en\nhot,smoke,,\n", "/rows/2/channel", "smoke");
    taken("sources", "code,channel,name_zh,name_en\nhotline-12345,phone,热线,\n");
    taken("sources", "code,channel,name_zh,name_en\nhotline-12345,phone,热线二,Hotline\napp,app,,\n");
    assert_int_equal(sql_int("SELECT count(*) FROM source"), 2);
}

static void test_people(void **state) {
    refused("people", "user,role,unit\na b,street,s1\n", "/rows/2/user", "a b");
    refused("people", "user,role,unit\nab,street,water\n", "/rows/2/unit", "does not fit");
    refused("people", "user,role,unit\nab,integration,s1\n", "/rows/2/role", "cannot sign in");
    refused("people", "user,role,unit\nab,street,s1\nab,street,s1\n", "/rows/3/user", "twice");
    cJSON *people = load(200, "people", "", "user,role,unit\nstreet-s1,street,s1\nsystem,admin_system,\n");
    assert_int_equal(int_at(people, "created"), 1);
    assert_int_equal(int_at(people, "updated"), 1);
    struct person person;
    assert_true(sign_in("street-s1", text_at(people, "accounts.0.password"), &person));
    assert_null(at(people, "accounts.1"));
    cJSON_Delete(people);
    assert_int_equal(sql_int("SELECT staffed::int FROM unit WHERE code = 's1'"), 1);
    cJSON_Delete(load(200, "people", "?passwords=none", "user,role,unit\ngrid-g1,grid_worker,g1\n"));
    assert_false(sign_in("grid-g1", "", &person));
    assert_false(sign_in("grid-g1", "whatever-1", &person));
    assert_int_equal(sql_int("SELECT staffed::int FROM unit WHERE code = 'g1'"), 1);
}

static void test_what_is_exported_comes_back(void **state) {
    static const char *const kinds[] = {"calendars", "policies", "units",   "areas", "matters",
                                        "admission", "places",   "sources", "people"};
    static const char everything[] =
        "SELECT ('x' || substr(md5(coalesce((SELECT string_agg(u::text, ',' ORDER BY id) FROM unit u), '') || "
        "coalesce((SELECT string_agg(m::text, ',' "
        "ORDER BY code) FROM matter m), '') || coalesce((SELECT string_agg(l::text, ',' ORDER BY l) FROM matter_limit "
        "l), '') || coalesce((SELECT "
        "string_agg(p::text, ',' ORDER BY p) FROM policy p), '') || coalesce((SELECT string_agg(p::text, ',' ORDER BY "
        "p) FROM policy_limit p), '') || "
        "coalesce((SELECT string_agg(a::text, ',' ORDER BY a) FROM admission a), '') || coalesce((SELECT "
        "string_agg(p::text, ',' ORDER BY p) FROM "
        "place p), '') || coalesce((SELECT string_agg(s::text, ',' ORDER BY s) FROM source s), '') || coalesce((SELECT "
        "string_agg(kind || from_day || "
        "to_day || weekdays || spans || name_zh, ',' ORDER BY no) FROM calendar_row), '')), 1, 15))::bit(60)::bigint";
    int64_t before = sql_int(everything);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char path[80];
        const struct person *who = strcmp(kinds[i], "people") ? &admin : &security;
        snprintf(path, sizeof path, "/api/v1/admin/%s/export", kinds[i]);
        struct answer file = ask("GET", path, who, NULL);
        assert_int_equal(file.status, 200);
        assert_non_null(strstr(file.text, "attachment; filename="));
        struct answer again = import_bytes(who, kinds[i], "", file.body, strlen(file.body));
        if (again.status != 200) fail_msg("%s: %.600s\nof %.1000s", kinds[i], again.body, file.body);
        answer_done(&file);
        answer_done(&again);
    }
    assert_int_equal(sql_int(everything), before);
    assert_int_equal(sql_int("SELECT count(*) FROM audit WHERE action = 'export'"), 9);
}

static void test_two_at_once_do_not_mix(void **state) {
    int fds[6];
    static const char text[] = UNITS "x1,pool,d1,池,,,,,\n";
    for (int i = 0; i < 6; i++) {
        fds[i] = connect_to("console");
        write_head(fds[i], "POST", "/api/v1/admin/units/import", &admin, "Content-Type: text/csv\r\n", strlen(text));
        write_all(fds[i], text, strlen(text));
    }
    for (int i = 0; i < 6; i++) {
        struct answer answer = read_answer(fds[i]);
        assert_int_equal(answer.status, 200);
        answer_done(&answer);
        close(fds[i]);
    }
    assert_int_equal(sql_int("SELECT count(*) FROM unit WHERE code = 'x1'"), 1);
}

static void test_the_wrong_type_and_too_much(void **state) {
    struct answer answer = ask_bytes("console", "POST", "/api/v1/admin/units/import", &admin,
                                     "Content-Type: application/json\r\n", "{}", 2);
    assert_int_equal(answer.status, 415);
    answer_done(&answer);
    refuse(403, "POST", "/api/v1/admin/units/import", &security, "{}");
    refuse(400, "POST", "/api/v1/admin/units/import?dryrun=1", &admin, "{}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calendars),
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_areas),
        cmocka_unit_test(test_matters_and_lists),
        cmocka_unit_test(test_people),
        cmocka_unit_test(test_what_is_exported_comes_back),
        cmocka_unit_test(test_two_at_once_do_not_mix),
        cmocka_unit_test(test_the_wrong_type_and_too_much),
    };
    return cmocka_run_group_tests(tests, setup, end);
}
