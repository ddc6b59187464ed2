/* Routing rules through the running whole: written down, checked, previewed, loaded; and what the preview named is exactly what then
 * moves. */
#define _GNU_SOURCE
#include "tests/unit/console_district.h"

#define TITLES                                                                                                         \
    "number,name,priority,matter,place,channels,keywords,hours,time,weekdays,target,assists,urgency,set_matter,from,"  \
    "to,enabled,note,version,source\n"

static cJSON *send_csv(int status, const char *path, const struct person *who, const char *text) {
    struct answer answer = ask_bytes("console", "POST", path, who, "Content-Type: text/csv\r\n", text, strlen(text));
    if (answer.status != status) fail_msg("%s: %d instead of %d: %.700s", path, answer.status, status, answer.body);
    cJSON *tree = answer.json;
    answer.json = NULL;
    answer_done(&answer);
    return tree;
}

static void refused(const char *row, const char *pointer, const char *detail) {
    char text[800];
    snprintf(text, sizeof text, TITLES "%s\n", row);
    cJSON *tree = send_csv(422, "/api/v1/admin/rules/import", &admin, text);
    assert_string_equal(text_at(tree, "errors.0.pointer"), pointer);
    if (!strstr(text_at(tree, "errors.0.detail"), detail)) fail_msg("%s: %s", row, text_at(tree, "errors.0.detail"));
    cJSON_Delete(tree);
}

static void test_every_mistake_of_a_file_is_told(void **state) {
    refused(",a,1,,,,,,,,nowhere,,,,,,,,,", "/rows/2/target", "nowhere");
    refused(",a,1,,,,,,,,,,,,,,,,,", "/rows/2/target", "@triage");
    refused(",a,1,9,,,,,,,water,,,,,,,,,", "/rows/2/matter", "digits");
    refused(",a,1,,,fax,,,,,water,,,,,,,,,", "/rows/2/channels", "one of: phone");
    refused(",a,1,,,,水,,,,water,,,,,,,,,", "/rows/2/keywords", "two characters");
    refused(",a,1,,,,,,9-5,,water,,,,,,,,,", "/rows/2/time", "22:00-06:00");
    refused(",a,1,,,,,,,0,water,,,,,,,,,", "/rows/2/weekdays", "1-5");
    refused(",a,1,,,,,sometimes,,,water,,,,,,,,,", "/rows/2/hours", "must be one of: working, out_of_hours");
    refused(",a,1,,,,,,,,center,,,,,,,,,", "/rows/2/target", "no tickets");
    refused(",a,1,,,,,,,,water,,,,2026-13-01,,,,,", "/rows/2/from", "date");
    refused(",a,1,none,,,,,,,@department,,,,,,,,,", "/rows/2/target", "set_matter");
    refused("1,a,1,,,,,,,,water,,,,,,,,,\n1,b,1,,,,,,,,water,,,,,,,,,", "/rows/3/number", "twice");
    assert_int_equal(sql_int("SELECT count(*) FROM routing_rule"), 0);
    cJSON *tree = send_csv(200, "/api/v1/admin/rules/import?dry_run=1", &admin, TITLES ",a,1,,,,,,,,water,,,,,,,,,\n");
    assert_int_equal(int_at(tree, "created"), 1);
    assert_int_equal(int_at(tree, "warning_count"), 1); /* it asks nothing */
    cJSON_Delete(tree);
    assert_int_equal(sql_int("SELECT count(*) FROM routing_rule"), 0);
}

static void test_only_the_system_administrator(void **state) {
    const struct person *others[] = {&operator_, &readonly, &security, &water, &street, &hotline};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        refuse(403, "GET", "/api/v1/rules", others[i], NULL);
        refuse(403, "POST", "/api/v1/rules", others[i], "{\"target\":\"water\"}");
        refuse(403, "POST", "/api/v1/rules/reroute", others[i], "{}");
    }
}

