/* Tickets as people meet them, through router, intake and console as real processes: queues, commands, what a unit may see, lists,
 * history and explanation. */
#define _GNU_SOURCE
#include "tests/unit/console_district.h"

/* ---- the queue ------------------------------------------------------------------------------------------------------------- */

static void test_a_push_stands_in_the_right_queue(void **state) {
    char *ticket = push_to("water", "水管爆裂");
    int64_t began = clock_monotonic_ms();
    cJSON *queue = NULL;
    EVENTUALLY(({ /* the live queues are a moment behind the commit */
                  cJSON_Delete(queue);
                  queue = get(200, &operator_, "/api/v1/queues/water");
                  int_at(queue, "unit.depth") == 1;
    }));
    print_message("in the queue after %lld ms\n", (long long)(clock_monotonic_ms() - began));
    assert_string_equal(text_at(queue, "tickets.0.number"), ticket);
    assert_string_equal(text_at(queue, "tickets.0.title"), "水管爆裂");
    assert_string_equal(text_at(queue, "tickets.0.state"), "OFFERED");
    assert_string_equal(text_at(queue, "tickets.0.owner.code"), "water");
    assert_string_equal(text_at(queue, "tickets.0.next_action.code"), "sign");
    assert_string_equal(text_at(queue, "tickets.0.light"), "green");
    assert_true(strlen(text_at(queue, "tickets.0.due")) > 0);
    assert_int_equal(int_at(queue, "unit.depth"), 1);
    assert_int_equal(int_at(queue, "unit.states.OFFERED"), 1);
    cJSON_Delete(queue);
    done(200, ticket, "sign", &water, "{}");
    cJSON *queues = get(200, &operator_, "/api/v1/queues"); /* a command's effect is in what is read after its answer */
    assert_false(cJSON_IsTrue(at(queues, "degraded")));
    const cJSON *row;
    int handling = 0;
    cJSON_ArrayForEach(row, at(queues, "units")) if (!strcmp(text_at(row, "unit"), "water")) handling =
        int_at(row, "states.HANDLING");
    assert_int_equal(handling, 1);
    assert_int_equal(int_at(queues, "totals.received"),
                     int_at(queues, "totals.closed") + int_at(queues, "totals.in_progress"));
    cJSON_Delete(queues);
    free(ticket);
}

static void test_a_queue_is_paged_by_deadline(void **state) {
    char *tickets[7], path[200] = "/api/v1/queues/municipal?limit=3";
    for (int i = 0; i < 7; i++)
        tickets[i] = push_to("municipal", "井盖松动"); /* working time: they fall due at one and the same moment */
    EVENTUALLY(({
        cJSON *all = get(200, &municipal, "/api/v1/queues/municipal");
        int depth = int_at(all, "unit.depth");
        cJSON_Delete(all);
        depth == 7;
    }));
    int seen = 0, pages = 0;
    char before[40] = "", last[40] = "";
    do {
        cJSON *queue = get(200, &municipal, "%s", path);
        const cJSON *row;
        cJSON_ArrayForEach(row, at(queue, "tickets")) {
            int order = strcmp(text_at(row, "due"), before);
            assert_true(order > 0 || (order == 0 && strcmp(text_at(row, "number"), last) > 0));
            snprintf(before, sizeof before, "%s", text_at(row, "due"));
            snprintf(last, sizeof last, "%s", text_at(row, "number"));
            seen++;
        }
        assert_int_equal(int_at(queue, "unit.depth"), 7);
        snprintf(path, sizeof path, "/api/v1/queues/municipal?limit=3&cursor=%s", text_at(queue, "next_cursor"));
        bool more = *text_at(queue, "next_cursor");
        cJSON_Delete(queue);
        if (!more) break;
    } while (++pages < 10);
    assert_int_equal(seen, 7);
    assert_int_equal(pages, 2);
    cJSON *whole = get(200, &municipal, "/api/v1/queues/municipal");
    for (int skip = 1; skip <= 8; skip++) { /* from any place on it is the same list */
        cJSON *part = get(200, &municipal, "/api/v1/queues/municipal?limit=2&skip=%d", skip);
        int left = skip < 6 ? 2 : skip < 7 ? 1 : 0;
        assert_int_equal(cJSON_GetArraySize(at(part, "tickets")), left);
        for (int i = 0; i < left; i++)
            assert_string_equal(text_at(cJSON_GetArrayItem(at(part, "tickets"), i), "number"),
                                text_at(cJSON_GetArrayItem(at(whole, "tickets"), skip + i), "number"));
        cJSON_Delete(part);
    }
    cJSON_Delete(whole);
    done(200, tickets[0], "sign", &municipal, NULL);
    cJSON *offered = get(200, &municipal, "/api/v1/queues/municipal?state=OFFERED"),
          *both = get(200, &municipal, "/api/v1/queues/municipal?state=OFFERED,HANDLING");
    assert_int_equal(cJSON_GetArraySize(at(offered, "tickets")), 6);
    assert_int_equal(cJSON_GetArraySize(at(both, "tickets")), 7);
    cJSON_Delete(offered);
    cJSON_Delete(both);
    cJSON_Delete(get(400, &municipal, "/api/v1/queues/municipal?state=SLEEPING"));
    cJSON_Delete(get(400, &municipal, "/api/v1/queues/municipal?limit=201"));
    cJSON_Delete(get(400, &municipal, "/api/v1/queues/municipal?cursor=abc"));
    cJSON_Delete(get(400, &municipal, "/api/v1/queues/municipal?skip=-1"));
    cJSON_Delete(get(400, &municipal, "/api/v1/queues/municipal?skip=2&cursor=AAAAAAAAAAAAAAAAAAAAAA"));
    for (int i = 0; i < 7; i++) free(tickets[i]);
}

