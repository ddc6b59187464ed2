/* common/cores.h: another process goes where this one is kept, and only the one that is meant. */
#define _GNU_SOURCE
#include "common/cores.h"

#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static cpu_set_t all;

/* A process named so, which waits until it is killed. */
static pid_t child_named(const char *name) {
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_NAME, name);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)!write(ready[1], "", 1);
        for (;;) pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void end(pid_t pid) {
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void only_on(const cpu_set_t *cores, pid_t pid) {
    cpu_set_t found;
    assert_int_equal(sched_getaffinity(pid, sizeof found, &found), 0);
    assert_true(CPU_EQUAL(&found, cores));
}

static void keep_to_first(cpu_set_t *ret_one) {
    int first = 0;
    while (!CPU_ISSET(first, &all)) first++;
    CPU_ZERO(ret_one);
    CPU_SET(first, ret_one);
    assert_int_equal(sched_setaffinity(0, sizeof *ret_one, ret_one), 0);
}

static void another_comes_along(void **unused) {
    cpu_set_t one;
    pid_t pid = child_named("neighbour");
    keep_to_first(&one);
    cores_share(pid, "neighbour");
    only_on(&one, pid);
    sched_setaffinity(0, sizeof all, &all);
    end(pid);
}

static void who_is_not_meant_stays(void **unused) {
    cpu_set_t one;
    pid_t pid = child_named("somebody");
    keep_to_first(&one);
    cores_share(pid, "neighbour");
    cores_share(0, "neighbour");
    cores_share(-1, "neighbour");
    cores_share(INT32_MAX, "neighbour");
    only_on(&all, pid);
    sched_setaffinity(0, sizeof all, &all);
    cores_share(pid, "somebody"); /* this one may run anywhere: so may that one */
    only_on(&all, pid);
    end(pid);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(another_comes_along), cmocka_unit_test(who_is_not_meant_stays)};
    if (sched_getaffinity(0, sizeof all, &all) != 0) return 2;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
