/* See said.h. One function a field, in the order of design of the outside face; a field's limits are proto/limits.h's. */
#include "services/intake/said.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/buffer.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/json_writer.h"
#include "core/access.h"
#include "proto/limits.h"
#include "proto/must.h"

struct reading {
    const struct cJSON *tree;
    const struct bearer *who;
    const struct reference *reference;
    struct arena *arena;
    struct said *said;
    struct said_faults *faults;
};

static void fault(struct reading *r, int status, const char *pointer, const char *zh, const char *en) {
    struct said_faults *f = r->faults;
    if (!f->status || status == 400 || status == 403) f->status = status;
    if (f->count < SAID_FAULTS_MAX) f->faults[f->count++] = (struct http_fault){pointer, {zh, en}};
}

static const char *print(struct reading *r, const char *format, const char *word, int number) {
    char text[256];
    snprintf(text, sizeof text, format, word, number);
    const char *kept = arena_copy(r->arena, text, strlen(text));
    return kept ? kept : format;
}

/* ---- texts --------------------------------------------------------------------------------------------------------------------- */

static struct span read_text(struct reading *r, const struct cJSON *object, const char *key, const char *pointer,
                             size_t max, bool lines) {
    const char *text = NULL;
    struct span none = {"", 0}, kept;
    enum err err = json_get_text(object, key, &text);
    if (err == ERR_NOT_FOUND) return none;
    if (err != ERR_NONE) {
        fault(r, 400, pointer, "须为字符串", "must be a string");
        return none;
    }
    struct span trimmed = text_trim(text, strlen(text));
    if (trimmed.len > max) {
        fault(r, 422, pointer, print(r, "过长, 最多%s %d 字节", "", (int)max),
              print(r, "too long: at most%s %d bytes", "", (int)max));
        return none;
    }
    if (text_has_control(trimmed.at, trimmed.len, lines)) {
        fault(r, 422, pointer, "含有控制字符", "holds a control character");
        return none;
    }
    if (text_nfc(r->arena, trimmed.at, trimmed.len, &kept) != ERR_NONE) {
        fault(r, 422, pointer, "不是有效的文字", "is not valid text");
        return none;
    }
    return kept;
}

/* ---- who says it --------------------------------------------------------------------------------------------------------------- */

static void read_source(struct reading *r) {
    struct span code = read_text(r, r->tree, "source", "/source", SOURCE_BYTES_MAX, false);
    if (!code.len) {
        if (!r->faults->count) fault(r, 400, "/source", "必须给出来源", "the source is required");
        return;
    }
    const struct reference_source *source = reference_source_by_code(r->reference, code.at, code.len);
    bool owned = false;
    for (uint16_t i = 0; source && i < r->who->source_count; i++) owned |= r->who->sources[i] == source->id;
    if (source && r->who->source_count == 0)
        owned = access_scope(r->who->principal.role, ACTION_PUSH_REQUEST) == SCOPE_ALL;
    if (!owned) {
        fault(r, 403, "/source", "该令牌不能代表这个来源报送", "this token may not push for that source");
        return;
    }
    r->said->source = source->id;
    r->said->channel = source->channel;
}

static void read_external_id(struct reading *r) {
    r->said->external_id = read_text(r, r->tree, "external_id", "/external_id", EXTERNAL_ID_BYTES_MAX, false);
    if (!r->said->external_id.len && json_member(r->tree, "external_id") == NULL)
        fault(r, 400, "/external_id", "必须给出来源方编号, 重发时用同一编号",
              "the source's own id is required; a repeat carries the same one");
    else if (!r->said->external_id.len && !r->faults->count)
        fault(r, 422, "/external_id", "不能为空", "must not be empty");
}

/* ---- what it is about -------------------------------------------------------------------------------------------------------------- */

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

static void read_matter(struct reading *r) {
    struct span given = read_text(r, r->tree, "matter", "/matter", 16, false);
    r->said->matter_given = given;
    if (!given.len) return;
    uint32_t code = 0;
    for (size_t i = 0; i < given.len; i++) {
        if (given.at[i] < '0' || given.at[i] > '9' || given.len != 6) {
            fault(r, 422, "/matter", "事项编码为六位数字, 如 020305", "a matter code is six digits, such as 020305");
            return;
        }
        code = code * 10 + (uint32_t)(given.at[i] - '0');
    }
    if (world_matter(&r->reference->world, code))
        r->said->matter = code; /* else it is kept as said, and an operator decides */
}

