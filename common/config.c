/* Reading configuration: libconfuse parses, this gives it the table's keys as plain strings, so that every value is checked in
 * one place and every complaint has the same shape. What is said about keys (show, doc) is in config_text.c. */
#include "common/config.h"

#include "common/config_value.h"
#include "proto/must.h"

#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEYS_MAX 256

/* A key while it is loaded. */
struct slot {
    const struct config_key *key;
    void *field;
    bool is_given;
    char file[256]; /* where it was given last; a later file may override, the same file may not */
    int line;
};

static struct loading {
    struct slot slots[KEYS_MAX];
    size_t count;
    char *message; /* CONFIG_MESSAGE_BYTES; the first complaint stays */
} * loading;       /* libconfuse's callbacks carry no context */

PRINTF(1, 2) static void complain(const char *format, ...) {
    if (*loading->message) return;
    va_list args;
    va_start(args, format);
    vsnprintf(loading->message, CONFIG_MESSAGE_BYTES, format, args);
    va_end(args);
}

static struct slot *find_slot(const char *name) {
    for (size_t i = 0; i < loading->count; i++)
        if (!strcmp(loading->slots[i].key->name, name)) return &loading->slots[i];
    return NULL;
}

static void gather_slots(const struct config_table *tables) {
    for (; tables->keys; tables++) {
        for (const struct config_key *key = tables->keys; key->name; key++) {
            must(loading->count < KEYS_MAX);
            must(!find_slot(key->name)); /* two groups with one key */
            must(key->size == config_value_bytes(key->type));
            loading->slots[loading->count++] = (struct slot){.key = key, .field = config_field(tables, key)};
        }
    }
}

/* ---- what was meant by an unknown key: the nearest one, if it is near enough */

static size_t distance(const char *a, const char *b) {
    size_t row[65], len = strlen(b);
    if (len > 64 || strlen(a) > 64) return 99;
    for (size_t j = 0; j <= len; j++) row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < len; j++) {
            size_t best = diagonal + (a[i] != b[j]);
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j + 1] + 1 < best) best = row[j + 1] + 1;
            diagonal = row[j + 1];
            row[j + 1] = best;
        }
    }
    return row[len];
}

static const char *nearest_key(const char *name) {
    const char *nearest = NULL;
    size_t least = 1 + strlen(name) / 3;
    for (size_t i = 0; i < loading->count; i++) {
        size_t far = distance(name, loading->slots[i].key->name);
        if (far > least) continue;
        least = far;
        nearest = loading->slots[i].key->name;
    }
    return nearest;
}

static void complain_unknown(const char *where, const char *name) {
    const char *nearest = nearest_key(name);
    if (nearest)
        complain("%sthere is no key \"%s\"; did you mean \"%s\"?", where, name, nearest);
    else
        complain("%sthere is no key \"%s\"; --config-doc lists them all", where, name);
}

/* ---- libconfuse */

static void say_where(cfg_t *cfg, char *ret_where, size_t size) {
    snprintf(ret_where, size, "%s:%d: ", cfg && cfg->filename ? cfg->filename : "configuration", cfg ? cfg->line : 0);
}

static void hear_error(cfg_t *cfg, const char *format, va_list args) {
    char where[300], said[300];
    say_where(cfg, where, sizeof where);
    if (strstr(format, "no such option")) {
        complain_unknown(where, va_arg(args, const char *));
        return;
    }
    vsnprintf(said, sizeof said, format, args);
    complain("%s%s", where, said);
}

/* Called by libconfuse after each value of each key. */
static int take_value(cfg_t *cfg, cfg_opt_t *option) {
    struct slot *slot = find_slot(option->name);
    char where[300], why[300];
    say_where(cfg, where, sizeof where);
    const char *file = cfg->filename ? cfg->filename : "";
    bool is_list = slot->key->type == CONFIG_LIST;
    if (slot->is_given && !strcmp(slot->file, file) && !is_list) {
        complain("%s%s is given twice, first in line %d", where, slot->key->name, slot->line);
        return -1;
    }
    slot->is_given = true;
    slot->line = cfg->line;
    snprintf(slot->file, sizeof slot->file, "%s", file);
    config_value_clear(slot->key, slot->field);
    for (unsigned i = 0; i < cfg_opt_size(option); i++) {
        const char *text = cfg_opt_getnstr(option, i);
        if (!config_value_set(slot->key, slot->field, text ? text : "", why, sizeof why)) {
            complain("%s%s", where, why);
            return -1;
        }
    }
    return 0;
}

