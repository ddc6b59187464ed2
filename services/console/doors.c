/* The table of routes and what every request passes on its way in: who is asking, whether its role may. */
#include "services/console/door.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "common/arena.h"
#include "common/json.h"
#include "common/metrics.h"
#include "common/number.h"
#include "proto/must.h"
#include "services/console/asyncapi.h"
#include "services/console/attachments.h"
#include "services/console/audit.h"
#include "services/console/carriers.h"
#include "services/console/commands.h"
#include "services/console/directory.h"
#include "services/console/doors.def"
#include "services/console/duty.h"
#include "services/console/endpoints.h"
#include "services/console/events.h"
#include "services/console/exports.h"
#include "services/console/feed.h"
#include "services/console/figures.h"
#include "services/console/followups.h"
#include "services/console/gateway.h"
#include "services/console/import.h"
#include "services/console/map.h"
#include "services/console/mappings.h"
#include "services/console/networks.h"
#include "services/console/openapi.h"
#include "services/console/open311.h"
#include "services/console/operations.h"
#include "services/console/preview.h"
#include "services/console/public.h"
#include "services/console/queues.h"
#include "services/console/reconcile.h"
#include "services/console/requests.h"
#include "services/console/rules.h"
#include "services/console/session.h"
#include "services/console/stream.h"
#include "services/console/tickets.h"
#include "services/console/users.h"
#include "services/console/ways.h"

METRIC_COUNTER(refused, "paidan_console_refused_total", "Requests refused before their handler.", "why",
               "no_credentials", "bad_credentials", "forged", "role");

enum { ROUTES_MAX = 160 };

