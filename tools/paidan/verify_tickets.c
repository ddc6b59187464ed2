/* Replaying every ticket's events through core, and comparing with its row. Runs in a process of its own: core does not expect events
 * that nobody decided and gives up on them (must), which then tells where. See verify.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/number.h"
#include "core/lifecycle.h"
#include "core/ticket.h"
#include "proto/codec.h"
#include "tools/paidan/verify.h"

enum { PAGE = 2000 };

/* Tickets in order of number, and beside them the events of the same tickets: two streams that go along together. A ticket
 * without events, and events without a ticket, show as one stream being ahead. */
static const char TICKETS[] = "SELECT id, version, state, owner, open, due, next_at, generation, body, place, matter, "
                              "urgency, supervised, shard FROM ticket "
                              "WHERE id > $1::int8 ORDER BY id LIMIT 2000";
static const char EVENTS[] =
    "SELECT ticket, version, seq, shard, epoch, at, type, cause, user_id, role, unit, body FROM event "
    "WHERE ticket > $1::int8 AND ticket <= $2::int8 ORDER BY ticket, version, at";

static void damage(struct verify *v, int64_t ticket, uint32_t version, struct sentence what, const char *detail) {
    char place[VERIFY_TEXT_BYTES], number[NUMBER_TEXT_BYTES];
    if (ticket >= 10000000000000000LL && ticket < 100000000000000000LL && clock_date_is_valid(number_date(ticket)))
        number_format_ticket(ticket, number);
    else
        snprintf(number, sizeof number, "%" PRId64, ticket);
    snprintf(place, sizeof place, version ? "%s, version %u" : "%s", number, version);
    verify_damage(v, place, what, detail);
}

static struct event event_of(const struct db_result *rows, int i, enum codec_error *ret_error) {
    static struct event event;
    size_t len;
    event = (struct event){.ticket = db_get_int(rows, i, 0),
                           .version = (uint32_t)db_get_int(rows, i, 1),
                           .seq = db_get_int(rows, i, 2),
                           .shard = (uint16_t)db_get_int(rows, i, 3),
                           .epoch = (uint32_t)db_get_int(rows, i, 4),
                           .at = db_get_int(rows, i, 5),
                           .type = (uint8_t)db_get_int(rows, i, 6),
                           .cause = (uint8_t)db_get_int(rows, i, 7),
                           .user = db_get_int(rows, i, 8),
                           .role = (uint8_t)db_get_int(rows, i, 9),
                           .actor_unit = (uint32_t)db_get_int(rows, i, 10)};
    const uint8_t *body = db_get_bytes(rows, i, 11, &len);
    *ret_error = codec_decode(&type_effect, body, len, &event.effect, NULL);
    return event;
}

/* False: the rest of this ticket's events means nothing any more. */
static bool fold(struct verify *v, struct ticket *ticket, const struct event *e) {
    v->ticket = e->ticket;
    v->version = e->version;
    if (e->version != ticket->version + 1) {
        damage(v, e->ticket, ticket->version + 1,
               (struct sentence){"缺少此版本的事件", "the event of this version is missing"}, "");
        return false;
    }
    if (ticket->version && e->at < ticket->changed_at)
        damage(v, e->ticket, e->version, (struct sentence){"工单时间倒退", "the ticket's time fell"}, "");
    if (!lifecycle_legal(ticket->state, e->cause, e->type, e->effect.to)) {
        char detail[VERIFY_TEXT_BYTES];
        snprintf(detail, sizeof detail, "%s, %s: %s -> %s", word_text(WORDS_command_name, e->cause),
                 word_text(WORDS_event_type, e->type), word_text(WORDS_state, ticket->state),
                 word_text(WORDS_state, e->effect.to));
        damage(v, e->ticket, e->version, (struct sentence){"生命周期表中没有这一步", "not a legal step"}, detail);
        return false;
    }
    ticket_apply(ticket, e);
    const char *broken = ticket_check(NULL, ticket);
    if (broken)
        damage(v, e->ticket, e->version,
               (struct sentence){"事件之后工单不合规则", "the ticket breaks a rule after this event"}, broken);
    v->replayed++;
    return true;
}

/* The columns beside the body are copies of what is in it. */
static const char *column_that_differs(const struct ticket *t, const struct db_result *rows, int i) {
    struct change change;
    ticket_change(t, &change);
    const struct {
        const char *name;
        int64_t is, should;
    } columns[] = {{"version", db_get_int(rows, i, 1), t->version},
                   {"state", db_get_int(rows, i, 2), t->state},
                   {"owner", db_get_int(rows, i, 3), t->owner},
                   {"open", db_get_bool(rows, i, 4), change.open},
                   {"due", db_get_int(rows, i, 5), change.due},
                   {"next_at", db_get_int(rows, i, 6), t->next_at},
                   {"generation", db_get_int(rows, i, 7), t->generation},
                   {"place", db_get_int(rows, i, 9), t->place},
                   {"matter", db_get_int(rows, i, 10), t->matter},
                   {"urgency", db_get_int(rows, i, 11), t->urgency},
                   {"supervised", db_get_bool(rows, i, 12), t->supervised},
                   {"shard", db_get_int(rows, i, 13), t->shard}};
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
        if (columns[c].is != columns[c].should) return columns[c].name;
    return NULL;
}

