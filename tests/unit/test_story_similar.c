/* Stories of duplicate candidates: two calls about one thing, two about two things, and the sentence that says why. */
#define _GNU_SOURCE /* strsep */
#include "core/similar.h"
#include "tests/unit/city_rules.h"

/* clang-format off */

static struct similar_text texts[4];
static int text_count;

static struct similar_side call(const char *time, const char *title, const char *description, uint32_t place, uint32_t matter) {
    struct text said[] = {folded(title), folded(description)};
    struct similar_text *text = &texts[text_count++ % 4];
    similar_text_read(said, 2, text);
    return (struct similar_side){.place = place, .matter = matter, .received_at = at(time), .text = text};
}

static const char *compared(struct similar_side a, struct similar_side b, enum lang lang, int *ret_total) {
    static char sentence[400];
    struct similar_score score, back;
    similar_score(city_world(), &a, &b, &score);
    similar_score(city_world(), &b, &a, &back);
    assert_int_equal(score.total, back.total); /* neither comes first */
    similar_say(&score, lang, sentence, sizeof sentence);
    *ret_total = score.total;
    return sentence;
}

/* R20: 同一网格、同一事项、说法相近，隔了两小时：八十多分，逐项说明。 */
static void test_r20_two_calls_about_one_lamp(void **state) {
    int total;
    struct similar_side a = call("2026-03-02 09:00", "小区门口路灯不亮", "晚上走路看不见", GRID_A, MATTER_GARBAGE);
    struct similar_side b = call("2026-03-02 11:30", "小區門口路燈不亮了", "晚上看不见路", GRID_A, MATTER_GARBAGE);
    assert_string_equal(compared(a, b, LANG_ZH, &total), "内容相同 62% +45；同一地点 +20；同一事项 +15；相隔 2 小时 +5");
    assert_int_equal(total, 85);
    a.has_point = b.has_point = true;
    a.lon = b.lon = 123.76, a.lat = 41.33, b.lat = 41.3309;
    assert_string_equal(compared(a, b, LANG_EN, &total), "62 % of the words in common +45; 100 m apart +25; the same matter +15; 2 hours apart +5");
    a.caller = b.caller = (struct bytes){(const uint8_t *)"0123456789abcdef", 16};
    assert_string_equal(compared(a, b, LANG_ZH, &total), "内容相同 62% +45；相距 100 米 +25；同一事项 +15；同一来电号码 +10；相隔 2 小时 +5");
    assert_int_equal(total, 100);
}

/* R20: 同一个网格的两件不同的事，不到四十分，不列出来。 */
static void test_r20_two_things_in_one_grid(void **state) {
    int total;
    struct similar_side a = call("2026-03-02 09:00", "路灯不亮", "三号楼东侧", GRID_A, MATTER_POTHOLE);
    struct similar_side b = call("2026-03-20 09:00", "垃圾没人清", "五号楼后面堆了很多", GRID_A, MATTER_GARBAGE);
    assert_string_equal(compared(a, b, LANG_ZH, &total), "内容相同 5% +4；同一地点 +20；相隔 18 天 +2");
    assert_true(total < SIMILAR_SHOWN);
}

/* R19: 隔着社区、隔着街道，越远分越低；地点不明的只比内容和事项。 */
static void test_r19_nearer_is_likelier(void **state) {
    int same, community, street, elsewhere, unknown;
    struct similar_side a = call("2026-03-02 09:00", "下水道堵了", "", GRID_A, MATTER_DRAIN);
    struct similar_side b = call("2026-03-02 09:30", "下水道又堵了", "", GRID_A, MATTER_DRAIN);
    compared(a, b, LANG_ZH, &same);
    b.place = GRID_EMPTY;
    compared(a, b, LANG_ZH, &community);
    b.place = STREET_A;
    assert_non_null(strstr(compared(a, b, LANG_ZH, &street), "同一街道 +4"));
    b.place = GRID_B;
    compared(a, b, LANG_ZH, &elsewhere);
    a.place = b.place = 0;
    compared(a, b, LANG_ZH, &unknown);
    assert_true(same > community && community > street && street > elsewhere && elsewhere == unknown);
    assert_true(unknown >= SIMILAR_SHOWN);
}

/* R19: 标点、空格、繁简、全半角都不影响；没有文字就没有内容分。 */
static void test_r19_texts_are_compared_folded(void **state) {
    struct similar_text a, b, none;
    struct text x[] = {folded("「三號樓」，漏水！！"), folded("")}, y[] = {folded("三号楼 漏水"), folded("。")};
    similar_text_read(x, 2, &a);
    similar_text_read(y, 2, &b);
    similar_text_read(y + 1, 1, &none);
    assert_int_equal(similar_texts(&a, &b), 100);
    assert_int_equal(similar_texts(&a, &none), 0);
    assert_int_equal(similar_texts(&none, &none), 0);
    char *wide = malloc(40000); /* a very long text: its beginning counts, within bounds */
    for (int i = 0; i < 39996; i += 3) memcpy(wide + i, (const char[]){(char)0xE4, (char)(0xB8 + i / 3 % 8), (char)(0x80 + i % 64)}, 3);
    similar_text_read(&(struct text){wide, 39996}, 1, &a);
    assert_in_range(a.count, 1, SIMILAR_PAIRS_MAX);
    assert_int_equal(similar_texts(&a, &a), 100);
    free(wide);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, rules_begin, rules_end)
int main(void) {
    const struct CMUnitTest tests[] = {
        STORY(test_r20_two_calls_about_one_lamp),
        STORY(test_r20_two_things_in_one_grid),
        STORY(test_r19_nearer_is_likelier),
        STORY(test_r19_texts_are_compared_folded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
