/* Figures are a fold of events: their identity after every event, for the district and every unit; the same again from the log,
 * after any prefix of a random history; and the counters of a real platform. */
#include "services/kit/tally.h"
#include "tests/unit/histories.h"

#define WHY      .reason = TEXT("现场核实")
#define RETURNED .reason = TEXT("not_our_duty"), .basis = TEXT("三定方案第三条")

static struct figures figures[UNIT_COUNT]; /* [0]: the district */
static struct ticket ticket;
static time_ms now;
static int64_t last_id;
static uint8_t channel;

static int64_t of(uint32_t unit, enum figure figure) {
    return figures[unit].n[figure];
}

static int32_t permille(uint32_t unit, enum rate rate) {
    return figures_permille(figures_rate(&figures[unit], rate));
}

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
    struct command receive = {.name = COMMAND_RECEIVE,
                              .request = last_id,
                              .matter = matter,
                              .place = place,
                              .place_by = PLACE_BY_POINT,
                              .channel = channel};
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
    SHOWS("F1 F4 F5 F6 F7");
    clear("2026-03-02 09:00");
    start(MATTER_GARBAGE, GRID_A);
    now += 3600000;
    to_callback();
    now += 3600000;
    ACT(OPERATOR, UNSOLVED, WHY);
    ACT(GRID_WORKER, FINISH, .answer = TEXT("又清运"));
    ACT(COMMUNITY_CLERK, PASS);
    ACT(OPERATOR, SOLVED, .satisfied = false);
    assert_int_equal(of(GRID_A, FIGURE_RECEIVED), 1);
    assert_int_equal(of(GRID_A, FIGURE_CLOSED), 1);
    assert_int_equal(of(GRID_A, FIGURE_CLOSED_AT_GRID), 1);
    assert_int_equal(permille(GRID_A, RATE_LOCAL), 1000);
    assert_int_equal(permille(GRID_A, RATE_SIGN_ON_TIME), 1000);
    assert_int_equal(permille(GRID_A, RATE_SOLVED), 500);
    assert_int_equal(permille(GRID_A, RATE_SATISFIED), 0);
    assert_int_equal(permille(GRID_A, RATE_REWORKED), 1000);
    assert_int_equal(permille(GRID_A, RATE_RETURNED), 0);
    assert_int_equal(permille(GRID_A, RATE_ARRIVED_ON_TIME), -1);
    assert_int_equal(of(GRID_A, FIGURE_MS_OFFERED), 3600000);
    assert_int_equal(of(GRID_A, FIGURE_STAYS_CALLBACK), 2);
    assert_int_equal(of(GRID_A, FIGURE_MS_CALLBACK), 3600000);
    assert_int_equal(of(0, FIGURE_CLOSED_AT_GRID), 1);
    assert_int_equal(of(STREET_B, FIGURE_RECEIVED), 0);
    assert_int_equal(of(STREET_A, FIGURE_CLOSED), 1); /* what lies below counts too */
}

static void test_passing_between_units(void **state) {
    SHOWS("F2");
    clear("2026-03-02 09:00");
    start(MATTER_GARBAGE, GRID_A);
    ACT(GRID_WORKER, SIGN);
    ACT(GRID_WORKER, PASS_UP, WHY); /* to the community: the street never lost it */
    assert_int_equal(of(GRID_A, FIGURE_LEFT), 1);
    assert_int_equal(figures_in_progress(&figures[GRID_A]), 0);
    assert_int_equal(of(COMMUNITY_A, FIGURE_RECEIVED), 1);
    assert_int_equal(of(COMMUNITY_A, FIGURE_LEFT), 0);
    assert_int_equal(of(STREET_A, FIGURE_RECEIVED), 1);
    ACT(COMMUNITY_CLERK, RETURN, RETURNED);
    assert_int_equal(of(STREET_A, FIGURE_LEFT), 1);
    assert_int_equal(of(STREET_A, FIGURE_RETURNED), 1);
    ACT(OPERATOR, DISPATCH, .unit = URBAN);
    ACT(OPERATOR, SUPERVISE, .note = TEXT("请说明"));
    assert_int_equal(of(URBAN, FIGURE_SUPERVISED), 1);
    ACT(OPERATOR, VOID, WHY);
    assert_int_equal(of(URBAN, FIGURE_SUPERVISED), 0);
    assert_int_equal(of(URBAN, FIGURE_CLOSED), 1);
    assert_int_equal(of(0, FIGURE_ENDED_VOID), 1);
    assert_int_equal(of(0, FIGURE_RECEIVED), 1);
}

