/* What each statement of escalation, intake and the reference loader does to the simulated disk, by the statement's name; the
 * router's are in statements_router.c. When the SQL changes, this must. A statement nobody taught it ends the run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/must.h"
#include "tests/sim/check.h"
#include "tests/sim/server.h"
#include "tests/sim/statements.h"

/* ---- reading parameters, writing results ---------------------------------------------------------------------------- */

static const struct value *value_at(const struct db_call *call, int number, size_t row) {
    const struct parameter *p = &call->parameters[number - 1];
    must(number <= call->parameter_count && p->is_set && row < p->count);
    return &p->values[row];
}
int64_t arg(const struct db_call *call, int number) {
    return value_at(call, number, 0)->number;
}
int64_t arg_at(const struct db_call *call, int number, size_t row) {
    return value_at(call, number, row)->number;
}
const uint8_t *arg_bytes(const struct db_call *call, int number, size_t row, size_t *ret_len) {
    const struct value *value = value_at(call, number, row);
    *ret_len = value->len;
    return call->bytes.data + value->at;
}
size_t rows_of(const struct db_call *call, int number) {
    return call->parameters[number - 1].count;
}

static struct value *cell(struct db_result *result) {
    if (result->count == result->size) {
        result->size = result->size ? result->size * 2 : 16;
        result->cells = realloc(result->cells, result->size * sizeof *result->cells);
        must(result->cells);
    }
    struct value *value = &result->cells[result->count++];
    *value = (struct value){0};
    return value;
}
void put(struct db_result *result, int64_t number) {
    cell(result)->number = number;
}
void put_null(struct db_result *result) {
    cell(result)->null = true;
}
void put_bytes(struct db_result *result, const void *bytes, size_t len) {
    struct value *value = cell(result);
    value->at = bytes_add(&result->bytes, bytes, len);
    value->len = len;
}

void store(struct transaction *t, struct table *table, int64_t a, int64_t b, void *row) {
    if (t->undo_count == t->undo_size) {
        t->undo_size = t->undo_size ? t->undo_size * 2 : 64;
        t->undo = realloc(t->undo, t->undo_size * sizeof *t->undo);
        must(t->undo);
    }
    void *old = table_put(table, a, b, row);
    t->undo[t->undo_count++] = (struct undo){table, a, b, old};
}

void *row_new(const void *row, size_t size) {
    void *copy = malloc(size);
    must(copy);
    memcpy(copy, row, size);
    return copy;
}

const char *refused(struct transaction *t, const char *sqlstate, const char *message) {
    snprintf(t->message, sizeof t->message, "%s", message);
    return sqlstate;
}

/* ---- what PostgreSQL would not store ---- */

bool is_parked(int64_t number) {
    for (size_t i = 0; i < disk.parked.count; i++)
        if (((struct parked_row *)disk.parked.entries[i].row)->number == number) return true;
    return false;
}

const char *park(struct transaction *t, int64_t number, const char *service, const char *what) {
    struct parked_row row = {.number = number};
    snprintf(row.service, sizeof row.service, "%s", service);
    snprintf(row.what, sizeof row.what, "%s", what);
    STORE(t, &disk.parked, (int64_t)disk.parked.count + 1, 0, row);
    return NULL;
}

/* ---- escalation -------------------------------------------------------------------------------------------------------------------- */

static const char *escalation_head(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)t, (void)c;
    r->columns = 1;
    put(r, disk.shard.next_seq - 1);
    return NULL;
}

static const char *escalation_load(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)t;
    r->columns = 3;
    for (size_t i = table_from(&disk.tickets, arg(c, 2) + 1); i < disk.tickets.count; i++) {
        const struct ticket_row *row = disk.tickets.entries[i].row;
        if (!row->open) continue;
        put(r, row->id);
        put(r, row->generation);
        put(r, row->next_at);
    }
    return NULL;
}

static const char *escalation_since(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)t;
    r->columns = 4;
    for (size_t i = table_from(&disk.events, arg(c, 2) + 1); i < disk.events.count; i++) {
        const struct event_row *event = disk.events.entries[i].row;
        if (event->seq > arg(c, 3)) break;
        const struct ticket_row *row = table_get(&disk.tickets, event->ticket, 0);
        put(r, row->id);
        put(r, row->generation);
        put(r, row->next_at);
        put(r, row->open);
    }
    return NULL;
}

/* ---- intake -------------------------------------------------------------------------------------------------------------------------- */

static int64_t external_of(const struct db_call *c, size_t i) {
    char text[24] = "";
    size_t len;
    const uint8_t *at = arg_bytes(c, 4, i, &len);
    memcpy(text, at, len < sizeof text - 1 ? len : sizeof text - 1);
    return atoll(text + 1);
}

static void store_request(struct transaction *t, const struct db_call *c, size_t i) {
    int64_t source = arg_at(c, 3, i), external = external_of(c, i);
    size_t len;
    const uint8_t *content = arg_bytes(c, 5, i, &len);
    int64_t number = t->numbers[t->numbers_used + i];
    must(number);
    struct key_row key_row = {.request = number};
    memcpy(key_row.content, content, 32);
    STORE(t, &disk.request_keys, source, external, key_row);
    struct request_row row = {.id = number,
                              .external = external,
                              .source = (uint32_t)source,
                              .received_at = arg(c, 2),
                              .channel = (uint8_t)arg_at(c, 6, i),
                              .matter = (uint32_t)arg_at(c, 8, i),
                              .urgency = (uint8_t)arg_at(c, 10, i),
                              .place = (uint32_t)arg_at(c, 17, i),
                              .place_by = (uint8_t)arg_at(c, 18, i),
                              .dedicated = arg_at(c, 19, i),
                              .confidential = arg_at(c, 20, i)};
    arg_bytes(c, 9, i, &len);
    row.unknown_matter = row.matter == 0 && len > 0;
    STORE(t, &disk.requests, row.id, 0, row);
}

