/* Figures through the real services: what happened is in the answer at once, adds up by unit, matter, channel and day, is the same from
 * the log alone, is made of the tickets that `explain` lists, weighed by rules with effective dates; and is counted anew
 * when the organisation changes or somebody has tampered with it. */
#define _GNU_SOURCE
#include "services/console/figures.h"
#include "tests/unit/console_district.h"
#include "tools/paidan/cli.h"

static char *tickets
    [6]; /* 0 solved late in heart, 1 solved, 2 returned, 3 open at the water department, 4 and 5 at the municipal one */

static void close_it(char *ticket, const struct person *who, bool solved, bool satisfied) {
    done(200, ticket, "sign", who, "{}");
    done(200, ticket, "contact", who, "{\"note\":\"已联系\"}");
    done(200, ticket, "finish", who, "{\"answer\":\"已修复\"}");
    done(200, ticket, "pass", &operator_, "{}");
    if (!solved) {
        done(200, ticket, "unsolved", &operator_, "{\"reason\":\"仍漏水\"}");
        done(200, ticket, "finish", who, "{\"answer\":\"又修复\"}");
        done(200, ticket, "pass", &operator_, "{}");
    }
    done(200, ticket, "solved", &operator_, satisfied ? "{\"satisfied\":true}" : "{\"satisfied\":false}");
}

static int lives(void **state) {
    setup(state);
    for (int i = 0; i < 6; i++) tickets[i] = push_to(i < 4 ? "water" : "municipal", "自来水管漏水");
    close_it(tickets[0], &water, false, false);
    close_it(tickets[1], &water, true, true);
    done(200, tickets[2], "return", &water, "{\"reason\":\"not_our_duty\",\"basis\":\"三定方案\"}");
    close_it(tickets[4], &municipal, true, true);
    done(200, tickets[3], "supervise", &operator_, "{\"note\":\"请说明\"}");
    return 0;
}

/* The rate of this code among "rates" of an object. */
static const cJSON *rate_of(const cJSON *object, const char *code) {
    const cJSON *rate;
    cJSON_ArrayForEach(rate, at(object, "rates")) if (!strcmp(text_at(rate, "code"), code)) return rate;
    fail_msg("no rate %s", code);
    return NULL;
}

static const cJSON *row_of(const cJSON *tree, const char *path, const char *code) {
    const cJSON *row;
    cJSON_ArrayForEach(row, at(tree, "rows")) if (!strcmp(text_at(row, path), code)) return row;
    fail_msg("no row %s", code);
    return NULL;
}

static void test_what_happened_is_there_at_once(void **state) {
    SHOWS("F9");
    cJSON *all = get(200, &operator_, "/api/v1/figures"), *own = get(200, &water, "/api/v1/figures");
    assert_int_equal(int_at(all, "counters.received"), 6);
    assert_int_equal(int_at(all, "counters.closed"), 3);
    assert_int_equal(int_at(all, "counters.in_progress"), 3);
    assert_int_equal(int_at(all, "counters.supervised"), 1);
    assert_true(cJSON_IsTrue(at(all, "identity.holds")));
    assert_string_equal(text_at(all, "identity.text"), "0 + 6 = 3 + 0 + 3");
    assert_int_equal(int_at(all, "counted.behind"), 0);
    assert_int_equal(int_at(all, "unread"), 0);
    assert_string_equal(text_at(own, "unit.code"), "water");
    assert_int_equal(int_at(own, "counters.received"), 4);
    assert_int_equal(int_at(own, "counters.left"), 1);
    assert_int_equal(int_at(rate_of(own, "solved"), "numerator"), 2);
    assert_int_equal(int_at(rate_of(own, "solved"), "denominator"), 3);
    assert_true(rate_of(own, "solved") && at(rate_of(own, "solved"), "value")->valuedouble == 66.7);
    assert_int_equal(int_at(rate_of(own, "returned"), "numerator"), 1);
    assert_int_equal(int_at(all, "ways.by_rule"), 6);
    cJSON_Delete(all);
    cJSON_Delete(own);
    for (const char *const *bad =
             (const char *const[]){"unit=nowhere", "from=yesterday", "from=2026-01-02T10:00:00%2B08:00",
                                   "period=2026-13", "by=moon", "each=hour", "matter=1", "channel=pigeon", "kind=grid",
                                   "by=unit&each=day", NULL};
         *bad; bad++) {
        cJSON *problem = get(400, &operator_, "/api/v1/figures?%s", *bad);
        assert_true(cJSON_GetArraySize(at(problem, "errors")) >= 1);
        cJSON_Delete(problem);
    }
    cJSON_Delete(get(404, &water, "/api/v1/figures?unit=municipal"));
    cJSON_Delete(get(403, &admin, "/api/v1/figures"));
}

