/* Where files are kept: one small interface over a folder (file_store_folder.c) or any S3-compatible store (file_store_s3.c). A key is one that
 * the caller made (letters, digits, / - .); content is bytes, whole or not there at all. Not for what the bytes mean; they are
 * sealed before they come here (common/crypto_stream.h). Every function BLOCKS and may be called from worker threads, several at once. */
#ifndef COMMON_FILE_STORE_H
#define COMMON_FILE_STORE_H

#include "common/err.h"

#include <stdint.h>

struct file_store;

enum { FILE_STORE_KEY_MAX = 160 };

/* The folder is made (0700) when it is not there. NULL: it cannot be written; ret_message says why, in one line. */
#define FILE_STORE_MESSAGE_BYTES 256
struct file_store *file_store_folder_new(const char *folder, char ret_message[FILE_STORE_MESSAGE_BYTES]);

struct file_store_s3_options {
    const char *url;    /* http(s)://host[:port]/bucket, addressed path style */
    const char *region; /* "us-east-1" for most that are not Amazon's */
    const char *key_id, *secret;
    int64_t timeout_ms; /* of one try; 0: 20,000 */
    int tries;          /* 0: 3, with pauses of 200 ms and twice that */
};
/* Texts are copied. NULL: not such a URL. Nothing is asked of the store yet. */
struct file_store *file_store_s3_new(const struct file_store_s3_options *options,
                                     char ret_message[FILE_STORE_MESSAGE_BYTES]);

void file_store_free(struct file_store **store); /* nothing may be under way */

/* The fd's bytes from its beginning, `length` of them. When it returns ERR_NONE they lie there for good; else nothing is seen of them. */
MUST_USE enum err file_store_put(struct file_store *store, const char *key, int fd, uint64_t length);
/* Writes the content to the fd at its present place. ERR_NOT_FOUND. */
MUST_USE enum err file_store_get(struct file_store *store, const char *key, int fd);
/* ERR_NONE also when it was not there. */
MUST_USE enum err file_store_remove(struct file_store *store, const char *key);

/* ---- for the implementations */

struct file_store_operations {
    void (*free)(struct file_store *store);
    enum err (*put)(struct file_store *store, const char *key, int fd, uint64_t length);
    enum err (*get)(struct file_store *store, const char *key, int fd);
    enum err (*remove)(struct file_store *store, const char *key);
};
struct file_store {
    const struct file_store_operations *operations;
};

#endif
