/* Between import_organisation.c, which reads and plays the changes of units of a file, and changes_ahead.c, which tells what would come
 * of them. Not for others. */
#ifndef CONSOLE_CHANGES_H
#define CONSOLE_CHANGES_H

#include "services/console/import.h"

enum { CHANGE_NAMED = 5 }; /* tickets and units named of each; the rest is counted */

struct change_row {
    size_t number; /* in the file */
    uint32_t unit, target;
    int change; /* enum unit_change */
    time_ms at;
    const char *reason;
    /* what lies below it when its date comes */
    uint32_t children, first_children[CHANGE_NAMED];
    /* what a dry run found */
    int64_t tickets, first_tickets[CHANGE_NAMED]; /* open ones that follow; of a move: that go along */
    int64_t people;                               /* who hold posts there */
    uint32_t matters;                             /* it is responsible for or assists */
};

struct changes_plan {
    struct change_row *rows;
    uint32_t count;
    struct unit *units; /* as they are once every change is in force */
    size_t *closed_by;  /* beside them: the row that closes it, 0: none */
    bool told;          /* changes_ahead has looked */
};

/* Of a dry run: looks at open tickets and posts, then ends with import_answer. */
void changes_ahead(struct import *import);
/* "consequences", one for each row. */
void changes_tell(struct import *import, struct json_writer *w);

#endif
