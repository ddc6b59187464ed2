/* The organisation through the real services: what is exported comes back as no change; people hold posts; units merge on their
 * effective date, also after an outage, and their tickets follow. Time is moved by the test. */
#define _GNU_SOURCE
#include <time.h>

#include "tests/unit/console_district.h"

#include "services/escalation/escalation.h"
#include "services/notification/notification.h"

enum { MINUTE_MS = 60000 };

static int64_t offset_ms;

static int setup_all(void **state) {
    setup(state);
    start("escalation", &escalation_service, "");
    start("notification", &notification_service, "");
    wait_ready("escalation");
    wait_ready("notification");
    return 0;
}

static void pass_minutes(int minutes) {
    offset_ms += (int64_t)minutes * MINUTE_MS;
    assert_int_equal(clock_set_offset(clock_path, offset_ms), ERR_NONE);
}

/* "2026-11-22 10:30", local, so many minutes from now. */
static const char *in_minutes(int minutes) {
    static char texts[4][CLOCK_TEXT_BYTES];
    static int next;
    char *text = texts[next++ % 4];
    clock_format((int64_t)time(NULL) * 1000 + offset_ms + (int64_t)minutes * MINUTE_MS, text);
    text[10] = ' ';
    text[16] = 0;
    return text;
}

static const struct person *loader_of(const char *kind) {
    return strcmp(kind, "people") ? &admin : &security;
}

static cJSON *load(int status, const char *kind, const char *query, const char *text) {
    struct answer answer = import_bytes(loader_of(kind), kind, query, text, strlen(text));
    if (answer.status != status) show_log("console");
    if (answer.status != status) fail_msg("%s: %d instead of %d: %.600s", kind, answer.status, status, answer.body);
    cJSON *tree = answer.json;
    answer.json = NULL;
    answer_done(&answer);
    return tree;
}

static void taken(const char *kind, const char *text) {
    cJSON_Delete(load(200, kind, "", text));
}

static void refused(const char *kind, const char *text, const char *pointer, const char *detail) {
    cJSON *tree = load(422, kind, "?dry_run=1", text);
    assert_string_equal(text_at(tree, "errors.0.pointer"), pointer);
    if (!strstr(text_at(tree, "errors.0.detail"), detail))
        fail_msg("\"%s\" does not say \"%s\"", text_at(tree, "errors.0.detail"), detail);
    cJSON_Delete(tree);
}

static bool would_change(const char *kind, const char *text) {
    cJSON *tree = load(200, kind, "?dry_run=1", text);
    const cJSON *changed = at(tree, "changed");
    assert_true(cJSON_IsBool(changed));
    bool yes = cJSON_IsTrue(changed);
    cJSON_Delete(tree);
    return yes;
}

#define PEOPLE "user,role,unit,rank,from,to,quiet\n"
#define ORDERS "unit,change,target,at,reason\n"
#define ROSTER "unit,from,to,person\n"

static void test_people_hold_posts(void **state) {
    SHOWS("W7");
    refused("people", PEOPLE "li,department,water,chief,,,\n", "/rows/2/rank", "chief");
    refused("people", PEOPLE "li,department,water,,2026-13-01,,\n", "/rows/2/from", "2026-13-01");
    refused("people", PEOPLE "li,department,water,,,,25:00-07:00\n", "/rows/2/quiet", "22:00-07:00");
    refused("people", PEOPLE "li,department,water,,,,\nli,department,water,leader,,,\n", "/rows/3/user", "twice");
    refused("people", PEOPLE "li,admin_system,center,,,,\nli,operator,center,,,,\n", "/rows/3/role", "one post alone");
    taken("people",
          PEOPLE "water-1,department,water,leader,,,22:00-07:00\n"
                 "water-1,department,housing,member,2026-01-01,2027-12-31,\nli,department,parks,deputy,,,\n"
                 "water-2,department,water,member,,2026-12-31,\nwater-2,department,parks,member,2027-01-01,,\n");
    assert_int_equal(
        sql_int("SELECT count(*) FROM post p JOIN account a ON a.id = p.account WHERE a.login = 'water-1'"), 2);
    assert_int_equal(
        sql_int("SELECT count(*) FROM account a JOIN unit u ON u.id = a.unit WHERE a.login = 'water-1' AND "
                "u.code = 'water'"),
        1);
    assert_int_equal(sql_int("SELECT count(*) FROM unit WHERE staffed AND code IN ('water', 'housing', 'parks')"), 3);
}

