/* See command_body.h. */
#include "services/console/command_body.h"
#include "services/console/body_schema.h"

#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "common/json.h"
#include "common/number.h"
#include "common/text.h"
#include "proto/json.h"
#include "proto/must.h"
#include "services/console/attachments.h"

#define TEXT_SCHEMA "{\"type\":\"string\"}"
#define CODE_SCHEMA "{\"type\":\"string\",\"pattern\":\"^[a-z0-9-]{1,16}$\"}"

const struct command_field_info command_fields[COMMAND_FIELD_COUNT] = {
    {"unit", CODE_SCHEMA, 0},
    {"units", "{\"type\":\"array\",\"maxItems\":8,\"items\":" CODE_SCHEMA "}", 0},
    {"reason", TEXT_SCHEMA, REASON_BYTES_MAX},
    {"basis", TEXT_SCHEMA, BASIS_BYTES_MAX},
    {"note", TEXT_SCHEMA, NOTE_BYTES_MAX},
    {"answer", TEXT_SCHEMA, ANSWER_BYTES_MAX},
    {"until", "{\"type\":\"string\",\"format\":\"date-time\"}", 0},
    {"matter", "{\"type\":\"string\",\"pattern\":\"^[0-9]{6}$\"}", 0},
    {"urgency", "{\"$ref\":\"#/components/schemas/Urgency\"}", 0},
    {"place", CODE_SCHEMA, 0},
    {"other", "{\"$ref\":\"#/components/schemas/TicketNumber\"}", 0},
    {"request", "{\"$ref\":\"#/components/schemas/RequestNumber\"}", 0},
    {"satisfied", "{\"type\":\"boolean\"}", 0},
    {"score", "{\"type\":\"integer\",\"minimum\":1,\"maximum\":5}", 0},
    {"rung", "{\"$ref\":\"#/components/schemas/Rung\"}", 0},
    {"assignment", "{\"type\":\"integer\",\"minimum\":1,\"maximum\":255}", 0},
    {"version", /* a text, as answers tell it; a number is taken too */
     "{\"oneOf\":[{\"type\":\"string\",\"pattern\":\"^[1-9][0-9]{0,9}$\"},{\"type\":\"integer\",\"minimum\":1}]}", 0},
    {"result", "{\"$ref\":\"#/components/schemas/Result\"}", 0},
    {"to", CODE_SCHEMA, 0},
    {"card", "{\"type\":\"integer\",\"minimum\":1,\"maximum\":65535}", 0},
    {"attachments",
     "{\"type\":\"array\",\"maxItems\":6,\"items\":{\"type\":\"object\",\"required\":[\"id\"],\"properties\":{\"id\":"
     "{\"type\":\"string\",\"pattern\":\"^[0-9a-f]{32}$\"}}}}",
     0},
};

enum { ALWAYS = TAKES_VERSION | TAKES_REASON | TAKES_NOTE };

