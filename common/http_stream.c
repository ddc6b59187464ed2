/* Streams. A frame is shared; a stream is a ring of frames waiting, and a place in the first. While nothing waits the connection
 * is suspended and costs nothing, not even a place in epoll; so it does not notice that its client has gone until the next frame
 * or heartbeat. A client that lets more than buffer_max wait is cut by shutting its socket down: the daemon then sees an error
 * and ends the connection its usual way. */
#include "common/http_internal.h"
#include "proto/must.h"

#include <stdlib.h>
#include <sys/socket.h>

enum { RING_FIRST = 8, BLOCK_BYTES = 16 * 1024 };

struct http_frame {
    int holders;
    size_t length;
    uint8_t bytes[];
};

struct http_stream {
    struct http *http;
    struct http_request *request;
    struct http_stream *previous, *next;
    struct http_frame **ring; /* capacity is a power of two */
    size_t capacity, first, count;
    size_t sent_of_first, waiting_bytes, buffer_max;
    bool suspended, closing, cut;
    http_stream_closed *closed;
    void *context;
};

/* ---- frames --------------------------------------------------------------------------------------------------------- */

static struct http_frame *frame_make(size_t length) {
    struct http_frame *frame = malloc(sizeof *frame + length);
    must(frame != NULL);
    frame->holders = 1;
    frame->length = length;
    return frame;
}

struct http_frame *http_frame_new(const void *bytes, size_t length) {
    struct http_frame *frame = frame_make(length);
    memcpy(frame->bytes, bytes, length);
    return frame;
}

struct http_frame *http_frame_hold(struct http_frame *frame) {
    frame->holders++;
    return frame;
}

void http_frame_release(struct http_frame **frame) {
    if (*frame != NULL && --(*frame)->holders == 0) free(*frame);
    *frame = NULL;
}

static uint8_t *put_line(uint8_t *at, const char *field, const void *value, size_t length) {
    size_t field_length = strlen(field);
    memcpy(at, field, field_length);
    memcpy(at + field_length, value, length);
    at[field_length + length] = '\n';
    return at + field_length + length + 1;
}

struct http_frame *http_frame_event(const char *id, const char *event, const void *data, size_t length) {
    must(memchr(data, '\n', length) == NULL && memchr(data, '\r', length) == NULL);
    size_t id_length = id != NULL ? strlen(id) : 0, event_length = event != NULL ? strlen(event) : 0;
    struct http_frame *frame =
        frame_make((id != NULL ? 5 + id_length : 0) + (event != NULL ? 8 + event_length : 0) + 8 + length);
    uint8_t *at = frame->bytes;
    if (id != NULL) at = put_line(at, "id: ", id, id_length);
    if (event != NULL) at = put_line(at, "event: ", event, event_length);
    at = put_line(at, "data: ", data, length);
    *at = '\n';
    return frame;
}

/* ---- the daemon's side ------------------------------------------------------------------------------------------------ */

static void shift(struct http_stream *stream) {
    http_frame_release(&stream->ring[stream->first]);
    stream->first = (stream->first + 1) & (stream->capacity - 1);
    stream->count--;
    stream->sent_of_first = 0;
}

static ssize_t fill(void *context, uint64_t position, char *to, size_t room) {
    struct http_stream *stream = context;
    size_t used = 0;
    if (stream->cut || stream->http->stopping) return MHD_CONTENT_READER_END_WITH_ERROR;
    while (stream->count > 0 && used < room) {
        const struct http_frame *frame = stream->ring[stream->first];
        size_t left = frame->length - stream->sent_of_first, size = left < room - used ? left : room - used;
        memcpy(to + used, frame->bytes + stream->sent_of_first, size);
        used += size;
        stream->sent_of_first += size;
        if (size == left) shift(stream);
    }
    stream->waiting_bytes -= used;
    stream->http->counters.stream_bytes_sent += used;
    if (used > 0) return (ssize_t)used;
    if (stream->closing) return MHD_CONTENT_READER_END_OF_STREAM;
    MHD_suspend_connection(stream->request->connection);
    stream->suspended = true;
    return 0;
}

