/* Where files are kept: one small interface over a folder (store_folder.c) or any S3-compatible store (store_s3.c). A key is one that
 * the caller made (letters, digits, / - .); content is bytes, whole or not there at all. Not for what the bytes mean; they are
 * sealed before they come here (common/crypto_stream.h). Every function BLOCKS and may be called from worker threads, several at once. */
#ifndef COMMON_STORE_H
#define COMMON_STORE_H

#include "common/err.h"

#include <stdint.h>

struct store;

enum { STORE_KEY_MAX = 160 };

/* The folder is made (0700) when it is not there. NULL: it cannot be written; ret_message says why, in one line. */
#define STORE_MESSAGE_BYTES 256
struct store *store_folder_new(const char *folder, char ret_message[STORE_MESSAGE_BYTES]);

struct store_s3_options {
    const char *url;    /* http(s)://host[:port]/bucket, addressed path style */
    const char *region; /* "us-east-1" for most that are not Amazon's */
    const char *key_id, *secret;
    int64_t timeout_ms; /* of one try; 0: 20,000 */
    int tries;          /* 0: 3, with pauses of 200 ms and twice that */
};
/* Texts are copied. NULL: not such a URL. Nothing is asked of the store yet. */
struct store *store_s3_new(const struct store_s3_options *options, char ret_message[STORE_MESSAGE_BYTES]);

void store_free(struct store **store); /* nothing may be under way */

/* The fd's bytes from its beginning, `length` of them. When it returns ERR_NONE they lie there for good; else nothing is seen of them. */
MUST_USE enum err store_put(struct store *store, const char *key, int fd, uint64_t length);
/* Writes the content to the fd at its present place. ERR_NOT_FOUND. */
MUST_USE enum err store_get(struct store *store, const char *key, int fd);
/* ERR_NONE also when it was not there. */
MUST_USE enum err store_remove(struct store *store, const char *key);

/* ---- for the implementations */

struct store_operations {
    void (*free)(struct store *store);
    enum err (*put)(struct store *store, const char *key, int fd, uint64_t length);
    enum err (*get)(struct store *store, const char *key, int fd);
    enum err (*remove)(struct store *store, const char *key);
};
struct store {
    const struct store_operations *operations;
};

#endif
