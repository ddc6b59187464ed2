/* See followups.h: messages are taken (201 only after COMMIT, 200 for the same again) and shown. */
#include "services/console/followups.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "common/crypto.h"
#include "common/json.h"
#include "common/text.h"
#include "core/verdict.h"
#include "services/console/ticket_json.h"
#include "services/kit/mapping.h"

enum { PAGE = 50, PAGE_MAX = 500, MESSAGE_ID_MAX = 64 };

#define COLUMNS                                                                                                        \
    "f.id, f.source, f.external_id, f.message_id, f.kind, f.note, f.received_at, f.state, f.verdict, f.ticket, "       \
    "f.ended_at, f.content, CASE WHEN f.state <> 'waiting' THEN '' WHEN NOT EXISTS (SELECT FROM request_key k WHERE "  \
    "k.source = f.source AND k.external_id = f.external_id) THEN 'request' WHEN NOT EXISTS (SELECT FROM request_key "  \
    "k JOIN ticket_request tr ON tr.request = k.request WHERE k.source = f.source AND k.external_id = "                \
    "f.external_id) THEN 'ticket' WHEN f.kind = 'rating' THEN 'callback' ELSE 'turn' END"
enum {
    ID,
    SOURCE,
    EXTERNAL_ID,
    MESSAGE_ID,
    KIND,
    NOTE,
    RECEIVED,
    STATE,
    VERDICT,
    TICKET,
    ENDED,
    CONTENT,
    WAITS,
    IS_NEW
};

static const struct db_statement TAKE = {
    "followups_take",
    "INSERT INTO followup (source, external_id, message_id, kind, note, solved, satisfied, content, received_at, "
    "user_id, role, unit) VALUES ($1::int4, $2::text, $3::text, $4::text, $5::text, $6::bool, $7::bool, $8::bytea, "
    "$9::int8, $10::int8, $11::int2, $12::int4) ON CONFLICT DO NOTHING RETURNING id"};
static const struct db_statement TAKEN = {"followups_taken",
                                          "SELECT " COLUMNS " FROM followup f WHERE f.source = $1::int4 AND "
                                          "f.message_id = $2::text"};
static const struct db_statement LIST = {
    "followups_list", "SELECT " COLUMNS " FROM followup f WHERE (sees_everything() OR f.source = ANY "
                      "(sources_in_scope())) AND ($1::int4 = 0 OR f.source = $1::int4) AND ($2::text = '' OR "
                      "f.external_id = $2::text) AND ($3::text = '' OR f.state = $3::text) AND ($4::int8 = 0 OR f.id < "
                      "$4::int8) ORDER BY f.id DESC LIMIT $5::int4"};

/* ---- shown -------------------------------------------------------------------------------------------------------------------------- */

static void put_text_of(struct json_writer *w, const char *key, const struct db_result *rows, int row, int column) {
    size_t len;
    const char *text = db_get_text(rows, row, column, &len);
    json_put_text(w, key, text, len);
}

static void put_followup(struct json_writer *w, struct call *call, const struct db_result *rows, int row) {
    const struct reference_source *source = reference_source(call->reference, (uint32_t)db_get_int(rows, row, SOURCE));
    const struct verdict_row *verdict = verdict_row((int)db_get_int(rows, row, VERDICT));
    size_t len;
    const char *waits = db_get_text(rows, row, WAITS, &len);
    bool refused = db_get_int(rows, row, VERDICT) != VERDICT_OK;
    int64_t ended = db_get_int(rows, row, ENDED);
    json_put_string(w, "source", source ? source->code : "");
    put_text_of(w, "external_id", rows, row, EXTERNAL_ID);
    put_text_of(w, "id", rows, row, MESSAGE_ID);
    put_text_of(w, "kind", rows, row, KIND);
    put_text_of(w, "note", rows, row, NOTE);
    json_put_time(w, "received_at", db_get_int(rows, row, RECEIVED));
    put_text_of(w, "state", rows, row, STATE);
    json_put_string(w, "waits_for", *waits ? waits : NULL);
    put_ticket_number(w, "ticket", db_get_int(rows, row, TICKET));
    if (ended)
        json_put_time(w, "ended_at", ended);
    else
        json_put_null(w, "ended_at");
    json_put_string(w, "verdict", refused ? verdict->name + strlen("VERDICT_") : NULL);
    json_put_string(w, "detail", refused ? (call_lang(call) == LANG_EN ? verdict->en : verdict->zh) : NULL);
}

