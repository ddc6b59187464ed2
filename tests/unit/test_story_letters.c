/* Stories of what goes out to people: when a notice goes, with which others, by which way, and what becomes of it. */
#include "core/ladder.h"
#include "core/tell.h"
#include "tests/unit/city.h"

enum { MINUTE = 60000, DIGEST_MS = 10 * MINUTE, JIA = 101, YI };

static struct city city;
static struct person_quiet quiets[2];

static void begin(const char *time) {
    city_open(&city, time);
    quiets[0] = (struct person_quiet){JIA, {22 * 60, 7 * 60}};
    city_the_world.quiets = quiets;
    city_the_world.quiet_count = 1;
}

static struct tell_when told_at(const char *time, int type, struct recipient to) {
    struct event event = {.type = (uint8_t)type, .at = at(time)};
    return tell_when(&city_the_world, &event, &to, DIGEST_MS);
}

static const struct recipient jia = {.unit = WATER, .person = JIA, .as = TOLD_LEADER};
static const struct recipient desk = {.unit = WATER, .as = TOLD_DESK};

/* An urge at noon waits ten minutes for others; one of the night until the quiet hours are over. */
static void test_ordinary_ones_wait_for_each_other_and_for_the_morning(void **state) {
    SHOWS("N2 N3");
    begin("2026-03-02 09:00");
    struct tell_when noon = told_at("2026-03-02 12:00", EVENT_RUNG, jia);
    assert_false(noon.alone);
    assert_int_equal(noon.at, at("2026-03-02 12:10"));
    struct recipient late = jia;
    late.not_before = at("2026-03-03 07:00"); /* as the event of the rung says it (D10) */
    assert_int_equal(told_at("2026-03-02 23:00", EVENT_RUNG, late).at, at("2026-03-03 07:00"));
    assert_int_equal(told_at("2026-03-02 23:00", EVENT_CARD_APPEALED, jia).at, at("2026-03-03 07:00"));
    late.not_before = at("2026-03-02 23:05");
    assert_int_equal(told_at("2026-03-02 23:00", EVENT_RUNG, late).at, at("2026-03-02 23:10"));
}

/* What D10 does not call ordinary: the event says so. */
static void test_what_cannot_wait_goes_at_once_and_alone(void **state) {
    SHOWS("N2 N3 D10");
    begin("2026-03-02 09:00");
    struct recipient red = jia;
    red.at_once = true;
    struct tell_when at_night = told_at("2026-03-02 23:00", EVENT_RUNG, red);
    assert_true(at_night.alone);
    assert_int_equal(at_night.at, at("2026-03-02 23:00"));
    assert_true(told_at("2026-03-02 23:00", EVENT_SUPERVISED, desk).alone);
}

/* The ladder says who is told at once: a red card, who is on shift; not an urge, not a reminder. */
static void test_the_ladder_says_what_is_ordinary(void **state) {
    SHOWS("D10 N2");
    begin("2026-03-02 09:00");
    city_units[WATER].quiet = (struct quiet){22 * 60, 7 * 60};
    struct ladder_reached reached = {
        .rung = RUNG_URGE, .unit = WATER, .urgency = URGENCY_NORMAL, .now = at("2026-03-02 23:00")};
    struct ladder_told told;
    ladder_call(&city_the_world, &reached, &told);
    assert_false(told.told[0].at_once);
    assert_int_equal(told.told[0].not_before, at("2026-03-03 07:00"));
    reached.rung = RUNG_RED_CARD;
    ladder_call(&city_the_world, &reached, &told);
    assert_true(told.told[0].at_once);
    reached.reminder = true;
    ladder_call(&city_the_world, &reached, &told);
    assert_false(told.told[0].at_once);
    reached = (struct ladder_reached){.rung = RUNG_URGE, .unit = WATER, .urgency = URGENCY_DANGER, .now = reached.now};
    ladder_call(&city_the_world, &reached, &told);
    assert_true(told.told[0].at_once);
}

static struct tell_notice notice(int64_t id, int64_t person, uint32_t unit, struct tell_when when_) {
    return (struct tell_notice){.id = id, .person = person, .unit = unit, .when = when_};
}

