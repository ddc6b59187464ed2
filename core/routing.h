/* Routing: where a ticket starts, by place and matter, and why (product.md "Routing"). Pure. Geometry and address matching
 * are done at the door (services/kit/places); here candidates become a place, and a place and a matter become a unit. */
#ifndef CORE_ROUTING_H
#define CORE_ROUTING_H

#include "core/lang.h"
#include "core/world.h"
#include "proto/messages.h"

/* Of the grids whose polygons hold the point: a dedicated grid wins over the basic grid it lies in (rule R2); of several of
 * one sort the smallest id. 0 when `count` is 0. */
uint32_t routing_place(const struct world *world, const uint32_t *grids, uint32_t count);

/* Decides by the matter's row: starting level, responsible department, admission. Always fills *ret_route; ret_route->unit
 * is 0 when the rules do not match, and reason then says why (TRIAGE). Everything considered is listed. */
void routing_decide(const struct world *world, const struct request_new *request, struct route *ret_route);

/* The decision as one sentence, with names looked up by the caller's function; returns the length written (cut at a whole
 * character when `size` is too small). */
struct routing_names {
    void *context;
    /* Name of a unit, or of a matter, in the language asked for; never NULL. */
    const char *(*unit)(void *context, uint32_t id, enum lang lang);
    const char *(*matter)(void *context, uint32_t code, enum lang lang);
};
size_t routing_say(const struct route *route, const struct routing_names *names, enum lang lang, char *ret_text,
                   size_t size);

#endif
