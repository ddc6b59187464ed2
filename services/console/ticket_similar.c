/* GET /tickets/{number}/similar: tickets of the last 30 days that may be the same thing, with a score and its reasons (rules R19, R20).
 * Looked at are the newest ones of the place's community, so the cost is bounded however many there are; only what the asker may
 * see. Merging is a person's command. */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "core/similar.h"
#include "proto/must.h"
#include "services/console/ticket_read.h"
#include "services/console/tickets.h"

enum { LOOKED_AT_MAX = 400, PLACES_MAX = 60, EACH_MIN = 20, SHOWN_MAX = 20, SENTENCE_BYTES = 400 };
#define DAY_MS INT64_C(86400000)

static const struct db_statement WORDS = {"similar_words",
                                          "SELECT q.title, q.description, q.lon, q.lat, q.phone_index FROM ticket t "
                                          "JOIN request q ON q.id = t.request WHERE t.id = $1::int8"};

/* $1 places, $2 from this number on, $3 not this one, $4 of each place */
static const struct db_statement NEAR = {
    "similar_near",
    "SELECT q.title, q.description, q.lon, q.lat, q.phone_index, n.body FROM unnest($1::int4[]) p, "
    "LATERAL (SELECT t.id, t.body, t.request FROM ticket t WHERE t.place = p AND t.id >= $2::int8 AND t.id <> $3::int8 "
    "ORDER BY t.id DESC LIMIT $4::int4) n LEFT JOIN request q ON q.id = n.request"};

struct candidate {
    struct ticket ticket;
    const char *title;
    struct similar_score score;
};

struct search {
    struct ticket ticket;
    struct similar_text text;
    struct similar_side side;
    uint8_t caller[64];
};

/* The columns title, description, lon, lat, phone_index. */
static void read_side(struct arena *arena, const struct db_result *rows, int i, const struct ticket *ticket,
                      struct similar_text *text, struct similar_side *ret_side) {
    struct text texts[2];
    int count = 0;
    for (int column = 0; column < 2; column++) {
        size_t len;
        struct span folded;
        const char *said = db_get_text(rows, i, column, &len);
        if (!said || text_fold(arena, said, len, &folded) != ERR_NONE) continue;
        texts[count++] = (struct text){folded.at, (uint32_t)folded.len};
    }
    similar_text_read(texts, count, text);
    size_t caller_len;
    const uint8_t *caller = db_get_bytes(rows, i, 4, &caller_len);
    *ret_side = (struct similar_side){.place = ticket->place,
                                      .matter = ticket->matter,
                                      .received_at = ticket->received_at,
                                      .has_point = !db_is_null(rows, i, 2) && !db_is_null(rows, i, 3),
                                      .text = text,
                                      .caller = {caller, caller ? (uint32_t)caller_len : 0}};
    if (!ret_side->has_point) return;
    ret_side->lon = db_get_float8(rows, i, 2);
    ret_side->lat = db_get_float8(rows, i, 3);
}

static int by_score(const void *a_, const void *b_) {
    const struct candidate *a = *(struct candidate *const *)a_, *b = *(struct candidate *const *)b_;
    if (a->score.total != b->score.total) return b->score.total - a->score.total;
    return (b->ticket.id > a->ticket.id) - (b->ticket.id < a->ticket.id);
}

static bool is_one_already(const struct ticket *a, const struct ticket *b) {
    return a->merged_into == b->id || b->merged_into == a->id || (a->merged_into && a->merged_into == b->merged_into);
}

/* Row i as a candidate, or NULL. */
static struct candidate *take(struct call *call, const struct search *s, const struct db_result *rows, int i) {
    static struct ticket ticket;
    static struct similar_text text;
    size_t len, title_len;
    const uint8_t *body = db_get_bytes(rows, i, 5, &len);
    if (!body || !ticket_of_body(body, len, &ticket)) return NULL;
    struct principal by = who_toward(&call->who, ticket.source);
    bool ended = ticket.state == STATE_VOID || ticket.state == STATE_DECLINED;
    if (ended || is_one_already(&s->ticket, &ticket) || !ticket_visible(call_world(call), &ticket, &by)) return NULL;
    struct arena arena;
    struct similar_side side;
    struct similar_score score;
    arena_init(&arena, 1 << 15, 1 << 20);
    read_side(&arena, rows, i, &ticket, &text, &side);
    similar_score(call_world(call), &s->side, &side, &score);
    arena_done(&arena);
    if (score.total < SIMILAR_SHOWN) return NULL;
    const char *title = db_get_text(rows, i, 0, &title_len);
    struct candidate *c = call_take(call, sizeof *c);
    *c = (struct candidate){ticket, call_printf(call, "%.*s", title ? (int)title_len : 0, title ? title : ""), score};
    return c;
}

