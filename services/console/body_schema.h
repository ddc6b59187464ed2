/* A JSON body against the schema that the OpenAPI document shows for it, so that what is described is what is enforced, for every door
 * in one place. Knows the keywords that openapi_schemas.def and command_body.c use, no others: type, enum, const, required, properties,
 * additionalProperties, items, minItems, maxItems, uniqueItems, minLength, maxLength, minimum, maximum, pattern, format date-time,
 * $ref, oneOf, allOf. Not for what only the data can tell (an unknown unit): that is the handler's.
 *
 * Of an object whose schema says additionalProperties false, other members are refused. A member that is null counts as absent. */
#ifndef CONSOLE_BODY_SCHEMA_H
#define CONSOLE_BODY_SCHEMA_H

#include "services/console/call.h"

/* By the schema of that name. False: answered, with every fault of a kind: 400 when a member is missing, unknown or of the wrong type,
 * else 422 when a value is not acceptable. */
bool body_fits(struct call *call, const char *schema, const struct cJSON *body);
/* By that of a command (enum command_name). */
bool body_fits_command(struct call *call, int command, const struct cJSON *body);

#endif
