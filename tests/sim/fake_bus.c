/* common/bus.h as an in-memory network. As in libzmq: a later bind takes the address over while earlier connections stay where
 * they are; a dealer whose peer is gone connects again within 0.2 s, and is then another peer; what a dead process had not
 * taken is lost; a PUB drops for a subscriber that is behind. Messages are lost, repeated and delayed by the weather. */
#include "common/bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/must.h"
#include "tests/sim/check.h"
#include "tests/sim/fakes.h"

enum socket_type { ROUTER, DEALER, PUB, SUB };

struct bus {
    struct proc *proc;
    struct bus_socket *sockets;
};

struct bus_socket {
    struct bus_socket *next;
    struct bus *bus;
    enum socket_type type;
    uint32_t number; /* never used again */
    char address[BUS_ADDRESS_BYTES];
    bus_handler *handler;
    void *context;
    struct bus_options options;
    bool paused;
    struct frame *waiting, **waiting_end; /* while paused */
};

/* A connection. */
struct link {
    struct link *next;
    uint32_t number; /* the peer's identity at the server */
    struct bus_socket *client, *server;
    int64_t last_us[2]; /* to the server, to the client: order is kept */
    int under_way[2];
};

struct frame {
    struct frame *next;
    uint32_t link, socket; /* the socket it goes to */
    bool to_server;
    size_t len;
    uint8_t bytes[];
};

static struct link *links;
static uint32_t socket_number, link_number;
static bool cuts[PROC_COUNT][PROC_COUNT];
static struct listener {
    char address[BUS_ADDRESS_BYTES];
    uint32_t socket;
} listeners[8];

struct bus_options bus_defaults(void) {
    return (struct bus_options){
        .send_max = 1000, .receive_max = 1000, .message_bytes_max = 1 << 20, .linger_ms = 1000, .turn_max = 256};
}
bool bus_peer_equal(const struct bus_peer *a, const struct bus_peer *b) {
    return a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}
const char *bus_explain(const struct bus *bus) {
    (void)bus;
    return "";
}

void fake_bus_cut(int from, int to, bool cut) {
    cuts[from][to] = cut;
}

/* ---- finding --------------------------------------------------------------------------------------------------------- */

static struct bus_socket *all_sockets; /* through `next`; each bus' sockets are told by ->bus */

static struct bus_socket *socket_by_number(uint32_t number) {
    struct bus_socket *socket = all_sockets;
    while (socket && socket->number != number) socket = socket->next;
    return socket;
}

static struct link *link_by_number(uint32_t number) {
    struct link *link = links;
    while (link && link->number != number) link = link->next;
    return link;
}

static struct link *link_of_client(const struct bus_socket *client) {
    struct link *link = links;
    while (link && link->client != client) link = link->next;
    return link;
}

static struct listener *listener_of(const char *address) {
    for (size_t i = 0; i < sizeof listeners / sizeof *listeners; i++) {
        if (!listeners[i].address[0]) snprintf(listeners[i].address, BUS_ADDRESS_BYTES, "%s", address);
        if (strcmp(listeners[i].address, address) == 0) return &listeners[i];
    }
    must(!"room for addresses");
    return NULL;
}

/* ---- connecting -------------------------------------------------------------------------------------------------------- */

static void try_connect(void *context, uint64_t number, bool live) {
    (void)context;
    struct bus_socket *client = socket_by_number((uint32_t)number);
    if (!live || !client || link_of_client(client)) return;
    struct bus_socket *server = socket_by_number(listener_of(client->address)->socket);
    if (!server || server->bus->proc->paused || !server->bus->proc->alive) { /* a stopped one shakes no hands */
        event_in(client->bus->proc, between(20000, 200000), try_connect, NULL, number);
        return;
    }
    struct link *link = calloc(1, sizeof *link);
    must(link);
    *link = (struct link){.next = links, .number = ++link_number, .client = client, .server = server};
    links = link;
}

static void unlink_all(struct bus_socket *socket) {
    for (struct link **at = &links; *at;) {
        struct link *link = *at;
        if (link->client != socket && link->server != socket) {
            at = &link->next;
            continue;
        }
        if (link->server == socket && link->client->bus->proc->alive)
            event_in(link->client->bus->proc, between(20000, 200000), try_connect, NULL, link->client->number);
        *at = link->next;
        free(link);
    }
}

