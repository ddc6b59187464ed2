/* What the files of cache_*.c share. Not for others. */
#ifndef COMMON_CACHE_INTERNAL_H
#define COMMON_CACHE_INTERNAL_H

#include "common/buffer.h"
#include "common/cache.h"

struct cache_command {
    struct buffer bytes;   /* the words, one behind the other */
    struct buffer lengths; /* size_t each */
};

size_t cache_command_count(const struct cache_command *command);

/* Puts pointers and lengths of the words behind what the two buffers hold. */
void cache_command_words(const struct cache_command *command, struct buffer *pointers, struct buffer *lengths);

#endif
