/* What is asked of the figures. See figures.h. Periods are whole days of the city, +08:00 all year (rule C10). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/console/figures.h"

#define DAY_MS (24 * 3600 * 1000LL)

enum { POINTS_MAX = 1100, MATTER_MAX = 999999, OPEN_DAY = 99999999, OPEN_MONTH = 999999 };

/* ---- days --------------------------------------------------------------------------------------------------------------- */

int32_t figures_next_day(int32_t day, int days) {
    return clock_date(clock_date_start(day) + days * DAY_MS);
}

/* 0 Monday to 6 Sunday. */
static int weekday(int32_t day) {
    int64_t number = (clock_date_start(day) + CLOCK_LOCAL_OFFSET_MS) / DAY_MS;
    return (int)((number + 3) % 7); /* 1 January 1970 was a Thursday */
}

int32_t figures_first_day(int32_t day, enum figures_each each) {
    if (each == FIGURES_EACH_MONTH) return day / 100 * 100 + 1;
    return each == FIGURES_EACH_WEEK ? figures_next_day(day, -weekday(day)) : day;
}

static int32_t next_month(int32_t day) {
    int32_t month = day / 100;
    return (month % 100 == 12 ? month + 89 : month + 1) * 100 + 1;
}

/* ---- the period ------------------------------------------------------------------------------------------------------------ */

/* 2026, 2026-11, 2026-W47 or 2026-11-22. False: none of these. */
static bool read_period(const char *text, int32_t *ret_from, int32_t *ret_next) {
    int year, month, day, used = 0;
    size_t len = strlen(text);
    if (len == 4 && sscanf(text, "%4d%n", &year, &used) == 1 && used == 4) {
        *ret_from = year * 10000 + 101;
        *ret_next = *ret_from + 10000;
    } else if (len == 8 && sscanf(text, "%4d-W%2d%n", &year, &month, &used) == 2 && used == 8) {
        if (year < 1970 || month < 1 || month > 53) return false;
        *ret_from = figures_next_day(figures_first_day(year * 10000 + 104, FIGURES_EACH_WEEK), (month - 1) * 7);
        *ret_next = figures_next_day(*ret_from, 7);
    } else if (len == 7 && sscanf(text, "%4d-%2d%n", &year, &month, &used) == 2 && used == 7) {
        *ret_from = year * 10000 + month * 100 + 1;
        if (!clock_date_is_valid(*ret_from)) return false;
        *ret_next = next_month(*ret_from);
    } else if (len == 10 && sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) == 3 && used == 10) {
        *ret_from = year * 10000 + month * 100 + day;
        if (!clock_date_is_valid(*ret_from)) return false;
        *ret_next = figures_next_day(*ret_from, 1);
    } else {
        return false;
    }
    return clock_date_is_valid(*ret_from) && clock_date_is_valid(*ret_next);
}

static bool is_day_start(time_ms time) {
    return clock_date_start(clock_date(time)) == time;
}

static void ask_period(struct call *call, struct figures_question *q, time_ms now) {
    const char *period = http_query(call->request, "period");
    bool has_from = http_query(call->request, "from") != NULL;
    call_query_period(call, &q->from, &q->to);
    if (period) {
        int32_t from, next;
        if (has_from || q->to)
            call_wrong(call, "period", "不能与 from、to 同时给出", "cannot be given together with from and to");
        if (read_period(period, &from, &next)) {
            q->from = clock_date_start(from);
            q->to = clock_date_start(next);
            has_from = true;
        } else {
            call_wrong(call, "period", "须为年 (2026)、月 (2026-11)、周 (2026-W47) 或日 (2026-11-22)",
                       "must be a year (2026), month (2026-11), week (2026-W47) or day (2026-11-22)");
        }
    }
    if (call->wrong_count) return;
    if (!q->to || q->to > now) q->to = now;
    q->to_now = clock_date(q->to > 0 ? q->to - 1 : 0) == clock_date(now);
    if (!has_from) q->from = clock_date_start(clock_date(q->to > 0 ? q->to - 1 : 0) / 100 * 100 + 1);
    if (q->from >= q->to)
        call_wrong(call, has_from ? "from" : "to", "期间的开始须早于结束, 也不能在将来",
                   "the period must begin before it ends, and not in the future");
    else if (!is_day_start(q->from))
        call_wrong(call, "from", "期间以整日计, 须为日期或当日零点",
                   "a period is of whole days: give a date or its midnight");
    else if (!q->to_now && !is_day_start(q->to))
        call_wrong(call, "to", "期间以整日计, 须为日期或当日零点",
                   "a period is of whole days: give a date or its midnight");
    if (call->wrong_count) return;
    q->from_day = clock_date(q->from);
    q->to_day = clock_date(q->to - 1);
}

