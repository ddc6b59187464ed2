/* (f): the router is killed outright; how long until it answers a command again with everything in memory, and until the live queues
 * hold everything again. Its supervisor starts it at once. Also what an open ticket costs in its memory. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/city.h"
#include "common/bus.h"
#include "common/cache.h"
#include "common/clock.h"
#include "proto/codec.h"
#include "proto/must.h"

enum { PATIENCE_MS = 120000, ASK_EACH_MS = 20 };

struct restart {
    int64_t answered_ns, current_ns, seq;
    bool asking;
    struct cache *cache;
    struct cache_command *marker;
};

static void on_message(void *context, const struct bus_message *in) {
    static struct message message;
    struct restart *r = context;
    if (message_decode(in->bytes, in->len, &message, NULL) != CODEC_OK || message.info->number != MESSAGE_reply) return;
    if (message.reply.verdict || r->answered_ns) return;
    r->answered_ns = clock_monotonic_ns();
    r->seq = message.reply.seq;
}

/* The marker's count of the index in use, and the seq: both must be those of the log. */
static void on_marker(void *context, enum err err, const struct cache_reply *reply) {
    struct restart *r = context;
    r->asking = false;
    if (err == ERR_NONE && r->seq && cache_reply_int(reply) >= r->seq && !r->current_ns)
        r->current_ns = clock_monotonic_ns();
}

static int pid_of(const struct load *load, const char *name) {
    for (int i = 0; i < load->before.count; i++)
        if (!strcmp(load->before.processes[i].name, name)) return load->before.processes[i].pid;
    die("pids= names no %s", name);
}

static void ask(struct bus_socket *door, int64_t ticket, uint32_t center) {
    static uint8_t bytes[4096];
    size_t len;
    struct command command = {
        .ticket = ticket, .name = COMMAND_NOTE, .by = {.user = 1, .role = ROLE_OPERATOR, .unit = center}};
    command.note = (struct text){"重启后首次答复", sizeof "重启后首次答复" - 1};
    struct envelope envelope = {.id = ticket, .sent_at = clock_now()};
    must(message_encode(MESSAGE_command, &envelope, &command, bytes, sizeof bytes, &len) == CODEC_OK);
    if (bus_send(door, bytes, len) != ERR_NONE) return; /* not connected yet */
}

/* The router's own memory after it came back, by its new process. */
static int64_t memory_of_new_router(int old_pid) {
    char command[] = "pgrep -n -x paidan-router", text[32] = "", path[64], line[128];
    FILE *found = popen(command, "r");
    if (!found || !fgets(text, sizeof text, found) || atoi(text) == old_pid) return 0;
    pclose(found);
    snprintf(path, sizeof path, "/proc/%d/status", atoi(text));
    FILE *status = fopen(path, "r");
    int64_t bytes = 0;
    while (status && fgets(line, sizeof line, status))
        if (!strncmp(line, "RssAnon:", 8)) bytes = strtoll(line + 8, NULL, 10) * 1024;
    if (status) fclose(status);
    return bytes;
}

void scenario_restart(struct load *load) {
    struct restart r = {.answered_ns = 0};
    struct buffer line = {0};
    struct json_writer w;
    char path[200];
    struct bus_socket *door;
    int64_t open = query_int(load, "SELECT count(*) FROM ticket WHERE open"),
            ticket = query_int(load, "SELECT max(id) FROM ticket WHERE open");
    uint32_t center = (uint32_t)query_int(load, "SELECT id FROM unit WHERE kind = 1");
    int pid = pid_of(load, "router");
    snprintf(path, sizeof path, "%s/redis.sock", load->run);
    r.cache = cache_new(load->loop, &(struct cache_options){.socket_path = path});
    r.marker = cache_command_new();
    cache_command_begin(r.marker, "HGET paidan:1 seq");
    struct bus *bus = bus_new(load->loop);
    snprintf(path, sizeof path, "ipc://%s/bus/router", load->run);
    NEED(bus_connect_dealer(bus, path, NULL, on_message, &r, &door), path);
    for (int i = 0; i < 50; i++) loop_turn(load->loop, 10);
    int64_t start = clock_monotonic_ns(), asked = 0;
    if (kill(pid, SIGKILL) != 0) die("the router (%d) cannot be killed", pid);
    while (!r.current_ns) {
        int64_t now = clock_monotonic_ms();
        if (now - start / 1000000 > PATIENCE_MS) die("no answer in %d s", PATIENCE_MS / 1000);
        if (!r.answered_ns && now - asked >= ASK_EACH_MS) ask(door, ticket, center), asked = now;
        if (r.answered_ns && !r.asking && cache_is_up(r.cache)) {
            r.asking = true;
            cache_send(r.cache, r.marker, 5000, on_marker, &r);
        }
        loop_turn(load->loop, ASK_EACH_MS);
    }
    result_open(load, &w, &line);
    json_put_int(&w, "count", open);
    json_put_double(&w, "first_answer_s", (double)(r.answered_ns - start) / 1e9);
    json_put_double(&w, "queues_current_s", (double)(r.current_ns - start) / 1e9);
    json_put_int(&w, "router_bytes_per_ticket", open ? memory_of_new_router(pid) / open : 0);
    result_close(&w, &line);
    bus_free(&bus);
    cache_free(&r.cache);
    cache_command_free(&r.marker);
}
