/* Areas of units: GeoJSON polygons in, WKB to store; whether they overlap or leave gaps. One struct area_set per thread and use.
 * Over libgeos; lon/lat degrees. Not for asking where a point lies (services/kit/places.h). */
#ifndef CONSOLE_AREA_H
#define CONSOLE_AREA_H

#include "common/arena.h"
#include "common/json_writer.h"

struct cJSON;
struct area_set;

struct area_set *area_set_new(void);
void area_set_free(struct area_set **set);

/* Reads a Polygon or MultiPolygon and keeps it under this number. False: what is wrong with it in both languages (static or in
 * the arena). */
bool area_set_add_geojson(struct area_set *set, uint32_t unit, const struct cJSON *geometry, struct arena *arena,
                          const char **ret_zh, const char **ret_en);
/* One that is stored already. False: it cannot be read. */
bool area_set_add_wkb(struct area_set *set, uint32_t unit, const uint8_t *wkb, size_t len);

uint32_t area_set_count(const struct area_set *set);
/* WKB of the n-th area added, in the arena. */
uint32_t area_set_wkb(struct area_set *set, uint32_t n, struct arena *arena, const uint8_t **ret_wkb, size_t *ret_len);

/* Calls fn for each pair of areas that overlap by more than tolerance_m2, with how much. */
void area_set_overlaps(struct area_set *set, double tolerance_m2,
                       void (*fn)(void *context, uint32_t a, uint32_t b, double m2), void *context);
/* How much of `whole` (WKB) no area of the set covers, in square metres; negative: cannot be told. */
double area_set_uncovered(struct area_set *set, const uint8_t *whole, size_t len);

/* A stored area as a GeoJSON geometry. False: it cannot be read. */
bool area_write_geojson(struct json_writer *w, const uint8_t *wkb, size_t len);

#endif
