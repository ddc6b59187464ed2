/* GET /api/openapi.json: the OpenAPI 3.1 document, made from the table of routes, the tables of commands and the vocabulary. */
#ifndef CONSOLE_OPENAPI_H
#define CONSOLE_OPENAPI_H

#include "services/console/call.h"

void openapi_get(struct call *call);
/* The whole document. */
void openapi_write(struct json_writer *w);

#endif
