/* paidan calendar show FILE: what a calendar file says, worked out here, before anybody loads it: its working days by month, its
 * holidays and swapped workdays, and, with --limit, when something would be due and why. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/csv.h"
#include "core/calendar.h"
#include "tools/paidan/commands.h"
#include "tools/paidan/table.h"

enum { COLUMNS = 8 };

static enum lang lang_of(const struct cli *cli) {
    return cli->language == LANGUAGE_ZH ? LANG_ZH : LANG_EN;
}

/* ---- reading ----------------------------------------------------------------------------------------------------------------------- */

struct reading {
    struct cli *cli;
    struct csv csv;
    size_t columns[COLUMNS];
    char code[64];
};

static enum cli_exit read_header(struct reading *r) {
    static const char *const titles[COLUMNS] = {"row",   "from",    "to",      "weekdays",
                                                "spans", "name_zh", "name_en", "calendar"};
    struct csv_row row;
    if (csv_next(&r->csv, &row) != ERR_NONE)
        return cli_fail_why(r->cli, CLI_REFUSED, "文件有误", "the file is wrong", r->csv.message);
    for (int i = 0; i < COLUMNS; i++) {
        r->columns[i] = csv_column(&row, titles[i]);
        if (r->columns[i] == CSV_FIELDS_MAX && i == 0)
            return cli_fail_why(r->cli, CLI_REFUSED, "缺少列", "a column is missing", titles[i]);
    }
    return CLI_OK;
}

static const char *field(struct reading *r, const struct csv_row *row, int column) {
    size_t at = r->columns[column];
    return at < row->count ? cli_copy(r->cli, row->fields[at].at, row->fields[at].len) : "";
}

static enum cli_exit row_fault(struct reading *r, size_t number, enum calendar_error error) {
    return cli_fail_why(r->cli, CLI_REFUSED, "日历有误", "the calendar is wrong",
                        cli_printf(r->cli, cli_in(r->cli, "第 %zu 行: %s", "row %zu: %s"), number,
                                   calendar_error_text(error, lang_of(r->cli))));
}

static enum cli_exit read_rows(struct reading *r, struct calendar *cal) {
    struct csv_row row;
    enum err err;
    while ((err = csv_next(&r->csv, &row)) == ERR_NONE) {
        struct calendar_row values = {.row = field(r, &row, 0),
                                      .from = field(r, &row, 1),
                                      .to = field(r, &row, 2),
                                      .weekdays = field(r, &row, 3),
                                      .spans = field(r, &row, 4),
                                      .name_zh = field(r, &row, 5),
                                      .name_en = field(r, &row, 6)};
        const char *code = field(r, &row, 7);
        if (*r->code && *code && strcmp(code, r->code) != 0)
            return cli_fail_why(r->cli, CLI_REFUSED, "文件里有多个日历", "the file holds several calendars", code);
        if (!*r->code) snprintf(r->code, sizeof r->code, "%s", code);
        enum calendar_error error = calendar_row(cal, &values);
        if (error != CALENDAR_OK) return row_fault(r, row.number, error);
    }
    if (err != ERR_CLOSED) return cli_fail_why(r->cli, CLI_REFUSED, "文件有误", "the file is wrong", r->csv.message);
    enum calendar_error error = calendar_seal(cal);
    return error == CALENDAR_OK ? CLI_OK : row_fault(r, r->csv.number, error);
}

/* ---- showing ------------------------------------------------------------------------------------------------------------------------- */

static int working_minutes(const struct calendar *cal, int32_t day) {
    const struct calendar_spans *spans = calendar_spans_on(cal, day);
    int minutes = 0;
    for (int i = 0; i < spans->count; i++) minutes += spans->span[i].to - spans->span[i].from;
    return minutes;
}

static void print_months(struct cli *cli, const struct calendar *cal) {
    static const char *const zh[] = {"年",   ">1月", ">2月",  ">3月",  ">4月",  ">5月",    ">6月",  ">7月",
                                     ">8月", ">9月", ">10月", ">11月", ">12月", ">工作日", ">小时", NULL};
    static const char *const en[] = {"year", ">Jan", ">Feb", ">Mar", ">Apr", ">May",  ">Jun",   ">Jul",
                                     ">Aug", ">Sep", ">Oct", ">Nov", ">Dec", ">days", ">hours", NULL};
    int32_t first, last, month, day;
    struct table table;
    calendar_date_of(cal->published_first, &first, &month, &day);
    calendar_date_of(cal->published_last, &last, &month, &day);
    table_begin(&table, cli->language == LANGUAGE_ZH ? zh : en);
    for (int32_t year = first; year <= last; year++) {
        int days[13] = {0}, all = 0, minutes = 0;
        for (int32_t at = calendar_day_of(year, 1, 1); at < calendar_day_of(year + 1, 1, 1); at++) {
            int own = working_minutes(cal, at);
            calendar_date_of(at, &(int32_t){0}, &month, &day);
            days[month] += own > 0;
            all += own > 0;
            minutes += own;
        }
        table_cell(&table, cli_printf(cli, "%d", year));
        for (int m = 1; m <= 12; m++) table_int(&table, days[m]);
        table_int(&table, all);
        table_int(&table, minutes / 60);
    }
    table_print(&table);
}

