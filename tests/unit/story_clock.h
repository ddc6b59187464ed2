/* What the stories of clocks share: the events are kept, so that a deadline can be explained line by line as the page does, and
 * another calendar or policy can be loaded in the middle of a story. */
#ifndef TESTS_UNIT_STORY_CLOCK_H
#define TESTS_UNIT_STORY_CLOCK_H

#include "core/clock_story.h"
#include "tests/unit/story.h"

enum { HEARD_MAX = 200 };

static struct event heard[HEARD_MAX];
static size_t heard_count;

static void hear(const struct event *e) {
    assert_true(heard_count < HEARD_MAX);
    heard[heard_count++] = *e;
}

static void open_story(const char *time) {
    begin(time);
    city_hears = hear;
    heard_count = 0;
}

/* "standard", "hall", "always", or one of the test's own. Number 0 is what most units have, 1 the centre's and WATERWORKS'. */
static void use_calendar(int number, const struct calendar *cal) {
    ((const struct calendar **)city_world()->calendars)[number] = cal;
}

static int use_the_usual(void **state) {
    use_calendar(0, demo_calendar("standard"));
    use_calendar(1, demo_calendar("always"));
    ((struct world *)city_world())->policies = city_policy();
    city_hears = NULL;
    return 0;
}

/* What `paidan explain` says of the clock of this stage (the whole limit: `total`), in both languages. */
static void explain(int64_t id, enum stage stage, bool total, enum lang lang, char *ret_text, size_t size) {
    static struct clock_story stories[CLOCK_STORIES_MAX];
    static struct calendar_line lines[CALENDAR_LINES_MAX];
    int count = clock_stories(city_ticket(&city, id), stories);
    size_t length = 0;
    ret_text[0] = '\0';
    for (int n = 0; n < count; n++) {
        struct clock_story *s = &stories[n];
        if (s->clock.stage != stage || (s->slot == CLOCK_SLOT_TOTAL) != total) continue;
        const struct calendar *cal = world_calendar(city_world(), s->clock.calendar);
        for (size_t i = 0; i < heard_count; i++) {
            if (heard[i].ticket == id) clock_story_hear(s, cal, &heard[i]);
        }
        struct calendar_question question = clock_story_question(s);
        int32_t line_count = calendar_explain(cal, &question, lines, CALENDAR_LINES_MAX);
        for (int32_t i = 0; i < line_count; i++) {
            length += calendar_line_say(cal, &lines[i], lang, ret_text + length, size - length - 2);
            ret_text[length++] = '\n';
            ret_text[length] = '\0';
            if (lines[i].kind == CALENDAR_LINE_DUE) assert_string_equal(show(lines[i].to), show(s->clock.due));
        }
    }
}

/* Line by line; "……" stands for any number of lines between. */
static bool reads_so(const char *text, const char *expected) {
    static const char any[] = "……\n";
    bool skipping = false;
    while (*expected != '\0') {
        if (strncmp(expected, any, strlen(any)) == 0) {
            skipping = true;
            expected += strlen(any);
            continue;
        }
        size_t length = strcspn(expected, "\n") + 1;
        while (skipping && *text != '\0' && strncmp(text, expected, length) != 0) text += strcspn(text, "\n") + 1;
        if (strncmp(text, expected, length) != 0) return false;
        text += length;
        expected += length;
        skipping = false;
    }
    return skipping || *text == '\0';
}

static void explained(int64_t id, enum stage stage, bool total, enum lang lang, const char *expected) {
    static char text[32768];
    explain(id, stage, total, lang, text, sizeof text);
    if (reads_so(text, expected)) return;
    fprintf(stderr, "---- the explanation reads\n%s---- and not as expected\n", text);
    fail_msg("the explanation differs");
}

#define IN_WORDS(id, stage, expected)   explained(id, stage, false, LANG_ZH, expected)
#define IN_ENGLISH(id, stage, expected) explained(id, stage, false, LANG_EN, expected)
#define WHOLE_LIMIT(id, expected)       explained(id, STAGE_HANDLE, true, LANG_ZH, expected)

#endif
