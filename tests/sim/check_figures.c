/* The figures, as the console keeps them, against a recomputation from the log alone: event by event counted into cells; after any
 * prefix (each that is a power of two long, and the whole) the cells of every unit must add up to a plain fold of the log by core/figures.h, and
 * the identity of the counters must hold. Another organisation begins the cells anew (rule F11). See check.h. */
#include <stdlib.h>
#include <string.h>

#include "core/figures.h"
#include "core/ticket.h"
#include "proto/codec.h"
#include "proto/must.h"
#include "services/kit/tally.h"
#include "tests/sim/check.h"
#include "tests/sim/fakes.h"
#include "tests/sim/world.h"

enum { REMEMBERED = 1 << 20 };

static struct tally *live;
static const struct world *counted_by;

static bool same_organisation(const struct world *a, const struct world *b) {
    if (a == b) return true;
    if (!a || a->unit_count != b->unit_count) return false;
    for (uint32_t id = 0; id < a->unit_count; id++)
        if (a->units[id].kind != b->units[id].kind || a->units[id].parent != b->units[id].parent) return false;
    return true;
}

static const struct event *event_of(const struct event_row *row) {
    static struct event event;
    memset(&event, 0, sizeof event);
    event.seq = row->seq;
    event.ticket = row->ticket;
    event.version = (uint32_t)row->version;
    event.at = row->at;
    event.type = (uint8_t)row->type;
    event.cause = (uint8_t)row->cause;
    event.role = (uint8_t)row->role;
    must(codec_decode(&type_effect, row->body, row->len, &event.effect, NULL) == CODEC_OK);
    return &event;
}

static void take(const struct event *event) {
    if (!tally_take(live, counted_by, event))
        broken("I4", "the event at seq %lld counts nothing", (long long)event->seq);
}

static void begin(int64_t before_seq) {
    counted_by = world_now();
    tally_reset(live);
    for (size_t i = 0; i < disk.events.count && disk.events.entries[i].a < before_seq; i++)
        take(event_of(disk.events.entries[i].row));
}

/* What every unit should have, from the first event up to this one. */
static void recompute(int64_t to_seq, struct figures *figures) {
    struct table tickets = {0};
    for (size_t i = 0; i < disk.events.count && disk.events.entries[i].a <= to_seq; i++) {
        const struct event *event = event_of(disk.events.entries[i].row);
        struct ticket *ticket = table_get(&tickets, event->ticket, 0);
        static struct ticket before;
        if (!ticket) {
            ticket = calloc(1, sizeof *ticket);
            must(ticket);
            table_put(&tickets, event->ticket, 0, ticket);
        }
        before = *ticket;
        ticket_apply(ticket, event);
        for (uint32_t unit = 0; unit < counted_by->unit_count; unit++)
            figures_fold(&figures[unit], counted_by, unit, &before, ticket, event);
    }
    table_clear(&tickets);
}

static void compare(int64_t to_seq) {
    static struct figures kept[UNIT_COUNT], folded[UNIT_COUNT];
    memset(kept, 0, sizeof kept);
    memset(folded, 0, sizeof folded);
    for (size_t i = 0; i < tally_count(live); i++) {
        const struct tally_cell *c = tally_cell(live, i);
        if (c->period > 999999) figures_add(&kept[c->unit], &c->figures);
    }
    recompute(to_seq, folded);
    for (uint32_t unit = 0; unit < UNIT_COUNT; unit++) {
        int kind = counted_by->units[unit].kind;
        if (!figures_hold(&folded[unit])) broken("I3", "the counters of unit %u do not hold", unit);
        if (!figures_cards_hold(&folded[unit])) broken("I3", "unit %u has more cards withdrawn than given", unit);
        if (kind == UNIT_CENTER || kind == UNIT_DISTRICT) continue; /* these are the whole */
        if (memcmp(&kept[unit], &folded[unit], sizeof kept[unit]) != 0)
            broken("I4", "the figures of unit %u are not what %lld events make", unit, (long long)to_seq);
    }
}

void check_figures_start(void) {
    if (!live) live = tally_new(true, REMEMBERED);
    tally_reset(live);
    counted_by = NULL;
}

void check_figures_event(const struct event *event) {
    if (!same_organisation(counted_by, world_now())) begin(event->seq);
    take(event);
    if ((event->seq & (event->seq - 1)) == 0) compare(event->seq);
}

void check_figures(int64_t head_seq) {
    if (!counted_by) return;
    if (!same_organisation(counted_by, world_now())) begin(head_seq + 1);
    compare(head_seq);
}

void check_figures_done(void) {
    if (live) tally_free(&live);
}
