/* See watch.h. */
#include "bench/load/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/bus.h"
#include "common/cache.h"
#include "common/clock.h"
#include "common/number.h"
#include "proto/codec.h"
#include "proto/must.h"

enum { QUEUE = 1000000, DEADLINE_MS = 10000, CONNECT_MS = 10000, PAUSE_US = 100, SPARE = 10000 };

struct waiting { /* heard of, not yet seen in Redis */
    int64_t seq;
    int64_t place;
};

struct watch {
    struct bus *bus;
    struct bus_socket *events;
    struct cache *cache;
    struct cache_command *marker;
    watch_change *on_change;
    void *context;
    int64_t first; /* the first new ticket's number within the day */
    int64_t capacity;
    int64_t *heard_ns, *queued_ns;
    struct waiting *waiting;
    int64_t waiting_first, waiting_end; /* as running numbers; the array is as long as capacity */
    int64_t count, last_ns, changes;
    int timer_fd;
    struct loop_fd *timer;
    int64_t pause_us; /* between two looks at the marker: looking costs Redis time */
    bool at_once;     /* the first look; not at saturation, which is not about milliseconds */
    bool beaten, asking;
};

static void look_later(struct watch *w);

static void on_marker(void *context, enum err err, const struct cache_reply *reply) {
    struct watch *w = context;
    w->asking = false;
    if (err != ERR_NONE) return;
    int64_t seq = cache_reply_int(reply), now = clock_monotonic_ns();
    while (w->waiting_first < w->waiting_end && w->waiting[w->waiting_first].seq <= seq) {
        w->queued_ns[w->waiting[w->waiting_first++].place] = now;
        w->count++;
        w->last_ns = now;
    }
    if (w->waiting_first == w->waiting_end) return;
    w->asking = true;
    look_later(w);
}

static void look(void *context, int ready) {
    struct watch *w = context;
    uint64_t times;
    if (read(w->timer_fd, &times, sizeof times) > 0) cache_send(w->cache, w->marker, DEADLINE_MS, on_marker, w);
}

static void look_later(struct watch *w) {
    struct itimerspec when = {.it_value = {0, w->pause_us * 1000}};
    must(timerfd_settime(w->timer_fd, 0, &when, NULL) == 0);
}

static void on_change(struct watch *w, const struct change *c, int64_t seq, int64_t now) {
    w->changes++;
    if (w->on_change) w->on_change(w->context, c);
    if (!c->created) return;
    int64_t place = number_ticket_n(c->ticket) - w->first;
    if (place < 0 || place >= w->capacity || w->heard_ns[place]) return;
    w->heard_ns[place] = now;
    w->waiting[w->waiting_end++] = (struct waiting){seq, place};
}

static void on_message(void *context, const struct bus_message *in) {
    static struct message message;
    struct watch *w = context;
    if (message_decode(in->bytes, in->len, &message, NULL) != CODEC_OK) die("an event cannot be read");
    if (message.info->number == MESSAGE_beat) w->beaten = true;
    if (message.info->number != MESSAGE_changes) return;
    int64_t now = clock_monotonic_ns();
    for (uint16_t i = 0; i < message.changes.changes_count; i++)
        on_change(w, &message.changes.changes[i], message.changes.to_seq, now);
    if (w->asking || w->waiting_first == w->waiting_end) return;
    w->asking = true;
    if (w->at_once)
        cache_send(w->cache, w->marker, DEADLINE_MS, on_marker, w);
    else
        look_later(w);
}

struct watch *watch_new(struct load *load, int64_t capacity, watch_change *on_change_, void *context) {
    struct watch *w = calloc(1, sizeof *w);
    char path[200];
    must(w);
    w->on_change = on_change_;
    w->context = context;
    w->capacity = capacity + SPARE;
    w->heard_ns = calloc((size_t)w->capacity, sizeof *w->heard_ns);
    w->queued_ns = calloc((size_t)w->capacity, sizeof *w->queued_ns);
    w->waiting = calloc((size_t)w->capacity, sizeof *w->waiting);
    must(w->heard_ns && w->queued_ns && w->waiting);
    w->first = query_int(load, "SELECT next_ticket FROM shard WHERE id = 1");
    w->at_once = option_int(load, "rate", 0) > 0;
    w->pause_us = w->at_once ? PAUSE_US : PAUSE_US * 30;
    w->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    must(w->timer_fd >= 0);
    NEED(loop_fd_new(load->loop, w->timer_fd, look, w, &w->timer), "timerfd");
    loop_fd_watch(w->timer, LOOP_READ);
    w->marker = cache_command_new();
    cache_command_begin(w->marker, "HGET paidan:1 seq");
    snprintf(path, sizeof path, "%s/redis.sock", load->run);
    w->cache = cache_new(load->loop, &(struct cache_options){.socket_path = path});
    w->bus = bus_new(load->loop);
    struct bus_options options = bus_defaults();
    options.receive_max = QUEUE;
    options.turn_max = 10000;
    snprintf(path, sizeof path, "ipc://%s/bus/events", load->run);
    NEED(bus_connect_sub(w->bus, path, &options, on_message, w, &w->events), path);
    int64_t end = clock_monotonic_ms() + CONNECT_MS;
    while (!w->beaten || !cache_is_up(w->cache)) {
        if (clock_monotonic_ms() > end) die("no heartbeat of the router, or no Redis, in %d s", CONNECT_MS / 1000);
        loop_turn(load->loop, 50);
    }
    return w;
}

void watch_free(struct watch **watch) {
    struct watch *w = *watch;
    if (!w) return;
    bus_free(&w->bus);
    loop_fd_free(&w->timer);
    close(w->timer_fd);
    cache_free(&w->cache);
    cache_command_free(&w->marker);
    free(w->heard_ns);
    free(w->queued_ns);
    free(w->waiting);
    free(w);
    *watch = NULL;
}

int64_t watch_count(const struct watch *w) {
    return w->count;
}
int64_t watch_last_ns(const struct watch *w) {
    return w->last_ns;
}
int64_t watch_changes(const struct watch *w) {
    return w->changes;
}

static int64_t at(const struct watch *w, const int64_t *times, int64_t ticket) {
    int64_t place = number_ticket_n(ticket) - w->first;
    return place >= 0 && place < w->capacity ? times[place] : 0;
}

int64_t watch_ns_of(const struct watch *w, int64_t ticket) {
    return at(w, w->queued_ns, ticket);
}
int64_t watch_heard_ns_of(const struct watch *w, int64_t ticket) {
    return at(w, w->heard_ns, ticket);
}