static const struct command_takes takes[COMMAND_COUNT] = {
    [COMMAND_TRIAGE] = {ALWAYS, 0},
    [COMMAND_ASK] = {ALWAYS, TAKES_REASON},
    [COMMAND_SUPPLEMENT] = {ALWAYS | TAKES_FILES | TAKES_MATTER | TAKES_PLACE | TAKES_URGENCY | TAKES_REQUEST, 0},
    [COMMAND_DECLINE] = {ALWAYS | TAKES_BASIS | TAKES_ANSWER, TAKES_REASON},
    [COMMAND_DISPATCH] = {ALWAYS | TAKES_UNIT | TAKES_UNITS | TAKES_MATTER | TAKES_PLACE | TAKES_URGENCY, TAKES_UNIT},
    [COMMAND_SIGN] = {ALWAYS | TAKES_ASSIGNMENT, 0},
    [COMMAND_RETURN] = {ALWAYS | TAKES_FILES | TAKES_BASIS | TAKES_ASSIGNMENT, TAKES_REASON | TAKES_BASIS},
    [COMMAND_ADJUDICATE] = {ALWAYS | TAKES_UNIT | TAKES_UNITS | TAKES_MATTER | TAKES_PLACE | TAKES_URGENCY |
                                TAKES_BASIS,
                            TAKES_UNIT | TAKES_REASON},
    [COMMAND_FORCE] = {ALWAYS | TAKES_BASIS, TAKES_REASON},
    [COMMAND_PASS_UP] = {ALWAYS | TAKES_BASIS, TAKES_REASON},
    [COMMAND_PASS_DOWN] = {ALWAYS | TAKES_UNIT | TAKES_UNTIL, TAKES_UNIT | TAKES_UNTIL},
    [COMMAND_ADD_ASSIST] = {ALWAYS | TAKES_UNIT | TAKES_UNITS, TAKES_UNITS},
    [COMMAND_RELEASE_ASSIST] = {ALWAYS | TAKES_UNIT | TAKES_ASSIGNMENT, TAKES_REASON},
    [COMMAND_ANSWER] = {ALWAYS | TAKES_FILES | TAKES_ANSWER | TAKES_RESULT | TAKES_ASSIGNMENT, 0},
    [COMMAND_CONTACT] = {ALWAYS | TAKES_FILES, TAKES_NOTE},
    [COMMAND_NOTE] = {ALWAYS | TAKES_FILES, TAKES_NOTE},
    [COMMAND_ASK_EXTENSION] = {ALWAYS | TAKES_FILES | TAKES_UNTIL | TAKES_BASIS, TAKES_REASON | TAKES_UNTIL},
    [COMMAND_GRANT_EXTENSION] = {ALWAYS | TAKES_UNTIL, 0},
    [COMMAND_REFUSE_EXTENSION] = {ALWAYS, TAKES_REASON},
    [COMMAND_ASK_SUSPENSION] = {ALWAYS | TAKES_FILES | TAKES_UNTIL | TAKES_BASIS, TAKES_REASON | TAKES_UNTIL},
    [COMMAND_GRANT_SUSPENSION] = {ALWAYS | TAKES_UNTIL, 0},
    [COMMAND_REFUSE_SUSPENSION] = {ALWAYS, TAKES_REASON},
    [COMMAND_RESUME] = {ALWAYS, 0},
    [COMMAND_FINISH] = {ALWAYS | TAKES_FILES | TAKES_ANSWER | TAKES_RESULT, TAKES_ANSWER},
    [COMMAND_GRANT_FINISH] = {ALWAYS | TAKES_ANSWER | TAKES_RESULT, 0},
    [COMMAND_REFUSE_FINISH] = {ALWAYS, TAKES_REASON},
    [COMMAND_PASS] = {ALWAYS | TAKES_FILES, 0},
    [COMMAND_FAIL] = {ALWAYS | TAKES_FILES, TAKES_REASON},
    [COMMAND_SOLVED] = {ALWAYS | TAKES_SATISFIED, 0},
    [COMMAND_UNSOLVED] = {ALWAYS | TAKES_SATISFIED, TAKES_REASON},
    [COMMAND_UNREACHABLE] = {ALWAYS, 0},
    [COMMAND_CLOSE] = {ALWAYS, TAKES_REASON},
    [COMMAND_VOID] = {ALWAYS, TAKES_REASON},
    [COMMAND_REOPEN] = {ALWAYS, TAKES_REASON},
    [COMMAND_MERGE] = {ALWAYS | TAKES_OTHER, TAKES_OTHER},
    [COMMAND_UNMERGE] = {ALWAYS, TAKES_REASON},
    [COMMAND_SPLIT] = {ALWAYS | TAKES_MATTER | TAKES_PLACE | TAKES_URGENCY, TAKES_REASON},
    [COMMAND_URGE] = {ALWAYS, 0},
    [COMMAND_SUPERVISE] = {ALWAYS | TAKES_UNTIL, TAKES_NOTE},
    [COMMAND_REPLY] = {ALWAYS | TAKES_FILES | TAKES_ANSWER, TAKES_NOTE},
    [COMMAND_WHISTLE] = {ALWAYS | TAKES_UNIT | TAKES_UNITS, TAKES_UNITS},
    [COMMAND_ARRIVE] = {ALWAYS | TAKES_FILES | TAKES_ASSIGNMENT, 0},
    [COMMAND_SCORE] = {ALWAYS | TAKES_UNIT | TAKES_ASSIGNMENT | TAKES_SCORE, TAKES_SCORE},
    [COMMAND_TRANSFER] = {ALWAYS | TAKES_BASIS | TAKES_TO, TAKES_REASON},
    [COMMAND_TAKE_BACK] = {ALWAYS, TAKES_REASON},
    [COMMAND_APPEAL_CARD] = {ALWAYS | TAKES_FILES | TAKES_CARD | TAKES_RUNG | TAKES_BASIS, TAKES_REASON},
    [COMMAND_WITHDRAW_CARD] = {ALWAYS | TAKES_CARD | TAKES_RUNG, TAKES_REASON},
    [COMMAND_REFUSE_APPEAL] = {ALWAYS | TAKES_CARD | TAKES_RUNG, TAKES_REASON},
};

