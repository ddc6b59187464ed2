/* See delays.h. */
#include "services/console/delays.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/must.h"

enum { SLOTS = 8192, WAYS = 4, FIRST_WAIT_MS = 1000, FIRST_HOLD_MS = 100 };
enum kind { PAIR = 1, SOURCE, ACCOUNT };

struct slot {
    uint64_t key; /* 0: empty */
    uint32_t failures;
    int64_t last;
};

struct delays {
    const struct delays_limits *limits;
    struct slot slots[SLOTS];
};

enum { SECOND = 1000, MINUTE = 60 * SECOND };

const struct delays_limits DELAYS_LOGIN = {.pair_free = 5,
                                           .pair_max_ms = MINUTE,
                                           .source_free = 50,
                                           .source_max_ms = 10 * SECOND,
                                           .account_free = 10,
                                           .account_max_ms = 2 * SECOND};
/* Ten tries at four digits, then one in ten minutes, from wherever: a number withstands for weeks. */
const struct delays_limits DELAYS_PROGRESS = {.pair_free = 5,
                                              .pair_max_ms = 10 * MINUTE,
                                              .source_free = 20,
                                              .source_max_ms = 5 * MINUTE,
                                              .account_free = 10,
                                              .account_max_ms = 10 * MINUTE,
                                              .account_waits = true};

struct delays *delays_new(const struct delays_limits *limits) {
    struct delays *delays = calloc(1, sizeof *delays);
    must(delays);
    delays->limits = limits;
    return delays;
}

void delays_free(struct delays **delays) {
    free(*delays);
    *delays = NULL;
}

/* FNV-1a; a collision only shares a delay. */
static uint64_t mix(uint64_t hash, const char *text) {
    for (; *text; text++) hash = (hash ^ (uint8_t)*text) * 1099511628211u;
    return (hash ^ 0xff) * 1099511628211u;
}

static uint64_t key_of(enum kind kind, const char *account, const char *source) {
    uint64_t hash = mix(14695981039346656037u + kind, kind == SOURCE ? "" : account);
    hash = mix(hash, kind == ACCOUNT ? "" : source);
    return hash ? hash : 1;
}

static const struct slot *find(const struct delays *delays, uint64_t key, int64_t now) {
    const struct slot *set = &delays->slots[key % (SLOTS / WAYS) * WAYS];
    for (int i = 0; i < WAYS; i++)
        if (set[i].key == key && now - set[i].last < DELAYS_FORGET_MS) return &set[i];
    return NULL;
}

static struct slot *find_or_make(struct delays *delays, uint64_t key, int64_t now) {
    struct slot *known = (struct slot *)find(delays, key, now);
    if (known) return known;
    struct slot *set = &delays->slots[key % (SLOTS / WAYS) * WAYS], *oldest = set;
    for (int i = 0; i < WAYS; i++) {
        if (set[i].key == key || set[i].key == 0) {
            oldest = &set[i];
            break;
        }
        if (set[i].last < oldest->last) oldest = &set[i];
    }
    *oldest = (struct slot){.key = key};
    return oldest;
}

/* first, doubled for each failure beyond `free`, at most max. */
static int64_t growing(uint32_t failures, uint32_t free, int64_t first, int64_t max) {
    if (failures < free) return 0;
    uint32_t over = failures - free;
    int64_t pause = over > 20 ? max : first << over;
    return pause < max ? pause : max;
}

static int64_t left(const struct slot *slot, uint32_t free, int64_t max, int64_t now) {
    if (!slot) return 0;
    int64_t until = slot->last + growing(slot->failures, free, FIRST_WAIT_MS, max);
    return until > now ? until - now : 0;
}

static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

int64_t delays_wait(const struct delays *delays, const char *account, const char *source, int64_t now) {
    const struct delays_limits *l = delays->limits;
    int64_t pair = left(find(delays, key_of(PAIR, account, source), now), l->pair_free, l->pair_max_ms, now);
    int64_t all = left(find(delays, key_of(SOURCE, account, source), now), l->source_free, l->source_max_ms, now);
    int64_t wait = larger(pair, all);
    if (!l->account_waits) return wait;
    return larger(wait, left(find(delays, key_of(ACCOUNT, account, ""), now), l->account_free, l->account_max_ms, now));
}

int64_t delays_hold(const struct delays *delays, const char *account, int64_t now) {
    const struct delays_limits *l = delays->limits;
    const struct slot *slot = l->account_waits ? NULL : find(delays, key_of(ACCOUNT, account, ""), now);
    return slot ? growing(slot->failures, l->account_free, FIRST_HOLD_MS, l->account_max_ms) : 0;
}

void delays_begin(struct delays *delays, const char *account, const char *source, int64_t now) {
    for (enum kind kind = PAIR; kind <= ACCOUNT; kind++) {
        struct slot *slot = find_or_make(delays, key_of(kind, account, source), now);
        slot->failures++;
        slot->last = now;
    }
}

void delays_success(struct delays *delays, const char *account, const char *source, int64_t now) {
    for (enum kind kind = PAIR; kind <= ACCOUNT; kind++) {
        struct slot *slot = find_or_make(delays, key_of(kind, account, source), now);
        if (kind == SOURCE && slot->failures)
            slot->failures--; /* this one try */
        else
            slot->failures = 0;
    }
}
