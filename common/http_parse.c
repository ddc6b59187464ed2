/* From what MHD hands over to what a handler may trust. MHD's parser is lax, so the head is looked at again here: lengths given
 * twice or beside Transfer-Encoding, names that are no tokens, NULs; target and query are decoded by us, from the bytes as
 * sent, and must be UTF-8. */
#include "common/http_internal.h"
#include "proto/utf8.h"

#include <stdlib.h>
#include <strings.h>

/* ---- percent-encoding --------------------------------------------------------------------------------------------------- */

static int hex_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* NULL: a bad escape, a NUL, no UTF-8, or no memory left for this request. */
static char *decode(struct arena *arena, const char *at, size_t length, bool plus_is_space) {
    char *decoded = arena_take(arena, length + 1);
    size_t used = 0;
    if (decoded == NULL) return NULL;
    for (size_t i = 0; i < length; i++) {
        if (at[i] == '%') {
            int high = i + 2 < length ? hex_digit(at[i + 1]) : -1, low = i + 2 < length ? hex_digit(at[i + 2]) : -1;
            if (high < 0 || low < 0) return NULL;
            decoded[used++] = (char)(high * 16 + low);
            i += 2;
        } else {
            decoded[used++] = at[i] == '+' && plus_is_space ? ' ' : at[i];
        }
    }
    decoded[used] = '\0';
    return utf8_span(decoded, used) == used ? decoded : NULL;
}

bool http_parse_pairs(struct arena *arena, const char *text, size_t length, struct http_pairs *ret_pairs) {
    size_t count = length > 0;
    for (size_t i = 0; i < length; i++) count += text[i] == '&';
    if (count > HTTP_PAIRS_MAX) return false;
    *ret_pairs = (struct http_pairs){.list = arena_zeroed(arena, count + 1, sizeof(struct http_pair))};
    if (ret_pairs->list == NULL) return false;
    for (size_t from = 0; from < length;) {
        const char *end = memchr(text + from, '&', length - from);
        size_t size = end != NULL ? (size_t)(end - text) - from : length - from;
        const char *equals = memchr(text + from, '=', size);
        size_t name_size = equals != NULL ? (size_t)(equals - text) - from : size;
        if (size > 0) {
            struct http_pair *pair = &ret_pairs->list[ret_pairs->count++];
            pair->name = decode(arena, text + from, name_size, true);
            pair->value = equals != NULL ? decode(arena, equals + 1, size - name_size - 1, true) : "";
            if (pair->name == NULL || pair->value == NULL) return false;
        }
        from += size + 1;
    }
    return true;
}

const char *http_pairs_get(const struct http_pairs *pairs, const char *name) {
    for (int i = 0; i < pairs->count; i++)
        if (strcmp(pairs->list[i].name, name) == 0) return pairs->list[i].value;
    return NULL;
}

/* ---- the target --------------------------------------------------------------------------------------------------------- */

static bool parse_path(struct http_request *request, size_t length) {
    request->path = decode(&request->arena, request->target, length, false);
    if (request->path == NULL) return false;
    for (size_t from = 1; from <= length;) {
        const char *slash = memchr(request->target + from, '/', length - from);
        size_t size = slash != NULL ? (size_t)(slash - request->target) - from : length - from;
        char *part = decode(&request->arena, request->target + from, size, false);
        /* nginx resolves dots; here they can only be a trick */
        if (part == NULL || strcmp(part, ".") == 0 || strcmp(part, "..") == 0) return false;
        if (request->part_count == HTTP_SEGMENTS_MAX) {
            request->part_count = 0; /* fits no pattern */
            return true;
        }
        request->parts[request->part_count++] = part;
        from += size + 1;
    }
    return true;
}

static bool parse_target(struct http_request *request) {
    const char *target = request->target;
    if (target == NULL || target[0] != '/') return false;
    for (const char *at = target; *at != '\0'; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7f || *at == '#') return false;
    size_t length = strcspn(target, "?");
    if (!parse_path(request, length)) return false;
    const char *query = target[length] == '?' ? target + length + 1 : "";
    return http_parse_pairs(&request->arena, query, strlen(query), &request->query);
}

static void parse_method(struct http_request *request, const char *method) {
    request->is_head = strcmp(method, "HEAD") == 0;
    request->method_known = true;
    request->method = HTTP_GET;
    if (request->is_head) return;
    for (int i = 0; i < HTTP_METHODS; i++) {
        if (strcmp(method, http_method_name((enum http_method)i)) != 0) continue;
        request->method = (enum http_method)i;
        return;
    }
    request->method_known = false;
}

/* ---- headers -------------------------------------------------------------------------------------------------------------- */

