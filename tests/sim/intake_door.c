/* A hotline and the intake process: the real accept.c and forward.c behind a door that is only a function call. The hotline keeps
 * a journal: it pushes each request until it has a final answer, and now and then pushes one again that it was answered for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/must.h"
#include "services/intake/accept.h"
#include "services/intake/forward.h"
#include "tests/sim/check.h"
#include "tests/sim/fakes.h"
#include "tests/sim/hotline.h"
#include "tests/sim/people.h"
#include "tests/sim/world.h"

struct push {
    int64_t external, number; /* number: acknowledged */
    int64_t next_us, under_way_since;
    uint32_t under_way_life; /* 0: not under way */
    bool done, again;        /* again: pushed once more after its answer */
    char text[24];
    struct said said;
};

struct door {
    struct kit *kit;
    struct db_pool *pool;
    struct accept *accept;
    struct forward *forward;
    struct loop_timer *timer;
};

static struct push **pushes;
static size_t push_count, push_size, first_open;
static int waiting;
static int per_second;

/* ---- the journal -------------------------------------------------------------------------------------------------------- */

static void fill_said(struct push *p) {
    static const uint8_t ways[] = {PLACE_BY_POINT, PLACE_BY_GRID, PLACE_BY_ADDRESS};
    snprintf(p->text, sizeof p->text, "x%lld", (long long)p->external);
    struct said *s = &p->said;
    s->source = chance(4000) ? POISON_SOURCE : SOURCE_HOTLINE;
    s->external_id = (struct span){p->text, strlen(p->text)};
    s->channel = (uint8_t)(1 + below(7));
    s->urgency = chance(500000) ? 0 : (uint8_t)(1 + below(4));
    s->matter = chance(150000) ? 0 : world_matter_code((int)below(MATTER_COUNT));
    s->matter_given = s->matter || chance(500000) ? (struct span){"m", 1} : (struct span){0};
    s->title = (struct span){"t", 1};
    if (!chance(150000)) {
        s->place.unit = chance(700000) ? GRID_FIRST + below(9) : STREET_A + below(6);
        s->place.by = ways[below(3)];
        s->place.dedicated = s->place.unit == GRID_DEDICATED;
    } else {
        s->place.by = chance(500000) ? PLACE_OUTSIDE : PLACE_UNKNOWN;
    }
    s->confidential = chance(100000);
    memcpy(s->content, &p->external, sizeof p->external);
}

void people_push(int n) {
    while (n--) {
        struct push *p = calloc(1, sizeof *p);
        must(p);
        p->external = (int64_t)push_count + 1;
        p->next_us = sim.now_us;
        fill_said(p);
        if (push_count == push_size) {
            push_size = push_size ? push_size * 2 : 256;
            pushes = realloc(pushes, push_size * sizeof *pushes);
            must(pushes);
        }
        pushes[push_count++] = p;
        waiting++;
    }
}

void hotline_work(int requests_per_second) {
    per_second = requests_per_second;
}
int hotline_waiting(void) {
    return waiting;
}

static void finish(struct push *p) {
    p->done = true;
    waiting--;
}

static void take_answer(struct push *p, const struct accept_answer *answer) {
    p->under_way_life = 0;
    p->next_us = sim.now_us + between(50000, 1500000);
    switch (answer->outcome) {
    case ACCEPT_NEW:
    case ACCEPT_REPEAT:
        if (p->number && p->number != answer->number)
            broken("I2", "push %lld is answered with another number than before", (long long)p->external);
        if (p->number && answer->outcome == ACCEPT_NEW)
            broken("I2", "push %lld is accepted as new twice", (long long)p->external);
        p->number = answer->number;
        const struct request_row *row = table_get(&disk.requests, p->number, 0);
        if (!row || row->external != p->external)
            broken("I1", "push %lld is acknowledged and not on disk", (long long)p->external);
        if (!p->done) finish(p);
        break;
    case ACCEPT_BAD:
        if (!p->done) finish(p);
        break;
    case ACCEPT_CONFLICT:
        broken("I2", "push %lld conflicts with itself", (long long)p->external);
    default:
        break; /* busy or unknown: the same again */
    }
}

int64_t people_acknowledged(void) {
    int64_t count = 0;
    for (size_t i = 0; i < push_count; i++) {
        const struct push *p = pushes[i];
        if (!p->number) continue;
        count++;
        const struct request_row *row = table_get(&disk.requests, p->number, 0);
        if (!row || row->external != p->external)
            broken("I1", "push %lld was acknowledged as %lld and is gone", (long long)p->external,
                   (long long)p->number);
    }
    if (disk.requests.count > push_count) broken("I2", "more requests are on disk than were pushed");
    return count;
}

void hotline_done(void) {
    for (size_t i = 0; i < push_count; i++) free(pushes[i]);
    free(pushes);
    pushes = NULL;
    push_count = push_size = first_open = 0;
    waiting = per_second = 0;
}

/* ---- the process ------------------------------------------------------------------------------------------------------------ */

static void on_accepted(void *context, const struct said *said, const struct accept_answer *answer) {
    (void)context;
    struct push *p = (struct push *)((char *)(uintptr_t)said - offsetof(struct push, said));
    if (proc_dies_here("answering a push")) return; /* the hotline hears nothing */
    take_answer(p, answer);
}

static bool is_due(const struct push *p) {
    if (p->done && !p->again) return false;
    if (p->under_way_life) return p->under_way_life != sim.current->life && sim.now_us > p->under_way_since + 300000;
    return p->next_us <= sim.now_us;
}

static void on_tick(void *context) {
    struct door *door = context;
    if (per_second && chance((uint32_t)per_second * 10000)) people_push(1);
    while (first_open < push_count && pushes[first_open]->done) first_open++;
    if (push_count && per_second && chance(3000)) {
        struct push *p = pushes[below((uint32_t)push_count)];
        if (p->done && p->number && !p->under_way_life) {
            p->again = true;
            if ((size_t)p->external - 1 < first_open) first_open = (size_t)p->external - 1;
        }
    }
    for (size_t i = first_open; i < push_count; i++) {
        struct push *p = pushes[i];
        if (!is_due(p)) continue;
        p->again = false;
        p->under_way_life = sim.current->life;
        p->under_way_since = sim.now_us;
        if (!accept_add(door->accept, &p->said, on_accepted, door)) p->under_way_life = 0;
    }
}

static void on_world(void *context, uint32_t world) {
    (void)context, (void)world;
}

static enum err door_open(struct kit *kit) {
    struct door *door = calloc(1, sizeof *door);
    must(door);
    kit->self = door;
    door->kit = kit;
    struct db_options options = {.conninfo = "sim", .backoff_max_ms = 250};
    door->pool = db_pool_new(kit->loop, &options, 2);
    door->accept = accept_new(kit->loop, door->pool, NULL, 40000);
    accept_set_careful(door->accept, (int)between(1, 3)); /* so that both statements are met */
    door->forward = forward_new(kit->loop, "ipc:///sim/bus/router", "ipc:///sim/bus/events", 20000, on_world, door);
    accept_set_stored(door->accept, forward_stored, door->forward);
    door->timer = loop_timer_new(kit->loop, on_tick, door);
    loop_timer_start(door->timer, 10, 10);
    return ERR_NONE;
}

static void door_close(struct kit *kit) {
    struct door *door = kit->self;
    loop_timer_free(&door->timer);
    db_pool_free(&door->pool);
    accept_free(&door->accept);
    forward_free(&door->forward);
    free(door);
    kit->self = NULL;
}

const struct service intake_door = {.name = "intake", .open = door_open, .close = door_close};
