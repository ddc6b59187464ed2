/* Sentences for people, written piece by piece into the caller's buffer. Always NUL-ended; when the room ends the text is
 * cut at a whole UTF-8 character and nothing follows. Not for machine formats. */
#ifndef CORE_SAY_H
#define CORE_SAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct say {
    char *text; /* borrowed */
    size_t size, length;
    bool full;
};

/* size >= 1 */
void say_init(struct say *say, char *text, size_t size);
void say_bytes(struct say *say, const char *text, size_t length);
void say_text(struct say *say, const char *text);
/* width: filled up with zeros from the left; 0 = as long as it is. */
void say_number(struct say *say, int64_t number, int width);

#endif