static void test_rosters(void **state) {
    SHOWS("W9");
    refused("roster", ROSTER "water,2026-12-01 08:00,2026-12-01 07:00,water-1\n", "/rows/2/to", "after");
    refused("roster", ROSTER "water,2026-12-01 08:00,2026-12-01 20:00,nobody\n", "/rows/2/person", "nobody");
    /* of another unit; and only until the end of the year: the ladder would tell somebody who may not open the ticket */
    refused("roster", ROSTER "water,2026-12-01 08:00,2026-12-01 20:00,li\n", "/rows/2/person",
            "row 2, person: \"li\" holds no post in water during this shift; it could be water-1");
    refused("roster", ROSTER "water,2026-12-31 20:00,2027-01-01 08:00,water-2\n", "/rows/2/person", "water-1");
    refused("roster", ROSTER "market,2026-12-01 08:00,2026-12-01 20:00,li\n", "/rows/2/person",
            "give one in people.csv");
    refused("roster", ROSTER "center,2026-12-01 08:00,2026-12-01 20:00,system\n", "/rows/2/person",
            "no post in center");
    assert_true(would_change("roster", ROSTER "water,2026-11-01 08:00,2026-11-01 20:00,li\n")); /* it is over */
    refused("roster",
            ROSTER "water,2026-12-01 08:00,2026-12-01 20:00,water-1\nwater,2026-12-01 19:00,2026-12-02,water-1\n",
            "/rows/3/from", "overlaps");
    taken("roster",
          ROSTER "water,2026-12-01 08:00,2026-12-01 20:00,water-1\nwater,2026-12-01 20:00,2026-12-02 08:00,water-2\n");
    assert_int_equal(sql_int("SELECT count(*) FROM roster"), 2);
    assert_true(would_change("roster", ROSTER "water,2026-12-01 08:00,2026-12-01 20:00,water-1\n"));
}

/* Export, then a dry run of the same: no change; for every table of reference data. */
static void test_what_is_exported_is_no_change(void **state) {
    static const char *const kinds[] = {"calendars", "policies", "units",  "areas",  "matters",     "admission",
                                        "places",    "sources",  "people", "roster", "organisation"};
    char orders[200];
    snprintf(orders, sizeof orders, ORDERS "c101,move,s2,%s,调整辖区\n", in_minutes(100000));
    taken("organisation", orders);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char path[80];
        snprintf(path, sizeof path, "/api/v1/admin/%s/export", kinds[i]);
        struct answer file = ask("GET", path, loader_of(kinds[i]), NULL);
        assert_int_equal(file.status, 200);
        if (would_change(kinds[i], file.body))
            fail_msg("%s: the export would change something:\n%.800s", kinds[i], file.body);
        answer_done(&file);
    }
    assert_true(would_change("sources", "code,channel,name_zh,name_en\nhotline-12345,phone,别的名称,Other\n"));
    assert_true(would_change("people", PEOPLE "water-1,department,water,deputy,,,\n"));
    assert_true(would_change("organisation", ORDERS));
    assert_int_equal(sql_int("SELECT count(*) FROM source WHERE name_en = 'Other'"), 0);
    taken("organisation", ORDERS); /* taken back */
    assert_int_equal(sql_int("SELECT count(*) FROM unit_change WHERE applied_at = 0"), 0);
}

static void owner_is(const char *ticket, const char *unit) {
    EVENTUALLY(({
        cJSON *tree = get(200, &operator_, "/api/v1/tickets/%s", ticket);
        bool is = !strcmp(text_at(tree, "owner.code"), unit);
        cJSON_Delete(tree);
        is;
    }));
}

