/* See area.h. */
#include "services/console/area.h"

#include <geos_c.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "proto/must.h"

enum { POINTS_MAX = 200000, RINGS_MAX = 10000, NODE_CAPACITY = 10 };

static const double METRES_PER_DEGREE = 111320;

struct area {
    uint32_t unit, place; /* place in the set */
    GEOSGeometry *geometry;
};

struct area_set {
    GEOSContextHandle_t geos;
    struct area *areas;
    uint32_t count, room;
};

struct area_set *area_set_new(void) {
    struct area_set *set = calloc(1, sizeof *set);
    must(set);
    set->geos = GEOS_init_r();
    must(set->geos);
    return set;
}

void area_set_free(struct area_set **set) {
    struct area_set *s = *set;
    *set = NULL;
    if (!s) return;
    for (uint32_t i = 0; i < s->count; i++) GEOSGeom_destroy_r(s->geos, s->areas[i].geometry);
    GEOS_finish_r(s->geos);
    free(s->areas);
    free(s);
}

static void add(struct area_set *s, uint32_t unit, GEOSGeometry *geometry) {
    if (s->count == s->room) {
        s->room = s->room ? s->room * 2 : 64;
        s->areas = realloc(s->areas, s->room * sizeof *s->areas);
        must(s->areas);
    }
    s->areas[s->count] = (struct area){unit, s->count, geometry};
    s->count++;
}

uint32_t area_set_count(const struct area_set *set) {
    return set->count;
}

/* ---- GeoJSON in -------------------------------------------------------------------------------------------------------------------------------- */

struct reading {
    struct area_set *set;
    const char *zh, *en; /* what is wrong, first fault */
    int points;
};

static void *wrong(struct reading *r, const char *zh, const char *en) {
    if (!r->zh) r->zh = zh, r->en = en;
    return NULL;
}

static bool read_position(struct reading *r, const cJSON *position, double *ret_lon, double *ret_lat) {
    const cJSON *lon = cJSON_GetArrayItem(position, 0), *lat = cJSON_GetArrayItem(position, 1);
    if (!cJSON_IsArray(position) || !cJSON_IsNumber(lon) || !cJSON_IsNumber(lat)) {
        wrong(r, "坐标须为 [经度, 纬度]", "a position must be [longitude, latitude]");
        return false;
    }
    if (fabs(lon->valuedouble) > 180 || fabs(lat->valuedouble) > 90) {
        wrong(r, "经度或纬度超出范围 (经度在前)", "longitude or latitude out of range (longitude comes first)");
        return false;
    }
    *ret_lon = lon->valuedouble;
    *ret_lat = lat->valuedouble;
    return true;
}

static GEOSGeometry *read_ring(struct reading *r, const cJSON *ring) {
    GEOSContextHandle_t geos = r->set->geos;
    int count = cJSON_IsArray(ring) ? cJSON_GetArraySize(ring) : 0;
    if (count < 4) return wrong(r, "环至少要有四个点", "a ring needs at least four positions");
    if ((r->points += count) > POINTS_MAX) return wrong(r, "点数过多", "too many positions");
    GEOSCoordSequence *sequence = GEOSCoordSeq_create_r(geos, (unsigned)count, 2);
    must(sequence);
    double first[2] = {0}, last[2] = {0};
    unsigned n = 0;
    for (const cJSON *position = ring->child; position; position = position->next, n++) {
        if (!read_position(r, position, &last[0], &last[1])) break;
        if (n == 0) memcpy(first, last, sizeof first);
        GEOSCoordSeq_setXY_r(geos, sequence, n, last[0], last[1]);
    }
    if (!r->zh && memcmp(first, last, sizeof first))
        wrong(r, "环没有闭合: 首尾两点须相同", "a ring must end where it begins");
    if (r->zh) {
        GEOSCoordSeq_destroy_r(geos, sequence);
        return NULL;
    }
    GEOSGeometry *made = GEOSGeom_createLinearRing_r(geos, sequence);
    return made ? made : wrong(r, "环无效", "a ring is not valid");
}

static GEOSGeometry *read_polygon(struct reading *r, const cJSON *rings) {
    GEOSContextHandle_t geos = r->set->geos;
    int count = cJSON_IsArray(rings) ? cJSON_GetArraySize(rings) : 0;
    if (count < 1 || count > RINGS_MAX) return wrong(r, "多边形没有环", "a polygon without rings");
    GEOSGeometry **made = calloc((size_t)count, sizeof *made);
    must(made);
    int n = 0;
    for (const cJSON *ring = rings->child; ring && (made[n] = read_ring(r, ring)) != NULL; ring = ring->next) n++;
    GEOSGeometry *polygon = NULL;
    if (n == count)
        polygon = GEOSGeom_createPolygon_r(geos, made[0], made + 1, (unsigned)(count - 1)); /* takes the rings */
    else
        for (int i = 0; i < n; i++) GEOSGeom_destroy_r(geos, made[i]);
    free(made);
    return polygon ? polygon : wrong(r, "多边形无效", "a polygon is not valid");
}

