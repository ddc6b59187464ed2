/* From nothing to a usable connection and back: connecting step by step, the check of durability, dropping, pausing. */
#define _GNU_SOURCE /* asprintf */
#include "common/db_internal.h"
#include "proto/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A whole large group, so that the server never waits in the middle of one for us to be on the processor. */
enum { SEND_BUFFER = 1 << 20 };

static const struct db_statement DURABLE = {"db_durable", DB_DURABLE_SQL};

/* The conninfo's own server options and ours, as libpq takes those of one place only. The caller frees it. */
static char *server_options(const struct db *db) {
    const char *ours = db->options.force_generic_plan ? "-c plan_cache_mode=force_generic_plan" : "", *theirs = "";
    PQconninfoOption *parsed = PQconninfoParse(db->conninfo, NULL); /* NULL: connecting will say what is wrong */
    for (PQconninfoOption *option = parsed; option && option->keyword; option++)
        if (!strcmp(option->keyword, "options") && option->val) theirs = option->val;
    char *both;
    must(asprintf(&both, "%s%s%s", theirs, *theirs && *ours ? " " : "", ours) >= 0);
    PQconninfoFree(parsed);
    return both;
}

void db_connect(struct db *db) {
    char *options = server_options(db);
    const char *names[] = {"dbname", "application_name", "client_encoding", "options", NULL};
    const char *values[] = {db->conninfo, db->application_name, "UTF8", options, NULL};
    db->connection = PQconnectStartParams(names, values, 1);
    free(options);
    must(db->connection != NULL);
    db->phase = DB_CONNECTING;
    db->connect_by_ms = clock_monotonic_ms() + db->options.connect_timeout_ms;
    db_set_timer(db, db->connect_by_ms);
    if (PQstatus(db->connection) == CONNECTION_BAD) {
        db_drop(db, ERR_CLOSED, PQerrorMessage(db->connection));
        return;
    }
    PQsetNoticeReceiver(db->connection, db_wire_notice, db);
    must(loop_fd_new(db->loop, PQsocket(db->connection), db_on_ready, db, &db->watcher) == ERR_NONE);
    loop_fd_watch(db->watcher, LOOP_WRITE);
}

static void is_up(struct db *db) {
    db->phase = DB_UP;
    backoff_reset(&db->backoff);
    db_tell_state(db, ERR_NONE, "");
}

static void durable_known(void *context, const struct db_reply *reply) {
    struct db *db = context;
    if (db->phase != DB_CHECKING) return; /* dropped meanwhile */
    if (reply->err != ERR_NONE) {
        db_drop(db, ERR_CLOSED, reply->message);
    } else if (db_rows(reply->results[0]) > 0) {
        char message[128];
        snprintf(message, sizeof message, "%s is off: a COMMIT could be lost",
                 db_get_text(reply->results[0], 0, 0, NULL));
        db_drop(db, ERR_REFUSED, message);
    } else {
        is_up(db);
    }
}

static void is_connected(struct db *db) {
    must(PQsetnonblocking(db->connection, 1) == 0 && PQenterPipelineMode(db->connection) == 1);
    loop_fd_watch(db->watcher, db->watching = LOOP_READ);
    if (!db->options.require_durable) {
        is_up(db);
        return;
    }
    db->phase = DB_CHECKING;
    db_group_begin(db->check, DB_READ);
    db_group_add(db->check, &DURABLE);
    db_own_send(db, db->check, db->connect_by_ms - clock_monotonic_ms(), durable_known);
}

/* The socket may be another one after each step, under the same number: the watcher goes before, and is made anew. */
void db_connection_ready(struct db *db) {
    loop_fd_free(&db->watcher);
    PostgresPollingStatusType step = PQconnectPoll(db->connection);
    if (step == PGRES_POLLING_FAILED) {
        db_drop(db, ERR_CLOSED, PQerrorMessage(db->connection));
        return;
    }
    must(loop_fd_new(db->loop, PQsocket(db->connection), db_on_ready, db, &db->watcher) == ERR_NONE);
    if (step == PGRES_POLLING_OK) {
        int bytes = SEND_BUFFER;
        setsockopt(PQsocket(db->connection), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes); /* less will do */
        is_connected(db);
    } else
        loop_fd_watch(db->watcher, step == PGRES_POLLING_READING ? LOOP_READ : LOOP_WRITE);
}

void db_hang_up(struct db *db) {
    if (db->connection == NULL) return;
    loop_fd_free(&db->watcher);
    /* a stopped server must not hold us up with the goodbye */
    if (db->sent.count > 0) shutdown(PQsocket(db->connection), SHUT_RDWR);
    PQfinish(db->connection);
    db->connection = NULL;
    memset(db->prepared, 0, sizeof db->prepared);
    db->prepared_count = db->ends_in_a_row = 0;
    db->recycle = db->transaction_sent = false;
}

/* What was sent and not seen to end: a read changed nothing, anything else may have happened. */
void db_end_all(struct db *db) {
    for (struct db_group *group; (group = list_pop(&db->sent)) != NULL;) {
        group->reply.err = ERR_NONE; /* a refusal without its sync proves nothing */
        db_end(db, group, group->kind == DB_READ ? ERR_TIMEOUT : ERR_UNKNOWN_OUTCOME);
    }
    for (struct db_group *group; (group = list_pop(&db->waiting)) != NULL;) db_end(db, group, ERR_CLOSED);
}

void db_drop(struct db *db, enum err err, const char *message) {
    char kept[sizeof db->state_message]; /* message may belong to the connection */
    snprintf(kept, sizeof kept, "%s", message);
    db_hang_up(db);
    db_end_all(db);
    bool was_recycled = db->phase == DB_UP && err == ERR_AGAIN;
    db->phase = DB_PAUSING;
    db_tell_state(db, err, kept);
    db->timer_at_ms = 0;
    db_set_timer(db, clock_monotonic_ms() + (was_recycled ? 0 : backoff_pause(&db->backoff)));
}
