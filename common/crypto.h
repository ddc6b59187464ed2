/* All cryptography, over libsodium. Personal fields, blind index, hash chain, webhook signatures, passwords, tokens.
 * Nothing here logs or keeps plain text; keys lie in locked memory. Not for TLS (nginx, libcurl) nor CURVE (bus.h).
 * crypto_open must have succeeded before anything else. Functions marked BLOCKS belong into loop_work or the start. */
#ifndef COMMON_CRYPTO_H
#define COMMON_CRYPTO_H

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRYPTO_HASH_BYTES 32

/* Once per process. ERR_IO when the system gives no randomness. */
MUST_USE enum err crypto_open(void);

void crypto_random(void *ret_bytes, size_t len);

/* Same time whatever the content. */
bool crypto_equal(const void *a, const void *b, size_t len);

/* Overwrites in a way the compiler does not remove. */
void crypto_forget(void *bytes, size_t len);

/* ---- keys: a file outside the database, mode 0600 (or 0400), owned by who runs. A line a key: `ID HEX64`, ID 1..255, # comments.
 * The last line seals new fields; all lines open old ones; the first line makes the blind index (so it stays when keys are added). */
struct crypto_keys;
#define CRYPTO_MESSAGE_BYTES 256

/* BLOCKS on disk. ERR_REFUSED: others may read it. ERR_INVALID, ERR_NOT_FOUND. ret_message says what to do, in one line. */
MUST_USE enum err crypto_keys_load(const char *path, struct crypto_keys **ret_keys,
                                   char ret_message[CRYPTO_MESSAGE_BYTES]);
void crypto_keys_free(struct crypto_keys **keys);

/* BLOCKS. Makes a key file (0600) with one random key; ERR_EXISTS when there is one: a key is never overwritten. */
MUST_USE enum err crypto_keys_create(const char *path);

/* ---- personal fields: XChaCha20-Poly1305, bound to the place, so that a value copied to another row or column does not open.
 * sealed = format(1) key id(1) nonce(24) cipher text and tag(len + 16). */
#define CRYPTO_SEAL_BYTES 42 /* added to the length */

struct crypto_place {
    const char *table, *column;
    int64_t row;
};

/* ret_sealed has room for len + CRYPTO_SEAL_BYTES and is filled to that. */
void crypto_seal(const struct crypto_keys *keys, const struct crypto_place *place, const void *plain, size_t len,
                 uint8_t *ret_sealed);

/* ret_plain has room for len - CRYPTO_SEAL_BYTES (+ 1 for the NUL that is added). ERR_INVALID: cut, altered or from another place.
 * ERR_NOT_FOUND: its key is not in the file. */
MUST_USE enum err crypto_unseal(const struct crypto_keys *keys, const struct crypto_place *place, const void *sealed,
                                size_t len, char *ret_plain, size_t *ret_len);

/* Equal text gives equal bytes for one purpose ("phone"); without the key nothing can be tried out. Normalise before. */
#define CRYPTO_INDEX_BYTES 16
void crypto_blind_index(const struct crypto_keys *keys, const char *purpose, const void *text, size_t len,
                        uint8_t ret_index[CRYPTO_INDEX_BYTES]);

/* A key for another purpose ("session", "csrf", "cursor"), derived from the first key. */
void crypto_derive(const struct crypto_keys *keys, const char *purpose, uint8_t ret_key[32]);

/* ---- hashes: BLAKE2b-256, so that anybody can recompute them */

void crypto_digest(const void *bytes, size_t len, uint8_t ret_hash[CRYPTO_HASH_BYTES]);

/* Over the parts one behind the other; where one ends is not hashed. */
struct crypto_part {
    const void *at;
    size_t len;
};
void crypto_digest_parts(const struct crypto_part *parts, size_t count, uint8_t ret_hash[CRYPTO_HASH_BYTES]);
/* For what others must be able to recompute with the tools they have (reconciliation). */
void crypto_sha256(const void *bytes, size_t len, uint8_t ret_hash[32]);
void crypto_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len, uint8_t ret_mac[32]);

/* Standard Webhooks: "v1," and base64 of HMAC-SHA256(secret, "id.seconds.body"). The secret's text is "whsec_" and base64 of 24..64
 * bytes; ERR_INVALID otherwise. */
#define CRYPTO_WEBHOOK_SECRET_BYTES    64 /* text of a new one, with NUL */
#define CRYPTO_WEBHOOK_SIGNATURE_BYTES 48 /* with NUL */
void crypto_webhook_secret(char ret_secret[CRYPTO_WEBHOOK_SECRET_BYTES]);
MUST_USE enum err crypto_webhook_sign(const char *secret, const char *id, int64_t seconds, const void *body, size_t len,
                                      char ret_signature[CRYPTO_WEBHOOK_SIGNATURE_BYTES]);

/* ---- passwords: Argon2id, 64 MiB and 2 passes. Each call BLOCKS for about a tenth of a second and takes 64 MiB: loop_work. */
#define CRYPTO_PASSWORD_HASH_BYTES 128
#define CRYPTO_PASSWORD_MAX        256 /* bytes; longer is ERR_INVALID */
MUST_USE enum err crypto_password_hash(const char *password, size_t len, char ret_hash[CRYPTO_PASSWORD_HASH_BYTES]);

/* ERR_NONE or ERR_REFUSED. hash NULL (no such user): takes the same time and refuses. */
MUST_USE enum err crypto_password_verify(const char *hash, const char *password, size_t len);

/* Whether a stored hash was made with other settings and should be made anew at the next login. */
bool crypto_password_is_old(const char *hash);

/* ---- tokens: prefix, _, 43 characters of base64url (256 bits). The prefix (a-z 0-9, at most 16) tells what it is when found
 * somewhere: "pdapi", "pdsess". Shown once; only crypto_token_hash is stored. */
#define CRYPTO_TOKEN_BYTES 64 /* with NUL */
void crypto_token_new(const char *prefix, char ret_token[CRYPTO_TOKEN_BYTES]);
void crypto_token_hash(const char *token, size_t len, uint8_t ret_hash[CRYPTO_HASH_BYTES]);

/* ---- text forms. hex: 2 * len characters and NUL. from: ERR_INVALID unless exactly len bytes come out. */
void crypto_to_hex(const void *bytes, size_t len, char *ret_text);
MUST_USE enum err crypto_from_hex(const char *text, size_t text_len, void *ret_bytes, size_t len);
#define CRYPTO_BASE64_BYTES(len) (((len) + 2) / 3 * 4 + 1)
void crypto_to_base64(const void *bytes, size_t len, char *ret_text);    /* with padding; the same room */
void crypto_to_base64url(const void *bytes, size_t len, char *ret_text); /* no padding; room CRYPTO_BASE64_BYTES(len) */
MUST_USE enum err crypto_from_base64url(const char *text, size_t text_len, void *ret_bytes, size_t size,
                                        size_t *ret_len);

#endif
