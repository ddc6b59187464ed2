/* Text in GB18030, the national coding that many city systems still send, read as UTF-8. GBK and GB2312 are parts of it. Over iconv.
 * Not for sending: what leaves is UTF-8. */
#ifndef COMMON_GB18030_H
#define COMMON_GB18030_H

#include <stdbool.h>

#include "common/buffer.h"

/* Whether a charset's name, as Content-Type gives it (quotes allowed, then the end, a blank or a semicolon), is one of the three. */
bool gb18030_is_name(const char *charset);

/* Appends the text as UTF-8. Bytes that are no GB18030 each become the byte FF, which is no UTF-8 either: whoever reads the text finds
 * the fault at its place, in its own line, with its own words. The size at most doubles. */
void gb18030_to_utf8(const void *bytes, size_t len, struct buffer *to);

#endif
