/* See password.h. */
#include "services/console/password.h"

#include <stdlib.h>
#include <string.h>

#include "proto/must.h"

enum { THREADS = 4, LETTERS = 20, GROUP = 5 };

void password_make(char ret_text[PASSWORD_TEXT_BYTES]) {
    static const char alphabet[33] = "abcdefghijkmnpqrstuvwxyz23456789"; /* none that look alike */
    uint8_t random[LETTERS];
    char *at = ret_text;
    crypto_random(random, sizeof random);
    for (int i = 0; i < LETTERS; i++) {
        if (i && i % GROUP == 0) *at++ = '-';
        *at++ = alphabet[random[i] % 32];
    }
    *at = 0;
    crypto_forget(random, sizeof random);
}

struct hashing {
    int left; /* slices under way */
    void (*done)(void *context);
    void *context;
};

struct slice {
    struct hashing *hashing;
    struct password_job *jobs;
    uint32_t first, count, step;
};

static void work(void *context) {
    struct slice *slice = context;
    for (uint32_t i = slice->first; i < slice->count; i += slice->step) {
        struct password_job *job = &slice->jobs[i];
        if (crypto_password_hash(job->password, strlen(job->password), job->hash) != ERR_NONE) job->hash[0] = 0;
    }
}

static void on_worked(void *context) {
    struct slice *slice = context;
    struct hashing *hashing = slice->hashing;
    free(slice);
    if (--hashing->left > 0) return;
    void (*done)(void *) = hashing->done;
    void *to = hashing->context;
    free(hashing);
    done(to);
}

enum err password_hash_all(struct loop *loop, struct password_job *jobs, uint32_t count, void (*done)(void *context),
                           void *context) {
    uint32_t slices = count < THREADS ? count : THREADS;
    if (count == 0) slices = 1; /* so that done is called later as ever */
    if (loop_work_count(loop) + (int)slices > LOOP_WORK_MAX) return ERR_FULL;
    struct hashing *hashing = malloc(sizeof *hashing);
    must(hashing);
    *hashing = (struct hashing){(int)slices, done, context};
    for (uint32_t i = 0; i < slices; i++) {
        struct slice *slice = malloc(sizeof *slice);
        must(slice);
        *slice = (struct slice){hashing, jobs, i, count, slices};
        must(loop_work(loop, work, on_worked, slice) == ERR_NONE);
    }
    return ERR_NONE;
}
