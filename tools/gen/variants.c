/* Written out when the project is built: which characters stand for the same simplified one, as a table for common/text_search.c. The
 * source is Unicode's own transliteration (ICU, "Traditional-Simplified"), taken a character at a time, so that the folding of a
 * whole is the folding of its parts; nothing of ICU is needed at run time. common/text_variants.def adds what people write and
 * Unicode keeps apart. Every character ends at one that stands for itself. Usage: variants > FILE. */
#include <stdint.h>
#include <stdio.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>

enum { POINTS = 0x10000, PAGE = 256 };
static uint16_t simplified[POINTS];

static void take(uint32_t traditional, uint32_t other) {
    simplified[traditional] = (uint16_t)other;
}

/* The end of the chain; of characters that name each other the smallest. */
static uint16_t settle(uint16_t from) {
    uint16_t at = from, least = from;
    for (int steps = 0; simplified[at] && steps < 8; steps++) {
        at = simplified[at];
        if (at < least) least = at;
        if (at == from) return least;
    }
    if (!simplified[at]) return at;
    for (int steps = 0; steps < 8; steps++) { /* a ring that `from` only leads to */
        at = simplified[at];
        if (steps == 0 || at < least) least = at;
    }
    return least;
}

static int read_icu(void) {
    UErrorCode error = U_ZERO_ERROR;
    UChar id[40];
    u_uastrcpy(id, "Traditional-Simplified");
    UTransliterator *icu = utrans_openU(id, -1, UTRANS_FORWARD, NULL, 0, NULL, &error);
    if (U_FAILURE(error)) {
        fprintf(stderr, "variants: ICU has no Traditional-Simplified: %s\n", u_errorName(error));
        return 1;
    }
    for (uint32_t point = 0x3400; point < 0xA000; point++) {
        UChar text[8] = {(UChar)point};
        int32_t len = 1, limit = 1;
        error = U_ZERO_ERROR;
        utrans_transUChars(icu, text, &len, 8, 0, &limit, &error);
        if (U_SUCCESS(error) && len == 1 && text[0] != point) take(point, text[0]);
    }
    utrans_close(icu);
    return 0;
}

int main(void) {
    static uint16_t settled[POINTS];
    static const struct {
        uint32_t traditional, simplified;
    } more[] = {
#define VARIANT(traditional_, simplified_) {traditional_, simplified_},
#include "common/text_variants.def"
    };
    if (read_icu()) return 1;
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) take(more[i].traditional, more[i].simplified);
    for (uint32_t point = 1; point < POINTS; point++)
        if (simplified[point]) settled[point] = settle((uint16_t)point);
    int pages = 0;
    uint8_t index[POINTS / PAGE] = {0};
    puts("/* Made by tools/gen/variants.c. Page 0 holds nothing; 0: the character stands for itself. */");
    puts("static const uint16_t variant_pages[][256] = {\n    {0},");
    for (uint32_t page = 0; page < POINTS / PAGE; page++) {
        int any = 0;
        for (uint32_t i = 0; i < PAGE; i++)
            any |= settled[page * PAGE + i] != 0 && settled[page * PAGE + i] != page * PAGE + i;
        if (!any) continue;
        index[page] = (uint8_t)++pages;
        printf("    {");
        for (uint32_t i = 0; i < PAGE; i++) {
            uint32_t point = page * PAGE + i;
            printf("%u%s", settled[point] == point ? 0u : settled[point], i + 1 < PAGE ? "," : "},\n");
        }
    }
    puts("};\nstatic const uint8_t variant_page[256] = {");
    for (uint32_t page = 0; page < POINTS / PAGE; page++) printf("%u%s", index[page], (page + 1) % 32 ? "," : ",\n");
    puts("};");
    return 0;
}
