/* The routing rules of the reference data, from their rows (reference.c asks for them). */
#include "common/db.h"
#include "proto/must.h"
#include "services/kit/rule_text.h"

static const char *copy(struct arena *arena, const struct db_result *rows, int i, int column) {
    size_t len;
    const char *text = db_get_text(rows, i, column, &len);
    char *kept = arena_copy(arena, text ? text : "", len);
    must(kept);
    return kept;
}

static uint32_t u32(const struct db_result *rows, int i, int column) {
    return (uint32_t)db_get_int(rows, i, column);
}

static void read_rule(struct arena *arena, const struct db_result *rows, int i, struct rule *rule,
                      struct reference_rule *texts) {
    *rule = (struct rule){.no = u32(rows, i, 0),
                          .priority = (int32_t)db_get_int(rows, i, 3),
                          .disabled = db_get_bool(rows, i, 4),
                          .from = db_get_int(rows, i, 5),
                          .to = db_get_int(rows, i, 6),
                          .without_matter = db_get_bool(rows, i, 7),
                          .matter_from = u32(rows, i, 8),
                          .matter_to = u32(rows, i, 9),
                          .place = u32(rows, i, 10),
                          .source = u32(rows, i, 11),
                          .channels = (uint16_t)db_get_int(rows, i, 12),
                          .hours = (uint8_t)db_get_int(rows, i, 13),
                          .weekdays = (uint8_t)db_get_int(rows, i, 14),
                          .minute_from = (uint16_t)db_get_int(rows, i, 15),
                          .minute_to = (uint16_t)db_get_int(rows, i, 16),
                          .target = (uint8_t)db_get_int(rows, i, 18),
                          .unit = u32(rows, i, 19),
                          .urgency = (uint8_t)db_get_int(rows, i, 24),
                          .matter = u32(rows, i, 25)};
    for (int a = 0; a < RULE_ASSISTS_MAX; a++) {
        uint32_t assist = u32(rows, i, 20 + a);
        if (assist) rule->assists[rule->assist_count++] = assist;
    }
    *texts = (struct reference_rule){.version = u32(rows, i, 1),
                                     .changed_at = db_get_int(rows, i, 28),
                                     .name = copy(arena, rows, i, 2),
                                     .words = copy(arena, rows, i, 17),
                                     .note = copy(arena, rows, i, 26),
                                     .author = copy(arena, rows, i, 27)};
}

void reference_read_rules(struct arena *arena, const struct db_result *rows, struct reference *reference) {
    uint32_t count = (uint32_t)db_rows(rows);
    struct rule *rules = arena_zeroed(arena, count + 1, sizeof *rules);
    struct reference_rule *texts = arena_zeroed(arena, count + 1, sizeof *texts);
    must(rules && texts);
    for (uint32_t i = 0; i < count; i++) read_rule(arena, rows, (int)i, &rules[i], &texts[i]);
    rule_text_seal(arena, rules, texts, count, reference);
}
