/* What was said over HTTP: a JSON object becomes struct said_raw. Wrong types, unknown names and words are told here; what the
 * values may be is said.c's. */
#include <cjson/cJSON.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "services/intake/said_internal.h"

struct reading {
    const struct cJSON *tree;
    struct arena *arena;
    struct said_raw *raw;
    struct said_faults *faults;
};

static void fault(struct reading *r, int status, const char *pointer, const char *zh, const char *en) {
    said_fault(r->faults, status, pointer, zh, en);
}

static void refuse_unknown(struct reading *r, const struct cJSON *object, const char *const *keys, const char *where) {
    const char *unknown = json_unknown_key(object, keys);
    if (!unknown) return;
    const char *pointer = arena_printf(r->arena, "%s/%.200s", where, unknown);
    fault(r, 400, pointer ? pointer : where, "没有这个字段", "there is no such field");
}

static struct span read_text(struct reading *r, const struct cJSON *object, const char *key, const char *pointer) {
    const char *text = "";
    if (json_get_text(object, key, &text) == ERR_INVALID) fault(r, 400, pointer, "须为字符串", "must be a string");
    return (struct span){text, strlen(text)};
}

static void read_word(struct reading *r, const char *key, const char *pointer, enum word_set set, const char *zh,
                      const char *en, uint8_t *ret_value) {
    const char *text;
    enum err err = json_get_text(r->tree, key, &text);
    if (err == ERR_NOT_FOUND) return;
    int value = err == ERR_NONE ? word_value(set, text, strlen(text)) : 0;
    if (value)
        *ret_value = (uint8_t)value;
    else
        fault(r, err == ERR_NONE ? 422 : 400, pointer, zh, en);
}

static void read_key(struct reading *r) {
    r->raw->source = read_text(r, r->tree, "source", "/source");
    r->raw->external_id = read_text(r, r->tree, "external_id", "/external_id");
    if (!r->raw->external_id.len && json_member(r->tree, "external_id") != NULL && !r->faults->count)
        fault(r, 422, "/external_id", "不能为空", "must not be empty");
}

static void read_occurred(struct reading *r) {
    const char *text;
    enum err err = json_get_text(r->tree, "occurred_at", &text);
    if (err == ERR_NOT_FOUND) return;
    if (err == ERR_INVALID)
        fault(r, 400, "/occurred_at", "须为字符串", "must be a string");
    else if (clock_parse(text, strlen(text), &r->raw->occurred_at) != ERR_NONE)
        fault(r, 422, "/occurred_at", "须为带时区的 RFC 3339 时间, 如 2026-11-21T09:30:00+08:00",
              "must be an RFC 3339 time with offset, such as 2026-11-21T09:30:00+08:00");
}

static bool read_degree(struct reading *r, const struct cJSON *object, const char *key, const char *pointer,
                        double *ret) {
    enum err err = json_get_double(object, key, ret);
    if (err == ERR_INVALID)
        fault(r, 400, pointer, "须为 WGS-84 经纬度的度数", "must be degrees of longitude or latitude (WGS 84)");
    return err == ERR_NONE;
}

static void read_location(struct reading *r) {
    static const char *const keys[] = {"lon", "lat", "address", "grid", NULL};
    const struct cJSON *location;
    enum err err = json_get_object(r->tree, "location", &location);
    if (err == ERR_NOT_FOUND) return;
    if (err != ERR_NONE) {
        fault(r, 400, "/location", "须为对象", "must be an object");
        return;
    }
    refuse_unknown(r, location, keys, "/location");
    bool lon = read_degree(r, location, "lon", "/location/lon", &r->raw->lon);
    bool lat = read_degree(r, location, "lat", "/location/lat", &r->raw->lat);
    if (lon != lat && !r->faults->count)
        fault(r, 422, lon ? "/location/lat" : "/location/lon", "经度和纬度须同时给出",
              "longitude and latitude come together");
    r->raw->has_point = lon && lat;
    r->raw->address = read_text(r, location, "address", "/location/address");
    r->raw->grid = read_text(r, location, "grid", "/location/grid");
}

