/* See writer.h. Rows travel as arrays, one statement per table whatever the size of the batch; a few rather one by one. */
#include "services/router/writer.h"

#include "proto/codec.h"
#include "proto/must.h"

static const struct db_statement ADVANCE = {
    "router_advance",
    "UPDATE shard SET next_seq = CASE WHEN epoch = $2::int4 AND next_seq = $3::int8 THEN next_seq + $4::int4 ELSE "
    "shard_lost($1::int2, $2::int4) END, next_ticket = next_ticket + $5::int4, last_at = $6::int8, chain = $7::bytea, "
    "lease_until = $8::int8 WHERE id = $1::int2"};

static const struct db_statement KEEP = {"router_keep",
                                         "SELECT shard_keep($1::int2, $2::int4, $3::int8, $4::int8, $5::int4)"};

/* Arrays are unnested where rows are selected, not in FROM: there PostgreSQL would put each of them aside as a table of its own first,
 * a fifth of what an update costs. All of one statement are equally long. */
static const struct db_statement EVENTS = {
    "router_events",
    "INSERT INTO event (shard, seq, epoch, ticket, version, at, type, cause, user_id, role, unit, body, hash) "
    "SELECT $1::int2, unnest($3::int8[]), $2::int4, unnest($4::int8[]), unnest($5::int4[]), unnest($6::int8[]), "
    "unnest($7::int2[]), unnest($8::int2[]), unnest($9::int8[]), unnest($10::int2[]), unnest($11::int4[]), "
    "unnest($12::bytea[]), unnest($13::bytea[])"};

#define TICKET_COLUMNS                                                                                                 \
    "unnest($2::int8[]) AS id, unnest($3::bool[]) AS open, unnest($4::int4[]) AS version, unnest($5::int2[]) AS "      \
    "state, unnest($6::int4[]) AS owner, unnest($7::int4[]) AS matter, unnest($8::int2[]) AS urgency, "                \
    "unnest($9::int2[]) AS channel, unnest($10::int4[]) AS source, unnest($11::int4[]) AS place, "                     \
    "unnest($12::int8[]) AS request, unnest($13::int8[]) AS received_at, unnest($14::int8[]) AS entered_at, "          \
    "unnest($15::int8[]) AS ended_at, unnest($16::int8[]) AS due, unnest($17::int8[]) AS yellow, "                     \
    "unnest($18::int8[]) AS next_at, unnest($19::int4[]) AS generation, unnest($20::int2[]) AS next_action, "          \
    "unnest($21::bool[]) AS supervised, unnest($22::bytea[]) AS body"

static const struct db_statement TICKETS_NEW = {
    "router_tickets_new",
    "INSERT INTO ticket (shard, id, open, version, state, owner, matter, urgency, channel, source, place, request, "
    "received_at, entered_at, ended_at, due, yellow, next_at, generation, next_action, supervised, body) "
    "SELECT $1::int2, " TICKET_COLUMNS};

static const struct db_statement TICKETS_CHANGED = {
    "router_tickets_changed",
    "UPDATE ticket SET open = t.open, version = t.version, state = t.state, owner = t.owner, matter = t.matter, "
    "urgency = t.urgency, place = t.place, entered_at = t.entered_at, ended_at = t.ended_at, due = t.due, yellow = "
    "t.yellow, "
    "next_at = t.next_at, generation = t.generation, next_action = t.next_action, supervised = t.supervised, body = "
    "t.body "
    "FROM (SELECT " TICKET_COLUMNS ") AS t WHERE ticket.id = t.id AND ticket.shard = $1::int2"};

static const struct db_statement ASSIGNMENTS = {
    "router_assignments",
    "INSERT INTO assignment (ticket, no, kind, unit, offered_at) "
    "SELECT unnest($1::int8[]), unnest($2::int2[]), unnest($3::int2[]), unnest($4::int4[]), unnest($5::int8[])"};

static const struct db_statement LINKS = {"router_links",
                                          "INSERT INTO ticket_request (request, ticket, origin) "
                                          "SELECT unnest($1::int8[]), unnest($2::int8[]), unnest($2::int8[])"};

static const struct db_statement OUTSIDE = {
    "router_outside", "INSERT INTO ticket_outside (ticket, source) SELECT unnest($1::int8[]), unnest($2::int4[]) "
                      "ON CONFLICT (ticket) DO UPDATE SET source = excluded.source"};

/* With each move stays from which event on: whoever reads the log later tells by it which requests an event was about. */
#define MOVED(which)                                                                                                   \
    "WITH moved AS (UPDATE ticket_request SET ticket = $2::int8 WHERE " which " RETURNING request) INSERT INTO "       \
    "request_move (request, seq, was, ticket) SELECT request, $3::int8, $1::int8, $2::int8 FROM moved"