static bool parse_file(const char *path) {
    cfg_opt_t *options = calloc(loading->count + 2, sizeof *options);
    must(options != NULL);
    for (size_t i = 0; i < loading->count; i++) {
        cfg_opt_t as_text = CFG_STR(loading->slots[i].key->name, NULL, CFGF_NODEFAULT);
        cfg_opt_t as_list = CFG_STR_LIST(loading->slots[i].key->name, NULL, CFGF_NODEFAULT);
        options[i] = loading->slots[i].key->type == CONFIG_LIST ? as_list : as_text;
        options[i].validcb = take_value;
    }
    cfg_opt_t include = CFG_FUNC("include", cfg_include), last = CFG_END();
    options[loading->count] = include;
    options[loading->count + 1] = last;
    cfg_t *cfg = cfg_init(options, CFGF_NONE);
    must(cfg != NULL);
    cfg_set_error_function(cfg, hear_error);
    int result = cfg_parse(cfg, path);
    if (result == CFG_FILE_ERROR)
        complain("%s: %s", path, strerror(errno));
    else if (result)
        complain("%s: cannot be read", path);
    cfg_free(cfg);
    free(options);
    return !*loading->message;
}

/* ---- the whole */

static void set_defaults(void) {
    char why[300];
    for (size_t i = 0; i < loading->count; i++) {
        struct slot *slot = &loading->slots[i];
        config_value_clear(slot->key, slot->field);
        if (slot->key->default_text)
            must(config_value_set_all(slot->key, slot->field, slot->key->default_text, why, sizeof why));
    }
}

static bool set_override(const char *override) {
    char name[64], why[300];
    const char *equals = strchr(override, '=');
    if (!equals || equals - override >= (ptrdiff_t)sizeof name) {
        complain("--set %s: give it as name=value", override);
        return false;
    }
    snprintf(name, sizeof name, "%.*s", (int)(equals - override), override);
    struct slot *slot = find_slot(name);
    if (!slot)
        complain_unknown("--set: ", name);
    else if (!config_value_set_all(slot->key, slot->field, equals + 1, why, sizeof why))
        complain("--set %s", why);
    else
        slot->is_given = true;
    return !*loading->message;
}

static bool load(const char *path, const char *const *overrides, size_t override_count) {
    set_defaults();
    if (path && !parse_file(path)) return false;
    for (size_t i = 0; i < override_count; i++)
        if (!set_override(overrides[i])) return false;
    for (size_t i = 0; i < loading->count; i++) {
        const struct slot *slot = &loading->slots[i];
        if (slot->is_given || slot->key->default_text) continue;
        complain("%s: %s is missing: %s", path ? path : "configuration", slot->key->name, slot->key->doc_en);
        return false;
    }
    return true;
}

enum err config_load(const struct config_table *tables, const char *path, const char *const *overrides,
                     size_t override_count, char ret_message[CONFIG_MESSAGE_BYTES]) {
    must(!loading);
    loading = calloc(1, sizeof *loading);
    must(loading != NULL);
    loading->message = ret_message;
    *ret_message = 0;
    gather_slots(tables);
    bool is_loaded = load(path, overrides, override_count);
    free(loading);
    loading = NULL;
    if (!is_loaded) config_clear(tables);
    return is_loaded ? ERR_NONE : ERR_INVALID;
}

void config_clear(const struct config_table *tables) {
    for (; tables->keys; tables++)
        for (const struct config_key *key = tables->keys; key->name; key++)
            config_value_clear(key, config_field(tables, key));
}
