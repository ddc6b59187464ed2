/* docs/rules.md is complete: every rule that a refusal or the code quotes stands there, once. */
#include <dirent.h>

#include "core/verdict.h"
#include "tests/unit/calendar_fixture.h"

static char rules[65536];

static void read_whole(const char *path, char *ret_text, size_t size) {
    FILE *file = fopen(path, "r");
    if (file == NULL) fail_msg("cannot open %s: run the tests from the project's root", path);
    size_t length = fread(ret_text, 1, size - 1, file);
    ret_text[length] = '\0';
    fclose(file);
}

/* How many lines begin the rule: "- **L7** ". */
static int lines_of(const char *rule) {
    char mark[32];
    snprintf(mark, sizeof mark, "\n- **%s** ", rule);
    int count = 0;
    for (const char *at_ = rules; (at_ = strstr(at_, mark)) != NULL; at_++) count++;
    return count;
}

static void test_every_refusal_names_a_rule(void **state) {
    size_t count;
    const struct verdict_row *rows = verdict_rows(&count);
    for (size_t i = 0; i < count; i++) {
        if (lines_of(rows[i].rule) != 1)
            fail_msg("%s names rule %s, which docs/rules.md does not have", rows[i].name, rows[i].rule);
    }
}

/* Quoted as "rule L11", "rules C1 to C15", "(L11)". */
static void check_quotes(const char *path, const char *text) {
    for (const char *p = text; *p != '\0'; p++) {
        bool quoted = (p > text && p[-1] == '(') || (p >= text + 5 && strncmp(p - 5, "rule ", 5) == 0) ||
                      (p >= text + 5 && strncmp(p - 5, "Rule ", 5) == 0) ||
                      (p >= text + 6 && strncmp(p - 6, "rules ", 6) == 0);
        if (!quoted || strchr("LRCDAFWN", *p) == NULL || p[1] < '1' || p[1] > '9') continue;
        char rule[8] = {*p, p[1]};
        if (p[2] >= '0' && p[2] <= '9') rule[2] = p[2];
        if (lines_of(rule) != 1) fail_msg("%s quotes rule %s, which docs/rules.md does not have", path, rule);
    }
}

static void test_every_quoted_rule_exists(void **state) {
    static char text[131072];
    DIR *folder = opendir("core");
    assert_non_null(folder);
    int files = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        char path[300];
        snprintf(path, sizeof path, "core/%s", entry->d_name);
        read_whole(path, text, sizeof text);
        check_quotes(path, text);
        files++;
    }
    closedir(folder);
    assert_true(files > 20);
}

static void test_numbers_run_without_gaps(void **state) {
    for (const char *group = "WRLCDAFN"; *group != '\0'; group++) {
        char rule[8];
        int number = 1;
        for (;; number++) {
            snprintf(rule, sizeof rule, "%c%d", *group, number);
            int lines = lines_of(rule);
            if (lines == 0) break;
            assert_int_equal(lines, 1);
        }
        assert_true(number > 3);
        for (int beyond = number; beyond < number + 20; beyond++) {
            snprintf(rule, sizeof rule, "%c%d", *group, beyond);
            assert_int_equal(lines_of(rule), 0);
        }
    }
}

/* ---- stories ---- */

static struct {
    char rule[8];
    int stories;
} shown[400];
static size_t shown_count;
static int stories;

static void note_shown(const char *path, const char *rule) {
    if (lines_of(rule) != 1) fail_msg("%s shows rule %s, which docs/rules.md does not have", path, rule);
    for (size_t i = 0; i < shown_count; i++) {
        if (strcmp(shown[i].rule, rule) != 0) continue;
        shown[i].stories++;
        return;
    }
    assert_true(shown_count < sizeof shown / sizeof shown[0]);
    snprintf(shown[shown_count].rule, sizeof shown[0].rule, "%s", rule);
    shown[shown_count++].stories = 1;
}

/* SHOWS("L7 L8") */
static void read_shows(const char *path, const char *text) {
    static const char mark[] = "SHOWS(\"";
    for (const char *p = text; (p = strstr(p, mark)) != NULL;) {
        p += sizeof mark - 1;
        while (*p != '"' && *p != '\0') {
            char rule[8] = "";
            size_t len = strcspn(p, " \"");
            assert_true(len > 1 && len < sizeof rule);
            memcpy(rule, p, len);
            note_shown(path, rule);
            p += len;
            while (*p == ' ') p++;
        }
    }
}

/* "static void test_r11_all_conditions_hold": the name of a story may name its rule. */
static void read_names(const char *path, const char *text) {
    static const char mark[] = "\nstatic void test_";
    for (const char *p = text; (p = strstr(p, mark)) != NULL;) {
        p += sizeof mark - 1;
        stories++;
        if (strchr("wrlcdafn", *p) == NULL || p[1] < '1' || p[1] > '9') continue;
        size_t len = strcspn(p, "_");
        if (len > 3 || strspn(p + 1, "0123456789") != len - 1) continue;
        char rule[8] = {(char)(*p - 'a' + 'A'), p[1], len == 3 ? p[2] : '\0'};
        note_shown(path, rule);
    }
}

static void read_stories(void) {
    static char text[262144];
    DIR *folder = opendir("tests/unit");
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        size_t len = strlen(entry->d_name);
        if (strncmp(entry->d_name, "test_", 5) != 0 || strcmp(entry->d_name + len - 2, ".c") != 0) continue;
        if (strcmp(entry->d_name, "test_rules.c") == 0) continue;
        char path[300];
        snprintf(path, sizeof path, "tests/unit/%s", entry->d_name);
        read_whole(path, text, sizeof text);
        read_shows(path, text);
        if (strncmp(entry->d_name, "test_story_", 11) == 0) read_names(path, text);
    }
    closedir(folder);
}

/* "- **L7** " */
static void test_every_rule_has_its_story(void **state) {
    char missing[1024] = "";
    size_t used = 0;
    int count = 0;
    read_stories();
    for (const char *p = rules; (p = strstr(p, "\n- **")) != NULL; p++) {
        char rule[8] = "";
        size_t len = strcspn(p + 5, "*");
        if (len < 2 || len > 3) continue;
        memcpy(rule, p + 5, len);
        bool found = false;
        for (size_t i = 0; i < shown_count && !found; i++) found = strcmp(shown[i].rule, rule) == 0;
        count++;
        if (!found && used < sizeof missing - 8) used += (size_t)sprintf(missing + used, " %s", rule);
    }
    print_message("%d rules, %d stories\n", count, stories);
    if (missing[0] != '\0') fail_msg("no story shows%s", missing);
    assert_true(count > 90 && stories >= 60);
}

static int load(void **state) {
    read_whole("docs/rules.md", rules, sizeof rules);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_refusal_names_a_rule),
        cmocka_unit_test(test_every_quoted_rule_exists),
        cmocka_unit_test(test_numbers_run_without_gaps),
        cmocka_unit_test(test_every_rule_has_its_story),
    };
    return cmocka_run_group_tests(tests, load, NULL);
}
