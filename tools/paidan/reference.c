/* paidan ... import FILE, ... export: reference data as files, by the same doors an administrator's page uses. The kind is the command's
 * first word. The server checks a file whole and names every mistake with its row; then all of it is stored, or nothing. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "tools/paidan/commands.h"
#include "tools/paidan/door.h"

static const struct kind {
    const char *word, *path; /* as said here, as in the address */
} kinds[] = {{"unit", "units"},      {"area", "areas"},         {"matter", "matters"},
             {"policy", "policies"}, {"calendar", "calendars"}, {"admission", "admission"},
             {"place", "places"},    {"source", "sources"},     {"people", "people"},
             {"rule", "rules"},      {"score", "scores"},       {"organisation", "organisation"},
             {"roster", "roster"}};

static const char *path_of(struct cli *cli) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(cli->command->name, kinds[i].word, strlen(kinds[i].word)) == 0) return kinds[i].path;
    return "";
}

/* ---- import ------------------------------------------------------------------------------------------------------------------------ */

/* Passwords are told this once. */
static void say_people(struct cli *cli, const struct cJSON *people) {
    const struct cJSON *row;
    if (!people || !people->child) return;
    cJSON_ArrayForEach(row, people) printf("%-24s %s\n", tree_text(row, "user"), tree_text(row, "password"));
    fprintf(stderr, "%s\n", cli_in(cli, "口令只显示这一次。", "Passwords are shown this once."));
}

static void say_imported(struct cli *cli, const struct cJSON *tree) {
    const struct cJSON *warning, *consequence;
    printf(cli_in(cli, "%s: %lld 行, 新增 %lld, 更新 %lld, 删除 %lld%s\n",
                  "%s: %lld rows, created %lld, updated %lld, removed %lld%s\n"),
           tree_text(tree, "kind"), (long long)tree_int(tree, "rows"), (long long)tree_int(tree, "created"),
           (long long)tree_int(tree, "updated"), (long long)tree_int(tree, "removed"),
           !tree_bool(tree, "dry_run") ? ""
           : tree_at(tree, "changed") && !tree_bool(tree, "changed")
               ? cli_in(cli, "  (试运行: 没有变化)", "  (dry run: no change)")
               : cli_in(cli, "  (试运行, 未保存)", "  (dry run: nothing was stored)"));
    cJSON_ArrayForEach(warning, tree_at(tree, "warnings"))
        fprintf(stderr, "  %s %s\n", cli_in(cli, "注意:", "note:"), tree_text(warning, cli_in(cli, "zh", "en")));
    cJSON_ArrayForEach(consequence, tree_at(tree, "consequences"))
        printf("  %s\n", tree_text(consequence, cli_in(cli, "zh", "en")));
    say_people(cli, tree_at(tree, "accounts"));
}

enum cli_exit run_import(struct cli *cli) {
    const char *kind = path_of(cli);
    char *bytes;
    size_t len;
    struct door_answer answer;
    enum cli_exit code = cli_read(cli, cli->args[0], &bytes, &len);
    if (code != CLI_OK) return code;
    code = door_send(cli, "POST",
                     cli_printf(cli, "/api/v1/admin/%s/import%s", kind, cli_flag(cli, "dry-run") ? "?dry_run=1" : ""),
                     strcmp(kind, "areas") == 0 ? "application/geo+json" : "text/csv", bytes, len, &answer);
    if (code == CLI_OK && cli->json)
        door_print(&answer);
    else if (code == CLI_OK)
        say_imported(cli, answer.tree);
    door_answer_done(&answer);
    return code;
}

enum cli_exit run_export(struct cli *cli) {
    struct door_answer answer;
    enum cli_exit code = door_get(cli, cli_printf(cli, "/api/v1/admin/%s/export", path_of(cli)), &answer);
    const char *path = cli->arg_count ? cli->args[0] : "-";
    if (code == CLI_OK) {
        FILE *to = strcmp(path, "-") == 0 ? stdout : fopen(path, "wb");
        if (!to || fwrite(answer.body.data, 1, answer.body.length, to) != answer.body.length || fflush(to) != 0)
            code = cli_fail_why(cli, CLI_REFUSED, "文件无法写入", "the file cannot be written", path);
        if (to && to != stdout) fclose(to);
    }
    door_answer_done(&answer);
    return code;
}
