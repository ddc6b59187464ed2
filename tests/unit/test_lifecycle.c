/* Every state x command x role x unit, exhaustively: either a step happens that the lifecycle table has, for somebody it names,
 * and the ticket keeps its promise; or the refusal is a row of the verdict table and nothing has changed. */
#include "tests/unit/city.h"

static struct city city;

/* ---- specimens: one ticket or more in every state, made by acting ---- */

enum { SPECIMENS_MAX = 60 };
static struct {
    const char *name;
    struct city city;
    int64_t id;
} specimens[SPECIMENS_MAX];
static size_t specimen_count;

static void keep(const char *name, int64_t id) {
    assert_true(specimen_count < SPECIMENS_MAX);
    specimens[specimen_count].name = name;
    specimens[specimen_count].city = city;
    specimens[specimen_count].id = id;
    specimen_count++;
}

static int64_t pothole(void) {
    city_open(&city, "2026-03-02 09:00");
    city.quiet = true;
    return receive(&city, (struct request_new){.matter = MATTER_POTHOLE, .place = GRID_A, .place_by = PLACE_BY_POINT});
}

static void must_do(int64_t id, const struct principal *by, struct command command) {
    enum verdict verdict = city_try(&city, id, by, command);
    if (verdict != VERDICT_OK)
        fail_msg("%s: %s", word_text(WORDS_command_name, command.name), verdict_say(verdict, LANG_EN));
}
#define MUST_DO(id, who, verb, ...) must_do(id, &(who), (struct command){.name = COMMAND_##verb, __VA_ARGS__})

#define WHY      .reason = TEXT("现场核实")
#define RETURNED .reason = TEXT("not_our_duty"), .basis = TEXT("三定方案第三条")

static int64_t in_triage(void) {
    city_open(&city, "2026-03-02 09:00");
    city.quiet = true;
    return receive(&city, (struct request_new){.place = GRID_A, .place_by = PLACE_BY_GRID});
}

static int64_t signed_by_lead(void) {
    int64_t id = pothole();
    MUST_DO(id, MUNICIPAL_CLERK, SIGN);
    return id;
}

static int64_t without_assist(void) {
    int64_t id = signed_by_lead();
    MUST_DO(id, MUNICIPAL_CLERK, RELEASE_ASSIST, .unit = WATER, WHY);
    return id;
}

static int64_t finished(void) {
    int64_t id = without_assist();
    MUST_DO(id, MUNICIPAL_CLERK, FINISH, .answer = TEXT("已修补"));
    return id;
}

static int64_t at_callback(void) {
    int64_t id = finished();
    MUST_DO(id, COMMUNITY_CLERK, PASS);
    return id;
}

static int64_t disputed(void) {
    int64_t id = pothole();
    MUST_DO(id, MUNICIPAL_CLERK, RETURN, RETURNED);
    MUST_DO(id, OPERATOR, DISPATCH, .unit = URBAN);
    MUST_DO(id, URBAN_CLERK, RETURN, RETURNED);
    return id;
}

