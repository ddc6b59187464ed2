/* Clocks and rungs: when, to whom, what a pause, an extension or a policy without rungs does to them. */
#include "core/clock.h"
#include "core/ladder.h"
#include "tests/unit/story.h"

static struct clock start(enum stage stage, uint32_t unit, const char *time) {
    return clock_start(city_world(), NULL, 0, URGENCY_NORMAL, stage, unit, at(time), at(time));
}

static void assert_told(enum rung rung, uint32_t unit, bool fallback, size_t count, const uint32_t *units) {
    struct ladder_told told;
    struct ladder_reached reached = {
        .rung = rung, .unit = unit, .urgency = URGENCY_NORMAL, .now = at("2026-03-06 10:00")};
    ladder_call(city_world(), &reached, &told);
    assert_int_equal(told.count, count);
    assert_int_equal(told.fallback, fallback);
    for (size_t i = 0; i < count; i++) assert_int_equal(told.units[i], units[i]);
}

static void test_recipients_accumulate(void **state) {
    assert_told(RUNG_URGE, GRID_A, false, 1, (uint32_t[]){GRID_A});
    assert_told(RUNG_WARNING, GRID_A, false, 1, (uint32_t[]){GRID_A});
    assert_told(RUNG_YELLOW_CARD, GRID_A, false, 3, (uint32_t[]){GRID_A, COMMUNITY_A, CENTER});
    assert_told(RUNG_RED_CARD, GRID_A, false, 4, (uint32_t[]){GRID_A, COMMUNITY_A, CENTER, DISTRICT});
    assert_told(RUNG_RED_CARD, WATER, false, 3, (uint32_t[]){WATER, DISTRICT, CENTER}); /* nobody twice */
    assert_told(RUNG_URGE, GRID_EMPTY, true, 1, (uint32_t[]){CENTER});
    assert_told(RUNG_YELLOW_CARD, GRID_EMPTY, false, 2, (uint32_t[]){COMMUNITY_A, CENTER});
    city_units[CENTER].staffed = false;
    assert_told(RUNG_WARNING, GRID_EMPTY, true, 1, (uint32_t[]){CENTER}); /* never dropped */
    city_units[CENTER].staffed = true;
}

static void reach(struct clock *clock, const char *time, enum rung rung, bool reminder) {
    assert_string_equal(show(clock->next), show(at(time)));
    assert_int_equal(ladder_due_rung(city_world(), clock), rung);
    assert_int_equal(ladder_is_reminder(city_world(), clock), reminder);
    clock->rung = (uint8_t)rung;
    ladder_arm(city_world(), clock, INT64_MIN, clock->next);
}

static void test_rungs_in_order_then_reminders(void **state) {
    struct clock clock = start(STAGE_SIGN, WATER, "2026-03-06 16:20");
    reach(&clock, "2026-03-09 09:26", RUNG_URGE, false);
    reach(&clock, "2026-03-09 09:50", RUNG_WARNING, false);
    reach(&clock, "2026-03-09 10:14", RUNG_YELLOW_CARD, false);
    reach(&clock, "2026-03-09 10:50", RUNG_RED_CARD, false);
    reach(&clock, "2026-03-10 10:50", RUNG_RED_CARD, true); /* once a working day */
    reach(&clock, "2026-03-11 10:50", RUNG_RED_CARD, true);
    clock = clock_start(city_world(), NULL, 0, URGENCY_DANGER, STAGE_HANDLE, WATER, at("2026-03-07 23:00"),
                        at("2026-03-07 23:00"));
    clock.rung = RUNG_RED_CARD;
    ladder_arm(city_world(), &clock, INT64_MIN, at("2026-03-08 02:00"));
    assert_string_equal(show(clock.next), show(at("2026-03-09 02:00"))); /* natural time: every 24 hours */
}

static void test_plain_stages_act_when_used_up(void **state) {
    struct clock clock = start(STAGE_SUPPLEMENT, CENTER, "2026-03-06 16:20");
    assert_int_equal(clock.next, clock.due);
    assert_int_equal(ladder_due_rung(city_world(), &clock), 0);
    assert_false(ladder_is_reminder(city_world(), &clock));
}

static void test_pause_keeps_the_rest(void **state) {
    struct clock clock = start(STAGE_SIGN, WATER, "2026-03-06 16:20");
    clock_pause(city_world(), &clock, at("2026-03-06 16:40"));
    assert_true(clock.paused && clock.next == 0 && clock.due == 0);
    assert_int_equal(clock.left_ms, 100 * 60000);
    clock_pause(city_world(), &clock, at("2026-03-06 16:50")); /* without effect */
    clock_resume(city_world(), &clock, at("2026-03-10 09:00"));
    assert_string_equal(show(clock.due), show(at("2026-03-10 10:40")));
    assert_string_equal(show(clock.yellow), show(at("2026-03-10 10:16"))); /* 96 of 120 minutes, 20 were used */
    clock_resume(city_world(), &clock, at("2026-03-11 09:00"));            /* without effect */
    assert_string_equal(show(clock.due), show(at("2026-03-10 10:40")));
    struct clock none = {0};
    clock_pause(city_world(), &none, at("2026-03-11 09:00"));
    clock_resume(city_world(), &none, at("2026-03-11 09:00"));
    assert_int_equal(none.stage, 0);
}