struct head {
    struct http_request *request;
    int lengths, encodings, hosts, content_types;
    const char *line_end;
    const char *wrong;
    bool too_many;
};

/* RFC 9110 5.6.2 */
static bool is_token(const char *at, size_t length) {
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)at[i];
        if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c) != NULL) return false;
    }
    return length > 0;
}

static bool is_clean(const char *at, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (((unsigned char)at[i] < ' ' && at[i] != '\t') || at[i] == 0x7f) return false;
    return true;
}

/* The daemon hands out C strings that lie in the head as it came, with NULs written over each line's CR and LF. So where one
 * line's text ends, the next line's begins two bytes later; anywhere else, a NUL was sent, a bare LF, or a folded line, none of
 * which nginx or a clean client sends. */
static bool begins_next_line(const char *end, const char *next) {
    return next == end + 2 && end[1] == '\0';
}

/* Digits only: no sign, list or space. */
static bool parse_length(const char *at, size_t length, uint64_t *ret_length) {
    uint64_t value = 0;
    if (length == 0 || length > 18) return false;
    for (size_t i = 0; i < length; i++) {
        if (at[i] < '0' || at[i] > '9') return false;
        value = value * 10 + (uint64_t)(at[i] - '0');
    }
    *ret_length = value;
    return true;
}

static enum MHD_Result take_header(void *context, enum MHD_ValueKind kind, const char *name, size_t name_size,
                                   const char *value, size_t value_size) {
    struct head *head = context;
    struct http_request *request = head->request;
    if (value == NULL) {
        head->wrong = "a header has no value";
        return MHD_NO;
    }
    if (request->headers.count == HTTP_HEADERS_MAX) {
        head->too_many = true;
        return MHD_NO;
    }
    if (!is_token(name, name_size)) head->wrong = "a header's name is no token";
    if (!is_clean(value, value_size)) head->wrong = "a header's value holds a control character";
    if (!begins_next_line(head->line_end, name)) head->wrong = "the head's lines are malformed";
    head->line_end = value + value_size;
    struct http_pair *pair = &request->headers.list[request->headers.count++];
    pair->name = arena_copy(&request->arena, name, name_size);
    pair->value = arena_copy(&request->arena, value, value_size);
    if (pair->name == NULL || pair->value == NULL) {
        head->too_many = true;
        return MHD_NO;
    }
    if (strcasecmp(pair->name, "Content-Length") == 0) {
        head->lengths++;
        if (!parse_length(value, value_size, &request->body_length)) head->wrong = "Content-Length is no number";
    } else if (strcasecmp(pair->name, "Transfer-Encoding") == 0) {
        head->encodings++;
    } else if (strcasecmp(pair->name, "Host") == 0) {
        head->hosts++;
    } else if (strcasecmp(pair->name, "Content-Type") == 0) {
        head->content_types++;
    }
    return head->wrong == NULL ? MHD_YES : MHD_NO;
}

enum http_parse http_parse_head(struct http_request *request, const char *method, const char *version,
                                const char **ret_why) {
    struct head head = {.request = request, .line_end = version + strlen(version)};
    request->headers.list = arena_take(&request->arena, HTTP_HEADERS_MAX * sizeof(struct http_pair));
    if (request->headers.list == NULL) return HTTP_PARSE_TOO_MANY;
    MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, take_header, &head);
    if (head.too_many) return HTTP_PARSE_TOO_MANY;
    if (head.wrong == NULL && head.lengths > 1) head.wrong = "Content-Length is given twice";
    if (head.wrong == NULL && head.lengths > 0 && head.encodings > 0)
        head.wrong = "Content-Length beside Transfer-Encoding";
    if (head.wrong == NULL && head.encodings > 1) head.wrong = "Transfer-Encoding is given twice";
    if (head.wrong == NULL && head.hosts > 1) head.wrong = "Host is given twice";
    if (head.wrong == NULL && head.content_types > 1) head.wrong = "Content-Type is given twice";
    parse_method(request, method);
    /* the same for the request line, where a NUL would end the target, and for the last line */
    if (head.wrong == NULL && ((uintptr_t)version != request->target_at + request->target_length + 1 ||
                               head.line_end[1] != '\0' || head.line_end[2] != '\0' || head.line_end[3] != '\0'))
        head.wrong = "the head's lines are malformed";
    if (head.wrong == NULL && !parse_target(request)) head.wrong = "the path or query is malformed";
    *ret_why = head.wrong;
    if (head.wrong != NULL) return HTTP_PARSE_BAD;
    /* nginx has read the body by now and sends its length */
    return head.encodings > 0 ? HTTP_PARSE_LENGTH_REQUIRED : HTTP_PARSE_FINE;
}
