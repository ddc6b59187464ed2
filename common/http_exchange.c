/* One request from its first line to its end: what the daemon calls, the refusals that need no body, the call of the handler, and
 * who still holds the request. Two may: the daemon, until its connection has ended, and the handler, until it has answered. */
#define _GNU_SOURCE
#include "common/gb18030.h"
#include "common/http_internal.h"
#include "proto/must.h"

#include <stdlib.h>
#include <strings.h>

enum {
    SPARE_MAX = 256,
    KEPT_BODY_BYTES = 64 * 1024,
    DISCARDED_BODY_BYTES = 48 * 1024 * 1024, /* more than nginx lets through */
    ARENA_CHUNK_BYTES = 8 * 1024,
    ARENA_BYTES_MAX = 8 * 1024 * 1024, /* of one request */
};

/* ---- the life of a request -------------------------------------------------------------------------------------------------- */

static struct http_request *request_take(struct http *http) {
    struct http_request *request = list_pop(&http->spare);
    if (request == NULL) {
        request = calloc(1, sizeof *request);
        must(request != NULL);
        arena_init(&request->arena, ARENA_CHUNK_BYTES, ARENA_BYTES_MAX);
    }
    request->http = http;
    return request;
}

void http_request_destroy(struct http_request *request) {
    arena_done(&request->arena);
    buffer_done(&request->body);
    free(request);
}

static void request_give_back(struct http_request *request) {
    struct http *http = request->http;
    if (http == NULL || http->spare.count >= SPARE_MAX) {
        http_request_destroy(request);
        return;
    }
    arena_reset(&request->arena);
    buffer_clear(&request->body);
    if (request->body.capacity > KEPT_BODY_BYTES) buffer_done(&request->body);
    struct arena arena = request->arena;
    struct buffer body = request->body;
    *request = (struct http_request){.arena = arena, .body = body};
    list_push(&http->spare, request);
}

/* Two may hold a request: the daemon (connection) and the handler (list). */
bool http_settle(struct http_request *request) {
    bool in_time = request->http == NULL || request->place.list != &request->http->overdue;
    if (request->place.list != NULL) list_remove(request);
    if (request->connection == NULL) {
        request_give_back(request);
        return false;
    }
    return in_time;
}

void *http_on_begin(void *context, const char *target, struct MHD_Connection *connection) {
    struct http_request *request = request_take(context);
    request->connection = connection;
    request->target_at = (uintptr_t)target;
    request->target_length = strlen(target);
    request->target = arena_copy(&request->arena, target, request->target_length);
    request->received_ms = clock_monotonic_ms();
    request->http->requests_active++;
    request->http->counters.requests++;
    return request;
}

void http_on_completed(void *context, struct MHD_Connection *connection, void **slot,
                       enum MHD_RequestTerminationCode how) {
    struct http *http = context;
    struct http_request *request = *slot;
    if (request == NULL) return;
    *slot = NULL;
    request->connection = NULL;
    request->suspended = false;
    if (request->stream != NULL)
        http_stream_ended(request->stream);
    else if (how != MHD_REQUEST_TERMINATED_COMPLETED_OK)
        http->counters.clients_gone++;
    request->stream = NULL;
    if (request->response != NULL) MHD_destroy_response(request->response);
    request->response = NULL;
    http->requests_active--;
    if (request->place.list == NULL)
        request_give_back(request);
    else
        http_parts_finish(request, ERR_CLOSED);
    http_drain_step(http);
}

void http_answer_overdue(void *context) {
    struct http *http = context;
    int64_t now = clock_monotonic_ms();
    for (struct http_request *request; (request = list_first(&http->owed)) != NULL;) {
        int64_t left = request->received_ms + http->options.answer_within_ms - now;
        if (left > 0) {
            loop_timer_start(http->patience, left, 0);
            return;
        }
        http->counters.late++;
        http_problem(request, &(struct http_problem){.status = 503,
                                                     .type = "unknown-outcome",
                                                     .title = {"结果未知", "The outcome is not known"},
                                                     .detail = {"处理超时，结果未知；请稍后查询",
                                                                "no answer in time; the outcome is not known"},
                                                     .retry_after_s = 1});
        list_push(&http->overdue, request);
    }
}

/* ---- from the daemon to the handler -------------------------------------------------------------------------------------------- */

/* A head that cannot be trusted, or a body too long to read for nothing, costs the connection. Otherwise the body is read and
 * dropped first: nginx then sees the answer rather than a broken pipe, and keeps the connection. */
static enum MHD_Result refuse(struct http_request *request, int status, const char *zh, const char *en) {
    bool is_malformed = request->route == NULL && status != 404 && status != 405;
    request->close_after = is_malformed || request->body_length > DISCARDED_BODY_BYTES;
    http_problem_status(request, status, (struct sentence){zh, en});
    return request->close_after ? http_answer_queue(request) : MHD_YES;
}