static void test_groups_and_series_add_up(void **state) {
    cJSON *units = get(200, &operator_, "/api/v1/figures?by=unit"),
          *matters = get(200, &operator_, "/api/v1/figures?by=matter");
    cJSON *channels = get(200, &operator_, "/api/v1/figures?by=channel");
    cJSON *days = get(200, &operator_, "/api/v1/figures?each=day"),
          *months = get(200, &operator_, "/api/v1/figures?each=month");
    cJSON *weeks = get(200, &operator_, "/api/v1/figures?each=week");
    cJSON *const sums[] = {matters, channels, days, months, weeks};
    for (int i = 0; i < 5; i++) {
        const cJSON *row;
        int received = 0, closed = 0;
        cJSON_ArrayForEach(row, at(sums[i], "rows")) {
            received += int_at(row, "counters.received");
            closed += int_at(row, "counters.closed");
        }
        assert_int_equal(received, 6);
        assert_int_equal(closed, 3);
    }
    const cJSON *last = at(days, "rows")->child->prev;
    assert_int_equal(int_at(last, "counters.in_progress"), 3); /* the stock goes on from day to day */
    assert_int_equal(int_at(row_of(units, "unit.code", "water"), "counters.received"), 4);
    assert_int_equal(int_at(row_of(units, "unit.code", "municipal"), "counters.closed"), 1);
    assert_int_equal(int_at(row_of(matters, "matter.code", matter_of("municipal")), "counters.received"), 2);
    cJSON *one = get(200, &operator_, "/api/v1/figures?matter=%s", matter_of("municipal"));
    assert_int_equal(int_at(one, "counters.received"), 2);
    cJSON_Delete(one);
    one = get(200, &operator_, "/api/v1/figures?channel=grid");
    assert_int_equal(int_at(one, "counters.received"), 0);
    cJSON_Delete(one);
    one = get(200, &operator_, "/api/v1/figures?by=unit&kind=street");
    assert_int_equal(cJSON_GetArraySize(at(one, "rows")), 7);
    cJSON_Delete(one);
    cJSON_Delete(units);
    for (int i = 0; i < 5; i++) cJSON_Delete(sums[i]);
}

/* All tickets of a part, over pages of one. */
static void explain(const struct person *who, const char *rate, const char *part, int *ret_hit, int *ret_of,
                    int *ret_tickets) {
    char path[400], cursor[100] = "";
    *ret_hit = *ret_of = *ret_tickets = 0;
    do {
        snprintf(path, sizeof path, "/api/v1/figures/explain?rate=%s&part=%s&limit=1%s%s", rate, part,
                 *cursor ? "&cursor=" : "", cursor);
        cJSON *page = want(200, "GET", path, who, NULL);
        const cJSON *ticket;
        cJSON_ArrayForEach(ticket, at(page, "tickets")) {
            *ret_hit += int_at(ticket, "numerator");
            *ret_of += int_at(ticket, "denominator");
            ++*ret_tickets;
        }
        assert_true(*text_at(page, "rate.formula.zh") && int_at(page, "rate.version") == 1);
        snprintf(cursor, sizeof cursor, "%s", text_at(page, "next_cursor"));
        cJSON_Delete(page);
    } while (*cursor);
}

