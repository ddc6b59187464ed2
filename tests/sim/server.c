/* See server.h. A job has two instants: it begins (sequences, its transaction number, the shard's lock) and it ends (everything is
 * applied at once, or nothing). Between them others run, clients give up, backends are ended. */
#include "tests/sim/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/must.h"

struct backend {
    struct backend *next;
    uint32_t number, client;
    struct proc *proc;
    uint32_t life;
    bool gone;       /* its client is not there any more */
    bool terminated; /* ends when it next looks */
    int64_t stuck_until_us;
    struct job *first, **end; /* waiting; the first one may be running */
    bool running;
    uint32_t jobs_begun;
    int64_t last_arrival_us, last_answer_us;
};

static struct backend *backends;
static uint32_t backend_number;
static int64_t away_until_us;
static bool disk_is_full;

void job_free(struct job *job) {
    for (int i = 0; i < job->call_count; i++) {
        call_free(job->calls[i]);
        if (job->results) result_free(job->results[i]);
    }
    free(job->calls);
    free(job->results);
    free(job->transaction.numbers);
    free(job);
}

static struct backend *backend_by_number(uint32_t number) {
    struct backend *backend = backends;
    while (backend && backend->number != number) backend = backend->next;
    return backend;
}

bool server_is_up(void) {
    return sim.now_us >= away_until_us;
}

bool server_is_alive(uint32_t number) {
    return backend_by_number(number) != NULL;
}

int64_t server_oldest_xid(void) {
    int64_t oldest = disk.xid;
    for (const struct backend *b = backends; b; b = b->next)
        if (b->running && b->first->begun && b->first->transaction.xid && b->first->transaction.xid < oldest)
            oldest = b->first->transaction.xid;
    return oldest;
}

static bool locks_shard(const struct job *job) {
    for (int i = 0; i < job->call_count; i++) {
        const char *name = job->calls[i]->statement->name;
        if (!strcmp(name, "router_advance") || !strcmp(name, "router_keep") || !strcmp(name, "shard_take")) return true;
    }
    return false;
}

bool server_shard_is_locked(uint32_t except) {
    for (const struct backend *b = backends; b; b = b->next)
        if (b->number != except && b->running && b->first->begun && locks_shard(b->first)) return true;
    return false;
}

/* ---- the end of a backend -------------------------------------------------------------------------------------------------- */

static void tell_lost(void *context, uint64_t arg, bool live) {
    (void)context;
    if (live) fake_db_lost((uint32_t)(arg >> 32), (uint32_t)arg);
}

static void backend_end(struct backend *backend) {
    for (struct job *job = backend->first, *next; job; job = next) {
        next = job->next;
        job_free(job);
    }
    struct backend **at = &backends;
    while (*at != backend) at = &(*at)->next;
    *at = backend->next;
    if (!backend->gone && backend->proc->alive && backend->proc->life == backend->life)
        event_in(backend->proc, between(50, 500), tell_lost, NULL, (uint64_t)backend->client << 32 | backend->number);
    free(backend);
}

/* ---- jobs ------------------------------------------------------------------------------------------------------------------- */

static void begin_next(struct backend *backend);

static void refuse(struct job *job, int call, const char *sqlstate, const char *message) {
    job->err = ERR_REFUSED;
    job->failed_call = call;
    snprintf(job->sqlstate, sizeof job->sqlstate, "%s", sqlstate);
    snprintf(job->message, sizeof job->message, "%s: %.100s", sqlstate, message);
}

/* What a server may say to a transaction that is in order. NULL: nothing. */
static const char *trouble(const struct job *job) {
    if (disk_is_full && job->kind != DB_READ) {
        fault_happens(FAULT_DB_FULL, "%s", job->calls[0]->statement->name);
        return "53100";
    }
    if (job->kind == DB_READ || !chance(sim.db_trouble)) return NULL;
    fault_happens(FAULT_DB_REFUSED, "%s", job->calls[0]->statement->name);
    static const char *const states[] = {"40001", "40P01", "57014", "55P03"};
    return states[below(4)];
}

