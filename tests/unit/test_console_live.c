/* Tickets and live queues as people meet them: through router, intake and console, as real processes. What a unit may see, what the
 * stream tells, and what is said when Redis or the router are away. */
#define _GNU_SOURCE
#include "tests/unit/console_fixture.h"

#include <poll.h>

static struct person security, admin, hotline, operator_, readonly, street, grid, water, municipal;
static int pushed;

static int setup(void **state) {
    begin("command_patience = 2s\n", true);
    wait_ready("console");
    security = set_up();
    make_user(&security, "system", "admin_system", NULL);
    admin = must_sign_in("system");
    import_district(&admin);
    make_user(&security, "water-1", "department", "water");
    make_user(&security, "municipal-1", "department", "municipal");
    make_user(&security, "street-1", "street", "s1");
    hotline = make_token(&security, "hotline", "integration", NULL, "hotline-12345");
    operator_ = make_token(&security, "operator", "operator", "center", NULL);
    readonly = make_token(&security, "readonly", "readonly", NULL, NULL);
    street = make_token(&security, "street", "street", "s1", NULL);
    grid = make_token(&security, "grid", "grid_worker", "g10101", NULL);
    water = make_token(&security, "water", "department", "water", NULL);
    municipal = make_token(&security, "municipal", "department", "municipal", NULL);
    wait_ready("router");
    wait_ready("intake");
    return 0;
}

/* ---- pushing ------------------------------------------------------------------------------------------------------------ */

/* Returns the request's number; more: members beyond source and external_id. */
static const char *push(const char *more) {
    static char number[24], body[1000];
    snprintf(body, sizeof body, "{\"source\":\"hotline-12345\",\"external_id\":\"t-%d\",%s}", ++pushed, more);
    struct answer answer = ask_bytes("intake", "POST", "/api/v1/requests", &hotline, JSON_TYPE, body, strlen(body));
    if (answer.status != 201) fail_msg("push: %d %.400s", answer.status, answer.body);
    snprintf(number, sizeof number, "%s", text_at(answer.json, "number"));
    answer_done(&answer);
    return number;
}

static const char *ticket_of(const char *request) {
    static char number[24], path[80];
    snprintf(path, sizeof path, "/api/v1/requests/%s", request);
    number[0] = 0;
    EVENTUALLY(({
        cJSON *followed = want(200, "GET", path, &hotline, NULL);
        snprintf(number, sizeof number, "%s", text_at(followed, "ticket.number"));
        cJSON_Delete(followed);
        number[0];
    }));
    return number;
}

/* A matter that goes straight to this department. */
static const char *matter_of(const char *department) {
    static char text[200], sql_text[200];
    snprintf(sql_text, sizeof sql_text,
             "SELECT m.code FROM matter m JOIN unit u ON u.id = m.department WHERE u.code = '%s' AND m.start = 7 AND "
             "cardinality(m.assists) = 0 "
             "ORDER BY m.code LIMIT 1",
             department);
    snprintf(text, sizeof text, "%06lld", (long long)sql_int(sql_text));
    return text;
}

static char *push_to(const char *department, const char *title) {
    char more[300];
    snprintf(more, sizeof more,
             "\"matter\":\"%s\",\"title\":\"%s\",\"requester\":{\"name\":\"测试人\",\"phone\":\"19900001234\"}",
             matter_of(department), title);
    return strdup(ticket_of(push(more)));
}

static cJSON *act(int status, const char *ticket, const char *command, const struct person *who, const char *json) {
    char path[120];
    snprintf(path, sizeof path, "/api/v1/tickets/%s/%s", ticket, command);
    return want(status, "POST", path, who, json);
}

static void done(int status, const char *ticket, const char *command, const struct person *who, const char *json) {
    cJSON_Delete(act(status, ticket, command, who, json));
}