/* ---- who sees what ------------------------------------------------------------------------------------------------------------ */

static void test_what_is_not_in_scope_does_not_exist(void **state) {
    char *ticket = push_to("water", "水压不足");
    const struct person *see[] = {&operator_, &readonly, &water}, *blind[] = {&municipal, &street, &grid};
    for (int i = 0; i < 3; i++) cJSON_Delete(get(200, see[i], "/api/v1/tickets/%s", ticket));
    for (int i = 0; i < 3; i++) {
        cJSON_Delete(get(404, blind[i], "/api/v1/tickets/%s", ticket));
        cJSON_Delete(get(404, blind[i], "/api/v1/tickets/%s/history", ticket));
        cJSON_Delete(get(404, blind[i], "/api/v1/tickets/%s/explain", ticket));
        done(404, ticket, "note", blind[i], "{\"note\":\"x\"}");
        cJSON_Delete(get(404, blind[i], "/api/v1/queues/water"));
        cJSON *list = get(200, blind[i], "/api/v1/tickets?limit=200");
        const cJSON *row;
        cJSON_ArrayForEach(row, at(list, "tickets")) assert_string_not_equal(text_at(row, "number"), ticket);
        cJSON_Delete(list);
    }
    cJSON *own = get(200, &water, "/api/v1/queues");
    assert_int_equal(cJSON_GetArraySize(at(own, "units")),
                     sql_int("WITH RECURSIVE t AS (SELECT id FROM unit WHERE code = 'water' UNION ALL SELECT u.id FROM "
                             "unit u JOIN t ON u.parent = t.id) SELECT count(*) FROM t"));
    assert_int_equal(int_at(own, "totals.received"), int_at(own, "totals.closed") + int_at(own, "totals.in_progress"));
    assert_int_equal(
        int_at(own, "totals.received"),
        sql_int("SELECT count(DISTINCT ticket) FROM assignment a JOIN unit u ON u.id = a.unit WHERE u.code = 'water'"));
    cJSON_Delete(own);
    cJSON_Delete(get(404, &operator_, "/api/v1/tickets/T20200101010000001"));
    cJSON_Delete(get(404, &operator_, "/api/v1/tickets/T1"));
    done(403, ticket, "dispatch", &water, "{\"unit\":\"municipal\"}"); /* a role that never may */
    done(403, ticket, "timer", &operator_, "{}");
    done(404, ticket, "explode", &operator_, "{}");
    free(ticket);
}