static const struct db_statement MOVE = {"router_move", MOVED("ticket = $1::int8")};
static const struct db_statement MOVE_BACK = {"router_move_back", MOVED("ticket = $1::int8 AND origin = $2::int8")};

static const struct db_statement KEYS = {
    "router_keys", "INSERT INTO command_key (key, body, at, reply) "
                   "SELECT unnest($1::bytea[]), unnest($2::bytea[]), $3::int8, unnest($4::bytea[])"};

/* With a merged one comes the ticket that leads it, which may have ended too. */
static const struct db_statement READ_TICKETS = {
    "router_read_tickets", "SELECT body FROM ticket WHERE id = ANY ($1::int8[]) UNION ALL "
                           "SELECT body FROM ticket WHERE id IN (SELECT ticket FROM ticket_request "
                           "WHERE origin = ANY ($1::int8[]) AND origin <> ticket)"};
static const struct db_statement READ_REQUESTS = {
    "router_read_requests", "SELECT request, ticket FROM ticket_request WHERE request = ANY ($1::int8[])"};
static const struct db_statement READ_KEYS = {"router_read_keys",
                                              "SELECT key, body, reply FROM command_key WHERE key = ANY ($1::bytea[])"};

/* The last of the reads: nobody else wrote before it if the epoch is still ours. */
static const struct db_statement READ_EPOCH = {"router_read_epoch", "SELECT epoch FROM shard WHERE id = $1::int2"};

static const struct db_statement PARK = {"router_park",
                                         "INSERT INTO parked (at, service, sqlstate, what, number, body) "
                                         "VALUES ($1::int8, 'router', $2::text, $3::text, $4::int8, $5::bytea)"};

/* So many tickets, or events, are less work as calls of one (db_group_add_rows) than as arrays: a lone ticket and its two events are. */
enum { ONE_BY_ONE_MAX = 2 };

static void add_fence(struct db_group *group, const struct batch *batch, time_ms lease_until) {
    const struct engine_head *before = &batch->before, *after = &batch->after;
    struct db_call *call = db_group_add(group, &ADVANCE);
    db_set_int2(call, 1, (int16_t)before->shard);
    db_set_int4(call, 2, (int32_t)before->epoch);
    db_set_int8(call, 3, before->next_seq);
    db_set_int4(call, 4, (int32_t)(after->next_seq - before->next_seq));
    db_set_int4(call, 5, (int32_t)(after->next_ticket - before->next_ticket));
    db_set_int8(call, 6, after->last_at);
    db_set_bytes(call, 7, after->chain, CHAIN_BYTES);
    db_set_int8(call, 8, lease_until);
}

static void add_some_events(struct db_group *group, const struct batch *batch, uint32_t from, uint32_t to) {
    static const enum db_type types[] = {DB_INT8, DB_INT8, DB_INT4, DB_INT8,  DB_INT2, DB_INT2,
                                         DB_INT8, DB_INT2, DB_INT4, DB_BYTEA, DB_BYTEA};
    struct db_call *call = db_group_add_rows(group, &EVENTS);
    db_set_int2(call, 1, (int16_t)batch->before.shard);
    db_set_int4(call, 2, (int32_t)batch->before.epoch);
    for (int i = 0; i < 11; i++) db_set_array(call, 3 + i, types[i]);
    for (uint32_t i = from; i < to; i++) {
        const struct batch_event *e = &batch->events[i];
        db_push_int8(call, 3, e->seq);
        db_push_int8(call, 4, e->ticket);
        db_push_int4(call, 5, (int32_t)e->version);
        db_push_int8(call, 6, e->at);
        db_push_int2(call, 7, e->type);
        db_push_int2(call, 8, e->cause);
        db_push_int8(call, 9, e->user);
        db_push_int2(call, 10, e->role);
        db_push_int4(call, 11, (int32_t)e->unit);
        db_push_bytes(call, 12, e->body, e->body_len);
        db_push_bytes(call, 13, e->hash, CHAIN_BYTES);
    }
}

/* None: answers to keep, and nothing else. */
static void add_events(struct db_group *group, const struct batch *batch) {
    uint32_t each = batch->event_count > ONE_BY_ONE_MAX ? batch->event_count : 1;
    for (uint32_t i = 0; i < batch->event_count; i += each) add_some_events(group, batch, i, i + each);
}

