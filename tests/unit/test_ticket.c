/* Deciding and folding: each refusal by name, what the promise looks like, and thousands of random histories in which it must
 * never break. Stories that people can read are in test_story_*.c. */
#include "core/ticket_inner.h"
#include "tests/unit/histories.h"

static struct city city;

#define WHY      .reason = TEXT("现场核实")
#define RETURNED .reason = TEXT("not_our_duty"), .basis = TEXT("三定方案第三条")

static enum verdict try_it(int64_t id, const struct principal *by, struct command command) {
    return city_try(&city, id, by, command);
}
#define TRY(id, who, verb, ...)              try_it(id, &(who), (struct command){.name = COMMAND_##verb, __VA_ARGS__})
#define OK(id, who, verb, ...)               assert_int_equal(TRY(id, who, verb, __VA_ARGS__), VERDICT_OK)
#define REFUSED(verdict, id, who, verb, ...) assert_int_equal(TRY(id, who, verb, __VA_ARGS__), verdict)

static int64_t come_in(uint32_t matter, uint32_t place) {
    return receive(&city, (struct request_new){.matter = matter, .place = place, .place_by = PLACE_BY_POINT});
}

static void fresh(void) {
    city_open(&city, "2026-03-02 09:00");
    city.quiet = true;
}

static int64_t handled_by_municipal(void) {
    fresh();
    int64_t id = come_in(MATTER_POTHOLE, GRID_A);
    OK(id, MUNICIPAL_CLERK, SIGN);
    return id;
}

/* ---- refusals by name ---- */

static void test_refused_whoever_asks(void **state) {
    fresh();
    int64_t id = come_in(MATTER_POTHOLE, GRID_A);
    REFUSED(VERDICT_NOT_VISIBLE, id, HOUSING_CLERK, SIGN);
    REFUSED(VERDICT_NOT_YOURS, id, COMMUNITY_CLERK, SIGN); /* sees it, as the place is there */
    REFUSED(VERDICT_NOT_LEGAL_NOW, id, MUNICIPAL_CLERK, FINISH, .answer = TEXT("好了"));
    REFUSED(VERDICT_STALE_VERSION, id, MUNICIPAL_CLERK, SIGN, .version = 1);
    OK(id, MUNICIPAL_CLERK, SIGN, .version = 2);
    REFUSED(VERDICT_NOT_YOURS, id, WATER_CLERK, PASS_UP, WHY);
    static char longer[NOTE_BYTES_MAX + 1];
    REFUSED(VERDICT_TEXT_TOO_LONG, id, MUNICIPAL_CLERK, NOTE, .note = {longer, sizeof longer});
    struct principal admin = {.user = 9, .role = ROLE_ADMIN_SYSTEM, .unit = CENTER};
    REFUSED(VERDICT_NOT_VISIBLE, id, admin, NOTE, .note = TEXT("看看"));
    REFUSED(VERDICT_NOT_LEGAL_NOW, id, SYSTEM, RECEIVE, .request = 5);
}

