/* See said.h. One function a field, in the order of design of the outside face; a field's limits are proto/limits.h's. */
#include "services/intake/said.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/buffer.h"
#include "common/clock.h"
#include "common/json_writer.h"
#include "core/access.h"
#include "proto/must.h"
#include "services/intake/said_internal.h"
#include "services/kit/rule_text.h"

enum {
    URL_BYTES_MAX = 2000,
    FILE_ID_CHARACTERS = 32,
    AHEAD_MAX_MS = 10 * 60 * 1000 /* a source's clock may be ahead of ours by this much */
};

struct checking {
    const struct said_raw *raw;
    const struct bearer *who;
    const struct reference *reference;
    struct arena *arena;
    struct said *said;
    struct said_faults *faults;
};

void said_fault(struct said_faults *f, int status, const char *pointer, const char *zh, const char *en) {
    if (!f->status || status == 400 || status == 403) f->status = status;
    if (f->count < SAID_FAULTS_MAX) f->faults[f->count++] = (struct http_fault){pointer, {zh, en}};
}

static void fault(struct checking *c, int status, const char *pointer, const char *zh, const char *en) {
    said_fault(c->faults, status, pointer, zh, en);
}

static bool is_faulty(const struct checking *c, const char *pointer) {
    for (int i = 0; i < c->faults->count; i++)
        if (!strcmp(c->faults->faults[i].pointer, pointer)) return true;
    return false;
}

/* ---- texts --------------------------------------------------------------------------------------------------------------------- */

static void fault_too_long(struct checking *c, const char *pointer, size_t max) {
    const char *zh = arena_printf(c->arena, "过长, 最多 %d 字节", (int)max);
    const char *en = arena_printf(c->arena, "too long: at most %d bytes", (int)max);
    fault(c, 422, pointer, zh ? zh : "过长", en ? en : "too long");
}

/* Trimmed, in normal form, in the arena; empty when absent or at fault. */
static struct span check_text(struct checking *c, struct span given, const char *pointer, size_t max, bool lines) {
    struct span none = {"", 0}, kept;
    if (!given.len) return none;
    struct span trimmed = text_trim(given.at, given.len);
    if (trimmed.len > max) {
        fault_too_long(c, pointer, max);
    } else if (text_has_control(trimmed.at, trimmed.len, lines)) {
        fault(c, 422, pointer, "含有控制字符", "holds a control character");
    } else if (text_nfc(c->arena, trimmed.at, trimmed.len, &kept) != ERR_NONE) {
        fault(c, 422, pointer, "不是有效的文字", "is not valid text");
    } else {
        return kept;
    }
    return none;
}

/* ---- who says it --------------------------------------------------------------------------------------------------------------- */

static void check_source(struct checking *c) {
    struct span code = check_text(c, c->raw->source, "/source", SOURCE_BYTES_MAX, false);
    if (!code.len) {
        if (!c->faults->count) fault(c, 400, "/source", "必须给出来源", "the source is required");
        return;
    }
    const struct reference_source *source = reference_source_by_code(c->reference, code.at, code.len);
    bool owned = false;
    for (uint16_t i = 0; source && i < c->who->source_count; i++) owned |= c->who->sources[i] == source->id;
    if (source && c->who->source_count == 0)
        owned = access_scope(c->who->principal.role, ACTION_PUSH_REQUEST) == SCOPE_ALL;
    if (!owned) {
        fault(c, 403, "/source", "该令牌不能代表这个来源报送", "this token may not push for that source");
        return;
    }
    c->said->source = source->id;
    c->said->channel = c->raw->channel ? c->raw->channel : source->channel;
}

static void check_external_id(struct checking *c) {
    c->said->external_id = check_text(c, c->raw->external_id, "/external_id", EXTERNAL_ID_BYTES_MAX, false);
    if (c->said->external_id.len || is_faulty(c, "/external_id")) return;
    if (c->raw->external_id.len)
        fault(c, 422, "/external_id", "不能为空", "must not be empty");
    else
        fault(c, 400, "/external_id", "必须给出来源方编号, 重发时用同一编号",
              "the source's own id is required; a repeat carries the same one");
}

/* ---- what it is about -------------------------------------------------------------------------------------------------------------- */

