/* A small city for the tests of core: a dozen units, six matters, the demo policy and calendars; people who act in it; and a
 * diary that writes down what happens as a city clerk would. Time is moved by the test; deadlines fire at their own minute.
 * Not for services: no message, no database. */
#ifndef TESTS_UNIT_CITY_H
#define TESTS_UNIT_CITY_H

#include "core/lifecycle.h"
#include "core/routing.h"
#include "core/ticket.h"
#include "tests/unit/calendar_fixture.h"

#pragma GCC diagnostic ignored "-Wunused-function"

/* Which rules of docs/rules.md the story shows: SHOWS("L7 L8"). tests/unit/test_rules.c reads it: a rule that no story shows, and a
 * story that shows a rule that is not there, both fail. */
#define SHOWS(rules) (void)(rules)

/* ---- units ---- */

enum {
    CENTER = 1,
    DISTRICT,
    STREET_A,
    COMMUNITY_A,
    GRID_A,
    GRID_DEDICATED, /* 专属网格, lies in GRID_A's community */
    GRID_EMPTY,     /* nobody staffs it */
    STREET_B,
    COMMUNITY_B,
    GRID_B,
    WATER,
    MUNICIPAL,
    URBAN,
    HOUSING,
    WATERWORKS, /* an enterprise under WATER */
    GONE,       /* a closed department */
    UNIT_COUNT,
};

static struct unit city_units[UNIT_COUNT] = {
#define CITY_UNIT(number, kind_, parent_, calendar_, ...)                                                              \
    [number] = {.id = number, .kind = kind_, .parent = parent_, .calendar = calendar_, .staffed = true, __VA_ARGS__}
    CITY_UNIT(CENTER, UNIT_CENTER, 0, 1),
    CITY_UNIT(DISTRICT, UNIT_DISTRICT, CENTER, 1),
    CITY_UNIT(STREET_A, UNIT_STREET, DISTRICT, 0),
    CITY_UNIT(COMMUNITY_A, UNIT_COMMUNITY, STREET_A, 0),
    CITY_UNIT(GRID_A, UNIT_GRID, COMMUNITY_A, 0),
    CITY_UNIT(GRID_DEDICATED, UNIT_GRID, COMMUNITY_A, 0, .dedicated = true),
    [GRID_EMPTY] = {.id = GRID_EMPTY, .kind = UNIT_GRID, .parent = COMMUNITY_A},
    CITY_UNIT(STREET_B, UNIT_STREET, DISTRICT, 0),
    CITY_UNIT(COMMUNITY_B, UNIT_COMMUNITY, STREET_B, 0),
    CITY_UNIT(GRID_B, UNIT_GRID, COMMUNITY_B, 0),
    CITY_UNIT(WATER, UNIT_DEPARTMENT, DISTRICT, 0),
    CITY_UNIT(MUNICIPAL, UNIT_DEPARTMENT, DISTRICT, 0),
    CITY_UNIT(URBAN, UNIT_DEPARTMENT, DISTRICT, 0),
    CITY_UNIT(HOUSING, UNIT_DEPARTMENT, DISTRICT, 0, .reviews = true), /* 内部审核 */
    CITY_UNIT(WATERWORKS, UNIT_ENTERPRISE, WATER, 1),
    CITY_UNIT(GONE, UNIT_DEPARTMENT, DISTRICT, 0, .closed = true),
};

static const char *const city_names[UNIT_COUNT] = {
    "无人",     "指挥中心", "云汀区", "汀桥街道", "米市社区", "米市一网格", "商场专属网格", "米市二网格", "望槐街道",
    "槐南社区", "槐南网格", "水务局", "市政局",   "城管局",   "住建局",     "供水公司",     "撤并局",
};

/* ---- matters, policy, world ---- */

enum {
    MATTER_GARBAGE = 10101, /* starts at the grid */
    MATTER_SIGN = 10302,    /* starts at the street */
    MATTER_POTHOLE = 20101, /* straight to MUNICIPAL, WATER assists */
    MATTER_DRAIN = 20202,   /* starts at the community */
    MATTER_COLD = 30201,    /* urgent, straight to WATER */
    MATTER_ORPHAN = 90901,  /* its department is closed */
};

