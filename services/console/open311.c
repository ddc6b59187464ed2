/* See open311.h: who asks in which format, discovery, services and their definitions. */
#include "services/console/open311.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/number.h"
#include "proto/must.h"

enum { PAGE_SIZE = 50, PAGE_SIZE_MAX = 1000, PAGE_MAX = 100000 };

/* ---- who asks, and how ----------------------------------------------------------------------------------------------------------- */

void open311_refuse(struct call *call, int status, const char *zh, const char *en) {
    const struct open311_asked *asked = call->self;
    struct http_request *request = call->request;
    enum open311_format format = asked->format;
    const char *said = call_lang(call) == LANG_EN ? en : zh;
    call_release(call);
    open311_fail(request, format, status, said);
}

bool open311_failed(struct call *call, const struct db_reply *reply) {
    if (reply->err == ERR_NONE) return false;
    open311_refuse(call, 503, "数据库暂不可用, 请稍后再试", "The database does not answer, try again");
    return true;
}

void open311_start(struct call *call, struct open311 *ret_o) {
    const struct open311_asked *asked = call->self;
    open311_begin(ret_o, asked->format, &call->console->out);
}

void open311_finish(struct call *call, struct open311 *o) {
    struct http_request *request = call->request;
    call_release(call);
    open311_answer(o, request, 200);
}

static void on_who(void *context, enum who_result result, const struct who *who) {
    struct call *call = context;
    struct open311_asked *asked = call->self;
    if (result == WHO_AWAY) {
        open311_refuse(call, 503, "数据库暂不可用, 请稍后再试", "The database does not answer, try again");
        return;
    }
    if (result == WHO_IS) {
        call->who = *who;
        call->reach = reach_of(call_world(call), who, call->action);
    }
    if (result != WHO_IS || reach_is_empty(&call->reach)) {
        open311_refuse(call, 403, "api_key 无效或无此权限", "The api_key is not valid, or may not do this");
        return;
    }
    asked->has_key = true;
    asked->then(call);
}

static const char *given_key(struct call *call) {
    const char *key = http_query(call->request, "api_key"), *bearer = http_header(call->request, "Authorization");
    if (key && *key) return key;
    return bearer && !strncasecmp(bearer, "Bearer ", 7) ? bearer + 7 : NULL;
}

/* Residents' apps, as the database knows them. */
static struct reach public_reach(const struct reference *reference) {
    struct reach reach = {0};
    for (uint32_t i = 0; i < reference->source_count && reach.source_count < WHO_SOURCES_MAX; i++)
        if (reference->sources[i].channel == CHANNEL_APP)
            reach.sources[reach.source_count++] = reference->sources[i].id;
    return reach;
}

void open311_enter(struct call *call, const char *key, bool needs_key, int action, call_handler *then) {
    struct open311_asked *asked = call_take(call, sizeof *asked);
    size_t length;
    call->self = asked;
    call->action = action;
    call->takes_errors = true; /* they have a form of their own here */
    asked->then = then;
    if (!open311_format_of(http_path(call->request), &asked->format, &length)) {
        asked->format = OPEN311_XML;
        open311_refuse(call, 404, "地址须以 .xml 或 .json 结尾", "The address must end with .xml or .json");
        return;
    }
    if (!key) key = given_key(call);
    if (key && *key) {
        who_find_token(call->console->who, key, on_who, call);
    } else if (needs_key) {
        open311_refuse(call, 403, "请给出 api_key", "Give your api_key");
    } else {
        call->reach = public_reach(call->reference);
        then(call);
    }
}

/* ---- parameters -------------------------------------------------------------------------------------------------------------------- */

bool open311_query_time(struct call *call, const char *name, time_ms *ret_time) {
    const char *text = http_query(call->request, name);
    *ret_time = 0;
    if (!text || !*text || clock_parse(text, strlen(text), ret_time) == ERR_NONE) return true;
    open311_refuse(call, 400, call_printf(call, "%s 须为 W3 时间, 如 2026-11-21T09:30:00Z", name),
                   call_printf(call, "%s must be a W3 time such as 2026-11-21T09:30:00Z", name));
    return false;
}

