/* See accept.h. */
#include "services/intake/accept.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/failpoint.h"
#include "common/log.h"
#include "common/metrics.h"
#include "proto/must.h"
#include "services/intake/accept_rows.h"
#include "services/intake/files.h"
#include "services/kit/sealed.h"

METRIC_COUNTER(rows_total, "paidan_intake_rows_total", "Requests that reached the database, by outcome.", "outcome",
               "new", "repeat", "conflict", "bad", "busy", "unknown");
METRIC_HISTOGRAM(commit_seconds, "paidan_intake_commit_seconds", "From sending a group to its commit.", METRIC_LATENCY);
METRIC_HISTOGRAM(group_rows, "paidan_intake_group_rows", "Rows in a group.", 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000);
METRIC_GAUGE(waiting_gauge, "paidan_intake_waiting", "Requests waiting for their commit.");

/* A second group beside one under way only when it is large: a small one gains nothing by going now, as it costs PostgreSQL nearly as
 * much as a large one and the first will be back in a millisecond. */
enum { GROUPS = 2, SECOND_ROWS_MIN = 100, GROUP_ROWS_MAX = 500, TIMEOUT_MS = 5000, INDEX = 2048 };

/* Who was just answered, and waits for each answer before asking again, asks again in a moment: after a group of some rows the next one
 * waits for as many as are then expected, but not for longer than GATHER_MS. A few rows are not worth the wait. */
enum { GATHER_ROWS_MIN = 8, GATHER_MS = 2 };

/* After a key that was there already, so many groups are sent as if it were so again. */
enum { CAREFUL_GROUPS = 100 };

static const struct db_statement PARK = {"intake_park",
                                         "INSERT INTO parked (at, service, sqlstate, what, number, body) "
                                         "VALUES ($1::int8, 'intake', $2::text, 'request', 0, $3::bytea)"};

struct waiting {
    struct waiting *next;
    struct waiting *same; /* others in the group with the same key: answered from this one's row */
    const struct said *said;
    int64_t row; /* what its sealed fields are bound to: a hash of its key */
    accept_done *done;
    void *context;
};

struct group {
    struct accept *accept;
    struct db_group *db;
    struct waiting *rows[GROUP_ROWS_MAX];
    uint32_t count, each;     /* rows, and in a call */
    bool under_way, new_keys; /* sent in the hope that each key is new */
    int64_t sent_ns;
    time_ms received_at;
};

struct accept {
    struct db_pool *pool;
    const struct crypto_keys *keys;
    struct loop_hook *hook;
    struct waiting *first, **end;
    size_t count;      /* waiting and under way */
    size_t line_count; /* of these, waiting */
    int groups_under_way;
    struct loop_timer *gather; /* runs while more are waited for */
    size_t gather_rows;
    size_t max;
    uint32_t rows_max; /* falls to 1 while a culprit is searched */
    int careful;       /* so many groups go without that hope */
    int careful_groups;
    bool (*hold)(const void *context);
    const void *hold_context;
    accept_stored *stored;
    void *stored_context;
    struct accept_sent sent;
    struct group groups[GROUPS];
    struct db_group *park;
};

/* ---- answering ------------------------------------------------------------------------------------------------------------------ */

static void answer(struct accept *a, struct waiting *w, const struct accept_answer *answer) {
    metric_add(&rows_total, answer->outcome, 1);
    w->done(w->context, w->said, answer);
    a->count--;
    free(w);
}

/* The row, and those that waited for the same key: equal content is a repeat, other content a conflict. */
static void answer_with_same(struct accept *a, struct waiting *w, const struct accept_answer *first) {
    struct waiting *same = w->same;
    const struct said *leading = w->said;
    bool stored = first->outcome == ACCEPT_NEW;
    while (same) {
        struct waiting *next = same->same;
        struct accept_answer its = *first;
        if (stored)
            its.outcome =
                memcmp(same->said->content, leading->content, CRYPTO_HASH_BYTES) == 0 ? ACCEPT_REPEAT : ACCEPT_CONFLICT;
        answer(a, same, &its);
        same = next;
    }
    answer(a, w, first);
}

