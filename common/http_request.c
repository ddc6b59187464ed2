/* What a handler may ask about its request. */
#include "common/http_internal.h"
#include "proto/must.h"

#include <strings.h>

const struct http_route *http_route_of(const struct http_request *request) {
    return request->route;
}

enum http_method http_method_of(const struct http_request *request) {
    return request->method;
}

const char *http_path(const struct http_request *request) {
    return request->path;
}

const char *http_param(const struct http_request *request, const char *name) {
    size_t length = strlen(name);
    for (int i = 0; i < request->pattern->count; i++) {
        const struct http_segment *segment = &request->pattern->segments[i];
        if (segment->is_parameter && segment->length == length && memcmp(segment->bytes, name, length) == 0)
            return request->parts[i];
    }
    must(!"the route's pattern has this parameter");
    return NULL;
}

const char *http_query(const struct http_request *request, const char *name) {
    return http_pairs_get(&request->query, name);
}

const char *http_form(const struct http_request *request, const char *name) {
    return http_pairs_get(&request->form, name);
}

const char *http_header(const struct http_request *request, const char *name) {
    for (int i = 0; i < request->headers.count; i++)
        if (strcasecmp(request->headers.list[i].name, name) == 0) return request->headers.list[i].value;
    return NULL;
}

const char *http_cookie(const struct http_request *request, const char *name) {
    size_t length = strlen(name);
    for (int i = 0; i < request->headers.count; i++) {
        if (strcasecmp(request->headers.list[i].name, "Cookie") != 0) continue;
        for (const char *at = request->headers.list[i].value; *at != '\0';) {
            at += strspn(at, "; ");
            size_t size = strcspn(at, ";");
            if (size > length && memcmp(at, name, length) == 0 && at[length] == '=')
                return arena_copy(&((struct http_request *)(uintptr_t)request)->arena, at + length + 1,
                                  size - length - 1);
            at += size;
        }
    }
    return NULL;
}

const uint8_t *http_body(const struct http_request *request, size_t *ret_length) {
    *ret_length = request->body.length;
    return request->body.data != NULL ? request->body.data : (const uint8_t *)"";
}

struct arena *http_arena(struct http_request *request) {
    return &request->arena;
}

enum language http_language(const struct http_request *request) {
    return language_accepted(http_header(request, "Accept-Language"));
}

const char *http_traceparent(const struct http_request *request) {
    return request->traceparent;
}

const char *http_trace_id(const struct http_request *request) {
    return request->trace_id;
}

int64_t http_received_ms(const struct http_request *request) {
    return request->received_ms;
}

void http_set_user(struct http_request *request, void *user) {
    request->user = user;
}

void *http_user(const struct http_request *request) {
    return request->user;
}