static const char *date_text(struct cli *cli, int32_t day_number) {
    static const char *const zh[] = {"", "周一", "周二", "周三", "周四", "周五", "周六", "周日"};
    static const char *const en[] = {"", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    int32_t year, month, day, weekday = calendar_weekday_of(day_number);
    calendar_date_of(day_number, &year, &month, &day);
    return cli_printf(cli, "%04d-%02d-%02d %s", year, month, day, cli_in(cli, zh[weekday], en[weekday]));
}

static void print_occasions(struct cli *cli, const struct calendar *cal) {
    static const char *const kinds_zh[] = {"", "放假", "上班", "半天"}, *const kinds_en[] = {"", "off", "workday",
                                                                                             "half"};
    static const char *const zh[] = {"", "从", "到", ">天", "名称", NULL}, *const en[] = {"",      "from", "to",
                                                                                          ">days", "name", NULL};
    struct table table;
    table_begin(&table, cli->language == LANGUAGE_ZH ? zh : en);
    for (int32_t i = 1; i <= cal->occasion_count; i++) {
        const struct calendar_occasion *o = calendar_occasion(cal, i);
        table_cell(&table, cli_in(cli, kinds_zh[o->kind], kinds_en[o->kind]));
        table_cell(&table, date_text(cli, o->first_day));
        table_cell(&table, o->last_day == o->first_day ? "" : date_text(cli, o->last_day));
        table_int(&table, o->last_day - o->first_day + 1);
        table_cell(&table, cli_in(cli, o->name_zh, o->name_en));
    }
    table_print(&table);
}

/* --limit 7wd [--from TIME]: the deadline line by line. */
static enum cli_exit print_deadline(struct cli *cli, const struct calendar *cal, const char *limit_text) {
    static struct calendar_line lines[CALENDAR_LINES_MAX];
    struct calendar_question question = {0};
    const char *from = cli_option(cli, "from");
    char text[CALENDAR_LINE_TEXT_SIZE];
    cli_open_clock(cli);
    if (!limit_parse(limit_text, strlen(limit_text), &question.limit))
        return cli_fail_why(cli, CLI_USAGE, "时限写作 2wh, 24nh, 7wd", "a limit is written 2wh, 24nh, 7wd", limit_text);
    question.start = clock_now();
    if (from && clock_parse(from, strlen(from), &question.start) != ERR_NONE)
        return cli_fail_why(cli, CLI_USAGE, "时间写作 2026-11-21T09:30:00+08:00",
                            "a time is written 2026-11-21T09:30:00+08:00", from);
    int32_t count = calendar_explain(cal, &question, lines, CALENDAR_LINES_MAX);
    putchar('\n');
    for (int32_t i = 0; i < count; i++) {
        calendar_line_say(cal, &lines[i], lang_of(cli), text, sizeof text);
        printf("  %s\n", text);
    }
    return CLI_OK;
}

enum cli_exit run_calendar_show(struct cli *cli) {
    static struct calendar cal;
    struct reading r = {.cli = cli};
    char *bytes;
    size_t len;
    enum cli_exit code = cli_read(cli, cli->args[0], &bytes, &len);
    if (code != CLI_OK) return code;
    csv_init(&r.csv, bytes, len);
    calendar_init(&cal, 480);
    code = read_header(&r);
    if (code == CLI_OK) code = read_rows(&r, &cal);
    csv_done(&r.csv);
    if (code != CLI_OK) return code;
    printf(cli_in(cli, "日历 %s, 已公布 %s 至 %s, 一个工作日 %d 小时 %02d 分\n\n",
                  "calendar %s, published %s to %s, one working day is %d h %02d min\n\n"),
           r.code, date_text(cli, cal.published_first), date_text(cli, cal.published_last), cal.day_minutes / 60,
           cal.day_minutes % 60);
    print_months(cli, &cal);
    putchar('\n');
    print_occasions(cli, &cal);
    const char *limit = cli_option(cli, "limit");
    return limit ? print_deadline(cli, &cal, limit) : CLI_OK;
}
