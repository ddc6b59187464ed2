/* The inbox. A notice to a desk is everybody's of that unit; whoever marks it first has read it for all (rule D11). */
#include <string.h>

#include <cjson/cJSON.h>

#include "common/json.h"
#include "common/number.h"
#include "services/console/duty.h"
#include "services/console/ticket_json.h"

enum { PAGE = 50, PAGE_MAX = 200, MARK_MAX = 200 };

#define MINE "(person <> 0 AND person = $1::int8 OR person = 0 AND unit = $2::int4)"
static const struct db_statement LIST = {"notices_list",
                                         "SELECT id, at, type, ticket, about, rung, stage, told_as, person, "
                                         "not_before, read_at FROM ((SELECT * FROM notice WHERE "
                                         "person <> 0 AND person = $1::int8 AND id < $3::int8 AND (NOT $5::bool OR "
                                         "read_at = 0) ORDER BY id DESC LIMIT $4::int4) "
                                         "UNION ALL (SELECT * FROM notice WHERE person = 0 AND unit = $2::int4 AND id "
                                         "< $3::int8 AND (NOT $5::bool OR read_at = 0) "
                                         "ORDER BY id DESC LIMIT $4::int4)) n ORDER BY id DESC LIMIT $4::int4"};
static const struct db_statement UNREAD = {
    "notices_unread",
    "SELECT count(*) FROM (SELECT FROM notice WHERE read_at = 0 AND not_before <= $3::int8 AND " MINE " LIMIT 1000) n"};
static const struct db_statement MARK = {
    "notices_mark",
    "WITH marked AS (UPDATE notice SET read_at = $4::int8, read_by = $1::int8 WHERE id = ANY ($3::int8[]) AND "
    "read_at = 0 AND " MINE " RETURNING id) SELECT count(*) FROM marked"};

static void put_word_or_null(struct json_writer *w, const char *key, enum word_set set, int value) {
    if (value)
        put_word(w, key, set, value);
    else
        json_put_string(w, key, NULL);
}

static void put_time_or_null(struct json_writer *w, const char *key, time_ms at) {
    if (at)
        json_put_time(w, key, at);
    else
        json_put_string(w, key, NULL);
}

static void put_notice(struct json_writer *w, struct call *call, const struct db_result *rows, int i, time_ms now) {
    int type = (int)db_get_int(rows, i, 2);
    const struct word *word = word_by_value(WORDS_event_type, type);
    time_ms not_before = db_get_int(rows, i, 9);
    json_open(w);
    json_put_id(w, "id", db_get_int(rows, i, 0));
    json_put_time(w, "at", db_get_int(rows, i, 1));
    json_put_string(w, "event", word_text(WORDS_event_type, type));
    json_put_string(w, "zh", word ? word->zh : "");
    json_put_string(w, "en", word ? word->en : "");
    put_ticket_number(w, "ticket", db_get_int(rows, i, 3));
    put_unit(w, "about", call->reference, (uint32_t)db_get_int(rows, i, 4));
    put_word_or_null(w, "rung", WORDS_rung, (int)db_get_int(rows, i, 5));
    put_word_or_null(w, "stage", WORDS_stage, (int)db_get_int(rows, i, 6));
    put_word_or_null(w, "as", WORDS_told_as, (int)db_get_int(rows, i, 7));
    json_put_bool(w, "personal", db_get_int(rows, i, 8) != 0);
    put_time_or_null(w, "not_before", not_before);
    json_put_bool(w, "waits", not_before > now);
    put_time_or_null(w, "read_at", db_get_int(rows, i, 10));
    json_close(w);
}

static void on_list(struct call *call, const struct db_reply *reply) {
    const struct db_result *rows = reply->results[1];
    int limit = (int)call_query_int(call, "limit", PAGE, PAGE_MAX), count = db_rows(rows);
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_int(w, "unread", db_get_int(reply->results[2], 0, 0));
    json_put_open_list(w, "notices");
    for (int i = 0; i < count && i < limit; i++) put_notice(w, call, rows, i, clock_now());
    json_close_list(w);
    call_put_next(call, w, count > limit ? call_cursor(call, db_get_int(rows, limit - 1, 0), 0) : NULL);
    json_close(w);
    call_answer(call, 200);
}

static void set_me(const struct call *call, struct db_call *query) {
    db_set_int8(query, 1, call->who.principal.user);
    db_set_int4(query, 2, (int32_t)call->who.principal.unit);
}

void notices_get(struct call *call) {
    int64_t cursor[2] = {INT64_MAX, 0};
    const char *unread = http_query(call->request, "unread");
    call_query_cursor(call, cursor);
    int64_t limit = call_query_int(call, "limit", PAGE, PAGE_MAX);
    if (call_is_wrong(call, 400)) return;
    call_read(call);
    struct db_call *list = call_add(call, &LIST), *count = call_add(call, &UNREAD);
    set_me(call, list);
    db_set_int8(list, 3, cursor[0]);
    db_set_int4(list, 4, (int32_t)limit + 1);
    db_set_bool(list, 5, unread && strcmp(unread, "0") != 0);
    set_me(call, count);
    db_set_int8(count, 3, clock_now());
    call_send(call, on_list);
}

static void on_marked(struct call *call, const struct db_reply *reply) {
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_int(w, "marked", db_get_int(reply->results[1], 0, 0));
    json_close(w);
    call_answer(call, 200);
}

void notices_read_post(struct call *call) {
    const cJSON *tree = call_json_body(call), *list, *item;
    int64_t ids[MARK_MAX];
    int count = 0;
    if (!tree) return;
    if (json_get_list(tree, "ids", &list) != ERR_NONE || cJSON_GetArraySize(list) > MARK_MAX)
        call_wrong(call, "/ids", "须为通知编号的列表, 至多 200 个", "must be a list of notice ids, 200 at most");
    else
        cJSON_ArrayForEach(item, list) {
            if (!cJSON_IsString(item) ||
                number_parse_int(item->valuestring, strlen(item->valuestring), &ids[count]) != ERR_NONE)
                call_wrong(call, "/ids", "须为通知编号的列表", "must be a list of notice ids");
            else
                count++;
        }
    if (call_is_wrong(call, 422)) return;
    call_transact(call);
    struct db_call *mark = call_add(call, &MARK);
    set_me(call, mark);
    db_set_array(mark, 3, DB_INT8);
    for (int i = 0; i < count; i++) db_push_int8(mark, 3, ids[i]);
    db_set_int8(mark, 4, clock_now());
    call_send(call, on_marked);
}