static void on_near(struct call *call, const struct db_reply *reply) {
    const struct search *s = call->self;
    const struct db_result *rows = reply->results[1];
    struct candidate **found = call_take(call, (LOOKED_AT_MAX + PLACES_MAX * EACH_MIN) * sizeof *found);
    int count = 0;
    for (int i = 0; i < db_rows(rows); i++) {
        struct candidate *c = take(call, s, rows, i);
        if (c) found[count++] = c;
    }
    qsort(found, (size_t)count, sizeof *found, by_score);
    struct json_writer *w = call_json(call);
    json_open(w);
    put_ticket_number(w, "ticket", s->ticket.id);
    json_put_int(w, "looked", db_rows(rows));
    json_put_int(w, "from_score", SIMILAR_SHOWN);
    json_put_open_list(w, "candidates");
    for (int i = 0; i < count && i < SHOWN_MAX; i++) {
        char zh[SENTENCE_BYTES], en[SENTENCE_BYTES];
        similar_say(&found[i]->score, LANG_ZH, zh, sizeof zh);
        similar_say(&found[i]->score, LANG_EN, en, sizeof en);
        json_open(w);
        put_ticket_row(w, call->reference, &found[i]->ticket, found[i]->title, clock_now());
        json_put_int(w, "score", found[i]->score.total);
        put_names(w, "why", zh, en);
        json_close(w);
    }
    json_close_list(w);
    json_close(w);
    call_answer(call, 200);
}

/* The place, its community, and every grid of that; a place that is coarser stands for itself. */
static int push_places(const struct world *world, uint32_t place, struct db_call *to, int number) {
    uint32_t community = world_above(world, place, UNIT_COMMUNITY);
    int count = 0;
    db_set_array(to, number, DB_INT4);
    for (uint32_t id = 1; community && id < world->unit_count && count < PLACES_MAX; id++) {
        if (!world->units[id].kind || !world_in_subtree(world, community, id)) continue;
        db_push_int4(to, number, (int32_t)id);
        count++;
    }
    if (count) return count;
    db_push_int4(to, number, (int32_t)place);
    return 1;
}

static void on_ticket(struct call *call, const struct db_reply *reply) {
    struct search *s = call_take(call, sizeof *s);
    const struct db_result *words = reply->results[2];
    if (!ticket_read(call, reply, 1, &s->ticket) || db_rows(words) != 1) {
        call_not_found(call);
        return;
    }
    struct arena arena;
    arena_init(&arena, 1 << 15, 1 << 20);
    read_side(&arena, words, 0, &s->ticket, &s->text, &s->side);
    arena_done(&arena);
    must(s->side.caller.len <= sizeof s->caller);
    if (s->side.caller.len) memcpy(s->caller, s->side.caller.at, s->side.caller.len);
    s->side.caller.at = s->caller; /* the row is gone when it is asked for */
    call->self = s;
    call_read(call);
    struct db_call *near = call_add(call, &NEAR);
    int places = push_places(call_world(call), s->ticket.place, near, 1);
    int each = LOOKED_AT_MAX / places > EACH_MIN ? LOOKED_AT_MAX / places : EACH_MIN;
    db_set_int8(near, 2, (int64_t)clock_date(clock_now() - SIMILAR_DAYS * DAY_MS) * 1000000000);
    db_set_int8(near, 3, s->ticket.id);
    db_set_int4(near, 4, each);
    call_send(call, on_near);
}

void ticket_similar_get(struct call *call) {
    int64_t ticket;
    if (!ticket_ask(call, &ticket)) return;
    db_set_int8(call_add(call, &WORDS), 1, ticket);
    call_send(call, on_ticket);
}
