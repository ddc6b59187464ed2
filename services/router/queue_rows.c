/* See queue_rows.h. */
#include "services/router/queue_rows.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/must.h"

enum { SECTION_ROWS = 400, QUEUE_TEXT = 24 }; /* Lua unpacks some thousands of words at most */

struct queue_row {
    uint64_t order; /* unit and state of the queue, and whether it enters: what leaves comes first */
    int64_t ticket, due, yellow, entered;
};

struct queue_rows {
    struct queue_row *rows;
    size_t count, size;
};

struct queue_rows *queue_rows_new(void) {
    struct queue_rows *rows = calloc(1, sizeof *rows);
    must(rows);
    return rows;
}

void queue_rows_free(struct queue_rows **rows) {
    if (!*rows) return;
    free((*rows)->rows);
    free(*rows);
    *rows = NULL;
}

static uint64_t order_of(bool enters, uint32_t owner, uint8_t state) {
    return (uint64_t)enters << 40 | (uint64_t)owner << 8 | state;
}

static struct queue_row *push(struct queue_rows *r, uint64_t order, int64_t ticket) {
    if (r->count == r->size) {
        r->size = r->size ? r->size * 2 : 1024;
        r->rows = realloc(r->rows, r->size * sizeof *r->rows);
        must(r->rows);
    }
    struct queue_row *row = &r->rows[r->count++];
    row->order = order;
    row->ticket = ticket;
    return row;
}

void queue_rows_add(struct queue_rows *r, const struct change *change, uint32_t was_owner, uint8_t was_state) {
    bool stays = change->open && was_owner == change->owner && was_state == change->state;
    if (was_owner && !stays) push(r, order_of(false, was_owner, was_state), change->ticket);
    if (!change->open) return;
    struct queue_row *row = push(r, order_of(true, change->owner, change->state), change->ticket);
    row->due = change->due;
    row->yellow = change->yellow;
    row->entered = change->entered_at;
}

static int by_order(const void *a, const void *b) {
    const struct queue_row *x = a, *y = b;
    if (x->order != y->order) return x->order < y->order ? -1 : 1;
    return x->ticket < y->ticket ? -1 : x->ticket > y->ticket;
}

static void put_section(struct cache_command *command, const struct queue_row *rows, size_t count) {
    bool enters = rows->order >> 40;
    char queue[QUEUE_TEXT];
    snprintf(queue, sizeof queue, "%u:%u", (unsigned)(rows->order >> 8 & UINT32_MAX), (unsigned)(rows->order & 255));
    cache_command_text(command, enters ? "+" : "-");
    cache_command_text(command, queue);
    cache_command_int(command, (int64_t)count);
    if (!enters) {
        for (size_t i = 0; i < count; i++) cache_command_int(command, rows[i].ticket);
        return;
    }
    for (size_t i = 0; i < count; i++)
        cache_command_int(command, rows[i].due), cache_command_int(command, rows[i].ticket);
    for (size_t i = 0; i < count; i++)
        cache_command_int(command, rows[i].yellow), cache_command_int(command, rows[i].ticket);
    for (size_t i = 0; i < count; i++)
        cache_command_int(command, rows[i].entered), cache_command_int(command, rows[i].ticket);
}

void queue_rows_put(struct queue_rows *r, struct cache_command *command) {
    if (r->count) qsort(r->rows, r->count, sizeof *r->rows, by_order);
    for (size_t from = 0, to; from < r->count; from = to) {
        for (to = from + 1; to < r->count && to - from < SECTION_ROWS && r->rows[to].order == r->rows[from].order;)
            to++;
        put_section(command, &r->rows[from], to - from);
    }
    r->count = 0;
}
