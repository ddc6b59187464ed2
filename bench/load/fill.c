/* Preparation: many tickets quickly, through the router's own engine and writer, so that numbers, chain, head and rows are what the
 * router itself would have written. The router and escalation must be down meanwhile; they load what is there when they start.
 *   mode=open     routed by the rules       mode=closed   the same, voided at once
 *   mode=waiting  an operator has asked the requester, so that the next deadline is days away
 *   spread_ms=N   decided within N ms of time, from now on: nothing special, so that what came in together is due together */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/city.h"
#include "common/clock.h"
#include "common/db.h"
#include "common/number.h"
#include "proto/must.h"
#include "services/kit/reference.h"
#include "services/router/engine.h"
#include "services/router/writer.h"

enum { BATCH = 1000, TIMEOUT_MS = 60000, SHARD = 1 };

static const struct db_statement REQUESTS = {
    "fill_requests",
    "WITH k AS (INSERT INTO request_key (source, external_id, request, received_at, content) "
    "SELECT source, 'fill-' || id, id, $6::int8, sha256(id::text::bytea) FROM unnest($1::int8[], $2::int4[]) AS r (id, "
    "source)) "
    "INSERT INTO request (id, source, external_id, channel, received_at, matter, matter_given, urgency, title, "
    "description, place, place_by, lon, lat) "
    "SELECT r.id, source, 'fill-' || r.id, 1, $6::int8, matter, lpad(matter::text, 6, '0'), urgency, '压测工单', "
    "'来电人反映道路上的井盖松动, 车辆经过时响声很大, 夜间影响休息, 请有关单位到现场处理并回电告知结果。', place, 3, "
    "u.lon, u.lat "
    "FROM unnest($1::int8[], $2::int4[], $3::int4[], $4::int2[], $5::int4[]) AS r (id, source, matter, urgency, "
    "place) LEFT JOIN unit u ON u.id = r.place"};

struct fill {
    struct load *load;
    struct city city;
    struct db *router, *intake;
    struct reference *reference;
    struct engine *engine;
    struct db_group *write, *requests;
    uint32_t grids[1000], grid_count;
    int64_t count, done, said, request_next;
    time_ms start, spread_ms;
    const char *mode;
    bool writing, requesting, failed;
};

static struct fill fill;

static void on_reference(void *context, enum err err, struct reference *reference, const char *message) {
    (void)context;
    if (err != ERR_NONE) die("reference data: %s", message);
    fill.reference = reference;
}

static struct db *connect_as(struct load *load, const char *role) {
    static char conninfo[2][300];
    static int next;
    snprintf(conninfo[next], sizeof conninfo[next],
             "host=%s/postgres dbname=paidan user=%s options='-c synchronous_commit=off'", load->run, role);
    struct db_options options = {
        .conninfo = conninfo[next++ % 2], .application_name = "fill", .force_generic_plan = true};
    struct db *db = db_new(load->loop, &options);
    while (!db_is_up(db)) loop_turn(load->loop, 50);
    return db;
}

/* Takes the shard's epoch, so that no router of before can write any more, and stands at its head. */
static void take_shard(struct load *load) {
    struct db_result *row = query(load,
                                  "UPDATE shard SET epoch = epoch + 1 WHERE id = 1 "
                                  "RETURNING epoch, next_seq, next_ticket, last_at, chain",
                                  NULL);
    struct engine_head head = {.shard = SHARD,
                               .epoch = (uint32_t)db_get_int(row, 0, 0),
                               .next_seq = db_get_int(row, 0, 1),
                               .next_ticket = db_get_int(row, 0, 2),
                               .last_at = db_get_int(row, 0, 3)};
    size_t len;
    const uint8_t *chain = db_get_bytes(row, 0, 4, &len);
    must(len == CHAIN_BYTES);
    memcpy(head.chain, chain, len);
    engine_reset(fill.engine, &head, 0);
    db_result_free(&row);
}

/* ---- one batch ------------------------------------------------------------------------------------------------------------------------ */

static void void_it(int64_t ticket) {
    struct reply reply;
    struct command command = {
        .ticket = ticket, .name = COMMAND_VOID, .by = {.user = 1, .role = ROLE_OPERATOR, .unit = fill.city.center}};
    command.reason = (struct text){"压测数据", sizeof "压测数据" - 1};
    engine_command(fill.engine, &command, &reply);
    if (reply.verdict) die("VOID refused: verdict %u", reply.verdict);
}

static void ask_requester(int64_t ticket) {
    struct reply reply;
    struct command command = {
        .ticket = ticket, .name = COMMAND_ASK, .by = {.user = 1, .role = ROLE_OPERATOR, .unit = fill.city.center}};
    command.reason = (struct text){"请补充地址", sizeof "请补充地址" - 1};
    engine_command(fill.engine, &command, &reply);
    if (reply.verdict) die("ASK refused: verdict %u", reply.verdict);
}

