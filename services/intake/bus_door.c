/* The bus's way in: request_push messages on <run>/bus/intake, for pushers on the same machine (the folder is ours alone) and, with
 * CURVE, for those outside. The token, the checks and the commit are those of HTTP; request_accepted is only said after COMMIT.
 * Unlike what services tell each other, these messages carry people's data: they never leave the folder unencrypted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "core/access.h"
#include "proto/codec.h"
#include "proto/must.h"
#include "services/intake/intake.h"

METRIC_COUNTER(pushes, "paidan_intake_bus_pushes_total", "Pushes over the bus, by answer.", "answer", "accepted",
               "repeated", "refused", "busy", "unreadable");

enum { QUEUE = 20000, TURN = 500, CHUNK_BYTES = 2048, ARENA_MAX = 1 << 20 };

struct bus_door {
    struct intake *intake;
    struct bus *bus;
    struct bus_socket *socket;
};

/* One push under way. */
struct push {
    struct bus_door *door;
    struct bus_peer peer;
    int64_t id; /* the sender's number for it */
    struct arena arena;
    struct said said;
    size_t len;
    uint8_t bytes[];
};

static struct message decoded; /* large; one thread */
static const struct push *decoded_of;

/* ---- answers -------------------------------------------------------------------------------------------------------------------- */

static void push_free(struct push *p) {
    if (decoded_of == p) decoded_of = NULL;
    arena_done(&p->arena);
    free(p);
}

static void send_answer(struct push *p, const struct request_accepted *answer) {
    uint8_t bytes[1024];
    size_t len;
    struct envelope envelope = {.id = p->id, .sent_at = clock_now()};
    int which = answer->status == 201 ? 0 : answer->status == 200 ? 1 : answer->status == 503 ? 3 : 2;
    metric_add(&pushes, which, 1);
    must(message_encode(MESSAGE_request_accepted, &envelope, answer, bytes, sizeof bytes, &len) == CODEC_OK);
    if (bus_send_to(p->door->socket, &p->peer, bytes, len) != ERR_NONE)
        log_debug("answer_not_sent"); /* it pushes again, and gets the same number */
    push_free(p);
}

static void send_status(struct push *p, int status, const char *pointer, const char *detail) {
    struct request_accepted answer = {.status = (uint16_t)status};
    answer.pointer = (struct text){pointer, (uint32_t)strnlen(pointer, 300)};
    answer.detail = (struct text){detail, (uint32_t)strnlen(detail, 300)};
    send_answer(p, &answer);
}

static void on_accepted(void *context, const struct said *said, const struct accept_answer *answer) {
    static const uint16_t status[] = {[ACCEPT_NEW] = 201, [ACCEPT_REPEAT] = 200, [ACCEPT_CONFLICT] = 409,
                                      [ACCEPT_BAD] = 422, [ACCEPT_BUSY] = 503,   [ACCEPT_UNKNOWN] = 503};
    struct push *p = context;
    struct request_accepted accepted = {
        .status = status[answer->outcome], .request = answer->number, .received_at = answer->received_at};
    send_answer(p, &accepted);
}

/* ---- a push ----------------------------------------------------------------------------------------------------------------------- */

static struct span span_of(struct text text) {
    return (struct span){text.at ? text.at : "", text.len};
}

static void raw_of(const struct request_push *push, struct said_raw *ret_raw) {
    *ret_raw = (struct said_raw){.source = span_of(push->source),
                                 .external_id = span_of(push->external_id),
                                 .matter = span_of(push->matter),
                                 .title = span_of(push->title),
                                 .description = span_of(push->description),
                                 .address = span_of(push->address),
                                 .grid = span_of(push->grid),
                                 .name = span_of(push->requester),
                                 .phone = span_of(push->phone),
                                 .document = span_of(push->document),
                                 .channel = push->channel,
                                 .urgency = push->urgency,
                                 .occurred_at = push->occurred_at,
                                 .has_point = push->has_point,
                                 .confidential = push->confidential,
                                 .lon = (double)push->lon_e7 / 1e7,
                                 .lat = (double)push->lat_e7 / 1e7,
                                 .attachment_count = push->attachments_count};
    for (int i = 0; i < push->attachments_count; i++) {
        ret_raw->attachments[i].url = span_of(push->attachments[i].url);
        ret_raw->attachments[i].sha256 = span_of(push->attachments[i].sha256);
    }
}

