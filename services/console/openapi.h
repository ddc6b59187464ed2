/* GET /api/openapi.json: the OpenAPI 3.1 document, made from the table of routes, the tables of commands and the vocabulary. */
#ifndef CONSOLE_OPENAPI_H
#define CONSOLE_OPENAPI_H

#include "services/console/call.h"

void openapi_get(struct call *call);
/* The whole document. */
void openapi_write(struct json_writer *w);

/* ---- schemas, as texts of JSON that stay where they are */

/* By its name in #/components/schemas; NULL when there is none. */
const char *openapi_schema(const char *name);
/* Of the body of a command (enum command_name). */
const char *openapi_command_schema(int command);
/* All that have a name, as members of the open object. */
void openapi_put_schemas(struct json_writer *w);

#endif
