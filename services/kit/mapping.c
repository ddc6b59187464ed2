/* Going by a mapping: see mapping.h. */
#include "services/kit/mapping.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/number.h"
#include "common/text.h"
#include "proto/must.h"
#include "services/kit/mapping_inner.h"

enum { SHOWN_POINTS = 20, SHOWN_VALUES = 8, MINUTE_MS = 60 * 1000 };

struct mapping_use {
    const struct mapping *mapping;
    enum mapping_kind kind;
    const cJSON *body;
    cJSON *ours;
    struct arena *arena;
    mapping_wrong *wrong;
    void *context;
    int wrongs;
};

static void wrong(struct mapping_use *u, int status, const char *pointer, const char *zh, const char *en) {
    u->wrongs++;
    u->wrong(u->context, status, pointer, zh ? zh : "有误", en ? en : "is wrong");
}

/* What did not fit into the request's memory must not be taken as absent. */
static const char *kept(struct mapping_use *u, const char *pointer, const char *text) {
    if (!text) wrong(u, 422, pointer, "内容过长", "is too long");
    return text;
}

/* ---- values in their body --------------------------------------------------------------------------------------------------------------- */

/* As text: numbers as they would be written, true and false; NULL: absent, null, empty, or wrong (told). */
static const char *text_of(struct mapping_use *u, const cJSON *node, const char *pointer) {
    if (!node || cJSON_IsNull(node)) return NULL;
    if (cJSON_IsBool(node)) return cJSON_IsTrue(node) ? "true" : "false";
    if (cJSON_IsNumber(node)) {
        bool whole = node->valuedouble == (double)(int64_t)node->valuedouble; /* at most 2^53: json_check */
        return kept(u, pointer, arena_printf(u->arena, whole ? "%.0f" : "%.15g", node->valuedouble));
    }
    if (!cJSON_IsString(node)) {
        wrong(u, 400, pointer, "须为字符串或数字", "must be a string or a number");
        return NULL;
    }
    struct span trimmed = text_trim(node->valuestring, strlen(node->valuestring));
    return trimmed.len ? kept(u, pointer, arena_copy(u->arena, trimmed.at, trimmed.len)) : NULL;
}

static const char *piece_of(struct mapping_use *u, const struct mapping_rule *rule, const char *text) {
    const char *at = text, *end;
    size_t step = strlen(rule->split);
    for (int part = 1; part < rule->part; part++) {
        end = strstr(at, rule->split);
        if (!end) {
            wrong(u, 422, rule->from[0], arena_printf(u->arena, "须以 “%s” 分为至少 %d 段", rule->split, rule->part),
                  arena_printf(u->arena, "must have at least %2$d pieces with \"%1$s\" between", rule->split,
                               rule->part));
            return NULL;
        }
        at = end + step;
    }
    end = strstr(at, rule->split);
    struct span trimmed = text_trim(at, end ? (size_t)(end - at) : strlen(at));
    return trimmed.len ? kept(u, rule->from[0], arena_copy(u->arena, trimmed.at, trimmed.len)) : NULL;
}

/* By the table. NULL: left out, or told. */
static const char *value_of(struct mapping_use *u, const struct mapping_rule *rule, const char *theirs) {
    for (int i = 0; i < rule->value_count; i++)
        if (!strcmp(rule->values[i].theirs, theirs)) return rule->values[i].ours;
    if (rule->has_otherwise) return rule->otherwise;
    const char *known = "";
    for (int i = 0; known && i < rule->value_count && i < SHOWN_VALUES; i++)
        known = arena_printf(u->arena, "%s%s%s", known, i ? ", " : "", rule->values[i].theirs);
    const char *more = rule->value_count > SHOWN_VALUES ? ", ..." : "";
    size_t shown = text_cut(theirs, strlen(theirs), SHOWN_POINTS);
    wrong(u, 422, rule->from[0],
          arena_printf(u->arena, "“%.*s” 不在对照表中, 可用: %s%s", (int)shown, theirs, known ? known : "", more),
          arena_printf(u->arena, "\"%.*s\" is not in the table, which has: %s%s", (int)shown, theirs,
                       known ? known : "", more));
    return NULL;
}

/* What the rule makes of their body, as text. */
static const char *text_by(struct mapping_use *u, const struct mapping_rule *rule) {
    if (!rule->from_count) return rule->constant;
    const char *text = NULL;
    for (int i = 0; i < rule->from_count; i++) {
        const char *one = text_of(u, json_at(u->body, rule->from[i]), rule->from[i]);
        if (one) text = text ? kept(u, rule->from[i], arena_printf(u->arena, "%s%s%s", text, rule->join, one)) : one;
    }
    if (text && rule->split) text = piece_of(u, rule, text);
    return text && rule->value_count ? value_of(u, rule, text) : text;
}

/* ---- times ------------------------------------------------------------------------------------------------------------------------------ */