/* Row level security alone: a console whose own checks were all gone would still see nothing. */
static void test_the_second_wall(void **state) {
    struct db_blocking *console;
    struct db_result *result;
    char text[400];
    assert_int_equal(db_blocking_open(conninfo_as("paidan_console"), 5000, &console), ERR_NONE);
    static const char *const tables[] = {"ticket", "request", "event"};
    int64_t water_id = sql_int("SELECT id FROM unit WHERE code = 'water'");
    for (int i = 0; i < 3; i++) {
        snprintf(text, sizeof text, "SELECT count(*) FROM %s", tables[i]);
        int64_t all = sql_int(text);
        assert_true(all > 0);
        assert_int_equal(db_run_blocking(console, text, NULL, &result), ERR_NONE);
        assert_int_equal(db_get_int(result, 0, 0), 0);
        db_result_free(&result);
        snprintf(text, sizeof text,
                 "WITH s AS MATERIALIZED (SELECT set_config('paidan.everything', '1', false)) SELECT 1 FROM s");
        assert_int_equal(db_run_blocking(console, text, NULL, NULL), ERR_NONE);
        snprintf(text, sizeof text, "SELECT count(*) FROM %s", tables[i]);
        assert_int_equal(db_run_blocking(console, text, NULL, &result), ERR_NONE);
        assert_int_equal(db_get_int(result, 0, 0), all);
        db_result_free(&result);
        assert_int_equal(db_script_blocking(console, "RESET ALL"), ERR_NONE);
        snprintf(text, sizeof text, "SELECT set_config('paidan.units', '{%lld}', false)", (long long)water_id);
        assert_int_equal(db_run_blocking(console, text, NULL, NULL), ERR_NONE);
        snprintf(text, sizeof text, "SELECT count(*) FROM %s", tables[i]);
        assert_int_equal(db_run_blocking(console, text, NULL, &result), ERR_NONE);
        int64_t part = db_get_int(result, 0, 0);
        db_result_free(&result);
        assert_true(part > 0 && part < all);
        assert_int_equal(db_script_blocking(console, "RESET ALL"), ERR_NONE);
    }
    assert_int_equal(db_script_blocking(console, "UPDATE ticket SET owner = 1"), ERR_REFUSED);
    assert_int_equal(db_script_blocking(console, "DELETE FROM event"), ERR_REFUSED);
    db_blocking_close(&console);
}

/* ---- commands ------------------------------------------------------------------------------------------------------------------- */