/* Three of one person in ten minutes are one letter, a red card between them its own; the desk's are the desk's. */
static void test_a_digest(void **state) {
    SHOWS("N1 N3");
    begin("2026-03-02 09:00");
    struct recipient red = jia;
    red.at_once = true;
    struct tell_notice notices[] = {
        notice(1, JIA, WATER, told_at("2026-03-02 12:00", EVENT_RUNG, jia)),
        notice(2, JIA, WATER, told_at("2026-03-02 12:04", EVENT_RUNG, jia)),
        notice(3, JIA, WATER, told_at("2026-03-02 12:05", EVENT_RUNG, red)),
        notice(7, JIA, STREET_A, told_at("2026-03-02 12:09", EVENT_RUNG, jia)), /* told as leader of another unit too */
        notice(4, YI, WATER, told_at("2026-03-02 12:09", EVENT_RUNG, jia)),
        notice(5, 0, WATER, told_at("2026-03-02 12:00", EVENT_RUNG, desk)),
        notice(6, 0, URBAN, told_at("2026-03-02 12:00", EVENT_RUNG, desk)),
    };
    int64_t letters[7];
    tell_letters(notices, 7, at("2026-03-02 12:06"), letters);
    static const int64_t only_the_red_card[7] = {0, 0, 3, 0, 0, 0, 0};
    assert_memory_equal(letters, only_the_red_card, sizeof letters);
    tell_letters(notices, 7, at("2026-03-02 12:10"), letters);
    static const int64_t all_but_yi[7] = {1, 1, 3, 1, 0, 5, 6};
    assert_memory_equal(letters, all_but_yi, sizeof letters);
}

/* What came in quiet hours does not go along with what goes before they are over; what was read does not go at all. */
static void test_quiet_hours_hold_and_what_was_read_does_not_go(void **state) {
    SHOWS("N2 N4");
    begin("2026-03-02 09:00");
    struct tell_notice notices[] = {
        notice(1, JIA, WATER, told_at("2026-03-02 21:55", EVENT_RUNG, jia)),
        notice(2, JIA, WATER, told_at("2026-03-02 22:01", EVENT_CARD_APPEALED, jia)),
    };
    int64_t letters[2];
    tell_letters(notices, 2, at("2026-03-02 22:05"), letters);
    assert_int_equal(letters[0], 1);
    assert_int_equal(letters[1], 0);
    notices[1].read = true;
    tell_letters(notices, 2, at("2026-03-03 07:00"), letters);
    assert_int_equal(letters[1], TELL_NEVER);
}

/* ---- a letter on its way ---- */

static const struct tell_way sms = {
    .confirm_ms = 5 * MINUTE, .pause_ms = MINUTE, .tries_max = 3, .has_next = true, .is_current = true};
static const struct tell_way last_mail = {.pause_ms = MINUTE, .tries_max = 3, .is_current = true};

static struct tell_letter written(void) {
    return (struct tell_letter){.state = LETTER_WAITING, .next_at = at("2026-03-02 12:10")};
}

static void check(const struct tell_letter *letter, int state, bool moves, const char *next_at) {
    assert_string_equal(word_text(WORDS_letter_state, letter->state), word_text(WORDS_letter_state, state));
    assert_int_equal(letter->moves, moves);
    if (next_at != NULL) assert_string_equal(show(letter->next_at), show(at(next_at)));
}

/* Taken by the SMS carrier, and nothing more is heard: five minutes later it goes by mail. */
static void test_no_receipt_and_the_next_way(void **state) {
    SHOWS("N5 N6");
    struct tell_letter letter = written();
    tell_step(&letter, TELL_TAKEN, &sms, at("2026-03-02 12:10"));
    check(&letter, LETTER_SENT, false, "2026-03-02 12:15");
    tell_step(&letter, TELL_UNCONFIRMED, &sms, at("2026-03-02 12:15"));
    check(&letter, LETTER_WAITING, true, "2026-03-02 12:15");
    tell_step(&letter, TELL_TAKEN, &last_mail, at("2026-03-02 12:16"));
    check(&letter, LETTER_TAKEN, false, NULL);
    /* the same, but the mail server says no: it was taken once, so it is no dead letter */
    letter = written();
    letter.taken = true;
    tell_step(&letter, TELL_REFUSED, &last_mail, at("2026-03-02 12:16"));
    check(&letter, LETTER_UNCONFIRMED, false, NULL);
}

