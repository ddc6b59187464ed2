/* subscribe -> events. A subscription is answered once: with the events behind `after` that concern the unit, as soon as there are
 * any, else empty after WAIT_MS; then the client asks again behind to_seq. So catching up and following are the same thing, the
 * client sets the pace, and whatever is lost on the way is asked for again. An event concerns a unit as for webhooks: a unit at or
 * below it was asked (assigned) by then; the centre and the district are told of all. */
#include "services/console/gateway_inner.h"

#include <stdlib.h>
#include <string.h>

#include "common/number.h"
#include "core/clock.h"
#include "proto/must.h"
#include "services/console/news.h"

enum { WAIT_MS = 10000, LOOK_EACH_MS = 50, SPAN = 2000, SUBS_MAX = 500 };

struct gateway_sub {
    struct gateway_sub *next;
    struct gateway *gateway;
    struct bus_peer peer;
    int64_t key, id, after;
    int64_t cursor, head;       /* looked at up to here; of the log when it was last looked at */
    int64_t look_at, answer_at; /* monotonic */
    bool under_way, is_over;
    struct db_group *group;
};

static const struct db_statement SCOPE = {
    "gateway_scope",
    "SELECT set_config('paidan.everything', $1::text, true), set_config('paidan.units', $2::text, true)"};
static const struct db_statement HEAD = {"gateway_head", "SELECT next_seq - 1 FROM shard WHERE id = $1::int2"};
static const struct db_statement PAGE = {
    "gateway_page", "SELECT seq, ticket, version, at, type, body FROM events_of_units($1::int2, $2::int8, $3::int8, "
                    "$4::bool, $5::text::int4[], 32)"};

/* ---- what is told ----------------------------------------------------------------------------------------------------------------------- */

static struct text text_of(const char *text) {
    return (struct text){text, text ? (uint32_t)strlen(text) : 0};
}

/* False: its body cannot be read. */
static bool tell(const struct reference *reference, const struct db_result *rows, int i, char number[NUMBER_TEXT_BYTES],
                 struct happened *ret_happened) {
    static struct effect effect;
    size_t len;
    const uint8_t *body = db_get_bytes(rows, i, 5, &len);
    if (codec_decode(&type_effect, body, len, &effect, NULL) != CODEC_OK) return false;
    number_format_ticket(db_get_int(rows, i, 1), number);
    const struct clock *clock = clock_first_due(&effect);
    *ret_happened = (struct happened){.seq = db_get_int(rows, i, 0),
                                      .ticket = text_of(number),
                                      .version = (uint32_t)db_get_int(rows, i, 2),
                                      .at = db_get_int(rows, i, 3),
                                      .type = (uint8_t)db_get_int(rows, i, 4),
                                      .state = effect.to,
                                      .matter = effect.matter,
                                      .urgency = effect.urgency,
                                      .rung = effect.rung,
                                      .card = effect.card,
                                      .stage = clock ? clock->stage : 0,
                                      .due = clock ? clock->due : 0,
                                      .until = effect.until,
                                      .reason = effect.reason,
                                      .basis = effect.basis,
                                      .note = effect.note,
                                      .answer = effect.answer};
    if (effect.owner) ret_happened->owner = text_of(reference_unit_code(reference, effect.owner));
    if (effect.unit) ret_happened->unit = text_of(reference_unit_code(reference, effect.unit));
    return true;
}

/* ---- answering ---------------------------------------------------------------------------------------------------------------------------- */

static void remove_sub(struct gateway_sub *sub) {
    struct gateway_sub **at = &sub->gateway->subs;
    while (*at && *at != sub) at = &(*at)->next;
    if (*at) {
        *at = sub->next;
        sub->gateway->sub_count--;
    }
    sub->is_over = true;
    if (sub->under_way) return; /* freed when the database has answered */
    db_group_free(&sub->group);
    free(sub);
}

static void answer(struct gateway_sub *sub, const struct db_result *rows) {
    static struct events events;
    static char numbers[EVENTS_PER_MESSAGE][NUMBER_TEXT_BYTES];
    uint16_t count = 0;
    for (int i = 0; rows && i < db_rows(rows) && count < EVENTS_PER_MESSAGE; i++)
        if (tell(sub->gateway->console->reference, rows, i, numbers[count], &events.events[count])) count++;
    events.after = sub->after;
    events.to_seq = sub->cursor;
    events.head_seq = sub->head > sub->cursor ? sub->head : sub->cursor;
    for (;; count /= 2) { /* long texts: fewer of them fit */
        if (count && count < (rows ? db_rows(rows) : 0)) events.to_seq = events.events[count - 1].seq;
        events.events_count = count;
        if (gateway_send(sub->gateway, &sub->peer, MESSAGE_events, sub->id, &events) || count <= 1) break;
    }
    remove_sub(sub);
}

