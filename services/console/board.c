/* See board.h. */
#include "services/console/board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/must.h"

struct board {
    struct picture now;
    uint64_t sub; /* changes by time alone since `now.seq` */
    bool forgotten;
    char version[BOARD_VERSION_BYTES];
    uint32_t *changed, changed_count, changed_room;
};

bool board_is_version(const char *text) {
    size_t whole = strspn(text, "0123456789"), part = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    return whole > 0 && part >= 6 && text[whole + 1 + part] == 0 && strlen(text) < BOARD_VERSION_BYTES;
}

bool board_is_newer(const char *version, const char *than) {
    size_t a = strlen(version), b = strlen(than);
    return a != b ? a > b : strcmp(version, than) > 0;
}

void picture_clear(struct picture *picture, uint32_t unit_count) {
    struct board_row *rows = picture->rows;
    if (unit_count != picture->unit_count || !rows) {
        rows = realloc(rows, unit_count * sizeof *rows);
        must(rows);
    }
    memset(rows, 0, unit_count * sizeof *rows);
    *picture = (struct picture){.unit_count = unit_count, .rows = rows};
}

void picture_done(struct picture *picture) {
    free(picture->rows);
    *picture = (struct picture){0};
}

void picture_add(struct picture *picture, uint32_t unit, uint32_t state, const struct board_row *numbers) {
    if (unit == 0 || unit >= picture->unit_count || state == 0 || state >= STATE_COUNT || numbers->depth == 0) return;
    struct board_row *row = &picture->rows[unit];
    row->states[state] += numbers->depth;
    row->depth += numbers->depth;
    if (numbers->oldest && (!row->oldest || numbers->oldest < row->oldest)) row->oldest = numbers->oldest;
    row->yellow += numbers->yellow;
    row->red += numbers->red;
    row->breach_30 += numbers->breach_30;
    row->breach_60 += numbers->breach_60;
    row->breach_120 += numbers->breach_120;
}

/* ---- the board ----------------------------------------------------------------------------------------------------------------- */

struct board *board_new(void) {
    struct board *board = calloc(1, sizeof *board);
    must(board);
    snprintf(board->version, sizeof board->version, "0.000000");
    return board;
}

void board_free(struct board **board) {
    if (!*board) return;
    picture_done(&(*board)->now);
    free((*board)->changed);
    free(*board);
    *board = NULL;
}

static void find_changes(struct board *board, const struct picture *fresh) {
    const struct picture *now = &board->now;
    uint32_t count = fresh->unit_count > now->unit_count ? fresh->unit_count : now->unit_count;
    static const struct board_row none;
    if (count > board->changed_room) {
        board->changed = realloc(board->changed, count * sizeof *board->changed);
        must(board->changed);
        board->changed_room = count;
    }
    board->changed_count = 0;
    for (uint32_t unit = 1; unit < count; unit++) {
        const struct board_row *a = unit < now->unit_count ? &now->rows[unit] : &none;
        const struct board_row *b = unit < fresh->unit_count ? &fresh->rows[unit] : &none;
        if (memcmp(a, b, sizeof *a)) board->changed[board->changed_count++] = unit;
    }
}

static void write_version(struct board *board) {
    snprintf(board->version, sizeof board->version, "%lld.%06llu", (long long)board->now.seq,
             (unsigned long long)board->sub);
}

enum board_news board_take(struct board *board, struct picture *picture) {
    bool first = !board->now.rows || board->forgotten;
    if (!first && picture->seq < board->now.seq) {
        board->changed_count = 0;
        return BOARD_OLDER;
    }
    find_changes(board, picture);
    bool totals_differ = memcmp(&picture->totals, &board->now.totals, sizeof picture->totals) != 0;
    bool same = !first && !board->changed_count && !totals_differ && picture->seq == board->now.seq &&
                picture->degraded == board->now.degraded;
    if (picture->seq != board->now.seq || first)
        board->sub = 0;
    else if (!same)
        board->sub++;
    board->forgotten = false;
    struct picture old = board->now;
    board->now = *picture;
    *picture = old;
    write_version(board);
    return same ? BOARD_SAME : BOARD_CHANGED;
}

void board_touch(struct board *board) {
    board->changed_count = 0;
    board->sub++;
    write_version(board);
}

void board_forget(struct board *board) {
    board->forgotten = true;
}

const struct picture *board_now(const struct board *board) {
    return &board->now;
}

const char *board_version(const struct board *board) {
    return board->version;
}

const uint32_t *board_changed(const struct board *board, uint32_t *ret_count) {
    *ret_count = board->changed_count;
    return board->changed;
}

/* ---- as JSON --------------------------------------------------------------------------------------------------------------------- */

void board_write_row(struct json_writer *w, const struct reference *reference, uint32_t unit,
                     const struct board_row *row) {
    const struct reference_unit *names = &reference->units[unit];
    const struct unit *u = &reference->world.units[unit];
    json_open(w);
    json_put_string(w, "unit", names->code);
    json_put_string(w, "kind", word_text(WORDS_unit_kind, u->kind));
    json_put_string(w, "parent", u->parent ? reference_unit_code(reference, u->parent) : NULL);
    json_put_open(w, "name");
    json_put_string(w, "zh", names->name_zh);
    json_put_string(w, "en", names->name_en);
    json_close(w);
    json_put_open(w, "states");
    for (int state = 1; state < STATE_COUNT; state++)
        if (row->states[state]) json_put_int(w, word_text(WORDS_state, state), row->states[state]);
    json_close(w);
    json_put_int(w, "depth", row->depth);
    json_put_time_or_null(w, "oldest", row->oldest);
    json_put_int(w, "yellow", row->yellow);
    json_put_int(w, "red", row->red);
    json_put_int(w, "breach_30", row->breach_30);
    json_put_int(w, "breach_60", row->breach_60);
    json_put_int(w, "breach_120", row->breach_120);
    json_close(w);
}

void board_write_totals(struct json_writer *w, const struct board_totals *totals) {
    json_put_open(w, "totals");
    json_put_int(w, "received", totals->received);
    json_put_int(w, "closed", totals->closed);
    json_put_int(w, "in_progress", totals->in_progress);
    json_put_int(w, "supervised", totals->supervised);
    json_close(w);
}

/* Units that are shown: all in force, and closed ones that still own something. */
static bool is_shown(const struct world *world, uint32_t unit, const struct board_row *row) {
    const struct unit *u = &world->units[unit];
    return u->kind && (!u->closed || row->depth);
}

void board_write(struct json_writer *w, const struct board *board, const struct reference *reference, uint32_t root,
                 const struct board_totals *totals) {
    const struct world *world = &reference->world;
    json_open(w);
    json_put_string(w, "version", board->version);
    json_put_time(w, "at", board->now.at);
    json_put_bool(w, "degraded", board->now.degraded);
    board_write_totals(w, totals);
    json_put_open_list(w, "units");
    for (uint32_t unit = 1; unit < world->unit_count && unit < board->now.unit_count; unit++)
        if (is_shown(world, unit, &board->now.rows[unit]) && (!root || world_in_subtree(world, root, unit)))
            board_write_row(w, reference, unit, &board->now.rows[unit]);
    json_close_list(w);
    json_close(w);
}
