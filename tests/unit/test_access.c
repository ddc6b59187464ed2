/* Every role x action x standing: own, sibling, parent, child, none. The cells are core/access.def's; what a scope means at each
 * standing, and what must hold between roles, is said here a second time, in other words. */
#include "tests/unit/story.h"

#include "core/access.h"

static void test_default_deny(void **state) {
    assert_int_equal(access_scope(0, ACTION_READ), SCOPE_NONE);
    assert_int_equal(access_scope(ROLE_OPERATOR, 0), SCOPE_NONE);
    assert_int_equal(access_scope(ROLE_OPERATOR, 63), SCOPE_NONE);
    assert_int_equal(access_scope(ROLE_COUNT, ACTION_READ), SCOPE_NONE);
    assert_int_equal(access_scope(ROLE_OPERATOR, ACTION_COUNT), SCOPE_NONE);
    assert_false(access_allowed(ROLE_STREET, ACTION_READ, 0));
    assert_false(access_allowed(ROLE_ADMIN_SYSTEM, ACTION_READ, UINT32_MAX));
}

static bool is_admin(int role) {
    return role == ROLE_ADMIN_SYSTEM || role == ROLE_ADMIN_SECURITY || role == ROLE_ADMIN_AUDIT;
}

static bool about_tickets(int action) {
    return action < ACTION_REFERENCE; /* commands, and what is read of tickets, queues and requests */
}

/* Rule A6. */
static void test_administrators_are_apart(void **state) {
    size_t count;
    const struct access_word *actions = access_actions(&count);
    for (int role = 1; role < ROLE_COUNT; role++) {
        for (int action = 1; action < ACTION_COUNT; action++) {
            if (is_admin(role) && about_tickets(action)) assert_int_equal(access_scope(role, action), SCOPE_NONE);
        }
    }
    for (size_t i = 0; i < count; i++) {
        int holders = 0;
        for (int role = ROLE_ADMIN_SYSTEM; role <= ROLE_ADMIN_AUDIT; role++) {
            holders += access_scope(role, actions[i].value) != SCOPE_NONE;
        }
        bool everybodys = actions[i].value == ACTION_REFERENCE || actions[i].value == ACTION_SESSION ||
                          actions[i].value == ACTION_STATUS;
        if (!everybodys && holders > 1) fail_msg("%s is held by %d administrators", actions[i].text, holders);
    }
    assert_int_equal(access_scope(ROLE_ADMIN_SECURITY, ACTION_USER_ADMIN), SCOPE_ALL);
    assert_int_equal(access_scope(ROLE_ADMIN_SYSTEM, ACTION_USER_ADMIN), SCOPE_NONE);
    assert_int_equal(access_scope(ROLE_ADMIN_AUDIT, ACTION_AUDIT_READ), SCOPE_ALL);
    assert_int_equal(access_scope(ROLE_ADMIN_SYSTEM, ACTION_AUDIT_READ), SCOPE_NONE);
}

static void test_every_action_has_somebody_and_every_command_a_scope(void **state) {
    for (int action = 1; action < ACTION_COUNT; action++) {
        if (action >= COMMAND_COUNT && action < ACTION_READ) continue;
        int holders = 0;
        for (int role = 1; role < ROLE_COUNT; role++) holders += access_scope(role, action) != SCOPE_NONE;
        if (holders == 0) fail_msg("nobody may do action %d", action);
        assert_true(action >= COMMAND_COUNT || access_scope(ROLE_READONLY, action) == SCOPE_NONE);
        if (access_scope(ROLE_INTEGRATION, action) != SCOPE_NONE && action != ACTION_REFERENCE) {
            assert_int_equal(access_scope(ROLE_INTEGRATION, action), SCOPE_SOURCE);
        }
    }
}

/* ---- standing: where the principal's unit lies, seen from the ticket's unit or place ---- */

enum standing { OWN_UNIT, PARENT_UNIT, SIBLING_UNIT, CHILD_UNIT, NO_UNIT, OWN_PLACE, ABOVE_PLACE, STANDINGS };
static const char *const standing_names[] = {"own",  "parent",    "sibling",        "child",
                                             "none", "own place", "above the place"};

