/* Bodies in parts (multipart/form-data): libmicrohttpd's post processor cuts them, piece by piece, and nothing is kept here. Not for what
 * becomes of a part. See http.h. */
#define _GNU_SOURCE
#include "common/http_internal.h"
#include "proto/must.h"

#include <stdio.h>
#include <strings.h>

enum {
    WINDOW_BYTES = 32 * 1024,
    BOUNDARY_MAX = 70 /* RFC 2046 5.1.1 */,
    BOUNDARY_MIN = 2 /* the library takes no shorter one */
};

struct http_parts {
    struct MHD_PostProcessor *processor;
    http_take_part *take;
    http_parts_end *end;
    void *context;
    bool refused, malformed;
    char last[BOUNDARY_MAX + 8]; /* "--boundary--", with which a body ends that is whole */
    size_t last_length, tail_length;
    char tail[BOUNDARY_MAX + 24]; /* the body's last bytes: the library does not tell a cut one */
};

/* RFC 2046's own alphabet and length, so that the processor never sees another. */
static bool read_boundary(const struct http_request *request, struct http_parts *parts) {
    const char *type = http_header(request, "Content-Type");
    const char *at = type != NULL ? strcasestr(type, "boundary=") : NULL;
    if (at == NULL) return false;
    at += strlen("boundary=");
    bool quoted = *at == '"';
    at += quoted;
    size_t length = strcspn(at, quoted ? "\"" : "; \t");
    if (length < BOUNDARY_MIN || length > BOUNDARY_MAX || (quoted && at[length] != '"')) return false;
    for (size_t i = 0; i < length; i++)
        if (at[i] <= ' ' || at[i] >= 0x7f || strchr("\"\\;,", at[i]) != NULL) return false;
    parts->last_length = (size_t)snprintf(parts->last, sizeof parts->last, "--%.*s--", (int)length, at);
    return true;
}

static enum MHD_Result on_piece(void *context, enum MHD_ValueKind kind, const char *name, const char *filename,
                                const char *type, const char *encoding, const char *bytes, uint64_t offset,
                                size_t length) {
    struct http_parts *parts = context;
    struct http_part part = {name != NULL ? name : "", filename, bytes, length, offset};
    if (!parts->refused && !parts->take(parts->context, &part)) parts->refused = true;
    return parts->refused ? MHD_NO : MHD_YES;
}

bool http_read_parts(struct http_request *request, http_take_part *take, http_parts_end *end, void *context) {
    must(request->reading == NULL && request->route->flags & HTTP_BODY_PARTS);
    if (request->connection == NULL || request->response != NULL) return false;
    struct http_parts *parts = arena_zeroed(&request->arena, 1, sizeof *parts);
    if (parts == NULL) return false;
    *parts = (struct http_parts){.take = take, .end = end, .context = context};
    if (!read_boundary(request, parts)) return false;
    parts->processor = MHD_create_post_processor(request->connection, WINDOW_BYTES, on_piece, parts);
    if (parts->processor == NULL) return false;
    request->reading = parts;
    if (!request->suspended) return true;
    request->suspended = false;
    MHD_resume_connection(request->connection);
    http_wake(request->http);
    return true;
}

static void keep_tail(struct http_parts *parts, const char *bytes, size_t length) {
    size_t room = sizeof parts->tail, kept = length < room ? length : room;
    size_t before = parts->tail_length < room - kept ? parts->tail_length : room - kept;
    memmove(parts->tail, parts->tail + parts->tail_length - before, before);
    memcpy(parts->tail + before, bytes + length - kept, kept);
    parts->tail_length = before + kept;
}

static bool is_whole(const struct http_parts *parts) {
    return memmem(parts->tail, parts->tail_length, parts->last, parts->last_length) != NULL;
}

void http_parts_feed(struct http_request *request, const char *bytes, size_t length) {
    struct http_parts *parts = request->reading;
    if (parts == NULL || parts->refused || parts->malformed) return;
    keep_tail(parts, bytes, length);
    if (MHD_post_process(parts->processor, bytes, length) != MHD_YES && !parts->refused) parts->malformed = true;
}

void http_parts_finish(struct http_request *request, enum err err) {
    struct http_parts *parts = request->reading;
    if (parts == NULL || parts->processor == NULL) return;
    bool whole = MHD_destroy_post_processor(parts->processor) == MHD_YES && is_whole(parts);
    parts->processor = NULL;
    if (err == ERR_NONE && parts->refused)
        err = ERR_REFUSED;
    else if (err == ERR_NONE && (parts->malformed || !whole || request->body_seen < request->body_length))
        err = ERR_INVALID;
    parts->end(parts->context, err); /* may answer, and so end the request where nobody waits */
}
