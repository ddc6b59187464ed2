/* One connection to Redis: hiredis' asynchronous half on our loop, with deadlines, reconnecting and scripts. hiredis matches
 * replies to commands by order; when anything is late or broken the whole connection goes, and every command on it ends. */
#include "common/backoff.h"
#include "common/cache_internal.h"
#include "common/clock.h"
#include "common/loop.h"
#include "proto/must.h"

#include <async.h>
#include <hiredis.h>
#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_TIMEOUT_MS = 1000, BACKOFF_FIRST_MS = 20, BACKOFF_MAX_MS = 1000, SCRIPTS_MAX = 32, SHA_BYTES = 41 };

struct call {
    struct cache *cache;
    struct call *previous, *next;
    int64_t deadline_ms;
    cache_done *done;
    void *context;
    struct known_script *script; /* NULL: an ordinary command */
    struct cache_command again;  /* the script's arguments, for when the server does not know it */
    int key_count;
    bool repeated;
};

struct list {
    struct call *first, *last;
};

struct known_script {
    const struct cache_script *script;
    char sha[SHA_BYTES];      /* "" until the server has told it */
    bool is_loaded, is_asked; /* on this connection */
};

enum phase { PAUSING, CONNECTING, UP };

struct cache {
    struct loop *loop;
    struct cache_options options;
    char *socket_path;
    redisAsyncContext *redis; /* NULL: none */
    struct loop_fd *watcher;
    int interest;
    enum phase phase;
    int64_t connect_by_ms;
    struct backoff backoff;
    struct loop_timer *timer; /* the earliest deadline, or the pause */
    int64_t timer_at_ms;
    struct loop_timer *soon; /* calls back what was never sent, and tells the state */
    struct list sent, unsent;
    struct known_script scripts[SCRIPTS_MAX];
    int script_count;
    struct buffer pointers, lengths; /* of the command being sent */
    bool state_is_new;
    enum err state_err;
    char state_message[160];
    int inside; /* hiredis or a callback is on the stack */
    bool freed;
};

static void connect_now(struct cache *cache);
static void on_reply(redisAsyncContext *redis, void *reply, void *context);

/* ---- calls -------------------------------------------------------------------------------------------------------- */

static void list_push(struct list *list, struct call *call) {
    call->next = NULL;
    call->previous = list->last;
    if (list->last != NULL)
        list->last->next = call;
    else
        list->first = call;
    list->last = call;
}

static void list_remove(struct list *list, struct call *call) {
    if (call->previous != NULL)
        call->previous->next = call->next;
    else
        list->first = call->next;
    if (call->next != NULL)
        call->next->previous = call->previous;
    else
        list->last = call->previous;
}

static struct call *call_new(struct cache *cache, int64_t timeout_ms, cache_done *done, void *context) {
    struct call *call = calloc(1, sizeof *call);
    must(call != NULL);
    *call = (struct call){
        .cache = cache, .done = done, .context = context, .deadline_ms = clock_monotonic_ms() + timeout_ms};
    return call;
}

/* Off its list already. */
static void call_end(struct call *call, enum err err, const redisReply *reply) {
    if (call->done != NULL) call->done(call->context, err, (const struct cache_reply *)(const void *)reply);
    buffer_done(&call->again.bytes);
    buffer_done(&call->again.lengths);
    free(call);
}

/* ---- telling ------------------------------------------------------------------------------------------------------- */

static void tell_state(struct cache *cache, enum err err, const char *message) {
    cache->state_is_new = true;
    cache->state_err = err;
    snprintf(cache->state_message, sizeof cache->state_message, "%s", message);
    if (!cache->freed) loop_timer_start(cache->soon, 0, 0);
}

static void destroy(struct cache *cache) {
    loop_timer_free(&cache->timer);
    loop_timer_free(&cache->soon);
    buffer_done(&cache->pointers);
    buffer_done(&cache->lengths);
    free(cache->socket_path);
    free(cache);
}

static void leave(struct cache *cache) {
    if (--cache->inside == 0 && cache->freed && cache->redis == NULL) destroy(cache);
}

static void on_soon(void *context) {
    struct cache *cache = context;
    cache->inside++;
    for (struct call *call; (call = cache->unsent.first) != NULL;) {
        list_remove(&cache->unsent, call);
        call_end(call, ERR_CLOSED, NULL);
    }
    if (cache->state_is_new && !cache->freed) {
        cache->state_is_new = false;
        if (cache->options.on_state != NULL)
            cache->options.on_state(cache->options.context, cache, cache->state_err, cache->state_message);
    }
    leave(cache);
}

static void set_timer(struct cache *cache, int64_t at_ms) {
    if (cache->timer_at_ms != 0 && cache->timer_at_ms <= at_ms) return;
    cache->timer_at_ms = at_ms;
    loop_timer_start(cache->timer, at_ms - clock_monotonic_ms(), 0);
}

