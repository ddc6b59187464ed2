/* Text at the door, normal forms, search terms, masks, JSON escapes. */
#include "common/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define S(literal) (literal), (sizeof(literal) - 1)

static struct arena arena;

static int begin(void **state) {
    arena_init(&arena, 4096, 1 << 20);
    return 0;
}

static int end(void **state) {
    arena_done(&arena);
    return 0;
}

static void only_clean_utf8_passes(void **state) {
    assert_true(text_is_valid(S("")));
    assert_true(text_is_valid(S("路灯不亮 ok")));
    assert_true(text_is_valid(S("\xF0\x9F\x9A\xB2"))); /* outside the basic plane */
    assert_true(text_is_valid(S("\xF4\x8F\xBF\xBD"))); /* U+10FFFD */
    assert_false(text_is_valid(S("a\0b")));
    assert_false(text_is_valid(S("\xC0\x80")));         /* overlong NUL */
    assert_false(text_is_valid(S("\xC1\xBF")));         /* overlong */
    assert_false(text_is_valid(S("\xE0\x9F\xBF")));     /* overlong */
    assert_false(text_is_valid(S("\xF0\x8F\xBF\xBF"))); /* overlong */
    assert_false(text_is_valid(S("\xED\xA0\x80")));     /* surrogate */
    assert_false(text_is_valid(S("\xF4\x90\x80\x80"))); /* over U+10FFFF */
    assert_false(text_is_valid(S("\xEF\xBF\xBF")));     /* U+FFFF */
    assert_false(text_is_valid(S("\xEF\xB7\x90")));     /* U+FDD0 */
    assert_false(text_is_valid(S("\xE8\xB7")));         /* cut */
    assert_false(text_is_valid(S("\x80")));
    assert_false(text_is_valid(S("\xFF")));
}

/* Every code point, against the definition; encode and next are each other's reverse. */
static void every_code_point_is_judged_rightly(void **state) {
    for (int32_t point = 1; point <= 0x10FFFF; point++) {
        char bytes[4];
        size_t len = text_encode(point, bytes), at = 0;
        bool is_surrogate = point >= 0xD800 && point <= 0xDFFF;
        bool is_noncharacter = (point & 0xFFFE) == 0xFFFE || (point >= 0xFDD0 && point <= 0xFDEF);
        if (text_is_valid(bytes, len) != (!is_surrogate && !is_noncharacter)) fail_msg("U+%04X", (unsigned)point);
        if (!is_surrogate && (text_next(bytes, len, &at) != point || at != len)) fail_msg("U+%04X", (unsigned)point);
    }
}

static void controls_are_found(void **state) {
    assert_false(text_has_control(S("一行"), false));
    assert_true(text_has_control(S("一\n二"), false));
    assert_false(text_has_control(S("一\r\n\t二"), true));
    assert_true(text_has_control(S("\x1B[2J"), true));
    assert_true(text_has_control(S("\xC2\x85"), true));
    assert_true(text_has_control(S("a\xE2\x80\xAE"
                                   "b"),
                                 true)); /* right-to-left override */
}

static void lengths_are_counted_in_characters(void **state) {
    assert_int_equal(text_length(S("路灯 ok")), 5);
    assert_int_equal(text_cut(S("路灯 ok"), 2), 6);
    assert_int_equal(text_cut(S("路灯"), 9), 6);
    struct span trimmed = text_trim(S(" \xE3\x80\x80\t路 灯\xC2\xA0\n"));
    assert_int_equal(trimmed.len, 7);
    assert_memory_equal(trimmed.at, "路 灯", 7);
    assert_int_equal(text_trim(S(" \xE3\x80\x80")).len, 0);
}

static void check_fold(const char *from, const char *to) {
    struct span folded;
    assert_int_equal(text_fold(&arena, from, strlen(from), &folded), ERR_NONE);
    assert_string_equal(folded.at, to);
    assert_int_equal(folded.len, strlen(to));
}

static void folding_makes_equal_what_people_mean_as_equal(void **state) {
    check_fold("ＡＢＣ１２３", "abc123");
    check_fold("  路燈　 不亮\n\n真的 ", "路灯 不亮 真的");
    check_fold("電話號碼：１３８", "电话号码:138");
    check_fold("Stra\xC3\x9F"
               "e",
               "strasse");
    check_fold("ﾊﾟ", "パ");
    check_fold("soft\xC2\xADhyphen", "softhyphen");
    check_fold("", "");
    struct span folded;
    assert_int_equal(text_fold(&arena, S("\xFF"), &folded), ERR_INVALID);
}

