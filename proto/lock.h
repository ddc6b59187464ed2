/* proto/messages.lock holds every tag, message number and word that was ever given out, a line each; bytes in PostgreSQL and
 * peers of another version rely on them. This derives the file from the tables and says what breaks a promise. Only for
 * `make docs` and the test that guards it.
 *
 *   struct NAME TAG KIND FIELD MAX       KIND: u32, text, word:stage, struct:clock, list:u32, list:struct:change; MAX 0: no list
 *   message NUMBER NAME
 *   word SET VALUE TEXT
 * The first three words of a line (two for a message) are the promise's name, the rest the promise. What is no longer in the
 * tables stays in the file, below "# retired", so that its tag is never given out again. */
#ifndef PROTO_LOCK_H
#define PROTO_LOCK_H

#include <stdbool.h>
#include <stddef.h>

enum { LOCK_LINE_MAX = 160, LOCK_BYTES_MAX = 131072 };

/* The file that follows from the present one (old_len 0: there is none). False, with the sentence in ret_problem, when a tag,
 * number or word was given a new meaning, or a list was made shorter. must: cap is enough. */
bool lock_update(const char *old, size_t old_len, char *ret_text, size_t cap, size_t *ret_len,
                 char ret_problem[2 * LOCK_LINE_MAX]);

#endif
