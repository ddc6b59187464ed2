/* The schemas of the OpenAPI document as texts: those of openapi_schemas.def, those of the vocabulary's words, and the body of each
 * command. The document shows them (openapi.c), bodies are held against them (body_schema.c). */
#include "services/console/openapi.h"

#include <string.h>

#include "proto/must.h"
#include "services/console/command_body.h"
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
enum {
    SCHEMA_COUNT = sizeof schemas / sizeof schemas[0],
    WORD_SCHEMA_COUNT = sizeof word_schemas / sizeof word_schemas[0]
};

/* Made once; kept for as long as the program runs, as the texts of the table are. */
static struct buffer words_text[WORD_SCHEMA_COUNT], command_text[COMMAND_COUNT];

static void put_raw(struct json_writer *w, const char *key, const char *json) {
    json_key(w, key);
    json_raw(w, json, strlen(json));
}

static void write_words(struct json_writer *w, enum word_set set) {
    size_t count;
    const struct word *words = word_list(set, &count);
    json_open(w);
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

static const char *words_schema(size_t i) {
    struct json_writer w;
    if (words_text[i].length == 0) {
        json_writer_init(&w, &words_text[i]);
        write_words(&w, word_schemas[i].set);
        json_writer_end(&w);
    }
    return buffer_text(&words_text[i]);
}

const char *openapi_schema(const char *name) {
    for (size_t i = 0; i < SCHEMA_COUNT; i++)
        if (!strcmp(schemas[i].name, name)) return schemas[i].json;
    for (size_t i = 0; i < WORD_SCHEMA_COUNT; i++)
        if (!strcmp(word_schemas[i].name, name)) return words_schema(i);
    return NULL;
}

void openapi_put_schemas(struct json_writer *w) {
    for (size_t i = 0; i < SCHEMA_COUNT; i++) put_raw(w, schemas[i].name, schemas[i].json);
    for (size_t i = 0; i < WORD_SCHEMA_COUNT; i++) put_raw(w, word_schemas[i].name, words_schema(i));
}

/* ---- commands ------------------------------------------------------------------------------------------------------------------------ */

static void write_field(struct json_writer *w, int command, int field) {
    const struct command_field_info *info = &command_fields[field];
    if (command == COMMAND_RETURN &&
        1 << field == TAKES_REASON) { /* elsewhere a sentence; a return is counted by its code */
        put_raw(w, info->name, "{\"$ref\":\"#/components/schemas/ReturnReason\"}");
    } else if (info->max) {
        json_put_open(w, info->name);
        json_put_string(w, "type", "string");
        json_put_int(w, "maxLength", info->max); /* bytes, in truth: fewer where not all are ASCII */
        json_close(w);
    } else {
        put_raw(w, info->name, info->schema);
    }
}

static void write_command(struct json_writer *w, int command) {
    struct command_takes takes = command_takes(command);
    json_open(w);
    json_put_string(w, "type", "object");
    json_put_bool(w, "additionalProperties", false);
    json_put_open_list(w, "required");
    for (int field = 0; field < COMMAND_FIELD_COUNT; field++)
        if (takes.needs >> field & 1) json_string(w, command_fields[field].name);
    json_close_list(w);
    json_put_open(w, "properties");
    for (int field = 0; field < COMMAND_FIELD_COUNT; field++)
        if (takes.may >> field & 1) write_field(w, command, field);
    json_close(w);
    json_close(w);
}

const char *openapi_command_schema(int command) {
    struct json_writer w;
    must(command > 0 && command < COMMAND_COUNT);
    if (command_text[command].length == 0) {
        json_writer_init(&w, &command_text[command]);
        write_command(&w, command);
        json_writer_end(&w);
    }
    return buffer_text(&command_text[command]);
}
