/* Signing in and what ends it; administrators and what they may not; tokens; the audit behind all of it. */
#define _GNU_SOURCE
#include "tests/unit/console_fixture.h"

#include "services/console/delays.h"

static struct person security, admin;

static int setup(void **state) {
    begin("session_idle = 20m\nsession_idle_field = 40m\nsession_max = 50m\n", false);
    wait_ready("console");
    security = set_up();
    make_user(&security, "system", "admin_system", NULL);
    admin = must_sign_in("system");
    import_district(&admin);
    make_user(&security, "operator", "operator", "center");
    make_user(&security, "water-1", "department", "water");
    make_user(&security, "audit", "admin_audit", NULL);
    return 0;
}

static void test_a_session_says_who_it_is(void **state) {
    struct person water = must_sign_in("water-1");
    cJSON *who = want(200, "GET", "/api/v1/session", &water, NULL);
    assert_string_equal(text_at(who, "user"), "water-1");
    assert_string_equal(text_at(who, "role"), "department");
    assert_string_equal(text_at(who, "unit.code"), "water");
    assert_string_equal(text_at(who, "csrf"), water.csrf);
    assert_int_equal(int_at(who, "idle_s"), 20 * 60);
    assert_in_range(int_at(who, "left_s"), 49 * 60, 50 * 60);
    cJSON_Delete(who);
    refuse(204, "DELETE", "/api/v1/session", &water, NULL);
    refuse(401, "GET", "/api/v1/session", &water, NULL);
    assert_int_equal(
        sql_int("SELECT count(*) FROM session s JOIN account a ON a.id = s.account WHERE login = 'water-1'"), 0);
}

static void test_the_cookie_is_as_safe_as_a_cookie_can_be(void **state) {
    struct answer answer =
        ask("POST", "/api/v1/session", &nobody, "{\"user\":\"operator\",\"password\":\"" SECRET "\"}");
    char *cookie = strstr(answer.text, "Set-Cookie: ");
    assert_non_null(cookie);
    cookie[strcspn(cookie, "\r")] = 0;
    assert_true(strncmp(cookie, "Set-Cookie: __Host-paidan=pdsess_", 33) == 0);
    for (const char *const *part =
             (const char *const[]){"; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict", NULL};
         *part; part++)
        assert_non_null(strstr(cookie, *part));
    assert_null(strstr(cookie, "Domain"));
    answer_done(&answer);
}

static void test_an_unsafe_request_needs_the_token_and_the_origin(void **state) {
    struct person operator= must_sign_in("operator"), forged = operator;
    forged.csrf[0] ^= 1;
    refuse(403, "DELETE", "/api/v1/session", &forged, NULL);
    forged.csrf[0] = 0;
    refuse(403, "DELETE", "/api/v1/session", &forged, NULL);
    static const char *const elsewhere[] = {"Origin: https://evil.test\r\n", "Origin: null\r\n",
                                            "Sec-Fetch-Site: cross-site\r\n",
                                            "Origin: http://paidan.test\r\nSec-Fetch-Site: same-site\r\n"};
    for (int i = 0; i < 4; i++) {
        struct answer answer = ask_bytes("console", "DELETE", "/api/v1/session", &operator, elsewhere[i], "", 0);
        assert_int_equal(answer.status, 403);
        answer_done(&answer);
        answer = ask_bytes("console", "POST", "/api/v1/session", &nobody, elsewhere[i], "", 0);
        assert_int_equal(answer.status, 403);
        answer_done(&answer);
    }
    refuse(200, "GET", "/api/v1/session", &operator, NULL);
    struct answer answer =
        ask_bytes("console", "DELETE", "/api/v1/session", &operator, "Origin: http://paidan.test\r\n", "", 0);
    assert_int_equal(answer.status, 204);
    answer_done(&answer);
}

