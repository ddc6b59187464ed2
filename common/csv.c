/* CSV in and out. */
#include "common/csv.h"

#include <stdio.h>
#include <string.h>

_Static_assert(CSV_FIELDS_MAX == 64 && CSV_FIELD_BYTES_MAX == 65536, "as the sentences say");

void csv_init(struct csv *csv, const char *bytes, size_t len) {
    *csv = (struct csv){.bytes = bytes, .len = len, .line = 1};
    if (len >= 3 && !memcmp(bytes, "\xEF\xBB\xBF", 3)) csv->at = 3;
}

void csv_done(struct csv *csv) {
    buffer_done(&csv->unquoted);
}

/* Says where, and makes sure that nothing more is read. */
static enum err complain(struct csv *csv, enum err err, size_t column, const char *zh, const char *en) {
    csv->wrong_column = column;
    snprintf(csv->zh, sizeof csv->zh, "%s", zh);
    snprintf(csv->en, sizeof csv->en, "%s", en);
    snprintf(csv->message, sizeof csv->message, "row %zu, column %zu: %s", csv->number, column, csv->en);
    csv->at = csv->len;
    return err;
}

static bool at_line_end(const struct csv *csv) {
    if (csv->at == csv->len || csv->bytes[csv->at] == '\n') return true;
    return csv->bytes[csv->at] == '\r' && csv->at + 1 < csv->len && csv->bytes[csv->at + 1] == '\n';
}

static void skip_line_end(struct csv *csv) {
    if (csv->at < csv->len && csv->bytes[csv->at] == '\r') csv->at++;
    if (csv->at < csv->len && csv->bytes[csv->at] == '\n') {
        csv->at++;
        csv->line++;
    }
}

/* From behind the opening quote to behind the closing one; doubled quotes become one. */
static enum err read_quoted(struct csv *csv, size_t column) {
    size_t start_line = csv->line;
    for (;;) {
        const char *from = csv->bytes + csv->at;
        const char *quote = memchr(from, '"', csv->len - csv->at);
        if (!quote) {
            char zh[80], en[80];
            snprintf(zh, sizeof zh, "文件第 %zu 行开始的引号没有结束", start_line);
            snprintf(en, sizeof en, "the quote opened in line %zu is never closed", start_line);
            return complain(csv, ERR_INVALID, column, zh, en);
        }
        size_t len = (size_t)(quote - from);
        for (size_t i = 0; i < len; i++) csv->line += from[i] == '\n';
        buffer_append(&csv->unquoted, from, len);
        csv->at += len + 1;
        if (csv->at == csv->len || csv->bytes[csv->at] != '"') return ERR_NONE;
        buffer_append_byte(&csv->unquoted, '"');
        csv->at++;
    }
}

static enum err read_plain(struct csv *csv, size_t column) {
    size_t start = csv->at;
    while (!at_line_end(csv) && csv->bytes[csv->at] != ',') {
        if (csv->bytes[csv->at] == '"')
            return complain(csv, ERR_INVALID, column,
                            "引号出现在未加引号的字段中间; 请把整个字段放进引号, 其中的引号写两个",
                            "a quote inside an unquoted field");
        csv->at++;
    }
    buffer_append(&csv->unquoted, csv->bytes + start, csv->at - start);
    return ERR_NONE;
}

static enum err read_field(struct csv *csv, size_t column, size_t *ret_len) {
    size_t start = csv->unquoted.length;
    bool is_quoted = csv->at < csv->len && csv->bytes[csv->at] == '"';
    if (is_quoted) csv->at++;
    enum err err = is_quoted ? read_quoted(csv, column) : read_plain(csv, column);
    if (err) return err;
    if (is_quoted && !at_line_end(csv) && csv->bytes[csv->at] != ',')
        return complain(csv, ERR_INVALID, column, "结束引号之后还有文字", "text after the closing quote");
    size_t len = csv->unquoted.length - start;
    if (len > CSV_FIELD_BYTES_MAX)
        return complain(csv, ERR_TOO_LARGE, column, "过长; 一个字段最多 65536 字节",
                        "too long: a field has 65536 bytes at most");
    if (!text_is_valid((const char *)csv->unquoted.data + start, len))
        return complain(csv, ERR_INVALID, column, "不是 UTF-8 编码; 请在表格软件中另存为“CSV UTF-8”",
                        "not valid UTF-8 (save the file as UTF-8)");
    *ret_len = len;
    return ERR_NONE;
}

