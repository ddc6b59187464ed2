/* For the ratio: how fast PostgreSQL alone takes a ticket row and an event row on this machine, as arrays, `batch` of each a
 * transaction, over two connections. No domain, no door, no second reader. */
#include <stdlib.h>
#include <string.h>

#include <stdio.h>

#include "bench/load/load.h"
#include "common/clock.h"
#include "common/db.h"
#include "proto/must.h"

enum { CONNECTIONS = 2, BODY_BYTES = 220, TIMEOUT_MS = 30000 };

static const struct db_statement TICKETS = {
    "bare_tickets", "INSERT INTO bare_ticket (id, unit, state, due, body) "
                    "SELECT * FROM unnest($1::int8[], $2::int4[], $3::int2[], $4::int8[], $5::bytea[])"};
static const struct db_statement EVENTS = {
    "bare_events", "INSERT INTO bare_event (seq, ticket, type, at, body) "
                   "SELECT * FROM unnest($1::int8[], $2::int8[], $3::int2[], $4::int8[], $5::bytea[])"};

struct bare {
    struct db *connections[CONNECTIONS];
    struct db_group *groups[CONNECTIONS];
    int64_t next, done, count, batch;
};

static struct bare bare;

static void send_next(int i);

static void on_done(void *context, const struct db_reply *reply) {
    if (reply->err != ERR_NONE) die("bare: %s", reply->message);
    bare.done += bare.batch;
    send_next((int)(intptr_t)context);
}

static void send_next(int i) {
    static uint8_t body[BODY_BYTES];
    if (bare.next >= bare.count) return;
    db_group_begin(bare.groups[i], DB_TRANSACTION);
    struct db_call *tickets = db_group_add(bare.groups[i], &TICKETS), *events = db_group_add(bare.groups[i], &EVENTS);
    static const enum db_type ticket_types[] = {DB_INT8, DB_INT4, DB_INT2, DB_INT8, DB_BYTEA},
                              event_types[] = {DB_INT8, DB_INT8, DB_INT2, DB_INT8, DB_BYTEA};
    for (int n = 0; n < 5; n++)
        db_set_array(tickets, n + 1, ticket_types[n]), db_set_array(events, n + 1, event_types[n]);
    for (int64_t end = bare.next + bare.batch; bare.next < end; bare.next++) {
        db_push_int8(tickets, 1, bare.next);
        db_push_int4(tickets, 2, (int32_t)(bare.next % 400));
        db_push_int2(tickets, 3, 4);
        db_push_int8(tickets, 4, clock_now());
        db_push_bytes(tickets, 5, body, sizeof body);
        db_push_int8(events, 1, bare.next);
        db_push_int8(events, 2, bare.next);
        db_push_int2(events, 3, 1);
        db_push_int8(events, 4, clock_now());
        db_push_bytes(events, 5, body, sizeof body);
    }
    db_send(bare.connections[i], bare.groups[i], TIMEOUT_MS, on_done, (void *)(intptr_t)i);
}

void scenario_bare(struct load *load) {
    char conninfo[300];
    struct buffer line = {0};
    struct json_writer w;
    bare = (struct bare){.count = option_int(load, "count", 100000), .batch = option_int(load, "batch", 100)};
    bare.count -= bare.count % bare.batch;
    if (db_script_blocking(
            load->db,
            "DROP TABLE IF EXISTS bare_ticket, bare_event;"
            "CREATE TABLE bare_ticket (id bigint PRIMARY KEY, unit integer, state smallint, due bigint, body bytea);"
            "CREATE TABLE bare_event (seq bigint PRIMARY KEY, ticket bigint, type smallint, at bigint, body bytea);"
            "CHECKPOINT") != ERR_NONE)
        die("%s", db_blocking_message(load->db));
    snprintf(conninfo, sizeof conninfo, "host=%s/postgres dbname=paidan user=postgres", load->run);
    struct db_options options = {
        .conninfo = conninfo, .application_name = "bare", .force_generic_plan = true, .require_durable = true};
    for (int i = 0; i < CONNECTIONS; i++) {
        bare.connections[i] = db_new(load->loop, &options);
        bare.groups[i] = db_group_new();
        while (!db_is_up(bare.connections[i])) loop_turn(load->loop, 50);
    }
    meter_read(&load->before, load->db);
    int64_t start = clock_monotonic_ns();
    for (int i = 0; i < CONNECTIONS; i++) send_next(i);
    while (bare.done < bare.count) loop_turn(load->loop, 100);
    double seconds = (double)(clock_monotonic_ns() - start) / 1e9;
    meter_read(&load->after, load->db);
    result_open(load, &w, &line);
    json_put_int(&w, "batch", bare.batch);
    json_put_int(&w, "count", bare.count);
    json_put_double(&w, "per_s", (double)bare.count / seconds);
    meter_write(&w, &load->before, &load->after, bare.count);
    result_close(&w, &line);
    for (int i = 0; i < CONNECTIONS; i++) {
        db_free(&bare.connections[i]);
        db_group_free(&bare.groups[i]);
    }
    if (db_script_blocking(load->db, "DROP TABLE bare_ticket, bare_event") != ERR_NONE)
        die("%s", db_blocking_message(load->db));
}
