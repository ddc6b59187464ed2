/* Stories of routing: what is known of place and matter, where the request goes, and the sentence that says why. */
#include "tests/unit/story.h"

/* a line of the diary is a line of the file */
/* clang-format off */

static const char *sentence(uint32_t matter, uint32_t place, int place_by, enum lang lang) {
    static char texts[4][1024];
    static unsigned next;
    char *text = texts[next++ % 4];
    struct request_new request = {.matter = matter, .place = place, .place_by = (uint8_t)place_by};
    struct route route;
    routing_decide(city_world(), &request, &route);
    routing_say(&route, &city_routing_names, lang, text, sizeof texts[0]);
    return text;
}

/* Both polygons hold the point: the dedicated grid wins over the basic one it lies in. */
static void test_a_point_in_a_dedicated_grid(void **state) {
    SHOWS("R1 R2");
    uint32_t both[] = {GRID_A, GRID_DEDICATED};
    uint32_t place = routing_place(city_world(), both, 2);
    assert_int_equal(place, GRID_DEDICATED);
    begin("2026-03-02 09:00");
    come_in(MATTER_GARBAGE, place, PLACE_BY_POINT);
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给商场专属网格：专属网格优先；事项“生活垃圾未清运”；地点“商场专属网格”（依据坐标）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 商场专属网格\n"
          "        【待签收】商场专属网格：签收，2026-03-02 周一 11:00 前\n");
}

static void test_only_a_grid(void **state) {
    SHOWS("R1");
    begin("2026-03-02 09:00");
    come_in(MATTER_DRAIN, GRID_A, PLACE_BY_GRID);
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给米市社区：事项从社区开始办理；事项“雨水口堵塞”；地点“米市一网格”（依据网格）；责任部门为水务局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 米市社区\n"
          "        【待签收】米市社区：签收，2026-03-02 周一 11:00 前\n");
}

static void test_only_an_address(void **state) {
    SHOWS("R5");
    begin("2026-03-02 09:00");
    come_in(MATTER_GARBAGE, STREET_A, PLACE_BY_ADDRESS);
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。派给汀桥街道：地点不够具体, 由上一级办理；事项“生活垃圾未清运”；地点“汀桥街道”（依据地址）；责任部门为城管局。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  已派单 → 汀桥街道\n"
          "        【待签收】汀桥街道：签收，2026-03-02 周一 11:00 前\n");
}

static void test_nothing_at_all(void **state) {
    SHOWS("R4");
    begin("2026-03-02 09:00");
    come_in(0, 0, 0);
    reads(&city,
          "2026-03-02 周一 09:00  诉求进来。转人工派遣：未给出事项。\n"
          "2026-03-02 周一 09:00  系统  已受理登记\n"
          "2026-03-02 周一 09:00  系统  转人工派遣\n"
          "        【待派遣】指挥中心：派遣，2026-03-02 周一 11:00 前\n");
}

static void test_every_other_reason_in_a_sentence(void **state) {
    SHOWS("R3 R10");
    /* two languages, one sentence each */
    assert_string_equal(sentence(MATTER_COLD, 0, 0, LANG_ZH), "派给水务局：事项直派责任部门；事项“停水”。");
    assert_string_equal(sentence(MATTER_GARBAGE, 0, PLACE_OUTSIDE, LANG_ZH),
                        "转人工派遣：坐标在辖区外；事项“生活垃圾未清运”；责任部门为城管局。");
    assert_string_equal(
        sentence(MATTER_GARBAGE, 0, PLACE_UNKNOWN, LANG_EN),
        "Sent to triage: address not recognised; matter \"生活垃圾未清运\"; responsible department: 城管局.");
    assert_string_equal(sentence(MATTER_GARBAGE, 0, 0, LANG_EN),
                        "Sent to triage: no place given; matter \"生活垃圾未清运\"; responsible department: 城管局.");
    assert_string_equal(
        sentence(888888, GRID_A, PLACE_BY_POINT, LANG_EN),
        "Sent to triage: the matter is not in the catalogue; matter \"未知事项\"; place \"米市一网格\" (by point).");
    assert_string_equal(sentence(MATTER_ORPHAN, GRID_A, PLACE_BY_POINT, LANG_ZH),
                        "转人工派遣：单位已停用；事项“旧事项”；地点“米市一网格”（依据坐标）；责任部门为撤并局；未派撤并"
                        "局：单位已停用。");
    assert_string_equal(
        sentence(MATTER_GARBAGE, DISTRICT, PLACE_BY_ADDRESS, LANG_EN),
        "Sent to triage: no unit there to handle it; matter \"生活垃圾未清运\"; place \"云汀区\" (by address); "
        "responsible department: 城管局.");
}

/* A matter that is on no community's admission list goes to the street, also when it starts lower. */
static void test_not_admitted(void **state) {
    SHOWS("R6");
    static const struct admission drains_only[] = {{0, 20200, 20299}};
    struct world *world = (struct world *)city_world();
    struct world before = *world;
    world->admissions = drains_only;
    world->admission_count = 1;
    assert_string_equal(
        sentence(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT, LANG_ZH),
        "派给汀桥街道：不在社区准入清单内, 改由街道办理；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；"
        "责任部门为城管局；未派米市一网格：不在社区准入清单内, 改由街道办理；未派米市社区：不在社区准入清单内, "
        "改由街道办理。");
    *world = before;
}

static void test_a_closed_grid_is_passed_over(void **state) {
    SHOWS("R7");
    city_world();
    city_units[GRID_A].closed = true;
    assert_string_equal(
        sentence(MATTER_GARBAGE, GRID_A, PLACE_BY_POINT, LANG_ZH),
        "派给米市社区：单位已停用；事项“生活垃圾未清运”；地点“米市一网格”（依据坐标）；责任部门为城管局；"
        "未派米市一网格：单位已停用。");
    city_units[GRID_A].closed = false;
}

/* A sentence that does not fit is cut at a whole character. */
static void test_a_short_buffer(void **state) {
    struct request_new request = {.matter = MATTER_COLD};
    struct route route;
    routing_decide(city_world(), &request, &route);
    for (size_t size = 1; size < 80; size++) {
        char text[80];
        size_t length = routing_say(&route, &city_routing_names, LANG_ZH, text, size);
        assert_true(length < size && text[length] == '\0' && length % 3 == 0); /* all its characters have three bytes */
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_point_in_a_dedicated_grid),
        cmocka_unit_test(test_only_a_grid),
        cmocka_unit_test(test_only_an_address),
        cmocka_unit_test(test_nothing_at_all),
        cmocka_unit_test(test_every_other_reason_in_a_sentence),
        cmocka_unit_test(test_not_admitted),
        cmocka_unit_test(test_a_closed_grid_is_passed_over),
        cmocka_unit_test(test_a_short_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
