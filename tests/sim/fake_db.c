/* common/db.h: the client's half. Keeps the promises of that header exactly: order, one callback later and never from inside, a
 * transaction alone on its connection, own deadlines that drop the connection, every group called back before "down" is told.
 * What goes along with a call and comes back: fake_db_values.c. */
#include "common/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/must.h"
#include "tests/sim/fakes.h"
#include "tests/sim/server.h"

enum { SENT_MAX = 64 };

struct db_group {
    enum db_group_kind kind;
    int call_count;
    struct db_call *calls[DB_CALLS_MAX];
    bool under_way;
    db_done *done;
    void *context;
    uint64_t sent; /* which sending of all this is */
    enum err err;
    struct job *job; /* with its results, from the reply to the callback */
    struct db_group *next;
    bool expects_nothing; /* swallowed: its process is dead */
};

struct list {
    struct db_group *first, **end;
    int count;
};

struct db {
    struct db *next;
    struct proc *proc;
    uint32_t number;
    struct db_options options;
    uint32_t backend; /* 0: down */
    bool up, transaction_sent, freed;
    int inside;
    int64_t pause_ms;
    struct list waiting, sent, ended;
    bool state_is_new, soon_is_armed;
    enum err state_err;
};

struct db_pool {
    int count;
    struct db *connections[16];
};

static struct db *all;
static uint32_t db_number;
static uint64_t sendings;

static struct db *db_by_number(uint32_t number) {
    struct db *db = all;
    while (db && db->number != number) db = db->next;
    return db;
}

static void list_push(struct list *list, struct db_group *group) {
    if (!list->first) list->end = &list->first;
    group->next = NULL;
    *list->end = group;
    list->end = &group->next;
    list->count++;
}

static struct db_group *list_pop(struct list *list) {
    struct db_group *group = list->first;
    if (!group) return NULL;
    list->first = group->next;
    list->count--;
    return group;
}

/* ---- groups ------------------------------------------------------------------------------------------------------------------ */

struct db_group *db_group_new(void) {
    struct db_group *group = calloc(1, sizeof *group);
    must(group);
    return group;
}

static void forget_calls(struct db_group *group) {
    for (int i = 0; i < group->call_count; i++)
        if (group->calls[i]) call_free(group->calls[i]);
    memset(group->calls, 0, sizeof group->calls);
    group->call_count = 0;
}

void db_group_free(struct db_group **group) {
    if (!*group) return;
    must(!(*group)->under_way);
    forget_calls(*group);
    free(*group);
    *group = NULL;
}

void db_group_begin(struct db_group *group, enum db_group_kind kind) {
    must(!group->under_way);
    forget_calls(group);
    group->kind = kind;
}
struct db_call *db_group_add(struct db_group *group, const struct db_statement *statement) {
    must(!group->under_way && group->call_count < DB_CALLS_MAX);
    struct db_call *call = calloc(1, sizeof *call);
    must(call);
    call->statement = statement;
    return group->calls[group->call_count++] = call;
}
struct db_call *db_group_add_rows(struct db_group *group, const struct db_statement *statement) {
    return db_group_add(group, statement);
}
int db_group_count(const struct db_group *group) {
    return group->call_count;
}
bool db_group_under_way(const struct db_group *group) {
    return group->under_way;
}

/* ---- telling ---------------------------------------------------------------------------------------------------------------------- */

static void destroy(struct db *db) {
    struct db **at = &all;
    while (*at != db) at = &(*at)->next;
    *at = db->next;
    free(db);
}

static void call_back(struct db_group *group) {
    struct job *job = group->job;
    struct db_reply reply = {.err = group->err, .failed_call = -1, .message = "", .call_count = group->call_count};
    group->job = NULL;
    if (job) {
        memcpy(reply.sqlstate, job->sqlstate, sizeof reply.sqlstate);
        reply.failed_call = job->failed_call;
        reply.message = job->message;
        reply.results = reply.err == ERR_NONE ? (const struct db_result *const *)job->results : NULL;
    }
    group->under_way = false;
    if (group->done) group->done(group->context, &reply);
    if (job) job_free(job);
}

/* False when db is gone. */
static bool dispatch(struct db *db) {
    db->inside++;
    for (struct db_group *group; (group = list_pop(&db->ended));) call_back(group);
    if (db->state_is_new && !db->freed) {
        db->state_is_new = false;
        if (db->options.on_state) db->options.on_state(db->options.context, db, db->state_err, err_name(db->state_err));
    }
    db->inside--;
    if (!db->freed) return true;
    if (db->inside == 0) destroy(db);
    return false;
}