static void set_allow(struct http_request *request, unsigned methods) {
    char allow[64] = "";
    for (int i = 0; i < HTTP_METHODS; i++) {
        if ((methods >> i & 1) == 0) continue;
        if (allow[0] != '\0') strcat(allow, ", ");
        strcat(allow, i == HTTP_GET ? "GET, HEAD" : http_method_name((enum http_method)i));
    }
    http_set_header(request, "Allow", allow);
}

static const char *charset_of(const struct http_request *request) {
    const char *given = http_header(request, "Content-Type");
    const char *charset = given != NULL ? strcasestr(given, "charset=") : NULL;
    return charset != NULL ? charset + 8 : NULL;
}

static bool has_type(const struct http_request *request, const char *type) {
    const char *given = http_header(request, "Content-Type");
    size_t length = strlen(type);
    if (given == NULL || strncasecmp(given, type, length) != 0) return false;
    given += length + strspn(given + length, " ");
    if (*given == '\0') return true;
    if (*given != ';') return false;
    const char *charset = charset_of(request);
    return charset == NULL || strncasecmp(charset, "utf-8", 5) == 0 || strncasecmp(charset, "\"utf-8\"", 7) == 0 ||
           ((request->route->flags & HTTP_BODY_GB18030) && gb18030_is_name(charset));
}

static bool type_fits(const struct http_request *request, unsigned flags) {
    if (request->body_length == 0 || (flags & HTTP_BODY_ANY)) return true;
    return ((flags & HTTP_BODY_JSON) && has_type(request, "application/json")) ||
           ((flags & HTTP_BODY_NDJSON) && has_type(request, "application/x-ndjson")) ||
           ((flags & HTTP_BODY_FORM) && has_type(request, "application/x-www-form-urlencoded")) ||
           ((flags & HTTP_BODY_PARTS) && has_type(request, "multipart/form-data"));
}

static bool is_among(const char *names, const char *name) {
    size_t length = strlen(name);
    for (const char *at = names != NULL ? names : ""; *at != '\0'; at += strspn(at, " !")) {
        size_t size = strcspn(at, " !");
        if (size == length && memcmp(at, name, size) == 0) return true;
        at += size;
    }
    return false;
}

/* The first parameter that must be given ("name!") and is not; NULL: none. */
static const char *missing_parameter(struct http_request *request) {
    const char *names = request->route->query;
    for (const char *at = names != NULL ? names : "", *end; *at != '\0'; at = end + strspn(end, " ")) {
        end = at + strcspn(at, " ");
        if (end[-1] != '!') continue;
        const char *name = arena_printf(&request->arena, "%.*s", (int)(end - at) - 1, at);
        const char *value = name != NULL ? http_query(request, name) : NULL;
        if (value == NULL || *value == '\0') return name != NULL ? name : "";
    }
    return NULL;
}

/* True: 400 was answered, naming the parameter. */
static bool refuse_query(struct http_request *request) {
    const struct http_route *route = request->route;
    struct http_fault fault = {NULL, {"没有这个参数", "is not a known parameter"}};
    if (route->flags & (HTTP_ALWAYS | HTTP_QUERY_ANY)) return false;
    for (int i = 0; i < request->query.count && fault.pointer == NULL; i++) {
        const char *name = request->query.list[i].name;
        if (!is_among(route->query, name)) {
            fault.pointer = name;
        } else if (http_query(request, name) != request->query.list[i].value) {
            fault = (struct http_fault){name, {"参数重复", "is given twice"}};
        }
    }
    if (fault.pointer == NULL) fault = (struct http_fault){missing_parameter(request), {"缺少这个参数", "is required"}};
    if (fault.pointer == NULL) return false;
    struct http_problem problem = {
        .status = 400, .title = {"请求有误", "Malformed request"}, .faults = &fault, .fault_count = 1};
    request->close_after = request->body_length > DISCARDED_BODY_BYTES;
    http_problem(request, &problem);
    return true;
}

static bool is_encoded(const struct http_request *request) {
    const char *encoding = http_header(request, "Content-Encoding");
    return request->body_length > 0 && encoding != NULL && strcasecmp(encoding, "identity") != 0;
}

static enum MHD_Result find_route(struct http_request *request) {
    unsigned methods;
    if (http_route_find(request->http, request, &methods)) return MHD_YES;
    if (methods == 0) return refuse(request, 404, "没有这个地址", "there is nothing at this address");
    set_allow(request, methods);
    return refuse(request, 405, "该地址不支持这个方法", "this address does not know the method");
}