/* A dry run tells what would come of it: tickets, units below, matters, people; and what could not be put in force is refused. */
static void test_a_dry_run_tells_what_would_come(void **state) {
    SHOWS("W5 W6 L43");
    char text[600];
    char *one = push_to("transport", "演出扰民"), *two = push_to("transport", "书屋漏雨"),
         *other = push_to("market", "短斤少两");
    done(200, other, "add_assist", &operator_, "{\"units\":[\"transport\"],\"reason\":\"共同处置\"}");
    int64_t events = sql_int("SELECT count(*) FROM event");
    snprintf(text, sizeof text, ORDERS "transport,merge,water,%s,合并\nc201,move,s1,%s,调整\nmarket,close,,%s,撤销\n",
             in_minutes(90000), in_minutes(90001), in_minutes(90002));
    cJSON *tree = load(200, "organisation", "?dry_run=1", text);
    assert_int_equal(cJSON_GetArraySize(at(tree, "consequences")), 3);
    assert_int_equal(int_at(tree, "consequences.0.tickets"), 3); /* as lead twice, as assist once */
    assert_string_equal(text_at(tree, "consequences.0.first_tickets.0"), one);
    assert_true(cJSON_IsTrue(at(tree, "consequences.0.by_command")));
    assert_true(int_at(tree, "consequences.0.matters") > 0);
    assert_non_null(strstr(text_at(tree, "consequences.0.en"), "3 open tickets follow"));
    assert_non_null(strstr(text_at(tree, "consequences.0.zh"), "在办工单 3 张随之转办"));
    assert_true(cJSON_IsFalse(at(tree, "consequences.1.by_command")));
    assert_true(int_at(tree, "consequences.1.children") > 2);
    assert_non_null(strstr(text_at(tree, "consequences.1.first_children.0"), "g201"));
    assert_int_equal(int_at(tree, "consequences.2.tickets"), 1);
    assert_string_equal(text_at(tree, "consequences.2.first_tickets.0"), other);
    assert_int_equal(int_at(tree, "warning_count"), 0);
    cJSON_Delete(tree);
    snprintf(text, sizeof text, ORDERS "transport,merge,water,%s,合并\n", in_minutes(-60));
    tree = load(200, "organisation", "?dry_run=1", text);
    assert_string_equal(text_at(tree, "warnings.0.en"),
                        "the date in row 2 has passed: it is put in force as soon as the file is loaded");
    assert_true(cJSON_IsTrue(at(tree, "consequences.0.at_once")));
    cJSON_Delete(tree);
    refused("organisation", ORDERS "transport,merge,water,2031-01-01,x\nwater,merge,transport,2031-01-02,x\n",
            "/rows/3/target", "merged or closed by row 2");
    refused("organisation", ORDERS "water,merge,market,2031-01-02,x\nmarket,close,,2031-01-01,x\n", "/rows/2/target",
            "by row 3");
    refused("organisation", ORDERS "s3,close,,2031-01-01,x\n", "/rows/2/unit", "still open (such as c301)");
    refused("organisation", ORDERS "c101,move,s2,2031-01-01,x\nc101,close,,2031-01-02,x\n", "/rows/3/unit",
            "still open");
    assert_int_equal(sql_int("SELECT count(*) FROM event"), events); /* nothing happened */
    assert_int_equal(sql_int("SELECT count(*) FROM unit_change WHERE applied_at = 0"), 0);
    done(200, one, "void", &operator_, "{\"reason\":\"试\"}");
    done(200, two, "void", &operator_, "{\"reason\":\"试\"}");
    done(200, other, "void", &operator_, "{\"reason\":\"试\"}");
    free(one);
    free(two);
    free(other);
}

static void test_units_merge_on_their_date(void **state) {
    SHOWS("W5 W6");
    char orders[400];
    char *ticket = push_to("water", "管道漏水");
    done(200, ticket, "sign", &water, "{}");
    refused("organisation", ORDERS "water,merge,s1,2026-12-01,x\n", "/rows/2/target", "another kind");
    refused("organisation", ORDERS "d1,close,,2026-12-01,x\n", "/rows/2/change", "district");
    refused("organisation", ORDERS "c101,move,g10101,2026-12-01,x\n", "/rows/2/target", "below");
    refused("organisation", ORDERS "water,merge,municipal,tomorrow,x\n", "/rows/2/at", "tomorrow");
    snprintf(orders, sizeof orders, ORDERS "water,merge,municipal,%s,区编办〔2026〕3 号\n", in_minutes(5));
    cJSON *ahead = load(200, "organisation", "?dry_run=1", orders);
    assert_true(cJSON_IsTrue(at(ahead, "changed")));
    int expected = int_at(ahead, "consequences.0.tickets");
    assert_true(expected >= 1);
    cJSON_Delete(ahead);
    taken("organisation", orders);
    owner_is(ticket, "water");
    assert_int_equal(sql_int("SELECT count(*) FROM unit WHERE closed AND code = 'water'"), 0);
    pass_minutes(6);
    owner_is(ticket, "municipal");
    char followed[100];
    snprintf(followed, sizeof followed, "SELECT count(DISTINCT ticket) FROM event WHERE type = %d", EVENT_FOLLOWED);
    EVENTUALLY(sql_int(followed) >= expected);
    assert_int_equal(sql_int(followed), expected); /* just those the dry run counted */
    cJSON *history = get(200, &operator_, "/api/v1/tickets/%s/history", ticket);
    char *text = cJSON_PrintUnformatted(history);
    if (!strstr(text, "\"followed\"") || !strstr(text, "区编办〔2026〕3 号")) fail_msg("%.1500s", text);
    free(text);
    cJSON_Delete(history);
    assert_int_equal(
        sql_int("SELECT count(*) FROM unit u JOIN unit p ON p.id = u.parent WHERE u.code = 'water' AND u.closed AND "
                "p.code = 'municipal'"),
        1);
    assert_int_equal(sql_int("SELECT count(*) FROM matter m JOIN unit u ON u.id = m.department WHERE u.code = 'water'"),
                     0);
    assert_int_equal(
        sql_int("SELECT count(*) FROM account a JOIN unit u ON u.id = a.unit WHERE a.login = 'water-1' AND u.code = "
                "'municipal'"),
        1);
    done(200, ticket, "contact", &municipal, "{\"note\":\"已联系\"}"); /* it is as it was: signed */
    free(ticket);
}

