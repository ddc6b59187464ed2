/* paidan reconcile: the other side's list of one day against what was accepted here. Hours whose hash is the same on both sides are not
 * read; of the others every row is fetched and compared, so that what differs is named row by row. The list is CSV with the columns
 * external_id and number, and, as far as the other side has them, received_at and state. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/csv.h"
#include "common/json_writer.h"
#include "proto/must.h"
#include "tools/paidan/commands.h"
#include "tools/paidan/door.h"
#include "tools/paidan/table.h"

enum { HOURS = 24, NO_HOUR = -1 };
enum column { EXTERNAL_ID, NUMBER, RECEIVED_AT, STATE, COLUMNS };

struct row {
    const char *id, *number, *state;
    int hour;
    bool skipped; /* of an hour that agrees */
};

struct rows {
    struct row *rows;
    size_t count, room;
};

struct reconciling {
    struct cli *cli;
    const char *source, *date;
    time_ms start;
    size_t columns[COLUMNS];
    struct rows theirs, ours;
    int64_t here; /* all of the day */
    bool differs[HOURS];
    struct buffer json;
    struct json_writer w;
    struct table table;
    size_t differences;
};

static struct row *add(struct rows *rows) {
    if (rows->count == rows->room) {
        rows->room = rows->room ? rows->room * 2 : 1024;
        rows->rows = realloc(rows->rows, rows->room * sizeof *rows->rows);
        must(rows->rows);
    }
    return &rows->rows[rows->count++];
}

static int by_id(const void *a, const void *b) {
    const struct row *one = a, *other = b;
    int order = strcmp(one->id, other->id);
    return order ? order : strcmp(one->number, other->number);
}

static void sort(struct rows *rows) {
    if (rows->count) qsort(rows->rows, rows->count, sizeof *rows->rows, by_id);
}

static int hour_of(const struct reconciling *r, const char *text) {
    time_ms at;
    if (clock_parse(text, strlen(text), &at) != ERR_NONE || at < r->start) return NO_HOUR;
    return (at - r->start) / 3600000 < HOURS ? (int)((at - r->start) / 3600000) : NO_HOUR;
}

/* ---- their file ------------------------------------------------------------------------------------------------------------------ */

static const char *field(struct reconciling *r, const struct csv_row *row, enum column column) {
    size_t at = r->columns[column];
    return at < row->count ? cli_copy(r->cli, row->fields[at].at, row->fields[at].len) : "";
}

static enum cli_exit read_rows(struct reconciling *r, struct csv *csv) {
    static const char *const titles[COLUMNS] = {"external_id", "number", "received_at", "state"};
    struct csv_row row;
    enum err err = csv_next(csv, &row);
    if (err != ERR_NONE) return cli_fail_why(r->cli, CLI_REFUSED, "文件有误", "the file is wrong", csv->message);
    for (int i = 0; i < COLUMNS; i++) {
        r->columns[i] = csv_column(&row, titles[i]);
        if (r->columns[i] == CSV_FIELDS_MAX && i <= NUMBER)
            return cli_fail_why(r->cli, CLI_REFUSED, "缺少列", "a column is missing", titles[i]);
    }
    while ((err = csv_next(csv, &row)) == ERR_NONE) {
        const char *at = field(r, &row, RECEIVED_AT);
        *add(&r->theirs) = (struct row){.id = field(r, &row, EXTERNAL_ID),
                                        .number = field(r, &row, NUMBER),
                                        .state = field(r, &row, STATE),
                                        .hour = hour_of(r, at)};
    }
    if (err != ERR_CLOSED) return cli_fail_why(r->cli, CLI_REFUSED, "文件有误", "the file is wrong", csv->message);
    sort(&r->theirs);
    return CLI_OK;
}

static enum cli_exit read_file(struct reconciling *r, const char *path) {
    char *bytes;
    size_t len;
    struct csv csv;
    enum cli_exit code = cli_read(r->cli, path, &bytes, &len);
    if (code != CLI_OK) return code;
    csv_init(&csv, bytes, len);
    code = read_rows(r, &csv);
    csv_done(&csv);
    return code;
}

/* ---- our hours and rows ------------------------------------------------------------------------------------------------------------ */

