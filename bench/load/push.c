/* See push.h; and scenarios (a), (b), (c): requests through one of the three doors, at saturation or at a rate. */
#include "bench/load/push.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/web.h"
#include "common/bus.h"
#include "common/clock.h"
#include "proto/codec.h"
#include "proto/must.h"

struct push {
    const struct city *city;
    struct plan *plan;
    const char *token;
    int64_t (*send)(struct push *push, int64_t first, int64_t count);
    const struct saying *sayings[CITY_SAYINGS_MAX];
    uint32_t saying_count;
    /* HTTP */
    struct web webs[PUSH_CONNECTIONS_MAX];
    int web_count, web_next; /* in turn, so that none is closed for idleness */
    int64_t lines_max;       /* of a batch, which is whatever waits when a connection is free */
    struct buffer body;
    /* the bus */
    struct bus *bus;
    struct bus_socket *door;
    int64_t credit, unanswered;
};

static const struct saying *saying_of(const struct push *p, int64_t request) {
    return p->sayings[request % p->saying_count];
}

static void put_json(struct push *p, int64_t request) {
    saying_put_json(saying_of(p, request), &p->body, p->plan->prefix, request);
}

/* ---- HTTP -------------------------------------------------------------------------------------------------------------------------- */

static struct web *free_web(struct push *p) {
    for (int i = 0; i < p->web_count; i++) {
        struct web *web = &p->webs[p->web_next++ % p->web_count];
        if (!web->busy) return web;
    }
    return NULL;
}

static void post(struct push *p, struct web *web, int64_t request, const char *path, const char *type) {
    web->request = request;
    web_put_post(&web->out, path, p->token, type, p->body.length);
    buffer_append(&web->out, p->body.data, p->body.length);
    web_send(web);
}

static int64_t send_single(struct push *p, int64_t first, int64_t count) {
    struct web *web = free_web(p);
    if (!web) return 0;
    buffer_clear(&p->body);
    put_json(p, first);
    post(p, web, first, "/api/v1/requests", "application/json");
    return 1;
}

static int64_t send_batch(struct push *p, int64_t first, int64_t count) {
    struct web *web = free_web(p);
    if (!web) return 0;
    buffer_clear(&p->body);
    web->count = count < p->lines_max ? count : p->lines_max;
    for (int64_t i = 0; i < web->count; i++) {
        put_json(p, first + i);
        buffer_append_byte(&p->body, '\n');
    }
    post(p, web, first, "/api/v1/requests/batch", "application/x-ndjson");
    return web->count;
}

static void on_single(struct web *web, int status, const char *body, size_t len) {
    struct push *p = web->context;
    if (status != 201 && p->plan->refused < 3) fprintf(stderr, "refused %d: %.*s\n", status, (int)len, body);
    plan_answered(p->plan, web->request, status == 201);
}

/* A line an answer: {"status":201,... */
static void on_batch(struct web *web, int status, const char *body, size_t len) {
    struct push *p = web->context;
    int64_t request = web->request;
    if (status != 200) fprintf(stderr, "refused %d: %.*s\n", status, (int)len, body);
    for (const char *at = body, *end = body + len; status == 200 && at < end; request++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        bool accepted = !strncmp(at, "{\"status\":201", 13);
        if (!accepted && p->plan->refused < 3)
            fprintf(stderr, "refused: %.*s\n", (int)(newline ? newline - at : end - at), at);
        plan_answered(p->plan, request, accepted);
        at = newline ? newline + 1 : end;
    }
    for (; request < web->request + web->count; request++) plan_answered(p->plan, request, false);
}

static void open_webs(struct load *load, struct push *p, void (*on_answer)(struct web *, int, const char *, size_t)) {
    p->web_count = (int)option_int(load, "connections", 16);
    if (p->web_count < 1 || p->web_count > PUSH_CONNECTIONS_MAX) die("connections=1..%d", PUSH_CONNECTIONS_MAX);
    for (int i = 0; i < p->web_count; i++) {
        p->webs[i].on_answer = on_answer;
        p->webs[i].context = p;
        web_open(load, &p->webs[i], (int)option_int(load, "port", 12345));
    }
}

/* ---- the bus ------------------------------------------------------------------------------------------------------------------------ */

