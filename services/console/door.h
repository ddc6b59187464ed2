/* The one table of routes: method, path, who may (an action of core/access.def), what it takes and gives. The server's routes,
 * the check of every request and the OpenAPI document are all made from it; a route that is not in it does not exist. */
#ifndef CONSOLE_DOOR_H
#define CONSOLE_DOOR_H

#include "services/console/call.h"

/* Instead of an action: */
enum {
    DOOR_OPEN = -1,          /* anybody, also without credentials */
    DOOR_COMMAND = -2,       /* the action of the command in the path */
    DOOR_ELSEWHERE = -3,     /* another service serves it; only described here */
    DOOR_ELSEWHERE_OPEN = -4 /* likewise, to anybody */
};

struct door {
    enum http_method method;
    const char *path;
    call_handler *handler;
    int action;
    const char *query;  /* names of query parameters, spaces between; NULL: none are known */
    const char *body;   /* name of the body's schema; NULL: no body. "text/csv" and the like: that type; a form's schema
                           stands behind its type and a blank */
    const char *answer; /* name of the answer's schema; NULL: 204. "text/csv" likewise */
    int status;         /* of success */
    size_t body_max;
    const char *tag, *zh, *en; /* group and one sentence */
};

/* All of them, `*ret_count`. */
const struct door *doors_all(size_t *ret_count);
/* For the http server: made at the first call, static. Handlers get the struct kit. */
const struct http_route *doors_http(void);
/* The action a request by this route needs; 0 when there is no such command. */
int door_action(const struct door *door, const char *command);

#endif