static void test_refused_at_dispatch(void **state) {
    fresh();
    int64_t id = come_in(0, GRID_A);
    REFUSED(VERDICT_UNIT_MISSING, id, OPERATOR, DISPATCH);
    REFUSED(VERDICT_UNIT_UNKNOWN, id, OPERATOR, DISPATCH, .unit = 999);
    REFUSED(VERDICT_UNIT_CLOSED, id, OPERATOR, DISPATCH, .unit = GONE);
    REFUSED(VERDICT_UNIT_UNFIT, id, OPERATOR, DISPATCH, .unit = DISTRICT);
    REFUSED(VERDICT_NOT_ADMITTED, id, OPERATOR, DISPATCH, .unit = COMMUNITY_A, .matter = MATTER_SIGN);
    REFUSED(VERDICT_NOT_ADMITTED, id, OPERATOR, DISPATCH, .unit = GRID_A); /* no matter is on no list */
    REFUSED(VERDICT_MATTER_UNKNOWN, id, OPERATOR, DISPATCH, .unit = WATER, .matter = 999999);
    REFUSED(VERDICT_PLACE_UNKNOWN, id, OPERATOR, DISPATCH, .unit = WATER, .place = URBAN);
    REFUSED(VERDICT_UNITS_TWICE, id, OPERATOR, DISPATCH, .unit = WATER, .units = {URBAN, URBAN}, .units_count = 2);
    REFUSED(VERDICT_UNITS_TWICE, id, OPERATOR, DISPATCH, .unit = WATER, .units = {WATER}, .units_count = 1);
    REFUSED(VERDICT_UNITS_UNFIT, id, OPERATOR, DISPATCH, .unit = WATER, .units = {GONE}, .units_count = 1);
    REFUSED(VERDICT_TOO_MANY_UNITS, id, OPERATOR, DISPATCH, .unit = WATER,
            .units = {URBAN, MUNICIPAL, HOUSING, WATERWORKS, STREET_A, STREET_B, COMMUNITY_A, COMMUNITY_B},
            .units_count = 8);
    OK(id, OPERATOR, DISPATCH, .unit = GRID_A, .matter = MATTER_GARBAGE,
       .units = {URBAN, MUNICIPAL, HOUSING, WATERWORKS, STREET_A, STREET_B, COMMUNITY_A}, .units_count = 7);
    assert_int_equal(city.tickets[0].matter, MATTER_GARBAGE);
    REFUSED(VERDICT_SAME_UNIT, id, OPERATOR, DISPATCH, .unit = GRID_A, WHY);
    REFUSED(VERDICT_REASON_MISSING, id, OPERATOR, DISPATCH, .unit = WATER);
    OK(id, GRID_WORKER, SIGN);
    REFUSED(VERDICT_TOO_MANY_UNITS, id, OPERATOR, ADD_ASSIST, .unit = WATER);
    REFUSED(VERDICT_UNITS_MISSING, id, OPERATOR, ADD_ASSIST);
}

static void test_refused_returns(void **state) {
    fresh();
    int64_t id = come_in(MATTER_POTHOLE, GRID_A);
    REFUSED(VERDICT_REASON_MISSING, id, MUNICIPAL_CLERK, RETURN);
    REFUSED(VERDICT_REASON_UNKNOWN, id, MUNICIPAL_CLERK, RETURN, WHY);
    REFUSED(VERDICT_BASIS_MISSING, id, MUNICIPAL_CLERK, RETURN, .reason = TEXT("not_our_duty"));
    OK(id, WATER_CLERK, RETURN, RETURNED); /* an assist's return is no return of the ticket */
    assert_int_equal(city.tickets[0].returns, 0);
    OK(id, MUNICIPAL_CLERK, RETURN, RETURNED);
    OK(id, OPERATOR, DISPATCH, .unit = URBAN);
    OK(id, URBAN_CLERK, RETURN, RETURNED);
    assert_int_equal(city.tickets[0].state, STATE_DISPUTED);
    REFUSED(VERDICT_SAME_UNIT, id, OPERATOR, ADJUDICATE, .unit = URBAN, WHY);
    OK(id, OPERATOR, FORCE, WHY);
    REFUSED(VERDICT_FORCED, id, URBAN_CLERK, RETURN, RETURNED);
    OK(id, URBAN_CLERK, SIGN);
    OK(id, URBAN_CLERK, PASS_UP, WHY); /* nobody above a department: the centre dispatches anew */
    REFUSED(VERDICT_RETURNED_BEFORE, id, OPERATOR, DISPATCH, .unit = MUNICIPAL);
    OK(id, OPERATOR, DISPATCH, .unit = HOUSING);
    OK(id, HOUSING_CLERK, RETURN, RETURNED); /* what was forced upon one is not forced upon the next */
}