static void make_specimens(void) {
    /* RECEIVED lasts only within a step; made by folding its first event alone */
    city_open(&city, "2026-03-02 09:00");
    city.quiet = true;
    static struct step step;
    struct command receive_it = {.name = COMMAND_RECEIVE, .by = SYSTEM, .request = 1000, .source = HOTLINE_SOURCE};
    assert_int_equal(ticket_decide(city_world(), NULL, NULL, &receive_it, 1, city.now, &step), VERDICT_OK);
    city_fold(&city, &step.events[0]);
    keep("received", 1);

    keep("triage", in_triage());
    int64_t id = in_triage();
    MUST_DO(id, OPERATOR, ASK, WHY);
    keep("incomplete", id);
    id = pothole();
    keep("offered, with an assist", id);
    until(&city, "2026-03-03 09:00");
    keep("offered, red card, supervised", id);
    MUST_DO(id, MUNICIPAL_CLERK, APPEAL_CARD, .rung = RUNG_WARNING, WHY);
    keep("offered, card under appeal", id);
    keep("disputed", disputed());
    id = disputed();
    MUST_DO(id, OPERATOR, FORCE, WHY);
    keep("offered, forced", id);
    keep("handling, with an assist unsigned", signed_by_lead());
    id = signed_by_lead();
    MUST_DO(id, WATER_CLERK, SIGN);
    keep("handling, with an assist signed", id);
    keep("handling, alone", without_assist());
    MUST_DO(1, MUNICIPAL_CLERK, CONTACT, .note = TEXT("已电话联系"));
    MUST_DO(1, OPERATOR, SUPERVISE, .note = TEXT("请说明"));
    keep("handling, contacted, supervised", 1);
    id = without_assist();
    MUST_DO(id, MUNICIPAL_CLERK, ASK_EXTENSION, WHY, .until = at("2026-04-01 12:00"));
    keep("handling, extension asked", id);
    MUST_DO(id, OPERATOR, GRANT_EXTENSION);
    MUST_DO(id, MUNICIPAL_CLERK, ASK_EXTENSION, WHY, .until = at("2026-05-01 12:00"));
    keep("handling, second extension asked", id);
    id = signed_by_lead();
    MUST_DO(id, MUNICIPAL_CLERK, ASK_SUSPENSION, WHY, .until = at("2026-03-20 12:00"));
    keep("handling, suspension asked", id);
    MUST_DO(id, OPERATOR, GRANT_SUSPENSION);
    keep("suspended", id);
    city_open(&city, "2026-03-02 09:00");
    city.quiet = true;
    receive(&city, (struct request_new){.matter = MATTER_GARBAGE, .place = STREET_A, .place_by = PLACE_BY_ADDRESS});
    MUST_DO(1, STREET_CLERK, SIGN);
    keep("handling by a street", 1);
    MUST_DO(1, STREET_CLERK, WHISTLE, .units = {URBAN, HOUSING}, .units_count = 2);
    keep("handling by a street, whistled", 1);
    MUST_DO(1, URBAN_CLERK, ARRIVE);
    MUST_DO(1, STREET_CLERK, PASS_DOWN, .unit = GRID_A, .until = at("2026-03-05 12:00"));
    keep("handling by a street, arrived, passed down", 1);
    city_open(&city, "2026-03-02 09:00");
    city.quiet = true;
    receive(&city, (struct request_new){.matter = MATTER_GARBAGE, .place = GRID_EMPTY, .place_by = PLACE_BY_POINT});
    keep("offered to a grid nobody staffs", 1);
    keep("check", finished());
    id = finished();
    MUST_DO(id, COMMUNITY_CLERK, FAIL, WHY);
    keep("handling, rework", id);
    keep("callback", at_callback());
    id = at_callback();
    MUST_DO(id, OPERATOR, UNREACHABLE);
    keep("callback, a try just made", id);
    until(&city, "2026-03-03 09:00");
    MUST_DO(id, OPERATOR, UNREACHABLE);
    until(&city, "2026-03-03 18:00");
    keep("callback, two tries", id);
    id = at_callback();
    MUST_DO(id, OPERATOR, SOLVED, .satisfied = true);
    keep("closed", id);
    until(&city, "2026-06-01 09:00");
    keep("closed long ago", id);
    id = in_triage();
    MUST_DO(id, OPERATOR, VOID, WHY);
    keep("void", id);
    id = in_triage();
    MUST_DO(id, OPERATOR, DECLINE, WHY);
    keep("declined", id);
    id = pothole();
    receive(&city, (struct request_new){.matter = MATTER_POTHOLE, .place = GRID_A, .place_by = PLACE_BY_POINT});
    MUST_DO(2, OPERATOR, MERGE, .other = 1);
    keep("merged", 2);
    keep("offered, leading another", 1);
    id = pothole();
    MUST_DO(id, MUNICIPAL_CLERK, RETURN, RETURNED);
    MUST_DO(id, OPERATOR, DISPATCH, .unit = URBAN);
    keep("offered, returned once", id);
    receive(&city, (struct request_new){.matter = MATTER_POTHOLE, .place = GRID_A, .place_by = PLACE_BY_POINT});
    keep("offered, beside another", id);
    id = at_callback();
    receive(&city, (struct request_new){.matter = MATTER_POTHOLE, .place = GRID_A, .place_by = PLACE_BY_POINT});
    MUST_DO(2, OPERATOR, MERGE, .other = id);
    keep("merged into one that is done", 2);
    MUST_DO(id, OPERATOR, SOLVED);
    keep("callback, leading one not called yet", id);
    keep("merged, the last to be called", 2);
    MUST_DO(2, OPERATOR, UNREACHABLE);
    until(&city, "2026-03-03 09:00");
    MUST_DO(2, OPERATOR, UNREACHABLE);
    until(&city, "2026-03-03 18:00");
    keep("merged, two tries", 2);
    MUST_DO(id, OPERATOR, CLOSE, WHY);
    keep("closed, leading one not called", id);
    keep("merged into one that is closed", 2);
    id = in_triage();
    MUST_DO(id, OPERATOR, TRANSFER, WHY);
    keep("transferred", id);
    id = in_triage();
    MUST_DO(id, OPERATOR, TRANSFER, WHY, .source = PROVINCE_SOURCE);
    keep("transferred to a system we speak with", id);
    id = in_triage();
    MUST_DO(id, OPERATOR, DISPATCH, .unit = HOUSING);
    MUST_DO(id, HOUSING_CLERK, SIGN);
    keep("handling by a unit with a review of its own", id);
    MUST_DO(id, HOUSING_CLERK, FINISH, .answer = TEXT("已维修"));
    keep("handling, review waits", id);
}

