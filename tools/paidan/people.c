/* paidan user, paidan token, paidan bus-key: who may sign in and which systems may speak. The security administrator's. */
#include <stdio.h>

#include "tools/paidan/answers.h"
#include "tools/paidan/commands.h"

/* ---- users ------------------------------------------------------------------------------------------------------------------------ */

static void say_user(struct cli *cli, const struct cJSON *tree) {
    answers_once(cli, cli_printf(cli, "%s  %s", tree_text(tree, "user"), tree_text(tree, "password")),
                 "口令只显示这一次。", "The password is shown this once.");
}

enum cli_exit run_user_add(struct cli *cli) {
    struct buffer json = {0};
    struct json_writer w;
    json_writer_init(&w, &json);
    json_open(&w);
    json_put_string(&w, "user", cli->args[0]);
    json_put_string(&w, "role", cli->args[1]);
    if (cli->arg_count > 2) json_put_string(&w, "unit", cli->args[2]);
    json_close(&w);
    return answers_post(cli, "/api/v1/admin/users", &json, say_user);
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

static void say_token(struct cli *cli, const struct cJSON *tree) {
    answers_once(cli, tree_text(tree, "token"), "令牌只显示这一次。", "The token is shown this once.");
}

enum cli_exit run_token_create(struct cli *cli) {
    struct buffer json = {0};
    struct json_writer w;
    json_writer_init(&w, &json);
    json_open(&w);
    json_put_string(&w, "name", cli->args[0]);
    json_put_string(&w, "role", cli->args[1]);
    if (cli_option(cli, "unit")) json_put_string(&w, "unit", cli_option(cli, "unit"));
    if (cli_option(cli, "expires")) json_put_string(&w, "expires_at", cli_option(cli, "expires"));
    answers_put_list(&w, "sources", cli_option(cli, "sources"));
    json_close(&w);
    return answers_post(cli, "/api/v1/admin/tokens", &json, say_token);
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

static void say_bus_key(struct cli *cli, const struct cJSON *tree) {
    printf("%s %s\n", tree_text(tree, "address"), tree_text(tree, "server_key"));
}

enum cli_exit run_bus_key_add(struct cli *cli) {
    struct buffer json = {0};
    struct json_writer w;
    json_writer_init(&w, &json);
    json_open(&w);
    json_put_string(&w, "name", cli->args[0]);
    json_put_string(&w, "token", cli->args[1]);
    json_put_string(&w, "public_key", cli->args[2]);
    json_close(&w);
    return answers_post(cli, "/api/v1/admin/bus-keys", &json, say_bus_key);
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
