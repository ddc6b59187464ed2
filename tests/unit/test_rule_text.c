/* Keywords of routing rules: how what was written is taken apart, and that the quick search finds what the slow one finds. */
#define _GNU_SOURCE /* memmem */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/kit/rule_text.h"

static struct arena arena;

static int begin(void **state) {
    arena_init(&arena, 1 << 16, 1 << 24);
    return 0;
}

static int end(void **state) {
    arena_done(&arena);
    return 0;
}

/* "灯 不亮 | 电梯": the words of each alternative, as they are searched. */
static void reads(const char *text, const char *expected) {
    struct rule rule = {0};
    struct rule_word words[RULE_WORDS_MAX];
    uint32_t count;
    char said[600] = "";
    assert_int_equal(rule_text_read(&arena, text, strlen(text), &rule, words, &count), RULE_TEXT_OK);
    for (int i = 0; i < rule.alternative_count; i++) {
        if (i) strcat(said, "| ");
        for (uint32_t n = 0; n < count; n++)
            if (rule.alternatives[i] & words[n].bit) strncat(strncat(said, words[n].at, words[n].len), " ", 2);
    }
    assert_string_equal(said, expected);
}

static void refuses(const char *text, enum rule_text_fault fault) {
    struct rule rule = {0};
    struct rule_word words[RULE_WORDS_MAX];
    uint32_t count;
    assert_int_equal(rule_text_read(&arena, text, strlen(text), &rule, words, &count), fault);
}

static void what_was_written_is_taken_apart(void **state) {
    reads("", "");
    reads("路燈+不亮|電梯", "路灯 不亮 | 电梯 ");
    reads("ＬＥＤ＋坏了｜led ", "led 坏了 | led ");
}

static void what_cannot_be_a_keyword(void **state) {
    refuses("电", RULE_TEXT_TOO_SHORT);
    refuses("电梯+", RULE_TEXT_OK); /* a sign at the end asks for nothing more */
    refuses("电梯||水管", RULE_TEXT_TOO_SHORT);
    refuses("电梯++水管", RULE_TEXT_TOO_SHORT);
    refuses("\xFF\xFE", RULE_TEXT_INVALID);
    refuses("一一|二二|三三|四四|五五|六六|七七|八八|九九|十十|百百|千千|万万|甲甲|乙乙|丙丙|丁丁", RULE_TEXT_TOO_MANY);
    char longest[120];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    refuses(longest, RULE_TEXT_TOO_LONG);
}

/* ---- against a search that looks for every word by itself ---- */

static uint64_t random_state = 20261122;
static uint32_t next(uint32_t below) {
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(random_state >> 33) % below;
}

/* Of few characters, so that words are often there, also one inside another. */
static size_t write_word(char *to, uint32_t points) {
    static const char *const alphabet[] = {"水", "管", "爆", "裂", "a", "b", "灯"};
    size_t len = 0;
    for (uint32_t i = 0; i < points; i++) {
        const char *one = alphabet[next(7)];
        memcpy(to + len, one, strlen(one));
        len += strlen(one);
    }
    to[len] = 0;
    return len;
}

static bool slow(const char *words, const char *text) {
    char copy[300];
    snprintf(copy, sizeof copy, "%s", words);
    for (char *alternative, *rest = copy; (alternative = strsep(&rest, "|"));) {
        bool all = true;
        for (char *word; (word = strsep(&alternative, "+"));) all = all && strstr(text, word);
        if (all) return true;
    }
    return false;
}

static void the_quick_search_finds_what_the_slow_one_finds(void **state) {
    enum { RULES = 12 };
    int held = 0;
    for (int round = 0; round < 3000; round++) {
        struct rule *rules = calloc(RULES, sizeof *rules);
        struct reference_rule *texts = calloc(RULES, sizeof *texts);
        static char words[RULES][300];
        struct reference reference = {0};
        for (uint32_t i = 0; i < RULES; i++) {
            size_t len = 0;
            for (uint32_t n = 0, count = 1 + next(4); n < count; n++) {
                if (n) words[i][len++] = next(2) ? '|' : '+';
                len += write_word(words[i] + len, 2 + next(4));
            }
            rules[i] = (struct rule){.no = i + 1, .priority = (int32_t)next(3), .disabled = next(8) == 0};
            texts[i] = (struct reference_rule){.words = words[i]};
        }
        rule_text_seal(&arena, rules, texts, RULES, &reference);
        char title[200], description[600];
        struct span said[] = {{title, write_word(title, next(8))}, {description, write_word(description, next(40))}};
        uint32_t found[ROUTE_RULES_MAX];
        uint16_t count = rule_text_find(&arena, &reference.world, said[0], said[1], found), at = 0;
        char whole[900];
        snprintf(whole, sizeof whole, "%s\n%s", title, description);
        for (uint32_t i = 0; i < RULES; i++) { /* in the order in which they are tried */
            const struct rule *rule = &reference.world.rules[i];
            if (rule->disabled || !slow(reference.rules[i].words, whole)) continue;
            if (at == count || found[at++] != rule->no) fail_msg("\"%s\" in \"%s\"", reference.rules[i].words, whole);
            held++;
        }
        assert_int_equal(at, count);
        for (uint32_t i = 1; i < RULES; i++)
            assert_true(rule_order(&reference.world.rules[i - 1], &reference.world.rules[i]) < 0);
        free(rules);
        free(texts);
        arena_reset(&arena);
    }
    assert_true(held > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_is_taken_apart, begin, end),
        cmocka_unit_test_setup_teardown(what_cannot_be_a_keyword, begin, end),
        cmocka_unit_test_setup_teardown(the_quick_search_finds_what_the_slow_one_finds, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
