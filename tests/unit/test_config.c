/* Configuration: every type, every complaint with its place, showing what can be loaded again, documentation. */
#include "common/config.h"
#include "common/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct values {
    char *name, *socket, *password;
    int64_t batch_max, wait_ms, room;
    bool strict;
    double share;
    int level;
    struct config_list units;
};

static const struct config_key keys[] = {
    CONFIG_KEY(struct values, name, CONFIG_TEXT, "paidan", .max = 20, .doc_en = "A name", .doc_zh = "名称"),
    CONFIG_KEY(struct values, socket, CONFIG_PATH, "", .doc_en = "A socket", .doc_zh = "套接字"),
    CONFIG_KEY(struct values, password, CONFIG_TEXT, "", .secret = true, .doc_en = "A secret", .doc_zh = "密码"),
    CONFIG_KEY(struct values, batch_max, CONFIG_INT, "100", .min = 1, .max = 2000, .doc_en = "Most | at once",
               .doc_zh = "批量"),
    CONFIG_KEY(struct values, wait_ms, CONFIG_DURATION, "250ms", .min = 1, .max = 60000, .doc_en = "Wait",
               .doc_zh = "等待"),
    CONFIG_KEY(struct values, room, CONFIG_SIZE, "1MiB", .doc_en = "Room", .doc_zh = "空间"),
    CONFIG_KEY(struct values, strict, CONFIG_BOOL, "true", .doc_en = "Strict", .doc_zh = "严格"),
    CONFIG_KEY(struct values, share, CONFIG_REAL, "0.8", .min = 0, .max = 1, .doc_en = "Share", .doc_zh = "比例"),
    CONFIG_KEY(struct values, level, CONFIG_CHOICE, "info", .choices = "debug info warn", .doc_en = "Level",
               .doc_zh = "级别"),
    CONFIG_KEY(struct values, units, CONFIG_LIST, "", .max = 3, .doc_en = "Units", .doc_zh = "单位"),
    CONFIG_END,
};

static struct values values;
static const struct config_table tables[] = {{"Test", "测试", keys, &values}, {0}};
static char folder[] = "/tmp/paidan-config-XXXXXX";
static char path[64], message[CONFIG_MESSAGE_BYTES];

static int begin(void **state) {
    snprintf(path, sizeof path, "%s/a.conf", mkdtemp(folder));
    return 0;
}

static int end(void **state) {
    char other[64];
    snprintf(other, sizeof other, "%s/b.conf", folder);
    unlink(other);
    unlink(path);
    return rmdir(folder);
}

static enum err load(const char *text) {
    assert_int_equal(file_write(path, text, strlen(text), 0600), ERR_NONE);
    return config_load(tables, path, NULL, 0, message);
}

static void without_a_file_the_defaults_hold(void **state) {
    assert_int_equal(config_load(tables, NULL, NULL, 0, message), ERR_NONE);
    assert_string_equal(values.name, "paidan");
    assert_string_equal(values.socket, "");
    assert_int_equal(values.batch_max, 100);
    assert_int_equal(values.wait_ms, 250);
    assert_int_equal(values.room, 1 << 20);
    assert_true(values.strict);
    assert_true(values.share == 0.8);
    assert_int_equal(values.level, 1);
    assert_int_equal(values.units.count, 0);
    config_clear(tables);
    assert_null(values.name);
}

static void every_type_is_read(void **state) {
    setenv("PAIDAN_TEST_FOLDER", "/run/x", 1);
    assert_int_equal(
        load("# comment\nname = \"派单\"\nsocket = \"${PAIDAN_TEST_FOLDER}/s\"\nbatch_max = 7\nwait_ms = 2s\n"
             "room=64KiB\nstrict = off\nshare = 0.25\nlevel = warn\nunits = {\"a\", \"b,c\"}\npassword = 'x'\n"),
        ERR_NONE);
    assert_string_equal(values.name, "派单");
    assert_string_equal(values.socket, "/run/x/s");
    assert_int_equal(values.batch_max, 7);
    assert_int_equal(values.wait_ms, 2000);
    assert_int_equal(values.room, 65536);
    assert_false(values.strict);
    assert_true(values.share == 0.25);
    assert_int_equal(values.level, 2);
    assert_int_equal(values.units.count, 2);
    assert_string_equal(values.units.items[1], "b,c");
    config_clear(tables);
}

static void refuse(const char *text, const char *said) {
    assert_int_equal(load(text), ERR_INVALID);
    if (!strstr(message, said)) fail_msg("said: %s\nnot: %s", message, said);
    assert_null(values.name); /* nothing is left to free */
}