static void read_requester(struct reading *r) {
    static const char *const keys[] = {"name", "phone", "document", "confidential", NULL};
    const struct cJSON *requester;
    enum err err = json_get_object(r->tree, "requester", &requester);
    if (err == ERR_NOT_FOUND) return;
    if (err != ERR_NONE) {
        fault(r, 400, "/requester", "须为对象", "must be an object");
        return;
    }
    refuse_unknown(r, requester, keys, "/requester");
    r->raw->name = read_text(r, requester, "name", "/requester/name");
    r->raw->phone = read_text(r, requester, "phone", "/requester/phone");
    r->raw->document = read_text(r, requester, "document", "/requester/document");
    err = json_get_bool(requester, "confidential", &r->raw->confidential);
    if (err == ERR_INVALID) fault(r, 400, "/requester/confidential", "须为 true 或 false", "must be true or false");
}

static void read_attachments(struct reading *r) {
    static const char *const keys[] = {"url", "sha256", "id", NULL};
    const struct cJSON *list, *item;
    enum err err = json_get_list(r->tree, "attachments", &list);
    if (err == ERR_NOT_FOUND) return;
    if (err != ERR_NONE) {
        fault(r, 400, "/attachments", "须为数组", "must be a list");
        return;
    }
    if (cJSON_GetArraySize(list) > ATTACHMENTS_MAX) {
        fault(r, 422, "/attachments", "附件过多, 最多 10 个", "too many attachments: at most 10");
        return;
    }
    cJSON_ArrayForEach(item, list) {
        int i = r->raw->attachment_count++;
        const char *where = arena_printf(r->arena, "/attachments/%d", i);
        const char *url = arena_printf(r->arena, "/attachments/%d/url", i);
        const char *sha256 = arena_printf(r->arena, "/attachments/%d/sha256", i);
        const char *id = arena_printf(r->arena, "/attachments/%d/id", i);
        if (!where || !url || !sha256 || !id) where = url = sha256 = id = "/attachments";
        if (!cJSON_IsObject(item)) {
            fault(r, 400, where, "每个附件须为对象", "each attachment must be an object");
            r->raw->attachment_count = i;
            return;
        }
        refuse_unknown(r, item, keys, where);
        r->raw->attachments[i].url = read_text(r, item, "url", url);
        r->raw->attachments[i].sha256 = read_text(r, item, "sha256", sha256);
        r->raw->attachments[i].id = read_text(r, item, "id", id);
    }
}

void said_read(const struct cJSON *tree, const struct bearer *who, const struct reference *reference,
               const struct places *places, struct arena *arena, struct said *ret_said,
               struct said_faults *ret_faults) {
    static const char *const keys[] = {"source",   "external_id", "channel",     "matter",
                                       "title",    "description", "occurred_at", "urgency",
                                       "location", "requester",   "attachments", NULL};
    struct said_raw raw = {.attachment_count = 0};
    struct reading r = {tree, arena, &raw, ret_faults};
    memset(ret_said, 0, sizeof *ret_said);
    ret_faults->status = ret_faults->count = 0;
    if (!cJSON_IsObject(tree)) {
        fault(&r, 400, "", "须为一个 JSON 对象", "must be a JSON object");
        return;
    }
    refuse_unknown(&r, tree, keys, "");
    read_key(&r);
    read_word(&r, "channel", "/channel", WORDS_channel, "渠道须为 phone wechat web app grid unit police 之一",
              "must be one of phone wechat web app grid unit police", &raw.channel);
    raw.matter = read_text(&r, tree, "matter", "/matter");
    raw.title = read_text(&r, tree, "title", "/title");
    raw.description = read_text(&r, tree, "description", "/description");
    read_occurred(&r);
    read_word(&r, "urgency", "/urgency", WORDS_urgency, "紧急程度须为 danger urgent normal complex 之一",
              "must be one of danger urgent normal complex", &raw.urgency);
    read_location(&r);
    read_requester(&r);
    read_attachments(&r);
    said_check(&raw, who, reference, places, arena, ret_said, ret_faults);
}