/* Nobody was there on the date: the change is put in force when the service is back, and the ticket follows then. */
static void test_after_an_outage(void **state) {
    SHOWS("W6");
    char orders[400];
    char *ticket = push_to("market", "缺斤短两");
    assert_int_equal(stop("escalation"), 0);
    snprintf(orders, sizeof orders, ORDERS "market,close,,%s,职能取消\n", in_minutes(5));
    taken("organisation", orders);
    pass_minutes(30);
    assert_int_equal(sql_int("SELECT count(*) FROM unit WHERE closed AND code = 'market'"), 0);
    start("escalation", &escalation_service, "");
    owner_is(ticket, "center");
    assert_int_equal(sql_int("SELECT count(*) FROM unit_change WHERE outcome = 'applied'"), 2);
    cJSON *tree = get(200, &operator_, "/api/v1/tickets/%s", ticket);
    assert_string_equal(text_at(tree, "state"), "TRIAGE");
    cJSON_Delete(tree);
    tree = get(200, &admin, "/api/v1/admin/organisation");
    assert_string_equal(text_at(tree, "changes.0.outcome.code"), "applied");
    assert_string_equal(text_at(tree, "changes.0.outcome.zh"), "已执行");
    cJSON_Delete(tree);
    free(ticket);
}

static cJSON *notices_of(const struct person *who, const char *query) {
    char path[80];
    snprintf(path, sizeof path, "/api/v1/notices%s", query);
    return want(200, "GET", path, who, NULL);
}

/* A supervision is a notice to the unit's desk; whoever marks it first has read it for all. SHOWS("D11") */
static void test_notices(void **state) {
    char *ticket = push_to("transport", "站牌歪斜"), body[80];
    make_user(&security, "transport-1", "department", "transport");
    make_user(&security, "transport-2", "department", "transport");
    struct person first = must_sign_in("transport-1"), second = must_sign_in("transport-2");
    make_user(&security, "chief", "supervisor", "d1");
    struct person chief = must_sign_in("chief");
    done(200, ticket, "supervise", &chief, "{\"note\":\"今日回复\"}");
    EVENTUALLY(({
        cJSON *tree = notices_of(&first, "?unread=1");
        bool there = int_at(tree, "unread") == 1;
        cJSON_Delete(tree);
        there;
    }));
    cJSON *tree = notices_of(&first, "");
    assert_string_equal(text_at(tree, "notices.0.event"), "supervised");
    assert_string_equal(text_at(tree, "notices.0.ticket"), ticket);
    snprintf(body, sizeof body, "{\"ids\":[\"%s\"]}", text_at(tree, "notices.0.id"));
    cJSON_Delete(tree);
    cJSON_Delete(want(200, "POST", "/api/v1/notices/read", &chief, body)); /* not the chief's: nothing is marked */
    tree = notices_of(&second, "?unread=1");
    assert_int_equal(int_at(tree, "unread"), 1);
    cJSON_Delete(tree);
    cJSON *marked = want(200, "POST", "/api/v1/notices/read", &second, body);
    assert_int_equal(int_at(marked, "marked"), 1);
    cJSON_Delete(marked);
    tree = notices_of(&first, "?unread=1");
    assert_int_equal(int_at(tree, "unread"), 0);
    cJSON_Delete(tree);
    refuse(403, "GET", "/api/v1/notices", &admin, NULL);
    free(ticket);
}

