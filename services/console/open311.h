/* Open311 GeoReport v2, the reading side and updates (posting requests is intake's, services/intake/open311_door.c). A service is a
 * matter residents may see; a service request is a request; its status is that of the ticket that answers it.
 *
 * Without a key one reads what came in through residents' apps (sources of the channel app), of matters residents may see, not
 * confidential; long numbers in texts are masked. With a key (api_key, or Authorization: Bearer) what the token may follow. */
#ifndef CONSOLE_OPEN311_H
#define CONSOLE_OPEN311_H

#include "services/console/call.h"
#include "services/kit/open311.h"

void open311_discovery_get(struct call *call);
void open311_services_get(struct call *call);
void open311_service_get(struct call *call);
void open311_requests_get(struct call *call);
void open311_request_get(struct call *call);
void open311_token_get(struct call *call);
void open311_updates_get(struct call *call);
void open311_updates_post(struct call *call);

/* ---- shared by open311*.c */

struct open311_asked {
    enum open311_format format;
    bool has_key;
    call_handler *then;
    void *self;
};

/* Reads format and key, makes call->reach; `then` goes on, or the answer was given. What stands in call->self afterwards is a struct
 * open311_asked. key: NULL when it is to be looked for in the query. needs_key: 403 without one. action: what the key must allow. */
void open311_enter(struct call *call, const char *key, bool needs_key, int action, call_handler *then);
/* The standard's error; lets go of the call. */
void open311_refuse(struct call *call, int status, const char *zh, const char *en);
/* Whether the database failed; the answer was given then. */
bool open311_failed(struct call *call, const struct db_reply *reply);
void open311_start(struct call *call, struct open311 *ret_o);
void open311_finish(struct call *call, struct open311 *o);

/* Matters residents may see, as an array parameter. */
void open311_set_services(struct call *call, struct db_call *rows, int number);
/* A W3 time of the query; 0 absent. False: wrong, answered. */
bool open311_query_time(struct call *call, const char *name, time_ms *ret_time);
/* page and page_size: how many rows to skip and to give. False: wrong, answered. */
bool open311_query_page(struct call *call, int64_t *ret_offset, int64_t *ret_limit);
/* Text for somebody without a key: runs of seven and more digits keep the first three. In the arena. */
const char *open311_public_text(struct call *call, const char *text, size_t length);

#endif
