/* What each statement of the router does to the simulated disk. See statements.c. */
#define _GNU_SOURCE /* memmem */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mistake.h"
#include "proto/must.h"
#include "tests/sim/check.h"
#include "tests/sim/people.h"
#include "tests/sim/server.h"
#include "tests/sim/statements.h"

/* ---- the shard ----------------------------------------------------------------------------------------------------------- */

static const char *router_advance(struct transaction *t, const struct db_call *c, struct db_result *r) {
    struct shard_row *s = &disk.shard;
    bool held = s->epoch == arg(c, 2) && s->next_seq == arg(c, 3);
    if (!held && !mistake("no_fence")) return refused(t, "PD001", "the shard is no longer held under that epoch");
    size_t len;
    s->next_seq += arg(c, 4);
    s->next_ticket += arg(c, 5);
    s->last_at = arg(c, 6);
    memcpy(s->chain, arg_bytes(c, 7, 0, &len), 32);
    s->lease_until = arg(c, 8);
    t->advanced = true;
    put(r, 0);
    return NULL;
}

static const char *router_keep(struct transaction *t, const struct db_call *c, struct db_result *r) {
    if (disk.shard.epoch != arg(c, 2)) return refused(t, "PD001", "the shard is no longer held under that epoch");
    disk.shard.lease_until = arg(c, 3);
    if (arg(c, 4) > disk.shard.swept_to) disk.shard.swept_to = arg(c, 4);
    disk.shard.world = (uint32_t)arg(c, 5);
    put(r, 0);
    return NULL;
}

static const char *shard_take(struct transaction *t, const struct db_call *c, struct db_result *r) {
    struct shard_row *s = &disk.shard;
    bool alive = s->holder && s->holder != t->backend && server_is_alive(s->holder);
    if (alive && s->lease_until > arg(c, 2)) {
        put(r, 0);
        return NULL;
    }
    if (alive) server_terminate(s->holder);
    s->epoch++;
    s->lease_until = arg(c, 3);
    s->holder = t->backend;
    put(r, s->epoch);
    return NULL;
}

static const char *shard_head(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)t, (void)c;
    const struct shard_row *s = &disk.shard;
    r->columns = 8;
    put(r, s->epoch);
    put(r, s->next_seq);
    put(r, s->next_ticket);
    put(r, s->last_at);
    put_bytes(r, s->chain, 32);
    put(r, s->swept_to);
    put(r, s->world);
    put(r, disk.links.count ? disk.links.entries[disk.links.count - 1].a : 0);
    return NULL;
}

static const char *shard_load(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)t;
    r->columns = 2;
    for (size_t i = table_from(&disk.tickets, arg(c, 2) + 1); i < disk.tickets.count; i++) {
        const struct ticket_row *row = disk.tickets.entries[i].row;
        if (!row->open) continue;
        put(r, row->id);
        put_bytes(r, row->body, row->len);
    }
    return NULL;
}

static const char *shard_newest(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)t, (void)c;
    put(r, disk.requests.count ? disk.requests.entries[disk.requests.count - 1].a : 0);
    return NULL;
}

static size_t rows_between(const struct table *table, int64_t after, int64_t to) {
    return (to == INT64_MAX ? table->count : table_from(table, to + 1)) - table_from(table, after + 1);
}

static const char *shard_sweep(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)t;
    r->columns = 13;
    if (arg(c, 1) >= arg(c, 2)) return NULL;
    size_t requests = rows_between(&disk.requests, arg(c, 1), arg(c, 2));
    if (!arg(c, 4) && requests == rows_between(&disk.links, arg(c, 1), arg(c, 2))) return NULL;
    for (size_t i = table_from(&disk.requests, arg(c, 1) + 1); i < disk.requests.count && r->count < 2000 * 13; i++) {
        const struct request_row *q = disk.requests.entries[i].row;
        if (q->id > arg(c, 2)) break;
        if (table_get(&disk.links, q->id, 0) || is_parked(q->id)) continue;
        put(r, q->id);
        put(r, q->source);
        put(r, q->channel);
        put(r, q->matter);
        put(r, q->urgency);
        put(r, q->place);
        put(r, q->place_by);
        put(r, q->confidential);
        put(r, q->received_at);
        put(r, q->dedicated);
        put(r, q->unknown_matter);
        put_bytes(r, "", 0); /* no rule asks for texts here */
        put_bytes(r, "", 0);
    }
    return NULL;
}

