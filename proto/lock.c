/* The present tables line by line, beside the lines of the old file. */
#include "proto/lock.h"

#include "proto/must.h"
#include "proto/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char title[] =
    "# Every tag, message number and word ever given out. Derived by `make docs`, which only adds; a test\n"
    "# fails when a line that stood here means something else. What each line says: proto/lock.h.\n";

struct sheet {
    char *at, *end;
};

static void add_line(struct sheet *sheet, const char *line, size_t len) {
    must((size_t)(sheet->end - sheet->at) > len + 1);
    memcpy(sheet->at, line, len);
    sheet->at += len;
    *sheet->at++ = '\n';
    *sheet->at = 0;
}

__attribute__((format(printf, 2, 3))) static void add(struct sheet *sheet, const char *form, ...) {
    char line[LOCK_LINE_MAX];
    va_list args;
    va_start(args, form);
    int len = vsnprintf(line, sizeof line, form, args);
    va_end(args);
    must(len > 0 && (size_t)len < sizeof line);
    add_line(sheet, line, (size_t)len);
}

static void add_type(struct sheet *sheet, const struct type_info *type) {
    for (const struct field_info *f = type->fields; f < type->fields + type->count; f++) {
        const char *of = f->kind == FIELD_word     ? word_set_name((enum word_set)f->word_set)
                         : f->kind == FIELD_struct ? f->type->name
                                                   : NULL;
        add(sheet, "struct %s %u %s%s%s%s %s %u", type->name, f->tag, f->max ? "list:" : "",
            table_kind_name((enum field_kind)f->kind), of ? ":" : "", of ? of : "", f->name, f->max);
    }
}

static void add_present(struct sheet *sheet) {
    size_t count;
    const struct type_info *const *structs = table_structs(&count);
    for (size_t i = 0; i < count; i++) add_type(sheet, structs[i]);
    const struct message_info *messages = table_messages(&count);
    for (size_t i = 0; i < count; i++) add_type(sheet, messages[i].type);
    for (size_t i = 0; i < count; i++) add(sheet, "message %d %s", messages[i].number, messages[i].name);
    for (int set = 0; set < WORD_SET_COUNT; set++) {
        const struct word *words = word_list((enum word_set)set, &count);
        for (size_t i = 0; i < count; i++)
            add(sheet, "word %s %d %s", word_set_name((enum word_set)set), words[i].value, words[i].text);
    }
}

/* ---- comparing ----------------------------------------------------------------------------------------------------- */

struct line {
    const char *at;
    size_t len, name_len; /* of the promise's name, with the space behind it */
};

/* The next line that is neither empty nor a comment. */
static bool next_line(const char **at, const char *end, struct line *ret) {
    while (*at < end) {
        const char *start = *at, *stop = memchr(start, '\n', (size_t)(end - start));
        if (!stop) stop = end;
        *at = stop < end ? stop + 1 : end;
        if (stop == start || *start == '#') continue;
        int words = strncmp(start, "message ", 8) == 0 ? 2 : 3;
        const char *name_end = start;
        for (; name_end < stop && words > 0; name_end++) words -= *name_end == ' ';
        *ret = (struct line){start, (size_t)(stop - start), (size_t)(name_end - start)};
        return true;
    }
    return false;
}

static bool find_line(const char *text, size_t len, const struct line *like, struct line *ret) {
    const char *at = text;
    while (next_line(&at, text + len, ret))
        if (ret->name_len == like->name_len && memcmp(ret->at, like->at, like->name_len) == 0) return true;
    return false;
}

/* The number behind the last space. */
static long last_number(const struct line *line, size_t *ret_before) {
    size_t i = line->len;
    while (i > 0 && line->at[i - 1] != ' ') i--;
    *ret_before = i;
    return atol(line->at + i);
}

/* The same, or a list that holds more than before. */
static bool keeps(const struct line *before, const struct line *now) {
    if (before->len == now->len && memcmp(before->at, now->at, now->len) == 0) return true;
    if (strncmp(now->at, "struct ", 7) != 0) return false;
    size_t a, b;
    long old_max = last_number(before, &a), new_max = last_number(now, &b);
    return a == b && memcmp(before->at, now->at, a) == 0 && old_max > 0 && new_max > old_max;
}

static void add_retired(struct sheet *sheet, const char *old, size_t old_len, const char *present, size_t present_len) {
    const char *at = old;
    struct line was, now;
    bool first = true;
    while (next_line(&at, old + old_len, &was)) {
        if (find_line(present, present_len, &was, &now)) continue;
        if (first) add(sheet, "# retired");
        first = false;
        add_line(sheet, was.at, was.len);
    }
}

bool lock_update(const char *old, size_t old_len, char *ret_text, size_t cap, size_t *ret_len,
                 char ret_problem[2 * LOCK_LINE_MAX]) {
    struct sheet sheet = {ret_text, ret_text + cap};
    add_line(&sheet, title, strlen(title) - 1);
    add_present(&sheet);
    const char *at = ret_text;
    size_t present_len = (size_t)(sheet.at - ret_text);
    struct line now, was;
    while (next_line(&at, ret_text + present_len, &now)) {
        if (!find_line(old, old_len, &now, &was) || keeps(&was, &now)) continue;
        snprintf(ret_problem, 2 * LOCK_LINE_MAX, "\"%.*s\" was promised, and now it is \"%.*s\"",
                 (int)(was.len < 120 ? was.len : 120), was.at, (int)(now.len < 120 ? now.len : 120), now.at);
        return false;
    }
    add_retired(&sheet, old, old_len, ret_text, present_len);
    *ret_len = (size_t)(sheet.at - ret_text);
    return true;
}