static void run_job(struct backend *backend, struct job *job) {
    struct transaction *t = &job->transaction;
    t->backend = backend->number;
    t->oldest_xid = server_oldest_xid();
    t->shard_before = disk.shard;
    t->events_before = disk.events.count;
    job->results = calloc((size_t)job->call_count, sizeof *job->results);
    must(job->results);
    job->failed_call = -1;
    const char *sqlstate = trouble(job);
    if (sqlstate) refuse(job, -1, sqlstate, "by the weather");
    for (int i = 0; i < job->call_count && !sqlstate; i++) {
        job->results[i] = result_new();
        sqlstate = disk_apply(t, job->calls[i], job->results[i]);
        if (sqlstate) refuse(job, i, sqlstate, t->message);
    }
    if (sqlstate) {
        disk_roll_back(t);
    } else {
        disk_commit(t);
    }
    if (sim.tracing && job->kind != DB_READ)
        trace("db %u: %s of %d, %s", backend->number, job->calls[0]->statement->name, job->call_count,
              job->err ? job->message : "committed");
}

static void deliver(void *context, uint64_t arg, bool live) {
    struct job *job = context;
    if (live)
        fake_db_reply((uint32_t)arg, job->backend, job);
    else
        job_free(job);
}

/* arg: the backend, and which of its jobs */
static void end_job(void *context, uint64_t arg, bool live) {
    (void)context;
    struct backend *backend = backend_by_number((uint32_t)arg);
    if (!live || !backend || !backend->running || backend->jobs_begun != arg >> 32) return;
    if (sim.now_us < backend->stuck_until_us) { /* stopped meanwhile */
        event_at(NULL, backend->stuck_until_us, end_job, NULL, arg);
        return;
    }
    struct job *job = backend->first;
    if (backend->terminated && !(job->kind != DB_READ && chance(300000))) { /* some are past the point of no return */
        backend_end(backend);
        return;
    }
    run_job(backend, job);
    backend->first = job->next;
    if (!backend->first) backend->end = &backend->first;
    backend->running = false;
    if (backend->gone || job->lose_answer || backend->terminated) {
        if (job->kind != DB_READ && backend->gone) fault_happens(FAULT_DB_LATE, "%s", job->calls[0]->statement->name);
        if (job->lose_answer) fault_happens(FAULT_DB_LOST_AFTER, "%s", job->calls[0]->statement->name);
        bool ends = job->lose_answer || backend->terminated;
        job_free(job);
        if (ends) {
            backend_end(backend);
            return;
        }
    } else {
        int64_t at = sim.now_us + between(30, 300);
        if (at <= backend->last_answer_us) at = backend->last_answer_us + 1;
        backend->last_answer_us = at;
        event_at(backend->proc, at, deliver, job, backend->client);
    }
    begin_next(backend);
}

static int64_t time_of(const struct job *job) {
    int64_t us = job->kind == DB_READ ? between(60, 900) : between(400, 4000);
    if (chance(sim.db_slow * 8) && strcmp(job->calls[0]->statement->name, "shard_head") == 0) {
        us += between(300000, 4000000); /* long enough for somebody else to take the shard */
        fault_happens(FAULT_DB_SLOW, "shard_head");
    }
    if (chance(sim.db_slow)) {
        us += between(20000, 900000);
        fault_happens(FAULT_DB_SLOW, "%s", job->calls[0]->statement->name);
    }
    return us;
}

static bool same_key(const struct job *a, const struct job *b) {
    for (int i = 0; i < a->call_count; i++)
        for (int k = 0; k < b->call_count; k++)
            if (disk_same_key(a->calls[i], b->calls[k])) return true;
    return false;
}

/* Whether some other transaction that is not at its end yet inserts a key that this one inserts too. */
static bool waits_for_key(const struct backend *backend) {
    for (const struct backend *b = backends; b; b = b->next)
        if (b != backend && b->running && b->first->begun && same_key(backend->first, b->first)) return true;
    return false;
}

