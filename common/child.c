/* See child.h: over libuv's processes. It is at its end when the process has ended and its output is closed. */
#include "common/child.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/loop.h"
#include "proto/must.h"

struct child {
    uv_process_t process;
    uv_pipe_t pipe;
    uv_timer_t timer;
    child_done *done; /* NULL: nobody waits */
    void *context;
    struct child_end end;
    bool started, exited, closed, late;
    int open_handles;
    size_t used;
    char output[CHILD_OUTPUT_MAX + 1];
};

static void on_closed(uv_handle_t *handle) {
    struct child *c = handle->data;
    if (--c->open_handles > 0) return;
    free(c);
}

static void close_all(struct child *c) {
    uv_handle_t *handles[] = {(uv_handle_t *)&c->process, (uv_handle_t *)&c->pipe, (uv_handle_t *)&c->timer};
    for (int i = 0; i < 3; i++) uv_close(handles[i], on_closed);
}

static void finish(struct child *c) {
    if (!c->exited || !c->closed || !c->done) return;
    child_done *done = c->done;
    c->done = NULL;
    c->output[c->used] = 0;
    c->end.output = c->output;
    c->end.output_length = c->used;
    if (c->late) c->end.err = ERR_TIMEOUT;
    done(c->context, &c->end);
    close_all(c);
}

static void on_ended(uv_process_t *process, int64_t code, int signal) {
    struct child *c = process->data;
    c->exited = true;
    c->end.code = (int)code;
    c->end.signal = signal;
    c->end.err = signal ? ERR_CLOSED : ERR_NONE;
    finish(c);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer) {
    struct child *c = handle->data;
    static char dropped[1024]; /* what is beyond the limit */
    bool full = c->used == CHILD_OUTPUT_MAX;
    *ret_buffer = uv_buf_init(full ? dropped : c->output + c->used,
                              (unsigned)(full ? sizeof dropped : CHILD_OUTPUT_MAX - c->used));
}

static void on_output(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer) {
    struct child *c = stream->data;
    if (length > 0 && buffer->base == c->output + c->used) c->used += (size_t)length;
    if (length >= 0) return;
    c->closed = true;
    uv_read_stop(stream);
    finish(c);
}

/* Late, or it never began. */
static void on_time(uv_timer_t *timer) {
    struct child *c = timer->data;
    if (!c->started) {
        c->exited = c->closed = true;
        finish(c);
        return;
    }
    c->late = true;
    uv_process_kill(&c->process, SIGKILL);
}

static int spawn(struct child *c, uv_loop_t *loop, const struct child_options *options) {
    char *args[] = {(char *)(uintptr_t)options->program, NULL};
    char *environment[] = {NULL};
    uv_stdio_container_t stdio[3 + CHILD_FDS_MAX] = {
        {.flags = UV_IGNORE},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data = {.stream = (uv_stream_t *)&c->pipe}},
        {.flags = UV_INHERIT_FD, .data = {.fd = 2}}};
    must(options->fd_count <= CHILD_FDS_MAX);
    for (int i = 0; i < options->fd_count; i++)
        stdio[3 + i] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data = {.fd = options->fds[i]}};
    uv_process_options_t spawned = {.exit_cb = on_ended,
                                    .file = options->program,
                                    .args = args,
                                    .env = environment,
                                    .cwd = "/",
                                    .stdio = stdio,
                                    .stdio_count = 3 + options->fd_count};
    return uv_spawn(loop, &c->process, &spawned);
}

struct child *child_start(struct loop *loop_, const struct child_options *options, child_done *done, void *context) {
    uv_loop_t *loop = loop_uv(loop_);
    struct child *c = calloc(1, sizeof *c);
    must(c);
    c->done = done;
    c->context = context;
    c->open_handles = 3;
    must(uv_pipe_init(loop, &c->pipe, 0) == 0 && uv_timer_init(loop, &c->timer) == 0);
    c->process.data = c->pipe.data = c->timer.data = c;
    int failed = spawn(c, loop, options);
    c->process.data = c;
    c->started = failed == 0;
    if (failed) c->end.err = failed == UV_ENOENT || failed == UV_EACCES ? ERR_NOT_FOUND : ERR_IO;
    if (!failed) must(uv_read_start((uv_stream_t *)&c->pipe, on_room, on_output) == 0);
    must(uv_timer_start(&c->timer, on_time, failed ? 0 : (uint64_t)options->timeout_ms, 0) == 0);
    return c;
}

void child_free(struct child **child) {
    struct child *c = *child;
    *child = NULL;
    if (!c) return;
    c->done = NULL;
    if (c->started && !c->exited) uv_process_kill(&c->process, SIGKILL);
    close_all(c);
}
