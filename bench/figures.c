/* What the figures cost: counting an event into its cells, one core, no I/O; and with a PostgreSQL named on the command line (as its
 * superuser), storing what was counted, and reading a month and a year of a city with a million tickets a year. Prints one JSON line. Its rows lie
 * in shard 99 and are removed again. Not for correctness (tests/unit/test_figures.c).
 * usage: figures [CONNECTION [DAYS]]; DAYS of the year that are filled, 90 to 365 (the month asked for is March) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/db_blocking.h"
#include "common/number.h"
#include "core/routing.h"
#include "core/ticket.h"
#include "proto/codec.h"
#include "proto/must.h"
#include "services/console/figures_sql.h"
#include "services/kit/tally.h"

enum {
    TICKETS = 20000,
    EVENTS_MAX = TICKETS * 12,
    STREETS = 7,
    COMMUNITIES = 8,
    GRIDS = 6,
    DEPARTMENTS = 24,
    MATTERS = 200,
    PAGE = 1000,
    SHARD = 99,
    YEAR_DAYS = 365,
    MARCH_ENDS = 90,
    ROUNDS = 5,
    TIMEOUT_MS = 600 * 1000,
};
static const time_ms START = 1770858000000; /* 2026-02-12 09:00 */

static struct policy policy;
static struct calendar calendar;
static const struct calendar *calendars[] = {&calendar};
static struct unit units[3 + STREETS * (1 + COMMUNITIES * (1 + GRIDS)) + DEPARTMENTS];
static uint32_t unit_count = 1, grids[STREETS * COMMUNITIES * GRIDS], grid_count, departments[DEPARTMENTS];
static struct matter matters[MATTERS];
static struct world world;

static uint32_t unit(enum unit_kind kind, uint32_t parent) {
    units[unit_count] = (struct unit){.id = unit_count, .kind = (uint8_t)kind, .parent = parent, .staffed = true};
    return unit_count++;
}

static void build(void) {
    uint32_t center = unit(UNIT_CENTER, 0), district = unit(UNIT_DISTRICT, center), wrong;
    for (int s = 0; s < STREETS; s++) {
        uint32_t street = unit(UNIT_STREET, district);
        for (int c = 0; c < COMMUNITIES; c++) {
            uint32_t community = unit(UNIT_COMMUNITY, street);
            for (int g = 0; g < GRIDS; g++) grids[grid_count++] = unit(UNIT_GRID, community);
        }
    }
    for (int d = 0; d < DEPARTMENTS; d++) departments[d] = unit(UNIT_DEPARTMENT, district);
    for (uint32_t m = 0; m < MATTERS; m++)
        matters[m] = (struct matter){.code = 10101 + m,
                                     .department = departments[m % DEPARTMENTS],
                                     .start = m % 2 ? UNIT_GRID : UNIT_DEPARTMENT,
                                     .urgency = URGENCY_NORMAL};
    must(world_seal(units, unit_count, &wrong));
    calendar_init(&calendar, 480);
    static const struct calendar_row always[] = {{"published", "2026-01-01", "2026-12-31", "", "", "", ""},
                                                 {"hours", "", "", "1-7", "00:00-24:00", "", ""}};
    for (int i = 0; i < 2; i++) must(calendar_row(&calendar, &always[i]) == CALENDAR_OK);
    must(calendar_seal(&calendar) == CALENDAR_OK);
    world = (struct world){.center = center,
                           .district = district,
                           .units = units,
                           .unit_count = unit_count,
                           .matters = matters,
                           .matter_count = MATTERS,
                           .policies = &policy,
                           .policy_count = 1,
                           .calendars = calendars,
                           .calendar_count = 1};
}

/* ---- lives ------------------------------------------------------------------------------------------------------------------ */

static struct row {
    struct event event; /* without its effect, which is encoded as in the log */
    uint8_t *body;
    size_t len;
} rows[EVENTS_MAX];
static size_t row_count;
static struct ticket ticket;

static void act(struct command command, int64_t id, time_ms now) {
    static struct step step;
    static uint8_t bytes[16384];
    must(ticket_decide(&world, ticket.state != 0 ? &ticket : NULL, NULL, &command, id, now, &step) == VERDICT_OK);
    for (uint16_t i = 0; i < step.count; i++) {
        ticket_apply(&ticket, &step.events[i]);
        must(row_count < EVENTS_MAX);
        struct row *row = &rows[row_count++];
        row->event = step.events[i];
        must(codec_encode(&type_effect, &step.events[i].effect, bytes, sizeof bytes, &row->len) == CODEC_OK);
        row->body = malloc(row->len + 1);
        must(row->body);
        memcpy(row->body, bytes, row->len);
    }
}

