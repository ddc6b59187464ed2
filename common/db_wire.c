/* What passes over a healthy connection: a group becomes messages, messages become its results. Pipeline mode: first, with a
 * sync of their own, the statements the server does not know yet (so that a statement that cannot be prepared spoils no
 * transaction), then the group's steps and its sync. */
#include "common/db_internal.h"
#include "proto/must.h"

#include <stdio.h>

static const struct db_statement ROLLBACK = {"db_rollback", "ROLLBACK"};
enum { ROLLBACK_TIMEOUT_MS = 5000 };

/* ---- which statements the server knows -------------------------------------------------------------------------------- */

static const struct db_statement **prepared_slot(struct db *db, const struct db_statement *statement) {
    size_t at = ((uintptr_t)statement >> 4) * 0x9e3779b97f4a7c15u >> 54;
    while (db->prepared[at] != NULL && db->prepared[at] != statement) at = (at + 1) % DB_PREPARED_SLOTS;
    return &db->prepared[at];
}

static bool prepared_add(struct db *db, const struct db_statement *statement) {
    const struct db_statement **slot = prepared_slot(db, statement);
    if (*slot == statement) return false;
    must(db->prepared_count < DB_PREPARED_SLOTS / 2);
    db->prepared_count++;
    *slot = statement;
    return true;
}

/* Rare: a statement could not be prepared. The others are put in anew, as open addressing leaves no holes. */
static void prepared_remove(struct db *db, const struct db_statement *statement) {
    const struct db_statement *old[DB_PREPARED_SLOTS];
    memcpy(old, db->prepared, sizeof old);
    memset(db->prepared, 0, sizeof db->prepared);
    db->prepared_count = 0;
    for (int i = 0; i < DB_PREPARED_SLOTS; i++)
        if (old[i] != NULL && old[i] != statement) prepared_add(db, old[i]);
}

/* ---- sending ---------------------------------------------------------------------------------------------------------- */

static bool send_prepare(struct db *db, const struct db_group *group, int step) {
    struct db_arguments arguments = {.count = 0};
    const struct db_call *call = db_step_call(group, step);
    const struct db_statement *statement = db_step_statement(group, step);
    if (call != NULL) db_call_arguments(call, &arguments);
    return PQsendPrepare(db->connection, statement->name, statement->sql, arguments.count, arguments.types) == 1;
}

static bool send_step(struct db *db, const struct db_group *group, int step) {
    struct db_arguments arguments = {.count = 0};
    const struct db_call *call = db_step_call(group, step);
    const struct db_statement *statement = db_step_statement(group, step);
    if (call != NULL) db_call_arguments(call, &arguments);
    if (statement->name == NULL)
        return PQsendQueryParams(db->connection, statement->sql, 0, NULL, NULL, NULL, NULL, 1) == 1;
    return PQsendQueryPrepared(db->connection, statement->name, arguments.count, arguments.values, arguments.lengths,
                               arguments.formats, 1) == 1;
}

bool db_wire_send(struct db *db, struct db_group *group) {
    int steps = db_step_count(group);
    for (int step = 0; step < steps; step++) {
        const struct db_statement *statement = db_step_statement(group, step);
        if (statement->name == NULL || !prepared_add(db, statement)) continue;
        group->prepare_steps[group->prepare_count++] = (uint8_t)step;
        if (!send_prepare(db, group, step)) return false;
    }
    if (group->prepare_count > 0 && PQpipelineSync(db->connection) != 1) return false;
    for (int step = 0; step < steps; step++)
        if (!send_step(db, group, step)) return false;
    return PQpipelineSync(db->connection) == 1 && db_wire_flush(db);
}

bool db_wire_flush(struct db *db) {
    int left = PQflush(db->connection);
    if (left < 0) return false;
    int interest = left > 0 ? LOOP_READ | LOOP_WRITE : LOOP_READ;
    if (interest != db->watching) loop_fd_watch(db->watcher, db->watching = interest);
    return true;
}

/* ---- receiving -------------------------------------------------------------------------------------------------------- */

static void refuse(struct db_group *group, int step, const char *sqlstate, const char *message, const char *detail) {
    group->reply.err = ERR_REFUSED;
    group->reply.failed_call = db_step_call_index(group, step);
    snprintf(group->reply.sqlstate, sizeof group->reply.sqlstate, "%s", sqlstate != NULL ? sqlstate : "");
    const char *name = db_step_statement(group, step)->name;
    snprintf(group->message, sizeof group->message, "%s: %s%s%s", name != NULL ? name : "begin",
             message != NULL ? message : "no message", detail != NULL ? ": " : "", detail != NULL ? detail : "");
}

