/* What comes with a request: body, query, path. Every fault names its field; all faults of a request are told at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "common/crypto.h"
#include "common/json.h"
#include "common/number.h"
#include "proto/must.h"
#include "services/console/body_schema.h"
#include "services/console/call.h"
#include "services/console/door.h"

static const struct sentence MALFORMED = {"请求有误", "Malformed request"}, UNFIT = {"内容有误", "Not acceptable"};

struct cJSON *call_json_tree(struct call *call) {
    size_t length;
    const uint8_t *body = http_body(call->request, &length);
    struct json_fault fault;
    if (json_parse(body, length, NULL, &call->tree, &fault) != ERR_NONE) {
        struct http_fault where = {call_printf(call, "%s", fault.pointer), json_sentence(fault.wrong)};
        call->wrongs[call->wrong_count++] = where;
        call_is_wrong(call, 400);
        return NULL;
    }
    if (!cJSON_IsObject(call->tree)) call_wrong(call, "", "必须是对象", "must be an object");
    return call_is_wrong(call, 400) ? NULL : call->tree;
}

struct cJSON *call_json_body(struct call *call) {
    return call_json_tree(call) && body_fits(call, call->door->body, call->tree) ? call->tree : NULL;
}

void call_wrong(struct call *call, const char *pointer, const char *zh, const char *en) {
    if (call->wrong_count == CALL_WRONGS_MAX) return;
    call->wrongs[call->wrong_count++] = (struct http_fault){pointer, {zh, en}};
}

void call_wrong_word(struct call *call, const char *pointer, enum word_set set) {
    char words[1200];
    word_texts(set, words, sizeof words);
    call_wrong(call, pointer, call_printf(call, "没有这个取值; 可用: %s", words),
               call_printf(call, "is no word known here; it must be one of: %s", words));
}

/* A pointer into the body begins with a slash or is empty; anything else names a query parameter. */
static bool is_of_query(const char *pointer) {
    return pointer[0] != '\0' && pointer[0] != '/';
}

bool call_is_wrong(struct call *call, int status) {
    if (call->wrong_count == 0) return false;
    for (int i = 0; i < call->wrong_count; i++)
        if (is_of_query(call->wrongs[i].pointer)) status = 400;
    struct http_problem problem = {.status = status,
                                   .title = status == 400 ? MALFORMED : UNFIT,
                                   .detail = call->wrongs[0].detail,
                                   .faults = call->wrongs,
                                   .fault_count = call->wrong_count};
    call_release(call);
    http_problem(call->request, &problem);
    return true;
}

/* ---- query ----------------------------------------------------------------------------------------------------------------- */

int64_t call_query_int(struct call *call, const char *name, int64_t fallback, int64_t max) {
    const char *text = http_query(call->request, name);
    int64_t value;
    if (!text) return fallback;
    if (number_parse_int(text, strlen(text), &value) == ERR_NONE && value >= 1 && value <= max) return value;
    call_wrong(call, name, call_printf(call, "须为 1 到 %lld 的整数", (long long)max),
               call_printf(call, "must be an integer from 1 to %lld", (long long)max));
    return fallback;
}

time_ms call_query_time(struct call *call, const char *name) {
    const char *text = http_query(call->request, name);
    time_ms time;
    int year, month, day, used = 0;
    if (!text) return 0;
    if (clock_parse(text, strlen(text), &time) == ERR_NONE) return time;
    if (strlen(text) == 10 && sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) == 3 && used == 10) {
        int32_t date = year * 10000 + month * 100 + day;
        if (clock_date_is_valid(date)) return clock_date_start(date);
    }
    call_wrong(call, name, "须为日期 (2026-11-21) 或带时区的时间 (2026-11-21T09:30:00+08:00)",
               "must be a date (2026-11-21) or a time with offset (2026-11-21T09:30:00+08:00)");
    return 0;
}

void call_query_period(struct call *call, time_ms *ret_from, time_ms *ret_to) {
    int wrong = call->wrong_count;
    *ret_from = call_query_time(call, "from");
    *ret_to = call_query_time(call, "to");
    bool both = http_query(call->request, "from") && http_query(call->request, "to");
    if (both && call->wrong_count == wrong && *ret_from >= *ret_to)
        call_wrong(call, "from", "须早于 to", "must lie before `to`");
}

