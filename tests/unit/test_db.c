/* common/db.h and db_blocking.h against a real server: parameters, results, groups, transactions, arrays. */
#include "tests/unit/db_fixture.h"

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

static const struct db_statement SETTINGS = {
    "settings", "SELECT current_setting('enable_seqscan') || ' ' || current_setting('plan_cache_mode')"};

static void options_of_the_conninfo_hold_beside_our_own(void **unused) {
    char with_options[300];
    snprintf(with_options, sizeof with_options, "%s options='-c enable_seqscan=off'", conninfo);
    struct db_options wanted = options();
    wanted.conninfo = with_options;
    wanted.force_generic_plan = true;
    db_free(&db);
    db = db_new(loop, &wanted);
    wait_up();
    assert_string_equal(send(DB_READ, STATEMENTS(&SETTINGS), 5000).text, "off force_generic_plan");
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

static const struct db_statement ROWS_INSERT = {
    "rows_insert",
    "INSERT INTO wide SELECT unnest($1::int8[]), unnest($2::int4[]), unnest($3::int2[]), "
    "unnest($4::bool[]), unnest($5::text[]), unnest($6::bytea[]), unnest($7::float8[]) RETURNING a::text"};
static const struct db_statement PREPARED = {
    "prepared", "SELECT string_agg(name || ' ' || (parameter_types::text LIKE '%[]%'), ', ' ORDER BY name) FROM "
                "pg_prepared_statements WHERE name LIKE 'rows_insert%'"};

/* What a lone row says is the same with and without arrays, null and empty too; and it goes without. */
static void a_lone_row_goes_without_arrays(void **unused) {
    sql("CREATE TABLE wide (a int8, b int4, c int2, d bool, e text, f bytea, g float8)");
    struct db_group *group = db_group_new();
    for (int64_t i = 0; i < 25; i++) {
        struct outcome outcome = {0};
        int rows = i % 3 == 2 ? 2 : 1;
        db_group_begin(group, DB_WRITE);
        fill(db_group_add_rows(group, &ROWS_INSERT), i * 10, rows);
        fill(db_group_add_rows(group, &ROWS_INSERT), i * 10 + 5, 1);
        db_send(db, group, 20000, keep, &outcome);
        wait_until(&outcome.ended);
        assert_string_equal(outcome.message, "");
        assert_int_equal(outcome.err, ERR_NONE);
        assert_int_equal(atoi(outcome.text), i * 10 + 5);
    }
    db_group_free(&group);
    assert_int_equal(ask("SELECT count(*) FROM wide"), 58);
    assert_int_equal(
        ask("SELECT count(*) FROM wide WHERE b = -a AND c = a % 100 AND d = (a % 2 = 1) AND g = a / 4.0 AND "
            "e IS NOT DISTINCT FROM CASE WHEN a % 10 = 0 THEN NULL ELSE '第 ' || a || ' 件' END AND "
            "convert_from(f, 'UTF8') = CASE WHEN a % 5 = 0 THEN '' ELSE '第 ' || a || ' 件' END"),
        58);
    assert_string_equal(send(DB_READ, STATEMENTS(&PREPARED), 5000).text, "rows_insert true, rows_insert_one false");
}

static void a_lone_row_is_refused_as_others_are(void **unused) {
    static const struct db_statement insert = {"thing_rows", "INSERT INTO thing SELECT unnest($1::int8[])"};
    for (int i = 0; i < 2; i++) {
        struct db_group *group = db_group_new();
        struct outcome outcome = {0};
        db_group_begin(group, DB_WRITE);
        struct db_call *call = db_group_add_rows(group, &insert);
        db_set_array(call, 1, DB_INT8);
        db_push_int8(call, 1, 7);
        db_send(db, group, 5000, keep, &outcome);
        wait_until(&outcome.ended);
        assert_string_equal(outcome.sqlstate, i ? "23505" : "");
        assert_int_equal(outcome.failed_call, i ? 0 : -1);
        if (i) assert_non_null(strstr(outcome.message, "thing_rows"));
        db_group_free(&group);
    }
    assert_int_equal(ask("SELECT count(*) FROM thing"), 1);
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
        TEST(options_of_the_conninfo_hold_beside_our_own),
        TEST(too_many_waiting_groups_are_refused),
        TEST(five_thousand_rows_in_one_call),
        TEST(a_lone_row_goes_without_arrays),
        TEST(a_lone_row_is_refused_as_others_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
