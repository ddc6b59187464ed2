/* A letter put into a carrier's shape, and what the carrier says understood. See carrier.h. */
#include "services/kit/carrier.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/number.h"
#include "common/text.h"
#include "proto/must.h"

enum { NUMBER_BYTES = 32, MAILBOX_MAX = 200 };

bool carrier_needs_secret(const struct carrier *carrier) {
    return carrier->sign != CARRIER_SIGN_NONE || carrier->user;
}

/* ---- addresses ---- */

static bool is_phone(const char *text) {
    size_t plus = *text == '+', len = strlen(text) - plus;
    return len >= 5 && len <= 15 && strspn(text + plus, "0123456789") == len;
}

/* What goes into a mail's head and into SMTP: nothing there could end the line or the bracket. */
static bool is_mailbox(const char *text) {
    size_t len = strlen(text);
    const char *sign = strchr(text, '@');
    return sign && sign > text && sign[1] && !strchr(sign + 1, '@') && len <= MAILBOX_MAX &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!#$%&'*+/=?^_`{|}~-@") == len;
}

static bool is_key(const char *text) {
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~') return false;
    return len >= 1 && len <= MAILBOX_MAX;
}

bool carrier_address_is_fit(int kind, const char *address, struct sentence *ret_wrong) {
    if (kind == CARRIER_SMS ? is_phone(address) : kind == CARRIER_MAIL ? is_mailbox(address) : is_key(address))
        return true;
    *ret_wrong =
        kind == CARRIER_SMS ? (struct sentence){"须为电话号码, 如 13800000000 或 +8613800000000",
                                                "must be a telephone number, such as +8613800000000"}
        : kind == CARRIER_MAIL
            ? (struct sentence){"须为邮箱地址", "must be a mailbox, such as desk@example.org"}
            : (struct sentence){"须为机器人的密钥 (key 或 access_token)", "must be the robot's key or access token"};
    return false;
}

void carrier_id(int64_t letter, int64_t way, char ret_id[CARRIER_ID_BYTES]) {
    snprintf(ret_id, CARRIER_ID_BYTES, "L%lld-%lld", (long long)letter, (long long)way);
}

static bool read_id(const char *text, int64_t *ret_letter, int64_t *ret_way) {
    const char *dash = strchr(text, '-');
    return *text == 'L' && dash && number_parse_int(text + 1, (size_t)(dash - text - 1), ret_letter) == ERR_NONE &&
           number_parse_int(dash + 1, strlen(dash + 1), ret_way) == ERR_NONE;
}

/* ---- composing ---- */

void carrier_percent(const char *text, struct buffer *out) {
    static const char hex[] = "0123456789ABCDEF";
    for (; *text; text++) {
        uint8_t byte = (uint8_t)*text;
        bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
                     strchr("-._~", byte) != NULL;
        if (!plain) buffer_append_byte(out, '%');
        buffer_append_byte(out, plain ? byte : (uint8_t)hex[byte >> 4]);
        if (!plain) buffer_append_byte(out, (uint8_t)hex[byte & 15]);
    }
}

static cJSON *rendered(const cJSON *tree, const struct template_value *values, int count) {
    if (cJSON_IsString(tree)) {
        struct buffer text = {0};
        template_render(tree->valuestring, values, count, &text);
        cJSON *string = cJSON_CreateString(buffer_text(&text));
        buffer_done(&text);
        return string;
    }
    if (!cJSON_IsObject(tree) && !cJSON_IsArray(tree)) return cJSON_Duplicate(tree, true);
    cJSON *copy = cJSON_IsObject(tree) ? cJSON_CreateObject() : cJSON_CreateArray();
    const cJSON *item;
    cJSON_ArrayForEach(item, tree) {
        cJSON *below = rendered(item, values, count);
        if (cJSON_IsObject(tree))
            cJSON_AddItemToObject(copy, item->string, below);
        else
            cJSON_AddItemToArray(copy, below);
    }
    return copy;
}

static void append_form(const cJSON *tree, struct buffer *out) {
    const cJSON *item;
    cJSON_ArrayForEach(item, tree) {
        if (out->length) buffer_append_byte(out, '&');
        carrier_percent(item->string, out);
        buffer_append_byte(out, '=');
        char *json = cJSON_IsString(item) ? NULL : cJSON_PrintUnformatted(item); /* an object in a field is JSON */
        carrier_percent(json ? json : item->valuestring, out);
        cJSON_free(json);
    }
}

/* Only the values are encoded; the rest of the URL is as it was written. */
static void append_url(const char *url, const struct template_value *values, int count, struct buffer *out) {
    struct template_value encoded[TEMPLATE_VALUES_MAX] = {{0}};
    struct buffer texts[TEMPLATE_VALUES_MAX] = {{0}};
    must(count <= TEMPLATE_VALUES_MAX);
    for (int i = 0; i < count; i++) {
        carrier_percent(values[i].value ? values[i].value : "", &texts[i]);
        encoded[i] = (struct template_value){values[i].name, buffer_text(&texts[i])};
    }
    template_render(url, encoded, count, out);
    for (int i = 0; i < count; i++) buffer_done(&texts[i]);
}

void carrier_compose(const struct carrier *carrier, const struct template_value *values, int count,
                     struct carrier_request *ret_request) {
    cJSON *body = rendered(carrier->body, values, count);
    append_url(carrier->url, values, count, &ret_request->url);
    if (carrier->is_form) {
        append_form(body, &ret_request->body);
        ret_request->content_type = "application/x-www-form-urlencoded";
    } else {
        char *json = cJSON_PrintUnformatted(body);
        must(json);
        buffer_append_text(&ret_request->body, json);
        cJSON_free(json);
        ret_request->content_type = "application/json; charset=utf-8";
    }
    cJSON_Delete(body);
}

