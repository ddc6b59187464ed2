/* common/cache.h: a client with deadlines, whose connection goes as a whole, as hiredis' does. What a lost connection had sent may
 * still be carried out. */
#include "common/cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/must.h"
#include "tests/sim/fakes.h"
#include "tests/sim/redis.h"

/* ---- commands ----------------------------------------------------------------------------------------------------------------- */

struct cache_command *cache_command_new(void) {
    struct cache_command *command = calloc(1, sizeof *command);
    must(command);
    return command;
}
void cache_command_free(struct cache_command **command) {
    if (!*command) return;
    free((*command)->words);
    free((*command)->bytes.data);
    free(*command);
    *command = NULL;
}
void cache_command_begin(struct cache_command *command, const char *name) {
    must(!name[0]); /* only scripts are used */
    command->count = 0;
    command->bytes.len = 0;
}
void cache_command_bytes(struct cache_command *command, const void *bytes, size_t length) {
    if (command->count == command->size) {
        command->size = command->size ? command->size * 2 : 16;
        command->words = realloc(command->words, (size_t)command->size * sizeof *command->words);
        must(command->words);
    }
    size_t at = bytes_add(&command->bytes, bytes, length);
    bytes_add(&command->bytes, "", 1);
    command->words[command->count++] = (struct word){at, length};
}
void cache_command_text(struct cache_command *command, const char *text) {
    cache_command_bytes(command, text, strlen(text));
}
void cache_command_int(struct cache_command *command, int64_t value) {
    char text[24];
    cache_command_bytes(command, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)value));
}

enum cache_kind cache_reply_kind(const struct cache_reply *reply) {
    return reply->kind;
}
int64_t cache_reply_int(const struct cache_reply *reply) {
    return reply->kind == CACHE_INT ? reply->number : reply->kind == CACHE_TEXT ? atoll(reply->text) : 0;
}
const char *cache_reply_text(const struct cache_reply *reply, size_t *ret_length) {
    bool is_text = reply->kind == CACHE_TEXT || reply->kind == CACHE_ERROR;
    *ret_length = is_text ? strlen(reply->text) : 0;
    return is_text ? reply->text : NULL;
}
size_t cache_reply_count(const struct cache_reply *reply) {
    return reply->kind == CACHE_LIST ? (size_t)reply->count : 0;
}
const struct cache_reply *cache_reply_item(const struct cache_reply *reply, size_t index) {
    must(reply->kind == CACHE_LIST && index < (size_t)reply->count);
    return &reply->items[index];
}

/* ---- the client ------------------------------------------------------------------------------------------------------------------- */

struct cache {
    struct cache *next;
    struct proc *proc;
    uint32_t number;
    struct cache_options options;
    uint64_t connection; /* 0: down */
    bool up, state_is_new, soon_is_armed, freed;
    int inside;
    enum err state_err;
    int64_t pause_ms, last_us[2];
    struct call *sent, **sent_end, *ended, **ended_end; /* ended: err in `ended_err` of each call's reply */
};

static struct cache *all;
static uint32_t cache_number;
static uint64_t connections, calls;

static struct cache *cache_by_number(uint32_t number) {
    struct cache *cache = all;
    while (cache && cache->number != number) cache = cache->next;
    return cache;
}

static void call_free_(struct call *call) {
    free(call->words.words);
    free(call->words.bytes.data);
    free(call);
}

static void destroy(struct cache *cache) {
    struct cache **at = &all;
    while (*at != cache) at = &(*at)->next;
    *at = cache->next;
    free(cache);
}

static void append(struct call ***end, struct call *call) {
    call->next = NULL;
    **end = call;
    *end = &call->next;
}

static void end_call(struct call *call, enum err err) {
    bool has_reply = err == ERR_NONE || err == ERR_REFUSED;
    if (call->done) call->done(call->context, err, has_reply ? &call->reply : NULL);
    call_free_(call);
}

static void dispatch(struct cache *cache) {
    cache->inside++;
    for (struct call *call; (call = cache->ended);) {
        cache->ended = call->next;
        if (!cache->ended) cache->ended_end = &cache->ended;
        end_call(call, call->number ? ERR_TIMEOUT : ERR_CLOSED);
    }
    if (cache->state_is_new && !cache->freed) {
        cache->state_is_new = false;
        if (cache->options.on_state)
            cache->options.on_state(cache->options.context, cache, cache->state_err, err_name(cache->state_err));
    }
    if (--cache->inside == 0 && cache->freed) destroy(cache);
}

