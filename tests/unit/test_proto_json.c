/* The JSON walkers: the exact text, round trips of every struct, and each way a value can misfit with its pointer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/json.h"
#include "tests/unit/proto_fill.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

static char out[1 << 20];

static const char *written(const struct type_info *type, const void *from) {
    size_t len;
    assert_true(json_write_struct(type, from, out, sizeof out, &len));
    assert_int_equal(strlen(out), len);
    return out;
}

/* ---- writing ------------------------------------------------------------------------------------------------------- */

static void what_is_empty_is_left_out(void **state) {
    struct ticket ticket = {0};
    assert_string_equal(written(&type_ticket, &ticket), "{}");
    ticket.supervision.policy = 0;
    ticket.assignments[0].no = 7; /* behind the count: not there */
    ticket.request_count = 1;
    assert_string_equal(written(&type_ticket, &ticket), "{\"request_count\":1}");
}

static void each_kind_has_its_form(void **state) {
    struct command command = {.ticket = 20261121010000123,
                              .name = COMMAND_RETURN,
                              .by = {.user = 42, .role = ROLE_DEPARTMENT, .unit = 1042},
                              .key = {(const uint8_t *)"\x00\xab\xff", 3},
                              .units_count = 2,
                              .units = {7, 0},
                              .basis = {"《条例》\"第3条\"\n\\\x01\x7f", 25},
                              .until = 1795224600000,
                              .satisfied = true};
    assert_string_equal(written(&type_command, &command),
                        "{\"ticket\":\"20261121010000123\",\"name\":\"return\","
                        "\"by\":{\"user\":\"42\",\"role\":\"department\",\"unit\":1042},\"key\":\"00abff\","
                        "\"units\":[7,0],\"basis\":\"《条例》\\\"第3条\\\"\\n\\\\\\u0001\\u007f\","
                        "\"until\":\"2026-11-21T09:30:00+08:00\",\"satisfied\":true}");
    struct clock clock = {.limit_amount = INT32_MIN, .left_ms = INT64_MIN, .extended_ms = -1};
    assert_string_equal(written(&type_clock, &clock),
                        "{\"limit_amount\":-2147483648,\"left_ms\":\"-9223372036854775808\",\"extended_ms\":\"-1\"}");
    struct effect effect = {.clocks_count = 2, .clocks[1].slot = 3, .clocks[1].clock.stage = STAGE_SIGN};
    assert_string_equal(written(&type_effect, &effect),
                        "{\"clocks\":[{},{\"slot\":3,\"clock\":{\"stage\":\"sign\"}}]}");
}

static void a_buffer_too_small_is_refused(void **state) {
    struct clock clock = {.stage = STAGE_SIGN, .paused = true, .left_ms = 5};
    size_t whole = strlen(written(&type_clock, &clock)), len = 4711;
    for (size_t cap = 0; cap <= whole; cap++) {
        char *small = malloc(cap ? cap : 1);
        assert_false(json_write_struct(&type_clock, &clock, small, cap, &len));
        assert_int_equal(len, 4711);
        free(small);
    }
    char *exact = malloc(whole + 1);
    assert_true(json_write_struct(&type_clock, &clock, exact, whole + 1, &len));
    assert_int_equal(len, whole);
    free(exact);
}

/* ---- there and back ------------------------------------------------------------------------------------------------ */

/* Times are shown to the year 9999; what lies beyond does not come back. */
static void bring_times_into_reach(const struct type_info *type, uint8_t *of) {
    for (const struct field_info *f = type->fields; f < type->fields + type->count; f++) {
        uint8_t *at = of + f->offset;
        unsigned count = f->max ? *(uint16_t *)(void *)at : 1;
        at += f->max ? f->items : 0;
        for (unsigned i = 0; i < count; i++, at += f->size) {
            if (f->kind == FIELD_struct) bring_times_into_reach(f->type, at);
            if (f->kind == FIELD_time) *(int64_t *)(void *)at %= 60000000000000;
        }
    }
}

