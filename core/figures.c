/* Counting by events. See figures.h; rules F1 to F10. */
#include "core/figures.h"

#include "core/lifecycle.h"
#include "core/ticket_inner.h"

/* ---- the tables ------------------------------------------------------------------------------------------------------ */

static const struct figure_row counters[FIGURE_COUNT] = {
#define COUNTER_ROW(NAME, name_, zh_, en_) [FIGURE_##NAME] = {.name = #name_, .zh = zh_, .en = en_},
    FIGURES_COUNTERS(COUNTER_ROW)};

static const struct rate_row rates[RATE_COUNT] = {
#define RATE_SUM(a, b, c)                                                                                              \
    { FIGURE_##a, FIGURE_##b, FIGURE_##c }
#define RATE_ROW(NAME, code_, version_, better_, numerator_, denominator_, zh_, en_, formula_zh_, formula_en_)         \
    [RATE_##NAME] = {.code = #code_,                                                                                   \
                     .zh = zh_,                                                                                        \
                     .en = en_,                                                                                        \
                     .formula_zh = formula_zh_,                                                                        \
                     .formula_en = formula_en_,                                                                        \
                     .numerator = numerator_,                                                                          \
                     .denominator = denominator_,                                                                      \
                     .version = version_,                                                                              \
                     .better = better_},
    FIGURES_RATES(RATE_ROW, RATE_SUM)};

const struct figure_row *figures_counter(int figure) {
    return &counters[figure > 0 && figure < FIGURE_COUNT ? figure : 0];
}

const struct rate_row *figures_rate_row(int rate) {
    return &rates[rate > 0 && rate < RATE_COUNT ? rate : 0];
}

bool figures_rate_is_share(int rate) {
    return figures_rate_row(rate)->denominator[0] != FIGURE_RECEIVED;
}

enum rate figures_rate_by_code(const char *code, size_t length) {
    for (int rate = 1; rate < RATE_COUNT; rate++) {
        size_t i = 0;
        while (i < length && rates[rate].code[i] != '\0' && rates[rate].code[i] == code[i]) i++;
        if (i == length && rates[rate].code[i] == '\0') return (enum rate)rate;
    }
    return RATE_NONE;
}

_Static_assert(FIGURE_STAYS_CALLBACK - FIGURE_STAYS_RECEIVED == STATE_CALLBACK - STATE_RECEIVED, "a counter a state");
_Static_assert(FIGURE_MS_CALLBACK - FIGURE_MS_RECEIVED == STATE_CALLBACK - STATE_RECEIVED, "a counter a state");
_Static_assert(FIGURE_ENDED_TRANSFERRED - FIGURE_ENDED_CLOSED == STATE_COUNT - 1 - STATE_CLOSED, "a counter an end");
_Static_assert(FIGURE_CLOSED_AT_POOL - FIGURE_CLOSED_AT_CENTER == UNIT_KIND_COUNT - 2, "a counter a kind of unit");
_Static_assert(FIGURE_WITHDRAWN_URGE - FIGURE_RUNG_URGE == RUNG_COUNT - 1, "a counter a rung");

/* ---- whose ticket it is ------------------------------------------------------------------------------------------------ */

static bool concerns(const struct world *world, uint32_t scope, uint32_t unit) {
    return scope == 0 || world_in_subtree(world, scope, unit);
}

static uint32_t holder(const struct ticket *t) {
    const struct assignment *lead = ticket_lead(t);
    bool holds = lead != NULL && (assignment_is_open(lead) || lead->state == ASSIGNMENT_ANSWERED);
    return holds ? lead->unit : 0;
}

/* Whether the ticket counts for the unit (F2). */
static bool has(const struct world *world, uint32_t scope, const struct ticket *t) {
    if (scope == 0) return t->state != 0;
    uint32_t unit = holder(t);
    return unit != 0 && world_in_subtree(world, scope, unit);
}

/* ---- the counters -------------------------------------------------------------------------------------------------------- */

static void count(struct figures *f, enum figure figure) {
    f->n[figure]++;
}

static void end(struct figures *f, const struct world *world, const struct ticket *ended, int64_t number) {
    f->n[FIGURE_CLOSED] += number;
    f->n[FIGURE_ENDED_CLOSED + ended->state - STATE_CLOSED] += number;
    const struct unit *handler = world_unit(world, ended->handled_by);
    if (ended->state == STATE_CLOSED && handler != NULL)
        f->n[FIGURE_CLOSED_AT_CENTER + handler->kind - UNIT_CENTER] += number;
}

/* The four counters of F1, and supervised. */
static void count_stock(struct figures *f, const struct world *world, uint32_t scope, const struct ticket *before,
                        const struct ticket *after) {
    bool was = has(world, scope, before), is = has(world, scope, after);
    bool was_open = lifecycle_is_open(before->state), is_open = lifecycle_is_open(after->state);
    if (is_open && is && !was) {
        count(f, FIGURE_RECEIVED);
    } else if (was_open && is_open && was && !is) {
        count(f, FIGURE_LEFT);
    } else if (was_open && !is_open && was) {
        end(f, world, after, 1);
    } else if (!was_open && is_open && was && is) {
        end(f, world, before, -1);
    } else if (was && is && !is_open && before->state != after->state) { /* answered outside: one end becomes another */
        end(f, world, before, -1);
        end(f, world, after, 1);
    }
    f->n[FIGURE_SUPERVISED] += (is && is_open && after->supervised) - (was && was_open && before->supervised);
}

static void count_both(struct figures *f, enum figure of, enum figure hit, bool hits) {
    f->n[of]++;
    f->n[hit] += hits;
}

static void count_way(struct figures *f, const struct ticket *before, const struct event *e) {
    if (before->assignment_last == 0) count(f, e->role == ROLE_SYSTEM ? FIGURE_BY_RULE : FIGURE_BY_HAND);
}

static void count_rung(struct figures *f, const struct effect *x) {
    if (x->reminder || x->rung == 0) return;
    f->n[FIGURE_RUNG_URGE + x->rung - RUNG_URGE]++;
    f->n[FIGURE_FALLBACKS] += x->fallback;
}

static void count_event(struct figures *f, const struct ticket *before, const struct event *e) {
    const struct effect *x = &e->effect;
    const struct assignment *about = ticket_assignment(before, x->assignment);
    bool lead = about != NULL && about->kind == ASSIGNMENT_LEAD;
    bool awaited = lead && about->turn.stage == STAGE_CONTACT;
    switch (e->type) {
    case EVENT_DISPATCHED:
        count_way(f, before, e);
        break;
    case EVENT_RETURNED:
        f->n[FIGURE_RETURNED] += lead; /* fallthrough */
    case EVENT_SIGNED:
    case EVENT_ASSIST_SIGNED:
        count_both(f, FIGURE_ANSWERED, FIGURE_ANSWERED_ON_TIME, !x->late);
        break;
    case EVENT_CONTACTED:
        if (awaited) count_both(f, FIGURE_CONTACT_DUE, FIGURE_CONTACT_ON_TIME, !x->late);
        break;
    case EVENT_FINISHED:
        if (awaited) count(f, FIGURE_CONTACT_DUE);
        count_both(f, FIGURE_FINISHED, FIGURE_FINISHED_ON_TIME, !x->late);
        break;
    case EVENT_CLOSED:
        count_both(f, FIGURE_CLOSINGS, FIGURE_CLOSED_ON_TIME, !x->late);
        break;
    case EVENT_SOLVED:
        count(f, FIGURE_REACHED);
        count_both(f, FIGURE_SOLVED, FIGURE_SATISFIED, x->satisfied);
        break;
    case EVENT_UNSOLVED:
        count(f, FIGURE_REACHED); /* fallthrough */
    case EVENT_CHECK_FAILED:
    case EVENT_MERGED_UNSOLVED:
        f->n[FIGURE_REWORKED] += x->to == STATE_HANDLING || x->to == STATE_TRIAGE;
        break;
    case EVENT_UNREACHABLE:
        count(f, FIGURE_UNREACHABLE);
        break;
    case EVENT_EXTENSION_GRANTED:
        count(f, FIGURE_EXTENDED);
        break;
    case EVENT_REOPENED:
        count(f, FIGURE_REOPENED);
        break;
    case EVENT_ARRIVED:
        count_both(f, FIGURE_ARRIVED, FIGURE_ARRIVED_ON_TIME, !x->late);
        break;
    case EVENT_SCORED:
        count(f, FIGURE_SCORES);
        f->n[FIGURE_SCORE_SUM] += x->score;
        break;
    case EVENT_URGED:
        count(f, FIGURE_URGED);
        break;
    case EVENT_SUPERVISED:
        count(f, FIGURE_SUPERVISIONS);
        break;
    case EVENT_REPLIED:
        count_both(f, FIGURE_REPLIES, FIGURE_REPLIES_ON_TIME, !x->late);
        break;
    case EVENT_CARD_WITHDRAWN:
        if (x->rung != 0) f->n[FIGURE_WITHDRAWN_URGE + x->rung - RUNG_URGE]++;
        break;
    case EVENT_RUNG:
        count_rung(f, x);
        break;
    default:
        break;
    }
}

/* The whistle is the lead's; being called is each department's. */
static void count_whistle(struct figures *f, const struct world *world, uint32_t scope, const struct ticket *before,
                          const struct event *e) {
    if (e->type != EVENT_WHISTLED) return;
    f->n[FIGURE_WHISTLES] += has(world, scope, before);
    for (uint16_t i = 0; i < e->effect.units_count; i++)
        f->n[FIGURE_CALLED] += concerns(world, scope, e->effect.units[i]);
}

static void count_time(struct figures *f, const struct ticket *before, const struct ticket *after, time_ms at) {
    if (!lifecycle_is_open(before->state)) return;
    bool stays = after->state == before->state;
    if (stays && after->entered_at == before->entered_at) return;
    f->n[FIGURE_MS_RECEIVED + before->state - STATE_RECEIVED] += at - before->entered_at;
    f->n[FIGURE_STAYS_RECEIVED + before->state - STATE_RECEIVED] += !stays;
}

void figures_fold(struct figures *figures, const struct world *world, uint32_t unit, const struct ticket *before,
                  const struct ticket *after, const struct event *event) {
    count_stock(figures, world, unit, before, after);
    if (has(world, unit, before)) count_time(figures, before, after, event->at);
    if (concerns(world, unit, event->effect.unit)) count_event(figures, before, event);
    count_whistle(figures, world, unit, before, event);
}

void figures_move(struct figures *from, struct figures *to, const struct world *world, uint32_t unit,
                  const struct ticket *before) {
    if (!has(world, unit, before)) return;
    from->n[FIGURE_RECEIVED]--;
    to->n[FIGURE_RECEIVED]++;
    if (!lifecycle_is_open(before->state)) {
        end(from, world, before, -1);
        end(to, world, before, 1);
    } else if (before->supervised) {
        from->n[FIGURE_SUPERVISED]--;
        to->n[FIGURE_SUPERVISED]++;
    }
}

/* ---- whom an event concerns ------------------------------------------------------------------------------------------------ */

static size_t add_chain(const struct world *world, uint32_t id, uint32_t *units, size_t number) {
    for (const struct unit *u = world_unit(world, id); u != NULL; u = world_unit(world, u->parent)) {
        if (u->kind == UNIT_CENTER || u->kind == UNIT_DISTRICT) continue;
        for (size_t i = 1; i < number; i++)
            if (units[i] == u->id) return number; /* and so is all above it */
        if (number == FIGURES_SCOPES_MAX) return number;
        units[number++] = u->id;
    }
    return number;
}

size_t figures_scopes(const struct world *world, const struct ticket *before, const struct ticket *after,
                      const struct event *event, uint32_t ret_units[FIGURES_SCOPES_MAX]) {
    ret_units[0] = 0;
    size_t number = add_chain(world, holder(before), ret_units, 1);
    number = add_chain(world, holder(after), ret_units, number);
    number = add_chain(world, event->effect.unit, ret_units, number);
    if (event->type == EVENT_WHISTLED)
        for (uint16_t i = 0; i < event->effect.units_count; i++)
            number = add_chain(world, event->effect.units[i], ret_units, number);
    return number;
}

/* ---- sums --------------------------------------------------------------------------------------------------------------------- */

void figures_add(struct figures *figures, const struct figures *more) {
    for (int i = 0; i < FIGURE_COUNT; i++) figures->n[i] += more->n[i];
}

int64_t figures_in_progress(const struct figures *f) {
    return f->n[FIGURE_RECEIVED] - f->n[FIGURE_CLOSED] - f->n[FIGURE_LEFT];
}

struct figure_rate figures_rate(const struct figures *figures, int rate) {
    const struct rate_row *row = figures_rate_row(rate);
    struct figure_rate sum = {0, 0};
    for (int i = 0; i < FIGURES_SUM_MAX; i++) {
        sum.hit += figures->n[row->numerator[i]];
        sum.of += figures->n[row->denominator[i]];
    }
    return sum;
}

int32_t figures_permille(struct figure_rate r) {
    if (r.of <= 0) return -1;
    int64_t doubled = r.hit * 2000;
    return doubled <= 0 ? 0 : (int32_t)((doubled + r.of) / (2 * r.of));
}

bool figures_hold(const struct figures *f) {
    int64_t in_progress = figures_in_progress(f), supervised = f->n[FIGURE_SUPERVISED];
    return supervised >= 0 && supervised <= in_progress && in_progress >= 0 && f->n[FIGURE_CLOSED] >= 0;
}

bool figures_cards_hold(const struct figures *f) {
    for (int rung = 0; rung <= RUNG_RED_CARD - RUNG_URGE; rung++) {
        if (f->n[FIGURE_WITHDRAWN_URGE + rung] > f->n[FIGURE_RUNG_URGE + rung]) return false;
    }
    return true;
}
