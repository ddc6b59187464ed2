/* paidan rule ...: routing rules. `preview` asks the server page by page, tells how far it is, and names each ticket that would have
 * gone elsewhere; `import --reroute` previews, loads, and then moves exactly the tickets that were named, one command each. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/json_writer.h"
#include "tools/paidan/answers.h"
#include "tools/paidan/commands.h"
#include "tools/paidan/table.h"

enum { REROUTE_TRIES = 40, REROUTE_PAUSE_US = 250000 };

/* ---- list ---- */

static const char *conditions(struct cli *cli, const struct cJSON *rule) {
    static const char *const names[] = {"matter",   "place", "channels", "source",
                                        "keywords", "hours", "time",     "weekdays"};
    const char *text = "";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = tree_text(rule, names[i]);
        if (*value) text = cli_printf(cli, "%s%s%s=%s", text, *text ? ", " : "", names[i], value);
    }
    return *text ? text : cli_in(cli, "(无条件)", "(nothing asked)");
}

static const char *days(struct cli *cli, const struct cJSON *rule) {
    const char *from = tree_text(rule, "from"), *to = tree_text(rule, "to");
    return *from || *to ? cli_printf(cli, "%s..%s", from, to) : "";
}

static void print_rules(struct cli *cli, const struct cJSON *list) {
    static const char *const zh[] = {">编号", ">版本", ">优先级", "启用", "名称", "派给", "生效", "条件", NULL};
    static const char *const en[] = {">number", ">version", ">priority", "enabled", "name",
                                     "target",  "days",     "asks",      NULL};
    const struct cJSON *row;
    struct table table;
    table_begin(&table, cli->language == LANGUAGE_ZH ? zh : en);
    cJSON_ArrayForEach(row, list) {
        table_cell(&table, tree_text(row, "number"));
        table_cell(&table, tree_text(row, "version"));
        table_cell(&table, tree_text(row, "priority"));
        table_cell(&table, tree_text(row, "enabled"));
        table_cell(&table, tree_text(row, "name"));
        table_cell(&table, tree_text(row, "target"));
        table_cell(&table, days(cli, row));
        table_cell(&table, conditions(cli, row));
    }
    table_print(&table);
}

enum cli_exit run_rule_list(struct cli *cli) {
    struct door_answer answer;
    const char *path =
        cli->arg_count ? cli_printf(cli, "/api/v1/rules/%s", door_part(cli, cli->args[0])) : "/api/v1/rules";
    enum cli_exit code = door_get(cli, path, &answer);
    if (code == CLI_OK && cli->json)
        door_print(&answer);
    else if (code == CLI_OK)
        print_rules(cli, tree_at(answer.tree, cli->arg_count ? "versions" : "rules"));
    door_answer_done(&answer);
    return code;
}

enum cli_exit run_rule_drafts(struct cli *cli) {
    struct door_answer answer;
    enum cli_exit code = door_get(cli, "/api/v1/rules/drafts", &answer);
    if (code == CLI_OK && cli->json) {
        door_print(&answer);
    } else if (code == CLI_OK) {
        struct cJSON *list = cJSON_CreateArray();
        const struct cJSON *row;
        cJSON_ArrayForEach(row, tree_at(answer.tree, "drafts"))
            cJSON_AddItemReferenceToArray(list, (struct cJSON *)tree_at(row, "rule_draft"));
        print_rules(cli, list);
        cJSON_Delete(list);
    }
    door_answer_done(&answer);
    return code;
}

/* ---- test ---- */

static void say_route(struct cli *cli, const struct cJSON *tree) {
    printf("%s\n", tree_name(cli, tree, "route"));
}

enum cli_exit run_rule_test(struct cli *cli) {
    static const char *const names[] = {"title", "description", "matter", "place", "channel", "source", "at"};
    struct buffer json = {0};
    struct json_writer w;
    json_writer_init(&w, &json);
    json_open(&w);
    if (cli->arg_count) json_put_string(&w, "title", cli->args[0]);
    for (size_t i = cli->arg_count ? 1 : 0; i < sizeof names / sizeof *names; i++)
        if (cli_option(cli, names[i])) json_put_string(&w, names[i], cli_option(cli, names[i]));
    json_close(&w);
    return answers_post(cli, "/api/v1/rules/test", &json, say_route);
}

/* ---- preview ---- */

struct preview {
    struct cli *cli;
    const char *bytes;
    size_t len;
    struct table table;
    long long looked, of, changed, open;
    struct cJSON *moves; /* of those that would move: ticket, version, unit */
};

static void take_row(struct preview *p, const struct cJSON *row) {
    struct cli *cli = p->cli;
    bool moves = tree_bool(row, "moves");
    const char *to_rule = tree_text(row, "to_rule");
    p->changed++;
    p->open += tree_bool(row, "open");
    table_cell(&p->table, tree_text(row, "ticket"));
    table_cell(&p->table, cli_word(cli, WORDS_state, tree_text(row, "state")));
    table_cell(&p->table,
               *tree_name(cli, row, "from") ? tree_name(cli, row, "from") : cli_in(cli, "人工派遣", "triage"));
    table_cell(&p->table, *tree_name(cli, row, "to") ? tree_name(cli, row, "to") : cli_in(cli, "人工派遣", "triage"));
    table_cell(&p->table, moves ? cli_in(cli, "可改派", "moves") : "");
    table_cell(&p->table, *to_rule ? cli_printf(cli, "%s %s", to_rule, tree_text(row, "to_rule_name"))
                                   : cli_in(cli, "(无规则)", "(no rule)"));
    if (!moves) return;
    struct cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "ticket", tree_text(row, "ticket"));
    cJSON_AddStringToObject(item, "version", tree_text(row, "version"));
    cJSON_AddStringToObject(item, "unit", tree_text(tree_at(row, "to"), "code"));
    cJSON_AddItemToArray(p->moves, item);
}

