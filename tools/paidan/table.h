/* Tables and bars on a terminal, aligned by East Asian width: a Chinese character takes two columns. */
#ifndef PAIDAN_TABLE_H
#define PAIDAN_TABLE_H

#include <stddef.h>

#include "common/buffer.h"

enum { TABLE_COLUMNS_MAX = 16 };

/* Columns the text takes on a terminal; what is not valid UTF-8 counts one a byte. */
size_t table_width(const char *text);
/* Bytes of the text that fit into so many columns, never half a character. */
size_t table_cut(const char *text, size_t columns);

struct table {
    size_t columns, cell_count;
    struct buffer cells; /* NUL-ended texts, row by row */
    unsigned right;      /* bit n: column n is a number, aligned to the right */
    size_t width_max;    /* of a line; 0: no limit. The last column is cut to it */
};

/* titles: one a column, NULL-ended; one that begins with '>' is a number's. */
void table_begin(struct table *table, const char *const *titles);
void table_cell(struct table *table, const char *text); /* NULL: empty */
void table_int(struct table *table, long long number);
/* Appends the text of the table, two blanks between columns. */
void table_write(const struct table *table, struct buffer *to);
void table_print(struct table *table); /* to stdout, cut to the terminal's width, then done */
void table_done(struct table *table);

#endif
