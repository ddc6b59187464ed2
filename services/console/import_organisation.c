/* organisation.csv: changes of units to come, with their effective dates (rule W6). The changes still to come are exactly those of the
 * file afterwards; one that is due is put in force at once. The file is played in the order of its dates before it is taken: a change
 * that could not be put in force then is refused now. What would come of it, a dry run tells (changes_ahead.c). */
#include <stdlib.h>
#include <string.h>

#include "proto/must.h"
#include "services/console/changes.h"
#include "services/console/sheet.h"

/* ---- changes ------------------------------------------------------------------------------------------------------------------------------------ */

enum { UNIT, CHANGE, TARGET, AT, REASON };
static const char *const change_columns[] = {"unit", "change", "target", "at", "reason", NULL};
enum { CHANGES_MAX = 5000 };

#define CHANGE_ARRAYS                                                                                                  \
    "unnest($1::int4[], $2::int2[], $3::int4[], $4::int8[], $5::text[]) AS c (unit, kind, target, at, reason)"
#define SAME_CHANGE                                                                                                    \
    "o.applied_at = 0 AND o.unit = c.unit AND o.kind = c.kind AND coalesce(o.target, 0) = c.target AND o.at = c.at "   \
    "AND "                                                                                                             \
    "o.reason = c.reason"
static const struct db_statement DROP_CHANGES = {
    "import_changes_drop", "DELETE FROM unit_change o WHERE o.applied_at = 0 AND NOT EXISTS (SELECT FROM " CHANGE_ARRAYS
                           " WHERE " SAME_CHANGE ")"};
static const struct db_statement STORE_CHANGES = {
    "import_changes", "INSERT INTO unit_change (unit, kind, target, at, reason, ordered_by, ordered_at) SELECT unit, "
                      "kind, nullif(target, 0), at, "
                      "reason, $6::int8, $7::int8 FROM " CHANGE_ARRAYS
                      " WHERE NOT EXISTS (SELECT FROM unit_change o WHERE " SAME_CHANGE ")"};
static const struct db_statement APPLY = {"import_changes_apply", "SELECT changed FROM organisation_apply($1::int8)"};

static void check_target(struct sheet *s, const struct change_row *row) {
    const struct world *world = &s->in->reference->world;
    const struct unit *u = world_unit(world, row->unit), *t = world_unit(world, row->target);
    if (row->change == UNIT_CHANGE_CLOSE && t)
        sheet_fault(s, TARGET, "撤销不填去向; 有承接单位的写 merge",
                    "closing has no target; write merge when a unit takes over");
    if (row->change != UNIT_CHANGE_CLOSE && !*sheet_text(s, TARGET))
        sheet_fault(s, TARGET, "不能为空", "must not be empty");
    if (!u || !t) return;
    if (t->closed) sheet_fault(s, TARGET, "“%s” 已停用", "\"%s\" is closed");
    if (world_in_subtree(world, row->unit, row->target))
        sheet_fault(s, TARGET, "“%s” 是本单位或其下级", "\"%s\" is the unit itself or lies below it");
    else if (row->change == UNIT_CHANGE_MERGE && u->kind != t->kind)
        sheet_fault(s, TARGET, "“%s” 类别不同, 不能并入", "\"%s\" is of another kind: it cannot take the unit in");
    else if (row->change == UNIT_CHANGE_MOVE && !unit_may_stand_below(u->kind, t->kind))
        sheet_fault(s, TARGET, "不能隶属于 “%s”", "a unit of this kind cannot stand below \"%s\"");
}

static void read_change(struct sheet *s, struct change_row *row) {
    const struct world *world = &s->in->reference->world;
    row->number = s->number;
    row->unit = *sheet_needed(s, UNIT, 16) ? sheet_unit(s, UNIT) : 0;
    row->change = sheet_word(s, CHANGE, WORDS_unit_change, 0);
    row->target = sheet_unit(s, TARGET);
    row->at = *sheet_needed(s, AT, 16) ? sheet_moment(s, AT, false) : 0;
    row->reason = sheet_needed(s, REASON, REASON_BYTES_MAX);
    const struct unit *u = world_unit(world, row->unit);
    if (u && u->closed) sheet_fault(s, UNIT, "“%s” 已停用", "\"%s\" is closed already");
    if (u && row->change != UNIT_CHANGE_MOVE && !world_kind_takes_tickets(u->kind) && u->kind != UNIT_BUILDING)
        sheet_fault(s, CHANGE, "指挥中心和区不能撤并", "neither the centre nor the district can be closed or merged");
    check_target(s, row);
    *(row->at && row->at <= clock_now() ? &s->in->updated : &s->in->created) += 1;
}

/* ---- played in the order of their dates, as organisation_apply will ---- */

static int compare_dates(const void *a, const void *b) {
    const struct change_row *x = *(struct change_row *const *)a, *y = *(struct change_row *const *)b;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    return x->number < y->number ? -1 : 1;
}

static void fault(struct import *in, const struct change_row *row, int column, const char *zh, const char *en) {
    import_fault(in, row->number, change_columns[column], zh, en);
}

static void note_children(const struct import *in, const struct changes_plan *plan, struct change_row *row) {
    for (uint32_t id = 1; id < in->reference->world.unit_count; id++) {
        const struct unit *u = &plan->units[id];
        if (u->kind == 0 || u->closed || u->parent != row->unit) continue;
        if (row->children < CHANGE_NAMED) row->first_children[row->children] = id;
        row->children++;
    }
}

