/* See template.h. */
#include "services/kit/template.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"

static const struct {
    const char *code, *values;
    struct template_text texts[2]; /* by enum language */
} rows[] = {
#define TEMPLATE_ROW(NAME, code, values, zh_subject, zh_body, en_subject, en_body)                                     \
    {code, values, {{zh_subject, zh_body}, {en_subject, en_body}}},
    TEMPLATES(TEMPLATE_ROW)
#undef TEMPLATE_ROW
};

const char *template_code(enum template_name name) {
    return rows[name].code;
}

bool template_by_code(const char *code, enum template_name *ret_name) {
    for (int i = 0; i < TEMPLATE_COUNT; i++) {
        if (strcmp(rows[i].code, code) != 0) continue;
        *ret_name = (enum template_name)i;
        return true;
    }
    return false;
}

const char *template_values(enum template_name name) {
    return rows[name].values;
}

struct template_text template_built_in(enum template_name name, enum language language) {
    return rows[name].texts[language];
}

/* ---- a piece of a text: plain bytes, or a {name} ---- */

struct piece {
    const char *at;
    size_t len, whole; /* of the name or the bytes; with its braces */
    bool is_name;
};

/* False: a brace without its other. */
static bool next_piece(const char *text, struct piece *ret_piece) {
    size_t len = strcspn(text, "{}");
    if (len > 0) {
        *ret_piece = (struct piece){text, len, len, false};
        return true;
    }
    if (text[1] == text[0]) {
        *ret_piece = (struct piece){text, 1, 2, false};
        return true;
    }
    len = text[0] == '{' ? strcspn(text + 1, "{}") : 0;
    if (text[0] != '{' || text[1 + len] != '}') return false;
    *ret_piece = (struct piece){text + 1, len, len + 2, true};
    return true;
}

static bool is_among(const char *names, const char *name, size_t len) {
    for (const char *at = names; *at; at += strspn(at, " ")) {
        size_t one = strcspn(at, " ");
        if (one == len && memcmp(at, name, len) == 0) return true;
        at += one;
    }
    return false;
}

bool template_is_fit(enum template_name name, const char *text, bool lines_ok, struct sentence *ret_wrong) {
    static char zh[200], en[200];
    struct piece piece;
    *ret_wrong = (struct sentence){zh, en};
    if (!text_is_valid(text, strlen(text)) || text_has_control(text, strlen(text), lines_ok)) {
        *ret_wrong = (struct sentence){"不能有控制字符", "no control characters are taken"};
        return false;
    }
    for (const char *at = text; *at; at += piece.whole) {
        if (!next_piece(at, &piece)) {
            *ret_wrong = (struct sentence){"花括号不成对; 括号本身写作 {{ 或 }}",
                                           "a brace without its other; a brace itself is written {{ or }}"};
            return false;
        }
        if (!piece.is_name || is_among(rows[name].values, piece.at, piece.len)) continue;
        snprintf(zh, sizeof zh, "没有 {%.*s}; 可用: %s", (int)(piece.len < 40 ? piece.len : 0), piece.at,
                 rows[name].values);
        snprintf(en, sizeof en, "there is no {%.*s}; there are: %s", (int)(piece.len < 40 ? piece.len : 0), piece.at,
                 rows[name].values);
        return false;
    }
    return true;
}

const char *template_value(const struct template_value *values, int count, const char *name, size_t len) {
    for (int i = 0; i < count; i++)
        if (strlen(values[i].name) == len && memcmp(values[i].name, name, len) == 0) return values[i].value;
    return NULL;
}

void template_render(const char *text, const struct template_value *values, int count, struct buffer *out) {
    struct piece piece;
    for (const char *at = text; *at; at += piece.whole) {
        if (!next_piece(at, &piece)) return; /* refused when it was written down */
        if (!piece.is_name) {
            buffer_append(out, piece.at, piece.len);
            continue;
        }
        const char *value = template_value(values, count, piece.at, piece.len);
        if (value) buffer_append_text(out, value);
    }
}
