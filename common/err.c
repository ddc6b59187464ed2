/* Names of errors, for logs and tests. */
#include "common/err.h"

#include <errno.h>

static const char *const names[ERR_COUNT] = {
    [ERR_NONE] = "NONE",
    [ERR_AGAIN] = "AGAIN",
    [ERR_TIMEOUT] = "TIMEOUT",
    [ERR_CLOSED] = "CLOSED",
    [ERR_FULL] = "FULL",
    [ERR_INVALID] = "INVALID",
    [ERR_NOT_FOUND] = "NOT_FOUND",
    [ERR_EXISTS] = "EXISTS",
    [ERR_REFUSED] = "REFUSED",
    [ERR_TOO_LARGE] = "TOO_LARGE",
    [ERR_IO] = "IO",
    [ERR_MEMORY] = "MEMORY",
    [ERR_FENCED] = "FENCED",
    [ERR_UNKNOWN_OUTCOME] = "UNKNOWN_OUTCOME",
};

const char *err_name(enum err err) {
    return (unsigned)err < ERR_COUNT ? names[err] : "?";
}

enum err err_from_errno(int number) {
    switch (number) {
    case 0:
        return ERR_NONE;
    case EAGAIN:
    case EINTR:
        return ERR_AGAIN;
    case ETIMEDOUT:
        return ERR_TIMEOUT;
    case EPIPE:
    case ECONNRESET:
        return ERR_CLOSED;
    case ENOSPC:
    case EDQUOT:
        return ERR_FULL;
    case EINVAL:
    case ENAMETOOLONG:
    case ENOTDIR:
    case EISDIR:
        return ERR_INVALID;
    case ENOENT:
    case EHOSTUNREACH:
        return ERR_NOT_FOUND;
    case EEXIST:
    case EADDRINUSE:
        return ERR_EXISTS;
    case EACCES:
    case EPERM:
    case ECONNREFUSED:
        return ERR_REFUSED;
    case EFBIG:
    case EMSGSIZE:
        return ERR_TOO_LARGE;
    case ENOMEM:
        return ERR_MEMORY;
    default:
        return ERR_IO;
    }
}
