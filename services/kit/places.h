/* Where a request is: from a grid's code, a point, or an address to a unit of the place. Geometry (libgeos) and the gazetteer live
 * here; which of several grids counts is core/routing.h's. Order (rule R3 of docs/rules.md): a grid named by its code wins; else
 * the point; a point outside the district, or none, leaves the address; an address that is recognised wins over a point outside,
 * since people drop the pin where they stand when they call. */
#ifndef KIT_PLACES_H
#define KIT_PLACES_H

#include "services/kit/reference.h"

struct places;

/* Builds the index over the reference's areas and place names; holds the reference. NULL and a sentence when an area cannot be
 * read. */
struct places *places_new(struct reference *reference, char ret_message[200]);
void places_free(struct places **places);

struct places_question {
    const char *grid; /* code, or NULL */
    size_t grid_len;
    bool has_point;
    double lon, lat;
    const char *address; /* folded by common/text, or NULL */
    size_t address_len;
};

struct place_found {
    uint32_t unit;  /* 0: not known */
    uint8_t by;     /* enum place_by; 0: nothing was given */
    bool dedicated; /* a dedicated grid that won over a basic one */
};

struct place_found places_find(const struct places *places, const struct places_question *question);

#endif
