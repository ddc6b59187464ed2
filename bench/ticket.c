/* What a decision costs: routing, receiving and dispatching a request; signing; a rung; the buttons of a screen. Decide and apply,
 * one core, no I/O. Prints one JSON line, nanoseconds each. Not for correctness (tests/unit/test_ticket.c). */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/routing.h"
#include "core/ticket.h"
#include "proto/must.h"

enum { ROUNDS = 300000, CENTER = 1, DISTRICT, STREET, COMMUNITY, GRID, WATER, UNITS, MATTER = 10101 };
static const time_ms START = 1770858000000; /* 2026-02-12 09:00 */

static struct calendar standard;
static struct policy policy;
static struct matter matter = {.code = MATTER, .department = WATER, .start = UNIT_GRID, .urgency = URGENCY_NORMAL};
static struct unit units[UNITS] = {
    [CENTER] = {.id = CENTER, .kind = UNIT_CENTER, .staffed = true},
    [DISTRICT] = {.id = DISTRICT, .kind = UNIT_DISTRICT, .parent = CENTER, .staffed = true},
    [STREET] = {.id = STREET, .kind = UNIT_STREET, .parent = DISTRICT, .staffed = true},
    [COMMUNITY] = {.id = COMMUNITY, .kind = UNIT_COMMUNITY, .parent = STREET, .staffed = true},
    [GRID] = {.id = GRID, .kind = UNIT_GRID, .parent = COMMUNITY, .staffed = true},
    [WATER] = {.id = WATER, .kind = UNIT_DEPARTMENT, .parent = DISTRICT, .staffed = true},
};
static const struct calendar *calendars[] = {&standard};
static struct world world = {.center = CENTER,
                             .district = DISTRICT,
                             .units = units,
                             .unit_count = UNITS,
                             .matters = &matter,
                             .matter_count = 1,
                             .policies = &policy,
                             .policy_count = 1,
                             .calendars = calendars,
                             .calendar_count = 1};

static void build(void) {
    static const struct calendar_row rows[] = {
        {"published", "2026-01-01", "2026-12-31", "", "", "", ""},
        {"nominal", "", "", "", "07:30", "", ""},
        {"hours", "", "", "1-5", "08:30-12:00 13:00-17:00", "", ""},
        {"off", "2026-02-15", "2026-02-23", "", "", "春节", "Spring Festival"},
    };
    calendar_init(&standard, 480);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) must(calendar_row(&standard, &rows[i]) == CALENDAR_OK);
    must(calendar_seal(&standard) == CALENDAR_OK);
    for (int stage = 1; stage < STAGE_COUNT; stage++) {
        for (int urgency = 1; urgency < URGENCY_COUNT; urgency++) {
            policy.limits[stage][urgency] =
                stage == STAGE_HANDLE ? (struct limit){7, LIMIT_WORKING_DAYS} : (struct limit){2, LIMIT_WORKING_HOURS};
        }
    }
    static const uint16_t percent[RUNG_COUNT] = {0, 80, 100, 120, 150};
    memcpy(policy.rung_percent, percent, sizeof percent);
    uint32_t wrong;
    must(world_seal(units, UNITS, &wrong));
}

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static struct step step;
static struct ticket ticket;
static const struct principal WORKER = {.user = 1, .role = ROLE_GRID_WORKER, .unit = GRID};
static const struct principal SYSTEM = {.role = ROLE_SYSTEM};

static void act(struct command command, time_ms now) {
    const struct ticket *before = ticket.state != 0 ? &ticket : NULL;
    must(ticket_decide(&world, before, NULL, &command, 1, now, &step) == VERDICT_OK);
    for (uint16_t i = 0; i < step.count; i++) ticket_apply(&ticket, &step.events[i]);
}

static void receive(time_ms now) {
    struct request_new request = {.request = 1, .matter = MATTER, .place = GRID, .place_by = PLACE_BY_POINT};
    struct command command = {.name = COMMAND_RECEIVE, .by = SYSTEM, .request = 1, .matter = MATTER, .place = GRID};
    memset(&ticket, 0, sizeof ticket);
    routing_decide(&world, &request, &command.route);
    act(command, now);
}

int main(void) {
    build();
    double receive_ns = now_ns();
    for (int i = 0; i < ROUNDS; i++) receive(START + (time_ms)i * 1000);
    receive_ns = (now_ns() - receive_ns) / ROUNDS;
    receive(START);
    struct ticket offered = ticket;
    double sign_ns = now_ns();
    for (int i = 0; i < ROUNDS; i++) {
        ticket = offered;
        act((struct command){.name = COMMAND_SIGN, .by = WORKER}, START + 60000);
    }
    sign_ns = (now_ns() - sign_ns) / ROUNDS;
    ticket = offered;
    double rung_ns = now_ns();
    for (int i = 0; i < ROUNDS; i++) {
        act((struct command){.name = COMMAND_TIMER, .by = SYSTEM, .generation = ticket.generation}, ticket.next_at);
    }
    rung_ns = (now_ns() - rung_ns) / ROUNDS;
    uint64_t buttons = 0;
    double possible_ns = now_ns();
    for (int i = 0; i < ROUNDS; i++) buttons += ticket_possible(&world, &offered, &WORKER, START + i) & 1;
    possible_ns = (now_ns() - possible_ns) / ROUNDS;
    printf("{\"bench\": \"ticket\", \"receive_and_dispatch_ns\": %.0f, \"sign_ns\": %.0f, \"rung_ns\": %.0f, "
           "\"possible_ns\": %.0f, \"rounds\": %d}\n",
           receive_ns, sign_ns, rung_ns, possible_ns, ROUNDS + (int)buttons);
    return 0;
}
