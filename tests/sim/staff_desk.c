/* Staff and the desk they act through: commands as the console sends them, with and without idempotency keys and expected
 * versions, most of them possible, some not; those with a key are sent again until they are answered. What was ordered outlives
 * the desk: people remember. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/bus.h"
#include "common/clock.h"
#include "core/lifecycle.h"
#include "core/ticket.h"
#include "proto/codec.h"
#include "proto/must.h"
#include "tests/sim/check.h"
#include "tests/sim/fakes.h"
#include "tests/sim/hotline.h"
#include "tests/sim/people.h"
#include "tests/sim/world.h"

enum { AGAIN_US = 1500000, GIVE_UP_US = 6000000 };

struct order {
    int64_t number, sent_us, first_us;
    uint32_t sent_life;
    bool keyed, done, answered;
    uint8_t key[16], key_body[16];
    char note[24];
    struct command command;
    struct reply first; /* the answer that counts */
};

struct desk {
    struct kit *kit;
    struct bus *bus;
    struct bus_socket *router, *news;
    struct loop_timer *timer;
    int64_t told_world_us;
};

static struct order **orders;
static size_t order_count, order_size, first_open;
static int waiting, per_second;
static uint32_t world_seen;
static struct people_tally tally;
static bool in_history;
static bool finishing; /* people go home: what has no key is given up */

/* ---- inventing a command ------------------------------------------------------------------------------------------------- */

static const struct ticket_row *some_ticket(void) {
    if (!disk.tickets.count) return NULL;
    for (int tries = 0; tries < 8; tries++) {
        size_t i = below((uint32_t)disk.tickets.count);
        const struct ticket_row *row = disk.tickets.entries[i].row;
        if (row->open || chance(150000)) return row;
    }
    return disk.tickets.entries[below((uint32_t)disk.tickets.count)].row;
}

static uint32_t some_unit(const struct ticket *t) {
    if (t->assignments_count && chance(300000)) return t->assignments[below(t->assignments_count)].unit;
    return 1 + below(UNIT_COUNT - 1);
}

static struct text text_of(const char *string) {
    return (struct text){string, (uint32_t)strlen(string)};
}

static void fill(struct order *o, const struct ticket *t) {
    struct command *c = &o->command;
    int64_t now = sim_wall_ms();
    c->ticket = t->id;
    c->version = chance(300000) ? t->version : chance(20000) ? t->version + 1 : 0;
    c->unit = some_unit(t);
    if (chance(300000))
        for (uint32_t i = below(3); i > 0; i--) c->units[c->units_count++] = some_unit(t);
    c->reason = text_of(c->name == COMMAND_RETURN ? word_text(WORDS_return_reason, (int)(1 + below(5))) : "because");
    c->basis = text_of("article 1");
    snprintf(o->note, sizeof o->note, "%c%lld", o->keyed ? 'k' : 'u', (long long)o->number);
    c->note = text_of(chance(4000) ? POISON : o->note);
    if (!chance(50000)) c->answer = text_of("it was done");
    if (!chance(200000)) c->until = now + between(60000, 40 * 86400000LL);
    if (chance(200000)) c->matter = world_matter_code((int)below(MATTER_COUNT));
    if (chance(100000)) c->urgency = (uint8_t)(1 + below(4));
    if (chance(200000)) c->place = GRID_FIRST + below(9);
    const struct ticket_row *other = some_ticket();
    c->other = t->merged_into && chance(900000) ? t->merged_into : other ? other->id : 0;
    if (chance(500000)) c->source = chance(500000) ? SOURCE_HOTLINE : SOURCE_HOTLINE + 1;
    c->result = (uint8_t)below(RESULT_NOT_POSSIBLE + 1);
    c->request = t->request;
    c->satisfied = chance(500000);
    c->score = (uint8_t)(1 + below(5));
    if (chance(300000)) c->rung = t->highest_rung;
    if (t->cards_count && chance(700000)) c->card = t->cards[below(t->cards_count)].no;
    if (t->assignments_count && chance(300000)) c->assignment = t->assignments[below(t->assignments_count)].no;
}

#define BIT(name) (UINT64_C(1) << COMMAND_##name)

