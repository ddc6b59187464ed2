/* Building and reading the tree: cJSON, behind json_check. */
#include "common/json.h"

#include <cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct sentence SENTENCES[] = {
    [JSON_FINE] = {"没有错误", "nothing is wrong"},
    [JSON_EMPTY] = {"内容为空，应为 JSON", "empty; JSON is expected"},
    [JSON_TOO_LARGE] = {"JSON 超过允许的大小", "the JSON is larger than allowed"},
    [JSON_TOO_DEEP] = {"JSON 嵌套过深", "the JSON is nested too deeply"},
    [JSON_TOO_MANY] = {"JSON 中的值过多", "the JSON holds too many values"},
    [JSON_SYNTAX] = {"不是合法的 JSON", "this is not JSON"},
    [JSON_TRAILING] = {"JSON 之后有多余内容", "something stands behind the JSON"},
    [JSON_NOT_UTF8] = {"不是合法的 UTF-8", "this is not UTF-8"},
    [JSON_CONTROL] = {"字符串中有未转义的控制字符", "a string holds a control character that is not escaped"},
    [JSON_NUL] = {"不允许空字符 U+0000", "the character U+0000 is not allowed"},
    [JSON_SURROGATE] = {"代理对不完整", "half of a surrogate pair"},
    [JSON_ESCAPE] = {"不存在的转义", "an escape that does not exist"},
    [JSON_DUPLICATE_KEY] = {"同一对象中键重复", "the same key stands twice in one object"},
    [JSON_NUMBER] = {"不是合法的 JSON 数字", "this is not a JSON number"},
    [JSON_BIG_INTEGER] = {"整数超过 2^53，请写成字符串", "an integer beyond 2^53; write it as a string"},
};

struct sentence json_sentence(enum json_wrong wrong) {
    return SENTENCES[wrong];
}

enum err json_parse(const void *text, size_t length, const struct json_limits *limits, struct cJSON **ret_tree,
                    struct json_fault *ret_fault) {
    enum err err = json_check(text, length, limits, ret_fault);
    if (err != ERR_NONE) return err;
    cJSON *tree = cJSON_ParseWithLength(text, length);
    if (tree == NULL) { /* it is stricter somewhere than we are: then so are we */
        *ret_fault = (struct json_fault){.wrong = JSON_SYNTAX};
        return ERR_INVALID;
    }
    *ret_tree = tree;
    return ERR_NONE;
}

void json_free(struct cJSON **tree) {
    cJSON_Delete(*tree);
    *tree = NULL;
}

const struct cJSON *json_member(const struct cJSON *object, const char *key) {
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
}

static enum err member(const struct cJSON *object, const char *key, int type, const struct cJSON **ret_member) {
    const struct cJSON *found = json_member(object, key);
    if (found == NULL || cJSON_IsNull(found)) return ERR_NOT_FOUND;
    if ((found->type & type) == 0) return ERR_INVALID;
    *ret_member = found;
    return ERR_NONE;
}

enum err json_get_text(const struct cJSON *object, const char *key, const char **ret_text) {
    const struct cJSON *found;
    enum err err = member(object, key, cJSON_String, &found);
    if (err == ERR_NONE) *ret_text = found->valuestring;
    return err;
}

enum err json_get_int(const struct cJSON *object, const char *key, int64_t *ret_value) {
    const struct cJSON *found;
    enum err err = member(object, key, cJSON_Number, &found);
    if (err != ERR_NONE) return err;
    if (fabs(found->valuedouble) > 9007199254740992.0 || floor(found->valuedouble) != found->valuedouble)
        return ERR_INVALID;
    *ret_value = (int64_t)found->valuedouble;
    return ERR_NONE;
}

enum err json_get_id(const struct cJSON *object, const char *key, int64_t *ret_value) {
    const char *text;
    enum err err = json_get_text(object, key, &text);
    if (err != ERR_NONE) return err;
    size_t length = strlen(text);
    if (length == 0 || length > 19 || strspn(text, "0123456789") != length || (text[0] == '0' && length > 1))
        return ERR_INVALID;
    uint64_t value = strtoull(text, NULL, 10);
    if (value > INT64_MAX) return ERR_INVALID;
    *ret_value = (int64_t)value;
    return ERR_NONE;
}

enum err json_get_double(const struct cJSON *object, const char *key, double *ret_value) {
    const struct cJSON *found;
    enum err err = member(object, key, cJSON_Number, &found);
    if (err == ERR_NONE) *ret_value = found->valuedouble;
    return err;
}

enum err json_get_bool(const struct cJSON *object, const char *key, bool *ret_value) {
    const struct cJSON *found;
    enum err err = member(object, key, cJSON_True | cJSON_False, &found);
    if (err == ERR_NONE) *ret_value = cJSON_IsTrue(found);
    return err;
}

enum err json_get_object(const struct cJSON *object, const char *key, const struct cJSON **ret_object) {
    return member(object, key, cJSON_Object, ret_object);
}

enum err json_get_list(const struct cJSON *object, const char *key, const struct cJSON **ret_list) {
    return member(object, key, cJSON_Array, ret_list);
}

const char *json_unknown_key(const struct cJSON *object, const char *const *keys) {
    const struct cJSON *each;
    cJSON_ArrayForEach(each, object) {
        const char *const *key = keys;
        while (*key != NULL && (**key != *each->string || strcmp(*key, each->string) != 0)) key++;
        if (*key == NULL) return each->string;
    }
    return NULL;
}

/* One step, unescaped; where the next one begins, or NULL when it is too long. */
static const char *read_step(const char *at, char *key, size_t size) {
    size_t len = 0;
    for (; *at && *at != '/'; at++) {
        char c = *at;
        if (c == '~' && (at[1] == '0' || at[1] == '1')) c = *++at == '0' ? '~' : '/';
        if (len + 1 == size) return NULL;
        key[len++] = c;
    }
    key[len] = 0;
    return at;
}

const cJSON *json_at(const cJSON *tree, const char *pointer) {
    char key[256];
    while (tree && *pointer == '/') {
        pointer = read_step(pointer + 1, key, sizeof key);
        if (!pointer) return NULL;
        if (cJSON_IsArray(tree)) {
            size_t count = strspn(key, "0123456789");
            tree = count && count < 7 && !key[count] ? cJSON_GetArrayItem(tree, atoi(key)) : NULL;
        } else {
            tree = cJSON_GetObjectItemCaseSensitive(tree, key);
        }
    }
    return *pointer ? NULL : tree;
}
