/* See ticket_recount.h. */
#include "core/ticket_recount.h"

#include "core/ticket_inner.h"
#include "proto/must.h"

struct counting {
    const struct world *world;
    struct terms terms;
    time_ms now;
    struct recount *recount;
};

static void count_anew(const struct counting *c, int slot, const struct clock *before, uint32_t unit) {
    struct clock clock = *before;
    const struct terms *terms = &c->terms;
    if (!clock_recompute(c->world, terms->matter, terms->policy, terms->urgency, unit, &clock, c->now)) return;
    struct recount *r = c->recount;
    must(r->count < EVENT_CLOCKS_MAX);
    r->before[r->count] = *before;
    r->units[r->count] = unit;
    r->sets[r->count++] = (struct clock_set){.slot = (uint8_t)slot, .clock = clock};
}

uint16_t ticket_recount(const struct world *world, const struct ticket *ticket, time_ms now,
                        struct recount *ret_recount) {
    struct counting c = {world, ticket_terms(world, ticket), now, ret_recount};
    ret_recount->count = 0;
    if (!ticket_is_open(ticket)) return 0;
    count_anew(&c, CLOCK_SLOT_TICKET, &ticket->clock, ticket->owner);
    count_anew(&c, CLOCK_SLOT_SUPERVISION, &ticket->supervision, ticket->supervised_unit);
    count_anew(&c, CLOCK_SLOT_TOTAL, &ticket->total, 0);
    for (uint16_t i = 0; i < ticket->assignments_count; i++) {
        const struct assignment *a = &ticket->assignments[i];
        count_anew(&c, 2 * a->no, &a->turn, a->unit);
        count_anew(&c, 2 * a->no + 1, &a->handle, a->unit);
    }
    return ret_recount->count;
}
