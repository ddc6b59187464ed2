/* paidan endpoint, paidan network: where events go, and which private networks that may be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/paidan/answers.h"
#include "tools/paidan/commands.h"

/* ---- endpoints ----------------------------------------------------------------------------------------------------------------------- */

static void say_secret(struct cli *cli, const struct cJSON *tree) {
    answers_once(cli, tree_text(tree, "secret"), "签名密钥只显示这一次。", "The signing secret is shown this once.");
}

enum cli_exit run_endpoint_add(struct cli *cli) {
    struct buffer json = {0};
    struct json_writer w;
    const char *unit = cli_option(cli, "unit"), *source = cli_option(cli, "source");
    if (!unit == !source)
        return cli_fail(cli, CLI_USAGE, "请给出 --unit 或 --source 之一", "give either --unit or --source");
    json_writer_init(&w, &json);
    json_open(&w);
    json_put_string(&w, "name", cli->args[0]);
    json_put_string(&w, "url", cli->args[1]);
    json_put_string(&w, unit ? "unit" : "source", unit ? unit : source);
    answers_put_list(&w, "events", cli_option(cli, "events"));
    answers_put_list(&w, "matters", cli_option(cli, "matters"));
    json_close(&w);
    return answers_post(cli, "/api/v1/admin/endpoints", &json, say_secret);
}

enum cli_exit run_endpoint_list(struct cli *cli) {
    static const struct answers_column columns[] = {{"name", "名称", "name"},
                                                    {"url", "地址", "url"},
                                                    {"unit", "单位", "unit"},
                                                    {"source", "来源", "source"},
                                                    {"events", "事件", "events"},
                                                    {"matters", "事项", "matters"},
                                                    {"verified", "已验证", "verified"},
                                                    {"paused", "暂停", "paused"},
                                                    {">waiting", "待发", "waiting"},
                                                    {"waiting_since", "最早", "since"},
                                                    {"old_secret_until", "旧密钥至", "old secret until"},
                                                    {NULL, NULL, NULL}};
    return answers_list(cli, "/api/v1/admin/endpoints", "endpoints", columns);
}

static const char *endpoint_path(struct cli *cli) {
    return cli_printf(cli, "/api/v1/admin/endpoints/%s", door_part(cli, cli->args[0]));
}

static enum cli_exit endpoint_pause(struct cli *cli, bool paused, const char *zh, const char *en) {
    struct buffer json = {0};
    buffer_append_text(&json, paused ? "{\"paused\":true}" : "{\"paused\":false}");
    enum cli_exit code = answers_act(cli, "POST", endpoint_path(cli), &json, zh, en, cli->args[0]);
    buffer_done(&json);
    return code;
}

enum cli_exit run_endpoint_pause(struct cli *cli) {
    return endpoint_pause(cli, true, "已暂停, 事件留待恢复后发送", "is paused; its events wait");
}

enum cli_exit run_endpoint_resume(struct cli *cli) {
    return endpoint_pause(cli, false, "已恢复", "goes on");
}

/* What came of an attempt, as a sentence; 1 when it was not taken. */
static enum cli_exit endpoint_try(struct cli *cli, const char *act) {
    struct door_answer answer;
    enum cli_exit code = door_post(cli, cli_printf(cli, "%s/%s", endpoint_path(cli), act), NULL, &answer);
    if (code == CLI_OK && cli->json)
        door_print(&answer);
    else if (code == CLI_OK)
        printf("%s  HTTP %lld  %lld ms  %s  %s%s%s\n", tree_text(answer.tree, "reason"),
               (long long)tree_int(answer.tree, "status"), (long long)tree_int(answer.tree, "took_ms"),
               tree_text(answer.tree, "address"), tree_text(answer.tree, "said"),
               *tree_text(answer.tree, "detail") ? "  " : "", tree_text(answer.tree, "detail"));
    if (code == CLI_OK && strcmp(tree_text(answer.tree, "outcome"), "delivered") != 0) code = CLI_REFUSED;
    door_answer_done(&answer);
    return code;
}

enum cli_exit run_endpoint_test(struct cli *cli) {
    return endpoint_try(cli, "test");
}

enum cli_exit run_endpoint_verify(struct cli *cli) {
    return endpoint_try(cli, "verify");
}

enum cli_exit run_endpoint_attempts(struct cli *cli) {
    static const struct answers_column columns[] = {{"at", "时间", "at"},          {"kind", "类别", "kind"},
                                                    {"ticket", "工单", "ticket"},  {"event", "事件", "event"},
                                                    {">status", "HTTP", "HTTP"},   {">took_ms", "毫秒", "ms"},
                                                    {"reason", "结果", "outcome"}, {"said", "对方应答", "it said"},
                                                    {"detail", "细节", "detail"},  {NULL, NULL, NULL}};
    return answers_list(cli, cli_printf(cli, "%s/attempts", endpoint_path(cli)), "attempts", columns);
}

static void say_new_secret(struct cli *cli, const struct cJSON *tree) {
    const char *until = tree_time(cli, tree, "old_secret_until");
    if (strcmp(until, "-") == 0)
        answers_once(cli, tree_text(tree, "secret"), "新密钥只显示这一次; 旧密钥已停用。",
                     "The new secret is shown this once; the old one has ended.");
    else
        answers_once(cli, tree_text(tree, "secret"), cli_printf(cli, "新密钥只显示这一次; 旧密钥并用至 %s。", until),
                     cli_printf(cli, "The new secret is shown this once; the old one signs along until %s.", until));
}

enum cli_exit run_endpoint_rotate(struct cli *cli) {
    struct buffer json = {0};
    struct json_writer w;
    const char *hours = cli_option(cli, "overlap");
    char *end = NULL;
    long overlap = hours ? strtol(hours, &end, 10) : 24;
    if (hours && (end == hours || *end))
        return cli_fail(cli, CLI_USAGE, "--overlap 须为小时数", "--overlap takes a number of hours");
    json_writer_init(&w, &json);
    json_open(&w);
    json_put_int(&w, "overlap_hours", overlap);
    json_close(&w);
    return answers_post(cli, cli_printf(cli, "%s/secret", endpoint_path(cli)), &json, say_new_secret);
}

enum cli_exit run_endpoint_remove(struct cli *cli) {
    return answers_act(cli, "DELETE", endpoint_path(cli), NULL, "已删除, 待发的投递随之作废",
                       "is removed; what waited for it is discarded", cli->args[0]);
}

/* ---- private networks that endpoints may lie in -------------------------------------------------------------------- */

enum cli_exit run_network_list(struct cli *cli) {
    static const struct answers_column columns[] = {{"cidr", "网段", "network"}, {NULL, NULL, NULL}};
    return answers_list(cli, "/api/v1/admin/networks", "networks", columns);
}

enum cli_exit run_network_approve(struct cli *cli) {
    struct buffer json = {0};
    struct json_writer w;
    json_writer_init(&w, &json);
    json_open(&w);
    json_put_string(&w, "cidr", cli->args[0]);
    json_close(&w);
    enum cli_exit code =
        answers_act(cli, "POST", "/api/v1/admin/networks", &json, "已批准", "is approved", cli->args[0]);
    buffer_done(&json);
    return code;
}

enum cli_exit run_network_withdraw(struct cli *cli) {
    return answers_act(cli, "DELETE", cli_printf(cli, "/api/v1/admin/networks?cidr=%s", door_part(cli, cli->args[0])),
                       NULL, "已撤回", "is withdrawn", cli->args[0]);
}
