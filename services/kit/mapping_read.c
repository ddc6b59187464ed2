/* Reading a mapping file: see mapping.h. Every mistake is told with a pointer into the file. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "proto/must.h"
#include "services/kit/mapping_inner.h"

static const struct mapping_field request_fields[] = {{"/external_id", MAPS_TEXT, 0, true},
                                                      {"/channel", MAPS_WORD, WORDS_channel, false},
                                                      {"/matter", MAPS_TEXT, 0, false},
                                                      {"/title", MAPS_TEXT, 0, false},
                                                      {"/description", MAPS_TEXT, 0, false},
                                                      {"/occurred_at", MAPS_TIME, 0, false},
                                                      {"/urgency", MAPS_WORD, WORDS_urgency, false},
                                                      {"/location/lon", MAPS_NUMBER, 0, false},
                                                      {"/location/lat", MAPS_NUMBER, 0, false},
                                                      {"/location/address", MAPS_TEXT, 0, false},
                                                      {"/location/grid", MAPS_TEXT, 0, false},
                                                      {"/requester/name", MAPS_TEXT, 0, false},
                                                      {"/requester/phone", MAPS_TEXT, 0, false},
                                                      {"/requester/document", MAPS_TEXT, 0, false},
                                                      {"/requester/confidential", MAPS_FLAG, 0, false},
                                                      {"/attachments", MAPS_LIST, 0, false},
                                                      {NULL, MAPS_TEXT, 0, false}};
static const struct mapping_field followup_fields[] = {
    {"/external_id", MAPS_TEXT, 0, true}, {"/id", MAPS_TEXT, 0, true},      {"/kind", MAPS_TEXT, 0, true},
    {"/note", MAPS_TEXT, 0, false},       {"/solved", MAPS_FLAG, 0, false}, {"/satisfied", MAPS_FLAG, 0, false},
    {NULL, MAPS_TEXT, 0, false}};
const struct mapping_field *const mapping_fields[MAPPING_KINDS] = {request_fields, followup_fields};
static const char *const kind_names[MAPPING_KINDS] = {"request", "followup"};

struct reading {
    struct arena *arena;
    mapping_wrong *wrong;
    void *context;
    int wrongs;
};

static void wrong(struct reading *r, const char *pointer, const char *zh, const char *en) {
    r->wrongs++;
    r->wrong(r->context, 422, pointer, zh, en);
}

static const char *keep(struct reading *r, const char *text) {
    char *kept = arena_copy(r->arena, text, strlen(text));
    must(kept);
    return kept;
}

const char *mapping_step(struct arena *arena, const char *prefix, const char *key) {
    size_t len = strlen(prefix), most = len + 2 * strlen(key) + 2;
    char *text = arena_take(arena, most), *to = text;
    must(text);
    memcpy(to, prefix, len);
    to += len;
    *to++ = '/';
    for (; *key; key++) {
        if (*key == '~' || *key == '/') *to++ = '~';
        *to++ = *key == '~' ? '0' : *key == '/' ? '1' : *key;
    }
    *to = 0;
    return text;
}

/* ---- parts of a rule -------------------------------------------------------------------------------------------------------------------- */

static const char *read_pointer(struct reading *r, const cJSON *node, const char *where) {
    if (cJSON_IsString(node) && node->valuestring[0] == '/') return keep(r, node->valuestring);
    wrong(r, where, "须为指针 (RFC 6901), 如 /工单/编号", "must be a pointer (RFC 6901), such as /ticket/number");
    return "/";
}

static void read_from(struct reading *r, const cJSON *node, const char *where, struct mapping_rule *rule) {
    const cJSON *item;
    if (!cJSON_IsArray(node)) {
        rule->from[rule->from_count++] = read_pointer(r, node, where);
        return;
    }
    if (cJSON_GetArraySize(node) < 1 || cJSON_GetArraySize(node) > MAPPING_FROM_MAX)
        wrong(r, where, "须有 1 到 4 个指针", "must hold 1 to 4 pointers");
    cJSON_ArrayForEach(item, node) if (rule->from_count < MAPPING_FROM_MAX) rule->from[rule->from_count++] =
        read_pointer(r, item, where);
}

