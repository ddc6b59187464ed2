/* What people look at all day: queue, ticket, explain. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/access.h"
#include "tools/paidan/commands.h"
#include "tools/paidan/door.h"
#include "tools/paidan/table.h"

/* ---- queue ------------------------------------------------------------------------------------------------------------------------ */

static const char *light_mark(const struct cli *cli, const char *light) {
    if (strcmp(light, "green") == 0) return cli_in(cli, "● 正常", "● on time");
    if (strcmp(light, "yellow") == 0) return cli_in(cli, "▲ 将到期", "▲ due soon");
    if (strcmp(light, "red") == 0) return cli_in(cli, "■ 已超期", "■ overdue");
    return "-";
}

static void print_units(struct cli *cli, const struct cJSON *tree) {
    static const char *const zh[] = {"单位",    "名称",    ">在办",    ">黄",  ">红",
                                     ">30分内", ">60分内", ">120分内", "最早", NULL};
    static const char *const en[] = {"unit",    "name",    ">open",    ">yellow", ">red",
                                     ">in 30m", ">in 60m", ">in 120m", "oldest",  NULL};
    static const char *const numbers[] = {"depth", "yellow", "red", "breach_30", "breach_60", "breach_120"};
    const struct cJSON *row, *totals = tree_at(tree, "totals");
    struct table table;
    table_begin(&table, cli->language == LANGUAGE_ZH ? zh : en);
    cJSON_ArrayForEach(row, tree_at(tree, "units")) {
        if (!tree_int(row, "depth") && !cli_flag(cli, "all")) continue;
        table_cell(&table, tree_text(row, "unit"));
        table_cell(&table, tree_name(cli, row, "name"));
        for (size_t i = 0; i < 6; i++) table_int(&table, tree_int(row, numbers[i]));
        table_cell(&table, tree_time(cli, row, "oldest"));
    }
    table_print(&table);
    printf(cli_in(cli, "\n受理 %lld = 办结 %lld + 在办 %lld, 其中督办 %lld%s\n",
                  "\nreceived %lld = closed %lld + in progress %lld, of these supervised %lld%s\n"),
           (long long)tree_int(totals, "received"), (long long)tree_int(totals, "closed"),
           (long long)tree_int(totals, "in_progress"), (long long)tree_int(totals, "supervised"),
           tree_bool(tree, "degraded") ? cli_in(cli, "  (降级: 读自数据库)", "  (degraded: read from the database)")
                                       : "");
}

static void table_of_tickets(struct cli *cli, struct table *table) {
    static const char *const zh[] = {"工单", "灯", "状态", "应办时间", "下一步", "责任单位", "事项", "标题", NULL};
    static const char *const en[] = {"ticket", "light", "state", "due", "next", "owner", "matter", "title", NULL};
    table_begin(table, cli->language == LANGUAGE_ZH ? zh : en);
}

static void add_ticket(struct cli *cli, struct table *table, const struct cJSON *row) {
    table_cell(table, tree_text(row, "number"));
    table_cell(table, light_mark(cli, tree_text(row, "light")));
    table_cell(table, cli_word(cli, WORDS_state, tree_text(row, "state")));
    table_cell(table, tree_time(cli, row, "due"));
    table_cell(table, tree_name(cli, row, "next_action"));
    table_cell(table, tree_name(cli, row, "owner"));
    table_cell(table, tree_name(cli, row, "matter"));
    table_cell(table, tree_text(row, "title"));
}

static const char *add_query(struct cli *cli, const char *path, const char *option) {
    const char *value = cli_option(cli, option);
    return value ? cli_printf(cli, "%s%c%s=%s", path, strchr(path, '?') ? '&' : '?', option, door_part(cli, value))
                 : path;
}

/* Pages through a list of tickets; with --json prints each page as a line. */
static enum cli_exit list_tickets(struct cli *cli, const char *path, bool whole) {
    struct table table;
    enum cli_exit code;
    table_of_tickets(cli, &table);
    do {
        struct door_answer answer;
        const struct cJSON *row;
        code = door_get(cli, path, &answer);
        if (code == CLI_OK && cli->json) door_print(&answer);
        path = code == CLI_OK && *answer.next ? cli_printf(cli, "%s", answer.next) : NULL;
        if (code == CLI_OK && !cli->json)
            cJSON_ArrayForEach(row, tree_at(answer.tree, "tickets")) add_ticket(cli, &table, row);
        door_answer_done(&answer);
    } while (code == CLI_OK && path && whole);
    if (code == CLI_OK && !cli->json) {
        table_print(&table);
        if (path) puts(cli_in(cli, "(还有更多: --all)", "(there are more: --all)"));
    } else {
        table_done(&table);
    }
    return code;
}