static void test_commands_and_refusals(void **state) {
    char *ticket = push_to("water", "漏水");
    cJSON *refusal = act(409, ticket, "finish", &water, "{\"answer\":\"好了\"}");
    assert_string_equal(text_at(refusal, "verdict"), "NOT_LEGAL_NOW");
    assert_string_equal(text_at(refusal, "state"), "OFFERED");
    assert_string_equal(text_at(refusal, "type"), "urn:paidan:problem:L1");
    assert_true(cJSON_GetArraySize(at(refusal, "possible")) > 0);
    assert_string_equal(text_at(refusal, "possible.0.en"), "sign");
    cJSON_Delete(refusal);
    static const char *const stale[] = {"{\"version\":\"1\"}",
                                        "{\"version\":1}"}; /* as answers tell it; a number too */
    for (int i = 0; i < 2; i++) {
        refusal = act(409, ticket, "sign", &water, stale[i]);
        assert_string_equal(text_at(refusal, "verdict"), "STALE_VERSION");
        cJSON_Delete(refusal);
    }
    done(400, ticket, "sign", &water, "{\"colour\":\"red\"}");
    done(422, ticket, "sign", &water, "{\"version\":\"two\"}");
    done(422, ticket, "sign", &water, "{\"version\":\"0\"}");
    done(422, ticket, "sign", &water, "{\"version\":0}");
    done(422, ticket, "sign", &water, "{\"version\":\"4294967296\"}");
    done(400, ticket, "sign", &water, "{\"version\":true}");
    done(400, ticket, "sign", &water, "{\"version\":1.5}");
    done(400, ticket, "sign", &water, "not json");
    done(422, ticket, "sign", &water, "{\"note\":\"\\u0007\"}");
    done(422, ticket, "dispatch", &operator_, "{\"unit\":\"nowhere\"}");
    done(422, ticket, "dispatch", &operator_, "{\"unit\":\"municipal\",\"matter\":\"999999\"}");
    refusal = act(422, ticket, "dispatch", &operator_, "{\"unit\":\"municipal\"}");
    assert_string_equal(text_at(refusal, "errors.0.pointer"), "/reason");
    cJSON_Delete(refusal);
    refusal = act(422, ticket, "return", &water, "{\"reason\":\"because\",\"basis\":\"x\"}");
    assert_string_equal(text_at(refusal, "errors.0.pointer"), "/reason");
    cJSON_Delete(refusal);
    cJSON *signed_ = act(200, ticket, "sign", &water, NULL);
    assert_string_equal(text_at(signed_, "state"), "HANDLING");
    assert_string_equal(text_at(signed_, "next_action.code"), "contact");
    cJSON_Delete(signed_);
    done(200, ticket, "contact", &water, "{\"note\":\"已联系\"}");
    done(200, ticket, "add_assist", &operator_, "{\"units\":[\"municipal\"],\"reason\":\"共同处置\"}");
    done(409, ticket, "finish", &water, "{\"answer\":\"好了\"}");
    done(200, ticket, "sign", &municipal, NULL);
    done(200, ticket, "answer", &municipal, "{\"note\":\"已配合\"}");
    done(200, ticket, "finish", &water, "{\"answer\":\"已修好\"}");
    refusal = act(403, ticket, "pass", &water, NULL);
    assert_true(!strcmp(text_at(refusal, "verdict"), "OWN_WORK") || !strcmp(text_at(refusal, "verdict"), "NOT_YOURS"));
    cJSON_Delete(refusal);
    EVENTUALLY(sql_int("SELECT count(*) FROM audit WHERE action = 'pass' AND outcome LIKE 'VERDICT_%'") == 1);
    done(200, ticket, "pass", &operator_, NULL);
    done(200, ticket, "solved", &hotline, "{\"satisfied\":true}");
    cJSON *shown = get(200, &operator_, "/api/v1/tickets/%s", ticket);
    assert_string_equal(text_at(shown, "state"), "CLOSED");
    assert_true(cJSON_IsNull(at(shown, "owner")));
    assert_int_equal(cJSON_GetArraySize(at(shown, "assignments")), 2);
    cJSON_Delete(shown);
    free(ticket);
}

static void test_the_same_key_acts_once(void **state) {
    char *ticket = push_to("water", "停水");
    struct answer first = act_keyed(ticket, "sign", &water, "k-1", "{}"),
                  again = act_keyed(ticket, "sign", &water, "k-1", "{}");
    assert_int_equal(first.status, 200);
    assert_int_equal(again.status, 200);
    assert_true(cJSON_IsTrue(at(again.json, "repeated")));
    assert_string_equal(text_at(first.json, "seq"), text_at(again.json, "seq"));
    answer_done(&again);
    done(200, ticket, "contact", &water, "{\"note\":\"已联系\"}");
    again = act_keyed(ticket, "sign", &water, "k-1", "{}"); /* the first answer, whatever has come since */
    assert_string_equal(text_at(again.json, "next_action.code"), "contact");
    cJSON_ReplaceItemInObject(again.json, "repeated", cJSON_CreateFalse());
    assert_true(cJSON_Compare(first.json, again.json, true));
    answer_done(&first);
    answer_done(&again);
    struct answer other = act_keyed(ticket, "sign", &water, "k-1", "{\"note\":\"x\"}");
    assert_int_equal(other.status, 409);
    assert_string_equal(text_at(other.json, "verdict"), "KEY_REUSED");
    answer_done(&other);
    struct answer another = act_keyed(ticket, "note", &operator_, "k-1", "{\"note\":\"别人的同名键\"}");
    assert_int_equal(another.status, 200);
    answer_done(&another);
    cJSON *history = get(200, &water, "/api/v1/tickets/%s/history", ticket);
    assert_int_equal(cJSON_GetArraySize(at(history, "events")), 5);
    cJSON_Delete(history);
    free(ticket);
}

/* ---- reading ----------------------------------------------------------------------------------------------------------------------- */

