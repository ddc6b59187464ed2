/* From committed events to delivery rows. The router's news is only the bell; events are read from PostgreSQL from the cursor on,
 * and the cursor moves in the transaction that writes the rows: each event leads to its deliveries exactly once. Over events that
 * concern no endpoint the cursor moves in memory, and into the database once a second: looking at them again does no harm. */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "core/world.h"
#include "proto/must.h"
#include "services/notification/notification.h"

METRIC_COUNTER(made, "paidan_notification_deliveries_total", "Delivery rows made.");
METRIC_GAUGE(behind, "paidan_notification_behind", "Events not yet looked at.");

enum { PAGE = 500, STORE_EACH_MS = 1000, TIMEOUT_MS = 20000, ROWS_MAX = 20000 };

static const struct db_statement CURSOR = {
    "follow_cursor", "SELECT coalesce((SELECT seq FROM cursor WHERE name = 'deliveries' AND shard = $1::int2), 0), "
                     "(SELECT next_seq - 1 FROM shard WHERE id = $1::int2)"};
static const struct db_statement EVENTS = {"follow_events",
                                           "SELECT seq, ticket, at, type FROM event WHERE shard = $1::int2 AND seq > "
                                           "$2::int8 AND seq <= $3::int8 ORDER BY seq"};
#define TICKETS_OF_PAGE                                                                                                \
    "(SELECT DISTINCT ticket FROM event WHERE shard = $1::int2 AND seq > $2::int8 AND seq <= $3::int8)"
static const struct db_statement UNITS = {
    "follow_units", "SELECT ticket, unit, min(offered_at) FROM assignment WHERE ticket IN " TICKETS_OF_PAGE
                    " GROUP BY ticket, unit ORDER BY ticket"};
static const struct db_statement REQUESTS = {
    "follow_requests", "SELECT seq, request, source FROM requests_of_events($1::int2, $2::int8, $3::int8)"};
static const struct db_statement ADVANCE = {"follow_advance",
                                            "SELECT cursor_advance('deliveries', $1::int2, $2::int8, $3::int8)"};
static const struct db_statement INSERT = {
    "follow_insert",
    "INSERT INTO delivery (created_at, endpoint, ticket, request, seq, type, at, next_at, unit, state, error) "
    "SELECT $1::int8, d.endpoint, d.ticket, request, seq, type, at, greatest($1::int8, (SELECT max(w.next_at) FROM "
    "delivery w WHERE w.ticket = d.ticket AND w.endpoint = d.endpoint AND w.state = 1)), unit, CASE WHEN is_dead THEN "
    "3 ELSE 1 END, CASE WHEN is_dead THEN 'the queue of the endpoint is full' ELSE '' END FROM unnest($2::int8[], "
    "$3::int8[], $4::int8[], $5::int8[], $6::int2[], $7::int8[], $8::int4[], $9::bool[]) "
    "AS d (endpoint, ticket, request, seq, type, at, unit, is_dead) "
    "JOIN (SELECT id FROM endpoint WHERE id = ANY ($2::int8[]) FOR KEY SHARE) e ON e.id = d.endpoint ORDER BY seq"};
/* Matters as they are now; and who was told of a ticket before hears of its end also when it has become another matter. */
static const struct db_statement MATTERS = {
    "follow_matters", "SELECT id, matter FROM ticket WHERE id IN " TICKETS_OF_PAGE " ORDER BY id"};
static const struct db_statement TOLD = {
    "follow_told",
    "SELECT DISTINCT ticket, endpoint FROM delivery WHERE ticket IN " TICKETS_OF_PAGE " ORDER BY ticket"};

/* ---- who is told -------------------------------------------------------------------------------------------------------------- */

struct row {
    int64_t endpoint, ticket, request, seq;
    time_ms at;
    int type;
    uint32_t unit;
    bool is_dead; /* there is no room for it */
};

struct rows {
    struct row *rows;
    size_t count;
    const struct db_result *matters, *told; /* NULL: nobody asks for matters */
};

static void add(struct rows *rows, struct endpoint *endpoint, const struct row *row) {
    must(rows->count < ROWS_MAX);
    struct row *to = &rows->rows[rows->count++];
    *to = *row;
    to->endpoint = endpoint->id;
    to->is_dead = endpoint->now.waiting >= notification_config.waiting_max;
    if (!to->is_dead) endpoint->now.waiting++;
    if (to->is_dead && !endpoint->now.told_full) log_warn("endpoint_full", LOG_ID("endpoint", endpoint->id));
    endpoint->now.told_full |= to->is_dead;
}

