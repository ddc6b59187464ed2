/* paidan carrier, way, template, letters: what goes out to people, by what, and how it went. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "common/json_writer.h"
#include "tools/paidan/answers.h"
#include "tools/paidan/commands.h"

/* ---- carriers ---- */

enum cli_exit run_carrier_list(struct cli *cli) {
    static const struct answers_column columns[] = {{"name", "名称", "name"},        {"settings.kind", "类别", "kind"},
                                                    {"settings.url", "地址", "url"}, {"has_secret", "有密钥", "secret"},
                                                    {">ways", "告知方式", "ways"},   {">waiting", "待发", "waiting"},
                                                    {">dead", "死信", "dead"},       {NULL, NULL, NULL}};
    return answers_list(cli, "/api/v1/admin/carriers", "carriers", columns);
}

/* The first line of the file, without its end. */
static enum cli_exit read_secret(struct cli *cli, const char *path, const char **ret_secret) {
    char *bytes;
    size_t len;
    enum cli_exit code = cli_read(cli, path, &bytes, &len);
    if (code == CLI_OK) *ret_secret = cli_copy(cli, bytes, strcspn(bytes, "\r\n"));
    return code;
}

static void say_made(struct cli *cli, const struct cJSON *tree) {
    const char *secret = tree_text(tree, "receipts_secret");
    if (*secret) printf("%s%s?secret=%s\n", cli->url, tree_text(tree, "receipts_path"), secret);
    fprintf(stderr, "%s\n",
            *secret ? cli_in(cli, "通道已保存。状态报告地址及其密钥只显示这一次。",
                             "The carrier is kept. Where its receipts go, with their secret, is shown this once.")
                    : cli_in(cli, "通道已保存。", "The carrier is kept."));
}

enum cli_exit run_carrier_set(struct cli *cli) {
    char *settings;
    const char *secret = NULL, *path = cli_option(cli, "secret");
    size_t len;
    enum cli_exit code = cli_read(cli, cli->args[1], &settings, &len);
    if (code == CLI_OK && path) code = read_secret(cli, path, &secret);
    if (code != CLI_OK) return code;
    struct buffer json = {0};
    struct json_writer w;
    json_writer_init(&w, &json);
    json_open(&w);
    json_put_string(&w, "name", cli->args[0]);
    if (secret) json_put_string(&w, "secret", secret);
    if (cli_flag(cli, "new-receipts")) json_put_bool(&w, "new_receipts_secret", true);
    json_key(&w, "settings");
    json_raw(&w, settings, len); /* as it is: the server says what is wrong with it */
    json_close(&w);
    return answers_post(cli, "/api/v1/admin/carriers", &json, say_made);
}

enum cli_exit run_carrier_remove(struct cli *cli) {
    return answers_act(cli, "DELETE", cli_printf(cli, "/api/v1/admin/carriers/%s", door_part(cli, cli->args[0])), NULL,
                       "已删除, 待发的外发消息随之作废", "is removed; what waited for it is discarded", cli->args[0]);
}

/* ---- ways ---- */

static const struct answers_column way_columns[] = {{"id", "编号", "id"},
                                                    {"carrier", "通道", "carrier"},
                                                    {"kind", "类别", "kind"},
                                                    {"address", "号码或地址", "address"},
                                                    {"language", "语言", "language"},
                                                    {NULL, NULL, NULL}};

enum cli_exit run_way_list(struct cli *cli) {
    const char *user = cli_option(cli, "user"), *unit = cli_option(cli, "unit");
    const char *path = "/api/v1/admin/ways?";
    if (user) path = cli_printf(cli, "%suser=%s&", path, door_part(cli, user));
    if (unit) path = cli_printf(cli, "%sunit=%s&", path, door_part(cli, unit));
    char *whole = cli_printf(cli, "%s", path);
    whole[strlen(whole) - 1] = '\0';
    return answers_list(cli, whole, "ways", way_columns);
}

/* "CARRIER:ADDRESS", or with /zh or /en behind. */
static bool put_way(struct cli *cli, struct json_writer *w, const char *text) {
    const char *colon = strchr(text, ':');
    size_t len = strlen(text);
    bool named = len > 3 && (!strcmp(text + len - 3, "/zh") || !strcmp(text + len - 3, "/en"));
    if (!colon || colon == text || !colon[1]) return false;
    json_open(w);
    json_put_text(w, "carrier", text, (size_t)(colon - text));
    json_put_text(w, "address", colon + 1, len - (size_t)(colon + 1 - text) - (named ? 3 : 0));
    json_put_string(w, "language", named ? text + len - 2 : "zh");
    json_close(w);
    return true;
}

static void say_ways(struct cli *cli, const struct cJSON *tree) {
    answers_table(cli, tree, "ways", way_columns);
}

