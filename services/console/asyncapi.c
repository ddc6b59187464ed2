/* See asyncapi.h: the document, and what is told over HTTP: webhooks, the live stream, previews as they are counted. */
#include "services/console/asyncapi.h"

#include <stdio.h>
#include <string.h>

#include "common/version.h"
#include "proto/must.h"
#include "services/console/openapi.h"
#include "services/kit/event_json.h"

enum { NAME_BYTES = 80, NEEDED_MAX = 100 };

#define SCHEMA_BASE "#/components/schemas"

static void put_raw(struct json_writer *w, const char *key, const char *json) {
    json_key(w, key);
    json_raw(w, json, strlen(json));
}

/* ---- messages told as server-sent events ------------------------------------------------------------------------------------- */

struct told {
    const char *name, *channel, *payload, *en, *zh; /* the event's name; its data as a schema */
    bool has_id;
};

static const struct told stream[] = {
    {"snapshot", "stream", "{\"$ref\":\"" SCHEMA_BASE "/Queues\"}",
     "All queues in the watcher's scope: first, and whenever what was missed is more than what is kept",
     "范围内的全部队列: 开始时, 以及错过的变化已不再保留时", true},
    {"delta", "stream", "{\"$ref\":\"" SCHEMA_BASE "/QueueDelta\"}",
     "What has changed since the version before: whole rows of the units it concerns, and the tickets that moved",
     "自上一版本以来的变化: 有变化的单位整行, 以及变动的工单", true},
    {"degraded", "stream",
     "{\"type\":\"object\",\"required\":[\"degraded\"],\"properties\":{\"degraded\":{\"type\":\"boolean\"}}}",
     "Whether the numbers are read from PostgreSQL because Redis is away", "Redis 不可用时数字改由 PostgreSQL 读取",
     false},
};
static const struct told previews[] = {
    {"progress", "previews",
     "{\"type\":\"object\",\"required\":[\"done\",\"open\",\"tickets\"],\"properties\":{\"done\":{\"type\":\"integer\"}"
     ",\"open\":"
     "{\"type\":\"integer\"},\"tickets\":{\"type\":\"integer\"}}}",
     "How many of the open tickets were looked at, and how many of them would move", "已核算的在办工单数和其中会变的数",
     false},
    {"moves", "previews",
     "{\"type\":\"object\",\"required\":[\"moves\"],\"properties\":{\"moves\":{\"type\":\"array\",\"items\":{\"$ref\":"
     "\"" SCHEMA_BASE "/PreviewMove\"}}}}",
     "Deadlines that would move, as they are found", "会变的期限, 逐批给出", false},
    {"summary", "previews", "{\"$ref\":\"" SCHEMA_BASE "/PreviewSummary\"}", "The end: the sums, by unit as well",
     "结束: 合计, 并按单位", false},
    {"failed", "previews", "{\"$ref\":\"" SCHEMA_BASE "/Name\"}", "The end, without a result, and why",
     "未能完成, 及其原因", false},
};
enum { STREAM_COUNT = sizeof stream / sizeof *stream, PREVIEW_COUNT = sizeof previews / sizeof *previews };

static void put_told(struct json_writer *w, const struct told *t) {
    json_put_open(w, t->name);
    json_put_string(w, "name", t->name);
    json_put_string(w, "summary", t->en);
    json_put_string(w, "description", t->zh);
    json_put_string(w, "contentType", "application/json");
    json_put_open(w, "headers");
    json_put_string(w, "type", "object");
    json_put_string(w, "description", "The fields of the event in text/event-stream; its data is the payload");
    json_put_open(w, "properties");
    json_put_open(w, "event");
    json_put_string(w, "const", t->name);
    json_close(w);
    if (t->has_id) asyncapi_put_ref(w, "id", SCHEMA_BASE, "Version");
    json_close(w);
    json_close(w);
    put_raw(w, "payload", t->payload);
    json_close(w);
}

/* ---- webhooks ------------------------------------------------------------------------------------------------------------------ */