static void test_refused_work(void **state) {
    int64_t id = handled_by_municipal();
    REFUSED(VERDICT_ASSIST_OPEN, id, MUNICIPAL_CLERK, FINISH, .answer = TEXT("好了"));
    REFUSED(VERDICT_ASSIGNMENT_UNKNOWN, id, MUNICIPAL_CLERK, RELEASE_ASSIST, .unit = URBAN, WHY);
    REFUSED(VERDICT_REASON_MISSING, id, MUNICIPAL_CLERK, RELEASE_ASSIST, .unit = WATER);
    REFUSED(VERDICT_NOT_SIGNED, id, WATER_CLERK, ANSWER, .note = TEXT("管网无恙"));
    OK(id, WATER_CLERK, SIGN);
    REFUSED(VERDICT_ALREADY_DONE, id, WATER_CLERK, SIGN);
    REFUSED(VERDICT_NOTE_MISSING, id, WATER_CLERK, ANSWER);
    OK(id, WATER_CLERK, ANSWER, .note = TEXT("管网无恙"));
    REFUSED(VERDICT_ANSWER_MISSING, id, MUNICIPAL_CLERK, FINISH, .note = TEXT("内部"));
    REFUSED(VERDICT_ANSWER_MISSING, id, MUNICIPAL_CLERK, FINISH,
            .answer = TEXT(" \n\t\xe3\x80\x80\xc2\xa0")); /* white space says nothing */
    static const struct principal street_of_department = {.user = 60, .role = ROLE_STREET, .unit = MUNICIPAL};
    REFUSED(VERDICT_NOT_A_STREET, id, street_of_department, WHISTLE, .unit = URBAN);
    OK(id, OPERATOR, SUPERVISE, .note = TEXT("请说明"));
    REFUSED(VERDICT_SUPERVISED_ALREADY, id, OPERATOR, SUPERVISE, .note = TEXT("请说明"));
    REFUSED(VERDICT_REPLY_FIRST, id, MUNICIPAL_CLERK, FINISH, .answer = TEXT("好了"));
    REFUSED(VERDICT_NOTE_MISSING, id, MUNICIPAL_CLERK, REPLY);
    OK(id, MUNICIPAL_CLERK, REPLY, .note = TEXT("今日完成"));
    REFUSED(VERDICT_NOT_SUPERVISED, id, MUNICIPAL_CLERK, REPLY, .note = TEXT("今日完成"));
    OK(id, MUNICIPAL_CLERK, FINISH, .answer = TEXT("好了"));
    assert_int_equal(city.tickets[0].checker, COMMUNITY_A);
}

static void test_refused_passing_down(void **state) {
    fresh();
    int64_t id = come_in(MATTER_GARBAGE, STREET_A);
    OK(id, STREET_CLERK, SIGN);
    time_ms soon = city.now + 3600000;
    REFUSED(VERDICT_UNTIL_MISSING, id, STREET_CLERK, PASS_DOWN, .unit = GRID_A);
    REFUSED(VERDICT_NOT_BELOW, id, STREET_CLERK, PASS_DOWN, .unit = GRID_B, .until = soon);
    REFUSED(VERDICT_UNTIL_TOO_EARLY, id, STREET_CLERK, PASS_DOWN, .unit = GRID_A, .until = city.now);
    REFUSED(VERDICT_SUB_DEADLINE, id, STREET_CLERK, PASS_DOWN, .unit = GRID_A,
            .until = city.now + (time_ms)30 * 86400000);
    OK(id, STREET_CLERK, PASS_DOWN, .unit = GRID_A, .until = soon);
    REFUSED(VERDICT_UNITS_TWICE, id, STREET_CLERK, PASS_DOWN, .unit = GRID_A, .until = soon);
    assert_int_equal(ticket_assignment_of(&city.tickets[0], GRID_A)->handle.due, soon);
}