/* Made, changed with its version, disabled; every version stays; the export comes back unchanged. */
static void test_a_rule_and_its_versions(void **state) {
    cJSON *tree = want(200, "POST", "/api/v1/rules", &admin,
                       "{\"name\":\"夜间\",\"priority\":5,\"channels\":\"phone|web\",\"keywords\":\"噪音|噪聲+夜间\","
                       "\"time\":\"22:00-06:00\","
                       "\"weekdays\":\"1-5\",\"target\":\"@street\",\"assists\":\"urban|water\",\"urgency\":\"urgent\","
                       "\"from\":\"2027-01-01\",\"to\":\"2027-12-31\"}");
    char path[80], change[200];
    snprintf(path, sizeof path, "/api/v1/rules/%s", text_at(tree, "rules.0.number"));
    cJSON_Delete(tree);
    refuse(400, "POST", path, &admin, "{\"enabled\":\"no\"}");
    refuse(409, "POST", path, &admin, "{\"enabled\":\"no\",\"version\":\"7\"}");
    refuse(422, "POST", path, &admin, "{\"target\":\"nowhere\",\"version\":\"1\"}");
    refuse(422, "POST", "/api/v1/rules", &admin, "{\"number\":\"77\",\"target\":\"water\"}");
    refuse(404, "GET", "/api/v1/rules/999", &admin, NULL);
    cJSON_Delete(want(200, "POST", path, &admin, "{\"priority\":\"6\",\"version\":\"1\"}"));
    snprintf(change, sizeof change, "{\"enabled\":false,\"version\":\"2\"}");
    cJSON_Delete(want(200, "POST", path, &admin, change));
    tree = want(200, "GET", path, &admin, NULL);
    assert_string_equal(text_at(tree, "version"), "3");
    assert_string_equal(text_at(tree, "enabled"), "no");
    assert_string_equal(text_at(tree, "keywords"), "噪音|噪聲+夜间");
    assert_string_equal(text_at(tree, "weekdays"), "1|2|3|4|5");
    assert_string_equal(text_at(tree, "to"), "2027-12-31");
    assert_string_equal(text_at(tree, "assists"), "urban|water");
    assert_string_equal(text_at(tree, "author"), "system");
    assert_int_equal(cJSON_GetArraySize(at(tree, "versions")), 3);
    assert_string_equal(text_at(tree, "versions.2.priority"), "5");
    assert_string_equal(text_at(tree, "versions.2.version"), "1");
    assert_string_equal(text_at(tree, "versions.0.enabled"), "no");
    cJSON_Delete(tree);
    struct answer file = ask("GET", "/api/v1/admin/rules/export", &admin, NULL);
    assert_int_equal(file.status, 200);
    tree = send_csv(200, "/api/v1/admin/rules/import", &admin, file.body);
    assert_int_equal(int_at(tree, "updated"), 0);
    assert_string_equal(text_at(tree, "rules.0.change"), "unchanged");
    cJSON_Delete(tree);
    tree = send_csv(200, "/api/v1/admin/rules/import?dry_run=1", &admin, file.body);
    assert_true(cJSON_IsFalse(at(tree, "changed")));
    cJSON_Delete(tree);
    tree = want(200, "POST", "/api/v1/rules/1?dry_run=1", &admin, "{\"priority\":9,\"version\":\"3\"}");
    assert_true(cJSON_IsTrue(at(tree, "changed")));
    cJSON_Delete(tree);
    answer_done(&file);
}

/* Many at once with the same version: one of them is taken, the others are told that it has changed. */
static void test_racing_changes(void **state) {
    enum { RACERS = 6 };
    int fds[RACERS], taken = 0;
    char body[80];
    cJSON *tree = want(200, "GET", "/api/v1/rules/1", &admin, NULL);
    int version = atoi(text_at(tree, "version"));
    cJSON_Delete(tree);
    for (int i = 0; i < RACERS; i++) {
        int len = snprintf(body, sizeof body, "{\"priority\":\"%d\",\"version\":\"%d\"}", 20 + i, version);
        EVENTUALLY((fds[i] = connect_to("console")) >= 0);
        write_head(fds[i], "POST", "/api/v1/rules/1", &admin, JSON_TYPE, (size_t)len);
        write_all(fds[i], body, (size_t)len);
    }
    for (int i = 0; i < RACERS; i++) {
        struct answer answer = read_answer(fds[i]);
        close(fds[i]);
        if (answer.status != 200 && answer.status != 409) fail_msg("%d %.300s", answer.status, answer.body);
        taken += answer.status == 200;
        answer_done(&answer);
    }
    assert_int_equal(taken, 1);
    assert_int_equal(sql_int("SELECT version FROM routing_rule WHERE number = 1"), version + 1);
    snprintf(body, sizeof body, "{\"enabled\":\"no\",\"version\":%d}", version + 1);
    cJSON_Delete(want(200, "POST", "/api/v1/rules/1", &admin, body));
}

