/* See answers.h. */
#include "tools/paidan/answers.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "tools/paidan/table.h"

/* What a cell shows of any JSON value. */
static const char *cell(struct cli *cli, const struct cJSON *row, const char *key) {
    const char *dot = strchr(key, '.');
    if (dot) return cell(cli, tree_at(row, cli_copy(cli, key, (size_t)(dot - key))), dot + 1);
    const struct cJSON *at = tree_at(row, key), *item;
    if (!at || cJSON_IsNull(at)) return "";
    if (cJSON_IsBool(at)) return cJSON_IsTrue(at) ? cli_in(cli, "是", "yes") : cli_in(cli, "否", "no");
    if (cJSON_IsNumber(at)) return cli_printf(cli, "%.15g", at->valuedouble);
    if (cJSON_IsArray(at)) {
        const char *text = "";
        cJSON_ArrayForEach(item, at) text = cli_printf(
            cli, "%s%s%s", text, *text ? ";" : "", cJSON_IsString(item) ? item->valuestring : tree_text(item, "code"));
        return text;
    }
    const char *text = tree_name(cli, row, key);
    if (!*text) text = tree_text(at, "code");
    return strlen(text) >= 20 && text[4] == '-' && text[10] == 'T' ? tree_time(cli, row, key) : text;
}

static void begin(struct cli *cli, struct table *table, const struct answers_column *columns) {
    const char *titles[TABLE_COLUMNS_MAX + 1] = {NULL};
    for (int i = 0; columns[i].key; i++) {
        const char *title = cli_in(cli, columns[i].zh, columns[i].en);
        titles[i] = *columns[i].key == '>' ? cli_printf(cli, ">%s", title) : title;
    }
    table_begin(table, titles);
}

static void add_rows(struct cli *cli, struct table *table, const struct cJSON *tree, const char *list,
                     const struct answers_column *columns) {
    const struct cJSON *row;
    cJSON_ArrayForEach(row, tree_at(tree, list)) for (int i = 0; columns[i].key; i++)
        table_cell(table, cell(cli, row, columns[i].key + (*columns[i].key == '>')));
}

void answers_table(struct cli *cli, const struct cJSON *tree, const char *list, const struct answers_column *columns) {
    struct table table;
    begin(cli, &table, columns);
    add_rows(cli, &table, tree, list, columns);
    table_print(&table);
}

enum cli_exit answers_list(struct cli *cli, const char *path, const char *list, const struct answers_column *columns) {
    struct table table;
    enum cli_exit code;
    begin(cli, &table, columns);
    do {
        struct door_answer answer;
        code = door_get(cli, path, &answer);
        if (code == CLI_OK && cli->json) door_print(&answer);
        if (code == CLI_OK) add_rows(cli, &table, answer.tree, list, columns);
        path = code == CLI_OK && *answer.next ? cli_printf(cli, "%s", answer.next) : NULL;
        door_answer_done(&answer);
    } while (path);
    if (code == CLI_OK && !cli->json)
        table_print(&table);
    else
        table_done(&table);
    return code;
}

enum cli_exit answers_act(struct cli *cli, const char *method, const char *path, const struct buffer *json,
                          const char *zh, const char *en, const char *name) {
    struct door_answer answer;
    enum cli_exit code = door_send(cli, method, path, json ? "application/json" : NULL, json ? json->data : NULL,
                                   json ? json->length : 0, &answer);
    if (code == CLI_OK && cli->json)
        door_print(&answer);
    else if (code == CLI_OK)
        printf("%s %s\n", name, cli_in(cli, zh, en));
    door_answer_done(&answer);
    return code;
}

enum cli_exit answers_post(struct cli *cli, const char *path, struct buffer *json, answers_say *say) {
    struct door_answer answer;
    enum cli_exit code = door_post(cli, path, json, &answer);
    if (json) buffer_done(json);
    if (code == CLI_OK && cli->json)
        door_print(&answer);
    else if (code == CLI_OK)
        say(cli, answer.tree);
    door_answer_done(&answer);
    return code;
}

void answers_once(struct cli *cli, const char *secret, const char *zh, const char *en) {
    printf("%s\n", secret);
    fprintf(stderr, "%s\n", cli_in(cli, zh, en));
}

void answers_put_list(struct json_writer *w, const char *key, const char *text) {
    if (!text) return;
    json_put_open_list(w, key);
    while (*text) {
        size_t len = strcspn(text, ",;");
        if (len) json_text(w, text, len);
        text += len + (text[len] != '\0');
    }
    json_close_list(w);
}
