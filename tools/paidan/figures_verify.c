/* paidan figures verify: counts the event log anew as far as the console has stored its figures (a minute behind the end, when nobody asks for
 * figures), in one snapshot, and compares every cell that it keeps. By the same fold (services/kit/tally.h), but from the first event to the
 * last, day after day, with nothing remembered from the console but the organisation it counted by. Reads PostgreSQL alone; changes
 * nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json_writer.h"
#include "proto/must.h"
#include "services/kit/tally.h"
#include "tools/paidan/commands.h"
#include "tools/paidan/database.h"

enum { PAGE = 2000, TICKETS_MAX = 500000, TIMEOUT_MS = 600 * 1000, TREE_BYTES = 5, DIFFERENCES_KEPT = 20 };

struct difference {
    uint32_t unit, matter;
    int32_t period;
    int figure;
    int64_t kept, counted;
};

struct check {
    struct db_blocking *db;
    struct world world;
    struct unit *units;
    struct tally *tally;
    int shard;
    int64_t seq, to, later, events, cells, refused;
    int64_t difference_count;
    struct difference differences[DIFFERENCES_KEPT];
    bool progress;
};

/* ---- what was counted by ------------------------------------------------------------------------------------------------------- */

static bool read_tree(struct check *c, const uint8_t *bytes, size_t len) {
    uint32_t count = (uint32_t)(len / TREE_BYTES), bad;
    c->units = calloc(count ? count : 1, sizeof *c->units);
    must(c->units);
    for (uint32_t id = 0; id < count; id++, bytes += TREE_BYTES)
        if (bytes[0])
            c->units[id] = (struct unit){.id = id,
                                         .kind = bytes[0],
                                         .parent = (uint32_t)bytes[1] << 24 | (uint32_t)bytes[2] << 16 |
                                                   (uint32_t)bytes[3] << 8 | bytes[4]};
    c->world = (struct world){.units = c->units, .unit_count = count};
    return world_seal(c->units, count, &bad);
}

/* ERR_NOT_FOUND: nothing is kept. ERR_INVALID: by formulas or an organisation that this program cannot count by. */
static enum err read_state(struct check *c) {
    struct db_result *row;
    size_t len;
    enum err err =
        db_run_blocking(c->db,
                        "SELECT f.shard, f.seq, f.formulas, f.tree, s.next_seq - 1 - f.seq FROM figure_state f "
                        "JOIN shard s ON s.id = f.shard ORDER BY f.shard LIMIT 1",
                        NULL, &row);
    if (err != ERR_NONE) return err;
    if (db_rows(row) == 0) {
        err = ERR_NOT_FOUND;
    } else {
        c->shard = (int)db_get_int(row, 0, 0);
        c->to = db_get_int(row, 0, 1);
        c->later = db_get_int(row, 0, 4);
        const uint8_t *tree = db_get_bytes(row, 0, 3, &len);
        if (db_get_int(row, 0, 2) != FIGURES_FORMULAS || !read_tree(c, tree, len)) err = ERR_INVALID;
    }
    db_result_free(&row);
    return err;
}

/* ---- comparing a day ------------------------------------------------------------------------------------------------------------- */

static void differ(struct check *c, struct difference difference) {
    if (c->difference_count++ < DIFFERENCES_KEPT) c->differences[c->difference_count - 1] = difference;
}

static void compare_cell(struct check *c, const struct tally_cell *cell, const int64_t *kept) {
    c->cells++;
    for (int i = 1; i < FIGURE_COUNT; i++)
        if (cell->figures.n[i] != kept[i])
            differ(c, (struct difference){cell->unit, cell->matter, cell->period, i, kept[i], cell->figures.n[i]});
}

static const char *day_query(void) {
    static struct buffer sql;
    if (sql.length) return buffer_text(&sql);
    buffer_append_text(&sql, "SELECT unit, matter, channel");
    for (int i = 1; i < FIGURE_COUNT; i++) buffer_format(&sql, ", coalesce(\"%s\", 0)::int8", figures_counter(i)->name);
    buffer_append_text(&sql, " FROM figure WHERE shard = $1::int2 AND period = $2::int4");
    return buffer_text(&sql);
}

