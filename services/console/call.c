/* A request's life: made, its statements sent, let go. Input is call_input.c, answers are call_answer.c. */
#include "services/console/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/json.h"
#include "common/log.h"
#include "common/metrics.h"
#include "proto/must.h"
#include "services/console/door.h"

METRIC_COUNTER(audits_lost, "paidan_console_refusals_unaudited_total",
               "Refusals that came too fast for an audit row each; the requests were refused all the same.");

enum { AUDITS_ALONE_MAX = 200 };

static const struct db_statement SCOPE = {
    "console_scope",
    "SELECT set_config('paidan.everything', $1::text, true), set_config('paidan.units', $2::text, true), "
    "set_config('paidan.sources', $3::text, true)"};
static const struct db_statement AUDIT = {
    "console_audit",
    "SELECT audit_append($1::int8, $2::int8, $3::int2, $4::int4, $5::text, $6::text, $7::text, $8::text::jsonb)"};

struct call *call_new(struct console *console, struct http_request *request, const struct door *door,
                      const struct who *who) {
    struct call *call = arena_zeroed(http_arena(request), 1, sizeof *call);
    must(call);
    call->console = console;
    call->request = request;
    call->door = door;
    if (who) call->who = *who;
    if (console->reference) call->reference = reference_hold(console->reference);
    return call;
}

void call_release(struct call *call) {
    must(!call->group || !db_group_under_way(call->group));
    db_group_free(&call->group);
    json_free(&call->tree);
    if (call->reference) reference_release(&call->reference);
}

void *call_take(struct call *call, size_t size) {
    void *memory = arena_zeroed(http_arena(call->request), 1, size);
    must(memory);
    return memory;
}

char *call_printf(struct call *call, const char *format, ...) {
    char small[512];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(small, sizeof small, format, list);
    va_end(list);
    must(length >= 0);
    char *text = call_take(call, (size_t)length + 1);
    va_start(list, format);
    vsnprintf(text, (size_t)length + 1, format, list);
    va_end(list);
    return text;
}

enum lang call_lang(const struct call *call) {
    return http_language(call->request) == LANGUAGE_EN ? LANG_EN : LANG_ZH;
}

const struct world *call_world(const struct call *call) {
    return &call->reference->world;
}

/* ---- statements ------------------------------------------------------------------------------------------------------------- */

static void begin(struct call *call, enum db_group_kind kind) {
    static struct buffer units, sources;
    if (!call->group) call->group = db_group_new();
    db_group_begin(call->group, kind);
    buffer_clear(&units);
    buffer_clear(&sources);
    if (call->reach.root)
        reach_units_text(call_world(call), call->reach.root, &units);
    else
        buffer_append_text(&units, "{}");
    reach_sources_text(&call->reach, &sources);
    struct db_call *scope = call_add(call, &SCOPE);
    db_set_string(scope, 1, call->reach.everything ? "1" : "0");
    db_set_text(scope, 2, (const char *)units.data, units.length);
    db_set_text(scope, 3, (const char *)sources.data, sources.length);
}

void call_read(struct call *call) {
    begin(call, DB_READ);
}

void call_transact(struct call *call) {
    begin(call, DB_TRANSACTION);
}

struct db_call *call_add(struct call *call, const struct db_statement *statement) {
    return db_group_add(call->group, statement);
}

static void on_done(void *context, const struct db_reply *reply) {
    struct call *call = context;
    if (reply->err != ERR_NONE && !call->takes_errors)
        call_db_problem(call, reply);
    else
        call->done(call, reply);
}

void call_send(struct call *call, call_done *done) {
    call->done = done;
    db_pool_send(call->console->pool, call->group, CALL_TIMEOUT_MS, on_done, call);
}

void call_db_problem(struct call *call, const struct db_reply *reply) {
    static const struct sentence unknown = {"结果未知", "The outcome is not known"};
    switch (reply->err) {
    case ERR_UNKNOWN_OUTCOME:
        call_problem_type(call, 503, "unknown-outcome", unknown,
                          (struct sentence){"请先查询是否已生效, 再决定是否重试",
                                            "Look whether it took effect before you try again"});
        return;
    case ERR_REFUSED:
        if (db_is_duplicate(reply)) {
            call_problem(call, 409, "已经存在", "It exists already");
            return;
        }
        if (db_is_retryable(reply)) break;
        log_error("statement_refused", LOG_TEXT("sqlstate", reply->sqlstate), LOG_INT("call", reply->failed_call),
                  LOG_TEXT("path", call->door->path));
        if (db_is_bad_input(reply))
            call_problem(call, 422, "数据无法保存", "The data cannot be stored");
        else
            call_problem(call, 500, "内部错误, 已记录", "An internal error; it was logged");
        return;
    default:
        break;
    }
    call_problem(call, 503, "数据库暂不可用, 请稍后再试", "The database does not answer, try again");
}

/* ---- audit -------------------------------------------------------------------------------------------------------------------- */

static void fill_who(struct db_call *audit, const struct principal *by, const char *action, const char *object) {
    db_set_int8(audit, 1, clock_now());
    db_set_int8(audit, 2, by->user);
    db_set_int2(audit, 3, by->role);
    db_set_int4(audit, 4, (int32_t)by->unit);
    db_set_string(audit, 5, action);
    db_set_string(audit, 6, object);
}

static void fill_audit(struct db_call *audit, const struct principal *by, const char *action, const char *object,
                       const char *outcome, const char *detail) {
    fill_who(audit, by, action, object);
    db_set_string(audit, 7, outcome);
    db_set_string(audit, 8, detail);
}

struct db_call *call_add_audited(struct call *call, const struct db_statement *statement, const char *action,
                                 const char *object) {
    struct db_call *change = call_add(call, statement);
    fill_who(change, &call->who.principal, action, object);
    return change;
}

void call_audit(struct call *call, const char *action, const char *object, const char *outcome, const char *detail) {
    fill_audit(call_add(call, &AUDIT), &call->who.principal, action, object, outcome, detail);
}

static int audits_alone;

static void on_audited(void *context, const struct db_reply *reply) {
    struct db_group *group = context;
    if (reply->err != ERR_NONE) log_warn("refusal_not_audited", LOG_ERR(reply->err));
    audits_alone--;
    db_group_free(&group);
}

void call_audit_alone(struct call *call, const char *action, const char *object, const char *outcome) {
    if (audits_alone >= AUDITS_ALONE_MAX) {
        metric_add(&audits_lost, 0, 1);
        return;
    }
    struct db_group *group = db_group_new();
    db_group_begin(group, DB_WRITE);
    fill_audit(db_group_add(group, &AUDIT), &call->who.principal, action, object, outcome, NULL);
    audits_alone++;
    db_pool_send(call->console->pool, group, CALL_TIMEOUT_MS, on_audited, group);
}
