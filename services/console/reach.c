/* See reach.h. */
#include "services/console/reach.h"

#include <string.h>

struct reach reach_of(const struct world *world, const struct who *who, int action) {
    struct reach reach = {0};
    const struct unit *unit = world_unit(world, who->principal.unit);
    switch (access_scope(who->principal.role, action)) {
    case SCOPE_ALL:
        reach.everything = true;
        break;
    case SCOPE_OWN:
    case SCOPE_PLACE:
        if (!unit) break;
        reach.everything = unit->kind == UNIT_CENTER || unit->kind == UNIT_DISTRICT; /* rule A4 */
        reach.root = reach.everything ? 0 : unit->id;
        break;
    case SCOPE_SOURCE:
        reach.source_count = who->source_count;
        memcpy(reach.sources, who->sources, sizeof reach.sources);
        break;
    case SCOPE_NONE:
        break;
    }
    return reach;
}

bool reach_is_empty(const struct reach *reach) {
    return !reach->everything && reach->root == 0 && reach->source_count == 0;
}

bool reach_has_unit(const struct reach *reach, const struct world *world, uint32_t unit) {
    return reach->everything || (reach->root && world_in_subtree(world, reach->root, unit));
}

bool reach_has_source(const struct reach *reach, uint32_t source) {
    for (int i = 0; i < reach->source_count; i++)
        if (reach->sources[i] == source) return true;
    return reach->everything;
}

void reach_units_text(const struct world *world, uint32_t root, struct buffer *to) {
    char before = '{';
    for (uint32_t id = 1; id < world->unit_count; id++) {
        if (!world_in_subtree(world, root, id)) continue;
        buffer_append_byte(to, (uint8_t)before);
        buffer_append_int(to, id);
        before = ',';
    }
    if (before == '{') buffer_append_byte(to, '{');
    buffer_append_byte(to, '}');
}

void reach_sources_text(const struct reach *reach, struct buffer *to) {
    buffer_append_byte(to, '{');
    for (int i = 0; i < reach->source_count; i++) {
        if (i) buffer_append_byte(to, ',');
        buffer_append_int(to, reach->sources[i]);
    }
    buffer_append_byte(to, '}');
}