static void on_list(struct call *call, const struct db_reply *reply) {
    const struct db_result *rows = reply->results[1];
    int limit = (int)call_query_int(call, "limit", PAGE, PAGE_MAX), count = db_rows(rows);
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_open_list(w, "followups");
    for (int i = 0; i < count && i < limit; i++) {
        json_open(w);
        put_followup(w, call, rows, i);
        json_close(w);
    }
    json_close_list(w);
    call_put_next(call, w, count > limit ? call_cursor(call, db_get_int(rows, limit - 1, ID), 0) : NULL);
    json_close(w);
    call_answer(call, 200);
}

void followups_get(struct call *call) {
    static const char *const states[] = {"waiting", "done", "refused", NULL};
    int64_t cursor[2] = {0};
    const char *source = http_query(call->request, "source"), *external_id = http_query(call->request, "external_id");
    const char *state = call_query_choice(call, "state", states);
    const struct reference_source *known =
        source ? reference_source_by_code(call->reference, source, strlen(source)) : NULL;
    call_query_cursor(call, cursor);
    int64_t limit = call_query_int(call, "limit", PAGE, PAGE_MAX);
    if (source && !known) call_wrong(call, "source", "没有这个来源", "there is no such source");
    if (external_id && strlen(external_id) > EXTERNAL_ID_BYTES_MAX)
        call_wrong(call, "external_id", "过长", "is too long");
    if (call_is_wrong(call, 400)) return;
    call_read(call);
    struct db_call *list = call_add(call, &LIST);
    db_set_int4(list, 1, known ? (int32_t)known->id : 0);
    db_set_string(list, 2, external_id ? external_id : "");
    db_set_string(list, 3, state ? state : "");
    db_set_int8(list, 4, cursor[0]);
    db_set_int4(list, 5, (int32_t)limit + 1);
    call_send(call, on_list);
}

/* ---- taken -------------------------------------------------------------------------------------------------------------------------- */

void followup_seal(struct call *call, struct followup_said *s) {
    const char *whole =
        call_printf(call, "%s\n%s\n%d%d\n%s", s->external_id, s->kind, s->solved, s->satisfied, s->note);
    crypto_digest(whole, strlen(whole), s->content);
}

void followup_add(struct call *call, const struct followup_said *s) {
    struct db_call *take = call_add(call, &TAKE), *taken;
    db_set_int4(take, 1, (int32_t)s->source);
    db_set_string(take, 2, s->external_id);
    db_set_string(take, 3, s->message_id);
    db_set_string(take, 4, s->kind);
    db_set_string(take, 5, s->note);
    db_set_bool(take, 6, s->solved);
    db_set_bool(take, 7, s->satisfied);
    db_set_bytes(take, 8, s->content, sizeof s->content);
    db_set_int8(take, 9, clock_now());
    db_set_int8(take, 10, s->by.user);
    db_set_int2(take, 11, s->by.role);
    db_set_int4(take, 12, (int32_t)s->by.unit);
    taken = call_add(call, &TAKEN);
    db_set_int4(taken, 1, (int32_t)s->source);
    db_set_string(taken, 2, s->message_id);
}

enum followup_taken followup_taken(const struct db_reply *reply, const struct followup_said *s) {
    const struct db_result *rows = reply->results[2];
    size_t len;
    if (db_rows(rows) != 1) return FOLLOWUP_UNCLEAR;
    const uint8_t *content = db_get_bytes(rows, 0, CONTENT, &len);
    if (len != CRYPTO_HASH_BYTES || memcmp(content, s->content, len) != 0) return FOLLOWUP_OTHER;
    return db_rows(reply->results[1]) == 1 ? FOLLOWUP_NEW : FOLLOWUP_SAME;
}

static void on_taken(struct call *call, const struct db_reply *reply) {
    enum followup_taken taken = followup_taken(reply, call->self);
    if (taken == FOLLOWUP_UNCLEAR) {
        call_problem(call, 503, "系统繁忙, 请用同一编号重发", "Too busy now: send it again under the same id");
        return;
    }
    if (taken == FOLLOWUP_OTHER) {
        call_problem(call, 409, "同一编号已用于不同内容", "The same id was used with other content");
        return;
    }
    if (taken == FOLLOWUP_NEW) followups_wake(call->console->followups);
    struct json_writer *w = call_json(call);
    json_open(w);
    put_followup(w, call, reply->results[2], 0);
    json_close(w);
    call_answer(call, taken == FOLLOWUP_NEW ? 201 : 200);
}

