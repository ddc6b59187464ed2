/* GET /api/v1/attachments/{id} and its thumbnail: to whom the ticket it belongs to is shown (rules A2, A7); before it belongs to one, to
 * whoever sent it. Opened into a file without a name and sent from there, so that its size is nobody's memory. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/crypto_stream.h"
#include "common/log.h"
#include "core/ticket.h"
#include "services/console/attachments_inner.h"
#include "services/console/ticket_json.h"

static const struct db_statement FIND = {
    "attachment_find",
    "SELECT a.type, a.sha256, a.thumbnail, a.user_id, a.request, a.ticket, coalesce(r.source, 0), "
    "coalesce(r.confidential, false), t.body FROM attachment a LEFT JOIN request r ON r.id = a.request LEFT JOIN "
    "ticket_request tr ON tr.request = a.request LEFT JOIN ticket t ON t.id IN (a.ticket, tr.ticket, tr.origin) WHERE "
    "a.id = $1::text AND a.ready AND NOT a.swept"};
enum { TYPE, SHA256, THUMBNAIL, USER, REQUEST, TICKET, SOURCE, CONFIDENTIAL, BODY };

struct giving {
    struct attachment_job job;
    struct attachments *attachments;
    struct call *call;
    bool thumbnail;
    char key[FILE_STORE_KEY_MAX];
    char type[64];
    char etag[2 * 32 + 4];
    int fd;
    uint64_t length;
    enum err err;
};

/* ---- may it be given ---------------------------------------------------------------------------------------------------------- */

enum may { MAY_NOT_SEE, MAY_NOT_HAVE, MAY_HAVE, MAY_HAVE_AUDITED };

static enum may may_have_of(struct call *call, const struct db_result *rows, int row) {
    static struct ticket ticket;
    size_t length;
    const uint8_t *body = db_get_bytes(rows, row, BODY, &length);
    bool confidential = db_get_bool(rows, row, CONFIDENTIAL);
    enum ticket_file file = db_get_int(rows, row, TICKET) ? TICKET_FILE_STEP
                            : confidential                ? TICKET_FILE_CONFIDENTIAL
                                                          : TICKET_FILE_REQUEST;
    if (!body || !ticket_of_body(body, length, &ticket)) return MAY_NOT_SEE;
    struct principal by = who_toward(&call->who, ticket.source);
    if (!ticket_visible(call_world(call), &ticket, &by)) return MAY_NOT_SEE;
    if (!ticket_shows_files(call_world(call), &ticket, file, &by))
        return by.role == ROLE_INTEGRATION ? MAY_NOT_SEE : MAY_NOT_HAVE; /* not listed to a source either */
    return confidential || ticket.confidential || ticket.sensitive ? MAY_HAVE_AUDITED : MAY_HAVE;
}

/* Of several tickets (a merged request's own and the leading one) the best counts. */
static enum may may_have(struct call *call, const struct db_result *rows) {
    uint32_t source = (uint32_t)db_get_int(rows, 0, SOURCE);
    bool loose = db_get_int(rows, 0, REQUEST) == 0 && db_get_int(rows, 0, TICKET) == 0;
    bool by_sender = call->who.principal.user && db_get_int(rows, 0, USER) == call->who.principal.user;
    bool is_source = call->who.principal.role == ROLE_INTEGRATION;
    enum may best = by_sender && (loose || is_source) ? MAY_HAVE : MAY_NOT_SEE;
    if (is_source && source && reach_has_source(&call->reach, source)) best = MAY_HAVE; /* what it said itself */
    for (int i = 0; i < db_rows(rows); i++) {
        enum may may = may_have_of(call, rows, i);
        if (may > best) best = may;
    }
    return best;
}

/* ---- giving ------------------------------------------------------------------------------------------------------------------- */

static void fetch(struct attachment_job *job) {
    struct giving *g = job->context;
    int sealed = attachment_file_new(g->attachments);
    g->fd = attachment_file_new(g->attachments);
    g->err = sealed < 0 || g->fd < 0 ? ERR_IO : file_store_get(g->attachments->store, g->key, sealed);
    if (g->err == ERR_NONE) g->err = crypto_stream_open(g->attachments->key, g->key, sealed, g->fd, &g->length);
    if (sealed >= 0) close(sealed);
}

