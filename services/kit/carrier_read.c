/* Reading a carrier's settings: each mistake told with its place. See carrier.h. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/text.h"
#include "proto/words.h"
#include "services/kit/carrier.h"

enum { POINTER_BYTES = 200, CONFIRM_MINUTES_MAX = 1440, LIST_MAX = 50 };

#define VALUES_IN_URL    "address id"
#define VALUES_IN_HEADER "id"
#define VALUES_IN_BODY   "address id code text subject what ticket unit stage about at count list"

struct reading {
    struct arena *arena;
    carrier_wrong *tell;
    void *context;
    int wrongs;
};

static void wrong(struct reading *r, int status, const char *pointer, const char *zh, const char *en) {
    const char *kept = arena_copy(r->arena, pointer, strlen(pointer));
    r->wrongs++;
    r->tell(r->context, status, kept ? kept : "", zh, en);
}

static const char *text_of(struct reading *r, const cJSON *tree, const char *parent, const char *key, bool needed) {
    char pointer[POINTER_BYTES];
    const char *text = NULL;
    enum err err = json_get_text(tree, key, &text);
    snprintf(pointer, sizeof pointer, "%s/%s", parent, key);
    if (err == ERR_INVALID) wrong(r, 400, pointer, "须为文字", "must be a text");
    if (err == ERR_NOT_FOUND && needed) wrong(r, 400, pointer, "不能缺少", "is needed");
    if (err == ERR_NONE && (!*text || text_has_control(text, strlen(text), false))) {
        wrong(r, 422, pointer, "不能为空或有控制字符", "must not be empty or hold control characters");
        return NULL;
    }
    return err == ERR_NONE ? text : NULL;
}

static void check_keys(struct reading *r, const cJSON *tree, const char *parent, const char *const *keys) {
    char pointer[POINTER_BYTES];
    const char *unknown = json_unknown_key(tree, keys);
    snprintf(pointer, sizeof pointer, "%s/%.100s", parent, unknown ? unknown : "");
    if (unknown) wrong(r, 400, pointer, "没有这个字段", "is not a known field");
}

/* An object, or NULL: absent, or told. */
static const cJSON *object_of(struct reading *r, const cJSON *tree, const char *key) {
    char pointer[POINTER_BYTES];
    const cJSON *object = NULL;
    snprintf(pointer, sizeof pointer, "/%s", key);
    if (json_get_object(tree, key, &object) == ERR_INVALID) wrong(r, 400, pointer, "须为对象", "must be an object");
    return object;
}

/* ---- texts with places to fill in ---- */

static bool is_known(const char *known, const char *name, size_t len) {
    const char *found = known;
    while ((found = strstr(found, name)) != NULL) {
        bool begins = found == known || found[-1] == ' ';
        if (begins && (found[len] == ' ' || found[len] == '\0')) return true;
        found++;
    }
    return false;
}

static void check_places(struct reading *r, const char *text, const char *known, const char *pointer) {
    for (const char *at = text; (at = strpbrk(at, "{}")) != NULL;) {
        if (at[1] == at[0]) {
            at += 2;
            continue;
        }
        size_t len = *at == '{' ? strcspn(at + 1, "{}") : 0;
        char name[24];
        snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : 0), at + 1);
        if (*at == '}' || at[1 + len] != '}' || !*name || !is_known(known, name, len)) {
            wrong(r, 422, pointer, "花括号中没有可填的值; 括号本身写作 {{ 或 }}",
                  "what stands in braces is no value that goes here; a brace itself is written {{ or }}");
            return;
        }
        at += len + 2;
    }
}

static void check_tree(struct reading *r, const cJSON *tree, const char *known, const char *pointer) {
    char below[POINTER_BYTES];
    int number = 0;
    const cJSON *item;
    if (cJSON_IsString(tree)) check_places(r, tree->valuestring, known, pointer);
    cJSON_ArrayForEach(item, tree) {
        if (item->string)
            snprintf(below, sizeof below, "%.100s/%.60s", pointer, item->string);
        else
            snprintf(below, sizeof below, "%.100s/%d", pointer, number++);
        check_tree(r, item, known, below);
    }
}

