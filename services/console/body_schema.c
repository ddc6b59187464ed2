/* See body_schema.h. Schemas are texts (openapi.h); each becomes a tree the first time it is asked for and is kept. */
#include "services/console/body_schema.h"

#include <math.h>
#include <regex.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "common/text.h"
#include "proto/must.h"
#include "services/console/openapi.h"

enum { KEPT_MAX = 300, PATTERNS_MAX = 100, FORM = 400, VALUE = 422 };

struct checking {
    struct call *call;
    int pass; /* FORM or VALUE: which faults are told now */
};

/* ---- schemas ------------------------------------------------------------------------------------------------------------------------- */

static struct {
    const char *text;
    cJSON *tree;
} kept[KEPT_MAX];

/* Schemas are constant texts, so one is known by its address. */
static const cJSON *tree_of(const char *text) {
    size_t i = 0;
    while (i < KEPT_MAX && kept[i].text && kept[i].text != text) i++;
    must(i < KEPT_MAX);
    if (!kept[i].text) {
        kept[i].text = text;
        kept[i].tree = cJSON_Parse(text);
        must(kept[i].tree);
    }
    return kept[i].tree;
}

static const cJSON *keyword(const cJSON *schema, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(schema, name);
}

static const cJSON *resolve(const cJSON *schema) {
    const cJSON *ref;
    while ((ref = keyword(schema, "$ref"))) {
        const char *text = openapi_schema(strrchr(ref->valuestring, '/') + 1);
        must(text);
        schema = tree_of(text);
    }
    return schema;
}

static bool matches(const char *pattern, const char *text) {
    static struct {
        const char *pattern;
        regex_t regex;
    } compiled[PATTERNS_MAX];
    size_t i = 0;
    while (i < PATTERNS_MAX && compiled[i].pattern && compiled[i].pattern != pattern) i++;
    must(i < PATTERNS_MAX);
    if (!compiled[i].pattern) {
        must(regcomp(&compiled[i].regex, pattern, REG_EXTENDED | REG_NOSUB) == 0);
        compiled[i].pattern = pattern;
    }
    return regexec(&compiled[i].regex, text, 0, NULL, 0) == 0;
}

/* ---- types --------------------------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name, *zh, *en;
} types[] = {{"string", "须为字符串", "must be a string"}, {"integer", "须为整数", "must be an integer"},
             {"number", "须为数", "must be a number"},     {"boolean", "须为 true 或 false", "must be true or false"},
             {"array", "须为列表", "must be a list"},      {"object", "须为对象", "must be an object"},
             {"null", "须为 null", "must be null"}};

static bool is_of(const cJSON *value, const char *type) {
    switch (type[0]) {
    case 's':
        return cJSON_IsString(value);
    case 'i':
        return cJSON_IsNumber(value) && floor(value->valuedouble) == value->valuedouble;
    case 'b':
        return cJSON_IsBool(value);
    case 'a':
        return cJSON_IsArray(value);
    case 'o':
        return cJSON_IsObject(value);
    default:
        return type[2] == 'm' ? cJSON_IsNumber(value) : cJSON_IsNull(value);
    }
}

/* Whether a value is of the type, or of one of the types, that a schema names; words are strings. */
static bool has_type(const cJSON *schema, const cJSON *value) {
    const cJSON *type = keyword(schema, "type"), *one;
    if (cJSON_IsString(type)) return is_of(value, type->valuestring);
    if (cJSON_IsArray(type)) {
        cJSON_ArrayForEach(one, type) if (is_of(value, one->valuestring)) return true;
        return false;
    }
    const cJSON *words = keyword(schema, "enum");
    return !words || cJSON_IsString(value) || !cJSON_IsString(words->child);
}

static void tell_type(struct checking *c, const cJSON *schema, const char *pointer) {
    const cJSON *type = keyword(schema, "type");
    if (cJSON_IsArray(type)) type = type->child;
    const char *name = type ? type->valuestring : "string";
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (!strcmp(types[i].name, name)) call_wrong(c->call, pointer, types[i].zh, types[i].en);
}

/* ---- values -------------------------------------------------------------------------------------------------------------------------- */

static void check(struct checking *c, const cJSON *schema, const cJSON *value, const char *pointer);

static void check_words(struct checking *c, const cJSON *schema, const cJSON *value, const char *pointer) {
    const cJSON *words = keyword(schema, "enum"), *word;
    const char *all = "";
    if (!words || !cJSON_IsString(value)) return;
    cJSON_ArrayForEach(word, words) {
        if (!cJSON_IsString(word)) continue;
        if (!strcmp(word->valuestring, value->valuestring)) return;
        if (strlen(all) < 300) all = call_printf(c->call, "%s%s%s", all, *all ? ", " : "", word->valuestring);
    }
    call_wrong(c->call, pointer, call_printf(c->call, "只能是 %s", all),
               call_printf(c->call, "must be one of: %s", all));
}