static void pump(struct db *db);

static void soon(void *context, uint64_t number, bool live) {
    (void)context;
    struct db *db = live ? db_by_number((uint32_t)number) : NULL;
    if (!db) return;
    db->soon_is_armed = false;
    if (dispatch(db)) pump(db);
}

static void tell_soon(struct db *db) {
    if (db->soon_is_armed || db->freed) return;
    db->soon_is_armed = true;
    event_in(db->proc, 0, soon, NULL, db->number);
}

static void end(struct db *db, struct db_group *group, enum err err) {
    group->err = err;
    list_push(&db->ended, group);
    tell_soon(db);
}

/* ---- connecting ----------------------------------------------------------------------------------------------------------------------- */

static void try_connect(void *context, uint64_t number, bool live) {
    (void)context;
    struct db *db = live ? db_by_number((uint32_t)number) : NULL;
    if (!db || db->freed || db->up) return;
    db->backend = server_connect(db->proc, db->number);
    if (!db->backend) {
        int64_t max = db->options.backoff_max_ms ? db->options.backoff_max_ms : 1000;
        event_in(db->proc, between(db->pause_ms / 2, db->pause_ms * 3 / 2) * 1000, try_connect, NULL, number);
        db->pause_ms = db->pause_ms * 2 < max ? db->pause_ms * 2 : max;
        return;
    }
    db->pause_ms = 20;
    db->up = true;
    db->state_is_new = true;
    db->state_err = ERR_NONE;
    tell_soon(db);
}

static void end_all(struct db *db) {
    for (struct db_group *group; (group = list_pop(&db->sent));)
        end(db, group, group->kind == DB_READ ? ERR_TIMEOUT : ERR_UNKNOWN_OUTCOME);
    for (struct db_group *group; (group = list_pop(&db->waiting));) end(db, group, ERR_CLOSED);
}

static void drop(struct db *db, enum err err) {
    if (!db->up) return;
    trace("db connection %u lost: %s", db->backend, err_name(err));
    server_hang_up(db->backend);
    db->up = db->transaction_sent = false;
    db->backend = 0;
    end_all(db);
    db->state_is_new = true;
    db->state_err = err;
    tell_soon(db);
    if (!db->freed) event_in(db->proc, between(10000, 30000), try_connect, NULL, db->number);
}

struct db *db_new(struct loop *loop, const struct db_options *options) {
    struct db *db = calloc(1, sizeof *db);
    must(db);
    *db = (struct db){
        .next = all, .proc = fake_proc_of(loop), .number = ++db_number, .options = *options, .pause_ms = 20};
    all = db;
    event_in(db->proc, between(500, 4000), try_connect, NULL, db->number);
    return db;
}

void db_free(struct db **db_at) {
    struct db *db = *db_at;
    *db_at = NULL;
    if (!db) return;
    if (db->up) server_hang_up(db->backend);
    db->up = false;
    end_all(db);
    db->freed = true;
    dispatch(db);
}

bool db_is_up(const struct db *db) {
    return db->up;
}
int db_backend_pid(const struct db *db) {
    return (int)db->backend;
}
int db_waiting(const struct db *db) {
    return db->waiting.count + db->sent.count + db->ended.count;
}

/* ---- sending ---------------------------------------------------------------------------------------------------------------------------- */

static void give_to_server(struct db *db, struct db_group *group) {
    list_push(&db->sent, group);
    if (group->kind == DB_TRANSACTION) db->transaction_sent = true;
    if (proc_dies_here("before a transaction")) return;
    struct job *job = calloc(1, sizeof *job);
    must(job);
    *job = (struct job){.kind = group->kind, .call_count = group->call_count, .sent = group->sent};
    job->calls = malloc((size_t)group->call_count * sizeof *job->calls);
    must(job->calls);
    for (int i = 0; i < group->call_count; i++) { /* the server goes on with it when the group is long reused */
        job->calls[i] = group->calls[i];
        group->calls[i] = NULL;
    }
    hash_number((uint64_t)job->call_count << 8 | job->kind);
    server_send(db->backend, job);
    proc_dies_here("after a transaction");
}

static void pump(struct db *db) {
    while (db->up && db->waiting.first && !db->transaction_sent && db->sent.count < SENT_MAX)
        give_to_server(db, list_pop(&db->waiting));
}

