/* common/cores.h: a process goes to a core and back, others come along, and only those that are meant. */
#define _GNU_SOURCE
#include "common/cores.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
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

static void *wait_for_byte(void *fd) {
    char byte;
    (void)!read(*(int *)fd, &byte, 1);
    return NULL;
}

static void all_threads(const cpu_set_t *cores) {
    int seen = 0;
    DIR *threads = opendir("/proc/self/task");
    assert_non_null(threads);
    for (struct dirent *entry; (entry = readdir(threads));) {
        if (entry->d_name[0] == '.') continue;
        only_on(cores, atoi(entry->d_name));
        seen++;
    }
    closedir(threads);
    assert_int_equal(seen, 2);
}

static void together_and_back(void **unused) {
    pthread_t thread;
    int ends[2], first = 0;
    while (!CPU_ISSET(first, &all)) first++;
    if (CPU_COUNT(&all) < 2) skip();
    cpu_set_t one, another = all;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    CPU_CLR(first, &another);
    pid_t along = child_named("neighbour"), stranger = child_named("somebody"), late = child_named("neighbour");
    pid_t elsewhere = child_named("neighbour");
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_byte, &ends[0]), 0);
    assert_int_equal(sched_setaffinity(elsewhere, sizeof another, &another), 0);
    struct cores *cores = cores_new(first);
    char whose[CORES_ALONG_MAX + 1];
    assert_non_null(cores);
    cores_along(cores, &whose[0], along, "neighbour");
    cores_along(cores, &whose[1], stranger, "neighbour");
    cores_along(cores, &whose[1], -1, "neighbour");
    cores_along(cores, &whose[1], INT32_MAX, "neighbour");
    cores_along(cores, &whose[3], elsewhere, "neighbour");
    all_threads(&all); /* nothing has moved yet */
    only_on(&all, along);
    cores_gather(cores, true);
    cores_gather(cores, true);
    all_threads(&one);
    only_on(&one, along);
    only_on(&all, stranger);
    only_on(&another, elsewhere);                     /* it may not go there */
    cores_along(cores, &whose[2], late, "neighbour"); /* to where the others are */
    only_on(&one, late);
    cores_gather(cores, false);
    all_threads(&all);
    only_on(&all, along);
    only_on(&another, elsewhere);
    only_on(&all, late);
    cores_along(cores, &whose[2], 0, "neighbour"); /* its number may be somebody else's now */
    cores_gather(cores, true);
    only_on(&all, late);
    for (int i = 1; i < CORES_ALONG_MAX; i++) cores_along(cores, &whose[i], 0, "neighbour");
    cores_along(cores, &whose[CORES_ALONG_MAX], late, "neighbour"); /* there is no room for it */
    only_on(&all, late);
    cores_along(cores, &whose[2], late, "neighbour");
    only_on(&one, late);
    cores_free(&cores);
    assert_null(cores);
    all_threads(&all);
    only_on(&all, along);
    assert_int_equal(write(ends[1], "", 1), 1);
    pthread_join(thread, NULL);
    close(ends[0]);
    close(ends[1]);
    end(along), end(stranger), end(late), end(elsewhere);
}

static void nothing_to_choose(void **unused) {
    cpu_set_t one;
    assert_null(cores_new(-1));
    assert_null(cores_new(CPU_SETSIZE));
    int absent = 0;
    while (CPU_ISSET(absent, &all)) absent++;
    assert_null(cores_new(absent));
    keep_to_first(&one);
    for (int core = 0; core < absent; core++) assert_null(cores_new(core));
    sched_setaffinity(0, sizeof all, &all);
    struct cores *none = NULL;
    cores_free(&none);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(together_and_back), cmocka_unit_test(nothing_to_choose)};
    if (sched_getaffinity(0, sizeof all, &all) != 0) return 2;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
