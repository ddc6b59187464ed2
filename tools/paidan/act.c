/* paidan do TICKET COMMAND: any step of the lifecycle table, with its fields as options. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json_writer.h"
#include "core/access.h"
#include "tools/paidan/answers.h"
#include "tools/paidan/commands.h"

static void put_option(struct json_writer *w, const struct cli *cli, const char *option, const char *key) {
    const char *value = cli_option(cli, option);
    if (value) json_put_string(w, key, value);
}

static void put_units(struct json_writer *w, const struct cli *cli) {
    const char *at = cli_option(cli, "units");
    if (!at) return;
    json_put_open_list(w, "units");
    while (*at) {
        size_t len = strcspn(at, ",;");
        if (len) json_text(w, at, len);
        at += len + (at[len] != '\0');
    }
    json_close_list(w);
}

static void put_number(struct json_writer *w, const struct cli *cli, const char *name) {
    const char *value = cli_option(cli, name);
    char *end;
    long number = value ? strtol(value, &end, 10) : 0;
    if (!value) return;
    if (*value && !*end)
        json_put_int(w, name, number);
    else
        json_put_string(w, name, value);
}

void act_put_fields(struct json_writer *w, const struct cli *cli) {
    static const char *const texts[] = {"unit",    "reason", "basis", "note",    "answer", "until",  "matter",
                                        "urgency", "place",  "other", "request", "rung",   "result", "to"};
    static const char *const numbers[] = {"score", "assignment", "version", "card"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) put_option(w, cli, texts[i], texts[i]);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) put_number(w, cli, numbers[i]);
    if (cli_flag(cli, "satisfied")) json_put_bool(w, "satisfied", true);
    put_units(w, cli);
}

static void say_done(struct cli *cli, const struct cJSON *tree) {
    const char *number = tree_text(tree, "ticket");
    printf("%s  %s", *number ? number : tree_text(tree, "number"),
           cli_word(cli, WORDS_state, tree_text(tree, "state")));
    if (*tree_name(cli, tree, "owner"))
        printf(cli_in(cli, "  责任单位 %s  下一步 %s  应办 %s", "  owner %s  next %s  due %s"),
               tree_name(cli, tree, "owner"), tree_name(cli, tree, "next_action"), tree_time(cli, tree, "due"));
    if (*tree_text(tree, "created")) printf(cli_in(cli, "  新工单 %s", "  new ticket %s"), tree_text(tree, "created"));
    puts(tree_bool(tree, "repeated") ? cli_in(cli, "  (此前已办)", "  (done before)") : "");
}

bool act_is_command(const struct cli *cli, const char *command) {
    if (word_value(WORDS_command_name, command, strlen(command))) return true;
    size_t count;
    const struct word *words = word_list(WORDS_command_name, &count);
    fprintf(stderr, "paidan: %s: %s\n ", cli_in(cli, "没有这个命令", "there is no such command"), command);
    for (size_t i = 0; i < count; i++) fprintf(stderr, " %s", words[i].text);
    fputc('\n', stderr);
    return false;
}

enum cli_exit run_do(struct cli *cli) {
    const char *command = cli->args[1];
    if (!act_is_command(cli, command)) return CLI_USAGE;
    struct buffer json = {0};
    struct json_writer w;
    json_writer_init(&w, &json);
    json_open(&w);
    act_put_fields(&w, cli);
    json_close(&w);
    return answers_post(cli, cli_printf(cli, "/api/v1/tickets/%s/%s", door_part(cli, cli->args[0]), command), &json,
                        say_done);
}