static cJSON *get(int status, const struct person *who, const char *format, ...) {
    char path[300];
    va_list list;
    va_start(list, format);
    vsnprintf(path, sizeof path, format, list);
    va_end(list);
    return want(status, "GET", path, who, NULL);
}

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
    refusal = act(409, ticket, "sign", &water, "{\"version\":1}");
    assert_string_equal(text_at(refusal, "verdict"), "STALE_VERSION");
    cJSON_Delete(refusal);
    done(400, ticket, "sign", &water, "{\"colour\":\"red\"}");
    done(400, ticket, "sign", &water, "{\"version\":\"two\"}");
    done(400, ticket, "sign", &water, "not json");
    done(422, ticket, "sign", &water, "{\"note\":\"\\u0007\"}");
    done(422, ticket, "dispatch", &operator_, "{\"unit\":\"nowhere\"}");
    done(422, ticket, "dispatch", &operator_, "{\"unit\":\"municipal\",\"matter\":\"999999\"}");
    refusal = act(422, ticket, "dispatch", &operator_, "{\"unit\":\"municipal\"}");
    assert_string_equal(text_at(refusal, "errors.0.pointer"), "/reason");
    cJSON_Delete(refusal);
    refusal = act(422, ticket, "return", &water, "{\"reason\":\"because\",\"basis\":\"x\"}");
    assert_string_equal(text_at(refusal, "verdict"), "REASON_UNKNOWN");
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

static struct answer act_keyed(const char *ticket, const char *command, const struct person *who, const char *key,
                               const char *json) {
    char path[120], more[200];
    snprintf(path, sizeof path, "/api/v1/tickets/%s/%s", ticket, command);
    snprintf(more, sizeof more, JSON_TYPE "Idempotency-Key: %s\r\n", key);
    return ask_bytes("console", "POST", path, who, more, json, strlen(json));
}