static void compare(struct verify *v, const struct ticket *ticket, const struct db_result *rows, int i) {
    static uint8_t encoded[MESSAGE_BYTES_MAX];
    size_t len = 0, stored_len;
    const uint8_t *stored = db_get_bytes(rows, i, 8, &stored_len);
    int64_t id = db_get_int(rows, i, 0);
    v->tickets++;
    if (!ticket->version) {
        damage(v, id, 0, (struct sentence){"工单没有任何事件", "a ticket without events"}, "");
        return;
    }
    if (codec_encode(&type_ticket, ticket, encoded, sizeof encoded, &len) != CODEC_OK || len != stored_len ||
        memcmp(encoded, stored, len) != 0) {
        damage(v, id, 0, (struct sentence){"工单与其事件重放的结果不符", "the ticket is not what its events make"}, "");
        return;
    }
    const char *column = column_that_differs(ticket, rows, i);
    if (column)
        damage(v, id, 0, (struct sentence){"工单的列与内容不符", "a column of the ticket is not what its body says"},
               column);
}

/* One page of tickets with the events up to the page's end. */
static void check_page(struct verify *v, const struct db_result *tickets, const struct db_result *events) {
    static struct ticket ticket;
    int next = 0, event_count = db_rows(events);
    for (int i = 0; i < db_rows(tickets); i++) {
        int64_t id = db_get_int(tickets, i, 0);
        bool sound = true;
        memset(&ticket, 0, sizeof ticket);
        for (; next < event_count && db_get_int(events, next, 0) <= id; next++) {
            enum codec_error error;
            struct event event = event_of(events, next, &error);
            if (event.ticket < id) {
                damage(v, event.ticket, event.version,
                       (struct sentence){"事件没有对应的工单", "an event of a ticket that is not there"}, "");
            } else if (sound && error != CODEC_OK) {
                damage(v, id, event.version, (struct sentence){"事件内容无法解读", "the event's body cannot be read"},
                       codec_error_doc(error));
                sound = false;
            } else if (sound) {
                sound = fold(v, &ticket, &event);
            }
        }
        v->ticket = id;
        v->version = 0;
        if (sound)
            compare(v, &ticket, tickets, i);
        else
            v->tickets++;
    }
    for (; next < event_count; next++)
        damage(v, db_get_int(events, next, 0), (uint32_t)db_get_int(events, next, 1),
               (struct sentence){"事件没有对应的工单", "an event of a ticket that is not there"}, "");
}

static enum err read_two(struct db_blocking *db, const char *sql, int64_t first, int64_t second, bool two,
                         struct db_result **ret_rows) {
    struct db_call *parameters = db_call_new();
    db_set_int8(parameters, 1, first);
    if (two) db_set_int8(parameters, 2, second);
    enum err err = db_run_blocking(db, sql, parameters, ret_rows);
    db_call_free(&parameters);
    return err;
}

enum err verify_tickets(struct db_blocking *db, struct verify *v, int64_t after) {
    for (;;) {
        struct db_result *tickets, *events;
        enum err err = read_two(db, TICKETS, after, 0, false, &tickets);
        if (err != ERR_NONE) return err;
        int count = db_rows(tickets);
        int64_t last = count == PAGE ? db_get_int(tickets, count - 1, 0) : INT64_MAX;
        err = read_two(db, EVENTS, after, last, true, &events);
        if (err == ERR_NONE) {
            check_page(v, tickets, events);
            db_result_free(&events);
        }
        db_result_free(&tickets);
        verify_progress(v, false);
        if (err != ERR_NONE || count < PAGE) return err;
        after = last;
    }
}

/* ---- requests ------------------------------------------------------------------------------------------------------------------- */

static const char REQUESTS[] =
    "SELECT (SELECT count(*) FROM request), (SELECT count(*) FROM request r WHERE NOT EXISTS (SELECT FROM "
    "ticket_request t WHERE "
    "t.request = r.id) AND r.id <= (SELECT min(swept_to) FROM shard) AND NOT EXISTS (SELECT FROM parked p WHERE "
    "p.number = r.id)), "
    "(SELECT count(*) FROM ticket_request l WHERE NOT EXISTS (SELECT FROM ticket t WHERE t.id = l.ticket)), "
    "(SELECT count(*) FROM ticket_request l WHERE NOT EXISTS (SELECT FROM request r WHERE r.id = l.request))";

static const struct {
    const char *what;
    struct sentence wrong;
} COUNTED[] = {{"request", {"诉求没有工单", "requests without a ticket"}},
               {"ticket_request", {"诉求指向不存在的工单", "requests of tickets that are not there"}},
               {"ticket_request", {"工单所办的诉求不存在", "tickets of requests that are not there"}}};

enum err verify_requests(struct db_blocking *db, struct verify *v) {
    struct db_result *row;
    char detail[VERIFY_TEXT_BYTES];
    enum err err = db_run_blocking(db, REQUESTS, NULL, &row);
    if (err != ERR_NONE) return err;
    v->requests = db_get_int(row, 0, 0);
    for (int i = 0; i < 3; i++) {
        int64_t count = db_get_int(row, 0, i + 1);
        snprintf(detail, sizeof detail, "%" PRId64, count);
        if (count) verify_damage(v, COUNTED[i].what, COUNTED[i].wrong, detail);
    }
    db_result_free(&row);
    return ERR_NONE;
}
