/* See help.h. */
#include "tools/paidan/help.h"

#include <string.h>

#include "tools/paidan/table.h"

bool help_has_group(const char *word) {
    size_t len = strlen(word);
    for (const struct cli_command *c = cli_commands; c->name; c++)
        if (strncmp(c->name, word, len) == 0 && c->name[len] == ' ') return true;
    return false;
}

static void print_pair(FILE *to, const char *left, const char *right) {
    size_t width = table_width(left);
    fprintf(to, "  %s%*s%s\n", left, width < 30 ? (int)(30 - width) : 2, "", right);
}

static void print_options(struct cli *cli, FILE *to, const struct cli_option *options) {
    for (; options && options->name; options++)
        print_pair(to,
                   options->value ? cli_printf(cli, "--%s %s", options->name, options->value)
                                  : cli_printf(cli, "--%s", options->name),
                   cli_in(cli, options->zh, options->en));
}

static void print_command(struct cli *cli, FILE *to) {
    const struct cli_command *c = cli->command;
    fprintf(to, "paidan %s%s%s\n  %s\n", c->name, *c->args ? " " : "", c->args, cli_in(cli, c->zh, c->en));
    if (c->options) fprintf(to, "\n%s\n", cli_in(cli, "选项:", "Options:"));
    print_options(cli, to, c->options);
    fprintf(to, "\n%s\n", cli_in(cli, "各命令共有:", "Common to all commands:"));
    print_options(cli, to, cli_common_options);
}

void help_print(struct cli *cli, FILE *to) {
    if (cli->command) {
        print_command(cli, to);
        return;
    }
    const char *group = cli->arg_count ? cli->args[0] : NULL;
    fprintf(to, "%s\n\n%s\n", cli_in(cli, "paidan 派单: 工单命令行", "paidan: the command line of Paidan"),
            cli_in(cli, "用法: paidan 命令 [选项]", "usage: paidan COMMAND [OPTIONS]"));
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        size_t len = group ? strlen(group) : 0;
        if (group && (strncmp(c->name, group, len) != 0 || c->name[len] != ' ')) continue;
        print_pair(to, cli_printf(cli, "%s %s", c->name, c->args), cli_in(cli, c->zh, c->en));
    }
    fprintf(to, "\n%s\n", cli_in(cli, "各命令共有:", "Common to all commands:"));
    print_options(cli, to, cli_common_options);
    fprintf(
        to, "\n%s\n",
        cli_in(cli,
               "退出码: 0 成功, 1 被拒绝, 2 用法有误, 3 连不上。\n"
               "PAIDAN_VAR: 本机副本所在目录 (默认 var); PAIDAN_ACCOUNTS: 账号文件 (默认其中的 accounts.json)。\n"
               "PAIDAN_PATIENCE: 系统繁忙 (429, 503) 时按 Retry-After 重试的秒数 (默认 10)。paidan --version: 版本。",
               "Exit codes: 0 done, 1 refused, 2 wrong usage, 3 not reached.\n"
               "PAIDAN_VAR: folder of the copy on this machine (default var); PAIDAN_ACCOUNTS: accounts (default "
               "its accounts.json).\n"
               "PAIDAN_PATIENCE: for how many seconds what is too busy (429, 503) is tried again after Retry-After "
               "(10). paidan --version: the version."));
}
