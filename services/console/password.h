/* Passwords made here: random, easy to read out, shown once. Hashing them takes a tenth of a second each, so it goes to the
 * thread pool. */
#ifndef CONSOLE_PASSWORD_H
#define CONSOLE_PASSWORD_H

#include "common/crypto.h"
#include "common/loop.h"

enum { PASSWORD_TEXT_BYTES = 24 };

/* 100 bits: "k7m2p-...". */
void password_make(char ret_text[PASSWORD_TEXT_BYTES]);

struct password_job {
    const char *password;
    char hash[CRYPTO_PASSWORD_HASH_BYTES]; /* "" until it is done, and when it failed */
};

/* Hashes all of them in the pool, then calls done(context). ERR_FULL: too busy, done is not called. The jobs are the caller's. */
MUST_USE enum err password_hash_all(struct loop *loop, struct password_job *jobs, uint32_t count,
                                    void (*done)(void *context), void *context);

#endif
