/* See openapi.h. A route in the table is described, or the test fails; a command's body is what command_body.c takes; who may is what
 * core/access.def says. */
#include "services/console/openapi.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/version.h"
#include "proto/must.h"
#include "services/console/command_body.h"
#include "services/console/door.h"
#include "services/console/openapi_schemas.def"

static const struct {
    const char *name, *json;
} schemas[] = {
#define SCHEMA_ROW(name, json) {name, json},
    SCHEMAS(SCHEMA_ROW)};

static const struct {
    const char *name;
    enum word_set set;
} word_schemas[] = {{"State", WORDS_state},
                    {"Role", WORDS_role},
                    {"Urgency", WORDS_urgency},
                    {"Result", WORDS_result},
                    {"Channel", WORDS_channel},
                    {"Stage", WORDS_stage},
                    {"Rung", WORDS_rung},
                    {"UnitKind", WORDS_unit_kind},
                    {"Light", WORDS_light},
                    {"EventType", WORDS_event_type},
                    {"ReturnReason", WORDS_return_reason}};

static const struct {
    const char *name, *schema, *zh, *en;
} query_parameters[] = {
    {"unread", "{\"type\":\"string\"}", "只看未读 (1)", "Only what is not read yet (1)"},
    {"limit", "{\"type\":\"integer\",\"minimum\":1}", "每页条数", "rows a page"},
    {"cursor", "{\"type\":\"string\"}", "上一页给出的游标", "where the page before ended"},
    {"unit", "{\"type\":\"string\"}", "单位编码 (含下级)", "a unit's code, with all below it"},
    {"state", "{\"type\":\"string\"}", "状态, 可用逗号分隔多个", "a state, or several with commas between"},
    {"matter", "{\"type\":\"string\",\"pattern\":\"^[0-9]{2,6}$\"}", "事项编码, 或前两位、四位",
     "a matter's code, or its first 2 or 4 digits"},
    {"grid", "{\"type\":\"string\"}", "地点所在单位 (含下级)", "where the place lies, with all below it"},
    {"light", "{\"$ref\":\"#/components/schemas/Light\"}", "灯", "the light"},
    {"q", "{\"type\":\"string\",\"maxLength\":200}", "标题或地址中的文字, 或一个编号",
     "text of title or address, or a number"},
    {"from", "{\"type\":\"string\"}", "起始时间或日期", "from this time or date on"},
    {"to", "{\"type\":\"string\"}", "截止时间或日期 (不含)", "up to this time or date"},
    {"source", "{\"type\":\"string\"}", "来源编码", "the source's code"},
    {"external_id", "{\"type\":\"string\"}", "来源系统自己的编号", "the source's own number"},
    {"date", "{\"type\":\"string\",\"format\":\"date\"}", "哪一天", "the day"},
    {"hour", "{\"type\":\"integer\",\"minimum\":0,\"maximum\":23}", "哪一小时 (0 到 23)", "the hour, 0 to 23"},
    {"lang", "{\"enum\":[\"zh\",\"en\"]}", "不起作用: 两种语言都给出", "without effect: both languages are given"},
    {"format", "{\"type\":\"string\",\"enum\":[\"json\",\"csv\",\"events\"]}", "输出格式; events 为逐页的进度和结果",
     "how the answer is written; events: text/event-stream with progress and the moves page by page"},
    {"dry_run", "{\"enum\":[\"0\",\"1\"]}", "只检查, 不保存", "check only, store nothing"},
    {"passwords", "{\"enum\":[\"none\"]}", "不为新用户生成密码", "make no passwords for new accounts"},
    {"at", "{\"type\":\"string\"}", "按这一时间生效的规则 (日期或 RFC 3339)",
     "by the rules in force then: a date or RFC 3339"},
    {"wait", "{\"type\":\"integer\",\"minimum\":1,\"maximum\":20}", "没有事件时最多等待几秒",
     "how many seconds to wait when there is nothing to tell yet"},
    {"cidr", "{\"type\":\"string\"}", "网段", "a range of addresses"},
    {"action", "{\"type\":\"string\"}", "操作", "what was done"},
    {"user", "{\"type\":\"string\"}", "用户名、令牌名或编号", "login, token name or number"},
    {"supervised", "{\"enum\":[\"1\"]}", "只看督办中的", "only those under supervision"},
    {"below", "{\"enum\":[\"1\"]}", "含下级单位", "with all units below it"},
    {"within", "{\"type\":\"integer\",\"minimum\":1,\"maximum\":1440}", "多少分钟内将超期",
     "due within so many minutes"},
    {"kind", "{\"$ref\":\"#/components/schemas/UnitKind\"}", "单位类别", "kind of unit"},
    {"type", "{\"type\":\"string\"}", "事件类型, 可用逗号分隔多个", "a type of event, or several with commas between"},
    {"minutes", "{\"type\":\"integer\",\"minimum\":1,\"maximum\":1440}", "最近多少分钟", "how many minutes back"},
    {"period", "{\"type\":\"string\",\"examples\":[\"2026\",\"2026-11\",\"2026-W47\",\"2026-11-22\"]}",
     "一年、一月、一周或一日, 代替 from 和 to", "a year, month, week or day, instead of from and to"},
    {"by", "{\"enum\":[\"unit\",\"matter\",\"channel\"]}", "分组", "one row for each of them"},
    {"each", "{\"enum\":[\"day\",\"week\",\"month\"]}", "分段", "one row for each of them in the period"},
    {"channel", "{\"$ref\":\"#/components/schemas/Channel\"}", "渠道", "channel"},
    {"rate", "{\"type\":\"string\"}", "指标代码", "code of a rate, see /api/v1/figures/formulas"},
    {"part", "{\"enum\":[\"denominator\",\"numerator\",\"missed\"]}", "列出哪一部分工单",
     "which of its tickets: missed are those in the denominator that did not count"},
    {"api_key", "{\"type\":\"string\"}", "令牌", "a token"},
    {"jurisdiction_id", "{\"type\":\"string\"}", "不起作用: 只有一个辖区", "without effect: there is one jurisdiction"},
    {"service_request_id", "{\"type\":\"string\"}", "诉求编号, 可用逗号分隔多个",
     "numbers of requests, commas between"},
    {"service_code", "{\"type\":\"string\"}", "事项编码, 可用逗号分隔多个", "codes of services, commas between"},
    {"start_date", "{\"type\":\"string\"}", "起始时间 (W3)", "from this W3 time on"},
    {"end_date", "{\"type\":\"string\"}", "截止时间 (W3)", "up to this W3 time"},
    {"status", "{\"type\":\"string\"}", "open, closed", "open, closed"},
    {"updated_after", "{\"type\":\"string\"}", "此后有变化的", "changed since"},
    {"updated_before", "{\"type\":\"string\"}", "此前有变化的", "changed before"},
    {"extensions", "{\"enum\":[\"true\",\"false\"]}", "附加本系统的字段", "with fields of this system"},
    {"page", "{\"type\":\"integer\",\"minimum\":1}", "第几页", "which page"},
    {"page_size", "{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000}", "每页条数", "requests a page"},
    {"object", "{\"type\":\"string\"}", "对象", "what it was done to, as the log names it"},
};

