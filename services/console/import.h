/* Loading reference data from files (CSV, GeoJSON). A file is checked whole, off the loop, against one version of what is there;
 * every mistake is told with its row and column; then all of it is stored in one transaction that raises world.version, or
 * nothing. What a kind of file means is its own file: import_units.c and so on. */
#ifndef CONSOLE_IMPORT_H
#define CONSOLE_IMPORT_H

#include "common/arena.h"
#include "services/console/call.h"

enum { IMPORT_FAULTS_MAX = 100, IMPORT_WARNINGS_MAX = 100, IMPORT_BODY_MAX = 16 << 20, IMPORT_ROWS_MAX = 100000 };

struct import;

struct import_kind {
    const char *name;   /* "units": as in the path and the audit */
    bool geojson;       /* else CSV */
    const char *tables; /* what it stores into, as a PostgreSQL array: a dry run compares them; NULL: it does not */
    /* Reads and checks the file: fills plan, or notes faults. In a thread: touches only the import and its reference. */
    void (*check)(struct import *import);
    /* More work before it is stored, over several turns; ends with import_prepared. May be NULL. */
    void (*prepare)(struct import *import);
    /* Adds the statements that store the plan. Their results are not looked at. */
    void (*store)(struct import *import);
    /* Puts the plan into a copy of the world, for a preview (preview.h); NULL: there is none of this kind. */
    void (*imagine)(struct import *import, struct world *world);
    /* A preview of its own instead; answers the call. */
    void (*preview)(struct import *import);
    /* A dry run's look at what would come of it, over several turns; ends with import_answer or import_fail. May be NULL. */
    void (*ahead)(struct import *import);
    /* More members of the answer; may be NULL. */
    void (*tell)(struct import *import, struct json_writer *w);
};

struct import_fault {
    size_t row;         /* 1 is the first row of the file; 0: the whole file */
    const char *column; /* "" for the row */
    const char *zh, *en;
};

struct import {
    const struct import_kind *kind;
    struct call *call;
    const struct reference *reference; /* what it is checked against */
    const char *bytes;                 /* the file, borrowed */
    size_t len;
    bool dry_run, preview;
    bool compared, changed; /* dry run: whether the file would change anything */
    bool single;            /* one row, made of a JSON object: faults name its members */
    bool stale;             /* it names a version that is no longer the present one: 409 when single */
    struct arena arena;     /* the plan's */
    void *plan;
    const void *known; /* what the handler read before, in the call's arena */
    const char *names; /* which of the kind are in the file, codes with commas between; NULL: not told */
    int64_t rows, created, updated, removed;
    struct import_fault faults[IMPORT_FAULTS_MAX];
    int fault_count; /* all of them; only the first are kept */
    struct sentence warnings[IMPORT_WARNINGS_MAX];
    int warning_count;
    /* import.c's own */
    int tries;
    struct loop_timer *timer;
    int64_t began_at, wait_until;
    uint32_t version; /* after it was stored */
};

/* Handlers, one a kind. */
void import_units(struct call *call);
void import_areas(struct call *call);
void import_matters(struct call *call);
void import_policies(struct call *call);
void import_calendars(struct call *call);
void import_admission(struct call *call);
void import_places(struct call *call);
void import_sources(struct call *call);
void import_people(struct call *call);
void import_organisation(struct call *call);
void import_roster(struct call *call);

/* Whether a unit of one kind may have a parent of the other. */
bool unit_may_stand_below(int kind, int parent);

void import_start(struct call *call, const struct import_kind *kind, const void *known);
/* The same of one row of CSV with its title row, made of a JSON body; `bytes` must last as long as the call. */
void import_one(struct call *call, const struct import_kind *kind, const char *bytes, size_t len);
/* Lets go of it; for a preview that answers by itself. */
void import_end(struct import *import);
/* Checks the file and shows what it would move, instead of storing it. */
void import_preview(struct call *call, const struct import_kind *kind);
void import_prepared(struct import *import);
/* The ends of kind->ahead. */
void import_answer(struct import *import);
void import_fail(struct import *import, const struct db_reply *reply);

/* For checks. Memory of the plan; must: fits. */
void *import_take(struct import *import, size_t count, size_t size);
PRINTF(2, 3) char *import_printf(struct import *import, const char *format, ...);
void import_fault(struct import *import, size_t row, const char *column, const char *zh, const char *en);
void import_warn(struct import *import, const char *zh, const char *en);

#endif