static void round_trips_of_every_struct(void **state) {
    static union any_struct from, to;
    const struct type_info *type;
    for (size_t n = 0; (type = nth_type(n)); n++)
        for (unsigned i = 0; i < 60; i++) {
            struct fill fill = {n * 500 + i + 1, 5 + 19 * (i % 6)};
            memset(&from, 0, sizeof from);
            fill_struct(&fill, type, &from);
            bring_times_into_reach(type, (uint8_t *)&from);
            cJSON *tree = cJSON_Parse(written(type, &from));
            assert_non_null(tree);
            memset(&to, 0xaa, sizeof to);
            struct misfit misfit;
            if (json_read_struct(type, tree, &to, &misfit, 1) != 0)
                fail_msg("%s, seed %u: %s %s", type->name, i, misfit.pointer, misfit_en(misfit.kind));
            const char *differs = differing_field(type, &from, &to);
            if (differs) fail_msg("%s, seed %u: %s differs", type->name, i, differs);
            cJSON_Delete(tree);
        }
}

/* ---- misfits ------------------------------------------------------------------------------------------------------- */

static size_t read_text(const struct type_info *type, const char *text, void *to, struct misfit *misfits, size_t max) {
    cJSON *tree = cJSON_Parse(text);
    if (!tree) fail_msg("no JSON: %s", text);
    size_t count = json_read_struct(type, tree, to, misfits, max);
    cJSON_Delete(tree);
    return count;
}

static void each_misfit_has_its_pointer(void **state) {
    static const struct {
        const struct type_info *type;
        const char *text;
        enum misfit_kind kind;
        const char *pointer;
    } cases[] = {
        {&type_ticket, "[]", MISFIT_OBJECT, ""},
        {&type_ticket, "null", MISFIT_OBJECT, ""},
        {&type_ticket, "{\"clock\":[]}", MISFIT_OBJECT, "/clock"},
        {&type_ticket, "{\"assignments\":{}}", MISFIT_LIST, "/assignments"},
        {&type_ticket, "{\"assignments\":[{},7]}", MISFIT_OBJECT, "/assignments/1"},
        {&type_ticket, "{\"assignments\":[{},{\"handle\":{\"stage\":\"never\"}}]}", MISFIT_WORD,
         "/assignments/1/handle/stage"},
        {&type_route, "{\"chain\":[1,2,3,4,5,6,7]}", MISFIT_LONG, "/chain"},
        {&type_route, "{\"chain\":[1,null]}", MISFIT_NUMBER, "/chain/1"},
        {&type_ticket, "{\"shard\":\"1\"}", MISFIT_NUMBER, "/shard"},
        {&type_ticket, "{\"shard\":1.5}", MISFIT_NUMBER, "/shard"},
        {&type_ticket, "{\"shard\":65536}", MISFIT_RANGE, "/shard"},
        {&type_ticket, "{\"shard\":-1}", MISFIT_RANGE, "/shard"},
        {&type_ticket, "{\"shard\":1e300}", MISFIT_RANGE, "/shard"},
        {&type_clock, "{\"limit_amount\":2147483648}", MISFIT_RANGE, "/limit_amount"},
        {&type_ticket, "{\"id\":5}", MISFIT_ID, "/id"},
        {&type_ticket, "{\"id\":\"\"}", MISFIT_ID, "/id"},
        {&type_ticket, "{\"id\":\"-\"}", MISFIT_ID, "/id"},
        {&type_ticket, "{\"id\":\"-0\"}", MISFIT_ID, "/id"},
        {&type_ticket, "{\"id\":\"+5\"}", MISFIT_ID, "/id"},
        {&type_ticket, "{\"id\":\" 5\"}", MISFIT_ID, "/id"},
        {&type_ticket, "{\"id\":\"5 \"}", MISFIT_ID, "/id"},
        {&type_ticket, "{\"id\":\"05\"}", MISFIT_ID, "/id"},
        {&type_ticket, "{\"id\":\"0x5\"}", MISFIT_ID, "/id"},
        {&type_ticket, "{\"id\":\"9223372036854775808\"}", MISFIT_RANGE, "/id"},
        {&type_ticket, "{\"id\":\"-9223372036854775809\"}", MISFIT_RANGE, "/id"},
        {&type_ticket, "{\"id\":\"99999999999999999999999999\"}", MISFIT_RANGE, "/id"},
        {&type_ticket, "{\"confidential\":1}", MISFIT_FLAG, "/confidential"},
        {&type_ticket, "{\"confidential\":\"true\"}", MISFIT_FLAG, "/confidential"},
        {&type_ticket, "{\"received_at\":1795224600000}", MISFIT_TIME, "/received_at"},
        {&type_ticket, "{\"received_at\":\"2026-11-21\"}", MISFIT_TIME, "/received_at"},
        {&type_ticket, "{\"state\":\"handling\"}", MISFIT_WORD, "/state"},
        {&type_ticket, "{\"state\":\"\"}", MISFIT_WORD, "/state"},
        {&type_ticket, "{\"state\":6}", MISFIT_WORD, "/state"},
        {&type_command, "{\"note\":5}", MISFIT_TEXT, "/note"},
        {&type_command, "{\"note\":{}}", MISFIT_TEXT, "/note"},
        {&type_command, "{\"note\":\"\xff\"}", MISFIT_UTF8, "/note"},
        {&type_command, "{\"key\":\"abc\"}", MISFIT_BYTES, "/key"},
        {&type_command, "{\"key\":\"zz\"}", MISFIT_BYTES, "/key"},
        {&type_command, "{\"key\":[]}", MISFIT_BYTES, "/key"},
        {&type_command, "{\"nonsense\":1}", MISFIT_UNKNOWN, "/nonsense"},
        {&type_command, "{\"a/b~c\":1}", MISFIT_UNKNOWN, "/a~1b~0c"},
        {&type_command, "{\"\":1}", MISFIT_UNKNOWN, "/"},
        {&type_command, "{\"by\":{\"unit\":1,\"unit\":2}}", MISFIT_TWICE, "/by/unit"},
    };
    static union any_struct to;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct misfit misfit = {0};
        memset(&to, 0xaa, sizeof to);
        size_t count = read_text(cases[i].type, cases[i].text, &to, &misfit, 1);
        if (count != 1 || misfit.kind != cases[i].kind || strcmp(misfit.pointer, cases[i].pointer) != 0)
            fail_msg("%s: %zu, %s %s", cases[i].text, count, misfit.pointer, misfit_en(misfit.kind));
        for (size_t b = 0; b < cases[i].type->size; b++) assert_int_equal(((uint8_t *)&to)[b], 0);
    }
}

