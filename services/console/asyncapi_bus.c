/* What travels over ZeroMQ, from proto/table.h: every message, its fields by their tags, the words by their numbers. A frame is two
 * msgpack maps one behind the other, envelope and body, which the document tells as a list of two. See asyncapi.h. */
#include <stdio.h>
#include <string.h>

#include "proto/must.h"
#include "proto/table.h"
#include "services/console/asyncapi.h"

enum { NAME_BYTES = 80, STRUCTS_MAX = 64 };

/* The sockets that messages go through, by who sends or takes them. */
enum place { DOOR, PUSHES, ROUTER, EVENTS };
static const struct {
    const char *name, *server, *en, *zh;
} channels[] = {
    [DOOR] =
        {"door", "bus",
         "The door for departments' systems (CURVE): a DEALER socket asks, each question has one answer with the id "
         "of the question. Catching up and following are the same: subscribe behind `after`, take the events in, "
         "subscribe again behind `to_seq`",
         "委办局系统的接入端口 (CURVE 加密): 由 DEALER 套接字提问, 一问一答, 答复带回问题的编号。补领与跟随相同: 从 "
         "`after` 之后订阅, 处理完事件后再从 `to_seq` 之后订阅"},
    [PUSHES] =
        {"pushes", "machine",
         "Requests pushed by programs on the same machine; the token, the checks and the commit are those of HTTP",
         "本机程序报送诉求; 令牌、校验和提交与 HTTP 相同"},
    [ROUTER] = {"router", "machine",
                "Between the services: commands and timers to the only writer of tickets, and its answers",
                "服务之间: 给工单唯一写入者的命令和到时消息, 及其答复"},
    [EVENTS] = {"events", "machine", "Between the services: what the router has committed (PUB), and its heartbeat",
                "服务之间: 路由服务已提交的变化 (PUB) 和心跳"}};
enum { PLACE_COUNT = sizeof channels / sizeof channels[0] };

/* What is answered by what; a message that neither asks nor answers goes alone. */
static const struct {
    int question, answers[2];
} answered[] = {{MESSAGE_subscribe, {MESSAGE_events, MESSAGE_outcome}},
                {MESSAGE_act, {MESSAGE_outcome}},
                {MESSAGE_request_push, {MESSAGE_request_accepted}},
                {MESSAGE_request_new, {MESSAGE_request_routed}},
                {MESSAGE_command, {MESSAGE_reply}},
                {MESSAGE_timer_due, {MESSAGE_timer_done}}};
enum { ANSWERED_COUNT = sizeof answered / sizeof answered[0] };

static enum place place_of(const struct message_info *m) {
    bool outside = !strcmp(m->from, "outside") || !strcmp(m->to, "outside");
    if (outside) return !strcmp(m->from, "intake") || !strcmp(m->to, "intake") ? PUSHES : DOOR;
    return !strcmp(m->to, "all") ? EVENTS : ROUTER;
}

static bool is_answer(int message) {
    for (size_t i = 0; i < ANSWERED_COUNT; i++)
        if (answered[i].answers[0] == message || answered[i].answers[1] == message) return true;
    return false;
}

void asyncapi_put_ref(struct json_writer *w, const char *key, const char *base, const char *name) {
    char to[2 * NAME_BYTES];
    must(snprintf(to, sizeof to, "%s/%s", base, name) < (int)sizeof to);
    if (key)
        json_put_open(w, key);
    else
        json_open(w);
    json_put_string(w, "$ref", to);
    json_close(w);
}

/* ---- schemas ------------------------------------------------------------------------------------------------------------- */

static void put_schema_ref(struct json_writer *w, const char *kind, const char *name) {
    char whole[NAME_BYTES];
    snprintf(whole, sizeof whole, "%s_%s", kind, name);
    asyncapi_put_ref(w, NULL, "#/components/schemas", whole);
}

/* The members of a schema for one value. */
static void put_value(struct json_writer *w, const struct field_info *f) {
    struct number_range range = table_range(f);
    switch ((enum field_kind)f->kind) {
    case FIELD_struct:
    case FIELD_word:
        json_put_open_list(w, "allOf"); /* beside a $ref nothing else counts */
        if (f->kind == FIELD_struct)
            put_schema_ref(w, "bus", f->type->name);
        else
            put_schema_ref(w, "word", word_set_name((enum word_set)f->word_set));
        json_close_list(w);
        break;
    case FIELD_text:
        json_put_string(w, "type", "string");
        break;
    case FIELD_bytes:
        json_put_string(w, "type", "string");
        json_put_string(w, "contentEncoding", "base64");
        json_put_string(w, "x-msgpack", "bin");
        break;
    case FIELD_flag:
        json_put_bool(w, "const", true);
        break;
    case FIELD_i64:
    case FIELD_time:
        json_put_string(w, "type", "integer");
        json_put_string(w, "format", "int64");
        if (f->kind == FIELD_time) json_put_string(w, "x-unit", "UTC milliseconds since 1970");
        break;
    default:
        json_put_string(w, "type", "integer");
        json_put_int(w, "minimum", range.min);
        json_put_int(w, "maximum", range.max);
        break;
    }
}

