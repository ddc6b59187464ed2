/* See sheet.h. */
#include "services/console/sheet.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/number.h"
#include "common/text.h"
#include "core/quiet.h"
#include "proto/must.h"

/* The column by its title where that is known, else by its number. */
static void note_form(struct sheet *sheet, bool titled) {
    struct import *in = sheet->in;
    const struct csv *csv = &sheet->csv;
    const char *title = "";
    for (int i = 0; titled && i < sheet->column_count; i++)
        if (sheet->places[i] + 1 == csv->wrong_column) title = sheet->columns[i];
    if (*title)
        import_fault(in, csv->number, title, import_printf(in, "%s", csv->zh), import_printf(in, "%s", csv->en));
    else
        import_fault(in, csv->number, "", import_printf(in, "第 %zu 列: %s", csv->wrong_column, csv->zh),
                     import_printf(in, "column %zu: %s", csv->wrong_column, csv->en));
}

/* What offices send instead of text. */
static bool is_something_else(struct import *in) {
    static const struct {
        const char *begins;
        size_t len;
        const char *zh, *en;
    } kinds[] = {
        {"PK\3\4", 4, "这是 Excel 工作簿 (xlsx); 请另存为“CSV UTF-8”",
         "this is a workbook (xlsx): save it as \"CSV UTF-8\""},
        {"\xD0\xCF\x11\xE0", 4, "这是 Excel 工作簿 (xls); 请另存为“CSV UTF-8”",
         "this is a workbook (xls): save it as \"CSV UTF-8\""},
        {"\xFF\xFE", 2, "文件是 UTF-16 编码; 请另存为“CSV UTF-8”", "the file is UTF-16: save it as \"CSV UTF-8\""},
        {"\xFE\xFF", 2, "文件是 UTF-16 编码; 请另存为“CSV UTF-8”", "the file is UTF-16: save it as \"CSV UTF-8\""}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (in->len < kinds[i].len || memcmp(in->bytes, kinds[i].begins, kinds[i].len) != 0) continue;
        import_fault(in, 0, "", kinds[i].zh, kinds[i].en);
        return true;
    }
    return false;
}

static bool find_columns(struct sheet *sheet, int required) {
    struct import *in = sheet->in;
    int before = in->fault_count;
    for (int i = 0; i < sheet->column_count; i++) {
        sheet->places[i] = csv_column(&sheet->row, sheet->columns[i]);
        if (i < required && sheet->places[i] == CSV_FIELDS_MAX)
            import_fault(in, 1, sheet->columns[i], "缺少这一列", "this column is missing");
    }
    for (size_t f = 0; f < sheet->row.count; f++) {
        bool known = false;
        for (int i = 0; i < sheet->column_count; i++) known |= sheet->places[i] == f;
        if (known) continue;
        const char *title = import_printf(
            in, "%.*s", (int)(sheet->row.fields[f].len < 40 ? sheet->row.fields[f].len : 40), sheet->row.fields[f].at);
        import_fault(in, 1, title, "不认识的列, 或列名重复", "an unknown column, or one named twice");
    }
    return in->fault_count == before;
}

bool sheet_open(struct sheet *sheet, struct import *in, const char *const *columns, int required) {
    *sheet = (struct sheet){.in = in, .columns = columns};
    while (columns[sheet->column_count]) sheet->column_count++;
    must(sheet->column_count <= SHEET_COLUMNS_MAX);
    csv_init(&sheet->csv, in->bytes, in->len);
    if (is_something_else(in)) return false;
    enum err err = csv_next(&sheet->csv, &sheet->row);
    if (err == ERR_NONE) return find_columns(sheet, required);
    if (err == ERR_CLOSED)
        import_fault(in, 0, "", "文件是空的", "the file is empty");
    else
        note_form(sheet, false);
    return false;
}