static void complaints_name_the_line_and_what_would_be_right(void **state) {
    refuse("name = \"a\"\nbatch_max = 0\n", "a.conf:2: batch_max must be a whole number from 1 to 2000, not \"0\"");
    refuse("batch_max = many\n", "not \"many\"");
    refuse("batch_max = 99999999999999999999\n", "a.conf:1: batch_max");
    refuse("\n\nwait_ms = 5 weeks\n", "a.conf:3: ");
    refuse("wait_ms = 2h\n", "wait_ms must be a time (ms s min h d) from 1ms to 1min, not \"2h\"");
    refuse("socket = relative\n", "socket must be an absolute path");
    refuse("level = loud\n", "level must be one of: debug info warn, not \"loud\"");
    refuse("strict = perhaps\n", "true or false");
    refuse("share = 1.5\n", "share must be a number from 0 to 1");
    refuse("name = \"123456789012345678901\"\n", "name must be text of 0 to 20 bytes");
    refuse("units = {a,b,c,d}\n", "of at most 3");
    refuse("batch_mx = 1\n", "a.conf:1: there is no key \"batch_mx\"; did you mean \"batch_max\"?");
    refuse("utterly_different = 1\n", "there is no key \"utterly_different\"; --config-doc lists them all");
    refuse("name = a\nroom = 1\nname = b\n", "a.conf:3: name is given twice, first in line 1");
    refuse("name = \"never closed\n", "a.conf:");
    refuse("name a\n", "a.conf:1:");
    assert_int_equal(load("password = \"\xff\"\n"), ERR_INVALID);
    assert_null(strstr(message, "\xff")); /* secrets are not repeated */
    assert_int_equal(config_load(tables, "/nowhere/x.conf", NULL, 0, message), ERR_INVALID);
    assert_non_null(strstr(message, "No such file"));
}

static void an_included_file_may_be_overridden(void **state) {
    char other[64], text[200];
    snprintf(other, sizeof other, "%s/b.conf", folder);
    assert_int_equal(file_write(other, "name = common\nbatch_max = 5\n", 28, 0600), ERR_NONE);
    snprintf(text, sizeof text, "include(\"%s\")\nname = own\n", other);
    assert_int_equal(load(text), ERR_NONE);
    assert_string_equal(values.name, "own");
    assert_int_equal(values.batch_max, 5);
    config_clear(tables);
    assert_int_equal(file_write(other, "name = common\nbatch_max = x\n", 28, 0600), ERR_NONE);
    assert_int_equal(load(text), ERR_INVALID);
    assert_non_null(strstr(message, "b.conf:2: batch_max"));
}

static void overrides_win(void **state) {
    const char *overrides[] = {"name=later", "units=a, b", "wait_ms=1min"};
    assert_int_equal(file_write(path, "name = a\n", 9, 0600), ERR_NONE);
    assert_int_equal(config_load(tables, path, overrides, 3, message), ERR_NONE);
    assert_string_equal(values.name, "later");
    assert_int_equal(values.units.count, 2);
    assert_int_equal(values.wait_ms, 60000);
    config_clear(tables);
    const char *bad[] = {"nam=x"};
    assert_int_equal(config_load(tables, path, bad, 1, message), ERR_INVALID);
    assert_non_null(strstr(message, "did you mean \"name\""));
    bad[0] = "batch_max";
    assert_int_equal(config_load(tables, path, bad, 1, message), ERR_INVALID);
}

static void a_required_key_is_missed(void **state) {
    static struct values other;
    static const struct config_key required[] = {
        CONFIG_KEY(struct values, name, CONFIG_TEXT, NULL, .doc_en = "Who we are", .doc_zh = "名称"), CONFIG_END};
    const struct config_table strict[] = {{"T", "T", required, &other}, {0}};
    assert_int_equal(config_load(strict, NULL, NULL, 0, message), ERR_INVALID);
    assert_string_equal(message, "configuration: name is missing: Who we are");
}

static void what_is_shown_can_be_loaded_again(void **state) {
    struct buffer first = {0}, second = {0};
    assert_int_equal(load("name = \"a \\\"b\\\" \\$c\"\nwait_ms = 59s\nroom = 3KiB\nunits = {\"x\\\\y\", z}\n"),
                     ERR_NONE);
    config_show(tables, &first);
    config_clear(tables);
    assert_non_null(strstr(buffer_text(&first), "wait_ms = 59s"));
    assert_int_equal(load(buffer_text(&first)), ERR_NONE);
    config_show(tables, &second);
    config_clear(tables);
    assert_string_equal(buffer_text(&second), buffer_text(&first));
    buffer_done(&first);
    buffer_done(&second);
}

static void secrets_are_not_shown(void **state) {
    struct buffer shown = {0};
    assert_int_equal(load("password = hushhush\n"), ERR_NONE);
    config_show(tables, &shown);
    config_clear(tables);
    assert_null(strstr(buffer_text(&shown), "hushhush"));
    assert_non_null(strstr(buffer_text(&shown), "# password is set"));
    buffer_done(&shown);
}

static void the_documentation_names_every_key(void **state) {
    struct buffer doc = {0};
    config_doc(tables, &doc);
    for (const struct config_key *key = keys; key->name; key++) {
        char cell[64];
        snprintf(cell, sizeof cell, "| `%s` |", key->name);
        assert_non_null(strstr(buffer_text(&doc), cell));
    }
    assert_non_null(strstr(buffer_text(&doc), "Most \\| at once"));
    assert_non_null(
        strstr(buffer_text(&doc), "| `wait_ms` | a time (ms s min h d) from 1ms to 1min | `250ms` | 等待 | Wait |"));
    buffer_done(&doc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_file_the_defaults_hold),
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(complaints_name_the_line_and_what_would_be_right),
        cmocka_unit_test(an_included_file_may_be_overridden),
        cmocka_unit_test(overrides_win),
        cmocka_unit_test(a_required_key_is_missed),
        cmocka_unit_test(what_is_shown_can_be_loaded_again),
        cmocka_unit_test(secrets_are_not_shown),
        cmocka_unit_test(the_documentation_names_every_key),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