/* Away with somebody standing in, who may act in that post meanwhile and not afterwards; the desk is handed over with a note. */
static void test_standing_in_and_handing_over(void **state) {
    SHOWS("W8 W9");
    struct person first = must_sign_in("transport-1"), second = must_sign_in("transport-2"),
                  street_1 = must_sign_in("street-1");
    char body[300], from[CLOCK_TEXT_BYTES], to[CLOCK_TEXT_BYTES];
    int64_t now = (int64_t)time(NULL) * 1000 + offset_ms;
    clock_format(now - MINUTE_MS, from);
    clock_format(now + 10 * MINUTE_MS, to);
    refuse(422, "POST", "/api/v1/absences", &first, "{\"from\":\"x\",\"to\":\"y\"}");
    snprintf(body, sizeof body, "{\"from\":\"%s\",\"to\":\"%s\",\"stand_in\":\"nobody\"}", from, to);
    refuse(422, "POST", "/api/v1/absences", &first, body);
    snprintf(body, sizeof body, "{\"from\":\"%s\",\"to\":\"%s\",\"stand_in\":\"street-1\",\"reason\":\"培训\"}", from,
             to);
    refuse(409, "POST", "/api/v1/session/post", &street_1, "{\"unit\":\"transport\",\"role\":\"department\"}");
    cJSON_Delete(want(201, "POST", "/api/v1/absences", &first, body));
    cJSON *posts = want(200, "GET", "/api/v1/session/posts", &street_1, NULL);
    assert_string_equal(text_at(posts, "posts.1.unit.code"), "transport");
    assert_string_equal(text_at(posts, "posts.1.for"), "transport-1");
    cJSON_Delete(posts);
    cJSON_Delete(
        want(204, "POST", "/api/v1/session/post", &street_1, "{\"unit\":\"transport\",\"role\":\"department\"}"));
    cJSON *duty = want(200, "GET", "/api/v1/duty", &street_1, NULL);
    assert_string_equal(text_at(duty, "unit.code"), "transport");
    cJSON_Delete(duty);
    static const char *const takers[] = {"nobody", "street-1", "operator"}; /* none, oneself, of another unit */
    for (int i = 0; i < 3; i++) {
        snprintf(body, sizeof body, "{\"note\":\"两件待回访\",\"to\":\"%s\"}", takers[i]);
        cJSON *refused = want(422, "POST", "/api/v1/duty/handover", &street_1, body);
        assert_string_equal(text_at(refused, "errors.0.pointer"), "/to");
        cJSON_Delete(refused);
    }
    refuse(404, "POST", "/api/v1/duty/handovers/4711/take", &street_1, NULL);
    assert_int_equal(sql_int("SELECT count(*) FROM audit WHERE action IN ('hand_over', 'take_over')"), 0);
    cJSON *made =
        want(201, "POST", "/api/v1/duty/handover", &street_1, "{\"note\":\"两件待回访\",\"to\":\"transport-2\"}");
    snprintf(body, sizeof body, "/api/v1/duty/handovers/%s/take", text_at(made, "id"));
    cJSON_Delete(made);
    refuse(404, "POST", body, &street_1, NULL); /* not by who gave it */
    cJSON_Delete(want(204, "POST", body, &second, NULL));
    duty = want(200, "GET", "/api/v1/duty?unit=transport", &second, NULL);
    assert_string_equal(text_at(duty, "handovers.0.taker"), "transport-2");
    assert_int_equal(int_at(duty, "handovers.0.open"), 1);
    cJSON_Delete(duty);
    refuse(404, "GET", "/api/v1/duty?unit=parks", &second, NULL);
    pass_minutes(12);
    EVENTUALLY(sql_int("SELECT count(*) FROM account a JOIN unit u ON u.id = a.unit WHERE a.login = 'street-1' AND "
                       "u.code = 's1'") == 1);
}