static const struct matter city_matters[] = {
    {.code = MATTER_GARBAGE, .department = URBAN, .start = UNIT_GRID, .urgency = URGENCY_NORMAL, .is_public = true},
    {.code = MATTER_SIGN, .department = URBAN, .start = UNIT_STREET, .urgency = URGENCY_NORMAL, .is_public = true},
    {.code = MATTER_POTHOLE,
     .department = MUNICIPAL,
     .assists = {WATER},
     .assist_count = 1,
     .start = UNIT_DEPARTMENT,
     .urgency = URGENCY_NORMAL,
     .is_public = true},
    {.code = MATTER_DRAIN, .department = WATER, .start = UNIT_COMMUNITY, .urgency = URGENCY_NORMAL, .is_public = true},
    {.code = MATTER_COLD, .department = WATER, .start = UNIT_DEPARTMENT, .urgency = URGENCY_URGENT, .is_public = true},
    {.code = MATTER_ORPHAN, .department = GONE, .start = UNIT_DEPARTMENT, .urgency = URGENCY_NORMAL, .is_public = true},
};

static const char *city_matter_name(uint32_t code) {
    switch (code) {
    case MATTER_GARBAGE:
        return "生活垃圾未清运";
    case MATTER_SIGN:
        return "违规广告牌";
    case MATTER_POTHOLE:
        return "路面坑洼";
    case MATTER_DRAIN:
        return "雨水口堵塞";
    case MATTER_COLD:
        return "停水";
    case MATTER_ORPHAN:
        return "旧事项";
    default:
        return "未知事项";
    }
}

/* Communities may be given garbage and drains, not signs. */
static const struct admission city_admissions[] = {{0, 10101, 10199}, {0, 20200, 20299}};

