/* common/json.h and json_writer.h: what is let in, what is not and where it went wrong, and what comes out. */
#include "common/json.h"
#include "common/json_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>
#include <cmocka.h>

#define TEXT(literal) (literal), sizeof(literal) - 1

static void takes(const char *text, size_t length) {
    struct json_fault fault;
    char *exact = malloc(length > 0 ? length : 1); /* so that the sanitizer sees a byte read too many */
    memcpy(exact, text, length);
    if (json_check(exact, length, NULL, &fault) != ERR_NONE)
        fail_msg("refused %s: %s at %zu, '%s'", text, json_sentence(fault.wrong).en, fault.offset, fault.pointer);
    struct cJSON *tree;
    assert_int_equal(json_parse(exact, length, NULL, &tree, &fault), ERR_NONE);
    json_free(&tree);
    free(exact);
}

static void refuses(const char *text, size_t length, enum json_wrong wrong, size_t offset, const char *pointer) {
    struct json_fault fault = {0};
    char *exact = malloc(length > 0 ? length : 1);
    memcpy(exact, text, length);
    if (json_check(exact, length, NULL, &fault) != ERR_INVALID) fail_msg("took %s", text);
    if (fault.wrong != wrong || fault.offset != offset || strcmp(fault.pointer, pointer) != 0)
        fail_msg("%s: %s at %zu, '%s'", text, json_sentence(fault.wrong).en, fault.offset, fault.pointer);
    free(exact);
}

static void json_is_taken(void **unused) {
    takes(TEXT("null"));
    takes(TEXT(" true\n"));
    takes(TEXT("{}"));
    takes(TEXT("[ ]"));
    takes(TEXT("\"\""));
    takes(TEXT("-0"));
    takes(TEXT("[0, -1, 12.5, 1e3, 1E-2, 0.1e+1, 9007199254740992, -9007199254740992]"));
    takes(TEXT("{\"a\":{\"a\":[{\"a\":1},{\"a\":2}]},\"b\":\"\"}"));
    takes(TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u8def\\ud83d\\ude00\""));
    takes(TEXT("{\"title\":\"路灯不亮 \xf0\x9f\x98\x80\"}"));
    takes(TEXT("{\"a\":1,\"A\":2,\"a \":3,\"\":4}"));
    takes(TEXT("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"));
}

static void what_is_no_json_is_refused_with_its_place(void **unused) {
    refuses(TEXT(""), JSON_EMPTY, 0, "");
    refuses(TEXT(" \n "), JSON_EMPTY, 3, "");
    refuses(TEXT("{\"a\":1} x"), JSON_TRAILING, 8, "");
    refuses(TEXT("[1,]"), JSON_SYNTAX, 3, "/1");
    refuses(TEXT("{\"a\":1,}"), JSON_SYNTAX, 7, "/a"); /* the member before is the nearest there is */
    refuses(TEXT("{a:1}"), JSON_SYNTAX, 1, "");
    refuses(TEXT("{\"a\" 1}"), JSON_SYNTAX, 5, "/a");
    refuses(TEXT("{\"a\":"), JSON_SYNTAX, 5, "/a");
    refuses(TEXT("[1 2]"), JSON_SYNTAX, 3, "/0");
    refuses(TEXT("[1}"), JSON_SYNTAX, 2, "/0");
    refuses(TEXT("tru"), JSON_SYNTAX, 0, "");
    refuses(TEXT("NaN"), JSON_SYNTAX, 0, "");
    refuses(TEXT("\"abc"), JSON_SYNTAX, 4, "");
    refuses(TEXT("\xef\xbb\xbf{}"), JSON_SYNTAX, 0, "");
    refuses(TEXT("'a'"), JSON_SYNTAX, 0, "");
    refuses(TEXT("/**/1"), JSON_SYNTAX, 0, "");
    refuses(TEXT("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"), JSON_TOO_DEEP, 16, "/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0");
}