/* A carrier that does not answer is asked again; after the third time the next way is taken. A refusal is not asked about twice. */
static void test_a_carrier_that_fails(void **state) {
    SHOWS("N5 N6");
    struct tell_letter letter = written();
    tell_step(&letter, TELL_FAILED, &sms, at("2026-03-02 12:10"));
    check(&letter, LETTER_WAITING, false, "2026-03-02 12:11");
    tell_step(&letter, TELL_FAILED, &sms, at("2026-03-02 12:11"));
    tell_step(&letter, TELL_FAILED, &sms, at("2026-03-02 12:12"));
    check(&letter, LETTER_WAITING, true, "2026-03-02 12:12");
    assert_int_equal(letter.tries, 0);
    tell_step(&letter, TELL_REFUSED, &last_mail, at("2026-03-02 12:13"));
    check(&letter, LETTER_DEAD, false, NULL);
}

/* Receipts: of a failure, the next way at once; of an arrival, whichever way it was; late ones still count. */
static void test_receipts(void **state) {
    SHOWS("N5 N7");
    struct tell_letter letter = written();
    tell_step(&letter, TELL_TAKEN, &sms, at("2026-03-02 12:10"));
    tell_step(&letter, TELL_UNDELIVERED, &sms, at("2026-03-02 12:11"));
    check(&letter, LETTER_WAITING, true, "2026-03-02 12:11");
    struct tell_way before = sms;
    before.is_current = false;
    tell_step(&letter, TELL_DELIVERED, &before, at("2026-03-02 12:11"));
    check(&letter, LETTER_DELIVERED, false, NULL);
    tell_step(&letter, TELL_READ, &before, at("2026-03-02 12:20"));
    check(&letter, LETTER_READ, false, NULL);
    tell_step(&letter, TELL_DELIVERED, &before, at("2026-03-02 12:21"));
    check(&letter, LETTER_READ, false, NULL);

    letter = written();
    tell_step(&letter, TELL_TAKEN, &sms, at("2026-03-02 12:10"));
    tell_step(&letter, TELL_UNDELIVERED, &before, at("2026-03-02 12:11")); /* of a way given up long ago */
    check(&letter, LETTER_SENT, false, NULL);
    letter.state = LETTER_DISCARDED;
    tell_step(&letter, TELL_DELIVERED, &sms, at("2026-03-02 12:12"));
    check(&letter, LETTER_DISCARDED, false, NULL);
}

/* The last way reports that it did not arrive. */
static void test_the_last_one_did_not_arrive(void **state) {
    SHOWS("N6");
    struct tell_letter letter = written();
    struct tell_way last = sms;
    last.has_next = false;
    tell_step(&letter, TELL_TAKEN, &last, at("2026-03-02 12:10"));
    tell_step(&letter, TELL_UNDELIVERED, &last, at("2026-03-02 12:11"));
    check(&letter, LETTER_DEAD, false, NULL);
    letter = written();
    tell_step(&letter, TELL_TAKEN, &last, at("2026-03-02 12:10"));
    tell_step(&letter, TELL_UNCONFIRMED, &last, at("2026-03-02 12:15"));
    check(&letter, LETTER_UNCONFIRMED, false, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ordinary_ones_wait_for_each_other_and_for_the_morning),
        cmocka_unit_test(test_what_cannot_wait_goes_at_once_and_alone),
        cmocka_unit_test(test_the_ladder_says_what_is_ordinary),
        cmocka_unit_test(test_a_digest),
        cmocka_unit_test(test_quiet_hours_hold_and_what_was_read_does_not_go),
        cmocka_unit_test(test_no_receipt_and_the_next_way),
        cmocka_unit_test(test_a_carrier_that_fails),
        cmocka_unit_test(test_receipts),
        cmocka_unit_test(test_the_last_one_did_not_arrive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