#define DOOR_ROW(method, path, handler, action, query, body, answer, status, body_max, tag, zh, en)                    \
    {HTTP_##method, path, handler, action, query, body, answer, status, body_max, tag, zh, en},
static const struct door doors[] = {DOORS(DOOR_ROW)};
enum { DOOR_COUNT = sizeof doors / sizeof doors[0] };

const struct door *doors_all(size_t *ret_count) {
    *ret_count = DOOR_COUNT;
    return doors;
}

int door_action(const struct door *door, const char *command) {
    return door->action == DOOR_COMMAND ? word_value(WORDS_command_name, command, strlen(command)) : door->action;
}

/* ---- on the way in --------------------------------------------------------------------------------------------------------------------- */

static struct console *console_of(void *kit) {
    return ((struct kit *)kit)->self;
}

static void unauthorised(struct http_request *request, enum who_result result) {
    http_set_header(request, "WWW-Authenticate", "Bearer realm=\"paidan\"");
    if (result == WHO_MISSING)
        http_problem_status(request, 401, (struct sentence){"请先登录, 或给出令牌", "Sign in, or give a bearer token"});
    else
        http_problem_status(request, 401,
                            (struct sentence){"登录或令牌已失效", "The session or token is not valid any more"});
}

struct arrival {
    struct console *console;
    struct http_request *request;
    const struct door *door;
};

/* As the act itself would stand in the audit log. */
static const char *action_text(int action) {
    size_t count;
    const struct access_word *words = access_actions(&count);
    for (size_t i = 0; i < count; i++)
        if (words[i].value == action) return words[i].text;
    return word_text(WORDS_command_name, action);
}

/* Some clients send {} with every POST: where nothing is taken that is nothing. */
enum { NOTHING_MAX = 1024 };

static bool takes_nothing(const struct door *door) {
    return !door->body && (door->method == HTTP_POST || door->method == HTTP_DELETE);
}

static bool is_nothing(const uint8_t *body, size_t len) {
    struct json_fault fault;
    struct cJSON *tree = NULL;
    bool parsed = json_parse(body, len, NULL, &tree, &fault) == ERR_NONE;
    bool empty = parsed && cJSON_IsObject(tree) && !tree->child;
    json_free(&tree);
    return empty;
}

/* False: answered. */
static bool says_nothing(struct call *call) {
    size_t len;
    const uint8_t *body = http_body(call->request, &len);
    if (len && takes_nothing(call->door) && !is_nothing(body, len))
        call_wrong(call, "", "此处不收内容; 请不带内容, 或发 {}", "nothing is taken here: send no body, or {}");
    return !call_is_wrong(call, 400);
}

static void enter(const struct arrival *in, const struct who *who) {
    struct call *call = call_new(in->console, in->request, in->door, who);
    const char *command = in->door->action == DOOR_COMMAND ? http_param(in->request, "command") : "";
    if (in->door->action != DOOR_OPEN) {
        call->action = door_action(in->door, command);
        if (call->action == 0) {
            call_problem(call, 404, "没有这种操作", "There is no such command");
            return;
        }
        call->reach = reach_of(call_world(call), &call->who, call->action);
        if (reach_is_empty(&call->reach)) {
            metric_add(&refused, 3, 1);
            bool of_one = strstr(in->door->path, "{number}") != NULL; /* http_param wants a name the pattern has */
            const char *number = of_one ? http_param(in->request, "number") : NULL;
            call_audit_alone(call, action_text(call->action),
                             number && strlen(number) < NUMBER_TEXT_BYTES ? number : "", "role");
            call_not_permitted(call);
            return;
        }
    }
    if (says_nothing(call)) in->door->handler(call);
}

static void on_who(void *context, enum who_result result, const struct who *who) {
    struct arrival *in = context;
    switch (result) {
    case WHO_IS:
        enter(in, who);
        return;
    case WHO_MISSING:
    case WHO_INVALID:
        metric_add(&refused, result == WHO_MISSING ? 0 : 1, 1);
        unauthorised(in->request, result);
        return;
    case WHO_FORGED:
        metric_add(&refused, 2, 1);
        http_problem_status(in->request, 403,
                            (struct sentence){"请求来自其他网站, 或缺少 CSRF 令牌",
                                              "The request came from another site, or lacks its CSRF token"});
        return;
    case WHO_AWAY:
        http_problem_status(in->request, 503,
                            (struct sentence){"数据库暂不可用, 请稍后再试", "The database does not answer, try again"});
        return;
    }
}

static void arrive(void *context, struct http_request *request) {
    struct console *console = console_of(context);
    struct arrival *in = arena_zeroed(http_arena(request), 1, sizeof *in);
    must(in);
    *in = (struct arrival){console, request, http_route_of(request)->about};
    if (!console || !console->reference) {
        http_problem_status(request, 503, (struct sentence){"正在启动, 请稍后再试", "Starting, try again"});
        return;
    }
    if (in->door->action == DOOR_OPEN)
        enter(in, NULL);
    else
        who_find(console->who, request, on_who, in);
}

/* ---- for the server ---------------------------------------------------------------------------------------------------------------------- */

static unsigned body_flags(const char *body) {
    if (!body) return 0;
    if (!strncmp(body, OPEN311_FORM, strlen(OPEN311_FORM))) return HTTP_BODY_FORM;
    if (!strcmp(body, "multipart/form-data")) return HTTP_BODY_PARTS;
    return strchr(body, '/') ? HTTP_BODY_ANY : HTTP_BODY_JSON | HTTP_BODY_GB18030;
}

/* Open311's clients add what their other cities take. */
static unsigned query_flags(const char *path) {
    return strncmp(path, OPEN311_BASE, strlen(OPEN311_BASE)) ? 0 : HTTP_QUERY_ANY;
}

const struct http_route *doors_http(void) {
    static struct http_route routes[ROUTES_MAX + 1];
    if (routes[0].pattern) return routes;
    int count = 0;
    for (int i = 0; i < DOOR_COUNT; i++) {
        const struct door *door = &doors[i];
        if (door->action == DOOR_ELSEWHERE || door->action == DOOR_ELSEWHERE_OPEN) continue;
        must(count < ROUTES_MAX);
        routes[count++] = (struct http_route){.method = door->method,
                                              .pattern = door->path,
                                              .handler = arrive,
                                              .body_max = takes_nothing(door) ? NOTHING_MAX : door->body_max,
                                              .flags = (takes_nothing(door) ? HTTP_BODY_ANY : body_flags(door->body)) |
                                                       query_flags(door->path),
                                              .query = door->query,
                                              .about = door};
    }
    return routes;
}