static void strings_are_clean(void **unused) {
    refuses(TEXT("{\"title\":\"a\\u0000b\"}"), JSON_NUL, 11, "/title");
    refuses(TEXT("[\"a\0b\"]"), JSON_NUL, 3, "/0");
    refuses(TEXT("[\"a\nb\"]"), JSON_CONTROL, 3, "/0");
    refuses(TEXT("[\"\xff\"]"), JSON_NOT_UTF8, 2, "/0");
    refuses(TEXT("[\"\xc0\x80\"]"), JSON_NOT_UTF8, 2, "/0");         /* an overlong NUL */
    refuses(TEXT("[\"ok\xed\xa0\x80\"]"), JSON_NOT_UTF8, 4, "/0");   /* a surrogate */
    refuses(TEXT("[\"\xf4\x90\x80\x80\"]"), JSON_NOT_UTF8, 2, "/0"); /* over U+10FFFF */
    refuses(TEXT("[\"\xe8\xb7"), JSON_NOT_UTF8, 2, "/0");            /* cut off */
    refuses(TEXT("[\"\\ud83d\"]"), JSON_SURROGATE, 2, "/0");
    refuses(TEXT("[\"\\ude00\"]"), JSON_SURROGATE, 2, "/0");
    refuses(TEXT("[\"\\ud83d\\u0041\"]"), JSON_SURROGATE, 2, "/0");
    refuses(TEXT("[\"\\ud83d\\ud83d\"]"), JSON_SURROGATE, 2, "/0");
    refuses(TEXT("[\"\\x41\"]"), JSON_ESCAPE, 2, "/0");
    refuses(TEXT("[\"\\u00g0\"]"), JSON_ESCAPE, 2, "/0");
    refuses(TEXT("[\"\\u00"), JSON_ESCAPE, 2, "/0");
    refuses(TEXT("[\"\\"), JSON_ESCAPE, 2, "/0");
}

static void numbers_keep_their_value(void **unused) {
    refuses(TEXT("[9007199254740993]"), JSON_BIG_INTEGER, 1, "/0");
    refuses(TEXT("[-9007199254740993]"), JSON_BIG_INTEGER, 1, "/0");
    refuses(TEXT("[20261121010000123456]"), JSON_BIG_INTEGER, 1, "/0");
    refuses(TEXT("{\"n\":01}"), JSON_NUMBER, 5, "/n");
    refuses(TEXT("{\"n\":-}"), JSON_NUMBER, 5, "/n");
    refuses(TEXT("{\"n\":1.}"), JSON_NUMBER, 5, "/n");
    refuses(TEXT("{\"n\":1e}"), JSON_NUMBER, 5, "/n");
    refuses(TEXT("{\"n\":1e999}"), JSON_NUMBER, 5, "/n");
    refuses(TEXT("{\"n\":.5}"), JSON_SYNTAX, 5, "/n");
    refuses(TEXT("{\"n\":+5}"), JSON_SYNTAX, 5, "/n");
    refuses(TEXT("{\"n\":0x10}"), JSON_SYNTAX, 6, "/n");
}

static void a_key_stands_once(void **unused) {
    refuses(TEXT("{\"a\":1,\"b\":2,\"a\":3}"), JSON_DUPLICATE_KEY, 13, "");
    refuses(TEXT("{\"a\":1,\"\\u0061\":3}"), JSON_DUPLICATE_KEY, 7, "");
    refuses(TEXT("{\"x\":[{},{\"路\":1,\"\\u8def\":2}]}"), JSON_DUPLICATE_KEY, 18, "/x/1");
    char text[4096] = "{", part[32];
    for (int i = 0; i < 200; i++) {
        snprintf(part, sizeof part, "%s\"k%d\":%d", i > 0 ? "," : "", i, i);
        strcat(text, part);
    }
    size_t length = strlen(text);
    strcat(text, "}");
    takes(text, length + 1);
    strcpy(text + length, ",\"k77\":0}");
    refuses(text, strlen(text), JSON_DUPLICATE_KEY, length + 1, "");
}

