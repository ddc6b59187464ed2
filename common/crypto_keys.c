/* The key file, and what is made with its keys: sealed fields, blind indexes, derived keys.
 * A file key is never used itself: each use has its own key derived from it, so that one use cannot weaken another. */
#include "common/crypto.h"

#include "common/file.h"
#include "proto/must.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEYS_MAX       16
#define KEY_BYTES      32
#define FILE_BYTES_MAX 4096
#define FORMAT         1 /* first byte of what is sealed */
#define NONCE_BYTES    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES      crypto_aead_xchacha20poly1305_ietf_ABYTES
#define PLACE_BYTES    160

_Static_assert(CRYPTO_SEAL_BYTES == 2 + NONCE_BYTES + TAG_BYTES, "the header's figure");

struct crypto_keys { /* in locked memory */
    size_t count;
    struct {
        uint8_t id;
        uint8_t seal[KEY_BYTES];
    } keys[KEYS_MAX];
    uint8_t first[KEY_BYTES]; /* for crypto_derive */
    uint8_t index[KEY_BYTES];
};

/* BLAKE2b keyed with the file key over the purpose. */
static void derive(const uint8_t key[KEY_BYTES], const char *purpose, uint8_t ret_key[KEY_BYTES]) {
    crypto_generichash(ret_key, KEY_BYTES, (const unsigned char *)purpose, strlen(purpose), key, KEY_BYTES);
}

PRINTF(3, 4) static enum err say(char *message, enum err err, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(message, CRYPTO_MESSAGE_BYTES, format, args);
    va_end(args);
    return err;
}

static enum err check_file(const char *path, char *message) {
    struct stat stat_;
    if (stat(path, &stat_))
        return say(message, err_from_errno(errno), "%s: %s; make one with: paidan key create FILE", path,
                   strerror(errno));
    if (stat_.st_mode & 077)
        return say(message, ERR_REFUSED, "%s: others may read it (mode %03o): chmod 600", path,
                   (unsigned)stat_.st_mode & 0777);
    if (stat_.st_uid != geteuid()) return say(message, ERR_REFUSED, "%s: belongs to another user", path);
    return ERR_NONE;
}

static bool add_key(struct crypto_keys *keys, const char *line) {
    unsigned id;
    char hex[KEY_BYTES * 2 + 1], rest[2];
    uint8_t key[KEY_BYTES];
    bool ok = keys->count < KEYS_MAX && sscanf(line, "%u %64[0-9a-fA-F] %1s", &id, hex, rest) == 2 && id >= 1 &&
              id <= 255 && !crypto_from_hex(hex, strlen(hex), key, KEY_BYTES);
    for (size_t i = 0; ok && i < keys->count; i++) ok = keys->keys[i].id != id;
    if (ok) {
        if (keys->count == 0) {
            derive(key, "paidan derive", keys->first);
            derive(key, "paidan index", keys->index);
        }
        keys->keys[keys->count].id = (uint8_t)id;
        derive(key, "paidan seal", keys->keys[keys->count++].seal);
    }
    sodium_memzero(key, sizeof key);
    sodium_memzero(hex, sizeof hex);
    return ok;
}

static enum err parse(char *text, struct crypto_keys *keys, const char *path, char *message) {
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        line += strspn(line, " \t\r");
        if (*line == 0 || *line == '#') continue;
        if (!add_key(keys, line))
            return say(message, ERR_INVALID,
                       "%s: key %zu is not ID HEX64 with an own ID from 1 to 255, or is one too many", path,
                       keys->count + 1);
    }
    return keys->count ? ERR_NONE : say(message, ERR_INVALID, "%s: holds no key", path);
}

enum err crypto_keys_load(const char *path, struct crypto_keys **ret_keys, char ret_message[CRYPTO_MESSAGE_BYTES]) {
    char *text = NULL;
    size_t len;
    enum err err = check_file(path, ret_message);
    if (err) return err;
    if ((err = file_read(path, FILE_BYTES_MAX, &text, &len)))
        return say(ret_message, err, "%s: cannot be read (%s)", path, err_name(err));
    struct crypto_keys *keys = sodium_malloc(sizeof *keys);
    must(keys != NULL);
    sodium_memzero(keys, sizeof *keys);
    err = parse(text, keys, path, ret_message);
    sodium_memzero(text, len);
    free(text);
    if (err)
        sodium_free(keys);
    else
        sodium_mprotect_readonly(*ret_keys = keys);
    return err;
}

void crypto_keys_free(struct crypto_keys **keys) {
    if (*keys) sodium_free(*keys);
    *keys = NULL;
}

