/* The console's parts and what they share. People's requests come in by routes.c, each becomes a struct call (call.h), and a
 * file per noun answers it. What runs by itself:
 *     news.c     messages from and to the router
 *     board.c    the live queues of all units, kept current (board_read.c reads Redis, or PostgreSQL when Redis is away)
 *     stream.c   who watches them
 *     gateway.c  departments' systems on the bus
 * One thread; everything here belongs to the loop. */
#ifndef CONSOLE_CONSOLE_H
#define CONSOLE_CONSOLE_H

#include "common/buffer.h"
#include "common/bus.h"
#include "common/cache.h"
#include "common/crypto.h"
#include "common/db.h"
#include "common/loop.h"
#include "services/kit/kit.h"
#include "services/kit/reference.h"
#include "services/kit/who.h"

struct attachments;
struct board;
struct board_reader;
struct commands;
struct delays;
struct events_waiting;
struct figures_keeper;
struct followups;
struct gateway;
struct news;
struct streams;

struct console_config {
    int64_t shard;
    int64_t database_connections;
    int64_t session_idle, session_idle_field, session_max; /* ms */
    int64_t command_patience;                              /* ms */
    int64_t queues_each;                                   /* ms */
    int64_t figures_each;                                  /* ms */
    char *bus_address, *bus_key_file;                      /* gateway.h */
    char *attachments_folder, *attachments_s3, *attachments_s3_region, *attachments_s3_key;
    char *attachments_s3_secret_file, *image_program;
    int64_t attachment_bytes, attachments_day, attachments_day_public; /* bytes */
    int64_t attachments_at_once;
};
extern struct console_config console_config;
extern const struct service console_service;

struct console {
    struct kit *kit;
    struct db_pool *pool;       /* what people ask */
    struct db_pool *background; /* what nobody waits for, the same again and again: planned once */
    struct db *side;            /* reference data, so that it waits for nobody */
    struct reference_loader *loader;
    struct reference *reference; /* NULL until it was read once */
    uint32_t world_wanted;       /* version somebody told us of */
    bool reference_loading, load_again;
    struct who_finder *who;
    struct crypto_keys *keys; /* NULL: no key file; personal data then stays sealed */
    struct cache *cache;
    struct bus *bus;
    struct news *news;
    struct commands *commands;
    struct board *board;
    struct board_reader *reader;
    struct streams *streams;
    struct delays *delays;  /* of sign-ins */
    struct delays *guesses; /* of who asks for the progress of a request (public.h) */
    struct figures_keeper *figures;
    struct events_waiting *events;
    struct followups *followups;
    struct gateway *gateway;
    struct attachments *attachments; /* NULL: none are taken */
    struct loop_timer *tick;
    struct buffer out; /* the answer being written; good until the next one begins */
    bool draining;
};

/* There is (or may be) newer reference data: read it. `version` 0: whatever there is. */
void console_world_changed(struct console *console, uint32_t version);

#endif
