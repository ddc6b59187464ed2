/* Answers: JSON, other bytes, problems. Each lets go of what the call holds before the request is given away. */
#include <stdio.h>

#include "proto/must.h"
#include "services/console/call.h"

struct json_writer *call_json(struct call *call) {
    buffer_clear(&call->console->out);
    json_writer_init(&call->writer, &call->console->out);
    return &call->writer;
}

static void answer(struct call *call, int status, const char *content_type, const struct buffer *bytes) {
    struct http_request *request = call->request;
    call_release(call);
    http_set_header(request, "Cache-Control", "no-store");
    http_answer(request, status, content_type, bytes ? bytes->data : NULL, bytes ? bytes->length : 0);
}

void call_answer(struct call *call, int status) {
    json_writer_end(&call->writer);
    answer(call, status, "application/json", &call->console->out);
}

void call_answer_nothing(struct call *call) {
    answer(call, 204, NULL, NULL);
}

void call_answer_bytes(struct call *call, int status, const char *content_type, const struct buffer *bytes) {
    answer(call, status, content_type, bytes);
}

/* ---- problems ------------------------------------------------------------------------------------------------------------------ */

void call_problem(struct call *call, int status, const char *zh, const char *en) {
    struct http_request *request = call->request;
    call_release(call);
    http_problem_status(request, status, (struct sentence){zh, en});
}

void call_problem_type(struct call *call, int status, const char *type, struct sentence title, struct sentence detail) {
    call_problem_json(call, status, type, title, detail);
    call_answer_problem(call, status);
}

struct json_writer *call_problem_json(struct call *call, int status, const char *type, struct sentence title,
                                      struct sentence detail) {
    enum language language = http_language(call->request);
    char urn[128];
    snprintf(urn, sizeof urn, "urn:paidan:problem:%s", type);
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_string(w, "type", urn);
    json_put_string(w, "title", sentence_in(title, language));
    json_put_int(w, "status", status);
    if (detail.zh) json_put_string(w, "detail", sentence_in(detail, language));
    return w;
}

void call_answer_problem(struct call *call, int status) {
    json_close(&call->writer);
    json_writer_end(&call->writer);
    if (status == 503) http_set_header(call->request, "Retry-After", "1");
    http_set_header(call->request, "Content-Language", call_lang(call) == LANG_EN ? "en" : "zh-CN");
    answer(call, status, "application/problem+json", &call->console->out);
}

void call_not_found(struct call *call) {
    call_problem(call, 404, "没有找到, 或不在您的范围内", "There is none, or it is not in your scope");
}

void call_not_permitted(struct call *call) {
    call_problem(call, 403, "您的角色不能这样做", "Your role may not do this");
}
