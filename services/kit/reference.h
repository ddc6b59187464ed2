/* The reference data as every service uses it: one immutable snapshot read from PostgreSQL in one statement group, holding the
 * `struct world` core decides by, and the names, codes, sources, place names and areas people and doors need. Replaced as a
 * whole when world.version rises; whoever still uses the old one holds it. Not for writing it (console's imports). */
#ifndef KIT_REFERENCE_H
#define KIT_REFERENCE_H

#include "common/db.h"
#include "core/world.h"

struct reference_unit {
    char code[20];
    const char *name_zh, *name_en; /* never NULL */
    const char *closed_for;        /* closed: the reason of the change; never NULL */
    time_ms closed_at;             /* and its effective date; 0: not known */
    double lon, lat;
    const uint8_t *area; /* WKB, or NULL */
    size_t area_len;
};

struct reference_matter {
    const char *level1_zh, *level1_en, *level2_zh, *level2_en, *name_zh, *name_en;
};

struct mapping;

struct reference_source {
    uint32_t id;
    uint8_t channel;
    char code[44];
    const char *name_zh, *name_en;
    const struct mapping *mapping; /* kit/mapping.h; NULL: it speaks our words */
};

struct reference_place {
    const char *pattern; /* folded */
    size_t pattern_len;
    uint32_t unit;
};

/* A load of reference data: it made world version `version`. */
struct reference_load {
    uint32_t version;
    const char *kind, *names; /* "calendars", "standard, hall" (may be empty) */
};

struct reference_rule {
    uint32_t version;
    time_ms changed_at;
    const char *name, *words, *note, *author; /* words: as they were written; author: the login */
};

struct reference {
    struct world world;
    const char *const *logins; /* beside world.quiets: of people with posts of rank, shifts, absences or quiet hours */
    uint32_t recount; /* the version since which open tickets must be looked at anew: calendars, policies, units */
    const struct reference_unit *units;     /* beside world.units, same index */
    const struct reference_matter *matters; /* beside world.matters, same index */
    const struct reference_source *sources;
    uint32_t source_count;
    const struct reference_place *places; /* longest pattern first */
    uint32_t place_count;
    const struct reference_rule *rules;                      /* beside world.rules, same index */
    const char *const *calendar_codes, *const *policy_codes; /* by id; NULL: none */
    const struct reference_load *loads;                      /* the latest, newest first */
    uint32_t load_count;
};

/* Holding and letting go; the last one frees. *reference becomes NULL. */
struct reference *reference_hold(struct reference *reference);
void reference_release(struct reference **reference);

/* Reads everything. done gets a reference it now holds, or NULL with err and a sentence on what is wrong (a loop in the unit
 * tree, a calendar row that does not parse). One load at a time per loader. */
struct reference_loader;
typedef void reference_done(void *context, enum err err, struct reference *reference, const char *message);
struct reference_loader *reference_loader_new(struct db *db);
void reference_loader_free(struct reference_loader **loader);
void reference_load(struct reference_loader *loader, reference_done *done, void *context);

/* 0 (or NULL) when there is none. */
uint32_t reference_unit_by_code(const struct reference *reference, const char *code, size_t len);
const struct reference_source *reference_source_by_code(const struct reference *reference, const char *code,
                                                        size_t len);
const struct reference_source *reference_source(const struct reference *reference, uint32_t id);
/* Names beside a matter's code; NULL when it is not in the catalogue. */
const struct reference_matter *reference_matter(const struct reference *reference, uint32_t code);
/* Name of a routing rule; "" when there is none with this number. */
const char *reference_rule_name(const struct reference *reference, uint32_t no);
/* "" for a unit that does not exist. */
const char *reference_unit_code(const struct reference *reference, uint32_t unit);
/* "" for who has no rank, shift, absence or quiet hours, or does not exist. */
const char *reference_person_login(const struct reference *reference, int64_t person);
const char *reference_unit_name(const struct reference *reference, uint32_t unit, bool english);

#endif
