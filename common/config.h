/* Configuration: one row a key drives reading, checking, --show-config and the documentation.
 * The file is libconfuse's language: `name = value`, # comments, include("other.conf"), "${ENVIRONMENT}" inside quotes, lists { "a", "b" }.
 * Keys are flat. An unknown key, a bad value or a key given twice in one file is an error that names file and line and says
 * what would be right. Loading blocks on disk: at start only; a running service does not re-read it. */
#ifndef COMMON_CONFIG_H
#define COMMON_CONFIG_H

#include "common/buffer.h"
#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_type {                  /* written as            stored in the field as */
                   CONFIG_TEXT,     /* "text"                char * (owned by the config; "" when empty, never NULL) */
                   CONFIG_PATH,     /* "/a/path"             char * (must begin with / unless empty) */
                   CONFIG_INT,      /* 42                    int64_t */
                   CONFIG_BOOL,     /* true, false           bool */
                   CONFIG_REAL,     /* 0.5                   double */
                   CONFIG_DURATION, /* 250ms 5s 10m 2h 7d    int64_t, milliseconds */
                   CONFIG_SIZE,     /* 512 64KiB 1MiB 2GiB   int64_t, bytes */
                   CONFIG_CHOICE,   /* one of the words      int, the word's place in `choices` from 0 */
                   CONFIG_LIST,     /* { "a", "b" }          struct config_list */
};

struct config_list {
    char **items;
    size_t count;
};

struct config_key {
    const char *name;
    enum config_type type;
    size_t offset, size;      /* of the field in the struct; CONFIG_KEY fills them */
    const char *default_text; /* as written in the file; NULL: the key must be given */
    int64_t min, max;         /* of numbers, durations, sizes; of text and list: length. Both 0: no limit beyond >= 0 */
    const char *choices;      /* CONFIG_CHOICE: words with spaces between */
    const char *doc_en, *doc_zh;
    bool secret; /* --show-config says only whether it is set */
};

/* A row; the key is named like the field:
 *     CONFIG_KEY(struct router_config, batch_max, CONFIG_INT, "4096", .min = 1, .max = 65536, .doc_en = "...", .doc_zh = "...") */
#define CONFIG_KEY(struct_, field_, type_, default_, ...)                                                              \
    {                                                                                                                  \
        .name = #field_, .type = (type_), .offset = offsetof(struct_, field_), .size = sizeof(((struct_ *)0)->field_), \
        .default_text = (default_), __VA_ARGS__                                                                        \
    }
#define CONFIG_END                                                                                                     \
    { .name = NULL }

/* A group of keys and the struct they fill. Groups are handed over as an array that ends with keys == NULL. */
struct config_table {
    const char *title_en, *title_zh;
    const struct config_key *keys; /* up to CONFIG_END */
    void *values;                  /* the struct; borrowed. Zero it before the first config_load */
};

#define CONFIG_MESSAGE_BYTES 512

/* Fills the structs: defaults, then the file (NULL: defaults alone), then `overrides` ("name=value", count of them; they win).
 * On failure ret_message says where and what, in one line, and the structs hold nothing that needs freeing. */
MUST_USE enum err config_load(const struct config_table *tables, const char *path, const char *const *overrides,
                              size_t override_count, char ret_message[CONFIG_MESSAGE_BYTES]);

/* Frees texts and lists. */
void config_clear(const struct config_table *tables);

/* The values in force, in the file's own language (it can be loaded again, but for secrets). */
void config_show(const struct config_table *tables, struct buffer *out);

/* Markdown, a table per group: key, type and range, default, meaning in English and Chinese. */
void config_doc(const struct config_table *tables, struct buffer *out);

#endif
