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

/* Decides by the first routing rule that holds (core/rule.h), else by the matter's row: starting level, responsible department,
 * admission. Always fills *ret_route; ret_route->unit is 0 when it goes to TRIAGE, and reason then says why. Everything
 * considered is listed: of a rule's decision, where it would have gone without rules, and the other rules that hold. */
void routing_decide(const struct world *world, const struct request_new *request, struct route *ret_route);
/* The same by the rules in force at another time than the receipt: for what is routed again (rule R17), and for previews. */
void routing_decide_at(const struct world *world, const struct request_new *request, time_ms in_force_at,
                       struct route *ret_route);

/* The decision into the command that receives: with what a rule sets of matter and urgency (rule R16). */
void routing_set(const struct route *route, struct command *command);

/* What routing would be told of a ticket if it came in now; without its texts. */
struct request_new routing_as_known(const struct ticket *ticket);

/* The decision as one sentence, with names looked up by the caller's function; returns the length written (cut at a whole
 * character when `size` is too small). */
struct routing_names {
    void *context;
    /* Name of a unit, or of a matter, in the language asked for; never NULL. */
    const char *(*unit)(void *context, uint32_t id, enum lang lang);
    const char *(*matter)(void *context, uint32_t code, enum lang lang);
    /* Name of a routing rule, as its author gave it; "" when it has none. NULL: no names are known. */
    const char *(*rule)(void *context, uint32_t no);
};
size_t routing_say(const struct route *route, const struct routing_names *names, enum lang lang, char *ret_text,
                   size_t size);

#endif