/* Mostly units that can be meant: a refusal for an unfit unit teaches little the tenth time. */
static void fill_fit(struct command *c, const struct ticket *t) {
    if (chance(200000)) return;
    c->units_count = 0;
    if (c->name == COMMAND_WHISTLE) c->unit = WATER + below(3);
    if (c->name == COMMAND_PASS_DOWN) {
        c->unit = GRID_FIRST + below(8);
        c->until = sim_wall_ms() + between(60000, 6 * 3600000);
    }
    for (uint16_t i = 0; i < t->assignments_count; i++)
        if (c->name == COMMAND_SCORE && t->assignments[i].arrived_at) c->unit = t->assignments[i].unit;
}

/* What is looked for in a history: the work itself more often than not, so that tickets come far; seldom mere talk. */
static uint64_t wanted_in_a_history(void) {
    static const uint64_t forward = BIT(DISPATCH) | BIT(SIGN) | BIT(CONTACT) | BIT(FINISH) | BIT(GRANT_FINISH) |
                                    BIT(PASS) | BIT(SOLVED) | BIT(UNREACHABLE) | BIT(ANSWER) | BIT(ARRIVE) |
                                    BIT(SCORE) | BIT(RELEASE_ASSIST) | BIT(REPLY) | BIT(ADJUDICATE) |
                                    BIT(GRANT_SUSPENSION) | BIT(RESUME),
                          turns = BIT(MERGE) | BIT(UNMERGE) | BIT(PASS_DOWN) | BIT(REOPEN) | BIT(REFUSE_FINISH) |
                                  BIT(WHISTLE) | BIT(UNSOLVED) | BIT(FAIL) | BIT(RETURN) | BIT(PASS_UP) | BIT(FORCE) |
                                  BIT(ASK_EXTENSION) | BIT(GRANT_EXTENSION) | BIT(ASK_SUSPENSION),
                          talk = BIT(NOTE) | BIT(URGE) | BIT(SUPERVISE) | BIT(APPEAL_CARD) | BIT(WITHDRAW_CARD) |
                                 BIT(REFUSE_APPEAL) | BIT(ASK) | BIT(SUPPLEMENT) | BIT(SPLIT) | BIT(VOID) |
                                 BIT(ADD_ASSIST) | BIT(TRANSFER) | BIT(DECLINE) | BIT(TRIAGE);
    uint32_t which = below(100);
    return which < 60 ? forward : which < 80 ? turns : which < 90 ? ~talk : UINT64_MAX;
}

/* A command that is possible for somebody, if some tries find one. */
static void choose(struct order *o, const struct ticket *t) {
    int count;
    const struct principal *people = world_people(&count);
    uint64_t wanted = in_history ? wanted_in_a_history() : UINT64_MAX;
    for (int tries = 0; tries < (in_history ? 90 : 30); tries++) {
        const struct principal *by = &people[below((uint32_t)count)];
        uint64_t possible = ticket_possible(world_now(), t, by, sim_wall_ms());
        uint64_t idle = UINT64_C(1) << COMMAND_NOTE | UINT64_C(1) << COMMAND_URGE | UINT64_C(1) << COMMAND_SUPERVISE |
                        UINT64_C(1) << COMMAND_VOID | UINT64_C(1) << COMMAND_MERGE | UINT64_C(1) << COMMAND_TRANSFER |
                        UINT64_C(1) << COMMAND_DECLINE | UINT64_C(1) << COMMAND_SPLIT |
                        UINT64_C(1) << COMMAND_SUPPLEMENT;
        if (in_history)
            possible &= tries < 80 ? wanted : UINT64_MAX;
        else if (!chance(80000))
            possible &= ~idle; /* the work itself, mostly */
        if (!possible) continue;
        int which = (int)below((uint32_t)__builtin_popcountll(possible));
        while (which--) possible &= possible - 1;
        o->command.name = (uint8_t)__builtin_ctzll(possible);
        o->command.by = *by;
        return;
    }
    o->command.name = (uint8_t)(COMMAND_TRIAGE + below(COMMAND_COUNT - COMMAND_TRIAGE));
    o->command.by = people[below((uint32_t)count)];
}