enum cli_exit run_queue(struct cli *cli) {
    if (cli->arg_count) {
        const char *path = cli_printf(cli, "/api/v1/queues/%s", door_part(cli, cli->args[0]));
        path = add_query(cli, add_query(cli, path, "state"), "limit");
        return list_tickets(cli, path, cli_flag(cli, "all"));
    }
    struct door_answer answer;
    enum cli_exit code = door_get(cli, "/api/v1/queues", &answer);
    if (code == CLI_OK && cli->json)
        door_print(&answer);
    else if (code == CLI_OK)
        print_units(cli, answer.tree);
    door_answer_done(&answer);
    return code;
}

/* ---- one ticket ------------------------------------------------------------------------------------------------------------------- */

static void line(const char *label, const char *text) {
    size_t width = table_width(label);
    if (text && text[strspn(text, " ")] && strcmp(text, "-") != 0)
        printf("%s%*s%s\n", label, width < 14 ? (int)(14 - width) : 1, "", text);
}

static void print_assignments(struct cli *cli, const struct cJSON *list) {
    const struct cJSON *item;
    cJSON_ArrayForEach(item, list) {
        const char *due = tree_time(cli, item, "due");
        if (strcmp(due, "-") == 0) due = tree_time(cli, tree_at(item, "handle"), "due");
        line(tree_name(cli, item, "kind"),
             cli_printf(cli, "%s  %s  %s", tree_name(cli, item, "unit"), tree_name(cli, item, "state"), due));
    }
}

static void print_cards(struct cli *cli, const struct cJSON *list) {
    const struct cJSON *item;
    cJSON_ArrayForEach(item, list) {
        const char *more = tree_bool(item, "withdrawn")  ? cli_in(cli, "已撤销", "withdrawn")
                           : tree_bool(item, "appealed") ? cli_in(cli, "已申诉", "appealed")
                                                         : "";
        line(cli_in(cli, "亮牌", "card"),
             cli_printf(cli, cli_in(cli, "%lld 号  %s  %s  %s  %s", "no. %lld  %s  %s  %s  %s"),
                        (long long)tree_int(item, "no"), tree_name(cli, item, "rung"), tree_name(cli, item, "stage"),
                        tree_name(cli, item, "unit"), more));
    }
}

static void print_possible(struct cli *cli, const struct cJSON *list) {
    const struct cJSON *item;
    struct buffer text = {0};
    cJSON_ArrayForEach(item, list) {
        const char *name = tree_text(item, cli_in(cli, "zh", "en"));
        buffer_format(&text, "%s%s (%s)", text.length ? ", " : "", tree_text(item, "command"), name);
    }
    line(cli_in(cli, "现在可以", "possible"), text.length ? buffer_text(&text) : NULL);
    buffer_done(&text);
}

static void print_requests(struct cli *cli, const struct cJSON *list) {
    const struct cJSON *item;
    cJSON_ArrayForEach(item, list) {
        line(cli_in(cli, "诉求", "request"),
             cli_printf(cli, "%s  %s %s  %s  %s", tree_text(item, "number"), tree_name(cli, item, "source"),
                        tree_text(item, "external_id"), tree_time(cli, item, "received_at"), tree_text(item, "title")));
        const struct cJSON *person = tree_at(item, "requester");
        line(cli_in(cli, "诉求人", "requester"),
             cli_printf(cli, "%s %s", tree_text(person, "name"), tree_text(person, "phone")));
    }
}

static void print_ticket(struct cli *cli, const struct cJSON *t) {
    const struct cJSON *location = tree_at(t, "location");
    printf("%s  %s  %s\n%s\n", tree_text(t, "number"), cli_word(cli, WORDS_state, tree_text(t, "state")),
           light_mark(cli, tree_text(t, "light")), tree_text(t, "title"));
    line(cli_in(cli, "内容", "said"), tree_text(t, "description"));
    line(cli_in(cli, "责任单位", "owner"), tree_name(cli, t, "owner"));
    line(cli_in(cli, "下一步", "next"), tree_name(cli, t, "next_action"));
    line(cli_in(cli, "应办时间", "due"), tree_time(cli, t, "due"));
    line(cli_in(cli, "事项", "matter"),
         cli_printf(cli, "%s %s", tree_text(tree_at(t, "matter"), "code"), tree_name(cli, t, "matter")));
    line(cli_in(cli, "地点", "place"),
         *tree_name(cli, t, "place") ? tree_name(cli, t, "place") : tree_name(cli, location, "unit"));
    line(cli_in(cli, "地址", "address"), tree_text(location, "address"));
    line(cli_in(cli, "受理", "received"), tree_time(cli, t, "received"));
    line(cli_in(cli, "办结", "ended"), tree_time(cli, t, "ended"));
    if (tree_bool(t, "supervised")) line(cli_in(cli, "督办", "supervised"), cli_in(cli, "督办中", "yes"));
    print_assignments(cli, tree_at(t, "assignments"));
    print_cards(cli, tree_at(t, "cards"));
    print_requests(cli, tree_at(t, "requests"));
    print_possible(cli, tree_at(t, "possible"));
}

