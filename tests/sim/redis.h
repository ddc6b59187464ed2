/* The simulated Redis: what its five scripts (services/router/queues.lua.h) do, told by their names. Between fake_cache.c, which is
 * the client, and fake_redis.c, which is the server. */
#ifndef SIM_REDIS_H
#define SIM_REDIS_H

#include "common/cache.h"
#include "tests/sim/disk.h"

enum { GENERATIONS_MAX = 64, NAME_BYTES = 40 };

struct cache_command {
    int count, size;
    struct word {
        size_t at, len;
    } * words;
    struct blob bytes;
};

struct cache_reply {
    enum cache_kind kind;
    int64_t number;
    char text[80];
    int count;
    struct cache_reply *items;
};

struct call {
    struct call *next;
    uint64_t number;
    const struct cache_script *script;
    struct cache_command words; /* key, then ARGV */
    cache_done *done;
    void *context;
    struct cache_reply reply, items[GENERATIONS_MAX + 8];
};

/* Runs the script: as a whole, or refused as a whole. */
enum err redis_run(struct call *call);
int64_t redis_hangs_until_us(void);

#endif
