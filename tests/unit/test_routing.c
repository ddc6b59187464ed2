/* Routing as data: what is decided, what else was considered, the chain. The sentences are in test_story_place.c. */
#include "tests/unit/story.h"

static struct route route_of(uint32_t matter, uint32_t place, int place_by) {
    struct request_new request = {.matter = matter, .place = place, .place_by = (uint8_t)place_by};
    struct route route;
    memset(&route, 0xee, sizeof route);
    routing_decide(city_world(), &request, &route);
    return route;
}

static void test_the_place_of_a_point(void **state) {
    const struct world *world = city_world();
    assert_int_equal(routing_place(world, NULL, 0), 0);
    assert_int_equal(routing_place(world, (uint32_t[]){GRID_B, GRID_A}, 2), GRID_A); /* the smallest of one sort */
    assert_int_equal(routing_place(world, (uint32_t[]){GRID_A, GRID_DEDICATED, GRID_B}, 3), GRID_DEDICATED);
    assert_int_equal(routing_place(world, (uint32_t[]){GRID_DEDICATED, GRID_A}, 2), GRID_DEDICATED);
    assert_int_equal(routing_place(world, (uint32_t[]){999}, 1), 0);
}

static void test_each_starting_level(void **state) {
    static const struct {
        uint32_t matter, place, unit, reason;
    } cases[] = {
        {MATTER_GARBAGE, GRID_A, GRID_A, ROUTE_START_GRID},
        {MATTER_GARBAGE, GRID_EMPTY, GRID_EMPTY, ROUTE_START_GRID}, /* nobody staffs it: it gets it all the same */
        {MATTER_GARBAGE, GRID_DEDICATED, GRID_DEDICATED, ROUTE_DEDICATED},
        {MATTER_GARBAGE, COMMUNITY_A, COMMUNITY_A, ROUTE_PLACE_TOO_COARSE},
        {MATTER_GARBAGE, STREET_A, STREET_A, ROUTE_PLACE_TOO_COARSE},
        {MATTER_GARBAGE, DISTRICT, 0, ROUTE_NO_UNIT},
        {MATTER_GARBAGE, 0, 0, ROUTE_NO_PLACE},
        {MATTER_DRAIN, GRID_A, COMMUNITY_A, ROUTE_START_COMMUNITY},
        {MATTER_DRAIN, GRID_DEDICATED, COMMUNITY_A, ROUTE_START_COMMUNITY},
        {MATTER_SIGN, GRID_B, STREET_B, ROUTE_START_STREET},
        {MATTER_POTHOLE, GRID_A, MUNICIPAL, ROUTE_START_DEPARTMENT},
        {MATTER_POTHOLE, 0, MUNICIPAL, ROUTE_START_DEPARTMENT}, /* a department needs no place */
        {MATTER_ORPHAN, GRID_A, 0, ROUTE_UNIT_CLOSED},
        {0, GRID_A, 0, ROUTE_NO_MATTER},
        {777777, GRID_A, 0, ROUTE_UNKNOWN_MATTER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct route route = route_of(cases[i].matter, cases[i].place, PLACE_BY_POINT);
        if (route.unit != cases[i].unit || route.reason != cases[i].reason) {
            fail_msg("case %zu: %s, %s", i, city_names[route.unit], word_text(WORDS_route_reason, route.reason));
        }
        assert_int_equal(route.matter, cases[i].matter);
        assert_int_equal(route.place, cases[i].place);
        int taken = 0;
        for (uint16_t k = 0; k < route.considered_count; k++) taken += route.considered[k].taken;
        assert_int_equal(taken, route.unit != 0);
    }
    assert_int_equal(route_of(MATTER_GARBAGE, 0, PLACE_OUTSIDE).reason, ROUTE_OUTSIDE);
    assert_int_equal(route_of(MATTER_GARBAGE, 0, PLACE_UNKNOWN).reason, ROUTE_ADDRESS_UNKNOWN);
}

static void test_chain_department_and_assists(void **state) {
    struct route route = route_of(MATTER_POTHOLE, GRID_A, PLACE_BY_POINT);
    assert_int_equal(route.chain_count, 4);
    assert_int_equal(route.chain[0], GRID_A);
    assert_int_equal(route.chain[3], DISTRICT);
    assert_int_equal(route.department, MUNICIPAL);
    assert_int_equal(route.assists_count, 1);
    assert_int_equal(route.assists[0], WATER);
    route = route_of(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    assert_int_equal(route.department, URBAN);
    assert_int_equal(route.assists_count, 0); /* the catalogue's departments join when the department itself has it */
}

static void test_what_was_considered(void **state) {
    static const struct admission other_community[] = {{COMMUNITY_B, 10101, 10199}};
    struct world *world = (struct world *)city_world();
    struct world before = *world;
    world->admissions = other_community;
    world->admission_count = 1;
    struct route route = route_of(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    assert_int_equal(route.unit, STREET_A);
    assert_int_equal(route.reason, ROUTE_NOT_ADMITTED);
    assert_int_equal(route.considered_count, 3);
    assert_int_equal(route.considered[0].unit, GRID_A);
    assert_int_equal(route.considered[1].unit, COMMUNITY_A);
    assert_true(route.considered[2].unit == STREET_A && route.considered[2].taken);
    assert_int_equal(route_of(MATTER_GARBAGE, GRID_B, PLACE_BY_POINT).unit, GRID_B);
    *world = before;
    city_units[STREET_A].closed = city_units[COMMUNITY_A].closed = city_units[GRID_A].closed = true;
    route = route_of(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT);
    assert_int_equal(route.unit, 0);
    assert_int_equal(route.reason, ROUTE_UNIT_CLOSED);
    assert_int_equal(route.considered_count, 3);
    city_units[STREET_A].closed = city_units[COMMUNITY_A].closed = city_units[GRID_A].closed = false;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_place_of_a_point),
        cmocka_unit_test(test_each_starting_level),
        cmocka_unit_test(test_chain_department_and_assists),
        cmocka_unit_test(test_what_was_considered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
