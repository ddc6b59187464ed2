/* UTF-8 at the door: checking, counting, cutting, escaping. Normal forms and search are in text_search.c. */
#include "common/text.h"

#include <stdio.h>
#include <string.h>

/* One code point of anything: its bytes (0 at the end), or -1 when it is no UTF-8 (Unicode 15, table 3-7). */
static int decode(const unsigned char *at, size_t left, int32_t *ret_point) {
    if (left == 0) return 0;
    unsigned first = at[0];
    if (first < 0x80) {
        *ret_point = (int32_t)first;
        return 1;
    }
    int len = first >= 0xC2 && first <= 0xDF   ? 2
              : first >= 0xE0 && first <= 0xEF ? 3
              : first >= 0xF0 && first <= 0xF4 ? 4
                                               : -1;
    if (len < 0 || left < (size_t)len) return -1;
    /* the second byte's range rules out overlong forms, surrogates and what is over U+10FFFF */
    unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (at[1] < low || at[1] > high) return -1;
    int32_t point = (int32_t)(first & (0xFFu >> (len + 1)));
    for (int i = 1; i < len; i++) {
        if ((at[i] & 0xC0) != 0x80) return -1;
        point = point << 6 | (at[i] & 0x3F);
    }
    *ret_point = point;
    return len;
}

static bool is_noncharacter(int32_t point) {
    return (point & 0xFFFE) == 0xFFFE || (point >= 0xFDD0 && point <= 0xFDEF);
}

bool text_is_valid(const char *bytes, size_t len) {
    for (size_t at = 0; at < len;) {
        int32_t point;
        int step = decode((const unsigned char *)bytes + at, len - at, &point);
        if (step <= 0 || point == 0 || is_noncharacter(point)) return false;
        at += (size_t)step;
    }
    return true;
}

int32_t text_next(const char *bytes, size_t len, size_t *at) {
    int32_t point;
    if (*at >= len) return -1;
    int step = decode((const unsigned char *)bytes + *at, len - *at, &point);
    if (step <= 0) { /* not valid text: goes on byte by byte rather than for ever */
        (*at)++;
        return 0xFFFD;
    }
    *at += (size_t)step;
    return point;
}

size_t text_encode(int32_t point, char ret_bytes[4]) {
    unsigned char *out = (unsigned char *)ret_bytes;
    unsigned value = (unsigned)point;
    if (value < 0x80) {
        out[0] = (unsigned char)value;
        return 1;
    }
    size_t len = value < 0x800 ? 2 : value < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, value >>= 6) out[i] = (unsigned char)(0x80 | (value & 0x3F));
    out[0] = (unsigned char)((0xF00u >> len & 0xFF) | value);
    return len;
}

/* What changes the order or the lines in which people see text. */
static bool is_control(int32_t point) {
    return point < 0x20 || (point >= 0x7F && point <= 0x9F) || point == 0x2028 || point == 0x2029 || point == 0x061C ||
           point == 0x200E || point == 0x200F || (point >= 0x202A && point <= 0x202E) ||
           (point >= 0x2066 && point <= 0x2069) || point == 0xFEFF;
}

/* The first bytes of those over U+007F in is_control: no other character, Chinese ones first of all, need be decoded. */
static bool may_begin_control(unsigned char byte) {
    return byte < 0x20 || byte == 0x7F || byte == 0xC2 || byte == 0xD8 || byte == 0xE2 || byte == 0xEF;
}

bool text_has_control(const char *bytes, size_t len, bool lines_ok) {
    for (size_t at = 0; at < len;) {
        if (!may_begin_control((unsigned char)bytes[at])) {
            at++;
            continue;
        }
        int32_t point = text_next(bytes, len, &at);
        bool is_line_mark = point == '\n' || point == '\r' || point == '\t';
        if (is_control(point) && !(lines_ok && is_line_mark)) return true;
    }
    return false;
}

size_t text_length(const char *bytes, size_t len) {
    size_t count = 0;
    for (size_t i = 0; i < len; i++) count += ((unsigned char)bytes[i] & 0xC0) != 0x80;
    return count;
}

size_t text_cut(const char *bytes, size_t len, size_t points_max) {
    size_t at = 0;
    while (at < len && points_max-- > 0) text_next(bytes, len, &at);
    return at;
}

static bool is_space(int32_t point) {
    return point == ' ' || (point >= '\t' && point <= '\r') || point == 0x85 || point == 0xA0 || point == 0x1680 ||
           (point >= 0x2000 && point <= 0x200B) || point == 0x2028 || point == 0x2029 || point == 0x202F ||
           point == 0x205F || point == 0x3000 || point == 0xFEFF;
}

struct span text_trim(const char *bytes, size_t len) {
    size_t start = 0, next = 0;
    while (next < len && is_space(text_next(bytes, len, &next))) start = next;
    while (len > start) {
        size_t last = len - 1, after;
        while (last > start && ((unsigned char)bytes[last] & 0xC0) == 0x80) last--;
        after = last;
        if (!is_space(text_next(bytes, len, &after)) || after != len) break;
        len = last;
    }
    return (struct span){bytes + start, len - start};
}

/* What stands for a byte or code point inside a JSON string; 0: it stands for itself. */
static int escape_of(int32_t point, char out[8]) {
    switch (point) {
    case '"':
        return snprintf(out, 8, "\\\"");
    case '\\':
        return snprintf(out, 8, "\\\\");
    case '\n':
        return snprintf(out, 8, "\\n");
    case '\r':
        return snprintf(out, 8, "\\r");
    case '\t':
        return snprintf(out, 8, "\\t");
    }
    bool must_escape = point < 0x20 || point == 0x7F || point == '<' || point == 0x2028 || point == 0x2029;
    return must_escape ? snprintf(out, 8, "\\u%04x", (unsigned)point) : 0;
}

size_t text_json_escape(const char *bytes, size_t len, char *ret_text, size_t size) {
    size_t needed = 0, put = 0;
    bool is_full = size == 0;
    for (size_t at = 0; at < len;) {
        char piece[8];
        int32_t point;
        int step = decode((const unsigned char *)bytes + at, len - at, &point);
        if (step <= 0) {
            step = 1;
            point = 0xFFFD;
        }
        size_t piece_len = (size_t)escape_of(point, piece);
        if (piece_len == 0) piece_len = text_encode(point, piece);
        at += (size_t)step;
        needed += piece_len;
        if (is_full || put + piece_len >= size) {
            is_full = true;
            continue;
        }
        memcpy(ret_text + put, piece, piece_len);
        put += piece_len;
    }
    if (size > 0) ret_text[put] = 0;
    return needed;
}
