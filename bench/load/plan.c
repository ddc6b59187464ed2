/* See plan.h. */
#include "bench/load/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/number.h"
#include "proto/must.h"

enum { PATIENCE_MS = 30000, TURN_MS = 100 };

static void on_timer(void *context, int ready) {
    struct plan *p = context;
    uint64_t times;
    if (read(p->timer_fd, &times, sizeof times) < 0) return; /* another turn was earlier */
}

void plan_init(struct load *load, struct plan *p) {
    memset(p, 0, sizeof *p);
    p->rate = option_int(load, "rate", 0);
    p->count = option_int(load, "count", 1000);
    snprintf(p->prefix, sizeof p->prefix, "b%llx", (unsigned long long)clock_now());
    p->sent_ns = calloc((size_t)p->count, sizeof *p->sent_ns);
    must(p->sent_ns && p->count > 0);
    p->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    must(p->timer_fd >= 0);
    NEED(loop_fd_new(load->loop, p->timer_fd, on_timer, p, &p->timer), "timerfd");
    loop_fd_watch(p->timer, LOOP_READ);
}

void plan_done(struct plan *p) {
    loop_fd_free(&p->timer);
    close(p->timer_fd);
    free(p->sent_ns);
}

static int64_t meant_ns(const struct plan *p, int64_t request) {
    return p->start_ns + request * 1000000000 / p->rate;
}

static int64_t due(const struct plan *p, int64_t now) {
    if (!p->rate) return p->count;
    int64_t came = (int64_t)((double)(now - p->start_ns) * (double)p->rate / 1e9) + 1;
    return came < p->count ? came : p->count;
}

static void wake_at(struct plan *p, int64_t ns) {
    struct itimerspec when = {.it_value = {ns / 1000000000, ns % 1000000000}};
    must(timerfd_settime(p->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) == 0);
}

static void send_due(struct plan *p, plan_send *send, void *context) {
    for (int64_t now = clock_monotonic_ns(), end = due(p, now); p->next < end;) {
        int64_t sent = send(context, p->next, end - p->next);
        if (!sent) return; /* an answer will wake us */
        for (; sent; sent--, p->next++) p->sent_ns[p->next] = p->rate ? meant_ns(p, p->next) : now;
    }
    if (p->next < p->count) wake_at(p, meant_ns(p, p->next));
}

void plan_run(struct load *load, struct plan *p, plan_send *send, void *context) {
    int64_t answered = 0, progress = clock_monotonic_ms();
    p->start_ns = clock_monotonic_ns();
    while (p->answered < p->count) {
        send_due(p, send, context);
        loop_turn(load->loop, TURN_MS);
        if (p->answered > answered) answered = p->answered, progress = clock_monotonic_ms();
        if (clock_monotonic_ms() - progress > PATIENCE_MS)
            die("%lld of %lld were answered, then nothing", (long long)p->answered, (long long)p->count);
    }
}

void plan_answered(struct plan *p, int64_t request, bool accepted) {
    histogram_add(&p->answers, (clock_monotonic_ns() - p->sent_ns[request]) / 1000);
    p->answered++;
    p->accepted += accepted;
    p->refused += !accepted;
}

/* ---- afterwards ------------------------------------------------------------------------------------------------------------------- */

static void wait_for_all(struct load *load, struct plan *p, struct watch *watch) {
    int64_t count = watch_count(watch), progress = clock_monotonic_ms();
    while (watch_count(watch) < p->accepted) {
        loop_turn(load->loop, TURN_MS);
        if (watch_count(watch) > count) count = watch_count(watch), progress = clock_monotonic_ms();
        if (clock_monotonic_ms() - progress > PATIENCE_MS)
            die("%lld of %lld tickets reached their queue, then nothing", (long long)count, (long long)p->accepted);
    }
}

void plan_settle(struct load *load, struct plan *p, struct watch *watch, struct histogram *ret_queued) {
    histogram_clear(ret_queued);
    wait_for_all(load, p, watch);
    meter_read(&load->after, load->db);
    struct db_call *call = db_call_new();
    char from[48], to[48];
    snprintf(from, sizeof from, "%s-", p->prefix);
    snprintf(to, sizeof to, "%s.", p->prefix);
    db_set_string(call, 1, from);
    db_set_string(call, 2, to);
    struct db_result *rows = query(
        load,
        "SELECT substr(k.external_id, length($1::text) + 1)::int8, t.ticket FROM source s JOIN request_key k ON "
        "k.source = s.id "
        "JOIN ticket_request t ON t.request = k.request WHERE k.external_id >= $1::text AND k.external_id < $2::text",
        call);
    if (db_rows(rows) != p->accepted)
        die("%lld were accepted, and the database has %d with a ticket", (long long)p->accepted, db_rows(rows));
    for (int i = 0; i < db_rows(rows); i++) {
        int64_t request = db_get_int(rows, i, 0), seen = watch_ns_of(watch, db_get_int(rows, i, 1));
        if (!seen) die("a ticket was not seen in its queue");
        histogram_add(ret_queued, (seen - p->sent_ns[request]) / 1000);
    }
    db_result_free(&rows);
    db_call_free(&call);
}
