/* What the tests of tickets and of the live stream share: the demo district, people of every kind, pushing and acting. */
#ifndef TESTS_UNIT_CONSOLE_DISTRICT_H
#define TESTS_UNIT_CONSOLE_DISTRICT_H

#include "tests/unit/console_fixture.h"

static struct person security, admin, hotline, operator_, readonly, street, grid, water, municipal;
static int pushed;

static inline int setup(void **state) {
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
static inline const char *push(const char *more) {
    static char number[24], body[1000];
    snprintf(body, sizeof body, "{\"source\":\"hotline-12345\",\"external_id\":\"t-%d\",%s}", ++pushed, more);
    struct answer answer;
    EVENTUALLY(({ /* the door hears of a new source within moments */
                  answer = ask_bytes("intake", "POST", "/api/v1/requests", &hotline, JSON_TYPE, body, strlen(body));
                  bool early = answer.status == 403;
                  if (early) answer_done(&answer);
                  !early;
    }));
    if (answer.status != 201) fail_msg("push: %d %.400s", answer.status, answer.body);
    snprintf(number, sizeof number, "%s", text_at(answer.json, "number"));
    answer_done(&answer);
    return number;
}

static inline const char *ticket_of(const char *request) {
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
static inline const char *matter_of(const char *department) {
    static char text[200], sql_text[200];
    snprintf(sql_text, sizeof sql_text,
             "SELECT m.code FROM matter m JOIN unit u ON u.id = m.department WHERE u.code = '%s' AND m.start = 7 AND "
             "cardinality(m.assists) = 0 "
             "ORDER BY m.code LIMIT 1",
             department);
    snprintf(text, sizeof text, "%06lld", (long long)sql_int(sql_text));
    return text;
}

static inline char *push_to(const char *department, const char *title) {
    char more[300];
    snprintf(more, sizeof more,
             "\"matter\":\"%s\",\"title\":\"%s\",\"requester\":{\"name\":\"测试人\",\"phone\":\"19900001234\"}",
             matter_of(department), title);
    return strdup(ticket_of(push(more)));
}

static inline cJSON *act(int status, const char *ticket, const char *command, const struct person *who,
                         const char *json) {
    char path[120];
    snprintf(path, sizeof path, "/api/v1/tickets/%s/%s", ticket, command);
    return want(status, "POST", path, who, json);
}

static inline void done(int status, const char *ticket, const char *command, const struct person *who,
                        const char *json) {
    cJSON_Delete(act(status, ticket, command, who, json));
}

static inline cJSON *get(int status, const struct person *who, const char *format, ...) {
    char path[300];
    va_list list;
    va_start(list, format);
    vsnprintf(path, sizeof path, format, list);
    va_end(list);
    return want(status, "GET", path, who, NULL);
}

static inline struct answer act_keyed(const char *ticket, const char *command, const struct person *who,
                                      const char *key, const char *json) {
    char path[120], more[200];
    snprintf(path, sizeof path, "/api/v1/tickets/%s/%s", ticket, command);
    snprintf(more, sizeof more, JSON_TYPE "Idempotency-Key: %s\r\n", key);
    return ask_bytes("console", "POST", path, who, more, json, strlen(json));
}

#endif