static void pointers_are_escaped_and_cut(void **unused) {
    refuses(TEXT("{\"a/b\":{\"c~d\":[1,2,x]}}"), JSON_SYNTAX, 19, "/a~1b/c~0d/2");
    refuses(TEXT("{\"\\u002f\":x}"), JSON_SYNTAX, 10, "/~1");
    char text[2048];
    struct json_fault fault;
    size_t at = (size_t)sprintf(text, "{\"");
    for (int i = 0; i < 300; i++) at += (size_t)sprintf(text + at, "路");
    at += (size_t)sprintf(text + at, "\":x}");
    assert_int_equal(json_check(text, at, NULL, &fault), ERR_INVALID);
    assert_true(strlen(fault.pointer) < JSON_POINTER_MAX);
    char quoted[JSON_POINTER_MAX + 2];
    takes(quoted, (size_t)sprintf(quoted, "\"%s\"", fault.pointer)); /* whole characters */
}

static void limits_hold(void **unused) {
    struct json_fault fault;
    struct json_limits limits = {.bytes_max = 10, .depth_max = 2, .values_max = 3};
    assert_int_equal(json_check("[1,2]", 5, &limits, &fault), ERR_NONE);
    assert_int_equal(json_check("[1,2,3]", 7, &limits, &fault), ERR_INVALID);
    assert_int_equal(fault.wrong, JSON_TOO_MANY);
    assert_int_equal(json_check("[[[]]]", 6, &limits, &fault), ERR_INVALID);
    assert_int_equal(fault.wrong, JSON_TOO_DEEP);
    assert_int_equal(json_check("[1,        ]", 12, &limits, &fault), ERR_INVALID);
    assert_int_equal(fault.wrong, JSON_TOO_LARGE);
    size_t length = 100 * 1000;
    char *bomb = malloc(length);
    memset(bomb, '[', length);
    assert_int_equal(json_check(bomb, length, NULL, &fault), ERR_INVALID);
    assert_int_equal(fault.wrong, JSON_TOO_DEEP);
    free(bomb);
}

static void members_are_read_by_type(void **unused) {
    struct cJSON *tree;
    struct json_fault fault;
    const char *text =
        "{\"t\":\"x\",\"n\":-5,\"d\":1.5,\"b\":true,\"id\":\"20261121010000123\",\"o\":{},\"l\":[],\"z\":null,"
        "\"bad\":\"9223372036854775808\",\"big\":1e300}";
    assert_int_equal(json_parse(text, strlen(text), NULL, &tree, &fault), ERR_NONE);
    const char *string = "untouched";
    int64_t number = 1;
    double real;
    bool flag = false;
    const struct cJSON *inner;
    assert_int_equal(json_get_text(tree, "t", &string), ERR_NONE);
    assert_string_equal(string, "x");
    assert_int_equal(json_get_text(tree, "n", &string), ERR_INVALID);
    assert_int_equal(json_get_text(tree, "T", &string), ERR_NOT_FOUND);
    assert_int_equal(json_get_text(tree, "z", &string), ERR_NOT_FOUND);
    assert_string_equal(string, "x");
    assert_int_equal(json_get_int(tree, "n", &number), ERR_NONE);
    assert_int_equal(number, -5);
    assert_int_equal(json_get_int(tree, "d", &number), ERR_INVALID);
    assert_int_equal(json_get_int(tree, "big", &number), ERR_INVALID);
    assert_int_equal(json_get_id(tree, "id", &number), ERR_NONE);
    assert_true(number == 20261121010000123);
    assert_int_equal(json_get_id(tree, "bad", &number), ERR_INVALID);
    assert_int_equal(json_get_id(tree, "t", &number), ERR_INVALID);
    assert_int_equal(json_get_double(tree, "d", &real), ERR_NONE);
    assert_true(real == 1.5);
    assert_int_equal(json_get_bool(tree, "b", &flag), ERR_NONE);
    assert_true(flag);
    assert_int_equal(json_get_object(tree, "o", &inner), ERR_NONE);
    assert_int_equal(json_get_list(tree, "l", &inner), ERR_NONE);
    assert_int_equal(json_get_list(tree, "o", &inner), ERR_INVALID);
    static const char *const KNOWN[] = {"t", "n", "d", "b", "id", "o", "l", "z", "big", NULL};
    assert_string_equal(json_unknown_key(tree, KNOWN), "bad");
    json_free(&tree);
    assert_null(tree);
}

