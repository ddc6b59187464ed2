/* Hashes, signatures, passwords, tokens and text forms. Keys and personal fields are in crypto_keys.c. */
#include "common/crypto.h"

#include "proto/must.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum err crypto_open(void) {
    return sodium_init() < 0 ? ERR_IO : ERR_NONE;
}

void crypto_random(void *ret_bytes, size_t len) {
    randombytes_buf(ret_bytes, len);
}

bool crypto_equal(const void *a, const void *b, size_t len) {
    return sodium_memcmp(a, b, len) == 0;
}

void crypto_forget(void *bytes, size_t len) {
    sodium_memzero(bytes, len);
}

/* ---- hashes */

void crypto_digest(const void *bytes, size_t len, uint8_t ret_hash[CRYPTO_HASH_BYTES]) {
    crypto_generichash(ret_hash, CRYPTO_HASH_BYTES, bytes, len, NULL, 0);
}

void crypto_digest_parts(const struct crypto_part *parts, size_t count, uint8_t ret_hash[CRYPTO_HASH_BYTES]) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, CRYPTO_HASH_BYTES);
    for (size_t i = 0; i < count; i++) crypto_generichash_update(&state, parts[i].at, parts[i].len);
    crypto_generichash_final(&state, ret_hash, CRYPTO_HASH_BYTES);
}

void crypto_sha256(const void *bytes, size_t len, uint8_t ret_hash[32]) {
    crypto_hash_sha256(ret_hash, bytes, len);
}

void crypto_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len, uint8_t ret_mac[32]) {
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, key_len);
    crypto_auth_hmacsha256_update(&state, bytes, len);
    crypto_auth_hmacsha256_final(&state, ret_mac);
}

/* ---- webhooks */

#define SECRET_PREFIX "whsec_"

void crypto_webhook_secret(char ret_secret[CRYPTO_WEBHOOK_SECRET_BYTES]) {
    uint8_t key[32];
    randombytes_buf(key, sizeof key);
    memcpy(ret_secret, SECRET_PREFIX, 6);
    sodium_bin2base64(ret_secret + 6, CRYPTO_WEBHOOK_SECRET_BYTES - 6, key, sizeof key, sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(key, sizeof key);
}

enum err crypto_webhook_sign(const char *secret, const char *id, int64_t seconds, const void *body, size_t len,
                             char ret_signature[CRYPTO_WEBHOOK_SIGNATURE_BYTES]) {
    uint8_t key[64], mac[32];
    size_t key_len;
    char stamp[32];
    if (strncmp(secret, SECRET_PREFIX, 6)) return ERR_INVALID;
    if (sodium_base642bin(key, sizeof key, secret + 6, strlen(secret + 6), NULL, &key_len, NULL,
                          sodium_base64_VARIANT_ORIGINAL) ||
        key_len < 24)
        return ERR_INVALID;
    int stamp_len = snprintf(stamp, sizeof stamp, ".%lld.", (long long)seconds);
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, key_len);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)id, strlen(id));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)stamp, (size_t)stamp_len);
    crypto_auth_hmacsha256_update(&state, body, len);
    crypto_auth_hmacsha256_final(&state, mac);
    memcpy(ret_signature, "v1,", 3);
    sodium_bin2base64(ret_signature + 3, CRYPTO_WEBHOOK_SIGNATURE_BYTES - 3, mac, sizeof mac,
                      sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(key, sizeof key);
    return ERR_NONE;
}

/* ---- passwords */

_Static_assert(CRYPTO_PASSWORD_HASH_BYTES >= crypto_pwhash_STRBYTES, "a hash fits");

enum err crypto_password_hash(const char *password, size_t len, char ret_hash[CRYPTO_PASSWORD_HASH_BYTES]) {
    if (len > CRYPTO_PASSWORD_MAX) return ERR_INVALID;
    char hash[CRYPTO_PASSWORD_HASH_BYTES];
    if (crypto_pwhash_str_alg(hash, password, len, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                              crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13))
        return ERR_MEMORY;
    memcpy(ret_hash, hash, sizeof hash);
    return ERR_NONE;
}

/* Of a password nobody has: what is compared with when there is no such user, so that both cases take the same time. */
static const char nobodys_hash[] =
    "$argon2id$v=19$m=65536,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

enum err crypto_password_verify(const char *hash, const char *password, size_t len) {
    bool is_somebody = hash != NULL;
    if (len > CRYPTO_PASSWORD_MAX) len = 0, is_somebody = false;
    bool is_right = crypto_pwhash_str_verify(is_somebody ? hash : nobodys_hash, password, len) == 0;
    return is_somebody && is_right ? ERR_NONE : ERR_REFUSED;
}

bool crypto_password_is_old(const char *hash) {
    return crypto_pwhash_str_needs_rehash(hash, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                          crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0;
}

/* ---- tokens */

void crypto_token_new(const char *prefix, char ret_token[CRYPTO_TOKEN_BYTES]) {
    size_t prefix_len = strlen(prefix);
    must(prefix_len > 0 && prefix_len <= 16 && strspn(prefix, "abcdefghijklmnopqrstuvwxyz0123456789") == prefix_len);
    uint8_t secret[32];
    randombytes_buf(secret, sizeof secret);
    memcpy(ret_token, prefix, prefix_len);
    ret_token[prefix_len] = '_';
    crypto_to_base64url(secret, sizeof secret, ret_token + prefix_len + 1);
    sodium_memzero(secret, sizeof secret);
}

void crypto_token_hash(const char *token, size_t len, uint8_t ret_hash[CRYPTO_HASH_BYTES]) {
    crypto_digest(token, len, ret_hash); /* 256 bits need no slow hash */
}

/* ---- text forms */

void crypto_to_hex(const void *bytes, size_t len, char *ret_text) {
    sodium_bin2hex(ret_text, len * 2 + 1, bytes, len);
}

enum err crypto_from_hex(const char *text, size_t text_len, void *ret_bytes, size_t len) {
    size_t got;
    if (text_len != len * 2 || sodium_hex2bin(ret_bytes, len, text, text_len, NULL, &got, NULL) || got != len)
        return ERR_INVALID;
    return ERR_NONE;
}

void crypto_to_base64(const void *bytes, size_t len, char *ret_text) {
    sodium_bin2base64(ret_text, sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL), bytes, len,
                      sodium_base64_VARIANT_ORIGINAL);
}

void crypto_to_base64url(const void *bytes, size_t len, char *ret_text) {
    sodium_bin2base64(ret_text, sodium_base64_encoded_len(len, sodium_base64_VARIANT_URLSAFE_NO_PADDING), bytes, len,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

enum err crypto_from_base64url(const char *text, size_t text_len, void *ret_bytes, size_t size, size_t *ret_len) {
    size_t len;
    if (sodium_base642bin(ret_bytes, size, text, text_len, NULL, &len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING))
        return ERR_INVALID;
    *ret_len = len;
    return ERR_NONE;
}