static void soon(void *context, uint64_t number, bool live) {
    (void)context;
    struct cache *cache = live ? cache_by_number((uint32_t)number) : NULL;
    if (!cache) return;
    cache->soon_is_armed = false;
    dispatch(cache);
}

static void tell_soon(struct cache *cache) {
    if (cache->soon_is_armed || cache->freed) return;
    cache->soon_is_armed = true;
    event_in(cache->proc, 0, soon, NULL, cache->number);
}

static void try_connect(void *context, uint64_t number, bool live) {
    (void)context;
    struct cache *cache = live ? cache_by_number((uint32_t)number) : NULL;
    if (!cache || cache->up) return;
    if (sim.now_us < redis_hangs_until_us()) { /* accepts and does not answer */
        cache->pause_ms = cache->pause_ms * 2 < 1000 ? cache->pause_ms * 2 : 1000;
        event_in(cache->proc, (1000 + between(cache->pause_ms / 2, cache->pause_ms * 3 / 2)) * 1000, try_connect, NULL,
                 number);
        return;
    }
    cache->pause_ms = 20;
    cache->up = true;
    cache->connection = ++connections;
    cache->state_is_new = true;
    cache->state_err = ERR_NONE;
    tell_soon(cache);
}

static void drop(struct cache *cache, enum err err) {
    if (!cache->up) return;
    trace("redis connection lost: %s", err_name(err));
    cache->up = false;
    cache->connection = 0;
    if (cache->sent) {
        *cache->ended_end = cache->sent;
        cache->ended_end = cache->sent_end;
        cache->sent = NULL;
        cache->sent_end = &cache->sent;
    }
    cache->state_is_new = true;
    cache->state_err = err;
    tell_soon(cache);
    if (!cache->freed)
        event_in(cache->proc, between(cache->pause_ms / 2, cache->pause_ms * 3 / 2) * 1000, try_connect, NULL,
                 cache->number);
}

struct cache *cache_new(struct loop *loop, const struct cache_options *options) {
    struct cache *cache = calloc(1, sizeof *cache);
    must(cache);
    *cache = (struct cache){
        .next = all, .proc = fake_proc_of(loop), .number = ++cache_number, .options = *options, .pause_ms = 20};
    cache->sent_end = &cache->sent;
    cache->ended_end = &cache->ended;
    all = cache;
    event_in(cache->proc, between(300, 2000), try_connect, NULL, cache->number);
    return cache;
}

void cache_free(struct cache **cache_at) {
    struct cache *cache = *cache_at;
    *cache_at = NULL;
    if (!cache) return;
    cache->freed = true;
    drop(cache, ERR_CLOSED);
    dispatch(cache);
}

bool cache_is_up(const struct cache *cache) {
    return cache->up;
}

/* ---- one command's way there and back ------------------------------------------------------------------------------------------------ */

struct travel {
    struct travel *next; /* on the way there, in order */
    struct call copy;    /* what the server carries out, whatever becomes of the client */
    uint32_t cache;
    uint64_t connection;
    enum err err;
};

static void arrive_back(void *context, uint64_t arg, bool live) {
    (void)arg;
    struct travel *travel = context;
    struct cache *cache = live ? cache_by_number(travel->cache) : NULL;
    if (cache && cache->connection == travel->connection) {
        struct call *call = cache->sent;
        must(call && call->number == travel->copy.number);
        cache->sent = call->next;
        if (!cache->sent) cache->sent_end = &cache->sent;
        call->reply = travel->copy.reply;
        memcpy(call->items, travel->copy.items, sizeof call->items);
        if (call->reply.items) call->reply.items = call->items + (call->reply.items - travel->copy.items);
        for (size_t i = 0; i < sizeof call->items / sizeof *call->items; i++)
            if (call->items[i].items) call->items[i].items = call->items + (call->items[i].items - travel->copy.items);
        hash_bytes(call->reply.text, strlen(call->reply.text));
        cache->inside++;
        end_call(call, travel->err);
        cache->inside--;
        dispatch(cache);
    }
    free(travel);
}

static struct travel *travels, **travels_end = &travels;

