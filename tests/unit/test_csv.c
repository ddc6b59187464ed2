/* CSV in (RFC 4180, complaints with row and column) and out (no formulas). */
#include "common/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* Rows as text: fields between brackets, a line each; a complaint is the last line. */
static void check(const char *text, const char *expected) {
    struct csv csv;
    struct csv_row row;
    struct buffer out = {0};
    enum err err;
    csv_init(&csv, text, strlen(text));
    while (!(err = csv_next(&csv, &row))) {
        buffer_format(&out, "%zu", row.number);
        for (size_t i = 0; i < row.count; i++) buffer_format(&out, "[%.*s]", (int)row.fields[i].len, row.fields[i].at);
        buffer_append_text(&out, "\n");
    }
    if (err != ERR_CLOSED) buffer_append_text(&out, csv.message);
    assert_string_equal(buffer_text(&out), expected);
    assert_int_equal(csv_next(&csv, &row), ERR_CLOSED);
    buffer_done(&out);
    csv_done(&csv);
}

static void rows_are_read_as_rfc_4180_says(void **state) {
    check("", "");
    check("a,b\n", "1[a][b]\n");
    check("a,b", "1[a][b]\n");
    check("a,b\r\nc,d\r\n", "1[a][b]\n2[c][d]\n");
    check(",\n", "1[][]\n");
    check("\"\"\n", "1[]\n");
    check("\xEF\xBB\xBF名称,单位\n路灯,市政\n", "1[名称][单位]\n2[路灯][市政]\n");
    check("\"a,b\",\"say \"\"hi\"\"\"\n", "1[a,b][say \"hi\"]\n");
    check("\"two\nlines\",x\ny,z\n", "1[two\nlines][x]\n2[y][z]\n");
    check("a\n\n\r\nb\n", "1[a]\n4[b]\n");
    check(" a , b \n", "1[ a ][ b ]\n"); /* spaces are part of a field */
    check("a\rb,c\n", "1[a\rb][c]\n");
}

static void complaints_name_row_and_column(void **state) {
    check("a,b\nc,d\"e\n", "1[a][b]\nrow 2, column 2: a quote inside an unquoted field");
    check("a\n\"b\nc\n", "1[a]\nrow 2, column 1: the quote opened in line 2 is never closed");
    check("\"a\"b,c\n", "row 1, column 1: text after the closing quote");
    check("a,\xFF\n", "row 1, column 2: not valid UTF-8 (save the file as UTF-8)");
}

/* Both languages say what is wrong and what would be right; where is told apart from it. */
static void complaints_are_in_both_languages(void **state) {
    struct csv csv;
    struct csv_row row;
    csv_init(&csv, "a,\xC4\xE3\n", 5); /* GBK, as spreadsheets here save */
    assert_int_equal(csv_next(&csv, &row), ERR_INVALID);
    assert_int_equal(csv.wrong_column, 2);
    assert_string_equal(csv.zh, "不是 UTF-8 编码; 请在表格软件中另存为“CSV UTF-8”");
    assert_string_equal(csv.en, "not valid UTF-8 (save the file as UTF-8)");
    csv_done(&csv);
}

static void rows_are_bounded(void **state) {
    struct buffer text = {0};
    struct csv csv;
    struct csv_row row;
    for (int i = 0; i < CSV_FIELDS_MAX; i++) buffer_append_text(&text, ",");
    csv_init(&csv, (char *)text.data, text.length - 1);
    assert_int_equal(csv_next(&csv, &row), ERR_NONE);
    assert_int_equal(row.count, CSV_FIELDS_MAX);
    csv_done(&csv);
    csv_init(&csv, (char *)text.data, text.length);
    assert_int_equal(csv_next(&csv, &row), ERR_TOO_LARGE);
    assert_string_equal(csv.message, "row 1, column 65: more than 64 columns");
    csv_done(&csv);
    buffer_clear(&text);
    for (int i = 0; i <= CSV_FIELD_BYTES_MAX; i++) buffer_append_byte(&text, 'x');
    csv_init(&csv, (char *)text.data, text.length);
    assert_int_equal(csv_next(&csv, &row), ERR_TOO_LARGE);
    csv_done(&csv);
    buffer_done(&text);
}

static void columns_are_found_by_title(void **state) {
    struct csv csv;
    struct csv_row header;
    const char *text = "code, name ,grid\n";
    csv_init(&csv, text, strlen(text));
    assert_int_equal(csv_next(&csv, &header), ERR_NONE);
    assert_int_equal(csv_column(&header, "name"), 1);
    assert_int_equal(csv_column(&header, "names"), CSV_FIELDS_MAX);
    csv_done(&csv);
}

static void check_written(const char *field, const char *expected) {
    struct buffer out = {0};
    csv_write_field(&out, field, strlen(field), true);
    assert_string_equal(buffer_text(&out), expected);
    buffer_done(&out);
}

static void no_field_is_a_formula(void **state) {
    check_written("路灯", "路灯");
    check_written("a,\"b\"\n", "\"a,\"\"b\"\"\n\"");
    check_written("=1+1", "\"'=1+1\"");
    check_written("@SUM(A1)", "\"'@SUM(A1)\"");
    check_written("\t=1", "\"'\t=1\"");
    check_written("＝1", "\"'＝1\"");
    check_written("+8613812341234", "\"'+8613812341234\"");
    check_written("-cmd", "\"'-cmd\"");
    check_written("-12.5", "-12.5");
    check_written("-", "\"'-\"");
    check_written(" x", "\" x\"");
    check_written("", "");
}

static void what_is_written_can_be_read(void **state) {
    struct buffer out = {0};
    const char *fields[] = {"a\"b", "c,d", "e\r\nf", "", "路"};
    for (size_t i = 0; i < 5; i++) csv_write_field(&out, fields[i], strlen(fields[i]), i == 0);
    csv_write_end(&out);
    struct csv csv;
    struct csv_row row;
    csv_init(&csv, (char *)out.data, out.length);
    assert_int_equal(csv_next(&csv, &row), ERR_NONE);
    assert_int_equal(row.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(row.fields[i].len, strlen(fields[i]));
        assert_memory_equal(row.fields[i].at, fields[i], row.fields[i].len);
    }
    csv_done(&csv);
    buffer_done(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read_as_rfc_4180_says),   cmocka_unit_test(complaints_name_row_and_column),
        cmocka_unit_test(complaints_are_in_both_languages), cmocka_unit_test(rows_are_bounded),
        cmocka_unit_test(columns_are_found_by_title),       cmocka_unit_test(no_field_is_a_formula),
        cmocka_unit_test(what_is_written_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
