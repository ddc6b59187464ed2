/* Looking things up in a snapshot: codes become numbers, numbers become names. See reference.h. */
#include <string.h>

#include "core/rule.h"
#include "services/kit/reference_snapshot.h"

uint32_t reference_unit_by_code(const struct reference *reference, const char *code, size_t len) {
    const struct snapshot *s = (const struct snapshot *)reference;
    uint32_t low = 0, high = s->by_code_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const char *there = reference->units[s->by_code[middle]].code;
        int order = strncmp(code, there, len);
        if (order == 0 && !there[len]) return s->by_code[middle];
        if (order > 0)
            low = middle + 1;
        else
            high = middle; /* also when `code` is only the beginning of `there` */
    }
    return 0;
}

const struct reference_source *reference_source_by_code(const struct reference *reference, const char *code,
                                                        size_t len) {
    for (uint32_t i = 0; i < reference->source_count; i++)
        if (strlen(reference->sources[i].code) == len && !memcmp(reference->sources[i].code, code, len))
            return &reference->sources[i];
    return NULL;
}

const struct reference_source *reference_source(const struct reference *reference, uint32_t id) {
    for (uint32_t i = 0; i < reference->source_count; i++)
        if (reference->sources[i].id == id) return &reference->sources[i];
    return NULL;
}

const struct reference_matter *reference_matter(const struct reference *reference, uint32_t code) {
    const struct matter *m = world_matter(&reference->world, code);
    return m ? &reference->matters[m - reference->world.matters] : NULL;
}

const char *reference_rule_name(const struct reference *reference, uint32_t no) {
    const struct rule *rule = rule_by_no(&reference->world, no);
    return rule ? reference->rules[rule - reference->world.rules].name : "";
}

const char *reference_unit_code(const struct reference *reference, uint32_t unit) {
    return unit < reference->world.unit_count ? reference->units[unit].code : "";
}

const char *reference_unit_name(const struct reference *reference, uint32_t unit, bool english) {
    if (unit >= reference->world.unit_count) return "";
    return english ? reference->units[unit].name_en : reference->units[unit].name_zh;
}

const char *reference_person_login(const struct reference *reference, int64_t person) {
    for (uint32_t i = 0; i < reference->world.quiet_count; i++)
        if (reference->world.quiets[i].person == person) return reference->logins[i];
    return "";
}
