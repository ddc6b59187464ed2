/* How many due times a core computes per second: random starts in 2024-2026 on a calendar with lunch, seasons and holidays,
 * limits up to 30 working days. Prints one JSON line. Not for correctness (tests/unit/test_calendar*.c). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/calendar.h"
#include "proto/must.h"

enum { QUESTIONS = 1 << 16, ROUNDS = 100 };

static struct question {
    time_ms start, due;
    struct limit limit;
} questions[QUESTIONS];

static void build(struct calendar *cal) {
    static const struct calendar_row rows[] = {
        {"published", "2024-01-01", "2026-12-31", "", "", "", ""},
        {"nominal", "", "", "", "07:30", "", ""},
        {"hours", "", "", "1-5", "08:30-12:00 13:00-17:00", "", ""},
        {"hours", "05-01", "09-30", "1-5", "08:30-12:00 13:30-17:30", "", ""},
        {"work", "2024-02-04", "", "", "", "春节", "Spring Festival"},
        {"off", "2024-02-10", "2024-02-17", "", "", "春节", "Spring Festival"},
        {"off", "2024-10-01", "2024-10-07", "", "", "国庆节", "National Day"},
        {"off", "2025-01-28", "2025-02-04", "", "", "春节", "Spring Festival"},
        {"off", "2025-10-01", "2025-10-08", "", "", "国庆节", "National Day"},
        {"off", "2026-02-15", "2026-02-23", "", "", "春节", "Spring Festival"},
        {"off", "2026-10-01", "2026-10-07", "", "", "国庆节", "National Day"},
    };
    calendar_init(cal, 480);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) must(calendar_row(cal, &rows[i]) == CALENDAR_OK);
    must(calendar_seal(cal) == CALENDAR_OK);
}

static void ask(void) {
    uint64_t random = 20261121;
    for (int i = 0; i < QUESTIONS; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        questions[i].start = 1704038400000 + (time_ms)((random >> 20) % (1000ull * 86400000));
        int kind = (int)(random >> 61);
        questions[i].limit = kind < 3   ? (struct limit){1 + (int32_t)(random >> 33) % 30, LIMIT_WORKING_DAYS}
                             : kind < 6 ? (struct limit){1 + (int32_t)(random >> 33) % 24, LIMIT_WORKING_HOURS}
                                        : (struct limit){1 + (int32_t)(random >> 33) % 600, LIMIT_WORKING_MINUTES};
    }
}

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(void) {
    static struct calendar cal;
    build(&cal);
    ask();
    double start = now_s();
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < QUESTIONS; i++)
            calendar_add(&cal, questions[i].start, questions[i].limit, &questions[i].due);
    }
    double added = now_s();
    int64_t sum = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < QUESTIONS; i++) sum += calendar_between(&cal, questions[i].start, questions[i].due);
    }
    double compared = now_s();
    double count = (double)QUESTIONS * ROUNDS;
    printf("{\"row\":\"calendar\",\"name\":\"add\",\"rate\":0,\"count\":%.0f,\"per_s\":%.0f,\"betweens_per_s\":%.0f,"
           "\"checksum\":\"%" PRId64 "\"}\n",
           count, count / (added - start), count / (compared - added), sum);
    return 0;
}
