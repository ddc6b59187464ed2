/* See tally.h. Two hash tables with open addressing: cells, and tickets in their encoded form (a few hundred bytes each). */
#include "services/kit/tally.h"

#include <stdlib.h>
#include <string.h>

#include "common/json_writer.h"
#include "core/lifecycle.h"
#include "core/ticket.h"
#include "proto/codec.h"
#include "proto/must.h"

struct remembered {
    int64_t ticket; /* 0: free */
    uint32_t len;   /* 0: its events do not follow; nothing more is counted of it */
    uint8_t *bytes;
};

struct tally {
    bool months;
    size_t tickets_max;
    struct tally_cell *cells;
    size_t cell_count, cell_room;
    uint32_t *index; /* place of the cell + 1; 0: free */
    size_t index_size;
    struct remembered *tickets;
    size_t ticket_count, ticket_size;
    struct ticket before, after; /* the ticket at work */
};

enum { INDEX_START = 1024, TICKETS_START = 1024 };

static uint64_t mixed(uint64_t x) {
    x ^= x >> 31;
    x *= 0x9e3779b97f4a7c15u;
    return x ^ x >> 29;
}

static void *zeroed(size_t count, size_t size) {
    void *memory = calloc(count, size);
    must(memory);
    return memory;
}

struct tally *tally_new(bool months, size_t tickets_max) {
    struct tally *t = zeroed(1, sizeof *t);
    t->months = months;
    t->tickets_max = tickets_max;
    t->index_size = INDEX_START;
    t->index = zeroed(t->index_size, sizeof *t->index);
    t->ticket_size = TICKETS_START;
    t->tickets = zeroed(t->ticket_size, sizeof *t->tickets);
    return t;
}

static void forget_tickets(struct tally *t) {
    for (size_t i = 0; i < t->ticket_size; i++) free(t->tickets[i].bytes);
    memset(t->tickets, 0, t->ticket_size * sizeof *t->tickets);
    t->ticket_count = 0;
}

void tally_free(struct tally **tally) {
    struct tally *t = *tally;
    *tally = NULL;
    forget_tickets(t);
    free(t->tickets);
    free(t->index);
    free(t->cells);
    free(t);
}

void tally_clear_cells(struct tally *t) {
    memset(t->index, 0, t->index_size * sizeof *t->index);
    t->cell_count = 0;
    if (tally_is_full(t)) forget_tickets(t);
}

bool tally_is_full(const struct tally *t) {
    return t->ticket_count > t->tickets_max;
}

void tally_reset(struct tally *t) {
    tally_clear_cells(t);
    forget_tickets(t);
}

/* ---- cells ------------------------------------------------------------------------------------------------------------------ */

static size_t place_of(const struct tally *t, uint32_t unit, int32_t period, uint32_t matter, uint8_t channel) {
    uint64_t key = mixed((uint64_t)unit << 32 | (uint32_t)period) ^ ((uint64_t)matter << 8 | channel);
    size_t at = mixed(key) & (t->index_size - 1);
    while (t->index[at]) {
        const struct tally_cell *c = &t->cells[t->index[at] - 1];
        if (c->unit == unit && c->period == period && c->matter == matter && c->channel == channel) break;
        at = (at + 1) & (t->index_size - 1);
    }
    return at;
}

static void grow_cells(struct tally *t) {
    if (t->cell_count == t->cell_room) {
        t->cell_room = t->cell_room ? t->cell_room * 2 : 256;
        t->cells = realloc(t->cells, t->cell_room * sizeof *t->cells);
        must(t->cells);
    }
    if (t->cell_count * 2 < t->index_size) return;
    free(t->index);
    t->index_size *= 2;
    t->index = zeroed(t->index_size, sizeof *t->index);
    for (size_t i = 0; i < t->cell_count; i++) {
        const struct tally_cell *c = &t->cells[i];
        t->index[place_of(t, c->unit, c->period, c->matter, c->channel)] = (uint32_t)i + 1;
    }
}

/* Number of the cell, made when it is not there. */
static size_t cell(struct tally *t, uint32_t unit, int32_t period, uint32_t matter, uint8_t channel) {
    grow_cells(t);
    size_t at = place_of(t, unit, period, matter, channel);
    if (!t->index[at]) {
        t->cells[t->cell_count] =
            (struct tally_cell){.unit = unit, .period = period, .matter = matter, .channel = channel};
        t->index[at] = (uint32_t)++t->cell_count;
    }
    return t->index[at] - 1;
}

size_t tally_count(const struct tally *t) {
    return t->cell_count;
}

const struct tally_cell *tally_cell(const struct tally *t, size_t i) {
    return &t->cells[i];
}

const struct tally_cell *tally_find(const struct tally *t, uint32_t unit, int32_t period, uint32_t matter,
                                    uint8_t channel) {
    uint32_t found = t->index[place_of(t, unit, period, matter, channel)];
    return found ? &t->cells[found - 1] : NULL;
}

/* ---- tickets ---------------------------------------------------------------------------------------------------------------- */

static struct remembered *seat(const struct tally *t, int64_t ticket) {
    size_t at = mixed((uint64_t)ticket) & (t->ticket_size - 1);
    while (t->tickets[at].ticket && t->tickets[at].ticket != ticket) at = (at + 1) & (t->ticket_size - 1);
    return &t->tickets[at];
}

