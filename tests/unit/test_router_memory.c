/* The router's and escalation's memory structures against plain models, under random operations from a fixed seed: the store of
 * open tickets, the recently routed requests, the armed deadlines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "services/escalation/timers.h"
#include "services/router/recent.h"
#include "services/router/store.h"

static uint64_t seed;

static uint32_t draw(uint32_t below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

enum { TICKETS = 3000 };

static void the_store_equals_a_plain_table(void **state) {
    (void)state;
    static uint8_t model[TICKETS][64];
    static size_t lengths[TICKETS];
    struct store *store = store_new();
    size_t count = 0;
    seed = 1;
    memset(lengths, 0, sizeof lengths);
    for (int step = 0; step < 60000; step++) {
        uint32_t n = draw(TICKETS);
        int64_t ticket = 20261121010000000 + n + 1;
        if (draw(3)) {
            size_t len = 1 + draw(63);
            for (size_t i = 0; i < len; i++) model[n][i] = (uint8_t)draw(256);
            count += !lengths[n];
            lengths[n] = len;
            store_put(store, ticket, model[n], len);
        } else {
            count -= lengths[n] != 0;
            lengths[n] = 0;
            store_remove(store, ticket);
        }
        uint32_t other = draw(TICKETS);
        size_t len = 0;
        const uint8_t *bytes = store_get(store, 20261121010000000 + other + 1, &len);
        assert_int_equal(bytes != NULL, lengths[other] != 0);
        if (bytes) assert_int_equal(len, lengths[other]);
        if (bytes) assert_memory_equal(bytes, model[other], len);
        assert_int_equal(store_count(store), count);
    }
    int64_t *tickets = malloc((count + 1) * sizeof *tickets);
    store_tickets(store, tickets);
    for (size_t i = 0; i < count; i++) assert_true(lengths[tickets[i] - 20261121010000001] != 0);
    free(tickets);
    store_free(&store);
    assert_null(store);
}

static void a_forgotten_request_is_for_the_database_to_answer(void **state) {
    (void)state;
    struct recent *recent = recent_new();
    recent_reset(recent, 1000);
    assert_true(recent_is_unsure(recent, 999));
    assert_false(recent_is_unsure(recent, 1001)); /* newer than anything routed before: it has no ticket */
    recent_put(recent, 999, 7);
    assert_false(recent_is_unsure(recent, 999));
    assert_int_equal(recent_get(recent, 999), 7);
    for (int64_t i = 1; i <= RECENT_MAX + 10; i++) recent_put(recent, 1000 + i, i);
    assert_int_equal(recent_get(recent, 1000 + RECENT_MAX + 10), RECENT_MAX + 10);
    assert_int_equal(recent_get(recent, 1001), 0); /* pushed out */
    assert_true(recent_is_unsure(recent, 1001));
    assert_false(recent_is_unsure(recent, 1000 + RECENT_MAX + 11));
    recent_free(&recent);
}

static void deadlines_come_out_in_order_and_once(void **state) {
    (void)state;
    struct timers *timers = timers_new();
    seed = 2;
    for (int64_t t = 1; t <= 20000; t++) timers_set(timers, t, 1, 1000 + draw(100000));
    for (int64_t t = 1; t <= 20000; t += 3) timers_set(timers, t, 2, 1000 + draw(100000)); /* moved */
    for (int64_t t = 2; t <= 20000; t += 5) timers_set(timers, t, 3, 0);                   /* disarmed */
    size_t armed = timers_count(timers), taken = 0;
    struct timer timer;
    time_ms last = 0;
    while (timers_take(timers, 50000, 0, &timer)) {
        assert_true(timer.at >= last && timer.at <= 50000);
        last = timer.at;
        taken++;
        timers_answered(timers, timer.ticket, timer.generation, timer.generation + 1, taken % 2 ? 0 : 200000);
    }
    assert_true(taken > 0);
    assert_int_equal(timers_waiting(timers), 0);
    assert_int_equal(timers_count(timers), armed - (taken + 1) / 2);
    assert_true(timers_first(timers) > 50000);
    timers_free(&timers);
}

static void a_deadline_without_answer_is_handed_out_again_until_answered(void **state) {
    (void)state;
    struct timers *timers = timers_new();
    struct timer timer;
    timers_set(timers, 5, 1, 100);
    assert_false(timers_take(timers, 99, 0, &timer)); /* never early */
    assert_true(timers_take(timers, 100, 0, &timer));
    assert_false(timers_take(timers, 100, 0, &timer));
    assert_false(timers_again(timers, 1999, 2000, &timer));
    assert_true(timers_again(timers, 2000, 2000, &timer));
    assert_int_equal(timer.ticket, 5);
    timers_set(timers, 5, 1, 100); /* the same news once more changes nothing */
    assert_int_equal(timers_waiting(timers), 1);
    timers_answered(timers, 5, 9, 10, 500); /* an answer to something else */
    assert_int_equal(timers_waiting(timers), 1);
    timers_postpone(timers, 5, 1, 150); /* the router's clock is behind */
    assert_int_equal(timers_waiting(timers), 0);
    assert_false(timers_take(timers, 149, 0, &timer));
    assert_true(timers_take(timers, 150, 0, &timer));
    timers_set(timers, 5, 2, 300); /* news overtakes the answer */
    assert_int_equal(timers_waiting(timers), 0);
    timers_answered(timers, 5, 1, 2, 300);
    assert_int_equal(timers_first(timers), 300);
    timers_set(timers, 5, 1, 0); /* old news */
    assert_int_equal(timers_count(timers), 1);
    timers_free(&timers);
}

static void no_more_than_the_bound_waits_for_answers(void **state) {
    (void)state;
    struct timers *timers = timers_new();
    struct timer timer;
    for (int64_t t = 1; t <= TIMERS_WAITING_MAX + 500; t++) timers_set(timers, t, 1, 1);
    size_t taken = 0;
    while (timers_take(timers, 10, 0, &timer)) taken++;
    assert_int_equal(taken, TIMERS_WAITING_MAX);
    timers_answered(timers, 1, 1, 0, 0);
    assert_true(timers_take(timers, 10, 0, &timer));
    timers_free(&timers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_store_equals_a_plain_table),
        cmocka_unit_test(a_forgotten_request_is_for_the_database_to_answer),
        cmocka_unit_test(deadlines_come_out_in_order_and_once),
        cmocka_unit_test(a_deadline_without_answer_is_handed_out_again_until_answered),
        cmocka_unit_test(no_more_than_the_bound_waits_for_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
