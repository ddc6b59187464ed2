/* Who may begin how many attempts at webhook endpoints (slots.c): one that only refuses rests, nobody else waits for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "services/notification/notification.h"

static const struct db_statement ASK = {"ask", "SELECT"};
static struct endpoint endpoints[2];
static struct notification house = {.endpoints = endpoints, .endpoint_count = 2};
static struct db_group *group;

static bool anybody_may_begin(void) {
    db_group_begin(group, DB_READ);
    return slots_give(&house, db_group_add(group, &ASK));
}

static int begin(void **state) {
    (void)state;
    notification_config.per_endpoint = 4;
    endpoints[0] = (struct endpoint){.id = 1};
    endpoints[1] = (struct endpoint){.id = 2, .paused = true};
    group = db_group_new();
    return 0;
}

static int end(void **state) {
    (void)state;
    db_group_free(&group);
    return 0;
}

static void a_few_refusals_are_tried_again_at_once(void **state) {
    (void)state;
    for (int i = 0; i < 11; i++) slots_attempted(&endpoints[0], false);
    assert_true(anybody_may_begin());
}

static void who_only_refuses_rests(void **state) {
    (void)state;
    for (int i = 0; i < 40; i++) slots_attempted(&endpoints[0], false);
    assert_false(anybody_may_begin());
    endpoints[1].paused = false; /* nobody else waits for it */
    assert_true(anybody_may_begin());
}

static void one_success_ends_the_rest(void **state) {
    (void)state;
    for (int i = 0; i < 40; i++) slots_attempted(&endpoints[0], false);
    slots_attempted(&endpoints[0], true);
    assert_true(anybody_may_begin());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_few_refusals_are_tried_again_at_once, begin, end),
        cmocka_unit_test_setup_teardown(who_only_refuses_rests, begin, end),
        cmocka_unit_test_setup_teardown(one_success_ends_the_rest, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
