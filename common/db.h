/* PostgreSQL, asynchronously on the loop: connections, groups of statements, results. Never blocks; common/db_blocking.h is
 * for the command line, migrations and the moments before the loop runs. Knows nothing of any table.
 *
 * A unit of work is a *group*: its statements go out in one pipeline with one sync, and one callback at the end tells how it
 * went. A group has its own deadline, because neither keepalives nor statement_timeout notice a stopped server. What an error
 * means to the caller:
 *
 *   ERR_CLOSED           nothing was sent: no connection, or it was lost before. Answer 503, or try again later
 *   ERR_FULL             nothing was sent: too many groups are waiting on this connection
 *   ERR_TIMEOUT          nothing was changed: the deadline passed before the group could be sent, or a reading group passed
 *                        its deadline or lost its connection on the way
 *   ERR_UNKNOWN_OUTCOME  a writing group was sent and its end was not seen, or seen without the promised replication:
 *                        it may have happened. Never answer 4xx; find out by reading, or take the lease again
 *   ERR_REFUSED          the server refused a statement; sqlstate tells why; nothing of the group happened
 *
 * The order of groups on one connection is the order of db_send. A connection lost or stopped is dropped (never PQcancel),
 * made again with growing, jittered pauses, and prepared statements are prepared again when next used.
 *
 * In a pipeline a statement that *matches nothing* does not stop the ones behind it: a fence must raise an error in SQL.
 * All statements run with binary parameters and binary results: cast what has no reader below (numeric, date, jsonb: ::text).
 * One thread, the loop's. */
#ifndef COMMON_DB_H
#define COMMON_DB_H

#include "common/err.h"
#include "common/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct db;
struct db_pool;
struct db_group;
struct db_call;
struct db_result;

/* ---- statements -------------------------------------------------------------------------------------------------- */

/* Declare as `static const struct db_statement TICKET_INSERT = {"ticket_insert", "INSERT ... $1::int8[] ..."};`
 * Prepared lazily, once per connection, under its name, which is unique in the process. It must outlive the connections.
 * Parameters are numbered from 1. Cast parameters ($1::int8[]) so that their type does not depend on context. */
struct db_statement {
    const char *name;
    const char *sql;
};

enum db_type { DB_BOOL, DB_INT2, DB_INT4, DB_INT8, DB_FLOAT8, DB_TEXT, DB_BYTEA };

enum {
    DB_PARAMETERS_MAX = 64,    /* in one call */
    DB_CALLS_MAX = 64,         /* in one group */
    DB_QUEUE_MAX = 1024,       /* groups waiting on one connection */
    DB_ARRAY_MAX = 1000 * 1000 /* elements of one array */
};

/* ---- groups ------------------------------------------------------------------------------------------------------ */

enum db_group_kind {
    DB_READ,       /* changes nothing; an unseen end is ERR_TIMEOUT */
    DB_WRITE,      /* one implicit transaction: all calls or none; an unseen end is ERR_UNKNOWN_OUTCOME */
    DB_TRANSACTION /* as DB_WRITE, between BEGIN and COMMIT, and done only when COMMIT's tag says COMMIT. The connection
                      sends nothing else until it has ended */
};

/* A group keeps its buffers from use to use: make one per kind of work and reuse it. */
struct db_group *db_group_new(void);
void db_group_free(struct db_group **group); /* not while it is under way */

/* Empties the group and begins a new unit of work. Not while the group is under way (between db_send and the callback). */
void db_group_begin(struct db_group *group, enum db_group_kind kind);

/* How a DB_TRANSACTION begins, e.g. "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"; otherwise "BEGIN". Borrowed. */
void db_group_set_begin(struct db_group *group, const char *begin_sql);

/* Adds a call; results are found by its place: the first one added is 0. The call belongs to the group. */
struct db_call *db_group_add(struct db_group *group, const struct db_statement *statement);
/* The same for a statement of rows: its arrays stand in select lists alone, each as unnest($1::int8[]). A lone row is sent without arrays,
 * as $1::int8: PostgreSQL spends less on that row than on a dozen arrays. */
struct db_call *db_group_add_rows(struct db_group *group, const struct db_statement *statement);
int db_group_count(const struct db_group *group);
bool db_group_under_way(const struct db_group *group);

/* ---- parameters: each is set once per call, in any order; bytes are copied ------------------------------------------- */

void db_set_null(struct db_call *call, int number, enum db_type type);
void db_set_bool(struct db_call *call, int number, bool value);
void db_set_int2(struct db_call *call, int number, int16_t value);
void db_set_int4(struct db_call *call, int number, int32_t value);
void db_set_int8(struct db_call *call, int number, int64_t value);
void db_set_float8(struct db_call *call, int number, double value);
void db_set_text(struct db_call *call, int number, const char *text, size_t length); /* valid UTF-8 without NUL */
void db_set_string(struct db_call *call, int number, const char *text_or_null);      /* NULL pointer: SQL null */
void db_set_bytes(struct db_call *call, int number, const void *bytes, size_t length);

