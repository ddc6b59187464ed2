/* See histogram.h. Below 64 us a bucket is one microsecond; above, the top six bits after the leading one pick the step. */
#include "bench/load/histogram.h"

#include <string.h>

void histogram_clear(struct histogram *h) {
    memset(h, 0, sizeof *h);
}

static uint32_t bucket_of(uint64_t us) {
    if (us < HISTOGRAM_STEPS) return (uint32_t)us;
    uint32_t shift = 63 - 6 - (uint32_t)__builtin_clzll(us);
    uint32_t bucket = (shift + 1) * HISTOGRAM_STEPS + (uint32_t)(us >> shift) - HISTOGRAM_STEPS;
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The highest value of a bucket. */
static uint64_t top_of(uint32_t bucket) {
    if (bucket < HISTOGRAM_STEPS) return bucket;
    uint32_t shift = bucket / HISTOGRAM_STEPS - 1;
    return (((uint64_t)(bucket % HISTOGRAM_STEPS + HISTOGRAM_STEPS) + 1) << shift) - 1;
}

void histogram_add(struct histogram *h, int64_t us) {
    uint64_t value = us > 0 ? (uint64_t)us : 0;
    h->buckets[bucket_of(value)]++;
    h->count++;
    if (value > h->max) h->max = value;
}

uint64_t histogram_at(const struct histogram *h, double share) {
    uint64_t wanted = (uint64_t)(share * (double)h->count + 0.5), seen = 0;
    if (!h->count) return 0;
    if (wanted < 1) wanted = 1;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        if ((seen += h->buckets[i]) >= wanted) return top_of(i) < h->max ? top_of(i) : h->max;
    return h->max;
}
