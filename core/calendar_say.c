/* Lines of an explanation as sentences, local time, to the minute. Seconds are dropped from times and from the amounts alike
 * (from minute to minute), so that what a reader adds up by hand agrees with the times shown. See calendar.h. */
#include "core/calendar.h"

#include "core/say.h"
#include "proto/must.h"

enum { MINUTE_MS = 60000, DAY_MS = 86400000 };

struct moment {
    int32_t day, minute;
};

static struct moment moment_of(const struct calendar *cal, time_ms at) {
    int32_t day = calendar_local_day(cal, at);
    return (struct moment){day, (int32_t)((at - calendar_at(cal, day, 0)) / MINUTE_MS)};
}

/* The end of a piece at midnight is written 24:00 of the day before. */
static struct moment end_of(const struct calendar *cal, time_ms at) {
    struct moment moment = moment_of(cal, at);
    return moment.minute == 0 ? (struct moment){moment.day - 1, 1440} : moment;
}

static void say_day(struct say *say, int32_t day, enum lang lang, const char *remark) {
    static const char *const names[7][2] = {{"周一", "Mon"}, {"周二", "Tue"}, {"周三", "Wed"}, {"周四", "Thu"},
                                            {"周五", "Fri"}, {"周六", "Sat"}, {"周日", "Sun"}};
    int32_t year, month, date;
    calendar_date_of(day, &year, &month, &date);
    say_number(say, year, 4);
    say_text(say, "-");
    say_number(say, month, 2);
    say_text(say, "-");
    say_number(say, date, 2);
    say_text(say, lang == LANG_ZH ? "（" : " ");
    say_text(say, names[calendar_weekday_of(day) - 1][lang == LANG_ZH ? 0 : 1]);
    if (remark[0]) {
        say_text(say, lang == LANG_ZH ? "，" : ", ");
        say_text(say, remark);
    }
    say_text(say, lang == LANG_ZH ? "）" : " ");
}

static void say_minute(struct say *say, int32_t minute) {
    say_number(say, minute / 60, 2);
    say_text(say, ":");
    say_number(say, minute % 60, 2);
}

static void say_moment(struct say *say, struct moment moment, enum lang lang) {
    say_day(say, moment.day, lang, "");
    say_minute(say, moment.minute);
}

static void say_from_to(const struct calendar *cal, struct say *say, const struct calendar_line *line, enum lang lang,
                        const char *remark) {
    struct moment from = moment_of(cal, line->from), to = end_of(cal, line->to);
    say_day(say, from.day, lang, remark);
    say_minute(say, from.minute);
    say_text(say, to.day == from.day ? "-" : lang == LANG_ZH ? " 至 " : " to ");
    if (to.day == from.day) {
        say_minute(say, to.minute);
    } else {
        say_moment(say, to, lang);
    }
}

static void say_amount(struct say *say, int64_t minutes, enum lang lang) {
    if (minutes >= 60 || minutes == 0) {
        say_number(say, minutes / 60, 0);
        say_text(say, lang == LANG_ZH ? " 小时" : " h");
        if (minutes % 60) say_text(say, " ");
    }
    if (minutes % 60) {
        say_number(say, minutes % 60, 0);
        say_text(say, lang == LANG_ZH ? " 分" : " min");
    }
}

/* From minute to minute, see above. */
static int64_t shown_minutes(const struct calendar *cal, const struct calendar_line *line) {
    struct moment from = moment_of(cal, line->from), to = moment_of(cal, line->to);
    return (int64_t)(to.day - from.day) * 1440 + to.minute - from.minute;
}

static void say_limit(struct say *say, struct limit limit, enum lang lang) {
    char text[64];
    say_bytes(say, text, limit_say(limit, lang, text, sizeof text));
}