/* The same text as the server's, see docs/integration.md. */
static void hash_of_hour(const struct reconciling *r, int hour, char ret_hex[65]) {
    struct buffer text = {0};
    uint8_t hash[32];
    for (size_t i = 0; i < r->theirs.count; i++)
        if (r->theirs.rows[i].hour == hour)
            buffer_format(&text, "%s\t%s\n", r->theirs.rows[i].id, r->theirs.rows[i].number);
    crypto_sha256(text.data, text.length, hash);
    for (size_t i = 0; i < sizeof hash; i++) snprintf(ret_hex + 2 * i, 3, "%02x", hash[i]);
    buffer_done(&text);
}

/* Without times in the list hours cannot be told apart; states are not in the hashes. */
static bool reads_all(const struct reconciling *r) {
    return r->columns[RECEIVED_AT] == CSV_FIELDS_MAX || r->columns[STATE] != CSV_FIELDS_MAX;
}

static const char *query(struct reconciling *r) {
    return cli_printf(r->cli, "?source=%s&date=%s", door_part(r->cli, r->source), door_part(r->cli, r->date));
}

static enum cli_exit compare_hours(struct reconciling *r) {
    struct door_answer answer;
    const struct cJSON *item;
    enum cli_exit code = door_get(r->cli, cli_printf(r->cli, "/api/v1/reconciliation%s", query(r)), &answer);
    if (code == CLI_OK) r->here = tree_int(answer.tree, "count");
    if (code == CLI_OK) cJSON_ArrayForEach(item, tree_at(answer.tree, "hours")) {
            char hash[65];
            int hour = (int)tree_int(item, "hour");
            if (hour < 0 || hour >= HOURS) continue;
            hash_of_hour(r, hour, hash);
            r->differs[hour] = strcmp(hash, tree_text(item, "hash")) != 0;
            if (!tree_bool(item, "complete") && tree_int(item, "count"))
                fprintf(
                    stderr,
                    cli_in(r->cli, "%02d 时尚未结束, 结果可能还会变\n", "hour %02d is not over, it may still change\n"),
                    hour);
        }
    door_answer_done(&answer);
    return code;
}

/* hour NO_HOUR: the whole day. */
static enum cli_exit fetch(struct reconciling *r, int hour) {
    const char *path = cli_printf(r->cli, "/api/v1/reconciliation/requests%s&limit=5000", query(r));
    if (hour != NO_HOUR) path = cli_printf(r->cli, "%s&hour=%d", path, hour);
    enum cli_exit code;
    do {
        struct door_answer answer;
        const struct cJSON *item;
        code = door_get(r->cli, path, &answer);
        if (code == CLI_OK) cJSON_ArrayForEach(item, tree_at(answer.tree, "requests")) {
                const char *state = tree_text(item, "state"), *id = tree_text(item, "external_id"),
                           *number = tree_text(item, "number");
                *add(&r->ours) = (struct row){.id = cli_copy(r->cli, id, strlen(id)),
                                              .number = cli_copy(r->cli, number, strlen(number)),
                                              .state = cli_copy(r->cli, state, strlen(state)),
                                              .hour = hour_of(r, tree_text(item, "received_at"))};
            }
        path = code == CLI_OK && *answer.next ? cli_copy(r->cli, answer.next, strlen(answer.next)) : NULL;
        door_answer_done(&answer);
    } while (code == CLI_OK && path);
    return code;
}

static enum cli_exit fetch_what_differs(struct reconciling *r) {
    enum cli_exit code = CLI_OK;
    if (reads_all(r)) {
        code = fetch(r, NO_HOUR);
    } else {
        for (int hour = 0; hour < HOURS && code == CLI_OK; hour++)
            if (r->differs[hour]) code = fetch(r, hour);
        for (size_t i = 0; i < r->theirs.count; i++) {
            int hour = r->theirs.rows[i].hour;
            r->theirs.rows[i].skipped = hour != NO_HOUR && !r->differs[hour];
        }
    }
    sort(&r->ours);
    return code;
}

/* ---- what differs ------------------------------------------------------------------------------------------------------------------- */

static void differ(struct reconciling *r, const char *what, const char *zh, const char *en, const struct row *here,
                   const struct row *there, const char *here_says, const char *there_says) {
    const char *id = here ? here->id : there->id;
    r->differences++;
    json_open(&r->w);
    json_put_string(&r->w, "what", what);
    json_put_string(&r->w, "external_id", id);
    json_put_string(&r->w, "here", here_says);
    json_put_string(&r->w, "there", there_says);
    json_close(&r->w);
    table_cell(&r->table, cli_in(r->cli, zh, en));
    table_cell(&r->table, id);
    table_cell(&r->table, here_says);
    table_cell(&r->table, there_says);
}

