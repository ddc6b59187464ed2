/* Reference data: the unit tree with its numbers, limits and admission. */
#include "tests/unit/story.h"

static void test_subtrees(void **state) {
    const struct world *world = city_world();
    /* against the plain definition, for every pair */
    for (uint32_t root = 0; root < UNIT_COUNT; root++) {
        for (uint32_t unit = 0; unit < UNIT_COUNT; unit++) {
            bool below = false;
            for (uint32_t u = unit; u != 0 && root != 0; u = city_units[u].parent) below = below || u == root;
            assert_int_equal(world_in_subtree(world, root, unit), below);
        }
    }
    assert_false(world_in_subtree(world, 999, 1));
    assert_int_equal(city_units[CENTER].first, 1);
    assert_int_equal(city_units[CENTER].last, UNIT_COUNT - 1);
    assert_int_equal(city_units[GRID_A].depth, 4);
    assert_int_equal(world_above(world, GRID_A, UNIT_STREET), STREET_A);
    assert_int_equal(world_above(world, GRID_A, UNIT_GRID), GRID_A);
    assert_int_equal(world_above(world, WATER, UNIT_STREET), 0);
    assert_int_equal(world_above(world, 0, UNIT_STREET), 0);
}

static void test_broken_trees_are_refused(void **state) {
    struct unit units[6] = {
        [1] = {.id = 1, .kind = UNIT_CENTER},
        [2] = {.id = 2, .kind = UNIT_DISTRICT, .parent = 1},
        [4] = {.id = 4, .kind = UNIT_STREET, .parent = 3}, /* 3 does not exist */
    };
    uint32_t wrong = 0;
    assert_false(world_seal(units, 6, &wrong));
    assert_int_equal(wrong, 4);
    units[3] = (struct unit){.id = 3, .kind = UNIT_STREET, .parent = 4};
    assert_false(world_seal(units, 6, &wrong)); /* a loop */
    units[3].parent = 9;
    assert_false(world_seal(units, 6, &wrong)); /* beyond the table */
    units[3].parent = 0;
    assert_true(world_seal(units, 6, &wrong)); /* two roots are fine, and a hole too */
    assert_int_equal(units[3].first, 3);
    assert_int_equal(units[3].last, 4);
}

static void test_a_big_tree(void **state) {
    enum { COUNT = 20000 };
    static struct unit units[COUNT];
    for (uint32_t id = 1; id < COUNT; id++) units[id] = (struct unit){.id = id, .kind = UNIT_GRID, .parent = id / 7};
    uint32_t wrong;
    assert_true(world_seal(units, COUNT, &wrong));
    for (uint32_t id = 8; id < COUNT; id++) {
        const struct unit *u = &units[id], *parent = &units[u->parent];
        assert_true(parent->first < u->first && u->last <= parent->last && u->first <= u->last);
    }
}

static void test_limits_and_admission(void **state) {
    struct world world = *city_world();
    static struct matter matter = {.code = 1};
    matter.limits[STAGE_SIGN] = limit_of("30nm");
    struct limit limit = world_limit(&world, &matter, 0, STAGE_SIGN, URGENCY_NORMAL);
    assert_int_equal(limit.amount, 30); /* the matter's own */
    matter.urgency = URGENCY_NORMAL;
    matter.limits[STAGE_HANDLE] = limit_of("3wd");
    limit = world_limit(&world, &matter, 0, STAGE_HANDLE, URGENCY_DANGER); /* C22: danger is danger */
    assert_true(limit.amount == 2 && limit.unit == LIMIT_NATURAL_HOURS);
    limit = world_limit(&world, &matter, 0, STAGE_HANDLE, URGENCY_COMPLEX);
    assert_int_equal(limit.amount, 3);
    matter.limits[STAGE_HANDLE] = (struct limit){0};
    limit = world_limit(&world, &matter, 0, STAGE_HANDLE, URGENCY_COMPLEX);
    assert_int_equal(limit.amount, 15);
    limit = world_limit(&world, NULL, 0, STAGE_HANDLE, 0); /* no urgency counts as ordinary */
    assert_int_equal(limit.amount, 7);
    assert_ptr_equal(world_policy(&world, 77), &world.policies[0]);
    assert_ptr_equal(world_calendar(&world, 77), world.calendars[0]);
    assert_non_null(world_matter(&world, MATTER_COLD));
    assert_null(world_matter(&world, 0));
    assert_null(world_matter(&world, 999999));
    struct admission rows[] = {{COMMUNITY_A, 100, 199}, {0, 500, 500}};
    world.admissions = rows;
    world.admission_count = 2;
    assert_true(world_admitted(&world, COMMUNITY_A, 199));
    assert_false(world_admitted(&world, COMMUNITY_B, 199));
    assert_false(world_admitted(&world, COMMUNITY_A, 200));
    assert_true(world_admitted(&world, COMMUNITY_B, 500));
    world.admission_count = 0;
    assert_true(world_admitted(&world, COMMUNITY_B, 1)); /* no list is kept */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subtrees),
        cmocka_unit_test(test_broken_trees_are_refused),
        cmocka_unit_test(test_a_big_tree),
        cmocka_unit_test(test_limits_and_admission),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