/* ---- sockets ------------------------------------------------------------------------------------------------------------ */

static void drop_waiting(struct bus_socket *socket) {
    for (struct frame *frame = socket->waiting, *next; frame; frame = next) {
        next = frame->next;
        free(frame);
    }
    socket->waiting = NULL;
}

static struct bus_socket *open_socket(struct bus *bus, enum socket_type type, const char *address,
                                      const struct bus_options *options, bus_handler *handler, void *context) {
    struct bus_socket *socket = calloc(1, sizeof *socket);
    must(socket);
    *socket = (struct bus_socket){.next = all_sockets,
                                  .bus = bus,
                                  .type = type,
                                  .number = ++socket_number,
                                  .handler = handler,
                                  .context = context,
                                  .options = options ? *options : bus_defaults()};
    snprintf(socket->address, sizeof socket->address, "%s", address);
    socket->waiting_end = &socket->waiting;
    all_sockets = socket;
    if (type == ROUTER || type == PUB)
        listener_of(address)->socket = socket->number;
    else
        event_in(bus->proc, between(200, 2000), try_connect, NULL, socket->number);
    return socket;
}

void bus_socket_free(struct bus_socket **socket_at) {
    struct bus_socket *socket = *socket_at;
    *socket_at = NULL;
    if (!socket) return;
    unlink_all(socket);
    drop_waiting(socket);
    struct bus_socket **at = &all_sockets;
    while (*at != socket) at = &(*at)->next;
    *at = socket->next;
    free(socket);
}

struct bus *bus_new(struct loop *loop) {
    struct bus *bus = calloc(1, sizeof *bus);
    must(bus);
    bus->proc = fake_proc_of(loop);
    return bus;
}

void bus_free(struct bus **bus_at) {
    struct bus *bus = *bus_at;
    *bus_at = NULL;
    if (!bus) return;
    for (struct bus_socket *socket = all_sockets, *next; socket; socket = next) {
        next = socket->next;
        struct bus_socket *same = socket;
        if (socket->bus == bus) bus_socket_free(&same);
    }
    free(bus);
}

void fake_bus_forget(struct proc *proc) {
    for (struct bus_socket *socket = all_sockets; socket; socket = socket->next) must(socket->bus->proc != proc);
}

void fake_bus_done(void) {
    must(!all_sockets && !links);
}

enum err bus_bind_router(struct bus *bus, const char *address, const struct bus_options *options, bus_handler *handler,
                         void *context, struct bus_socket **ret_socket) {
    *ret_socket = open_socket(bus, ROUTER, address, options, handler, context);
    return ERR_NONE;
}
enum err bus_connect_dealer(struct bus *bus, const char *address, const struct bus_options *options,
                            bus_handler *handler, void *context, struct bus_socket **ret_socket) {
    *ret_socket = open_socket(bus, DEALER, address, options, handler, context);
    return ERR_NONE;
}
enum err bus_bind_pub(struct bus *bus, const char *address, const struct bus_options *options,
                      struct bus_socket **ret_socket) {
    *ret_socket = open_socket(bus, PUB, address, options, NULL, NULL);
    return ERR_NONE;
}
enum err bus_connect_sub(struct bus *bus, const char *address, const struct bus_options *options, bus_handler *handler,
                         void *context, struct bus_socket **ret_socket) {
    *ret_socket = open_socket(bus, SUB, address, options, handler, context);
    return ERR_NONE;
}

/* ---- messages under way --------------------------------------------------------------------------------------------------- */

static void hand_over(struct bus_socket *socket, struct frame *frame) {
    struct bus_peer peer = {.len = 5};
    for (int i = 0; i < 4; i++) peer.bytes[1 + i] = (uint8_t)(frame->link >> (8 * i));
    struct bus_message message = {
        .peer = socket->type == ROUTER ? &peer : NULL, .who = "", .bytes = frame->bytes, .len = frame->len};
    hash_number(socket->number);
    socket->handler(socket->context, &message);
    free(frame);
}