static void add_request(struct db_call *call, const struct request_new *r) {
    db_push_int8(call, 1, r->request);
    db_push_int4(call, 2, (int32_t)r->source);
    db_push_int4(call, 3, (int32_t)r->matter);
    db_push_int2(call, 4, r->urgency);
    db_push_int4(call, 5, (int32_t)r->place);
}

static void decide_one(struct db_call *call, time_ms now) {
    struct request_routed routed;
    const struct saying *saying;
    do saying = &fill.city.sayings[fill.said++ % fill.city.count];
    while (fill.spread_ms && saying->is_special);
    bool waiting = !strcmp(fill.mode, "waiting");
    struct request_new request = {.request = number_request(clock_date(now), (int32_t)fill.request_next++),
                                  .source = 1,
                                  .channel = CHANNEL_PHONE,
                                  .matter = waiting ? 0 : saying->matter,
                                  .urgency = (uint8_t)option_int(fill.load, "urgency", saying->push.urgency),
                                  .place = fill.grids[fill.done % fill.grid_count],
                                  .place_by = PLACE_BY_GRID,
                                  .received_at = now};
    engine_request(fill.engine, &request, &routed);
    if (routed.verdict) die("a request was refused: verdict %u", routed.verdict);
    if (!strcmp(fill.mode, "closed")) void_it(routed.ticket);
    if (waiting) ask_requester(routed.ticket);
    add_request(call, &request);
    fill.done++;
}

static void on_written(void *context, const struct db_reply *reply) {
    if (reply->err != ERR_NONE) die("fill: %s", reply->message);
    *(bool *)context = false;
}

static void fill_batch(struct load *load) {
    static const enum db_type types[] = {DB_INT8, DB_INT4, DB_INT4, DB_INT2, DB_INT4};
    time_ms now = fill.spread_ms ? fill.start + fill.spread_ms * fill.done / fill.count : clock_now();
    db_group_begin(fill.requests, DB_WRITE);
    struct db_call *call = db_group_add(fill.requests, &REQUESTS);
    for (int i = 0; i < 5; i++) db_set_array(call, i + 1, types[i]);
    db_set_int8(call, 6, now);
    engine_begin(fill.engine, now);
    for (int i = 0; i < BATCH && fill.done < fill.count && engine_has_room(fill.engine); i++) decide_one(call, now);
    writer_fill(fill.write, engine_batch(fill.engine), 0);
    fill.writing = fill.requesting = true;
    db_send(fill.intake, fill.requests, TIMEOUT_MS, on_written, &fill.requesting);
    db_send(fill.router, fill.write, TIMEOUT_MS, on_written, &fill.writing);
    while (fill.writing || fill.requesting) loop_turn(load->loop, 100);
    engine_committed(fill.engine);
}

/* ---- the whole -------------------------------------------------------------------------------------------------------------------------- */

static void open_all(struct load *load) {
    fill.load = load;
    fill.count = option_int(load, "count", 1000);
    fill.mode = option_text(load, "mode", "open");
    fill.spread_ms = option_int(load, "spread_ms", 0);
    fill.start = clock_now();
    city_read(load, &fill.city);
    for (uint32_t u = 1; u < fill.city.unit_count && fill.grid_count < 1000; u++)
        if (fill.city.unit_kinds[u] == UNIT_GRID) fill.grids[fill.grid_count++] = u;
    fill.router = connect_as(load, "paidan_router");
    fill.intake = connect_as(load, "paidan_intake");
    struct reference_loader *loader = reference_loader_new(fill.router);
    reference_load(loader, on_reference, NULL);
    while (!fill.reference) loop_turn(load->loop, 50);
    reference_loader_free(&loader);
    fill.write = db_group_new();
    fill.requests = db_group_new();
    fill.engine = engine_new();
    engine_set_world(fill.engine, &fill.reference->world);
    take_shard(load);
    fill.request_next = query_int(load, "SELECT nextval('request_number')");
}

void scenario_fill(struct load *load) {
    struct buffer line = {0};
    struct json_writer w;
    open_all(load);
    int64_t start = clock_monotonic_ns();
    while (fill.done < fill.count) fill_batch(load);
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT setval('request_number', %lld)", (long long)fill.request_next);
    query_int(load, sql);
    result_open(load, &w, &line);
    json_put_string(&w, "mode", fill.mode);
    json_put_int(&w, "count", fill.count);
    json_put_double(&w, "per_s", (double)fill.count / (double)(clock_monotonic_ns() - start) * 1e9);
    result_close(&w, &line);
    db_free(&fill.router);
    db_free(&fill.intake);
    db_group_free(&fill.write);
    db_group_free(&fill.requests);
    engine_free(&fill.engine);
    reference_release(&fill.reference);
    city_done(&fill.city);
}