/* ---- parts of an operation --------------------------------------------------------------------------------------------------------------------------------- */

static void put_raw(struct json_writer *w, const char *key, const char *json) {
    json_key(w, key);
    json_raw(w, json, strlen(json));
}

static void put_schema(struct json_writer *w, const char *name) {
    json_put_open(w, "schema");
    char reference[100];
    snprintf(reference, sizeof reference, "#/components/schemas/%s", name);
    json_put_string(w, "$ref", reference);
    json_close(w);
}

static void put_parameter(struct json_writer *w, const char *name, const char *in, const char *schema, const char *zh,
                          const char *en) {
    char both[300];
    snprintf(both, sizeof both, "%s%s%s", en, *en ? " · " : "", zh);
    json_open(w);
    json_put_string(w, "name", name);
    json_put_string(w, "in", in);
    if (!strcmp(in, "path")) json_put_bool(w, "required", true);
    if (*both) json_put_string(w, "description", both);
    put_raw(w, "schema", schema);
    json_close(w);
}

static void put_query_parameter(struct json_writer *w, const char *name, size_t len) {
    for (size_t i = 0; i < sizeof query_parameters / sizeof query_parameters[0]; i++)
        if (strlen(query_parameters[i].name) == len && !memcmp(query_parameters[i].name, name, len)) {
            put_parameter(w, query_parameters[i].name, "query", query_parameters[i].schema, query_parameters[i].zh,
                          query_parameters[i].en);
            return;
        }
    must(false); /* a parameter of the table that nobody described */
}

