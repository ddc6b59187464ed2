/* See figures_sql.h. */
#include "services/console/figures_sql.h"

#include "common/buffer.h"
#include "services/kit/tally.h"

const struct db_statement FIGURES_EVERYTHING = {"figures_everything",
                                                "SELECT set_config('paidan.everything', '1', true)"};
const struct db_statement FIGURES_STATE = {
    "figures_state", "SELECT seq, at, formulas, tree, refused FROM figure_state WHERE shard = $1::int2"};
/* Bounded on both sides, not by LIMIT: however little PostgreSQL knows of the log, it never sorts the rest of it for one page. */
const struct db_statement FIGURES_EVENTS = {"figures_events", "SELECT " TALLY_EVENT_COLUMNS
                                                              " FROM event WHERE shard = $1::int2 AND seq > $2::int8 "
                                                              "AND seq <= $2::int8 + $3::int4 ORDER BY seq"};
/* seq + 0: by ticket alone. With the plain column PostgreSQL also walks the index over seq, which is every event there ever was. */
const struct db_statement FIGURES_HISTORY = {
    "figures_history", "SELECT " TALLY_EVENT_COLUMNS
                       " FROM event WHERE ticket = ANY ($1::int8[]) AND seq + 0 <= $2::int8 ORDER BY ticket, version"};
const struct db_statement FIGURES_ADVANCE = {
    "figures_advance", "SELECT figure_advance($1::int2, $2::int8, $3::int8, $4::int8, $5::int8, $6::int4, $7::bytea)"};
const struct db_statement FIGURES_RESTART = {"figures_restart", "SELECT figure_restart($1::int2)"};
const struct db_statement FIGURES_HEAD = {
    "figures_head", "SELECT s.next_seq - 1, coalesce(f.seq, 0), coalesce(f.at, 0), coalesce(f.refused, 0) FROM shard s "
                    "LEFT JOIN figure_state f ON f.shard = s.id WHERE s.id = $1::int2"};

/* ---- made from the table of counters -------------------------------------------------------------------------------- */

#define KEY                                                                                                            \
    "CASE $8::int4 WHEN 1 THEN f.unit WHEN 2 THEN f.matter WHEN 3 THEN f.channel WHEN 4 THEN f.period ELSE 0 END"
#define WHERE                                                                                                          \
    " FROM unnest($3::int4[], $4::int4[]) WITH ORDINALITY AS p (low, high, no) JOIN figure f ON f.period BETWEEN "     \
    "p.low AND p.high WHERE f.shard = $1::int2 AND f.unit = ANY ($2::int4[]) AND f.matter BETWEEN $5::int4 AND "       \
    "$6::int4 AND ($7::int2 = 0 OR f.channel = $7::int2)"

static void each(struct buffer *to, const char *format) {
    for (int i = 1; i < FIGURE_COUNT; i++) {
        const char *name = figures_counter(i)->name;
        for (const char *at = format; *at; at++) {
            if (*at == '@')
                buffer_append_text(to, name);
            else
                buffer_append_byte(to, (uint8_t)*at);
        }
    }
}

static void make_store(struct buffer *to) {
    buffer_append_text(to, "INSERT INTO figure AS f (shard, unit, period, matter, channel");
    each(to, ", \"@\"");
    buffer_append_text(to, ") SELECT shard, unit, period, matter, channel");
    each(to, ", \"@\"");
    buffer_append_text(to, " FROM json_populate_recordset(NULL::figure, $1::text::json) ON CONFLICT (shard, unit, "
                           "period, matter, channel) DO UPDATE SET ");
    each(to, "\"@\" = coalesce(f.\"@\" + excluded.\"@\", f.\"@\", excluded.\"@\"), ");
    to->length -= 2; /* the last comma */
}

static void make_sums(struct buffer *to) {
    buffer_append_text(to, "SELECT " KEY);
    each(to, ", coalesce(sum(f.\"@\"), 0)::int8");
    buffer_append_text(to, WHERE " GROUP BY 1 ORDER BY 1");
}

static void make_left_out(struct buffer *to) {
    buffer_append_text(to, "SELECT " KEY ", f.matter, f.channel, p.no::int4");
    each(to, ", coalesce(sum(f.\"@\"), 0)::int8");
    buffer_append_text(to, WHERE " AND EXISTS (SELECT FROM unnest($9::int4[], $10::int4[], $11::int2[]) AS x (a, b, c) "
                                 "WHERE f.matter BETWEEN x.a AND x.b AND (x.c = 0 OR f.channel = x.c)) "
                                 "GROUP BY 1, 2, 3, 4 ORDER BY 1");
}

const struct db_statement *figures_statement(enum figures_statement which) {
    static struct db_statement statements[FIGURES_STATEMENT_COUNT];
    static struct buffer texts[FIGURES_STATEMENT_COUNT];
    static const char *const names[] = {"figures_store", "figures_sums", "figures_left_out"};
    static void (*const make[])(struct buffer * to) = {make_store, make_sums, make_left_out};
    if (!statements[which].sql) {
        make[which](&texts[which]);
        statements[which] = (struct db_statement){names[which], buffer_text(&texts[which])};
    }
    return &statements[which];
}

void figures_of_row(const struct db_result *rows, int row, int first, struct figures *figures) {
    figures->n[FIGURE_NONE] = 0;
    for (int i = 1; i < FIGURE_COUNT; i++) figures->n[i] = db_get_int(rows, row, first + i - 1);
}
