/* Figures as a file for spreadsheets. It begins with a byte order mark: without one, the spreadsheets that offices here use take UTF-8
 * for GBK and show names as rubbish; the imports and readers of CSV skip it. Texts that a spreadsheet would run as a
 * formula are made harmless by common/csv.h. Titles are in the language asked for; programs take the JSON. */
#include <stdio.h>
#include <string.h>

#include "common/csv.h"
#include "services/console/figures.h"

static void put(struct buffer *out, const char *text, bool first) {
    csv_write_field(out, text, strlen(text), first);
}

static void put_int(struct buffer *out, int64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    put(out, text, false);
}

/* Nothing where there is no value. */
static void put_tenths(struct buffer *out, int32_t value, int32_t factor, const char *format) {
    char text[24] = "";
    if (value >= 0) snprintf(text, sizeof text, format, (double)value / factor);
    put(out, text, false);
}

static void titles(struct buffer *out, bool english) {
    static const struct sentence fixed[] = {{"代码", "code"},
                                            {"名称", "name"},
                                            {"从", "from"},
                                            {"到", "to"},
                                            {"名次", "rank"},
                                            {"得分", "score"},
                                            {"期初在办", "carried over"},
                                            {"期末在办", "in progress"}};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) put(out, english ? fixed[i].en : fixed[i].zh, i == 0);
    for (int i = 1; i < FIGURE_COUNT; i++) put(out, english ? figures_counter(i)->en : figures_counter(i)->zh, false);
    for (int rate = 1; rate < RATE_COUNT; rate++) {
        char text[120];
        snprintf(text, sizeof text, "%s %%", english ? figures_rate_row(rate)->en : figures_rate_row(rate)->zh);
        put(out, text, false);
    }
    csv_write_end(out);
}

static void put_key(struct buffer *out, const struct figures_answer *a, const struct figures_line *line, bool english) {
    const struct reference *reference = a->call->reference;
    char code[24] = "";
    const char *name = "";
    if (a->question.by == FIGURES_KEY_MATTER) {
        const struct reference_matter *matter = reference_matter(reference, line->key);
        snprintf(code, sizeof code, "%06u", line->key);
        if (matter) name = english ? matter->name_en : matter->name_zh;
    } else if (a->question.by == FIGURES_KEY_CHANNEL) {
        const struct word *word = word_by_value(WORDS_channel, (int)line->key);
        if (word) {
            snprintf(code, sizeof code, "%s", word->text);
            name = english ? word->en : word->zh;
        }
    } else {
        uint32_t unit = a->question.by == FIGURES_KEY_UNIT ? line->key : a->question.unit;
        snprintf(code, sizeof code, "%s", reference_unit_code(reference, unit));
        name = reference_unit_name(reference, unit, english);
    }
    put(out, code, true);
    put(out, name, false);
}

static void put_day(struct buffer *out, int32_t day) {
    char text[24];
    snprintf(text, sizeof text, "%04d-%02d-%02d", day / 10000, day / 100 % 100, day % 100);
    put(out, text, false);
}

void figures_write_csv(struct buffer *out, const struct figures_answer *a, bool english) {
    buffer_append_text(out, "\xEF\xBB\xBF");
    titles(out, english);
    for (size_t i = 0; i < a->line_count; i++) {
        const struct figures_line *line = &a->lines[i];
        put_key(out, a, line, english);
        put_day(out, line->from_day);
        put_day(out, line->to_day); /* the last day, as people say it */
        if (line->rank)
            put_int(out, line->rank);
        else
            put(out, "", false);
        put_tenths(out, line->score.hundredths, 100, "%.2f");
        int64_t carried = figures_in_progress(&line->before);
        put_int(out, carried);
        put_int(out, carried + figures_in_progress(&line->within));
        for (int n = 1; n < FIGURE_COUNT; n++) put_int(out, line->within.n[n]);
        for (int rate = 1; rate < RATE_COUNT; rate++) put_tenths(out, figures_permille(line->rates[rate]), 10, "%.1f");
        csv_write_end(out);
    }
}
