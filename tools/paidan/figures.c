/* paidan figures: what happened in a period, as a table, by unit, matter or channel, as a series, or as CSV; --explain RATE: the formula, the
 * weights and the tickets of a rate; --recompute: the same from the event log, compared. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/paidan/commands.h"
#include "tools/paidan/door.h"
#include "tools/paidan/table.h"

/* ---- what is asked ---------------------------------------------------------------------------------------------------------- */

static const char *query(struct cli *cli, const char *const *names) {
    const char *text = "?";
    if (cli->arg_count) text = cli_printf(cli, "?unit=%s", door_part(cli, cli->args[0]));
    for (; *names; names++) {
        const char *value = cli_option(cli, *names);
        if (value) text = cli_printf(cli, "%s%s%s=%s", text, text[1] ? "&" : "", *names, door_part(cli, value));
    }
    return text[1] ? text : "";
}

static const char *percent(struct cli *cli, const struct cJSON *rate) {
    const struct cJSON *value = tree_at(rate, "value");
    return cJSON_IsNumber(value) ? cli_printf(cli, "%.1f %%", value->valuedouble) : "-";
}

static const char *points(struct cli *cli, const struct cJSON *score) {
    const struct cJSON *value = tree_at(score, "value");
    if (tree_bool(score, "excluded")) return cli_in(cli, "不计分", "not scored");
    return cJSON_IsNumber(value) ? cli_printf(cli, "%.2f", value->valuedouble) : "-";
}

/* Whole days: the last one, as people say it. */
static void say_period(struct cli *cli, const struct cJSON *tree) {
    const struct cJSON *unit = tree_at(tree, "unit");
    printf("%s  %s %s %s\n",
           cJSON_IsNull(unit) ? cli_in(cli, "全区", "the whole district") : tree_name(cli, tree, "unit"),
           tree_time(cli, tree, "from"), cli_in(cli, "至", "to"), tree_time(cli, tree, "to"));
}

static void say_behind(struct cli *cli, const struct cJSON *tree) {
    int64_t behind = tree_int(tree_at(tree, "counted"), "behind"), unread = tree_int(tree, "unread");
    if (behind > 0)
        fprintf(stderr,
                cli_in(cli, "注意: 还有 %" PRId64 " 个事件未计入\n", "note: %" PRId64 " events are not counted yet\n"),
                behind);
    if (unread > 0)
        fprintf(stderr,
                cli_in(cli, "注意: %" PRId64 " 个事件与前后不符, 未计入; 请运行 paidan verify\n",
                       "note: %" PRId64 " events do not follow and are not counted; run paidan verify\n"),
                unread);
}

/* ---- one sum ------------------------------------------------------------------------------------------------------------------- */

static void say_counters(struct cli *cli, const struct cJSON *tree) {
    const struct cJSON *counters = tree_at(tree, "counters"), *identity = tree_at(tree, "identity");
    printf(cli_in(cli, "期初在办 %lld + 收到 %lld = 结案 %lld + 转出 %lld + 期末在办 %lld, 其中督办 %lld%s\n\n",
                  "carried over %lld + received %lld = closed %lld + left %lld + in progress %lld, of these supervised "
                  "%lld%s\n\n"),
           (long long)tree_int(counters, "carried_over"), (long long)tree_int(counters, "received"),
           (long long)tree_int(counters, "closed"), (long long)tree_int(counters, "left"),
           (long long)tree_int(counters, "in_progress"), (long long)tree_int(counters, "supervised"),
           tree_bool(identity, "holds") ? "" : cli_in(cli, "  (不平!)", "  (does not hold!)"));
}

static void say_rates(struct cli *cli, const struct cJSON *tree) {
    static const char *const zh[] = {"指标", "代码", ">值", ">分子", ">分母", "公式", NULL};
    static const char *const en[] = {"rate", "code", ">value", ">numerator", ">denominator", "formula", NULL};
    const struct cJSON *rate;
    struct table table;
    table_begin(&table, cli->language == LANGUAGE_ZH ? zh : en);
    cJSON_ArrayForEach(rate, tree_at(tree, "rates")) {
        table_cell(&table, tree_name(cli, rate, "name"));
        table_cell(&table, tree_text(rate, "code"));
        table_cell(&table, percent(cli, rate));
        table_int(&table, tree_int(rate, "numerator"));
        table_int(&table, tree_int(rate, "denominator"));
        table_cell(&table, tree_name(cli, rate, "formula"));
    }
    table_print(&table);
}

