/* Messages in and out of the router. A handler only queues (cycle.c decides); the inbox is bounded: above its limit the socket is
 * paused, and senders meet ERR_FULL, answer 503 and try again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/mistake.h"
#include "proto/codec.h"
#include "proto/must.h"
#include "services/router/router.h"

METRIC_COUNTER(messages, "paidan_router_messages_total", "Messages taken in.", "type", "request_new", "command",
               "timer_due", "other", "bad");
METRIC_GAUGE(backlog, "paidan_router_backlog", "Messages waiting for a batch.");

enum { OUT_BYTES = 1 << 16 };

static void send_to(struct router *r, const struct bus_peer *peer, enum message_type type, int64_t id,
                    const void *body) {
    static uint8_t bytes[OUT_BYTES];
    struct envelope envelope = {.id = id, .sent_at = clock_now(), .shard = (uint16_t)router_config.shard};
    size_t len;
    if (!r->door) return; /* another router holds the shard: nobody hears from this one */
    must(message_encode(type, &envelope, body, bytes, sizeof bytes, &len) == CODEC_OK);
    enum err err = peer ? bus_send_to(r->door, peer, bytes, len) : bus_send(r->news, bytes, len);
    if (err != ERR_NONE) log_debug("answer_not_sent", LOG_ERR(err)); /* the sender asks again */
}

void doors_answer(struct router *r, const struct item *item) {
    if (!item->peer.len) return;
    switch (item->type) {
    case MESSAGE_request_new:
        send_to(r, &item->peer, MESSAGE_request_routed, item->id, &item->out.request_routed);
        break;
    case MESSAGE_command:
        send_to(r, &item->peer, MESSAGE_reply, item->id, &item->out.reply);
        break;
    case MESSAGE_timer_due:
        send_to(r, &item->peer, MESSAGE_timer_done, item->id, &item->out.timer_done);
        break;
    default:
        must(false);
    }
}

static void refuse(struct router *r, struct item *item, enum verdict verdict) {
    memset(&item->out, 0, sizeof item->out);
    if (item->type == MESSAGE_request_new) {
        item->out.request_routed.request = item->in.request_new.request;
        item->out.request_routed.verdict = verdict;
    } else if (item->type == MESSAGE_command) {
        item->out.reply.ticket = item->in.command.ticket;
        item->out.reply.verdict = verdict;
    } else {
        return; /* escalation sends a timer again by itself */
    }
    doors_answer(r, item);
}

void doors_push(struct router *r, struct item *item) {
    item->next = NULL;
    *r->inbox_end = item;
    r->inbox_end = &item->next;
    r->inbox_count++;
    metric_set(&backlog, 0, (double)r->inbox_count);
    if (r->inbox_count >= (size_t)router_config.backlog_max && r->door) bus_pause(r->door, true);
}

void doors_drop(struct router *r) {
    for (struct item *item = r->inbox, *next; item; item = next) {
        next = item->next;
        free(item);
    }
    r->inbox = NULL;
    r->inbox_end = &r->inbox;
    r->inbox_count = 0;
}

static void on_message(void *context, const struct bus_message *in) {
    struct router *r = context;
    static struct message message; /* 14 kB; one thread */
    struct item *item = malloc(sizeof *item + in->len);
    must(item);
    item->len = in->len;
    memcpy(item->bytes, in->bytes, in->len);
    struct codec_fault fault;
    if (message_decode(item->bytes, item->len, &message, &fault) != CODEC_OK) {
        metric_add(&messages, 4, 1);
        log_warn("message_refused", LOG_TEXT("why", codec_error_text(fault.error)), LOG_TEXT("path", fault.path));
        free(item);
        return;
    }
    item->peer = *in->peer;
    item->id = message.envelope.id;
    item->type = message.info->number;
    switch (item->type) {
    case MESSAGE_request_new:
        item->in.request_new = message.request_new;
        break;
    case MESSAGE_command:
        item->in.command = message.command;
        break;
    case MESSAGE_timer_due:
        item->in.timer_due = message.timer_due;
        break;
    case MESSAGE_world_changed:
        shard_reload_reference(r);
        break;
    case MESSAGE_rebuild:
        if (r->state == ROUTER_SERVING) projection_rebuild(r->projection);
        break;
    default:
        break;
    }
    bool work = item->type == MESSAGE_request_new || item->type == MESSAGE_command || item->type == MESSAGE_timer_due;
    metric_add(&messages, item->type == MESSAGE_request_new ? 0 : item->type == MESSAGE_command ? 1 : work ? 2 : 3, 1);
    if (!work) {
        free(item);
    } else if (r->draining) {
        refuse(r, item, VERDICT_UNAVAILABLE);
        free(item);
    } else {
        doors_push(r, item);
    }
}

void doors_publish(struct router *r, const struct batch *batch) {
    static struct changes out;
    out.from_seq = batch->before.next_seq;
    out.to_seq = batch->after.next_seq - 1;
    out.parts = (uint16_t)((batch->ticket_count + CHANGES_PER_MESSAGE - 1) / CHANGES_PER_MESSAGE);
    out.part = 0;
    out.epoch = batch->after.epoch;
    out.changes_count = 0;
    for (uint32_t i = 0; i < batch->ticket_count; i++) {
        out.changes[out.changes_count++] = batch->tickets[i].change;
        if (out.changes_count < CHANGES_PER_MESSAGE && i + 1 < batch->ticket_count) continue;
        out.part++;
        send_to(r, NULL, MESSAGE_changes, 0, &out);
        out.changes_count = 0;
    }
}

void doors_beat(struct router *r) {
    const struct engine_head *head = engine_head(r->engine);
    struct beat beat = {
        .epoch = head->epoch, .head_seq = head->next_seq - 1, .world = engine_world(r->engine)->version};
    send_to(r, NULL, MESSAGE_beat, 0, &beat);
}

void doors_open(struct router *r) {
    r->inbox_end = &r->inbox;
    r->bus = bus_new(r->kit->loop);
}

enum err doors_bind(struct router *r) {
    char path[KIT_PATH_BYTES], address[KIT_PATH_BYTES + 8];
    if (r->door) return ERR_NONE;
    struct bus_options options = bus_defaults();
    options.send_max = options.receive_max = 20000;
    options.message_bytes_max = MESSAGE_BYTES_MAX;
    options.turn_max = BATCH_COMMANDS_MAX;
    kit_path(r->kit, "bus/router", path);
    snprintf(address, sizeof address, "ipc://%s", path);
    enum err err = bus_bind_router(r->bus, address, &options, on_message, r, &r->door);
    if (err == ERR_NONE) {
        kit_path(r->kit, "bus/events", path);
        snprintf(address, sizeof address, "ipc://%s", path);
        err = bus_bind_pub(r->bus, address, &options, &r->news);
    }
    if (err == ERR_NONE) return ERR_NONE;
    log_error("bus_not_bound", LOG_ERR(err), LOG_TEXT("why", bus_explain(r->bus)));
    doors_unbind(r);
    return err;
}

void doors_unbind(struct router *r) {
    if (!r->door || mistake("doors_kept")) return;
    log_warn("doors_closed");
    bus_socket_free(&r->door);
    bus_socket_free(&r->news);
    doors_drop(r);
}

void doors_close(struct router *r) {
    doors_drop(r);
    bus_free(&r->bus);
}
