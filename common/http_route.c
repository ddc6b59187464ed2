/* Which route a request is for. Patterns are cut into parts once; a literal part wins over a parameter, from the left. */
#include "common/http_internal.h"
#include "proto/must.h"

static const char *const METHODS[HTTP_METHODS] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

const char *http_method_name(enum http_method method) {
    return METHODS[method];
}

void http_pattern_read(const char *pattern, struct http_pattern *ret_pattern) {
    ret_pattern->count = 0;
    must(pattern[0] == '/');
    for (const char *at = pattern; *at == '/';) {
        size_t length = strcspn(++at, "/");
        must(ret_pattern->count < HTTP_SEGMENTS_MAX);
        struct http_segment *segment = &ret_pattern->segments[ret_pattern->count++];
        *segment = (struct http_segment){.bytes = at, .length = length};
        if (length > 2 && at[0] == '{') {
            must(at[length - 1] == '}');
            *segment = (struct http_segment){.bytes = at + 1, .length = length - 2, .is_parameter = true};
        }
        at += length;
    }
}

static bool fits(const struct http_pattern *pattern, const struct http_request *request) {
    if (pattern->count != request->part_count) return false;
    for (int i = 0; i < pattern->count; i++) {
        const struct http_segment *segment = &pattern->segments[i];
        if (segment->is_parameter) {
            if (request->parts[i][0] == '\0') return false;
        } else if (strlen(request->parts[i]) != segment->length ||
                   memcmp(request->parts[i], segment->bytes, segment->length) != 0) {
            return false;
        }
    }
    return true;
}

static bool is_nearer(const struct http_pattern *pattern, const struct http_pattern *than) {
    for (int i = 0; i < pattern->count; i++)
        if (pattern->segments[i].is_parameter != than->segments[i].is_parameter) return than->segments[i].is_parameter;
    return false;
}

bool http_route_find(const struct http *http, struct http_request *request, unsigned *ret_methods) {
    *ret_methods = 0;
    request->route = NULL;
    for (int i = 0; i < http->route_count; i++) {
        const struct http_pattern *pattern = &http->patterns[i];
        const struct http_route *route = &http->options.routes[i];
        if (!fits(pattern, request)) continue;
        *ret_methods |= 1u << route->method;
        if (!request->method_known || route->method != request->method) continue;
        if (request->route != NULL && !is_nearer(pattern, request->pattern)) continue;
        request->route = route;
        request->pattern = pattern;
    }
    return request->route != NULL;
}