/* What is kept of a day against what was counted; cells that are not kept must be all zero. */
static enum err compare_day(struct check *c, int32_t day) {
    struct db_call *call = db_call_new();
    struct db_result *rows;
    db_set_int2(call, 1, (int16_t)c->shard);
    db_set_int4(call, 2, day);
    enum err err = db_run_blocking(c->db, day_query(), call, &rows);
    db_call_free(&call);
    if (err != ERR_NONE) return err;
    bool *seen = calloc(tally_count(c->tally) + 1, sizeof *seen);
    must(seen);
    for (int i = 0; i < db_rows(rows); i++) {
        int64_t kept[FIGURE_COUNT] = {0};
        struct tally_cell none = {.unit = (uint32_t)db_get_int(rows, i, 0),
                                  .period = day,
                                  .matter = (uint32_t)db_get_int(rows, i, 1),
                                  .channel = (uint8_t)db_get_int(rows, i, 2)};
        for (int n = 1; n < FIGURE_COUNT; n++) kept[n] = db_get_int(rows, i, 2 + n);
        const struct tally_cell *cell = tally_find(c->tally, none.unit, day, none.matter, none.channel);
        compare_cell(c, cell ? cell : &none, kept);
        if (cell) seen[cell - tally_cell(c->tally, 0)] = true;
    }
    static const int64_t nothing[FIGURE_COUNT];
    for (size_t i = 0; i < tally_count(c->tally); i++)
        if (!seen[i]) compare_cell(c, tally_cell(c->tally, i), nothing);
    free(seen);
    db_result_free(&rows);
    tally_clear_cells(c->tally);
    return ERR_NONE;
}

/* Months are the sums of their days; and there is no day of which the log knows nothing. */
static enum err compare_months(struct check *c) {
    struct buffer sql = {0};
    struct db_result *row;
    struct db_call *call = db_call_new();
    buffer_append_text(&sql,
                       "SELECT count(*) FROM (SELECT unit, matter, channel, period / CASE WHEN period > 999999 THEN "
                       "100 ELSE 1 END AS month");
    for (int i = 1; i < FIGURE_COUNT; i++)
        buffer_format(&sql, ", sum(coalesce(\"%s\", 0) * CASE WHEN period > 999999 THEN 1 ELSE -1 END) AS \"%s\"",
                      figures_counter(i)->name, figures_counter(i)->name);
    buffer_append_text(&sql, " FROM figure WHERE shard = $1::int2 GROUP BY 1, 2, 3, 4) AS m WHERE false");
    for (int i = 1; i < FIGURE_COUNT; i++) buffer_format(&sql, " OR \"%s\" <> 0", figures_counter(i)->name);
    db_set_int2(call, 1, (int16_t)c->shard);
    enum err err = db_run_blocking(c->db, buffer_text(&sql), call, &row);
    if (err == ERR_NONE) {
        int64_t odd = db_get_int(row, 0, 0);
        if (odd) differ(c, (struct difference){.kept = odd});
        db_result_free(&row);
    }
    db_call_free(&call);
    buffer_done(&sql);
    return err;
}

/* ---- the log ------------------------------------------------------------------------------------------------------------------------ */

static const char EVENTS[] =
    "SELECT " TALLY_EVENT_COLUMNS
    " FROM event WHERE shard = $1::int2 AND seq > $2::int8 AND seq <= $3::int8 ORDER BY seq LIMIT 2000";
static const char HISTORY[] =
    "SELECT " TALLY_EVENT_COLUMNS
    " FROM event WHERE ticket = ANY ($1::int8[]) AND seq + 0 <= $2::int8 ORDER BY ticket, version";

static enum err learn(struct check *c, const struct db_result *page) {
    static struct event event;
    struct db_call *call = db_call_new();
    struct db_result *rows;
    int missing = 0;
    db_set_array(call, 1, DB_INT8);
    db_set_int8(call, 2, c->seq);
    for (int i = 0; i < db_rows(page); i++) {
        int64_t ticket = db_get_int(page, i, 0);
        if (tally_knows(c->tally, ticket, (uint32_t)db_get_int(page, i, 1))) continue;
        db_push_int8(call, 1, ticket);
        missing++;
    }
    enum err err = missing ? db_run_blocking(c->db, HISTORY, call, &rows) : ERR_NONE;
    if (missing && err == ERR_NONE) {
        for (int i = 0; i < db_rows(rows); i++) {
            if (tally_event(rows, i, &event))
                tally_learn(c->tally, &event);
            else
                tally_refuse(c->tally, event.ticket);
        }
        db_result_free(&rows);
    }
    db_call_free(&call);
    return err;
}

static enum err count_page(struct check *c, const struct db_result *rows, int32_t *day) {
    static struct event event;
    for (int i = 0; i < db_rows(rows); i++) {
        bool sound = tally_event(rows, i, &event);
        int32_t its = clock_date(event.at);
        if (*day && its != *day) {
            enum err err = compare_day(c, *day);
            if (err != ERR_NONE) return err;
        }
        *day = its;
        if (!sound) event.version = 0;
        c->refused += !tally_take(c->tally, &c->world, &event);
        c->seq = event.seq;
        c->events++;
    }
    return ERR_NONE;
}

