/* See totals.h. */
#include "services/console/totals.h"

#include <string.h>

#include "services/console/reach.h"

/* so long at least between two readings, and so many times what one took: a large part's take long */
enum { EACH_MS = 150, TIMES = 20, TIMEOUT_MS = 5000 };

const struct db_statement TOTALS = {
    "totals", "SELECT (SELECT count(DISTINCT ticket) FROM assignment WHERE unit = ANY ($1::text::int4[])), count(*), "
              "count(*) FILTER (WHERE t.supervised) FROM ticket t WHERE t.open AND EXISTS (SELECT FROM assignment a "
              "WHERE a.ticket = t.id AND a.unit = ANY ($1::text::int4[]))"};
static const struct db_statement SCOPE = {"totals_scope", "SELECT set_config('paidan.units', $1::text, true)"};

void totals_add(struct db_call *call, const struct world *world, uint32_t root) {
    static struct buffer units;
    buffer_clear(&units);
    reach_units_text(world, root, &units);
    db_set_text(call, 1, (const char *)units.data, units.length);
}

struct board_totals totals_of_reply(const struct db_reply *reply, int place) {
    const struct db_result *row = reply->results[place];
    struct board_totals totals = {
        .received = db_get_int(row, 0, 0), .in_progress = db_get_int(row, 0, 1), .supervised = db_get_int(row, 0, 2)};
    totals.closed = totals.received - totals.in_progress;
    return totals;
}

void totals_want(struct totals_reading *reading) {
    reading->wanted = true;
}

static void on_read(void *context, const struct db_reply *reply) {
    struct totals_reading *reading = context;
    int64_t now = clock_monotonic_ms(), pause = TIMES * (now - reading->asked_at);
    reading->next_at = now + (pause > EACH_MS ? pause : EACH_MS);
    if (reply->err != ERR_NONE) {
        reading->wanted = true;
        return;
    }
    struct board_totals fresh = totals_of_reply(reply, 1);
    if (memcmp(&fresh, reading->totals, sizeof fresh)) reading->changed = true;
    *reading->totals = fresh;
}

void totals_refresh(struct console *console, struct totals_reading *reading, uint32_t root,
                    struct board_totals *totals) {
    int64_t now = clock_monotonic_ms();
    if (!reading->wanted || now < reading->next_at || totals_under_way(reading)) return;
    if (!reading->group) reading->group = db_group_new();
    reading->wanted = false;
    reading->asked_at = now;
    reading->totals = totals;
    db_group_begin(reading->group, DB_READ);
    totals_add(db_group_add(reading->group, &SCOPE), &console->reference->world, root);
    totals_add(db_group_add(reading->group, &TOTALS), &console->reference->world, root);
    db_pool_send(console->pool, reading->group, TIMEOUT_MS, on_read, reading);
}

bool totals_under_way(const struct totals_reading *reading) {
    return reading->group && db_group_under_way(reading->group);
}

void totals_done(struct totals_reading *reading) {
    if (reading->group) db_group_free(&reading->group);
}
