/* What the tests of texts that are JSON share: the text as a tree, and what its reader said was wrong with it, in both languages. */
#ifndef TESTS_UNIT_TOLD_H
#define TESTS_UNIT_TOLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <cjson/cJSON.h>

#include "common/arena.h"
#include "common/json.h"

static struct arena arena;
static char told[2000]; /* "400 /pointer; 422 /other; " */

static inline int setup(void **state) {
    (void)state;
    arena_init(&arena, 1 << 14, 1 << 20);
    return 0;
}

static inline int teardown(void **state) {
    (void)state;
    arena_done(&arena);
    return 0;
}

static inline void on_wrong(void *context, int status, const char *pointer, const char *zh, const char *en) {
    (void)context;
    assert_true(zh && *zh && en && *en);
    snprintf(told + strlen(told), sizeof told - strlen(told), "%d %s; ", status, pointer);
}

static inline cJSON *tree_of(const char *text) {
    cJSON *tree;
    struct json_fault fault;
    if (json_parse(text, strlen(text), NULL, &tree, &fault) != ERR_NONE) fail_msg("no JSON: %s", text);
    return tree;
}

#endif
