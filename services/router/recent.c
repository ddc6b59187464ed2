/* See recent.h. A ring in order of arrival beside an open-addressed index of ring places. */
#include "services/router/recent.h"

#include <stdlib.h>
#include <string.h>

#include "proto/must.h"

enum { INDEX_SIZE = RECENT_MAX * 2 };

struct entry {
    int64_t request, ticket;
};

struct recent {
    struct entry *ring;
    uint32_t *index; /* ring place + 1; 0: free */
    uint32_t next, count;
    int64_t floor;
};

struct recent *recent_new(void) {
    struct recent *recent = calloc(1, sizeof *recent);
    must(recent);
    recent->ring = calloc(RECENT_MAX, sizeof *recent->ring);
    recent->index = calloc(INDEX_SIZE, sizeof *recent->index);
    must(recent->ring && recent->index);
    return recent;
}

void recent_free(struct recent **recent) {
    if (!*recent) return;
    free((*recent)->ring);
    free((*recent)->index);
    free(*recent);
    *recent = NULL;
}

void recent_reset(struct recent *recent, int64_t floor) {
    if (recent->count) memset(recent->index, 0, INDEX_SIZE * sizeof *recent->index);
    recent->next = recent->count = 0;
    recent->floor = floor;
}

static uint32_t home(int64_t request) {
    return (uint32_t)(((uint64_t)request * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (INDEX_SIZE - 1);
}

static uint32_t find(const struct recent *recent, int64_t request) {
    uint32_t i = home(request);
    while (recent->index[i] && recent->ring[recent->index[i] - 1].request != request) i = (i + 1) & (INDEX_SIZE - 1);
    return i;
}

static void forget(struct recent *recent, int64_t request) {
    uint32_t hole = find(recent, request);
    if (!recent->index[hole]) return;
    for (uint32_t i = (hole + 1) & (INDEX_SIZE - 1); recent->index[i]; i = (i + 1) & (INDEX_SIZE - 1)) {
        uint32_t at = home(recent->ring[recent->index[i] - 1].request);
        if (((i - at) & (INDEX_SIZE - 1)) >= ((i - hole) & (INDEX_SIZE - 1))) {
            recent->index[hole] = recent->index[i];
            hole = i;
        }
    }
    recent->index[hole] = 0;
    if (request > recent->floor) recent->floor = request;
}

void recent_put(struct recent *recent, int64_t request, int64_t ticket) {
    uint32_t i = find(recent, request);
    if (recent->index[i]) {
        recent->ring[recent->index[i] - 1].ticket = ticket;
        return;
    }
    if (recent->count == RECENT_MAX) {
        forget(recent, recent->ring[recent->next].request);
        i = find(recent, request);
    } else {
        recent->count++;
    }
    recent->ring[recent->next] = (struct entry){request, ticket};
    recent->index[i] = recent->next + 1;
    recent->next = (recent->next + 1) % RECENT_MAX;
}

int64_t recent_get(const struct recent *recent, int64_t request) {
    uint32_t i = find(recent, request);
    return recent->index[i] ? recent->ring[recent->index[i] - 1].ticket : 0;
}

bool recent_is_unsure(const struct recent *recent, int64_t request) {
    return request <= recent->floor && !recent_get(recent, request);
}