static void say_levels_and_times(struct cli *cli, const struct cJSON *tree) {
    const struct cJSON *row;
    cJSON_ArrayForEach(row, tree_at(tree, "levels")) printf(
        "%s%s %s", row == tree_at(tree, "levels")->child ? cli_in(cli, "\n各级办结: ", "\nclosed by level: ") : ", ",
        tree_name(cli, row, "name"), percent(cli, row));
    cJSON_ArrayForEach(row, tree_at(tree, "times")) printf(
        "%s%s %.1f %s", row == tree_at(tree, "times")->child ? cli_in(cli, "\n平均用时: ", "\nmean time: ") : ", ",
        tree_name(cli, row, "name"), (double)tree_int(row, "mean_ms") / 3600000, cli_in(cli, "小时", "h"));
    cJSON_ArrayForEach(row, tree_at(tree, "cards"))
        printf("%s%s %" PRId64, row == tree_at(tree, "cards")->child ? cli_in(cli, "\n亮牌: ", "\ncards: ") : ", ",
               tree_name(cli, row, "name"), tree_int(row, "given") - tree_int(row, "withdrawn"));
    const struct cJSON *ways = tree_at(tree, "ways");
    printf(cli_in(cli, "\n首次派单: 自动 %" PRId64 ", 人工 %" PRId64 "\n",
                  "\nfirst dispatched: by rule %" PRId64 ", by hand %" PRId64 "\n"),
           tree_int(ways, "by_rule"), tree_int(ways, "by_hand"));
    if (cJSON_IsObject(tree_at(tree, "score")))
        printf("%s %s\n", cli_in(cli, "得分:", "score:"), points(cli, tree_at(tree, "score")));
}

