/* One connection as its users see it: the queue of groups, their deadlines and callbacks. */
#include "common/db_internal.h"
#include "proto/must.h"

#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_TIMEOUT_MS = 3000, BACKOFF_FIRST_MS = 20, BACKOFF_MAX_MS = 1000 };

/* ---- telling ----------------------------------------------------------------------------------------------------- */

void db_end(struct db *db, struct db_group *group, enum err err) {
    if (group->reply.err == ERR_NONE) group->reply.err = err;
    list_push(&db->ended, group);
    loop_timer_start(db->soon, 0, 0);
}

void db_tell_state(struct db *db, enum err err, const char *message) {
    db->state_is_new = true;
    db->state_err = err;
    snprintf(db->state_message, sizeof db->state_message, "%s", message);
    loop_timer_start(db->soon, 0, 0);
}

/* The group is free for its next use when the callback runs, so what the callback reads is moved out of it first. */
static void call_back(struct db_group *group) {
    struct db_reply reply = group->reply;
    PGresult *results[DB_CALLS_MAX];
    char message[sizeof group->message];
    memcpy(message, group->message, sizeof message);
    reply.message = message;
    reply.call_count = group->call_count;
    reply.results = reply.err == ERR_NONE ? (const struct db_result *const *)(void *)results : NULL;
    for (int i = 0; i < reply.call_count; i++) {
        results[i] = group->results[i];
        group->results[i] = NULL;
    }
    group->under_way = false;
    if (group->done != NULL) group->done(group->context, &reply);
    for (int i = 0; i < reply.call_count; i++) PQclear(results[i]);
}

static void destroy(struct db *db) {
    loop_timer_free(&db->timer);
    loop_timer_free(&db->soon);
    db_group_free(&db->check);
    db_group_free(&db->rollback);
    free(db->conninfo);
    free(db->application_name);
    free(db);
}

/* False when db is gone. */
static bool dispatch(struct db *db) {
    db->inside++;
    for (struct db_group *group; (group = list_pop(&db->ended)) != NULL;) call_back(group);
    if (db->state_is_new && !db->freed) {
        db->state_is_new = false;
        if (db->options.on_state != NULL)
            db->options.on_state(db->options.context, db, db->state_err, db->state_message);
    }
    db->inside--;
    if (!db->freed) return true;
    if (db->inside == 0) destroy(db);
    return false;
}

static void soon(void *context) {
    dispatch(context);
}

/* ---- sending and waiting ------------------------------------------------------------------------------------------- */

static void start(struct db *db, struct db_group *group, int64_t timeout_ms, db_done *done, void *context) {
    must(!group->under_way && group->call_count > 0);
    group->under_way = true;
    for (int i = 0; i < group->call_count; i++) db_call_one_row(group->calls[i]);
    group->deadline_ms = clock_monotonic_ms() + timeout_ms;
    group->done = done;
    group->context = context;
    group->prepare_count = group->prepared_count = group->step = 0;
    group->prepare_synced = group->committed = group->unreplicated = false;
    group->reply = (struct db_reply){.failed_call = -1};
    group->message[0] = '\0';
}

static bool send_now(struct db *db, struct db_group *group) {
    list_push(&db->sent, group);
    db_set_timer(db, group->deadline_ms);
    if (group->kind == DB_TRANSACTION) db->transaction_sent = true;
    return db_wire_send(db, group);
}

static void pump(struct db *db) {
    while (db->phase == DB_UP && db->waiting.count > 0 && !db->transaction_sent && !db->recycle &&
           db->sent.count < DB_SENT_MAX) {
        if (!send_now(db, list_pop(&db->waiting))) {
            db_drop(db, ERR_CLOSED, PQerrorMessage(db->connection));
            return;
        }
    }
    if (db->recycle && db->sent.count == 0) db_drop(db, ERR_AGAIN, "statements are to be prepared anew");
}

void db_own_send(struct db *db, struct db_group *group, int64_t timeout_ms, db_done *done) {
    start(db, group, timeout_ms, done, db);
    if (!send_now(db, group)) db_drop(db, ERR_CLOSED, PQerrorMessage(db->connection));
}