static void test_reopened_is_in_progress_again(void **state) {
    SHOWS("F2");
    clear("2026-03-02 09:00");
    start(MATTER_GARBAGE, GRID_A);
    to_callback();
    ACT(OPERATOR, SOLVED);
    ACT(OPERATOR, REOPEN, WHY);
    assert_int_equal(of(0, FIGURE_RECEIVED), 1);
    assert_int_equal(of(0, FIGURE_CLOSED), 0);
    assert_int_equal(figures_in_progress(&figures[0]), 1);
    assert_int_equal(of(GRID_A, FIGURE_CLOSED_AT_GRID), 0);
}

static uint16_t red_card(void) {
    for (uint16_t i = 0; i < ticket.cards_count; i++) {
        if (ticket.cards[i].rung == RUNG_RED_CARD) return ticket.cards[i].no;
    }
    return 0;
}

static void test_cards_are_counted_once(void **state) {
    SHOWS("F3 F8");
    clear("2026-03-02 09:00");
    start(MATTER_GARBAGE, GRID_EMPTY);
    for (int i = 0; i < 12; i++) {
        now = ticket.next_at;
        ACT(SYSTEM, TIMER);
    }
    assert_true(of(GRID_EMPTY, FIGURE_RUNG_RED_CARD) >= 1);
    int64_t reds = of(0, FIGURE_RUNG_RED_CARD), fallbacks = of(GRID_EMPTY, FIGURE_FALLBACKS);
    assert_int_equal(fallbacks, of(GRID_EMPTY, FIGURE_RUNG_URGE) + of(GRID_EMPTY, FIGURE_RUNG_WARNING));
    ACT(SUPERVISOR, WITHDRAW_CARD, .card = red_card(), WHY);
    assert_int_equal(of(0, FIGURE_WITHDRAWN_RED_CARD), 1);
    assert_int_equal(of(0, FIGURE_RUNG_RED_CARD), reds);
}

