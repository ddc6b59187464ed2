/* The command line: words and options, help from the table, tables aligned by width, JSON read without fear. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/json.h"
#include "tools/paidan/commands.h"
#include "tools/paidan/door.h"
#include "tools/paidan/help.h"
#include "tools/paidan/table.h"

static struct cli cli;
static bool help;

static enum cli_exit parse(int argc, const char **argv) {
    cli_done(&cli);
    cli_init(&cli);
    fflush(stderr);
    int kept = dup(STDERR_FILENO), nowhere = fileno(tmpfile());
    dup2(nowhere, STDERR_FILENO); /* what is said to people is not looked at here */
    enum cli_exit code = cli_parse(&cli, argc, (char **)argv, &help);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    return code;
}
#define PARSE(...)                                                                                                     \
    parse(sizeof((const char *[]){"paidan", __VA_ARGS__}) / sizeof(char *),                                            \
          (const char *[]){"paidan", __VA_ARGS__, NULL})

static void commands_are_found_by_their_words(void **state) {
    (void)state;
    assert_int_equal(PARSE("do", "T1", "sign"), CLI_OK);
    assert_string_equal(cli.command->name, "do");
    assert_int_equal(cli.arg_count, 2);
    assert_string_equal(cli.args[1], "sign");
    assert_int_equal(PARSE("user", "add", "a", "street", "s1"), CLI_OK);
    assert_string_equal(cli.command->name, "user add");
    assert_int_equal(cli.arg_count, 3);
    assert_int_equal(PARSE("calendar", "preview", "x.csv"), CLI_OK);
    assert_int_equal(PARSE("source", "mapping", "show", "a"), CLI_OK);
    assert_string_equal(cli.command->name, "source mapping show");
    assert_int_equal(cli.arg_count, 1);
    assert_int_equal(PARSE("source", "mapping"), CLI_USAGE);
    assert_int_equal(PARSE("nothing"), CLI_USAGE);
    assert_int_equal(PARSE("user", "nothing"), CLI_USAGE);
    assert_int_equal(PARSE("do", "T1"), CLI_USAGE);
    assert_int_equal(PARSE("ticket", "T1", "T2"), CLI_USAGE);
}

static void options_stand_anywhere_and_are_checked(void **state) {
    (void)state;
    assert_int_equal(PARSE("--lang", "zh", "do", "--reason", "x", "T1", "return", "--basis=y=z", "--json"), CLI_OK);
    assert_int_equal(cli.language, LANGUAGE_ZH);
    assert_true(cli.json);
    assert_string_equal(cli_option(&cli, "reason"), "x");
    assert_string_equal(cli_option(&cli, "basis"), "y=z");
    assert_null(cli_option(&cli, "note"));
    assert_int_equal(PARSE("do", "T1", "note", "--", "--odd"), CLI_USAGE); /* an argument too many, not an option */
    assert_int_equal(PARSE("ticket", "--", "--odd"), CLI_OK);
    assert_string_equal(cli.args[0], "--odd");
    assert_int_equal(PARSE("ticket", "T1", "--reason", "x"), CLI_USAGE); /* another command's */
    assert_int_equal(PARSE("ticket", "T1", "--history=yes"), CLI_USAGE);
    assert_int_equal(PARSE("do", "T1", "sign", "--reason"), CLI_USAGE);
    assert_int_equal(PARSE("queue", "--lang", "fr"), CLI_USAGE);
    assert_int_equal(PARSE("queue", "--state", "OFFERED", "--state", "CHECK"), CLI_OK);
    assert_string_equal(cli_option(&cli, "state"), "CHECK");
}

static void help_is_asked_for_in_every_way(void **state) {
    (void)state;
    assert_int_equal(PARSE("--help"), CLI_OK);
    assert_true(help);
    assert_null(cli.command);
    assert_int_equal(PARSE("do", "--help"), CLI_OK);
    assert_true(help);
    assert_string_equal(cli.command->name, "do");
    assert_int_equal(PARSE("help", "user", "add"), CLI_OK);
    assert_string_equal(cli.command->name, "user add");
    assert_int_equal(PARSE("user", "--help"), CLI_OK);
    assert_true(help && !cli.command);
    assert_int_equal(PARSE("user"), CLI_USAGE);
    assert_true(help);
}

static void every_command_is_described_in_both_languages(void **state) {
    (void)state;
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        assert_true(c->run && *c->zh && *c->en && c->args_min <= c->args_max);
        for (int i = 0; i < 2; i++) {
            char text[16384] = "";
            FILE *to = fmemopen(text, sizeof text, "w");
            cli_done(&cli);
            cli_init(&cli);
            cli.language = i ? LANGUAGE_EN : LANGUAGE_ZH;
            cli.command = c;
            help_print(&cli, to);
            fclose(to);
            assert_non_null(strstr(text, c->name));
            assert_non_null(strstr(text, "--json"));
            for (const struct cli_option *o = c->options; o && o->name; o++)
                assert_non_null(strstr(text, i ? o->en : o->zh));
        }
    }
}

