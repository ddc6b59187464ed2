/* The table of core/lifecycle.def. See lifecycle.h. */
#include "core/lifecycle.h"

#define NOTHING     LIFECYCLE_NOTHING
#define IN(state)   LIFECYCLE_IN(state)
#define IN_OPEN     LIFECYCLE_IN_OPEN
#define IN_ASSISTED LIFECYCLE_IN_ASSISTED
#define IN_ANY      LIFECYCLE_IN_ANY

/* the short names of the table's columns */
enum {
    STATE_SAME = 0,
    ECHO = 0,
    SYSTEM = RELATION_SYSTEM,
    CENTRE = RELATION_CENTRE,
    LEAD = RELATION_LEAD,
    ASSIST = RELATION_ASSIST,
    CHECKER = RELATION_CHECKER,
    OWNER = RELATION_OWNER,
    SUPERVISED = RELATION_SUPERVISED,
    ABOVE = RELATION_ABOVE,
    PLACE = RELATION_PLACE,
    SOURCE = RELATION_SOURCE,
    CARDED = RELATION_CARDED,
    WHISTLER = RELATION_WHISTLER,
};

#define STEP_ROW(from, command, to, event, who, when, guard)                                                           \
    {from, COMMAND_##command, STATE_##to, EVENT_##event, WHEN_##when, GUARD_##guard, who},
static const struct lifecycle_row rows[] = {STEPS(STEP_ROW)};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

/* The commands apart, so that a search touches a hundred bytes. */
#define STEP_COMMAND(from, command, to, event, who, when, guard) COMMAND_##command,
static const uint8_t commands[] = {STEPS(STEP_COMMAND)};

const struct lifecycle_row *lifecycle_rows(size_t *ret_count) {
    *ret_count = ROW_COUNT;
    return rows;
}

const struct lifecycle_row *lifecycle_next(const struct lifecycle_row *after, int from, int command) {
    for (size_t i = after == NULL ? 0 : (size_t)(after - rows) + 1; i < ROW_COUNT; i++) {
        if (commands[i] == command && (rows[i].from >> from & 1) != 0) return &rows[i];
    }
    return NULL;
}

bool lifecycle_legal(int from, int command, int event, int to) {
    for (const struct lifecycle_row *row = NULL; (row = lifecycle_next(row, from, command)) != NULL;) {
        if (row->event == event && (row->to == 0 ? from : row->to) == to) return true;
    }
    return false;
}

bool lifecycle_is_open(int state) {
    return (LIFECYCLE_IN_OPEN >> state & 1) != 0;
}

uint64_t lifecycle_commands(int state) {
    uint64_t set = 0;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if ((rows[i].from >> state & 1) != 0 && rows[i].who != ECHO) set |= UINT64_C(1) << rows[i].command;
    }
    return set;
}

bool lifecycle_tells_answer(int event) {
    return event == EVENT_CHECK_PASSED || event == EVENT_DECLINED || event == EVENT_OUTSIDE_ANSWERED;
}

#define WHEN_TEXT(name, zh, en) {zh, en},
static const char *const when_texts[WHEN_COUNT][2] = {WHENS(WHEN_TEXT)};
#define GUARD_TEXT(name, zh, en) {zh, en},
static const char *const guard_texts[GUARD_COUNT][2] = {GUARDS(GUARD_TEXT)};

const char *lifecycle_when_say(enum when when, enum lang lang) {
    return when_texts[when][lang == LANG_EN];
}

const char *lifecycle_guard_say(enum guard guard, enum lang lang) {
    return guard_texts[guard][lang == LANG_EN];
}
