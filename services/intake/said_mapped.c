/* What a source says in its own words: made ours by its mapping (kit/mapping.h), then read as ever; what is wrong is told where it
 * stands in the sender's body. */
#include <string.h>

#include "common/json.h"
#include "services/intake/said_internal.h"
#include "services/kit/mapping.h"

struct telling {
    struct said_faults *faults;
    struct arena *arena;
};

/* In the request's memory: a mapping may be replaced before a batch is answered. */
static const char *keep(struct arena *arena, const char *pointer) {
    const char *kept = arena_copy(arena, pointer, strlen(pointer));
    return kept ? kept : "";
}

static void on_wrong(void *context, int status, const char *pointer, const char *zh, const char *en) {
    struct telling *t = context;
    said_fault(t->faults, status, keep(t->arena, pointer), zh, en);
}

void said_read_as(const struct cJSON *tree, const struct reference_source *as, const struct bearer *who,
                  const struct reference *reference, const struct places *places, struct arena *arena,
                  struct said *ret_said, struct said_faults *ret_faults) {
    if (!as || !mapping_has(as->mapping, MAPPING_REQUEST)) {
        said_read(tree, who, reference, places, arena, ret_said, ret_faults);
        return;
    }
    memset(ret_said, 0, sizeof *ret_said);
    ret_faults->status = ret_faults->count = 0;
    struct telling telling = {ret_faults, arena};
    struct cJSON *ours = mapping_apply(as->mapping, MAPPING_REQUEST, as->code, tree, arena, on_wrong, &telling);
    if (!ours) return;
    said_read(ours, who, reference, places, arena, ret_said, ret_faults);
    for (int i = 0; i < ret_faults->count; i++)
        ret_faults->faults[i].pointer =
            keep(arena, mapping_pointer(as->mapping, MAPPING_REQUEST, ret_faults->faults[i].pointer));
    json_free(&ours);
}

enum err said_words_of(const struct bearer *who, const char *named, const struct reference *reference,
                       const struct reference_source **ret_source) {
    *ret_source = NULL;
    if (named)
        *ret_source = reference_source_by_code(reference, named, strlen(named));
    else if (who->source_count == 1)
        *ret_source = reference_source(reference, who->sources[0]);
    return named && !*ret_source ? ERR_NOT_FOUND : ERR_NONE;
}