#define CLOUD_EVENT(type, data)                                                                                        \
    "{\"type\":\"object\",\"required\":[\"specversion\",\"id\",\"source\",\"type\",\"time\",\"data\"],\"properties\":" \
    "{\"specversion\":"                                                                                                \
    "{\"const\":\"1.0\"},\"id\":{\"type\":\"string\"},\"source\":{\"const\":\"/paidan\"},\"type\":{\"const\":\"" type  \
    "\"},\"time\":{\"type\":\"string\",\"format\":\"date-time\"},\"datacontenttype\":{\"const\":\"application/"        \
    "json\"},\"data\":{\"type\":"                                                                                      \
    "\"object\",\"required\":[\"" data "\"],\"properties\":{\"" data "\":{\"type\":\"string\"}}}}}"

static const struct {
    const char *name, *payload, *en, *zh;
} probes[] = {
    {"paidan.endpoint.test", CLOUD_EVENT("paidan.endpoint.test", "note"),
     "Somebody tries the endpoint out; no ticket stands behind it", "试发, 不涉及任何工单"},
    {"paidan.endpoint.challenge", CLOUD_EVENT("paidan.endpoint.challenge", "challenge"),
     "A new address proves itself: answer 200 with data.challenge, as it is or as {\"challenge\": ...}. Nothing else "
     "goes "
     "there until it has",
     "验证新地址: 以 200 原样返回 data.challenge, 或返回 {\"challenge\": ...}; 在此之前不发送其他内容"},
};
enum { PROBE_COUNT = sizeof probes / sizeof *probes };

static const char WEBHOOK_TRAITS[] = "[{\"$ref\":\"#/components/messageTraits/signed\"}]";
static const char SIGNED[] =
    "{\"contentType\":\"application/cloudevents+json\",\"headers\":{\"type\":\"object\",\"required\":[\"webhook-id\","
    "\"webhook-timestamp\",\"webhook-signature\"],\"properties\":{\"webhook-id\":{\"type\":\"string\",\"description\":"
    "\"constant for an event and receiver, however often it is sent: the event's id\"},\"webhook-timestamp\":{\"type\":"
    "\"string\",\"pattern\":\"^[0-9]+$\",\"description\":\"seconds since 1970, of this "
    "attempt\"},\"webhook-signature\":{"
    "\"type\":\"string\",\"pattern\":\"^v1,[A-Za-z0-9+/=]+( v1,[A-Za-z0-9+/=]+)?$\",\"description\":\"Standard "
    "Webhooks: "
    "HMAC-SHA256 over id.timestamp.body; two while a secret is being replaced\"}}}}";

static void put_event_payload(struct json_writer *w, const char *name, const char *type) {
    json_put_open(w, "payload");
    json_put_open_list(w, "allOf");
    asyncapi_put_ref(w, NULL, SCHEMA_BASE, "CloudEvent");
    json_open(w);
    json_put_open(w, "properties");
    json_put_open(w, "type");
    json_put_string(w, "const", name);
    json_close(w);
    json_put_open(w, "data");
    json_put_open(w, "properties");
    json_put_open(w, "event");
    json_put_string(w, "const", type);
    json_close(w);
    json_close(w);
    json_close(w);
    json_close(w);
    json_close(w);
    json_close_list(w);
    json_close(w);
}

/* One for each type of event; x-sources: whether a source is told of it too. */
static void put_event_messages(struct json_writer *w) {
    size_t count;
    const struct word *words = word_list(WORDS_event_type, &count);
    for (size_t i = 0; i < count; i++) {
        char name[NAME_BYTES];
        snprintf(name, sizeof name, "paidan.ticket.%s", words[i].text);
        json_put_open(w, name);
        json_put_string(w, "name", name);
        json_put_string(w, "title", words[i].text);
        json_put_string(w, "summary", words[i].en);
        json_put_string(w, "description", words[i].zh);
        json_put_bool(w, "x-sources", event_is_for_source(words[i].value));
        put_raw(w, "traits", WEBHOOK_TRAITS);
        put_event_payload(w, name, words[i].text);
        json_close(w);
    }
}

static void put_probe_messages(struct json_writer *w) {
    for (int i = 0; i < PROBE_COUNT; i++) {
        json_put_open(w, probes[i].name);
        json_put_string(w, "name", probes[i].name);
        json_put_string(w, "summary", probes[i].en);
        json_put_string(w, "description", probes[i].zh);
        put_raw(w, "traits", WEBHOOK_TRAITS);
        put_raw(w, "payload", probes[i].payload);
        json_close(w);
    }
}