static void test_extension_moves_rungs_back_into_the_future(void **state) {
    struct clock clock = start(STAGE_SIGN, WATER, "2026-03-09 09:00");
    clock.rung = RUNG_URGE;
    ladder_arm(city_world(), &clock, INT64_MIN, at("2026-03-09 10:36"));
    clock_extend(city_world(), &clock, at("2026-03-10 09:00"), at("2026-03-09 10:40"));
    assert_string_equal(show(clock.due), show(at("2026-03-10 09:00")));
    assert_int_equal(clock.rung, 0); /* 80 % of the longer limit lies ahead */
    assert_string_equal(show(clock.next), show(clock.yellow));
    /* to a time outside working hours: the working time before it (C16) */
    clock_extend(city_world(), &clock, at("2026-03-14 12:00"), at("2026-03-09 10:40"));
    assert_string_equal(show(clock.due), show(at("2026-03-13 17:00")));
}

static void test_rungs_before_now_are_passed_over(void **state) {
    struct clock clock = clock_start(city_world(), NULL, 0, URGENCY_NORMAL, STAGE_SIGN, WATER, at("2026-03-09 09:00"),
                                     at("2026-03-09 11:10"));
    assert_int_equal(clock.rung, RUNG_WARNING);
    assert_string_equal(show(clock.next), show(at("2026-03-09 11:24")));
    clock = clock_start(city_world(), NULL, 0, URGENCY_NORMAL, STAGE_SIGN, WATER, at("2026-03-09 09:00"),
                        at("2026-03-12 11:10"));
    assert_int_equal(clock.rung, RUNG_RED_CARD);
    assert_string_equal(show(clock.next), show(at("2026-03-13 11:10")));
}

static void test_policies_with_gaps(void **state) {
    struct world world = *city_world();
    struct policy policy = *city_policy();
    world.policies = &policy;
    policy.limits[STAGE_SIGN][URGENCY_NORMAL] = (struct limit){0};
    policy.limits[STAGE_CONTACT][URGENCY_NORMAL] = (struct limit){0};
    time_ms now = at("2026-03-09 09:00");
    struct clock clock = clock_start(&world, NULL, 0, URGENCY_NORMAL, STAGE_SIGN, WATER, now, now);
    assert_string_equal(show(clock.due), show(at("2026-03-10 09:00"))); /* C13: a working day */
    clock = clock_start(&world, NULL, 0, URGENCY_NORMAL, STAGE_CONTACT, WATER, now, now);
    assert_int_equal(clock.stage, 0);
    policy.rung_percent[RUNG_URGE] = policy.rung_percent[RUNG_YELLOW_CARD] = 0;
    clock = clock_start(&world, NULL, 0, URGENCY_NORMAL, STAGE_HANDLE, WATER, now, now);
    assert_int_equal(ladder_due_rung(&world, &clock), RUNG_WARNING);
    assert_int_equal(clock.next, clock.due);
    memset(policy.rung_percent, 0, sizeof policy.rung_percent);
    clock = clock_start(&world, NULL, 0, URGENCY_NORMAL, STAGE_HANDLE, WATER, now, now);
    assert_string_equal(show(clock.next), show(at("2026-03-10 09:00"))); /* still armed: it reminds */
    assert_int_equal(ladder_due_rung(&world, &clock), RUNG_WARNING);
}

static void test_a_named_time(void **state) {
    time_ms now = at("2026-03-09 09:00:30"), then = at("2026-03-12 18:30:45");
    struct clock clock = clock_until(city_world(), 0, STAGE_HANDLE, WATER, now, then);
    assert_int_equal(clock.due, then);
    assert_true(clock.fixed);
    assert_false(clock_recompute(city_world(), NULL, 0, URGENCY_NORMAL, WATER, &clock, now));
    assert_true(clock_is_late(&clock, then + 1));
    assert_false(clock_is_late(&clock, then)); /* at the due time is on time */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recipients_accumulate),
        cmocka_unit_test(test_rungs_in_order_then_reminders),
        cmocka_unit_test(test_plain_stages_act_when_used_up),
        cmocka_unit_test(test_pause_keeps_the_rest),
        cmocka_unit_test(test_extension_moves_rungs_back_into_the_future),
        cmocka_unit_test(test_rungs_before_now_are_passed_over),
        cmocka_unit_test(test_policies_with_gaps),
        cmocka_unit_test(test_a_named_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
