/* The loop: timers, descriptors, hooks that keep it awake, threads. */
#include "common/loop.h"
#include "common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct story {
    struct loop *loop;
    struct loop_timer *timer;
    struct loop_fd *watcher;
    struct loop_hook *hook;
    int count, limit, pipe[2];
};

static int begin(void **state) {
    struct story *story = calloc(1, sizeof *story);
    story->loop = loop_new();
    *state = story;
    return story->loop ? 0 : -1;
}

static int end(void **state) {
    struct story *story = *state;
    loop_free(&story->loop);
    assert_null(story->loop);
    free(story);
    return 0;
}

static void count_and_free_at_limit(void *context) {
    struct story *story = context;
    if (++story->count == story->limit) loop_timer_free(&story->timer);
}

static void a_repeating_timer_may_free_itself(void **state) {
    struct story *story = *state;
    story->limit = 3;
    story->timer = loop_timer_new(story->loop, count_and_free_at_limit, story);
    assert_false(loop_timer_is_armed(story->timer));
    int64_t start = clock_monotonic_ms();
    loop_timer_start(story->timer, 5, 10);
    assert_true(loop_timer_is_armed(story->timer));
    loop_run(story->loop); /* ends by itself: nothing is left */
    assert_int_equal(story->count, 3);
    assert_null(story->timer);
    assert_true(clock_monotonic_ms() - start >= 23);
}

static void a_delay_counts_from_now_not_from_the_start_of_the_turn(void **state) {
    struct story *story = *state;
    story->limit = 1;
    story->timer = loop_timer_new(story->loop, count_and_free_at_limit, story);
    loop_turn(story->loop, 0);
    usleep(30000);
    int64_t start = clock_monotonic_ms();
    loop_timer_start(story->timer, 20, 0);
    loop_run(story->loop);
    assert_true(clock_monotonic_ms() - start >= 19);
}

static void read_one(void *context, int ready) {
    struct story *story = context;
    char byte;
    assert_true(ready & LOOP_READ);
    if (read(story->pipe[0], &byte, 1) == 1)
        story->count++;
    else
        loop_fd_free(&story->watcher);
}

static void a_descriptor_is_level_triggered_and_tells_hang_up(void **state) {
    struct story *story = *state;
    assert_int_equal(pipe(story->pipe), 0);
    assert_int_equal(loop_fd_new(story->loop, story->pipe[0], read_one, story, &story->watcher), ERR_NONE);
    loop_fd_watch(story->watcher, LOOP_READ);
    assert_int_equal(write(story->pipe[1], "abc", 3), 3);
    close(story->pipe[1]);
    loop_run(story->loop);
    assert_int_equal(story->count, 3);
    assert_null(story->watcher);
    close(story->pipe[0]);
}

static void a_plain_file_cannot_be_watched(void **state) {
    struct story *story = *state;
    char path[] = "/tmp/paidan-test-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(loop_fd_new(story->loop, fd, read_one, story, &story->watcher), ERR_INVALID);
    assert_null(story->watcher);
    close(fd);
    unlink(path);
}

static bool work_until_limit(void *context) {
    struct story *story = context;
    story->count++;
    if (story->count == story->limit) loop_hook_free(&story->hook);
    return story->count < story->limit;
}

static void a_hook_with_more_to_do_keeps_the_loop_awake(void **state) {
    struct story *story = *state;
    story->limit = 100;
    story->hook = loop_hook_new(story->loop, LOOP_BEFORE_WAIT, work_until_limit, story);
    int64_t start = clock_monotonic_ms();
    for (int i = 0; i < 100 && story->hook; i++) loop_turn(story->loop, 20);
    assert_int_equal(story->count, 100);
    assert_true(clock_monotonic_ms() - start < 500);
}

static bool stays_awake_once(void *context) {
    struct story *story = context;
    if (story->count++ == 0) loop_stay_awake(story->loop);
    return false;
}

static void stay_awake_saves_exactly_one_sleep(void **state) {
    struct story *story = *state;
    story->hook = loop_hook_new(story->loop, LOOP_BEFORE_WAIT, stays_awake_once, story);
    int64_t start = clock_monotonic_ms();
    loop_turn(story->loop, 40);
    assert_in_range(clock_monotonic_ms() - start, 0, 30);
    loop_turn(story->loop, 40);
    assert_in_range(clock_monotonic_ms() - start, 39, 5000);
    loop_hook_free(&story->hook);
}

static void count_in_a_thread(void *context) {
    __atomic_add_fetch(&((struct story *)context)->limit, 1, __ATOMIC_SEQ_CST);
}

static void count_when_done(void *context) {
    ((struct story *)context)->count++;
}

static void work_is_bounded_and_comes_back_to_the_loop(void **state) {
    struct story *story = *state;
    for (int i = 0; i < LOOP_WORK_MAX; i++)
        assert_int_equal(loop_work(story->loop, count_in_a_thread, count_when_done, story), ERR_NONE);
    assert_int_equal(loop_work(story->loop, count_in_a_thread, count_when_done, story), ERR_FULL);
    assert_int_equal(loop_work_count(story->loop), LOOP_WORK_MAX);
    assert_int_equal(story->count, 0);
    loop_run(story->loop);
    assert_int_equal(story->count, LOOP_WORK_MAX);
    assert_int_equal(story->limit, LOOP_WORK_MAX);
}

static void stop_on_signal(void *context, int number) {
    struct story *story = context;
    story->count = number;
    loop_stop(story->loop);
}

static void a_signal_arrives_in_the_loop(void **state) {
    struct story *story = *state;
    struct loop_signal *watch = loop_signal_new(story->loop, SIGUSR1, stop_on_signal, story);
    raise(SIGUSR1);
    assert_int_equal(story->count, 0);
    loop_turn(story->loop, 1000);
    assert_int_equal(story->count, SIGUSR1);
    loop_signal_free(&watch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_repeating_timer_may_free_itself, begin, end),
        cmocka_unit_test_setup_teardown(a_delay_counts_from_now_not_from_the_start_of_the_turn, begin, end),
        cmocka_unit_test_setup_teardown(a_descriptor_is_level_triggered_and_tells_hang_up, begin, end),
        cmocka_unit_test_setup_teardown(a_plain_file_cannot_be_watched, begin, end),
        cmocka_unit_test_setup_teardown(a_hook_with_more_to_do_keeps_the_loop_awake, begin, end),
        cmocka_unit_test_setup_teardown(stay_awake_saves_exactly_one_sleep, begin, end),
        cmocka_unit_test_setup_teardown(work_is_bounded_and_comes_back_to_the_loop, begin, end),
        cmocka_unit_test_setup_teardown(a_signal_arrives_in_the_loop, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