static void resume(struct http_stream *stream) {
    if (!stream->suspended) return;
    stream->suspended = false;
    MHD_resume_connection(stream->request->connection);
    http_wake(stream->http);
}

void http_stream_ended(struct http_stream *stream) {
    struct http *http = stream->http;
    if (stream->previous != NULL)
        stream->previous->next = stream->next;
    else
        http->streams = stream->next;
    if (stream->next != NULL) stream->next->previous = stream->previous;
    http->counters.streams_now--;
    while (stream->count > 0) shift(stream);
    stream->closing = true;
    if (stream->closed != NULL) stream->closed(stream->context, stream, stream->cut);
    free(stream->ring);
    free(stream);
}

void http_stream_close_all(struct http *http) {
    for (struct http_stream *stream = http->streams; stream != NULL; stream = stream->next) http_stream_close(stream);
}

void http_stream_resume_all(struct http *http) {
    for (struct http_stream *stream = http->streams; stream != NULL; stream = stream->next) resume(stream);
}

void http_stream_heartbeat(void *context) {
    struct http *http = context;
    struct http_frame *comment = http_frame_new(":\n\n", 3);
    for (struct http_stream *stream = http->streams; stream != NULL; stream = stream->next)
        if (stream->count == 0) http_stream_send(stream, comment);
    http_frame_release(&comment);
}

/* ---- the user's side ---------------------------------------------------------------------------------------------------- */

struct http_stream *http_stream_open(struct http_request *request, size_t buffer_max, http_stream_closed *closed,
                                     void *context) {
    struct http *http = request->http;
    if (http != NULL && (http->counters.streams_now >= http->options.streams_max || http->draining)) {
        http_problem_status(
            request, 503, (struct sentence){"实时连接过多，请稍后再试", "too many streams are open; try again later"});
        return NULL;
    }
    if (!http_settle(request)) return NULL;
    struct http_stream *stream = calloc(1, sizeof *stream);
    must(stream != NULL);
    *stream = (struct http_stream){.http = http,
                                   .request = request,
                                   .next = http->streams,
                                   .capacity = RING_FIRST,
                                   .buffer_max = buffer_max,
                                   .closed = closed,
                                   .context = context};
    stream->ring = calloc(stream->capacity, sizeof *stream->ring);
    must(stream->ring != NULL);
    if (http->streams != NULL) http->streams->previous = stream;
    http->streams = stream;
    request->stream = stream;
    http->counters.streams_now++;
    http->counters.streams_opened++;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, fill, stream, NULL);
    must(response != NULL);
    MHD_add_response_header(response, "Content-Type", "text/event-stream");
    MHD_add_response_header(response, "Cache-Control", "no-cache");
    MHD_add_response_header(response, "X-Accel-Buffering", "no"); /* nginx is to pass each event on at once */
    http_answer_begin(request, 200, response);
    return stream;
}

static void ring_push(struct http_stream *stream, struct http_frame *frame) {
    if (stream->count == stream->capacity) {
        struct http_frame **ring = calloc(stream->capacity * 2, sizeof *ring);
        must(ring != NULL);
        for (size_t i = 0; i < stream->count; i++) ring[i] = stream->ring[(stream->first + i) & (stream->capacity - 1)];
        free(stream->ring);
        stream->ring = ring;
        stream->first = 0;
        stream->capacity *= 2;
    }
    stream->ring[(stream->first + stream->count++) & (stream->capacity - 1)] = http_frame_hold(frame);
}

static void cut(struct http_stream *stream) {
    stream->cut = stream->closing = true;
    stream->http->counters.streams_slow_closed++;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(stream->request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    shutdown(info->connect_fd, SHUT_RDWR);
    resume(stream);
}

bool http_stream_send(struct http_stream *stream, struct http_frame *frame) {
    if (stream->closing) return false;
    /* one frame may be larger than the buffer: a snapshot, at the start */
    if (stream->waiting_bytes > 0 && stream->waiting_bytes + frame->length > stream->buffer_max) {
        cut(stream);
        return false;
    }
    ring_push(stream, frame);
    stream->waiting_bytes += frame->length;
    stream->http->counters.frames_sent++;
    resume(stream);
    return true;
}

void http_stream_close(struct http_stream *stream) {
    stream->closing = true;
    resume(stream);
}
