/* One command for many tickets, and what every requester of a merge hears: through router, intake and console as real processes. */
#define _GNU_SOURCE
#include "tests/unit/console_district.h"

static cJSON *bulk(int status, const char *command, const struct person *who, const char *json) {
    char path[100];
    snprintf(path, sizeof path, "/api/v1/tickets/bulk/%s", command);
    return want(status, "POST", path, who, json);
}

static void test_each_ticket_has_its_own_outcome(void **state) {
    SHOWS("L42");
    char *one = push_to("water", "漏水"), *two = push_to("water", "停水"), *other = push_to("municipal", "坑洼");
    char body[400];
    done(200, two, "sign", &water, NULL);
    snprintf(body, sizeof body, "{\"tickets\":[\"%s\",\"%s\",\"%s\",\"T20200101010000001\"],\"note\":\"批量\"}", one,
             two, other);
    cJSON *results = bulk(200, "sign", &water, body);
    assert_int_equal(int_at(results, "asked"), 4);
    assert_int_equal(int_at(results, "done"), 1);
    assert_int_equal(int_at(results, "refused"), 3);
    assert_string_equal(text_at(results, "results.0.ticket"), one);
    assert_string_equal(text_at(results, "results.0.state"), "HANDLING");
    assert_int_equal(int_at(results, "results.1.status"), 403); /* signed already: only an assist could sign now */
    assert_string_equal(text_at(results, "results.1.rule"), "L2");
    assert_int_equal(int_at(results, "results.2.status"), 404); /* another unit's: as if it were not there */
    assert_int_equal(int_at(results, "results.3.status"), 404);
    cJSON_Delete(results);
    free(one), free(two), free(other);
}

static void test_the_same_key_does_nothing_twice(void **state) {
    SHOWS("L38 L42");
    char *tickets[6], body[400], part[400];
    size_t used = (size_t)snprintf(body, sizeof body, "{\"tickets\":[");
    for (int i = 0; i < 6; i++) {
        tickets[i] = push_to("water", "漏水");
        used += (size_t)snprintf(body + used, sizeof body - used, "%s\"%s\"", i ? "," : "", tickets[i]);
    }
    snprintf(body + used, sizeof body - used, "],\"note\":\"统一说明\"}");
    snprintf(part, sizeof part, "{\"tickets\":[\"%s\",\"%s\"],\"note\":\"统一说明\"}", tickets[4], tickets[1]);
    static const char more[] = JSON_TYPE "Idempotency-Key: many-1\r\n", path[] = "/api/v1/tickets/bulk/note";
    struct answer first = ask_bytes("console", "POST", path, &operator_, more, body, strlen(body));
    struct answer again = ask_bytes("console", "POST", path, &operator_, more, part, strlen(part));
    assert_int_equal(first.status, 200);
    assert_int_equal(int_at(first.json, "done"), 6);
    assert_int_equal(int_at(again.json, "done"), 2);
    assert_true(cJSON_IsTrue(at(again.json, "results.0.repeated")));
    assert_string_equal(text_at(again.json, "results.0.seq"), text_at(first.json, "results.4.seq"));
    answer_done(&first);
    answer_done(&again);
    snprintf(part, sizeof part, "{\"tickets\":[\"%s\"],\"note\":\"另一说明\"}", tickets[4]);
    again = ask_bytes("console", "POST", path, &operator_, more, part, strlen(part));
    assert_string_equal(text_at(again.json, "results.0.verdict"), "KEY_REUSED");
    answer_done(&again);
    for (int i = 0; i < 6; i++) free(tickets[i]);
}

static void test_what_is_no_list_is_refused_whole(void **state) {
    char *one = push_to("water", "漏水"), body[200];
    cJSON_Delete(bulk(400, "sign", &water, "{}"));
    cJSON_Delete(bulk(422, "sign", &water, "{\"tickets\":[]}"));
    cJSON_Delete(bulk(400, "sign", &water, "{\"tickets\":[7]}"));
    snprintf(body, sizeof body, "{\"tickets\":[\"%s\"],\"version\":2}", one);
    cJSON_Delete(bulk(400, "sign", &water, body));
    snprintf(body, sizeof body, "{\"tickets\":[\"%s\"],\"unit\":\"water\"}", one);
    cJSON_Delete(bulk(400, "sign", &water, body));
    cJSON_Delete(bulk(404, "dance", &water, body));
    free(one);
}

/* A line that is no ticket, or the same once more, has its own outcome and harms no other. */
static void test_a_bad_line_harms_no_other(void **state) {
    SHOWS("L42");
    char *one = push_to("water", "漏水"), *two = push_to("water", "漏水"), body[300];
    snprintf(body, sizeof body, "{\"tickets\":[\"%s\",\"T1\",\"%s\",\"%s\",\"\"]}", one, one, two);
    cJSON *tree = bulk(200, "sign", &water, body);
    assert_int_equal(int_at(tree, "asked"), 5);
    assert_int_equal(int_at(tree, "done"), 2);
    assert_int_equal(int_at(tree, "refused"), 3);
    assert_int_equal(int_at(tree, "results.0.status"), 200);
    assert_int_equal(int_at(tree, "results.1.status"), 422);
    assert_string_equal(text_at(tree, "results.1.ticket"), "T1");
    assert_non_null(strstr(text_at(tree, "results.1.detail"), "no ticket number, such as T2026"));
    assert_int_equal(int_at(tree, "results.2.status"), 409);
    assert_string_equal(text_at(tree, "results.2.ticket"), one);
    assert_non_null(strstr(text_at(tree, "results.2.detail"), "twice"));
    assert_int_equal(int_at(tree, "results.3.status"), 200);
    assert_int_equal(int_at(tree, "results.4.status"), 422);
    cJSON_Delete(tree);
    tree = bulk(200, "sign", &water, "{\"tickets\":[\"nothing\"]}");
    assert_int_equal(int_at(tree, "refused"), 1);
    cJSON_Delete(tree);
    free(one), free(two);
}

