/* The calendar against a second implementation that shares nothing with it: every minute of some years is marked as worked or
 * not by reading the rows one by one, and every answer is found by walking those minutes. Random calendars, random questions,
 * one seed. CALENDAR_CASES and CALENDAR_SEED in the environment change the run. */
#include "tests/unit/calendar_fixture.h"

enum { MINUTE = 60000, DAYS = 900, MINUTES = DAYS * 1440, CASES_PER_CALENDAR = 1000, ROWS = 64 };

static uint64_t random_state;

static uint64_t random_next(void) { /* splitmix64 */
    uint64_t z = (random_state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static int below(int n) {
    return (int)(random_next() % (uint64_t)n);
}

/* ---- the second implementation ---- */

struct naive_row {
    int rank;     /* 4 exception, 3 season of one year, 2 yearly season, 1 week */
    int from, to; /* days since 1970, or month * 100 + day */
    unsigned weekdays;
    bool as_monday;
    struct calendar_spans spans;
};

static struct naive {
    struct naive_row rows[ROWS];
    int row_count, table_first, first_day, offset_minutes;
    bool worked[MINUTES];
    bool natural; /* the question is of natural time: every minute counts */
} naive;

static bool counts(int minute) {
    return naive.natural || naive.worked[minute];
}

/* The rows that speak of this day, the highest rank wins; at most one of a rank by construction. */
static const struct naive_row *row_of(int day, int weekday, int month_day) {
    const struct naive_row *best = NULL;
    bool in_table = day >= naive.table_first && day < naive.table_first + CALENDAR_DAYS_MAX;
    for (int i = 0; i < naive.row_count; i++) {
        const struct naive_row *row = &naive.rows[i];
        int value = row->rank == 2 ? month_day : day;
        bool inside =
            row->from <= row->to ? value >= row->from && value <= row->to : value >= row->from || value <= row->to;
        if (row->rank < 4 && !(row->weekdays & 1u << weekday)) continue;
        if (row->rank > 1 && (!inside || !in_table)) continue;
        if (!best || row->rank > best->rank) best = row;
    }
    if (best && best->rank == 4 && best->as_monday && best->spans.count == 0) {
        const struct naive_row *monday = NULL;
        for (int i = 0; i < naive.row_count; i++) {
            const struct naive_row *row = &naive.rows[i];
            int value = row->rank == 2 ? month_day : day;
            bool inside =
                row->from <= row->to ? value >= row->from && value <= row->to : value >= row->from || value <= row->to;
            if (row->rank == 4 || !(row->weekdays & 1u) || (row->rank > 1 && !inside)) continue;
            if (!monday || row->rank > monday->rank) monday = row;
        }
        return monday;
    }
    return best;
}

/* Counts the days one by one from Thursday 1970-01-01. */
static void mark_minutes(void) {
    static const int lengths[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    memset(naive.worked, 0, sizeof naive.worked);
    int year = 1970, month = 1, date = 1, weekday = 3;
    for (int day = 0; day < naive.first_day + DAYS; day++) {
        const struct naive_row *row = day < naive.first_day ? NULL : row_of(day, weekday, month * 100 + date);
        for (int i = 0; row && i < row->spans.count; i++) {
            for (int minute = row->spans.span[i].from; minute < row->spans.span[i].to; minute++) {
                naive.worked[(day - naive.first_day) * 1440 + minute] = true;
            }
        }
        weekday = (weekday + 1) % 7;
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        if (++date > lengths[month] + (month == 2 && leap)) {
            date = 1;
            if (++month > 12) {
                month = 1;
                year++;
            }
        }
    }
}

static time_ms minute_start(int minute) {
    return ((int64_t)naive.first_day * 1440 + minute - naive.offset_minutes) * MINUTE;
}

static int minute_of(time_ms at_ms) {
    return (int)((at_ms - minute_start(0)) / MINUTE);
}

/* -1: not within the marked minutes */
static time_ms naive_add(time_ms start, int64_t amount) {
    if (amount == 0) return start;
    for (int minute = minute_of(start); minute < MINUTES; minute++) {
        if (!counts(minute)) continue;
        time_ms from = minute_start(minute) > start ? minute_start(minute) : start;
        int64_t here = minute_start(minute + 1) - from;
        if (amount <= here) return from + amount;
        amount -= here;
    }
    return -1;
}

static time_ms naive_back(time_ms start, int64_t amount) {
    if (amount == 0) return start;
    for (int minute = minute_of(start); minute >= 0; minute--) {
        if (!counts(minute)) continue;
        time_ms to = minute_start(minute + 1) < start ? minute_start(minute + 1) : start;
        int64_t here = to - minute_start(minute);
        if (here > 0 && amount <= here) return to - amount;
        amount -= here;
    }
    return -1;
}

static int64_t naive_between(time_ms from, time_ms to) {
    int64_t sum = 0;
    for (int minute = minute_of(from); minute_start(minute) < to; minute++) {
        if (!counts(minute)) continue;
        time_ms a = minute_start(minute) > from ? minute_start(minute) : from;
        time_ms b = minute_start(minute + 1) < to ? minute_start(minute + 1) : to;
        sum += b - a;
    }
    return sum;
}

/* ---- a random calendar, told to both ---- */

static struct calendar_spans random_spans(int least) {
    static const int16_t usual[][5] = {{2, 510, 720, 780, 1020}, {1, 540, 1020}, {1, 0, 1440}, {2, 0, 360, 1320, 1440}};
    struct calendar_spans spans;
    memset(&spans, 0, sizeof spans);
    if (least == 0 && below(4) == 0) return spans;
    if (below(2) == 0) {
        const int16_t *row = usual[below(4)];
        spans.count = row[0];
        for (int i = 0; i < row[0]; i++) spans.span[i] = (struct calendar_span){row[1 + 2 * i], row[2 + 2 * i]};
        return spans;
    }
    int minute = below(600);
    for (int wanted = 1 + below(CALENDAR_SPANS_MAX); spans.count < wanted && minute < 1430;) {
        int to = minute + 1 + below(400);
        if (to > 1440) to = 1440;
        spans.span[spans.count++] = (struct calendar_span){(int16_t)minute, (int16_t)to};
        minute = to + below(120); /* may touch */
    }
    return spans;
}

static void keep(enum calendar_error error, struct naive_row row) {
    if (error == CALENDAR_OK && naive.row_count < ROWS) naive.rows[naive.row_count++] = row;
    if (error != CALENDAR_OK) assert_int_equal(error, CALENDAR_OVERLAP);
}

static void random_seasons(struct calendar *cal, int first) {
    for (int i = below(4); i > 0; i--) {
        struct naive_row row = {.rank = 2, .weekdays = (unsigned)(1 + below(127)), .spans = random_spans(0)};
        row.from = (1 + below(12)) * 100 + 1 + below(29);
        row.to = (1 + below(12)) * 100 + 1 + below(29);
        keep(calendar_season_yearly(cal, row.from, row.to, row.weekdays, &row.spans), row);
    }
    for (int i = below(4); i > 0; i--) {
        struct naive_row row = {.rank = 3, .weekdays = (unsigned)(1 + below(127)), .spans = random_spans(0)};
        row.from = first - 20 + below(800);
        row.to = row.from + below(60);
        keep(calendar_season(cal, row.from, row.to, row.weekdays, &row.spans), row);
    }
}

static void random_days(struct calendar *cal, int first, int last) {
    for (int i = below(30); i > 0; i--) {
        enum calendar_day_kind kind = (enum calendar_day_kind)(1 + below(3));
        struct naive_row row = {.rank = 4, .as_monday = kind == CALENDAR_SWAPPED};
        if (kind == CALENDAR_HALF) row.spans = random_spans(1);
        if (kind == CALENDAR_SWAPPED && below(3) == 0) row.spans = random_spans(1);
        row.from = first + below(last - first);
        row.to = row.from + below(9);
        if (row.to > last) row.to = last;
        keep(calendar_day(cal, kind, row.from, row.to, &row.spans, "某日", "some day"), row);
    }
}

static void random_calendar(struct calendar *cal) {
    naive.row_count = 0;
    naive.offset_minutes = below(4) ? 480 : below(1560) - 720;
    int first = 13000 + below(9000), last = first + 366 + below(366);
    naive.table_first = first;
    /* around the table's beginning; sometimes around its end */
    naive.first_day = first - 60 + (below(4) ? 0 : CALENDAR_DAYS_MAX - 400);
    calendar_init(cal, naive.offset_minutes);
    assert_int_equal(calendar_published_range(cal, first, last), CALENDAR_OK);
    assert_int_equal(calendar_nominal(cal, 1 + below(600)), CALENDAR_OK);
    for (int weekday = 0; weekday < 7; weekday++) {
        struct naive_row row = {.rank = 1, .weekdays = 1u << weekday, .spans = random_spans(weekday == 0)};
        keep(calendar_week(cal, row.weekdays, &row.spans), row);
    }
    random_seasons(cal, first);
    random_days(cal, first, last);
    assert_int_equal(calendar_seal(cal), CALENDAR_OK);
    mark_minutes();
}

/* ---- questions ---- */

static time_ms random_time(void) {
    int minute = below(MINUTES - 120 * 1440) + 40 * 1440;
    switch (below(3)) {
    case 0: /* on the minute, near a change from work to break */
        while (minute < MINUTES - 80 * 1440 && naive.worked[minute] == naive.worked[minute + 1]) minute++;
        return minute_start(minute + below(3));
    case 1:
        return minute_start(minute);
    default:
        return minute_start(minute) + below(MINUTE);
    }
}

static struct limit random_natural_limit(void) {
    switch (below(3)) {
    case 0:
        return (struct limit){below(31), LIMIT_NATURAL_DAYS};
    case 1:
        return (struct limit){below(72), LIMIT_NATURAL_HOURS};
    default:
        return (struct limit){below(5000), LIMIT_NATURAL_MINUTES};
    }
}

static struct limit random_limit(void) {
    switch (below(9)) {
    case 8:
        return random_natural_limit();
    case 0:
        return (struct limit){below(31), LIMIT_WORKING_DAYS};
    case 1:
    case 2:
        return (struct limit){below(4), LIMIT_WORKING_DAYS};
    case 3:
    case 4:
        return (struct limit){below(25), LIMIT_WORKING_HOURS};
    default:
        return (struct limit){below(600), LIMIT_WORKING_MINUTES};
    }
}

#define agree(what, ours, theirs)                                                                                      \
    do {                                                                                                               \
        int64_t a_ = (ours), b_ = (theirs);                                                                            \
        if (a_ != b_) {                                                                                                \
            fail_msg("case %d %s: calendar %lld, by the minute %lld, start %lld, limit %d unit %d", number, what,      \
                     (long long)a_, (long long)b_, (long long)start, (int)limit.amount, (int)limit.unit);              \
        }                                                                                                              \
    } while (0)

/* The pieces leave no gap, count what is worked, and only that. */
static void check_story(const struct calendar *cal, const struct calendar_question *question, time_ms due, int number) {
    static struct calendar_line lines[CALENDAR_LINES_MAX];
    time_ms start = question->start, end = start;
    struct limit limit = question->limit;
    int64_t counted = 0, whole = 0;
    int32_t count = calendar_explain(cal, question, lines, 8 + below(CALENDAR_LINES_MAX - 8)), i = 1;
    for (; i < count && lines[i].kind != CALENDAR_LINE_DUE; i++) {
        const struct calendar_line *line = &lines[i];
        char text[CALENDAR_LINE_TEXT_SIZE];
        assert_true(calendar_line_say(cal, line, (enum lang)below(2), text, sizeof text) < sizeof text - 1);
        if (line->kind == CALENDAR_LINE_EXTENSION) continue;
        agree("gap", line->from, end);
        if (line->kind == CALENDAR_LINE_WORKED) agree("worked piece", line->counted_ms, line->to - line->from);
        if (line->kind == CALENDAR_LINE_WORKED)
            agree("work in it", naive_between(line->from, line->to), line->counted_ms);
        if (line->kind >= CALENDAR_LINE_BREAK && line->kind <= CALENDAR_LINE_HOLIDAY) {
            agree("work in a skipped piece", naive_between(line->from, line->to), 0);
        }
        end = line->to;
        counted += line->counted_ms;
    }
    assert_true(i < count);
    whole = lines[i].counted_ms;
    agree("story's due", lines[i].to, due);
    agree("story's end", end, due);
    agree("story's sum", counted, whole);
}

static void check_pause(const struct calendar *cal, time_ms start, struct limit limit, int number) {
    struct limit_clock clock;
    struct calendar_pause pause = {start + below(3 * 86400000), 0};
    struct calendar_extension extension = {start, {below(3), LIMIT_WORKING_HOURS}};
    pause.to = pause.from + below(20 * 86400000);
    int64_t used = naive_between(start, pause.from), whole = calendar_limit_ms(cal, limit);
    calendar_clock_start(&clock, limit, start);
    calendar_clock_pause(cal, &clock, pause.from);
    agree("left at the pause", calendar_clock_remaining(cal, &clock, pause.to), whole - used);
    calendar_clock_extend(cal, &clock, extension.limit);
    calendar_clock_resume(&clock, pause.to);
    whole += (int64_t)extension.limit.amount * 3600000;
    time_ms due = 0;
    assert_true(calendar_clock_due(cal, &clock, 100, &due));
    if (whole <= used) {
        time_ms back = naive_back(pause.to, used - whole);
        if (back >= 0) agree("due before the pause", due, back);
        return;
    }
    time_ms expected = naive_add(pause.to, whole - used);
    if (expected < 0) return;
    agree("due after a pause", due, expected);
    struct calendar_question question = {.start = start,
                                         .limit = limit,
                                         .pauses = &pause,
                                         .pause_count = 1,
                                         .extensions = &extension,
                                         .extension_count = 1};
    check_story(cal, &question, due, number);
}

static int check_case(const struct calendar *cal, int number) {
    time_ms start = random_time(), due = 0, back;
    struct limit limit = random_limit();
    naive.natural = limit_is_natural(limit);
    int percent = below(4) ? 100 : below(201);
    int64_t amount = calendar_limit_ms(cal, limit) * percent / 100;
    time_ms expected = naive_add(start, amount);
    if (expected < 0) return 0; /* ends after the marked minutes: not a case */
    assert_true(calendar_add_percent(cal, start, limit, percent, &due));
    agree("add", due, expected);
    agree("elapsed", calendar_elapsed(cal, limit, start, due), amount);
    time_ms other = start + (time_ms)below(10 * 1440) * MINUTE + below(MINUTE);
    int64_t between = naive_between(start, other);
    agree("between two times", calendar_elapsed(cal, limit, start, other), between);
    agree("between, backwards", calendar_elapsed(cal, limit, other, start), -between);
    agree("is working", calendar_is_working(cal, start), naive.worked[minute_of(start)]);
    int minute = minute_of(start);
    while (minute < MINUTES && !naive.worked[minute]) minute++;
    if (minute < MINUTES) {
        agree("next working", calendar_next_working(cal, start),
              minute_start(minute) > start ? minute_start(minute) : start);
    }
    back = number % 4 == 0 ? naive_back(start, amount) : -1;
    if (back >= 0) agree("going back", calendar_add_ms(cal, start, limit, -amount), back);
    if (number % 10 == 0) {
        struct calendar_question question = {.start = start, .limit = limit, .percent = percent};
        if (percent > 0) check_story(cal, &question, due, number);
        check_pause(cal, start, limit, number);
    }
    return 1;
}

static void test_against_counting_minutes(void **state) {
    static struct calendar cal;
    const char *seed = getenv("CALENDAR_SEED"), *wanted = getenv("CALENDAR_CASES");
    int cases = wanted ? atoi(wanted) : 100000, done = 0;
    random_state = seed ? strtoull(seed, NULL, 10) : 20261121;
    while (done < cases) {
        random_calendar(&cal);
        for (int i = 0; i < CASES_PER_CALENDAR; i++) done += check_case(&cal, done);
    }
    print_message("%d cases agree\n", done);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_counting_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