static enum err count_all(struct check *c) {
    int32_t day = 0;
    enum err err = ERR_NONE;
    for (bool more = true; more && err == ERR_NONE;) {
        struct db_call *call = db_call_new();
        struct db_result *rows;
        db_set_int2(call, 1, (int16_t)c->shard);
        db_set_int8(call, 2, c->seq);
        db_set_int8(call, 3, c->to);
        err = db_run_blocking(c->db, EVENTS, call, &rows);
        db_call_free(&call);
        if (err != ERR_NONE) return err;
        more = db_rows(rows) == PAGE;
        err = learn(c, rows);
        if (err == ERR_NONE) err = count_page(c, rows, &day);
        db_result_free(&rows);
        if (c->progress) fprintf(stderr, "\r  %" PRId64 " / %" PRId64 "  ", c->seq, c->to);
    }
    if (err == ERR_NONE && day) err = compare_day(c, day);
    if (err == ERR_NONE) err = compare_months(c);
    if (c->progress) fputs("\r\033[K", stderr);
    return err;
}

/* ---- what is said -------------------------------------------------------------------------------------------------------------------- */

static void say(const struct cli *cli, const struct check *c) {
    printf(cli_in(cli, "事件 %" PRId64 ", 统计单元 %" PRId64 ", 不能计入的事件 %" PRId64 "\n",
                  "events %" PRId64 ", cells %" PRId64 ", events that cannot be counted %" PRId64 "\n"),
           c->events, c->cells, c->refused);
    if (c->later)
        printf(cli_in(cli, "另有 %" PRId64 " 个新事件尚未写入统计 (查看统计时写入)\n",
                      "%" PRId64 " newer events are not stored yet (who asks for figures has them stored)\n"),
               c->later);
    if (!c->difference_count) {
        puts(cli_in(cli, "一致: 统计与事件重算的结果完全相同。", "The same: the figures are what the events make."));
        return;
    }
    printf(cli_in(cli, "有 %" PRId64 " 处不一致 (可用 paidan figures restart 重算):\n",
                  "%" PRId64 " differences (paidan figures restart counts anew):\n"),
           c->difference_count);
    for (int64_t i = 0; i < c->difference_count && i < DIFFERENCES_KEPT; i++) {
        const struct difference *d = &c->differences[i];
        const struct figure_row *row = figures_counter(d->figure);
        if (d->figure)
            printf("  %d, unit %u, matter %06u, %s: %" PRId64 " / %" PRId64 "\n", d->period, d->unit, d->matter,
                   cli_in(cli, row->zh, row->en), d->kept, d->counted);
        else
            printf("  %s: %" PRId64 "\n", cli_in(cli, "月不等于各日之和", "months that are not the sum of their days"),
                   d->kept);
    }
}

static void say_json(const struct check *c) {
    struct buffer out = {0};
    struct json_writer w;
    json_writer_init(&w, &out);
    json_open(&w);
    json_put_bool(&w, "equal", c->difference_count == 0);
    json_put_int(&w, "events", c->events);
    json_put_int(&w, "later", c->later);
    json_put_int(&w, "cells", c->cells);
    json_put_int(&w, "refused", c->refused);
    json_put_int(&w, "difference_count", c->difference_count);
    json_put_open_list(&w, "differences");
    for (int64_t i = 0; i < c->difference_count && i < DIFFERENCES_KEPT; i++) {
        const struct difference *d = &c->differences[i];
        json_open(&w);
        json_put_int(&w, "period", d->period);
        json_put_int(&w, "unit", d->unit);
        json_put_int(&w, "matter", d->matter);
        json_put_string(&w, "counter", d->figure ? figures_counter(d->figure)->name : "months");
        json_put_int(&w, "kept", d->kept);
        json_put_int(&w, "counted", d->counted);
        json_close(&w);
    }
    json_close_list(&w);
    json_close(&w);
    puts(buffer_text(&out));
    buffer_done(&out);
}

enum cli_exit run_figures_verify(struct cli *cli) {
    static struct check c;
    c = (struct check){.progress = isatty(STDERR_FILENO) && !cli->json, .tally = tally_new(false, TICKETS_MAX)};
    enum err err = db_blocking_open(database_of(cli, "paidan_owner"), TIMEOUT_MS, &c.db);
    if (err == ERR_NONE) err = db_script_blocking(c.db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    if (err == ERR_NONE) err = read_state(&c);
    enum cli_exit code = CLI_UNREACHABLE;
    if (err == ERR_INVALID) {
        code = cli_fail(cli, CLI_REFUSED, "统计用的是另一版本的公式, 须由同版本的程序核对",
                        "the figures are kept by formulas of another version of this program");
    } else {
        if (err == ERR_NONE) err = count_all(&c);
        if (err == ERR_NOT_FOUND) err = ERR_NONE; /* nothing is kept yet, and nothing is wrong with that */
        if (err != ERR_NONE)
            database_say(cli, c.db, err);
        else if (cli->json)
            say_json(&c);
        else
            say(cli, &c);
        if (err == ERR_NONE) code = c.difference_count ? CLI_REFUSED : CLI_OK;
    }
    if (c.db) db_blocking_close(&c.db);
    tally_free(&c.tally);
    free(c.units);
    return code;
}