static void arrive(void *context, uint64_t arg, bool live) {
    (void)arg;
    struct frame *frame = context;
    struct bus_socket *socket = socket_by_number(frame->socket);
    struct link *link = link_by_number(frame->link);
    if (link) link->under_way[!frame->to_server]--;
    if (!live || !socket || (frame->to_server && !link)) {
        free(frame);
    } else if (socket->paused) {
        frame->next = NULL;
        *socket->waiting_end = frame;
        socket->waiting_end = &frame->next;
    } else {
        hand_over(socket, frame);
    }
}

void bus_pause(struct bus_socket *socket, bool paused) {
    socket->paused = paused;
    if (paused) return;
    for (struct frame *frame = socket->waiting, *next; frame; frame = next) {
        next = frame->next;
        event_in(socket->bus->proc, 0, arrive, frame, 0);
        struct link *link = link_by_number(frame->link);
        if (link) link->under_way[!frame->to_server]++;
    }
    socket->waiting = NULL;
    socket->waiting_end = &socket->waiting;
}

static void put_under_way(struct link *link, bool to_server, const void *bytes, size_t len) {
    struct bus_socket *to = to_server ? link->server : link->client;
    struct frame *frame = malloc(sizeof *frame + len);
    must(frame);
    *frame = (struct frame){.link = link->number, .socket = to->number, .to_server = to_server, .len = len};
    memcpy(frame->bytes, bytes, len);
    int64_t *last = &link->last_us[!to_server], at = sim.now_us + between(30, 400);
    if (chance(sim.bus_delay)) { /* a later one may come first */
        fault_happens(FAULT_BUS_DELAY, "to %s", to->bus->proc->name);
        at += between(1000, 3000000);
    } else {
        if (at <= *last) at = *last + 1;
        *last = at;
    }
    link->under_way[!to_server]++;
    event_at(to->bus->proc, at, arrive, frame, 0);
}

static enum err send_over(struct link *link, bool to_server, const void *bytes, size_t len) {
    struct bus_socket *to = to_server ? link->server : link->client, *from = to_server ? link->client : link->server;
    if (link->under_way[!to_server] >= from->options.send_max + to->options.receive_max) return ERR_FULL;
    long a = from->bus->proc - sim.procs, b = to->bus->proc - sim.procs;
    if (cuts[a][b] || chance(sim.bus_drop)) {
        fault_happens(FAULT_BUS_DROP, "to %s", to->bus->proc->name);
        return ERR_NONE;
    }
    int copies = chance(sim.bus_repeat) ? 2 : 1;
    if (copies == 2) fault_happens(FAULT_BUS_REPEAT, "to %s", to->bus->proc->name);
    while (copies--) put_under_way(link, to_server, bytes, len);
    return ERR_NONE;
}

enum err bus_send(struct bus_socket *socket, const void *bytes, size_t len) {
    must(socket->type == DEALER || socket->type == PUB);
    if (proc_dies_here("sending")) return ERR_NONE;
    check_leaving(socket->bus->proc, bytes, len);
    hash_bytes(bytes, len);
    if (socket->type == DEALER) {
        struct link *link = link_of_client(socket);
        return link ? send_over(link, true, bytes, len) : ERR_FULL;
    }
    for (struct link *link = links; link; link = link->next)
        if (link->server == socket && send_over(link, false, bytes, len) != ERR_NONE)
            fault_happens(FAULT_BUS_DROP, "slow %s", link->client->bus->proc->name);
    return ERR_NONE;
}

enum err bus_send_to(struct bus_socket *socket, const struct bus_peer *peer, const void *bytes, size_t len) {
    must(socket->type == ROUTER && peer->len == 5);
    if (proc_dies_here("answering")) return ERR_NONE;
    check_leaving(socket->bus->proc, bytes, len);
    hash_bytes(bytes, len);
    uint32_t number = 0;
    for (int i = 0; i < 4; i++) number |= (uint32_t)peer->bytes[1 + i] << (8 * i);
    struct link *link = link_by_number(number);
    return link && link->server == socket ? send_over(link, false, bytes, len) : ERR_NOT_FOUND;
}
