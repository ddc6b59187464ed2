/* Whole small files, at start or in tools. Everything here blocks on disk: not for the loop of a running service. */
#ifndef COMMON_FILE_H
#define COMMON_FILE_H

#include "common/err.h"

#include <stddef.h>

/* The whole file plus a NUL that is not counted; free() it. ERR_NOT_FOUND, ERR_REFUSED, ERR_TOO_LARGE (over bytes_max), ERR_IO. */
MUST_USE enum err file_read(const char *path, size_t bytes_max, char **ret_bytes, size_t *ret_len);

/* Writes beside and renames, synced to disk, so that the file is the old or the new one, never half of it. mode such as 0600. */
MUST_USE enum err file_write(const char *path, const void *bytes, size_t len, int mode);

/* The same folder and those above it (mkdir -p); ones that are made get the mode. */
MUST_USE enum err file_make_folder(const char *path, int mode);

#endif
