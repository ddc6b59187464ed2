/* The command line `paidan`: one row of commands.c a command; each is a function over a struct cli. What is shared: options and
 * language (cli.c), talking to the server (door.c), accounts (login.c), tables on a terminal (table.c). Everything a command takes lies in one arena
 * until the program ends. Not a second API: what it does goes through the same HTTP doors as everybody's, but for verify and
 * setup-code, which ask PostgreSQL as the operating system's user. */
#ifndef PAIDAN_CLI_H
#define PAIDAN_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/buffer.h"
#include "common/sentence.h"
#include "proto/words.h"

struct cJSON;
struct cli;

/* Exit codes, the same for every command. */
enum cli_exit { CLI_OK = 0, CLI_REFUSED = 1, CLI_USAGE = 2, CLI_UNREACHABLE = 3 };

struct cli_option {
    const char *name;  /* without the dashes */
    const char *value; /* what it takes, for the help; NULL: a flag */
    const char *zh, *en;
};

struct cli_command {
    const char *name; /* "queue", "user add" */
    const char *args; /* "[UNIT]" */
    int args_min, args_max;
    enum cli_exit (*run)(struct cli *cli);
    const struct cli_option *options; /* ended by a NULL name; or NULL */
    const char *account;              /* as whom, when nobody is named; NULL: needs no server */
    const char *zh, *en;
};

enum { CLI_ARGS_MAX = 64, CLI_OPTIONS_MAX = 64 };

struct cli {
    const struct cli_command *command;
    enum language language;
    bool json;
    int arg_count, option_count;
    const char *args[CLI_ARGS_MAX];
    struct {
        const char *name, *value;
    } options[CLI_OPTIONS_MAX];
    struct arena arena;
    /* login.c */
    const char *url;
    struct cJSON *accounts;    /* var/accounts.json, or NULL */
    const char *authorization; /* header, or NULL */
    const char *cookie, *csrf;
    void *curl;
};

extern const struct cli_command cli_commands[]; /* ended by a NULL name */
extern const struct cli_option cli_common_options[];

/* Parses and runs. What main() does. */
enum cli_exit cli_main(int argc, char **argv);
/* Finds the command and fills options and arguments; CLI_USAGE was said on stderr. *ret_help: only the help is wanted
 * (command NULL: of all). */
enum cli_exit cli_parse(struct cli *cli, int argc, char **argv, bool *ret_help);
void cli_init(struct cli *cli);
void cli_done(struct cli *cli);

/* By --lang, else LC_ALL, LC_MESSAGES, LANG: Chinese when it begins with zh. */
enum language cli_language(const char *option);
const char *cli_in(const struct cli *cli, const char *zh, const char *en);
/* A word of the vocabulary as people say it; the text itself when it is none. */
const char *cli_word(const struct cli *cli, enum word_set set, const char *text);

/* NULL when not given; a flag gives "". The last one counts. */
const char *cli_option(const struct cli *cli, const char *name);
bool cli_flag(const struct cli *cli, const char *name);
/* What holds when the option was not given; both texts borrowed. Nothing happens when there is no room. */
void cli_default_option(struct cli *cli, const char *name, const char *value);

PRINTF(2, 3) char *cli_printf(struct cli *cli, const char *format, ...);
char *cli_copy(struct cli *cli, const void *bytes, size_t len);

/* "paidan: ..." on stderr in the language; returns the code, so that a command can end with it. */
enum cli_exit cli_fail(const struct cli *cli, enum cli_exit code, const char *zh, const char *en);
/* The same with an explanation behind a colon, NULL: none. */
enum cli_exit cli_fail_why(const struct cli *cli, enum cli_exit code, const char *zh, const char *en, const char *why);

/* A whole file, or standard input for "-". Said when it cannot be read. */
enum cli_exit cli_read(struct cli *cli, const char *path, char **ret_bytes, size_t *ret_len);

/* $PAIDAN_VAR, or "var" when that is there. */
const char *cli_var(struct cli *cli);
/* Time moves with the copy's clock file when it has one. */
void cli_open_clock(struct cli *cli);

#endif
