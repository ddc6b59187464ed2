/* CURVE and its door keeper. libzmq lets every key in unless something answers at inproc://zeromq.zap.01 (ZAP, RFC 27), so that
 * is bound first, inside the same loop, and a server socket with CURVE is refused without it. */
#include "common/bus_internal.h"

#include "proto/must.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#define PARTS_MAX  8
#define PART_BYTES 256

struct zap_request {
    char parts[PARTS_MAX][PART_BYTES];
    size_t lens[PARTS_MAX];
    size_t count;
};

enum { ZAP_VERSION, ZAP_ID, ZAP_DOMAIN, ZAP_ADDRESS, ZAP_IDENTITY, ZAP_MECHANISM, ZAP_KEY, ZAP_PARTS };

/* False: nothing there. Parts that are too many or too long leave count at 0. */
static bool receive_request(struct bus_socket *socket, struct zap_request *ret_request) {
    struct zap_request request = {0};
    bool is_good = true;
    for (int more = 1; more;) {
        zmq_msg_t part;
        zmq_msg_init(&part);
        int len = zmq_msg_recv(&part, socket->zmq, ZMQ_DONTWAIT);
        if (len < 0) {
            zmq_msg_close(&part);
            return false;
        }
        more = zmq_msg_more(&part);
        is_good = is_good && request.count < PARTS_MAX && len < PART_BYTES;
        if (is_good) {
            memcpy(request.parts[request.count], zmq_msg_data(&part), (size_t)len);
            request.lens[request.count++] = (size_t)len;
        }
        zmq_msg_close(&part);
    }
    if (!is_good) request.count = 0;
    *ret_request = request;
    return true;
}

static bool is_allowed(struct bus *bus, const struct zap_request *request, char ret_who[BUS_WHO_BYTES]) {
    char key[BUS_KEY_BYTES];
    if (request->count != ZAP_PARTS || strcmp(request->parts[ZAP_VERSION], "1.0") ||
        strcmp(request->parts[ZAP_MECHANISM], "CURVE") || request->lens[ZAP_KEY] != 32)
        return false;
    zmq_z85_encode(key, (const uint8_t *)request->parts[ZAP_KEY], 32);
    return bus->allow(bus->allow_context, key, ret_who);
}

static void answer(struct bus_socket *socket, const struct zap_request *request, bool allowed, const char *who) {
    zmq_send(socket->zmq, "1.0", 3, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    zmq_send(socket->zmq, request->parts[ZAP_ID], request->count ? request->lens[ZAP_ID] : 0,
             ZMQ_SNDMORE | ZMQ_DONTWAIT);
    zmq_send(socket->zmq, allowed ? "200" : "400", 3, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    zmq_send(socket->zmq, "", 0, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    zmq_send(socket->zmq, who, strlen(who), ZMQ_SNDMORE | ZMQ_DONTWAIT);
    zmq_send(socket->zmq, "", 0, ZMQ_DONTWAIT);
}

static bool take_requests(struct bus_socket *socket) {
    struct zap_request request;
    int count = 0;
    for (; count < socket->options.turn_max && receive_request(socket, &request); count++) {
        char who[BUS_WHO_BYTES] = "";
        bool allowed = is_allowed(socket->bus, &request, who);
        who[BUS_WHO_BYTES - 1] = 0;
        if (!allowed) bus_count(BUS_KEY_REFUSED);
        answer(socket, &request, allowed, allowed ? who : "");
    }
    int events;
    size_t size = sizeof events;
    zmq_getsockopt(socket->zmq, ZMQ_EVENTS, &events, &size);
    return count > 0 || events & ZMQ_POLLIN;
}

enum err bus_curve_server(struct bus *bus, bool (*allow)(void *context, const char *key, char ret_who[BUS_WHO_BYTES]),
                          void *context) {
    must(allow != NULL && !bus->allow);
    struct bus_socket *socket;
    if (!zmq_has("curve")) return bus_fail(bus, ERR_IO, "libzmq was built without CURVE");
    enum err err = bus_socket_new(bus, ZMQ_REP, NULL, NULL, NULL, &socket);
    if (err) return err;
    socket->take = take_requests;
    if (zmq_bind(socket->zmq, "inproc://zeromq.zap.01")) {
        err = bus_fail(bus, ERR_EXISTS, "the key check cannot be bound: %s", zmq_strerror(errno));
        bus_socket_free(&socket);
        return err;
    }
    bus->allow = allow;
    bus->allow_context = context;
    return ERR_NONE;
}

static bool set_text(void *zmq, int option, const char *text) {
    return zmq_setsockopt(zmq, option, text, strlen(text)) == 0;
}

static bool set_key(void *zmq, int option, const char *key) {
    return strlen(key) == BUS_KEY_BYTES - 1 && zmq_setsockopt(zmq, option, key, BUS_KEY_BYTES) == 0;
}

enum err bus_set_curve(struct bus_socket *socket, bool is_server) {
    const struct bus_curve *curve = socket->options.curve;
    if (!curve) return ERR_NONE;
    if (is_server && !socket->bus->allow)
        return bus_fail(socket->bus, ERR_REFUSED,
                        "CURVE without a key check lets every key in: bus_curve_server first");
    int one = 1;
    bool ok = set_key(socket->zmq, ZMQ_CURVE_SECRETKEY, curve->secret_key);
    if (is_server)
        ok = ok && !zmq_setsockopt(socket->zmq, ZMQ_CURVE_SERVER, &one, sizeof one) &&
             set_text(socket->zmq, ZMQ_ZAP_DOMAIN, "paidan");
    else
        ok = ok && set_key(socket->zmq, ZMQ_CURVE_PUBLICKEY, curve->public_key) &&
             set_key(socket->zmq, ZMQ_CURVE_SERVERKEY, curve->server_key);
    return ok ? ERR_NONE : bus_fail(socket->bus, ERR_INVALID, "a CURVE key is not 40 characters of Z85");
}

enum err bus_curve_keypair(struct bus_curve *ret_keys) {
    struct bus_curve keys = {0};
    if (zmq_curve_keypair(keys.public_key, keys.secret_key)) return ERR_IO;
    *ret_keys = keys;
    return ERR_NONE;
}

bool bus_curve_is_key(const char *text) {
    uint8_t bytes[32];
    return strlen(text) == BUS_KEY_BYTES - 1 && zmq_z85_decode(bytes, text) != NULL;
}

enum err bus_curve_load(const char *path, struct bus_curve *ret_keys) {
    FILE *file = fopen(path, "r");
    if (!file) return ERR_NOT_FOUND;
    char line[256], hex[65] = "";
    while (fgets(line, sizeof line, file))
        if (line[0] != '#') sscanf(line, "%64[0-9a-f]", hex);
    fclose(file);
    struct bus_curve keys = {0};
    uint8_t bytes[32];
    bool ok = strlen(hex) == 64;
    for (size_t i = 0; ok && i < sizeof bytes; i++) ok = sscanf(hex + 2 * i, "%2hhx", &bytes[i]) == 1;
    ok = ok && zmq_z85_encode(keys.secret_key, bytes, sizeof bytes) &&
         zmq_curve_public(keys.public_key, keys.secret_key) == 0;
    explicit_bzero(hex, sizeof hex);
    explicit_bzero(line, sizeof line);
    explicit_bzero(bytes, sizeof bytes);
    if (!ok) return ERR_INVALID;
    *ret_keys = keys;
    return ERR_NONE;
}
