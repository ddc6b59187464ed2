/* common/db.h and db_blocking.h against a real server: parameters and results, transactions, and every way to lose one. */
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

static void on_state(void *context, struct db *which, enum err err, const char *message) {
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

static void keep(void *context, const struct db_reply *reply) {
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

static void wait_until(const bool *flag) {
    int64_t until = clock_monotonic_ms() + PATIENCE_MS;
    while (!*flag && clock_monotonic_ms() < until) loop_turn(loop, 100);
    assert_true(*flag);
}

static void wait_up(void) {
    int64_t until = clock_monotonic_ms() + PATIENCE_MS;
    while (!db_is_up(db) && clock_monotonic_ms() < until) loop_turn(loop, 50);
    assert_true(db_is_up(db));
}

static void sql(const char *text) {
    if (db_script_blocking(admin, text) != ERR_NONE) fail_msg("%s: %s", text, db_blocking_message(admin));
}

static int64_t ask(const char *text) {
    struct db_result *result;
    if (db_run_blocking(admin, text, NULL, &result) != ERR_NONE) fail_msg("%s: %s", text, db_blocking_message(admin));
    int64_t value = db_get_int(result, 0, 0);
    db_result_free(&result);
    return value;
}

static struct outcome send(enum db_group_kind kind, const struct db_statement *const *statements, int64_t timeout_ms) {
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

static struct db_options options(void) {
    return (struct db_options){.conninfo = conninfo, .application_name = "test", .on_state = on_state};
}

static int setup(void **unused) {
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

static int teardown(void **unused) {
    db_free(&db);
    loop_free(&loop);
    db_blocking_close(&admin);
    return 0;
}

/* ---- blocking ---------------------------------------------------------------------------------------------------- */

static void blocking_carries_every_type(void **unused) {
    struct db_call *call = db_call_new();
    db_set_bool(call, 1, true);
    db_set_int2(call, 2, -2);
    db_set_int4(call, 3, -70000);
    db_set_int8(call, 4, INT64_MIN);
    db_set_float8(call, 5, -0.1);
    db_set_text(call, 6, "路灯不亮", strlen("路灯不亮"));
    db_set_bytes(call, 7, "\0\xff\x01", 3);
    db_set_string(call, 8, NULL);
    db_set_text(call, 9, "", 0);
    db_set_null(call, 10, DB_INT8);
    struct db_result *result;
    assert_int_equal(db_run_blocking(admin,
                                     "SELECT $1::bool, $2::int2, $3::int4, $4::int8, $5::float8, $6::text, $7::bytea, "
                                     "$8::text, $9::text, $10::int8",
                                     call, &result),
                     ERR_NONE);
    size_t length;
    assert_true(db_get_bool(result, 0, 0));
    assert_int_equal(db_get_int(result, 0, 1), -2);
    assert_int_equal(db_get_int(result, 0, 2), -70000);
    assert_true(db_get_int(result, 0, 3) == INT64_MIN);
    assert_true(db_get_float8(result, 0, 4) == -0.1);
    assert_string_equal(db_get_text(result, 0, 5, &length), "路灯不亮");
    assert_int_equal(length, 12);
    assert_memory_equal(db_get_bytes(result, 0, 6, &length), "\0\xff\x01", 3);
    assert_int_equal(length, 3);
    assert_null(db_get_text(result, 0, 7, &length));
    assert_string_equal(db_get_text(result, 0, 8, &length), "");
    assert_true(db_is_null(result, 0, 9));
    assert_int_equal(db_get_int(result, 0, 9), 0);
    db_result_free(&result);
    db_call_free(&call);
}

static void blocking_says_what_was_refused(void **unused) {
    assert_int_equal(db_run_blocking(admin, "SELECT 1 / 0", NULL, NULL), ERR_REFUSED);
    assert_string_equal(db_blocking_sqlstate(admin), "22012");
    assert_non_null(strstr(db_blocking_message(admin), "division by zero"));
    assert_int_equal(db_script_blocking(admin, "SELECT 1; SELEKT"), ERR_REFUSED);
    assert_string_equal(db_blocking_sqlstate(admin), "42601");
    assert_int_equal(ask("SELECT 7"), 7);
    assert_string_equal(db_blocking_message(admin), "");
}

static void blocking_commit_of_an_aborted_transaction_is_noticed(void **unused) {
    assert_int_equal(db_run_blocking(admin, "BEGIN", NULL, NULL), ERR_NONE);
    assert_int_equal(db_run_blocking(admin, "INSERT INTO thing VALUES (1)", NULL, NULL), ERR_NONE);
    assert_int_equal(db_run_blocking(admin, "SELECT 1 / 0", NULL, NULL), ERR_REFUSED);
    assert_int_equal(db_run_blocking(admin, "COMMIT", NULL, NULL), ERR_REFUSED);
    assert_int_equal(ask("SELECT count(*) FROM thing"), 0);
}

static void blocking_has_a_deadline(void **unused) {
    struct db_blocking *session;
    assert_int_equal(db_blocking_open(conninfo, 300, &session), ERR_NONE);
    int64_t start = clock_monotonic_ms();
    assert_int_equal(db_run_blocking(session, "SELECT pg_sleep(10)", NULL, NULL), ERR_UNKNOWN_OUTCOME);
    assert_in_range(clock_monotonic_ms() - start, 250, 2000);
    assert_int_equal(db_run_blocking(session, "SELECT 1", NULL, NULL), ERR_CLOSED);
    db_blocking_close(&session);
    assert_int_equal(db_blocking_open("host=/nonexistent dbname=x", 300, &session), ERR_CLOSED);
    assert_string_not_equal(db_blocking_message(session), "");
    db_blocking_close(&session);
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

static void a_group_returns_each_result(void **unused) {
    struct outcome outcome = send(DB_READ, STATEMENTS(&ONE, &ONE), 5000);
    assert_int_equal(outcome.err, ERR_NONE);
    assert_string_equal(outcome.text, "one");
    assert_int_equal(state.up, 1);
}

static void a_transaction_commits_all(void **unused) {
    assert_int_equal(send(DB_TRANSACTION, STATEMENTS(&INSERT_1, &INSERT_2), 5000).err, ERR_NONE);
    assert_int_equal(ask("SELECT count(*) FROM thing"), 2);
}

static void a_refused_statement_undoes_all_and_harms_nothing_behind(void **unused) {
    struct db_group *groups[3];
    struct outcome outcomes[3] = {0};
    for (int i = 0; i < 3; i++) {
        groups[i] = db_group_new();
        db_group_begin(groups[i], DB_TRANSACTION);
        db_group_add(groups[i], i == 1 ? &INSERT_2 : &INSERT_1);
        if (i == 0) db_group_add(groups[i], &BY_ZERO);
        db_send(db, groups[i], 5000, keep, &outcomes[i]);
    }
    for (int i = 0; i < 3; i++) wait_until(&outcomes[i].ended);
    assert_int_equal(outcomes[0].err, ERR_REFUSED);
    assert_string_equal(outcomes[0].sqlstate, "22012");
    assert_int_equal(outcomes[0].failed_call, 1);
    assert_int_equal(outcomes[1].err, ERR_NONE);
    assert_int_equal(outcomes[2].err, ERR_NONE);
    assert_int_equal(ask("SELECT count(*) FROM thing"), 2);
    struct outcome twice = send(DB_TRANSACTION, STATEMENTS(&INSERT_1), 5000);
    assert_string_equal(twice.sqlstate, "23505");
    assert_int_equal(state.down, 0);
    for (int i = 0; i < 3; i++) db_group_free(&groups[i]);
}

static void without_begin_a_group_is_all_or_nothing_too(void **unused) {
    assert_int_equal(send(DB_WRITE, STATEMENTS(&INSERT_1, &BY_ZERO), 5000).err, ERR_REFUSED);
    assert_int_equal(ask("SELECT count(*) FROM thing"), 0);
    assert_int_equal(send(DB_WRITE, STATEMENTS(&INSERT_1, &INSERT_2), 5000).err, ERR_NONE);
    assert_int_equal(ask("SELECT count(*) FROM thing"), 2);
}

/* The server answers COMMIT of an aborted transaction with success and the tag ROLLBACK. */
static void commit_of_an_aborted_transaction_is_noticed(void **unused) {
    const struct db_statement *statements[] = {&RAW_BEGIN, &BY_ZERO, &RAW_COMMIT};
    struct db_group *groups[3];
    struct outcome outcomes[3] = {0};
    for (int i = 0; i < 3; i++) {
        groups[i] = db_group_new();
        db_group_begin(groups[i], DB_WRITE);
        db_group_add(groups[i], statements[i]);
        db_send(db, groups[i], 5000, keep, &outcomes[i]);
    }
    for (int i = 0; i < 3; i++) wait_until(&outcomes[i].ended);
    assert_int_equal(outcomes[0].err, ERR_NONE);
    assert_int_equal(outcomes[1].err, ERR_REFUSED);
    assert_int_equal(outcomes[2].err, ERR_REFUSED);
    assert_string_equal(outcomes[2].sqlstate, "25P02");
    for (int i = 0; i < 3; i++) db_group_free(&groups[i]);
}

static void a_transaction_left_open_is_rolled_back(void **unused) {
    assert_int_equal(send(DB_WRITE, STATEMENTS(&RAW_BEGIN, &INSERT_1), 5000).err, ERR_NONE);
    assert_int_equal(send(DB_READ, STATEMENTS(&ONE), 5000).err, ERR_NONE);
    assert_int_equal(ask("SELECT count(*) FROM thing"), 0);
    assert_int_equal(ask("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"), 0);
}

static void a_deferred_constraint_fails_in_commit(void **unused) {
    sql("CREATE TABLE child (id int8 REFERENCES thing DEFERRABLE INITIALLY DEFERRED)");
    static const struct db_statement ORPHAN = {"orphan", "INSERT INTO child VALUES (99)"};
    struct outcome outcome = send(DB_TRANSACTION, STATEMENTS(&ORPHAN), 5000);
    assert_int_equal(outcome.err, ERR_REFUSED);
    assert_string_equal(outcome.sqlstate, "23503");
    assert_int_equal(outcome.failed_call, -1);
}

static void a_statement_that_cannot_be_prepared_is_named(void **unused) {
    static const struct db_statement LATER = {"later", "SELECT 'there'::text FROM comes_later"};
    struct outcome outcome = send(DB_TRANSACTION, STATEMENTS(&INSERT_1, &LATER), 5000);
    assert_int_equal(outcome.err, ERR_REFUSED);
    assert_string_equal(outcome.sqlstate, "42P01");
    assert_int_equal(outcome.failed_call, 1);
    assert_int_equal(ask("SELECT count(*) FROM thing"), 0);
    sql("CREATE TABLE comes_later AS SELECT 1");
    wait_up();
    outcome = send(DB_TRANSACTION, STATEMENTS(&INSERT_1, &LATER), 5000);
    assert_int_equal(outcome.err, ERR_NONE);
    assert_string_equal(outcome.text, "there");
}

static void a_table_that_changes_under_us_costs_one_refusal(void **unused) {
    static const struct db_statement ALL = {"all_things", "SELECT 'x'::text, thing.* FROM thing"};
    assert_int_equal(send(DB_READ, STATEMENTS(&ALL), 5000).err, ERR_NONE);
    sql("ALTER TABLE thing ADD COLUMN more text");
    assert_string_equal(send(DB_READ, STATEMENTS(&ALL), 5000).sqlstate, "0A000");
    loop_turn(loop, 1);
    wait_up();
    assert_int_equal(send(DB_READ, STATEMENTS(&ALL), 5000).err, ERR_NONE);
}

static void groups_of_one_connection_keep_their_order(void **unused) {
    enum { COUNT = 500 };
    static struct outcome outcomes[COUNT];
    struct db_group *groups[COUNT];
    memset(outcomes, 0, sizeof outcomes);
    ended_count = 0;
    for (int i = 0; i < COUNT; i++) {
        groups[i] = db_group_new();
        db_group_begin(groups[i], i % 7 == 0 ? DB_TRANSACTION : i % 3 == 0 ? DB_WRITE : DB_READ);
        db_group_add(groups[i], &ONE);
        db_send(db, groups[i], 10000, keep, &outcomes[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        wait_until(&outcomes[i].ended);
        assert_int_equal(outcomes[i].err, ERR_NONE);
        assert_int_equal(outcomes[i].order, i);
        db_group_free(&groups[i]);
    }
}

static void too_many_waiting_groups_are_refused(void **unused) {
    enum { COUNT = DB_QUEUE_MAX + 200 };
    static struct outcome outcomes[COUNT];
    static struct db_group *groups[COUNT];
    memset(outcomes, 0, sizeof outcomes);
    int full = 0;
    for (int i = 0; i < COUNT; i++) {
        groups[i] = db_group_new();
        db_group_begin(groups[i], DB_READ);
        db_group_add(groups[i], &ONE);
        db_send(db, groups[i], 10000, keep, &outcomes[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        wait_until(&outcomes[i].ended);
        full += outcomes[i].err == ERR_FULL;
        assert_true(outcomes[i].err == ERR_FULL || outcomes[i].err == ERR_NONE);
        db_group_free(&groups[i]);
    }
    assert_in_range(full, 1, 200);
}

/* ---- arrays ------------------------------------------------------------------------------------------------------ */

static const struct db_statement WIDE_INSERT = {
    "wide_insert", "INSERT INTO wide SELECT * FROM unnest($1::int8[], $2::int4[], $3::int2[], $4::bool[], $5::text[], "
                   "$6::bytea[], $7::float8[])"};

static void fill(struct db_call *call, int64_t first, int rows) {
    char text[64];
    static const enum db_type TYPES[] = {DB_INT8, DB_INT4, DB_INT2, DB_BOOL, DB_TEXT, DB_BYTEA, DB_FLOAT8};
    for (int i = 0; i < 7; i++) db_set_array(call, i + 1, TYPES[i]);
    for (int64_t i = first; i < first + rows; i++) {
        db_push_int8(call, 1, i);
        db_push_int4(call, 2, (int32_t)-i);
        db_push_int2(call, 3, (int16_t)(i % 100));
        db_push_bool(call, 4, i % 2);
        int length = snprintf(text, sizeof text, "第 %lld 件", (long long)i);
        if (i % 10 == 0)
            db_push_null(call, 5);
        else
            db_push_text(call, 5, text, (size_t)length);
        db_push_bytes(call, 6, text, i % 5 == 0 ? 0 : (size_t)length);
        db_push_float8(call, 7, (double)i / 4);
    }
}

static void five_thousand_rows_in_one_call(void **unused) {
    sql("CREATE TABLE wide (a int8, b int4, c int2, d bool, e text, f bytea, g float8)");
    struct db_group *group = db_group_new();
    for (int round = 0; round < 3; round++) {
        struct outcome outcome = {0};
        db_group_begin(group, DB_TRANSACTION);
        int rows = round == 2 ? 0 : 5000;
        fill(db_group_add(group, &WIDE_INSERT), round * 5000, rows);
        db_send(db, group, 20000, keep, &outcome);
        wait_until(&outcome.ended);
        assert_int_equal(outcome.err, ERR_NONE);
        assert_int_equal(outcome.rows, rows);
    }
    db_group_free(&group);
    assert_int_equal(ask("SELECT count(*) FROM wide"), 10000);
    assert_int_equal(ask("SELECT count(*) FROM wide WHERE b = -a AND c = a % 100 AND d = (a % 2 = 1) AND g = a / 4.0"),
                     10000);
    assert_int_equal(ask("SELECT count(*) FROM wide WHERE e IS NULL"), 1000);
    assert_int_equal(ask("SELECT count(*) FROM wide WHERE e = '第 ' || a || ' 件'"), 9000);
    assert_int_equal(ask("SELECT count(*) FROM wide WHERE f = ''::bytea"), 2000);
    assert_int_equal(ask("SELECT count(*) FROM wide WHERE convert_from(f, 'UTF8') = '第 ' || a || ' 件'"), 8000);
}

/* ---- losing the connection ---------------------------------------------------------------------------------------- */

static void terminate_backend(int pid) {
    char text[64];
    snprintf(text, sizeof text, "SELECT pg_terminate_backend(%d)", pid);
    sql(text);
}

static void killed_in_a_transaction_the_outcome_is_unknown(void **unused) {
    struct db_group *group = db_group_new(), *behind = db_group_new();
    struct outcome outcome = {0}, outcome_behind = {0};
    db_group_begin(group, DB_TRANSACTION);
    db_group_add(group, &INSERT_1);
    db_group_add(group, &SLEEP_5);
    db_send(db, group, 10000, keep, &outcome);
    db_group_begin(behind, DB_TRANSACTION);
    db_group_add(behind, &INSERT_2);
    db_send(db, behind, 10000, keep, &outcome_behind);
    for (int i = 0; i < 10; i++) loop_turn(loop, 20);
    terminate_backend(db_backend_pid(db));
    wait_until(&outcome.ended);
    wait_until(&outcome_behind.ended);
    assert_int_equal(outcome.err, ERR_UNKNOWN_OUTCOME);
    assert_int_equal(outcome_behind.err, ERR_CLOSED); /* it was never sent */
    assert_int_equal(state.down, 1);
    assert_false(db_is_up(db));
    wait_up();
    assert_int_equal(ask("SELECT count(*) FROM thing"), 0);
    assert_int_equal(send(DB_TRANSACTION, STATEMENTS(&INSERT_1), 5000).err, ERR_NONE);
    db_group_free(&group);
    db_group_free(&behind);
}

static void a_stopped_backend_is_noticed_by_our_own_deadline(void **unused) {
    int pid = db_backend_pid(db);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    int64_t start = clock_monotonic_ms();
    struct outcome outcome = send(DB_READ, STATEMENTS(&ONE), 300);
    int64_t took = clock_monotonic_ms() - start;
    assert_int_equal(outcome.err, ERR_TIMEOUT);
    assert_in_range(took, 280, 1500);
    wait_up(); /* by another backend */
    assert_int_not_equal(db_backend_pid(db), pid);
    assert_int_equal(send(DB_READ, STATEMENTS(&ONE), 5000).err, ERR_NONE);
    kill(pid, SIGCONT);
}

/* Why "unknown" is the honest word: the stopped server goes on and commits what we had given up. */
static void a_stopped_backend_may_still_commit(void **unused) {
    assert_int_equal(send(DB_TRANSACTION, STATEMENTS(&INSERT_2), 5000).err, ERR_NONE); /* prepared now */
    sql("DELETE FROM thing");
    int pid = db_backend_pid(db);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    assert_int_equal(send(DB_TRANSACTION, STATEMENTS(&INSERT_2), 300).err, ERR_UNKNOWN_OUTCOME);
    assert_int_equal(ask("SELECT count(*) FROM thing"), 0);
    kill(pid, SIGCONT);
    int64_t until = clock_monotonic_ms() + PATIENCE_MS;
    while (ask("SELECT count(*) FROM thing") == 0 && clock_monotonic_ms() < until) loop_turn(loop, 20);
    assert_int_equal(ask("SELECT count(*) FROM thing"), 1);
}

static void a_big_group_to_a_stopped_backend_does_not_block(void **unused) {
    static const struct db_statement BIG = {"big", "SELECT 'ok'::text WHERE octet_length($1::bytea) > 0"};
    int pid = db_backend_pid(db);
    struct db_group *group = db_group_new();
    struct outcome outcome = {0};
    size_t length = 20 << 20;
    char *bytes = calloc(1, length);
    db_group_begin(group, DB_READ);
    db_set_bytes(db_group_add(group, &BIG), 1, bytes, length);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    int64_t start = clock_monotonic_ms();
    db_send(db, group, 500, keep, &outcome);
    assert_true(clock_monotonic_ms() - start < 400);
    wait_until(&outcome.ended);
    assert_int_equal(outcome.err, ERR_TIMEOUT);
    kill(pid, SIGCONT);
    wait_up();
    outcome = (struct outcome){0};
    db_group_begin(group, DB_READ);
    db_set_bytes(db_group_add(group, &BIG), 1, bytes, length);
    db_send(db, group, 20000, keep, &outcome);
    wait_until(&outcome.ended);
    assert_int_equal(outcome.err, ERR_NONE);
    free(bytes);
    db_group_free(&group);
}

static void a_deadline_in_the_queue_costs_no_connection(void **unused) {
    static const struct db_statement SLEEP_1 = {"sleep_1", "SELECT pg_sleep(1)::text"};
    struct db_group *slow = db_group_new(), *quick = db_group_new();
    struct outcome outcome_slow = {0}, outcome_quick = {0};
    db_group_begin(slow, DB_TRANSACTION);
    db_group_add(slow, &SLEEP_1);
    db_send(db, slow, 10000, keep, &outcome_slow);
    db_group_begin(quick, DB_WRITE);
    db_group_add(quick, &INSERT_1);
    db_send(db, quick, 200, keep, &outcome_quick);
    wait_until(&outcome_quick.ended);
    assert_false(outcome_slow.ended);
    assert_int_equal(outcome_quick.err, ERR_TIMEOUT);
    wait_until(&outcome_slow.ended);
    assert_int_equal(outcome_slow.err, ERR_NONE);
    assert_int_equal(state.down, 0);
    db_group_free(&slow);
    db_group_free(&quick);
}

static void a_restarted_server_is_found_again(void **unused) {
    db_blocking_close(&admin);
    fixture_postgres_stop();
    for (int i = 0; i < 20 && state.down == 0; i++) loop_turn(loop, 50);
    assert_true(state.down >= 1);
    assert_int_equal(send(DB_READ, STATEMENTS(&ONE), 5000).err, ERR_CLOSED);
    fixture_postgres_start();
    int64_t start = clock_monotonic_ms();
    wait_up();
    assert_true(clock_monotonic_ms() - start < 2500); /* backoff_max_ms and its jitter */
    assert_int_equal(send(DB_READ, STATEMENTS(&ONE), 5000).err, ERR_NONE);
}

/* The standby that COMMIT promised to wait for does not exist; somebody cancels the wait. */
static void committed_but_not_replicated_is_unknown(void **unused) {
    assert_int_equal(send(DB_TRANSACTION, STATEMENTS(&INSERT_2), 5000).err, ERR_NONE);
    sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    sql("SELECT pg_reload_conf()");
    struct db_group *group = db_group_new();
    struct outcome outcome = {0};
    db_group_begin(group, DB_TRANSACTION);
    db_group_add(group, &INSERT_1);
    for (int i = 0; i < 20; i++) loop_turn(loop, 20);
    db_send(db, group, 10000, keep, &outcome);
    char text[64];
    snprintf(text, sizeof text, "SELECT pg_cancel_backend(%d)", db_backend_pid(db));
    for (int i = 0; i < 100 && !outcome.ended; i++) {
        loop_turn(loop, 50);
        if (i > 3) sql(text);
    }
    assert_true(outcome.ended);
    assert_int_equal(outcome.err, ERR_UNKNOWN_OUTCOME);
    assert_int_equal(ask("SELECT count(*) FROM thing"), 2);
    sql("ALTER SYSTEM RESET synchronous_standby_names");
    sql("SELECT pg_reload_conf()");
    db_group_free(&group);
}

/* ---- options ----------------------------------------------------------------------------------------------------- */

static void refuse_while(const char *off, const char *on, const char *name) {
    struct db_blocking *session;
    struct db_options wanted = options();
    wanted.require_durable = true;
    sql(off);
    sql("SELECT pg_reload_conf()");
    loop_turn(loop, 200);
    assert_int_equal(db_blocking_open(conninfo, PATIENCE_MS, &session), ERR_NONE);
    assert_int_equal(db_check_durable(session), ERR_REFUSED);
    assert_non_null(strstr(db_blocking_message(session), name));
    db_blocking_close(&session);
    memset(&state, 0, sizeof state);
    struct db *second = db_new(loop, &wanted);
    for (int i = 0; i < 40 && state.down == 0; i++) loop_turn(loop, 50);
    assert_int_equal(state.err, ERR_REFUSED);
    assert_non_null(strstr(state.message, name));
    assert_false(db_is_up(second));
    sql(on);
    sql("SELECT pg_reload_conf()");
    for (int i = 0; i < 100 && !db_is_up(second); i++) loop_turn(loop, 50);
    assert_true(db_is_up(second));
    db_free(&second);
}

static void a_server_that_can_lose_commits_is_refused(void **unused) {
    struct db_blocking *session;
    assert_int_equal(db_blocking_open(conninfo, PATIENCE_MS, &session), ERR_NONE);
    assert_int_equal(db_check_durable(session), ERR_NONE);
    db_blocking_close(&session);
    refuse_while("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM RESET fsync", "fsync");
    refuse_while("ALTER SYSTEM SET full_page_writes = off", "ALTER SYSTEM RESET full_page_writes", "full_page_writes");
    refuse_while("ALTER ROLE postgres SET synchronous_commit = off", "ALTER ROLE postgres RESET synchronous_commit",
                 "synchronous_commit");
}

static void generic_plans_are_forced_when_asked_for(void **unused) {
    static const struct db_statement SHOW = {"show_plan", "SELECT current_setting('plan_cache_mode')"};
    assert_string_equal(send(DB_READ, STATEMENTS(&SHOW), 5000).text, "auto");
    struct db_options wanted = options();
    wanted.force_generic_plan = true;
    db_free(&db);
    db = db_new(loop, &wanted);
    wait_up();
    assert_string_equal(send(DB_READ, STATEMENTS(&SHOW), 5000).text, "force_generic_plan");
}

static char notified[64];
static void on_notify(void *context, const char *channel, const char *payload) {
    snprintf(notified, sizeof notified, "%s=%s", channel, payload);
}

static void notifications_arrive(void **unused) {
    static const struct db_statement LISTEN = {"listen", "LISTEN bell"};
    struct db_options wanted = options();
    wanted.on_notify = on_notify;
    db_free(&db);
    db = db_new(loop, &wanted);
    wait_up();
    assert_int_equal(send(DB_WRITE, STATEMENTS(&LISTEN), 5000).err, ERR_NONE);
    sql("NOTIFY bell, 'ding'");
    for (int i = 0; i < 100 && notified[0] == '\0'; i++) loop_turn(loop, 50);
    assert_string_equal(notified, "bell=ding");
}

static void a_pool_spreads_and_survives_one_loss(void **unused) {
    struct db_options wanted = options();
    struct db_pool *pool = db_pool_new(loop, &wanted, 3);
    for (int i = 0; i < 100 && db_pool_up(pool) < 3; i++) loop_turn(loop, 50);
    assert_int_equal(db_pool_up(pool), 3);
    static const struct db_statement WHO = {"who", "SELECT pg_backend_pid()::text FROM pg_sleep(0.2)"};
    struct db_group *groups[3];
    struct outcome outcomes[3] = {0};
    for (int round = 0; round < 2; round++) {
        memset(outcomes, 0, sizeof outcomes);
        for (int i = 0; i < 3; i++) {
            if (round == 0) groups[i] = db_group_new();
            db_group_begin(groups[i], DB_READ);
            db_group_add(groups[i], &WHO);
            db_pool_send(pool, groups[i], 5000, keep, &outcomes[i]);
        }
        for (int i = 0; i < 3; i++) {
            wait_until(&outcomes[i].ended);
            assert_int_equal(outcomes[i].err, ERR_NONE);
            if (round == 0)
                for (int j = 0; j < i; j++) assert_string_not_equal(outcomes[i].text, outcomes[j].text);
        }
        if (round == 0) terminate_backend(atoi(outcomes[1].text));
        for (int i = 0; i < 4; i++) loop_turn(loop, 5);
    }
    for (int i = 0; i < 3; i++) db_group_free(&groups[i]);
    db_pool_free(&pool);
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static void freed_with_work_under_way(void **unused) {
    struct db_group *groups[2] = {db_group_new(), db_group_new()};
    struct outcome outcomes[2] = {0};
    for (int i = 0; i < 2; i++) {
        db_group_begin(groups[i], DB_TRANSACTION);
        db_group_add(groups[i], &INSERT_1);
        db_send(db, groups[i], 5000, keep, &outcomes[i]);
    }
    db_free(&db);
    assert_null(db);
    assert_true(outcomes[0].ended && outcomes[1].ended);
    assert_int_equal(outcomes[0].err, ERR_UNKNOWN_OUTCOME);
    assert_int_equal(outcomes[1].err, ERR_CLOSED);
    for (int i = 0; i < 2; i++) db_group_free(&groups[i]);
}

static bool freed;
static void free_it(void *context, const struct db_reply *reply) {
    db_free(&db);
    freed = true;
}

static void freed_in_its_own_callback(void **unused) {
    struct db_group *group = db_group_new(), *behind = db_group_new();
    struct outcome outcome = {0};
    db_group_begin(group, DB_READ);
    db_group_add(group, &ONE);
    db_send(db, group, 5000, free_it, NULL);
    db_group_begin(behind, DB_READ);
    db_group_add(behind, &SLEEP_5);
    db_send(db, behind, 5000, keep, &outcome);
    wait_until(&freed);
    assert_true(outcome.ended);
    assert_int_equal(outcome.err, ERR_TIMEOUT);
    db_group_free(&group);
    db_group_free(&behind);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(blocking_carries_every_type),
        TEST(blocking_says_what_was_refused),
        TEST(blocking_commit_of_an_aborted_transaction_is_noticed),
        TEST(blocking_has_a_deadline),
        TEST(a_group_returns_each_result),
        TEST(a_transaction_commits_all),
        TEST(a_refused_statement_undoes_all_and_harms_nothing_behind),
        TEST(without_begin_a_group_is_all_or_nothing_too),
        TEST(commit_of_an_aborted_transaction_is_noticed),
        TEST(a_transaction_left_open_is_rolled_back),
        TEST(a_deferred_constraint_fails_in_commit),
        TEST(a_statement_that_cannot_be_prepared_is_named),
        TEST(a_table_that_changes_under_us_costs_one_refusal),
        TEST(groups_of_one_connection_keep_their_order),
        TEST(too_many_waiting_groups_are_refused),
        TEST(five_thousand_rows_in_one_call),
        TEST(killed_in_a_transaction_the_outcome_is_unknown),
        TEST(a_stopped_backend_is_noticed_by_our_own_deadline),
        TEST(a_stopped_backend_may_still_commit),
        TEST(a_big_group_to_a_stopped_backend_does_not_block),
        TEST(a_deadline_in_the_queue_costs_no_connection),
        TEST(a_restarted_server_is_found_again),
        TEST(committed_but_not_replicated_is_unknown),
        TEST(a_server_that_can_lose_commits_is_refused),
        TEST(generic_plans_are_forced_when_asked_for),
        TEST(notifications_arrive),
        TEST(a_pool_spreads_and_survives_one_loss),
        TEST(freed_with_work_under_way),
        TEST(freed_in_its_own_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
