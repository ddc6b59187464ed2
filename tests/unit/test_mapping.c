/* How a source says things: mappings read and gone by, every mistake told where it stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "common/json.h"
#include "services/kit/mapping.h"
#include "tests/unit/told.h"

static const struct mapping *mapping_of(const char *text) {
    cJSON *tree = tree_of(text);
    told[0] = 0;
    const struct mapping *mapping = mapping_read(tree, &arena, on_wrong, NULL);
    cJSON_Delete(tree); /* nothing of it is borrowed */
    return mapping;
}

#define NEEDED "\"/external_id\":\"/n\",\"/title\":\"/t\","

/* Our body of one rule for one field, or what was told instead. */
static const char *made(const char *rule, const char *body) {
    static char text[2000];
    snprintf(text, sizeof text, "{\"request\":{" NEEDED "%s},\"ignore\":[\"*\"]}", rule);
    const struct mapping *mapping = mapping_of(text);
    if (!mapping) return told;
    cJSON *theirs = tree_of(body), *ours = mapping_apply(mapping, MAPPING_REQUEST, "s", theirs, &arena, on_wrong, NULL);
    snprintf(text, sizeof text, "%s", told);
    if (ours) {
        char *whole = cJSON_PrintUnformatted(ours);
        snprintf(text, sizeof text, "%s", whole + strlen("{\"source\":\"s\","));
        free(whole);
    }
    cJSON_Delete(ours);
    cJSON_Delete(theirs);
    return text;
}

static void times_by_pattern_offset_or_number(void **state) {
    (void)state;
#define AT(more) "\"/occurred_at\":{\"from\":\"/d\"" more "}"
    assert_string_equal(made(AT(",\"time\":\"YYYYMMDDhhmmss\""), "{\"d\":20261121093000}"),
                        "\"occurred_at\":\"2026-11-21T09:30:00+08:00\"}");
    assert_string_equal(made(AT(",\"time\":\"YYYY年MM月DD日\""), "{\"d\":\"2026年11月21日\"}"),
                        "\"occurred_at\":\"2026-11-21T00:00:00+08:00\"}");
    assert_string_equal(
        made(AT(",\"time\":\"DD.MM.YYYY hh:mm\",\"offset\":\"+00:00\""), "{\"d\":\"21.11.2026 23:30\"}"),
        "\"occurred_at\":\"2026-11-22T07:30:00+08:00\"}");
    assert_string_equal(
        made(AT(",\"time\":\"YYYY-MM-DD hh:mm\",\"offset\":\"-05:30\""), "{\"d\":\"2026-11-21 00:00\"}"),
        "\"occurred_at\":\"2026-11-21T13:30:00+08:00\"}");
    assert_string_equal(made(AT(",\"time\":\"unix\""), "{\"d\":0}"), "\"occurred_at\":\"1970-01-01T08:00:00+08:00\"}");
    assert_string_equal(made(AT(",\"time\":\"unix_ms\""), "{\"d\":\"1000\"}"),
                        "\"occurred_at\":\"1970-01-01T08:00:01+08:00\"}");
    static const char *const wrong[] = {"\"2026-02-30 00:00\"",    "\"2026-11-21 24:00\"", "\"2026-11-21\"",
                                        "\"2026-11-21 09:30:00\"", "\"\\u0001\"",          "-1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char body[100];
        snprintf(body, sizeof body, "{\"d\":%s}", wrong[i]);
        assert_string_equal(made(AT(",\"time\":\"YYYY-MM-DD hh:mm\""), body), "422 /d; ");
    }
    assert_string_equal(made(AT(",\"time\":\"unix\""), "{\"d\":\"99999999999999999999\"}"), "422 /d; ");
    assert_string_equal(made(AT(""), "{\"d\":\"as it is\"}"), "\"occurred_at\":\"as it is\"}");
}