static const char *path_schema(const struct door *door, const char *name, size_t len) {
    if (len == 6 && !memcmp(name, "number", 6))
        return strstr(door->path, "/tickets/") ? "{\"$ref\":\"#/components/schemas/TicketNumber\"}"
                                               : "{\"$ref\":\"#/components/schemas/RequestNumber\"}";
    return "{\"type\":\"string\"}";
}

static void put_parameters(struct json_writer *w, const struct door *door, bool is_command) {
    json_put_open_list(w, "parameters");
    for (const char *at = door->path; (at = strchr(at, '{')); at++) {
        size_t len = strcspn(at + 1, "}");
        char name[40];
        if (is_command && len == 7 && !memcmp(at + 1, "command", 7)) continue;
        snprintf(name, sizeof name, "%.*s", (int)len, at + 1);
        put_parameter(w, name, "path", path_schema(door, at + 1, len), "", "");
    }
    for (const char *at = door->query ? door->query : ""; *at;) {
        size_t len = strcspn(at, " ");
        if (len) put_query_parameter(w, at, len);
        at += len + (at[len] == ' ');
    }
    if (is_command)
        put_parameter(w, "Idempotency-Key", "header", "{\"type\":\"string\",\"maxLength\":120}",
                      "同键同内容只执行一次, 返回首次的答复",
                      "the same key with the same body acts once and returns the first answer");
    json_close_list(w);
}

/* Errors of the standard's own form; and where the format is part of a parameter, XML as well as JSON. */
static bool is_open311(const struct door *door) {
    return !strcmp(door->tag, "open311");
}

static void put_content(struct json_writer *w, const char *shape) {
    bool is_type = strchr(shape, '/') != NULL;
    json_put_open(w, "content");
    if (!strncmp(shape, "Open311", 7)) {
        json_put_open(w, "text/xml");
        json_close(w);
    }
    json_put_open(w, is_type ? shape : "application/json");
    if (!is_type)
        put_schema(w, shape);
    else if (!strcmp(shape, "text/event-stream"))
        json_put_string(w, "x-events", "snapshot: Queues; delta: QueueDelta; degraded: {\"degraded\": boolean}");
    json_close(w);
    json_close(w);
}

static void put_success(struct json_writer *w, int status, const char *said, const char *answer) {
    char text[12];
    snprintf(text, sizeof text, "%d", status);
    json_put_open(w, text);
    json_put_string(w, "description", said);
    if (answer) put_content(w, answer);
    json_close(w);
}

static bool is_open(const struct door *door) {
    return door->action == DOOR_OPEN || door->action == DOOR_ELSEWHERE_OPEN;
}

