/* From nothing to a usable connection and back: hiredis' hooks on our loop, connecting, dropping, pausing, deadlines. */
#include "common/cache_internal.h"
#include "proto/must.h"

#include <stdio.h>

void cache_set_timer(struct cache *cache, int64_t at_ms) {
    if (cache->timer_at_ms != 0 && cache->timer_at_ms <= at_ms) return;
    cache->timer_at_ms = at_ms;
    loop_timer_start(cache->timer, at_ms - clock_monotonic_ms(), 0);
}

void cache_enter(struct cache *cache) {
    cache->inside++;
}

void cache_leave(struct cache *cache) {
    if (--cache->inside == 0 && cache->freed && cache->redis == NULL) cache_destroy(cache);
}

static void tell_state(struct cache *cache, enum err err, const char *message) {
    cache->state_is_new = true;
    cache->state_err = err;
    snprintf(cache->state_message, sizeof cache->state_message, "%s", message);
    if (!cache->freed) loop_timer_start(cache->soon, 0, 0);
}

/* ---- hiredis' hooks into an event loop -------------------------------------------------------------------------------- */

static void on_ready(void *context, int ready) {
    struct cache *cache = context;
    cache_enter(cache);
    if (cache->redis != NULL && (ready & LOOP_READ)) redisAsyncHandleRead(cache->redis);
    if (cache->redis != NULL && (ready & LOOP_WRITE)) redisAsyncHandleWrite(cache->redis);
    cache_leave(cache);
}

static void set_interest(struct cache *cache, int interest) {
    if (interest == cache->interest || cache->watcher == NULL) return;
    loop_fd_watch(cache->watcher, cache->interest = interest);
}
static void add_read(void *context) {
    set_interest(context, ((struct cache *)context)->interest | LOOP_READ);
}
static void del_read(void *context) {
    set_interest(context, ((struct cache *)context)->interest & ~LOOP_READ);
}
/* What a turn gathered is written at its end; that the socket can be written to is asked for only when it could not. */
static void add_write(void *context) {
    struct cache *cache = context;
    if (cache->phase != CACHE_UP || cache->is_flushing) {
        set_interest(cache, cache->interest | LOOP_WRITE);
        return;
    }
    cache->wants_write = true;
    if (loop_is_about_to_wait(cache->loop)) loop_stay_awake(cache->loop);
}

bool cache_flush(void *context) {
    struct cache *cache = context;
    if (!cache->wants_write) return false;
    cache->wants_write = false;
    if (cache->phase != CACHE_UP || cache->redis == NULL) return false;
    cache_enter(cache);
    cache->is_flushing = true;
    redisAsyncHandleWrite(cache->redis);
    cache->is_flushing = false;
    cache_leave(cache);
    return false;
}

static void del_write(void *context) {
    set_interest(context, ((struct cache *)context)->interest & ~LOOP_WRITE);
}

/* The one sign that hiredis gives for every way of losing a connection; all commands on it have been called back. */
static void cleanup(void *context) {
    struct cache *cache = context;
    loop_fd_free(&cache->watcher);
    cache->interest = 0;
    const char *why = cache->redis->errstr != NULL ? cache->redis->errstr : "";
    if (!cache->freed && cache->phase != CACHE_PAUSING) tell_state(cache, ERR_CLOSED, why);
    cache->redis = NULL;
    for (int i = 0; i < cache->script_count; i++) cache->scripts[i].is_loaded = cache->scripts[i].is_asked = false;
    cache->phase = CACHE_PAUSING;
    cache->timer_at_ms = 0;
    if (!cache->freed) cache_set_timer(cache, clock_monotonic_ms() + backoff_pause(&cache->backoff));
}

static void drop(struct cache *cache, enum err err, const char *message) {
    cache_enter(cache);
    tell_state(cache, err, message);
    cache->phase = CACHE_PAUSING; /* so that cleanup keeps our reason */
    redisAsyncFree(cache->redis); /* at once, or after the callback that is running */
    cache_leave(cache);
}

/* ---- connecting ---------------------------------------------------------------------------------------------------------- */

static void on_hello(redisAsyncContext *redis, void *reply_, void *context) {
    struct cache *cache = context;
    const redisReply *reply = reply_;
    if (reply == NULL || cache->phase != CACHE_CONNECTING) return; /* cleanup follows */
    if (reply->type == REDIS_REPLY_ERROR) {
        drop(cache, ERR_REFUSED, reply->str);
        return;
    }
    cache->phase = CACHE_UP;
    backoff_reset(&cache->backoff);
    tell_state(cache, ERR_NONE, "");
}

void cache_connect(struct cache *cache) {
    cache->phase = CACHE_CONNECTING;
    cache->connect_by_ms = clock_monotonic_ms() + cache->options.connect_timeout_ms;
    cache->redis = redisAsyncConnectUnix(cache->socket_path);
    must(cache->redis != NULL);
    cache->redis->ev.data = cache;
    if (cache->redis->err == 0) {
        must(loop_fd_new(cache->loop, cache->redis->c.fd, on_ready, cache, &cache->watcher) == ERR_NONE);
        cache->redis->ev.addRead = add_read;
        cache->redis->ev.delRead = del_read;
        cache->redis->ev.addWrite = add_write;
        cache->redis->ev.delWrite = del_write;
    }
    cache->redis->ev.cleanup = cleanup;
    if (cache->redis->err != 0) {
        drop(cache, ERR_CLOSED, cache->redis->errstr);
        return;
    }
    cache_set_timer(cache, cache->connect_by_ms);
    /* a stopped server accepts too: only an answer makes it usable */
    if (cache->options.database == 0)
        redisAsyncCommand(cache->redis, on_hello, cache, "PING");
    else
        redisAsyncCommand(cache->redis, on_hello, cache, "SELECT %d", cache->options.database);
}

void cache_on_timer(void *context) {
    struct cache *cache = context;
    int64_t now = clock_monotonic_ms();
    cache->timer_at_ms = 0;
    if (cache->phase == CACHE_PAUSING) {
        cache_connect(cache);
    } else if (cache->phase == CACHE_CONNECTING) {
        if (now >= cache->connect_by_ms)
            drop(cache, ERR_TIMEOUT, "no answer while connecting");
        else
            cache_set_timer(cache, cache->connect_by_ms);
    } else {
        for (struct cache_call *call = list_first(&cache->sent); call != NULL; call = list_next(call)) {
            if (call->deadline_ms <= now) {
                drop(cache, ERR_TIMEOUT, "the server did not answer in time");
                return;
            }
            cache_set_timer(cache, call->deadline_ms);
        }
    }
}
