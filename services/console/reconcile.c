/* See reconcile.h. A request's number begins with the local date of its acceptance, so a day is a range of numbers; the hour is that of
 * received_at, which the source was told when it pushed. */
#include "services/console/reconcile.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/number.h"
#include "services/console/ticket_json.h"

enum { HOURS = 24, PAGE = 500, PAGE_MAX = 5000 };
#define HOUR_MS INT64_C(3600000)
/* A group that was sent within the hour is committed within this time after it. */
#define SETTLE_MS INT64_C(10000)

/* An hour's hash: SHA-256 of "external_id TAB number LF" of each, ordered by the bytes of external_id. The text is what
 * docs/integration.md tells the other side to hash. */
static const struct db_statement HOURS_OF_DAY = {
    "reconcile_hours",
    "SELECT ((received_at - $4::int8) / 3600000)::int4, count(*), encode(sha256(convert_to(string_agg(external_id || "
    "E'\\t' || 'R' || id || E'\\n', '' ORDER BY external_id COLLATE \"C\"), 'UTF8')), 'hex') FROM request WHERE source "
    "= $1::int4 AND id >= $2::int8 AND id < $3::int8 GROUP BY 1 ORDER BY 1"};
static const struct db_statement ROWS = {
    "reconcile_rows",
    "SELECT r.id, r.external_id, r.received_at, coalesce(t.state, 0) FROM request r LEFT JOIN ticket_request tr ON "
    "tr.request = r.id LEFT JOIN ticket t ON t.id = tr.ticket WHERE r.source = $1::int4 AND r.id > $2::int8 AND r.id < "
    "$3::int8 AND r.received_at >= $4::int8 AND r.received_at < $5::int8 ORDER BY r.id LIMIT $6::int4"};
