/* Tokens: 256 random bits for a system, shown once, stored hashed, with a role, a scope and an end. See users.h. */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "common/json.h"
#include "services/console/ticket_json.h"
#include "services/console/users.h"

enum { PAGE = 100, PAGE_MAX = 1000 };
#define DAY_MS 86400000LL
enum { DAYS = 365, DAYS_MAX = 731 };

static const struct db_statement LIST = {"tokens_list",
                                         "SELECT id, name, role, coalesce(unit, 0), array_to_string(sources, ','), "
                                         "created_at, expires_at, disabled FROM token "
                                         "WHERE id > $1::int8 ORDER BY id LIMIT $2::int4"};
static const struct db_statement INSERT = {"tokens_insert",
                                           "INSERT INTO token (name, hash, role, unit, sources, created_at, "
                                           "expires_at) VALUES ($1::text, $2::bytea, $3::int2, "
                                           "nullif($4::int4, 0), $5::int4[], $6::int8, $7::int8) RETURNING id"};
static const struct db_statement DISABLE = {"tokens_disable",
                                            "UPDATE token SET disabled = true WHERE name = $1::text RETURNING id"};

struct token {
    const char *name;
    int role;
    uint32_t unit, sources[WHO_SOURCES_MAX];
    int source_count;
    time_ms expires_at;
    char text[CRYPTO_TOKEN_BYTES];
};

/* ---- list -------------------------------------------------------------------------------------------------------------------------------------------- */

static void put_source_codes(struct json_writer *w, struct call *call, const char *numbers) {
    json_put_open_list(w, "sources");
    for (char *end; numbers && *numbers; numbers = *end ? end + 1 : end) {
        const struct reference_source *source = reference_source(call->reference, (uint32_t)strtoul(numbers, &end, 10));
        if (source) json_string(w, source->code);
    }
    json_close_list(w);
}

static void on_list(struct call *call, const struct db_reply *reply) {
    const struct db_result *rows = reply->results[1];
    int limit = (int)call_query_int(call, "limit", PAGE, PAGE_MAX), count = db_rows(rows);
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_open_list(w, "tokens");
    for (int i = 0; i < count && i < limit; i++) {
        size_t len;
        json_open(w);
        json_put_id(w, "id", db_get_int(rows, i, 0));
        json_put_string(w, "name", db_get_text(rows, i, 1, &len));
        json_put_string(w, "role", word_text(WORDS_role, (int)db_get_int(rows, i, 2)));
        put_unit(w, "unit", call->reference, (uint32_t)db_get_int(rows, i, 3));
        put_source_codes(w, call, db_get_text(rows, i, 4, &len));
        json_put_time(w, "created", db_get_int(rows, i, 5));
        json_put_time(w, "expires_at", db_get_int(rows, i, 6));
        json_put_bool(w, "disabled", db_get_bool(rows, i, 7));
        json_close(w);
    }
    json_close_list(w);
    call_put_next(call, w, count > limit ? call_cursor(call, db_get_int(rows, limit - 1, 0), 0) : NULL);
    json_close(w);
    call_answer(call, 200);
}

void tokens_get(struct call *call) {
    int64_t cursor[2] = {0};
    call_query_cursor(call, cursor);
    int64_t limit = call_query_int(call, "limit", PAGE, PAGE_MAX);
    if (call_is_wrong(call, 400)) return;
    call_read(call);
    struct db_call *list = call_add(call, &LIST);
    db_set_int8(list, 1, cursor[0]);
    db_set_int4(list, 2, (int32_t)limit + 1);
    call_send(call, on_list);
}

/* ---- new --------------------------------------------------------------------------------------------------------------------------------------------- */

static void read_sources(struct call *call, const cJSON *tree, struct token *token) {
    const cJSON *list = NULL, *item;
    enum err err = json_get_list(tree, "sources", &list);
    if (err == ERR_INVALID) call_wrong(call, "/sources", "须为数组", "must be a list");
    int n = 0;
    cJSON_ArrayForEach(item, list) {
        const char *pointer = call_printf(call, "/sources/%d", n++);
        const struct reference_source *source =
            cJSON_IsString(item)
                ? reference_source_by_code(call->reference, item->valuestring, strlen(item->valuestring))
                : NULL;
        if (!source)
            call_wrong(call, pointer, "没有这个来源", "there is no such source");
        else if (token->source_count == WHO_SOURCES_MAX)
            call_wrong(call, pointer, "来源过多", "too many sources");
        else
            token->sources[token->source_count++] = source->id;
    }
    if (token->role == ROLE_INTEGRATION && n == 0)
        call_wrong(call, "/sources", "对接系统须指定来源", "an integration needs its sources");
    if (token->role != ROLE_INTEGRATION && n > 0)
        call_wrong(call, "/sources", "只有对接系统有来源", "only an integration has sources");
}