static void new_order(void) {
    const struct ticket_row *row = some_ticket();
    struct ticket t;
    if (!row) return;
    must(codec_decode(&type_ticket, row->body, row->len, &t, NULL) == CODEC_OK);
    struct order *o = calloc(1, sizeof *o);
    must(o);
    o->number = (int64_t)order_count + 1;
    o->keyed = chance(500000);
    if (chance(70000)) {
        int count;
        const struct principal *people = world_people(&count);
        o->command.name = (uint8_t)(1 + below(COMMAND_COUNT - 1));
        o->command.by = people[below((uint32_t)count)];
    } else {
        choose(o, &t);
    }
    fill(o, &t);
    if (in_history) fill_fit(&o->command, &t);
    if (o->keyed) {
        uint64_t key = (uint64_t)o->number * UINT64_C(0x9e3779b97f4a7c15);
        memcpy(o->key, &o->number, 8);
        memcpy(o->key + 8, &key, 8);
        memcpy(o->key_body, &key, 8);
        o->command.key = (struct bytes){o->key, 16};
        o->command.key_body = (struct bytes){o->key_body, 16};
    }
    if (order_count == order_size) {
        order_size = order_size ? order_size * 2 : 256;
        orders = realloc(orders, order_size * sizeof *orders);
        must(orders);
    }
    orders[order_count++] = o;
    waiting++;
}

int64_t people_note_number(const char *note, size_t len) {
    char text[24] = "";
    if (len < 2 || len >= sizeof text || (note[0] != 'k' && note[0] != 'u')) return 0;
    memcpy(text, note + 1, len - 1);
    return atoll(text);
}
bool people_note_is_keyed(int64_t number) {
    return number >= 1 && number <= (int64_t)order_count && orders[number - 1]->keyed;
}

/* ---- sending and hearing ---------------------------------------------------------------------------------------------------- */

static void send_message(struct desk *desk, enum message_type type, int64_t id, const void *body) {
    static uint8_t bytes[MESSAGE_BYTES_MAX];
    size_t len;
    struct envelope envelope = {.id = id, .sent_at = clock_now(), .shard = 1};
    must(message_encode(type, &envelope, body, bytes, sizeof bytes, &len) == CODEC_OK);
    (void)!bus_send(desk->router, bytes, len);
}

static void send_order(struct desk *desk, struct order *o) {
    if (!o->first_us) o->first_us = sim.now_us;
    o->sent_us = sim.now_us;
    o->sent_life = sim.current->life;
    if (sim.tracing)
        trace("order %lld%s: %s T%lld by user %lld", (long long)o->number, o->keyed ? " (keyed)" : "",
              word_text(WORDS_command_name, o->command.name), (long long)o->command.ticket,
              (long long)o->command.by.user);
    send_message(desk, MESSAGE_command, o->number, &o->command);
}

static void finish(struct order *o) {
    if (o->done) return;
    o->done = true;
    waiting--;
}

static void check_repeated(const struct order *o, const struct reply *reply) {
    bool same = reply->verdict == o->first.verdict && reply->ticket == o->first.ticket &&
                reply->version == o->first.version && reply->seq == o->first.seq;
    if (!same) broken("I2", "command %lld is answered differently when it is repeated", (long long)o->number);
}

static void on_reply(void *context, const struct bus_message *in) {
    (void)context;
    static struct message message;
    if (message_decode(in->bytes, in->len, &message, NULL) != CODEC_OK || message.info->number != MESSAGE_reply) return;
    int64_t number = message.envelope.id;
    must(number >= 1 && number <= (int64_t)order_count);
    struct order *o = orders[number - 1];
    const struct reply *reply = &message.reply;
    if (reply->verdict == VERDICT_BUSY || reply->verdict == VERDICT_UNAVAILABLE) return; /* again later */
    if (reply->verdict == VERDICT_KEY_REUSED)
        broken("I2", "command %lld: its key is said to be another's", (long long)number);
    if (reply->verdict != VERDICT_OK) check_rule(reply->verdict);
    if (!o->done) {
        tally.commands++;
        if (reply->verdict == VERDICT_OK)
            tally.done[o->command.name]++;
        else
            tally.refused[reply->verdict]++;
    }
    if (reply->verdict == VERDICT_BAD_DATA) { /* put away: nothing of it is kept under its key */
        finish(o);
        return;
    }
    if (o->keyed && o->answered) check_repeated(o, reply);
    o->answered = true;
    o->first = *reply;
    finish(o);
}

