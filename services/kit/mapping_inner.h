/* What mapping_read.c builds and mapping.c goes by. */
#ifndef KIT_MAPPING_INNER_H
#define KIT_MAPPING_INNER_H

#include "proto/words.h"
#include "services/kit/mapping.h"

enum { MAPPING_FROM_MAX = 4, MAPPING_VALUES_MAX = 2000, MAPPING_IGNORED_MAX = 500, MAPPING_FIELDS_MAX = 16 };

enum mapping_type { MAPS_TEXT, MAPS_WORD, MAPS_TIME, MAPS_NUMBER, MAPS_FLAG, MAPS_LIST };

/* One of our fields. */
struct mapping_field {
    const char *to;
    enum mapping_type type;
    enum word_set words; /* of MAPS_WORD */
    bool needed;
};
/* By kind; ends with a NULL `to`. */
extern const struct mapping_field *const mapping_fields[MAPPING_KINDS];

struct mapping_value {
    const char *theirs, *ours; /* ours NULL: the field is left out. A flag is "true" or "false" */
};

struct mapping_rule {
    const struct mapping_field *field;
    const char *from[MAPPING_FROM_MAX];
    int from_count; /* 0: the constant */
    const char *constant;
    const char *join;  /* between several */
    const char *split; /* NULL: whole */
    int part;          /* from 1 */
    const struct mapping_value *values;
    int value_count; /* 0: as they say it */
    bool has_otherwise;
    const char *otherwise;
    const char *time; /* pattern, "unix" or "unix_ms"; NULL: RFC 3339 */
    int offset_minutes;
    const char *url, *sha256; /* in each item of a list; NULL: the item itself, none */
};

struct mapping {
    struct {
        bool there;
        struct mapping_rule rules[MAPPING_FIELDS_MAX];
        int rule_count;
    } kinds[MAPPING_KINDS];
    const char **ignored;
    int ignored_count;
    bool ignores_rest;
};

/* `prefix` and one more step, escaped. */
const char *mapping_step(struct arena *arena, const char *prefix, const char *key);

#endif
