/* One request being answered: who asks, by which route, with which reference data, and the statements it needs. Handlers are
 * small functions over a struct call; each ends by exactly one call_answer..., call_problem... or by handing the call on.
 *
 * Reading goes through call_read, which names the principal's scope to PostgreSQL first, so that row level security stands
 * behind every statement (the second wall). */
#ifndef CONSOLE_CALL_H
#define CONSOLE_CALL_H

#include "common/json_writer.h"
#include "services/console/console.h"
#include "services/console/reach.h"

struct cJSON;
struct call;
struct door;

enum { CALL_WRONGS_MAX = 20, CALL_TIMEOUT_MS = 10000 };

typedef void call_handler(struct call *call);
/* reply->err is ERR_NONE, unless the caller set call->takes_errors. results[0] belongs to the scope after call_read. */
typedef void call_done(struct call *call, const struct db_reply *reply);

struct call {
    struct console *console;
    struct http_request *request;
    const struct door *door;
    int action; /* enum action, or the command's */
    struct who who;
    struct reach reach;          /* of that action */
    struct reference *reference; /* held */
    struct db_group *group;
    call_done *done;
    bool takes_errors;
    struct cJSON *tree;        /* of the body, once asked for */
    struct json_writer writer; /* into console->out */
    int wrong_count;
    struct http_fault wrongs[CALL_WRONGS_MAX];
    void *self; /* the handler's own, in the arena */
};

/* From the request's arena, zeroed; must: fits. */
void *call_take(struct call *call, size_t size);
PRINTF(2, 3) char *call_printf(struct call *call, const char *format, ...);

enum lang call_lang(const struct call *call);
const struct world *call_world(const struct call *call);

/* ---- the body, an object. NULL: the answer (400 or 422) was given. */

/* Held against the schema of the door's body (body_schema.h), which says what may be in it. */
struct cJSON *call_json_body(struct call *call);
/* As it came: in other words than ours, or held against another schema by the handler. */
struct cJSON *call_json_tree(struct call *call);

/* ---- what is wrong with the input, field by field; call_is_wrong answers with all of them and says true. The one rule of all doors
 * (docs/api.md): what is wrong with the query is 400; with the body `status`, 400 when it cannot be read as described (form, type, an
 * unknown or missing member), 422 when it can, but its value is not acceptable. */
void call_wrong(struct call *call, const char *pointer, const char *zh, const char *en);
bool call_is_wrong(struct call *call, int status);
/* A word that is none of its set: says so, and which there are. */
void call_wrong_word(struct call *call, const char *pointer, enum word_set set);

/* A query parameter as a number in 1..max, `fallback` when absent; wrong otherwise. */
int64_t call_query_int(struct call *call, const char *name, int64_t fallback, int64_t max);
/* A time, RFC 3339 or a date YYYY-MM-DD (its start); 0 when absent. */
time_ms call_query_time(struct call *call, const char *name);
/* from and to of the query as above; when both are given, from must lie before to. */
void call_query_period(struct call *call, time_ms *ret_from, time_ms *ret_to);
/* One of the words (NULL-terminated), or NULL when absent; wrong when it is another. */
const char *call_query_choice(struct call *call, const char *name, const char *const *words);
/* The same of a vocabulary: its value, 0 when absent or wrong. */
int call_query_word(struct call *call, const char *name, enum word_set set);
/* A unit's code in the query: its id, 0 when absent or wrong. */
uint32_t call_query_unit(struct call *call, const char *name);
/* A cursor made by call_cursor: its numbers. False when absent; wrong when it is none of ours. */
bool call_query_cursor(struct call *call, int64_t ret_numbers[2]);
/* Text of a cursor, in the arena. */
const char *call_cursor(struct call *call, int64_t first, int64_t second);
/* "next_cursor", and the Link header with rel="next"; NULL: this is the last page. */
void call_put_next(struct call *call, struct json_writer *w, const char *cursor);
/* {number} of the path; false: answered 404. */
bool call_ticket_number(struct call *call, int64_t *ret_ticket);
bool call_request_number(struct call *call, int64_t *ret_request);

/* ---- the database */

void call_read(struct call *call);     /* begins a reading group, its first call the scope */
void call_transact(struct call *call); /* begins BEGIN ... COMMIT, likewise */
struct db_call *call_add(struct call *call, const struct db_statement *statement);
void call_send(struct call *call, call_done *done);
/* The ordinary answer to a group that failed: 503, 409, 422 or 500. */
void call_db_problem(struct call *call, const struct db_reply *reply);

/* Adds an audit row to the group: done by the caller's principal, now. detail: JSON text or NULL; ids only. */
void call_audit(struct call *call, const char *action, const char *object, const char *outcome, const char *detail);
/* Of a change that may find nothing to change: `sql` ends with RETURNING id, and is audited when there was a row, else not. Its own
 * parameters begin at $7; it may use $1 now, $2 the principal's user, $4 its unit. */
#define CALL_AUDITED(sql)                                                                                              \
    "WITH done AS (" sql "), told AS (SELECT audit_append($1::int8, $2::int8, $3::int2, $4::int4, $5::text, "          \
    "$6::text, 'ok', NULL) FROM done) SELECT id FROM done, told"
struct db_call *call_add_audited(struct call *call, const struct db_statement *statement, const char *action,
                                 const char *object);
/* The same for an act that has no transaction of its own (a refusal); nobody waits for it. */
void call_audit_alone(struct call *call, const char *action, const char *object, const char *outcome);

/* ---- the answer; the call is gone afterwards */

struct json_writer *call_json(struct call *call); /* begins the body; end it with call_answer */
void call_answer(struct call *call, int status);
void call_answer_nothing(struct call *call); /* 204 */
void call_answer_bytes(struct call *call, int status, const char *content_type, const struct buffer *bytes);
void call_problem(struct call *call, int status, const char *zh, const char *en);
/* With a type of its own ("urn:paidan:problem:TYPE") and title. */
void call_problem_type(struct call *call, int status, const char *type, struct sentence title, struct sentence detail);
/* What a problem of our own making begins with: type, title, status, detail; then members, then call_answer_problem. */
struct json_writer *call_problem_json(struct call *call, int status, const char *type, struct sentence title,
                                      struct sentence detail);
void call_answer_problem(struct call *call, int status);
void call_not_found(struct call *call);
void call_not_permitted(struct call *call);
/* Lets go of everything but the request, for a handler that answers by itself (a stream). */
void call_release(struct call *call);

/* Makes the call for a request whose principal is known. who NULL: nobody. */
struct call *call_new(struct console *console, struct http_request *request, const struct door *door,
                      const struct who *who);

#endif