static void check_matter(struct checking *c) {
    struct span given = check_text(c, c->raw->matter, "/matter", 16, false);
    c->said->matter_given = given;
    if (!given.len) return;
    uint32_t code = 0;
    for (size_t i = 0; i < given.len; i++) {
        if (given.at[i] < '0' || given.at[i] > '9' || given.len != 6) {
            fault(c, 422, "/matter", "事项编码为六位数字, 如 020305", "a matter code is six digits, such as 020305");
            return;
        }
        code = code * 10 + (uint32_t)(given.at[i] - '0');
    }
    if (world_matter(&c->reference->world, code))
        c->said->matter = code; /* else it is kept as said, and an operator decides */
}

static void check_texts(struct checking *c) {
    c->said->title = check_text(c, c->raw->title, "/title", TITLE_BYTES_MAX, false);
    c->said->description = check_text(c, c->raw->description, "/description", DESCRIPTION_BYTES_MAX, true);
    if (!c->said->title.len && !c->said->description.len && c->faults->count == 0)
        fault(c, 400, "/title", "标题和内容至少给出一项", "a title or a description is required");
}

static void check_occurred(struct checking *c) {
    c->said->occurred_at = c->raw->occurred_at;
    if (c->raw->occurred_at > clock_now() + AHEAD_MAX_MS)
        fault(c, 422, "/occurred_at", "不能在将来 (允许时钟相差 10 分钟)",
              "must not lie in the future (clocks may differ by 10 minutes)");
}

/* ---- where ------------------------------------------------------------------------------------------------------------------------- */

static void check_degree(struct checking *c, double degrees, double max, const char *pointer) {
    if (isfinite(degrees) && fabs(degrees) <= max) return;
    fault(c, 422, pointer, "须为 WGS-84 经纬度的度数", "must be degrees of longitude or latitude (WGS 84)");
}

static void check_location(struct checking *c) {
    struct said *s = c->said;
    if (c->raw->has_point) {
        check_degree(c, c->raw->lon, 180, "/location/lon");
        check_degree(c, c->raw->lat, 90, "/location/lat");
        s->has_point = true;
        s->lon = c->raw->lon;
        s->lat = c->raw->lat;
    }
    s->address = check_text(c, c->raw->address, "/location/address", ADDRESS_BYTES_MAX, false);
    s->grid = check_text(c, c->raw->grid, "/location/grid", 16, false);
}

/* Folding an address costs more than all the rest of finding a place, and mostly grid or point have decided already. */
static void find_place(struct checking *c, const struct places *places) {
    struct said *s = c->said;
    struct span folded;
    struct places_question question = {s->grid.at, s->grid.len, s->has_point, s->lon, s->lat, NULL, 0};
    s->place = places_find(places, &question);
    if (s->place.unit || !s->address.len) return;
    if (text_fold(c->arena, s->address.at, s->address.len, &folded) != ERR_NONE) return;
    question.address = folded.at;
    question.address_len = folded.len;
    s->place = places_find(places, &question);
}

/* ---- the person ---------------------------------------------------------------------------------------------------------------------- */

static void check_requester(struct checking *c) {
    struct said *s = c->said;
    s->name = check_text(c, c->raw->name, "/requester/name", NAME_BYTES_MAX, false);
    s->phone = check_text(c, c->raw->phone, "/requester/phone", PHONE_BYTES_MAX, false);
    s->document = check_text(c, c->raw->document, "/requester/document", PHONE_BYTES_MAX, false);
    s->confidential = c->raw->confidential;
}

/* On the web, or a name in the source's own store; nothing here fetches it. Other schemes (javascript:, file:) are nobody's photo. */
static bool is_address(struct span url) {
    size_t first = 0;
    while (first < url.len && !strchr(":/?#", url.at[first])) first++;
    if (first < url.len && url.at[first] == ':')
        return (url.len > 8 && !strncmp(url.at, "https://", 8)) || (url.len > 7 && !strncmp(url.at, "http://", 7));
    return url.len > 0;
}

/* 32 hex digits; whether there is such a file, and whose, is files.c's question. */
static bool is_file_id(struct span id) {
    for (size_t i = 0; i < id.len; i++)
        if (!((id.at[i] >= '0' && id.at[i] <= '9') || (id.at[i] >= 'a' && id.at[i] <= 'f'))) return false;
    return id.len == FILE_ID_CHARACTERS;
}