static void read_texts(struct reading *r) {
    r->said->title = read_text(r, r->tree, "title", "/title", TITLE_BYTES_MAX, false);
    r->said->description = read_text(r, r->tree, "description", "/description", DESCRIPTION_BYTES_MAX, true);
    if (!r->said->title.len && !r->said->description.len && r->faults->count == 0)
        fault(r, 400, "/title", "标题和内容至少给出一项", "a title or a description is required");
}

static void read_occurred(struct reading *r) {
    const char *text;
    enum err err = json_get_text(r->tree, "occurred_at", &text);
    if (err == ERR_NOT_FOUND) return;
    if (err != ERR_NONE || clock_parse(text, strlen(text), &r->said->occurred_at) != ERR_NONE)
        fault(r, 422, "/occurred_at", "须为带时区的 RFC 3339 时间, 如 2026-11-21T09:30:00+08:00",
              "must be an RFC 3339 time with offset, such as 2026-11-21T09:30:00+08:00");
}

/* ---- where ------------------------------------------------------------------------------------------------------------------------- */

static bool read_degree(struct reading *r, const struct cJSON *object, const char *key, const char *pointer, double max,
                        double *ret) {
    enum err err = json_get_double(object, key, ret);
    if (err == ERR_NONE && isfinite(*ret) && fabs(*ret) <= max) return true;
    if (err != ERR_NOT_FOUND)
        fault(r, err == ERR_NONE ? 422 : 400, pointer, "须为 WGS-84 经纬度的度数",
              "must be degrees of longitude or latitude (WGS 84)");
    return false;
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
    const char *unknown = json_unknown_key(location, keys);
    if (unknown) fault(r, 400, print(r, "/location/%s", unknown, 0), "没有这个字段", "there is no such field");
    bool lon = read_degree(r, location, "lon", "/location/lon", 180, &r->said->lon);
    bool lat = read_degree(r, location, "lat", "/location/lat", 90, &r->said->lat);
    if (lon != lat && !r->faults->count)
        fault(r, 422, lon ? "/location/lat" : "/location/lon", "经度和纬度须同时给出",
              "longitude and latitude come together");
    r->said->has_point = lon && lat;
    r->said->address = read_text(r, location, "address", "/location/address", ADDRESS_BYTES_MAX, false);
    r->said->grid = read_text(r, location, "grid", "/location/grid", 16, false);
}

static void find_place(struct reading *r, const struct places *places) {
    struct said *s = r->said;
    struct span folded = {"", 0};
    if (s->address.len && text_fold(r->arena, s->address.at, s->address.len, &folded) != ERR_NONE)
        folded = (struct span){"", 0};
    struct places_question question = {s->grid.at, s->grid.len, s->has_point, s->lon, s->lat, folded.at, folded.len};
    s->place = places_find(places, &question);
}

/* ---- the person ---------------------------------------------------------------------------------------------------------------------- */

static void read_requester(struct reading *r) {
    static const char *const keys[] = {"name", "phone", "document", "confidential", NULL};
    const struct cJSON *requester;
    enum err err = json_get_object(r->tree, "requester", &requester);
    if (err == ERR_NOT_FOUND) return;
    if (err != ERR_NONE) {
        fault(r, 400, "/requester", "须为对象", "must be an object");
        return;
    }
    const char *unknown = json_unknown_key(requester, keys);
    if (unknown) fault(r, 400, print(r, "/requester/%s", unknown, 0), "没有这个字段", "there is no such field");
    r->said->name = read_text(r, requester, "name", "/requester/name", NAME_BYTES_MAX, false);
    r->said->phone = read_text(r, requester, "phone", "/requester/phone", PHONE_BYTES_MAX, false);
    r->said->document = read_text(r, requester, "document", "/requester/document", PHONE_BYTES_MAX, false);
    for (size_t i = 0; i < r->said->phone.len; i++) {
        if (strchr("0123456789+-() ", r->said->phone.at[i])) continue;
        fault(r, 422, "/requester/phone", "电话号码只能含数字和 + - ( ) 空格",
              "a phone number holds digits and + - ( ) blanks only");
        break;
    }
    err = json_get_bool(requester, "confidential", &r->said->confidential);
    if (err == ERR_INVALID) fault(r, 400, "/requester/confidential", "须为 true 或 false", "must be true or false");
}

static bool is_hex(const char *text) {
    return strlen(text) == 64 && strspn(text, "0123456789abcdefABCDEF") == 64;
}