/* "swapped workday for Spring Festival", or nothing on an ordinary day */
static void remark_of(const struct calendar *cal, const struct calendar_line *line, enum lang lang,
                      struct say *remark) {
    if (!line->occasion) return;
    const struct calendar_occasion *occasion = calendar_occasion(cal, line->occasion);
    bool swapped = occasion->kind == CALENDAR_SWAPPED;
    if (lang == LANG_ZH) {
        say_text(remark, occasion->name_zh);
        say_text(remark, swapped ? "调休上班" : "特别时段");
    } else {
        say_text(remark, swapped ? "workday swapped for " : "special hours, ");
        say_text(remark, occasion->name_en);
    }
}

static void say_counted(const struct calendar *cal, struct say *say, const struct calendar_line *line, enum lang lang) {
    char text[CALENDAR_NAME_EN_SIZE + 64];
    struct say remark;
    say_init(&remark, text, sizeof text);
    remark_of(cal, line, lang, &remark);
    say_from_to(cal, say, line, lang, text);
    say_text(say, lang == LANG_ZH ? " 计入 " : ": counted ");
    say_amount(say, shown_minutes(cal, line), lang);
}

static bool is_lunch(const struct calendar *cal, const struct calendar_line *line) {
    int32_t minute = moment_of(cal, line->from).minute;
    return minute >= 11 * 60 && minute < 14 * 60;
}

static void say_skipped(const struct calendar *cal, struct say *say, const struct calendar_line *line, enum lang lang) {
    bool zh = lang == LANG_ZH;
    say_from_to(cal, say, line, lang, "");
    say_text(say, zh ? " " : ": ");
    if (line->kind == CALENDAR_LINE_BREAK)
        say_text(say, is_lunch(cal, line) ? (zh ? "午休" : "lunch break") : (zh ? "间歇" : "break"));
    if (line->kind == CALENDAR_LINE_NIGHT) say_text(say, zh ? "下班时间" : "outside hours");
    if (line->kind == CALENDAR_LINE_WEEKEND) say_text(say, zh ? "周末" : "weekend");
    if (line->kind == CALENDAR_LINE_CLOSED) say_text(say, zh ? "不上班" : "closed");
    if (line->kind == CALENDAR_LINE_PAUSE) say_text(say, zh ? "暂停计时" : "clock paused");
    if (line->kind == CALENDAR_LINE_HOLIDAY) {
        const struct calendar_occasion *occasion = calendar_occasion(cal, line->occasion);
        say_text(say, zh ? occasion->name_zh : occasion->name_en);
        say_text(say, zh ? "放假" : " holiday");
    }
    say_text(say, zh ? "，不计" : ", not counted");
}

static void say_start(const struct calendar *cal, struct say *say, const struct calendar_line *line, enum lang lang) {
    bool zh = lang == LANG_ZH;
    say_moment(say, moment_of(cal, line->from), lang);
    if (line->after != 0) {
        say_text(say, zh ? " 起算，到指定的时间 " : ": start, until the time that was named, ");
        say_moment(say, moment_of(cal, line->after), lang);
        return;
    }
    say_text(say, zh ? " 起算，时限 " : ": start, limit ");
    say_limit(say, line->limit, lang);
    if (line->limit.unit == LIMIT_WORKING_DAYS) {
        say_text(say, zh ? "（每个工作日按 " : " (a working day counts ");
        say_amount(say, cal->day_minutes, lang);
        say_text(say, zh ? "计）" : ")");
    }
    if (line->percent == 100) return;
    say_text(say, zh ? "，取其 " : ", of which ");
    say_number(say, line->percent, 0);
    say_text(say, "%");
}

static void say_due(const struct calendar *cal, struct say *say, const struct calendar_line *line, enum lang lang) {
    bool zh = lang == LANG_ZH;
    say_moment(say, moment_of(cal, line->to), lang);
    if (line->percent == 100) {
        say_text(say, zh ? " 到期" : ": due");
    } else {
        say_text(say, zh ? " 达到 " : ": ");
        say_number(say, line->percent, 0);
        say_text(say, zh ? "%" : "% reached");
    }
    say_text(say, zh ? "，共计 " : ", in all ");
    say_amount(say, line->counted_ms / MINUTE_MS, lang);
}

