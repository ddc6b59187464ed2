/* UTF-8 by RFC 3629, section 4, with a short cut for runs of ASCII. */
#include "proto/utf8.h"

#include <stdint.h>
#include <string.h>

#define EACH_BYTE(byte) (0x0101010101010101ULL * (byte))

/* Eight bytes of ASCII, none of them NUL. */
static int plain(const uint8_t *at) {
    uint64_t eight;
    memcpy(&eight, at, sizeof eight);
    return ((eight | (eight - EACH_BYTE(1))) & EACH_BYTE(0x80)) == 0;
}

/* Bytes of the character at `at`, or 0. A first byte fixes how many follow, and narrows the range of the second. */
static size_t character(const uint8_t *at, size_t len) {
    uint8_t first = at[0], low = 0x80, high = 0xBF;
    if (first < 0x80) return first != 0;
    size_t size = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (size == 0 || size > len) return 0;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
    if (at[1] < low || at[1] > high) return 0;
    for (size_t i = 2; i < size; i++)
        if ((at[i] & 0xC0) != 0x80) return 0;
    return size;
}

size_t utf8_span(const char *at, size_t len) {
    const uint8_t *bytes = (const uint8_t *)at;
    size_t i = 0;
    while (i < len) {
        if (len - i >= 8 && plain(bytes + i)) {
            i += 8;
            continue;
        }
        size_t size = character(bytes + i, len - i);
        if (size == 0) break;
        i += size;
    }
    return i;
}
