/* See bearer.h. */
#include "services/kit/bearer.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "proto/must.h"

enum { SLOTS = BEARERS_MAX, TIMEOUT_MS = 3000 };

static const struct db_statement FIND = {
    "bearer_find", "SELECT t.id, t.role, coalesce(t.unit, 0), s.no, s.source FROM token t "
                   "LEFT JOIN LATERAL unnest(t.sources) WITH ORDINALITY AS s (source, no) ON true "
                   "WHERE t.hash = $1::bytea AND NOT t.disabled AND t.expires_at > $2::int8 ORDER BY s.no LIMIT 16"};

struct slot {
    uint8_t hash[CRYPTO_HASH_BYTES];
    int64_t until; /* monotonic; 0: free */
    struct bearer bearer;
};

struct bearers {
    struct db_pool *pool;
    struct slot slots[SLOTS]; /* by hash; a collision replaces */
};

struct search {
    struct bearers *bearers;
    struct db_group *group;
    uint8_t hash[CRYPTO_HASH_BYTES];
    bearer_done *done;
    void *context;
};

struct bearers *bearers_new(struct db_pool *pool) {
    struct bearers *b = calloc(1, sizeof *b);
    must(b);
    b->pool = pool;
    return b;
}

void bearers_free(struct bearers **bearers) {
    if (!*bearers) return;
    free(*bearers);
    *bearers = NULL;
}

static struct slot *slot_of(struct bearers *b, const uint8_t *hash) {
    uint32_t number;
    memcpy(&number, hash, sizeof number);
    return &b->slots[number % SLOTS];
}

static void on_found(void *context, const struct db_reply *reply) {
    struct search *search = context;
    struct bearer bearer = {.principal = {.role = 0}};
    enum err err = reply->err;
    if (err == ERR_NONE) {
        const struct db_result *rows = reply->results[0];
        if (!db_rows(rows)) err = ERR_NOT_FOUND;
        for (int i = 0; i < db_rows(rows); i++) {
            bearer.principal.user = db_get_int(rows, i, 0);
            bearer.principal.role = (uint8_t)db_get_int(rows, i, 1);
            bearer.principal.unit = (uint32_t)db_get_int(rows, i, 2);
            if (!db_is_null(rows, i, 4)) bearer.sources[bearer.source_count++] = (uint32_t)db_get_int(rows, i, 4);
        }
        bearer.principal.source = bearer.sources[0];
    }
    if (err == ERR_NONE) {
        struct slot *slot = slot_of(search->bearers, search->hash);
        memcpy(slot->hash, search->hash, sizeof slot->hash);
        slot->until = clock_monotonic_ms() + BEARER_KEPT_MS;
        slot->bearer = bearer;
    }
    search->done(search->context, err, &bearer);
    db_group_free(&search->group);
    free(search);
}

void bearer_find(struct bearers *b, const char *token, size_t len, bearer_done *done, void *context) {
    uint8_t hash[CRYPTO_HASH_BYTES];
    crypto_token_hash(token, len, hash);
    struct slot *slot = slot_of(b, hash);
    if (slot->until > clock_monotonic_ms() && memcmp(slot->hash, hash, sizeof hash) == 0) {
        struct bearer kept = slot->bearer;
        done(context, ERR_NONE, &kept);
        return;
    }
    struct search *search = malloc(sizeof *search);
    must(search);
    *search = (struct search){.bearers = b, .group = db_group_new(), .done = done, .context = context};
    memcpy(search->hash, hash, sizeof hash);
    db_group_begin(search->group, DB_READ);
    struct db_call *call = db_group_add(search->group, &FIND);
    db_set_bytes(call, 1, hash, sizeof hash);
    db_set_int8(call, 2, clock_now());
    db_pool_send(b->pool, search->group, TIMEOUT_MS, on_found, search);
}
