/* Limits as text and as milliseconds. See limit.h. */
#include "core/limit.h"

#include "core/say.h"
#include "proto/must.h"

enum { MINUTE_MS = 60000, DAY_MINUTES = 1440 };

static const struct unit_words {
    const char *text, *zh, *en_one, *en_many;
    int32_t minutes; /* at most, to bound the amount; a working day counts 24 h here */
    bool natural;
} units[] = {
    [LIMIT_NONE] = {"-", "无时限", "no limit", "no limit", 0, false},
    [LIMIT_WORKING_MINUTES] = {"wm", " 个工作分钟", " working minute", " working minutes", 1, false},
    [LIMIT_WORKING_HOURS] = {"wh", " 个工作小时", " working hour", " working hours", 60, false},
    [LIMIT_WORKING_DAYS] = {"wd", " 个工作日", " working day", " working days", DAY_MINUTES, false},
    [LIMIT_NATURAL_MINUTES] = {"nm", " 分钟（自然时间）", " minute (natural)", " minutes (natural)", 1, true},
    [LIMIT_NATURAL_HOURS] = {"nh", " 小时（自然时间）", " hour (natural)", " hours (natural)", 60, true},
    [LIMIT_NATURAL_DAYS] = {"nd", " 个自然日", " natural day", " natural days", DAY_MINUTES, true},
};

bool limit_valid(struct limit limit) {
    if ((int32_t)limit.unit < LIMIT_NONE || (int32_t)limit.unit > LIMIT_NATURAL_DAYS) return false;
    if (limit.unit == LIMIT_NONE) return limit.amount == 0;
    return limit.amount >= 0 && limit.amount <= LIMIT_AMOUNT_MAX &&
           (int64_t)limit.amount * units[limit.unit].minutes <= (int64_t)LIMIT_DAYS_MAX * DAY_MINUTES;
}

bool limit_is_natural(struct limit limit) {
    must(limit_valid(limit));
    return units[limit.unit].natural;
}

int64_t limit_ms(struct limit limit, int32_t day_minutes) {
    must(limit_valid(limit));
    int32_t minutes = limit.unit == LIMIT_WORKING_DAYS ? day_minutes : units[limit.unit].minutes;
    return (int64_t)limit.amount * minutes * MINUTE_MS;
}

bool limit_parse(const char *text, size_t length, struct limit *ret_limit) {
    if (length == 0 || (length == 1 && text[0] == '-')) {
        *ret_limit = (struct limit){0};
        return true;
    }
    if (length < 3 || length > 9 || (text[0] == '0' && length > 3)) return false;
    struct limit limit = {0};
    for (size_t i = 0; i < length - 2; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        limit.amount = limit.amount * 10 + (text[i] - '0');
    }
    const char *suffix = text + length - 2;
    for (int unit = LIMIT_WORKING_MINUTES; unit <= LIMIT_NATURAL_DAYS; unit++) {
        if (suffix[0] != units[unit].text[0] || suffix[1] != units[unit].text[1]) continue;
        limit.unit = (enum limit_unit)unit;
        if (!limit_valid(limit)) return false;
        *ret_limit = limit;
        return true;
    }
    return false;
}

size_t limit_format(struct limit limit, char *ret_text, size_t size) {
    must(limit_valid(limit) && size >= LIMIT_TEXT_SIZE);
    struct say say;
    say_init(&say, ret_text, size);
    if (limit.unit != LIMIT_NONE) say_number(&say, limit.amount, 0);
    say_text(&say, units[limit.unit].text);
    return say.length;
}

size_t limit_say(struct limit limit, enum lang lang, char *ret_text, size_t size) {
    must(limit_valid(limit));
    const struct unit_words *words = &units[limit.unit];
    struct say say;
    say_init(&say, ret_text, size);
    if (limit.unit != LIMIT_NONE) say_number(&say, limit.amount, 0);
    say_text(&say, lang == LANG_ZH ? words->zh : limit.amount == 1 ? words->en_one : words->en_many);
    return say.length;
}