struct command_takes command_takes(int command) {
    return command > 0 && command < COMMAND_COUNT ? takes[command] : (struct command_takes){0};
}

/* ---- codes become numbers -------------------------------------------------------------------------------------------------------------- */

static const char *string_of(struct call *call, const cJSON *item, const char *pointer) {
    if (cJSON_IsString(item)) return item->valuestring;
    call_wrong(call, pointer, "必须是字符串", "must be a string");
    return NULL;
}

static double unit_of(struct call *call, const cJSON *item, const char *pointer) {
    const char *code = string_of(call, item, pointer);
    if (!code) return 0;
    uint32_t unit = reference_unit_by_code(call->reference, code, strlen(code));
    if (!unit) call_wrong(call, pointer, "没有这个单位", "there is no such unit");
    return unit;
}

/* Of a member that is there and not null; NULL otherwise. */
static cJSON *given(cJSON *tree, const char *name) {
    cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, name);
    return item && !cJSON_IsNull(item) ? item : NULL;
}

static void replace(cJSON *tree, const char *name, cJSON *with) {
    must(with && cJSON_ReplaceItemInObjectCaseSensitive(tree, name, with));
}

static void translate_units(struct call *call, cJSON *tree) {
    static const char *const names[] = {"unit", "place"}, *const pointers[] = {"/unit", "/place"};
    for (int i = 0; i < 2; i++) {
        const cJSON *item = given(tree, names[i]);
        if (item) replace(tree, names[i], cJSON_CreateNumber(unit_of(call, item, pointers[i])));
    }
    cJSON *list = given(tree, "units");
    if (!cJSON_IsArray(list)) return; /* what else it may be is told by the walker */
    for (int i = 0; i < cJSON_GetArraySize(list) && i <= EVENT_UNITS_MAX; i++) {
        double unit = unit_of(call, cJSON_GetArrayItem(list, i), call_printf(call, "/units/%d", i));
        must(cJSON_ReplaceItemInArray(list, i, cJSON_CreateNumber(unit)));
    }
}

static void translate_matter(struct call *call, cJSON *tree) {
    const cJSON *item = given(tree, "matter");
    const char *code = item ? string_of(call, item, "/matter") : NULL;
    int64_t number = 0;
    if (!item) return;
    if (code) {
        bool digits = strlen(code) == 6 && strspn(code, "0123456789") == 6;
        for (const char *at = code; digits && *at; at++) number = number * 10 + (*at - '0');
        if (!digits || !world_matter(call_world(call), (uint32_t)number))
            call_wrong(call, "/matter", "事项不在目录内", "the matter is not in the catalogue");
    }
    replace(tree, "matter", cJSON_CreateNumber((double)number));
}

static void translate_number(struct call *call, cJSON *tree, const char *name, const char *pointer,
                             enum err (*parse)(const char *text, size_t len, int64_t *ret_number)) {
    const cJSON *item = given(tree, name);
    const char *text = item ? string_of(call, item, pointer) : NULL;
    int64_t number = 0;
    char digits[24];
    if (!item) return;
    if (text && parse(text, strlen(text), &number) != ERR_NONE)
        call_wrong(call, pointer, "不是有效的编号", "is not a number of that kind");
    snprintf(digits, sizeof digits, "%lld", (long long)number);
    replace(tree, name, cJSON_CreateString(digits));
}