static void say_progress(const struct preview *p, bool end) {
    if (!isatty(STDERR_FILENO) && !end) return;
    fprintf(stderr, cli_in(p->cli, "%s已看 %lld / %lld 张%s", "%slooked at %lld of %lld tickets%s"), end ? "" : "\r",
            p->looked, p->of, end ? "\n" : "");
}

static enum cli_exit look(struct preview *p, bool show) {
    const char *cursor = NULL, *at = cli_option(p->cli, "at");
    enum cli_exit code;
    do {
        struct door_answer answer;
        const struct cJSON *row;
        const char *path = cli_printf(p->cli, "/api/v1/rules/preview?limit=500%s%s%s%s", cursor ? "&cursor=" : "",
                                      cursor ? door_part(p->cli, cursor) : "", at && !cursor ? "&at=" : "",
                                      at && !cursor ? door_part(p->cli, at) : "");
        code = door_send(p->cli, "POST", path, "text/csv", p->bytes, p->len, &answer);
        cursor = NULL;
        if (code == CLI_OK) {
            if (p->cli->json && show) door_print(&answer);
            if (!p->looked) p->of = tree_int(answer.tree, "of");
            p->looked += tree_int(answer.tree, "looked");
            cJSON_ArrayForEach(row, tree_at(answer.tree, "tickets")) take_row(p, row);
            cJSON_ArrayForEach(row, tree_at(answer.tree, "warnings")) fprintf(
                stderr, "%s %s\n", cli_in(p->cli, "注意:", "note:"), tree_text(row, cli_in(p->cli, "zh", "en")));
            const char *next = tree_text(answer.tree, "next_cursor");
            if (*next) cursor = cli_printf(p->cli, "%s", next);
            say_progress(p, !cursor);
        }
        door_answer_done(&answer);
    } while (code == CLI_OK && cursor);
    return code;
}

static enum cli_exit begin(struct preview *p, struct cli *cli, bool show) {
    static const char *const zh[] = {"工单", "状态", "原派", "将派", "", "依据规则", NULL};
    static const char *const en[] = {"ticket", "state", "went to", "would go to", "", "by rule", NULL};
    char *bytes;
    *p = (struct preview){.cli = cli};
    enum cli_exit code = cli_read(cli, cli->args[0], &bytes, &p->len);
    if (code != CLI_OK) return code;
    p->bytes = bytes;
    p->moves = cJSON_CreateArray();
    table_begin(&p->table, cli->language == LANGUAGE_ZH ? zh : en);
    return look(p, show);
}

static void say_sum(const struct preview *p) {
    printf(cli_in(p->cli, "\n%lld 张会派往别处, 其中在办 %lld 张, 可改派 %d 张\n",
                  "\n%lld would have gone elsewhere, %lld of them open, %d can be moved\n"),
           p->changed, p->open, cJSON_GetArraySize(p->moves));
}

static void done(struct preview *p) {
    cJSON_Delete(p->moves);
}

enum cli_exit run_rule_preview(struct cli *cli) {
    struct preview p;
    enum cli_exit code = begin(&p, cli, true);
    if (code == CLI_OK && !cli->json) {
        table_print(&p.table);
        say_sum(&p);
    }
    done(&p);
    return code;
}

/* ---- import, with what the preview named moved ---- */

/* One ticket. The router reads the new rules moments after they are stored, so "not by the rules in force" is asked again. */
static enum cli_exit move(struct cli *cli, const struct cJSON *item) {
    struct buffer json = {0};
    struct json_writer w;
    enum cli_exit code = CLI_REFUSED;
    json_writer_init(&w, &json);
    json_open(&w);
    json_put_string(&w, "ticket", tree_text(item, "ticket"));
    json_put_string(&w, "version", tree_text(item, "version"));
    json_put_string(&w, "unit", tree_text(item, "unit"));
    json_close(&w);
    const char *body = cli_printf(cli, "%.*s", (int)json.length, (const char *)json.data);
    buffer_done(&json);
    for (int tries = 0; tries < REROUTE_TRIES; tries++) {
        struct door_answer answer;
        code = door_send_plain(cli, "POST", "/api/v1/rules/reroute", body, &answer);
        bool again = code == CLI_REFUSED && strcmp(tree_text(answer.tree, "verdict"), "ROUTED_ELSEWHERE") == 0;
        const char *why = tree_text(answer.tree, "detail");
        if (code == CLI_OK)
            printf("%s -> %s\n", tree_text(item, "ticket"), tree_text(item, "unit"));
        else if (!again || tries + 1 == REROUTE_TRIES)
            printf("%s %s: %s\n", tree_text(item, "ticket"), cli_in(cli, "未改派", "not moved"), why);
        door_answer_done(&answer);
        if (!again) break;
        usleep(REROUTE_PAUSE_US);
    }
    return code;
}

enum cli_exit run_rule_import(struct cli *cli) {
    struct preview p;
    const struct cJSON *item;
    int moved = 0, left = 0;
    if (!cli_flag(cli, "reroute") || cli_flag(cli, "dry-run")) return run_import(cli);
    enum cli_exit code = begin(&p, cli, false);
    if (code == CLI_OK) code = run_import(cli);
    if (code == CLI_OK) {
        cJSON_ArrayForEach(item, p.moves) * (move(cli, item) == CLI_OK ? &moved : &left) += 1;
        printf(cli_in(cli, "已改派 %d 张, %d 张未改派\n", "moved %d, not moved %d\n"), moved, left);
    }
    done(&p);
    return code;
}
