/* See timers.h. Nodes lie in one growing array; the heap and the index hold their numbers. Handed-out nodes leave the heap and
 * stand in a ring in order of handing out. */
#include "services/escalation/timers.h"

#include <stdlib.h>
#include <string.h>

#include "proto/must.h"

enum {
    NOT_IN_HEAP = UINT32_MAX,
    RING = 32768 /* a power of two well above TIMERS_WAITING_MAX: one that is not answered must not stop the others */
};

struct node {
    int64_t ticket; /* 0: free; then `heap` links the free ones */
    time_ms at;
    uint32_t generation;
    uint32_t heap; /* place in the heap, or NOT_IN_HEAP while handed out */
};

struct waiting {
    int64_t ticket; /* 0: answered meanwhile */
    uint32_t generation;
    int64_t since;
};

struct timers {
    struct node *nodes;
    uint32_t *heap, *index; /* index: node number + 1 by ticket; 0: free */
    uint32_t node_size, node_used, free_first, heap_count, index_size;
    size_t count;
    struct waiting ring[RING];
    uint32_t ring_head, ring_tail; /* running numbers */
    size_t waiting;
};

static void *need(void *memory) {
    must(memory);
    return memory;
}

struct timers *timers_new(void) {
    struct timers *t = need(calloc(1, sizeof *t));
    t->node_size = 1024;
    t->index_size = 4096;
    t->nodes = need(malloc(t->node_size * sizeof *t->nodes));
    t->heap = need(malloc(t->node_size * sizeof *t->heap));
    t->index = need(calloc(t->index_size, sizeof *t->index));
    t->free_first = UINT32_MAX;
    return t;
}

void timers_free(struct timers **timers) {
    if (!*timers) return;
    free((*timers)->nodes);
    free((*timers)->heap);
    free((*timers)->index);
    free(*timers);
    *timers = NULL;
}

void timers_clear(struct timers *t) {
    memset(t->index, 0, t->index_size * sizeof *t->index);
    t->node_used = t->heap_count = t->ring_head = t->ring_tail = 0;
    t->free_first = UINT32_MAX;
    t->count = t->waiting = 0;
}

/* ---- index by ticket ----------------------------------------------------------------------------------------------------- */

