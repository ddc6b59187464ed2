/* Accept-Language, as far as two languages need it: RFC 9110 12.4.2 and 12.5.4. */
#include "common/sentence.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* "0.8" as 800; anything malformed counts as not wanted. */
static int quality_parse(const char *at, size_t length) {
    if (length == 0 || length > 5 || (at[0] != '0' && at[0] != '1')) return 0;
    int value = (at[0] - '0') * 1000;
    if (length == 1) return value;
    if (at[1] != '.') return 0;
    int scale = 100;
    for (size_t i = 2; i < length; i++, scale /= 10) {
        if (!isdigit((unsigned char)at[i])) return 0;
        value += (at[i] - '0') * scale;
    }
    return value > 1000 ? 1000 : value;
}

static bool tag_is(const char *at, size_t length, const char *language) {
    size_t want = strlen(language);
    return length >= want && strncasecmp(at, language, want) == 0 && (length == want || at[want] == '-');
}

/* One element: "en-GB;q=0.8" without the white space around it. */
static void element_take(const char *at, size_t length, int *zh, int *en, int *any) {
    size_t tag_length = 0;
    while (tag_length < length && at[tag_length] != ';' && at[tag_length] != ' ') tag_length++;
    int quality = 1000;
    const char *q = memchr(at, ';', length);
    if (q != NULL) {
        const char *end = at + length;
        for (q++; q < end && (*q == ' ' || *q == '\t');) q++;
        quality = end - q > 2 && (q[0] == 'q' || q[0] == 'Q') && q[1] == '='
                      ? quality_parse(q + 2, (size_t)(end - q - 2))
                      : 0;
    }
    if (tag_length == 1 && at[0] == '*') {
        *any = quality;
    } else if (tag_is(at, tag_length, "zh")) {
        if (quality > *zh) *zh = quality;
    } else if (tag_is(at, tag_length, "en")) {
        if (quality > *en) *en = quality;
    }
}

enum language language_accepted(const char *accept_language) {
    int zh = -1, en = -1, any = -1;
    for (const char *at = accept_language; at != NULL && *at != '\0';) {
        size_t length = strcspn(at, ",");
        const char *next = at[length] == ',' ? at + length + 1 : at + length;
        while (length > 0 && (*at == ' ' || *at == '\t')) at++, length--;
        while (length > 0 && (at[length - 1] == ' ' || at[length - 1] == '\t')) length--;
        if (length > 0) element_take(at, length, &zh, &en, &any);
        at = next;
    }
    if (zh < 0) zh = any;
    if (en < 0) en = any;
    return en > 0 && en > zh ? LANGUAGE_EN : LANGUAGE_ZH;
}