static void check_headers(struct reading *r, const cJSON *headers) {
    char pointer[POINTER_BYTES];
    const cJSON *item;
    cJSON_ArrayForEach(item, headers) {
        snprintf(pointer, sizeof pointer, "/headers/%.100s", item->string);
        bool token =
            *item->string &&
            !item->string[strspn(item->string, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")];
        if (!token || !cJSON_IsString(item) || strlen(item->valuestring) > 150 ||
            text_has_control(item->valuestring, strlen(item->valuestring), false))
            wrong(r, 422, pointer, "须为 HTTP 头的名称和一行文字",
                  "must be the name of an HTTP header and one line of text");
        else
            check_places(r, item->valuestring, VALUES_IN_HEADER, pointer);
    }
    if (cJSON_GetArraySize(headers) > 6) wrong(r, 422, "/headers", "至多 6 个", "6 at most");
}

/* ---- what it understands ---- */

static bool is_scalar(const cJSON *item) {
    return cJSON_IsString(item) || cJSON_IsNumber(item) || cJSON_IsBool(item);
}

static void check_scalars(struct reading *r, const cJSON *tree, const char *parent, const char *key, bool needed) {
    char pointer[POINTER_BYTES];
    const cJSON *value = json_member(tree, key), *item;
    bool fits = value ? is_scalar(value) || (cJSON_IsArray(value) && cJSON_GetArraySize(value) <= LIST_MAX) : !needed;
    if (cJSON_IsArray(value)) cJSON_ArrayForEach(item, value) fits = fits && is_scalar(item);
    snprintf(pointer, sizeof pointer, "%s/%s", parent, key);
    if (!fits) wrong(r, 400, pointer, "须为一个值或值的列表", "must be a value or a list of values");
}

static void check_pointer(struct reading *r, const cJSON *tree, const char *parent, const char *key, bool needed) {
    char pointer[POINTER_BYTES];
    const char *text = NULL;
    enum err err = json_get_text(tree, key, &text);
    snprintf(pointer, sizeof pointer, "%s/%s", parent, key);
    if (err == ERR_INVALID || (err == ERR_NOT_FOUND && needed) || (err == ERR_NONE && *text && *text != '/'))
        wrong(r, 422, pointer, "须为 JSON 指针, 如 /Code", "must be a JSON pointer, such as /Code");
}

static void read_answers(struct reading *r, const cJSON *tree, struct carrier *to) {
    static const char *const taken_keys[] = {"at", "is", "again", "reference", NULL};
    static const char *const receipt_keys[] = {"list",   "id",   "reference", "status", "delivered",
                                               "failed", "read", "said",      "answer", NULL};
    to->taken = object_of(r, tree, "taken");
    if (to->taken) {
        check_keys(r, to->taken, "/taken", taken_keys);
        check_pointer(r, to->taken, "/taken", "at", true);
        check_pointer(r, to->taken, "/taken", "reference", false);
        check_scalars(r, to->taken, "/taken", "is", true);
        check_scalars(r, to->taken, "/taken", "again", false);
    }
    to->receipts = object_of(r, tree, "receipts");
    if (!to->receipts) return;
    check_keys(r, to->receipts, "/receipts", receipt_keys);
    static const char *const pointers[] = {"list", "id", "reference", "said"};
    for (int i = 0; i < 4; i++) check_pointer(r, to->receipts, "/receipts", pointers[i], false);
    check_pointer(r, to->receipts, "/receipts", "status", true);
    check_scalars(r, to->receipts, "/receipts", "delivered", true);
    check_scalars(r, to->receipts, "/receipts", "failed", false);
    check_scalars(r, to->receipts, "/receipts", "read", false);
    if (!json_member(to->receipts, "id") && !json_member(to->receipts, "reference"))
        wrong(r, 422, "/receipts", "须有 id 或 reference", "needs id or reference");
}

static void read_sign(struct reading *r, const cJSON *tree, struct carrier *to) {
    static const char *const keys[] = {"method", "key", "service", NULL};
    static const char *const methods[] = {"none", "bearer", "acs3", "tc3", "dingtalk"};
    const cJSON *sign = object_of(r, tree, "sign");
    if (!sign) return;
    check_keys(r, sign, "/sign", keys);
    const char *method = text_of(r, sign, "/sign", "method", true);
    if (!method) return;
    int found = -1;
    for (int i = 0; i < 5; i++)
        if (!strcmp(methods[i], method)) found = i;
    if (found < 0) {
        wrong(r, 422, "/sign/method", "须为 none、bearer、acs3、tc3 或 dingtalk",
              "must be none, bearer, acs3, tc3 or dingtalk");
        return;
    }
    to->sign = (enum carrier_sign)found;
    bool keyed = to->sign == CARRIER_SIGN_ACS3 || to->sign == CARRIER_SIGN_TC3;
    to->sign_key = text_of(r, sign, "/sign", "key", keyed);
    to->sign_service = text_of(r, sign, "/sign", "service", to->sign == CARRIER_SIGN_TC3);
}

static void read_http(struct reading *r, const cJSON *tree, struct carrier *to) {
    static const char *const keys[] = {"kind",  "url",      "headers",         "form",    "json", "codes", "sign",
                                       "taken", "receipts", "confirm_minutes", "comment", NULL};
    const cJSON *form = object_of(r, tree, "form"), *json = object_of(r, tree, "json");
    const cJSON *code;
    check_keys(r, tree, "", keys);
    to->is_form = form != NULL;
    to->body = form ? form : json;
    if (!form == !json) wrong(r, 400, "/json", "须有 form 或 json 之一", "must have one of form and json");
    if (to->body) check_tree(r, to->body, VALUES_IN_BODY, form ? "/form" : "/json");
    to->headers = object_of(r, tree, "headers");
    check_headers(r, to->headers);
    if (to->url) check_places(r, to->url, VALUES_IN_URL, "/url");
    to->codes = object_of(r, tree, "codes");
    cJSON_ArrayForEach(code, to->codes) {
        enum template_name name;
        if (!template_by_code(code->string, &name) || name == TEMPLATE_LINE || !cJSON_IsString(code))
            wrong(r, 422, "/codes", "须为 notice 和 digest 各自的模板编号", "must be the codes of notice and digest");
    }
    read_sign(r, tree, to);
    read_answers(r, tree, to);
    int64_t minutes = 0;
    enum err err = json_get_int(tree, "confirm_minutes", &minutes);
    if (err == ERR_INVALID || (err == ERR_NONE && (minutes < 1 || minutes > CONFIRM_MINUTES_MAX || !to->receipts)))
        wrong(r, 422, "/confirm_minutes", "须为 1 到 1440 分钟, 且有 receipts",
              "must be 1 to 1440 minutes, with receipts");
    to->confirm_ms = to->receipts ? (minutes ? minutes : 10) * 60000 : 0;
}

static void read_mail(struct reading *r, const cJSON *tree, struct carrier *to) {
    static const char *const keys[] = {"kind", "url", "from", "user", "tls", "comment", NULL};
    struct sentence why;
    check_keys(r, tree, "", keys);
    to->from = text_of(r, tree, "", "from", true);
    to->user = text_of(r, tree, "", "user", false);
    const char *tls = text_of(r, tree, "", "tls", false);
    to->plain = tls && !strcmp(tls, "none");
    if (tls && !to->plain && strcmp(tls, "required") != 0)
        wrong(r, 422, "/tls", "须为 required 或 none", "must be required or none");
    if (to->plain && to->user) wrong(r, 422, "/tls", "有口令时须加密", "with a password it must be required");
    if (to->from && !carrier_address_is_fit(CARRIER_MAIL, to->from, &why)) wrong(r, 422, "/from", why.zh, why.en);
}

static bool begins(const char *text, const char *with) {
    return !strncmp(text, with, strlen(with));
}

bool carrier_read(const cJSON *tree, struct arena *arena, carrier_wrong *tell, void *context,
                  struct carrier *ret_carrier) {
    struct reading r = {arena, tell, context, 0};
    struct carrier carrier = {0};
    if (!cJSON_IsObject(tree)) {
        wrong(&r, 400, "", "须为一个 JSON 对象", "must be a JSON object");
        return false;
    }
    const char *kind = text_of(&r, tree, "", "kind", true);
    carrier.kind = (uint8_t)(kind ? word_value(WORDS_carrier_kind, kind, strlen(kind)) : 0);
    if (kind && !carrier.kind) wrong(&r, 422, "/kind", "须为 sms、mail 或 robot", "must be sms, mail or robot");
    carrier.url = text_of(&r, tree, "", "url", true);
    bool mail = carrier.kind == CARRIER_MAIL;
    if (carrier.url && carrier.kind && mail != (begins(carrier.url, "smtp://") || begins(carrier.url, "smtps://")))
        wrong(&r, 422, "/url", "邮件须为 smtp:// 或 smtps://, 其他须为 https:// 或 http://",
              "smtp:// or smtps:// for mail, https:// or http:// for the others");
    if (mail)
        read_mail(&r, tree, &carrier);
    else if (carrier.kind)
        read_http(&r, tree, &carrier);
    if (r.wrongs) return false;
    *ret_carrier = carrier;
    return true;
}