static const char *shard_world(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)t, (void)c;
    put(r, disk.world_version);
    return NULL;
}

/* ---- the router's batch ------------------------------------------------------------------------------------------------------ */

static bool is_poisoned(const uint8_t *bytes, size_t len) {
    return len >= sizeof POISON - 1 && memmem(bytes, len, POISON, sizeof POISON - 1);
}

static const char *router_events(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)r;
    for (size_t i = 0; i < rows_of(c, 3); i++) {
        size_t len, hash_len;
        const uint8_t *body = arg_bytes(c, 12, i, &len), *hash = arg_bytes(c, 13, i, &hash_len);
        struct event_row *row = malloc(sizeof *row + len);
        must(row && hash_len == 32);
        *row = (struct event_row){.shard = (int16_t)arg(c, 1),
                                  .seq = arg_at(c, 3, i),
                                  .epoch = (int32_t)arg(c, 2),
                                  .ticket = arg_at(c, 4, i),
                                  .version = (int32_t)arg_at(c, 5, i),
                                  .at = arg_at(c, 6, i),
                                  .type = (int16_t)arg_at(c, 7, i),
                                  .cause = (int16_t)arg_at(c, 8, i),
                                  .user = arg_at(c, 9, i),
                                  .role = (int16_t)arg_at(c, 10, i),
                                  .unit = (int32_t)arg_at(c, 11, i),
                                  .len = len};
        memcpy(row->hash, hash, 32);
        memcpy(row->body, body, len);
        bool twice = table_get(&disk.events, row->seq, row->at) != NULL;
        bool poisoned = is_poisoned(body, len);
        if (poisoned) fault_happens(FAULT_DB_POISON, "seq %lld", (long long)row->seq);
        if (twice || poisoned) {
            free(row);
            return twice ? refused(t, "23505", "duplicate key in event") : refused(t, "22021", "a poisoned text");
        }
        store(t, &disk.events, row->seq, row->at, row);
    }
    return NULL;
}

static const char *write_ticket(struct transaction *t, const struct db_call *c, size_t i, bool is_new) {
    size_t len;
    const uint8_t *body = arg_bytes(c, 22, i, &len);
    int64_t id = arg_at(c, 2, i);
    const struct ticket_row *old = table_get(&disk.tickets, id, 0);
    if (is_new && old) return refused(t, "23505", "duplicate key in ticket");
    if (!old && !is_new) return NULL; /* an UPDATE that matches nothing */
    struct ticket_row *row = malloc(sizeof *row + len);
    must(row);
    *row = (struct ticket_row){.shard = (int16_t)arg(c, 1),
                               .id = id,
                               .open = arg_at(c, 3, i),
                               .version = (int32_t)arg_at(c, 4, i),
                               .state = (int16_t)arg_at(c, 5, i),
                               .owner = (int32_t)arg_at(c, 6, i),
                               .matter = (int32_t)arg_at(c, 7, i),
                               .urgency = (int16_t)arg_at(c, 8, i),
                               .channel = (int16_t)(is_new ? arg_at(c, 9, i) : old->channel),
                               .source = (int32_t)(is_new ? arg_at(c, 10, i) : old->source),
                               .place = (int32_t)arg_at(c, 11, i),
                               .request = is_new ? arg_at(c, 12, i) : old->request,
                               .received_at = is_new ? arg_at(c, 13, i) : old->received_at,
                               .entered_at = arg_at(c, 14, i),
                               .ended_at = arg_at(c, 15, i),
                               .due = arg_at(c, 16, i),
                               .yellow = arg_at(c, 17, i),
                               .next_at = arg_at(c, 18, i),
                               .generation = (int32_t)arg_at(c, 19, i),
                               .next_action = (int16_t)arg_at(c, 20, i),
                               .supervised = arg_at(c, 21, i),
                               .len = len};
    memcpy(row->body, body, len);
    store(t, &disk.tickets, id, 0, row);
    if (is_new && row->source == POISON_SOURCE) {
        fault_happens(FAULT_DB_POISON, "source");
        return refused(t, "23514", "a poisoned source");
    }
    return NULL;
}

