/* The reference data a decision needs: units, matters, policies, calendars, admission, people's posts, rosters. Plain arrays, borrowed and never
 * changed while a decision runs; loaded and owned by services/kit/world.c. Rule W1: ids are small numbers given by PostgreSQL,
 * never reused; a unit that is closed stays in the table, marked. */
#ifndef CORE_WORLD_H
#define CORE_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/calendar.h"
#include "core/limit.h"
#include "proto/limits.h"
#include "proto/words.h"

/* Hours in which ordinary notices wait (D10): minutes of the local day, from..to, over midnight when from > to. {0, 0}: not
 * given, what is wider decides; from < 0: never quiet. */
struct quiet {
    int16_t from, to;
};

struct unit {
    uint32_t id; /* its index in world.units */
    uint32_t parent;
    uint8_t kind; /* enum unit_kind; 0: no such unit */
    uint16_t calendar;
    bool dedicated; /* a dedicated grid 专属网格 */
    bool closed;    /* takes no new tickets; merged: it lies below the unit it went into (W5) */
    bool reviews;   /* what it finishes is looked at inside the unit first (L41) */
    bool staffed;   /* somebody who is not away holds a post in it, or stands in for one (W8) */
    struct quiet quiet;
    uint16_t depth;       /* 0 for the root; set by world_seal */
    uint32_t first, last; /* pre-order numbers of its subtree, set by world_seal: in_subtree is two comparisons */
};

struct matter {
    uint32_t code; /* six digits as a number */
    uint32_t department;
    uint32_t assists[4];
    uint8_t assist_count;
    uint8_t start;   /* enum unit_kind: UNIT_GRID, UNIT_COMMUNITY, UNIT_STREET or UNIT_DEPARTMENT */
    uint8_t urgency; /* used when the request gives none */
    uint16_t policy;
    bool is_public; /* residents may see it */
    bool sensitive;
    struct limit limits[STAGE_COUNT]; /* overrides by stage; unit LIMIT_NONE: the policy's */
};

struct policy {
    uint16_t id;
    struct limit limits[STAGE_COUNT][URGENCY_COUNT];
    uint16_t rung_percent[RUNG_COUNT]; /* share of the limit at which the rung is reached; 0: the rung is not used */
    uint8_t returns_before_dispute;    /* the return that goes to adjudication: 2 means the second one */
    uint8_t extensions_max;
    uint8_t callback_tries_max;
    struct limit reopen; /* how long after closing a ticket may be reopened */
    struct quiet quiet;
};

/* A community (0: every one) may be given matters from..to (codes; a prefix is a range). */
struct admission {
    uint32_t community;
    uint32_t from, to;
};

/* People, as the ladder needs them: accounts by number. Times: `to` is the first moment after it; 0: no end. */
struct post {
    uint32_t unit;
    uint8_t rank; /* enum rank */
    int64_t person;
    time_ms from, to;
};
struct absence { /* somebody is away; 0: nobody stands in */
    int64_t person, stand_in;
    time_ms from, to;
};
struct shift { /* one line of a unit's roster */
    uint32_t unit;
    int64_t person;
    time_ms from, to;
};
struct person_quiet {
    int64_t person;
    struct quiet quiet;
};

/* A routing rule: what must hold of a request, and where it then goes (rules R11 to R16, core/rule.h). What is 0 is not asked. */
struct rule {
    uint32_t no;
    int32_t priority;
    bool disabled;
    time_ms from, to; /* in force from, and until before */
    bool without_matter;
    uint32_t matter_from, matter_to; /* codes; a prefix is a range */
    uint32_t place;                  /* in the subtree of this unit */
    uint32_t source;
    uint16_t channels;                     /* a bit for each enum channel */
    uint8_t hours;                         /* enum rule_hours, by the default calendar */
    uint8_t weekdays;                      /* bits 1 (Monday) to 7 */
    uint16_t minute_from, minute_to;       /* of the local day; to before from: over midnight */
    uint16_t alternatives[RULE_WORDS_MAX]; /* sets of its keywords (bits); one of them must be there as a whole */
    uint8_t alternative_count;
    uint8_t target; /* enum rule_target */
    uint8_t urgency, assist_count;
    uint32_t unit, matter;
    uint32_t assists[RULE_ASSISTS_MAX];
};

