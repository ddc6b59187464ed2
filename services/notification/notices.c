/* From committed events to notices people read (core/notice.h says which and who). Like follow.c it reads events from its own cursor
 * on, and moves the cursor in the transaction that writes the rows; over events that concern nobody the cursor moves in memory.
 * A partial index holds the few events it looks for, and it looks a few times a second at most. */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/metrics.h"
#include "core/notice.h"
#include "core/tell.h"
#include "proto/codec.h"
#include "proto/must.h"
#include "services/notification/notification.h"

METRIC_COUNTER(made, "paidan_notification_notices_total", "Notices made for people.");

enum { PAGE = 500, LOOK_EACH_MS = 200, STORE_EACH_MS = 1000, TIMEOUT_MS = 20000, COLUMNS = 14 };

struct notices {
    struct db_group *read_group, *write_group;
    bool under_way;
    int64_t cursor, stored,
        to; /* events up to here were looked at, -1: not read yet; the cursor stored; of the page under way */
    int64_t looked_at, stored_at;
};

static const struct db_statement CURSOR = {
    "notices_cursor", "SELECT coalesce((SELECT seq FROM cursor WHERE name = 'notices' AND shard = $1::int2), 0)"};
static const struct db_statement HEAD = {"notices_head", "SELECT next_seq - 1 FROM shard WHERE id = $1::int2"};
/* The types of core/notice.c, as the index has them. */
static const struct db_statement EVENTS = {
    "notices_events",
    "SELECT seq, ticket, at, type, body FROM event WHERE shard = $1::int2 AND seq > $2::int8 AND seq <= "
    "$3::int8 AND type IN (43, 50, 51, 52, 53, 61) ORDER BY seq LIMIT 500"};
static const struct db_statement ADVANCE = {"notices_advance",
                                            "SELECT cursor_advance('notices', $1::int2, $2::int8, $3::int8)"};
static const struct db_statement INSERT = {"notices_insert",
                                           "INSERT INTO notice (created_at, unit, person, told_as, ticket, seq, type, "
                                           "rung, stage, about, at, not_before, reminder, alone, tell_at) SELECT "
                                           "$1::int8, * FROM unnest($2::int4[], $3::int8[], $4::int2[], $5::int8[], "
                                           "$6::int8[], $7::int2[], $8::int2[], $9::int2[], "
                                           "$10::int4[], $11::int8[], $12::int8[], $13::bool[], $14::bool[], "
                                           "$15::int8[])"};

static void on_written(void *context, const struct db_reply *reply) {
    struct notification *n = context;
    struct notices *o = n->notices;
    o->under_way = false;
    if (reply->err == ERR_NONE) {
        o->cursor = o->stored = o->to;
        return;
    }
    log_warn("notices_not_written", LOG_ERR(reply->err), LOG_TEXT("why", reply->message));
    o->cursor = -1; /* whether it was written is seen from the cursor itself */
}

static struct db_call *begin_write(struct notification *n) {
    struct notices *o = n->notices;
    o->under_way = true;
    o->stored_at = clock_monotonic_ms();
    db_group_begin(o->write_group, DB_TRANSACTION);
    struct db_call *advance = db_group_add(o->write_group, &ADVANCE);
    db_set_int2(advance, 1, (int16_t)notification_config.shard);
    db_set_int8(advance, 2, o->stored);
    db_set_int8(advance, 3, o->to);
    return advance;
}

static struct db_call *begin_rows(struct notices *o) {
    static const enum db_type types[COLUMNS] = {DB_INT4, DB_INT8, DB_INT2, DB_INT8, DB_INT8, DB_INT2, DB_INT2,
                                                DB_INT2, DB_INT4, DB_INT8, DB_INT8, DB_BOOL, DB_BOOL, DB_INT8};
    struct db_call *call = db_group_add(o->write_group, &INSERT);
    db_set_int8(call, 1, clock_now());
    for (int i = 0; i < COLUMNS; i++) db_set_array(call, 2 + i, types[i]);
    return call;
}