static void test_the_same_key_acts_once(void **state) {
    char *ticket = push_to("water", "停水");
    struct answer first = act_keyed(ticket, "sign", &water, "k-1", "{}"),
                  again = act_keyed(ticket, "sign", &water, "k-1", "{}");
    assert_int_equal(first.status, 200);
    assert_int_equal(again.status, 200);
    assert_true(cJSON_IsTrue(at(again.json, "repeated")));
    assert_string_equal(text_at(first.json, "seq"), text_at(again.json, "seq"));
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
    assert_int_equal(cJSON_GetArraySize(at(history, "events")), 4);
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
    refuse(422, "POST", path, &operator_, "{}");
    refuse(403, "POST", path, &water, "{\"reason\":\"需要联系\"}");
    refuse(404, "POST", path, &municipal, "{\"reason\":\"需要联系\"}");
    refuse(403, "POST", path, &readonly, "{\"reason\":\"需要联系\"}");
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

/* ---- the stream ------------------------------------------------------------------------------------------------------------------------- */

struct watching {
    int fd;
    char *raw, *text; /* as it came, and without the chunks' lengths */
    size_t raw_len, text_len, read_to;
    bool ended;
    char id[60];
};

static struct watching watch(const struct person *who, const char *last) {
    struct watching w = {.fd = connect_to("console"), .raw = calloc(1, 8 << 20), .text = calloc(1, 8 << 20)};
    char more[120] = "";
    if (last) snprintf(more, sizeof more, "Last-Event-ID: %s\r\n", last);
    write_head(w.fd, "GET", "/api/v1/stream", who, more, 0);
    return w;
}

static void watch_end(struct watching *w) {
    close(w->fd);
    free(w->raw);
    free(w->text);
}

static void unchunk(struct watching *w) {
    char *at = strstr(w->raw, "\r\n\r\n");
    w->text_len = 0;
    if (!at) return;
    for (at += 4; at < w->raw + w->raw_len;) {
        char *end;
        size_t size = strtoul(at, &end, 16);
        w->ended = end > at && size == 0;
        if (w->ended) break;
        if (end == at || strncmp(end, "\r\n", 2) || end + 2 + size > w->raw + w->raw_len) break;
        memcpy(w->text + w->text_len, end + 2, size);
        w->text_len += size;
        at = end + 2 + size + 2;
    }
    w->text[w->text_len] = 0;
}

/* False: nothing came in this time, or the stream ended. */
static bool take_bytes(struct watching *w, int timeout_ms) {
    struct pollfd waiting = {.fd = w->fd, .events = POLLIN};
    if (w->ended || poll(&waiting, 1, timeout_ms) <= 0) return false;
    ssize_t n = read(w->fd, w->raw + w->raw_len, (8 << 20) - w->raw_len - 1);
    if (n <= 0) return false;
    w->raw_len += (size_t)n;
    w->raw[w->raw_len] = 0;
    unchunk(w);
    return true;
}

/* The next event of this name; others are passed over. NULL: none in time. */
static cJSON *next_event(struct watching *w, const char *name, int timeout_ms) {
    int64_t until = clock_monotonic_ms() + timeout_ms;
    for (;;) {
        char *start = w->text + w->read_to, *end = strstr(start, "\n\n");
        if (!end) {
            int64_t left = until - clock_monotonic_ms();
            if (left <= 0 || !take_bytes(w, (int)left)) return NULL;
            continue;
        }
        *end = 0;
        w->read_to = (size_t)(end + 2 - w->text);
        char wanted[60], *id = strstr(start, "id: "), *data = strstr(start, "data: ");
        snprintf(wanted, sizeof wanted, "event: %s\n", name);
        if (id) snprintf(w->id, sizeof w->id, "%.*s", (int)strcspn(id + 4, "\n"), id + 4);
        bool fits = strstr(start, wanted) && data;
        cJSON *json = fits ? cJSON_Parse(data + 6) : NULL;
        if (json) return json;
    }
}

static const cJSON *row_of(const cJSON *units, const char *unit) {
    const cJSON *row;
    cJSON_ArrayForEach(row, units) if (!strcmp(text_at(row, "unit"), unit)) return row;
    return NULL;
}

static bool names_ticket(const cJSON *delta, const char *number) {
    const cJSON *row;
    cJSON_ArrayForEach(row, at(delta, "tickets")) if (!strcmp(text_at(row, "number"), number)) return true;
    return false;
}

static bool newer(const char *a, const char *b) {
    return strlen(a) != strlen(b) ? strlen(a) > strlen(b) : strcmp(a, b) > 0;
}

static void test_the_stream_tells_what_changes(void **state) {
    struct watching all = watch(&operator_, NULL), own = watch(&water, NULL), other = watch(&municipal, NULL);
    cJSON *snapshot = next_event(&all, "snapshot", 5000);
    assert_non_null(snapshot);
    int depth = int_at(row_of(at(snapshot, "units"), "water"), "depth");
    cJSON *own_snapshot = next_event(&own, "snapshot", 5000), *other_snapshot = next_event(&other, "snapshot", 5000);
    assert_non_null(row_of(at(own_snapshot, "units"), "water"));
    assert_null(row_of(at(own_snapshot, "units"), "municipal"));
    char version[60];
    snprintf(version, sizeof version, "%s", text_at(snapshot, "version"));
    int64_t began = clock_monotonic_ms();
    char *ticket = push_to("water", "水表损坏");
    bool told = false;
    while (!told) { /* numbers first, tickets with them or right behind */
        cJSON *delta = next_event(&all, "delta", 5000);
        assert_non_null(delta);
        assert_true(newer(text_at(delta, "version"), version));
        assert_string_equal(all.id, text_at(delta, "version"));
        snprintf(version, sizeof version, "%s", text_at(delta, "version"));
        const cJSON *row = row_of(at(delta, "units"), "water");
        if (row) depth = int_at(row, "depth");
        told = names_ticket(delta, ticket);
        cJSON_Delete(delta);
    }
    print_message("told after %lld ms\n", (long long)(clock_monotonic_ms() - began));
    cJSON *queue = get(200, &operator_, "/api/v1/queues/water?limit=200");
    assert_int_equal(int_at(queue, "unit.depth"), depth);
    assert_int_equal(cJSON_GetArraySize(at(queue, "tickets")), depth);
    cJSON_Delete(queue);
    cJSON *delta = next_event(&own, "delta", 5000);
    assert_non_null(delta);
    assert_null(row_of(at(delta, "units"), "center"));
    cJSON_Delete(delta);
    delta = next_event(&other, "delta", 1000); /* what does not concern it is not told */
    while (delta) {
        assert_null(row_of(at(delta, "units"), "water"));
        assert_false(names_ticket(delta, ticket));
        cJSON_Delete(delta);
        delta = next_event(&other, "delta", 100);
    }
    /* coming back with the version before: only what was missed */
    struct watching back = watch(&operator_, text_at(snapshot, "version"));
    delta = next_event(&back, "delta", 3000);
    assert_non_null(delta);
    assert_null(strstr(back.text, "event: snapshot"));
    cJSON_Delete(delta);
    struct watching lost = watch(&operator_, "1.000000"); /* too long ago: everything */
    cJSON *again = next_event(&lost, "snapshot", 3000);
    assert_non_null(again);
    cJSON_Delete(again);
    cJSON_Delete(snapshot);
    cJSON_Delete(own_snapshot);
    cJSON_Delete(other_snapshot);
    for (struct watching **w = (struct watching *[]){&all, &own, &other, &back, &lost, NULL}; *w; w++) watch_end(*w);
    free(ticket);
}

static void test_a_stream_ends_with_the_right_to_it(void **state) {
    struct person person = must_sign_in("street-1");
    struct watching w = watch(&person, NULL);
    cJSON_Delete(next_event(&w, "snapshot", 5000));
    refuse(204, "DELETE", "/api/v1/admin/users/street-1", &security, NULL);
    int64_t began = clock_monotonic_ms();
    while (take_bytes(&w, 6000)) continue;
    assert_true(clock_monotonic_ms() - began < 5000);
    watch_end(&w);
    struct watching stranger = watch(&nobody, NULL);
    while (take_bytes(&stranger, 1000)) continue;
    assert_non_null(strstr(stranger.raw, "401"));
    watch_end(&stranger);
    cJSON_Delete(get(403, &admin, "/api/v1/stream"));
}

/* ---- away --------------------------------------------------------------------------------------------------------------------------------- */

static bool same_as_database(void) {
    cJSON *queues = get(200, &operator_, "/api/v1/queues");
    bool same = true;
    const cJSON *row;
    int64_t sum = 0;
    cJSON_ArrayForEach(row, at(queues, "units")) {
        char text[200];
        if (!int_at(row, "depth")) continue;
        sum += int_at(row, "depth");
        snprintf(text, sizeof text,
                 "SELECT count(*) FROM ticket t JOIN unit u ON u.id = t.owner WHERE t.open AND u.code = '%s'",
                 text_at(row, "unit"));
        same &= sql_int(text) == int_at(row, "depth");
    }
    same &= sum == sql_int("SELECT count(*) FROM ticket WHERE open");
    cJSON_Delete(queues);
    return same;
}

static bool degraded(void) {
    cJSON *queues = get(200, &operator_, "/api/v1/queues");
    bool is = cJSON_IsTrue(at(queues, "degraded"));
    cJSON_Delete(queues);
    return is;
}

/* All rows as text, once a reading of this clock is in. */
static char *rows_text(void) {
    usleep(1200 * 1000);
    cJSON *queues = get(200, &operator_, "/api/v1/queues");
    char *text = cJSON_PrintUnformatted(at(queues, "units"));
    cJSON_Delete(queues);
    return text;
}

/* Yellow, red and what will breach are counted by Redis and by PostgreSQL in their own ways, and must come to the same. */
static char *at_some_moments(void) {
    char *all = calloc(1, 1 << 20);
    int64_t now = clock_now(), yellow = sql_int("SELECT min(yellow) FROM ticket WHERE open AND yellow > 0"),
            due = sql_int("SELECT min(due) FROM ticket WHERE open AND due > 0");
    const int64_t moments[] = {now,         yellow + 60000, due - 100 * 60000LL, due - 45 * 60000LL,
                               due - 60000, due + 60000,    now + 30 * 3600000LL};
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        assert_int_equal(clock_set_offset(clock_path, moments[i] - now), ERR_NONE);
        char *text = rows_text();
        strcat(all, text);
        cJSON_free(text);
    }
    assert_int_equal(clock_set_offset(clock_path, 0), ERR_NONE);
    return all;
}

