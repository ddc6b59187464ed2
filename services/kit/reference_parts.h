/* Parts of reading the reference data that reference.c leaves to files of their own. */
#ifndef KIT_REFERENCE_PARTS_H
#define KIT_REFERENCE_PARTS_H

#include "common/arena.h"
#include "services/kit/reference.h"

/* reference_sources.c */
void reference_read_sources(struct arena *arena, const struct db_result *rows, struct reference *reference);

#endif
