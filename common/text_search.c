/* Normal forms, folding and search terms, over libutf8proc. */
#include "common/text.h"

#include "build/gen/variants.h" /* by tools/gen/variants.c */

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define WORD_BYTES_MAX 64 /* a longer word is searched by its beginning */

int32_t text_simplified(int32_t point) {
    if (point < 0 || point > 0xFFFF) return point;
    uint16_t other = variant_pages[variant_page[point >> 8]][point & 0xFF];
    return other ? other : point;
}

/* Code points in normal form, in the arena. */
static enum err normalize(struct arena *arena, const char *bytes, size_t len, utf8proc_option_t options,
                          int32_t **ret_points, size_t *ret_count) {
    if (!text_is_valid(bytes, len)) return ERR_INVALID;
    const utf8proc_uint8_t *in = (const utf8proc_uint8_t *)bytes;
    utf8proc_ssize_t count = utf8proc_decompose(in, (utf8proc_ssize_t)len, NULL, 0, options);
    if (count < 0) return ERR_INVALID;
    int32_t *points = arena_take(arena, (size_t)count * sizeof *points);
    if (!points) return ERR_MEMORY;
    if (count > 0) {
        count = utf8proc_decompose(in, (utf8proc_ssize_t)len, points, count, options);
        if (count > 0) count = utf8proc_normalize_utf32(points, count, options);
        if (count < 0) return ERR_INVALID;
    }
    *ret_points = points;
    *ret_count = (size_t)count;
    return ERR_NONE;
}

static enum err encode_all(struct arena *arena, const int32_t *points, size_t count, struct span *ret_text) {
    char *text = arena_take(arena, count * 4 + 1);
    if (!text) return ERR_MEMORY;
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        char piece[4];
        size_t piece_len = text_encode(points[i], piece);
        memcpy(text + len, piece, piece_len);
        len += piece_len;
    }
    text[len] = 0;
    *ret_text = (struct span){text, len};
    return ERR_NONE;
}

/* Whether valid text of only such characters is in NFC as it stands: they neither decompose nor compose with what follows
 * (Unicode: NFC_Quick_Check=Yes and combining class 0). Nearly all Chinese text is of them. */
static bool is_stable(int32_t point) {
    return point < 0x300 || (point >= 0x4E00 && point <= 0x9FFF) || (point >= 0x3000 && point <= 0x3029) ||
           (point >= 0xFF01 && point <= 0xFF65) || (point >= 0x2010 && point <= 0x2027) ||
           (point >= 0x3041 && point <= 0x3096) || (point >= 0x30A1 && point <= 0x30FA) ||
           (point >= 0x3400 && point <= 0x4DBF);
}

static bool is_nfc(const char *bytes, size_t len) {
    for (size_t at = 0; at < len;) {
        int32_t point = text_next(bytes, len, &at);
        if (point <= 0 || !is_stable(point)) return false; /* what is not valid is U+FFFD here */
    }
    return true;
}

enum err text_nfc(struct arena *arena, const char *bytes, size_t len, struct span *ret_text) {
    int32_t *points;
    size_t count;
    if (is_nfc(bytes, len)) {
        char *copy = arena_copy(arena, bytes, len);
        *ret_text = copy ? (struct span){copy, len} : *ret_text;
        return copy ? ERR_NONE : ERR_MEMORY;
    }
    enum err err = normalize(arena, bytes, len, UTF8PROC_STABLE | UTF8PROC_COMPOSE, &points, &count);
    return err ? err : encode_all(arena, points, count, ret_text);
}

static bool is_gap(int32_t point) {
    utf8proc_category_t category = utf8proc_category(point);
    return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP ||
           category == UTF8PROC_CATEGORY_CC;
}

/* Nearly all that people write here folds a character at a time: what is in these ranges neither decomposes nor composes, and
 * has a small letter or a half width of its own. -1: the text needs the whole of NFKC. */
static int32_t fold_plain(int32_t point) {
    if (point > 0xFF00 && point <= 0xFF5E) point -= 0xFEE0;
    if (point <= 0) return -1;
    if (point <= ' ' || point == 0x7F || point == 0x3000) return ' ';
    if (point < 0x7F) return point >= 'A' && point <= 'Z' ? point + 32 : point;
    bool plain = (point >= 0x4E00 && point <= 0x9FFF) || (point >= 0x3001 && point <= 0x3003) ||
                 (point >= 0x3005 && point <= 0x3029) || (point >= 0x2013 && point <= 0x2014) ||
                 (point >= 0x2018 && point <= 0x201D);
    return plain ? text_simplified(point) : -1;
}

