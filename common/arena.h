/* Memory of one turn: taken piece by piece, given back all at once after each message or request.
 * Not for anything that outlives the turn. Grows in chunks up to a limit and keeps one chunk over a reset, so a steady service
 * allocates nothing. Under the sanitizer, memory of a past turn is poisoned. */
#ifndef COMMON_ARENA_H
#define COMMON_ARENA_H

#include "common/err.h"

#include <stddef.h>

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first */
    size_t chunk_bytes;
    size_t bytes_max;
    size_t bytes_held; /* of all chunks */
    size_t bytes_used; /* since the last reset */
};

/* chunk_bytes: size of an ordinary chunk (at least 1 KiB). bytes_max: never hold more than this in all. Allocates nothing yet. */
void arena_init(struct arena *arena, size_t chunk_bytes, size_t bytes_max);
void arena_done(struct arena *arena);

/* Everything taken becomes invalid. */
void arena_reset(struct arena *arena);

/* 16-byte aligned; NULL when the limit is reached (answer ERR_MEMORY). size 0 gives a valid pointer. Not zeroed. */
MUST_USE void *arena_take(struct arena *arena, size_t size);

/* The same, zeroed, for count things of a size; NULL also when count * size overflows. */
MUST_USE void *arena_zeroed(struct arena *arena, size_t count, size_t size);

/* Copies, with a NUL after them; printf into the arena. NULL when the limit is reached. */
MUST_USE char *arena_copy(struct arena *arena, const void *bytes, size_t len);
MUST_USE PRINTF(2, 3) char *arena_printf(struct arena *arena, const char *format, ...);

#endif
