/* How the house runs: status, rebuilding the live queues, dead letters, webhook endpoints. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "common/json_writer.h"
#include "tools/paidan/answers.h"
#include "tools/paidan/commands.h"

/* ---- status ------------------------------------------------------------------------------------------------------------------------ */

/* Whatever the status names, as lines: members of members behind a point. */
static void print_members(struct cli *cli, const struct cJSON *tree, const char *before) {
    const struct cJSON *item;
    cJSON_ArrayForEach(item, tree) {
        const char *name = item->string ? cli_printf(cli, "%s%s%s", before, *before ? "." : "", item->string) : before;
        if (cJSON_IsObject(item) || cJSON_IsArray(item))
            print_members(cli, item, name);
        else if (cJSON_IsString(item))
            printf("%-36s %s\n", name, item->valuestring);
        else if (cJSON_IsNumber(item))
            printf("%-36s %.15g\n", name, item->valuedouble);
        else
            printf("%-36s %s\n", name,
                   cJSON_IsTrue(item)   ? cli_in(cli, "是", "yes")
                   : cJSON_IsNull(item) ? "-"
                                        : cli_in(cli, "否", "no"));
    }
}

enum cli_exit run_status(struct cli *cli) {
    struct door_answer answer;
    enum cli_exit code = door_get(cli, "/api/v1/status", &answer);
    if (code == CLI_OK && cli->json)
        door_print(&answer);
    else if (code == CLI_OK)
        print_members(cli, answer.tree, "");
    door_answer_done(&answer);
    return code;
}

enum cli_exit run_rebuild(struct cli *cli) {
    return answers_act(cli, "POST", "/api/v1/admin/rebuild", NULL, "已开始重建", "are being rebuilt",
                       cli_in(cli, "实时队列", "the live queues"));
}

/* ---- dead letters ------------------------------------------------------------------------------------------------------------------ */

enum cli_exit run_deadletter_list(struct cli *cli) {
    static const struct answers_column columns[] = {{"id", "编号", "id"},
                                                    {"endpoint", "推送地址", "endpoint"},
                                                    {"ticket", "工单", "ticket"},
                                                    {"event", "事件", "event"},
                                                    {">attempts", "次数", "tries"},
                                                    {">status", "HTTP", "HTTP"},
                                                    {"at", "时间", "at"},
                                                    {"error", "原因", "why"},
                                                    {NULL, NULL, NULL}};
    return answers_list(cli, "/api/v1/admin/deadletters", "deadletters", columns);
}

static enum cli_exit deadletter_act(struct cli *cli, const char *act, const char *zh, const char *en) {
    return answers_act(cli, "POST",
                       cli_printf(cli, "/api/v1/admin/deadletters/%s/%s", door_part(cli, cli->args[0]), act), NULL, zh,
                       en, cli->args[0]);
}

enum cli_exit run_deadletter_replay(struct cli *cli) {
    return deadletter_act(cli, "replay", "将重新发送", "will be sent again");
}

enum cli_exit run_deadletter_discard(struct cli *cli) {
    return deadletter_act(cli, "discard", "已放弃", "is discarded");
}

enum cli_exit run_deadletter_correct(struct cli *cli) {
    struct buffer json = {0};
    struct json_writer w;
    json_writer_init(&w, &json);
    json_open(&w);
    json_put_string(&w, "endpoint", cli->args[1]);
    json_close(&w);
    enum cli_exit code =
        answers_act(cli, "POST", cli_printf(cli, "/api/v1/admin/deadletters/%s/correct", door_part(cli, cli->args[0])),
                    &json, "改投后将重新发送", "will be sent there", cli->args[0]);
    buffer_done(&json);
    return code;
}

/* ---- endpoints ----------------------------------------------------------------------------------------------------------------------- */

static void put_list(struct json_writer *w, const char *key, const char *at) {
    if (!at) return;
    json_put_open_list(w, key);
    while (*at) {
        size_t len = strcspn(at, ",;");
        if (len) json_text(w, at, len);
        at += len + (at[len] != '\0');
    }
    json_close_list(w);
}

enum cli_exit run_endpoint_add(struct cli *cli) {
    struct buffer json = {0};
    struct json_writer w;
    struct door_answer answer;
    const char *unit = cli_option(cli, "unit"), *source = cli_option(cli, "source");
    if (!unit == !source)
        return cli_fail(cli, CLI_USAGE, "请给出 --unit 或 --source 之一", "give either --unit or --source");
    json_writer_init(&w, &json);
    json_open(&w);
    json_put_string(&w, "name", cli->args[0]);
    json_put_string(&w, "url", cli->args[1]);
    json_put_string(&w, unit ? "unit" : "source", unit ? unit : source);
    put_list(&w, "events", cli_option(cli, "events"));
    json_close(&w);
    enum cli_exit code = door_post(cli, "/api/v1/admin/endpoints", &json, &answer);
    buffer_done(&json);
    if (code == CLI_OK && cli->json)
        door_print(&answer);
    else if (code == CLI_OK)
        printf("%s\n", tree_text(answer.tree, "secret"));
    if (code == CLI_OK && !cli->json)
        fprintf(stderr, "%s\n", cli_in(cli, "签名密钥只显示这一次。", "The signing secret is shown this once."));
    door_answer_done(&answer);
    return code;
}

enum cli_exit run_endpoint_list(struct cli *cli) {
    static const struct answers_column columns[] = {{"name", "名称", "name"},
                                                    {"url", "地址", "url"},
                                                    {"unit", "单位", "unit"},
                                                    {"source", "来源", "source"},
                                                    {"events", "事件", "events"},
                                                    {"paused", "暂停", "paused"},
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

enum cli_exit run_endpoint_remove(struct cli *cli) {
    return answers_act(cli, "DELETE", endpoint_path(cli), NULL, "已删除", "is removed", cli->args[0]);
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

/* ---- audit ------------------------------------------------------------------------------------------------------------ */

enum cli_exit run_audit(struct cli *cli) {
    static const struct answers_column columns[] = {{"at", "时间", "at"},
                                                    {"user", "用户", "user"},
                                                    {"role", "角色", "role"},
                                                    {"action", "操作", "action"},
                                                    {"object", "对象", "object"},
                                                    {"outcome", "结果", "outcome"},
                                                    {NULL, NULL, NULL}};
    static const char *const filters[] = {"from", "to", "action", "user", "object"};
    const char *path = "/api/v1/audit?limit=200";
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        const char *value = cli_option(cli, filters[i]);
        if (value) path = cli_printf(cli, "%s&%s=%s", path, filters[i], door_part(cli, value));
    }
    return answers_list(cli, path, "rows", columns);
}
