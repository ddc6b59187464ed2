/* Rules one by one: the list, one with every version it had, a new one, a change. A new one and a change are checked and stored by
 * the same code as a file of one row (import_rules.c). */
#include "services/console/rules.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "common/number.h"
#include "proto/must.h"

static void put_rule(struct json_writer *w, struct arena *arena, const struct reference *reference, uint32_t place) {
    const struct reference_rule *text = &reference->rules[place];
    const char *fields[RULE_COLUMNS];
    rule_write(arena, reference, &reference->world.rules[place], text, fields);
    put_rule_fields(w, fields);
    json_put_string(w, "author", text->author);
    json_put_time(w, "changed_at", text->changed_at);
}

void rules_get(struct call *call) {
    const struct reference *reference = call->reference;
    struct arena arena;
    arena_init(&arena, 1 << 16, 1 << 24);
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_int(w, "world", reference->world.version);
    json_put_open_list(w, "rules");
    for (uint32_t i = 0; i < reference->world.rule_count; i++) {
        json_open(w);
        put_rule(w, &arena, reference, i);
        json_close(w);
    }
    json_close_list(w);
    json_close(w);
    arena_done(&arena);
    call_answer(call, 200);
}

/* {rule} of the path as a place in world.rules; answered 404 otherwise. */
static bool find_rule(struct call *call, uint32_t *ret_place) {
    const char *text = http_param(call->request, "rule");
    int64_t number;
    const struct world *world = call_world(call);
    const struct rule *rule =
        number_parse_int(text, strlen(text), &number) == ERR_NONE && number > 0 && number <= 999999
            ? rule_by_no(world, (uint32_t)number)
            : NULL;
    if (rule) *ret_place = (uint32_t)(rule - world->rules);
    if (!rule) call_not_found(call);
    return rule != NULL;
}

/* ---- one, with its versions ---- */

static const struct db_statement VERSIONS = {
    "rule_versions", "SELECT version, changed_at, author, array_to_string(fields, E'\\x1f') FROM routing_rule_version "
                     "WHERE number = $1::int4 ORDER BY version DESC LIMIT 200"};

static void put_version(struct json_writer *w, struct call *call, const struct db_result *rows, int i) {
    size_t len, author_len;
    const char *text = db_get_text(rows, i, 3, &len), *author = db_get_text(rows, i, 2, &author_len);
    char *copy = call_printf(call, "%.*s", (int)len, text);
    const char *fields[RULE_COLUMNS];
    for (int n = 0; n < RULE_COLUMNS; n++) {
        char *one = strsep(&copy, "\x1f");
        fields[n] = one ? one : "";
    }
    json_open(w);
    put_rule_fields(w, fields);
    json_put_text(w, "author", author, author_len);
    json_put_time(w, "changed_at", db_get_int(rows, i, 1));
    json_close(w);
}

static void on_versions(struct call *call, const struct db_reply *reply) {
    const struct db_result *rows = reply->results[1];
    struct arena arena;
    uint32_t place;
    if (!find_rule(call, &place)) return;
    arena_init(&arena, 1 << 14, 1 << 22);
    struct json_writer *w = call_json(call);
    json_open(w);
    put_rule(w, &arena, call->reference, place);
    json_put_open_list(w, "versions");
    for (int i = 0; i < db_rows(rows); i++) put_version(w, call, rows, i);
    json_close_list(w);
    json_close(w);
    arena_done(&arena);
    call_answer(call, 200);
}

void rule_get(struct call *call) {
    uint32_t place;
    if (!find_rule(call, &place)) return;
    call_read(call);
    db_set_int4(call_add(call, &VERSIONS), 1, (int32_t)call_world(call)->rules[place].no);
    call_send(call, on_versions);
}

/* ---- new, and changed ---- */

static const char *member(struct call *call, const char *key, const char *otherwise) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(call->tree, key);
    if (!item) return otherwise;
    if (cJSON_IsNull(item)) return "";
    if (cJSON_IsString(item)) return item->valuestring;
    if (cJSON_IsBool(item)) return cJSON_IsTrue(item) ? "yes" : "no";
    if (cJSON_IsNumber(item) && item->valuedouble == (double)(int)item->valuedouble)
        return call_printf(call, "%d", (int)item->valuedouble);
    call_wrong(call, call_printf(call, "/%s", key), "须为文字", "must be a text");
    return otherwise;
}

void rules_post(struct call *call) {
    const char *fields[RULE_COLUMNS];
    if (!call_json_body(call)) return;
    for (int i = 0; i < RULE_COLUMNS; i++) fields[i] = member(call, rule_columns[i], "");
    if (fields[RULE_NUMBER][0])
        call_wrong(call, "/number", "新规则的编号由系统给出", "a new rule gets its number from the system");
    fields[RULE_VERSION] = "";
    if (!call_is_wrong(call, 422)) rules_import_one(call, fields);
}

/* What is not given stays as it is; the version must be, and be the present one. */
void rule_post(struct call *call) {
    static const struct sentence title = {"规则已被修改", "The rule has changed"};
    const char *now[RULE_COLUMNS], *fields[RULE_COLUMNS];
    struct arena arena;
    uint32_t place;
    if (!find_rule(call, &place) || !call_json_body(call)) return;
    const struct reference_rule *text = &call->reference->rules[place];
    arena_init(&arena, 1 << 14, 1 << 20);
    rule_write(&arena, call->reference, &call_world(call)->rules[place], text, now);
    for (int i = 0; i < RULE_COLUMNS; i++) fields[i] = member(call, rule_columns[i], call_printf(call, "%s", now[i]));
    bool given = cJSON_GetObjectItemCaseSensitive(call->tree, "version") != NULL;
    bool same = !strcmp(fields[RULE_VERSION], now[RULE_VERSION]), own = !strcmp(fields[RULE_NUMBER], now[RULE_NUMBER]);
    arena_done(&arena);
    if (!given) call_wrong(call, "/version", "请给出所修改的版本", "name the version that is changed");
    if (!own) call_wrong(call, "/number", "编号不能改", "the number cannot be changed");
    if (call_is_wrong(call, 422)) return;
    if (same)
        rules_import_one(call, fields);
    else
        call_problem_type(
            call, 409, "stale-rule", title,
            (struct sentence){call_printf(call, "现在是第 %u 版, 请读取后再改", text->version),
                              call_printf(call, "it is at version %u now; read it again", text->version)});
}
