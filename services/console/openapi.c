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
#include "services/console/openapi_parameters.def"

static const struct {
    const char *name, *schema, *zh, *en;
} query_parameters[] = {
#define PARAMETER_ROW(name, schema, zh, en) {name, schema, zh, en},
    PARAMETERS(PARAMETER_ROW)};

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

static void put_parameter(struct json_writer *w, const char *name, const char *in, bool required, const char *schema,
                          const char *zh, const char *en) {
    char both[300];
    snprintf(both, sizeof both, "%s%s%s", en, *en ? " · " : "", zh);
    json_open(w);
    json_put_string(w, "name", name);
    json_put_string(w, "in", in);
    if (required) json_put_bool(w, "required", true);
    if (*both) json_put_string(w, "description", both);
    put_raw(w, "schema", schema);
    json_close(w);
}

/* "name", or "name!" when it must be given. */
static void put_query_parameter(struct json_writer *w, const char *name, size_t len) {
    bool required = name[len - 1] == '!';
    len -= required;
    for (size_t i = 0; i < sizeof query_parameters / sizeof query_parameters[0]; i++)
        if (strlen(query_parameters[i].name) == len && !memcmp(query_parameters[i].name, name, len)) {
            put_parameter(w, query_parameters[i].name, "query", required, query_parameters[i].schema,
                          query_parameters[i].zh, query_parameters[i].en);
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
        put_parameter(w, name, "path", true, path_schema(door, at + 1, len), "", "");
    }
    for (const char *at = door->query ? door->query : ""; *at;) {
        size_t len = strcspn(at, " ");
        if (len) put_query_parameter(w, at, len);
        at += len + (at[len] == ' ');
    }
    if (is_command)
        put_parameter(w, "Idempotency-Key", "header", false, "{\"type\":\"string\",\"maxLength\":120}",
                      "同键同内容只执行一次, 返回首次的答复",
                      "the same key with the same body acts once and returns the first answer");
    json_close_list(w);
}

/* Errors of the standard's own form; and where the format is part of a parameter, XML as well as JSON. */
static bool is_open311(const struct door *door) {
    return !strcmp(door->tag, "open311");
}

/* shape: a schema's name, a media type, or both with a blank between. */
static void put_content(struct json_writer *w, const char *shape) {
    bool is_type = strchr(shape, '/') != NULL;
    const char *schema = is_type ? strchr(shape, ' ') : shape;
    char type[60];
    snprintf(type, sizeof type, "%.*s", (int)strcspn(shape, " "), shape);
    json_put_open(w, "content");
    if (!strncmp(shape, "Open311", 7)) {
        json_put_open(w, "text/xml");
        json_close(w);
    }
    json_put_open(w, is_type ? type : "application/json");
    if (schema)
        put_schema(w, schema + is_type);
    else if (!strcmp(shape, "multipart/form-data"))
        put_raw(w, "schema",
                "{\"type\":\"object\",\"required\":[\"file\"],\"properties\":{\"file\":{\"type\":\"array\","
                "\"minItems\":1,\"maxItems\":10,\"items\":{\"type\":\"string\",\"contentMediaType\":"
                "\"application/octet-stream\"}}}}");
    else if (!strcmp(shape, "text/event-stream"))
        json_put_string(w, "x-events", "what is told here is described in /api/asyncapi.json");
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
    if (status == 404 && strchr(door->path, '{')) return true;
    switch (status) {
    case 401:
    case 403:
    case 409:
        return !reads || (status != 409 && !open);
    case 404:
        return !open || !strcmp(door->tag, "public");
    case 413:
        return !reads;
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
    bool elsewhere = door->action == DOOR_ELSEWHERE || door->action == DOOR_ELSEWHERE_OPEN;
    if (door->status == 201 && (elsewhere || door->action == ACTION_PUSH_REQUEST))
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
            open || is_open311(door)                       ? "[]" /* Open311's key is a field of the form */
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
        json_put_int(w, "x-bytes-max", (int64_t)door->body_max);
        put_content(w, door->body);
        json_close(w);
    }
    put_responses(w, door, door->answer);
    if (door->action > 0) put_roles(w, door->action);
    if (door->action == DOOR_ELSEWHERE && !is_open311(door)) put_roles(w, ACTION_PUSH_REQUEST);
    put_security(w, door);
    json_close(w);
}

static void put_command_body(struct json_writer *w, const struct door *door, int command) {
    struct command_takes takes = command_takes(command);
    json_put_open(w, "requestBody");
    json_put_bool(w, "required", takes.needs != 0);
    json_put_int(w, "x-bytes-max", (int64_t)door->body_max);
    json_put_open(w, "content");
    json_put_open(w, "application/json");
    put_raw(w, "schema", openapi_command_schema(command));
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
        put_command_body(w, door, words[i].value);
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

static void put_components(struct json_writer *w) {
    json_put_open(w, "components");
    json_put_open(w, "schemas");
    openapi_put_schemas(w);
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
    json_put_open(w, "content");
    json_put_open(w, "text/xml");
    json_close(w);
    json_put_open(w, "application/json");
    put_schema(w, "Open311Errors");
    json_close(w);
    json_put_open(w, "application/problem+json"); /* refused before its form was known */
    put_schema(w, "Problem");
    json_close(w);
    json_close(w);
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