/* The short way round for Chinese text agrees with the library, for every character alone and before one that composes. */
static void nfc_is_the_same_by_the_short_way(void **state) {
    for (int32_t point = 1; point <= 0x10FFFF; point++) {
        char text[16];
        size_t len = text_encode(point, text);
        if (!text_is_valid(text, len)) continue;
        for (int mark = 0; mark < 2; mark++) {
            struct span made;
            if (mark) len += text_encode(0x301, text + len);
            text[len] = 0;
            utf8proc_uint8_t *right = utf8proc_NFC((const utf8proc_uint8_t *)text);
            assert_int_equal(text_nfc(&arena, text, len, &made), ERR_NONE);
            assert_string_equal(made.at, (const char *)right);
            free(right);
            arena_reset(&arena);
        }
    }
}

static void nfc_composes(void **state) {
    struct span made;
    assert_int_equal(text_nfc(&arena, S("e\xCC\x81 ＡＢ 電"), &made), ERR_NONE);
    assert_string_equal(made.at, "\xC3\xA9 ＡＢ 電"); /* composed, nothing else changed */
}

static void a_full_arena_is_an_error(void **state) {
    struct arena tiny;
    arena_init(&tiny, 1024, 1024);
    char text[2000];
    memset(text, 'x', sizeof text);
    struct span folded;
    assert_int_equal(text_fold(&tiny, text, sizeof text, &folded), ERR_MEMORY);
    arena_done(&tiny);
}

/* The short way for plain texts gives what the long one gives: a letter that only the long way takes stands behind. */
static void plain_texts_fold_as_all_others(void **state) {
    static const int32_t ranges[][2] = {{1, 0x7F},        {0x4E00, 0x9FFF}, {0x3000, 0x3029}, {0xFF01, 0xFF5E},
                                        {0x2013, 0x2014}, {0x2018, 0x201D}, {0x4E00, 0x9FFF}};
    uint64_t random = 20261122;
    for (int round = 0; round < 20000; round++) {
        char text[200];
        size_t len = 0;
        struct span plain, whole;
        for (int i = 0, count = (int)(random >> 60); i < count; i++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
            const int32_t *range = ranges[(random >> 33) % 7];
            len += text_encode(range[0] + (int32_t)((random >> 40) % (uint64_t)(range[1] - range[0] + 1)), text + len);
        }
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        assert_int_equal(text_fold(&arena, text, len, &plain), ERR_NONE);
        memcpy(text + len, "x\xC3\xA9", 3);
        assert_int_equal(text_fold(&arena, text, len + 3, &whole), ERR_NONE);
        assert_true(whole.len >= 3 && whole.len - 3 - (whole.len > 4 && whole.at[whole.len - 4] == ' ') == plain.len);
        assert_memory_equal(plain.at, whole.at, plain.len);
        arena_reset(&arena);
    }
}

static void the_variants_are_sorted_and_settled(void **state) {
    static const int32_t pairs[][2] = {
#define VARIANT(a, b) {a, b},
#include "common/text_variants.def"
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        assert_true(i == 0 || pairs[i - 1][0] < pairs[i][0]);
        assert_int_equal(text_simplified(pairs[i][0]), pairs[i][1]);
        assert_int_equal(text_simplified(pairs[i][1]), pairs[i][1]);
    }
    size_t changed = 0;
    for (int32_t point = 0; point < 0x30000; point++) { /* what one became becomes nothing else */
        int32_t simplified = text_simplified(point);
        changed += simplified != point;
        assert_int_equal(text_simplified(simplified), simplified);
    }
    assert_in_range(changed, 2800, 6000);
    assert_int_equal(text_simplified(U'漏'), U'漏');
    assert_int_equal(text_simplified(U'燈'), U'灯');
    assert_int_equal(text_simplified(U'檐'), text_simplified(U'簷'));
    assert_int_equal(text_simplified('a'), 'a');
    assert_int_equal(text_simplified(0x10FFFF), 0x10FFFF);
}