/* A ticket led by COMMUNITY_A whose place lies in COMMUNITY_B's grid, and who stands so to it. */
static const struct ticket *the_ticket(void) {
    static struct ticket ticket;
    ticket = (struct ticket){
        .id = 1,
        .state = STATE_HANDLING,
        .owner = COMMUNITY_A,
        .place = GRID_B,
        .source = HOTLINE_SOURCE,
        .assignments_count = 1,
        .assignments = {{.no = 1, .kind = ASSIGNMENT_LEAD, .state = ASSIGNMENT_SIGNED, .unit = COMMUNITY_A}}};
    return &ticket;
}

static uint32_t unit_at(enum standing standing) {
    static const uint32_t units[] = {COMMUNITY_A, STREET_A, HOUSING, GRID_A, 0, GRID_B, STREET_B};
    return units[standing];
}

/* In words: who holds a scope at a standing. */
static bool expected(enum scope scope, enum standing standing) {
    if (scope == SCOPE_ALL) return true;
    if (scope == SCOPE_NONE || scope == SCOPE_SOURCE) return false;
    if (standing == OWN_UNIT || standing == PARENT_UNIT) return true;
    return scope == SCOPE_PLACE && (standing == OWN_PLACE || standing == ABOVE_PLACE);
}

static void test_every_role_action_and_standing(void **state) {
    const struct ticket *ticket = the_ticket();
    int cases = 0;
    for (int role = 1; role < ROLE_COUNT; role++) {
        for (int action = 1; action < ACTION_COUNT; action++) {
            for (int standing = 0; standing < STANDINGS; standing++) {
                struct principal by = {.user = 5, .role = (uint8_t)role, .unit = unit_at((enum standing)standing)};
                uint32_t relations = access_ticket(city_world(), ticket, &by);
                bool expect = expected(access_scope(role, action), (enum standing)standing);
                if (access_allowed(role, action, relations) != expect) {
                    fail_msg("%s, action %d, %s: %s", word_text(WORDS_role, role), action, standing_names[standing],
                             expect ? "should be allowed" : "should be denied");
                }
                cases++;
            }
        }
    }
    print_message("%d cases\n", cases);
}

/* What the roles are for, in words of product.md; a changed cell of the table has to be changed here too. */
static void test_who_may_do_what_in_words(void **state) {
    const struct ticket *ticket = the_ticket();
    struct principal sibling = {.user = 5, .role = ROLE_DEPARTMENT, .unit = WATER};
    assert_false(ticket_visible(city_world(), ticket, &sibling)); /* other units' tickets */
    struct principal lead = {.user = 5, .role = ROLE_COMMUNITY, .unit = COMMUNITY_A};
    assert_int_equal(access_ticket(city_world(), ticket, &lead), RELATION_LEAD | RELATION_OWNER);
    struct principal above = {.user = 5, .role = ROLE_STREET, .unit = STREET_A};
    assert_int_equal(access_ticket(city_world(), ticket, &above), RELATION_ABOVE);
    struct principal place = {.user = 5, .role = ROLE_COMMUNITY, .unit = COMMUNITY_B};
    assert_int_equal(access_ticket(city_world(), ticket, &place), RELATION_PLACE);
    assert_true(ticket_visible(city_world(), ticket, &place));
    assert_int_equal(access_ticket(city_world(), ticket, &OPERATOR), RELATION_CENTRE | RELATION_ABOVE | RELATION_PLACE);
    assert_int_equal(access_ticket(city_world(), ticket, &SUPERVISOR), RELATION_ABOVE | RELATION_PLACE);
    assert_int_equal(access_ticket(city_world(), ticket, &HOTLINE), RELATION_SOURCE);
    assert_int_equal(access_ticket(city_world(), ticket, &SYSTEM), RELATION_SYSTEM);
    struct principal readonly_in_centre = {.user = 5, .role = ROLE_READONLY, .unit = CENTER};
    assert_true(ticket_visible(city_world(), ticket, &readonly_in_centre));
    assert_int_equal(ticket_possible(city_world(), ticket, &readonly_in_centre, 0), 0);
    struct principal other_source = {.user = 5, .role = ROLE_INTEGRATION, .source = 99};
    assert_false(ticket_visible(city_world(), ticket, &other_source));
    struct principal no_source = {.user = 5, .role = ROLE_INTEGRATION};
    struct ticket sourceless = *ticket;
    sourceless.source = 0;
    assert_false(ticket_visible(city_world(), &sourceless, &no_source));
    /* an integration in the centre's unit is no centre */
    struct principal token_of_centre = {.user = 5, .role = ROLE_INTEGRATION, .unit = CENTER, .source = HOTLINE_SOURCE};
    assert_int_equal(access_ticket(city_world(), ticket, &token_of_centre), RELATION_SOURCE);
}