static void push_front(struct accept *a, struct waiting *w) {
    w->next = a->first;
    a->first = w;
    a->line_count++;
    if (!w->next) a->end = &w->next;
}

/* Back into the line, each on its own again, in the order they came: the first of equal keys decides. */
static void try_again(struct accept *a, struct waiting *w) {
    struct waiting *last = NULL;
    while (w) {
        struct waiting *same = w->same;
        w->same = last;
        last = w;
        w = same;
    }
    while (last) {
        struct waiting *before = last->same;
        last->same = NULL;
        push_front(a, last);
        last = before;
    }
}

static void take_row(struct group *g, const struct db_result *rows, int i) {
    int64_t no = db_get_int(rows, i, 0) - 1;
    must(no >= 0 && no < g->count);
    struct waiting *w = g->rows[no];
    struct accept_answer its = {.number = db_get_int(rows, i, 1), .received_at = g->received_at};
    if (db_is_null(rows, i, 1)) {
        try_again(g->accept, w);
        return;
    }
    if (!db_get_bool(rows, i, 2)) {
        g->accept->careful = g->accept->careful_groups;
        size_t len;
        const uint8_t *content = db_get_bytes(rows, i, 3, &len);
        bool same = len == CRYPTO_HASH_BYTES && memcmp(content, w->said->content, len) == 0;
        its.outcome = same ? ACCEPT_REPEAT : ACCEPT_CONFLICT;
        its.received_at = db_get_int(rows, i, 4);
        /* the others with this key are compared with what is stored, not with this one: one at a time */
        struct waiting *others = w->same;
        w->same = NULL;
        if (others) try_again(g->accept, others);
    }
    answer_with_same(g->accept, w, &its);
}

static void tell_stored(const struct group *g, uint32_t row, int64_t number) {
    struct accept *a = g->accept;
    must(row < g->count);
    if (a->stored) a->stored(a->stored_context, g->rows[row]->said, number, g->received_at);
}

/* Here and below: whoever goes on with them is told first, of all at once, as answering takes a while. Some may have been there already. */
static void take_rows(struct group *g, const struct db_result *rows) {
    for (int i = 0; i < (int)g->count; i++)
        if (db_get_bool(rows, i, 2)) tell_stored(g, (uint32_t)(db_get_int(rows, i, 0) - 1), db_get_int(rows, i, 1));
    for (int i = 0; i < (int)g->count; i++) take_row(g, rows, i);
}

static int64_t number_of(const struct group *g, const struct db_reply *reply, uint32_t row) {
    return db_get_int(reply->results[row / g->each], (int)(row % g->each), 0);
}

/* All are new. The numbers were handed to the rows in rising order: that they rise here is that the rows come back
 * in theirs. After 999,999,999 they begin anew: then this process ends here, behind the commit, and who asked asks again. */
static void take_new_rows(struct group *g, const struct db_reply *reply) {
    for (uint32_t i = 0; i < g->count; i++) {
        must(i == 0 || number_of(g, reply, i) > number_of(g, reply, i - 1));
        tell_stored(g, i, number_of(g, reply, i));
    }
    for (uint32_t i = 0; i < g->count; i++) {
        const struct accept_answer its = {ACCEPT_NEW, number_of(g, reply, i), g->received_at};
        answer_with_same(g->accept, g->rows[i], &its);
    }
}

static void again(struct group *g) {
    for (uint32_t i = g->count; i-- > 0;) try_again(g->accept, g->rows[i]);
}

static void on_parked(void *context, const struct db_reply *reply) {
    (void)context;
    if (reply->err != ERR_NONE) log_error("not_parked", LOG_ERR(reply->err));
}

/* PostgreSQL refused the group for its data: find the one row, put it away where it is seen. */
static void on_bad(struct group *g, const struct db_reply *reply) {
    struct accept *a = g->accept;
    if (g->count > 1) {
        a->rows_max = g->count / 2;
        again(g);
        return;
    }
    struct waiting *w = g->rows[0];
    log_error("request_parked", LOG_TEXT("sqlstate", reply->sqlstate), LOG_INT("source", w->said->source));
    if (!db_group_under_way(a->park)) {
        db_group_begin(a->park, DB_WRITE);
        struct db_call *call = db_group_add(a->park, &PARK);
        db_set_int8(call, 1, clock_now());
        db_set_string(call, 2, reply->sqlstate);
        db_set_bytes(call, 3, w->said->external_id.at, w->said->external_id.len);
        db_pool_send(a->pool, a->park, TIMEOUT_MS, on_parked, a);
    }
    const struct accept_answer bad = {.outcome = ACCEPT_BAD};
    answer_with_same(a, w, &bad);
}

