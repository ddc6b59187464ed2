/* Whether bytes are text as the wire takes it. Folding, masking and the like are common/text.h. */
#ifndef PROTO_UTF8_H
#define PROTO_UTF8_H

#include <stddef.h>

/* How many bytes from the front are UTF-8 without NUL: `len` when all are. Overlong forms, surrogates and anything over U+10FFFF
 * are not UTF-8 (RFC 3629). */
size_t utf8_span(const char *at, size_t len);

#endif
