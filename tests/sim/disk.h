/* The simulated PostgreSQL: its tables, and what each statement the services send does to them, told by its name. A group of
 * calls is applied as a whole at one instant or not at all. The tables outlive every process; the checker reads them as an
 * auditor would. Not for connections and backends: server.h. */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/db.h"

/* ---- a statement's parameters and results --------------------------------------------------------------------------- */

struct value {
    bool null;
    int64_t number; /* integers, bool; a float8 is not looked at */
    size_t at, len; /* text and bytes: place in the call's or result's bytes */
};

struct parameter {
    bool is_set, is_array;
    enum db_type type;
    size_t count, size;
    struct value *values;
};

struct blob {
    uint8_t *data;
    size_t len, size;
};

struct db_call {
    const struct db_statement *statement;
    int parameter_count;
    struct parameter parameters[DB_PARAMETERS_MAX];
    struct blob bytes;
};

struct db_result {
    int columns;
    size_t count, size;
    struct value *cells;
    struct blob bytes;
    int64_t affected;
};

struct db_result *result_new(void);
void result_free(struct db_result *result);
void call_free(struct db_call *call);
size_t bytes_add(struct blob *bytes, const void *from, size_t len);

/* ---- tables: rows in order of their key, each one block of memory ------------------------------------------------------- */

struct entry {
    int64_t a, b;
    void *row;
};
struct table {
    struct entry *entries;
    size_t count, size;
};
void *table_get(const struct table *table, int64_t a, int64_t b);
size_t table_from(const struct table *table, int64_t a); /* index of the first entry with key >= (a, any) */
/* Takes the row over (NULL removes); gives back what was there, now the caller's. */
void *table_put(struct table *table, int64_t a, int64_t b, void *row);
void table_clear(struct table *table);

struct request_row {
    int64_t id, external, received_at;
    uint32_t source, matter, place;
    uint8_t channel, urgency, place_by;
    bool confidential, dedicated, unknown_matter;
};
struct key_row {
    int64_t request;
    uint8_t content[32];
};
struct link_row {
    int64_t ticket, origin;
};
struct ticket_row {
    int64_t id, request, received_at, entered_at, ended_at, due, yellow, next_at;
    int32_t version, owner, matter, source, place, generation;
    int16_t shard, state, urgency, channel, next_action;
    bool open, supervised;
    size_t len;
    uint8_t body[];
};
struct event_row {
    int64_t seq, ticket, at, user;
    int32_t epoch, version, unit;
    int16_t shard, type, cause, role;
    uint8_t hash[32];
    size_t len;
    uint8_t body[];
};
struct assignment_row {
    int64_t offered_at;
    int32_t unit;
    int16_t kind;
};
struct command_key_row {
    uint8_t body[16];
    size_t len;
    uint8_t reply[128];
};
struct parked_row {
    int64_t number;
    char service[16], sqlstate[6], what[16];
};
struct shard_row {
    int32_t epoch;
    int64_t next_seq, next_ticket, last_at, lease_until, swept_to;
    uint8_t chain[32];
    uint32_t holder; /* backend */
    uint32_t world;
};

struct disk {
    struct shard_row shard;
    int64_t request_number; /* the sequence */
    int64_t xid;            /* the next one */
    uint32_t world_version;
    int64_t change_at;         /* effective date of the next organisation; 0: none is ordered */
    struct table requests;     /* id */
    struct table request_keys; /* source, external id */
    struct table links;        /* request */
    struct table tickets;      /* id */
    struct table events;       /* seq, at */
    struct table assignments;  /* ticket, no */
    struct table command_keys; /* its 16 bytes */
    struct table parked;       /* 1, 2, 3 ... */
};
extern struct disk disk;

/* ---- transactions -------------------------------------------------------------------------------------------------------- */

struct undo {
    struct table *table;
    int64_t a, b;
    void *row; /* as it was; NULL: was not there */
};

struct transaction {
    uint32_t backend;
    int64_t xid, oldest_xid; /* ours, and of the oldest that still runs */
    struct undo *undo;
    size_t undo_count, undo_size;
    struct shard_row shard_before;
    size_t events_before;
    bool advanced; /* the fence was passed */
    /* what intake drew from the sequence when the transaction began */
    int64_t *numbers;
    size_t number_count, numbers_used; /* by the calls carried out so far */
    char message[120];
};

/* When a statement begins, before others may come between: sequences. */
void disk_begin(struct transaction *t, const struct db_call *call);
/* Whether both insert the same request. */
bool disk_same_key(const struct db_call *a, const struct db_call *b);
/* Applies one call: NULL, or the SQLSTATE that refuses it. */
const char *disk_apply(struct transaction *t, const struct db_call *call, struct db_result *ret_result);
/* Ends it. After a commit the checker looks at what was written. */
void disk_commit(struct transaction *t);
void disk_roll_back(struct transaction *t);
void disk_done(void);

#endif