/* ---- filter and grouping ------------------------------------------------------------------------------------------------------- */

static void ask_matter(struct call *call, struct figures_question *q) {
    const char *text = http_query(call->request, "matter");
    q->matter_to = MATTER_MAX;
    if (!text) return;
    size_t len = strlen(text);
    if ((len != 2 && len != 4 && len != 6) || strspn(text, "0123456789") != len) {
        call_wrong(call, "matter", "须为 2、4 或 6 位数字", "must have 2, 4 or 6 digits");
        return;
    }
    uint32_t step = len == 2 ? 10000 : len == 4 ? 100 : 1;
    q->matter_from = (uint32_t)strtoul(text, NULL, 10) * step;
    q->matter_to = q->matter_from + step - 1;
}

static void ask_grouping(struct call *call, struct figures_question *q) {
    const char *by = http_query(call->request, "by"), *each = http_query(call->request, "each");
    static const char *const bys[] = {"", "unit", "matter", "channel"}, *const eachs[] = {"", "day", "week", "month"};
    for (int i = 1; i < 4; i++) {
        if (by && !strcmp(by, bys[i])) q->by = (enum figures_key)i;
        if (each && !strcmp(each, eachs[i])) q->each = (enum figures_each)i;
    }
    if (by && !q->by) call_wrong(call, "by", "须为 unit、matter 或 channel", "must be unit, matter or channel");
    if (each && !q->each) call_wrong(call, "each", "须为 day、week 或 month", "must be day, week or month");
    if (by && each) call_wrong(call, "each", "不能与 by 同时给出", "cannot be given together with by");
    q->unit_kind = (uint8_t)call_query_word(call, "kind", WORDS_unit_kind);
    if (q->unit_kind && q->by != FIGURES_KEY_UNIT) call_wrong(call, "kind", "只用于 by=unit", "goes with by=unit only");
}

bool figures_ask(struct call *call, struct figures_question *q) {
    const struct world *world = call_world(call);
    *q = (struct figures_question){0};
    uint32_t unit = call_query_unit(call, "unit");
    ask_matter(call, q);
    q->channel = (uint8_t)call_query_word(call, "channel", WORDS_channel);
    ask_grouping(call, q);
    ask_period(call, q, clock_now());
    if (!call->wrong_count && q->each == FIGURES_EACH_DAY && (q->to - q->from) / DAY_MS > POINTS_MAX)
        call_wrong(call, "each", "期间过长, 请按周或按月", "too long a period: ask by week or month");
    if (call_is_wrong(call, 400)) return false;
    if (unit && !reach_has_unit(&call->reach, world, unit)) {
        call_not_found(call);
        return false;
    }
    const struct unit *asked = world_unit(world, unit ? unit : call->reach.root);
    if (asked && asked->kind != UNIT_CENTER && asked->kind != UNIT_DISTRICT) { /* those are the whole (rule A4) */
        q->unit = asked->id;
        call->reach = (struct reach){.root = asked->id}; /* nothing else is needed, so nothing else is read */
    }
    return true;
}

/* ---- as periods of the table ------------------------------------------------------------------------------------------------------- */

static void add(struct figures_ranges *ranges, int32_t low, int32_t high) {
    if (low > high) return;
    ranges->low[ranges->count] = low;
    ranges->high[ranges->count++] = high;
}

/* Of what is still going on, the month row holds what there is. */
struct figures_ranges figures_ranges(const struct figures_question *q, bool days_only) {
    struct figures_ranges ranges = {0};
    int32_t next = figures_next_day(q->to_day, 1);
    int32_t first_month = q->from_day % 100 == 1 ? q->from_day : next_month(q->from_day);
    int32_t past_months = q->to_now ? OPEN_DAY : next / 100 * 100 + 1; /* months before this day are whole */
    if (days_only || first_month >= past_months) {
        add(&ranges, q->from_day, q->to_now ? OPEN_DAY : q->to_day);
        return ranges;
    }
    if (first_month != q->from_day) add(&ranges, q->from_day, figures_next_day(first_month, -1));
    add(&ranges, first_month / 100, q->to_now ? OPEN_MONTH : figures_next_day(past_months, -1) / 100);
    if (!q->to_now) add(&ranges, past_months, q->to_day);
    return ranges;
}

struct figures_ranges figures_ranges_before(const struct figures_question *q) {
    struct figures_ranges ranges = {0};
    int32_t month_start = q->from_day / 100 * 100 + 1;
    add(&ranges, 0, month_start / 100 - 1); /* months before, as numbers */
    if (month_start < q->from_day) add(&ranges, month_start, figures_next_day(q->from_day, -1));
    return ranges;
}
