/* The simulated Redis. See redis.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/must.h"
#include "tests/sim/fakes.h"
#include "tests/sim/redis.h"

/* ---- the server: keys of shard 1 -------------------------------------------------------------------------------------------- */

enum kind { BY_DUE, BY_YELLOW, BY_ENTRY, KINDS };

struct generation {
    char name[NAME_BYTES];
    struct table sets[KINDS]; /* (queue, ticket) -> score */
};
struct number { /* a row of these tables */
    int64_t value;
};

static struct redis {
    bool has_marker, full;
    char gen[NAME_BYTES];
    int64_t seq, received, open, supervised, at;
    struct generation generations[GENERATIONS_MAX];
    int generation_count;
    char known[GENERATIONS_MAX][NAME_BYTES]; /* the set of generations begun and not dropped */
    int known_count;
    int64_t hangs_until_us;
} redis;

static struct generation *generation(const char *name, bool make) {
    for (int i = 0; i < redis.generation_count; i++)
        if (strcmp(redis.generations[i].name, name) == 0) return &redis.generations[i];
    if (!make) return NULL;
    if (redis.generation_count == GENERATIONS_MAX) broken("I12", "generations of the live queues pile up in Redis");
    struct generation *g = &redis.generations[redis.generation_count++];
    memset(g, 0, sizeof *g);
    snprintf(g->name, NAME_BYTES, "%s", name);
    return g;
}

static void generation_clear(struct generation *g) {
    for (int kind = 0; kind < KINDS; kind++) table_clear(&g->sets[kind]);
}

static void generation_remove(struct generation *g) {
    generation_clear(g);
    *g = redis.generations[--redis.generation_count];
}

static void table_number(struct table *table, int64_t a, int64_t b, int64_t value) {
    struct number *row = malloc(sizeof *row);
    must(row);
    row->value = value;
    free(table_put(table, a, b, row));
}

void fake_cache_flush(void) {
    while (redis.generation_count) generation_remove(&redis.generations[0]);
    redis.has_marker = false;
    redis.gen[0] = 0;
    redis.known_count = 0;
}

int64_t redis_hangs_until_us(void) {
    return redis.hangs_until_us;
}

static void reply_text(struct cache_reply *reply, const char *text) {
    reply->kind = CACHE_TEXT;
    snprintf(reply->text, sizeof reply->text, "%s", text);
}

/* ---- scripts. Words: key, then ARGV ------------------------------------------------------------------------------------------------ */

static const char *argv(const struct call *call, int number) { /* from 1, as in Lua */
    must(number < call->words.count);
    return (const char *)call->words.bytes.data + call->words.words[number].at;
}
static int64_t argn(const struct call *call, int number) {
    return atoll(argv(call, number));
}

static void rows(const struct call *call, struct generation *g, int i) {
    while (i < call->words.count) {
        bool enters = *argv(call, i) == '+';
        int64_t unit = atoll(argv(call, i + 1)), queue = unit * 100 + atoll(strchr(argv(call, i + 1), ':') + 1);
        int count = (int)argn(call, i + 2);
        i += 3;
        for (int kind = 0; kind < KINDS; kind++, i += enters ? 2 * count : 0)
            for (int n = 0; n < count; n++)
                if (enters)
                    table_number(&g->sets[kind], queue, argn(call, i + 2 * n + 1), argn(call, i + 2 * n));
                else
                    free(table_put(&g->sets[kind], queue, argn(call, i + n), NULL));
        if (!enters) i += count;
    }
}

static void set_marker(const struct call *call) {
    redis.has_marker = true;
    redis.seq = argn(call, 3);
    redis.received = argn(call, 4);
    redis.open = argn(call, 5);
    redis.supervised = argn(call, 6);
    redis.at = argn(call, 7);
}

static void script_apply(struct call *call) {
    if (!redis.has_marker || strcmp(redis.gen, argv(call, 1)) != 0) {
        reply_text(&call->reply, "generation");
    } else if (redis.seq != argn(call, 2)) {
        reply_text(&call->reply, "seq");
    } else {
        rows(call, generation(redis.gen, true), 8);
        set_marker(call);
        reply_text(&call->reply, "ok");
    }
}

static void list_known(struct cache_reply *reply, struct cache_reply *items) {
    *reply = (struct cache_reply){.kind = CACHE_LIST, .count = redis.known_count, .items = items};
    for (int i = 0; i < redis.known_count; i++) reply_text(&items[i], redis.known[i]);
}

static void know(const char *name) {
    for (int i = 0; i < redis.known_count; i++)
        if (strcmp(redis.known[i], name) == 0) return;
    if (redis.known_count == GENERATIONS_MAX) broken("I12", "the set of generations grows without end");
    snprintf(redis.known[redis.known_count++], NAME_BYTES, "%s", name);
}

static void forget(const char *name) {
    for (int i = 0; i < redis.known_count; i++)
        if (strcmp(redis.known[i], name) == 0) memcpy(redis.known[i], redis.known[--redis.known_count], NAME_BYTES);
}

static void script_fill(struct call *call) {
    know(argv(call, 1));
    if (call->words.count > 2) rows(call, generation(argv(call, 1), true), 2);
    reply_text(&call->reply, "ok");
}