static void put_field(struct json_writer *w, const struct field_info *f) {
    char tag[12];
    snprintf(tag, sizeof tag, "%u", f->tag);
    json_put_open(w, tag);
    json_put_string(w, "title", f->name);
    json_put_string(w, "description", f->doc);
    if (f->max) {
        json_put_string(w, "type", "array");
        json_put_int(w, "maxItems", f->max);
        json_put_open(w, "items");
    }
    put_value(w, f);
    if (f->max) json_close(w);
    json_close(w);
}

static void put_type(struct json_writer *w, const struct type_info *type) {
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "bus_%s", type->name);
    json_put_open(w, name);
    json_put_string(w, "title", type->name);
    json_put_string(w, "description", type->doc);
    json_put_string(w, "type", "object");
    json_put_open(w, "properties");
    for (int i = 0; i < type->count; i++) put_field(w, &type->fields[i]);
    json_close(w);
    json_close(w);
}

static void put_words(struct json_writer *w, enum word_set set) {
    char name[NAME_BYTES], number[12];
    size_t count;
    const struct word *words = word_list(set, &count);
    snprintf(name, sizeof name, "word_%s", word_set_name(set));
    json_put_open(w, name);
    json_put_string(w, "title", word_set_name(set));
    json_put_string(w, "type", "integer");
    json_put_open_list(w, "enum");
    for (size_t i = 0; i < count; i++) json_int(w, words[i].value);
    json_close_list(w);
    json_put_open(w, "x-words");
    for (size_t i = 0; i < count; i++) {
        snprintf(number, sizeof number, "%d", words[i].value);
        json_put_open(w, number);
        json_put_string(w, "text", words[i].text);
        json_put_string(w, "zh", words[i].zh);
        json_put_string(w, "en", words[i].en);
        json_close(w);
    }
    json_close(w);
    json_close(w);
}

/* What messages are made of: structs and words, each once. */
struct reached {
    const struct type_info *types[STRUCTS_MAX];
    int type_count;
    bool words[WORD_SET_COUNT];
};

static void reach_into(struct reached *r, const struct type_info *type) {
    for (int i = 0; i < r->type_count; i++)
        if (r->types[i] == type) return;
    must(r->type_count < STRUCTS_MAX);
    r->types[r->type_count++] = type;
    for (int i = 0; i < type->count; i++) {
        if (type->fields[i].kind == FIELD_struct) reach_into(r, type->fields[i].type);
        if (type->fields[i].kind == FIELD_word) r->words[type->fields[i].word_set] = true;
    }
}

void asyncapi_put_bus_schemas(struct json_writer *w) {
    struct reached r = {.type_count = 0};
    size_t count;
    const struct message_info *messages = table_messages(&count);
    reach_into(&r, &type_envelope);
    for (size_t i = 0; i < count; i++) reach_into(&r, messages[i].type);
    for (int i = 0; i < r.type_count; i++) put_type(w, r.types[i]);
    for (int set = 0; set < WORD_SET_COUNT; set++)
        if (r.words[set]) put_words(w, (enum word_set)set);
}

/* ---- messages --------------------------------------------------------------------------------------------------------------- */

/* The envelope, its type settled. */
static void put_envelope(struct json_writer *w, int number) {
    json_open(w);
    json_put_open_list(w, "allOf");
    put_schema_ref(w, "bus", "envelope");
    json_close_list(w);
    json_put_open_list(w, "required");
    json_string(w, "1");
    json_string(w, "2");
    json_close_list(w);
    json_put_open(w, "properties");
    json_put_open(w, "1");
    json_put_int(w, "const", PROTOCOL_VERSION);
    json_close(w);
    json_put_open(w, "2");
    json_put_int(w, "const", number);
    json_close(w);
    json_close(w);
    json_close(w);
}