static void grow_tickets(struct tally *t) {
    if (t->ticket_count * 2 < t->ticket_size) return;
    struct remembered *old = t->tickets;
    size_t old_size = t->ticket_size;
    t->ticket_size *= 2;
    t->tickets = zeroed(t->ticket_size, sizeof *t->tickets);
    for (size_t i = 0; i < old_size; i++)
        if (old[i].ticket) *seat(t, old[i].ticket) = old[i];
    free(old);
}

static void remember(struct tally *t, int64_t ticket, const uint8_t *bytes, size_t len) {
    grow_tickets(t);
    struct remembered *r = seat(t, ticket);
    t->ticket_count += !r->ticket;
    if (len > r->len) {
        r->bytes = realloc(r->bytes, len);
        must(r->bytes);
    }
    if (len) memcpy(r->bytes, bytes, len);
    *r = (struct remembered){ticket, (uint32_t)len, r->bytes};
}

bool tally_knows(const struct tally *t, int64_t ticket, uint32_t version) {
    return version <= 1 || seat(t, ticket)->ticket == ticket;
}

void tally_refuse(struct tally *t, int64_t ticket) {
    remember(t, ticket, NULL, 0);
}

/* t->before and t->after around the event; remembered. False: it does not follow. */
static bool step(struct tally *t, const struct event *event) {
    static uint8_t bytes[16384];
    const struct remembered *r = seat(t, event->ticket);
    bool known = r->ticket == event->ticket, sound = known || event->version == 1;
    memset(&t->before, 0, sizeof t->before);
    if (known) sound = r->len && codec_decode(&type_ticket, r->bytes, r->len, &t->before, NULL) == CODEC_OK;
    sound = sound && event->version == t->before.version + 1 &&
            lifecycle_legal(t->before.state, event->cause, event->type, event->effect.to);
    size_t len = 0;
    if (sound) {
        t->after = t->before;
        ticket_apply(&t->after, event);
        sound = codec_encode(&type_ticket, &t->after, bytes, sizeof bytes, &len) == CODEC_OK;
    }
    remember(t, event->ticket, bytes, sound ? len : 0);
    return sound;
}

void tally_learn(struct tally *t, const struct event *event) {
    (void)step(t, event);
}

/* ---- counting ----------------------------------------------------------------------------------------------------------------- */

static void count_in(struct tally *t, const struct world *world, uint32_t unit, int32_t period,
                     const struct event *event) {
    const struct ticket *before = &t->before, *after = &t->after;
    size_t to = cell(t, unit, period, after->matter, after->channel);
    if (before->state && before->matter != after->matter) {
        size_t from = cell(t, unit, period, before->matter, before->channel);
        figures_move(&t->cells[from].figures, &t->cells[to].figures, world, unit, before);
    }
    figures_fold(&t->cells[to].figures, world, unit, before, after, event);
}

bool tally_take(struct tally *t, const struct world *world, const struct event *event) {
    uint32_t units[FIGURES_SCOPES_MAX];
    if (!step(t, event)) return false;
    int32_t day = clock_date(event->at);
    size_t count = figures_scopes(world, &t->before, &t->after, event, units);
    for (size_t i = 0; i < count; i++) {
        count_in(t, world, units[i], day, event);
        if (t->months) count_in(t, world, units[i], day / 100, event);
    }
    return true;
}

/* ---- in and out ------------------------------------------------------------------------------------------------------------------ */

bool tally_event(const struct db_result *rows, int row, struct event *event) {
    size_t len;
    const uint8_t *body = db_get_bytes(rows, row, 7, &len);
    event->ticket = db_get_int(rows, row, 0);
    event->version = (uint32_t)db_get_int(rows, row, 1);
    event->at = db_get_int(rows, row, 2);
    event->type = (uint8_t)db_get_int(rows, row, 3);
    event->cause = (uint8_t)db_get_int(rows, row, 4);
    event->role = (uint8_t)db_get_int(rows, row, 5);
    event->seq = db_get_int(rows, row, 6);
    return codec_decode(&type_effect, body, len, &event->effect, NULL) == CODEC_OK;
}

static bool is_empty(const struct figures *f) {
    for (int i = 1; i < FIGURE_COUNT; i++)
        if (f->n[i]) return false;
    return true;
}

void tally_write(const struct tally *t, int shard, struct buffer *to) {
    struct json_writer w;
    json_writer_init(&w, to);
    json_open_list(&w);
    for (size_t i = 0; i < t->cell_count; i++) {
        const struct tally_cell *c = &t->cells[i];
        if (is_empty(&c->figures)) continue;
        json_open(&w);
        json_put_int(&w, "shard", shard);
        json_put_int(&w, "unit", c->unit);
        json_put_int(&w, "period", c->period);
        json_put_int(&w, "matter", c->matter);
        json_put_int(&w, "channel", c->channel);
        for (int figure = 1; figure < FIGURE_COUNT; figure++)
            if (c->figures.n[figure]) json_put_int(&w, figures_counter(figure)->name, c->figures.n[figure]);
        json_close(&w);
    }
    json_close_list(&w);
    json_writer_end(&w);
}
