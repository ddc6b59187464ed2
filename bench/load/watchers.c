/* (g): many screens on the live stream, through the front door, while tickets change at a rate. Each change told to each watcher counts:
 * from the moment the router's event was heard to the end of the frame that tells of it. Watchers of one scope get the same frames: the
 * first reads them whole, the others note which version came when, and the sums are made afterwards. HTTP/1.0, so that frames come
 * as they are, without chunks. */
#define _GNU_SOURCE /* memmem */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/load/push.h"
#include "common/clock.h"
#include "common/number.h"
#include "proto/must.h"

enum {
    WATCHERS_MAX = 4000,
    READ_BYTES = 262144,
    NOTED_MAX = 20000,
    PREFIX = 64,
    OPENING_MAX = 100,
    PATIENCE_MS = 30000,
    TAIL_MS = 1500
};

struct noted {        /* a frame that reached a watcher */
    uint64_t version; /* hash of its id */
    int64_t at_ns;
};

struct watcher {
    struct watchers *all;
    int fd;
    struct loop_fd *io;
    char line[PREFIX]; /* how the present line begins */
    size_t line_len;
    uint64_t version; /* of the present frame */
    struct noted *noted;
    uint32_t noted_count;
    int64_t bytes;
};

struct told { /* a ticket in a frame, by the first watcher */
    uint64_t version;
    int64_t ticket, heard_ns; /* the event may be heard after the frame */
};

struct watchers {
    struct watcher *list;
    int count, live;
    struct watch *watch;
    struct buffer line; /* the first watcher's, whole */
    struct told *told;
    int64_t told_count, told_max;
};

/* ---- frames --------------------------------------------------------------------------------------------------------------------------- */

static uint64_t hash(const char *text, size_t len) {
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < len; i++) h = (h ^ (uint8_t)text[i]) * 1099511628211u;
    return h;
}

static void read_tickets(struct watchers *all, uint64_t version) {
    const char *at = (const char *)all->line.data, *end = at + all->line.length;
    while ((at = memmem(at, (size_t)(end - at), "\"number\":\"T", 11))) {
        int64_t ticket;
        at += 10;
        const char *quote = memchr(at, '"', (size_t)(end - at));
        if (!quote || number_parse_ticket(at, (size_t)(quote - at), &ticket) != ERR_NONE) continue;
        if (all->told_count < all->told_max) all->told[all->told_count++] = (struct told){version, ticket, 0};
    }
}

static void on_line(struct watcher *w, int64_t now) {
    struct watchers *all = w->all;
    if (w->line_len > 4 && !memcmp(w->line, "id: ", 4)) w->version = hash(w->line, w->line_len);
    if (w == all->list && w->line_len > 6 && !memcmp(w->line, "data: ", 6)) read_tickets(all, w->version);
    if (w->line_len == 0 && w->version && w->noted_count < NOTED_MAX) {
        if (!w->noted_count) all->live++;
        w->noted[w->noted_count++] = (struct noted){w->version, now};
        w->version = 0;
    }
    w->line_len = 0;
    if (w == all->list) buffer_clear(&all->line);
}

static void take(struct watcher *w, const char *at, size_t len, int64_t now) {
    for (const char *end = at + len; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t part = (size_t)((newline ? newline : end) - at), room = sizeof w->line - w->line_len;
        memcpy(w->line + w->line_len, at, part < room ? part : room);
        w->line_len += part < room ? part : room;
        if (w == w->all->list) buffer_append(&w->all->line, at, part);
        if (newline) on_line(w, now);
        at += part + (newline != NULL);
    }
}

static void on_ready(void *context, int ready) {
    static char bytes[READ_BYTES];
    struct watcher *w = context;
    ssize_t got = recv(w->fd, bytes, sizeof bytes, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) die("a stream was closed: %s", got < 0 ? strerror(errno) : "by the server");
    if (!w->bytes && strncmp(bytes, "HTTP/1.1 200", 12))
        die("a stream was refused: %.*s", (int)(got < 400 ? got : 400), bytes);
    w->bytes += got;
    take(w, bytes, (size_t)got, clock_monotonic_ns());
}

/* ---- opening ---------------------------------------------------------------------------------------------------------------------------- */

static void open_one(struct load *load, struct watchers *all, struct watcher *w) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)option_int(load, "port", 12345)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char head[300];
    int len = snprintf(head, sizeof head,
                       "GET /api/v1/stream HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nAccept: "
                       "text/event-stream\r\n\r\n",
                       option_text(load, "watch_token", ""));
    w->all = all;
    w->noted = malloc(NOTED_MAX * sizeof *w->noted);
    must(w->noted);
    w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (w->fd < 0 || connect(w->fd, (struct sockaddr *)&address, sizeof address) != 0)
        die("a watcher: %s", strerror(errno));
    if (send(w->fd, head, (size_t)len, MSG_NOSIGNAL) != len) die("a watcher: %s", strerror(errno));
    fcntl(w->fd, F_SETFL, O_NONBLOCK);
    NEED(loop_fd_new(load->loop, w->fd, on_ready, w, &w->io), "a watcher");
    loop_fd_watch(w->io, LOOP_READ);
}

