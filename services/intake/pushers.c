/* See pushers.h. */
#include "services/intake/pushers.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "common/json.h"
#include "core/access.h"
#include "proto/limits.h"
#include "services/intake/intake.h"
#include "services/intake/said_internal.h"

enum { RESIDENT_ID_MIN = 16, RESIDENT_ID_MAX = 64, PHONE_DIGITS_MIN = 7, PHONE_DIGITS_MAX = 15 };

static const struct sentence BUSY = {"系统繁忙, 请稍后用同一编号重发",
                                     "too busy: push it again later under the same id"};
static const struct sentence NOT_ALLOWED = {"无权报送诉求", "you may not push requests"};

struct entrance {
    struct intake *in;
    struct http_request *http;
    push_handler *push;
};

/* ---- the door -------------------------------------------------------------------------------------------------------------------- */

/* NULL: answered. */
static struct entrance *open_entrance(struct intake *in, struct http_request *http, push_handler *push) {
    struct entrance *e =
        in->can_commit && in->reference && !in->disk_full ? arena_take(http_arena(http), sizeof *e) : NULL;
    if (e)
        *e = (struct entrance){in, http, push};
    else
        http_problem_status(http, 503, BUSY);
    return e;
}

/* False: it was answered. */
static bool read_key(struct entrance *e, int64_t user, struct push_key *ret_key) {
    const char *text = http_header(e->http, "Idempotency-Key");
    size_t len;
    const uint8_t *body = http_body(e->http, &len);
    if (text && (!*text || strlen(text) > KEY_BYTES_MAX)) {
        http_problem_status(e->http, 400,
                            (struct sentence){"Idempotency-Key 须为 1 到 120 字节", "Idempotency-Key: 1 to 120 bytes"});
        return false;
    }
    *ret_key = push_key_of(user, text, body, len);
    if (!keys_conflict(e->in->push_keys, ret_key)) return true;
    struct http_problem problem = {
        .status = 409,
        .type = "conflict",
        .title = {"幂等键冲突", "idempotency key conflict"},
        .detail = {"同一 Idempotency-Key 已用于不同内容", "the same Idempotency-Key was used with another body"}};
    http_problem(e->http, &problem);
    return false;
}

static void let_in(struct entrance *e, struct pusher *who) {
    if (access_scope(who->bearer.principal.role, ACTION_PUSH_REQUEST) == SCOPE_NONE) {
        intake_refused(INTAKE_NOT_ALLOWED);
        http_problem_status(e->http, 403, NOT_ALLOWED);
    } else if (read_key(e, who->bearer.principal.user, &who->key)) {
        e->push(e->in, e->http, who);
    }
}

/* ---- a program ------------------------------------------------------------------------------------------------------------------- */

static void on_bearer(void *context, enum err err, const struct bearer *bearer) {
    struct entrance *e = context;
    if (err == ERR_NOT_FOUND) {
        intake_refused(INTAKE_BAD_TOKEN);
        http_set_header(e->http, "WWW-Authenticate", "Bearer error=\"invalid_token\"");
        http_problem_status(e->http, 401,
                            (struct sentence){"令牌无效、已停用或已过期", "the token is unknown, disabled or expired"});
    } else if (err != ERR_NONE) {
        http_problem_status(e->http, 503, BUSY);
    } else {
        struct pusher who = {.kind = PUSHER_PROGRAM, .bearer = *bearer};
        let_in(e, &who);
    }
}

/* ---- a person -------------------------------------------------------------------------------------------------------------------- */

static struct bearer bearer_of_person(const struct reference *reference, const struct principal *person) {
    struct bearer bearer = {.principal = *person};
    uint8_t channel = person->role == ROLE_GRID_WORKER ? CHANNEL_GRID : CHANNEL_UNIT;
    for (uint32_t i = 0; i < reference->source_count && bearer.source_count < BEARER_SOURCES_MAX; i++)
        if (reference->sources[i].channel == channel) bearer.sources[bearer.source_count++] = reference->sources[i].id;
    return bearer;
}

static void on_person(void *context, enum who_result result, const struct who *person) {
    struct entrance *e = context;
    switch (result) {
    case WHO_IS: {
        struct pusher who = {.kind = PUSHER_PERSON, .bearer = bearer_of_person(e->in->reference, &person->principal)};
        let_in(e, &who);
        return;
    }
    case WHO_MISSING:
    case WHO_INVALID:
        intake_refused(INTAKE_BAD_TOKEN);
        http_set_header(e->http, "WWW-Authenticate", "Bearer");
        http_problem_status(e->http, 401, (struct sentence){"登录已失效", "the session is not valid any more"});
        return;
    case WHO_FORGED:
        intake_refused(INTAKE_NOT_ALLOWED);
        http_problem_status(e->http, 403,
                            (struct sentence){"请求来自其他网站, 或缺少 CSRF 令牌",
                                              "the request came from another site, or lacks its CSRF token"});
        return;
    case WHO_AWAY:
        http_problem_status(e->http, 503, BUSY);
        return;
    }
}

