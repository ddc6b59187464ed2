/* The sources of the reference data, from their rows (reference.c asks for them), with the mapping of each that has one. */
#include <cjson/cJSON.h>
#include <stdio.h>

#include "common/json.h"
#include "common/log.h"
#include "proto/must.h"
#include "services/kit/mapping.h"
#include "services/kit/reference_parts.h"

static const char *copy(struct arena *arena, const struct db_result *rows, int i, int column) {
    size_t len;
    const char *text = db_get_text(rows, i, column, &len);
    char *kept = arena_copy(arena, text ? text : "", len);
    must(kept);
    return kept;
}

static void on_wrong(void *context, int status, const char *pointer, const char *zh, const char *en) {
    (void)status, (void)zh;
    log_error("mapping_unreadable", LOG_TEXT("source", context), LOG_TEXT("pointer", pointer), LOG_TEXT("why", en));
}

/* It was checked when it was loaded. One that this version cannot read leaves its source without: what it sends is refused by field. */
static const struct mapping *read_mapping(struct arena *arena, const struct db_result *rows, int i, char *code) {
    size_t len;
    const char *text = db_get_text(rows, i, 5, &len);
    struct cJSON *tree = NULL;
    struct json_fault fault;
    if (!len) return NULL;
    if (json_parse(text, len, NULL, &tree, &fault) != ERR_NONE) {
        log_error("mapping_unreadable", LOG_TEXT("source", code));
        return NULL;
    }
    const struct mapping *mapping = mapping_read(tree, arena, on_wrong, code);
    json_free(&tree);
    return mapping;
}

void reference_read_sources(struct arena *arena, const struct db_result *rows, struct reference *reference) {
    uint32_t count = (uint32_t)db_rows(rows);
    struct reference_source *sources = arena_zeroed(arena, count + 1, sizeof *sources);
    must(sources);
    for (uint32_t i = 0; i < count; i++) {
        struct reference_source *source = &sources[i];
        *source = (struct reference_source){.id = (uint32_t)db_get_int(rows, (int)i, 0),
                                            .channel = (uint8_t)db_get_int(rows, (int)i, 2),
                                            .name_zh = copy(arena, rows, (int)i, 3),
                                            .name_en = copy(arena, rows, (int)i, 4)};
        snprintf(source->code, sizeof source->code, "%s", copy(arena, rows, (int)i, 1));
        source->mapping = read_mapping(arena, rows, (int)i, source->code);
    }
    reference->sources = sources;
    reference->source_count = count;
}