/* An array parameter (bool[], int2[], int4[], int8[], float8[], text[], bytea[]) for `unnest($1::int8[], $2::text[], ...)`:
 * declare it, then push as many elements as there are rows, row by row or column by column. */
void db_set_array(struct db_call *call, int number, enum db_type element_type);
void db_push_null(struct db_call *call, int number);
void db_push_bool(struct db_call *call, int number, bool value);
void db_push_int2(struct db_call *call, int number, int16_t value);
void db_push_int4(struct db_call *call, int number, int32_t value);
void db_push_int8(struct db_call *call, int number, int64_t value);
void db_push_float8(struct db_call *call, int number, double value);
void db_push_text(struct db_call *call, int number, const char *text, size_t length);
void db_push_bytes(struct db_call *call, int number, const void *bytes, size_t length);

/* ---- the end of a group ------------------------------------------------------------------------------------------ */

struct db_reply {
    enum err err;
    char sqlstate[6];    /* of the first refusal, else "" */
    int failed_call;     /* which call was refused; -1: none, or BEGIN/COMMIT */
    const char *message; /* for the log, never for a person; "" when there is none. May quote data: log it with care */
    int call_count;
    const struct db_result *const *results; /* one per call, when err is ERR_NONE; good until the callback returns */
};

/* Called once per db_send, later, never from inside it. The group is free for reuse when it is called. */
typedef void db_done(void *context, const struct db_reply *reply);

/* True for classes 22, 23 and 54: this input will never be accepted; split the batch, park the culprit, do not retry. */
bool db_is_bad_input(const struct db_reply *reply);
/* True for 23505: a unique key is there already. */
bool db_is_duplicate(const struct db_reply *reply);
/* True for 40001, 40P01, 55P03 and 57014: the same again may succeed. */
bool db_is_retryable(const struct db_reply *reply);

/* Readers; rows and columns from 0. The type must be the column's (must). Null reads as zero, false, or NULL with length 0. */
int db_rows(const struct db_result *result);
int db_columns(const struct db_result *result);
int64_t db_affected(const struct db_result *result); /* rows inserted, updated, deleted or selected */
bool db_is_null(const struct db_result *result, int row, int column);
bool db_get_bool(const struct db_result *result, int row, int column);
int64_t db_get_int(const struct db_result *result, int row, int column); /* int2, int4 or int8 */
double db_get_float8(const struct db_result *result, int row, int column);
const char *db_get_text(const struct db_result *result, int row, int column, size_t *ret_length); /* NUL behind it */
const uint8_t *db_get_bytes(const struct db_result *result, int row, int column, size_t *ret_length);

/* ---- one connection ---------------------------------------------------------------------------------------------- */

/* Called when the connection becomes usable (ERR_NONE) and when it stops being so (why, with a message for the log).
 * After "down" every group that was on it has been called back. */
typedef void db_state(void *context, struct db *db, enum err err, const char *message);
typedef void db_notify(void *context, const char *channel, const char *payload);

struct db_options {
    const char *conninfo;         /* libpq's keyword=value form; host is a socket folder or an address, not a name */
    const char *application_name; /* shown in pg_stat_activity */
    bool force_generic_plan; /* plan_cache_mode=force_generic_plan: no planning at each call of a prepared statement */
    bool require_durable;    /* after each connect, refuse a server with fsync, full_page_writes or synchronous_commit
                                     off: ERR_REFUSED, and try again later */
    int64_t connect_timeout_ms; /* 0: 3,000 */
    int64_t backoff_max_ms;     /* 0: 1,000; the first pause is 20 ms, each next one twice that, +-50 % */
    db_state *on_state;         /* may be NULL */
    db_notify *on_notify;       /* may be NULL; after a LISTEN sent as a group at each "up" */
    void *context;
};

/* Starts connecting at once; options' strings are copied. */
struct db *db_new(struct loop *loop, const struct db_options *options);
/* Calls back what is under way (as if the connection were lost), then forgets it; on_state is not called any more. */
void db_free(struct db **db);

bool db_is_up(const struct db *db);
int db_backend_pid(const struct db *db); /* 0 when down */
int db_waiting(const struct db *db);     /* sent or queued, not yet called back */

/* Sends the group, or queues it behind a transaction. timeout_ms counts from now, on the monotonic clock, over waiting and
 * running; when it passes while the group is on the server the connection is dropped. The group is kept until `done`. */
void db_send(struct db *db, struct db_group *group, int64_t timeout_ms, db_done *done, void *context);

/* ---- several connections ----------------------------------------------------------------------------------------- */

/* on_state is called for each connection. */
struct db_pool *db_pool_new(struct loop *loop, const struct db_options *options, int count);
void db_pool_free(struct db_pool **pool);
int db_pool_up(const struct db_pool *pool); /* how many are usable now */
/* On the usable connection with the least waiting; no order between groups. */
void db_pool_send(struct db_pool *pool, struct db_group *group, int64_t timeout_ms, db_done *done, void *context);

#endif
