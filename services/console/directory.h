/* The reference data anybody who is signed in may read, for choosing and for maps: units, matters, areas. From memory; the
 * administrators' files (exports.h) hold more, and are audited. */
#ifndef CONSOLE_DIRECTORY_H
#define CONSOLE_DIRECTORY_H

#include "services/console/call.h"

void directory_units_get(struct call *call);
void directory_matters_get(struct call *call);
/* Areas as GeoJSON; `kind` chooses, `unit` means that unit and all below it. */
void directory_areas_get(struct call *call);
/* The members of a FeatureCollection, into an object that is open. kind 0: of every kind; root 0: everywhere. */
void directory_put_areas(struct json_writer *w, const struct reference *reference, int kind, uint32_t root);

#endif