static void read_end(struct call *call, const cJSON *tree, struct token *token) {
    time_ms now = clock_now();
    const char *text;
    token->expires_at = now + DAYS * DAY_MS;
    enum err err = json_get_text(tree, "expires_at", &text);
    if (err == ERR_NOT_FOUND) return;
    if (err != ERR_NONE || clock_parse(text, strlen(text), &token->expires_at) != ERR_NONE)
        call_wrong(call, "/expires_at", "须为带时区的时间", "must be a time with offset");
    else if (token->expires_at <= now || token->expires_at > now + DAYS_MAX * DAY_MS)
        call_wrong(call, "/expires_at", "须在现在之后、两年之内", "must lie within the next two years");
}

static void read_role_and_unit(struct call *call, const cJSON *tree, struct token *token) {
    const char *role = "", *unit = NULL;
    struct sentence wrong;
    if (json_get_text(tree, "role", &role) == ERR_NONE) token->role = word_value(WORDS_role, role, strlen(role));
    bool admin =
        token->role == ROLE_ADMIN_SYSTEM || token->role == ROLE_ADMIN_SECURITY || token->role == ROLE_ADMIN_AUDIT;
    if (!token->role || admin || token->role == ROLE_SYSTEM) {
        call_wrong(call, "/role", "没有这个角色, 或该角色不能用令牌", "there is no such role, or it takes no tokens");
        return;
    }
    if (json_get_text(tree, "unit", &unit) == ERR_NONE && *unit) {
        token->unit = reference_unit_by_code(call->reference, unit, strlen(unit));
        if (!token->unit) call_wrong(call, "/unit", "没有这个单位", "there is no such unit");
    }
    bool needs_none = token->role == ROLE_INTEGRATION || token->role == ROLE_READONLY;
    if (!needs_none && call->wrong_count == 0 && !user_role_fits(call_world(call), token->role, token->unit, &wrong))
        call_wrong(call, user_role_signs_in(token->role) ? "/unit" : "/role", wrong.zh, wrong.en);
}

static void on_inserted(struct call *call, const struct db_reply *reply) {
    struct token *token = call->self;
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_id(w, "id", db_get_int(reply->results[1], 0, 0));
    json_put_string(w, "name", token->name);
    json_put_string(w, "role", word_text(WORDS_role, token->role));
    put_unit(w, "unit", call->reference, token->unit);
    json_put_open_list(w, "sources");
    for (int i = 0; i < token->source_count; i++)
        json_string(w, reference_source(call->reference, token->sources[i])->code);
    json_close_list(w);
    json_put_time(w, "expires_at", token->expires_at);
    json_put_string(w, "token", token->text); /* this once */
    json_close(w);
    crypto_forget(token->text, sizeof token->text);
    call_answer(call, 201);
}

static void insert(struct call *call, struct token *token) {
    uint8_t hash[CRYPTO_HASH_BYTES];
    crypto_token_new("pdapi", token->text);
    crypto_token_hash(token->text, strlen(token->text), hash);
    call_transact(call);
    struct db_call *insert = call_add(call, &INSERT);
    db_set_string(insert, 1, token->name);
    db_set_bytes(insert, 2, hash, sizeof hash);
    db_set_int2(insert, 3, (int16_t)token->role);
    db_set_int4(insert, 4, (int32_t)token->unit);
    db_set_array(insert, 5, DB_INT4);
    for (int i = 0; i < token->source_count; i++) db_push_int4(insert, 5, (int32_t)token->sources[i]);
    db_set_int8(insert, 6, clock_now());
    db_set_int8(insert, 7, token->expires_at);
    call_audit(call, "token_create", call_printf(call, "name:%s", token->name), "ok",
               call_printf(call, "{\"role\":\"%s\",\"unit\":\"%s\"}", word_text(WORDS_role, token->role),
                           reference_unit_code(call->reference, token->unit)));
    call_send(call, on_inserted);
}

void tokens_post(struct call *call) {
    struct token *token = call_take(call, sizeof *token);
    call->self = token;
    cJSON *tree = call_json_body(call);
    if (!tree) return;
    if (json_get_text(tree, "name", &token->name) != ERR_NONE || !login_is_well_formed(token->name))
        call_wrong(call, "/name", "名称须为 1 到 60 个字母、数字或 . _ - @",
                   "a name has 1 to 60 letters, digits or . _ - @");
    read_role_and_unit(call, tree, token);
    read_sources(call, tree, token);
    read_end(call, tree, token);
    if (call_is_wrong(call, 422)) return;
    insert(call, token);
}

/* ---- withdrawn --------------------------------------------------------------------------------------------------------------------------------------- */

static void on_disabled(struct call *call, const struct db_reply *reply) {
    if (db_rows(reply->results[1]) == 0)
        call_not_found(call);
    else
        call_answer_nothing(call); /* doors have forgotten it within seconds */
}

void token_delete(struct call *call) {
    const char *name = http_param(call->request, "name");
    if (!login_is_well_formed(name)) {
        call_not_found(call);
        return;
    }
    call_transact(call);
    db_set_string(call_add(call, &DISABLE), 1, name);
    call_audit(call, "token_disable", call_printf(call, "name:%s", name), "asked", NULL);
    call_send(call, on_disabled);
}