/* Two callers of one burst pipe: one answer, two callbacks; the second is not content, and the work begins again. */
static void test_every_caller_of_a_merge_is_heard(void **state) {
    char request[2][24], *ticket[2], body[100];
    for (int i = 0; i < 2; i++) {
        char more[300];
        snprintf(more, sizeof more, "\"matter\":\"%s\",\"title\":\"爆管\"", matter_of("water"));
        snprintf(request[i], sizeof request[i], "%s", push(more));
        ticket[i] = strdup(ticket_of(request[i]));
    }
    snprintf(body, sizeof body, "{\"other\":\"%s\"}", ticket[0]);
    done(200, ticket[1], "merge", &operator_, body);
    done(200, ticket[0], "sign", &water, NULL);
    done(200, ticket[0], "contact", &water, "{\"note\":\"已联系\"}");
    done(200, ticket[0], "finish", &water, "{\"answer\":\"已抢修\",\"result\":\"partly\",\"note\":\"阀门待换\"}");
    cJSON *heard = get(200, &hotline, "/api/v1/requests/%s", request[1]);
    assert_true(cJSON_IsNull(at(heard, "answer"))); /* not checked yet */
    cJSON_Delete(heard);
    done(200, ticket[0], "pass", &operator_, NULL);
    heard = get(200, &hotline, "/api/v1/requests/%s", request[1]);
    assert_string_equal(text_at(heard, "answer.text"), "已抢修");
    assert_string_equal(text_at(heard, "answer.result.code"), "partly");
    assert_true(cJSON_IsNull(at(heard, "callback")));
    cJSON_Delete(heard);
    done(200, ticket[0], "solved", &hotline, "{\"satisfied\":true}");
    cJSON *shown = get(200, &operator_, "/api/v1/tickets/%s", ticket[0]);
    assert_string_equal(text_at(shown, "state"), "CALLBACK"); /* the second caller is not called yet */
    cJSON_Delete(shown);
    done(200, ticket[1], "unsolved", &hotline, "{\"reason\":\"还在漏\"}");
    shown = get(200, &operator_, "/api/v1/tickets/%s", ticket[0]);
    assert_string_equal(text_at(shown, "state"), "HANDLING");
    assert_int_equal(int_at(shown, "reworks"), 1);
    cJSON_Delete(shown);
    done(200, ticket[0], "finish", &water, "{\"answer\":\"已换阀门\"}");
    done(200, ticket[0], "pass", &operator_, NULL);
    done(200, ticket[0], "solved", &hotline, "{}");
    done(200, ticket[1], "solved", &hotline, "{\"satisfied\":true}");
    heard = get(200, &hotline, "/api/v1/requests/%s", request[1]);
    assert_string_equal(text_at(heard, "answer.text"), "已换阀门");
    assert_string_equal(text_at(heard, "callback.outcome.code"), "solved");
    cJSON_Delete(heard);
    shown = get(200, &operator_, "/api/v1/tickets/%s", ticket[0]);
    assert_string_equal(text_at(shown, "state"), "CLOSED");
    cJSON_Delete(shown);
    free(ticket[0]), free(ticket[1]);
}

/* Given to the city app's system, which sees it as long as it has it, answers, and then sees it no more. */
static void test_an_outside_system_speaks_for_what_it_was_given(void **state) {
    SHOWS("L29 A2");
    struct person app = make_token(&security, "app-1", "integration", NULL, "city-app");
    char request[24], *ticket;
    snprintf(request, sizeof request, "%s", push("\"title\":\"应用内问题\""));
    ticket = strdup(ticket_of(request));
    cJSON_Delete(get(404, &app, "/api/v1/tickets/%s", ticket));
    done(422, ticket, "transfer", &operator_, "{\"to\":\"nowhere\",\"reason\":\"应由应用方处理\"}");
    done(200, ticket, "transfer", &operator_, "{\"to\":\"city-app\",\"reason\":\"应由应用方处理\"}");
    cJSON *seen = get(200, &app, "/api/v1/tickets/%s", ticket);
    assert_string_equal(text_at(seen, "state"), "TRANSFERRED");
    cJSON_Delete(seen);
    done(403, ticket, "take_back", &hotline, "{\"reason\":\"等得太久\"}");
    done(200, ticket, "take_back", &app, "{\"reason\":\"不是应用问题\"}");
    cJSON_Delete(get(404, &app, "/api/v1/tickets/%s", ticket));
    done(200, ticket, "transfer", &operator_, "{\"to\":\"city-app\",\"reason\":\"请再看\"}");
    done(200, ticket, "answer", &app, "{\"answer\":\"已在新版修复\",\"result\":\"solved\"}");
    cJSON *heard = get(200, &hotline, "/api/v1/requests/%s", request);
    assert_string_equal(text_at(heard, "answer.text"), "已在新版修复");
    assert_string_equal(text_at(heard, "state.code"), "CLOSED");
    cJSON_Delete(heard);
    cJSON_Delete(get(404, &app, "/api/v1/tickets/%s", ticket));
    free(ticket);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_ticket_has_its_own_outcome),
        cmocka_unit_test(test_the_same_key_does_nothing_twice),
        cmocka_unit_test(test_what_is_no_list_is_refused_whole),
        cmocka_unit_test(test_a_bad_line_harms_no_other),
        cmocka_unit_test(test_every_caller_of_a_merge_is_heard),
        cmocka_unit_test(test_an_outside_system_speaks_for_what_it_was_given),
    };
    return cmocka_run_group_tests(tests, setup, end);
}