/* What the field is to become: a text, for a flag true or false; NULL: left out. */
static const char *read_ours(struct reading *r, const cJSON *node, const char *where, const struct mapping_field *field,
                             bool may_be_left_out) {
    if (may_be_left_out && cJSON_IsNull(node)) return NULL;
    if (field->type == MAPS_FLAG) {
        if (!cJSON_IsBool(node)) wrong(r, where, "须为 true 或 false", "must be true or false");
        return cJSON_IsTrue(node) ? "true" : "false";
    }
    if (!cJSON_IsString(node) || !node->valuestring[0]) {
        wrong(r, where, "须为非空的字符串", "must be a string, and not empty");
        return "";
    }
    if (field->type == MAPS_WORD && !word_value(field->words, node->valuestring, strlen(node->valuestring))) {
        const char *all = "";
        size_t count;
        const struct word *words = word_list(field->words, &count);
        for (size_t i = 0; i < count; i++) all = arena_printf(r->arena, "%s%s%s", all, i ? " " : "", words[i].text);
        wrong(r, where, arena_printf(r->arena, "须为 %s 之一", all), arena_printf(r->arena, "must be one of %s", all));
    }
    return keep(r, node->valuestring);
}

static void read_values(struct reading *r, const cJSON *node, const char *where, struct mapping_rule *rule) {
    const cJSON *item;
    int count = cJSON_GetArraySize(node);
    if (!cJSON_IsObject(node) || count < 1 || count > MAPPING_VALUES_MAX) {
        wrong(r, where, "须为对照表: {\"对方的值\": \"本系统的值\"}, 1 到 2000 项",
              "must be a table, {\"their value\": \"our value\"}, of 1 to 2,000 rows");
        return;
    }
    struct mapping_value *values = arena_zeroed(r->arena, (size_t)count, sizeof *values);
    must(values);
    cJSON_ArrayForEach(item, node) values[rule->value_count++] =
        (struct mapping_value){keep(r, item->string), read_ours(r, item, mapping_step(r->arena, where, item->string),
                                                                rule->field, !rule->field->needed)};
    rule->values = values;
}

static bool is_pattern(const char *text) {
    return !strcmp(text, "unix") || !strcmp(text, "unix_ms") ||
           (strstr(text, "YYYY") && strstr(text, "MM") && strstr(text, "DD"));
}

static void read_time(struct reading *r, const cJSON *rule_node, const char *where, struct mapping_rule *rule) {
    const char *text;
    enum err err = json_get_text(rule_node, "time", &text);
    if (err == ERR_NONE && is_pattern(text))
        rule->time = keep(r, text);
    else if (err != ERR_NOT_FOUND)
        wrong(r, mapping_step(r->arena, where, "time"), "须为 YYYY-MM-DD hh:mm:ss 一类的格式, 或 unix, unix_ms",
              "must be a pattern such as YYYY-MM-DD hh:mm:ss, or unix, unix_ms");
    int hours, minutes, used = 0;
    char sign;
    rule->offset_minutes = 8 * 60;
    err = json_get_text(rule_node, "offset", &text);
    if (err == ERR_NOT_FOUND) return;
    if (err == ERR_NONE && sscanf(text, "%c%2d:%2d%n", &sign, &hours, &minutes, &used) == 3 && used == 6 && !text[6] &&
        (sign == '+' || sign == '-') && hours >= 0 && hours <= 14 && minutes >= 0 && minutes < 60)
        rule->offset_minutes = (sign == '-' ? -1 : 1) * (hours * 60 + minutes);
    else
        wrong(r, mapping_step(r->arena, where, "offset"), "须为 +08:00 一类的时差", "must be an offset such as +08:00");
}

static void read_split(struct reading *r, const cJSON *node, const char *where, struct mapping_rule *rule) {
    const char *text = NULL;
    int64_t part = 0;
    enum err err = json_get_text(node, "split", &text), part_err = json_get_int(node, "part", &part);
    if (err == ERR_NONE && *text) rule->split = keep(r, text);
    if (err == ERR_INVALID || (text && !*text))
        wrong(r, mapping_step(r->arena, where, "split"), "须为分隔的文字, 如 \",\"",
              "must be a separator, such as \",\"");
    bool is_list = rule->field->type == MAPS_LIST;
    if (part_err == ERR_NONE && part >= 1 && part <= 20 && rule->split && !is_list)
        rule->part = (int)part;
    else if (part_err != ERR_NOT_FOUND || (rule->split && !is_list))
        wrong(r, mapping_step(r->arena, where, "part"), "与 split 一起给出: 取第几段, 从 1 起",
              "comes with split: which piece, from 1");
}