static void put_webhook_refs(struct json_writer *w) {
    size_t count;
    const struct word *words = word_list(WORDS_event_type, &count);
    for (size_t i = 0; i < count; i++) {
        char name[NAME_BYTES];
        snprintf(name, sizeof name, "paidan.ticket.%s", words[i].text);
        asyncapi_put_ref(w, name, "#/components/messages", name);
    }
    for (int i = 0; i < PROBE_COUNT; i++) asyncapi_put_ref(w, probes[i].name, "#/components/messages", probes[i].name);
}

/* ---- servers, channels, operations -------------------------------------------------------------------------------------------------- */

static void put_servers(struct json_writer *w) {
    json_put_open(w, "servers");
    asyncapi_put_bus_servers(w);
    put_raw(
        w, "api",
        "{\"host\":\"{host}:{port}\",\"protocol\":\"http\",\"description\":\"The one address of everything; "
        "/api/openapi.json describes the rest of it. HTTPS where it was set up\",\"variables\":{\"host\":{\"default\":"
        "\"127.0.0.1\"},\"port\":{\"default\":\"12345\"}},\"security\":[{\"$ref\":\"#/components/securitySchemes/"
        "token\"},"
        "{\"$ref\":\"#/components/securitySchemes/cookie\"}]}");
    put_raw(
        w, "receiver",
        "{\"host\":\"{receiver}\",\"protocol\":\"https\",\"description\":\"An endpoint that the system administrator "
        "made (POST /api/v1/admin/endpoints); also "
        "http\",\"variables\":{\"receiver\":{\"default\":\"receiver.example\"}}}");
    json_close(w);
}

static void put_stream_channel(struct json_writer *w, const char *name, const char *address, const char *parameters,
                               const char *en, const char *zh, const struct told *list, int count) {
    json_put_open(w, name);
    json_put_string(w, "address", address);
    json_put_string(w, "summary", en);
    json_put_string(w, "description", zh);
    if (parameters) put_raw(w, "parameters", parameters);
    put_raw(w, "servers", "[{\"$ref\":\"#/servers/api\"}]");
    json_put_open(w, "messages");
    for (int i = 0; i < count; i++) asyncapi_put_ref(w, list[i].name, "#/components/messages", list[i].name);
    json_close(w);
    json_close(w);
}

static void put_channels(struct json_writer *w) {
    json_put_open(w, "channels");
    asyncapi_put_bus_channels(w);
    json_put_open(w, "webhooks");
    json_put_null(w, "address"); /* whatever the endpoint's is */
    json_put_string(
        w, "summary",
        "Standard Webhooks with CloudEvents bodies: the very bodies that GET /api/v1/events gives. A ticket's "
        "events to one endpoint come in the order of their version; each at least once, under one webhook-id");
    json_put_string(w, "description",
                    "按 Standard Webhooks 签名、正文为 CloudEvents 的推送, 与 GET /api/v1/events 给出的内容相同; "
                    "同一工单按 version "
                    "依次到达, 至少一次, webhook-id 不变");
    put_raw(w, "servers", "[{\"$ref\":\"#/servers/receiver\"}]");
    json_put_open(w, "messages");
    put_webhook_refs(w);
    json_close(w);
    json_close(w);
    put_stream_channel(
        w, "stream", "/api/v1/stream", NULL,
        "Server-sent events: a snapshot, then deltas, within the watcher's scope; a comment each 15 seconds "
        "when nothing happens. Last-Event-ID resumes",
        "SSE: 先给出快照, 再给出变化; 无变化时每 15 秒一条注释。可凭 Last-Event-ID 续接", stream, STREAM_COUNT);
    put_stream_channel(w, "previews", "/api/v1/{kind}/preview", "{\"kind\":{\"enum\":[\"calendars\",\"policies\"]}}",
                       "Server-sent events of a preview (format=events) while it is counted",
                       "试看 (format=events) 的进度和结果", previews, PREVIEW_COUNT);
    json_close(w);
}

static void put_http_operation(struct json_writer *w, const char *name, const char *channel, const char *method,
                               const char *en, const char *zh) {
    json_put_open(w, name);
    json_put_string(w, "action", "send");
    json_put_string(w, "summary", en);
    json_put_string(w, "description", zh);
    asyncapi_put_ref(w, "channel", "#/channels", channel);
    json_put_open(w, "bindings");
    json_put_open(w, "http");
    json_put_string(w, "method", method);
    json_put_string(w, "bindingVersion", "0.3.0");
    json_close(w);
    json_close(w);
    json_close(w);
}