static void all_misfits_are_told_at_once(void **state) {
    struct ticket to;
    struct misfit misfits[2];
    const char *text = "{\"id\":7,\"state\":\"CLOSED\",\"place_by\":\"x\",\"assignments\":[{\"no\":true}]}";
    assert_int_equal(read_text(&type_ticket, text, &to, misfits, 2), 3);
    assert_string_equal(misfits[0].pointer, "/id");
    assert_string_equal(misfits[1].pointer, "/place_by");
    assert_int_equal(read_text(&type_ticket, text, &to, NULL, 0), 3);
    assert_int_equal(to.state, 0);
}

static void null_and_absence_are_the_same(void **state) {
    struct ticket to;
    assert_int_equal(
        read_text(&type_ticket, "{\"id\":null,\"clock\":null,\"assignments\":null,\"shard\":3}", &to, NULL, 0), 0);
    assert_int_equal(to.id, 0);
    assert_int_equal(to.shard, 3);
    assert_int_equal(read_text(&type_ticket, "{}", &to, NULL, 0), 0);
    assert_int_equal(to.shard, 0);
}

static void a_long_pointer_is_cut_at_a_character(void **state) {
    char text[1200] = "{\"";
    for (int i = 0; i < 300; i++) strcat(text, "名");
    strcat(text, "\":1}");
    struct command to;
    struct misfit misfit;
    assert_int_equal(read_text(&type_command, text, &to, &misfit, 1), 1);
    assert_int_equal(strlen(misfit.pointer) % 3, 1);
    assert_in_range(strlen(misfit.pointer), MISFIT_POINTER_MAX - 4, MISFIT_POINTER_MAX - 1);
}

static void both_languages_are_there(void **state) {
    for (int kind = MISFIT_NONE + 1; kind < MISFIT_COUNT; kind++) {
        assert_true(strlen(misfit_zh((enum misfit_kind)kind)) > 0);
        assert_true(strlen(misfit_en((enum misfit_kind)kind)) > 0);
    }
    assert_string_equal(misfit_en(MISFIT_NONE), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_empty_is_left_out),     cmocka_unit_test(each_kind_has_its_form),
        cmocka_unit_test(a_buffer_too_small_is_refused), cmocka_unit_test(round_trips_of_every_struct),
        cmocka_unit_test(each_misfit_has_its_pointer),   cmocka_unit_test(all_misfits_are_told_at_once),
        cmocka_unit_test(null_and_absence_are_the_same), cmocka_unit_test(a_long_pointer_is_cut_at_a_character),
        cmocka_unit_test(both_languages_are_there),
    };
    return cmocka_run_group_tests_name("proto json", tests, NULL, NULL);
}