static void test_wrong_passwords_wait_longer_and_nobody_is_locked_out(void **state) {
    struct person person;
    int refused = 0, delayed = 0;
    for (int i = 0; i < (int)DELAYS_LOGIN.pair_free + 2; i++) {
        struct answer answer =
            ask("POST", "/api/v1/session", &nobody, "{\"user\":\"nobody-at-all\",\"password\":\"wrong\"}");
        refused += answer.status == 401;
        delayed += answer.status == 429 && strstr(answer.text, "Retry-After: ") != NULL;
        answer_done(&answer);
    }
    assert_int_equal(refused, (int)DELAYS_LOGIN.pair_free);
    assert_int_equal(delayed, 2);
    assert_true(sign_in("operator", SECRET, &person)); /* the same source, another account */
    for (int i = 0; i < (int)DELAYS_LOGIN.pair_free; i++) assert_false(sign_in("audit", "wrong-one", &person));
    assert_false(sign_in("audit", SECRET, &person)); /* right, but too soon */
    usleep(1100 * 1000);
    assert_true(sign_in("audit", SECRET, &person));
    assert_int_equal(sql_int("SELECT failures FROM account WHERE login = 'audit'"), 0);
    assert_true(sql_int("SELECT count(*) FROM audit WHERE action = 'login' AND outcome = 'refused'") >=
                2 * (int)DELAYS_LOGIN.pair_free);
}

static void test_who_is_disabled_is_out_at_once(void **state) {
    make_user(&security, "leaver", "street", "s1");
    struct person leaver = must_sign_in("leaver");
    assert_int_equal(sql_int("SELECT staffed::int FROM unit WHERE code = 's1'"), 1);
    refuse(200, "GET", "/api/v1/session", &leaver, NULL);
    refuse(204, "DELETE", "/api/v1/admin/users/leaver", &security, NULL);
    refuse(401, "GET", "/api/v1/session", &leaver, NULL);
    assert_false(sign_in("leaver", SECRET, &leaver));
    assert_int_equal(sql_int("SELECT staffed::int FROM unit WHERE code = 's1'"), 0);
    refuse(200, "POST", "/api/v1/admin/users/leaver", &security, "{\"disabled\":false}");
    assert_true(sign_in("leaver", SECRET, &leaver));
}

static void test_a_session_ends_by_idling_and_by_age(void **state) {
    make_user(&security, "idler", "street", "s2");
    make_user(&security, "worker", "street", "s2");
    make_user(&security, "walker", "grid_worker", "g10101");
    struct person idler = must_sign_in("idler"), worker = must_sign_in("worker"), walker = must_sign_in("walker");
    for (int minutes = 15; minutes <= 45; minutes += 15) {
        assert_int_equal(clock_set_offset(clock_path, minutes * 60000LL), ERR_NONE);
        usleep((WHO_REMEMBER_MS + 200) * 1000);
        refuse(200, "GET", "/api/v1/session", &worker, NULL);
        if (minutes == 30) refuse(200, "GET", "/api/v1/session", &walker, NULL); /* a phone may lie in a pocket */
        usleep(200 * 1000); /* that it was seen is noted behind the answer */
    }
    refuse(401, "GET", "/api/v1/session", &idler, NULL);
    assert_int_equal(clock_set_offset(clock_path, 51 * 60000LL), ERR_NONE);
    usleep((WHO_REMEMBER_MS + 200) * 1000);
    refuse(401, "GET", "/api/v1/session", &worker, NULL);
    assert_int_equal(clock_set_offset(clock_path, 0), ERR_NONE);
    security = must_sign_in("security");
    admin = must_sign_in("system");
}

static void test_administrators_are_apart(void **state) {
    struct person audit = must_sign_in("audit"), operator= must_sign_in("operator");
    refuse(403, "GET", "/api/v1/admin/users", &admin, NULL);
    refuse(403, "GET", "/api/v1/admin/users", &audit, NULL);
    refuse(403, "GET", "/api/v1/admin/users", &operator, NULL);
    refuse(401, "GET", "/api/v1/admin/users", &nobody, NULL);
    refuse(403, "GET", "/api/v1/audit", &security, NULL);
    refuse(200, "GET", "/api/v1/audit", &audit, NULL);
    refuse(403, "GET", "/api/v1/queues", &security, NULL);
    refuse(403, "GET", "/api/v1/tickets", &admin, NULL);
    refuse(409, "DELETE", "/api/v1/admin/users/security", &security, NULL); /* not oneself */
    refuse(409, "POST", "/api/v1/admin/users/security", &security, "{\"role\":\"admin_system\"}");
    EVENTUALLY(sql_int("SELECT count(*) FROM audit WHERE outcome = 'role'") >= 6); /* nobody waits for these rows */
}

