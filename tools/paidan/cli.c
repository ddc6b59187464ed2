/* See cli.h. */
#include "tools/paidan/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/json.h"
#include "common/version.h"
#include "proto/must.h"
#include "tools/paidan/door.h"
#include "tools/paidan/help.h"
#include "tools/paidan/login.h"

enum { ARENA_CHUNK = 1 << 16, ARENA_MAX = 1 << 28, FILE_MAX = 64 << 20 };

const struct cli_option cli_common_options[] = {
    {"url", "URL", "服务地址 (或 PAIDAN_URL)", "the server (or PAIDAN_URL)"},
    {"token", "TOKEN", "以此令牌办理 (或 PAIDAN_TOKEN)", "with this token (or PAIDAN_TOKEN)"},
    {"as", "NAME", "以 accounts.json 中的此账号或令牌办理; 不在其中则询问口令 (或 PAIDAN_PASSWORD)",
     "as this account or token of accounts.json; one not in it is asked for its password (or PAIDAN_PASSWORD)"},
    {"json", NULL, "原样输出 JSON", "print JSON"},
    {"lang", "zh|en", "语言 (默认随 LANG)", "language (as LANG says otherwise)"},
    {"help", NULL, "说明", "this help"},
    {NULL, NULL, NULL, NULL}};

void cli_init(struct cli *cli) {
    *cli = (struct cli){0};
    arena_init(&cli->arena, ARENA_CHUNK, ARENA_MAX);
}

void cli_done(struct cli *cli) {
    login_end(cli);
    json_free(&cli->accounts);
    arena_done(&cli->arena);
}

/* ---- words -------------------------------------------------------------------------------------------------------------------- */

enum language cli_language(const char *option) {
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; !option && i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value && *value) option = value;
    }
    return option && strncmp(option, "zh", 2) == 0 ? LANGUAGE_ZH : LANGUAGE_EN;
}

const char *cli_in(const struct cli *cli, const char *zh, const char *en) {
    return cli->language == LANGUAGE_ZH ? zh : en;
}

const char *cli_word(const struct cli *cli, enum word_set set, const char *text) {
    const struct word *word = word_by_value(set, word_value(set, text, strlen(text)));
    return word ? cli_in(cli, word->zh, word->en) : text;
}

char *cli_copy(struct cli *cli, const void *bytes, size_t len) {
    char *copy = arena_copy(&cli->arena, bytes, len);
    must(copy);
    return copy;
}

