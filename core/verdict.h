/* What core says to a command: accepted, or refused by which rule. Doors turn it into an HTTP status, a JSON pointer and a
 * sentence; nothing else may invent refusals. Not for faults of the machine (common/err.h). */
#ifndef CORE_VERDICT_H
#define CORE_VERDICT_H

#include <stddef.h>

#include "core/lang.h"
#include "core/verdict.def"

#define VERDICT_ENUM_ITEM(value, name, rule, status, pointer, zh, en) name = value,
enum verdict { VERDICTS(VERDICT_ENUM_ITEM) };

struct verdict_row {
    enum verdict value;
    const char *name;    /* "VERDICT_NOT_YOURS" */
    const char *rule;    /* number in docs/rules.md */
    int status;          /* HTTP */
    const char *pointer; /* JSON pointer into the command's body, or "" */
    const char *zh, *en;
};

/* All rows, ascending by value, `*ret_count` of them. */
const struct verdict_row *verdict_rows(size_t *ret_count);
/* The row of a verdict; of an unknown number, as may come from a newer peer, VERDICT_UNAVAILABLE's. Never NULL. */
const struct verdict_row *verdict_row(int value);
/* One sentence. Static. */
const char *verdict_say(int value, enum lang lang);

#endif
