/* The table of core/verdict.def. See verdict.h. */
#include "core/verdict.h"

#define VERDICT_TABLE_ROW(value, name, rule, status, pointer, zh, en) {value, #name, rule, status, pointer, zh, en},
static const struct verdict_row rows[] = {VERDICTS(VERDICT_TABLE_ROW)};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

const struct verdict_row *verdict_rows(size_t *ret_count) {
    *ret_count = ROW_COUNT;
    return rows;
}

const struct verdict_row *verdict_row(int value) {
    const struct verdict_row *fallback = &rows[0];
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if ((int)rows[i].value == value) return &rows[i];
        if (rows[i].value == VERDICT_UNAVAILABLE) fallback = &rows[i];
    }
    return fallback;
}

const char *verdict_say(int value, enum lang lang) {
    const struct verdict_row *row = verdict_row(value);
    return lang == LANG_ZH ? row->zh : row->en;
}