static void test_what_an_account_must_be(void **state) {
    static const char *const bad[] = {
        "{\"user\":\"x y\",\"role\":\"street\",\"unit\":\"s1\"}",
        "{\"user\":\"xy\",\"role\":\"boss\",\"unit\":\"s1\"}",
        "{\"user\":\"xy\",\"role\":\"street\",\"unit\":\"water\"}",
        "{\"user\":\"xy\",\"role\":\"street\"}",
        "{\"user\":\"xy\",\"role\":\"system\",\"unit\":\"center\"}",
        "{\"user\":\"xy\",\"role\":\"integration\"}",
        "{\"user\":\"xy\",\"role\":\"street\",\"unit\":\"s1\",\"password\":\"short\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuse(422, "POST", "/api/v1/admin/users", &security, bad[i]);
    static const char *const malformed[] = {
        "{\"user\":\"xy\",\"rolle\":\"street\"}",
        "{\"user\":\"xy\"}",
        "{\"user\":null,\"role\":\"street\"}",
        "{\"user\":7,\"role\":\"street\",\"unit\":\"s1\"}",
        "{\"user\":\"xy\",\"role\":[\"street\"],\"unit\":\"s1\"}",
        "{\"user\":\"xy\",\"role\":\"street\",\"unit\":{}}",
        "[]",
    };
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        refuse(400, "POST", "/api/v1/admin/users", &security, malformed[i]);
    cJSON *boss = want(422, "POST", "/api/v1/admin/users", &security, bad[1]);
    assert_non_null(strstr(text_at(boss, "errors.0.detail"), "must be one of: operator, supervisor, street"));
    cJSON_Delete(boss);
    refuse(409, "POST", "/api/v1/admin/users", &security,
           "{\"user\":\"operator\",\"role\":\"street\",\"unit\":\"s1\"}");
    cJSON *made =
        want(201, "POST", "/api/v1/admin/users", &security, "{\"user\":\"made\",\"role\":\"street\",\"unit\":\"s3\"}");
    struct person person;
    assert_true(sign_in("made", text_at(made, "password"), &person));
    cJSON_Delete(made);
    cJSON *list = want(200, "GET", "/api/v1/admin/users?limit=2", &security, NULL);
    assert_int_equal(cJSON_GetArraySize(at(list, "users")), 2);
    char path[200];
    snprintf(path, sizeof path, "/api/v1/admin/users?limit=2&cursor=%s", text_at(list, "next_cursor"));
    cJSON_Delete(list);
    list = want(200, "GET", path, &security, NULL);
    assert_string_equal(text_at(list, "users.0.user"), "operator");
    cJSON_Delete(list);
}

static cJSON *load_people(int status, const struct person *who, const char *rows) {
    char text[600];
    snprintf(text, sizeof text, "user,role,unit,rank,from,to,quiet\n%s", rows);
    struct answer answer = import_bytes(who, "people", "", text, strlen(text));
    if (answer.status != status) fail_msg("%d instead of %d: %.400s", answer.status, status, answer.body);
    cJSON *tree = answer.json;
    answer.json = NULL;
    answer_done(&answer);
    return tree;
}

/* By no door can the last security administrator be lost: nobody could make another. */
static void test_a_security_administrator_stays(void **state) {
    static const char *const rows[] = {"security,operator,center,,,,\n", "security,admin_system,,,,,\n",
                                       "security,admin_security,center,,,2027-12-31,\n"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cJSON *tree = load_people(422, &security, rows[i]);
        assert_string_equal(text_at(tree, "errors.0.pointer"), "/rows/2/role");
        assert_non_null(strstr(text_at(tree, "errors.0.detail"), "their own role"));
        cJSON_Delete(tree);
    }
    make_user(&security, "security-2", "admin_security", NULL);
    struct person second = must_sign_in("security-2");
    cJSON_Delete(load_people(200, &second, "security,admin_security,,,,,\n")); /* as it is */
    cJSON_Delete(want(200, "POST", "/api/v1/admin/users/security-2", &security, "{\"disabled\":true}"));
    assert_int_equal(sql_int("SELECT count(*) FROM account WHERE role = 9 AND NOT disabled"), 1);
}

/* Some clients send {} with every POST. */
static void test_where_nothing_is_taken_nothing_may_be_said(void **state) {
    refuse(204, "POST", "/api/v1/admin/figures/restart", &admin, NULL);
    refuse(204, "POST", "/api/v1/admin/figures/restart", &admin, "{}");
    refuse(204, "POST", "/api/v1/admin/figures/restart", &admin, " {} ");
    cJSON *tree = want(400, "POST", "/api/v1/admin/figures/restart", &admin, "{\"now\":true}");
    assert_non_null(strstr(text_at(tree, "detail"), "send no body, or {}"));
    cJSON_Delete(tree);
    refuse(400, "POST", "/api/v1/admin/figures/restart", &admin, "[]");
    refuse(404, "POST", "/api/v1/admin/deadletters/77/replay", &admin, "{}");
}

static void test_tokens(void **state) {
    struct person token = make_token(&security, "reader", "readonly", NULL, NULL), wrong = token;
    refuse(200, "GET", "/api/v1/queues", &token, NULL);
    wrong.token[20] ^= 1;
    refuse(401, "GET", "/api/v1/queues", &wrong, NULL);
    refuse(422, "POST", "/api/v1/admin/tokens", &security, "{\"name\":\"t\",\"role\":\"admin_security\"}");
    refuse(422, "POST", "/api/v1/admin/tokens", &security, "{\"name\":\"t\",\"role\":\"integration\"}");
    refuse(422, "POST", "/api/v1/admin/tokens", &security,
           "{\"name\":\"t\",\"role\":\"readonly\",\"expires_at\":\"2020-01-01T00:00:00Z\"}");
    refuse(409, "POST", "/api/v1/admin/tokens", &security, "{\"name\":\"reader\",\"role\":\"readonly\"}");
    refuse(204, "DELETE", "/api/v1/admin/tokens/reader", &security, NULL);
    refuse(404, "DELETE", "/api/v1/admin/tokens/nobodys", &security, NULL);
    int64_t until = clock_monotonic_ms() + 5000;
    for (int status = 200; status == 200; usleep(100 * 1000)) {
        struct answer answer = ask("GET", "/api/v1/queues", &token, NULL);
        status = answer.status;
        answer_done(&answer);
        assert_true(clock_monotonic_ms() < until);
    }
    assert_int_equal(sql_int("SELECT count(*) FROM token WHERE hash::text LIKE '%pdapi%'"), 0);
}

static void test_endpoints(void **state) {
    static const char *const bad[] = {
        "{\"name\":\"e\",\"url\":\"ftp://x/\",\"unit\":\"water\"}",
        "{\"name\":\"e\",\"url\":\"http://u:p@x/\",\"unit\":\"water\"}",
        "{\"name\":\"e\",\"url\":\"http:///x\",\"unit\":\"water\"}",
        "{\"name\":\"e\",\"url\":\"https://x/\"}",
        "{\"name\":\"e\",\"url\":\"https://x/\",\"unit\":\"water\",\"source\":\"hotline-12345\"}",
        "{\"name\":\"e\",\"url\":\"https://x/\",\"unit\":\"water\",\"events\":[\"exploded\"]}",
        "{\"name\":\"e\",\"url\":\"https://127.1/\",\"unit\":\"water\"}",
        "{\"name\":\"e\",\"url\":\"https://x:25/\",\"unit\":\"water\"}",
        "{\"name\":\"e\",\"url\":\"https://10.1.2.3/\",\"unit\":\"water\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuse(422, "POST", "/api/v1/admin/endpoints", &admin, bad[i]);
    cJSON *made =
        want(201, "POST", "/api/v1/admin/endpoints", &admin,
             "{\"name\":\"hook\",\"url\":\"https://x.test/h\",\"unit\":\"water\",\"events\":[\"signed\",\"closed\"]}");
    assert_true(strncmp(text_at(made, "secret"), "whsec_", 6) == 0);
    cJSON_Delete(made);
    assert_int_equal(sql_int("SELECT count(*) FROM endpoint WHERE encode(secret_sealed, 'escape') LIKE '%whsec%'"), 0);
    cJSON *list = want(200, "GET", "/api/v1/admin/endpoints", &admin, NULL);
    assert_string_equal(text_at(list, "endpoints.0.events.1"), "closed");
    assert_null(at(list, "endpoints.0.secret"));
    cJSON_Delete(list);
    refuse(204, "POST", "/api/v1/admin/endpoints/hook", &admin, "{\"paused\":true}");
    assert_int_equal(sql_int("SELECT paused::int FROM endpoint"), 1);
    refuse(204, "DELETE", "/api/v1/admin/endpoints/hook", &admin, NULL);
    refuse(404, "DELETE", "/api/v1/admin/endpoints/hook", &admin, NULL);
}

static void test_private_networks_take_a_second_person_and_are_narrow(void **state) {
    static const char *const bad[] = {"0.0.0.0/0", "10.0.0.0/8", "10.1.0.1/16",    "8.8.8.0/24", "169.254.169.254",
                                      "::/0",      "fd00::/8",   "::ffff:0:0/100", "fe80::/64",  "nowhere"};
    char body[80];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(body, sizeof body, "{\"cidr\":\"%s\"}", bad[i]);
        refuse(422, "POST", "/api/v1/admin/networks", &security, body);
    }
    refuse(403, "POST", "/api/v1/admin/networks", &admin, "{\"cidr\":\"10.1.0.0/16\"}");
    refuse(403, "POST", "/api/v1/admin/endpoints", &security,
           "{\"name\":\"e\",\"url\":\"https://x/\",\"unit\":\"water\"}");
    refuse(201, "POST", "/api/v1/admin/networks", &security, "{\"cidr\":\"10.1.0.0/16\"}");
    refuse(201, "POST", "/api/v1/admin/endpoints", &admin,
           "{\"name\":\"inside\",\"url\":\"https://10.1.2.3/\",\"unit\":\"water\"}");
    refuse(422, "POST", "/api/v1/admin/endpoints/inside", &admin, "{\"url\":\"https://10.2.2.3/\"}");
    refuse(204, "POST", "/api/v1/admin/endpoints/inside", &admin, "{\"url\":\"https://10.1.2.4/\"}");
    refuse(204, "DELETE", "/api/v1/admin/endpoints/inside", &admin, NULL);
    refuse(201, "POST", "/api/v1/admin/networks", &security, "{\"cidr\":\"fd12:3456:789a::/48\"}");
    cJSON *list = want(200, "GET", "/api/v1/admin/networks", &security, NULL);
    assert_string_equal(text_at(list, "networks.0.cidr"), "10.1.0.0/16");
    cJSON_Delete(list);
    refuse(204, "DELETE", "/api/v1/admin/networks?cidr=fd12:3456:789a::/48", &security, NULL);
    refuse(204, "DELETE", "/api/v1/admin/networks?cidr=10.1.0.0/16", &security, NULL);
    assert_int_equal(sql_int("SELECT count(*) FROM approved_network"), 0);
}

/* What `paidan verify` finds, the audit administrator sees too; nobody else is told. */
static void test_the_audit_chain(void **state) {
    struct person audit = must_sign_in("audit");
    refuse(403, "GET", "/api/v1/audit/chain", &security, NULL);
    refuse(400, "GET", "/api/v1/audit/chain?cursor=mine", &audit, NULL);
    cJSON *chain = want(200, "GET", "/api/v1/audit/chain", &audit, NULL);
    assert_int_equal(cJSON_GetArraySize(at(chain, "damages")), 0);
    assert_true(atoll(text_at(chain, "to")) <=
                atoll(text_at(chain, "head.id"))); /* refusals are written down meanwhile */
    assert_true(cJSON_IsTrue(at(chain, "head.fits")) && cJSON_IsNull(at(chain, "next_cursor")));
    cJSON_Delete(chain);
    sql("BEGIN; CREATE TABLE audit_kept AS SELECT * FROM audit WHERE id IN (2, 4); UPDATE audit SET outcome = 'else' "
        "WHERE id = 2;"
        "DELETE FROM audit WHERE id = 4; COMMIT");
    chain = want(200, "GET", "/api/v1/audit/chain", &audit, NULL);
    assert_string_equal(text_at(chain, "damages.0.id"), "2");
    assert_string_equal(text_at(chain, "damages.1.id"), "4"); /* gone */
    assert_string_equal(text_at(chain, "damages.2.id"), "5"); /* fits what is gone */
    cJSON_Delete(chain);
    sql("BEGIN; DELETE FROM audit WHERE id = 2; INSERT INTO audit SELECT * FROM audit_kept; DROP TABLE audit_kept; "
        "COMMIT");
    chain = want(200, "GET", "/api/v1/audit/chain", &audit, NULL);
    assert_int_equal(cJSON_GetArraySize(at(chain, "damages")), 0);
    cJSON_Delete(chain);
}

/* ---- every role at every door ------------------------------------------------------------------------------------ */

static void fill_path(const char *path, const char *command, char *ret_path, size_t size) {
    static const struct {
        const char *name, *value;
    } values[] = {{"{unit}", "water"}, {"{user}", "nobody-here"}, {"{name}", "nothing-here"}, {"{id}", "1"}};
    const char *number = strstr(path, "/tickets/") ? "T20200101010000001" : "R20200101000000001";
    size_t used = 0;
    for (const char *from = path; *from;) {
        const char *value = NULL;
        size_t len = *from == '{' ? strcspn(from, "}") + 1 : 1;
        if (!strncmp(from, "{number}", 8)) value = number;
        if (!strncmp(from, "{command}", 9)) value = command;
        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
            if (!strncmp(from, values[i].name, strlen(values[i].name))) value = values[i].value;
        used += (size_t)snprintf(ret_path + used, size - used, "%.*s", value ? (int)strlen(value) : 1,
                                 value ? value : from);
        from += len;
    }
}

/* The parameters that must be given ("name!"), with a value that is none: without them nobody is asked who he is. */
static void fill_query(const char *names, char *ret_path, size_t size) {
    size_t used = strlen(ret_path);
    for (const char *at = names ? names : "", *end; *at; at = end + strspn(end, " ")) {
        end = at + strcspn(at, " ");
        if (end[-1] == '!')
            used += (size_t)snprintf(ret_path + used, size - used, "%c%.*s=0", strchr(ret_path, '?') ? '&' : '?',
                                     (int)(end - at) - 1, at);
    }
}

/* Default deny: 403 exactly where the table says none, whatever comes behind the door otherwise. */
static void knock(const struct person *who, int role, const struct door *door, const char *command) {
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    char path[200];
    int action = door_action(door, command);
    bool may = access_scope(role, action) != SCOPE_NONE;
    if (may && strstr(door->path, "/stream")) return; /* it would not end */
    if (may && strstr(door->path, "/session")) return;
    fill_path(door->path, command, path, sizeof path);
    fill_query(door->query, path, sizeof path);
    struct answer answer = ask(methods[door->method], path, who, NULL);
    bool denied = answer.status == 403;
    if (denied == may || answer.status == 401 || answer.status == 500)
        fail_msg("%s %s %s: %d %.200s", word_text(WORDS_role, role), methods[door->method], path, answer.status,
                 answer.body);
    answer_done(&answer);
}

static void test_every_role_at_every_door(void **state) {
    static const struct {
        int role;
        const char *unit;
    } roles[] = {{ROLE_OPERATOR, "center"},   {ROLE_SUPERVISOR, "d1"},      {ROLE_STREET, "s1"},
                 {ROLE_COMMUNITY, "c101"},    {ROLE_GRID_WORKER, "g10101"}, {ROLE_DEPARTMENT, "water"},
                 {ROLE_INTEGRATION, NULL},    {ROLE_READONLY, NULL},        {ROLE_ADMIN_SYSTEM, NULL},
                 {ROLE_ADMIN_SECURITY, NULL}, {ROLE_ADMIN_AUDIT, NULL}};
    size_t door_count, knocks = 0;
    const struct door *doors = doors_all(&door_count);
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        char name[60];
        snprintf(name, sizeof name, "all-%s", word_text(WORDS_role, roles[i].role));
        bool administrator = roles[i].role >= ROLE_ADMIN_SYSTEM && roles[i].role <= ROLE_ADMIN_AUDIT;
        if (administrator) make_user(&security, name, word_text(WORDS_role, roles[i].role), NULL);
        struct person who = administrator
                                ? must_sign_in(name)
                                : make_token(&security, name, word_text(WORDS_role, roles[i].role), roles[i].unit,
                                             roles[i].role == ROLE_INTEGRATION ? "hotline-12345" : NULL);
        for (size_t d = 0; d < door_count; d++) {
            if (doors[d].action <= 0 && doors[d].action != DOOR_COMMAND) continue;
            for (int command = 1; doors[d].action == DOOR_COMMAND && command < COMMAND_COUNT; command++, knocks++)
                knock(&who, roles[i].role, &doors[d], word_text(WORDS_command_name, command));
            if (doors[d].action == DOOR_COMMAND) continue;
            knock(&who, roles[i].role, &doors[d], "");
            knocks++;
        }
    }
    print_message("%zu cases\n", knocks);
    assert_true(knocks > 1000);
}