static bool query_number(struct call *call, const char *name, int64_t max, int64_t *ret_number) {
    const char *text = http_query(call->request, name);
    int64_t number;
    if (!text || !*text) return true;
    if (number_parse_int(text, strlen(text), &number) == ERR_NONE && number >= 1 && number <= max) {
        *ret_number = number;
        return true;
    }
    open311_refuse(call, 400, call_printf(call, "%s 须为 1 到 %lld 的整数", name, (long long)max),
                   call_printf(call, "%s must be an integer from 1 to %lld", name, (long long)max));
    return false;
}

bool open311_query_page(struct call *call, int64_t *ret_offset, int64_t *ret_limit) {
    const char *text = http_query(call->request, "page");
    int64_t page = 1, size = text && *text ? PAGE_SIZE : PAGE_SIZE_MAX; /* the standard's own limit is 1000 */
    if (!query_number(call, "page", PAGE_MAX, &page) || !query_number(call, "page_size", PAGE_SIZE_MAX, &size))
        return false;
    *ret_limit = size;
    *ret_offset = (page - 1) * size;
    return true;
}

const char *open311_public_text(struct call *call, const char *text, size_t length) {
    const struct open311_asked *asked = call->self;
    char *copy = call_take(call, length + 1);
    memcpy(copy, text, length);
    for (size_t i = 0; !asked->has_key && i < length;) {
        size_t digits = strspn(copy + i, "0123456789");
        if (digits >= 7) memset(copy + i + 3, '*', digits - 3);
        i += digits ? digits : 1;
    }
    return copy;
}

/* ---- services ------------------------------------------------------------------------------------------------------------------------ */

void open311_set_services(struct call *call, struct db_call *rows, int number) {
    const struct world *world = call_world(call);
    db_set_array(rows, number, DB_INT4);
    for (uint32_t i = 0; i < world->matter_count; i++)
        if (open311_is_service(&world->matters[i])) db_push_int4(rows, number, (int32_t)world->matters[i].code);
}

static void put_service(struct open311 *o, struct call *call, uint32_t place) {
    const struct matter *matter = &call_world(call)->matters[place];
    const struct reference_matter *names = &call->reference->matters[place];
    bool en = call_lang(call) == LANG_EN;
    const char *group = en ? names->level1_en : names->level1_zh, *kind = en ? names->level2_en : names->level2_zh;
    open311_item(o, "service");
    open311_string(o, "service_code", call_printf(call, "%06u", (unsigned)matter->code));
    open311_string(o, "service_name", en ? names->name_en : names->name_zh);
    open311_string(o, "description", call_printf(call, "%s / %s", group, kind));
    open311_bool(o, "metadata", true);
    open311_string(o, "type", "realtime");
    open311_string(o, "keywords", call_printf(call, "%s, %s", group, kind));
    open311_string(o, "group", group);
    open311_item_end(o);
}

static void services(struct call *call) {
    struct open311 o;
    const struct world *world = call_world(call);
    open311_start(call, &o);
    open311_list(&o, "services");
    for (uint32_t i = 0; i < world->matter_count; i++)
        if (open311_is_service(&world->matters[i])) put_service(&o, call, i);
    open311_list_end(&o);
    open311_finish(call, &o);
}

void open311_services_get(struct call *call) {
    open311_enter(call, NULL, false, ACTION_FOLLOW_REQUEST, services);
}

/* What a request may say beside the standard's fields; intake's open311_door.c takes the same. */
static const struct {
    const char *code, *datatype, *zh, *en;
    enum word_set words; /* of a list */
} attributes[] = {
    {"urgency", "singlevaluelist", "紧急程度", "How urgent it is", WORDS_urgency},
    {"occurred_at", "datetime", "发生时间", "When it happened", 0},
    {"confidential", "singlevaluelist", "是否对办理单位保密", "Keep me unknown to the units that handle it", 0}};