static void test_a_rate_is_made_of_its_tickets(void **state) {
    const struct person *const people[] = {&operator_, &water, &municipal};
    for (int p = 0; p < 3; p++) {
        cJSON *figures = get(200, people[p], "/api/v1/figures");
        const cJSON *rate;
        cJSON_ArrayForEach(rate, at(figures, "rates")) {
            int hit, of, count;
            explain(people[p], text_at(rate, "code"), "denominator", &hit, &of, &count);
            assert_int_equal(of, int_at(rate, "denominator"));
            explain(people[p], text_at(rate, "code"), "numerator", &hit, &of, &count);
            assert_int_equal(hit, int_at(rate, "numerator"));
        }
        cJSON_Delete(figures);
    }
    int hit, of, count;
    explain(&water, "solved", "missed", &hit, &of, &count);
    assert_int_equal(count, 1);
    /* returns are counted per ticket and may pass 100 %: nothing of them is missed */
    cJSON *share = get(400, &water, "/api/v1/figures/explain?rate=returned&part=missed");
    assert_non_null(strstr(text_at(share, "errors.0.detail"), "must be numerator or denominator"));
    cJSON_Delete(share);
    share = get(200, &water, "/api/v1/figures/explain?rate=returned&part=numerator");
    assert_true(cJSON_IsFalse(at(share, "rate.share")));
    cJSON_Delete(share);
    cJSON *page = get(200, &water, "/api/v1/figures/explain?rate=solved&part=missed");
    assert_string_equal(text_at(page, "tickets.0.number"), tickets[0]);
    cJSON_Delete(page);
    cJSON_Delete(get(400, &water, "/api/v1/figures/explain?rate=beauty"));
    cJSON_Delete(get(400, &water, "/api/v1/figures/explain?rate=solved&part=most"));
    cJSON *formulas = get(200, &water, "/api/v1/figures/formulas");
    assert_int_equal(cJSON_GetArraySize(at(formulas, "rates")), RATE_COUNT - 1);
    cJSON_Delete(formulas);
}

static void test_the_log_alone_gives_the_same(void **state) {
    const char *const queries[] = {"", "?unit=water", "?unit=municipal", "?unit=s1", "?period=2020", "?channel=phone"};
    for (int i = 0; i < 6; i++) {
        cJSON *recount = get(200, &operator_, "/api/v1/figures/recount%s", queries[i]);
        if (!cJSON_IsTrue(at(recount, "equal"))) fail_msg("%s: %s", queries[i], cJSON_Print(recount));
        cJSON_Delete(recount);
    }
    assert_int_equal(
        sql_int("SELECT count(*) FROM (SELECT unit, matter, channel, period / 100, sum(received), sum(closed), "
                "sum(ms_offered) FROM figure WHERE period > 999999 GROUP BY 1, 2, 3, 4 EXCEPT SELECT unit, matter, "
                "channel, period, received, closed, ms_offered FROM figure WHERE period <= 999999) AS odd"),
        0);
}

static void load_scores(int status, const char *text) {
    struct answer answer = import_bytes(&admin, "scores", "", text, strlen(text));
    if (answer.status != status) fail_msg("%d: %.600s", answer.status, answer.body);
    answer_done(&answer);
}

#define TITLES "row,rate,kind,unit,matter,channel,value,from,to,note\n"

/* `paidan figures verify` in this process, straight to the database. */
static enum cli_exit verify(void) {
    const char *argv[] = {"paidan", "figures", "verify", "--json", "--database", conninfo_as("paidan_owner"), NULL};
    fflush(stdout);
    int kept = dup(STDOUT_FILENO), nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDOUT_FILENO);
    enum cli_exit code = cli_main(6, (char **)argv);
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    close(nowhere);
    return code;
}

static void test_the_whole_table_is_what_the_log_makes(void **state) {
    assert_int_equal(verify(), CLI_OK);
    static const char *const tamperings[] = {
        "UPDATE figure SET received = coalesce(received, 0) + %d WHERE unit = 0 AND period > 999999 AND matter = "
        "(SELECT min(matter) "
        "FROM figure)",
        "UPDATE figure SET closed = coalesce(closed, 0) + %d WHERE unit <> 0 AND period <= 999999",
    };
    for (int i = 0; i < 2; i++) {
        char text[300];
        snprintf(text, sizeof text, tamperings[i], 1);
        sql(text);
        assert_int_equal(verify(), CLI_REFUSED);
        snprintf(text, sizeof text, tamperings[i], -1);
        sql(text);
    }
    sql("BEGIN; CREATE TABLE kept AS SELECT * FROM figure WHERE unit = 0; DELETE FROM figure WHERE unit = 0; COMMIT");
    assert_int_equal(verify(), CLI_REFUSED);
    sql("INSERT INTO figure SELECT * FROM kept; DROP TABLE kept");
    assert_int_equal(verify(), CLI_OK);
}

