/* Latencies in microseconds, counted in buckets of about 1.6 % width, as HdrHistogram does: 64 steps to each doubling. Fixed size,
 * a few instructions to record. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_STEPS = 64, HISTOGRAM_BUCKETS = HISTOGRAM_STEPS * 35 }; /* up to 2^40 us */

struct histogram {
    uint64_t count, max;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_clear(struct histogram *histogram);
/* Negative values count as zero. */
void histogram_add(struct histogram *histogram, int64_t us);
/* The value that `share` (0.5, 0.99 ...) of those recorded do not exceed; 0 when there are none. */
uint64_t histogram_at(const struct histogram *histogram, double share);

#endif
