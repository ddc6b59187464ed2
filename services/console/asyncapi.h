/* GET /api/asyncapi.json: the AsyncAPI 3 document of everything that is told without being asked each time: the bus, the webhooks, the
 * streams. Made from the tables the programs themselves run by (proto/table.h, the vocabulary, openapi_schemas.def), so it cannot say
 * anything else than what is sent. What is asked and answered over HTTP is openapi.h's. */
#ifndef CONSOLE_ASYNCAPI_H
#define CONSOLE_ASYNCAPI_H

#include "services/console/call.h"

void asyncapi_get(struct call *call);
/* The whole document. */
void asyncapi_write(struct json_writer *w);

/* ---- the bus's part of it (asyncapi_bus.c): members of the open object */

void asyncapi_put_bus_servers(struct json_writer *w);
void asyncapi_put_bus_channels(struct json_writer *w);
void asyncapi_put_bus_operations(struct json_writer *w);
void asyncapi_put_bus_messages(struct json_writer *w);
void asyncapi_put_bus_schemas(struct json_writer *w);

/* {"$ref": "BASE/NAME"}, as a member or (key NULL) as an item. */
void asyncapi_put_ref(struct json_writer *w, const char *key, const char *base, const char *name);

#endif