/* ---- preview, apply, compare ---- */

struct named {
    char ticket[24], version[12], unit[20];
    bool moves;
};

static int read_preview(const char *file, struct named *named, int max) {
    char path[300] = "/api/v1/rules/preview?limit=2";
    int count = 0;
    for (bool first = true;; first = false) {
        cJSON *page = send_csv(200, path, &admin, file);
        const cJSON *row;
        if (first) assert_int_equal(int_at(page, "of"), sql_int("SELECT count(*) FROM ticket"));
        cJSON_ArrayForEach(row, at(page, "tickets")) {
            assert_true(count < max);
            struct named *n = &named[count++];
            snprintf(n->ticket, sizeof n->ticket, "%s", text_at(row, "ticket"));
            snprintf(n->version, sizeof n->version, "%s", text_at(row, "version"));
            snprintf(n->unit, sizeof n->unit, "%s", cJSON_IsNull(at(row, "to")) ? "" : text_at(row, "to.code"));
            n->moves = cJSON_IsTrue(at(row, "moves"));
        }
        const cJSON *next = at(page, "next_cursor");
        bool more = cJSON_IsString(next);
        if (more) snprintf(path, sizeof path, "/api/v1/rules/preview?limit=2&cursor=%s", next->valuestring);
        cJSON_Delete(page);
        if (!more) return count;
    }
}

static const char *owner_of(const char *ticket) {
    static char owners[64][24];
    static unsigned turn;
    char *owner = owners[turn++ % 64];
    cJSON *tree = get(200, &operator_, "/api/v1/tickets/%s", ticket);
    snprintf(owner, sizeof owners[0], "%s", text_at(tree, "owner.code"));
    cJSON_Delete(tree);
    return owner;
}

/* Asks for what the preview named; signed, or decided by a person, it does not move. */
static void move(const struct named *named) {
    char body[200];
    struct answer answer;
    snprintf(body, sizeof body, "{\"ticket\":\"%.23s\",\"version\":\"%.11s\",\"unit\":\"%.19s\"}", named->ticket,
             named->version, named->unit);
    EVENTUALLY(({ /* the router reads the new rules within moments */
                  answer = ask("POST", "/api/v1/rules/reroute", &admin, body);
                  bool late = answer.status == 409 && strstr(answer.body, "ROUTED_ELSEWHERE");
                  if (late) answer_done(&answer);
                  !late;
    }));
    assert_int_equal(answer.status, named->moves ? 200 : 409);
    answer_done(&answer);
}