void db_send(struct db *db, struct db_group *group, int64_t timeout_ms, db_done *done, void *context) {
    must(!db->freed);
    start(db, group, timeout_ms, done, context);
    if (db->phase != DB_UP) {
        db_end(db, group, ERR_CLOSED);
    } else if (db->waiting.count >= DB_QUEUE_MAX) {
        db_end(db, group, ERR_FULL);
    } else {
        list_push(&db->waiting, group);
        db_set_timer(db, group->deadline_ms);
        pump(db);
    }
}

/* ---- what wakes us ------------------------------------------------------------------------------------------------- */

static void exchange(struct db *db) {
    if (db->phase == DB_CONNECTING) {
        db_connection_ready(db);
    } else if (!db_wire_receive(db) || !db_wire_flush(db)) {
        if (db->connection != NULL) db_drop(db, ERR_CLOSED, PQerrorMessage(db->connection));
    }
}

void db_on_ready(void *context, int ready) {
    struct db *db = context;
    db->inside++; /* a notification's callback may free us */
    exchange(db);
    db->inside--;
    if (dispatch(db)) pump(db);
}

void db_set_timer(struct db *db, int64_t at_ms) {
    if (db->timer_at_ms != 0 && db->timer_at_ms <= at_ms) return;
    db->timer_at_ms = at_ms;
    loop_timer_start(db->timer, at_ms - clock_monotonic_ms(), 0);
}

static void expire_waiting(struct db *db, int64_t now) {
    for (struct db_group *group = list_first(&db->waiting), *next; group != NULL; group = next) {
        next = list_next(group);
        if (group->deadline_ms > now) {
            db_set_timer(db, group->deadline_ms);
            continue;
        }
        list_remove(group);
        db_end(db, group, ERR_TIMEOUT);
    }
}

static bool sent_is_overdue(struct db *db, int64_t now) {
    for (struct db_group *group = list_first(&db->sent); group != NULL; group = list_next(group)) {
        if (group->deadline_ms <= now) return true;
        db_set_timer(db, group->deadline_ms);
    }
    return false;
}

static void time_is_up(void *context) {
    struct db *db = context;
    int64_t now = clock_monotonic_ms();
    db->timer_at_ms = 0;
    if (db->phase == DB_PAUSING) {
        db_connect(db);
    } else if (db->phase != DB_UP && now >= db->connect_by_ms) {
        db_drop(db, ERR_TIMEOUT, "no answer while connecting");
    } else {
        if (db->phase != DB_UP) db_set_timer(db, db->connect_by_ms);
        expire_waiting(db, now);
        if (sent_is_overdue(db, now)) db_drop(db, ERR_TIMEOUT, "the server did not answer in time");
    }
    dispatch(db);
}

/* ---- life -------------------------------------------------------------------------------------------------------- */

static int64_t or_default(int64_t value, int64_t otherwise) {
    return value > 0 ? value : otherwise;
}

struct db *db_new(struct loop *loop, const struct db_options *options) {
    struct db *db = calloc(1, sizeof *db);
    must(db != NULL);
    db->loop = loop;
    db->options = *options;
    db->options.connect_timeout_ms = or_default(options->connect_timeout_ms, CONNECT_TIMEOUT_MS);
    db->backoff =
        (struct backoff){.first_ms = BACKOFF_FIRST_MS, .max_ms = or_default(options->backoff_max_ms, BACKOFF_MAX_MS)};
    db->conninfo = strdup(options->conninfo);
    db->application_name = strdup(options->application_name != NULL ? options->application_name : "paidan");
    must(db->conninfo != NULL && db->application_name != NULL);
    db->timer = loop_timer_new(loop, time_is_up, db);
    db->soon = loop_timer_new(loop, soon, db);
    db->check = db_group_new();
    db->rollback = db_group_new();
    db_connect(db);
    return db;
}

void db_free(struct db **db_) {
    struct db *db = *db_;
    *db_ = NULL;
    if (db == NULL) return;
    db_hang_up(db);
    db_end_all(db);
    db->phase = DB_PAUSING;
    db->freed = true;
    dispatch(db); /* destroys it, unless a callback of its own is on the stack, which does so at its end */
}

bool db_is_up(const struct db *db) {
    return db->phase == DB_UP;
}

int db_backend_pid(const struct db *db) {
    return db->phase == DB_UP ? PQbackendPID(db->connection) : 0;
}

int db_waiting(const struct db *db) {
    return db->waiting.count + db->sent.count + db->ended.count;
}
