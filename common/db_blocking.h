/* PostgreSQL, one call at a time, for the command line, migrations, imports and what a service does before its loop runs.
 * Every wait has a deadline. Never call from a loop's handler: common/db.h is for that. */
#ifndef COMMON_DB_BLOCKING_H
#define COMMON_DB_BLOCKING_H

#include "common/db.h"

struct db_blocking;

/* On failure *ret_session is still set (unless memory itself is lacking), so that db_blocking_message() can be asked; close it
 * in either case. timeout_ms is for the connect and for each later call. */
MUST_USE enum err db_blocking_open(const char *conninfo, int64_t timeout_ms, struct db_blocking **ret_session);
void db_blocking_close(struct db_blocking **session);

/* What went wrong last, for the log or the terminal; "" when nothing did. */
const char *db_blocking_message(const struct db_blocking *session);
const char *db_blocking_sqlstate(const struct db_blocking *session);

/* A call that belongs to no group, for parameters: db_set_..., db_push_... as usual. */
struct db_call *db_call_new(void);
void db_call_clear(struct db_call *call);
void db_call_free(struct db_call **call);

/* One statement with binary parameters (NULL: none) and a binary result. ERR_REFUSED: see message and sqlstate;
 * a COMMIT that the server turned into a ROLLBACK is ERR_REFUSED too. ret_result may be NULL. */
MUST_USE enum err db_run_blocking(struct db_blocking *session, const char *sql, const struct db_call *parameters,
                                  struct db_result **ret_result);
void db_result_free(struct db_result **result);

/* A text of any number of statements (a migration). Stops at the first refusal. */
MUST_USE enum err db_script_blocking(struct db_blocking *session, const char *sql);

/* ERR_REFUSED, with a message that names the setting, when an acknowledged COMMIT could be lost in a crash: fsync,
 * full_page_writes or this role's synchronous_commit is off. Ask before serving. */
MUST_USE enum err db_check_durable(struct db_blocking *session);

#endif