static void test_lists_and_filters(void **state) {
    char *ticket = push_to("water", "百分号100%下划线_");
    cJSON *list = get(200, &operator_, "/api/v1/tickets?q=100%%25%%E4%%B8%%8B");
    assert_int_equal(cJSON_GetArraySize(at(list, "tickets")), 1);
    assert_string_equal(text_at(list, "tickets.0.number"), ticket);
    cJSON_Delete(list);
    list = get(200, &operator_, "/api/v1/tickets?q=1_0"); /* no wildcard */
    assert_int_equal(cJSON_GetArraySize(at(list, "tickets")), 0);
    cJSON_Delete(list);
    list = get(200, &operator_, "/api/v1/tickets?q=%s", ticket);
    assert_int_equal(cJSON_GetArraySize(at(list, "tickets")), 1);
    cJSON_Delete(list);
    list = get(200, &operator_, "/api/v1/tickets?unit=water&state=OFFERED&light=green&limit=1");
    assert_int_equal(cJSON_GetArraySize(at(list, "tickets")), 1);
    assert_true(strlen(text_at(list, "next_cursor")) > 0);
    cJSON_Delete(list);
    int64_t total = sql_int("SELECT count(*) FROM ticket"), seen = 0;
    char path[200] = "/api/v1/tickets?limit=4";
    for (int pages = 0; pages < 50; pages++) {
        list = get(200, &operator_, "%s", path);
        seen += cJSON_GetArraySize(at(list, "tickets"));
        snprintf(path, sizeof path, "/api/v1/tickets?limit=4&cursor=%s", text_at(list, "next_cursor"));
        bool more = *text_at(list, "next_cursor");
        cJSON_Delete(list);
        if (!more) break;
    }
    assert_int_equal(seen, total);
    list = get(200, &operator_, "/api/v1/tickets?to=2020-01-01");
    assert_int_equal(cJSON_GetArraySize(at(list, "tickets")), 0);
    cJSON_Delete(list);
    cJSON_Delete(get(400, &operator_, "/api/v1/tickets?from=yesterday"));
    cJSON_Delete(get(400, &operator_, "/api/v1/tickets?colour=red"));
    cJSON_Delete(get(400, &operator_, "/api/v1/tickets?unit=nowhere"));
    cJSON_Delete(get(400, &operator_, "/api/v1/tickets?cursor=x"));
    cJSON_Delete(get(400, &operator_, "/api/v1/tickets?limit=1&limit=2"));
    cJSON_Delete(get(400, &operator_, "/api/v1/tickets?from=2026-02-02&to=2026-02-01"));
    cJSON_Delete(get(400, &operator_, "/api/v1/figures?unit=nowhere"));
    cJSON_Delete(get(400, &operator_, "/api/v1/figures?from=2026-02-02&to=2026-02-01"));
    cJSON_Delete(get(400, &operator_, "/api/v1/tickets/%s/explain?lang=xx", ticket));
    free(ticket);
}

static void test_a_request_is_followed_and_its_person_masked(void **state) {
    const char *number = push(
        "\"title\":\"找不到门\",\"requester\":{\"name\":\"欧阳某\",\"phone\":\"13812341234\",\"confidential\":true}");
    char request[24], own[100];
    snprintf(request, sizeof request, "%s", number);
    char *ticket = strdup(ticket_of(request));
    snprintf(own, sizeof own, "/api/v1/requests?source=hotline-12345&external_id=t-%d", pushed);
    cJSON *by_number = get(200, &hotline, "/api/v1/requests/%s", request),
          *by_own = want(200, "GET", own, &hotline, NULL);
    assert_string_equal(text_at(by_own, "number"), request);
    assert_string_equal(text_at(by_number, "requester.phone"), "138****1234");
    assert_string_equal(text_at(by_number, "requester.name"), "欧**");
    assert_string_equal(text_at(by_number, "ticket.number"), ticket);
    assert_string_equal(text_at(by_number, "ticket.state"), "TRIAGE");
    cJSON_Delete(by_number);
    cJSON_Delete(by_own);
    done(200, ticket, "dispatch", &operator_, "{\"unit\":\"water\"}");
    cJSON *hidden = get(200, &water, "/api/v1/tickets/%s", ticket); /* the unit must not know who asked */
    assert_null(at(hidden, "requests.0.requester.name"));
    cJSON_Delete(hidden);
    char path[100];
    snprintf(path, sizeof path, "/api/v1/requests/%s/unmask", request);
    refuse(400, "POST", path, &operator_, "{}");
    refuse(403, "POST", path, &water, "{\"reason\":\"需要联系\"}");
    refuse(404, "POST", path, &municipal, "{\"reason\":\"需要联系\"}");
    refuse(403, "POST", path, &readonly, "{\"reason\":\"需要联系\"}");
    EVENTUALLY(sql_int("SELECT count(*) FROM audit WHERE action = 'unmask' AND outcome = 'role'") > 0);
    int64_t before = sql_int("SELECT count(*) FROM audit WHERE action = 'unmask' AND outcome = 'ok'");
    cJSON *plain = want(200, "POST", path, &operator_, "{\"reason\":\"回访核实\"}");
    assert_string_equal(text_at(plain, "requester.phone"), "13812341234");
    assert_string_equal(text_at(plain, "requester.name"), "欧阳某");
    cJSON_Delete(plain);
    assert_int_equal(sql_int("SELECT count(*) FROM audit WHERE action = 'unmask' AND outcome = 'ok'"), before + 1);
    struct person other = make_token(&security, "app", "integration", NULL, "city-app");
    cJSON_Delete(get(404, &other, "/api/v1/requests/%s", request));
    free(ticket);
}