/* 7,971 received = 7,894 closed + 77 in progress, 9 of those supervised. */
static void test_counters_of_a_real_platform(void **state) {
    SHOWS("F1 F3");
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
    assert_int_equal(of(0, FIGURE_RECEIVED), 7971);
    assert_int_equal(of(0, FIGURE_CLOSED), 7894);
    assert_int_equal(figures_in_progress(&figures[0]), 77);
    assert_int_equal(of(0, FIGURE_SUPERVISED), 9);
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

/* 313 = 224 + 89: which way they took to their unit, by rule or by the centre's hand. */
static void test_ways_of_a_real_platform(void **state) {
    SHOWS("F16");
    clear("2026-03-02 09:00");
    for (int i = 0; i < 313; i++) {
        bool by_rule = i < 224;
        start(by_rule ? MATTER_GARBAGE : 0, GRID_A);
        if (by_rule) continue;
        ACT(OPERATOR, DISPATCH, .unit = URBAN, .matter = MATTER_SIGN);
        ACT(URBAN_CLERK, RETURN, RETURNED); /* a further dispatch does not count again */
        ACT(OPERATOR, DISPATCH, .unit = HOUSING);
    }
    assert_int_equal(of(0, FIGURE_RECEIVED), 313);
    assert_int_equal(of(0, FIGURE_BY_RULE), 224);
    assert_int_equal(of(0, FIGURE_BY_HAND), 89);
    assert_int_equal(permille(0, RATE_BY_RULE), 716);
    assert_int_equal(of(URBAN, FIGURE_BY_HAND), 89);
    assert_int_equal(of(HOUSING, FIGURE_BY_HAND), 0);
}

static void test_a_whistle_and_who_came(void **state) {
    SHOWS("F17");
    clear("2026-03-02 09:00");
    start(MATTER_SIGN, GRID_A);
    ACT(STREET_CLERK, SIGN);
    ACT(STREET_CLERK, WHISTLE, .units = {URBAN, WATER, HOUSING}, .units_count = 3, WHY);
    ACT(URBAN_CLERK, SIGN);
    ACT(URBAN_CLERK, ARRIVE);
    ACT(STREET_CLERK, SCORE, .unit = URBAN, .score = 4);
    now = at("2026-03-05 09:00");
    ACT(WATER_CLERK, SIGN);
    ACT(WATER_CLERK, ARRIVE);
    assert_int_equal(permille(STREET_A, RATE_WHISTLED), 1000);
    assert_int_equal(of(STREET_A, FIGURE_CALLED), 0); /* it called, nobody called it */
    assert_int_equal(of(0, FIGURE_CALLED), 3);
    assert_int_equal(permille(0, RATE_ARRIVED), 667);
    assert_int_equal(permille(URBAN, RATE_ARRIVED_ON_TIME), 1000);
    assert_int_equal(permille(WATER, RATE_ARRIVED_ON_TIME), 0);
    assert_int_equal(permille(HOUSING, RATE_ARRIVED), 0);
    assert_int_equal(of(URBAN, FIGURE_SCORE_SUM), 4);
}

/* ---- cells: the log counted in one go, and again from any place --------------------------------------------------------- */

enum { LOG_MAX = 3000 };
static struct city city;
static struct event event_log[LOG_MAX];
static size_t log_count;
static struct tally *live;

static void take(const struct event *e) {
    assert_true(log_count < LOG_MAX);
    event_log[log_count++] = *e;
    city_fold(&city, e);
    assert_true(tally_take(live, city_world(), e));
}

static struct figures sum_of(const struct tally *tally, uint32_t unit, bool months, int matter) {
    struct figures sum = {0};
    for (size_t i = 0; i < tally_count(tally); i++) {
        const struct tally_cell *c = tally_cell(tally, i);
        if (c->unit != unit || (c->period < 1000000) != months) continue;
        if (matter < 0 || c->matter == (uint32_t)matter) figures_add(&sum, &c->figures);
    }
    return sum;
}

/* The log alone, and nothing but figures_fold, for every unit whether it took part or not. */
static void recompute(size_t count) {
    static struct ticket tickets[CITY_TICKETS];
    memset(tickets, 0, sizeof tickets);
    memset(figures, 0, sizeof figures);
    for (size_t i = 0; i < count; i++) {
        struct ticket *t = &tickets[event_log[i].ticket - 1], before = *t;
        ticket_apply(t, &event_log[i]);
        for (uint32_t unit = 0; unit < UNIT_COUNT; unit++)
            figures_fold(&figures[unit], city_world(), unit, &before, t, &event_log[i]);
    }
}

static void assert_live_is_recomputed(void) {
    recompute(log_count);
    for (uint32_t unit = 0; unit < UNIT_COUNT; unit++) {
        bool whole = unit == CENTER || unit == DISTRICT; /* these are unit 0 */
        struct figures days = sum_of(live, unit, false, -1), months = sum_of(live, unit, true, -1);
        assert_true(figures_hold(&figures[unit]) && figures_cards_hold(&figures[unit]));
        assert_memory_equal(&days, &months, sizeof days);
        if (!whole) assert_memory_equal(&days, &figures[unit], sizeof days);
        for (int m = 0; m < 6; m++) {
            struct figures matter = sum_of(live, unit, false, (int)city_matters[m].code);
            assert_true(figures_hold(&matter)); /* rule F10 */
        }
    }
}

static void test_live_equals_recomputed_after_every_prefix(void **state) {
    live = tally_new(true, 1000);
    for (uint64_t history = 0; history < 200; history++) {
        log_count = 0;
        tally_reset(live);
        history_open(&city, history, take);
        for (int i = 0; i < 150; i++) {
            history_command(&city, take);
            assert_live_is_recomputed();
            history_time(&city);
        }
    }
    tally_free(&live);
}

/* As the keeper does it: cells are stored and cleared at any place, tickets are forgotten and learned again. */
static void test_counting_in_pieces_equals_counting_at_once(void **state) {
    live = tally_new(true, 1000);
    for (uint64_t history = 0; history < 500; history++) {
        log_count = 0;
        tally_reset(live);
        history_open(&city, history, take);
        for (int i = 0; i < 100; i++) {
            history_command(&city, take);
            history_time(&city);
        }
        assert_live_is_recomputed();
        struct tally *piece = tally_new(true, 0);
        struct figures sums[UNIT_COUNT] = {0};
        for (size_t i = 0; i < log_count; i++) {
            const struct event *e = &event_log[i];
            if (!tally_knows(piece, e->ticket, e->version))
                for (size_t k = 0; k < i; k++)
                    if (event_log[k].ticket == e->ticket) tally_learn(piece, &event_log[k]);
            assert_true(tally_take(piece, city_world(), e));
            if (roll(10) != 0 && i + 1 < log_count) continue;
            for (uint32_t unit = 0; unit < UNIT_COUNT; unit++) {
                struct figures sum = sum_of(piece, unit, roll(2) == 0, -1);
                figures_add(&sums[unit], &sum);
            }
            tally_clear_cells(piece); /* and all tickets, as it may remember none */
        }
        for (uint32_t unit = 0; unit < UNIT_COUNT; unit++)
            if (unit != CENTER && unit != DISTRICT) assert_memory_equal(&sums[unit], &figures[unit], sizeof *sums);
        tally_free(&piece);
    }
    tally_free(&live);
}

static void test_another_matter_takes_the_ticket_along(void **state) {
    SHOWS("F10");
    live = tally_new(false, 10);
    city_open(&city, "2026-03-02 09:00");
    city.quiet = true;
    log_count = 0;
    static struct step step;
    struct command c = {.name = COMMAND_RECEIVE, .by = SYSTEM, .request = 1, .channel = CHANNEL_GRID};
    assert_int_equal(ticket_decide(city_world(), NULL, NULL, &c, 1, city.now, &step), VERDICT_OK);
    for (uint16_t i = 0; i < step.count; i++) take(&step.events[i]);
    city.now = at("2026-03-03 09:00");
    c = (struct command){.name = COMMAND_DISPATCH, .by = OPERATOR, .ticket = 1, .unit = URBAN, .matter = MATTER_SIGN};
    assert_int_equal(ticket_decide(city_world(), &city.tickets[0], NULL, &c, 2, city.now, &step), VERDICT_OK);
    for (uint16_t i = 0; i < step.count; i++) take(&step.events[i]);
    assert_int_equal(tally_find(live, 0, 20260302, 0, CHANNEL_GRID)->figures.n[FIGURE_RECEIVED], 1);
    assert_int_equal(tally_find(live, 0, 20260303, 0, CHANNEL_GRID)->figures.n[FIGURE_RECEIVED], -1);
    assert_int_equal(tally_find(live, 0, 20260303, MATTER_SIGN, CHANNEL_GRID)->figures.n[FIGURE_RECEIVED], 1);
    assert_int_equal(tally_find(live, URBAN, 20260303, MATTER_SIGN, CHANNEL_GRID)->figures.n[FIGURE_RECEIVED], 1);
    assert_null(tally_find(live, URBAN, 20260302, 0, CHANNEL_GRID));
    tally_free(&live);
}

static void test_a_damaged_log_is_told_and_not_guessed(void **state) {
    live = tally_new(false, 10);
    log_count = 0;
    history_open(&city, 1, take);
    struct event gap = event_log[log_count - 1];
    gap.version += 2;
    size_t cells = tally_count(live);
    assert_false(tally_take(live, city_world(), &gap));
    gap.version = event_log[log_count - 1].version + 1;
    assert_false(tally_take(live, city_world(), &gap)); /* nor anything behind it */
    assert_int_equal(tally_count(live), cells);
    tally_free(&live);
}

static void test_every_counter_and_rate_has_its_words(void **state) {
    for (int i = 1; i < FIGURE_COUNT; i++)
        assert_true(figures_counter(i)->name && *figures_counter(i)->zh && *figures_counter(i)->en);
    for (int rate = 1; rate < RATE_COUNT; rate++) {
        const struct rate_row *row = figures_rate_row(rate);
        assert_true(row->version >= 1 && row->numerator[0] != 0 && row->denominator[0] != 0);
        assert_int_equal(figures_rate_by_code(row->code, strlen(row->code)), rate);
    }
    assert_int_equal(figures_rate_by_code("solve", 5), RATE_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_life_in_figures),
        cmocka_unit_test(test_passing_between_units),
        cmocka_unit_test(test_reopened_is_in_progress_again),
        cmocka_unit_test(test_cards_are_counted_once),
        cmocka_unit_test(test_counters_of_a_real_platform),
        cmocka_unit_test(test_ways_of_a_real_platform),
        cmocka_unit_test(test_a_whistle_and_who_came),
        cmocka_unit_test(test_adding_equals_folding),
        cmocka_unit_test(test_live_equals_recomputed_after_every_prefix),
        cmocka_unit_test(test_counting_in_pieces_equals_counting_at_once),
        cmocka_unit_test(test_another_matter_takes_the_ticket_along),
        cmocka_unit_test(test_a_damaged_log_is_told_and_not_guessed),
        cmocka_unit_test(test_every_counter_and_rate_has_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
