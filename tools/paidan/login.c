/* See login.h. */
#include "tools/paidan/login.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "common/file.h"
#include "common/json.h"
#include "common/json_writer.h"
#include "tools/paidan/door.h"

static const char *environment(const char *name) {
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* accounts.json of the copy on this machine; nothing is wrong when there is none. */
static void read_accounts(struct cli *cli) {
    const char *path = environment("PAIDAN_ACCOUNTS");
    char *bytes;
    size_t len;
    struct json_fault fault;
    if (cli->accounts) return;
    if (!path) path = cli_printf(cli, "%s/accounts.json", cli_var(cli));
    if (file_read(path, 4 << 20, &bytes, &len) != ERR_NONE) return;
    struct json_limits limits = {.bytes_max = 4 << 20};
    if (json_parse(bytes, len, &limits, &cli->accounts, &fault) != ERR_NONE)
        fprintf(stderr, "paidan: %s: %s\n", path, sentence_in(json_sentence(fault.wrong), cli->language));
    free(bytes);
}

const char *login_url(struct cli *cli) {
    if (cli->url) return cli->url;
    const char *url = cli_option(cli, "url");
    if (!url) url = environment("PAIDAN_URL");
    if (!url) {
        read_accounts(cli);
        const char *known = cli->accounts ? tree_text(cli->accounts, "url") : "";
        url = *known ? known : "http://127.0.0.1:12345";
    }
    size_t len = strlen(url);
    while (len && url[len - 1] == '/') len--;
    cli->url = cli_copy(cli, url, len);
    return cli->url;
}

static enum cli_exit use_token(struct cli *cli, const char *token) {
    if (strpbrk(token, "\r\n")) return cli_fail(cli, CLI_USAGE, "令牌有误", "that is no token");
    cli->authorization = cli_printf(cli, "Authorization: Bearer %s", token);
    return CLI_OK;
}

/* From the terminal, unseen. */
static const char *ask_password(struct cli *cli, const char *name) {
    struct termios seen, unseen;
    char line[300];
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &seen) != 0) return NULL;
    fprintf(stderr, "%s %s: ", cli_in(cli, "口令", "password of"), name);
    unseen = seen;
    unseen.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen);
    char *got = fgets(line, sizeof line, stdin);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &seen);
    fputc('\n', stderr);
    return got ? cli_copy(cli, line, strcspn(line, "\r\n")) : NULL;
}

static enum cli_exit sign_on(struct cli *cli, const char *user, const char *password) {
    struct buffer json = {0};
    struct json_writer w;
    json_writer_init(&w, &json);
    json_open(&w);
    json_put_string(&w, "user", user);
    json_put_string(&w, "password", password);
    json_close(&w);
    struct door_answer answer;
    enum cli_exit code = door_send_plain(cli, "POST", "/api/v1/session", buffer_text(&json), &answer);
    buffer_done(&json);
    if (code == CLI_OK) {
        cli->cookie = cli_printf(cli, "Cookie: %s", answer.cookie);
        cli->csrf = cli_printf(cli, "X-CSRF-Token: %s", answer.tree ? tree_text(answer.tree, "csrf") : "");
    } else if (answer.status) {
        door_say_problem(cli, &answer);
    }
    door_answer_done(&answer);
    return code;
}

static enum cli_exit use_name(struct cli *cli, const char *name) {
    const struct cJSON *account = cli->accounts ? tree_at(tree_at(cli->accounts, "accounts"), name) : NULL;
    const char *token = cli->accounts ? tree_text(tree_at(cli->accounts, "tokens"), name) : "";
    if (account) return sign_on(cli, tree_text(account, "user"), tree_text(account, "password"));
    if (*token) return use_token(cli, token);
    const char *password = environment("PAIDAN_PASSWORD");
    if (!password) password = ask_password(cli, name);
    if (!password)
        return cli_fail_why(cli, CLI_USAGE, "账号文件里没有这个账号, 也没有给出口令 (PAIDAN_PASSWORD)",
                            "not in the accounts file, and no password was given (PAIDAN_PASSWORD)", name);
    return sign_on(cli, name, password);
}

enum cli_exit login_begin(struct cli *cli) {
    if (cli->authorization || cli->cookie || !cli->command->account) return CLI_OK;
    const char *as = cli_option(cli, "as"), *token = cli_option(cli, "token");
    if (!token && !as) token = environment("PAIDAN_TOKEN");
    if (token) return use_token(cli, token);
    read_accounts(cli);
    if (as) return use_name(cli, as);
    if (cli->accounts) return use_name(cli, cli->command->account);
    return cli_fail(
        cli, CLI_USAGE, "请用 --token 或 --as 说明以谁的身份办理 (或 PAIDAN_TOKEN; 本机副本的账号在 var/accounts.json)",
        "say who you are with --token or --as (or PAIDAN_TOKEN; a copy on this machine has var/accounts.json)");
}

void login_end(struct cli *cli) {
    struct door_answer answer;
    if (cli->cookie) {
        (void)door_send_plain(cli, "DELETE", "/api/v1/session", NULL, &answer);
        door_answer_done(&answer);
    }
    cli->cookie = cli->csrf = cli->authorization = NULL;
}