static void the_language_is_that_of_the_terminal(void **state) {
    (void)state;
    unsetenv("LC_ALL");
    unsetenv("LC_MESSAGES");
    setenv("LANG", "zh_CN.UTF-8", 1);
    assert_int_equal(cli_language(NULL), LANGUAGE_ZH);
    assert_int_equal(cli_language("en"), LANGUAGE_EN);
    setenv("LC_ALL", "C.UTF-8", 1);
    assert_int_equal(cli_language(NULL), LANGUAGE_EN);
    unsetenv("LC_ALL");
}

static void tables_are_aligned_by_east_asian_width(void **state) {
    (void)state;
    static const char *const titles[] = {"名称", ">数", "note", NULL};
    struct table table;
    struct buffer text = {0};
    assert_int_equal(table_width("汀桥街道 a"), 10);
    assert_int_equal(table_width("\xff"), 1);
    assert_int_equal(table_cut("汀桥", 3), 3); /* half a character is none */
    table_begin(&table, titles);
    table_cell(&table, "汀桥街道");
    table_int(&table, 7);
    table_cell(&table, "x");
    table_cell(&table, "abc");
    table_int(&table, 1234);
    table_cell(&table, NULL);
    table_write(&table, &text);
    assert_string_equal(buffer_text(&text), "名称        数  note\n"
                                            "汀桥街道     7  x\n"
                                            "abc       1234  \n");
    table.width_max = 26;
    table_done(&table);
    buffer_clear(&text);
    table_begin(&table, titles);
    table_cell(&table, "a");
    table_int(&table, 1);
    table_cell(&table, "一二三四五六七八九十一二三四五六七八九十");
    table.width_max = 26;
    table_write(&table, &text);
    assert_non_null(strstr(buffer_text(&text), "…\n"));
    for (const char *line = strchr(buffer_text(&text), '\n') + 1; *line; line = strchr(line, '\n') + 1) {
        char copy[200];
        snprintf(copy, sizeof copy, "%.*s", (int)strcspn(line, "\n"), line);
        assert_in_range(table_width(copy), 0, 26);
    }
    table_done(&table);
    buffer_done(&text);
}

static void parts_of_addresses_are_escaped(void **state) {
    (void)state;
    cli_done(&cli);
    cli_init(&cli);
    assert_string_equal(door_part(&cli, "T20261121010000001"), "T20261121010000001");
    assert_string_equal(door_part(&cli, "a/b?c#街"), "a%2Fb%3Fc%23%E8%A1%97");
    assert_string_equal(door_part(&cli, ""), "");
}

static void trees_are_read_without_asking_first(void **state) {
    (void)state;
    static const char json[] =
        "{\"a\":{\"name\":{\"zh\":\"街道\",\"en\":\"street\"}},\"w\":{\"code\":\"x\",\"zh\":\"甲\",\"en\":\"A\"},"
        "\"t\":\"2026-11-21T01:30:00Z\",\"n\":\"12\",\"b\":true,\"null\":null}";
    struct cJSON *tree;
    struct json_fault fault;
    assert_int_equal(json_parse(json, strlen(json), NULL, &tree, &fault), ERR_NONE);
    cli_done(&cli);
    cli_init(&cli);
    cli.language = LANGUAGE_ZH;
    assert_string_equal(tree_name(&cli, tree, "a"), "街道");
    assert_string_equal(tree_name(&cli, tree, "w"), "甲");
    assert_string_equal(tree_name(&cli, tree, "none"), "");
    assert_string_equal(tree_time(&cli, tree, "t"), "2026-11-21 09:30");
    assert_string_equal(tree_time(&cli, tree, "null"), "-");
    assert_int_equal(tree_int(tree, "n"), 12);
    assert_int_equal(tree_int(NULL, "n"), 0);
    assert_true(tree_bool(tree, "b"));
    assert_null(tree_at(NULL, "x"));
    json_free(&tree);
}

static void a_server_that_is_not_there_is_exit_code_three(void **state) {
    (void)state;
    assert_int_equal(PARSE("queue", "--url", "http://127.0.0.1:9", "--token", "pdapi_x"), CLI_OK);
    int kept = dup(STDERR_FILENO);
    dup2(fileno(tmpfile()), STDERR_FILENO);
    enum cli_exit code = cli.command->run(&cli);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    assert_int_equal(code, CLI_UNREACHABLE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_found_by_their_words),
        cmocka_unit_test(options_stand_anywhere_and_are_checked),
        cmocka_unit_test(help_is_asked_for_in_every_way),
        cmocka_unit_test(every_command_is_described_in_both_languages),
        cmocka_unit_test(the_language_is_that_of_the_terminal),
        cmocka_unit_test(tables_are_aligned_by_east_asian_width),
        cmocka_unit_test(parts_of_addresses_are_escaped),
        cmocka_unit_test(trees_are_read_without_asking_first),
        cmocka_unit_test(a_server_that_is_not_there_is_exit_code_three),
    };
    cli_init(&cli);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    cli_done(&cli);
    return failed;
}
