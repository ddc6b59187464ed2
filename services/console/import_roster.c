/* roster.csv: who is on which desk, from when to when (rule W9). A file replaces the shifts of the units it names. Whoever stands on it
 * holds a post there: nobody else could open the unit's tickets. */
#include <stdlib.h>
#include <string.h>

#include "proto/must.h"
#include "services/console/import.h"
#include "services/console/sheet.h"

enum { DESK, FROM, TO, PERSON };
static const char *const roster_columns[] = {"unit", "from", "to", "person", NULL};
enum { SHIFT_HOURS_MAX = 24 * 7 };

struct roster_plan {
    struct shift_row {
        uint32_t unit;
        time_ms from, to;
        const char *login;
        size_t number;
    } * rows;
    uint32_t count;
};

struct known_post { /* ordered by login, then unit and beginning; unit 0: an account without any */
    const char *login;
    uint32_t unit;
    time_ms from, to; /* 0: no end */
};

struct known_posts {
    struct known_post *posts;
    uint32_t count;
};

/* Of everybody who may sign in, the posts that read tickets (as staffed_refresh counts them). */
static const struct db_statement HELD = {
    "import_roster_posts",
    "SELECT a.login, coalesce(p.unit, 0), coalesce(p.from_at, 0), coalesce(p.to_at, 0) FROM account a LEFT JOIN post p "
    "ON p.account = a.id AND p.role BETWEEN 1 AND 6 WHERE NOT a.disabled ORDER BY a.login COLLATE \"C\", 2, 3"};
static const struct db_statement DROP_SHIFTS = {"import_roster_drop",
                                                "DELETE FROM roster WHERE unit = ANY ($1::int4[])"};
static const struct db_statement STORE_SHIFTS = {
    "import_roster", "INSERT INTO roster (unit, from_at, to_at, account) SELECT u, f, t, a.id FROM unnest($1::int4[], "
                     "$2::int8[], $3::int8[], $4::text[]) AS r (u, f, t, l) JOIN account a ON a.login = r.l"};

