/* Duplicate candidates over HTTP: the second call about one thing finds the first, with the score and why; a merged one is no
 * candidate any more; nobody is shown what they may not see. */
#define _GNU_SOURCE
#include "tests/unit/console_district.h"

static char *push_at(const char *title, const char *lon) {
    char more[400];
    snprintf(more, sizeof more,
             "\"matter\":\"%s\",\"title\":\"%s\",\"location\":{\"lon\":%s,\"lat\":41.3268},\"requester\":{\"phone\":"
             "\"19900001234\"}",
             matter_of("water"), title, lon);
    return strdup(ticket_of(push(more)));
}

static void test_the_second_call_finds_the_first(void **state) {
    char *first = push_at("三号楼前水管漏水", "123.7363"), *second = push_at("三號樓門前水管漏水", "123.7364"),
         *other = push_at("夜里施工太吵", "123.7363"), path[80];
    cJSON *tree = get(200, &operator_, "/api/v1/tickets/%s/similar", second);
    assert_string_equal(text_at(tree, "candidates.0.number"), first);
    assert_true(int_at(tree, "candidates.0.score") > 80);
    assert_non_null(strstr(text_at(tree, "candidates.0.why.zh"), "同一事项 +15"));
    assert_non_null(strstr(text_at(tree, "candidates.0.why.en"), "m apart +25"));
    assert_int_equal(int_at(tree, "looked"), 2);
    int others = cJSON_GetArraySize(at(tree, "candidates"));
    if (others > 1) assert_true(int_at(tree, "candidates.1.score") < int_at(tree, "candidates.0.score"));
    cJSON_Delete(tree);
    /* another department is not told of it */
    snprintf(path, sizeof path, "/api/v1/tickets/%s/similar", second);
    refuse(404, "GET", path, &municipal, NULL);
    refuse(404, "GET", "/api/v1/tickets/T20200101010000001/similar", &operator_, NULL);
    /* merged by a person: one thing now, no candidate */
    char body[100];
    snprintf(body, sizeof body, "{\"other\":\"%s\",\"reason\":\"同一处漏水\"}", first);
    done(200, second, "merge", &operator_, body);
    tree = get(200, &operator_, "/api/v1/tickets/%s/similar", first);
    const cJSON *row;
    cJSON_ArrayForEach(row, at(tree, "candidates")) assert_string_not_equal(text_at(row, "number"), second);
    cJSON_Delete(tree);
    free(first);
    free(second);
    free(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_second_call_finds_the_first)};
    return cmocka_run_group_tests(tests, setup, end);
}
