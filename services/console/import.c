/* See import.h. */
#include "services/console/import.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/log.h"
#include "proto/must.h"
#include "services/console/news.h"
#include "services/console/preview.h"

enum {
    TRIES_MAX = 40,
    AGAIN_MS = 50,
    RELOAD_MAX_MS = 10000,
    PATIENCE_MS = 25000,
    ARENA_CHUNK = 1 << 18,
    ARENA_MAX = 256 << 20
};

/* A function in SQL that refuses with PD003 when the version is another one by now. */
static const struct db_statement ADVANCE = {"import_advance", "SELECT world_advance($1::int4)"};

static const struct db_statement LOADED = {
    "import_loaded",
    "INSERT INTO world_load (version, kind, names, at) SELECT version, $1::text, $2::text, $3::int8 FROM world"};

static void check(struct import *in);

/* ---- for the checks ----------------------------------------------------------------------------------------------------------------------- */

void *import_take(struct import *in, size_t count, size_t size) {
    void *memory = arena_zeroed(&in->arena, count ? count : 1, size);
    must(memory);
    return memory;
}

char *import_printf(struct import *in, const char *format, ...) {
    char small[512];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(small, sizeof small, format, list);
    va_end(list);
    must(length >= 0);
    if ((size_t)length >= sizeof small) length = (int)strlen(small); /* sentences are short; a long quotation is cut */
    char *text = arena_copy(&in->arena, small, (size_t)length);
    must(text);
    return text;
}

void import_fault(struct import *in, size_t row, const char *column, const char *zh, const char *en) {
    if (in->fault_count < IMPORT_FAULTS_MAX) in->faults[in->fault_count] = (struct import_fault){row, column, zh, en};
    in->fault_count++;
}

void import_warn(struct import *in, const char *zh, const char *en) {
    if (in->warning_count < IMPORT_WARNINGS_MAX) in->warnings[in->warning_count] = (struct sentence){zh, en};
    in->warning_count++;
}

/* ---- the end ------------------------------------------------------------------------------------------------------------------------------- */

static void done(struct import *in) {
    if (in->timer) loop_timer_free(&in->timer);
    arena_done(&in->arena);
}

void import_end(struct import *in) {
    done(in);
}

/* Somebody else was quicker than this one change. */
static void answer_stale(struct import *in) {
    static const struct sentence title = {"已被他人修改", "It has changed meanwhile"},
                                 detail = {"请读取现在的版本后再改", "Read its present version, and change that"};
    done(in);
    call_problem_type(in->call, 409, "stale-rule", title, detail);
}

static void answer_faults(struct import *in) {
    if (in->single && in->stale) {
        answer_stale(in);
        return;
    }
    static const struct sentence title = {"文件有误, 未导入", "The file has mistakes; nothing was loaded"};
    static const struct sentence detail = {"请按 errors 所列的行和列改正后重新导入",
                                           "Correct the rows and columns named in errors, then import it again"};
    struct call *call = in->call;
    bool english = call_lang(call) == LANG_EN;
    struct json_writer *w = call_problem_json(call, 422, "import", title, detail);
    json_put_int(w, "rows", in->rows);
    json_put_int(w, "error_count", in->fault_count);
    json_put_open_list(w, "errors");
    for (int i = 0; i < in->fault_count && i < IMPORT_FAULTS_MAX; i++) {
        const struct import_fault *fault = &in->faults[i];
        char pointer[400], where[160];
        pointer[0] = 0;
        if (fault->row)
            snprintf(pointer, sizeof pointer, fault->column[0] ? "/rows/%zu/%s" : "/rows/%zu", fault->row,
                     fault->column);
        if (in->single) snprintf(pointer, sizeof pointer, "%s%s", fault->column[0] ? "/" : "", fault->column);
        if (!fault->row || in->single)
            where[0] = 0;
        else if (fault->column[0])
            snprintf(where, sizeof where, english ? "row %zu, %s: " : "第 %zu 行 %s: ", fault->row, fault->column);
        else
            snprintf(where, sizeof where, english ? "row %zu: " : "第 %zu 行: ", fault->row);
        json_open(w);
        json_put_string(w, "pointer", pointer);
        json_put_string(w, "detail", import_printf(in, "%s%s", where, english ? fault->en : fault->zh));
        json_close(w);
    }
    json_close_list(w);
    done(in);
    call_answer_problem(call, 422);
}

