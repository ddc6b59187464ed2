/* paidan source mapping import, show, preview, remove: how a source says things. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json_writer.h"
#include "tools/paidan/commands.h"
#include "tools/paidan/door.h"

static enum cli_exit send_mapping(struct cli *cli, const void *bytes, size_t len) {
    struct door_answer answer;
    bool dry = cli_flag(cli, "dry-run");
    enum cli_exit code =
        door_send(cli, "POST", cli_printf(cli, "/api/v1/admin/mappings/import%s", dry ? "?dry_run=1" : ""),
                  "application/json", bytes, len, &answer);
    if (code == CLI_OK && cli->json)
        door_print(&answer);
    else if (code == CLI_OK && dry)
        puts(cli_in(cli, "字段对照无误 (试运行, 未保存)", "the mapping is fine (dry run: nothing was stored)"));
    else if (code == CLI_OK)
        puts(tree_int(answer.tree, "removed")
                 ? cli_in(cli, "字段对照已删除", "the mapping is removed")
                 : cli_in(cli, "字段对照已保存, 一两秒内生效", "the mapping is kept, and in force in a second or two"));
    door_answer_done(&answer);
    return code;
}

enum cli_exit run_mapping_import(struct cli *cli) {
    char *bytes;
    size_t len;
    enum cli_exit code = cli_read(cli, cli->args[0], &bytes, &len);
    return code == CLI_OK ? send_mapping(cli, bytes, len) : code;
}

enum cli_exit run_mapping_remove(struct cli *cli) {
    struct buffer json = {0};
    struct json_writer w;
    json_writer_init(&w, &json);
    json_open(&w);
    json_put_string(&w, "source", cli->args[0]);
    json_put_bool(&w, "remove", true);
    json_close(&w);
    enum cli_exit code = send_mapping(cli, json.data, json.length);
    buffer_done(&json);
    return code;
}

static void print_tree(const struct cJSON *tree) {
    char *text = cJSON_Print(tree);
    if (text) puts(text);
    free(text);
}

enum cli_exit run_mapping_show(struct cli *cli) {
    struct door_answer answer;
    const struct cJSON *row;
    const char *wanted = cli->arg_count ? cli->args[0] : NULL;
    enum cli_exit code = door_get(cli, "/api/v1/admin/mappings", &answer);
    bool found = false;
    if (code == CLI_OK && cli->json && !wanted) {
        door_print(&answer);
    } else if (code == CLI_OK) {
        cJSON_ArrayForEach(row, tree_at(answer.tree, "mappings")) {
            if (wanted && strcmp(tree_text(row, "source"), wanted) != 0) continue;
            print_tree(tree_at(row, "mapping"));
            found = true;
        }
        if (wanted && !found)
            code = cli_fail_why(cli, CLI_REFUSED, "这个来源没有字段对照", "this source has no mapping", wanted);
    }
    door_answer_done(&answer);
    return code;
}

/* What is wrong goes to standard error, each with its place in the sender's body. */
static enum cli_exit say_tried(struct cli *cli, const struct cJSON *tree) {
    const struct cJSON *error, *errors = tree_at(tree, "errors"), *body = tree_at(tree, "body");
    cJSON_ArrayForEach(error, errors)
        fprintf(stderr, "%s  %s\n", tree_text(error, "pointer"), tree_text(error, "detail"));
    if (cJSON_IsObject(body)) print_tree(body);
    return errors && errors->child ? CLI_REFUSED : CLI_OK;
}

enum cli_exit run_mapping_preview(struct cli *cli) {
    char *mapping, *sample;
    size_t mapping_len, sample_len;
    struct door_answer answer;
    enum cli_exit code = cli_read(cli, cli->args[0], &mapping, &mapping_len);
    if (code == CLI_OK) code = cli_read(cli, cli->args[1], &sample, &sample_len);
    if (code != CLI_OK) return code;
    struct buffer json = {0}; /* both as they are: the server says what is wrong with them */
    buffer_format(&json, "{\"kind\":\"%s\",\"mapping\":", cli_flag(cli, "followup") ? "followup" : "request");
    buffer_append(&json, mapping, mapping_len);
    buffer_append_text(&json, ",\"sample\":");
    buffer_append(&json, sample, sample_len);
    buffer_append_text(&json, "}");
    code = door_post(cli, "/api/v1/admin/mappings/preview", &json, &answer);
    buffer_done(&json);
    if (code == CLI_OK && cli->json) door_print(&answer);
    if (code == CLI_OK && !cli->json) code = say_tried(cli, answer.tree);
    door_answer_done(&answer);
    return code;
}