static int64_t send_bus(struct push *p, int64_t first, int64_t count) {
    static uint8_t bytes[MESSAGE_BYTES_MAX];
    int64_t sent = 0;
    for (; sent < count && p->unanswered < p->credit; sent++, p->unanswered++) {
        char id[64];
        size_t len;
        struct request_push push = saying_of(p, first + sent)->push;
        push.token = (struct text){p->token, (uint32_t)strlen(p->token)};
        push.external_id =
            (struct text){id, (uint32_t)snprintf(id, sizeof id, "%s-%lld", p->plan->prefix, (long long)(first + sent))};
        struct envelope envelope = {.id = first + sent + 1, .sent_at = clock_now()};
        must(message_encode(MESSAGE_request_push, &envelope, &push, bytes, sizeof bytes, &len) == CODEC_OK);
        if (bus_send(p->door, bytes, len) != ERR_NONE) break;
    }
    return sent;
}

static void on_accepted(void *context, const struct bus_message *in) {
    static struct message message;
    struct push *p = context;
    if (message_decode(in->bytes, in->len, &message, NULL) != CODEC_OK ||
        message.info->number != MESSAGE_request_accepted)
        die("intake's answer cannot be read");
    const struct request_accepted *answer = &message.request_accepted;
    if (answer->status != 201 && p->plan->refused < 3)
        fprintf(stderr, "refused %d: %.*s\n", answer->status, (int)answer->detail.len, answer->detail.at);
    p->unanswered--;
    plan_answered(p->plan, message.envelope.id - 1, answer->status == 201);
}

static void open_bus(struct load *load, struct push *p) {
    char address[200];
    struct bus_options options = bus_defaults();
    options.send_max = options.receive_max = 100000;
    options.turn_max = 2000;
    p->credit = option_int(load, "credit", 2000);
    p->bus = bus_new(load->loop);
    snprintf(address, sizeof address, "ipc://%s/bus/intake", load->run);
    NEED(bus_connect_dealer(p->bus, address, &options, on_accepted, p, &p->door), address);
    for (int i = 0; i < 20; i++) loop_turn(load->loop, 10); /* until it is connected */
}

/* ---- any ---------------------------------------------------------------------------------------------------------------------------- */

struct push *push_open(struct load *load, const struct city *city, struct plan *plan, bool plain) {
    struct push *p = calloc(1, sizeof *p);
    must(p);
    p->city = city;
    p->plan = plan;
    p->token = option_text(load, "token", "");
    p->lines_max = option_int(load, "lines", 500);
    const char *source = option_text(load, "source", NULL);
    for (uint32_t i = 0; i < city->count; i++) {
        const struct saying *saying = &city->sayings[i];
        if ((plain && saying->is_special) || (source && strcmp(source, saying->source) != 0)) continue;
        p->sayings[p->saying_count++] = saying;
    }
    if (!p->saying_count) die("nobody says anything for source=%s", source);
    const char *door = option_text(load, "door", "bus");
    p->send = !strcmp(door, "batch") ? send_batch : !strcmp(door, "single") ? send_single : send_bus;
    if (p->send == send_bus)
        open_bus(load, p);
    else
        open_webs(load, p, p->send == send_batch ? on_batch : on_single);
    return p;
}

void push_close(struct push **push) {
    struct push *p = *push;
    for (int i = 0; i < p->web_count; i++) web_close(&p->webs[i]);
    if (p->bus) bus_free(&p->bus);
    buffer_done(&p->body);
    free(p);
    *push = NULL;
}

int64_t push_send(void *context, int64_t first, int64_t count) {
    struct push *p = context;
    return p->send(p, first, count);
}

void scenario_push(struct load *load) {
    static struct city city;
    static struct plan plan;
    static struct histogram queued;
    struct buffer line = {0};
    struct json_writer w;
    city_read(load, &city);
    plan_init(load, &plan);
    struct watch *watch = watch_new(load, plan.count, NULL, NULL);
    struct push *push = push_open(load, &city, &plan, false);
    meter_read(&load->before, load->db);
    plan_run(load, &plan, push_send, push);
    int64_t answered_ns = clock_monotonic_ns();
    plan_settle(load, &plan, watch, &queued);
    result_open(load, &w, &line);
    json_put_string(&w, "door", option_text(load, "door", "bus"));
    json_put_int(&w, "rate", plan.rate);
    json_put_int(&w, "count", plan.count);
    json_put_int(&w, "refused", plan.refused);
    json_put_double(&w, "per_s", (double)plan.accepted / (double)(watch_last_ns(watch) - plan.start_ns) * 1e9);
    json_put_double(&w, "accepted_per_s", (double)plan.accepted / (double)(answered_ns - plan.start_ns) * 1e9);
    put_latency(&w, "answer_us", &plan.answers);
    put_latency(&w, "queued_us", &queued);
    meter_write(&w, &load->before, &load->after, plan.accepted ? plan.accepted : 1);
    result_close(&w, &line);
    push_close(&push);
    watch_free(&watch);
    plan_done(&plan);
    city_done(&city);
}