/* The chain as anybody can recompute it, and the door to it: the function alone. */
static void test_the_audit_is_a_chain(void **state) {
    assert_int_equal(
        sql_int(
            "SELECT count(*) FROM audit a LEFT JOIN audit b ON b.id = a.id - 1 WHERE a.hash <> sha256(coalesce(b.hash, "
            "decode(repeat('00', 32), 'hex')) || audit_record(a.id, a.at, a.user_id, a.role, a.unit, a.action, "
            "a.object, "
            "a.outcome, a.detail))"),
        0);
    assert_int_equal(sql_int("SELECT (h.id = (SELECT max(id) FROM audit) AND h.id = (SELECT count(*) FROM audit) AND "
                             "h.hash = (SELECT hash "
                             "FROM audit ORDER BY id DESC LIMIT 1))::int FROM audit_head h"),
                     1);
    struct db_blocking *console;
    assert_int_equal(db_blocking_open(conninfo_as("paidan_console"), 5000, &console), ERR_NONE);
    static const char *const forbidden[] = {
        "UPDATE audit SET outcome = 'ok'", "DELETE FROM audit", "INSERT INTO audit SELECT * FROM audit",
        "UPDATE audit_head SET id = 0",    "TRUNCATE audit",    "DROP TABLE audit"};
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        assert_int_equal(db_script_blocking(console, forbidden[i]), ERR_REFUSED);
        assert_string_equal(db_blocking_sqlstate(console), "42501");
    }
    db_blocking_close(&console);
}

