/* What the files of db_*.c share. Not for others. */
#ifndef COMMON_DB_INTERNAL_H
#define COMMON_DB_INTERNAL_H

#include "common/backoff.h"
#include "common/buffer.h"
#include "common/db.h"
#include "common/list.h"
#include "common/loop.h"

#include <libpq-fe.h>

enum { DB_STEPS_MAX = DB_CALLS_MAX + 2, DB_PREPARED_SLOTS = 1024, DB_SENT_MAX = 64 };

struct db_parameter {
    bool is_set, is_null, is_array, has_null;
    enum db_type type;   /* of the value, or of the elements */
    int32_t count;       /* of elements */
    struct buffer bytes; /* in the binary format; kept from use to use */
};

struct db_call {
    const struct db_statement *statement;
    const struct db_statement *one_row; /* the same without arrays, for a lone row; NULL: there is none */
    bool is_one_row;                    /* its arrays go as the one element they have */
    int parameter_count;                /* the highest number set */
    struct db_parameter parameters[DB_PARAMETERS_MAX];
};

/* What PQsend... wants, made from a call. */
struct db_arguments {
    int count;
    Oid types[DB_PARAMETERS_MAX];
    const char *values[DB_PARAMETERS_MAX];
    int lengths[DB_PARAMETERS_MAX];
    int formats[DB_PARAMETERS_MAX];
};

struct db_group {
    struct list_place place; /* in one of db's lists, while it is under way */
    enum db_group_kind kind;
    struct db_statement begin; /* without a name: not prepared */
    int call_count;
    struct db_call *calls[DB_CALLS_MAX]; /* made when first needed */

    /* between db_send and the callback */
    bool under_way;
    int64_t deadline_ms; /* monotonic */
    db_done *done;
    void *context;
    int prepare_count, prepared_count;   /* statements sent to be prepared before this group, and seen so */
    uint8_t prepare_steps[DB_STEPS_MAX]; /* the step that needs each of them */
    bool prepare_synced;
    int step;          /* whose result comes next */
    bool committed;    /* COMMIT's tag says so */
    bool unreplicated; /* the server warned that the standby may not have it */
    PGresult *results[DB_CALLS_MAX];
    struct db_reply reply;
    char message[256];
};

enum db_phase { DB_PAUSING, DB_CONNECTING, DB_CHECKING, DB_UP };

struct db {
    struct loop *loop;
    struct db_options options;
    char *conninfo, *application_name;

    PGconn *connection;
    struct loop_fd *watcher;
    int watching; /* for what */
    enum db_phase phase;
    bool recycle;          /* drop it when nothing is under way: its prepared statements no longer fit */
    bool transaction_sent; /* nothing may be sent behind it */
    int ends_in_a_row;     /* NULLs from PQgetResult */
    int64_t connect_by_ms;
    struct backoff backoff;
    const struct db_statement *prepared[DB_PREPARED_SLOTS]; /* open addressing; the server has it, or was sent it */
    int prepared_count;

    struct list waiting, sent, ended; /* groups; ended: answered, not yet called back */
    bool state_is_new;                /* on_state is to be told */
    enum err state_err;
    char state_message[256];
    struct loop_timer *timer; /* the earliest deadline, or the pause */
    int64_t timer_at_ms;
    struct loop_timer *soon;           /* calls back what has ended */
    struct db_group *check, *rollback; /* our own */
    int inside;                        /* callbacks on the stack */
    bool freed;
};

/* db_group.c */
const struct db_statement *db_step_statement(const struct db_group *group, int step);
const struct db_call *db_step_call(const struct db_group *group, int step); /* NULL for BEGIN and COMMIT */
int db_step_count(const struct db_group *group);
int db_step_call_index(const struct db_group *group, int step); /* -1 for BEGIN and COMMIT */
void db_call_arguments(const struct db_call *call, struct db_arguments *ret_arguments);

/* db_one_row.c */
const struct db_statement *db_one_row(const struct db_statement *statement);
void db_call_one_row(struct db_call *call); /* when it is a lone row: the statement then is the one for that */

/* db_result.c */
bool db_tag_lies(const char *sql, const char *tag); /* a COMMIT that the server made a ROLLBACK */

/* db_wire.c: what passes over a healthy connection; false: it is lost */
bool db_wire_send(struct db *db, struct db_group *group);
bool db_wire_flush(struct db *db);
bool db_wire_receive(struct db *db); /* moves groups from sent to ended */
void db_wire_notice(void *db, const PGresult *notice);

/* db_connect.c */
void db_connect(struct db *db);
void db_drop(struct db *db, enum err err, const char *message); /* ends all groups, pauses, connects again */
void db_connection_ready(struct db *db);                        /* while connecting */
void db_hang_up(struct db *db);
void db_end_all(struct db *db);

/* db.c */
void db_end(struct db *db, struct db_group *group,
            enum err err); /* to the ended list; err only if the reply has none */
void db_tell_state(struct db *db, enum err err, const char *message);
void db_set_timer(struct db *db, int64_t at_ms); /* no later than this */
void db_on_ready(void *db, int ready);
void db_own_send(struct db *db, struct db_group *group, int64_t timeout_ms, db_done *done); /* ahead of what waits */

#define DB_DURABLE_SQL                                                                                                 \
    "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') "                  \
    "AND setting = 'off' ORDER BY name"

#endif