static void test_why_and_what_happened(void **state) {
    char *ticket = push_to("water", "管道堵塞");
    cJSON *why = get(200, &water, "/api/v1/tickets/%s/explain", ticket);
    assert_non_null(strstr(text_at(why, "route.en"), "directly to the responsible department"));
    assert_non_null(strstr(text_at(why, "route.zh"), "直派"));
    assert_string_equal(text_at(why, "deadlines.0.stage"), "sign");
    assert_non_null(strstr(text_at(why, "deadlines.0.lines.0.en"), "start, limit 2"));
    cJSON_Delete(why);
    done(200, ticket, "sign", &water, NULL);
    char until[CLOCK_TEXT_BYTES], body[200];
    clock_format(clock_now() + 2 * 86400000LL, until);
    snprintf(body, sizeof body, "{\"reason\":\"冬季无法施工\",\"until\":\"%s\"}", until);
    done(200, ticket, "ask_suspension", &water, body);
    done(403, ticket, "grant_suspension", &water, NULL);
    cJSON *suspended = act(200, ticket, "grant_suspension", &operator_, NULL);
    assert_string_equal(text_at(suspended, "state"), "SUSPENDED");
    cJSON_Delete(suspended);
    why = get(200, &water, "/api/v1/tickets/%s/explain", ticket);
    bool paused = false;
    const cJSON *deadline;
    cJSON_ArrayForEach(deadline, at(why, "deadlines")) paused |= cJSON_IsTrue(at(deadline, "paused"));
    assert_true(paused);
    cJSON_Delete(why);
    done(200, ticket, "resume", &operator_, NULL);
    cJSON *history = get(200, &water, "/api/v1/tickets/%s/history?limit=3", ticket);
    assert_int_equal(cJSON_GetArraySize(at(history, "events")), 3);
    assert_string_equal(text_at(history, "events.2.event"), "signed");
    assert_string_equal(text_at(history, "events.2.actor.unit"), "water");
    char cursor[100];
    snprintf(cursor, sizeof cursor, "%s", text_at(history, "next_cursor"));
    cJSON_Delete(history);
    history = get(200, &water, "/api/v1/tickets/%s/history?cursor=%s", ticket, cursor);
    assert_string_equal(text_at(history, "events.0.event"), "suspension_asked");
    assert_string_equal(text_at(history, "events.2.event"), "resumed");
    cJSON_Delete(history);
    free(ticket);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_push_stands_in_the_right_queue),
        cmocka_unit_test(test_a_queue_is_paged_by_deadline),
        cmocka_unit_test(test_what_is_not_in_scope_does_not_exist),
        cmocka_unit_test(test_the_second_wall),
        cmocka_unit_test(test_commands_and_refusals),
        cmocka_unit_test(test_the_same_key_acts_once),
        cmocka_unit_test(test_lists_and_filters),
        cmocka_unit_test(test_a_request_is_followed_and_its_person_masked),
        cmocka_unit_test(test_why_and_what_happened),
    };
    return cmocka_run_group_tests(tests, setup, end);
}
