/* How the world fails: the one error type of everything that does I/O.
 * Not for our own mistakes (must()) and not for what a user may not do (enum verdict of core).
 * A function that returns enum err is MUST_USE: handle it or pass it up; only a service logs it.
 * On failure the outputs (ret_...) are untouched unless the function says otherwise. */
#ifndef COMMON_ERR_H
#define COMMON_ERR_H

enum err {
    ERR_NONE = 0,
    ERR_AGAIN,           /* not yet; the same call may succeed later */
    ERR_TIMEOUT,         /* an own deadline passed; nothing is known to have happened */
    ERR_CLOSED,          /* the other side, or the end of input */
    ERR_FULL,            /* a bounded queue or buffer has no room: shed or wait */
    ERR_INVALID,         /* input breaks its format */
    ERR_NOT_FOUND,       /* no such thing, file, row or peer */
    ERR_EXISTS,          /* already there */
    ERR_REFUSED,         /* the other side, or a safety rule here, said no */
    ERR_TOO_LARGE,       /* over a limit of size */
    ERR_IO,              /* the operating system failed */
    ERR_MEMORY,          /* a memory limit was reached */
    ERR_FENCED,          /* another owner holds what we thought was ours: drop the state, start again */
    ERR_UNKNOWN_OUTCOME, /* it may or may not have happened: never answer 4xx, find out by state */
    ERR_COUNT
};

#define MUST_USE     __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

/* "TIMEOUT" for ERR_TIMEOUT; "?" for a number outside the enum. Static text. */
const char *err_name(enum err err);

/* The nearest err for an errno value; 0 gives ERR_NONE, an unlisted one ERR_IO. */
enum err err_from_errno(int number);

#endif
