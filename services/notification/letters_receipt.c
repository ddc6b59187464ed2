/* Receipts as carriers sent them (services/console/receipts.c), and those that did not come in time. Each makes one step of its letter
 * (core/tell.h) and is taken away in the same transaction. A receipt can be quicker than the record of what it is about: one that fits
 * nothing yet is kept for a while. */
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "services/notification/people.h"

METRIC_COUNTER(receipts, "paidan_notification_receipts_total", "Receipts taken, by what they say.", "event",
               "delivered", "read", "undelivered", "unconfirmed", "unknown");

enum { LOOK_EACH_MS = 500, TIMEOUT_MS = 20000, BATCH = 20, UNKNOWN_KEPT_MS = 600000 };

/* Of both the same columns: receipt, event, when, letter, the way it is about, said; then how the letter stands. Only a letter that this
 * carrier was handed is its to speak of. */
#define LETTER_COLUMNS                                                                                                 \
    "coalesce(l.way, 0), coalesce(l.state, 0::int2), coalesce(l.tries, 0::int2), coalesce(l.taken, false), "           \
    "coalesce(l.next_at, 0), coalesce(l.position, 0::int2), coalesce(l.carrier, 0), coalesce(x.id, 0), "               \
    "coalesce(x.position, 0::int2), coalesce(x.carrier, 0) "
static const struct db_statement RECEIPTS = {
    "receipts_take",
    "SELECT r.id, r.event, r.at, coalesce(l.id, 0), coalesce(a.way, 0), r.said, " LETTER_COLUMNS
    "FROM (SELECT * FROM receipt ORDER BY id LIMIT 200) r LEFT JOIN LATERAL (SELECT t.letter, t.way FROM "
    "letter_attempt t WHERE t.carrier = r.carrier AND t.event = 1 AND CASE WHEN r.letter <> 0 THEN t.letter = r.letter "
    "AND t.way = r.way ELSE t.reference = r.reference AND t.reference <> '' END ORDER BY t.id DESC LIMIT 1) a ON true "
    "LEFT JOIN letter l ON l.id = a.letter LEFT JOIN LATERAL (" LETTER_NEXT_WAY ") x ON true "
    "WHERE coalesce(l.id, 0) <> ALL ($1::int8[]) ORDER BY r.id"};
static const struct db_statement OVERDUE = {
    "receipts_overdue", "SELECT 0::int8, 7::int2, $2::int8, l.id, l.way, '', " LETTER_COLUMNS
                        "FROM (SELECT * FROM letter WHERE state = 5 AND next_at <= $2::int8 AND id <> ALL ($1::int8[]) "
                        "ORDER BY next_at LIMIT 20) l LEFT JOIN LATERAL (" LETTER_NEXT_WAY ") x ON true"};
static const struct db_statement STEP = {
    "receipts_step",
    "UPDATE letter SET state = $3::int2, tries = $4::int2, next_at = $5::int8, ended_at = $6::int8, "
    "way = $7::int8, position = $8::int2, carrier = $9::int8 WHERE id = $1::int8 AND state = $2::int2"};
static const struct db_statement LOG = {
    "receipts_log",
    "INSERT INTO letter_attempt (letter, way, carrier, at, event, outcome, status, took_ms, why) VALUES "
    "($1::int8, $2::int8, $3::int8, $4::int8, $5::int2, 0, 0, 0, $6::text)"};
static const struct db_statement DROP = {"receipts_drop", "DELETE FROM receipt WHERE id = $1::int8"};

static void on_written(void *context, const struct db_reply *reply) {
    struct notification *n = context;
    n->people->receiving = false;
    if (reply->err != ERR_NONE) {
        log_warn("receipts_not_written", LOG_ERR(reply->err), LOG_TEXT("why", reply->message));
        return;
    }
    n->people->receipt_at = n->people->poll_at = 0;
}

static void drop(struct db_group *group, int64_t receipt) {
    if (receipt) db_set_int8(db_group_add(group, &DROP), 1, receipt);
}

