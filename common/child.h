/* A program run once, beside the loop: for work that must not be able to harm the service, such as reading a picture that somebody
 * sent. It gets descriptors and no names, an empty environment, and a time; what it prints is kept up to a limit. Not for
 * services (a supervisor runs those). */
#ifndef COMMON_CHILD_H
#define COMMON_CHILD_H

#include "common/err.h"

#include <stddef.h>
#include <stdint.h>

struct loop;
struct child;

enum { CHILD_FDS_MAX = 4, CHILD_OUTPUT_MAX = 4096 };

struct child_options {
    const char *program;    /* its path */
    int fds[CHILD_FDS_MAX]; /* become 3, 4, ... in it; they stay the caller's */
    int fd_count;
    int64_t timeout_ms; /* then it is killed */
};

struct child_end {
    enum err
        err; /* ERR_NONE: it ended by itself, with `code`. ERR_TIMEOUT: killed. ERR_CLOSED: a signal ended it (`signal`).
                     ERR_NOT_FOUND, ERR_IO: it could not be started */
    int code, signal;
    const char *output; /* what it printed, NUL behind it; good until the callback returns */
    size_t output_length;
};
typedef void child_done(void *context, const struct child_end *end);

/* done is called once, later. */
struct child *child_start(struct loop *loop, const struct child_options *options, child_done *done, void *context);
/* Kills it; done is not called. After done there is nothing to free. */
void child_free(struct child **child);

#endif