static void test_what_the_preview_names_is_what_moves(void **state) {
    char *offered = push_to("water", "三号楼水管爆裂"), *traditional = push_to("water", "三號樓水管爆裂"),
         *other = push_to("water", "井盖丢失"), *signed_ = push_to("water", "水管爆裂漏水"),
         *returned = push_to("water", "又是水管爆裂"), *elsewhere = push_to("municipal", "水管爆裂, 路面塌陷");
    char *nothing = strdup(ticket_of(push("\"title\":\"水管爆裂没人管\"")));
    char *recalled = push_to("water", "水管爆裂, 派错了"), *whole = push_to("water", "水管爆裂, 两件事");
    char *by_hand = strdup(ticket_of(push("\"title\":\"水管爆裂, 人工派\""))), split[24];
    done(200, signed_, "sign", &water, "{}");
    done(200, returned, "return", &water, "{\"reason\":\"not_our_duty\",\"basis\":\"三定方案\"}");
    done(200, elsewhere, "dispatch", &operator_, "{\"unit\":\"water\",\"reason\":\"先看水管\"}");
    done(200, recalled, "triage", &operator_, "{\"reason\":\"先收回\"}");
    cJSON *two = act(200, whole, "split", &operator_, "{\"reason\":\"两件事\"}");
    snprintf(split, sizeof split, "%s", text_at(two, "created"));
    cJSON_Delete(two);
    done(200, by_hand, "dispatch", &operator_, "{\"unit\":\"water\"}");
    char *all[] = {offered, traditional, other, signed_, returned, elsewhere, nothing, recalled, whole, split, by_hand};
    enum { ALL = sizeof all / sizeof all[0] };
    const char *before[ALL];
    for (int i = 0; i < ALL; i++) before[i] = owner_of(all[i]);
    assert_string_equal(before[6], "center");

    const char *file = TITLES ",爆管直派住建,50,,,,水管+爆裂,,,,housing,,,,,,,,,\n";
    struct named named[20];
    int count = read_preview(file, named, 20), moving = 0;
    assert_int_equal(count, 10); /* all but the manhole cover */
    assert_int_equal(sql_int("SELECT count(*) FROM routing_rule WHERE name = '爆管直派住建'"), 0);
    for (int i = 0; i < count; i++) {
        bool expected = !strcmp(named[i].ticket, offered) || !strcmp(named[i].ticket, traditional) ||
                        !strcmp(named[i].ticket, nothing) || !strcmp(named[i].ticket, whole);
        assert_true(named[i].moves == expected);
        assert_string_equal(named[i].unit, "housing");
        moving += named[i].moves;
    }
    assert_int_equal(moving, 4);

    /* loading moves nothing by itself (R17) */
    cJSON_Delete(send_csv(200, "/api/v1/admin/rules/import", &admin, file));
    for (int i = 0; i < ALL; i++) assert_string_equal(owner_of(all[i]), before[i]);
    for (int i = 0; i < count; i++) move(&named[i]);
    for (int i = 0; i < ALL; i++) {
        bool moves = i == 0 || i == 1 || i == 6 || i == 8;
        assert_string_equal(owner_of(all[i]), moves ? "housing" : before[i]);
    }
    cJSON *explained = get(200, &operator_, "/api/v1/tickets/%s/explain", traditional);
    assert_non_null(strstr(text_at(explained, "route.zh"), "号派单规则“爆管直派住建”"));
    assert_non_null(strstr(text_at(explained, "route.zh"), "若无规则则派给"));
    cJSON_Delete(explained);
    cJSON *history = get(200, &operator_, "/api/v1/tickets/%s/history", nothing);
    assert_string_equal(text_at(history, "events.2.event"), "dispatched");
    cJSON_Delete(history);
    /* and what comes in now goes there at once, whichever way it is written */
    EVENTUALLY(({
        char *now = push_to("water", "水管又爆裂了，ＱＱ群里都在说");
        bool there = !strcmp(owner_of(now), "housing");
        free(now);
        there;
    }));
    count = read_preview(file, named, 20); /* at most what came in before intake had read them */
    for (int i = 0; i < count; i++) move(&named[i]);
    assert_int_equal(read_preview(file, named, 20), 0); /* the same once more would change nothing */
    for (int i = 0; i < ALL; i++)
        if (all[i] != split) free(all[i]);
}

/* Rules loaded without the step leave tickets where they were; the next preview names these too, and the step moves them. */
static void test_what_an_earlier_change_left_behind(void **state) {
    char *left = push_to("water", "排污口异味");
    const char *file = TITLES ",异味归城管,40,,,,排污口+异味,,,,urban,,,,,,,,,\n";
    struct named named[20];
    cJSON_Delete(send_csv(200, "/api/v1/admin/rules/import", &admin, file));
    assert_int_equal(read_preview(file, named, 20), 1);
    assert_string_equal(named[0].ticket, left);
    assert_string_equal(named[0].unit, "urban");
    assert_true(named[0].moves);
    assert_string_equal(owner_of(left), "water");
    free(left);
}

/* Accepted while the router was away, and intake forgot it meanwhile: the sweep, which reads the words itself, goes by the same rules. */
static void test_the_sweep_goes_by_the_rules_too(void **state) {
    char number[24], path[80];
    assert_int_equal(stop("router"), 0);
    snprintf(number, sizeof number, "%s", push("\"title\":\"又一处水管爆裂\""));
    assert_int_equal(stop("intake"), 0);
    start("router", &router_service, "");
    wait_ready("router");
    snprintf(path, sizeof path, "/api/v1/requests/%s", number);
    EVENTUALLY(({
        cJSON *followed = want(200, "GET", path, &operator_, NULL);
        bool has = text_at(followed, "ticket.number")[0] != 0;
        snprintf(number, sizeof number, "%s", text_at(followed, "ticket.number"));
        cJSON_Delete(followed);
        has;
    }));
    assert_string_equal(owner_of(number), "housing");
    start("intake", &intake_service, "");
    wait_ready("intake");
}

