/* (h): many deadlines armed, many of them due within one second of the clock; are they fired in time, once, and none early? The clock
 * all services share is moved to three seconds before that second; what was fired is then read from the events. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/load/watch.h"
#include "common/clock.h"
#include "proto/must.h"

enum { LEAD_MS = 3000, PATIENCE_MS = 20000, SETTLE_MS = 1500 };

struct timers_seen {
    int64_t rungs;
};

static void on_change(void *context, const struct change *change) {
    struct timers_seen *seen = context;
    for (uint16_t i = 0; i < change->events_count; i++) seen->rungs += change->events[i] == EVENT_RUNG;
}

void scenario_timers(struct load *load) {
    struct timers_seen seen = {0};
    struct buffer line = {0};
    struct json_writer w;
    const char *clock_file = option_text(load, "clock", "");
    NEED(clock_open(clock_file), clock_file);
    int64_t armed = query_int(load, "SELECT count(*) FROM ticket WHERE open");
    /* the second in which most of those not signed (4) are due */
    if (db_script_blocking(
            load->db, "CREATE TABLE bench_due AS WITH s AS (SELECT next_at / 1000 AS second FROM ticket "
                      "WHERE open AND state = 4 GROUP BY 1 ORDER BY count(*) DESC LIMIT 1) "
                      "SELECT id, next_at FROM ticket, s WHERE open AND state = 4 AND next_at BETWEEN s.second * 1000 "
                      "- 1000 AND s.second * 1000 + 1999") != ERR_NONE)
        die("%s", db_blocking_message(load->db));
    int64_t count = query_int(load, "SELECT count(*) FROM bench_due"),
            first = query_int(load, "SELECT min(next_at) FROM bench_due"),
            last = query_int(load, "SELECT max(next_at) FROM bench_due");
    if (!count) die("no ticket waits to be signed");
    struct watch *watch = watch_new(load, 1, on_change, &seen);
    meter_read(&load->before, load->db);
    int64_t offset;
    NEED(clock_get_offset(clock_file, &offset), clock_file);
    NEED(clock_set_offset(clock_file, offset + first - LEAD_MS - clock_now()), clock_file);
    int64_t progress = clock_monotonic_ms(), rungs = 0;
    while (clock_monotonic_ms() - progress < (seen.rungs < count ? PATIENCE_MS : SETTLE_MS)) {
        loop_turn(load->loop, 50);
        if (seen.rungs > rungs) rungs = seen.rungs, progress = clock_monotonic_ms();
    }
    meter_read(&load->after, load->db);
    char sql[700];
    snprintf(sql, sizeof sql,
             "SELECT count(*), count(DISTINCT d.id), count(*) FILTER (WHERE e.at < d.next_at), coalesce(max(e.at), 0), "
             "coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY e.at - d.next_at), 0), "
             "coalesce(percentile_disc(0.99) WITHIN GROUP (ORDER BY e.at - d.next_at), 0), coalesce(max(e.at - "
             "d.next_at), 0) "
             "FROM bench_due d JOIN event e ON e.ticket = d.id AND e.type = %d",
             EVENT_RUNG);
    struct db_result *row = query(load, sql, NULL);
    if (!db_get_int(row, 0, 0)) die("none of %lld timers was fired", (long long)count);
    result_open(load, &w, &line);
    json_put_int(&w, "armed", armed);
    json_put_int(&w, "count", count);
    json_put_int(&w, "due_within_ms", last - first);
    json_put_int(&w, "fired", db_get_int(row, 0, 0));
    json_put_int(&w, "twice", db_get_int(row, 0, 0) - db_get_int(row, 0, 1));
    json_put_int(&w, "early", db_get_int(row, 0, 2));
    json_put_double(&w, "all_fired_s", (double)(db_get_int(row, 0, 3) - first) / 1e3);
    json_put_open(&w, "late_us");
    json_put_int(&w, "p50", db_get_int(row, 0, 4) * 1000);
    json_put_int(&w, "p99", db_get_int(row, 0, 5) * 1000);
    json_put_int(&w, "max", db_get_int(row, 0, 6) * 1000);
    json_close(&w);
    meter_write(&w, &load->before, &load->after, count ? count : 1);
    result_close(&w, &line);
    db_result_free(&row);
    watch_free(&watch);
}