static void live(int64_t id) {
    static const struct principal SYSTEM = {.role = ROLE_SYSTEM};
    const struct principal operator= {.user = 1, .role = ROLE_OPERATOR, .unit = 1};
    time_ms now = START + id * 30000; /* some 2,900 a day */
    uint32_t matter = matters[id * 7 % MATTERS].code, place = grids[id * 13 % grid_count];
    struct request_new request = {.matter = matter, .place = place, .place_by = PLACE_BY_POINT};
    struct command receive = {.name = COMMAND_RECEIVE,
                              .by = SYSTEM,
                              .request = id,
                              .matter = matter,
                              .place = place,
                              .channel = (uint8_t)(1 + id % (CHANNEL_COUNT - 1))};
    memset(&ticket, 0, sizeof ticket);
    routing_decide(&world, &request, &receive.route);
    act(receive, id, now);
    uint32_t lead = ticket.owner;
    struct principal worker = {
        .user = 2, .role = units[lead].kind == UNIT_GRID ? ROLE_GRID_WORKER : ROLE_DEPARTMENT, .unit = lead};
    const struct text text = {"x", 1};
    act((struct command){.name = COMMAND_SIGN, .by = worker}, id, now + 600000);
    act((struct command){.name = COMMAND_CONTACT, .by = worker, .note = text}, id, now + 1200000);
    act((struct command){.name = COMMAND_FINISH, .by = worker, .answer = text}, id, now + 1800000);
    act((struct command){.name = COMMAND_PASS, .by = operator}, id, now + 2400000);
    act((struct command){.name = COMMAND_SOLVED, .by = operator, .satisfied = true}, id, now + 3000000);
}

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* ---- counting, and storing a page at a time as the keeper does --------------------------------------------------------------------- */

static void run(struct db_blocking *db, const char *sql, const struct db_call *parameters,
                struct db_result **ret_rows) {
    if (db_run_blocking(db, sql, parameters, ret_rows) == ERR_NONE) return;
    fprintf(stderr, "figures: %s\n", db_blocking_message(db));
    exit(1);
}

static void store(struct db_blocking *db, const struct tally *tally) {
    static struct buffer json;
    struct db_call *call = db_call_new();
    buffer_clear(&json);
    tally_write(tally, SHARD, &json);
    db_set_text(call, 1, (const char *)json.data, json.length);
    run(db, figures_statement(FIGURES_STORE)->sql, call, NULL);
    db_call_free(&call);
}

/* Nanoseconds an event; db NULL: without storing. */
static double count_all(struct db_blocking *db, size_t *ret_cells) {
    struct tally *tally = tally_new(true, TICKETS * 2);
    double began = now_ns();
    *ret_cells = 0;
    for (size_t i = 0; i < row_count; i++) {
        struct row *row = &rows[i];
        must(codec_decode(&type_effect, row->body, row->len, &row->event.effect, NULL) == CODEC_OK);
        must(tally_take(tally, &world, &row->event));
        if (i % PAGE != PAGE - 1 && i + 1 < row_count) continue;
        *ret_cells += tally_count(tally);
        if (db) store(db, tally);
        tally_clear_cells(tally);
    }
    double took = (now_ns() - began) / (double)row_count;
    tally_free(&tally);
    return took;
}

/* ---- asking ---------------------------------------------------------------------------------------------------------------------------- */