const char *call_query_choice(struct call *call, const char *name, const char *const *words) {
    const char *text = http_query(call->request, name), *all = "";
    if (!text) return NULL;
    for (const char *const *word = words; *word; word++) {
        if (!strcmp(*word, text)) return text;
        all = call_printf(call, "%s%s%s", all, *all ? ", " : "", *word);
    }
    call_wrong(call, name, call_printf(call, "只能是 %s", all), call_printf(call, "must be one of: %s", all));
    return NULL;
}

int call_query_word(struct call *call, const char *name, enum word_set set) {
    const char *text = http_query(call->request, name);
    int value = text ? word_value(set, text, strlen(text)) : 0;
    if (text && !value) call_wrong_word(call, name, set);
    return value;
}

uint32_t call_query_unit(struct call *call, const char *name) {
    const char *text = http_query(call->request, name);
    if (!text) return 0;
    uint32_t unit = reference_unit_by_code(call->reference, text, strlen(text));
    if (!unit) call_wrong(call, name, "没有这个单位", "there is no such unit");
    return unit;
}

/* ---- cursors: not secret and no proof of anything; scope is checked whatever they say ------------------------------------------ */

bool call_query_cursor(struct call *call, int64_t ret_numbers[2]) {
    const char *text = http_query(call->request, "cursor");
    size_t length;
    int64_t numbers[2];
    if (!text) return false;
    if (crypto_from_base64url(text, strlen(text), numbers, sizeof numbers, &length) == ERR_NONE &&
        length == sizeof numbers && numbers[0] >= 0 && numbers[1] >= 0) {
        memcpy(ret_numbers, numbers, sizeof numbers);
        return true;
    }
    call_wrong(call, "cursor", "不是有效的游标", "is not a cursor of this list");
    return false;
}

const char *call_cursor(struct call *call, int64_t first, int64_t second) {
    int64_t numbers[2] = {first, second};
    char *text = call_take(call, CRYPTO_BASE64_BYTES(sizeof numbers));
    crypto_to_base64url(numbers, sizeof numbers, text);
    return text;
}

static void append_escaped(struct buffer *to, const char *text) {
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || strchr("-._~", c);
        if (plain)
            buffer_append_byte(to, c);
        else
            buffer_format(to, "%%%02X", c);
    }
}

static void link_next(struct call *call, const char *cursor) {
    static struct buffer link; /* one thread */
    static const char *const kept[] = {"unit",   "state",       "matter", "grid",   "light",   "q",
                                       "from",   "to",          "limit",  "source", "action",  "user",
                                       "object", "rate",        "part",   "period", "channel", "date",
                                       "hour",   "external_id", "unread", "at",     "below",   "within"};
    buffer_clear(&link);
    buffer_append_text(&link, "<");
    for (const char *path = http_path(call->request), *part; *path; path = part) { /* escape all but the slashes */
        char piece[256];
        part = path + 1 + strcspn(path + 1, "/");
        snprintf(piece, sizeof piece, "%.*s", (int)(part - path - 1), path + 1);
        buffer_append_byte(&link, '/');
        append_escaped(&link, piece);
    }
    buffer_append_text(&link, "?cursor=");
    append_escaped(&link, cursor);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        const char *value = http_query(call->request, kept[i]);
        if (!value) continue;
        buffer_format(&link, "&%s=", kept[i]);
        append_escaped(&link, value);
    }
    buffer_append_text(&link, ">; rel=\"next\"");
    http_set_header(call->request, "Link", buffer_text(&link));
}

void call_put_next(struct call *call, struct json_writer *w, const char *cursor) {
    json_put_string(w, "next_cursor", cursor);
    if (cursor) link_next(call, cursor);
}

/* ---- path -------------------------------------------------------------------------------------------------------------------- */

bool call_ticket_number(struct call *call, int64_t *ret_ticket) {
    const char *text = http_param(call->request, "number");
    if (number_parse_ticket(text, strlen(text), ret_ticket) == ERR_NONE) return true;
    call_not_found(call);
    return false;
}

bool call_request_number(struct call *call, int64_t *ret_request) {
    const char *text = http_param(call->request, "number");
    if (number_parse_request(text, strlen(text), ret_request) == ERR_NONE) return true;
    call_not_found(call);
    return false;
}