void pushers_find(struct intake *in, struct http_request *http, bool people, push_handler *push) {
    const char *authorization = http_header(http, "Authorization");
    struct entrance *e = open_entrance(in, http, push);
    if (!e) return;
    if (authorization && strncmp(authorization, "Bearer ", 7) == 0) {
        bearer_find(in->bearers, authorization + 7, strlen(authorization + 7), on_bearer, e);
    } else if (people && !authorization && http_cookie(http, WHO_COOKIE)) {
        who_find(in->who, http, on_person, e);
    } else {
        intake_refused(INTAKE_NO_TOKEN);
        http_set_header(http, "WWW-Authenticate", "Bearer");
        http_problem_status(
            http, 401,
            (struct sentence){"请用 Authorization: Bearer 令牌", "send Authorization: Bearer and your token"});
    }
}

/* ---- a resident ------------------------------------------------------------------------------------------------------------------ */

void pushers_resident(struct intake *in, struct http_request *http, push_handler *push) {
    struct entrance *e = open_entrance(in, http, push);
    if (!e) return;
    const char *code = intake_config.resident_source;
    const struct reference_source *source = reference_source_by_code(in->reference, code, strlen(code));
    if (!who_is_same_origin(http)) {
        http_problem_status(http, 403, (struct sentence){"请求来自其他网站", "the request came from another site"});
    } else if (!source) {
        http_problem_status(http, 403,
                            (struct sentence){"这里暂不接受居民自行报送, 请拨打 12345",
                                              "residents' reports are not taken here: call 12345"});
    } else {
        struct pusher who = {.kind = PUSHER_RESIDENT,
                             .bearer = {.principal = {.role = ROLE_INTEGRATION, .source = source->id},
                                        .sources = {source->id},
                                        .source_count = 1}};
        push(in, http, &who);
    }
}

/* A link a stranger gives is not shown to anybody: residents' photos are uploaded. */
static void refuse_links(const struct cJSON *tree, struct said_faults *faults) {
    const struct cJSON *list = json_member(tree, "attachments"), *item;
    cJSON_ArrayForEach(item, list) {
        if (!cJSON_IsObject(item) || !json_member(item, "url")) continue;
        said_fault(faults, 400, "/attachments", "照片请先上传, 再用 id 指明",
                   "upload photos first, and name them by their id");
        return;
    }
}

/* ---- what may be said ------------------------------------------------------------------------------------------------------------ */

static void refuse(struct cJSON *object, const char *key, const char *pointer, struct said_faults *faults) {
    if (json_member(object, key))
        said_fault(faults, 400, pointer, "由系统填写, 请去掉", "is not yours to say: leave it out");
}

void pusher_prepare(const struct pusher *who, const struct reference *reference, struct cJSON *tree,
                    struct said_faults *faults) {
    if (who->kind == PUSHER_PROGRAM || !cJSON_IsObject(tree)) return;
    refuse(tree, "channel", "/channel", faults);
    if (who->kind == PUSHER_RESIDENT) {
        const struct cJSON *requester = json_member(tree, "requester");
        refuse(tree, "source", "/source", faults);
        refuse(tree, "urgency", "/urgency", faults);
        refuse_links(tree, faults);
        if (cJSON_IsObject(requester)) refuse((struct cJSON *)requester, "document", "/requester/document", faults);
    }
    if (json_member(tree, "source")) return;
    const struct reference_source *source =
        who->bearer.source_count ? reference_source(reference, who->bearer.sources[0]) : NULL;
    if (source)
        cJSON_AddStringToObject(tree, "source", source->code);
    else
        said_fault(faults, 422, "/source", "没有可用的来源, 请联系系统管理员",
                   "there is no source of this kind: tell the system administrator");
}

/* Made by a machine, long enough that nobody guesses another's. */
static bool is_own_id(struct span id) {
    static const char may[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    if (id.len < RESIDENT_ID_MIN || id.len > RESIDENT_ID_MAX) return false;
    for (size_t i = 0; i < id.len; i++)
        if (!memchr(may, id.at[i], sizeof may - 1)) return false;
    return true;
}

static bool is_phone(struct span phone) {
    size_t digits = 0;
    for (size_t i = 0; i < phone.len; i++) {
        bool digit = phone.at[i] >= '0' && phone.at[i] <= '9';
        if (!digit && !memchr("+- ", phone.at[i], 3)) return false;
        digits += digit;
    }
    return digits >= PHONE_DIGITS_MIN && digits <= PHONE_DIGITS_MAX;
}

void pusher_check(const struct pusher *who, const struct said *said, struct said_faults *faults) {
    if (who->kind != PUSHER_RESIDENT || faults->status) return;
    if (!is_own_id(said->external_id))
        said_fault(faults, 422, "/external_id", "须为 16 到 64 个随机的字母、数字或 -",
                   "must be 16 to 64 random letters, digits or -");
    if (!is_phone(said->phone))
        said_fault(faults, said->phone.len ? 422 : 400, "/requester/phone",
                   "请留下电话 (7 到 15 位数字), 凭后四位查询进度",
                   "a phone number of 7 to 15 digits is needed: its last four show the progress");
}