/* ---- a rule ----------------------------------------------------------------------------------------------------------------------------- */

/* What fits only some fields. */
static void refuse_misfits(struct reading *r, const cJSON *node, const char *where, const struct mapping_field *field) {
    static const struct {
        const char *key;
        int type;
    } fits[] = {{"time", MAPS_TIME}, {"offset", MAPS_TIME}, {"url", MAPS_LIST}, {"sha256", MAPS_LIST}};
    for (size_t i = 0; i < sizeof fits / sizeof fits[0]; i++)
        if (json_member(node, fits[i].key) && (int)field->type != fits[i].type)
            wrong(r, mapping_step(r->arena, where, fits[i].key), "这个字段不用它", "is not for this field");
    if (field->type == MAPS_LIST && (json_member(node, "values") || json_member(node, "value")))
        wrong(r, where, "附件只取 from, split, url, sha256", "attachments take from, split, url and sha256 only");
}

static void read_object(struct reading *r, const cJSON *node, const char *where, struct mapping_rule *rule) {
    static const char *const keys[] = {"from",  "value", "values", "else", "time",   "offset",
                                       "split", "part",  "join",   "url",  "sha256", NULL};
    const char *unknown = json_unknown_key(node, keys), *text;
    if (unknown) wrong(r, mapping_step(r->arena, where, unknown), "没有这个字段", "is not a known field");
    const cJSON *from = json_member(node, "from"), *value = json_member(node, "value"),
                *values = json_member(node, "values"), *otherwise = json_member(node, "else"),
                *url = json_member(node, "url"), *sha256 = json_member(node, "sha256");
    if (!from == !value) wrong(r, where, "须有 from 或 value 之一", "must have either from or value");
    if (from) read_from(r, from, mapping_step(r->arena, where, "from"), rule);
    if (value) rule->constant = read_ours(r, value, mapping_step(r->arena, where, "value"), rule->field, false);
    if (values) read_values(r, values, mapping_step(r->arena, where, "values"), rule);
    rule->has_otherwise = otherwise != NULL;
    if (otherwise)
        rule->otherwise =
            read_ours(r, otherwise, mapping_step(r->arena, where, "else"), rule->field, !rule->field->needed);
    if (otherwise && !values)
        wrong(r, mapping_step(r->arena, where, "else"), "与 values 一起给出", "comes with values");
    rule->join = " ";
    enum err err = json_get_text(node, "join", &text);
    if (err == ERR_NONE) rule->join = keep(r, text);
    if (err == ERR_INVALID) wrong(r, mapping_step(r->arena, where, "join"), "须为字符串", "must be a string");
    if (url) rule->url = read_pointer(r, url, mapping_step(r->arena, where, "url"));
    if (sha256) rule->sha256 = read_pointer(r, sha256, mapping_step(r->arena, where, "sha256"));
    read_time(r, node, where, rule);
    read_split(r, node, where, rule);
    refuse_misfits(r, node, where, rule->field);
}

static const struct mapping_field *field_of(enum mapping_kind kind, const char *to) {
    for (const struct mapping_field *field = mapping_fields[kind]; field->to; field++)
        if (!strcmp(field->to, to)) return field;
    return NULL;
}

static void read_rule(struct reading *r, enum mapping_kind kind, const cJSON *node, const char *where,
                      struct mapping *mapping) {
    const struct mapping_field *field = field_of(kind, node->string);
    if (!field) {
        const char *all = "";
        for (field = mapping_fields[kind]; field->to; field++)
            all = arena_printf(r->arena, "%s%s%s", all, *all ? " " : "", field->to);
        wrong(r, where, arena_printf(r->arena, "本系统没有这个字段; 有 %s", all),
              arena_printf(r->arena, "is not a field of ours, which are %s", all));
        return;
    }
    struct mapping_rule *rule = &mapping->kinds[kind].rules[mapping->kinds[kind].rule_count++];
    *rule = (struct mapping_rule){.field = field, .join = " ", .offset_minutes = 8 * 60};
    if (cJSON_IsString(node))
        rule->from[rule->from_count++] = read_pointer(r, node, where);
    else if (cJSON_IsObject(node))
        read_object(r, node, where, rule);
    else
        wrong(r, where, "须为指针, 或对象", "must be a pointer or an object");
}

/* ---- the file --------------------------------------------------------------------------------------------------------------------------- */

