/* The OpenAPI document is the truth about the doors: every row of doors.def and every command is in it, every reference leads
 * somewhere, nothing is named twice, and docs/api.md knows every path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "services/console/command_body.h"
#include "services/console/door.h"
#include "services/console/openapi.h"
#include "services/intake/intake.h"

static cJSON *document;
static struct buffer text;

static int setup(void **state) {
    struct json_writer w;
    struct json_fault fault;
    struct json_limits limits = {.bytes_max = 4 << 20, .depth_max = 32};
    json_writer_init(&w, &text);
    openapi_write(&w);
    json_writer_end(&w);
    if (json_parse(text.data, text.length, &limits, &document, &fault) != ERR_NONE) {
        fprintf(stderr, "wrong at %zu: %.80s\n", fault.offset, buffer_text(&text) + fault.offset);
        return 1;
    }
    return 0;
}

static int teardown(void **state) {
    json_free(&document);
    buffer_done(&text);
    return 0;
}

static const cJSON *member(const cJSON *object, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *method_of(const struct door *door) {
    static const char *const names[] = {"get", "post", "put", "patch", "delete"};
    return names[door->method];
}

static const cJSON *operation_of(const char *path, const char *method) {
    const cJSON *operation = member(member(member(document, "paths"), path), method);
    if (!operation) fail_msg("%s %s is not described", method, path);
    return operation;
}

static void test_every_door_is_described(void **state) {
    size_t count;
    const struct door *doors = doors_all(&count);
    for (size_t i = 0; i < count; i++) {
        if (doors[i].action == DOOR_COMMAND) continue;
        const cJSON *operation = operation_of(doors[i].path, method_of(&doors[i]));
        char status[8];
        snprintf(status, sizeof status, "%d", doors[i].status);
        assert_non_null(member(member(operation, "responses"), status));
        assert_true(!doors[i].body == !member(operation, "requestBody"));
        assert_true(strlen(member(operation, "summary")->valuestring) > 0);
        assert_true(strlen(member(operation, "description")->valuestring) > 0);
    }
}

static bool is_a_door(const char *path, const char *method) {
    size_t count;
    const struct door *doors = doors_all(&count);
    for (size_t i = 0; i < count; i++)
        if (!strcmp(doors[i].path, path) && !strcmp(method_of(&doors[i]), method)) return true;
    return !strcmp(path, "/healthz") || !strcmp(path, "/readyz") || !strcmp(path, "/metrics/{service}");
}

static bool is_a_command(const char *path) {
    static const char before[] = "/api/v1/tickets/{number}/";
    size_t len = strlen(before);
    return !strncmp(path, before, len) && word_value(WORDS_command_name, path + len, strlen(path + len)) > 0;
}

/* The reverse: nothing is described that is not there; and what intake serves by itself is described too. */
static void test_everything_described_is_a_door(void **state) {
    const cJSON *path, *operation;
    cJSON_ArrayForEach(path, member(document, "paths")) cJSON_ArrayForEach(operation, path) {
        if (!is_a_door(path->string, operation->string) && !is_a_command(path->string))
            fail_msg("%s %s is described, but there is no such door", operation->string, path->string);
    }
    for (const struct http_route *route = intake_routes; route->pattern; route++) operation_of(route->pattern, "post");
}

static void test_every_command_has_its_body(void **state) {
    int described = 0;
    for (int command = 1; command < COMMAND_COUNT; command++) {
        struct command_takes takes = command_takes(command);
        char path[100];
        snprintf(path, sizeof path, "/api/v1/tickets/{number}/%s", word_text(WORDS_command_name, command));
        if (!takes.may) {
            assert_null(member(member(document, "paths"), path));
            continue;
        }
        described++;
        const cJSON *body = member(operation_of(path, "post"), "requestBody");
        const cJSON *schema = member(member(member(body, "content"), "application/json"), "schema");
        for (int bit = 0; bit < COMMAND_FIELD_COUNT; bit++) {
            bool may = (takes.may | takes.needs) >> bit & 1;
            assert_int_equal(member(member(schema, "properties"), command_fields[bit].name) != NULL, may);
        }
        assert_int_equal(cJSON_GetArraySize(member(schema, "required")), __builtin_popcount(takes.needs));
    }
    assert_true(described > 40);
}