static void print_history(struct cli *cli, const struct cJSON *tree) {
    static const char *const zh[] = {"时间", "事件", "单位", "说明", NULL};
    static const char *const en[] = {"time", "event", "by", "what was said", NULL};
    static const char *const texts[] = {"reason", "note", "answer"};
    const struct cJSON *event;
    struct table table;
    table_begin(&table, cli->language == LANGUAGE_ZH ? zh : en);
    cJSON_ArrayForEach(event, tree_at(tree, "events")) {
        struct buffer said = {0};
        const char *why = tree_name(cli, event, "return_reason"); /* a word of the vocabulary, else a sentence */
        for (size_t i = 0; i < 3; i++) {
            const char *text = i == 0 && *why ? why : tree_text(event, texts[i]);
            if (*text) buffer_format(&said, "%s%s", said.length ? "; " : "", text);
        }
        const char *name = tree_text(event, cli_in(cli, "zh", "en"));
        table_cell(&table, tree_time(cli, event, "at"));
        table_cell(&table, *name ? name : tree_name(cli, event, "event"));
        table_cell(&table, tree_name(cli, event, "actor"));
        table_cell(&table, buffer_text(&said));
        buffer_done(&said);
    }
    table_print(&table);
}

enum cli_exit run_ticket(struct cli *cli) {
    bool history = cli_flag(cli, "history");
    struct door_answer answer;
    enum cli_exit code = door_get(
        cli, cli_printf(cli, "/api/v1/tickets/%s%s", door_part(cli, cli->args[0]), history ? "/history" : ""), &answer);
    if (code == CLI_OK && cli->json)
        door_print(&answer);
    else if (code == CLI_OK && history)
        print_history(cli, answer.tree);
    else if (code == CLI_OK)
        print_ticket(cli, answer.tree);
    door_answer_done(&answer);
    return code;
}

/* ---- explain ---------------------------------------------------------------------------------------------------------------------- */

static void print_explanation(struct cli *cli, const struct cJSON *tree) {
    const struct cJSON *deadline, *item;
    const char *own = cli_in(cli, "zh", "en");
    printf("%s\n", tree_name(cli, tree, "route"));
    if (*tree_name(cli, tree, "moved")) printf("%s\n", tree_name(cli, tree, "moved"));
    if (*tree_name(cli, tree, "light")) printf("%s\n", tree_name(cli, tree, "light"));
    cJSON_ArrayForEach(deadline, tree_at(tree, "deadlines")) {
        bool total = tree_bool(deadline, "total");
        printf("\n%s%s%s\n",
               total ? cli_in(cli, "总时限", "whole limit") : cli_word(cli, WORDS_stage, tree_text(deadline, "stage")),
               total ? "" : "  ", total ? "" : tree_name(cli, deadline, "unit"));
        cJSON_ArrayForEach(item, tree_at(deadline, "lines")) printf("  %s\n", tree_text(item, own));
    }
}

enum cli_exit run_explain(struct cli *cli) {
    struct door_answer answer;
    enum cli_exit code =
        door_get(cli, cli_printf(cli, "/api/v1/tickets/%s/explain", door_part(cli, cli->args[0])), &answer);
    if (code == CLI_OK && cli->json)
        door_print(&answer);
    else if (code == CLI_OK)
        print_explanation(cli, answer.tree);
    door_answer_done(&answer);
    return code;
}

/* ---- similar ----------------------------------------------------------------------------------------------------------------------- */

enum cli_exit run_similar(struct cli *cli) {
    static const char *const zh[] = {">评分", "工单", "状态", "标题", "理由", NULL};
    static const char *const en[] = {">score", "ticket", "state", "title", "why", NULL};
    struct door_answer answer;
    enum cli_exit code =
        door_get(cli, cli_printf(cli, "/api/v1/tickets/%s/similar", door_part(cli, cli->args[0])), &answer);
    if (code == CLI_OK && cli->json) {
        door_print(&answer);
    } else if (code == CLI_OK) {
        const struct cJSON *row;
        struct table table;
        table_begin(&table, cli->language == LANGUAGE_ZH ? zh : en);
        cJSON_ArrayForEach(row, tree_at(answer.tree, "candidates")) {
            table_int(&table, tree_int(row, "score"));
            table_cell(&table, tree_text(row, "number"));
            table_cell(&table, cli_word(cli, WORDS_state, tree_text(row, "state")));
            table_cell(&table, tree_text(row, "title"));
            table_cell(&table, tree_name(cli, row, "why"));
        }
        table_print(&table);
        printf(cli_in(cli, "\n看了同社区近 30 天的 %lld 张\n", "\nlooked at %lld of the community's last 30 days\n"),
               (long long)tree_int(answer.tree, "looked"));
    }
    door_answer_done(&answer);
    return code;
}