static void test_refused_whistles(void **state) {
    fresh();
    int64_t id = come_in(MATTER_GARBAGE, STREET_A);
    OK(id, STREET_CLERK, SIGN);
    REFUSED(VERDICT_UNITS_UNFIT, id, STREET_CLERK, WHISTLE, .unit = GRID_A);
    OK(id, STREET_CLERK, ADD_ASSIST, .unit = WATER);
    OK(id, STREET_CLERK, WHISTLE, .unit = URBAN);
    OK(id, WATER_CLERK, SIGN);
    REFUSED(VERDICT_NOT_WHISTLED, id, WATER_CLERK, ARRIVE);
    REFUSED(VERDICT_NOT_WHISTLED, id, STREET_CLERK, SCORE, .unit = WATER, .score = 3);
    REFUSED(VERDICT_NOT_ARRIVED, id, STREET_CLERK, SCORE, .unit = URBAN, .score = 3);
    OK(id, URBAN_CLERK, SIGN);
    REFUSED(VERDICT_NOT_ARRIVED, id, URBAN_CLERK, ANSWER, .note = TEXT("已拆除"));
    OK(id, URBAN_CLERK, ARRIVE);
    REFUSED(VERDICT_ALREADY_DONE, id, URBAN_CLERK, ARRIVE);
    REFUSED(VERDICT_SCORE_UNFIT, id, STREET_CLERK, SCORE, .unit = URBAN, .score = 6);
    OK(id, URBAN_CLERK, ANSWER, .note = TEXT("已拆除"));
    OK(id, STREET_CLERK, SCORE, .unit = URBAN, .score = 5);
    REFUSED(VERDICT_ALREADY_DONE, id, STREET_CLERK, SCORE, .unit = URBAN, .score = 5);
}

static void test_refused_approvals(void **state) {
    int64_t id = handled_by_municipal();
    time_ms due = ticket_lead(&city.tickets[0])->handle.due, later = due + (time_ms)5 * 86400000;
    REFUSED(VERDICT_NOT_ASKED, id, OPERATOR, GRANT_EXTENSION);
    REFUSED(VERDICT_UNTIL_MISSING, id, MUNICIPAL_CLERK, ASK_EXTENSION, WHY);
    REFUSED(VERDICT_UNTIL_TOO_EARLY, id, MUNICIPAL_CLERK, ASK_EXTENSION, WHY, .until = due);
    REFUSED(VERDICT_UNTIL_TOO_LATE, id, MUNICIPAL_CLERK, ASK_EXTENSION, WHY, .until = due + (time_ms)400 * 86400000);
    OK(id, MUNICIPAL_CLERK, ASK_EXTENSION, WHY, .until = later);
    REFUSED(VERDICT_ALREADY_ASKED, id, MUNICIPAL_CLERK, ASK_SUSPENSION, WHY, .until = later);
    struct principal same_user = OPERATOR;
    same_user.user = MUNICIPAL_CLERK.user;
    REFUSED(VERDICT_OWN_REQUEST, id, same_user, GRANT_EXTENSION);
    OK(id, OPERATOR, GRANT_EXTENSION);
    assert_int_equal(ticket_lead(&city.tickets[0])->handle.due, later);
    OK(id, MUNICIPAL_CLERK, ASK_EXTENSION, WHY, .until = later + 86400000);
    REFUSED(VERDICT_HIGHER_ROLE, id, OPERATOR, GRANT_EXTENSION);
    OK(id, SUPERVISOR, GRANT_EXTENSION, .until = later + 3600000);
    REFUSED(VERDICT_EXTENSIONS_USED, id, MUNICIPAL_CLERK, ASK_EXTENSION, WHY, .until = later + (time_ms)9 * 86400000);
    REFUSED(VERDICT_UNTIL_TOO_LATE, id, MUNICIPAL_CLERK, ASK_SUSPENSION, WHY,
            .until = city.now + (time_ms)31 * 86400000);
    OK(id, MUNICIPAL_CLERK, ASK_SUSPENSION, WHY, .until = city.now + (time_ms)20 * 86400000);
    OK(id, OPERATOR, REFUSE_SUSPENSION, WHY);
    id = handled_by_municipal();
    until(&city, "2026-04-20 09:00");
    REFUSED(VERDICT_TOO_LATE, id, MUNICIPAL_CLERK, ASK_EXTENSION, WHY, .until = city.now + 86400000);
}