static void gather_begin(struct accept *a, size_t answered) {
    a->gather_rows = a->line_count + answered;
    loop_timer_start(a->gather, GATHER_MS, 0);
}

static void gather_end(void *context) {
    struct accept *a = context;
    a->gather_rows = 0; /* the hook comes right after */
}

static void on_done(void *context, const struct db_reply *reply) {
    struct group *g = context;
    struct accept *a = g->accept;
    failpoint("intake.after_commit");
    g->under_way = false;
    a->groups_under_way--;
    uint32_t answered = reply->err == ERR_NONE ? g->count : 0;
    metric_observe(&commit_seconds, (double)(clock_monotonic_ns() - g->sent_ns) / 1e9);
    if (reply->err == ERR_NONE) {
        must(db_rows(reply->results[0]) == (int)g->each);
        if (g->new_keys)
            take_new_rows(g, reply);
        else
            take_rows(g, reply->results[0]);
        if (a->rows_max < GROUP_ROWS_MAX)
            a->rows_max = a->rows_max * 2 < GROUP_ROWS_MAX ? a->rows_max * 2 : GROUP_ROWS_MAX;
    } else if (reply->err == ERR_REFUSED && g->new_keys && db_is_duplicate(reply)) {
        a->careful = a->careful_groups;
        again(g);
    } else if (reply->err == ERR_REFUSED && db_is_bad_input(reply)) {
        on_bad(g, reply);
    } else if (reply->err == ERR_REFUSED && db_is_retryable(reply)) {
        again(g);
    } else {
        if (reply->err == ERR_REFUSED)
            log_error("accept_refused", LOG_TEXT("sqlstate", reply->sqlstate), LOG_TEXT("why", reply->message));
        bool unsent = reply->err == ERR_CLOSED || reply->err == ERR_FULL || reply->err == ERR_REFUSED;
        const struct accept_answer none = {.outcome = unsent ? ACCEPT_BUSY : ACCEPT_UNKNOWN};
        for (uint32_t i = 0; i < g->count; i++) answer_with_same(a, g->rows[i], &none);
    }
    g->count = 0;
    if (answered >= GATHER_ROWS_MIN) gather_begin(a, answered);
    metric_set(&waiting_gauge, 0, (double)a->count);
}

/* ---- sending ---------------------------------------------------------------------------------------------------------------------- */

static bool same_key(const struct said *a, const struct said *b) {
    return a->source == b->source && a->external_id.len == b->external_id.len &&
           memcmp(a->external_id.at, b->external_id.at, a->external_id.len) == 0;
}

/* Moves rows from the line into the group; a key that is in it already joins the one that has it. */
static void gather(struct accept *a, struct group *g) {
    static uint16_t index[INDEX]; /* place in rows + 1, by key */
    memset(index, 0, sizeof index);
    while (a->first && g->count < a->rows_max) {
        struct waiting *w = a->first;
        a->first = w->next;
        a->line_count--;
        if (!a->first) a->end = &a->first;
        uint32_t slot = (uint32_t)w->row & (INDEX - 1);
        while (index[slot] && !same_key(g->rows[index[slot] - 1]->said, w->said)) slot = (slot + 1) & (INDEX - 1);
        if (index[slot]) {
            struct waiting **tail = &g->rows[index[slot] - 1]->same;
            while (*tail) tail = &(*tail)->same;
            *tail = w;
        } else {
            g->rows[g->count++] = w;
            index[slot] = (uint16_t)g->count;
        }
        w->next = NULL;
    }
}

/* Files that are named, in the same transaction. */
static void bind_files(struct group *g) {
    const struct said *said[GROUP_ROWS_MAX];
    for (uint32_t i = 0; i < g->count; i++) said[i] = g->rows[i]->said;
    files_bind(g->db, said, g->count, g->received_at);
}

