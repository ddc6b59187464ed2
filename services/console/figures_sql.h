/* The statements over tables figure, figure_state and event that keeping, asking and explaining share. Those with a column a counter are
 * made from core/figures.def, once, at first use. */
#ifndef CONSOLE_FIGURES_SQL_H
#define CONSOLE_FIGURES_SQL_H

#include "common/db.h"
#include "core/figures.h"

/* The keeper's scope: it counts everything. First in each of its groups. */
extern const struct db_statement FIGURES_EVERYTHING;
extern const struct db_statement
    FIGURES_STATE; /* $1 shard: seq, at, formulas, tree, refused; no row: nothing counted yet */
extern const struct db_statement FIGURES_EVENTS;  /* $1 shard, $2 after seq, $3 so many */
extern const struct db_statement FIGURES_HISTORY; /* $1 tickets, $2 up to seq */
extern const struct db_statement FIGURES_ADVANCE, FIGURES_RESTART;
/* $1 shard: head of the log, counted to, at, refused */
extern const struct db_statement FIGURES_HEAD;

enum figures_statement {
    FIGURES_STORE, /* $1 cells as JSON, added to what is there */
    /* $1 shard, $2 units, $3 and $4 lowest and highest periods, $5 and $6 matters, $7 channel (0: all), $8 enum figures_key:
     * key, then from column 1 on every counter; ordered by key */
    FIGURES_SUMS,
    /* the same, then $9 to $11 matters from, to and channel of exclusions: key, matter, channel, number of the period, then
     * counters from column 4 on; days only */
    FIGURES_LEFT_OUT,
    FIGURES_STATEMENT_COUNT
};
enum figures_key { FIGURES_KEY_NONE, FIGURES_KEY_UNIT, FIGURES_KEY_MATTER, FIGURES_KEY_CHANNEL, FIGURES_KEY_PERIOD };

const struct db_statement *figures_statement(enum figures_statement statement);
/* Counters of a row, the first of them in column `first`. */
void figures_of_row(const struct db_result *rows, int row, int first, struct figures *ret_figures);

#endif