void asyncapi_put_bus_messages(struct json_writer *w) {
    size_t count;
    const struct message_info *messages = table_messages(&count);
    for (size_t i = 0; i < count; i++) {
        json_put_open(w, messages[i].name);
        json_put_string(w, "name", messages[i].name);
        json_put_string(w, "title", messages[i].name);
        json_put_string(w, "summary", messages[i].doc);
        json_put_string(w, "contentType", "application/msgpack");
        json_put_int(w, "x-number", messages[i].number);
        json_put_string(w, "x-from", messages[i].from);
        json_put_string(w, "x-to", messages[i].to);
        json_put_open(w, "correlationId");
        json_put_string(w, "description", "The envelope's id: an answer carries that of what it answers");
        json_put_string(w, "location", "$message.payload#/0/3");
        json_close(w);
        json_put_open(w, "payload");
        json_put_string(w, "type", "array");
        json_put_int(w, "minItems", 2);
        json_put_int(w, "maxItems", 2);
        json_put_open_list(w, "items");
        put_envelope(w, messages[i].number);
        put_schema_ref(w, "bus", messages[i].type->name);
        json_close_list(w);
        json_close(w);
        json_close(w);
    }
}

/* ---- servers, channels, operations --------------------------------------------------------------------------------------------- */

void asyncapi_put_bus_servers(struct json_writer *w) {
    json_put_open(w, "bus");
    json_put_string(w, "host", "{host}:{port}");
    json_put_string(w, "protocol", "zmtp");
    json_put_string(w, "protocolVersion", "3.1");
    json_put_string(
        w, "description",
        "ZeroMQ over TCP with CURVE. One frame is one message: two msgpack maps from tag to value, envelope "
        "and body. A field that is zero or empty is not written; unknown tags are skipped. The address and the "
        "door's public key are told when a key is registered (POST /api/v1/admin/bus-keys)");
    json_put_open(w, "variables");
    json_put_open(w, "host");
    json_put_string(w, "default", "127.0.0.1");
    json_close(w);
    json_put_open(w, "port");
    json_put_string(w, "default", "12346");
    json_put_string(w, "description", "bus_address of the console's configuration");
    json_close(w);
    json_close(w);
    json_put_open_list(w, "security");
    asyncapi_put_ref(w, NULL, "#/components/securitySchemes", "curve");
    json_close_list(w);
    json_close(w);
    json_put_open(w, "machine");
    json_put_string(w, "host", "localhost");
    json_put_string(w, "pathname", "/bus");
    json_put_string(w, "protocol", "zmtp");
    json_put_string(w, "protocolVersion", "3.1");
    json_put_string(w, "description",
                    "ipc sockets in the services' run folder, which nobody else may enter; the same frames. What the "
                    "services tell each other is described for whoever works on Paidan: no outside system needs it");
    json_close(w);
}

void asyncapi_put_bus_channels(struct json_writer *w) {
    size_t count;
    const struct message_info *messages = table_messages(&count);
    for (int channel = 0; channel < PLACE_COUNT; channel++) {
        json_put_open(w, channels[channel].name);
        json_put_null(w, "address"); /* a socket has none within its server */
        json_put_string(w, "summary", channels[channel].en);
        json_put_string(w, "description", channels[channel].zh);
        json_put_open_list(w, "servers");
        asyncapi_put_ref(w, NULL, "#/servers", channels[channel].server);
        json_close_list(w);
        json_put_open(w, "messages");
        for (size_t i = 0; i < count; i++)
            if (place_of(&messages[i]) == (enum place)channel)
                asyncapi_put_ref(w, messages[i].name, "#/components/messages", messages[i].name);
        json_close(w);
        json_close(w);
    }
}

static void put_channel_message(struct json_writer *w, const struct message_info *m) {
    char base[NAME_BYTES];
    snprintf(base, sizeof base, "#/channels/%s/messages", channels[place_of(m)].name);
    asyncapi_put_ref(w, NULL, base, m->name);
}

static void put_reply(struct json_writer *w, int question) {
    for (size_t i = 0; i < ANSWERED_COUNT; i++) {
        if (answered[i].question != question) continue;
        json_put_open(w, "reply");
        asyncapi_put_ref(w, "channel", "#/channels", channels[place_of(table_message(question))].name);
        json_put_open_list(w, "messages");
        for (int n = 0; n < 2 && answered[i].answers[n]; n++)
            put_channel_message(w, table_message(answered[i].answers[n]));
        json_close_list(w);
        json_close(w);
    }
}

/* Paidan's side: it takes what comes from outside; what its services tell each other it sends. */
void asyncapi_put_bus_operations(struct json_writer *w) {
    size_t count;
    const struct message_info *messages = table_messages(&count);
    for (size_t i = 0; i < count; i++) {
        const struct message_info *m = &messages[i];
        if (is_answer(m->number)) continue;
        json_put_open(w, m->name);
        json_put_string(w, "action", strcmp(m->from, "outside") ? "send" : "receive");
        json_put_string(w, "summary", m->doc);
        asyncapi_put_ref(w, "channel", "#/channels", channels[place_of(m)].name);
        json_put_open_list(w, "messages");
        put_channel_message(w, m);
        json_close_list(w);
        put_reply(w, m->number);
        json_close(w);
    }
}
