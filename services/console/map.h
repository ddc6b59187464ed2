/* GET /map: the open tickets of a scope as a map needs them: how many lie in each unit's area by light, and where the most urgent ones
 * are. Asked for by screens every half minute; what shows everything is read once for all who ask within a few seconds. */
#ifndef CONSOLE_MAP_H
#define CONSOLE_MAP_H

#include "services/console/call.h"

void map_get(struct call *call);

#endif
