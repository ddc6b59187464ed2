/* Notices whose time has come become letters; which go together is core/tell.h's to say. A letter is known by its first notice, and
 * the notices are marked in the transaction that writes it: so each notice goes out in one letter, whatever is killed in between.
 * What nobody has a way for is marked too, and stays in the inbox. */
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "core/tell.h"
#include "services/notification/people.h"

METRIC_COUNTER(made, "paidan_notification_letters_total", "Letters to people made of notices.");

enum { LOOK_EACH_MS = 500, TIMEOUT_MS = 20000, NOTICES_MAX = 2000 };

/* By recipient: the notices that have not gone out, of those of whom one is due; and the recipient's first way. */
static const struct db_statement DUE = {
    "letters_due",
    "WITH due AS (SELECT DISTINCT person, CASE WHEN person = 0 THEN unit ELSE 0 END AS unit FROM (SELECT person, unit "
    "FROM notice WHERE letter = 0 AND tell_at > 0 AND tell_at <= $1::int8 ORDER BY tell_at LIMIT 200) d) "
    "SELECT n.id, n.person, n.unit, n.read_at <> 0, n.alone, n.not_before, n.tell_at, coalesce(w.id, 0), "
    "coalesce(w.position, 0::int2), coalesce(w.carrier, 0) FROM due d "
    "JOIN notice n ON n.letter = 0 AND n.tell_at > 0 AND n.person = d.person AND (d.person <> 0 OR n.unit = d.unit) "
    "LEFT JOIN LATERAL (SELECT x.id, x.position, x.carrier FROM way x WHERE CASE WHEN d.person = 0 THEN x.unit = "
    "d.unit ELSE x.account = d.person AND EXISTS (SELECT FROM account a WHERE a.id = d.person AND NOT a.disabled) END "
    "ORDER BY x.position LIMIT 1) w ON true ORDER BY n.person, d.unit, n.id LIMIT 2000"};
static const struct db_statement INSERT = {
    "letters_insert",
    "INSERT INTO letter (created_at, next_at, notice, person, unit, count, way, position, carrier, state, error, "
    "ended_at) SELECT $1::int8, $1::int8, notice, person, unit, count, way, position, carrier, state, CASE WHEN state "
    "= 3 THEN 'the queue of the carrier is full' ELSE '' END, CASE WHEN state = 3 THEN $1::int8 ELSE 0 END "
    "FROM unnest($2::int8[], $3::int8[], $4::int4[], $5::int4[], $6::int8[], $7::int2[], $8::int8[], $9::int2[]) "
    "AS l (notice, person, unit, count, way, position, carrier, state) ON CONFLICT (notice) DO NOTHING"};
static const struct db_statement MARK = {
    "letters_mark", "UPDATE notice n SET letter = coalesce((SELECT l.id FROM letter l WHERE l.notice = u.first), -1) "
                    "FROM unnest($1::int8[], $2::int8[]) AS u (id, first) WHERE n.id = u.id AND n.letter = 0"};

static void on_made(void *context, const struct db_reply *reply) {
    struct notification *n = context;
    n->people->planning = false;
    if (reply->err != ERR_NONE)
        log_warn("letters_not_made", LOG_ERR(reply->err), LOG_TEXT("why", reply->message));
    else
        n->people->plan_at = n->people->poll_at = 0; /* perhaps there are more; and there is something to send */
}

static void push_letter(struct notification *n, struct db_call *call, const struct db_result *rows, int i, int count) {
    struct carrier_row *carrier = carrier_by_id(n, db_get_int(rows, i, 9));
    bool is_full = carrier && carrier->waiting >= notification_config.waiting_max;
    if (carrier) carrier->waiting++;
    db_push_int8(call, 2, db_get_int(rows, i, 0));
    db_push_int8(call, 3, db_get_int(rows, i, 1));
    db_push_int4(call, 4, (int32_t)db_get_int(rows, i, 2));
    db_push_int4(call, 5, count);
    db_push_int8(call, 6, db_get_int(rows, i, 7));
    db_push_int2(call, 7, (int16_t)db_get_int(rows, i, 8));
    db_push_int8(call, 8, db_get_int(rows, i, 9));
    db_push_int2(call, 9, is_full ? LETTER_DEAD : LETTER_WAITING);
}

static int count_of(const int64_t *letters, int count, int64_t letter) {
    int found = 0;
    for (int i = 0; i < count; i++) found += letters[i] == letter;
    return found;
}

/* letters[i] as of tell_letters; a recipient without way never has one. */
static void write_letters(struct notification *n, const struct db_result *rows, const int64_t *letters) {
    static const enum db_type types[] = {DB_INT8, DB_INT8, DB_INT4, DB_INT4, DB_INT8, DB_INT2, DB_INT8, DB_INT2};
    struct people *p = n->people;
    int count = db_rows(rows);
    db_group_begin(p->plan_group, DB_TRANSACTION);
    struct db_call *insert = db_group_add(p->plan_group, &INSERT), *mark = db_group_add(p->plan_group, &MARK);
    db_set_int8(insert, 1, clock_now());
    for (int i = 0; i < 8; i++) db_set_array(insert, 2 + i, types[i]);
    db_set_array(mark, 1, DB_INT8);
    db_set_array(mark, 2, DB_INT8);
    for (int i = 0; i < count; i++) {
        if (letters[i] == 0) continue;
        db_push_int8(mark, 1, db_get_int(rows, i, 0));
        db_push_int8(mark, 2, letters[i]);
        if (letters[i] != db_get_int(rows, i, 0)) continue;
        push_letter(n, insert, rows, i, count_of(letters, count, letters[i]));
        metric_add(&made, 0, 1);
    }
    p->planning = true;
    db_send(n->db, p->plan_group, TIMEOUT_MS, on_made, n);
}

static void on_due(void *context, const struct db_reply *reply) {
    static struct tell_notice notices[NOTICES_MAX];
    static int64_t letters[NOTICES_MAX];
    struct notification *n = context;
    n->people->planning = false;
    if (reply->err != ERR_NONE) return;
    const struct db_result *rows = reply->results[0];
    int count = db_rows(rows);
    for (int i = 0; i < count; i++)
        notices[i] = (struct tell_notice){.id = db_get_int(rows, i, 0),
                                          .person = db_get_int(rows, i, 1),
                                          .unit = (uint32_t)db_get_int(rows, i, 2),
                                          .read = db_get_bool(rows, i, 3),
                                          .when = {.alone = db_get_bool(rows, i, 4),
                                                   .not_before = db_get_int(rows, i, 5),
                                                   .at = db_get_int(rows, i, 6)}};
    tell_letters(notices, (size_t)count, clock_now(), letters);
    bool any = false;
    for (int i = 0; i < count; i++) {
        if (!db_get_int(rows, i, 7) && letters[i]) letters[i] = TELL_NEVER;
        any |= letters[i] != 0;
    }
    if (any) write_letters(n, rows, letters);
}

void letters_plan(struct notification *n) {
    struct people *p = n->people;
    int64_t now = clock_monotonic_ms();
    if (p->planning || now < p->plan_at) return;
    p->planning = true;
    p->plan_at = now + LOOK_EACH_MS;
    db_group_begin(p->plan_group, DB_READ);
    db_set_int8(db_group_add(p->plan_group, &DUE), 1, clock_now());
    db_send(n->db, p->plan_group, TIMEOUT_MS, on_due, n);
}