static void check_terms(const char *text, const char *expected) {
    struct span *terms;
    size_t count;
    char joined[512] = "";
    assert_int_equal(text_terms(&arena, text, strlen(text), 100, &terms, &count), ERR_NONE);
    for (size_t i = 0; i < count; i++) {
        if (i) strcat(joined, "|");
        strncat(joined, terms[i].at, terms[i].len);
    }
    assert_string_equal(joined, expected);
}

static void search_terms_are_pairs_and_words(void **state) {
    check_terms("路灯不亮", "不亮|灯不|路灯");
    check_terms("路燈不亮", "不亮|灯不|路灯");
    check_terms("3号楼B座，漏水！", "3|b|号楼|座|漏水");
    check_terms("WiFi wifi ＷＩＦＩ", "wifi");
    check_terms("哈哈哈哈", "哈哈");
    check_terms("！？。", "");
    check_terms("", "");
}

static void search_terms_are_bounded(void **state) {
    struct span *terms;
    size_t count;
    assert_int_equal(text_terms(&arena, S("一二三四五六七"), 3, &terms, &count), ERR_NONE);
    assert_int_equal(count, 3);
    char word[200];
    memset(word, 'x', sizeof word);
    assert_int_equal(text_terms(&arena, word, sizeof word, 3, &terms, &count), ERR_NONE);
    assert_int_equal(count, 1);
    assert_int_equal(terms[0].len, 64);
}

static void check_mask(void (*mask)(const char *, size_t, char *), const char *from, const char *to) {
    char out[TEXT_MASK_BYTES];
    mask(from, strlen(from), out);
    assert_string_equal(out, to);
}

static void masks_hide_enough(void **state) {
    check_mask(text_mask_phone, "13812341234", "138****1234");
    check_mask(text_mask_phone, "+86 138-1234-1234", "138****1234");
    check_mask(text_mask_phone, "024-12345678", "024****5678");
    check_mask(text_mask_phone, "12345678", "****78");
    check_mask(text_mask_phone, "12345", "****");
    check_mask(text_mask_phone, "", "");
    check_mask(text_mask_name, "王小明", "王**");
    check_mask(text_mask_name, " 王 ", "王**");
    check_mask(text_mask_name, "", "");
    check_mask(text_mask_document, "21010219900101123X", "210*************3X");
    check_mask(text_mask_document, "1234567", "****");
    check_mask(text_mask_document, "证件", "****");
    char long_one[300];
    memset(long_one, '7', sizeof long_one - 1);
    long_one[sizeof long_one - 1] = 0;
    check_mask(text_mask_document, long_one, "****");
    check_mask(text_mask_phone, long_one, "777****7777");
}

static void json_strings_are_escaped(void **state) {
    char out[64];
    assert_int_equal(text_json_escape(S("a\"b\\c\n\x01</路"), out, sizeof out), 25);
    assert_string_equal(out, "a\\\"b\\\\c\\n\\u0001\\u003c/路");
    assert_int_equal(text_json_escape(S("\xFF"
                                        "a"),
                                      out, sizeof out),
                     4);
    assert_string_equal(out, "\xEF\xBF\xBD"
                             "a");
    assert_int_equal(text_json_escape(S("路灯"), out, 6), 6); /* no half character */
    assert_string_equal(out, "路");
    assert_int_equal(text_json_escape(S("路灯"), NULL, 0), 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_clean_utf8_passes),
        cmocka_unit_test(every_code_point_is_judged_rightly),
        cmocka_unit_test(controls_are_found),
        cmocka_unit_test(lengths_are_counted_in_characters),
        cmocka_unit_test_setup_teardown(folding_makes_equal_what_people_mean_as_equal, begin, end),
        cmocka_unit_test_setup_teardown(nfc_composes, begin, end),
        cmocka_unit_test_setup_teardown(nfc_is_the_same_by_the_short_way, begin, end),
        cmocka_unit_test(a_full_arena_is_an_error),
        cmocka_unit_test_setup_teardown(plain_texts_fold_as_all_others, begin, end),
        cmocka_unit_test(the_variants_are_sorted_and_settled),
        cmocka_unit_test_setup_teardown(search_terms_are_pairs_and_words, begin, end),
        cmocka_unit_test_setup_teardown(search_terms_are_bounded, begin, end),
        cmocka_unit_test(masks_hide_enough),
        cmocka_unit_test(json_strings_are_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
