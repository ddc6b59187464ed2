/* paidan calendar preview FILE, paidan policy preview FILE: which open deadlines the file would move if it were loaded, by unit and
 * one by one. The server counts; here its stream of progress and moves is shown. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/paidan/commands.h"
#include "tools/paidan/door.h"
#include "tools/paidan/table.h"

enum { SHOWN = 50 };

struct watch {
    struct cli *cli;
    struct table moves;
    long long shown, shown_max, all;
    bool progress;         /* a line of it stands on the terminal */
    struct cJSON *summary; /* NULL: it has not come */
    bool failed;
};

/* "+1 d 2:30": calendar days, hours, minutes. */
static const char *by_text(struct cli *cli, long long minutes) {
    long long all = minutes < 0 ? -minutes : minutes;
    const char *sign = minutes < 0 ? "-" : minutes > 0 ? "+" : "";
    if (all < 24 * 60) return cli_printf(cli, "%s%lld:%02lld", sign, all / 60, all % 60);
    return cli_printf(cli, cli_in(cli, "%s%lld 天 %lld:%02lld", "%s%lld d %lld:%02lld"), sign, all / (24 * 60),
                      all / 60 % 24, all % 60);
}

static const char *unit_text(const struct cli *cli, const struct cJSON *row) {
    const struct cJSON *unit = tree_at(row, "unit");
    return unit && !cJSON_IsNull(unit) ? tree_name(cli, row, "unit") : cli_in(cli, "(全市总时限)", "(whole limit)");
}

/* ---- one by one ------------------------------------------------------------------------------------------------------------------ */

static const char *time_of(struct cli *cli, const struct cJSON *move, const char *change, const char *end) {
    if (strcmp(change, "limit") == 0 || strcmp(change, "left") == 0)
        return tree_text(move, cli_printf(cli, "limit_%s", end));
    return tree_time(cli, move, cli_printf(cli, "%s_%s", strcmp(change, "rung") == 0 ? "rung" : "due", end));
}

static void add_move(struct watch *w, const struct cJSON *move) {
    static const char *const codes[] = {"due", "rung", "left", "limit"};
    static const char *const zh[] = {"到期", "预警时间", "剩余 (暂停中)", "时限写法"};
    static const char *const en[] = {"due", "next rung", "left (paused)", "limit"};
    struct cli *cli = w->cli;
    const char *change = tree_text(move, "change"), *said = change;
    w->all++;
    if (w->shown == w->shown_max) return;
    w->shown++;
    for (int i = 0; i < 4; i++)
        if (strcmp(codes[i], change) == 0) said = cli_in(cli, zh[i], en[i]);
    table_cell(&w->moves, tree_text(move, "ticket"));
    table_cell(&w->moves, unit_text(cli, move));
    table_cell(&w->moves, tree_name(cli, move, "stage"));
    table_cell(&w->moves, said);
    table_cell(&w->moves, time_of(cli, move, change, "from"));
    table_cell(&w->moves, time_of(cli, move, change, "to"));
    table_cell(&w->moves, by_text(cli, tree_int(move, "by_minutes")));
}

static void on_event(void *context, const char *event, const struct cJSON *data) {
    struct watch *w = context;
    const struct cJSON *move;
    if (strcmp(event, "moves") == 0) {
        cJSON_ArrayForEach(move, tree_at(data, "moves")) add_move(w, move);
    } else if (strcmp(event, "progress") == 0 && isatty(STDERR_FILENO)) {
        fprintf(stderr, cli_in(w->cli, "\r已算 %lld / %lld 张", "\r%lld of %lld tickets"),
                (long long)tree_int(data, "done"), (long long)tree_int(data, "open"));
        w->progress = true;
    } else if (strcmp(event, "summary") == 0) {
        w->summary = cJSON_Duplicate(data, true);
    } else if (strcmp(event, "failed") == 0) {
        w->failed = true;
    }
}

/* ---- in sum ---------------------------------------------------------------------------------------------------------------------- */

static void print_units(struct cli *cli, const struct cJSON *summary) {
    static const char *const zh[] = {"单位",    ">工单",    ">期限",    ">延后", ">提前",
                                     ">暂停中", "最多延后", "最多提前", NULL};
    static const char *const en[] = {"unit",    ">tickets",   ">deadlines",   ">later", ">earlier",
                                     ">paused", "most later", "most earlier", NULL};
    static const char *const keys[] = {"tickets", "deadlines", "later", "earlier", "paused"};
    const struct cJSON *unit;
    struct table table;
    table_begin(&table, cli->language == LANGUAGE_ZH ? zh : en);
    cJSON_ArrayForEach(unit, tree_at(summary, "units")) {
        table_cell(&table, unit_text(cli, unit));
        for (int i = 0; i < 5; i++) table_int(&table, tree_int(unit, keys[i]));
        table_cell(&table, by_text(cli, tree_int(unit, "most_later_minutes")));
        table_cell(&table, by_text(cli, -tree_int(unit, "most_earlier_minutes")));
    }
    table_print(&table);
}

