/* A CSV file of an import, row by row: columns found by their titles in any order, fields trimmed and checked, mistakes noted with
 * row and column. Values that are wrong come back as empty or 0 and are noted; the caller just goes on. */
#ifndef CONSOLE_SHEET_H
#define CONSOLE_SHEET_H

#include "common/csv.h"
#include "services/console/import.h"

enum { SHEET_COLUMNS_MAX = 24 };

struct sheet {
    struct import *in;
    struct csv csv;
    struct csv_row row;
    const char *const *columns;
    int column_count;
    size_t places[SHEET_COLUMNS_MAX]; /* in the file; CSV_FIELDS_MAX: not there */
    size_t number;                    /* of the present row */
};

/* Reads the title row. Columns are named in the order of their numbers, NULL at the end; the first `required` must be there, and
 * no others may be. False: noted. sheet_close in either case. */
bool sheet_open(struct sheet *sheet, struct import *in, const char *const *columns, int required);
/* False at the end, or after a fault of form. */
bool sheet_next(struct sheet *sheet);
void sheet_close(struct sheet *sheet);

/* Never NULL; in the import's arena. */
const char *sheet_text(struct sheet *sheet, int column);
/* Noted when empty, or longer than bytes_max. */
const char *sheet_needed(struct sheet *sheet, int column, size_t bytes_max);
/* A word of a set: its value; empty gives `fallback` (0: noted). */
int sheet_word(struct sheet *sheet, int column, enum word_set set, int fallback);
/* yes or no; empty gives `fallback`. */
bool sheet_yes(struct sheet *sheet, int column, bool fallback);
/* A whole number in min..max; empty gives `fallback`. */
int64_t sheet_int(struct sheet *sheet, int column, int64_t min, int64_t max, int64_t fallback);
/* The text form of a limit, checked; "" when empty. */
const char *sheet_limit(struct sheet *sheet, int column);
/* Quiet hours as text, checked; "" when empty. */
const char *sheet_quiet(struct sheet *sheet, int column);
/* A day, 2026-12-01, or a minute of it, 2026-12-01 08:30, local time; empty gives 0. A day as an end (`until`) is the whole
 * day: the moment after it. */
time_ms sheet_moment(struct sheet *sheet, int column, bool until);
/* A unit's code that is there already; 0 for an empty field. */
uint32_t sheet_unit(struct sheet *sheet, int column);
/* The same of one code of a list. */
uint32_t sheet_unit_of(struct sheet *sheet, int column, const char *code, size_t len);

/* zh and en may hold one %s for the field's text. */
void sheet_fault(struct sheet *sheet, int column, const char *zh, const char *en);

/* a-z, 0-9, -; 1 to 16 characters. */
bool sheet_is_code(const char *text, size_t len);

#endif