static void answer_done(struct import *in) {
    struct call *call = in->call;
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_string(w, "kind", in->kind->name);
    json_put_bool(w, "dry_run", in->dry_run);
    if (in->compared) json_put_bool(w, "changed", in->changed);
    json_put_int(w, "rows", in->rows);
    json_put_int(w, "created", in->created);
    json_put_int(w, "updated", in->updated);
    json_put_int(w, "removed", in->removed);
    json_put_int(w, "world", in->dry_run ? in->reference->world.version : in->version);
    json_put_int(w, "warning_count", in->warning_count);
    json_put_open_list(w, "warnings");
    for (int i = 0; i < in->warning_count && i < IMPORT_WARNINGS_MAX; i++) {
        json_open(w);
        json_put_string(w, "zh", in->warnings[i].zh);
        json_put_string(w, "en", in->warnings[i].en);
        json_close(w);
    }
    json_close_list(w);
    if (in->kind->tell) in->kind->tell(in, w);
    json_close(w);
    done(in);
    call_answer(call, 200);
}

void import_answer(struct import *in) {
    answer_done(in);
}

void import_fail(struct import *in, const struct db_reply *reply) {
    struct call *call = in->call;
    done(in);
    call_db_problem(call, reply);
}

/* ---- storing --------------------------------------------------------------------------------------------------------------------------------- */

/* The next request must see what this one stored: answered when the console itself has read it. */
static void wait_for_reload(void *context) {
    struct import *in = context;
    struct console *console = in->call->console;
    if (console->reference->world.version < in->version && clock_monotonic_ms() < in->wait_until) {
        console_world_changed(console, in->version);
        return;
    }
    answer_done(in);
}

static void try_again(void *context) {
    struct import *in = context;
    struct call *call = in->call;
    struct console *console = call->console;
    console_world_changed(console, 0);
    if (console->reference->world.version == in->reference->world.version) return; /* not read yet */
    loop_timer_free(&in->timer);
    reference_release(&call->reference);
    call->reference = reference_hold(console->reference);
    check(in);
}

static void every(struct import *in, void (*fn)(void *context), int64_t ms) {
    in->timer = loop_timer_new(in->call->console->kit->loop, fn, in);
    loop_timer_start(in->timer, ms, ms);
}

static void on_stored(struct call *call, const struct db_reply *reply) {
    struct import *in = call->self;
    if (reply->err == ERR_REFUSED && !strcmp(reply->sqlstate, "PD003") && in->tries < TRIES_MAX) {
        every(in, try_again, AGAIN_MS); /* somebody else loaded something: check again against that */
        return;
    }
    if (reply->err != ERR_NONE) {
        log_warn("import_failed", LOG_TEXT("kind", in->kind->name), LOG_ERR(reply->err),
                 LOG_TEXT("sqlstate", reply->sqlstate));
        done(in);
        call_db_problem(call, reply);
        return;
    }
    in->version = (uint32_t)db_get_int(reply->results[1], 0, 0);
    struct world_changed changed = {.world = in->version};
    (void)!news_send(call->console->news, MESSAGE_world_changed, 0, NULL, &changed); /* its beat tells it otherwise */
    log_info("imported", LOG_TEXT("kind", in->kind->name), LOG_INT("rows", in->rows), LOG_INT("world", in->version));
    in->wait_until = clock_monotonic_ms() + RELOAD_MAX_MS;
    console_world_changed(call->console, in->version);
    every(in, wait_for_reload, 5);
}

static void store(struct import *in) {
    struct call *call = in->call;
    char detail[160];
    call->takes_errors = true;
    call_transact(call);
    db_set_int4(call_add(call, &ADVANCE), 1, (int32_t)in->reference->world.version);
    struct db_call *loaded = call_add(call, &LOADED);
    db_set_string(loaded, 1, in->kind->name);
    db_set_string(loaded, 2, in->names ? in->names : "");
    db_set_int8(loaded, 3, clock_now());
    in->kind->store(in);
    snprintf(detail, sizeof detail, "{\"rows\":%lld,\"created\":%lld,\"updated\":%lld,\"removed\":%lld}",
             (long long)in->rows, (long long)in->created, (long long)in->updated, (long long)in->removed);
    call_audit(call, "import", in->kind->name, "ok", detail);
    call_send(call, on_stored);
}

/* ---- a dry run: stored, compared, and taken back -------------------------------------------------------------------------------------------------- */

/* The second call always refuses: PD004 something changed, PD005 nothing did. Either way nothing stays. */
static const struct db_statement COMPARE = {"import_compare", "SELECT import_compare($1::text[], $2::bool)"};

static void add_compare(struct import *in, bool before) {
    struct db_call *call = call_add(in->call, &COMPARE);
    db_set_string(call, 1, in->kind->tables);
    db_set_bool(call, 2, before);
}

