/* See store.h. Open addressing with linear probing; removal shifts the following entries back, so there are no tombstones and
 * a long-lived table does not slow down. Blocks come from malloc in steps of 16 bytes, so an update mostly stays in place. */
#include "services/router/store.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/must.h"

struct block {
    uint16_t len, room;
    uint8_t bytes[];
};

struct slot {
    int64_t ticket; /* 0: free */
    struct block *block;
};

struct store {
    struct slot *slots;
    size_t size; /* a power of two */
    size_t count;
    size_t block_bytes;
};

enum { SIZE_MIN_SLOTS = 1024, ROOM_STEP = 16 };

/* Ticket numbers of a day differ in their low digits only; this spreads them (the finaliser of splitmix64). */
static size_t spread(int64_t ticket) {
    uint64_t x = (uint64_t)ticket;
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (size_t)(x ^ (x >> 31));
}

struct store *store_new(void) {
    struct store *store = calloc(1, sizeof *store);
    must(store);
    store->size = SIZE_MIN_SLOTS;
    store->slots = calloc(store->size, sizeof *store->slots);
    must(store->slots);
    return store;
}

void store_clear(struct store *store) {
    for (size_t i = 0; i < store->size; i++) {
        free(store->slots[i].block);
        store->slots[i] = (struct slot){0};
    }
    store->count = store->block_bytes = 0;
}

void store_free(struct store **store) {
    if (!*store) return;
    store_clear(*store);
    free((*store)->slots);
    free(*store);
    *store = NULL;
}

/* The slot of a ticket, or the free one where it would go. */
static struct slot *find(const struct store *store, int64_t ticket) {
    size_t i = spread(ticket) & (store->size - 1);
    while (store->slots[i].ticket && store->slots[i].ticket != ticket) i = (i + 1) & (store->size - 1);
    return &store->slots[i];
}

static void grow(struct store *store) {
    struct slot *old = store->slots;
    size_t old_size = store->size;
    store->size *= 2;
    store->slots = calloc(store->size, sizeof *store->slots);
    must(store->slots);
    for (size_t i = 0; i < old_size; i++)
        if (old[i].ticket) *find(store, old[i].ticket) = old[i];
    free(old);
}

const uint8_t *store_get(const struct store *store, int64_t ticket, size_t *ret_len) {
    const struct slot *slot = find(store, ticket);
    if (!slot->ticket) return NULL;
    *ret_len = slot->block->len;
    return slot->block->bytes;
}

static struct block *block_for(struct store *store, struct block *block, size_t len) {
    if (block && block->room >= len) return block;
    size_t room = (len + ROOM_STEP - 1) / ROOM_STEP * ROOM_STEP + ROOM_STEP;
    if (room > UINT16_MAX) room = UINT16_MAX;
    if (block) store->block_bytes -= sizeof *block + block->room;
    block = realloc(block, sizeof *block + room);
    must(block);
    block->room = (uint16_t)room;
    store->block_bytes += sizeof *block + room;
    return block;
}

void store_put(struct store *store, int64_t ticket, const uint8_t *bytes, size_t len) {
    must(ticket > 0 && len > 0 && len <= UINT16_MAX);
    struct slot *slot = find(store, ticket);
    if (!slot->ticket && (store->count + 1) * 10 > store->size * 7) {
        grow(store);
        slot = find(store, ticket);
    }
    if (!slot->ticket) {
        slot->ticket = ticket;
        store->count++;
    }
    slot->block = block_for(store, slot->block, len);
    slot->block->len = (uint16_t)len;
    memcpy(slot->block->bytes, bytes, len);
}

void store_remove(struct store *store, int64_t ticket) {
    struct slot *slot = find(store, ticket);
    if (!slot->ticket) return;
    store->block_bytes -= sizeof *slot->block + slot->block->room;
    free(slot->block);
    store->count--;
    size_t mask = store->size - 1, hole = (size_t)(slot - store->slots);
    for (size_t i = (hole + 1) & mask; store->slots[i].ticket; i = (i + 1) & mask) {
        size_t home = spread(store->slots[i].ticket) & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) { /* it may move back to the hole */
            store->slots[hole] = store->slots[i];
            hole = i;
        }
    }
    store->slots[hole] = (struct slot){0};
}

size_t store_count(const struct store *store) {
    return store->count;
}

size_t store_bytes(const struct store *store) {
    return sizeof *store + store->size * sizeof *store->slots + store->block_bytes;
}

void store_tickets(const struct store *store, int64_t *ret_tickets) {
    size_t n = 0;
    for (size_t i = 0; i < store->size; i++)
        if (store->slots[i].ticket) ret_tickets[n++] = store->slots[i].ticket;
}
