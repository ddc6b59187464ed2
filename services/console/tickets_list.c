/* GET /tickets: every filter of the list, newest first, by cursor. Bounded in time: without `from` it looks back 92 days, and the
 * answer says so. Row level security and core's own judgement stand behind each row. */
#include <string.h>

#include "common/number.h"
#include "proto/must.h"
#include "services/console/ticket_json.h"
#include "services/console/tickets.h"

enum { LIMIT = 50, LIMIT_MAX = 200, QUERY_BYTES_MAX = 200 };
#define DAY_MS     86400000LL
#define LOOK_BACK  (92 * DAY_MS)
#define NUMBER_MAX INT64_MAX

struct filter {
    int64_t before; /* tickets with smaller numbers */
    time_ms from, to, now;
    uint16_t states; /* bits; 0: all */
    uint32_t matter_from, matter_to, unit, grid;
    int light, limit;
    bool supervised;         /* only where a supervision is open */
    const char *pattern;     /* ILIKE; NULL: none */
    int64_t ticket, request; /* q was a number */
};

static const struct db_statement LIST = {
    "tickets_list",
    "SELECT t.id, t.body, r.title FROM ticket t LEFT JOIN request r ON r.id = t.request WHERE t.id < $1::int8 AND t.id "
    ">= $2::int8 AND "
    "t.received_at >= $3::int8 AND t.received_at < $4::int8 AND (cardinality($5::int2[]) = 0 OR t.state = ANY "
    "($5::int2[])) AND "
    "($7::int4 = 0 OR t.matter BETWEEN $6::int4 AND $7::int4) AND ($8::text IS NULL OR t.owner = ANY "
    "($8::text::int4[]) OR "
    "EXISTS (SELECT FROM assignment a WHERE a.ticket = t.id AND a.unit = ANY ($8::text::int4[]))) AND ($9::text IS "
    "NULL OR "
    "t.place = ANY ($9::text::int4[])) AND ($10::int4 = 0 OR (t.open AND CASE WHEN t.due > 0 AND t.due <= $11::int8 "
    "THEN 3 "
    "WHEN t.yellow > 0 AND t.yellow <= $11::int8 THEN 2 ELSE 1 END = $10::int4)) AND ($12::text IS NULL OR EXISTS "
    "(SELECT FROM "
    "ticket_request tr JOIN request q ON q.id = tr.request WHERE tr.ticket = t.id AND (q.title ILIKE $12::text OR "
    "q.address ILIKE "
    "$12::text))) AND ($13::int8 = 0 OR t.id = $13::int8) AND ($14::int8 = 0 OR EXISTS (SELECT FROM ticket_request tr "
    "WHERE "
    "tr.request = $14::int8 AND (tr.ticket = t.id OR tr.origin = t.id))) AND (NOT $16::bool OR (t.open AND "
    "t.supervised)) ORDER BY t.id DESC LIMIT $15::int4"};

/* ---- filters ------------------------------------------------------------------------------------------------------------------------------------- */

static uint16_t read_states(struct call *call) {
    const char *text = http_query(call->request, "state");
    uint16_t states = 0;
    for (const char *at = text ? text : ""; *at;) {
        size_t len = strcspn(at, ",");
        int state = word_value(WORDS_state, at, len);
        if (!state) call_wrong_word(call, "state", WORDS_state);
        states |= (uint16_t)(state ? 1u << state : 0);
        at += len + (at[len] == ',');
    }
    return states;
}

static void read_matter(struct call *call, struct filter *f) {
    const char *text = http_query(call->request, "matter");
    int64_t value = 0;
    if (!text) return;
    size_t len = strlen(text);
    if ((len != 2 && len != 4 && len != 6) || strspn(text, "0123456789") != len) {
        call_wrong(call, "matter", "须为 2、4 或 6 位数字", "must have 2, 4 or 6 digits");
        return;
    }
    for (const char *at = text; *at; at++) value = value * 10 + (*at - '0');
    uint32_t step = len == 2 ? 10000 : len == 4 ? 100 : 1;
    f->matter_from = (uint32_t)value * step;
    f->matter_to = f->matter_from + step - 1;
}

static void read_light(struct call *call, struct filter *f) {
    const char *text = http_query(call->request, "light");
    if (!text) return;
    f->light = word_value(WORDS_light, text, strlen(text));
    if (!f->light) call_wrong(call, "light", "须为 green yellow red 之一", "must be one of green, yellow, red");
}