static bool has_rule(const struct mapping *mapping, enum mapping_kind kind, const char *to) {
    for (int i = 0; i < mapping->kinds[kind].rule_count; i++)
        if (!strcmp(mapping->kinds[kind].rules[i].field->to, to)) return true;
    return false;
}

static void check_whole(struct reading *r, const struct mapping *mapping, enum mapping_kind kind, const char *where) {
    for (const struct mapping_field *field = mapping_fields[kind]; field->to; field++)
        if (field->needed && !has_rule(mapping, kind, field->to))
            wrong(r, mapping_step(r->arena, where, field->to), "缺少这个字段的规则", "needs a rule");
    if (kind != MAPPING_REQUEST) return;
    if (!has_rule(mapping, kind, "/title") && !has_rule(mapping, kind, "/description"))
        wrong(r, where, "/title 和 /description 至少有一条规则", "needs a rule for /title or /description");
    bool lon = has_rule(mapping, kind, "/location/lon"), lat = has_rule(mapping, kind, "/location/lat");
    if (lon != lat) wrong(r, where, "经度和纬度须同时给出", "longitude and latitude come together");
}

static void read_kind(struct reading *r, enum mapping_kind kind, const cJSON *tree, struct mapping *mapping) {
    const cJSON *node = json_member(tree, kind_names[kind]), *item;
    const char *where = mapping_step(r->arena, "", kind_names[kind]);
    if (!node) return;
    if (!cJSON_IsObject(node)) {
        wrong(r, where, "须为对象: 本系统的字段各一条规则", "must be an object: a rule for each of our fields");
        return;
    }
    mapping->kinds[kind].there = true;
    cJSON_ArrayForEach(item, node) read_rule(r, kind, item, mapping_step(r->arena, where, item->string), mapping);
    check_whole(r, mapping, kind, where);
}

static void read_ignored(struct reading *r, const cJSON *tree, struct mapping *mapping) {
    const cJSON *node = json_member(tree, "ignore"), *item;
    if (!node) return;
    if (!cJSON_IsArray(node) || cJSON_GetArraySize(node) > MAPPING_IGNORED_MAX) {
        wrong(r, "/ignore", "须为指针的数组, 最多 500 个", "must be a list of at most 500 pointers");
        return;
    }
    mapping->ignored = arena_zeroed(r->arena, (size_t)cJSON_GetArraySize(node) + 1, sizeof *mapping->ignored);
    must(mapping->ignored);
    int n = 0;
    cJSON_ArrayForEach(item, node) {
        char step[16];
        snprintf(step, sizeof step, "%d", n++);
        if (cJSON_IsString(item) && !strcmp(item->valuestring, "*"))
            mapping->ignores_rest = true;
        else
            mapping->ignored[mapping->ignored_count++] = read_pointer(r, item, mapping_step(r->arena, "/ignore", step));
    }
}

const char *mapping_source(const cJSON *tree) {
    const char *source;
    return json_get_text(tree, "source", &source) == ERR_NONE ? source : "";
}

bool mapping_is_removal(const cJSON *tree) {
    bool remove = false;
    return json_get_bool(tree, "remove", &remove) == ERR_NONE && remove;
}

const struct mapping *mapping_read(const cJSON *tree, struct arena *arena, mapping_wrong *tell, void *context) {
    static const char *const keys[] = {"source", "request", "followup", "ignore", "comment", NULL};
    struct reading r = {arena, tell, context, 0};
    if (!cJSON_IsObject(tree)) {
        wrong(&r, "", "须为一个 JSON 对象", "must be a JSON object");
        return NULL;
    }
    struct mapping *mapping = arena_zeroed(arena, 1, sizeof *mapping);
    must(mapping);
    const char *unknown = json_unknown_key(tree, keys);
    if (unknown) wrong(&r, mapping_step(arena, "", unknown), "没有这个字段", "is not a known field");
    if (!json_member(tree, "request") && !json_member(tree, "followup"))
        wrong(&r, "", "须有 request 或 followup", "must have request or followup");
    for (int kind = 0; kind < MAPPING_KINDS; kind++) read_kind(&r, kind, tree, mapping);
    read_ignored(&r, tree, mapping);
    return r.wrongs ? NULL : mapping;
}

bool mapping_has(const struct mapping *mapping, enum mapping_kind kind) {
    return mapping && mapping->kinds[kind].there;
}
