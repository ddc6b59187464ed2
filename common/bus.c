/* Sockets of the bus: options, the edge-triggered descriptor, receiving in bounded turns, sending without blocking.
 *
 * libzmq's descriptor signals only the *change* to readable, and any call on a socket may swallow that change. So before every
 * wait each socket that was called, or whose descriptor woke us, since it last said "nothing" is asked for its events (take), and a
 * send after that keeps the loop awake until all are asked again. Asking costs two system calls, so sockets at rest are not asked. */
#include "common/bus_internal.h"

#include "common/metrics.h"
#include "proto/must.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

METRIC_COUNTER(messages, "paidan_bus_messages_total", "Messages on the bus, and what kept others off it.", "what",
               "received", "sent", "full", "peer_gone", "malformed", "key_refused", "connected_anew");

void bus_count(enum bus_count what) {
    metric_add(&messages, what, 1);
}

struct bus_options bus_defaults(void) {
    return (struct bus_options){
        .send_max = 1000, .receive_max = 1000, .message_bytes_max = 1 << 20, .linger_ms = 1000, .turn_max = 256};
}

bool bus_peer_equal(const struct bus_peer *a, const struct bus_peer *b) {
    return a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

const char *bus_explain(const struct bus *bus) {
    return bus->explanation;
}

enum err bus_fail(struct bus *bus, enum err err, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(bus->explanation, sizeof bus->explanation, format, args);
    va_end(args);
    return err;
}

/* ---- receiving */

/* Reads the other parts of a message that should have had none. */
static void skip_parts(struct bus_socket *socket) {
    int more = 1;
    while (more) {
        zmq_msg_t part;
        zmq_msg_init(&part);
        more = zmq_msg_recv(&part, socket->zmq, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&part);
        zmq_msg_close(&part);
    }
    bus_count(BUS_MALFORMED);
}

/* A ROUTER's first part: who it is from. False: nothing there, or nothing usable (already skipped). */
static bool receive_peer(struct bus_socket *socket, struct bus_peer *ret_peer, bool *ret_is_empty) {
    zmq_msg_t part;
    zmq_msg_init(&part);
    int len = zmq_msg_recv(&part, socket->zmq, ZMQ_DONTWAIT);
    *ret_is_empty = len < 0;
    bool more = len >= 0 && zmq_msg_more(&part), ok = more && len <= BUS_PEER_BYTES_MAX;
    if (ok) {
        ret_peer->len = (uint8_t)len;
        memcpy(ret_peer->bytes, zmq_msg_data(&part), (size_t)len);
    } else if (more)
        skip_parts(socket);
    zmq_msg_close(&part);
    return ok;
}

/* False: nothing was there. */
static bool receive_one(struct bus_socket *socket) {
    struct bus_peer peer = {0};
    bool is_router = socket->type == ZMQ_ROUTER, is_empty = false;
    if (is_router && !receive_peer(socket, &peer, &is_empty)) return !is_empty;
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    int len = zmq_msg_recv(&frame, socket->zmq, ZMQ_DONTWAIT);
    if (len >= 0 && zmq_msg_more(&frame))
        skip_parts(socket);
    else if (len >= 0) {
        bus_count(BUS_RECEIVED);
        socket->was_heard = true;
        const char *who = socket->options.curve ? zmq_msg_gets(&frame, "User-Id") : NULL;
        struct bus_message message = {
            .peer = is_router ? &peer : NULL, .who = who ? who : "", .bytes = zmq_msg_data(&frame), .len = (size_t)len};
        socket->handler(socket->context, &message);
    }
    zmq_msg_close(&frame);
    return len >= 0;
}

static bool take_messages(struct bus_socket *socket) {
    int count = 0;
    while (!socket->is_paused && count < socket->options.turn_max && receive_one(socket)) {
        count++;
        if (!socket->take) return true; /* the handler freed it */
    }
    int events = 0;
    size_t size = sizeof events;
    zmq_getsockopt(socket->zmq, ZMQ_EVENTS, &events, &size); /* also lets libzmq do its own work, as for a PUB */
    bool more = count > 0 || (events & ZMQ_POLLIN && socket->handler && !socket->is_paused);
    socket->is_touched = more;
    return more;
}

static bool take_all(void *context) {
    struct bus *bus = context;
    bool more = false;
    bus->has_asked = true;
    for (struct bus_socket **link = &bus->sockets; *link;) {
        struct bus_socket *socket = *link;
        if (socket->take && socket->is_touched && socket->take(socket)) more = true;
        if (socket->take) {
            link = &socket->next;
            continue;
        }
        for (link = &bus->sockets; *link != socket;)
            link = &(*link)->next; /* a handler may have put new ones before it */
        *link = socket->next;
        free(socket);
    }
    return more;
}

static bool forget_asking(void *context) {
    ((struct bus *)context)->has_asked = false;
    return false;
}

/* The hook before the wait does the work. */
static void wake(void *context, int ready) {
    ((struct bus_socket *)context)->is_touched = true;
}

/* ---- the bus */

struct bus *bus_new(struct loop *loop) {
    struct bus *bus = calloc(1, sizeof *bus);
    must(bus != NULL);
    bus->loop = loop;
    bus->zmq = zmq_ctx_new();
    must(bus->zmq != NULL);
    bus->before_wait = loop_hook_new(loop, LOOP_BEFORE_WAIT, take_all, bus);
    bus->after_wait = loop_hook_new(loop, LOOP_AFTER_WAIT, forget_asking, bus);
    return bus;
}

void bus_free(struct bus **bus_) {
    struct bus *bus = *bus_;
    if (!bus) return;
    *bus_ = NULL;
    for (struct bus_socket *socket = bus->sockets, *next; socket; socket = next) {
        next = socket->next;
        struct bus_socket *same = socket;
        if (socket->take) bus_socket_free(&same);
        free(socket);
    }
    loop_hook_free(&bus->before_wait);
    loop_hook_free(&bus->after_wait);
    zmq_ctx_term(bus->zmq);
    free(bus);
}

/* ---- sockets */

static bool set_int(void *zmq, int option, int value) {
    return zmq_setsockopt(zmq, option, &value, sizeof value) == 0;
}

static bool set_options(void *zmq, int type, const struct bus_options *options) {
    bool ok = set_int(zmq, ZMQ_LINGER, options->linger_ms) && set_int(zmq, ZMQ_SNDHWM, options->send_max) &&
              set_int(zmq, ZMQ_RCVHWM, options->receive_max) &&
              zmq_setsockopt(zmq, ZMQ_MAXMSGSIZE, &options->message_bytes_max, sizeof(int64_t)) == 0 &&
              set_int(zmq, ZMQ_IMMEDIATE, 1) && set_int(zmq, ZMQ_RECONNECT_IVL, 20) &&
              set_int(zmq, ZMQ_RECONNECT_IVL_MAX, 200) && set_int(zmq, ZMQ_HANDSHAKE_IVL, 5000) &&
              set_int(zmq, ZMQ_TCP_KEEPALIVE, 1) && set_int(zmq, ZMQ_TCP_KEEPALIVE_IDLE, 10) &&
              set_int(zmq, ZMQ_TCP_KEEPALIVE_INTVL, 5) && set_int(zmq, ZMQ_TCP_KEEPALIVE_CNT, 3);
    if (type == ZMQ_ROUTER) ok = ok && set_int(zmq, ZMQ_ROUTER_MANDATORY, 1);
    if (type == ZMQ_SUB) ok = ok && zmq_setsockopt(zmq, ZMQ_SUBSCRIBE, "", 0) == 0;
    return ok;
}

enum err bus_socket_new(struct bus *bus, int type, const struct bus_options *options, bus_handler *handler,
                        void *context, struct bus_socket **ret_socket) {
    struct bus_options defaults = bus_defaults();
    struct bus_socket *socket = calloc(1, sizeof *socket);
    must(socket != NULL);
    *socket = (struct bus_socket){
        .bus = bus, .take = take_messages, .handler = handler, .context = context, .type = type, .is_touched = true};
    socket->options = options ? *options : defaults;
    socket->zmq = zmq_socket(bus->zmq, type);
    int fd;
    size_t size = sizeof fd;
    if (!socket->zmq || !set_options(socket->zmq, type, &socket->options) ||
        zmq_getsockopt(socket->zmq, ZMQ_FD, &fd, &size) || loop_fd_new(bus->loop, fd, wake, socket, &socket->wake)) {
        if (socket->zmq) zmq_close(socket->zmq);
        free(socket);
        return bus_fail(bus, ERR_IO, "no socket: %s", zmq_strerror(errno));
    }
    loop_fd_watch(socket->wake, LOOP_READ);
    socket->next = bus->sockets;
    bus->sockets = socket;
    *ret_socket = socket;
    return ERR_NONE;
}

void bus_socket_free(struct bus_socket **socket_) {
    struct bus_socket *socket = *socket_;
    if (!socket) return;
    *socket_ = NULL;
    if (socket->silence) loop_timer_free(&socket->silence);
    loop_fd_free(&socket->wake); /* before libzmq closes its descriptor */
    zmq_close(socket->zmq);
    socket->take = NULL; /* take_all, which may be running, unlinks it */
    loop_stay_awake(socket->bus->loop);
}

static enum err bind_socket(struct bus_socket *socket, const char *address) {
    struct bus *bus = socket->bus;
    enum err err = bus_set_curve(socket, true);
    if (err) return err;
    if (!strncmp(address, "ipc://", 6) && (err = bus_check_folder(bus, address + 6))) return err;
    /* libzmq takes an ipc path over from whoever had it, and does not remove it when it closes: so the winner of a lease
     * is reachable at once, and the loser, closing later, takes nothing away. */
    if (zmq_bind(socket->zmq, address) == 0) return ERR_NONE;
    return bus_fail(bus, err_from_errno(errno), "%s: %s", address, zmq_strerror(errno));
}

static enum err connect_socket(struct bus_socket *socket, const char *address) {
    enum err err = bus_set_curve(socket, false);
    if (err) return err;
    if (zmq_connect(socket->zmq, address) == 0) {
        snprintf(socket->connected_to, sizeof socket->connected_to, "%s", address);
        bus_silence_watch(socket);
        return ERR_NONE;
    }
    return bus_fail(socket->bus, err_from_errno(errno), "%s: %s", address, zmq_strerror(errno));
}

static enum err open_socket(struct bus *bus, int type, const char *address, const struct bus_options *options,
                            bus_handler *handler, void *context, enum err (*start)(struct bus_socket *, const char *),
                            struct bus_socket **ret_socket) {
    struct bus_socket *socket;
    enum err err = bus_check_address(bus, address);
    if (!err) err = bus_socket_new(bus, type, options, handler, context, &socket);
    if (err) return err;
    if ((err = start(socket, address))) {
        bus_socket_free(&socket);
        return err;
    }
    loop_stay_awake(bus->loop);
    *ret_socket = socket;
    return ERR_NONE;
}

enum err bus_bind_router(struct bus *bus, const char *address, const struct bus_options *options, bus_handler *handler,
                         void *context, struct bus_socket **ret_socket) {
    return open_socket(bus, ZMQ_ROUTER, address, options, handler, context, bind_socket, ret_socket);
}

enum err bus_connect_dealer(struct bus *bus, const char *address, const struct bus_options *options,
                            bus_handler *handler, void *context, struct bus_socket **ret_socket) {
    return open_socket(bus, ZMQ_DEALER, address, options, handler, context, connect_socket, ret_socket);
}

enum err bus_bind_pub(struct bus *bus, const char *address, const struct bus_options *options,
                      struct bus_socket **ret_socket) {
    return open_socket(bus, ZMQ_PUB, address, options, NULL, NULL, bind_socket, ret_socket);
}

enum err bus_connect_sub(struct bus *bus, const char *address, const struct bus_options *options, bus_handler *handler,
                         void *context, struct bus_socket **ret_socket) {
    return open_socket(bus, ZMQ_SUB, address, options, handler, context, connect_socket, ret_socket);
}

/* ---- sending */

static enum err note_sent(struct bus_socket *socket, int result) {
    int number = errno;
    socket->is_touched = true;
    if (socket->bus->has_asked) loop_stay_awake(socket->bus->loop);
    if (result >= 0) {
        bus_count(BUS_SENT);
        return ERR_NONE;
    }
    bool is_full = number == EAGAIN;
    bus_count(is_full ? BUS_FULL : BUS_PEER_GONE);
    return is_full ? ERR_FULL : number == EHOSTUNREACH ? ERR_NOT_FOUND : ERR_IO;
}

enum err bus_send(struct bus_socket *socket, const void *bytes, size_t len) {
    must(socket->type == ZMQ_DEALER || socket->type == ZMQ_PUB);
    if (len > (size_t)socket->options.message_bytes_max) return ERR_TOO_LARGE;
    return note_sent(socket, zmq_send(socket->zmq, bytes, len, ZMQ_DONTWAIT));
}

enum err bus_send_to(struct bus_socket *socket, const struct bus_peer *peer, const void *bytes, size_t len) {
    must(socket->type == ZMQ_ROUTER && peer->len > 0);
    if (len > (size_t)socket->options.message_bytes_max) return ERR_TOO_LARGE;
    int result = zmq_send(socket->zmq, peer->bytes, peer->len, ZMQ_DONTWAIT | ZMQ_SNDMORE);
    if (result >= 0) result = zmq_send(socket->zmq, bytes, len, ZMQ_DONTWAIT);
    return note_sent(socket, result);
}

void bus_pause(struct bus_socket *socket, bool paused) {
    socket->is_paused = paused;
    socket->is_touched = true;
    if (!paused) loop_stay_awake(socket->bus->loop);
}
