/* What the machine gives at this moment, without any of our services: a flush of 8 kB to the disk, a page of memory touched for the first
 * time (on a virtual machine its host may have to find one), and time in which no core ran us although nothing else wanted it. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/load/load.h"
#include "common/clock.h"
#include "common/json_writer.h"
#include "proto/must.h"

enum {
    FLUSHES = 1000,
    FLUSH_BYTES = 8192,
    FILE_BYTES = 16 << 20,
    PAGE = 4096,
    PAGES = 65536,
    SPIN_MS = 2000,
    CORES_MAX = 64
};
#define GAP_NS 500000 /* longer than an interrupt */

static void measure_flushes(const char *folder, struct histogram *ret_us) {
    char path[300];
    static uint8_t block[FLUSH_BYTES] = {1};
    snprintf(path, sizeof path, "%s/flush.tmp", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) die("%s: %s", path, strerror(errno));
    for (off_t at = 0; at < FILE_BYTES; at += FLUSH_BYTES) must(pwrite(fd, block, sizeof block, at) == sizeof block);
    must(fsync(fd) == 0);
    for (int i = 0; i < FLUSHES; i++) {
        int64_t start = clock_monotonic_ns();
        must(pwrite(fd, block, sizeof block, (off_t)i * FLUSH_BYTES % FILE_BYTES) == sizeof block &&
             fdatasync(fd) == 0);
        histogram_add(ret_us, (clock_monotonic_ns() - start) / 1000);
    }
    close(fd);
    unlink(path);
}

static double measure_page_us(void) {
    size_t bytes = (size_t)PAGES * PAGE;
    volatile uint8_t *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(memory != MAP_FAILED);
    madvise((void *)memory, bytes, MADV_NOHUGEPAGE);
    int64_t start = clock_monotonic_ns();
    for (size_t at = 0; at < bytes; at += PAGE) memory[at] = 1;
    int64_t took = clock_monotonic_ns() - start;
    munmap((void *)memory, bytes);
    return (double)took / PAGES / 1000;
}

struct spin {
    pthread_t thread;
    int64_t lost_ns, longest_ns;
};

static void *spin(void *context) {
    struct spin *s = context;
    int64_t last = clock_monotonic_ns(), end = last + SPIN_MS * 1000000LL;
    while (last < end) {
        int64_t now = clock_monotonic_ns(), gap = now - last;
        last = now;
        if (gap < GAP_NS) continue;
        s->lost_ns += gap;
        if (gap > s->longest_ns) s->longest_ns = gap;
    }
    return NULL;
}

/* All cores at once, as under load; of the worst of them. */
static struct spin measure_lost(void) {
    static struct spin spins[CORES_MAX];
    struct spin worst = {0};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (cores > CORES_MAX) cores = CORES_MAX;
    for (long i = 0; i < cores; i++) must(pthread_create(&spins[i].thread, NULL, spin, &spins[i]) == 0);
    for (long i = 0; i < cores; i++) {
        pthread_join(spins[i].thread, NULL);
        if (spins[i].lost_ns > worst.lost_ns) worst.lost_ns = spins[i].lost_ns;
        if (spins[i].longest_ns > worst.longest_ns) worst.longest_ns = spins[i].longest_ns;
    }
    return worst;
}

void scenario_machine(struct load *load) {
    static struct histogram flushes;
    struct buffer line = {0};
    struct json_writer w;
    measure_flushes(load->run, &flushes);
    double page_us = measure_page_us();
    struct spin lost = measure_lost();
    result_open(load, &w, &line);
    put_latency(&w, "flush_us", &flushes);
    json_put_double(&w, "page_us", page_us);
    json_put_double(&w, "lost_percent", (double)lost.lost_ns / SPIN_MS / 10000);
    json_put_double(&w, "longest_ms", (double)lost.longest_ns / 1000000);
    result_close(&w, &line);
}
