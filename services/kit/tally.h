/* Folds events of the log, in order of seq, into cells of figures: one a unit (with all below it), day or month, matter and channel.
 * The console keeps what it holds in table `figure`; `paidan figures --verify` and the tests count the same anew. Which event
 * counts what is core/figures.h alone.
 *
 * A ticket's state before an event is needed to count it. Tickets seen are remembered, encoded; of a ticket that is not, its earlier events
 * must be handed in first (tally_knows, tally_learn). An event that does not follow its ticket's last one counts nothing, nor do
 * those behind it: a damaged log is told (`refused`), never guessed. */
#ifndef KIT_TALLY_H
#define KIT_TALLY_H

#include "common/buffer.h"
#include "common/db.h"
#include "core/figures.h"

struct tally;

struct tally_cell {
    uint32_t unit;  /* 0: the whole district */
    int32_t period; /* yyyymmdd of the city, or yyyymm */
    uint32_t matter;
    uint8_t channel;
    struct figures figures;
};

/* months: cells of months beside those of days. tickets_max: how many tickets are remembered, about; then it forgets them all. */
struct tally *tally_new(bool months, size_t tickets_max);
void tally_free(struct tally **tally);
/* Forgets cells and tickets. */
void tally_reset(struct tally *tally);
/* Forgets the cells: they are stored. Also the place where too many tickets are forgotten. */
void tally_clear_cells(struct tally *tally);
/* More tickets are remembered than it was made for: time to store. */
bool tally_is_full(const struct tally *tally);

/* Columns an event is read from, in this order, and reading it; texts point into the result. False: it cannot be read. */
#define TALLY_EVENT_COLUMNS "ticket, version, at, type, cause, role, seq, body"
bool tally_event(const struct db_result *rows, int row, struct event *ret_event);

/* Whether the next event of this ticket can be counted. */
bool tally_knows(const struct tally *tally, int64_t ticket, uint32_t version);
/* An event that was counted before. */
void tally_learn(struct tally *tally, const struct event *event);
/* Counts. False: it does not follow. */
bool tally_take(struct tally *tally, const struct world *world, const struct event *event);
/* The same for one that could not be read. */
void tally_refuse(struct tally *tally, int64_t ticket);

size_t tally_count(const struct tally *tally);
/* Borrowed until the next tally_take. */
const struct tally_cell *tally_cell(const struct tally *tally, size_t i);
const struct tally_cell *tally_find(const struct tally *tally, uint32_t unit, int32_t period, uint32_t matter,
                                    uint8_t channel);
/* A JSON array with an object a cell, members named as the columns of `figure`; what is 0 is left out. Appended. */
void tally_write(const struct tally *tally, int shard, struct buffer *to);

#endif
