/* Values of configuration: text to field and back. */
#include "common/config_value.h"

#include "common/number.h"
#include "common/text.h"
#include "proto/must.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scale {
    const char *suffix;
    int64_t factor;
};

static const struct scale durations[] = {{"ms", 1},      {"s", 1000},     {"min", 60000}, {"m", 60000},
                                         {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
static const struct scale sizes[] = {{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
                                     {"B", 1},         {"", 1},          {NULL, 0}};

size_t config_value_bytes(enum config_type type) {
    switch (type) {
    case CONFIG_TEXT:
    case CONFIG_PATH:
        return sizeof(char *);
    case CONFIG_BOOL:
        return sizeof(bool);
    case CONFIG_REAL:
        return sizeof(double);
    case CONFIG_CHOICE:
        return sizeof(int);
    case CONFIG_LIST:
        return sizeof(struct config_list);
    case CONFIG_INT:
    case CONFIG_DURATION:
    case CONFIG_SIZE:
        return sizeof(int64_t);
    }
    return 0;
}

static char *copy(const char *text) {
    char *made = strdup(text);
    must(made != NULL);
    return made;
}

void config_value_clear(const struct config_key *key, void *field) {
    if (key->type == CONFIG_TEXT || key->type == CONFIG_PATH) free(*(char **)field);
    if (key->type == CONFIG_LIST) {
        struct config_list *list = field;
        for (size_t i = 0; i < list->count; i++) free(list->items[i]);
        free(list->items);
    }
    memset(field, 0, key->size);
}

/* The place of a word among words with single spaces between, or -1. */
static int find_choice(const char *choices, const char *word) {
    size_t len = strlen(word);
    for (int i = 0; *choices; i++) {
        size_t here = strcspn(choices, " ");
        if (here == len && !memcmp(choices, word, len)) return i;
        choices += here + (choices[here] == ' ');
    }
    return -1;
}

static bool is_in_range(const struct config_key *key, int64_t value) {
    if (key->min == 0 && key->max == 0) return value >= 0;
    return value >= key->min && value <= key->max;
}

static bool parse_scaled(const struct scale *scales, const char *text, int64_t *ret_value) {
    size_t digits = strspn(text, "0123456789");
    const char *suffix = text + digits + (text[digits] == ' ');
    int64_t value;
    if (number_parse_int(text, digits, &value)) return false;
    for (; scales->suffix; scales++)
        if (!strcmp(scales->suffix, suffix)) return !__builtin_mul_overflow(value, scales->factor, ret_value);
    return false;
}

static bool parse_bool(const char *text, bool *ret_value) {
    bool is_true = !strcmp(text, "true") || !strcmp(text, "yes") || !strcmp(text, "on");
    if (!is_true && strcmp(text, "false") && strcmp(text, "no") && strcmp(text, "off")) return false;
    *ret_value = is_true;
    return true;
}

static bool parse_real(const struct config_key *key, const char *text, double *ret_value) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !isfinite(value)) return false;
    if (key->min == 0 && key->max == 0 ? value < 0 : value < (double)key->min || value > (double)key->max) return false;
    *ret_value = value;
    return true;
}

static bool add_item(const struct config_key *key, struct config_list *list, const char *text) {
    if (key->max && list->count >= (size_t)key->max) return false;
    char **items = realloc(list->items, (list->count + 1) * sizeof *items);
    must(items != NULL);
    list->items = items;
    items[list->count++] = copy(text);
    return true;
}

static bool set_text(const struct config_key *key, char **field, const char *text) {
    size_t len = strlen(text);
    if (!text_is_valid(text, len) || !is_in_range(key, (int64_t)len)) return false;
    if (key->type == CONFIG_PATH && *text && *text != '/') return false;
    free(*field);
    *field = copy(text);
    return true;
}

static bool set_number(const struct config_key *key, int64_t *field, const char *text) {
    int64_t value;
    bool is_read = key->type == CONFIG_INT        ? !number_parse_int(text, strlen(text), &value)
                   : key->type == CONFIG_DURATION ? parse_scaled(durations, text, &value)
                                                  : parse_scaled(sizes, text, &value);
    if (!is_read || !is_in_range(key, value)) return false;
    *field = value;
    return true;
}

static bool set(const struct config_key *key, void *field, const char *text) {
    switch (key->type) {
    case CONFIG_TEXT:
    case CONFIG_PATH:
        return set_text(key, field, text);
    case CONFIG_INT:
    case CONFIG_DURATION:
    case CONFIG_SIZE:
        return set_number(key, field, text);
    case CONFIG_BOOL:
        return parse_bool(text, field);
    case CONFIG_REAL:
        return parse_real(key, text, field);
    case CONFIG_LIST:
        return add_item(key, field, text);
    case CONFIG_CHOICE: {
        int place = find_choice(key->choices, text);
        if (place < 0) return false;
        *(int *)field = place;
        return true;
    }
    }
    return false;
}

bool config_value_set(const struct config_key *key, void *field, const char *text, char *why, size_t why_bytes) {
    if (set(key, field, text)) return true;
    struct buffer rule = {0};
    config_value_rule(key, &rule);
    if (key->secret)
        snprintf(why, why_bytes, "%s must be %s", key->name, buffer_text(&rule));
    else
        snprintf(why, why_bytes, "%s must be %s, not \"%.60s\"", key->name, buffer_text(&rule), text);
    buffer_done(&rule);
    return false;
}

bool config_value_set_all(const struct config_key *key, void *field, const char *text, char *why, size_t why_bytes) {
    config_value_clear(key, field);
    if (key->type != CONFIG_LIST) return config_value_set(key, field, text, why, why_bytes);
    char *words = copy(text), *rest = NULL;
    bool ok = true;
    for (char *word = strtok_r(words, ",", &rest); word && ok; word = strtok_r(NULL, ",", &rest)) {
        word += strspn(word, " ");
        ok = config_value_set(key, field, word, why, why_bytes);
    }
    free(words);
    return ok;
}

/* The largest unit that says it without a fraction. */
static void show_scaled(const struct scale *scales, int64_t value, struct buffer *out) {
    const struct scale *best = NULL;
    for (; scales->suffix; scales++) {
        if (value % scales->factor || (value == 0 && scales->factor != 1)) continue;
        if (!best || scales->factor > best->factor) best = scales;
    }
    buffer_format(out, "%lld%s", (long long)(value / best->factor), best->suffix);
}

static void show_number(const struct config_key *key, int64_t value, struct buffer *out) {
    if (key->type == CONFIG_DURATION)
        show_scaled(durations, value, out);
    else if (key->type == CONFIG_SIZE)
        show_scaled(sizes, value, out);
    else
        buffer_append_int(out, value);
}

void config_value_rule(const struct config_key *key, struct buffer *out) {
    switch (key->type) {
    case CONFIG_TEXT:
        if (key->max)
            buffer_format(out, "text of %lld to %lld bytes", (long long)key->min, (long long)key->max);
        else
            buffer_append_text(out, "text");
        return;
    case CONFIG_PATH:
        buffer_append_text(out, "an absolute path");
        return;
    case CONFIG_BOOL:
        buffer_append_text(out, "true or false");
        return;
    case CONFIG_CHOICE:
        buffer_format(out, "one of: %s", key->choices);
        return;
    case CONFIG_LIST:
        buffer_append_text(out, "a list { \"a\", \"b\" }");
        if (key->max) buffer_format(out, " of at most %lld", (long long)key->max);
        return;
    case CONFIG_INT:
        buffer_append_text(out, "a whole number");
        break;
    case CONFIG_REAL:
        buffer_append_text(out, "a number");
        break;
    case CONFIG_DURATION:
        buffer_append_text(out, "a time (ms s min h d)");
        break;
    case CONFIG_SIZE:
        buffer_append_text(out, "a size (B KiB MiB GiB)");
        break;
    }
    if (key->min == 0 && key->max == 0) return;
    buffer_append_text(out, " from ");
    show_number(key, key->min, out);
    buffer_append_text(out, " to ");
    show_number(key, key->max, out);
}

static void show_quoted(const char *text, struct buffer *out) {
    buffer_append_byte(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\' || *text == '$') buffer_append_byte(out, '\\');
        if (*text == '\n')
            buffer_append_text(out, "\\n");
        else
            buffer_append_byte(out, (uint8_t)*text);
    }
    buffer_append_byte(out, '"');
}

static void show_choice(const struct config_key *key, int place, struct buffer *out) {
    const char *word = key->choices;
    for (; place > 0; place--) word += strcspn(word, " ") + 1;
    buffer_append(out, word, strcspn(word, " "));
}

void config_value_show(const struct config_key *key, const void *field, struct buffer *out) {
    switch (key->type) {
    case CONFIG_TEXT:
    case CONFIG_PATH:
        show_quoted(*(char *const *)field ? *(char *const *)field : "", out);
        break;
    case CONFIG_BOOL:
        buffer_append_text(out, *(const bool *)field ? "true" : "false");
        break;
    case CONFIG_REAL:
        buffer_format(out, "%.15g", *(const double *)field);
        break;
    case CONFIG_CHOICE:
        show_choice(key, *(const int *)field, out);
        break;
    case CONFIG_INT:
    case CONFIG_DURATION:
    case CONFIG_SIZE:
        show_number(key, *(const int64_t *)field, out);
        break;
    case CONFIG_LIST: {
        const struct config_list *list = field;
        buffer_append_text(out, "{");
        for (size_t i = 0; i < list->count; i++) {
            buffer_append_text(out, i ? ", " : " ");
            show_quoted(list->items[i], out);
        }
        buffer_append_text(out, list->count ? " }" : "}");
    }
    }
}
