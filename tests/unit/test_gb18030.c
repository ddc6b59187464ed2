/* GB18030 read as UTF-8: two and four byte characters, texts longer than a piece, and bytes that are none. */
#include "common/gb18030.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

static void test_names(void **state) {
    assert_true(gb18030_is_name("gb18030"));
    assert_true(gb18030_is_name("\"GBK\""));
    assert_true(gb18030_is_name("gb2312; x=1"));
    assert_false(gb18030_is_name("gb1803"));
    assert_false(gb18030_is_name("gbk2"));
    assert_false(gb18030_is_name("utf-8"));
    assert_false(gb18030_is_name(""));
}

static void test_text(void **state) {
    struct buffer out = {0};
    gb18030_to_utf8("a\xC2\xB7\xB5\xC6\x81\x39\xEE\x39", 9, &out); /* two, two and four bytes */
    assert_string_equal(buffer_text(&out), "a\xE8\xB7\xAF\xE7\x81\xAF\xE3\x90\x80");
    buffer_clear(&out);
    gb18030_to_utf8("", 0, &out);
    assert_int_equal(out.length, 0);
    buffer_done(&out);
}

static void test_long_text(void **state) {
    static char in[20001];
    struct buffer out = {0};
    in[0] = 'x';
    for (size_t i = 1; i < sizeof in; i += 2) memcpy(in + i, "\xC2\xB7", 2);
    gb18030_to_utf8(in, sizeof in, &out);
    assert_int_equal(out.length, 1 + 3 * 10000);
    for (size_t i = 1; i < out.length; i += 3) assert_memory_equal(out.data + i, "\xE8\xB7\xAF", 3);
    buffer_done(&out);
}

static void test_what_is_none(void **state) {
    struct buffer out = {0};
    gb18030_to_utf8("a\xFF\n\xC2\xB7\xC2", 6, &out); /* a wrong byte, and half a character at the end */
    assert_string_equal(buffer_text(&out), "a\xFF\n\xE8\xB7\xAF\xFF");
    buffer_done(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_text),
                                       cmocka_unit_test(test_long_text), cmocka_unit_test(test_what_is_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
