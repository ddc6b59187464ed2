/* How one source says things: rules, kept as data, that make our body out of its own, so that another city's hotline needs no code.
 * A mapping is a JSON file: for requests and for follow-up messages a rule for each of our fields, by RFC 6901 pointers, and what of
 * theirs is left aside. docs/integration.md, "Another hotline's own words", is its manual. What the values may be is not looked at here
 * (services/intake/said.c, services/console/followups.c); mistakes found there are led back to the sender's field by
 * mapping_pointer. Pure: no I/O. */
#ifndef KIT_MAPPING_H
#define KIT_MAPPING_H

#include <stdbool.h>

#include "common/arena.h"

struct cJSON;
struct mapping;

enum mapping_kind { MAPPING_REQUEST, MAPPING_FOLLOWUP, MAPPING_KINDS };

enum { MAPPING_BYTES_MAX = 256 << 10 };

/* Told of each mistake: status 400 (form) or 422 (value), an RFC 6901 pointer into what was read, a sentence. All of it lives in the
 * arena. */
typedef void mapping_wrong(void *context, int status, const char *pointer, const char *zh, const char *en);

/* Reads a mapping; NULL after at least one mistake was told. It lives in the arena and borrows nothing of the tree. */
const struct mapping *mapping_read(const struct cJSON *tree, struct arena *arena, mapping_wrong *wrong, void *context);

/* What the file names as its source; "" when it does not. In the tree. */
const char *mapping_source(const struct cJSON *tree);
/* The file only says {"source": ..., "remove": true}: the source speaks our words again. */
bool mapping_is_removal(const struct cJSON *tree);

/* Whether there are rules for that kind of body; otherwise it comes in our own words. */
bool mapping_has(const struct mapping *mapping, enum mapping_kind kind);

/* Our body, with the source's code put in, made of theirs; free it with json_free. NULL after a mistake was told, with a pointer into
 * their body. */
struct cJSON *mapping_apply(const struct mapping *mapping, enum mapping_kind kind, const char *source,
                            const struct cJSON *body, struct arena *arena, mapping_wrong *wrong, void *context);

/* Where in the sender's body stands what is wrong at `ours` in the body made of it: the field it comes from, or, of what comes from
 * nowhere, ours. */
const char *mapping_pointer(const struct mapping *mapping, enum mapping_kind kind, const char *ours);

#endif