/* A year as it would be kept: for the district some 1,200 cells a day, each of 24 departments and 7 streets some 60. */
static const char YEAR[] =
    "INSERT INTO figure (shard, unit, period, matter, channel, received, closed, answered, answered_on_time, "
    "contact_due, "
    "contact_on_time, finished, finished_on_time, reached, solved, satisfied, by_rule, stays_offered, ms_offered, "
    "stays_handling, ms_handling) SELECT 99, u, p, m, c, n, n, n, n - 1, n, n, n, n, n, n, n, n, n, n * 1000, n, n * "
    "9000 "
    "FROM (SELECT to_char(DATE '2027-01-01' + d, 'YYYYMMDD')::int AS p, 2 AS n, d FROM generate_series(0, $1 - 1) AS d "
    "UNION ALL "
    "SELECT 202700 + mo, 60, 30 * mo FROM generate_series(1, 12) AS mo) AS periods, "
    "LATERAL (SELECT 0 AS u, m, 1 + m % 6 AS c FROM generate_series(1, 1200) AS m UNION ALL SELECT u, (m * u + d) % "
    "1200, 1 + m % 6 "
    "FROM generate_series(1, 31) AS u, generate_series(1, 60) AS m) AS cells ON CONFLICT DO NOTHING";

static double ask(struct db_blocking *db, int units_asked, enum figures_key key, int32_t low, int32_t high) {
    double best = 1e18;
    for (int round = 0; round < ROUNDS; round++) {
        struct db_call *call = db_call_new();
        struct db_result *result;
        db_set_int2(call, 1, SHARD);
        for (int i = 2; i <= 4; i++) db_set_array(call, i, DB_INT4);
        for (int u = 0; u < units_asked; u++) db_push_int4(call, 2, units_asked == 1 ? 0 : u + 1);
        db_push_int4(call, 3, low);
        db_push_int4(call, 4, high);
        db_set_int4(call, 5, 0);
        db_set_int4(call, 6, 999999);
        db_set_int2(call, 7, 0);
        db_set_int4(call, 8, (int32_t)key);
        double began = now_ns();
        run(db, figures_statement(FIGURES_SUMS)->sql, call, &result);
        double took = now_ns() - began;
        if (took < best) best = took;
        db_result_free(&result);
        db_call_free(&call);
    }
    return best / 1e6;
}

int main(int argc, char **argv) {
    size_t cells;
    int64_t days = YEAR_DAYS;
    if (argc > 2 &&
        (number_parse_int(argv[2], strlen(argv[2]), &days) != ERR_NONE || days < MARCH_ENDS || days > YEAR_DAYS)) {
        fprintf(stderr, "figures: DAYS is a number from %d to %d\n", MARCH_ENDS, YEAR_DAYS);
        return 2;
    }
    build();
    for (int64_t id = 1; id <= TICKETS; id++) live(id);
    double fold_ns = count_all(NULL, &cells);
    printf("{\"bench\": \"figures\", \"row\": \"figures\", \"name\": \"fold\", \"events\": %zu, \"fold_ns\": %.0f, "
           "\"cells\": %zu",
           row_count, fold_ns, cells);
    if (argc > 1) {
        struct db_blocking *db;
        if (db_blocking_open(argv[1], TIMEOUT_MS, &db) != ERR_NONE) {
            fprintf(stderr, "figures: %s\n", db_blocking_message(db));
            return 1;
        }
        run(db, "DELETE FROM figure WHERE shard = 99", NULL, NULL);
        printf(", \"kept_ns\": %.0f", count_all(db, &cells));
        struct db_call *year = db_call_new();
        db_set_int4(year, 1, (int32_t)days);
        run(db, YEAR, year, NULL);
        db_call_free(&year);
        run(db, "ANALYZE figure", NULL, NULL);
        struct db_result *row;
        run(db, "SELECT count(*) FROM figure WHERE shard = 99", NULL, &row);
        printf(", \"year_rows\": %lld", (long long)db_get_int(row, 0, 0));
        db_result_free(&row);
        printf(", \"month_ms\": %.1f, \"month_of_days_ms\": %.1f, \"month_each_day_ms\": %.1f, \"month_by_unit_ms\": "
               "%.1f, "
               "\"month_by_matter_ms\": %.1f, \"year_ms\": %.1f",
               ask(db, 1, FIGURES_KEY_NONE, 202703, 202703), ask(db, 1, FIGURES_KEY_NONE, 20270301, 20270331),
               ask(db, 1, FIGURES_KEY_PERIOD, 20270301, 20270331), ask(db, 31, FIGURES_KEY_UNIT, 202703, 202703),
               ask(db, 1, FIGURES_KEY_MATTER, 202703, 202703), ask(db, 1, FIGURES_KEY_NONE, 202701, 202712));
        run(db, "DELETE FROM figure WHERE shard = 99", NULL, NULL);
        db_blocking_close(&db);
    }
    puts("}");
    return 0;
}