/* The demo policy's rows. */
static const struct policy *city_policy(void) {
    static struct policy policy;
    if (policy.returns_before_dispute != 0) return &policy;
    static const struct {
        enum stage stage;
        const char *danger, *urgent, *normal, *complex;
    } rows[] = {
        {STAGE_TRIAGE, "10nm", "30nm", "2wh", "4wh"}, {STAGE_SUPPLEMENT, "1nh", "24nh", "7nd", "7nd"},
        {STAGE_SIGN, "30nm", "2nh", "2wh", "2wh"},    {STAGE_CONTACT, "1nh", "4nh", "1wd", "1wd"},
        {STAGE_HANDLE, "2nh", "24nh", "7wd", "15wd"}, {STAGE_ADJUDICATE, "15nm", "1nh", "4wh", "1wd"},
        {STAGE_CHECK, "4nh", "24nh", "2wd", "3wd"},   {STAGE_CALLBACK, "24nh", "24nh", "2wd", "3wd"},
        {STAGE_REVIEW, "1nd", "7nd", "30nd", "90nd"}, {STAGE_SUPERVISE, "2nh", "24nh", "3wd", "3wd"},
        {STAGE_ARRIVE, "30nm", "1nh", "1wd", "1wd"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct limit *limits = policy.limits[rows[i].stage];
        limits[URGENCY_DANGER] = limit_of(rows[i].danger);
        limits[URGENCY_URGENT] = limit_of(rows[i].urgent);
        limits[URGENCY_NORMAL] = limit_of(rows[i].normal);
        limits[URGENCY_COMPLEX] = limit_of(rows[i].complex);
    }
    policy.rung_percent[RUNG_URGE] = 80;
    policy.rung_percent[RUNG_WARNING] = 100;
    policy.rung_percent[RUNG_YELLOW_CARD] = 120;
    policy.rung_percent[RUNG_RED_CARD] = 150;
    policy.extensions_max = 2;
    policy.callback_tries_max = 3;
    policy.reopen = limit_of("30nd");
    policy.returns_before_dispute = 2;
    return &policy;
}

/* Stories may put people, rosters and closed units into it; city_open clears them away. */
static struct world city_the_world;

static const struct world *city_world(void) {
    static const struct calendar *calendars[2];
    if (city_the_world.units != NULL) return &city_the_world;
    calendars[0] = demo_calendar("standard");
    calendars[1] = demo_calendar("always");
    uint32_t wrong;
    assert_true(world_seal(city_units, UNIT_COUNT, &wrong));
    city_the_world = (struct world){.version = 1,
                                    .center = CENTER,
                                    .district = DISTRICT,
                                    .units = city_units,
                                    .unit_count = UNIT_COUNT,
                                    .matters = city_matters,
                                    .matter_count = sizeof city_matters / sizeof city_matters[0],
                                    .policies = city_policy(),
                                    .policy_count = 1,
                                    .calendars = calendars,
                                    .calendar_count = 2,
                                    .admissions = city_admissions,
                                    .admission_count = sizeof city_admissions / sizeof city_admissions[0]};
    return &city_the_world;
}

/* A unit is closed; merged into another one when `into` is not 0 (W5). */
static void city_close(uint32_t unit, uint32_t into) {
    uint32_t wrong;
    city_units[unit].closed = true;
    for (uint32_t id = 1; into != 0 && id < UNIT_COUNT; id++) {
        if (city_units[id].parent == unit) city_units[id].parent = into;
    }
    if (into != 0) city_units[unit].parent = into;
    assert_true(world_seal(city_units, UNIT_COUNT, &wrong));
}

/* The organisation as it was in the beginning. */
static void city_restore(void) {
    static struct unit first[UNIT_COUNT];
    uint32_t wrong;
    if (first[CENTER].kind == 0) memcpy(first, city_units, sizeof first);
    memcpy(city_units, first, sizeof first);
    assert_true(world_seal(city_units, UNIT_COUNT, &wrong));
    city_world();
    city_the_world.post_count = city_the_world.absence_count = city_the_world.shift_count = 0;
    city_the_world.quiet_count = 0;
}

static const char *city_unit_name(void *context, uint32_t id, enum lang lang) {
    return id < UNIT_COUNT ? city_names[id] : "?";
}
static const char *city_matter(void *context, uint32_t code, enum lang lang) {
    return city_matter_name(code);
}
static const struct routing_names city_routing_names = {.unit = city_unit_name, .matter = city_matter};

/* ---- people ---- */

enum { HOTLINE_SOURCE = 7 };
#define PERSON(name, user_, role_, unit_)                                                                              \
    static const struct principal name = {.user = user_, .role = role_, .unit = unit_}
PERSON(SYSTEM, 0, ROLE_SYSTEM, 0);
PERSON(OPERATOR, 11, ROLE_OPERATOR, CENTER);
PERSON(OPERATOR_2, 12, ROLE_OPERATOR, CENTER);
PERSON(SUPERVISOR, 13, ROLE_SUPERVISOR, DISTRICT);
PERSON(STREET_CLERK, 21, ROLE_STREET, STREET_A);
PERSON(STREET_CLERK_B, 22, ROLE_STREET, STREET_B);
PERSON(COMMUNITY_CLERK, 31, ROLE_COMMUNITY, COMMUNITY_A);
PERSON(GRID_WORKER, 41, ROLE_GRID_WORKER, GRID_A);
PERSON(GRID_WORKER_B, 42, ROLE_GRID_WORKER, GRID_B);
PERSON(WATER_CLERK, 51, ROLE_DEPARTMENT, WATER);
PERSON(MUNICIPAL_CLERK, 52, ROLE_DEPARTMENT, MUNICIPAL);
PERSON(URBAN_CLERK, 53, ROLE_DEPARTMENT, URBAN);
PERSON(HOUSING_CLERK, 54, ROLE_DEPARTMENT, HOUSING);
PERSON(HOUSING_LEADER, 56, ROLE_DEPARTMENT, HOUSING);
PERSON(WATERWORKS_CLERK, 55, ROLE_DEPARTMENT, WATERWORKS);
/* an outside system that tickets are given to */
enum { PROVINCE_SOURCE = 8 };
static const struct principal PROVINCE = {.user = 73, .role = ROLE_INTEGRATION, .source = PROVINCE_SOURCE};
static const struct principal HOTLINE = {.user = 71, .role = ROLE_INTEGRATION, .source = HOTLINE_SOURCE};

/* ---- the city while a story is told ---- */

enum { CITY_TICKETS = 4, DIARY_SIZE = 32768 };

struct city {
    time_ms now;
    struct ticket tickets[CITY_TICKETS]; /* ids 1, 2, 3, ... */
    size_t ticket_count;
    char diary[DIARY_SIZE];
    size_t length;
    char turn[256]; /* what was last said about whose turn it is */
    bool quiet;
};

__attribute__((format(printf, 2, 3))) static void write_down(struct city *city, const char *format, ...) {
    if (city->quiet) return;
    va_list args;
    va_start(args, format);
    int written = vsnprintf(city->diary + city->length, DIARY_SIZE - city->length, format, args);
    va_end(args);
    assert_true(written >= 0 && (size_t)written < DIARY_SIZE - city->length);
    city->length += (size_t)written;
}

static const char *when(time_ms time) {
    static const char *const weekdays[] = {"周一", "周二", "周三", "周四", "周五", "周六", "周日"};
    static char texts[8][48];
    static unsigned next;
    char *text = texts[next++ % 8];
    int64_t local = time / 1000 + 8 * 3600;
    int year, month, day;
    calendar_date_of((int32_t)(local / 86400), &year, &month, &day);
    snprintf(text, 48, "%04d-%02d-%02d %s %02d:%02d", year, month, day,
             weekdays[calendar_weekday_of((int32_t)(local / 86400)) - 1], (int)(local / 3600 % 24),
             (int)(local / 60 % 60));
    if (local % 60 != 0) snprintf(text + strlen(text), 8, ":%02d", (int)(local % 60));
    return text;
}

static const char *zh(enum word_set set, int value) {
    const struct word *word = word_by_value(set, value);
    return word != NULL ? word->zh : "";
}

static const char *actor(const struct event *e) {
    if (e->role == ROLE_SYSTEM) return "系统";
    if (e->role == ROLE_INTEGRATION) return e->user == PROVINCE.user ? "省平台" : "热线";
    if (e->role == ROLE_SUPERVISOR) return "督导";
    return city_names[e->actor_unit];
}

static void write_units(struct city *city, const char *before, const struct effect *f) {
    for (uint16_t i = 0; i < f->units_count; i++)
        write_down(city, "%s%s", i == 0 ? before : "、", city_names[f->units[i]]);
}

static const char *city_person(int64_t person);

/* Whom a rung tells: desks by the unit's name, people by theirs and as what; until when quiet hours let it wait. */
static void write_told(struct city *city, const struct effect *f) {
    for (uint16_t i = 0; i < f->told_count; i++) {
        const struct recipient *told = &f->told[i];
        write_down(city, "%s%s", i == 0 ? "，告知 " : "、", city_names[told->unit]);
        if (told->person != 0) write_down(city, "%s%s", zh(WORDS_told_as, told->as), city_person(told->person));
        if (told->not_before != 0) write_down(city, "（免打扰，%s 起）", when(told->not_before));
    }
}

static void write_event(struct city *city, const struct event *e) {
    const struct effect *f = &e->effect;
    write_down(city, "%s  %s  ", when(e->at), actor(e));
    if (e->type == EVENT_RUNG) {
        write_down(city, "%s（%s）→ %s", f->reminder ? "仍未办，每日提醒" : zh(WORDS_rung, f->rung),
                   zh(WORDS_stage, f->stage), city_names[f->unit]);
        write_told(city, f);
        write_down(city, "%s", f->fallback ? "（无人在岗，转值班席）" : "");
        if (f->until != e->at) write_down(city, "（本应在 %s）", when(f->until));
    } else {
        write_down(city, "%s", zh(WORDS_event_type, e->type));
        bool by_time = e->type == EVENT_GIVEN_UP || e->type == EVENT_RESUME_DUE;
        bool to_unit = f->unit != 0 && f->unit != e->actor_unit && !by_time;
        if (f->from_unit != 0) write_down(city, "，自 %s", city_names[f->from_unit]);
        if (to_unit) write_down(city, e->type == EVENT_TRIAGED ? "，自 %s" : " → %s", city_names[f->unit]);
        write_units(city, to_unit ? "，协办 " : " → ", f);
        if (f->rung != 0) write_down(city, "（%s）", zh(WORDS_rung, f->rung));
        if (f->other != 0) write_down(city, "（第 %d 号）", (int)f->other);
        if (f->until != 0 && !by_time) write_down(city, "，至 %s", when(f->until));
        if (f->score != 0) write_down(city, " %d 分", f->score);
        if (f->result > RESULT_SOLVED) write_down(city, "（%s）", zh(WORDS_result, f->result));
        if (f->late) write_down(city, "（逾期）");
    }
    int code = f->reason.len > 0 ? word_value(WORDS_return_reason, f->reason.at, f->reason.len) : 0;
    if (code != 0) write_down(city, "：%s", zh(WORDS_return_reason, code));
    if (code == 0 && f->reason.len > 0) write_down(city, "：%.*s", (int)f->reason.len, f->reason.at);
    if (f->basis.len > 0) write_down(city, "，依据%.*s", (int)f->basis.len, f->basis.at);
    write_down(city, "\n");
}

/* Whose turn it is, once after each change of it. */
static void write_turn(struct city *city, const struct ticket *ticket) {
    struct next next = ticket_next(ticket);
    char turn[256];
    if (ticket_is_open(ticket)) {
        snprintf(turn, sizeof turn, "        【%s】%s：%s，%s 前\n", zh(WORDS_state, ticket->state),
                 city_names[next.owner], zh(WORDS_next_action, next.action), when(next.due));
    } else {
        snprintf(turn, sizeof turn, "        【%s】\n", zh(WORDS_state, ticket->state));
    }
    if (strcmp(turn, city->turn) == 0) return;
    write_down(city, "%s", turn);
    snprintf(city->turn, sizeof city->turn, "%s", turn);
}

static struct ticket *city_ticket(struct city *city, int64_t id) {
    return id >= 1 && id <= (int64_t)city->ticket_count ? &city->tickets[id - 1] : NULL;
}

/* A test that wants every event as it happens. */
static void (*city_hears)(const struct event *e);

/* Folds one event into its ticket, and demands all that must hold of any event and any ticket. */
static void city_fold(struct city *city, const struct event *e) {
    if (e->type == EVENT_RECEIVED) {
        assert_int_equal(e->ticket, city->ticket_count + 1);
        assert_true(city->ticket_count < CITY_TICKETS);
        memset(&city->tickets[city->ticket_count++], 0, sizeof(struct ticket));
    }
    struct ticket *ticket = city_ticket(city, e->ticket);
    assert_non_null(ticket);
    int from = ticket->state;
    ticket_apply(ticket, e);
    if (!lifecycle_legal(from, e->cause, e->type, ticket->state)) {
        fail_msg("no row: %s --%s/%s--> %s", word_text(WORDS_state, from), word_text(WORDS_command_name, e->cause),
                 word_text(WORDS_event_type, e->type), word_text(WORDS_state, ticket->state));
    }
    const char *broken = ticket_check(city_world(), ticket);
    if (broken != NULL) fail_msg("after %s: %s", word_text(WORDS_event_type, e->type), broken);
    if (city_hears != NULL) city_hears(e);
}

/* One command about ticket `id` (0: a new one). */
static enum verdict city_try(struct city *city, int64_t id, const struct principal *by, struct command command) {
    static struct step step, again;
    struct ticket *ticket = city_ticket(city, id);
    command.by = *by;
    command.ticket = id;
    int64_t other_id = command.other != 0 ? command.other : ticket != NULL ? ticket->merged_into : 0;
    const struct ticket *other = city_ticket(city, other_id);
    int64_t new_id = (int64_t)city->ticket_count + 1;
    enum verdict verdict = ticket_decide(city_world(), ticket, other, &command, new_id, city->now, &step);
    assert_int_equal(ticket_decide(city_world(), ticket, other, &command, new_id, city->now, &again), verdict);
    if (verdict != VERDICT_OK) return verdict;
    assert_int_equal(step.count, again.count);
    assert_memory_equal(step.events, again.events, step.count * sizeof step.events[0]);
    for (uint16_t i = 0; i < step.count; i++) {
        write_event(city, &step.events[i]);
        city_fold(city, &step.events[i]);
    }
    write_turn(city, city_ticket(city, step.events[step.count - 1].ticket));
    return VERDICT_OK;
}

#define TEXT(string)                 ((struct text){string, sizeof(string) - 1})
#define DO(city, id, who, verb, ...) city_do(city, id, &(who), (struct command){.name = COMMAND_##verb, __VA_ARGS__})
/* People of the stories by number: 甲 乙 丙 ... are 101, 102, 103 ... */
static const char *city_person(int64_t person) {
    static const char *const names[] = {"甲", "乙", "丙", "丁", "戊", "己"};
    return person >= 101 && person <= 106 ? names[person - 101] : "某人";
}

/* The refusal belongs into the diary: it names its rule. */
static void city_do(struct city *city, int64_t id, const struct principal *by, struct command command) {
    enum verdict verdict = city_try(city, id, by, command);
    if (verdict == VERDICT_OK) return;
    struct event who = {.role = by->role, .actor_unit = by->unit, .user = by->user};
    write_down(city, "%s  %s  要%s，不行：%s（%s）", when(city->now), actor(&who), zh(WORDS_command_name, command.name),
               verdict_say(verdict, LANG_ZH), verdict_row(verdict)->rule);
    char standing[1024] = "";
    if (strcmp(verdict_row(verdict)->pointer, "/card") == 0) /* as the door says it: rule L44 */
        ticket_cards_say(city_ticket(city, id), &city_routing_names, LANG_ZH, standing, sizeof standing);
    write_down(city, "%s%s\n", standing[0] != '\0' ? "，仍有效：" : "", standing);
}

/* Lets time pass; each deadline on the way fires in its own minute. */
static void until(struct city *city, const char *text) {
    time_ms end = at(text);
    for (;;) {
        struct ticket *first = NULL;
        for (size_t i = 0; i < city->ticket_count; i++) {
            struct ticket *t = &city->tickets[i];
            if (t->next_at != 0 && t->next_at <= end && (first == NULL || t->next_at < first->next_at)) first = t;
        }
        if (first == NULL) break;
        if (first->next_at > city->now) city->now = first->next_at;
        struct command timer = {.name = COMMAND_TIMER, .generation = first->generation};
        assert_int_equal(city_try(city, first->id, &SYSTEM, timer), VERDICT_OK);
    }
    if (end > city->now) city->now = end;
}

static void city_open(struct city *city, const char *text) {
    city_restore();
    memset(city, 0, sizeof *city);
    city->now = at(text);
}

/* A request comes in and is routed; the diary has the routing's own sentence. */
static int64_t receive(struct city *city, struct request_new request) {
    if (request.received_at == 0) request.received_at = city->now;
    if (request.channel == 0) request.channel = CHANNEL_PHONE;
    struct command command = {.name = COMMAND_RECEIVE,
                              .request = 1000 + (int64_t)city->ticket_count,
                              .source = HOTLINE_SOURCE,
                              .channel = request.channel,
                              .matter = request.matter,
                              .urgency = request.urgency,
                              .place = request.place,
                              .place_by = request.place_by,
                              .received_at = city->now};
    struct route route;
    routing_decide(city_world(), &request, &route);
    routing_set(&route, &command);
    char sentence[1024];
    routing_say(&command.route, &city_routing_names, LANG_ZH, sentence, sizeof sentence);
    write_down(city, "%s  诉求进来。%s\n", when(city->now), sentence);
    assert_int_equal(city_try(city, 0, &SYSTEM, command), VERDICT_OK);
    return (int64_t)city->ticket_count;
}

/* The diary so far reads exactly so. What is expected is written below the actions; on a difference the whole diary is shown,
 * ready to be read by somebody who knows what ought to have happened. */
static void reads(struct city *city, const char *expected) {
    if (strcmp(city->diary, expected) == 0) return;
    size_t same = 0;
    while (city->diary[same] == expected[same]) same++;
    size_t line = 1;
    for (size_t i = 0; i < same; i++) line += expected[i] == '\n';
    fprintf(stderr, "---- the diary reads\n%s---- and not as expected from line %zu on\n", city->diary, line);
    fail_msg("the diary differs from line %zu on", line);
}

#endif
