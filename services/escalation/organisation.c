/* See organisation.h. */
#include "services/escalation/organisation.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "proto/must.h"

METRIC_COUNTER(applied, "paidan_escalation_organisation_total", "Changes of the organisation put in force.");

enum { AGAIN_MS = 1000, LOOK_EACH_MS = 60 * 1000, TIMEOUT_MS = 20000 };

struct organisation {
    struct db *db;
    struct db_group *group;
    void (*changed)(void *context, uint32_t world);
    void *context;
    time_ms next_at; /* the next date; 0: none is known */
    int64_t look_at; /* monotonic: when to ask in any case */
    bool stale;
};

static const struct db_statement APPLY = {"escalation_organisation",
                                          "SELECT world_version, next_at, changed FROM organisation_apply($1::int8)"};

struct organisation *organisation_new(struct db *db, void (*changed)(void *context, uint32_t world), void *context) {
    struct organisation *o = calloc(1, sizeof *o);
    must(o);
    *o =
        (struct organisation){.db = db, .group = db_group_new(), .changed = changed, .context = context, .stale = true};
    return o;
}

void organisation_free(struct organisation **organisation) {
    if (!*organisation) return;
    db_group_free(&(*organisation)->group);
    free(*organisation);
    *organisation = NULL;
}

void organisation_stale(struct organisation *o) {
    o->stale = true;
}

static void on_applied(void *context, const struct db_reply *reply) {
    struct organisation *o = context;
    if (reply->err != ERR_NONE) {
        log_warn("organisation_not_applied", LOG_ERR(reply->err), LOG_TEXT("why", reply->message));
        o->stale = true;
        o->look_at = clock_monotonic_ms() + AGAIN_MS;
        return;
    }
    const struct db_result *row = reply->results[0];
    int64_t count = db_get_int(row, 0, 2);
    o->next_at = db_get_int(row, 0, 1);
    o->look_at = clock_monotonic_ms() + LOOK_EACH_MS;
    if (!count) return;
    metric_add(&applied, 0, (double)count);
    log_info("organisation_applied", LOG_INT("changes", count), LOG_INT("world", db_get_int(row, 0, 0)));
    o->changed(o->context, (uint32_t)db_get_int(row, 0, 0));
}

void organisation_turn(struct organisation *o) {
    if (!db_is_up(o->db) || db_group_under_way(o->group)) return;
    int64_t now = clock_monotonic_ms();
    bool failed_just_now = o->stale && now < o->look_at && o->look_at - now <= AGAIN_MS;
    bool due = o->next_at && o->next_at <= clock_now();
    if (failed_just_now || (!o->stale && !due && now < o->look_at)) return;
    o->stale = false;
    db_group_begin(o->group, DB_WRITE);
    db_set_int8(db_group_add(o->group, &APPLY), 1, clock_now());
    db_send(o->db, o->group, TIMEOUT_MS, on_applied, o);
}