static const char *accept_new(struct transaction *t, const struct db_call *c, struct db_result *r) {
    r->columns = 1;
    for (size_t i = 0; i < rows_of(c, 3); i++) {
        if (table_get(&disk.request_keys, arg_at(c, 3, i), external_of(c, i)))
            return refused(t, "23505", "duplicate key in request_key");
        store_request(t, c, i);
        put(r, t->numbers[t->numbers_used + i]);
    }
    t->numbers_used += rows_of(c, 3);
    return NULL;
}

static const char *intake_accept_new_keys(struct transaction *t, const struct db_call *c, struct db_result *r) {
    must((size_t)arg(c, 26) == rows_of(c, 3));
    return accept_new(t, c, r);
}

static const char *intake_accept_new_key(struct transaction *t, const struct db_call *c, struct db_result *r) {
    must(rows_of(c, 3) == 1);
    return accept_new(t, c, r);
}

static const char *intake_accept(struct transaction *t, const struct db_call *c, struct db_result *r) {
    r->columns = 5;
    for (size_t i = 0; i < rows_of(c, 3); i++) {
        int64_t source = arg_at(c, 3, i), external = external_of(c, i);
        const struct key_row *key = table_get(&disk.request_keys, source, external);
        put(r, (int64_t)i + 1);
        if (key && t->numbers[i]) { /* another transaction was first: its row is not visible to this statement */
            put_null(r), put(r, false), put_null(r), put_null(r);
            continue;
        }
        if (key) {
            const struct request_row *old = table_get(&disk.requests, key->request, 0);
            put(r, key->request), put(r, false), put_bytes(r, key->content, 32), put(r, old->received_at);
            continue;
        }
        store_request(t, c, i);
        put(r, t->numbers[i]), put(r, true), put_null(r), put_null(r);
    }
    return NULL;
}

static const char *intake_park(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)c, (void)r;
    return park(t, 0, "intake", "request");
}

static bool accepts(const struct db_call *call) {
    return strncmp(call->statement->name, "intake_accept", strlen("intake_accept")) == 0;
}

bool disk_same_key(const struct db_call *a, const struct db_call *b) {
    if (!accepts(a) || !accepts(b)) return false;
    for (size_t i = 0; i < rows_of(a, 3); i++)
        for (size_t k = 0; k < rows_of(b, 3); k++)
            if (external_of(a, i) == external_of(b, k) && arg_at(a, 3, i) == arg_at(b, 3, k)) return true;
    return false;
}

void disk_begin(struct transaction *t, const struct db_call *call) {
    if (!accepts(call)) return;
    size_t count = rows_of(call, 3);
    t->numbers = realloc(t->numbers, (t->number_count + count) * sizeof *t->numbers);
    must(t->numbers);
    for (size_t i = 0; i < count; i++) {
        bool taken = table_get(&disk.request_keys, arg_at(call, 3, i), external_of(call, i)) != NULL;
        t->numbers[t->number_count++] = taken ? 0 : arg(call, 1) + ++disk.request_number;
    }
}

/* ---- everybody ------------------------------------------------------------------------------------------------------------------------ */

static const char *reference_all(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)t, (void)c;
    put(r, disk.world_version);
    return NULL;
}
static const char *escalation_organisation(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)t;
    bool due = disk.change_at && disk.change_at <= arg(c, 1);
    if (due) {
        disk.world_version++;
        disk.change_at = 0;
    }
    r->columns = 3;
    put(r, disk.world_version), put(r, disk.change_at), put(r, due);
    return NULL;
}
static const char *shard_partitions(struct transaction *t, const struct db_call *c, struct db_result *r) {
    (void)t, (void)c, (void)r;
    return NULL;
}

#define STATEMENTS(S)                                                                                                  \
    S(escalation_head)                                                                                                 \
    S(escalation_organisation)                                                                                         \
    S(escalation_load)                                                                                                 \
    S(escalation_since)                                                                                                \
    S(intake_accept)                                                                                                   \
    S(intake_accept_new_keys) S(intake_accept_new_key) S(intake_park) S(shard_partitions) S(reference_all)
#define STATEMENT_ITEM(name) {#name, name},
static const struct {
    const char *name;
    statement_fn *apply;
} statements[] = {STATEMENTS(STATEMENT_ITEM)};

const char *disk_apply(struct transaction *t, const struct db_call *call, struct db_result *result) {
    result->columns = 1;
    statement_fn *apply = router_statement(call->statement->name);
    for (size_t i = 0; i < sizeof statements / sizeof *statements && !apply; i++)
        if (strcmp(statements[i].name, call->statement->name) == 0) apply = statements[i].apply;
    if (apply) return apply(t, call, result);
    broken("simulator", "nobody taught it the statement %s", call->statement->name);
}

static void end_transaction(struct transaction *t) {
    free(t->undo);
    t->undo = NULL;
    t->undo_count = t->undo_size = 0;
}

void disk_commit(struct transaction *t) {
    check_commit(t);
    for (size_t i = 0; i < t->undo_count; i++) free(t->undo[i].row);
    end_transaction(t);
}

void disk_roll_back(struct transaction *t) {
    while (t->undo_count) {
        struct undo *undo = &t->undo[--t->undo_count];
        free(table_put(undo->table, undo->a, undo->b, undo->row));
    }
    disk.shard = t->shard_before;
    end_transaction(t);
}
