/* What a calendar or policy file would move if it were loaded (rule C21): every open ticket is recounted in a world that has the
 * file in it, by the very function the router's recount uses (core/ticket_recount.h). Read a page at a time, so that people who
 * wait for queues do not wait for this. Nothing is stored.
 *
 * POST /api/v1/calendars/preview, /api/v1/policies/preview: text/csv in; out by `format`
 *     json    a summary, by unit, and the first `limit` moves
 *     csv     every move, a row each
 *     events  text/event-stream: `progress` after each page, `moves` with that page's, at the end `summary` as json has it */
#ifndef CONSOLE_PREVIEW_H
#define CONSOLE_PREVIEW_H

#include "common/json_writer.h"
#include "core/ticket_recount.h"
#include "services/console/import.h"

/* Handlers. */
void preview_calendars(struct call *call); /* import_calendars.c */
void preview_policies(struct call *call);  /* import_policies.c */

/* Goes on where the file was checked without a fault; takes the import's plan over, and answers its call. */
void preview_begin(struct import *import);

/* ---- preview.c and preview_write.c */

enum { PREVIEW_PAGE = 1000 }; /* tickets read at a time */

enum preview_format { PREVIEW_JSON, PREVIEW_CSV, PREVIEW_EVENTS };

/* One clock of one ticket that would change. */
struct preview_move {
    int64_t ticket;
    struct clock from, to;
    uint32_t unit; /* whose clock; 0: the whole limit, which is the city's */
    uint8_t slot;  /* core/clock.h */
    uint8_t rungs_at_once,
        highest_at_once; /* how many rungs are reached as soon as it is loaded, and the highest of them */
};

struct preview_sums {
    int64_t tickets, deadlines, later, earlier, paused, rungs, restated;
    int64_t rungs_at_once, red_cards_at_once; /* what loading would set off at that moment */
    int64_t most_later_ms, most_earlier_ms;
    int64_t last_ticket; /* counted in tickets already */
};

struct preview {
    enum preview_format format;
    const char *kind;
    struct console *console;
    struct reference *reference; /* held; what is in force */
    struct world world;          /* with the file in it */
    struct arena arena;          /* the file's plan */
    struct call *call;           /* NULL: it watches `stream` */
    struct http_stream *stream;  /* NULL: nobody watches any more */
    struct db_group *group;
    time_ms at;
    int64_t last, open, done, limit;
    bool counted;               /* every open deadline is counted by the world in force already */
    struct preview_move *moves; /* of the page at hand */
    size_t move_count;
    struct buffer out; /* the moves so far, written already: CSV rows, or JSON objects with commas between */
    int64_t listed;    /* of json: how many are in out */
    struct preview_sums sums, *by_unit;
};

/* How much later, in ms; of a paused clock what is left; negative: earlier. */
int64_t preview_by_ms(const struct preview_move *move);
/* The page's moves, appended to out as its format has them; json no more than `limit` in all. */
void preview_write_moves(struct preview *preview);
/* Members of an object that is open. */
void preview_put_summary(struct json_writer *w, const struct preview *preview);
/* The title row. */
void preview_write_titles(struct buffer *out);

#endif