static const char *router_tickets_new(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)r;
    const char *sqlstate = NULL;
    for (size_t i = 0; i < rows_of(c, 2) && !sqlstate; i++) sqlstate = write_ticket(t, c, i, true);
    return sqlstate;
}

static const char *router_tickets_changed(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)r;
    const char *sqlstate = NULL;
    for (size_t i = 0; i < rows_of(c, 2) && !sqlstate; i++) sqlstate = write_ticket(t, c, i, false);
    return sqlstate;
}

static const char *router_assignments(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)r;
    for (size_t i = 0; i < rows_of(c, 1); i++) {
        if (table_get(&disk.assignments, arg_at(c, 1, i), arg_at(c, 2, i)))
            return refused(t, "23505", "duplicate key in assignment");
        struct assignment_row row = {
            .kind = (int16_t)arg_at(c, 3, i), .unit = (int32_t)arg_at(c, 4, i), .offered_at = arg_at(c, 5, i)};
        STORE(t, &disk.assignments, arg_at(c, 1, i), arg_at(c, 2, i), row);
    }
    return NULL;
}

static const char *router_links(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)r;
    for (size_t i = 0; i < rows_of(c, 1); i++) {
        if (table_get(&disk.links, arg_at(c, 1, i), 0)) {
            return refused(t, "23505", "duplicate key in ticket_request");
        }
        struct link_row row = {arg_at(c, 2, i), arg_at(c, 2, i)};
        STORE(t, &disk.links, arg_at(c, 1, i), 0, row);
    }
    return NULL;
}

static const char *move(struct transaction *t, const struct db_call *c, bool back) {
    for (size_t i = 0; i < disk.links.count; i++) {
        struct link_row row = *(struct link_row *)disk.links.entries[i].row;
        if (row.ticket != arg(c, 1) || (back && row.origin != arg(c, 2))) continue;
        row.ticket = arg(c, 2);
        STORE(t, &disk.links, disk.links.entries[i].a, 0, row);
    }
    return NULL;
}
static const char *router_move(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)r;
    return move(t, c, false);
}
static const char *router_move_back(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)r;
    return move(t, c, true);
}

/* Who outside may see a ticket is the console's business, which is not here. */
static const char *router_outside(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)t, (void)c, (void)r;
    return NULL;
}

static void key_of(const uint8_t *key, int64_t *ret_a, int64_t *ret_b) {
    memcpy(ret_a, key, 8);
    memcpy(ret_b, key + 8, 8);
}

static const char *router_keys(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)r;
    for (size_t i = 0; i < rows_of(c, 1); i++) {
        size_t len;
        int64_t a, b;
        key_of(arg_bytes(c, 1, i, &len), &a, &b);
        struct command_key_row row;
        memset(&row, 0, sizeof row);
        memcpy(row.body, arg_bytes(c, 2, i, &len), 16);
        const uint8_t *reply = arg_bytes(c, 4, i, &row.len);
        must(row.len <= sizeof row.reply);
        memcpy(row.reply, reply, row.len);
        if (table_get(&disk.command_keys, a, b)) return refused(t, "23505", "duplicate key in command_key");
        STORE(t, &disk.command_keys, a, b, row);
    }
    return NULL;
}

