/* Text is UTF-8, a pointer and a length, checked once at the door. Checking, normal forms, folding for search, masking.
 * Not for CSV (csv.h) nor for parsing numbers (number.h). Functions that make text take it from an arena, NUL-terminated. */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include "common/arena.h"
#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Some bytes of text, borrowed. (proto's struct text is the wire's; this is for everything else.) */
struct span {
    const char *at;
    size_t len;
};

/* UTF-8 without NUL, overlong forms, surrogates, noncharacters (U+FDD0.., U+xFFFE, U+xFFFF) and anything over U+10FFFF. What
 * passes is safe for PostgreSQL, JSON and cJSON. */
bool text_is_valid(const char *bytes, size_t len);

/* Whether there is a control character (C0, DEL, C1, U+2028/9, bidi overrides) other than, when lines_ok, \n \r \t. Valid text only. */
bool text_has_control(const char *bytes, size_t len, bool lines_ok);

/* Code points of valid text; the bytes of its first points_max code points. */
size_t text_length(const char *bytes, size_t len);
size_t text_cut(const char *bytes, size_t len, size_t points_max);

/* Without white space (also U+3000, U+00A0) at both ends: a part of the same bytes. */
struct span text_trim(const char *bytes, size_t len);

/* NFC, for what is stored. ERR_INVALID (not valid UTF-8), ERR_MEMORY. */
MUST_USE enum err text_nfc(struct arena *arena, const char *bytes, size_t len, struct span *ret_text);

/* For comparing and searching, never for showing: NFKC, small letters, full width to half width, traditional to simplified
 * characters, runs of white space to one space, none at the ends. ERR_INVALID, ERR_MEMORY. */
MUST_USE enum err text_fold(struct arena *arena, const char *bytes, size_t len, struct span *ret_text);

/* The simplified form of a traditional character, or the same code point. */
int32_t text_simplified(int32_t point);

/* Search terms, distinct, sorted by bytes: of each run of Chinese its pairs of neighbours (a run of one gives itself), of each run of other
 * letters and digits the word. The text is folded first. Both sides of a search use this: a row matches when it holds all
 * terms of the query. So a query of a single Chinese character finds only where it stands alone. At most terms_max (the rest is
 * dropped). ERR_INVALID, ERR_MEMORY. */
MUST_USE enum err text_terms(struct arena *arena, const char *bytes, size_t len, size_t terms_max,
                             struct span **ret_terms, size_t *ret_count);

/* Masking for screens; outputs are NUL-terminated, size TEXT_MASK_BYTES.
 *   phone     13812341234 -> 138****1234 (also +86); 7 to 10 digits: only the last two stay; shorter: nothing
 *   name      first character, then always two stars (so that the length is not told): 王**
 *   document  first three and last two stay: 210*************2X; shorter than 8: nothing */
#define TEXT_MASK_BYTES 48
void text_mask_phone(const char *bytes, size_t len, char ret_text[TEXT_MASK_BYTES]);
void text_mask_name(const char *bytes, size_t len, char ret_text[TEXT_MASK_BYTES]);
void text_mask_document(const char *bytes, size_t len, char ret_text[TEXT_MASK_BYTES]);

/* The inside of a JSON string (without the quotes): escapes quote, backslash, control characters, U+2028/9, and `<` (so that it may
 * stand in a page); an invalid byte becomes U+FFFD. Like snprintf: returns the full length without NUL, writes what fits in
 * whole escapes, always NUL-terminated when size > 0. */
size_t text_json_escape(const char *bytes, size_t len, char *ret_text, size_t size);

/* Next code point of valid text at *at (moves it), or -1 at the end. */
int32_t text_next(const char *bytes, size_t len, size_t *at);

/* Writes a code point; 1..4 bytes. */
size_t text_encode(int32_t point, char ret_bytes[4]);

#endif
