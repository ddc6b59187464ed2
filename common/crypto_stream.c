/* See crypto_stream.h. A sealed file is: format (1), header (24), then pieces of 64 KiB and 17 bytes, the last one shorter and marked
 * as the last. */
#include "common/crypto_stream.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

enum { FORMAT = 1, PIECE_BYTES = 64 * 1024, EXTRA_BYTES = crypto_secretstream_xchacha20poly1305_ABYTES };

struct pieces { /* one of each thread */
    uint8_t plain[PIECE_BYTES], sealed[PIECE_BYTES + EXTRA_BYTES];
};
static _Thread_local struct pieces pieces;

/* As much as there is, up to len. */
static enum err read_full(int fd, uint8_t *bytes, size_t len, size_t *ret_len) {
    size_t got = 0;
    while (got < len) {
        ssize_t n = read(fd, bytes + got, len - got);
        if (n == 0) break;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return err_from_errno(errno);
        got += (size_t)n;
    }
    *ret_len = got;
    return ERR_NONE;
}

static enum err write_full(int fd, const uint8_t *bytes, size_t len) {
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return err_from_errno(errno);
        bytes += n;
        len -= (size_t)n;
    }
    return ERR_NONE;
}

static enum err rewind_file(int fd) {
    return lseek(fd, 0, SEEK_SET) == 0 ? ERR_NONE : ERR_IO;
}

/* A full piece may be the last one: then an empty one follows, which says so. */
enum err crypto_stream_seal(const uint8_t key[32], const char *name, int from, int to, uint64_t *ret_length) {
    crypto_secretstream_xchacha20poly1305_state state;
    uint8_t head[1 + crypto_secretstream_xchacha20poly1305_HEADERBYTES] = {FORMAT};
    uint64_t length = sizeof head;
    crypto_secretstream_xchacha20poly1305_init_push(&state, head + 1, key);
    enum err err = rewind_file(from);
    if (err == ERR_NONE) err = write_full(to, head, sizeof head);
    for (bool last = false; err == ERR_NONE && !last;) {
        size_t got = 0;
        err = read_full(from, pieces.plain, PIECE_BYTES, &got);
        if (err != ERR_NONE) break;
        last = got < PIECE_BYTES;
        crypto_secretstream_xchacha20poly1305_push(&state, pieces.sealed, NULL, pieces.plain, got,
                                                   (const uint8_t *)name, strlen(name),
                                                   last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
        err = write_full(to, pieces.sealed, got + EXTRA_BYTES);
        length += got + EXTRA_BYTES;
    }
    sodium_memzero(&pieces, sizeof pieces);
    sodium_memzero(&state, sizeof state);
    if (err == ERR_NONE) *ret_length = length;
    return err;
}

static enum err open_piece(crypto_secretstream_xchacha20poly1305_state *state, const char *name, size_t got,
                           bool *ret_last, size_t *ret_length) {
    unsigned char tag;
    if (got < EXTRA_BYTES || crypto_secretstream_xchacha20poly1305_pull(state, pieces.plain, NULL, &tag, pieces.sealed,
                                                                        got, (const uint8_t *)name, strlen(name)) != 0)
        return ERR_INVALID;
    *ret_last = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    *ret_length = got - EXTRA_BYTES;
    return ERR_NONE;
}

enum err crypto_stream_open(const uint8_t key[32], const char *name, int from, int to, uint64_t *ret_length) {
    crypto_secretstream_xchacha20poly1305_state state;
    uint8_t head[1 + crypto_secretstream_xchacha20poly1305_HEADERBYTES];
    uint64_t length = 0;
    size_t got = 0;
    enum err err = rewind_file(from);
    if (err == ERR_NONE) err = read_full(from, head, sizeof head, &got);
    if (err == ERR_NONE && (got != sizeof head || head[0] != FORMAT ||
                            crypto_secretstream_xchacha20poly1305_init_pull(&state, head + 1, key) != 0))
        err = ERR_INVALID;
    for (bool last = false; err == ERR_NONE && !last;) {
        size_t plain = 0;
        err = read_full(from, pieces.sealed, sizeof pieces.sealed, &got);
        if (err == ERR_NONE) err = open_piece(&state, name, got, &last, &plain);
        if (err == ERR_NONE) err = write_full(to, pieces.plain, plain);
        length += plain;
    }
    uint8_t more;
    if (err == ERR_NONE) err = read_full(from, &more, 1, &got);
    if (err == ERR_NONE && got != 0) err = ERR_INVALID;
    sodium_memzero(&pieces, sizeof pieces);
    sodium_memzero(&state, sizeof state);
    if (err == ERR_NONE) *ret_length = length;
    return err;
}

enum err crypto_stream_sha256(int fd, uint8_t ret_hash[32], uint64_t *ret_length) {
    crypto_hash_sha256_state state;
    uint64_t length = 0;
    size_t got = 1;
    crypto_hash_sha256_init(&state);
    enum err err = rewind_file(fd);
    while (err == ERR_NONE && got > 0) {
        err = read_full(fd, pieces.plain, PIECE_BYTES, &got);
        if (err == ERR_NONE) crypto_hash_sha256_update(&state, pieces.plain, got);
        length += got;
    }
    if (err != ERR_NONE) return err;
    crypto_hash_sha256_final(&state, ret_hash);
    sodium_memzero(&pieces, sizeof pieces);
    *ret_length = length;
    return ERR_NONE;
}