static const char EMPTY_HASH[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct day {
    const struct reference_source *source;
    int32_t date;
    time_ms start;
    int hour; /* -1: the whole day */
    int64_t after, limit;
};

/* ---- what is asked --------------------------------------------------------------------------------------------------------------- */

static void read_date(struct call *call, struct day *day) {
    const char *text = http_query(call->request, "date");
    int year, month, number, used = 0;
    if (strlen(text) == 10 && sscanf(text, "%4d-%2d-%2d%n", &year, &month, &number, &used) == 3 && used == 10) {
        day->date = year * 10000 + month * 100 + number;
        if (clock_date_is_valid(day->date)) {
            day->start = clock_date_start(day->date);
            return;
        }
    }
    call_wrong(call, "date", "请给出日期, 如 2026-11-21", "give the day, such as 2026-11-21");
}

static void read_hour(struct call *call, struct day *day) {
    const char *text = http_query(call->request, "hour");
    int64_t hour = -1;
    if (text && (number_parse_int(text, strlen(text), &hour) != ERR_NONE || hour < 0 || hour >= HOURS))
        call_wrong(call, "hour", "须为 0 到 23", "must be 0 to 23");
    day->hour = (int)hour;
}

/* NULL: answered. A source that is not one's own is not told from one that is not there. */
static struct day *read_day(struct call *call) {
    struct day *day = call_take(call, sizeof *day);
    const char *source = http_query(call->request, "source");
    call->self = day;
    read_date(call, day);
    read_hour(call, day);
    if (call_is_wrong(call, 400)) return NULL;
    day->source = reference_source_by_code(call->reference, source, strlen(source));
    if (!day->source || !(call->reach.everything || reach_has_source(&call->reach, day->source->id))) {
        call_not_found(call);
        return NULL;
    }
    return day;
}

static void put_day(struct json_writer *w, const struct day *day) {
    char date[24];
    snprintf(date, sizeof date, "%04d-%02d-%02d", day->date / 10000, day->date / 100 % 100, day->date % 100);
    json_put_string(w, "source", day->source->code);
    json_put_string(w, "date", date);
}

/* ---- the hours -------------------------------------------------------------------------------------------------------------------- */

static void put_hour(struct json_writer *w, const struct day *day, int hour, int64_t count, const char *hash) {
    time_ms from = day->start + hour * HOUR_MS;
    json_open(w);
    json_put_int(w, "hour", hour);
    json_put_time(w, "from", from);
    json_put_int(w, "count", count);
    json_put_string(w, "hash", hash);
    json_put_bool(w, "complete", clock_now() >= from + HOUR_MS + SETTLE_MS);
    json_close(w);
}

static void on_hours(struct call *call, const struct db_reply *reply) {
    const struct day *day = call->self;
    const struct db_result *rows = reply->results[1];
    struct json_writer *w = call_json(call);
    int64_t count = 0;
    int row = 0;
    for (int i = 0; i < db_rows(rows); i++) count += db_get_int(rows, i, 1);
    json_open(w);
    put_day(w, day);
    json_put_int(w, "count", count);
    json_put_open_list(w, "hours");
    for (int hour = 0; hour < HOURS; hour++) {
        bool has = row < db_rows(rows) && db_get_int(rows, row, 0) == hour;
        size_t len;
        put_hour(w, day, hour, has ? db_get_int(rows, row, 1) : 0, has ? db_get_text(rows, row, 2, &len) : EMPTY_HASH);
        row += has;
    }
    json_close_list(w);
    json_close(w);
    call_answer(call, 200);
}

static int64_t first_number(const struct day *day) {
    return (int64_t)day->date * 1000000000;
}

void reconciliation_get(struct call *call) {
    struct day *day = read_day(call);
    if (!day) return;
    call_read(call);
    struct db_call *hours = call_add(call, &HOURS_OF_DAY);
    db_set_int4(hours, 1, (int32_t)day->source->id);
    db_set_int8(hours, 2, first_number(day));
    db_set_int8(hours, 3, first_number(day) + 1000000000);
    db_set_int8(hours, 4, day->start);
    call_send(call, on_hours);
}

/* ---- the rows ---------------------------------------------------------------------------------------------------------------------- */

static void on_rows(struct call *call, const struct db_reply *reply) {
    const struct day *day = call->self;
    const struct db_result *rows = reply->results[1];
    int count = db_rows(rows), limit = (int)day->limit;
    struct json_writer *w = call_json(call);
    json_open(w);
    put_day(w, day);
    json_put_open_list(w, "requests");
    for (int i = 0; i < count && i < limit; i++) {
        size_t len;
        int state = (int)db_get_int(rows, i, 3);
        json_open(w);
        put_request_number(w, "number", db_get_int(rows, i, 0));
        json_put_string(w, "external_id", db_get_text(rows, i, 1, &len));
        json_put_time(w, "received_at", db_get_int(rows, i, 2));
        json_put_string(w, "state", state ? word_text(WORDS_state, state) : NULL);
        json_close(w);
    }
    json_close_list(w);
    call_put_next(call, w, count > limit ? call_cursor(call, db_get_int(rows, limit - 1, 0), 0) : NULL);
    json_close(w);
    call_answer(call, 200);
}

void reconciliation_requests_get(struct call *call) {
    int64_t cursor[2] = {0};
    call_query_cursor(call, cursor);
    int64_t limit = call_query_int(call, "limit", PAGE, PAGE_MAX);
    struct day *day = read_day(call);
    if (!day) return;
    int64_t first = first_number(day);
    day->limit = limit;
    call_read(call);
    struct db_call *rows = call_add(call, &ROWS);
    db_set_int4(rows, 1, (int32_t)day->source->id);
    db_set_int8(rows, 2, cursor[0] > first ? cursor[0] : first);
    db_set_int8(rows, 3, first + 1000000000);
    db_set_int8(rows, 4, day->start + (day->hour < 0 ? 0 : day->hour * HOUR_MS));
    db_set_int8(rows, 5, day->start + (day->hour < 0 ? HOURS : day->hour + 1) * HOUR_MS);
    db_set_int4(rows, 6, (int32_t)limit + 1);
    call_send(call, on_rows);
}
