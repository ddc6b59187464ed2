/* See directory.h. */
#include "services/console/directory.h"

#include <stdio.h>
#include <string.h>

#include "services/console/area.h"
#include "services/console/ticket_json.h"

/* ---- units ----------------------------------------------------------------------------------------------------------------------------- */

static void put_one_unit(struct json_writer *w, const struct reference *reference, uint32_t id) {
    const struct unit *unit = &reference->world.units[id];
    const struct reference_unit *names = &reference->units[id];
    json_open(w);
    json_put_string(w, "code", names->code);
    json_put_string(w, "kind", word_text(WORDS_unit_kind, unit->kind));
    json_put_string(w, "parent", unit->parent ? reference_unit_code(reference, unit->parent) : NULL);
    put_names(w, "name", names->name_zh, names->name_en);
    if (names->lon != 0 || names->lat != 0) {
        json_put_double(w, "lon", names->lon);
        json_put_double(w, "lat", names->lat);
    }
    json_put_bool(w, "dedicated", unit->dedicated);
    json_put_bool(w, "closed", unit->closed);
    json_close(w);
}

void directory_units_get(struct call *call) {
    const struct reference *reference = call->reference;
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_int(w, "world", reference->world.version);
    json_put_open_list(w, "units");
    for (uint32_t id = 1; id < reference->world.unit_count; id++)
        if (reference->world.units[id].kind) put_one_unit(w, reference, id);
    json_close_list(w);
    json_close(w);
    call_answer(call, 200);
}

/* ---- matters --------------------------------------------------------------------------------------------------------------------------- */

static void put_one_matter(struct json_writer *w, const struct reference *reference, uint32_t i) {
    const struct matter *matter = &reference->world.matters[i];
    const struct reference_matter *names = &reference->matters[i];
    char code[12];
    snprintf(code, sizeof code, "%06u", matter->code);
    json_open(w);
    json_put_string(w, "code", code);
    put_names(w, "name", names->name_zh, names->name_en);
    put_names(w, "group", names->level1_zh, names->level1_en);
    put_names(w, "subgroup", names->level2_zh, names->level2_en);
    json_put_string(w, "department", reference_unit_code(reference, matter->department));
    json_put_string(w, "start", word_text(WORDS_unit_kind, matter->start));
    json_put_string(w, "urgency", word_text(WORDS_urgency, matter->urgency));
    json_close(w);
}

void directory_matters_get(struct call *call) {
    const struct reference *reference = call->reference;
    struct json_writer *w = call_json(call);
    json_open(w);
    json_put_int(w, "world", reference->world.version);
    json_put_open_list(w, "matters");
    for (uint32_t i = 0; i < reference->world.matter_count; i++) put_one_matter(w, reference, i);
    json_close_list(w);
    json_close(w);
    call_answer(call, 200);
}

/* ---- areas ----------------------------------------------------------------------------------------------------------------------------- */

static void put_one_area(struct json_writer *w, const struct reference *reference, uint32_t id) {
    const struct unit *unit = &reference->world.units[id];
    const struct reference_unit *names = &reference->units[id];
    json_open(w);
    json_put_string(w, "type", "Feature");
    json_put_open(w, "properties");
    json_put_string(w, "code", names->code);
    json_put_string(w, "kind", word_text(WORDS_unit_kind, unit->kind));
    json_put_string(w, "parent", unit->parent ? reference_unit_code(reference, unit->parent) : NULL);
    json_put_bool(w, "dedicated", unit->dedicated);
    put_names(w, "name", names->name_zh, names->name_en);
    json_close(w);
    json_key(w, "geometry");
    if (!area_write_geojson(w, names->area, names->area_len)) json_null(w);
    json_close(w);
}

void directory_put_areas(struct json_writer *w, const struct reference *reference, int kind, uint32_t root) {
    const struct world *world = &reference->world;
    json_put_string(w, "type", "FeatureCollection");
    json_put_open_list(w, "features");
    for (uint32_t id = 1; id < world->unit_count; id++) {
        const struct unit *unit = &world->units[id];
        bool wanted = unit->kind && !unit->closed && (!kind || unit->kind == kind) &&
                      (!root || world_in_subtree(world, root, id));
        if (wanted && reference->units[id].area) put_one_area(w, reference, id);
    }
    json_close_list(w);
}

void directory_areas_get(struct call *call) {
    int kind = call_query_word(call, "kind", WORDS_unit_kind);
    uint32_t root = call_query_unit(call, "unit");
    if (call_is_wrong(call, 400)) return;
    struct json_writer *w = call_json(call);
    json_open(w);
    directory_put_areas(w, call->reference, kind, root);
    json_close(w);
    call_answer(call, 200);
}