/* Whether a request by this door may be answered so. */
static bool may_be_answered(const struct door *door, int status) {
    bool reads = door->method == HTTP_GET, open = is_open(door);
    if (is_open311(door) && status < 410) return status != 401 && (status != 409 || !reads);
    switch (status) {
    case 401:
    case 403:
    case 409:
        return !reads || (status != 409 && !open);
    case 404:
        return !open || !strcmp(door->tag, "public");
    case 413:
    case 415:
        return door->body != NULL;
    case 422:
        return !reads || door->query;
    default:
        return true;
    }
}

static void put_responses(struct json_writer *w, const struct door *door, const char *answer) {
    static const int problems[] = {400, 401, 403, 404, 409, 413, 415, 422, 429, 503};
    char status[12];
    json_put_open(w, "responses");
    put_success(w, door->status, answer ? "done" : "done, nothing to tell", answer);
    if ((door->action == DOOR_ELSEWHERE || door->action == DOOR_ELSEWHERE_OPEN) && door->status == 201)
        put_success(w, 200, "accepted before with the same content: the same answer again", answer);
    for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++) {
        if (!may_be_answered(door, problems[i])) continue;
        snprintf(status, sizeof status, "%d", problems[i]);
        json_put_open(w, status);
        json_put_string(w, "$ref",
                        is_open311(door) && problems[i] != 413 && problems[i] != 415 && problems[i] != 429
                            ? "#/components/responses/Open311Error"
                            : "#/components/responses/Problem");
        json_close(w);
    }
    json_close(w);
}

/* By token, or by cookie; what changes something by cookie needs the CSRF token too. Intake takes people's single requests, else tokens
 * only. */
static void put_security(struct json_writer *w, const struct door *door) {
    bool reads = door->method == HTTP_GET, open = is_open(door);
    bool by_people = !strcmp(door->path, "/api/v1/requests");
    put_raw(w, "security",
            open                                           ? "[]"
            : door->action == DOOR_ELSEWHERE && !by_people ? "[{\"token\":[]}]"
            : reads                                        ? "[{\"token\":[]},{\"cookie\":[]}]"
                                                           : "[{\"token\":[]},{\"cookie\":[],\"csrf\":[]}]");
}

static void put_roles(struct json_writer *w, int action) {
    json_put_open(w, "x-roles");
    for (int role = 1; role < ROLE_COUNT; role++)
        if (role != ROLE_SYSTEM && access_scope(role, action) != SCOPE_NONE)
            json_put_string(w, word_text(WORDS_role, role), access_scope_text(access_scope(role, action)));
    json_close(w);
}

static void put_words(struct json_writer *w, const char *id, const char *tag, const char *zh, const char *en) {
    json_put_string(w, "operationId", id);
    json_put_open_list(w, "tags");
    json_string(w, tag);
    json_close_list(w);
    json_put_string(w, "summary", en);
    json_put_string(w, "description", zh);
}

/* ---- operations ---------------------------------------------------------------------------------------------------------------------------------------------- */

static const char *method_text(enum http_method method) {
    static const char *const texts[] = {
        [HTTP_GET] = "get", [HTTP_POST] = "post", [HTTP_PUT] = "put", [HTTP_PATCH] = "patch", [HTTP_DELETE] = "delete"};
    return texts[method];
}

/* "get_tickets_number_history" */
static void operation_id(const struct door *door, char *ret_id, size_t size) {
    size_t used = (size_t)snprintf(ret_id, size, "%s", method_text(door->method));
    bool gap = true;
    for (const char *at = door->path + (strncmp(door->path, "/api/", 5) ? 0 : strlen("/api")); *at && used + 2 < size;
         at++) {
        if (isalnum((unsigned char)*at) || *at == '_') {
            if (gap) ret_id[used++] = '_';
            gap = false;
            ret_id[used++] = *at;
        } else {
            gap = true;
        }
    }
    ret_id[used] = 0;
}