static void push(struct db_call *call, const struct world *world, const struct event *e, const struct recipient *to) {
    struct tell_when when = tell_when(world, e, to, notification_config.digest);
    db_push_int4(call, 2, (int32_t)to->unit);
    db_push_int8(call, 3, to->person);
    db_push_int2(call, 4, to->as);
    db_push_int8(call, 5, e->ticket);
    db_push_int8(call, 6, e->seq);
    db_push_int2(call, 7, e->type);
    db_push_int2(call, 8, e->effect.rung);
    db_push_int2(call, 9, e->effect.stage);
    db_push_int4(call, 10, (int32_t)e->effect.unit);
    db_push_int8(call, 11, e->at);
    db_push_int8(call, 12, when.not_before);
    db_push_bool(call, 13, e->effect.reminder);
    db_push_bool(call, 14, when.alone);
    db_push_int8(call, 15, when.at);
}

static bool read_event(const struct db_result *rows, int i, struct event *ret_event) {
    size_t len;
    const uint8_t *body = db_get_bytes(rows, i, 4, &len);
    *ret_event = (struct event){.seq = db_get_int(rows, i, 0),
                                .ticket = db_get_int(rows, i, 1),
                                .at = db_get_int(rows, i, 2),
                                .type = (uint8_t)db_get_int(rows, i, 3)};
    return codec_decode(&type_effect, body, len, &ret_event->effect, NULL) == CODEC_OK;
}

static void on_events(void *context, const struct db_reply *reply) {
    struct notification *n = context;
    struct notices *o = n->notices;
    static struct event event;
    o->under_way = false;
    if (reply->err != ERR_NONE) {
        o->cursor = -1;
        return;
    }
    int64_t head = db_get_int(reply->results[0], 0, 0); /* all up to it is visible */
    if (head < o->to) o->to = head;
    const struct db_result *rows = reply->results[1];
    struct recipient to[EVENT_TOLD_MAX];
    struct db_call *call = NULL;
    int count = 0;
    if (db_rows(rows) == PAGE && db_get_int(rows, PAGE - 1, 0) < o->to) o->to = db_get_int(rows, PAGE - 1, 0);
    for (int i = 0; i < db_rows(rows); i++) {
        if (!read_event(rows, i, &event) || event.seq > o->to) continue;
        uint16_t told = notice_recipients(&n->reference->world, &event, to);
        if (told && !call) {
            begin_write(n);
            call = begin_rows(o);
        }
        for (uint16_t k = 0; k < told; k++) push(call, &n->reference->world, &event, &to[k]);
        count += told;
    }
    metric_add(&made, 0, count);
    if (call) {
        db_send(n->db, o->write_group, TIMEOUT_MS, on_written, n);
        return;
    }
    o->cursor = o->to;
    if (o->cursor > o->stored && clock_monotonic_ms() - o->stored_at >= STORE_EACH_MS) {
        begin_write(n);
        db_send(n->db, o->write_group, TIMEOUT_MS, on_written, n);
    }
}

static void on_cursor(void *context, const struct db_reply *reply) {
    struct notification *n = context;
    struct notices *o = n->notices;
    o->under_way = false;
    if (reply->err == ERR_NONE) o->cursor = o->stored = db_get_int(reply->results[0], 0, 0);
}

void notices_turn(struct notification *n) {
    struct notices *o = n->notices;
    int64_t now = clock_monotonic_ms();
    if (o->under_way || n->draining || !db_is_up(n->db) || !n->reference || now - o->looked_at < LOOK_EACH_MS) return;
    if (o->cursor >= 0 && n->head_seq <= o->cursor) return;
    o->looked_at = now;
    o->under_way = true;
    db_group_begin(o->read_group, DB_READ);
    struct db_call *call = db_group_add(o->read_group, o->cursor < 0 ? &CURSOR : &HEAD);
    db_set_int2(call, 1, (int16_t)notification_config.shard);
    if (o->cursor >= 0) {
        o->to = n->head_seq;
        call = db_group_add(o->read_group, &EVENTS);
        db_set_int2(call, 1, (int16_t)notification_config.shard);
        db_set_int8(call, 2, o->cursor);
        db_set_int8(call, 3, o->to);
    }
    db_send(n->db, o->read_group, TIMEOUT_MS, o->cursor < 0 ? on_cursor : on_events, n);
}

void notices_open(struct notification *n) {
    n->notices = calloc(1, sizeof *n->notices);
    must(n->notices);
    n->notices->read_group = db_group_new();
    n->notices->write_group = db_group_new();
    n->notices->cursor = -1;
}

void notices_close(struct notification *n) {
    if (!n->notices) return;
    db_group_free(&n->notices->read_group);
    db_group_free(&n->notices->write_group);
    free(n->notices);
    n->notices = NULL;
}
