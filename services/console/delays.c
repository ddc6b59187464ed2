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
    struct slot slots[SLOTS];
};

struct delays *delays_new(void) {
    struct delays *delays = calloc(1, sizeof *delays);
    must(delays);
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

int64_t delays_wait(const struct delays *delays, const char *account, const char *source, int64_t now) {
    int64_t pair = left(find(delays, key_of(PAIR, account, source), now), DELAYS_PAIR_FREE, DELAYS_PAIR_MAX_MS, now);
    int64_t all =
        left(find(delays, key_of(SOURCE, account, source), now), DELAYS_SOURCE_FREE, DELAYS_SOURCE_MAX_MS, now);
    return pair > all ? pair : all;
}

int64_t delays_hold(const struct delays *delays, const char *account, int64_t now) {
    const struct slot *slot = find(delays, key_of(ACCOUNT, account, ""), now);
    return slot ? growing(slot->failures, DELAYS_ACCOUNT_FREE, FIRST_HOLD_MS, DELAYS_HOLD_MAX_MS) : 0;
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