static void on_news(void *context, const struct bus_message *in) {
    (void)context;
    static struct message message;
    if (message_decode(in->bytes, in->len, &message, NULL) != CODEC_OK || message.info->number != MESSAGE_beat) return;
    world_seen = message.beat.world;
}

static void tell_world(struct desk *desk) {
    if (world_seen == disk.world_version || sim.now_us - desk->told_world_us < 1000000) return;
    desk->told_world_us = sim.now_us;
    struct world_changed changed = {.world = disk.world_version};
    send_message(desk, MESSAGE_world_changed, 0, &changed);
}

static void send_garbage(struct desk *desk) {
    uint8_t bytes[64];
    size_t len = 1 + below(sizeof bytes);
    for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)draw();
    fault_happens(FAULT_GARBAGE, "%zu bytes", len);
    (void)!bus_send(desk->router, bytes, len);
}

static void on_tick(void *context) {
    struct desk *desk = context;
    if (per_second && chance((uint32_t)per_second * 20000)) new_order();
    if (per_second && chance(500)) send_garbage(desk);
    tell_world(desk);
    while (first_open < order_count && orders[first_open]->done) first_open++;
    for (size_t i = first_open; i < order_count; i++) {
        struct order *o = orders[i];
        if (o->done) continue;
        bool never = !o->first_us, lost = o->sent_life != sim.current->life || sim.now_us - o->sent_us > AGAIN_US;
        if (never || (o->keyed && lost))
            send_order(desk, o);
        else if (!o->keyed && (finishing || sim.now_us - o->first_us > GIVE_UP_US))
            finish(o); /* whether it happened is seen on the screen */
    }
}

/* ---- the process --------------------------------------------------------------------------------------------------------------- */

static enum err desk_open(struct kit *kit) {
    struct desk *desk = calloc(1, sizeof *desk);
    must(desk);
    kit->self = desk;
    desk->bus = bus_new(kit->loop);
    must(bus_connect_dealer(desk->bus, "ipc:///sim/bus/router", NULL, on_reply, desk, &desk->router) == ERR_NONE);
    must(bus_connect_sub(desk->bus, "ipc:///sim/bus/events", NULL, on_news, desk, &desk->news) == ERR_NONE);
    desk->timer = loop_timer_new(kit->loop, on_tick, desk);
    loop_timer_start(desk->timer, 20, 20);
    return ERR_NONE;
}

static void desk_close(struct kit *kit) {
    struct desk *desk = kit->self;
    loop_timer_free(&desk->timer);
    bus_free(&desk->bus);
    free(desk);
    kit->self = NULL;
}

const struct service staff_desk = {.name = "desk", .open = desk_open, .close = desk_close};

/* ---- people ---------------------------------------------------------------------------------------------------------------------- */

void people_work(int requests_per_second, int commands_per_second) {
    hotline_work(requests_per_second);
    per_second = commands_per_second;
    finishing = !commands_per_second;
}

int people_waiting(void) {
    return hotline_waiting() + waiting + (world_seen != disk.world_version);
}

/* Half of the changes have an effective date, at which escalation puts them in force. */
void people_change_world(void) {
    if (!disk.change_at && chance(500000)) {
        disk.change_at = sim_wall_ms() + 1 + below(20000);
        disk.world_version += WORLD_VERSIONS; /* ordering it is a load as well; the world is the same */
        fault_happens(FAULT_WORLD, "version %u from %lld on", disk.world_version + WORLD_VERSIONS + 1,
                      (long long)disk.change_at);
        return;
    }
    disk.world_version++;
    fault_happens(FAULT_WORLD, "version %u", disk.world_version);
}

void people_order(void) {
    in_history = true;
    new_order();
    in_history = false;
}

const struct people_tally *people_tally(void) {
    return &tally;
}

void people_done(void) {
    tally = (struct people_tally){0};
    hotline_done();
    for (size_t i = 0; i < order_count; i++) free(orders[i]);
    free(orders);
    orders = NULL;
    order_count = order_size = first_open = 0;
    waiting = per_second = 0;
    world_seen = 0;
}
