/* See forward.h. A ring of what was sent and not confirmed; each is sent again after a second, a few times, then left to the
 * router's sweep. When the ring is full new requests are left to the sweep at once: acceptance never waits for the router. */
#include "services/intake/forward.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "proto/codec.h"
#include "proto/must.h"

METRIC_COUNTER(sent, "paidan_intake_forwarded_total", "Messages to the router.", "kind", "first", "again", "left");
METRIC_GAUGE(unconfirmed, "paidan_intake_unconfirmed", "Requests the router has not confirmed.");

enum { AGAIN_MS = 1000, TRIES_MAX = 3, TICK_MS = 200, ENOUGH = 3000, SILENT_MS = 300 };

struct entry {
    struct request_new request; /* request 0: confirmed */
    int64_t sent_at;
    uint8_t tries;
};

struct forward {
    struct bus *bus;
    struct bus_socket *router, *news;
    struct loop_timer *timer;
    struct entry *ring;
    uint32_t size, head, tail; /* running numbers; the envelope's id is the entry's number */
    size_t count;
    int64_t confirmed_at; /* monotonic, the last confirmation */
    void (*on_world)(void *context, uint32_t world);
    void *context;
};

static void send_entry(struct forward *f, uint32_t number) {
    uint8_t bytes[512];
    size_t len;
    struct entry *entry = &f->ring[number % f->size];
    struct envelope envelope = {.id = (int64_t)number + 1, .sent_at = clock_now()};
    must(message_encode(MESSAGE_request_new, &envelope, &entry->request, bytes, sizeof bytes, &len) == CODEC_OK);
    entry->sent_at = clock_monotonic_ms();
    entry->tries++;
    if (bus_send(f->router, bytes, len) != ERR_NONE) return; /* away or full: again later */
    metric_add(&sent, entry->tries > 1, 1);
}

void forward_stored(void *forward, const struct said *s, int64_t number, time_ms received_at) {
    struct forward *f = forward;
    if (f->tail - f->head == f->size) {
        metric_add(&sent, 2, 1);
        return;
    }
    struct entry *entry = &f->ring[f->tail % f->size];
    entry->request = (struct request_new){.request = number,
                                          .source = s->source,
                                          .channel = s->channel,
                                          .matter = s->matter,
                                          .urgency = s->urgency,
                                          .place = s->place.unit,
                                          .place_by = s->place.by,
                                          .confidential = s->confidential,
                                          .received_at = received_at,
                                          .dedicated = s->place.dedicated,
                                          .unknown_matter = s->matter_given.len && !s->matter,
                                          .rules_count = s->rule_count};
    memcpy(entry->request.rules, s->rules, s->rule_count * sizeof s->rules[0]);
    entry->tries = 0;
    f->count++;
    send_entry(f, f->tail++);
}

static void forget(struct forward *f, struct entry *entry) {
    if (!entry->request.request) return;
    entry->request.request = 0;
    f->count--;
    while (f->head != f->tail && !f->ring[f->head % f->size].request.request) f->head++;
    metric_set(&unconfirmed, 0, (double)f->count);
}

static void on_answer(void *context, const struct bus_message *in) {
    struct forward *f = context;
    static struct message message;
    if (message_decode(in->bytes, in->len, &message, NULL) != CODEC_OK ||
        message.info->number != MESSAGE_request_routed)
        return;
    const struct request_routed *routed = &message.request_routed;
    uint32_t number = (uint32_t)(message.envelope.id - 1);
    struct entry *entry = &f->ring[number % f->size];
    f->confirmed_at = clock_monotonic_ms();
    if (entry->request.request != routed->request) return;   /* of an earlier try, confirmed meanwhile */
    if (routed->ticket || routed->verdict) forget(f, entry); /* a refusal is the sweep's and the operator's business */
}

static void on_news(void *context, const struct bus_message *in) {
    struct forward *f = context;
    static struct message message;
    if (message_decode(in->bytes, in->len, &message, NULL) == CODEC_OK && message.info->number == MESSAGE_beat)
        f->on_world(f->context, message.beat.world);
}

static void on_tick(void *context) {
    struct forward *f = context;
    int64_t now = clock_monotonic_ms();
    for (uint32_t number = f->head; number != f->tail; number++) {
        struct entry *entry = &f->ring[number % f->size];
        if (!entry->request.request) continue;
        if (now - entry->sent_at < AGAIN_MS) break; /* the rest is younger */
        if (entry->tries >= TRIES_MAX) {
            metric_add(&sent, 2, 1);
            forget(f, entry);
        } else {
            send_entry(f, number);
        }
    }
}

size_t forward_unconfirmed(const struct forward *f) {
    return f->count;
}

bool forward_is_enough(const void *forward) {
    const struct forward *f = forward;
    return f->count >= ENOUGH && clock_monotonic_ms() - f->confirmed_at < SILENT_MS;
}

struct forward *forward_new(struct loop *loop, const char *router_address, const char *news_address,
                            int64_t unconfirmed_max, void (*on_world)(void *context, uint32_t world), void *context) {
    struct forward *f = calloc(1, sizeof *f);
    must(f);
    f->size = (uint32_t)unconfirmed_max;
    f->ring = calloc(f->size, sizeof *f->ring);
    must(f->ring);
    f->on_world = on_world;
    f->context = context;
    f->bus = bus_new(loop);
    struct bus_options options = bus_defaults();
    options.send_max = options.receive_max = 20000;
    options.turn_max = 2000;
    options.silent_ms = BEATS_SILENT_MS;
    enum err err = bus_connect_dealer(f->bus, router_address, &options, on_answer, f, &f->router);
    if (err == ERR_NONE) err = bus_connect_sub(f->bus, news_address, &options, on_news, f, &f->news);
    if (err != ERR_NONE) {
        log_error("bus_not_connected", LOG_ERR(err), LOG_TEXT("why", bus_explain(f->bus)));
        forward_free(&f);
        return NULL;
    }
    f->timer = loop_timer_new(loop, on_tick, f);
    loop_timer_start(f->timer, TICK_MS, TICK_MS);
    return f;
}

void forward_free(struct forward **forward) {
    struct forward *f = *forward;
    if (!f) return;
    if (f->timer) loop_timer_free(&f->timer);
    bus_free(&f->bus);
    free(f->ring);
    free(f);
    *forward = NULL;
}