enum err crypto_keys_create(const char *path) {
    uint8_t key[KEY_BYTES];
    char hex[KEY_BYTES * 2 + 1], text[KEY_BYTES * 2 + 16];
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return err_from_errno(errno);
    randombytes_buf(key, sizeof key);
    crypto_to_hex(key, sizeof key, hex);
    int len = snprintf(text, sizeof text, "1 %s\n", hex);
    bool ok = write(fd, text, (size_t)len) == len && fsync(fd) == 0;
    if (close(fd)) ok = false;
    if (!ok) unlink(path);
    sodium_memzero(key, sizeof key);
    sodium_memzero(hex, sizeof hex);
    sodium_memzero(text, sizeof text);
    return ok ? ERR_NONE : ERR_IO;
}

/* ---- sealed fields */

/* What a sealed value is bound to: its header and "table\0column\0row". */
static size_t describe_place(const struct crypto_place *place, const uint8_t header[2],
                             uint8_t ret_bytes[PLACE_BYTES]) {
    size_t table = strlen(place->table) + 1, column = strlen(place->column) + 1;
    must(2 + table + column + 8 <= PLACE_BYTES);
    uint8_t *out = ret_bytes;
    memcpy(out, header, 2);
    memcpy(out + 2, place->table, table);
    memcpy(out + 2 + table, place->column, column);
    for (int i = 0; i < 8; i++) out[2 + table + column + (size_t)i] = (uint8_t)((uint64_t)place->row >> (56 - 8 * i));
    return 2 + table + column + 8;
}

/* Many at a time: asking the kernel costs as much as sealing. They are no secret; no process goes on after a fork. */
static void draw_nonce(uint8_t ret_nonce[NONCE_BYTES]) {
    static _Thread_local uint8_t drawn[64 * NONCE_BYTES];
    static _Thread_local size_t left;
    if (!left) randombytes_buf(drawn, left = sizeof drawn);
    left -= NONCE_BYTES;
    memcpy(ret_nonce, drawn + left, NONCE_BYTES);
}

void crypto_seal(const struct crypto_keys *keys, const struct crypto_place *place, const void *plain, size_t len,
                 uint8_t *ret_sealed) {
    uint8_t bound[PLACE_BYTES];
    ret_sealed[0] = FORMAT;
    ret_sealed[1] = keys->keys[keys->count - 1].id;
    size_t bound_len = describe_place(place, ret_sealed, bound);
    draw_nonce(ret_sealed + 2);
    unsigned long long put;
    crypto_aead_xchacha20poly1305_ietf_encrypt(ret_sealed + 2 + NONCE_BYTES, &put, plain, len, bound, bound_len, NULL,
                                               ret_sealed + 2, keys->keys[keys->count - 1].seal);
    must(put == len + TAG_BYTES);
}

enum err crypto_unseal(const struct crypto_keys *keys, const struct crypto_place *place, const void *sealed, size_t len,
                       char *ret_plain, size_t *ret_len) {
    const uint8_t *bytes = sealed, *key = NULL;
    if (len < CRYPTO_SEAL_BYTES || bytes[0] != FORMAT) return ERR_INVALID;
    for (size_t i = 0; i < keys->count; i++)
        if (keys->keys[i].id == bytes[1]) key = keys->keys[i].seal;
    if (!key) return ERR_NOT_FOUND;
    uint8_t bound[PLACE_BYTES];
    size_t bound_len = describe_place(place, bytes, bound);
    unsigned long long got;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)ret_plain, &got, NULL, bytes + 2 + NONCE_BYTES,
                                                   len - 2 - NONCE_BYTES, bound, bound_len, bytes + 2, key))
        return ERR_INVALID;
    ret_plain[got] = 0;
    *ret_len = (size_t)got;
    return ERR_NONE;
}

/* ---- blind index and derived keys */

void crypto_blind_index(const struct crypto_keys *keys, const char *purpose, const void *text, size_t len,
                        uint8_t ret_index[CRYPTO_INDEX_BYTES]) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, keys->index, KEY_BYTES, CRYPTO_INDEX_BYTES);
    crypto_generichash_update(&state, (const unsigned char *)purpose, strlen(purpose) + 1);
    crypto_generichash_update(&state, text, len);
    crypto_generichash_final(&state, ret_index, CRYPTO_INDEX_BYTES);
}

void crypto_derive(const struct crypto_keys *keys, const char *purpose, uint8_t ret_key[32]) {
    derive(keys->first, purpose, ret_key);
}
