#define _GNU_SOURCE
/* Statements that run all day are planned once, for parameters not known yet: on a log of some size the plan must not walk all of it.
 * PostgreSQL is asked for the plan; nothing is timed. */
#include "tests/unit/console_fixture.h"

#include "services/console/figures_sql.h"

/* What PostgreSQL knows of the log is from when it was small and had few tickets; so it is on a city's first days. */
static void fill_log(void) {
    sql("INSERT INTO event SELECT 1, n, 1, 20261122010000000 + n % 50, n / 50 + 1, 1795000000000 + n, 1, 0, 0, 0, 1, "
        "'\\x00', '\\x00' "
        "FROM generate_series(1, 2000) n; ANALYZE event");
    sql("INSERT INTO event SELECT 1, n, 1, 20261122020000000 + n / 3, n % 3 + 1, 1795000000000 + n, 1, 0, 0, 0, 1, "
        "'\\x00', '\\x00' "
        "FROM generate_series(2001, 120000) n");
}

/* Each line of the plan, one after the other. */
static const char *plan_of(const char *statement, const char *types, const char *values) {
    static char plan[16 * 1024], text[2048];
    struct db_result *lines;
    snprintf(text, sizeof text, "PREPARE asked (%s) AS %s", types, statement);
    sql("SET ROLE paidan_console; SET plan_cache_mode = force_generic_plan");
    sql(text);
    snprintf(text, sizeof text, "EXPLAIN EXECUTE asked (%s)", values);
    if (db_run_blocking(super, text, NULL, &lines) != ERR_NONE) fail_msg("%s", db_blocking_message(super));
    size_t used = 0, len;
    for (int i = 0; i < db_rows(lines); i++) {
        const char *line = db_get_text(lines, i, 0, &len);
        assert_true(used + len + 2 < sizeof plan);
        memcpy(plan + used, line, len);
        used += len;
        plan[used++] = '\n';
    }
    plan[used] = 0;
    db_result_free(&lines);
    sql("DEALLOCATE asked; RESET ROLE; RESET plan_cache_mode");
    return plan;
}

static void histories_are_read_by_ticket_alone(void **state) {
    (void)state;
    const char *plan =
        plan_of(FIGURES_HISTORY.sql, "int8[], int8", "ARRAY[20261122010000005, 20261122010000007], 60000");
    if (!strstr(plan, "event_default_pkey")) fail_msg("not by ticket:\n%s", plan);
    if (strstr(plan, "shard_seq_at") || strstr(plan, "Seq Scan on event"))
        fail_msg("the whole log is walked:\n%s", plan);
}

static void a_page_of_the_log_is_no_more_than_a_page(void **state) {
    (void)state;
    const char *plan = plan_of(FIGURES_EVENTS.sql, "int2, int8, int4", "1::int2, 500, 1000");
    if (!strstr(plan, "Index Cond: ((shard = $1) AND (seq > $2) AND (seq <= "))
        fail_msg("more than the page is read:\n%s", plan);
}

static int open_log(void **state) {
    (void)state;
    make_database();
    fill_log();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(histories_are_read_by_ticket_alone),
                                       cmocka_unit_test(a_page_of_the_log_is_no_more_than_a_page)};
    return cmocka_run_group_tests(tests, open_log, NULL);
}