static void test_scores_by_rules_with_dates(void **state) {
    SHOWS("F13 F14 F15");
    load_scores(200, TITLES "weight,solved,,,,,60,2020-01-01,2025-12-31,上一年\n"
                            "weight,solved,,,,,40,2026-01-01,,\n"
                            "weight,satisfied,,,,,40,2026-01-01,,\n"
                            "weight,returned,,,,,20,2026-01-01,,\n"
                            "weight,arrived,,,,,50,2026-01-01,,从未吹哨\n"
                            "coefficient,,,municipal,,,0.9,2026-01-01,,\n");
    cJSON *units = get(200, &operator_, "/api/v1/figures?by=unit");
    const cJSON *first = row_of(units, "unit.code", "municipal"), *second = row_of(units, "unit.code", "water");
    assert_true(at(first, "score.value")->valuedouble == 90); /* 100 of 100, times 0.9 */
    assert_int_equal(int_at(first, "rank"), 1);
    /* 66.7 and 50.0, and 25 % returned: (40 * 66.7 + 40 * 50 + 20 * 75) / 100 */
    assert_true(at(second, "score.value")->valuedouble == 61.68);
    assert_int_equal(int_at(second, "rank"), 2);
    assert_true(cJSON_IsNull(at(row_of(units, "unit.code", "s1"), "rank")));
    cJSON_Delete(units);
    load_scores(200, TITLES "weight,solved,,,,,1,2020-01-01,,\nexclusion,solved,,,01,,,2020-01-01,2020-12-31,\n"
                            "exclusion,,,municipal,,,,2020-01-01,,\nexclusion,*,,,,phone,,2020-01-01,,=1+1\n");
    cJSON *all = get(200, &operator_, "/api/v1/figures");
    assert_int_equal(int_at(all, "counters.received"), 6); /* counters keep what rates leave out */
    assert_int_equal(int_at(rate_of(all, "solved"), "denominator"), 0);
    assert_int_equal(int_at(rate_of(all, "solved"), "excluded.denominator"), 4);
    assert_true(cJSON_IsNull(at(all, "score.value")));
    cJSON_Delete(all);
    units = get(200, &operator_, "/api/v1/figures?by=unit");
    assert_true(cJSON_IsTrue(at(row_of(units, "unit.code", "municipal"), "score.excluded")));
    cJSON_Delete(units);
    cJSON *page = get(200, &water, "/api/v1/figures/explain?rate=solved");
    assert_true(cJSON_IsTrue(at(page, "tickets.0.excluded")));
    assert_int_equal(cJSON_GetArraySize(at(page, "rules")), 3);
    cJSON_Delete(page);
    /* out and in again changes nothing */
    struct answer file = ask("GET", "/api/v1/admin/scores/export", &admin, NULL), again;
    assert_int_equal(file.status, 200);
    assert_non_null(strstr(file.body, "'=1+1"));
    again = import_bytes(&admin, "scores", "?dry_run=1", file.body, strlen(file.body));
    assert_true(cJSON_IsFalse(at(again.json, "changed")));
    answer_done(&again);
    load_scores(200, file.body);
    again = ask("GET", "/api/v1/admin/scores/export", &admin, NULL);
    assert_non_null(strstr(again.body, "exclusion,,,,,phone,,2020-01-01,,"));
    answer_done(&file);
    answer_done(&again);
    load_scores(
        422, TITLES
        "weight,whistled,,,,,1,2020-01-01,,\nweight,,,,,,1,2020-01-01,,\nmedal,,,,,,1,2020-01-01,,\n"
        "weight,solved,,,,,0,2020-01-01,,\ncoefficient,,,,,,11,2020-01-01,,\nweight,solved,,,,,1,2020-02-30,,\n");
    load_scores(422,
                TITLES "weight,solved,,,,,1,2020-01-01,,\nweight,solved,,,,,2,2021-01-01,,\n"); /* both are in force */
    load_scores(200, TITLES);
}

static void test_a_file_for_spreadsheets(void **state) {
    struct answer file = ask("GET", "/api/v1/figures/export?by=unit", &operator_, NULL);
    assert_int_equal(file.status, 200);
    assert_non_null(strstr(file.text, "text/csv"));
    assert_memory_equal(file.body,
                        "\xEF\xBB\xBF"
                        "code,name,from,to",
                        20);
    assert_non_null(strstr(file.body, "\r\nwater,"));
    answer_done(&file);
    assert_int_equal(sql_int("SELECT count(*) FROM audit WHERE action = 'export' AND object = 'figures'"), 1);
    sql("UPDATE unit SET name_en = '=HYPERLINK(1)' WHERE code = 'water'; UPDATE world SET version = version + 1");
    bool harmless = false;
    EVENTUALLY(({
        file = ask("GET", "/api/v1/figures/export?by=unit", &operator_, NULL);
        harmless = strstr(file.body, "water,\"'=HYPERLINK") != NULL;
        answer_done(&file);
        harmless;
    }));
    refuse(403, "GET", "/api/v1/figures/export", &readonly, NULL);
}

