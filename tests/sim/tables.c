/* Tables as sorted arrays, results and parameters; see disk.h. */
#include <stdlib.h>
#include <string.h>

#include "proto/must.h"
#include "tests/sim/disk.h"

struct disk disk;

/* ---- tables --------------------------------------------------------------------------------------------------------- */

static bool is_less(const struct entry *entry, int64_t a, int64_t b) {
    return entry->a != a ? entry->a < a : entry->b < b;
}

static size_t place_of(const struct table *table, int64_t a, int64_t b) {
    size_t low = 0, high = table->count;
    if (high && is_less(&table->entries[high - 1], a, b)) return high; /* mostly rows are added at the end */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (is_less(&table->entries[middle], a, b))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void *table_get(const struct table *table, int64_t a, int64_t b) {
    size_t i = place_of(table, a, b);
    const struct entry *entry = &table->entries[i];
    return i < table->count && entry->a == a && entry->b == b ? entry->row : NULL;
}

size_t table_from(const struct table *table, int64_t a) {
    return place_of(table, a, INT64_MIN);
}

void *table_put(struct table *table, int64_t a, int64_t b, void *row) {
    size_t i = place_of(table, a, b);
    struct entry *entry = table->entries ? &table->entries[i] : NULL;
    if (i < table->count && entry->a == a && entry->b == b) {
        void *old = entry->row;
        entry->row = row;
        if (!row) memmove(entry, entry + 1, (--table->count - i) * sizeof *entry);
        return old;
    }
    if (!row) return NULL;
    if (table->count == table->size) {
        table->size = table->size ? table->size * 2 : 64;
        table->entries = realloc(table->entries, table->size * sizeof *table->entries);
        must(table->entries);
    }
    entry = &table->entries[i];
    memmove(entry + 1, entry, (table->count++ - i) * sizeof *entry);
    *entry = (struct entry){a, b, row};
    return NULL;
}

void table_clear(struct table *table) {
    for (size_t i = 0; i < table->count; i++) free(table->entries[i].row);
    free(table->entries);
    *table = (struct table){0};
}

void disk_done(void) {
    struct table *all[] = {&disk.requests, &disk.request_keys, &disk.links,        &disk.tickets,
                           &disk.events,   &disk.assignments,  &disk.command_keys, &disk.parked};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) table_clear(all[i]);
}

/* ---- parameters and results ------------------------------------------------------------------------------------------- */

size_t bytes_add(struct blob *bytes, const void *from, size_t len) {
    if (bytes->len + len > bytes->size) {
        bytes->size = (bytes->len + len) * 2 + 64;
        bytes->data = realloc(bytes->data, bytes->size);
        must(bytes->data);
    }
    if (len) memcpy(bytes->data + bytes->len, from, len);
    bytes->len += len;
    return bytes->len - len;
}

void call_free(struct db_call *call) {
    for (int i = 0; i < call->parameter_count; i++) free(call->parameters[i].values);
    free(call->bytes.data);
    free(call);
}

struct db_result *result_new(void) {
    struct db_result *result = calloc(1, sizeof *result);
    must(result);
    return result;
}

void result_free(struct db_result *result) {
    if (!result) return;
    free(result->cells);
    free(result->bytes.data);
    free(result);
}