static void test_refused_checks_and_ends(void **state) {
    int64_t id = handled_by_municipal();
    OK(id, MUNICIPAL_CLERK, RELEASE_ASSIST, .unit = WATER, WHY);
    OK(id, MUNICIPAL_CLERK, FINISH, .answer = TEXT("好了"));
    struct principal same_user = COMMUNITY_CLERK;
    same_user.user = MUNICIPAL_CLERK.user;
    REFUSED(VERDICT_OWN_WORK, id, same_user, PASS);
    REFUSED(VERDICT_REASON_MISSING, id, COMMUNITY_CLERK, FAIL);
    OK(id, COMMUNITY_CLERK, PASS);
    REFUSED(VERDICT_REASON_MISSING, id, OPERATOR, CLOSE);
    OK(id, OPERATOR, SOLVED);
    until(&city, "2026-04-20 09:00");
    REFUSED(VERDICT_REOPEN_LATE, id, HOTLINE, REOPEN, WHY);
    REFUSED(VERDICT_NOT_YOURS, id, MUNICIPAL_CLERK, APPEAL_CARD, .rung = RUNG_RED_CARD, WHY);
}

static void test_refused_merges(void **state) {
    fresh();
    int64_t first = come_in(MATTER_POTHOLE, GRID_A), second = come_in(MATTER_POTHOLE, GRID_A);
    REFUSED(VERDICT_OTHER_MISSING, second, OPERATOR, MERGE);
    REFUSED(VERDICT_OTHER_UNFIT, second, OPERATOR, MERGE, .other = second);
    OK(second, OPERATOR, MERGE, .other = first);
    REFUSED(VERDICT_LEADS_OTHERS, first, OPERATOR, MERGE, .other = second);
    REFUSED(VERDICT_LEADING_NOT_DONE, second, HOTLINE, SOLVED);
    REFUSED(VERDICT_OTHER_UNFIT, second, OPERATOR, UNMERGE, WHY, .other = second);
    OK(second, OPERATOR, UNMERGE, WHY, .other = first);
    assert_int_equal(city.tickets[0].request_count, 1);
    REFUSED(VERDICT_SUPPLEMENT_EMPTY, second, HOTLINE, SUPPLEMENT);
    REFUSED(VERDICT_REQUEST_MISSING, 0, SYSTEM, RECEIVE);
}

static void test_timers_mean_something_once(void **state) {
    fresh();
    int64_t id = come_in(MATTER_POTHOLE, GRID_A);
    uint32_t generation = city.tickets[0].generation;
    REFUSED(VERDICT_TIMER_EARLY, id, SYSTEM, TIMER, .generation = generation);
    REFUSED(VERDICT_TIMER_STALE, id, SYSTEM, TIMER, .generation = generation - 1);
    REFUSED(VERDICT_NOT_YOURS, id, OPERATOR, TIMER, .generation = generation);
    city.now = city.tickets[0].next_at;
    OK(id, SYSTEM, TIMER, .generation = generation);
    REFUSED(VERDICT_TIMER_STALE, id, SYSTEM, TIMER, .generation = generation);
    generation = city.tickets[0].generation;
    OK(id, OPERATOR, NOTE, .note = TEXT("关注")); /* moves no deadline: the timer stays good */
    assert_int_equal(city.tickets[0].generation, generation);
}

