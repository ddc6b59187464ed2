/* Pauses between tries: each twice the last, up to a limit, each moved by up to half in either direction, so that many who
 * lost the same server do not come back together. */
#ifndef COMMON_BACKOFF_H
#define COMMON_BACKOFF_H

#include <stdint.h>
#include <stdlib.h>

struct backoff {
    int64_t first_ms, max_ms; /* set once */
    int64_t next_ms;          /* 0: start with the first */
};

static inline void backoff_reset(struct backoff *backoff) {
    backoff->next_ms = 0;
}

static inline int64_t backoff_pause(struct backoff *backoff) {
    int64_t pause = backoff->next_ms > 0 ? backoff->next_ms : backoff->first_ms;
    backoff->next_ms = pause * 2 < backoff->max_ms ? pause * 2 : backoff->max_ms;
    return pause / 2 + (int64_t)arc4random_uniform((uint32_t)pause + 1);
}

#endif