static bool put_attachment(struct checking *c, struct json_writer *w, int i) {
    const char *at_url = arena_printf(c->arena, "/attachments/%d/url", i);
    const char *at_sha256 = arena_printf(c->arena, "/attachments/%d/sha256", i);
    const char *at_id = arena_printf(c->arena, "/attachments/%d/id", i);
    if (!at_url || !at_sha256 || !at_id) at_url = at_sha256 = at_id = "/attachments";
    struct span url = check_text(c, c->raw->attachments[i].url, at_url, URL_BYTES_MAX, false);
    struct span sha256 = check_text(c, c->raw->attachments[i].sha256, at_sha256, 2 * CRYPTO_HASH_BYTES, false);
    struct span id = c->raw->attachments[i].id;
    if (is_faulty(c, at_url) || is_faulty(c, at_sha256)) return false;
    if (id.len ? !is_file_id(id) || url.len || sha256.len : !is_address(url)) {
        fault(c, id.len || url.len ? 422 : 400, url.len && !id.len ? at_url : at_id,
              "每个附件须有已上传文件的 id, 或 url: http(s) 地址, 或来源系统中的文件名",
              "each attachment needs the id of an uploaded file, or a url: an http(s) address, or a name in the "
              "source's own store");
        return false;
    }
    json_open(w);
    if (id.len) json_put_text(w, "id", id.at, id.len);
    if (url.len) json_put_text(w, "url", url.at, url.len);
    if (sha256.len) json_put_text(w, "sha256", sha256.at, sha256.len);
    json_close(w);
    c->said->names_files |= id.len > 0;
    c->said->names_addresses |= url.len > 4 && !strncmp(url.at, "http", 4);
    return true;
}

static void check_attachments(struct checking *c) {
    struct buffer json = {0};
    struct json_writer w;
    if (!c->raw->attachment_count) return;
    json_writer_init(&w, &json);
    json_open_list(&w);
    for (int i = 0; i < c->raw->attachment_count && put_attachment(c, &w, i); i++) {
    }
    json_close_list(&w);
    char *kept = arena_copy(c->arena, json.data, json.length);
    if (kept) c->said->attachments = (struct span){kept, json.length};
    buffer_done(&json);
}

/* ---- the whole --------------------------------------------------------------------------------------------------------------------------- */

/* Over every field that was said, each with its length, in a fixed order: the order of keys and white space do not count. */
static void hash_content(struct said *s) {
    const struct span texts[] = {s->external_id, s->matter_given, s->title, s->description, s->address,
                                 s->grid,        s->name,         s->phone, s->document,    s->attachments};
    enum { TEXTS = sizeof texts / sizeof texts[0] };
    struct {
        uint64_t len[TEXTS];
        int64_t occurred_at;
        double lon, lat;
        uint32_t source, channel, urgency, has_point, confidential;
    } numbers;
    memset(&numbers, 0, sizeof numbers);
    numbers.occurred_at = s->occurred_at;
    if (s->has_point) numbers.lon = s->lon, numbers.lat = s->lat;
    numbers.source = s->source, numbers.channel = s->channel, numbers.urgency = s->urgency;
    numbers.has_point = s->has_point, numbers.confidential = s->confidential;
    struct crypto_part parts[1 + TEXTS] = {{&numbers, sizeof numbers}};
    for (int i = 0; i < TEXTS; i++) {
        numbers.len[i] = texts[i].len;
        parts[1 + i] = (struct crypto_part){texts[i].at, texts[i].len};
    }
    crypto_digest_parts(parts, 1 + TEXTS, s->content);
}

void said_check(const struct said_raw *raw, const struct bearer *who, const struct reference *reference,
                const struct places *places, struct arena *arena, struct said *ret_said, struct said_faults *faults) {
    const struct span none = {"", 0};
    struct checking c = {raw, who, reference, arena, ret_said, faults};
    memset(ret_said, 0, sizeof *ret_said);
    ret_said->attachments = none;
    check_source(&c);
    check_external_id(&c);
    check_matter(&c);
    check_texts(&c);
    check_occurred(&c);
    ret_said->urgency = raw->urgency;
    check_location(&c);
    check_requester(&c);
    check_attachments(&c);
    if (faults->status) return;
    find_place(&c, places);
    ret_said->rule_count =
        rule_text_find(arena, &reference->world, ret_said->title, ret_said->description, ret_said->rules);
    hash_content(ret_said);
}