static uint32_t home(const struct timers *t, int64_t ticket) {
    return (uint32_t)(((uint64_t)ticket * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (t->index_size - 1);
}

static uint32_t slot_of(const struct timers *t, int64_t ticket) {
    uint32_t i = home(t, ticket);
    while (t->index[i] && t->nodes[t->index[i] - 1].ticket != ticket) i = (i + 1) & (t->index_size - 1);
    return i;
}

static struct node *find(const struct timers *t, int64_t ticket) {
    uint32_t number = t->index[slot_of(t, ticket)];
    return number ? &t->nodes[number - 1] : NULL;
}

static void index_grow(struct timers *t) {
    free(t->index);
    t->index_size *= 2;
    t->index = need(calloc(t->index_size, sizeof *t->index));
    for (uint32_t n = 0; n < t->node_used; n++)
        if (t->nodes[n].ticket) t->index[slot_of(t, t->nodes[n].ticket)] = n + 1;
}

static void index_remove(struct timers *t, int64_t ticket) {
    uint32_t mask = t->index_size - 1, hole = slot_of(t, ticket);
    for (uint32_t i = (hole + 1) & mask; t->index[i]; i = (i + 1) & mask) {
        uint32_t at = home(t, t->nodes[t->index[i] - 1].ticket);
        if (((i - at) & mask) >= ((i - hole) & mask)) {
            t->index[hole] = t->index[i];
            hole = i;
        }
    }
    t->index[hole] = 0;
}

/* ---- heap: earliest first, equal times by ticket, so that the order is always the same --------------------------------------- */

static bool before(const struct timers *t, uint32_t a, uint32_t b) {
    const struct node *x = &t->nodes[a], *y = &t->nodes[b];
    return x->at != y->at ? x->at < y->at : x->ticket < y->ticket;
}

static void place(struct timers *t, uint32_t at, uint32_t node) {
    t->heap[at] = node;
    t->nodes[node].heap = at;
}

static void sift(struct timers *t, uint32_t at) {
    uint32_t node = t->heap[at];
    while (at && before(t, node, t->heap[(at - 1) / 2])) {
        place(t, at, t->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= t->heap_count) break;
        if (child + 1 < t->heap_count && before(t, t->heap[child + 1], t->heap[child])) child++;
        if (!before(t, t->heap[child], node)) break;
        place(t, at, t->heap[child]);
        at = child;
    }
    place(t, at, node);
}

static void heap_add(struct timers *t, struct node *node) {
    place(t, t->heap_count++, (uint32_t)(node - t->nodes));
    sift(t, t->heap_count - 1);
}

static void heap_remove(struct timers *t, struct node *node) {
    uint32_t at = node->heap, last = t->heap[--t->heap_count];
    node->heap = NOT_IN_HEAP;
    if (at == t->heap_count) return;
    place(t, at, last);
    sift(t, at);
}

/* ---- nodes ------------------------------------------------------------------------------------------------------------------- */

static struct node *node_new(struct timers *t, int64_t ticket) {
    if ((t->count + 1) * 10 > (size_t)t->index_size * 7) index_grow(t);
    uint32_t n = t->free_first;
    if (n != UINT32_MAX) {
        t->free_first = t->nodes[n].heap;
    } else {
        if (t->node_used == t->node_size) {
            t->node_size *= 2;
            t->nodes = need(realloc(t->nodes, t->node_size * sizeof *t->nodes));
            t->heap = need(realloc(t->heap, t->node_size * sizeof *t->heap));
        }
        n = t->node_used++;
    }
    t->index[slot_of(t, ticket)] = n + 1;
    t->nodes[n] = (struct node){.ticket = ticket, .heap = NOT_IN_HEAP};
    t->count++;
    return &t->nodes[n];
}

static void waiting_forget(struct timers *t, int64_t ticket) {
    for (uint32_t i = t->ring_head; i != t->ring_tail; i++) {
        struct waiting *w = &t->ring[i % RING];
        if (w->ticket != ticket) continue;
        w->ticket = 0;
        t->waiting--;
        break;
    }
    while (t->ring_head != t->ring_tail && !t->ring[t->ring_head % RING].ticket) t->ring_head++;
}

static void node_remove(struct timers *t, struct node *node) {
    if (node->heap != NOT_IN_HEAP)
        heap_remove(t, node);
    else
        waiting_forget(t, node->ticket);
    index_remove(t, node->ticket);
    node->ticket = 0;
    node->heap = t->free_first;
    t->free_first = (uint32_t)(node - t->nodes);
    t->count--;
}

void timers_set(struct timers *t, int64_t ticket, uint32_t generation, time_ms at) {
    struct node *node = find(t, ticket);
    if (node && generation < node->generation) return;
    if (node && generation == node->generation && at == node->at) return; /* known; perhaps handed out already */
    if (!at) {
        if (node) node_remove(t, node);
        return;
    }
    if (!node)
        node = node_new(t, ticket);
    else if (node->heap != NOT_IN_HEAP)
        heap_remove(t, node);
    else
        waiting_forget(t, ticket);
    node->at = at;
    node->generation = generation;
    heap_add(t, node);
}

time_ms timers_first(const struct timers *t) {
    return t->heap_count ? t->nodes[t->heap[0]].at : 0;
}

static void ring_add(struct timers *t, const struct node *node, int64_t monotonic_ms) {
    must(t->ring_tail - t->ring_head < RING);
    t->ring[t->ring_tail++ % RING] = (struct waiting){node->ticket, node->generation, monotonic_ms};
    t->waiting++;
}

bool timers_take(struct timers *t, time_ms now, int64_t monotonic_ms, struct timer *ret_timer) {
    if (!t->heap_count || t->waiting >= TIMERS_WAITING_MAX || t->ring_tail - t->ring_head >= RING) return false;
    struct node *node = &t->nodes[t->heap[0]];
    if (node->at > now) return false;
    heap_remove(t, node);
    ring_add(t, node, monotonic_ms);
    *ret_timer = (struct timer){node->ticket, node->generation, node->at};
    return true;
}

bool timers_again(struct timers *t, int64_t monotonic_ms, int64_t patience_ms, struct timer *ret_timer) {
    while (t->ring_head != t->ring_tail && !t->ring[t->ring_head % RING].ticket) t->ring_head++;
    if (t->ring_head == t->ring_tail || monotonic_ms - t->ring[t->ring_head % RING].since < patience_ms) return false;
    struct node *node = find(t, t->ring[t->ring_head % RING].ticket);
    must(node);
    t->ring_head++;
    t->waiting--;
    ring_add(t, node, monotonic_ms);
    *ret_timer = (struct timer){node->ticket, node->generation, node->at};
    return true;
}

void timers_answered(struct timers *t, int64_t ticket, uint32_t generation, uint32_t next_generation, time_ms next_at) {
    struct node *node = find(t, ticket);
    if (!node || node->generation != generation) return; /* the news came first */
    if (next_generation == generation && next_at) {
        timers_postpone(t, ticket, generation, next_at);
    } else if (!next_at) {
        node_remove(t, node);
    } else {
        timers_set(t, ticket, next_generation, next_at);
    }
}

void timers_postpone(struct timers *t, int64_t ticket, uint32_t generation, time_ms at) {
    struct node *node = find(t, ticket);
    if (!node || node->generation != generation || node->heap != NOT_IN_HEAP) return;
    waiting_forget(t, ticket);
    node->at = at;
    heap_add(t, node);
}

size_t timers_count(const struct timers *t) {
    return t->count;
}
size_t timers_waiting(const struct timers *t) {
    return t->waiting;
}