/* Nobody looked for half a year: every rung once, in order of its time, the rest armed at once. */
static void test_long_outage_loses_no_rung(void **state) {
    fresh();
    int64_t id = come_in(0, 0);
    OK(id, OPERATOR, DISPATCH, .unit = MUNICIPAL, .matter = MATTER_GARBAGE, .units = {WATER, URBAN, HOUSING},
       .units_count = 3);
    city.now = at("2026-09-01 09:00");
    static struct step step;
    int steps = 0, rungs[RUNG_COUNT] = {0}, supervisions = 0;
    time_ms last_due = 0;
    while (city.tickets[0].next_at <= city.now) {
        struct command timer = {.name = COMMAND_TIMER, .by = SYSTEM, .generation = city.tickets[0].generation};
        assert_int_equal(ticket_decide(city_world(), &city.tickets[0], NULL, &timer, 0, city.now, &step), VERDICT_OK);
        for (uint16_t i = 0; i < step.count; i++) {
            const struct event *e = &step.events[i];
            supervisions += e->type == EVENT_SUPERVISED;
            if (e->type == EVENT_RUNG) {
                assert_false(e->effect.reminder);
                assert_true(e->effect.until >= last_due);
                last_due = e->effect.until;
                rungs[e->effect.rung]++;
            }
            city_fold(&city, e);
        }
        assert_true(++steps < 20);
    }
    for (int rung = RUNG_URGE; rung <= RUNG_RED_CARD; rung++)
        assert_int_equal(rungs[rung], 8); /* four units, two clocks */
    assert_int_equal(supervisions, 1);
    assert_true(steps >= 3);
}

/* ---- what is shown ---- */

static void test_next_light_and_change(void **state) {
    fresh();
    int64_t id = come_in(MATTER_POTHOLE, GRID_A);
    struct next next = ticket_next(&city.tickets[0]);
    assert_int_equal(next.owner, MUNICIPAL);
    assert_int_equal(next.action, NEXT_SIGN);
    assert_int_equal(next.due, at("2026-03-02 11:00"));
    assert_int_equal(next.yellow, at("2026-03-02 10:36"));
    assert_int_equal(ticket_light(&next, at("2026-03-02 10:35")), LIGHT_GREEN);
    assert_int_equal(ticket_light(&next, at("2026-03-02 10:36")), LIGHT_YELLOW);
    assert_int_equal(ticket_light(&next, at("2026-03-02 11:00")), LIGHT_YELLOW);
    assert_int_equal(ticket_light(&next, at("2026-03-02 11:00:01")), LIGHT_RED);
    struct change change = {0};
    ticket_change(&city.tickets[0], &change);
    assert_int_equal(change.owner, MUNICIPAL);
    assert_int_equal(change.due, next.due);
    assert_int_equal(change.next_at, at("2026-03-02 10:36"));
    assert_int_equal(change.units_count, 3); /* owner, place, assist */
    assert_int_equal(change.units[1], GRID_A);
    assert_true(change.open);
    OK(id, MUNICIPAL_CLERK, SIGN);
    next = ticket_next(&city.tickets[0]);
    assert_int_equal(next.action, NEXT_CONTACT);
    assert_int_equal(next.due, at("2026-03-03 09:00")); /* counted from dispatch */
    OK(id, MUNICIPAL_CLERK, CONTACT, .note = TEXT("已联系"));
    next = ticket_next(&city.tickets[0]);
    assert_int_equal(next.action, NEXT_FINISH);
    OK(id, OPERATOR, SUPERVISE, .note = TEXT("请说明"));
    next = ticket_next(&city.tickets[0]);
    assert_int_equal(next.action, NEXT_REPLY);
    OK(id, OPERATOR, VOID, WHY);
    next = ticket_next(&city.tickets[0]);
    assert_true(next.owner == 0 && next.action == 0 && next.due == 0);
}

