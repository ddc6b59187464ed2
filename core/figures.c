/* Counting by events. See figures.h; rules F1 to F7. */
#include "core/figures.h"

#include "core/lifecycle.h"
#include "core/ticket_inner.h"

static bool concerns(const struct world *world, uint32_t scope, uint32_t unit) {
    return scope == 0 || world_in_subtree(world, scope, unit);
}

/* Whether the ticket counts for the unit (F2). */
static bool has(const struct world *world, uint32_t scope, const struct ticket *t) {
    if (scope == 0) return t->state != 0;
    const struct assignment *lead = ticket_lead(t);
    bool holds = lead != NULL && (assignment_is_open(lead) || lead->state == ASSIGNMENT_ANSWERED);
    return holds && world_in_subtree(world, scope, lead->unit);
}

static void end(struct figures *f, const struct world *world, const struct ticket *ended, int64_t count) {
    f->closed += count;
    f->in_progress -= count;
    f->ended[ended->state] += count;
    const struct unit *handler = world_unit(world, ended->handled_by);
    if (ended->state == STATE_CLOSED && handler != NULL) f->closed_at[handler->kind] += count;
}

/* The four counters of F1, and supervised. */
static void count_stock(struct figures *f, const struct world *world, uint32_t scope, const struct ticket *before,
                        const struct ticket *after) {
    bool was = has(world, scope, before), is = has(world, scope, after);
    bool was_open = lifecycle_is_open(before->state), is_open = lifecycle_is_open(after->state);
    if (is_open && is && !was) {
        f->received++;
        f->in_progress++;
    } else if (was_open && is_open && was && !is) {
        f->left++;
        f->in_progress--;
    } else if (was_open && !is_open && was) {
        end(f, world, after, 1);
    } else if (!was_open && is_open && was && is) {
        end(f, world, before, -1);
    } else if (was && is && !is_open && before->state != after->state) { /* answered outside: one end becomes another */
        end(f, world, before, -1);
        end(f, world, after, 1);
    }
    f->supervised -= was && was_open && before->supervised;
    f->supervised += is && is_open && after->supervised;
    f->returned.of = f->reworked.of = f->extended.of = f->received;
}

static void rate(struct figure_rate *r, bool hit) {
    r->of++;
    r->hit += hit;
}

static void count_event(struct figures *f, const struct ticket *before, const struct event *e) {
    const struct effect *x = &e->effect;
    const struct assignment *about = ticket_assignment(before, x->assignment);
    bool lead = about != NULL && about->kind == ASSIGNMENT_LEAD;
    bool awaited = lead && about->turn.stage == STAGE_CONTACT;
    switch (e->type) {
    case EVENT_RETURNED:
        f->returned.hit += lead; /* fallthrough */
    case EVENT_SIGNED:
    case EVENT_ASSIST_SIGNED:
        rate(&f->sign_on_time, !x->late);
        break;
    case EVENT_CONTACTED:
        if (awaited) rate(&f->contact_on_time, !x->late);
        break;
    case EVENT_FINISHED:
        if (awaited) rate(&f->contact_on_time, false);
        rate(&f->finish_on_time, !x->late);
        break;
    case EVENT_CLOSED:
        rate(&f->close_on_time, !x->late);
        break;
    case EVENT_SOLVED:
        rate(&f->solved, true);
        rate(&f->satisfied, x->satisfied);
        break;
    case EVENT_UNSOLVED:
        rate(&f->solved, false); /* fallthrough */
    case EVENT_CHECK_FAILED:
    case EVENT_MERGED_UNSOLVED:
        f->reworked.hit += x->to == STATE_HANDLING || x->to == STATE_TRIAGE;
        break;
    case EVENT_EXTENSION_GRANTED:
        f->extended.hit++;
        break;
    case EVENT_ARRIVED:
        rate(&f->arrived_on_time, !x->late);
        break;
    case EVENT_URGED:
        f->urged++;
        break;
    case EVENT_SUPERVISED:
        f->supervisions++;
        break;
    case EVENT_REPLIED:
        f->replies++;
        break;
    case EVENT_CARD_WITHDRAWN:
        f->cards_withdrawn[x->rung]++;
        break;
    case EVENT_RUNG:
        if (x->reminder) break;
        f->rungs[x->rung]++;
        f->fallbacks += x->fallback;
        break;
    default:
        break;
    }
}

static void count_time(struct figures *f, const struct ticket *before, const struct ticket *after, time_ms at) {
    if (!lifecycle_is_open(before->state)) return;
    bool stays = after->state == before->state;
    if (stays && after->entered_at == before->entered_at) return;
    f->time_in[before->state].total_ms += at - before->entered_at;
    f->time_in[before->state].stays += !stays;
}

void figures_fold(struct figures *figures, const struct world *world, uint32_t unit, const struct ticket *before,
                  const struct ticket *after, const struct event *event) {
    count_stock(figures, world, unit, before, after);
    if (has(world, unit, before)) count_time(figures, before, after, event->at);
    if (concerns(world, unit, event->effect.unit)) count_event(figures, before, event);
}

static void add_rate(struct figure_rate *r, struct figure_rate more) {
    r->of += more.of;
    r->hit += more.hit;
}

void figures_add(struct figures *figures, const struct figures *more) {
    figures->received += more->received;
    figures->closed += more->closed;
    figures->left += more->left;
    figures->in_progress += more->in_progress;
    figures->supervised += more->supervised;
    add_rate(&figures->sign_on_time, more->sign_on_time);
    add_rate(&figures->contact_on_time, more->contact_on_time);
    add_rate(&figures->finish_on_time, more->finish_on_time);
    add_rate(&figures->close_on_time, more->close_on_time);
    add_rate(&figures->solved, more->solved);
    add_rate(&figures->satisfied, more->satisfied);
    add_rate(&figures->returned, more->returned);
    add_rate(&figures->reworked, more->reworked);
    add_rate(&figures->extended, more->extended);
    add_rate(&figures->arrived_on_time, more->arrived_on_time);
    for (int i = 0; i < STATE_COUNT; i++) {
        figures->ended[i] += more->ended[i];
        figures->time_in[i].stays += more->time_in[i].stays;
        figures->time_in[i].total_ms += more->time_in[i].total_ms;
    }
    for (int i = 0; i < UNIT_KIND_COUNT; i++) figures->closed_at[i] += more->closed_at[i];
    for (int i = 0; i < RUNG_COUNT; i++) {
        figures->rungs[i] += more->rungs[i];
        figures->cards_withdrawn[i] += more->cards_withdrawn[i];
    }
    figures->fallbacks += more->fallbacks;
    figures->urged += more->urged;
    figures->supervisions += more->supervisions;
    figures->replies += more->replies;
}

int32_t figures_permille(struct figure_rate r) {
    if (r.of <= 0) return -1;
    return (int32_t)((r.hit * 2000 + r.of) / (2 * r.of));
}

bool figures_hold(const struct figures *figures) {
    return figures->received == figures->closed + figures->left + figures->in_progress && figures->supervised >= 0 &&
           figures->supervised <= figures->in_progress && figures->in_progress >= 0 && figures->closed >= 0;
}