static GEOSGeometry *read_polygons(struct reading *r, const cJSON *polygons) {
    GEOSContextHandle_t geos = r->set->geos;
    int count = cJSON_IsArray(polygons) ? cJSON_GetArraySize(polygons) : 0;
    if (count < 1 || count > RINGS_MAX) return wrong(r, "没有多边形", "no polygon in it");
    GEOSGeometry **made = calloc((size_t)count, sizeof *made);
    must(made);
    int n = 0;
    for (const cJSON *polygon = polygons->child; polygon && (made[n] = read_polygon(r, polygon)) != NULL;
         polygon = polygon->next)
        n++;
    GEOSGeometry *whole = NULL;
    if (n == count)
        whole = GEOSGeom_createCollection_r(geos, GEOS_MULTIPOLYGON, made, (unsigned)count);
    else
        for (int i = 0; i < n; i++) GEOSGeom_destroy_r(geos, made[i]);
    free(made);
    return whole ? whole : wrong(r, "多个多边形无效", "the polygons are not valid together");
}

static bool is_valid(struct reading *r, const GEOSGeometry *geometry, struct arena *arena) {
    GEOSContextHandle_t geos = r->set->geos;
    char *reason = NULL;
    if (GEOSisValidDetail_r(geos, geometry, 0, &reason, NULL) == 1) {
        if (reason) GEOSFree_r(geos, reason);
        return true;
    }
    char *zh = arena_printf(arena, "图形无效: %s", reason ? reason : "?"),
         *en = arena_printf(arena, "the shape is not valid: %s", reason ? reason : "?");
    if (reason) GEOSFree_r(geos, reason);
    must(zh && en);
    wrong(r, zh, en);
    return false;
}

bool area_set_add_geojson(struct area_set *set, uint32_t unit, const struct cJSON *geometry, struct arena *arena,
                          const char **ret_zh, const char **ret_en) {
    struct reading r = {.set = set};
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(geometry, "type");
    const cJSON *coordinates = cJSON_GetObjectItemCaseSensitive(geometry, "coordinates");
    const char *text = cJSON_IsString(type) ? type->valuestring : "";
    GEOSGeometry *made = NULL;
    if (!strcmp(text, "Polygon"))
        made = read_polygon(&r, coordinates);
    else if (!strcmp(text, "MultiPolygon"))
        made = read_polygons(&r, coordinates);
    else
        wrong(&r, "须为 Polygon 或 MultiPolygon", "must be a Polygon or MultiPolygon");
    if (made && is_valid(&r, made, arena)) {
        add(set, unit, made);
        return true;
    }
    if (made) GEOSGeom_destroy_r(set->geos, made);
    *ret_zh = r.zh;
    *ret_en = r.en;
    return false;
}

/* ---- WKB ----------------------------------------------------------------------------------------------------------------------------------------- */

bool area_set_add_wkb(struct area_set *set, uint32_t unit, const uint8_t *wkb, size_t len) {
    GEOSGeometry *geometry = GEOSGeomFromWKB_buf_r(set->geos, wkb, len);
    if (geometry) add(set, unit, geometry);
    return geometry != NULL;
}

uint32_t area_set_wkb(struct area_set *set, uint32_t n, struct arena *arena, const uint8_t **ret_wkb, size_t *ret_len) {
    must(n < set->count);
    unsigned char *bytes = GEOSGeomToWKB_buf_r(set->geos, set->areas[n].geometry, ret_len);
    must(bytes);
    *ret_wkb = (const uint8_t *)arena_copy(arena, bytes, *ret_len);
    must(*ret_wkb);
    GEOSFree_r(set->geos, bytes);
    return set->areas[n].unit;
}

/* ---- tiling -------------------------------------------------------------------------------------------------------------------------------------- */

static double square_metres(struct area_set *s, const GEOSGeometry *geometry) {
    double degrees = 0, south = 0, north = 0;
    if (!geometry || GEOSisEmpty_r(s->geos, geometry) == 1 || GEOSArea_r(s->geos, geometry, &degrees) != 1) return 0;
    if (!GEOSGeom_getYMin_r(s->geos, geometry, &south) || !GEOSGeom_getYMax_r(s->geos, geometry, &north)) return 0;
    return degrees * METRES_PER_DEGREE * METRES_PER_DEGREE * cos((south + north) / 2 * M_PI / 180);
}

struct looking {
    struct area_set *set;
    const struct area *area;
    double tolerance;
    void (*fn)(void *context, uint32_t a, uint32_t b, double m2);
    void *context;
};