static void what_is_written_is_json(void **unused) {
    struct buffer out = {0};
    struct json_writer writer;
    json_writer_init(&writer, &out);
    json_open(&writer);
    json_put_string(&writer, "title", "路灯 \"不\\亮\"\n\x01");
    json_put_string(&writer, "none", NULL);
    json_put_id(&writer, "id", 20261121010000123);
    json_put_int(&writer, "count", -42);
    json_put_bool(&writer, "open", true);
    json_put_double(&writer, "lon", 123.76);
    json_put_double(&writer, "third", 1.0 / 3);
    json_put_double(&writer, "nan", 0.0 / 0.0);
    json_put_time(&writer, "at", 1795224600000);
    json_put_time(&writer, "exact", 1795224600123);
    json_put_time_or_null(&writer, "never", 0);
    json_put_open_list(&writer, "list");
    json_int(&writer, 1);
    json_open(&writer);
    json_close(&writer);
    json_open_list(&writer);
    json_close_list(&writer);
    json_text(&writer, "a\xff\0z", 4);
    json_hex(&writer, "\x00\xfe", 2);
    json_close_list(&writer);
    json_key_text(&writer, "a\"b", 3);
    json_raw(&writer, "[0]", 3);
    json_close(&writer);
    json_writer_end(&writer);
    assert_string_equal(
        buffer_text(&out),
        "{\"title\":\"路灯 \\\"不\\\\亮\\\"\\n\\u0001\",\"none\":null,\"id\":\"20261121010000123\","
        "\"count\":-42,\"open\":true,\"lon\":123.76,\"third\":0.3333333333333333,\"nan\":null,"
        "\"at\":\"2026-11-21T09:30:00+08:00\",\"exact\":\"2026-11-21T09:30:00.123+08:00\",\"never\":null,"
        "\"list\":[1,{},[],\"a\xef\xbf\xbd\\u0000z\",\"00fe\"],\"a\\\"b\":[0]}");
    buffer_done(&out);
}

/* Any bytes at all: what passes the check is read by cJSON, and written back it passes again. */
static void random_texts_never_break_it(void **unused) {
    static const char *const PARTS[] = {"{",      "}",     "[",     "]",           ",",
                                        ":",      "\"a\"", "\"b\"", "1",           "-2.5e1",
                                        "null",   "true",  " ",     "\"\\u00e9\"", "\"\\ud83d\\ude00\"",
                                        "\"路\"", "\xff",  "\\",    "\"",          "0"};
    srand(1);
    int taken = 0;
    for (int round = 0; round < 200000; round++) {
        char text[256] = "";
        for (int i = rand() % 12; i >= 0; i--) strcat(text, PARTS[rand() % (sizeof PARTS / sizeof *PARTS)]);
        size_t length = strlen(text);
        struct json_fault fault;
        char *exact = malloc(length);
        memcpy(exact, text, length);
        if (json_check(exact, length, NULL, &fault) == ERR_NONE) {
            cJSON *tree = cJSON_ParseWithLength(exact, length);
            if (tree == NULL) fail_msg("cJSON does not read %s", text);
            char *again = cJSON_PrintUnformatted(tree);
            assert_int_equal(json_check(again, strlen(again), NULL, &fault), ERR_NONE);
            free(again);
            cJSON_Delete(tree);
            taken++;
        } else {
            assert_true(fault.offset <= length);
        }
        free(exact);
    }
    assert_true(taken > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_taken),
        cmocka_unit_test(what_is_no_json_is_refused_with_its_place),
        cmocka_unit_test(strings_are_clean),
        cmocka_unit_test(numbers_keep_their_value),
        cmocka_unit_test(a_key_stands_once),
        cmocka_unit_test(pointers_are_escaped_and_cut),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(members_are_read_by_type),
        cmocka_unit_test(what_is_written_is_json),
        cmocka_unit_test(random_texts_never_break_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