/* The head is complete, the body not read: everything that can be refused without the body is refused here. */
static enum MHD_Result take_head(struct http_request *request, const char *method, const char *version) {
    struct http *http = request->http;
    const char *why;
    enum http_parse parsed = http_parse_head(request, method, version, &why);
    http_trace_make(request);
    if (parsed == HTTP_PARSE_BAD) return refuse(request, 400, "请求格式有误", why);
    if (parsed == HTTP_PARSE_TOO_MANY) return refuse(request, 431, "请求头过多", "too many header fields");
    if (parsed == HTTP_PARSE_LENGTH_REQUIRED)
        return refuse(request, 411, "需要 Content-Length", "send a Content-Length");
    enum MHD_Result found = find_route(request);
    if (request->route == NULL) return found;
    unsigned flags = request->route->flags;
    if ((http->draining || http->owed.count >= http->options.requests_max) && !(flags & HTTP_ALWAYS)) {
        http->counters.shed++;
        return refuse(request, 503, "服务繁忙，请稍后再试", "too busy now; try again later");
    }
    if (request->body_length > request->route->body_max)
        return refuse(request, 413, "内容超过允许的大小", "the body is larger than allowed here");
    if (!type_fits(request, flags))
        return refuse(request, 415, "内容类型不受支持", "the body's Content-Type is not taken here");
    if (is_encoded(request))
        return refuse(request, 415, "不接受压缩的内容 (Content-Encoding)",
                      "a body with a Content-Encoding is not taken");
    if (refuse_query(request)) return request->close_after ? http_answer_queue(request) : MHD_YES;
    if (request->body_length > 0 && !(flags & HTTP_BODY_PARTS))
        buffer_room(&request->body, request->body_length < KEPT_BODY_BYTES ? request->body_length : KEPT_BODY_BYTES);
    return MHD_YES;
}

static void decode_body(struct http_request *request) {
    const char *charset = charset_of(request);
    if (!(request->route->flags & HTTP_BODY_GB18030) || charset == NULL || !gb18030_is_name(charset)) return;
    struct buffer decoded = {0};
    gb18030_to_utf8(request->body.data, request->body.length, &decoded);
    buffer_done(&request->body);
    request->body = decoded;
}

static void call_handler(struct http_request *request) {
    struct http *http = request->http;
    list_push(&http->owed, request);
    if (!loop_timer_is_armed(http->patience)) loop_timer_start(http->patience, http->options.answer_within_ms, 0);
    request->route->handler(http->options.context, request);
}

static enum MHD_Result wait_for_handler(struct http_request *request) {
    must(request->place.list != NULL);
    request->suspended = true;
    MHD_suspend_connection(request->connection);
    return MHD_YES;
}

static enum MHD_Result dispatch(struct http_request *request) {
    request->dispatched = true;
    decode_body(request);
    if (request->body.length > 0 && (request->route->flags & HTTP_BODY_FORM) &&
        has_type(request, "application/x-www-form-urlencoded") &&
        !http_parse_pairs(&request->arena, (const char *)request->body.data, request->body.length, &request->form)) {
        http_problem_status(request, 400, (struct sentence){"表单格式有误", "the form is malformed"});
        return http_answer_queue(request);
    }
    call_handler(request);
    return request->response != NULL ? http_answer_queue(request) : wait_for_handler(request);
}

/* ---- a body in parts: the handler first, then the body, then the handler's answer ----------------------------------------------- */

static bool has_parts(const struct http_request *request) {
    return request->route != NULL && (request->route->flags & HTTP_BODY_PARTS);
}

static enum MHD_Result dispatch_head(struct http_request *request) {
    request->dispatched = true;
    call_handler(request);
    request->head_done = request->response != NULL || request->reading != NULL;
    return request->head_done ? MHD_YES : wait_for_handler(request);
}

static enum MHD_Result take_parts(struct http_request *request, const char *upload, size_t *upload_length) {
    if (*upload_length > 0) {
        request->body_seen += *upload_length;
        if (request->body_seen > request->body_length) return MHD_NO;
        if (request->response == NULL) http_parts_feed(request, upload, *upload_length);
        *upload_length = 0;
        return MHD_YES;
    }
    if (!request->head_done) { /* the daemon shows the head once more after it was suspended over it */
        request->head_done = true;
        if (request->body_length > 0 && !request->close_after) return MHD_YES;
    }
    http_parts_finish(request, request->response != NULL ? ERR_TIMEOUT : ERR_NONE);
    return request->response != NULL ? http_answer_queue(request) : wait_for_handler(request);
}

enum MHD_Result http_on_access(void *context, struct MHD_Connection *connection, const char *target, const char *method,
                               const char *version, const char *upload, size_t *upload_length, void **slot) {
    struct http_request *request = *slot;
    if (!request->started) {
        request->started = true;
        enum MHD_Result taken = take_head(request, method, version);
        return has_parts(request) && request->response == NULL ? dispatch_head(request) : taken;
    }
    if (has_parts(request) && request->dispatched) return take_parts(request, upload, upload_length);
    if (*upload_length > 0) {
        request->body_seen += *upload_length;
        if (request->body_seen > request->body_length) return MHD_NO;
        if (request->response == NULL) buffer_append(&request->body, upload, *upload_length);
        *upload_length = 0;
        return MHD_YES;
    }
    if (request->response != NULL) return http_answer_queue(request);
    return request->dispatched ? MHD_NO : dispatch(request);
}