static void compare_pair(struct reconciling *r, const struct row *here, const struct row *there) {
    bool has_time = r->columns[RECEIVED_AT] != CSV_FIELDS_MAX, has_state = r->columns[STATE] != CSV_FIELDS_MAX;
    if (strcmp(here->number, there->number) != 0)
        differ(r, "number", "受理号不同", "another number", here, there, here->number, there->number);
    if (has_time && here->hour != there->hour)
        differ(r, "time", "受理时间不同", "another hour", here, there, cli_printf(r->cli, "%02d", here->hour),
               there->hour == NO_HOUR ? "-" : cli_printf(r->cli, "%02d", there->hour));
    if (has_state && strcmp(here->state, there->state) != 0)
        differ(r, "state", "状态不同", "another state", here, there, here->state, there->state);
}

static void compare_rows(struct reconciling *r) {
    size_t i = 0, j = 0;
    while (i < r->ours.count || j < r->theirs.count) {
        const struct row *here = i < r->ours.count ? &r->ours.rows[i] : NULL;
        const struct row *there = j < r->theirs.count ? &r->theirs.rows[j] : NULL;
        if (there && there->skipped) {
            j++;
            continue;
        }
        int order = !here ? 1 : !there ? -1 : strcmp(here->id, there->id);
        if (order < 0) {
            differ(r, "only_here", "仅我方有", "only here", here, NULL, here->number, "");
            i++;
        } else if (order > 0) {
            bool twice = j && !strcmp(r->theirs.rows[j - 1].id, there->id);
            differ(r, twice ? "twice_there" : "only_there", twice ? "对方重复" : "仅对方有",
                   twice ? "twice there" : "only there", NULL, there, "", there->number);
            j++;
        } else {
            compare_pair(r, here, there);
            i++, j++;
        }
    }
}

static void say(struct reconciling *r) {
    json_close_list(&r->w);
    json_put_int(&r->w, "differences", (int64_t)r->differences);
    json_close(&r->w);
    if (r->cli->json) {
        printf("%s\n", buffer_text(&r->json));
        return;
    }
    if (r->differences) table_print(&r->table);
    printf(cli_in(r->cli, "%s %s: 我方 %lld 件, 对方 %zu 件, 不同 %zu 处\n",
                  "%s %s: %lld here, %zu there, %zu differences\n"),
           r->source, r->date, (long long)r->here, r->theirs.count, r->differences);
}

static void begin(struct reconciling *r) {
    static const char *const zh[] = {"不同", "来源编号", "我方", "对方", NULL};
    static const char *const en[] = {"what", "external id", "here", "there", NULL};
    table_begin(&r->table, r->cli->language == LANGUAGE_ZH ? zh : en);
    json_writer_init(&r->w, &r->json);
    json_open(&r->w);
    json_put_string(&r->w, "source", r->source);
    json_put_string(&r->w, "date", r->date);
    json_put_int(&r->w, "here", r->here);
    json_put_int(&r->w, "there", (int64_t)r->theirs.count);
    json_put_open_list(&r->w, "differs");
}

static enum cli_exit read_date(struct reconciling *r) {
    int year, month, day, used = 0;
    r->date = cli_option(r->cli, "date");
    if (!r->date) {
        cli_open_clock(r->cli);
        int32_t today = clock_date(clock_now());
        r->date = cli_printf(r->cli, "%04d-%02d-%02d", today / 10000, today / 100 % 100, today % 100);
    }
    if (sscanf(r->date, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3 || r->date[used] ||
        !clock_date_is_valid(year * 10000 + month * 100 + day))
        return cli_fail(r->cli, CLI_USAGE, "--date 须为日期, 如 2026-11-21", "--date must be a day such as 2026-11-21");
    r->start = clock_date_start(year * 10000 + month * 100 + day);
    return CLI_OK;
}

enum cli_exit run_reconcile(struct cli *cli) {
    struct reconciling r = {.cli = cli, .source = cli_option(cli, "source")};
    if (!r.source) r.source = "hotline-12345";
    enum cli_exit code = read_date(&r);
    if (code == CLI_OK) code = read_file(&r, cli->args[0]);
    if (code == CLI_OK) code = compare_hours(&r);
    if (code == CLI_OK) code = fetch_what_differs(&r);
    if (code == CLI_OK) {
        begin(&r);
        compare_rows(&r);
        say(&r);
        if (r.differences) code = CLI_REFUSED;
        table_done(&r.table);
        buffer_done(&r.json);
    }
    free(r.theirs.rows);
    free(r.ours.rows);
    return code;
}