/* False: not a plain text; *ret_err says whether memory was the reason. */
static bool fold_fast(struct arena *arena, const char *bytes, size_t len, struct span *ret_text, enum err *ret_err) {
    char *text = arena_take(arena, len + 4);
    size_t kept = 0;
    *ret_err = text ? ERR_NONE : ERR_MEMORY;
    for (size_t at = 0; text && at < len;) {
        int32_t point = fold_plain(text_next(bytes, len, &at)); /* what is not valid is U+FFFD, and not plain */
        if (point < 0) return false;
        if (point == ' ' && (kept == 0 || text[kept - 1] == ' ')) continue;
        kept += text_encode(point, text + kept); /* never longer than it was */
    }
    if (!text) return false;
    if (kept > 0 && text[kept - 1] == ' ') kept--;
    text[kept] = 0;
    *ret_text = (struct span){text, kept};
    return true;
}

static enum err fold_points(struct arena *arena, const char *bytes, size_t len, int32_t **ret_points,
                            size_t *ret_count) {
    int32_t *points;
    size_t count, kept = 0;
    utf8proc_option_t options =
        UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
    enum err err = normalize(arena, bytes, len, options, &points, &count);
    if (err) return err;
    for (size_t i = 0; i < count; i++) {
        int32_t point = is_gap(points[i]) ? ' ' : text_simplified(points[i]);
        if (point == ' ' && (kept == 0 || points[kept - 1] == ' ')) continue;
        points[kept++] = point;
    }
    if (kept > 0 && points[kept - 1] == ' ') kept--;
    *ret_points = points;
    *ret_count = kept;
    return ERR_NONE;
}

enum err text_fold(struct arena *arena, const char *bytes, size_t len, struct span *ret_text) {
    int32_t *points;
    size_t count;
    enum err err;
    if (fold_fast(arena, bytes, len, ret_text, &err)) return ERR_NONE;
    if (!err) err = fold_points(arena, bytes, len, &points, &count);
    return err ? err : encode_all(arena, points, count, ret_text);
}

/* ---- terms */

enum script { SCRIPT_NONE, SCRIPT_WORD, SCRIPT_PAIRS };

/* Scripts written without spaces are searched by pairs. */
static enum script script_of(int32_t point) {
    if ((point >= 0x3400 && point <= 0x4DBF) || (point >= 0x4E00 && point <= 0x9FFF) ||
        (point >= 0xF900 && point <= 0xFAFF) || (point >= 0x20000 && point <= 0x3FFFF) ||
        (point >= 0x3040 && point <= 0x30FF) || (point >= 0xAC00 && point <= 0xD7AF) || point == 0x3007)
        return SCRIPT_PAIRS;
    utf8proc_category_t category = utf8proc_category(point);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO ? SCRIPT_WORD : SCRIPT_NONE;
}

static int compare(const void *a_, const void *b_) {
    const struct span *a = a_, *b = b_;
    int order = memcmp(a->at, b->at, a->len < b->len ? a->len : b->len);
    return order ? order : (a->len > b->len) - (a->len < b->len);
}

static size_t distinct(struct span *terms, size_t count) {
    size_t kept = 0;
    qsort(terms, count, sizeof *terms, compare);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || compare(&terms[kept - 1], &terms[i])) terms[kept++] = terms[i];
    return kept;
}

/* The pieces of one run of a script; text is the run's own bytes. Returns how many. */
static size_t split_run(enum script script, const char *text, size_t len, struct span *ret_terms) {
    if (script == SCRIPT_WORD) {
        size_t cut = len;
        while (cut > WORD_BYTES_MAX || (cut < len && ((unsigned char)text[cut] & 0xC0) == 0x80)) cut--;
        ret_terms[0] = (struct span){text, cut};
        return 1;
    }
    size_t count = 0, first = 0, second = text_cut(text, len, 1);
    if (second == len) ret_terms[count++] = (struct span){text, len};
    while (second < len) {
        size_t end = second + text_cut(text + second, len - second, 1);
        ret_terms[count++] = (struct span){text + first, end - first};
        first = second;
        second = end;
    }
    return count;
}

enum err text_terms(struct arena *arena, const char *bytes, size_t len, size_t terms_max, struct span **ret_terms,
                    size_t *ret_count) {
    struct span folded;
    enum err err = text_fold(arena, bytes, len, &folded);
    if (err) return err;
    struct span *terms = arena_take(arena, (folded.len + 1) * sizeof *terms); /* never more terms than bytes */
    if (!terms) return ERR_MEMORY;
    size_t count = 0, run_start = 0, at = 0;
    enum script run = SCRIPT_NONE;
    for (size_t before = 0; at <= folded.len; before = at) {
        int32_t point = text_next(folded.at, folded.len, &at);
        enum script script = point < 0 ? SCRIPT_NONE : script_of(point);
        if (script != run) {
            if (run != SCRIPT_NONE) count += split_run(run, folded.at + run_start, before - run_start, terms + count);
            run = script;
            run_start = before;
        }
        if (point < 0) break;
    }
    count = distinct(terms, count);
    *ret_terms = terms;
    *ret_count = count < terms_max ? count : terms_max;
    return ERR_NONE;
}
