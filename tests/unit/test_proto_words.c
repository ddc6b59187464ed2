/* The vocabulary holds what its users rely on: values without gaps, one text a word, and a word found by either. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/utf8.h"
#include "proto/words.h"

#include <ctype.h>
#include <string.h>

#define EACH_SET(set) for (enum word_set set = 0; set < WORD_SET_COUNT; set++)

static void values_run_from_one_without_gaps(void **state) {
    EACH_SET(set) {
        size_t count;
        const struct word *words = word_list(set, &count);
        assert_in_range(count, 1, UINT8_MAX);
        for (size_t i = 0; i < count; i++) {
            if (words[i].value != (int)i + 1)
                fail_msg("%s: %s is %d, not %zu", word_set_name(set), words[i].name, words[i].value, i + 1);
        }
    }
}

static void no_two_words_of_a_set_are_alike(void **state) {
    EACH_SET(set) {
        size_t count;
        const struct word *words = word_list(set, &count);
        for (size_t i = 0; i < count; i++)
            for (size_t j = 0; j < i; j++)
                if (strcmp(words[i].text, words[j].text) == 0 || strcmp(words[i].zh, words[j].zh) == 0 ||
                    strcmp(words[i].en, words[j].en) == 0)
                    fail_msg("%s: %s and %s are alike", word_set_name(set), words[i].name, words[j].name);
    }
    EACH_SET(set)
    for (enum word_set other = 0; other < set; other++)
        assert_string_not_equal(word_set_name(set), word_set_name(other));
}

/* Texts stand in URLs, SQL checks and file names: letters, digits and underscores. */
static void texts_are_plain_and_both_languages_are_there(void **state) {
    EACH_SET(set) {
        size_t count;
        const struct word *words = word_list(set, &count);
        for (size_t i = 0; i < count; i++) {
            assert_int_not_equal(words[i].text[0], 0);
            for (const char *at = words[i].text; *at; at++)
                if (!isalnum((unsigned char)*at) && *at != '_') fail_msg("%s is not plain", words[i].text);
            assert_int_not_equal(words[i].zh[0], 0);
            assert_int_not_equal(words[i].en[0], 0);
            assert_int_equal(utf8_span(words[i].zh, strlen(words[i].zh)), strlen(words[i].zh));
        }
    }
}

static void a_word_is_found_by_value_and_by_text(void **state) {
    EACH_SET(set) {
        size_t count;
        const struct word *words = word_list(set, &count);
        for (size_t i = 0; i < count; i++) {
            assert_ptr_equal(word_by_value(set, words[i].value), &words[i]);
            assert_string_equal(word_text(set, words[i].value), words[i].text);
            assert_int_equal(word_value(set, words[i].text, strlen(words[i].text)), words[i].value);
        }
        assert_null(word_by_value(set, 0));
        assert_null(word_by_value(set, -1));
        assert_null(word_by_value(set, (int)count + 1));
        assert_string_equal(word_text(set, 0), "");
        assert_string_equal(word_text(set, (int)count + 1), "");
    }
}

static void only_the_exact_text_is_a_word(void **state) {
    assert_int_equal(word_value(WORDS_state, "CLOSED", 6), STATE_CLOSED);
    assert_int_equal(word_value(WORDS_state, "closed", 6), 0);
    assert_int_equal(word_value(WORDS_state, "CLOSE", 5), 0);
    assert_int_equal(word_value(WORDS_state, "CLOSED ", 7), 0);
    assert_int_equal(word_value(WORDS_state, "", 0), 0);
    assert_int_equal(word_value(WORDS_state, "CLOSED and more", 6), STATE_CLOSED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_run_from_one_without_gaps),
        cmocka_unit_test(no_two_words_of_a_set_are_alike),
        cmocka_unit_test(texts_are_plain_and_both_languages_are_there),
        cmocka_unit_test(a_word_is_found_by_value_and_by_text),
        cmocka_unit_test(only_the_exact_text_is_a_word),
    };
    return cmocka_run_group_tests_name("proto words", tests, NULL, NULL);
}
