/* (d): whole lives of seven steps: received and dispatched by the rules, then signed, contacted, finished, checked, called back (which
 * closes it), each by a command over the router's door, as the console sends them, with the principal it belongs to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/push.h"
#include "common/bus.h"
#include "common/clock.h"
#include "common/number.h"
#include "proto/codec.h"
#include "proto/must.h"

enum { PATIENCE_MS = 30000 };

struct life {
    int64_t sent_ns; /* the last command */
    uint32_t unit;   /* who handles it */
    uint8_t last;    /* enum command_name of the last command */
};

struct lives {
    struct load *load;
    struct city city;
    struct plan plan;
    struct watch *watch;
    struct push *push;
    struct bus *bus;
    struct bus_socket *door;
    struct life *lives; /* by number within the day, from `first` on */
    int64_t first, max, under_way, closed, lost, triaged, last_ns;
    struct histogram steps;
};

static struct life *life_of(struct lives *l, int64_t ticket) {
    int64_t place = number_ticket_n(ticket) - l->first;
    return place >= 0 && place < l->plan.count ? &l->lives[place] : NULL;
}

#define SAY(words) ((struct text){words, sizeof words - 1})

static void send_command(struct lives *l, int64_t ticket, struct life *life, enum command_name name) {
    static uint8_t bytes[MESSAGE_BYTES_MAX];
    bool by_unit = name == COMMAND_SIGN || name == COMMAND_CONTACT || name == COMMAND_FINISH;
    size_t len;
    struct command command = {.ticket = ticket, .name = (uint8_t)name};
    command.by =
        by_unit
            ? (struct principal){.user = 1000 + life->unit, .role = city_role(&l->city, life->unit), .unit = life->unit}
            : (struct principal){.user = 1, .role = ROLE_OPERATOR, .unit = l->city.center};
    if (name == COMMAND_CONTACT) command.note = SAY("已电话联系诉求人, 约定今日下午到现场查看。");
    if (name == COMMAND_FINISH) command.answer = SAY("已到现场处理完毕, 并将结果告知诉求人。感谢您的监督。");
    if (name == COMMAND_CLOSE) command.reason = SAY("回访已确认解决");
    command.satisfied = name == COMMAND_SOLVED;
    struct envelope envelope = {.id = ticket, .sent_at = clock_now()};
    must(message_encode(MESSAGE_command, &envelope, &command, bytes, sizeof bytes, &len) == CODEC_OK);
    life->last = (uint8_t)name;
    life->sent_ns = clock_monotonic_ns();
    NEED(bus_send(l->door, bytes, len), "the router's door");
}

static void end_life(struct lives *l, bool closed) {
    l->under_way--;
    l->closed += closed;
    l->lost += !closed;
    l->last_ns = clock_monotonic_ns();
}

static void on_change(void *context, const struct change *change) {
    struct lives *l = context;
    struct life *life = change->created ? life_of(l, change->ticket) : NULL;
    if (!life) return;
    life->unit = change->owner;
    if (change->state == STATE_OFFERED)
        send_command(l, change->ticket, life, COMMAND_SIGN);
    else { /* the rules leave it to an operator: no life of seven steps */
        l->under_way--;
        l->triaged++;
    }
}

static void on_reply(void *context, const struct bus_message *in) {
    static struct message message;
    struct lives *l = context;
    if (message_decode(in->bytes, in->len, &message, NULL) != CODEC_OK || message.info->number != MESSAGE_reply)
        die("the router's answer cannot be read");
    const struct reply *reply = &message.reply;
    struct life *life = life_of(l, reply->ticket);
    if (!life) return;
    histogram_add(&l->steps, (clock_monotonic_ns() - life->sent_ns) / 1000);
    if (reply->verdict) {
        if (l->lost < 3)
            fprintf(stderr, "command %d refused: verdict %u in state %d\n", life->last, reply->verdict, reply->state);
        end_life(l, false);
    } else if (life->last == COMMAND_SIGN) {
        send_command(l, reply->ticket, life, COMMAND_CONTACT);
    } else if (life->last == COMMAND_CONTACT) {
        send_command(l, reply->ticket, life, COMMAND_FINISH);
    } else if (reply->state == STATE_CHECK) {
        send_command(l, reply->ticket, life, COMMAND_PASS);
    } else if (life->last == COMMAND_PASS) {
        send_command(l, reply->ticket, life, COMMAND_SOLVED);
    } else if (reply->state == STATE_CALLBACK) {
        send_command(l, reply->ticket, life, COMMAND_CLOSE);
    } else {
        end_life(l, reply->state == STATE_CLOSED);
    }
}

static int64_t send_more(void *context, int64_t first, int64_t count) {
    struct lives *l = context;
    int64_t room = l->max - l->under_way;
    int64_t sent = room > 0 ? push_send(l->push, first, count < room ? count : room) : 0;
    l->under_way += sent;
    return sent;
}

static void wait_for_all(struct lives *l) {
    int64_t ended = 0, progress = clock_monotonic_ms();
    while (l->closed + l->lost + l->triaged < l->plan.accepted) {
        loop_turn(l->load->loop, 100);
        if (l->closed + l->lost > ended) {
            ended = l->closed + l->lost;
            progress = clock_monotonic_ms();
        }
        if (clock_monotonic_ms() - progress > PATIENCE_MS)
            die("%lld of %lld lives ended, then nothing", (long long)ended, (long long)l->plan.accepted);
    }
}

static void open_all(struct load *load, struct lives *l) {
    char address[200];
    struct bus_options options = bus_defaults();
    options.send_max = options.receive_max = 100000;
    options.turn_max = 2000;
    l->load = load;
    city_read(load, &l->city);
    plan_init(load, &l->plan);
    l->max = option_int(load, "credit", 2000);
    l->lives = calloc((size_t)l->plan.count, sizeof *l->lives);
    must(l->lives);
    l->first = query_int(load, "SELECT next_ticket FROM shard WHERE id = 1");
    l->watch = watch_new(load, l->plan.count, on_change, l);
    l->push = push_open(load, &l->city, &l->plan, true);
    l->bus = bus_new(load->loop);
    snprintf(address, sizeof address, "ipc://%s/bus/router", load->run);
    NEED(bus_connect_dealer(l->bus, address, &options, on_reply, l, &l->door), address);
    for (int i = 0; i < 20; i++) loop_turn(load->loop, 10);
}

void scenario_lives(struct load *load) {
    static struct lives l;
    static struct histogram queued;
    struct buffer line = {0};
    struct json_writer w;
    open_all(load, &l);
    meter_read(&load->before, load->db);
    plan_run(load, &l.plan, send_more, &l);
    wait_for_all(&l);
    plan_settle(load, &l.plan, l.watch, &queued);
    result_open(load, &w, &line);
    json_put_int(&w, "rate", l.plan.rate);
    json_put_int(&w, "count", l.plan.count);
    json_put_int(&w, "refused", l.plan.refused + l.lost);
    json_put_int(&w, "triaged", l.triaged);
    json_put_double(&w, "per_s", (double)l.closed / (double)(l.last_ns - l.plan.start_ns) * 1e9);
    put_latency(&w, "answer_us", &l.steps);
    put_latency(&w, "queued_us", &queued);
    meter_write(&w, &load->before, &load->after, l.closed ? l.closed : 1);
    result_close(&w, &line);
    push_close(&l.push);
    bus_free(&l.bus);
    watch_free(&l.watch);
    plan_done(&l.plan);
    city_done(&l.city);
    free(l.lives);
}