static bool wants(const struct endpoint *endpoint, int type) {
    if (!endpoint->verified_at) return false; /* nobody has proved to be there */
    if (endpoint->source && !event_is_for_source(type)) return false;
    return !endpoint->events || endpoint->events >> type & 1;
}

/* The first row of a ticket (or seq) in a result ordered by its first column. */
static int first_row(const struct db_result *result, int64_t key) {
    int low = 0, high = db_rows(result);
    while (low < high) {
        int middle = (low + high) / 2;
        if (db_get_int(result, middle, 0) < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool some_follow_matters(const struct notification *n) {
    for (size_t i = 0; i < n->endpoint_count; i++)
        if (n->endpoints[i].matter_count) return true;
    return false;
}

static bool wants_ticket(const struct endpoint *endpoint, const struct rows *rows, int64_t ticket) {
    if (!endpoint->matter_count) return true;
    for (int i = first_row(rows->told, ticket); i < db_rows(rows->told) && db_get_int(rows->told, i, 0) == ticket; i++)
        if (db_get_int(rows->told, i, 1) == endpoint->id) return true;
    int i = first_row(rows->matters, ticket);
    if (i == db_rows(rows->matters) || db_get_int(rows->matters, i, 0) != ticket) return false;
    uint32_t matter = (uint32_t)db_get_int(rows->matters, i, 1);
    for (const struct matter_range *range = endpoint->matters; range < endpoint->matters + endpoint->matter_count;
         range++)
        if (matter >= range->first && matter <= range->last) return true;
    return false;
}

/* Units' endpoints: the first assigned unit in its subtree, once it was asked. */
static void add_for_units(const struct notification *n, const struct db_result *units, struct row row,
                          struct rows *to) {
    int first = first_row(units, row.ticket);
    for (size_t i = 0; i < n->endpoint_count; i++) {
        struct endpoint *endpoint = &n->endpoints[i];
        if (!endpoint->unit || !wants(endpoint, row.type) || !wants_ticket(endpoint, to, row.ticket)) continue;
        for (int u = first; u < db_rows(units) && db_get_int(units, u, 0) == row.ticket; u++) {
            uint32_t unit = (uint32_t)db_get_int(units, u, 1);
            if (db_get_int(units, u, 2) > row.at || !world_in_subtree(&n->reference->world, endpoint->unit, unit))
                continue;
            row.unit = unit;
            add(to, endpoint, &row);
            break;
        }
    }
}

/* Sources' endpoints: one delivery for each of its requests the event is about. */
static void add_for_sources(const struct notification *n, const struct db_result *requests, struct row row,
                            struct rows *to) {
    int first = first_row(requests, row.seq);
    for (size_t i = 0; i < n->endpoint_count; i++) {
        struct endpoint *endpoint = &n->endpoints[i];
        if (!endpoint->source || !wants(endpoint, row.type) || !wants_ticket(endpoint, to, row.ticket)) continue;
        for (int r = first; r < db_rows(requests) && db_get_int(requests, r, 0) == row.seq; r++) {
            if ((uint32_t)db_get_int(requests, r, 2) != endpoint->source) continue;
            row.request = db_get_int(requests, r, 1);
            add(to, endpoint, &row);
        }
    }
}

/* ---- the transaction ------------------------------------------------------------------------------------------------------------ */

static void fill(struct db_group *group, time_ms now, const struct rows *rows) {
    static const enum db_type types[] = {DB_INT8, DB_INT8, DB_INT8, DB_INT8, DB_INT2, DB_INT8, DB_INT4, DB_BOOL};
    struct db_call *call = db_group_add(group, &INSERT);
    db_set_int8(call, 1, now);
    for (int i = 0; i < 8; i++) db_set_array(call, 2 + i, types[i]);
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->rows[i];
        db_push_int8(call, 2, row->endpoint);
        db_push_int8(call, 3, row->ticket);
        db_push_int8(call, 4, row->request);
        db_push_int8(call, 5, row->seq);
        db_push_int2(call, 6, (int16_t)row->type);
        db_push_int8(call, 7, row->at);
        db_push_int4(call, 8, (int32_t)row->unit);
        db_push_bool(call, 9, row->is_dead);
    }
}

static void on_written(void *context, const struct db_reply *reply) {
    struct notification *n = context;
    n->following = false;
    if (reply->err == ERR_NONE) {
        if (n->cursor < n->follow_to) n->poll_at = 0; /* there are new rows */
        n->cursor = n->stored = n->follow_to;
        follow_turn(n);
    } else {
        log_warn("deliveries_not_written", LOG_ERR(reply->err), LOG_TEXT("why", reply->message));
        n->cursor = -1; /* whether it was written is seen from the cursor itself */
    }
}

/* Moves the cursor in the database to follow_to, with the deliveries of the events before it. */
static void write_page(struct notification *n, const struct rows *rows) {
    n->following = true;
    n->stored_at = clock_monotonic_ms();
    db_group_begin(n->write_group, DB_TRANSACTION);
    struct db_call *call = db_group_add(n->write_group, &ADVANCE);
    db_set_int2(call, 1, (int16_t)notification_config.shard);
    db_set_int8(call, 2, n->stored);
    db_set_int8(call, 3, n->follow_to);
    if (rows->count) fill(n->write_group, clock_now(), rows);
    metric_add(&made, 0, (double)rows->count);
    db_send(n->db, n->write_group, TIMEOUT_MS, on_written, n);
}

/* Events up to follow_to were looked at, and concern nobody. */
static void pass_by(struct notification *n) {
    const struct rows none = {.count = 0};
    n->cursor = n->follow_to;
    if (n->cursor > n->stored && clock_monotonic_ms() - n->stored_at >= STORE_EACH_MS) write_page(n, &none);
}

static void on_page(void *context, const struct db_reply *reply) {
    struct notification *n = context;
    if (reply->err != ERR_NONE) {
        n->following = false;
        n->cursor = -1;
        return;
    }
    const struct db_result *events = reply->results[0];
    if (!db_rows(events)) { /* the bell rang for what is not visible yet */
        n->following = false;
        return;
    }
    if (reply->call_count == 3 && some_follow_matters(n)) { /* since it was read */
        n->following = false;
        follow_turn(n);
        return;
    }
    struct rows rows = {.rows = malloc(ROWS_MAX * sizeof *rows.rows)};
    if (reply->call_count > 3) rows.matters = reply->results[3], rows.told = reply->results[4];
    must(rows.rows);
    int64_t to = n->cursor;
    for (int i = 0; i < db_rows(events) && rows.count < ROWS_MAX / 2; i++) {
        struct row row = {.seq = db_get_int(events, i, 0),
                          .ticket = db_get_int(events, i, 1),
                          .at = db_get_int(events, i, 2),
                          .type = (int)db_get_int(events, i, 3)};
        if (row.seq != to + 1) break; /* never over a gap */
        to = row.seq;
        add_for_units(n, reply->results[1], row, &rows);
        add_for_sources(n, reply->results[2], row, &rows);
    }
    n->follow_to = to;
    n->following = false;
    if (rows.count)
        write_page(n, &rows);
    else
        pass_by(n);
    free(rows.rows);
    follow_turn(n);
}

static void on_cursor(void *context, const struct db_reply *reply) {
    struct notification *n = context;
    n->following = false;
    if (reply->err != ERR_NONE) return;
    n->cursor = n->stored = db_get_int(reply->results[0], 0, 0);
    int64_t head = db_get_int(reply->results[0], 0, 1);
    if (head > n->head_seq) n->head_seq = head;
}

void follow_turn(struct notification *n) {
    if (n->following || n->draining || !db_is_up(n->db) || !n->reference || !n->endpoints_at) return;
    metric_set(&behind, 0, n->cursor < 0 ? 0 : (double)(n->head_seq - n->cursor));
    if (n->cursor < 0) {
        n->following = true;
        db_group_begin(n->follow_group, DB_READ);
        db_set_int2(db_group_add(n->follow_group, &CURSOR), 1, (int16_t)notification_config.shard);
        db_send(n->db, n->follow_group, TIMEOUT_MS, on_cursor, n);
        return;
    }
    n->follow_to = n->head_seq > n->cursor ? n->head_seq : n->cursor;
    if (!n->endpoint_count || n->head_seq <= n->cursor) { /* nobody to tell, or nothing */
        pass_by(n);
        return;
    }
    n->following = true;
    db_group_begin(n->follow_group, DB_READ);
    const struct db_statement *statements[] = {&EVENTS, &UNITS, &REQUESTS, &MATTERS, &TOLD};
    for (int i = 0; i < (some_follow_matters(n) ? 5 : 3); i++) {
        struct db_call *call = db_group_add(n->follow_group, statements[i]);
        db_set_int2(call, 1, (int16_t)notification_config.shard);
        db_set_int8(call, 2, n->cursor);
        db_set_int8(call, 3, n->cursor + PAGE < n->head_seq ? n->cursor + PAGE : n->head_seq);
    }
    db_send(n->db, n->follow_group, TIMEOUT_MS, on_page, n);
}

void follow_open(struct notification *n) {
    n->follow_group = db_group_new();
    n->write_group = db_group_new();
    n->cursor = -1;
}

void follow_close(struct notification *n) {
    db_group_free(&n->follow_group);
    db_group_free(&n->write_group);
}