/* Whoever is away does not staff the unit; who stands in does. */
static void test_away_is_not_staffed(void **state) {
    SHOWS("W8");
    assert_int_equal(sql_int("SELECT count(*) FROM unit WHERE staffed AND code = 'parks'"), 1);
    int64_t from = (int64_t)time(NULL) * 1000 + offset_ms;
    char text[400];
    snprintf(text, sizeof text,
             "INSERT INTO absence (account, from_at, to_at) SELECT id, %lld, %lld FROM account WHERE login = 'li'; "
             "UPDATE world SET version = version + 1",
             (long long)from + 5 * MINUTE_MS, (long long)from + 60 * MINUTE_MS);
    sql(text);
    assert_int_equal(sql_int("SELECT count(*) FROM unit WHERE staffed AND code = 'parks'"), 1);
    pass_minutes(6);
    EVENTUALLY(sql_int("SELECT count(*) FROM unit WHERE staffed AND code = 'parks'") == 0);
    sql("UPDATE absence SET stand_in = (SELECT id FROM account WHERE login = 'street-1'); "
        "UPDATE world SET version = version + 1");
    EVENTUALLY(sql_int("SELECT count(*) FROM unit WHERE staffed AND code = 'parks'") == 1);
    pass_minutes(60);
    sql("DELETE FROM absence; UPDATE world SET version = version + 1");
}

/* Whether the router goes by the reference data as they are: it says so in its log. */
static bool router_knows(void) {
    char path[200], *text;
    size_t len;
    long version = 0;
    snprintf(path, sizeof path, "%s/router.log", run_dir);
    assert_int_equal(file_read(path, 16 << 20, &text, &len), ERR_NONE);
    for (const char *at = text; (at = strstr(at, "\"reference_loaded\",\"version\":")); at++)
        version = strtol(at + strlen("\"reference_loaded\",\"version\":"), NULL, 10);
    free(text);
    return version == sql_int("SELECT version FROM world");
}

/* Whom the latest rung of this kind told, "user as"; "" before it is reached. */
static const char *told_of(const char *ticket, const char *rung) {
    static char text[120];
    cJSON *history = get(200, &operator_, "/api/v1/tickets/%s/history", ticket);
    const cJSON *event;
    text[0] = 0;
    cJSON_ArrayForEach(event, at(history, "events")) {
        if (strcmp(text_at(event, "event"), "rung") || strcmp(text_at(event, "rung.code"), rung)) continue;
        snprintf(text, sizeof text, "%s %s", text_at(event, "told.0.user"), text_at(event, "told.0.as.code"));
    }
    cJSON_Delete(history);
    return text;
}

/* Somebody on the roster is transferred: the next rung tells who is there, not who may not open the ticket any more. */
static void test_a_post_that_ends_ends_the_shift(void **state) {
    SHOWS("W9 D9");
    char roster[200], more[300];
    security = must_sign_in("security"); /* an hour has passed */
    admin = must_sign_in("system");
    make_user(&security, "parks-1", "department", "parks");
    snprintf(roster, sizeof roster, ROSTER "parks,%s,%s,parks-1\n", in_minutes(-10), in_minutes(600));
    taken("roster", roster);
    snprintf(more, sizeof more, "\"matter\":\"%s\",\"urgency\":\"danger\",\"title\":\"大树倒伏\"", matter_of("parks"));
    char *ticket = strdup(ticket_of(push(more)));
    EVENTUALLY(router_knows());
    pass_minutes(26); /* of the 30 to sign: urged */
    EVENTUALLY(*told_of(ticket, "urge"));
    assert_string_equal(told_of(ticket, "urge"), "parks-1 on_duty");
    cJSON *duty = get(200, &operator_, "/api/v1/duty?unit=parks");
    assert_true(cJSON_IsTrue(at(duty, "shifts.0.has_post")));
    cJSON_Delete(duty);
    cJSON_Delete(want(200, "POST", "/api/v1/admin/users/parks-1", &security, "{\"unit\":\"housing\"}"));
    EVENTUALLY(({
        duty = get(200, &operator_, "/api/v1/duty?unit=parks");
        bool over = cJSON_IsFalse(at(duty, "shifts.0.has_post"));
        cJSON_Delete(duty);
        over;
    }));
    EVENTUALLY(router_knows());
    pass_minutes(5); /* too late */
    EVENTUALLY(*told_of(ticket, "warning"));
    assert_string_equal(told_of(ticket, "warning"), " desk");
    free(ticket);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_people_hold_posts),
        cmocka_unit_test(test_rosters),
        cmocka_unit_test(test_what_is_exported_is_no_change),
        cmocka_unit_test(test_a_dry_run_tells_what_would_come),
        cmocka_unit_test(test_units_merge_on_their_date),
        cmocka_unit_test(test_notices),
        cmocka_unit_test(test_standing_in_and_handing_over),
        cmocka_unit_test(test_after_an_outage),
        cmocka_unit_test(test_away_is_not_staffed),
        cmocka_unit_test(test_a_post_that_ends_ends_the_shift),
    };
    return cmocka_run_group_tests(tests, setup_all, end);
}
