/* Commands and scripts on one connection to Redis. hiredis matches replies to commands by order; when anything is late or broken
 * the whole connection goes, and every command on it ends. */
#include "common/cache_internal.h"
#include "proto/must.h"

#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_TIMEOUT_MS = 1000, BACKOFF_FIRST_MS = 20, BACKOFF_MAX_MS = 1000 };

static void on_reply(redisAsyncContext *redis, void *reply, void *context);

/* ---- calls -------------------------------------------------------------------------------------------------------- */

static struct cache_call *call_new(struct cache *cache, int64_t timeout_ms, cache_done *done, void *context) {
    struct cache_call *call = calloc(1, sizeof *call);
    must(call != NULL);
    *call = (struct cache_call){
        .cache = cache, .done = done, .context = context, .deadline_ms = clock_monotonic_ms() + timeout_ms};
    return call;
}

/* Off its list already. */
static void call_end(struct cache_call *call, enum err err, const redisReply *reply) {
    if (call->done != NULL) call->done(call->context, err, (const struct cache_reply *)(const void *)reply);
    buffer_done(&call->again.bytes);
    buffer_done(&call->again.lengths);
    free(call);
}

void cache_destroy(struct cache *cache) {
    loop_timer_free(&cache->timer);
    loop_timer_free(&cache->soon);
    loop_hook_free(&cache->hook);
    buffer_done(&cache->pointers);
    buffer_done(&cache->lengths);
    free(cache->socket_path);
    free(cache);
}

static void on_soon(void *context) {
    struct cache *cache = context;
    cache_enter(cache);
    for (struct cache_call *call; (call = list_pop(&cache->unsent)) != NULL;) call_end(call, ERR_CLOSED, NULL);
    if (cache->state_is_new && !cache->freed) {
        cache->state_is_new = false;
        if (cache->options.on_state != NULL)
            cache->options.on_state(cache->options.context, cache, cache->state_err, cache->state_message);
    }
    cache_leave(cache);
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
    must(sent == REDIS_OK); /* it refuses only while disconnecting, when the phase is not CACHE_UP */
}

static bool begin(struct cache *cache, struct cache_call *call) {
    must(!cache->freed);
    if (cache->phase == CACHE_UP) {
        list_push(&cache->sent, call);
        cache_set_timer(cache, call->deadline_ms);
        return true;
    }
    list_push(&cache->unsent, call);
    loop_timer_start(cache->soon, 0, 0);
    return false;
}

void cache_send(struct cache *cache, const struct cache_command *command, int64_t timeout_ms, cache_done *done,
                void *context) {
    must(cache_command_count(command) > 0);
    struct cache_call *call = call_new(cache, timeout_ms, done, context);
    if (!begin(cache, call)) return;
    words_begin(cache);
    cache_command_words(command, &cache->pointers, &cache->lengths);
    words_send(cache, on_reply, call);
}

/* ---- scripts ---------------------------------------------------------------------------------------------------------------- */

static void on_sha(redisAsyncContext *redis, void *reply_, void *context) {
    struct cache_known_script *script = context;
    const redisReply *reply = reply_;
    if (reply != NULL && reply->type == REDIS_REPLY_STRING && reply->len == CACHE_SHA_BYTES - 1)
        memcpy(script->sha, reply->str, CACHE_SHA_BYTES);
}

static struct cache_known_script *find_script(struct cache *cache, const struct cache_script *script) {
    for (int i = 0; i < cache->script_count; i++)
        if (cache->scripts[i].script == script) return &cache->scripts[i];
    must(cache->script_count < CACHE_SCRIPTS_MAX);
    struct cache_known_script *known = &cache->scripts[cache->script_count++];
    known->script = script;
    return known;
}

/* With its text the first time on each connection, which also loads it; from then on by its hash. So a restarted server never
 * sees a hash it does not know, and the order of runs is kept; only SCRIPT FLUSH leads to a repetition. */
static void send_script(struct cache *cache, struct cache_call *call) {
    struct cache_known_script *script = call->script;
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
    struct cache_call *call = call_new(cache, timeout_ms, done, context);
    call->script = find_script(cache, script);
    call->key_count = key_count;
    buffer_append(&call->again.bytes, arguments->bytes.data, arguments->bytes.length);
    buffer_append(&call->again.lengths, arguments->lengths.data, arguments->lengths.length);
    if (begin(cache, call)) send_script(cache, call);
}

static void on_reply(redisAsyncContext *redis, void *reply_, void *context) {
    struct cache_call *call = context;
    struct cache *cache = call->cache;
    const redisReply *reply = reply_;
    bool is_unknown = reply != NULL && reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOSCRIPT", 8) == 0;
    if (is_unknown && call->script != NULL && !call->repeated && cache->phase == CACHE_UP) {
        call->repeated = true;
        send_script(cache, call);
        return;
    }
    list_remove(call);
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
    cache->timer = loop_timer_new(loop, cache_on_timer, cache);
    cache->soon = loop_timer_new(loop, on_soon, cache);
    cache->hook = loop_hook_new(loop, LOOP_BEFORE_WAIT, cache_flush, cache);
    cache_connect(cache);
    return cache;
}

void cache_free(struct cache **cache_) {
    struct cache *cache = *cache_;
    *cache_ = NULL;
    if (cache == NULL) return;
    cache_enter(cache);
    cache->freed = true;
    cache->phase = CACHE_PAUSING;
    loop_timer_stop(cache->timer);
    loop_timer_stop(cache->soon);
    if (cache->redis != NULL) redisAsyncFree(cache->redis);
    for (struct cache_call *call; (call = list_pop(&cache->unsent)) != NULL;) call_end(call, ERR_CLOSED, NULL);
    cache_leave(cache); /* inside one of hiredis' callbacks: destroyed when that has come back */
}

bool cache_is_up(const struct cache *cache) {
    return cache->phase == CACHE_UP;
}