static void refuse_by(struct db *db, struct db_group *group, int step, const PGresult *result) {
    if (group->reply.err != ERR_NONE) return; /* the first refusal is the cause of the others */
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    refuse(group, step, sqlstate, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY),
           PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL));
    /* the server lost the statement, or a table changed under it: start afresh */
    if (sqlstate != NULL && (strcmp(sqlstate, "26000") == 0 || strcmp(sqlstate, "0A000") == 0)) db->recycle = true;
}

static bool take_prepared(struct db *db, struct db_group *group, PGresult *result) {
    if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
        group->prepare_synced = true;
        return true;
    }
    if (group->prepared_count >= group->prepare_count) return false;
    int step = group->prepare_steps[group->prepared_count++];
    if (PQresultStatus(result) == PGRES_COMMAND_OK) return true;
    prepared_remove(db, db_step_statement(group, step));
    if (PQresultStatus(result) == PGRES_FATAL_ERROR) refuse_by(db, group, step, result);
    return true;
}

/* Takes the result over when it belongs to a call. */
static bool take_step(struct db *db, struct db_group *group, PGresult **result) {
    int step = group->step++, call = db_step_call_index(group, step);
    if (step >= db_step_count(group)) return false;
    switch (PQresultStatus(*result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        if (db_tag_lies(db_step_statement(group, step)->sql, PQcmdStatus(*result)) && group->reply.err == ERR_NONE)
            refuse(group, step, "25P02", "the transaction had been aborted; COMMIT rolled it back", NULL);
        else if (call < 0 && step > 0)
            group->committed = strcmp(PQcmdStatus(*result), "COMMIT") == 0;
        if (call >= 0) {
            group->results[call] = *result;
            *result = NULL;
        }
        return true;
    case PGRES_FATAL_ERROR:
        refuse_by(db, group, step, *result);
        return true;
    case PGRES_PIPELINE_ABORTED:
        return true;
    default:
        return false; /* COPY and the like cannot stand in a group */
    }
}

static void send_rollback(struct db *db) {
    db_group_begin(db->rollback, DB_WRITE);
    db_group_add(db->rollback, &ROLLBACK);
    db_own_send(db, db->rollback, ROLLBACK_TIMEOUT_MS, NULL);
}

static void finish(struct db *db, struct db_group *group) {
    must(list_pop(&db->sent) == group);
    if (group->kind == DB_TRANSACTION) {
        db->transaction_sent = false;
        if (group->reply.err == ERR_NONE && !group->committed)
            refuse(group, db_step_count(group) - 1, "25P02", "COMMIT's tag does not say COMMIT", NULL);
    }
    if (group->unreplicated && group->kind != DB_READ && group->reply.err == ERR_NONE) {
        group->reply.err = ERR_UNKNOWN_OUTCOME;
        snprintf(group->message, sizeof group->message, "committed here, but not seen by the synchronous standby");
    }
    db_end(db, group, ERR_NONE);
    if (db->sent.count == 0 && PQtransactionStatus(db->connection) != PQTRANS_IDLE && group != db->rollback)
        send_rollback(db);
}

static bool take(struct db *db, PGresult **result) {
    struct db_group *group = list_first(&db->sent);
    if (group->prepare_count > 0 && !group->prepare_synced) return take_prepared(db, group, *result);
    if (PQresultStatus(*result) != PGRES_PIPELINE_SYNC) return take_step(db, group, result);
    if (group->step != db_step_count(group)) return false;
    finish(db, group);
    return true;
}

static void take_notifies(struct db *db) {
    for (PGnotify *notify; db->connection != NULL && (notify = PQnotifies(db->connection)) != NULL; PQfreemem(notify))
        if (db->options.on_notify != NULL && !db->freed)
            db->options.on_notify(db->options.context, notify->relname, notify->extra);
}

bool db_wire_receive(struct db *db) {
    if (PQconsumeInput(db->connection) != 1) return false;
    while (db->sent.count > 0 && !PQisBusy(db->connection)) {
        PGresult *result = PQgetResult(db->connection);
        if (result == NULL) { /* ends the results of one statement; twice in a row, we and the server disagree */
            if (++db->ends_in_a_row > 1 || PQstatus(db->connection) == CONNECTION_BAD) return false;
            continue;
        }
        db->ends_in_a_row = 0;
        bool fits = take(db, &result);
        PQclear(result);
        if (!fits || db->connection == NULL) return false;
    }
    take_notifies(db);
    return db->connection != NULL && PQstatus(db->connection) != CONNECTION_BAD;
}

/* The one warning that changes what a COMMIT means; told by the place in the server that raises it, as texts are translated. */
void db_wire_notice(void *context, const PGresult *notice) {
    struct db *db = context;
    const char *function = PQresultErrorField(notice, PG_DIAG_SOURCE_FUNCTION);
    if (function != NULL && strcmp(function, "SyncRepWaitForLSN") == 0 && db->sent.count > 0)
        ((struct db_group *)list_first(&db->sent))->unreplicated = true;
}
