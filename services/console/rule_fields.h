/* A routing rule as people write it: the columns of rules.csv, which are also the members of its JSON, the row of a stored version,
 * and what a draft proposes. What it means is core/rule.h's. Every field is text; empty asks nothing (docs/howto.md has an
 * example of each). */
#ifndef CONSOLE_RULE_FIELDS_H
#define CONSOLE_RULE_FIELDS_H

#include "services/console/sheet.h"
#include "services/kit/rule_text.h"

enum rule_column {
    RULE_NUMBER,     /* empty: a new one */
    RULE_VERSION,    /* given: it must still be this one */
    RULE_NAME,       /* what it is called in sentences */
    RULE_PRIORITY,   /* -1000 to 1000, the highest decides */
    RULE_ENABLED,    /* yes or no */
    RULE_FROM,       /* first day, YYYY-MM-DD */
    RULE_TO,         /* last day */
    RULE_MATTER,     /* 2, 4 or 6 digits, or none */
    RULE_PLACE,      /* unit: it and all below it */
    RULE_CHANNELS,   /* words, | between */
    RULE_SOURCE,     /* code */
    RULE_KEYWORDS,   /* a+b|c */
    RULE_HOURS,      /* working or out_of_hours */
    RULE_TIME,       /* 22:00-06:00 */
    RULE_WEEKDAYS,   /* 1-5 or 6|7 */
    RULE_TARGET,     /* unit's code, or @grid @community @street @department @triage */
    RULE_ASSISTS,    /* units, | between */
    RULE_URGENCY,    /* word */
    RULE_SET_MATTER, /* six digits */
    RULE_NOTE,
    RULE_COLUMNS
};
extern const char *const rule_columns[RULE_COLUMNS + 1];

/* From the present row; mistakes are noted. Texts lie in the import's arena. */
void rule_read(struct sheet *sheet, struct rule *ret_rule, struct reference_rule *ret_text);

/* The other way; texts in the arena. Number and version are empty when 0. */
void rule_write(struct arena *arena, const struct reference *reference, const struct rule *rule,
                const struct reference_rule *text, const char *ret_fields[RULE_COLUMNS]);

/* Its members, into an object that is open; number and version as they are, the rest under their columns' names. */
void put_rule_fields(struct json_writer *w, const char *const fields[RULE_COLUMNS]);

#endif