enum err csv_next(struct csv *csv, struct csv_row *ret_row) {
    while (csv->at < csv->len && at_line_end(csv)) {
        skip_line_end(csv);
        csv->number++;
    }
    if (csv->at == csv->len) return ERR_CLOSED;
    csv->number++;
    ret_row->number = csv->number;
    ret_row->line = csv->line;
    ret_row->count = 0;
    buffer_clear(&csv->unquoted);
    buffer_text(&csv->unquoted); /* so that a row of empty fields points somewhere, too */
    for (;;) {
        if (ret_row->count == CSV_FIELDS_MAX)
            return complain(csv, ERR_TOO_LARGE, CSV_FIELDS_MAX + 1, "超过 64 列", "more than 64 columns");
        enum err err = read_field(csv, ret_row->count + 1, &ret_row->fields[ret_row->count].len);
        if (err) return err;
        ret_row->count++;
        if (at_line_end(csv)) break;
        csv->at++; /* the comma */
    }
    skip_line_end(csv);
    const char *at = (const char *)csv->unquoted.data; /* only now: it may have moved while it grew */
    for (size_t i = 0; i < ret_row->count; at += ret_row->fields[i].len, i++) ret_row->fields[i].at = at;
    return ERR_NONE;
}

size_t csv_column(const struct csv_row *header, const char *title) {
    size_t len = strlen(title);
    for (size_t i = 0; i < header->count; i++) {
        struct span field = text_trim(header->fields[i].at, header->fields[i].len);
        if (field.len == len && !memcmp(field.at, title, len)) return i;
    }
    return CSV_FIELDS_MAX;
}

/* ---- writing */

static bool is_plain_number(const char *bytes, size_t len) {
    size_t at = len > 0 && bytes[0] == '-', digits = 0, dots = 0;
    for (; at < len; at++) {
        if (bytes[at] == '.')
            dots++;
        else if (bytes[at] >= '0' && bytes[at] <= '9')
            digits++;
        else
            return false;
    }
    return digits > 0 && dots <= 1;
}

static bool looks_like_formula(const char *bytes, size_t len) {
    size_t at = 0;
    switch (text_next(bytes, len, &at)) {
    case '=':
    case '+':
    case '-':
    case '@':
    case '\t':
    case '\r':
    case 0xFF1D: /* full width = + - @ */
    case 0xFF0B:
    case 0xFF0D:
    case 0xFF20:
        return !is_plain_number(bytes, len);
    default:
        return false;
    }
}

void csv_write_field(struct buffer *out, const char *bytes, size_t len, bool first) {
    bool is_formula = looks_like_formula(bytes, len), must_quote = is_formula;
    for (size_t i = 0; i < len; i++)
        must_quote = must_quote || bytes[i] == '"' || bytes[i] == ',' || bytes[i] == '\n' || bytes[i] == '\r';
    if (len > 0 && (bytes[0] == ' ' || bytes[len - 1] == ' ')) must_quote = true;
    if (!first) buffer_append_byte(out, ',');
    if (must_quote) buffer_append_byte(out, '"');
    if (is_formula) buffer_append_byte(out, '\'');
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '"') buffer_append_byte(out, '"');
        buffer_append_byte(out, (uint8_t)bytes[i]);
    }
    if (must_quote) buffer_append_byte(out, '"');
}

void csv_write_end(struct buffer *out) {
    buffer_append_text(out, "\r\n");
}
