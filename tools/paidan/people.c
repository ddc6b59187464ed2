/* paidan user, paidan token, paidan bus-key: who may sign in and which systems may speak. The security administrator's. */
#include <stdio.h>
#include <string.h>

#include "common/json_writer.h"
#include "tools/paidan/answers.h"
#include "tools/paidan/commands.h"

/* ---- users ------------------------------------------------------------------------------------------------------------------------ */

enum cli_exit run_user_add(struct cli *cli) {
    struct buffer json = {0};
    struct json_writer w;
    struct door_answer answer;
    json_writer_init(&w, &json);
    json_open(&w);
    json_put_string(&w, "user", cli->args[0]);
    json_put_string(&w, "role", cli->args[1]);
    if (cli->arg_count > 2) json_put_string(&w, "unit", cli->args[2]);
    json_close(&w);
    enum cli_exit code = door_post(cli, "/api/v1/admin/users", &json, &answer);
    buffer_done(&json);
    if (code == CLI_OK && cli->json)
        door_print(&answer);
    else if (code == CLI_OK)
        printf("%s  %s\n", tree_text(answer.tree, "user"), tree_text(answer.tree, "password"));
    if (code == CLI_OK && !cli->json)
        fprintf(stderr, "%s\n", cli_in(cli, "口令只显示这一次。", "The password is shown this once."));
    door_answer_done(&answer);
    return code;
}

enum cli_exit run_user_list(struct cli *cli) {
    static const struct answers_column columns[] = {{"user", "账号", "user"},       {"role", "角色", "role"},
                                                    {"unit", "单位", "unit"},       {"disabled", "停用", "disabled"},
                                                    {"created", "建立", "created"}, {NULL, NULL, NULL}};
    return answers_list(cli, "/api/v1/admin/users", "users", columns);
}

static const char *user_path(struct cli *cli) {
    return cli_printf(cli, "/api/v1/admin/users/%s", door_part(cli, cli->args[0]));
}

enum cli_exit run_user_disable(struct cli *cli) {
    return answers_act(cli, "DELETE", user_path(cli), NULL, "已停用, 其会话即刻失效",
                       "is disabled; its sessions end now", cli->args[0]);
}

enum cli_exit run_user_enable(struct cli *cli) {
    static const char body[] = "{\"disabled\":false}";
    struct buffer json = {0};
    buffer_append_text(&json, body);
    enum cli_exit code = answers_act(cli, "POST", user_path(cli), &json, "已启用", "is enabled", cli->args[0]);
    buffer_done(&json);
    return code;
}

/* ---- tokens ------------------------------------------------------------------------------------------------------------------------ */

static void put_sources(struct json_writer *w, const struct cli *cli) {
    const char *at = cli_option(cli, "sources");
    if (!at) return;
    json_put_open_list(w, "sources");
    while (*at) {
        size_t len = strcspn(at, ",;");
        if (len) json_text(w, at, len);
        at += len + (at[len] != '\0');
    }
    json_close_list(w);
}

enum cli_exit run_token_create(struct cli *cli) {
    struct buffer json = {0};
    struct json_writer w;
    struct door_answer answer;
    json_writer_init(&w, &json);
    json_open(&w);
    json_put_string(&w, "name", cli->args[0]);
    json_put_string(&w, "role", cli->args[1]);
    if (cli_option(cli, "unit")) json_put_string(&w, "unit", cli_option(cli, "unit"));
    if (cli_option(cli, "expires")) json_put_string(&w, "expires_at", cli_option(cli, "expires"));
    put_sources(&w, cli);
    json_close(&w);
    enum cli_exit code = door_post(cli, "/api/v1/admin/tokens", &json, &answer);
    buffer_done(&json);
    if (code == CLI_OK && cli->json)
        door_print(&answer);
    else if (code == CLI_OK)
        printf("%s\n", tree_text(answer.tree, "token"));
    if (code == CLI_OK && !cli->json)
        fprintf(stderr, "%s\n", cli_in(cli, "令牌只显示这一次。", "The token is shown this once."));
    door_answer_done(&answer);
    return code;
}

enum cli_exit run_token_list(struct cli *cli) {
    static const struct answers_column columns[] = {{"name", "名称", "name"},
                                                    {"role", "角色", "role"},
                                                    {"unit", "单位", "unit"},
                                                    {"sources", "来源", "sources"},
                                                    {"expires_at", "有效至", "until"},
                                                    {"disabled", "停用", "disabled"},
                                                    {NULL, NULL, NULL}};
    return answers_list(cli, "/api/v1/admin/tokens", "tokens", columns);
}

enum cli_exit run_token_revoke(struct cli *cli) {
    return answers_act(cli, "DELETE", cli_printf(cli, "/api/v1/admin/tokens/%s", door_part(cli, cli->args[0])), NULL,
                       "已撤销", "is revoked", cli->args[0]);
}

/* ---- keys on the bus ---------------------------------------------------------------------------------------------------------------- */

enum cli_exit run_bus_key_add(struct cli *cli) {
    struct buffer json = {0};
    struct json_writer w;
    struct door_answer answer;
    json_writer_init(&w, &json);
    json_open(&w);
    json_put_string(&w, "name", cli->args[0]);
    json_put_string(&w, "token", cli->args[1]);
    json_put_string(&w, "public_key", cli->args[2]);
    json_close(&w);
    enum cli_exit code = door_post(cli, "/api/v1/admin/bus-keys", &json, &answer);
    buffer_done(&json);
    if (code == CLI_OK && cli->json)
        door_print(&answer);
    else if (code == CLI_OK)
        printf("%s %s\n", tree_text(answer.tree, "address"), tree_text(answer.tree, "server_key"));
    door_answer_done(&answer);
    return code;
}

enum cli_exit run_bus_key_list(struct cli *cli) {
    static const struct answers_column columns[] = {
        {"name", "名称", "name"}, {"token", "令牌", "token"},           {"role", "角色", "role"},
        {"unit", "单位", "unit"}, {"public_key", "公钥", "public key"}, {"disabled", "停用", "disabled"},
        {NULL, NULL, NULL}};
    return answers_list(cli, "/api/v1/admin/bus-keys", "keys", columns);
}

enum cli_exit run_bus_key_remove(struct cli *cli) {
    return answers_act(cli, "DELETE", cli_printf(cli, "/api/v1/admin/bus-keys/%s", door_part(cli, cli->args[0])), NULL,
                       "已撤销", "is withdrawn", cli->args[0]);
}
