/* What bus*.c share; for nobody else. */
#ifndef COMMON_BUS_INTERNAL_H
#define COMMON_BUS_INTERNAL_H

#include "common/bus.h"

#define BUS_IPC_PATH_MAX 107 /* sockaddr_un has 108 with the NUL */

struct bus_socket {
    struct bus_socket *next;
    struct bus *bus;
    void *zmq;
    struct loop_fd *wake;
    bool (*take)(
        struct bus_socket *socket); /* takes what is there, up to a limit; true: took some, or has more. NULL: freed */
    bus_handler *handler;
    void *context;
    struct bus_options options;
    int type; /* ZMQ_ROUTER ... */
    bool is_paused;
    char connected_to[BUS_ADDRESS_BYTES]; /* "": bound */
    struct loop_timer *silence;           /* of a SUB with silent_ms */
    bool was_heard;
    int quiet;       /* turns of that timer without a message */
    bool is_touched; /* called or woken since it last said that nothing is there */
};

struct bus {
    struct loop *loop;
    struct loop_hook *before_wait, *after_wait;
    void *zmq;
    struct bus_socket *sockets;
    bool has_asked; /* every socket was asked for its events since the loop woke */
    bool (*allow)(void *context, const char *key, char ret_who[BUS_WHO_BYTES]);
    void *allow_context;
    char explanation[256];
};

enum bus_count { BUS_RECEIVED, BUS_SENT, BUS_FULL, BUS_PEER_GONE, BUS_MALFORMED, BUS_KEY_REFUSED, BUS_CONNECTED_ANEW };
void bus_count(enum bus_count what);

/* Notes the sentence for bus_explain and returns err. */
PRINTF(3, 4) enum err bus_fail(struct bus *bus, enum err err, const char *format, ...);

/* A socket with its options set, watched, but neither bound nor connected. On failure nothing is left. */
MUST_USE enum err bus_socket_new(struct bus *bus, int type, const struct bus_options *options, bus_handler *handler,
                                 void *context, struct bus_socket **ret_socket);

/* ERR_INVALID for an address no socket can have. */
MUST_USE enum err bus_check_address(struct bus *bus, const char *address);

/* ERR_REFUSED when others may enter the folder of the path. */
MUST_USE enum err bus_check_folder(struct bus *bus, const char *path);

/* bus_silence.c */
void bus_silence_watch(struct bus_socket *socket);

MUST_USE enum err bus_set_curve(struct bus_socket *socket, bool is_server);

#endif