static void say_at(const struct calendar *cal, struct say *say, const struct calendar_line *line, enum lang lang) {
    bool zh = lang == LANG_ZH;
    say_moment(say, moment_of(cal, line->from), lang);
    if (line->kind == CALENDAR_LINE_EXTENSION) {
        say_text(say, zh ? " 批准延期 " : ": extension granted, ");
        say_limit(say, line->limit, lang);
    } else if (line->kind == CALENDAR_LINE_PAUSED) {
        say_text(say, zh ? " 起暂停计时，剩余 " : ": clock paused, left ");
        say_amount(say, line->counted_ms / MINUTE_MS, lang);
    } else {
        say_text(say, zh ? " 的放假安排尚未公布，到期时间可能调整"
                         : ": the holidays of that date are not published yet, the due time may still move");
    }
}

static void say_recomputed(const struct calendar *cal, struct say *say, const struct calendar_line *line,
                           enum lang lang) {
    bool zh = lang == LANG_ZH, changed = line->was.unit != line->limit.unit || line->was.amount != line->limit.amount;
    say_moment(say, moment_of(cal, line->from), lang);
    say_text(say, zh ? " 重新计算" : ": computed anew");
    if (changed) {
        say_text(say, zh ? "，时限由 " : ", the limit from ");
        say_limit(say, line->was, lang);
        say_text(say, zh ? " 改为 " : " to ");
        say_limit(say, line->limit, lang);
    }
    if (line->after == 0 || line->before == line->after) return;
    if (line->before != 0) {
        say_text(say, zh ? "，到期由 " : ", due from ");
        say_moment(say, moment_of(cal, line->before), lang);
    }
    say_text(say, line->before == 0 ? (zh ? "，到期 " : ", due ") : zh ? " 改为 " : " to ");
    say_moment(say, moment_of(cal, line->after), lang);
}

static void say_carried(const struct calendar *cal, struct say *say, const struct calendar_line *line, enum lang lang) {
    bool zh = lang == LANG_ZH, more = line->counted_ms > 0;
    say_moment(say, moment_of(cal, line->from), lang);
    say_text(say, zh ? " 按当时的日历已计入，" : ": stays as it was counted by the calendar then, ");
    say_text(say, more ? (zh ? "多 " : "more by ") : zh ? "少 " : "less by ");
    say_amount(say, (more ? line->counted_ms : -line->counted_ms) / MINUTE_MS, lang);
}

size_t calendar_line_say(const struct calendar *cal, const struct calendar_line *line, enum lang lang, char *ret_text,
                         size_t size) {
    struct say say;
    say_init(&say, ret_text, size);
    switch (line->kind) {
    case CALENDAR_LINE_START:
        say_start(cal, &say, line, lang);
        break;
    case CALENDAR_LINE_WORKED:
    case CALENDAR_LINE_NATURAL:
        say_counted(cal, &say, line, lang);
        break;
    case CALENDAR_LINE_BREAK:
    case CALENDAR_LINE_NIGHT:
    case CALENDAR_LINE_WEEKEND:
    case CALENDAR_LINE_CLOSED:
    case CALENDAR_LINE_HOLIDAY:
    case CALENDAR_LINE_PAUSE:
        say_skipped(cal, &say, line, lang);
        break;
    case CALENDAR_LINE_FOLDED:
        say_from_to(cal, &say, line, lang, "");
        say_text(&say, lang == LANG_ZH ? " 逐日省略，其中计入 " : ": days left out, of which counted ");
        say_amount(&say, line->counted_ms / MINUTE_MS, lang);
        break;
    case CALENDAR_LINE_EXTENSION:
    case CALENDAR_LINE_PAUSED:
    case CALENDAR_LINE_UNPUBLISHED:
        say_at(cal, &say, line, lang);
        break;
    case CALENDAR_LINE_RECOMPUTED:
        say_recomputed(cal, &say, line, lang);
        break;
    case CALENDAR_LINE_CARRIED:
        say_carried(cal, &say, line, lang);
        break;
    case CALENDAR_LINE_DUE:
        say_due(cal, &say, line, lang);
        break;
    }
    return say.length;
}
