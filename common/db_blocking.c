/* The blocking calls, made of libpq's non-blocking ones and poll(), as only these have deadlines. */
#include "common/db_blocking.h"
#include "common/db_internal.h"
#include "proto/must.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

struct db_blocking {
    PGconn *connection; /* NULL once lost */
    int64_t timeout_ms, until_ms;
    char message[512], sqlstate[6];
};

static enum err fail(struct db_blocking *session, enum err err, const char *message) {
    snprintf(session->message, sizeof session->message, "%s", message);
    size_t length = strlen(session->message);
    while (length > 0 && session->message[length - 1] == '\n') session->message[--length] = '\0';
    return err;
}

static enum err lose(struct db_blocking *session, enum err err, const char *message) {
    fail(session, err, message);
    PQfinish(session->connection);
    session->connection = NULL;
    return err;
}

static void start(struct db_blocking *session) {
    session->until_ms = clock_monotonic_ms() + session->timeout_ms;
    session->message[0] = session->sqlstate[0] = '\0';
}

/* False when the time is up. */
static bool wait_for(struct db_blocking *session, short events) {
    for (;;) {
        int64_t left = session->until_ms - clock_monotonic_ms();
        struct pollfd ready = {.fd = PQsocket(session->connection), .events = events};
        if (left <= 0) return false;
        if (poll(&ready, 1, left > 60000 ? 60000 : (int)left) > 0) return true;
    }
}

static void ignore_notice(void *context, const PGresult *notice) {}

enum err db_blocking_open(const char *conninfo, int64_t timeout_ms, struct db_blocking **ret_session) {
    struct db_blocking *session = calloc(1, sizeof *session);
    must(session != NULL);
    *ret_session = session;
    session->timeout_ms = timeout_ms;
    start(session);
    const char *names[] = {"dbname", "client_encoding", "fallback_application_name", NULL};
    const char *values[] = {conninfo, "UTF8", "paidan", NULL};
    session->connection = PQconnectStartParams(names, values, 1);
    must(session->connection != NULL);
    PostgresPollingStatusType step =
        PQstatus(session->connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (step == PGRES_POLLING_READING || step == PGRES_POLLING_WRITING) {
        if (!wait_for(session, step == PGRES_POLLING_READING ? POLLIN : POLLOUT))
            return lose(session, ERR_TIMEOUT, "no answer while connecting");
        step = PQconnectPoll(session->connection);
    }
    if (step == PGRES_POLLING_FAILED) return lose(session, ERR_CLOSED, PQerrorMessage(session->connection));
    PQsetNoticeReceiver(session->connection, ignore_notice, NULL);
    must(PQsetnonblocking(session->connection, 1) == 0);
    return ERR_NONE;
}

void db_blocking_close(struct db_blocking **session) {
    if (*session == NULL) return;
    PQfinish((*session)->connection);
    free(*session);
    *session = NULL;
}

const char *db_blocking_message(const struct db_blocking *session) {
    return session->message;
}

const char *db_blocking_sqlstate(const struct db_blocking *session) {
    return session->sqlstate;
}

static bool send_everything(struct db_blocking *session) {
    for (;;) {
        int left = PQflush(session->connection);
        if (left <= 0) return left == 0;
        if (!wait_for(session, POLLIN | POLLOUT)) return false;
        if (PQconsumeInput(session->connection) != 1) return false;
    }
}

/* NULL, with *ret_lost, when time or the connection ended; NULL alone after the last result. */
static PGresult *next_result(struct db_blocking *session, bool *ret_lost) {
    while (PQisBusy(session->connection)) {
        if (wait_for(session, POLLIN) && PQconsumeInput(session->connection) == 1) continue;
        *ret_lost = true;
        return NULL;
    }
    return PQgetResult(session->connection);
}

static enum err judge(struct db_blocking *session, const char *sql, const PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) {
        if (!db_tag_lies(sql, PQcmdStatus((PGresult *)(uintptr_t)result))) return ERR_NONE;
        strcpy(session->sqlstate, "25P02");
        return fail(session, ERR_REFUSED, "the transaction had been aborted; COMMIT rolled it back");
    }
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    snprintf(session->sqlstate, sizeof session->sqlstate, "%s", sqlstate != NULL ? sqlstate : "");
    return fail(session, ERR_REFUSED, PQresultErrorMessage(result));
}

static enum err lost(struct db_blocking *session) {
    bool late = clock_monotonic_ms() >= session->until_ms;
    return lose(session, ERR_UNKNOWN_OUTCOME, late ? "no answer in time" : PQerrorMessage(session->connection));
}

/* Reads to the end of what was sent; keeps the last result when all went well. */
static enum err finish(struct db_blocking *session, const char *sql, struct db_result **ret_result) {
    enum err err = ERR_NONE;
    PGresult *last = NULL;
    bool is_lost = !send_everything(session);
    for (PGresult *result; !is_lost && (result = next_result(session, &is_lost)) != NULL;) {
        if (err == ERR_NONE) err = judge(session, sql, result);
        PQclear(last);
        last = result;
        if (PQresultStatus(result) == PGRES_COPY_IN || PQresultStatus(result) == PGRES_COPY_OUT) is_lost = true;
    }
    if (is_lost || PQstatus(session->connection) == CONNECTION_BAD) err = lost(session);
    if (err == ERR_NONE && ret_result != NULL) {
        *ret_result = (struct db_result *)(void *)last;
        return ERR_NONE;
    }
    PQclear(last);
    return err;
}

enum err db_run_blocking(struct db_blocking *session, const char *sql, const struct db_call *parameters,
                         struct db_result **ret_result) {
    if (session->connection == NULL) return ERR_CLOSED;
    start(session);
    struct db_arguments arguments = {.count = 0};
    if (parameters != NULL) db_call_arguments(parameters, &arguments);
    if (PQsendQueryParams(session->connection, sql, arguments.count, arguments.types, arguments.values,
                          arguments.lengths, arguments.formats, 1) != 1)
        return lose(session, ERR_CLOSED, PQerrorMessage(session->connection));
    return finish(session, sql, ret_result);
}

enum err db_script_blocking(struct db_blocking *session, const char *sql) {
    if (session->connection == NULL) return ERR_CLOSED;
    start(session);
    if (PQsendQuery(session->connection, sql) != 1)
        return lose(session, ERR_CLOSED, PQerrorMessage(session->connection));
    return finish(session, "", NULL);
}

enum err db_check_durable(struct db_blocking *session) {
    struct db_result *result;
    enum err err = db_run_blocking(session, DB_DURABLE_SQL, NULL, &result);
    if (err != ERR_NONE) return err;
    if (db_rows(result) > 0) {
        char message[128];
        snprintf(message, sizeof message, "%s is off: a COMMIT could be lost", db_get_text(result, 0, 0, NULL));
        err = fail(session, ERR_REFUSED, message);
    }
    db_result_free(&result);
    return err;
}
