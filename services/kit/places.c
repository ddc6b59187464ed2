/* See places.h. */
#include "services/kit/places.h"

#include <geos_c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/routing.h"
#include "proto/must.h"

enum { CANDIDATES_MAX = 16, NODE_CAPACITY = 10 };

struct area {
    uint32_t unit;
    GEOSGeometry *geometry;
    const GEOSPreparedGeometry *prepared;
};

struct places {
    struct reference *reference;
    GEOSContextHandle_t geos;
    GEOSSTRtree *tree;
    struct area *areas;
    uint32_t area_count;
    /* place names by their first two bytes, longest first within a bucket (the reference has them longest first) */
    uint32_t *bucket; /* 65,537 starts */
    uint32_t *names;  /* numbers of reference places */
};

/* ---- areas ------------------------------------------------------------------------------------------------------------------- */

static bool add_area(struct places *p, uint32_t unit, const struct reference_unit *names) {
    struct area *area = &p->areas[p->area_count];
    area->unit = unit;
    area->geometry = GEOSGeomFromWKB_buf_r(p->geos, names->area, names->area_len);
    if (!area->geometry) return false;
    area->prepared = GEOSPrepare_r(p->geos, area->geometry);
    must(area->prepared);
    p->area_count++;
    return true;
}

static bool build_areas(struct places *p, char ret_message[200]) {
    const struct world *world = &p->reference->world;
    p->areas = calloc(world->unit_count, sizeof *p->areas);
    must(p->areas);
    p->tree = GEOSSTRtree_create_r(p->geos, NODE_CAPACITY);
    for (uint32_t id = 1; id < world->unit_count; id++) {
        if (world->units[id].kind != UNIT_GRID || !p->reference->units[id].area) continue;
        if (add_area(p, id, &p->reference->units[id])) continue;
        snprintf(ret_message, 200, "the area of grid %s cannot be read", p->reference->units[id].code);
        return false;
    }
    for (uint32_t i = 0; i < p->area_count; i++)
        GEOSSTRtree_insert_r(p->geos, p->tree, p->areas[i].geometry, &p->areas[i]);
    return true;
}

struct hits {
    const struct places *places;
    const GEOSGeometry *point;
    uint32_t grids[CANDIDATES_MAX];
    uint32_t count;
};

static void on_hit(void *item, void *context) {
    const struct area *area = item;
    struct hits *hits = context;
    if (hits->count == CANDIDATES_MAX) return;
    if (GEOSPreparedIntersects_r(hits->places->geos, area->prepared, hits->point) == 1)
        hits->grids[hits->count++] = area->unit;
}

static struct place_found find_point(const struct places *p, double lon, double lat) {
    GEOSGeometry *point = GEOSGeom_createPointFromXY_r(p->geos, lon, lat);
    must(point);
    struct hits hits = {.places = p, .point = point};
    if (p->area_count) GEOSSTRtree_query_r(p->geos, p->tree, point, on_hit, &hits);
    GEOSGeom_destroy_r(p->geos, point);
    uint32_t unit = routing_place(&p->reference->world, hits.grids, hits.count);
    if (!unit) return (struct place_found){0, PLACE_OUTSIDE, false};
    return (struct place_found){unit, PLACE_BY_POINT, p->reference->world.units[unit].dedicated};
}

/* ---- addresses ------------------------------------------------------------------------------------------------------------------ */

static uint32_t bucket_of(const char *at, size_t len) {
    return len < 2 ? (uint32_t)(uint8_t)at[0] << 8 : (uint32_t)(uint8_t)at[0] << 8 | (uint8_t)at[1];
}

static void build_names(struct places *p) {
    const struct reference *r = p->reference;
    p->bucket = calloc(65537, sizeof *p->bucket);
    p->names = calloc(r->place_count + 1, sizeof *p->names);
    must(p->bucket && p->names);
    for (uint32_t i = 0; i < r->place_count; i++)
        p->bucket[bucket_of(r->places[i].pattern, r->places[i].pattern_len) + 1]++;
    for (uint32_t i = 0; i < 65536; i++) p->bucket[i + 1] += p->bucket[i];
    uint32_t *next = malloc(65536 * sizeof *next);
    must(next);
    memcpy(next, p->bucket, 65536 * sizeof *next);
    for (uint32_t i = 0; i < r->place_count; i++)
        p->names[next[bucket_of(r->places[i].pattern, r->places[i].pattern_len)]++] = i;
    free(next);
}

/* Longer names are more exact; of equally long ones the finer unit, such as the estate before the street that holds it. */
static bool is_better(const struct places *p, const struct reference_place *a, const struct reference_place *b) {
    if (!b || a->pattern_len != b->pattern_len) return !b || a->pattern_len > b->pattern_len;
    return p->reference->world.units[a->unit].depth > p->reference->world.units[b->unit].depth;
}

static struct place_found find_address(const struct places *p, const char *address, size_t len) {
    const struct reference_place *best = NULL;
    for (size_t at = 0; at + 1 < len; at++) {
        uint32_t bucket = bucket_of(address + at, len - at);
        for (uint32_t i = p->bucket[bucket]; i < p->bucket[bucket + 1]; i++) {
            const struct reference_place *place = &p->reference->places[p->names[i]];
            if (best && place->pattern_len < best->pattern_len) break; /* longest first: nothing better follows */
            if (place->pattern_len > len - at || memcmp(place->pattern, address + at, place->pattern_len) != 0)
                continue;
            if (is_better(p, place, best)) best = place;
        }
    }
    if (!best) return (struct place_found){0, PLACE_UNKNOWN, false};
    return (struct place_found){best->unit, PLACE_BY_ADDRESS, false};
}

/* ---- both ------------------------------------------------------------------------------------------------------------------------- */

struct place_found places_find(const struct places *p, const struct places_question *q) {
    struct place_found found = {0};
    if (q->grid && q->grid_len) {
        uint32_t unit = reference_unit_by_code(p->reference, q->grid, q->grid_len);
        const struct unit *grid = world_unit(&p->reference->world, unit);
        if (grid && (grid->kind == UNIT_GRID || grid->kind == UNIT_COMMUNITY || grid->kind == UNIT_STREET))
            return (struct place_found){unit, PLACE_BY_GRID, false};
        found.by = PLACE_UNKNOWN;
    }
    if (q->has_point) {
        found = find_point(p, q->lon, q->lat);
        if (found.unit) return found;
    }
    if (q->address && q->address_len) {
        struct place_found by_address = find_address(p, q->address, q->address_len);
        if (by_address.unit || !found.by) return by_address;
    }
    return found;
}

struct places *places_new(struct reference *reference, char ret_message[200]) {
    struct places *p = calloc(1, sizeof *p);
    must(p);
    p->reference = reference_hold(reference);
    p->geos = GEOS_init_r();
    must(p->geos);
    build_names(p);
    if (!build_areas(p, ret_message)) places_free(&p);
    return p;
}

void places_free(struct places **places) {
    struct places *p = *places;
    if (!p) return;
    if (p->tree) GEOSSTRtree_destroy_r(p->geos, p->tree);
    for (uint32_t i = 0; i < p->area_count; i++) {
        GEOSPreparedGeom_destroy_r(p->geos, p->areas[i].prepared);
        GEOSGeom_destroy_r(p->geos, p->areas[i].geometry);
    }
    GEOS_finish_r(p->geos);
    free(p->areas);
    free(p->bucket);
    free(p->names);
    reference_release(&p->reference);
    free(p);
    *places = NULL;
}