static bool digits(const char **at, int count, int *ret_number) {
    *ret_number = 0;
    for (; count > 0; count--, (*at)++) {
        if (**at < '0' || **at > '9') return false;
        *ret_number = *ret_number * 10 + **at - '0';
    }
    return true;
}

/* By the pattern's letters; what else stands in it must stand in the text. */
static bool read_pattern(const char *pattern, const char *text, int ret_parts[6]) {
    static const struct {
        const char *mark;
        int digits;
    } marks[6] = {{"YYYY", 4}, {"MM", 2}, {"DD", 2}, {"hh", 2}, {"mm", 2}, {"ss", 2}};
    while (*pattern) {
        int i = 0;
        while (i < 6 && strncmp(pattern, marks[i].mark, (size_t)marks[i].digits) != 0) i++;
        if (i < 6) {
            if (!digits(&text, marks[i].digits, &ret_parts[i])) return false;
            pattern += marks[i].digits;
        } else if (*pattern++ != *text++) {
            return false;
        }
    }
    return !*text;
}

static bool read_unix(const char *pattern, const char *text, time_ms *ret_time) {
    int64_t number;
    if (number_parse_int(text, strlen(text), &number) != ERR_NONE || number < 0) return false;
    int64_t scale = !strcmp(pattern, "unix") ? 1000 : 1;
    if (number > INT64_C(4102444800000) / scale) return false; /* the year 2100 */
    *ret_time = number * scale;
    return true;
}

static bool read_time(const struct mapping_rule *rule, const char *text, time_ms *ret_time) {
    int p[6] = {0};
    if (!strncmp(rule->time, "unix", 4)) return read_unix(rule->time, text, ret_time);
    if (!read_pattern(rule->time, text, p)) return false;
    int32_t date = p[0] * 10000 + p[1] * 100 + p[2];
    if (!clock_date_is_valid(date) || p[3] > 23 || p[4] > 59 || p[5] > 59) return false;
    int minutes = p[3] * 60 + p[4] + 8 * 60 - rule->offset_minutes; /* dates begin by +08:00 */
    *ret_time = clock_date_start(date) + (int64_t)minutes * MINUTE_MS + p[5] * 1000;
    return true;
}

/* ---- values in our body ----------------------------------------------------------------------------------------------------------------- */

static cJSON *time_by(struct mapping_use *u, const struct mapping_rule *rule, const char *text) {
    char said[CLOCK_TEXT_BYTES];
    time_ms time;
    if (!rule->time) return cJSON_CreateString(text);
    if (!read_time(rule, text, &time)) {
        wrong(u, 422, rule->from[0], arena_printf(u->arena, "须为 %s 格式的时间", rule->time),
              arena_printf(u->arena, "must be a time as %s", rule->time));
        return NULL;
    }
    clock_format(time, said);
    return cJSON_CreateString(said);
}

static cJSON *number_by(struct mapping_use *u, const struct mapping_rule *rule, const char *text) {
    char *end;
    double number = strtod(text, &end);
    if (*end || strspn(text, "+-.0123456789") != strlen(text)) {
        wrong(u, 422, rule->from[0], "须为经纬度的度数, 如 123.76", "must be degrees, such as 123.76");
        return NULL;
    }
    return cJSON_CreateNumber(number);
}

static cJSON *flag_by(struct mapping_use *u, const struct mapping_rule *rule, const char *text) {
    bool yes = !strcmp(text, "true");
    if (yes || !strcmp(text, "false")) return cJSON_CreateBool(yes);
    wrong(u, 422, rule->from[0], "须为 true 或 false", "must be true or false");
    return NULL;
}

static void add_attachment(struct mapping_use *u, const struct mapping_rule *rule, cJSON *list, const cJSON *item,
                           const char *pointer) {
    const char *url = text_of(u, rule->url ? json_at(item, rule->url) : item, pointer);
    const char *sha256 = rule->sha256 ? text_of(u, json_at(item, rule->sha256), pointer) : NULL;
    if (!url) return;
    cJSON *attachment = cJSON_CreateObject();
    must(attachment && cJSON_AddItemToArray(list, attachment));
    must(cJSON_AddStringToObject(attachment, "url", url));
    if (sha256) must(cJSON_AddStringToObject(attachment, "sha256", sha256));
}

/* A list of addresses or of objects that hold one, or one text of several. */
static cJSON *list_by(struct mapping_use *u, const struct mapping_rule *rule) {
    const cJSON *node = json_at(u->body, rule->from[0]), *item;
    if (!node || cJSON_IsNull(node)) return NULL;
    cJSON *list = cJSON_CreateArray();
    must(list);
    if (cJSON_IsArray(node)) {
        cJSON_ArrayForEach(item, node) add_attachment(u, rule, list, item, rule->from[0]);
        return list;
    }
    const char *text = text_of(u, node, rule->from[0]);
    while (text && *text) {
        const char *end = rule->split ? strstr(text, rule->split) : NULL;
        const char *one = kept(u, rule->from[0], arena_copy(u->arena, text, end ? (size_t)(end - text) : strlen(text)));
        if (!one) break;
        cJSON *alone = cJSON_CreateString(one);
        must(alone);
        add_attachment(u, rule, list, alone, rule->from[0]);
        cJSON_Delete(alone);
        text = end ? end + strlen(rule->split) : NULL;
    }
    return list;
}