/* The first of a person's posts; `count` when there is no such person. */
static uint32_t find_person(const struct known_posts *known, const char *login) {
    uint32_t low = 0, high = known->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (strcmp(known->posts[middle].login, login) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < known->count && !strcmp(known->posts[low].login, login) ? low : known->count;
}

/* Whether the person holds a post in the unit from beginning to end, in one post or in several after each other. */
static bool holds_post(const struct known_posts *known, uint32_t person, uint32_t unit, time_ms from, time_ms to) {
    const char *login = known->posts[person].login;
    for (uint32_t i = person; i < known->count && !strcmp(known->posts[i].login, login) && from < to; i++) {
        const struct known_post *post = &known->posts[i];
        if (post->unit != unit || post->from > from) continue;
        if (post->to == 0) return true;
        if (post->to > from) from = post->to;
    }
    return from >= to;
}

/* Some who could have the shift, for the message. */
static const char *who_could(struct import *in, const struct shift_row *row) {
    enum { NAMED = 4 };
    const struct known_posts *known = in->known;
    const char *names = "";
    int found = 0;
    for (uint32_t i = 0; i < known->count && found < NAMED; i++) {
        bool first = i == 0 || strcmp(known->posts[i].login, known->posts[i - 1].login) != 0;
        if (!first || !holds_post(known, i, row->unit, row->from, row->to)) continue;
        names = import_printf(in, "%s%s%.40s", names, found++ ? ", " : "", known->posts[i].login);
    }
    return names;
}

/* Rule W9: whoever stands on the roster could not open the unit's tickets otherwise. What is over stays as it was. */
static void check_post(struct sheet *s, const struct shift_row *row, uint32_t person) {
    struct import *in = s->in;
    if (!row->unit || row->to <= row->from || row->to <= clock_now()) return;
    if (holds_post(in->known, person, row->unit, row->from, row->to)) return;
    const char *code = reference_unit_code(in->reference, row->unit), *others = who_could(in, row);
    if (*others)
        import_fault(
            in, row->number, roster_columns[PERSON],
            import_printf(in, "“%s” 在这一班的时间内没有 %s 的岗位; 可填 %s, 或先在 people.csv 中给其岗位", row->login,
                          code, others),
            import_printf(
                in, "\"%s\" holds no post in %s during this shift; it could be %s, or give a post in people.csv first",
                row->login, code, others));
    else
        import_fault(
            in, row->number, roster_columns[PERSON],
            import_printf(in, "“%s” 在这一班的时间内没有 %s 的岗位; 该单位此时无人任职, 请先在 people.csv 中给岗位",
                          row->login, code),
            import_printf(
                in, "\"%s\" holds no post in %s during this shift, nor does anybody: give one in people.csv first",
                row->login, code));
}

static void read_shift(struct sheet *s, struct shift_row *row) {
    const struct known_posts *known = s->in->known;
    row->number = s->number;
    row->unit = *sheet_needed(s, DESK, 16) ? sheet_unit(s, DESK) : 0;
    row->from = *sheet_needed(s, FROM, 16) ? sheet_moment(s, FROM, false) : 0;
    row->to = *sheet_needed(s, TO, 16) ? sheet_moment(s, TO, false) : 0;
    row->login = sheet_needed(s, PERSON, 60);
    const struct unit *u = world_unit(&s->in->reference->world, row->unit);
    if (u && u->closed) sheet_fault(s, DESK, "“%s” 已停用", "\"%s\" is closed");
    if (row->from && row->to && row->to <= row->from)
        sheet_fault(s, TO, "结束时间须晚于开始时间", "the end must come after the beginning");
    else if (row->from && row->to - row->from > (time_ms)SHIFT_HOURS_MAX * 3600000)
        sheet_fault(s, TO, "一班不得超过七天", "a shift is no longer than seven days");
    uint32_t person = find_person(known, row->login);
    if (*row->login && person == known->count)
        sheet_fault(s, PERSON, "没有用户 “%s”, 或已停用", "there is no user \"%s\", or the account is disabled");
    else if (*row->login)
        check_post(s, row, person);
}

static int compare_shifts(const void *a, const void *b) {
    const struct shift_row *x = *(struct shift_row *const *)a, *y = *(struct shift_row *const *)b;
    if (x->unit != y->unit) return x->unit < y->unit ? -1 : 1;
    int order = strcmp(x->login, y->login);
    if (order) return order;
    return x->from < y->from ? -1 : x->from > y->from;
}

static void find_overlaps(struct import *in, struct roster_plan *plan) {
    struct shift_row **sorted = import_take(in, plan->count, sizeof *sorted);
    for (uint32_t i = 0; i < plan->count; i++) sorted[i] = &plan->rows[i];
    qsort(sorted, plan->count, sizeof *sorted, compare_shifts);
    for (uint32_t i = 1; i < plan->count; i++) {
        const struct shift_row *before = sorted[i - 1], *row = sorted[i];
        if (before->unit == row->unit && !strcmp(before->login, row->login) && row->from < before->to)
            import_fault(in, row->number, roster_columns[FROM], "与此人在本单位的另一班重叠",
                         "overlaps another shift of this person there");
    }
}

static void check_roster(struct import *in) {
    struct roster_plan *plan = in->plan = import_take(in, 1, sizeof *plan);
    struct sheet s;
    plan->rows = import_take(in, IMPORT_ROWS_MAX, sizeof *plan->rows);
    for (bool more = sheet_open(&s, in, roster_columns, 4) && sheet_next(&s); more && plan->count < IMPORT_ROWS_MAX;
         more = sheet_next(&s))
        read_shift(&s, &plan->rows[plan->count++]);
    sheet_close(&s);
    find_overlaps(in, plan);
    in->created = plan->count;
}

static void store_roster(struct import *in) {
    static const enum db_type types[] = {DB_INT4, DB_INT8, DB_INT8, DB_TEXT};
    const struct roster_plan *plan = in->plan;
    struct db_call *drop = call_add(in->call, &DROP_SHIFTS), *call = call_add(in->call, &STORE_SHIFTS);
    db_set_array(drop, 1, DB_INT4);
    for (int i = 0; i < 4; i++) db_set_array(call, i + 1, types[i]);
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct shift_row *row = &plan->rows[i];
        db_push_int4(drop, 1, (int32_t)row->unit);
        db_push_int4(call, 1, (int32_t)row->unit);
        db_push_int8(call, 2, row->from);
        db_push_int8(call, 3, row->to);
        db_push_text(call, 4, row->login, strlen(row->login));
    }
}

static void on_posts(struct call *call, const struct db_reply *reply) {
    static const struct import_kind kind = {
        .name = "roster", .tables = "{roster}", .check = check_roster, .store = store_roster};
    const struct db_result *rows = reply->results[1];
    struct known_posts *known = call_take(call, sizeof *known);
    known->count = (uint32_t)db_rows(rows);
    known->posts = call_take(call, (known->count + 1) * sizeof *known->posts);
    for (uint32_t i = 0; i < known->count; i++) {
        size_t len;
        const char *login = db_get_text(rows, (int)i, 0, &len);
        bool same = i > 0 && !strcmp(known->posts[i - 1].login, login);
        known->posts[i] =
            (struct known_post){.login = same ? known->posts[i - 1].login : call_printf(call, "%s", login),
                                .unit = (uint32_t)db_get_int(rows, (int)i, 1),
                                .from = db_get_int(rows, (int)i, 2),
                                .to = db_get_int(rows, (int)i, 3)};
    }
    import_start(call, &kind, known);
}

void import_roster(struct call *call) {
    call_read(call);
    call_add(call, &HELD);
    call_send(call, on_posts);
}