static void read_times(struct call *call, struct filter *f) {
    f->now = clock_now();
    call_query_period(call, &f->from, &f->to);
    if (f->to == 0) f->to = f->now + DAY_MS;
    if (f->from == 0) f->from = f->to - LOOK_BACK;
    if (f->from < 0) f->from = 0;
    if (call->wrong_count == 0 && f->from >= f->to)
        call_wrong(call, "from", "不能在将来", "must not lie in the future");
}

/* What is looked for stands anywhere in a title or address; the signs that mean something to LIKE are taken as they are. */
static void read_words(struct call *call, struct filter *f) {
    const char *text = http_query(call->request, "q");
    if (!text || !*text) return;
    size_t len = strlen(text);
    if (number_parse_ticket(text, len, &f->ticket) == ERR_NONE ||
        number_parse_request(text, len, &f->request) == ERR_NONE)
        return;
    if (len > QUERY_BYTES_MAX) {
        call_wrong(call, "q", "过长", "is too long");
        return;
    }
    char *pattern = call_take(call, 2 * len + 3), *to = pattern;
    *to++ = '%';
    for (const char *at = text; *at; at++) {
        if (*at == '%' || *at == '_' || *at == '\\') *to++ = '\\';
        *to++ = *at;
    }
    *to++ = '%';
    f->pattern = pattern;
}

/* Numbers begin with the local date, so a time bounds them too: that is what keeps old partitions out. */
static int64_t number_at(time_ms time) {
    return (int64_t)clock_date(time) * 1000000000LL;
}

static void set_units(struct call *call, struct db_call *list, int number, uint32_t root) {
    static struct buffer text;
    if (!root) {
        db_set_null(list, number, DB_TEXT);
        return;
    }
    buffer_clear(&text);
    reach_units_text(call_world(call), root, &text);
    db_set_text(list, number, (const char *)text.data, text.length);
}

/* ---- the answer ------------------------------------------------------------------------------------------------------------------------------------ */

static void on_list(struct call *call, const struct db_reply *reply) {
    const struct filter *f = call->self;
    const struct db_result *rows = reply->results[1];
    int count = db_rows(rows);
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_time(w, "from", f->from);
    json_put_time(w, "to", f->to);
    json_put_open_list(w, "tickets");
    for (int i = 0; i < count && i < f->limit; i++) {
        static struct ticket ticket;
        size_t len;
        const uint8_t *body = db_get_bytes(rows, i, 1, &len);
        if (!ticket_of_body(body, len, &ticket)) continue;
        struct principal by = who_toward(&call->who, ticket.source);
        if (!ticket_visible(call_world(call), &ticket, &by)) continue;
        json_open(w);
        put_ticket_row(w, call->reference, &ticket, db_get_text(rows, i, 2, &len), f->now);
        json_close(w);
    }
    json_close_list(w);
    call_put_next(call, w, count > f->limit ? call_cursor(call, db_get_int(rows, f->limit - 1, 0), 0) : NULL);
    json_close(w);
    call_answer(call, 200);
}

static void send(struct call *call, const struct filter *f) {
    call_read(call);
    struct db_call *list = call_add(call, &LIST);
    db_set_int8(list, 1, f->before);
    db_set_int8(list, 2, number_at(f->from));
    db_set_int8(list, 3, f->from);
    db_set_int8(list, 4, f->to);
    db_set_array(list, 5, DB_INT2);
    for (int state = 1; state < STATE_COUNT; state++)
        if (f->states >> state & 1) db_push_int2(list, 5, (int16_t)state);
    db_set_int4(list, 6, (int32_t)f->matter_from);
    db_set_int4(list, 7, (int32_t)f->matter_to);
    set_units(call, list, 8, f->unit);
    set_units(call, list, 9, f->grid);
    db_set_int4(list, 10, f->light);
    db_set_int8(list, 11, f->now);
    db_set_string(list, 12, f->pattern);
    db_set_int8(list, 13, f->ticket);
    db_set_int8(list, 14, f->request);
    db_set_int4(list, 15, f->limit + 1);
    db_set_bool(list, 16, f->supervised);
    call_send(call, on_list);
}

void tickets_get(struct call *call) {
    struct filter *f = call_take(call, sizeof *f);
    int64_t cursor[2];
    call->self = f;
    f->limit = (int)call_query_int(call, "limit", LIMIT, LIMIT_MAX);
    f->before = call_query_cursor(call, cursor) ? cursor[0] : NUMBER_MAX;
    f->states = read_states(call);
    f->supervised = call_query_int(call, "supervised", 0, 1) == 1;
    f->unit = call_query_unit(call, "unit");
    f->grid = call_query_unit(call, "grid");
    read_matter(call, f);
    read_light(call, f);
    read_times(call, f);
    read_words(call, f);
    if (call_is_wrong(call, 400)) return;
    send(call, f);
}
