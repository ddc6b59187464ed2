/* services/kit/quiet.h: when a service goes to its quiet core and when it leaves it. */
#define _GNU_SOURCE
#include "services/kit/quiet.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/clock.h"

enum { ABOVE = 1000, BELOW = 500, DEADLINE_MS = 10000, LOOKS_OF_A_SECOND = 5 };

static cpu_set_t all;
static int first;
static int64_t load_now;
static int looks;

static int64_t load(void *context, int64_t elapsed_ms) {
    assert_ptr_equal(context, &load_now);
    assert_true(elapsed_ms > 0);
    looks++;
    return load_now;
}

static int cores_now(void) {
    cpu_set_t found;
    assert_int_equal(sched_getaffinity(0, sizeof found, &found), 0);
    return CPU_COUNT(&found);
}

/* Turns the loop until this process runs on so many cores; the looks it took. */
static int looks_until(struct loop *loop, int cores) {
    int64_t deadline = clock_monotonic_ms() + DEADLINE_MS;
    looks = 0;
    while (cores_now() != cores) {
        assert_true(clock_monotonic_ms() < deadline);
        loop_turn(loop, 50);
    }
    return looks;
}

static void wait_looks(struct loop *loop, int count) {
    int64_t deadline = clock_monotonic_ms() + DEADLINE_MS;
    for (looks = 0; looks < count; loop_turn(loop, 50)) assert_true(clock_monotonic_ms() < deadline);
}

static struct quiet *quiet_at(struct loop *loop, int core) {
    return quiet_new(
        loop, &(struct quiet_options){
                  .core = core, .leave_above = ABOVE, .return_below = BELOW, .load = load, .context = &load_now});
}

static void goes_when_quiet_and_leaves_when_busy(void **unused) {
    if (CPU_COUNT(&all) < 2) skip();
    struct loop *loop = loop_new();
    struct quiet *quiet = quiet_at(loop, first);
    assert_non_null(quiet);
    load_now = BELOW - 1;
    assert_in_range(looks_until(loop, 1), 1, LOOKS_OF_A_SECOND + 1);
    load_now = ABOVE; /* not more than that */
    wait_looks(loop, LOOKS_OF_A_SECOND + 1);
    assert_int_equal(cores_now(), 1);
    load_now = ABOVE + 1;
    assert_int_equal(looks_until(loop, CPU_COUNT(&all)), 1);
    load_now = BELOW; /* not below it */
    wait_looks(loop, 2 * LOOKS_OF_A_SECOND);
    assert_int_equal(cores_now(), CPU_COUNT(&all));
    load_now = 0;
    looks_until(loop, 1);
    load_now = QUIET_NEVER;
    assert_int_equal(looks_until(loop, CPU_COUNT(&all)), 1);
    load_now = 0;
    looks_until(loop, 1);
    quiet_free(&quiet);
    assert_null(quiet);
    assert_int_equal(cores_now(), CPU_COUNT(&all));
    loop_free(&loop);
}

static void none_is_none(void **unused) {
    struct loop *loop = loop_new();
    struct quiet *quiet = quiet_at(loop, -1);
    assert_null(quiet);
    quiet_connection(quiet, NULL, true);
    quiet_free(&quiet);
    loop_free(&loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(goes_when_quiet_and_leaves_when_busy),
                                       cmocka_unit_test(none_is_none)};
    if (sched_getaffinity(0, sizeof all, &all) != 0) return 2;
    while (!CPU_ISSET(first, &all)) first++;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