static void put_operation(struct json_writer *w, const struct door *door) {
    char id[120];
    operation_id(door, id, sizeof id);
    json_put_open(w, method_text(door->method));
    put_words(w, id, door->tag, door->zh, door->en);
    put_parameters(w, door, false);
    if (door->body) {
        json_put_open(w, "requestBody");
        json_put_bool(w, "required", true);
        put_content(w, door->body);
        json_close(w);
    }
    put_responses(w, door, door->answer);
    if (door->action > 0) put_roles(w, door->action);
    if (door->action == DOOR_ELSEWHERE) put_roles(w, ACTION_PUSH_REQUEST);
    put_security(w, door);
    json_close(w);
}

/* A reason is a sentence everywhere but in a return, which is counted by its code. */
static const char *field_schema(int command, int field) {
    bool is_code = command == COMMAND_RETURN && 1 << field == TAKES_REASON;
    return is_code ? "{\"$ref\":\"#/components/schemas/ReturnReason\"}" : command_fields[field].schema;
}

static void put_command_body(struct json_writer *w, int command) {
    struct command_takes takes = command_takes(command);
    json_put_open(w, "requestBody");
    json_put_bool(w, "required", takes.needs != 0);
    json_put_open(w, "content");
    json_put_open(w, "application/json");
    json_put_open(w, "schema");
    json_put_string(w, "type", "object");
    json_put_bool(w, "additionalProperties", false);
    json_put_open_list(w, "required");
    for (int field = 0; field < COMMAND_FIELD_COUNT; field++)
        if (takes.needs >> field & 1) json_string(w, command_fields[field].name);
    json_close_list(w);
    json_put_open(w, "properties");
    for (int field = 0; field < COMMAND_FIELD_COUNT; field++)
        if (takes.may >> field & 1) put_raw(w, command_fields[field].name, field_schema(command, field));
    json_close(w);
    json_close(w);
    json_close(w);
    json_close(w);
    json_close(w);
}

static bool anybody_may(int command) {
    for (int role = 1; role < ROLE_COUNT; role++)
        if (role != ROLE_SYSTEM && access_scope(role, command) != SCOPE_NONE) return true;
    return false;
}

/* The one route of commands is a path for each command that somebody may give. */
static void put_commands(struct json_writer *w, const struct door *door) {
    size_t count;
    const struct word *words = word_list(WORDS_command_name, &count);
    for (size_t i = 0; i < count; i++) {
        char path[120], id[80];
        if (!anybody_may(words[i].value)) continue;
        snprintf(path, sizeof path, "/api/v1/tickets/{number}/%s", words[i].text);
        snprintf(id, sizeof id, "command_%s", words[i].text);
        json_put_open(w, path);
        json_put_open(w, "post");
        put_words(w, id, "commands", words[i].zh, words[i].en);
        put_parameters(w, door, true);
        put_command_body(w, words[i].value);
        put_responses(w, door, door->answer);
        put_roles(w, words[i].value);
        put_security(w, door);
        json_close(w);
        json_close(w);
    }
}

/* What every service answers by itself (services/kit/health.c). */
static void put_health(struct json_writer *w) {
    static const struct door health[] = {
        {HTTP_GET, "/healthz", NULL, DOOR_OPEN, NULL, NULL, "Health", 200, 0, "health", "进程存活", "Alive"},
        {HTTP_GET, "/readyz", NULL, DOOR_OPEN, NULL, NULL, "Health", 200, 0, "health",
         "现在可以受理并提交; 否则 503 并说明原因", "Can accept and commit now; 503 says why not"},
        {HTTP_GET, "/metrics/{service}", NULL, DOOR_OPEN, NULL, NULL, "text/plain", 200, 0, "health", "一个服务的指标",
         "One service's metrics as Prometheus text; from this machine only"}};
    for (size_t i = 0; i < sizeof health / sizeof health[0]; i++) {
        json_put_open(w, health[i].path);
        put_operation(w, &health[i]);
        json_close(w);
    }
}

