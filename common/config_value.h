/* One configuration value: from text into its field, back, and what would be right. For config*.c alone. */
#ifndef COMMON_CONFIG_VALUE_H
#define COMMON_CONFIG_VALUE_H

#include "common/buffer.h"
#include "common/config.h"

static inline void *config_field(const struct config_table *table, const struct config_key *key) {
    return (char *)table->values + key->offset;
}

size_t config_value_bytes(enum config_type type);

/* Frees what the field holds and makes it empty (text: NULL). */
void config_value_clear(const struct config_key *key, void *field);

/* Sets the field, or adds one item to a list. False: why says "batch_max must be a whole number from 1 to 65536, not "0"". */
bool config_value_set(const struct config_key *key, void *field, const char *text, char *why, size_t why_bytes);

/* Replaces; items of a list are separated by commas. */
bool config_value_set_all(const struct config_key *key, void *field, const char *text, char *why, size_t why_bytes);

/* "a whole number from 1 to 65536" */
void config_value_rule(const struct config_key *key, struct buffer *out);

/* As it stands in a file. */
void config_value_show(const struct config_key *key, const void *field, struct buffer *out);

#endif
