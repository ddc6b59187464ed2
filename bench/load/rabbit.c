/* For the ratio: the same requests, as JSON, through a RabbitMQ quorum queue, durable, with publisher confirms, consumed with
 * acknowledgements by a second process: a bare queue, with no rules, no clocks and no record. window=0: a batch is published, all its
 * confirms are awaited, then the next, as its manual's "batch publishing"; window=N: up to N batches unconfirmed, its "asynchronous
 * confirms". Built where its client is installed. */
#include "bench/load/city.h"

#ifndef HAVE_RABBIT

void scenario_rabbit(struct load *load) {
    die("built without librabbitmq-dev: nothing was measured");
}

#else

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "proto/must.h"

enum { CHANNEL = 1, PREFETCH = 2000, ACK_EACH = 100 };

static void check(amqp_rpc_reply_t reply, const char *what) {
    if (reply.reply_type != AMQP_RESPONSE_NORMAL) die("RabbitMQ: %s was refused", what);
}

static amqp_connection_state_t open_connection(struct load *load) {
    amqp_connection_state_t connection = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(connection);
    if (!socket || amqp_socket_open(socket, "127.0.0.1", (int)option_int(load, "port", 5672)) != 0)
        die("RabbitMQ does not answer");
    check(amqp_login(connection, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest"), "login");
    amqp_channel_open(connection, CHANNEL);
    check(amqp_get_rpc_reply(connection), "a channel");
    return connection;
}

static void declare_queue(amqp_connection_state_t connection, amqp_bytes_t queue) {
    amqp_table_entry_t entries[] = {
        {.key = amqp_cstring_bytes("x-queue-type"),
         .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes("quorum")}}};
    amqp_table_t arguments = {.num_entries = 1, .entries = entries};
    amqp_queue_declare(connection, CHANNEL, queue, 0, 1, 0, 0, arguments);
    check(amqp_get_rpc_reply(connection), "a quorum queue");
}

/* The consumer: its own process, as the client library blocks. */
static void consume(struct load *load, amqp_bytes_t queue, int64_t count, volatile int64_t *consumed,
                    volatile int64_t *last_ns) {
    amqp_connection_state_t connection = open_connection(load);
    amqp_basic_qos(connection, CHANNEL, 0, PREFETCH, 0);
    amqp_basic_consume(connection, CHANNEL, queue, amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
    check(amqp_get_rpc_reply(connection), "consuming");
    *consumed = 0;
    for (int64_t n = 1; n <= count; n++) {
        amqp_envelope_t envelope;
        amqp_maybe_release_buffers(connection);
        check(amqp_consume_message(connection, &envelope, NULL, 0), "a delivery");
        if (n % ACK_EACH == 0 || n == count) amqp_basic_ack(connection, CHANNEL, envelope.delivery_tag, 1);
        amqp_destroy_envelope(&envelope);
        *consumed = n;
        *last_ns = clock_monotonic_ns();
    }
}

/* Waits for confirms until all up to `tag` are confirmed. */
static uint64_t wait_confirms(amqp_connection_state_t connection, uint64_t confirmed, uint64_t tag) {
    while (confirmed < tag) {
        amqp_frame_t frame;
        if (amqp_simple_wait_frame(connection, &frame) != AMQP_STATUS_OK) die("RabbitMQ: no confirm");
        if (frame.frame_type != AMQP_FRAME_METHOD || frame.payload.method.id != AMQP_BASIC_ACK_METHOD) continue;
        const amqp_basic_ack_t *ack = frame.payload.method.decoded;
        if (ack->delivery_tag > confirmed) confirmed = ack->delivery_tag;
    }
    amqp_maybe_release_buffers(connection);
    return confirmed;
}

static void publish(struct load *load, const struct city *city, amqp_bytes_t queue, int64_t count, int64_t batch,
                    struct histogram *confirms) {
    struct buffer body = {0};
    amqp_connection_state_t connection = open_connection(load);
    amqp_confirm_select(connection, CHANNEL);
    check(amqp_get_rpc_reply(connection), "confirms");
    amqp_basic_properties_t properties = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG, .delivery_mode = 2};
    uint64_t confirmed = 0;
    int64_t window = option_int(load, "window", 0) * batch; /* unconfirmed at most, when a batch ends */
    for (int64_t n = 1; n <= count; n++) {
        buffer_clear(&body);
        saying_put_json(&city->sayings[n % city->count], &body, "bench", n);
        if (amqp_basic_publish(connection, CHANNEL, amqp_empty_bytes, queue, 0, 0, &properties,
                               (amqp_bytes_t){body.length, body.data}) != AMQP_STATUS_OK)
            die("RabbitMQ: publishing failed");
        if (n % batch != 0) continue;
        int64_t start = clock_monotonic_ns();
        if (n > window) confirmed = wait_confirms(connection, confirmed, (uint64_t)(n - window));
        histogram_add(confirms, (clock_monotonic_ns() - start) / 1000);
    }
    wait_confirms(connection, confirmed, (uint64_t)count);
    buffer_done(&body);
}

void scenario_rabbit(struct load *load) {
    static struct histogram confirms;
    static struct city city;
    struct buffer line = {0};
    struct json_writer w;
    int64_t count = option_int(load, "count", 50000), batch = option_int(load, "batch", 100);
    amqp_bytes_t queue = amqp_cstring_bytes(option_text(load, "name", "bench"));
    volatile int64_t *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(shared != MAP_FAILED);
    city_read_sayings(load, &city);
    declare_queue(open_connection(load), queue);
    shared[0] = -1;
    pid_t consumer = fork();
    if (consumer == 0) {
        consume(load, queue, count, &shared[0], &shared[1]);
        _exit(0);
    }
    while (shared[0] < 0) usleep(1000);
    meter_read(&load->before, NULL);
    int64_t start = clock_monotonic_ns();
    publish(load, &city, queue, count, batch, &confirms);
    for (int i = 0; i < 30000 && shared[0] < count; i++) usleep(1000);
    if (shared[0] < count) kill(consumer, SIGKILL);
    waitpid(consumer, NULL, 0);
    meter_read(&load->after, NULL);
    result_open(load, &w, &line);
    json_put_int(&w, "batch", batch);
    json_put_int(&w, "window", option_int(load, "window", 0));
    json_put_int(&w, "count", shared[0]);
    json_put_double(&w, "per_s", (double)shared[0] / (double)(shared[1] - start) * 1e9);
    put_latency(&w, "answer_us", &confirms);
    meter_write(&w, &load->before, &load->after, shared[0] > 0 ? shared[0] : 1);
    result_close(&w, &line);
    city_done(&city);
}

#endif