char *cli_printf(struct cli *cli, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    must(length >= 0);
    char *text = arena_take(&cli->arena, (size_t)length + 1);
    must(text);
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

enum cli_exit cli_fail(const struct cli *cli, enum cli_exit code, const char *zh, const char *en) {
    fprintf(stderr, "paidan: %s\n", cli_in(cli, zh, en));
    return code;
}

enum cli_exit cli_fail_why(const struct cli *cli, enum cli_exit code, const char *zh, const char *en, const char *why) {
    if (!why || !*why) return cli_fail(cli, code, zh, en);
    fprintf(stderr, "paidan: %s: %s\n", cli_in(cli, zh, en), why);
    return code;
}

/* ---- options ------------------------------------------------------------------------------------------------------------------ */

const char *cli_option(const struct cli *cli, const char *name) {
    for (int i = cli->option_count - 1; i >= 0; i--)
        if (strcmp(cli->options[i].name, name) == 0) return cli->options[i].value;
    return NULL;
}

bool cli_flag(const struct cli *cli, const char *name) {
    return cli_option(cli, name) != NULL;
}

void cli_default_option(struct cli *cli, const char *name, const char *value) {
    if (cli_option(cli, name) || cli->option_count == CLI_OPTIONS_MAX) return;
    cli->options[cli->option_count].name = name;
    cli->options[cli->option_count++].value = value;
}

static const struct cli_option *find_option(const struct cli_option *options, const char *name, size_t len) {
    for (; options && options->name; options++)
        if (strlen(options->name) == len && memcmp(options->name, name, len) == 0) return options;
    return NULL;
}

/* How many words the name has, when they are the first ones; else 0. */
static int begins_with(char **words, int count, const char *name) {
    int n = 0;
    for (size_t len; *name; name += len + (name[len] == ' '), n++) {
        len = strcspn(name, " ");
        if (n == count || strlen(words[n]) != len || memcmp(words[n], name, len) != 0) return 0;
    }
    return n;
}

/* The command whose words stand at the front; of several the one with most words. *ret_words: how many. */
static const struct cli_command *find_command(char **words, int count, int *ret_words) {
    const struct cli_command *found = NULL;
    for (const struct cli_command *command = cli_commands; command->name; command++) {
        int needs = begins_with(words, count, command->name);
        if (!needs || (found && needs < *ret_words)) continue;
        found = command;
        *ret_words = needs;
    }
    return found;
}

static enum cli_exit take_option(struct cli *cli, const struct cli_option *known, const char *option, char **next,
                                 bool *ret_used) {
    const char *equals = strchr(option, '=');
    *ret_used = false;
    if (!known->value) {
        if (equals) return cli_fail_why(cli, CLI_USAGE, "这个选项不带值", "this option takes no value", option);
    } else if (!equals) {
        if (!*next) return cli_fail_why(cli, CLI_USAGE, "这个选项要有值", "this option needs a value", option);
        *ret_used = true;
    }
    if (cli->option_count == CLI_OPTIONS_MAX) return cli_fail(cli, CLI_USAGE, "选项过多", "too many options");
    cli->options[cli->option_count].name = known->name;
    cli->options[cli->option_count++].value = !known->value ? "" : equals ? equals + 1 : *next;
    return CLI_OK;
}

/* Options may stand anywhere behind the command's words; those common to all also before them. "--" ends them. */
static enum cli_exit parse_options(struct cli *cli, char **argv, int argc, char **ret_words, int *ret_count) {
    bool ended = false;
    int count = 0;
    for (int i = 1; i < argc; i++) {
        if (ended || strncmp(argv[i], "--", 2) != 0) {
            ret_words[count++] = argv[i];
            continue;
        }
        if (!argv[i][2]) {
            ended = true;
            continue;
        }
        const char *name = argv[i] + 2;
        size_t len = strcspn(name, "=");
        int words;
        const struct cli_command *command = find_command(ret_words, count, &words);
        const struct cli_option *known = find_option(cli_common_options, name, len);
        if (!known && command) known = find_option(command->options, name, len);
        if (!known) return cli_fail_why(cli, CLI_USAGE, "没有这个选项", "there is no such option", argv[i]);
        bool used;
        enum cli_exit code = take_option(cli, known, argv[i], &argv[i + 1], &used);
        if (code != CLI_OK) return code;
        i += used;
    }
    *ret_count = count;
    return CLI_OK;
}

enum cli_exit cli_parse(struct cli *cli, int argc, char **argv, bool *ret_help) {
    static char *words[CLI_ARGS_MAX];
    int count = 0, used = 0;
    cli->language = cli_language(NULL);
    *ret_help = false;
    if (argc > CLI_ARGS_MAX) return cli_fail(cli, CLI_USAGE, "参数过多", "too many arguments");
    enum cli_exit code = parse_options(cli, argv, argc, words, &count);
    const char *language = cli_option(cli, "lang");
    if (language && strcmp(language, "zh") != 0 && strcmp(language, "en") != 0)
        return cli_fail_why(cli, CLI_USAGE, "--lang 只能是 zh 或 en", "--lang is zh or en", language);
    cli->language = cli_language(language);
    cli->json = cli_flag(cli, "json");
    if (code != CLI_OK) return code;
    if (count == 0 || strcmp(words[0], "help") == 0) {
        *ret_help = true;
        cli->command = count > 1 ? find_command(words + 1, count - 1, &used) : NULL;
        return CLI_OK;
    }
    cli->command = find_command(words, count, &used);
    if (!cli->command) {
        if (help_has_group(words[0])) {
            cli->args[0] = words[0];
            cli->arg_count = 1;
            *ret_help = true;
            if (count == 1 && !cli_flag(cli, "help")) return CLI_USAGE;
            if (cli_flag(cli, "help")) return CLI_OK;
        }
        *ret_help = false;
        return cli_fail_why(cli, CLI_USAGE, "没有这个命令 (paidan --help 列出全部)",
                            "there is no such command (paidan --help lists them)",
                            count > 1 ? cli_printf(cli, "%s %s", words[0], words[1]) : words[0]);
    }
    for (int i = used; i < count; i++) cli->args[cli->arg_count++] = words[i];
    *ret_help = cli_flag(cli, "help");
    if (*ret_help) return CLI_OK;
    if (cli->arg_count < cli->command->args_min || cli->arg_count > cli->command->args_max)
        return cli_fail_why(cli, CLI_USAGE, "用法", "usage",
                            cli_printf(cli, "paidan %s %s", cli->command->name, cli->command->args));
    return CLI_OK;
}

/* ---- files and places ----------------------------------------------------------------------------------------------------------- */

static enum cli_exit read_stdin(struct cli *cli, char **ret_bytes, size_t *ret_len) {
    struct buffer all = {0};
    size_t got;
    while ((got = fread(buffer_room(&all, 65536), 1, 65536, stdin)) > 0) {
        all.length += got;
        if (all.length > FILE_MAX) return cli_fail(cli, CLI_REFUSED, "输入过大", "the input is too large");
    }
    *ret_bytes = cli_copy(cli, all.data ? (const void *)all.data : "", all.length);
    *ret_len = all.length;
    buffer_done(&all);
    return CLI_OK;
}

enum cli_exit cli_read(struct cli *cli, const char *path, char **ret_bytes, size_t *ret_len) {
    if (strcmp(path, "-") == 0) return read_stdin(cli, ret_bytes, ret_len);
    char *bytes;
    enum err err = file_read(path, FILE_MAX, &bytes, ret_len);
    if (err != ERR_NONE)
        return cli_fail_why(cli, CLI_REFUSED, "文件无法读取", "the file cannot be read",
                            cli_printf(cli, "%s (%s)", path, err_name(err)));
    *ret_bytes = cli_copy(cli, bytes, *ret_len);
    free(bytes);
    return CLI_OK;
}

const char *cli_var(struct cli *cli) {
    const char *var = getenv("PAIDAN_VAR");
    (void)cli;
    return var && *var ? var : "var";
}

void cli_open_clock(struct cli *cli) {
    const char *path = getenv("PAIDAN_CLOCK_FILE"), *kind = getenv("PAIDAN_CLOCK");
    struct stat there;
    if (kind && strcmp(kind, "real") == 0) return;
    if (!path) path = cli_printf(cli, "%s/clock", cli_var(cli));
    if (*path && stat(path, &there) == 0 && clock_open(path) != ERR_NONE)
        fprintf(stderr, "paidan: %s\n",
                cli_in(cli, "时钟文件无法使用, 按真实时间", "the clock file cannot be used: real time it is"));
}

/* ---- the program ---------------------------------------------------------------------------------------------------------------- */

enum cli_exit cli_main(int argc, char **argv) {
    static struct cli cli;
    bool help;
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("paidan " PAIDAN_VERSION "\n") < 0 ? CLI_REFUSED : CLI_OK;
    cli_init(&cli);
    enum cli_exit code = cli_parse(&cli, argc, argv, &help);
    if (help) {
        help_print(&cli, code == CLI_OK ? stdout : stderr);
    } else if (code == CLI_OK) {
        code = cli.command->run(&cli);
    }
    cli_done(&cli);
    if (fflush(stdout) != 0 && code == CLI_OK) code = CLI_REFUSED;
    return code;
}