static void put_value(struct open311 *o, const char *key, const char *name) {
    open311_item(o, "value");
    open311_string(o, "key", key);
    open311_string(o, "name", name);
    open311_item_end(o);
}

static void put_attribute(struct open311 *o, bool en, size_t i) {
    size_t count = 0;
    const struct word *words = attributes[i].words ? word_list(attributes[i].words, &count) : NULL;
    open311_item(o, "attribute");
    open311_bool(o, "variable", true);
    open311_string(o, "code", attributes[i].code);
    open311_string(o, "datatype", attributes[i].datatype);
    open311_bool(o, "required", false);
    open311_string(o, "datatype_description", NULL);
    open311_int(o, "order", (int64_t)i + 1);
    open311_string(o, "description", en ? attributes[i].en : attributes[i].zh);
    open311_list(o, "values");
    for (size_t n = 0; n < count; n++) put_value(o, words[n].text, en ? words[n].en : words[n].zh);
    if (!strcmp(attributes[i].code, "confidential")) {
        put_value(o, "true", en ? "yes" : "是");
        put_value(o, "false", en ? "no" : "否");
    }
    open311_list_end(o);
    open311_item_end(o);
}

static void definition(struct call *call) {
    struct open311 o;
    const char *file = http_param(call->request, "service_code");
    enum open311_format format;
    size_t length;
    must(open311_format_of(file, &format, &length));
    if (!open311_service(call_world(call), file, length)) {
        open311_refuse(call, 404, "没有这个 service_code", "There is no such service_code");
        return;
    }
    open311_start(call, &o);
    open311_item(&o, "service_definition");
    open311_text(&o, "service_code", file, length);
    open311_list(&o, "attributes");
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
        put_attribute(&o, call_lang(call) == LANG_EN, i);
    open311_list_end(&o);
    open311_item_end(&o);
    open311_finish(call, &o);
}

void open311_service_get(struct call *call) {
    open311_enter(call, NULL, false, ACTION_FOLLOW_REQUEST, definition);
}

/* ---- discovery ----------------------------------------------------------------------------------------------------------------------- */

static void put_format(struct open311 *o, const char *type) {
    open311_string(o, "format", type);
}

static void discovery(struct call *call) {
    static const char changed[] = "2026-11-22T00:00:00+08:00";
    struct open311 o;
    const char *host = http_header(call->request, "Host"), *scheme = http_header(call->request, "X-Forwarded-Proto");
    open311_start(call, &o);
    open311_item(&o, "discovery");
    open311_string(&o, "changeset", changed);
    open311_string(&o, "contact",
                   call_lang(call) == LANG_EN ? "Ask the command centre of this city" : "请联系本地指挥中心");
    open311_string(&o, "key_service",
                   call_lang(call) == LANG_EN ? "An api_key is a token of the security administrator's making"
                                              : "api_key 即安全管理员发放的令牌");
    open311_list(&o, "endpoints");
    open311_item(&o, "endpoint");
    open311_string(&o, "specification", "http://wiki.open311.org/GeoReport_v2");
    open311_string(&o, "url",
                   call_printf(call, "%s://%s" OPEN311_BASE, scheme ? scheme : "http", host ? host : "localhost"));
    open311_string(&o, "changeset", changed);
    open311_string(&o, "type", "production");
    open311_list(&o, "formats");
    put_format(&o, "text/xml");
    put_format(&o, "application/json");
    open311_list_end(&o);
    open311_item_end(&o);
    open311_list_end(&o);
    open311_item_end(&o);
    open311_finish(call, &o);
}

void open311_discovery_get(struct call *call) {
    open311_enter(call, NULL, false, ACTION_FOLLOW_REQUEST, discovery);
}