bool sheet_next(struct sheet *sheet) {
    size_t titles = sheet->row.count;
    enum err err = csv_next(&sheet->csv, &sheet->row);
    if (err == ERR_CLOSED) return false;
    if (err != ERR_NONE) {
        note_form(sheet, true);
        return false;
    }
    sheet->number = sheet->row.number;
    if (sheet->in->rows++ == IMPORT_ROWS_MAX) {
        import_fault(sheet->in, sheet->number, "", "行数过多", "too many rows");
        return false;
    }
    if (sheet->row.count != titles && sheet->row.number > 1) {
        size_t count = sheet->row.count;
        sheet->row.count = titles; /* stays what the next row is compared with */
        import_fault(sheet->in, sheet->number, "",
                     import_printf(sheet->in, "有 %zu 个字段, 标题行有 %zu 个", count, titles),
                     import_printf(sheet->in, "has %zu fields, the title row has %zu", count, titles));
        for (size_t f = count; f < titles; f++) sheet->row.fields[f] = (struct span){"", 0};
    }
    return true;
}

void sheet_close(struct sheet *sheet) {
    csv_done(&sheet->csv);
}

void sheet_fault(struct sheet *sheet, int column, const char *zh, const char *en) {
    const char *text = "";
    if (column >= 0 && sheet->places[column] < CSV_FIELDS_MAX) {
        const struct span *field = &sheet->row.fields[sheet->places[column]];
        size_t cut = text_cut(field->at, field->len, 40);
        text = import_printf(sheet->in, "%.*s", (int)cut, field->at);
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
    char zh_text[300], en_text[300];
    snprintf(zh_text, sizeof zh_text, zh, text); /* both texts are ours: at most one %s */
    snprintf(en_text, sizeof en_text, en, text);
#pragma GCC diagnostic pop
    import_fault(sheet->in, sheet->number, column < 0 ? "" : sheet->columns[column],
                 import_printf(sheet->in, "%s", zh_text), import_printf(sheet->in, "%s", en_text));
}

/* ---- fields --------------------------------------------------------------------------------------------------------------------------------- */

const char *sheet_text(struct sheet *sheet, int column) {
    size_t place = sheet->places[column];
    if (place >= sheet->row.count) return "";
    struct span text = text_trim(sheet->row.fields[place].at, sheet->row.fields[place].len);
    if (text_has_control(text.at, text.len, false)) {
        sheet_fault(sheet, column, "含有控制字符或换行", "holds control characters or a line break");
        return "";
    }
    bool guarded = text.len > 1 && text.at[0] == '\'' && strchr("=+-@", text.at[1]); /* as our own exports write them */
    char *copy = arena_copy(&sheet->in->arena, text.at + guarded, text.len - guarded);
    must(copy);
    return copy;
}

const char *sheet_needed(struct sheet *sheet, int column, size_t bytes_max) {
    const char *text = sheet_text(sheet, column);
    if (!*text) sheet_fault(sheet, column, "不能为空", "must not be empty");
    if (strlen(text) > bytes_max)
        import_fault(sheet->in, sheet->number, sheet->columns[column],
                     import_printf(sheet->in, "不得超过 %zu 字节", bytes_max),
                     import_printf(sheet->in, "must not exceed %zu bytes", bytes_max));
    return text;
}

int sheet_word(struct sheet *sheet, int column, enum word_set set, int fallback) {
    const char *text = sheet_text(sheet, column);
    int value = *text ? word_value(set, text, strlen(text)) : fallback;
    char words[300];
    if (value == 0 && *text)
        import_fault(
            sheet->in, sheet->number, sheet->columns[column],
            import_printf(sheet->in, "“%.60s” 不是允许的取值; 可用: %s", text, word_texts(set, words, sizeof words)),
            import_printf(sheet->in, "\"%.60s\" is not allowed here; it must be one of: %s", text,
                          word_texts(set, words, sizeof words)));
    else if (value == 0)
        sheet_fault(sheet, column, "不能为空", "must not be empty");
    return value;
}

bool sheet_yes(struct sheet *sheet, int column, bool fallback) {
    const char *text = sheet_text(sheet, column);
    if (!*text) return fallback;
    if (!strcmp(text, "yes")) return true;
    if (strcmp(text, "no")) sheet_fault(sheet, column, "“%s” 不是 yes 或 no", "\"%s\" is neither yes nor no");
    return false;
}

int64_t sheet_int(struct sheet *sheet, int column, int64_t min, int64_t max, int64_t fallback) {
    const char *text = sheet_text(sheet, column);
    int64_t value;
    if (!*text) return fallback;
    if (number_parse_int(text, strlen(text), &value) == ERR_NONE && value >= min && value <= max) return value;
    import_fault(sheet->in, sheet->number, sheet->columns[column],
                 import_printf(sheet->in, "须为 %lld 到 %lld 的整数", (long long)min, (long long)max),
                 import_printf(sheet->in, "must be an integer from %lld to %lld", (long long)min, (long long)max));
    return fallback;
}

const char *sheet_limit(struct sheet *sheet, int column) {
    const char *text = sheet_text(sheet, column);
    struct limit limit;
    bool is_limit = limit_parse(text, strlen(text), &limit);
    if (is_limit && (limit.unit == LIMIT_NONE || limit.amount > 0)) return text;
    if (is_limit) /* it would be over as it begins, with every rung at once */
        sheet_fault(sheet, column, "“%s” 过短: 时限至少一分钟 (1wm 或 1nm), 无时限写 -",
                    "\"%s\" is too short: a limit is at least one minute (1wm or 1nm); write - for none");
    else
        sheet_fault(sheet, column, "“%s” 不是时限, 应如 2wh、24nh、7wd 或 -",
                    "\"%s\" is no limit; write 2wh, 24nh, 7wd or -");
    return "";
}

const char *sheet_quiet(struct sheet *sheet, int column) {
    const char *text = sheet_text(sheet, column);
    struct quiet quiet;
    if (quiet_parse(text, strlen(text), &quiet)) return text;
    sheet_fault(sheet, column, "“%s” 不是免打扰时段, 应如 22:00-07:00 或 -",
                "\"%s\" are no quiet hours; write 22:00-07:00, or - for never");
    return "";
}

static bool read_number(const char *text, int digits, int *ret_number) {
    *ret_number = 0;
    for (int i = 0; i < digits; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        *ret_number = *ret_number * 10 + (text[i] - '0');
    }
    return true;
}

static bool read_moment(const char *text, bool until, time_ms *ret_at) {
    enum { MINUTE_MS = 60000, DAY_MS = 86400000 };
    int year, month, day, hour = 0, minute = 0;
    size_t len = strlen(text);
    if (len != 10 && len != 16) return false;
    if (!read_number(text, 4, &year) || text[4] != '-' || !read_number(text + 5, 2, &month) || text[7] != '-' ||
        !read_number(text + 8, 2, &day))
        return false;
    if (!clock_date_is_valid(year * 10000 + month * 100 + day)) return false;
    *ret_at = clock_date_start(year * 10000 + month * 100 + day);
    if (len == 10) {
        *ret_at += until ? DAY_MS : 0;
        return true;
    }
    if ((text[10] != ' ' && text[10] != 'T') || !read_number(text + 11, 2, &hour) || text[13] != ':' ||
        !read_number(text + 14, 2, &minute) || hour > 24 || minute > 59 || (hour == 24 && minute))
        return false;
    *ret_at += (time_ms)(hour * 60 + minute) * MINUTE_MS;
    return true;
}

time_ms sheet_moment(struct sheet *sheet, int column, bool until) {
    const char *text = sheet_text(sheet, column);
    time_ms at = 0;
    if (*text && !read_moment(text, until, &at))
        sheet_fault(sheet, column, "“%s” 不是日期或时间, 应如 2026-12-01 或 2026-12-01 08:30",
                    "\"%s\" is no date or time; write 2026-12-01 or 2026-12-01 08:30");
    return at;
}

uint32_t sheet_unit_of(struct sheet *sheet, int column, const char *code, size_t len) {
    uint32_t unit = reference_unit_by_code(sheet->in->reference, code, len);
    if (!unit)
        import_fault(sheet->in, sheet->number, sheet->columns[column],
                     import_printf(sheet->in, "没有单位 “%.*s”", (int)len, code),
                     import_printf(sheet->in, "there is no unit \"%.*s\"", (int)len, code));
    return unit;
}

uint32_t sheet_unit(struct sheet *sheet, int column) {
    const char *code = sheet_text(sheet, column);
    return *code ? sheet_unit_of(sheet, column, code, strlen(code)) : 0;
}

bool sheet_is_code(const char *text, size_t len) {
    return len >= 1 && len <= 16 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}