static size_t characters(const char *text) {
    size_t count = 0;
    for (; *text; text++) count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

/* One bound: `most` or at least; tells it when it is not kept. */
static void check_bound(struct checking *c, const cJSON *schema, const char *name, bool most, double value,
                        const char *pointer, const char *zh, const char *en) {
    const cJSON *bound = keyword(schema, name);
    if (!bound || (most ? value <= bound->valuedouble : value >= bound->valuedouble)) return;
    long long number = (long long)bound->valuedouble;
    call_wrong(c->call, pointer, call_printf(c->call, zh, number), call_printf(c->call, en, number));
}

static void check_string(struct checking *c, const cJSON *schema, const char *text, const char *pointer) {
    const cJSON *pattern = keyword(schema, "pattern"), *format = keyword(schema, "format");
    double length = (double)characters(text);
    time_ms time;
    check_bound(c, schema, "maxLength", true, length, pointer, "不得超过 %lld 个字符",
                "must not exceed %lld characters");
    check_bound(c, schema, "minLength", false, length, pointer, "至少 %lld 个字符",
                "must have at least %lld characters");
    if (pattern && !matches(pattern->valuestring, text))
        call_wrong(c->call, pointer, call_printf(c->call, "格式须符合 %s", pattern->valuestring),
                   call_printf(c->call, "must match %s", pattern->valuestring));
    if (format && !strcmp(format->valuestring, "date-time") && clock_parse(text, strlen(text), &time) != ERR_NONE)
        call_wrong(c->call, pointer, "须为带时区的 RFC 3339 时间, 如 2026-11-21T09:30:00+08:00",
                   "must be an RFC 3339 time with offset, such as 2026-11-21T09:30:00+08:00");
}

static void check_list(struct checking *c, const cJSON *schema, const cJSON *list, const char *pointer) {
    const cJSON *items = keyword(schema, "items"), *item;
    double count = cJSON_GetArraySize(list);
    int i = 0;
    if (c->pass == VALUE) {
        check_bound(c, schema, "maxItems", true, count, pointer, "至多 %lld 项", "must have at most %lld items");
        check_bound(c, schema, "minItems", false, count, pointer, "至少 %lld 项", "must have at least %lld items");
    }
    if (!items) return;
    cJSON_ArrayForEach(item, list) check(c, items, item, call_printf(c->call, "%s/%d", pointer, i++));
}

static void check_object(struct checking *c, const cJSON *schema, const cJSON *object, const char *pointer) {
    const cJSON *properties = keyword(schema, "properties"), *name, *item;
    bool closed = cJSON_IsFalse(keyword(schema, "additionalProperties"));
    cJSON_ArrayForEach(name, keyword(schema, "required")) {
        const cJSON *there = keyword(object, name->valuestring);
        if (c->pass == FORM && (!there || cJSON_IsNull(there)))
            call_wrong(c->call, call_printf(c->call, "%s/%s", pointer, name->valuestring), "缺少这个字段",
                       "is required");
    }
    cJSON_ArrayForEach(item, object) {
        const cJSON *described = keyword(properties, item->string);
        const char *where = call_printf(c->call, "%s/%.100s", pointer, item->string);
        if (described && !cJSON_IsNull(item))
            check(c, described, item, where);
        else if (!described && closed && c->pass == FORM)
            call_wrong(c->call, where, "没有这个字段", "is not a known field");
    }
}

/* Of several ways the one whose type fits; none: the first is what should have been. */
static const cJSON *way_of(const cJSON *ways, const cJSON *value) {
    const cJSON *way;
    cJSON_ArrayForEach(way, ways) if (has_type(resolve(way), value)) return way;
    return ways->child;
}

static void check(struct checking *c, const cJSON *schema, const cJSON *value, const char *pointer) {
    schema = resolve(schema);
    const cJSON *ways = keyword(schema, "oneOf"), *part;
    if (ways) check(c, way_of(ways, value), value, pointer);
    cJSON_ArrayForEach(part, keyword(schema, "allOf")) check(c, part, value, pointer);
    if (!has_type(schema, value)) {
        if (c->pass == FORM) tell_type(c, schema, pointer);
        return;
    }
    if (c->pass == VALUE) {
        check_words(c, schema, value, pointer);
        if (cJSON_IsString(value)) check_string(c, schema, value->valuestring, pointer);
        if (cJSON_IsNumber(value)) {
            check_bound(c, schema, "minimum", false, value->valuedouble, pointer, "不得小于 %lld",
                        "must be at least %lld");
            check_bound(c, schema, "maximum", true, value->valuedouble, pointer, "不得大于 %lld",
                        "must be at most %lld");
        }
    }
    if (cJSON_IsArray(value)) check_list(c, schema, value, pointer);
    if (cJSON_IsObject(value)) check_object(c, schema, value, pointer);
}

/* ---- bodies -------------------------------------------------------------------------------------------------------------------------- */

static bool fits(struct call *call, const char *schema, const cJSON *body) {
    for (int pass = FORM; pass; pass = pass == FORM ? VALUE : 0) {
        struct checking c = {call, pass};
        check(&c, tree_of(schema), body, "");
        if (call_is_wrong(call, pass)) return false;
    }
    return true;
}

bool body_fits(struct call *call, const char *schema, const cJSON *body) {
    const char *text = openapi_schema(schema);
    must(text);
    return fits(call, text, body);
}

bool body_fits_command(struct call *call, int command, const cJSON *body) {
    return fits(call, openapi_command_schema(command), body);
}