static void script_flip(struct call *call) {
    know(argv(call, 1));
    snprintf(redis.gen, NAME_BYTES, "%s", argv(call, 1));
    set_marker(call);
    list_known(&call->reply, call->items);
}

static void script_drop(struct call *call) {
    struct generation *g = generation(argv(call, 1), false);
    if (g) generation_remove(g);
    forget(argv(call, 1));
    reply_text(&call->reply, "ok");
}

static int64_t there(const struct generation *g) {
    for (int kind = 1; kind < KINDS; kind++)
        if (g->sets[kind].count != g->sets[0].count) return -1;
    return (int64_t)g->sets[0].count;
}

static void script_marker(struct call *call) {
    char seq[24] = "";
    if (redis.has_marker) snprintf(seq, sizeof seq, "%lld", (long long)redis.seq);
    const struct generation *g = redis.has_marker ? generation(redis.gen, false) : NULL;
    call->reply.kind = CACHE_LIST;
    call->reply.items = call->items;
    call->reply.count = 4;
    reply_text(&call->items[0], redis.has_marker ? redis.gen : "");
    reply_text(&call->items[1], seq);
    call->items[2] = (struct cache_reply){.kind = CACHE_INT, .number = g ? there(g) : 0};
    list_known(&call->items[3], call->items + 4);
}

enum err redis_run(struct call *call) {
    static const struct {
        const char *name;
        void (*run)(struct call *call);
        bool writes;
    } scripts[] = {{"queues_apply", script_apply, true},
                   {"queues_fill", script_fill, true},
                   {"queues_flip", script_flip, true},
                   {"queues_drop", script_drop, true},
                   {"queues_marker", script_marker, false}};
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        if (strcmp(scripts[i].name, call->script->name) != 0) continue;
        if (scripts[i].writes && redis.full) { /* "#!lua": refused as a whole */
            fault_happens(FAULT_REDIS_FULL, "%s", call->script->name);
            call->reply.kind = CACHE_ERROR;
            snprintf(call->reply.text, sizeof call->reply.text, "OOM command not allowed");
            return ERR_REFUSED;
        }
        scripts[i].run(call);
        return ERR_NONE;
    }
    broken("simulator", "nobody taught it the script %s", call->script->name);
}

/* ---- what befalls Redis ------------------------------------------------------------------------------------------------------------------ */

void fake_cache_restart(void) {
    fake_cache_flush();
    fake_cache_cut();
}
void fake_cache_hang(int64_t for_us) {
    if (sim.now_us + for_us > redis.hangs_until_us) redis.hangs_until_us = sim.now_us + for_us;
}
void fake_redis_wake(void) {
    redis.hangs_until_us = sim.now_us;
}
void fake_cache_full(bool full) {
    redis.full = full;
}

/* Some queues' sets go, as if somebody typed DEL. */
bool fake_cache_remove_key(void) {
    struct generation *g = redis.has_marker ? generation(redis.gen, false) : NULL;
    if (!g || !g->sets[0].count) return false;
    table_clear(&g->sets[below(KINDS)]);
    return true;
}

void fake_redis_done(void) {
    fake_cache_flush();
    redis = (struct redis){0};
}

/* ---- I7 ------------------------------------------------------------------------------------------------------------------------------------ */

static char difference[200];

static const char *differs(const char *what, int64_t ticket) {
    snprintf(difference, sizeof difference, "%s (ticket %lld)", what, (long long)ticket);
    return difference;
}

static const char *set_differs(const struct generation *g, int kind, const struct ticket_row *row) {
    int64_t scores[] = {row->due, row->yellow, row->entered_at};
    const struct number *score = table_get(&g->sets[kind], (int64_t)row->owner * 100 + row->state, row->id);
    if (!score) return differs("a set of the live queues lacks a ticket", row->id);
    return score->value == scores[kind] ? NULL : differs("a score of the live queues is not the ticket's", row->id);
}

const char *fake_cache_differs(void) {
    size_t open = 0, supervised = 0;
    static const struct generation none;
    if (!redis.has_marker) return "Redis has no marker";
    if (redis.seq != disk.shard.next_seq - 1) return "the marker is not at the head";
    const struct generation *g = generation(redis.gen, false);
    if (!g) g = &none;
    for (size_t i = 0; i < disk.tickets.count; i++) {
        const struct ticket_row *row = disk.tickets.entries[i].row;
        if (!row->open) continue;
        open++;
        supervised += row->supervised;
        for (int kind = 0; kind < KINDS; kind++) {
            const char *why = set_differs(g, kind, row);
            if (why) return why;
        }
    }
    for (int kind = 0; kind < KINDS; kind++)
        if (g->sets[kind].count != open) return "a set of the live queues holds what is not open";
    if (redis.open != (int64_t)open || redis.supervised != (int64_t)supervised) return "the counters are wrong";
    if (redis.received != disk.shard.next_ticket - 1) return "the count of received is wrong";
    if (redis.generation_count > 1) return "an old generation of the live queues is still in Redis";
    return NULL;
}