static void take(struct push *p, const struct bearer *who) {
    struct intake *in = p->door->intake;
    struct said_raw raw;
    struct said_faults faults = {.count = 0};
    raw_of(&decoded.request_push, &raw);
    said_check(&raw, who, in->reference, in->places, &p->arena, &p->said, &faults);
    if (faults.status)
        send_status(p, faults.status, faults.faults[0].pointer, faults.faults[0].detail.en);
    else if (!accept_add(in->accept, &p->said, on_accepted, p))
        send_status(p, 503, "", "too busy: push it again later under the same id");
}

static bool decode(struct push *p) {
    if (decoded_of == p) return true;
    struct codec_fault fault;
    decoded_of = NULL;
    if (message_decode(p->bytes, p->len, &decoded, &fault) != CODEC_OK) {
        log_warn("message_refused", LOG_TEXT("why", codec_error_text(fault.error)), LOG_TEXT("path", fault.path));
        return false;
    }
    decoded_of = p;
    return true;
}

static void on_bearer(void *context, enum err err, const struct bearer *who) {
    struct push *p = context;
    if (err == ERR_NOT_FOUND)
        send_status(p, 401, "/token", "the token is unknown, disabled or expired");
    else if (err != ERR_NONE)
        send_status(p, 503, "", "the database does not answer");
    else if (access_scope(who->principal.role, ACTION_PUSH_REQUEST) == SCOPE_NONE)
        send_status(p, 403, "/token", "this token may not push requests");
    else if (decode(p)) /* again only when the token had to be looked up meanwhile */
        take(p, who);
}

static void on_message(void *context, const struct bus_message *message) {
    struct bus_door *door = context;
    struct intake *in = door->intake;
    struct push *p = malloc(sizeof *p + message->len);
    must(p);
    p->door = door;
    p->peer = *message->peer;
    p->len = message->len;
    memcpy(p->bytes, message->bytes, message->len);
    arena_init(&p->arena, CHUNK_BYTES, ARENA_MAX);
    if (!decode(p) || decoded.info->number != MESSAGE_request_push) {
        metric_add(&pushes, 4, 1);
        push_free(p);
        return;
    }
    p->id = decoded.envelope.id;
    struct span token = span_of(decoded.request_push.token);
    if (!in->can_commit || !in->reference || in->disk_full || in->draining)
        send_status(p, 503, "", "cannot accept now: push it again later under the same id");
    else
        bearer_find(in->bearers, token.at, token.len, on_bearer, p);
}

/* ---- life ---------------------------------------------------------------------------------------------------------------------------- */

struct bus_door *bus_door_new(struct intake *intake) {
    char path[KIT_PATH_BYTES], address[KIT_PATH_BYTES + 8];
    struct bus_door *door = calloc(1, sizeof *door);
    must(door);
    door->intake = intake;
    door->bus = bus_new(intake->kit->loop);
    kit_path(intake->kit, "bus/intake", path);
    snprintf(address, sizeof address, "ipc://%s", path);
    struct bus_options options = bus_defaults();
    options.send_max = options.receive_max = QUEUE;
    options.message_bytes_max = MESSAGE_BYTES_MAX;
    options.turn_max = TURN;
    enum err err = bus_bind_router(door->bus, address, &options, on_message, door, &door->socket);
    if (err == ERR_NONE) return door;
    log_error("bus_not_bound", LOG_ERR(err), LOG_TEXT("why", bus_explain(door->bus)));
    bus_door_free(&door);
    return NULL;
}

void bus_door_free(struct bus_door **door) {
    if (!*door) return;
    bus_free(&(*door)->bus);
    free(*door);
    *door = NULL;
}