static void put_operations(struct json_writer *w) {
    json_put_open(w, "operations");
    asyncapi_put_bus_operations(w);
    put_http_operation(
        w, "tell", "webhooks", "POST",
        "An endpoint is told; 2xx within 10 seconds means taken, anything else is tried again, 410 never",
        "推送到接收端; 10 秒内以 2xx 答复即为收到, 否则重试, 410 不再重试");
    put_http_operation(w, "show", "stream", "GET", "Whoever watches is shown what changes", "向订阅者给出变化");
    put_http_operation(w, "count", "previews", "POST", "Whoever previews sees how far it is", "向试看者给出进度");
    json_close(w);
}

/* ---- components ------------------------------------------------------------------------------------------------------------------------ */

struct needed {
    char names[NEEDED_MAX][NAME_BYTES];
    int count;
};

/* Each schema of openapi.h that the text refers to, and what those refer to. */
static void find_needed(struct needed *n, const char *json) {
    for (const char *at = json; (at = strstr(at, SCHEMA_BASE "/"));) {
        char name[NAME_BYTES];
        int i = 0;
        at += strlen(SCHEMA_BASE "/");
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at, "\"/"), at);
        while (i < n->count && strcmp(n->names[i], name)) i++;
        const char *schema = i == n->count ? openapi_schema(name) : NULL;
        if (!schema) continue; /* known, or one of the bus's */
        must(n->count < NEEDED_MAX);
        memcpy(n->names[n->count++], name, sizeof name);
        find_needed(n, schema);
    }
}

static void put_schemas(struct json_writer *w) {
    static struct needed n; /* large */
    n.count = 0;
    for (int i = 0; i < STREAM_COUNT; i++) find_needed(&n, stream[i].payload);
    for (int i = 0; i < PREVIEW_COUNT; i++) find_needed(&n, previews[i].payload);
    find_needed(&n, SCHEMA_BASE "/CloudEvent\" " SCHEMA_BASE "/Version\"");
    json_put_open(w, "schemas");
    for (int i = 0; i < n.count; i++) put_raw(w, n.names[i], openapi_schema(n.names[i]));
    asyncapi_put_bus_schemas(w);
    json_close(w);
}

static void put_components(struct json_writer *w) {
    json_put_open(w, "components");
    put_schemas(w);
    json_put_open(w, "messages");
    asyncapi_put_bus_messages(w);
    put_event_messages(w);
    put_probe_messages(w);
    for (int i = 0; i < STREAM_COUNT; i++) put_told(w, &stream[i]);
    for (int i = 0; i < PREVIEW_COUNT; i++) put_told(w, &previews[i]);
    json_close(w);
    json_put_open(w, "messageTraits");
    put_raw(w, "signed", SIGNED);
    json_close(w);
    put_raw(
        w, "securitySchemes",
        "{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"},\"cookie\":{\"type\":\"httpApiKey\",\"in\":\"cookie\","
        "\"name\":\"" WHO_COOKIE
        "\"},\"curve\":{\"type\":\"asymmetricEncryption\",\"description\":\"CURVE: the client's public "
        "key, registered for a token (POST /api/v1/admin/bus-keys), says who asks; a key nobody registered gets no "
        "connection\"}}");
    json_close(w);
}

/* ---- the document ------------------------------------------------------------------------------------------------------------------------ */

void asyncapi_write(struct json_writer *w) {
    json_open(w);
    json_put_string(w, "asyncapi", "3.0.0");
    json_put_open(w, "info");
    json_put_string(w, "title", "Paidan 派单");
    json_put_string(w, "version", PAIDAN_VERSION);
    json_put_string(
        w, "description",
        "What Paidan tells and is told in messages: over ZeroMQ, as webhooks, as server-sent events. What is asked "
        "and answered over HTTP is in /api/openapi.json.");
    json_close(w);
    json_put_string(w, "defaultContentType", "application/json");
    put_servers(w);
    put_channels(w);
    put_operations(w);
    put_components(w);
    json_close(w);
}

void asyncapi_get(struct call *call) {
    static struct buffer document; /* the same for as long as the program runs */
    if (document.length == 0) {
        struct json_writer w;
        json_writer_init(&w, &document);
        asyncapi_write(&w);
        json_writer_end(&w);
    }
    call_answer_bytes(call, 200, "application/json", &document);
}
