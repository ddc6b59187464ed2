/* See table.h. */
#include "tools/paidan/table.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utf8proc.h>

#include "proto/must.h"

/* One character: its bytes, and its columns in *ret_width. */
static size_t character(const char *at, size_t *ret_width) {
    utf8proc_int32_t point;
    utf8proc_ssize_t bytes = utf8proc_iterate((const utf8proc_uint8_t *)at, -1, &point);
    if (bytes <= 0) {
        *ret_width = 1;
        return 1;
    }
    int width = utf8proc_charwidth(point);
    *ret_width = width > 0 ? (size_t)width : 0;
    return (size_t)bytes;
}

size_t table_width(const char *text) {
    size_t columns = 0, width;
    while (*text) {
        text += character(text, &width);
        columns += width;
    }
    return columns;
}

size_t table_cut(const char *text, size_t columns) {
    size_t used = 0, at = 0, width;
    while (text[at]) {
        size_t bytes = character(text + at, &width);
        if (used + width > columns) break;
        used += width;
        at += bytes;
    }
    return at;
}

void table_begin(struct table *table, const char *const *titles) {
    *table = (struct table){0};
    while (titles[table->columns]) table->columns++;
    must(table->columns <= TABLE_COLUMNS_MAX);
    for (size_t i = 0; titles[i]; i++) {
        bool is_number = titles[i][0] == '>';
        if (is_number) table->right |= 1u << i;
        table_cell(table, titles[i] + is_number);
    }
}

void table_cell(struct table *table, const char *text) {
    if (!text) text = "";
    buffer_append(&table->cells, text, strlen(text) + 1);
    table->cell_count++;
}

void table_int(struct table *table, long long number) {
    char text[24];
    snprintf(text, sizeof text, "%lld", number);
    table_cell(table, text);
}

static void pad(struct buffer *to, size_t columns) {
    while (columns-- > 0) buffer_append_byte(to, ' ');
}

static void write_cell(struct buffer *to, const char *text, size_t width, bool right, bool last) {
    size_t own = table_width(text), fill = width > own ? width - own : 0;
    if (right) pad(to, fill);
    buffer_append_text(to, text);
    if (!right && !last) pad(to, fill);
}

void table_write(const struct table *table, struct buffer *to) {
    size_t widths[TABLE_COLUMNS_MAX] = {0}, before = 0, n = table->columns;
    const char *cell = (const char *)table->cells.data;
    must(n > 0 && table->cell_count % n == 0);
    for (size_t i = 0; i < table->cell_count; i++, cell += strlen(cell) + 1) {
        size_t width = table_width(cell);
        if (width > widths[i % n]) widths[i % n] = width;
    }
    for (size_t i = 0; i + 1 < n; i++) before += widths[i] + 2;
    cell = (const char *)table->cells.data;
    for (size_t i = 0; i < table->cell_count; i++, cell += strlen(cell) + 1) {
        bool last = i % n == n - 1;
        bool is_cut = last && table->width_max > before + 8 && table_width(cell) > table->width_max - before;
        if (i % n) buffer_append_text(to, "  ");
        if (is_cut) {
            buffer_append(to, cell, table_cut(cell, table->width_max - before - 2));
            buffer_append_text(to, "…");
        } else {
            write_cell(to, cell, widths[i % n], table->right >> (i % n) & 1, last);
        }
        if (last) buffer_append_byte(to, '\n');
    }
}

void table_print(struct table *table) {
    struct winsize size;
    struct buffer text = {0};
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
        table->width_max = size.ws_col;
    table_write(table, &text);
    fwrite(text.data, 1, text.length, stdout);
    buffer_done(&text);
    table_done(table);
}

void table_done(struct table *table) {
    buffer_done(&table->cells);
    *table = (struct table){0};
}