static void on_compared(struct call *call, const struct db_reply *reply) {
    struct import *in = call->self;
    bool same = reply->err == ERR_REFUSED && !strcmp(reply->sqlstate, "PD005");
    if (!same && (reply->err != ERR_REFUSED || strcmp(reply->sqlstate, "PD004"))) {
        log_warn("dry_run_failed", LOG_TEXT("kind", in->kind->name), LOG_ERR(reply->err),
                 LOG_TEXT("sqlstate", reply->sqlstate), LOG_TEXT("why", reply->message));
        done(in);
        call_db_problem(call, reply);
        return;
    }
    in->compared = true;
    in->changed = !same;
    if (in->kind->ahead)
        in->kind->ahead(in);
    else
        answer_done(in);
}

static void compare(struct import *in) {
    in->call->takes_errors = true;
    call_transact(in->call);
    add_compare(in, true);
    in->kind->store(in);
    add_compare(in, false);
    call_send(in->call, on_compared);
}

/* ---- checking, in a thread ------------------------------------------------------------------------------------------------------------------- */

static void work(void *context) {
    struct import *in = context;
    in->kind->check(in);
}

/* Nobody would hear the answer. */
static void refuse_late(struct import *in) {
    done(in);
    call_problem(in->call, 503, "文件过大, 来不及处理; 请拆分后再导入",
                 "Too much for one file in the time there is; split it");
}

static void on_checked(void *context) {
    struct import *in = context;
    if (in->fault_count) {
        answer_faults(in);
    } else if (in->preview && in->kind->preview) {
        in->kind->preview(in);
    } else if (in->preview) {
        preview_begin(in);
    } else if (in->dry_run && in->kind->tables) {
        compare(in);
    } else if (in->dry_run) {
        answer_done(in);
    } else if (clock_monotonic_ms() - in->began_at > PATIENCE_MS) {
        refuse_late(in);
    } else if (in->kind->prepare) {
        in->kind->prepare(in);
    } else {
        store(in);
    }
}

void import_prepared(struct import *in) {
    if (clock_monotonic_ms() - in->began_at > PATIENCE_MS)
        refuse_late(in);
    else
        store(in);
}

static void check(struct import *in) {
    struct call *call = in->call;
    in->tries++;
    in->reference = call->reference;
    in->stale = false;
    in->rows = in->created = in->updated = in->removed = in->fault_count = in->warning_count = 0;
    arena_reset(&in->arena);
    if (loop_work(call->console->kit->loop, work, on_checked, in) == ERR_NONE) return;
    done(in);
    call_problem(call, 503, "系统繁忙, 请稍后再试", "Too busy now, try again");
}

static bool has_type(const struct call *call, bool geojson) {
    const char *type = http_header(call->request, "Content-Type");
    if (!type) return false;
    if (!geojson) return !strncasecmp(type, "text/csv", 8);
    return !strncasecmp(type, "application/geo+json", 20) || !strncasecmp(type, "application/json", 16);
}

static void begin(struct import *in, struct call *call, const struct import_kind *kind) {
    static const char *const dry_run[] = {"0", "1", NULL};
    const char *dry = call_query_choice(call, "dry_run", dry_run);
    if (call_is_wrong(call, 400)) return;
    in->kind = kind;
    in->call = call;
    in->dry_run = dry && strcmp(dry, "0") != 0;
    in->began_at = clock_monotonic_ms();
    arena_init(&in->arena, ARENA_CHUNK, ARENA_MAX);
    check(in);
}

static void start(struct call *call, const struct import_kind *kind, const void *known, bool preview) {
    struct import *in = call_take(call, sizeof *in);
    call->self = in;
    in->preview = preview;
    if (!has_type(call, kind->geojson)) {
        call_problem(call, 415, kind->geojson ? "需要 application/geo+json" : "需要 text/csv",
                     kind->geojson ? "Send application/geo+json" : "Send text/csv");
        return;
    }
    in->known = known;
    in->bytes = (const char *)http_body(call->request, &in->len);
    begin(in, call, kind);
}

void import_one(struct call *call, const struct import_kind *kind, const char *bytes, size_t len) {
    struct import *in = call_take(call, sizeof *in);
    call->self = in;
    in->single = true;
    in->bytes = bytes;
    in->len = len;
    begin(in, call, kind);
}

void import_start(struct call *call, const struct import_kind *kind, const void *known) {
    start(call, kind, known, false);
}

void import_preview(struct call *call, const struct import_kind *kind) {
    start(call, kind, NULL, true);
}