static void test_another_calendar_moves_deadlines(void **state) {
    static struct calendar closed_on_tuesday;
    int64_t id = handled_by_municipal();
    time_ms before = ticket_lead(&city.tickets[0])->handle.due, total = city.tickets[0].total_due;
    REFUSED(VERDICT_NOTHING_CHANGES, id, SYSTEM, RECOMPUTE, .reason = TEXT("同一日历"));
    closed_on_tuesday = *demo_calendar("standard");
    struct calendar_spans none = {0};
    int32_t tuesday = calendar_day_of(2026, 3, 3);
    assert_int_equal(calendar_day(&closed_on_tuesday, CALENDAR_OFF, tuesday, tuesday, &none, "停电", "power cut"),
                     CALENDAR_OK);
    assert_int_equal(calendar_seal(&closed_on_tuesday), CALENDAR_OK);
    const struct calendar *calendars[2] = {&closed_on_tuesday, demo_calendar("always")};
    struct world world = *city_world();
    world.calendars = calendars;
    static struct step step;
    struct command recompute = {.name = COMMAND_RECOMPUTE, .by = SYSTEM, .reason = TEXT("新日历")};
    assert_int_equal(ticket_decide(&world, &city.tickets[0], NULL, &recompute, 0, city.now, &step), VERDICT_OK);
    assert_int_equal(step.count, 1);
    city_fold(&city, &step.events[0]);
    assert_int_equal(ticket_lead(&city.tickets[0])->handle.due, before + 86400000);
    assert_int_equal(city.tickets[0].total_due, total + 86400000);
    assert_int_equal(ticket_decide(&world, &city.tickets[0], NULL, &recompute, 0, city.now, &step),
                     VERDICT_NOTHING_CHANGES);
}

/* ---- random histories ---- */

enum { LOG_MAX = 2000 };
static struct event event_log[LOG_MAX];
static size_t event_log_count;

/* What was written, folded again from nothing, is the same to the byte. */
static void assert_replay(void) {
    static struct ticket again[CITY_TICKETS];
    memset(again, 0, sizeof again);
    for (size_t i = 0; i < event_log_count; i++) ticket_apply(&again[event_log[i].ticket - 1], &event_log[i]);
    assert_memory_equal(again, city.tickets, city.ticket_count * sizeof again[0]);
}

static void take(const struct event *e) {
    const struct ticket *about = city_ticket(&city, e->ticket);
    uint32_t generation = about != NULL ? about->generation : 0;
    time_ms next_at = about != NULL ? about->next_at : 0;
    assert_true(event_log_count < LOG_MAX);
    event_log[event_log_count++] = *e;
    city_fold(&city, e);
    about = city_ticket(&city, e->ticket);
    assert_int_equal(about->generation - generation, about->next_at != next_at);
}

static void test_random_histories(void **state) {
    int64_t events = 0;
    int64_t times_reached[STATE_COUNT] = {0};
    for (uint64_t history = 0; history < 3000; history++) {
        event_log_count = 0;
        history_open(&city, history, take);
        for (int i = 0; i < 150; i++) {
            history_command(&city, take);
            for (size_t k = 0; k < city.ticket_count; k++) times_reached[city.tickets[k].state]++;
            history_time(&city);
        }
        assert_replay();
        events += (int64_t)event_log_count;
    }
    for (int i = 2; i < STATE_COUNT; i++) {
        if (times_reached[i] < 300) fail_msg("histories hardly come to %s", word_text(WORDS_state, i));
    }
    print_message("3000 histories, %ld events\n", (long)events);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_whoever_asks),
        cmocka_unit_test(test_refused_at_dispatch),
        cmocka_unit_test(test_refused_returns),
        cmocka_unit_test(test_refused_work),
        cmocka_unit_test(test_refused_passing_down),
        cmocka_unit_test(test_refused_whistles),
        cmocka_unit_test(test_refused_approvals),
        cmocka_unit_test(test_refused_checks_and_ends),
        cmocka_unit_test(test_refused_merges),
        cmocka_unit_test(test_timers_mean_something_once),
        cmocka_unit_test(test_long_outage_loses_no_rung),
        cmocka_unit_test(test_next_light_and_change),
        cmocka_unit_test(test_another_calendar_moves_deadlines),
        cmocka_unit_test(test_random_histories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