static void on_page(void *context, const struct db_reply *reply) {
    struct gateway_sub *sub = context;
    sub->under_way = false;
    if (sub->is_over || sub->gateway->closing) {
        remove_sub(sub);
        return;
    }
    if (reply->err != ERR_NONE) {
        gateway_refuse(sub->gateway, &sub->peer, sub->id, 503, "", "the database does not answer: subscribe again");
        remove_sub(sub);
        return;
    }
    const struct db_result *rows = reply->results[2];
    int64_t end = sub->cursor + SPAN, count = db_rows(rows);
    sub->head = db_rows(reply->results[1]) ? db_get_int(reply->results[1], 0, 0) : 0;
    int64_t last = count ? db_get_int(rows, (int)count - 1, 0) : 0;
    int64_t looked_to = count == EVENTS_PER_MESSAGE ? last : end < sub->head ? end : sub->head;
    if (last > looked_to) looked_to = last;
    if (looked_to > sub->cursor) sub->cursor = looked_to;
    if (count)
        answer(sub, rows);
    else if (sub->cursor < sub->head)
        sub->look_at = 0;
}

static void look(struct gateway_sub *sub, const struct gateway_key *key) {
    static struct buffer units;
    struct gateway *g = sub->gateway;
    const struct world *world = &g->console->reference->world;
    struct reach reach = reach_of(world, &key->who, ACTION_READ);
    buffer_clear(&units);
    if (reach.root)
        reach_units_text(world, reach.root, &units);
    else
        buffer_append_text(&units, "{}");
    sub->under_way = true;
    sub->look_at = clock_monotonic_ms() + LOOK_EACH_MS;
    db_group_begin(sub->group, DB_READ);
    struct db_call *scope = db_group_add(sub->group, &SCOPE);
    db_set_string(scope, 1, reach.everything ? "1" : "0");
    db_set_text(scope, 2, (const char *)units.data, units.length);
    db_set_int2(db_group_add(sub->group, &HEAD), 1, (int16_t)console_config.shard);
    struct db_call *page = db_group_add(sub->group, &PAGE);
    db_set_int2(page, 1, (int16_t)console_config.shard);
    db_set_int8(page, 2, sub->cursor);
    db_set_int8(page, 3, sub->cursor + SPAN);
    db_set_bool(page, 4, reach.everything);
    db_set_text(page, 5, (const char *)units.data, units.length);
    db_pool_send(g->console->pool, sub->group, GATEWAY_TIMEOUT_MS, on_page, sub);
}

static void attend(struct gateway_sub *sub, int64_t now) {
    const struct gateway_key *key = gateway_key_by_id(sub->gateway, sub->key);
    if (!key) {
        gateway_refuse(sub->gateway, &sub->peer, sub->id, 401, "",
                       "the key was withdrawn, or its token is disabled or has expired");
        remove_sub(sub);
    } else if (now >= sub->answer_at) {
        answer(sub, NULL);
    } else if (now >= sub->look_at &&
               (sub->cursor < sub->head || news_head(sub->gateway->console->news) > sub->cursor || sub->head < 0)) {
        look(sub, key);
    }
}

void gateway_events_tick(struct gateway *g) {
    int64_t now = clock_monotonic_ms();
    for (struct gateway_sub *sub = g->subs, *next; sub; sub = next) {
        next = sub->next;
        if (!sub->under_way) attend(sub, now);
    }
}

/* ---- asking ------------------------------------------------------------------------------------------------------------------------------- */

void gateway_subscribe(struct gateway *g, const struct bus_peer *peer, const struct gateway_key *key, int64_t id,
                       const struct subscribe *subscribe) {
    struct reach reach = reach_of(&g->console->reference->world, &key->who, ACTION_READ);
    for (struct gateway_sub *sub = g->subs; sub; sub = sub->next)
        if (bus_peer_equal(&sub->peer, peer)) { /* one at a time: the new one holds */
            remove_sub(sub);
            break;
        }
    if (!reach.everything && !reach.root) {
        gateway_audit(g, &key->who.principal, "subscribe", "", "role");
        gateway_refuse(g, peer, id, 403, "",
                       "events go to units: this role may not subscribe; a source is told by webhooks");
    } else if (subscribe->after < 0) {
        gateway_refuse(g, peer, id, 422, "/after", "must be a seq, or 0 for the first one on");
    } else if (g->sub_count >= SUBS_MAX) {
        gateway_refuse(g, peer, id, 503, "", "too many subscribers now: subscribe again later");
    } else {
        struct gateway_sub *sub = calloc(1, sizeof *sub);
        must(sub);
        *sub = (struct gateway_sub){.next = g->subs,
                                    .gateway = g,
                                    .peer = *peer,
                                    .key = key->id,
                                    .id = id,
                                    .after = subscribe->after,
                                    .cursor = subscribe->after,
                                    .head = -1,
                                    .answer_at = clock_monotonic_ms() + WAIT_MS,
                                    .group = db_group_new()};
        g->subs = sub;
        g->sub_count++;
        look(sub, key);
    }
}

void gateway_events_free(struct gateway *g) {
    while (g->subs) {
        g->subs->under_way = false;
        remove_sub(g->subs);
    }
}