static struct travel *first_of(uint64_t connection) {
    for (struct travel **at = &travels; *at; at = &(*at)->next) {
        struct travel *travel = *at;
        if (travel->connection != connection) continue;
        *at = travel->next;
        if (!*at) travels_end = at;
        return travel;
    }
    return NULL;
}

/* What comes next on this connection. */
static void carry_out(void *context, uint64_t connection, bool live) {
    (void)context;
    if (live && sim.now_us < redis_hangs_until_us()) {
        event_at(NULL, redis_hangs_until_us(), carry_out, NULL, connection);
        return;
    }
    struct travel *travel = first_of(connection);
    if (!travel) return; /* fake_cache_wake() was quicker */
    struct cache *cache = cache_by_number(travel->cache);
    bool connected = cache && cache->connection == travel->connection;
    if (!live || (!connected && chance(500000))) { /* what a client sent before it went may be read or not */
        free(travel->copy.words.words);
        free(travel->copy.words.bytes.data);
        free(travel);
        return;
    }
    travel->err = redis_run(&travel->copy);
    if (sim.tracing)
        trace("redis: %s %s -> %s%s", travel->copy.script->name,
              travel->copy.words.count > 1
                  ? (const char *)travel->copy.words.bytes.data + travel->copy.words.words[1].at
                  : "",
              travel->copy.reply.text, connected ? "" : " (of a lost connection)");
    free(travel->copy.words.words);
    free(travel->copy.words.bytes.data);
    if (!connected) {
        free(travel);
        return;
    }
    int64_t at = sim.now_us + between(20, 200);
    if (at <= cache->last_us[1]) at = cache->last_us[1] + 1;
    cache->last_us[1] = at;
    event_at(cache->proc, at, arrive_back, travel, 0);
}

static void time_is_up(void *context, uint64_t number, bool live) {
    struct cache *cache = live ? cache_by_number((uint32_t)(uintptr_t)context) : NULL;
    if (!cache) return;
    for (struct call *call = cache->sent; call; call = call->next) {
        if (call->number != number) continue;
        drop(cache, ERR_TIMEOUT);
        return;
    }
}

static struct cache_command copy_words(const struct cache_command *from) {
    struct cache_command copy = {.count = from->count, .size = from->count};
    copy.words = malloc((size_t)from->count * sizeof *copy.words + 1);
    must(copy.words);
    memcpy(copy.words, from->words, (size_t)from->count * sizeof *copy.words);
    bytes_add(&copy.bytes, from->bytes.data, from->bytes.len);
    return copy;
}

void cache_run(struct cache *cache, const struct cache_script *script, int key_count,
               const struct cache_command *arguments, int64_t timeout_ms, cache_done *done, void *context) {
    must(!cache->freed && key_count == 1);
    struct call *call = calloc(1, sizeof *call);
    must(call);
    *call = (struct call){.script = script, .done = done, .context = context};
    if (!cache->up) {
        append(&cache->ended_end, call); /* number 0: never sent */
        tell_soon(cache);
        return;
    }
    call->number = ++calls;
    append(&cache->sent_end, call);
    event_in(cache->proc, timeout_ms * 1000, time_is_up, (void *)(uintptr_t)cache->number, call->number);
    if (proc_dies_here("before a script")) return;
    struct travel *travel = calloc(1, sizeof *travel);
    must(travel);
    travel->copy = *call;
    travel->copy.words = copy_words(arguments);
    travel->cache = cache->number;
    travel->connection = cache->connection;
    int64_t at = sim.now_us + between(20, 200);
    if (at <= cache->last_us[0]) at = cache->last_us[0] + 1;
    cache->last_us[0] = at;
    travel->next = NULL;
    *travels_end = travel;
    travels_end = &travel->next;
    event_at(NULL, at, carry_out, NULL, travel->connection);
}

/* ---- what befalls it ---- */

static void cut(void *context, uint64_t number, bool live) {
    (void)context;
    struct cache *cache = live ? cache_by_number((uint32_t)number) : NULL;
    if (cache) drop(cache, ERR_CLOSED);
}

void fake_cache_cut(void) {
    for (struct cache *cache = all; cache; cache = cache->next) event_in(cache->proc, 0, cut, NULL, cache->number);
}

void fake_cache_wake(void) {
    fake_redis_wake();
    for (struct travel *travel = travels; travel; travel = travel->next)
        event_in(NULL, 0, carry_out, NULL, travel->connection);
}

void fake_cache_done(void) {
    must(!all);
    fake_redis_done();
}