static void test_no_secret_is_stored(void **state) {
    assert_int_equal(sql_int("SELECT count(*) FROM account WHERE password LIKE '%" SECRET "%'"), 0);
    assert_int_equal(sql_int("SELECT count(*) FROM account WHERE password NOT LIKE '$argon2id$%'"), 0);
    assert_int_equal(sql_int("SELECT count(*) FROM audit WHERE detail::text LIKE '%" SECRET "%'"), 0);
    char command[300];
    snprintf(command, sizeof command, "grep -q -e '%s' -e pdsess_ -e pdapi_ %s/console.log", SECRET, run_dir);
    assert_int_not_equal(system(command), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_session_says_who_it_is),
        cmocka_unit_test(test_the_cookie_is_as_safe_as_a_cookie_can_be),
        cmocka_unit_test(test_an_unsafe_request_needs_the_token_and_the_origin),
        cmocka_unit_test(test_wrong_passwords_wait_longer_and_nobody_is_locked_out),
        cmocka_unit_test(test_who_is_disabled_is_out_at_once),
        cmocka_unit_test(test_a_session_ends_by_idling_and_by_age),
        cmocka_unit_test(test_administrators_are_apart),
        cmocka_unit_test(test_what_an_account_must_be),
        cmocka_unit_test(test_a_security_administrator_stays),
        cmocka_unit_test(test_where_nothing_is_taken_nothing_may_be_said),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_endpoints),
        cmocka_unit_test(test_private_networks_take_a_second_person_and_are_narrow),
        cmocka_unit_test(test_the_audit_chain),
        cmocka_unit_test(test_every_role_at_every_door),
        cmocka_unit_test(test_the_audit_is_a_chain),
        cmocka_unit_test(test_no_secret_is_stored),
    };
    return cmocka_run_group_tests(tests, setup, end);
}
