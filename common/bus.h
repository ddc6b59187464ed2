/* Messages between processes, over libzmq, inside the loop. One message is one frame; what is in it is proto's business.
 * The bus is fast, bounded and forgetful: a message handed over may be lost when a process dies. Whoever must know keeps state
 * (PostgreSQL), asks for an answer, and sends again. Credit (how many may be unanswered) and heartbeats are the caller's.
 * The edge-triggered descriptor of libzmq, its options and its traps are handled here once:
 * no ZMQ_HEARTBEAT, ROUTER_MANDATORY, IMMEDIATE, bounded queues, linger and message size, a bounded number of messages a turn. */
#ifndef COMMON_BUS_H
#define COMMON_BUS_H

#include "common/err.h"
#include "common/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bus;
struct bus_socket;

#define BUS_PEER_BYTES_MAX 32
#define BUS_WHO_BYTES      32
#define BUS_KEY_BYTES      41 /* a CURVE key as Z85 text with NUL */
#define BUS_ADDRESS_BYTES  160

/* Who sent: where an answer goes. A peer that reconnects or restarts is another peer. Comparable and copyable; zero len: none. */
struct bus_peer {
    uint8_t len;
    uint8_t bytes[BUS_PEER_BYTES_MAX];
};

struct bus_message {
    const struct bus_peer *peer; /* ROUTER only, else NULL */
    const char *who;             /* what the key check said (CURVE), else "" */
    const void *bytes;           /* borrowed until the handler returns */
    size_t len;
};

typedef void bus_handler(void *context, const struct bus_message *message);

struct bus_curve { /* Z85 text */
    char public_key[BUS_KEY_BYTES], secret_key[BUS_KEY_BYTES];
    char server_key[BUS_KEY_BYTES]; /* connecting side only */
};

struct bus_options {
    int send_max, receive_max; /* messages queued per peer */
    int64_t message_bytes_max; /* larger ones cost the sender its connection */
    int linger_ms;             /* how long closing may wait for unsent messages */
    int64_t silent_ms; /* SUB whose publisher has a heartbeat: after so long without a message every connected socket of
                                      this bus connects anew, to whoever has the address now. 0: never; other sockets ignore
                                      it: nobody need have anything to say to them */
    int turn_max;      /* messages handled a turn per socket */
    const struct bus_curve *curve; /* NULL: none (same host, ipc). Read while the socket is made */
};

/* 1000 each way, 1 MiB, 1 s, 256 a turn, no CURVE. */
struct bus_options bus_defaults(void);

/* The loop must outlive the bus. */
struct bus *bus_new(struct loop *loop);

/* Closes its sockets. BLOCKS up to the longest linger. */
void bus_free(struct bus **bus);

/* One sentence on the last failure of a bind or connect. */
const char *bus_explain(const struct bus *bus);

/* ---- sockets. Addresses: ipc:///path (at most 107 bytes, in a folder ours alone, 0700; taken over from whoever had it), tcp://host:port, inproc://name.
 * NULL options: bus_defaults(). ERR_INVALID (address), ERR_REFUSED (folder open to others; CURVE without key check), ERR_EXISTS, ERR_IO. A connect succeeds
 * before the other side is there; it reconnects by itself, within 0.2 s of the other side's return. */
MUST_USE enum err bus_bind_router(struct bus *bus, const char *address, const struct bus_options *options,
                                  bus_handler *handler, void *context, struct bus_socket **ret_socket);
MUST_USE enum err bus_connect_dealer(struct bus *bus, const char *address, const struct bus_options *options,
                                     bus_handler *handler, void *context, struct bus_socket **ret_socket);
MUST_USE enum err bus_bind_pub(struct bus *bus, const char *address, const struct bus_options *options,
                               struct bus_socket **ret_socket);
MUST_USE enum err bus_connect_sub(struct bus *bus, const char *address, const struct bus_options *options,
                                  bus_handler *handler, void *context, struct bus_socket **ret_socket);

/* Safe inside a handler. */
void bus_socket_free(struct bus_socket **socket);

/* ---- sending copies the bytes and never blocks.
 * bus_send (DEALER): ERR_FULL when the queue is full or nobody is connected. PUB: always ERR_NONE; a slow subscriber misses
 * messages and must notice by the sequence in them.
 * bus_send_to (ROUTER): ERR_NOT_FOUND when the peer is gone (drop the answer, it will ask again), ERR_FULL when it does not read. */
MUST_USE enum err bus_send(struct bus_socket *socket, const void *bytes, size_t len);
MUST_USE enum err bus_send_to(struct bus_socket *socket, const struct bus_peer *peer, const void *bytes, size_t len);

/* Stop and go on taking messages: what waits stays in the peers' queues, and their bus_send begins to say ERR_FULL. */
void bus_pause(struct bus_socket *socket, bool paused);

bool bus_peer_equal(const struct bus_peer *a, const struct bus_peer *b);

/* ---- CURVE between hosts. The bound side must be given the key check first: without it every key would be let in. `allow` gets
 * the client's public key (Z85) and fills in who it is; false refuses. It must not block. */
MUST_USE enum err bus_curve_server(struct bus *bus,
                                   bool (*allow)(void *context, const char *key, char ret_who[BUS_WHO_BYTES]),
                                   void *context);

/* A server's keys from a file: its secret key as 64 hex digits, `#` lines aside; the public one follows from it. ERR_NOT_FOUND, ERR_INVALID. */
MUST_USE enum err bus_curve_load(const char *path, struct bus_curve *ret_keys);

/* Whether the text is the Z85 form of 32 bytes. */
bool bus_curve_is_key(const char *text);

/* ERR_IO when libzmq was built without CURVE. */
MUST_USE enum err bus_curve_keypair(struct bus_curve *ret_keys);

#endif
