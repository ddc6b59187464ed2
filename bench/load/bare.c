/* For the ratio: how fast PostgreSQL alone takes a ticket row and an event row on this machine, with the columns and sizes of ours, as
 * arrays, `batch` of each a transaction, over `connections`. Plain tables with their keys and nothing else; no domain, no door, no second
 * reader. */
#include <stdlib.h>
#include <string.h>

#include <stdio.h>

#include "bench/load/load.h"
#include "common/clock.h"
#include "common/db.h"
#include "proto/must.h"

enum { CONNECTIONS_MAX = 2, TICKET_BYTES = 316, EVENT_BYTES = 178, HASH_BYTES = 32, TIMEOUT_MS = 30000 };

static const enum db_type TICKET_TYPES[] = {DB_INT8, DB_INT2, DB_BOOL, DB_INT4, DB_INT2, DB_INT4, DB_INT4, DB_INT2,
                                            DB_INT2, DB_INT4, DB_INT4, DB_INT8, DB_INT8, DB_INT8, DB_INT8, DB_INT8,
                                            DB_INT8, DB_INT8, DB_INT4, DB_INT2, DB_BOOL, DB_BYTEA};
static const enum db_type EVENT_TYPES[] = {DB_INT2, DB_INT8, DB_INT4, DB_INT8, DB_INT4,  DB_INT8, DB_INT2,
                                           DB_INT2, DB_INT8, DB_INT2, DB_INT4, DB_BYTEA, DB_BYTEA};
enum { TICKET_COLUMNS = 22, EVENT_COLUMNS = 13 };

static const struct db_statement TICKETS = {
    "bare_tickets",
    "INSERT INTO bare_ticket SELECT unnest($1::int8[]), unnest($2::int2[]), unnest($3::bool[]), unnest($4::int4[]), "
    "unnest($5::int2[]), unnest($6::int4[]), unnest($7::int4[]), unnest($8::int2[]), unnest($9::int2[]), "
    "unnest($10::int4[]), unnest($11::int4[]), unnest($12::int8[]), unnest($13::int8[]), unnest($14::int8[]), "
    "unnest($15::int8[]), unnest($16::int8[]), unnest($17::int8[]), unnest($18::int8[]), unnest($19::int4[]), "
    "unnest($20::int2[]), unnest($21::bool[]), unnest($22::bytea[])"};
static const struct db_statement EVENTS = {
    "bare_events",
    "INSERT INTO bare_event SELECT unnest($1::int2[]), unnest($2::int8[]), unnest($3::int4[]), unnest($4::int8[]), "
    "unnest($5::int4[]), unnest($6::int8[]), unnest($7::int2[]), unnest($8::int2[]), unnest($9::int8[]), "
    "unnest($10::int2[]), unnest($11::int4[]), unnest($12::bytea[]), unnest($13::bytea[])"};

struct bare {
    struct db *connections[CONNECTIONS_MAX];
    struct db_group *groups[CONNECTIONS_MAX];
    int64_t next, done, count, batch;
    int used;
};

static struct bare bare;

static void send_next(int i);

static void on_done(void *context, const struct db_reply *reply) {
    if (reply->err != ERR_NONE) die("bare: %s", reply->message);
    bare.done += bare.batch;
    send_next((int)(intptr_t)context);
}

/* Bytes that do not compress, as a hash or a time would not. */
static const uint8_t *noise(int64_t row) {
    static uint8_t bytes[4096];
    if (!bytes[0])
        for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 2654435761U >> 13 | 1);
    return bytes + row * 37 % 3000;
}

static void push_row(struct db_call *call, const enum db_type *types, int columns, int key, int64_t row, size_t len) {
    for (int n = 0; n < columns; n++) {
        int64_t value = n == key ? row : 1795000000000 + row;
        if (types[n] == DB_INT8) db_push_int8(call, n + 1, value);
        if (types[n] == DB_INT4) db_push_int4(call, n + 1, (int32_t)(row % 400));
        if (types[n] == DB_INT2) db_push_int2(call, n + 1, 4);
        if (types[n] == DB_BOOL) db_push_bool(call, n + 1, true);
        if (types[n] == DB_BYTEA) db_push_bytes(call, n + 1, noise(row), n == 12 ? HASH_BYTES : len);
    }
}

static void send_next(int i) {
    if (bare.next >= bare.count) return;
    db_group_begin(bare.groups[i], DB_TRANSACTION);
    struct db_call *tickets = db_group_add(bare.groups[i], &TICKETS), *events = db_group_add(bare.groups[i], &EVENTS);
    for (int n = 0; n < TICKET_COLUMNS; n++) db_set_array(tickets, n + 1, TICKET_TYPES[n]);
    for (int n = 0; n < EVENT_COLUMNS; n++) db_set_array(events, n + 1, EVENT_TYPES[n]);
    for (int64_t end = bare.next + bare.batch; bare.next < end; bare.next++) {
        push_row(tickets, TICKET_TYPES, TICKET_COLUMNS, 0, bare.next, TICKET_BYTES);
        push_row(events, EVENT_TYPES, EVENT_COLUMNS, 1, bare.next, EVENT_BYTES);
    }
    db_send(bare.connections[i], bare.groups[i], TIMEOUT_MS, on_done, (void *)(intptr_t)i);
}

void scenario_bare(struct load *load) {
    char conninfo[300];
    struct buffer line = {0};
    struct json_writer w;
    bare = (struct bare){.count = option_int(load, "count", 100000),
                         .batch = option_int(load, "batch", 100),
                         .used = (int)option_int(load, "connections", 1)};
    must(bare.used >= 1 && bare.used <= CONNECTIONS_MAX);
    bare.count -= bare.count % bare.batch;
    if (db_script_blocking(load->db, "DROP TABLE IF EXISTS bare_ticket, bare_event;"
                                     "CREATE TABLE bare_ticket (LIKE ticket, PRIMARY KEY (id));"
                                     "CREATE TABLE bare_event (LIKE event, PRIMARY KEY (seq));"
                                     "CHECKPOINT") != ERR_NONE)
        die("%s", db_blocking_message(load->db));
    snprintf(conninfo, sizeof conninfo, "host=%s/postgres dbname=paidan user=postgres", load->run);
    struct db_options options = {
        .conninfo = conninfo, .application_name = "bare", .force_generic_plan = true, .require_durable = true};
    for (int i = 0; i < bare.used; i++) {
        bare.connections[i] = db_new(load->loop, &options);
        bare.groups[i] = db_group_new();
        while (!db_is_up(bare.connections[i])) loop_turn(load->loop, 50);
    }
    meter_read(&load->before, load->db);
    int64_t start = clock_monotonic_ns();
    for (int i = 0; i < bare.used; i++) send_next(i);
    while (bare.done < bare.count) loop_turn(load->loop, 100);
    double seconds = (double)(clock_monotonic_ns() - start) / 1e9;
    meter_read(&load->after, load->db);
    result_open(load, &w, &line);
    json_put_int(&w, "batch", bare.batch);
    json_put_int(&w, "connections", bare.used);
    json_put_int(&w, "count", bare.count);
    json_put_double(&w, "per_s", (double)bare.count / seconds);
    meter_write(&w, &load->before, &load->after, bare.count);
    result_close(&w, &line);
    for (int i = 0; i < bare.used; i++) {
        db_free(&bare.connections[i]);
        db_group_free(&bare.groups[i]);
    }
    if (db_script_blocking(load->db, "DROP TABLE bare_ticket, bare_event") != ERR_NONE)
        die("%s", db_blocking_message(load->db));
}