static void test_without_redis_the_numbers_come_from_the_database(void **state) {
    struct watching w = watch(&operator_, NULL);
    cJSON_Delete(next_event(&w, "snapshot", 5000));
    assert_false(degraded());
    assert_true(same_as_database());
    char *by_redis = at_some_moments();
    static const char *const shown[] = {"\"red\":", "\"yellow\":", "\"breach_120\":"};
    for (int i = 0; i < 3; i++) {
        bool any = false;
        for (const char *found = by_redis; (found = strstr(found, shown[i])); found++)
            any |= found[strlen(shown[i])] != '0';
        if (!any) fail_msg("%s is always 0", shown[i]);
    }
    fixture_redis_stop();
    cJSON *event = next_event(&w, "degraded", 10000);
    assert_non_null(event);
    assert_true(cJSON_IsTrue(at(event, "degraded")));
    cJSON_Delete(event);
    assert_true(degraded());
    char *by_database = at_some_moments();
    assert_string_equal(by_redis, by_database);
    free(by_redis);
    free(by_database);
    char *ticket = push_to("water", "断网时的诉求");
    EVENTUALLY(same_as_database());
    cJSON *queue = get(200, &water, "/api/v1/queues/water?limit=200");
    assert_true(cJSON_IsTrue(at(queue, "degraded")));
    bool listed = false;
    const cJSON *row;
    cJSON_ArrayForEach(row, at(queue, "tickets")) listed |= !strcmp(text_at(row, "number"), ticket);
    assert_true(listed);
    cJSON_Delete(queue);
    cJSON *status = get(200, &operator_, "/api/v1/status");
    assert_true(cJSON_IsTrue(at(status, "queues.degraded")));
    cJSON_Delete(status);
    fixture_redis_start();
    event = next_event(&w, "degraded", 20000);
    assert_non_null(event);
    assert_true(cJSON_IsFalse(at(event, "degraded")));
    cJSON_Delete(event);
    EVENTUALLY(!degraded() && same_as_database());
    watch_end(&w);
    free(ticket);
}

