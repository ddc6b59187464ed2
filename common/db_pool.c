/* Several connections to the same database, for work whose order does not matter. */
#include "common/db.h"
#include "proto/must.h"

#include <stdlib.h>

struct db_pool {
    int count;
    struct db *connections[];
};

struct db_pool *db_pool_new(struct loop *loop, const struct db_options *options, int count) {
    must(count > 0);
    struct db_pool *pool = calloc(1, sizeof *pool + (size_t)count * sizeof *pool->connections);
    must(pool != NULL);
    pool->count = count;
    for (int i = 0; i < count; i++) pool->connections[i] = db_new(loop, options);
    return pool;
}

void db_pool_free(struct db_pool **pool) {
    if (*pool == NULL) return;
    for (int i = 0; i < (*pool)->count; i++) db_free(&(*pool)->connections[i]);
    free(*pool);
    *pool = NULL;
}

int db_pool_up(const struct db_pool *pool) {
    int up = 0;
    for (int i = 0; i < pool->count; i++) up += db_is_up(pool->connections[i]);
    return up;
}

void db_pool_send(struct db_pool *pool, struct db_group *group, int64_t timeout_ms, db_done *done, void *context) {
    struct db *best = pool->connections[0]; /* tells the caller "not connected" when none is */
    for (int i = 1; i < pool->count; i++) {
        struct db *other = pool->connections[i];
        if (db_is_up(other) && (!db_is_up(best) || db_waiting(other) < db_waiting(best))) best = other;
    }
    db_send(best, group, timeout_ms, done, context);
}