static void step(struct notification *n, struct db_group *group, const struct db_result *rows, int i) {
    time_ms now = clock_now();
    enum tell_event event = (enum tell_event)db_get_int(rows, i, 1);
    int64_t id = db_get_int(rows, i, 3), about = db_get_int(rows, i, 4), way = db_get_int(rows, i, 6);
    int before = (int)db_get_int(rows, i, 7);
    size_t len;
    struct tell_letter letter = {.state = (uint8_t)before,
                                 .tries = (int)db_get_int(rows, i, 8),
                                 .taken = db_get_bool(rows, i, 9),
                                 .next_at = db_get_int(rows, i, 10)};
    struct tell_way is = {.has_next = db_get_int(rows, i, 13) != 0, .is_current = about == way};
    tell_step(&letter, event, &is, now);
    bool ends = letter.state != LETTER_WAITING && letter.state != LETTER_SENT;
    if (letter.state == LETTER_DEAD && before != LETTER_DEAD) log_warn("dead_letter", LOG_ID("letter", id));
    struct db_call *call = db_group_add(group, &STEP);
    db_set_int8(call, 1, id);
    db_set_int2(call, 2, (int16_t)before);
    db_set_int2(call, 3, letter.state);
    db_set_int2(call, 4, (int16_t)letter.tries);
    db_set_int8(call, 5, letter.next_at);
    db_set_int8(call, 6, ends ? now : 0);
    db_set_int8(call, 7, letter.moves ? db_get_int(rows, i, 13) : way);
    db_set_int2(call, 8, (int16_t)db_get_int(rows, i, letter.moves ? 14 : 11));
    db_set_int8(call, 9, db_get_int(rows, i, letter.moves ? 15 : 12));
    call = db_group_add(group, &LOG);
    db_set_int8(call, 1, id);
    db_set_int8(call, 2, about);
    db_set_int8(call, 3, db_get_int(rows, i, 12));
    db_set_int8(call, 4, db_get_int(rows, i, 2));
    db_set_int2(call, 5, (int16_t)event);
    db_set_string(call, 6, db_get_text(rows, i, 5, &len));
    drop(group, db_get_int(rows, i, 0));
    metric_add(&receipts, event - TELL_DELIVERED, 1);
}

static bool is_among(const int64_t *ids, int count, int64_t id) {
    for (int i = 0; i < count; i++)
        if (ids[i] == id) return true;
    return false;
}

/* One step of each letter: the next ones find it as it stands then. */
static void on_rows(void *context, const struct db_reply *reply) {
    struct notification *n = context;
    struct people *p = n->people;
    p->receiving = false;
    if (reply->err != ERR_NONE) return;
    int64_t seen[BATCH];
    int count = 0, dropped = 0;
    db_group_begin(p->receipt_group, DB_TRANSACTION);
    for (int k = 0; k < 2; k++) {
        const struct db_result *rows = reply->results[k];
        for (int i = 0; i < db_rows(rows) && count + dropped < BATCH; i++) {
            int64_t letter = db_get_int(rows, i, 3);
            bool is_old = clock_now() - db_get_int(rows, i, 2) > UNKNOWN_KEPT_MS;
            if (letter ? is_among(seen, count, letter) || letter_is_under_way(p, letter) : !is_old) continue;
            if (letter) {
                step(n, p->receipt_group, rows, i);
                seen[count++] = letter;
            } else {
                drop(p->receipt_group, db_get_int(rows, i, 0));
                dropped++;
                metric_add(&receipts, 4, 1);
            }
        }
    }
    if (count + dropped == 0) return;
    p->receiving = true;
    db_send(n->db, p->receipt_group, TIMEOUT_MS, on_written, n);
}

void letters_receive(struct notification *n) {
    struct people *p = n->people;
    int64_t now = clock_monotonic_ms();
    if (p->receiving || now < p->receipt_at || !p->carrier_count) return;
    p->receiving = true;
    p->receipt_at = now + LOOK_EACH_MS;
    db_group_begin(p->receipt_group, DB_READ);
    const struct db_statement *const statements[] = {&RECEIPTS, &OVERDUE};
    for (int i = 0; i < 2; i++) {
        struct db_call *call = db_group_add(p->receipt_group, statements[i]);
        db_set_array(call, 1, DB_INT8);
        for (const struct letter_row *l = p->letters; l; l = l->next) db_push_int8(call, 1, l->id);
        if (i) db_set_int8(call, 2, clock_now());
    }
    db_send(n->db, p->receipt_group, TIMEOUT_MS, on_rows, n);
}
