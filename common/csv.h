/* CSV by RFC 4180: reading with row and column numbers in every complaint, writing that no spreadsheet takes for a formula.
 * Reads from memory, bounded: CSV_FIELDS_MAX fields a row, CSV_FIELD_BYTES_MAX bytes a field. A UTF-8 byte order mark is skipped;
 * quoted fields may hold line ends; rows end with LF or CRLF; wholly empty lines are skipped. Text that is no UTF-8 is refused.
 *
 *     csv_init(&csv, bytes, len);
 *     while (!(err = csv_next(&csv, &row))) ... csv_column(&header, "name") ...
 *     if (err != ERR_CLOSED) complain(csv.message);       e.g. "row 7, column 3: a quote inside an unquoted field" */
#ifndef COMMON_CSV_H
#define COMMON_CSV_H

#include "common/buffer.h"
#include "common/err.h"
#include "common/text.h"

#include <stdbool.h>
#include <stddef.h>

#define CSV_FIELDS_MAX      64
#define CSV_FIELD_BYTES_MAX 65536

struct csv_row {
    struct span fields[CSV_FIELDS_MAX]; /* borrowed from the csv until the next csv_next */
    size_t count;
    size_t number; /* 1 is the first row, as a spreadsheet counts when no field holds a line end */
    size_t line;   /* line of the file where it starts */
};

struct csv {
    const char *bytes; /* borrowed */
    size_t len, at;
    size_t line, number;
    struct buffer unquoted;
    char message[200];
    size_t wrong_column;   /* 1 is the first */
    char zh[120], en[120]; /* what is wrong there, for people; message names row and column before the English */
};

void csv_init(struct csv *csv, const char *bytes, size_t len);
void csv_done(struct csv *csv);

/* ERR_NONE, ERR_CLOSED at the end, ERR_INVALID or ERR_TOO_LARGE with csv->message. After an error, no further rows. */
MUST_USE enum err csv_next(struct csv *csv, struct csv_row *ret_row);

/* Place of a column by its title in the header row (which the caller copied or still holds); CSV_FIELDS_MAX when absent. */
size_t csv_column(const struct csv_row *header, const char *title);

/* Writing: fields one by one, then the row's end (CRLF). A field that a spreadsheet would run (= + - @ tab, also in full
 * width) gets an apostrophe before it, unless it is a plain number. */
void csv_write_field(struct buffer *out, const char *bytes, size_t len, bool first);
void csv_write_end(struct buffer *out);

#endif