static void print_summary(struct cli *cli, const struct cJSON *s) {
    printf(
        cli_in(cli,
               "在办 %lld 张, 其中 %lld 张的 %lld 个期限会变: 延后 %lld, 提前 %lld, 暂停中 %lld, 仅预警时间 %lld, "
               "仅写法 %lld\n",
               "%lld open tickets; of %lld of them %lld deadlines would change: later %lld, earlier %lld, paused %lld, "
               "only rungs %lld, only as written %lld\n"),
        (long long)tree_int(s, "open"), (long long)tree_int(s, "tickets"), (long long)tree_int(s, "deadlines"),
        (long long)tree_int(s, "later"), (long long)tree_int(s, "earlier"), (long long)tree_int(s, "paused"),
        (long long)tree_int(s, "rungs"), (long long)tree_int(s, "restated"));
    if (tree_int(s, "rungs_at_once") > 0)
        printf(cli_in(cli, "载入后立即触发 %lld 次预警 (催办、预警、黄牌、红牌), 其中红牌 %lld 张\n",
                      "as soon as it is loaded %lld rungs are reached (urge, warning, yellow, red card), %lld of them "
                      "red cards\n"),
               (long long)tree_int(s, "rungs_at_once"), (long long)tree_int(s, "red_cards_at_once"));
    if (!tree_bool(s, "counted"))
        fprintf(stderr, "%s\n",
                cli_in(cli, "注意: 上次载入后的重算尚未完成, 其中也含那次的变化",
                       "note: deadlines are still being computed anew after the last load; its moves are among these"));
    if (tree_int(s, "deadlines") == 0) return;
    putchar('\n');
    print_units(cli, s);
}

static enum cli_exit show(struct watch *w) {
    struct cli *cli = w->cli;
    if (w->progress) fprintf(stderr, "\r%40s\r", "");
    if (!w->summary || w->failed)
        return cli_fail(cli, CLI_UNREACHABLE, "预览未完成, 请重试", "the preview did not come to its end; try again");
    print_summary(cli, w->summary);
    if (w->shown) putchar('\n');
    if (w->shown) table_print(&w->moves);
    if (w->all > w->shown)
        printf(cli_in(cli, "… 另有 %lld 个 (--all 全部列出)\n", "... and %lld more (--all lists them)\n"),
               w->all - w->shown);
    printf("%s\n", cli_in(cli, "什么都没有保存。", "Nothing was stored."));
    return CLI_OK;
}

/* ---- the command ------------------------------------------------------------------------------------------------------------------- */

static enum cli_exit print_whole(struct cli *cli, const char *path, const char *bytes, size_t len) {
    struct door_answer answer;
    enum cli_exit code = door_send(cli, "POST", path, "text/csv", bytes, len, &answer);
    if (code == CLI_OK) door_print(&answer);
    door_answer_done(&answer);
    return code;
}

enum cli_exit run_preview(struct cli *cli) {
    static const char *const zh[] = {"工单", "单位", "时限", "变化", "由", "改为", "相差", NULL};
    static const char *const en[] = {"ticket", "unit", "stage", "change", "from", "to", "by", NULL};
    const char *kind = strncmp(cli->command->name, "policy", 6) == 0 ? "policies" : "calendars";
    struct watch w = {.cli = cli, .shown_max = cli_flag(cli, "all") ? -1 : SHOWN};
    struct door_answer answer;
    char *bytes;
    size_t len;
    enum cli_exit code = cli_read(cli, cli->args[0], &bytes, &len);
    if (code != CLI_OK) return code;
    const char *path = cli_printf(cli, "/api/v1/%s/preview", kind);
    if (cli_flag(cli, "csv")) return print_whole(cli, cli_printf(cli, "%s?format=csv", path), bytes, len);
    if (cli->json) return print_whole(cli, cli_printf(cli, "%s?limit=500000", path), bytes, len);
    table_begin(&w.moves, cli->language == LANGUAGE_ZH ? zh : en);
    code = door_watch(cli, "POST", cli_printf(cli, "%s?format=events", path), "text/csv", bytes, len, on_event, &w,
                      &answer);
    if (code == CLI_OK) code = show(&w);
    door_answer_done(&answer);
    cJSON_Delete(w.summary);
    return code;
}
