/* See map.h. */
#include "services/console/map.h"

#include "services/console/kept.h"
#include "services/console/ticket_json.h"

enum { LIMIT = 1000, LIMIT_MAX = 2000, KEPT_MS = 3000 };

static const struct db_statement PLACES = {
    "map_places",
    "SELECT t.place, count(*), count(*) FILTER (WHERE t.due > 0 AND t.due <= $1::int8), count(*) FILTER (WHERE "
    "t.yellow > 0 AND t.yellow <= $1::int8 AND NOT (t.due > 0 AND t.due <= $1::int8)) FROM ticket t WHERE t.open GROUP "
    "BY t.place ORDER BY t.place"};

/* By deadline, those without one last. */
static const struct db_statement POINTS = {
    "map_points",
    "SELECT t.body, r.title, r.lon, r.lat FROM (SELECT id, body, request, due FROM ticket WHERE open ORDER BY due = 0, "
    "due, id LIMIT $1::int4) t JOIN request r ON r.id = t.request WHERE r.lon IS NOT NULL ORDER BY t.due = 0, t.due, "
    "t.id"};

static struct kept kept;

static void put_places(struct json_writer *w, const struct reference *reference, const struct db_result *rows) {
    json_put_open_list(w, "places");
    for (int i = 0; i < db_rows(rows); i++) {
        uint32_t place = (uint32_t)db_get_int(rows, i, 0);
        json_open(w);
        json_put_string(w, "unit", world_unit(&reference->world, place) ? reference_unit_code(reference, place) : NULL);
        json_put_int(w, "open", db_get_int(rows, i, 1));
        json_put_int(w, "red", db_get_int(rows, i, 2));
        json_put_int(w, "yellow", db_get_int(rows, i, 3));
        json_close(w);
    }
    json_close_list(w);
}

static void put_point(struct json_writer *w, struct call *call, const struct db_result *rows, int row, time_ms now) {
    static struct ticket ticket;
    size_t len;
    const uint8_t *body = db_get_bytes(rows, row, 0, &len);
    if (!ticket_of_body(body, len, &ticket)) return;
    struct principal by = who_toward(&call->who, ticket.source);
    if (!ticket_visible(call_world(call), &ticket, &by)) return;
    json_open(w);
    put_ticket_row(w, call->reference, &ticket, db_get_text(rows, row, 1, &len), now);
    json_put_double(w, "lon", db_get_float8(rows, row, 2));
    json_put_double(w, "lat", db_get_float8(rows, row, 3));
    json_close(w);
}

static void on_map(struct call *call, const struct db_reply *reply) {
    int limit = *(int *)call->self;
    time_ms now = clock_now();
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_time(w, "at", now);
    put_places(w, call->reference, reply->results[1]);
    json_put_open_list(w, "tickets");
    for (int i = 0; i < db_rows(reply->results[2]); i++) put_point(w, call, reply->results[2], i, now);
    json_close_list(w);
    json_close(w);
    kept_take(&kept, call, limit, KEPT_MS);
    call_answer(call, 200);
}

void map_get(struct call *call) {
    int *limit = call_take(call, sizeof *limit);
    *limit = (int)call_query_int(call, "limit", LIMIT, LIMIT_MAX);
    if (call_is_wrong(call, 400)) return;
    if (kept_answered(&kept, call, *limit)) return;
    call->self = limit;
    call_read(call);
    db_set_int8(call_add(call, &PLACES), 1, clock_now());
    db_set_int4(call_add(call, &POINTS), 1, *limit);
    call_send(call, on_map);
}
