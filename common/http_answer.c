/* Answers: made at once or later, queued when the daemon asks. Problems in the form of RFC 9457. */
#include "common/http_internal.h"
#include "common/json_writer.h"
#include "proto/must.h"

#include <stdio.h>
#include <unistd.h>

void http_set_header(struct http_request *request, const char *name, const char *value) {
    for (const char *at = value; *at != '\0'; at++) must(*at != '\r' && *at != '\n');
    must(request->answer_header_count < HTTP_ANSWER_HEADERS_MAX);
    char *kept_name = arena_copy(&request->arena, name, strlen(name));
    char *kept_value = arena_copy(&request->arena, value, strlen(value));
    if (kept_name == NULL || kept_value == NULL)
        return; /* the request has used up its memory: better without a header */
    request->answer_headers[request->answer_header_count++] = (struct http_pair){kept_name, kept_value};
}

/* The response is taken over. */
void http_answer_begin(struct http_request *request, int status, struct MHD_Response *response) {
    must(response != NULL && request->response == NULL);
    for (int i = 0; i < request->answer_header_count; i++)
        MHD_add_response_header(response, request->answer_headers[i].name, request->answer_headers[i].value);
    if (request->traceparent[0] != '\0') MHD_add_response_header(response, "traceparent", request->traceparent);
    if (request->close_after || request->http->draining) MHD_add_response_header(response, "Connection", "close");
    request->response = response;
    request->status = status;
    struct http_counters *counters = &request->http->counters;
    if (status >= 500)
        counters->answered_5xx++;
    else if (status >= 400)
        counters->answered_4xx++;
    else if (status >= 300)
        counters->answered_3xx++;
    else
        counters->answered_2xx++;
    if (!request->suspended) return; /* inside the daemon's call, which queues it */
    request->suspended = false;
    MHD_resume_connection(request->connection);
    http_wake(request->http);
}

enum MHD_Result http_answer_queue(struct http_request *request) {
    enum MHD_Result queued = MHD_queue_response(request->connection, (unsigned)request->status, request->response);
    MHD_destroy_response(request->response);
    request->response = NULL;
    return queued;
}

void http_answer(struct http_request *request, int status, const char *content_type, const void *body, size_t length) {
    must(status >= 200 && status <= 599);
    if (!http_settle(request)) return;
    if (content_type == NULL) length = 0;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(length, (void *)(uintptr_t)(length > 0 ? body : ""), MHD_RESPMEM_MUST_COPY);
    must(response != NULL);
    if (content_type != NULL) MHD_add_response_header(response, "Content-Type", content_type);
    http_answer_begin(request, status, response);
}

void http_answer_json(struct http_request *request, int status, const struct buffer *json) {
    http_answer(request, status, "application/json", json->data, json->length);
}

void http_answer_file(struct http_request *request, int status, const char *content_type, int fd, uint64_t length) {
    if (!http_settle(request)) {
        close(fd);
        return;
    }
    struct MHD_Response *response = MHD_create_response_from_fd64(length, fd); /* closes it with the response */
    must(response != NULL);
    MHD_add_response_header(response, "Content-Type", content_type);
    http_answer_begin(request, status, response);
}

/* ---- problems ----------------------------------------------------------------------------------------------------------- */

static void write_faults(struct json_writer *writer, const struct http_problem *problem, enum language language) {
    json_put_open_list(writer, "errors");
    for (int i = 0; i < problem->fault_count; i++) {
        json_open(writer);
        json_put_string(writer, "pointer", problem->faults[i].pointer);
        json_put_string(writer, "detail", sentence_in(problem->faults[i].detail, language));
        json_close(writer);
    }
    json_close_list(writer);
}

void http_problem(struct http_request *request, const struct http_problem *problem) {
    static struct buffer text; /* kept from use to use */
    struct json_writer writer;
    enum language language = http_language(request);
    char type[128] = "about:blank", seconds[16];
    if (problem->type != NULL) snprintf(type, sizeof type, "urn:paidan:problem:%s", problem->type);
    must(problem->status >= 400 && problem->title.zh != NULL);
    buffer_clear(&text);
    json_writer_init(&writer, &text);
    json_open(&writer);
    json_put_string(&writer, "type", type);
    json_put_string(&writer, "title", sentence_in(problem->title, language));
    json_put_int(&writer, "status", problem->status);
    /* there is always a sentence: without one of its own, the first fault's */
    struct sentence detail = problem->detail;
    if (detail.zh == NULL && problem->fault_count > 0) detail = problem->faults[0].detail;
    if (detail.zh != NULL) json_put_string(&writer, "detail", sentence_in(detail, language));
    if (problem->fault_count > 0) write_faults(&writer, problem, language);
    json_close(&writer);
    json_writer_end(&writer);
    if (problem->retry_after_s > 0) {
        snprintf(seconds, sizeof seconds, "%d", problem->retry_after_s);
        http_set_header(request, "Retry-After", seconds);
    }
    must(problem->retry_after_s > 0 || (problem->status != 429 && problem->status != 503));
    http_set_header(request, "Content-Language", language == LANGUAGE_EN ? "en" : "zh-CN");
    http_answer(request, problem->status, "application/problem+json", text.data, text.length);
}

static const struct {
    int status;
    struct sentence title;
} TITLES[] = {
    {400, {"请求有误", "Malformed request"}},
    {401, {"需要登录", "Authentication required"}},
    {403, {"没有权限", "Not permitted"}},
    {404, {"没有找到", "Not found"}},
    {405, {"不支持该方法", "Method not allowed"}},
    {409, {"与当前状态冲突", "Conflict with the present state"}},
    {411, {"需要 Content-Length", "Length required"}},
    {413, {"内容过大", "Content too large"}},
    {415, {"不支持的内容类型", "Unsupported media type"}},
    {422, {"内容无法接受", "Not acceptable content"}},
    {429, {"请求过于频繁", "Too many requests"}},
    {431, {"请求头过大", "Request header fields too large"}},
    {500, {"内部错误", "Internal error"}},
    {501, {"不支持", "Not implemented"}},
    {503, {"暂时无法服务", "Service unavailable"}},
};

void http_problem_status(struct http_request *request, int status, struct sentence detail) {
    struct http_problem problem = {.status = status, .title = {"出错了", "Error"}, .detail = detail};
    for (size_t i = 0; i < sizeof TITLES / sizeof *TITLES; i++)
        if (TITLES[i].status == status) problem.title = TITLES[i].title;
    if (status == 429 || status == 503) problem.retry_after_s = 1;
    http_problem(request, &problem);
}
