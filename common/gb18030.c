/* See gb18030.h. */
#include "common/gb18030.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <strings.h>

#include "proto/must.h"

enum { PIECE_BYTES = 4096 };

bool gb18030_is_name(const char *charset) {
    static const char *const names[] = {"gb18030", "gbk", "gb2312"};
    charset += *charset == '"';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = strlen(names[i]);
        if (strncasecmp(charset, names[i], len) == 0 && (charset[len] == '\0' || strchr("\" ;", charset[len])))
            return true;
    }
    return false;
}

void gb18030_to_utf8(const void *bytes, size_t len, struct buffer *to) {
    iconv_t conversion = iconv_open("UTF-8", "GB18030");
    must(conversion != (iconv_t)-1);
    char *in = (char *)bytes;
    while (len > 0) {
        char piece[PIECE_BYTES], *out = piece;
        size_t room = sizeof piece;
        size_t done = iconv(conversion, &in, &len, &out, &room);
        int wrong = done == (size_t)-1 ? errno : 0;
        buffer_append(to, piece, sizeof piece - room);
        if (wrong != EILSEQ && wrong != EINVAL) continue; /* converted, or the piece is full */
        buffer_append_byte(to, 0xFF);
        in++, len--;
        iconv(conversion, NULL, NULL, NULL, NULL);
    }
    iconv_close(conversion);
}