static void on_near(void *item, void *context) {
    const struct area *other = item;
    struct looking *looking = context;
    if (other->place <= looking->area->place) return; /* each pair once */
    GEOSGeometry *common = GEOSIntersection_r(looking->set->geos, looking->area->geometry, other->geometry);
    double m2 = square_metres(looking->set, common);
    if (common) GEOSGeom_destroy_r(looking->set->geos, common);
    if (m2 > looking->tolerance) looking->fn(looking->context, looking->area->unit, other->unit, m2);
}

void area_set_overlaps(struct area_set *set, double tolerance_m2,
                       void (*fn)(void *context, uint32_t a, uint32_t b, double m2), void *context) {
    if (!set->count) return;
    GEOSSTRtree *tree = GEOSSTRtree_create_r(set->geos, NODE_CAPACITY);
    must(tree);
    for (uint32_t i = 0; i < set->count; i++)
        GEOSSTRtree_insert_r(set->geos, tree, set->areas[i].geometry, &set->areas[i]);
    for (uint32_t i = 0; i < set->count; i++) {
        struct looking looking = {set, &set->areas[i], tolerance_m2, fn, context};
        GEOSSTRtree_query_r(set->geos, tree, set->areas[i].geometry, on_near, &looking);
    }
    GEOSSTRtree_destroy_r(set->geos, tree);
}

double area_set_uncovered(struct area_set *set, const uint8_t *whole, size_t len) {
    GEOSGeometry **parts = calloc(set->count + 1, sizeof *parts);
    GEOSGeometry *all = GEOSGeomFromWKB_buf_r(set->geos, whole, len);
    must(parts);
    for (uint32_t i = 0; i < set->count; i++) parts[i] = GEOSGeom_clone_r(set->geos, set->areas[i].geometry);
    GEOSGeometry *collection = GEOSGeom_createCollection_r(set->geos, GEOS_GEOMETRYCOLLECTION, parts, set->count);
    GEOSGeometry *covered = collection ? GEOSUnaryUnion_r(set->geos, collection) : NULL;
    GEOSGeometry *rest = covered && all ? GEOSDifference_r(set->geos, all, covered) : NULL;
    double m2 = rest ? square_metres(set, rest) : -1;
    if (rest) GEOSGeom_destroy_r(set->geos, rest);
    if (covered) GEOSGeom_destroy_r(set->geos, covered);
    if (collection) GEOSGeom_destroy_r(set->geos, collection);
    if (all) GEOSGeom_destroy_r(set->geos, all);
    free(parts);
    return m2;
}

/* ---- GeoJSON out ----------------------------------------------------------------------------------------------------------------------------------- */

static void write_ring(struct json_writer *w, GEOSContextHandle_t geos, const GEOSGeometry *ring) {
    const GEOSCoordSequence *sequence = GEOSGeom_getCoordSeq_r(geos, ring);
    unsigned count = 0;
    GEOSCoordSeq_getSize_r(geos, sequence, &count);
    json_open_list(w);
    for (unsigned i = 0; i < count; i++) {
        double lon, lat;
        GEOSCoordSeq_getXY_r(geos, sequence, i, &lon, &lat);
        json_open_list(w);
        json_double(w, lon);
        json_double(w, lat);
        json_close_list(w);
    }
    json_close_list(w);
}

static void write_polygon(struct json_writer *w, GEOSContextHandle_t geos, const GEOSGeometry *polygon) {
    json_open_list(w);
    write_ring(w, geos, GEOSGetExteriorRing_r(geos, polygon));
    for (int i = 0; i < GEOSGetNumInteriorRings_r(geos, polygon); i++)
        write_ring(w, geos, GEOSGetInteriorRingN_r(geos, polygon, i));
    json_close_list(w);
}

bool area_write_geojson(struct json_writer *w, const uint8_t *wkb, size_t len) {
    GEOSContextHandle_t geos = GEOS_init_r();
    must(geos);
    GEOSGeometry *geometry = GEOSGeomFromWKB_buf_r(geos, wkb, len);
    bool many = geometry && GEOSGeomTypeId_r(geos, geometry) == GEOS_MULTIPOLYGON;
    if (geometry) {
        json_open(w);
        json_put_string(w, "type", many ? "MultiPolygon" : "Polygon");
        json_key(w, "coordinates");
        if (many) json_open_list(w);
        for (int i = 0; many && i < GEOSGetNumGeometries_r(geos, geometry); i++)
            write_polygon(w, geos, GEOSGetGeometryN_r(geos, geometry, i));
        if (!many) write_polygon(w, geos, geometry);
        if (many) json_close_list(w);
        json_close(w);
        GEOSGeom_destroy_r(geos, geometry);
    }
    GEOS_finish_r(geos);
    return geometry != NULL;
}
