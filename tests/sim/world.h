/* A small fixed district: two streets, four communities, nine grids (one dedicated, one that nobody staffs), three departments,
 * one closed, an enterprise; six matters; two policies of hours and working rules, and three
 * organisations with units merged and closed, that take turns as reference data changes. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "core/world.h"
#include "proto/messages.h"

enum {
    CENTER = 1,
    DISTRICT,
    STREET_A,
    STREET_B,
    COMMUNITY_A,
    COMMUNITY_B,
    COMMUNITY_C,
    COMMUNITY_D,
    GRID_FIRST, /* two in each community */
    GRID_LAST = GRID_FIRST + 7,
    GRID_DEDICATED,
    WATER,
    MUNICIPAL,
    URBAN,
    GONE,
    WATERWORKS,
    UNIT_COUNT
};
enum { MATTER_COUNT = 6, SOURCE_HOTLINE = 7, WORLD_VERSIONS = 6 /* two policies by three organisations */ };

void world_build(void);
const struct world *world_now(void); /* of the version on the disk */
uint32_t world_matter_code(int i);   /* 0..MATTER_COUNT-1 */
/* Everybody who works here; by[0] is the system's opposite: an operator. */
const struct principal *world_people(int *ret_count);

#endif