/* What a browser could run is a download; a picture may be shown. nginx says nosniff with every answer. */
static void set_headers(struct giving *g) {
    struct http_request *request = g->call->request;
    bool shown = g->thumbnail || !strncmp(g->type, "image/", 6);
    const char *end = g->thumbnail || !strcmp(g->type, "image/jpeg") ? "jpg"
                      : !strcmp(g->type, "application/pdf")          ? "pdf"
                                                                     : g->type + strlen("image/");
    http_set_header(request, "Content-Disposition",
                    call_printf(g->call, "%s; filename=\"%.8s.%s\"", shown ? "inline" : "attachment",
                                http_param(request, "id"), end));
    http_set_header(request, "Content-Security-Policy", "default-src 'none'; sandbox");
    http_set_header(request, "Cross-Origin-Resource-Policy", "same-origin");
    http_set_header(request, "Cache-Control", "private, no-cache"); /* kept, but asked for again each time */
    http_set_header(request, "ETag", g->etag);
}

static void on_fetched(void *context) {
    struct giving *g = context;
    struct call *call = g->call;
    struct http_request *request = call->request;
    if (g->err != ERR_NONE) {
        if (g->fd >= 0) close(g->fd);
        log_error("attachment_not_read", LOG_ERR(g->err), LOG_TEXT("key", g->key));
        bool gone = g->err == ERR_NOT_FOUND || g->err == ERR_INVALID;
        call_problem(call, gone ? 500 : 503, gone ? "附件已损坏, 已记录" : "附件暂时无法读取, 请稍后再试",
                     gone ? "The file is damaged; it was logged" : "The file cannot be read now, try again");
        return;
    }
    set_headers(g);
    call_release(call);
    http_answer_file(request, 200, g->thumbnail ? "image/jpeg" : g->type, g->fd, g->length);
}

static bool is_known(struct giving *g) {
    const char *known = http_header(g->call->request, "If-None-Match");
    return known && (strstr(known, g->etag) || !strcmp(known, "*"));
}

static void on_found(struct call *call, const struct db_reply *reply) {
    struct giving *g = call->self;
    const struct db_result *rows = reply->results[1];
    enum may may = db_rows(rows) ? may_have(call, rows) : MAY_NOT_SEE;
    const char *id = http_param(call->request, "id");
    size_t length;
    if (may == MAY_NOT_HAVE) {
        call_audit_alone(call, "attachment", id, "withheld");
        call_problem(call, 403, "涉密或保密工单的附件只给正在办理的单位查看",
                     "A file of a sensitive or confidential ticket is shown only to those who handle it now");
        return;
    }
    if (may == MAY_NOT_SEE || (g->thumbnail && !db_get_bool(rows, 0, THUMBNAIL))) {
        call_not_found(call);
        return;
    }
    if (may == MAY_HAVE_AUDITED && !g->thumbnail) call_audit_alone(call, "attachment", id, "done");
    char hex[2 * 32 + 1];
    crypto_to_hex(db_get_bytes(rows, 0, SHA256, &length), 32, hex);
    snprintf(g->etag, sizeof g->etag, "\"%s%s\"", hex, g->thumbnail ? "t" : "");
    snprintf(g->type, sizeof g->type, "%s", db_get_text(rows, 0, TYPE, &length));
    attachment_store_key(id, g->thumbnail, g->key);
    if (is_known(g)) {
        set_headers(g);
        struct http_request *request = call->request;
        call_release(call);
        http_answer(request, 304, NULL, NULL, 0);
        return;
    }
    g->job.work = fetch;
    g->job.done = on_fetched;
    g->job.context = g;
    if (!attachment_job_start(g->attachments, &g->job))
        call_problem(call, 503, "系统繁忙, 请稍后再试", "Too busy now, try again");
}

static void give(struct call *call, bool thumbnail) {
    const char *id = http_param(call->request, "id");
    struct giving *g = call_take(call, sizeof *g);
    *g = (struct giving){.attachments = call->console->attachments, .call = call, .thumbnail = thumbnail, .fd = -1};
    call->self = g;
    if (!g->attachments || strlen(id) != ATTACHMENT_ID_BYTES - 1 || strspn(id, "0123456789abcdef") != strlen(id)) {
        call_not_found(call);
        return;
    }
    call_read(call);
    db_set_string(call_add(call, &FIND), 1, id);
    call_send(call, on_found);
}

void attachment_get(struct call *call) {
    give(call, false);
}

void attachment_thumbnail_get(struct call *call) {
    give(call, true);
}