static void push_ticket(struct db_call *call, const struct batch_ticket *t) {
    const struct change *c = &t->change;
    db_push_int8(call, 2, c->ticket);
    db_push_bool(call, 3, c->open);
    db_push_int4(call, 4, (int32_t)c->version);
    db_push_int2(call, 5, c->state);
    db_push_int4(call, 6, (int32_t)t->owner);
    db_push_int4(call, 7, (int32_t)t->matter);
    db_push_int2(call, 8, c->urgency);
    db_push_int2(call, 9, t->channel);
    db_push_int4(call, 10, (int32_t)t->source);
    db_push_int4(call, 11, (int32_t)t->place);
    db_push_int8(call, 12, t->request);
    db_push_int8(call, 13, t->received_at);
    db_push_int8(call, 14, c->entered_at);
    db_push_int8(call, 15, t->ended_at);
    db_push_int8(call, 16, c->due);
    db_push_int8(call, 17, c->yellow);
    db_push_int8(call, 18, c->next_at);
    db_push_int4(call, 19, (int32_t)c->generation);
    db_push_int2(call, 20, c->next_action);
    db_push_bool(call, 21, c->supervised);
    db_push_bytes(call, 22, t->body, t->body_len);
}

static struct db_call *add_ticket_call(struct db_group *group, const struct batch *batch, bool is_new) {
    static const enum db_type types[] = {DB_INT8, DB_BOOL, DB_INT4, DB_INT2, DB_INT4, DB_INT4, DB_INT2,
                                         DB_INT2, DB_INT4, DB_INT4, DB_INT8, DB_INT8, DB_INT8, DB_INT8,
                                         DB_INT8, DB_INT8, DB_INT8, DB_INT4, DB_INT2, DB_BOOL, DB_BYTEA};
    struct db_call *call = db_group_add_rows(group, is_new ? &TICKETS_NEW : &TICKETS_CHANGED);
    db_set_int2(call, 1, (int16_t)batch->before.shard);
    for (int n = 0; n < 21; n++) db_set_array(call, 2 + n, types[n]);
    return call;
}

static void add_tickets(struct db_group *group, const struct batch *batch, bool is_new) {
    struct db_call *call = NULL;
    for (uint32_t i = 0; i < batch->ticket_count; i++) {
        const struct batch_ticket *row = &batch->tickets[i];
        if (row->change.created != is_new) continue;
        if (!call || batch->ticket_count <= ONE_BY_ONE_MAX) call = add_ticket_call(group, batch, is_new);
        push_ticket(call, row);
    }
}

static void add_assignments(struct db_group *group, const struct batch *batch) {
    static const enum db_type types[] = {DB_INT8, DB_INT2, DB_INT2, DB_INT4, DB_INT8};
    if (!batch->assignment_count) return;
    struct db_call *call = db_group_add_rows(group, &ASSIGNMENTS);
    for (int n = 0; n < 5; n++) db_set_array(call, 1 + n, types[n]);
    for (uint32_t i = 0; i < batch->assignment_count; i++) {
        const struct batch_assignment *a = &batch->assignments[i];
        db_push_int8(call, 1, a->ticket);
        db_push_int2(call, 2, a->no);
        db_push_int2(call, 3, a->kind);
        db_push_int4(call, 4, (int32_t)a->unit);
        db_push_int8(call, 5, a->offered_at);
    }
}

static void add_links(struct db_group *group, const struct batch *batch) {
    if (batch->link_count) {
        struct db_call *call = db_group_add_rows(group, &LINKS);
        db_set_array(call, 1, DB_INT8);
        db_set_array(call, 2, DB_INT8);
        for (uint32_t i = 0; i < batch->link_count; i++) {
            db_push_int8(call, 1, batch->links[i].request);
            db_push_int8(call, 2, batch->links[i].ticket);
        }
    }
    for (uint32_t i = 0; i < batch->move_count; i++) {
        struct db_call *call = db_group_add(group, batch->moves[i].back ? &MOVE_BACK : &MOVE);
        db_set_int8(call, 1, batch->moves[i].from);
        db_set_int8(call, 2, batch->moves[i].to);
        db_set_int8(call, 3, batch->moves[i].seq);
    }
}

static bool goes_or_comes_back(const struct batch_ticket *row) {
    for (uint16_t i = 0; i < row->change.events_count; i++) {
        int type = row->change.events[i];
        if (type == EVENT_TRANSFERRED || type == EVENT_TAKEN_BACK || type == EVENT_OUTSIDE_ANSWERED) return true;
    }
    return false;
}

/* Which outside system may see a ticket: the second wall's side of rule L29. */
static void add_outside(struct db_group *group, const struct batch *batch) {
    struct db_call *call = NULL;
    for (uint32_t i = 0; i < batch->ticket_count; i++) {
        const struct batch_ticket *row = &batch->tickets[i];
        if (!goes_or_comes_back(row)) continue;
        if (!call) {
            call = db_group_add_rows(group, &OUTSIDE);
            db_set_array(call, 1, DB_INT8);
            db_set_array(call, 2, DB_INT4);
        }
        db_push_int8(call, 1, row->change.ticket);
        db_push_int4(call, 2, (int32_t)row->outside);
    }
}

