/* Weighing rates. See score.h; rules F13 to F15. */
#include "core/score.h"

bool score_in_force(const struct score_rule *rule, int32_t day) {
    return rule->from_day <= day && (rule->to_day == 0 || day <= rule->to_day);
}

bool score_leaves_out(const struct score_rule *rules, size_t count, int32_t day, int rate, uint32_t matter,
                      int channel) {
    for (size_t i = 0; i < count; i++) {
        const struct score_rule *r = &rules[i];
        if (r->kind != SCORE_EXCLUSION || r->unit != 0 || !score_in_force(r, day)) continue;
        if (r->rate != 0 && r->rate != rate) continue;
        if (r->channel != 0 && r->channel != channel) continue;
        if (r->matter_to != 0 && (matter < r->matter_from || matter > r->matter_to)) continue;
        return true;
    }
    return false;
}

static bool is_excluded(const struct score_rule *rules, size_t count, int32_t day, const struct unit *unit) {
    for (size_t i = 0; unit != NULL && i < count; i++)
        if (rules[i].kind == SCORE_EXCLUSION && rules[i].unit == unit->id && score_in_force(&rules[i], day))
            return true;
    return false;
}

/* The unit's own, else its kind's, else everybody's. */
static int32_t coefficient_of(const struct score_rule *rules, size_t count, int32_t day, const struct unit *unit) {
    int32_t value = 1000;
    int best = 0;
    for (size_t i = 0; unit != NULL && i < count; i++) {
        const struct score_rule *r = &rules[i];
        if (r->kind != SCORE_COEFFICIENT || !score_in_force(r, day)) continue;
        int fits = r->unit == unit->id ? 3 : r->unit != 0 ? 0 : r->unit_kind == unit->kind ? 2 : r->unit_kind == 0;
        if (fits <= best) continue;
        best = fits;
        value = r->value;
    }
    return value;
}

static bool has_own_weights(const struct score_rule *rules, size_t count, int32_t day, int unit_kind) {
    for (size_t i = 0; i < count; i++)
        if (rules[i].kind == SCORE_WEIGHT && rules[i].unit_kind == unit_kind && score_in_force(&rules[i], day))
            return true;
    return false;
}

void score_of(const struct score_rule *rules, size_t count, int32_t day, const struct unit *unit,
              const struct figure_rate of_rates[RATE_COUNT], struct score *ret_score) {
    int64_t sum = 0, weights = 0;
    int unit_kind = unit != NULL ? unit->kind : 0;
    if (!has_own_weights(rules, count, day, unit_kind)) unit_kind = 0;
    *ret_score = (struct score){.hundredths = -1,
                                .coefficient = coefficient_of(rules, count, day, unit),
                                .excluded = is_excluded(rules, count, day, unit)};
    for (size_t i = 0; i < count && ret_score->line_count < RATE_COUNT; i++) {
        const struct score_rule *r = &rules[i];
        if (r->kind != SCORE_WEIGHT || r->unit_kind != unit_kind || !score_in_force(r, day)) continue;
        int32_t permille = figures_permille(of_rates[r->rate]);
        if (permille >= 0 && figures_rate_row(r->rate)->better < 0) permille = permille < 1000 ? 1000 - permille : 0;
        ret_score->lines[ret_score->line_count++] = (struct score_line){r->rate, r->value, permille};
        if (permille < 0) continue;
        sum += (int64_t)r->value * permille;
        weights += r->value;
    }
    if (weights == 0 || ret_score->excluded) return;
    /* permille to hundredths of a point is ten times, and the coefficient is in thousandths */
    ret_score->hundredths = (int32_t)((sum * ret_score->coefficient * 2 + weights * 100) / (weights * 200));
}
