/* How the house runs: status, rebuilding the live queues, dead letters, the audit log. */
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
