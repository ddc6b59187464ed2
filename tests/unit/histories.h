/* Random histories of the small city: any command by anybody at any time, so chosen that tickets come far. What the tests of deciding
 * and of the figures share; the same seed gives the same history. */
#ifndef TESTS_UNIT_HISTORIES_H
#define TESTS_UNIT_HISTORIES_H

#include "tests/unit/city.h"

static uint64_t seed;
static uint32_t roll(uint32_t sides) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % sides;
}

static const struct principal *anybody(void) {
    static const struct principal *const people[] = {
        &SYSTEM,          &OPERATOR,        &OPERATOR_2,    &SUPERVISOR,       &STREET_CLERK,
        &STREET_CLERK_B,  &COMMUNITY_CLERK, &GRID_WORKER,   &GRID_WORKER_B,    &WATER_CLERK,
        &MUNICIPAL_CLERK, &URBAN_CLERK,     &HOUSING_CLERK, &WATERWORKS_CLERK, &HOTLINE,
    };
    return people[roll(sizeof people / sizeof people[0])];
}

static time_ms anytime(time_ms now) {
    switch (roll(4)) {
    case 0:
        return 0;
    case 1:
        return now + (time_ms)roll(86400) * 1000;
    case 2:
        return now + (time_ms)roll(60) * 86400000;
    default:
        return now - roll(1000000);
    }
}

static struct command anything(time_ms now, const struct ticket *t, const struct principal *by) {
    struct command c = {.name = (uint8_t)(1 + roll(COMMAND_COUNT - 1))};
    uint64_t possible = ticket_possible(city_world(), t, by, now);
    if (possible != 0 && roll(4) != 0) {
        do c.name = (uint8_t)(1 + roll(COMMAND_COUNT - 1));
        while ((possible >> c.name & 1) == 0);
    }
    if (roll(20) != 0) c.reason = c.name == COMMAND_RETURN ? TEXT("not_our_duty") : TEXT("原因");
    if (roll(20) != 0) c.basis = TEXT("依据");
    if (roll(20) != 0) c.note = TEXT("说明");
    if (roll(20) != 0) c.answer = TEXT("答复");
    c.unit = roll(UNIT_COUNT + 2);
    if (roll(2) == 0) c.units_count = (uint16_t)roll(5);
    for (uint16_t i = 0; i < c.units_count; i++) c.units[i] = 1 + roll(UNIT_COUNT);
    c.until = anytime(now);
    if (roll(3) == 0) c.matter = city_matters[roll(6)].code;
    if (roll(3) == 0) c.urgency = (uint8_t)roll(URGENCY_COUNT);
    if (roll(3) == 0) c.place = 1 + roll(UNIT_COUNT);
    c.other = roll(3) == 0 ? (int64_t)roll(CITY_TICKETS + 1) : 0;
    c.request = roll(2) * 1000;
    c.score = (uint8_t)roll(7);
    c.rung = (uint8_t)(roll(2) == 0 ? roll(RUNG_COUNT) : 0);
    if (roll(2) == 0 && t->cards_count > 0) c.card = (uint16_t)(t->cards[roll(t->cards_count)].no + (roll(10) == 0));
    c.generation = t->generation - (roll(5) == 0);
    c.assignment = (uint8_t)(roll(3) == 0 ? roll(6) : 0);
    c.version = roll(10) == 0 ? roll(20) : 0;
    if (roll(3) == 0) {
        struct request_new request = {.matter = c.matter, .place = c.place, .place_by = PLACE_BY_OPERATOR};
        routing_decide(city_world(), &request, &c.route);
    }
    return c;
}

/* So that histories come far before they end. */
static bool leads_on(int name) {
    static const uint8_t onwards[] = {
        COMMAND_DISPATCH,       COMMAND_SIGN,           COMMAND_FINISH, COMMAND_PASS,       COMMAND_ANSWER,
        COMMAND_REPLY,          COMMAND_RELEASE_ASSIST, COMMAND_SOLVED, COMMAND_ADJUDICATE, COMMAND_GRANT_SUSPENSION,
        COMMAND_ASK_SUSPENSION, COMMAND_RETURN,         COMMAND_REOPEN};
    for (size_t i = 0; i < sizeof onwards; i++) {
        if (onwards[i] == name) return true;
    }
    return roll(12) == 0;
}

/* Two requests come in. Their events are handed to `take`, which folds them. */
static void history_open(struct city *city, uint64_t number, void (*take)(const struct event *event)) {
    static struct step step;
    seed = number;
    city_open(city, "2026-01-30 14:00");
    city->quiet = true;
    for (int i = 0; i < 2; i++) {
        struct request_new request = {
            .matter = city_matters[roll(6)].code, .place = roll(UNIT_COUNT), .place_by = PLACE_BY_POINT};
        struct command c = {.name = COMMAND_RECEIVE,
                            .by = SYSTEM,
                            .request = 1000 + i,
                            .source = HOTLINE_SOURCE,
                            .matter = request.matter,
                            .place = request.place,
                            .place_by = request.place_by};
        routing_decide(city_world(), &request, &c.route);
        assert_int_equal(ticket_decide(city_world(), NULL, NULL, &c, i + 1, city->now, &step), VERDICT_OK);
        for (uint16_t k = 0; k < step.count; k++) take(&step.events[k]);
    }
}

/* One command; what it causes is handed to `take`. */
static void history_command(struct city *city, void (*take)(const struct event *event)) {
    static struct step step;
    int64_t id = 1 + (int64_t)roll((uint32_t)city->ticket_count);
    struct ticket *t = &city->tickets[id - 1], before = *t;
    const struct principal *by = anybody();
    struct command c = anything(city->now, t, by);
    for (int again = 0; again < 12 && !leads_on(c.name); again++) {
        by = anybody();
        c = anything(city->now, t, by);
    }
    c.by = *by;
    if (c.name == COMMAND_RECEIVE || (c.name == COMMAND_SPLIT && city->ticket_count == CITY_TICKETS)) return;
    const struct ticket *other = city_ticket(city, c.other != 0 ? c.other : t->merged_into);
    int64_t new_id = (int64_t)city->ticket_count + 1;
    enum verdict verdict = ticket_decide(city_world(), t, other, &c, new_id, city->now, &step);
    assert_memory_equal(&before, t, sizeof before);
    if (verdict != VERDICT_OK) {
        assert_int_equal(verdict_row(verdict)->value, verdict);
        return;
    }
    for (uint16_t i = 0; i < step.count; i++) take(&step.events[i]);
}

/* Now and then time passes: hours, months, and backwards. */
static void history_time(struct city *city) {
    if (roll(3) == 0) city->now += (time_ms)roll(20) * 1800000;
    if (roll(50) == 0) city->now += (time_ms)roll(90) * 86400000;
    if (roll(50) == 0) city->now -= roll(100000); /* a clock that is set back */
}

#endif
