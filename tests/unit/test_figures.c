/* Figures are a fold of events: their identity after every event, for the district and every unit; the same again from the log;
 * and the counters of a real platform. */
#include "core/figures.h"
#include "tests/unit/city.h"

#define WHY      .reason = TEXT("现场核实")
#define RETURNED .reason = TEXT("not_our_duty"), .basis = TEXT("三定方案第三条")

static struct figures figures[UNIT_COUNT]; /* [0]: the district */
static struct ticket ticket;
static time_ms now;
static int64_t last_id;

static void fold(const struct event *e) {
    struct ticket before = ticket;
    ticket_apply(&ticket, e);
    assert_null(ticket_check(city_world(), &ticket));
    for (uint32_t unit = 0; unit < UNIT_COUNT; unit++) {
        figures_fold(&figures[unit], city_world(), unit, &before, &ticket, e);
        assert_true(figures_hold(&figures[unit]));
    }
}

static void act(const struct principal *by, struct command command) {
    static struct step step;
    command.by = *by;
    command.generation = ticket.generation;
    assert_int_equal(
        ticket_decide(city_world(), ticket.state != 0 ? &ticket : NULL, NULL, &command, last_id, now, &step),
        VERDICT_OK);
    for (uint16_t i = 0; i < step.count; i++) fold(&step.events[i]);
}
#define ACT(who, verb, ...) act(&(who), (struct command){.name = COMMAND_##verb, __VA_ARGS__})

static void start(uint32_t matter, uint32_t place) {
    memset(&ticket, 0, sizeof ticket);
    last_id++;
    struct request_new request = {.matter = matter, .place = place, .place_by = PLACE_BY_POINT};
    struct command receive = {
        .name = COMMAND_RECEIVE, .request = last_id, .matter = matter, .place = place, .place_by = PLACE_BY_POINT};
    routing_decide(city_world(), &request, &receive.route);
    act(&SYSTEM, receive);
}

static void to_callback(void) {
    ACT(GRID_WORKER, SIGN);
    ACT(GRID_WORKER, CONTACT, .note = TEXT("已联系"));
    ACT(GRID_WORKER, FINISH, .answer = TEXT("已清运"));
    ACT(COMMUNITY_CLERK, PASS);
}

static void clear(const char *time) {
    memset(figures, 0, sizeof figures);
    now = at(time);
}

static void test_one_life_in_figures(void **state) {
    clear("2026-03-02 09:00");
    start(MATTER_GARBAGE, GRID_A);
    now += 3600000;
    to_callback();
    now += 3600000;
    ACT(OPERATOR, UNSOLVED, WHY);
    ACT(GRID_WORKER, FINISH, .answer = TEXT("又清运"));
    ACT(COMMUNITY_CLERK, PASS);
    ACT(OPERATOR, SOLVED, .satisfied = false);
    const struct figures *grid = &figures[GRID_A], *district = &figures[0];
    assert_int_equal(grid->received, 1);
    assert_int_equal(grid->closed, 1);
    assert_int_equal(grid->closed_at[UNIT_GRID], 1);
    assert_int_equal(figures_permille(grid->sign_on_time), 1000);
    assert_int_equal(figures_permille(grid->solved), 500);
    assert_int_equal(figures_permille(grid->satisfied), 0);
    assert_int_equal(figures_permille(grid->reworked), 1000);
    assert_int_equal(figures_permille(grid->returned), 0);
    assert_int_equal(figures_permille(grid->arrived_on_time), -1);
    assert_int_equal(grid->time_in[STATE_OFFERED].total_ms, 3600000);
    assert_int_equal(grid->time_in[STATE_CALLBACK].stays, 2);
    assert_int_equal(grid->time_in[STATE_CALLBACK].total_ms, 3600000);
    assert_memory_equal(&district->closed_at, &grid->closed_at, sizeof grid->closed_at);
    assert_int_equal(figures[STREET_B].received, 0);
    assert_int_equal(figures[STREET_A].closed, 1); /* what lies below counts too */
}

