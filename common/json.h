/* JSON in. cJSON takes what must not come in (invalid UTF-8, \u0000, lone surrogates, the same key twice, integers it cannot
 * hold), so every text passes json_check first, which is strict RFC 8259 plus our limits and says what is wrong where.
 * Writing is common/json_writer.h. */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include "common/err.h"
#include "common/sentence.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;

enum json_wrong {
    JSON_FINE,
    JSON_EMPTY, /* nothing but white space */
    JSON_TOO_LARGE,
    JSON_TOO_DEEP,
    JSON_TOO_MANY, /* values */
    JSON_SYNTAX,
    JSON_TRAILING, /* something behind the value */
    JSON_NOT_UTF8,
    JSON_CONTROL,   /* a raw control character in a string */
    JSON_NUL,       /* \u0000 */
    JSON_SURROGATE, /* half of a pair */
    JSON_ESCAPE,    /* an escape that does not exist */
    JSON_DUPLICATE_KEY,
    JSON_NUMBER,     /* not a JSON number, or beyond a double */
    JSON_BIG_INTEGER /* an integer beyond +-2^53: must be a string */
};

struct json_limits {
    size_t bytes_max;  /* 0: 1 MiB */
    int depth_max;     /* 0: 16 */
    size_t values_max; /* 0: 100,000 */
};

enum { JSON_POINTER_MAX = 256 };

struct json_fault {
    enum json_wrong wrong;
    size_t offset; /* the byte where it was noticed */
    char
        pointer[JSON_POINTER_MAX]; /* RFC 6901, of the innermost value being read; "" is the whole; cut when too long */
};

struct sentence json_sentence(enum json_wrong wrong);

/* ERR_INVALID, with ret_fault filled, unless the text is JSON we take. limits may be NULL. */
MUST_USE enum err json_check(const void *text, size_t length, const struct json_limits *limits,
                             struct json_fault *ret_fault);

/* Checks, then builds the tree; free it with json_free. */
MUST_USE enum err json_parse(const void *text, size_t length, const struct json_limits *limits, struct cJSON **ret_tree,
                             struct json_fault *ret_fault);
void json_free(struct cJSON **tree);

/* ---- reading a tree ------------------------------------------------------------------------------------------------ */

/* NULL when absent; keys are compared exactly. */
const struct cJSON *json_member(const struct cJSON *object, const char *key);

/* Of a member: ERR_NONE and the value; ERR_NOT_FOUND when absent or null (ret untouched); ERR_INVALID when of another type. */
MUST_USE enum err json_get_text(const struct cJSON *object, const char *key, const char **ret_text);
MUST_USE enum err json_get_int(const struct cJSON *object, const char *key, int64_t *ret_value);
/* An id: decimal text, as ids are always strings in JSON. */
MUST_USE enum err json_get_id(const struct cJSON *object, const char *key, int64_t *ret_value);
MUST_USE enum err json_get_double(const struct cJSON *object, const char *key, double *ret_value);
MUST_USE enum err json_get_bool(const struct cJSON *object, const char *key, bool *ret_value);
MUST_USE enum err json_get_object(const struct cJSON *object, const char *key, const struct cJSON **ret_object);
MUST_USE enum err json_get_list(const struct cJSON *object, const char *key, const struct cJSON **ret_list);

/* What an RFC 6901 pointer leads to; NULL when there is nothing. Steps of at most 255 bytes. */
const struct cJSON *json_at(const struct cJSON *tree, const char *pointer);

/* The first key of the object that is not in the list (NULL-terminated), or NULL: to refuse mistyped names. */
const char *json_unknown_key(const struct cJSON *object, const char *const *keys);

#endif