static void add_keys(struct db_group *group, const struct batch *batch) {
    if (!batch->key_count) return;
    struct db_call *call = db_group_add_rows(group, &KEYS);
    db_set_array(call, 1, DB_BYTEA);
    db_set_array(call, 2, DB_BYTEA);
    db_set_int8(call, 3, batch->now);
    db_set_array(call, 4, DB_BYTEA);
    for (uint32_t i = 0; i < batch->key_count; i++) {
        const struct batch_key *key = &batch->keys[i];
        uint8_t reply[128];
        size_t len;
        must(codec_encode(&type_reply, &key->reply, reply, sizeof reply, &len) == CODEC_OK);
        db_push_bytes(call, 1, key->key, COMMAND_KEY_BYTES);
        db_push_bytes(call, 2, key->body, COMMAND_KEY_BYTES);
        db_push_bytes(call, 4, reply, len);
    }
}

void writer_fill(struct db_group *group, const struct batch *batch, time_ms lease_until) {
    db_group_begin(group, DB_WRITE); /* ends with its sync: the next one may be sent behind it */
    add_fence(group, batch, lease_until);
    add_events(group, batch);
    add_tickets(group, batch, true);
    add_tickets(group, batch, false);
    add_assignments(group, batch);
    add_links(group, batch);
    add_outside(group, batch);
    add_keys(group, batch);
}

void writer_keep(struct db_group *group, uint16_t shard, uint32_t epoch, time_ms lease_until, int64_t swept_to,
                 uint32_t world) {
    db_group_begin(group, DB_WRITE);
    struct db_call *call = db_group_add(group, &KEEP);
    db_set_int2(call, 1, (int16_t)shard);
    db_set_int4(call, 2, (int32_t)epoch);
    db_set_int8(call, 3, lease_until);
    db_set_int8(call, 4, swept_to);
    db_set_int4(call, 5, (int32_t)world);
}

/* ---- before a batch ---------------------------------------------------------------------------------------------------- */

bool writer_needs_nothing(const struct writer_needs *needs) {
    return needs->ticket_count + needs->request_count + needs->key_count == 0;
}

static void add_numbers(struct db_group *group, const struct db_statement *statement, const int64_t *numbers,
                        uint32_t count) {
    struct db_call *call = db_group_add(group, statement);
    db_set_array(call, 1, DB_INT8);
    for (uint32_t i = 0; i < count; i++) db_push_int8(call, 1, numbers[i]);
}

void writer_read(struct db_group *group, const struct writer_needs *needs, uint16_t shard) {
    db_group_begin(group, DB_READ);
    add_numbers(group, &READ_TICKETS, needs->tickets, needs->ticket_count);
    add_numbers(group, &READ_REQUESTS, needs->requests, needs->request_count);
    struct db_call *call = db_group_add(group, &READ_KEYS);
    db_set_array(call, 1, DB_BYTEA);
    for (uint32_t i = 0; i < needs->key_count; i++) db_push_bytes(call, 1, needs->keys[i], COMMAND_KEY_BYTES);
    db_set_int2(db_group_add(group, &READ_EPOCH), 1, (int16_t)shard);
}

bool writer_lend(const struct db_reply *reply, struct engine *engine) {
    const struct db_result *tickets = reply->results[0], *requests = reply->results[1], *keys = reply->results[2];
    size_t len, key_len, body_len;
    if (!db_rows(reply->results[3]) || db_get_int(reply->results[3], 0, 0) != engine_head(engine)->epoch) return false;
    for (int i = 0; i < db_rows(tickets); i++) {
        const uint8_t *body = db_get_bytes(tickets, i, 0, &len);
        engine_lend_ticket(engine, body, len);
    }
    for (int i = 0; i < db_rows(requests); i++)
        engine_lend_request(engine, db_get_int(requests, i, 0), db_get_int(requests, i, 1));
    for (int i = 0; i < db_rows(keys); i++) {
        const uint8_t *key = db_get_bytes(keys, i, 0, &key_len), *body = db_get_bytes(keys, i, 1, &body_len);
        const uint8_t *encoded = db_get_bytes(keys, i, 2, &len);
        struct reply first;
        if (key_len != COMMAND_KEY_BYTES || body_len != COMMAND_KEY_BYTES) continue;
        if (codec_decode(&type_reply, encoded, len, &first, NULL) == CODEC_OK)
            engine_lend_reply(engine, key, body, &first);
    }
    return true;
}

void writer_park(struct db_group *group, time_ms now, const char *sqlstate, const char *what, int64_t number,
                 const void *bytes, size_t len) {
    db_group_begin(group, DB_WRITE);
    struct db_call *call = db_group_add(group, &PARK);
    db_set_int8(call, 1, now);
    db_set_string(call, 2, sqlstate);
    db_set_string(call, 3, what);
    db_set_int8(call, 4, number);
    db_set_bytes(call, 5, bytes, len);
}