static void open_all(struct load *load, struct watchers *all) {
    int64_t progress = clock_monotonic_ms();
    int live = 0;
    for (int opened = 0; all->live < all->count;) {
        while (opened < all->count && opened - all->live < OPENING_MAX) open_one(load, all, &all->list[opened++]);
        loop_turn(load->loop, 100);
        if (all->live > live) live = all->live, progress = clock_monotonic_ms();
        if (clock_monotonic_ms() - progress > PATIENCE_MS)
            die("%d of %d watchers got their first picture", live, all->count);
    }
}

/* ---- the sums ----------------------------------------------------------------------------------------------------------------------------- */

static int by_version(const void *a, const void *b) {
    const struct told *x = a, *y = b;
    return x->version < y->version ? -1 : x->version > y->version;
}

static int64_t first_of(const struct watchers *all, uint64_t version) {
    int64_t low = 0, high = all->told_count;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (all->told[middle].version < version)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Returns how many changes reached the watcher that was told fewest. */
static int64_t sum_up(struct watchers *all, struct histogram *delays, int64_t *ret_all) {
    int64_t fewest = INT64_MAX;
    int64_t known = 0;
    for (int64_t i = 0; i < all->told_count; i++) {
        all->told[i].heard_ns = watch_heard_ns_of(all->watch, all->told[i].ticket);
        if (all->told[i].heard_ns) all->told[known++] = all->told[i]; /* else of before this run */
    }
    all->told_count = known;
    qsort(all->told, (size_t)all->told_count, sizeof *all->told, by_version);
    for (int i = 0; i < all->count; i++) {
        struct watcher *w = &all->list[i];
        int64_t seen = 0;
        for (uint32_t f = 0; f < w->noted_count; f++)
            for (int64_t t = first_of(all, w->noted[f].version);
                 t < all->told_count && all->told[t].version == w->noted[f].version; t++, seen++)
                histogram_add(delays, (w->noted[f].at_ns - all->told[t].heard_ns) / 1000);
        if (seen < fewest) fewest = seen;
        *ret_all += seen;
    }
    return fewest;
}

void scenario_watchers(struct load *load) {
    static struct city city;
    static struct plan plan;
    static struct histogram queued, delays;
    static struct watchers all;
    struct buffer line = {0};
    struct json_writer w;
    city_read(load, &city);
    plan_init(load, &plan);
    all.count = (int)option_int(load, "watchers", 1000);
    if (all.count < 1 || all.count > WATCHERS_MAX) die("watchers=1..%d", WATCHERS_MAX);
    all.list = calloc((size_t)all.count, sizeof *all.list);
    all.told_max = plan.count * 8 + 1000;
    all.told = malloc((size_t)all.told_max * sizeof *all.told);
    must(all.list && all.told);
    all.watch = watch_new(load, plan.count, NULL, NULL);
    struct push *push = push_open(load, &city, &plan, false);
    open_all(load, &all);
    meter_read(&load->before, load->db);
    plan_run(load, &plan, push_send, push);
    plan_settle(load, &plan, all.watch, &queued);
    for (int64_t end = clock_monotonic_ms() + TAIL_MS; clock_monotonic_ms() < end;) loop_turn(load->loop, 50);
    int64_t told = 0, bytes = 0, fewest = sum_up(&all, &delays, &told);
    for (int i = 0; i < all.count; i++) bytes += all.list[i].bytes;
    result_open(load, &w, &line);
    json_put_int(&w, "watchers", all.count);
    json_put_int(&w, "rate", plan.rate);
    json_put_int(&w, "count", plan.count);
    json_put_int(&w, "told_fewest", fewest);
    json_put_int(&w, "told", told);
    json_put_int(&w, "frames", all.list[0].noted_count);
    json_put_double(&w, "megabytes", (double)bytes / 1e6);
    put_latency(&w, "shown_us", &delays);
    meter_write(&w, &load->before, &load->after, plan.count);
    result_close(&w, &line);
    for (int i = 0; i < all.count; i++) {
        loop_fd_free(&all.list[i].io);
        close(all.list[i].fd);
        free(all.list[i].noted);
    }
    push_close(&push);
    watch_free(&all.watch);
    plan_done(&plan);
    city_done(&city);
    buffer_done(&all.line);
    free(all.told);
    free(all.list);
}