enum cli_exit run_way_set(struct cli *cli) {
    struct buffer json = {0};
    struct json_writer w;
    bool fits = true;
    json_writer_init(&w, &json);
    json_open(&w);
    json_put_string(&w, cli_option(cli, "user") ? "user" : "unit",
                    cli_option(cli, "user") ? cli_option(cli, "user") : cli_option(cli, "unit"));
    json_put_open_list(&w, "ways");
    for (int i = 0; i < cli->arg_count; i++) fits = fits && put_way(cli, &w, cli->args[i]);
    json_close_list(&w);
    json_close(&w);
    if (fits) return answers_post(cli, "/api/v1/admin/ways", &json, say_ways);
    buffer_done(&json);
    return cli_fail(cli, CLI_USAGE, "告知方式须写作 通道:号码, 如 sms:13800000000 或 mail:a@b.cn/en",
                    "a way is written CARRIER:ADDRESS, such as sms:13800000000 or mail:a@b.cn/en");
}

/* ---- texts ---- */

enum cli_exit run_template_list(struct cli *cli) {
    static const struct answers_column columns[] = {{"name", "名称", "name"},         {"language", "语言", "language"},
                                                    {"built_in", "内置", "built in"}, {"subject", "标题", "subject"},
                                                    {"text", "文字", "text"},         {NULL, NULL, NULL}};
    return answers_list(cli, "/api/v1/admin/templates", "templates", columns);
}

/* name, language, and what was given of subject, text and carrier. */
static void write_template(struct cli *cli, struct buffer *json, const char *language, bool texts) {
    static const char *const options[] = {"subject", "text", "carrier"};
    struct json_writer w;
    json_writer_init(&w, json);
    json_open(&w);
    json_put_string(&w, "name", cli->args[0]);
    json_put_string(&w, "language", language);
    for (int i = 0; texts && i < 3; i++)
        if (cli_option(cli, options[i])) json_put_string(&w, options[i], cli_option(cli, options[i]));
    json_close(&w);
}

static enum cli_exit template_change(struct cli *cli, bool texts, const char *zh, const char *en) {
    struct buffer json = {0};
    if (texts && !cli_option(cli, "text"))
        return cli_fail(cli, CLI_USAGE, "须用 --text 给出文字", "give the text with --text");
    write_template(cli, &json, cli->args[1], texts);
    enum cli_exit code = answers_act(cli, "POST", "/api/v1/admin/templates", &json, zh, en, cli->args[0]);
    buffer_done(&json);
    return code;
}

enum cli_exit run_template_set(struct cli *cli) {
    return template_change(cli, true, "已保存", "is kept");
}

enum cli_exit run_template_reset(struct cli *cli) {
    return template_change(cli, false, "恢复内置", "is as built in again");
}

static void say_preview(struct cli *cli, const struct cJSON *tree, const char *language) {
    const struct cJSON *request = tree_at(tree, "request");
    const char *subject = tree_text(tree, "subject");
    printf("[%s] %s\n%s\n(%lld %s)\n", language, subject, tree_text(tree, "text"),
           (long long)tree_int(tree, "characters"), cli_in(cli, "字", "characters"));
    if (cJSON_IsObject(request))
        printf("POST %s\n%s\n\n%s\n", tree_text(request, "url"), tree_text(request, "content_type"),
               tree_text(request, "body"));
}

/* In both languages, unless one is named. */
enum cli_exit run_template_preview(struct cli *cli) {
    static const char *const languages[] = {"zh", "en"};
    const char *wanted = cli_option(cli, "language");
    enum cli_exit code = CLI_OK;
    for (int i = 0; i < 2 && code == CLI_OK; i++) {
        const char *language = wanted ? wanted : languages[i];
        struct buffer json = {0};
        struct door_answer answer;
        write_template(cli, &json, language, true);
        code = door_post(cli, "/api/v1/admin/templates/preview", &json, &answer);
        buffer_done(&json);
        if (code == CLI_OK && cli->json) door_print(&answer);
        if (code == CLI_OK && !cli->json) say_preview(cli, answer.tree, language);
        door_answer_done(&answer);
        if (wanted) break;
    }
    return code;
}

/* ---- how they went ---- */

enum cli_exit run_letters(struct cli *cli) {
    static const struct answers_column columns[] = {{"id", "编号", "id"},
                                                    {"created", "时间", "at"},
                                                    {"user", "用户", "user"},
                                                    {"desk", "值守席", "desk"},
                                                    {">notices", "通知", "notices"},
                                                    {"state", "状态", "state"},
                                                    {"carrier", "通道", "carrier"},
                                                    {">attempts", "次数", "tries"},
                                                    {"error", "原因", "why"},
                                                    {NULL, NULL, NULL}};
    const char *state = cli_option(cli, "state");
    return answers_list(
        cli, state ? cli_printf(cli, "/api/v1/admin/letters?state=%s", door_part(cli, state)) : "/api/v1/admin/letters",
        "letters", columns);
}

enum cli_exit run_letter(struct cli *cli) {
    static const struct answers_column columns[] = {
        {"at", "时间", "at"},         {"carrier", "通道", "carrier"},
        {"event", "经过", "event"},   {">status", "应答", "status"},
        {">took_ms", "毫秒", "ms"},   {"reference", "对方编号", "their number"},
        {"detail", "细节", "detail"}, {NULL, NULL, NULL}};
    return answers_list(cli, cli_printf(cli, "/api/v1/admin/letters/%s", door_part(cli, cli->args[0])), "log", columns);
}
