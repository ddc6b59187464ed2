/* Blocking work with the store, a few jobs at a time; and a file hashed, sealed and stored. See attachments.h. */
#include <stdio.h>
#include <unistd.h>

#include "common/crypto_stream.h"
#include "services/console/attachments_inner.h"

void attachment_store_key(const char *id, bool thumbnail, char ret_key[FILE_STORE_KEY_MAX]) {
    snprintf(ret_key, FILE_STORE_KEY_MAX, "%.2s/%.2s/%s%s", id, id + 2, id, thumbnail ? ".small" : "");
}

/* ---- jobs ----------------------------------------------------------------------------------------------------------------------- */

static void next(struct attachments *a);

static void run(void *context) {
    struct attachment_job *job = context;
    job->work(job);
}

static void on_ran(void *context) {
    struct attachment_job *job = context;
    struct attachments *a = job->attachments;
    a->jobs_now--;
    job->done(job->context);
    next(a);
}

static void next(struct attachments *a) {
    while (a->jobs_now < ATTACHMENT_JOBS_MAX && a->jobs.count > 0) {
        struct attachment_job *job = list_first(&a->jobs);
        if (loop_work(a->console->kit->loop, run, on_ran, job) != ERR_NONE) return; /* the tick tries again */
        list_remove(job);
        a->jobs_now++;
    }
}

void attachment_jobs_tick(struct attachments *a) {
    next(a);
}

bool attachment_job_start(struct attachments *a, struct attachment_job *job) {
    if (a->jobs.count >= ATTACHMENT_JOBS_WAITING_MAX) return false;
    job->attachments = a;
    list_push(&a->jobs, job);
    next(a);
    return true;
}

/* ---- keeping ---------------------------------------------------------------------------------------------------------------------- */

static enum err put_sealed(const struct attachments *a, const char *id, bool thumbnail, int plain) {
    char key[FILE_STORE_KEY_MAX];
    uint64_t length;
    int sealed = attachment_file_new(a);
    if (sealed < 0) return ERR_IO;
    attachment_store_key(id, thumbnail, key);
    enum err err = crypto_stream_seal(a->key, key, plain, sealed, &length);
    if (err == ERR_NONE) err = file_store_put(a->store, key, sealed, length);
    close(sealed);
    return err;
}

enum err attachment_keep(const struct attachments *a, struct attachment_file *file) {
    uint64_t length;
    enum err err = crypto_stream_sha256(file->in, file->received_sha256, &length);
    if (err == ERR_NONE) err = crypto_stream_sha256(file->out, file->sha256, &file->bytes);
    if (err == ERR_NONE) err = put_sealed(a, file->id, false, file->out);
    if (err == ERR_NONE && file->thumbnail) err = put_sealed(a, file->id, true, file->small);
    return err;
}

void attachment_file_close(struct attachment_file *file) {
    int *fds[] = {&file->in, &file->out, &file->small};
    for (int i = 0; i < 3; i++) {
        if (*fds[i] >= 0) close(*fds[i]);
        *fds[i] = -1;
    }
}
