/* A letter as a mail (RFC 5322, 2045, 2047): plain text in base64, so that no line of it can be taken for a head or for the end. The
 * Message-ID is constant, so a mail that comes twice is seen to be one. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "services/notification/people.h"

enum { LINE_BYTES = 57, WORD_BYTES = 42 }; /* 76 and 56 characters of base64 */

static void append_date(time_ms now, struct buffer *out) {
    char text[64];
    time_t seconds = (time_t)((now + CLOCK_LOCAL_OFFSET_MS) / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    snprintf(text, sizeof text, "Date: %.3s, %d %.3s %d %02d:%02d:%02d +0800\r\n", days + 3 * tm.tm_wday, tm.tm_mday,
             months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
    buffer_append_text(out, text);
}

static void append_base64(const char *bytes, size_t len, struct buffer *out) {
    char text[CRYPTO_BASE64_BYTES(LINE_BYTES)];
    crypto_to_base64(bytes, len, text);
    buffer_append_text(out, text);
}

/* Encoded words of whole characters; what would end the line is none of them. */
static void append_subject(const char *subject, struct buffer *out) {
    buffer_append_text(out, "Subject:");
    for (size_t len = strlen(subject), at = 0; at < len;) {
        size_t one = len - at < WORD_BYTES ? len - at : WORD_BYTES;
        while (at + one < len && ((uint8_t)subject[at + one] & 0xc0) == 0x80) one--;
        buffer_append_text(out, at ? "\r\n =?UTF-8?B?" : " =?UTF-8?B?");
        append_base64(subject + at, one, out);
        buffer_append_text(out, "?=");
        at += one;
    }
    buffer_append_text(out, "\r\n");
}

void letter_mail(const char *from, const char *to, const char *id, const struct letter_said *said, time_ms now,
                 struct buffer *out) {
    const char *domain = strchr(from, '@');
    append_date(now, out);
    buffer_format(out, "From: %s\r\nTo: %s\r\nMessage-ID: <%s%s>\r\n", from, to, id, domain ? domain : "@paidan");
    append_subject(said->subject, out);
    buffer_append_text(out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    for (size_t len = strlen(said->text), at = 0; at < len; at += LINE_BYTES) {
        append_base64(said->text + at, len - at < LINE_BYTES ? len - at : LINE_BYTES, out);
        buffer_append_text(out, "\r\n");
    }
}