static void test_without_the_router_the_outcome_is_unknown(void **state) {
    char *ticket = push_to("water", "夜间施工");
    assert_int_equal(stop("router"), 0);
    struct answer away = act_keyed(ticket, "sign", &water, "k-away", "{}");
    assert_int_equal(away.status, 503);
    assert_non_null(strstr(away.text, "Retry-After: "));
    answer_done(&away);
    start("router", &router_service, "");
    wait_ready("router");
    EVENTUALLY(({
        struct answer again = act_keyed(ticket, "sign", &water, "k-away", "{}");
        int status = again.status;
        assert_true(status == 200 || status == 503);
        answer_done(&again);
        status == 200;
    }));
    cJSON *history = get(200, &water, "/api/v1/tickets/%s/history", ticket);
    assert_int_equal(cJSON_GetArraySize(at(history, "events")), 3);
    cJSON_Delete(history);
    EVENTUALLY(!degraded() && same_as_database());
    free(ticket);
}

static void test_people_stay_out_of_the_log(void **state) {
    char command[300];
    snprintf(command, sizeof command, "grep -l -E '19900001234|13812341234|测试人|欧阳某|水管爆裂' %s/*.log", run_dir);
    assert_int_not_equal(system(command), 0);
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
        cmocka_unit_test(test_the_stream_tells_what_changes),
        cmocka_unit_test(test_a_stream_ends_with_the_right_to_it),
        cmocka_unit_test(test_without_redis_the_numbers_come_from_the_database),
        cmocka_unit_test(test_without_the_router_the_outcome_is_unknown),
        cmocka_unit_test(test_people_stay_out_of_the_log),
    };
    return cmocka_run_group_tests(tests, setup, end);
}