static void test_the_table_has_a_column_for_each_counter(void **state) {
    struct buffer names = {0};
    for (int i = 1; i < FIGURE_COUNT; i++) buffer_format(&names, "%s%s", i > 1 ? "," : "", figures_counter(i)->name);
    struct db_result *row;
    assert_int_equal(
        db_run_blocking(super,
                        "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = "
                        "'figure'::regclass AND attnum > 5 AND NOT attisdropped",
                        NULL, &row),
        ERR_NONE);
    size_t len;
    assert_string_equal(db_get_text(row, 0, 0, &len), buffer_text(&names));
    db_result_free(&row);
    buffer_done(&names);
}

static void test_what_was_tampered_with_is_found_and_counted_anew(void **state) {
    sql("UPDATE figure SET solved = 99 WHERE unit = 0 AND solved > 0");
    cJSON *recount = get(200, &operator_, "/api/v1/figures/recount");
    assert_true(cJSON_IsFalse(at(recount, "equal")));
    assert_string_equal(text_at(recount, "differences.0.counter"), "solved");
    cJSON_Delete(recount);
    refuse(403, "POST", "/api/v1/admin/figures/restart", &operator_, NULL);
    refuse(204, "POST", "/api/v1/admin/figures/restart", &admin, NULL);
    bool equal = false;
    EVENTUALLY(({
        recount = get(200, &operator_, "/api/v1/figures/recount");
        equal = cJSON_IsTrue(at(recount, "equal"));
        cJSON_Delete(recount);
        equal;
    }));
}

/* Rule F11: the water department comes under a street; what it ever did is then the street's too. */
static void test_figures_go_by_the_organisation_as_it_stands(void **state) {
    SHOWS("F11");
    sql("UPDATE unit SET parent = (SELECT id FROM unit WHERE code = 's1') WHERE code = 'water'; UPDATE world SET "
        "version = version + 1");
    int received = 0;
    EVENTUALLY(({
        cJSON *figures = get(200, &operator_, "/api/v1/figures?unit=s1");
        received = int_at(figures, "counters.received");
        cJSON_Delete(figures);
        received == 4;
    }));
    cJSON *recount = get(200, &operator_, "/api/v1/figures/recount?unit=s1");
    assert_true(cJSON_IsTrue(at(recount, "equal")));
    cJSON_Delete(recount);
}

/* Somebody else has moved on, and by another formula: what this keeper counted meanwhile is not stored, and all is counted anew. */
static void test_another_formula_counts_everything_anew(void **state) {
    SHOWS("F12");
    sql("UPDATE figure_state SET formulas = 0, seq = seq + 1; UPDATE figure SET received = received + 7");
    free(push_to("water", "自来水管漏水"));
    EVENTUALLY(({
        cJSON_Delete(get(200, &operator_, "/api/v1/figures"));
        sql_int("SELECT formulas FROM figure_state") == FIGURES_FORMULAS;
    }));
    cJSON *figures = get(200, &operator_, "/api/v1/figures");
    assert_int_equal(int_at(figures, "counters.received"), 7);
    cJSON_Delete(figures);
    assert_int_equal(verify(), CLI_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_happened_is_there_at_once),
        cmocka_unit_test(test_groups_and_series_add_up),
        cmocka_unit_test(test_a_rate_is_made_of_its_tickets),
        cmocka_unit_test(test_the_log_alone_gives_the_same),
        cmocka_unit_test(test_the_whole_table_is_what_the_log_makes),
        cmocka_unit_test(test_scores_by_rules_with_dates),
        cmocka_unit_test(test_a_file_for_spreadsheets),
        cmocka_unit_test(test_the_table_has_a_column_for_each_counter),
        cmocka_unit_test(test_what_was_tampered_with_is_found_and_counted_anew),
        cmocka_unit_test(test_figures_go_by_the_organisation_as_it_stands),
        cmocka_unit_test(test_another_formula_counts_everything_anew),
    };
    return cmocka_run_group_tests(tests, lives, end);
}