/* ---- every principal ---- */

enum { PRINCIPALS = (ROLE_COUNT - 1) * UNIT_COUNT + 3 };
static struct principal principals[PRINCIPALS];
static size_t principal_count;

static void make_principals(void) {
    for (int role = 1; role < ROLE_COUNT; role++) {
        for (uint32_t unit = 0; unit < UNIT_COUNT; unit++) {
            struct principal p = {.user = 100 + role * 100 + unit, .role = (uint8_t)role, .unit = unit};
            if (role == ROLE_SYSTEM) p = (struct principal){.role = ROLE_SYSTEM};
            principals[principal_count++] = p;
            if (role == ROLE_SYSTEM) break;
        }
    }
    principals[principal_count++] = HOTLINE;
    principals[principal_count++] = PROVINCE;
    principals[principal_count++] = (struct principal){.user = 72, .role = ROLE_INTEGRATION, .source = 99};
}

/* Fields that satisfy as many guards as one command can; `all` false: none given. */
static struct command filled(const struct city *where, int64_t id, int name, bool all, uint32_t unit) {
    struct command c = {.name = (uint8_t)name, .ticket = id};
    if (name == COMMAND_TIMER) c.generation = where->tickets[id - 1].generation;
    if (!all) return c;
    c.reason = name == COMMAND_RETURN ? TEXT("not_our_duty") : TEXT("现场核实");
    c.basis = TEXT("三定方案第三条");
    c.note = TEXT("说明");
    c.answer = TEXT("答复");
    c.unit = unit;
    if (name == COMMAND_ADD_ASSIST || name == COMMAND_WHISTLE) c.unit = unit == 0 ? URBAN : unit;
    c.until = where->now + (time_ms)5 * 86400000;
    if (name == COMMAND_PASS_DOWN) c.until = where->now + 3600000;
    if (name == COMMAND_ASK_EXTENSION || name == COMMAND_GRANT_EXTENSION) c.until = where->now + (time_ms)90 * 86400000;
    c.request = 1000;
    c.rung = RUNG_WARNING;
    if (where->tickets[id - 1].cards_count == 1) c.card = where->tickets[id - 1].cards[0].no;
    c.score = 4;
    c.other = id == 1 ? 2 : 1;
    c.source = PROVINCE_SOURCE;
    return c;
}

static const char *principal_text(const struct principal *p) {
    static char text[80];
    snprintf(text, sizeof text, "%s of %s", word_text(WORDS_role, p->role), city_names[p->unit]);
    return text;
}

/* ---- the demand ---- */

static struct {
    int64_t steps, refusals;
    bool row_taken[128];
} seen;

static void mark_row(int from, const struct event *e) {
    size_t count;
    const struct lifecycle_row *rows = lifecycle_rows(&count);
    for (size_t i = 0; i < count; i++) {
        bool same = rows[i].command == e->cause && rows[i].event == e->type && (rows[i].from >> from & 1) != 0;
        if (same && (rows[i].to == 0 ? from : rows[i].to) == e->effect.to) seen.row_taken[i] = true;
    }
}