static const char *read_text(struct call *call, const cJSON *tree, const char *key, size_t max, bool needed) {
    const char *text = "", *pointer = call_printf(call, "/%s", key);
    enum err err = json_get_text(tree, key, &text);
    if (err == ERR_INVALID) {
        call_wrong(call, pointer, "须为字符串", "must be a string");
        return "";
    }
    if (needed && (err != ERR_NONE || !*text)) call_wrong(call, pointer, "不能为空", "must be given");
    if (strlen(text) > max)
        call_wrong(call, pointer, call_printf(call, "过长, 最多 %zu 字节", max),
                   call_printf(call, "is too long: at most %zu bytes", max));
    else if (text_has_control(text, strlen(text), max > EXTERNAL_ID_BYTES_MAX))
        call_wrong(call, pointer, "含有控制字符", "holds control characters");
    return text;
}

static void read_kind(struct call *call, const cJSON *tree, struct followup_said *s) {
    static const char *const kinds[] = {"supplement", "urge", "cancel", "rating"};
    bool known = false;
    s->kind = read_text(call, tree, "kind", 20, true);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) known |= !strcmp(kinds[i], s->kind);
    if (!known)
        call_wrong(call, "/kind", "须为 supplement urge cancel rating 之一",
                   "must be one of supplement, urge, cancel, rating");
    bool rating = !strcmp(s->kind, "rating");
    enum err err = json_get_bool(tree, "solved", &s->solved);
    if (err == ERR_INVALID || (rating && err != ERR_NONE))
        call_wrong(call, "/solved", "评价须说明是否解决: true 或 false", "a rating says true or false: was it solved?");
    if (json_get_bool(tree, "satisfied", &s->satisfied) == ERR_INVALID)
        call_wrong(call, "/satisfied", "须为 true 或 false", "must be true or false");
    /* what the command may carry beyond the words put before it */
    s->note = read_text(call, tree, "note", rating ? REASON_BYTES_MAX : NOTE_BYTES_MAX - 40, false);
    if (!*s->note && (!strcmp(s->kind, "supplement") || (rating && err == ERR_NONE && !s->solved)))
        call_wrong(call, "/note", "请写明内容", "say what there is to say");
}

static void read_source(struct call *call, const cJSON *tree, struct followup_said *s) {
    const char *source = read_text(call, tree, "source", 40, true);
    const struct reference_source *known = reference_source_by_code(call->reference, source, strlen(source));
    if (known && (call->reach.everything || reach_has_source(&call->reach, known->id)))
        s->source = known->id;
    else if (*source)
        call_wrong(call, "/source", "无权代表该来源", "is not yours to speak for");
}

/* ---- in the source's own words ------------------------------------------------------------------------------------------------------- */

/* Whose words the body comes in: of the source named in the query, or of the only one the caller speaks for. NULL: ours. */
static const struct reference_source *words_of(struct call *call) {
    const char *named = http_query(call->request, "source");
    const struct reference_source *source = NULL;
    if (named)
        source = reference_source_by_code(call->reference, named, strlen(named));
    else if (call->who.source_count == 1)
        source = reference_source(call->reference, call->who.sources[0]);
    if (named && !source) call_wrong(call, "source", "没有这个来源", "there is no such source");
    return source && mapping_has(source->mapping, MAPPING_FOLLOWUP) ? source : NULL;
}

static void on_wrong(void *context, int status, const char *pointer, const char *zh, const char *en) {
    (void)status;
    call_wrong(context, pointer, zh, en);
}

/* The body in our words. NULL: answered. */
static cJSON *read_body(struct call *call, const struct reference_source *as) {
    cJSON *tree = as ? call_json_tree(call) : call_json_body(call);
    if (!tree || !as) return tree;
    cJSON *ours =
        mapping_apply(as->mapping, MAPPING_FOLLOWUP, as->code, tree, http_arena(call->request), on_wrong, call);
    json_free(&call->tree);
    call->tree = ours;
    return call_is_wrong(call, 422) ? NULL : ours;
}

void followups_post(struct call *call) {
    struct followup_said *s = call_take(call, sizeof *s);
    call->self = s;
    const struct reference_source *as = words_of(call);
    if (call_is_wrong(call, 400)) return;
    cJSON *tree = read_body(call, as);
    if (!tree) return;
    read_source(call, tree, s);
    s->external_id = read_text(call, tree, "external_id", EXTERNAL_ID_BYTES_MAX, true);
    s->message_id = read_text(call, tree, "id", MESSAGE_ID_MAX, true);
    read_kind(call, tree, s);
    for (int i = 0; as && i < call->wrong_count; i++)
        call->wrongs[i].pointer = mapping_pointer(as->mapping, MAPPING_FOLLOWUP, call->wrongs[i].pointer);
    if (call_is_wrong(call, 422)) return;
    s->by = call->who.principal;
    followup_seal(call, s);
    call_transact(call);
    followup_add(call, s);
    call_send(call, on_taken);
}
