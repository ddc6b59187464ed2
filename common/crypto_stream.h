/* Files sealed and opened piece by piece: XChaCha20-Poly1305 in libsodium's secretstream, bound to the file's name, so that a cut,
 * altered, reordered or exchanged file does not open. Memory is one piece. Both BLOCK on disk: loop_work. Not for short
 * fields (crypto_seal). */
#ifndef COMMON_CRYPTO_STREAM_H
#define COMMON_CRYPTO_STREAM_H

#include "common/crypto.h"

/* From the beginning of `from` to the present place of `to`; *ret_length: bytes written. The key is one of crypto_derive. */
MUST_USE enum err crypto_stream_seal(const uint8_t key[32], const char *name, int from, int to, uint64_t *ret_length);
/* *ret_length: bytes of plain text. ERR_INVALID: not whole, altered, of another name or key; then `to` holds something unusable. */
MUST_USE enum err crypto_stream_open(const uint8_t key[32], const char *name, int from, int to, uint64_t *ret_length);

/* SHA-256 of a file from its beginning; BLOCKS. */
MUST_USE enum err crypto_stream_sha256(int fd, uint8_t ret_hash[32], uint64_t *ret_length);

#endif