/* ---- hiredis' hooks into an event loop -------------------------------------------------------------------------------- */

static void on_ready(void *context, int ready) {
    struct cache *cache = context;
    cache->inside++;
    if (cache->redis != NULL && (ready & LOOP_READ)) redisAsyncHandleRead(cache->redis);
    if (cache->redis != NULL && (ready & LOOP_WRITE)) redisAsyncHandleWrite(cache->redis);
    leave(cache);
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
static void add_write(void *context) {
    set_interest(context, ((struct cache *)context)->interest | LOOP_WRITE);
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
    if (!cache->freed && cache->phase != PAUSING) tell_state(cache, ERR_CLOSED, why);
    cache->redis = NULL;
    for (int i = 0; i < cache->script_count; i++) cache->scripts[i].is_loaded = cache->scripts[i].is_asked = false;
    cache->phase = PAUSING;
    cache->timer_at_ms = 0;
    if (!cache->freed) set_timer(cache, clock_monotonic_ms() + backoff_pause(&cache->backoff));
}

static void drop(struct cache *cache, enum err err, const char *message) {
    cache->inside++;
    tell_state(cache, err, message);
    cache->phase = PAUSING;       /* so that cleanup keeps our reason */
    redisAsyncFree(cache->redis); /* at once, or after the callback that is running */
    leave(cache);
}

/* ---- connecting ---------------------------------------------------------------------------------------------------------- */

static void on_hello(redisAsyncContext *redis, void *reply_, void *context) {
    struct cache *cache = context;
    const redisReply *reply = reply_;
    if (reply == NULL || cache->phase != CONNECTING) return; /* cleanup follows */
    if (reply->type == REDIS_REPLY_ERROR) {
        drop(cache, ERR_REFUSED, reply->str);
        return;
    }
    cache->phase = UP;
    backoff_reset(&cache->backoff);
    tell_state(cache, ERR_NONE, "");
}

static void connect_now(struct cache *cache) {
    cache->phase = CONNECTING;
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
    set_timer(cache, cache->connect_by_ms);
    /* a stopped server accepts too: only an answer makes it usable */
    if (cache->options.database == 0)
        redisAsyncCommand(cache->redis, on_hello, cache, "PING");
    else
        redisAsyncCommand(cache->redis, on_hello, cache, "SELECT %d", cache->options.database);
}

static void on_timer(void *context) {
    struct cache *cache = context;
    int64_t now = clock_monotonic_ms();
    cache->timer_at_ms = 0;
    if (cache->phase == PAUSING) {
        connect_now(cache);
    } else if (cache->phase == CONNECTING) {
        if (now >= cache->connect_by_ms)
            drop(cache, ERR_TIMEOUT, "no answer while connecting");
        else
            set_timer(cache, cache->connect_by_ms);
    } else {
        for (struct call *call = cache->sent.first; call != NULL; call = call->next) {
            if (call->deadline_ms <= now) {
                drop(cache, ERR_TIMEOUT, "the server did not answer in time");
                return;
            }
            set_timer(cache, call->deadline_ms);
        }
    }
}

/* ---- sending ---------------------------------------------------------------------------------------------------------------- */

static void add_word(struct cache *cache, const char *word) {
    size_t length = strlen(word);
    buffer_append(&cache->pointers, &word, sizeof word);
    buffer_append(&cache->lengths, &length, sizeof length);
}

static void words_begin(struct cache *cache) {
    buffer_clear(&cache->pointers);
    buffer_clear(&cache->lengths);
}

static void words_send(struct cache *cache, redisCallbackFn *fn, void *context) {
    int sent =
        redisAsyncCommandArgv(cache->redis, fn, context, (int)(cache->pointers.length / sizeof(char *)),
                              (const char **)(void *)cache->pointers.data, (const size_t *)(void *)cache->lengths.data);
    must(sent == REDIS_OK); /* it refuses only while disconnecting, when the phase is not UP */
}

static bool begin(struct cache *cache, struct call *call) {
    must(!cache->freed);
    if (cache->phase == UP) {
        list_push(&cache->sent, call);
        set_timer(cache, call->deadline_ms);
        return true;
    }
    list_push(&cache->unsent, call);
    loop_timer_start(cache->soon, 0, 0);
    return false;
}

void cache_send(struct cache *cache, const struct cache_command *command, int64_t timeout_ms, cache_done *done,
                void *context) {
    must(cache_command_count(command) > 0);
    struct call *call = call_new(cache, timeout_ms, done, context);
    if (!begin(cache, call)) return;
    words_begin(cache);
    cache_command_words(command, &cache->pointers, &cache->lengths);
    words_send(cache, on_reply, call);
}

/* ---- scripts ---------------------------------------------------------------------------------------------------------------- */

static void on_sha(redisAsyncContext *redis, void *reply_, void *context) {
    struct known_script *script = context;
    const redisReply *reply = reply_;
    if (reply != NULL && reply->type == REDIS_REPLY_STRING && reply->len == SHA_BYTES - 1)
        memcpy(script->sha, reply->str, SHA_BYTES);
}

static struct known_script *find_script(struct cache *cache, const struct cache_script *script) {
    for (int i = 0; i < cache->script_count; i++)
        if (cache->scripts[i].script == script) return &cache->scripts[i];
    must(cache->script_count < SCRIPTS_MAX);
    struct known_script *known = &cache->scripts[cache->script_count++];
    known->script = script;
    return known;
}

/* With its text the first time on each connection, which also loads it; from then on by its hash. So a restarted server never
 * sees a hash it does not know, and the order of runs is kept; only SCRIPT FLUSH leads to a repetition. */
static void send_script(struct cache *cache, struct call *call) {
    struct known_script *script = call->script;
    bool by_hash = script->is_loaded && script->sha[0] != '\0' && !call->repeated;
    char keys[16];
    snprintf(keys, sizeof keys, "%d", call->key_count);
    words_begin(cache);
    add_word(cache, by_hash ? "EVALSHA" : "EVAL");
    add_word(cache, by_hash ? script->sha : script->script->lua);
    add_word(cache, keys);
    cache_command_words(&call->again, &cache->pointers, &cache->lengths);
    words_send(cache, on_reply, call);
    script->is_loaded = true;
    if (script->sha[0] != '\0' || script->is_asked) return;
    script->is_asked = true;
    words_begin(cache);
    add_word(cache, "SCRIPT");
    add_word(cache, "LOAD");
    add_word(cache, script->script->lua);
    words_send(cache, on_sha, script);
}

void cache_run(struct cache *cache, const struct cache_script *script, int key_count,
               const struct cache_command *arguments, int64_t timeout_ms, cache_done *done, void *context) {
    must(key_count >= 0 && (size_t)key_count <= cache_command_count(arguments));
    struct call *call = call_new(cache, timeout_ms, done, context);
    call->script = find_script(cache, script);
    call->key_count = key_count;
    buffer_append(&call->again.bytes, arguments->bytes.data, arguments->bytes.length);
    buffer_append(&call->again.lengths, arguments->lengths.data, arguments->lengths.length);
    if (begin(cache, call)) send_script(cache, call);
}

static void on_reply(redisAsyncContext *redis, void *reply_, void *context) {
    struct call *call = context;
    struct cache *cache = call->cache;
    const redisReply *reply = reply_;
    bool is_unknown = reply != NULL && reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOSCRIPT", 8) == 0;
    if (is_unknown && call->script != NULL && !call->repeated && cache->phase == UP) {
        call->repeated = true;
        send_script(cache, call);
        return;
    }
    list_remove(&cache->sent, call);
    enum err err = reply == NULL ? ERR_TIMEOUT : reply->type == REDIS_REPLY_ERROR ? ERR_REFUSED : ERR_NONE;
    call_end(call, err, reply);
}

/* ---- life -------------------------------------------------------------------------------------------------------------------- */

struct cache *cache_new(struct loop *loop, const struct cache_options *options) {
    struct cache *cache = calloc(1, sizeof *cache);
    must(cache != NULL);
    cache->loop = loop;
    cache->options = *options;
    if (options->connect_timeout_ms <= 0) cache->options.connect_timeout_ms = CONNECT_TIMEOUT_MS;
    cache->backoff = (struct backoff){.first_ms = BACKOFF_FIRST_MS,
                                      .max_ms = options->backoff_max_ms > 0 ? options->backoff_max_ms : BACKOFF_MAX_MS};
    cache->socket_path = strdup(options->socket_path);
    must(cache->socket_path != NULL);
    cache->timer = loop_timer_new(loop, on_timer, cache);
    cache->soon = loop_timer_new(loop, on_soon, cache);
    connect_now(cache);
    return cache;
}

void cache_free(struct cache **cache_) {
    struct cache *cache = *cache_;
    *cache_ = NULL;
    if (cache == NULL) return;
    cache->inside++;
    cache->freed = true;
    cache->phase = PAUSING;
    loop_timer_stop(cache->timer);
    loop_timer_stop(cache->soon);
    if (cache->redis != NULL) redisAsyncFree(cache->redis);
    for (struct call *call; (call = cache->unsent.first) != NULL;) {
        list_remove(&cache->unsent, call);
        call_end(call, ERR_CLOSED, NULL);
    }
    leave(cache); /* inside one of hiredis' callbacks: destroyed when that has come back */
}

bool cache_is_up(const struct cache *cache) {
    return cache->phase == UP;
}