enum { RULE_FILTER_BYTES = 512 };

/* A keyword of a rule, folded by common/text. */
struct rule_word {
    const char *at;
    uint16_t len, bit;
    uint32_t rule; /* its place in world.rules */
};

struct world {
    uint32_t version;
    uint32_t center; /* the command centre, which is also the duty desk of last resort */
    uint32_t district;
    const struct unit *units;     /* indexed by id; units[0] is unused */
    uint32_t unit_count;          /* highest id + 1 */
    const struct matter *matters; /* ascending by code */
    uint32_t matter_count;
    const struct policy *policies; /* indexed by id; [0] is the default policy "standard" */
    uint32_t policy_count;
    const struct calendar *const *calendars; /* indexed by id; [0] is the default calendar; sealed */
    uint32_t calendar_count;
    const struct admission *admissions; /* any order */
    uint32_t admission_count;
    const struct post *posts; /* leaders and deputies alone, ascending by unit, in order of their numbers */
    uint32_t post_count;
    const struct absence *absences; /* ascending by person */
    uint32_t absence_count;
    const struct shift *shifts; /* ascending by unit, then from */
    uint32_t shift_count;
    const struct person_quiet *quiets; /* ascending by person */
    uint32_t quiet_count;
    const struct rule *rules; /* by priority, the highest first; equal ones by number */
    uint32_t rule_count;
    const struct rule_word *rule_words; /* ascending by bytes */
    uint32_t rule_word_count;
    const uint8_t *rule_filter; /* RULE_FILTER_BYTES, by rule_filter(); NULL without keywords */
};

/* Computes depth, first and last of each unit. `units` is the caller's array, of `unit_count`. Returns false when a parent
 * is missing or the tree has a loop; *ret_unit is then the unit at fault. */
bool world_seal(struct unit *units, uint32_t unit_count, uint32_t *ret_unit);

/* The unit, or NULL when there is none with this id. */
const struct unit *world_unit(const struct world *world, uint32_t id);
const struct matter *world_matter(const struct world *world, uint32_t code);
/* The policy of a matter (NULL matter: the default). Never NULL. */
const struct policy *world_policy(const struct world *world, uint16_t id);
const struct calendar *world_calendar(const struct world *world, uint16_t id);
/* Whether `unit` is `root` or lies below it. False when either does not exist. */
bool world_in_subtree(const struct world *world, uint32_t root, uint32_t unit);
/* The nearest unit of this kind at or above `unit`; 0 when there is none. */
uint32_t world_above(const struct world *world, uint32_t unit, enum unit_kind kind);
/* The same, but units that are closed are passed over: so the place of a merged unit is the unit it went into (R18). */
uint32_t world_above_open(const struct world *world, uint32_t unit, enum unit_kind kind);
/* Whether units of this kind are given tickets (L33). */
bool world_kind_takes_tickets(int kind);
/* Whether the people of such a unit may work on tickets: it takes some, or it is the centre. A district only watches (L47). */
bool world_kind_works(int kind);
/* Who takes over from a closed unit (L43): the nearest unit above it that is not closed and takes tickets; 0: nobody. */
uint32_t world_heir(const struct world *world, uint32_t unit);
/* The limit of a stage: the matter's override, else the policy's for the urgency (0 counts as normal). When the ticket is more
 * urgent than the matter, the policy's (rule C22). */
struct limit world_limit(const struct world *world, const struct matter *matter, uint16_t policy, enum stage stage,
                         uint8_t urgency);
bool world_admitted(const struct world *world, uint32_t community, uint32_t matter);

#endif