/* Somebody the table names took the first event's row. */
static void assert_named(const struct ticket *before, const struct principal *by, const struct event *e) {
    int from = before->state;
    uint32_t relations = access_ticket(city_world(), before, by);
    for (const struct lifecycle_row *row = NULL; (row = lifecycle_next(row, from, e->cause)) != NULL;) {
        if (row->event == e->type && (row->who & relations) != 0) return;
    }
    fail_msg("%s: nobody let %s do that", word_text(WORDS_event_type, e->type), principal_text(by));
}

static void assert_step(const struct city *where, const struct ticket *before, const struct principal *by,
                        const struct command *c, const struct step *step) {
    static struct city after;
    after = *where;
    after.quiet = true;
    assert_true(step->count >= 1 && step->count <= STEP_EVENTS_MAX);
    assert_true(access_allowed(by->role, c->name, access_ticket(city_world(), before, by)));
    assert_named(before, by, &step->events[0]);
    time_ms last = before->changed_at;
    for (uint16_t i = 0; i < step->count; i++) {
        const struct event *e = &step->events[i];
        const struct ticket *t = city_ticket(&after, e->ticket);
        assert_true(e->at >= last);
        if (i == 0) assert_int_equal(e->user, by->user);
        last = e->at;
        mark_row(t != NULL ? t->state : 0, e);
        city_fold(&after, e); /* demands a row of the table and the promise */
    }
    seen.steps++;
}

static void assert_refusal(enum verdict verdict, const struct ticket *before, const struct command *c) {
    const struct verdict_row *row = verdict_row(verdict);
    assert_int_equal(row->value, verdict);
    assert_true(row->rule[0] != '\0' && row->zh[0] != '\0' && row->en[0] != '\0' && row->status >= 400);
    if ((lifecycle_commands(before->state) >> c->name & 1) == 0) {
        assert_true(verdict == VERDICT_NOT_LEGAL_NOW || verdict == VERDICT_NOT_YOURS || verdict == VERDICT_NOT_VISIBLE);
    }
    seen.refusals++;
}

static void one_case(size_t s, const struct principal *by, int name, bool all, uint32_t unit, uint64_t possible) {
    static struct step step, untouched;
    const struct city *where = &specimens[s].city;
    const struct ticket *ticket = &where->tickets[specimens[s].id - 1];
    struct ticket before = *ticket;
    struct command c = filled(where, specimens[s].id, name, all, unit);
    c.by = *by;
    const struct ticket *other =
        c.other >= 1 && c.other <= (int64_t)where->ticket_count ? &where->tickets[c.other - 1] : NULL;
    step.count = untouched.count = 77;
    enum verdict verdict =
        ticket_decide(city_world(), ticket, other, &c, (int64_t)where->ticket_count + 1, where->now, &step);
    assert_memory_equal(ticket, &before, sizeof before);
    if (verdict == VERDICT_OK) {
        assert_step(where, &before, by, &c, &step);
        if ((possible >> name & 1) == 0) fail_msg("%s: done though not possible", word_text(WORDS_command_name, name));
        return;
    }
    assert_int_equal(step.count, untouched.count);
    assert_refusal(verdict, &before, &c);
    bool field = verdict_row(verdict)->pointer[0] != '\0' || verdict == VERDICT_TIMER_STALE ||
                 verdict == VERDICT_LEADING_NOT_DONE || verdict == VERDICT_REOPEN_LATE ||
                 verdict == VERDICT_NOT_ARRIVED || verdict == VERDICT_NOT_WHISTLED || verdict == VERDICT_TRY_TOO_SOON ||
                 verdict == VERDICT_ALREADY_DONE;
    if (!field && (possible >> name & 1) != 0) {
        fail_msg("%s, %s by %s: possible, but %s", specimens[s].name, word_text(WORDS_command_name, name),
                 principal_text(by), verdict_say(verdict, LANG_EN));
    }
}