static void put_paths(struct json_writer *w) {
    size_t count;
    const struct door *doors = doors_all(&count);
    json_put_open(w, "paths");
    for (size_t i = 0; i < count; i++) {
        bool told = false;
        for (size_t n = 0; n < i && !told; n++) told = !strcmp(doors[n].path, doors[i].path);
        if (told) continue;
        if (doors[i].action == DOOR_COMMAND && !strcmp(doors[i].body, "Command")) {
            put_commands(w, &doors[i]);
            continue;
        }
        json_put_open(w, doors[i].path);
        for (size_t n = i; n < count; n++)
            if (!strcmp(doors[n].path, doors[i].path)) put_operation(w, &doors[n]);
        json_close(w);
    }
    put_health(w);
    json_close(w);
}

/* ---- the document -------------------------------------------------------------------------------------------------------------------------------------------- */

static void put_words_schema(struct json_writer *w, const char *name, enum word_set set) {
    size_t count;
    const struct word *words = word_list(set, &count);
    json_put_open(w, name);
    json_put_string(w, "type", "string");
    json_put_open_list(w, "enum");
    for (size_t i = 0; i < count; i++) json_string(w, words[i].text);
    json_close_list(w);
    json_put_open(w, "x-words");
    for (size_t i = 0; i < count; i++) {
        json_put_open(w, words[i].text);
        json_put_string(w, "zh", words[i].zh);
        json_put_string(w, "en", words[i].en);
        json_close(w);
    }
    json_close(w);
    json_close(w);
}

static void put_components(struct json_writer *w) {
    json_put_open(w, "components");
    json_put_open(w, "schemas");
    for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++) put_raw(w, schemas[i].name, schemas[i].json);
    for (size_t i = 0; i < sizeof word_schemas / sizeof word_schemas[0]; i++)
        put_words_schema(w, word_schemas[i].name, word_schemas[i].set);
    json_close(w);
    json_put_open(w, "responses");
    json_put_open(w, "Problem");
    json_put_string(w, "description",
                    "RFC 9457; 429 and 503 come with Retry-After, an unknown outcome is 503 and never 4xx");
    json_put_open(w, "content");
    json_put_open(w, "application/problem+json");
    put_schema(w, "Problem");
    json_close(w);
    json_close(w);
    json_close(w);
    json_put_open(w, "Open311Error");
    json_put_string(w, "description", "Errors in the form of Open311; 503 comes with Retry-After");
    put_content(w, "Open311Errors");
    json_close(w);
    json_close(w);
    put_raw(w, "securitySchemes",
            "{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"},\"cookie\":{\"type\":\"apiKey\",\"in\":\"cookie\","
            "\"name\":\"" WHO_COOKIE "\",\"description\":\"Unsafe requests also need the header " WHO_CSRF_HEADER
            " with the csrf value of the session\"}}");
    json_close(w);
}

void openapi_write(struct json_writer *w) {
    json_open(w);
    json_put_string(w, "openapi", "3.1.0");
    json_put_open(w, "info");
    json_put_string(w, "title", "Paidan 派单");
    json_put_string(w, "version", PAIDAN_VERSION);
    json_put_string(
        w, "description",
        "Requests, tickets and live queues of a city. Ids and numbers are strings, times RFC 3339 with offset, lists "
        "page by opaque "
        "cursor (next_cursor, and Link). Errors are problem+json in Chinese or English by Accept-Language.");
    json_close(w);
    put_raw(w, "servers", "[{\"url\":\"/\"}]");
    put_paths(w);
    put_components(w);
    json_close(w);
}

void openapi_get(struct call *call) {
    static struct buffer document; /* the same for as long as the program runs */
    if (document.length == 0) {
        struct json_writer w;
        json_writer_init(&w, &document);
        openapi_write(&w);
        json_writer_end(&w);
    }
    call_answer_bytes(call, 200, "application/json", &document);
}