bool carrier_headers(const struct carrier *carrier, const char *content_type, const char *id, struct arena *arena,
                     const char *ret_headers[CARRIER_HEADERS_MAX], size_t *ret_count) {
    const struct template_value value = {"id", id};
    const cJSON *item;
    size_t count = 0;
    ret_headers[count++] = arena_printf(arena, "Content-Type: %s", content_type);
    cJSON_ArrayForEach(item, carrier->headers) {
        struct buffer text = {0};
        template_render(item->valuestring, &value, 1, &text);
        ret_headers[count++] = arena_printf(arena, "%s: %s", item->string, buffer_text(&text));
        buffer_done(&text);
    }
    *ret_count = count;
    for (size_t i = 0; i < count; i++)
        if (!ret_headers[i]) return false;
    return true;
}

const char *carrier_code(const struct carrier *carrier, enum template_name name) {
    const cJSON *code = json_member(carrier->codes, template_code(name));
    return cJSON_IsString(code) ? code->valuestring : "";
}

/* ---- understanding ---- */

/* A value as text: "OK", "0", "true"; NULL when it is none. */
static const char *as_text(const cJSON *item, char ret_number[NUMBER_BYTES]) {
    if (cJSON_IsString(item)) return item->valuestring;
    if (cJSON_IsBool(item)) return cJSON_IsTrue(item) ? "true" : "false";
    if (!cJSON_IsNumber(item)) return NULL;
    snprintf(ret_number, NUMBER_BYTES, "%.15g", item->valuedouble);
    return ret_number;
}

/* Whether the value is the member `key` of `of`, or one in that list. */
static bool is_one(const cJSON *value, const cJSON *of, const char *key) {
    char a[NUMBER_BYTES], b[NUMBER_BYTES];
    const char *text = as_text(value, a);
    const cJSON *wanted = json_member(of, key), *item;
    if (!text || !wanted) return false;
    if (!cJSON_IsArray(wanted)) return !strcmp(text, as_text(wanted, b));
    cJSON_ArrayForEach(item, wanted) if (!strcmp(text, as_text(item, b))) return true;
    return false;
}

static const cJSON *at(const cJSON *tree, const cJSON *of, const char *key) {
    const char *pointer;
    return json_get_text(of, key, &pointer) == ERR_NONE ? json_at(tree, pointer) : NULL;
}

static enum tell_event by_words(const struct carrier *carrier, const cJSON *tree,
                                char ret_reference[CARRIER_REFERENCE_BYTES]) {
    char number[NUMBER_BYTES];
    const cJSON *value = at(tree, carrier->taken, "at");
    if (is_one(value, carrier->taken, "again")) return TELL_FAILED;
    if (!is_one(value, carrier->taken, "is")) return TELL_REFUSED;
    const char *reference = as_text(at(tree, carrier->taken, "reference"), number);
    if (reference && strlen(reference) < CARRIER_REFERENCE_BYTES) strcpy(ret_reference, reference);
    return TELL_TAKEN;
}

enum tell_event carrier_answer(const struct carrier *carrier, int status, const void *body, size_t len,
                               char ret_reference[CARRIER_REFERENCE_BYTES]) {
    struct cJSON *tree = NULL;
    struct json_fault fault;
    *ret_reference = '\0';
    if (status == 408 || status == 429 || status < 200 || status >= 500) return TELL_FAILED;
    if (status >= 300) return TELL_REFUSED;
    if (!carrier->taken) return TELL_TAKEN;
    if (json_parse(body, len, NULL, &tree, &fault) != ERR_NONE) return TELL_FAILED;
    enum tell_event event = by_words(carrier, tree, ret_reference);
    json_free(&tree);
    return event;
}

static bool read_receipt(const cJSON *rules, const cJSON *item, struct arena *arena, struct carrier_receipt *to) {
    char number[NUMBER_BYTES];
    const cJSON *status = at(item, rules, "status");
    *to = (struct carrier_receipt){.reference = "", .said = ""};
    to->event = is_one(status, rules, "read")        ? TELL_READ
                : is_one(status, rules, "delivered") ? TELL_DELIVERED
                : is_one(status, rules, "failed")    ? TELL_UNDELIVERED
                                                     : 0;
    const char *id = as_text(at(item, rules, "id"), number);
    if (!id || !read_id(id, &to->letter, &to->way)) to->letter = to->way = 0;
    const char *reference = as_text(at(item, rules, "reference"), number);
    if (reference && strlen(reference) < CARRIER_REFERENCE_BYTES)
        to->reference = arena_copy(arena, reference, strlen(reference));
    const char *said = as_text(at(item, rules, "said"), number);
    if (said) to->said = arena_copy(arena, said, text_cut(said, strlen(said), 80));
    return to->event && (to->letter || (to->reference && *to->reference));
}

int carrier_receipts(const struct carrier *carrier, const cJSON *body, struct arena *arena,
                     struct carrier_receipt *ret_receipts) {
    const char *pointer = "";
    const cJSON *item;
    int count = 0;
    if (!carrier->receipts || json_get_text(carrier->receipts, "list", &pointer) == ERR_INVALID) return -1;
    const cJSON *list = json_at(body, pointer);
    if (cJSON_IsObject(list)) return read_receipt(carrier->receipts, list, arena, ret_receipts);
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) > CARRIER_RECEIPTS_MAX) return -1;
    cJSON_ArrayForEach(item, list) count += read_receipt(carrier->receipts, item, arena, &ret_receipts[count]);
    return count;
}