/* "#/components/schemas/State" */
static void resolve(const char *ref) {
    char part[100];
    const cJSON *at = document;
    assert_true(strncmp(ref, "#/", 2) == 0);
    for (const char *from = ref + 2; *from;) {
        size_t len = strcspn(from, "/");
        snprintf(part, sizeof part, "%.*s", (int)len, from);
        at = member(at, part);
        if (!at) fail_msg("%s leads nowhere", ref);
        from += len + (from[len] == '/');
    }
}

static int walk(const cJSON *item) {
    int count = 0;
    for (const cJSON *child = item->child; child; child = child->next) {
        if (child->string && !strcmp(child->string, "$ref") && cJSON_IsString(child)) {
            resolve(child->valuestring);
            count++;
        }
        count += walk(child);
    }
    return count;
}

static void test_every_reference_leads_somewhere(void **state) {
    assert_true(walk(document) > 500);
}

static void test_operations_are_named_once(void **state) {
    static const char *names[512];
    int count = 0;
    const cJSON *path, *operation;
    cJSON_ArrayForEach(path, member(document, "paths")) {
        cJSON_ArrayForEach(operation, path) {
            const char *name = member(operation, "operationId")->valuestring;
            for (int i = 0; i < count; i++)
                if (!strcmp(names[i], name)) fail_msg("%s names two operations", name);
            assert_true(count < 512);
            names[count++] = name;
        }
    }
}

static void test_what_is_open_says_so(void **state) {
    assert_int_equal(cJSON_GetArraySize(member(operation_of("/api/v1/session", "post"), "security")), 0);
    const cJSON *queues = operation_of("/api/v1/queues", "get"),
                *sign = operation_of("/api/v1/tickets/{number}/sign", "post");
    assert_int_equal(cJSON_GetArraySize(member(queues, "security")), 2);
    assert_null(member(cJSON_GetArrayItem(member(queues, "security"), 1), "csrf"));
    assert_non_null(member(cJSON_GetArrayItem(member(sign, "security"), 1), "csrf"));
    assert_string_equal(member(member(sign, "x-roles"), "department")->valuestring, "own");
    assert_null(member(member(sign, "x-roles"), "supervisor"));
}

/* docs/api.md is read by people; it may be short but must not have forgotten a door. */
static void test_the_page_names_every_path(void **state) {
    size_t count;
    const struct door *doors = doors_all(&count);
    static char page[65536];
    FILE *file = fopen("docs/api.md", "r");
    assert_non_null(file);
    size_t len = fread(page, 1, sizeof page - 1, file);
    fclose(file);
    page[len] = 0;
    for (size_t i = 0; i < count; i++) {
        const char *path = doors[i].path;
        const char *last = strrchr(path, '/'); /* imports and exports are one line each there */
        if (!strcmp(last, "/import")) path = "/api/v1/admin/KIND/import";
        if (!strcmp(last, "/export")) path = "/api/v1/admin/KIND/export";
        char open311[80]; /* in either format */
        const char *dot = strrchr(path, '.');
        if (dot && !strncmp(path, "/open311/", 9)) {
            snprintf(open311, sizeof open311, "%.*s", (int)(dot - path), path);
            path = open311;
        }
        if (!strstr(page, path)) fail_msg("docs/api.md does not name %s", path);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_door_is_described),    cmocka_unit_test(test_everything_described_is_a_door),
        cmocka_unit_test(test_every_command_has_its_body), cmocka_unit_test(test_every_reference_leads_somewhere),
        cmocka_unit_test(test_operations_are_named_once),  cmocka_unit_test(test_what_is_open_says_so),
        cmocka_unit_test(test_the_page_names_every_path),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
