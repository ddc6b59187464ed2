/* See web.h. */
#define _GNU_SOURCE /* memmem */
#include "bench/load/web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 65536 };

static void flush(struct web *web) {
    while (web->out_at < web->out.length) {
        ssize_t sent = send(web->fd, web->out.data + web->out_at, web->out.length - web->out_at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) break;
        if (sent < 0) die("a connection was lost while sending: %s", strerror(errno));
        web->out_at += (size_t)sent;
    }
    bool left = web->out_at < web->out.length;
    if (!left) buffer_clear(&web->out), web->out_at = 0;
    loop_fd_watch(web->watcher, left ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

void web_send(struct web *web) {
    web->busy = true;
    flush(web);
}

/* True when an answer was whole and was handed on. */
static bool take_answer(struct web *web) {
    const char *text = (const char *)web->in.data,
               *end = web->in.length ? memmem(text, web->in.length, "\r\n\r\n", 4) : NULL;
    if (!end) return false;
    const char *length = memmem(text, (size_t)(end - text), "\r\nContent-Length: ", 18);
    if (!length) die("an answer without Content-Length: %.*s", (int)(end - text), text);
    size_t head = (size_t)(end - text) + 4, body = strtoul(length + 18, NULL, 10);
    if (web->in.length < head + body) return false;
    web->busy = false;
    web->on_answer(web, atoi(text + 9), text + head, body);
    buffer_drop(&web->in, head + body);
    return true;
}

static void on_ready(void *context, int ready) {
    struct web *web = context;
    if (ready & LOOP_WRITE) flush(web);
    if (!(ready & LOOP_READ)) return;
    uint8_t *room = buffer_room(&web->in, READ_BYTES);
    ssize_t got = recv(web->fd, room, READ_BYTES, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) die("a connection was closed: %s", got < 0 ? strerror(errno) : "by the server");
    web->in.length += (size_t)got;
    while (take_answer(web)) continue;
}

void web_open(struct load *load, struct web *web, int port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    web->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (web->fd < 0 || connect(web->fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("127.0.0.1:%d: %s", port, strerror(errno));
    setsockopt(web->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(web->fd, F_SETFL, O_NONBLOCK);
    NEED(loop_fd_new(load->loop, web->fd, on_ready, web, &web->watcher), "a connection");
    loop_fd_watch(web->watcher, LOOP_READ);
}

void web_close(struct web *web) {
    loop_fd_free(&web->watcher);
    close(web->fd);
    buffer_done(&web->in);
    buffer_done(&web->out);
}

void web_put_post(struct buffer *out, const char *path, const char *token, const char *type, size_t len) {
    buffer_format(out,
                  "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: "
                  "%s\r\nContent-Length: %zu\r\n\r\n",
                  path, token, type, len);
}