static void say_one(struct cli *cli, const struct cJSON *tree) {
    say_period(cli, tree);
    say_counters(cli, tree);
    say_rates(cli, tree);
    say_levels_and_times(cli, tree);
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------------- */

static const struct cJSON *rate_of(const struct cJSON *row, const char *code) {
    const struct cJSON *rate;
    cJSON_ArrayForEach(rate, tree_at(row, "rates")) if (strcmp(tree_text(rate, "code"), code) == 0) return rate;
    return NULL;
}

static void say_rows(struct cli *cli, const struct cJSON *tree) {
    static const char *const zh[] = {">名次",   ">得分",   "",        ">收到",   ">结案",
                                     ">在办",   ">响应率", ">解决率", ">满意率", ">按时办结率",
                                     ">退单率", "名称",    NULL};
    static const char *const en[] = {">rank",   ">score",     "",         ">received", ">closed", ">open", ">contact",
                                     ">solved", ">satisfied", ">on time", ">returned", "name",    NULL};
    static const char *const shown[] = {"contact_on_time", "solved", "satisfied", "finish_on_time", "returned"};
    const char *by = tree_text(tree, "by");
    const struct cJSON *row;
    struct table table;
    say_period(cli, tree);
    table_begin(&table, cli->language == LANGUAGE_ZH ? zh : en);
    cJSON_ArrayForEach(row, tree_at(tree, "rows")) {
        const struct cJSON *counters = tree_at(row, "counters"), *rank = tree_at(row, "rank");
        const struct cJSON *key = *by ? tree_at(row, by) : NULL;
        table_cell(&table, cJSON_IsNumber(rank) ? cli_printf(cli, "%d", rank->valueint) : "");
        table_cell(&table, points(cli, tree_at(row, "score")));
        table_cell(&table, key ? tree_text(key, "code") : cli_printf(cli, "%.10s", tree_text(row, "from")));
        table_int(&table, tree_int(counters, "received"));
        table_int(&table, tree_int(counters, "closed"));
        table_int(&table, tree_int(counters, "in_progress"));
        for (int i = 0; i < 5; i++) table_cell(&table, percent(cli, rate_of(row, shown[i])));
        table_cell(&table, *by ? tree_name(cli, row, by) : "");
    }
    table_print(&table);
}

/* ---- one rate's tickets -------------------------------------------------------------------------------------------------------------- */

static void say_rule(struct cli *cli, const struct cJSON *rule) {
    printf("  %s", tree_text(rule, "row"));
    const char *const names[] = {"rate", "kind", "unit", "matter", "channel", "from", "to"};
    for (int i = 0; i < 7; i++)
        if (*tree_text(rule, names[i])) printf(" %s=%s", names[i], tree_text(rule, names[i]));
    if (strcmp(tree_text(rule, "row"), "exclusion") != 0) printf(" value=%g", tree_at(rule, "value")->valuedouble);
    puts("");
}

static void say_rate(struct cli *cli, const struct cJSON *tree) {
    const struct cJSON *rate = tree_at(tree, "rate"), *excluded = tree_at(rate, "excluded"), *rule;
    say_period(cli, tree);
    printf("%s (%s): %s = %" PRId64 " / %" PRId64 "\n", tree_name(cli, rate, "name"), tree_text(rate, "code"),
           percent(cli, rate), tree_int(rate, "numerator"), tree_int(rate, "denominator"));
    printf("%s %s (%s %" PRId64 ")\n", cli_in(cli, "公式:", "formula:"), tree_name(cli, rate, "formula"),
           cli_in(cli, "版本", "version"), tree_int(rate, "version"));
    if (excluded)
        printf(cli_in(cli, "已剔除: %" PRId64 " / %" PRId64 "\n", "excluded: %" PRId64 " / %" PRId64 "\n"),
               tree_int(excluded, "numerator"), tree_int(excluded, "denominator"));
    cJSON_ArrayForEach(rule, tree_at(tree, "rules")) say_rule(cli, rule);
}

static void add_tickets(struct cli *cli, struct table *table, const struct cJSON *tree) {
    const struct cJSON *row;
    cJSON_ArrayForEach(row, tree_at(tree, "tickets")) {
        table_cell(table, tree_text(row, "number"));
        table_int(table, tree_int(row, "numerator"));
        table_int(table, tree_int(row, "denominator"));
        table_cell(table, tree_bool(row, "excluded") ? cli_in(cli, "已剔除", "excluded") : "");
    }
}

/* All tickets, page by page; an answer that was cut may be without any and lead on. */
static enum cli_exit explain(struct cli *cli) {
    static const char *const names[] = {"from", "to", "period", "matter", "channel", "part", NULL};
    static const char *const zh[] = {"工单", ">分子", ">分母", "", NULL};
    static const char *const en[] = {"ticket", ">numerator", ">denominator", "", NULL};
    const char *rest = query(cli, names);
    const char *path =
        cli_printf(cli, "/api/v1/figures/explain%srate=%s&limit=1000", *rest ? cli_printf(cli, "%s&", rest) : "?",
                   door_part(cli, cli_option(cli, "explain")));
    enum cli_exit code;
    bool first = true;
    struct table table;
    table_begin(&table, cli->language == LANGUAGE_ZH ? zh : en);
    do {
        struct door_answer answer;
        code = door_get(cli, path, &answer);
        if (code == CLI_OK && cli->json) door_print(&answer);
        if (code == CLI_OK && !cli->json && first) say_rate(cli, answer.tree);
        if (code == CLI_OK) add_tickets(cli, &table, answer.tree);
        path = code == CLI_OK && *answer.next ? cli_printf(cli, "%s", answer.next) : NULL;
        if (code == CLI_OK && !path) say_behind(cli, answer.tree);
        first = false;
        door_answer_done(&answer);
    } while (path);
    if (code == CLI_OK && !cli->json)
        table_print(&table);
    else
        table_done(&table);
    return code;
}

/* ---- the others ------------------------------------------------------------------------------------------------------------------------ */

static enum cli_exit recompute(struct cli *cli) {
    static const char *const names[] = {"from", "to", "period", "matter", "channel", NULL};
    struct door_answer answer;
    const struct cJSON *row;
    enum cli_exit code = door_get(cli, cli_printf(cli, "/api/v1/figures/recount%s", query(cli, names)), &answer);
    bool equal = code == CLI_OK && tree_bool(answer.tree, "equal");
    if (code == CLI_OK && cli->json) {
        door_print(&answer);
    } else if (code == CLI_OK) {
        say_period(cli, answer.tree);
        printf(cli_in(cli, "由 %" PRId64 " 张工单的 %" PRId64 " 个事件重算: %s\n",
                      "counted anew from %" PRId64 " tickets with %" PRId64 " events: %s\n"),
               tree_int(answer.tree, "tickets"), tree_int(answer.tree, "events"),
               equal ? cli_in(cli, "与统计一致", "the same") : cli_in(cli, "与统计不一致", "not the same"));
        cJSON_ArrayForEach(row, tree_at(answer.tree, "differences"))
            printf("  %s: %" PRId64 " / %" PRId64 "\n", tree_name(cli, row, "name"), tree_int(row, "kept"),
                   tree_int(row, "recounted"));
    }
    door_answer_done(&answer);
    return code == CLI_OK && !equal ? CLI_REFUSED : code;
}

static enum cli_exit to_file(struct cli *cli, const char *rest) {
    struct door_answer answer;
    enum cli_exit code = door_get(cli, cli_printf(cli, "/api/v1/figures/export%s", rest), &answer);
    if (code == CLI_OK) fwrite(answer.body.data, 1, answer.body.length, stdout);
    door_answer_done(&answer);
    return code;
}

enum cli_exit run_figures(struct cli *cli) {
    static const char *const names[] = {"from", "to", "period", "matter", "channel", "by", "kind", "each", NULL};
    const char *rest = query(cli, names);
    if (cli_option(cli, "explain")) return explain(cli);
    if (cli_flag(cli, "recompute")) return recompute(cli);
    if (cli_flag(cli, "csv")) return to_file(cli, rest);
    struct door_answer answer;
    enum cli_exit code = door_get(cli, cli_printf(cli, "/api/v1/figures%s", rest), &answer);
    if (code == CLI_OK && cli->json) {
        door_print(&answer);
    } else if (code == CLI_OK) {
        if (tree_at(answer.tree, "rows"))
            say_rows(cli, answer.tree);
        else
            say_one(cli, answer.tree);
        say_behind(cli, answer.tree);
    }
    door_answer_done(&answer);
    return code;
}

enum cli_exit run_figures_restart(struct cli *cli) {
    struct door_answer answer;
    enum cli_exit code = door_post(cli, "/api/v1/admin/figures/restart", NULL, &answer);
    if (code == CLI_OK && !cli->json) puts(cli_in(cli, "统计将由事件全部重算", "the figures are being counted anew"));
    door_answer_done(&answer);
    return code;
}
