/* How many attempts each endpoint may have under way. An endpoint that answers has per_endpoint slots; one that fails time after time
 * has one; one whose attempt has been hanging for a while takes the rest of its slots one at a time. Both kinds together have a quarter of
 * the house: so however many endpoints hang, the others find their slots free. Who begins changes from turn to turn. One that only fails
 * rests between two attempts: refusing costs it nothing, but each attempt costs PostgreSQL what a ticket costs. */
#include "common/clock.h"
#include "services/notification/notification.h"

enum { FAILURES_MAX = 5, HANGS_MS = 1000, SLOW_MAX = UNDER_WAY_MAX / 4 };
enum { RESTS_AFTER = 12, REST_MAX_MS = 200 };

static bool fails(const struct endpoint *endpoint) {
    return endpoint->now.failures >= FAILURES_MAX;
}

void slots_attempted(struct endpoint *endpoint, bool taken) {
    endpoint->now.failures = taken ? 0 : endpoint->now.failures + 1;
    int more = endpoint->now.failures - RESTS_AFTER;
    int64_t rest = more < 0 ? 0 : more < 8 ? 1 << more : REST_MAX_MS;
    endpoint->now.rests = clock_monotonic_ms() + (rest < REST_MAX_MS ? rest : REST_MAX_MS);
}

static bool is_slow(const struct endpoint *endpoint, int64_t monotonic) {
    return fails(endpoint) || (endpoint->now.under_way && monotonic - endpoint->now.oldest >= HANGS_MS);
}

static void find_oldest(struct notification *n) {
    for (const struct delivery *d = n->deliveries; d; d = d->next) { /* the newest first */
        struct endpoint *endpoint = endpoint_by_id(n, d->endpoint);
        if (endpoint) endpoint->now.oldest = d->began;
    }
}

bool slots_give(struct notification *n, struct db_call *call) {
    int64_t monotonic = clock_monotonic_ms();
    int64_t house = UNDER_WAY_MAX - (int64_t)n->under_way, slow = SLOW_MAX;
    bool given = false;
    db_set_array(call, 1, DB_INT8);
    db_set_array(call, 2, DB_INT4);
    find_oldest(n);
    for (size_t i = 0; i < n->endpoint_count; i++)
        if (is_slow(&n->endpoints[i], monotonic)) slow -= n->endpoints[i].now.under_way;
    n->turn++;
    for (size_t i = 0; i < n->endpoint_count && house > 0; i++) {
        const struct endpoint *endpoint = &n->endpoints[(n->turn + i) % n->endpoint_count];
        bool slowly = is_slow(endpoint, monotonic);
        int64_t room = (fails(endpoint) ? 1 : notification_config.per_endpoint) - endpoint->now.under_way;
        if (slowly && room > 1) room = 1;
        if (!endpoint_is_open(endpoint) || room <= 0 || monotonic < endpoint->now.rests || (slowly && slow-- <= 0))
            continue;
        db_push_int8(call, 1, endpoint->id);
        db_push_int4(call, 2, (int32_t)(room < house ? room : house));
        given = true;
    }
    return given;
}
