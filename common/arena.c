/* Chunks in a list, newest first; a reset keeps the largest one. */
#include "common/arena.h"

#include "proto/must.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __has_feature /* clang's way to ask; gcc defines the macro itself */
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size)   ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

#define ALIGN 16

struct arena_chunk {
    struct arena_chunk *next;
    size_t size, used;
    _Alignas(ALIGN) unsigned char bytes[];
};

void arena_init(struct arena *arena, size_t chunk_bytes, size_t bytes_max) {
    must(chunk_bytes >= 1024 && bytes_max >= chunk_bytes);
    *arena = (struct arena){.chunk_bytes = chunk_bytes, .bytes_max = bytes_max};
}

static void free_chunk(struct arena *arena, struct arena_chunk *chunk) {
    arena->bytes_held -= chunk->size;
    ASAN_UNPOISON_MEMORY_REGION(chunk->bytes, chunk->size);
    free(chunk);
}

void arena_done(struct arena *arena) {
    while (arena->chunks) {
        struct arena_chunk *next = arena->chunks->next;
        free_chunk(arena, arena->chunks);
        arena->chunks = next;
    }
    arena->bytes_used = 0;
}

void arena_reset(struct arena *arena) {
    struct arena_chunk *kept = NULL;
    for (struct arena_chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        if (!kept && chunk->size == arena->chunk_bytes)
            kept = chunk; /* an oversized one was an exception: give it back */
        else
            free_chunk(arena, chunk);
    }
    arena->chunks = kept;
    arena->bytes_used = 0;
    if (!kept) return;
    kept->next = NULL;
    kept->used = 0;
    ASAN_POISON_MEMORY_REGION(kept->bytes, kept->size);
}

static struct arena_chunk *add_chunk(struct arena *arena, size_t size) {
    if (size > arena->bytes_max || arena->bytes_held > arena->bytes_max - size) return NULL;
    struct arena_chunk *chunk = malloc(sizeof *chunk + size);
    if (!chunk) return NULL;
    *chunk = (struct arena_chunk){.next = arena->chunks, .size = size};
    ASAN_POISON_MEMORY_REGION(chunk->bytes, size);
    arena->chunks = chunk;
    arena->bytes_held += size;
    return chunk;
}

void *arena_take(struct arena *arena, size_t size) {
    if (size > SIZE_MAX / 2) return NULL;
    size_t needed =
        (size + ALIGN) / ALIGN * ALIGN; /* at least one byte more: overruns meet poison, size 0 is a place */
    struct arena_chunk *chunk = arena->chunks;
    if (!chunk || chunk->size - chunk->used < needed)
        chunk = add_chunk(arena, needed > arena->chunk_bytes ? needed : arena->chunk_bytes);
    if (!chunk) return NULL;
    void *at = chunk->bytes + chunk->used;
    chunk->used += needed;
    arena->bytes_used += needed;
    ASAN_UNPOISON_MEMORY_REGION(at, size);
    return at;
}

void *arena_zeroed(struct arena *arena, size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) return NULL;
    void *at = arena_take(arena, total);
    return at ? memset(at, 0, total) : NULL;
}

char *arena_copy(struct arena *arena, const void *bytes, size_t len) {
    char *copy = len < SIZE_MAX ? arena_take(arena, len + 1) : NULL;
    if (!copy) return NULL;
    if (len) memcpy(copy, bytes, len);
    copy[len] = 0;
    return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = len < 0 ? NULL : arena_take(arena, (size_t)len + 1);
    if (text) vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}