/* Only what is really at fault may be put away. */
static void check_parked(const struct db_call *c, int64_t number, const char *what) {
    size_t len;
    const uint8_t *body = arg_bytes(c, 5, 0, &len);
    const struct request_row *request = table_get(&disk.requests, number, 0);
    bool guilty = strcmp(what, "request") == 0 ? request && request->source == POISON_SOURCE : is_poisoned(body, len);
    if (!guilty) broken("I1", "an innocent %s (%lld) is put away as unstorable", what, (long long)number);
}

static const char *router_park(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)r;
    char what[16] = "";
    size_t len;
    const uint8_t *text = arg_bytes(c, 3, 0, &len);
    memcpy(what, text, len < sizeof what - 1 ? len : sizeof what - 1);
    check_parked(c, arg(c, 4), what);
    return park(t, arg(c, 4), "router", what);
}

/* ---- the router's reads ---------------------------------------------------------------------------------------------------------- */

static const char *router_read_tickets(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)t;
    r->columns = 1;
    for (size_t i = 0; i < rows_of(c, 1);
         i++) { /* a row that is asked for twice comes once from the real one: no matter */
        const struct ticket_row *row = table_get(&disk.tickets, arg_at(c, 1, i), 0);
        if (row) put_bytes(r, row->body, row->len);
    }
    for (size_t i = 0; i < disk.links.count && rows_of(c, 1); i++) {
        const struct link_row *link = disk.links.entries[i].row;
        if (link->origin == link->ticket) continue;
        const struct ticket_row *leading = table_get(&disk.tickets, link->ticket, 0);
        for (size_t n = 0; n < rows_of(c, 1); n++)
            if (arg_at(c, 1, n) == link->origin) put_bytes(r, leading->body, leading->len);
    }
    return NULL;
}

static const char *router_read_requests(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)t;
    r->columns = 2;
    for (size_t i = 0; i < rows_of(c, 1); i++) {
        const struct link_row *row = table_get(&disk.links, arg_at(c, 1, i), 0);
        if (!row) continue;
        put(r, arg_at(c, 1, i));
        put(r, row->ticket);
    }
    return NULL;
}

static const char *router_read_keys(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)t;
    r->columns = 3;
    for (size_t i = 0; i < rows_of(c, 1); i++) {
        size_t len;
        int64_t a, b;
        const uint8_t *key = arg_bytes(c, 1, i, &len);
        key_of(key, &a, &b);
        const struct command_key_row *row = table_get(&disk.command_keys, a, b);
        if (!row) continue;
        put_bytes(r, key, 16);
        put_bytes(r, row->body, 16);
        put_bytes(r, row->reply, row->len);
    }
    return NULL;
}

static const char *router_read_epoch(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)t;
    (void)c;
    r->columns = 1;
    put(r, disk.shard.epoch);
    return NULL;
}

/* ---- by name ---- */

/* clang-format off */
#define STATEMENTS(S) \
    S(router_advance) S(router_keep) S(shard_take) S(shard_head) S(shard_load) S(shard_newest) \
    S(shard_sweep) S(shard_world) S(router_events) S(router_tickets_new) S(router_tickets_changed) \
    S(router_assignments) S(router_links) S(router_move) S(router_move_back) S(router_outside) \
    S(router_keys) S(router_park) S(router_read_tickets) S(router_read_requests) S(router_read_keys) \
    S(router_read_epoch)
/* clang-format on */
#define STATEMENT_ITEM(name) {#name, name},
static const struct {
    const char *name;
    statement_fn *apply;
} statements[] = {STATEMENTS(STATEMENT_ITEM)};

statement_fn *router_statement(const char *name) {
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        if (strcmp(statements[i].name, name) == 0) return statements[i].apply;
    return NULL;
}
