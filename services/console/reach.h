/* What a principal sees of an action, as a set of units or sources: the form in which the database and the live queues use
 * core/access.h. Single tickets are decided by core itself. */
#ifndef CONSOLE_REACH_H
#define CONSOLE_REACH_H

#include "common/buffer.h"
#include "core/access.h"
#include "services/kit/who.h"

struct reach {
    bool everything;
    uint32_t root; /* else: this unit and all below it; 0: none */
    uint16_t source_count;
    uint32_t sources[WHO_SOURCES_MAX]; /* else: what came from these */
};

struct reach reach_of(const struct world *world, const struct who *who, int action);
/* Whether it holds anything at all. */
bool reach_is_empty(const struct reach *reach);
bool reach_has_unit(const struct reach *reach, const struct world *world, uint32_t unit);
bool reach_has_source(const struct reach *reach, uint32_t source);
/* "{12,13}": the units at and below `root`, as PostgreSQL writes an array. Appended. */
void reach_units_text(const struct world *world, uint32_t root, struct buffer *to);
void reach_sources_text(const struct reach *reach, struct buffer *to);

#endif
