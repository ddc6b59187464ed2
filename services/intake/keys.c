/* See keys.h. One place a key, by its hash; a newer key takes the place of an older one. */
#include "services/intake/keys.h"

#include <stdlib.h>
#include <string.h>

#include "common/crypto.h"
#include "proto/limits.h"
#include "proto/must.h"

enum { PLACES = 1 << 16 };

struct keys {
    struct push_key places[PLACES];
};

struct keys *keys_new(void) {
    struct keys *keys = calloc(1, sizeof *keys);
    must(keys);
    return keys;
}

void keys_free(struct keys **keys) {
    free(*keys);
    *keys = NULL;
}

struct push_key push_key_of(int64_t user, const char *text, const void *body, size_t len) {
    struct push_key key = {.given = text != NULL};
    uint8_t whole[sizeof user + KEY_BYTES_MAX], hash[CRYPTO_HASH_BYTES];
    if (!text) return key;
    size_t text_len = strlen(text);
    must(text_len <= KEY_BYTES_MAX);
    memcpy(whole, &user, sizeof user);
    memcpy(whole + sizeof user, text, text_len);
    crypto_digest(whole, sizeof user + text_len, hash);
    memcpy(key.key, hash, sizeof key.key);
    crypto_digest(body, len, hash);
    memcpy(key.body, hash, sizeof key.body);
    return key;
}

static size_t place_of(const struct push_key *key) {
    return (size_t)key->key[0] << 8 | key->key[1];
}

bool keys_conflict(const struct keys *keys, const struct push_key *key) {
    const struct push_key *kept = &keys->places[place_of(key)];
    return key->given && kept->given && !memcmp(kept->key, key->key, sizeof key->key) &&
           memcmp(kept->body, key->body, sizeof key->body) != 0;
}

void keys_keep(struct keys *keys, const struct push_key *key) {
    if (key->given) keys->places[place_of(key)] = *key;
}