/* At "/title" or "/location/lon". */
static void put(cJSON *ours, const char *to, cJSON *value) {
    const char *slash = strchr(to + 1, '/');
    cJSON *object = ours;
    if (slash) {
        char name[40];
        snprintf(name, sizeof name, "%.*s", (int)(slash - to - 1), to + 1);
        object = cJSON_GetObjectItemCaseSensitive(ours, name);
        if (!object) object = cJSON_AddObjectToObject(ours, name);
    }
    must(object && cJSON_AddItemToObject(object, (slash ? slash : to) + 1, value));
}

static void go_by(struct mapping_use *u, const struct mapping_rule *rule) {
    cJSON *value = NULL;
    if (rule->field->type == MAPS_LIST) {
        value = list_by(u, rule);
    } else {
        const char *text = text_by(u, rule);
        if (!text) return;
        value = rule->field->type == MAPS_TIME     ? time_by(u, rule, text)
                : rule->field->type == MAPS_NUMBER ? number_by(u, rule, text)
                : rule->field->type == MAPS_FLAG   ? flag_by(u, rule, text)
                                                   : cJSON_CreateString(text);
    }
    if (value) put(u->ours, rule->field->to, value);
}

/* ---- fields nobody spoke of ------------------------------------------------------------------------------------------------------------- */

enum known { UNKNOWN, ON_THE_WAY, KNOWN };

static enum known compare(const char *pointer, const char *known) {
    size_t len = strlen(pointer), known_len = strlen(known);
    if (!strncmp(pointer, known, known_len) && (pointer[known_len] == '/' || !pointer[known_len])) return KNOWN;
    return !strncmp(known, pointer, len) && known[len] == '/' ? ON_THE_WAY : UNKNOWN;
}

static enum known is_known(const struct mapping_use *u, const char *pointer) {
    enum known best = UNKNOWN, one;
    for (int i = 0; i < u->mapping->ignored_count && best != KNOWN; i++)
        if ((one = compare(pointer, u->mapping->ignored[i])) > best) best = one;
    for (int r = 0; r < u->mapping->kinds[u->kind].rule_count && best != KNOWN; r++) {
        const struct mapping_rule *rule = &u->mapping->kinds[u->kind].rules[r];
        for (int i = 0; i < rule->from_count; i++)
            if ((one = compare(pointer, rule->from[i])) > best) best = one;
    }
    return best;
}

static void refuse_unknown(struct mapping_use *u, const cJSON *object, const char *prefix) {
    const cJSON *item;
    cJSON_ArrayForEach(item, object) {
        const char *pointer = mapping_step(u->arena, prefix, item->string);
        enum known known = is_known(u, pointer);
        if (known == ON_THE_WAY && cJSON_IsObject(item))
            refuse_unknown(u, item, pointer);
        else if (known == ON_THE_WAY && !cJSON_IsNull(item) && !cJSON_IsArray(item))
            wrong(u, 400, pointer, "须为对象", "must be an object");
        else if (known == UNKNOWN)
            wrong(u, 400, pointer, "字段对照中没有这个字段", "the mapping has no such field");
    }
}

/* ---- the whole -------------------------------------------------------------------------------------------------------------------------- */

struct cJSON *mapping_apply(const struct mapping *mapping, enum mapping_kind kind, const char *source,
                            const cJSON *body, struct arena *arena, mapping_wrong *tell, void *context) {
    struct mapping_use u = {mapping, kind, body, NULL, arena, tell, context, 0};
    if (!cJSON_IsObject(body)) {
        wrong(&u, 400, "", "须为一个 JSON 对象", "must be a JSON object");
        return NULL;
    }
    u.ours = cJSON_CreateObject();
    must(u.ours && cJSON_AddStringToObject(u.ours, "source", source));
    for (int i = 0; i < mapping->kinds[kind].rule_count; i++) go_by(&u, &mapping->kinds[kind].rules[i]);
    if (!mapping->ignores_rest) refuse_unknown(&u, body, "");
    if (u.wrongs) json_free(&u.ours);
    return u.ours;
}

const char *mapping_pointer(const struct mapping *mapping, enum mapping_kind kind, const char *ours) {
    const struct mapping_rule *best = NULL;
    for (int i = 0; i < mapping->kinds[kind].rule_count; i++) {
        const struct mapping_rule *rule = &mapping->kinds[kind].rules[i];
        if (!rule->from_count) continue;
        if (!strcmp(rule->field->to, ours)) return rule->from[0];
        if (!best && *ours && compare(ours, rule->field->to) != UNKNOWN) best = rule;
    }
    return best ? best->from[0] : ours;
}
