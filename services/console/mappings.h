/* How sources say things (kit/mapping.h): their mappings loaded, shown and tried out. */
#ifndef CONSOLE_MAPPINGS_H
#define CONSOLE_MAPPINGS_H

#include "services/console/call.h"

void import_mappings(struct call *call); /* POST /admin/mappings/import: one source's file */
void mappings_get(struct call *call);    /* GET /admin/mappings */
void mappings_try(struct call *call);    /* POST /admin/mappings/preview: a sample body in, our body out */

#endif
