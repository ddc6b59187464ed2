/* What is said about configuration: the values in force, and the documentation. Both from the same table that is read with. */
#include "common/config_value.h"

#include <string.h>

void config_show(const struct config_table *tables, struct buffer *out) {
    for (; tables->keys; tables++) {
        buffer_format(out, "# %s\n", tables->title_en);
        for (const struct config_key *key = tables->keys; key->name; key++) {
            const void *field = config_field(tables, key);
            if (key->secret) {
                char *text = *(char *const *)field;
                buffer_format(out, "# %s is %s\n", key->name, text && *text ? "set" : "not set");
                continue;
            }
            buffer_format(out, "%s = ", key->name);
            config_value_show(key, field, out);
            buffer_append_byte(out, '\n');
        }
    }
}

/* A bar ends a cell of a table. */
static void doc_cell(struct buffer *out, const char *text) {
    for (; text && *text; text++) {
        if (*text == '|') buffer_append_byte(out, '\\');
        buffer_append_byte(out, (uint8_t)*text);
    }
}

static void doc_key(const struct config_key *key, struct buffer *out) {
    buffer_format(out, "| `%s` | ", key->name);
    struct buffer rule = {0};
    config_value_rule(key, &rule);
    doc_cell(out, buffer_text(&rule));
    buffer_done(&rule);
    if (!key->default_text)
        buffer_append_text(out, " | **required** | ");
    else if (!*key->default_text)
        buffer_append_text(out, " | empty | ");
    else
        buffer_format(out, " | `%s` | ", key->default_text);
    doc_cell(out, key->doc_zh);
    buffer_append_text(out, " | ");
    doc_cell(out, key->doc_en);
    buffer_append_text(out, " |\n");
}

void config_doc(const struct config_table *tables, struct buffer *out) {
    for (; tables->keys; tables++) {
        if (!tables->keys->name) continue;
        buffer_format(out, "### %s %s\n\n", tables->title_zh, tables->title_en);
        buffer_append_text(
            out, "| key 键 | value 取值 | default 默认 | 含义 | meaning |\n| --- | --- | --- | --- | --- |\n");
        for (const struct config_key *key = tables->keys; key->name; key++) doc_key(key, out);
        buffer_append_byte(out, '\n');
    }
}
