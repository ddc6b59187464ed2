/* The live queues of all units as one picture: numbers by unit, each owned by the unit itself, with the version they are of.
 * Pure but for memory: what was read is taken in, compared with what was there, and told as JSON. Who reads: board_reader.h.
 *
 * A version is the router's sequence and, behind a point, how often the numbers changed since by time alone:
 * "1234.000002". All have six digits behind the point, so the longer one, or else the greater text, is the newer. */
#ifndef CONSOLE_BOARD_H
#define CONSOLE_BOARD_H

#include "common/json_writer.h"
#include "services/console/board_reader.h"
#include "services/console/reach.h"
#include "services/kit/reference.h"

enum { BOARD_VERSION_BYTES = 40 };

bool board_is_version(const char *text);
bool board_is_newer(const char *version, const char *than);

struct board_row {
    uint32_t states[STATE_COUNT];
    uint32_t depth;
    time_ms oldest; /* when the one that stands longest entered; 0: none */
    uint32_t yellow, red, breach_30, breach_60, breach_120;
};

struct board_totals {
    int64_t received, closed, in_progress, supervised;
};

/* What one reading found. */
struct picture {
    int64_t seq; /* every event up to here is in it */
    time_ms at;
    bool degraded; /* from PostgreSQL, as Redis is away or behind */
    struct board_totals totals;
    uint32_t unit_count; /* highest id + 1 */
    struct board_row *rows;
};

void picture_clear(struct picture *picture, uint32_t unit_count); /* zeroes it, making room */
void picture_done(struct picture *picture);
/* Adds what stands in one state of a unit. Ignored when there is no such unit or state. */
void picture_add(struct picture *picture, uint32_t unit, uint32_t state, const struct board_row *numbers);

struct board;
struct board *board_new(void);
void board_free(struct board **board);

enum board_news { BOARD_SAME, BOARD_CHANGED, BOARD_OLDER };

/* Takes a picture in; its memory is exchanged for the board's old one. OLDER: it was not taken. Afterwards board_changed lists
 * the units whose numbers differ, until the next one. */
enum board_news board_take(struct board *board, struct picture *picture);
/* A new version of the same numbers. */
void board_touch(struct board *board);
/* Takes whatever comes next, also an older one: the log of this shard began anew. */
void board_forget(struct board *board);

const struct picture *board_now(const struct board *board); /* rows NULL: nothing was read yet */
const char *board_version(const struct board *board);
const uint32_t *board_changed(const struct board *board, uint32_t *ret_count);

/* One unit's row as an object. */
void board_write_row(struct json_writer *w, const struct reference *reference, uint32_t unit,
                     const struct board_row *row);
void board_write_totals(struct json_writer *w, const struct board_totals *totals);
/* The object of GET /queues: what `root` and all below it own (0: everything). */
void board_write(struct json_writer *w, const struct board *board, const struct reference *reference, uint32_t root,
                 const struct board_totals *totals);

#endif