static void test_every_state_command_and_role(void **state) {
    make_specimens();
    make_principals();
    bool state_seen[STATE_COUNT] = {false};
    static const uint32_t targets[] = {0, MUNICIPAL, URBAN, HOUSING, GRID_A, GONE, CENTER};
    for (size_t s = 0; s < specimen_count; s++) {
        const struct ticket *ticket = &specimens[s].city.tickets[specimens[s].id - 1];
        state_seen[ticket->state] = true;
        for (size_t p = 0; p < principal_count; p++) {
            uint64_t possible = ticket_possible(city_world(), ticket, &principals[p], specimens[s].city.now);
            if (!ticket_visible(city_world(), ticket, &principals[p])) assert_true(possible == 0);
            for (int name = 1; name < COMMAND_COUNT; name++) {
                one_case(s, &principals[p], name, false, 0, possible);
                for (size_t t = 0; t < sizeof targets / sizeof targets[0]; t++) {
                    one_case(s, &principals[p], name, true, targets[t], possible);
                }
            }
        }
    }
    for (int value = 1; value < STATE_COUNT; value++) {
        if (!state_seen[value]) fail_msg("no specimen in state %s", word_text(WORDS_state, value));
    }
    print_message("%d specimens, %ld steps, %ld refusals\n", (int)specimen_count, (long)seen.steps,
                  (long)seen.refusals);
}

/* A row the run above did not take shows a specimen that is missing, or a row that can never be taken. */
static void test_every_row_is_taken(void **state) {
    size_t count;
    const struct lifecycle_row *rows = lifecycle_rows(&count);
    for (size_t i = 0; i < count; i++) {
        /* by time alone, or only with another world: stories have these */
        bool elsewhere = rows[i].event == EVENT_RECEIVED || rows[i].event == EVENT_GIVEN_UP ||
                         rows[i].event == EVENT_RESUME_DUE || rows[i].event == EVENT_RUNG ||
                         rows[i].event == EVENT_RECOMPUTED || rows[i].command == COMMAND_FOLLOW ||
                         rows[i].when == WHEN_LEAD_GONE;
        if (seen.row_taken[i] || elsewhere) continue;
        fail_msg("row %zu was never taken: %s -> %s", i, word_text(WORDS_command_name, rows[i].command),
                 word_text(WORDS_event_type, rows[i].event));
    }
}

/* ---- the tables themselves ---- */

static void test_table_is_sound(void **state) {
    size_t count;
    const struct lifecycle_row *rows = lifecycle_rows(&count);
    bool commands[COMMAND_COUNT] = {false}, events[EVENT_COUNT] = {false}, guards[GUARD_COUNT] = {false},
         whens[WHEN_COUNT] = {false};
    assert_true(count < sizeof seen.row_taken);
    for (size_t i = 0; i < count; i++) {
        assert_true(rows[i].from != 0);
        commands[rows[i].command] = events[rows[i].event] = guards[rows[i].guard] = whens[rows[i].when] = true;
    }
    for (int i = 1; i < COMMAND_COUNT; i++) assert_true(commands[i]);
    for (int i = 1; i < EVENT_COUNT; i++) assert_true(events[i]);
    for (int i = 0; i < GUARD_COUNT; i++) assert_true(guards[i]);
    for (int i = 0; i < WHEN_COUNT; i++) assert_true(whens[i]);
    for (int i = 1; i < WHEN_COUNT; i++) assert_true(lifecycle_when_say((enum when)i, LANG_EN)[0] != '\0');
    for (int i = 1; i < GUARD_COUNT; i++) assert_true(lifecycle_guard_say((enum guard)i, LANG_ZH)[0] != '\0');
}

static void test_verdicts_are_sound(void **state) {
    size_t count;
    const struct verdict_row *rows = verdict_rows(&count);
    for (size_t i = 1; i < count; i++) {
        assert_true(rows[i].value > rows[i - 1].value);
        bool status = rows[i].status == 403 || rows[i].status == 404 || rows[i].status == 409 ||
                      rows[i].status == 422 || rows[i].status == 503;
        assert_true(status);
        assert_true(rows[i].pointer[0] == '\0' || rows[i].pointer[0] == '/');
    }
    assert_int_equal(verdict_row(12345)->value, VERDICT_UNAVAILABLE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_sound),
        cmocka_unit_test(test_verdicts_are_sound),
        cmocka_unit_test(test_every_state_command_and_role),
        cmocka_unit_test(test_every_row_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
