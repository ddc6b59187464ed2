/* What the files of cache_*.c share. Not for others. */
#ifndef COMMON_CACHE_INTERNAL_H
#define COMMON_CACHE_INTERNAL_H

#include "common/backoff.h"
#include "common/buffer.h"
#include "common/cache.h"
#include "common/clock.h"
#include "common/list.h"
#include "common/loop.h"

#include <async.h>
#include <hiredis.h>

struct cache_command {
    struct buffer bytes;   /* the words, one behind the other */
    struct buffer lengths; /* size_t each */
};

size_t cache_command_count(const struct cache_command *command);

/* Puts pointers and lengths of the words behind what the two buffers hold. */
void cache_command_words(const struct cache_command *command, struct buffer *pointers, struct buffer *lengths);

enum { CACHE_SCRIPTS_MAX = 32, CACHE_SHA_BYTES = 41 };

struct cache_call {
    struct list_place place; /* in cache->sent or cache->unsent */
    struct cache *cache;
    int64_t deadline_ms;
    cache_done *done;
    void *context;
    struct cache_known_script *script; /* NULL: an ordinary command */
    struct cache_command again;        /* the script's arguments, for when the server does not know it */
    int key_count;
    bool repeated;
};

struct cache_known_script {
    const struct cache_script *script;
    char sha[CACHE_SHA_BYTES]; /* "" until the server has told it */
    bool is_loaded, is_asked;  /* on this connection */
};

enum cache_phase { CACHE_PAUSING, CACHE_CONNECTING, CACHE_UP };

struct cache {
    struct loop *loop;
    struct cache_options options;
    char *socket_path;
    redisAsyncContext *redis; /* NULL: none */
    struct loop_fd *watcher;
    int interest;
    enum cache_phase phase;
    int64_t connect_by_ms;
    struct backoff backoff;
    struct loop_timer *timer; /* the earliest deadline, or the pause */
    int64_t timer_at_ms;
    struct loop_timer *soon; /* calls back what was never sent, and tells the state */
    struct list sent, unsent;
    struct cache_known_script scripts[CACHE_SCRIPTS_MAX];
    int script_count;
    struct buffer pointers, lengths; /* of the command being sent */
    bool state_is_new;
    enum err state_err;
    char state_message[160];
    struct loop_hook *hook;
    bool wants_write, is_flushing; /* something waits for the end of the turn; it is being written */
    int inside;                    /* hiredis or a callback is on the stack */
    bool freed;
};

/* cache.c */
void cache_destroy(struct cache *cache);

/* cache_connect.c */
void cache_connect(struct cache *cache);
void cache_set_timer(struct cache *cache, int64_t at_ms); /* no later than this */
void cache_on_timer(void *cache);
bool cache_flush(void *cache); /* the hook before the wait */
void cache_enter(struct cache *cache);
void cache_leave(struct cache *cache); /* destroys it when it was freed meanwhile */

#endif