static void pieces_several_fields_and_absent_ones(void **state) {
    (void)state;
#define LON                                                                                                            \
    "\"/location/lon\":{\"from\":\"/p\",\"split\":\",\",\"part\":1},\"/location/lat\":{\"from\":\"/"                   \
    "p\",\"split\":\",\",\"part\":2}"
    assert_string_equal(made(LON, "{\"p\":\" 123.76 ,41.33,0\"}"), "\"location\":{\"lon\":123.76,\"lat\":41.33}}");
    assert_string_equal(made(LON, "{\"p\":\"123.76\"}"), "422 /p; ");
    assert_string_equal(made(LON, "{\"p\":\"nan,inf\"}"), "422 /p; 422 /p; ");
    assert_string_equal(made(LON, "{\"p\":\"\"}"), "");
    const char *joined = "\"/description\":{\"from\":[\"/a\",\"/b\",\"/c\"],\"join\":\"-\"}";
    assert_string_equal(made(joined, "{\"a\":\"x\",\"b\":null,\"c\":3}"), "\"description\":\"x-3\"}");
    assert_string_equal(made(joined, "{\"a\":{}}"), "400 /a; ");
    assert_string_equal(made("\"/matter\":\"/m~1n/k~0/0\"", "{\"m/n\":{\"k~\":[\"020305\"]}}"),
                        "\"matter\":\"020305\"}");
    assert_string_equal(made("\"/matter\":\"/m\"", "{\"m\":9007199254740991}"), "\"matter\":\"9007199254740991\"}");
    assert_string_equal(made("\"/channel\":{\"value\":\"phone\"}", "{}"), "\"channel\":\"phone\"}");
}

static void values_by_a_table(void **state) {
    (void)state;
    const char *rule = "\"/urgency\":{\"from\":\"/u\",\"values\":{\"1\":\"urgent\",\"true\":\"danger\",\"x\":null}}";
    assert_string_equal(made(rule, "{\"u\":1}"), "\"urgency\":\"urgent\"}");
    assert_string_equal(made(rule, "{\"u\":true}"), "\"urgency\":\"danger\"}");
    assert_string_equal(made(rule, "{\"u\":2}"), "422 /u; ");
    assert_string_equal(made("\"/urgency\":{\"from\":\"/u\",\"values\":{\"1\":\"very\"}}", "{}"),
                        "422 /request/~1urgency/values/1; ");
    assert_string_equal(
        made("\"/requester/confidential\":{\"from\":\"/c\",\"values\":{\"是\":true},\"else\":false}", "{\"c\":\"?\"}"),
        "\"requester\":{\"confidential\":false}}");
    assert_string_equal(made("\"/requester/confidential\":\"/c\"", "{\"c\":\"yes\"}"), "422 /c; ");
}

static void attachments_of_every_form(void **state) {
    (void)state;
    assert_string_equal(made("\"/attachments\":{\"from\":\"/f\",\"split\":\";\"}", "{\"f\":\"a.jpg; b.jpg;\"}"),
                        "\"attachments\":[{\"url\":\"a.jpg\"},{\"url\":\"b.jpg\"}]}");
    assert_string_equal(made("\"/attachments\":\"/f\"", "{\"f\":[\"a\",\"\"]}"), "\"attachments\":[{\"url\":\"a\"}]}");
    assert_string_equal(made("\"/attachments\":{\"from\":\"/f\",\"url\":\"/u\",\"sha256\":\"/h\"}",
                             "{\"f\":[{\"u\":\"a\",\"h\":\"00\"}]}"),
                        "\"attachments\":[{\"url\":\"a\",\"sha256\":\"00\"}]}");
    assert_string_equal(made("\"/attachments\":\"/f\"", "{\"f\":[{}]}"), "400 /f; ");
}