static void read_attachments(struct reading *r) {
    const struct cJSON *list, *item;
    enum err err = json_get_list(r->tree, "attachments", &list);
    if (err == ERR_NOT_FOUND) return;
    if (err != ERR_NONE) {
        fault(r, 400, "/attachments", "须为数组", "must be a list");
        return;
    }
    int count = cJSON_GetArraySize(list);
    if (count > ATTACHMENTS_MAX)
        fault(r, 422, "/attachments", "附件过多, 最多 10 个", "too many attachments: at most 10");
    struct buffer json = {0};
    struct json_writer w;
    json_writer_init(&w, &json);
    json_open_list(&w);
    cJSON_ArrayForEach(item, list) {
        const char *url = NULL, *sha256 = NULL;
        if (json_get_text(item, "url", &url) != ERR_NONE || strlen(url) > 2000 ||
            (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)) {
            fault(r, 422, "/attachments", "每个附件须有 http(s) 地址 url", "each attachment needs an http(s) url");
            break;
        }
        err = json_get_text(item, "sha256", &sha256);
        if (err == ERR_INVALID || (err == ERR_NONE && !is_hex(sha256))) {
            fault(r, 422, "/attachments", "sha256 须为 64 位十六进制数", "sha256 must be 64 hexadecimal digits");
            break;
        }
        json_open(&w);
        json_put_string(&w, "url", url);
        if (sha256) json_put_string(&w, "sha256", sha256);
        json_close(&w);
    }
    json_close_list(&w);
    char *kept = count > 0 ? arena_copy(r->arena, json.data, json.length) : NULL;
    if (kept) r->said->attachments = (struct span){kept, json.length};
    buffer_done(&json);
}

/* ---- the whole --------------------------------------------------------------------------------------------------------------------------- */

/* Over every field that was said, each with its length, in a fixed order: the order of keys and white space do not count. */
static void hash_content(struct said *s) {
    const struct span texts[] = {s->external_id, s->matter_given, s->title, s->description, s->address,
                                 s->grid,        s->name,         s->phone, s->document,    s->attachments};
    struct {
        int64_t occurred_at;
        double lon, lat;
        uint32_t source, channel, urgency, has_point, confidential;
    } numbers;
    memset(&numbers, 0, sizeof numbers);
    numbers.occurred_at = s->occurred_at;
    if (s->has_point) numbers.lon = s->lon, numbers.lat = s->lat;
    numbers.source = s->source, numbers.channel = s->channel, numbers.urgency = s->urgency;
    numbers.has_point = s->has_point, numbers.confidential = s->confidential;
    memset(s->content, 0, sizeof s->content);
    crypto_chain(s->content, &numbers, sizeof numbers, s->content);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        crypto_chain(s->content, texts[i].at, texts[i].len, s->content);
}

void said_read(const struct cJSON *tree, const struct bearer *who, const struct reference *reference,
               const struct places *places, struct arena *arena, struct said *ret_said,
               struct said_faults *ret_faults) {
    static const char *const keys[] = {"source",   "external_id", "channel",     "matter",
                                       "title",    "description", "occurred_at", "urgency",
                                       "location", "requester",   "attachments", NULL};
    const struct span none = {"", 0};
    struct reading r = {tree, who, reference, arena, ret_said, ret_faults};
    memset(ret_said, 0, sizeof *ret_said);
    ret_said->name = ret_said->phone = ret_said->document = ret_said->attachments = ret_said->address = ret_said->grid =
        none;
    ret_faults->status = ret_faults->count = 0;
    if (!cJSON_IsObject(tree)) {
        fault(&r, 400, "", "须为一个 JSON 对象", "must be a JSON object");
        return;
    }
    const char *unknown = json_unknown_key(tree, keys);
    if (unknown) fault(&r, 400, print(&r, "/%s", unknown, 0), "没有这个字段", "there is no such field");
    read_source(&r);
    read_external_id(&r);
    read_word(&r, "channel", "/channel", WORDS_channel, "渠道须为 phone wechat web app grid unit police 之一",
              "must be one of phone wechat web app grid unit police", &ret_said->channel);
    read_matter(&r);
    read_texts(&r);
    read_occurred(&r);
    read_word(&r, "urgency", "/urgency", WORDS_urgency, "紧急程度须为 danger urgent normal complex 之一",
              "must be one of danger urgent normal complex", &ret_said->urgency);
    read_location(&r);
    read_requester(&r);
    read_attachments(&r);
    if (ret_faults->status) return;
    find_place(&r, places);
    hash_content(ret_said);
}