static void test_words_through_the_rules(void **state) {
    cJSON *tree = want(200, "POST", "/api/v1/rules/test", &admin, "{\"title\":\"水管爆裂\",\"channel\":\"phone\"}");
    assert_string_equal(text_at(tree, "unit.code"), "housing");
    assert_non_null(strstr(text_at(tree, "route.en"), "routing rule"));
    cJSON_Delete(tree);
    tree = want(200, "POST", "/api/v1/rules/test", &admin, "{\"title\":\"别的\",\"at\":\"2026-11-21T09:30:00+08:00\"}");
    assert_true(cJSON_IsNull(at(tree, "unit")));
    cJSON_Delete(tree);
    refuse(422, "POST", "/api/v1/rules/test", &admin, "{\"title\":\"x\",\"place\":\"nowhere\"}");
}

/* Two returns, an adjudication: its answer holds a rule ready to be taken, and so does the administrator's list, until it is. */
static void test_an_adjudication_offers_a_rule(void **state) {
    char *ticket = push_to("water", "雨水倒灌"), path[80], note[200];
    done(200, ticket, "return", &water, "{\"reason\":\"not_our_duty\",\"basis\":\"三定方案\"}");
    done(200, ticket, "dispatch", &operator_, "{\"unit\":\"municipal\",\"reason\":\"改派\"}");
    done(200, ticket, "return", &municipal, "{\"reason\":\"not_our_duty\",\"basis\":\"三定方案\"}");
    cJSON *decided = act(200, ticket, "adjudicate", &operator_, "{\"unit\":\"urban\",\"reason\":\"按职责划分\"}");
    assert_string_equal(text_at(decided, "rule_draft.target"), "urban");
    assert_string_equal(text_at(decided, "rule_draft.matter"), matter_of("water"));
    snprintf(note, sizeof note, "%s", text_at(decided, "rule_draft.note"));
    assert_non_null(strstr(note, ticket));
    cJSON_Delete(decided);
    cJSON *drafts = want(200, "GET", "/api/v1/rules/drafts", &admin, NULL);
    assert_string_equal(text_at(drafts, "drafts.0.ticket"), ticket);
    cJSON *draft = cJSON_Duplicate(at(drafts, "drafts.0.rule_draft"), true);
    cJSON_Delete(drafts);
    char *body = cJSON_PrintUnformatted(draft);
    cJSON *taken = want(200, "POST", "/api/v1/rules", &admin, body);
    snprintf(path, sizeof path, "/api/v1/rules/%s", text_at(taken, "rules.0.number"));
    cJSON_Delete(taken);
    taken = want(200, "GET", path, &admin, NULL);
    assert_string_equal(text_at(taken, "note"), note);
    cJSON_Delete(taken);
    drafts = want(200, "GET", "/api/v1/rules/drafts", &admin, NULL);
    assert_int_equal(cJSON_GetArraySize(at(drafts, "drafts")), 0);
    cJSON_Delete(drafts);
    EVENTUALLY(({
        char *next_one = push_to("water", "别的事");
        bool there = !strcmp(owner_of(next_one), "urban");
        free(next_one);
        there;
    }));
    free(body);
    cJSON_Delete(draft);
    free(ticket);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_mistake_of_a_file_is_told),
        cmocka_unit_test(test_only_the_system_administrator),
        cmocka_unit_test(test_a_rule_and_its_versions),
        cmocka_unit_test(test_racing_changes),
        cmocka_unit_test(test_what_the_preview_names_is_what_moves),
        cmocka_unit_test(test_what_an_earlier_change_left_behind),
        cmocka_unit_test(test_the_sweep_goes_by_the_rules_too),
        cmocka_unit_test(test_words_through_the_rules),
        cmocka_unit_test(test_an_adjudication_offers_a_rule),
    };
    return cmocka_run_group_tests(tests, setup, end);
}