static void fields_nobody_spoke_of_are_refused(void **state) {
    (void)state;
    const struct mapping *mapping =
        mapping_of("{\"request\":{" NEEDED "\"/location/address\":\"/w/a\"},\"ignore\":[\"/z\",\"/w/b\"]}");
    cJSON *theirs =
        tree_of("{\"n\":\"1\",\"t\":\"t\",\"w\":{\"a\":\"x\",\"b\":{\"c\":1},\"d\":2},\"z\":[1],\"t2\":1,\"/\":1}");
    assert_null(mapping_apply(mapping, MAPPING_REQUEST, "s", theirs, &arena, on_wrong, NULL));
    assert_string_equal(told, "400 /w/d; 400 /t2; 400 /~1; ");
    cJSON_Delete(theirs);
    theirs = tree_of("{\"n\":\"1\",\"t\":\"t\",\"w\":\"text\"}");
    told[0] = 0;
    assert_null(mapping_apply(mapping, MAPPING_REQUEST, "s", theirs, &arena, on_wrong, NULL));
    assert_string_equal(told, "400 /w; ");
    cJSON_Delete(theirs);
    theirs = tree_of("[]");
    told[0] = 0;
    assert_null(mapping_apply(mapping, MAPPING_REQUEST, "s", theirs, &arena, on_wrong, NULL));
    assert_string_equal(told, "400 ; ");
    cJSON_Delete(theirs);
    assert_string_equal(mapping_pointer(mapping, MAPPING_REQUEST, "/title"), "/t");
    assert_string_equal(mapping_pointer(mapping, MAPPING_REQUEST, "/location"), "/w/a");
    assert_string_equal(mapping_pointer(mapping, MAPPING_REQUEST, "/location/address/x"), "/w/a");
    assert_string_equal(mapping_pointer(mapping, MAPPING_REQUEST, "/source"), "/source");
    assert_true(mapping_has(mapping, MAPPING_REQUEST));
    assert_false(mapping_has(mapping, MAPPING_FOLLOWUP));
    assert_false(mapping_has(NULL, MAPPING_REQUEST));
}

static void what_does_not_fit_memory_is_no_absence(void **state) {
    (void)state;
    const struct mapping *mapping = mapping_of("{\"request\":{" NEEDED "\"/description\":{\"from\":[\"/a\",\"/a\"]}}}");
    char *long_text = malloc(900001);
    memset(long_text, 'x', 900000);
    long_text[900000] = 0;
    cJSON *theirs = tree_of("{\"n\":\"1\",\"t\":\"t\"}");
    cJSON_AddStringToObject(theirs, "a", long_text);
    assert_null(mapping_apply(mapping, MAPPING_REQUEST, "s", theirs, &arena, on_wrong, NULL));
    assert_non_null(strstr(told, "422 /a; "));
    cJSON_Delete(theirs);
    free(long_text);
}

static void wrong_files_are_refused_by_place(void **state) {
    (void)state;
    static const struct {
        const char *file, *told;
    } wrong[] = {
        {"[]", "422 ; "},
        {"{}", "422 ; "},
        {"{\"request\":1}", "422 /request; "},
        {"{\"request\":{}}", "422 /request/~1external_id; 422 /request; "},
        {"{\"request\":{" NEEDED "\"/title2\":\"/x\"}}", "422 /request/~1title2; "},
        {"{\"request\":{" NEEDED "\"/matter\":{}}}", "422 /request/~1matter; "},
        {"{\"request\":{" NEEDED "\"/matter\":{\"from\":[]}}}", "422 /request/~1matter/from; "},
        {"{\"request\":{" NEEDED "\"/matter\":{\"from\":\"/m\",\"else\":\"1\"}}}", "422 /request/~1matter/else; "},
        {"{\"request\":{" NEEDED "\"/matter\":{\"from\":\"/m\",\"url\":\"/u\"}}}", "422 /request/~1matter/url; "},
        {"{\"request\":{" NEEDED "\"/matter\":{\"from\":\"/m\",\"part\":1}}}", "422 /request/~1matter/part; "},
        {"{\"request\":{" NEEDED "\"/location/lon\":\"/x\"}}", "422 /request; "},
        {"{\"request\":{" NEEDED "\"/matter\":\"/m\"},\"ignore\":[\"x\"]}", "422 /ignore/0; "},
        {"{\"followup\":{\"/external_id\":\"/n\",\"/id\":\"/i\",\"/kind\":{\"from\":\"/k\",\"values\":{\"a\":null}}}}",
         "422 /followup/~1kind/values/a; "}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_null(mapping_of(wrong[i].file));
        assert_string_equal(told, wrong[i].told);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(times_by_pattern_offset_or_number, setup, teardown),
        cmocka_unit_test_setup_teardown(pieces_several_fields_and_absent_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(values_by_a_table, setup, teardown),
        cmocka_unit_test_setup_teardown(attachments_of_every_form, setup, teardown),
        cmocka_unit_test_setup_teardown(fields_nobody_spoke_of_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_fit_memory_is_no_absence, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_files_are_refused_by_place, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