/* True: by then it is there, as it has to be. */
static bool is_there(struct import *in, const struct changes_plan *plan, const struct change_row *row, int column,
                     uint32_t unit) {
    if (!plan->units[unit].closed) return true;
    const char *code = reference_unit_code(in->reference, unit);
    size_t by = plan->closed_by[unit];
    fault(in, row, column,
          import_printf(in, "“%s” 届时已由第 %zu 行并入或撤销; 请改日期、去向, 或删去其中一行", code, by),
          import_printf(
              in, "by then \"%s\" is merged or closed by row %zu: change the date or the target, or leave one out",
              code, by));
    return false;
}

static bool lies_below(const struct changes_plan *plan, uint32_t root, uint32_t unit) {
    while (unit != 0 && unit != root) unit = plan->units[unit].parent;
    return unit == root;
}

static void play_change(struct import *in, struct changes_plan *plan, struct change_row *row) {
    struct unit *u = &plan->units[row->unit];
    const char *code = reference_unit_code(in->reference, row->unit);
    if (!is_there(in, plan, row, UNIT, row->unit)) return;
    if (row->target && !is_there(in, plan, row, TARGET, row->target)) return;
    if (row->target && lies_below(plan, row->unit, row->target)) {
        const char *target = reference_unit_code(in->reference, row->target);
        fault(in, row, TARGET, import_printf(in, "“%s” 届时是 “%s” 的下级", target, code),
              import_printf(in, "by then \"%s\" lies below \"%s\"", target, code));
        return;
    }
    note_children(in, plan, row);
    if (row->change == UNIT_CHANGE_CLOSE && row->children) {
        const char *child = reference_unit_code(in->reference, row->first_children[0]);
        fault(in, row, UNIT,
              import_printf(in, "“%s” 届时还有 %u 个下级单位 (%s 等), 不能撤销; 请先改变其隶属, 或用 merge", code,
                            row->children, child),
              import_printf(
                  in, "by then %u units below \"%s\" are still open (such as %s): move them first, or write merge",
                  row->children, code, child));
        return;
    }
    if (row->change == UNIT_CHANGE_MERGE)
        for (uint32_t id = 1; id < in->reference->world.unit_count; id++)
            if (plan->units[id].kind && plan->units[id].parent == row->unit) plan->units[id].parent = row->target;
    if (row->target) u->parent = row->target;
    if (row->change == UNIT_CHANGE_MOVE) return;
    u->closed = true;
    plan->closed_by[row->unit] = row->number;
}

static void play_changes(struct import *in, struct changes_plan *plan) {
    const struct world *world = &in->reference->world;
    struct change_row **order = import_take(in, plan->count, sizeof *order);
    plan->units = import_take(in, world->unit_count, sizeof *plan->units);
    plan->closed_by = import_take(in, world->unit_count, sizeof *plan->closed_by);
    memcpy(plan->units, world->units, world->unit_count * sizeof *plan->units);
    for (uint32_t i = 0; i < plan->count; i++) order[i] = &plan->rows[i];
    qsort(order, plan->count, sizeof *order, compare_dates);
    for (uint32_t i = 0; i < plan->count; i++) {
        play_change(in, plan, order[i]);
        if (order[i]->at > clock_now()) continue;
        import_warn(in, import_printf(in, "第 %zu 行的日期已过, 导入即生效", order[i]->number),
                    import_printf(in,
                                  "the date in row %zu has passed: it is put in force as soon as the file is loaded",
                                  order[i]->number));
    }
}

static void check_changes(struct import *in) {
    struct changes_plan *plan = in->plan = import_take(in, 1, sizeof *plan);
    struct sheet s;
    plan->rows = import_take(in, CHANGES_MAX, sizeof *plan->rows);
    for (bool more = sheet_open(&s, in, change_columns, 5) && sheet_next(&s); more; more = sheet_next(&s)) {
        if (plan->count == CHANGES_MAX) {
            import_fault(in, s.number, "", "行数过多", "too many rows");
            break;
        }
        read_change(&s, &plan->rows[plan->count++]);
    }
    sheet_close(&s);
    if (!in->fault_count) play_changes(in, plan);
}

static void set_changes(struct db_call *call, const struct changes_plan *plan) {
    static const enum db_type types[] = {DB_INT4, DB_INT2, DB_INT4, DB_INT8, DB_TEXT};
    for (int i = 0; i < 5; i++) db_set_array(call, i + 1, types[i]);
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct change_row *row = &plan->rows[i];
        db_push_int4(call, 1, (int32_t)row->unit);
        db_push_int2(call, 2, (int16_t)row->change);
        db_push_int4(call, 3, (int32_t)row->target);
        db_push_int8(call, 4, row->at);
        db_push_text(call, 5, row->reason, strlen(row->reason));
    }
}

static void store_changes(struct import *in) {
    set_changes(call_add(in->call, &DROP_CHANGES), in->plan);
    struct db_call *call = call_add(in->call, &STORE_CHANGES);
    set_changes(call, in->plan);
    db_set_int8(call, 6, in->call->who.principal.user);
    db_set_int8(call, 7, clock_now());
    db_set_int8(call_add(in->call, &APPLY), 1, clock_now());
}

void import_organisation(struct call *call) {
    static const struct import_kind kind = {.name = "organisation",
                                            .tables = "{unit_change}",
                                            .check = check_changes,
                                            .store = store_changes,
                                            .ahead = changes_ahead,
                                            .tell = changes_tell};
    import_start(call, &kind, NULL);
}