static void test_units_and_sources(void **state) {
    struct principal street = {.user = 5, .role = ROLE_STREET, .unit = STREET_A};
    assert_int_equal(access_unit(city_world(), STREET_A, &street), RELATION_OWNER);
    assert_int_equal(access_unit(city_world(), GRID_A, &street), RELATION_ABOVE);
    assert_int_equal(access_unit(city_world(), STREET_B, &street), 0);
    assert_int_equal(access_unit(city_world(), DISTRICT, &street), 0);
    assert_int_equal(access_unit(city_world(), 999, &street), 0);
    assert_true(access_allowed(ROLE_STREET, ACTION_QUEUES, access_unit(city_world(), COMMUNITY_A, &street)));
    assert_false(access_allowed(ROLE_STREET, ACTION_QUEUES, access_unit(city_world(), COMMUNITY_B, &street)));
    assert_true(access_allowed(ROLE_SUPERVISOR, ACTION_QUEUES, access_unit(city_world(), COMMUNITY_B, &SUPERVISOR)));
    assert_int_equal(access_unit(city_world(), WATER, &OPERATOR), RELATION_CENTRE | RELATION_ABOVE);
    assert_int_equal(access_unit(city_world(), WATER, &HOTLINE), 0);
    assert_int_equal(access_source(HOTLINE_SOURCE, &HOTLINE), RELATION_SOURCE);
    assert_int_equal(access_source(99, &HOTLINE), 0);
    assert_int_equal(access_source(0, &(struct principal){.role = ROLE_INTEGRATION}), 0);
    assert_int_equal(
        access_source(HOTLINE_SOURCE, &(struct principal){.role = ROLE_OPERATOR, .source = HOTLINE_SOURCE}), 0);
}

/* Rule A5. */
static void test_acting_for_a_unit_nobody_staffs(void **state) {
    struct principal community = {.user = 5, .role = ROLE_COMMUNITY, .unit = COMMUNITY_A};
    struct principal street = {.user = 5, .role = ROLE_STREET, .unit = STREET_A};
    assert_true(access_acts_for(city_world(), GRID_EMPTY, &community));
    assert_false(access_acts_for(city_world(), GRID_EMPTY, &street)); /* the community is nearer */
    assert_false(access_acts_for(city_world(), GRID_A, &community));  /* it has its own people */
    assert_false(access_acts_for(city_world(), GRID_EMPTY, &OPERATOR));
    assert_false(access_acts_for(city_world(), 0, &(struct principal){0}));
    city_units[COMMUNITY_A].staffed = false;
    assert_true(access_acts_for(city_world(), GRID_EMPTY, &street));
    city_units[COMMUNITY_A].staffed = true;
}

static void test_words_for_documents(void **state) {
    size_t count;
    const struct access_word *relations = access_relations(&count);
    assert_int_equal(count, RELATION_COUNT);
    for (size_t i = 0; i < count; i++) assert_int_equal(relations[i].value, 1 << i);
    const struct access_word *actions = access_actions(&count);
    for (size_t i = 1; i < count; i++) assert_int_equal(actions[i].value, actions[i - 1].value + 1);
    assert_string_equal(access_scope_text(SCOPE_PLACE), "place");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_deny),
        cmocka_unit_test(test_administrators_are_apart),
        cmocka_unit_test(test_every_action_has_somebody_and_every_command_a_scope),
        cmocka_unit_test(test_every_role_action_and_standing),
        cmocka_unit_test(test_who_may_do_what_in_words),
        cmocka_unit_test(test_units_and_sources),
        cmocka_unit_test(test_acting_for_a_unit_nobody_staffs),
        cmocka_unit_test(test_words_for_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