/* The outside system a ticket is given to: taken from the tree, as the router knows it by another name. */
static uint32_t take_system(struct call *call, cJSON *tree) {
    const cJSON *item = given(tree, "to");
    const char *code = item ? string_of(call, item, "/to") : NULL;
    const struct reference_source *source = code ? reference_source_by_code(call->reference, code, strlen(code)) : NULL;
    if (code && !source) call_wrong(call, "/to", "没有这个系统", "there is no such system");
    cJSON_DeleteItemFromObjectCaseSensitive(tree, "to");
    return source ? source->id : 0;
}

/* The walker knows it as a number. */
static void translate_version(struct call *call, cJSON *tree) {
    const cJSON *item = given(tree, "version");
    int64_t version = 0;
    if (!cJSON_IsString(item)) return;
    const char *text = item->valuestring;
    if (number_parse_int(text, strlen(text), &version) != ERR_NONE || version > UINT32_MAX)
        call_wrong(call, "/version", "没有这么大的版本号", "there is no version as large as that");
    replace(tree, "version", cJSON_CreateNumber((double)version));
}

/* ---- form -------------------------------------------------------------------------------------------------------------------------------- */

static void check_names(struct call *call, int command, const cJSON *tree) {
    for (const cJSON *item = tree->child; item; item = item->next) {
        int field = 0;
        while (field < COMMAND_FIELD_COUNT && strcmp(command_fields[field].name, item->string)) field++;
        if (field == COMMAND_FIELD_COUNT || !(takes[command].may >> field & 1))
            call_wrong(call, call_printf(call, "/%.60s", item->string), "这项操作没有这个字段",
                       "this command does not take it");
    }
}

static void check_texts(struct call *call, const cJSON *tree) {
    for (int field = 0; field < COMMAND_FIELD_COUNT; field++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, command_fields[field].name);
        if (!command_fields[field].max || !cJSON_IsString(item)) continue;
        size_t length = strlen(item->valuestring);
        const char *pointer = call_printf(call, "/%s", command_fields[field].name);
        if (length > command_fields[field].max)
            call_wrong(call, pointer, call_printf(call, "不得超过 %u 字节", command_fields[field].max),
                       call_printf(call, "must not exceed %u bytes", command_fields[field].max));
        if (text_has_control(item->valuestring, length, true))
            call_wrong(call, pointer, "含有不可见的控制字符", "holds control characters");
    }
}

static void read_struct(struct call *call, cJSON *tree, struct command *ret_command) {
    struct misfit misfits[CALL_WRONGS_MAX];
    size_t count = json_read_struct(&type_command, tree, ret_command, misfits, CALL_WRONGS_MAX);
    for (size_t i = 0; i < count && i < CALL_WRONGS_MAX; i++)
        call_wrong(call, call_printf(call, "%s", misfits[i].pointer), misfit_zh(misfits[i].kind),
                   misfit_en(misfits[i].kind));
}

bool command_read(struct call *call, int command, struct command *ret_command) {
    size_t length;
    http_body(call->request, &length);
    memset(ret_command, 0, sizeof *ret_command);
    if (length == 0 && !takes[command].needs) return true;
    if (length == 0) call->tree = cJSON_CreateObject();
    cJSON *tree = length ? call_json_tree(call) : call->tree;
    struct command files = {0};
    if (!tree || !body_fits_command(call, command, tree)) return false;
    if ((takes[command].may & TAKES_FILES) && !attachments_take(call, tree, &files)) return false;
    if (!command_read_tree(call, command, tree, ret_command)) return false;
    ret_command->files_count = files.files_count;
    memcpy(ret_command->files, files.files, sizeof files.files);
    return true;
}

bool command_read_tree(struct call *call, int command, cJSON *tree, struct command *ret_command) {
    memset(ret_command, 0, sizeof *ret_command);
    check_names(call, command, tree);
    if (call_is_wrong(call, 400) || !body_fits_command(call, command, tree)) return false;
    check_texts(call, tree);
    translate_units(call, tree);
    translate_matter(call, tree);
    translate_number(call, tree, "other", "/other", number_parse_ticket);
    translate_number(call, tree, "request", "/request", number_parse_request);
    uint32_t system = take_system(call, tree);
    translate_version(call, tree);
    if (call_is_wrong(call, 422)) return false;
    read_struct(call, tree, ret_command);
    if (call_is_wrong(call, 400)) return false;
    ret_command->source = system;
    if (ret_command->place) ret_command->place_by = PLACE_BY_OPERATOR;
    return true;
}
