/* Idempotency-Key on pushes. What makes a push happen once is (source, external_id), stored for good; the header is looked at beside
 * it, so that a key sent again with another body is refused instead of accepted unexpectedly (rule L38). Kept in memory only, the last
 * ones that were accepted: a key older than that, or from before a restart, is as good as new. */
#ifndef INTAKE_KEYS_H
#define INTAKE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PUSH_KEY_HASH_BYTES = 16 };

struct push_key {
    bool given;
    uint8_t key[PUSH_KEY_HASH_BYTES], body[PUSH_KEY_HASH_BYTES];
};

struct keys;
struct keys *keys_new(void);
void keys_free(struct keys **keys);

/* Of whom (a token's number), the header's text (NULL: not given), the body. */
struct push_key push_key_of(int64_t user, const char *text, const void *body, size_t len);
/* Whether the key was accepted with another body. */
bool keys_conflict(const struct keys *keys, const struct push_key *key);
/* The push under this key was accepted. */
void keys_keep(struct keys *keys, const struct push_key *key);

#endif
