/* Redis, asynchronously on the loop: the live picture, never the truth. Pipelined: what is sent in one turn goes out in one
 * write. Commands carry bytes, not text. hiredis has no time-outs of its own, so each command has a deadline here; when one
 * passes the connection is dropped and made again, as what a late answer belongs to is not worth guessing.
 *
 * ERR_CLOSED: not sent. ERR_TIMEOUT: sent, and it may have happened. ERR_REFUSED: the reply is a Redis error.
 * No lock, dedupe or permission may depend on an answer from here. One thread, the loop's. */
#ifndef COMMON_CACHE_H
#define COMMON_CACHE_H

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct cache;
struct cache_reply; /* borrowed, good until the callback returns */

typedef void cache_state(void *context, struct cache *cache, enum err err, const char *message);

struct cache_options {
    const char *socket_path;
    int database;               /* 0 usually */
    int64_t connect_timeout_ms; /* 0: 1,000; until the first PING is answered */
    int64_t backoff_max_ms;     /* 0: 1,000 */
    cache_state *on_state;      /* ERR_NONE when usable, else why not any more; may be NULL */
    void *context;
};

struct cache *cache_new(struct loop *loop, const struct cache_options *options);
void cache_free(struct cache **cache); /* calls back what is under way with ERR_CLOSED or ERR_TIMEOUT */
bool cache_is_up(const struct cache *cache);

/* ---- commands ---------------------------------------------------------------------------------------------------- */

/* The words of one command, copied into buffers that are reused. */
struct cache_command *cache_command_new(void);
void cache_command_free(struct cache_command **command);
void cache_command_begin(struct cache_command *command, const char *name); /* empties it; name may hold spaces: words */
void cache_command_text(struct cache_command *command, const char *text);
void cache_command_bytes(struct cache_command *command, const void *bytes, size_t length);
void cache_command_int(struct cache_command *command, int64_t value);

/* Called once, later, never from inside the sending function. reply is NULL unless err is ERR_NONE or ERR_REFUSED. */
typedef void cache_done(void *context, enum err err, const struct cache_reply *reply);

/* The command may be reused at once. done may be NULL: nobody waits for the answer. */
void cache_send(struct cache *cache, const struct cache_command *command, int64_t timeout_ms, cache_done *done,
                void *context);

/* ---- scripts ----------------------------------------------------------------------------------------------------- */

/* Declare as `static const struct cache_script APPLY = {"apply", "...lua..."};`. Run by its hash; when the server does not know
 * it (first use, restart, SCRIPT FLUSH) it is loaded and the call is repeated, once, inside the same deadline. */
struct cache_script {
    const char *name; /* unique in the process */
    const char *lua;
};

/* The arguments only: begin with cache_command_begin(command, ""), then key_count keys, then values. The command is copied. */
void cache_run(struct cache *cache, const struct cache_script *script, int key_count,
               const struct cache_command *arguments, int64_t timeout_ms, cache_done *done, void *context);

/* ---- replies ----------------------------------------------------------------------------------------------------- */

enum cache_kind { CACHE_NIL, CACHE_INT, CACHE_TEXT, CACHE_LIST, CACHE_ERROR };
enum cache_kind cache_reply_kind(const struct cache_reply *reply);
int64_t cache_reply_int(const struct cache_reply *reply); /* an integer, or a text that is one; else 0 */
const char *cache_reply_text(const struct cache_reply *reply,
                             size_t *ret_length);          /* text, status or error; else NULL, 0 */
size_t cache_reply_count(const struct cache_reply *reply); /* items of a list; else 0 */
const struct cache_reply *cache_reply_item(const struct cache_reply *reply, size_t index);

#endif
