/* How long it takes to write and read a ticket as it stands in PostgreSQL, and a request_new message as it travels. One line of
 * JSON on stdout: nanoseconds each, the best of several rounds, as other work on the machine only ever adds.
 * usage: codec [ROUNDS] */
#include "proto/codec.h"
#include "proto/json.h"
#include "proto/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { REPEATS = 20000 };

static uint8_t buf[MESSAGE_BYTES_MAX];

struct cost {
    size_t bytes;
    double write, read; /* nanoseconds */
};

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* How long one of REPEATS took since then, if that is the best so far. */
static void keep_best(double *best, double since) {
    double ns = (now_ns() - since) / REPEATS;
    if (*best == 0 || ns < *best) *best = ns;
}

static struct clock a_clock(enum stage stage) {
    return (struct clock){.stage = (uint8_t)stage,
                          .started = 1795224600000,
                          .due = 1795231800000,
                          .yellow = 1795230360000,
                          .next = 1795230360000,
                          .limit_unit = 2,
                          .limit_amount = 120,
                          .calendar = 1,
                          .policy = 1};
}

/* In handling: a lead that signed, an assist that has not. */
static struct ticket a_ticket(void) {
    struct ticket t = {.id = 20261121010000123,
                       .shard = 1,
                       .version = 7,
                       .state = STATE_HANDLING,
                       .request = 20261121000000123,
                       .request_count = 1,
                       .source = 3,
                       .channel = CHANNEL_PHONE,
                       .matter = 20305,
                       .urgency = URGENCY_NORMAL,
                       .place = 1203,
                       .place_by = PLACE_BY_POINT,
                       .received_at = 1795224600000,
                       .entered_at = 1795225000000,
                       .owner = 1042,
                       .total_due = 1795829400000,
                       .assignments_count = 2,
                       .assignment_last = 2,
                       .generation = 9,
                       .next_at = 1795230360000};
    t.assignments[0] = (struct assignment){.no = 1,
                                           .kind = ASSIGNMENT_LEAD,
                                           .state = ASSIGNMENT_SIGNED,
                                           .unit = 1042,
                                           .offered_at = 1795224600000,
                                           .signed_at = 1795225000000,
                                           .turn = a_clock(STAGE_CONTACT),
                                           .handle = a_clock(STAGE_HANDLE)};
    t.assignments[1] = (struct assignment){.no = 2,
                                           .kind = ASSIGNMENT_ASSIST,
                                           .state = ASSIGNMENT_OFFERED,
                                           .unit = 1050,
                                           .offered_at = 1795225100000,
                                           .turn = a_clock(STAGE_SIGN)};
    return t;
}

static void measure_ticket(struct cost *cost) {
    struct ticket from = a_ticket(), to;
    double start = now_ns();
    for (int i = 0; i < REPEATS; i++) must(!codec_encode(&type_ticket, &from, buf, sizeof buf, &cost->bytes));
    keep_best(&cost->write, start);
    start = now_ns();
    for (int i = 0; i < REPEATS; i++) must(!codec_decode(&type_ticket, buf, cost->bytes, &to, NULL));
    keep_best(&cost->read, start);
}

static void measure_request(struct cost *cost) {
    static struct message to;
    struct envelope envelope = {.id = 4711, .sent_at = 1795224600017, .shard = 1};
    struct request_new body = {.request = 20261121000000123,
                               .source = 3,
                               .channel = CHANNEL_PHONE,
                               .matter = 20305,
                               .urgency = URGENCY_NORMAL,
                               .place = 1203,
                               .place_by = PLACE_BY_POINT,
                               .received_at = 1795224600000};
    double start = now_ns();
    for (int i = 0; i < REPEATS; i++)
        must(!message_encode(MESSAGE_request_new, &envelope, &body, buf, sizeof buf, &cost->bytes));
    keep_best(&cost->write, start);
    start = now_ns();
    for (int i = 0; i < REPEATS; i++) must(!message_decode(buf, cost->bytes, &to, NULL));
    keep_best(&cost->read, start);
}

static void measure_json(struct cost *cost) {
    struct ticket from = a_ticket();
    double start = now_ns();
    for (int i = 0; i < REPEATS; i++)
        must(json_write_struct(&type_ticket, &from, (char *)buf, sizeof buf, &cost->bytes));
    keep_best(&cost->write, start);
}

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 20;
    if (rounds < 1) {
        fprintf(stderr, "usage: codec [ROUNDS]\n");
        return 2;
    }
    struct cost ticket = {0}, request = {0}, json = {0};
    for (int i = 0; i < rounds; i++) {
        measure_ticket(&ticket);
        measure_request(&request);
        measure_json(&json);
    }
    printf("{\"bench\":\"codec\",\"ticket\":{\"struct_bytes\":%zu,\"bytes\":%zu,\"encode_ns\":%.0f,\"decode_ns\":%.0f},"
           "\"request_new\":{\"bytes\":%zu,\"encode_ns\":%.0f,\"decode_ns\":%.0f},"
           "\"ticket_json\":{\"bytes\":%zu,\"write_ns\":%.0f}}\n",
           sizeof(struct ticket), ticket.bytes, ticket.write, ticket.read, request.bytes, request.write, request.read,
           json.bytes, json.write);
    return 0;
}
