/* common/db.h when the server is lost in every way, refuses to be trusted, or is left by us. */
#include "tests/unit/db_fixture.h"

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