static void begin_job(void *context, uint64_t number, bool live) {
    (void)context;
    struct backend *backend = backend_by_number((uint32_t)number);
    if (!live || !backend || !backend->running || backend->first->begun) return;
    struct job *job = backend->first;
    if ((locks_shard(job) && server_shard_is_locked(backend->number)) || waits_for_key(backend)) { /* for the row */
        event_in(NULL, 10000, begin_job, NULL, number);
        return;
    }
    job->begun = true;
    backend->jobs_begun++;
    if (job->kind != DB_READ) job->transaction.xid = disk.xid++;
    for (int i = 0; i < job->call_count; i++) disk_begin(&job->transaction, job->calls[i]);
    int64_t us = time_of(job);
    if (job->kind != DB_READ && chance(sim.db_trouble / 8)) { /* the backend or its disk stops for a while */
        backend->stuck_until_us = sim.now_us + between(500000, 40000000);
        trace("db %u: stuck for %.1f s in %s", backend->number, (double)(backend->stuck_until_us - sim.now_us) / 1e6,
              job->calls[0]->statement->name);
    }
    event_in(NULL, us, end_job, NULL, (uint64_t)backend->jobs_begun << 32 | number);
}

static void begin_next(struct backend *backend) {
    if (backend->running) return;
    if (!backend->first) {
        if (backend->gone || backend->terminated) backend_end(backend);
        return;
    }
    backend->running = true;
    begin_job(NULL, backend->number, true);
}

static void job_arrives(void *context, uint64_t arg, bool live) {
    (void)arg;
    struct job *job = context;
    struct backend *backend = backend_by_number(job->backend);
    if (!live || !backend || backend->terminated) {
        job_free(job);
        return;
    }
    if (job->kind != DB_READ && chance(sim.db_trouble)) {
        if (chance(500000)) {
            fault_happens(FAULT_DB_LOST_BEFORE, "%s", job->calls[0]->statement->name);
            job_free(job);
            backend_end(backend);
            return;
        }
        job->lose_answer = true;
    }
    job->next = NULL;
    *backend->end = job;
    backend->end = &job->next;
    begin_next(backend);
}

void server_send(uint32_t number, struct job *job) {
    job->backend = number;
    struct backend *backend = backend_by_number(number);
    int64_t at = sim.now_us + between(30, 200);
    if (backend && at <= backend->last_arrival_us) at = backend->last_arrival_us + 1;
    if (backend) backend->last_arrival_us = at;
    event_at(NULL, at, job_arrives, job, 0); /* what is in the socket arrives though its sender dies */
}

/* ---- connections ------------------------------------------------------------------------------------------------------------- */

uint32_t server_connect(struct proc *proc, uint32_t client) {
    if (!server_is_up()) return 0;
    struct backend *backend = calloc(1, sizeof *backend);
    must(backend);
    *backend = (struct backend){
        .next = backends, .number = ++backend_number, .client = client, .proc = proc, .life = proc->life};
    backend->end = &backend->first;
    backends = backend;
    return backend->number;
}

void server_hang_up(uint32_t number) {
    struct backend *backend = backend_by_number(number);
    if (!backend) return;
    backend->gone = true;
    begin_next(backend); /* an idle one sees it at once, a busy one when it has done what was sent */
}

void server_terminate(uint32_t number) {
    struct backend *backend = backend_by_number(number);
    if (!backend) return;
    if (sim.db_trouble && chance(700000)) { /* pg_terminate_backend gave up waiting: only the fence is left */
        fault_happens(FAULT_DB_SPARED, "of %s", backend->proc->name);
        return;
    }
    backend->terminated = true;
    if (sim.now_us < backend->stuck_until_us || (backend->running && chance(200000))) return; /* it does not look now */
    backend_end(backend);
}

void server_restart(int64_t away_us) {
    fault_happens(FAULT_DB_RESTART, "away %.1f s", (double)away_us / 1e6);
    away_until_us = sim.now_us + away_us;
    while (backends) {
        struct backend *backend = backends;
        backend->stuck_until_us = 0;
        if (backend->running && backend->first->begun && chance(400000)) { /* its commit record was on disk */
            struct job *job = backend->first;
            run_job(backend, job);
        }
        backend_end(backend);
    }
}

void server_fill_disk(bool full) {
    disk_is_full = full;
}

void server_done(void) {
    while (backends) backend_end(backends);
    away_until_us = 0;
    disk_is_full = false;
}

void server_heal(void) {
    for (struct backend *b = backends; b; b = b->next) {
        if (sim.now_us < b->stuck_until_us && b->running && b->first->begun)
            event_in(NULL, 0, end_job, NULL, (uint64_t)b->jobs_begun << 32 | b->number);
        b->stuck_until_us = 0;
    }
    disk_is_full = false;
}