static bool remove_waiting(struct db *db, uint64_t sent) {
    struct list rest = {0};
    bool found = false;
    for (struct db_group *group; (group = list_pop(&db->waiting));) {
        if (group->sent == sent) {
            found = true;
            end(db, group, ERR_TIMEOUT);
        } else {
            list_push(&rest, group);
        }
    }
    db->waiting = rest;
    return found;
}

static void time_is_up(void *context, uint64_t sent, bool live) {
    uint32_t number = (uint32_t)(uintptr_t)context;
    struct db *db = live ? db_by_number(number) : NULL;
    if (!db || remove_waiting(db, sent)) return;
    for (struct db_group *group = db->sent.first; group; group = group->next) {
        if (group->sent != sent) continue;
        drop(db, ERR_TIMEOUT);
        return;
    }
}

void db_send(struct db *db, struct db_group *group, int64_t timeout_ms, db_done *done, void *context) {
    must(!db->freed && !group->under_way && group->call_count > 0);
    for (int i = 0; i < group->call_count; i++)
        for (int n = 0; n < group->calls[i]->parameter_count; n++) must(group->calls[i]->parameters[n].is_set);
    group->under_way = true;
    group->done = done;
    group->context = context;
    group->sent = ++sendings;
    if (!db->up) {
        end(db, group, ERR_CLOSED);
    } else if (db->waiting.count >= DB_QUEUE_MAX) {
        end(db, group, ERR_FULL);
    } else {
        list_push(&db->waiting, group);
        event_in(db->proc, timeout_ms * 1000, time_is_up, (void *)(uintptr_t)db->number, group->sent);
        pump(db);
    }
}

void fake_db_reply(uint32_t client, uint32_t backend, struct job *job) {
    struct db *db = db_by_number(client);
    if (!db || db->backend != backend) {
        job_free(job);
        return;
    }
    must(db->sent.first && db->sent.first->sent == job->sent);
    struct db_group *group = list_pop(&db->sent);
    if (group->kind == DB_TRANSACTION) db->transaction_sent = false;
    group->job = job;
    group->err = job->err;
    list_push(&db->ended, group);
    hash_number((uint64_t)job->err + 7);
    if (dispatch(db)) pump(db);
}

void fake_db_lost(uint32_t client, uint32_t backend) {
    struct db *db = db_by_number(client);
    if (db && db->backend == backend) drop(db, ERR_CLOSED);
}

static int up_count(void) {
    int count = 0;
    for (struct db *db = all; db; db = db->next) count += db->up && !db->proc->paused;
    return count;
}

static void cut(void *context, uint64_t number, bool live) {
    (void)context;
    struct db *db = live ? db_by_number((uint32_t)number) : NULL;
    if (db) drop(db, ERR_CLOSED);
}

void fake_db_cut(void) {
    int count = up_count();
    if (!count) return;
    int which = (int)below((uint32_t)count);
    for (struct db *db = all; db; db = db->next) {
        if (!db->up || db->proc->paused || which--) continue;
        fault_happens(FAULT_DB_CUT, "of %s", db->proc->name);
        event_in(db->proc, 0, cut, NULL, db->number);
        return;
    }
}

void fake_db_done(void) {
    must(!all);
}

/* ---- pools -------------------------------------------------------------------------------------------------------------------------------- */

struct db_pool *db_pool_new(struct loop *loop, const struct db_options *options, int count) {
    struct db_pool *pool = calloc(1, sizeof *pool);
    must(pool && count <= 16);
    pool->count = count;
    for (int i = 0; i < count; i++) pool->connections[i] = db_new(loop, options);
    return pool;
}
void db_pool_free(struct db_pool **pool) {
    if (!*pool) return;
    for (int i = 0; i < (*pool)->count; i++) db_free(&(*pool)->connections[i]);
    free(*pool);
    *pool = NULL;
}
int db_pool_up(const struct db_pool *pool) {
    int up = 0;
    for (int i = 0; i < pool->count; i++) up += db_is_up(pool->connections[i]);
    return up;
}
void db_pool_send(struct db_pool *pool, struct db_group *group, int64_t timeout_ms, db_done *done, void *context) {
    struct db *best = pool->connections[0];
    for (int i = 1; i < pool->count; i++) {
        struct db *other = pool->connections[i];
        if (db_is_up(other) && (!db_is_up(best) || db_waiting(other) < db_waiting(best))) best = other;
    }
    db_send(best, group, timeout_ms, done, context);
}
