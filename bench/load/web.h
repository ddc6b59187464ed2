/* HTTP/1.1 connections of the load generator: keep-alive, one request at a time on each, answers with Content-Length only. */
#ifndef BENCH_WEB_H
#define BENCH_WEB_H

#include "bench/load/load.h"

struct web {
    int fd;
    struct loop_fd *watcher;
    struct buffer in, out;
    size_t out_at;
    bool busy;
    int64_t request, count; /* the caller's */
    void (*on_answer)(struct web *web, int status, const char *body, size_t len);
    void *context;
};

/* Connects to 127.0.0.1:port, waiting. */
void web_open(struct load *load, struct web *web, int port);
void web_close(struct web *web);
/* What is in web->out is sent; busy until on_answer. */
void web_send(struct web *web);
/* Appends a request's head for a body of that length. */
void web_put_post(struct buffer *out, const char *path, const char *token, const char *type, size_t len);

#endif
