/* Areas of units as GeoJSON: a FeatureCollection whose features name a unit in properties.code. Units in the file get their area;
 * others keep theirs. Whether basic grids overlap or leave gaps is told as a warning: a point in no grid goes to an operator. */
#include <string.h>

#include <cjson/cJSON.h>

#include "common/json.h"
#include "proto/must.h"
#include "services/console/area.h"
#include "services/console/import.h"

enum { VALUES_MAX = 4 << 20 };
static const double TOLERANCE_M2 = 10, GAP_M2 = 100;

struct plan {
    struct {
        uint32_t unit;
        const uint8_t *wkb;
        size_t len;
    } * areas;
    uint32_t count;
    bool *in_file; /* by unit */
};

static const struct db_statement STORE = {
    "import_areas",
    "UPDATE unit SET area = a.area FROM unnest($1::int4[], $2::bytea[]) AS a (id, area) WHERE unit.id = a.id"};

/* ---- features ------------------------------------------------------------------------------------------------------------------------------------- */

static uint32_t unit_of(struct import *in, size_t number, const cJSON *feature) {
    const cJSON *properties = cJSON_GetObjectItemCaseSensitive(feature, "properties");
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(properties, "code");
    if (!cJSON_IsString(code)) {
        import_fault(in, number, "properties/code", "缺少单位编码", "the unit's code is missing");
        return 0;
    }
    uint32_t unit = reference_unit_by_code(in->reference, code->valuestring, strlen(code->valuestring));
    if (!unit)
        import_fault(in, number, "properties/code", import_printf(in, "没有单位 “%.20s”", code->valuestring),
                     import_printf(in, "there is no unit \"%.20s\"", code->valuestring));
    return unit;
}

static void read_feature(struct import *in, struct area_set *set, const cJSON *feature) {
    struct plan *plan = in->plan;
    size_t number = (size_t)++in->rows;
    const char *zh, *en;
    uint32_t unit = unit_of(in, number, feature);
    if (!unit) return;
    if (plan->in_file[unit]) {
        import_fault(in, number, "properties/code", "单位在文件中重复", "the unit stands in the file twice");
        return;
    }
    plan->in_file[unit] = true;
    *(in->reference->units[unit].area ? &in->updated : &in->created) += 1;
    if (!area_set_add_geojson(set, unit, cJSON_GetObjectItemCaseSensitive(feature, "geometry"), &in->arena, &zh, &en))
        import_fault(in, number, "geometry", zh, en);
}

/* ---- do the grids tile? ------------------------------------------------------------------------------------------------------------------------------ */

static bool is_basic_grid(const struct reference *reference, uint32_t unit) {
    const struct unit *u = &reference->world.units[unit];
    return u->kind == UNIT_GRID && !u->dedicated && !u->closed;
}

static void on_overlap(void *context, uint32_t a, uint32_t b, double m2) {
    struct import *in = context;
    const char *x = reference_unit_code(in->reference, a), *y = reference_unit_code(in->reference, b);
    import_warn(in, import_printf(in, "网格 %s 与 %s 重叠 %.0f 平方米", x, y, m2),
                import_printf(in, "grids %s and %s overlap by %.0f square metres", x, y, m2));
}

static void check_tiling(struct import *in) {
    const struct plan *plan = in->plan;
    const struct reference *reference = in->reference;
    struct area_set *grids = area_set_new();
    const uint8_t *district = NULL;
    size_t district_len = 0;
    for (uint32_t i = 0; i < plan->count; i++) {
        if (is_basic_grid(reference, plan->areas[i].unit))
            (void)!area_set_add_wkb(grids, plan->areas[i].unit, plan->areas[i].wkb, plan->areas[i].len);
        if (plan->areas[i].unit != reference->world.district) continue;
        district = plan->areas[i].wkb;
        district_len = plan->areas[i].len;
    }
    for (uint32_t unit = 1; unit < reference->world.unit_count; unit++) {
        const struct reference_unit *names = &reference->units[unit];
        if (plan->in_file[unit] || !names->area) continue;
        if (is_basic_grid(reference, unit)) (void)!area_set_add_wkb(grids, unit, names->area, names->area_len);
        if (unit != reference->world.district) continue;
        district = names->area;
        district_len = names->area_len;
    }
    area_set_overlaps(grids, TOLERANCE_M2, on_overlap, in);
    double gap = district && area_set_count(grids) ? area_set_uncovered(grids, district, district_len) : 0;
    if (gap > GAP_M2)
        import_warn(in, import_printf(in, "区内有 %.0f 平方米不属于任何网格", gap),
                    import_printf(in, "%.0f square metres of the district lie in no grid", gap));
    area_set_free(&grids);
}

static void keep(struct import *in, struct area_set *set) {
    struct plan *plan = in->plan;
    plan->count = area_set_count(set);
    plan->areas = import_take(in, plan->count, sizeof *plan->areas);
    for (uint32_t i = 0; i < plan->count; i++)
        plan->areas[i].unit = area_set_wkb(set, i, &in->arena, &plan->areas[i].wkb, &plan->areas[i].len);
}

static void read_features(struct import *in, const cJSON *tree) {
    const cJSON *features = cJSON_GetObjectItemCaseSensitive(tree, "features");
    if (!cJSON_IsArray(features)) {
        import_fault(in, 0, "", "须为 GeoJSON FeatureCollection", "must be a GeoJSON FeatureCollection");
        return;
    }
    struct area_set *set = area_set_new();
    for (const cJSON *feature = features->child; feature; feature = feature->next) read_feature(in, set, feature);
    keep(in, set);
    area_set_free(&set);
    if (!in->fault_count) check_tiling(in);
}

static void check(struct import *in) {
    struct plan *plan = in->plan = import_take(in, 1, sizeof *plan);
    struct json_limits limits = {.bytes_max = IMPORT_BODY_MAX, .depth_max = 16, .values_max = VALUES_MAX};
    struct json_fault fault;
    cJSON *tree;
    plan->in_file = import_take(in, in->reference->world.unit_count, sizeof *plan->in_file);
    if (json_parse(in->bytes, in->len, &limits, &tree, &fault) != ERR_NONE) {
        struct sentence said = json_sentence(fault.wrong);
        import_fault(in, 0, "", import_printf(in, "%s (第 %zu 字节)", said.zh, fault.offset),
                     import_printf(in, "%s (byte %zu)", said.en, fault.offset));
        return;
    }
    read_features(in, tree);
    json_free(&tree);
}

static void store(struct import *in) {
    const struct plan *plan = in->plan;
    struct db_call *call = call_add(in->call, &STORE);
    db_set_array(call, 1, DB_INT4);
    db_set_array(call, 2, DB_BYTEA);
    for (uint32_t i = 0; i < plan->count; i++) {
        db_push_int4(call, 1, (int32_t)plan->areas[i].unit);
        db_push_bytes(call, 2, plan->areas[i].wkb, plan->areas[i].len);
    }
}

void import_areas(struct call *call) {
    static const struct import_kind kind = {
        .name = "areas", .tables = "{unit}", .geojson = true, .check = check, .store = store};
    import_start(call, &kind, NULL);
}
