/* What the tests of common/db.h share: a connection to a private server, and what became of each group. */
#ifndef TESTS_UNIT_DB_FIXTURE_H
#define TESTS_UNIT_DB_FIXTURE_H

#include "common/db_blocking.h"
#include "common/loop.h"
#include "tests/fixture.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PATIENCE_MS = 20 * 1000 };

static struct loop *loop;
static struct db *db;
static struct db_blocking *admin;
static char conninfo[256];

/* ---- what tests share -------------------------------------------------------------------------------------------- */

static struct {
    int up, down;
    enum err err;
    char message[256];
} state;

static inline void on_state(void *context, struct db *which, enum err err, const char *message) {
    if (err == ERR_NONE)
        state.up++;
    else
        state.down++;
    state.err = err;
    snprintf(state.message, sizeof state.message, "%s", message);
}

struct outcome {
    bool ended;
    int order;
    enum err err;
    char sqlstate[6], message[256];
    int failed_call;
    int64_t rows, first;
    char text[64];
};
static int ended_count;

static inline void keep(void *context, const struct db_reply *reply) {
    struct outcome *outcome = context;
    assert_false(outcome->ended);
    outcome->ended = true;
    outcome->order = ended_count++;
    outcome->err = reply->err;
    outcome->failed_call = reply->failed_call;
    strcpy(outcome->sqlstate, reply->sqlstate);
    snprintf(outcome->message, sizeof outcome->message, "%s", reply->message);
    if (reply->err != ERR_NONE) return;
    const struct db_result *last = reply->results[reply->call_count - 1];
    outcome->rows = db_affected(last);
    if (db_rows(last) > 0 && db_columns(last) > 0) {
        size_t length;
        const char *text = db_get_text(last, 0, 0, &length);
        snprintf(outcome->text, sizeof outcome->text, "%s", text != NULL ? text : "NULL");
    }
}

static inline void wait_until(const bool *flag) {
    int64_t until = clock_monotonic_ms() + PATIENCE_MS;
    while (!*flag && clock_monotonic_ms() < until) loop_turn(loop, 100);
    assert_true(*flag);
}

static inline void wait_up(void) {
    int64_t until = clock_monotonic_ms() + PATIENCE_MS;
    while (!db_is_up(db) && clock_monotonic_ms() < until) loop_turn(loop, 50);
    assert_true(db_is_up(db));
}

static inline void sql(const char *text) {
    if (db_script_blocking(admin, text) != ERR_NONE) fail_msg("%s: %s", text, db_blocking_message(admin));
}

static inline int64_t ask(const char *text) {
    struct db_result *result;
    if (db_run_blocking(admin, text, NULL, &result) != ERR_NONE) fail_msg("%s: %s", text, db_blocking_message(admin));
    int64_t value = db_get_int(result, 0, 0);
    db_result_free(&result);
    return value;
}

static inline struct outcome send(enum db_group_kind kind, const struct db_statement *const *statements,
                                  int64_t timeout_ms) {
    struct db_group *group = db_group_new();
    struct outcome outcome = {0};
    db_group_begin(group, kind);
    for (int i = 0; statements[i] != NULL; i++) db_group_add(group, statements[i]);
    db_send(db, group, timeout_ms, keep, &outcome);
    assert_false(outcome.ended);
    wait_until(&outcome.ended);
    db_group_free(&group);
    return outcome;
}
#define STATEMENTS(...)                                                                                                \
    (const struct db_statement *const[]) {                                                                             \
        __VA_ARGS__, NULL                                                                                              \
    }

static const struct db_statement ONE = {"one", "SELECT 'one'::text"};
static const struct db_statement INSERT_1 = {"insert_1", "INSERT INTO thing VALUES (1)"};
static const struct db_statement INSERT_2 = {"insert_2", "INSERT INTO thing VALUES (2)"};
static const struct db_statement BY_ZERO = {"by_zero", "SELECT 1 / 0"};
static const struct db_statement SLEEP_5 = {"sleep_5", "SELECT pg_sleep(5)::text"};
static const struct db_statement RAW_BEGIN = {"raw_begin", "BEGIN"};
static const struct db_statement RAW_COMMIT = {"raw_commit", "COMMIT"};

static inline struct db_options options(void) {
    return (struct db_options){.conninfo = conninfo, .application_name = "test", .on_state = on_state};
}

static inline int setup(void **unused) {
    strcpy(conninfo, fixture_database("test"));
    assert_int_equal(db_blocking_open(conninfo, PATIENCE_MS, &admin), ERR_NONE);
    sql("CREATE TABLE thing (id int8 PRIMARY KEY)");
    memset(&state, 0, sizeof state);
    loop = loop_new();
    struct db_options wanted = options();
    db = db_new(loop, &wanted);
    wait_up();
    return 0;
}

static inline int teardown(void **unused) {
    db_free(&db);
    loop_free(&loop);
    db_blocking_close(&admin);
    return 0;
}

#endif