static void send_group(struct accept *a, struct group *g) {
    gather(a, g);
    g->under_way = true;
    a->groups_under_way++;
    g->received_at = clock_now();
    g->sent_ns = clock_monotonic_ns();
    metric_observe(&group_rows, g->count);
    a->sent.rows += g->count;
    a->sent.groups++;
    g->new_keys = a->careful == 0;
    if (!g->new_keys) a->careful--;
    db_group_begin(g->db, DB_WRITE);
    g->each = accept_rows_each(g->new_keys, g->count);
    struct db_call *call = NULL;
    for (uint32_t i = 0; i < g->count; i++) {
        if (i % g->each == 0) call = accept_rows_begin(g->db, g->new_keys, g->received_at, g->each);
        accept_rows_push(call, a->keys, g->rows[i]->row, g->rows[i]->said);
    }
    bind_files(g);
    failpoint("intake.before_commit");
    db_pool_send(a->pool, g->db, TIMEOUT_MS, on_done, g);
}

static bool on_turn(void *context) {
    struct accept *a = context;
    bool did = false;
    if (!a->first || (a->hold && a->hold(a->hold_context))) return false;
    if (a->line_count < a->gather_rows && a->line_count < SECOND_ROWS_MIN) return false;
    a->gather_rows = 0;
    for (int i = 0; i < GROUPS && a->first; i++) {
        if (a->groups[i].under_way) continue;
        if (a->groups_under_way && a->line_count < SECOND_ROWS_MIN) break;
        send_group(a, &a->groups[i]);
        did = true;
    }
    return did;
}

/* ---- life ---------------------------------------------------------------------------------------------------------------------------- */

bool accept_add(struct accept *a, const struct said *said, accept_done *done, void *context) {
    if (a->count >= a->max) return false;
    struct waiting *w = malloc(sizeof *w);
    must(w);
    int64_t row = sealed_request_row(said->source, said->external_id.at, said->external_id.len);
    *w = (struct waiting){.said = said, .row = row, .done = done, .context = context};
    *a->end = w;
    a->end = &w->next;
    a->count++;
    a->line_count++;
    return true;
}

bool accept_has_room(const struct accept *a, size_t rows) {
    return a->count + rows <= a->max;
}
size_t accept_waiting(const struct accept *a) {
    return a->count;
}

struct accept_sent accept_sent(const struct accept *a) {
    return a->sent;
}

void accept_set_stored(struct accept *a, accept_stored *stored, void *context) {
    a->stored = stored;
    a->stored_context = context;
}

void accept_set_careful(struct accept *a, int groups) {
    must(groups >= 1);
    a->careful_groups = groups;
}

void accept_set_hold(struct accept *a, bool (*hold)(const void *context), const void *context) {
    a->hold = hold;
    a->hold_context = context;
}

struct accept *accept_new(struct loop *loop, struct db_pool *pool, const struct crypto_keys *keys,
                          int64_t waiting_max) {
    struct accept *a = calloc(1, sizeof *a);
    must(a);
    a->pool = pool;
    a->keys = keys;
    a->end = &a->first;
    a->max = (size_t)waiting_max;
    a->rows_max = GROUP_ROWS_MAX;
    a->careful_groups = CAREFUL_GROUPS;
    a->park = db_group_new();
    for (int i = 0; i < GROUPS; i++) {
        a->groups[i].accept = a;
        a->groups[i].db = db_group_new();
    }
    a->gather = loop_timer_new(loop, gather_end, a);
    a->hook = loop_hook_new(loop, LOOP_BEFORE_WAIT, on_turn, a);
    return a;
}

void accept_free(struct accept **accept) {
    struct accept *a = *accept;
    if (!a) return;
    loop_hook_free(&a->hook);
    loop_timer_free(&a->gather);
    for (int i = 0; i < GROUPS; i++) db_group_free(&a->groups[i].db);
    db_group_free(&a->park);
    while (a->first) {
        struct waiting *w = a->first;
        a->first = w->next;
        free(w);
    }
    free(a);
    *accept = NULL;
}
