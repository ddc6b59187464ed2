/* Figures of a period: what was in progress before it is carried over, the identity holds for every cut through the same log, and the
 * answer tells each rate with what it is of. An event that does not follow is refused and counts nothing. */
#include <cjson/cJSON.h>

#include "services/console/figures.h"
#include "tests/unit/city.h"

enum { EVENTS_MAX = 200 };

static struct {
    struct event event;
    int life;
} the_log[EVENTS_MAX];
static int count, lives;
static struct ticket ticket;
static time_ms now;

static void act(const struct principal *by, struct command command) {
    static struct step step;
    command.by = *by;
    command.generation = ticket.generation;
    assert_int_equal(ticket_decide(city_world(), ticket.state ? &ticket : NULL, NULL, &command, lives, now, &step),
                     VERDICT_OK);
    for (uint16_t i = 0; i < step.count; i++) {
        assert_true(count < EVENTS_MAX);
        the_log[count].event = step.events[i];
        the_log[count++].life = lives;
        ticket_apply(&ticket, &step.events[i]);
    }
}
#define ACT(who, verb, ...) act(&(who), (struct command){.name = COMMAND_##verb, __VA_ARGS__})

static void receive_one(const char *time) {
    memset(&ticket, 0, sizeof ticket);
    now = at(time);
    lives++;
    struct request_new request = {.matter = MATTER_GARBAGE, .place = GRID_A, .place_by = PLACE_BY_POINT};
    struct command receive = {.name = COMMAND_RECEIVE,
                              .request = lives,
                              .matter = MATTER_GARBAGE,
                              .place = GRID_A,
                              .place_by = PLACE_BY_POINT};
    routing_decide(city_world(), &request, &receive.route);
    act(&SYSTEM, receive);
}

/* One ticket over the turn of the month, one within March, one in April that stays open. */
static int setup(void **state) {
    receive_one("2026-03-31 16:00");
    ACT(GRID_WORKER, SIGN);
    now = at("2026-04-01 10:00");
    ACT(GRID_WORKER, CONTACT, .note = TEXT("已联系"));
    ACT(GRID_WORKER, FINISH, .answer = TEXT("已清运"));
    ACT(COMMUNITY_CLERK, PASS);
    ACT(OPERATOR, SOLVED, .satisfied = true);
    receive_one("2026-03-02 09:00");
    ACT(GRID_WORKER, SIGN);
    ACT(GRID_WORKER, FINISH, .answer = TEXT("已清运"));
    ACT(COMMUNITY_CLERK, PASS);
    ACT(OPERATOR, SOLVED);
    receive_one("2026-04-02 09:00");
    return 0;
}

static struct figures_period count_period(uint32_t unit, const char *from, const char *to) {
    struct figures_period period = {.unit = unit, .from = at(from), .to = at(to)};
    static struct ticket fold;
    for (int i = 0; i < count; i++) {
        if (i == 0 || the_log[i].life != the_log[i - 1].life) memset(&fold, 0, sizeof fold);
        if (the_log[i].event.at < period.to) assert_true(figures_take(&period, city_world(), &fold, &the_log[i].event));
    }
    return period;
}

static void test_a_ticket_over_the_turn_of_the_month_is_carried_over(void **state) {
    struct figures_period march = count_period(0, "2026-03-01 00:00", "2026-04-01 00:00");
    assert_int_equal(march.before.in_progress, 0);
    assert_int_equal(march.within.received, 2);
    assert_int_equal(march.within.closed, 1);
    assert_int_equal(march.within.in_progress, 1);
    struct figures_period april = count_period(0, "2026-04-01 00:00", "2026-05-01 00:00");
    assert_int_equal(april.before.in_progress, 1);
    assert_int_equal(april.within.received, 1);
    assert_int_equal(april.within.closed, 1);
    assert_int_equal(april.before.in_progress + april.within.in_progress, 1);
    assert_int_equal(april.within.satisfied.hit, 1);
    assert_int_equal(april.within.sign_on_time.of, 0); /* it was signed in March */
}

static void test_periods_add_up(void **state) {
    struct figures sum = {0};
    static const char *const cuts[] = {"2026-03-01 00:00", "2026-03-02 09:00", "2026-03-31 16:00", "2026-04-01 10:00",
                                       "2026-05-01 00:00"};
    for (int i = 0; i < 4; i++) {
        struct figures_period part = count_period(GRID_A, cuts[i], cuts[i + 1]);
        struct figures all = part.before;
        figures_add(&all, &part.within);
        assert_true(figures_hold(&all));
        figures_add(&sum, &part.within);
    }
    struct figures_period whole = count_period(GRID_A, cuts[0], cuts[4]);
    assert_memory_equal(&sum, &whole.within, sizeof sum);
}

static void test_an_event_that_does_not_follow_counts_nothing(void **state) {
    struct figures_period period = {.from = at("2026-03-01 00:00"), .to = at("2026-05-01 00:00")}, before;
    static struct ticket fold;
    struct event gap = the_log[1].event, forged = the_log[0].event;
    memset(&fold, 0, sizeof fold);
    assert_false(figures_take(&period, city_world(), &fold, &gap));
    forged.type = EVENT_CLOSED;
    assert_false(figures_take(&period, city_world(), &fold, &forged));
    before = (struct figures_period){.from = period.from, .to = period.to};
    assert_memory_equal(&period, &before, sizeof period);
}

static void test_the_answer_tells_what_a_rate_is_of(void **state) {
    static struct reference reference;
    struct figures_period april = count_period(0, "2026-04-01 00:00", "2026-05-01 00:00");
    struct buffer text = {0};
    struct json_writer w;
    json_writer_init(&w, &text);
    figures_write(&w, &reference, &april);
    json_writer_end(&w);
    cJSON *tree = cJSON_Parse(buffer_text(&text)), *rate;
    assert_non_null(tree);
    assert_string_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(tree, "identity"), "text")->valuestring,
                        "1 + 1 = 1 + 0 + 1");
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(cJSON_GetObjectItem(tree, "identity"), "holds")));
    int seen = 0;
    cJSON_ArrayForEach(rate, cJSON_GetObjectItem(tree, "rates")) {
        const char *code = cJSON_GetObjectItem(rate, "code")->valuestring;
        bool none = cJSON_GetObjectItem(rate, "denominator")->valueint == 0;
        assert_int_equal(cJSON_IsNull(cJSON_GetObjectItem(rate, "value")), none);
        if (!strcmp(code, "solved")) assert_true(cJSON_GetObjectItem(rate, "value")->valuedouble == 100);
        seen++;
    }
    assert_int_equal(seen, 10);
    cJSON_Delete(tree);
    buffer_done(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_ticket_over_the_turn_of_the_month_is_carried_over),
        cmocka_unit_test(test_periods_add_up),
        cmocka_unit_test(test_an_event_that_does_not_follow_counts_nothing),
        cmocka_unit_test(test_the_answer_tells_what_a_rate_is_of),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