static void test_passing_between_units(void **state) {
    clear("2026-03-02 09:00");
    start(MATTER_GARBAGE, GRID_A);
    ACT(GRID_WORKER, SIGN);
    ACT(GRID_WORKER, PASS_UP, WHY); /* to the community: the street never lost it */
    assert_int_equal(figures[GRID_A].left, 1);
    assert_int_equal(figures[GRID_A].in_progress, 0);
    assert_int_equal(figures[COMMUNITY_A].received, 1);
    assert_int_equal(figures[COMMUNITY_A].left, 0);
    assert_int_equal(figures[STREET_A].received, 1);
    ACT(COMMUNITY_CLERK, RETURN, RETURNED);
    assert_int_equal(figures[STREET_A].left, 1);
    assert_int_equal(figures[STREET_A].returned.hit, 1);
    ACT(OPERATOR, DISPATCH, .unit = URBAN);
    ACT(OPERATOR, SUPERVISE, .note = TEXT("请说明"));
    assert_int_equal(figures[URBAN].supervised, 1);
    ACT(OPERATOR, VOID, WHY);
    assert_int_equal(figures[URBAN].supervised, 0);
    assert_int_equal(figures[URBAN].closed, 1);
    assert_int_equal(figures[0].ended[STATE_VOID], 1);
    assert_int_equal(figures[0].received, 1);
}

static void test_reopened_is_in_progress_again(void **state) {
    clear("2026-03-02 09:00");
    start(MATTER_GARBAGE, GRID_A);
    to_callback();
    ACT(OPERATOR, SOLVED);
    ACT(OPERATOR, REOPEN, WHY);
    assert_int_equal(figures[0].received, 1);
    assert_int_equal(figures[0].closed, 0);
    assert_int_equal(figures[0].in_progress, 1);
    assert_int_equal(figures[GRID_A].closed_at[UNIT_GRID], 0);
}

static void test_cards_are_counted_once(void **state) {
    clear("2026-03-02 09:00");
    start(MATTER_GARBAGE, GRID_EMPTY);
    for (int i = 0; i < 12; i++) {
        now = ticket.next_at;
        ACT(SYSTEM, TIMER);
    }
    assert_true(figures[GRID_EMPTY].rungs[RUNG_RED_CARD] >= 1);
    int64_t reds = figures[0].rungs[RUNG_RED_CARD], fallbacks = figures[GRID_EMPTY].fallbacks;
    assert_int_equal(fallbacks, figures[GRID_EMPTY].rungs[RUNG_URGE] + figures[GRID_EMPTY].rungs[RUNG_WARNING]);
    ACT(SUPERVISOR, WITHDRAW_CARD, .rung = RUNG_RED_CARD, WHY);
    assert_int_equal(figures[0].cards_withdrawn[RUNG_RED_CARD], 1);
    assert_int_equal(figures[0].rungs[RUNG_RED_CARD], reds);
}

/* 7,971 received = 7,894 closed + 77 in progress, 9 of those supervised. */
static void test_counters_of_a_real_platform(void **state) {
    clear("2026-03-02 09:00");
    for (int i = 0; i < 7971; i++) {
        start(i % 3 == 0 ? MATTER_GARBAGE : MATTER_POTHOLE, GRID_A);
        if (i < 7894 && i % 3 == 0) {
            to_callback();
            ACT(OPERATOR, SOLVED, .satisfied = i % 2 == 0);
        } else if (i < 7894) {
            ACT(MUNICIPAL_CLERK, SIGN);
            ACT(OPERATOR, VOID, WHY);
        } else if (i < 7894 + 9) {
            ACT(OPERATOR, SUPERVISE, .note = TEXT("请说明"));
        }
    }
    assert_int_equal(figures[0].received, 7971);
    assert_int_equal(figures[0].closed, 7894);
    assert_int_equal(figures[0].in_progress, 77);
    assert_int_equal(figures[0].supervised, 9);
}

static void test_adding_equals_folding(void **state) {
    clear("2026-03-02 09:00");
    start(MATTER_GARBAGE, GRID_A);
    to_callback();
    ACT(OPERATOR, SOLVED);
    struct figures first = figures[0], sum = {0};
    start(MATTER_POTHOLE, GRID_B);
    struct figures both = figures[0];
    memset(figures, 0, sizeof figures);
    start(MATTER_POTHOLE, GRID_B);
    figures_add(&sum, &first);
    figures_add(&sum, &figures[0]);
    assert_memory_equal(&sum, &both, sizeof sum);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_life_in_figures),           cmocka_unit_test(test_passing_between_units),
        cmocka_unit_test(test_reopened_is_in_progress_again), cmocka_unit_test(test_cards_are_counted_once),
        cmocka_unit_test(test_counters_of_a_real_platform),   cmocka_unit_test(test_adding_equals_folding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
