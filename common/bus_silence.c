/* News that falls silent: a peer that was stopped, not killed, keeps its connections open and says nothing, while its successor has
 * taken the address over. No connection breaks then, so libzmq has nothing to mend; only the missing heartbeat tells. After
 * silent_ms without a message every connected socket of the bus connects anew, and again each half of that while nothing comes. */
#include "common/bus_internal.h"

#include <zmq.h>

enum { PARTS = 4 };

static void connect_anew(struct bus *bus) {
    for (struct bus_socket *socket = bus->sockets; socket; socket = socket->next) {
        if (!socket->take || !socket->connected_to[0]) continue;
        zmq_disconnect(socket->zmq, socket->connected_to);
        (void)zmq_connect(socket->zmq,
                          socket->connected_to); /* it did before; if not now, then after the next silence */
        socket->is_touched = true;
    }
    bus_count(BUS_CONNECTED_ANEW);
    loop_stay_awake(bus->loop);
}

/* Counts turns of the timer, not time: a process that was itself held up has heard nothing, yet nobody was silent. */
static void look(void *context) {
    struct bus_socket *socket = context;
    if (socket->was_heard) socket->quiet = 0;
    socket->was_heard = false;
    if (++socket->quiet <= PARTS) return;
    socket->quiet = PARTS / 2;
    connect_anew(socket->bus);
}

void bus_silence_watch(struct bus_socket *socket) {
    if (socket->type != ZMQ_SUB || socket->options.silent_ms <= 0) return; /* others may have nothing to hear */
    int64_t each = socket->options.silent_ms / PARTS;
    socket->silence = loop_timer_new(socket->bus->loop, look, socket);
    loop_timer_start(socket->silence, each, each);
}
